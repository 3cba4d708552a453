-- 30,000 calls of each kind in one session and one transaction; prints kind and microseconds per
-- call.  synchronous_commit is off, so that it is the server's work that is timed, not the disk.
VACUUM bare;
VACUUM otp_challenge;
SET synchronous_commit = off;
CREATE TEMP TABLE result (kind text, us double precision);
CREATE TEMP TABLE issued AS
  SELECT 'u' || i AS u, p::text AS p, otp_issue('u' || i, p)::text AS c
    FROM generate_series(0, 9999) AS i, unnest('{a,b,c}'::text[]) AS p;
BEGIN;
DO $$
DECLARE
  start timestamptz;
  code otp;
  verdict boolean;
  r record;
  accepted integer := 0;
  rejected integer := 0;
BEGIN
  start := clock_timestamp();
  FOR i IN 1..30000 LOOP
    UPDATE bare SET a = a + 1, b = clock_timestamp(), c = c + 1 WHERE id = 'u' || i % 10000;
  END LOOP;
  INSERT INTO result VALUES ('bare', extract(epoch FROM clock_timestamp() - start) * 1e6 / 30000);

  start := clock_timestamp();
  FOR i IN 1..30000 LOOP
    code := otp_issue('u' || i % 10000);
  END LOOP;
  INSERT INTO result VALUES ('issue', extract(epoch FROM clock_timestamp() - start) * 1e6 / 30000);

  start := clock_timestamp();
  FOR i IN 1..30000 LOOP
    verdict := otp_verify('u' || i % 10000, 'wrong' || i);
    rejected := rejected + (NOT verdict)::integer;
  END LOOP;
  INSERT INTO result VALUES ('wrong', extract(epoch FROM clock_timestamp() - start) * 1e6 / 30000);

  start := clock_timestamp();
  FOR r IN SELECT * FROM issued LOOP
    verdict := otp_verify(r.u, r.c, r.p);
    accepted := accepted + verdict::integer;
  END LOOP;
  INSERT INTO result VALUES ('right', extract(epoch FROM clock_timestamp() - start) * 1e6 / 30000);
  ASSERT accepted = 30000 AND rejected = 30000, 'a call was refused';
END $$;
SELECT kind, us FROM result;
COMMIT;
