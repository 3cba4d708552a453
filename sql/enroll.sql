-- otp_enroll, otp_confirm, otp_credentials, otp_revoke: the life of an authenticator.
-- Requirements: 8, 12, 18, 22.

-- The key of RFC 4226, appendix D, whose codes are 755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489.
CREATE FUNCTION rfc_secret() RETURNS otp_secret LANGUAGE sql IMMUTABLE RETURN otp_secret('12345678901234567890'::bytea);
UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';

-- requirement 22: a secret that otp makes has 160 bits.  It is shown this once, as a URI.
SELECT credential_id AS id, uri FROM otp_enroll('enroll-1', label => 'my phone', issuer => 'ACME Co') \gset
SELECT :'uri' ~ '^otpauth://totp/ACME%20Co:enroll-1[?]secret=[A-Z2-7]{32}&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30$' AS uri,
       octet_length(otp_secret_key(:'uri')) AS bytes;
SELECT kind, state, label, issuer, account, serial, algorithm, digits, period, window_size, drift, counter,
       expires_at - made_at AS life, used_at FROM otp_credentials('enroll-1');
SELECT (SELECT uri FROM otp_enroll('enroll-1')) <> (SELECT uri FROM otp_enroll('enroll-1')) AS another;

-- Pending, it verifies nothing, and a guess at it is none.
SELECT credential_id AS id FROM otp_enroll('enroll-2', 'hotp', secret => rfc_secret()) \gset
SELECT * FROM otp_attempt('enroll-2', '755224');
SELECT charged('enroll-2');
-- requirements 8, 12: confirming is a guess under the same limits, and its code is spent.
SELECT otp_confirm('enroll-2', '000000') AS wrong, otp_confirm('enroll-2', '000000') AS again,
       otp_confirm('enroll-2', NULL) AS malformed, otp_confirm('enroll-2', '12') AS short;
SELECT charged('enroll-2');
SELECT otp_confirm('enroll-2', '755224', :id + 1) AS another_id;
BEGIN;
SELECT otp_confirm('enroll-2', '755-224') AS confirmed;
ROLLBACK;
SELECT state FROM otp_credentials('enroll-2');
SELECT otp_confirm('enroll-2', '755224', :id) AS confirmed;
SELECT kind, state, counter, period, drift, expires_at, used_at >= made_at AS used FROM otp_credentials('enroll-2');
SELECT otp_confirm('enroll-2', '287082') AS nothing_is_pending, charged('enroll-2');
SELECT reason, method FROM otp_attempt('enroll-2', '755224');
SELECT reason, method FROM otp_attempt('enroll-2', '287082');

-- A delay holds for confirming as well.
SELECT otp_confirm('enroll-nobody', '755224') AS unknown, otp_confirm(NULL, '755224') AS nobody;
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour', longest_delay = '1 hour' WHERE purpose = 'default';
SELECT credential_id AS id FROM otp_enroll('enroll-3', 'hotp', secret => rfc_secret()) \gset
SELECT otp_confirm('enroll-3', '000000') AS wrong, otp_confirm('enroll-3', '755224') AS during_a_delay;
SELECT state FROM otp_credentials('enroll-3');
SELECT event, reason, method, purpose FROM otp_event WHERE user_id = 'enroll-3' ORDER BY at;
SELECT reset_policy();
UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';

-- It expires; and the next one takes its place.
UPDATE otp_policy SET enroll_lifetime = '2 hours' WHERE purpose = 'default';
SELECT credential_id AS id FROM otp_enroll('enroll-4', 'hotp', secret => rfc_secret()) \gset
SELECT expires_at - made_at AS life FROM otp_credentials('enroll-4');
UPDATE otp_credential SET expires_at = clock_timestamp() WHERE user_id = 'enroll-4';
SELECT otp_confirm('enroll-4', '755224') AS expired;
SELECT reason FROM otp_event WHERE user_id = 'enroll-4' AND event = 'rejected';
SELECT credential_id AS next FROM otp_enroll('enroll-4', 'hotp', secret => rfc_secret(), counter => 1) \gset
SELECT count(*), min(credential_id) = :next AS the_next, :next > :id AS greater FROM otp_credentials('enroll-4');
SELECT otp_confirm('enroll-4', '755224') AS before_the_counter, otp_confirm('enroll-4', '287082') AS confirmed;
UPDATE otp_policy SET enroll_lifetime = '1 hour' WHERE purpose = 'default';

-- Several, each with its own parameters; the look-ahead confirms as well.
SELECT credential_id FROM otp_enroll('enroll-4', 'totp', 'second', 'ACME', otp_secret('\x0102030405060708', 'SHA512', 8, 60),
                                     'konto@example.com', window_size => 3) \gset
SELECT otp_confirm('enroll-4', totp_at(otp_secret('\x0102030405060708', 'SHA512', 8, 60),
                                       clock_timestamp() + '3 minutes')::text) AS in_the_window;
