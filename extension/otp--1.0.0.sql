/* otp 1.0.0 */

\echo Use "CREATE EXTENSION otp" to load this file. \quit

--
-- Types
--

CREATE TYPE @extschema@.otp;

CREATE FUNCTION @extschema@.otp_in(cstring) RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_out(@extschema@.otp) RETURNS cstring
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_recv(internal) RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_send(@extschema@.otp) RETURNS bytea
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE @extschema@.otp (
  INPUT = @extschema@.otp_in,
  OUTPUT = @extschema@.otp_out,
  RECEIVE = @extschema@.otp_recv,
  SEND = @extschema@.otp_send,
  INTERNALLENGTH = VARIABLE,
  STORAGE = plain
);

CREATE FUNCTION @extschema@.otp_eq(@extschema@.otp, @extschema@.otp) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_ne(@extschema@.otp, @extschema@.otp) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR @extschema@.= (
  LEFTARG = @extschema@.otp, RIGHTARG = @extschema@.otp, FUNCTION = @extschema@.otp_eq,
  COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel
);
CREATE OPERATOR @extschema@.<> (
  LEFTARG = @extschema@.otp, RIGHTARG = @extschema@.otp, FUNCTION = @extschema@.otp_ne,
  COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
  RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE TYPE @extschema@.otp_secret;

CREATE FUNCTION @extschema@.otp_secret_in(cstring) RETURNS @extschema@.otp_secret
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_secret_out(@extschema@.otp_secret) RETURNS cstring
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_secret_recv(internal) RETURNS @extschema@.otp_secret
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.otp_secret_send(@extschema@.otp_secret) RETURNS bytea
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE @extschema@.otp_secret (
  INPUT = @extschema@.otp_secret_in,
  OUTPUT = @extschema@.otp_secret_out,
  RECEIVE = @extschema@.otp_secret_recv,
  SEND = @extschema@.otp_secret_send,
  INTERNALLENGTH = VARIABLE,
  STORAGE = plain
);

CREATE TYPE @extschema@.otp_verdict AS (
  accepted boolean,
  reason text,
  method text,
  attempts_left integer,
  retry_at timestamptz
);

--
-- Pure functions
--

CREATE FUNCTION @extschema@.otp_secret(
    key bytea, algorithm text DEFAULT 'SHA1', digits integer DEFAULT 6, period integer DEFAULT 30)
  RETURNS @extschema@.otp_secret
  AS 'MODULE_PATHNAME', 'otp_secret_from_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.otp_secret_from_bytea(bytea) RETURNS @extschema@.otp_secret
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE CAST (bytea AS @extschema@.otp_secret)
  WITH FUNCTION @extschema@.otp_secret_from_bytea(bytea) AS IMPLICIT;
CREATE CAST (text AS @extschema@.otp_secret) WITH INOUT AS IMPLICIT;

CREATE FUNCTION @extschema@.otp_secret_key(secret @extschema@.otp_secret) RETURNS bytea
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.otp_secret_generate(
    bytes integer DEFAULT 20, algorithm text DEFAULT 'SHA1',
    digits integer DEFAULT 6, period integer DEFAULT 30)
  RETURNS @extschema@.otp_secret
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.hotp_at(secret @extschema@.otp_secret, counter bigint)
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.totp_at(secret @extschema@.otp_secret, at timestamptz DEFAULT now())
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.hotp_match(
    secret @extschema@.otp_secret, code text, counter bigint, look_ahead integer DEFAULT 0)
  RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.totp_match(
    secret @extschema@.otp_secret, code text, at timestamptz DEFAULT now(),
    drift integer DEFAULT 1)
  RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.otpauth_uri(
    secret @extschema@.otp_secret, account text, issuer text DEFAULT NULL,
    kind text DEFAULT 'totp', counter bigint DEFAULT 0)
  RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;

CREATE FUNCTION @extschema@.otp_qr(content text, format text DEFAULT 'utf8') RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION @extschema@.otp_qr_png(content text, scale integer DEFAULT 8) RETURNS bytea
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

--
-- Tables.  The C code reads and writes them itself; no role but the owner has a privilege on them.
-- Columns of fixed width come first where the code overwrites or copies them as they stand.
--

CREATE TABLE @extschema@.otp_policy (
  purpose text COLLATE "C" PRIMARY KEY,
  length integer,
  alphabet text,
  lifetime interval,
  max_attempts integer,
  trail text,
  methods text[],
  spent_at_once boolean,
  cool_down interval,
  issue_window interval,
  issues_per_user integer,
  issues_per_destination integer,
  max_consecutive integer,
  stop_for interval,
  warn_before integer,
  self_unlock integer,
  notify boolean,
  free_guesses integer,
  forgive_every interval,
  first_delay interval,
  longest_delay interval,
  max_drift integer,
  resync_window integer,
  enroll_lifetime interval,
  comment text,
  shipped boolean NOT NULL DEFAULT false,
  CONSTRAINT "purpose has 1 to 63 bytes"
    CHECK (pg_catalog.octet_length(purpose) BETWEEN 1 AND 63),
  CONSTRAINT "alphabet is digits, letters or alphanumeric"
    CHECK (alphabet IN ('digits', 'letters', 'alphanumeric')),
  CONSTRAINT "length and alphabet are given together"
    CHECK ((length IS NULL) = (alphabet IS NULL)),
  CONSTRAINT "code is 6+ digits, 5+ letters or 4+ alphanumeric, 19 bits or so"
    CHECK (length >= CASE alphabet WHEN 'digits' THEN 6 WHEN 'letters' THEN 5 ELSE 4 END),
  CONSTRAINT "code has at most 32 symbols"
    CHECK (length <= 32),
  CONSTRAINT "lifetime is 10 seconds to 1 day"
    CHECK (lifetime BETWEEN '10 seconds' AND '1 day'),
  CONSTRAINT "max_attempts is 1 to 100"
    CHECK (max_attempts BETWEEN 1 AND 100),
  CONSTRAINT "trail is all, rejections or none"
    CHECK (trail IN ('all', 'rejections', 'none')),
  CONSTRAINT "methods are some of issued, totp, hotp, recovery"
    CHECK (methods OPERATOR(pg_catalog.<@) '{issued,totp,hotp,recovery}' AND
           pg_catalog.cardinality(methods) > 0 AND
           pg_catalog.array_position(methods, NULL) IS NULL),
  CONSTRAINT "cool_down is 0 to 1 day"
    CHECK (cool_down BETWEEN '0' AND '1 day'),
  CONSTRAINT "issue_window is 1 minute to 30 days"
    CHECK (issue_window BETWEEN '1 minute' AND '30 days'),
  CONSTRAINT "issues_per_user is 1 to 1000000"
    CHECK (issues_per_user BETWEEN 1 AND 1000000),
  CONSTRAINT "issues_per_destination is 1 to 1000000"
    CHECK (issues_per_destination BETWEEN 1 AND 1000000),
  CONSTRAINT "max_consecutive is 1 to 1000000"
    CHECK (max_consecutive BETWEEN 1 AND 1000000),
  CONSTRAINT "stop_for is 1 minute to 30 days"
    CHECK (stop_for BETWEEN '1 minute' AND '30 days'),
  CONSTRAINT "stop_for is given together with max_consecutive"
    CHECK (stop_for IS NULL OR max_consecutive IS NOT NULL),
  CONSTRAINT "warn_before is 0 to 100"
    CHECK (warn_before BETWEEN 0 AND 100),
  CONSTRAINT "self_unlock is 0, or 2 to 10"
    CHECK (self_unlock BETWEEN 2 AND 10 OR self_unlock OPERATOR(pg_catalog.=) 0),
  CONSTRAINT "free_guesses is 1 to 100"
    CHECK (free_guesses BETWEEN 1 AND 100),
  CONSTRAINT "forgive_every is 1 minute to 30 days"
    CHECK (forgive_every BETWEEN '1 minute' AND '30 days'),
  CONSTRAINT "first_delay is 1 second to 1 day"
    CHECK (first_delay BETWEEN '1 second' AND '1 day'),
  CONSTRAINT "longest_delay is first_delay to 1 day"
    CHECK (longest_delay BETWEEN first_delay AND '1 day'),
  CONSTRAINT "max_drift is 0 to 100"
    CHECK (max_drift BETWEEN 0 AND 100),
  CONSTRAINT "resync_window is 10 to 1000"
    CHECK (resync_window BETWEEN 10 AND 1000),
  CONSTRAINT "enroll_lifetime is 1 minute to 7 days"
    CHECK (enroll_lifetime BETWEEN '1 minute' AND '7 days'),
  CONSTRAINT "row default leaves nothing null"
    CHECK (purpose <> 'default' OR
           pg_catalog.num_nulls(length, alphabet, lifetime, max_attempts, trail, methods,
                     spent_at_once, cool_down, issue_window, warn_before, self_unlock, notify,
                     free_guesses, forgive_every, first_delay, longest_delay, max_drift,
                     resync_window, enroll_lifetime) = 0),
  CONSTRAINT "limits of each user stand in the row default alone"
    CHECK (purpose = 'default' OR
           pg_catalog.num_nonnulls(free_guesses, forgive_every, first_delay, longest_delay,
                     max_drift, resync_window, enroll_lifetime) = 0)
);

INSERT INTO @extschema@.otp_policy VALUES
  ('default', 6, 'digits', '5 minutes', 5, 'all', '{issued,totp,hotp,recovery}', false,
   '0', '1 hour', NULL, NULL, NULL, NULL, 3, 0, false,
   5, '1 hour', '15 seconds', '1 hour', 4, 100, '1 hour', NULL, true);

CREATE FUNCTION @extschema@.otp_policy_guard() RETURNS trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;
CREATE FUNCTION @extschema@.otp_changed() RETURNS trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;

CREATE TRIGGER otp_policy_guard BEFORE INSERT OR UPDATE ON @extschema@.otp_policy
  FOR EACH ROW EXECUTE FUNCTION @extschema@.otp_policy_guard();
CREATE TRIGGER otp_policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
  ON @extschema@.otp_policy
  FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.otp_changed();

CREATE TABLE @extschema@.otp_key (
  id integer PRIMARY KEY,
  state text NOT NULL COLLATE "C" CHECK (state IN ('writing', 'reading')),
  made_at timestamptz NOT NULL,
  master_id text NOT NULL COLLATE "C",
  wrapped bytea NOT NULL
);
CREATE UNIQUE INDEX otp_key_writing ON @extschema@.otp_key (state) WHERE state = 'writing';
CREATE TRIGGER otp_key_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
  ON @extschema@.otp_key
  FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.otp_changed();

CREATE FUNCTION @extschema@.otp_key_guard() RETURNS trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;
CREATE TRIGGER otp_key_guard BEFORE DELETE ON @extschema@.otp_key
  FOR EACH ROW EXECUTE FUNCTION @extschema@.otp_key_guard();
CREATE TRIGGER otp_key_guard_all BEFORE TRUNCATE ON @extschema@.otp_key
  FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.otp_key_guard();

CREATE TABLE @extschema@.otp_challenge (
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  total_at_issue bigint NOT NULL,
  context_tag bigint NOT NULL,
  key_id integer NOT NULL,
  length smallint NOT NULL,
  alphabet smallint NOT NULL,
  budget tid NOT NULL,
  state "char" NOT NULL,
  nonce uuid NOT NULL,
  user_id text NOT NULL COLLATE "C",
  purpose text NOT NULL COLLATE "C",
  PRIMARY KEY (user_id, purpose)
) WITH (fillfactor = 70);

CREATE TABLE @extschema@.otp_budget (
  total bigint NOT NULL,
  level double precision NOT NULL,
  last_at timestamptz NOT NULL,
  cleared_total bigint NOT NULL,
  guess_1 bigint NOT NULL,
  guess_2 bigint NOT NULL,
  guess_3 bigint NOT NULL,
  guess_4 bigint NOT NULL,
  guess_5 bigint NOT NULL,
  guess_6 bigint NOT NULL,
  guess_7 bigint NOT NULL,
  guess_8 bigint NOT NULL,
  user_id text NOT NULL COLLATE "C",
  PRIMARY KEY (user_id)
);

-- Several pages of them, so that refusals do not queue for one.
CREATE TABLE @extschema@.otp_decoy (LIKE @extschema@.otp_budget INCLUDING ALL) WITH (fillfactor = 10);
INSERT INTO @extschema@.otp_decoy
  SELECT 0, 0, 'epoch', 0, 0, 0, 0, 0, 0, 0, 0, 0, slot FROM pg_catalog.generate_series(0, 63) AS slot;

CREATE TABLE @extschema@.otp_baseline (
  total bigint NOT NULL,
  id bigint NOT NULL,
  user_id text NOT NULL COLLATE "C",
  purpose text NOT NULL COLLATE "C",
  PRIMARY KEY (user_id, purpose, id)
);

CREATE TABLE @extschema@.otp_quota (
  slot bigint NOT NULL,
  width bigint NOT NULL,
  issues_1 integer NOT NULL,
  issues_2 integer NOT NULL,
  issues_3 integer NOT NULL,
  issues_4 integer NOT NULL,
  issues_5 integer NOT NULL,
  issues_6 integer NOT NULL,
  issues_7 integer NOT NULL,
  issues_8 integer NOT NULL,
  scope text NOT NULL COLLATE "C",
  subject text NOT NULL COLLATE "C",
  purpose text NOT NULL COLLATE "C",
  PRIMARY KEY (scope, subject, purpose)
);

CREATE SEQUENCE @extschema@.otp_credential_id;

CREATE TABLE @extschema@.otp_credential (
  credential_id bigint NOT NULL,
  last_position bigint NOT NULL,
  used_at timestamptz NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  drift integer NOT NULL,
  key_id integer NOT NULL,
  period integer NOT NULL,
  window_size smallint NOT NULL,
  algorithm smallint NOT NULL,
  digits smallint NOT NULL,
  kind "char" NOT NULL,
  state "char" NOT NULL,
  sealed bytea NOT NULL,
  user_id text NOT NULL COLLATE "C",
  label text COLLATE "C",
  issuer text COLLATE "C",
  account text NOT NULL COLLATE "C",
  serial text COLLATE "C",
  PRIMARY KEY (user_id, credential_id)
) WITH (fillfactor = 70);

CREATE TABLE @extschema@.otp_recovery (
  spent bigint NOT NULL,
  made_at timestamptz NOT NULL,
  key_id integer NOT NULL,
  count smallint NOT NULL,
  sealed bytea NOT NULL,
  user_id text NOT NULL COLLATE "C",
  PRIMARY KEY (user_id)
) WITH (fillfactor = 70);

-- What is sealed is changed where it stands, so it has to stand there as it is.
ALTER TABLE @extschema@.otp_credential
  ALTER COLUMN sealed SET STORAGE PLAIN, ALTER COLUMN user_id SET STORAGE PLAIN,
  ALTER COLUMN label SET STORAGE PLAIN, ALTER COLUMN issuer SET STORAGE PLAIN,
  ALTER COLUMN account SET STORAGE PLAIN, ALTER COLUMN serial SET STORAGE PLAIN;
ALTER TABLE @extschema@.otp_recovery
  ALTER COLUMN sealed SET STORAGE PLAIN, ALTER COLUMN user_id SET STORAGE PLAIN;

CREATE TABLE @extschema@.otp_event (
  at timestamptz NOT NULL,
  user_id text NOT NULL COLLATE "C",
  purpose text NOT NULL COLLATE "C",
  event text NOT NULL COLLATE "C",
  reason text COLLATE "C",
  method text COLLATE "C",
  role text COLLATE "C",
  client_addr inet,
  application_name text COLLATE "C"
);
CREATE INDEX otp_event_at ON @extschema@.otp_event USING brin (at);

CREATE VIEW @extschema@.otp_keys AS
  SELECT k.id, k.state, k.made_at, k.master_id,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_challenge AS c
            WHERE c.key_id OPERATOR(pg_catalog.=) k.id) AS codes,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_credential AS c
            WHERE c.key_id OPERATOR(pg_catalog.=) k.id) AS credentials,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_recovery AS r
            WHERE r.key_id OPERATOR(pg_catalog.=) k.id) AS recovery_sets,
         (SELECT pg_catalog.count(*) FROM @extschema@.otp_budget AS b
            WHERE b.user_id OPERATOR(pg_catalog.~)
                  pg_catalog.format('^forgotten:%s:[0-9a-f]{32}$', k.id)) AS pseudonyms
    FROM @extschema@.otp_key AS k;

