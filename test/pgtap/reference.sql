-- doc/reference.md and the catalog say the same: whatever a user can name is in the reference, and what the reference names
-- is there.  A test that fails prints what is missing.

BEGIN;
SELECT plan(19);
LOAD 'otp';

\set reference `cat doc/reference.md`
\set own_sqlstates `sed -n "s/^#define ERRCODE_.*MAKE_SQLSTATE(\(.*\))/\1/p" src/errors.h | tr -d "', "`

-- The reference, line by line, with the heading above and, of a line of a table, the first cell of the table's heading.
-- What stands between rows of ``` is examples.
CREATE TEMP TABLE line AS
WITH numbered AS (
  SELECT n, line AS text, count(*) FILTER (WHERE line ~ '^```') OVER (ORDER BY n) % 2 = 1 AS is_example,
         line ~ '^\|' AND lag(line) OVER (ORDER BY n) !~ '^\|' AS begins_table
    FROM string_to_table(:'reference', E'\n') WITH ORDINALITY AS l (line, n))
SELECT n, text, section, first_value(text) OVER (PARTITION BY section ORDER BY n) AS heading,
       CASE WHEN text ~ '^\|' THEN trim(split_part(first_value(text) OVER (PARTITION BY n - part, tables ORDER BY n), '|', 2)) END
         AS "table"
  FROM (SELECT *, count(*) FILTER (WHERE text ~ '^##+ ') OVER (ORDER BY n) AS section,
               count(*) FILTER (WHERE begins_table) OVER (ORDER BY n) AS tables,
               row_number() OVER (PARTITION BY text ~ '^\|' ORDER BY n) AS part
          FROM numbered WHERE NOT is_example AND text !~ '^```') AS prose;
CREATE TEMP VIEW section AS
  SELECT section, regexp_replace(min(heading), '^##+ ', '') AS title, regexp_replace(min(heading), '^##+ (\S+).*', '\1') AS name,
         string_agg(text, ' ' ORDER BY n) AS text
    FROM line GROUP BY section;

-- A row of a table that says what something is: the names in its first cell, what it says, and where.
CREATE TEMP VIEW entry AS
  SELECT s.name AS of, "table", m[1] AS name, split_part(l.text, '|', 3) AS type, l.text
    FROM line AS l JOIN section AS s USING (section), regexp_matches(split_part(l.text, '|', 2), '`([^`]+)`', 'g') AS m
    WHERE "table" IS NOT NULL;

-- The catalog.  Array types and the row types of tables are left out.
CREATE TEMP VIEW member AS
  SELECT classid, objid FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp')
      AND (classid <> 'pg_type'::regclass OR
           objid NOT IN (SELECT typarray FROM pg_type) AND objid NOT IN (SELECT reltype FROM pg_class WHERE relkind IN ('r', 'v')));

-- As the reference writes types, and values.
CREATE FUNCTION short(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(regexp_replace($1, '::[a-z_]+( with time zone)?(\[\])?', '', 'g'), 'timestamp with time zone', 'timestamptz');
CREATE FUNCTION words(interval) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN $1 = '0' THEN '0' ELSE (SELECT format('%s %s%s', amount, unit, CASE WHEN amount <> 1 THEN 's' END)
          FROM (VALUES ('day', 86400), ('hour', 3600), ('minute', 60), ('second', 1)) AS u (unit, seconds),
               LATERAL (SELECT extract(epoch FROM $1)::bigint / seconds AS amount) AS a
          WHERE extract(epoch FROM $1)::bigint % seconds = 0 LIMIT 1) END;

-- Functions that nobody calls by name.
CREATE TEMP VIEW behind AS
  SELECT p.oid, proname FROM pg_proc AS p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid
    WHERE prorettype = 'trigger'::regtype
       OR p.oid IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend])::oid FROM pg_type)
       OR p.oid IN (SELECT oprcode FROM pg_operator) OR p.oid IN (SELECT castfunc FROM pg_cast);
