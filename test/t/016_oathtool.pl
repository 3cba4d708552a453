# oathtool, which is not ours, computes the same codes: of 2,000 random combinations of kind, hash, digits,
# period, time or counter, and length of the secret.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant COMBINATIONS => 2000;

my $node = new_node('oathtool');

srand(6238);

sub pick
{
	return $_[ int rand @_ ];
}

# A number of as many bits as likely as of any other up to BITS, so that small ones occur.
sub random_number
{
	my ($bits) = @_;
	my $wanted = int rand($bits + 1);
	my $number = 0;

	$number = $number << 1 | int rand 2 for 1 .. $wanted;
	return $number;
}

# oathtool has SHA1 alone for HOTP, 6 to 8 digits, and times from 1970 on.
sub random_case
{
	my %case = (
		kind => pick('hotp', 'totp', 'totp'),
		digits => pick(6, 7, 8),
		key => join('', map { sprintf '%02x', int rand 256 } 1 .. pick(1 + int rand 200, 16, 20, 32, 64, 65, 128, 129)));

	if ($case{kind} eq 'hotp')
	{
		@case{qw(algorithm period moment)} = ('SHA1', 30, random_number(62));
	}
	else
	{
		@case{qw(algorithm period moment)} =
		  (pick('SHA1', 'SHA256', 'SHA512'), pick(30, 60, 1 + random_number(16)), random_number(37));
	}
	return \%case;
}

# What oathtool says to a case.
sub oathtool_code
{
	my ($case) = @_;
	my @mode =
	  $case->{kind} eq 'hotp'
	  ? ('--hotp', "--counter=$case->{moment}")
	  : ("--totp=$case->{algorithm}", "--time-step-size=$case->{period}s", "--now=\@$case->{moment}");
	my ($out, $err);

	IPC::Run::run([ 'oathtool', @mode, "--digits=$case->{digits}", '-' ], '<', \$case->{key}, '>', \$out, '2>', \$err)
	  or die "oathtool: $err";
	chomp $out;
	return $out;
}

my @cases = map { random_case() } 1 .. COMBINATIONS;
$_->{code} = oathtool_code($_) for @cases;

my $file = $node->basedir . '/cases';
append_to_file($file, join '', map { join("\t", @$_{qw(kind algorithm digits period moment code)}, "\\\\x$_->{key}") . "\n" } @cases);
value($node, qq{
	CREATE TABLE given (n serial, kind text, algorithm text, digits integer, period integer, moment bigint, code text, key bytea);
	COPY given (kind, algorithm, digits, period, moment, code, key) FROM '$file';
	CREATE VIEW judged AS
	  SELECT n, kind, algorithm, digits, period, moment, octet_length(key) AS bytes, ours = code::otp AS same, match, neighbour
	  FROM given, otp_secret(key, algorithm, digits, period) AS secret,
	    LATERAL (SELECT hotp_at(secret, moment), hotp_match(secret, code, moment) = moment,
	                    hotp_match(secret, code, greatest(moment - 3, 0), 5) BETWEEN moment - 3 AND moment
	               WHERE kind = 'hotp'
	             UNION ALL
	             SELECT totp_at(secret, to_timestamp(moment)), totp_match(secret, code, to_timestamp(moment), 0) = moment / period,
	                    abs(totp_match(secret, code, to_timestamp(moment + period), 1) - moment / period) <= 2
	               WHERE kind = 'totp') AS answer (ours, match, neighbour)});

is(value($node, 'SELECT count(*) FROM judged'), COMBINATIONS, COMBINATIONS . ' combinations');
for my $what (qw(same match neighbour))
{
	is(value($node, "SELECT kind, algorithm, digits, period, moment, bytes FROM judged WHERE $what IS NOT TRUE ORDER BY n LIMIT 5"),
		'', { same => 'the same codes', match => 'which match', neighbour => 'and are found from nearby' }->{$what});
}
is(value($node, 'SELECT count(DISTINCT (kind, algorithm, digits)) FROM given'),
	12, 'of HOTP and of TOTP with three hashes, each with 6, 7 and 8 digits');
is(value($node, "SELECT bool_or(kind = 'hotp' AND moment > 4294967295), bool_or(kind = 'totp' AND moment > 4294967295),
	min(octet_length(key)) < 16, max(octet_length(key)) > 129, bool_or(code LIKE '0%') FROM given"),
	't|t|t|t|t', 'beyond 32 bits, with short and long keys, with leading zeros');

# Control: another code does not match.
is(value($node, q{SELECT count(*) FROM given, otp_secret(key, algorithm, digits, period) AS secret
	WHERE hotp_at(secret, moment) = code::otp AND kind = 'totp' AND moment / period <> moment}), 0,
	'control: the code of another counter is another');

stop_soundly($node);
done_testing();
