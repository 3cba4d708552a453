-- How soon and how often codes are issued.  To let time pass, the tests move what is stored.
-- Requirements: 32.
SELECT reset_policy();

-- cool_down: the next code of that user and purpose has to wait, whatever has become of the last one.
UPDATE otp_policy SET cool_down = '1 hour';
SELECT otp_issue('quota-1')::text AS code \gset
SELECT regexp_replace(failure($$SELECT otp_issue('quota-1')$$, true), '[0-9]{4}-[^|]*\.', '(time).');
SELECT otp_resend('quota-1')::text = :'code' AS resent, otp_verify('quota-1', :'code') AS spent;
SELECT failure($$SELECT otp_issue('quota-1')$$) AS spent, failure($$SELECT otp_issue('quota-1', 'payment')$$) AS other_purpose,
       failure($$SELECT otp_issue('quota-2')$$) AS other_user;
UPDATE otp_challenge SET issued_at = issued_at - interval '59 minutes' WHERE user_id = 'quota-1';
SELECT failure($$SELECT otp_issue('quota-1')$$) AS after_59_minutes;
UPDATE otp_challenge SET issued_at = issued_at - interval '1 minute' WHERE user_id = 'quota-1' AND purpose = 'login';
SELECT failure($$SELECT otp_issue('quota-1')$$) AS after_60_minutes, failure($$SELECT otp_issue('quota-1')$$) AS once;
-- What is rolled back was not issued.
BEGIN;
SELECT otp_issue('quota-3') IS NOT NULL AS issued;
SELECT failure($$SELECT otp_issue('quota-3')$$) AS again;
ROLLBACK;
SELECT failure($$SELECT otp_issue('quota-3')$$) AS issued;
-- The refusals are recorded, also of transactions that were rolled back.
SELECT user_id, purpose, reason, count(*) FROM otp_event WHERE event = 'refused' AND user_id LIKE 'quota-%' GROUP BY 1, 2, 3 ORDER BY 1;
-- One purpose can have another one, or none.
INSERT INTO otp_policy (purpose, cool_down) VALUES ('quick', '0');
SELECT otp_issue('quota-1', 'quick') IS NOT NULL AS first, otp_issue('quota-1', 'quick') IS NOT NULL AS second;
DELETE FROM otp_policy WHERE purpose = 'quick';

-- issues_per_user: so many are handed out in any issue_window, issued or resent.
UPDATE otp_policy SET cool_down = '0', issues_per_user = 3, issue_window = '7 hours';
-- So much time passes for all counts.  A slot has an hour.
CREATE FUNCTION pass_slots(n integer) RETURNS void
LANGUAGE sql AS $$
  UPDATE otp_quota SET slot = slot - n,
    issues_1 = counts[((0 + n) % 8 + 8) % 8 + 1], issues_2 = counts[((1 + n) % 8 + 8) % 8 + 1],
    issues_3 = counts[((2 + n) % 8 + 8) % 8 + 1], issues_4 = counts[((3 + n) % 8 + 8) % 8 + 1],
    issues_5 = counts[((4 + n) % 8 + 8) % 8 + 1], issues_6 = counts[((5 + n) % 8 + 8) % 8 + 1],
    issues_7 = counts[((6 + n) % 8 + 8) % 8 + 1], issues_8 = counts[((7 + n) % 8 + 8) % 8 + 1]
  FROM (SELECT scope AS s, subject AS u, purpose AS p,
               ARRAY[issues_1, issues_2, issues_3, issues_4, issues_5, issues_6, issues_7, issues_8] AS counts
          FROM otp_quota) AS old
  WHERE (scope, subject, purpose) = (s, u, p)
$$;
SELECT otp_issue('quota-4') IS NOT NULL AS first, otp_resend('quota-4') IS NOT NULL AS second, otp_issue('quota-4') IS NOT NULL AS third;
SELECT regexp_replace(failure($$SELECT otp_issue('quota-4')$$, true), '[0-9]{4}-[^|]*\.', '(time).');
SELECT failure($$SELECT otp_resend('quota-4')$$) AS resent, failure($$SELECT otp_issue('quota-4', 'payment')$$) AS other_purpose,
       failure($$SELECT otp_issue('quota-5')$$) AS other_user;
-- No rollback gives one back, and no transaction has to end first.
BEGIN;
SELECT count(otp_issue('quota-6')) FROM generate_series(1, 2);
SAVEPOINT s;
SELECT otp_issue('quota-6') IS NOT NULL AS third;
ROLLBACK TO s;
SELECT failure($$SELECT otp_issue('quota-6')$$) AS fourth;
ROLLBACK;
SELECT failure($$SELECT otp_issue('quota-6')$$) AS after_rollback;
DO $$ BEGIN PERFORM otp_issue('quota-7'); RAISE EXCEPTION 'undone'; EXCEPTION WHEN OTHERS THEN END $$;
SELECT issues_1 + issues_2 + issues_3 + issues_4 + issues_5 + issues_6 + issues_7 + issues_8 AS counted FROM otp_quota WHERE subject = 'quota-7';
-- A success does not give one back either, nor does cancelling.
SELECT otp_issue('quota-8')::text AS code \gset
SELECT otp_verify('quota-8', :'code') AS right, otp_issue('quota-8') IS NOT NULL AS second, otp_cancel('quota-8') AS cancelled,
       otp_issue('quota-8') IS NOT NULL AS third;
