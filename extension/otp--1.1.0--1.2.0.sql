/* otp 1.2.0 */

\echo Use "ALTER EXTENSION otp UPDATE TO '1.2.0'" to load this file. \quit

--
-- Channels: by what way a message goes, and what it has to say there
--

CREATE FUNCTION @extschema@.otp_channel_guard() RETURNS trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;
CREATE FUNCTION @extschema@.otp_template_guard() RETURNS trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;

CREATE TABLE @extschema@.otp_channel (
  name text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL COLLATE "C",
  transport text NOT NULL COLLATE "C",
  url text NOT NULL,
  method text COLLATE "C",
  headers text[],
  body text,
  accept_status integer[],
  retry_status integer[],
  accept_path text,
  accept_values text[],
  retry_path text,
  retry_values text[],
  id_path text,
  sender text,
  sender_name text,
  app text NOT NULL,
  domain text,
  allow_plaintext boolean NOT NULL DEFAULT false,
  ca_file text,
  per_second double precision,
  max_in_flight integer,
  timeout interval NOT NULL DEFAULT '10 seconds',
  message_window interval NOT NULL DEFAULT '1 hour',
  messages_per_destination integer,
  messages_per_prefix integer,
  prefix_length integer,
  comment text,
  CONSTRAINT "name has 1 to 63 bytes"
    CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 63),
  CONSTRAINT "kind is sms, email, voice, chat or push"
    CHECK (kind IN ('sms', 'email', 'voice', 'chat', 'push')),
  CONSTRAINT "transport is smtp or http"
    CHECK (transport IN ('smtp', 'http')),
  CONSTRAINT "email has transport smtp, or http"
    CHECK (transport <> 'smtp' OR kind = 'email'),
  CONSTRAINT "smtp has a sender, and no method, headers, body or status codes"
    CHECK (transport <> 'smtp' OR sender IS NOT NULL AND
           pg_catalog.num_nonnulls(method, headers, body, accept_status, retry_status, accept_path,
                                   accept_values, retry_path, retry_values, id_path) = 0),
  CONSTRAINT "http has method GET, POST or PUT, and accept_status"
    CHECK (transport <> 'http' OR method IS NOT NULL AND method IN ('GET', 'POST', 'PUT') AND
           accept_status IS NOT NULL AND pg_catalog.cardinality(accept_status) > 0),
  CONSTRAINT "method GET has no body, the others have one"
    CHECK (transport <> 'http' OR (method = 'GET') = (body IS NULL)),
  CONSTRAINT "accept_path and accept_values are given together"
    CHECK ((accept_path IS NULL) = (accept_values IS NULL)),
  CONSTRAINT "retry_path and retry_values are given together"
    CHECK ((retry_path IS NULL) = (retry_values IS NULL)),
  CONSTRAINT "per_second is above 0, and at most 100000"
    CHECK (per_second OPERATOR(pg_catalog.>) 0 AND per_second OPERATOR(pg_catalog.<=) 100000),
  CONSTRAINT "max_in_flight is 1 to 1000"
    CHECK (max_in_flight BETWEEN 1 AND 1000),
  CONSTRAINT "timeout is 1 second to 5 minutes"
    CHECK (timeout BETWEEN '1 second' AND '5 minutes'),
  CONSTRAINT "message_window is 1 minute to 30 days"
    CHECK (message_window BETWEEN '1 minute' AND '30 days'),
  CONSTRAINT "messages_per_destination is 1 to 1000000"
    CHECK (messages_per_destination BETWEEN 1 AND 1000000),
  CONSTRAINT "messages_per_prefix is 1 to 1000000"
    CHECK (messages_per_prefix BETWEEN 1 AND 1000000),
  CONSTRAINT "prefix_length is 1 to 64, and given with messages_per_prefix"
    CHECK (prefix_length BETWEEN 1 AND 64 AND
           (prefix_length IS NULL) = (messages_per_prefix IS NULL))
);
CREATE TRIGGER otp_channel_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.otp_channel
  FOR EACH ROW EXECUTE FUNCTION @extschema@.otp_channel_guard();
CREATE TRIGGER otp_channel_guard_all BEFORE TRUNCATE ON @extschema@.otp_channel
  FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.otp_channel_guard();

-- Without a foreign key, because a parallel pg_restore does not heed one between tables of an extension; the guard of
-- otp_channel is in its place.
CREATE TABLE @extschema@.otp_channel_secret (
  key_id integer NOT NULL,
  channel text COLLATE "C",
  name text COLLATE "C",
  sealed bytea NOT NULL,
  PRIMARY KEY (channel, name)
);

-- How many messages a channel may take now: apart from its row, which people change.
CREATE TABLE @extschema@.otp_channel_rate (
  channel text COLLATE "C" PRIMARY KEY REFERENCES @extschema@.otp_channel ON DELETE CASCADE,
  left_over double precision NOT NULL,
  at timestamptz NOT NULL
);