CREATE TEMP VIEW signature AS
  SELECT proname,
         format('%s(%s) → %s%s', proname, short(regexp_replace(pg_get_function_arguments(p.oid), '(^|, )OUT .*$', '')),
                CASE WHEN proretset THEN 'setof ' END, coalesce(columns, short(format_type(prorettype, NULL)))) AS signature
    FROM pg_proc AS p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid,
         LATERAL (SELECT '(' || string_agg(proargnames[i] || ' ' || short(format_type(proallargtypes[i], NULL)), ', ' ORDER BY i) || ')' AS columns
                    FROM generate_subscripts(proargmodes, 1) AS i WHERE proargmodes[i] IN ('o', 't')) AS result
    WHERE p.oid NOT IN (SELECT oid FROM behind);
CREATE TEMP VIEW documented_signature AS
  SELECT DISTINCT m[1] AS signature FROM section, regexp_matches(text, '`([a-z_0-9]+\([^`]*\) → [^`]*)`', 'g') AS m;
CREATE TEMP VIEW relation AS
  SELECT c.oid, relname, relkind FROM pg_class AS c JOIN member ON
    (classid = 'pg_class'::regclass AND objid = c.oid OR classid = 'pg_type'::regclass AND objid = c.reltype) AND relkind IN ('r', 'v', 'c');
CREATE TEMP VIEW "column" AS
  SELECT relname, attname, short(format_type(atttypid, atttypmod)) AS type
    FROM relation JOIN pg_attribute ON attrelid = oid WHERE attnum > 0 AND NOT attisdropped;
CREATE TEMP VIEW object AS
  SELECT proname::text AS name FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
  UNION SELECT typname FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = oid
  UNION SELECT relname FROM pg_class JOIN member ON classid = 'pg_class'::regclass AND objid = oid;

-- Functions.
SELECT is_empty('SELECT signature FROM signature EXCEPT SELECT signature FROM documented_signature',
                'every function is in the reference, with its arguments, their types and defaults, and its result');
SELECT is_empty('SELECT signature FROM documented_signature EXCEPT SELECT signature FROM signature',
                'and every function in the reference is there');
SELECT is_empty($$SELECT proname FROM signature EXCEPT SELECT name FROM section$$, 'each has a heading');
SELECT is_empty($$SELECT proname::text FROM behind WHERE NOT EXISTS
                  (SELECT FROM section WHERE title = 'Functions behind types and triggers' AND strpos(text, '`' || proname || '`') > 0)$$,
                'functions that nobody calls are named');

-- Types, tables and views.
SELECT is_empty($$SELECT typname::text FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = oid
                  EXCEPT SELECT name FROM section$$, 'every type has a heading');
SELECT is_empty($$SELECT relname::text FROM relation EXCEPT SELECT name FROM section$$, 'every table and view has one');
SELECT is_empty($$SELECT relname::text FROM pg_class JOIN member ON classid = 'pg_class'::regclass AND objid = oid WHERE relkind = 'S' AND
                    NOT EXISTS (SELECT FROM section WHERE strpos(text, '`' || relname || '`') > 0)$$, 'every sequence is named');

-- Columns.  One table may have those of another.
CREATE TEMP VIEW documented_column AS
  SELECT of AS relname, name AS attname, type FROM entry WHERE "table" = 'column'
  UNION ALL
  SELECT s.name, e.name, e.type FROM section AS s, regexp_matches(text, 'the columns of `([a-z_]+)`', 'g') AS m
    JOIN entry AS e ON e.of = m[1] AND e."table" = 'column';
SELECT is_empty($$SELECT relname::text, attname::text FROM "column" EXCEPT SELECT relname, attname FROM documented_column$$,
                'every column is in the reference');
SELECT is_empty($$SELECT relname, attname FROM documented_column EXCEPT SELECT relname, attname FROM "column"$$,
                'and every column in the reference is there');
SELECT is_empty($$SELECT c.relname::text, c.attname::text, c.type FROM "column" AS c JOIN documented_column AS d USING (relname, attname)
                    WHERE strpos(d.type, c.type) = 0$$, 'each with its type');

