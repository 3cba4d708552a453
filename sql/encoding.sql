-- requirement 14 in databases of other encodings: text is read in the database's own.

-- Codes in bytes of the encoding, and whether they are 123456.
\set probe 'SELECT what, convert_from(code, getdatabaseencoding())::otp = otp ''123456'' AS equal FROM spelling'

-- LATIN1: no-break space and soft hyphen.
CREATE DATABASE regress_otp_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc;
\c regress_otp_latin1
SET client_min_messages = warning;
CREATE EXTENSION otp;
CREATE TEMP TABLE spelling (what text, code bytea);
INSERT INTO spelling VALUES ('ASCII', '123 456'), ('no-break space', '\x313233a0343536'),
  ('soft hyphen', '\x313233ad343536');
:probe;
-- A letter beyond ASCII, and digits that are none.
SELECT otp_verify('alice', convert_from(code, 'LATIN1')) AS accepted,
       (otp_attempt('alice', convert_from(code, 'LATIN1'))).reason
  FROM (VALUES ('\x313233e9'::bytea), ('\xb9b2b334')) AS bad (code);

-- EUC_JP: full-width digits and space.
\c contrib_regression
CREATE DATABASE regress_otp_euc_jp TEMPLATE template0 ENCODING 'EUC_JP' LOCALE 'C' LOCALE_PROVIDER libc;
\c regress_otp_euc_jp
SET client_min_messages = warning;
CREATE EXTENSION otp;
CREATE TEMP TABLE spelling (what text, code bytea);
INSERT INTO spelling VALUES ('ASCII', '123-456'), ('full-width', '\xa3b1a3b2a3b3a3b4a3b5a3b6'),
  ('ideographic space', '\x313233a1a1343536');
:probe;

-- SQL_ASCII does not say what its bytes mean: UTF-8 is taken for what it is, other bytes for no code.
\c contrib_regression
CREATE DATABASE regress_otp_sql_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc;
\c regress_otp_sql_ascii
SET client_min_messages = warning;
CREATE EXTENSION otp;
CREATE TEMP TABLE spelling (what text, code bytea);
INSERT INTO spelling VALUES ('ASCII', '123 456'), ('full-width', '\xefbc91efbc92efbc93efbc94efbc95efbc96'),
  ('no-break space', '\x313233c2a0343536');
:probe;
SELECT otp_verify('alice', encode('\x313233a0343536', 'escape')) AS escaped,
       (otp_attempt('alice', convert_from('\x313233a0343536', 'SQL_ASCII'))).reason;

\c contrib_regression
DROP DATABASE regress_otp_latin1;
DROP DATABASE regress_otp_euc_jp;
DROP DATABASE regress_otp_sql_ascii;