CREATE TABLE @extschema@.otp_template (
  purpose text COLLATE "C",
  kind text COLLATE "C",
  locale text COLLATE "C",
  subject text,
  body text NOT NULL,
  html text,
  PRIMARY KEY (purpose, kind, locale),
  CONSTRAINT "purpose has 1 to 63 bytes"
    CHECK (pg_catalog.octet_length(purpose) BETWEEN 1 AND 63),
  CONSTRAINT "kind is sms, email, voice, chat or push"
    CHECK (kind IN ('sms', 'email', 'voice', 'chat', 'push')),
  CONSTRAINT "locale is a language and perhaps more, such as en or pt-BR"
    CHECK (locale OPERATOR(pg_catalog.~) '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  CONSTRAINT "subject is of email and push, html of email"
    CHECK ((kind IN ('email', 'push')) = (subject IS NOT NULL) AND
           (html IS NULL OR kind = 'email'))
);
CREATE TRIGGER otp_template_guard BEFORE INSERT OR UPDATE ON @extschema@.otp_template
  FOR EACH ROW EXECUTE FUNCTION @extschema@.otp_template_guard();

COMMENT ON FUNCTION @extschema@.otp_channel_guard() IS
'Trigger: refuses a channel that could not be used, or in which a value could break out of its place, and another name for one that has credentials; removes the credentials of one that is deleted. Errors: 23503 the channel has credentials; 23514 with what is wrong, and in a template at which character; 22P02 body of Content-Type application/json is none; 39P01 if called otherwise.';
COMMENT ON FUNCTION @extschema@.otp_template_guard() IS
'Trigger: refuses a template that does not show the code, has an unknown placeholder, or one whose value could break out of its place. Errors: 23514 with what is wrong, and at which character; 39P01 if called otherwise.';

COMMENT ON TABLE @extschema@.otp_channel IS
'By what way a message goes, and what it has to say there; a row per channel, for the DBA to write, or otp_channel_preset(). url, headers and body are templates: {destination}, {sender}, {app}, {domain}, {locale}, {minutes}, {purpose}, {id}, {secret.NAME}; in url and body also {code}, {context}, {subject}, {text}; in headers also {timestamp}, {signature}. Dumped.';
COMMENT ON COLUMN @extschema@.otp_channel.name IS
'Name of the channel, 1 to 63 bytes. Its credentials are bound to it: while it has any, it cannot be renamed (23503).';
COMMENT ON COLUMN @extschema@.otp_channel.kind IS
'sms, email, voice, chat or push: chooses the templates of otp_template, and what a destination must look like. sms and voice: + and 7 to 15 digits (ITU-T E.164); email: an address in ASCII (RFC 5321); chat and push: what the provider calls the recipient, in ASCII without spaces.';
COMMENT ON COLUMN @extschema@.otp_channel.transport IS
'smtp, with kind email alone, or http.';
COMMENT ON COLUMN @extschema@.otp_channel.url IS
'Of http: https://host/path, values percent-encoded (RFC 3986), none in the host. Of smtp: smtp://host:587, with STARTTLS, or smtps://host:465. No user in it. Credentials are bound to scheme, host and port: with other ones, they have to be set again.';
COMMENT ON COLUMN @extschema@.otp_channel.method IS
'Of http: GET, POST or PUT. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel.headers IS
'Of http: headers of the request, each ''Name: value'', a template without line ends. Content-Type says how values get into the body. NULL: none; with smtp NULL.';
COMMENT ON COLUMN @extschema@.otp_channel.body IS
'Of http: the body of the request, a template. By Content-Type: application/json, placeholders within string literals alone; application/x-www-form-urlencoded; application/xml, text/xml or application/ssml+xml; else plain text. NULL with GET and with smtp. {code} or {text} must be in url or body.';
COMMENT ON COLUMN @extschema@.otp_channel.accept_status IS
'Of http: status codes that mean: taken over; at least one. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel.retry_status IS
'Of http: status codes that mean: again later. Every other one: failed for good. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel.accept_path IS
'Where in a JSON answer something stands that must be one of accept_values, too: members and array indexes, joined by dots (messages.0.status). NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel.accept_values IS
'What may stand at accept_path, as text, if the message was taken over; given together with it.';
COMMENT ON COLUMN @extschema@.otp_channel.retry_path IS
'Where in a JSON answer that is not accepted, by its status or by accept_values, something stands that tells whether to try again: as accept_path. NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel.retry_values IS
'What may stand at retry_path, as text, for: again later; given together with it. Every other value: failed for good, unless the status is one of retry_status.';
COMMENT ON COLUMN @extschema@.otp_channel.id_path IS
'Where in the answer the provider''s id of the message stands, for otp_receipt(): as accept_path; header:NAME, a header of the answer; or body:, all of it. NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel.sender IS
'Whom the message comes from: with smtp the envelope''s sender and the address of From, and never NULL; with http what {sender} is. Without control characters.';
COMMENT ON COLUMN @extschema@.otp_channel.sender_name IS
'With smtp, the name beside the address of From. NULL: none. Without control characters.';
COMMENT ON COLUMN @extschema@.otp_channel.app IS
'What {app} is in templates: the application, as people know it. Without control characters.';
COMMENT ON COLUMN @extschema@.otp_channel.domain IS
'What {domain} is in templates: the domain that phones fill the code in for (WICG, Origin-bound one-time codes delivered via SMS). NULL: none. Without control characters.';
COMMENT ON COLUMN @extschema@.otp_channel.allow_plaintext IS
'May it go without TLS: by http://, or by smtp:// to a server that has no STARTTLS?';
COMMENT ON COLUMN @extschema@.otp_channel.ca_file IS
'File, on the relay''s machine, with the certificates of further authorities. NULL: the system''s.';
COMMENT ON COLUMN @extschema@.otp_channel.per_second IS
'Messages a second that all relays together take, above 0 and at most 100000; after a pause, as many at once as a second''s worth, and at least one. NULL: any number.';
COMMENT ON COLUMN @extschema@.otp_channel.max_in_flight IS
'Messages that a relay''s process sends at a time, and that one call of otp_claim() takes, 1 to 1000. NULL: as the relay is set.';
COMMENT ON COLUMN @extschema@.otp_channel.timeout IS
'How long a try may take, 1 second to 5 minutes; rounded up to seconds.';
COMMENT ON COLUMN @extschema@.otp_channel.message_window IS
'The time of the next two, 1 minute to 30 days.';
COMMENT ON COLUMN @extschema@.otp_channel.messages_per_destination IS
'Messages to one destination within message_window, whatever their user and purpose, 1 to 1000000; beyond: OT002. NULL: any number.';
COMMENT ON COLUMN @extschema@.otp_channel.messages_per_prefix IS
'Messages within message_window to all destinations that begin with the same prefix_length characters, 1 to 1000000; beyond: OT002. Against SMS pumping. NULL: any number.';
COMMENT ON COLUMN @extschema@.otp_channel.prefix_length IS
'Characters of a destination in lower case, the + of a number among them, 1 to 64; given together with messages_per_prefix.';
COMMENT ON COLUMN @extschema@.otp_channel.comment IS
'Any text; by a preset, the page of the provider''s documentation.';
COMMENT ON INDEX @extschema@.otp_channel_pkey IS
'One row per channel.';
COMMENT ON TRIGGER otp_channel_guard ON @extschema@.otp_channel IS
'Refuses channels that could not be used; removes their credentials with them.';
COMMENT ON TRIGGER otp_channel_guard_all ON @extschema@.otp_channel IS
'The same for TRUNCATE.';

COMMENT ON TABLE @extschema@.otp_channel_secret IS
'The credentials of channels, sealed. Written by otp_channel_secret() alone, and read by no SQL. Dumped.';
COMMENT ON COLUMN @extschema@.otp_channel_secret.key_id IS
'The data key, otp_key.id, that the credential is sealed under.';
COMMENT ON COLUMN @extschema@.otp_channel_secret.channel IS
'The channel; they go with it.';
COMMENT ON COLUMN @extschema@.otp_channel_secret.name IS
'NAME in {secret.NAME}; username and password of smtp; signing, the key of {signature}.';
COMMENT ON COLUMN @extschema@.otp_channel_secret.sealed IS
'The credential in UTF-8, sealed with AES-256-GCM: format byte 1, nonce (12 bytes), ciphertext, tag (16). Associated data: the format byte, the table, channel, name, and the url up to the end of host and port.';
COMMENT ON INDEX @extschema@.otp_channel_secret_pkey IS
'One row per channel and name.';

COMMENT ON TABLE @extschema@.otp_channel_rate IS
'How many messages a channel with per_second may take now. Made and kept by otp_claim(). Not dumped.';
COMMENT ON COLUMN @extschema@.otp_channel_rate.channel IS
'The channel; it goes with it.';
COMMENT ON COLUMN @extschema@.otp_channel_rate.left_over IS
'Messages that it could take, at column at.';
COMMENT ON COLUMN @extschema@.otp_channel_rate.at IS
'When that was.';
COMMENT ON INDEX @extschema@.otp_channel_rate_pkey IS
'One row per channel.';

COMMENT ON TABLE @extschema@.otp_template IS
'What a message says; a row per purpose, kind of channel and language, for the DBA to write. Placeholders: {code}, {minutes}, {context}, {app}, {domain}, {locale}; a brace itself is written twice. Looked for are: the purpose, then default; of each, the locale, its language alone, en; where neither has a row, otp_template_default. Dumped.';
COMMENT ON COLUMN @extschema@.otp_template.purpose IS
'The purpose, 1 to 63 bytes, or default.';
COMMENT ON COLUMN @extschema@.otp_template.kind IS
'sms, email, voice, chat or push.';
COMMENT ON COLUMN @extschema@.otp_template.locale IS
'Language and perhaps more (BCP 47): en, id, pt-BR. Compared byte by byte.';
COMMENT ON COLUMN @extschema@.otp_template.subject IS
'Subject of an email, title of a push, and of no other kind. Plain text.';
COMMENT ON COLUMN @extschema@.otp_template.body IS
'The text: of voice, SSML without <speak>, in which {code} is read one symbol after the other; of the others, plain text. In plain text a line is left out if a placeholder in it has no value; a line with {code} must be there that neither {context} nor {domain} is in.';
COMMENT ON COLUMN @extschema@.otp_template.html IS
'The same in HTML, beside body; of email alone. NULL: the mail is plain text.';
COMMENT ON INDEX @extschema@.otp_template_pkey IS
'One row per purpose, kind and locale.';
COMMENT ON TRIGGER otp_template_guard ON @extschema@.otp_template IS
'Refuses templates that do not show the code, or whose values could break out.';

--
-- What messages say unless otp_template says something else.  A line is left out if a placeholder in it has no value, so
-- what must be there stands in a line with {code} and {minutes} only.  The last line of sms is what phones fill in:
-- https://wicg.github.io/sms-one-time-codes/.  SSML comes without <speak>, which the channel's request has.
--

CREATE VIEW @extschema@.otp_template_default AS
  SELECT t.kind, t.locale, t.subject, t.body, t.html
    FROM (VALUES
  ('sms'::pg_catalog.text, 'en'::pg_catalog.text, NULL::pg_catalog.text,
'{app}
Your code: {code} (valid for {minutes} min)
For: {context}
Never share this code.

@{domain} #{code}'::pg_catalog.text, NULL::pg_catalog.text),
  ('sms', 'id', NULL,
'{app}
Kode Anda: {code} (berlaku {minutes} menit)
Untuk: {context}
Jangan beri tahu siapa pun.

@{domain} #{code}', NULL),
  ('email', 'en', 'Your one-time code',
'Your one-time code:

{code}

It is valid for {minutes} minutes.
For: {context}

Never share this code. Nobody from us will ever ask you for it.
If you did not ask for it, you can ignore this message.

{app}',
'<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Your one-time code</title></head>
<body>
<p>Your one-time code:</p>
<p style="font-size: 1.75em"><strong>{code}</strong></p>
<p>It is valid for {minutes} minutes.</p>
<p><strong>{context}</strong></p>
<p>Never share this code. Nobody from us will ever ask you for it.<br>
If you did not ask for it, you can ignore this message.</p>
<p>{app}</p>
</body>
</html>'),
  ('email', 'id', 'Kode sekali pakai Anda',
'Kode sekali pakai Anda:

{code}

Kode ini berlaku selama {minutes} menit.
Untuk: {context}

Jangan berikan kode ini kepada siapa pun. Kami tidak akan pernah memintanya dari Anda.
Jika Anda tidak memintanya, abaikan pesan ini.

{app}',
'<!DOCTYPE html>
<html lang="id">
<head><meta charset="utf-8"><title>Kode sekali pakai Anda</title></head>
<body>
<p>Kode sekali pakai Anda:</p>
<p style="font-size: 1.75em"><strong>{code}</strong></p>
<p>Kode ini berlaku selama {minutes} menit.</p>
<p><strong>{context}</strong></p>
<p>Jangan berikan kode ini kepada siapa pun. Kami tidak akan pernah memintanya dari Anda.<br>
Jika Anda tidak memintanya, abaikan pesan ini.</p>
<p>{app}</p>
</body>
</html>'),
  ('voice', 'en', NULL,
'<s>Hello. Your one-time code is: <prosody rate="slow">{code}</prosody>.</s>
<break time="1s"/>
<s>Once again: <prosody rate="slow">{code}</prosody>.</s>
<s>Never share this code.</s>', NULL),
  ('voice', 'id', NULL,
'<s>Halo. Kode sekali pakai Anda adalah: <prosody rate="slow">{code}</prosody>.</s>
<break time="1s"/>
<s>Sekali lagi: <prosody rate="slow">{code}</prosody>.</s>
<s>Jangan berikan kode ini kepada siapa pun.</s>', NULL),
  ('chat', 'en', NULL,
'{app}
Your code: {code}
For: {context}
It is valid for {minutes} minutes. Never share this code.', NULL),
  ('chat', 'id', NULL,
'{app}
Kode Anda: {code}
Untuk: {context}
Kode ini berlaku selama {minutes} menit. Jangan berikan kode ini kepada siapa pun.', NULL),
  ('push', 'en', 'Your one-time code',
'{code} (valid for {minutes} min)
For: {context}
Never share this code.', NULL),
  ('push', 'id', 'Kode sekali pakai Anda',
'{code} (berlaku {minutes} menit)
Untuk: {context}
Jangan berikan kode ini kepada siapa pun.', NULL))
      AS t (kind, locale, subject, body, html);

COMMENT ON VIEW @extschema@.otp_template_default IS
'What messages say where otp_template has no row: English and Indonesian, for every kind.';
COMMENT ON COLUMN @extschema@.otp_template_default.kind IS 'As otp_template.kind.';
COMMENT ON COLUMN @extschema@.otp_template_default.locale IS 'en or id.';
COMMENT ON COLUMN @extschema@.otp_template_default.subject IS 'As otp_template.subject.';
COMMENT ON COLUMN @extschema@.otp_template_default.body IS 'As otp_template.body.';
COMMENT ON COLUMN @extschema@.otp_template_default.html IS 'As otp_template.html.';

--
-- What providers ask for, and what they say of a second delivery and of trouble.  Where nothing is said of a key, none is taken: a try whose
-- answer was lost can be a second message.
--   smtp            no key, but the Message-ID stays the same; 4yz: again later, 5yz: for good (RFC 5321, 4.2.1)
--   twilio-sms      no key; 429 (20429) has not been processed and may be tried again, with backoff
--   twilio-voice    as twilio-sms
--   whatsapp-cloud  no key, biz_opaque_callback_data comes back in status webhooks; limits are error.code 4, 80007, 130429 and
--                   131056, with 400 or 429 according to the version
--   telegram        no key; 429 with Retry-After, and the same in parameters.retry_after; 403: the bot was blocked
--   vonage-sms      no key, client-ref comes back in receipts; 200 even for errors: messages.0.status is 1 (throttled), 5
--                   (internal error) or 10 (too many connections) for again later
--   infobip-sms     messageId must be unique: a second one is refused (REJECTED_DUPLICATE_MESSAGE_ID); 200 even for refusals,
--                   whose messages.0.status.groupName is REJECTED
--   kannel          no key; 202 accepted or queued, 4xx for good, 503 again later; the answer has no id
--   fcm             no key; Retry-After with 429 (QUOTA_EXCEEDED) and 503 (UNAVAILABLE) must be heeded, 500 may be tried
--                   again; 404 (UNREGISTERED): the token is gone; 401: the access token, which lives an hour, has expired
--   ntfy            no key; 429: a limit of the visitor or of the server
--   webhook         webhook-id stays the same and is the key; Retry-After is to be heeded, 410: no more
--

CREATE VIEW @extschema@.otp_channel_presets AS
  SELECT p.preset, p.kind, p.transport, p.url, p.method, p.headers, p.body, p.accept_status, p.retry_status,
         p.accept_path, p.accept_values, p.retry_path, p.retry_values, p.id_path, p.secrets, p.page
    FROM (VALUES
      ('smtp'::pg_catalog.text, 'email'::pg_catalog.text, 'smtp'::pg_catalog.text,
       'smtp://mail.example.com:587'::pg_catalog.text,
       NULL::pg_catalog.text, NULL::pg_catalog.text[], NULL::pg_catalog.text,
       NULL::pg_catalog.int4[], NULL::pg_catalog.int4[],
       NULL::pg_catalog.text, NULL::pg_catalog.text[], NULL::pg_catalog.text, NULL::pg_catalog.text[], NULL::pg_catalog.text,
       '{username,password}'::pg_catalog.text[],
       'https://www.rfc-editor.org/rfc/rfc6409'::pg_catalog.text),
      ('twilio-sms', 'sms', 'http',
       'https://api.twilio.com/2010-04-01/Accounts/{secret.account_sid}/Messages.json', 'POST',
       ARRAY['Authorization: Basic {secret.basic}', 'Content-Type: application/x-www-form-urlencoded'],
       'To={destination}&From={sender}&Body={text}',
       '{200,201}', '{408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, 'sid', '{account_sid,basic}',
       'https://www.twilio.com/docs/messaging/api/message-resource'),
      ('twilio-voice', 'voice', 'http',
       'https://api.twilio.com/2010-04-01/Accounts/{secret.account_sid}/Calls.json', 'POST',
       ARRAY['Authorization: Basic {secret.basic}', 'Content-Type: application/x-www-form-urlencoded'],
       'To={destination}&From={sender}&Twiml=%3CResponse%3E%3CSay+voice%3D%22Polly.Joanna%22%3E{text}%3C%2FSay%3E%3C%2FResponse%3E',
       '{200,201}', '{408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, 'sid', '{account_sid,basic}',
       'https://www.twilio.com/docs/voice/api/call-resource'),
      ('whatsapp-cloud', 'chat', 'http',
       'https://graph.facebook.com/v24.0/{secret.phone_number_id}/messages', 'POST',
       ARRAY['Authorization: Bearer {secret.token}', 'Content-Type: application/json'],
       '{"messaging_product": "whatsapp", "recipient_type": "individual", "to": "{destination}", "type": "template",
  "template": {"name": "{secret.template}", "language": {"code": "{locale}"},
    "components": [
      {"type": "body", "parameters": [{"type": "text", "text": "{code}"}]},
      {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "{code}"}]}]},
  "biz_opaque_callback_data": "{id}"}',
       '{200}', '{408,425,429,500,502,503,504}', NULL, NULL, 'error.code', '{4,80007,130429,131056}', 'messages.0.id', '{phone_number_id,token,template}',
       'https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates/auth-otp-template-messages'),
      ('telegram', 'chat', 'http',
       'https://api.telegram.org/bot{secret.token}/sendMessage', 'POST',
       ARRAY['Content-Type: application/json'],
       '{"chat_id": "{destination}", "text": "{text}"}',
       '{200}', '{408,425,429,500,502,503,504}', 'ok', '{true}', NULL, NULL, 'result.message_id', '{token}',
       'https://core.telegram.org/bots/api#sendmessage'),
      ('vonage-sms', 'sms', 'http',
       'https://rest.nexmo.com/sms/json', 'POST',
       ARRAY['Content-Type: application/x-www-form-urlencoded'],
       'api_key={secret.api_key}&api_secret={secret.api_secret}&from={sender}&to={digits}&text={text}&client-ref={id}',
       '{200}', '{408,425,429,500,502,503,504}', 'messages.0.status', '{0}', 'messages.0.status', '{1,5,10}',
       'messages.0.message-id',
       '{api_key,api_secret}',
       'https://developer.vonage.com/en/api/sms'),
      ('infobip-sms', 'sms', 'http',
       'https://api.infobip.com/sms/3/messages', 'POST',
       ARRAY['Authorization: App {secret.api_key}', 'Content-Type: application/json', 'Accept: application/json'],
       '{"messages": [{"sender": "{sender}",
  "destinations": [{"to": "{digits}", "messageId": "{id}"}],
  "content": {"text": "{text}"}}]}',
       '{200}', '{408,425,429,500,502,503,504}', 'messages.0.status.name',
       '{PENDING_ACCEPTED,PENDING_ENROUTE,PENDING_WAITING_DELIVERY,REJECTED_DUPLICATE_MESSAGE_ID}', NULL, NULL, 'messages.0.messageId',
       '{api_key}',
       'https://www.infobip.com/docs/api/channels/sms/outbound-sms/send-sms-messages'),
      ('kannel', 'sms', 'http',
       'http://localhost:13013/cgi-bin/sendsms', 'POST',
       ARRAY['X-Kannel-Username: {secret.username}', 'X-Kannel-Password: {secret.password}', 'X-Kannel-From: {sender}',
             'X-Kannel-To: {destination}', 'X-Kannel-Validity: {minutes}', 'Content-Type: text/plain; charset=UTF-8'],
       '{text}',
       '{200,202}', '{408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, NULL, '{username,password}',
       'https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html'),
      ('fcm', 'push', 'http',
       'https://fcm.googleapis.com/v1/projects/{secret.project_id}/messages:send', 'POST',
       ARRAY['Authorization: Bearer {secret.access_token}', 'Content-Type: application/json'],
       '{"message": {"token": "{destination}",
  "notification": {"title": "{subject}", "body": "{text}"},
  "data": {"id": "{id}", "purpose": "{purpose}", "context": "{context}", "code": "{code}"},
  "android": {"priority": "HIGH", "ttl": "300s"},
  "apns": {"headers": {"apns-priority": "10"}}}}',
       '{200}', '{401,408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, 'name', '{project_id,access_token}',
       'https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send'),
      ('ntfy', 'push', 'http',
       'https://ntfy.sh/', 'POST',
       ARRAY['Authorization: Bearer {secret.token}', 'Content-Type: application/json'],
       '{"topic": "{destination}", "title": "{subject}", "message": "{text}", "priority": 4}',
       '{200}', '{408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, 'id', '{token}',
       'https://docs.ntfy.sh/publish/#publish-as-json'),
      ('webhook', 'chat', 'http',
       'https://hooks.example.com/otp', 'POST',
       ARRAY['webhook-id: {id}', 'webhook-timestamp: {timestamp}', 'webhook-signature: v1,{signature}',
             'Content-Type: application/json'],
       '{"type": "otp.message",
  "data": {"id": "{id}", "destination": "{destination}", "purpose": "{purpose}", "context": "{context}",
    "locale": "{locale}", "subject": "{subject}", "text": "{text}", "code": "{code}", "minutes": "{minutes}"}}',
       '{200,201,202,203,204,205,206}', '{408,425,429,500,502,503,504}', NULL, NULL, NULL, NULL, NULL, '{signing}',
       'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md'))
      AS p (preset, kind, transport, url, method, headers, body, accept_status, retry_status, accept_path, accept_values,
            retry_path, retry_values, id_path, secrets, page);

COMMENT ON VIEW @extschema@.otp_channel_presets IS
'What otp_channel_preset() makes a channel of: requests and answers as the providers'' public documentation has them.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.preset IS 'Name of the preset.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.kind IS 'Kind of channel, which chooses the templates of otp_template: sms, email, voice, chat or push. That of webhook is for the DBA to change.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.transport IS 'smtp or http.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.url IS 'URL, with placeholders. The hosts of smtp, infobip-sms (each account has its own), kannel, ntfy and webhook are for the DBA to change.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.method IS 'Method of HTTP. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.headers IS 'Headers of the request, with placeholders. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.body IS 'Body of the request, with placeholders, in the format that Content-Type says. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.accept_status IS 'Status codes that mean: taken over. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.retry_status IS 'Status codes that mean: again later. Every other one: failed for good. NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.accept_path IS 'Where in a JSON answer something stands that must be one of accept_values, too. NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.accept_values IS 'What may stand at accept_path if the message was taken over.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.retry_path IS 'Where in a JSON answer that is not accepted something stands that tells: again later. NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.retry_values IS 'What may stand at retry_path for: again later.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.id_path IS 'Where in the answer the provider''s id of the message stands, for otp_receipt(). NULL: nowhere.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.secrets IS 'Names of the secrets that otp_channel_secret() must set. basic is encode(''user:password'', ''base64''): with Twilio, the account''s SID or an API key''s, and its token or secret.';
COMMENT ON COLUMN @extschema@.otp_channel_presets.page IS 'Page of the provider''s documentation that the preset was built from.';

CREATE FUNCTION @extschema@.otp_channel_preset(preset text, name text, app text, sender text DEFAULT NULL,
                         domain text DEFAULT NULL, url text DEFAULT NULL) RETURNS text[]
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_channel_secret(channel text, name text, value text) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.otp_channel_preset(text, text, text, text, text, text) IS
'Makes a channel as a provider documents it, a row of otp_channel, when the transaction commits. Returns the names of the credentials that otp_channel_secret() has to set.
preset: one of otp_channel_presets. name: of the channel, 1 to 63 bytes. app, sender, domain: as the columns of otp_channel; sender and domain may be NULL where the preset does not use them. url: in the place of the preset''s, NULL for that; http:// allows plain text.
Errors: 22004 preset, name or app NULL, 22023 unknown preset, 23505 the channel is there, 23514 the channel could not be used, 25006 read-only transaction or standby, 25000 parallel.';
COMMENT ON FUNCTION @extschema@.otp_channel_secret(text, text, text) IS
'Sets a credential of a channel, sealed, when the transaction commits. Nothing gives it back. It is bound to the channel and to scheme, host and port of its url: where those are changed, it has to be set again.
channel: a row of otp_channel. name: a lower-case letter, then lower-case letters, digits and underscores, 1 to 63 in all; what {secret.NAME} is filled in with, username and password of smtp, signing of {signature} (text, or whsec_ and Base64). value: 1 to 4096 bytes in UTF-8; NULL removes it. Hand it in as a parameter: what stands in the statement, the server may log.
Errors: 22004 channel or name NULL, 22023 unknown channel, name or value, 22P05 or 22021 character that UTF-8 has not, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys; 40001 in REPEATABLE READ and SERIALIZABLE.';

--
-- The outbox
--

CREATE SEQUENCE @extschema@.otp_message_id;

CREATE TABLE @extschema@.otp_message (
  message_id bigint PRIMARY KEY,
  chain bigint NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  nonce uuid NOT NULL,
  idempotency_key uuid NOT NULL,
  tries integer NOT NULL,
  step smallint NOT NULL,
  state "char" NOT NULL,
  numbered boolean NOT NULL,
  due_at timestamptz,
  sent_at timestamptz,
  settled_at timestamptz,
  wait interval,
  user_id text NOT NULL COLLATE "C",
  purpose text NOT NULL COLLATE "C",
  context text NOT NULL,
  channel text NOT NULL COLLATE "C",
  destination text NOT NULL,
  locale text NOT NULL COLLATE "C",
  worker text,
  provider_id text COLLATE "C",
  error text
) WITH (fillfactor = 70);
CREATE INDEX otp_message_due ON @extschema@.otp_message (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX otp_message_user ON @extschema@.otp_message (user_id, purpose);
CREATE INDEX otp_message_provider ON @extschema@.otp_message (channel, provider_id)
  WHERE provider_id IS NOT NULL;

COMMENT ON SEQUENCE @extschema@.otp_message_id IS
'Numbers of messages. Not dumped.';
COMMENT ON TABLE @extschema@.otp_message IS
'The outbox: messages that are to be sent, and what became of them. Written in the transaction that makes the code, which is not in it, nor the text: both are made when the message is taken. Not dumped: a dump is older than the codes are.';
COMMENT ON COLUMN @extschema@.otp_message.message_id IS
'Number of the message, from sequence otp_message_id.';
COMMENT ON COLUMN @extschema@.otp_message.chain IS
'message_id of the first of those that stand in for each other.';
COMMENT ON COLUMN @extschema@.otp_message.made_at IS
'When it was queued, by the wall clock.';
COMMENT ON COLUMN @extschema@.otp_message.expires_at IS
'When the code expires: then it is not worth sending any more.';
COMMENT ON COLUMN @extschema@.otp_message.nonce IS
'otp_challenge.nonce of the code; if another one has taken its place, the message is dropped.';
COMMENT ON COLUMN @extschema@.otp_message.idempotency_key IS
'Random (RFC 9562, version 4), and the same in each try: for the provider, where it takes one.';
COMMENT ON COLUMN @extschema@.otp_message.tries IS
'How often it has been taken; the number of the last try is its lease.';
COMMENT ON COLUMN @extschema@.otp_message.step IS
'Its place in the chain, 0 to 7.';
COMMENT ON COLUMN @extschema@.otp_message.state IS
'q queued, c claimed by a worker, s sent (handed over to the provider), d delivered (by its receipt), f failed for good, x dropped (not worth sending any more).';
COMMENT ON COLUMN @extschema@.otp_message.numbered IS
'Is the code bound to a number, by otp_send_push()? The number is stored nowhere.';
COMMENT ON COLUMN @extschema@.otp_message.due_at IS
'When it can be taken: of one that is claimed, the end of the lease; infinity: when the one before it has failed. NULL once it is settled.';
COMMENT ON COLUMN @extschema@.otp_message.sent_at IS
'When the provider had taken it over. NULL: it has not.';
COMMENT ON COLUMN @extschema@.otp_message.settled_at IS
'When it was sent, failed or dropped, or the last receipt came. NULL: none of it.';
COMMENT ON COLUMN @extschema@.otp_message.wait IS
'How long after this one''s turn that of the next one comes, 1 second to 1 hour; NULL: only if this one fails.';
COMMENT ON COLUMN @extschema@.otp_message.user_id IS
'The user, 1 to 512 bytes.';
COMMENT ON COLUMN @extschema@.otp_message.purpose IS
'The purpose, 1 to 63 bytes.';
COMMENT ON COLUMN @extschema@.otp_message.context IS
'The context, up to 4096 bytes, as it is until otp_purge() or otp_forget().';
COMMENT ON COLUMN @extschema@.otp_message.channel IS
'The channel, otp_channel.name; if that is gone, nothing takes the message.';
COMMENT ON COLUMN @extschema@.otp_message.destination IS
'Where it goes, in canonical form: of sms and voice + and digits; of email the domain in lower case. 1 to 512 bytes, as it is until otp_purge() or otp_forget().';
COMMENT ON COLUMN @extschema@.otp_message.locale IS
'Language of the template, as the caller gave it.';
COMMENT ON COLUMN @extschema@.otp_message.worker IS
'Who took it last, as it calls itself. NULL: nobody.';
COMMENT ON COLUMN @extschema@.otp_message.provider_id IS
'The provider''s id of the message, for otp_receipt(). NULL: unknown.';
COMMENT ON COLUMN @extschema@.otp_message.error IS
'Why it failed, was dropped or is to be tried again; or the last receipt''s status that was neither delivered nor failed. NULL: nothing of it.';
COMMENT ON INDEX @extschema@.otp_message_pkey IS
'One row per message.';
COMMENT ON INDEX @extschema@.otp_message_due IS
'What a channel has to send, in order.';
COMMENT ON INDEX @extschema@.otp_message_user IS
'All messages of a user and purpose, and of a chain.';
COMMENT ON INDEX @extschema@.otp_message_provider IS
'The message of a receipt.';

CREATE FUNCTION @extschema@.otp_send(user_id text, destination text, channel text,
                         purpose text DEFAULT 'login', context text DEFAULT '',
                         locale text DEFAULT 'en') RETURNS bigint
  AS 'MODULE_PATHNAME', 'otp_send_message' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_send(user_id text, destinations text[], channels text[], waits interval[],
                         purpose text DEFAULT 'login', context text DEFAULT '',
                         locale text DEFAULT 'en') RETURNS bigint
  AS 'MODULE_PATHNAME', 'otp_send_chain' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_send_again(user_id text, purpose text DEFAULT 'login',
                         context text DEFAULT '', next_channel boolean DEFAULT false) RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.otp_send(text, text, text, text, text, text) IS
'Makes a fresh code as otp_issue() does, and queues a message with it; both when the transaction commits, and if it is rolled back, nothing is sent. Returns message_id. At the commit it notifies channel otp_message, unless otp.wake_relay is off, which PREPARE TRANSACTION asks for.
user_id: 1 to 512 bytes. destination: 1 to 512 bytes, made canonical by the channel''s kind: of sms and voice + and 7 to 15 digits (ITU-T E.164), spaces, hyphens, dots and parentheses passed over; of email an address in ASCII (RFC 5321); else ASCII without spaces. channel: a row of otp_channel. purpose: 1 to 63 bytes. context: up to 4096 bytes, which the message shows and the code is bound to. locale: 2 to 35 letters, digits and hyphens (BCP 47).
Waits as otp_issue() does.
Errors: OT001, OT002 as of otp_issue(), the destination in lower case counted as its destination; OT002 more than the channel''s messages_per_destination or messages_per_prefix, which stay counted whatever becomes of the transaction; 22023 argument or unknown channel, 22021 or 22P05 purpose or context that is not UTF-8, 55000 the channel is of kind push and the purpose has number_match; else those of otp_issue().';
COMMENT ON FUNCTION @extschema@.otp_send(text, text[], text[], interval[], text, text, text) IS
'otp_send() by channels that stand in for each other: the next one''s turn comes when the one before has failed for good, or when its wait is over and no receipt says that it was delivered. With a receipt, the others are dropped. Returns message_id of the first.
destinations, channels: 1 to 8 each, the same number. waits: as many, each 1 second to 1 hour, counted from that channel''s turn; NULL: only if it fails. Each message is counted for its channel and its destination, later ones too, and all of them or none; limits of the user come first.
Errors: 22004 array or element of destinations or channels NULL; else those of otp_send(user_id, destination, channel, purpose, context, locale).';
COMMENT ON FUNCTION @extschema@.otp_send_again(text, text, text, boolean) IS
'Queues the live code once more, when the transaction commits: by the channel and to the destination of the last message of it, or, with next_channel, brings the turn of the next channel of otp_send() now. Returns message_id, or NULL if there is no code that could be accepted, the context is another one, the code was not sent by otp_send() or otp_send_push(), or there is no next channel.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes. context: as in otp_send(). next_channel: NULL is false.
The same channel is held to cool_down, from the code''s last message on, the second time to 8/7 of it at most, and to all counts of otp_send(), and all that stays counted whatever becomes of the transaction; the next one was counted when it was queued.
Errors: OT001, OT002 as of otp_send(), OT001 also while another transaction sends the code again; 22004 argument NULL, 22023 length, the channel is gone, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, OT003, OT004, OT005 keys; 40001 in REPEATABLE READ and SERIALIZABLE.';

--
-- Taking and settling, by otp-relay
--

CREATE TYPE @extschema@.otp_claimed AS (
  message_id bigint,
  lease integer,
  channel text,
  transport text,
  url text,
  method text,
  headers text[],
  body bytea,
  sender text,
  sender_name text,
  destination text,
  subject text,
  plain text,
  html text,
  username text,
  password text,
  allow_plaintext boolean,
  ca_file text,
  accept_status integer[],
  retry_status integer[],
  accept_path text,
  accept_values text[],
  retry_path text,
  retry_values text[],
  id_path text,
  idempotency_key uuid,
  expires_at timestamptz,
  max_in_flight integer,
  timeout integer
);

CREATE FUNCTION @extschema@.otp_claim(worker text, batch integer DEFAULT 100,
                         lease interval DEFAULT '1 minute', skip text[] DEFAULT '{}')
  RETURNS SETOF @extschema@.otp_claimed
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_delivered(message_id bigint, lease integer, provider_id text DEFAULT NULL)
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_delivered(message_ids bigint[], leases integer[], provider_ids text[])
  RETURNS integer
  AS 'MODULE_PATHNAME', 'otp_delivered_all' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_failed(message_id bigint, lease integer, error text, retry boolean,
                         retry_after interval DEFAULT NULL) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_receipt(channel text, provider_id text, status text) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_next_due(skip text[] DEFAULT '{}') RETURNS timestamptz
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_channel_status(
                         OUT channel text, OUT transport text, OUT url text, OUT sender text,
                         OUT username text, OUT password text, OUT allow_plaintext boolean,
                         OUT ca_file text, OUT problem text)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON TYPE @extschema@.otp_claimed IS
'What otp_claim() says of a message: the request that carries it. It holds the code and credentials.';
COMMENT ON COLUMN @extschema@.otp_claimed.message_id IS 'Number of the message.';
COMMENT ON COLUMN @extschema@.otp_claimed.lease IS 'Number of the try, from 1: given back by otp_delivered() or otp_failed().';
COMMENT ON COLUMN @extschema@.otp_claimed.channel IS 'Name of the channel.';
COMMENT ON COLUMN @extschema@.otp_claimed.transport IS 'smtp or http.';
COMMENT ON COLUMN @extschema@.otp_claimed.url IS 'Of http, filled in, perhaps with a credential; of smtp, smtp:// or smtps:// with host and port.';
COMMENT ON COLUMN @extschema@.otp_claimed.method IS 'GET, POST or PUT; NULL with smtp.';
COMMENT ON COLUMN @extschema@.otp_claimed.headers IS 'Headers of the request, each ''Name: value'', filled in; NULL: none.';
COMMENT ON COLUMN @extschema@.otp_claimed.body IS 'Body of the request in UTF-8, filled in; NULL: none.';
COMMENT ON COLUMN @extschema@.otp_claimed.sender IS 'As otp_channel.sender.';
COMMENT ON COLUMN @extschema@.otp_claimed.sender_name IS 'As otp_channel.sender_name.';
COMMENT ON COLUMN @extschema@.otp_claimed.destination IS 'Where the message goes.';
COMMENT ON COLUMN @extschema@.otp_claimed.subject IS 'With smtp, the subject; else NULL.';
COMMENT ON COLUMN @extschema@.otp_claimed.plain IS 'With smtp, the text; else NULL.';
COMMENT ON COLUMN @extschema@.otp_claimed.html IS 'With smtp, the same in HTML, or NULL; else NULL.';
COMMENT ON COLUMN @extschema@.otp_claimed.username IS 'With smtp, who logs in (RFC 4954); NULL: nobody.';
COMMENT ON COLUMN @extschema@.otp_claimed.password IS 'With smtp, the password; NULL: none.';
COMMENT ON COLUMN @extschema@.otp_claimed.allow_plaintext IS 'As otp_channel.allow_plaintext.';
COMMENT ON COLUMN @extschema@.otp_claimed.ca_file IS 'As otp_channel.ca_file.';
COMMENT ON COLUMN @extschema@.otp_claimed.accept_status IS 'As otp_channel.accept_status.';
COMMENT ON COLUMN @extschema@.otp_claimed.retry_status IS 'As otp_channel.retry_status.';
COMMENT ON COLUMN @extschema@.otp_claimed.accept_path IS 'As otp_channel.accept_path.';
COMMENT ON COLUMN @extschema@.otp_claimed.accept_values IS 'As otp_channel.accept_values.';
COMMENT ON COLUMN @extschema@.otp_claimed.retry_path IS 'As otp_channel.retry_path.';
COMMENT ON COLUMN @extschema@.otp_claimed.retry_values IS 'As otp_channel.retry_values.';
COMMENT ON COLUMN @extschema@.otp_claimed.id_path IS 'As otp_channel.id_path.';
COMMENT ON COLUMN @extschema@.otp_claimed.idempotency_key IS 'As otp_message.idempotency_key; {id} in templates, and the left part of a mail''s Message-ID.';
COMMENT ON COLUMN @extschema@.otp_claimed.expires_at IS 'When the code expires: no try begins after it.';
COMMENT ON COLUMN @extschema@.otp_claimed.max_in_flight IS 'As otp_channel.max_in_flight; NULL: as the relay is set.';
COMMENT ON COLUMN @extschema@.otp_claimed.timeout IS 'Seconds for the try: otp_channel.timeout, rounded up.';

COMMENT ON FUNCTION @extschema@.otp_claim(text, integer, interval, text[]) IS
'Takes messages that are due, for the duty relay: the oldest of each channel, the channels sharing the batch, as many as their per_second allows and at most their max_in_flight. Returns a row for each, with the code derived anew and all filled in. Until the lease is over nobody else gets the message; then, if it was not settled, whoever asks next does, with another number of lease.
worker: who takes them, 1 to 255 bytes. batch: 1 to 1000. lease: 1 second to 1 hour; longer than a try takes. skip: channels that are passed over.
A message whose code is spent, cancelled, replaced, expired or used_up is dropped, and so is one of whose chain a later one has been sent or, since it was queued, another one has been delivered; one that cannot be filled in, by a credential, a template or a key that is missing, a damaged row or text that is not UTF-8, fails with the SQLSTATE as its error; neither is returned, or counts for per_second. One whose chain somebody is changing comes back when its lease is over. Waits for no other worker. Commit before anything is sent. In FROM alone.
No rows if an argument is NULL. Errors: 22023 argument, 0A000 not in FROM, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, OT003, OT004 master key; 40001 in REPEATABLE READ and SERIALIZABLE. None of them loses a message.';
COMMENT ON FUNCTION @extschema@.otp_delivered(bigint, integer, text) IS
'Settles a message that the provider has taken over, when the transaction commits: sent. Those before it in the chain that nobody has taken are dropped. false, and nothing is done, if the lease is not, or no longer, the message''s.
message_id, lease: as otp_claim() gave them. provider_id: the provider''s id of the message, 1 to 512 bytes; NULL: unknown.
Waits for a transaction that is settling or taking the message.
Errors: 22004 message_id or lease NULL, 22023 provider_id, 25006 read-only transaction or standby, 25000 parallel; 40001 in REPEATABLE READ and SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_delivered(bigint[], integer[], text[]) IS
'otp_delivered() of many messages. Returns how many were settled.
message_ids, leases, provider_ids: as many of each; only an element of provider_ids may be NULL.
Errors: 22004 array, or element of message_ids or leases, NULL, 22023 not as many; else those of otp_delivered(message_id, lease, provider_id).';
COMMENT ON FUNCTION @extschema@.otp_failed(bigint, integer, text, boolean, interval) IS
'Settles a message that the provider has not taken over, when the transaction commits: it is to be tried again, or has failed for good, and then the turn of the next channel of the chain comes now. The code stays live, and no guess is charged. false, and nothing is done, if the lease is not, or no longer, the message''s.
message_id, lease: as otp_claim() gave them. error: why, 1 to 255 bytes, with no code, credential or destination in it: it is kept, and recorded. retry: again later? NULL is false. The wait doubles from 1 second to 1 minute, give or take half of it. retry_after: wait so long at least; NULL: nothing is said. What would come back after the code''s end has failed for good; a message of whose chain a later one has been sent, or another one delivered, is dropped.
Waits for a transaction that is settling or taking the message.
Errors: 22004 message_id, lease or error NULL, 22023 error, 25006 read-only transaction or standby, 25000 parallel; 40001 in REPEATABLE READ and SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_receipt(text, text, text) IS
'Takes a provider''s receipt of a message in, when the transaction commits. delivered: the others of its chain that nobody has taken are dropped. failed: the turn of the next one comes now. Anything else is kept as it is. What has been delivered stays so, whatever comes late; the same receipt again changes nothing. Returns whether there is such a message.
channel: 1 to 63 bytes. provider_id: as otp_delivered() got it, 1 to 512 bytes; of several messages of the channel with it, the newest is meant. status: delivered, failed or, 1 to 63 bytes, what the provider calls it. That the receipt is the provider''s is for the caller to check.
Waits for a transaction that is changing the message.
Errors: 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel; 40001 in REPEATABLE READ and SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_next_due(text[]) IS
'When otp_claim() can next find something: the earliest moment at which a message is due, or its lease over, and the channel''s per_second allows one. It may be past. NULL: nothing waits.
skip: channels that are passed over.
NULL if skip is NULL. Errors: 25006 read-only transaction or standby, 25000 parallel.';
COMMENT ON FUNCTION @extschema@.otp_channel_status() IS
'What is wrong with each channel, and what it takes to try its provider, sorted by name; for otp-relay --check. It holds credentials.
url: of http, scheme, host and port alone. sender, allow_plaintext, ca_file: as in otp_channel. username, password: with smtp, the credentials; else NULL. problem: a credential that is missing or does not open, or a kind without a template; NULL: nothing.
Errors: 25006 read-only transaction or standby, 25000 parallel, OT003, OT004 master key.';

CREATE VIEW @extschema@.otp_delivery AS
  SELECT c.name AS channel,
         pg_catalog.count(*) FILTER (WHERE m.state IN ('q', 'c') AND m.expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()) AS waiting,
         pg_catalog.count(m.sent_at) AS sent,
         pg_catalog.count(*) FILTER (WHERE m.state OPERATOR(pg_catalog.=) 'd') AS delivered,
         pg_catalog.count(*) FILTER (WHERE m.state OPERATOR(pg_catalog.=) 'f') AS failed,
         pg_catalog.count(*) FILTER (WHERE m.state OPERATOR(pg_catalog.=) 'x') AS dropped,
         pg_catalog.min(m.made_at) FILTER (WHERE m.state IN ('q', 'c') AND m.due_at OPERATOR(pg_catalog.<) 'infinity' AND
                                                 m.expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()) AS oldest_waiting,
         pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY m.sent_at OPERATOR(pg_catalog.-) m.made_at)
           FILTER (WHERE m.step OPERATOR(pg_catalog.=) 0) AS p50,
         pg_catalog.percentile_cont(0.95) WITHIN GROUP (ORDER BY m.sent_at OPERATOR(pg_catalog.-) m.made_at)
           FILTER (WHERE m.step OPERATOR(pg_catalog.=) 0) AS p95
    FROM @extschema@.otp_channel AS c
    LEFT JOIN @extschema@.otp_message AS m ON m.channel OPERATOR(pg_catalog.=) c.name
    GROUP BY c.name;

COMMENT ON VIEW @extschema@.otp_delivery IS
'What became of the messages of each channel, as far as otp_purge() has left them. Reads all of otp_message.';
COMMENT ON COLUMN @extschema@.otp_delivery.channel IS 'Name of the channel.';
COMMENT ON COLUMN @extschema@.otp_delivery.waiting IS 'Messages that are queued or claimed, and whose code has not expired.';
COMMENT ON COLUMN @extschema@.otp_delivery.sent IS 'Messages that the provider has taken over, whatever its receipts say.';
COMMENT ON COLUMN @extschema@.otp_delivery.delivered IS 'Messages that have a receipt: delivered.';
COMMENT ON COLUMN @extschema@.otp_delivery.failed IS 'Messages that have failed for good, by the provider''s answer or by its receipt.';
COMMENT ON COLUMN @extschema@.otp_delivery.dropped IS 'Messages that were not worth sending any more.';
COMMENT ON COLUMN @extschema@.otp_delivery.oldest_waiting IS 'When the oldest one was queued that waits, and not for another''s failure; NULL: none does.';
COMMENT ON COLUMN @extschema@.otp_delivery.p50 IS 'Median of the time from queueing to the provider''s taking over, of messages that are the first of their chain.';
COMMENT ON COLUMN @extschema@.otp_delivery.p95 IS 'The same, of 95 in 100 messages.';

--
-- Push with number matching
--

ALTER TABLE @extschema@.otp_policy
  ADD COLUMN number_match boolean,
  ADD COLUMN prompts_per_user integer,
  ADD CONSTRAINT "prompts_per_user is 1 to 1000000"
    CHECK (prompts_per_user BETWEEN 1 AND 1000000),
  ADD CONSTRAINT "number_match is of issued codes alone"
    CHECK (number_match IS NOT TRUE OR methods IS NOT NULL AND methods OPERATOR(pg_catalog.=) '{issued}');

CREATE FUNCTION @extschema@.otp_send_push(user_id text, destination text, channel text,
                         purpose text DEFAULT 'login', context text DEFAULT '',
                         locale text DEFAULT 'en') RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_verify_push(user_id text, code text, number text,
                         purpose text DEFAULT 'login', context text DEFAULT '') RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE FUNCTION @extschema@.otp_deny_push(user_id text, purpose text DEFAULT 'login') RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

COMMENT ON COLUMN @extschema@.otp_policy.number_match IS
'Does a push go with a number, by otp_send_push()? Only where methods of the same row are issued alone; a row with other methods does not inherit it. NULL in row default: no.';
COMMENT ON COLUMN @extschema@.otp_policy.prompts_per_user IS
'Pushes with a number that a user gets within issue_window for the purpose, 1 to 1000000 (OT002), against fatigue. NULL in row default: any number.';

COMMENT ON FUNCTION @extschema@.otp_send_push(text, text, text, text, text, text) IS
'otp_send() by a channel of kind push, of a code that is bound to a number besides. Returns the number, two digits from 10 to 99: show it to the person who logs in, and to nobody else; it is in no message, and stored nowhere. The app asks for it, and otp_verify_push() takes both.
Arguments: those of otp_send(user_id, destination, channel, purpose, context, locale).
Errors: OT002 more than prompts_per_user, which stays counted whatever becomes of the transaction; 22023 the channel is not of kind push, 55000 the purpose has no number_match; else those of otp_send().';
COMMENT ON FUNCTION @extschema@.otp_verify_push(text, text, text, text, text) IS
'otp_verify() of a code that came by otp_send_push(), with the number that the person has entered: true once, if both are right. Codes of authenticators and recovery codes are wrong here, whatever the policy''s methods are. A wrong number is a wrong guess, and charged. otp_verify() itself does not accept such a code.
user_id, code, purpose, context: as of otp_verify(). number: two digits, 10 to 99; anything else is wrong, NULL too, and all of that is one guess.
Errors: those of otp_verify().';
COMMENT ON FUNCTION @extschema@.otp_deny_push(text, text) IS
'For the person who says in the app that it was not him: withdraws the live code of that user and purpose when the transaction commits, as otp_cancel() does, and records denied, whatever becomes of the transaction. Returns whether there was one.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes.
Errors: those of otp_cancel().';

--
-- What views of before say of messages.  Each is of the extension, so nobody else's is replaced.
--

CREATE OR REPLACE VIEW @extschema@.otp_activity AS
  SELECT e.at, e.user_id, e.purpose, e.method,
         CASE WHEN e.event IN ('purged', 'forgotten', 'failed', 'dropped') THEN e.event ELSE COALESCE(e.reason, e.event) END AS outcome,
         e.role, e.client_addr, e.application_name,
         CASE WHEN e.event IN ('purged', 'forgotten', 'failed', 'dropped') THEN e.reason END AS detail
    FROM @extschema@.otp_event AS e;

CREATE OR REPLACE VIEW @extschema@.otp_stats AS
  SELECT t.per, t.since, t.purpose,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'issued') AS issued,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'resent') AS resent,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'cancelled') AS cancelled,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('cooling_down', 'too_many')) AS refused,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('accepted', 'confirmed', 'resynced')) AS accepted,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('wrong', 'expired', 'no_code')) AS rejected,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'replayed') AS replayed,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'locked') AS locked,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'warned') AS warned,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'stopped') AS stopped,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'unlocked') AS unlocked,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('enrolled', 'imported')) AS enrolled,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'revoked') AS revoked,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'exported') AS exported,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'purged') AS purged,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'forgotten') AS forgotten,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'sent') AS sent,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'delivered') AS delivered,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'failed') AS failed,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'dropped') AS dropped,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'denied') AS denied
    FROM (SELECT 'hour'::pg_catalog.text AS per,
                 pg_catalog.date_bin('1 hour', a.at, '2000-01-01 00:00+00') AS since,
                 a.purpose, a.outcome
            FROM @extschema@.otp_activity AS a
          UNION ALL
          SELECT 'day'::pg_catalog.text, pg_catalog.date_bin('24 hours', a.at, '2000-01-01 00:00+00'),
                 a.purpose, a.outcome
            FROM @extschema@.otp_activity AS a) AS t
    GROUP BY t.per, t.since, t.purpose;

