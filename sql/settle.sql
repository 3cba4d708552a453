-- otp_delivered, otp_failed, otp_receipt: what becomes of a message, and of those that stand in for it.
-- Requirements: 5, 31, 34, 40.
\pset format unaligned
SELECT reset_policy();
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
  SELECT k, 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"code": "{code}"}', '{200}', 'Bank'
    FROM unnest('{a,b,c}'::text[]) AS k;
-- Takes the message that is due; returns its id.
CREATE FUNCTION take() RETURNS bigint
LANGUAGE sql AS $$ SELECT message_id FROM otp_claim('worker') $$;
CREATE VIEW outbox AS SELECT step, channel, state, tries,
         CASE WHEN due_at IS NULL THEN 'none' WHEN due_at = 'infinity' THEN 'never' WHEN due_at > clock_timestamp() THEN 'later' ELSE 'now' END AS due,
         sent_at IS NOT NULL AS sent, settled_at IS NOT NULL AS settled,
         CASE provider_id WHEN idempotency_key::text THEN 'the key' ELSE provider_id END AS provider_id, error FROM otp_message ORDER BY message_id;

-- Handed over; once.
SELECT otp_send('settle', 'x', 'a') > 0 AS sent;
SELECT otp_delivered(1::bigint, 0) AS not_taken, otp_delivered(-1, 1) AS no_message;
SELECT take() AS id \gset
SELECT otp_delivered(:id, 0) AS other_lease, otp_delivered(:id, 2) AS other_lease, otp_delivered(:id, 1, 'id 1') AS settled, otp_delivered(:id, 1, 'id 2') AS twice, otp_failed(:id, 1, 'late', false) AS late, otp_failed(:id, 1, 'late', true) AS late;
SELECT step, channel, state, tries, due, sent, settled, provider_id, error FROM outbox;
SELECT otp_verify('settle', otp_resend('settle')::text) AS right;
-- Many at once.
DELETE FROM otp_message;
SELECT count(otp_send('settle-' || i, 'x', 'a')) FROM generate_series(1, 4) AS i;
SELECT array_agg(message_id ORDER BY message_id) AS ids FROM otp_claim('worker') \gset
SELECT otp_delivered(:'ids'::bigint[], '{1,2,1,1}', '{id-1,id-2,NULL,id-4}') AS three, otp_delivered(:'ids'::bigint[], '{1,1,1,1}', '{id-1,id-2,id-3,id-4}') AS one, otp_delivered('{}'::bigint[], '{}', '{}') AS none;
SELECT channel, state, provider_id FROM outbox;
SELECT otp_send('settle', 'x', 'a') > 0 AS sent;
SELECT take() AS id \gset
SELECT otp_delivered(array_fill(:id::bigint, '{3}'), '{1,1,1}', '{x,y,z}') AS the_same_thrice;
SELECT provider_id FROM otp_message WHERE message_id = :id;
SELECT failure($$SELECT otp_delivered('{1}'::bigint[], '{1,2}', '{x}')$$), failure($$SELECT otp_delivered('{1}'::bigint[], '{1}', '{}')$$), failure($$SELECT otp_delivered('{NULL}'::bigint[], '{1}', '{x}')$$), failure($$SELECT otp_delivered('{1}'::bigint[], '{NULL}', '{x}')$$),
       failure($$SELECT otp_delivered(NULL::bigint[], '{1}', '{x}')$$), failure($$SELECT otp_delivered('{1}', NULL::integer[], '{x}')$$), failure($$SELECT otp_delivered('{1}', '{1}', NULL::text[])$$);
