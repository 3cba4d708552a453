/* otp 1.1.0 */

\echo Use "ALTER EXTENSION otp UPDATE TO '1.1.0'" to load this file. \quit

--
-- The trail for auditors
--

CREATE VIEW @extschema@.otp_activity AS
  SELECT e.at, e.user_id, e.purpose, e.method, 
         CASE WHEN e.event IN ('purged', 'forgotten') THEN e.event ELSE COALESCE(e.reason, e.event) END AS outcome,
         e.role, e.client_addr, e.application_name,
         CASE WHEN e.event IN ('purged', 'forgotten') THEN e.reason END AS detail
    FROM @extschema@.otp_event AS e;

COMMENT ON VIEW @extschema@.otp_activity IS
'The trail, otp_event, as an auditor reads it: who, when, what and how it ended; never a code.';
COMMENT ON COLUMN @extschema@.otp_activity.at IS 'When, by the wall clock; has a BRIN index.';
COMMENT ON COLUMN @extschema@.otp_activity.user_id IS 'The user whom the caller named, known or not; empty if it cannot be a user.';
COMMENT ON COLUMN @extschema@.otp_activity.purpose IS 'The purpose.';
COMMENT ON COLUMN @extschema@.otp_activity.method IS 'issued, totp, hotp or recovery, as otp_event.method; else NULL.';
COMMENT ON COLUMN @extschema@.otp_activity.outcome IS
'Of a rejection or refusal otp_event.reason, else otp_event.event: issued, resent, cancelled, cooling_down, too_many; accepted, wrong, replayed, expired, no_code, locked; warned, stopped, unlocked; enrolled, confirmed, resynced, revoked, imported, exported; purged, forgotten.';
COMMENT ON COLUMN @extschema@.otp_activity.role IS 'The role that the session logged in as (session_user).';
COMMENT ON COLUMN @extschema@.otp_activity.client_addr IS 'Address of the client, of a proxy if there is one; NULL on a Unix socket.';
COMMENT ON COLUMN @extschema@.otp_activity.application_name IS 'Setting application_name of the session.';
COMMENT ON COLUMN @extschema@.otp_activity.detail IS 'Of purged, how many events were removed, and before which moment they had been recorded; of forgotten, how many rows; else NULL.';

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
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'exported') AS exported,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'purged') AS purged,
         pg_catalog.count(*) FILTER (WHERE t.outcome OPERATOR(pg_catalog.=) 'forgotten') AS forgotten
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
COMMENT ON COLUMN @extschema@.otp_stats.purged IS 'Calls of otp_purge() that removed events.';
COMMENT ON COLUMN @extschema@.otp_stats.forgotten IS 'Calls of otp_forget() that removed rows.';

COMMENT ON COLUMN @extschema@.otp_event.user_id IS
'The user whom the caller named, known or not; empty if it cannot be a user, and of purged and forgotten.';
COMMENT ON COLUMN @extschema@.otp_event.event IS
'issued, resent, accepted, cancelled, rejected or refused; of limits warned, stopped, unlocked; of authenticators enrolled, confirmed, resynced, revoked, imported, exported; of the trail itself purged, forgotten.';
COMMENT ON COLUMN @extschema@.otp_event.reason IS
'Of rejected: wrong, replayed, expired, no_code or locked; of refused: cooling_down or too_many; of purged: how many events were removed, and before which moment they had been recorded; of forgotten: how many rows; else NULL. A malformed code is no guess, and not recorded.';

--
-- Norms: what they ask for, and whether it is held.  As SQL functions with parsed bodies, they depend on
-- no search_path; as their caller, on his privileges: the audit reads views alone, which an auditor has.
--

CREATE VIEW @extschema@.otp_policy_effective AS
  SELECT p.purpose, COALESCE(p.length, d.length) AS length, COALESCE(p.alphabet, d.alphabet) AS alphabet,
         CASE COALESCE(p.alphabet, d.alphabet)
           WHEN 'digits' THEN 10 WHEN 'letters' THEN 23 ELSE 31 END AS symbols,
         COALESCE(p.lifetime, d.lifetime) AS lifetime,
         COALESCE(p.max_attempts, d.max_attempts) AS max_attempts,
         COALESCE(p.trail, d.trail) AS trail, COALESCE(p.methods, d.methods) AS methods,
         COALESCE(p.spent_at_once, d.spent_at_once) AS spent_at_once,
         COALESCE(p.cool_down, d.cool_down) AS cool_down,
         COALESCE(p.issue_window, d.issue_window) AS issue_window,
         COALESCE(p.issues_per_user, d.issues_per_user) AS issues_per_user,
         COALESCE(p.issues_per_destination, d.issues_per_destination) AS issues_per_destination,
         COALESCE(p.max_consecutive, d.max_consecutive) AS max_consecutive,
         CASE WHEN p.max_consecutive IS NULL THEN d.stop_for ELSE p.stop_for END AS stop_for,
         COALESCE(p.warn_before, d.warn_before) AS warn_before,
         COALESCE(p.self_unlock, d.self_unlock) AS self_unlock,
         COALESCE(p.notify, d.notify) AS notify,
         d.free_guesses, d.forgive_every, d.first_delay, d.longest_delay,
         d.max_drift, d.resync_window, d.enroll_lifetime, p.comment
    FROM @extschema@.otp_policy AS p
    JOIN @extschema@.otp_policy AS d ON d.purpose OPERATOR(pg_catalog.=) 'default';

