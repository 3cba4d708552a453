-- The extension in a schema of any name, whatever the caller's search_path.
-- Requirements: 36.

DROP EXTENSION otp;
CREATE SCHEMA "Regress Otp, Ltd.";
\set otp '"Regress Otp, Ltd."'
SET client_min_messages = warning;
CREATE EXTENSION otp SCHEMA "Regress Otp, Ltd.";
RESET client_min_messages;

-- All of it is there, and cannot be moved away.
SELECT count(*) > 0 AS objects, bool_and(identity.schema IS NULL OR identity.schema = :'otp') AS there
  FROM pg_depend, pg_identify_object(classid, objid, objsubid) AS identity
  WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND identity.type <> 'cast'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp');
SELECT failure('ALTER EXTENSION otp SET SCHEMA public');

-- Everything works with an empty search_path.
CREATE ROLE regress_otp_app;
SET search_path = '';
SELECT :otp.otp_grant('regress_otp_app', 'application');
SET ROLE regress_otp_app;
SELECT :otp.otp_issue('schema-1')::text AS code \gset
SELECT :otp.otp_resend('schema-1')::text = :'code' AS resent,
       :otp.otp_verify('schema-1', public.wrong(:'code')) AS wrong, :otp.otp_verify('schema-1', :'code') AS right,
       :otp.otp_cancel('schema-1') AS cancelled;
SELECT * FROM :otp.otp_attempt('schema-1', :'code');
SELECT CAST('12-34' AS :otp.otp), CAST('12-34' AS :otp.otp) OPERATOR(:otp.=) CAST('1234' AS :otp.otp) AS eq,
       CAST('12-34' AS :otp.otp) OPERATOR(:otp.<>) CAST('1234' AS :otp.otp) AS ne;
SELECT :otp.otp_secret('\x3132333435', 'SHA1'), :otp.otp_secret_key('\x3132333435'::bytea),
       :otp.hotp_at('GEZDGNBV', 0), :otp.totp_at('GEZDGNBV', 'epoch'),
       :otp.hotp_match('GEZDGNBV'::text, '734055', 0), :otp.totp_match('\x3132333435'::bytea, '734055', 'epoch'),
       :otp.otpauth_uri('GEZDGNBV', 'alice', 'ACME'), length(:otp.otp_qr('a')),
       :otp.otp_qr_png('a') IS NOT NULL AS otp_qr_png, length(:otp.otp_secret_key(:otp.otp_secret_generate()));
RESET ROLE;
INSERT INTO :otp.otp_policy (purpose, lifetime) VALUES ('quick', '10 seconds');
SELECT :otp.otp_issue('schema-1', 'quick') IS NOT NULL AS issued;
SELECT :otp.otp_master_key_init() IS NOT NULL AS master_key;
SELECT :otp.otp_channel_preset('webhook', 'hook', 'Shop', domain => 'example.com'), :otp.otp_channel_secret('hook', 'signing', 'key');
INSERT INTO :otp.otp_template (purpose, kind, locale, body) VALUES ('quick', 'chat', 'en', '{code}');
UPDATE :otp.otp_channel SET per_second = 1000;
SET ROLE regress_otp_app;
SELECT :otp.otp_send('schema-1', 'x', 'hook') > 0 AS sent, :otp.otp_send('schema-5', ARRAY['y', 'z'], ARRAY['hook', 'hook'], '{1 h,NULL}') > 0 AS sent;
RESET ROLE;
SELECT message_id, lease, convert_from(body, 'UTF8')::json #>> '{data,code}' AS code FROM :otp.otp_claim('relay', lease => '1 h')
  WHERE convert_from(body, 'UTF8')::json #>> '{data,destination}' = 'x' \gset
SELECT :otp.otp_verify('schema-1', :'code') AS right, :otp.otp_delivered(:message_id, :lease, 'id') AS delivered,
       :otp.otp_receipt('hook', 'id', 'delivered') AS receipt, :otp.otp_next_due() IS NOT NULL AS waits;
SELECT channel, problem FROM :otp.otp_channel_status();
SELECT channel, waiting, sent, delivered FROM :otp.otp_delivery;
RESET search_path;

-- requirement 36: everything works with a hostile search_path: tables, types, functions and operators of
-- the names that the extension uses, before those of pg_catalog; each function raises an error.
CREATE SCHEMA regress_otp_hostile;
DO $$
DECLARE
  trap text := ' LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''in the trap''''; END''';
  f record;
  name text;
  type text;
