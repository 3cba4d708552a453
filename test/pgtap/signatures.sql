-- What each function takes and gives, and who may do what: signatures, privileges, tables.
-- Requirements: 36, 37, 42.

BEGIN;
SELECT plan(495);

SELECT has_extension('otp');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'otp'),
          (SELECT default_version FROM pg_available_extensions WHERE name = 'otp'), 'otp is the default version');
SELECT extnamespace::regnamespace AS otp FROM pg_extension WHERE extname = 'otp' \gset

-- Types.
SELECT has_type(:'otp', name, 'type ' || name) FROM unnest(ARRAY['otp', 'otp_secret', 'otp_verdict', 'otp_claimed']) AS name;
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = 'otp_verdict'::regclass AND attnum > 0),
          'accepted boolean, reason text, method text, attempts_left integer, retry_at timestamp with time zone',
          'what a verdict says');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = 'otp_claimed'::regclass AND attnum > 0),
          'message_id bigint, lease integer, channel text, transport text, url text, method text, headers text[], body bytea, sender text, sender_name text, destination text, subject text, plain text, html text, username text, password text, allow_plaintext boolean, ca_file text, accept_status integer[], retry_status integer[], accept_path text, accept_values text[], retry_path text, retry_values text[], id_path text, idempotency_key uuid, expires_at timestamp with time zone, max_in_flight integer, timeout integer',
          'what a relay gets');
SELECT has_operator('otp', '=', 'otp', 'boolean', 'otp = otp');
SELECT has_operator('otp', '<>', 'otp', 'boolean', 'otp <> otp');
SELECT hasnt_operator('otp', operator, 'otp', 'boolean', 'no otp ' || operator || ' otp')
  FROM unnest(ARRAY['<', '<=', '>', '>=']) AS operator;
SELECT has_cast('text', 'otp_secret', 'text becomes a secret');
SELECT cast_context_is('text', 'otp_secret', 'implicit', 'text becomes a secret by itself');
SELECT has_cast('bytea', 'otp_secret', 'bytea becomes a secret');
SELECT cast_context_is('bytea', 'otp_secret', 'implicit', 'bytea becomes a secret by itself');
SELECT hasnt_cast('otp_secret', 'text', 'a secret does not become text by itself');

