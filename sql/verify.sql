-- otp_verify and otp_attempt: verdicts, what they cost, and what becomes of them.
-- Requirements: 2, 3, 4, 5, 6, 7, 9, 14, 15, 16, 26, 28, 36, 37, 38.

-- Right once, and then a replay; what it says beside yes and no (requirements 9, 15).
SELECT otp_issue('verify-1')::text AS code \gset
SELECT * FROM otp_attempt('verify-1', wrong(:'code'));
SELECT * FROM otp_attempt('verify-1', :'code');
SELECT * FROM otp_attempt('verify-1', :'code');
SELECT otp_issue('verify-1')::text AS code \gset
SELECT otp_verify('verify-1', wrong(:'code')) AS wrong, otp_verify('verify-1', :'code') AS right,
       otp_verify('verify-1', :'code') AS replayed;

-- requirement 7: an unknown user and one without a live code get the same answer, and no charge.
SELECT otp_issue('verify-2')::text AS code \gset
SELECT otp_cancel('verify-2');
SELECT * FROM otp_attempt('verify-2', :'code');
SELECT * FROM otp_attempt('verify-nobody', :'code');
SELECT * FROM otp_attempt('', :'code');
SELECT * FROM otp_attempt(NULL, :'code');
SELECT * FROM otp_attempt(repeat('u', 513), :'code');
-- Of a spent code, a guess that misses it is none.
SELECT otp_issue('verify-2')::text AS code \gset
SELECT otp_verify('verify-2', :'code');
SELECT * FROM otp_attempt('verify-2', wrong(:'code'));
SELECT charged('verify-2'), charged('verify-nobody'), charged(''), count(*) FROM otp_budget WHERE user_id = '';

-- An expired code is not accepted, and a guess at it costs nothing.
SELECT otp_issue('verify-3')::text AS code \gset
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'verify-3';
SELECT * FROM otp_attempt('verify-3', :'code');
SELECT * FROM otp_attempt('verify-3', wrong(:'code'));
SELECT charged('verify-3');

-- What cannot be a code is malformed, whoever is meant, and costs nothing (requirement 7).
SELECT otp_issue('verify-4')::text AS code \gset
SELECT what, v.* FROM (VALUES ('null', NULL), ('nothing', ''), ('separators', ' - '), ('3 digits', '123'),
                              ('33 digits', repeat('1', 33)), ('other characters', '123456;'),
                              ('a megabyte', repeat(' ', 1048576))) AS bad (what, code),
         LATERAL otp_attempt('verify-4', code) AS v;
SELECT * FROM otp_attempt('verify-nobody', '123');
SELECT otp_verify('verify-4', NULL) AS "null", otp_verify(NULL, NULL) AS nulls, otp_verify('verify-4', '12 3') AS short;
SELECT charged('verify-4'), otp_verify('verify-4', :'code');

-- Shorter or longer than the code is wrong, and charged.
SELECT otp_issue('verify-5')::text AS code \gset
SELECT v.accepted, v.reason, v.attempts_left
  FROM unnest(ARRAY[left(:'code', 5), :'code' || '0', '0' || :'code', :'code' || :'code', 'ABCDEF']) AS guess,
       LATERAL otp_attempt('verify-5', guess) AS v;

