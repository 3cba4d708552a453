-- Type otp_secret.
-- Requirements: 22, 24.

-- Base32, in every way in which people write it, is one secret: SHA1, 6 digits, 30 seconds.
SELECT text, text::otp_secret, otp_secret_key(text::otp_secret)
  FROM (VALUES ('JBSWY3DPEHPK3PXP'),
               ('jbswy3dpehpk3pxp'),
               ('JbSwY3dPeHpK3pXp'),
               ('JBSW Y3DP EHPK 3PXP'),
               ('jbsw-y3dp-ehpk-3pxp'),
               (' JBSWY3DPEHPK3PXP ')) AS written (text);

-- Padding may be there or not, for every length of the last group.
SELECT padded::otp_secret AS padded, bare::otp_secret AS bare, otp_secret_key(padded::otp_secret) AS key
  FROM (VALUES ('GE======', 'GE'), ('GEZA====', 'GEZA'), ('GEZDG===', 'GEZDG'),
               ('GEZDGNA=', 'GEZDGNA'), ('GEZDGNBV', 'GEZDGNBV'),
               ('GEZD GNBV GY== ====', 'GEZDGNBVGY')) AS written (padded, bare);

-- otpauth URIs: scheme, kind and algorithm in any case; what is not given is the default; label and
-- unknown parameters are passed over.  Output is Base32 only if all parameters are the default.
SELECT uri::otp_secret
  FROM (VALUES ('otpauth://totp/ACME:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=ACME'),
               ('otpauth://totp/?secret=JBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30'),
               ('OTPAUTH://TOTP/x?secret=jbswy3dpehpk3pxp&algorithm=sha256'),
               ('otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=SHA512&digits=8&period=60'),
               ('otpauth://totp/x?digits=7&secret=JBSW%20Y3DP%2dEHPK3PXP&image=http%3A%2F%2Fx%2Fy'),
               ('otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=31&'),
               ('otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&&digits=10'),
               ('otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP&counter=42&digits=8')) AS written (uri);

-- What comes in wrong is refused, with the place where it is wrong and without being repeated
-- (requirement 24).
SELECT what, failure(format('SELECT %L::otp_secret', text), true)
  FROM (VALUES ('nothing', ''),
               ('separators', ' - '),
               ('padding alone', '===='),
               ('digit 1', 'JBSWY3DPEHPK3PX1'),
               ('digit 0 first', '0BSWY3DPEHPK3PXP'),
               ('letter beyond ASCII', U&'JBSW\00C4'),
               ('underscore', 'JBSW_Y3DP'),
               ('1 symbol', 'J'),
               ('3 symbols', 'JBS'),
               ('6 symbols', 'JBSWY3'),
               ('stray bits', 'JB'),
               ('padding within', 'JBSW=Y3D'),
               ('too little padding', 'GE==='),
               ('too much padding', 'GEZDGNA=='),
               ('1025 bytes', repeat('A', 1640))) AS bad (what, text);
