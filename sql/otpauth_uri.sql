-- The otpauth:// URI that an authenticator app reads.

SELECT otpauth_uri('JBSWY3DPEHPK3PXP', 'alice@example.com', 'ACME Co');
SELECT otpauth_uri('JBSWY3DPEHPK3PXP', 'alice');
SELECT otpauth_uri('JBSWY3DPEHPK3PXP', 'alice', kind => 'hotp', counter => 42);
SELECT otpauth_uri(otp_secret('\x3132333435', 'SHA512', 8, 60), 'alice', 'ACME', 'totp', 42);
SELECT otpauth_uri(otp_secret('\x3132333435', 'SHA256', 10, 60), 'alice', 'ACME', 'hotp', 9223372036854775807);

-- Every byte beyond the unreserved ones is escaped, in label and value.
SELECT otpauth_uri('JBSWY3DPEHPK3PXP', 'a+b c/d?e=f&g#h%i', E'"O\'Neill" <[~_.-]>');
SELECT otpauth_uri('JBSWY3DPEHPK3PXP', U&'J\00FCrgen \+01F511', U&'\682A\5F0F\4F1A\793E');

-- What is written is read as the same secret.
SELECT bool_and(otpauth_uri(secret, 'alice', 'ACME')::otp_secret::text = secret::text) AS same,
       bool_and(otp_secret_key(otpauth_uri(secret, 'alice', 'ACME', 'hotp', n))
                = otp_secret_key(secret)) AS same_key,
       count(*)
  FROM generate_series(1, 1024) AS n,
       otp_secret(decode(rpad('', 2 * n, encode(sha256(n::text::bytea), 'hex')), 'hex'), 'SHA' || (ARRAY[1, 256, 512])[1 + n % 3],
                  6 + n % 5, 1 + n) AS secret;

-- NULL but for the issuer.
SELECT otpauth_uri(NULL, 'alice') IS NULL AS secret, otpauth_uri('JBSWY3DPEHPK3PXP', NULL) IS NULL AS account,
       otpauth_uri('JBSWY3DPEHPK3PXP', 'alice', kind => NULL) IS NULL AS kind,
       otpauth_uri('JBSWY3DPEHPK3PXP', 'alice', counter => NULL) IS NULL AS counter,
       otpauth_uri('JBSWY3DPEHPK3PXP', 'alice', NULL) IS NOT NULL AS issuer;

-- Refused.
SELECT failure(format('SELECT otpauth_uri(''JBSWY3DPEHPK3PXP'', %s)', arguments))
  FROM unnest(ARRAY[
    $$''$$, $$'alice', ''$$,
    $$'al:ice'$$, $$'alice', 'ACME:'$$,
    $$E'al\nice'$$, $$'alice', E'\x7f'$$, $$'alice', U&'\0085'$$,
    $$repeat('x', 257)$$, $$'alice', repeat(U&'\00FC', 129)$$,
    $$'alice', kind => 'TOTP'$$, $$'alice', kind => ''$$, $$'alice', kind => 'hotp', counter => -1$$,
    $$'alice', counter => -1$$
  ]) AS arguments;
SELECT length(otpauth_uri('JBSWY3DPEHPK3PXP', repeat('x', 256), repeat(U&'\00FC', 128)));
