-- otp_forget: all of a user is gone, but for what the limits need.
-- Requirements: 5, 32, 40, 41.

UPDATE otp_policy SET free_guesses = 3, first_delay = '1 hour', longest_delay = '1 hour', forgive_every = '30 days' WHERE purpose = 'default';
SELECT active('forget-1', 'hotp', rfc_secret()) > 0 AS enrolled, count(*) AS codes FROM otp_recovery_codes('forget-1');
SELECT otp_issue('forget-1') IS NOT NULL AS issued, otp_issue('forget-1', 'second') IS NOT NULL AS second;
SELECT reason FROM unnest('{WRANG,WRENG}'::text[]) AS guess, LATERAL otp_attempt('forget-1', guess);
SELECT (SELECT count(*) FROM otp_challenge WHERE user_id = 'forget-1') AS codes,
       (SELECT count(*) FROM otp_credential WHERE user_id = 'forget-1') AS authenticators,
       (SELECT count(*) FROM otp_recovery WHERE user_id = 'forget-1') AS recovery,
       (SELECT count(*) FROM otp_event WHERE user_id = 'forget-1') AS trail,
       (SELECT count(*) FROM otp_budget WHERE user_id = 'forget-1') AS budget;
BEGIN;
SELECT otp_forget('forget-1');
SELECT failure('SELECT otp_issue(''forget-1'')') AS in_the_same_transaction;
ROLLBACK;
SELECT count(*) FROM otp_credentials('forget-1');
SELECT otp_forget('forget-1'), otp_forget('forget-1') AS again, otp_forget('forget-nobody') AS nobody;
SELECT t, count(*) FROM (SELECT 'challenge' AS t, user_id FROM otp_challenge UNION ALL SELECT 'credential', user_id FROM otp_credential
                         UNION ALL SELECT 'recovery', user_id FROM otp_recovery UNION ALL SELECT 'event', user_id FROM otp_event
                         UNION ALL SELECT 'budget', user_id FROM otp_budget) AS kept
 WHERE user_id = 'forget-1' GROUP BY 1;
-- requirement 40: that somebody was forgotten, and by whom, stays in the trail; not who, and not of a call that removed nothing.
SELECT user_id, purpose, outcome, role = session_user AS own_role, detail FROM otp_activity WHERE outcome = 'forgotten' ORDER BY at;
-- The pseudonym does not tell who it was.
SELECT regexp_replace(user_id, '[0-9a-f]{32}$', 'hex') AS pseudonym, total FROM otp_budget WHERE user_id LIKE 'forgotten:%';
-- requirement 5: whoever comes again goes on where he was.
SELECT otp_issue('forget-1')::text AS code \gset
SELECT total, level > 1.9 AS level FROM otp_budget WHERE user_id = 'forget-1';
SELECT reason, retry_at > now() AS delay FROM otp_attempt('forget-1', 'WRONG');
-- Forgotten again: the pseudonym has the newest counts; also in another key's time.
SELECT otp_forget('forget-1') > 0 AS forgotten;
SELECT total FROM otp_budget WHERE user_id LIKE 'forgotten:%';
SELECT otp_rotate_key() > 1 AS rotated;
SELECT otp_issue('forget-1') IS NOT NULL AS issued;
SELECT reason FROM otp_attempt('forget-1', 'WRONG');
SELECT otp_forget('forget-1') > 0 AS forgotten, count(*) AS pseudonyms FROM otp_budget WHERE user_id LIKE 'forgotten:%';
SELECT credential_id > 0 AS enrolled FROM otp_enroll('forget-1');
SELECT total FROM otp_budget WHERE user_id = 'forget-1';
-- One who never guessed wrong leaves nothing.
SELECT otp_issue('forget-2') IS NOT NULL AS issued, otp_forget('forget-2');
SELECT count(*) AS pseudonyms FROM otp_budget WHERE user_id LIKE 'forgotten:%';
-- Nobody can be called as a pseudonym is.
SELECT failure($$SELECT otp_issue('forgotten:1')$$), (otp_attempt('forgotten:1:x', '123456')).reason,
       failure($$SELECT otp_enroll('forgotten:')$$), failure($$SELECT otp_forget('forgotten:1')$$);
