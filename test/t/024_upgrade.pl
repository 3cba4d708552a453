# ALTER EXTENSION otp UPDATE: a database that was made with an earlier version, and has data in it, is afterwards as one that
# is made today, object by object; one that is not updated goes on with the new library.
# Requirements: 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpCatalog;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(24);

my $node = new_node('upgrade', bare => 1);
my $first = '1.0.0';
my @earlier = ($first, '1.1.0');
# Databases that are updated, and that are not, with the version that they were made with.
my %upgraded = map { ($_ eq $first ? 'upgraded' : "upgraded from $_") => $_ } @earlier;
my %old = map { ("old $_") => $_ } @earlier;
my $secret = "otp_secret('12345678901234567890'::bytea)";
my @hotp = qw(755224 287082 359152 969429);

value($node, 'CREATE ROLE app LOGIN');
value($node, qq{CREATE DATABASE "$_"}) for 'fresh', sort keys %upgraded, keys %old;
value($node, 'SET client_min_messages = error; CREATE EXTENSION otp', 'fresh');
for my $database (sort keys %upgraded, keys %old)
{
	my $version = $upgraded{$database} // $old{$database};

	value($node, "CREATE EXTENSION otp VERSION '$version'; SELECT otp_grant('app', 'application')", $database);
	is(value($node, q{SELECT extversion FROM pg_extension WHERE extname = 'otp'}, $database), $version, "$database: version $version");
}
my $default = value($node, q{SELECT default_version FROM pg_available_extensions WHERE name = 'otp'});
isnt($_, $default, "version $_ is an earlier one") for @earlier;
is(value($node, q{SELECT string_agg(version, ' ' ORDER BY version) FROM pg_available_extension_versions WHERE name = 'otp'}),
	"@earlier $default", 'and there is no other');

# in(DATABASE, SQL) as the application.
sub in
{
	my ($database, $sql) = @_;

	return $node->safe_psql($database, $sql, extra_params => [ '-U', 'app' ]);
}

# Data of before: budgets near the limit and beyond, codes that are live and spent, an authenticator and recovery codes of
# which some are spent, a policy, the trail; and a session that stays open.
sub make_data
{
	my ($database) = @_;

	value($node, q{UPDATE otp_policy SET first_delay = '1 day', longest_delay = '1 day', lifetime = '1 day' WHERE purpose = 'default';
		INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('payment', 8, 'letters')}, $database);
	my %code = map { $_ => in($database, "SELECT otp_issue('$_')") } qw(live spent near locked);
	in($database, "SELECT otp_verify('spent', '$code{spent}')");
	in($database, "SELECT otp_verify('near', '$_')") for wrong_codes(4, $code{near});
	in($database, "SELECT otp_verify('locked', '$_')") for wrong_codes(5, $code{locked});
	in($database, "SELECT otp_enroll('token', 'hotp', secret => $secret); SELECT otp_confirm('token', '$hotp[0]'), otp_verify('token', '$hotp[1]')");
	@code{qw(recovery unused)} = split /\n/, in($database, "SELECT otp_recovery_codes('saved', 2)");
	in($database, "SELECT otp_verify('saved', '$code{recovery}')");
	return %code;
}
my %codes = map { $_ => { make_data($_) } } sort keys %upgraded;
my %code = %{ $codes{upgraded} };

