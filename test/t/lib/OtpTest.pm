# What the TAP tests share: a server with otp in it, an application's table and functions, clients
# that run at once, and the soundness of what they leave behind.

package OtpTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Copy;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  $GO new_node set_up_database master_key_file copy_master_key
  value issue issue_all attempt attempt_all budget wrong_events wrong_codes attempt_sql told
  start_clients run_clients error_of hold_until_waiting
  tables_are_sound stop_soundly
);

# Nobody waits for ever.
my @patience = (timeout => $PostgreSQL::Test::Utils::timeout_default);

# The line of a script at which a client waits for all the others.
our $GO = "SELECT pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1) \\g /dev/null\n";

# An application's side: money that moves in the transaction that accepts a code, and a function
# that swallows its own failure.
my $application = q{
	CREATE TABLE payment (user_id text NOT NULL, by text NOT NULL DEFAULT '');
	CREATE FUNCTION attempt_in_block(user_id text, code text, purpose text DEFAULT 'login')
	  RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  reason text;
	BEGIN
	  BEGIN
	    reason := (otp_attempt(user_id, code, purpose)).reason;
	    RAISE EXCEPTION 'undo';
	  EXCEPTION WHEN raise_exception THEN
	    NULL;
	  END;
	  RETURN reason;
	END $$;
};

# new_node(NAME, settings => TEXT, master_key_of => NODE, bare => BOOLEAN, PARAMETER => VALUE …): a running
# server, with checksums; with another's master key; and, unless bare, with otp in database postgres.
# Other parameters are those of PostgreSQL::Test::Cluster's init().
sub new_node
{
	my ($name, %params) = @_;
	my $settings = delete $params{settings} // '';
	my $bare = delete $params{bare};
	my $key_owner = delete $params{master_key_of};
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--data-checksums', '--encoding=UTF8', '--locale=C' ], %params);
	$node->append_conf('postgresql.conf', "max_prepared_transactions = 10\n$settings");
	copy_master_key($key_owner, $node) if $key_owner;
	$node->start;
	set_up_database($node, 'postgres') unless $bare;
	return $node;
}

sub set_up_database
{
	my ($node, $database) = @_;

	$node->safe_psql($database,
		"SET client_min_messages = error; CREATE EXTENSION otp; CREATE EXTENSION amcheck; $application");
	return;
}

sub master_key_file
{
	my ($node) = @_;

	return $node->data_dir . '/otp_master.key';
}

sub copy_master_key
{
	my ($from, $to) = @_;

	copy(master_key_file($from), master_key_file($to)) or die $!;
	chmod 0600, master_key_file($to) or die $!;
	return;
}

