# An index that is built CONCURRENTLY while guesses are rejected: nobody waits for it, nothing is in it twice,
# every guess is counted.
# Requirements: 2, 40.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('concurrent_index', settings => "wal_writer_delay = 10s\nwal_writer_flush_after = 0\nautovacuum = off");
value($node, "UPDATE otp_policy SET lifetime = '1 day', max_attempts = 100, free_guesses = 100 WHERE purpose = 'default'");
my $code = issue($node, 'alice');
my @guesses = wrong_codes(9, $code);

# Rows at whose sight the builder of an index waits: one for its first scan of the table, the other
# for its second, which adds what it does not find in the index.  Who inserts them goes through.
value($node, q{
	CREATE FUNCTION gate(user_id text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
	  IF user_id LIKE 'gate _' AND current_setting('gate.open', true) IS NULL THEN
	    PERFORM pg_advisory_lock_shared(0, right(user_id, 1)::int),
	      pg_advisory_unlock_shared(0, right(user_id, 1)::int);
	  END IF;
	  RETURN user_id;
	END $$});
my ($holder, $builder) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
$builder->query_safe('\set VERBOSITY sqlstate');

# begin_build(STATEMENT, GATE ROWS): has the builder begin and come to its second gate; the rows are what makes
# the gates.  Returns its process id.
sub begin_build
{
	my ($statement, $gate) = @_;

	value($node, "DELETE FROM otp_event WHERE user_id ~ '^(gate|mallory)'");
	value($node, 'SET gate.open = true; ' . sprintf($gate, "'gate 1'", 1));
	$holder->query_safe('SELECT pg_advisory_lock(0, gate) FROM generate_series(1, 2) AS gate');
	my $pid = hold_until_waiting($node, $builder, $statement, "wait_event = 'advisory'");
	# the second gate is not on the last page, and on that one is room
	value($node, 'SET gate.open = true; ' . sprintf($gate, "CASE n WHEN 1 THEN 'gate 2' ELSE 'mallory ' || n END", 250));
	$holder->query_safe('SELECT pg_advisory_unlock(0, 1)');
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND NOT granted")
	  or die 'the builder does not reach the second gate';
	return $pid;
}

sub end_build
{
	$holder->query_safe('SELECT pg_advisory_unlock(0, 2)');
	$builder->query_until(qr/ended/, '');
	return;
}

# What the builder was told, once.
sub errors_of_build
{
	my $errors = $builder->{stderr};

	$builder->{stderr} = '';
	return $errors;
}

# guess_undone(GUESS): a wrong guess in a transaction that is rolled back.
sub guess_undone
{
	my ($guess) = @_;

	return value($node, "BEGIN; SELECT (otp_attempt('alice', '$guess')).reason; ROLLBACK");
}

# The trail.
my $events = "INSERT INTO otp_event (at, user_id, purpose, event) SELECT now(), %s, '', '' FROM generate_series(1, %d) AS n";
for my $statement ('CREATE INDEX CONCURRENTLY by_gate ON otp_event (gate(user_id))', 'REINDEX INDEX CONCURRENTLY by_gate')
{
	my $before = budget($node, 'alice');
	my $trail = wrong_events($node, 'alice');

	begin_build($statement, $events);
	is(attempt($node, 'alice', shift @guesses), 'wrong', "a guess waits for no validation: $statement");
	is(guess_undone(shift @guesses), 'wrong', 'nor does one that is rolled back');
	is(budget($node, 'alice'), $before + 2, 'both are counted');
	is(wrong_events($node, 'alice'), $trail + 1, 'the trail keeps what commits');
	like(error_of($node, q{SELECT otp_export('alice')}), qr/ERROR:  55006: could not record the export permanently/,
		'no secret is exported without a permanent row');
	end_build();
	is(value($node, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_gate'::regclass"), 't', 'the index is valid');
	is(value($node, q{
		SET enable_seqscan = off; SET enable_bitmapscan = off;
		SELECT count(*) FROM otp_event WHERE gate(user_id) = 'alice' AND event = 'rejected'}),
		$trail + 1, 'and has each row once');
	tables_are_sound($node, 'after it');
}

# What a build leaves behind that was cancelled does not count as one.
value($node, 'DROP INDEX by_gate');
my $pid = begin_build('CREATE INDEX CONCURRENTLY by_gate ON otp_event (gate(user_id))', $events);
value($node, "SELECT pg_cancel_backend($pid)");
# else the gate may open first, and the builder keep the lock that it is just getting
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
  or die 'the builder waits on';
end_build();
like(errors_of_build(), qr/ERROR:  57014/, 'a build is cancelled');
is(value($node, "SELECT indisready, indisvalid FROM pg_index WHERE indexrelid = 'by_gate'::regclass"), 't|f',
	'and leaves an index that is not valid');
my $trail = wrong_events($node, 'alice');
is(guess_undone(shift @guesses), 'wrong', 'a guess is judged beside it');
is(wrong_events($node, 'alice'), $trail + 1, 'and its row in the trail is permanent');
value($node, 'DROP INDEX by_gate');

# A budget's row is permanent in any case; a unique index that has it already refuses it.
begin_build('CREATE UNIQUE INDEX CONCURRENTLY by_gate ON otp_budget (gate(user_id))',
	"INSERT INTO otp_budget SELECT 0, 0, '2000-01-01', -1, 0, 0, 0, 0, 0, 0, 0, 0, %s FROM generate_series(1, %d) AS n");
my $bob = issue($node, 'bob');
end_build();
like(errors_of_build(), qr/ERROR:  23505/, 'a unique index fails if it meets a first code');
value($node, 'DROP INDEX by_gate');
tables_are_sound($node, 'nevertheless');
is(attempt($node, 'bob', $bob), 'accepted', 'and the code is accepted');
value($node, 'REINDEX TABLE CONCURRENTLY otp_budget');

# What commits is on disk then, although it is an ordinary row.
begin_build('CREATE INDEX CONCURRENTLY by_gate ON otp_event (gate(user_id))', $events);
$trail = wrong_events($node, 'alice');
my $guesser = $node->background_psql('postgres');
# the first one's transaction may write hint bits as well, and flush more than it has to
$guesser->query_safe(attempt_sql('alice', shift @guesses)) for 1 .. 2;
$node->stop('immediate');
$node->start;
is(wrong_events($node, 'alice'), $trail + 2, 'what commits just before a crash is in the trail after it');
$guesser->quit;
value($node, 'DROP INDEX by_gate');

stop_soundly($node);
done_testing();
