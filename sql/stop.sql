-- The hard stop: max_consecutive wrong guesses since the last acceptance for the purpose.  Requirements: 5, 6, 9, 10.
-- To let time pass, the tests move last_at.
SELECT reset_policy();
UPDATE otp_policy SET max_attempts = 100, free_guesses = 100, lifetime = '1 day', max_consecutive = 5;

CREATE FUNCTION wrong_guesses(claimed text, code text, first integer, last integer, aim text DEFAULT 'login')
  RETURNS TABLE (n integer, reason text, attempts_left integer, retry_at timestamptz)
LANGUAGE sql AS $$
  SELECT n, v.reason, v.attempts_left, v.retry_at
    FROM generate_series(first, last) AS n, LATERAL otp_attempt(claimed, wrong(code, n), aim) AS v
$$;
CREATE FUNCTION events_of(claimed text) RETURNS text
LANGUAGE sql AS $$
  SELECT string_agg(event || coalesce(' ' || reason, '') || CASE purpose WHEN 'login' THEN '' ELSE ' for ' || purpose END, ', ' ORDER BY at)
    FROM otp_event WHERE user_id = claimed AND event NOT IN ('issued')
$$;

-- After the fifth nothing is judged, not even the right code, until an operator unlocks.
SELECT otp_issue('stop-1')::text AS code \gset
SELECT * FROM wrong_guesses('stop-1', :'code', 1, 6);
SELECT reason, attempts_left, retry_at FROM otp_attempt('stop-1', :'code');
UPDATE otp_budget SET last_at = last_at - interval '10000 days' WHERE user_id = 'stop-1';
SELECT reason, attempts_left, retry_at FROM otp_attempt('stop-1', :'code');
SELECT charged('stop-1');
-- A warning comes before, an event when it has come.
SELECT events_of('stop-1');
-- Another code does not help, nor a purpose that was never guessed at.
SELECT otp_issue('stop-1')::text AS code \gset
SELECT reason FROM otp_attempt('stop-1', :'code');
SELECT otp_issue('stop-1', 'payment')::text AS payment \gset
SELECT reason FROM otp_attempt('stop-1', :'payment', 'payment');
SELECT reason FROM otp_attempt('stop-1', :'code');
-- The operator does; the counts stay as they are.
SELECT otp_unlock('stop-1') AS unlocked, otp_unlock('stop-1') AS again, charged('stop-1');
SELECT reason FROM otp_attempt('stop-1', :'code');
SELECT event, purpose, method FROM otp_event WHERE user_id = 'stop-1' AND event = 'unlocked';

-- An acceptance starts the count anew, if and only if it commits.
SELECT otp_issue('stop-2')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'code', 1, 4);
BEGIN;
SELECT otp_verify('stop-2', :'code') AS right;
SELECT otp_issue('stop-2')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'code', 1, 3);
ROLLBACK;
-- Four before, three in the transaction.
SELECT otp_issue('stop-2')::text AS code \gset
SELECT reason FROM otp_attempt('stop-2', :'code');
SELECT otp_unlock('stop-2');
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'code', 11, 14);
SELECT otp_verify('stop-2', :'code') AS right;
SELECT otp_issue('stop-2')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'code', 21, 24);
SELECT count(*) FILTER (WHERE total >= 0), count(*) FILTER (WHERE total < 0) AS notices FROM otp_baseline WHERE user_id = 'stop-2';
-- No loop of savepoints lowers it.
SELECT otp_issue('stop-3')::text AS code \gset
DO $$
DECLARE
  judged integer := 0;
BEGIN
  FOR i IN 1..20 LOOP
    BEGIN
      judged := judged + ((otp_attempt('stop-3', wrong('000000', i))).reason = 'wrong')::integer;
      RAISE EXCEPTION 'undone';
    EXCEPTION WHEN raise_exception THEN
    END;
  END LOOP;
  RAISE NOTICE 'judged at most 5: %', judged <= 5;
END $$;
SELECT charged('stop-3') <= 5 AS at_most_5;

-- A purpose that was never guessed at counts from the last acceptance for any, once that is committed.
SELECT otp_issue('stop-2', 'payment')::text AS payment \gset
BEGIN;
SELECT otp_unlock('stop-2');
SELECT otp_issue('stop-2')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'code', 31, 32);
SELECT otp_verify('stop-2', :'code') AS right;
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'payment', 31, 31, 'payment');
ROLLBACK;
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'payment', 32, 32, 'payment');
SELECT otp_issue('stop-2')::text AS code, otp_issue('stop-2', 'transfer')::text AS transfer \gset
SELECT otp_verify('stop-2', :'code') AS right;
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'transfer', 33, 33, 'transfer');
SELECT n, reason, attempts_left FROM wrong_guesses('stop-2', :'payment', 34, 35, 'payment');

