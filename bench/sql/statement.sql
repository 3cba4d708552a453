-- One statement over all users, each kind in its own transaction; prints kind and
-- milliseconds, then kind-locks and the locks that the transaction held at its end.
SET synchronous_commit = off;
CREATE TEMP TABLE result (kind text, ms double precision, locks bigint);
CREATE TEMP TABLE issued (u text, code text);
CREATE PROCEDURE pg_temp.measure(kind text, statement text, expected bigint) LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
  n bigint;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  ASSERT n = expected, format('%s: %s rows', kind, n);
  INSERT INTO result
    SELECT kind, extract(epoch FROM clock_timestamp() - start) * 1e3,
           (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid());
  COMMIT;
END $$;
VACUUM bare;
VACUUM otp_challenge;
CALL pg_temp.measure('bare', 'UPDATE bare SET a = a + 1, b = clock_timestamp(), c = c + 1', :users);
CALL pg_temp.measure('issue', 'INSERT INTO issued SELECT id, otp_issue(id) FROM bare', :users);
CALL pg_temp.measure('wrong', format('SELECT FROM bare WHERE NOT otp_verify(id, %L)', 'wrong' || :'round'), :users);
CALL pg_temp.measure('right', 'SELECT FROM issued WHERE otp_verify(u, code)', :users);
SELECT kind, ms FROM result;
SELECT kind || '-locks', locks FROM result;
