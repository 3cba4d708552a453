# The codes that are issued to each user, of each purpose, one after the other, by the effects that are there: what a guess can have been
# judged against.

package Storm::States;

use strict;
use warnings FATAL => 'all';

use List::Util qw(min);

use constant NEVER => 9e18;

# new(HISTORY, BLAME): a list of states by user and purpose.  Calls BLAME with every effect that does not
# follow from the one before it: a code that is accepted twice, or although it is not the live one.
sub new
{
	my ($class, $history, $blame) = @_;
	my $self = bless { states => {}, made => {}, burnt => {}, over => $history->{over} }, $class;

	for my $op (values %{ $history->{ops} })
	{
		# a guess that was right, but had waited until its code was too old, has spent it
		$self->{burnt}{ $op->{code} } = 1 if ($op->{answer} // '') eq 'expired' && defined $op->{code};
	}
	for my $effect (@{ $history->{effects} })
	{
		my $op = $history->{ops}{ $effect->{op} };
		if (!$op)
		{
			$blame->('P1', "an effect of no operation: $effect->{op}");
			next;
		}
		$self->_add($op, $effect, $blame) unless $op->{token};
	}
	for my $states (values %{ $self->{states} })
	{
		my ($from, $to) = (NEVER, NEVER);

		# what is seen has been there before what comes after it
		for my $state (reverse @$states)
		{
			$from = $state->{from} = min($from, $state->{from});
			$to = $state->{to} = min($to, $state->{to});
		}
	}
	return $self;
}

sub _key
{
	my ($row) = @_;

	return "$row->{who} $row->{purpose}";
}

sub _add
{
	my ($self, $op, $effect, $blame) = @_;
	my $states = $self->{states}{ _key($op) } //= [ { state => 'none', from => 0, to => 0 } ];
	my $last = $states->[-1];
	my ($state, $wrong);

	if ($effect->{call} eq 'issue') { $state = _live($op, $effect->{code}) }
	elsif ($effect->{call} eq 'cancel')
	{
		$wrong = "a code is cancelled, although it is $last->{state}" if $last->{state} ne 'live';
		$state = { %$last, state => 'cancelled' };
	}
	else
	{
		$wrong = "a code is accepted, although the code of its user and purpose is $last->{state}"
		  if $last->{state} ne 'live';
		$wrong //= 'another code is accepted than the live one'
		  if $last->{code} ne $effect->{code} || $last->{context} ne $op->{context};
		$state = { %$last, state => 'spent' };
	}
	$blame->('P2', $wrong, $op, $last->{op}) if $wrong;
	$self->{made}{ $op->{id} } = @$states;
	push @$states, { %$state, op => $op, from => $op->{from} // $op->{asked}, to => $self->_surely_seen($op) };
	return;
}

# When others must see it; when all is quiet, what has been committed is seen.
sub _surely_seen
{
	my ($self, $op) = @_;
	my $to = $op->{to} // NEVER;

	return $op->{asked} < $self->{over} ? min($to, $self->{over}) : $to;
}

sub _live
{
	my ($op, $code) = @_;

	return { state => 'live', issue => $op, code => $code, context => $op->{context} };
}

# What has become of the code in the end.
sub last_state
{
	my ($self, $row) = @_;
	my $states = $self->{states}{ _key($row) } or return { state => 'none' };

	return $states->[-1];
}

sub is_burnt
{
	my ($self, $state) = @_;

	return $state->{code} && $self->{burnt}{ $state->{code} };
}

sub keys_of_all
{
	my ($self) = @_;

	return keys %{ $self->{states} };
}

# Has the operation, as far as its session was told, changed what is live?
sub has_changed
{
	my ($op) = @_;

	return 0 unless defined $op->{answer};
	return 1 if $op->{call} =~ /^(issue|enroll|recovery)$/;
	return $op->{answer} eq 'true' ? 1 : 0 if $op->{call} =~ /^(cancel|revoke)$/;
	return $op->{answer} eq 'accepted' ? 1 : 0;
}

# What the operation's own transaction has made of it, if it has.
sub _own
{
	my ($op) = @_;
	my $own;

	return unless $op->{tx};
	for my $before (@{ $op->{tx}{ops} })
	{
		last if $before->{n} >= $op->{n};
		next unless _key($before) eq _key($op) && has_changed($before);
		next if defined $before->{undone} && $before->{undone} < $op->{n};
		$own = $before;
	}
	return $own;
}

# The first state that had not surely been replaced at that time.
sub _first_at
{
	my ($states, $time) = @_;
	my ($low, $high) = (0, $#$states);

	while ($low < $high)
	{
		my $middle = int(($low + $high) / 2);
		if ($states->[ $middle + 1 ]{to} < $time) { $low = $middle + 1 }
		else { $high = $middle }
	}
	return $low;
}

# The states in which the operation can have found the code of its user and purpose; not one that it has made itself.
sub candidates
{
	my ($self, $op) = @_;
	my $until = min(grep { defined } $op->{event} && $op->{event}{at}, $op->{ended}, NEVER);
	my $states = $self->{states}{ _key($op) } // [ { state => 'none', from => 0, to => 0 } ];
	my $own = _own($op);
	my @candidates;

	if ($own)
	{
		return _live($own, $own->{answer}) if $own->{call} eq 'issue';
		return { state => 'cancelled' } if $own->{call} eq 'cancel';
		return { state => 'spent', code => $own->{code}, context => $own->{context} };
	}
	for my $i (_first_at($states, $op->{asked}) .. ($self->{made}{ $op->{id} } // @$states) - 1)
	{
		last if $states->[$i]{from} > $until;
		push @candidates, $states->[$i];
	}
	return @candidates;
}

1;
