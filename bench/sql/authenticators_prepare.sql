-- Users with so many TOTP authenticators each, one with an HOTP token, one with recovery codes and one with neither, 3000 of each
-- kind.  A time step is a day, so that codes can be computed before.
UPDATE otp_policy SET max_attempts = 100, free_guesses = 100, forgive_every = '1 minute', lifetime = '1 day', trail = 'none';
CREATE TABLE bearer AS
  SELECT kind || '-' || i AS u, kind, n
    FROM (VALUES ('issued', 0), ('totp1', 1), ('totp2', 2), ('totp5', 5), ('hotp', 1), ('recovery', 0)) AS kinds (kind, n),
         generate_series(1, 3000) AS i;
CREATE FUNCTION bearer_secret(u text, n integer) RETURNS otp_secret
  LANGUAGE sql IMMUTABLE AS $$ SELECT otp_secret(sha256(convert_to(u || n, 'UTF8')), 'SHA1', 6, 86400) $$;
DO $$
DECLARE
  b record;
BEGIN
  FOR b IN SELECT u, kind, i FROM bearer, generate_series(1, n) AS i LOOP
    PERFORM otp_enroll(b.u, CASE b.kind WHEN 'hotp' THEN 'hotp' ELSE 'totp' END, secret => bearer_secret(b.u, b.i));
    UPDATE otp_credential SET state = 'a', expires_at = 'infinity' WHERE user_id = b.u;
  END LOOP;
END $$;
CREATE TABLE bearer_recovery AS
  SELECT u, (SELECT c::text FROM otp_recovery_codes(u) AS c LIMIT 1) AS c FROM bearer WHERE kind = 'recovery';
VACUUM ANALYZE;
