-- The clock is the wall clock, also in a transaction that has begun long ago, and nobody else's.  All of this file is one
-- transaction; what is between its beginning and now, is past.
-- Requirements: 17.

BEGIN;
SELECT plan(10);

UPDATE otp_policy SET free_guesses = 1, first_delay = '1 second', longest_delay = '1 second' WHERE purpose = 'default';
CREATE FUNCTION wrong(code text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lpad(((code::integer + 1) % 1000000)::text, 6, '0');

SELECT otp_issue('clock-1')::text AS code \gset
SELECT cmp_ok(issued_at, '>', now(), 'a code is issued now') FROM otp_challenge WHERE user_id = 'clock-1';
SELECT is(expires_at - issued_at, interval '5 minutes', 'and lives from now on') FROM otp_challenge WHERE user_id = 'clock-1';
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'clock-1';
SELECT cmp_ok(expires_at, '>', now(), 'when the transaction began, it was good') FROM otp_challenge WHERE user_id = 'clock-1';
SELECT is((otp_attempt('clock-1', :'code')).reason, 'expired', 'now it has expired');
SELECT is(otp_resend('clock-1'), NULL, 'and is not sent again');

SELECT otp_issue('clock-2')::text AS code \gset
SELECT otp_verify('clock-2', wrong(:'code')) \g /dev/null
SELECT cmp_ok(last_at, '>', now(), 'a guess was wrong now') FROM otp_budget WHERE user_id = 'clock-2';
SELECT last_at + interval '1 second' AS retry_at FROM otp_budget WHERE user_id = 'clock-2' \gset
SELECT cmp_ok(:'retry_at'::timestamptz, '>', now() + interval '1 second', 'which is followed by a delay that ends after that');
SELECT pg_sleep_until(:'retry_at') \g /dev/null
SELECT is(otp_verify('clock-2', :'code'), true, 'once it has passed by the clock, a guess is judged');

-- An authenticator, with a time step of a day.
SELECT otp_secret_generate(20, 'SHA1', 10, 86400) AS phone \gset
SELECT otp_enroll('clock-3', secret => :'phone'), otp_confirm('clock-3', totp_at(:'phone', clock_timestamp())::text) \g /dev/null
SELECT cmp_ok(used_at, '>', now(), 'an authenticator is used now') FROM otp_credentials('clock-3');

SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p, unnest(proargtypes) AS argument
                    WHERE proname IN ('otp_issue', 'otp_resend', 'otp_verify', 'otp_attempt', 'otp_confirm', 'otp_resync')
                      AND argument IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'interval'::regtype)$$,
                'no time is the caller''s to choose');

SELECT * FROM finish();
ROLLBACK;
