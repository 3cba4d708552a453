-- Texts as QR codes.  test/t/015_qr.pl reads them back as a camera would.

\pset format unaligned
\pset tuples_only on
SELECT otp_qr('otpauth://totp/alice?secret=GEZDGNBV');
SELECT otp_qr('GEZDGNBV', 'utf8i');
SELECT otp_qr('GEZDGNBV', 'svg');
\pset format aligned
\pset tuples_only off

-- The two for terminals are each other's negative.
SELECT translate(otp_qr('a', 'utf8'), U&' \2580\2584\2588', U&'\2588\2584\2580 ') = otp_qr('a', 'utf8i') AS negative;

-- The signature of PNG, then width and height: 21 modules and 8 around them, of so many pixels; 1 bit, gray.
SELECT scale, octet_length(png) > 67 AS full, substr(png, 1, 8) AS signature, substr(png, 17, 4) AS width,
       substr(png, 21, 4) AS height, substr(png, 25, 2) AS kind
  FROM unnest(ARRAY[1, 8, 32]) AS scale, otp_qr_png('a', scale) AS png;
SELECT otp_qr_png('a') = otp_qr_png('a', 8) AS eight_by_default, otp_qr('a') = otp_qr('a', 'utf8') AS utf8_by_default;

-- NULL.
SELECT otp_qr(NULL) IS NULL AS content, otp_qr('a', NULL) IS NULL AS format,
       otp_qr_png(NULL) IS NULL AS content_of_png, otp_qr_png('a', NULL) IS NULL AS scale;

-- How much one holds.
SELECT split_part(otp_qr(repeat('a', 2331), 'svg'), '"', 4) AS bytes, split_part(otp_qr(repeat('A', 3391), 'svg'), '"', 4) AS capitals,
       split_part(otp_qr(repeat('1', 5596), 'svg'), '"', 4) AS digits, split_part(otp_qr(repeat(U&'\00FC', 1165), 'svg'), '"', 4) AS umlauts;

-- Refused.
SELECT failure('SELECT ' || call)
  FROM unnest(ARRAY[
    $$otp_qr('')$$, $$otp_qr('', 'svg')$$, $$otp_qr_png('')$$,
    $$otp_qr('a', 'png')$$, $$otp_qr('a', 'UTF8')$$, $$otp_qr('a', '')$$,
    $$otp_qr_png('a', 0)$$, $$otp_qr_png('a', 33)$$, $$otp_qr_png('a', -8)$$,
    $$otp_qr(repeat('a', 2332))$$, $$otp_qr(repeat('A', 3392), 'svg')$$, $$otp_qr_png(repeat('1', 5597))$$,
    $$otp_qr('a' || repeat(U&'\00FC', 1165))$$, $$otp_qr(repeat('a', 100000000))$$
  ]) AS call;
\pset format unaligned
SELECT failure($$SELECT otp_qr('a', 'ansi')$$, true);
SELECT failure($$SELECT otp_qr(repeat('a', 2332))$$, true);
\pset format aligned
