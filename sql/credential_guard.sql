-- Credentials go with their channel, and are bound to its name.
-- Requirements: 20.

SELECT otp_channel_preset('webhook', name, 'Shop'), otp_channel_secret(name, 'signing', 'key')
  FROM (VALUES ('guard-1'), ('guard-2'), ('guard-3')) AS c (name);
SELECT failure($$UPDATE otp_channel SET name = 'guard-4' WHERE name = 'guard-1'$$, true);
UPDATE otp_channel SET name = name, comment = NULL WHERE name = 'guard-1';
SELECT otp_channel_secret('guard-1', 'signing', NULL);
UPDATE otp_channel SET name = 'guard-4' WHERE name = 'guard-1';
SELECT channel, name FROM otp_channel_secret WHERE channel LIKE 'guard-%' ORDER BY channel;

-- A channel that is made again by that name has not the credentials of before.
DELETE FROM otp_channel WHERE name = 'guard-2';
SELECT otp_channel_preset('webhook', 'guard-2', 'Shop');
SELECT channel, problem FROM otp_channel_status() WHERE channel LIKE 'guard-%' ORDER BY channel;
SELECT failure($$SELECT otp_channel_secret('guard-5', 'signing', 'key')$$);

-- With the transaction, also by TRUNCATE, and by a role that may delete channels alone.
BEGIN;
DELETE FROM otp_channel WHERE name LIKE 'guard-%';
ROLLBACK;
SELECT channel, name FROM otp_channel_secret WHERE channel LIKE 'guard-%' ORDER BY channel;
BEGIN;
TRUNCATE otp_channel CASCADE;
SELECT count(*) FROM otp_channel_secret;
ROLLBACK;
CREATE ROLE regress_otp_editor;
GRANT SELECT, DELETE ON otp_channel TO regress_otp_editor;
SET ROLE regress_otp_editor;
DELETE FROM otp_channel WHERE name LIKE 'guard-%';
RESET ROLE;
SELECT count(*) FROM otp_channel_secret WHERE channel LIKE 'guard-%';
DROP OWNED BY regress_otp_editor;
DROP ROLE regress_otp_editor;
