-- HOTP (RFC 4226) and TOTP (RFC 6238).  The codes beyond the RFCs' own vectors are from Python's hmac.
-- Requirements: 14, 17, 35.

CREATE TEMP TABLE seed AS
  SELECT otp_secret('12345678901234567890', 'SHA1') AS six,
         otp_secret('12345678901234567890', 'SHA1', 8) AS sha1,
         otp_secret('12345678901234567890123456789012', 'SHA256', 8) AS sha256,
         otp_secret('1234567890123456789012345678901234567890123456789012345678901234', 'SHA512', 8)
           AS sha512,
         otp_secret('12345678901234567890', 'SHA1', 10) AS ten;

-- RFC 4226, appendix D.
SELECT counter, hotp_at(six, counter) AS code, hotp_at(six, counter) = want::otp AS right
  FROM seed, unnest(ARRAY['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583',
                          '399871', '520489']) WITH ORDINALITY AS vector (want, nth),
       LATERAL (SELECT nth - 1) AS c (counter);

-- 6 to 10 digits; leading zeros are kept (requirement 35).
SELECT digits, hotp_at(otp_secret('12345678901234567890', 'SHA1', digits), 0) AS "0",
       hotp_at(otp_secret('12345678901234567890', 'SHA1', digits), 7) AS "7"
  FROM generate_series(6, 10) AS digits;

-- Counters beyond 31 and 32 bits, and the last.
SELECT counter, hotp_at(ten, counter) AS code, hotp_at(ten, counter) = want::otp AS right
  FROM seed, (VALUES (2147483648, '0404197202'), (4294967296, '0255999456'),
                     (9223372036854775803, '1554229923'), (9223372036854775806, '1695891618'),
                     (9223372036854775807, '0150181742')) AS vector (counter, want);
SELECT failure('SELECT hotp_at(six, -1) FROM seed') AS at,
       failure($$SELECT hotp_match(six, '755224', -1) FROM seed$$) AS match;

-- RFC 6238, appendix B.
SELECT seconds, totp_at(sha1, to_timestamp(seconds)) AS sha1,
       totp_at(sha256, to_timestamp(seconds)) AS sha256, totp_at(sha512, to_timestamp(seconds)) AS sha512,
       totp_at(sha1, to_timestamp(seconds)) = w1::otp AND totp_at(sha256, to_timestamp(seconds)) = w2::otp AND
         totp_at(sha512, to_timestamp(seconds)) = w3::otp AS right
  FROM seed, (VALUES (59, '94287082', '46119246', '90693936'),
                     (1111111109, '07081804', '68084774', '25091201'),
                     (1111111111, '14050471', '67062674', '99943326'),
                     (1234567890, '89005924', '91819424', '93441116'),
                     (2000000000, '69279037', '90698825', '38618901'),
                     (20000000000, '65353130', '77737706', '47863826')) AS vector (seconds, w1, w2, w3);

-- requirement 17: 64-bit steps.  At the epoch, before it (steps are counted downward), after 2106 and
-- at both ends of time.
SELECT seconds, totp_at(ten, at) = w1::otp AS sha1, totp_at(sha256, at) = w2::otp AS sha256,
       totp_at(sha512, at) = w3::otp AS sha512,
       totp_match(ten, w1, at, 0) = step AND totp_match(sha256, w2, at, 0) = step AND
         totp_match(sha512, w3, at, 0) = step AS step
  FROM seed, (VALUES (0, 0, '1284755224', '18920136', '53550594'),
                     (29, 0, '1284755224', '18920136', '53550594'),
                     (30, 1, '1094287082', '46119246', '90693936'),
                     (-1, -1, '1663094451', '40635627', '44226760'),
                     (-30, -1, '1663094451', '40635627', '44226760'),
                     (-31, -2, '1289488204', '64827500', '80137656'),
                     (-1000000000, -33333334, '0196351976', '89463019', '18521851'),
                     (-62135596800, -2071186560, '0497714024', '36064658', '21997247'),
                     (-210866803200, -7028893440, '1205258406', '73255824', '60776982'),
                     (4323196800, 144106560, '1698055279', '07462796', '27018856'),
                     (253402300799, 8446743359, '1860099568', '58300069', '82458292'),
                     (9224318015999, 307477267199, '1531346304', '82875886', '31664090'))
         AS vector (seconds, step, w1, w2, w3),
       to_timestamp(seconds) AS at;

-- Fractions of a second round down, before the epoch too.
SELECT at - 'epoch' AS since, totp_match(six, totp_at(six, at)::text, at, 0) AS step
  FROM seed, (VALUES (timestamptz 'epoch' + interval '29.999999 s'), ('epoch'),
                     (timestamptz 'epoch' - interval '0.000001 s'),
                     (timestamptz 'epoch' - interval '30 s'),
                     (timestamptz 'epoch' - interval '30.000001 s')) AS moment (at);
SELECT failure($$SELECT totp_at(six, 'infinity') FROM seed$$) AS future,
       failure($$SELECT totp_at(six, '-infinity') FROM seed$$) AS past,
       failure($$SELECT totp_match(six, '755224', 'infinity') FROM seed$$) AS match;

