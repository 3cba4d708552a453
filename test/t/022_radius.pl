# The recipe for FreeRADIUS of doc/cookbook.md as it is written there, and what an attacker or a mishap does to it.
#
# Requirements: 7, 11, 24, 29.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Digest::MD5 qw(md5);
use IO::Select;
use IO::Socket::INET;
use OtpCookbook;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $kitchen = new_kitchen('radius');
my $node = $kitchen->{node};

cook($kitchen);

# A client that can send any byte, and a packet twice: RFC 2865, and RFC 2869 section 5.14.
my $secret = 'change me';
my $socket = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => $kitchen->{names}{RADIUS_PORT}) or die $!;
my $identifier = 0;

sub hmac_md5
{
	my ($text) = @_;
	my $key = $secret . "\0" x (64 - length $secret);

	return md5(($key ^ "\x5c" x 64) . md5(($key ^ "\x36" x 64) . $text));
}

# RFC 2865 section 5.2.
sub hidden
{
	my ($password, $authenticator) = @_;
	my ($last, $hidden) = ($authenticator, '');

	$password .= "\0" x (-length($password) % 16);
	for (unpack '(a16)*', $password)
	{
		$last = $_ ^ md5($secret . $last);
		$hidden .= $last;
	}
	return $hidden;
}

# request(NAME, PASSWORD): a packet; without a password if that is undef.
sub request
{
	my ($name, $password) = @_;
	my $authenticator = join '', map { chr int rand 256 } 1 .. 16;
	my $attributes = chr(1) . chr(2 + length $name) . $name;

	if (defined $password)
	{
		my $hidden = hidden($password, $authenticator);
		$attributes .= chr(2) . chr(2 + length $hidden) . $hidden;
	}
	my $head = pack 'C C n a16', 1, $identifier++ % 256, 20 + 18 + length $attributes, $authenticator;
	my $to_sign = chr(80) . chr(18);

	return $head . $attributes . $to_sign . hmac_md5($head . $attributes . $to_sign . "\0" x 16);
}

# What is answered: accepted or rejected, and all that is said beside that.
sub answer
{
	my ($packet) = @_;
	my $reply = '';

	$socket->send($packet) or die $!;
	die 'no answer' unless IO::Select->new($socket)->can_read($PostgreSQL::Test::Utils::timeout_default);
	$socket->recv($reply, 4096) // die $!;
	my ($code, $of, $attributes) = unpack 'C C x18 a*', $reply;
	die 'an answer to something else' if $of != ord substr $packet, 1, 1;
	# a newer FreeRADIUS signs its answer, too
	$attributes =~ s/^\x50\x12.{16}//s;
	return ({ 2 => 'accepted', 3 => 'rejected' }->{$code} // $code) . unpack 'H*', $attributes;
}

sub asked
{
	return answer(request(@_));
}

my @code = token_codes($kitchen);

sub counted
{
	my ($user) = @_;

	return value($node, "SELECT total FROM otp_budget WHERE user_id = '$user'", 'shop');
}

sub events
{
	my ($user, $event) = @_;

	return value($node, "SELECT count(*) FROM otp_event WHERE user_id = '$user' AND event = '$event'", 'shop');
}

# A name is what it is, whatever is in it.
my @names = (
	q{o'brien}, q{a=27b}, 'back\\slash', '\\', 'two words ', 'Zoë', "line\nfeed", "'", '$1', '`id`', 'x' x 253, '%{User-Password}',
	'%{sql:SELECT true}', q{x', '', '') OR true --}, q{x\\047, \\047\\047, \\047\\047) OR true --});
is(join(' ', map { enroll($kitchen, $_) } @names), join(' ', ('t') x @names), 'tokens of people with strange names');
is(asked($_, $code[1]), 'accepted', "the right code of <$_>") for @names;
is(asked($_, $code[1]), 'rejected', "once, of <$_>") for @names;

# What is no name and no code, or no answer of otp's.
enroll($kitchen, 'ivan');
my @harmless = (
	[ 'nobody', $code[1] ],
	[ 'IVAN', $code[1] ],
	[ 'ivan ', $code[1] ],
	[ "ivan\0", $code[1] ],
	[ "ivan\0x", $code[1] ],
	[ "ivan\xff", $code[1] ],
	[ q{ivan\\047, }, $code[1] ],
	[ q{ivan', '1', 'vpn') OR true --}, '1' ],
	(map { [ 'ivan', $_ ] } undef, q{'}, q{' OR 't' = 't}, q{', 'vpn') OR true --}, q{\\047, \\047vpn\\047) OR true --}, '\\',
		'%{control:Auth-Type}', '%{sql:SELECT true}', "\xff", 't', "t\n", 'x' x 128));
is(asked(@$_), 'rejected', sprintf 'not accepted: <%s> <%s>', map { s/[^ -~]/?/gr } map { $_ // 'nothing' } @$_) for @harmless;
is(counted('ivan'), 0, 'none of it was a guess');
is(asked('nobody', '123456'), asked('ivan', '123456'), 'an unknown user and a wrong code are answered alike');
is(counted('ivan'), 1, 'a wrong code is counted');
is(asked('ivan', '123456'), 'rejected', 'once more the same');
is(counted('ivan'), 1, 'is not');
is(asked('ivan', $code[1]), 'accepted', 'and the code that none of that was is accepted');

# A packet that is sent again is answered again, and is no second guess.
enroll($kitchen, 'judy');
my $packet = request('judy', $code[1]);
is(answer($packet), 'accepted', 'a right code');
is(answer($packet), 'accepted', 'the same packet again');
is(events('judy', $_->[0]), $_->[1], "$_->[0] in the trail: $_->[1]") for [ 'accepted', 1 ], [ 'rejected', 0 ];

# A connection that is lost.
is(value($node, q{SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE usename = 'door'}), 't', 'all connections are lost');
is(asked('judy', $code[2]), 'accepted', 'a right code is accepted by another one');

# No PostgreSQL is no answer; and it is asked again when it is there.
$node->stop;
is(asked('judy', $code[3]), 'rejected', 'while PostgreSQL is down nobody is accepted');
$node->start;
my $tries = 10 * $PostgreSQL::Test::Utils::timeout_default;
usleep(100_000) until asked('judy', $code[3]) eq 'accepted' || !$tries--;
cmp_ok($tries, '>', 0, 'and then he is');

is(value($node, q{SELECT count(*) > 0, count(*) FILTER (WHERE query <> '') FROM pg_stat_activity WHERE usename = 'door'}), 't|0',
	'pg_stat_activity shows no statement');
is_kept_quiet($kitchen, '123456', @code[ 1 .. 3 ]);
my $log = slurp_file("$kitchen->{dir}/freeradius.log");
like($log, qr/Login OK: \[judy\]/, 'control: the log of FreeRADIUS has the logins');
is(join(' ', grep { $log =~ /$_/ } map { ($_, unpack 'H*', $_) } '123456', @code[ 1 .. 3 ]), '', 'and no code');

$node->stop;
done_testing();
