# The stop and the counts of issues, reckoned again from the trail: no guess is judged for a purpose that is stopped, none is
# said to be that is not, and no more codes are handed out than may be.

package Storm::Stops;

use strict;
use warnings FATAL => 'all';

use List::Util qw(max);
use Storm::LimitDeed qw(is_limited_user);
use Storm::Rules;

use constant NEVER => 9e18;

# new(HISTORY, GUESSES, BLAME)
sub new
{
	my ($class, $history, $guesses, $blame) = @_;

	return bless { history => $history, guesses => $guesses, blame => $blame }, $class;
}

sub check
{
	my ($self) = @_;
	my %ops;

	push @{ $ops{ $_->{who} } }, $_
	  for sort { $a->{asked} <=> $b->{asked} } grep { is_limited_user($_->{who}) } values %{ $self->{history}{ops} };
	for my $who (sort keys %ops)
	{
		my %user = (
			who => $who,
			charges => [ $self->{guesses}->charges_of($who) ],
			unlocks => [ grep { _may_have_unlocked($_) } @{ $ops{$who} } ],
			acceptances => [ grep { $_->{event} && $_->{event}{event} eq 'accepted' } @{ $ops{$who} } ]);

		$self->_check_unlock($_) for grep { $_->{call} eq 'unlock' } @{ $ops{$who} };
		$self->_check_judged(\%user, $_) for grep { _is_judged($_) } @{ $ops{$who} };
		$self->_check_stopped(\%user, $_) for grep { ($_->{retry} // 0) == Storm::Rules::NOT_BY_TIME } @{ $ops{$who} };
		$self->_check_issues(\%user, grep { $_->{call} eq 'issue' && defined $_->{answer} } @{ $ops{$who} });
	}
	return;
}

# Those that were told false have not.
sub _may_have_unlocked
{
	my ($op) = @_;

	return $op->{call} eq 'unlock' && ($op->{answer} // 'true') eq 'true';
}

sub _is_judged
{
	my ($op) = @_;
	my $event = $op->{event} // return 0;

	return $op->{call} eq 'attempt' && ($event->{reason} // $event->{event}) =~ /^(wrong|replayed|accepted)$/;
}

sub _check_unlock
{
	my ($self, $op) = @_;

	$self->{blame}->('P1', "$op->{who} is unlocked, and that is not in the trail", $op)
	  if ($op->{answer} // '') eq 'true' && !$op->{event} && !$op->{excused};
	return;
}

# No more charges lie between the last acceptance of before, or the last unlocking, than bring about the stop.  An acceptance
# may have been committed only later, which counts more; an unlocking has come between its question and its row.
sub _check_judged
{
	my ($self, $user, $op) = @_;
	my $at = $op->{event}{at};
	my $since = max(0, map({ $_->{event}{at} } grep { $_->{event}{at} < $at } @{ $user->{acceptances} }),
		map({ $_->{event} ? $_->{event}{at} : NEVER } grep { $_->{asked} < $at } @{ $user->{unlocks} }));
	my @counted = grep { $_->{sure} && $_->{at} > $since && $_->{at} < $at } @{ $user->{charges} };

	$self->{blame}->('P3', "$user->{who}: a guess is judged behind a stop", $op, map { $_->{op} } @counted)
	  if @counted >= Storm::Rules::MAX_CONSECUTIVE;
	return;
}

# Whoever is told of a stop has guessed as often since what he can be sure of: an acceptance whose commit, an unlocking that had
# been told before he asked.
sub _check_stopped
{
	my ($self, $user, $op) = @_;
	my $since = max(0,
		map({ $_->{event}{at} } grep { $_->{fate} eq 'committed' && $_->{to} < $op->{asked} } @{ $user->{acceptances} }),
		map({ $_->{asked} } grep { $_->{event} && defined $_->{ended} && $_->{ended} < $op->{asked} } @{ $user->{unlocks} }));
	my $until = $op->{event} ? $op->{event}{at} : $op->{ended};
	my $most = grep { $_->{at} >= $since && $_->{at} <= $until } @{ $user->{charges} };

	$self->{blame}->('P3', "$user->{who} is stopped without a reason", $op)
	  if $most + $self->{guesses}->unseen($user->{who}) < Storm::Rules::MAX_CONSECUTIVE;
	return;
}

# A count is on disk with the next commit, so a crash can forget what was handed out by nobody who committed.
sub _check_issues
{
	my ($self, $user, @issues) = @_;
	my @committed = grep { $_->{fate} eq 'committed' && !$_->{excused} } @issues;
	my $crashed = @issues && grep { $_ >= $issues[0]{asked} && $_ <= $issues[-1]{ended} } @{ $self->{history}{losses} };

	$self->{blame}->('P3', "$user->{who}: more codes are handed out than may be", $_->[-1])
	  for grep { @$_ > Storm::Rules::ISSUES } \@committed, $crashed ? [] : \@issues;
	return;
}

1;
