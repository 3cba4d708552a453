-- Table otp_policy: what a DBA can set, and when it counts.
-- Requirements: 30, 35, 37, 42.

-- What makes no sense is refused, by constraints that say what does.
SELECT what, failure('INSERT INTO otp_policy (purpose, ' || command)
  FROM (VALUES ('no purpose', $$length, alphabet) VALUES (NULL, 6, 'digits')$$),
               ('empty purpose', $$length, alphabet) VALUES ('', 6, 'digits')$$),
               ('purpose of 64 bytes', $$length, alphabet) VALUES (repeat('p', 64), 6, 'digits')$$),
               ('purpose of 32 letters, 64 bytes', $$length, alphabet) VALUES (repeat(U&'\00E9', 32), 6, 'digits')$$),
               ('alphabet', $$length, alphabet) VALUES ('policy', 6, 'hexadecimal')$$),
               ('length alone', $$length) VALUES ('policy', 6)$$),
               ('alphabet alone', $$alphabet) VALUES ('policy', 'digits')$$),
               ('5 digits', $$length, alphabet) VALUES ('policy', 5, 'digits')$$),
               ('4 letters', $$length, alphabet) VALUES ('policy', 4, 'letters')$$),
               ('3 alphanumeric', $$length, alphabet) VALUES ('policy', 3, 'alphanumeric')$$),
               ('33 symbols', $$length, alphabet) VALUES ('policy', 33, 'digits')$$),
               ('9 seconds', $$lifetime) VALUES ('policy', '9 seconds')$$),
               ('a day and more', $$lifetime) VALUES ('policy', '1 day 1 microsecond')$$),
               ('a month', $$lifetime) VALUES ('policy', '1 month')$$),
               ('negative life', $$lifetime) VALUES ('policy', '-5 minutes')$$),
               ('no attempt', $$max_attempts) VALUES ('policy', 0)$$),
               ('101 attempts', $$max_attempts) VALUES ('policy', 101)$$),
               ('trail', $$trail) VALUES ('policy', 'some')$$),
               ('limits of a purpose', $$free_guesses) VALUES ('policy', 3)$$),
               ('delay of a purpose', $$first_delay, longest_delay) VALUES ('policy', '1 s', '1 s')$$),
               ('negative cool-down', $$cool_down) VALUES ('policy', '-1 second')$$),
               ('cool-down of more than a day', $$cool_down) VALUES ('policy', '1 day 1 second')$$),
               ('short window', $$issue_window) VALUES ('policy', '59 seconds')$$),
               ('long window', $$issue_window) VALUES ('policy', '30 days 1 second')$$),
               ('no issue', $$issues_per_user) VALUES ('policy', 0)$$),
               ('no issue to a destination', $$issues_per_destination) VALUES ('policy', 0)$$),
               ('stopped at once', $$max_consecutive) VALUES ('policy', 0)$$),
               ('short stop', $$max_consecutive, stop_for) VALUES ('policy', 5, '59 seconds')$$),
               ('stop_for alone', $$stop_for) VALUES ('policy', '1 hour')$$),
               ('101 before', $$warn_before) VALUES ('policy', 101)$$),
               ('one code unlocks', $$self_unlock) VALUES ('policy', 1)$$),
               ('eleven codes unlock', $$self_unlock) VALUES ('policy', 11)$$),
               ('twice', $$shipped) VALUES ('default', true)$$)) AS bad (what, command);
SELECT what, failure('UPDATE otp_policy SET ' || command)
  FROM (VALUES ('no free guess', 'free_guesses = 0'),
               ('101 free guesses', 'free_guesses = 101'),
               ('forgiven at once', $$forgive_every = '59 seconds'$$),
               ('never forgiven', $$forgive_every = '30 days 1 second'$$),
               ('no delay', $$first_delay = '999 milliseconds'$$),
               ('two days', $$first_delay = '2 days', longest_delay = '2 days'$$),
               ('longest before first', $$longest_delay = '14 seconds'$$),
               ('longest beyond a day', $$longest_delay = '1 day 1 second'$$),
               ('null in row default', 'trail = NULL'),
               ('null cool-down in row default', 'cool_down = NULL'),
               ('null limit in row default', 'free_guesses = NULL')) AS bad (what, command);

-- requirement 30: a code lives 5 minutes by default, never more than a day.
SELECT (otp_issue('policy-1')) IS NOT NULL AS issued;
SELECT expires_at - issued_at FROM otp_challenge WHERE user_id = 'policy-1';

-- A purpose without a row, or with nothing in its row, is the default's; what its row says, holds.
INSERT INTO otp_policy (purpose) VALUES ('nothing');
INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('letters', 8, 'letters');
INSERT INTO otp_policy (purpose, lifetime) VALUES ('quick', '10 seconds');
SELECT purpose, otp_issue('policy-1', purpose)::text ~ pattern AS code
  FROM (VALUES ('login', '^[0-9]{6}$'), ('nothing', '^[0-9]{6}$'), ('letters', '^[A-Z]{8}$'), ('quick', '^[0-9]{6}$'))
    AS p (purpose, pattern);
SELECT purpose, expires_at - issued_at AS life FROM otp_challenge WHERE user_id = 'policy-1' ORDER BY 1;
-- max_attempts: of the default 5, of purpose `one` 1.
INSERT INTO otp_policy (purpose, max_attempts) VALUES ('one', 1);
SELECT otp_issue('policy-2', 'nothing')::text AS nothing, otp_issue('policy-3', 'one')::text AS one \gset
SELECT reason, attempts_left FROM otp_attempt('policy-2', wrong(:'nothing'), 'nothing');
SELECT reason, attempts_left FROM otp_attempt('policy-3', wrong(:'one'), 'one');
SELECT reason, attempts_left FROM otp_attempt('policy-3', :'one', 'one');

