-- Norms: otp_norm, otp_policy_preset, otp_policy_audit; views otp_policy_effective, otp_authenticators, otp_presets.
-- Requirements: 9.

\set norms '(VALUES (''nist-800-63b''), (''pci-dss-4''), (''psd2''), (''asvs-5-l2'')) AS n (name)'
SELECT name, otp_norm(name) FROM :norms;
SELECT * FROM otp_presets;

-- A norm that is not known.
SELECT failure($$SELECT otp_policy_preset('psd3', 'norm')$$, true);
SELECT failure($$SELECT * FROM otp_policy_audit('NIST-800-63b')$$, true);
SELECT failure($$SELECT otp_norm('')$$, true);
SELECT otp_norm(NULL) IS NULL AS norm, otp_policy_preset(NULL) IS NULL AS preset, otp_policy_preset('psd2', NULL) IS NULL AS purpose,
       (SELECT count(*) FROM otp_policy_audit(NULL)) AS points, (SELECT count(*) FROM otp_policy) AS policies;
SELECT failure($$SELECT otp_policy_preset('psd2', '')$$) LIKE '23514%' AS purpose;

-- requirement 9: what a norm asks for, and what there is, as shipped and without any authenticator.
BEGIN;
DELETE FROM otp_credential;
SELECT section, holds, requirement, has FROM otp_policy_audit('nist-800-63b');
SELECT section, holds, requirement, has FROM otp_policy_audit('pci-dss-4');
SELECT section, holds, requirement, has FROM otp_policy_audit('psd2');
SELECT section, holds, requirement, has FROM otp_policy_audit('asvs-5-l2');
ROLLBACK;

-- What no setting can show is never said to be held, and the other way round.
SELECT name, count(*) AS points, count(*) FILTER (WHERE holds IS NULL) AS not_shown,
       bool_and((holds IS NULL) = (has LIKE 'no setting shows it: %')) AS said,
       bool_and(has NOT LIKE 'built in: %' OR holds) AS built_in, bool_and(has <> '' AND requirement <> '' AND section <> '') AS in_words
  FROM :norms, otp_policy_audit(name) GROUP BY name ORDER BY name;

-- requirement 9: each preset alone, on what is shipped: it sets what the norm asks for, and nothing else.
CREATE TEMP VIEW settings AS
  SELECT p.purpose, key AS setting, value FROM otp_policy AS p, jsonb_each_text(to_jsonb(p)) WHERE key NOT IN ('purpose', 'shipped');
CREATE FUNCTION preset_alone(name text) RETURNS TABLE (purpose text, setting text, value text)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM otp_policy_preset(preset_alone.name, 'norm'), otp_policy_preset(preset_alone.name);
  RETURN QUERY SELECT s.purpose, s.setting, s.value FROM settings AS s WHERE s.value IS NOT NULL
    EXCEPT SELECT s.purpose, key, jsonb_extract_path_text(to_jsonb(s), key) FROM shipped_policy AS s, jsonb_object_keys(to_jsonb(s)) AS key
    ORDER BY 1, 2;
  PERFORM reset_policy();
END $$;
SELECT * FROM preset_alone('nist-800-63b');
SELECT * FROM preset_alone('pci-dss-4');
SELECT * FROM preset_alone('psd2');
SELECT * FROM preset_alone('asvs-5-l2');
SELECT purpose, shipped FROM otp_policy;

-- requirement 9: whatever was set before, a preset only tightens, then everything of its norm that settings show
-- is held, and again it changes nothing.  All that a setting can be, from the laxest to the strictest:
CREATE TEMP TABLE tried AS
  SELECT row_number() OVER () AS number, *
    FROM (VALUES (NULL, NULL), ('digits', 6), ('letters', 5), ('alphanumeric', 4), ('alphanumeric', 12)) AS a (alphabet, length),
         (VALUES (NULL::interval), ('10 seconds'), ('1 day')) AS b (lifetime),
         (VALUES (NULL, NULL), (1, NULL), (4, '10 minutes'), (10, '1 day'), (1000, NULL), (1000000, '1 minute'::interval)) AS c (max_consecutive, stop_for),
         (VALUES (NULL), (0)) AS d (warn_before),
         (VALUES (NULL, NULL), (true, 'all'), (false, 'rejections'), (true, 'none')) AS e (spent_at_once, trail);
CREATE FUNCTION weaker(old otp_policy_effective, new otp_policy_effective) RETURNS boolean
LANGUAGE sql AS $$
  SELECT new.length * log(new.symbols) < old.length * log(old.symbols) OR new.lifetime > old.lifetime OR
         coalesce(new.max_consecutive > old.max_consecutive, old.max_consecutive IS NOT NULL AND new.max_consecutive IS NULL) OR
         old.max_consecutive IS NOT NULL AND coalesce(new.stop_for < old.stop_for, old.stop_for IS NULL AND new.stop_for IS NOT NULL) OR
         new.warn_before < old.warn_before OR new.spent_at_once < old.spent_at_once OR
         array_position('{none,rejections,all}', new.trail) < array_position('{none,rejections,all}', old.trail) OR
         (to_jsonb(new) - '{length,lifetime,max_consecutive,stop_for,warn_before,spent_at_once,trail,comment}'::text[]) IS DISTINCT FROM
         (to_jsonb(old) - '{length,lifetime,max_consecutive,stop_for,warn_before,spent_at_once,trail,comment}'::text[])
