-- otp_claim, otp_next_due: what is taken, by leases, and what is dropped instead of being sent.
-- Requirements: 20, 31, 34.
\pset format unaligned
SELECT reset_policy();
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app, retry_status, id_path, max_in_flight, timeout)
  SELECT k, 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"code": "{code}"}', '{200}', 'Bank', '{500}', 'id', 5, '2.5 s'
    FROM unnest('{a,b,c}'::text[]) AS k;

-- The row that a worker gets.
SELECT otp_send('claim', 'place', 'a', 'login', 'EUR 10') AS id, otp_resend('claim', 'login', 'EUR 10')::text AS code \gset
SELECT otp_next_due() <= clock_timestamp() AS due, otp_next_due('{a}') AS skipped;
SELECT message_id = :id AS id, lease, channel, transport, url, method, headers, convert_from(body, 'UTF8') = '{"code": "' || :'code' || '"}' AS body, sender, sender_name, destination, num_nonnulls(subject, plain, html, username, password) AS of_mail,
       allow_plaintext, ca_file, accept_status, retry_status, accept_path, accept_values, retry_path, retry_values, id_path, c.idempotency_key = m.idempotency_key AS key, c.expires_at = m.expires_at AS expires, max_in_flight, timeout
  FROM otp_claim('worker 1') AS c JOIN otp_message AS m USING (message_id, channel, destination);
SELECT message_id, state, tries, worker, due_at - clock_timestamp() BETWEEN '1 s' AND '1 minute' AS lease FROM otp_message WHERE message_id = :id \gset taken_
SELECT :'taken_state' AS state, :taken_tries AS tries, :'taken_worker' AS worker, :'taken_lease' AS lease;
SELECT otp_next_due() BETWEEN clock_timestamp() AND clock_timestamp() + '1 minute' AS when_the_lease_ends;
-- Nobody else gets it before the lease ends; then the next one does, with another number.
SELECT count(*) FROM otp_claim('worker 2');
UPDATE otp_message SET due_at = clock_timestamp() WHERE message_id = :id;
SELECT lease FROM otp_claim('worker 2', 1, '1 hour');
SELECT worker, tries, due_at - clock_timestamp() > '2 minutes' AS lease FROM otp_message WHERE message_id = :id;
SELECT otp_delivered(:id, 1, 'late') AS stale, otp_failed(:id, 1, 'late', true) AS stale, otp_failed(:id, 1, 'late', false) AS stale, otp_delivered(:id, 2, 'id') AS settled, otp_delivered(:id, 2, 'id') AS again;
SELECT count(*) FROM otp_claim('worker 1');
SELECT otp_next_due() AS nothing;

-- Dropped: what could not be used any more.
CREATE FUNCTION becomes(what text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  id bigint := otp_send('drop', 'place', 'a');
  n bigint;
BEGIN
  EXECUTE replace(what, '@', quote_literal(otp_resend('drop')::text));
  n := (SELECT count(*) FROM otp_claim('worker') WHERE message_id = id);
  RETURN (SELECT format('%s given out: %s %s, due %s', n, state, error, due_at) FROM otp_message WHERE message_id = id);
END $$;
UPDATE otp_policy SET max_attempts = 2, free_guesses = 100;
SELECT what, becomes(what) FROM unnest(ARRAY['SELECT otp_verify(''drop'', @)', 'SELECT otp_cancel(''drop'')', 'SELECT otp_issue(''drop'')', 'UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = ''drop''',
  'SELECT otp_verify(''drop'', ''WRANG''), otp_verify(''drop'', ''WRENG'')', 'DELETE FROM otp_challenge WHERE user_id = ''drop''',
  'UPDATE otp_message SET context = ''EUR 1000'' WHERE user_id = ''drop''']) AS what;
SELECT event, reason, method, count(*) FROM otp_event WHERE user_id = 'drop' AND event = 'dropped' GROUP BY 1, 2, 3 ORDER BY 2;
SELECT reset_policy();
-- A lease that ends after the code has: no second try.
SELECT otp_send('drop', 'place', 'a') AS id \gset
SELECT count(*) FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE message_id = :id;
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'drop';
SELECT count(*) FROM otp_claim('worker');
SELECT state, error, tries FROM otp_message WHERE message_id = :id;

-- A failing request fails, and the next channel has its turn at once.
DELETE FROM otp_message;
UPDATE otp_channel SET body = '{"code": "{code}", "token": "{secret.token}"}' WHERE name = 'a';
SELECT otp_send('render', '{x,y}'::text[], '{a,b}'::text[], '{1 hour,NULL}'::interval[]) > 0 AS sent;
SELECT channel FROM otp_claim('worker');
SELECT channel, state, error, due_at <= clock_timestamp() AS due FROM otp_message ORDER BY message_id;
SELECT channel FROM otp_claim('worker');
SELECT event, reason, method FROM otp_event WHERE user_id = 'render' ORDER BY at;
-- A credential that is damaged, which keeps no other channel from being served.
SELECT otp_channel_secret('a', 'token', 'the token'), otp_send('render', 'x', 'a') > 0 AS sent, otp_send('other', 'x', 'b') > 0 AS other;
UPDATE otp_channel_secret SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20));
SELECT channel FROM otp_claim('worker');
SELECT state, error FROM otp_message WHERE channel = 'a' ORDER BY message_id DESC LIMIT 1;
-- The code is as good as before (requirement 31): the user can use it, and nothing was charged.
SELECT otp_verify('render', otp_resend('render')::text), charged('render');
UPDATE otp_channel SET body = '{"code": "{code}"}' WHERE name = 'a';
DELETE FROM otp_channel_secret;

