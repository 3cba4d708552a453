-- otp_resync: two consecutive codes, under the same limits, both spent, never backwards.
-- Requirements: 8, 11, 12, 18.

UPDATE otp_policy SET free_guesses = 100 WHERE purpose = 'default';
SELECT active('resync-1', 'hotp', rfc_secret()) AS id \gset
SELECT otp_verify('resync-1', hotp_at(rfc_secret(), 60)::text) AS too_far;
CREATE FUNCTION pair(of_user text, id bigint, first bigint, second bigint) RETURNS boolean
LANGUAGE sql AS $$ SELECT otp_resync(of_user, id, hotp_at(rfc_secret(), first)::text, hotp_at(rfc_secret(), second)::text) $$;

-- requirement 8: what is no pair is a wrong guess, charged once.
SELECT pair('resync-1', :id, 60, 62) AS gap, pair('resync-1', :id, 61, 60) AS reversed, pair('resync-1', :id, 60, 60) AS twice;
SELECT charged('resync-1'), pair('resync-1', :id, 60, 62) AS again, charged('resync-1') AS charged_again;
SELECT otp_resync('resync-1', :id, '123', '123456') AS malformed, otp_resync('resync-1', :id, NULL, NULL) AS nulls,
       charged('resync-1');
SELECT pair('resync-1', :id + 1, 60, 61) AS another_id, pair('resync-1', NULL, 60, 61) AS no_id, pair('resync-1', 0, 60, 61) AS zero,
       pair('resync-2', :id, 60, 61) AS another_user, charged('resync-1');
SELECT pair('resync-1', :id, 101, 102) AS beyond, pair('resync-1', :id, 100, 101) AS last;
SELECT next_counter('resync-1');

-- requirement 12, CVE-2019-12887: both are spent, and nothing goes back by any way.
SELECT reason FROM unnest('{100,101}'::integer[]) AS i, LATERAL otp_attempt('resync-1', hotp_at(rfc_secret(), i)::text);
SELECT pair('resync-1', :id, 100, 101) AS used, pair('resync-1', :id, 101, 102) AS half_used, pair('resync-1', :id, 50, 51) AS back;
SELECT next_counter('resync-1');
SELECT otp_verify('resync-1', hotp_at(rfc_secret(), 102)::text) AS next;
SELECT event, reason, method, purpose, count(*) FROM otp_event WHERE user_id = 'resync-1' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;

-- With the transaction.
BEGIN;
SELECT pair('resync-1', :id, 110, 111) AS right, next_counter('resync-1');
ROLLBACK;
SELECT next_counter('resync-1');

-- The window is the policy's.
UPDATE otp_policy SET resync_window = 10 WHERE purpose = 'default';
SELECT pair('resync-1', :id, 114, 115) AS beyond, pair('resync-1', :id, 113, 114) AS last;
SELECT next_counter('resync-1');

-- TOTP: either way, and the drift is learned beyond the cap; what comes later does not lose it.
SELECT active('resync-3', 'totp', day_secret('f key')) AS id \gset
CREATE FUNCTION day_pair(of_user text, id bigint, key text, steps integer) RETURNS boolean
LANGUAGE sql AS $$ SELECT otp_resync(of_user, id, at_step(day_secret(key), steps), at_step(day_secret(key), steps + 1)) $$;
SELECT day_pair('resync-3', :id, 'f key', -11) AS beyond, day_pair('resync-3', :id, 'f key', -9) AS behind;
SELECT drift FROM otp_credentials('resync-3');
SELECT otp_verify('resync-3', at_step(day_secret('f key'), 0)) AS by_our_clock, otp_verify('resync-3', at_step(day_secret('f key'), -7)) AS by_its_own;
SELECT drift FROM otp_credentials('resync-3');
SELECT day_pair('resync-3', :id, 'f key', 10) AS ahead;
SELECT drift FROM otp_credentials('resync-3');
SELECT day_pair('resync-3', :id, 'f key', 0) AS back, day_pair('resync-3', :id, 'f key', 10) AS used;
SELECT otp_verify('resync-3', at_step(day_secret('f key'), 12)) AS next;

-- The last counters that there are: none comes back.
SELECT active('resync-6', 'hotp', rfc_secret()) AS id \gset
UPDATE otp_credential SET last_position = 9223372036854775800 WHERE user_id = 'resync-6';
SELECT n, pair('resync-6', :id, 9223372036854775800 + n, 9223372036854775801 + n) AS right FROM unnest('{7,6,5,4,3}'::integer[]) AS n WHERE n < 7;
SELECT last_position FROM otp_credential WHERE user_id = 'resync-6';
SELECT n, reason FROM unnest('{7,6,5,4}'::integer[]) AS n, LATERAL otp_attempt('resync-6', hotp_at(rfc_secret(), 9223372036854775800 + n)::text);
SELECT counter FROM otp_credentials('resync-6');

-- A pending one is not resynchronised.
SELECT credential_id AS id FROM otp_enroll('resync-4', 'hotp', secret => rfc_secret()) \gset
SELECT pair('resync-4', :id, 3, 4) AS pending, charged('resync-4');
-- A delay holds.
UPDATE otp_policy SET free_guesses = 1, first_delay = '1 hour', longest_delay = '1 hour' WHERE purpose = 'default';
SELECT active('resync-5', 'hotp', rfc_secret()) AS id \gset
SELECT pair('resync-5', :id, 9, 8) AS wrong, pair('resync-5', :id, 8, 9) AS during_a_delay;
SELECT next_counter('resync-5');
SELECT failure(format('SELECT otp_resync(%L, 1, %L, %L)', 'x', '123456', '123456')) AS nobody;
BEGIN READ ONLY;
SELECT failure(format('SELECT otp_resync(%L, 1, %L, %L)', 'x', '123456', '123456'));
COMMIT;
SELECT reset_policy();
