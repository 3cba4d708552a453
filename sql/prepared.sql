-- Two-phase commit.  Where the server does not allow it (max_prepared_transactions = 0), there is
-- nothing to show.
-- Requirements: 2, 16.
SELECT current_setting('max_prepared_transactions') = '0' AS impossible \gset
\if :impossible
\quit
\endif

-- requirement 16: a code that a prepared transaction accepted is spent once that commits, and can be
-- accepted again once it is rolled back.
SELECT otp_issue('prepared-1')::text AS code \gset
BEGIN;
SELECT otp_verify('prepared-1', :'code');
PREPARE TRANSACTION 'regress_otp';
ROLLBACK PREPARED 'regress_otp';
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_verify('prepared-1', :'code');
PREPARE TRANSACTION 'regress_otp';
COMMIT PREPARED 'regress_otp';
SELECT accepted, reason FROM otp_attempt('prepared-1', :'code');

-- requirement 2: a wrong guess stays charged, whatever becomes of the prepared transaction, and is
-- charged while it waits; so stays its event.
SELECT otp_issue('prepared-2')::text AS code \gset
BEGIN;
SELECT otp_verify('prepared-2', wrong(:'code', 1)), otp_verify('prepared-2', :'code');
PREPARE TRANSACTION 'regress_otp';
SELECT charged('prepared-2') AS prepared;
ROLLBACK PREPARED 'regress_otp';
SELECT charged('prepared-2') AS rolled_back;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT otp_verify('prepared-2', wrong(:'code', 2));
PREPARE TRANSACTION 'regress_otp';
COMMIT PREPARED 'regress_otp';
SELECT charged('prepared-2') AS committed;
SELECT event, reason FROM otp_event WHERE user_id = 'prepared-2' ORDER BY at;
SELECT otp_verify('prepared-2', :'code') AS right;

-- While a prepared transaction holds an accepted code, wrong guesses at it are judged, not kept waiting.
SELECT otp_issue('prepared-3')::text AS code \gset
BEGIN;
SELECT otp_verify('prepared-3', :'code');
PREPARE TRANSACTION 'regress_otp';
SELECT reason, attempts_left FROM otp_attempt('prepared-3', wrong(:'code'));
ROLLBACK PREPARED 'regress_otp';
SELECT otp_verify('prepared-3', :'code') AS right;

-- A code that a prepared transaction issued is one once that commits; the same of its withdrawal.
BEGIN;
SELECT otp_issue('prepared-4')::text AS code \gset
PREPARE TRANSACTION 'regress_otp';
SELECT reason FROM otp_attempt('prepared-4', :'code');
COMMIT PREPARED 'regress_otp';
BEGIN;
SELECT otp_cancel('prepared-4');
PREPARE TRANSACTION 'regress_otp';
ROLLBACK PREPARED 'regress_otp';
SELECT otp_verify('prepared-4', :'code') AS right;
