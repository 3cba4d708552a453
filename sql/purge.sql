-- otp_purge: what is old and nothing needs goes, and nothing else.
-- Requirements: 5, 6, 31, 32, 40, 41.

-- As short as it can be.
SET otp.trail_keep = '1d';
\set age_trail 'UPDATE otp_event SET at = at - interval ''2 days'';'
UPDATE otp_policy SET free_guesses = 100, max_attempts = 100 WHERE purpose = 'default';
-- What other files have left.
SELECT otp_purge() >= 0 AS first;
SELECT otp_purge() >= 0 AS second;
SELECT otp_purge() AS nothing;

-- Makes all that is kept of a user older; of a quota, what is counted in its last slot.
CREATE FUNCTION make_older(who text, by interval) RETURNS void
LANGUAGE sql AS $$
  UPDATE otp_challenge SET issued_at = issued_at - by, expires_at = expires_at - by WHERE user_id = who;
  UPDATE otp_budget SET last_at = last_at - by WHERE user_id = who;
  UPDATE otp_credential SET made_at = made_at - by, expires_at = expires_at - by WHERE user_id = who;
  UPDATE otp_event SET at = at - by WHERE user_id = who;
  UPDATE otp_quota SET (slot, issues_1, issues_2, issues_3, issues_4, issues_5, issues_6, issues_7, issues_8) =
    (SELECT s, (s % 8 = 0)::integer, (s % 8 = 1)::integer, (s % 8 = 2)::integer, (s % 8 = 3)::integer,
            (s % 8 = 4)::integer, (s % 8 = 5)::integer, (s % 8 = 6)::integer, (s % 8 = 7)::integer
       FROM (SELECT slot - (extract(epoch FROM by) * 1000000 / width)::bigint) AS older (s)) WHERE subject = who;
$$;
CREATE FUNCTION rows_of(who text) RETURNS text
LANGUAGE sql AS $$
  SELECT string_agg(t || ' ' || n, ', ' ORDER BY t)
    FROM (SELECT 'code', count(*) FROM otp_challenge WHERE user_id = who
          UNION ALL SELECT 'budget', count(*) FROM otp_budget WHERE user_id = who
          UNION ALL SELECT 'baseline', count(*) FROM otp_baseline WHERE user_id = who
          UNION ALL SELECT 'quota', count(*) FROM otp_quota WHERE subject = who
          UNION ALL SELECT 'credential', count(*) FROM otp_credential WHERE user_id = who
          UNION ALL SELECT 'event', count(*) FROM otp_event WHERE user_id = who) AS kept (t, n)
    WHERE n > 0
$$;

-- Arguments.
SELECT failure('SELECT otp_purge(NULL)', true);
SELECT failure('SELECT otp_purge(''-1 second'')', true);
SELECT failure('SELECT otp_purge(batch => NULL)', true);
SELECT failure('SELECT otp_purge(batch => 0)', true);
SELECT failure('SELECT otp_purge(''300000 years'')');
BEGIN READ ONLY;
SELECT failure('SELECT otp_purge()');
COMMIT;

-- The trail, in batches.
SELECT count(otp_issue('purge-1', 'purpose ' || i)) FROM generate_series(1, 5) AS i;
UPDATE otp_event SET at = at - interval '89 days' WHERE user_id = 'purge-1' AND purpose < 'purpose 4';
SELECT otp_purge() AS not_yet;
UPDATE otp_event SET at = at - interval '2 days' WHERE user_id = 'purge-1' AND purpose < 'purpose 4';
SELECT otp_purge(batch => 2) AS two, otp_purge(batch => 2) AS one, otp_purge(batch => 2) AS none, rows_of('purge-1');
-- A rollback brings all back.
SELECT make_older('purge-1', '1 year');
SELECT rows_of('purge-1');
BEGIN;
SELECT otp_purge('1 day'), rows_of('purge-1');
ROLLBACK;
SELECT rows_of('purge-1');
-- Codes first, and then what they needed.
SELECT otp_purge('1 day'), rows_of('purge-1');
SELECT otp_purge('1 day'), rows_of('purge-1');

