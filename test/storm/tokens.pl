# The checker of the storm, as to authenticators and recovery codes.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Storm::Dice;
use Storm::Doctor qw(becomes fails finds_all is_possible);
use Storm::Forged;
use Test::More;

my $dice = Storm::Dice->new('tokens');
my %spare = map { $_ => $dice->code(12) } 0 .. 7;
my $who = 'token-1';

sub in_transaction
{
	my ($storm, $end, $act) = @_;

	$storm->statement(0, 'begin', 'told', isolation => 'read committed');
	$act->();
	$storm->statement(0, $end, 'told');
	return;
}

# A spare code of the first set, or of the second one.
sub spare
{
	my ($storm, $name, $set, $position, $result, %values) = @_;

	$storm->token($name, 0, 'attempt', $who, "S$set", $position, $result,
		code => $spare{ 4 * ($set - 1) + $position }, %values);
	return;
}

# What happened: an authenticator is enrolled, confirmed, used, used and rolled back, used ahead, resynchronised, spent at once
# and rolled back; so are recovery codes; a second set takes the place of the first one, and the authenticator is revoked.
sub faultless
{
	my $storm = Storm::Forged->new;
	my $guess = sub { my ($name, $position, $result, %values) = @_;
		$storm->token($name, 0, 'attempt', $who, 'K', $position, $result, %values) };

	$storm->line('controller', 'begun', seed => 1);
	$storm->line('session-0.0', 'connect');
	$storm->token('e', 0, 'enroll', $who, 'K', 0, 1, id => 'hotp', kept => 1);
	$guess->('early', 0, 'no_code');
	$storm->token('c', 0, 'confirm', $who, 'K', 0, 'accepted', id => 1, kept => 1);
	in_transaction($storm, 'rollback', sub { $guess->('n1 undone', 1, 'accepted') });
	$guess->('n1', 1, 'accepted', kept => 1);
	$guess->('r1', 1, 'replayed', charged => 1);
	$guess->('r1 again', 1, 'replayed');
	$guess->('n5', 5, 'accepted', kept => 1);
	$guess->('r1 at another state', 1, 'replayed', charged => 1);
	$guess->('n3', 3, 'replayed', charged => 1);
	$guess->('n40', 40, 'wrong', charged => 1);
	$storm->token('sync', 0, 'resync', $who, 'K', 31, 'accepted', id => 1, code => 'two', kept => 1);
	$storm->token('sync back', 0, 'resync', $who, 'K', 31, 'replayed', id => 1, code => 'two', charged => 1);
	in_transaction($storm, 'rollback', sub { $guess->('o32', 32, 'accepted', purpose => 'at_once', at_once => 1) });
	$guess->('r32', 32, 'replayed', charged => 1);
	in_transaction($storm, 'rollback', sub {
		$guess->('n33 undone', 33, 'accepted');
		$guess->('o34 undone', 34, 'accepted', purpose => 'at_once');
	});
	$guess->('n33', 33, 'accepted', kept => 1);

	$storm->token('s1', 0, 'recovery', $who, 'S1', 0, join('+', @spare{ 0 .. 3 }), kept => 1);
	spare($storm, 'a0', 1, 0, 'accepted', kept => 1);
	spare($storm, 'ra0', 1, 0, 'replayed', charged => 1);
	in_transaction($storm, 'rollback', sub { spare($storm, 'o1', 1, 1, 'accepted', purpose => 'at_once', at_once => 1) });
	spare($storm, 'ro1', 1, 1, 'replayed', charged => 1);
	in_transaction($storm, 'rollback', sub { spare($storm, 'a2 undone', 1, 2, 'accepted') });
	$storm->token('s2', 0, 'recovery', $who, 'S2', 0, join('+', @spare{ 4 .. 7 }), kept => 1);
	spare($storm, 'old', 1, 2, 'wrong', charged => 1);
	$storm->token('gone', 0, 'revoke', $who, 'K', 0, 'true', id => 1, kept => 1);
	$guess->('n34', 34, 'no_code');
	$storm->line('controller', 'over');
	$storm->line('session-final.0', 'connect');
	$storm->token('final.1', 'final', 'attempt', $who, 'S2', 0, 'accepted', code => $spare{4}, kept => 1);
	return $storm;
}