-- The purpose and the context have to be given; errors are for misuse, and cost nothing.
SELECT otp_issue('verify-6')::text AS code \gset
SELECT what, failure(format('SELECT otp_verify(''verify-6'', %L, %s)', wrong(:'code'), arguments)) AS verify,
       failure(format('SELECT otp_attempt(''verify-6'', %L, %s)', wrong(:'code'), arguments)) AS attempt
  FROM (VALUES ('purpose null', 'NULL'), ('purpose empty', ''''''), ('purpose of 64 bytes', 'repeat(''p'', 64)'),
               ('context null', '''login'', NULL')) AS bad (what, arguments);
SELECT failure('SELECT otp_verify(NULL, NULL, NULL, NULL)');
SELECT charged('verify-6');

-- requirement 9: what is left, and when to come back.  Five wrong guesses, then a delay; a right code
-- is not judged while it lasts.
UPDATE otp_policy SET first_delay = '1 hour' WHERE purpose = 'default';
SELECT otp_issue('verify-7')::text AS code \gset
SELECT n, reason, attempts_left, retry_at > clock_timestamp() AS wait
  FROM generate_series(1, 6) AS n, LATERAL otp_attempt('verify-7', wrong(:'code', n));
SELECT accepted, reason, method, attempts_left, retry_at > clock_timestamp() AS wait FROM otp_attempt('verify-7', :'code');
SELECT charged('verify-7');
-- A code bears max_attempts wrong guesses, and no delay is in the way here: then it is locked for good.
UPDATE otp_policy SET free_guesses = 100, max_attempts = 3 WHERE purpose = 'default';
SELECT otp_issue('verify-8')::text AS code \gset
SELECT n, v.* FROM generate_series(1, 4) AS n, LATERAL otp_attempt('verify-8', wrong(:'code', n)) AS v;
SELECT * FROM otp_attempt('verify-8', :'code');
SELECT charged('verify-8');
-- A new code bears as many again.
SELECT otp_issue('verify-8')::text AS code \gset
SELECT reason, attempts_left FROM otp_attempt('verify-8', wrong(:'code'));
SELECT accepted, attempts_left FROM otp_attempt('verify-8', :'code');

-- From here on many guesses, without a delay.
UPDATE otp_policy SET free_guesses = 100, max_attempts = 100 WHERE purpose = 'default';

-- requirement 2: the charge survives ROLLBACK, ROLLBACK TO SAVEPOINT, an EXCEPTION block and a failing
-- statement; requirement 3: at every isolation level.  The acceptance goes with each of them, and then
-- the code can be accepted again (requirement 16).
CREATE FUNCTION verify_and_fail(user_id text, code text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  verdict boolean;
BEGIN
  BEGIN
    verdict := otp_verify(user_id, code);
    RAISE EXCEPTION 'undone';
  EXCEPTION WHEN raise_exception THEN
    RETURN verdict;
  END;
END $$;
-- The first wrong guess of a user makes the row of the budget, the others overwrite it.  The
-- replay within a rolled-back transaction is charged as well: 1 + 2 + 1 + 1 + 1.
SELECT otp_issue('verify-rc')::text AS code \gset
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT otp_verify('verify-rc', wrong(:'code', 1)) AS wrong;
ROLLBACK;
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT otp_verify('verify-rc', wrong(:'code', 2)) AS wrong, otp_verify('verify-rc', :'code') AS right,
       otp_verify('verify-rc', :'code') AS replayed;
ROLLBACK;
BEGIN ISOLATION LEVEL READ COMMITTED;
SAVEPOINT s;
SELECT otp_verify('verify-rc', wrong(:'code', 3)) AS wrong, otp_verify('verify-rc', :'code') AS right;
ROLLBACK TO s;
SELECT verify_and_fail('verify-rc', wrong(:'code', 4)) AS wrong, verify_and_fail('verify-rc', :'code') AS right;
SELECT otp_verify('verify-rc', :'code') AS right_again;
ROLLBACK;
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT otp_verify('verify-rc', wrong(:'code', 5))::integer / 0;
COMMIT;
SELECT charged('verify-rc');
SELECT otp_verify('verify-rc', :'code') AS right_again, otp_verify('verify-rc', :'code') AS replayed;

SELECT otp_issue('verify-rr')::text AS code \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT otp_verify('verify-rr', wrong(:'code', 1)) AS wrong;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT otp_verify('verify-rr', wrong(:'code', 2)) AS wrong, otp_verify('verify-rr', :'code') AS right,
       otp_verify('verify-rr', :'code') AS replayed;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SAVEPOINT s;
SELECT otp_verify('verify-rr', wrong(:'code', 3)) AS wrong, otp_verify('verify-rr', :'code') AS right;
ROLLBACK TO s;
SELECT verify_and_fail('verify-rr', wrong(:'code', 4)) AS wrong, verify_and_fail('verify-rr', :'code') AS right;
SELECT otp_verify('verify-rr', :'code') AS right_again;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT otp_verify('verify-rr', wrong(:'code', 5))::integer / 0;
COMMIT;
SELECT charged('verify-rr');
SELECT otp_verify('verify-rr', :'code') AS right_again, otp_verify('verify-rr', :'code') AS replayed;

SELECT otp_issue('verify-sr')::text AS code \gset
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_verify('verify-sr', wrong(:'code', 1)) AS wrong;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_verify('verify-sr', wrong(:'code', 2)) AS wrong, otp_verify('verify-sr', :'code') AS right,
       otp_verify('verify-sr', :'code') AS replayed;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SAVEPOINT s;
SELECT otp_verify('verify-sr', wrong(:'code', 3)) AS wrong, otp_verify('verify-sr', :'code') AS right;
ROLLBACK TO s;
SELECT verify_and_fail('verify-sr', wrong(:'code', 4)) AS wrong, verify_and_fail('verify-sr', :'code') AS right;
SELECT otp_verify('verify-sr', :'code') AS right_again;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT otp_verify('verify-sr', wrong(:'code', 5))::integer / 0;
COMMIT;
SELECT charged('verify-sr');
SELECT otp_verify('verify-sr', :'code') AS right_again, otp_verify('verify-sr', :'code') AS replayed;

-- A transaction that has itself issued the user's first code leaves nothing behind but the charge.
BEGIN;
SELECT otp_issue('verify-20')::text AS code \gset
SELECT otp_verify('verify-20', wrong(:'code')) AS wrong, otp_verify('verify-20', :'code') AS right;
ROLLBACK;
SELECT charged('verify-20'), (otp_attempt('verify-20', :'code')).reason;

-- requirement 14: the same wrong guess again costs nothing, in whatever spelling.
SELECT otp_issue('verify-9')::text AS code \gset
SELECT wrong(:'code') AS guess \gset
SELECT what, reason, charged('verify-9')
  FROM (VALUES (1, 'as it is', :'guess'), (2, 'again', :'guess'), (3, 'space', left(:'guess', 3) || ' ' || right(:'guess', 3)),
               (4, 'hyphen', left(:'guess', 3) || '-' || right(:'guess', 3)),
               (5, 'no-break space', U&'\00A0' || :'guess'), (6, 'non-breaking hyphen', :'guess' || U&'\2011'),
               (7, 'bidi marks', U&'\2068' || :'guess' || U&'\2069'),
               (8, 'full-width digits', translate(:'guess', '0123456789',
                  U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19')),
               (9, 'Arabic-Indic digits', translate(:'guess', '0123456789',
                  U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'))) AS spelling (n, what, code),
       LATERAL (SELECT (otp_attempt('verify-9', code)).reason) AS v;
SELECT charged('verify-9');
-- Right in another spelling is right, and then a replay in any other.
SELECT otp_verify('verify-9', U&'\200F' || translate(:'code', '0123456789',
         U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669')) AS accepted;
SELECT reason FROM otp_attempt('verify-9', left(:'code', 3) || U&'\00A0' || right(:'code', 3));

-- Nine different ones cost nine.  The last eight are remembered, the one before is not.
SELECT otp_issue('verify-10')::text AS code \gset
SELECT count(*) FILTER (WHERE otp_verify('verify-10', wrong(:'code', n))) AS accepted FROM generate_series(1, 9) AS n;
SELECT charged('verify-10');
SELECT count(*) FILTER (WHERE otp_verify('verify-10', wrong(:'code', n))) AS accepted FROM generate_series(2, 9) AS n;
SELECT charged('verify-10');
SELECT otp_verify('verify-10', wrong(:'code', 1));
SELECT charged('verify-10');
-- What is remembered goes with the code: the same guess at another code is another guess.
SELECT issue_unlike(wrong(:'code', 1), 'verify-10') IS NOT NULL AS another;
SELECT otp_verify('verify-10', wrong(:'code', 1));
SELECT charged('verify-10');

-- requirements 4, 5, 6: a new code, a resend, a cancel, another purpose, a success elsewhere refill
-- nothing.  Five free guesses in all, whatever comes between.
UPDATE otp_policy SET free_guesses = 5, max_attempts = 100 WHERE purpose = 'default';
SELECT otp_issue('verify-11')::text AS a, otp_issue('verify-11', 'payment')::text AS b, otp_issue('verify-11', 'reset')::text AS c \gset
SELECT reason, attempts_left FROM otp_attempt('verify-11', wrong(:'a'));
SELECT otp_resend('verify-11')::text = :'a' AS resent;
SELECT reason, attempts_left FROM otp_attempt('verify-11', wrong(:'b'), 'payment');
SELECT otp_verify('verify-11', :'c', 'reset') AS success_elsewhere;
SELECT reason, attempts_left FROM otp_attempt('verify-11', wrong(:'a', 2));
SELECT issue_unlike(wrong(:'a', 3), 'verify-11') AS a \gset
SELECT reason, attempts_left FROM otp_attempt('verify-11', wrong(:'a', 3));
SELECT otp_cancel('verify-11'), issue_unlike(wrong(:'a', 4), 'verify-11') AS a \gset
SELECT reason, attempts_left, retry_at IS NOT NULL AS wait FROM otp_attempt('verify-11', wrong(:'a', 4));
SELECT reason, attempts_left, retry_at IS NOT NULL AS wait FROM otp_attempt('verify-11', :'b', 'payment');
SELECT otp_issue('verify-11', 'reset')::text AS c \gset
SELECT reason, attempts_left, retry_at IS NOT NULL AS wait FROM otp_attempt('verify-11', :'c', 'reset');
SELECT charged('verify-11');
UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';

-- requirement 26: the code of another user, purpose or context is wrong, and charged; requirement 28: it
-- stays live all the same.
SELECT otp_issue('verify-12', 'login', '100 EUR')::text AS code \gset
SELECT issue_unlike(:'code', 'verify-13') AS other_user, issue_unlike(:'code', 'verify-12', 'payment') AS other_purpose \gset
SELECT reason FROM otp_attempt('verify-13', :'code');
SELECT charged('verify-13'), charged('verify-12');
SELECT reason FROM otp_attempt('verify-12', :'code', 'payment');
SELECT reason FROM otp_attempt('verify-12', :'code', 'login', '900 EUR');
SELECT reason FROM otp_attempt('verify-12', :'code', 'login');
SELECT charged('verify-12');
SELECT otp_verify('verify-12', :'code', 'login', '100 EUR') AS own, otp_verify('verify-13', :'other_user') AS other_user,
       otp_verify('verify-12', :'other_purpose', 'payment') AS other_purpose;

-- requirement 28: fifty wrong guesses do not remove a live code.
SELECT otp_issue('verify-14')::text AS code \gset
SELECT count(*) FILTER (WHERE otp_verify('verify-14', wrong(:'code', n))) AS accepted FROM generate_series(1, 50) AS n;
SELECT charged('verify-14'), otp_verify('verify-14', :'code');

-- requirement 38: called over a set or in a WHERE clause, each call is charged.
SELECT otp_issue('verify-15')::text AS code \gset
SELECT count(*) FROM generate_series(1, 3) AS n WHERE otp_verify('verify-15', wrong(:'code', n));
SELECT charged('verify-15');
SELECT count(*) FROM generate_series(4, 6) AS n WHERE NOT otp_verify('verify-15', wrong(:'code', n)) LIMIT 1;
SELECT charged('verify-15');
SELECT otp_verify('verify-15', wrong(:'code', 7)), otp_verify('verify-15', wrong(:'code', 8)),
       CASE WHEN otp_verify('verify-15', wrong(:'code', 9)) THEN 'yes' ELSE 'no' END;
SELECT charged('verify-15');
-- Of all codes in a set one is accepted, once, though each row is judged.
SELECT count(*) AS guesses, count(*) FILTER (WHERE otp_verify('verify-15', guess)) AS accepted
  FROM (SELECT wrong(:'code', n) AS guess FROM generate_series(-2, 2) AS n ORDER BY n) AS set;

-- requirement 37: a read-only transaction refuses, and judges nothing.
SELECT otp_issue('verify-16')::text AS code \gset
BEGIN READ ONLY;
SELECT what, failure(format(command, :'code'))
  FROM (VALUES ('verify right', 'SELECT otp_verify(''verify-16'', %L)'), ('verify wrong', 'SELECT otp_verify(''verify-16'', wrong(%L))'),
               ('attempt', 'SELECT otp_attempt(''verify-16'', %L)'), ('malformed', 'SELECT otp_verify(''verify-16'', ''1'')'),
               ('nobody', 'SELECT otp_verify(''verify-nobody'', %L)'), ('issue', 'SELECT otp_issue(''verify-16'')'),
               ('resend', 'SELECT otp_resend(''verify-16'')'), ('cancel', 'SELECT otp_cancel(''verify-16'')'))
    AS call (what, command);
SELECT hotp_at('JBSWY3DPEHPK3PXP', 0) AS pure;
COMMIT;
SELECT charged('verify-16'), otp_verify('verify-16', :'code');

-- Where the budget once stood is a hint: a guess is charged to its user, wherever the row is now.
SELECT otp_issue('verify-17')::text AS a, otp_issue('verify-18')::text AS b \gset
SELECT otp_verify('verify-18', wrong(:'b'));
UPDATE otp_challenge SET budget = (SELECT ctid FROM otp_budget WHERE user_id = 'verify-18') WHERE user_id = 'verify-17';
SELECT otp_verify('verify-17', wrong(:'a', 1));
UPDATE otp_challenge SET budget = '(4294967290,1)' WHERE user_id = 'verify-17';
SELECT otp_verify('verify-17', wrong(:'a', 2));
UPDATE otp_challenge SET budget = '(0,0)' WHERE user_id = 'verify-17';
SELECT otp_verify('verify-17', wrong(:'a', 3));
VACUUM FULL otp_budget;
SELECT otp_verify('verify-17', wrong(:'a', 4)), otp_verify('verify-18', wrong(:'b', 2));
DELETE FROM otp_budget WHERE user_id = 'verify-17';
SELECT otp_verify('verify-18', wrong(:'b', 3));
SELECT charged('verify-17') AS removed, charged('verify-18') AS other;

-- A damaged installation is an error, not a verdict, and charges nothing (requirement 37).
SELECT otp_issue('verify-19')::text AS code \gset
BEGIN;
SELECT what, failure(format('UPDATE otp_challenge SET %s WHERE user_id = ''verify-19''', change)) AS change,
       failure(format('SELECT otp_verify(%L, %L)', 'verify-19', wrong(:'code'))) AS wrong,
       failure(format('SELECT otp_verify(%L, %L)', 'verify-19', :'code')) AS right
  FROM (VALUES ('length', 'length = 33'), ('length', 'length = 3, alphabet = 1'),
               ('alphabet', 'length = 6, alphabet = 9'), ('state', 'alphabet = 1, state = ''x''')) AS damage (what, change);