SELECT failure($$SELECT otp_issue('quota-8')$$) AS fourth;
-- The window slides: what was handed out counts for seven slots, and until the eighth is over.
SELECT pass_slots(7);
SELECT failure($$SELECT otp_issue('quota-4')$$) AS after_seven_slots;
SELECT pass_slots(1);
SELECT count(otp_issue('quota-4')) FROM generate_series(1, 2);
SELECT pass_slots(4);
SELECT otp_issue('quota-4') IS NOT NULL AS third;
SELECT failure($$SELECT otp_issue('quota-4')$$) AS fourth;
SELECT pass_slots(4);
SELECT count(otp_issue('quota-4')) FROM generate_series(1, 2);
SELECT failure($$SELECT otp_issue('quota-4')$$) AS still_one_of_before;
SELECT pass_slots(1000);
SELECT count(otp_issue('quota-4')) FROM generate_series(1, 3);
SELECT failure($$SELECT otp_issue('quota-4')$$) AS fourth;
-- A clock that goes back gives nothing back, a wider or narrower window neither.
SELECT pass_slots(-3);
SELECT failure($$SELECT otp_issue('quota-4')$$) AS clock_back;
UPDATE otp_policy SET issue_window = '30 days';
SELECT failure($$SELECT otp_issue('quota-4')$$) AS wider;
UPDATE otp_policy SET issue_window = '1 minute';
SELECT failure($$SELECT otp_issue('quota-4')$$) AS narrower;
-- A higher limit counts at once.
UPDATE otp_policy SET issues_per_user = 4, issue_window = '7 hours';
SELECT failure($$SELECT otp_issue('quota-4')$$) AS fourth;
SELECT failure($$SELECT otp_issue('quota-4')$$) AS fifth;

-- issues_per_destination: of all users together, if they name one.
UPDATE otp_policy SET issues_per_user = 2, issues_per_destination = 3;
SELECT otp_issue('quota-10', 'login', '', '+62811')::text AS code \gset
SELECT otp_resend('quota-10', 'login', '', '+62811')::text = :'code' AS resent;
SELECT failure($$SELECT otp_issue('quota-10', 'login', '', '+62811')$$) AS of_user;
SELECT otp_issue('quota-11', 'login', '', '+62811') IS NOT NULL AS third;
SELECT regexp_replace(failure($$SELECT otp_issue('quota-12', 'login', '', '+62811')$$, true), '[0-9]{4}-[^|]*\.', '(time).');
SELECT failure($$SELECT otp_issue('quota-12', 'login', '', '+62812')$$) AS other_destination,
       failure($$SELECT otp_issue('quota-13')$$) AS none, failure($$SELECT otp_issue('quota-13', 'login', '', NULL)$$) AS "null",
       failure($$SELECT otp_issue('quota-14', 'payment', '', '+62811')$$) AS other_purpose;
SELECT scope, subject, purpose, issues_1 + issues_2 + issues_3 + issues_4 + issues_5 + issues_6 + issues_7 + issues_8 AS counted
  FROM otp_quota WHERE subject IN ('quota-10', 'quota-12') OR subject LIKE '+%' ORDER BY 1, 2, 3;
SELECT failure($$SELECT otp_issue('quota-15', 'login', '', '')$$) AS empty,
       failure($$SELECT otp_issue('quota-15', 'login', '', repeat('1', 513))$$) AS long,
       failure($$SELECT otp_issue('quota-15', 'login', '', repeat('1', 512))$$) AS longest;
-- Without a limit nothing is counted.
SELECT reset_policy();
SELECT otp_issue('quota-16', 'login', '', '+62899') IS NOT NULL AS issued;
SELECT count(*) FROM otp_quota WHERE subject IN ('quota-16', '+62899');
-- A user who is forgotten takes his counts along, the destination stays counted.
SELECT otp_forget('quota-10') > 0 AS forgotten, count(*) FILTER (WHERE scope = 'user') AS users, count(*) AS all
  FROM otp_quota WHERE subject IN ('quota-10', '+62811');
SELECT scope, count(*) FROM otp_quota WHERE subject IN ('quota-10', '+62811') GROUP BY 1;
-- Whoever has deleted the counts in the same transaction is told so.
UPDATE otp_policy SET issues_per_user = 3;
BEGIN;
DELETE FROM otp_quota WHERE subject = 'quota-4';
SELECT failure($$SELECT otp_issue('quota-4')$$);
ROLLBACK;
SELECT failure($$SELECT otp_issue('quota-4')$$);
-- A count that the same transaction has changed by hand is refused, not waited for.
UPDATE otp_policy SET cool_down = '0', issues_per_user = 5 WHERE purpose = 'default';
SELECT otp_issue('quota-own') IS NOT NULL AS issued;
BEGIN;
UPDATE otp_quota SET issues_1 = issues_1 WHERE subject = 'quota-own';
SELECT failure($$SELECT otp_issue('quota-own')$$);
ROLLBACK;
SELECT reset_policy();
DROP FUNCTION pass_slots;
