-- What is announced of stops: of each purpose that is known of the user, whatever was guessed at, and once.  Requirements: 6, 9, 10, 40.
-- To let time pass, the tests move last_at.
SELECT reset_policy();
UPDATE otp_policy SET max_attempts = 100, free_guesses = 100, lifetime = '1 day';
INSERT INTO otp_policy (purpose, max_consecutive, warn_before) VALUES ('payment', 3, 1);

-- Wrong guesses at a user's code for a purpose, numbered, and what has been announced of him since this was asked last.
CREATE FUNCTION wrong_guesses(claimed text, first integer, last integer, aim text DEFAULT 'login') RETURNS text
LANGUAGE sql AS $$
  SELECT string_agg((otp_attempt(claimed, 'NOCODE' || n, aim)).reason, ' ') FROM generate_series(first, last) AS n
$$;
CREATE TEMP TABLE told (claimed text, events bigint);
CREATE FUNCTION announced(claimed text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  events text[] := ARRAY(SELECT purpose || ' ' || event FROM otp_event
    WHERE user_id = claimed AND event IN ('warned', 'stopped') ORDER BY at, purpose);
  before bigint := coalesce((SELECT max(t.events) FROM told AS t WHERE t.claimed = announced.claimed), 0);
BEGIN
  INSERT INTO told VALUES (claimed, cardinality(events));
  RETURN array_to_string(events[before + 1:], ', ');
END $$;

-- Guesses at a purpose without a stop, which count toward that of another: its warning and its stop come with those.
SELECT otp_issue('said-1') IS NOT NULL AS login, otp_issue('said-1', 'payment') IS NOT NULL AS payment;
SELECT wrong_guesses('said-1', 1, 1, 'payment'), announced('said-1');
SELECT wrong_guesses('said-1', 2, 2), announced('said-1');
SELECT wrong_guesses('said-1', 3, 3), announced('said-1');
-- It is known then: no refusal, and no guess that comes later, says so again.
SELECT wrong_guesses('said-1', 4, 5, 'payment'), announced('said-1');
SELECT wrong_guesses('said-1', 4, 6), announced('said-1');
-- The same wrong guess again costs nothing, and says nothing.
SELECT otp_unlock('said-1');
SELECT wrong_guesses('said-1', 7, 7), announced('said-1');
SELECT wrong_guesses('said-1', 7, 7) || ' ' || wrong_guesses('said-1', 7, 7), announced('said-1');
-- Unlocked, it begins anew.
SELECT wrong_guesses('said-1', 8, 10), announced('said-1');
-- What is not counted for a user yet, is not announced: nobody has guessed at a purpose with a stop.
SELECT otp_issue('said-2') IS NOT NULL AS login, otp_issue('said-2', 'payment') IS NOT NULL AS payment;
SELECT wrong_guesses('said-2', 1, 5), announced('said-2');
SELECT purpose, consecutive FROM otp_status('said-2');
-- A right guess announces nothing.
SELECT otp_issue('said-3')::text AS code, otp_issue('said-3', 'payment') IS NOT NULL AS payment \gset
SELECT wrong_guesses('said-3', 1, 1, 'payment');
SELECT otp_verify('said-3', :'code') AS right, announced('said-3');

-- Where only row default has a stop: all purposes that something is known of, here by a code, and that of the guess; of others
-- the first refusal tells.
DELETE FROM otp_policy WHERE purpose = 'payment';
UPDATE otp_policy SET max_consecutive = 3, warn_before = 1;
SELECT otp_issue('said-4') IS NOT NULL AS login, otp_issue('said-4', 'transfer') IS NOT NULL AS transfer;
SELECT wrong_guesses('said-4', 1, 2), announced('said-4');
SELECT wrong_guesses('said-4', 3, 3), announced('said-4');
SELECT wrong_guesses('said-4', 4, 5, 'transfer') || ' ' || wrong_guesses('said-4', 6, 6), announced('said-4');
SELECT wrong_guesses('said-4', 7, 7, 'wire'), announced('said-4');
SELECT wrong_guesses('said-4', 8, 9, 'wire'), announced('said-4');
-- Nothing of that has made it a purpose that has been judged for, which would not follow what is accepted for others.
SELECT purpose FROM otp_status('said-4');
-- Purpose default speaks for those that nothing is known of, if no other one does that has its policy.
INSERT INTO otp_policy (purpose, warn_before) VALUES ('payment', 2);
SELECT otp_issue('said-11', 'payment') IS NOT NULL AS payment;
SELECT wrong_guesses('said-11', 1, 2, 'payment'), announced('said-11');
SELECT wrong_guesses('said-11', 3, 3, 'payment'), announced('said-11');
SELECT wrong_guesses('said-11', 4, 5, 'payment'), announced('said-11');
SELECT wrong_guesses('said-11', 6, 7), announced('said-11');
DELETE FROM otp_policy WHERE purpose = 'payment';
-- An unknown user has no stop.
SELECT wrong_guesses('said-nobody', 1, 5), announced('said-nobody');
SELECT count(*) FROM otp_baseline WHERE user_id = 'said-nobody';

-- The DBA lowers the mark below what has been guessed: the first refusal tells, once, also if it is rolled back.
UPDATE otp_policy SET max_consecutive = 10;
SELECT otp_issue('said-5') IS NOT NULL AS login;
SELECT wrong_guesses('said-5', 1, 4), announced('said-5');
UPDATE otp_policy SET max_consecutive = 3;
BEGIN;
SELECT wrong_guesses('said-5', 5, 5);
ROLLBACK;
SELECT announced('said-5');
SELECT wrong_guesses('said-5', 6, 8), announced('said-5');
-- Or the first guess for a purpose that is not stopped.
UPDATE otp_policy SET max_consecutive = 10;
SELECT otp_issue('said-6') IS NOT NULL AS login, otp_issue('said-6', 'open') IS NOT NULL AS open;
SELECT wrong_guesses('said-6', 1, 4), announced('said-6');
INSERT INTO otp_policy (purpose, max_consecutive) VALUES ('open', 1000);
UPDATE otp_policy SET max_consecutive = 3 WHERE purpose = 'default';
SELECT wrong_guesses('said-6', 5, 5, 'open'), announced('said-6');
SELECT wrong_guesses('said-6', 6, 6, 'open') || ' ' || wrong_guesses('said-6', 7, 7), announced('said-6');
DELETE FROM otp_policy WHERE purpose = 'open';
-- Below the stop, but past the warning: the next guess warns.
UPDATE otp_policy SET max_consecutive = 10;
SELECT otp_issue('said-7') IS NOT NULL AS login;
SELECT wrong_guesses('said-7', 1, 5), announced('said-7');
UPDATE otp_policy SET max_consecutive = 8, warn_before = 4;
SELECT wrong_guesses('said-7', 6, 6), announced('said-7');
SELECT wrong_guesses('said-7', 7, 8), announced('said-7');
-- Raised, the stop is another one when it comes.
UPDATE otp_policy SET max_consecutive = 10, warn_before = 1;
SELECT wrong_guesses('said-7', 9, 9), announced('said-7');
SELECT wrong_guesses('said-7', 10, 11), announced('said-7');

-- Each purpose is told of by its own policy.
UPDATE otp_policy SET max_consecutive = 3, warn_before = 1, trail = 'none';
INSERT INTO otp_policy (purpose, trail, warn_before) VALUES ('payment', 'rejections', 2);
SELECT otp_issue('said-8') IS NOT NULL AS login;
SELECT wrong_guesses('said-8', 1, 4), announced('said-8');
-- What nobody was told, whoever is refused is.
UPDATE otp_policy SET trail = 'all' WHERE purpose = 'default';
SELECT wrong_guesses('said-8', 5, 6), announced('said-8');
DELETE FROM otp_policy WHERE purpose = 'payment';

-- A stop that time has ended is not prolonged by guesses for another purpose: it counts anew.
INSERT INTO otp_policy (purpose, max_consecutive, stop_for) VALUES ('payment', 3, '30 minutes');
UPDATE otp_policy SET max_consecutive = NULL WHERE purpose = 'default';
SELECT otp_issue('said-9') IS NOT NULL AS login, otp_issue('said-9', 'payment') IS NOT NULL AS payment;
SELECT wrong_guesses('said-9', 1, 4, 'payment'), announced('said-9');
UPDATE otp_budget SET last_at = last_at - interval '30 minutes' WHERE user_id = 'said-9';
SELECT wrong_guesses('said-9', 5, 5), announced('said-9');
SELECT consecutive, stopped_until FROM otp_status('said-9') WHERE purpose = 'payment';
SELECT wrong_guesses('said-9', 6, 6, 'payment') || ' ' || wrong_guesses('said-9', 7, 7), announced('said-9');
SELECT consecutive, stopped_until = last_at + interval '30 minutes' AS half_an_hour
  FROM otp_status('said-9'), otp_budget WHERE purpose = 'payment' AND user_id = 'said-9';
DELETE FROM otp_policy WHERE purpose = 'payment';

-- What has been announced is kept as long as it holds: a purge takes what has been outdone, an acceptance too.
UPDATE otp_policy SET max_consecutive = 3, warn_before = 1 WHERE purpose = 'default';
CREATE FUNCTION notices(claimed text) RETURNS bigint
LANGUAGE sql AS $$ SELECT count(*) FROM otp_baseline WHERE user_id = claimed AND total < 0 $$;
SELECT otp_issue('said-10') IS NOT NULL AS login;
SELECT wrong_guesses('said-10', 1, 4), announced('said-10'), notices('said-10');
SELECT otp_purge('0') > 0 AS purged;
SELECT notices('said-10');
SELECT wrong_guesses('said-10', 5, 5), announced('said-10');
SELECT otp_unlock('said-10');
SELECT otp_purge('0') > 0 AS purged;
SELECT notices('said-10');
SELECT otp_issue('said-10')::text AS code \gset
SELECT wrong_guesses('said-10', 6, 7), announced('said-10'), notices('said-10');
SELECT otp_verify('said-10', :'code') AS right;
SELECT notices('said-10');
-- Whoever is forgotten comes back as one of whom the same is said again.
SELECT otp_issue('said-10') IS NOT NULL AS login;
SELECT wrong_guesses('said-10', 8, 9), announced('said-10'), notices('said-10');
SELECT otp_forget('said-10') > 0 AS forgotten;
DELETE FROM told;
SELECT notices('said-10'), otp_issue('said-10') IS NOT NULL AS login;
SELECT wrong_guesses('said-10', 10, 11), announced('said-10'), notices('said-10');
SELECT reset_policy();
DROP FUNCTION wrong_guesses, announced, notices;
DROP TABLE told;
