-- Each user's right code, and a wrong one, by kind, in one session and one transaction; prints kind and
-- microseconds per call.  synchronous_commit is off, so that it is the server's work that is timed, not the disk.
SET synchronous_commit = off;
UPDATE otp_credential SET last_position = -1;
UPDATE otp_recovery SET spent = 0;
VACUUM otp_credential, otp_recovery, otp_challenge, otp_budget;
CREATE TEMP TABLE result (kind text, us double precision);
CREATE TEMP TABLE guess AS
  SELECT u, kind, CASE kind WHEN 'issued' THEN otp_issue(u)::text
                            WHEN 'hotp' THEN hotp_at(bearer_secret(u, 1), 0)::text
                            WHEN 'recovery' THEN (SELECT c FROM bearer_recovery AS r WHERE r.u = b.u)
                            ELSE totp_at(bearer_secret(u, n), clock_timestamp())::text END AS c
    FROM bearer AS b;
CREATE INDEX ON guess (kind);
ANALYZE guess;
BEGIN;
DO $$
DECLARE
  name text;
  start timestamptz;
  r record;
  accepted integer;
  kinds text[] := '{issued,totp1,totp2,totp5,hotp,recovery}';
BEGIN
  FOREACH name IN ARRAY kinds LOOP
    start := clock_timestamp();
    FOR r IN SELECT * FROM guess WHERE kind = name LOOP
      PERFORM otp_verify(r.u, CASE name WHEN 'recovery' THEN 'WRNGWRNGWRNG' ELSE 'WRNGWR' END);
    END LOOP;
    INSERT INTO result VALUES ('wrong_' || name, extract(epoch FROM clock_timestamp() - start) * 1e6 / 3000);
  END LOOP;
  FOREACH name IN ARRAY kinds LOOP
    accepted := 0;
    start := clock_timestamp();
    FOR r IN SELECT * FROM guess WHERE kind = name LOOP
      accepted := accepted + otp_verify(r.u, r.c)::integer;
    END LOOP;
    INSERT INTO result VALUES ('right_' || name, extract(epoch FROM clock_timestamp() - start) * 1e6 / 3000);
    ASSERT accepted = 3000, format('%s of 3000 are accepted: %s', accepted, name);
  END LOOP;
END $$;
SELECT kind, us FROM result;
ROLLBACK;
