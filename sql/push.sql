-- Push with number matching: otp_send_push, otp_verify_push, otp_deny_push.
-- Requirements: 2, 5, 10, 20, 31, 32, 33.
\pset format unaligned
SELECT reset_policy();
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
  SELECT k, k, 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"subject": "{subject}", "text": "{text}", "code": "{code}", "context": "{context}"}', '{200}', 'Bank'
    FROM unnest('{push,chat}'::text[]) AS k;
-- The rule of a purpose: issued codes alone, for an authenticator knows no number.
SELECT failure($$INSERT INTO otp_policy (purpose, number_match) VALUES ('push', true)$$), failure($$INSERT INTO otp_policy (purpose, number_match, methods) VALUES ('push', true, '{issued,totp}')$$),
       failure($$INSERT INTO otp_policy (purpose, prompts_per_user) VALUES ('push', 0)$$), failure($$UPDATE otp_policy SET number_match = true WHERE purpose = 'default'$$);
INSERT INTO otp_policy (purpose, number_match, methods) VALUES ('push', true, '{issued}');
SELECT purpose, number_match, prompts_per_user FROM otp_policy_effective ORDER BY 1;
-- Which function, for which channel and purpose.
SELECT failure($$SELECT otp_send('push', 'token', 'push', 'push')$$, true), failure($$SELECT otp_send_push('push', 'token', 'push', 'login')$$, true), failure($$SELECT otp_send_push('push', 'token', 'chat', 'push')$$, true),
       failure($$SELECT otp_send('push', 'token', 'push')$$) AS without_number, failure($$SELECT otp_send('push', 'token', 'chat', 'push')$$) AS no_push,
       failure($$SELECT otp_send('push', '{x,y}'::text[], '{chat,push}'::text[], '{NULL,NULL}'::interval[], 'push')$$) AS in_a_chain;
SELECT failure($$SELECT otp_send_push(NULL, 'token', 'push', 'push')$$), failure($$SELECT otp_send_push('push', NULL, 'push', 'push')$$), failure($$SELECT otp_send_push('push', 'token', NULL, 'push')$$), failure($$SELECT otp_send_push('push', 'token', 'push', NULL)$$),
       failure($$SELECT otp_send_push('push', 'token', 'push', 'push', NULL)$$), failure($$SELECT otp_send_push('push', 'token', 'push', 'push', '', NULL)$$),
       failure($$SELECT otp_verify_push('push', '1', '1', NULL)$$), failure($$SELECT otp_verify_push('push', '1', '1', 'push', NULL)$$), failure($$SELECT otp_deny_push(NULL, 'push')$$), failure($$SELECT otp_deny_push('push', NULL)$$);
BEGIN READ ONLY;
SELECT failure($$SELECT otp_send_push('push', 'token', 'push', 'push')$$), failure($$SELECT otp_verify_push('push', '1', '1', 'push')$$), failure($$SELECT otp_deny_push('push', 'push')$$);
COMMIT;

-- A prompt; its code and number.  The number is for the page of the login: it is in no table, and not in the message.
DELETE FROM otp_message;
CREATE TABLE prompt (number text, code text);
CREATE FUNCTION prompt(who text, context text DEFAULT 'EUR 10') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  shown text := otp_send_push(who, 'token', 'push', 'push', context);
BEGIN
  DELETE FROM prompt;
  INSERT INTO prompt SELECT shown, convert_from(body, 'UTF8')::jsonb ->> 'code' FROM otp_claim('worker');