-- What a restored database needs: the keys, the policies that someone changed, the limits' counts,
-- authenticators and recovery codes with what is spent of them, and the trail.  Live codes are not among it: a dump is older than they are.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_policy', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_key', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_budget', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_baseline', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_quota', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_credential_id', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_credential', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_recovery', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.otp_event', '');

--
-- Codes that are issued
--

CREATE FUNCTION @extschema@.otp_issue(
    user_id text, purpose text DEFAULT 'login', context text DEFAULT '')
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_issue(
    user_id text, purpose text, context text, destination text)
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_resend(
    user_id text, purpose text DEFAULT 'login', context text DEFAULT '')
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_resend(
    user_id text, purpose text, context text, destination text)
  RETURNS @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_verify(
    user_id text, code text, purpose text DEFAULT 'login', context text DEFAULT '')
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_attempt(
    user_id text, code text, purpose text DEFAULT 'login', context text DEFAULT '')
  RETURNS @extschema@.otp_verdict
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_cancel(user_id text, purpose text DEFAULT 'login')
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

--
-- Authenticators and recovery codes
--

CREATE FUNCTION @extschema@.otp_enroll(
    user_id text, kind text DEFAULT 'totp', label text DEFAULT NULL, issuer text DEFAULT NULL,
    secret @extschema@.otp_secret DEFAULT NULL, account text DEFAULT NULL,
    counter bigint DEFAULT 0, window_size integer DEFAULT NULL,
    OUT credential_id bigint, OUT uri text)
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_confirm(
    user_id text, code text, credential_id bigint DEFAULT NULL)
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_credentials(
    user_id text, OUT credential_id bigint, OUT kind text, OUT state text, OUT label text,
    OUT issuer text, OUT account text, OUT serial text, OUT algorithm text, OUT digits integer,
    OUT period integer, OUT window_size integer, OUT drift integer, OUT counter bigint,
    OUT made_at timestamptz, OUT expires_at timestamptz, OUT used_at timestamptz)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_revoke(user_id text, credential_id bigint) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_resync(
    user_id text, credential_id bigint, code1 text, code2 text)
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_recovery_codes(user_id text, count integer DEFAULT 10)
  RETURNS SETOF @extschema@.otp
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10;

