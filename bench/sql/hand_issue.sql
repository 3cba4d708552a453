\set n :first + :client_id * :per_client + :turn
\set turn :turn + 1
\set id (:n * 7919) % :users
SELECT hand_issue('u' || :id);
