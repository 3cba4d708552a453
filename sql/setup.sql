-- The extension, and what the other files use.

-- The first one in a cluster makes the master key file and says so; the others are silent.
SET client_min_messages = error;
CREATE EXTENSION otp;
RESET client_min_messages;
SELECT extnamespace::regnamespace, extversion = (SELECT default_version FROM pg_available_extensions
                                                 WHERE name = 'otp') AS is_default
  FROM pg_extension WHERE extname = 'otp';

-- What a command fails with: SQLSTATE and message and, if in_full, detail and hint.
CREATE FUNCTION failure(command text, in_full boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE command;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT;
  RETURN sqlstate || ' ' || message ||
    CASE WHEN in_full THEN ' | ' || detail || ' | ' || hint ELSE '' END;
END $$;

-- Another code of 6 digits than `code`: surely wrong, and for each n < 1000000 another one.
CREATE FUNCTION wrong(code text, n integer DEFAULT 1) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN lpad(((code::bigint + n) % 1000000)::text, 6, '0');

SELECT wrong('999999'), wrong('000041', 2);

-- Issues until the code is another one than `code`, so that this one is surely wrong.
CREATE FUNCTION issue_unlike(code text, user_id text, purpose text DEFAULT 'login',
                             context text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  fresh text;
BEGIN
  LOOP
    fresh := otp_issue(user_id, purpose, context)::text;
    IF fresh <> code THEN
      RETURN fresh;
    END IF;
  END LOOP;
END $$;

-- How many wrong guesses are charged to a user.
CREATE FUNCTION charged(claimed text) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT total FROM otp_budget WHERE user_id = claimed), 0)
$$;

-- What the base script put into otp_policy, and how to have it again.
CREATE TABLE shipped_policy AS TABLE otp_policy;
TABLE shipped_policy;
CREATE FUNCTION reset_policy() RETURNS void
LANGUAGE sql AS $$
  DELETE FROM otp_policy;
  INSERT INTO otp_policy TABLE shipped_policy;
$$;