-- The batch is shared: a channel with many does not keep others from their turn, and what one leaves over goes to the next.
DELETE FROM otp_message;
SELECT count(otp_send('batch-' || i, 'x', 'a')) FROM generate_series(1, 30) AS i;
SELECT count(otp_send('batch-' || i, 'x', 'b')) FROM generate_series(31, 34) AS i;
SELECT count(otp_send('batch-' || i, 'x', 'c')) FROM generate_series(35, 50) AS i;
-- No more of one than may be under way.
BEGIN;
SELECT channel, count(*) FROM otp_claim('worker', 1000) GROUP BY 1 ORDER BY 1;
ROLLBACK;
UPDATE otp_channel SET max_in_flight = NULL;
BEGIN;
SELECT channel, count(*) FROM otp_claim('worker', 15) GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- A rollback gives all back.
SELECT state, tries, count(*) FROM otp_message GROUP BY 1, 2;
BEGIN;
UPDATE otp_message SET due_at = due_at - interval '1 s' WHERE channel = 'b';
SELECT channel, count(*) FROM otp_claim('worker', 15) GROUP BY 1 ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT channel, count(*) FROM otp_claim('worker', 15, skip => '{a,nothing,NULL}') GROUP BY 1 ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT count(*) FROM otp_claim('worker', skip => '{a,b,c}');
SELECT otp_next_due('{a,b,c}') AS skipped, otp_next_due('{a,NULL}') <= clock_timestamp() AS due;
ROLLBACK;
-- The oldest first.
SELECT string_agg(substr(user_id, 7), ' ' ORDER BY message_id) FROM otp_claim('worker', 4, skip => '{b,c}') JOIN otp_message USING (message_id);
SELECT channel, count(*) FROM otp_claim('worker', 1000) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM otp_claim('worker', 1000);

