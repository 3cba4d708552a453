\set n :first + :client_id * :per_client + :turn
\set turn :turn + 1
\set id (:n * 7919) % :users
UPDATE bare SET a = a + 1, b = clock_timestamp(), c = (SELECT length(code) FROM code WHERE id = :id) WHERE id = 'u' || :id;
