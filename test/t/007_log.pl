# The server log, with everything in it that can be, after every error that can be provoked: it has no
# code, no secret and no key.
# Requirements: 24.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpKeys;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

srand(7);

# log_parameter_max_length is for an administrator to set: PostgreSQL logs the parameters of the
# statements that it is told to log, and asks no extension.  With errors it is ours to prevent.
my $node = new_node(
	'log', settings => q{
	logging_collector = on
	log_destination = 'stderr,csvlog,jsonlog'
	log_directory = 'log'
	log_filename = 'server.log'
	log_statement = all
	log_min_duration_statement = 0
	log_min_messages = debug1
	log_min_error_statement = debug1
	log_error_verbosity = verbose
	log_lock_waits = on
	log_parameter_max_length = 0
	log_parameter_max_length_on_error = -1
});
my $quiet = "SET log_statement = none;\nSET log_min_duration_statement = -1;\n";

# What is secret here cannot be in the log by chance: 24 letters, which pass for a code and for Base32.
my %secret;

sub marker
{
	my ($what) = @_;

	return $secret{$what} = join '', map { chr(ord('A') + int rand 26) } 1 .. 24;
}

value($node, q{
	INSERT INTO otp_policy (purpose, length, alphabet, lifetime) VALUES ('long', 24, 'letters', '1 day');
	CREATE EXTENSION pgcrypto;
	CREATE TABLE vault (value text);
	CREATE TABLE secrets (s otp_secret);
	SELECT count(otp_enroll('full', 'hotp', secret => s)), count(otp_confirm('full', hotp_at(s, 0)::text))
	  FROM (SELECT otp_secret_generate() AS s FROM generate_series(1, 20) OFFSET 0) AS made;
	SELECT otp_confirm('sealed', hotp_at(substring(uri FROM 'secret=([A-Z2-7]+)'), 0)::text) FROM otp_enroll('sealed', 'hotp');
	SELECT otp_recovery_codes('sealed');
	SELECT otp_enroll('pending');
	SELECT otp_issue('held');
	BEGIN;
	SELECT otp_enroll('enrolling');
	PREPARE TRANSACTION 'enrolling';
	CREATE FUNCTION verify(code text) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
	  RETURN otp_verify('alice', code, NULL);
	EXCEPTION WHEN null_value_not_allowed THEN
	  RAISE;
	END $$});