SELECT kind, state, label, issuer, account, algorithm, digits, period, window_size, drift BETWEEN 2 AND 3 AS drift
  FROM otp_credentials('enroll-4');
SELECT credential_id AS third, uri FROM otp_enroll('enroll-4', 'hotp', secret => '\x11223344'::bytea, counter => 7, account => 'x') \gset
SELECT :'uri' AS uri, otp_confirm('enroll-4', hotp_at('\x11223344'::bytea, 18)::text) AS beyond_look_ahead,
       otp_confirm('enroll-4', hotp_at('\x11223344'::bytea, 17)::text) AS look_ahead;
SELECT counter FROM otp_credentials('enroll-4') WHERE credential_id = :third;

-- otp_revoke: when the transaction commits.
BEGIN;
SELECT otp_revoke('enroll-4', :third) AS revoked, count(*) FROM otp_credentials('enroll-4');
ROLLBACK;
SELECT count(*) FROM otp_credentials('enroll-4');
SELECT otp_revoke('enroll-4', :third) AS revoked, otp_revoke('enroll-4', :third) AS again,
       otp_revoke('enroll-2', :next) AS of_another_user;
SELECT reason FROM otp_attempt('enroll-4', hotp_at('\x11223344'::bytea, 18)::text);
SELECT event, method, purpose, count(*) FROM otp_event WHERE user_id = 'enroll-4' GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- A secret is not there twice, or each of its codes could be accepted twice; and not too many are.
SELECT failure($$SELECT otp_enroll('enroll-2', 'totp', secret => rfc_secret())$$);
SELECT failure($$SELECT otp_enroll('enroll-2', 'totp', secret => otp_secret('12345678901234567890'::bytea, 'SHA256', 8))$$);
SELECT count(*) FILTER (WHERE state = 'active') AS active, count(*) FROM otp_credentials('enroll-2');
SELECT count(otp_enroll('enroll-5', 'hotp', secret => sha256(i::text::bytea))),
       count(*) FILTER (WHERE otp_confirm('enroll-5', hotp_at(sha256(i::text::bytea), 0)::text)) AS confirmed
  FROM generate_series(1, 20) AS i;
SELECT failure($$SELECT otp_enroll('enroll-5')$$, true);
SELECT otp_verify('enroll-5', hotp_at(sha256('1'), 1)::text) AS first, otp_verify('enroll-5', hotp_at(sha256('20'), 1)::text) AS last;

-- If someone has put more into the table, no guess is judged: there is room for so many.
BEGIN;
INSERT INTO otp_credential SELECT 0, last_position, used_at, made_at, expires_at, drift, key_id, period, window_size, algorithm,
       digits, kind, state, sealed, user_id, label, issuer, account, serial
  FROM otp_credential WHERE user_id = 'enroll-5' ORDER BY credential_id LIMIT 1;
SELECT failure($$SELECT otp_verify('enroll-5', '123456')$$), charged('enroll-5');
ROLLBACK;

-- What an argument may not be.
SELECT what, failure('SELECT otp_enroll(' || arguments || ')', what ~ 'kind|window')
  FROM (VALUES ('user', 'NULL'), ('user empty', ''''''), ('user of 513 bytes', 'repeat(''u'', 513)'), ('kind', '''e'', NULL'),
               ('kind unknown', '''e'', ''ocra'''), ('label empty', '''e'', label => '''''),
               ('label of 257 bytes', '''e'', label => repeat(''l'', 257)'), ('issuer with a colon', '''e'', issuer => ''a:b'''),
               ('account with a colon', '''e'', account => ''a:b'''), ('user with a colon as account', '''e:f'''),
               ('counter', '''e'', ''hotp'', counter => -1'), ('window', '''e'', window_size => -1'),
               ('window of totp', '''e'', window_size => 11'), ('window of hotp', '''e'', ''hotp'', window_size => 101')
       ) AS bad (what, arguments);
SELECT credential_id > 0 AS id FROM otp_enroll('e:f', account => 'f');
SELECT failure('SELECT otp_credentials(NULL)'), failure('SELECT otp_credentials('''')'), failure('SELECT otp_revoke(NULL, 1)'),
       failure('SELECT otp_revoke(''e'', NULL)');
SELECT count(*) FROM otp_credentials('enroll-nobody');
BEGIN READ ONLY;
SELECT failure('SELECT otp_enroll(''e'')');
SELECT failure('SELECT otp_confirm(''e'', ''123456'')');
SELECT failure('SELECT otp_revoke(''e'', 1)');
SELECT count(*) FROM otp_credentials('enroll-5');
COMMIT;
SELECT count(*) FROM otp_credentials('e');

-- A row that someone has damaged is told, and nothing of it.
BEGIN;
UPDATE otp_credential SET digits = 5 WHERE user_id = 'enroll-2';
SELECT regexp_replace(failure('SELECT otp_verify(''enroll-2'', ''359152'')'), '\d+ of', 'N of'),
       failure('SELECT otp_credentials(''enroll-2'')') ~ '^OT005' AS listed;
ROLLBACK;
SELECT reset_policy();
