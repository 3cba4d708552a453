-- Prints class and nanoseconds of wrong guesses, which differ by :test.  No user is guessed at
-- more often than the limits bear, and no guess comes twice.
SET synchronous_commit = off;
CREATE TEMP TABLE sample (class integer, ns bigint);
SELECT set_config('bench.test', :'test', false), set_config('bench.samples', :'samples', false) \g /dev/null
DO $$
DECLARE
  test CONSTANT text := current_setting('bench.test');
  verify CONSTANT regprocedure := 'otp_verify(text, text, text, text)';
  codes CONSTANT text[] := ARRAY(SELECT code FROM live ORDER BY i);
  code text;
  tail text;
  name text;
  class integer;
  users text[];
  guesses text[];
BEGIN
  FOR n IN 0 .. current_setting('bench.samples')::integer - 1 LOOP
    code := codes[n % 1000 + 1];
    name := to_char(n % 1000, 'fm0000');
    -- other last digits than the code's, and for each guess of a user other ones
    tail := lpad(((right(code, 4)::integer + 1 + n / 1000) % 10000)::text, 4, '0');
    guesses := ARRAY[left(code, 28) || tail,
                     (left(code, 1)::integer + 5) % 10 || substr(code, 2, 27) || tail];
    users := CASE test WHEN 'digit' THEN ARRAY['k' || name, 'k' || name]
                       WHEN 'unknown' THEN ARRAY['k' || name, 'x' || name]
                       WHEN 'locked' THEN ARRAY['k' || name, 'l' || name] END;
    IF test <> 'digit' THEN
      guesses[1] := guesses[2];
    END IF;
    class := (random() < 0.5)::integer;
    INSERT INTO sample
      VALUES (class, bench_refusal(verify, users[class + 1], guesses[class + 1], 'timing', ''));
  END LOOP;
END $$;
SELECT class || ' ' || ns FROM sample;