SELECT what, failure(format('SELECT %L::otp_secret', uri), true)
  FROM (VALUES ('no slashes', 'otpauth:totp/x?secret=JBSWY3DPEHPK3PXP'),
               ('kind', 'otpauth://sotp/x?secret=JBSWY3DPEHPK3PXP'),
               ('no label', 'otpauth://totp?secret=JBSWY3DPEHPK3PXP'),
               ('no secret', 'otpauth://totp/x?digits=6'),
               ('no parameter', 'otpauth://totp/x'),
               ('empty secret', 'otpauth://totp/x?secret='),
               ('Base32', 'otpauth://totp/x?secret=JBSWY3D1'),
               ('Base32 behind an escape', 'otpauth://totp/x?secret=%4A%42SWY3D1'),
               ('5 digits', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=5'),
               ('11 digits', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=11'),
               ('digits in words', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=six'),
               ('period 0', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=0'),
               ('period beyond a day', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=86401'),
               ('negative counter', 'otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP&counter=-1'),
               ('algorithm', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=MD5'),
               ('secret twice', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&secret=GEZDGNBV'),
               ('digits twice', 'otpauth://totp/x?digits=6&secret=JBSWY3DPEHPK3PXP&digits=6'),
               ('escape', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP%2'),
               ('fragment', 'otpauth://totp/x#y?secret=JBSWY3DPEHPK3PXP'),
               ('line feed', E'otpauth://totp/x\n?secret=JBSWY3DPEHPK3PXP')) AS bad (what, uri);

-- A secret from a raw key.  A literal alone is Base32, because type('literal') is a cast in PostgreSQL.
SELECT otp_secret('\x48656c6c6f21deadbeef'::bytea), otp_secret('\x48656c6c6f21deadbeef', 'sha256', 8, 60),
       otp_secret('\x48656c6c6f21deadbeef', digits => 7), otp_secret('JBSWY3DPEHPK3PXP');

-- Casts from text and bytea are implicit and take the default parameters.
SELECT otp_secret_key('JBSWY3DPEHPK3PXP'::text), otp_secret_key('\x48656c6c6f21deadbeef'::bytea),
       hotp_at('JBSWY3DPEHPK3PXP'::text, 0) = hotp_at('\x48656c6c6f21deadbeef'::bytea, 0) AS same;
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
  WHERE casttarget = 'otp_secret'::regtype OR castsource = 'otp_secret'::regtype ORDER BY 1, 2;

-- Bounds of what a secret can have.
SELECT what, failure(command, true)
  FROM (VALUES ('no key', $$SELECT otp_secret(''::bytea)$$),
               ('no key in a cast', $$SELECT ''::bytea::otp_secret$$),
               ('1 byte', $$SELECT otp_secret('\x00'::bytea)$$),
               ('1024 bytes', $$SELECT otp_secret(decode(repeat('00', 1024), 'hex'))$$),
               ('1025 bytes', $$SELECT otp_secret(decode(repeat('00', 1025), 'hex'))$$),
               ('1025 bytes in a cast', $$SELECT decode(repeat('00', 1025), 'hex')::otp_secret$$),
               ('5 digits', $$SELECT otp_secret('\x00', digits => 5)$$),
               ('11 digits', $$SELECT otp_secret('\x00', digits => 11)$$),
               ('period 0', $$SELECT otp_secret('\x00', period => 0)$$),
               ('period beyond a day', $$SELECT otp_secret('\x00', period => 86401)$$),
               ('algorithm', $$SELECT otp_secret('\x00', 'MD5')$$),
               ('no algorithm', $$SELECT otp_secret('\x00', '')$$)) AS attempt (what, command);
SELECT otp_secret(NULL::bytea) IS NULL AS key, otp_secret('\x00', NULL) IS NULL AS algorithm,
       otp_secret('\x00', digits => NULL) IS NULL AS digits, otp_secret_key(NULL) IS NULL AS secret;

-- requirement 22: generated secrets have 160 bits by default, 128 at least, and are all different.
SELECT octet_length(otp_secret_key(otp_secret_generate()));
SELECT octet_length(otp_secret_key(otp_secret_generate(16))) AS least,
       octet_length(otp_secret_key(otp_secret_generate(1024))) AS most,
       otp_secret_generate(32, 'SHA512', 8, 60)::text
         ~ '^otpauth://totp/\?secret=[A-Z2-7]{52}&algorithm=SHA512&digits=8&period=60$' AS uri;
SELECT what, failure(command)
  FROM (VALUES ('15 bytes', 'SELECT otp_secret_generate(15)'),
               ('1025 bytes', 'SELECT otp_secret_generate(1025)'),
               ('negative', 'SELECT otp_secret_generate(-20)'),
               ('5 digits', 'SELECT otp_secret_generate(digits => 5)'),
               ('period 0', 'SELECT otp_secret_generate(period => 0)'),
               ('algorithm', $$SELECT otp_secret_generate(20, 'SHA-3')$$)) AS attempt (what, command);

-- in(out(x)) = x for all algorithms and digits, periods and lengths of the key.  otp_secret_send
-- shows all that a secret is made of.
CREATE TEMP TABLE generated AS
  SELECT otp_secret_generate(bytes, algorithm, digits, period) AS secret
    FROM generate_series(16, 40) AS bytes, unnest(ARRAY['SHA1', 'SHA256', 'SHA512']) AS algorithm,
         generate_series(6, 10) AS digits, unnest(ARRAY[1, 29, 30, 60, 86400]) AS period;
SELECT count(*), count(DISTINCT otp_secret_key(secret)) AS keys, count(DISTINCT secret::text) AS texts,
       count(*) FILTER (WHERE otp_secret_send(secret) = otp_secret_send(secret::text::otp_secret)) AS same
  FROM generated;
SELECT count(*) FILTER (WHERE otp_secret_send(secret) = otp_secret_send(secret::text::otp_secret)) AS same,
       count(*) FILTER (WHERE octet_length(otp_secret_key(secret)) = bytes) AS whole
  FROM (SELECT bytes, otp_secret(substr(long, 1, bytes), algorithm) AS secret
          FROM generate_series(1, 1024) AS bytes, unnest(ARRAY['SHA1', 'SHA256']) AS algorithm,
               (SELECT decode(string_agg(md5(n::text), ''), 'hex') AS long
                  FROM generate_series(1, 64) AS n) AS key) AS made;

-- A secret can be stored and comes back as it was, however long.
CREATE TEMP TABLE stored AS
  SELECT otp_secret(decode(repeat('5a', bytes), 'hex'), 'SHA256', 8, 60) AS secret
    FROM unnest(ARRAY[1, 100, 126, 127, 1024]) AS bytes;
SELECT octet_length(otp_secret_key(secret)), otp_secret_key(secret) = decode(repeat('5a', octet_length(
         otp_secret_key(secret))), 'hex') AS same, right(secret::text, 34) FROM stored;

-- Binary form: format 1, algorithm, digits, period, key; COPY takes out and in the same.
SELECT otp_secret_send(otp_secret('\x48656c6c6f21', 'SHA512', 8, 60));
\copy generated TO 'results/secret.data' (FORMAT binary)
CREATE TEMP TABLE returned (secret otp_secret);
\copy returned FROM 'results/secret.data' (FORMAT binary)
SELECT count(*) FROM (SELECT secret::text FROM generated INTERSECT SELECT secret::text FROM returned) AS same;

-- What comes in binary form is checked: the format, the algorithm, all bounds.
TRUNCATE returned;
\set VERBOSITY sqlstate
\copy (SELECT '\x0208060000001e5a'::bytea) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\set VERBOSITY terse
\copy (SELECT '\x01ff060000001e5a'::bytea) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT set_byte(otp_secret_send('GE'), 2, 5)) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT set_byte(otp_secret_send('GE'), 2, 11)) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT set_byte(otp_secret_send('GE'), 6, 0)) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT set_byte(otp_secret_send('GE'), 3, 255)) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT substr(otp_secret_send('GE'), 1, 7)) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT otp_secret_send('GE') || decode(repeat('00', 1024), 'hex')) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT '\x0108'::bytea) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\copy (SELECT ''::bytea) TO 'results/secret.data' (FORMAT binary)
\copy returned FROM 'results/secret.data' (FORMAT binary)
\set VERBOSITY default
TABLE returned;
