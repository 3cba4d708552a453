\set i :first + :client_id + :clients * :turn
\set turn :turn + 1
INSERT INTO sent SELECT otp_send('m' || :i, '+62' || (81200000000 + :i), 'bench', 'login', 'Order ' || :i);
