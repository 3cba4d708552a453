-- Privileges, as an ordinary role sees them.
-- Requirements: 20, 36.

CREATE ROLE regress_otp_app;
CREATE ROLE regress_otp_visitor;

-- What is for everyone: the types and the pure functions (every one of them).
SET ROLE regress_otp_visitor;
SELECT otp '00-12' AS code, otp '1234' = otp '1234' AS eq, otp '1234' <> otp '1234' AS ne, otp_send('1234') AS send;
SELECT otp_eq('1234', '1234') AS eq, otp_ne('1234', '1234') AS ne, otp_in('1234') AS "in", otp_out('1234') AS out;
SELECT otp_secret 'GEZDGNBV' AS secret, otp_secret('\x3132333435', 'SHA256', 8, 60) AS made,
       'GEZDGNBV'::text::otp_secret AS text, '\x3132333435'::bytea::otp_secret AS bytea,
       otp_secret_from_bytea('\x3132333435') AS from_bytea;
SELECT otp_secret_in('GEZDGNBV') AS "in", otp_secret_out('GEZDGNBV') AS out, otp_secret_send('GEZDGNBV') AS send,
       otp_secret_key('GEZDGNBV') AS key, octet_length(otp_secret_key(otp_secret_generate())) AS generated;
SELECT hotp_at('GEZDGNBV', 0) AS hotp, totp_at('GEZDGNBV', 'epoch') AS totp,
       hotp_match('GEZDGNBV', hotp_at('GEZDGNBV', 3)::text, 0, 5) AS hotp_match,
       totp_match('GEZDGNBV', hotp_at('GEZDGNBV', 1)::text, 'epoch') AS totp_match;
SELECT otpauth_uri('GEZDGNBV', 'alice', 'ACME');
SELECT otp_norm('psd2'), octet_length(otp_qr('a')) AS qr, octet_length(otp_qr('a', 'svg')) > 0 AS svg, octet_length(otp_qr_png('a')) > 0 AS png;

-- requirement 36: what is not.
SELECT function, failure('SELECT ' || function)
  FROM (VALUES ('otp_issue(''grant-1'')'), ('otp_resend(''grant-1'')'), ('otp_verify(''grant-1'', ''123456'')'),
               ('otp_attempt(''grant-1'', ''123456'')'), ('otp_cancel(''grant-1'')'),
               ('otp_enroll(''grant-1'')'), ('otp_confirm(''grant-1'', ''123456'')'), ('otp_credentials(''grant-1'')'),
               ('otp_revoke(''grant-1'', 1)'), ('otp_resync(''grant-1'', 1, ''123456'', ''123456'')'),
               ('otp_recovery_codes(''grant-1'')'), ('otp_recovery_left(''grant-1'')'), ('otp_forget(''grant-1'')'), ('otp_purge()'),
               ('otp_issue(''grant-1'', ''login'', '''', ''+1'')'), ('otp_resend(''grant-1'', ''login'', '''', ''+1'')'),
               ('otp_self_unlock(''grant-1'', ''{}'')'), ('otp_unlock(''grant-1'')'), ('otp_status(''grant-1'')'),
               ('otp_rotate_key()'), ('otp_rekey()'), ('otp_rewrap_master()'), ('otp_key_guard()'),
               ('otp_import_pskc('''')'), ('otp_import_csv('''')'), ('otp_export(''grant-1'')'),
               ('otp_grant(''regress_otp_visitor'', ''application'')'), ('otp_revoke_duty(''regress_otp_visitor'', ''application'')'), ('otp_master_key_init()'),
               ('otp_policy_preset(''psd2'')'), ('otp_policy_audit(''psd2'')'),
               ('otp_send(''grant-1'', ''+1'', ''none'')'), ('otp_send(''grant-1'', ARRAY[''+1''], ARRAY[''none''], ''{null}'')'),
               ('otp_send_again(''grant-1'')'), ('otp_send_push(''grant-1'', ''x'', ''none'')'),
               ('otp_verify_push(''grant-1'', ''123456'', ''42'')'), ('otp_deny_push(''grant-1'')'), ('otp_receipt(''none'', ''x'', ''delivered'')'),
               ('otp_channel_preset(''webhook'', ''grant-1'', ''Shop'')'), ('otp_channel_secret(''grant-1'', ''signing'', ''key'')'),
               ('otp_claim(''grant-1'')'), ('otp_delivered(1, 1)'), ('otp_delivered(ARRAY[1::bigint], ARRAY[1], ARRAY[''x''])'),
               ('otp_failed(1, 1, ''timeout'', true)'), ('otp_next_due()'), ('otp_channel_status()'),
               ('otp_channel_guard()'), ('otp_template_guard()'),
               ('otp_policy_guard()'), ('otp_changed()')) AS call (function);
