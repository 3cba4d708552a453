-- requirement 36: duties, otp_grant and otp_revoke_duty: each role may what its duty takes, and nothing else.
-- Requirements: 36.

CREATE ROLE regress_otp_worker;
CREATE ROLE regress_otp_dba;
CREATE ROLE regress_otp_group;

-- All that a role may by grants to it alone; and what the duties alone and together are.
CREATE VIEW granted AS
  SELECT grantee, proname || CASE WHEN proname IN ('otp_issue', 'otp_resend', 'otp_send', 'otp_delivered') THEN '/' || pronargs ELSE '' END AS name, privilege_type, is_grantable
    FROM pg_proc, aclexplode(proacl) WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'otp%'
  UNION ALL
  SELECT grantee, relname, privilege_type, is_grantable
    FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'otp%'
  UNION ALL
  SELECT grantee, nspname, privilege_type, is_grantable FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public';
CREATE FUNCTION may(role regrole) RETURNS SETOF text
LANGUAGE sql AS $$
  SELECT privilege_type || CASE WHEN is_grantable THEN ' and grant: ' ELSE ': ' END || string_agg(name, ' ' ORDER BY name COLLATE "C")
    FROM granted WHERE grantee = role GROUP BY privilege_type, is_grantable ORDER BY privilege_type
$$;
CREATE TABLE duty AS SELECT * FROM (VALUES (0, 'application'), (1, 'operator'), (2, 'auditor'), (3, 'keyholder'), (4, 'relay')) AS d (number, name);
CREATE FUNCTION may_after(granted text[], revoked text[] DEFAULT '{}') RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  result text[];
BEGIN
  PERFORM otp_grant('regress_otp_worker', name) FROM unnest(granted) AS name;
  PERFORM otp_revoke_duty('regress_otp_worker', name) FROM unnest(revoked) AS name;
  result := ARRAY(SELECT may('regress_otp_worker'));
  DROP OWNED BY regress_otp_worker;
  RETURN result;
END $$;
SELECT name, unnest(may_after(ARRAY[name])) AS may FROM duty;

-- A duty is taken back as a whole, and nothing of another one with it, whatever they have in common: every duty out of
-- every set of them.
SELECT cardinality(names) AS duties, count(*) AS cases,
       count(*) FILTER (WHERE may_after(names, ARRAY[name]) <> may_after(array_remove(names, name))) AS differ
  FROM (SELECT ARRAY(SELECT name FROM duty WHERE set & (1 << number) <> 0) AS names FROM generate_series(1, 31) AS set) AS s,
       unnest(names) AS name
  GROUP BY 1 ORDER BY 1;
SELECT may_after('{application,operator}', '{application,operator}') AS both, may_after('{application,operator}', '{operator,application}') AS both,
       may_after('{auditor}', '{auditor,auditor}') AS twice;

-- Of a duty that the role has not, nothing is taken, nor of one that it has though some of it was given back.
GRANT USAGE ON SCHEMA public TO regress_otp_worker;
SELECT otp_revoke_duty('regress_otp_worker', 'operator');
SELECT may('regress_otp_worker');
SELECT otp_grant('regress_otp_worker', 'operator'), otp_grant('regress_otp_worker', 'application');
REVOKE EXECUTE ON FUNCTION otp_cancel(text, text), otp_unlock(text) FROM regress_otp_worker;
SELECT otp_revoke_duty('regress_otp_worker', 'operator');
SELECT may('regress_otp_worker');
SELECT otp_revoke_duty('regress_otp_worker', 'application');
SELECT count(*) FROM may('regress_otp_worker');

