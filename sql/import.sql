-- Authenticators out of files.  What is refused of a file is in test/unit/test_pskc*.c and test_token_csv.c.
-- Requirements: 43.

\set figure6 `cat "$PG_ABS_SRCDIR/test/data/pskc/figure6.xml"`
\set figure7 `cat "$PG_ABS_SRCDIR/test/data/pskc/figure7.xml"`
\set aes256 `cat "$PG_ABS_SRCDIR/test/data/pskc/aes256.xml"`
\set psk '''\\x12345678901234567890123456789012'''

-- What a user has, without its numbers.
CREATE VIEW imported AS
  SELECT user_id, kind, state, label, issuer, account, serial, algorithm, digits, period, window_size, drift, counter,
         used_at IS NULL AS unused
    FROM (SELECT DISTINCT user_id FROM otp_credential WHERE user_id LIKE 'import-%') AS u, otp_credentials(user_id);

-- What an error says besides.
CREATE FUNCTION context_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  EXECUTE command;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
  RETURN sqlstate || ' ' || context;
END $$;

-- RFC 6030's figures, encrypted by a key and by a password: the secret is that of RFC 4226, and its codes are right.
SELECT serial, user_id, credential_id > 0 AS numbered
  FROM otp_import_pskc(:'figure6', key => :psk, users => '{"987654321": "import-1"}');
SELECT otp_verify('import-1', '84755224'), otp_verify('import-1', '84755224') AS again,
       otp_verify('import-1', '94287082') AS next;
SELECT serial, user_id
  FROM otp_import_pskc(:'figure7', password => 'qwerty', users => '{"987654321": "import-2"}');
SELECT otp_verify('import-2', '84755224');

-- Counters, drift and time steps are kept: what lies before them is not accepted.
SELECT serial, user_id
  FROM otp_import_pskc(:'aes256', decode('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex'),
                       users => '{"T1": "import-3", "H1": "import-3"}');
SELECT otp_verify('import-3', hotp_at('MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U', 1099511627775)::text) AS before,
       otp_verify('import-3', hotp_at('MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U', 1099511627776)::text) AS at;
SELECT last_position FROM otp_credential WHERE user_id = 'import-3' AND kind = 't';
SELECT * FROM imported ORDER BY user_id, serial;

-- OATH CSV, and who the user is: users before the file; a number is as good as a string; null is none.
SELECT serial, user_id FROM otp_import_csv(
'serial,secret,kind,digits,period,counter,user,manufacturer,issuer
A1,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp,6,,5,import-4,Feitian,ACME
A2,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR,totp,8,60,,import-4,,
A3,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJS,totp,,,,import-4,,
', users => '{"A2": "import-5", "A1": null, "A3": 6, "A4": []}');
SELECT otp_verify('import-4', hotp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 4)::text) AS before,
       otp_verify('import-4', hotp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 5)::text) AS at,
       otp_verify('import-5', totp_at(otp_secret('\x3132333435363738393031323334353637383931', digits => 8, period => 60), clock_timestamp())::text) AS totp;
SELECT * FROM imported WHERE user_id IN ('import-4', 'import-5') ORDER BY user_id, serial;
SELECT serial, user_id FROM otp_import_csv('508326,,16,3132333435363738393031323334353637383930,,2013-12-12T08:41:07,',
                                           'yubico', '{"508326": "import-6"}');
SELECT counter, label FROM imported WHERE user_id = 'import-6';
SELECT count(*) FROM otp_import_csv('');

-- The trail has each of them, if it has everything.
SELECT user_id, purpose, event, reason, method FROM otp_event WHERE user_id LIKE 'import-%' AND event = 'imported'
  ORDER BY user_id, method;
UPDATE otp_policy SET trail = 'rejections' WHERE purpose = 'default';
SELECT count(*) FROM otp_import_csv('B1,GEZDGNBV,hotp,6,0,SHA1,import-7');
SELECT count(*) FROM otp_event WHERE user_id = 'import-7';
SELECT reset_policy();

