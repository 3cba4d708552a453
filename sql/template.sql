-- otp_template: what its guard refuses, which row is taken, and what comes of it.
-- Requirements: 26, 31, 34.
\pset format unaligned
SELECT reset_policy();

-- What is refused when the row is written.
CREATE FUNCTION written(kind text, body text, subject text DEFAULT NULL, html text DEFAULT NULL, locale text DEFAULT 'en', purpose text DEFAULT 'guard') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text := failure(format('INSERT INTO otp_template VALUES (%L, %L, %L, %L, %L, %L)', purpose, kind, locale, subject, body, html), true);
BEGIN
  DELETE FROM otp_template AS t WHERE t.purpose = written.purpose;
  RETURN regexp_replace(result, ' \| Failing row[^|]*\| ', '');
END $$;
SELECT body, written('sms', body) FROM unnest(ARRAY['{code}', '{code} {minutes} {app} {locale}', E'{code}\n{context}\n@{domain} #{code}', E'{context}{code}\n{code}',
  '', 'no code', '{{code}}', '{{{code}}}', '{code', 'code}', '{code}}', '{}', '{ code }', '{Code}', '{code}{nothing}', '{code} {secret.token}', '{code} {destination}', '{code} {text}',
  '{code} {id}', '{code} {sender}', '{code} {context}', '@{domain} #{code}', E'{context} {code}\n@{domain} #{code}', E'x\r\n{code}', E'{context}\r{code}', E'\u00e9{code}{', E'\u00e9\n{nothing}{code}']) AS body;
SELECT body, written('voice', body) FROM unnest(ARRAY['<s>{code}</s>', '<s>{code}, {context}</s>', '<s a="{context}">{code}</s>', '<s>no code</s>', '<s {code}/>', '<{code}/>', '<!--{code}-->',
  '<s a={code}/>', '<![CDATA[{code}]]>', '<?{code}?>', '&{code};']) AS body;
SELECT html, written('email', '{code}', 'subject', html) FROM unnest(ARRAY['<p>{code}', '<p title="{context}">{code}</p>', '<p>no code</p>', '<script>{code}</script>', '<style>{code}</style>',
  '<a href="{code}">', '<a href=''https://example.com/{code}''>', '<p onclick="{code}">', '<p title={code}>', '<!-- {code} -->', '<{code}>', '<p {code}>', '<p style="{code}">']) AS html;
SELECT subject, written('email', '{code}', subject) FROM unnest(ARRAY['{app}: {context}', '', '{code}', '{nothing}', E'a\nBcc: b', E'a\r\n b', E'a\tb', NULL]) AS subject;
SELECT written('sms', '{code}', 'subject') AS subject_of_sms, written('push', '{code}') AS push_without_subject, written('push', '{code}', 'subject', '{code}') AS html_of_push, written('fax', '{code}') AS fax,
       written('sms', NULL) LIKE '23502%' AS no_body, written(NULL, '{code}') LIKE '23502%' AS no_kind;
SELECT locale, written('sms', '{code}', locale => locale) FROM unnest(ARRAY['id', 'pt-BR', 'zh-Hant-TW', 'e', 'EN', 'en_US', 'en-', '']) AS locale;
SELECT written('sms', '{code}', purpose => '') AS no_purpose, written('sms', '{code}', purpose => repeat('x', 64)) AS long_purpose;
-- An update is looked at like an insert.
INSERT INTO otp_template VALUES ('guard', 'sms', 'en', NULL, '{code}', NULL);
SELECT failure($$UPDATE otp_template SET body = 'none' WHERE purpose = 'guard'$$);
-- What comes with the extension passes.
DELETE FROM otp_template;
INSERT INTO otp_template SELECT 'default', t.* FROM otp_template_default AS t;
SELECT kind, string_agg(locale, ', ' ORDER BY locale) AS locales FROM otp_template GROUP BY 1 ORDER BY 1;
DELETE FROM otp_template;

-- Sends to a channel of a kind, and shows what it says, <code> for the code.
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app, domain)
  SELECT k, k, 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"subject": "{subject}", "text": "{text}"}', '{200}', 'Bank', 'example.com'
    FROM unnest('{sms,voice,chat,push}'::text[]) AS k;
SELECT otp_channel_preset('smtp', 'email', 'Bank', 'bank@example.com', 'example.com');
CREATE FUNCTION said(kind text, purpose text DEFAULT 'login', context text DEFAULT '', locale text DEFAULT 'en') RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  id bigint := otp_send('template', CASE WHEN kind = 'email' THEN 'a@b.example' ELSE '+6281234567' END, kind, purpose, context, locale);
  code text := otp_resend('template', purpose, context)::text;
  got jsonb := (SELECT CASE transport WHEN 'http' THEN convert_from(body, 'UTF8')::jsonb ELSE jsonb_build_object('subject', subject, 'text', plain, 'html', html) END
                  FROM otp_claim('worker') WHERE message_id = id);