SELECT failure('SELECT otp_delivered(NULL, 1)'), failure('SELECT otp_delivered(1::bigint, NULL)'), failure('SELECT otp_delivered(1::bigint, 1, repeat(''x'', 513))'), failure('SELECT otp_delivered(1::bigint, 1, repeat(''x'', 512))'),
       failure('SELECT otp_delivered(1::bigint, 1, '''')'),
       failure('SELECT otp_failed(NULL, 1, ''x'', true)'), failure('SELECT otp_failed(1, NULL, ''x'', true)'), failure('SELECT otp_failed(1, 1, NULL, true)'), failure('SELECT otp_failed(1, 1, repeat(''x'', 256), true)'), failure('SELECT otp_failed(1, 1, ''x'', NULL)');
BEGIN READ ONLY;
SELECT failure('SELECT otp_delivered(1::bigint, 1)'), failure($$SELECT otp_delivered('{1}'::bigint[], '{1}', '{x}')$$), failure('SELECT otp_failed(1, 1, ''x'', true)'), failure('SELECT otp_receipt(''a'', ''x'', ''y'')');
COMMIT;
-- Rolled back, it is this lease's as before.
SELECT otp_send('settle', 'x', 'a') > 0 AS sent;
SELECT take() AS id \gset
BEGIN;
SELECT otp_delivered(:id, 1, 'rolled back');
ROLLBACK;
SELECT otp_delivered(:id, 1, 'again');

-- Failed for good: the code is as good as before, and nobody is charged.
DELETE FROM otp_message;
SELECT otp_send('failed', 'x', 'a') > 0 AS sent, otp_resend('failed')::text AS code \gset
SELECT take() AS id \gset
SELECT otp_failed(:id, 1, 'HTTP 400', false) AS settled, otp_failed(:id, 1, 'HTTP 400', false) AS twice, otp_delivered(:id, 1) AS late;
SELECT channel, state, tries, due, sent, settled, provider_id, error FROM outbox;
SELECT charged('failed'), (otp_attempt('failed', wrong(:'code'))).attempts_left, otp_verify('failed', :'code') AS right;

-- Again later: after half to one and a half times a second, which doubles from try to try up to a minute; not before the provider asks, and not when the code has expired.
DELETE FROM otp_message;
UPDATE otp_policy SET lifetime = '1 day';
SELECT otp_send('retry', 'x', 'a') AS id \gset
CREATE TABLE delay (try integer, after interval);
CREATE FUNCTION fail_again(id bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  lease_of_try integer;
  before timestamptz;
BEGIN
  UPDATE otp_message SET due_at = clock_timestamp() WHERE message_id = id;
  lease_of_try := (SELECT lease FROM otp_claim('worker'));
  before := clock_timestamp();
  IF NOT otp_failed(id, lease_of_try, 'HTTP 500', true) THEN
    RAISE 'not settled';
  END IF;
  -- The time that the call takes comes on top.
  INSERT INTO delay SELECT lease_of_try, due_at - (clock_timestamp() - before) - before FROM otp_message WHERE message_id = id;
END $$;
SELECT count(fail_again(:id)) FROM generate_series(1, 12);
SELECT try, after BETWEEN make_interval(secs => 0.49 * least(2 ^ (try - 1), 60)) AND make_interval(secs => 1.5 * least(2 ^ (try - 1), 60)) AS in_bounds FROM delay ORDER BY try;
SELECT count(DISTINCT after) > 10 AS jitter FROM delay;
SELECT state, due, sent, settled, error FROM outbox;
SELECT count(*) AS not_yet FROM otp_claim('worker');
-- Failed tries are no events, nor is anything charged.
SELECT event, count(*) FROM otp_event WHERE user_id = 'retry' GROUP BY 1;
SELECT charged('retry');
CREATE FUNCTION fail_after(retry_after interval) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  id bigint := otp_send('after', 'x', 'b');
  n integer := (SELECT count(*) FROM otp_claim('worker'));
BEGIN
  PERFORM otp_failed(id, 1, 'HTTP 429', true, retry_after);
  RETURN (SELECT state::text || CASE WHEN due_at - clock_timestamp() > '1 minute' THEN ' for long' WHEN due_at > clock_timestamp() - interval '1 minute' THEN ' soon' ELSE '' END FROM otp_message WHERE message_id = id);
END $$;
SELECT a, fail_after(a::interval) FROM unnest('{NULL,0,-1 hour,30 s,2 minutes,1 hour,0.9 days,1 day,1 month,1000 years,100000000 years,-100000000 years,9223372036854 s}'::text[]) AS a;
UPDATE otp_policy SET lifetime = '10 s';
SELECT fail_after('11 s') AS beyond_the_life;
SELECT reset_policy();
DROP TABLE delay;
DROP FUNCTION fail_again, fail_after;

-- A chain: what fails for good brings the next one at once, and each later one after its wait.
DELETE FROM otp_message;
CREATE FUNCTION send_chain(waits text) RETURNS bigint
LANGUAGE sql AS $$ DELETE FROM otp_message; SELECT otp_send('settle-chain', '{x,y,z}', '{a,b,c}', waits::interval[]) $$;
CREATE VIEW chain AS SELECT step, channel, state, due, error FROM outbox;
SELECT send_chain('{20 minutes,10 minutes,NULL}') > 0 AS sent;
TABLE chain;
SELECT otp_failed(take(), 1, 'HTTP 400', false);
TABLE chain;
SELECT step, due_at - (SELECT due_at FROM otp_message WHERE step = 1) AS after_the_one_before FROM otp_message WHERE step = 2;
SELECT otp_delivered(take(), 1, 'b-1');
TABLE chain;
-- A receipt that something failed brings the next one.
SELECT otp_receipt('b', 'b-1', 'failed');
TABLE chain;
SELECT otp_delivered(take(), 1, 'c-1');
TABLE chain;
SELECT otp_receipt('b', 'b-1', 'failed') AS doubled, otp_receipt('c', 'c-1', 'sent') AS as_it_is;
TABLE chain;
SELECT otp_receipt('c', 'c-1', 'delivered') AS delivered, otp_receipt('c', 'c-1', 'delivered') AS doubled, otp_receipt('c', 'c-1', 'failed') AS too_late, otp_receipt('c', 'c-1', 'sent') AS too_late;
TABLE chain;
-- A late receipt of one that was overtaken counts.
SELECT otp_receipt('b', 'b-1', 'delivered');
TABLE chain;
SELECT event, reason, method, count(*) FROM otp_event WHERE user_id = 'settle-chain' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- One that is under way when another is sent is not tried again.
SELECT send_chain('{20 minutes,10 minutes,NULL}') > 0 AS sent, take() > 0 AS under_way;
UPDATE otp_message SET due_at = clock_timestamp() WHERE step = 1;
SELECT otp_delivered(take(), 1, 'b-2');
SELECT otp_failed(message_id, 1, 'HTTP 500', true) FROM otp_message WHERE step = 0;
TABLE chain;
-- Unknown: another channel's, nobody's.
SELECT otp_receipt('a', 'c-1', 'delivered'), otp_receipt('c', 'c-2', 'delivered'), otp_receipt('nothing', 'c-1', 'delivered');
SELECT failure($$SELECT otp_receipt(NULL, 'x', 'y')$$), failure($$SELECT otp_receipt('a', NULL, 'y')$$), failure($$SELECT otp_receipt('a', 'x', NULL)$$), failure($$SELECT otp_receipt('a', 'x', repeat('y', 64))$$),
       failure($$SELECT otp_receipt('a', repeat('x', 513), 'y')$$), failure($$SELECT otp_receipt('a', '', 'y')$$), failure($$SELECT otp_receipt('a', 'x', '')$$);
-- Delivered in time: the others are not sent.
SELECT send_chain('{20 minutes,10 minutes,NULL}') > 0 AS sent;
SELECT otp_delivered(take(), 1, 'a-1'), otp_receipt('a', 'a-1', 'delivered');
TABLE chain;
-- No receipt in time: the next one goes; a receipt that comes late drops the one after.
SELECT send_chain('{1 s,20 minutes,NULL}') > 0 AS sent;
SELECT otp_delivered(take(), 1, 'a-2');
UPDATE otp_message SET due_at = clock_timestamp() WHERE step = 1;
SELECT otp_delivered(take(), 1, 'b-2');
TABLE chain;
SELECT otp_receipt('a', 'a-2', 'delivered');
TABLE chain;
-- One that waits for another try when a later one has gone is not tried again.
SELECT send_chain('{1 s,20 minutes,NULL}') > 0 AS sent;
SELECT otp_failed(take(), 1, 'HTTP 500', true);
UPDATE otp_message SET due_at = clock_timestamp() + CASE step WHEN 1 THEN '0 s' ELSE '1 minute' END::interval WHERE step < 2;
SELECT otp_delivered(take(), 1, 'b-3');
TABLE chain;
-- Waits of NULL: only if it fails.
SELECT send_chain('{NULL,NULL,NULL}') > 0 AS sent;
TABLE chain;
SELECT otp_failed(take(), 1, 'HTTP 400', false);
TABLE chain;
SELECT otp_failed(take(), 1, 'HTTP 400', false);
TABLE chain;
SELECT otp_failed(take(), 1, 'HTTP 400', false);
TABLE chain;
SELECT send_chain('{20 minutes,NULL,NULL}') > 0 AS sent;
SELECT otp_failed(take(), 1, 'HTTP 400', false);
TABLE chain;
-- Another message of the same user and purpose is not of the chain.
SELECT send_chain('{20 minutes,10 minutes,NULL}') > 0 AS sent;
SELECT otp_send('settle-chain', 'x', 'a') > 0 AS sent, otp_send('settle-chain', 'x', 'a', 'payment') > 0 AS sent;
SELECT otp_delivered(message_id, lease, 'a-' || message_id) FROM otp_claim('worker') WHERE channel = 'a' ORDER BY message_id;
SELECT count(otp_receipt(channel, provider_id, 'delivered')) FROM otp_message WHERE provider_id IS NOT NULL;
SELECT purpose, step, channel, state, error FROM otp_message ORDER BY message_id;

-- What another one of the chain has made needless is dropped instead of being sent: a later one was sent, or any was delivered.
SELECT send_chain('{1 s,20 minutes,NULL}') > 0 AS sent;
SELECT otp_delivered(message_id, lease, 'first') FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE step = 1;
SELECT channel, lease FROM otp_claim('worker');
SELECT otp_receipt('a', 'first', 'delivered');
SELECT otp_failed(message_id, tries, 'HTTP 503', true) AS tried_again FROM otp_message WHERE step = 1;
TABLE chain;
SELECT send_chain('{1 s,20 minutes,NULL}') > 0 AS sent;
SELECT channel FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE step = 1;
SELECT otp_delivered(message_id, lease, 'second') FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE step = 0;
SELECT count(*) AS lease_over FROM otp_claim('worker');
TABLE chain;
SELECT send_chain('{1 s,1 s,NULL}') > 0 AS sent;
SELECT otp_delivered(message_id, lease, 'third') FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE step > 0;
SELECT channel FROM otp_claim('worker', skip => '{c}');
SELECT otp_receipt('a', 'third', 'delivered');
UPDATE otp_message SET due_at = clock_timestamp() WHERE state = 'c';
SELECT count(*) AS delivered_meanwhile FROM otp_claim('worker');
TABLE chain;
SELECT reason, method FROM otp_event WHERE user_id = 'settle-chain' AND event = 'dropped' ORDER BY at DESC LIMIT 3;
-- But not what was asked for behind the receipt.
UPDATE otp_policy SET cool_down = '0' WHERE purpose = 'default';
SELECT otp_send_again('settle-chain') > 0 AS again;
SELECT channel, lease FROM otp_claim('worker');
UPDATE otp_message SET due_at = clock_timestamp() WHERE state = 'c';
SELECT channel, lease FROM otp_claim('worker');
-- Of messages with one id the newest is meant.
SELECT count(otp_send('settle-id-' || i, 'x', 'a')) FROM generate_series(1, 2) AS i;
SELECT count(otp_delivered(message_id, lease, 'same')) FROM otp_claim('worker');
SELECT otp_receipt('a', 'same', 'delivered');
SELECT user_id, state FROM otp_message WHERE provider_id = 'same' ORDER BY message_id;

-- What the views say.
DELETE FROM otp_message;
DELETE FROM otp_event;
SELECT count(otp_send('view-' || i, 'x', CASE WHEN i <= 6 THEN 'a' ELSE 'b' END)) FROM generate_series(1, 8) AS i;
SELECT otp_cancel('view-6');
SELECT CASE WHEN user_id <= 'view-3' THEN otp_delivered(message_id, lease, 'v' || message_id) WHEN user_id = 'view-4' THEN otp_failed(message_id, lease, 'HTTP 400', false) END
  FROM otp_claim('worker', skip => '{b}') JOIN otp_message USING (message_id) ORDER BY message_id;
SELECT otp_receipt('a', provider_id, 'delivered') FROM otp_message WHERE user_id = 'view-1';
UPDATE otp_message SET sent_at = made_at + make_interval(secs => substr(user_id, 6)::integer) WHERE sent_at IS NOT NULL;
SELECT channel, waiting, sent, delivered, failed, dropped, oldest_waiting = (SELECT min(made_at) FROM otp_message AS m WHERE m.channel = d.channel AND state IN ('q', 'c')) AS oldest, p50, p95 FROM otp_delivery AS d ORDER BY 1;
SELECT per, purpose, issued, sent, delivered, failed, dropped, denied FROM otp_stats ORDER BY 1;
SELECT user_id, method, outcome, detail FROM otp_activity WHERE outcome <> 'issued' ORDER BY user_id, at;
-- As much of the trail as the policy wants.
DELETE FROM otp_event;
INSERT INTO otp_policy (purpose, trail) VALUES ('quiet', 'rejections'), ('silent', 'none');
SELECT count(otp_send('trail-' || p || ok, 'x', 'c', p)) FROM unnest('{quiet,silent}'::text[]) AS p, unnest('{true,false}'::boolean[]) AS ok;
SELECT count(CASE WHEN user_id LIKE '%true' THEN otp_delivered(message_id, lease) ELSE otp_failed(message_id, lease, 'HTTP 400', false) END) FROM otp_claim('worker', skip => '{a,b}') JOIN otp_message USING (message_id);
SELECT user_id, event, reason FROM otp_event ORDER BY 1;
DELETE FROM otp_policy WHERE purpose IN ('quiet', 'silent');
DROP VIEW chain, outbox;
DROP FUNCTION take, send_chain;
DELETE FROM otp_channel;
DELETE FROM otp_message;
SELECT reset_policy();
\pset format aligned
