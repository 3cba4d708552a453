# What surrounds the relay: the environment's proxy is for what TLS keeps from it, and a host whose name is never found delays
# no other.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('environment');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $provider = start_provider($dir);

# A proxy where nobody is: what goes by it does not arrive.
my %direct = (plain => 'sent 1 id', tls => 'queued 1 cannot connect', tls_or_plain => 'queued 1 cannot connect');
add_channel($node, 'plain', provider => $provider);
add_channel($node, 'tls', provider => $provider, listener => 'https');
add_channel($node, 'tls_or_plain', provider => $provider, listener => 'https', allow_plaintext => 't');
for my $all (0, 1)
{
	local %ENV = (%ENV, map { $_ => 'http://127.0.0.1:1' } $all ? ('all_proxy') : ('http_proxy', 'https_proxy'));
	delete local @ENV{qw(no_proxy NO_PROXY)};
	send_message($node, $_, "$_ $all", "+628120000000$all") for sort keys %direct;
	is((once($node))[0], 0, 'a relay with a proxy in its environment');
	is(message($node, "$_ $all"), $direct{$_}, "$_: what becomes of the message, " . ($all ? 'all_proxy' : 'http_proxy and https_proxy'))
	  for sort keys %direct;
	my $out = (run_relay($node, '--check'))[1];
	like($out, qr/^plain: ok /m, '--check does as sending does');
	like($out, qr/^tls: cannot connect /m, 'also by TLS');
}

# Nobody asks for the keys of sessions.
{
	local $ENV{SSLKEYLOGFILE} = "$dir/keys";
	send_message($node, 'tls', 'keys', '+6281200000005');
	is((once($node))[0], 0, 'a relay that is asked for the keys of its sessions');
	is(message($node, 'keys'), 'sent 1 id', 'sends');
	ok(!-e "$dir/keys", 'and writes none down');
}

# A resolver that does not come to an end, for one name.
SKIP:
{
	skip 'a sanitizer has to be loaded first', 3 if slurp_file($OtpRelay::relay) =~ /__asan_init/;
	chomp(my $version = `curl-config --vernum 2>&1`);
	skip 'libcurl waits for its resolver', 3 if $version !~ /^[0-9a-f]{6}$/ || hex $version < 0x075700;
	append_to_file("$dir/resolver.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int			(*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");

	while (name && strcmp(name, "slow.example") == 0)
		pause();
	return real(name, service, hints, found);
}
END
	system('cc', '-shared', '-fPIC', '-o', "$dir/resolver.so", "$dir/resolver.c", '-ldl') == 0 or die 'cc';
	add_channel($node, 'slow', provider => $provider, url => 'https://slow.example/', timeout => '1 second');
	my $relay = do { local $ENV{LD_PRELOAD} = "$dir/resolver.so"; start_relay($node) };
	send_message($node, 'slow', 'slow', '+6281200000003');
	wait_for_log($relay, qr/ retry channel=slow /);
	send_message($node, 'plain', 'other', '+6281200000004');
	$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'other'}) or die 'not sent';
	like(message($node, 'slow'), qr/^\w+ \d timeout/, 'a name that is never found');
	is(message($node, 'other'), 'sent 1 id', 'delays no other');
	value($node, q{DELETE FROM otp_message WHERE user_id = 'slow'});
	is(end_relay($relay), 0, 'nor the end');
}

stop_soundly($node);
done_testing();
