-- Users u0 to u(N-1), each with an issued code, a budget and a row of the bare table.
-- The trail has some rows already, so many that new ones stand behind the first range of pages of its
-- BRIN index, the only one that is summarized before a vacuum.
-- Limits so wide that no guess of the benchmark is refused.
SET client_min_messages = warning;
TRUNCATE otp_challenge, otp_budget, otp_event;
UPDATE otp_policy SET trail = :'trail', max_attempts = 100, free_guesses = 100,
  forgive_every = '1 minute', first_delay = '1 second', longest_delay = '1 second'
  WHERE purpose = 'default';
INSERT INTO otp_event (at, user_id, purpose, event)
  SELECT now(), 'u' || i, 'login', 'issued' FROM generate_series(1, 20000) AS i;
DROP TABLE IF EXISTS bare, code;
CREATE TABLE bare (
  id text COLLATE "C" PRIMARY KEY, a bigint NOT NULL, b timestamptz NOT NULL, c bigint NOT NULL,
  d bigint NOT NULL, nonce uuid NOT NULL
) WITH (fillfactor = 70);
INSERT INTO bare SELECT 'u' || i, 0, now(), 0, 0, gen_random_uuid() FROM generate_series(0, :users - 1) AS i;
CREATE TABLE code (id integer PRIMARY KEY, code text);
SELECT count(otp_issue('u' || i)) FROM generate_series(0, :users - 1) AS i;
SELECT count(otp_verify('u' || i, 'warm-up')) FROM generate_series(0, :users - 1) AS i;

VACUUM (ANALYZE, FREEZE) bare;
VACUUM (FREEZE) otp_challenge;
VACUUM (FREEZE) otp_budget;
CHECKPOINT;