ROLLBACK;
BEGIN;
DELETE FROM otp_decoy;
SELECT regexp_replace(failure($$SELECT otp_verify('verify-nobody', '123456')$$), '"[0-9]+"', '"(n)"') AS decoy;
ROLLBACK;
-- A session remembers where its row of otp_decoy stood; rows that stand elsewhere meanwhile, or on fewer
-- pages, do no harm: it is the session's row that is overwritten.
CREATE FUNCTION decoys_overwritten() RETURNS TABLE (rows bigint, is_own boolean)
LANGUAGE sql VOLATILE AS $$
  SELECT otp_verify('verify-nobody', '123456');
  SELECT count(*), bool_and(user_id = (pg_backend_pid() % 64)::text) FROM otp_decoy WHERE total > 0
$$;
UPDATE otp_decoy SET total = 0;
SELECT * FROM decoys_overwritten();
CREATE TEMP TABLE decoy AS TABLE otp_decoy;
TRUNCATE otp_decoy;
INSERT INTO otp_decoy (total, level, last_at, cleared_total, guess_1, guess_2, guess_3, guess_4, guess_5, guess_6, guess_7, guess_8, user_id)
  SELECT 0, 0, 'epoch', 0, 0, 0, 0, 0, 0, 0, 0, 0, user_id FROM decoy ORDER BY user_id::integer DESC;
