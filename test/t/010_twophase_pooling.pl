# Prepared transactions, and sessions that many clients share, as behind a pooling proxy.
# Requirements: 2, 16.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use Test::More;

srand(10);

my $node = new_node('twophase');
value($node, "UPDATE otp_policy SET lifetime = '1 day' WHERE purpose = 'default'");
my %code = issue_all($node, qw(alice bob carol dave erin frank grace));
my @wrong = wrong_codes(10, values %code);

# What was told before PREPARE TRANSACTION.
sub prepare
{
	my ($name, $user, $code) = @_;
	my $out = value($node, 'BEGIN; ' . attempt_sql($user, $code) . "PREPARE TRANSACTION '$name'");

	return (told($out))[0][2];
}

# Requirement 2.
is(prepare('wrong', 'alice', $wrong[0]), 'wrong', 'a wrong guess is in a prepared transaction');
is(budget($node, 'alice'), 1, 'it is charged while that is prepared');
is(attempt($node, 'alice', $wrong[1]), 'wrong', 'the next one is judged meanwhile');
value($node, "ROLLBACK PREPARED 'wrong'");
is(budget($node, 'alice'), 2, 'and both are charged after ROLLBACK PREPARED');
is(wrong_events($node, 'alice'), 2, 'and in the trail');

# Requirement 16: an acceptance is undone with its transaction.
is(prepare('undone', 'bob', $code{bob}), 'accepted', 'a code is accepted in a prepared transaction');
value($node, "ROLLBACK PREPARED 'undone'");
is(attempt($node, 'bob', $code{bob}), 'accepted', 'after ROLLBACK PREPARED it is accepted again');
is(attempt($node, 'bob', $code{bob}), 'replayed', 'but then no more');

# An acceptance that is prepared goes through restarts, of both kinds.
is(prepare('done', 'carol', $code{carol}), 'accepted', 'another code is accepted in a prepared transaction');
is(prepare('dead', 'dave', $code{dave}), 'accepted', 'and another');
$node->restart;
$node->stop('immediate');
$node->start;
is(value($node, 'SELECT gid FROM pg_prepared_xacts ORDER BY 1'), "dead\ndone", 'both are prepared after two restarts');

# Meanwhile the right code waits, and wrong guesses do not.
my $session = $node->background_psql('postgres', on_error_stop => 0);
hold_until_waiting($node, $session, attempt_sql('carol', $code{carol}), "wait_event_type = 'Lock' AND wait_event = 'transactionid'");
is(attempt($node, 'carol', $wrong[$_]), 'wrong', 'a wrong guess does not wait for a prepared acceptance') for 0 .. 2;
is(value($node, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'and whoever waits locks no user');
unlike($session->{stdout}, qr/accepted|replayed/, 'the right code still waits');
value($node, "COMMIT PREPARED 'done'");
like($session->query_until(qr/ended/, ''), qr/\|replayed$/m, 'after COMMIT PREPARED it is a replay');
is(attempt($node, 'carol', $code{carol}), 'replayed', 'the code is spent');
is(value($node, "SELECT state FROM otp_challenge WHERE user_id = 'carol'"), 's', 'and its row says so');

# A timeout ends the waiting, and loses nothing.
for my $case (
	[ 'statement_timeout', '57014' ],
	[ 'lock_timeout', '55P03' ])
{
	my ($setting, $sqlstate) = @$case;
	my $said = error_of($node, "SET $setting = '10ms'; " . attempt_sql('dave', $code{dave}));

	like($said, qr/^[^\n]*ERROR:  $sqlstate: /, "$setting ends the wait for a prepared acceptance");
	unlike($said, qr/accepted|replayed|wrong/, "$setting tells no verdict");
}
is(attempt($node, 'dave', $wrong[0]), 'wrong', 'guesses are judged afterwards');
is(budget($node, 'dave'), 1, 'and only they are charged');
hold_until_waiting($node, $session, attempt_sql('dave', $code{dave}), "wait_event_type = 'Lock' AND wait_event = 'transactionid'");
value($node, "ROLLBACK PREPARED 'dead'");
like($session->query_until(qr/ended/, ''), qr/\|accepted$/m, 'after ROLLBACK PREPARED whoever waits is accepted');
is(attempt($node, 'dave', $code{dave}), 'replayed', 'and nobody else');

# Two who have the right code and are both prepared: the second waits before it can be.
is(prepare('first', 'erin', $code{erin}), 'accepted', 'the first of two is prepared');
hold_until_waiting($node, $session, 'BEGIN; ' . attempt_sql('erin', $code{erin}), "wait_event_type = 'Lock'");
value($node, "COMMIT PREPARED 'first'");
like($session->query_until(qr/ended/, ''), qr/\|replayed$/m, 'the second is told that it is a replay');
$session->query_safe("PREPARE TRANSACTION 'second'");
value($node, "COMMIT PREPARED 'second'");
is(value($node, "SELECT count(*) FROM otp_event WHERE user_id = 'erin' AND event = 'accepted'"), 1, 'and there is one acceptance');

# A proxy gives each transaction any session, with whatever the one before left there: prepared
# statements, an aborted transaction, DISCARD ALL.
my @pool = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;
my $turn = 0;
my $ask = sub { $pool[ $turn++ % @pool ]->query(shift) };

$_->query_safe("PREPARE guess (text, text) AS SELECT (otp_attempt(\$1, \$2)).reason") for @pool;
is($ask->("BEGIN; SELECT otp_verify('frank', '$wrong[0]'); SELECT 1/0; ROLLBACK"), 'f', 'a session fails after a wrong guess');
is($ask->("EXECUTE guess('frank', '$wrong[1]')"), 'wrong', 'the next session has the next guess');
is($ask->("EXECUTE guess('frank', '$wrong[2]'); DISCARD ALL"), 'wrong', 'as has the next, which is then cleared');
is($ask->("BEGIN; EXECUTE guess('frank', '$wrong[3]'); ROLLBACK"), 'wrong', 'the first session goes on');
is($ask->("EXECUTE guess('frank', '$wrong[4]')"), 'wrong', 'one more');
is($ask->("SELECT (otp_attempt('frank', '$code{frank}')).reason"), 'locked', 'all of them are counted together');
is(budget($node, 'frank'), 5, 'in one budget');
is($ask->("BEGIN; EXECUTE guess('grace', '$code{grace}'); ROLLBACK"), 'accepted', 'an acceptance is rolled back in one session');
is($ask->("EXECUTE guess('grace', '$code{grace}')"), 'accepted', 'and is had in another');
is($ask->("SELECT (otp_attempt('grace', '$code{grace}')).reason"), 'replayed', 'once');

# Sessions see at once what an administrator changes.
is($ask->("EXECUTE guess('alice', '$wrong[2]')"), 'wrong', 'a session knows the policy');
value($node, "UPDATE otp_policy SET max_attempts = 3 WHERE purpose = 'default'");
is($ask->("EXECUTE guess('alice', '$code{alice}')"), 'locked', 'and knows when it has been changed');

$_->quit for $session, @pool;
stop_soundly($node);
done_testing();
