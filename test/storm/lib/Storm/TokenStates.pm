# The authenticators and recovery codes of each user, one state after the other, by the rows of the trail that are there: what
# a guess can have been judged against.
#
# A thing is an authenticator, by the name of its secret, or the set of recovery codes of a user.  Its states:
#
#	{state => none, pending, active or gone, kind, last}		an authenticator; last: position accepted last, -1 if none was
#	{state => none or set, key, spent => {I => 1}}			a set

package Storm::TokenStates;

use strict;
use warnings FATAL => 'all';

use List::Util qw(max min);
use Storm::Rules;
use Storm::States;
use Storm::Token qw(%KIND);

use constant NEVER => 9e18;
use constant SET => 'set';
use constant NOTHING => { state => 'none', from => 0, to => 0 };

# new(HISTORY, BLAME).  Calls BLAME with each acceptance that does not follow from what was before: of a position that
# is not greater than the last, or of a recovery code that is spent.
#
# blurred: from when on it is not known what became of a thing.
sub new
{
	my ($class, $history, $blame) = @_;
	my $self = bless { users => {}, made => {}, blurred => {}, over => $history->{over}, blame => $blame }, $class;

	for my $event (@{ $history->{events} })
	{
		my $op = $history->{ops}{ $event->{op} } or next;
		$self->_add($op, $event) if $op->{token} && !defined $event->{reason};
	}
	for my $states (map { values %$_ } values %{ $self->{users} })
	{
		my ($from, $to) = (NEVER, NEVER);

		# what is seen has been there before what comes after it
		for my $state (reverse @$states)
		{
			$from = $state->{from} = min($from, $state->{from});
			$to = $state->{to} = min($to, $state->{to});
		}
	}
	$self->_blur($_) for grep { _may_have_spent_unseen($_) } values %{ $history->{ops} };
	return $self;
}

# The thing that a call is about.
sub thing
{
	my ($op) = @_;

	return SET if $op->{call} eq 'recovery' || is_recovery($op);
	return $op->{token}{key} // '';
}

# Is the guess the code of a set?  Those have symbols of their own length.
sub is_recovery
{
	my ($op) = @_;

	return $op->{call} eq 'attempt' && defined $op->{code} && length $op->{code} == Storm::Rules::CODE_LENGTH;
}