CREATE FUNCTION @extschema@.otp_recovery_left(user_id text) RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_self_unlock(
    user_id text, codes text[], purpose text DEFAULT 'login')
  RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

--
-- Operations
--

CREATE FUNCTION @extschema@.otp_unlock(user_id text) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_status(
    user_id text, OUT purpose text, OUT issued_at timestamptz, OUT expires_at timestamptz,
    OUT attempts_left integer, OUT wrong_guesses bigint, OUT level integer,
    OUT delayed_until timestamptz, OUT consecutive bigint, OUT stopped_until timestamptz,
    OUT authenticators integer, OUT recovery_codes integer)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 5;

CREATE FUNCTION @extschema@.otp_rotate_key() RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_rekey(batch integer DEFAULT 1000) RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_rewrap_master() RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_import_pskc(
    pskc text, key bytea DEFAULT NULL, password text DEFAULT NULL, users jsonb DEFAULT NULL,
    OUT serial text, OUT user_id text, OUT credential_id bigint)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_import_csv(
    csv text, format text DEFAULT 'oath', users jsonb DEFAULT NULL,
    OUT serial text, OUT user_id text, OUT credential_id bigint)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_export(
    user_id text, OUT credential_id bigint, OUT kind text, OUT uri text)
  RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 5;

CREATE FUNCTION @extschema@.otp_forget(user_id text) RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_grant(role regrole, duty text) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.otp_master_key_init() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

--
-- Comments
--

COMMENT ON TYPE @extschema@.otp IS
'One-time code in canonical form: 4 to 32 of 0-9 and A-Z; leading zeros are kept.
Input folds decimal digits of every script to 0-9 and letters to upper case, and drops white space, hyphens and dashes, and invisible marks; 22P02 if what is left is no code or the text has more than 1024 bytes.
Has = and <> in constant time; no ordering, no hashing, no index support.';
COMMENT ON FUNCTION @extschema@.otp_in(cstring) IS
'Input of type otp. Error: 22P02.';
COMMENT ON FUNCTION @extschema@.otp_out(@extschema@.otp) IS
'Output of type otp: the canonical code.';
COMMENT ON FUNCTION @extschema@.otp_recv(internal) IS
'Binary input of type otp: the same text as otp_in() takes. Error: 22P02.';
COMMENT ON FUNCTION @extschema@.otp_send(@extschema@.otp) IS
'Binary output of type otp: the canonical code as text.';
COMMENT ON FUNCTION @extschema@.otp_eq(@extschema@.otp, @extschema@.otp) IS
'Are two codes the same? In constant time. NULL if either is NULL.';
COMMENT ON FUNCTION @extschema@.otp_ne(@extschema@.otp, @extschema@.otp) IS
'Are two codes different? In constant time. NULL if either is NULL.';
COMMENT ON OPERATOR @extschema@.= (@extschema@.otp, @extschema@.otp) IS
'Are two codes the same? In constant time.';
COMMENT ON OPERATOR @extschema@.<> (@extschema@.otp, @extschema@.otp) IS
'Are two codes different? In constant time.';

COMMENT ON TYPE @extschema@.otp_secret IS
'Shared secret of HOTP and TOTP: a key of 1 to 1024 bytes, SHA1, SHA256 or SHA512, 6 to 10 digits, a period of 1 to 86400 seconds.
Input: Base32 (RFC 4648 section 6; any case, spaces and hyphens passed over, padding optional), which means SHA1, 6 digits, 30 seconds; or an otpauth:// URI. Error: 22P02.
Output: Base32 if the parameters are those, else an otpauth:// URI. It is readable: this type does not seal.';
COMMENT ON FUNCTION @extschema@.otp_secret_in(cstring) IS
'Input of type otp_secret: Base32 or an otpauth:// URI. Error: 22P02.';
COMMENT ON FUNCTION @extschema@.otp_secret_out(@extschema@.otp_secret) IS
'Output of type otp_secret: Base32 if SHA1, 6 digits and 30 seconds, else an otpauth:// URI.';
COMMENT ON FUNCTION @extschema@.otp_secret_recv(internal) IS
'Binary input of type otp_secret: format byte 1, algorithm (1 SHA1, 2 SHA256, 3 SHA512), digits, period (4 bytes, big-endian), key. Errors: 22P03 unknown format or algorithm, 22023 parameter out of range, 08P01 too short.';
COMMENT ON FUNCTION @extschema@.otp_secret_send(@extschema@.otp_secret) IS
'Binary output of type otp_secret, as otp_secret_recv() reads it.';
COMMENT ON FUNCTION @extschema@.otp_secret_from_bytea(bytea) IS
'The cast from bytea to otp_secret. key: 1 to 1024 bytes; SHA1, 6 digits, 30 seconds. Error: 22023.';
COMMENT ON CAST (bytea AS @extschema@.otp_secret) IS
'Raw key to secret with SHA1, 6 digits, 30 seconds. Implicit. Error: 22023.';
COMMENT ON CAST (text AS @extschema@.otp_secret) IS
'Base32 or otpauth:// URI to secret. Implicit. Error: 22P02.';

COMMENT ON TYPE @extschema@.otp_verdict IS
'What otp_attempt() says of a guess.';
COMMENT ON COLUMN @extschema@.otp_verdict.accepted IS
'Was the guess accepted? Never NULL.';
COMMENT ON COLUMN @extschema@.otp_verdict.reason IS
'accepted, wrong, replayed, expired, no_code, locked or malformed. Never NULL.';
COMMENT ON COLUMN @extschema@.otp_verdict.method IS
'What the guess matched if accepted, replayed or, beside something else that could be accepted, expired: issued (an issued code), totp, hotp (an authenticator) or recovery (a recovery code); else NULL.';
COMMENT ON COLUMN @extschema@.otp_verdict.attempts_left IS
'Wrong guesses that would still be judged without a wait; 0 while locked. Of reasons wrong and locked, else NULL.';
COMMENT ON COLUMN @extschema@.otp_verdict.retry_at IS
'When the user may guess again; infinity if that takes otp_unlock(), NULL if there is no wait or none would help.';

