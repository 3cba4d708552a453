-- Bytes per user of otp_challenge and otp_budget; bytes of WAL per call (full-page images are over
-- and done with, each page having been changed since the checkpoint); and transaction ids
-- per wrong guess.
\set calls 5000
CREATE TEMP TABLE lsn (name text, at pg_lsn, xid bigint);
SET synchronous_commit = off;
TRUNCATE code;
INSERT INTO code SELECT i, otp_issue('u' || i)::text FROM generate_series(0, :calls - 1) AS i;
UPDATE bare SET a = a + 1 WHERE id IN (SELECT 'u' || i FROM generate_series(0, :calls - 1) AS i);
SELECT count(otp_verify('u' || i, 'full-page')) FROM generate_series(0, :calls - 1) AS i \g /dev/null
INSERT INTO lsn SELECT 'start', pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
DO $$ BEGIN FOR i IN 0..4999 LOOP UPDATE bare SET a = a + 1, b = clock_timestamp(), c = c + 1 WHERE id = 'u' || i; END LOOP; END $$;
INSERT INTO lsn SELECT 'bare', pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
DO $$ DECLARE x boolean; BEGIN FOR i IN 0..4999 LOOP x := otp_verify('u' || i, (SELECT code FROM code WHERE id = i)); END LOOP; END $$;
INSERT INTO lsn SELECT 'right', pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
DO $$ DECLARE x otp; BEGIN FOR i IN 0..4999 LOOP x := otp_issue('u' || i); END LOOP; END $$;
INSERT INTO lsn SELECT 'issue', pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
DO $$ DECLARE x boolean; BEGIN FOR i IN 0..4999 LOOP x := otp_verify('u' || i, 'wrong' || i); END LOOP; END $$;
INSERT INTO lsn SELECT 'wrong', pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
SELECT
  pg_total_relation_size('otp_challenge') / :users,
  pg_total_relation_size('otp_budget') / :users,
  round(((SELECT at FROM lsn WHERE name = 'bare') - (SELECT at FROM lsn WHERE name = 'start')) / :calls),
  round(((SELECT at FROM lsn WHERE name = 'issue') - (SELECT at FROM lsn WHERE name = 'right')) / :calls),
  round(((SELECT at FROM lsn WHERE name = 'right') - (SELECT at FROM lsn WHERE name = 'bare')) / :calls),
  round(((SELECT at FROM lsn WHERE name = 'wrong') - (SELECT at FROM lsn WHERE name = 'issue')) / :calls),
  -- one of them is the INSERT's own
  (SELECT xid FROM lsn WHERE name = 'wrong') - (SELECT xid FROM lsn WHERE name = 'issue') - 1;
