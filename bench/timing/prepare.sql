-- 1000 users with a live code of 32 digits (k0000 …), 1000 who are locked besides (l0000 …); nobody is
-- x0000 ….  Limits so wide that nobody else is locked: 100 wrong guesses each.
SET synchronous_commit = off;
SET client_min_messages = warning;
TRUNCATE otp_challenge, otp_budget, otp_event;
UPDATE otp_policy SET trail = :'trail', max_attempts = 100, free_guesses = 100,
  forgive_every = '1 minute', first_delay = '1 day', longest_delay = '1 day'
  WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, length, alphabet, lifetime) VALUES ('timing', 32, 'digits', '1 day')
  ON CONFLICT DO NOTHING;
DROP TABLE IF EXISTS live;
CREATE TABLE live AS
  SELECT i, otp_issue('k' || to_char(i, 'fm0000'), 'timing')::text AS code FROM generate_series(0, 999) AS i;
SELECT count(otp_issue('l' || to_char(i, 'fm0000'), 'timing')) FROM generate_series(0, 999) AS i \g /dev/null
SELECT count(otp_verify('l' || to_char(i, 'fm0000'), 'wrong' || n, 'timing'))
  FROM generate_series(0, 999) AS i, generate_series(1, 101) AS n \g /dev/null
VACUUM (FREEZE) otp_challenge;
VACUUM (FREEZE) otp_budget;
CHECKPOINT;