COMMENT ON FUNCTION @extschema@.otp_secret(bytea, text, integer, integer) IS
'A secret from a raw key.
key: 1 to 1024 bytes. algorithm: SHA1, SHA256 or SHA512, in any case. digits: 6 to 10. period: 1 to 86400 seconds.
NULL if any argument is NULL. Error: 22023. RFC 4226 section 5.3; RFC 6238 sections 1.2 and 4.1.';
COMMENT ON FUNCTION @extschema@.otp_secret_key(@extschema@.otp_secret) IS
'The raw key of a secret, 1 to 1024 bytes. NULL if secret is NULL.';
COMMENT ON FUNCTION @extschema@.otp_secret_generate(integer, text, integer, integer) IS
'A secret with a random key.
bytes: 16 to 1024, 20 by default. algorithm: SHA1, SHA256 or SHA512, in any case. digits: 6 to 10. period: 1 to 86400 seconds.
NULL if any argument is NULL. Error: 22023. RFC 4226 section 4, R6; RFC 6238 section 5.1.';
COMMENT ON FUNCTION @extschema@.hotp_at(@extschema@.otp_secret, bigint) IS
'The HOTP code of a counter.
counter: 0 to 9223372036854775807. The period of the secret means nothing here.
NULL if any argument is NULL. Error: 22023. RFC 4226 section 5.3.';
COMMENT ON FUNCTION @extschema@.totp_at(@extschema@.otp_secret, timestamptz) IS
'The TOTP code of a moment.
at: any finite time; by default now(), the start of the transaction.
NULL if any argument is NULL. Error: 22008 if at is infinite. RFC 6238 section 4.2.';
COMMENT ON FUNCTION @extschema@.hotp_match(@extschema@.otp_secret, text, bigint, integer) IS
'The least counter from counter to counter + look_ahead whose code it is, or NULL. Spends nothing and counts no guess: storing counter + 1 is up to the caller.
code: as the input of type otp; what is no code matches nothing. counter: 0 or more. look_ahead: 0 to 1000.
NULL if any argument is NULL. Error: 22023. RFC 4226 sections 7.2 and 7.4.';
COMMENT ON FUNCTION @extschema@.totp_match(@extschema@.otp_secret, text, timestamptz, integer) IS
'The time step (seconds since 1970 / period, rounded down) whose code it is, or NULL; of several the one nearest to at, then the earlier. Spends nothing and counts no guess: refusing a step that is not greater than the last is up to the caller.
code: as the input of type otp; what is no code matches nothing. at: any finite time; by default now(), the start of the transaction. drift: steps to either side, 0 to 1000, 1 by default.
NULL if any argument is NULL. Errors: 22023, 22008 if at is infinite. RFC 6238 sections 4.2, 5.2 and 6.';

