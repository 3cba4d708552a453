# What an ordinary role may do, what it may not, and what its search_path cannot change.
# Requirements: 20, 36, 39.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(6);

my $node = new_node('privileges', settings => q{
	log_statement = none
});
value($node, q{
	CREATE ROLE nobody LOGIN;
	CREATE ROLE "App Role" LOGIN;
	CREATE ROLE relay LOGIN;
	SELECT otp_grant('"App Role"', 'application'), otp_grant('relay', 'relay');
	SELECT otp_channel_preset('webhook', 'hook', 'Shop'), otp_channel_secret('hook', 'signing', 'key')});

# Every function of the extension, a call of it, and what the call gives; undef: not for everyone.
my $secret = "'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'";
my $key = '12345678901234567890';
my %functions = (
	'otp_in(cstring)' => [ "otp_in('492 039')", '492039' ],
	'otp_out(otp)' => [ "otp_out('492039')", '492039' ],
	'otp_recv(internal)' => [ 'otp_recv(NULL)', qr{ERROR:  (42883|0A000): } ],
	'otp_send(otp)' => [ "otp_send('492039')", '\x343932303339' ],
	'otp_eq(otp,otp)' => [ "otp_eq('49-20-39', '492039')", 't' ],
	'otp_ne(otp,otp)' => [ "otp_ne('49-20-39', '492039')", 'f' ],
	'otp_secret_in(cstring)' => [ "otp_secret_in('gezd gnbv')", 'GEZDGNBV' ],
	'otp_secret_out(otp_secret)' => [ "otp_secret_out('gezd gnbv')", 'GEZDGNBV' ],
	'otp_secret_recv(internal)' => [ 'otp_secret_recv(NULL)', qr{ERROR:  (42883|0A000): } ],
	'otp_secret_send(otp_secret)' => [ "otp_secret_send('GEZDGNBV')", '\x0101060000001e3132333435' ],
	'otp_secret(bytea,text,integer,integer)' => [ "otp_secret('12345'::bytea)", 'GEZDGNBV' ],
	'otp_secret_from_bytea(bytea)' => [ "otp_secret_from_bytea('12345')", 'GEZDGNBV' ],
	'otp_secret_key(otp_secret)' => [ "encode(otp_secret_key($secret), 'escape')", $key ],
	'otp_secret_generate(integer,text,integer,integer)' => [ 'octet_length(otp_secret_key(otp_secret_generate()))', 20 ],
	'hotp_at(otp_secret,bigint)' => [ "hotp_at($secret, 1)", '287082' ],
	'totp_at(otp_secret,timestamp with time zone)' => [ "totp_at($secret, to_timestamp(59))", '287082' ],
	'hotp_match(otp_secret,text,bigint,integer)' => [ "hotp_match($secret, '287082', 0, 1)", 1 ],
	'totp_match(otp_secret,text,timestamp with time zone,integer)' => [ "totp_match($secret, '287082', to_timestamp(59))", 1 ],
	'otpauth_uri(otp_secret,text,text,text,bigint)' =>
	  [ "otpauth_uri('GEZDGNBV', 'alice')", 'otpauth://totp/alice?secret=GEZDGNBV&algorithm=SHA1&digits=6&period=30' ],
	'otp_qr(text,text)' => [ "length(otp_qr('alice'))", 449 ],
	'otp_qr_png(text,integer)' => [ "substr(otp_qr_png('alice'), 1, 8)", '\x89504e470d0a1a0a' ],
	'otp_issue(text,text,text)' => ["otp_issue('alice')"],
	'otp_resend(text,text,text)' => ["otp_resend('alice')"],
	'otp_issue(text,text,text,text)' => ["otp_issue('alice', 'login', '', '+1')"],
	'otp_resend(text,text,text,text)' => ["otp_resend('alice', 'login', '', '+1')"],
	'otp_verify(text,text,text,text)' => ["otp_verify('alice', '492039')"],
	'otp_attempt(text,text,text,text)' => ["otp_attempt('alice', '492039')"],
	'otp_cancel(text,text)' => ["otp_cancel('alice')"],
	'otp_enroll(text,text,text,text,otp_secret,text,bigint,integer)' => ["otp_enroll('alice')"],
	'otp_confirm(text,text,bigint)' => ["otp_confirm('alice', '492039')"],
	'otp_credentials(text)' => ["otp_credentials('alice')"],
	'otp_revoke(text,bigint)' => ["otp_revoke('alice', 1)"],
	'otp_resync(text,bigint,text,text)' => ["otp_resync('alice', 1, '492039', '492039')"],
	'otp_recovery_codes(text,integer)' => ["otp_recovery_codes('alice')"],
	'otp_recovery_left(text)' => ["otp_recovery_left('alice')"],
	'otp_self_unlock(text,text[],text)' => ["otp_self_unlock('alice', '{}')"],
	'otp_unlock(text)' => ["otp_unlock('alice')"],
	'otp_status(text)' => ["otp_status('alice')"],
	'otp_forget(text)' => ["otp_forget('alice')"],
	'otp_purge(interval,integer)' => ['otp_purge()'],
	'otp_rotate_key()' => ['otp_rotate_key()'],
	'otp_rekey(integer)' => ['otp_rekey()'],
	'otp_rewrap_master()' => ['otp_rewrap_master()'],
	'otp_key_guard()' => ['otp_key_guard()'],
	'otp_import_pskc(text,bytea,text,jsonb)' => ["otp_import_pskc('')"],
	'otp_import_csv(text,text,jsonb)' => ["otp_import_csv('')"],
	'otp_export(text)' => ["otp_export('alice')"],
	'otp_grant(regrole,text)' => ["otp_grant('nobody', 'application')"],
	'otp_revoke_duty(regrole,text)' => ["otp_revoke_duty('nobody', 'application')"],
	'otp_norm(text)' => [ q{otp_norm('psd2') <> ''}, 't' ],
	'otp_policy_preset(text,text)' => ["otp_policy_preset('psd2')"],
	'otp_policy_audit(text)' => ["otp_policy_audit('psd2')"],
	'otp_master_key_init()' => ['otp_master_key_init()'],
	'otp_send(text,text,text,text,text,text)' => ["otp_send('alice', '+442079460018', 'sms')"],
	'otp_send(text,text[],text[],interval[],text,text,text)' => ["otp_send('alice', ARRAY['+442079460018'], ARRAY['sms'], '{null}')"],
	'otp_send_again(text,text,text,boolean)' => ["otp_send_again('alice')"],
	'otp_send_push(text,text,text,text,text,text)' => ["otp_send_push('alice', 'phone', 'app')"],
	'otp_verify_push(text,text,text,text,text)' => ["otp_verify_push('alice', '492039', '42')"],
	'otp_deny_push(text,text)' => ["otp_deny_push('alice')"],
	'otp_receipt(text,text,text)' => ["otp_receipt('sms', 'x', 'delivered')"],
	'otp_claim(text,integer,interval,text[])' => ["otp_claim('relay')"],
	'otp_delivered(bigint,integer,text)' => ['otp_delivered(1, 1)'],
	'otp_delivered(bigint[],integer[],text[])' => ["otp_delivered(ARRAY[1::bigint], ARRAY[1], ARRAY['x'])"],
	'otp_failed(bigint,integer,text,boolean,interval)' => ["otp_failed(1, 1, 'timeout', true)"],
	'otp_next_due(text[])' => ['otp_next_due()'],
	'otp_channel_status()' => ['otp_channel_status()'],
	'otp_channel_preset(text,text,text,text,text,text)' => ["otp_channel_preset('smtp', 'mail', 'Shop', 'shop\@example.com')"],
	'otp_channel_secret(text,text,text)' => ["otp_channel_secret('mail', 'password', 'x')"],
	'otp_channel_guard()' => ['otp_channel_guard()'],
	'otp_template_guard()' => ['otp_template_guard()'],
	'otp_policy_guard()' => ['otp_policy_guard()'],
	'otp_changed()' => ['otp_changed()']);
