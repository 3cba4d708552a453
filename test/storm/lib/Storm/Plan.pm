# What a session is going to do: a list of transactions without an end, the same for the same seed.
# It knows neither codes nor answers; who acts on it puts them in.

package Storm::Plan;

use strict;
use warnings FATAL => 'all';

use Storm::Deed qw(@DEEDS);
use Storm::Dice;
use Storm::Rules qw(%PURPOSE @GATES CODE_LENGTH);
use Storm::Token;
use Storm::LimitDeed qw(@LIMIT_DEEDS);
use Storm::TokenDeed qw(@TOKEN_DEEDS);

# Users, by how many sessions meet at them.  Hot ones are guessed at all the time and mostly locked.
# Warm ones are few at a time, and others after a moment: all sessions race for their codes.  Cold ones are many.
# Those who have authenticators and recovery codes, and no codes that are issued, change like the warm ones; so do those
# whose guesses come to a stop.
my %crowd = (hot => 2, warm => 8, cold => 300, token => 6, limited => 4);
my %deeds = (token => \@TOKEN_DEEDS, limited => \@LIMIT_DEEDS);

# of users who have codes that are issued, and no stop
my @purposes = qw(brief login transfer);

# Everything in a plan happens so often.
my @isolation = ('read committed' => 50, 'repeatable read' => 25, serializable => 25);
my @statement_timeout = (3000 => 70, 30 => 20, 5 => 10);
my @lock_timeout = (0 => 60, 300 => 20, 10 => 20);
my @frame = (alone => 33, transaction => 62, finish => 5);
my @block = ('' => 76, undone => 12, kept => 12);
my @end = (commit => 62, rollback => 22, prepare => 11, vanish => 3, leave => 2);
my @prepared = (commit => 38, rollback => 27, leave => 35);

# new(SEED, SESSION, LIFE): the plan of a session's life, after LIFE others.
sub new
{
	my ($class, $seed, $session, $life) = @_;

	return bless { dice => Storm::Dice->new('plan', $seed, $session, $life), seed => $seed, session => $session }, $class;
}

sub _deed
{
	my ($self) = @_;
	my $dice = $self->{dice};
	my $purpose = $dice->weigh(login => 50, transfer => 30, brief => 20);
	my $crowd = $dice->weigh(hot => 12, warm => 60, cold => 28, token => 40, limited => 20);
	my $deeds = $deeds{$crowd} // \@DEEDS;

	return {
		do => 'deed',
		deed => $deeds->[ $dice->weigh(map { $_ => $deeds->[$_]{share} } 0 .. $#$deeds) ]{name},
		block => $dice->weigh(@block),
		crowd => $crowd,
		slot => $dice->roll($crowd{$crowd}),
		purpose => $purpose,
		other_purpose => $dice->pick(@purposes),
		context => $dice->pick(@{ $PURPOSE{$purpose}{contexts} }),
		code => $dice->code(CODE_LENGTH),
		early => $dice->chance(20),
		malformed => $dice->pick('', '123', 'four!', undef, '2' x 33),
		_token($dice)
	};
}

# What deeds with tokens need: a new secret's name and kind, a purpose, how far ahead, a guess.
sub _token
{
	my ($dice) = @_;

	return (
		key => $dice->code(CODE_LENGTH),
		kind => $dice->weigh(hotp => 70, totp => 15, totp_brief => 15),
		gate => $dice->pick(@GATES),
		ahead => $dice->roll(6),
		other => $dice->chance(20),
		digits => join('', map { $dice->roll(10) } 1 .. Storm::Token::DIGITS));
}

# Three rushes have the same users: for their codes, for new ones, and, twice over, at their budgets.  The fourth is for
# the next positions of tokens, and for recovery codes.
my $rush_users = 6;
my @rush_users = 0 .. $rush_users - 1;
my @rush = (
	{ deeds => [ right => 60, issue => 30, wrong => 10 ], users => [@rush_users] },
	{ deeds => [ issue => 100 ], users => [@rush_users] },
	{ deeds => [ wrong => 92, again => 8 ], users => [ @rush_users, @rush_users ] },
	{ deeds => [ next => 70, spare => 30 ], users => [@rush_users], crowd => 'token' });

# What to do in the rush of that number, without a pause.
sub rush
{
	my ($self, $number) = @_;
	my $dice = Storm::Dice->new('rush', @$self{qw(seed session)}, $number);
	my $rush = $rush[ $number % @rush ];

	return map {
		{
			do => 'deed',
			deed => $dice->weigh(@{ $rush->{deeds} }),
			block => '',
			crowd => $rush->{crowd} // 'rush',
			slot => $_ + ($rush->{crowd} ? 0 : $rush_users * int($number / @rush)),
			purpose => 'login',
			other_purpose => 'brief',
			context => '',
			code => $dice->code(CODE_LENGTH),
			early => 1,
			_token($dice)
		}
	} @{ $rush->{users} };
}

# A deed, perhaps within a savepoint, and that perhaps within another.
sub _steps
{
	my ($self, $depth) = @_;
	my $dice = $self->{dice};
	my @steps = $self->_deed;

	push @steps, { do => 'pause', milliseconds => 1 + $dice->roll(15) } if $dice->chance(25);
	return @steps unless $dice->chance($depth == 0 ? 30 : 15);
	push @steps, $self->_steps($depth + 1) if $depth < 2 && $dice->chance(30);
	return ({ do => 'savepoint' }, @steps, { do => $dice->weigh(back => 50, release => 50) });
}

# The next transaction: {frame, isolation, statement_timeout, lock_timeout, steps, end, prepared, pause}.
sub next_transaction
{
	my ($self) = @_;
	my $dice = $self->{dice};
	my %plan = (
		frame => $dice->weigh(@frame),
		isolation => $dice->weigh(@isolation),
		statement_timeout => $dice->weigh(@statement_timeout),
		lock_timeout => $dice->weigh(@lock_timeout),
		pause => $dice->roll(20));

	if ($plan{frame} eq 'alone')
	{
		$plan{steps} = [ $self->_deed ];
		$plan{steps}[0]{early} = 1;
		$plan{end} = $dice->weigh(commit => 98, vanish => 2);
		return \%plan;
	}
	$plan{prepared} = $dice->weigh(@prepared);
	$plan{steps} = [ map { $self->_steps(0) } 1 .. 1 + $dice->roll(3) ];
	$plan{end} = $dice->weigh(@end);
	return \%plan;
}

1;
