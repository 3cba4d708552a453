-- Limits so wide that no guess is refused before its time.
CREATE EXTENSION otp;
UPDATE otp_policy SET lifetime = '1 day', max_attempts = 100, free_guesses = 100,
  first_delay = '1 day', longest_delay = '1 day'
  WHERE purpose = 'default';

-- The codes that are verified.
CREATE TABLE code (user_id text PRIMARY KEY, code text);

-- Whenever autovacuum has been at a table, a transaction that has it open keeps a copy of its definition.
ALTER TABLE otp_challenge SET (autovacuum_enabled = off);
ALTER TABLE otp_budget SET (autovacuum_enabled = off);
ALTER TABLE otp_credential SET (autovacuum_enabled = off);
ALTER TABLE otp_recovery SET (autovacuum_enabled = off);
ALTER TABLE otp_event SET (autovacuum_enabled = off);
ALTER TABLE code SET (autovacuum_enabled = off);

CREATE FUNCTION sqlstate_of(command text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN '00000';
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate;
END $$;

-- Forgets what the session keeps in memory.
CREATE FUNCTION forget() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE otp_key SET state = state WHERE false;
  UPDATE otp_policy SET length = length WHERE false;
  RETURN true;
END $$;

-- Data keys come and go, so that there are never many.
CREATE FUNCTION drop_keys() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM otp_key WHERE state = 'reading';
  RETURN FOUND;
END $$;

CREATE FUNCTION rotate_and_drop() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  RETURN otp_rotate_key() > 0 AND drop_keys();
END $$;

CREATE FUNCTION expire_and_rotate() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM otp_issue('expiring');
  UPDATE otp_challenge SET expires_at = issued_at;
  RETURN otp_rotate_key() > 0;
END $$;

CREATE FUNCTION rekey_and_drop() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  RETURN otp_rekey() = 0 AND drop_keys();
END $$;

-- Leaves n rows and more that can be purged: budgets, issued codes, enrolments, quotas and the trail.
CREATE FUNCTION leave_old(n bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE otp_budget, otp_baseline, otp_challenge, otp_credential, otp_recovery, otp_quota;
  PERFORM otp_issue('purged' || i) FROM generate_series(1, 2 * n / 5) AS i;
  DELETE FROM otp_challenge WHERE substr(user_id, 7)::bigint % 2 = 0;
  PERFORM otp_enroll('enrolled' || i) FROM generate_series(1, n / 5) AS i;
  DELETE FROM otp_budget WHERE user_id IN (SELECT user_id FROM otp_challenge UNION SELECT user_id FROM otp_credential);
  UPDATE otp_challenge SET expires_at = issued_at;
  UPDATE otp_credential SET expires_at = made_at;
  UPDATE otp_event SET at = at - interval '2 years';
  INSERT INTO otp_quota SELECT 1, 1000000, 1, 0, 0, 0, 0, 0, 0, 0, 'user', 'purged' || i, 'login' FROM generate_series(1, n / 5) AS i;
  RETURN (SELECT count(*) FROM otp_budget);
END $$;

-- Wraps the data keys by the key in next.key, and again by the present one.
CREATE FUNCTION rewrap_and_back() RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  there integer;
  back integer;
BEGIN
  PERFORM set_config('otp.next_master_key_file', 'next.key', true);
  there := otp_rewrap_master();
  PERFORM set_config('otp.master_key_file', 'next.key', true);
  PERFORM set_config('otp.next_master_key_file', 'otp_master.key', true);
  back := otp_rewrap_master();
  RETURN there > 0 AND back = there;
END $$;

-- What this process has in use: bytes in memory contexts, and KiB of its own, OpenSSL's among them.
CREATE FUNCTION memory() RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts) || ' ' ||
    (SELECT sum(m[1]::bigint)
       FROM regexp_matches(pg_read_file('/proc/self/smaps_rollup'), '^(?:Anonymous|Swap):\s+(\d+)', 'gn') AS m);
END $$;