-- A change counts at once: in the same session, in the same transaction, and until it is rolled back.
SELECT length(otp_issue('policy-1')::text) AS before;
BEGIN;
UPDATE otp_policy SET length = 9 WHERE purpose = 'default';
SELECT length(otp_issue('policy-1')::text) AS same_transaction;
SAVEPOINT s;
UPDATE otp_policy SET length = 10 WHERE purpose = 'default';
SELECT length(otp_issue('policy-1')::text) AS savepoint;
ROLLBACK TO s;
SELECT length(otp_issue('policy-1')::text) AS rolled_back_to_savepoint;
ROLLBACK;
SELECT length(otp_issue('policy-1')::text) AS rolled_back;
UPDATE otp_policy SET length = 7 WHERE purpose = 'default';
SELECT length(otp_issue('policy-1')::text) AS committed, length(otp_issue('policy-1', 'nothing')::text) AS inherited,
       length(otp_issue('policy-1', 'letters')::text) AS own;
DELETE FROM otp_policy WHERE purpose = 'letters';
SELECT length(otp_issue('policy-1', 'letters')::text) AS deleted;
BEGIN;
TRUNCATE otp_policy;
SELECT failure($$SELECT otp_issue('policy-1')$$) AS truncated;
ROLLBACK;
SELECT length(otp_issue('policy-1')::text) AS rolled_back;
-- A code keeps the form in which it was issued.
SELECT otp_issue('policy-1')::text AS code \gset
UPDATE otp_policy SET length = 12, alphabet = 'alphanumeric' WHERE purpose = 'default';
SELECT length(otp_issue('policy-1', 'other')::text) AS new, otp_resend('policy-1')::text = :'code' AS resent,
       otp_verify('policy-1', :'code') AS verified;
SELECT reset_policy();

-- requirement 37: without the row `default` no limit is known; nothing is issued or judged.
SELECT otp_issue('policy-4')::text AS code \gset
BEGIN;
DELETE FROM otp_policy WHERE purpose = 'default';
INSERT INTO otp_policy (purpose, length, alphabet, lifetime, max_attempts, trail)
  VALUES ('login', 6, 'digits', '5 minutes', 5, 'all');
SELECT failure($$SELECT otp_issue('policy-4')$$, true);
SELECT failure($$SELECT otp_resend('policy-4')$$), failure($$SELECT otp_cancel('policy-4')$$);
SELECT failure(format('SELECT otp_verify(%L, %L)', 'policy-4', :'code')) AS right,
       failure(format('SELECT otp_verify(%L, %L)', 'policy-4', wrong(:'code'))) AS wrong,
       failure(format('SELECT otp_attempt(%L, %L)', 'policy-4', wrong(:'code'))) AS attempt;
SELECT charged('policy-4');
-- Once it is there again, all is as before.
INSERT INTO otp_policy TABLE shipped_policy;
SELECT otp_verify('policy-4', :'code');
ROLLBACK;
SELECT otp_verify('policy-4', :'code');

-- requirement 42: a row that someone changed is no longer the shipped one, and is dumped; a row that
-- is inserted takes the place of the shipped one, so that a dump can be restored.
SELECT purpose, length, shipped FROM otp_policy;
INSERT INTO otp_policy VALUES ('default', 8, 'digits', '1 minute', 3, 'all',
                               '{issued}', true, '0', '1 minute', 1, 1, 1, '1 minute', 0, 0, true,
                               5, '1 hour', '15 seconds', '1 hour', 0, 10, '1 minute');
SELECT purpose, length, shipped FROM otp_policy;
SELECT length(otp_issue('policy-1')::text);
SELECT failure($$INSERT INTO otp_policy SELECT * FROM otp_policy$$);
SELECT reset_policy();
UPDATE otp_policy SET max_attempts = 6;
SELECT purpose, max_attempts, shipped FROM otp_policy;
UPDATE otp_policy SET shipped = true;
SELECT purpose, max_attempts, shipped FROM otp_policy;
SELECT failure($$INSERT INTO otp_policy SELECT * FROM otp_policy$$);
SELECT reset_policy();
SELECT dump.condition FROM pg_extension, unnest(extconfig, extcondition) AS dump (relation, condition)
  WHERE extname = 'otp' AND dump.relation = 'otp_policy'::regclass;

-- requirement 35: alphabets without look-alikes, all symbols of which occur; all lengths.
CREATE TEMP TABLE alphabet AS
  SELECT name, length, name || length AS purpose
    FROM (VALUES ('digits', 6), ('digits', 32), ('letters', 5), ('letters', 32), ('alphanumeric', 4),
                 ('alphanumeric', 32)) AS a (name, length);
INSERT INTO otp_policy (purpose, length, alphabet) SELECT purpose, length, name FROM alphabet;
CREATE TEMP TABLE sample AS
  SELECT name, length, otp_issue('policy-' || n, purpose)::text AS code FROM alphabet, generate_series(1, 300) AS n;
SELECT name, length, count(*) FILTER (WHERE length(code) = length) AS of_this_length,
       bool_or(code ~ '[01ILO]') AS looks_alike
  FROM sample GROUP BY name, length ORDER BY name, length;
SELECT name, string_agg(symbol, '' ORDER BY symbol COLLATE "C") AS symbols
  FROM (SELECT DISTINCT name, symbol FROM sample, regexp_split_to_table(code, '') AS symbol) AS s
  GROUP BY name ORDER BY name;

SELECT reset_policy();
