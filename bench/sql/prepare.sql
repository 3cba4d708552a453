\set issued 1000000
-- Users u0 to u(N-1), each with an issued code, a budget and a row of the bare table.
-- The trail has some rows already, so many that new ones stand behind the first range of pages of its
-- BRIN index, the only one that is summarized before a vacuum.
-- Limits so wide that no guess of the benchmark is refused, and codes that outlive it.
SET client_min_messages = warning;
TRUNCATE otp_challenge, otp_budget, otp_event;
UPDATE otp_policy SET trail = :'trail', lifetime = '1 day', max_attempts = 100, free_guesses = 100,
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
SELECT count(otp_issue('u' || i)) FROM generate_series(0, least(:users, :issued) - 1) AS i;
-- Rows like theirs for the rest, so that ten million take minutes.
INSERT INTO otp_budget
  SELECT 0, 0, 'epoch', -1, 0, 0, 0, 0, 0, 0, 0, 0, 'u' || i FROM generate_series(:issued, :users - 1) AS i;
INSERT INTO otp_challenge
  SELECT c.issued_at, c.expires_at, 0, 0, c.key_id, c.length, c.alphabet, b.ctid, 'l', gen_random_uuid(), b.user_id, 'login'
    FROM otp_budget AS b, (SELECT * FROM otp_challenge WHERE user_id = 'u0') AS c
    WHERE :users > :issued AND NOT EXISTS (SELECT FROM otp_challenge AS o WHERE o.user_id = b.user_id);

VACUUM (ANALYZE, FREEZE) bare;
VACUUM (FREEZE) otp_challenge;
VACUUM (FREEZE) otp_budget;
CHECKPOINT;