END $$;
CREATE FUNCTION other(number text, n integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$ SELECT (10 + (number::integer - 10 + n) % 90)::text $$;
SELECT bool_and(number ~ '^[1-9][0-9]$' AND length(number) = 2) AS two_digits, count(DISTINCT number) > 50 AS all_kinds
  FROM (SELECT otp_send_push('number-' || i, 'token', 'push', 'push') AS number FROM generate_series(1, 200) AS i) AS n;
-- But for the code all messages are the same.
WITH claimed AS MATERIALIZED (SELECT m.user_id, convert_from(body, 'UTF8') AS body FROM otp_claim('worker', 1000) JOIN otp_message AS m USING (message_id))
SELECT count(*), count(DISTINCT replace(body, substring(body from '"code": "([0-9]{6})"'), '')) AS the_same_but_for_the_code FROM claimed;
SELECT prompt('push');
SELECT numbered, state FROM otp_message WHERE user_id = 'push';
SELECT (SELECT count(*) FROM otp_message AS m WHERE to_jsonb(m)::text LIKE '%"' || number || '"%') + (SELECT count(*) FROM otp_challenge AS c WHERE to_jsonb(c)::text LIKE '%"' || number || '"%') AS stored FROM prompt;
-- Right with number and context, and once.
SELECT otp_verify_push('push', code, number, 'push', 'EUR 1000') AS other_context, otp_verify_push('push', code, number, 'login', 'EUR 10') AS other_purpose, otp_verify_push('push', code, number, 'push', 'EUR 10') AS right,
       otp_verify_push('push', code, number, 'push', 'EUR 10') AS again FROM prompt;
SELECT event, reason, method FROM otp_event WHERE user_id = 'push' AND purpose = 'push' ORDER BY at;
-- Nothing of the context comes with the number.
SELECT otp_send_push('push-shift', 'token', 'push', 'push', E'pay 9\nto eve') AS number \gset
SELECT substring(convert_from(body, 'UTF8') from '\d{6}') AS code FROM otp_claim('worker') \gset
SELECT otp_verify_push('push-shift', :'code', :'number' || E'\npay 9', 'push', 'to eve') AS shifted, otp_verify_push('push-shift', :'code', :'number', 'push', E'pay 9\nto eve') AS right;
-- Each wrong number is a wrong guess, and none may be left out.
UPDATE otp_policy SET free_guesses = 100, max_attempts = 20 WHERE purpose = 'default';
SELECT prompt('push-2');
SELECT charged('push-2'), otp_verify_push('push-2', code, other(number), 'push', 'EUR 10') AS wrong_number, charged('push-2'), otp_verify_push('push-2', code, other(number), 'push', 'EUR 10') AS the_same, charged('push-2'),
       otp_verify_push('push-2', code, other(number, 2), 'push', 'EUR 10') AS another, charged('push-2'), otp_verify_push('push-2', code, NULL, 'push', 'EUR 10') AS none, charged('push-2'),
       otp_verify_push('push-2', code, '', 'push', 'EUR 10') AS empty, otp_verify_push('push-2', code, repeat(number, 100), 'push', 'EUR 10') AS long, otp_verify_push('push-2', code, number || ' ', 'push', 'EUR 10') AS blank,
       otp_verify_push('push-2', code, number || E'\nEUR 10', 'push', '') AS shifted, charged('push-2') FROM prompt;
SELECT otp_verify('push-2', code, 'push', 'EUR 10') AS without_number, (otp_attempt('push-2', code, 'push', 'EUR 10')).reason, otp_verify('push-2', code, 'push', number) AS number_as_context, charged('push-2') FROM prompt;
SELECT otp_verify_push('push-2', NULL, number, 'push', 'EUR 10') AS no_code, otp_verify_push('push-2', '!', number, 'push', 'EUR 10') AS malformed, otp_verify_push('nobody', code, number, 'push', 'EUR 10') AS nobody,
       otp_verify_push(NULL, code, number, 'push', 'EUR 10') AS no_user FROM prompt;
SELECT otp_verify_push('push-2', code, number, 'push', 'EUR 10') AS right FROM prompt;
-- A code without a number is none with one.
SELECT otp_issue('push-2', 'push', 'EUR 10')::text AS code \gset
SELECT otp_verify_push('push-2', :'code', '42', 'push', 'EUR 10') AS with_number, otp_verify_push('push-2', :'code', '', 'push', 'EUR 10') AS empty, otp_verify('push-2', :'code', 'push', 'EUR 10') AS right;
-- Sent again it is the same code with the same number.
SELECT prompt('push-3');
SELECT otp_send_again('push-3', 'push', 'EUR 10') > 0 AS again;
SELECT convert_from(body, 'UTF8')::jsonb ->> 'code' = prompt.code AS same FROM otp_claim('worker'), prompt;
SELECT otp_verify_push('push-3', code, number, 'push', 'EUR 10') AS right FROM prompt;
-- Refused by the person: no code any more, and an event; a message that still waits is dropped.
SELECT prompt('push-4');
SELECT otp_send_again('push-4', 'push', 'EUR 10') > 0 AS again, otp_deny_push('push-4', 'push') AS denied, otp_deny_push('push-4', 'push') AS again, otp_deny_push('nobody', 'push') AS nobody;
SELECT otp_verify_push('push-4', code, number, 'push', 'EUR 10') AS right FROM prompt;
SELECT count(*) FROM otp_claim('worker');
SELECT event, reason FROM otp_event WHERE user_id = 'push-4' ORDER BY at;
SELECT outcome FROM otp_activity WHERE user_id = 'push-4' AND outcome = 'denied';
-- The refusal is on record whatever becomes of the transaction.
SELECT prompt('push-5');
BEGIN;
SELECT otp_deny_push('push-5', 'push');
ROLLBACK;
SELECT count(*) AS denied FROM otp_event WHERE user_id = 'push-5' AND event = 'denied';
SELECT otp_verify_push('push-5', code, number, 'push', 'EUR 10') AS right FROM prompt;

-- Against fatigue: so many prompts a user, of any destination; no rollback gives one back, nor does a right answer.
UPDATE otp_policy SET prompts_per_user = 2 WHERE purpose = 'push';
SELECT prompt('again');
SELECT failure($$SELECT otp_send_again('again', 'push', 'EUR 10')$$) AS second, failure($$SELECT otp_send_again('again', 'push', 'EUR 10')$$) AS third;
SELECT count(*) FROM otp_claim('worker');
SELECT prompt('tired');
SELECT otp_verify_push('tired', code, number, 'push', 'EUR 10') AS right FROM prompt;
BEGIN;
SELECT otp_send_push('tired', 'token-2', 'push', 'push') IS NOT NULL AS second;
ROLLBACK;
SELECT regexp_replace(failure($$SELECT otp_send_push('tired', 'token-3', 'push', 'push')$$, true), '[0-9]{4}-[^|]*\.', '(time).') AS third, failure($$SELECT otp_send_push('other', 'token', 'push', 'push')$$) AS other_user,
       failure($$SELECT otp_send('tired', 'x', 'chat', 'push')$$) AS no_push;
SELECT event, reason FROM otp_event WHERE user_id = 'tired' AND event = 'refused';
-- Whoever is forgotten and comes again goes on where he was (requirement 5).
SELECT otp_forget('tired') > 0 AS forgotten, otp_forget('tired') AS again;
SELECT count(*) FROM otp_message WHERE user_id = 'tired';
SELECT count(*) AS by_name FROM otp_quota WHERE subject = 'tired';
SELECT failure($$SELECT otp_send_push('tired', 'token', 'push', 'push')$$) AS third;
UPDATE otp_policy SET prompts_per_user = 3 WHERE purpose = 'push';
SELECT failure($$SELECT otp_send_push('tired', 'token', 'push', 'push')$$) AS third, failure($$SELECT otp_send_push('tired', 'token', 'push', 'push')$$) AS fourth;
DROP TABLE prompt;
DROP FUNCTION prompt, other;
-- A row with other methods does not inherit number_match; and what an authenticator makes is no code with a number, whatever is set.
UPDATE otp_policy SET methods = '{issued}', number_match = true WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, methods) VALUES ('both', '{issued,totp}'), ('neither', NULL);
SELECT purpose, number_match FROM otp_policy_effective WHERE purpose IN ('both', 'neither') ORDER BY 1;
SELECT failure($$SELECT otp_send_push('push-9', 'token', 'push', 'both')$$, true);
UPDATE otp_policy SET number_match = false WHERE purpose = 'default';
SELECT credential_id FROM otp_enroll('push-9', secret => 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ') \gset
SELECT otp_confirm('push-9', totp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', clock_timestamp() - interval '30 s')::text) AS confirmed;
SELECT otp_verify_push('push-9', totp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', clock_timestamp())::text, '42', 'both', 'EUR 10') AS with_a_number,
       otp_verify('push-9', totp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', clock_timestamp())::text, 'both', 'EUR 10') AS without_one;
SELECT otp_revoke('push-9', credential_id) AS revoked FROM otp_credentials('push-9');
DELETE FROM otp_channel;
DELETE FROM otp_message;
DELETE FROM otp_quota;
SELECT reset_policy();
\pset format aligned
