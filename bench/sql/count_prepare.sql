-- What bench/part/instructions.sh runs in a single-user backend: a loop for each kind of call, over
-- the same users, either in one transaction or each call in its own.  Each round has users of its own;
-- those of a round of right guesses have fresh codes, in table turn.
CREATE FUNCTION bench_count(text) RETURNS void LANGUAGE c STRICT AS :'module';
CREATE TABLE turn (round integer NOT NULL, u text NOT NULL, code text);
INSERT INTO turn
  SELECT round, u, CASE WHEN round = ANY (:'right'::integer[]) THEN otp_issue(u)::text END
    FROM generate_series(0, :users - 1) AS i,
         LATERAL (SELECT i / :calls AS round, 'u' || (i::bigint * 7919) % :users AS u) AS user_of_turn;
CREATE INDEX ON turn (round);
VACUUM ANALYZE turn;
VACUUM otp_challenge;

CREATE PROCEDURE count_loop(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;

CREATE PROCEDURE count_bare(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
    UPDATE bare SET a = a + 1, b = clock_timestamp(), c = c + 1 WHERE id = r.u;
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;

CREATE PROCEDURE count_issue(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  code otp;
BEGIN
  FOR r IN SELECT u FROM turn WHERE round = this LOOP
    code := otp_issue(r.u);
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;

CREATE PROCEDURE count_right(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  accepted boolean;
BEGIN
  FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
    accepted := otp_verify(r.u, r.code);
    ASSERT accepted, 'a right guess was refused';
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;

CREATE PROCEDURE count_wrong(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  accepted boolean;
BEGIN
  FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
    accepted := otp_verify(r.u, 'wrong');
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;

CREATE PROCEDURE count_refused(this integer, own boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  accepted boolean;
BEGIN
  FOR r IN SELECT u, code FROM turn WHERE round = this LOOP
    accepted := otp_verify(r.u || '-unknown', 'wrong');
    IF own THEN COMMIT; END IF;
  END LOOP;
END $$;