# Does an acceptance outlive a rollback?  1, 0, or undef if it cannot be known: not if the transaction has changed the
# row itself, also by coming too late with a guess.
sub at_once
{
	my ($op) = @_;

	return 0 unless $op->{call} eq 'attempt' && $op->{purpose} eq Storm::Rules::AT_ONCE;
	my @before = own_before($op) or return 1;
	return 0 if grep { thing($_) eq thing($op) && Storm::States::has_changed($_) && (at_once($_) // 1) == 0 } @before;
	return (grep { $_->{call} ne 'attempt' || $_->{purpose} ne Storm::Rules::AT_ONCE || !defined at_once($_) } @before)
	  ? undef
	  : 1;
}

# What the transaction has done with the user's things before, and not taken back by then.
sub own_before
{
	my ($op) = @_;

	return unless $op->{tx};
	return grep {
		$_->{n} < $op->{n} && $_->{who} eq $op->{who} && !(defined $_->{undone} && $_->{undone} < $op->{n})
	} @{ $op->{tx}{ops} };
}

# It may have been spent at once and the server have died before it told anyone; or a guess had waited too long, and
# was spent although it had expired.
sub _may_have_spent_unseen
{
	my ($op) = @_;

	return 0 unless $op->{token} && $op->{token}{key} && $op->{call} =~ /^(attempt|confirm|resync)$/;
	return 1 if $op->{event} && ($op->{event}{reason} // '') eq 'expired';
	return !$op->{event} && (at_once($op) // 1) && dies_unseen($op) ? 1 : 0;
}

# Can what a guess has done for good have happened without its row of the trail?  A crash can come in between, and so can
# another session that dooms the transaction.
sub dies_unseen
{
	my ($op) = @_;

	return $op->{excused}
	  || !defined $op->{answer} && (!defined $op->{state} || $op->{state} =~ /^(08|57P0|40001)/);
}

sub _blur
{
	my ($self, $op) = @_;
	my $blurred = \$self->{blurred}{ $op->{who} }{ thing($op) };

	$$blurred = min($$blurred // NEVER, $op->{asked});
	return;
}

# The state that a call makes of another.
sub _apply
{
	my ($op, $state, $answer) = @_;
	my $position = $op->{token}{position};

	return { state => 'pending', kind => $op->{token}{id}, last => -1 } if $op->{call} eq 'enroll';
	return { state => 'gone' } if $op->{call} eq 'revoke';
	return { state => SET, key => $op->{token}{key}, spent => {} } if $op->{call} eq 'recovery';
	return { %$state, spent => { %{ $state->{spent} // {} }, $position => 1 } } if is_recovery($op);
	return { kind => 'hotp', %$state, state => 'active', last => $position };
}

# Why a state does not bear what a call has made of it, or undef.
sub _fault
{
	my ($op, $state) = @_;
	my $wanted = { confirm => 'pending', attempt => 'active', resync => 'active' }->{ $op->{call} } // return;

	if (is_recovery($op))
	{
		return 'a recovery code of another set is accepted' if ($state->{key} // '') ne $op->{token}{key};
		return 'a recovery code is accepted twice' if $state->{spent}{ $op->{token}{position} };
		return;
	}
	return "a code of an authenticator is accepted that is $state->{state}" if $state->{state} ne $wanted;
	return "position $op->{token}{position} is accepted after $state->{last}" if $state->{last} >= $op->{token}{position};
	return;
}

sub _add
{
	my ($self, $op, $event) = @_;
	my $things = $self->{users}{ $op->{who} } //= {};
	my $thing = thing($op);
	my $states = $things->{$thing} //= [ {%{ +NOTHING }} ];
	my $fault = _fault($op, $states->[-1]);
	my %seen = $self->_seen($op, $event);

	$self->{blame}->('P2', $fault, $op, $states->[-1]{op}) if $fault;
	$self->{made}{ $op->{id} } = @$states;
	push @$states, { %{ _apply($op, $states->[-1]) }, op => $op, %seen };
	return unless $op->{call} eq 'enroll';
	# an enrolment takes the place of the one that waits
	for my $other (grep { $_ ne $thing && $things->{$_}[-1]{state} eq 'pending' } keys %$things)
	{
		push @{ $things->{$other} }, { state => 'gone', op => $op, %seen };
	}
	return;
}

# When others may see it, and when they must; when all is quiet, what there is is seen.
sub _seen
{
	my ($self, $op, $event) = @_;
	my $at_once = at_once($op);
	my ($fate, $ended, $committed) = ($op->{fate} // 'unknown', $op->{ended} // NEVER, $op->{to} // NEVER);
	my $from = $at_once // 1 ? $event->{at} : $op->{from} // $op->{asked};
	my $to = $at_once || $fate eq 'undone' ? $ended : defined $at_once ? $committed : max($ended, $committed);

	return (from => $from, to => $op->{asked} < $self->{over} ? min($to, $self->{over}) : $to);
}

# Names of all things that a user has had.
sub things
{
	my ($self, $who) = @_;

	return sort keys %{ $self->{users}{$who} // {} };
}

# From then on it is not known what became of a thing.
sub is_blurred
{
	my ($self, $op, $thing) = @_;

	return ($self->{blurred}{ $op->{who} }{$thing} // NEVER) <= ($op->{ended} // NEVER);
}

# The states in which a call can have found a thing; not one that it has made itself.
sub candidates
{
	my ($self, $op, $thing) = @_;
	my @own = grep { Storm::States::has_changed($_) && !at_once($_) } own_before($op);
	my ($changed) = reverse grep { thing($_) eq $thing } @own;
	my @states = $changed ? map({ _apply($changed, $_) } $self->candidates($changed, $thing)) : $self->_visible($op, $thing);
	my $since = $changed ? $changed->{n} : 0;

	# what waited has made room for an enrolment of the transaction's own
	return @states unless grep { $_->{call} eq 'enroll' && thing($_) ne $thing && $_->{n} > $since } @own;
	return map { $_->{state} eq 'pending' ? { state => 'gone' } : $_ } @states;
}

# Is it unknown whether something that its own transaction has changed before would outlive a rollback?
sub is_uncertain
{
	my ($op) = @_;

	return scalar grep { Storm::States::has_changed($_) && !defined at_once($_) } own_before($op);
}

sub _visible
{
	my ($self, $op, $thing) = @_;
	my $states = $self->{users}{ $op->{who} }{$thing} // [NOTHING];
	my $made = thing($op) eq $thing ? $self->{made}{ $op->{id} } : undef;
	my $until = min(grep { defined } $op->{event} && $op->{event}{at}, $op->{ended}, NEVER);
	my @visible;

	for my $i (0 .. ($made // @$states) - 1)
	{
		last if $states->[$i]{from} > $until;
		push @visible, $states->[$i] if $i == $#$states || $states->[ $i + 1 ]{to} >= $op->{asked};
	}
	return @visible;
}

1;
