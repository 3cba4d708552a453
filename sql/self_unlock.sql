-- otp_self_unlock: consecutive codes of an authenticator end a stop.
-- Requirements: 8, 10, 12.
SELECT reset_policy();
UPDATE otp_policy SET max_attempts = 100, free_guesses = 100, max_consecutive = 2;
-- Off by default.
SELECT failure($$SELECT otp_self_unlock('self-1', '{123456,123456,123456}')$$, true);
UPDATE otp_policy SET self_unlock = 3;

-- A period of a day, so that the tests' time does not matter; the step that is now, and its codes from `first` on.
CREATE FUNCTION day_step(n integer) RETURNS bigint
LANGUAGE sql AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) / 86400)::bigint + n $$;
CREATE FUNCTION run_of(secret otp_secret, first integer, n integer DEFAULT 3) RETURNS text[]
LANGUAGE sql AS $$ SELECT array_agg(hotp_at(secret, day_step(first + i))::text ORDER BY i) FROM generate_series(0, n - 1) AS i $$;
SELECT otp_secret_generate(period => 86400)::text AS secret \gset
SELECT credential_id FROM otp_enroll('self-1', secret => :'secret') \gset
SELECT otp_confirm('self-1', hotp_at(:'secret', day_step(-1))::text) AS confirmed;
UPDATE otp_credential SET last_position = day_step(-20), drift = 0 WHERE user_id = 'self-1';
CREATE FUNCTION stop_it(claimed text) RETURNS text
LANGUAGE sql AS $$
  SELECT string_agg((otp_attempt(claimed, 'NOCODE' || n)).reason, ', ') FROM generate_series(1, 3) AS n
$$;
SELECT stop_it('self-1');
SELECT reason FROM otp_attempt('self-1', hotp_at(:'secret', day_step(0))::text);

-- What does not do: too few, too many, nothing, another order, a gap, old ones, of another user.
SELECT failure(format('SELECT otp_self_unlock(%L, %L)', 'self-1', run_of(:'secret', -1, 2))) AS two,
       failure(format('SELECT otp_self_unlock(%L, %L)', 'self-1', run_of(:'secret', -3, 4))) AS four,
       failure($$SELECT otp_self_unlock('self-1', NULL)$$) AS "null", failure($$SELECT otp_self_unlock('self-1', '{}')$$) AS empty;
SELECT otp_self_unlock('self-1', ARRAY[c[3], c[2], c[1]]) AS backwards, otp_self_unlock('self-1', ARRAY[c[1], c[2], c[2]]) AS twice,
       otp_self_unlock('self-1', ARRAY[c[1], c[2], wrong(c[3])]) AS wrong, otp_self_unlock('self-1', ARRAY[c[1], NULL, c[3]]) AS "null"
  FROM run_of(:'secret', -2) AS c;
SELECT otp_self_unlock('self-1', run_of(:'secret', -10)) AS old, otp_self_unlock('self-1', run_of(:'secret', 3)) AS early,
       otp_self_unlock('self-2', run_of(:'secret', -2)) AS of_another;
-- Each of these was charged, but for what cannot be codes.
SELECT charged('self-1'), charged('self-2');
-- requirement 8: the limits hold: within a delay not even the right codes do.
UPDATE otp_policy SET free_guesses = 1;
SELECT otp_self_unlock('self-1', run_of(:'secret', -2)) AS delayed;
UPDATE otp_policy SET free_guesses = 100;

-- What does; when the transaction commits, and not before.
BEGIN;
SELECT otp_self_unlock('self-1', run_of(:'secret', -2)) AS right;
SELECT consecutive, stopped_until FROM otp_status('self-1') WHERE purpose = 'login';
ROLLBACK;
SELECT consecutive, stopped_until FROM otp_status('self-1') WHERE purpose = 'login';
SELECT otp_self_unlock('self-1', run_of(:'secret', -2)) AS right;
SELECT consecutive, stopped_until FROM otp_status('self-1') WHERE purpose = 'login';
-- requirement 12: the codes are spent, the last one too.
SELECT reason FROM otp_attempt('self-1', hotp_at(:'secret', day_step(0))::text);
SELECT otp_self_unlock('self-1', run_of(:'secret', -2)) AS again;
SELECT reason FROM otp_attempt('self-1', hotp_at(:'secret', day_step(1))::text);
SELECT last_position - day_step(0) AS spent FROM otp_credential WHERE user_id = 'self-1';
SELECT event, method FROM otp_event WHERE user_id = 'self-1' AND event = 'unlocked';

-- Only the purpose's own stop ends, only by TOTP, only if the policy accepts that.
INSERT INTO otp_policy (purpose, max_consecutive, self_unlock) VALUES ('payment', 2, 2);
INSERT INTO otp_policy (purpose, methods) VALUES ('issued only', '{issued}');
SELECT otp_unlock('self-1');
SELECT otp_issue('self-1', 'payment') IS NOT NULL AS issued, (otp_attempt('self-1', 'NOCODE1', 'payment')).reason, (otp_attempt('self-1', 'NOCODE2', 'payment')).reason,
       (otp_attempt('self-1', 'NOCODE3', 'payment')).reason;
SELECT stop_it('self-1');
UPDATE otp_credential SET last_position = day_step(-20), drift = 0 WHERE user_id = 'self-1';
SELECT otp_self_unlock('self-1', run_of(:'secret', -2), 'issued only') AS not_accepted;
SELECT otp_self_unlock('self-1', run_of(:'secret', -2, 2), 'payment') AS right;
SELECT purpose, stopped_until FROM otp_status('self-1') WHERE purpose IN ('login', 'payment');
SELECT credential_id FROM otp_enroll('self-3', 'hotp', secret => 'GEZDGNBV') \gset
SELECT otp_confirm('self-3', hotp_at('GEZDGNBV', 0)::text) AS confirmed,
       otp_self_unlock('self-3', ARRAY[hotp_at('GEZDGNBV', 1), hotp_at('GEZDGNBV', 2), hotp_at('GEZDGNBV', 3)]::text[]) AS hotp, charged('self-3');
BEGIN READ ONLY;
SELECT failure(format('SELECT otp_self_unlock(%L, %L)', 'self-1', run_of(:'secret', -2)));
COMMIT;
SELECT otp_forget('self-' || n) > 0 AS forgotten FROM generate_series(1, 3) AS n;
SELECT reset_policy();
DROP FUNCTION day_step, run_of, stop_it;