BEGIN
  RETURN coalesce(replace(replace(got::text, code, '<code>'), regexp_replace(code, '(.)(?=.)', '\1, ', 'g'), '<c, o, d, e>')::jsonb,
                  (SELECT to_jsonb(state::text || ' ' || error) FROM otp_message WHERE message_id = id));
END $$;
-- Each default, with and without a context; the line of what there is none of is left out.
SELECT kind, locale, said(kind, 'login', context, locale) ->> 'subject' AS subject, said(kind, 'login', context, locale) ->> 'text' AS text
  FROM otp_template_default, unnest('{"",EUR 10 to X}'::text[]) AS context ORDER BY 1, 2, context;
SELECT said('email', 'login', 'EUR 10') ->> 'html' AS html;
-- The last line of an SMS is what phones fill in, and the whole fits into one of 160 characters of GSM 03.38.
SELECT locale, regexp_replace(body, '^.*\n', '') AS last_line, body ~ E'^[-a-zA-Z0-9 \n@#{}().:,]*$' AS gsm,
       length(replace(replace(replace(replace(replace(body, '{app}', repeat('a', 20)), '{context}', repeat('c', 11)), '{domain}', repeat('d', 20)), '{code}', '12345678'), '{minutes}', '10')) <= 160 AS one
  FROM otp_template_default WHERE kind = 'sms' ORDER BY 1;
UPDATE otp_channel SET domain = NULL WHERE name = 'sms';
SELECT said('sms') ->> 'text' AS without_domain;
UPDATE otp_channel SET domain = 'example.com';

-- A context that wants to be something else.
SELECT said('voice', 'hostile', '</s><s>'), said('voice', 'hostile', '') ->> 'text' LIKE '%<c, o, d, e>%' AS spoken;
INSERT INTO otp_template VALUES
  ('hostile', 'voice', 'en', NULL, '<s title="{context}">{code} {context}</s>', NULL),
  ('hostile', 'email', 'en', '{app} {context}', E'{code}\n{context}', '<p title="{context}">{code}</p><p>{context}</p>'),
  ('hostile', 'chat', 'en', NULL, E'{{{context}}}\n{code}', NULL);
SELECT c AS context, said('voice', 'hostile', c) ->> 'text' AS voice, said('email', 'hostile', c) AS email, said('chat', 'hostile', c) ->> 'text' AS chat
  FROM unnest(ARRAY['" onclick="x', '</s><audio src="https://evil.example"/>', '&lt; &amp; ''', E'a\r\nBcc: b@evil.example\t\x01', '{code} {secret.token} {{', '"}, {"x": "\']) AS c;
-- Not empty by an empty context.
SELECT said('email', 'hostile') AS email, said('chat', 'hostile') ->> 'text' AS chat;

-- Which row: the purpose's before that of all, there the locale itself, its language, English; what the extension has is last.
DELETE FROM otp_template;
INSERT INTO otp_template SELECT p, 'chat', l, NULL, p || ' ' || l || ' {code}', NULL
  FROM (VALUES ('pay', 'en'), ('pay', 'pt'), ('pay', 'pt-BR'), ('default', 'pt'), ('default', 'de')) AS v (p, l);
SELECT purpose, locale, said('chat', purpose, '', locale) ->> 'text' AS text
  FROM unnest('{pay,login}'::text[]) AS purpose, unnest('{en,pt,pt-BR,pt-PT,de,fr,id,en-GB,zz}'::text[]) AS locale;
-- Invalid locales, and none.
SELECT locale, failure(format('SELECT otp_send(''template'', ''x'', ''chat'', locale => %L)', locale), true) FROM unnest(ARRAY['e', 'en_US', '', 'en''', repeat('x', 36), NULL]) AS locale;
-- A template that is changed while messages wait counts when they are taken.
SELECT otp_send('template', 'x', 'chat') > 0 AS sent, otp_resend('template') AS code \gset
INSERT INTO otp_template VALUES ('login', 'chat', 'en', NULL, 'changed {code}', NULL);
SELECT replace(convert_from(body, 'UTF8'), :'code', '<code>') AS body FROM otp_claim('worker');
DELETE FROM otp_template;
DELETE FROM otp_channel;
DELETE FROM otp_message;
DROP FUNCTION said, written;
\pset format aligned
