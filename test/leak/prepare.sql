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
ALTER TABLE otp_message SET (autovacuum_enabled = off);
ALTER TABLE otp_channel_rate SET (autovacuum_enabled = off);
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

-- Channels by which messages go: to a phone, to a mailbox, and one that lacks a credential.
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app, domain, messages_per_destination, messages_per_prefix, prefix_length, per_second)
  VALUES ('sms', 'sms', 'http', 'https://a.example/{secret.token}', 'POST', ARRAY['Content-Type: application/json', 'Webhook-Signature: {signature}'], '{"to": "{destination}", "text": "{text}"}', '{200}', 'Bank', 'example.com',
          1000000, 1000000, 5, 100000);
SELECT otp_channel_preset('smtp', 'mail', 'Bank', 'bank@example.com'), otp_channel_preset('ntfy', 'push', 'Bank'), otp_channel_preset('ntfy', 'broken', 'Bank');
SELECT otp_channel_secret('sms', 'token', 'token'), otp_channel_secret('sms', 'signing', 'signing'), otp_channel_secret('mail', 'password', 'password'), otp_channel_secret('push', 'token', 'token');
INSERT INTO otp_policy (purpose, number_match, methods) VALUES ('push', true, '{issued}');

-- Queues n messages of a channel, and nothing else.  A transaction finds in each claim all rows that it has deleted itself.
CREATE FUNCTION queue(n bigint, channel text) RETURNS bigint
LANGUAGE sql AS $$
  TRUNCATE otp_message;
  SELECT count(otp_send('queued' || i, CASE channel WHEN 'mail' THEN 'a@b.example' ELSE '+62811' || 1000000 + i END, channel)) FROM generate_series(1, n) AS i
$$;

-- Takes n messages.
CREATE FUNCTION take(n bigint) RETURNS bigint
LANGUAGE sql AS $$ SELECT sum((SELECT count(*) FROM otp_claim('worker ' || i, 1000, '1 hour'))) FROM generate_series(1, n / 1000 + 1) AS i $$;

-- The lease of one of n messages that have been taken.
CREATE FUNCTION nth_message(i bigint) RETURNS bigint
LANGUAGE sql AS $$ SELECT min(message_id) + i - 1 FROM otp_message $$;

-- Has the nth message alone due, and claims it: is it settled so, and not handed out?
CREATE FUNCTION claim_dead(n bigint, settled "char") RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  id bigint := nth_message(n);
BEGIN
  UPDATE otp_message SET due_at = clock_timestamp() WHERE message_id = id;
  PERFORM FROM otp_claim('worker ' || n, 1);
  RETURN NOT FOUND AND (SELECT state = settled FROM otp_message WHERE message_id = id);
END $$;