COMMENT ON VIEW @extschema@.otp_policy_effective IS
'What holds for each purpose of otp_policy: NULL is filled in from row default, as otp_verify() and otp_issue() do it. Purposes without a row are as default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.purpose IS 'Purpose, or default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.length IS 'As otp_policy.length, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.alphabet IS 'As otp_policy.alphabet, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.symbols IS 'How many symbols the alphabet has: 10, 23 or 31.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.lifetime IS 'As otp_policy.lifetime, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.max_attempts IS 'As otp_policy.max_attempts, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.trail IS 'As otp_policy.trail, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.methods IS 'As otp_policy.methods, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.spent_at_once IS 'As otp_policy.spent_at_once, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.cool_down IS 'As otp_policy.cool_down, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.issue_window IS 'As otp_policy.issue_window, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.issues_per_user IS 'As otp_policy.issues_per_user, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.issues_per_destination IS 'As otp_policy.issues_per_destination, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.max_consecutive IS 'As otp_policy.max_consecutive, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.stop_for IS 'As otp_policy.stop_for, and of row default where that is NULL and max_consecutive is as well.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.warn_before IS 'As otp_policy.warn_before, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.self_unlock IS 'As otp_policy.self_unlock, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.notify IS 'As otp_policy.notify, and of row default where that is NULL.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.free_guesses IS 'As otp_policy.free_guesses of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.forgive_every IS 'As otp_policy.forgive_every of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.first_delay IS 'As otp_policy.first_delay of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.longest_delay IS 'As otp_policy.longest_delay of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.max_drift IS 'As otp_policy.max_drift of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.resync_window IS 'As otp_policy.resync_window of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.enroll_lifetime IS 'As otp_policy.enroll_lifetime of row default.';
COMMENT ON COLUMN @extschema@.otp_policy_effective.comment IS 'As otp_policy.comment of the row itself.';

CREATE VIEW @extschema@.otp_authenticators AS
  SELECT CASE c.kind WHEN 't' THEN 'totp' ELSE 'hotp' END AS kind,
         CASE c.algorithm WHEN 1 THEN 'SHA1' WHEN 2 THEN 'SHA256' ELSE 'SHA512' END AS algorithm,
         c.digits::pg_catalog.int4 AS digits, c.period, c.window_size::pg_catalog.int4 AS window_size,
         pg_catalog.octet_length(c.sealed) OPERATOR(pg_catalog.-) 29 AS key_bytes,
         pg_catalog.count(*) AS authenticators
    FROM @extschema@.otp_credential AS c
    WHERE c.state OPERATOR(pg_catalog.=) 'a'
    GROUP BY 1, 2, 3, 4, 5, 6;

COMMENT ON VIEW @extschema@.otp_authenticators IS
'How many active authenticators of each make there are, without users.';
COMMENT ON COLUMN @extschema@.otp_authenticators.kind IS 'totp or hotp.';
COMMENT ON COLUMN @extschema@.otp_authenticators.algorithm IS 'SHA1, SHA256 or SHA512.';
COMMENT ON COLUMN @extschema@.otp_authenticators.digits IS 'Digits of a code.';
COMMENT ON COLUMN @extschema@.otp_authenticators.period IS 'Seconds of a time step; means nothing to hotp.';
COMMENT ON COLUMN @extschema@.otp_authenticators.window_size IS 'Of totp, time steps either side; of hotp, counters ahead.';
COMMENT ON COLUMN @extschema@.otp_authenticators.key_bytes IS 'Bytes of the secret key.';
COMMENT ON COLUMN @extschema@.otp_authenticators.authenticators IS 'How many there are.';

-- Apart from the rest, because no SQL function can raise an error of its own.
CREATE FUNCTION @extschema@.otp_norm(name text) RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.otp_norm(text) IS
'The name of the norm that a preset stands for.
name: nist-800-63b, pci-dss-4, psd2 or asvs-5-l2.
NULL if name is NULL. Error: 22023 unknown preset.';

