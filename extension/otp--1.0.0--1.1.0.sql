/* otp 1.1.0 */

\echo Use "ALTER EXTENSION otp UPDATE TO '1.1.0'" to load this file. \quit

--
-- The trail for auditors
--

CREATE VIEW @extschema@.otp_activity AS
  SELECT e.at, e.user_id, e.purpose, e.method, COALESCE(e.reason, e.event) AS outcome,
         e.role, e.client_addr, e.application_name
    FROM @extschema@.otp_event AS e;

COMMENT ON VIEW @extschema@.otp_activity IS
'The trail, otp_event, as an auditor reads it: who, when, what and how it ended; never a code.';
COMMENT ON COLUMN @extschema@.otp_activity.at IS 'When, by the wall clock; has a BRIN index.';
COMMENT ON COLUMN @extschema@.otp_activity.user_id IS 'The user whom the caller named, known or not; empty if it cannot be a user.';
COMMENT ON COLUMN @extschema@.otp_activity.purpose IS 'The purpose.';
COMMENT ON COLUMN @extschema@.otp_activity.method IS 'issued, totp, hotp or recovery, as otp_event.method; else NULL.';
COMMENT ON COLUMN @extschema@.otp_activity.outcome IS
'otp_event.reason if there is one, else otp_event.event: issued, resent, cancelled, cooling_down, too_many; accepted, wrong, replayed, expired, no_code, locked; warned, stopped, unlocked; enrolled, confirmed, resynced, revoked, imported, exported.';
COMMENT ON COLUMN @extschema@.otp_activity.role IS 'The role that the session logged in as (session_user).';
COMMENT ON COLUMN @extschema@.otp_activity.client_addr IS 'Address of the client, of a proxy if there is one; NULL on a Unix socket.';
COMMENT ON COLUMN @extschema@.otp_activity.application_name IS 'Setting application_name of the session.';

CREATE VIEW @extschema@.otp_stats AS
  SELECT t.per, t.since, t.purpose,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'issued') AS issued,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'resent') AS resent,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'cancelled') AS cancelled,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('cooling_down', 'too_many')) AS refused,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('accepted', 'confirmed', 'resynced')) AS accepted,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('wrong', 'expired', 'no_code')) AS rejected,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'replayed') AS replayed,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'locked') AS locked,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'warned') AS warned,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'stopped') AS stopped,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'unlocked') AS unlocked,
         pg_catalog.count(*) FILTER (WHERE t.outcome IN ('enrolled', 'imported')) AS enrolled,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'revoked') AS revoked,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'exported') AS exported
    FROM (SELECT 'hour'::pg_catalog.text AS per,
                 pg_catalog.date_bin('1 hour', a.at, '2000-01-01 00:00+00') AS since,
                 a.purpose, a.outcome
            FROM @extschema@.otp_activity AS a
          UNION ALL
          SELECT 'day'::pg_catalog.text, pg_catalog.date_bin('24 hours', a.at, '2000-01-01 00:00+00'),
                 a.purpose, a.outcome
            FROM @extschema@.otp_activity AS a) AS t
    GROUP BY t.per, t.since, t.purpose;

COMMENT ON VIEW @extschema@.otp_stats IS
'How many events of each kind the trail has, per purpose and hour, and per purpose and day. Each event is in one column of one hour and one day; what the policy''s trail leaves out is not counted. Reads all of the trail: over a big one, count the rows of otp_activity with a condition on at.';
COMMENT ON COLUMN @extschema@.otp_stats.per IS 'hour or day.';
COMMENT ON COLUMN @extschema@.otp_stats.since IS 'Beginning of the hour or day, in UTC.';
COMMENT ON COLUMN @extschema@.otp_stats.purpose IS 'The purpose.';
COMMENT ON COLUMN @extschema@.otp_stats.issued IS 'Codes and sets of recovery codes made.';
COMMENT ON COLUMN @extschema@.otp_stats.resent IS 'Codes handed out again.';
COMMENT ON COLUMN @extschema@.otp_stats.cancelled IS 'Codes withdrawn.';
COMMENT ON COLUMN @extschema@.otp_stats.refused IS 'Codes not handed out: cooling_down or too_many.';
COMMENT ON COLUMN @extschema@.otp_stats.accepted IS 'Guesses accepted, also by otp_confirm() (confirmed) and otp_resync() (resynced).';
COMMENT ON COLUMN @extschema@.otp_stats.rejected IS 'Guesses rejected: wrong, expired or no_code.';
COMMENT ON COLUMN @extschema@.otp_stats.replayed IS 'Guesses that were right, but spent.';
COMMENT ON COLUMN @extschema@.otp_stats.locked IS 'Guesses that were not judged: in a delay, in a stop, or at a code that bears no more.';
COMMENT ON COLUMN @extschema@.otp_stats.warned IS 'Warnings before a stop.';
COMMENT ON COLUMN @extschema@.otp_stats.stopped IS 'Stops.';
COMMENT ON COLUMN @extschema@.otp_stats.unlocked IS 'Users unlocked, by an operator or by themselves.';
COMMENT ON COLUMN @extschema@.otp_stats.enrolled IS 'Authenticators enrolled or imported.';
COMMENT ON COLUMN @extschema@.otp_stats.revoked IS 'Authenticators revoked.';
COMMENT ON COLUMN @extschema@.otp_stats.exported IS 'Calls of otp_export().';

--
-- Privileges: what is new is granted by duty.
--

REVOKE ALL ON TABLE
  @extschema@.otp_activity,
  @extschema@.otp_stats
  FROM PUBLIC;

-- Default privileges may have granted all of this to somebody already.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', c.oid::pg_catalog.regclass,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
      WHERE c.relnamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND c.relname IN ('otp_activity', 'otp_stats')
        AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
  LOOP
    EXECUTE command;
  END LOOP;
END $$;