-- requirement 6: a success for one purpose does not clear another's failures.
INSERT INTO otp_policy (purpose) VALUES ('payment');
SELECT otp_issue('stop-4')::text AS code, otp_issue('stop-4', 'payment')::text AS payment \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-4', :'code', 1, 1);
SELECT n, reason, attempts_left FROM wrong_guesses('stop-4', :'payment', 1, 3, 'payment');
SELECT reason FROM otp_attempt('stop-4', :'payment', 'payment');
SELECT n, reason, attempts_left FROM wrong_guesses('stop-4', :'code', 2, 3);

-- What was guessed before the policy had a stop does not count.
UPDATE otp_policy SET max_consecutive = NULL WHERE purpose = 'default';
SELECT otp_issue('stop-5')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-5', :'code', 1, 20) WHERE reason = 'wrong';
SELECT count(*) FROM otp_baseline WHERE user_id = 'stop-5';
UPDATE otp_policy SET max_consecutive = 2 WHERE purpose = 'default';
SELECT n, reason, attempts_left FROM wrong_guesses('stop-5', :'code', 21, 23);
-- And what is taken away ends all stops.
UPDATE otp_policy SET max_consecutive = NULL WHERE purpose = 'default';
SELECT n, reason, attempts_left FROM wrong_guesses('stop-5', :'code', 24, 24);

-- stop_for: time ends it, counted from the last wrong guess; then all guesses are there again.
UPDATE otp_policy SET max_consecutive = 2, stop_for = '30 minutes' WHERE purpose = 'default';
SELECT otp_issue('stop-6')::text AS code \gset
SELECT n, reason, attempts_left, retry_at = last_at + interval '30 minutes' AS half_an_hour
  FROM wrong_guesses('stop-6', :'code', 1, 3), otp_budget WHERE user_id = 'stop-6';
UPDATE otp_budget SET last_at = last_at - interval '29 minutes' WHERE user_id = 'stop-6';
SELECT reason, retry_at IS NULL AS not_by_time FROM otp_attempt('stop-6', :'code');
UPDATE otp_budget SET last_at = last_at - interval '1 minute' WHERE user_id = 'stop-6';
SELECT n, reason, attempts_left FROM wrong_guesses('stop-6', :'code', 4, 6);
UPDATE otp_budget SET last_at = last_at - interval '30 minutes' WHERE user_id = 'stop-6';
SELECT reason FROM otp_attempt('stop-6', :'code');
-- Whichever is later counts, the delay or the stop.
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour' WHERE purpose = 'default';
SELECT otp_issue('stop-7')::text AS code \gset
SELECT reason, attempts_left, retry_at = last_at + interval '1 hour' AS an_hour FROM otp_attempt('stop-7', wrong(:'code')), otp_budget WHERE user_id = 'stop-7';
SELECT otp_unlock('stop-7');
SELECT reason, attempts_left FROM otp_attempt('stop-7', :'code');

-- warn_before: never, or with the first guess if there are no more before.
UPDATE otp_policy SET free_guesses = 100, max_consecutive = 3, stop_for = NULL, warn_before = 0 WHERE purpose = 'default';
SELECT otp_issue('stop-8')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-8', :'code', 1, 4);
SELECT events_of('stop-8');
UPDATE otp_policy SET warn_before = 7 WHERE purpose = 'default';
SELECT otp_issue('stop-9')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-9', :'code', 1, 4);
SELECT events_of('stop-9');
UPDATE otp_policy SET max_consecutive = 1 WHERE purpose = 'default';
SELECT otp_issue('stop-10')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-10', :'code', 1, 2);
SELECT events_of('stop-10');
-- They stay if the guess is rolled back; without a trail there are none.
UPDATE otp_policy SET max_consecutive = 2, warn_before = 1 WHERE purpose = 'default';
SELECT otp_issue('stop-11')::text AS code \gset
BEGIN;
SELECT count(*) FROM wrong_guesses('stop-11', :'code', 1, 2);
ROLLBACK;
SELECT events_of('stop-11');
UPDATE otp_policy SET trail = 'none' WHERE purpose = 'default';
SELECT otp_issue('stop-12')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-12', :'code', 1, 2);
SELECT events_of('stop-12');
UPDATE otp_policy SET trail = 'all' WHERE purpose = 'default';