-- With the last duty goes USAGE, but not while anything else in the schema is the role's: by a grant, be it on a column, or its own.
CREATE TABLE till (total integer);
CREATE FUNCTION keeps_beside(command text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  result text[];
BEGIN
  PERFORM otp_grant('regress_otp_worker', 'keyholder');
  EXECUTE command;
  PERFORM otp_revoke_duty('regress_otp_worker', 'keyholder');
  result := ARRAY(SELECT may('regress_otp_worker'));
  DROP OWNED BY regress_otp_worker;
  RETURN result;
END $$;
SELECT beside, keeps_beside(command)
  FROM (VALUES ('nothing', 'SELECT'), ('another function', 'GRANT EXECUTE ON FUNCTION otp_status(text) TO regress_otp_worker'),
               ('a column', 'GRANT SELECT (total) ON till TO regress_otp_worker'),
               ('a type', 'GRANT USAGE ON TYPE otp TO regress_otp_worker'),
               ('its own table', 'CREATE TABLE own (total integer); ALTER TABLE own OWNER TO regress_otp_worker'),
               ('a table elsewhere', 'CREATE SCHEMA own AUTHORIZATION regress_otp_worker; CREATE TABLE own.till (); ALTER TABLE own.till OWNER TO regress_otp_worker'))
       AS t (beside, command);
DROP FUNCTION keeps_beside;
DROP TABLE till;

-- What it may by other ways stays; what another role has granted it, or it has granted on, is said.
SELECT otp_grant('regress_otp_group', 'keyholder'), otp_grant('regress_otp_worker', 'keyholder');
GRANT regress_otp_group TO regress_otp_worker;
SELECT otp_revoke_duty('regress_otp_worker', 'keyholder');
SELECT has_function_privilege('regress_otp_worker', 'otp_rotate_key()', 'EXECUTE') AS as_member;
REVOKE regress_otp_group FROM regress_otp_worker;
SELECT has_function_privilege('regress_otp_worker', 'otp_rotate_key()', 'EXECUTE') AS as_itself;
GRANT EXECUTE ON FUNCTION otp_rekey(integer) TO regress_otp_dba WITH GRANT OPTION;
GRANT SELECT ON otp_stats TO regress_otp_dba WITH GRANT OPTION;
SET ROLE regress_otp_dba;
GRANT EXECUTE ON FUNCTION otp_rekey(integer) TO regress_otp_worker;
GRANT SELECT ON otp_stats TO regress_otp_worker;
RESET ROLE;
SELECT failure($$SELECT otp_revoke_duty('regress_otp_worker', 'keyholder')$$, true);
SELECT failure($$SELECT otp_revoke_duty('regress_otp_worker', 'auditor')$$, true);
SELECT failure($$SELECT otp_revoke_duty('regress_otp_dba', 'keyholder')$$);
DROP OWNED BY regress_otp_worker, regress_otp_dba, regress_otp_group;

-- It revokes as its caller, and knows its duties.
SELECT otp_grant('regress_otp_worker', 'application');
GRANT EXECUTE ON FUNCTION otp_revoke_duty(regrole, text) TO regress_otp_dba;
SET ROLE regress_otp_dba;
SELECT failure($$SELECT otp_revoke_duty('regress_otp_worker', 'application')$$) LIKE '42501 permission denied for %' AS refused;
RESET ROLE;
SELECT has_function_privilege('regress_otp_worker', 'otp_verify(text, text, text, text)', 'EXECUTE') AS stays;
SELECT failure($$SELECT otp_revoke_duty('regress_otp_worker', 'auditors')$$, true);
SELECT failure($$SELECT otp_grant('regress_otp_worker', 'Auditor')$$, true);
SELECT failure($$SELECT otp_revoke_duty('regress_otp_unknown', 'auditor')$$);
SELECT otp_revoke_duty('regress_otp_worker', NULL) IS NULL AS no_duty, otp_revoke_duty(NULL, 'application') IS NULL AS no_role;
BEGIN READ ONLY;
SELECT failure($$SELECT otp_revoke_duty('regress_otp_worker', 'application')$$);
COMMIT;
CREATE ROLE "regress_otp ""duty"", x";
SELECT otp_grant('"regress_otp ""duty"", x"', 'auditor');
SELECT array_length(ARRAY(SELECT may('"regress_otp ""duty"", x"')), 1) AS kinds;
SELECT otp_revoke_duty('"regress_otp ""duty"", x"', 'auditor');
SELECT count(*) FROM may('"regress_otp ""duty"", x"');
DROP ROLE "regress_otp ""duty"", x";

-- An auditor reads the views and the audit, and nothing else.
SELECT otp_grant('regress_otp_group', 'auditor');
SET ROLE regress_otp_group;
SELECT count(*) > 0 AS activity FROM otp_activity;
SELECT count(*) > 0 AS stats FROM otp_stats;
SELECT count(*) > 0 AS keys FROM otp_keys;
SELECT count(*) >= 0 AS authenticators FROM otp_authenticators;
SELECT count(*) AS effective FROM otp_policy_effective;
SELECT count(*) AS presets FROM otp_presets;
SELECT count(*) >= 0 AS delivery FROM otp_delivery;
SELECT count(*) AS points FROM otp_policy_audit('psd2');
SELECT name, failure(format('SELECT FROM %I', name)) FROM unnest('{otp_policy,otp_key,otp_event,otp_credential,otp_channel,otp_channel_secret,otp_template,otp_message}'::text[]) AS name;
SELECT failure('DELETE FROM otp_activity'), failure($$SELECT otp_status('alice')$$), failure($$SELECT otp_policy_preset('psd2')$$);
RESET ROLE;

-- A relay carries messages and sees how that goes: no table, no code but what it is given to carry, no user.
SELECT otp_grant('regress_otp_dba', 'relay');
SET ROLE regress_otp_dba;
SELECT count(*) >= 0 AS claimed FROM otp_claim('relay');
SELECT otp_next_due() IS DISTINCT FROM '-infinity' AS next_due, otp_delivered(0, 1) AS delivered, otp_delivered(ARRAY[0::bigint], ARRAY[1], ARRAY['x']) AS all_delivered,
       otp_failed(0, 1, 'timeout', true) AS failed, otp_receipt('none', 'x', 'delivered') AS receipt;
SELECT count(*) >= 0 AS status FROM otp_channel_status();
SELECT count(*) >= 0 AS delivery FROM otp_delivery;
SELECT name, failure(format('SELECT FROM %I', name))
  FROM unnest('{otp_channel,otp_channel_secret,otp_channel_rate,otp_template,otp_message,otp_activity,otp_keys}'::text[]) AS name;
SELECT failure($$SELECT otp_send('alice', '+442079460018', 'sms')$$), failure($$SELECT otp_channel_secret('sms', 'token', 'x')$$),
       failure($$SELECT otp_verify('alice', '123456')$$), failure($$SELECT otp_channel_preset('smtp', 'mail', 'Shop')$$);
RESET ROLE;

DROP OWNED BY regress_otp_worker, regress_otp_dba, regress_otp_group;
DROP ROLE regress_otp_worker, regress_otp_dba, regress_otp_group;
DROP TABLE duty;
DROP FUNCTION may, may_after;
DROP VIEW granted;
