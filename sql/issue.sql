-- otp_issue, otp_resend, otp_cancel.
-- Requirements: 7, 19, 26, 27, 33, 35, 41.

-- A code of the default policy, for the default purpose, without a context.
SELECT otp_issue('issue-1')::text AS code \gset
SELECT :'code' ~ '^[0-9]{6}$' AS form, otp_verify('issue-1', :'code', 'login', '') AS accepted;

-- A new code replaces the old one, which is wrong from then on; the row is the same.
SELECT otp_issue('issue-1')::text AS old \gset
SELECT issue_unlike(:'old', 'issue-1') AS new \gset
SELECT otp_verify('issue-1', :'old') AS old, otp_verify('issue-1', :'new') AS new;
SELECT count(*) FROM otp_challenge WHERE user_id = 'issue-1';

-- requirement 33: a resend is the same code, as often as one likes; its life stays as it was.
SELECT otp_issue('issue-2')::text AS code \gset
SELECT otp_resend('issue-2')::text = :'code' AS first, otp_resend('issue-2', 'login', '')::text = :'code' AS second;
CREATE TEMP TABLE life AS SELECT issued_at, expires_at FROM otp_challenge WHERE user_id = 'issue-2';
SELECT otp_resend('issue-2')::text = :'code' AS third;
SELECT count(*) FROM life JOIN otp_challenge USING (issued_at, expires_at) WHERE user_id = 'issue-2';
SELECT otp_verify('issue-2', :'code');

-- There is nothing to resend of a code that was spent, replaced by none, cancelled, expired or guessed
-- at too often, nor for another user, purpose or context.
SELECT otp_resend('issue-2') IS NULL AS spent, otp_resend('issue-3') IS NULL AS never_issued,
       otp_resend('issue-2', 'payment') IS NULL AS purpose_never_issued;
SELECT otp_issue('issue-3', 'payment', '100 EUR')::text AS code \gset
SELECT otp_resend('issue-3', 'payment', '100 EUR')::text = :'code' AS same,
       otp_resend('issue-3', 'payment', '100 EU') IS NULL AS shorter,
       otp_resend('issue-3', 'payment', '100 EUR ') IS NULL AS longer,
       otp_resend('issue-3', 'payment', '900 EUR') IS NULL AS other,
       otp_resend('issue-3', 'payment') IS NULL AS no_context,
       otp_resend('issue-3') IS NULL AS purpose;
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'issue-3';
SELECT otp_resend('issue-3', 'payment', '100 EUR') IS NULL AS expired;
SELECT otp_issue('issue-4')::text AS code \gset
SELECT otp_cancel('issue-4') AS cancelled, otp_resend('issue-4') IS NULL AS nothing;
SELECT otp_issue('issue-4', 'payment')::text AS code \gset
SELECT count(*) FILTER (WHERE otp_verify('issue-4', wrong(:'code', n), 'payment')) AS accepted
  FROM generate_series(1, 5) AS n;
SELECT otp_resend('issue-4', 'payment') IS NULL AS used_up;

-- Cancel withdraws the live code, once; the code is not accepted any more.
SELECT otp_issue('issue-5')::text AS code, otp_issue('issue-5', 'payment')::text AS other \gset
SELECT otp_cancel('issue-5') AS first, otp_cancel('issue-5') AS second;
SELECT accepted, reason FROM otp_attempt('issue-5', :'code');
SELECT otp_verify('issue-5', :'other', 'payment') AS other_purpose;
SELECT otp_cancel('issue-5', 'payment') AS spent, otp_cancel('issue-5', 'reset') AS never_issued,
       otp_cancel('issue-nobody') AS unknown;
SELECT otp_issue('issue-5') IS NOT NULL AS again;
UPDATE otp_challenge SET expires_at = clock_timestamp() WHERE user_id = 'issue-5';
SELECT otp_cancel('issue-5') AS expired;

-- All three are undone by a rollback: the old code lives on.
SELECT otp_issue('issue-6')::text AS old \gset
BEGIN;
SELECT issue_unlike(:'old', 'issue-6') AS new \gset
ROLLBACK;
SELECT otp_resend('issue-6')::text = :'old' AS old_is_live;
BEGIN;
SELECT otp_cancel('issue-6');
ROLLBACK;
SELECT accepted, reason FROM otp_attempt('issue-6', :'new');
SELECT accepted, reason FROM otp_attempt('issue-6', :'old');
BEGIN;
SAVEPOINT s;
SELECT otp_issue('issue-7')::text AS code \gset
ROLLBACK TO s;
SELECT accepted, reason FROM otp_attempt('issue-7', :'code');
COMMIT;