$$;
CREATE FUNCTION try_preset(name text, OUT policies bigint, OUT weaker bigint, OUT not_held bigint, OUT again bigint, OUT changed bigint)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO otp_policy (purpose, alphabet, length, lifetime, max_consecutive, stop_for, warn_before, spent_at_once, trail)
    SELECT 'norm ' || number, alphabet, length, lifetime, max_consecutive, stop_for, warn_before, spent_at_once, trail FROM tried;
  CREATE TEMP TABLE before AS TABLE otp_policy_effective;
  PERFORM otp_policy_preset(name, 'norm ' || number) FROM tried;
  SELECT count(*), count(*) FILTER (WHERE weaker(jsonb_populate_record(NULL::otp_policy_effective, to_jsonb(b)), a)), count(*) FILTER (WHERE to_jsonb(a) - 'comment' <> to_jsonb(b) - 'comment')
    INTO policies, weaker, changed FROM before AS b JOIN otp_policy_effective AS a USING (purpose) WHERE purpose LIKE 'norm %';
  -- Only one wrong guess before a permanent stop leaves none for a warning before it.
  SELECT count(*) INTO not_held FROM otp_policy_audit(name) AS a JOIN otp_policy_effective AS e USING (purpose)
    WHERE purpose LIKE 'norm %' AND NOT holds AND requirement NOT LIKE '%OTP%' AND
          NOT (section = 'Art. 4(4)' AND max_consecutive = 1);
  CREATE TEMP TABLE once AS TABLE otp_policy;
  PERFORM otp_policy_preset(name, 'norm ' || number) FROM tried;
  SELECT count(*) INTO again FROM (TABLE once EXCEPT TABLE otp_policy) AS differ;
  DROP TABLE before, once;
  PERFORM reset_policy();
END $$;
SELECT name, t.* FROM :norms, try_preset(name) AS t;

-- In the row, they hold whatever row default becomes; and presets add up, their comments too.
SELECT otp_policy_preset('pci-dss-4', 'norm'), otp_policy_preset('asvs-5-l2', 'norm'), otp_policy_preset('pci-dss-4', 'norm');
UPDATE otp_policy SET lifetime = '1 day', length = 4, alphabet = 'alphanumeric', trail = 'none' WHERE purpose = 'default';
SELECT purpose, name, count(*) FILTER (WHERE NOT holds AND requirement NOT LIKE '%OTP%') AS not_held FROM :norms, otp_policy_audit(name) GROUP BY purpose, name ORDER BY purpose, name;
SELECT comment FROM otp_policy WHERE purpose = 'norm';
UPDATE otp_policy SET comment = 'of the bank' WHERE purpose = 'norm';
SELECT otp_policy_preset('psd2', 'norm');
SELECT comment FROM otp_policy WHERE purpose = 'norm';
SELECT reset_policy();

-- requirement 9: each setting that a point looks at, too lax by the least: that point is not held, and no other is.
CREATE FUNCTION lax(name text, change text) RETURNS TABLE (section text, requirement text, has text)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM otp_policy_preset(name, 'norm');
  EXECUTE format('UPDATE otp_policy SET %s WHERE purpose = ''norm''', change);
  RETURN QUERY SELECT a.section, a.requirement, a.has FROM otp_policy_audit(name) AS a WHERE purpose = 'norm' AND NOT holds AND a.requirement NOT LIKE '%OTP%';
  PERFORM reset_policy();
END $$;
SELECT name, change, l.*
  FROM (VALUES ('nist-800-63b', 'alphabet = ''alphanumeric'', length = 4'), ('nist-800-63b', 'lifetime = ''00:10:00.000001'''),
               ('nist-800-63b', 'max_consecutive = 101'), ('nist-800-63b', 'stop_for = ''30 days'''), ('nist-800-63b', 'max_consecutive = NULL'),
               ('pci-dss-4', 'max_consecutive = 11'), ('pci-dss-4', 'stop_for = ''00:29:59.999999'''), ('pci-dss-4', 'max_consecutive = NULL, stop_for = NULL'),
               ('pci-dss-4', 'stop_for = NULL'), ('pci-dss-4', 'trail = ''none'''),
               ('psd2', 'spent_at_once = false'), ('psd2', 'max_consecutive = 6'), ('psd2', 'warn_before = 0'), ('psd2', 'warn_before = 0, stop_for = ''1 minute'''),
               ('psd2', 'trail = ''rejections'''), ('psd2', 'trail = ''none'''),
               ('asvs-5-l2', 'alphabet = ''alphanumeric'', length = 4'), ('asvs-5-l2', 'lifetime = ''00:10:00.000001'''), ('asvs-5-l2', 'trail = ''rejections''')) AS t (name, change)
  LEFT JOIN LATERAL lax(name, change) AS l ON true;
