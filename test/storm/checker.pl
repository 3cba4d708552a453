# The checker of the storm: it has nothing to say against a record of faultless work, and finds each thing that is
# changed in it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Storm::Checker;
use Storm::Dice;
use Storm::Doctor qw(becomes fails finds_all is_possible violations);
use Storm::Forged;
use Storm::Report;
use Storm::Rules;
use Test::More;

my $dice = Storm::Dice->new('checker');
my %code = map { $_ => $dice->code(12) } 1 .. 8;
my @wrong = map { $dice->code(12) } 0 .. 20;

# What happened: alice's code is guessed at, accepted and rolled back, accepted, replayed; her next one
# is cancelled, the one after that accepted in a prepared transaction, and the last by a client that vanished.  bob has
# guesses at his codes until they and then he are locked.  carol's code is too old.
sub faultless
{
	my $storm = Storm::Forged->new;

	$storm->line('controller', 'begun', seed => 1);
	$storm->line("session-$_.0", 'connect') for 0, 1;
	$storm->issue('i1', 0, 'alice', 'login', $code{1});
	$storm->op('s1', 1, 'resend', 'alice', 'login', '', undef, answer => $code{1}, event => { event => 'resent' });
	$storm->statement(0, 'begin', 'told', isolation => 'serializable');
	$storm->guess('w1', 0, 'alice', 'login', $wrong[0], 'wrong', charged => 1);
	$storm->statement(0, 'rollback', 'told');
	$storm->guess('w1 again', 0, 'alice', 'login', $wrong[0], 'wrong');
	$storm->statement(0, 'begin', 'told', isolation => 'serializable');
	$storm->statement(0, 'savepoint', 'told');
	$storm->guess('a1 undone', 0, 'alice', 'login', $code{1}, 'accepted');
	$storm->statement(0, 'back', 'told');
	$storm->statement(0, 'commit', 'told');
	$storm->guess('a1', 0, 'alice', 'login', $code{1}, 'accepted', kept => 1);
	$storm->guess('r1', 1, 'alice', 'login', $code{1}, 'replayed', charged => 1);
	$storm->guess('r1 again', 1, 'alice', 'login', $code{1}, 'replayed');
	$storm->guess('n1', 1, 'alice', 'login', $wrong[1], 'no_code');
	$storm->guess('m1', 1, 'alice', 'login', '123', 'malformed');

	$storm->issue('i2', 1, 'alice', 'login', $code{2});
	$storm->guess('w2', 1, 'alice', 'login', $wrong[0], 'wrong', charged => 1);
	$storm->op('c2', 1, 'cancel', 'alice', 'login', '', undef,
		answer => 'true', effect => 1, event => { event => 'cancelled' });
	$storm->guess('n2', 0, 'alice', 'login', $code{2}, 'no_code');

	$storm->issue('i3', 1, 'alice', 'login', $code{3});
	$storm->statement(0, 'begin', 'told', isolation => 'read committed');
	$storm->guess('a3', 0, 'alice', 'login', $code{3}, 'accepted', kept => 1);
	$storm->statement(0, 'prepare', 'told', gid => 'g');
	$storm->statement(1, 'commit_prepared', 'told', gid => 'g');

	$storm->issue('i4', 1, 'alice', 'login', $code{4});
	$storm->statement(1, 'begin', 'told', isolation => 'read committed');
	$storm->guess('a4', 1, 'alice', 'login', $code{4}, 'accepted', kept => 1);
	$storm->statement(1, 'commit', undef);

	$storm->issue('i5', 0, 'bob', 'login', $code{5});
	$storm->guess("b$_", 0, 'bob', 'login', $wrong[$_], 'wrong', charged => 1) for 1 .. 5;
	$storm->guess('b locked', 0, 'bob', 'login', $code{5}, 'locked');
	$storm->issue('i6', 0, 'bob', 'login', $code{6});
	$storm->guess("b$_", 0, 'bob', 'login', $wrong[$_], 'wrong', charged => 1) for 6 .. 10;
	$storm->issue('i7', 0, 'bob', 'login', $code{7});
	$storm->guess('b delayed', 0, 'bob', 'login', $code{7}, 'locked', retry => Storm::Rules::delay_end($storm->{budgets}{bob}));

	$storm->issue('i8', 0, 'carol', 'brief', $code{8});
	$storm->pass(10_000_000);
	$storm->guess('e8', 0, 'carol', 'brief', $code{8}, 'expired');
	$storm->line('controller', 'over');
	$storm->line('session-final.0', 'connect');
	$storm->guess('final.1', 'final', 'bob', 'login', $code{7}, 'accepted', kept => 1);
	$storm->guess('final.2', 'final', 'alice', 'login', $code{4}, 'replayed', charged => 1);
	return $storm;
}

