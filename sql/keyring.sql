-- Data keys and the master key that wraps them.  The file of the master key is the server's; where
-- a certain key is wanted, the tests take it from a command.
-- Requirements: 20, 21, 37.

-- requirement 21: there is one key, which writes; challenges name the key that they are derived from.
SELECT otp_issue('keyring-1') IS NOT NULL AS issued;
SELECT id, state, master_id ~ '^[0-9a-f]{16}$' AS master_id, made_at <= now() AS made FROM otp_key;
SELECT key_id FROM otp_challenge WHERE user_id = 'keyring-1';
SELECT master_id = otp_master_key_init() AS same_master FROM otp_key;
SELECT what, failure(command)
  FROM (VALUES ('second writing key', $$INSERT INTO otp_key SELECT 2, state, made_at, master_id, wrapped FROM otp_key$$),
               ('same id', $$INSERT INTO otp_key SELECT id, 'reading', made_at, master_id, wrapped FROM otp_key$$),
               ('state', $$UPDATE otp_key SET state = 'spare'$$)) AS bad (what, command);

-- requirement 20: without the right master key nothing is issued or judged, and the error says which key
-- is wanted.  What a session has unwrapped, it keeps until the keys change (or a server that is told to
-- forget all caches forgets this one too).
SET debug_discard_caches = 0;
CREATE FUNCTION forget_keys() RETURNS void
LANGUAGE sql AS $$ UPDATE otp_key SET made_at = made_at $$;
-- The ids differ from one installation to the next.
CREATE FUNCTION key_failure(command text) RETURNS text
LANGUAGE sql AS $$ SELECT regexp_replace(failure(command, true), '"[0-9a-f]{16}"', '"(id)"', 'g') $$;
SELECT otp_issue('keyring-1')::text AS code \gset
SET otp.master_key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
SELECT otp_resend('keyring-1')::text = :'code' AS at_hand;
RESET debug_discard_caches;
SELECT forget_keys();
SELECT key_failure($$SELECT otp_issue('keyring-1')$$) AS wrong_key;
SELECT key_failure(format('SELECT otp_verify(%L, %L)', 'keyring-1', wrong(:'code'))) AS wrong_key;
SELECT key_failure(format('SELECT otp_verify(%L, %L)', 'keyring-1', :'code')) AS wrong_key;
SELECT key_failure($$SELECT otp_resend('keyring-1')$$) AS wrong_key;
SELECT command, key_failure($$SELECT otp_issue('keyring-1')$$)
  FROM (VALUES ('exit 3'), ('echo 0001'), ('echo Z00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
               ('echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00'),
               ('echo 000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f'), ('true')) AS c (command),
       LATERAL set_config('otp.master_key_command', command, false);
RESET otp.master_key_command;
SET otp.master_key_file = 'regress_otp_no_such_file';
SELECT key_failure($$SELECT otp_issue('keyring-1')$$) AS no_file;
SET otp.master_key_file = 'base';
SELECT key_failure($$SELECT otp_issue('keyring-1')$$) AS directory;
-- Whoever is no superuser is not told of files and commands.
CREATE ROLE regress_otp_app;
SELECT otp_grant('regress_otp_app', 'application');
SET ROLE regress_otp_app;
SELECT key_failure($$SELECT otp_issue('keyring-1')$$) AS application;
RESET ROLE;
RESET otp.master_key_file;
SELECT charged('keyring-1'), otp_verify('keyring-1', :'code');

-- A key by a command: white space behind it does not matter, nor the case; the id follows from the key.
SET otp.master_key_command = 'printf "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F \r\n\n"';
SELECT otp_master_key_init();
RESET otp.master_key_command;

-- requirement 20: a wrapped key that was changed, cut short or given another id does not open.
CREATE TEMP TABLE saved AS TABLE otp_key;
SELECT otp_issue('keyring-2')::text AS code \gset
BEGIN;
UPDATE otp_key SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20));
SELECT key_failure($$SELECT otp_issue('keyring-2')$$) AS changed;
ROLLBACK;
BEGIN;
UPDATE otp_key SET wrapped = substr(wrapped, 1, 20);
SELECT left(key_failure($$SELECT otp_issue('keyring-2')$$), 29) AS cut;
ROLLBACK;
BEGIN;
UPDATE otp_key SET id = 2;
SELECT key_failure($$SELECT otp_issue('keyring-2')$$) AS other_id;
ROLLBACK;
-- A code whose key is not there cannot be judged; the guess is not charged.
BEGIN;
UPDATE otp_challenge SET key_id = 7 WHERE user_id = 'keyring-2';
SELECT key_failure(format('SELECT otp_verify(%L, %L)', 'keyring-2', wrong(:'code'))) AS missing;
SELECT key_failure($$SELECT otp_resend('keyring-2')$$) AS missing;
ROLLBACK;
SELECT charged('keyring-2'), otp_verify('keyring-2', :'code') AS right;

-- The first key is made when it is wanted, for good: codes of others may be derived from it when the
-- transaction that wanted it is rolled back.  A key that something needs cannot be deleted.
SELECT failure('DELETE FROM otp_key') AS deleted, failure('TRUNCATE otp_key') AS truncated;
DELETE FROM otp_challenge;
DELETE FROM otp_key;
BEGIN;
SELECT otp_issue('keyring-3') IS NOT NULL AS issued;
ROLLBACK;
SELECT count(*) FROM otp_key;
DELETE FROM otp_key;
INSERT INTO otp_key TABLE saved;
-- In a transaction that has itself deleted the keys, nothing is made that its rollback turns into a
-- second row of the same key.
BEGIN;
DELETE FROM otp_key;
DO $$ BEGIN PERFORM failure('SELECT otp_issue(''keyring-3'')'); END $$;
ROLLBACK;
SELECT count(*) FROM otp_key;
DELETE FROM otp_key;
INSERT INTO otp_key TABLE saved;
SELECT otp_verify('keyring-3', otp_issue('keyring-3')::text);

DROP FUNCTION key_failure;
DROP FUNCTION forget_keys;
DROP OWNED BY regress_otp_app;
DROP ROLE regress_otp_app;