CREATE OR REPLACE VIEW @extschema@.otp_policy_effective AS
  SELECT p.purpose, COALESCE(p.length, d.length) AS length, COALESCE(p.alphabet, d.alphabet) AS alphabet,
         CASE COALESCE(p.alphabet, d.alphabet)
           WHEN 'digits' THEN 10 WHEN 'letters' THEN 23 ELSE 31 END AS symbols,
         COALESCE(p.lifetime, d.lifetime) AS lifetime,
         COALESCE(p.max_attempts, d.max_attempts) AS max_attempts,
         COALESCE(p.trail, d.trail) AS trail, COALESCE(p.methods, d.methods) AS methods,
         COALESCE(p.spent_at_once, d.spent_at_once) AS spent_at_once,
         COALESCE(p.cool_down, d.cool_down) AS cool_down,
         COALESCE(p.issue_window, d.issue_window) AS issue_window,
         COALESCE(p.issues_per_user, d.issues_per_user) AS issues_per_user,
         COALESCE(p.issues_per_destination, d.issues_per_destination) AS issues_per_destination,
         COALESCE(p.max_consecutive, d.max_consecutive) AS max_consecutive,
         CASE WHEN p.max_consecutive IS NULL THEN d.stop_for ELSE p.stop_for END AS stop_for,
         COALESCE(p.warn_before, d.warn_before) AS warn_before,
         COALESCE(p.self_unlock, d.self_unlock) AS self_unlock,
         COALESCE(p.notify, d.notify) AS notify,
         d.free_guesses, d.forgive_every, d.first_delay, d.longest_delay,
         d.max_drift, d.resync_window, d.enroll_lifetime, p.comment,
         COALESCE(p.number_match, d.number_match, false)
           AND COALESCE(p.methods, d.methods) OPERATOR(pg_catalog.=) '{issued}' AS number_match,
         COALESCE(p.prompts_per_user, d.prompts_per_user) AS prompts_per_user
    FROM @extschema@.otp_policy AS p
    JOIN @extschema@.otp_policy AS d ON d.purpose OPERATOR(pg_catalog.=) 'default';

