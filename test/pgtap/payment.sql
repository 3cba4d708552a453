-- The life of a payment: issued, guessed at, confirmed with amount and payee bound in, refused the
-- second time.  Requirements 2, 4, 14, 15, 16, 27, 28, 33.
BEGIN;
SELECT plan(17);

CREATE TABLE payment (payer text, payee text, amount numeric);
CREATE TEMP TABLE sent (code text);
INSERT INTO sent SELECT otp_issue('pay-alice', 'payment', '99.00 EUR to bob')::text;

SELECT matches((SELECT code FROM sent), '^[0-9]{6}$', 'a code has six digits');
SELECT is((SELECT otp_resend('pay-alice', 'payment', '99.00 EUR to bob')::text), (SELECT code FROM sent),
          'a resend is the same code');
SELECT ok(otp_resend('pay-alice', 'payment', '99.00 EUR to eve') IS NULL, 'a resend for another payment is none');
SELECT ok(otp_resend('pay-alice', 'login', '') IS NULL, 'a resend for another purpose is none');

-- A guess in a savepoint that is rolled back.
SAVEPOINT guess;
SELECT is((SELECT reason FROM otp_attempt('pay-alice', 'WRONG1', 'payment', '99.00 EUR to bob')), 'wrong',
          'a wrong code is wrong');
ROLLBACK TO SAVEPOINT guess;
SELECT is((SELECT total FROM otp_budget WHERE user_id = 'pay-alice'), 1::bigint,
          'the guess is counted after the rollback');
SELECT is((SELECT attempts_left FROM otp_attempt('pay-alice', 'WRONG2', 'payment', '99.00 EUR to bob')), 3,
          'two wrong guesses leave three');

-- Dynamic linking.
SELECT is((SELECT reason FROM otp_attempt('pay-alice', (SELECT code FROM sent), 'payment', '99.00 EUR to eve')),
          'wrong', 'the right code is wrong for another payee');
SELECT is((SELECT total FROM otp_budget WHERE user_id = 'pay-alice'), 3::bigint, 'and charged');

-- The payment fails: the code is given back.
SAVEPOINT pay;
SELECT ok(otp_verify('pay-alice', (SELECT code FROM sent), 'payment', '99.00 EUR to bob'), 'the right code is right');
INSERT INTO payment VALUES ('alice', 'bob', 99.00);
ROLLBACK TO SAVEPOINT pay;
SELECT is((SELECT count(*) FROM payment), 0::bigint, 'the payment is rolled back');

-- The payment is made: the code is spent.
SELECT ok(otp_verify('pay-alice', ' ' || regexp_replace(code, '(...)', '\1-'), 'payment', '99.00 EUR to bob'),
          'the code is given back with it, and read with separators')
  FROM sent;
INSERT INTO payment VALUES ('alice', 'bob', 99.00);
SELECT is((SELECT count(*) FROM payment), 1::bigint, 'the payment is made');
SELECT is((SELECT reason FROM otp_attempt('pay-alice', (SELECT code FROM sent), 'payment', '99.00 EUR to bob')),
          'replayed', 'the code is not accepted again');
SELECT is((SELECT total FROM otp_budget WHERE user_id = 'pay-alice'), 4::bigint, 'a replay is charged');

SELECT set_eq($$SELECT event, reason FROM otp_event WHERE user_id = 'pay-alice'$$,
              $$VALUES ('issued', NULL), ('resent', NULL), ('rejected', 'wrong'), ('accepted', NULL),
                       ('rejected', 'replayed')$$,
              'the trail has it all');
SELECT is((SELECT count(*) FROM otp_event WHERE user_id = 'pay-alice' AND event = 'accepted'), 1::bigint,
          'and one acceptance, the one that stands');

SELECT * FROM finish();
ROLLBACK;