# value(NODE, SQL, DATABASE = postgres): what the statement says.
sub value
{
	my ($node, $sql, $database) = @_;

	return $node->safe_psql($database // 'postgres', $sql, @patience);
}

# A live code of a user.
sub issue
{
	my ($node, $user, $purpose) = @_;

	return value($node, sprintf("SELECT otp_issue('%s', '%s')", $user, $purpose // 'login'));
}

# Codes of many users: a hash.
sub issue_all
{
	my ($node, @users) = @_;

	return map { split /\|/ } split /\n/,
	  value($node, sprintf("SELECT u, otp_issue(u) FROM unnest('{%s}'::text[]) AS u", join ',', map { qq("$_") } @users));
}

# The reason of a verdict.
sub attempt
{
	my ($node, $user, $code, $purpose) = @_;

	return value($node,
		sprintf("SELECT (otp_attempt('%s', '%s', '%s')).reason", $user, $code, $purpose // 'login'));
}

# The reasons of many verdicts: a hash by user, of a hash of guesses by user.
sub attempt_all
{
	my ($node, %guess) = @_;

	return map { split /\|/ } split /\n/,
	  value($node, sprintf('SELECT u, (otp_attempt(u, c)).reason FROM (VALUES %s) AS v (u, c)',
			join ', ', map { "('$_', '$guess{$_}')" } sort keys %guess));
}

# Wrong guesses that are counted; 0 if the user has no budget.
sub budget
{
	my ($node, $user) = @_;

	return value($node, "SELECT coalesce((SELECT total FROM otp_budget WHERE user_id = '$user'), 0)");
}

# Wrong guesses that the trail tells of.
sub wrong_events
{
	my ($node, $user) = @_;

	return value($node,
		"SELECT count(*) FROM otp_event WHERE user_id = '$user' AND event = 'rejected' AND reason = 'wrong'"
	);
}

# wrong_codes(N, RIGHT …): N distinct codes of six digits, none of which is one of the RIGHT.
sub wrong_codes
{
	my ($n, @right) = @_;
	my %taken = map { $_ => 1 } @right;
	my @codes;

	while (@codes < $n)
	{
		my $code = sprintf('%06d', int rand 1_000_000);
		push @codes, $code unless $taken{$code}++;
	}
	return @codes;
}

# A statement whose output told() understands.
sub attempt_sql
{
	my ($user, $code, $purpose, $function) = @_;
	my $call = sprintf(
		$function // "(otp_attempt('%s', '%s', '%s')).reason",
		$user, $code, $purpose // 'login');

	return "SELECT '$user', '$code', $call;\n";
}

# told(TEXT …): what clients were told, as [user, code, reason].
sub told
{
	return map { [ split /\|/ ] } grep { /^[^|]+\|[^|]*\|[a-z_]+$/ } map { split /\n/ } @_;
}

# start_client(NODE, SCRIPT, NAME = application_name): psql in the background, which goes on after
# errors and shows their SQLSTATEs.  Its output goes to files, so nobody has to read along.
my $clients = 0;

sub start_client
{
	my ($node, $script, $name) = @_;
	my $stem = sprintf('%s/client_%04d', $node->basedir, $clients++);
	my $connection = $node->connstr('postgres') . ' application_name=' . ($name // 'client');
	my %client = (out => "$stem.out", err => "$stem.err");

	append_to_file("$stem.sql", "\\set VERBOSITY sqlstate\n$script");
	$client{run} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-d', $connection, '-f', "$stem.sql" ],
		'<', '/dev/null', '>', $client{out}, '2>', $client{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return \%client;
}

# start_clients(NODE, SCRIPT …): clients that work at once.  Every script has $GO in it; nobody goes on
# before all are there.
sub start_clients
{
	my ($node, @scripts) = @_;
	my $starter = $node->background_psql('postgres');

	$starter->query_safe('SELECT pg_advisory_lock(1)');
	my @clients = map { start_client($node, $_) } @scripts;
	my $count = @clients;
	$node->poll_query_until('postgres',
		"SELECT count(*) = $count FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND NOT granted"
	) or die 'the clients are not there';
	$starter->query_safe('SELECT pg_advisory_unlock(1)');
	$starter->quit;
	return @clients;
}

# run_clients(NODE, SCRIPT …): the same, to the end.  Returns their outputs and, joined, their errors.
sub run_clients
{
	my @clients = start_clients(@_);

	$_->{run}->finish for @clients;
	return ([ map { slurp_file($_->{out}) } @clients ], join '', map { slurp_file($_->{err}) } @clients);
}

# error_of(NODE, SQL, DATABASE = postgres, PARAMETER => VALUE …): what the client sees of the error,
# with its SQLSTATE; empty if there is none.
sub error_of
{
	my ($node, $sql, $database, %params) = @_;
	my ($status, $out, $err) =
	  $node->psql($database // 'postgres', "\\set VERBOSITY verbose\n$sql", @patience, %params);

	return $err;
}

# hold_until_waiting(NODE, SESSION, SQL, CONDITION): has a background session begin a statement that
# waits, and returns once pg_stat_activity shows it.
sub hold_until_waiting
{
	my ($node, $session, $sql, $condition) = @_;
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/begun/, "\\echo begun\n$sql;\n\\echo ended\n");
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $pid AND $condition")
	  or die "the session does not wait";
	return $pid;
}

# tables_are_sound(NODE, WHEN, DATABASE = postgres): heap, btree and BRIN agree with each other.
sub tables_are_sound
{
	my ($node, $when, $database) = @_;
	my $own = q{
		SELECT objid FROM pg_depend
		WHERE classid = 'pg_class'::regclass AND deptype = 'e' AND refclassid = 'pg_extension'::regclass
		  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp')};
	my ($status, $out, $err) = $node->psql(
		$database // 'postgres', qq{
		SELECT c.oid::regclass, h.* FROM pg_class c, verify_heapam(c.oid) h
		WHERE c.oid IN ($own) AND c.relkind = 'r';
		SELECT bt_index_check(i.indexrelid, heapallindexed => true)
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
		WHERE i.indrelid IN ($own) AND a.amname = 'btree' \\g /dev/null
		SET enable_seqscan = off;
		SELECT count(*) AS by_index FROM otp_event WHERE at >= 'epoch' \\gset
		RESET enable_seqscan;
		SET enable_bitmapscan = off;
		SELECT 'otp_event_at', count(*), :by_index FROM otp_event WHERE at >= 'epoch' HAVING count(*) <> :by_index;
	});

	is("$status$out$err", '0', "tables and indexes are sound $when");
	return;
}

# Nothing is wrong with the tables, nor with a page's checksum after a clean stop.
sub stop_soundly
{
	my ($node) = @_;
	my $name = $node->name;

	tables_are_sound($node, "at the end of server $name");
	$node->stop;
	command_ok([ 'pg_checksums', '--check', '-D', $node->data_dir ],
		"every page of server $name has the right checksum");
	return;
}

1;