COMMENT ON FUNCTION @extschema@.otpauth_uri(@extschema@.otp_secret, text, text, text, bigint) IS
'The otpauth:// URI by which an authenticator app takes a secret in (Key URI Format). It holds the secret.
account: what the app shows, as a name or an address. issuer: who asks for the codes; NULL leaves it out. Each 1 to 256 bytes in UTF-8, without colon and control characters; percent-encoded (RFC 3986). kind: totp or hotp. counter: of hotp, the next one, 0 or more; means nothing to totp.
NULL if an argument but issuer is NULL. Errors: 22023, 22P05 or 22021 character that UTF-8 has not.';
COMMENT ON FUNCTION @extschema@.otp_qr(text, text) IS
'A text as a QR code (ISO/IEC 18004, error correction level M). It tells the text to whoever sees it.
content: 1 to 2331 bytes of ASCII, of capitals and digits more; or 2330 of other UTF-8. format: utf8, half blocks for a terminal that writes light on dark; utf8i, the same for dark on light; svg, a document for a page. With four light modules around it.
NULL if any argument is NULL. Errors: 22023 content empty or format unknown, 54000 content too long, 0A000 utf8 in a database of another encoding, 22P05 or 22021 character that UTF-8 has not.';
COMMENT ON FUNCTION @extschema@.otp_qr_png(text, integer) IS
'A text as a QR code in a PNG file (ISO/IEC 18004, error correction level M). It tells the text to whoever sees it.
content: 1 to 2331 bytes of ASCII, of capitals and digits more; or 2330 of other UTF-8. scale: pixels of a module''s side, 1 to 32. With four light modules around it.
NULL if any argument is NULL. Errors: 22023 content empty or scale out of range, 54000 content too long, 22P05 or 22021 character that UTF-8 has not.';
COMMENT ON FUNCTION @extschema@.otp_issue(text, text, text) IS
'Makes a fresh code, which replaces the live one of that user and purpose when the transaction commits. Returns the code, which is stored nowhere.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes. context: any text that the code is bound to; otp_verify() must be given the same.
Waits for a transaction that is changing the code of that user and purpose.
Errors: OT001 within cool_down of the last code, OT002 more than issues_per_user or issues_per_destination, both with the time to come back in DETAIL; what was handed out stays counted toward OT002 whatever becomes of the transaction. 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, 55006 this transaction has deleted the count, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_issue(text, text, text, text) IS
'otp_issue() with the destination that the code will be sent to, for which the policy may limit issues.
destination: 1 to 512 bytes, a phone number or an address, always spelled the same way; NULL: none.
Errors: those of otp_issue(user_id, purpose, context).';
COMMENT ON FUNCTION @extschema@.otp_resend(text, text, text) IS
'The live code again, or NULL if there is none that could be accepted or the context is another one. Its life and the budget of guesses stay as they are.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes. context: as in otp_issue().
Errors: OT002 as of otp_issue(). 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, OT003, OT004, OT005 keys.';
COMMENT ON FUNCTION @extschema@.otp_resend(text, text, text, text) IS
'otp_resend() with the destination that the code will be sent to, as in otp_issue().
Errors: those of otp_resend(user_id, purpose, context).';
COMMENT ON FUNCTION @extschema@.otp_verify(text, text, text, text) IS
'Judges a guess: true once, for what the policy of the purpose accepts: the live code of that user, purpose and context, a code of an active authenticator of the user, a recovery code; else false, never NULL. true holds if and only if the transaction commits; a wrong guess stays counted whatever becomes of it.
user_id: NULL, empty or more than 512 bytes is nobody. code: any text or NULL; made canonical as the input of type otp. purpose: 1 to 63 bytes. context: any text, the one given to otp_issue().
A right code waits for a transaction that is changing it; every other answer waits until its WAL is flushed.
Errors: 22004, 22023 purpose or context, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing, 55006 row of otp_budget being changed by hand, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE. RFC 4226 section 7.3.';
COMMENT ON FUNCTION @extschema@.otp_attempt(text, text, text, text) IS
'otp_verify() with the reason, as an otp_verdict. Arguments and errors are those of otp_verify().
accepted: the code is spent. wrong: charged, unless the same guess at the same codes has been. replayed: a right code, but spent, or of a time step or counter not after the last one that was accepted; charged once. expired: the issued code is too old. no_code: nothing is live. locked: in a delay, until retry_at, or the code bears no more guesses (retry_at NULL). malformed: cannot be a code. The last four judge nothing and charge nothing; but that the expired code is right beside an authenticator or recovery code is charged.';
COMMENT ON FUNCTION @extschema@.otp_cancel(text, text) IS
'Withdraws the live code of that user and purpose when the transaction commits. Returns whether there was one.
user_id: 1 to 512 bytes. purpose: 1 to 63 bytes.
Waits for a transaction that is changing the code.
Errors: 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel, 55000 row default of otp_policy missing; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_enroll(text, text, text, text, @extschema@.otp_secret, text, bigint, integer) IS
'Makes an authenticator of the user, with a secret of 160 random bits (RFC 4226 section 4, R6), SHA1, 6 digits, 30 seconds, or with the one given, and stores it sealed. It is pending until otp_confirm(): it verifies nothing, expires after otp_policy.enroll_lifetime, and the next call takes its place.
user_id: 1 to 512 bytes. kind: totp or hotp. label: what the user calls it. issuer, account: what the app shows; account is user_id by default. Each of them 1 to 256 bytes or NULL; issuer and account without a colon. secret: NULL for a new one. counter: of hotp, the next one, 0 or more. window_size: of totp, time steps either side, 0 to 10, 1 by default; of hotp, counters ahead, 0 to 100, 10 by default.
Returns credential_id, and uri, the otpauth:// URI for the app, which is shown this once.
Waits for a transaction that is making an authenticator of the user.
Errors: 22004 user_id or kind NULL, 22023 argument, 23505 the user has this secret already, 54000 the user has 20 authenticators, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_confirm(text, text, bigint) IS
'Makes the pending authenticator of the user active, by a first code of it, which is thereby spent. Judged as by otp_verify(), under the same limits and as purpose enroll: true if and only if the transaction commits; a wrong code stays counted.
user_id: NULL, empty or more than 512 bytes is nobody. code: any text or NULL. credential_id: NULL for whichever is pending.
Errors: as of otp_verify().';
COMMENT ON FUNCTION @extschema@.otp_credentials(text) IS
'The authenticators of the user, in the order of their ids; no secrets.
user_id: 1 to 512 bytes.
state: pending or active. period: seconds, and drift: time steps that its clock is ahead, of totp. window_size: time steps either side, or counters ahead. counter: the next one, of hotp. expires_at: of a pending one. used_at: when a code of it was last accepted, NULL if never.
Errors: 22004, 22023 user_id, OT005 row damaged.';
COMMENT ON FUNCTION @extschema@.otp_revoke(text, bigint) IS
'Ends an authenticator of the user, active or pending, when the transaction commits. Returns whether there was one.
user_id: 1 to 512 bytes. credential_id: as otp_credentials() gives it.
Waits for a transaction that is changing it.
Errors: 22004 argument NULL, 22023 length, 25006 read-only transaction or standby, 25000 parallel; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_resync(text, bigint, text, text) IS
'Brings an active authenticator back into step by two consecutive codes of it within otp_policy.resync_window, which are thereby spent (RFC 4226 section 7.4, RFC 6238 section 6). Never backwards. Judged as by otp_verify(), as one guess, under the same limits and as purpose resync: true if and only if the transaction commits; wrong or used codes stay counted.
user_id: NULL, empty or more than 512 bytes is nobody. credential_id: as otp_credentials() gives it; NULL is none. code1, code2: any text or NULL.
Errors: as of otp_verify().';
COMMENT ON FUNCTION @extschema@.otp_recovery_codes(text, integer) IS
'Makes a new set of recovery codes, which takes the place of the old one when the transaction commits, and returns them, this once. Each can be accepted once, by otp_verify(), has 12 symbols of 31 (2-9, A-Z without I, L, O), which is 59 bits, and is stored nowhere.
user_id: 1 to 512 bytes. count: 1 to 64.
Waits for a transaction that is making or spending codes of the user.
Errors: 22004 argument NULL, 22023 argument, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_recovery_left(text) IS
'How many recovery codes of the user are not spent; 0 if there is no set.
user_id: 1 to 512 bytes.
Errors: 22004, 22023 user_id, OT005 row damaged.';
COMMENT ON FUNCTION @extschema@.otp_self_unlock(text, text[], text) IS
'Ends the stop of a user and purpose by consecutive codes of one active TOTP authenticator, the last of which is the current one: true once, and then all of them are spent; else false. Both as in otp_verify(): true if and only if the transaction commits, from when on guesses are judged again, and a wrong guess is charged. A delay holds all the same. Recorded as unlocked.
user_id, purpose: as in otp_verify(). codes: as many as the policy''s self_unlock says, in the order in which they were shown; no element can be what otp_verify() would not take.
Errors: 55000 self_unlock is 0, 22023 not as many codes, 22004 codes NULL; else those of otp_verify().';
COMMENT ON FUNCTION @extschema@.otp_unlock(text) IS
'Ends the delay of a user and the stops of all purposes, at once, whatever becomes of the transaction: no wrong guess up to now counts toward the next ones. Codes that bear no more guesses stay so. Returns whether there was anything to forgive; then it is recorded as unlocked in otp_event, whatever the policy of the trail is.
user_id: 1 to 512 bytes.
Waits until its WAL is flushed.
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, 55006 a transaction is deleting the row of otp_budget.';
COMMENT ON FUNCTION @extschema@.otp_status(text) IS
'What is known of a user, a row per purpose that has a policy or of which the user has a row, sorted; purpose default stands for all if there is none. Changes nothing, and answers on a standby.
user_id: 1 to 512 bytes.
issued_at, expires_at, attempts_left: of the live code, NULL without one; attempts_left is the wrong guesses that it still bears. wrong_guesses: all wrong guesses of the user ever. level: those that are not forgiven yet. delayed_until: end of the delay, NULL without one. consecutive: wrong guesses since the last acceptance for the purpose, NULL if the policy has no max_consecutive. stopped_until: end of the stop, infinity if not by time, NULL without one. authenticators: active ones. recovery_codes: those that are not spent.
Errors: 22004, 22023 user_id, 55000 row default of otp_policy missing, OT005 row damaged.';
COMMENT ON FUNCTION @extschema@.otp_rotate_key() IS
'Makes a new data key, which is the writing one when the transaction commits: what is issued and sealed from then on is under it. The old one is still read. Returns the id of the new key.
Waits for another transaction that is exchanging keys.
Errors: 25006 read-only transaction or standby, 25000 parallel, OT003, OT004 master key; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_rekey(integer) IS
'Re-seals authenticators and recovery codes under the writing data key, where they stand, and deletes issued codes under other keys that have expired. Returns how many rows are left under other keys: call it until that is 0, from cron if one likes. Waits for nobody; a row that a transaction is changing is left. What is re-sealed stays so whatever becomes of the transaction.
batch: rows that one call re-seals or deletes at most, 0 or more.
NULL, and nothing is done, if batch is NULL. Errors: 22023 batch negative, 55000 the writing key is not committed yet, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys or a damaged row.';
COMMENT ON FUNCTION @extschema@.otp_rewrap_master() IS
'Wraps all data keys by the next master key (otp.next_master_key_file or otp.next_master_key_command) when the transaction commits; both master keys are good until then and after. Returns how many keys were wrapped.
Waits for another transaction that is exchanging keys.
Errors: 55000 no next master key is set, OT003 it cannot be had, OT004, OT005 a data key cannot be unwrapped, 25006 read-only transaction or standby, 25000 parallel; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_key_guard() IS
'Trigger: refuses to delete a data key that a row needs. Holds off whoever would write one until the transaction ends. Errors: 55006 in use; 39P01 if called otherwise.';
COMMENT ON FUNCTION @extschema@.otp_import_pskc(text, bytea, text, jsonb) IS
'Stores the authenticators of a Portable Symmetric Key Container (RFC 6030), HOTP and TOTP keys, active at once, with their counters and drift; all of the file when the transaction commits, or nothing. Returns a row per token.
pskc: the file. key: the pre-shared key, 16, 24 or 32 bytes, or password: the password, if it is encrypted; with either, every secret has to be. users: an object from serial numbers to users; without an entry, or with null, the UserId of the file. serial: SerialNo, or else the Id of the key.
An encrypted value is taken only after its MAC has been checked. Refused: a DTD, what is encrypted to a certificate or without a MAC, keys that have expired or may not be used for one-time codes, and whatever else is not understood and bears on a key. Signatures and validity after today are not looked at.
Waits for a transaction that is making an authenticator of one of the users.
Errors: 22P02 file, with its line; 22004, 22023 argument; 23505 the user has this secret already, 54000 the user has 20 authenticators; 22P05, 22021 encoding; 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_import_csv(text, text, jsonb) IS
'Stores the authenticators of a CSV file (RFC 4180), active at once, with their counters and drift; all of the file when the transaction commits, or nothing. Returns a row per token.
csv: the file. format: oath, which is serial number, secret (in hexadecimal if all secrets of the file can be that, else Base32), kind (hotp or totp; hotp), digits (6), period of totp (30) or counter of hotp (0), algorithm (SHA1), user, or a header that names the columns; or yubico, the log of the YubiKey Personalization Tool in its traditional or Yubico''s format. users: as in otp_import_pskc().
Waits for a transaction that is making an authenticator of one of the users.
Errors: as of otp_import_pskc().';
COMMENT ON FUNCTION @extschema@.otp_export(text) IS
'The active authenticators of the user as otpauth:// URIs, which hold the secrets and, of hotp, the next counter, for another system. Each call is recorded as exported in otp_event, whatever becomes of the transaction and whatever the policy of the trail is. In account and issuer a colon or a control character becomes a hyphen.
user_id: 1 to 512 bytes.
Waits until its WAL is flushed.
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, 55006 an index of otp_event is being built concurrently, OT003, OT004, OT005 keys.';
COMMENT ON FUNCTION @extschema@.otp_forget(text) IS
'Removes all that is kept of the user when the transaction commits: codes, authenticators, recovery codes, trail, budget. Returns how many rows. What the limits still need stays in otp_budget under a keyed pseudonym, and counts if the same user comes again. Reads the whole of otp_event.
user_id: 1 to 512 bytes.
Waits for a transaction that is changing a row of the user. Until this one ends, a guess of the user that would have to be judged is refused (55006).
Errors: 22004, 22023 user_id, 25006 read-only transaction or standby, 25000 parallel, OT003, OT004, OT005 keys; 40001 in SERIALIZABLE.';
COMMENT ON FUNCTION @extschema@.otp_grant(regrole, text) IS
'Grants a role what a duty needs, by GRANT commands as the caller.
role: the role. duty: application, which is USAGE on the schema of the extension and EXECUTE on otp_issue, otp_resend, otp_verify, otp_attempt, otp_cancel, otp_enroll, otp_confirm, otp_credentials, otp_revoke, otp_resync, otp_recovery_codes, otp_recovery_left, otp_self_unlock; operator, which is USAGE and EXECUTE on otp_unlock, otp_status, otp_forget, otp_import_pskc, otp_import_csv, otp_export; or keyholder, on otp_rotate_key, otp_rekey, otp_rewrap_master.
NULL, and nothing is done, if any argument is NULL. Errors: 22023 unknown duty, 25006, 25000, 42501 from GRANT.';
COMMENT ON FUNCTION @extschema@.otp_master_key_init() IS
'Makes the file otp.master_key_file with a random key, mode 0600, if neither it nor otp.master_key_command is there. Returns the id of the master key, 16 hexadecimal digits, which is no secret.
Error: OT003.';
COMMENT ON FUNCTION @extschema@.otp_policy_guard() IS
'Trigger: a changed row of otp_policy is no longer shipped, and an inserted one takes the place of a shipped one. Error: 39P01 if called otherwise.';
COMMENT ON FUNCTION @extschema@.otp_changed() IS
'Trigger: has all sessions read the table again. Error: 39P01 if called otherwise.';