# Each case: what it is; the SQLSTATE; the statement, with @ for the value; what comes before it; the
# value, with * for what is secret in it.
my @cases = (
	# of the types and the pure functions
	[ 'bad Base32', '22P02', 'SELECT (@)::otp_secret', '', '*1' ],
	[ 'bad parameter of a URI', '22P02', 'SELECT (@)::otp_secret', '', 'otpauth://totp/x?secret=*&digits=99' ],
	[ 'bad secret of a URI', '22P02', 'SELECT (@)::otp_secret', '', 'otpauth://totp/x?secret=*1' ],
	[ 'bad code', '22P02', 'SELECT (@)::otp', '', '*!!' ],
	[ 'negative counter', '22023', 'SELECT hotp_at((@)::otp_secret, -1)' ],
	[ 'bad window of HOTP', '22023', q{SELECT hotp_match((@)::otp_secret, '123456', 0, 5000)} ],
	[ 'bad window of TOTP', '22023', q{SELECT totp_match((@)::otp_secret, '123456', now(), -1)} ],
	[ 'bad time', '22008', q{SELECT totp_at((@)::otp_secret, 'infinity')} ],
	[ 'bad digits', '22023', q{SELECT otp_secret(convert_to(@, 'UTF8'), 'SHA1', 99)} ],
	[ 'bad period', '22023', q{SELECT otp_secret(convert_to(@, 'UTF8'), 'SHA1', 6, -1)} ],
	[ 'bad algorithm', '22023', q{SELECT otp_secret(convert_to(@, 'UTF8'), 'MD5')} ],
	[ 'bad length of a key', '22023', q{SELECT convert_to(repeat(@, 1000), 'UTF8')::otp_secret} ],
	[ 'bad account', '22023', q{SELECT otpauth_uri((@)::otp_secret, 'al:ice')} ],
	[ 'bad issuer', '22023', q{SELECT otpauth_uri((@)::otp_secret, 'alice', E'\n')} ],
	[ 'bad kind', '22023', q{SELECT otpauth_uri((@)::otp_secret, 'alice', NULL, 'yaotp')} ],
	[ 'negative counter of a URI', '22023', q{SELECT otpauth_uri((@)::otp_secret, 'alice', NULL, 'hotp', -1)} ],
	[ 'bad format of a QR code', '22023', q{SELECT otp_qr(@, 'ansi')} ],
	[ 'bad scale of a QR code', '22023', q{SELECT otp_qr_png(@, 0)} ],
	[ 'too long for a QR code', '54000', q{SELECT otp_qr(repeat(@, 1000))} ],

	# of files of tokens
	[ 'bad digits of a token', '22P02', 'SELECT otp_import_csv(@)', '', 'S1,*,hotp,5,0,SHA1,alice' ],
	[ 'bad secret of a token', '22P02', 'SELECT otp_import_csv(@)', '', 'S1,*1,hotp,6,0,SHA1,alice' ],
	[ 'token without a user', '22P02', 'SELECT otp_import_csv(@)', '', 'S1,*,hotp' ],
	[ 'token twice', '23505', 'SELECT otp_import_csv(@ || chr(10) || @)', '', 'S1,*,hotp,6,0,SHA1,alice' ],
	[ 'no object of users', '22023', q{SELECT otp_import_csv(@, users => '[]')}, '', 'S1,*,hotp' ],
	[ 'bad format', '22023', q{SELECT otp_import_csv(@, 'excel')}, '', 'S1,*,hotp' ],
	[ 'read-only import', '25006', 'SELECT otp_import_csv(@)', 'BEGIN READ ONLY', 'S1,*,hotp' ],
	[ 'XML that is cut short', '22P02', 'SELECT otp_import_pskc(@)', '', '<KeyContainer>*' ],
	[
		'bad algorithm of a key', '22P02', 'SELECT otp_import_pskc(@)', '',
		'<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage><Key Algorithm="x"><Data><Secret><PlainValue>*'
	],
	[
		'key of an unknown user', '22P02', 'SELECT otp_import_pskc(@)', '',
		'<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage><Key Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">'
		  . '<Data><Secret><PlainValue>*</PlainValue></Secret></Data></Key></KeyPackage></KeyContainer>'
	],
	[ 'password of no container', '22P02', q{SELECT otp_import_pskc('<a/>', password => @)} ],
	[ 'password and key', '22023', q{SELECT otp_import_pskc('<a/>', '\x00', @)} ],

	# of the arguments
	[ 'no purpose', '22004', q{SELECT otp_verify('alice', @, NULL)} ],
	[ 'empty purpose', '22023', q{SELECT otp_verify('alice', @, '')} ],
	[ 'long purpose', '22023', q{SELECT otp_attempt('alice', @, repeat('x', 64))} ],
	[ 'no context', '22004', q{SELECT otp_attempt('alice', @, 'login', NULL)} ],

	[ 'no user to enroll', '22004', q{SELECT otp_enroll(NULL, secret => @)} ],
	[ 'bad kind to enroll', '22023', q{SELECT otp_enroll('bad', 'yaotp', secret => @)} ],
	[ 'bad window to enroll', '22023', q{SELECT otp_enroll('bad', secret => @, window_size => 1000)} ],
	[ 'negative counter to enroll', '22023', q{SELECT otp_enroll('bad', 'hotp', secret => @, counter => -1)} ],
	[ 'bad issuer to enroll', '22023', q{SELECT otp_enroll('bad', issuer => 'a:b', secret => @)} ],
	[ 'bad secret to enroll', '22P02', q{SELECT otp_enroll('bad', secret => @)}, '', '*1' ],
	[
		'secret that is there', '23505',
		q{SELECT otp_enroll('twice', 'hotp', secret => @), otp_confirm('twice', hotp_at(@, 0)::text), otp_enroll('twice', secret => @)}
	],
	[ 'too many authenticators', '54000', q{SELECT otp_enroll('full', secret => @)} ],

	# of the installation
	[ 'no master key to enroll', 'OT003', q{SELECT otp_enroll('bad', secret => @)}, q{SET otp.master_key_file = 'nowhere'} ],
	[ 'no master key to confirm', 'OT003', q{SELECT otp_confirm('pending', @)}, q{SET otp.master_key_file = 'nowhere'} ],
	[ 'no master key to resynchronise', 'OT003', q{SELECT otp_resync('sealed', 1, @, @)}, q{SET otp.master_key_file = 'nowhere'} ],
	[
		'damaged secret', 'OT005', q{SELECT otp_verify('sealed', @)},
		q{BEGIN; UPDATE otp_credential SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE user_id = 'sealed'}
	],
	[
		'damaged pending secret', 'OT005', q{SELECT otp_confirm('pending', @)},
		q{BEGIN; UPDATE otp_credential SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE user_id = 'pending'}
	],
	[
		'damaged secret of another', 'OT005', q{SELECT otp_enroll('sealed', secret => @)},
		q{BEGIN; UPDATE otp_credential SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE user_id = 'sealed'}
	],
	[
		'damaged seed', 'OT005', q{SELECT otp_verify('sealed', left(@, 12))},
		q{BEGIN; UPDATE otp_recovery SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE user_id = 'sealed'}
	],
	[ 'short secret', 'OT005', q{SELECT otp_verify('sealed', @)}, q{BEGIN; UPDATE otp_credential SET sealed = '' WHERE user_id = 'sealed'} ],
	[ 'no master key', 'OT003', q{SELECT otp_verify('alice', @)}, q{SET otp.master_key_file = 'nowhere'} ],
	[ 'no master key by command', 'OT003', q{SELECT otp_verify('alice', @)}, q{SET otp.master_key_command = 'exit 1'} ],
	[ 'wrong master key', 'OT004', q{SELECT otp_verify('alice', @)}, q{SET otp.master_key_command = 'printf %064d 0'} ],
	[
		'damaged data key', 'OT005', q{SELECT otp_verify('alice', @)},
		'BEGIN; UPDATE otp_key SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))'
	],
	[ 'short data key', 'OT005', q{SELECT otp_verify('alice', @)}, q{BEGIN; UPDATE otp_key SET wrapped = ''} ],
	[ 'no policy', '55000', q{SELECT otp_verify('alice', @)}, 'BEGIN; DELETE FROM otp_policy' ],
	[ 'no decoy', '55000', q{SELECT otp_verify('unknown', @)}, 'BEGIN; DELETE FROM otp_decoy' ],
	[ 'another table', '55000', q{SELECT otp_verify('alice', @)}, 'BEGIN; ALTER TABLE otp_decoy ADD x integer' ],
	[ 'no index', '42704', q{SELECT otp_verify('unknown', @)}, 'BEGIN; ALTER TABLE otp_decoy DROP CONSTRAINT otp_decoy_pkey' ],
	[
		'another index', '55000', q{SELECT otp_verify('alice', @)},
		'BEGIN; ALTER TABLE otp_challenge DROP CONSTRAINT otp_challenge_pkey, ADD PRIMARY KEY (purpose, user_id)'
	],

	# of the transaction: where the user is &, someone has accepted his code and is prepared
	[ 'budget of its own making', '55006', q{SELECT otp_verify('held', @)}, q{BEGIN; UPDATE otp_budget SET total = total WHERE user_id = 'held'} ],
	[ 'read-only transaction', '25006', q{SELECT otp_verify('alice', @)}, 'BEGIN READ ONLY' ],
	[ 'read-only transaction to enroll', '25006', q{SELECT otp_enroll('alice', secret => @)}, 'BEGIN READ ONLY' ],
	[ 'read-only transaction to confirm', '25006', q{SELECT otp_confirm('alice', @)}, 'BEGIN READ ONLY' ],
	[ 'read-only transaction to resynchronise', '25006', q{SELECT otp_resync('alice', 1, @, @)}, 'BEGIN READ ONLY' ],
	[ 'wait to enroll', '55P03', q{SELECT otp_enroll('enrolling', secret => @)}, q{SET deadlock_timeout = '1ms'; SET lock_timeout = '200ms'} ],
	[ 'lock_timeout', '55P03', q{SELECT otp_verify('&', @, 'long')}, q{SET lock_timeout = '10ms'} ],
	[ 'statement_timeout', '57014', q{SELECT otp_verify('&', @, 'long')}, q{SET statement_timeout = '100ms'} ],
	[ 'long wait', '55P03', q{SELECT otp_verify('&', @, 'long')}, q{SET deadlock_timeout = '1ms'; SET lock_timeout = '200ms'} ]);
