-- Messages per second from the commit on, until the last has arrived and until the last has been settled; and the
-- milliseconds from its commit to the arrival and to sent_at of each message.
COPY arrival FROM :'record' (DELIMITER ' ');
CREATE TEMPORARY TABLE delay AS
  SELECT s.committed, a.at, m.sent_at,
         1000 * extract(epoch FROM a.at - s.committed) AS arrived, 1000 * extract(epoch FROM m.sent_at - s.committed) AS settled
    FROM (SELECT message_id, pg_xact_commit_timestamp(xmin) AS committed FROM sent) AS s
    JOIN otp_message AS m USING (message_id)
    JOIN (SELECT key, to_timestamp(at / 1e6) AS at FROM arrival) AS a ON a.key = m.idempotency_key;
SELECT 'messages', count(*) FROM delay
UNION ALL
SELECT 'rate', count(*) / extract(epoch FROM max(at) - min(committed)) FROM delay
UNION ALL
SELECT 'settled-rate', count(*) / extract(epoch FROM max(sent_at) - min(committed)) FROM delay
UNION ALL
SELECT 'arrived-p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY arrived) FROM delay
UNION ALL
SELECT 'arrived-p95', percentile_cont(0.95) WITHIN GROUP (ORDER BY arrived) FROM delay
UNION ALL
SELECT 'settled-p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY settled) FROM delay
UNION ALL
SELECT 'settled-p95', percentile_cont(0.95) WITHIN GROUP (ORDER BY settled) FROM delay;
