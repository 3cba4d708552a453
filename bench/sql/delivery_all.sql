-- Messages m(first) on, each of another user to another number, in one transaction.
-- Table sent keeps which transaction sent them: its row is not updated by whoever carries the message.
INSERT INTO sent SELECT otp_send('m' || i, '+62' || (81200000000 + i), 'bench', 'login', 'Order ' || i)
  FROM generate_series(:first, :first + :messages - 1) AS i;