SELECT user_id = '' AS nobody FROM otp_event ORDER BY at DESC LIMIT 1;
-- Nothing is kept for good under a key that a rollback takes away.
SELECT otp_issue('forget-3')::text AS code \gset
SELECT otp_verify('forget-3', 'WRONG');
BEGIN;
SELECT otp_rotate_key() > 1 AS rotated;
SELECT failure('SELECT otp_forget(''forget-3'')');
ROLLBACK;
-- A budget that is not there is not made anew from zero.
SELECT otp_forget('forget-3') > 0 AS forgotten;
SELECT active('forget-3', 'hotp', rfc_secret()) > 0 AS enrolled;
SELECT charged('forget-3');
DELETE FROM otp_budget WHERE user_id = 'forget-3';
SELECT otp_verify('forget-3', 'WRENG');
SELECT charged('forget-3');
SELECT failure('SELECT otp_forget(NULL)'), failure('SELECT otp_forget('''')');
BEGIN READ ONLY;
SELECT failure('SELECT otp_forget(''x'')');
COMMIT;
-- Messages go with their user, whatever their state; those of others stay.
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
  VALUES ('forget', 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"code": "{code}"}', '{200}', 'Bank');
SELECT count(otp_send('forget-' || i, 'x', 'forget')) FROM generate_series(8, 9) AS i;
SELECT count(otp_delivered(message_id, lease, 'id')) FROM otp_claim('worker');
SELECT otp_send_again('forget-8') > 0 AS queued;
SELECT otp_forget('forget-8') > 0 AS forgotten;
SELECT user_id, state FROM otp_message;
SELECT otp_receipt('forget', 'id', 'delivered');
SELECT count(*) FROM otp_event WHERE user_id = 'forget-8';
DELETE FROM otp_message;
DELETE FROM otp_channel;
-- requirement 32: what was handed out counts after forgetting, too, and the cool-down holds; without the user's name.
INSERT INTO otp_policy (purpose, issues_per_user, cool_down) VALUES ('counted', 2, NULL), ('cool', NULL, '1 day'), ('unlimited', NULL, NULL);
CREATE VIEW kept AS
  SELECT 'code' AS t, user_id AS who, purpose, state::text AS what FROM otp_challenge
  UNION ALL SELECT 'quota', subject, purpose,
                   (issues_1 + issues_2 + issues_3 + issues_4 + issues_5 + issues_6 + issues_7 + issues_8)::text FROM otp_quota WHERE scope = 'user';
CREATE FUNCTION issue(name text, purpose text) RETURNS text
LANGUAGE sql AS $$ SELECT left(failure(format('SELECT otp_issue(%L, %L)', name, purpose)), 5) $$;
SELECT purpose, issue('forget-4', purpose) FROM unnest('{counted,cool,unlimited}'::text[]) AS purpose;
SELECT t, purpose, what FROM kept WHERE who = 'forget-4' ORDER BY 1, 2;
BEGIN;
SELECT otp_forget('forget-4') > 0 AS forgotten;
ROLLBACK;
SELECT t, purpose, what FROM kept WHERE who = 'forget-4' ORDER BY 1, 2;
SELECT issue('forget-4', 'counted') AS second, issue('forget-4', 'counted') AS third;
SELECT otp_forget('forget-4') > 0 AS forgotten;
SELECT t, regexp_replace(who, '\d+:[0-9a-f]{32}$', 'key:hex') AS who, purpose, what FROM kept
 WHERE who = 'forget-4' OR who LIKE 'forgotten:%' ORDER BY 1, 3;
SELECT expires_at, total_at_issue, context_tag, nonce FROM otp_challenge WHERE user_id LIKE 'forgotten:%';
SELECT purpose, issue('forget-4', purpose) FROM unnest('{counted,cool,unlimited}'::text[]) AS purpose;
SELECT otp_forget('forget-4') > 0 AS forgotten, issue('forget-5', 'counted') AS another, issue('forget-5', 'cool') AS another;
-- Neither another key nor another window nor to be forgotten again refills it; whoever comes again goes on counting.
UPDATE otp_policy SET issues_per_user = 3, issue_window = '2 hours' WHERE purpose = 'counted';
SELECT otp_rotate_key() > 1 AS rotated;
SELECT purpose, issue('forget-4', purpose) FROM unnest('{counted,counted,cool}'::text[]) AS purpose;
SELECT otp_forget('forget-4') > 0 AS forgotten;
SELECT t, count(*), max(what) FROM kept WHERE who LIKE 'forgotten:%' GROUP BY 1 ORDER BY 1;
SELECT purpose, issue('forget-4', purpose) FROM unnest('{counted,cool}'::text[]) AS purpose;
-- Nor is a key dropped by which he is told; a destination may be called anything.
CREATE FUNCTION drop_writing_key() RETURNS text
LANGUAGE sql AS $$
  DELETE FROM otp_challenge;
  DELETE FROM otp_credential;
  DELETE FROM otp_recovery;
  DELETE FROM otp_budget WHERE user_id LIKE 'forgotten:%';
  SELECT regexp_replace(failure('DELETE FROM otp_key WHERE state = ''writing''', true), '\d+', '(n)', 'g')
$$;
BEGIN;
SELECT drop_writing_key();
ROLLBACK;
BEGIN;
UPDATE otp_quota SET scope = 'destination' WHERE subject LIKE 'forgotten:%';
SELECT drop_writing_key();
ROLLBACK;
-- requirement 41: it is purged when its time has passed, not before and not later, and then is as if it had never been.
SELECT otp_purge() >= 0 AS purged;
SELECT t, count(*) FROM kept WHERE who LIKE 'forgotten:%' GROUP BY 1 ORDER BY 1;
UPDATE otp_challenge SET issued_at = issued_at - interval '1 day' WHERE user_id LIKE 'forgotten:%';
UPDATE otp_quota SET slot = slot - 8 WHERE subject LIKE 'forgotten:%';
SELECT purpose, issue('forget-4', purpose) FROM unnest('{counted,cool}'::text[]) AS purpose;
SELECT otp_purge() >= 0 AS purged;
SELECT count(*) FROM kept WHERE who LIKE 'forgotten:%';
-- What has passed when the user is forgotten is not kept at all.
UPDATE otp_challenge SET issued_at = issued_at - interval '1 day' WHERE user_id = 'forget-4';
UPDATE otp_quota SET slot = slot - 8 WHERE subject = 'forget-4';
SELECT otp_forget('forget-4') > 0 AS forgotten;
SELECT count(*) FROM kept WHERE who LIKE 'forgotten:%' OR who = 'forget-4';
DROP FUNCTION issue, drop_writing_key;
DROP VIEW kept;
SELECT reset_policy();
-- These would keep the extension from being dropped.
DROP FUNCTION active, next_counter, pair, day_pair, at_step, day_secret, rfc_secret;
