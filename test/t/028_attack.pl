# A day of attacks, each in its own way, by an attacker who never stops and always has a live code to aim at:
# nobody gets more guesses judged, or more codes handed out, than the policy implies.
# Requirements: 1, 2, 3, 4, 5, 9.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use List::Util qw(max min);
use OtpClock;
use OtpTest;
use Test::More;

use constant { DAY => 86_400, SESSIONS => 4, STOP => 20, ISSUES => 10, WINDOW => 3_600 };

srand(28);

# Ten digits, so that no guess is right by chance.  Of what says only true or false, a guess was judged if it was charged.
my $equipment = q{
	UPDATE otp_policy SET length = 10;
	INSERT INTO otp_policy (purpose, lifetime) VALUES ('long', '1 day');
	CREATE FUNCTION total(who text) RETURNS bigint LANGUAGE sql AS
	$$ SELECT coalesce((SELECT total FROM otp_budget WHERE user_id = who), 0) $$;
	CREATE FUNCTION enroll(who text) RETURNS bigint LANGUAGE sql AS
	$$ SELECT credential_id FROM otp_enroll(who, 'hotp', secret => otp_secret(sha256(who::bytea), 'SHA1', 10, 30)) $$;
	CREATE FUNCTION confirmed(who text, id bigint) RETURNS boolean LANGUAGE sql AS
	$$ SELECT otp_confirm(who, hotp_at(otp_secret(sha256(who::bytea), 'SHA1', 10, 30), 0)::text, id) $$;
	CREATE FUNCTION attempt_factor(who text, guess text, factor integer) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  before bigint := total(who);
	BEGIN
	  CASE factor % 3
	    WHEN 0 THEN RETURN (otp_attempt(who, guess)).reason;
	    WHEN 1 THEN PERFORM otp_confirm(who, guess);
	    WHEN 2 THEN PERFORM otp_resync(who, (SELECT min(credential_id) FROM otp_credentials(who) WHERE state = 'active'), guess, guess);
	  END CASE;
	  RETURN CASE WHEN total(who) > before THEN 'wrong' ELSE 'locked' END;
	END $$;
};

