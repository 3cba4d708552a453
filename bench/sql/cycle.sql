\set id ((:turn * :clients + :client_id) * 7919) % :users
\set turn :turn + 1
SELECT otp_issue('u' || :id) AS code \gset
SELECT otp_verify('u' || :id, :code) AS accepted \gset
\if :accepted
\else
SELECT 1 / 0;
\endif