my @blocks = (
	[ 'PL/pgSQL', '22004', q{SELECT verify(@)} ],
	[ 'DO', '22004', q{DO $$ BEGIN PERFORM otp_verify('alice', @, NULL); END $$} ],
	[ 'EXECUTE', '22004', q{DO $$ BEGIN EXECUTE format('SELECT otp_verify(''alice'', %L, NULL)', @); END $$} ],
	[ 'secret to enroll in EXECUTE', '22023', q{DO $$ BEGIN EXECUTE format('SELECT otp_enroll(''bad'', ''yaotp'', secret => %L)', @); END $$} ],
	[ 'code to confirm in EXECUTE', '25006', q{DO $$ BEGIN EXECUTE format('SELECT otp_confirm(''bad'', %L)', @); END $$}, 'BEGIN READ ONLY' ],
	[ 'codes in EXECUTE', '25006', q{DO $$ BEGIN EXECUTE format('SELECT otp_resync(''bad'', 1, %1$L, %1$L)', @); END $$}, 'BEGIN READ ONLY' ],
	[ 'secret in EXECUTE', '22P02', q{DO $$ BEGIN EXECUTE format('SELECT %L::otp_secret', @); END $$}, '', '*1' ],
	[ 'URI in EXECUTE', '22P02', q{DO $$ BEGIN EXECUTE format('SELECT %L::otp_secret', @); END $$}, '', 'otpauth://totp/x?secret=*1' ],
	[ 'code in EXECUTE', '22P02', q{DO $$ BEGIN EXECUTE format('SELECT %L::otp', @); END $$}, '', '*!!' ],
	[
		'SQL function', '22004', q{SELECT pg_temp.f(@)},
		q{CREATE FUNCTION pg_temp.f(text) RETURNS boolean LANGUAGE sql AS $$ SELECT otp_verify('alice', $1, NULL) $$}
	]);

