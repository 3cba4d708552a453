# The limits that the storm sets, and what follows from them: written a second time, from the reference and not from
# the source.

package Storm::Rules;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use List::Util qw(max min);
use POSIX qw(ceil);

our @EXPORT_OK = qw(%PURPOSE @GATES CODE_LENGTH policy_sql policy_change_sql charge delay_end);

use constant SECOND => 1_000_000;

# As the record writes the end of a stop, which is infinite.
use constant NOT_BY_TIME => -1;
use constant CODE_LENGTH => 12;

# of each user
use constant {
	FREE_GUESSES => 10,
	FORGIVE_EVERY => 60 * SECOND,
	FIRST_DELAY => SECOND,
	LONGEST_DELAY => 4 * SECOND,
};

# Of each purpose: how long a code lives and how many wrong guesses it bears, from the least to the most
# that is ever set; and the contexts that codes are issued in.
our %PURPOSE = (
	login => { life => [ 86_400 * SECOND, 86_400 * SECOND ], attempts => [ 5, 5 ], contexts => [''] },
	brief => { life => [ 10 * SECOND, 10 * SECOND ], attempts => [ 5, 5 ], contexts => [''] },
	transfer => { life => [ 10 * SECOND, 60 * SECOND ], attempts => [ 3, 6 ], contexts => [ 'ten', 'twenty' ] },
);

# Purposes of authenticators and recovery codes alone.  What is accepted for the second one is spent at once.
use constant AT_ONCE => 'at_once';
our @GATES = ('gate', AT_ONCE);

# The purpose of limited users alone: its wrong guesses come to a stop that no time ends, and its codes are counted, in a
# window that lasts longer than a storm.
use constant VAULT => 'vault';
use constant { MAX_CONSECUTIVE => 4, ISSUES => 4, ISSUE_WINDOW => 86_400 * SECOND };
$PURPOSE{ +VAULT } = { life => $PURPOSE{login}{life}, attempts => [ 100, 100 ], contexts => [''] };

# Counters either side that a resynchronisation looks at.
use constant RESYNC_WINDOW => 100;

sub _seconds
{
	return sprintf "'%d seconds'", $_[0] / SECOND;
}

sub policy_sql
{
	my $sql = sprintf q{
		UPDATE otp_policy SET length = %d, alphabet = 'alphanumeric', trail = 'all', lifetime = %s, max_attempts = %d,
		  free_guesses = %d, forgive_every = %s, first_delay = %s, longest_delay = %s, max_drift = 0, resync_window = %d
		WHERE purpose = 'default';
	}, CODE_LENGTH, _seconds($PURPOSE{login}{life}[0]), $PURPOSE{login}{attempts}[0],
	  FREE_GUESSES, _seconds(FORGIVE_EVERY), _seconds(FIRST_DELAY), _seconds(LONGEST_DELAY), RESYNC_WINDOW;

	$sql .= sprintf "INSERT INTO otp_policy (purpose, lifetime, max_attempts) VALUES ('%s', %s, %d);\n",
	  $_, _seconds($PURPOSE{$_}{life}[0]), $PURPOSE{$_}{attempts}[0]
	  for 'brief', 'transfer';
	$sql .= sprintf "INSERT INTO otp_policy (purpose, methods, spent_at_once) VALUES ('%s', '{totp,hotp,recovery}', %s);\n",
	  $_, $_ eq AT_ONCE ? 'true' : 'false'
	  for @GATES;
	$sql .= sprintf q{INSERT INTO otp_policy (purpose, max_attempts, max_consecutive, issues_per_user, issue_window)
		VALUES ('%s', %d, %d, %d, %s);
	}, VAULT, $PURPOSE{ +VAULT }{attempts}[0], MAX_CONSECUTIVE, ISSUES, _seconds(ISSUE_WINDOW);
	return $sql;
}

# Another policy for purpose transfer, within its bounds.
sub policy_change_sql
{
	my ($dice) = @_;
	my $rule = $PURPOSE{transfer};
	my $between = sub { my ($least, $most) = @_; $least + $dice->roll($most - $least + 1) };

	return sprintf
	  q{UPDATE otp_policy SET length = %d, alphabet = 'alphanumeric', max_attempts = %d, lifetime = %s WHERE purpose = 'transfer'},
	  $between->(CODE_LENGTH, CODE_LENGTH + 4), $between->(@{ $rule->{attempts} }),
	  _seconds(SECOND * $between->(map { $_ / SECOND } @{ $rule->{life} }));
}

# charge(BUDGET, TIME): the budget {total, level, last} after a wrong guess.
sub charge
{
	my ($budget, $time) = @_;
	my $elapsed = max($time - $budget->{last}, 0);

	return {
		total => $budget->{total} + 1,
		level => max($budget->{level} - $elapsed / FORGIVE_EVERY, 0) + 1,
		last => $time
	};
}

# unlocked(BUDGET): the budget after otp_unlock().
sub unlocked
{
	my ($budget) = @_;

	return { %$budget, level => 0 };
}

# When the delay after the last wrong guess ends; 0 if there is none.
sub delay_end
{
	my ($budget) = @_;
	my $beyond = ceil($budget->{level}) - FREE_GUESSES;

	return 0 if $budget->{total} == 0 || $beyond < 0;
	return $budget->{last} + min(LONGEST_DELAY, FIRST_DELAY * 2**min($beyond, 30));
}

1;
