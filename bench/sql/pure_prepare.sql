-- A million rows: a moment each, and a thousand secrets among them.
SET client_min_messages = warning;
DROP TABLE IF EXISTS moment;
CREATE TABLE moment AS
  SELECT '2026-01-01 00:00:00+00'::timestamptz + i * interval '31 seconds' AS t,
         otp_secret(sha256(('secret ' || i % 1000)::bytea)) AS s
    FROM generate_series(1, 1000000) AS i;
VACUUM (ANALYZE, FREEZE) moment;
SELECT count(*) FROM moment;