# An effect and its row of the trail, as if the operation had committed; the last one, or behind that of another.
sub has_effect
{
	my ($storm, $op, $before) = @_;
	my $ask = $storm->find('ask', $op);
	my $seq = $before ? $storm->find('effects', $before)->{seq} + 0.5 : $storm->{seq} + 1;

	$storm->remove('events', $op);
	push @{ $storm->{events} }, { at => $ask->{time} + 100, event => 'accepted', map { $_ => $ask->{$_} } qw(op who purpose) };
	push @{ $storm->{effects} },
	  { seq => $seq, call => 'attempt', map { $_ => $ask->{$_} } qw(op who purpose context code) };
	return;
}

# What nobody may overlook: how the record is changed, the promise that is broken, and what is said of it.
my @doctored = (
	[ 'a code is accepted twice, by what was told',
		sub { becomes($_[0], 'r1', 'accepted') },
		'P2', qr/accepted twice/ ],
	[ 'a code is accepted twice, by its effects',
		sub { has_effect($_[0], 'r1') },
		'P2', qr/although the code of its user and purpose is spent/ ],
	[ 'a code is accepted after another has taken its place',
		sub { $_[0]->find($_, 'a3')->{code} = $code{2} for qw(effects ask) },
		'P2', qr/another code is accepted/ ],
	[ 'a cancelled code is accepted',
		sub { becomes($_[0], 'n2', 'accepted'); has_effect($_[0], 'n2', 'c2') },
		'P2', qr/is cancelled/ ],
	[ 'a code that is spent is accepted, and rolled back',
		sub { $_[0]->find('ask', 'a1 undone')->{code} = $wrong[3] },
		'P2', qr/accepted is none that could be/ ],

	[ 'a code is sent again that is not live',
		sub { $_[0]->find('told', 's1')->{a0} = $code{2} },
		'P2', qr/sent again/ ],

	[ 'an acceptance that committed has no effect',
		sub { $_[0]->remove($_, 'a1') for qw(effects events) },
		'P1', qr/effect is lost/ ],
	[ 'an acceptance that was prepared and committed has no effect',
		sub { $_[0]->remove($_, 'a3') for qw(effects events) },
		'P1', qr/effect is lost/ ],
	[ 'a code that committed is not there',
		sub { $_[0]->remove($_, 'i7') for qw(effects events) },
		'P1', qr/effect is lost/ ],
	[ 'an acceptance that was rolled back has an effect',
		sub { has_effect($_[0], 'a1 undone') },
		'P1', qr/undone, and its effect is there/ ],
	[ 'a refusal has an effect', sub { has_effect($_[0], 'n1') }, 'P1', qr/was told no_code/ ],
	[ 'an effect belongs to nobody',
		sub { $_[0]->find('effects', 'a4')->{op} = 'nobody' },
		'P1', qr/effect of no operation/ ],
	[ 'a code is spent by a transaction that was rolled back',
		sub { becomes($_[0], 'a1', 'replayed'); $_[0]->remove($_, 'a1') for qw(effects events) },
		'P3', qr/replayed is none that could be: accepted/ ],
	[ 'a code is live although its acceptance committed',
		sub { becomes($_[0], 'final.2', 'wrong') },
		'P3', qr/wrong is none that could be: replayed/ ],
	[ 'the row of a code is live, although it was accepted',
		sub { $_[0]{challenges}{'alice login'} = 'l' },
		'P1', qr/row is l/ ],
	[ 'the row of a code is gone', sub { delete $_[0]{challenges}{'carol brief'} }, 'P1', qr/row is nothing/ ],
	[ 'an acceptance is not in the trail',
		sub { $_[0]->remove('events', 'a1') },
		'P1', qr/trail has an effect as nothing/ ],
	[ 'an acceptance that was rolled back is in the trail',
		sub { push @{ $_[0]{events} }, { %{ $_[0]->find('events', 'a1') }, op => 'a1 undone' } },
		'P1', qr/has what has no effect: accepted/ ],

	[ 'a charge is lost', sub { $_[0]{budgets}{bob}{total}-- }, 'P1', qr/of 10 wrong guesses in the trail only 9/ ],
	[ 'all charges are lost',
		sub { delete $_[0]{budgets}{bob} },
		'P1', qr/distinct wrong guesses, and 0 are counted/ ],
	[ 'a charge is lost, and its row of the trail',
		sub { $_[0]{budgets}{bob}{total}--; $_[0]->remove('events', 'b5') },
		'P1', qr/rejection was told, wrong, and is not in the trail/ ],
	[ 'a rejection is not in the trail',
		sub { $_[0]->remove('events', 'r1') },
		'P1', qr/rejection was told, replayed/ ],
	[ 'a guess is charged that nobody made',
		sub { $_[0]{budgets}{bob}{total}++ },
		'P1', qr/11 guesses are counted, but at most 10/ ],
	[ 'the same guess is charged twice',
		sub { $_[0]{budgets}{alice}{total}++ },
		'P1', qr/guesses are counted, but at most/ ],
	[ 'the trail tells of nobody',
		sub { $_[0]->find('events', 'n1')->{op} = 'nobody' },
		'P1', qr/what nobody did/ ],
	[ 'the trail tells of someone else',
		sub { $_[0]->find('events', 'n1')->{who} = 'bob' },
		'P1', qr/another user/ ],
	[ 'the trail tells of a call twice',
		sub { push @{ $_[0]{events} }, { %{ $_[0]->find('events', 'n1') } } },
		'P1', qr/of a call twice/ ],

	[ 'a code bears one guess more',
		sub { becomes($_[0], 'b locked', 'wrong'); $_[0]{budgets}{bob}{total}++ },
		'P3', qr/wrong is none that could be: locked/ ],
	[ 'the right code is accepted after that',
		sub { becomes($_[0], 'b locked', 'accepted') },
		'P2', qr/accepted is none that could be: locked/ ],
	[ 'a guess is judged during a delay',
		sub { becomes($_[0], 'b delayed', 'wrong', a2 => undef) },
		'P3', qr/judged during a delay/ ],
	[ 'a guess is accepted during a delay',
		sub { has_effect($_[0], 'b delayed') },
		'P3', qr/judged during a delay/ ],
	[ 'the code is said to be locked, not the user',
		sub { $_[0]->find('told', 'b delayed')->{a2} = undef },
		'P3', qr/although its user is/ ],
	[ 'a user is locked without a reason',
		sub { becomes($_[0], 'n1', 'locked', a2 => $_[0]{now}) },
		'P3', qr/locked without a reason/ ],
	[ 'a code is locked without a reason',
		sub { becomes($_[0], 'b5', 'locked') },
		'P3', qr/locked is none that could be: wrong/ ],
	[ 'a user is locked for too long',
		sub { $_[0]->find('told', 'b delayed')->{a2}++ },
		'P3', qr/another moment/ ],
	[ 'the delay after a guess is not told',
		sub { $_[0]->find('told', 'b10')->{a2} = undef },
		'P3', qr/delay after a wrong guess/ ],
	[ 'the level is another', sub { $_[0]{budgets}{bob}{level} -= 1 }, 'P3', qr/level is/ ],
	[ 'the last guess was at another time',
		sub { $_[0]{budgets}{bob}{last} -= 1 },
		'P3', qr/another moment than by the trail/ ],
	[ 'a live code is none', sub { becomes($_[0], 'b1', 'no_code') }, 'P3', qr/no_code is none that could be/ ],
	[ 'a live code is too old',
		sub { becomes($_[0], 'b1', 'expired') },
		'P3', qr/expired is none that could be/ ],
	[ 'an old code is judged',
		sub { becomes($_[0], 'e8', 'wrong') },
		'P3', qr/wrong is none that could be: expired/ ],

	[ 'an answer is not documented',
		sub { becomes($_[0], 'n1', 'maybe') },
		'answers', qr/attempt answers maybe/ ],
	[ 'a code is none', sub { $_[0]->find('told', 'i8')->{a0} = '' }, 'answers', qr/issue answers/ ],
	[ 'an error is not documented',
		sub { fails($_[0], 'n1', 'OT005') },
		'answers', qr/fails with OT005/ ],
	[ 'a prepared transaction is not there, for a deed',
		sub { fails($_[0], 'n1', '42704') },
		'answers', qr/fails with 42704/ ],
	[ 'a session breaks',
		sub { $_[0]->line('controller', 'broken', text => 'reason') },
		'answers', qr/session broke/ ],
);

