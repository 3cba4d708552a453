-- requirement 14 in databases of other encodings: text is read in the database's own.
-- Requirements: 14.

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

-- A URI is in UTF-8 all the same, and so is a QR code, which half blocks cannot show here.
SELECT otpauth_uri('GEZDGNBV', convert_from('\x4afc7267656e', 'LATIN1'), convert_from('\xa9', 'LATIN1'));
SELECT otp_qr(convert_from('\xfc', 'LATIN1'));
-- To be compared with the same below.
SELECT sha256(convert_to(otp_qr(convert_from('\xfc', 'LATIN1'), 'svg'), 'UTF8')) AS svg;

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
SELECT otpauth_uri('GEZDGNBV', convert_from('\xa3c1', 'EUC_JP'));
-- To be compared with the same above: an umlaut of three bytes.
SELECT sha256(convert_to(otp_qr(convert_from('\x8fabe4', 'EUC_JP'), 'svg'), 'UTF8')) AS svg;

-- A character of it that UTF-8 has not: nothing could be sent with it, so nothing is queued.
INSERT INTO otp_channel (name, kind, transport, url, method, body, accept_status, app)
  VALUES ('chat', 'chat', 'http', 'https://a.example/', 'POST', '{code}', '{200}', 'Bank');
SELECT otp_send('alice', 'place', 'chat', 'login', convert_from('\xa9a1', 'EUC_JP'));
UPDATE otp_channel SET domain = convert_from('\xa9a1', 'EUC_JP');
SELECT count(*) FROM otp_message;

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
SELECT otpauth_uri('GEZDGNBV', convert_from('\x4ac3bc7267656e', 'SQL_ASCII'));
SELECT otpauth_uri('GEZDGNBV', 'a', convert_from('\xfc', 'SQL_ASCII'));
SELECT otp_qr(convert_from('\xfc', 'SQL_ASCII'), 'svg');
-- Nothing is queued, nor any channel written, whose text a request could not have.
INSERT INTO otp_channel (name, kind, transport, url, method, body, accept_status, app)
  VALUES ('chat', 'chat', 'http', 'https://a.example/', 'POST', '{code}', '{200}', 'Bank');
SELECT otp_send('alice', 'place', 'chat', 'login', convert_from('\x636166e9', 'SQL_ASCII'));
SELECT otp_send('alice', 'place', 'chat', convert_from('\x636166e9', 'SQL_ASCII'));
SELECT otp_send('alice', '{place}'::text[], '{chat}'::text[], '{NULL}'::interval[], 'login', convert_from('\x636166e9', 'SQL_ASCII'));
UPDATE otp_channel SET app = convert_from('\x636166e9', 'SQL_ASCII');
UPDATE otp_channel SET sender = convert_from('\x636166e9', 'SQL_ASCII');
SELECT otp_channel_secret('chat', 'token', convert_from('\x636166e9', 'SQL_ASCII'));
SELECT otp_send('alice', 'place', 'chat', 'login', convert_from('\x636166c3a9', 'SQL_ASCII')) > 0 AS sent;

\c contrib_regression
-- To be compared with the same above.
SELECT sha256(convert_to(otp_qr(U&'\00FC', 'svg'), 'UTF8')) AS svg;
DROP DATABASE regress_otp_latin1;
DROP DATABASE regress_otp_euc_jp;
DROP DATABASE regress_otp_sql_ascii;
