# Many clients guess at once, and many ways to undo a guess: the limits are exact all the same.
# Requirements: 1, 2, 3, 4, 5, 6.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CLIENTS => 32;

srand(1);

# Each way to guess, in order: a client has one of them.  What is between $GO and the guess of a
# snapshot's age makes it older than every other guess.
my @ways = (
	sub { $GO . join '', @_ },
	sub { $GO . join '', map { "BEGIN;\n${_}ROLLBACK;\n" } @_ },
	sub { $GO . "BEGIN;\n" . join('', map { "SAVEPOINT s;\n${_}ROLLBACK TO s;\n" } @_) . "COMMIT;\n" },
	sub { $GO . join '', map { s/\(otp_attempt(\(.*\))\)\.reason/attempt_in_block$1/r } @_ },
	sub { "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 1 FROM payment;\n$GO" . join('', @_) . "COMMIT;\n" },
);
# An error of the guess withholds the verdict; one of COMMIT comes after it has been told.
my $withheld = "\\if :ERROR\n\\echo nobody||withheld\n\\endif\n";
my $serializable = sub {
	join "", $GO,
	  map { "BEGIN ISOLATION LEVEL SERIALIZABLE;\n$_${withheld}COMMIT;\n" } @_;
};

my $node = new_node('guesses');

# guess_at_once(WAYS, STATEMENT …): deals the statements out to the clients; what they were told, by
# reason, and the SQLSTATEs that they got instead.
sub guess_at_once
{
	my ($ways, @statements) = @_;
	my @dealt;
	push @{ $dealt[ $_ % CLIENTS ] }, $statements[$_] for 0 .. $#statements;

	my ($out, $err) =
	  run_clients($node, map { $ways->[ $_ % @$ways ]->(@{ $dealt[$_] }) } 0 .. CLIENTS - 1);
	my %count;
	$count{ $_->[2] }++ for told(@$out);
	$count{$1}++ while $err =~ /ERROR:  (\w+)/g;
	return \%count;
}

sub set_limits
{
	my ($limits) = @_;

	value($node, "UPDATE otp_policy SET $limits WHERE purpose = 'default'");
	return;
}

# Codes live long, so that no machine is too slow; the limits are the defaults.
set_limits("lifetime = '1 day'");

