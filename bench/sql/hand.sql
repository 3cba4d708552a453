-- What one would write by hand: a salted hash of the code, an attempts column, a row lock while the
-- guess is judged.  A rollback of the caller's forgets the attempt; that is what otp is for.
SET client_min_messages = warning;
DROP TABLE IF EXISTS hand;
CREATE TABLE hand (
  user_id text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  salt bytea NOT NULL,
  hash bytea NOT NULL,
  attempts integer NOT NULL,
  expires_at timestamptz NOT NULL,
  spent boolean NOT NULL,
  PRIMARY KEY (user_id, purpose)
) WITH (fillfactor = 70);

CREATE OR REPLACE FUNCTION hand_issue(of_user text, of_purpose text DEFAULT 'login') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  random bytea := uuid_send(gen_random_uuid());
  code text := lpad(((('x' || encode(substr(random, 1, 4), 'hex'))::bit(32)::bigint) % 1000000)::text, 6, '0');
  fresh_salt bytea := uuid_send(gen_random_uuid());
BEGIN
  INSERT INTO hand AS h
    VALUES (of_user, of_purpose, fresh_salt, sha256(fresh_salt || code::bytea), 0,
            clock_timestamp() + interval '10 minutes', false)
    ON CONFLICT (user_id, purpose) DO UPDATE
      SET salt = excluded.salt, hash = excluded.hash, attempts = 0,
          expires_at = excluded.expires_at, spent = false;
  RETURN code;
END $$;

CREATE OR REPLACE FUNCTION hand_verify(of_user text, code text, of_purpose text DEFAULT 'login') RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  h hand;
BEGIN
  SELECT * INTO h FROM hand WHERE user_id = of_user AND purpose = of_purpose FOR UPDATE;
  IF NOT FOUND OR h.spent OR h.expires_at <= clock_timestamp() OR h.attempts >= 100 THEN
    RETURN false;
  END IF;
  IF h.hash = sha256(h.salt || code::bytea) THEN
    UPDATE hand SET spent = true WHERE user_id = of_user AND purpose = of_purpose;
    RETURN true;
  END IF;
  UPDATE hand SET attempts = attempts + 1 WHERE user_id = of_user AND purpose = of_purpose;
  RETURN false;
END $$;

SELECT count(hand_issue('u' || i)) FROM generate_series(0, :users - 1) AS i;
VACUUM (ANALYZE, FREEZE) hand;