# may(ROLE): what has been granted to it by name, in the database that is updated.
sub may
{
	my ($role) = @_;

	return value($node, qq{
		SELECT coalesce(string_agg(DISTINCT name, ' '), '') FROM (
		  SELECT proname, grantee FROM pg_proc, aclexplode(proacl)
		  UNION ALL SELECT relname, grantee FROM pg_class, aclexplode(relacl)
		  UNION ALL SELECT 'USAGE', grantee FROM pg_namespace, aclexplode(nspacl)) AS granted (name, grantee)
		WHERE grantee = '$role'::regrole}, 'upgraded');
}
my %duties = (helper => [qw(application operator)], keeper => [qw(application keyholder)]);
for my $role (sort keys %duties)
{
	value($node, "CREATE ROLE $role");
	value($node, "SELECT otp_grant('$role', '$_')", 'upgraded') for @{ $duties{$role} };
}
# The first version's library did not count the view among the duty's.
value($node, 'REVOKE SELECT ON otp_keys FROM keeper', 'upgraded');
my @open = map { $node->background_psql($_) } sort keys %upgraded, keys %old;
$_->query_safe("SELECT otp_verify('open', otp_issue('open')::text)") for @open;

# All rows, in the columns of before.
my $columns = value($node, q{
	SELECT string_agg(format('SELECT %s FROM %s ORDER BY 1, 2, 3;', columns, relation), ' ')
	FROM (SELECT attrelid::regclass AS relation, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
	      FROM pg_attribute WHERE attnum > 0 AND attrelid IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'otp'
	        UNION ALL SELECT 'otp_challenge'::regclass) GROUP BY 1 ORDER BY 1) AS t}, 'upgraded');
like($columns, qr/otp_challenge.*otp_recovery/, 'there are tables to be kept');
my $granted = q{
	SELECT objid::regprocedure FROM pg_depend JOIN pg_proc p ON p.oid = objid WHERE deptype = 'e' AND classid = 'pg_proc'::regclass
	  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp') AND provolatile = 'v'
	  AND has_function_privilege('app', objid, 'EXECUTE') ORDER BY 1};
for my $database (sort keys %upgraded)
{
	my $before = value($node, $columns, $database);
	my $granted_before = value($node, $granted, $database);

	value($node, 'ALTER EXTENSION otp UPDATE', $database);
	is(value($node, q{SELECT extversion FROM pg_extension WHERE extname = 'otp'}, $database), $default, "$database: the newest version");
	is(value($node, $columns, $database), $before, 'with every row as it was');
	is(value($node, $granted, $database), $granted_before, 'and every privilege of an application');
}

# A duty of before is one still, though the update has brought more for it: what two take stays when one is taken back, and
# the schema open.
unlike(may('helper'), qr/otp_purge/, 'what the update brings for a duty is not granted yet');
value($node, qq{SELECT otp_revoke_duty('helper', 'application')}, 'upgraded');
is(may('helper'), 'USAGE otp_export otp_forget otp_import_csv otp_import_pskc otp_revoke otp_status otp_unlock', 'an operator of before is one still');
value($node, qq{SELECT otp_revoke_duty('keeper', 'application')}, 'upgraded');
is(may('keeper'), 'USAGE otp_rekey otp_rewrap_master otp_rotate_key', 'and so is a keyholder');
value($node, qq{SELECT otp_revoke_duty('helper', 'operator'), otp_revoke_duty('keeper', 'keyholder')}, 'upgraded');
is(may($_), '', "$_ has nothing once the last duty is gone") for sort keys %duties;

# What an update brings for a duty is granted by otp_grant.
value($node, q{SELECT otp_grant('app', 'application')}, $_) for 'fresh', sort keys %upgraded;
my $fresh = catalog_of($node, 'fresh');
cmp_ok(scalar keys %$fresh, '>', 200, 'a fresh database has many objects');
is(join("\n", map { "@$_" } differences($fresh, catalog_of($node, $_))), '', "$_: and the updated one has the same") for sort keys %upgraded;

