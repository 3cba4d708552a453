# What a storm was, and what it has broken, in words and figures.

package Storm::Report;

use strict;
use warnings FATAL => 'all';

use Storm::Deed qw(@DEEDS);
use Storm::Mishap qw(@MISHAPS);
use Storm::Rules;
use Storm::LimitDeed qw(@LIMIT_DEEDS);
use Storm::TokenDeed qw(@TOKEN_DEEDS);
use Storm::TokenStates;

use constant SHOWN => 20;

# What must have happened, how often at least: far less than what two minutes bring on a slow machine.
my %least = (
	verdict => {
		accepted => 50, wrong => 30, replayed => 10, expired => 5, no_code => 10, locked => 10, malformed => 5, 'none told' => 1
	},
	accepted => { committed => 30, undone => 10 },
	deed => { map { $_->{name} => 3 } @DEEDS, @TOKEN_DEEDS, @LIMIT_DEEDS },
	limit => { warned => 5, stopped => 5, refused => 5, unlocked => 5, 'told of a stop' => 10 },
	'token verdict' => { accepted => 50, wrong => 10, replayed => 30, no_code => 3, locked => 10 },
	confirm => { accepted => 10, refused => 5 },
	resync => { accepted => 5, refused => 5 },
	'token accepted' => {
		'in transaction, committed' => 30, 'in transaction, undone' => 10, 'at once, committed' => 30, 'at once, undone' => 10
	},
	'recovery code accepted' => { 'in transaction' => 5, 'at once' => 5 },
	block => { undone => 20, kept => 20 },
	isolation => { map { $_ => 10 } 'read committed', 'repeatable read', 'serializable' },
	statement => {
		commit => 50, rollback => 10, savepoint => 20, back => 10, release => 10,
		prepare => 5, commit_prepared => 2, rollback_prepared => 1, vanish => 2
	},
	SQLSTATE => { 40001 => 1, 57014 => 1, '55P03' => 1 },
	mishap => { map { $_->{name} => 1 } @MISHAPS });

# missing(RESULT): what has happened too seldom.
sub missing
{
	my ($result) = @_;
	my $counts = counts($result);
	my @missing;

	for my $kind (sort keys %least)
	{
		for my $name (sort keys %{ $least{$kind} })
		{
			my $count = $counts->{$kind}{$name} // 0;
			push @missing, "$kind $name: $count, not $least{$kind}{$name}" if $count < $least{$kind}{$name};
		}
	}
	push @missing, "users: the budget of $result->{exact} of $result->{users} is known"
	  if $result->{exact} < 0.5 * $result->{users};
	return @missing;
}

# counts(RESULT): {deed => …, verdict => …, fate => …, state => …, mishap => …, isolation => …, statement => …, block => …}
sub counts
{
	my ($result) = @_;
	my $history = $result->{history};
	my %count = (
		SQLSTATE => $history->{states},
		mishap => $history->{mishaps},
		isolation => $history->{isolation},
		statement => $history->{asked},
		limit => { %{ $history->{limits} } });

	for my $op (values %{ $history->{ops} })
	{
		$count{deed}{ $op->{deed} }++;
		$count{block}{ $op->{block} || 'none' }++;
		$count{limit}{unlocked}++ if $op->{call} eq 'unlock' && ($op->{answer} // '') eq 'true';
		$count{limit}{'told of a stop'}++ if ($op->{retry} // 0) == Storm::Rules::NOT_BY_TIME;
		if ($op->{token})
		{
			_count_token(\%count, $op);
			next;
		}
		my $verdict = $op->{call} eq 'attempt' ? $op->{answer} // 'none told' : next;
		$count{verdict}{$verdict}++;
		$count{accepted}{ $op->{fate} }++ if $verdict eq 'accepted';
		$count{'no verdict, and'}{ $op->{effect} ? 'accepted' : $op->{event} ? 'in the trail' : 'nothing' }++
		  if $verdict eq 'none told';
	}
	return \%count;
}

sub _count_token
{
	my ($count, $op) = @_;
	my $answer = $op->{answer} // 'none told';
	my $at_once = Storm::TokenStates::at_once($op);
	my $means = !defined $at_once ? 'unknown' : $at_once ? 'at once' : 'in transaction';

	$count->{ $op->{call} }{$answer}++ if $op->{call} =~ /^(confirm|resync)$/;
	return unless $op->{call} eq 'attempt';
	$count->{'token verdict'}{$answer}++;
	return unless $answer eq 'accepted';
	$count->{'token accepted'}{"$means, $op->{fate}"}++;
	$count->{'recovery code accepted'}{$means}++ if Storm::TokenStates::is_recovery($op);
	return;
}

sub what_happened
{
	my ($result) = @_;
	my $counts = counts($result);

	return join '', map({
		my $count = $counts->{$_};
		"# $_: " . join(', ', map { "$_ $count->{$_}" } sort keys %$count) . "\n"
	  } sort keys %$counts),
	  "# users: $result->{users}, of which the budget is known to the last guess: $result->{exact}\n";
}

# The lines of the record that belong to a violation.
sub _lines
{
	my ($directory, $op) = @_;
	my ($file, $line) = $op->{place} =~ /^(.*):(\d+)$/;

	open(my $handle, '<', "$directory/$file") or return;
	my @lines = <$handle>;
	close $handle;
	my $n = $lines[ $line - 1 ] =~ / n=(\S+)/ ? $1 : return;
	return map { "#     $file: $_" } grep { / n=\Q$n\E[ \n]/ } @lines;
}

# How long after the storm's beginning somebody was told so.
sub _after
{
	my ($result, $violation) = @_;
	my ($told) = map { $_->{ended} // $_->{asked} // $_->{time} } @{ $violation->{ops} };

	return $told ? sprintf ' (after %.1f s)', ($told - $result->{history}{begun}) / 1e6 : '';
}

sub violations
{
	my ($result, $directory) = @_;
	my @violations = @{ $result->{violations} };
	my $text = '';

	for my $violation (splice @violations, 0, SHOWN)
	{
		$text .= "# $violation->{property}: $violation->{text}" . _after($result, $violation) . "\n";
		$text .= join '', map { _lines($directory, $_) } @{ $violation->{ops} };
	}
	$text .= sprintf "# … and %d more\n", scalar @violations if @violations;
	return $text;
}

1;