COMMENT ON TABLE @extschema@.otp_policy IS
'What holds for codes and guesses: a row per purpose, and row default. NULL means as in row default. A change holds in all sessions once it is committed. Dumped, but for the row that the extension shipped.';
COMMENT ON COLUMN @extschema@.otp_policy.purpose IS
'Purpose, 1 to 63 bytes, or default, which also holds for purposes without a row.';
COMMENT ON COLUMN @extschema@.otp_policy.length IS
'Symbols of a code: 6 to 32 digits, 5 to 32 letters, 4 to 32 alphanumeric; shipped: 6. Given together with alphabet. Of codes issued from now on.';
COMMENT ON COLUMN @extschema@.otp_policy.alphabet IS
'digits (0-9), letters (A-Z without I, L, O) or alphanumeric (both without 0, 1, I, L, O); shipped: digits. Given together with length. Of codes issued from now on.';
COMMENT ON COLUMN @extschema@.otp_policy.lifetime IS
'How long a code may be accepted, 10 seconds to 1 day; shipped: 5 minutes. Of codes issued from now on.';
COMMENT ON COLUMN @extschema@.otp_policy.max_attempts IS
'Wrong guesses of the user, whatever they were aimed at, that a code bears before it is accepted no more, 1 to 100; shipped: 5.';
COMMENT ON COLUMN @extschema@.otp_policy.trail IS
'What otp_event records: all, rejections or none; shipped: all.';
COMMENT ON COLUMN @extschema@.otp_policy.methods IS
'What is accepted: some of issued (the issued code), totp, hotp (the user''s active authenticators), recovery (the recovery codes); shipped: all.';
COMMENT ON COLUMN @extschema@.otp_policy.spent_at_once IS
'Is what otp_verify() accepts spent at once, whatever becomes of the transaction? Shipped: false, it is spent if and only if the transaction commits. A code that the same transaction has issued goes with the transaction all the same.';
COMMENT ON COLUMN @extschema@.otp_policy.cool_down IS
'How long after a code the next one of that user and purpose may be issued (OT001), 0 to 1 day; shipped: 0.';
COMMENT ON COLUMN @extschema@.otp_policy.issue_window IS
'The time of issues_per_user and issues_per_destination, 1 minute to 30 days; shipped: 1 hour.';
COMMENT ON COLUMN @extschema@.otp_policy.issues_per_user IS
'Codes that are handed out, issued or resent, to one user for the purpose within any issue_window (OT002), 1 to 1000000; shipped: NULL, any number.';
COMMENT ON COLUMN @extschema@.otp_policy.issues_per_destination IS
'The same for one destination, of those who name one, 1 to 1000000; shipped: NULL, any number.';
COMMENT ON COLUMN @extschema@.otp_policy.max_consecutive IS
'Wrong guesses of the user, whatever they were aimed at, since the last committed acceptance for the purpose, or for any before the purpose has been guessed at, at which guesses for the purpose are stopped, 1 to 1000000; shipped: NULL, never. Given together with stop_for.';
COMMENT ON COLUMN @extschema@.otp_policy.stop_for IS
'How long after the user''s last wrong guess the stop ends, 1 minute to 30 days; NULL beside max_consecutive: not before otp_unlock() or otp_self_unlock().';
COMMENT ON COLUMN @extschema@.otp_policy.warn_before IS
'So many wrong guesses before the stop, event warned is recorded, 0 (never) to 100; shipped: 3.';
COMMENT ON COLUMN @extschema@.otp_policy.self_unlock IS
'Consecutive codes of an active TOTP authenticator that end the stop by otp_self_unlock(), 2 to 10; shipped: 0, none do.';
COMMENT ON COLUMN @extschema@.otp_policy.notify IS
'Is channel otp_event notified of warnings, stops and delays, when the transaction commits? Shipped: false.';
COMMENT ON COLUMN @extschema@.otp_policy.free_guesses IS
'Wrong guesses of a user, not forgiven, of which the last and each further one is followed by a delay, 1 to 100; shipped: 5. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.forgive_every IS
'One wrong guess of a user is forgiven per such interval, 1 minute to 30 days; shipped: 1 hour. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.first_delay IS
'The first delay; each further one is twice as long. 1 second to 1 day; shipped: 15 seconds. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.longest_delay IS
'No delay is longer. first_delay to 1 day; shipped: 1 hour. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.max_drift IS
'Time steps that the clock of a TOTP authenticator is learned to be off, 0 to 100; shipped: 4. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.resync_window IS
'What otp_resync() searches: time steps either side, or counters ahead, 10 to 1000; shipped: 100. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.enroll_lifetime IS
'How long an enrolment waits for otp_confirm(), 1 minute to 7 days; shipped: 1 hour. In row default alone.';
COMMENT ON COLUMN @extschema@.otp_policy.comment IS
'Any text; otp_policy_preset() names the norm and its sections here.';
COMMENT ON COLUMN @extschema@.otp_policy.shipped IS
'Is this the row as the extension made it? Such a row is not dumped. Kept by a trigger.';
COMMENT ON INDEX @extschema@.otp_policy_pkey IS
'One row per purpose.';
COMMENT ON TRIGGER otp_policy_guard ON @extschema@.otp_policy IS
'Keeps column shipped, and lets a restored row take the place of the shipped one.';
COMMENT ON TRIGGER otp_policy_changed ON @extschema@.otp_policy IS
'Has all sessions read the policies again.';

COMMENT ON TABLE @extschema@.otp_key IS
'The data keys, from which codes are derived and under which secrets are sealed, wrapped by the master key. One that no row needs may be deleted. Dumped.';
COMMENT ON COLUMN @extschema@.otp_key.id IS
'Number of the data key; otp_challenge.key_id names it.';
COMMENT ON COLUMN @extschema@.otp_key.state IS
'writing: new codes are derived from it, at most one key; reading: only old ones are.';
COMMENT ON COLUMN @extschema@.otp_key.made_at IS
'When the key was made.';
COMMENT ON COLUMN @extschema@.otp_key.master_id IS
'Id of the master key that wraps it, 16 hexadecimal digits; no secret.';
COMMENT ON COLUMN @extschema@.otp_key.wrapped IS
'The key, sealed with AES-256-GCM: format byte 1, nonce (12 bytes), ciphertext (32), tag (16). Associated data: the format byte and otp_key:id.';
COMMENT ON INDEX @extschema@.otp_key_pkey IS
'One row per data key.';
COMMENT ON INDEX @extschema@.otp_key_writing IS
'At most one data key is the writing one.';
COMMENT ON TRIGGER otp_key_changed ON @extschema@.otp_key IS
'Has all sessions read the data keys again.';