-- The trail has a floor, and nothing else has: more than a year, if it is not set.
SELECT count(otp_issue('purge-17', 'age ' || age)) FROM unnest('{364,366,368}'::integer[]) AS age;
UPDATE otp_event SET at = at - make_interval(days => split_part(purpose, ' ', 2)::integer) WHERE user_id = 'purge-17';
UPDATE otp_challenge SET expires_at = issued_at WHERE user_id = 'purge-17';
RESET otp.trail_keep;
SHOW otp.trail_keep;
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-17');
SET otp.trail_keep = '365d';
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-17');
SELECT split_part(failure('SET otp.trail_keep = ''1439min'''), ' (', 1) AS failure;
SET otp.trail_keep = '1d';
-- older_than may be longer.
SELECT otp_purge('365 days') >= 0 AS purged, rows_of('purge-17'), otp_purge('100 days') > 0 AS purged, rows_of('purge-17');

-- What is removed from the trail is recorded there: by whom, how much, and how old, whatever the policy is, if it is removed.
SELECT count(otp_issue('purge-17', 'age ' || age)) FROM unnest('{19,30,31}'::integer[]) AS age;
UPDATE otp_event SET at = clock_timestamp() - make_interval(days => split_part(purpose, ' ', 2)::integer) WHERE user_id = 'purge-17';
CREATE TABLE recorded AS SELECT at FROM otp_event WHERE event = 'purged';
CREATE VIEW records AS
  SELECT user_id, purpose, method, outcome, role = session_user AS role, split_part(detail, ' ', 1) AS events,
         at - split_part(detail, ' ', 3)::timestamptz BETWEEN '20 days' AND '20 days 1 hour' AS of_20_days,
         detail ~ '^\d+ before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$' AS in_utc
    FROM otp_activity AS a WHERE outcome = 'purged' AND at NOT IN (TABLE recorded);
SET TimeZone = 'Asia/Kolkata';
SET DateStyle = 'German';
UPDATE otp_policy SET trail = 'none' WHERE purpose = 'default';
BEGIN;
SELECT otp_purge('20 days') > 0 AS purged, rows_of('purge-17');
ROLLBACK;
SELECT count(*) FROM records;
SELECT otp_purge('20 days') > 0 AS purged, otp_purge('20 days') >= 0 AS purged, rows_of('purge-17');
SELECT * FROM records;
-- No purge of the same day removes that.
SELECT otp_purge('0') >= 0 AS purged, otp_purge('0') >= 0 AS purged;
SELECT count(*) FROM records WHERE of_20_days;
UPDATE otp_policy SET trail = 'all' WHERE purpose = 'default';
RESET TimeZone;
RESET DateStyle;
DROP VIEW records;
DROP TABLE recorded;

-- A live code is never old, and a spent one not before its time is over: it is told from a wrong one.
SELECT otp_issue('purge-2')::text AS code \gset
SELECT otp_issue('purge-2', 'spent')::text AS spent \gset
SELECT otp_verify('purge-2', :'spent', 'spent');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-2');
SELECT (otp_attempt('purge-2', :'spent', 'spent')).reason, otp_verify('purge-2', :'code');
-- Nor is anything that is younger, though months have not all the same length.
SELECT otp_issue('purge-2') IS NOT NULL AS issued, otp_purge('361 days -12 months') >= 0 AS purged, otp_resend('purge-2') IS NOT NULL AS live;

-- requirement 32: the cool-down and the counts hold.
INSERT INTO otp_policy (purpose, lifetime, cool_down, issues_per_user, issues_per_destination)
  VALUES ('cool', '10 seconds', '1 day', NULL, NULL), ('counted', NULL, NULL, 1, 1);