CREATE OR REPLACE VIEW @extschema@.otp_keys AS
  SELECT k.id, k.state, k.made_at, k.master_id,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_challenge AS c
            WHERE c.key_id OPERATOR(pg_catalog.=) k.id) AS codes,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_credential AS c
            WHERE c.key_id OPERATOR(pg_catalog.=) k.id) AS credentials,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_recovery AS r
            WHERE r.key_id OPERATOR(pg_catalog.=) k.id) AS recovery_sets,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_budget AS b
            WHERE b.user_id OPERATOR(pg_catalog.~)
                  pg_catalog.format('^forgotten:%s:[0-9a-f]{32}$', k.id)) AS pseudonyms,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_channel_secret AS s
            WHERE s.key_id OPERATOR(pg_catalog.=) k.id) AS channel_secrets
    FROM @extschema@.otp_key AS k;

COMMENT ON COLUMN @extschema@.otp_activity.method IS 'issued, totp, hotp or recovery, of a message its channel, as otp_event.method; else NULL.';
COMMENT ON COLUMN @extschema@.otp_activity.outcome IS
'Of a rejection or refusal otp_event.reason, else otp_event.event: issued, resent, cancelled, cooling_down, too_many; accepted, wrong, replayed, expired, no_code, locked; warned, stopped, unlocked; enrolled, confirmed, resynced, revoked, imported, exported; of messages sent, delivered, failed, dropped; denied; purged.';
COMMENT ON COLUMN @extschema@.otp_activity.detail IS 'Of purged, how many events were removed, and before which moment they had been recorded; of failed and dropped, why; else NULL.';