-- With a user's first code comes the row that counts wrong guesses, for good: it tells nobody whether one
-- has been made (requirement 7), and costs nothing.
BEGIN;
SELECT otp_issue('issue-15') IS NOT NULL AS issued;
ROLLBACK;
SELECT total, level, last_at = timestamp '2000-01-01' AT TIME ZONE 'UTC' AS never FROM otp_budget WHERE user_id = 'issue-15';
SELECT count(*) FROM otp_challenge WHERE user_id = 'issue-15';

-- requirements 19, 26, 27: a code is bound to user, purpose and context, each with its length.  A
-- changed byte of context makes another code of the same nonce: here all else is the same.
SELECT otp_issue('issue-8', 'payment', 'DE89 100.00 EUR')::text AS code \gset
SELECT what, otp_verify('issue-8', :'code', 'payment', context) AS accepted
  FROM (VALUES ('other amount', 'DE89 900.00 EUR'), ('other payee', 'DE88 100.00 EUR'), ('case', 'de89 100.00 eur'),
               ('space', 'DE89 100.00 EUR ')) AS c (what, context);
SELECT otp_verify('issue-8', :'code', 'payment', 'DE89 100.00 EUR') AS accepted;
INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('ab', 32, 'digits'), ('abc', 32, 'digits');
CREATE FUNCTION transplant(from_user text, from_purpose text, to_user text, to_purpose text) RETURNS void
LANGUAGE sql AS $$
  UPDATE otp_challenge target
    SET (nonce, context_tag, key_id, length, alphabet, expires_at, state) =
        (SELECT nonce, context_tag, key_id, length, alphabet, expires_at, state FROM otp_challenge
           WHERE user_id = from_user AND purpose = from_purpose)
    WHERE user_id = to_user AND purpose = to_purpose
$$;
SELECT otp_issue('issue-9', 'ab', 'context')::text AS code \gset
SELECT otp_issue('issue-10', 'ab', 'context') IS NOT NULL AS a, otp_issue('issue-9', 'abc', 'context') IS NOT NULL AS b,
       otp_issue('issue-9a', 'b', 'context') IS NOT NULL AS c;
SELECT transplant('issue-9', 'ab', 'issue-10', 'ab'), transplant('issue-9', 'ab', 'issue-9', 'abc'),
       transplant('issue-9', 'ab', 'issue-9a', 'b');
SELECT otp_verify('issue-10', :'code', 'ab', 'context') AS other_user,
       otp_verify('issue-9', :'code', 'abc', 'context') AS other_purpose,
       otp_verify('issue-9', :'code', 'abc', 'ontext') AS byte_to_purpose,
       otp_verify('issue-9a', :'code', 'b', 'context') AS byte_to_user,
       otp_verify('issue-9', :'code', 'ab', 'context') AS own;

-- Codes of several purposes live side by side; user ids are compared byte by byte.
SELECT otp_issue('issue-11')::text AS login, otp_issue('issue-11', 'reset')::text AS reset,
       otp_issue('Issue-11')::text AS upper, otp_issue(' issue-11')::text AS space \gset
SELECT otp_verify('issue-11', :'reset', 'reset') AS reset, otp_verify('Issue-11', :'upper') AS upper,
       otp_verify(' issue-11', :'space') AS space, otp_verify('issue-11', :'login') AS login;

-- Misuse is an error that names the argument, never its value.
SELECT what, failure(command)
  FROM (VALUES ('user null', 'SELECT otp_issue(NULL)'),
               ('user empty', $$SELECT otp_issue('')$$),
               ('user of 513 bytes', $$SELECT otp_issue(repeat('u', 513))$$),
               ('user of 257 letters, 514 bytes', $$SELECT otp_issue(repeat(U&'\00E9', 257))$$),
               ('purpose null', $$SELECT otp_issue('issue-12', NULL)$$),
               ('purpose empty', $$SELECT otp_issue('issue-12', '')$$),
               ('purpose of 64 bytes', $$SELECT otp_issue('issue-12', repeat('p', 64))$$),
               ('context null', $$SELECT otp_issue('issue-12', 'login', NULL)$$),
               ('resend: user', 'SELECT otp_resend(NULL)'),
               ('resend: purpose', $$SELECT otp_resend('issue-12', '')$$),
               ('resend: context', $$SELECT otp_resend('issue-12', 'login', NULL)$$),
               ('cancel: user', $$SELECT otp_cancel('')$$),
               ('cancel: purpose', $$SELECT otp_cancel('issue-12', NULL)$$)) AS bad (what, command);
