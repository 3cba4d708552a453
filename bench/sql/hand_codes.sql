-- Fresh codes for the users whose turn it is.
TRUNCATE code;
INSERT INTO code
  SELECT id, hand_issue('u' || id)
    FROM (SELECT DISTINCT ((:first + n)::bigint * 7919) % :users AS id FROM generate_series(0, :calls - 1) AS n) AS turn;
VACUUM ANALYZE code;
VACUUM hand;