my $of_extension = q{deptype = 'e' AND refclassid = 'pg_extension'::regclass
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp')};

# as(ROLE, SQL, DATABASE = postgres): output and errors of a session of that role, which is no superuser that plays it.
sub as
{
	my ($role, $sql, $database) = @_;
	my ($status, $out, $err) = $node->psql(
		$database // 'postgres',
		"\\set VERBOSITY verbose\n$sql",
		on_error_stop => 0,
		extra_params => [ '-U', $role ]);

	return ($out, $err);
}

my $listed = value($node,
	"SELECT objid::regprocedure FROM pg_depend WHERE classid = 'pg_proc'::regclass AND $of_extension");
is_deeply([ sort split /\n/, $listed ], [ sort keys %functions ], 'every function of the extension is called here');
for my $function (sort keys %functions)
{
	my ($call, $expected) = @{ $functions{$function} };
	my ($out, $err) = as('nobody', "SELECT $call");

	if (ref $expected)
	{
		like($err, $expected, "nobody can call $function from SQL");
	}
	elsif (defined $expected)
	{
		is("$out$err", $expected, "anyone may call $function");
	}
	else
	{
		like($err, qr/ERROR:  42501: permission denied for function/, "not everyone may call $function");
	}
}
is(value($node, "SELECT count(*) FROM pg_proc WHERE prosecdef AND oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND $of_extension)"),
	0, 'no function is SECURITY DEFINER');
is(value($node, "SELECT count(*) FROM pg_depend d, pg_proc p WHERE d.classid = 'pg_proc'::regclass AND $of_extension AND p.oid = d.objid AND 0 IN (SELECT grantee FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))) AND p.provolatile <> 'i'"),
	1, 'of what is not IMMUTABLE, everyone may call otp_secret_generate alone');

# An application's role: requirement 36.
sub works_for_application
{
	my ($what, $settings, $schema) = @_;
	my $code = (as('App Role', "$settings SELECT ${schema}otp_issue('$what')"))[0];
	my ($wrong) = wrong_codes(1, $code);
	my ($out, $err) = as('App Role', qq{$settings
		SELECT ${schema}otp_resend('$what')::text = '$code', ${schema}otp_verify('$what', '$wrong'),
		  (${schema}otp_attempt('$what', '$code')).reason, ${schema}otp_issue('$what') IS NULL, ${schema}otp_cancel('$what')});

	is("$out$err", 't|f|accepted|f|t', "an application's functions for issued codes work $what");
	($out, $err) = as('App Role', qq{$settings
		SELECT credential_id > 0 AND uri <> '' FROM ${schema}otp_enroll('$what', 'hotp', secret => $secret);
		SELECT ${schema}otp_confirm('$what', '755224'), ${schema}otp_verify('$what', '287082');
		SELECT ${schema}otp_resync('$what', credential_id, '162583', '399871'), ${schema}otp_revoke('$what', credential_id)
		FROM ${schema}otp_credentials('$what');
		SELECT count(*) FROM ${schema}otp_recovery_codes('$what');
		SELECT ${schema}otp_recovery_left('$what')});
	is("$out$err", "t\nt|t\nt|t\n10\n10", "and so do those for authenticators $what");
	is(budget($node, $what), 1, "and on the tables of the extension $what");
	like((as('App Role', "$settings SELECT ${schema}otp_send('$what', 'x', 'hook')"))[0], qr/^\d+$/, "an application sends $what");
	($out, $err) = as('relay', qq{$settings
		SELECT message_id, lease, pg_catalog.convert_from(body, 'UTF8')::pg_catalog.json OPERATOR(pg_catalog.#>>) '{data,code}' AS code
		FROM ${schema}otp_claim('relay') \\gset
		SELECT ${schema}otp_delivered(:message_id, :lease, 'id of $what'), ${schema}otp_receipt('hook', 'id of $what', 'delivered'),
		  :'code'});
	like("$out$err", qr/^t\|t\|(\d{6})$/, "a relay carries it $what");
	($code) = $out =~ /(\d{6})$/;
	is((as('App Role', "$settings SELECT ${schema}otp_verify('$what', '$code')"))[0], 't', "and it is verified $what");
	return;
}
works_for_application('as they are', '', '');
for my $function (grep { !defined $functions{$_}[1] } sort keys %functions)
{
	next if $function =~ /^otp_(issue|resend|verify|attempt|cancel|enroll|confirm|credentials|revoke|resync|recovery_\w+|self_unlock|send|send_again|send_push|verify_push|deny_push|receipt)\(/;
	like((as('App Role', "SELECT $functions{$function}[0]"))[1],
		qr/ERROR:  42501: permission denied for function/, "an application may not call $function");
}

my @tables = split /\n/,
  value($node, "SELECT objid::regclass FROM pg_depend, pg_class WHERE classid = 'pg_class'::regclass AND $of_extension AND relkind IN ('r', 'm', 'p') AND objid = pg_class.oid ORDER BY 1");
is_deeply([ sort @tables ], [qw(otp_baseline otp_budget otp_challenge otp_channel otp_channel_rate otp_channel_secret otp_credential otp_decoy otp_event otp_key otp_message otp_policy otp_quota otp_recovery otp_template)],
	'these are the tables of the extension');
for my $table (@tables)
{
	my $column = value($node, "SELECT attname FROM pg_attribute WHERE attrelid = '$table'::regclass AND attnum = 1");
	my @commands = (
		"SELECT FROM $table", "SELECT count($column) FROM $table",
		"INSERT INTO $table DEFAULT VALUES", "UPDATE $table SET $column = NULL",
		"DELETE FROM $table", "TRUNCATE $table", "COPY $table TO STDOUT",
		"BEGIN; LOCK TABLE $table IN ACCESS SHARE MODE; ROLLBACK",
		"ALTER TABLE $table DISABLE TRIGGER ALL", "CREATE INDEX ON $table ((1))", "VACUUM $table");

	for my $role ('nobody', 'App Role')
	{
		my (undef, $err) = as($role, join ";\n", @commands);
		my $said = () = $err =~ /(?:ERROR|WARNING):  /g;
		my $denied = () =
		  $err =~ /(?:ERROR:  42501|WARNING:  01000): (?:permission denied|must be owner|skipping)/g;

		is("$denied of $said", @commands . ' of ' . @commands, "$role can do nothing to $table");
	}
}
for my $sequence (qw(otp_credential_id otp_message_id))
{
	is(join('', map { (as($_, "SELECT nextval('$sequence')"))[1] =~ /ERROR:  42501/ } 'nobody', 'App Role'),
		'11', "and no number of $sequence");
}
is(value($node, q{SELECT count(*) FROM unnest('{otp_policy,otp_key,otp_challenge,otp_budget,otp_decoy,otp_event,otp_credential,otp_recovery,otp_keys,otp_activity,otp_stats,otp_policy_effective,otp_authenticators,otp_presets,
	otp_channel,otp_channel_secret,otp_channel_rate,otp_template,otp_template_default,otp_channel_presets,otp_message,otp_delivery}'::regclass[]) AS t,
	unnest('{nobody,App Role}'::name[]) AS r
	WHERE has_table_privilege(r, t, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
	  OR has_any_column_privilege(r, t, 'SELECT, INSERT, UPDATE, REFERENCES')}),
	0, 'and has no privilege on any');

# Requirement 36: who may do what is as doc/duties.md says: each function, view and table by its name, each duty granted to a role
# of its own, and a role that has none.
my @duties = qw(application operator auditor keyholder relay everyone);

# documented(): the duties that the document has `yes` for, by name and heading: a function and a table may share a name.
sub documented
{
	my %yes;
	my $of = '';

	for (split /\n/, slurp_file("$FindBin::RealBin/../../doc/duties.md"))
	{
		$of = $1 if /^## (\w+)/;
		my ($name, $cells) = /^\| `(\w+(?:\(otp\))?)` \|(.*)\|$/ or next;
		my @cells = split /\|/, $cells, -1;

		$name = "$of $name";
		die "$name: documented twice, or not in full" if exists $yes{$name} || @cells != @duties;
		$yes{$name} = join ' ', map { $duties[$_] } grep { $cells[$_] =~ /yes/ } 0 .. $#cells;
	}
	return \%yes;
}

# granted(): the same by the catalog.  What everyone may is a duty's only by name, and what is odd is said: functions of one
# name that differ, and more than EXECUTE and SELECT.  A function that serves type otp and shares its name is told by its argument.
sub granted
{
	my $duties = join ', ', map { "'$_'" } @duties;
	my $rows = value($node, qq{
		WITH may AS (
		  SELECT 'Functions ' || CASE WHEN p.oid = 'otp_send(otp)'::regprocedure THEN 'otp_send(otp)' ELSE proname END AS name, number, duty, has_function_privilege('duty of ' || duty, p.oid, 'EXECUTE') AND
		      (duty = 'everyone' OR NOT has_function_privilege('duty of everyone', p.oid, 'EXECUTE') OR
		       EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = ('"duty of ' || duty || '"')::regrole)) AS may, false AS more
		    FROM pg_proc AS p, unnest(ARRAY[$duties]) WITH ORDINALITY AS d (duty, number)
		    WHERE oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND $of_extension)
		  UNION ALL
		  SELECT 'Views ' || relname, number, duty, CASE WHEN relkind <> 'S' THEN has_table_privilege('duty of ' || duty, c.oid, 'SELECT') END,
		    CASE WHEN relkind = 'S' THEN has_sequence_privilege('duty of ' || duty, c.oid, 'USAGE, SELECT, UPDATE')
		      ELSE has_table_privilege('duty of ' || duty, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') END
		    FROM pg_class AS c, unnest(ARRAY[$duties]) WITH ORDINALITY AS d (duty, number)
		    WHERE relkind <> 'i' AND oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND $of_extension)),
		by_name AS (
		  SELECT name, number, duty, bool_and(may) AS may, bool_or(may) <> bool_and(may) OR bool_or(more) AS odd FROM may GROUP BY 1, 2, 3)
		SELECT name, coalesce(string_agg(duty, ' ' ORDER BY number) FILTER (WHERE may), '') ||
		  CASE WHEN bool_or(odd) THEN ' odd' ELSE '' END
		FROM by_name GROUP BY name});

	return { map { /^(\w+ \w+(?:\(otp\))?)\|(.*)$/ } split /\n/, $rows };
}
value($node, qq{CREATE ROLE "duty of $_" LOGIN}) for @duties;
value($node, qq{SELECT otp_grant('"duty of $_"', '$_')}) for grep { $_ ne 'everyone' } @duties;
is_deeply(granted(), documented(), 'doc/duties.md says of each function, view and table who may');
value($node, qq{SELECT otp_revoke_duty('"duty of $_"', '$_')}) for grep { $_ ne 'everyone' } @duties;
is(join(' ', sort grep { $_ ne '' && $_ ne 'everyone' } values %{ granted() }), '', 'and nothing is left of a duty that is taken back');

# Where nothing is everyone's by default, a duty has all that its views call as their reader.
value($node, 'CREATE DATABASE closed');
value($node, 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; CREATE EXTENSION otp', 'closed');
is(value($node, q{SELECT has_function_privilege('nobody', 'otp_norm(text)', 'EXECUTE')}, 'closed'), 'f', 'a database in which functions are not for everyone');
for my $duty (grep { $_ ne 'everyone' } @duties)
{
	value($node, qq{SELECT otp_grant('"duty of $duty"', '$duty')}, 'closed');
	my $views = value($node, qq{SELECT count(*), string_agg(format('COPY (TABLE %I) TO STDOUT', relname), '; ') FROM pg_class
		WHERE relkind = 'v' AND relname LIKE 'otp%' AND has_table_privilege('duty of $duty', oid, 'SELECT')}, 'closed');
	my ($count, $read) = split /\|/, $views, 2;

	is((as("duty of $duty", $read, 'closed'))[1], '', "duty $duty reads its $count views");
}
is((as('duty of auditor', q{SELECT count(*) FROM unnest('{nist-800-63b,pci-dss-4,psd2,asvs-5-l2}'::text[]) AS norm, otp_policy_audit(norm) WHERE section <> ''}, 'closed'))[0] > 40,
	1, 'and an auditor audits');

# Look-alikes in front of the real tables, functions, operators and types.
value($node, q{
	CREATE SCHEMA evil AUTHORIZATION "App Role";
	GRANT USAGE ON SCHEMA evil TO relay;
	SET ROLE "App Role";
	SET search_path = evil;
	CREATE TABLE otp_policy AS SELECT * FROM (VALUES ('default', 100, true)) AS v (purpose, max_attempts, shipped);
	CREATE TABLE otp_key (id integer PRIMARY KEY, state text, made_at timestamptz, master_id text, wrapped bytea);
	CREATE TABLE otp_challenge (user_id text PRIMARY KEY);
	CREATE TABLE otp_budget (user_id text PRIMARY KEY);
	CREATE TABLE otp_decoy (user_id text PRIMARY KEY);
	CREATE TABLE otp_credential (user_id text PRIMARY KEY);
	CREATE TABLE otp_recovery (user_id text PRIMARY KEY);
	CREATE TABLE otp_event (at timestamptz);
	CREATE TABLE otp_channel (name text, kind text);
	CREATE TABLE otp_channel_secret (key_id integer);
	CREATE TABLE otp_template (purpose text);
	CREATE TABLE otp_message (message_id bigint);
	CREATE SEQUENCE otp_message_id;
	CREATE TYPE otp_verdict AS (accepted boolean);
	CREATE FUNCTION always(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
	CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = always);
	CREATE FUNCTION hash_bytes_extended(text) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'});
my %hostile = (
	'with look-alikes first' => 'SET search_path = evil, pg_catalog, public;',
	'with look-alikes that are temporary' => 'SET client_min_messages = warning; CREATE TEMP TABLE otp_budget (user_id text);'
	  . ' CREATE TEMP TABLE otp_challenge (user_id text); SET search_path = pg_temp, evil, pg_catalog, public;',
	'with an empty search_path' => "SET search_path = '';");
works_for_application($_, $hostile{$_}, 'public.') for sort keys %hostile;
is(value($node, q{
	SELECT (SELECT count(*) FROM evil.otp_key), (SELECT count(*) FROM evil.otp_challenge),
	  (SELECT count(*) FROM evil.otp_budget), (SELECT count(*) FROM evil.otp_decoy), (SELECT count(*) FROM evil.otp_event)}),
	'0|0|0|0|0', 'look-alikes are not written');
my $right = issue($node, 'limited');
my ($out, $err) = as('App Role', "$hostile{'with look-alikes first'}\n" . join '', map { attempt_sql('limited', $_) =~ s/\(otp_/(public.otp_/r } wrong_codes(7, $right));
is_deeply([ map { $_->[2] } told($out) ], [ ('wrong') x 5, ('locked') x 2 ], 'nor read: the true policy holds');

# Requirement 39: what is issued for one purpose is no use for another.
$right = issue($node, 'shopper', 'shop');
issue($node, 'shopper', 'bank');
is(attempt($node, 'shopper', $right, 'bank'), 'wrong', "one purpose's code is wrong for another");
is(attempt($node, 'shopper', $right, 'shop'), 'accepted', 'and right for its own');

# A schema of its own: duties come with USAGE, and nothing else does.
value($node, 'CREATE DATABASE apart');
value($node, 'CREATE SCHEMA "One Time"; CREATE EXTENSION otp SCHEMA "One Time"', 'apart');
my @as_application = (extra_params => [ '-U', 'App Role' ]);
like(error_of($node, q{SELECT "One Time".otp_issue('alice')}, 'apart', @as_application),
	qr/ERROR:  42501: permission denied for schema/, 'a schema of its own is closed');
value($node, q{SELECT "One Time".otp_grant('"App Role"', 'application')}, 'apart');
is($node->safe_psql('apart', q{SELECT "One Time".otp_verify('alice', "One Time".otp_issue('alice')::text)}, @as_application),
	't', 'and open to whom a duty is granted');
like(error_of($node, q{SELECT * FROM "One Time".otp_challenge}, 'apart', @as_application),
	qr/ERROR:  42501: permission denied for table/, 'but not its tables');

# Requirement 20: the settings can be neither seen nor made, before the library is loaded or after.
my $trap = $node->basedir . '/trap';
my $command = "touch $trap; cat otp_master.key";
my $load = "SELECT hotp_at($secret, 0);";
for my $setting (qw(otp.master_key_file otp.master_key_command))
{
	like((as('App Role', "$load SHOW $setting"))[1], qr/ERROR:  42501: /, "$setting is not shown");
	like((as('App Role', "$load SELECT current_setting('$setting')"))[1], qr/ERROR:  42501: /, "$setting is no current_setting()");
	is((as('App Role', "$load SELECT setting FROM pg_settings WHERE name = '$setting'"))[0], '755224', "$setting is not in pg_settings");
	like((as('App Role', "$load SET $setting = '$command'"))[1], qr/ERROR:  42501: /, "$setting is not set");
	like((as('App Role', "$load SELECT set_config('$setting', '$command', false)"))[1], qr/ERROR:  42501: /, "$setting is no set_config()");
	like((as('App Role', "$load ALTER ROLE \"App Role\" SET $setting = '$command'"))[1], qr/ERROR:  42501: /, "$setting is not set for a role");
}
for my $way (
	"SET otp.master_key_command = '$command';",
	"SELECT set_config('otp.master_key_command', '$command', false);",
	"ALTER ROLE \"App Role\" SET otp.master_key_command = '$command';\n\\c")
{
	my ($out, $err) = as('App Role', "$way\nSELECT otp_verify('way', otp_issue('way')::text)");
	like($out, qr/^t$/m, "the library is loaded after: $way");
	like($err, qr/(WARNING|ERROR):  42501: permission denied to set parameter "otp\.master_key_command"/, 'and the setting refused');
}
{
	local $ENV{PGOPTIONS} = "-c otp.master_key_command=touch\\ $trap";
	is((as('App Role', "SELECT otp_verify('way', otp_issue('way')::text)"))[0], 't', 'the library is loaded after options of the connection');
}
ok(!-e $trap, 'no command of a role has been run');

# An error in the middle of a claim leaves nobody with the owner's rights.
value($node, q{
	CREATE ROLE escaping LOGIN;
	SELECT otp_grant('escaping', 'relay');
	INSERT INTO otp_channel (name, kind, transport, url, method, accept_status, app)
	  VALUES ('escape', 'chat', 'http', 'https://a.example/{code}', 'GET', '{200}', 'Bank');
	SELECT otp_send('escaping', 'x', 'escape');
	ALTER TABLE otp_policy RENAME TO otp_policy_away});
is(value($node, q{
		CREATE TABLE written (who text);
		GRANT INSERT ON written TO escaping;
		SET SESSION AUTHORIZATION escaping;
		DO $$
		BEGIN
		  INSERT INTO written VALUES ('before');
		  PERFORM count(*) FROM otp_claim('worker');
		  RAISE EXCEPTION 'taken';
		EXCEPTION WHEN undefined_table THEN
		  PERFORM set_config('test.caught_by', current_user, false);
		END $$;
		SELECT current_setting('test.caught_by')}), 'escaping', 'who catches the error of a claim is still himself');
is(value($node, 'SELECT count(*) FROM written'), 0, 'and what he had done before is undone');
value($node, 'ALTER TABLE otp_policy_away RENAME TO otp_policy');

stop_soundly($node);
done_testing();
