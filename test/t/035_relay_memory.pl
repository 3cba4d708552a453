# Once messages are settled, the relay's memory has no code, no credential and no destination any more.
# Requirements: 24.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant MANY => 130;

plan skip_all => 'a sanitizer keeps what was freed' if slurp_file($OtpRelay::relay) =~ /__asan_init/;
open_relay() or die 'cannot build it';

my $node = new_relay_node('memory');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $provider = start_provider($dir);
my %secret = (header => 'headerHEADERheader', url => 'urlURLurl');

for my $name (qw(http https))
{
	add_channel(
		$node, $name, provider => $provider, listener => $name, path => "/gate/$name/ok?token=$secret{url}",
		headers => qq({"Content-Type: application/json","Authorization: Bearer {secret.token}"}), timeout => '5 minutes');
	value($node, "SELECT otp_channel_secret('$name', 'token', '$secret{header}')");
}

my $relay = start_relay($node);
my $pid = relay_pid($relay);

# left(TEXT …): which of them are in its memory, as one string.
sub left
{
	my @texts = @_;
	my %found;
	no warnings 'portable';    # addresses have 64 bits

	open(my $memory, '<:raw', "/proc/$pid/mem") or plan skip_all => 'its memory cannot be read here';
	for (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
		seek $memory, hex $from, 0 or next;
		defined read $memory, my $bytes, hex($to) - hex $from or next;
		index($bytes, $_) >= 0 and $found{$_} = 1 for @texts;
	}
	return join ' ', sort keys %found;
}

for my $name (qw(http https))
{
	my $before = () = requests($provider);
	value($node, sprintf q{SELECT count(otp_send('%1$s' || i, '+62812555' || 10000 + i, '%1$s')) FROM generate_series(1, %2$d) AS i}, $name, MANY);
	wait_until('a full flight', sub { requests($provider) >= $before + 100 });
	is(left(values %secret), join(' ', sort values %secret), "control, $name: in flight they are there");
	append_to_file("$dir/$name", '');
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM otp_message WHERE state <> 's'") or die 'not all were sent';
	my @codes = map { $_->{body} =~ /code: (\d{6})/ ? "code: $1" : () } requests($provider);
	is(scalar @codes, MANY * ($name eq 'http' ? 1 : 2), "control, $name: there are codes");
	my @secrets = (@codes, '+62812555', values %secret);
	wait_until("nothing to be left: $name", sub { left(@secrets) eq '' });
	pass("$name: once settled, nothing is left of them");
}
is(end_relay($relay), 0, 'it ends well');

$node->stop;
done_testing();