COMMENT ON COLUMN @extschema@.otp_stats.sent IS 'Messages that a provider has taken over.';
COMMENT ON COLUMN @extschema@.otp_stats.delivered IS 'Receipts: delivered.';
COMMENT ON COLUMN @extschema@.otp_stats.failed IS 'Messages that have failed for good.';
COMMENT ON COLUMN @extschema@.otp_stats.dropped IS 'Messages that were taken, and then not worth sending.';
COMMENT ON COLUMN @extschema@.otp_stats.denied IS 'Pushes that the person has denied.';

COMMENT ON COLUMN @extschema@.otp_policy_effective.number_match IS 'As otp_policy.number_match, and of row default where that is NULL; false where methods are others than issued alone; never NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.prompts_per_user IS 'As otp_policy.prompts_per_user, and of row default where that is NULL.';

COMMENT ON COLUMN @extschema@.otp_keys.channel_secrets IS 'Rows of otp_channel_secret that need it.';

COMMENT ON TABLE @extschema@.otp_event IS
'The trail, for people: no limit reads it. Rejections, refusals, warned, stopped, unlocked and denied stay whatever becomes of the transaction, unless an index of the table is being built concurrently; the rest commits with it. Dumped.';
COMMENT ON COLUMN @extschema@.otp_event.event IS
'issued, resent, accepted, cancelled, rejected or refused; of limits warned, stopped, unlocked; of authenticators enrolled, confirmed, resynced, revoked, imported, exported; of messages sent, delivered, failed, dropped; of a push denied; of the trail itself purged.';
COMMENT ON COLUMN @extschema@.otp_event.reason IS
'Of rejected: wrong, replayed, expired, no_code or locked; of refused: cooling_down or too_many; of failed: the error, or receipt; of dropped: spent, cancelled, replaced, expired, used_up, no_code, other_context, overtaken (a later message of its chain was sent) or delivered (another one was); of purged: how many events were removed, and before which moment they had been recorded; else NULL. A malformed code is no guess, and not recorded.';
COMMENT ON COLUMN @extschema@.otp_event.method IS
'What was issued, enrolled or accepted, or what the guess matched: issued, totp, hotp or recovery; of a message its channel; NULL if nothing, or of an issued code that has just been issued, resent or cancelled.';

