# Physical backups: a base backup taken under way, recovery to the end of the archive, and recovery to a moment between two
# verifications, which re-opens what came after it and nothing else.
# Requirements: 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpMoved;
use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant GUESSES => 2_000;

srand(26);

my $origin = new_node('origin', has_archiving => 1, allows_streaming => 1, settings => 'autovacuum = off');
my %code = make_users($origin);

# restored(NAME, SETTING, PARAMETER => VALUE …): a server from the base backup.
sub restored
{
	my ($name, $settings, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($origin, 'base', %params);
	$node->append_conf('postgresql.conf', $settings);
	# PostgreSQL::Test::Cluster's copy lets others read
	chmod 0600, master_key_file($node) or die $!;
	$node->start;
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die "$name does not end its recovery";
	return $node;
}

# While the backup is being made, charges are written in place.  Nobody is delayed, so that each is one.
value($origin, "UPDATE otp_policy SET free_guesses = 100, forgive_every = '1 minute', first_delay = '1 second'
	WHERE purpose = 'default'; INSERT INTO otp_policy (purpose, trail) VALUES ('silent', 'none')");
value($origin, sprintf q{SELECT otp_issue('busy ' || n, 'silent') FROM generate_series(1, %d) AS n}, GUESSES);
my @clients = start_clients($origin,
	$GO . join '', map { attempt_sql("busy $_", 'NOCODE', 'silent') } 1 .. GUESSES);
my $busy = "SELECT count(*) FROM otp_budget WHERE user_id LIKE 'busy %' AND total = 1";
my $before = value($origin, $busy);
$origin->backup('base');
my $after = value($origin, $busy);
$_->{run}->finish for @clients;
is(value($origin, $busy), GUESSES, 'guesses are charged while a backup is made');

value($origin, "UPDATE otp_policy SET free_guesses = 5, forgive_every = '1 hour', first_delay = '1 day' WHERE purpose = 'default'");
my $restored = restored('backup', '');
my $there = value($restored, $busy);
ok($before <= $there && $there <= $after, 'a base backup has what was charged before it ended');
stop_soundly($restored);

# A verification before the moment, and everything after it.
is(attempt($origin, 'later', $code{later}), 'accepted', 'a code is spent before the moment');
is(attempt($origin, 'near', $code{wrong}), 'wrong', 'a guess is charged before the moment');
$code{reopened} = issue($origin, 'reopened');
value($origin, q{SELECT pg_create_restore_point('between')});
is(attempt($origin, 'reopened', $code{reopened}), 'accepted', 'a code is spent after it');
is(attempt($origin, 'token', $code{next}), 'accepted', 'a counter too');
is(attempt($origin, 'saved', $code{unsaved}), 'accepted', 'and a recovery code');
is(attempt($origin, 'live', $code{wrong}), 'wrong', 'a guess is charged after it');
is(value($origin, q{SELECT otp_unlock('stopped')}), 't', 'a stop is ended after it');
$code{young} = issue($origin, 'young');

my $rows = rows_of($origin);
my $segment = value($origin, 'SELECT pg_walfile_name(pg_switch_wal())');
$origin->poll_query_until('postgres', "SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver")
  or die 'the WAL is not archived';
stop_soundly($origin);

$restored = restored('end', '', has_restoring => 1, standby => 0);
is(rows_of($restored), $rows, 'recovery to the end re-opens nothing');
stop_soundly($restored);

$restored = restored('between', "recovery_target_name = 'between'\nrecovery_target_action = promote", has_restoring => 1, standby => 0);
is(attempt($restored, 'later', $code{later}), 'replayed', 'between: what was spent before stays spent');
is(budget($restored, 'near'), 4, 'between: what was charged before stays charged');
is(budget($restored, 'live'), 0, 'between: a guess after is forgotten');
is(attempt($restored, 'stopped', $code{stopped}, 'vault'), 'locked', 'between: an end of a stop too');
is(attempt($restored, 'young', $code{young}), 'no_code', 'between: a code issued after is none');
is(attempt($restored, 'token', $code{next}), 'accepted', 'between: a counter after is accepted again');
is(attempt($restored, 'saved', $code{unsaved}), 'accepted', 'between: a recovery code too');
is(attempt($restored, 'reopened', $code{reopened}), 'accepted', 'between: and an issued one');
value($restored, 'DELETE FROM otp_challenge');
is(attempt($restored, 'live', $code{live}), 'no_code', 'between: until the codes that are live are deleted');
stop_soundly($restored);

done_testing();