SELECT * FROM decoys_overwritten();
UPDATE otp_decoy SET total = 0;
SELECT * FROM decoys_overwritten();
ALTER TABLE otp_decoy RESET (fillfactor);
UPDATE otp_decoy SET total = 0;
VACUUM FULL otp_decoy;
SELECT * FROM decoys_overwritten();
BEGIN;
DELETE FROM otp_decoy WHERE user_id = (pg_backend_pid() % 64)::text;
SELECT regexp_replace(failure($$SELECT otp_verify('verify-nobody', '123456')$$), '"[0-9]+"', '"(n)"') AS decoy;
ROLLBACK;
ALTER TABLE otp_decoy SET (fillfactor = 10);
VACUUM FULL otp_decoy;
SELECT * FROM decoys_overwritten();
DROP FUNCTION decoys_overwritten;
DROP TABLE decoy;

-- A refusal of a user who has a budget writes that one, as it stands, and no decoy (requirement 7).
UPDATE otp_policy SET trail = 'none' WHERE purpose = 'default';
UPDATE otp_decoy SET total = 0;
SELECT otp_issue('verify-20') IS NOT NULL AS issued, otp_verify('verify-20', 'wrong'), otp_cancel('verify-20');
SELECT b::text AS before, pg_current_wal_insert_lsn() AS lsn FROM otp_budget AS b WHERE user_id = 'verify-20' \gset
SELECT reason FROM otp_attempt('verify-20', '123456');
SELECT b::text = :'before' AS same, pg_current_wal_insert_lsn() > :'lsn' AS written,
       (SELECT count(*) FROM otp_decoy WHERE total > 0) AS decoys
  FROM otp_budget AS b WHERE user_id = 'verify-20';
BEGIN;
ALTER TABLE otp_budget ADD COLUMN remark text;
SELECT failure(format('SELECT otp_verify(%L, %L)', 'verify-19', wrong(:'code'))) AS column;
ROLLBACK;
SELECT charged('verify-19'), otp_verify('verify-19', :'code') AS right;

DROP FUNCTION verify_and_fail;
SELECT reset_policy();