-- Dynamic linking is of issued codes.
INSERT INTO otp_policy (purpose, methods) VALUES ('norm', '{issued}');
SELECT purpose, holds, has FROM otp_policy_audit('psd2') WHERE section LIKE 'Art. 5(1)(b)%';
SELECT reset_policy();

-- How long the trail is kept is one setting for all purposes; some years are leap years.
SET otp.trail_keep = '365d';
SELECT holds, has FROM otp_policy_audit('pci-dss-4') WHERE section = '10.5.1';
SET otp.trail_keep = '8784h';
SELECT holds, has FROM otp_policy_audit('pci-dss-4') WHERE section = '10.5.1';

-- Authenticators, active ones, are looked at as well.
BEGIN;
DELETE FROM otp_credential;
SELECT otp_enroll('norm-1', secret => otp_secret('\x0102030405060708090a0b0c0d0e'::bytea, 'SHA256', 8, 31)) IS NOT NULL AS pending;
SELECT count(*) FROM otp_authenticators;
SELECT count(*) FROM otp_import_csv('norm-2,0102030405060708090a0b0c0d0e,hotp,6,0,SHA1,norm-2' || E'\n' ||
                                    'norm-3,0102030405060708090a0b0c0d0e0f,totp,8,30,SHA256,norm-3' || E'\n');
TABLE otp_authenticators ORDER BY kind;
\set otps 'SELECT name, section, holds, has FROM :norms, otp_policy_audit(name) WHERE requirement LIKE ''%OTP%'' AND has NOT LIKE ''built in: %'' AND section NOT LIKE ''16%'' AND holds IS NOT NULL;'
:otps
SELECT count(*) FROM otp_import_csv('norm-4,0102030405060708090a0b0c0d,totp,6,31,SHA512,norm-4' || E'\n');
:otps
SELECT count(*) FROM otp_import_csv('norm-5,0102030405060708090a0b0c0d0e,totp,6,121,SHA512,norm-5' || E'\n');
:otps
ROLLBACK;

-- What is in force is what the library takes: of a row, and of row default where it is NULL; a stop and its end together.
INSERT INTO otp_policy (purpose, max_attempts, max_consecutive, length, alphabet) VALUES ('norm', 7, 3, 9, 'letters'), ('norm-2', NULL, NULL, NULL, NULL);
UPDATE otp_policy SET max_attempts = 4, max_consecutive = 8, stop_for = '1 hour', free_guesses = 90 WHERE purpose = 'default';
SELECT purpose, length, symbols, max_attempts, max_consecutive, stop_for, free_guesses FROM otp_policy_effective ORDER BY purpose;
SELECT purpose, length(otp_issue('norm-6', purpose)::text) FROM otp_policy_effective ORDER BY purpose;
SELECT purpose, attempts_left FROM otp_status('norm-6');
-- A preset holds for the next code.
SELECT otp_policy_preset('asvs-5-l2', 'norm-3');
UPDATE otp_policy SET length = 4, alphabet = 'alphanumeric' WHERE purpose = 'norm-3';
SELECT length(otp_issue('norm-6', 'norm-3')::text);
SELECT otp_policy_preset('asvs-5-l2', 'norm-3');
SELECT length(otp_issue('norm-6', 'norm-3')::text);
SELECT reset_policy();

-- The audit changes nothing, and needs the views alone; a preset is for who may change the policy.
\c
BEGIN READ ONLY;
SELECT count(*) > 0 AS audited FROM otp_policy_audit('pci-dss-4');
SELECT count(*) > 0 AS audited FROM otp_policy_audit('psd2');
SELECT failure($$SELECT otp_policy_preset('psd2')$$);
COMMIT;
CREATE ROLE regress_otp_auditor;
SET ROLE regress_otp_auditor;
SELECT failure($$SELECT * FROM otp_policy_audit('psd2')$$), failure($$SELECT otp_policy_preset('psd2')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION otp_policy_audit(text), otp_policy_preset(text, text) TO regress_otp_auditor;
GRANT SELECT ON otp_policy_effective, otp_authenticators, otp_presets TO regress_otp_auditor;
SET ROLE regress_otp_auditor;
SELECT count(*) > 0 AS audited FROM otp_policy_audit('psd2');
SELECT failure($$SELECT otp_policy_preset('psd2')$$), failure('SELECT FROM otp_policy'), failure('SELECT FROM otp_credential');
RESET ROLE;
DROP OWNED BY regress_otp_auditor;
DROP ROLE regress_otp_auditor;

DROP FUNCTION preset_alone, try_preset, weaker, lax;
