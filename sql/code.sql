-- Type otp.
-- Requirements: 14, 23, 24, 35.

-- A code is text in canonical form: no separators, upper case, leading zeros kept (requirement 35).
SELECT otp '001234', otp '000000', otp ' 00-12 34 ', otp 'abcd-efgh', otp 'A1b2',
       otp '12345678901234567890123456789012';

-- requirement 14: all spellings of one code are one code.
CREATE TEMP TABLE spelling (what text, code text);
INSERT INTO spelling VALUES
  ('space before', ' 123456'),
  ('space behind', '123456 '),
  ('space within', '123 456'),
  ('spaces everywhere', ' 1 2 3 4 5 6 '),
  ('tab, line feed, carriage return', E'\t123\n456\r'),
  ('hyphen', '123-456'),
  ('hyphens', '-1-2-3-4-5-6-'),
  ('full-width digits', U&'\FF11\FF12\FF13\FF14\FF15\FF16'),
  ('Arabic-Indic digits', U&'\0661\0662\0663\0664\0665\0666'),
  ('extended Arabic-Indic digits', U&'\06F1\06F2\06F3\06F4\06F5\06F6'),
  ('Devanagari digits', U&'\0967\0968\0969\096A\096B\096C'),
  ('mathematical bold digits', U&'\+01D7CF\+01D7D0\+01D7D1\+01D7D2\+01D7D3\+01D7D4'),
  ('digits of three scripts', U&'1\FF12\06634\FF15\0666'),
  ('no-break space (U+00A0)', U&'123\00A0456'),
  ('figure space (U+2007)', U&'123\2007456'),
  ('thin space (U+2009)', U&'123\2009456'),
  ('narrow no-break space (U+202F)', U&'123\202F456'),
  ('ideographic space (U+3000)', U&'123\3000456'),
  ('line separator (U+2028)', U&'123456\2028'),
  ('soft hyphen (U+00AD)', U&'123\00AD456'),
  ('hyphen (U+2010)', U&'123\2010456'),
  ('non-breaking hyphen (U+2011)', U&'123\2011456'),
  ('en dash (U+2013)', U&'123\2013456'),
  ('em dash (U+2014)', U&'123\2014456'),
  ('minus sign (U+2212)', U&'123\2212456'),
  ('full-width hyphen (U+FF0D)', U&'123\FF0D456'),
  ('zero width space (U+200B)', U&'123\200B456'),
  ('word joiner (U+2060)', U&'123\2060456'),
  ('byte order mark (U+FEFF)', U&'\FEFF123456'),
  ('left-to-right mark (U+200E)', U&'\200E123456'),
  ('right-to-left mark (U+200F)', U&'123456\200F'),
  ('bidi embedding (U+202A, U+202C)', U&'\202A123456\202C'),
  ('bidi override (U+202D, U+202C)', U&'\202D123456\202C'),
  ('bidi isolate (U+2066, U+2069)', U&'\2066123456\2069'),
  ('bidi isolate (U+2068, U+2069)', U&'\2068123456\2069');
SELECT what, code::otp::text, code::otp = otp '123456' AS equal FROM spelling;

-- Letters: both cases are one.
SELECT otp 'abcdefgh' = otp 'ABCDEFGH' AS "a = A", otp 'o0i1' = otp '00I1' AS "o = 0";

-- requirement 24: what cannot be a code is refused without being repeated.
SELECT what, failure(format('SELECT %L::otp', code), true)
  FROM (VALUES ('nothing', ''),
               ('separators', U&' - \00A0\2011\200F '),
               ('3 digits', '123'),
               ('33 digits', '123456789012345678901234567890123'),
               ('underscore', '123_456'),
               ('full stop', '123.456'),
               ('plus', '+123456'),
               ('letter beyond ASCII', U&'123\00E9'),
               ('full-width letters', U&'\FF21\FF22\FF23\FF24'),
               ('superscript digits', U&'\00B9\00B2\00B3\2074'),
               ('Roman numerals', U&'\2160\2161\2162\2163'),
               ('circled digits', U&'\2460\2461\2462\2463'),
               ('fraction', U&'1234\00BD'),
               ('keycap', U&'1\20E3 2\20E3 3\20E3 4\20E3'),
               ('combining accent', U&'1234\0301')) AS bad (what, code);