# Would it be seen?  Each kind of difference, made in the fresh database, and undone.
my @change = (
	'ALTER FUNCTION otp_issue(text, text, text) STABLE' => ['function otp_issue(text,text,text): provolatile'],
	'ALTER FUNCTION otp_rekey(integer) CALLED ON NULL INPUT' => ['function otp_rekey(integer): proisstrict'],
	'ALTER FUNCTION otp_resend(text, text, text) PARALLEL SAFE' => ['function otp_resend(text,text,text): proparallel'],
	'ALTER FUNCTION otp_verify(text, text, text, text) COST 7' => ['function otp_verify(text,text,text,text): procost'],
	'ALTER FUNCTION otp_export(text) ROWS 7' => ['function otp_export(text): prorows'],
	'ALTER FUNCTION otp_attempt(text, text, text, text) SECURITY DEFINER' => ['function otp_attempt(text,text,text,text): prosecdef'],
	'ALTER FUNCTION hotp_at(otp_secret, bigint) LEAKPROOF' => ['function hotp_at(otp_secret,bigint): proleakproof'],
	"ALTER FUNCTION otp_qr(text, text) SET search_path = ''" => ['function otp_qr(text,text): proconfig'],
	q{CREATE OR REPLACE FUNCTION otp_cancel(user_id text, purpose text DEFAULT 'logout') RETURNS boolean
		AS 'otp' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE} => ['function otp_cancel(text,text): arguments'],
	q{CREATE OR REPLACE FUNCTION otp_forget(user_id text) RETURNS bigint
		AS 'otp', 'otp_recovery_left' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE} => ['function otp_forget(text): prosrc'],
	q{CREATE OR REPLACE FUNCTION otp_recovery_left(user_id text) RETURNS integer
		LANGUAGE internal VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'textlen'} =>
	  [ map { "function otp_recovery_left(text): $_" } qw(language probin prosrc) ],
	q{CREATE OR REPLACE FUNCTION otp_policy_preset(name text, purpose text DEFAULT 'default') RETURNS void
		LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE BEGIN ATOMIC SELECT; END} => ['function otp_policy_preset(text,text): body'],
	'REVOKE EXECUTE ON FUNCTION otp_confirm(text, text, bigint) FROM app' => ['function otp_confirm(text,text,bigint): privileges'],
	'ALTER FUNCTION otp_resync(text, bigint, text, text) OWNER TO app' =>
	  [ map { "function otp_resync(text,bigint,text,text): $_" } qw(owner privileges) ],
	q{COMMENT ON FUNCTION otp_rotate_key() IS 'another'} => ['function otp_rotate_key(): comment'],
	'ALTER EXTENSION otp DROP FUNCTION otp_rewrap_master()' => ['function otp_rewrap_master(): only in the first'],
	q{CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER EXTENSION otp ADD FUNCTION more()} =>
	  ['function more(): only in the second'],
	'ALTER TABLE otp_event ADD COLUMN more integer' =>
	  [ 'column more of table otp_event: only in the second', 'table otp_event: relnatts' ],
	'ALTER TABLE otp_recovery ALTER COLUMN count TYPE integer' =>
	  [ map { "column count of table otp_recovery: $_" } qw(attalign attlen type) ],
	'ALTER TABLE otp_credential ALTER COLUMN serial TYPE text COLLATE "POSIX"' =>
	  [ map { "column serial of table otp_credential: $_" } qw(attstorage collation) ],
	'ALTER TABLE otp_credential ALTER COLUMN label SET STORAGE EXTENDED' => ['column label of table otp_credential: attstorage'],
	'ALTER TABLE otp_credential ALTER COLUMN label SET NOT NULL' => ['column label of table otp_credential: attnotnull'],
	'ALTER TABLE otp_policy ALTER COLUMN shipped SET DEFAULT true' => ['column shipped of table otp_policy: default'],
	'GRANT SELECT (id) ON otp_key TO app' => ['column id of table otp_key: privileges'],
	q{COMMENT ON COLUMN otp_event.at IS NULL} => ['column at of table otp_event: comment'],
	'ALTER TABLE otp_policy DROP CONSTRAINT "code has at most 32 symbols"' =>
	  [ 'constraint code has at most 32 symbols on table otp_policy: only in the first', 'table otp_policy: relchecks' ],
	'ALTER TABLE otp_policy DROP CONSTRAINT "max_drift is 0 to 100", ADD CONSTRAINT "max_drift is 0 to 100" CHECK (max_drift BETWEEN 0 AND 101)' =>
	  ['constraint max_drift is 0 to 100 on table otp_policy: definition'],
	'ALTER TABLE otp_channel_rate DROP CONSTRAINT otp_channel_rate_channel_fkey,
		ADD CONSTRAINT otp_channel_rate_channel_fkey FOREIGN KEY (channel) REFERENCES otp_channel;
		ALTER TABLE otp_channel_rate DISABLE TRIGGER ALL' =>
	  [ map { "constraint otp_channel_rate_channel_fkey on table otp_channel_rate: $_" } qw(definition triggers) ],
	'CREATE INDEX more ON otp_event (user_id)' => [ 'index more: only in the second', 'column user_id of index more: only in the second' ],
	'ALTER INDEX otp_event_at SET (pages_per_range = 7)' => [ 'index otp_event_at: definition', 'index otp_event_at: reloptions' ],
	'ALTER TABLE otp_recovery SET (fillfactor = 71)' => ['table otp_recovery: reloptions'],
	'GRANT SELECT ON otp_event TO app' => ['table otp_event: privileges'],
	'ALTER TABLE otp_key DISABLE TRIGGER otp_key_guard' => ['trigger otp_key_guard on table otp_key: is enabled'],
	'DROP TRIGGER otp_policy_changed ON otp_policy' => ['trigger otp_policy_changed on table otp_policy: only in the first'],
	'CREATE OR REPLACE VIEW otp_keys AS SELECT id, state, made_at, master_id, 0::bigint AS codes, 0::bigint AS credentials,
		0::bigint AS recovery_sets, 0::bigint AS pseudonyms, 0::bigint AS channel_secrets FROM otp_key' => ['view otp_keys: definition'],
	'ALTER SEQUENCE otp_credential_id INCREMENT 2' => ['sequence otp_credential_id: seqincrement'],
	'ALTER SEQUENCE otp_message_id CYCLE' => ['sequence otp_message_id: seqcycle'],
	'ALTER TYPE otp SET (STORAGE = external)' => ['type otp: typstorage'],
	'REVOKE USAGE ON TYPE otp_secret FROM PUBLIC' => ['type otp_secret: privileges'],
	'ALTER TYPE otp_verdict ADD ATTRIBUTE more integer' =>
	  [ 'column more of composite type otp_verdict: only in the second', 'composite type otp_verdict: relnatts' ],
	'ALTER OPERATOR = (otp, otp) SET (RESTRICT = NONE)' => ['operator =(otp,otp): oprrest'],
	'ALTER EXTENSION otp DROP CAST (text AS otp_secret); DROP CAST (text AS otp_secret);
		CREATE CAST (text AS otp_secret) WITH INOUT AS ASSIGNMENT; ALTER EXTENSION otp ADD CAST (text AS otp_secret)' =>
	  [ 'cast from text to otp_secret: castcontext', 'cast from text to otp_secret: comment' ],
	q{UPDATE pg_extension SET extconfig = extconfig[2:], extcondition = extcondition[2:] WHERE extname = 'otp'} =>
	  [ 'extension otp: dumps', 'extension otp: extcondition' ],
	q{UPDATE pg_extension SET extversion = '0' WHERE extname = 'otp'} => ['extension otp: extversion']);
