-- Recovery codes.
-- Requirements: 8, 25.

UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';
CREATE TABLE recovery_code AS SELECT n, c::text FROM otp_recovery_codes('recovery-1') WITH ORDINALITY AS r (c, n);
-- requirement 25: 12 symbols of 31 are 59 bits.
SELECT count(*), count(DISTINCT c), bool_and(c ~ '^[2-9A-HJKMNP-Z]{12}$') AS symbols FROM recovery_code;
SELECT otp_recovery_left('recovery-1'), otp_recovery_left('recovery-nobody');

-- Each once, in any order and purpose, however it is typed; a wrong one is charged, and says so.
SELECT * FROM otp_attempt('recovery-1', (SELECT c FROM recovery_code WHERE n = 7), 'any purpose', 'any context');
SELECT (otp_attempt('recovery-1', (SELECT c FROM recovery_code WHERE n = 7))).reason;
SELECT otp_verify('recovery-1', (SELECT lower(left(c, 4) || '-' || right(c, 8)) || ' ' FROM recovery_code WHERE n = 1)) AS typed;
SELECT otp_recovery_left('recovery-1'), charged('recovery-1');
SELECT * FROM otp_attempt('recovery-1', 'WRNGWRNGWRNG');
SELECT (otp_attempt('recovery-1', (SELECT c FROM recovery_code WHERE n = 7))).reason AS charged_once, charged('recovery-1');
-- What has another length cannot be one.
SELECT (otp_attempt('recovery-1', (SELECT left(c, 11) FROM recovery_code WHERE n = 2))).reason AS shorter,
       (otp_attempt('recovery-1', (SELECT c || c FROM recovery_code WHERE n = 2))).reason AS longer, charged('recovery-1');
SELECT (otp_attempt('recovery-2', (SELECT c FROM recovery_code WHERE n = 2))).reason AS of_another_user;

-- With the transaction.
BEGIN;
SELECT otp_verify('recovery-1', (SELECT c FROM recovery_code WHERE n = 2)) AS right,
       otp_verify('recovery-1', (SELECT c FROM recovery_code WHERE n = 2)) AS again;
ROLLBACK;
SELECT otp_recovery_left('recovery-1');
SELECT count(*) FILTER (WHERE otp_verify('recovery-1', c)) FROM recovery_code;
SELECT otp_recovery_left('recovery-1'), (otp_attempt('recovery-1', 'WRNGWRNGWRNG')).reason,
       (otp_attempt('recovery-1', (SELECT c FROM recovery_code WHERE n = 2))).reason AS spent;

-- A new set voids the old one, when the transaction commits.
CREATE TABLE old_code AS SELECT c::text FROM otp_recovery_codes('recovery-3', 3) AS c;
BEGIN;
SELECT count(*) FROM otp_recovery_codes('recovery-3', 64);
SELECT otp_recovery_left('recovery-3'), (otp_attempt('recovery-3', (SELECT c FROM old_code LIMIT 1))).reason;
ROLLBACK;
SELECT otp_recovery_left('recovery-3'), otp_verify('recovery-3', (SELECT c FROM old_code LIMIT 1));
CREATE TABLE new_code AS SELECT c::text FROM otp_recovery_codes('recovery-3', 64) AS c;
SELECT count(*) FILTER (WHERE otp_verify('recovery-3', c)) AS old FROM old_code;
SELECT otp_recovery_left('recovery-3'), count(*) FILTER (WHERE otp_verify('recovery-3', c)) AS new FROM new_code;
SELECT otp_recovery_left('recovery-3');

-- The policy says where they are good.
INSERT INTO otp_policy (purpose, methods) VALUES ('no recovery', '{issued,totp,hotp}');
SELECT c::text AS code FROM otp_recovery_codes('recovery-4', 1) AS c \gset
SELECT (otp_attempt('recovery-4', :'code', 'no recovery')).reason, otp_recovery_left('recovery-4');
SELECT (otp_attempt('recovery-4', :'code')).method;
DELETE FROM otp_policy WHERE purpose = 'no recovery';

SELECT event, reason, method, purpose, count(*) FROM otp_event WHERE user_id = 'recovery-4' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2;
SELECT failure('SELECT otp_recovery_codes(NULL)'), failure('SELECT otp_recovery_codes(''x'', NULL)'),
       failure('SELECT otp_recovery_codes(''x'', 0)'), failure('SELECT otp_recovery_codes(''x'', 65)');
SELECT failure('SELECT otp_recovery_left(NULL)'), failure('SELECT otp_recovery_left('''')');
BEGIN READ ONLY;
SELECT failure('SELECT otp_recovery_codes(''x'')'), otp_recovery_left('recovery-1');
COMMIT;
-- A row that someone has changed does not open.
BEGIN;
UPDATE otp_recovery SET count = 65 WHERE user_id = 'recovery-1';
SELECT failure('SELECT otp_recovery_left(''recovery-1'')');
ROLLBACK;
DROP TABLE recovery_code, old_code, new_code;
SELECT reset_policy();
