-- The request of a message, in files, for a client without database.
CREATE TEMPORARY TABLE request AS SELECT * FROM otp_claim('bench');
\o :directory/headers
SELECT pg_catalog.unnest(headers) FROM request;
\o :directory/body
SELECT convert_from(body, 'UTF8') FROM request;
\o
SELECT otp_delivered(message_id, lease) FROM request \g /dev/null