CREATE VIEW @extschema@.otp_presets AS
  SELECT n.name, @extschema@.otp_norm(n.name) AS norm, n.codes, n.lifetime, n.max_consecutive,
         n.stop_for, n.until_unlock, n.warn_before, n.spent_at_once, n.trail, n.sections
    FROM (VALUES
      ('nist-800-63b'::pg_catalog.text, 1000000, '10 minutes'::pg_catalog.interval, 100,
       NULL::pg_catalog.interval, true, NULL::pg_catalog.int4, NULL::pg_catalog.bool, NULL::pg_catalog.text,
       'code of 20 bits, for 10 minutes at most (5.1.3.2), 100 consecutive failures at most (5.2.2); in 63B-4: 3.1.3.2, 3.2.2'::pg_catalog.text),
      ('pci-dss-4', NULL, NULL, 10, '30 minutes', false, NULL, NULL, 'rejections',
       'lockout after 10 attempts at most, for 30 minutes at least (8.3.4); invalid attempts are logged (10.2.1.4, 10.2.2)'),
      ('psd2', NULL, NULL, 5, NULL, false, 1, true, 'all',
       'code accepted once (Art. 4(1)), 5 consecutive failures at most (Art. 4(3)(b)), alert before a permanent block (Art. 4(4)), all events traceable (Art. 29(1))'),
      ('asvs-5-l2', 1000000, '10 minutes', NULL, NULL, false, NULL, NULL, 'all',
       'code of 20 bits (6.5.4), for 10 minutes at most (6.5.5); all authentication is logged (16.3.1)'))
      AS n (name, codes, lifetime, max_consecutive, stop_for, until_unlock, warn_before, spent_at_once, trail, sections);

COMMENT ON VIEW @extschema@.otp_presets IS
'What otp_policy_preset() sets. NULL: the norm asks for nothing of the kind.';
COMMENT ON COLUMN @extschema@.otp_presets.name IS 'Name of the preset.';
COMMENT ON COLUMN @extschema@.otp_presets.norm IS 'Name of the norm.';
COMMENT ON COLUMN @extschema@.otp_presets.codes IS 'How many codes there are at least, of otp_policy.length and alphabet; 1000000 are those of 6 digits.';
COMMENT ON COLUMN @extschema@.otp_presets.lifetime IS 'otp_policy.lifetime at most.';
COMMENT ON COLUMN @extschema@.otp_presets.max_consecutive IS 'otp_policy.max_consecutive at most.';
COMMENT ON COLUMN @extschema@.otp_presets.stop_for IS 'otp_policy.stop_for at least, where it is not NULL.';
COMMENT ON COLUMN @extschema@.otp_presets.until_unlock IS 'Must otp_policy.stop_for be NULL, so that no time ends the stop?';
COMMENT ON COLUMN @extschema@.otp_presets.warn_before IS 'otp_policy.warn_before at least.';
COMMENT ON COLUMN @extschema@.otp_presets.spent_at_once IS 'otp_policy.spent_at_once.';
COMMENT ON COLUMN @extschema@.otp_presets.trail IS 'otp_policy.trail, or one that records more.';
COMMENT ON COLUMN @extschema@.otp_presets.sections IS 'What of the norm that is, and where; goes to otp_policy.comment.';

CREATE FUNCTION @extschema@.otp_policy_preset(name text, purpose text DEFAULT 'default') RETURNS void
  LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
  INSERT INTO @extschema@.otp_policy (purpose)
    SELECT otp_policy_preset.purpose
      WHERE @extschema@.otp_norm(otp_policy_preset.name) IS NOT NULL
        AND NOT EXISTS (SELECT FROM @extschema@.otp_policy AS p
                          WHERE p.purpose OPERATOR(pg_catalog.=) otp_policy_preset.purpose)
    ON CONFLICT DO NOTHING;
  UPDATE @extschema@.otp_policy AS p
    SET length = CASE WHEN n.codes IS NULL THEN p.length
                   ELSE GREATEST(e.length, pg_catalog.ceil(pg_catalog.log(e.symbols, n.codes))::pg_catalog.int4) END,
        alphabet = CASE WHEN n.codes IS NULL THEN p.alphabet ELSE e.alphabet END,
        lifetime = CASE WHEN n.lifetime IS NULL THEN p.lifetime ELSE LEAST(e.lifetime, n.lifetime) END,
        max_consecutive = CASE WHEN n.max_consecutive IS NULL THEN p.max_consecutive
                            ELSE LEAST(e.max_consecutive, n.max_consecutive) END,
        stop_for = CASE WHEN n.max_consecutive IS NULL THEN p.stop_for
                     WHEN n.until_unlock THEN NULL
                     WHEN e.max_consecutive IS NULL THEN n.stop_for
                     WHEN e.stop_for IS NOT NULL THEN GREATEST(e.stop_for, n.stop_for) END,
        warn_before = CASE WHEN n.warn_before IS NULL THEN p.warn_before
                        ELSE GREATEST(e.warn_before, n.warn_before) END,
        spent_at_once = COALESCE(n.spent_at_once, p.spent_at_once),
        trail = CASE WHEN n.trail IS NULL THEN p.trail
                  WHEN n.trail OPERATOR(pg_catalog.=) 'all' OR e.trail OPERATOR(pg_catalog.=) 'none' THEN n.trail
                  ELSE e.trail END,
        comment = CASE WHEN pg_catalog.strpos(p.comment, c.text) OPERATOR(pg_catalog.>) 0 THEN p.comment
                    ELSE pg_catalog.concat_ws('. ', p.comment, c.text) END
    FROM @extschema@.otp_policy_effective AS e, @extschema@.otp_presets AS n,
         LATERAL (SELECT pg_catalog.format('%s: %s', n.norm, n.sections) AS text) AS c
    WHERE p.purpose OPERATOR(pg_catalog.=) otp_policy_preset.purpose
      AND e.purpose OPERATOR(pg_catalog.=) p.purpose
      AND n.name OPERATOR(pg_catalog.=) otp_policy_preset.name;