SELECT otp_issue('purge-3', 'cool') IS NOT NULL AS issued;
SELECT make_older('purge-3', '23 hours');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-3');
SELECT left(failure('SELECT otp_issue(''purge-3'', ''cool'')'), 5);
SELECT otp_rotate_key() > 0 AS rotated;
SELECT otp_rekey() > 0 AS "left", rows_of('purge-3');
SELECT make_older('purge-3', '2 hours');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-3');
SELECT otp_issue('purge-4', 'counted', '', 'purge-5') IS NOT NULL AS issued;
SELECT make_older('purge-4', '50 minutes'), make_older('purge-5', '50 minutes');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-4'), rows_of('purge-5');
SELECT left(failure('SELECT otp_issue(''purge-4'', ''counted'')'), 5),
       left(failure('SELECT otp_issue(''purge-6'', ''counted'', '''', ''purge-5'')'), 5);
SELECT make_older('purge-4', '20 minutes'), make_older('purge-5', '20 minutes');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-4'), rows_of('purge-5');

-- An enrolment that was not confirmed in time, but no authenticator.
SELECT count((otp_enroll('purge-7', 'hotp', secret => 'GEZDGNBV')).credential_id),
       otp_confirm('purge-7', hotp_at('GEZDGNBV', 0)::text), (otp_enroll('purge-7')).credential_id > 0 AS pending;
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-7');
SELECT make_older('purge-7', '1 day');
:age_trail
SELECT otp_purge() >= 0 AS purged, rows_of('purge-7');
:age_trail
SELECT otp_purge('1 hour') > 0 AS purged, rows_of('purge-7');
SELECT otp_verify('purge-7', hotp_at('GEZDGNBV', 0)::text) AS replayed, otp_verify('purge-7', hotp_at('GEZDGNBV', 1)::text) AS next;

-- requirement 5: a budget stays while a guess counts, however short older_than is.
CREATE FUNCTION guess_wrong(who text, n integer) RETURNS text
LANGUAGE sql AS $$
  SELECT otp_issue(who);
  SELECT otp_attempt(who, 'NOCODE' || i) FROM generate_series(1, n) AS i;
  DELETE FROM otp_challenge WHERE user_id = who;
  SELECT rows_of(who)
$$;
UPDATE otp_policy SET trail = 'none' WHERE purpose = 'default';
SELECT guess_wrong('purge-8', 3);
SELECT make_older('purge-8', '170 minutes');
:age_trail
SELECT otp_purge('0') >= 0 AS purged, rows_of('purge-8');
SELECT make_older('purge-8', '11 minutes');
SELECT otp_purge('1 day') AS younger, rows_of('purge-8'), otp_purge('1 hour') AS purged, rows_of('purge-8') AS gone;
-- A delay is longer than it takes to be forgiven.
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour', longest_delay = '1 hour', forgive_every = '1 minute' WHERE purpose = 'default';
SELECT guess_wrong('purge-9', 1);
SELECT make_older('purge-9', '55 minutes');
:age_trail
SELECT otp_purge('0') >= 0 AS purged, rows_of('purge-9');
SELECT make_older('purge-9', '10 minutes');
:age_trail
SELECT otp_purge('0') > 0 AS purged, rows_of('purge-9');
UPDATE otp_policy SET free_guesses = 100, first_delay = '1 second', forgive_every = '1 hour' WHERE purpose = 'default';
-- A user who has something to guess at has his budget.
SELECT guess_wrong('purge-10', 1), count(*) FROM otp_recovery_codes('purge-10');
SELECT guess_wrong('purge-11', 1), (otp_enroll('purge-11')).uri IS NOT NULL AS enrolled;
SELECT make_older('purge-10', '1 year'), make_older('purge-11', '1 year');
UPDATE otp_credential SET expires_at = clock_timestamp() + interval '1 minute' WHERE user_id = 'purge-11';
SELECT otp_purge() AS purged, rows_of('purge-10'), rows_of('purge-11');

-- requirement 6: consecutive wrong guesses count as long as there is a stop that they count toward.
INSERT INTO otp_policy (purpose, max_consecutive, stop_for) VALUES ('stop', 3, '1 hour'), ('other', 3, NULL);
SELECT guess_wrong('purge-12', 2);
SELECT otp_issue('purge-12', 'stop')::text AS code \gset
SELECT (otp_attempt('purge-12', 'NOCODE3', 'stop')).reason, otp_verify('purge-12', :'code', 'stop');
SELECT otp_issue('purge-12', 'stop') IS NOT NULL AS issued;
SELECT (otp_attempt('purge-12', 'NOCODE' || i, 'stop')).reason FROM generate_series(4, 7) AS i;
SELECT rows_of('purge-12');
DELETE FROM otp_challenge WHERE user_id = 'purge-12';
SELECT make_older('purge-12', '50 minutes');
UPDATE otp_budget SET level = 0 WHERE user_id = 'purge-12';
:age_trail
SELECT otp_purge('0') >= 0 AS purged, rows_of('purge-12');
-- The stop for stop was ended by time; other, for which nothing was guessed, counts from the same acceptance.
SELECT make_older('purge-12', '1 year');
SELECT otp_purge(), rows_of('purge-12');
UPDATE otp_policy SET stop_for = '1 hour' WHERE purpose = 'other';
SELECT otp_purge(), rows_of('purge-12');
-- The acceptance's baseline is the one that counts.
UPDATE otp_policy SET max_consecutive = 5 WHERE purpose IN ('stop', 'other');
SELECT otp_issue('purge-13', 'other')::text AS code \gset
SELECT string_agg((otp_attempt('purge-13', 'NOCODE' || i, 'other')).reason, ' ') FROM generate_series(1, 2) AS i;
CREATE TABLE outdone AS SELECT * FROM otp_baseline WHERE user_id = 'purge-13';
SELECT otp_verify('purge-13', :'code', 'other'), otp_issue('purge-13', 'other') IS NOT NULL AS issued;
INSERT INTO otp_baseline SELECT total, id + n, user_id, purpose FROM outdone, generate_series(1, 2) AS n;
SELECT (otp_attempt('purge-13', 'NOCODE3', 'other')).reason;
SELECT count(*), min(total), max(total) FROM otp_baseline WHERE user_id = 'purge-13';
SELECT consecutive FROM otp_status('purge-13') WHERE purpose = 'other';
SELECT otp_purge() AS purged;
SELECT count(*), min(total), max(total) FROM otp_baseline WHERE user_id = 'purge-13';
SELECT consecutive FROM otp_status('purge-13') WHERE purpose = 'other';
-- Of equal ones one stays.
INSERT INTO otp_baseline SELECT total, id + n, user_id, purpose FROM otp_baseline, generate_series(1, 2) AS n WHERE user_id = 'purge-13';
SELECT otp_purge() AS purged;
SELECT count(*), min(total), max(total) FROM otp_baseline WHERE user_id = 'purge-13';
-- The guess after it still counts, and nothing else would keep the budget.
DELETE FROM otp_challenge WHERE user_id = 'purge-13';
SELECT make_older('purge-13', '1 year');
SELECT otp_purge() AS purged, rows_of('purge-13');
-- Until an operator says that it does not; and then not in a batch that is too small for all of it.
SELECT otp_unlock('purge-13');
SELECT otp_purge(batch => 1) AS purged, rows_of('purge-13'), otp_purge(batch => 2) AS all_of_it, rows_of('purge-13');
-- The last one of a purpose stays, though the budget says more: else what is accepted for another would clear it.
SELECT otp_issue('purge-16', 'stop') IS NOT NULL AS issued;
SELECT (otp_attempt('purge-16', 'NOCODE1', 'stop')).reason, otp_unlock('purge-16');
SELECT otp_issue('purge-16', 'other')::text AS code \gset
SELECT (otp_attempt('purge-16', 'NOCODE2', 'other')).reason;
SELECT otp_purge() AS purged;
SELECT otp_verify('purge-16', :'code', 'other');
SELECT purpose, consecutive FROM otp_status('purge-16') WHERE purpose IN ('stop', 'other');
-- Baselines of nobody.
INSERT INTO otp_baseline VALUES (7, 1, 'purge-14', 'other');
SELECT otp_purge() AS purged, rows_of('purge-14');

-- requirement 41: of purposes for which nothing counts one row stays, so that one purpose for each payment leaves no row for each.
CREATE FUNCTION pay(purpose text, wrong boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  code text := otp_issue('purge-17', purpose);
BEGIN
  IF wrong THEN
    PERFORM otp_attempt('purge-17', 'NOCODE' || right(purpose, 1), purpose);
  END IF;
  RETURN otp_verify('purge-17', code, purpose);
END $$;
CREATE FUNCTION baselines() RETURNS TABLE (total bigint, consecutive bigint, "rows" bigint)
LANGUAGE sql AS $$
  SELECT b.total, s.consecutive, count(*) FROM otp_baseline AS b JOIN otp_status('purge-17') AS s USING (purpose)
   WHERE b.user_id = 'purge-17' GROUP BY 1, 2 ORDER BY 1, 2;
$$;
UPDATE otp_policy SET max_consecutive = 5 WHERE purpose = 'default';
SELECT pay('payment:' || i) FROM generate_series(1, 5) AS i;
SELECT * FROM baselines();
SELECT otp_purge() AS purged;
SELECT * FROM baselines();
-- A wrong guess counts toward all purposes but the one for which a code was accepted since.
SELECT pay('payment:6', wrong => true);
SELECT otp_purge() AS purged;
SELECT * FROM baselines();
SELECT pay('payment:' || i) FROM generate_series(7, 8) AS i;
SELECT otp_purge() AS purged;
SELECT * FROM baselines();
-- requirement 6: what is guessed wrong for one purpose afterwards, whether its row is there or not, is cleared by no other.
SELECT otp_issue('purge-17', 'payment:7') IS NOT NULL AS issued;
SELECT (otp_attempt('purge-17', 'NOCODE7', 'payment:7')).reason;
SELECT pay('payment:9');
SELECT otp_purge() AS purged;
SELECT * FROM baselines();
SELECT consecutive FROM otp_status('purge-17') WHERE purpose = 'payment:7';
-- An acceptance that is not committed yet is none, and takes nothing away.
SELECT otp_purge() AS nothing;
BEGIN;
SELECT pay('payment:7');
SELECT otp_purge() AS nothing;
ROLLBACK;
SELECT * FROM baselines();
-- What an operator clears is cleared for all; one row stays as long as the user does.
SELECT otp_unlock('purge-17');
SELECT otp_purge() AS purged;
SELECT * FROM baselines();
UPDATE otp_policy SET max_consecutive = NULL WHERE purpose = 'default';
DROP FUNCTION pay, baselines;
-- A pseudonym as long as it has something to say.
UPDATE otp_policy SET max_consecutive = NULL, stop_for = NULL WHERE purpose IN ('stop', 'other');
SELECT otp_issue('purge-15') IS NOT NULL AS issued;
SELECT count((otp_attempt('purge-15', 'NOCODE' || i)).reason) FROM generate_series(1, 77) AS i;
SELECT otp_forget('purge-15') > 0 AS forgotten;
SELECT otp_purge('0') >= 0 AS purged;
SELECT count(*) AS pseudonyms FROM otp_budget WHERE user_id LIKE 'forgotten:%' AND total = 77;
UPDATE otp_budget SET last_at = last_at - interval '78 hours' WHERE user_id LIKE 'forgotten:%' AND total = 77;
SELECT otp_purge('1 day') > 0 AS purged;
SELECT count(*) AS pseudonyms FROM otp_budget WHERE user_id LIKE 'forgotten:%' AND total = 77;

-- Messages, once code and settlement are old; what was not settled waits for the end of its code alone.
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app, messages_per_destination, messages_per_prefix, prefix_length)
  VALUES ('purge', 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"code": "{code}"}', '{200}', 'Bank', 5, 5, 3);
SELECT count(otp_send('purge-18', 'to-' || p, 'purge', p)) FROM unnest('{taken,sent,failed}'::text[]) AS p;
SELECT count(CASE purpose WHEN 'sent' THEN otp_delivered(message_id, lease) WHEN 'failed' THEN otp_failed(message_id, lease, 'HTTP 400', false) END)
  FROM otp_claim('worker') JOIN otp_message USING (message_id);
SELECT otp_send('purge-18', 'to-queued', 'purge', 'queued') > 0 AS queued;
CREATE FUNCTION messages() RETURNS text
LANGUAGE sql AS $$ SELECT string_agg(purpose, ', ' ORDER BY purpose) FROM otp_message WHERE user_id = 'purge-18' $$;
SELECT otp_purge('0') >= 0 AS purged, messages();
UPDATE otp_message SET expires_at = expires_at - interval '91 days';
BEGIN;
SELECT otp_purge() >= 0 AS purged;
SELECT messages();
ROLLBACK;
SELECT otp_purge('92 days') >= 0 AS purged;
SELECT messages();
SELECT otp_purge() >= 0 AS purged;
SELECT messages();
UPDATE otp_message SET settled_at = settled_at - interval '91 days';
SELECT otp_purge() >= 0 AS purged;
SELECT messages();
-- What was sent to a destination counts as long as the channel's window is.
SELECT scope, subject FROM otp_quota WHERE purpose = 'purge' ORDER BY 1, 2;
SELECT otp_purge('0') >= 0 AS purged, count(*) AS counts FROM otp_quota WHERE purpose = 'purge';
SELECT make_older('to-queued', '50 minutes'), make_older('to-', '50 minutes');
SELECT otp_purge('0') >= 0 AS purged;
SELECT scope, subject FROM otp_quota WHERE purpose = 'purge' AND subject IN ('to-queued', 'to-') ORDER BY 1;
SELECT make_older('to-queued', '20 minutes'), make_older('to-', '20 minutes');
SELECT otp_purge('0') >= 0 AS purged;
SELECT scope, subject FROM otp_quota WHERE purpose = 'purge' ORDER BY 1, 2;
DELETE FROM otp_quota WHERE purpose = 'purge';
DELETE FROM otp_channel;
DROP FUNCTION messages;

DROP TABLE outdone;
DROP FUNCTION make_older, rows_of, guess_wrong;
RESET otp.trail_keep;
SELECT reset_policy();
