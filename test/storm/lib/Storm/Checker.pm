# Proves from the record, the tables and the trail that the promises held, or says what broke them.

package Storm::Checker;

use strict;
use warnings FATAL => 'all';

use Storm::Guesses;
use Storm::History;
use Storm::Rules qw(%PURPOSE);
use Storm::States;
use Storm::Stops;
use Storm::Tokens;

use constant NEVER => 9e18;

my %reasons = map { $_ => 1 } qw(accepted wrong replayed expired no_code locked malformed);
my $code = qr/[2-9A-HJKMNP-Z]{12,16}/;
my $is_boolean = sub { $_[0] =~ /^(true|false)$/ };
my $is_accepted = sub { $_[0] =~ /^(accepted|refused)$/ };
my %answer = (
	issue => sub { $_[0] =~ /^$code$/ },
	resend => sub { $_[0] eq '' || $_[0] =~ /^$code$/ },
	cancel => $is_boolean,
	attempt => sub { $reasons{ $_[0] } },
	enroll => sub { $_[0] =~ /^[1-9][0-9]*$/ },
	confirm => $is_accepted,
	resync => $is_accepted,
	revoke => $is_boolean,
	unlock => $is_boolean,
	recovery => sub { $_[0] =~ /^$code(\+$code){3}$/ });
my %event_of = (
	issue => 'issued',
	cancel => 'cancelled',
	attempt => 'accepted',
	enroll => 'enrolled',
	confirm => 'confirmed',
	resync => 'resynced',
	revoke => 'revoked',
	recovery => 'issued');

# What a statement may fail with: serialization, deadlock, cancel, lock_timeout, shutdown, crash, recovery, connection lost;
# and in a transaction that a cancel has broken.
my $documented = qr/^(40001|40P01|57014|55P03|57P01|57P02|57P03|25P02|08\w\w\w)$/;
# someone else has ended or is ending it
my $of_prepared = qr/^(42704|55000)$/;

# check(DIRECTORY): {violations => [{property, text, ops}], history, users => count, exact => of how many all is known}
sub check
{
	my ($class, $directory) = @_;
	my $history = Storm::History->read($directory);
	my @violations;
	my $blame = sub {
		my ($property, $text, @ops) = @_;
		push @violations, { property => $property, text => $text, ops => [ grep { defined } @ops ] };
	};
	my $states = Storm::States->new($history, $blame);
	my $tokens = Storm::Tokens->new($history, $blame);
	my $self = bless { history => $history, blame => $blame, states => $states }, $class;

	$self->{guesses} = Storm::Guesses->new($history, $states, $tokens, $blame);
	$self->_check_answers;
	$self->_check_acceptances;
	$self->_check_effects;
	$self->_check_trail;
	$self->_check_told_wrong;
	$self->_check_challenges;
	$self->_check_resent;
	$self->_check_verdicts;
	$tokens->check;
	Storm::Stops->new($history, $self->{guesses}, $blame)->check;
	return {
		violations => \@violations,
		history => $history,
		exact => $self->{guesses}{exact},
		users => scalar keys %{ $self->{guesses}{users} }
	};
}

