-- otp_send, otp_send_again: what is queued, and when it is refused.
-- Requirements: 20, 31, 32, 34.
\pset format unaligned
SELECT reset_policy();
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
  SELECT k, k, 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"text": "{code}"}', '{200}', 'Bank'
    FROM unnest('{sms,voice,email,chat,push}'::text[]) AS k;

-- Destinations, by the channel's kind.
CREATE FUNCTION sent_to(kind text, destination text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text := failure(format('SELECT otp_send(''send'', %L, %L)', destination, kind));
BEGIN
  RETURN coalesce((SELECT m.destination FROM otp_message AS m WHERE result = 'no error' ORDER BY message_id DESC LIMIT 1), result);
END $$;
SELECT kind, destination, sent_to(kind, destination) FROM unnest('{sms,voice}'::text[]) AS kind, unnest(ARRAY['+15550001234', ' +1 (555) 000-12.34', '+1234567', '+123456789012345',
  '+123456', '+1234567890123456', '+123456789012345678901234567890', '+0123456789', '15550001234', '0015550001234', '++15550001234', '+1555000123x', '+1555;000;1234', E'+15550001234\n', '+１５５５０００１２３４', '+', ' ', '']) AS destination;
SELECT destination, sent_to('email', destination) FROM unnest(ARRAY['Alice.O''Hara+x@Example.COM', 'a@b', 'a@xn--bcher-kva.example', repeat('a', 64) || '@b.example',
  repeat('a', 65) || '@b.example', 'a', '@b', 'a@', 'a@@b', 'a@b@c', '.a@b', 'a.@b', 'a..b@c', 'a@.b', 'a@b.', 'a@-b', 'a@b-.c', 'a b@c', '"a b"@c', 'a@[127.0.0.1]', 'a@bücher.example', E'a@b\r\nBcc: c@d', 'Alice <a@b>', 'a@b,c@d',
  'a@' || repeat('b', 63) || '.example', 'a@' || repeat('b', 64) || '.example', 'a@' || repeat('b.', 126) || 'c']) AS destination;
SELECT kind, destination, sent_to(kind, destination) FROM unnest('{chat,push}'::text[]) AS kind, unnest(ARRAY['123456789', 'fcm:Token_x-Y', '"}', 'a b', E'a\nb', 'ä', '']) AS destination;
SELECT sent_to('chat', repeat('x', 512)) = repeat('x', 512) AS longest, sent_to('chat', repeat('x', 513)) AS long;
-- An error has no destination in it.
SELECT failure($$SELECT otp_send('send', 'secret@place', 'sms')$$, true), failure($$SELECT otp_send('send', '+15550001234', 'email')$$, true), failure($$SELECT otp_send('send', 'the place', 'chat')$$, true);
-- Arguments.
SELECT failure($$SELECT otp_send(NULL, '+15550001234', 'sms')$$), failure($$SELECT otp_send('', '+15550001234', 'sms')$$), failure($$SELECT otp_send('send', NULL, 'sms')$$),
       failure($$SELECT otp_send('send', '+15550001234', NULL)$$), failure($$SELECT otp_send('send', '+15550001234', 'fax')$$, true), failure($$SELECT otp_send('send', '+15550001234', 'SMS')$$),
       failure($$SELECT otp_send('send', '+15550001234', 'sms', NULL)$$), failure($$SELECT otp_send('send', '+15550001234', 'sms', '')$$), failure($$SELECT otp_send('send', '+15550001234', 'sms', context => NULL)$$),
       failure($$SELECT otp_send('send', '+15550001234', 'sms', locale => NULL)$$), failure($$SELECT otp_send('send', '+15550001234', 'sms', context => repeat('x', 4097))$$, true),
       failure($$SELECT otp_send('send', '+15550001234', 'sms', context => repeat('x', 4096))$$);
SELECT failure($$SELECT otp_send_again(NULL)$$), failure($$SELECT otp_send_again('send', NULL)$$), failure($$SELECT otp_send_again('send', '')$$), failure($$SELECT otp_send_again('send', 'login', NULL)$$);
BEGIN READ ONLY;
SELECT failure($$SELECT otp_send('send', '+15550001234', 'sms')$$), failure($$SELECT otp_send('send', '{+15550001234}'::text[], '{sms}'::text[], '{NULL}'::interval[])$$), failure($$SELECT otp_send_again('send')$$);
COMMIT;

-- The row: the code of otp_issue, bound to purpose and context, with the same life; a key of its own for the provider.
DELETE FROM otp_message;
SELECT otp_send('row', '+15550001234', 'sms', 'payment', 'EUR 10', 'id') AS id \gset
SELECT message_id = :id AS id, chain = :id AS chain, step, m.state, tries, numbered, due_at = made_at AS due, num_nulls(sent_at, settled_at, wait, worker, provider_id, error) AS nulls, user_id, purpose, context, channel, destination, locale,
       m.expires_at = c.expires_at AS life, m.nonce = c.nonce AS of_code, substr(idempotency_key::text, 15, 1) AS version, idempotency_key <> m.nonce AS key
  FROM otp_message AS m JOIN otp_challenge AS c USING (user_id, purpose);
SELECT otp_resend('row', 'payment', 'EUR 10')::text AS code \gset
SELECT otp_verify('row', :'code', 'payment', 'EUR 1000') AS other_context, otp_verify('row', :'code', 'payment', 'EUR 10') AS right;
SELECT event, reason, method FROM otp_event WHERE user_id = 'row' ORDER BY at;
-- Rolled back.
BEGIN;
SELECT otp_send('rolled', '+15550001234', 'sms') > 0 AS sent;
ROLLBACK;
SELECT count(*) FROM otp_message WHERE user_id = 'rolled';
-- Two in a statement; and one statement for many.
DELETE FROM otp_message;
SELECT otp_send('twice', '+15550001234', 'sms') < otp_send('twice', '+15550001234', 'sms', 'payment') AS both;
SELECT count(otp_send('many-' || i, '+1555' || 1000000 + i, 'sms')) FROM generate_series(1, 1000) AS i;
SELECT count(*), count(DISTINCT message_id), count(DISTINCT chain), count(DISTINCT nonce), count(DISTINCT idempotency_key), count(DISTINCT destination) FROM otp_message WHERE user_id LIKE 'many-%';
-- In every isolation level; the channel is read as it is now.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_send('level', '+15550001234', 'sms') > 0 AS serializable;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT otp_send('level', '+15550001234', 'sms') > 0 AS repeatable_read, otp_send_again('level') > 0 AS again;
COMMIT;
DELETE FROM otp_message;
-- The limits of otp_issue.
UPDATE otp_policy SET cool_down = '1 hour';
SELECT failure($$SELECT otp_send('limit-1', '+15550001234', 'sms')$$) AS first, failure($$SELECT otp_send('limit-1', '+15550001234', 'sms')$$) AS second, failure($$SELECT otp_send_again('limit-1')$$) AS again,
       failure($$SELECT otp_issue('limit-1')$$) AS issued;
SELECT reset_policy();
UPDATE otp_policy SET issues_per_user = 2, issues_per_destination = 3;
SELECT failure($$SELECT otp_send('limit-2', '+15550001235', 'sms')$$) AS first, failure($$SELECT otp_send_again('limit-2')$$) AS again, failure($$SELECT otp_send('limit-2', '+15550001236', 'sms')$$) AS third,
       failure($$SELECT otp_send_again('limit-2')$$) AS fourth;
-- However it is written.
SELECT failure($$SELECT otp_send('limit-3', '+1 555 000 12 35', 'sms')$$) AS third, failure($$SELECT otp_send('limit-4', '+1-555-000-1235', 'voice')$$) AS fourth,
       failure($$SELECT otp_issue('limit-5', 'login', '', '+15550001235')$$) AS issued;
SELECT failure(format('SELECT otp_send(%L, %L, ''email'')', u, d)) FROM (VALUES ('m1', 'Bob@Example.com'), ('m2', 'bob@example.COM'), ('m3', 'BOB@example.com'), ('m4', 'bob@example.com')) AS v (u, d);
SELECT reset_policy();

-- What a channel allows a destination, and all that begin like it.
UPDATE otp_channel SET messages_per_destination = 2, message_window = '1 day' WHERE name = 'sms';
SELECT failure($$SELECT otp_send('cap-1', '+15550002001', 'sms')$$) AS first, failure($$SELECT otp_send('cap-2', '+1 555 0002001', 'sms', 'payment')$$) AS second,
       regexp_replace(failure($$SELECT otp_send('cap-3', '+1-5550002001', 'sms')$$, true), '[0-9]{4}-[^|]*\.', '(time).') AS third, failure($$SELECT otp_send_again('cap-1')$$) AS again,
       failure($$SELECT otp_send('cap-3', '+15550002001', 'voice')$$) AS other_channel, failure($$SELECT otp_send('cap-3', '+15550002002', 'sms')$$) AS other_destination;
SELECT event, reason FROM otp_event WHERE user_id = 'cap-3' AND event = 'refused';
-- A rollback gives nothing back.
BEGIN;
SELECT otp_send('cap-4', '+15550002003', 'sms') > 0 AS first;
SAVEPOINT s;
SELECT otp_send('cap-4', '+15550002003', 'sms') > 0 AS second;
ROLLBACK TO s;
SELECT failure($$SELECT otp_send('cap-4', '+15550002003', 'sms')$$) AS third;
ROLLBACK;
SELECT failure($$SELECT otp_send('cap-4', '+15550002003', 'sms')$$) AS after_rollback;
UPDATE otp_channel SET messages_per_destination = NULL, messages_per_prefix = 3, prefix_length = 6 WHERE name = 'sms';
SELECT d, regexp_replace(failure(format('SELECT otp_send(%L, %L, ''sms'')', 'prefix' || d, d), true), '[0-9]{4}-[^|]*\.', '(time).')
  FROM unnest(ARRAY['+234901000001', '+234 90 1000002', '+234-901000003', '+234(901)000004', '+234911000001', '+234 911 000002']) AS d;
SELECT scope, subject, purpose, issues_1 + issues_2 + issues_3 + issues_4 + issues_5 + issues_6 + issues_7 + issues_8 AS counted FROM otp_quota WHERE scope IN ('recipient', 'prefix') ORDER BY 1, 2, 3;
UPDATE otp_channel SET messages_per_prefix = NULL, prefix_length = NULL;

-- A user's own limits refuse first, so nobody uses up what many share.
UPDATE otp_policy SET cool_down = '1 hour' WHERE purpose = 'default';
UPDATE otp_channel SET messages_per_prefix = 2, prefix_length = 6 WHERE name = 'sms';
SELECT failure($$SELECT otp_send('first-1', '+15550003001', 'sms')$$) AS sent, left(failure($$SELECT otp_send('first-1', '+15550003001', 'sms')$$), 5) AS cooling_down FROM generate_series(1, 3);
SELECT failure($$SELECT otp_send('first-2', '+15550003002', 'sms')$$) AS others_still_can, left(failure($$SELECT otp_send('first-3', '+15550003003', 'sms')$$), 5) AS too_many;
UPDATE otp_channel SET messages_per_prefix = NULL, prefix_length = NULL;
SELECT reset_policy();
-- All of a chain counts, or nothing of it.
UPDATE otp_policy SET issues_per_destination = 1 WHERE purpose = 'default';
UPDATE otp_channel SET messages_per_prefix = 3, prefix_length = 6 WHERE name = 'sms';
SELECT failure($$SELECT otp_send('all-1', '{+442079460001,+442079460002}'::text[], '{sms,voice}'::text[], '{NULL,NULL}'::interval[])$$) AS sent,
       left(failure($$SELECT otp_send('all-2', '{+442079460003,+442079460002}'::text[], '{sms,voice}'::text[], '{NULL,NULL}'::interval[])$$), 68) AS second_destination,
       failure($$SELECT otp_send('all-3', '{+442079460004,+442079460005}'::text[], '{sms,sms}'::text[], '{NULL,NULL}'::interval[])$$) AS both_of_a_prefix,
       left(failure($$SELECT otp_send('all-4', '{+442079460006,+442079460007}'::text[], '{sms,sms}'::text[], '{NULL,NULL}'::interval[])$$), 65) AS no_more,
       left(failure($$SELECT otp_send('all-5', '{+15550004001,+15550004002,+15550004003,+15550004004}'::text[], '{sms,sms,sms,sms}'::text[], '{NULL,NULL,NULL,NULL}'::interval[])$$), 65) AS more_than_ever;
SELECT scope, subject, issues_1 + issues_2 + issues_3 + issues_4 + issues_5 + issues_6 + issues_7 + issues_8 AS counted FROM otp_quota WHERE subject LIKE '+4420%' AND scope <> 'destination' ORDER BY 1, 2;
UPDATE otp_channel SET messages_per_prefix = NULL, prefix_length = NULL;
SELECT reset_policy();

-- Channels that stand in for each other.
DELETE FROM otp_message;
SELECT otp_send('chain', '{bot-1,+1 555 0001234,Chain@Example.com}'::text[], '{chat,sms,email}'::text[], '{20 s,10 s,NULL}'::interval[], 'payment', 'EUR 10', 'id') AS id \gset
SELECT message_id - :id AS id, chain = :id AS chain, step, state, due_at - made_at AS due, wait, channel, destination, context, locale FROM otp_message ORDER BY step;
SELECT count(DISTINCT nonce) AS codes, count(DISTINCT idempotency_key) AS keys FROM otp_message;
SELECT otp_send('chain', '{bot-1,+15550001234,bot-2}'::text[], '{chat,sms,chat}'::text[], '{NULL,10 s,NULL}'::interval[]) > 0 AS only_if_it_fails;
SELECT step, due_at = made_at AS now, due_at = 'infinity' AS never, wait, channel FROM otp_message WHERE purpose = 'login' ORDER BY step;
SELECT failure($$SELECT otp_send('chain', NULL::text[], '{sms}'::text[], '{NULL}'::interval[])$$), failure($$SELECT otp_send('chain', '{+15550001234}'::text[], NULL::text[], '{NULL}'::interval[])$$), failure($$SELECT otp_send('chain', '{+15550001234}'::text[], '{sms}'::text[], NULL::interval[])$$),
       failure($$SELECT otp_send('chain', '{}'::text[], '{}'::text[], '{}'::interval[])$$), failure($$SELECT otp_send('chain', array_fill('+15550001234'::text, '{9}'), array_fill('sms'::text, '{9}'), array_fill(NULL::interval, '{9}'))$$),
       failure($$SELECT otp_send('chain', '{+15550001234}'::text[], '{sms,sms}'::text[], '{NULL}'::interval[])$$), failure($$SELECT otp_send('chain', '{+15550001234}'::text[], '{sms}'::text[], '{}'::interval[])$$),
       failure($$SELECT otp_send('chain', '{NULL}'::text[], '{sms}'::text[], '{NULL}'::interval[])$$), failure($$SELECT otp_send('chain', '{+15550001234}'::text[], '{NULL}'::text[], '{NULL}'::interval[])$$),
       failure($$SELECT otp_send('chain', '{+15550001234,x}'::text[], '{sms,sms}'::text[], '{NULL,NULL}'::interval[])$$), failure($$SELECT otp_send('chain', '{+15550001234,x}'::text[], '{sms,fax}'::text[], '{NULL,NULL}'::interval[])$$);
SELECT wait, failure(format('SELECT otp_send(''chain'', ''{+15550001234}''::text[], ''{sms}''::text[], ARRAY[%L]::interval[])', wait), true) FROM unnest('{1 s,1 hour,0.9 s,3601 s,-1 s,1 day,1 month}'::text[]) AS wait;
SELECT failure($$SELECT otp_send('chain', array_fill('+15550001234'::text, '{8}'), array_fill('sms'::text, '{8}'), array_fill(NULL::interval, '{8}'))$$) AS eight;
-- Each step counts, and the first destination is the code's.
UPDATE otp_channel SET messages_per_destination = 2 WHERE name = 'voice';
SELECT failure($$SELECT otp_send('chain-2', array_fill('+15550001239'::text, '{3}'), '{voice,voice,voice}', array_fill(NULL::interval, '{3}'))$$) AS three;
UPDATE otp_channel SET messages_per_destination = NULL;

-- Once more: the same code by the channel that was used last, or by the next one.
DELETE FROM otp_message;
SELECT otp_send_again('nobody') AS nobody, otp_send_again('nobody', 'login', '', true) AS next_of_nobody;
SELECT otp_issue('not sent') IS NOT NULL AS issued;
SELECT otp_send_again('not sent');
SELECT otp_send('again', '{bot-1,+15550001234,a@b.example}'::text[], '{chat,sms,email}'::text[], '{20 s,10 s,NULL}'::interval[]) AS id, otp_resend('again')::text AS code \gset
SELECT otp_send_again('again', 'login', 'another context') AS other_context, otp_send_again('again', 'payment') AS other_purpose;
SELECT otp_send_again('again') - :id AS again;
SELECT channel, lease, convert_from(body, 'UTF8') LIKE '%"' || :'code' || '"%' AS same_code FROM otp_claim('worker');
SELECT otp_send_again('again', next_channel => true) - :id AS next, otp_send_again('again', next_channel => NULL) - :id AS null_is_false;
SELECT message_id - :id AS id, step, state, due_at <= clock_timestamp() AS now, channel, destination FROM otp_message ORDER BY message_id;
SELECT channel, convert_from(body, 'UTF8') LIKE '%"' || :'code' || '"%' AS same_code FROM otp_claim('worker') ORDER BY message_id;
SELECT otp_delivered(message_id, tries, 'id-' || step) FROM otp_message WHERE channel = 'sms';
SELECT otp_send_again('again') - :id AS by_sms;
SELECT otp_receipt('sms', 'id-1', 'delivered');
SELECT channel, step, state, error FROM otp_message WHERE message_id > :id ORDER BY message_id;
-- The last one was dropped by the receipt, so it is the SMS again.
SELECT otp_send_again('again') - :id AS by_sms;
SELECT channel FROM otp_message ORDER BY message_id DESC LIMIT 1;
SELECT otp_send_again('again', next_channel => true) AS none_left;
SELECT otp_verify('again', :'code') AS spent, otp_send_again('again') AS spent_again;
SELECT state, count(*) FROM otp_message WHERE user_id = 'again' GROUP BY 1 ORDER BY 1;
-- Nothing is sent of a code that is not live.
SELECT otp_send('dead', 'bot-1', 'chat') > 0 AS sent, otp_cancel('dead'), otp_send_again('dead');
SELECT otp_send('dead', 'bot-1', 'chat') > 0 AS sent, otp_issue('dead') IS NOT NULL AS replaced, otp_send_again('dead');
SELECT otp_send('dead', 'bot-1', 'chat') > 0 AS sent;
UPDATE otp_challenge SET expires_at = issued_at WHERE user_id = 'dead';
SELECT otp_send_again('dead') AS expired;
DELETE FROM otp_channel;
DELETE FROM otp_message;
DROP FUNCTION sent_to;
SELECT reset_policy();
\pset format aligned