# Requirement 2: each way by itself, with a user's first guess and with his second.
for my $way (0 .. $#ways)
{
	my $user = "way $way";
	my @wrong = wrong_codes(2, issue($node, $user));

	for my $n (1, 2)
	{
		my ($out, $err) = run_clients($node, $ways[$way]->(attempt_sql($user, shift @wrong)));
		is_deeply([ map { $_->[2] } told(@$out) ], ['wrong'], "way $way to guess, guess $n: it is wrong");
		is(budget($node, $user), $n, "way $way to guess, guess $n: it is charged");
		is(wrong_events($node, $user), $n, "way $way to guess, guess $n: it is in the trail");
	}
}

# A code, a guess at it, and nothing else of the user, all undone: nothing but the charge is left.
my ($out) = run_clients($node, "${GO}BEGIN;\nSELECT otp_issue('newcomer');\n" . attempt_sql('newcomer', 'ABCDEF') . "ROLLBACK;\n");
is_deeply([ map { $_->[2] } told(@$out) ], ['wrong'], 'a guess at a code of the same transaction is judged');
is(budget($node, 'newcomer'), 1, 'and stays charged');
is(wrong_events($node, 'newcomer'), 1, 'and in the trail');
is(attempt($node, 'newcomer', 'ABCDEF'), 'no_code', 'but there is no code');

# Requirements 1, 2, 3: every client has ten guesses, all of them different.
my $right = issue($node, 'alice');
my $count = guess_at_once(\@ways, map { attempt_sql('alice', $_) } wrong_codes(320, $right));
is_deeply($count, { wrong => 5, locked => 315 }, 'of 320 wrong guesses at once, 5 are judged');
is(budget($node, 'alice'), 5, 'they are charged, whatever undid their transactions');
is(wrong_events($node, 'alice'), 5, 'they are in the trail');
is(attempt($node, 'alice', $right), 'locked', 'the right code is refused after them');
is(value($node, "SELECT count(*) FROM otp_event WHERE user_id = 'alice' AND event = 'rejected'"),
	321, 'the trail has every refusal as well');

# Requirement 5.
is(attempt($node, 'alice', issue($node, 'alice')), 'locked', 'a new code does not let the user guess again');

# Requirement 3: an error of SERIALIZABLE may hide a verdict, but not undo its charge.
$right = issue($node, 'bob');
$count = guess_at_once([ @ways, $serializable, $serializable, $serializable ],
	map { attempt_sql('bob', $_) } wrong_codes(320, $right));
my $wrong = delete $count->{wrong} // 0;
my $unknown = delete $count->{withheld} // 0;
my $errors = delete $count->{40001} // 0;
is_deeply($count, { locked => 320 - $wrong - $unknown }, 'nothing but verdicts and 40001 is told');
cmp_ok($errors, '>=', $unknown, 'every verdict that is withheld is a 40001');
ok($wrong <= 5 && $wrong + $unknown >= 5,
	"some clients being SERIALIZABLE, at most 5 are told wrong ($wrong; $unknown got 40001)");
is(budget($node, 'bob'), 5, 'and 5 are charged');
is(wrong_events($node, 'bob'), 5, 'and 5 are in the trail');
is(attempt($node, 'bob', $right), 'locked', 'and the right code is refused after them');

# The same without chance: a conflict that PostgreSQL has to resolve against the guesser.  The error is
# the same for a right guess; a wrong one is charged.
value($node, 'CREATE TABLE balance AS SELECT 1 AS amount');
my %error;
for my $guess ('right', 'wrong')
{
	my $user = "guesses $guess";
	my $code = issue($node, $user);
	my @wrong = wrong_codes(2, $code);
	my $charge = $guess eq 'wrong' ? 1 : 0;
	my ($reader, $guesser) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;

	attempt($node, $user, $wrong[0]);
	$_->query_safe('BEGIN ISOLATION LEVEL SERIALIZABLE') for $reader, $guesser;
	$reader->query_safe("SELECT otp_resend('$user')");
	$guesser->query_safe('SELECT amount FROM balance');
	value($node, 'BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE balance SET amount = amount + 1; COMMIT');
	$guesser->query("\\set VERBOSITY verbose\n" . attempt_sql($user, $charge ? $wrong[1] : $code));
	$error{$guess} = $guesser->{stderr} =~ s/^.*?ERROR/ERROR/r;
	$_->quit for $reader, $guesser;
	is(budget($node, $user), 1 + $charge, "a 40001 charges $charge: $guess");
	is(wrong_events($node, $user), 1 + $charge, "and so says the trail: $guess");
	is(attempt($node, $user, $code), 'accepted', "the code is live after a 40001: $guess");
}
like($error{right}, qr/\AERROR:  40001: /, 'a right guess can end in a 40001');
is($error{wrong}, $error{right}, 'and so does a wrong one, in the same words');

# The same with limits that leave room for a race of everyone with everyone.
set_limits('max_attempts = 50, free_guesses = 50');
for my $user ('carol', 'dave')
{
	$right = issue($node, $user);
	$count = guess_at_once(\@ways, map { attempt_sql($user, $_) } wrong_codes(320, $right));
	is_deeply($count, { wrong => 50, locked => 270 }, "of 320 wrong guesses at once, 50 are judged: $user");
	is(budget($node, $user), 50, "50 are charged: $user");
	is(wrong_events($node, $user), 50, "50 are in the trail: $user");
	is(attempt($node, $user, $right), 'locked', "the right code is refused after them: $user");
}

# Requirements 4, 6: the user's limit holds across purposes, each of which has a code of its own.
set_limits("max_attempts = 100, free_guesses = 7, first_delay = '1 day', longest_delay = '1 day'");
my @purposes = qw(login payment reset device);
my %right = map { $_ => issue($node, 'erin', $_) } @purposes;
my @guesses = wrong_codes(320, values %right);
$count = guess_at_once(\@ways, map { attempt_sql('erin', $guesses[$_], $purposes[ $_ / 4 % 4 ]) } 0 .. 319);
is_deeply($count, { wrong => 7, locked => 313 }, 'of 320 wrong guesses at four codes of one user, 7 are judged');
is(budget($node, 'erin'), 7, 'they are charged to one budget');
is_deeply([ map { attempt($node, 'erin', $right{$_}, $_) } @purposes ],
	[ ('locked') x 4 ], 'the right code of every purpose is refused after them');

# One guess, many times: a double click, a retried transaction.
set_limits('free_guesses = 5');
$right = issue($node, 'frank');
my ($guess) = wrong_codes(1, $right);
$count = guess_at_once(\@ways, map { attempt_sql('frank', $guess) } 1 .. 320);
is_deeply($count, { wrong => 320 }, 'the same wrong guess of 32 clients is wrong every time');
is(budget($node, 'frank'), 1, 'and is charged once');
is(attempt($node, 'frank', $right), 'accepted', 'and leaves the right code alone');

# Many users, so that rows are made at the same time, and their pages split.
my @users = map { "user $_" } 1 .. 200;
%right = issue_all($node, @users);
$count = guess_at_once(
	\@ways,
	map {
		my $user = $_;
		map { attempt_sql($user, $_) } wrong_codes(2, $right{$user})
	} @users);
is_deeply($count, { wrong => 400 }, 'first guesses at many users are judged');
is(value($node, "SELECT count(*), min(total), max(total) FROM otp_budget WHERE user_id LIKE 'user %'"),
	'200|2|2', 'and each user has one budget with all of them');

stop_soundly($node);
done_testing();