-- So many a second, at most; what is not used is kept for one second.  To let time pass, the test moves what is stored.
DELETE FROM otp_message;
UPDATE otp_channel SET per_second = 3 WHERE name = 'a';
UPDATE otp_channel SET per_second = 0.01 WHERE name = 'b';
CREATE FUNCTION pass(by interval, unused double precision DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ UPDATE otp_channel_rate SET at = clock_timestamp() - by, left_over = coalesce(unused, left_over) $$;
CREATE FUNCTION taken(batch integer DEFAULT 100) RETURNS text
LANGUAGE sql AS $$ SELECT coalesce(string_agg(channel || ' ' || n, ', ' ORDER BY channel), 'none') FROM (SELECT channel, count(*) AS n FROM otp_claim('worker', batch) GROUP BY 1) AS c $$;
SELECT count(otp_send('rate-' || i, 'x', CASE WHEN i <= 40 THEN 'a' WHEN i <= 50 THEN 'b' ELSE 'c' END)) FROM generate_series(1, 60) AS i;
SELECT taken() AS first;
SELECT pass('-1 hour'), taken() AS clock_back;
SELECT count(*) AS in_the_future FROM otp_channel_rate WHERE at > clock_timestamp();
SELECT pass('50 s'), taken() AS half_of_a_slow_one;
SELECT pass('100 s'), taken() AS all_of_it;
SELECT pass('1 hour'), taken() AS no_more_in_an_hour;
SELECT pass('1 hour'), taken(2) AS two;
SELECT pass('-1 hour'), taken() AS rest_of_the_second;
SELECT pass('-1 hour', 2.7), taken() AS two;
SELECT array_agg(round(left_over::numeric, 3) ORDER BY channel) AS left_over FROM otp_channel_rate;
-- When the next one may go.
UPDATE otp_message SET due_at = due_at - interval '1 minute' WHERE state = 'q';
SELECT pass('10 s', 0.25);
SELECT channel, otp_next_due(CASE channel WHEN 'a' THEN '{b,c}'::text[] ELSE '{a,c}' END) - at AS next FROM otp_channel_rate ORDER BY 1;
SELECT pass('-1 hour', 0.25);
SELECT otp_next_due() < clock_timestamp() + interval '1 minute' AS clock_back;
-- What is rolled back has not gone.
SELECT pass('1 hour');
BEGIN;
SELECT taken();
ROLLBACK;
SELECT taken();
-- What there is nothing to be sent of uses nothing of it, so the living do not wait behind the dead.
DELETE FROM otp_message;
SELECT count(otp_send('dead-' || i, 'x', 'a')), count(otp_cancel('dead-' || i, 'login')) FROM generate_series(1, 20) AS i;
SELECT otp_send('alive', 'x', 'a') > 0 AS sent, pass('1 hour');
SELECT taken() AS the_one_alive;
SELECT user_id = 'alive' AS alive, state, count(*) FROM otp_message GROUP BY 1, 2;
-- Without a rate all go.
UPDATE otp_channel SET per_second = NULL;
SELECT count(otp_send('rate-' || i, 'x', CASE WHEN i <= 40 THEN 'a' ELSE 'b' END)) FROM generate_series(1, 60) AS i;
SELECT taken();

-- A message of which something is damaged fails, and keeps no other one.
DELETE FROM otp_message;
SELECT count(otp_send(u, 'x', 'a')) FROM unnest('{damaged,before,behind}'::text[]) AS u;
SELECT otp_send('damaged-too', '{x,y}'::text[], '{b,c}'::text[], '{NULL,NULL}'::interval[]) > 0 AS chain;
UPDATE otp_challenge SET length = 99 WHERE user_id = 'damaged';
UPDATE otp_challenge SET key_id = 9999 WHERE user_id = 'damaged-too';
SELECT taken();
SELECT user_id, step, state, error FROM otp_message ORDER BY 1, 2;
SELECT event, reason, count(*) FROM otp_event WHERE user_id IN ('damaged', 'damaged-too') AND event = 'failed' GROUP BY 1, 2;
DELETE FROM otp_challenge WHERE user_id IN ('damaged', 'damaged-too');
INSERT INTO otp_channel_secret (key_id, channel, name, sealed) VALUES (9999, 'a', 'token', '\x01');
SELECT otp_channel_secret('a', 'zone', 'behind it');
SELECT count(otp_send(u, 'x', c)) FROM unnest('{no-key,key}'::text[], '{a,b}'::text[]) AS t (u, c);
SELECT taken();
SELECT user_id, state, error FROM otp_message WHERE user_id IN ('no-key', 'key') ORDER BY 1;
-- Nor does it keep the status of another channel from being seen.
SELECT channel, problem FROM otp_channel_status() WHERE channel <> 'c' ORDER BY 1;
DELETE FROM otp_channel_secret;

-- Arguments.
SELECT batch, failure(format('SELECT count(*) FROM otp_claim(''worker'', %L)', batch)) FROM unnest('{0,-1,1001,1000,NULL}'::integer[]) AS batch;
SELECT lease, failure(format('SELECT count(*) FROM otp_claim(''worker'', 1, %L)', lease)) FROM unnest('{0,0.9 s,1 s,1 hour,3601 s,-1 s,1 day,1 month}'::text[]) AS lease;
SELECT failure('SELECT count(*) FROM otp_claim(repeat(''x'', 256))'), failure('SELECT count(*) FROM otp_claim(repeat(''x'', 255))'), (SELECT count(*) FROM otp_claim(NULL)) AS "null", otp_next_due(NULL) AS next_due;
BEGIN READ ONLY;
SELECT failure('SELECT count(*) FROM otp_claim(''worker'')'), failure('SELECT otp_next_due()'), failure('SELECT count(*) FROM otp_channel_status()');
COMMIT;
SELECT otp_send('list', 'x', 'a') > 0 AS sent;
-- In FROM alone: elsewhere (f()).* would be a call for each column.
SELECT failure($$SELECT (otp_claim('worker')).channel$$), failure($$SELECT otp_channel_status()$$);
SELECT channel FROM otp_claim('worker');
-- In every isolation level the outbox is read as it is now.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_send('list', 'x', 'a') > 0 AS sent;
SELECT channel FROM otp_claim('worker');
COMMIT;
-- Messages of a channel that is gone stay; nobody takes them.
SELECT otp_send('gone', 'x', 'c') > 0 AS sent;
DELETE FROM otp_channel WHERE name = 'c';
SELECT count(*), otp_next_due('{a,b}') FROM otp_claim('worker');
SELECT state FROM otp_message WHERE user_id = 'gone';
DELETE FROM otp_channel;
DELETE FROM otp_message;
DROP FUNCTION becomes, pass, taken;
SELECT reset_policy();
\pset format aligned
