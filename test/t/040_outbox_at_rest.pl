# What is on disk, in the WAL, in a dump, in the server log and in pg_stat_activity of messages that are sent, taken and
# settled: no code, no number and no credential.
# Requirements: 19, 20, 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use MIME::Base64 qw(encode_base64);
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(40);

# Everything is logged, with the plans of the extension's own queries.  Parameters of what is logged are an administrator's to
# show; with errors it is ours to prevent.
my $node = new_node(
	'outbox', settings => q{
	wal_level = replica
	wal_keep_size = 1GB
	full_page_writes = on
	session_preload_libraries = 'auto_explain'
	auto_explain.log_min_duration = 0
	auto_explain.log_analyze = on
	auto_explain.log_verbose = on
	auto_explain.log_nested_statements = on
	log_statement = all
	log_min_duration_statement = 0
	log_min_messages = debug1
	log_min_error_statement = debug1
	log_error_verbosity = verbose
	log_parameter_max_length = 0
	log_parameter_max_length_on_error = -1
	debug_print_plan = on
	debug_print_rewritten = on
});
my $quiet = q{
	SET log_statement = none;
	SET log_min_duration_statement = -1;
	SET auto_explain.log_min_duration = -1;
	SET debug_print_plan = off;
	SET debug_print_rewritten = off;};

# What must not be found, by name.  24 letters are nowhere by chance.
my %needle;

sub hide
{
	my ($what, $value) = @_;

	return $needle{$what} = $value;
}

sub marker
{
	my ($what) = @_;

	return hide($what, join '', map { chr(ord('A') + int rand 26) } 1 .. 24);
}

# The live code of a user, which nobody logs here.
sub code
{
	my ($user, $purpose) = @_;

	return hide("code of $user", value($node, "$quiet SELECT otp_resend('$user', '$purpose')"));
}

value($node, q{
	CREATE EXTENSION pgcrypto;
	INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('long', 24, 'letters');
	INSERT INTO otp_policy (purpose, length, alphabet, number_match, methods) VALUES ('push', 24, 'letters', true, '{issued}');
	SELECT otp_channel_preset('webhook', 'hook', 'Bank');
	SELECT otp_channel_preset('smtp', 'mail', 'Bank', 'bank@example.com');
	SELECT otp_channel_preset('ntfy', 'push', 'Bank');
	INSERT INTO otp_channel (name, kind, transport, url, method, accept_status, app)
	  VALUES ('get', 'chat', 'http', 'https://api.example.com/{secret.token}?code={code}', 'GET', '{200}', 'Bank')});
value($node, sprintf "$quiet SELECT otp_channel_secret('%s', '%s', '%s')", @$_, marker("credential $_->[1] of $_->[0]"))
  for [ 'hook', 'signing' ], [ 'mail', 'username' ], [ 'mail', 'password' ], [ 'push', 'token' ], [ 'get', 'token' ];
value($node, sprintf "$quiet SELECT otp_channel_secret('get', 'spare', '%s'); SELECT otp_channel_secret('get', 'spare', '%s'); SELECT otp_channel_secret('get', 'spare', NULL)",
	marker('credential that is replaced'), marker('credential that is removed'));

my $start = value($node, 'SELECT pg_current_wal_insert_lsn()');
my %place;

# One life of each message, by each channel; the second time over pages that the WAL has an image of.
sub lives
{
	my ($when) = @_;

	value($node, "SELECT otp_send('$_$when', 'alice\@example.com', '$_', 'long') > 0") for qw(hook mail get);
	code("$_$when", 'long') for qw(hook mail get);
	value($node, "SELECT otp_send_push('push$when', 'topic', 'push', 'push', 'EUR 10') IS NOT NULL");
	hide("code of push$when", value($node, "$quiet SELECT substring(convert_from(body, 'UTF8') FROM '[A-Z]{24}') FROM otp_claim('worker', skip => '{hook,mail,get}')"));

	# taken and rolled back, taken with the session idle, taken again after the lease
	my $taken = value($node, "BEGIN; SELECT string_agg(c::text || coalesce(convert_from(body, 'UTF8'), ''), ' ') FROM otp_claim('worker') AS c; ROLLBACK");
	like($taken, qr/$needle{"code of $_$when"}/, "control: the code of $_ is in what a worker gets") for qw(hook mail get);
	like($taken, qr/$needle{"credential token of get"}.*$needle{"credential password of mail"}|$needle{"credential password of mail"}.*$needle{"credential token of get"}/s,
		'control: and so are credentials');
	my $session = $node->background_psql('postgres');
	$session->query_safe('BEGIN');
	cmp_ok($session->query_safe("SELECT count(*) FROM otp_claim('worker')"), '>=', 3, 'messages are taken');
	$place{"activity$when"} = value($node, 'SELECT a::text FROM pg_stat_activity AS a');
	$session->query_safe('COMMIT');
	$session->quit;
	value($node, "UPDATE otp_message SET due_at = clock_timestamp() WHERE state = 'c'");
	value($node, "SELECT c::text FROM otp_claim('worker') AS c");

	value($node, "SELECT otp_delivered(message_id, tries, 'id ' || message_id) FROM otp_message WHERE state = 'c' AND channel <> 'get'");
	value($node, "SELECT otp_failed(message_id, tries, 'HTTP 500', true) FROM otp_message WHERE state = 'c'");
	value($node, "SELECT otp_receipt(channel, provider_id, 'delivered') FROM otp_message WHERE channel = 'mail'");
	value($node, "SELECT otp_send_again('get$when', 'long')");
	value($node, 'SELECT count(s) FROM otp_channel_status() AS s');

	# errors: no master key, no data key, and what comes after a claim
	like(error_of($node, "SET otp.master_key_file = 'nowhere'; SELECT count(*) FROM otp_claim('worker')"), qr/ERROR:  OT003: /, 'no master key');
	like(error_of($node, qq{
		UPDATE otp_message SET due_at = clock_timestamp() WHERE state IN ('c', 'q');
		DO \$\$ BEGIN PERFORM c FROM otp_claim('worker') AS c; PERFORM 1 / 0; END \$\$}), qr/ERROR:  22012: /, 'an error after the claim');
	like(error_of($node, q{
		BEGIN;
		UPDATE otp_message SET due_at = clock_timestamp() WHERE state IN ('c', 'q');
		UPDATE otp_policy SET lifetime = '1 hour' WHERE purpose = 'long';
		DELETE FROM otp_key;
		SELECT count(*) FROM otp_claim('worker')}), qr/ERROR:  /, 'no data key');
	like(error_of($node, sprintf("$quiet SELECT otp_channel_secret('nothing', 'token', '%s')", marker("credential of no channel$when"))), qr/ERROR:  22023: /, 'a credential of no channel');
	like(error_of($node, sprintf("$quiet DO \$\$ BEGIN EXECUTE format('SELECT otp_channel_secret(''get'', ''Token'', %%L)', '%s'); END \$\$", marker("credential with a bad name$when"))), qr/ERROR:  22023: /, 'a credential with a bad name');
	like(error_of($node, sprintf("$quiet SELECT otp_channel_secret('get', 'token', repeat('%s', 1000))", marker("long credential$when"))), qr/ERROR:  22023: /, 'a long credential');
	value($node, "SELECT otp_verify('hook$when', otp_resend('hook$when', 'long')::text, 'long')");
	return;
}