sub guess
{
	my ($user, $guess, $purpose) = @_;

	return attempt_sql($user, $guess, $purpose // 'login');
}

# Each guess in the frame of a format.
sub in_turn
{
	my ($user, $format, @guesses) = @_;

	return join '', map { sprintf $format, guess($user, $_) } @guesses;
}

sub full_width
{
	return join '', map { "\xef\xbc" . chr(0x90 + $_) } split //, shift;
}

# As what the extension takes a spelling for.
sub canonical
{
	my ($code) = @_;

	$code =~ s/\xef\xbc(.)/chr(ord($1) - 0x90 + ord '0')/ge;
	return $code =~ s/\D//gr;
}

my $quietly = "\\g /dev/null\n";
my $issue = "SELECT otp_issue('%1\$s') $quietly";
my $first = "SELECT total('%1\$s') = 0 AS first \\gset\n\\if :first\n%2\$s\\endif\n";
my $issue_one = sprintf $first, '%1$s', "SELECT otp_issue('%1\$s', 'long') $quietly";
my $equip = sprintf $first, '%1$s',
  "SELECT confirmed('%1\$s', enroll('%1\$s')) $quietly SELECT otp_recovery_codes('%1\$s') $quietly";
my $log_in = "SELECT otp_issue('%1\$s') AS code \\gset\n%2\$sSELECT otp_verify('%1\$s', :'code') $quietly%3\$s";
my @purposes = map { "purpose $_" } 0 .. 9;
my $turn = 0;

# What attackers do each time that they may guess again, each at a user of his own: the name; SQL that makes ready, a
# format for the user; SQL of guesses, a function of the user and the next ones; and what else is to be known of it.
my @ways = (
	[ 'one guess after the other', $issue, sub { in_turn(shift, '%s', @_) } ],
	[ 'rollback loop', $issue, sub { in_turn(shift, "BEGIN;\n%sROLLBACK;\n", @_) } ],
	[
		'rollback of prepared transactions', $issue,
		sub { in_turn(shift, "BEGIN;\n%sPREPARE TRANSACTION 'p';\nROLLBACK PREPARED 'p';\n", @_) }
	],
	[ 'savepoint loop', $issue, sub { "BEGIN;\n" . in_turn(shift, "SAVEPOINT s;\n%sROLLBACK TO s;\n", @_) . "COMMIT;\n" } ],
	[ 'exception blocks', $issue, sub { in_turn(shift, '%s', @_) =~ s/\(otp_attempt(\(.*\))\)\.reason/attempt_in_block$1/gr } ],
	[
		'resend loop', $issue_one,
		sub { my $user = shift; join '', map { "SELECT otp_resend('$user', 'long') $quietly" . guess($user, $_, 'long') } @_ },
		one_code => 1
	],
	[ 'issue loop', $issue, sub { my $user = shift; join '', map { sprintf($issue, $user) . guess($user, $_) } @_ } ],
	[
		'parallel challenges', join('', map { "SELECT otp_issue('%1\$s', '$_') $quietly" } @purposes),
		sub { my $user = shift; join '', map { guess($user, $_, $purposes[ $turn++ % @purposes ]) } @_ }
	],
	[ 'parallel sessions', $issue, sub { in_turn(shift, "BEGIN;\n%sROLLBACK;\n", @_) }, sessions => SESSIONS ],
	[ 'other-purpose loop', $issue . $issue_one, sub { my $user = shift; join '', map { guess($user, $_, ('login', 'long')[ $turn++ % 2 ]) } @_ } ],
	[
		'other-factor loop', "${issue}${equip}SELECT credential_id FROM otp_enroll('%1\$s') $quietly",
		sub { in_turn(shift, '%s', @_) =~ s/\(otp_attempt\((.*), '\w+'\)\)\.reason/sprintf 'attempt_factor(%s, %d)', $1, $turn++/ger }
	],
	[
		'white space and digit variants', $issue,
		sub {
			my $user = shift;
			join '', map { my $guess = $_; map { guess($user, $_) } $guess, " $guess ", "$guess-", full_width($guess), $guess } @_;
		}
	],
	[ 'retry of one guess', $issue_one, sub { my $user = shift; join '', map { guess($user, '1234567890', 'long') } @_ }, one_guess => 1 ],
	[ 'the owner logs in in between', sprintf($log_in, '%1$s', '', '') . $issue, sub { in_turn(shift, '%s', @_) }, logs_in => 1 ],
	[ 'a login in between is undone', sprintf($log_in, '%1$s', "BEGIN;\n", "ROLLBACK;\n") . $issue, sub { in_turn(shift, '%s', @_) } ],
	[
		'behind a login that is undone', $issue,
		sub { my $user = shift; sprintf($log_in, $user, "BEGIN;\n", sprintf $issue, $user) . in_turn($user, '%s', @_) . "ROLLBACK;\n" }
	],
);

# The guesses of one who guesses as soon as he may, by the rules of the reference.
sub guesses_in_a_day
{
	my ($policy) = @_;
	my ($at, $level, $guesses, $delay) = (0, 0, 0, 0);

	while ($at <= DAY)
	{
		$level = max($level - $delay / $policy->{forgive_every}, 0) + 1;
		$guesses++;
		$delay =
		  $level < $policy->{free_guesses}
		  ? 0
		  : min($policy->{first_delay} * 2**($level - $policy->{free_guesses}), $policy->{longest_delay});
		$at += $delay;
	}
	return $guesses;
}

sub bound_of
{
	my ($policy, %way) = @_;

	return 1 if $way{one_guess};
	return $policy->{max_attempts} if $way{one_code};
	return $policy->{guesses} if $way{logs_in} || !$policy->{max_consecutive};
	return min($policy->{guesses}, $policy->{max_consecutive});
}

# Everybody attacks with several guesses; adds to {way}{guess}{reason}, what they were told.
sub attack
{
	my ($node, $told) = @_;
	my $guesses = %$told ? 2 : 7;
	my ($script, @at_once) = ('');

	foreach (@ways)
	{
		my ($user, $ready, $attack, %way) = @$_;
		my @attacks = map { $attack->($user, map { sprintf '%010d', int rand 1e10 } 1 .. $guesses) } 1 .. $way{sessions} // 1;

		$script .= sprintf $ready, $user;
		if ($way{sessions}) { push @at_once, map { $GO . $_ } @attacks }
		else { $script .= $attacks[0] }
	}
	my (undef, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my ($outs, $errs) = run_clients($node, @at_once);
	die "$err$errs" if "$err$errs" =~ /ERROR/;
	$told->{ $_->[0] }{ canonical($_->[1]) }{ $_->[2] }++ for told($out, @$outs);
	return;
}

# Seconds until some may guess again, who are let in together with whom they have to wait for but a little; nothing
# if that is not today.
sub seconds_to_wait
{
	my ($node, $begin) = @_;

	return value($node, qq{
		SELECT extract(epoch FROM max(t) - clock_timestamp()) + 0.1
		FROM (SELECT delayed_until, min(delayed_until) OVER () FROM otp_budget, LATERAL otp_status(user_id)
		      WHERE delayed_until > clock_timestamp()) AS d (t, first)
		WHERE t < first + interval '5 seconds' HAVING max(t) < '$begin'::timestamptz + interval '1 day'});
}

# row(TEXT …): of the table.
sub row
{
	note(sprintf '| %-34s | %8s | %8s | %8s |', @_);
	return;
}

# A simulated day of all ways under a policy: {name of the way} = guesses that were judged.
sub attack_for_a_day
{
	my ($node) = @_;
	my ($told, $ahead) = ({}, 0);
	my $begin = value($node, 'SELECT clock_timestamp()');

	while (1)
	{
		attack($node, $told);
		my $wait = seconds_to_wait($node, $begin);
		last if $wait eq '';
		set_ahead($node, $ahead += $wait);
	}
	return $told;
}

# Guesses that were compared with a code, and not refused.
sub judged
{
	my ($guesses) = @_;

	return scalar grep { grep { !/^(locked|no_code|malformed)$/ } keys %$_ } values %$guesses;
}

sub set_up_attack
{
	my ($name, $limits) = @_;
	my $node = new_node_with_clock($name, settings => 'autovacuum = off');

	value($node, $equipment);
	value($node, "UPDATE otp_policy SET $limits WHERE purpose = 'default'") if $limits;
	return $node;
}

sub policy_of
{
	my ($node) = @_;
	my @columns = qw(max_attempts free_guesses forgive_every first_delay longest_delay max_consecutive);
	my %policy;

	@policy{@columns} = split /\|/, value($node, 'SELECT ' . join(', ', map { /_(?:every|delay)$/ ? "extract(epoch FROM $_)" : $_ } @columns)
		  . " FROM otp_policy WHERE purpose = 'default'"), -1;
	$policy{guesses} = guesses_in_a_day(\%policy);
	return \%policy;
}

# Nobody gets more guesses judged than he may; and the plainest way gets as many, or the day was not one.
sub check_guesses
{
	my ($node, $title) = @_;
	my $policy = policy_of($node);
	my $told = attack_for_a_day($node);

	row("guesses in a day: $title", qw(judged charged bound));
	foreach (@ways)
	{
		my ($user, undef, undef, %way) = @$_;
		my ($judged, $charged, $bound) = (judged($told->{$user}), budget($node, $user), bound_of($policy, %way));

		row($user, $judged, $charged, $bound);
		ok($judged > 0 && $judged <= $bound, "$title, $user: no more guesses are judged than may be");
		is($charged, $judged, "$title, $user: each is charged, once");
	}
	is(judged($told->{ $ways[0][0] }), bound_of($policy), "$title: who guesses as soon as he may gets what the policy implies");
	return $policy->{guesses};
}

# Codes handed out, each way at every slot's begin: to a user, and to a destination.  Formats for the user.
my $hand_out = "SELECT '%1\$s', 'code', CASE WHEN otp_issue('%1\$s', 'login', '', '%1\$s') IS NOT NULL THEN 'handed_out' END;\n";
my $hand_again = $hand_out =~ s/otp_issue/otp_resend/r;
my %hand = (
	'one code after the other' => $hand_out x ISSUES,
	'rollback loop' => "BEGIN;\n${hand_out}ROLLBACK;\n" x ISSUES,
	'savepoint loop' => "BEGIN;\n" . "SAVEPOINT s;\n${hand_out}ROLLBACK TO s;\n" x ISSUES . "COMMIT;\n",
	'resend loop' => $hand_out . $hand_again x ISSUES,
	'many users, one destination' => join('', map { $hand_out =~ s/otp_issue\('/otp_issue('user $_ of /r } 1 .. ISSUES),
);

sub check_issues
{
	my ($node) = @_;
	my (%count, $err);
	my @slots = map { $_ * WINDOW / 7 } 0 .. DAY / WINDOW * 7 - 1;

	foreach (@slots)
	{
		set_ahead($node, $_);
		(undef, my $out, $err) = $node->psql('postgres', join('', map { sprintf $hand{$_}, $_ } sort keys %hand),
			on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
		$count{ $_->[0] }++ for told($out);
		die $err if $err =~ /ERROR:  (?!OT002)/;
	}
	row('codes handed out in a day', 'handed', '', 'bound');
	foreach (sort keys %hand)
	{
		row($_, $count{$_}, '', ISSUES * DAY / WINDOW);
		ok($count{$_} <= ISSUES * DAY / WINDOW, "$_: no more codes are handed out than may be");
		ok($count{$_} > ISSUES * DAY / WINDOW * 3 / 4, "$_: nor many fewer");
	}
	return;
}

my $node = set_up_attack('shipped');
is(check_guesses($node, 'as shipped'), 36, 'which is what README says');
stop_soundly($node);

$node = set_up_attack('stopping', 'max_consecutive = ' . STOP);
check_guesses($node, 'with a stop');
stop_soundly($node);

$node = set_up_attack('issuing', sprintf q{issue_window = '%d s', issues_per_user = %d, issues_per_destination = %2$d}, WINDOW, ISSUES);
check_issues($node);
stop_soundly($node);

done_testing();
