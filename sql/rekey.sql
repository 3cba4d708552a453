-- Data keys are exchanged: otp_rotate_key, otp_rekey, otp_keys, and what keeps a key that is in use.
-- Requirements: 20, 21.

DELETE FROM otp_challenge;
DELETE FROM otp_credential;
DELETE FROM otp_recovery;
DELETE FROM otp_budget WHERE user_id LIKE 'forgotten:%';
DELETE FROM otp_quota WHERE subject LIKE 'forgotten:%';
UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';
SELECT otp_issue('rekey-live')::text AS live \gset
SELECT key_id AS first FROM otp_challenge \gset
DELETE FROM otp_key WHERE id <> :first;
\set keys 'SELECT id - ' :first ' AS key, state, codes, credentials, recovery_sets, pseudonyms FROM otp_keys ORDER BY id;'
:keys

-- An authenticator that has spent counter 0, or the time step of five minutes ago.
CREATE FUNCTION secret_of(name text) RETURNS otp_secret LANGUAGE sql IMMUTABLE RETURN otp_secret(sha256(name::bytea));
CREATE FUNCTION enrol(name text, kind text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM otp_enroll(name, kind, secret => secret_of(name), window_size => 10);
  RETURN otp_confirm(name, CASE kind WHEN 'hotp' THEN hotp_at(secret_of(name), 0)
                                     ELSE totp_at(secret_of(name), clock_timestamp() - interval '5 minutes') END::text);
END $$;
CREATE FUNCTION hotp_code(name text, counter bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN hotp_at(secret_of(name), counter)::text;

-- Ten rows: six authenticators, two sets of recovery codes, a code that lives and one that has expired.
SELECT count(*) FROM generate_series(1, 5) AS n WHERE enrol('rekey-' || n, 'hotp');
SELECT enrol('rekey-totp', 'totp');
CREATE TEMP TABLE recovery AS SELECT 'rekey-1' AS name, otp_recovery_codes('rekey-1', 4)::text AS code;
INSERT INTO recovery SELECT 'rekey-2', otp_recovery_codes('rekey-2', 3)::text;
SELECT otp_verify(name, code) FROM recovery WHERE name = 'rekey-1' LIMIT 1;
SELECT otp_issue('rekey-expired') IS NOT NULL AS issued;
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'rekey-expired';
:keys
SELECT otp_rekey() AS left, otp_rekey(0) AS left;

-- A new data key: nothing is sealed for good under it before it is committed.
BEGIN;
SELECT otp_rotate_key() - :first AS key;
SELECT failure('SELECT otp_rekey()', true) LIKE '55000 data key % has not been committed yet | % | Commit otp_rotate_key() first.' AS refused;
SELECT failure('SELECT otp_rekey(0)') LIKE '55000 %' AS refused;
SAVEPOINT s;
SELECT otp_rotate_key() - :first AS key;
RELEASE s;
SELECT failure('SELECT otp_rekey()') LIKE '55000 %' AS refused;
SELECT otp_verify('rekey-new', otp_issue('rekey-new')::text) AS under_the_new_key;
SELECT otp_verify('rekey-5', hotp_code('rekey-5', 1)) AS under_the_old_key;
:keys
ROLLBACK;
SELECT otp_rekey() AS left;
:keys
SELECT otp_rotate_key() - :first AS key;
:keys

-- What it does not take.
SELECT failure('SELECT otp_rekey(-1)'), otp_rekey(NULL) IS NULL AS nothing;
BEGIN READ ONLY;
SELECT failure('SELECT otp_rekey()'), failure('SELECT otp_rotate_key()'), failure('SELECT otp_rewrap_master()');
COMMIT;
SELECT failure('SELECT otp_rewrap_master()', true);
:keys

-- In batches.  A row is changed where it stands: no other version, no transaction id; all but the two
-- columns is as it was.
CREATE TEMP TABLE before AS
  SELECT ctid AS place, xmin::text AS maker, to_jsonb(c) - 'sealed' - 'key_id' AS row, key_id, sealed FROM otp_credential AS c
  UNION ALL
  SELECT ctid, xmin::text, to_jsonb(r) - 'sealed' - 'key_id', key_id, sealed FROM otp_recovery AS r;
CREATE TEMP VIEW changes AS
  SELECT count(*) AS rows, count(*) FILTER (WHERE before.row = now.row) AS same,
         count(*) FILTER (WHERE before.key_id <> now.key_id) AS under_another_key,
         count(*) FILTER (WHERE before.sealed <> now.sealed) AS sealed_anew,
         count(*) FILTER (WHERE length(before.sealed) = length(now.sealed)) AS of_the_same_length
    FROM before JOIN (
      SELECT ctid AS place, xmin::text AS maker, to_jsonb(c) - 'sealed' - 'key_id' AS row, key_id, sealed FROM otp_credential AS c
      UNION ALL
      SELECT ctid, xmin::text, to_jsonb(r) - 'sealed' - 'key_id', key_id, sealed FROM otp_recovery AS r) AS now
    USING (place, maker, row);
SELECT otp_rekey(0) AS left;
SELECT * FROM changes;
BEGIN;
SELECT otp_rekey(2) AS left;
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_transaction_id;
COMMIT;
SELECT * FROM changes;
:keys

-- What is re-sealed stays so if the transaction is rolled back; what is deleted does not.
BEGIN;
SELECT otp_rekey(3) AS left;
ROLLBACK;
:keys
DO $$
BEGIN
  PERFORM otp_rekey(2);
  RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN
  NULL;
END $$;
:keys
BEGIN;
SELECT otp_rekey() AS left;
:keys
ROLLBACK;
:keys
SELECT * FROM changes;

-- A live code is left until it has expired, spent or not.
SELECT otp_rekey() AS left;
SELECT otp_resend('rekey-live')::text = :'live' AS resent, otp_verify('rekey-live', :'live') AS right;
SELECT otp_rekey() AS left;
SELECT (otp_attempt('rekey-live', :'live')).reason;
UPDATE otp_challenge SET expires_at = clock_timestamp();
SELECT otp_rekey() AS left;
:keys

-- Everything is as good as it was, once: counters, time steps, recovery codes.
SELECT user_id, (otp_attempt(user_id, hotp_code(user_id, 0))).reason AS used,
       (otp_attempt(user_id, hotp_code(user_id, 3))).reason AS ahead,
       (otp_attempt(user_id, hotp_code(user_id, 3))).reason AS again
  FROM unnest(ARRAY['rekey-1', 'rekey-2', 'rekey-3', 'rekey-4', 'rekey-5']) AS user_id;
SELECT otp_verify('rekey-totp', totp_at(secret_of('rekey-totp'), clock_timestamp())::text) AS right,
       otp_verify('rekey-totp', totp_at(secret_of('rekey-totp'), clock_timestamp() - interval '5 minutes')::text) AS used;
SELECT name, count(*) FILTER (WHERE reason = 'accepted') AS accepted, count(*) FILTER (WHERE reason = 'replayed') AS replayed
  FROM recovery, LATERAL otp_attempt(name, code) GROUP BY name ORDER BY name;
SELECT name, count(*) FILTER (WHERE (otp_attempt(name, code)).reason = 'replayed') AS replayed FROM recovery
  GROUP BY name ORDER BY name;

-- A secret opens in its own row alone, with the parameters that it was sealed with.
SELECT enrol('rekey-a', 'hotp'), enrol('rekey-b', 'hotp');
CREATE FUNCTION tampered(change text, name text DEFAULT 'rekey-a') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE change;
  result := failure(format('SELECT otp_verify(%L, %L)', name, hotp_code('rekey-a', 1)));
  RAISE EXCEPTION USING ERRCODE = 'TAMPR', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'TAMPR' THEN
  RETURN regexp_replace(SQLERRM, 'data key \d+', 'data key (n)');
END $$;
SELECT change, tampered(format('UPDATE otp_credential AS c SET %s FROM otp_credential AS other
                                 WHERE c.user_id = %L AND other.user_id = %L', change, 'rekey-a', 'rekey-b'))
  FROM (VALUES ('sealed = other.sealed'), ('sealed = set_byte(c.sealed, 20, get_byte(c.sealed, 20) # 1)'),
               ('sealed = set_byte(c.sealed, 0, 2)'), ('sealed = substr(c.sealed, 1, 40)'), ('sealed = c.sealed || ''\x00'''),
               ('digits = 8'), ('algorithm = 2'), ('period = 60'), ('kind = ''t'''), ('credential_id = other.credential_id'),
               ('key_id = c.key_id - 1'), ('key_id = 0')) AS v (change);
SELECT tampered('UPDATE otp_credential SET user_id = ''rekey-c'' WHERE user_id = ''rekey-a''', 'rekey-c') AS another_user;
SELECT tampered('UPDATE otp_credential SET user_id = ''rekey-c'' WHERE user_id = ''rekey-a''') AS nobody_is_left;
SELECT charged('rekey-a') AS charged, otp_verify('rekey-a', hotp_code('rekey-a', 1)) AS as_it_was;
UPDATE otp_credential SET label = 'phone', issuer = 'Bank' WHERE user_id = 'rekey-a';
SELECT otp_verify('rekey-a', hotp_code('rekey-a', 2)) AS labels_are_not_sealed;
-- Two users' secrets exchanged.
BEGIN;
UPDATE otp_credential AS c SET sealed = other.sealed FROM otp_credential AS other
  WHERE (c.user_id, other.user_id) IN (('rekey-a', 'rekey-b'), ('rekey-b', 'rekey-a'));
SELECT left(failure(format('SELECT otp_verify(%L, %L)', name, hotp_code(other, 3))), 5) AS secret_of_the_other,
       left(failure(format('SELECT otp_verify(%L, %L)', name, hotp_code(name, 3))), 5) AS secret_of_ones_own
  FROM (VALUES ('rekey-a', 'rekey-b'), ('rekey-b', 'rekey-a')) AS v (name, other);
ROLLBACK;
-- The seed of recovery codes likewise.
CREATE TEMP TABLE fresh AS SELECT otp_recovery_codes('rekey-a', 4)::text AS code;
SELECT count(*) FROM otp_recovery_codes('rekey-b', 4);
CREATE FUNCTION tampered_seed(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('UPDATE otp_recovery AS r SET %s FROM otp_recovery AS other
                  WHERE r.user_id = %L AND other.user_id = %L', change, 'rekey-a', 'rekey-b');
  result := failure(format('SELECT otp_verify(%L, %L)', 'rekey-a', (SELECT min(code) FROM fresh)));
  RAISE EXCEPTION USING ERRCODE = 'TAMPR', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'TAMPR' THEN
  RETURN regexp_replace(SQLERRM, 'data key \d+', 'data key (n)');
END $$;
SELECT change, tampered_seed(change)
  FROM (VALUES ('sealed = other.sealed'), ('sealed = other.sealed, made_at = other.made_at'),
               ('sealed = set_byte(r.sealed, 20, get_byte(r.sealed, 20) # 1)'),
               ('sealed = set_byte(r.sealed, 0, 2)'), ('count = 3'), ('made_at = r.made_at + interval ''1 microsecond'''),
               ('key_id = r.key_id - 1'), ('key_id = 0')) AS v (change);
SELECT otp_verify('rekey-a', min(code)) AS as_it_was FROM fresh;

-- What does not open is not sealed anew either.
SELECT otp_rotate_key() - :first AS key;
BEGIN;
UPDATE otp_credential SET digits = 8 WHERE user_id = 'rekey-a';
SELECT left(failure('SELECT otp_rekey()'), 5) AS changed;
ROLLBACK;
BEGIN;
UPDATE otp_recovery SET count = 3 WHERE user_id = 'rekey-a';
SELECT left(failure('SELECT otp_rekey()'), 5) AS changed;
ROLLBACK;
SELECT otp_rekey() AS left;

-- A row that this very transaction has changed is left, unless the change has been undone; one that it has
-- but locked is not.
SELECT otp_rotate_key() - :first AS key;
BEGIN;
SELECT otp_verify('rekey-a', hotp_code('rekey-a', 3)) AS right;
SELECT otp_verify('rekey-a', code) AS right FROM fresh ORDER BY code OFFSET 1 LIMIT 1;
SAVEPOINT s;
SELECT otp_verify('rekey-b', hotp_code('rekey-b', 1)) AS right;
ROLLBACK TO s;
SELECT count(*) FROM (SELECT FROM otp_credential WHERE user_id = 'rekey-1' FOR UPDATE) AS locked;
SELECT otp_rekey() AS left;
:keys
COMMIT;
SELECT otp_rekey() AS left;
:keys
SELECT (otp_attempt('rekey-a', hotp_code('rekey-a', 3))).reason, (otp_attempt('rekey-b', hotp_code('rekey-b', 1))).reason;

-- What an acceptance has spent for good, a re-keying keeps.
UPDATE otp_policy SET spent_at_once = true WHERE purpose = 'default';
BEGIN;
SELECT otp_verify('rekey-a', hotp_code('rekey-a', 4)) AS right, otp_verify('rekey-a', max(code)) AS right FROM fresh;
ROLLBACK;
SELECT otp_rotate_key() - :first AS key;
SELECT otp_rekey() AS left;
SELECT (otp_attempt('rekey-a', hotp_code('rekey-a', 4))).reason AS counter, (otp_attempt('rekey-a', max(code))).reason AS recovery_code
  FROM fresh;
SELECT otp_recovery_left('rekey-a') AS left, (otp_attempt('rekey-a', hotp_code('rekey-a', 5))).reason;

-- A key that a row needs, of whatever table, is not dropped.
SELECT otp_issue('rekey-code') IS NOT NULL AS issued, otp_forget('rekey-5') > 0 AS forgotten;
SELECT otp_rotate_key() - :first AS key;
:keys
CREATE FUNCTION key_failure(command text) RETURNS text
LANGUAGE sql AS $$ SELECT regexp_replace(failure(command, true), 'data key \d+', 'data key (n)', 'g') $$;
BEGIN;
DELETE FROM otp_key WHERE id < (SELECT key_id FROM otp_challenge);
SELECT key_failure('DELETE FROM otp_key') AS codes;
SELECT left(key_failure('TRUNCATE otp_key'), 57) AS codes;
DELETE FROM otp_challenge;
SELECT left(key_failure('DELETE FROM otp_key'), 57) AS authenticators;
SELECT left(key_failure('TRUNCATE otp_key'), 57) AS authenticators;
DELETE FROM otp_credential;
SELECT left(key_failure('DELETE FROM otp_key'), 57) AS recovery_codes;
SELECT left(key_failure('TRUNCATE otp_key'), 57) AS recovery_codes;
DELETE FROM otp_recovery;
SELECT left(key_failure('DELETE FROM otp_key'), 57) AS forgotten;
SELECT left(key_failure('TRUNCATE otp_key'), 57) AS forgotten;
DELETE FROM otp_budget WHERE user_id LIKE 'forgotten:%';
SAVEPOINT s;
DELETE FROM otp_key;
ROLLBACK TO s;
TRUNCATE otp_key;
ROLLBACK;
:keys
-- What nothing needs, is, once the rest has moved to the writing key.
SELECT otp_rekey() AS left;
SELECT left(key_failure('DELETE FROM otp_key WHERE state = ''reading'''), 57) AS code;
DELETE FROM otp_challenge;
SELECT left(key_failure('DELETE FROM otp_key WHERE state = ''reading'''), 57) AS forgotten;
DELETE FROM otp_budget WHERE user_id LIKE 'forgotten:%';
DELETE FROM otp_key WHERE state = 'reading';
:keys
SELECT otp_verify('rekey-a', hotp_code('rekey-a', 6)) AS right, otp_verify('rekey-b', hotp_code('rekey-b', 2)) AS right;

-- When all are dropped, the next to need one makes one.
DELETE FROM otp_credential;
DELETE FROM otp_recovery;
DELETE FROM otp_challenge;
DELETE FROM otp_key;
BEGIN;
SELECT otp_verify('rekey-new', otp_issue('rekey-new')::text) AS right;
ROLLBACK;
SELECT count(*), min(state) AS state FROM otp_key;
-- otp_rotate_key makes it, too, and then the one that it was called for.
DELETE FROM otp_key;
BEGIN;
SELECT otp_rotate_key() AS key;
SELECT count(*) FROM otp_key;
ROLLBACK;
SELECT count(*), min(state) AS state FROM otp_key;

SELECT reset_policy();
DROP VIEW changes;
DROP FUNCTION enrol, tampered, tampered_seed, key_failure, hotp_code, secret_of;