SELECT count(*) FROM otp_challenge WHERE user_id = 'issue-12';
-- The longest that there may be, and a context of a megabyte.
SELECT otp_issue(repeat('u', 512), repeat('p', 63), repeat('c', 1048576))::text AS code \gset
SELECT otp_resend(repeat('u', 512), repeat('p', 63), repeat('c', 1048576))::text = :'code' AS resent,
       otp_verify(repeat('u', 512), :'code', repeat('p', 63), repeat('c', 1048575) || 'd') AS other,
       otp_verify(repeat('u', 512), :'code', repeat('p', 63), repeat('c', 1048576)) AS accepted;
-- Characters beyond ASCII and of any kind.
SELECT otp_issue(U&'\00E9\+01F600''"', U&'\4E2D', E'\t\n\\ %s')::text AS code \gset
SELECT otp_verify(U&'\00E9\+01F600''"', :'code', U&'\4E2D', E'\t\n\\ %s') AS accepted;

-- requirement 35: of many codes some begin with zeros, and all of them have 6 digits.
-- One statement issues for 1000 users, and one verifies all of them, once.
CREATE TEMP TABLE sent AS
  SELECT 'issue-set-' || n AS user_id, otp_issue('issue-set-' || n)::text AS code FROM generate_series(1, 1000) AS n;
SELECT count(*), count(*) FILTER (WHERE code ~ '^[0-9]{6}$') AS whole, count(*) FILTER (WHERE code ~ '^0') > 0 AS zeros,
       count(DISTINCT code) > 900 AS random
  FROM sent;
SELECT count(*), count(DISTINCT user_id) AS users, count(DISTINCT nonce) AS nonces FROM otp_challenge
  WHERE user_id LIKE 'issue-set-%';
SELECT count(*) FILTER (WHERE otp_verify(user_id, code)) AS accepted FROM sent;
SELECT count(*) FILTER (WHERE otp_verify(user_id, code)) AS replayed FROM sent;

-- Two calls in one statement see each other.
SELECT otp_verify('issue-13', otp_issue('issue-13')::text) AS issued_and_verified;
WITH issued AS MATERIALIZED (SELECT otp_issue('issue-13')::text AS code)
  SELECT otp_resend('issue-13')::text = code AS resent, otp_verify('issue-13', code) AS first,
         otp_verify('issue-13', code) AS second, otp_resend('issue-13') IS NULL AS spent,
         otp_cancel('issue-13') AS cancelled FROM issued;
WITH issued AS MATERIALIZED (SELECT n, otp_issue('issue-13')::text AS code FROM generate_series(1, 3) AS n)
  SELECT n, otp_resend('issue-13')::text = code AS last FROM issued WHERE n = 3;
-- Where no trail is written, too.
INSERT INTO otp_policy (purpose, trail) VALUES ('quiet', 'none');
WITH issued AS MATERIALIZED (SELECT n, otp_issue('issue-13', 'quiet')::text AS code FROM generate_series(1, 3) AS n)
  SELECT n, otp_resend('issue-13', 'quiet')::text = code AS resent, otp_verify('issue-13', code, 'quiet') AS first,
         otp_verify('issue-13', code, 'quiet') AS second, otp_cancel('issue-13', 'quiet') AS cancelled
    FROM issued WHERE n = 3;
SELECT purpose, count(*) FROM otp_challenge WHERE user_id = 'issue-13' GROUP BY purpose ORDER BY purpose;

-- Codes that are issued and spent again and again take the room of their dead rows: no table grows.
SELECT pg_total_relation_size('otp_challenge') AS size \gset
DO $$ BEGIN
  FOR i IN 1..2000 LOOP
    ASSERT otp_verify('issue-15', otp_issue('issue-15', 'quiet')::text, 'quiet');
    COMMIT;
  END LOOP;
END $$;
SELECT pg_total_relation_size('otp_challenge') - :size <= 8 * current_setting('block_size')::integer AS does_not_grow;

-- requirement 19: the code stands in no table.
SELECT otp_issue('issue-14', 'ab', 'context')::text AS code \gset
SELECT length(:'code'), count(*) FILTER (WHERE row LIKE '%issue-14%') AS rows, count(*) FILTER (WHERE row LIKE '%' || :'code' || '%') AS with_code
  FROM (SELECT c::text FROM otp_challenge AS c UNION ALL SELECT b::text FROM otp_budget AS b
        UNION ALL SELECT d::text FROM otp_decoy AS d UNION ALL SELECT e::text FROM otp_event AS e
        UNION ALL SELECT k::text FROM otp_key AS k) AS t (row);

DROP FUNCTION transplant;
SELECT reset_policy();