my $changed = catalog_of($node, 'fresh', join ';', map { $change[ 2 * $_ ] } 0 .. $#change / 2);
is_deeply([ map { $_->[0] } differences($fresh, $changed) ], [ sort map { ref $_ ? @$_ : () } @change ],
	'no kind of difference is overlooked');

# It goes on where it stopped, with a session of before and with a new one.
for my $case (
	[ 'spent', $code{spent}, 'replayed' ], [ 'live', $code{live}, 'accepted' ], [ 'live', $code{live}, 'replayed' ],
	[ 'locked', $code{locked}, 'locked' ], [ 'near', (wrong_codes(5, $code{near}))[4], 'wrong' ],
	[ 'near', $code{near}, 'locked' ], [ 'token', $hotp[1], 'replayed' ], [ 'token', $hotp[2], 'accepted' ],
	[ 'saved', $code{recovery}, 'replayed' ], [ 'saved', $code{unused}, 'accepted' ])
{
	my ($user, $code, $reason) = @$case;

	is(in('upgraded', "SELECT (otp_attempt('$user', '$code')).reason"), $reason, "$user: $reason, after the update");
}
is((in('upgraded from 1.1.0', "SELECT (otp_attempt('live', '$codes{'upgraded from 1.1.0'}{live}')).reason")), 'accepted', 'live: accepted, whatever version it is of');
is($_->query_safe("SELECT otp_verify('open', otp_issue('open')::text)"), 't', 'a session of before goes on') for @open;
$_->quit for @open;

# What the new version brings works in each, beside what was there before.
for my $database (sort keys %upgraded)
{
	my $made = value($node, q{SELECT otp_channel_preset('webhook', 'hook', 'Shop'); SELECT otp_channel_secret('hook', 'signing', 'key')}, $database);

	is($made, "{signing}\n", "$database: a channel is made");
	like(in($database, q{SELECT otp_send('sent', 'x', 'hook')}), qr/^\d+$/, 'a code is sent');
	my $code = value($node, q{SELECT convert_from(body, 'UTF8')::json #>> '{data,code}' FROM otp_claim('relay')}, $database);
	is(in($database, qq{SELECT otp_verify('sent', '$code')}), 't', 'and verified');
	is(value($node, q{SELECT number_match, prompts_per_user FROM otp_policy_effective WHERE purpose = 'default'}, $database),
		'f|', 'and policies of before ask for no number');
}

# Earlier versions, with the library of today: the tests of pgTAP that lead the life of an account and of a bank; and what reads or
# removes rows of all tables, of which they have not all.
for my $old (sort keys %old)
{
	value($node, 'CREATE EXTENSION pgtap', $old);
	for my $test (qw(account bank))
	{
		my ($status, $out, $err) = $node->psql($old, scalar slurp_file("$FindBin::RealBin/../pgtap/$test.sql"), on_error_stop => 1);
		my ($plan) = $out =~ /^1\.\.(\d+)$/m;
		my $passed = () = $out =~ /^ok \d+/mg;

		is("$status$err, $passed passed", "0, $plan passed", "$old passes test/pgtap/$test.sql");
		unlike($out, qr/^not ok/m, 'all of it');
	}
	my $code = in($old, q{SELECT otp_issue('leaver')});
	in($old, qq{SELECT otp_verify('leaver', '$code')});
	like(value($node, q{SELECT otp_forget('leaver')}, $old), qr/^[1-9]\d*$/, "$old forgets");
	like(value($node, q{SELECT otp_rotate_key(); SELECT otp_rekey()}, $old), qr/^2\n\d+$/, 're-seals');
	like(error_of($node, q{DELETE FROM otp_key WHERE id = 1}, $old), qr/ERROR:  55006: /, 'guards its keys');
	my $purging = $old{$old} eq $first ? 'yes' : value($node, q{SELECT otp_purge() >= 0}, $old);
	like($purging, qr/^(yes|t)$/, 'and purges, if it can');
	is(value($node, q{SELECT extversion FROM pg_extension WHERE extname = 'otp'}, $old), $old{$old}, "and is version $old{$old} still");
}

for my $database (sort keys %upgraded)
{
	value($node, 'CREATE EXTENSION amcheck', $database);
	tables_are_sound($node, 'after the update', $database);
}
$node->stop;
done_testing();
