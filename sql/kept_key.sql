-- A call site keeps the key of the last secret; that must never be another secret's.  The codes are
-- from Python's hmac.

-- Keys that are alike: other algorithms and digits of one, its beginning, its continuation, and
-- those that differ in the first or in the last byte.
CREATE TABLE likeness AS
  SELECT n, otp_secret(convert_to(key, 'UTF8'), algorithm, digits) AS secret, nth - 1 AS counter, code
    FROM (VALUES
            (1, '12345678901234567890', 'SHA1', 6, '{755224,287082,359152}'),
            (2, '12345678901234567890', 'SHA1', 8, '{84755224,94287082,37359152}'),
            (3, '12345678901234567890', 'SHA256', 6, '{875740,247374,254785}'),
            (4, '12345678901234567890', 'SHA512', 6, '{125165,342147,730102}'),
            (5, '12345678901234567891', 'SHA1', 6, '{504140,250087,471912}'),
            (6, '1234567890123456789', 'SHA1', 6, '{682688,155704,299099}'),
            (7, '123456789012345678901', 'SHA1', 6, '{849210,798304,374444}'),
            (8, '02345678901234567890', 'SHA1', 6, '{857660,311564,855041}'),
            (9, repeat('1234567890', 10), 'SHA1', 6, '{406211,367600,468830}'),
            (10, repeat('1234567890', 100), 'SHA512', 10, '{1155363039,1650662131,1569663704}'),
            (11, '7', 'SHA256', 8, '{46780524,70985447,21321941}'))
         AS likeness (n, key, algorithm, digits, codes),
         unnest(codes::text[]) WITH ORDINALITY AS c (code, nth);
CREATE FUNCTION is_right(secret otp_secret, counter bigint, code text) RETURNS boolean
LANGUAGE sql AS $$
  SELECT hotp_at(secret, counter) = code::otp AND hotp_match(secret, code, counter) = counter
     AND totp_at(secret, to_timestamp(30 * counter)) = code::otp
     AND totp_match(secret, code, to_timestamp(30 * counter), 0) = counter
$$;

-- Secrets that stay the same and secrets that alternate: every pair of neighbours, both ways.
SELECT count(*), bool_and(is_right(secret, counter, code)) FROM (SELECT * FROM likeness ORDER BY n) AS s;
SELECT count(*), bool_and(is_right(secret, counter, code)) FROM (SELECT * FROM likeness ORDER BY counter, n) AS s;
SELECT count(*), bool_and(is_right(secret, counter, code))
  FROM (SELECT s.* FROM likeness AS a, likeness AS b, LATERAL (VALUES
          (a.n, b.n, 1, a.secret, a.counter, a.code), (a.n, b.n, 2, b.secret, b.counter, b.code)) AS s (a, b, nth, secret, counter, code)
        WHERE a.counter = 0 AND b.counter = 1 ORDER BY 1, 2, 3) AS s;
-- A code of another secret does not match after that secret.
SELECT count(*), count(hotp_match(b.secret, a.code, a.counter)) AS matches
  FROM (SELECT * FROM likeness WHERE counter = 0 ORDER BY n) AS a,
       (SELECT * FROM likeness WHERE counter = 0) AS b
 WHERE a.n <> b.n AND hotp_match(a.secret, a.code, a.counter) = 0;

-- Plans that are reused, in one transaction and in several, after an error and after a rollback.
SET plan_cache_mode = force_generic_plan;
PREPARE code_of (otp_secret, bigint) AS SELECT hotp_at($1, $2), hotp_match($1, '755224', $2);
EXECUTE code_of (otp_secret('12345678901234567890'::bytea), 0);
EXECUTE code_of (otp_secret('12345678901234567890', 'SHA256'), 0);
BEGIN;
EXECUTE code_of (otp_secret('12345678901234567890'::bytea), 0);
SAVEPOINT a;
EXECUTE code_of (otp_secret('12345678901234567891'::bytea), 0);
ROLLBACK TO a;
EXECUTE code_of (otp_secret('12345678901234567890'::bytea), 0);
EXECUTE code_of (otp_secret('12345678901234567890'::bytea), -1);
ROLLBACK;
EXECUTE code_of (otp_secret('12345678901234567891'::bytea), 0);
EXECUTE code_of (otp_secret('12345678901234567890', 'SHA1', 8), 0);

-- PL/pgSQL keeps call sites for the whole transaction.  An error at one of them, before it has computed
-- anything or after, does no harm to the next call.
CREATE FUNCTION right_in_loop(fail boolean) RETURNS TABLE (calls integer, errors integer, all_right boolean)
LANGUAGE plpgsql AS $$
DECLARE
  v likeness;
  code otp;
