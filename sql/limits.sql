-- How many wrong guesses a user bears, in which time.  To let time pass, the tests move last_at, which
-- nobody else may.  The times are long, so that the time that the tests take does not matter.
-- Requirements: 1, 5, 6, 9, 10, 13.
INSERT INTO otp_policy VALUES ('default', 6, 'digits', '1 day', 100, 'all',
                               '{issued,totp,hotp,recovery}', false,
                               '0', '1 hour', NULL, NULL, NULL, NULL, 3, 0, false, 3, '30 days', '3 hours', '12 hours', 4, 100, '1 hour');

-- So much time passes for a user.
CREATE FUNCTION pass(claimed text, much interval) RETURNS void
LANGUAGE sql AS $$
  UPDATE otp_budget SET last_at = last_at - much WHERE user_id = claimed
$$;
-- A wrong guess: what it is told, and the delay that follows in whole hours.
CREATE FUNCTION guess(claimed text, code text, n integer,
                      OUT reason text, OUT attempts_left integer, OUT delay integer)
LANGUAGE plpgsql AS $$
DECLARE
  verdict otp_verdict;
BEGIN
  verdict := otp_attempt(claimed, wrong(code, n));
  reason := verdict.reason;
  attempts_left := verdict.attempts_left;
  delay := (SELECT extract(epoch FROM verdict.retry_at - last_at) / 3600 FROM otp_budget WHERE user_id = claimed);
END $$;

-- requirements 9, 10: three free guesses, the last with a delay, which doubles from first_delay and ends
-- at longest_delay.  After each delay one guess is judged.
SELECT otp_issue('limits-1')::text AS code \gset
SELECT * FROM guess('limits-1', :'code', 1);
SELECT * FROM guess('limits-1', :'code', 2);
SELECT * FROM guess('limits-1', :'code', 3);
SELECT * FROM guess('limits-1', :'code', 4);
SELECT pass('limits-1', '2 hours');
SELECT reason FROM guess('limits-1', :'code', 4);
SELECT pass('limits-1', '1 hour');
SELECT * FROM guess('limits-1', :'code', 4);
SELECT pass('limits-1', '6 hours');
SELECT * FROM guess('limits-1', :'code', 5);
SELECT pass('limits-1', '12 hours');
SELECT * FROM guess('limits-1', :'code', 6);
SELECT pass('limits-1', '12 hours');
SELECT * FROM guess('limits-1', :'code', 7);
SELECT charged('limits-1');
-- A refusal changes nothing: neither the count nor the time to come back.
SELECT last_at, total, level FROM otp_budget WHERE user_id = 'limits-1' \gset
SELECT reason, delay FROM generate_series(8, 12) AS n, LATERAL guess('limits-1', :'code', n);
SELECT last_at = :'last_at' AS last_at, total = :total AS total, level = :level AS level
  FROM otp_budget WHERE user_id = 'limits-1';
-- requirement 6: right after the delay, and then wrong: the delay is the longest again.
SELECT pass('limits-1', '12 hours');
SELECT otp_verify('limits-1', :'code') AS right;
SELECT otp_issue('limits-1')::text AS code \gset
SELECT * FROM guess('limits-1', :'code', 1);

-- One guess is forgiven in forgive_every, no sooner; in n times as long n of them, and no more.
SELECT otp_issue('limits-2')::text AS code \gset
UPDATE otp_challenge SET expires_at = 'infinity' WHERE user_id = 'limits-2';
SELECT * FROM generate_series(1, 3) AS n, LATERAL guess('limits-2', :'code', n);
SELECT pass('limits-2', '29 days');
SELECT * FROM guess('limits-2', :'code', 4);
SELECT pass('limits-2', '31 days 1 hour');
SELECT * FROM guess('limits-2', :'code', 5);
SELECT pass('limits-2', '60 days 1 hour');
SELECT * FROM generate_series(6, 7) AS n, LATERAL guess('limits-2', :'code', n);
SELECT pass('limits-2', '10000 days');
SELECT * FROM generate_series(8, 10) AS n, LATERAL guess('limits-2', :'code', n);
-- What is forgiven stays counted: against the code, and for good.
SELECT charged('limits-2');