sub _ops
{
	my ($self) = @_;

	return @{ $self->{sorted} //= [ sort { $a->{asked} <=> $b->{asked} } values %{ $self->{history}{ops} } ] };
}

# Those that are about codes which are issued.
sub _ops_of_codes
{
	my ($self) = @_;

	return grep { !$_->{token} } $self->_ops;
}

# Nothing is answered but what is documented.
sub _check_answers
{
	my ($self) = @_;

	for my $op ($self->_ops)
	{
		next unless defined $op->{answer} || $op->{call} eq 'resend';
		$self->{blame}->('answers', "$op->{call} answers " . ($op->{answer} // 'NULL'), $op)
		  unless $answer{ $op->{call} }->($op->{answer} // '');
	}
	for my $error (@{ $self->{history}{errors} })
	{
		next if $error->{state} =~ $documented || $error->{what} =~ /_prepared$/ && $error->{state} =~ $of_prepared;
		next if $error->{state} eq 'OT002' && $error->{call} eq 'issue' && $error->{purpose} eq Storm::Rules::VAULT;
		$self->{blame}->('answers', "$error->{what} fails with $error->{state}: $error->{text}", $error);
	}
	$self->{blame}->('answers', "a session broke: $_->{text}") for @{ $self->{history}{broken} };
	return;
}

# Among committed transactions a code is accepted once; by what the sessions were told alone.
sub _check_acceptances
{
	my ($self) = @_;
	my %accepted;

	for my $op ($self->_ops_of_codes)
	{
		next unless ($op->{answer} // '') eq 'accepted' && $op->{fate} eq 'committed';
		my $by = $accepted{"$op->{who} $op->{purpose} $op->{code}"} //= $op;
		$self->{blame}->('P2', 'a code was accepted twice', $by, $op) if $by != $op;
	}
	return;
}

# What changed and committed has its effect, what was undone has none.
sub _check_effects
{
	my ($self) = @_;

	for my $op ($self->_ops)
	{
		my $changed = Storm::States::has_changed($op);
		my $effect = $op->{effect};

		$self->{blame}->('P1', "$op->{call} committed, and its effect is lost", $op)
		  if $changed && $op->{fate} eq 'committed' && !$effect;
		next unless $effect;
		$self->{blame}->('P1', "$op->{call} was undone, and its effect is there", $op) if $op->{fate} eq 'undone';
		$self->{blame}->('P1', "$op->{call} has an effect, and was told $op->{answer}", $op)
		  if defined $op->{answer} && !$changed;
	}
	return;
}

# The trail has one row of each rejection that was told, and of each effect, and of nothing else.
sub _check_trail
{
	my ($self) = @_;

	for my $event (@{ $self->{history}{events} })
	{
		my $op = $self->{history}{ops}{ $event->{op} };
		$self->{blame}->('P1', "the trail tells of what nobody did: $event->{op}") unless $op;
		$self->{blame}->('P1', 'the trail tells of another user or purpose', $op)
		  if $op && ($op->{who} ne $event->{who} || $op->{purpose} ne $event->{purpose});
	}
	for my $op ($self->_ops)
	{
		my $event = $op->{event};

		$self->{blame}->('P1', 'the trail tells of a call twice', $op) if $op->{event_twice};
		$self->_check_event($op, $event && ($event->{reason} // $event->{event}));
	}
	return;
}

sub _check_event
{
	my ($self, $op, $event) = @_;
	my $expected = $op->{effect} ? $event_of{ $op->{call} } : undef;

	if (($op->{answer} // '') eq 'refused')
	{
		$self->{blame}->('P1', 'a rejection was told, and is not in the trail', $op)
		  unless $op->{excused} || $op->{event} && defined $op->{event}{reason};
		return;
	}
	if ($op->{call} eq 'attempt' && defined $op->{answer} && $op->{answer} !~ /^(accepted|malformed)$/)
	{
		$self->{blame}->('P1', "a rejection was told, $op->{answer}, and is not in the trail", $op)
		  if !$op->{excused} && ($event // '') ne $op->{answer};
		return;
	}
	$self->{blame}->('P1', "the trail has an effect as " . ($event // 'nothing'), $op)
	  if $expected && ($event // '') ne $expected;
	# of tokens more is known: what is spent at once has none
	$self->{blame}->('P1', "the trail has what has no effect: $event", $op)
	  if !$expected && !$op->{token} && $event && $event =~ /^(issued|cancelled|accepted)$/;
	return;
}

# Distinct wrong guesses that were told are counted; by the record and the budget alone.
sub _check_told_wrong
{
	my ($self) = @_;
	my %told;

	for my $op ($self->_ops)
	{
		next unless ($op->{answer} // '') eq 'wrong' && !$op->{excused};
		$told{ $op->{who} }{ join ' ', $op->{purpose}, $op->{context}, $op->{code} } = $op;
	}
	for my $who (sort keys %told)
	{
		my $told = keys %{ $told{$who} };
		my $total = ($self->{history}{budgets}{$who} // { total => 0 })->{total};
		$self->{blame}->('P1', "$who was told of $told distinct wrong guesses, and $total are counted") if $told > $total;
	}
	return;
}

# The code's row says what has become of it.
sub _check_challenges
{
	my ($self) = @_;
	my %letter = (live => 'l', spent => 's', cancelled => 'c');

	for my $key ($self->{states}->keys_of_all)
	{
		my ($who, $purpose) = split / /, $key;
		my $last = $self->{states}->last_state({ who => $who, purpose => $purpose });
		my $state = ($self->{history}{challenges}{$key} // { state => 'nothing' })->{state};

		next if $state eq $letter{ $last->{state} } || $state eq 'nothing' && $self->_may_be_removed($last);
		next if $state eq 's' && $last->{state} eq 'live' && $self->{states}->is_burnt($last);
		$self->{blame}->('P1', "$key: the code's row is $state, and by its effects it is $last->{state}", $last->{op});
	}
	return;
}

# Re-keying removes codes that are too old, of whatever state.
sub _may_be_removed
{
	my ($self, $state, $until) = @_;
	my $issue = $state->{issue} or return 0;

	return $self->{history}->may_be_rekeyed($issue->{asked} + $PURPOSE{ $issue->{purpose} }{life}[0], $until // NEVER);
}

# A code that is sent again is the live one.
sub _check_resent
{
	my ($self) = @_;

	for my $op ($self->_ops)
	{
		next unless $op->{call} eq 'resend' && defined $op->{answer} && !$op->{adrift};
		next if grep { $_->{state} eq 'live' && $_->{code} eq $op->{answer} && $_->{context} eq $op->{context} }
		  $self->{states}->candidates($op);
		$self->{blame}->('P2', 'a code is sent again that is not live', $op);
	}
	return;
}

# Every verdict is one that a state of the code allows which the call can have found; in the end, when all is quiet, there is
# one such state.
sub _check_verdicts
{
	my ($self) = @_;

	for my $op ($self->_ops_of_codes)
	{
		next unless $op->{call} eq 'attempt' && !$op->{adrift};
		my $event = $op->{event};
		my $verdict = $op->{answer} // ($event && ($event->{reason} // $event->{event})) // next;
		next if $verdict eq 'malformed' || $verdict eq 'locked' && (defined $op->{retry} || !defined $op->{answer});
		my @candidates = $self->{states}->candidates($op);
		my %possible = map { map { $_ => 1 } $self->_possible($op, $_) } @candidates;
		$possible{no_code} = 1 if grep { $self->_may_be_removed($_, $op->{ended}) } @candidates;
		next if $possible{$verdict};
		$self->{blame}->($verdict eq 'accepted' ? 'P2' : 'P3',
			sprintf('the verdict %s is none that could be: %s', $verdict, join(' or ', sort keys %possible) || 'there was no code'),
			$op, map { $_->{op} // $_->{issue} } @candidates);
	}
	for my $op (grep { $_->{id} =~ /^final/ } $self->_ops_of_codes)
	{
		$self->{blame}->('P2', 'in the end it is not known what the code is', $op) if 1 != (() = $self->{states}->candidates($op));
	}
	return;
}

# The verdicts that a state allows.
sub _possible
{
	my ($self, $op, $state) = @_;
	my $right = $state->{code} && $op->{code} eq $state->{code} && $op->{context} eq $state->{context};
	my @spent = $right ? 'replayed' : 'no_code';

	return 'no_code' if $state->{state} eq 'none' || $state->{state} eq 'cancelled';
	return @spent if $state->{state} eq 'spent';

	my $rule = $PURPOSE{ $op->{purpose} };
	my $at = $op->{event} ? $op->{event}{at} : undef;
	my ($from, $until) = ($at // $op->{asked}, $at // $op->{ended});
	my $issue = $state->{issue};
	my ($born, $born_late) = ($issue->{asked}, $issue->{event} ? $issue->{event}{at} : $issue->{ended} // NEVER);
	my @possible = $self->{states}->is_burnt($state) ? @spent : ();

	push @possible, 'expired' if ($op->{ended} // $until) >= $born + $rule->{life}[0];
	if ($from < $born_late + $rule->{life}[1])
	{
		my ($least, $most) = $self->{guesses}->charges_between($op->{who}, $born_late, $born, $from, $until);

		push @possible, 'locked' if $most >= $rule->{attempts}[0];
		push @possible, $right ? 'accepted' : 'wrong' if $least < $rule->{attempts}[1];
	}
	return @possible;
}

1;
