# Backends killed, sessions ended, statements cancelled, clients gone, the server stopped dead: what a
# client was told is still so afterwards.
# Requirements: 1, 2, 16.

use strict;
use warnings FATAL => 'all';

use FindBin;
use IPC::Run;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant CLIENTS => 8;
use constant STATEMENTS => 400;
use constant GUESSERS => 1000;
use constant PAYERS => 400;

srand(3);

# The WAL writer is slow, so that it does not flush what the extension has to.
my $node = new_node(
	'crash', settings => q{
	wal_level = replica
	wal_writer_delay = 10s
	wal_writer_flush_after = 0
	autovacuum_naptime = 1s
	restart_after_crash = on
	log_statement = none
});
value($node, 'CREATE EXTENSION pageinspect');
value($node,
	"UPDATE otp_policy SET lifetime = '1 day', max_attempts = 100, free_guesses = 100 WHERE purpose = 'default'");

sub restart_dead
{
	$node->stop('immediate');
	$node->start;
	return;
}

# Requirement 2: a verdict is told after its charge is on disk, not before, whatever becomes of
# the transaction; here it is still open when the server stops dead.
sub is_flushed
{
	my ($session, $what) = @_;

	is($session->query_safe(q{
		SELECT bool_and((page_header(get_raw_page(name, block::integer))).lsn <= pg_current_wal_flush_lsn())
		FROM unnest(ARRAY['otp_budget', 'otp_event']) AS name,
		     generate_series(0, pg_relation_size(name::regclass) / 8192 - 1) AS block}),
		't', "the WAL of $what is flushed when its verdict is told");
	return;
}

my $right = issue($node, 'zoe');
my @wrong = wrong_codes(6, $right);
my $session = $node->background_psql('postgres');
for my $case ([ 'a first wrong guess', 'wrong' ], [ 'a second wrong guess', 'wrong' ])
{
	$session->query_safe('BEGIN');
	is($session->query_safe(attempt_sql('zoe', $wrong[0])), "zoe|$wrong[0]|wrong", "$case->[0] is wrong");
	is_flushed($session, $case->[0]);
	$session->query_safe('ROLLBACK');
	shift @wrong;
}
# An error that comes after the charge tells of it as well: a conflict that has to be resolved against the guesser, over the code's
# row, or over the trail, which then has no row of it.
for my $case ([ 'the code', "SELECT otp_resend('zoe')" ], [ 'the trail', 'SELECT count(*) FROM otp_event' ])
{
	my ($what, $reading) = @$case;
	my ($reader, $guesser) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;

	$_->query_safe('BEGIN ISOLATION LEVEL SERIALIZABLE') for $reader, $guesser;
	$reader->query_safe($reading);
	$guesser->query_safe('SELECT count(*) FROM payment');
	value($node, "BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO payment VALUES ('yves'); COMMIT");
	$guesser->query("\\set VERBOSITY sqlstate\n" . attempt_sql('zoe', shift @wrong));
	like($guesser->{stderr}, qr/40001/, "a wrong guess ends in a conflict over $what");
	is_flushed($session, "a wrong guess that ends in a conflict over $what");
	$_->quit for $reader, $guesser;
}
$session->query_safe('BEGIN');
$session->query_safe(attempt_sql('zoe', $wrong[0]));
restart_dead();
$session->quit;
is(budget($node, 'zoe'), 5, 'a wrong guess of a transaction that a crash cut off is charged');
is(wrong_events($node, 'zoe'), 4, 'and is in the trail');

# The same with a user of whom nothing else is left.
$session = $node->background_psql('postgres');
$session->query_safe('BEGIN');
$session->query_safe("SELECT otp_issue('yves')");
is($session->query_safe(attempt_sql('yves', '000')), 'yves|000|malformed', 'what cannot be a code is not charged');
is($session->query_safe(attempt_sql('yves', 'ABCDEF')), 'yves|ABCDEF|wrong', 'what is none is');
is_flushed($session, 'all that');
restart_dead();
$session->quit;
is(attempt($node, 'yves', 'ABCDEF'), 'no_code', 'a crash undoes the code');
is(budget($node, 'yves'), 1, 'and not the charge');
tables_are_sound($node, 'after a crash in the middle of a transaction');

