# A record without a storm, for tests of the checker: what a faultless server would have told, and then whatever
# one changes.

package Storm::Forged;

use strict;
use warnings FATAL => 'all';

use File::Temp;
use Storm::Record;
use Storm::Rules;
use Storm::Token qw(token_code token_context);

# new(): nothing has happened yet.
sub new
{
	my ($class) = @_;

	return bless {
		now => 1_800_000_000_000_000, lines => [], n => {}, tx => {}, seq => 0, ops => 0,
		effects => [], events => [], budgets => {}, challenges => {}
	}, $class;
}

sub pass
{
	my ($self, $microseconds) = @_;

	return $self->{now} += $microseconds;
}

# line(FILE, KIND, NAME => VALUE …): a line of the record, which is also returned.
sub line
{
	my ($self, $file, $kind, %values) = @_;
	my $line = { file => $file, time => $self->pass(100), kind => $kind, %values };

	push @{ $self->{lines} }, $line;
	return $line;
}

# statement(SESSION, WHAT, ENDING, NAME => VALUE …): what was asked, and how it ended, if it did.
sub statement
{
	my ($self, $session, $what, $ending, %values) = @_;
	my $n = ++$self->{n}{$session};

	$self->line("session-$session.0", 'ask', n => $n, what => $what, %values);
	$self->line("session-$session.0", $ending, n => $n, state => $ending eq 'told' ? undef : '08006') if $ending;
	return;
}