BEGIN
  FOR f IN
    SELECT proname, pg_get_function_identity_arguments(p.oid) AS arguments, prorettype::regtype AS result
      FROM pg_proc AS p JOIN pg_extension ON extname = 'otp'
      WHERE 'internal'::regtype <> ALL (proargtypes) AND 'cstring'::regtype <> ALL (proargtypes) AND
            prorettype NOT IN ('cstring'::regtype, 'trigger'::regtype) AND
            (pronamespace = extnamespace OR
             pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset AND
             proname IN ('now', 'clock_timestamp', 'quote_ident', 'octet_length', 'num_nulls', 'num_nonnulls', 'upper',
                         'texteq', 'int4eq', 'int8eq', 'uuid_eq', 'booleq', 'inet_client_addr', 'length', 'btrim',
                         'split_part', 'make_interval', 'ceil'))
  LOOP
    EXECUTE format('CREATE FUNCTION regress_otp_hostile.%I(%s) RETURNS %s', f.proname,
                   replace(f.arguments, 'VARIADIC "any"', 'anyelement'), f.result) || trap;
  END LOOP;
  FOREACH type IN ARRAY ARRAY['text', 'integer', 'bigint', 'boolean', 'timestamptz', 'interval', 'uuid', 'bytea', 'name',
                              'oid', 'double precision', 'text[]', '"char"'] LOOP
    EXECUTE format('CREATE FUNCTION regress_otp_hostile.compare(%s, %1$s) RETURNS boolean', type) || trap;
    FOREACH name IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>='] LOOP
      EXECUTE format('CREATE OPERATOR regress_otp_hostile.%s (LEFTARG = %s, RIGHTARG = %2$s, '
                     'FUNCTION = regress_otp_hostile.compare)', name, type);
    END LOOP;
  END LOOP;
  FOREACH name IN ARRAY ARRAY['otp_policy', 'otp_key', 'otp_challenge', 'otp_budget', 'otp_decoy', 'otp_event', 'otp_baseline', 'otp_quota',
                              'otp_credential', 'otp_recovery', 'otp_keys', 'otp_activity', 'otp_stats', 'otp_policy_effective',
                              'otp_authenticators', 'otp_presets', 'otp_channel', 'otp_channel_secret', 'otp_channel_rate',
                              'otp_template', 'otp_template_default', 'otp_channel_presets', 'otp_message', 'otp_message_id',
                              'otp_delivery', 'pg_extension', 'pg_class', 'pg_proc', 'pg_type', 'pg_namespace', 'pg_authid'] LOOP
    EXECUTE format('CREATE TABLE regress_otp_hostile.%I (trap integer)', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['text', 'otp', 'otp_secret', 'otp_verdict', 'otp_claimed', 'regrole', 'bytea', 'timestamptz', 'uuid',
                              'name'] LOOP
    EXECUTE format('CREATE TYPE regress_otp_hostile.%I AS (trap integer)', name);
  END LOOP;
END $$;
SELECT count(*) > 20 AS functions FROM pg_proc WHERE pronamespace = 'regress_otp_hostile'::regnamespace;
SELECT count(*) AS operators FROM pg_operator WHERE oprnamespace = 'regress_otp_hostile'::regnamespace;
GRANT USAGE ON SCHEMA regress_otp_hostile TO PUBLIC;
CREATE TEMP TABLE otp_budget (trap integer);
CREATE TEMP TABLE otp_challenge (trap integer);
CREATE TEMP TABLE otp_message (trap integer);
CREATE TEMP TABLE otp_channel (trap integer);
SET search_path = pg_temp, regress_otp_hostile, pg_catalog;
-- The traps work.
SELECT otp_issue('schema-2', 'login', '');
SELECT 1 = 1;
SELECT 'a'::text;
-- Nothing of it is met.
SELECT :otp.otp_policy_preset('psd2', 'preset'), :otp.otp_policy_preset('asvs-5-l2', 'preset');
SELECT holds, pg_catalog.count(*) FROM :otp.otp_policy_audit('asvs-5-l2') WHERE purpose OPERATOR(pg_catalog.=) 'preset' GROUP BY holds;
DELETE FROM :otp.otp_policy WHERE purpose OPERATOR(pg_catalog.=) 'preset';
SELECT pg_catalog.count(*) FROM :otp.otp_stats WHERE per OPERATOR(pg_catalog.=) 'year';
SELECT :otp.otp_grant('regress_otp_app', 'application');
SET ROLE regress_otp_app;
SELECT :otp.otp_issue('schema-2') AS code \gset
SELECT :otp.otp_resend('schema-2') OPERATOR(:otp.=) :'code' AS resent,
       :otp.otp_verify('schema-2', public.wrong(:'code')) AS wrong;
SELECT :otp.otp_verify('schema-2', :'code') AS right;
SELECT * FROM :otp.otp_attempt('schema-2', :'code');
SELECT :otp.otp_issue('schema-2', 'quick', 'context') IS NOT NULL AS issued;
SELECT :otp.otp_cancel('schema-2', 'quick') AS cancelled;
SELECT :otp.otp_send('schema-2', 'x', 'hook') OPERATOR(pg_catalog.>) 0 AS sent;
RESET ROLE;
SELECT :otp.otp_channel_preset('webhook', 'other', 'Shop'), :otp.otp_channel_secret('other', 'signing', 'key');
UPDATE :otp.otp_channel SET per_second = 1000, messages_per_prefix = 9, prefix_length = 2;
SELECT message_id, lease, pg_catalog.convert_from(body, 'UTF8')::pg_catalog.json OPERATOR(pg_catalog.#>>) '{data,code}' AS code
  FROM :otp.otp_claim('relay') \gset
SELECT :otp.otp_verify('schema-2', :'code') AS right, :otp.otp_failed(:message_id, :lease, 'HTTP 500', true) AS failed,
       :otp.otp_delivered(:message_id, :lease) AS delivered, :otp.otp_next_due() IS NOT NULL AS waits;
SELECT channel, problem FROM :otp.otp_channel_status();
SELECT channel, waiting FROM :otp.otp_delivery ORDER BY channel USING OPERATOR(pg_catalog.<);
DELETE FROM :otp.otp_channel WHERE name OPERATOR(pg_catalog.=) 'other';
SET ROLE regress_otp_app;
SELECT CAST('12-34' AS :otp.otp), CAST('12-34' AS :otp.otp) OPERATOR(:otp.=) CAST('1234' AS :otp.otp) AS eq,
       CAST('12-34' AS :otp.otp) OPERATOR(:otp.<>) CAST('1234' AS :otp.otp) AS ne;
SELECT :otp.otp_secret('\x3132333435', 'SHA1'), :otp.otp_secret_key('\x3132333435'::pg_catalog.bytea),
       :otp.hotp_at('GEZDGNBV', 0), :otp.totp_at('GEZDGNBV', 'epoch'),
       :otp.hotp_match('GEZDGNBV', '734055', 0), :otp.totp_match('GEZDGNBV', '734055', 'epoch'),
       :otp.otpauth_uri('GEZDGNBV', 'alice', 'ACME'), pg_catalog.length(:otp.otp_qr('a')),
       :otp.otp_qr_png('a') IS NOT NULL AS otp_qr_png, pg_catalog.length(:otp.otp_secret_key(:otp.otp_secret_generate()));
RESET ROLE;
INSERT INTO :otp.otp_policy (purpose, lifetime) VALUES ('hostile', '1 hour');
UPDATE :otp.otp_policy SET max_attempts = 6;
DELETE FROM :otp.otp_policy WHERE lifetime OPERATOR(pg_catalog.=) '1 hour';
SELECT :otp.otp_master_key_init() IS NOT NULL AS master_key;
RESET search_path;
DROP TABLE otp_budget, otp_challenge, otp_message, otp_channel;
SELECT purpose, max_attempts, shipped FROM :otp.otp_policy ORDER BY purpose;
SELECT total FROM :otp.otp_budget WHERE user_id = 'schema-2';
SET client_min_messages = warning;
DROP SCHEMA regress_otp_hostile CASCADE;
RESET client_min_messages;

-- CREATE EXTENSION does not meet it either: neither what is before the extension's schema, nor what is in
-- it.  Privileges that somebody has by default, nobody has on the extension's tables and functions.
CREATE DATABASE regress_otp_hostile TEMPLATE template0;
\c regress_otp_hostile
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, regress_otp_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_otp_app;
CREATE FUNCTION num_nulls(integer, text, interval, integer, text, text[], boolean, integer, interval, interval, interval,
                          integer, integer, interval) RETURNS integer
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE FUNCTION num_nonnulls(integer, interval, interval, interval, integer, integer, interval) RETURNS integer
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE FUNCTION trap(double precision, integer) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE OPERATOR > (LEFTARG = double precision, RIGHTARG = integer, FUNCTION = trap);
CREATE OPERATOR <= (LEFTARG = double precision, RIGHTARG = integer, FUNCTION = trap);
CREATE FUNCTION trap(text[], text[]) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE OPERATOR = (LEFTARG = text[], RIGHTARG = text[], FUNCTION = trap);
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.otp_master_key_init() RETURNS text
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE FUNCTION hostile.octet_length(text) RETURNS integer
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in the trap'; END $$;
CREATE TABLE hostile.otp_policy (trap integer);
CREATE TYPE hostile.text AS (trap integer);
SET search_path = hostile, pg_catalog, public;
SET client_min_messages = warning;
CREATE EXTENSION otp SCHEMA public;
INSERT INTO public.otp_policy (purpose) VALUES ('x');
INSERT INTO public.otp_policy (purpose, methods, number_match) VALUES ('y', '{issued}', true);
SELECT public.otp_channel_preset('webhook', 'hook', 'Shop');
UPDATE public.otp_channel SET per_second = 5;
SELECT public.otp_verify('alice', '123456');
RESET search_path;
SELECT count(*) FILTER (WHERE has_table_privilege('regress_otp_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE,'
                                                  'REFERENCES, TRIGGER')) AS tables_of, count(*) AS tables
  FROM pg_class AS c WHERE relname LIKE 'otp%' AND relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace;
SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'otp%'
    AND provolatile <> 'i' AND has_function_privilege('regress_otp_app', oid, 'EXECUTE') ORDER BY proname;
\c contrib_regression
DROP OWNED BY regress_otp_app;
SELECT :otp.otp_grant('regress_otp_app', 'application');
DROP DATABASE regress_otp_hostile;

-- The schema may be renamed at any time.
SELECT :otp.otp_issue('schema-3')::text AS code \gset
ALTER SCHEMA :otp RENAME TO regress_otp_renamed;
SELECT regress_otp_renamed.otp_verify('schema-3', public.wrong(:'code')) AS wrong;
SELECT regress_otp_renamed.otp_verify('schema-3', :'code') AS right;
SELECT regress_otp_renamed.otp_grant('regress_otp_app', 'application');

-- A role needs the schema's USAGE, which otp_grant gives.
CREATE ROLE regress_otp_visitor;
SET ROLE regress_otp_visitor;
SELECT failure($$SELECT regress_otp_renamed.hotp_at('GEZDGNBV', 0)$$);
RESET ROLE;
DROP ROLE regress_otp_visitor;
SELECT has_schema_privilege('regress_otp_app', 'regress_otp_renamed', 'USAGE') AS usage,
       has_schema_privilege('regress_otp_app', 'regress_otp_renamed', 'CREATE') AS "create";

-- DROP and CREATE, and a rollback of each, leave nothing behind in the session: no key, no policy, no
-- table that is not there any more.
INSERT INTO regress_otp_renamed.otp_policy (purpose, length, alphabet) VALUES ('dropped', 12, 'digits');
SELECT regress_otp_renamed.otp_issue('schema-4')::text AS code,
       length(regress_otp_renamed.otp_issue('schema-4', 'dropped')::text) AS length \gset
SELECT :length AS length;
BEGIN;
DROP EXTENSION otp;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION otp SCHEMA public;
SELECT length(otp_issue('schema-4', 'dropped')::text) AS length, (otp_attempt('schema-4', :'code')).reason;
SELECT otp_issue('schema-4')::text AS other \gset
SELECT otp_verify('schema-4', wrong(:'other')) AS wrong, otp_verify('schema-4', :'other') AS right;
ROLLBACK;
SELECT length(regress_otp_renamed.otp_issue('schema-4', 'dropped')::text) AS length,
       regress_otp_renamed.otp_resend('schema-4')::text = :'code' AS resent,
       regress_otp_renamed.otp_verify('schema-4', :'code') AS right;
DROP OWNED BY regress_otp_app;
DROP ROLE regress_otp_app;
DROP EXTENSION otp;
DROP SCHEMA regress_otp_renamed;
SET client_min_messages = warning;
CREATE EXTENSION otp;
RESET client_min_messages;
SELECT length(otp_issue('schema-4', 'dropped')::text) AS length, (otp_attempt('schema-4', :'code')).reason;
SELECT count(*) FROM otp_key;
