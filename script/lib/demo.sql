-- What script/demo shows: \echo tells what comes, a statement follows and what it gave.
--
-- Nothing is taken on trust.  A statement that matters puts its result into variables with \gset,
-- from which it is shown, and told() ends the demo with an error if it is not what \echo said.
-- What only shows and checks is not echoed.

\set ECHO none
\set QUIET on
\pset footer off
\pset null '(null)'
SET client_min_messages = warning;

CREATE FUNCTION told(kept boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF kept IS NOT TRUE THEN
    RAISE EXCEPTION 'the demo did not go as told';
  END IF;
END $$;

\echo
\echo '--- The extension: one command, no preload, no restart.'
\echo
\set ECHO queries
CREATE EXTENSION otp;
\set ECHO none

\echo
\echo '--- A role for the application: it may call what it needs, and read or write no table of otp.'
\echo
\set ECHO queries
CREATE ROLE shop LOGIN;
SELECT otp_grant('shop', 'application');
CREATE TABLE payment (payer text, amount numeric);
GRANT SELECT, INSERT ON payment TO shop;
\set ECHO none

\connect - shop
\echo
\echo '--- The shop, which is connected from here on, is refused what is not its business.'
\echo
\set ON_ERROR_STOP 0
\set ECHO queries
TABLE otp_challenge;
\set ECHO none
\set ON_ERROR_STOP 1
SELECT told(:'SQLSTATE' = '42501') \g /dev/null

\echo
\echo '--- The shop issues a code for a payment of alice, commits, and sends it to her.'
\echo
\set ECHO queries
SELECT otp_issue('alice', 'payment') AS code \gset
\set ECHO none
SELECT :'code' AS code;
SELECT told(:'code' ~ '^[0-9]{6}$') \g /dev/null
SELECT CASE :'code' WHEN '000000' THEN '000001' ELSE '000000' END AS wrong,
       CASE :'code' WHEN '111111' THEN '111112' ELSE '111111' END AS other \gset

\echo
\echo '--- Somebody guesses wrong, in a transaction that is rolled back: 4 guesses are left.'
\echo
\set ECHO queries
BEGIN;
SELECT accepted, reason, attempts_left FROM otp_attempt('alice', :'wrong', 'payment') \gset
\set ECHO none
SELECT :'accepted'::boolean AS accepted, :'reason' AS reason, :attempts_left AS attempts_left;
SELECT told(NOT :'accepted' AND :'reason' = 'wrong' AND :attempts_left = 4) \g /dev/null
\set ECHO queries
ROLLBACK;
\set ECHO none

\echo
\echo '--- The guess still counts: the next wrong one leaves 3.'
\echo
\set ECHO queries
SELECT accepted, reason, attempts_left FROM otp_attempt('alice', :'other', 'payment') \gset
\set ECHO none
SELECT :'accepted'::boolean AS accepted, :'reason' AS reason, :attempts_left AS attempts_left;
SELECT told(NOT :'accepted' AND :'reason' = 'wrong' AND :attempts_left = 3) \g /dev/null

\echo
\echo '--- The same wrong guess again, a double click perhaps, costs nothing: 3 are left.'
\echo
\set ECHO queries
SELECT accepted, reason, attempts_left FROM otp_attempt('alice', :'other', 'payment') \gset
\set ECHO none
SELECT :'accepted'::boolean AS accepted, :'reason' AS reason, :attempts_left AS attempts_left;
SELECT told(NOT :'accepted' AND :'reason' = 'wrong' AND :attempts_left = 3) \g /dev/null

\echo
\echo '--- Alice has the right code, but her payment is rolled back …'
\echo
\set ECHO queries
BEGIN;
SELECT otp_verify('alice', :'code', 'payment') AS accepted \gset
\set ECHO none
SELECT :'accepted'::boolean AS otp_verify;
SELECT told(:'accepted') \g /dev/null
\set ECHO queries
INSERT INTO payment VALUES ('alice', 99.00);
ROLLBACK;
\set ECHO none

\echo
\echo '--- … which gives the code back: it pays in the next transaction, and is spent with its commit.'
\echo
\set ECHO queries
BEGIN;
SELECT otp_verify('alice', :'code', 'payment') AS accepted \gset
\set ECHO none
SELECT :'accepted'::boolean AS otp_verify;
SELECT told(:'accepted') \g /dev/null
\set ECHO queries
INSERT INTO payment VALUES ('alice', 99.00);
COMMIT;
SELECT count(*) AS payments FROM payment \gset
\set ECHO none
SELECT :payments AS payments;
SELECT told(:payments = 1) \g /dev/null

\echo
\echo '--- A second time the code is refused.'
\echo
\set ECHO queries
SELECT accepted, reason FROM otp_attempt('alice', :'code', 'payment') \gset
\set ECHO none
SELECT :'accepted'::boolean AS accepted, :'reason' AS reason;
SELECT told(NOT :'accepted' AND :'reason' = 'replayed') \g /dev/null

\echo
\echo '--- Alice enrols her authenticator app. This is what she scans (QR code in her browser: otp_qr(uri, ''svg'')).'
\echo
\set ECHO queries
SELECT uri FROM otp_enroll('alice', issuer => 'Shop') \gset
SELECT otp_qr(:'uri');
\set ECHO none
SELECT told(:'uri' ~ '^otpauth://totp/Shop:alice[?]secret=[A-Z2-7]{32}&issuer=Shop') \g /dev/null
-- what her app shows, which knows the secret now
SELECT totp_at(:'uri', clock_timestamp()) AS code, totp_at(:'uri', clock_timestamp() + '30 seconds') AS next \gset

\echo
\echo '--- A first code of the app confirms it, and is thereby spent. From then on otp_verify accepts its codes too.'
\echo
\set ECHO queries
SELECT otp_confirm('alice', :'code') AS confirmed \gset
\set ECHO none
SELECT :'confirmed'::boolean AS otp_confirm;
SELECT told(:'confirmed') \g /dev/null
\set ECHO queries
SELECT reason, method FROM otp_attempt('alice', :'code') \gset
\set ECHO none
SELECT :'reason' AS reason, :'method' AS method;
SELECT told(:'reason' = 'replayed' AND :'method' = 'totp') \g /dev/null
\set ECHO queries
SELECT reason, method FROM otp_attempt('alice', :'next') \gset
\set ECHO none
SELECT :'reason' AS reason, :'method' AS method;
SELECT told(:'reason' = 'accepted' AND :'method' = 'totp') \g /dev/null

\echo
\echo '--- Recovery codes, for the day on which her phone is gone: each once.'
\echo
\set ECHO queries
SELECT otp_recovery_codes('alice', 1) AS recovery \gset
SELECT otp_verify('alice', :'recovery') AS first, otp_verify('alice', :'recovery') AS second \gset
\set ECHO none
SELECT :'recovery' AS recovery_code, :'first'::boolean AS first, :'second'::boolean AS second;
SELECT told(:'first' AND NOT :'second') \g /dev/null

\connect - postgres
\echo
\echo '--- The trail tells the operator all of it: also the guess that was rolled back, and no payment that was.'
\echo
\set ECHO queries
SELECT event, reason, method, role FROM otp_event ORDER BY at;
\set ECHO none
SELECT string_agg(concat_ws(' ', event, reason), ', ' ORDER BY at) AS trail FROM otp_event \gset
SELECT told(:'trail' = 'issued, rejected wrong, rejected wrong, rejected wrong, accepted, '
            'rejected replayed, enrolled, confirmed, rejected replayed, accepted, issued, accepted, rejected replayed') \g /dev/null

\echo
\echo '--- Codes of an authenticator app (TOTP, RFC 6238): otp and oathtool agree.'
\echo
\set ECHO queries
SELECT otp_secret_generate() AS secret,
       to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') AS moment \gset
SELECT totp_at(:'secret', :'moment') AS code \gset
\set ECHO none
\echo oathtool --totp --base32 --now :'moment' :'secret'
\set oathtool `oathtool --totp --base32 --now :'moment' :'secret'`
SELECT :'code' AS totp_at, :'oathtool' AS oathtool;
SELECT told(:'code' = :'oathtool') \g /dev/null
\echo 'That was otp. README.md goes on from here.'
