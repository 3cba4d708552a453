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

-- What this process has in use: bytes in memory contexts, and KiB of its own, OpenSSL's among them.
CREATE FUNCTION memory() RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts) || ' ' ||
    (SELECT sum(m[1]::bigint)
       FROM regexp_matches(pg_read_file('/proc/self/smaps_rollup'), '^(?:Anonymous|Swap):\s+(\d+)', 'gn') AS m);
END $$;
