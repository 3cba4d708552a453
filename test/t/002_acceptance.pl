# Many clients have the right code at once: of all transactions that commit, one accepted it.
# Requirements: 3, 16.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use Test::More;

use constant CLIENTS => 32;
use constant ROUNDS => 20;

srand(2);

# How a transaction ends.  The reasons that it was told of are told with that.
my %ends = (
	committed => 'COMMIT;',
	rolled_back => 'ROLLBACK;',
	to_savepoint => "ROLLBACK TO s;\nCOMMIT;");

my $node = new_node('acceptance');

# One transaction of a client: if the code is accepted, the money moves.
sub transaction
{
	my ($level, $user, $code, $end) = @_;

	return qq{
\\set reason none
\\set pays off
BEGIN ISOLATION LEVEL $level;
SAVEPOINT s;
SELECT (otp_attempt('$user', '$code')).reason \\gset
SELECT :'reason' = 'accepted' AS pays \\gset
\\if :pays
INSERT INTO payment VALUES ('$user');
\\endif
$ends{$end}
SELECT '$user', '$code', '${end}_' || :'reason';
};
}

# race(LEVEL, NAME, END …): 32 clients have the codes of some users; everyone ends his
# transactions in one of the ways.  Returns the users with their codes, what was told of
# each, and the errors.
sub race
{
	my ($level, $name, @ends) = @_;
	my %code = issue_all($node, map { "$name $_" } 1 .. ROUNDS);
	my (@scripts, %told);

	for my $client (1 .. CLIENTS)
	{
		push @scripts, join '', $GO,
		  map { transaction($level, $_, $code{$_}, $ends[ rand @ends ]) } sort keys %code;
	}
	my ($out, $err) = run_clients($node, @scripts);
	$told{ $_->[0] }{ $_->[2] }++ for told(@$out);
	return (\%code, \%told, $err);
}

sub payments
{
	my ($name) = @_;

	return value($node,
		"SELECT count(*), count(DISTINCT user_id) FROM payment WHERE user_id LIKE '$name %'");
}

sub spent
{
	my ($name) = @_;

	return value($node, "SELECT count(*) FROM otp_challenge WHERE user_id LIKE '$name %' AND state = 's'");
}

sub accepted_events
{
	my ($name) = @_;

	return value($node, "SELECT count(*) FROM otp_event WHERE user_id LIKE '$name %' AND event = 'accepted'");
}

# Requirements 3, 11, 16.  Nobody undoes anything.
for my $level ('READ COMMITTED', 'REPEATABLE READ')
{
	my ($code, $told, $err) = race($level, $level, 'committed');
	is_deeply([ values %$told ],
		[ map { { committed_accepted => 1, committed_replayed => CLIENTS - 1 } } 1 .. ROUNDS ],
		"$level: every code is accepted for one client, and a replay for all others");
	is($err, '', "$level: without an error");
	is(payments($level), ROUNDS . '|' . ROUNDS, "$level: one payment per code commits");
	is(spent($level), ROUNDS, "$level: every code is spent");
	is(accepted_events($level), ROUNDS, "$level: the trail tells of one acceptance per code");
}

# SERIALIZABLE may say 40001 instead, and undo an acceptance that it told of; and so do those who
# undo what they were told.
for my $case (
	[ 'SERIALIZABLE', 'all commit', 'committed' ],
	[ 'READ COMMITTED', 'some undo', sort keys %ends ],
	[ 'REPEATABLE READ', 'some undo', sort keys %ends ],
	[ 'SERIALIZABLE', 'some undo', sort keys %ends ])
{
	my ($level, $how, @ends) = @$case;
	my $name = "$level, $how";
	my ($code, $told, $err) = race($level, $name, @ends);
	my $expected = $level eq 'SERIALIZABLE' ? qr/ERROR:  40001$/ : qr/(?!)/;

	is_deeply([ grep { !/$expected/ && !/ERROR:  25P02$/ } split /\n/, $err ],
		[], "$name: nothing but a verdict" . ($level eq 'SERIALIZABLE' ? ' and 40001' : '') . ' is told');
	my ($committed, $users) = split /\|/, payments($name);
	is($committed, $users, "$name: no code pays twice");
	is(spent($name), $users, "$name: a code is spent if it paid, and only then");
	is(accepted_events($name), $users, "$name: the trail tells of an acceptance if it paid");

	# Whoever comes last gets what nobody has.
	my %paid = map { $_ => 1 } split /\n/, value($node, 'SELECT DISTINCT user_id FROM payment');
	is_deeply(
		{ attempt_all($node, %$code) },
		{ map { $_ => $paid{$_} ? 'replayed' : 'accepted' } keys %$code },
		"$name: a code that did not pay is accepted later, a code that did is a replay");
	is(spent($name), ROUNDS, "$name: then every code is spent");
}

# Requirement 5.  A user's first codes, all issued at the same time: one of them is live.
my ($out, $err) = run_clients($node, ("${GO}SELECT otp_issue('first');\n") x CLIENTS);
my %issued = map { $_ => 1 } map { /^(\d{6})$/mg } @$out;
is($err, '', 'codes can be issued for one user at once');
is(value($node, "SELECT count(*) FROM otp_challenge WHERE user_id = 'first'"), 1, 'the user has one row');
my $live = value($node, "SELECT otp_resend('first')");
ok($issued{$live}, 'the live code is one of those that were issued');
is(attempt($node, 'first', (grep { $_ ne $live } keys %issued)[0]), 'wrong', 'another of them is wrong');
is(attempt($node, 'first', $live), 'accepted', 'the live code is accepted');

stop_soundly($node);
done_testing();
