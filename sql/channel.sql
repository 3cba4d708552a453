-- otp_channel: what its guard refuses, presets, and credentials, which nobody can read.
-- Requirements: 20, 24, 26, 31, 34.
\pset format unaligned
SELECT reset_policy();

-- A channel as it may be; each change is tried, and undone.
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
  VALUES ('guard', 'chat', 'http', 'https://api.example.com:8443/send?to={destination}', 'POST', '{Content-Type: application/json}',
          '{"text": "{text}", "token": "{secret.token}"}', '{200}', 'Bank');
CREATE FUNCTION guard(changes text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  result := regexp_replace(failure('UPDATE otp_channel SET ' || changes || ' WHERE name = ''guard''', true), ' \| (Failing row.*)?\| $| \|  \| $', '');
  IF result = 'no error' THEN
    RAISE EXCEPTION 'undone';
  END IF;
  RETURN CASE WHEN result LIKE '22P02 %' THEN split_part(result, ' | ', 1) ELSE result END;
EXCEPTION WHEN raise_exception THEN
  RETURN 'accepted';
END $$;
-- Whom a URL leads to is the row's own, and told once.
SELECT url, guard(format('url = %L', url)) FROM unnest(ARRAY[
  'https://api.example.com', 'https://[2001:db8::1]:8443/{destination}/x?y={text}', 'http://api.example.com/', 'HTTPS://api.example.com/',
  'ftp://api.example.com/', 'smtp://api.example.com', 'api.example.com', '', 'https://', 'https:///path',
  'https://user@api.example.com/', 'https://user:password@api.example.com/', 'https://api.example.com\@evil.example/',
  'https://{destination}/', 'https://{secret.token}.example.com/', 'https://api.example.com{destination}/', 'https://api.example.com:{secret.token}/',
  'https://api.example.com/{destination', 'https://api.example.com/}', 'https://api.example.com/{nothing}', 'https://api.example.com/{signature}',
  'https://api.example.com/{timestamp}', 'https://api.example.com/{sender}', 'https://api.example.com/{domain}',
  'https://api.example.com/a b', E'https://api.example.com/\r\nX: y', 'https://api.example.com/#{text}', 'https://api.example.com/..{destination}/x']) AS url;
SELECT guard($$url = 'http://api.example.com/', allow_plaintext = true$$) AS plaintext,
       guard($$url = 'https://api.example.com/{sender}/{domain}', sender = '+1555', domain = 'example.com'$$) AS given;
-- Headers.
SELECT header, guard(format('headers = headers || %L::text', header)) FROM unnest(ARRAY[
  'X-Id: {id}', 'Authorization: Bearer {secret.token}', 'X: {timestamp} {signature} {purpose} {locale} {minutes} {app}',
  'X: {code}', 'X: {text}', 'X: {context}', 'X: {subject}', 'X: {sender}', 'X: {domain}', 'X: {nothing}', 'X: {', 'X', '', '{secret.token}: x', ': x',
  E'X: a\r\nY: b', E'X: a\nb', E'X: a\tb', 'X: {secret.}', 'X: {secret.a.b}', NULL]) AS header;
-- The body, in the format that Content-Type says.
SELECT body, guard(format('body = %L', body)) FROM unnest(ARRAY[
  '{"text": "{text}"}', '["{code}", {}, [1.5e3, null, true]]', '{"text": "{code} {{braces}} \u00e9 \" {context}"}', '"{text}"',
  '{"text": {text}}', '{"{text}": 1}', '{"text": "{text}"', '{"text": "{text}",}', '{text}', '{"text": "\u{code}"}', '{"text": "\{code}"}',
  '{"text": "{nothing}"}', '{"text": "{code}", "b": "{"}', '{"text": "no code"}', '{"text": "{{code}}"}', '{"text": "{secret.token}"}', '']) AS body;
SELECT body, guard(format('headers = %L, body = %L', ARRAY['content-type:application/x-www-form-urlencoded; charset=UTF-8'], body)) FROM unnest(ARRAY[
  'text={text}', 'a={code}&b=%7B{context}', '{text}=1', 'text={text}&{code}', '{text}', 'a=%{code}', 'a=%4{code}', 'a={nothing}', 'a=b c{code}']) AS body;
SELECT body, guard(format('headers = %L, body = %L', ARRAY['Content-Type: text/xml'], body)) FROM unnest(ARRAY[
  '<a b="{destination}">{text}</a>', '<a {text}="b"/>', '<a b={text}/>', '<{text}/>', '<!-- {text} -->', '<![CDATA[{text}]]>', '<a>{text}</a>{']) AS body;
SELECT guard($$headers = NULL, body = '{text}'$$) AS no_type, guard($$headers = '{Content-Type: text/plain}', body = 'code={code}'$$) AS plain;
-- No code in it.
SELECT guard($$body = '{}'$$), guard($$body = '{"text": "{subject} {context}"}'$$), guard($$url = 'https://api.example.com/{code}', body = '{}'$$) AS in_the_url;
-- A call's markup is escaped in the template's text alone; a mail is from somebody.
SELECT guard($$kind = 'voice', body = '{"text": "{text}"}'$$) AS text, guard($$kind = 'voice', body = '{"text": "{text} {context}"}'$$) AS context,
       guard($$kind = 'voice', url = 'https://api.example.com/{purpose}'$$) AS purpose;
SELECT sender, guard(format($$kind = 'email', transport = 'smtp', url = 'smtp://mail.example.com', sender = %L, method = NULL, headers = NULL, body = NULL,
  accept_status = NULL, retry_status = NULL, id_path = NULL$$, sender)) FROM unnest('{no-reply@example.com,+15550001,Bank <a@example.com>,a@b@example.com}'::text[]) AS sender;
-- What stands in headers of a mail, or makes a template's line.
SELECT col, guard(format('%I = %L', col, E'a\r\nBcc: b')), guard(format('%I = %L', col, '')) FROM unnest('{app,sender,sender_name,domain}'::text[]) AS col;
SELECT guard('app = NULL') AS no_app, guard('url = NULL') AS no_url, guard('transport = NULL') AS no_transport;
-- The table's own rules.
SELECT changes, guard(changes) FROM unnest(ARRAY[
  $$kind = 'fax'$$, $$transport = 'smtp'$$, $$transport = 'smtp', url = 'smtp://mail.example.com'$$, $$method = 'DELETE'$$, $$method = 'GET'$$,
  $$method = 'GET', body = NULL, url = 'https://a.example/{code}'$$, 'method = NULL', 'body = NULL', 'accept_status = NULL', $$accept_status = '{}'$$,
  $$accept_path = 'a'$$, $$accept_values = '{a}'$$, $$retry_path = 'a'$$, $$retry_values = '{1}'$$,
  $$accept_path = 'a', accept_values = '{b,c}', retry_path = 'd', retry_values = '{1}'$$,
  'per_second = 0', $$per_second = 'NaN'$$, 'per_second = 0.1', 'max_in_flight = 0', $$timeout = '0.5 s'$$, $$timeout = '6 minutes'$$,
  $$message_window = '1 s'$$, 'messages_per_destination = 0', 'messages_per_prefix = 1', 'prefix_length = 1', 'messages_per_prefix = 1, prefix_length = 5',
  $$name = ''$$, $$name = repeat('x', 64)$$]) AS changes;
SELECT url, failure(format('INSERT INTO otp_channel (name, kind, transport, url, sender, app) VALUES (''mail'', ''email'', ''smtp'', %L, ''a@b.example'', ''Bank'')', url))
  FROM unnest(ARRAY['smtp://mail.example.com:587/x', 'smtp://user@mail.example.com', 'https://mail.example.com', 'smtp://{secret.host}', 'smtps://mail.example.com:465']) AS url;
SELECT failure($$UPDATE otp_channel SET sender = NULL WHERE name = 'mail'$$), failure($$UPDATE otp_channel SET kind = 'sms' WHERE name = 'mail'$$),
       failure($$UPDATE otp_channel SET body = '{code}' WHERE name = 'mail'$$);
DELETE FROM otp_channel;
SELECT failure('SELECT otp_channel_guard()'), failure('SELECT otp_template_guard()');
DROP FUNCTION guard;

-- Presets: each makes a row, which renders to what its Content-Type says.
SELECT preset, otp_channel_preset(preset, preset, 'Bank', CASE kind WHEN 'email' THEN 'no-reply@example.com' ELSE '+15550001' END, 'example.com') AS secrets FROM otp_channel_presets ORDER BY preset;
SELECT name, kind, transport, allow_plaintext, comment LIKE 'https://%' AS page FROM otp_channel ORDER BY name;
SELECT channel, problem FROM otp_channel_status();
SELECT count(otp_channel_secret(preset, s, CASE s WHEN 'signing' THEN 'whsec_' || encode('0123456789abcdef0123456789abcdef', 'base64') ELSE 'a "secret" & {' || s || '}' END))
  FROM otp_channel_presets, unnest(secrets) AS s;
SELECT channel, url, username, password, problem FROM otp_channel_status();
SELECT count(otp_send('preset-' || preset, CASE kind WHEN 'email' THEN 'alice@example.com' ELSE '+6281234567' END, preset, 'login', 'EUR 10 to "X" & </s>'))
  FROM otp_channel_presets;
-- What is random is left out.
CREATE TEMPORARY TABLE claimed AS SELECT * FROM otp_claim('worker');
CREATE FUNCTION shown(c claimed, what text) RETURNS text
LANGUAGE sql AS $$
  SELECT regexp_replace(regexp_replace(replace(replace(replace(what,
    otp_resend('preset-' || (c).channel, 'login', 'EUR 10 to "X" & </s>')::text, '<code>'),
    regexp_replace(otp_resend('preset-' || (c).channel, 'login', 'EUR 10 to "X" & </s>')::text, '(.)(?=.)', '\1, ', 'g'), '<c, o, d, e>'),
    (c).idempotency_key::text, '<id>'), 'timestamp: [0-9]{10}', 'timestamp: <time>'), 'v1,[A-Za-z0-9+/]{43}=', 'v1,<hmac>')
$$;
SELECT channel, method, shown(c, url) AS url, shown(c, headers::text) AS headers FROM claimed AS c ORDER BY channel;
SELECT channel, shown(c, regexp_replace(replace(convert_from(body, 'UTF8'), '%2C+', ', '), ' ?%23', '#')) AS body FROM claimed AS c WHERE transport = 'http' ORDER BY channel;
SELECT channel, jsonb_typeof(convert_from(body, 'UTF8')::jsonb) FROM claimed WHERE headers::text LIKE '%/json%' ORDER BY channel;
SELECT convert_from(body, 'UTF8')::jsonb #>> '{data,context}' AS context FROM claimed WHERE channel = 'webhook';
SELECT url, destination, shown(c, plain) AS plain, username, password, allow_plaintext, sender, sender_name FROM claimed AS c WHERE transport = 'smtp';
SELECT count(*) FROM claimed WHERE transport = 'http' AND num_nonnulls(subject, plain, html, username, password) > 0;
-- Standard Webhooks.
CREATE EXTENSION pgcrypto;
SELECT encode(hmac(convert_to(idempotency_key || '.' || substr(headers[2], 20) || '.', 'UTF8') || body, '0123456789abcdef0123456789abcdef', 'sha256'), 'base64') =
       substr(headers[3], 23) AS signed FROM claimed WHERE channel = 'webhook';
DROP EXTENSION pgcrypto;
DROP FUNCTION shown;
DROP TABLE claimed;
SELECT failure($$SELECT otp_channel_preset('fax', 'x', 'Bank')$$, true), failure($$SELECT otp_channel_preset('ntfy', 'ntfy', 'Bank')$$) AS twice;
SELECT failure($$SELECT otp_channel_preset(NULL, 'x', 'Bank')$$), failure($$SELECT otp_channel_preset('ntfy', NULL, 'Bank')$$),
       failure($$SELECT otp_channel_preset('ntfy', 'x', NULL)$$), failure($$SELECT otp_channel_preset('twilio-sms', 'x', 'Bank')$$) AS no_sender;

-- Credentials: sealed, each for its own channel, name and host.
DELETE FROM otp_channel;
SELECT count(*) AS cascaded FROM otp_channel_secret;
DELETE FROM otp_message;
SELECT otp_channel_preset('ntfy', 'a', 'Bank', url => 'https://a.example/'), otp_channel_preset('ntfy', 'b', 'Bank', url => 'https://a.example/');
SELECT otp_channel_secret('a', 'token', 'the first'), otp_channel_secret('b', 'token', 'the other'), otp_channel_secret('a', 'spare', 'the spare');
SELECT count(*) AS readable FROM otp_channel_secret AS s WHERE s::text ~ 'the (first|other|spare)' OR sealed::text LIKE '%' || encode('the ', 'hex') || '%';
CREATE FUNCTION token(which text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  id bigint := otp_send('credential', 'topic', which);
  got text := (SELECT headers[1] FROM otp_claim('worker') WHERE message_id = id);
BEGIN
  RETURN coalesce(got, (SELECT state::text || ' ' || error FROM otp_message WHERE message_id = id));
END $$;
SELECT token('a'), token('b');
SELECT otp_channel_secret('a', 'token', 'the second'), token('a');
-- Another row's, another name's, another host's, a damaged one.
BEGIN;
UPDATE otp_channel_secret SET sealed = (SELECT sealed FROM otp_channel_secret WHERE (channel, name) = ('b', 'token')) WHERE (channel, name) = ('a', 'token');
SELECT token('a') AS of_another_channel, token('b');
ROLLBACK;
BEGIN;
UPDATE otp_channel_secret SET sealed = (SELECT sealed FROM otp_channel_secret WHERE (channel, name) = ('a', 'spare')) WHERE (channel, name) = ('a', 'token');
SELECT token('a') AS of_another_name;
ROLLBACK;
BEGIN;
UPDATE otp_channel_secret SET sealed = '\x00' WHERE (channel, name) = ('a', 'token');
SELECT token('a') AS short;
ROLLBACK;
CREATE FUNCTION token_at(new_url text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  got text;
BEGIN
  UPDATE otp_channel SET url = new_url, allow_plaintext = true WHERE name = 'a';
  got := token('a') || ' | ' || coalesce((SELECT problem FROM otp_channel_status() WHERE channel = 'a'), 'no problem');
  UPDATE otp_channel SET url = 'https://a.example/' WHERE name = 'a';
  RETURN got;
END $$;
SELECT url, token_at(url) FROM unnest(ARRAY['https://a.example/other?path', 'https://a.example?q', 'https://a.example', 'https://evil.example/', 'https://a.example.evil.example/',
  'https://a.example:8443/', 'http://a.example/', 'https://evil.example/https://a.example/', 'https://evil.example?://a.example/']) AS url;
SELECT token('a') AS as_before;
-- A channel with credentials keeps its name.
SELECT failure($$UPDATE otp_channel SET name = 'c' WHERE name = 'a'$$) LIKE '23503%' AS refused;
-- Removed, and missing.
SELECT otp_channel_secret('a', 'token', NULL), otp_channel_secret('a', 'never', NULL), token('a') AS removed;
SELECT channel, problem FROM otp_channel_status();
SELECT otp_channel_secret('a', 'token', 'the third');
-- Under a new data key all is as before, and the old one is not dropped while it is needed.
SELECT otp_rotate_key() AS old \gset
SELECT otp_channel_secret('a', 'token', 'the fourth');
SELECT otp_rotate_key() > :old AS rotated, token('a');
UPDATE otp_challenge SET expires_at = issued_at WHERE user_id = 'credential';
SELECT channel_secrets, failure(format('DELETE FROM otp_key WHERE id = %s', id)) LIKE '55006%' AS kept FROM otp_keys WHERE id = :old;
SELECT otp_rekey() >= 0 AS rekeyed, token('a'), token('b');
SELECT count(DISTINCT key_id) = 1 AND bool_and(state = 'writing') AS rekeyed FROM otp_channel_secret JOIN otp_key ON id = key_id;
SELECT channel_secrets, failure(format('DELETE FROM otp_key WHERE id = %s', id)) AS dropped FROM otp_keys WHERE id = :old;
-- One that does not open is left as it is; the others go on.
UPDATE otp_channel_secret SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE (channel, name) = ('b', 'token');
SELECT otp_rotate_key() > 0 AS rotated;
SELECT otp_rekey() > 0 AS left_over;
SELECT channel, name, state FROM otp_channel_secret JOIN otp_key ON id = key_id ORDER BY 1, 2;
SELECT token('a'), token('b');
SELECT otp_channel_secret('b', 'token', 'mended'), token('b'), otp_rekey() >= 0 AS rekeyed;
-- Arguments; none of the errors shows a value.
SELECT name, failure(format($$SELECT otp_channel_secret('a', %L, 'the value')$$, name), true) FROM unnest(ARRAY['token2', '', 'Token', '2', 'a b', 'a.b', '_a', repeat('x', 64), NULL]) AS name;
SELECT failure($$SELECT otp_channel_secret('nothing', 'token', 'the value')$$), failure($$SELECT otp_channel_secret(NULL, 'token', 'the value')$$),
       failure($$SELECT otp_channel_secret('a', 'token', '')$$), failure($$SELECT otp_channel_secret('a', 'token', repeat('the value', 10000))$$) ~ '^22023 a credential must have between 1 and [0-9]+ bytes, not 90000$' AS long;
BEGIN READ ONLY;
SELECT failure($$SELECT otp_channel_secret('a', 'token', 'the value')$$), failure($$SELECT otp_channel_preset('ntfy', 'c', 'Bank')$$);
COMMIT;
-- A signing credential that is no key.
DELETE FROM otp_channel;
SELECT otp_channel_preset('webhook', 'hook', 'Bank');
SELECT otp_channel_secret('hook', 'signing', 'whsec_!'), otp_send('credential', 'x', 'hook') > 0 AS sent;
SELECT count(*) FROM otp_claim('worker');
SELECT state, error FROM otp_message WHERE channel = 'hook';
-- Without TLS only where it is asked for.
SELECT otp_channel_preset('webhook', 'plain', 'Bank', url => 'http://localhost/');
SELECT name, allow_plaintext FROM otp_channel ORDER BY 1;
DELETE FROM otp_channel;
DELETE FROM otp_message;
DROP FUNCTION token, token_at;
SELECT reset_policy();
\pset format aligned
