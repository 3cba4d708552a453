-- What the extension is made of, who may use it, and whether it is explained.
-- Requirements: 36, 37.

-- Array types and the row types of tables, which are members since PostgreSQL 17, are left out.
CREATE TEMP VIEW member AS
  SELECT classid, objid FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp')
      AND (classid <> 'pg_type'::regclass OR
           objid NOT IN (SELECT typarray FROM pg_type) AND objid NOT IN (SELECT reltype FROM pg_class WHERE relkind IN ('r', 'v')));

-- requirement 37: stateful functions are volatile and parallel unsafe, and not for PUBLIC; pure
-- functions are immutable, strict, parallel safe and for everyone.
SELECT objid::regprocedure AS function, provolatile AS volatility, proisstrict AS strict, proparallel AS parallel,
       has_function_privilege('public', objid, 'EXECUTE') AS public
  FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid
  ORDER BY objid::regprocedure::text COLLATE "C";

-- requirement 36: none is SECURITY DEFINER, all are C, or SQL that was parsed when it was made, with no setting of their own.
SELECT count(*) > 0 AS functions, bool_or(prosecdef) AS security_definer, bool_and(lanname = 'c' OR lanname = 'sql' AND prosqlbody IS NOT NULL) AS c_or_parsed,
       bool_and(proconfig IS NULL) AS no_settings
  FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid
  JOIN pg_language l ON l.oid = prolang;

-- requirement 36: nobody but the owner has a privilege on a table or on one of its columns.
CREATE ROLE regress_otp_nobody;
SELECT objid::regclass AS table,
       (SELECT count(*) FROM aclexplode(coalesce(relacl, acldefault('r', relowner))) WHERE grantee <> relowner)
         AS grants,
       (SELECT count(*) FROM pg_attribute WHERE attrelid = objid AND attacl IS NOT NULL) AS grants_on_columns,
       has_table_privilege('public', objid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
         AS public,
       has_table_privilege('regress_otp_nobody', objid,
                           'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS nobody,
       has_any_column_privilege('regress_otp_nobody', objid, 'SELECT, INSERT, UPDATE, REFERENCES')
         AS nobody_on_columns
  FROM member JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
  ORDER BY objid::regclass::text COLLATE "C";
SET ROLE regress_otp_nobody;
SELECT name, failure(format('SELECT count(*) FROM %I', name)) AS read,
       failure(format('DELETE FROM %I', name)) AS delete, failure(format('TRUNCATE %I', name)) AS truncate
  FROM (VALUES ('otp_policy'), ('otp_key'), ('otp_challenge'), ('otp_budget'), ('otp_decoy'), ('otp_event'),
               ('otp_baseline'), ('otp_quota'), ('otp_channel'), ('otp_channel_secret'), ('otp_channel_rate'), ('otp_template'),
               ('otp_message'))
    AS t (name);
RESET ROLE;
DROP ROLE regress_otp_nobody;

-- The types are for everyone.
SELECT typname, has_type_privilege('public', objid, 'USAGE') AS public
  FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND t.oid = objid ORDER BY typname;

-- Whatever someone meets is explained by a comment: no function, type, table or column without one.
SELECT objid::regprocedure AS function_without_comment FROM member
  WHERE classid = 'pg_proc'::regclass AND obj_description(objid, 'pg_proc') IS NULL
  ORDER BY objid::regprocedure::text COLLATE "C";
SELECT objid::regtype AS type_without_comment FROM member
  WHERE classid = 'pg_type'::regclass AND obj_description(objid, 'pg_type') IS NULL
  ORDER BY objid::regtype::text COLLATE "C";
SELECT objid::regclass AS table_without_comment FROM member
  WHERE classid = 'pg_class'::regclass AND obj_description(objid, 'pg_class') IS NULL
  ORDER BY objid::regclass::text COLLATE "C";
SELECT attrelid::regclass || '.' || attname AS column_without_comment
  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
  WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S' AND col_description(attrelid, attnum) IS NULL AND
        (c.oid IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass) OR
         reltype IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass))
  ORDER BY attrelid::regclass::text COLLATE "C", attnum;
SELECT pg_describe_object(class, object, 0) AS other_without_comment
  FROM (SELECT classid, objid FROM member WHERE classid NOT IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
        UNION ALL SELECT 'pg_class'::regclass, indexrelid FROM pg_index JOIN member ON classid = 'pg_class'::regclass AND objid = indrelid
        UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger AS t JOIN member ON classid = 'pg_class'::regclass AND objid = tgrelid
                    WHERE NOT tgisinternal) AS other (class, object)
  WHERE NOT EXISTS (SELECT FROM pg_description WHERE classoid = class AND objoid = object AND objsubid = 0)
  ORDER BY 1;
