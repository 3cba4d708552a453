# The budget of each user, reckoned again from the trail: which guesses were charged, when the user was in a delay,
# and how many guesses each code has borne.

package Storm::Guesses;

use strict;
use warnings FATAL => 'all';

use List::Util qw(min);
use Storm::Rules;
use Storm::TokenStates;

use constant REMEMBERED => 8;
use constant NEVER => 9e18;

# new(HISTORY, STATES, TOKENS, BLAME)
sub new
{
	my ($class, $history, $states, $tokens, $blame) = @_;
	my $self = bless { history => $history, states => $states, tokens => $tokens, blame => $blame, users => {}, exact => 0 }, $class;
	my (%events, %unknown, %unlocks);

	push @{ $events{ $_->{who} } }, $_ for grep { $history->{ops}{ $_->{op} } } @{ $history->{events} };
	for my $op (values %{ $history->{ops} })
	{
		push @{ $unknown{ $op->{who} } }, $op if _may_be_charged_unseen($op);
		push @{ $unlocks{ $op->{who} } }, $op if $op->{call} eq 'unlock' && ($op->{answer} // 'true') eq 'true';
	}
	for my $who (sort keys %{ { %events, %unknown, %{ $history->{budgets} } } })
	{
		my $user = $self->{users}{$who} = { who => $who, unknown => $unknown{$who} // [], unlocks => $unlocks{$who} // [] };
		$self->_classify($user, $events{$who} // []);
		$self->_resolve($user);
		$self->_replay($user, $events{$who} // []);
	}
	return $self;
}

# Calls that are guesses.
sub _is_guess
{
	my ($op) = @_;

	return $op->{call} =~ /^(attempt|confirm|resync)$/;
}

# A crash can come between a charge and its row of the trail, and so can another session that dooms the transaction.
sub _may_be_charged_unseen
{
	my ($op) = @_;

	return _is_guess($op) && !$op->{event} && $op->{deed} ne 'malformed' && Storm::TokenStates::dies_unseen($op);
}

# What a guess was aimed at, if there can be no doubt: the code, or the state of tokens.
sub _aim
{
	my ($self, $op, $reason) = @_;

	return $self->{tokens}->aim($op) if $op->{token};
	return $op->{code} if $reason eq 'replayed';
	my %code = map { $_->{code} => 1 } grep { $_->{code} } $self->{states}->candidates($op);
	return keys %code == 1 ? (keys %code)[0] : undef;
}

# Charges of a user, in order: {at, op, sure}.
sub _classify
{
	my ($self, $user, $events) = @_;
	my (@charges, %prior);

	for my $event (@$events)
	{
		my $reason = $event->{reason} // next;
		next unless $reason eq 'wrong' || $reason eq 'replayed';
		my $op = $self->{history}{ops}{ $event->{op} };
		my $charge = {
			at => $event->{at}, op => $op, aim => $self->_aim($op, $reason), index => scalar @charges, sure => 1
		};
		my $guess = join ' ', $op->{purpose}, $op->{context}, $op->{code};
		my $free = 0;

		$charge->{sure} = 0 if _may_have_been_charged_before($user, $op, $event);
		for my $before (@{ $prior{$guess} // [] })
		{
			my @after = @charges[ $before->{index} + 1 .. $#charges ];
			next if REMEMBERED <= grep { $_->{sure} } @after;
			my $aims = defined $charge->{aim} && defined $before->{aim};
			next if $aims && $charge->{aim} ne $before->{aim};
			if ($aims && $before->{sure} && @after < REMEMBERED) { $free = 1 }
			else { $charge->{sure} = 0 }
		}
		next if $free;
		$event->{charge} = $charge;
		push @charges, $charge;
		push @{ $prior{$guess} }, $charge;
	}
	$user->{charges} = \@charges;
	return;
}

# Can the same guess have been charged for a call that the trail does not have?  Then this one was free.
sub _may_have_been_charged_before
{
	my ($user, $op, $event) = @_;

	return scalar grep {
		my $unseen = $_;
		$unseen->{asked} < $event->{at} && !grep { $unseen->{$_} ne $op->{$_} } qw(purpose context code)
	} @{ $user->{unknown} };
}

# The total says which of the charges that are in doubt there were, if it was none or all.
sub _resolve
{
	my ($self, $user) = @_;
	my $total = ($self->{history}{budgets}{ $user->{who} } // { total => 0 })->{total};
	my @sure = grep { $_->{sure} } @{ $user->{charges} };
	my @doubtful = grep { !$_->{sure} } @{ $user->{charges} };
	my $rest = $total - @sure;

	$user->{doubt_from} = NEVER;
	my $most = @doubtful + @{ $user->{unknown} };

	$self->{blame}->('P1', "$user->{who}: of " . @sure . " wrong guesses in the trail only $total are counted",
		map { $_->{op} } @sure)
	  if $rest < 0;
	$self->{blame}->('P1', "$user->{who}: $total guesses are counted, but at most " . (@sure + $most) . ' were made')
	  if $rest > $most;
	if ($rest <= 0) { $user->{charges} = \@sure }
	elsif ($rest == @doubtful && !@{ $user->{unknown} }) { $_->{sure} = 1 for @doubtful }
	else { $user->{doubt_from} = min(map({ $_->{at} } @doubtful), map { $_->{asked} } @{ $user->{unknown} }) // 0 }
	$user->{doubt_from} = min($user->{doubt_from}, map { $_->{asked} } grep { !_is_sure_unlock($_, $user) } @{ $user->{unlocks} });
	$self->{exact}++ if $user->{doubt_from} == NEVER;
	$user->{charged} = { map { $_->{op}{id} => $_ } @{ $user->{charges} } };
	return;
}

# Is it known to be done, and when as far as guesses are concerned: between its question and its row of the trail there is none?
sub _is_sure_unlock
{
	my ($unlock, $user) = @_;
	my $event = $unlock->{event} or return 0;

	return !grep { $_->{at} >= $unlock->{asked} && $_->{at} <= $event->{at} } @{ $user->{charges} };
}

# The charges of a user, in order: {at, op, sure}; and how many the trail may not have.
sub charges_of
{
	my ($self, $who) = @_;

	return @{ ($self->{users}{$who} // { charges => [] })->{charges} };
}

sub unseen
{
	my ($self, $who) = @_;

	return scalar @{ ($self->{users}{$who} // { unknown => [] })->{unknown} };
}

# Bounds of the charges of a user between two moments.
sub charges_between
{
	my ($self, $who, $least_from, $most_from, $least_until, $most_until) = @_;
	my $user = $self->{users}{$who} or return (0, 0);
	my $least = grep { $_->{sure} && $_->{at} > $least_from && $_->{at} < $least_until } @{ $user->{charges} };
	my $most = grep { $_->{at} >= $most_from && $_->{at} <= $most_until } @{ $user->{charges} };

	$most += @{ $user->{unknown} } if $user->{doubt_from} <= $most_until;
	return ($least, $most);
}

# The budget from guess to guess, without the charges that are in doubt and with them.
sub _replay
{
	my ($self, $user, $events) = @_;
	my $least = { total => 0, level => 0, last => 0 };
	my $most = $least;

	for my $event (@$events)
	{
		my $op = $self->{history}{ops}{ $event->{op} };
		my $at = $event->{at};
		my $in_doubt = $at >= $user->{doubt_from};

		# whoever asked for it before may have had it
		$least = Storm::Rules::unlocked($least) if grep { $_->{asked} < $at && $_->{asked} > $least->{last} } @{ $user->{unlocks} };
		($least, $most) = map { Storm::Rules::unlocked($_) } $least, $most if $event->{event} eq 'unlocked';
		next unless _is_guess($op);
		if (($event->{reason} // '') eq 'locked') { $self->_check_locked($op, $at, $in_doubt, $least, $most) }
		elsif ($at < Storm::Rules::delay_end($least))
		{
			$self->{blame}->('P3', "$user->{who}: a guess is judged during a delay", $op);
		}
		if (my $charge = $user->{charged}{ $op->{id} })
		{
			$least = Storm::Rules::charge($least, $at) if $charge->{sure};
			$most = Storm::Rules::charge($most, $at);
		}
		$self->_check_retry($op, $at, $most) if !$in_doubt && ($op->{answer} // '') eq 'wrong';
	}
	$self->_check_budget($user, $most) if $user->{doubt_from} == NEVER;
	return;
}

sub _check_locked
{
	my ($self, $op, $at, $in_doubt, $least, $most) = @_;

	return unless defined $op->{answer} && ($op->{retry} // 0) != Storm::Rules::NOT_BY_TIME;
	my $tells = $op->{call} eq 'attempt';
	if ($tells && !defined $op->{retry})
	{
		$self->{blame}->('P3', "$op->{who}: a code is said to be locked, although its user is", $op)
		  if $at < Storm::Rules::delay_end($least);
		return;
	}
	return if $in_doubt;
	$self->{blame}->('P3', "$op->{who} is locked without a reason", $op) if $at >= Storm::Rules::delay_end($most);
	$self->{blame}->('P3', "$op->{who} is locked until another moment than the limits say", $op)
	  if $tells && $at < Storm::Rules::delay_end($most) && $op->{retry} != Storm::Rules::delay_end($most);
	return;
}

sub _check_retry
{
	my ($self, $op, $at, $budget) = @_;
	my $end = Storm::Rules::delay_end($budget);

	return if ($op->{retry} // 0) == Storm::Rules::NOT_BY_TIME;
	$self->{blame}->('P3', "$op->{who}: the delay after a wrong guess is another than the limits say", $op)
	  if ($op->{retry} // 0) != ($end > $at ? $end : 0);
	return;
}

sub _check_budget
{
	my ($self, $user, $reckoned) = @_;
	my $row = $self->{history}{budgets}{ $user->{who} } or return;

	return if $row->{total} != $reckoned->{total} || $row->{total} == 0;
	$self->{blame}->('P3', "$user->{who}: the level is $row->{level}, but $reckoned->{level} by the trail")
	  if abs($row->{level} - $reckoned->{level}) > 2e-6;
	$self->{blame}->('P3', "$user->{who}: the last guess is of another moment than by the trail")
	  if $row->{last} != $reckoned->{last};
	return;
}

1;
