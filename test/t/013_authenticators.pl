# Authenticators and recovery codes: many clients have the right code at once, sessions and servers go down,
# a standby is promoted, a dump restored: of no code two acceptances, and nothing goes back.
# Requirements: 11, 13, 16, 25, 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CLIENTS => 100;
use constant ROUNDS => 3;
use constant CODES => 10;

srand(17);

# The WAL writer is slow, so that it does not flush what the extension has to.
my $node = new_node(
	'authenticators', allows_streaming => 1,
	settings => q{
	max_connections = 120
	max_prepared_transactions = 10
	wal_writer_delay = 10s
	wal_writer_flush_after = 0
	log_statement = none
});
my @kinds = qw(hotp totp);

# A position is a counter, or a day: time steps are so long, and windows so wide, that none begins to count or
# ceases to while this runs.  Ten digits, so that no two positions have the same code.
my $today = int(time / 86_400);
my %position = (hotp => 0, totp => $today - 2);
value($node, q{
	CREATE EXTENSION pageinspect;
	UPDATE otp_policy SET lifetime = '1 day', max_attempts = 100, free_guesses = 100 WHERE purpose = 'default';
	INSERT INTO otp_policy (purpose, spent_at_once) VALUES ('vault', true);
	INSERT INTO otp_policy (purpose, spent_at_once, trail) VALUES ('silent', true, 'none');
	CREATE TABLE recovery (user_id text, i bigint, code text, PRIMARY KEY (user_id, i));
	CREATE FUNCTION secret_of(claimed text) RETURNS otp_secret LANGUAGE sql IMMUTABLE AS
	$$ SELECT otp_secret(sha256(claimed::bytea), 'SHA1', 10, 86400) $$;
	CREATE FUNCTION code_of(claimed text, n bigint) RETURNS text LANGUAGE sql STABLE AS
	$$ SELECT coalesce((SELECT code FROM recovery WHERE user_id = claimed AND i = n + 1), hotp_at(secret_of(claimed), n)::text) $$;
	CREATE FUNCTION enroll(claimed text, kind text, n bigint) RETURNS bigint LANGUAGE sql AS
	$$ SELECT credential_id FROM otp_enroll(claimed, kind, secret => secret_of(claimed),
	                                        counter => CASE kind WHEN 'hotp' THEN n ELSE 0 END, window_size => 10) $$});

# The user has an active authenticator whose code of the first position is spent.
sub enroll
{
	my ($kind, $user) = @_;

	value($node, "SELECT enroll('$user', '$kind', $position{$kind})");
	return value($node, "SELECT otp_confirm('$user', code_of('$user', $position{$kind}))");
}

sub make_recovery_codes
{
	my ($user) = @_;

	return value($node,
		"INSERT INTO recovery SELECT '$user', i, c FROM otp_recovery_codes('$user', @{[CODES]}) WITH ORDINALITY AS r (c, i)");
}