-- A delay does not end sooner because guesses are forgiven while it lasts.
UPDATE otp_policy SET forgive_every = '1 hour', first_delay = '5 hours';
SELECT otp_issue('limits-3')::text AS code \gset
SELECT * FROM generate_series(1, 3) AS n, LATERAL guess('limits-3', :'code', n);
SELECT pass('limits-3', '4 hours');
SELECT reason, delay FROM guess('limits-3', :'code', 4);
SELECT pass('limits-3', '1 hour');
SELECT * FROM guess('limits-3', :'code', 4);

-- Delays that cannot be doubled any more are the longest; another policy counts at once.
UPDATE otp_policy SET free_guesses = 1, forgive_every = '30 days', first_delay = '1 second', longest_delay = '1 day';
SELECT otp_issue('limits-4')::text AS code \gset
SELECT reason, attempts_left FROM otp_attempt('limits-4', wrong(:'code', 1));
UPDATE otp_budget SET level = 1000000 WHERE user_id = 'limits-4';
SELECT pass('limits-4', '2 hours');
SELECT * FROM guess('limits-4', :'code', 2);
UPDATE otp_policy SET longest_delay = '2 hours';
SELECT * FROM guess('limits-4', :'code', 2);
SELECT * FROM guess('limits-4', :'code', 3);
SELECT pass('limits-4', '2 hours');
SELECT otp_verify('limits-4', :'code') AS right;
UPDATE otp_policy SET free_guesses = 3, first_delay = '3 hours', longest_delay = '12 hours';

-- requirements 10, 13: a clock that goes back neither forgives nor delays for longer than longest_delay,
-- and nobody is told to wait for longer.
SELECT otp_issue('limits-5')::text AS code \gset
SELECT * FROM generate_series(1, 3) AS n, LATERAL guess('limits-5', :'code', n);
SELECT pass('limits-5', '-30 days');
SELECT reason, retry_at < clock_timestamp() + interval '12 hours' AS bounded FROM otp_attempt('limits-5', wrong(:'code', 4));
SELECT reason, retry_at < clock_timestamp() + interval '12 hours' AS bounded FROM otp_attempt('limits-5', wrong(:'code', 4));
SELECT total, round(level) AS level, last_at <= clock_timestamp() AS past FROM otp_budget WHERE user_id = 'limits-5';
SELECT pass('limits-5', '3 hours');
SELECT * FROM guess('limits-5', :'code', 4);
-- It does not delay someone who has free guesses left.
SELECT otp_issue('limits-6')::text AS code \gset
SELECT * FROM guess('limits-6', :'code', 1);
SELECT pass('limits-6', '-30 days');
SELECT otp_verify('limits-6', :'code') AS right;

-- A code remembers the total of its issue: a total below that is another budget than the one that it
-- knew, as after a restore, and the code is locked.
SELECT otp_issue('limits-7')::text AS code \gset
SELECT * FROM guess('limits-7', :'code', 1);
SELECT otp_issue('limits-7')::text AS code \gset
UPDATE otp_budget SET total = 0, level = 0 WHERE user_id = 'limits-7';
SELECT accepted, reason, attempts_left, retry_at FROM otp_attempt('limits-7', :'code');
SELECT otp_resend('limits-7') IS NULL AS nothing;

-- requirement 1: in a transaction that has itself changed or deleted a row of the budget, a guess is
-- either not judged or charged for good, and the user has one row in the end.
SELECT otp_issue('limits-8')::text AS code, otp_issue('limits-9')::text AS other \gset
SELECT * FROM guess('limits-8', :'code', 1);
SELECT * FROM guess('limits-9', :'other', 1);
BEGIN;
DELETE FROM otp_budget WHERE user_id = 'limits-8';
SELECT failure(format('SELECT otp_verify(%L, %L)', 'limits-8', wrong(:'code', 2))) <> 'no error' AS refused \gset
ROLLBACK;
SELECT count(*) AS rows, max(total) = 2 OR :'refused' AS charged_if_judged FROM otp_budget WHERE user_id = 'limits-8';
BEGIN;
UPDATE otp_budget SET level = 0 WHERE user_id = 'limits-9';
SELECT failure(format('SELECT otp_verify(%L, %L)', 'limits-9', wrong(:'other', 2))) <> 'no error' AS refused \gset
ROLLBACK;
SELECT count(*) AS rows, max(total) = 2 OR :'refused' AS charged_if_judged FROM otp_budget WHERE user_id = 'limits-9';

DROP FUNCTION guess;
DROP FUNCTION pass;
SELECT reset_policy();