-- Functions: arguments with their names and defaults, and the result.
CREATE TEMP TABLE wanted (function text, arguments text, result text, pure boolean);
INSERT INTO wanted VALUES
  ('hotp_at', 'secret otp_secret, counter bigint', 'otp', true),
  ('totp_at', 'secret otp_secret, at timestamp with time zone DEFAULT now()', 'otp', true),
  ('hotp_match', 'secret otp_secret, code text, counter bigint, look_ahead integer DEFAULT 0', 'bigint', true),
  ('totp_match', 'secret otp_secret, code text, at timestamp with time zone DEFAULT now(), drift integer DEFAULT 1',
   'bigint', true),
  ('otp_secret', 'key bytea, algorithm text DEFAULT ''SHA1''::text, digits integer DEFAULT 6, period integer DEFAULT 30',
   'otp_secret', true),
  ('otp_secret_key', 'secret otp_secret', 'bytea', true),
  ('otpauth_uri', 'secret otp_secret, account text, issuer text DEFAULT NULL::text, kind text DEFAULT ''totp''::text, counter bigint DEFAULT 0',
   'text', true),
  ('otp_qr', 'content text, format text DEFAULT ''utf8''::text', 'text', true),
  ('otp_qr_png', 'content text, scale integer DEFAULT 8', 'bytea', true),
  ('otp_issue', 'user_id text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text', 'otp', false),
  ('otp_resend', 'user_id text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text', 'otp', false),
  ('otp_issue', 'user_id text, purpose text, context text, destination text', 'otp', false),
  ('otp_resend', 'user_id text, purpose text, context text, destination text', 'otp', false),
  ('otp_verify', 'user_id text, code text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text',
   'boolean', false),
  ('otp_attempt', 'user_id text, code text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text',
   'otp_verdict', false),
  ('otp_cancel', 'user_id text, purpose text DEFAULT ''login''::text', 'boolean', false),
  ('otp_enroll', 'user_id text, kind text DEFAULT ''totp''::text, label text DEFAULT NULL::text, issuer text DEFAULT NULL::text, secret otp_secret DEFAULT NULL::otp_secret, account text DEFAULT NULL::text, counter bigint DEFAULT 0, window_size integer DEFAULT NULL::integer, OUT credential_id bigint, OUT uri text',
   'record', false),
  ('otp_confirm', 'user_id text, code text, credential_id bigint DEFAULT NULL::bigint', 'boolean', false),
  ('otp_credentials', 'user_id text, OUT credential_id bigint, OUT kind text, OUT state text, OUT label text, OUT issuer text, OUT account text, OUT serial text, OUT algorithm text, OUT digits integer, OUT period integer, OUT window_size integer, OUT drift integer, OUT counter bigint, OUT made_at timestamp with time zone, OUT expires_at timestamp with time zone, OUT used_at timestamp with time zone',
   'SETOF record', false),
  ('otp_revoke', 'user_id text, credential_id bigint', 'boolean', false),
  ('otp_resync', 'user_id text, credential_id bigint, code1 text, code2 text', 'boolean', false),
  ('otp_recovery_codes', 'user_id text, count integer DEFAULT 10', 'SETOF otp', false),
  ('otp_recovery_left', 'user_id text', 'integer', false),
  ('otp_self_unlock', 'user_id text, codes text[], purpose text DEFAULT ''login''::text', 'boolean', false),
  ('otp_unlock', 'user_id text', 'boolean', false),
  ('otp_status', 'user_id text, OUT purpose text, OUT issued_at timestamp with time zone, OUT expires_at timestamp with time zone, OUT attempts_left integer, OUT wrong_guesses bigint, OUT level integer, OUT delayed_until timestamp with time zone, OUT consecutive bigint, OUT stopped_until timestamp with time zone, OUT authenticators integer, OUT recovery_codes integer',
   'SETOF record', false),
  ('otp_import_pskc', 'pskc text, key bytea DEFAULT NULL::bytea, password text DEFAULT NULL::text, users jsonb DEFAULT NULL::jsonb, OUT serial text, OUT user_id text, OUT credential_id bigint',
   'SETOF record', false),
  ('otp_import_csv', 'csv text, format text DEFAULT ''oath''::text, users jsonb DEFAULT NULL::jsonb, OUT serial text, OUT user_id text, OUT credential_id bigint',
   'SETOF record', false),
  ('otp_export', 'user_id text, OUT credential_id bigint, OUT kind text, OUT uri text', 'SETOF record', false),
  ('otp_forget', 'user_id text', 'bigint', false),
  ('otp_norm', 'name text', 'text', true),
  ('otp_policy_preset', 'name text, purpose text DEFAULT ''default''::text', 'void', false),
  ('otp_purge', 'older_than interval DEFAULT ''90 days''::interval, batch integer DEFAULT 10000', 'bigint', false),
  ('otp_send', 'user_id text, destination text, channel text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text, locale text DEFAULT ''en''::text',
   'bigint', false),
  ('otp_send', 'user_id text, destinations text[], channels text[], waits interval[], purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text, locale text DEFAULT ''en''::text',
   'bigint', false),
  ('otp_send_again', 'user_id text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text, next_channel boolean DEFAULT false',
   'bigint', false),
  ('otp_send_push', 'user_id text, destination text, channel text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text, locale text DEFAULT ''en''::text',
   'text', false),
  ('otp_verify_push', 'user_id text, code text, number text, purpose text DEFAULT ''login''::text, context text DEFAULT ''''::text',
   'boolean', false),
  ('otp_deny_push', 'user_id text, purpose text DEFAULT ''login''::text', 'boolean', false),
  ('otp_receipt', 'channel text, provider_id text, status text', 'boolean', false),
  ('otp_claim', 'worker text, batch integer DEFAULT 100, lease interval DEFAULT ''00:01:00''::interval, skip text[] DEFAULT ''{}''::text[]',
   'SETOF otp_claimed', false),
  ('otp_delivered', 'message_id bigint, lease integer, provider_id text DEFAULT NULL::text', 'boolean', false),
  ('otp_delivered', 'message_ids bigint[], leases integer[], provider_ids text[]', 'integer', false),
  ('otp_failed', 'message_id bigint, lease integer, error text, retry boolean, retry_after interval DEFAULT NULL::interval',
   'boolean', false),
  ('otp_next_due', 'skip text[] DEFAULT ''{}''::text[]', 'timestamp with time zone', false),
  ('otp_channel_status', 'OUT channel text, OUT transport text, OUT url text, OUT sender text, OUT username text, OUT password text, OUT allow_plaintext boolean, OUT ca_file text, OUT problem text',
   'SETOF record', false),
  ('otp_channel_preset', 'preset text, name text, app text, sender text DEFAULT NULL::text, domain text DEFAULT NULL::text, url text DEFAULT NULL::text',
   'text[]', false),
  ('otp_channel_secret', 'channel text, name text, value text', 'void', false),
  ('otp_rotate_key', '', 'integer', false),
  ('otp_rekey', 'batch integer DEFAULT 1000', 'integer', false),
  ('otp_rewrap_master', '', 'integer', false),
  ('otp_grant', 'role regrole, duty text', 'void', false),
  ('otp_revoke_duty', 'role regrole, duty text', 'void', false),
  ('otp_master_key_init', '', 'text', false);
-- Of a function with several signatures, each has to be wanted; those that serve a type apart.
CREATE TEMP VIEW called AS
  SELECT * FROM pg_proc WHERE oid NOT IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend])::oid FROM pg_type);
SELECT is((SELECT array_agg(pg_get_function_arguments(oid) ORDER BY pg_get_function_arguments(oid) COLLATE "C")
             FROM called WHERE proname = function),
          array_agg(arguments ORDER BY arguments COLLATE "C"), function || ': arguments')
  FROM wanted GROUP BY function;
SELECT is((SELECT pg_get_function_result(oid) FROM pg_proc
             WHERE proname = function AND pg_get_function_arguments(oid) = arguments),
          result, function || ': result')
  FROM wanted;

-- Requirement 37: what is stateful is volatile and parallel unsafe, what is pure immutable, strict and safe.
SELECT is((SELECT string_agg(DISTINCT provolatile::text, '') FROM called WHERE proname = function), CASE WHEN pure THEN 'i' ELSE 'v' END,
          function || ': volatility')
  FROM wanted;
SELECT is((SELECT string_agg(DISTINCT proparallel::text, '') FROM called WHERE proname = function), CASE WHEN pure THEN 's' ELSE 'u' END,
          function || ': parallel')
  FROM wanted;
SELECT is_strict(:'otp', function, function || ': strict') FROM wanted WHERE pure AND function <> 'otpauth_uri';
SELECT isnt_strict(:'otp', 'otpauth_uri'::name, 'otpauth_uri: not strict, for the issuer may be NULL');
SELECT isnt_definer(:'otp', function, function || ': runs as its caller') FROM wanted;
SELECT volatility_is(:'otp'::name, 'otp_secret_generate', 'volatile', 'otp_secret_generate: volatility');
SELECT is(pg_get_function_arguments(oid) || ' -> ' || pg_get_function_result(oid),
          'preset text -> TABLE(purpose text, requirement text, section text, holds boolean, has text)', 'otp_policy_audit: signature')
  FROM pg_proc WHERE proname = 'otp_policy_audit';
SELECT volatility_is(:'otp'::name, 'otp_policy_audit', 'stable', 'otp_policy_audit: volatility');
SELECT is_strict(:'otp', 'otp_policy_audit'::name, 'otp_policy_audit: strict');
SELECT isnt_definer(:'otp', 'otp_policy_audit'::name, 'otp_policy_audit: runs as its caller');

-- Requirement 36: an application gets by otp_grant what it needs, and no table.
CREATE ROLE regress_otp_app;
SELECT ok(has_function_privilege('regress_otp_app', oid, 'EXECUTE') = pure, function || ': for everyone only if it is pure')
  FROM wanted JOIN called ON proname = function;
SELECT otp_grant('regress_otp_app', 'application');
SELECT ok(has_function_privilege('regress_otp_app', oid, 'EXECUTE') = (function NOT IN ('otp_unlock', 'otp_status', 'otp_forget', 'otp_purge', 'otp_import_pskc', 'otp_import_csv', 'otp_export', 'otp_rotate_key', 'otp_rekey', 'otp_rewrap_master', 'otp_grant', 'otp_revoke_duty', 'otp_policy_preset', 'otp_master_key_init',
                                                                                'otp_claim', 'otp_delivered', 'otp_failed', 'otp_next_due', 'otp_channel_status', 'otp_channel_preset', 'otp_channel_secret')),
          function || ': as granted')
  FROM wanted JOIN called ON proname = function;
SELECT table_privs_are(:'otp', name, 'regress_otp_app', ARRAY[]::text[], name || ': no privilege')
  FROM unnest(ARRAY['otp_policy', 'otp_key', 'otp_challenge', 'otp_budget', 'otp_decoy', 'otp_event',
                    'otp_baseline', 'otp_quota', 'otp_credential', 'otp_recovery', 'otp_keys', 'otp_activity', 'otp_stats', 'otp_policy_effective', 'otp_authenticators', 'otp_presets',
                    'otp_channel', 'otp_channel_secret', 'otp_channel_rate', 'otp_template', 'otp_template_default', 'otp_channel_presets', 'otp_message', 'otp_delivery']) AS name;

-- Tables.
SELECT columns_are(:'otp', 'otp_policy', ARRAY['purpose', 'length', 'alphabet', 'lifetime', 'max_attempts', 'trail',
  'methods', 'spent_at_once', 'cool_down', 'issue_window', 'issues_per_user', 'issues_per_destination', 'max_consecutive',
  'stop_for', 'warn_before', 'self_unlock', 'notify', 'free_guesses', 'forgive_every', 'first_delay', 'longest_delay', 'max_drift',
  'resync_window', 'enroll_lifetime', 'comment', 'shipped', 'number_match', 'prompts_per_user']);
SELECT columns_are(:'otp', 'otp_event', ARRAY['at', 'user_id', 'purpose', 'event', 'reason', 'method', 'role', 'client_addr',
  'application_name']);
SELECT columns_are(:'otp', 'otp_activity', ARRAY['at', 'user_id', 'purpose', 'method', 'outcome', 'role', 'client_addr', 'application_name', 'detail']);
SELECT columns_are(:'otp', 'otp_stats', ARRAY['per', 'since', 'purpose', 'issued', 'resent', 'cancelled', 'refused', 'accepted', 'rejected',
  'replayed', 'locked', 'warned', 'stopped', 'unlocked', 'enrolled', 'revoked', 'exported', 'purged', 'forgotten',
  'sent', 'delivered', 'failed', 'dropped', 'denied']);
SELECT columns_are(:'otp', 'otp_policy_effective', ARRAY['purpose', 'length', 'alphabet', 'symbols', 'lifetime', 'max_attempts', 'trail',
  'methods', 'spent_at_once', 'cool_down', 'issue_window', 'issues_per_user', 'issues_per_destination', 'max_consecutive',
  'stop_for', 'warn_before', 'self_unlock', 'notify', 'free_guesses', 'forgive_every', 'first_delay', 'longest_delay', 'max_drift',
  'resync_window', 'enroll_lifetime', 'comment', 'number_match', 'prompts_per_user']);
SELECT columns_are(:'otp', 'otp_authenticators', ARRAY['kind', 'algorithm', 'digits', 'period', 'window_size', 'key_bytes', 'authenticators']);
SELECT columns_are(:'otp', 'otp_presets', ARRAY['name', 'norm', 'codes', 'lifetime', 'max_consecutive', 'stop_for', 'until_unlock', 'warn_before',
  'spent_at_once', 'trail', 'sections']);
SELECT columns_are(:'otp', 'otp_channel', ARRAY['name', 'kind', 'transport', 'url', 'method', 'headers', 'body', 'accept_status', 'retry_status',
  'accept_path', 'accept_values', 'retry_path', 'retry_values', 'id_path', 'sender', 'sender_name', 'app', 'domain', 'allow_plaintext', 'ca_file', 'per_second',
  'max_in_flight', 'timeout', 'message_window', 'messages_per_destination', 'messages_per_prefix', 'prefix_length', 'comment']);
SELECT columns_are(:'otp', 'otp_channel_secret', ARRAY['key_id', 'channel', 'name', 'sealed']);
SELECT columns_are(:'otp', 'otp_template', ARRAY['purpose', 'kind', 'locale', 'subject', 'body', 'html']);
SELECT columns_are(:'otp', 'otp_template_default', ARRAY['kind', 'locale', 'subject', 'body', 'html']);
SELECT columns_are(:'otp', 'otp_channel_presets', ARRAY['preset', 'kind', 'transport', 'url', 'method', 'headers', 'body', 'accept_status',
  'retry_status', 'accept_path', 'accept_values', 'retry_path', 'retry_values', 'id_path', 'secrets', 'page']);
SELECT columns_are(:'otp', 'otp_message', ARRAY['message_id', 'chain', 'made_at', 'expires_at', 'nonce', 'idempotency_key', 'tries', 'step', 'state',
  'numbered', 'due_at', 'sent_at', 'settled_at', 'wait', 'user_id', 'purpose', 'context', 'channel', 'destination', 'locale', 'worker',
  'provider_id', 'error']);
SELECT columns_are(:'otp', 'otp_delivery', ARRAY['channel', 'waiting', 'sent', 'delivered', 'failed', 'dropped', 'oldest_waiting', 'p50', 'p95']);
SELECT columns_are(:'otp', 'otp_keys', ARRAY['id', 'state', 'made_at', 'master_id', 'codes', 'credentials', 'recovery_sets', 'pseudonyms', 'channel_secrets']);
SELECT col_is_pk(:'otp', 'otp_policy', 'purpose', 'one policy a purpose');
SELECT col_is_pk(:'otp', 'otp_key', 'id', 'one row a key');
SELECT col_is_pk(:'otp', 'otp_challenge', ARRAY['user_id', 'purpose'], 'one code a user and purpose');
SELECT col_is_pk(:'otp', 'otp_budget', 'user_id', 'one budget a user');
SELECT col_is_pk(:'otp', 'otp_channel', 'name', 'one channel a name');
SELECT col_is_pk(:'otp', 'otp_channel_secret', ARRAY['channel', 'name'], 'one credential a channel and name');
SELECT col_is_pk(:'otp', 'otp_template', ARRAY['purpose', 'kind', 'locale'], 'one template a purpose, kind and locale');
SELECT col_is_pk(:'otp', 'otp_message', 'message_id', 'one row a message');
SELECT hasnt_fk(:'otp', 'otp_channel_secret', 'credentials have no foreign key, which a parallel pg_restore would break');
SELECT has_trigger(:'otp', 'otp_channel', 'otp_channel_guard_all', 'but a guard');
SELECT fk_ok(:'otp', 'otp_channel_rate', 'channel', :'otp', 'otp_channel', 'name', 'rates are of a channel');
SELECT hasnt_pk(:'otp', 'otp_event', 'the trail has no key');
SELECT is((SELECT count(*)::integer FROM pg_constraint WHERE conrelid = 'otp_policy'::regclass AND contype = 'c'), 29,
          'otp_policy: constraints');
SELECT is((SELECT count(*)::integer FROM pg_constraint WHERE conrelid = 'otp_channel'::regclass AND contype = 'c'), 16,
          'otp_channel: constraints');
SELECT is((SELECT count(*)::integer FROM pg_constraint WHERE conrelid = 'otp_template'::regclass AND contype = 'c'), 4,
          'otp_template: constraints');
SELECT has_index(:'otp', 'otp_key', 'otp_key_writing', 'one key writes');
SELECT index_is_unique(:'otp', 'otp_key', 'otp_key_writing', 'one key writes');
SELECT has_index(:'otp', 'otp_event', 'otp_event_at', 'the trail is indexed by time');
SELECT index_is_type(:'otp', 'otp_event', 'otp_event_at', 'brin');
SELECT has_trigger(:'otp', 'otp_policy', 'otp_policy_guard', 'otp_policy is guarded');
SELECT has_trigger(:'otp', 'otp_policy', 'otp_policy_changed', 'sessions hear of a change of otp_policy');
SELECT has_trigger(:'otp', 'otp_channel', 'otp_channel_guard', 'otp_channel is guarded');
SELECT has_trigger(:'otp', 'otp_template', 'otp_template_guard', 'otp_template is guarded');
SELECT has_trigger(:'otp', 'otp_key', 'otp_key_changed', 'sessions hear of a change of otp_key');

-- Users and purposes are compared byte by byte, whatever the database's collation.
SELECT is((SELECT collname::text FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation
             WHERE attrelid = t::regclass AND attname = 'user_id'), 'C', t || ': user_id is bytes')
  FROM unnest(ARRAY['otp_challenge', 'otp_budget', 'otp_baseline', 'otp_event', 'otp_credential', 'otp_recovery', 'otp_message']) AS t;

-- Requirement 42: a dump has keys, budgets, policies, channels and the trail, and no codes or messages.
SELECT is((SELECT array_agg(c::regclass::text ORDER BY c::regclass::text COLLATE "C")
             FROM pg_extension, unnest(extconfig) AS c WHERE extname = 'otp'),
          ARRAY['otp_baseline', 'otp_budget', 'otp_channel', 'otp_channel_secret', 'otp_credential', 'otp_credential_id', 'otp_event',
                'otp_key', 'otp_policy', 'otp_quota', 'otp_recovery', 'otp_template'],
          'what is dumped');

SELECT * FROM finish();
ROLLBACK;