-- The limits that CHECK constraints set: numbers, intervals and words, in the row of a column that they are about.  That
-- what a function counts is none, or some, is no limit, nor is a pattern.
CREATE TEMP VIEW bound AS
  SELECT relname, conname, literal,
         (SELECT string_agg(e.text, E'\n') FROM unnest(conkey) AS k JOIN pg_attribute ON attrelid = conrelid AND attnum = k
            JOIN entry AS e ON e.of = relname AND e."table" = 'column' AND e.name = attname) AS rows
    FROM relation JOIN pg_constraint ON conrelid = relation.oid AND contype = 'c',
         LATERAL regexp_replace(pg_get_constraintdef(pg_constraint.oid), '\w+\([^()]*\) [=>] 0|~ ''[^'']*''::text', '', 'g') AS condition,
         LATERAL (SELECT words(m[1]::interval) FROM regexp_matches(condition, '''([^'']*)''::interval', 'g') AS m
                  UNION SELECT word FROM regexp_matches(condition, '''([^'']*)''::text', 'g') AS m,
                        regexp_split_to_table(trim(m[1], '{}'), ',') AS word
                  UNION SELECT m[1] FROM regexp_matches(regexp_replace(condition, '''[^'']*''', '', 'g'), '\m([0-9]+)\M', 'g') AS m) AS l (literal);
SELECT is_empty($$SELECT relname::text, conname::text, literal FROM bound WHERE rows IS NULL OR rows !~ ('\m' || literal || '\M')$$,
                'every limit of a constraint is in the row of its column');
SELECT cmp_ok((SELECT count(*)::integer FROM bound), '>', 30, 'there are such limits');

-- Settings.
SELECT is_empty($$SELECT name FROM pg_settings WHERE name LIKE 'otp.%' EXCEPT SELECT name FROM entry WHERE "table" = 'setting'$$,
                'every setting is in the reference');
SELECT is_empty($$SELECT m[1] FROM section, regexp_matches(text, '\m(otp\.(?!md)[a-z_]+)', 'g') AS m EXCEPT SELECT name FROM pg_settings$$,
                'and every setting in the reference is there');
SELECT is_empty($$SELECT s.name, s.vartype FROM pg_settings AS s JOIN entry AS e ON e.name = s.name AND e."table" = 'setting'
                    WHERE strpos(e.type, s.vartype) = 0 OR strpos(e.text, coalesce(nullif(s.boot_val, ''), 'empty')) = 0$$,
                'each with its type and default');

-- SQLSTATEs of our own.
CREATE TEMP TABLE own_sqlstate AS SELECT state FROM string_to_table(:'own_sqlstates', E'\n') AS state;
SELECT is_empty($$SELECT state FROM own_sqlstate EXCEPT
                  SELECT m[1] FROM line, regexp_matches(split_part(text, '|', 2), '\m(OT\w{3})\M', 'g') AS m WHERE "table" = 'SQLSTATE'$$,
                'every SQLSTATE of class OT is in the reference');
SELECT is_empty($$SELECT m[1] FROM section, regexp_matches(text, '\m(OT[0-9]\w{2})\M', 'g') AS m EXCEPT SELECT state FROM own_sqlstate$$,
                'and every one in the reference is one');

-- Whatever else it names, and where it leads.
SELECT is_empty($$SELECT m[1] FROM section, regexp_matches(replace(text, 'otp_master.key', ''), '\m((?:otp|hotp|totp|otpauth)_[a-z0-9_]+)\M', 'g') AS m
                  EXCEPT SELECT name FROM object$$, 'no word in the reference names what is not there');
SELECT is_empty($$SELECT m[1] FROM section, regexp_matches(text, '\]\(#([^)]*)\)', 'g') AS m
                  EXCEPT SELECT replace(regexp_replace(lower(title), '[^a-z0-9 _-]', '', 'g'), ' ', '-') FROM section$$,
                'every link within it leads somewhere');

SELECT * FROM finish();
ROLLBACK;
