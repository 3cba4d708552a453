-- Prints name and microseconds per call, of this process's own time: each side in turn, over as many of the rows as take a while.
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE result (name text, us double precision);
DO $$
DECLARE
  side record;
  start bigint;
BEGIN
  PERFORM count(*) FROM code_row;
  FOR side IN SELECT * FROM (VALUES
      ('scan', 't', 1000000),
      ('empty', 'bench_empty($1, t)', 1000000),
      ('one', 'totp_at($1, t)', 1000000),
      ('many', 'totp_at(secret, t)', 1000000),
      ('match_one', 'totp_match($1, ''123456'', t)', 500000),
      ('match_many', 'totp_match(secret, ''123456'', t)', 500000),
      ('peer_raw_key', 'peer_raw_key(key, t)', 100000),
      ('peer_base32', 'peer_base32(base32, t)', 5000)) AS v (name, call, calls) LOOP
    start := bench_cpu();
    EXECUTE format('SELECT count(%s) FROM (SELECT * FROM code_row LIMIT %s) AS s', side.call, side.calls)
      USING otp_secret('12345678901234567890'::bytea);
    INSERT INTO result
      VALUES (side.name, (bench_cpu() - start) / 1e3 / side.calls);
  END LOOP;
END $$;
SELECT name || ' ' || us FROM result;