COMMENT ON TRIGGER otp_key_guard ON @extschema@.otp_key IS
'Keeps keys that are in use.';
COMMENT ON TRIGGER otp_key_guard_all ON @extschema@.otp_key IS
'Keeps keys that are in use.';

COMMENT ON VIEW @extschema@.otp_keys IS
'The data keys, and how many rows of each table need them.';
COMMENT ON COLUMN @extschema@.otp_keys.id IS 'Number of the data key.';
COMMENT ON COLUMN @extschema@.otp_keys.state IS 'writing: new codes and secrets are under it; reading: only old ones are.';
COMMENT ON COLUMN @extschema@.otp_keys.made_at IS 'When the key was made.';
COMMENT ON COLUMN @extschema@.otp_keys.master_id IS 'Id of the master key that wraps it; no secret.';
COMMENT ON COLUMN @extschema@.otp_keys.codes IS 'Rows of otp_challenge, issued codes, that need it; gone by otp_rekey() once they have expired.';
COMMENT ON COLUMN @extschema@.otp_keys.credentials IS 'Rows of otp_credential that need it; re-sealed by otp_rekey().';
COMMENT ON COLUMN @extschema@.otp_keys.recovery_sets IS 'Rows of otp_recovery that need it; re-sealed by otp_rekey().';
COMMENT ON COLUMN @extschema@.otp_keys.pseudonyms IS 'Rows of otp_budget of forgotten users that need it; to be deleted once their limits have passed.';

COMMENT ON TABLE @extschema@.otp_challenge IS
'The last issued code of each user and purpose, never the code itself. Not dumped.';
COMMENT ON COLUMN @extschema@.otp_challenge.issued_at IS
'When the code was issued, by the wall clock.';
COMMENT ON COLUMN @extschema@.otp_challenge.expires_at IS
'From when on the code is not accepted, by the wall clock.';
COMMENT ON COLUMN @extschema@.otp_challenge.total_at_issue IS
'otp_budget.total of the user when the code was issued; the difference is the guesses that the code has borne.';
COMMENT ON COLUMN @extschema@.otp_challenge.context_tag IS
'Keyed tag, 8 bytes, that tells whether a context is the one the code was made for.';
COMMENT ON COLUMN @extschema@.otp_challenge.key_id IS
'The data key, otp_key.id, from which the code is derived.';
COMMENT ON COLUMN @extschema@.otp_challenge.length IS
'Symbols of the code, 4 to 32.';
COMMENT ON COLUMN @extschema@.otp_challenge.alphabet IS
'1 digits, 2 letters, 3 alphanumeric.';
COMMENT ON COLUMN @extschema@.otp_challenge.budget IS
'Where the user''s row of otp_budget stood when the code was issued: a hint that spares a look into the index. (0,0) if there was none.';
COMMENT ON COLUMN @extschema@.otp_challenge.state IS
'l live, s spent, c cancelled. A live code may have expired.';
COMMENT ON COLUMN @extschema@.otp_challenge.nonce IS
'16 random bytes from which the code is derived.';
COMMENT ON COLUMN @extschema@.otp_challenge.user_id IS
'The user, 1 to 512 bytes.';
COMMENT ON COLUMN @extschema@.otp_challenge.purpose IS
'The purpose, 1 to 63 bytes.';
COMMENT ON INDEX @extschema@.otp_challenge_pkey IS
'One row per user and purpose.';

COMMENT ON TABLE @extschema@.otp_budget IS
'How often each user has guessed wrong. Rows are made and overwritten in place, outside of any transaction; they must not be updated. Dumped.';
COMMENT ON COLUMN @extschema@.otp_budget.total IS
'All wrong guesses ever, replays of a spent code among them; only grows.';
COMMENT ON COLUMN @extschema@.otp_budget.level IS
'Wrong guesses that were not forgiven, at last_at: the level of a leaky bucket.';
COMMENT ON COLUMN @extschema@.otp_budget.last_at IS
'When the last wrong guess was counted, by the wall clock; 2000-01-01 if none was.';
COMMENT ON COLUMN @extschema@.otp_budget.cleared_total IS
'What total was when otp_unlock() cleared it, or otp_forget() kept it: only later wrong guesses are consecutive ones. -1: never; then those count that follow the first guess for a purpose.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_1 IS
'Keyed digest, 8 bytes, of one of the last eight wrong guesses; the next is written to guess_(total % 8 + 1). 0 if there were fewer.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_2 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_3 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_4 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_5 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_6 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_7 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.guess_8 IS 'As guess_1.';
COMMENT ON COLUMN @extschema@.otp_budget.user_id IS
'The user, 1 to 512 bytes; or forgotten:KEY:HEX, the pseudonym of one who has been forgotten, keyed with data key KEY.';
COMMENT ON INDEX @extschema@.otp_budget_pkey IS
'One row per user.';

COMMENT ON TABLE @extschema@.otp_decoy IS
'Rows that refusals of users without a budget overwrite, as a wrong guess overwrites otp_budget, so that both take as long. They mean nothing. Not dumped.';
COMMENT ON COLUMN @extschema@.otp_decoy.total IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.level IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.last_at IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.cleared_total IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_1 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_2 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_3 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_4 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_5 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_6 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_7 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.guess_8 IS 'Means nothing.';
COMMENT ON COLUMN @extschema@.otp_decoy.user_id IS
'0 to 63; a session uses the row of its process id modulo 64.';
COMMENT ON INDEX @extschema@.otp_decoy_pkey IS
'One row per slot.';

COMMENT ON TABLE @extschema@.otp_baseline IS
'From where the consecutive wrong guesses of each user and purpose count, where the policy has max_consecutive. The greatest total of several rows counts. Rows of acceptances come with their transaction, the others stay whatever becomes of it. Dumped.';
COMMENT ON COLUMN @extschema@.otp_baseline.total IS
'otp_budget.total of the user when a code was accepted for the purpose, a stop ended by time, or a guess was first judged.';
COMMENT ON COLUMN @extschema@.otp_baseline.id IS
'A random number, so that no two transactions make the same row.';
COMMENT ON COLUMN @extschema@.otp_baseline.user_id IS
'The user, 1 to 512 bytes.';
COMMENT ON COLUMN @extschema@.otp_baseline.purpose IS
'The purpose, 1 to 63 bytes.';
COMMENT ON INDEX @extschema@.otp_baseline_pkey IS
'All rows of a user and purpose.';

COMMENT ON TABLE @extschema@.otp_quota IS
'Codes handed out in the last issue_window, where the policy has issues_per_user or issues_per_destination. The window is cut into seven slots, and an eighth is the one that has begun. Rows are made and overwritten in place, outside of any transaction; they must not be updated. Dumped.';
COMMENT ON COLUMN @extschema@.otp_quota.slot IS
'Number of the last slot that has a count: microseconds since 2000-01-01 / width.';
COMMENT ON COLUMN @extschema@.otp_quota.width IS
'Microseconds of a slot: a seventh of issue_window.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_1 IS
'Codes handed out in one of the last eight slots; slot counts in issues_(slot % 8 + 1).';
COMMENT ON COLUMN @extschema@.otp_quota.issues_2 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_3 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_4 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_5 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_6 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_7 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.issues_8 IS 'As issues_1.';
COMMENT ON COLUMN @extschema@.otp_quota.scope IS
'user or destination.';
COMMENT ON COLUMN @extschema@.otp_quota.subject IS
'The user or the destination, 1 to 512 bytes.';
COMMENT ON COLUMN @extschema@.otp_quota.purpose IS
'The purpose, 1 to 63 bytes.';
COMMENT ON INDEX @extschema@.otp_quota_pkey IS
'One row per user and purpose, and per destination and purpose.';