# The code of the nth position after the first, or recovery code n.
sub code
{
	my ($kind, $user, $n, $database) = @_;

	return value($node, sprintf("SELECT code_of('%s', %d)", $user, ($position{$kind} // 0) + $n), $database);
}

# new_users(NAME): users of each kind, and the code of theirs that everybody is going to have.
sub new_users
{
	my ($name) = @_;
	my %code;

	for my $round (1 .. ROUNDS)
	{
		for my $kind (@kinds)
		{
			enroll($kind, "$name $kind $round");
			$code{"$name $kind $round"} = code($kind, "$name $kind $round", 1);
		}
		make_recovery_codes("$name recovery $round");
		$code{"$name recovery $round"} = code('recovery', "$name recovery $round", 1);
	}
	return %code;
}

# Requirements 11 and 25.  A hundred clients have one time step, one counter, one recovery code.
my %code = new_users('one');
my ($out, $err) = run_clients($node,
	(join '', $GO, map { attempt_sql($_, $code{$_}) } sort keys %code) x CLIENTS);
my %told;
$told{ $_->[0] }{ $_->[2] }++ for told(@$out);
for my $user (sort keys %code)
{
	is_deeply($told{$user}, { accepted => 1, replayed => CLIENTS - 1 },
		"$user: accepted for one of the clients, and a replay for all others");
}
is($err, '', 'without an error');
is( value($node, q{SELECT string_agg(DISTINCT n::text, ' ') FROM
	(SELECT count(*) AS n FROM otp_event WHERE event = 'accepted' GROUP BY user_id) AS per_user}),
	1, 'the trail tells of one acceptance each');
is( value($node, q{SELECT string_agg(DISTINCT method || ' ' || split_part(user_id, ' ', 2), ', ') FROM otp_event WHERE event = 'accepted'}),
	'hotp hotp, recovery recovery, totp totp', 'and by which method');
is(value($node, "SELECT string_agg(DISTINCT otp_recovery_left(user_id)::text, ' ') FROM recovery"),
	CODES - 1, 'one recovery code of each set is spent');
is( value($node, "SELECT string_agg(DISTINCT total::text, ' ') FROM otp_budget WHERE user_id ~ 'hotp|recovery'"),
	1, 'the same replay is charged once, however often');

# A recovery set for a user at once: one set in the end, which is the one of the last who was told.
($out, $err) = run_clients($node,
	("${GO}SELECT 'set', c, 'made' FROM (SELECT string_agg(c::text, ' ') AS c FROM otp_recovery_codes('set', 2) AS c) AS s;\n") x 16);
is($err, '', 'sixteen sets of recovery codes can be made at once');
my @sets = map { [ split / /, $_->[1] ] } told(@$out);
is_deeply([ scalar(@sets), scalar(grep { attempt($node, 'set', $_->[0]) eq 'accepted' } @sets) ],
	[ 16, 1 ], 'and one of them counts');
is(value($node, "SELECT otp_recovery_left('set')"), 1, 'which has one code left');

# Enrolments of a user at once: one is pending.
($out, $err) = run_clients($node, map { "${GO}SELECT 'many', credential_id, 'made' FROM otp_enroll('many', secret => secret_of('many $_'));\n" } 1 .. 16);
is($err, '', 'sixteen enrolments of a user can be made at once');
is(value($node, q{SELECT count(*) FROM otp_credentials('many') WHERE state = 'pending'}), 1, 'and one is pending');

# Requirement 16.  Some undo what they were told; some are of a purpose that spends at once, which is not undone.
my %ends = (
	committed => 'COMMIT;',
	undone => 'ROLLBACK;',
	savepoint => "ROLLBACK TO s;\nCOMMIT;");

sub transaction
{
	my ($user, $code) = @_;
	my $level = (('READ COMMITTED') x 2, 'REPEATABLE READ')[ rand 3 ];
	my $purpose = qw(login login vault)[ rand 3 ];
	my $end = (sort keys %ends)[ rand 3 ];

	return qq{
\\set reason none
\\set pays off
BEGIN ISOLATION LEVEL $level;
SAVEPOINT s;
SELECT (otp_attempt('$user', '$code', '$purpose')).reason \\gset
SELECT :'reason' = 'accepted' AS pays \\gset
\\if :pays
INSERT INTO payment VALUES ('$user', '$purpose');
\\endif
$ends{$end}
SELECT '$user', '$code', '${purpose}_' || :'reason';
};
}

%code = new_users('undone');
($out, $err) = run_clients($node, map { join '', $GO, map { transaction($_, $code{$_}) } sort keys %code } 1 .. 32);
is($err, '', 'transactions that undo an acceptance: without an error');
my %spent = map { $_ => 0 } keys %code;
for (told(@$out))
{
	$spent{ $_->[0] }++ if $_->[2] eq 'vault_accepted';
}
$spent{$_}++ for split /\n/, value($node, "SELECT user_id FROM payment WHERE by = 'login'");
is_deeply([ grep { $spent{$_} > 1 } sort keys %spent ], [], 'no code is accepted for two transactions that count');
is_deeply(
	{ attempt_all($node, %code) },
	{ map { $_ => $spent{$_} ? 'replayed' : 'accepted' } keys %code },
	'what was not accepted for any is accepted later, and nothing else');

# From here on, what a user keeps goes through all that befalls a server.  One code of each is spent.
is(enroll($_, $_), 't', "$_: confirmed") for @kinds;
make_recovery_codes('recovery');
is(attempt($node, 'recovery', code('recovery', 'recovery', 0)), 'accepted', 'recovery: a first code');
value($node, "SELECT enroll('pending', 'totp', 0)");
my $void = value($node, "SELECT otp_recovery_codes('renewed', 1)");
value($node, "SELECT otp_recovery_codes('renewed', 1)");
enroll('totp', 'revoked');
value($node, "SELECT otp_revoke('revoked', credential_id) FROM otp_credentials('revoked')");

# goes_on(N, WHEN, DATABASE): the nth code of each is the next one; those before are spent.
sub goes_on
{
	my ($n, $when, $database) = @_;
	my $reason = sub {
		my ($user, $code) = @_;
		return value($node, "SELECT (otp_attempt('$user', '$code')).reason", $database);
	};

	for my $user (@kinds, 'recovery')
	{
		my @codes = map { code($user, $user, $_, $database) } 0 .. $n;
		is($reason->($user, $codes[$_]), 'replayed', "$when: $user code $_ is spent") for 0 .. $n - 1;
		is($reason->($user, $codes[$n]), 'accepted', "$when: $user code $n is accepted");
		is($reason->($user, $codes[$n]), 'replayed', "$when: once");
	}
	is(value($node, "SELECT otp_recovery_left('recovery')", $database), CODES - $n - 1, "$when: recovery codes that are left");
	is($reason->('pending', code('totp', 'pending', 2, $database)), 'no_code', "$when: what is pending verifies nothing");
	is($reason->('renewed', $void), 'wrong', "$when: a set that was replaced is void");
	is(value($node, "SELECT count(*) FROM otp_credentials('revoked')", $database), 0, "$when: what was revoked is gone");
	return;
}

sub kept
{
	my ($database) = @_;

	return value($node, q{
		SELECT * FROM otp_credential ORDER BY credential_id;
		SELECT * FROM otp_recovery ORDER BY user_id}, $database);
}

# What is accepted at once is on disk when that is told.
sub is_flushed
{
	my ($session, $what) = @_;

	is($session->query_safe(q{
		SELECT bool_and((page_header(get_raw_page(name, block::integer))).lsn <= pg_current_wal_flush_lsn())
		FROM unnest(ARRAY['otp_challenge', 'otp_credential', 'otp_recovery', 'otp_event']) AS name,
		     generate_series(0, pg_relation_size(name::regclass) / 8192 - 1) AS block}),
		't', "$what: the WAL is flushed when it is told");
	return;
}

my $kept = kept();
$node->restart;
is(kept(), $kept, 'a restart changes nothing');
goes_on(1, 'after a restart');

# Two acceptances of each method, in one that is open when the server stops dead: one with the transaction, which is
# undone, and one at once, which is not.
my @methods = (@kinds, 'recovery', 'issued');
for my $purpose ('vault', 'silent')
{
	%code = (issued => issue($node, "$purpose issued", $purpose));
	enroll($_, "$purpose $_") for @kinds;
	make_recovery_codes("$purpose recovery");
	$code{$_} = code($_, "$purpose $_", 1) for @kinds, 'recovery';
	my $session = $node->background_psql('postgres');
	$session->query_safe('BEGIN');
	for my $method (@methods)
	{
		is($session->query_safe(attempt_sql("$purpose $method", $code{$method}, $purpose)),
			"$purpose $method|$code{$method}|accepted", "at once, $purpose: $method");
		is_flushed($session, "at once, $purpose: $method");
		is(attempt($node, "$purpose $method", $code{$method}, $purpose), 'replayed',
			"at once, $purpose: $method: a replay to everyone else already");
	}
	$session->query_safe('SAVEPOINT s');
	is($session->query_safe(sprintf "SELECT (otp_attempt('%s', code_of('%s', %d))).reason", $_, $_, ($position{$_} // 0) + 2),
		'accepted', "$purpose: and of $_ one with the transaction") for @kinds, 'recovery';
	$node->stop('immediate');
	$node->start;
	$session->quit;
	is(attempt($node, "$purpose $_", $code{$_}, $purpose), 'replayed', "$purpose: $_: spent at once, spent after a crash")
	  for @methods;
}
is( value($node, q{SELECT string_agg(DISTINCT format('%s %s', user_id, method), ', ') FROM otp_event
	WHERE event = 'accepted' AND purpose IN ('vault', 'silent') AND user_id ~ '^(vault|silent) '}),
	join(', ', map { "vault $_ $_" } sort @methods), 'the trail has what was spent at once, unless it has none');
goes_on(2, 'after a crash');

# Prepared transactions.
my %prepared = new_users('prepared');
my %once = new_users('once');
value($node, join '', map { "BEGIN; SELECT otp_verify('$_', '$prepared{$_}'); PREPARE TRANSACTION '$_'; " } keys %prepared);
value($node, 'BEGIN; ' . join('', map { "SELECT otp_verify('$_', '$once{$_}', 'vault'); " } keys %once) . "PREPARE TRANSACTION 'once'");
$node->stop('immediate');
$node->start;
my @first = grep { /1$/ } sort keys %prepared;
value($node, "COMMIT PREPARED '$_'") for @first;
value($node, "ROLLBACK PREPARED '$_'") for 'once', grep { !/1$/ } sort keys %prepared;
is_deeply(
	{ attempt_all($node, %prepared) },
	{ map { $_ => /1$/ ? 'replayed' : 'accepted' } keys %prepared },
	'what is prepared goes through a crash: spent if it is committed, and only then');
is_deeply(
	{ attempt_all($node, %once) },
	{ map { $_ => 'replayed' } keys %once },
	'what is spent at once stays so after ROLLBACK PREPARED');
tables_are_sound($node, 'after crashes');

# Requirement 13: a standby that is promoted knows all of it, and has what was told to be spent at once.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('promoted');
$standby->init_from_backup($node, 'base', has_streaming => 1);
chmod 0600, master_key_file($standby) or die $!;
$standby->start;
goes_on(3, 'with a standby');
$node->wait_for_catchup($standby);
value($node, "ALTER SYSTEM SET synchronous_standby_names = 'promoted'");
$node->reload;
$node->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication WHERE application_name = 'promoted'")
  or die 'the standby is not synchronous';
enroll('hotp', 'far');
$code{far} = code('hotp', 'far', 1);
$standby->stop;
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN');
hold_until_waiting($node, $session, attempt_sql('far', $code{far}, 'vault'), "wait_event = 'SyncRep'");
unlike($session->{stdout}, qr/accepted/, 'an acceptance at once waits for the synchronous standby before it is told');
$standby->start;
like($session->query_until(qr/ended/, ''), qr/^far\|$code{far}\|accepted$/m, 'it is told when the standby is back');
$kept = kept();
$node->stop('immediate');
$session->quit;
$standby->promote;
$node = $standby;
is(kept(), $kept, 'the standby has every row as it was told on the primary');
is(attempt($node, 'far', $code{far}), 'replayed', 'what was spent at once is spent after promotion');
goes_on(4, 'after promotion');

# Requirement 42: a dump, plain and not, has all of it.
value($node, "ALTER SYSTEM RESET synchronous_standby_names");
$node->reload;
$kept = kept();
my $dump = $node->basedir . '/dump';
command_ok([ 'pg_dump', '-f', "$dump.sql", '-d', $node->connstr('postgres') ], 'a plain dump');
command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'another one');
value($node, "CREATE DATABASE $_") for qw(plain custom);
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr('plain'), '-f', "$dump.sql" ], 'it is restored');
command_ok([ 'pg_restore', '-d', $node->connstr('custom'), "$dump.custom" ], 'so is that');
my $newest = value($node, 'SELECT max(credential_id) FROM otp_credential');
for my $database (qw(plain custom))
{
	is(kept($database), $kept, "$database: every row is restored");
	goes_on(5, "$database dump", $database);
	is(value($node, sprintf("SELECT otp_confirm('pending', code_of('pending', %d))", $today), $database),
		't', "$database: what was pending can be confirmed");
	cmp_ok(value($node, "SELECT enroll('new', 'hotp', 0)", $database), '>', $newest, "$database: ids go on from where they were");
	tables_are_sound($node, "after a restore: $database", $database);
}

stop_soundly($node);
done_testing();