-- The number of separators is bounded.
SELECT (repeat(' ', 1018) || '123456')::otp AS kilobyte,
       failure($$SELECT (repeat(' ', 1019) || '123456')::otp$$) AS more;

-- Equality, and what is null.
SELECT otp '1234' = otp '12-34' AS equal, otp '1234' = otp '1235' AS other_end,
       otp '1234' = otp '2234' AS other_start, otp '1234' = otp '12340' AS longer,
       otp '0012' = otp '00120' AS zero_behind, otp '1234' = NULL::otp AS "null";
SELECT otp '1234' <> otp '12-34' AS equal, otp '1234' <> otp '1235' AS other_end,
       otp '1234' <> otp '2234' AS other_start, otp '1234' <> otp '12340' AS longer,
       otp '0012' <> otp '00120' AS zero_behind, otp '1234' <> NULL::otp AS "null";
SELECT otp '1234' = ANY (ARRAY[otp '4321', otp '12 34']) AS "any",
       otp '1234' IN ('4321', '5678') AS "in",
       otp '1234' IS DISTINCT FROM otp '12 34' AS "distinct";

-- requirement 23: equality looks at all of both codes; there is no ordering, no hashing and no
-- index support, whose time would depend on them.
CREATE TEMP TABLE issued (code otp);
INSERT INTO issued VALUES ('123456'), ('234567'), ('123-456');
SELECT what, failure(command)
  FROM (VALUES ('<', $$SELECT otp '1234' < otp '2345'$$),
               ('ORDER BY', 'SELECT code FROM issued ORDER BY code'),
               ('GROUP BY', 'SELECT code FROM issued GROUP BY code'),
               ('DISTINCT', 'SELECT DISTINCT code FROM issued'),
               ('UNION', 'TABLE issued UNION TABLE issued'),
               ('btree', 'CREATE INDEX ON issued (code)'),
               ('hash', 'CREATE INDEX ON issued USING hash (code)'),
               ('brin', 'CREATE INDEX ON issued USING brin (code)'),
               ('unique', 'ALTER TABLE issued ADD UNIQUE (code)')) AS attempt (what, command);
SELECT oprname, oprcanhash, oprcanmerge FROM pg_operator
  WHERE oprleft = 'otp'::regtype OR oprright = 'otp'::regtype ORDER BY oprname;
SELECT count(*) FROM pg_opclass WHERE opcintype = 'otp'::regtype;
SELECT count(*) FROM issued a JOIN issued b ON a.code = b.code;

-- Text becomes a code, and a code text, in an assignment or on demand.
INSERT INTO issued VALUES (('0' || '01234')::text::otp);
CREATE TEMP TABLE outbox (body text);
INSERT INTO outbox SELECT code FROM issued;
TABLE outbox;

-- Binary form: the text; COPY takes out and in the same, and makes it canonical.
SELECT otp_send(otp '00-1234');
\copy issued TO 'results/code.data' (FORMAT binary)
CREATE TEMP TABLE returned (code otp);
\copy returned FROM 'results/code.data' (FORMAT binary)
TABLE returned;
TRUNCATE returned;
\copy (SELECT ' 00-ab '::text) TO 'results/code.data' (FORMAT binary)
\copy returned FROM 'results/code.data' (FORMAT binary)
TABLE returned;

-- What comes in binary form is checked alike.
\set VERBOSITY sqlstate
\copy (SELECT '12 3'::text) TO 'results/code.data' (FORMAT binary)
\copy returned FROM 'results/code.data' (FORMAT binary)
\set VERBOSITY terse
\copy (SELECT '\x31323300'::bytea) TO 'results/code.data' (FORMAT binary)
\copy returned FROM 'results/code.data' (FORMAT binary)
\copy (SELECT ''::text) TO 'results/code.data' (FORMAT binary)
\copy returned FROM 'results/code.data' (FORMAT binary)
\set VERBOSITY default
TABLE returned;
