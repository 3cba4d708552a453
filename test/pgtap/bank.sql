-- A bank: a payment as an application's role makes it, by a function of its own that verifies and pays in
-- one transaction.  Guesses, fraud, an account without the money, a replay, a delay, and the auditor.
-- Requirements: 2, 16, 26, 27, 28, 33, 36, 40.

BEGIN;
SELECT plan(31);

UPDATE otp_policy SET first_delay = '1 hour' WHERE purpose = 'default';

-- The application: its role, its tables, and no privilege on any of the extension's.
CREATE ROLE regress_otp_bank;
SELECT otp_grant('regress_otp_bank', 'application');
CREATE TABLE payment (
  id integer PRIMARY KEY,
  payer text NOT NULL,
  payee text NOT NULL,
  amount numeric NOT NULL,
  paid boolean NOT NULL DEFAULT false
);
CREATE TABLE account (holder text PRIMARY KEY, balance numeric NOT NULL CHECK (balance >= 0));
INSERT INTO account VALUES ('bank-alice', 100), ('bank-bob', 0);
CREATE TABLE outbox (recipient text, body text);
GRANT SELECT, INSERT, UPDATE ON payment, account, outbox TO regress_otp_bank;

-- What the code is bound to: a changed byte is another payment.
CREATE FUNCTION terms(payment) RETURNS text
LANGUAGE sql STABLE
RETURN format('payment %s: %s to %s', $1.id, $1.amount, $1.payee);