# Nor does a guess keep its transaction from being flushed when it commits, in whatever order things
# happen: what committed is there after a crash.
my @orders = (
	[ 'a payment, then a guess', "INSERT INTO payment VALUES ('&');\n", 'wrong' ],
	[ 'a guess, then a payment', 'wrong', "INSERT INTO payment VALUES ('&');\n" ],
	[ 'an acceptance, then a guess', 'right', 'other' ],
	[ 'a guess, then an acceptance', 'other', 'right' ],
	[ 'a code, then a guess', "SELECT otp_issue('&', 'second');\n", 'wrong' ],
	[ 'a guess, then a code', 'wrong', "SELECT otp_issue('&', 'second');\n" ]);
for my $order (@orders)
{
	my ($what, @steps) = @$order;
	my $code = issue($node, $what);
	my %guess = (
		wrong => attempt_sql($what, wrong_codes(1, $code)),
		right => attempt_sql($what, $code),
		other => attempt_sql('someone else', issue($node, 'someone else') =~ tr/0-9/1-90/r));

	$session = $node->background_psql('postgres');
	$session->query_safe("BEGIN;\n" . join('', map { $guess{$_} // s/&/$what/r } @steps) . 'COMMIT');
	restart_dead();
	$session->quit;
	is( value($node, qq{
		SELECT (SELECT count(*) FROM payment WHERE user_id = '$what')
		  + (SELECT count(*) FROM otp_challenge WHERE user_id = '$what' AND (state = 's' OR purpose = 'second'))}),
		1, "$what: all of it is there after a crash");
}

# Some users are guessed at, others pay.
my %right = issue_all($node, map { "guesser_$_" } 1 .. GUESSERS);
my %code = issue_all($node, map { "payer_$_" } 1 .. PAYERS);
my (%sent, %told_wrong, %told_paid);

# Never the same guess twice, and never the right one.
sub fresh_guess
{
	my $user = 'guesser_' . (1 + int rand GUESSERS);

	return ($user, sprintf '%06d', ($right{$user} + ++$sent{$user}) % 1_000_000);
}

# What a client does.  What it is told is in its output at once; that it paid, once that is committed.
my @deeds = (
	sub { attempt_sql(fresh_guess()) },
	sub { "BEGIN;\n" . attempt_sql(fresh_guess()) . "ROLLBACK;\n" },
	sub { "BEGIN;\nSAVEPOINT s;\n" . attempt_sql(fresh_guess()) . "ROLLBACK TO s;\nCOMMIT;\n" },
	sub { attempt_sql(fresh_guess(), 'login', "attempt_in_block('%s', '%s', '%s')") },
	sub {
		my $values = join ', ', map { sprintf "('%s', '%s')", fresh_guess() } 1 .. 10;
		return "\\set FETCH_COUNT 1\n"
		  . "SELECT u, c, (otp_attempt(u, c)).reason FROM (VALUES $values) AS v (u, c);\n"
		  . "\\unset FETCH_COUNT\n";
	},
	sub {
		my $user = 'payer_' . (1 + int rand PAYERS);
		return "BEGIN;\nINSERT INTO payment SELECT '$user' WHERE otp_verify('$user', '$code{$user}');\n"
		  . "\\set paid :ROW_COUNT\nCOMMIT;\n"
		  . "SELECT '$user', '$code{$user}', 'paid' WHERE :paid = 1 AND NOT :'ERROR';\n";
	});

sub start_round
{
	my ($setting) = @_;

	return start_clients($node,
		map {
			join '', "SELECT pg_backend_pid();\n${GO}SET $setting;\n", map { $deeds[ rand @deeds ]->() } 1 .. STATEMENTS
		} 1 .. CLIENTS);
}

# signal_backends(SIGNAL, CLIENT …): what pg_cancel_backend() and pg_terminate_backend() do, and worse.
# Returns how many got it.
sub signal_backends
{
	my ($signal, @clients) = @_;
	my @pids = map { slurp_file($_->{out}) =~ /^(\d+)$/m } grep { $_->{run}->pumpable } @clients;

	return kill $signal, @pids;
}

# Waits until the clients have been told some bytes more, and then for a moment.
sub wait_until_told
{
	my ($bytes, @clients) = @_;
	my $told = sub { my $sum = 0; $sum += -s $_->{out} for @clients; $sum };
	my $goal = $told->() + $bytes;

	usleep(500) while $told->() < $goal && grep { $_->{run}->pumpable } @clients;
	usleep(int rand 3000);
	return;
}

sub finish_round
{
	my (@clients) = @_;

	for my $client (@clients)
	{
		$client->{run}->finish;
		for (told(slurp_file($client->{out})))
		{
			my ($user, $guess, $reason) = @$_;
			$told_wrong{$user}{$guess} = 1 if $reason eq 'wrong';
			$told_paid{$user}++ if $reason eq 'paid';
		}
	}
	return;
}

# Waits for something that happens soon, if at all.
sub wait_until
{
	my ($what, $happened) = @_;

	for (1 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $happened->();
		usleep(10_000);
	}
	die "it did not happen: $what";
}

sub crashes
{
	my $crashes = () = slurp_file($node->logfile) =~ /was terminated by signal 9/g;

	return $crashes;
}

# The server recovers by itself from the death of a backend, once it has noticed.
sub kill_backend
{
	my ($client) = @_;
	my $before = crashes();

	return unless signal_backends('KILL', $client);
	wait_until('a crash', sub { crashes() > $before });
	wait_until('a recovery', sub { IPC::Run::run([ 'pg_isready', '-q', '-d', $node->connstr('postgres') ]) });
	return;
}

# Mishaps, each with how often it happens.
my @mishaps = (
	[ 12, sub { kill_backend($_[0]) } ],
	[ 3, sub { restart_dead() } ],
	[ 3, sub { signal_backends('TERM', @_[ 0 .. CLIENTS / 2 ]) } ],
	[ 3, sub { for my $client (@_) { signal_backends('INT', $client); wait_until_told(100, @_) } } ],
	[ 3, sub { $_->{run}->signal('KILL') for @_[ 0 .. CLIENTS / 2 ] } ]);

for my $mishap (map { ($_->[1]) x $_->[0] } @mishaps)
{
	my @clients = start_round('synchronous_commit = on');

	wait_until_told(2000 + int rand 12_000, @clients);
	$mishap->(@clients);
	finish_round(@clients);
}
finish_round(start_round("$_ = '1ms'")) for 'statement_timeout', 'lock_timeout';
cmp_ok(crashes(), '>=', 6, 'backends were killed in the midst of it');
restart_dead();
tables_are_sound($node, 'after all that');

# Requirement 2.
my %total = map { split /\|/ } split /\n/, value($node, 'SELECT user_id, total FROM otp_budget');
my %events = map { split /\|/ } split /\n/,
  value($node, "SELECT user_id, count(*) FROM otp_event WHERE event = 'rejected' AND reason = 'wrong' GROUP BY 1");
my (@lost, @not_in_trail, @invented);
for my $user (sort keys %right)
{
	my $told = keys %{ $told_wrong{$user} // {} };
	my ($total, $events) = ($total{$user} // 0, $events{$user} // 0);

	push @lost, "$user: told $told, charged $total" if $told > $total;
	push @not_in_trail, "$user: told $told, in the trail $events" if $told > $events;
	push @invented, "$user: charged $total, in the trail $events"
	  if $events > $total || $total > $sent{$user};
}
cmp_ok(scalar(map { keys %$_ } values %told_wrong), '>', 1000, 'many verdicts were told');
is_deeply(\@lost, [], 'every wrong guess whose verdict was told is charged');
is_deeply(\@not_in_trail, [], 'every one of them is in the trail');
is_deeply(\@invented, [], 'nothing is charged that nobody guessed, and nothing in the trail that was not charged');

# Acceptance and payment: both or neither, and once.
my %payments = map { split /\|/ } split /\n/, value($node, "SELECT user_id, count(*) FROM payment WHERE user_id LIKE 'payer%' GROUP BY 1");
is_deeply([ grep { $_ != 1 } values %payments ], [], 'no code pays twice');
is_deeply([ grep { !$payments{$_} || $told_paid{$_} != 1 } keys %told_paid ],
	[], 'every payment that was told is there, and was told once');
is( value($node, q{SELECT string_agg(user_id, ',' ORDER BY user_id) FROM otp_challenge WHERE state = 's' AND user_id LIKE 'payer%'}),
	join(',', sort keys %payments), 'those codes are spent that paid');
is( value($node, q{SELECT string_agg(user_id, ',' ORDER BY user_id) FROM otp_event WHERE event = 'accepted' AND user_id LIKE 'payer%'}),
	join(',', sort keys %payments), 'those acceptances are in the trail that paid');
is_deeply(
	{ attempt_all($node, %code) },
	{ map { $_ => $payments{$_} ? 'replayed' : 'accepted' } keys %code },
	'every other code can still be accepted');

stop_soundly($node);
done_testing();