# The call is accepted, by all that there is.
sub is_accepted
{
	my ($storm, $name, $event) = @_;
	my $ask = $storm->find('ask', $name);

	becomes($storm, $name, 'accepted');
	$storm->find('events', $name)->{event} = $event // 'accepted';
	push @{ $storm->{effects} },
	  { seq => ++$storm->{seq}, map { $_ => $ask->{$_} } qw(op call who purpose context code) };
	return;
}

my $total = sub { my ($storm, $more) = @_; $storm->{budgets}{$who}{total} += $more };

finds_all(\&faultless,
	[ 'a position is accepted twice, by what was told', sub { becomes($_[0], 'r1', 'accepted') }, 'P2', qr/accepted twice/ ],
	[ 'a position is accepted twice, by the trail', sub { is_accepted($_[0], 'r1') }, 'P2', qr/position 1 is accepted after 1/ ],
	[ 'a position is accepted after a greater one', sub { is_accepted($_[0], 'n3') }, 'P2', qr/position 3 is accepted after 5/ ],
	[ 'a position is accepted that was spent at once', sub { is_accepted($_[0], 'r32') }, 'P2', qr/position 32 is accepted after 32/ ],
	[ 'the same, by what was told', sub { becomes($_[0], 'r32', 'accepted') }, 'P2', qr/accepted twice/ ],
	[ 'an acceptance that is rolled back is of a position that was spent',
		sub { $_[0]->find('ask', 'n33 undone')->{context} = 'K/32/' },
		'P2', qr/accepted is none that could be: replayed/ ],
	[ 'a resynchronisation goes back',
		sub { is_accepted($_[0], 'sync back', 'resynced') },
		'P2', qr/position 31 is accepted after 31/ ],
	[ 'an authenticator is used before it is confirmed', sub { is_accepted($_[0], 'early') }, 'P2', qr/accepted that is pending/ ],
	[ 'an authenticator is used after it was revoked', sub { is_accepted($_[0], 'n34') }, 'P2', qr/accepted that is gone/ ],
	[ 'an enrolment is confirmed twice',
		sub { $_[0]->find('ask', 'n1')->{call} = 'confirm'; $_[0]->find('events', 'n1')->{event} = 'confirmed' },
		'P2', qr/accepted that is active/ ],
	[ 'a position beyond the window is accepted', sub { is_accepted($_[0], 'n40') }, 'P2', qr/accepted is none that could be: wrong/ ],
	[ 'a recovery code is accepted twice', sub { is_accepted($_[0], 'ra0') }, 'P2', qr/recovery code is accepted twice/ ],
	[ 'a recovery code is accepted that was spent at once', sub { is_accepted($_[0], 'ro1') }, 'P2', qr/recovery code is accepted twice/ ],
	[ 'a recovery code of the last set is accepted', sub { is_accepted($_[0], 'old') }, 'P2', qr/of another set/ ],
	[ 'in the end the verdict is another',
		sub { becomes($_[0], 'final.1', 'replayed'); $_[0]->remove('effects', 'final.1') },
		'P3', qr/replayed is none that could be: accepted/ ],

	[ 'an acceptance that committed has no effect',
		sub { $_[0]->remove($_, 'n1') for qw(effects events) },
		'P1', qr/effect is lost/ ],
	[ 'an enrolment that committed is not there',
		sub { $_[0]->remove($_, 'e') for qw(effects events) },
		'P1', qr/enroll committed, and its effect is lost/ ],
	[ 'a position is spent by a transaction that was rolled back',
		sub { becomes($_[0], 'n1', 'replayed'); $_[0]->remove('effects', 'n1') },
		'P3', qr/replayed is none that could be: accepted/ ],
	[ 'a recovery code is spent by a transaction that was rolled back',
		sub { $_[0]->find('ask', 'ra0')->{context} = 'S1/2/' },
		'P3', qr/replayed is none that could be: accepted/ ],
	[ 'the trail tells of an acceptance that was rolled back',
		sub { push @{ $_[0]{events} }, { %{ $_[0]->find('events', 'n1') }, op => 'n1 undone' } },
		'P1', qr/has what has no effect: accepted/ ],
	[ 'what is spent at once is so for a row that the transaction itself has changed',
		sub { push @{ $_[0]{events} }, { %{ $_[0]->find('events', 'o32') }, op => 'o34 undone' } },
		'P1', qr/has what has no effect: accepted/ ],
	[ 'what was spent at once is not in the trail', sub { $_[0]->remove('events', 'o32') }, 'P1', qr/spent at once, and the trail/ ],
	[ 'what was spent at once is not spent',
		sub { $_[0]->remove('events', 'o32'); is_accepted($_[0], 'r32') },
		'P2', qr/accepted twice/ ],
	[ 'a recovery code that was spent at once is not in the trail',
		sub { $_[0]->remove('events', 'o1') },
		'P1', qr/spent at once, and the trail/ ],
	[ 'a refused resynchronisation is not in the trail',
		sub { $_[0]->remove('events', 'sync back') },
		'P1', qr/rejection was told, and is not in the trail/ ],

	[ 'a charge is lost', sub { $total->($_[0], -1) }, 'P1', qr/of 9 wrong guesses in the trail only 8/ ],
	[ 'a guess is charged again although nothing has changed', sub { $total->($_[0], 1) }, 'P1', qr/10 guesses are counted/ ],
	[ 'the charge of a resynchronisation does not count',
		sub { $_[0]{budgets}{$who}{level} -= 1 },
		'P3', qr/level is/ ],
	[ 'a position within the window is wrong',
		sub { becomes($_[0], 'n5', 'wrong'); $_[0]->remove('effects', 'n5'); $total->($_[0], 1) },
		'P3', qr/wrong is none that could be: accepted/ ],
	[ 'a replay is not told from a wrong code', sub { becomes($_[0], 'r1', 'wrong') }, 'P3', qr/wrong is none that could be: replayed/ ],
	[ 'there is something to guess at, and the answer denies it',
		sub { becomes($_[0], 'n40', 'no_code') },
		'P3', qr/no_code is none that could be: wrong/ ],
	[ 'there is nothing to guess at, and a guess is charged',
		sub { becomes($_[0], 'n34', 'wrong'); $total->($_[0], 1) },
		'P3', qr/wrong is none that could be: no_code/ ],
	[ 'a user is locked without a reason, and only the trail says so',
		sub { $_[0]->find('events', 'sync back')->{reason} = 'locked'; $total->($_[0], -1) },
		'P3', qr/locked without a reason/ ],
	[ 'an answer is not documented', sub { $_[0]->find('told', 'sync')->{a0} = 'maybe' }, 'answers', qr/resync answers maybe/ ],
	[ 'a set has a code too few', sub { $_[0]->find('told', 's2')->{a0} = join '+', @spare{ 4 .. 6 } }, 'answers', qr/recovery answers/ ],
);

# The server died between spending it at once and the trail, or before.
for my $verdict (qw(replayed accepted))
{
	is_possible(\&faultless, "nobody was told what was spent at once, and then it is $verdict", sub {
		my ($storm) = @_;
		my $told = $storm->find('told', 'o32');

		@$told{qw(kind state a0)} = ('lost', '57P01', undef);
		$storm->remove('events', 'o32');
		return if $verdict eq 'replayed';
		is_accepted($storm, 'r32');
		my $budget = { total => 0, level => 0, last => 0 };
		$budget = Storm::Rules::charge($budget, $_)
		  for sort map { $storm->find('events', $_)->{at} } 'r1', 'r1 at another state', 'n3', 'n40', 'sync back', 'ra0', 'ro1', 'old';
		$storm->{budgets}{$who} = $budget;
	});
}
done_testing();