# The value of a case that comes by way of WAY.
sub value_of
{
	my ($way, $what, $sql, $value) = @_;

	return ($value // '*') =~ s/\*/marker("$what, $way")/er unless $sql =~ /&/;
	value($node, qq{
		$quiet
		SELECT otp_issue('$what $way', 'long') AS code \\gset
		BEGIN;
		SELECT otp_verify('$what $way', :'code', 'long');
		PREPARE TRANSACTION '$what $way'});
	return $secret{"$what, $way"} = value($node, "SELECT otp_resend('$what $way', 'long')");
}

# How a value comes to the server: out of a table, into a statement that is logged; within a statement
# that is not logged unless it fails; as a parameter, with the extended protocol.
my $file = $node->basedir . '/file';
my %way = (
	table => sub {
		my ($before, $sql, $value) = @_;

		value($node, "$quiet TRUNCATE vault; INSERT INTO vault VALUES ('$value')");
		return error_of($node, "$before;\n" . $sql =~ s/\@/(SELECT value FROM vault)/gr);
	},
	literal => sub {
		my ($before, $sql, $value) = @_;

		return error_of($node, "$quiet$before;\n" . $sql =~ s/\@/'$value'/gr);
	},
	parameter => sub {
		my ($before, $sql, $value) = @_;
		my ($out, $err);

		unlink $file;
		append_to_file($file, "$before;\n" . $sql =~ s/\@/:value/gr . ";\n");
		IPC::Run::run(
			[ 'pgbench', '-n', '-t', '1', '-M', 'extended', '-D', "value=$value", '-f', $file, $node->connstr('postgres') ],
			'>', \$out, '2>', \$err);
		return $err;
	});


for my $way (sort keys %way)
{
	for my $case (@cases, $way eq 'parameter' ? () : @blocks)
	{
		my ($what, $sqlstate, $sql, $before, $value) = @$case;
		my $name = $sql =~ s/&/$what $way/r;

		# pgbench does not show SQLSTATEs
		like($way{$way}->($before || 'SELECT 1', $name, value_of($way, $what, $sql, $value)),
			$way eq 'parameter' ? qr/ERROR:  / : qr/ERROR:  $sqlstate: /, "$what, $way: an error");
		value($node, "ROLLBACK PREPARED '$what $way'") if $sql =~ /&/;
	}

	# What succeeds, and what is refused.
	my $right = value($node, "SELECT otp_issue('bob $way', 'long')");
	$secret{"right code, $way"} = $right;
	is($way{$way}->('SELECT 1', @$_) =~ s/^(?!.*ERROR).*//r, '', "$way: no error from $_->[0]")
	  for [ qq{SELECT otp_verify('bob $way', \@, 'long')}, marker("wrong code, $way") ],
	  [ qq{SELECT otp_attempt('bob $way', \@, 'long')}, $right ],
	  [ q{SELECT totp_at((@)::otp_secret), otp_secret_key((@)::otp_secret)}, marker("good secret, $way") ],
	  [ 'SELECT otp_import_csv(@)', 'S1,' . marker("imported secret, $way") . ",hotp,6,0,SHA1,carol $way" ],
	  [ q{SELECT otp_enroll('enrolled', secret => @)}, marker("enrolled secret, $way") ],
	  [ q{SELECT otp_confirm('enrolled', @)}, marker("wrong code to confirm, $way") ],
	  [ q{SELECT otp_resync('sealed', (SELECT credential_id FROM otp_credential WHERE user_id = 'sealed'), @, @)},
		marker("wrong codes to resynchronise, $way") ],
	  [ qq{SELECT otp_verify('recovering $way', \@)}, ($secret{"recovery code, $way"} = value($node, "SELECT otp_recovery_codes('recovering $way', 1)")) ];
	is(value($node, "$quiet SELECT count(*) FROM otp_export('carol $way') WHERE uri LIKE '%$secret{qq{imported secret, $way}}%'"),
		1, "$way: what has been imported is exported");
	is(value($node, "SELECT otp_recovery_left('recovering $way')"), 0, "$way: the recovery code has been accepted");
	is(value($node, "$quiet SELECT (otp_attempt('bob $way', '$right', 'long')).reason"),
		'replayed', "$way: the right code has been accepted");
}

# A bad value in a file.
append_to_file("$file.copy", marker('bad Base32, COPY') . "1\n");
like(error_of($node, "COPY secrets FROM '$file.copy'"), qr/ERROR:  22P02: /, 'bad Base32, COPY: an error');

# Text that UTF-8 has not: a character without a meaning, and a byte.
my %foreign = (EUC_JP => [ '22P05', '\xa9a1' ], SQL_ASCII => [ '22021', '\xe9' ]);
for my $encoding (sort keys %foreign)
{
	my ($sqlstate, $text) = @{ $foreign{$encoding} };
	my $database = lc $encoding;
	my $call = "otp_qr(convert_from('$text', '$encoding') || '" . marker("content, $encoding") . "', 'svg')";

	value($node, "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	$node->safe_psql($database, 'CREATE EXTENSION otp');
	for my $sql ("SELECT $call", "DO \$\$ BEGIN PERFORM $call; END \$\$")
	{
		like(error_of($node, "$quiet $sql", $database), qr/ERROR:  $sqlstate: /, "$encoding: an error of " . ($sql =~ s/ .*//r));
	}
}

# A session that is cancelled, and one that is ended, while the right code waits for another transaction.
for my $function (qw(pg_cancel_backend pg_terminate_backend))
{
	my $code = value_of('literal', $function, '&');
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query($quiet);
	my $pid = hold_until_waiting($node, $session, "SELECT otp_verify('$function literal', '$code', 'long')",
		"wait_event = 'transactionid'");
	is(value($node, "SELECT $function($pid)"), 't', "$function() ends a wait");
	$session->{run}->pump until $session->{stderr} =~ /ERROR|FATAL/;
	eval { $session->quit };
	value($node, "ROLLBACK PREPARED '$function literal'");
}

# Controls: the log is what it is taken for.  PostgreSQL's own errors show their statements; and a
# parameter, where that is not forbidden.
my %shown = map { $_ => marker($_) } 'error', 'statement', 'parameter';
delete @secret{ keys %shown };
error_of($node, "SELECT '$shown{error}'::integer");
error_of($node, "$quiet SELECT '$shown{statement}' || 1/0");
$way{parameter}->('SET log_parameter_max_length = -1', 'SELECT @::text', $shown{parameter});
value($node, 'SELECT pg_advisory_lock(424242424242)');

# The whole log, once its last line has arrived.
$node->stop;
my %log;
for my $name ('server.log', 'server.csv', 'server.json')
{
	my $path = $node->data_dir . "/log/$name";
	my $attempts = 10 * $PostgreSQL::Test::Utils::timeout_default;

	usleep(100_000) while $attempts-- && slurp_file($path) !~ /database system is shut down/;
	$log{$name} = slurp_file($path);
}

# where_is(TEXT …): the logs that have it.
sub where_is
{
	my @texts = @_;

	return join ' ', grep {
		my $log = $log{$_};
		grep { index(lc $log, lc $_) >= 0 } @texts
	} sort keys %log;
}

is(where_is($shown{$_}), 'server.csv server.json server.log', "control: the logs have what nobody hides: $_") for sort keys %shown;
for my $sqlstate (sort keys %{ { map { $_->[1] => 1 } @cases } })
{
	ok($log{'server.log'} =~ /ERROR:  $sqlstate: /, "the log has the errors: $sqlstate");
}
for my $what (sort keys %secret)
{
	my $text = $secret{$what};
	is(where_is($text, unpack 'H*', $text), '', "no log has the secret: $what");
}
$node->start;
my %key = keys_of($node);
for my $what (sort keys %key)
{
	my $raw = pack 'H*', $key{$what};
	is(where_is($raw, $key{$what}), '', "no log has the $what");
}
my $trail = value($node, 'SELECT e::text FROM otp_event e');
is(join(' ', grep { index($trail, $secret{$_}) >= 0 } sort keys %secret), '', 'nor has the trail any code or secret');

stop_soundly($node);
done_testing();
