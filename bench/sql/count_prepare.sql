-- What bench/part/instructions.sh runs in a single-user backend: a loop for each kind of call, over
-- the same number of users, either in one transaction or each call in its own.  Each round has users of
-- its own, by chance, and their codes.
CREATE FUNCTION bench_count(text) RETURNS void LANGUAGE c STRICT AS :'module';
CREATE TABLE turn (u text NOT NULL, round integer NOT NULL, code text);
INSERT INTO turn
  SELECT 'u' || i, (row_number() OVER (ORDER BY hashint4(i)) - 1) / :calls FROM generate_series(0, :users - 1) AS i;
CREATE INDEX ON turn (round);
CREATE INDEX ON turn (u);

-- Both tables as they are after some time: full of dead rows as far as pages are pruned.
CREATE PROCEDURE age(seed integer) LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT u FROM turn ORDER BY hashtextextended(u, seed) LOOP
    UPDATE turn SET code = otp_issue(r.u)::text WHERE u = r.u;
    UPDATE bare SET a = a + 1 WHERE id = r.u;
    COMMIT;
  END LOOP;
END $$;
SET synchronous_commit = off;
CALL age(1);
CALL age(2);
VACUUM ANALYZE turn;

-- count_KIND(this, own): the calls of this round, each in a transaction of its own or all in one.
DO $$
DECLARE
  kind text;
  body text;
BEGIN
  FOR kind, body IN VALUES
    ('loop', ''),
    ('bare', 'UPDATE bare SET a = a + 1, b = clock_timestamp(), c = c + 1 WHERE id = r.u;'),
    ('issue', 'issued := otp_issue(r.u);'),
    ('right', $b$accepted := otp_verify(r.u, r.code); ASSERT accepted, 'a right guess was refused';$b$),
    ('wrong', $b$accepted := otp_verify(r.u, 'wrong');$b$),
    ('refused', $b$accepted := otp_verify(r.u || '-unknown', 'wrong');$b$)
  LOOP
    EXECUTE format('CREATE PROCEDURE count_%s(this integer, own boolean) LANGUAGE plpgsql AS %L', kind, format($p$
      DECLARE
        r record;
        issued otp;
        accepted boolean;
      BEGIN
        FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
          %s
          IF own THEN COMMIT; END IF;
        END LOOP;
      END $p$, body));
  END LOOP;
END $$;
