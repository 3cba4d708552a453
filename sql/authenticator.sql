-- otp_verify by the codes of authenticators.
-- Requirements: 4, 6, 9, 11, 13, 15, 16, 18, 26, 38.

UPDATE otp_policy SET free_guesses = 100, max_attempts = 100 WHERE purpose = 'default';
-- Enrolled and active at once, without spending a code: not how an application does it.
CREATE FUNCTION active(user_id text, kind text, secret otp_secret, window_size integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  id bigint;
BEGIN
  SELECT credential_id INTO id FROM otp_enroll(user_id, kind, secret => secret, window_size => window_size);
  UPDATE otp_credential AS c SET state = 'a', expires_at = 'infinity' WHERE c.user_id = active.user_id AND c.credential_id = id;
  RETURN id;
END $$;
CREATE FUNCTION next_counter(of_user text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT last_position + 1 FROM otp_credential WHERE user_id = of_user AND kind = 'h' ORDER BY credential_id LIMIT 1 $$;

-- requirement 11: HOTP.  A counter once, none before it; a match ahead moves on, and what it passes over is spent.
SELECT active('auth-1', 'hotp', rfc_secret()) > 0 AS enrolled;
SELECT guess, v.accepted, v.reason, v.method
  FROM unnest('{755224,755224,969429,287082,969429,520489,338314,000000}'::text[]) WITH ORDINALITY AS g (guess, n),
       LATERAL otp_attempt('auth-1', guess) AS v ORDER BY n;
SELECT next_counter('auth-1');
SELECT otp_verify('auth-1', hotp_at(rfc_secret(), 21)::text) AS beyond, otp_verify('auth-1', hotp_at(rfc_secret(), 20)::text) AS ahead;
SELECT next_counter('auth-1');
-- requirement 15: the last ten are replayed, those before them wrong.
SELECT (otp_attempt('auth-1', hotp_at(rfc_secret(), 11)::text)).reason AS tenth,
       (otp_attempt('auth-1', hotp_at(rfc_secret(), 10)::text)).reason AS eleventh;
SELECT reason, method, count(*) FROM otp_event WHERE user_id = 'auth-1' AND event = 'rejected' GROUP BY 1, 2 ORDER BY 1;

-- requirement 16: with the transaction.
BEGIN;
SELECT otp_verify('auth-1', hotp_at(rfc_secret(), 21)::text) AS right;
SAVEPOINT s;
SELECT otp_verify('auth-1', hotp_at(rfc_secret(), 21)::text) AS again, otp_verify('auth-1', hotp_at(rfc_secret(), 22)::text) AS next;
ROLLBACK TO s;
SELECT next_counter('auth-1');
ROLLBACK;
SELECT next_counter('auth-1');
-- requirement 38: each call of a statement sees the one before.
SELECT i, otp_verify('auth-1', hotp_at(rfc_secret(), 21 + i / 2)::text) FROM generate_series(0, 5) AS i;

-- Which guesses are charged: the same one at the same codes once.  An acceptance, or another time step, makes others of them.
SELECT active('auth-2', 'hotp', rfc_secret()) > 0 AS enrolled;
SELECT otp_verify('auth-2', '999999'), otp_verify('auth-2', '999 999'), otp_verify('auth-2', '９９９９９９');
SELECT charged('auth-2');
SELECT otp_verify('auth-2', '755224') AS right, otp_verify('auth-2', '999999') AS wrong, charged('auth-2');
SELECT otp_verify('auth-2', '755224') AS replayed, otp_verify('auth-2', '755224') AS again, charged('auth-2');
SELECT active('auth-3', 'totp', otp_secret('\x0102030405', 'SHA1', 6, 86400), 0) > 0 AS enrolled;
SELECT otp_verify('auth-3', '12345678'), otp_verify('auth-3', '12345678'), charged('auth-3');
UPDATE otp_credential SET drift = 1 WHERE user_id = 'auth-3';
SELECT otp_verify('auth-3', '12345678'), charged('auth-3');

-- requirement 18: TOTP, one step either way by default.  Once, and never backwards.
CREATE FUNCTION at_step(secret otp_secret, steps integer) RETURNS text
LANGUAGE sql AS $$ SELECT totp_at(secret, clock_timestamp() + steps * interval '86400 seconds')::text $$;
CREATE FUNCTION day_secret(key text, algorithm text DEFAULT 'SHA1', digits integer DEFAULT 10) RETURNS otp_secret
LANGUAGE sql IMMUTABLE AS $$ SELECT otp_secret(convert_to(key, 'UTF8'), algorithm, digits, 86400) $$;
SELECT active('auth-4', 'totp', day_secret('a key')) > 0 AS enrolled;
SELECT (otp_attempt('auth-4', at_step(day_secret('a key'), 2))).reason AS two_ahead,
       (otp_attempt('auth-4', at_step(day_secret('a key'), -2))).reason AS two_back;
SELECT (otp_attempt('auth-4', at_step(day_secret('a key'), -1))).reason AS one_back,
       (otp_attempt('auth-4', at_step(day_secret('a key'), -1))).reason AS again;
SELECT drift FROM otp_credentials('auth-4');
SELECT (otp_attempt('auth-4', at_step(day_secret('a key'), 1))).reason AS ahead_of_its_clock,
       (otp_attempt('auth-4', at_step(day_secret('a key'), 0))).reason AS now;
SELECT drift FROM otp_credentials('auth-4');
SELECT (otp_attempt('auth-4', at_step(day_secret('a key'), 1))).reason AS ahead,
       (otp_attempt('auth-4', at_step(day_secret('a key'), 0))).reason AS passed_over;
-- requirement 13: a clock that goes back does not bring a step back.
UPDATE otp_credential SET last_position = last_position + 100 WHERE user_id = 'auth-4';
SELECT (otp_attempt('auth-4', at_step(day_secret('a key'), 2))).reason AS before_the_last;

-- Drift is learned up to the cap.
UPDATE otp_policy SET max_drift = 2 WHERE purpose = 'default';
SELECT active('auth-5', 'totp', day_secret('b key'), 3) > 0 AS enrolled;
SELECT otp_verify('auth-5', at_step(day_secret('b key'), 3)) AS right;
SELECT drift FROM otp_credentials('auth-5');
SELECT otp_verify('auth-5', at_step(day_secret('b key'), 6)) AS beyond, otp_verify('auth-5', at_step(day_secret('b key'), 5)) AS right;
SELECT drift FROM otp_credentials('auth-5');
UPDATE otp_policy SET max_drift = 0 WHERE purpose = 'default';
SELECT active('auth-6', 'totp', day_secret('c key')) > 0 AS enrolled;
SELECT otp_verify('auth-6', at_step(day_secret('c key'), 1)) AS right;
SELECT drift FROM otp_credentials('auth-6');

-- Each algorithm and number of digits; a guess of another length is wrong.
SELECT algorithm, digits, active('auth-7-' || algorithm || digits, 'totp', day_secret('d key', algorithm, digits)) > 0 AS enrolled
  FROM unnest('{SHA1,SHA256,SHA512}'::text[]) AS algorithm, unnest('{6,8,10}'::integer[]) AS digits;
SELECT algorithm, digits,
       otp_verify('auth-7-' || algorithm || digits, at_step(day_secret('d key', algorithm, digits), 0) || '0') AS longer,
       otp_verify('auth-7-' || algorithm || digits, at_step(day_secret('d key', algorithm, digits), 0)) AS right
  FROM unnest('{SHA1,SHA256,SHA512}'::text[]) AS algorithm, unnest('{6,8,10}'::integer[]) AS digits;

-- requirements 4, 6: several authenticators and an issued code, under one budget.
SELECT active('auth-8', 'hotp', rfc_secret()) > 0 AS first, active('auth-8', 'totp', day_secret('e key')) > 0 AS second;
SELECT otp_issue('auth-8', 'payment')::text AS code \gset
SELECT * FROM otp_attempt('auth-8', 'WRONG', 'payment');
SELECT (otp_attempt('auth-8', '755224', 'payment')).method AS hotp, (otp_attempt('auth-8', at_step(day_secret('e key'), 0), 'x')).method AS totp,
       (otp_attempt('auth-8', :'code', 'payment')).method AS issued;
SELECT charged('auth-8');
-- requirement 26: the codes of another user are wrong.
SELECT (otp_attempt('auth-8', hotp_at(rfc_secret(), 1)::text)).reason AS own, (otp_attempt('auth-2', hotp_at(day_secret('e key'), 1)::text)).reason AS of_another;

-- What the purpose accepts.
INSERT INTO otp_policy (purpose, methods) VALUES ('issued only', '{issued}'), ('apps only', '{totp}'), ('tokens only', '{hotp}');
SELECT purpose, reason, method
  FROM unnest('{issued only,apps only,tokens only}'::text[]) AS purpose, LATERAL otp_attempt('auth-8', '359152', purpose);
SELECT reason FROM otp_attempt('auth-8', '969429', 'issued only');
SELECT otp_issue('auth-8', 'apps only')::text AS code \gset
SELECT reason FROM otp_attempt('auth-8', :'code', 'apps only');
SELECT failure($$INSERT INTO otp_policy (purpose, methods) VALUES ('x', '{}')$$) LIKE '23514%' AS none,
       failure($$INSERT INTO otp_policy (purpose, methods) VALUES ('x', '{sms}')$$) LIKE '23514%' AS unknown,
       failure($$INSERT INTO otp_policy (purpose, methods) VALUES ('x', '{issued,NULL}')$$) LIKE '23514%' AS "null",
       failure($$INSERT INTO otp_policy (purpose, max_drift) VALUES ('x', 1)$$) LIKE '23514%' AS of_a_user;

-- Beside an authenticator, an issued code that is no more is a guess like any other, and told by its name if it is right.
SELECT active('auth-9', 'hotp', rfc_secret()) > 0 AS enrolled;
SELECT issue_unlike('755224', 'auth-9') AS code \gset
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'auth-9';
SELECT * FROM otp_attempt('auth-9', :'code');
SELECT charged('auth-9'), (otp_attempt('auth-9', :'code')).reason, charged('auth-9') AS again;
SELECT reason, attempts_left FROM otp_attempt('auth-9', 'WRONG');
SELECT otp_verify('auth-9', '755224') AS right;
SELECT issue_unlike('287082', 'auth-9') AS code \gset
SELECT otp_cancel('auth-9'), (otp_attempt('auth-9', :'code')).reason;
UPDATE otp_policy SET max_attempts = 2 WHERE purpose = 'default';
SELECT issue_unlike('287082', 'auth-9') AS code \gset
SELECT reason, attempts_left > 2 AS of_the_user FROM unnest('{WRANG,WRENG,WRXNG}'::text[]) AS guess, LATERAL otp_attempt('auth-9', guess);
SELECT reason FROM otp_attempt('auth-9', :'code');
SELECT otp_verify('auth-9', '287082') AS right;

-- A delay of the user holds for all.
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour', longest_delay = '1 hour' WHERE purpose = 'default';
SELECT active('auth-10', 'hotp', rfc_secret()) > 0 AS enrolled;
SELECT reason, attempts_left, retry_at > now() AS later FROM otp_attempt('auth-10', 'WRONG');
SELECT reason, attempts_left FROM otp_attempt('auth-10', '755224', 'any purpose');
SELECT next_counter('auth-10');
DELETE FROM otp_policy WHERE purpose LIKE '% only';
SELECT reset_policy();