END;

COMMENT ON FUNCTION @extschema@.otp_policy_preset(text, text) IS
'Makes the policy of a purpose as strict as a norm asks (otp_presets), makes its row if there is none, and adds the norm and its sections to the comment of the row. Only tightens: what is stricter already stays, and what the norm says nothing of. What is set stands in the row, whatever row default says later.
name: nist-800-63b, pci-dss-4, psd2 or asvs-5-l2. purpose: 1 to 63 bytes; by default row default, which holds for all purposes whose rows say nothing else.
Runs as its caller, who needs SELECT, INSERT and UPDATE on otp_policy, and SELECT on otp_policy_effective and otp_presets.
NULL, and nothing is done, if any argument is NULL. Errors: 22023 unknown preset, 23514 purpose, 25006 read-only transaction or standby, 42501.';

CREATE FUNCTION @extschema@.otp_policy_audit(preset text)
  RETURNS TABLE (purpose text, requirement text, section text, holds boolean, has text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT p.purpose, point.requirement, point.section, point.holds, point.has
    FROM @extschema@.otp_presets AS n,
         @extschema@.otp_policy_effective AS p,
         (SELECT pg_catalog.max(t.period) FILTER (WHERE t.kind OPERATOR(pg_catalog.=) 'totp') AS period,
                 pg_catalog.max(t.window_size) FILTER (WHERE t.kind OPERATOR(pg_catalog.=) 'totp') AS steps,
                 pg_catalog.min(t.key_bytes) AS key_bytes
            FROM @extschema@.otp_authenticators AS t) AS a,
         LATERAL (SELECT
           COALESCE(pg_catalog.power(p.symbols::pg_catalog.numeric, p.length) OPERATOR(pg_catalog.>=) n.codes, true) AS long_enough,
           pg_catalog.format('length %s, %s', p.length, p.alphabet) AS code,
           COALESCE(p.lifetime OPERATOR(pg_catalog.<=) n.lifetime, true) AS short_lived,
           pg_catalog.format('lifetime %s', p.lifetime) AS lifetime,
           COALESCE(p.max_consecutive OPERATOR(pg_catalog.<=) n.max_consecutive, false) AS stops,
           CASE WHEN p.max_consecutive IS NULL THEN 'no stop: max_consecutive is NULL'
             ELSE pg_catalog.format('stop after %s consecutive wrong guesses, %s', p.max_consecutive,
                    CASE WHEN p.stop_for IS NULL THEN 'until otp_unlock() or otp_self_unlock()'
                      ELSE pg_catalog.format('for %s', p.stop_for) END) END AS stop,
           pg_catalog.format('trail %s', p.trail) AS trail,
           CASE WHEN a.period IS NULL THEN 'no active TOTP authenticator'
             ELSE pg_catalog.format('time steps of up to %s seconds; a code is taken up to %s steps early or late',
                                    a.period, a.steps) END AS totp)
           AS h,
         LATERAL (VALUES
           ('nist-800-63b', 1, 'An issued code has 20 bits of entropy, or 6 random digits',
            '5.1.3.2 (63B-4: 3.1.3.2)', h.long_enough, h.code),
           ('nist-800-63b', 2, 'An issued code is valid for 10 minutes at most',
            '5.1.3.2 (63B-4: 3.1.3.2)', h.short_lived, h.lifetime),
           ('nist-800-63b', 3, 'At most 100 consecutive attempts on an account can fail',
            '5.2.2 (63B-4: 3.2.2)', h.stops AND p.stop_for IS NULL, h.stop),
           ('nist-800-63b', 4, 'A new code does not take failed attempts back',
            '63B-4: 3.1.3.2', true, 'built in: wrong guesses are counted per user'),
           ('nist-800-63b', 5, 'An issued code is accepted once',
            '5.1.3.2 (63B-4: 3.1.3.2)', true, 'built in: at most one committed transaction accepts it'),
           ('nist-800-63b', 6, 'A code of an OTP authenticator is accepted once',
            '5.1.4.2 (63B-4: 3.1.4.2)', true, 'built in: no time step or counter up to the last one accepted is'),
           ('nist-800-63b', 7, 'A look-up secret has 20 bits of entropy and is accepted once',
            '5.1.2.1, 5.1.2.2 (63B-4: 3.1.2.1, 3.1.2.2)', true, 'built in: recovery codes have 59 bits, and are spent'),
           ('nist-800-63b', 8, 'Look-up secrets are stored salted and hashed',
            '5.1.2.2 (63B-4: 3.1.2.2)', NULL,
            'no setting shows it: recovery codes are not stored, but derived from a seed that is sealed with AES-256-GCM; whether that serves is to be judged'),
           ('nist-800-63b', 9, 'The nonce of an OTP authenticator changes every 2 minutes at least',
            '5.1.4.1 (63B-4: 3.1.4.1)', COALESCE(a.period OPERATOR(pg_catalog.<=) 120, true), h.totp),
           ('nist-800-63b', 10, 'The key of an OTP authenticator has 112 bits at least',
            '5.1.4.1 (63B-4: 3.1.4.1)', COALESCE(a.key_bytes OPERATOR(pg_catalog.>=) 14, true),
            CASE WHEN a.key_bytes IS NULL THEN 'no active authenticator'
              ELSE pg_catalog.format('keys of %s bits or more', a.key_bytes OPERATOR(pg_catalog.*) 8) END),
           ('nist-800-63b', 11, 'Codes are made by an approved random bit generator',
            '5.1.3.2 (63B-4: 3.1.3.2)', NULL, 'no setting shows it: PostgreSQL''s strong random numbers are those of its OpenSSL, which may or may not be a validated one'),
           ('nist-800-63b', 12, 'An issued code goes to its owner by a separate channel, which is not e-mail',
            '5.1.3.1 (63B-4: 3.1.3.1)', NULL, 'no setting shows it: the application delivers'),
           ('nist-800-63b', 13, 'Codes are collected over an authenticated protected channel',
            '5.1.4.2 (63B-4: 3.1.4.2)', NULL, 'no setting shows it: the application collects'),

           ('pci-dss-4', 1, 'The user is locked out after 10 invalid attempts at most', '8.3.4', h.stops, h.stop),
           ('pci-dss-4', 2, 'The lockout lasts 30 minutes at least, or until the user''s identity is confirmed', '8.3.4',
            p.max_consecutive IS NOT NULL AND COALESCE(p.stop_for OPERATOR(pg_catalog.>=) n.stop_for, true), h.stop),
           ('pci-dss-4', 3, 'Authentication factors are unreadable in storage, by strong cryptography', '8.3.2', true,
            'built in: issued and recovery codes are not stored, secrets are sealed with AES-256-GCM'),
           ('pci-dss-4', 4, 'Authentication factors are unreadable in transmission, by strong cryptography', '8.3.2', NULL,
            'no setting shows it: the application transmits'),
           ('pci-dss-4', 5, 'The MFA system is not susceptible to replay', '8.5.1', true,
            'built in: at most one committed transaction accepts a code'),
           ('pci-dss-4', 6, 'MFA cannot be bypassed, has two types of factors, and needs success of all before access', '8.5.1', NULL,
            'no setting shows it: the application grants access'),
           ('pci-dss-4', 7, 'Logs capture all invalid access attempts', '10.2.1.4',
            p.trail OPERATOR(pg_catalog.<>) 'none', h.trail),
           ('pci-dss-4', 8, 'Logs record user, type, time, success or failure and origin of each event', '10.2.2',
            p.trail OPERATOR(pg_catalog.<>) 'none', h.trail),
           ('pci-dss-4', 9, 'Logs are kept for 12 months, 3 of them at hand', '10.5.1',
            pg_catalog.current_setting('otp.trail_keep')::pg_catalog.interval OPERATOR(pg_catalog.>=) '366 days',
            pg_catalog.format('otp_purge() leaves the trail of %s at hand (otp.trail_keep); otp_forget() and the owner take what they are told',
                              pg_catalog.current_setting('otp.trail_keep'))),

           ('psd2', 1, 'A code is accepted once', 'Art. 4(1)', p.spent_at_once,
            CASE WHEN p.spent_at_once THEN 'spent_at_once: a code is spent whatever becomes of the transaction'
              ELSE 'a code whose transaction is rolled back can be accepted again' END),
           ('psd2', 2, 'Nothing can be derived from a code, no code from another, and none can be forged', 'Art. 4(2)', true,
            'built in: codes are HMACs under keys that the database holds only sealed'),
           ('psd2', 3, 'It does not show which element was incorrect', 'Art. 4(3)(a)', NULL,
            'no setting shows it: otp_verify() says true or false, the application answers the payer'),
           ('psd2', 4, 'At most 5 consecutive attempts can fail before a block', 'Art. 4(3)(b)', h.stops, h.stop),
           ('psd2', 5, 'Sessions are protected against capture and manipulation', 'Art. 4(3)(c)', NULL,
            'no setting shows it: sessions are the application''s'),
           ('psd2', 6, 'A session without activity ends after 5 minutes', 'Art. 4(3)(d)', NULL,
            'no setting shows it: sessions are the application''s'),
           ('psd2', 7, 'An alert comes before a permanent block', 'Art. 4(4)',
            p.max_consecutive IS NULL OR p.stop_for IS NOT NULL OR
            (p.max_consecutive OPERATOR(pg_catalog.>) 1 AND p.warn_before OPERATOR(pg_catalog.>) 0 AND
             p.trail OPERATOR(pg_catalog.<>) 'none'),
            CASE WHEN p.max_consecutive IS NULL OR p.stop_for IS NOT NULL THEN 'no permanent block'
              ELSE pg_catalog.format('event warned up to %s wrong guesses before the stop, whatever they are aimed at, %s, notify %s', p.warn_before, h.trail,
                                     CASE WHEN p.notify THEN 'on' ELSE 'off' END) END),
           ('psd2', 8, 'The alert reaches the payer, who can regain use by a secure procedure', 'Art. 4(4)', NULL,
            'no setting shows it: the application tells the payer'),
           ('psd2', 9, 'The payer is made aware of amount and payee', 'Art. 5(1)(a)', NULL,
            'no setting shows it: the application tells the payer'),
           ('psd2', 10, 'A code is specific to amount and payee, and void if either changes', 'Art. 5(1)(b) to (d)', NULL,
            pg_catalog.format('no setting shows it: issued codes are if the application gives both as context%s',
              CASE WHEN p.methods OPERATOR(pg_catalog.<@) '{issued}' THEN '' ELSE '; others, which methods accept, never are' END)),
           ('psd2', 11, 'All events of a transaction can be traced', 'Art. 29(1)', p.trail OPERATOR(pg_catalog.=) 'all', h.trail),

           ('asvs-5-l2', 1, 'Look-up secrets, out-of-band codes and TOTP are usable once', '6.5.1', true,
            'built in: at most one committed transaction accepts a code'),
           ('asvs-5-l2', 2, 'Stored look-up secrets are hashed with a salt', '6.5.2', NULL,
            'no setting shows it: recovery codes are not stored, but derived from a seed that is sealed with AES-256-GCM; whether that serves is to be judged'),
           ('asvs-5-l2', 3, 'Look-up secrets, out-of-band codes and seeds that are made here come from a CSPRNG', '6.5.3', true,
            'built in: PostgreSQL''s strong random numbers; imported seeds are made elsewhere'),
           ('asvs-5-l2', 4, 'Look-up secrets and out-of-band codes have 20 bits of entropy, or 6 random digits', '6.5.4', h.long_enough,
            pg_catalog.format('%s; recovery codes of 59 bits', h.code)),
           ('asvs-5-l2', 5, 'Out-of-band codes have a lifetime of 10 minutes at most', '6.5.5', h.short_lived, h.lifetime),
           ('asvs-5-l2', 6, 'TOTP has a lifetime of 30 seconds at most (checked: the time step)', '6.5.5',
            COALESCE(a.period OPERATOR(pg_catalog.<=) 30, true), h.totp),
           ('asvs-5-l2', 7, 'Phone and SMS are offered only beside stronger methods, to validated numbers', '6.6.1', NULL,
            'no setting shows it: the application delivers'),
           ('asvs-5-l2', 8, 'Out-of-band codes are bound to the request they were made for', '6.6.2', NULL,
            'no setting shows it: codes are bound to user and purpose, and to the request if the application gives it as context'),
           ('asvs-5-l2', 9, 'Out-of-band codes are protected by rate limiting', '6.6.3', true,
            pg_catalog.format('%s wrong guesses a code; from the %s. wrong guess of a user on a delay of %s to %s',
                              p.max_attempts, p.free_guesses, p.first_delay, p.longest_delay)),
           ('asvs-5-l2', 10, 'Controls against brute force are as the application''s documentation says', '6.1.1, 6.3.1', NULL,
            'no setting shows it: the documentation is the application''s'),
           ('asvs-5-l2', 11, 'All authentication is logged, successful or not, with the factor', '16.3.1',
            p.trail OPERATOR(pg_catalog.=) 'all', h.trail))
         AS point (norm, number, requirement, section, holds, has)
    WHERE n.norm OPERATOR(pg_catalog.=) @extschema@.otp_norm(otp_policy_audit.preset)
      AND point.norm OPERATOR(pg_catalog.=) n.name
    ORDER BY p.purpose, point.number;
END;

COMMENT ON FUNCTION @extschema@.otp_policy_audit(text) IS
'Whether the installation holds the points of a norm that bear on one-time codes: a row per purpose of otp_policy (default stands for those without a row) and point, sorted.
preset: nist-800-63b, pci-dss-4, psd2 or asvs-5-l2.
requirement: what the norm asks for, in short. section: where. holds: true if a setting, the authenticators or the extension itself holds it, false if not, NULL if no setting can show it. has: what there is; begins with "built in" or "no setting shows it" where no setting matters.
No rows if preset is NULL. Reads views alone, as its caller. Error: 22023 unknown preset.';

--
-- What has become old and nothing needs is removed
--

CREATE FUNCTION @extschema@.otp_purge(
    older_than interval DEFAULT '90 days', batch integer DEFAULT 10000)
  RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.otp_purge(interval, integer) IS
'Removes what has become old and nothing needs, when the transaction commits; returns how many rows. For cron: in a transaction of its own, at any time.
older_than: 0 or more; what is younger stays, and an age that is less than a limit looks back loosens no limit. batch: rows that one call removes at most, 1 or more; call again while it returns that many.
Removes rows of otp_event older than older_than and than setting otp.trail_keep, and then records purged there, with the transaction and whatever the policy of the trail is; of otp_challenge, issued codes that expired longer ago, when their cool_down is over; of otp_credential, enrolments that could be confirmed until then; of otp_quota, counts that have left their window; of otp_baseline, rows that another one of the same user and purpose outdoes, notices of what counts no more, or rows whose budget is gone, or of a purpose for which no wrong guess counts while another row of the user says so for all purposes without one; of otp_budget, with their baselines, those of users and pseudonyms whose last wrong guess is older, of which none counts any more toward a delay or a stop, and who have no issued code, authenticator or recovery codes, nor had before this call. Where a purpose has max_consecutive, a wrong guess counts until a code is accepted for it, otp_unlock() or, once the stop is reached, stop_for: so the budget and the baseline of a user who has guessed wrong since stay, however old they are.
Reads all of these tables. Waits for no transaction: a row that another one is changing or has locked is left to the next call. Until this one ends, otp_issue() waits for it where the user''s budget or count is being removed.
Errors: 22023 older_than negative or NULL, batch NULL or less than 1, with a hint; 22008 older_than out of range, 55000 row default of otp_policy missing, 55006 a row was locked by hand just now, 25006 read-only transaction or standby, 25000 parallel; 40001 in SERIALIZABLE.';

COMMENT ON FUNCTION @extschema@.otp_rekey(integer) IS
'Re-seals authenticators and recovery codes under the writing data key, where they stand, and deletes issued codes under other keys that have expired and whose cool_down is over. Returns how many rows are left under other keys: call it until that is 0, from cron if one likes. Waits for nobody; a row that a transaction is changing is left. What is re-sealed stays so whatever becomes of the transaction.
batch: rows that one call re-seals or deletes at most, 0 or more.
NULL, and nothing is done, if batch is NULL. Errors: 22023 batch negative, 55000 the writing key is not committed yet, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys or a damaged row.';
COMMENT ON COLUMN @extschema@.otp_keys.codes IS 'Rows of otp_challenge, issued codes and cool-downs of forgotten users, that need it; gone by otp_rekey() once they have expired and their cool-down is over.';
COMMENT ON COLUMN @extschema@.otp_keys.pseudonyms IS 'Rows of otp_budget of forgotten users that need it; removed by otp_purge() once their limits have passed. Their rows of otp_quota need it as well, and are not counted here: they are gone with the first otp_purge() after their window.';

--
-- A budget that is being deleted is waited for
--

COMMENT ON FUNCTION @extschema@.otp_issue(text, text, text) IS
'Makes a fresh code, which replaces the live one of that user and purpose when the transaction commits. Returns the code, which is stored nowhere.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes. context: any text that the code is bound to; otp_verify() must be given the same.
Waits for a transaction that is changing the code of that user and purpose, or deleting his budget or his count.
Errors: OT001 within cool_down of the last code, OT002 more than issues_per_user or issues_per_destination, both with the time to come back in DETAIL; what was handed out stays counted toward OT002 whatever becomes of the transaction. 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, 55006 this transaction has changed or deleted the user''s or the destination''s row of otp_quota by hand, or deleted his row of otp_budget, as otp_forget() does, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_resend(text, text, text) IS
'The live code again, or NULL if there is none that could be accepted or the context is another one. Its life and the budget of guesses stay as they are.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes. context: as in otp_issue().
Errors: OT002 as of otp_issue(). 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, 55006 this transaction has changed or deleted the user''s or the destination''s row of otp_quota by hand, OT003, OT004, OT005 keys.';
COMMENT ON FUNCTION @extschema@.otp_verify(text, text, text, text) IS
'Judges a guess: true once, for what the policy of the purpose accepts: the live code of that user, purpose and context, a code of an active authenticator of the user, a recovery code; else false, never NULL. true holds if and only if the transaction commits; a wrong guess stays counted whatever becomes of it.
user_id: NULL, empty or more than 512 bytes is nobody. code: any text or NULL; made canonical as the input of type otp. purpose: 1 to 63 bytes. context: any text, the one given to otp_issue().
A right code waits for a transaction that is changing it; every other answer waits until its WAL is flushed.
Errors: 22004, 22023 purpose or context, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, 55006 row of otp_budget changed by hand in this transaction, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE. RFC 4226 section 7.3.';
COMMENT ON FUNCTION @extschema@.otp_unlock(text) IS
'Ends the delay of a user and the stops of all purposes, at once, whatever becomes of the transaction: no wrong guess up to now counts toward the next ones. Codes that bear no more guesses stay so. Returns whether there was anything to forgive; then it is recorded as unlocked in otp_event, whatever the policy of the trail is.
user_id: 1 to 512 bytes.
Waits until its WAL is flushed.
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, 55006 row of otp_budget changed by hand in this transaction.';
COMMENT ON FUNCTION @extschema@.otp_forget(text) IS
'Removes all that is kept of the user when the transaction commits: codes, authenticators, recovery codes, trail, budget. Returns how many rows. What the limits still need stays under a keyed pseudonym, and counts if the same user comes again: wrong guesses in otp_budget and, per purpose, codes handed out in otp_quota until they have left their window, and in otp_challenge when the last one was issued until its cool_down is over. Records forgotten in otp_event, without the user, with the transaction and whatever the policy of the trail is. Reads the whole of otp_event.
user_id: 1 to 512 bytes.
Waits for a transaction that is changing a row of the user. Until this one ends, otp_issue() and a guess of the user that would have to be judged wait for it.
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, 55000 this transaction has made the writing key, 55006 it has deleted what it would keep, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON COLUMN @extschema@.otp_challenge.user_id IS 'The user, 1 to 512 bytes; or forgotten:KEY:HEX, the pseudonym of one who has been forgotten, for his cool-down alone: then nonce and tag are zero.';
COMMENT ON COLUMN @extschema@.otp_quota.subject IS 'The user, the pseudonym forgotten:KEY:HEX of one who has been forgotten, or the destination as the caller spelled it.';

--
-- A stop is announced once, of each purpose
--

COMMENT ON TABLE @extschema@.otp_baseline IS
'From where the consecutive wrong guesses of each user and purpose count, where the policy has max_consecutive, and what has been announced of them. The greatest total of several rows counts. Rows of acceptances come with their transaction, the others stay whatever becomes of it. Dumped.';
COMMENT ON COLUMN @extschema@.otp_baseline.total IS
'otp_budget.total of the user when a code was accepted for the purpose, a stop ended by time, or a guess was first judged. Negative: a notice, that of the guesses which count from n a warning (-2 * n - 1) or a stop (-2 * n - 2) has been announced.';
COMMENT ON COLUMN @extschema@.otp_event.purpose IS
'The purpose. Of warned and stopped the one that they are of, whatever was guessed at; default stands for those without a policy of their own that nothing is known of.';

--
-- Duties
--

CREATE FUNCTION @extschema@.otp_revoke_duty(role regrole, duty text) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.otp_grant(regrole, text) IS
'Grants a role what a duty needs, by GRANT commands as the caller: USAGE on the schema of the extension, EXECUTE on functions, SELECT on views.
role: the role. duty: application: otp_issue, otp_resend, otp_verify, otp_attempt, otp_cancel, otp_enroll, otp_confirm, otp_credentials, otp_revoke, otp_resync, otp_recovery_codes, otp_recovery_left, otp_self_unlock. operator: otp_unlock, otp_status, otp_revoke, otp_forget, otp_purge, otp_import_pskc, otp_import_csv, otp_export. auditor: otp_policy_audit, otp_norm, and the views otp_activity, otp_stats, otp_keys, otp_authenticators, otp_policy_effective, otp_presets. keyholder: otp_rotate_key, otp_rekey, otp_rewrap_master, and the view otp_keys.
Grants all of it or nothing.
NULL, and nothing is done, if any argument is NULL. Errors: 22023 unknown duty, 25006, 25000, 42501 the caller may not grant all of it.';
COMMENT ON FUNCTION @extschema@.otp_revoke_duty(regrole, text) IS
'Takes back what otp_grant() grants, by REVOKE commands as the caller. What another duty of the role takes stays; a role has a duty if anything that no other duty takes was granted to it by name. USAGE on the schema goes when nothing else in the schema is granted to the role or owned by it. Does nothing if the role has nothing of the duty. What the role may as a member of another role, or as everyone, stays.
role, duty: as of otp_grant().
NULL, and nothing is done, if any argument is NULL. Errors: 22023 unknown duty, 0LP01 another role than the caller granted it, 2BP01 the role has granted it on, 25006, 25000, 42501 from REVOKE.';

--
-- Privileges: what is new is granted by duty.
--

REVOKE ALL ON FUNCTION
  @extschema@.otp_policy_preset(text, text),
  @extschema@.otp_policy_audit(text),
  @extschema@.otp_revoke_duty(regrole, text),
  @extschema@.otp_purge(interval, integer)
  FROM PUBLIC;
REVOKE ALL ON TABLE
  @extschema@.otp_activity,
  @extschema@.otp_stats,
  @extschema@.otp_policy_effective,
  @extschema@.otp_authenticators,
  @extschema@.otp_presets
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
        AND c.relname IN ('otp_activity', 'otp_stats', 'otp_policy_effective',
                          'otp_authenticators', 'otp_presets')
        AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
    UNION
    SELECT pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s', p.oid::pg_catalog.regprocedure,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS a
      WHERE p.pronamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND p.proname IN ('otp_policy_preset', 'otp_policy_audit', 'otp_revoke_duty', 'otp_purge')
        AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
  LOOP
    EXECUTE command;
  END LOOP;
END $$;
