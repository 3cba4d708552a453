-- Prints name and milliseconds of each query over the million rows.
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE result (name text, ms double precision);
DO $$
DECLARE
  start timestamptz;
  n bigint;
  one otp_secret := 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
BEGIN
  start := clock_timestamp();
  SELECT count(t) INTO n FROM moment;
  INSERT INTO result VALUES ('count_only', extract(epoch FROM clock_timestamp() - start) * 1e3);

  start := clock_timestamp();
  SELECT count(totp_at(one, t)) INTO n FROM moment;
  INSERT INTO result VALUES ('totp_at_one_secret', extract(epoch FROM clock_timestamp() - start) * 1e3);

  start := clock_timestamp();
  SELECT count(totp_at(s, t)) INTO n FROM moment;
  INSERT INTO result VALUES ('totp_at_many_secrets', extract(epoch FROM clock_timestamp() - start) * 1e3);

  start := clock_timestamp();
  SELECT count(totp_match(s, '123456', t)) INTO n FROM moment;
  INSERT INTO result VALUES ('totp_match_drift_1', extract(epoch FROM clock_timestamp() - start) * 1e3);
END $$;
SELECT name, ms FROM result;