COMMENT ON TABLE @extschema@.otp_quota IS
'Codes and messages handed out of late, where the policy or the channel limits that. The window is cut into seven slots, and an eighth is the one that has begun. Rows are made and overwritten in place, outside of any transaction; they must not be updated. Dumped.';
COMMENT ON COLUMN @extschema@.otp_quota.width IS
'Microseconds of a slot: a seventh of otp_policy.issue_window, or of otp_channel.message_window.';
COMMENT ON COLUMN @extschema@.otp_quota.scope IS
'user: codes of a user. destination: codes to a destination. again: codes of a user that are sent again, one per cool_down. prompt: pushes with a number of a user. recipient: messages of a channel to a destination. prefix: messages of a channel to all destinations that begin so.';
COMMENT ON COLUMN @extschema@.otp_quota.subject IS
'Of user, again and prompt, the user, or the pseudonym forgotten:KEY:HEX of one who has been forgotten; of destination, the destination as the caller of otp_issue() spelled it, or of otp_send() in lower case; of recipient, that; of prefix, its first characters.';
COMMENT ON COLUMN @extschema@.otp_quota.purpose IS
'The purpose, 1 to 63 bytes; of recipient and prefix, the channel.';
COMMENT ON INDEX @extschema@.otp_quota_pkey IS
'One row per scope, subject, and purpose or channel.';