-- Pays if the code is right: verification and payment are one transaction.  An error undoes both.
CREATE FUNCTION pay(payment_id integer, code text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  p payment;
BEGIN
  SELECT * INTO STRICT p FROM payment WHERE id = payment_id AND NOT paid FOR UPDATE;
  IF NOT otp_verify(p.payer, code, 'payment', terms(p)) THEN
    RETURN false;
  END IF;
  UPDATE account SET balance = balance - p.amount WHERE holder = p.payer;
  UPDATE account SET balance = balance + p.amount WHERE holder = p.payee;
  UPDATE payment SET paid = true WHERE id = payment_id;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION pay(integer, text), terms(payment) TO regress_otp_bank;

-- Another code than `code`, of 6 digits.
CREATE FUNCTION wrong(code text, n integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN lpad(((code::integer + n) % 1000000)::text, 6, '0');

SET ROLE regress_otp_bank;
SELECT throws_ok('TABLE otp_challenge', '42501', NULL, 'the bank reads no codes');
SELECT throws_ok('UPDATE otp_budget SET level = 0', '42501', NULL, 'the bank resets no counter');

-- A payment is entered, and the code sent.
INSERT INTO payment VALUES (1, 'bank-alice', 'bank-bob', 60);
INSERT INTO outbox SELECT payer, otp_issue(payer, 'payment', terms(payment)) FROM payment WHERE id = 1;
SELECT matches(body, '^[0-9]{6}$', 'the message has a code') FROM outbox;
SELECT body AS code FROM outbox \gset
SELECT is(otp_resend(payer, 'payment', terms(payment))::text, :'code', 'sent again, it is the same code')
  FROM payment WHERE id = 1;

-- Somebody guesses.
SELECT is(pay(1, wrong(:'code', 1)), false, 'a wrong code does not pay');
SELECT is(pay(1, NULL), false, 'no code does not pay');
SELECT is(pay(1, 'please!'), false, 'something else does not pay');
SELECT results_eq('SELECT balance FROM account ORDER BY holder', 'VALUES (100::numeric), (0)', 'no money has moved');

-- Somebody makes it another payment: more, or to himself.
SAVEPOINT fraud;
UPDATE payment SET amount = 90 WHERE id = 1;
SELECT is(pay(1, :'code'), false, 'the code does not pay more');
ROLLBACK TO fraud;
SAVEPOINT fraud;
UPDATE payment SET payee = 'mallory' WHERE id = 1;
SELECT is(pay(1, :'code'), false, 'the code does not pay somebody else');
ROLLBACK TO fraud;
SELECT is(otp_verify('bank-bob', :'code', 'payment', 'payment 1: 60 to bank-bob'), false, 'it is not the code of the payee');
SELECT is(otp_verify('bank-alice', :'code'), false, 'nor one to log in with');

-- The balance does not suffice: payment and acceptance are undone, and the code is as good as before.
SAVEPOINT poor;
UPDATE account SET balance = 10 WHERE holder = 'bank-alice';
SELECT throws_ok(format('SELECT pay(1, %L)', :'code'), '23514', NULL, 'the account has not enough');
ROLLBACK TO poor;
SELECT is(paid, false, 'it is not paid') FROM payment WHERE id = 1;
SELECT is(otp_resend('bank-alice', 'payment', 'payment 1: 60 to bank-bob')::text, :'code', 'the code is live');

-- It is paid, once.
SELECT is(pay(1, left(:'code', 3) || ' ' || right(:'code', 3)), true, 'the code pays, as it is written on the phone');
SELECT is(paid, true, 'it is paid') FROM payment WHERE id = 1;
SELECT results_eq('SELECT balance FROM account ORDER BY holder', 'VALUES (40::numeric), (60)', 'the money has moved');
SELECT throws_ok(format('SELECT pay(1, %L)', :'code'), 'P0002', NULL, 'there is nothing left to pay');
INSERT INTO payment VALUES (2, 'bank-alice', 'bank-bob', 40);
SELECT is(pay(2, :'code'), false, 'the code does not pay twice');
SELECT is((otp_attempt('bank-alice', :'code', 'payment', 'payment 1: 60 to bank-bob')).reason, 'replayed', 'and is known for a replay');
SELECT is(otp_cancel('bank-alice', 'payment'), false, 'nothing is left to withdraw');

-- The wrong guesses have stayed, each once, those in rolled-back savepoints too: one wrong, two at the
-- changed payments, a replay.
RESET ROLE;
SELECT is((SELECT total FROM otp_budget WHERE user_id = 'bank-alice'), 4::bigint, 'four guesses are charged to alice');
SELECT is((SELECT total FROM otp_budget WHERE user_id = 'bank-bob'), NULL, 'and none to bank-bob');

-- One more free guess; then even the right code has to wait.
SET ROLE regress_otp_bank;
SELECT otp_issue('bank-alice', 'payment', 'payment 2: 40 to bank-bob')::text AS code \gset
SELECT is(attempts_left, 0, 'that was the last guess without a wait')
  FROM otp_attempt('bank-alice', wrong(:'code', 1), 'payment', 'payment 2: 40 to bank-bob');
SELECT is(pay(2, :'code'), false, 'the right code has to wait');
SELECT ok(reason = 'locked' AND retry_at > clock_timestamp(), 'because of a delay, whose end is told')
  FROM otp_attempt('bank-alice', :'code', 'payment', 'payment 2: 40 to bank-bob');
SELECT is(otp_cancel('bank-alice', 'payment'), true, 'the bank withdraws the code');

-- The auditor reads the trail.  Whatever was rolled back, the rejections are there.
RESET ROLE;
SELECT is((SELECT string_agg(concat_ws(' ', n, event, reason), ', ' ORDER BY first)
             FROM (SELECT event, reason, count(*) AS n, min(at) AS first FROM otp_event WHERE user_id = 'bank-alice'
                     GROUP BY event, reason) AS trail),
          '2 issued, 2 resent, 4 rejected wrong, 2 rejected no_code, 1 accepted, 1 rejected replayed, 2 rejected locked, '
          '1 cancelled', 'what has happened');
SELECT is((SELECT count(*)::integer FROM otp_event AS e WHERE user_id IN ('bank-alice', 'bank-bob') AND e::text ~ 'payment [12]'), 0,
          'the trail does not tell what was paid');
SELECT throws_ok('DO $$ BEGIN PERFORM otp_issue(NULL, ''payment''); END $$', '22004', NULL, 'misuse is an error');

SELECT * FROM finish();
ROLLBACK;
