-- Table otp_event: the trail.
-- Requirements: 17, 24, 40, 41.

INSERT INTO otp_policy (purpose, trail) VALUES ('all', 'all'), ('rejections', 'rejections'), ('none', 'none');
UPDATE otp_policy SET free_guesses = 100, max_attempts = 3 WHERE purpose = 'default';

-- Everything that can happen to a code, in one transaction.
CREATE FUNCTION happen(claimed text, purpose text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  code text := otp_issue(claimed, purpose);
BEGIN
  PERFORM otp_resend(claimed, purpose);
  PERFORM otp_verify(claimed, wrong(code), purpose);
  PERFORM otp_verify(claimed, wrong(code), purpose);
  PERFORM otp_verify(claimed, code, purpose);
  PERFORM otp_verify(claimed, code, purpose);
  PERFORM otp_verify(claimed, 'malformed!', purpose);
  PERFORM otp_issue(claimed, purpose);
  PERFORM otp_cancel(claimed, purpose);
  PERFORM otp_verify(claimed, code, purpose);
  PERFORM otp_cancel(claimed, purpose);
  PERFORM otp_resend(claimed, purpose);
  code := otp_issue(claimed, purpose);
  UPDATE otp_challenge c SET expires_at = clock_timestamp() WHERE c.user_id = claimed AND c.purpose = happen.purpose;
  PERFORM otp_verify(claimed, code, purpose);
  code := otp_issue(claimed, purpose);
  PERFORM otp_verify(claimed, wrong(code, n), purpose) FROM generate_series(1, 4) AS n;
END $$;
-- The rows of a user in their order; they have no number, but a transaction writes them one by one.
CREATE FUNCTION trail(claimed text, OUT purpose text, OUT event text, OUT reason text, OUT method text) RETURNS SETOF record
LANGUAGE sql AS $$
  SELECT purpose, event, reason, method FROM otp_event WHERE user_id = claimed ORDER BY at, ctid
$$;

-- requirement 40: after a commit, all that happened is there, as `trail` says.  The same wrong guess
-- again is another rejection; what cannot be a code is none.
SELECT happen('events-1', 'all'), happen('events-1', 'rejections'), happen('events-1', 'none');
SELECT * FROM trail('events-1') WHERE purpose = 'all';
SELECT * FROM trail('events-1') WHERE purpose = 'rejections';
SELECT * FROM trail('events-1') WHERE purpose = 'none';

-- requirement 40: after a rollback, the rejections are there.
BEGIN;
SELECT happen('events-2', 'all');
SAVEPOINT s;
SELECT happen('events-2', 'rejections');
ROLLBACK TO s;
SELECT happen('events-2', 'none');
SELECT event, count(*) FROM trail('events-2') GROUP BY event ORDER BY event;
ROLLBACK;
SELECT * FROM trail('events-2');

-- Of a guess in a delay the trail says `locked`; of an unknown user, or none, `no_code`.
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour' WHERE purpose = 'default';
DELETE FROM otp_event WHERE user_id = '';
SELECT otp_issue('events-3')::text AS code \gset
SELECT otp_verify('events-3', wrong(:'code')), otp_verify('events-3', :'code'), otp_verify('events-nobody', :'code'), otp_verify(NULL, :'code');
SELECT * FROM trail('events-3');
SELECT * FROM trail('events-nobody');
SELECT * FROM trail('');

-- Who and whence: the session's role, not the one set; the application's name; no address on a socket.
CREATE ROLE regress_otp_app;
SELECT otp_grant('regress_otp_app', 'application');
SET application_name = 'till 7';
SET ROLE regress_otp_app;
SELECT otp_issue('events-4') IS NOT NULL AS issued, otp_verify('events-4', '1234567');
RESET ROLE;
RESET application_name;
SELECT event, role = session_user AS role, client_addr IS NOT DISTINCT FROM inet_client_addr() AS client_addr,
       application_name, at <= clock_timestamp() AND at > now() - interval '1 day' AS at
  FROM otp_event WHERE user_id = 'events-4' ORDER BY at;
-- requirement 17: the time is the clock's, not the transaction's.
BEGIN;
SELECT otp_issue('events-5')::text AS code \gset
SELECT otp_verify('events-5', wrong(:'code'));
SELECT count(*), bool_and(at > now()) AS later, count(DISTINCT at) AS moments FROM otp_event WHERE user_id = 'events-5';
COMMIT;

-- requirement 24: no code is in it: neither those that were issued, nor what was guessed.
INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('long', 32, 'alphanumeric');
UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';
SELECT otp_issue('events-6', 'long', 'a context')::text AS code \gset
SELECT otp_verify('events-6', 'NOTTHISCODEATALL', 'long', 'a context'), otp_verify('events-6', :'code', 'long', 'a context');
SELECT count(*) AS rows, count(*) FILTER (WHERE e::text ~* (:'code' || '|NOTTHISCODEATALL|a context')) AS with_code
  FROM otp_event AS e WHERE user_id = 'events-6';

-- Indexes that a DBA adds are kept up, also by rows that outlive a rollback; so is the index on time.
CREATE FUNCTION uses(query text, index text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
    IF line LIKE '% ' || index || ' %' THEN
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END $$;
CREATE INDEX events_user ON otp_event (user_id);
CREATE INDEX events_rejected ON otp_event (lower(user_id)) WHERE event = 'rejected';
SELECT otp_issue('events-7')::text AS code \gset
BEGIN;
SELECT otp_verify('events-7', wrong(:'code'));
ROLLBACK;
SET enable_seqscan = off;
\set query 'SELECT event, reason FROM otp_event WHERE user_id = ''events-7'''
SELECT uses(:'query', 'events_user');
:query;
\set query 'SELECT event, reason FROM otp_event WHERE lower(user_id) = ''events-7'' AND event = ''rejected'''
SELECT uses(:'query', 'events_rejected');
:query;
DROP INDEX events_user, events_rejected;
\set query 'SELECT event, reason FROM otp_event WHERE at > now() - interval ''1 day'' AND user_id = ''events-7'''
SELECT uses(:'query', 'otp_event_at');
:query;
RESET enable_seqscan;

-- requirement 41: a permanent row is a row like any other, to DELETE, to a rollback, to VACUUM.
BEGIN;
DELETE FROM otp_event WHERE user_id = 'events-7' AND event = 'rejected';
SELECT * FROM trail('events-7');
ROLLBACK;
VACUUM FREEZE otp_event;
SELECT * FROM trail('events-7');
DELETE FROM otp_event WHERE user_id = 'events-7' AND event = 'rejected';
VACUUM otp_event;
SELECT * FROM trail('events-7');

DROP FUNCTION uses;
DROP OWNED BY regress_otp_app;
DROP ROLE regress_otp_app;
DROP FUNCTION happen;
DROP FUNCTION trail;
SELECT reset_policy();
