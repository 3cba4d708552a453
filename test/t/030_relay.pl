# The relay with a provider that does whatever a provider can do: what becomes of the message, what the provider sees of it, and
# what is said of it.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('relay');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $provider = start_provider($dir);

# OpenSSL as lax as it can be set: what is refused is refused by the relay.
append_to_file("$dir/openssl.cnf", <<'END');
openssl_conf = openssl
[openssl]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
END
$ENV{OPENSSL_CONF} = "$dir/openssl.cnf";

# What is secret here cannot be in a log by chance.
my %secret = (token => 'tokenTOKENtoken', password => 'passwordPASSWORD', path => 'pathPATHpath');

# Each case: name of channel and user; columns of the channel; what becomes of the message at first; and how often the
# provider has seen it by then.  On a connection that was kept open libcurl tries again, once, what got no answer at all.
my @cases = (
	[ 'ok', { path => '/ok' }, 'sent 1 id', 1 ],
	[ 'header', { path => '/ok', id_path => 'header:X-Message-Id' }, 'sent 1 id', 1 ],
	[ 'text', { path => '/text', id_path => 'body:' }, 'sent 1 id', 1 ],
	[ 'no_id', { path => '/ok', id_path => undef }, 'sent 1', 1 ],
	[ 'put', { path => '/ok', method => 'PUT' }, 'sent 1 id', 1 ],
	[ 'get', { path => '/ok?to={destination}&code={code}', method => 'GET', body => undef }, 'sent 1 id', 1 ],
	[ 'same_1', { path => '/same' }, 'sent 1 id', 1 ],
	[ 'same_2', { path => '/same' }, 'sent 1 id', 1 ],
	[ 'value', { path => '/value/0', accept_path => 'messages.0.status', accept_values => '{0}', id_path => 'messages.0.message-id' }, 'sent 1 id', 1 ],
	[
		'value_later', { path => '/value/1', accept_path => 'messages.0.status', accept_values => '{0}', retry_path => 'messages.0.status', retry_values => '{1,5}' },
		'queued 1 HTTP 200, answer says 1', 1
	],
	[
		'value_never', { path => '/value/4', accept_path => 'messages.0.status', accept_values => '{0}', retry_path => 'messages.0.status', retry_values => '{1,5}' },
		'failed 1 HTTP 200, answer says 4', 1
	],

	# the provider has taken it, and what else it says does not take that back
	[ 'json', { path => '/json' }, 'sent 1', 1 ],
	[ 'json_value', { path => '/json', accept_path => 'status', accept_values => '{0}' }, 'sent 1', 1 ],
	[ 'big', { path => '/big' }, 'sent 1', 1 ],

	# again later
	[ '500', { path => '/status/500' }, 'queued 1 HTTP 500', 1 ],
	[ '429', { path => '/wait/429/60' }, 'queued 1 HTTP 429', 1 ],
	[ '503', { path => '/date/503/60' }, 'queued 1 HTTP 503', 1 ],
	[ 'half', { path => '/half' }, 'queued 1 answer broke off', 1 ],
	[ 'reset', { listener => 'https', path => '/reset' }, 'queued 1 connection broke off', '1 or 2' ],
	[ 'close', { path => '/close' }, 'queued 1 no answer', '1 or 2' ],
	[ 'hang', { path => '/hang', timeout => '1 second' }, 'queued 1 timeout', '0 or 1' ],
	[ 'nobody', { url => 'http://127.0.0.1:1/', allow_plaintext => 't' }, 'queued 1 cannot connect', 0 ],
	[ 'no_host', { url => 'https://nowhere.invalid/' }, 'queued 1 host not found', 0 ],

	# for good
	[ '400', { path => '/status/400' }, 'failed 1 HTTP 400', 1 ],
	[ 'redirect', { path => '/redirect' }, 'failed 1 HTTP 302', 1 ],
	[ '201', { path => '/status/201' }, 'failed 1 HTTP 201', 1 ],

	# TLS
	[ 'tls', { listener => 'https', path => '/ok' }, 'sent 1 id', 1 ],
	[ 'tls_unknown', { listener => 'https', path => '/ok', ca_file => undef }, 'queued 1 certificate is not trusted', 0 ],
	[ 'tls_name', { listener => 'wrong', path => '/ok' }, q{queued 1 certificate is not the host's}, 0 ],
	[ 'tls_unsigned', { listener => 'unsigned', path => '/ok' }, 'queued 1 certificate is not trusted', 0 ],
	[ 'tls_old', { listener => 'old', path => '/ok' }, 'queued 1 TLS failed', 0 ],
	[ 'tls_file', { listener => 'https', path => '/ok', ca_file => "$dir/nowhere" }, 'queued 1 file of authorities cannot be read', 0 ],
	[ 'tls_none', { url => "https://127.0.0.1:$provider->{port}{http}/ok", timeout => '1 second' }, 'queued 1 timeout', 0 ],
	[ 'plain', { path => '/ok', allow_plaintext => 'f', unguarded => 1 }, 'queued 1 scheme not allowed', 0 ],

	# with what is secret in it, wherever that may be
	[
		'secret',
		{
			path => "/ok/$secret{path}?token={secret.token}&to={destination}",
			headers => '{"Content-Type: application/json","Authorization: Bearer {secret.token}","X-Empty: ","Idempotency-Key: {id}"}'
		},
		'sent 1 id', 1
	],
	[ 'secret_failed', { path => "/status/400/$secret{path}?token={secret.token}" }, 'failed 1 HTTP 400', 1 ],
	[ 'secret_bad', { path => "/reset/$secret{path}?token={secret.token}" }, 'queued 1 connection broke off', '1 or 2' ]);

my %destination;
for my $i (0 .. $#cases)
{
	my ($name, $columns) = @{ $cases[$i] };
	$destination{$name} = sprintf '+628%09d', 123_450_000 + 100 * $i + 17;
	add_channel($node, $name, provider => $provider, %$columns);
	value($node, "SELECT otp_channel_secret('$name', 'token', '$secret{token}')") if $name =~ /^secret/;
	send_message($node, $name, $name, $destination{$name});
}
# The server does not let such a row be written, and the relay does not rely on that.
value($node, q{SET session_replication_role = replica; UPDATE otp_channel SET allow_plaintext = false WHERE name = 'plain'});

my ($status, $out, $log) = once($node);
is("$status <$out>", '0 <>', 'a relay that works once');
for my $case (@cases)
{
	my ($name, $columns, $becomes, $seen) = @$case;
	my @seen = grep { "$_->{path}$_->{body}" =~ /\Q$destination{$name}\E|%2B62\Q@{[substr $destination{$name}, 3]}\E/ } requests($provider);
	is(message($node, $name), $becomes, "$name: what becomes of the message");
	like(scalar @seen, qr/^(?:@{[$seen =~ s{ or }{|}r]})$/, "$name: how often the provider has seen it: $seen");
	$log =~ /^(.* channel=\Q$name\E .*)$/m or fail("$name: a line in the log");
}

# What the provider sees.
my ($seen) = requests($provider, qr/\Q$destination{ok}\E/);
my ($code) = $seen->{body} =~ /code: (\d+)/;
is(value($node, "SELECT otp_verify('ok', '$code')"), 't', 'the code that came is right');
is($seen->{key}, value($node, "SELECT idempotency_key FROM otp_message WHERE user_id = 'ok'"), 'with the key of the message');
like($seen->{head}, qr{^User-Agent: otp-relay/\d}mi, 'and who it is from');
unlike($seen->{head}, qr/^Expect:/mi, 'without waiting to be asked for the body');
($seen) = grep { $_->{method} eq 'GET' } requests($provider);
is($seen->{body}, '', 'GET has no body');
unlike($seen->{head}, qr/^Content-Type: application\/x-www/mi, 'nor a type of one that nobody has given');
is(join(' ', map { $_->{method} } requests($provider, qr/\Q$destination{put}\E/)), 'PUT', 'PUT is PUT');
($seen) = grep { $_->{path} =~ m{^/ok/$secret{path}} } requests($provider);
like($seen->{head}, qr/^Authorization: Bearer $secret{token}\r$/m, 'control: the credential is in the request');
like($seen->{head}, qr/^X-Empty:\r$/m, 'a header without a value');

# When it is tried again.
my $wait = q{SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM otp_message
	WHERE state = 'q' AND due_at BETWEEN clock_timestamp() + '10 s' AND clock_timestamp() + '60 s'};
is(value($node, $wait), '429 503', 'Retry-After is heeded, seconds and date');

# With the same key, if it may have arrived.
hurry($node, 'half', '500');
is((once($node))[0], 0, 'once more');
for my $name (qw(half 500))
{
	my @seen = requests($provider, qr/\Q$destination{$name}\E/);
	is(scalar @seen, 2, "$name: seen again");
	is($seen[0]{key}, $seen[1]{key}, "$name: with the same key");
	is($seen[0]{body}, $seen[1]{body}, "$name: and the same code");
}

# The log.
my $json = (hurry($node, '500'), once($node, '--log-format=json'))[2];
my ($last) = $json =~ /^(.*"channel":"500".*)$/m;
like($last, qr/^\{"time":"[-0-9T:.]+Z","level":"warning","event":"retry","channel":"500","message":"\d+","try":"3","ms":"\d+",/, 'a line of JSON');
like($last, qr/"origin":"http:\/\/127\.0\.0\.1:\d+","destination":"\*\*\*17","error":"HTTP 500"\}$/, 'and its end');
like($log, qr/ info delivered channel=ok message=\d+ try=1 ms=\d+ origin=http:\S+ destination=\*\*\*17$/m, 'a line of text');
like($log, qr/ note="answer cannot be read"$/m, 'with a note of what was odd');
for my $text ($log, $json)
{
	unlike($text, qr/\Q$_\E/, 'no credential in the log') for values %secret;
	is(join(' ', grep { $text =~ /\Q$_\E|\Q@{[substr $_, 1]}\E/ } values %destination), '', 'no destination in the log');
	is(join(' ', grep { $text =~ /(?<![\d.:])$_(?![\d.:])/ } map { /code: (\d{6})/ } map { $_->{body} } requests($provider)),
		'', 'no code in the log');
}

# --check
value($node, qq{DELETE FROM otp_channel WHERE name !~ '^(ok|tls|nobody|plain|secret\$)'});
value($node, q{DELETE FROM otp_channel_secret WHERE channel = 'secret'});
my $before = () = requests($provider);
($status, $out, $log) = run_relay($node, '--check');
my $origin = qr{\(https?://127\.0\.0\.1:\d+\)};
is($status, 1, '--check says that something is wrong');
like($out, qr/^ok: ok $origin$/m, 'a channel that is well');
like($out, qr/^tls: ok $origin$/m, 'and one by TLS');
like($out, qr/^nobody: cannot connect $origin$/m, 'nobody there');
like($out, qr/^plain: scheme not allowed $origin$/m, 'plain text');
like($out, qr/^tls_name: certificate is not the host's $origin$/m, q{another's certificate});
like($out, qr/^tls_unknown: certificate is not trusted $origin$/m, 'an unknown authority');
like($out, qr/^secret: .*token/m, 'a credential that is missing');
is(scalar(() = $out =~ /\n/g), 11, 'one line a channel');
is(scalar(() = requests($provider)), $before, 'and nothing is sent');
unlike("$out$log", qr/$secret{path}/, 'nor a path shown');
value($node, q{DELETE FROM otp_channel WHERE name NOT IN ('ok', 'tls')});
is((run_relay($node, '--check'))[0], 0, 'all is well');

# What does not work at all.
($status, $out, $log) = once($node, '--dbname=host=/nowhere');
is($status, 1, 'no database');
like($log, qr/no connection to the database/, 'and says so');
value($node, 'CREATE DATABASE empty');
($status, $out, $log) = run_relay($node, '--dbname=' . $node->connstr('empty'));
is($status, 1, 'a database without the extension');
like($log, qr/does not have the extension otp/, 'and says so');
value($node, 'CREATE ROLE nobody LOGIN');
($status, $out, $log) = run_relay($node, '--dbname=' . $node->connstr('postgres') . ' user=nobody');
is($status, 1, 'a role that may not');
like($log, qr/cannot take messages sqlstate=42501/, 'and says so');
($status, $out, $log) = once($node, '--dbname=password=hidden host=/nowhere');
like($log, qr/everybody here can read the password/, 'a warning of a password on the command line');
unlike($log, qr/hidden/, 'which is not repeated');
for my $bad ('password=hidden %zz=', 'host=/nowhere password=hidden x', 'postgresql://u:hid%zzden@/db', 'hidden=')
{
	($status, $out, $log) = once($node, "--dbname=$bad");
	is($status, 2, 'a connection string that cannot be read');
	like($log, qr/the connection string cannot be read/, 'and says so');
	unlike($log, qr/hid/, 'without it');
}
is((run_relay($node, '--bad'))[0], 2, 'an option that there is not');

$node->stop;
done_testing();
