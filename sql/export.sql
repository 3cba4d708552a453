-- The secrets of a user's authenticators, for another system.
-- Requirements: 43.

SELECT credential_id FROM otp_enroll('export-1', 'hotp', issuer => 'ACME', secret => 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', counter => 7) \gset
-- One that is pending has been shown already.
SELECT * FROM otp_export('export-1');
SELECT otp_confirm('export-1', hotp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 9)::text);
SELECT credential_id = :credential_id AS same, kind, uri FROM otp_export('export-1');
SELECT count(*) FROM otp_import_csv('T1,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJS,totp,8,60,SHA256,export-1');
SELECT kind, uri FROM otp_export('export-1');

-- A name that no URI can have.
SELECT count(*) FROM otp_import_csv('"E1","GEZDGNBV","totp","6","30","SHA1","x"', users => '{"E1": "export:2\n3"}');
SELECT uri FROM otp_export(E'export:2\n3');
SELECT count(*) FROM otp_import_csv('E2,GEZDGNBV', users => jsonb_build_object('E2', 'export-3' || repeat(chr(228), 200)));
SELECT length(uri), right(uri, 40) FROM otp_export('export-3' || repeat(chr(228), 200));

-- Nobody has none, and it is an event all the same.
SELECT * FROM otp_export('export-4');
-- Each call is in the trail, whatever becomes of the transaction and whatever the policy is.
UPDATE otp_policy SET trail = 'none' WHERE purpose = 'default';
BEGIN;
SELECT count(*) FROM otp_export('export-1');
ROLLBACK;
SELECT count(*) FROM (SELECT FROM otp_export('export-1') LIMIT 1) AS first;
SELECT reset_policy();
SELECT user_id COLLATE "C" LIKE 'export:%' AS colon, left(user_id, 8) AS user_id, purpose, event, reason, method, count(*)
  FROM otp_event WHERE event = 'exported' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2;

SELECT failure('SELECT otp_export(NULL)'), failure($$SELECT otp_export('')$$),
       failure($$SELECT otp_export(repeat('x', 513))$$);
BEGIN READ ONLY;
SELECT failure($$SELECT otp_export('export-1')$$);
COMMIT;

SELECT otp_forget('export-1') > 0 AS one, otp_forget(E'export:2\n3') > 0 AS two, otp_forget('export-3' || repeat(chr(228), 200)) > 0 AS three,
       otp_forget('export-4') AS four;