lives('');
value($node, 'CHECKPOINT');
value($node, 'SELECT otp_rotate_key()');
lives(' again');
value($node, 'SELECT otp_rekey()');

# A worker that takes more than fits into work_mem has no temporary file.
sub temporary_files
{
	return value($node, 'SELECT pg_stat_clear_snapshot(); SELECT temp_files FROM pg_stat_database WHERE datname = current_database()') =~ s/^\n//r;
}

value($node, q{
	UPDATE otp_channel SET per_second = NULL, max_in_flight = NULL WHERE name = 'hook';
	UPDATE otp_policy SET issues_per_destination = NULL;
	SELECT count(otp_send('many' || i, 'many' || i, 'hook', 'long')) FROM generate_series(1, 1000) AS i});
is(value($node, "SET work_mem = '64 kB'; SELECT count(*) FROM otp_claim('worker', 1000)"), 1000, 'a thousand messages are taken with little work_mem');
is(value($node, "SET work_mem = '64 kB'; SELECT count(*) = 4 FROM otp_channel_status()"), 't', 'and so is what channels are tried with');
is(temporary_files(), 0, 'without a temporary file');
value($node, "SET work_mem = '64 kB'; SELECT count(*) FROM (SELECT generate_series(1, 100000) AS i ORDER BY i DESC OFFSET 0) AS s");
cmp_ok(temporary_files(), '>', 0, 'control: one would have been counted');

# The control: what is put down on purpose.
my $control = join '', map { chr(ord('A') + int rand 26) } 1 .. 24;
my %control = (raw => $control, hex => unpack('H*', $control), Base64 => encode_base64($control, '') =~ s/=//gr);
value($node, "CREATE TABLE control AS SELECT unnest(ARRAY['" . join("', '", values %control) . "']) AS value");

for my $format ('-Fp', '-Fp --inserts')
{
	my $file = $node->basedir . '/dump';

	command_ok([ 'pg_dump', split(/ /, $format), '-f', $file, '-d', $node->connstr('postgres') ], "a dump: $format");
	$place{"dump $format"} = slurp_file($file);
}
is(value($node, "SELECT count(*) > 0 FROM otp_message"), 't', 'there are messages');
unlike($place{'dump -Fp'}, qr/alice\@example/, 'of which a dump has none');
like($place{'dump -Fp'}, qr/hooks\.example\.com/, 'but it has the channels');
value($node, 'CHECKPOINT');
stop_soundly($node);

sub files_below
{
	my ($directory, $except) = @_;
	my $content = '';

	for my $name (slurp_dir($directory))
	{
		my $path = "$directory/$name";

		next if $name =~ /^\.\.?$/ || $name =~ $except;
		$content .= -d $path ? files_below($path, $except) : slurp_file($path);
	}
	return $content;
}

$place{'data files'} = files_below($node->data_dir, qr/^(pg_wal|otp_master\.key)$/);
$place{WAL} = files_below($node->data_dir . '/pg_wal', qr/^archive_status$/);
$place{log} = slurp_file($node->logfile);

sub found
{
	my ($place, %form) = @_;

	return join ', ', grep { index($place{$place}, $form{$_}) >= 0 } sort keys %form;
}

is(found($_, %control), 'Base64, hex, raw', "control: $_") for grep { !/activity/ } sort keys %place;
like($place{$_}, qr/otp_claim/, "control: $_ shows the statement") for 'log', grep { /activity/ } sort keys %place;
like($place{log}, qr/UPDATE (otp|public)\.otp_message SET state = 'c'/, 'control: the log shows the queries of the extension');
for my $what (sort keys %needle)
{
	my $value = $needle{$what};
	my %form = (raw => $value, 'lower case' => lc $value, hex => unpack('H*', $value), HEX => uc unpack('H*', $value), Base64 => encode_base64($value, '') =~ s/=//gr,
		'one by one' => join(', ', split //, $value));

	is(length $value, 24, "$what is known");
	is(join(' ', map { my $at = $_; map { "$at: $_" } grep { $_ } found($at, %form) } sort keys %place), '', "nowhere: $what");
}

done_testing();