COMMENT ON SEQUENCE @extschema@.otp_credential_id IS
'Numbers of authenticators. Dumped.';
COMMENT ON TABLE @extschema@.otp_credential IS
'The authenticators of each user. Dumped.';
COMMENT ON COLUMN @extschema@.otp_credential.credential_id IS
'Number of the authenticator, from sequence otp_credential_id.';
COMMENT ON COLUMN @extschema@.otp_credential.last_position IS
'The time step (RFC 6238) or counter (RFC 4226) of the code that was accepted last: nothing up to it is accepted. -1: none. Only grows.';
COMMENT ON COLUMN @extschema@.otp_credential.used_at IS
'When that was; -infinity: never.';
COMMENT ON COLUMN @extschema@.otp_credential.made_at IS
'When it was enrolled.';
COMMENT ON COLUMN @extschema@.otp_credential.expires_at IS
'Until when it can be confirmed; infinity once it is active.';
COMMENT ON COLUMN @extschema@.otp_credential.drift IS
'Time steps that its clock is ahead, as learned from the codes accepted.';
COMMENT ON COLUMN @extschema@.otp_credential.key_id IS
'The data key, otp_key.id, that the secret is sealed under.';
COMMENT ON COLUMN @extschema@.otp_credential.period IS
'Seconds of a time step.';
COMMENT ON COLUMN @extschema@.otp_credential.window_size IS
'Of totp, time steps either side; of hotp, counters ahead.';
COMMENT ON COLUMN @extschema@.otp_credential.algorithm IS
'1 SHA1, 2 SHA256, 3 SHA512.';
COMMENT ON COLUMN @extschema@.otp_credential.digits IS
'Digits of a code, 6 to 10.';
COMMENT ON COLUMN @extschema@.otp_credential.kind IS
't totp, h hotp.';
COMMENT ON COLUMN @extschema@.otp_credential.state IS
'p pending, a active.';
COMMENT ON COLUMN @extschema@.otp_credential.sealed IS
'The raw key, sealed with AES-256-GCM: format byte 1, nonce (12 bytes), ciphertext, tag (16). Associated data: the format byte, the table, id, kind, algorithm, digits, period and user. Re-sealed in place.';
COMMENT ON COLUMN @extschema@.otp_credential.user_id IS
'The user, 1 to 512 bytes.';
COMMENT ON COLUMN @extschema@.otp_credential.label IS
'What the user calls it.';
COMMENT ON COLUMN @extschema@.otp_credential.issuer IS
'Who issued it, as the app shows it.';
COMMENT ON COLUMN @extschema@.otp_credential.account IS
'Whose it is, as the app shows it.';
COMMENT ON COLUMN @extschema@.otp_credential.serial IS
'Serial number of a hardware token.';
COMMENT ON INDEX @extschema@.otp_credential_pkey IS
'One row per user and authenticator.';

COMMENT ON TABLE @extschema@.otp_recovery IS
'The set of recovery codes of each user, never the codes themselves. Dumped.';
COMMENT ON COLUMN @extschema@.otp_recovery.spent IS
'Bit i is 1 if code i has been accepted.';
COMMENT ON COLUMN @extschema@.otp_recovery.made_at IS
'When the set was made.';
COMMENT ON COLUMN @extschema@.otp_recovery.key_id IS
'The data key, otp_key.id, that the seed is sealed under.';
COMMENT ON COLUMN @extschema@.otp_recovery.count IS
'Codes of the set, 1 to 64.';
COMMENT ON COLUMN @extschema@.otp_recovery.sealed IS
'The seed of 32 bytes from which the codes are derived, sealed with AES-256-GCM: format byte 1, nonce (12 bytes), ciphertext (32), tag (16). Associated data: the format byte, the table, made_at, count and user. Re-sealed in place.';
COMMENT ON COLUMN @extschema@.otp_recovery.user_id IS
'The user, 1 to 512 bytes.';
COMMENT ON INDEX @extschema@.otp_recovery_pkey IS
'One row per user.';

COMMENT ON TABLE @extschema@.otp_event IS
'The trail, for people: no limit reads it. Rejections, refusals, warned, stopped and unlocked stay whatever becomes of the transaction, unless an index of the table is being built concurrently; the rest commits with it. Dumped.';
COMMENT ON COLUMN @extschema@.otp_event.at IS
'When, by the wall clock.';
COMMENT ON COLUMN @extschema@.otp_event.user_id IS
'The user whom the caller named, known or not; empty if it cannot be a user.';
COMMENT ON COLUMN @extschema@.otp_event.purpose IS
'The purpose.';
COMMENT ON COLUMN @extschema@.otp_event.event IS
'issued, resent, accepted, cancelled, rejected or refused; of limits warned, stopped, unlocked; of authenticators enrolled, confirmed, resynced, revoked, imported, exported.';
COMMENT ON COLUMN @extschema@.otp_event.reason IS
'Of rejected: wrong, replayed, expired, no_code or locked; of refused: cooling_down or too_many; else NULL. A malformed code is no guess, and not recorded.';
COMMENT ON COLUMN @extschema@.otp_event.method IS
'What was issued, enrolled or accepted, or what the guess matched: issued, totp, hotp or recovery; NULL if nothing, or of an issued code that has just been issued, resent or cancelled.';
COMMENT ON COLUMN @extschema@.otp_event.role IS
'The role that the session logged in as (session_user).';
COMMENT ON COLUMN @extschema@.otp_event.client_addr IS
'Address of the client, of a proxy if there is one; NULL on a Unix socket.';
COMMENT ON COLUMN @extschema@.otp_event.application_name IS
'Setting application_name of the session.';
COMMENT ON INDEX @extschema@.otp_event_at IS
'For periods of time.';

--
-- Privileges: the types and the pure functions are for everyone, the rest is granted by duty.
--

REVOKE ALL ON FUNCTION
  @extschema@.otp_policy_guard(),
  @extschema@.otp_changed(),
  @extschema@.otp_issue(text, text, text),
  @extschema@.otp_issue(text, text, text, text),
  @extschema@.otp_resend(text, text, text),
  @extschema@.otp_resend(text, text, text, text),
  @extschema@.otp_verify(text, text, text, text),
  @extschema@.otp_attempt(text, text, text, text),
  @extschema@.otp_cancel(text, text),
  @extschema@.otp_enroll(text, text, text, text, @extschema@.otp_secret, text, bigint, integer),
  @extschema@.otp_confirm(text, text, bigint),
  @extschema@.otp_credentials(text),
  @extschema@.otp_revoke(text, bigint),
  @extschema@.otp_resync(text, bigint, text, text),
  @extschema@.otp_recovery_codes(text, integer),
  @extschema@.otp_recovery_left(text),
  @extschema@.otp_self_unlock(text, text[], text),
  @extschema@.otp_unlock(text),
  @extschema@.otp_status(text),
  @extschema@.otp_forget(text),
  @extschema@.otp_key_guard(),
  @extschema@.otp_rotate_key(),
  @extschema@.otp_rekey(integer),
  @extschema@.otp_rewrap_master(),
  @extschema@.otp_import_pskc(text, bytea, text, jsonb),
  @extschema@.otp_import_csv(text, text, jsonb),
  @extschema@.otp_export(text),
  @extschema@.otp_grant(regrole, text),
  @extschema@.otp_master_key_init()
  FROM PUBLIC;
REVOKE ALL ON TABLE
  @extschema@.otp_policy,
  @extschema@.otp_key,
  @extschema@.otp_challenge,
  @extschema@.otp_budget,
  @extschema@.otp_decoy,
  @extschema@.otp_baseline,
  @extschema@.otp_quota,
  @extschema@.otp_event,
  @extschema@.otp_credential,
  @extschema@.otp_recovery,
  @extschema@.otp_keys
  FROM PUBLIC;
REVOKE ALL ON SEQUENCE @extschema@.otp_credential_id FROM PUBLIC;

-- Default privileges may have granted all of this to somebody already.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', c.oid::pg_catalog.regclass,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
      WHERE c.relnamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND c.relname IN ('otp_policy', 'otp_key', 'otp_challenge', 'otp_budget', 'otp_decoy',
                          'otp_baseline', 'otp_quota', 'otp_event', 'otp_credential', 'otp_recovery', 'otp_credential_id',
                          'otp_keys')
        AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
    UNION
    SELECT pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s', p.oid::pg_catalog.regprocedure,
                             a.grantee::pg_catalog.regrole)
      FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS a
      WHERE p.pronamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND p.proname IN ('otp_policy_guard', 'otp_changed', 'otp_issue', 'otp_resend',
                          'otp_verify', 'otp_attempt', 'otp_cancel', 'otp_enroll', 'otp_confirm',
                          'otp_credentials', 'otp_revoke', 'otp_resync', 'otp_recovery_codes',
                          'otp_recovery_left', 'otp_self_unlock', 'otp_unlock', 'otp_status',
                          'otp_forget', 'otp_key_guard', 'otp_rotate_key',
                          'otp_rekey', 'otp_rewrap_master', 'otp_import_pskc',
                          'otp_import_csv', 'otp_export', 'otp_grant',
                          'otp_master_key_init')
        AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
  LOOP
    EXECUTE command;
  END LOOP;
END $$;

SELECT @extschema@.otp_master_key_init();