COMMENT ON FUNCTION @extschema@.otp_rekey(integer) IS
'Re-seals authenticators, recovery codes and credentials of channels under the writing data key, and deletes issued codes under other keys that have expired and whose cool_down is over. Returns how many rows are left under other keys: call it until that is 0, from cron if one likes. Waits for nobody; a row that a transaction is changing is left, and so is a credential that does not open. Authenticators and recovery codes are re-sealed where they stand, and stay so whatever becomes of the transaction; credentials with the transaction.
batch: rows that one call re-seals or deletes at most, 0 or more.
NULL, and nothing is done, if batch is NULL. Errors: 22023 batch negative, 55000 the writing key is not committed yet, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys or a damaged row.';
COMMENT ON FUNCTION @extschema@.otp_forget(text) IS
'Removes all that is kept of the user when the transaction commits: codes, messages, authenticators, recovery codes, trail, budget. Returns how many rows. What the limits still need stays under a keyed pseudonym, and counts if the same user comes again: wrong guesses in otp_budget and, per purpose, codes and prompts handed out in otp_quota until they have left their window, and in otp_challenge when the last one was issued until its cool_down is over. A message that a worker has taken may still arrive. Counts of destinations and prefixes are nobody''s, and stay. Reads the whole of otp_event.
user_id: 1 to 512 bytes.
Waits for a transaction that is changing a row of the user. Until this one ends, otp_issue() and a guess of the user that would have to be judged wait for it.
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, 55000 this transaction has made the writing key, 55006 it has deleted what it would keep, OT003, OT004, OT005 keys; 40001 in REPEATABLE READ and SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_purge(interval, integer) IS
'Removes what has become old and nothing needs, when the transaction commits; returns how many rows. For cron: in a transaction of its own, at any time.
older_than: 0 or more; what is younger stays, and an age that is less than a limit looks back loosens no limit. batch: rows that one call removes at most, 1 or more; call again while it returns that many.
Removes rows of otp_event older than older_than and than setting otp.trail_keep, and then records purged there, with the transaction and whatever the policy of the trail is; of otp_message, messages whose code expired longer ago and that nothing has happened to since; of otp_challenge, issued codes that expired longer ago, when their cool_down is over; of otp_credential, enrolments that could be confirmed until then; of otp_quota, counts that have left their window; of otp_baseline, rows that another one of the same user and purpose outdoes, or whose budget is gone; of otp_budget, with their baselines, those of users and pseudonyms whose last wrong guess is older, of which none counts any more toward a delay or a stop, and who have no issued code, authenticator or recovery codes, nor had before this call.
Reads all of these tables. Waits for no transaction: a row that another one is changing or has locked is left to the next call. Until this one ends, otp_issue() waits for it where the user''s budget or count is being removed.
Errors: 22023 older_than negative or NULL, batch NULL or less than 1, with a hint; 22008 older_than out of range, 55000 row default of otp_policy missing, 55006 a row was locked by hand just now, 25006 read-only transaction or standby, 25000 parallel; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_grant(regrole, text) IS
'Grants a role what a duty needs, by GRANT commands as the caller: USAGE on the schema of the extension, EXECUTE on functions, SELECT on views.
role: the role. duty: application: otp_issue, otp_resend, otp_verify, otp_attempt, otp_cancel, otp_send, otp_send_again, otp_send_push, otp_verify_push, otp_deny_push, otp_receipt, otp_enroll, otp_confirm, otp_credentials, otp_revoke, otp_resync, otp_recovery_codes, otp_recovery_left, otp_self_unlock. operator: otp_unlock, otp_status, otp_revoke, otp_forget, otp_purge, otp_import_pskc, otp_import_csv, otp_export. auditor: otp_policy_audit, otp_norm, and the views otp_activity, otp_stats, otp_delivery, otp_keys, otp_authenticators, otp_policy_effective, otp_presets. keyholder: otp_rotate_key, otp_rekey, otp_rewrap_master, otp_channel_secret, and the view otp_keys. relay: otp_claim, otp_delivered, otp_failed, otp_receipt, otp_next_due, otp_channel_status, and the view otp_delivery.
Grants all of it or nothing.
NULL, and nothing is done, if any argument is NULL. Errors: 22023 unknown duty, 25006, 25000, 42501 the caller may not grant all of it.';