-- Spent at once, the count starts anew whatever becomes of the transaction.
UPDATE otp_policy SET free_guesses = 100, max_consecutive = 3, spent_at_once = true WHERE purpose = 'default';
SELECT otp_issue('stop-14')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-14', :'code', 1, 2);
BEGIN;
SELECT otp_verify('stop-14', :'code') AS right;
ROLLBACK;
SELECT otp_issue('stop-14')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-14', :'code', 11, 12);
UPDATE otp_policy SET spent_at_once = false WHERE purpose = 'default';

-- requirement 5: to be forgotten and to come again does not help.
SELECT otp_issue('stop-15')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-15', :'code', 1, 2);
SELECT otp_forget('stop-15') > 0 AS forgotten;
SELECT count(*) FROM otp_baseline WHERE user_id = 'stop-15';
SELECT otp_issue('stop-15')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-15', :'code', 11, 12);
-- Of several purposes, the one that counts the most guesses is kept.
SELECT otp_issue('stop-17')::text AS code, otp_issue('stop-17', 'payment')::text AS payment, otp_issue('stop-17', 'transfer')::text AS transfer \gset
SELECT count(*) FROM wrong_guesses('stop-17', :'code', 1, 1);
SELECT otp_verify('stop-17', :'payment', 'payment') AS right;
SELECT count(*) FROM wrong_guesses('stop-17', :'code', 2, 2);
SELECT otp_verify('stop-17', :'transfer', 'transfer') AS right;
SELECT otp_forget('stop-17') > 0 AS forgotten;
SELECT otp_issue('stop-17')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-17', :'code', 3, 3);
-- A baseline beyond the user's total, of a budget that is no more, counts for nothing.
INSERT INTO otp_baseline VALUES (60, 1, 'stop-18', 'login');
SELECT otp_issue('stop-18')::text AS code \gset
SELECT n, reason, attempts_left FROM wrong_guesses('stop-18', :'code', 1, 4);
SELECT otp_unlock('stop-15'), otp_unlock('stop-nobody') AS nobody;
SELECT otp_issue('stop-15')::text AS code \gset
SELECT reason FROM otp_attempt('stop-15', :'code');

-- What an operator sees.
UPDATE otp_policy SET max_consecutive = 3, lifetime = '5 minutes' WHERE purpose = 'default';
SELECT otp_issue('stop-16')::text AS code \gset
SELECT count(*) FROM wrong_guesses('stop-16', :'code', 1, 2);
SELECT purpose, expires_at - issued_at AS life, attempts_left, wrong_guesses, level, delayed_until, consecutive, stopped_until,
       authenticators, recovery_codes
  FROM otp_status('stop-16');
SELECT credential_id, otp_confirm('stop-16', hotp_at('GEZDGNBV', 0)::text) AS confirmed FROM otp_enroll('stop-16', 'hotp', secret => 'GEZDGNBV') \gset
SELECT count(*) FROM otp_recovery_codes('stop-16', 7);
SELECT count(*) FROM wrong_guesses('stop-16', :'code', 3, 3);
SELECT purpose, issued_at IS NOT NULL AS live, wrong_guesses, consecutive, stopped_until, authenticators, recovery_codes FROM otp_status('stop-16');
SELECT otp_cancel('stop-16');
UPDATE otp_policy SET free_guesses = 1, max_consecutive = NULL WHERE purpose = 'default';
SELECT purpose, issued_at, expires_at, attempts_left, delayed_until = last_at + interval '1 hour' AS an_hour, consecutive
  FROM otp_status('stop-16'), otp_budget WHERE user_id = 'stop-16';
SELECT purpose, wrong_guesses, level, authenticators, recovery_codes FROM otp_status('stop-nobody');
DELETE FROM otp_policy WHERE purpose = 'payment';
SELECT purpose FROM otp_status('stop-nobody');
SELECT failure('SELECT otp_status(NULL)'), failure('SELECT otp_status('''')'), failure('SELECT otp_unlock(NULL)'), failure('SELECT otp_unlock('''')');
BEGIN READ ONLY;
SELECT purpose, wrong_guesses FROM otp_status('stop-16');
SELECT failure('SELECT otp_unlock(''stop-16'')');
COMMIT;
SELECT reset_policy();
DROP FUNCTION wrong_guesses, events_of;
