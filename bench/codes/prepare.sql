-- A million rows: a moment each, and a secret of its own in three forms.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
DROP TABLE IF EXISTS code_row;
CREATE TABLE code_row AS
  SELECT '2026-01-01 00:00:00+00'::timestamptz + i * interval '31 seconds' AS t, key,
         otp_secret(key) AS secret, otp_secret(key)::text AS base32
    FROM (SELECT i, substr(sha256(('secret ' || i)::bytea), 1, 20) AS key
            FROM generate_series(1, 1000000) AS i) AS s;
VACUUM (ANALYZE, FREEZE) code_row;
