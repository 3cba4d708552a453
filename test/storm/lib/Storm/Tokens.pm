# The promises about authenticators and recovery codes.

package Storm::Tokens;

use strict;
use warnings FATAL => 'all';

use Storm::Rules;
use Storm::Token qw(%KIND time_step);
use Storm::TokenDeed;
use Storm::TokenStates;

use constant NEVER => 9e18;

# Counters behind the last one that are told from wrong codes.
use constant LOOK_BACK => 10;

# new(HISTORY, BLAME)
sub new
{
	my ($class, $history, $blame) = @_;
	my @ops = sort { $a->{asked} <=> $b->{asked} } grep { $_->{token} } values %{ $history->{ops} };

	return bless {
		history => $history,
		blame => $blame,
		ops => \@ops,
		states => Storm::TokenStates->new($history, $blame)
	}, $class;
}

# All of it.
sub check
{
	my ($self) = @_;

	$self->_check_acceptances;
	$self->_check_at_once($_) for @{ $self->{ops} };
	$self->_check_verdict($_) for grep { $_->{call} =~ /^(attempt|confirm|resync)$/ } @{ $self->{ops} };
	return;
}

# A position or recovery code is accepted once among committed transactions, and whatever becomes of the transaction if it
# is spent at once; by what the sessions were told alone.
sub _check_acceptances
{
	my ($self) = @_;
	my %accepted;

	for my $op (@{ $self->{ops} })
	{
		next unless ($op->{answer} // '') eq 'accepted';
		next unless $op->{fate} eq 'committed' || Storm::TokenStates::at_once($op) && !$op->{excused};
		my $by = $accepted{"$op->{who} $op->{token}{key} $op->{token}{position}"} //= $op;
		$self->{blame}->('P2', 'a code of a token was accepted twice', $by, $op) if $by != $op;
	}
	return;
}

# What is spent at once is in the trail whatever becomes of the transaction, and what is not only if that commits.
sub _check_at_once
{
	my ($self, $op) = @_;
	my $at_once = Storm::TokenStates::at_once($op);
	my $accepted = $op->{event} && $op->{event}{event} eq 'accepted';

	$self->{blame}->('P1', 'a code was spent at once, and the trail does not tell of it', $op)
	  if $at_once && ($op->{answer} // '') eq 'accepted' && !$op->{excused} && !$accepted;
	$self->{blame}->('P1', "the trail has what has no effect: $op->{event}{event}", $op)
	  if defined $at_once && !$at_once && !$op->{effect} && $op->{event} && !defined $op->{event}{reason};
	return;
}

# Every verdict is one that the states allow which the call can have found; in the end there is one such state.
sub _check_verdict
{
	my ($self, $op) = @_;
	my $event = $op->{event};
	my $verdict = $event ? $event->{reason} // 'accepted' : $op->{answer} // return;
	my $thing = Storm::TokenStates::thing($op);

	return if $op->{adrift} || $verdict eq 'locked' || $verdict eq 'malformed' || !$event && $verdict eq 'refused';
	return if Storm::TokenStates::is_uncertain($op) || $self->{states}->is_blurred($op, $thing);
	my %possible = map { $_ => 1 } $self->_possible($op, $thing);
	$self->{blame}->($verdict eq 'accepted' ? 'P2' : 'P3',
		"the verdict $verdict is none that could be: " . join(' or ', sort keys %possible), $op)
	  unless $possible{$verdict};
	$self->{blame}->('P2', 'in the end it is not known what the token is', $op)
	  if $op->{id} =~ /^final/ && 1 != (() = $self->{states}->candidates($op, $thing));
	return;
}

# The verdicts that may be; expired only of one that has waited.
sub _possible
{
	my ($self, $op, $thing) = @_;
	my %found = map { map { $_ => 1 } _matches($op, $_) } $self->{states}->candidates($op, $thing);
	my @missed = delete $found{missed} ? $self->_missed($op, $thing) : ();

	return (@missed, keys %found);
}

# Is a code that is none of the thing's wrong, or was there nothing to guess at?
sub _missed
{
	my ($self, $op, $thing) = @_;
	my @things = $op->{call} eq 'attempt' ? $self->{states}->things($op->{who}) : $thing;
	my ($may, $must) = (0, 0);

	for my $other (@things)
	{
		next if $other eq Storm::TokenStates::SET && !Storm::TokenStates::is_recovery($op);
		my @candidates = $self->{states}->candidates($op, $other);
		my $live = grep { _is_live($op, $_) } @candidates;
		$may ||= $live > 0;
		# what is not known may be the last code of a set
		if ($self->{states}->is_blurred($op, $other)) { $may = 1 }
		else { $must ||= $live == @candidates }
	}
	return (($may ? 'wrong' : ()), ($must ? () : 'no_code'));
}

sub _is_live
{
	my ($op, $state) = @_;

	return keys %{ $state->{spent} } < Storm::TokenDeed::RECOVERY_CODES if $state->{spent};
	return $state->{state} eq ($op->{call} eq 'confirm' ? 'pending' : 'active');
}

# What a code is of a thing in a state: accepted, replayed, expired, missed; more than one if it depends on the moment.
sub _matches
{
	my ($op, $state) = @_;
	my ($position, $key) = @{ $op->{token} }{qw(position key)};

	if ($state->{spent})
	{
		return 'missed' if $state->{key} ne ($key // '') || !Storm::TokenStates::is_recovery($op);
		return $state->{spent}{$position} ? 'replayed' : 'accepted';
	}
	return 'missed' unless defined $position && _is_live($op, $state);
	my ($least, $most) = _window($op, $state, $op->{call} eq 'resync' ? $position - 1 : $position);
	my $verdict = ($op->{call} eq 'resync' ? $position - 1 : $position) <= $state->{last} ? 'replayed' : 'accepted';

	return (
		($most ? $verdict : ()),
		($least ? () : 'missed'),
		# it may have waited until it was too late
		$verdict eq 'accepted' && $KIND{ $state->{kind} }{kind} eq 'totp' ? 'expired' : ());
}

# Is a position surely within the window, and may it be?
sub _window
{
	my ($op, $state, $position) = @_;
	my $window = $op->{call} eq 'resync' ? Storm::Rules::RESYNC_WINDOW : $KIND{ $state->{kind} }{window};

	if ($KIND{ $state->{kind} }{kind} eq 'hotp')
	{
		my $back = $op->{call} eq 'resync' ? $window : LOOK_BACK;
		my $next = $state->{last} + 1;
		my $within = $position >= $next - $back && $position <= $next + $window;
		return ($within, $within);
	}
	my @times = $op->{event} ? ($op->{event}{at}) x 2 : ($op->{asked}, $op->{ended} // NEVER);
	my ($first, $last) = map { time_step($state->{kind}, $_) } @times;

	return ($position >= $last - $window && $position <= $first + $window,
		$position >= $first - $window && $position <= $last + $window);
}

# What the digest of a guess depends on beside the guess; undef if there is a doubt.
sub aim
{
	my ($self, $op) = @_;
	my $thing = Storm::TokenStates::thing($op);
	my @things = $op->{call} eq 'attempt' ? $self->{states}->things($op->{who}) : $thing;
	my @aim;

	return undef if Storm::TokenStates::is_uncertain($op);
	# it depends on the data key as well
	return undef if $self->{history}->may_be_rekeyed($op->{asked}, $op->{event}{at});
	push @aim, scalar grep { $_->[1] < $op->{asked} } @{ $self->{history}{rekeys} };
	for my $other (@things)
	{
		next if $other eq Storm::TokenStates::SET && !Storm::TokenStates::is_recovery($op);
		return undef if $self->{states}->is_blurred($op, $other);
		my %aim = map { _digested($op, $other, $_) => 1 } $self->{states}->candidates($op, $other);
		return undef if 1 != keys %aim;
		push @aim, keys %aim;
	}
	return join ' ', @aim;
}

sub _digested
{
	my ($op, $thing, $state) = @_;

	return join '+', $state->{key}, sort keys %{ $state->{spent} } if $state->{spent};
	return '' unless _is_live($op, $state);
	my $step = $KIND{ $state->{kind} }{kind} eq 'totp' ? time_step($state->{kind}, $op->{event}{at}) : '';
	return "$thing:$state->{last}:$step";
}

1;
