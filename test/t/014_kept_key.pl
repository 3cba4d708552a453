# What the session's memory holds of a secret: while a call site of a pure function may use it again,
# its keyed state; afterwards, however the query ended, nothing.
#
# The states are computed apart.  Whoever has them can make codes; and nothing but the kept key has them,
# while the key itself also stands in the plan and the rows of the query, which PostgreSQL frees
# and does not wipe.
# Requirements: 23.

use strict;
use warnings FATAL => 'all';
no warnings 'portable';    # 64-bit numbers in hexadecimal

use FindBin;
use lib "$FindBin::RealBin/lib";

use Digest::SHA;
use OtpTest;
use ProcessMemory;
use Test::More;

my $another = 'another, shorter';

# What is looked for: the digest's state past each pad of the key, as the words that it is computed in;
# and the copy of the key with its length before it, by which the kept key knows it again.
sub traces_of
{
	my ($key, $bits) = @_;
	my $block = $bits == 512 ? 128 : 64;
	my $size = $bits / 8;
	my %trace = (
		'copy of the key' => pack('J', length $key) . $key,
		'what a shorter one left of it' => pack('J', length $another) . $another . substr $key, length $another);

	$size = 20 if $bits == 1;
	for my $pad (0x36, 0x5c)
	{
		my $digest = Digest::SHA->new($bits);
		$digest->add(($key . "\0" x ($block - length $key)) ^ (chr($pad) x $block));
		my ($words) = $digest->getstate =~ /^H:(.*)/m;
		my $name = $pad == 0x36 ? 'inner state' : 'outer state';
		$trace{$name} = substr pack($bits == 512 ? 'Q*' : 'L*', map { hex } split /:/, $words), 0, $size;
	}
	return \%trace;
}

# The names of the traces that a session's memory has.
sub found
{
	my ($session, $traces) = @_;
	my @memory = memory_of($session->{pid});

	return join ', ', grep {
		my $trace = $traces->{$_};
		grep { index($_, $trace) >= 0 } @memory
	} sort keys %$traces;
}

my $node = new_node('kept');
my $all = 'copy of the key, inner state, outer state';

my $session = session_with_pid($node);
plan skip_all => "cannot read the memory of a server's process" unless memory_of($session->{pid});
$session->quit;

value($node, q{
	CREATE FUNCTION in_loop(secret otp_secret) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
	  code otp;
	BEGIN
	  FOR i IN 1 .. 3 LOOP
	    code := hotp_at(secret, i);
	  END LOOP;
	END $$});

# A cursor that has called the function for i = 1 and 2, and waits.
sub cursor
{
	my ($call) = @_;

	return "BEGIN; SAVEPOINT s; DECLARE c CURSOR FOR SELECT $call FROM generate_series(1, 9) AS i; FETCH 2 FROM c";
}

# Each case: what it is; what keeps a key, with @ for the secret; what ends that.
my $other = "otp_secret('$another'::bytea)";
my $third = "otp_secret('$another', 'SHA512')";
my @cases = (
	[ 'cursor, commit', cursor('hotp_at(@, i)'), 'COMMIT' ],
	[ 'cursor, close', cursor("hotp_match(@, '123456', i)"), 'CLOSE c' ],
	[ 'cursor, rollback', cursor('totp_at(@, to_timestamp(i))'), 'ROLLBACK' ],
	[ 'cursor, rollback to savepoint', cursor("totp_match(@, '123456', to_timestamp(i))"), 'ROLLBACK TO s' ],
	[ 'cursor, error', cursor('hotp_at(@, i)'), 'SELECT 1 / 0' ],
	[ 'cursor, its own error', cursor('hotp_at(@, 2 - i)'), 'FETCH 1 FROM c' ],
	[ 'cursor, another secret', cursor("hotp_at(CASE WHEN i < 3 THEN @ ELSE $other END, i)"), 'FETCH 1 FROM c' ],
	[ 'cursor, two others', cursor("hotp_at(CASE WHEN i < 3 THEN @ WHEN i = 3 THEN $other ELSE $third END, i)"), 'FETCH 2 FROM c' ],
	[ 'PL/pgSQL, commit', 'BEGIN; SELECT in_loop(@)', 'COMMIT' ],
	[ 'PL/pgSQL, rollback', 'BEGIN; SELECT in_loop(@)', 'ROLLBACK' ],
);

for my $algorithm (1, 256, 512)
{
	my $number = 0;

	for my $case (@cases)
	{
		my ($name, $keeping, $end) = @$case;
		my $key = sprintf 'SHA%03d, case %02d: a key of its own', $algorithm, ++$number;
		my $traces = traces_of($key, $algorithm);
		my $secret = sprintf "otp_secret('%s'::bytea, 'SHA%d')", $key, $algorithm;

		$session = session_with_pid($node);
		$session->query_safe($keeping =~ s/\@/$secret/r);
		is(found($session, $traces), $all, "SHA$algorithm, $name: kept");
		$session->query($end);
		is(found($session, $traces), '', 'and wiped');
		$session->query('ROLLBACK');
		$session->quit;
	}

	# Queries that are over: of them nothing is left, and there is no moment to look between.
	my $key = "SHA$algorithm: a key for queries";
	my $traces = traces_of($key, $algorithm);
	my $secret = "otp_secret('$key'::bytea, 'SHA$algorithm')";

	$session = session_with_pid($node);
	$session->query_safe("SELECT hotp_at($secret, i), hotp_match($secret, '123456', i) FROM generate_series(1, 100) AS i");
	is(found($session, $traces), '', "SHA$algorithm: nothing is left of a query");
	$session->query("SELECT hotp_at($secret, 5 - i) FROM generate_series(1, 100) AS i");
	is(found($session, $traces), '', 'nor of one that failed');
	$session->query("SET statement_timeout = '10 ms'; SELECT hotp_at($secret, i), pg_sleep(1) FROM generate_series(1, 1000) AS i");
	is(found($session, $traces), '', 'nor of one that was cancelled');
	$session->quit;
	$session = session_with_pid($node);
	$session->query_safe("PREPARE p AS SELECT hotp_at($secret, i) FROM generate_series(1, 3) AS i; EXECUTE p; EXECUTE p");
	is(found($session, $traces), '', 'nor of a prepared statement');
	$session->query("SELECT hotp_at($secret, 1)");
	is(found($session, $traces), '', "nor of the planner's own calls");
	$session->quit;
}

$node->stop;
done_testing();