finds_all(\&faultless, @doctored);

# What is no violation: nobody knows how these ended.
sub a4_is_lost
{
	my ($storm) = @_;

	$storm->remove($_, 'a4') for qw(effects events);
	$storm->{challenges}{'alice login'} = 'l';
	$storm->find('ask', 'final.2')->{code} = $wrong[5];
	becomes($storm, 'final.2', 'wrong');
	return;
}

# w1's verdict was told although a cancel had ended the wait for the mirror, which took over then without it.
sub w1_is_lost
{
	my ($storm, $local, $mirrored) = @_;
	my $told = $storm->find('told', 'w1');

	$told->{local} = $local;
	push @{ $storm->{lines} },
	  { file => 'controller', kind => 'mirrored', time => $told->{time}, since => $told->{time} + $mirrored },
	  { file => 'controller', kind => 'dead', time => $told->{time} + 50 };
	$storm->remove('events', 'w1');
	# the next one is then the first
	$storm->{budgets}{alice} = { total => 0, level => 0, last => 0 };
	$storm->{budgets}{alice} = Storm::Rules::charge($storm->{budgets}{alice}, $storm->find('events', $_)->{at})
	  for 'w1 again', 'r1', 'w2', 'final.2';
	return;
}

is_possible(\&faultless, 'a client vanishes while it commits, and the commit fails', \&a4_is_lost);
is_possible(\&faultless, 'a charge comes to an error before the trail has its row: the transaction is doomed', sub {
	fails($_[0], 'b10', '40001');
	$_[0]->remove('events', 'b10');
});
is_possible(\&faultless, 'a mirror without the last cancelled guess takes over', sub { w1_is_lost($_[0], 1, -10) });
my $storm = faultless();
w1_is_lost($storm, 1, 10);
ok((grep { $_->{text} =~ /is not in the trail/ } violations($storm)), 'found: a guess is lost that the mirror has had');
$storm = faultless();
w1_is_lost($storm, undef, -10);
ok((grep { $_->{text} =~ /is not in the trail/ } violations($storm)), 'found: a guess is lost whose session has waited for the mirror');

# What is shown of it.
$storm = faultless();
becomes($storm, 'r1', 'accepted');
my $directory = $storm->directory;
like(Storm::Report::violations(Storm::Checker->check($directory), $directory),
	qr/^# P2: a code was accepted twice \(after [0-9.]+ s\)
(#     session-0\.0\.record: \d+ (ask|told) .*\n){2}(#     session-1\.0\.record: \d+ (ask|told) .*\n){2}/m,
	'a violation is shown with its lines of the record');

done_testing();