BEGIN
  calls := 0; errors := 0; all_right := true;
  FOR v IN SELECT * FROM likeness ORDER BY counter, n LOOP
    FOR attempt IN 0 .. 2 LOOP
      BEGIN
        code := hotp_at(v.secret, CASE WHEN fail AND attempt = 1 THEN -1 ELSE v.counter END);
        calls := calls + 1;
        all_right := all_right AND code = v.code::otp;
        IF fail AND attempt = 2 THEN
          RAISE EXCEPTION 'undo';
        END IF;
      EXCEPTION WHEN invalid_parameter_value OR raise_exception THEN
        errors := errors + 1;
      END;
    END LOOP;
  END LOOP;
  RETURN NEXT;
END $$;
BEGIN;
SELECT * FROM right_in_loop(false);
SELECT * FROM right_in_loop(true);
SAVEPOINT a;
SELECT * FROM right_in_loop(true);
ROLLBACK TO a;
SELECT * FROM right_in_loop(false);
COMMIT;
SELECT * FROM right_in_loop(true);
DO $$
DECLARE
  v likeness;
BEGIN
  FOR round IN 1 .. 3 LOOP
    FOR v IN SELECT * FROM likeness ORDER BY counter, n LOOP
      ASSERT hotp_at(v.secret, v.counter) = v.code::otp;
      IF round = 2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
  END LOOP;
END $$;

-- Cursors that take turns, and one that outlives its transaction.
BEGIN;
DECLARE forth NO SCROLL CURSOR FOR SELECT hotp_at(secret, counter) = code::otp FROM likeness ORDER BY counter, n;
DECLARE back NO SCROLL CURSOR FOR SELECT hotp_at(secret, counter) = code::otp FROM likeness ORDER BY counter DESC, n DESC;
DECLARE held NO SCROLL CURSOR WITH HOLD FOR SELECT hotp_at(secret, counter) = code::otp AS right FROM likeness ORDER BY counter, n;
FETCH 2 FROM forth;
FETCH 2 FROM back;
FETCH 1 FROM forth;
FETCH 2 FROM held;
SAVEPOINT a;
FETCH 1 FROM back;
ROLLBACK TO a;
FETCH 1 FROM forth;
COMMIT;
FETCH 3 FROM held;
CLOSE held;

-- Generated columns, constraints.
CREATE TEMP TABLE generated (secret otp_secret, counter bigint, code text CHECK (hotp_match(secret, code, counter) = counter),
                             same otp GENERATED ALWAYS AS (hotp_at(secret, counter)) STORED);
INSERT INTO generated SELECT secret, counter, code FROM likeness ORDER BY counter, n;
SELECT count(*), bool_and(same = code::otp) FROM generated;

-- Parallel workers.
CREATE TABLE wide WITH (parallel_workers = 2, autovacuum_enabled = false) AS
  SELECT l.* FROM generate_series(1, 200) AS i, likeness AS l ORDER BY i, counter, n;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT failure($$DO 'DECLARE plan text; BEGIN
  EXECUTE ''EXPLAIN (FORMAT json) SELECT bool_and(hotp_at(secret, counter) = code::otp) FROM wide'' INTO plan;
  ASSERT plan LIKE ''%Gather%''; END'$$) AS is_parallel;
SELECT count(*), bool_and(hotp_at(secret, counter) = code::otp AND hotp_match(secret, code, counter) = counter) FROM wide;

-- A value that is no secret (only a superuser can forge one) is refused, and kept by nobody.
CREATE FUNCTION forge(bytea) RETURNS otp_secret LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';
SELECT what, failure(format('SELECT hotp_at(s, 0) FROM (VALUES (%L::otp_secret), (forge(%L)), (%1$L)) AS v (s)', 'GEZDGNBV', value)),
       failure(format('SELECT hotp_at(forge(%L), 0)', value)) AS as_the_first
  FROM (VALUES ('no key', '\x0101060000001e'::bytea),
               ('a byte too long', '\x0101060000001e' || convert_to(repeat('k', 1025), 'UTF8')),
               ('no key and half a header', '\x010106'),
               ('unknown algorithm', '\x0104060000001e6b'),
               ('too many digits', '\x01010b0000001e6b')) AS forged (what, value);

DROP TABLE likeness, wide CASCADE;
DROP FUNCTION is_right, forge, right_in_loop;