-- All or nothing, and the line.
SELECT failure($$SELECT otp_import_csv(E'C1,GEZDGNBV,hotp,6,0,SHA1,import-8\n\nC2,GEZDGNBW,hotp,5,0,SHA1,import-8')$$, true);
SELECT failure($$SELECT otp_import_csv(E'C1,GEZDGNBV,hotp,6,0,SHA1,import-8\nC2,GEZDGNBV,hotp')$$, true);
SELECT failure($$SELECT otp_import_csv(',GEZDGNBV,hotp')$$, true);
SELECT failure($$SELECT otp_import_csv('C1,GEZDGNBV,hotp,6,0,SHA1,import-8', users => '{"C1": ["import-8"]}')$$, true);
SELECT failure(format('SELECT otp_import_csv(%L)', 'C1,GEZDGNBV,hotp,6,0,SHA1,' || repeat('x', 513)));
SELECT failure(format('SELECT otp_import_csv(%L)', 'C1,GEZDGNBV,hotp,6,0,SHA1,' || repeat('x', 512)));
SELECT failure(format('SELECT otp_import_csv(%L)', repeat('x', 257) || ',GEZDGNBV,hotp,6,0,SHA1,import-8'));
SELECT failure(format('SELECT otp_import_csv(%L, users => %L)', 'C1,GEZDGNBV', '{"C1": ""}'));
SELECT failure(format('SELECT otp_import_csv(%L, users => jsonb_build_object(%L, %L))', 'C1,GEZDGNBV', 'C1', repeat('x', 513)));
-- The same secret twice, in one file and in two; the line is in the context.
SELECT context_of($$SELECT otp_import_csv(E'C1,GEZDGNBV,hotp,6,0,SHA1,import-8\nC2,GEZDGNBV,totp,6,30,SHA1,import-8')$$);
SELECT context_of($$SELECT otp_import_csv('B1,GEZDGNBV,hotp,6,0,SHA1,import-7')$$);
SELECT count(*) FROM otp_credential WHERE user_id = 'import-8';
SELECT count(*) FROM otp_event WHERE user_id = 'import-8';

-- The MAC: changed, removed, or the whole of the encryption removed.
SELECT failure(format('SELECT otp_import_pskc(%L, %L)', replace(:'figure6', 'Su+N', 'Tu+N'), :psk));
SELECT failure(format('SELECT otp_import_pskc(%L, %L)', replace(:'figure6', 'AAECAwQF', 'BAECAwQF'), :psk));
SELECT failure(format('SELECT otp_import_pskc(%L, %L)', regexp_replace(:'figure6', '<ValueMAC>.*</ValueMAC>', ''), :psk));
SELECT failure(format('SELECT otp_import_pskc(%L, %L)', regexp_replace(:'figure6', '<EncryptedValue>.*</ValueMAC>', '<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>'), :psk));
SELECT failure(format('SELECT otp_import_pskc(%L, %L)', :'figure6', '\x00000000000000000000000000000000'));
SELECT failure(format('SELECT otp_import_pskc(%L, password => %L)', :'figure7', 'qwertz'));
SELECT failure(format('SELECT otp_import_pskc(%L)', :'figure7'));

-- External entities and billion laughs.
SELECT failure($$SELECT otp_import_pskc('<!DOCTYPE KeyContainer [<!ENTITY x SYSTEM "file:///etc/passwd">]><KeyContainer>&x;</KeyContainer>')$$);
SELECT failure($$SELECT otp_import_pskc('<?xml version="1.0"?>
<!DOCTYPE KeyContainer SYSTEM "http://127.0.0.1/"><KeyContainer/>')$$);
SELECT failure($$SELECT otp_import_pskc('<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>')$$);

-- Arguments.
SELECT failure($$SELECT otp_import_pskc(NULL)$$), failure($$SELECT otp_import_csv(NULL)$$),
       failure($$SELECT otp_import_csv('', NULL)$$);
SELECT failure($$SELECT otp_import_csv('', 'OATH')$$, true);
SELECT failure($$SELECT otp_import_csv('', users => '[]')$$, true), failure($$SELECT otp_import_csv('', users => '1')$$);
SELECT failure($$SELECT otp_import_pskc('', '\x00')$$), failure($$SELECT otp_import_pskc('', '\x00', 'x')$$);
SELECT failure($$SELECT otp_import_pskc('')$$), failure($$SELECT otp_import_pskc('<a/>')$$, true);
BEGIN READ ONLY;
SELECT failure($$SELECT otp_import_pskc('')$$), failure($$SELECT otp_import_csv('')$$);
COMMIT;
-- Set-returning, wherever it stands.
SELECT failure($$SELECT CASE WHEN true THEN otp_import_csv('') END$$);

DROP FUNCTION context_of;
DROP VIEW imported;
SELECT sum(otp_forget('import-' || i)) > 0 AS forgotten FROM generate_series(1, 8) AS i;
SELECT otp_forget('6') > 0 AS forgotten, otp_forget(repeat('x', 512)) > 0 AS forgotten;
