# An administrator's work on the tables, while clients guess: no guess is lost, and none is charged to
# somebody else.
# Requirements: 41.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CLIENTS => 8;
use constant USERS => 200;

srand(11);

my $node = new_node('maintenance', settings => 'log_statement = none');
value($node,
	"UPDATE otp_policy SET lifetime = '1 day', max_attempts = 100, free_guesses = 100 WHERE purpose = 'default'");

# A row moves to another place, and another user's row into its own.
my %code = issue_all($node, map { "user $_" } 1 .. USERS);
my @totals = ('SELECT user_id, total FROM otp_budget WHERE total > 0 ORDER BY user_id');
attempt($node, "user $_", $code{"user $_"} =~ tr/0-9/1-90/r) for 1 .. 3;
for my $way (
	'VACUUM FULL otp_budget',
	'CLUSTER otp_budget USING otp_budget_pkey',
	'REINDEX TABLE otp_budget',
	'VACUUM (FREEZE, TRUNCATE) otp_budget')
{
	my $before = value($node, @totals);

	value($node, "DELETE FROM otp_budget WHERE user_id = (SELECT user_id FROM otp_budget WHERE total = 0 ORDER BY ctid LIMIT 1)");
	value($node, $way);
	my ($user) = $before =~ /^(user 2)\|\d+$/m;
	my ($guess) = wrong_codes(1, $code{$user});
	is(attempt($node, $user, $guess), 'wrong', "a guess is judged after $way");
	is(value($node, @totals), $before =~ s/^(user 2\|)(\d+)$/$1 . ($2 + 1)/emr, "and is charged to who made it");
}
tables_are_sound($node, 'when rows have moved');

# A budget that somebody has removed begins again; a code that knew more guesses is dead.
my $code = issue($node, 'user 2');
value($node, "DELETE FROM otp_budget WHERE user_id IN ('user 2', 'user 4')");
is(attempt($node, 'user 2', $code), 'locked', 'a code whose budget is gone, with guesses in it, is refused');
my ($guess) = wrong_codes(1, $code{'user 4'});
is(value($node, "BEGIN; SELECT (otp_attempt('user 4', '$guess')).reason; ROLLBACK"), 'wrong', 'a code whose budget was empty is judged');
is(budget($node, 'user 4'), 1, 'with a budget that is made for it');

# The same while clients guess, with an index of the administrator's own.
my @scripts = map {
	join '', $GO,
	  map {
		my $user = 'user ' . (10 + int rand(USERS - 10));
		my $statement = attempt_sql($user, wrong_codes(1, $code{$user}));
		rand() < 0.5 ? $statement : "BEGIN;\n${statement}ROLLBACK;\n"
	  } 1 .. 400
} 1 .. CLIENTS;
my @clients = start_clients($node, @scripts);
value($node, 'CREATE INDEX by_user ON otp_event (user_id)');
my $work = 0;
while (grep { $_->{run}->pumpable } @clients)
{
	my @commands = (
		'VACUUM (FREEZE) otp_budget, otp_event', 'REINDEX TABLE CONCURRENTLY otp_budget', 'VACUUM FULL otp_budget',
		'ANALYZE otp_key', 'VACUUM FULL otp_event', 'CHECKPOINT', 'REINDEX TABLE otp_event',
		'CLUSTER otp_budget USING otp_budget_pkey', "DELETE FROM otp_budget WHERE user_id = 'user 5'",
		'VACUUM FULL otp_challenge', 'REINDEX INDEX by_user');
	value($node, $commands[ $work++ % @commands ]);
}
my (%told, @errors);
for my $client (@clients)
{
	$client->{run}->finish;
	$told{ $_->[0] }{ $_->[1] }{ $_->[2] } = 1 for told(slurp_file($client->{out}));
	push @errors, slurp_file($client->{err}) =~ /ERROR:.*/g;
}
is_deeply(\@errors, [], "no guess fails meanwhile");
is_deeply([ map { keys %$_ } map { values %$_ } values %told ],
	[ map { 'wrong' } map { keys %$_ } values %told ], 'all of them are judged');
my %total = map { split /\|/ } split /\n/, value($node, "SELECT user_id, total FROM otp_budget WHERE total > 0");
delete @total{ map { "user $_" } 1 .. 9 };
is_deeply(\%total, { map { $_ => scalar keys %{ $told{$_} } } keys %told }, 'and charged to whom they were aimed at');
is(value($node, q{
	SELECT count(*) FROM otp_event e FULL JOIN otp_budget b USING (user_id)
	WHERE event = 'rejected' AND reason = 'wrong' AND user_id ~ '\d\d' GROUP BY user_id, total HAVING count(*) <> total}),
	'', 'and in the trail');
stop_soundly($node);
done_testing();
