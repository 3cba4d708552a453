-- requirement 40: the trail as views: otp_activity and otp_stats.
-- Requirements: 40.

-- Who, when, what and how it ended.
INSERT INTO otp_policy (purpose, max_consecutive, warn_before, cool_down, issues_per_user)
  VALUES ('activity', 2, 1, '0', 3);
SET application_name = 'till 7';
SELECT otp_issue('activity-1', 'activity')::text AS code \gset
SELECT otp_verify('activity-1', :'code', 'activity');
SELECT otp_verify('activity-1', :'code', 'activity');
SELECT otp_issue('activity-1', 'activity')::text AS code \gset
SELECT otp_resend('activity-1', 'activity') IS NOT NULL AS resent, otp_cancel('activity-1', 'activity') AS cancelled;
SELECT failure($$SELECT otp_issue('activity-1', 'activity')$$) ~ '^OT002' AS refused;
SELECT otp_issue('activity-2', 'activity')::text AS code \gset
BEGIN;
SELECT otp_verify('activity-2', wrong(:'code'), 'activity'), otp_verify('activity-2', wrong(:'code', 2), 'activity'),
       otp_verify('activity-2', :'code', 'activity');
ROLLBACK;
RESET application_name;
SELECT user_id, purpose, method, outcome, role = session_user AS role,
       client_addr IS NOT DISTINCT FROM inet_client_addr() AS client_addr, application_name,
       at BETWEEN now() - interval '1 day' AND clock_timestamp() AS at
  FROM otp_activity WHERE user_id LIKE 'activity-%' ORDER BY user_id, outcome;
SELECT count(*) = (SELECT count(*) FROM otp_event) AS all_of_it FROM otp_activity;
-- A condition on the time comes down to the index.
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT count(*) FROM otp_activity WHERE at > '2020-01-01 00:00+00';
RESET enable_seqscan;

-- Hours and days are those of UTC, whatever the session's time zone, however old; each outcome has its column.
SET TimeZone = 'Asia/Kolkata';
INSERT INTO otp_event (at, user_id, purpose, event, reason)
  SELECT at, 'activity-3', 'stats', event, reason
    FROM (VALUES ('1999-12-31 22:59:59.999999+00'::timestamptz), ('2020-02-29 23:59:59.999999+00'), ('2020-03-01 00:00+00'),
                 ('2020-03-01 23:00+00')) AS t (at),
         (VALUES ('issued', NULL, 1), ('resent', NULL, 2), ('cancelled', NULL, 3), ('refused', 'cooling_down', 4), ('refused', 'too_many', 1),
                 ('accepted', NULL, 4), ('confirmed', NULL, 1), ('resynced', NULL, 1), ('rejected', 'wrong', 5), ('rejected', 'expired', 1),
                 ('rejected', 'no_code', 1), ('rejected', 'replayed', 8), ('rejected', 'locked', 9), ('warned', NULL, 10),
                 ('stopped', NULL, 11), ('unlocked', NULL, 12), ('enrolled', NULL, 10), ('imported', NULL, 3), ('revoked', NULL, 14),
                 ('exported', NULL, 15), ('purged', '7 before 2019-12-31T00:00:00+00:00', 16), ('forgotten', '3 rows', 22),
                 ('sent', NULL, 17), ('delivered', NULL, 18), ('failed', 'HTTP 500', 19), ('dropped', 'spent', 20), ('denied', NULL, 21)) AS e (event, reason, times), generate_series(1, times);
SELECT outcome, detail, count(*) FROM otp_activity WHERE purpose = 'stats' AND outcome IN ('wrong', 'too_many', 'issued', 'purged', 'forgotten', 'sent', 'failed', 'dropped') GROUP BY 1, 2 ORDER BY 1;
\x
SELECT * FROM otp_stats WHERE purpose = 'stats' AND since < '2010-01-01';
\x
SELECT per, since AT TIME ZONE 'UTC' AS since, issued, exported, purged, forgotten FROM otp_stats WHERE purpose = 'stats' ORDER BY per, since;
RESET TimeZone;

-- They add up: of all the trail there is by now, each event is in one column of its hour and of its day.
CREATE FUNCTION columns(row_of_stats otp_stats) RETURNS TABLE (name text, events bigint)
LANGUAGE sql AS $$
  SELECT key, value::bigint FROM jsonb_each_text(to_jsonb(row_of_stats)) WHERE key NOT IN ('per', 'since', 'purpose')
$$;
SELECT per, count(*) AS differ
  FROM (SELECT per, since, purpose, sum(events) AS events FROM otp_stats AS s, columns(s) GROUP BY per, since, purpose) AS s
  FULL JOIN (SELECT per, date_trunc(per, at, 'UTC') AS since, purpose, count(*) AS events
               FROM otp_event, (VALUES ('hour'), ('day')) AS p (per) GROUP BY 1, 2, 3) AS e USING (per, since, purpose, events)
  WHERE e.events IS NULL OR s.events IS NULL GROUP BY per;
SELECT per, name, sum(events) = (SELECT count(*) FROM otp_event WHERE CASE name
    WHEN 'refused' THEN event = 'refused'
    WHEN 'accepted' THEN event IN ('accepted', 'confirmed', 'resynced')
    WHEN 'rejected' THEN event = 'rejected' AND reason NOT IN ('replayed', 'locked')
    WHEN 'enrolled' THEN event IN ('enrolled', 'imported')
    ELSE name = CASE event WHEN 'rejected' THEN reason ELSE event END END) AS equal, sum(events) > 0 AS some
  FROM otp_stats AS s, columns(s) GROUP BY per, name ORDER BY per, name;

DROP FUNCTION columns;
DELETE FROM otp_event WHERE user_id = 'activity-3';
SELECT reset_policy();