RESET ROLE;

-- otp_grant knows its duties, and a role by name or by number.
SELECT failure($$SELECT otp_grant('regress_otp_app', 'applications')$$, true);
SELECT failure($$SELECT otp_grant('regress_otp_app', '')$$);
SELECT failure($$SELECT otp_grant('regress_otp_unknown', 'application')$$);
SELECT otp_grant('regress_otp_app', NULL) IS NULL AS no_duty, otp_grant(NULL, 'application') IS NULL AS no_role;
SELECT has_function_privilege('regress_otp_app', 'otp_issue(text, text, text)', 'EXECUTE') AS granted;
BEGIN READ ONLY;
SELECT failure($$SELECT otp_grant('regress_otp_app', 'application')$$);
COMMIT;
SELECT otp_grant('regress_otp_app', 'application');
SELECT otp_grant(oid, 'application') FROM pg_roles WHERE rolname = 'regress_otp_app';

-- requirement 36: then the role can call what an application calls, and read and write no table.
SET ROLE regress_otp_app;
SELECT otp_issue('grant-1', 'login', 'context')::text AS code \gset
SELECT otp_resend('grant-1', 'login', 'context')::text = :'code' AS resent;
SELECT otp_verify('grant-1', wrong(:'code'), 'login', 'context') AS wrong;
SELECT accepted, reason FROM otp_attempt('grant-1', :'code', 'login', 'context');
SELECT otp_issue('grant-1') IS NOT NULL AS issued, otp_cancel('grant-1') AS cancelled;
SELECT credential_id FROM otp_enroll('grant-1', 'hotp', secret => 'GEZDGNBV') \gset
SELECT otp_confirm('grant-1', hotp_at('GEZDGNBV', 0)::text, :credential_id) AS confirmed,
       otp_resync('grant-1', :credential_id, hotp_at('GEZDGNBV', 40)::text, hotp_at('GEZDGNBV', 41)::text) AS resynced;
SELECT counter FROM otp_credentials('grant-1');
SELECT otp_revoke('grant-1', :credential_id) AS revoked, count(*) AS codes FROM otp_recovery_codes('grant-1', 3);
SELECT otp_recovery_left('grant-1'), otp_issue('grant-1', 'login', '', '+1') IS NOT NULL AS issued,
       otp_resend('grant-1', 'login', '', '+1') IS NOT NULL AS resent,
       failure('SELECT otp_self_unlock(''grant-1'', ''{}'')') AS unlocked;
SELECT function, failure('SELECT ' || function)
  FROM (VALUES ('otp_send(''grant-1'', ''+1'', ''none'')'), ('otp_send(''grant-1'', ARRAY[''+1''], ARRAY[''none''], ''{null}'')'),
               ('otp_send_again(''grant-1'')'), ('otp_send_push(''grant-1'', ''x'', ''none'')'),
               ('otp_verify_push(''grant-1'', ''123456'', ''42'')'), ('otp_deny_push(''grant-1'')'), ('otp_receipt(''none'', ''x'', ''delivered'')')) AS call (function);