-- What a restored database needs.  Messages are not among it: a dump is older than their codes are.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_channel', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_channel_secret', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_template', '');

--
-- Privileges: what is new is granted by duty.
--

REVOKE ALL ON FUNCTION
  @extschema@.otp_channel_guard(),
  @extschema@.otp_template_guard(),
  @extschema@.otp_channel_preset(text, text, text, text, text, text),
  @extschema@.otp_channel_secret(text, text, text),
  @extschema@.otp_send(text, text, text, text, text, text),
  @extschema@.otp_send(text, text[], text[], interval[], text, text, text),
  @extschema@.otp_send_again(text, text, text, boolean),
  @extschema@.otp_send_push(text, text, text, text, text, text),
  @extschema@.otp_verify_push(text, text, text, text, text),
  @extschema@.otp_deny_push(text, text),
  @extschema@.otp_claim(text, integer, interval, text[]),
  @extschema@.otp_delivered(bigint, integer, text),
  @extschema@.otp_delivered(bigint[], integer[], text[]),
  @extschema@.otp_failed(bigint, integer, text, boolean, interval),
  @extschema@.otp_receipt(text, text, text),
  @extschema@.otp_next_due(text[]),
  @extschema@.otp_channel_status()
  FROM PUBLIC;
REVOKE ALL ON TABLE
  @extschema@.otp_channel,
  @extschema@.otp_channel_secret,
  @extschema@.otp_channel_rate,
  @extschema@.otp_template,
  @extschema@.otp_template_default,
  @extschema@.otp_channel_presets,
  @extschema@.otp_message,
  @extschema@.otp_delivery
  FROM PUBLIC;
REVOKE ALL ON SEQUENCE @extschema@.otp_message_id FROM PUBLIC;

-- Default privileges may have granted all of this to somebody already.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', c.oid::pg_catalog.regclass,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
      WHERE c.relnamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND c.relname IN ('otp_channel', 'otp_channel_secret', 'otp_channel_rate', 'otp_template',
                          'otp_template_default', 'otp_channel_presets', 'otp_message', 'otp_delivery',
                          'otp_message_id')
        AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
    UNION
    SELECT pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s', p.oid::pg_catalog.regprocedure,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS a
      WHERE p.pronamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND p.proname IN ('otp_channel_guard', 'otp_template_guard', 'otp_channel_preset',
                          'otp_channel_secret', 'otp_send', 'otp_send_again', 'otp_send_push',
                          'otp_verify_push', 'otp_deny_push', 'otp_claim', 'otp_delivered', 'otp_failed',
                          'otp_receipt', 'otp_next_due', 'otp_channel_status')
        AND p.prorettype OPERATOR(pg_catalog.<>) 'pg_catalog.bytea'::pg_catalog.regtype
        AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
  LOOP
    EXECUTE command;
  END LOOP;
END $$;
