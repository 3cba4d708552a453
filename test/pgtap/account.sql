-- The life of an account, as an application's role leads it: a phone is enrolled, confirmed and used, its codes are tried
-- again, its clock is brought back into step; a token beside it; recovery codes when the phone is lost; delays; the trail;
-- and the end.
-- Requirements: 8, 11, 12, 14, 15, 18, 25, 26, 36, 40.

BEGIN;
SELECT plan(76);

UPDATE otp_policy SET free_guesses = 100, first_delay = '1 hour', longest_delay = '1 hour' WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, methods) VALUES ('letter', '{issued}'), ('token only', '{hotp}');

CREATE ROLE regress_otp_account;
SELECT otp_grant('regress_otp_account', 'application');

-- A phone that shows a code a day, of ten digits: no test depends on the moment, and no two codes are the same.
SELECT otp_secret_generate(20, 'SHA1', 10, 86400) AS phone, otp_secret_generate(32, 'SHA256', 10, 86400) AS token,
       floor(extract(epoch FROM now()) / 86400)::bigint AS today \gset
CREATE FUNCTION shown(secret otp_secret, n bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN hotp_at(secret, n)::text;
CREATE FUNCTION charged(claimed text) RETURNS bigint
LANGUAGE sql STABLE
RETURN (SELECT total FROM otp_budget WHERE user_id = claimed);

SET ROLE regress_otp_account;
SELECT throws_ok('TABLE otp_credential', '42501', NULL, 'the application reads no secrets');
SELECT throws_ok('TABLE otp_recovery', '42501', NULL, 'and no seeds of recovery codes');

-- Enrolled.
SELECT credential_id AS id, uri
  FROM otp_enroll('account-alice', label => 'phone', issuer => 'Example', secret => :'phone', window_size => 5) \gset
SELECT matches(:'uri'::text, '^otpauth://totp/Example:account-alice\?secret=[A-Z2-7]{32}&', 'the URI is for an app');
SELECT is(otp_secret_key(:'uri'::text::otp_secret), otp_secret_key(:'phone'::text::otp_secret), 'and has the secret');
SELECT is(otp_verify('account-alice', shown(:'phone', :today)), false, 'what is pending verifies nothing');
SELECT is((otp_attempt('account-alice', shown(:'phone', :today))).reason, 'no_code', 'there is nothing to guess at');
SELECT is(state, 'pending', 'it is pending') FROM otp_credentials('account-alice');
SELECT is(otp_confirm('account-alice', NULL), false, 'no code does not confirm');
SELECT is(otp_confirm('account-alice', 'please!'), false, 'nor does something else');
RESET ROLE;
SELECT is(charged('account-alice'), 0::bigint, 'which is no guess');
SET ROLE regress_otp_account;
SELECT is(otp_confirm('account-alice', 'nocode'), false, 'nor does a wrong code');
SELECT is(otp_confirm('account-alice', shown(:'phone', :today), :id + 1), false, 'nor the right one of another enrolment');
SELECT is(otp_confirm('account-bob', shown(:'phone', :today)), false, 'nor of another user');

-- Confirmed, by the code of two days ago, so that today's is still to come.
SELECT is(otp_confirm('account-alice', shown(:'phone', :today - 2)), true, 'a code of the phone confirms');
SELECT is(otp_confirm('account-alice', shown(:'phone', :today - 1)), false, 'once');
SELECT is((state, expires_at IS NULL, counter IS NULL, used_at IS NOT NULL), ('active'::text, true, true, true), 'it is active')
  FROM otp_credentials('account-alice');

-- Used.
SELECT is((reason, method), ('replayed'::text, 'totp'::text), 'the code that confirmed does not log in')
  FROM otp_attempt('account-alice', shown(:'phone', :today - 2));
SELECT is((accepted, reason, method), (true, 'accepted'::text, 'totp'::text), 'the next code logs in')
  FROM otp_attempt('account-alice', left(shown(:'phone', :today), 5) || ' ' || right(shown(:'phone', :today), 5));
SELECT is((accepted, reason, method), (false, 'replayed'::text, 'totp'::text), 'once, however it is typed')
  FROM otp_attempt('account-alice', left(shown(:'phone', :today), 3) || '-' || right(shown(:'phone', :today), 7));
SELECT is((otp_attempt('account-alice', shown(:'phone', :today), 'payment')).reason, 'replayed', 'for any purpose');
SELECT is((otp_attempt('account-alice', shown(:'phone', :today - 1))).reason, 'replayed', 'one that was passed over is not accepted later');
SELECT is((otp_attempt('account-bob', shown(:'phone', :today + 1))).reason, 'no_code', 'it is not the code of another user');
SELECT is((otp_attempt('account-alice', shown(:'phone', :today + 1), 'letter')).reason, 'no_code', 'nor one for a purpose that takes letters only');
SELECT is(otp_verify('account-alice', shown(:'phone', :today + 1), 'payment', 'what is paid'), true, 'the next one pays');

-- Somebody else enrolls for the user: a pending one is no more than that, and the next takes its place.
SELECT credential_id AS other FROM otp_enroll('account-alice', label => 'other') \gset
SELECT credential_id AS token_id
  FROM otp_enroll('account-alice', 'hotp', 'token', secret => :'token', counter => 7) \gset
SELECT results_eq($$SELECT label, state FROM otp_credentials('account-alice')$$,
                  $$VALUES ('phone', 'active'), ('token', 'pending')$$, 'one is pending, the last');
SELECT throws_ok(format('SELECT otp_enroll(%L, secret => %L)', 'account-alice', :'phone'), '23505', NULL, 'a secret is enrolled once');
SELECT is(otp_verify('account-alice', shown(:'phone', :today + 2)), true, 'the phone goes on');

-- A token beside it: counters.
SELECT is(otp_confirm('account-alice', shown(:'token', 6)), false, 'a counter behind does not confirm');
SELECT is(otp_confirm('account-alice', shown(:'token', 9), :token_id), true, 'one ahead does');
SELECT is((counter, drift), (10::bigint, NULL::integer), 'and moves the counter') FROM otp_credentials('account-alice') WHERE label = 'token';
SELECT is((otp_attempt('account-alice', shown(:'token', 9))).reason, 'replayed', 'it is spent');
SELECT is((otp_attempt('account-alice', shown(:'token', 7))).reason, 'replayed', 'with those before it');
SELECT is((accepted, method), (true, 'hotp'::text), 'the next one logs in') FROM otp_attempt('account-alice', shown(:'token', 10));
SELECT is((accepted, method), (true, 'totp'::text), 'and so does the phone') FROM otp_attempt('account-alice', shown(:'phone', :today + 3));
SELECT is((otp_attempt('account-alice', shown(:'phone', :today + 4), 'token only')).reason, 'wrong', 'but not where only a token will do');
SELECT is(otp_verify('account-alice', shown(:'token', 11), 'token only'), true, 'which the token does');

-- The phone's clock is off, and the token's button was pressed too often.
SELECT is((otp_attempt('account-alice', shown(:'phone', :today + 40))).reason, 'wrong', 'a clock far ahead is not followed');
SELECT is(otp_resync('account-alice', :id, shown(:'phone', :today + 41), shown(:'phone', :today + 40)), false, 'two codes in the wrong order are none');
SELECT is(otp_resync('account-alice', :id, shown(:'phone', :today + 40), shown(:'phone', :today + 42)), false, 'nor are two that do not follow each other');
SELECT is(otp_resync('account-alice', :id, shown(:'phone', :today + 2), shown(:'phone', :today + 3)), false, 'nor two that have been accepted');
SELECT is(otp_resync('account-alice', :token_id, shown(:'phone', :today + 40), shown(:'phone', :today + 41)), false, 'nor two of another authenticator');
SELECT is(otp_resync('account-bob', :id, shown(:'phone', :today + 40), shown(:'phone', :today + 41)), false, 'nor two for another user');
SELECT is(otp_resync('account-alice', :id, shown(:'phone', :today + 40), shown(:'phone', :today + 41)), true, 'two that follow each other bring it back into step');
SELECT is(otp_resync('account-alice', :id, shown(:'phone', :today + 40), shown(:'phone', :today + 41)), false, 'once');
SELECT is((otp_attempt('account-alice', shown(:'phone', :today + n))).reason, 'replayed', 'and code ' || n || ' of the two is spent')
  FROM generate_series(40, 41) AS n;
SELECT ok(drift BETWEEN 39 AND 41, 'the drift is known') FROM otp_credentials('account-alice') WHERE label = 'phone';
SELECT is(otp_verify('account-alice', shown(:'phone', :today + 42)), true, 'the phone goes on from there');
SELECT is(otp_verify('account-alice', shown(:'token', 60)), false, 'a token far ahead is not followed');
SELECT is(otp_resync('account-alice', :token_id, shown(:'token', 60), shown(:'token', 61)), true, 'it is brought back into step');
SELECT is(otp_verify('account-alice', shown(:'token', 62)), true, 'and goes on from there');

-- The phone is lost.
SELECT is(otp_recovery_left('account-alice'), 0, 'there are no recovery codes yet');
SELECT array_agg(c::text) AS codes FROM otp_recovery_codes('account-alice') AS c \gset
SELECT is((SELECT (count(DISTINCT c), bool_and(c ~ '^[2-9A-HJ-NP-Z]{12}$'))::text FROM unnest(:'codes'::text[]) AS c), '(10,t)', 'ten codes, of 12 symbols');
SELECT is((accepted, method), (true, 'recovery'::text), 'one of them logs in, as it is typed')
  FROM otp_attempt('account-alice', (SELECT lower(regexp_replace((:'codes'::text[])[4], '(....)', '\1-', 'g'))));
SELECT is((otp_attempt('account-alice', (:'codes'::text[])[4])).reason, 'replayed', 'once');
SELECT is(otp_recovery_left('account-alice'), 9, 'nine are left');
SELECT is(otp_verify('account-bob', (:'codes'::text[])[5]), false, 'they are nobody else''s');
SELECT is(otp_revoke('account-bob', :id), false, 'nobody else revokes the phone');
SELECT is(otp_revoke('account-alice', :id), true, 'the phone is revoked');
SELECT is(otp_revoke('account-alice', :id), false, 'once');
SELECT is((otp_attempt('account-alice', shown(:'phone', :today + 43))).reason, 'wrong', 'and logs in no more');
SELECT results_eq($$SELECT label FROM otp_credentials('account-alice')$$, $$VALUES ('token')$$, 'the token is left');
SELECT c::text AS fresh FROM otp_recovery_codes('account-alice', 1) AS c \gset
SELECT is((otp_attempt('account-alice', (:'codes'::text[])[6])).reason, 'wrong', 'a new set of recovery codes voids the old one');

-- A delay holds for all that can be guessed at.
RESET ROLE;
UPDATE otp_policy SET free_guesses = charged('account-alice') + 1 WHERE purpose = 'default';
SELECT otp_enroll('account-alice', secret => :'phone') IS NOT NULL AS enrolled \gset
SET ROLE regress_otp_account;
SELECT is((reason, attempts_left), ('wrong'::text, 0), 'one more wrong guess') FROM otp_attempt('account-alice', 'another');
SELECT is((otp_attempt('account-alice', code)).reason, 'locked', 'then it is too late for ' || what)
  FROM (VALUES ('the token', shown(:'token', 63)), ('a recovery code', :'fresh')) AS v (what, code);
SELECT is(otp_confirm('account-alice', shown(:'phone', :today)), false, 'and for confirming');
SELECT is(otp_resync('account-alice', :token_id, shown(:'token', 63), shown(:'token', 64)), false, 'and for resynchronising');

-- What has happened.
RESET ROLE;
SELECT is((SELECT string_agg(format('%s %s %s', n, event, coalesce(reason, method)), ', ' ORDER BY event, coalesce(reason, method) COLLATE "C")
             FROM (SELECT event, reason, CASE event WHEN 'rejected' THEN NULL ELSE method END AS method, count(*) AS n FROM otp_event
                     WHERE user_id = 'account-alice' GROUP BY 1, 2, 3) AS trail),
          '3 accepted hotp, 1 accepted recovery, 5 accepted totp, 1 confirmed hotp, 1 confirmed totp, 1 enrolled hotp, 3 enrolled totp, '
          '2 issued recovery, 4 rejected locked, 5 rejected no_code, 12 rejected replayed, 10 rejected wrong, 1 resynced hotp, '
          '1 resynced totp, 1 revoked totp', 'the trail tells of it');
SELECT is((SELECT count(*)::integer FROM otp_event AS e WHERE user_id LIKE 'account-%'
             AND (strpos(e::text, :'fresh') > 0 OR strpos(e::text, shown(:'token', 62)) > 0)), 0, 'and of no code');

-- The end.
SELECT cmp_ok(otp_forget('account-alice'), '>', 50::bigint, 'all of it is removed');
SELECT is((SELECT count(*)::integer FROM otp_credentials('account-alice')), 0, 'the token');
SELECT is(otp_recovery_left('account-alice'), 0, 'the recovery codes');
SELECT is((SELECT count(*)::integer FROM otp_event WHERE user_id = 'account-alice'), 0, 'the trail');
SELECT is(charged('account-alice'), NULL, 'the budget');
SELECT is((SELECT count(*)::integer FROM otp_budget WHERE user_id ~ '^forgotten:[0-9]+:[0-9a-f]{32}$'), 1, 'but what the limits need, under a pseudonym');

SELECT * FROM finish();
ROLLBACK;