SELECT function, failure('SELECT ' || function)
  FROM (VALUES ('otp_grant(''regress_otp_app'', ''application'')'), ('otp_revoke_duty(''regress_otp_app'', ''application'')'), ('otp_forget(''grant-1'')'), ('otp_purge()'), ('otp_master_key_init()'),
               ('otp_policy_preset(''psd2'')'), ('otp_policy_audit(''psd2'')'),
               ('otp_unlock(''grant-1'')'), ('otp_status(''grant-1'')'),
               ('otp_rotate_key()'), ('otp_rekey()'), ('otp_rewrap_master()'), ('otp_key_guard()'),
               ('otp_import_pskc('''')'), ('otp_import_csv('''')'), ('otp_export(''grant-1'')'),
               ('otp_channel_preset(''webhook'', ''grant-1'', ''Shop'')'), ('otp_channel_secret(''grant-1'', ''signing'', ''key'')'),
               ('otp_claim(''grant-1'')'), ('otp_delivered(1, 1)'), ('otp_delivered(ARRAY[1::bigint], ARRAY[1], ARRAY[''x''])'),
               ('otp_failed(1, 1, ''timeout'', true)'), ('otp_next_due()'), ('otp_channel_status()'),
               ('otp_channel_guard()'), ('otp_template_guard()'),
               ('otp_policy_guard()'), ('otp_changed()')) AS call (function);
SELECT name, failure(format('SELECT FROM %I', name)) AS read, failure(format('DELETE FROM %I', name)) AS write
  FROM (VALUES ('otp_policy'), ('otp_key'), ('otp_challenge'), ('otp_budget'), ('otp_decoy'), ('otp_event'),
               ('otp_baseline'), ('otp_quota'), ('otp_credential'), ('otp_recovery'), ('otp_credential_id'), ('otp_keys'),
               ('otp_activity'), ('otp_stats'), ('otp_policy_effective'), ('otp_authenticators'), ('otp_presets'),
               ('otp_channel'), ('otp_channel_secret'), ('otp_channel_rate'), ('otp_template'), ('otp_message'), ('otp_message_id'),
               ('otp_template_default'), ('otp_channel_presets'), ('otp_delivery')) AS t (name);
RESET ROLE;
SELECT charged('grant-1');
-- The triggers' functions are no use to anybody who calls them.
SELECT failure('SELECT otp_policy_guard()'), failure('SELECT otp_changed()'),
       failure('SELECT otp_key_guard()'), failure('SELECT otp_channel_guard()'), failure('SELECT otp_template_guard()');
CREATE TEMP TABLE bait (a integer);
CREATE TRIGGER bait AFTER INSERT ON bait FOR EACH ROW EXECUTE FUNCTION otp_policy_guard();
SELECT failure('INSERT INTO bait VALUES (1)');
ALTER TABLE bait DISABLE TRIGGER bait;
CREATE TRIGGER other AFTER INSERT ON bait FOR EACH ROW EXECUTE FUNCTION otp_channel_guard();
SELECT failure('INSERT INTO bait VALUES (1)');
ALTER TABLE bait DISABLE TRIGGER other;
CREATE TRIGGER third BEFORE INSERT ON bait FOR EACH STATEMENT EXECUTE FUNCTION otp_template_guard();
SELECT failure('INSERT INTO bait VALUES (1)');
DROP TABLE bait;

-- otp_grant grants as its caller: what he may not pass on, he cannot.
CREATE ROLE regress_otp_dba;
GRANT EXECUTE ON FUNCTION otp_grant(regrole, text) TO regress_otp_dba;
SET ROLE regress_otp_dba;
SET client_min_messages = error;
SELECT failure($$SELECT otp_grant('regress_otp_visitor', 'application')$$) LIKE '42501 permission denied for %' AS refused;
RESET client_min_messages;
RESET ROLE;
SELECT has_function_privilege('regress_otp_visitor', 'otp_verify(text, text, text, text)', 'EXECUTE') AS granted;
-- Nor what he may himself but not pass on, all of it or one function or the schema: GRANT only warns then.  Nothing is half granted.
CREATE VIEW of_visitor AS
  SELECT name FROM pg_roles AS r,
         LATERAL (SELECT proname, grantee FROM pg_proc, aclexplode(proacl)
                  UNION ALL SELECT relname, grantee FROM pg_class, aclexplode(relacl)
                  UNION ALL SELECT nspname, grantee FROM pg_namespace, aclexplode(nspacl)) AS granted (name, grantee)
    WHERE rolname = 'regress_otp_visitor' AND grantee = r.oid;