# op(NAME, SESSION, CALL, WHO, PURPOSE, CONTEXT, CODE, VALUES): a call and its answer; VALUES has answer, retry,
# effect (whether it is there in the end) and event (what the trail has in the end).
sub op
{
	my ($self, $name, $session, $call, $who, $purpose, $context, $code, %values) = @_;
	my $n = ++$self->{n}{$session};
	my @common = (op => $name, who => $who, purpose => $purpose);
	my $file = "session-$session.0";

	$self->line($file, 'ask', n => $n, what => 'deed', call => $call, deed => $values{deed} // 'right', block => '',
		context => $context, code => $code, @common);
	my $at = $self->pass(100);
	push @{ $self->{effects} },
	  { seq => ++$self->{seq}, call => $call, context => $context, code => $code // $values{answer}, @common }
	  if $values{effect};
	push @{ $self->{events} }, { at => $at, @common, %{ $values{event} } } if $values{event};
	$self->line($file, 'told', n => $n, a0 => $values{answer}, a2 => $values{retry}) if defined $values{answer};
	return $at;
}

sub issue
{
	my ($self, $name, $session, $who, $purpose, $code) = @_;

	$self->op($name, $session, 'issue', $who, $purpose, '', undef, answer => $code, effect => 1, event => { event => 'issued' });
	$self->{challenges}{"$who $purpose"} = 'l';
	return;
}

# guess(NAME, SESSION, WHO, PURPOSE, CODE, REASON, VALUES): a guess; charged if VALUES says so, spent if its acceptance is kept; VALUES may have the end of a stop, retry.
sub guess
{
	my ($self, $name, $session, $who, $purpose, $code, $reason, %values) = @_;
	my $budget = $self->{budgets}{$who} //= { total => 0, level => 0, last => 0 };
	my $retry = $values{retry};

	if ($values{charged})
	{
		$self->{budgets}{$who} = Storm::Rules::charge($budget, $self->{now} + 200);
		$retry //= Storm::Rules::delay_end($self->{budgets}{$who}) || undef;
	}
	$self->op($name, $session, 'attempt', $who, $purpose, '', $code,
		answer => $values{unanswered} ? undef : $reason, retry => $retry,
		effect => $values{kept},
		event => $reason eq 'accepted' ? ($values{kept} ? { event => 'accepted' } : undef)
		: $reason eq 'malformed' ? undef
		: { event => 'rejected', reason => $reason });
	$self->{challenges}{"$who $purpose"} = 's' if $values{kept};
	return;
}

# unlock(NAME, SESSION, WHO): by an operator.
sub unlock
{
	my ($self, $name, $session, $who) = @_;

	$self->op($name, $session, 'unlock', $who, 'unlock', '', undef, answer => 'true', event => { event => 'unlocked' });
	$self->{budgets}{$who} = Storm::Rules::unlocked($self->{budgets}{$who});
	return;
}

# token(NAME, SESSION, CALL, WHO, KEY, POSITION, RESULT, VALUES): a call about an authenticator or a set of recovery codes; VALUES
# has id, purpose, code, charged, kept (whether the transaction commits) and at_once.
sub token
{
	my ($self, $name, $session, $call, $who, $key, $position, $result, %values) = @_;
	my $purpose = $values{purpose} // { resync => 'resync', recovery => 'recovery', attempt => 'gate' }->{$call} // 'enroll';
	my %event = (enroll => 'enrolled', revoke => 'revoked', recovery => 'issued', confirm => 'confirmed', resync => 'resynced');
	my $is_guess = $call =~ /^(attempt|confirm|resync)$/;
	my $refused = $is_guess && $result ne 'accepted';
	my $budget = $self->{budgets}{$who} //= { total => 0, level => 0, last => 0 };

	$budget = $self->{budgets}{$who} = Storm::Rules::charge($budget, $self->{now} + 200) if $values{charged};
	$self->op($name, $session, $call, $who, $purpose,
		defined $key ? token_context($key, $position, $values{id}) : '',
		$values{code} // ($is_guess ? token_code($key, $position) : undef),
		answer => $values{unanswered} ? undef : $refused && $call ne 'attempt' ? 'refused' : $result,
		retry => $result eq 'wrong' && Storm::Rules::delay_end($budget) || undef,
		effect => $values{kept},
		event => $refused ? { event => 'rejected', reason => $result }
		: $values{kept} || $values{at_once} ? { event => $event{$call} // 'accepted' }
		: undef);
	return;
}

# find(TABLE, OP): the row of an operation; of the record, its answer if TABLE is told.
sub find
{
	my ($self, $table, $op) = @_;

	if ($table eq 'told' || $table eq 'ask')
	{
		my ($ask) = grep { ($_->{op} // '') eq $op } @{ $self->{lines} };
		return $ask if $table eq 'ask';
		my ($told) = grep { $_->{kind} eq 'told' && $_->{file} eq $ask->{file} && $_->{n} == $ask->{n} } @{ $self->{lines} };
		return $told;
	}
	my ($row) = grep { $_->{op} eq $op } @{ $self->{$table} };
	return $row;
}

sub remove
{
	my ($self, $table, $op) = @_;

	@{ $self->{$table} } = grep { $_->{op} ne $op } @{ $self->{$table} };
	return;
}

# Writes it to a directory, which lives as long as the object that is returned.
sub directory
{
	my ($self) = @_;
	my $directory = File::Temp->newdir;
	my %record;
	my $write = sub {
		my ($file, $time, $kind, %values) = @_;
		$record{$file} //= Storm::Record->new("$directory/$file.record");
		$record{$file}->write_at($time, $kind, map { $_ => $values{$_} } sort keys %values);
	};

	for my $line (@{ $self->{lines} })
	{
		my %values = %$line;
		my ($file, $time, $kind) = delete @values{qw(file time kind)};
		$write->($file, $time, $kind, %values);
	}
	$write->('tables', 0, 'effect', %$_) for @{ $self->{effects} };
	$write->('tables', 0, 'event', %$_) for @{ $self->{events} };
	$write->('tables', 0, 'budget', who => $_, %{ $self->{budgets}{$_} }) for sort keys %{ $self->{budgets} };
	for my $key (sort keys %{ $self->{challenges} })
	{
		my ($who, $purpose) = split / /, $key;
		$write->('tables', 0, 'challenge', who => $who, purpose => $purpose, state => $self->{challenges}{$key});
	}
	return $directory;
}

1;
