-- The shape of what CREATE EXTENSION makes.  Requirements 36, 37.
BEGIN;
SELECT plan(33);

SELECT has_extension('otp');
SELECT has_type('otp');
SELECT has_type('otp_secret');
SELECT has_composite('otp_verdict');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = 'otp_verdict'::regclass),
          'accepted boolean, reason text, method text, attempts_left integer, retry_at timestamp with time zone',
          'the columns of a verdict');

SELECT function_returns('hotp_at', ARRAY['otp_secret', 'bigint'], 'otp');
SELECT function_returns('totp_at', ARRAY['otp_secret', 'timestamp with time zone'], 'otp');
SELECT function_returns('hotp_match', ARRAY['otp_secret', 'text', 'bigint', 'integer'], 'bigint');
SELECT function_returns('totp_match', ARRAY['otp_secret', 'text', 'timestamp with time zone', 'integer'], 'bigint');
SELECT function_returns('otp_secret', ARRAY['bytea', 'text', 'integer', 'integer'], 'otp_secret');
SELECT function_returns('otp_secret_key', ARRAY['otp_secret'], 'bytea');
SELECT function_returns('otp_secret_generate', ARRAY['integer', 'text', 'integer', 'integer'], 'otp_secret');
SELECT function_returns('otp_issue', ARRAY['text', 'text', 'text'], 'otp');
SELECT function_returns('otp_resend', ARRAY['text', 'text', 'text'], 'otp');
SELECT function_returns('otp_verify', ARRAY['text', 'text', 'text', 'text'], 'boolean');
SELECT function_returns('otp_attempt', ARRAY['text', 'text', 'text', 'text'], 'otp_verdict');
SELECT function_returns('otp_cancel', ARRAY['text', 'text'], 'boolean');
SELECT function_returns('otp_grant', ARRAY['regrole', 'text'], 'void');

SELECT is(pg_get_function_arguments('otp_verify'::regproc),
          $$user_id text, code text, purpose text DEFAULT 'login'::text, context text DEFAULT ''::text$$,
          'the defaults of otp_verify');
SELECT is(pg_get_function_arguments('otp_issue'::regproc),
          $$user_id text, purpose text DEFAULT 'login'::text, context text DEFAULT ''::text$$,
          'the defaults of otp_issue');
SELECT is(pg_get_function_arguments('totp_at'::regproc),
          'secret otp_secret, at timestamp with time zone DEFAULT now()', 'the defaults of totp_at');

SELECT col_is_pk('otp_policy', 'purpose');
SELECT col_is_pk('otp_key', 'id');
SELECT col_is_pk('otp_challenge', ARRAY['user_id', 'purpose']);
SELECT col_is_pk('otp_budget', 'user_id');
SELECT index_is_type('otp_event', 'otp_event_at', 'brin');
SELECT row_eq($$SELECT length, alphabet, lifetime, max_attempts, trail, free_guesses, forgive_every, first_delay,
                       longest_delay, shipped FROM otp_policy WHERE purpose = 'default'$$,
              ROW(6, 'digits'::text, '5 minutes'::interval, 5, 'all'::text, 5, '1 hour'::interval,
                  '15 seconds'::interval, '1 hour'::interval, true),
              'the policy that is shipped');

SELECT is((SELECT count(*) FROM pg_opclass WHERE opcintype IN ('otp'::regtype, 'otp_secret'::regtype)), 0::bigint,
          'codes and secrets have no order and no index');
SELECT is((SELECT string_agg(castsource::regtype::text, ', ' ORDER BY castsource::regtype::text) FROM pg_cast
             WHERE casttarget = 'otp_secret'::regtype AND castcontext = 'i'), 'bytea, text',
          'text and bytea are secrets without being asked');
SELECT is((SELECT count(*) FROM pg_cast WHERE castsource IN ('otp'::regtype, 'otp_secret'::regtype)), 0::bigint,
          'and nothing becomes of a code or a secret by itself');
SELECT is((SELECT array_agg(c::regclass::text ORDER BY c::regclass::text)
             FROM pg_extension, unnest(extconfig) AS c WHERE extname = 'otp'),
          ARRAY['otp_budget', 'otp_event', 'otp_key', 'otp_policy'], 'what a dump has');
SELECT is((SELECT count(*) FROM otp_decoy), 64::bigint, 'the decoys');
SELECT is((SELECT count(*) FROM pg_proc WHERE prosecdef AND proname ~ '^(h?otp|totp)_'), 0::bigint,
          'no function is SECURITY DEFINER');

SELECT * FROM finish();
ROLLBACK;