CREATE FUNCTION grant_as_dba() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  SET LOCAL ROLE regress_otp_dba;
  SET LOCAL client_min_messages = error;
  result := failure($call$SELECT otp_grant('regress_otp_visitor', 'keyholder')$call$, true);
  RESET ROLE;
  RESET client_min_messages;
  RETURN result;
END $$;
SELECT otp_grant('regress_otp_dba', 'keyholder');
SELECT grant_as_dba();
GRANT USAGE ON SCHEMA public TO regress_otp_dba WITH GRANT OPTION;
SELECT grant_as_dba();
GRANT EXECUTE ON FUNCTION otp_rotate_key(), otp_rekey(integer), otp_rewrap_master(), otp_channel_secret(text, text, text) TO regress_otp_dba WITH GRANT OPTION;
SELECT grant_as_dba();
SELECT count(*) AS granted FROM of_visitor;
GRANT SELECT ON otp_keys TO regress_otp_dba WITH GRANT OPTION;
SELECT grant_as_dba();
SELECT string_agg(name, ' ' ORDER BY name) AS granted FROM of_visitor;
DROP FUNCTION grant_as_dba;
DROP VIEW of_visitor;
DROP OWNED BY regress_otp_dba CASCADE;

-- Of a role whose name needs quoting.
CREATE ROLE "regress_otp ""app"", x";
SELECT otp_grant('"regress_otp ""app"", x"', 'application');
SELECT has_function_privilege('regress_otp "app", x', 'otp_cancel(text, text)', 'EXECUTE') AS granted;

-- requirement 20: where the master key is, is nothing that an ordinary role can see or set.
SET ROLE regress_otp_app;
SELECT name, left(failure('SHOW ' || name), 5) AS show, left(failure(format('SELECT current_setting(%L)', name)), 5) AS current_setting,
       left(failure(format('SET %s = %L', name, 'x')), 5) AS set, left(failure('RESET ' || name), 5) AS reset,
       (SELECT count(*) FROM pg_settings AS s WHERE s.name = setting.name) AS listed
  FROM (VALUES ('otp.master_key_file'), ('otp.master_key_command')) AS setting (name);
SELECT left(failure('SET otp.other = 1'), 5) AS other;
-- How long the trail is kept may be seen, and not set.
SELECT current_setting('otp.trail_keep') AS trail_keep, failure('SET otp.trail_keep = ''1d''') AS set,
       left(failure('ALTER ROLE regress_otp_app SET otp.trail_keep = ''1d'''), 5) AS for_role;
RESET ROLE;
-- Set before the library is loaded, they come to nothing.
\c
SET ROLE regress_otp_app;
SET otp.master_key_command = 'false';
SET otp.master_key_file = '/nowhere';
SET otp.trail_keep = '1d';
SET client_min_messages = error;
SELECT otp_issue('grant-2')::text AS code \gset
RESET client_min_messages;
SELECT otp_verify('grant-2', :'code');
RESET ROLE;
SELECT current_setting('otp.master_key_command') = '' AS command, current_setting('otp.master_key_file') <> '/nowhere' AS file,
       current_setting('otp.trail_keep') AS trail_keep;

DROP OWNED BY regress_otp_app, regress_otp_dba, "regress_otp ""app"", x";
DROP ROLE regress_otp_app, regress_otp_visitor, regress_otp_dba, "regress_otp ""app"", x";
