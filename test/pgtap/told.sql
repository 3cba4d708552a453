-- What the end user is told of a guess, who gets what otp_verify says, and what an operator finds out: that it was not
-- accepted, and why.
-- Requirements: 7, 29, 36.

BEGIN;
SELECT plan(17);

UPDATE otp_policy SET free_guesses = 2, first_delay = '1 hour', longest_delay = '1 hour' WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, max_attempts) VALUES ('one guess', 1);
CREATE ROLE regress_otp_told;
SELECT otp_grant('regress_otp_told', 'application');

-- Each way in which a guess fails, with a user of its own: what otp_attempt calls it, and what is guessed.
CREATE TABLE guess (n integer PRIMARY KEY, what text, user_id text, code text, reason text,
                    purpose text DEFAULT 'login');
GRANT SELECT ON guess TO regress_otp_told;
CREATE FUNCTION wrong(code text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lpad(((code::integer + 1) % 1000000)::text, 6, '0');
INSERT INTO guess (n, what, user_id, code, reason) VALUES
  (1, 'an unknown user', 'told-nobody', '123456', 'no_code'),
  (2, 'no user', NULL, '123456', 'no_code'),
  (3, 'a user without a code', 'told-3', '123456', 'no_code'),
  (4, 'a withdrawn code', 'told-4', otp_issue('told-4'), 'no_code'),
  (5, 'a spent code', 'told-5', otp_issue('told-5'), 'replayed'),
  (6, 'a code that is too old', 'told-6', otp_issue('told-6'), 'expired'),
  (7, 'a wrong code', 'told-7', wrong(otp_issue('told-7')::text), 'wrong'),
  (8, 'the code of another context', 'told-8', otp_issue('told-8', 'login', 'a'), 'wrong'),
  (9, 'a code of another purpose', 'told-9', otp_issue('told-9', 'payment'), 'no_code'),
  (10, 'a right code that bears no more guesses', 'told-10', otp_issue('told-10', 'one guess'), 'locked'),
  (11, 'a right code of a user in a delay', 'told-11', otp_issue('told-11'), 'locked'),
  (12, 'a recovery code of another user', 'told-12', (SELECT min(c::text) FROM otp_recovery_codes('told-3') AS c), 'wrong'),
  (13, 'the code of an authenticator that is not confirmed', 'told-13', '755224', 'no_code');
UPDATE guess SET purpose = 'one guess' WHERE n = 10;
SELECT otp_issue('told-3'), otp_cancel('told-3'), otp_cancel('told-4'), otp_verify('told-5', (SELECT code FROM guess WHERE n = 5)),
       otp_recovery_codes('told-12', 1), otp_enroll('told-13', 'hotp', secret => otp_secret('12345678901234567890'::bytea)) \g /dev/null
DELETE FROM otp_recovery WHERE user_id = 'told-3';
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'told-6';
SELECT otp_verify('told-10', wrong(code), 'one guess') FROM guess WHERE n = 10 \g /dev/null
SELECT otp_verify('told-11', wrong(code)), otp_verify('told-11', wrong(wrong(code))) FROM guess WHERE n = 11 \g /dev/null

-- The end user: false, whatever it was.
SET ROLE regress_otp_told;
SELECT is(otp_verify(user_id, code, purpose), false, what || ' is not accepted, and that is all that is said')
  FROM guess ORDER BY n;
SELECT is(otp_verify('told-7', 'no code!'), false, 'nor is what cannot be a code, in no other words');
SELECT throws_ok('TABLE otp_event', '42501', NULL, 'the application does not read the trail');
RESET ROLE;

-- The operator: which it was, and where the guess came from.
SELECT results_eq(
  $$SELECT n, e.reason COLLATE "default", e.role IS NOT NULL FROM guess AS g
      JOIN LATERAL (SELECT * FROM otp_event AS e WHERE e.user_id = coalesce(g.user_id, '') AND e.purpose = g.purpose AND e.event = 'rejected'
                    ORDER BY at DESC LIMIT 1) AS e ON true ORDER BY n$$,
  $$SELECT n, reason, true FROM guess ORDER BY n$$, 'the trail says which it was');
SELECT is((SELECT count(*)::integer FROM otp_event AS e JOIN guess AS g ON strpos(e::text, g.code) > 0
             WHERE e.user_id LIKE 'told-%'), 0, 'and no code');

SELECT * FROM finish();
ROLLBACK;
