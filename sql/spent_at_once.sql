-- requirement 16: a purpose may say that what is accepted is spent at once, whatever becomes of the transaction.
-- Requirements: 16.

UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, spent_at_once) VALUES ('at once', true);
SELECT active('once-1', 'hotp', rfc_secret()) > 0 AS hotp, active('once-1', 'totp', day_secret('g key')) > 0 AS totp;
SELECT otp_issue('once-1', 'at once')::text AS code \gset
SELECT c::text AS recovery FROM otp_recovery_codes('once-1', 2) AS c LIMIT 1 \gset
BEGIN;
SELECT reason, method FROM unnest(ARRAY['755224', at_step(day_secret('g key'), 0), :'code', :'recovery']) AS guess,
       LATERAL otp_attempt('once-1', guess, 'at once');
ROLLBACK;
SELECT reason, method FROM unnest(ARRAY['755224', at_step(day_secret('g key'), 0), :'code', :'recovery']) AS guess,
       LATERAL otp_attempt('once-1', guess, 'at once');
SELECT event, reason, method, count(*) FROM otp_event WHERE user_id = 'once-1' AND purpose = 'at once' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT otp_recovery_left('once-1'), next_counter('once-1'), state FROM otp_challenge WHERE user_id = 'once-1';
SELECT count(*) FILTER (WHERE used_at IS NOT NULL) AS used FROM otp_credentials('once-1');

-- Savepoint, EXCEPTION block, two calls in a statement.
BEGIN;
SAVEPOINT s;
SELECT otp_verify('once-1', '287082', 'at once') AS right, otp_verify('once-1', '287082', 'at once') AS again;
ROLLBACK TO s;
SELECT otp_verify('once-1', '287082', 'at once') AS again;
COMMIT;
DO $$
BEGIN
  PERFORM otp_verify('once-1', '359152', 'at once');
  RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
  NULL;
END $$;
SELECT (otp_attempt('once-1', '359152', 'at once')).reason, next_counter('once-1');
-- Its own transaction's code goes with it.
BEGIN;
SELECT otp_verify('once-2', otp_issue('once-2', 'at once')::text, 'at once');
ROLLBACK;
SELECT count(*) FROM otp_challenge WHERE user_id = 'once-2';
SELECT count(*) FROM otp_event WHERE user_id = 'once-2' AND event = 'accepted';
-- A confirmation goes with the transaction in any case; so does what another purpose accepts.
INSERT INTO otp_policy (purpose, spent_at_once) VALUES ('enroll', true);
SELECT credential_id AS id FROM otp_enroll('once-3', 'hotp', secret => rfc_secret()) \gset
BEGIN;
SELECT otp_confirm('once-3', '755224');
ROLLBACK;
SELECT state, counter FROM otp_credentials('once-3');
BEGIN;
SELECT otp_verify('once-1', '969429') AS in_the_transaction;
ROLLBACK;
SELECT next_counter('once-1'), otp_verify('once-1', '969429', 'at once') AS at_once;
-- Where the trail has no acceptances, none is recorded.
UPDATE otp_policy SET trail = 'rejections' WHERE purpose = 'at once';
SELECT otp_verify('once-1', '338314', 'at once'), count(*) AS accepted FROM otp_event WHERE user_id = 'once-1' AND event = 'accepted';
SELECT count(*) AS accepted FROM otp_event WHERE user_id = 'once-1' AND event = 'accepted';
DELETE FROM otp_policy WHERE purpose IN ('at once', 'enroll');
SELECT reset_policy();
