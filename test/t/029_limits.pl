# The counts of issues and the stop, from many sessions at once, over a crash, a promotion and a restore.
# Requirements: 1, 4, 5, 9, 32, 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Cluster;
use Test::More;

use constant { CLIENTS => 20, LIMIT => 50, STOP => 25 };

my $node = new_node('limits', allows_streaming => 1, settings => "max_connections = 60\nautovacuum = off");
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
# PostgreSQL::Test::Cluster's copy lets others read
chmod 0600, master_key_file($standby) or die $!;
$standby->start;

value($node, sprintf(q{
	UPDATE otp_policy SET issues_per_user = %1$d, issues_per_destination = %1$d, issue_window = '1 day', lifetime = '1 day',
	  free_guesses = 100, max_attempts = 100, max_consecutive = %2$d}, LIMIT, STOP));

# Each client issues ten times, every other time in a transaction that is rolled back.
sub issues
{
	my ($user, $destination) = @_;
	my $issue = "SELECT otp_issue('$user', 'login', '', $destination) IS NOT NULL;\n";

	return $GO . ($issue . "BEGIN;\n${issue}ROLLBACK;\n") x 5;
}
my ($out, $err) = run_clients($node, map { issues("user $_", "'+62811'") } 1 .. CLIENTS);
is(scalar(grep { $_ eq 't' } map { split /\n/ } @$out), LIMIT, 'as many codes go to a destination as may, whoever they are for');
is(scalar(() = $err =~ /OT002/g), CLIENTS * 10 - LIMIT, 'the others are refused');
($out, $err) = run_clients($node, (issues('alice', 'NULL')) x CLIENTS);
is(scalar(grep { $_ eq 't' } map { split /\n/ } @$out), LIMIT, 'as many codes as may are issued to one user');
is(scalar(() = $err =~ /OT002/g), CLIENTS * 10 - LIMIT, 'the others are refused');

# One client after the other would come to a stop after STOP guesses; so do all at once, each with others.
my $code = issue($node, 'bob');
my @wrong = wrong_codes(CLIENTS * 4, $code);
($out, $err) = run_clients($node, map {
	my $client = $_;
	my @mine = map { attempt_sql('bob', $wrong[ 4 * $client + $_ ]) } 0 .. 3;
	"BEGIN;\n$GO" . join('', @mine) . "ROLLBACK;\n" } 0 .. CLIENTS - 1);
my %count;
$count{ $_->[2] }++ for told(@$out);
is($count{wrong}, STOP, 'as many guesses as may are judged');
is($count{locked}, CLIENTS * 4 - STOP, 'the others are not');
is(attempt($node, 'bob', $code), 'locked', 'the right code neither');
is(value($node, "SELECT string_agg(event, ' ' ORDER BY at) FROM otp_event WHERE user_id = 'bob' AND event IN ('warned', 'stopped')"),
	'warned stopped', 'a warning and the stop, once each, although all was rolled back');

# What holds on any server that has this database.
sub holds
{
	my ($server, $when, $database) = @_;

	like(error_of($server, "SELECT otp_issue('alice')", $database), qr/OT002/, "$when: the user has had his codes");
	like(error_of($server, "SELECT otp_issue('new', 'login', '', '+62811')", $database), qr/OT002/, "$when: the destination too");
	is(value($server, sprintf("SELECT (otp_attempt('bob', '%s')).reason", (wrong_codes(1, $code))[0]), $database), 'locked',
		"$when: the stop stands");
	is(value($server, "SELECT consecutive, stopped_until FROM otp_status('bob')", $database), STOP . '|infinity', "$when: as an operator sees");
	return;
}
holds($node, 'before');
$node->wait_for_catchup($standby);
is(value($standby, "SELECT consecutive, stopped_until FROM otp_status('bob')"), STOP . '|infinity', 'a standby shows the status');
like(error_of($standby, "SELECT otp_unlock('bob')"), qr/25006/, 'and does not unlock');

# What transactions that never commit have written is there after a crash, once something has been flushed.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query("BEGIN; SELECT count(otp_issue('carol', 'login', '', '+62812')) FROM generate_series(1, 50)");
value($node, 'SELECT pg_switch_wal() IS NOT NULL');
value($node, "SELECT otp_issue('dave', 'login', '', '+62813')");
$node->stop('immediate');
$session->quit;
$node->start;
holds($node, 'after a crash');
like(error_of($node, "SELECT otp_issue('carol')"), qr/OT002/, 'what was issued in a transaction that the crash ended stays counted');

# A dump has it all.
my $dump = $node->basedir . '/limits.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
value($node, 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
holds($node, 'restored', 'restored');

# An unlocking is on disk when it is told, and an acceptance when it commits.
is(value($node, "BEGIN; SELECT otp_unlock('bob'); ROLLBACK"), 't', 'an operator unlocks');
$node->stop('immediate');
$node->start;
is(value($node, "SELECT consecutive, stopped_until FROM otp_status('bob')"), '0|', 'and that outlives a crash');
is(attempt($node, 'bob', $wrong[0]), 'wrong', 'guesses are judged again');
is(attempt($node, 'bob', $code), 'accepted', 'and the right one is accepted');
is(value($node, "SELECT consecutive FROM otp_status('bob')"), 0, 'from where they count anew');

$node->wait_for_catchup($standby);
$node->stop('immediate');
$standby->promote;
like(error_of($standby, "SELECT otp_issue('alice')"), qr/OT002/, 'promoted: the user has had his codes');
is(value($standby, "SELECT consecutive FROM otp_status('bob')"), 0, 'promoted: the acceptance counts');

# The channel hears of a delay; a transaction that has told it cannot be prepared.
value($standby, "UPDATE otp_policy SET notify = true, free_guesses = 1");
issue($standby, 'eve');
my ($status, $heard) = $standby->psql('postgres', "LISTEN otp_event; SELECT otp_verify('eve', 'NOCODE1')", on_error_stop => 0);
like($heard, qr/Asynchronous notification "otp_event" with payload "\{"event": "delayed", "user_id": "eve", "purpose": "login", "until": "\d{4}-/,
	'the channel hears of a delay');
issue($standby, 'mallory');
like(error_of($standby, "BEGIN; SELECT otp_verify('mallory', 'NOCODE1'); PREPARE TRANSACTION 'told'"), qr/0A000/, 'which cannot be prepared');
is(budget($standby, 'mallory'), 1, 'and is charged all the same');

stop_soundly($standby);
done_testing();