-- Periods from a second to a day.
SELECT period, totp_match(secret, totp_at(secret, at)::text, at, 0) AS step
  FROM unnest(ARRAY[1, 30, 60, 86400]) AS period, to_timestamp(86400 * 365 + 1) AS at,
       LATERAL otp_secret('12345678901234567890', 'SHA1', 8, period) AS secret;

-- The default moment is now().
SELECT totp_at(six) = totp_at(six, now()) AS same,
       totp_match(six, totp_at(six)::text) = floor(extract(epoch FROM now()) / 30) AS step FROM seed;

-- hotp_match looks at the counter and look_ahead ones behind it, not before it.
SELECT look_ahead, hotp_match(six, '287082', 1, look_ahead) AS "here",
       hotp_match(six, '755224', 1, look_ahead) AS before,
       hotp_match(six, '359152', 1, look_ahead) AS "1 behind",
       hotp_match(six, '520489', 1, look_ahead) AS "8 behind"
  FROM seed, unnest(ARRAY[0, 1, 7, 8, 1000]) AS look_ahead;
SELECT hotp_match(six, '287082', 1) AS "here", hotp_match(six, '359152', 1) AS "1 behind" FROM seed;
SELECT failure($$SELECT hotp_match(six, '755224', 0, -1) FROM seed$$) AS negative,
       failure($$SELECT hotp_match(six, '755224', 0, 1001) FROM seed$$) AS more,
       hotp_match(six, hotp_at(six, 1000)::text, 0, 1000) AS most FROM seed;

-- The window ends with the last counter.
SELECT hotp_match(ten, '1554229923', 9223372036854775803, 1000) AS first,
       hotp_match(ten, '0150181742', 9223372036854775803, 1000) AS last,
       hotp_match(ten, '0150181742', 9223372036854775807, 1000) AS alone,
       hotp_match(ten, '1284755224', 9223372036854775803, 1000) AS beyond FROM seed;

-- totp_match looks at drift steps to either side, by default at one.
SELECT drift, totp_match(six, '162583', at, drift) AS "3 before", totp_match(six, '520489', at, drift) AS "1 before",
       totp_match(six, totp_at(six, at)::text, at, drift) AS now,
       totp_match(six, totp_at(six, at + '30 s')::text, at, drift) AS "1 behind",
       totp_match(six, totp_at(six, at + '90 s')::text, at, drift) AS "3 behind"
  FROM seed, to_timestamp(300) AS at, unnest(ARRAY[0, 1, 3, 1000]) AS drift;
SELECT totp_match(six, totp_at(six, at + '30 s')::text, at) AS "1 behind",
       totp_match(six, totp_at(six, at + '60 s')::text, at) AS "2 behind"
  FROM seed, to_timestamp(300) AS at;
SELECT failure($$SELECT totp_match(six, '755224', now(), -1) FROM seed$$) AS negative,
       failure($$SELECT totp_match(six, '755224', now(), 1001) FROM seed$$) AS more,
       totp_match(six, totp_at(six, at + '30000 s')::text, at, 1000) AS most
  FROM seed, to_timestamp(300) AS at;

-- Steps 11494 and 11598 have the same code.  The nearest wins; of two as near, the earlier.
SELECT hotp_at(six, 11494) = hotp_at(six, 11598) AS same FROM seed;
SELECT step, totp_match(six, hotp_at(six, 11494)::text, to_timestamp(30 * step), 1000)
  FROM seed, unnest(ARRAY[11494, 11545, 11546, 11547, 11598]) AS step;
SELECT hotp_match(six, hotp_at(six, 11494)::text, 11490, 1000) AS first,
       hotp_match(six, hotp_at(six, 11494)::text, 11495, 1000) AS second FROM seed;

-- requirement 14: other spellings match; what is no code of this secret, does not, and is no error.
SELECT what, hotp_match(six, text, 0, 9)
  FROM seed, (VALUES ('spaces', ' 755 224 '),
                     ('hyphen', '755-224'),
                     ('non-breaking hyphen', U&'755\2011224'),
                     ('full-width digits', U&'\FF17\FF15\FF15\FF12\FF12\FF14'),
                     ('Arabic-Indic digits', U&'\0667\0665\0665\0662\0662\0664'),
                     ('a digit more', '7552240'), ('a zero before', '0755224'), ('a digit less', '75522'),
                     ('wrong', '755225'), ('nothing', ''), ('3 letters', 'abc'), ('6 letters', 'abcdef'),
                     ('other characters', '755224!'), ('33 digits', repeat('7', 33))) AS guess (what, text);

-- NULL gives NULL.
SELECT hotp_at(NULL, 0) IS NULL AS a, hotp_at(six, NULL) IS NULL AS b, totp_at(NULL, now()) IS NULL AS c,
       totp_at(six, NULL) IS NULL AS d, hotp_match(NULL, '755224', 0) IS NULL AS e,
       hotp_match(six, NULL, 0) IS NULL AS f, hotp_match(six, '755224', NULL) IS NULL AS g,
       hotp_match(six, '755224', 0, NULL) IS NULL AS h, totp_match(NULL, '755224', 'epoch') IS NULL AS i,
       totp_match(six, NULL, 'epoch') IS NULL AS j, totp_match(six, '755224', NULL) IS NULL AS k,
       totp_match(six, '755224', 'epoch', NULL) IS NULL AS l
  FROM seed;
