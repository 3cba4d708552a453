# The relay with OpenSMTPD: submission with STARTTLS and a login, into a mailbox, from which the code is read and verified;
# and what becomes of mails that the server does not want.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use MIME::Base64;
use MIME::QuotedPrint;
use IO::Socket::INET;
use IPC::Run;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant MANY => 40;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $opensmtpd = "$FindBin::RealBin/../opensmtpd/run";
plan skip_all => 'OpenSMTPD cannot be run here' if system("$opensmtpd $dir --check 2>/dev/null") != 0;

my $password = 'passwordPASSWORD"with: all';
my %port = map { $_ => PostgreSQL::Test::Cluster::get_free_port() } qw(submission smtps other plain);

make_authority($dir);
IPC::Run::run([ 'openssl', 'passwd', '-6', '-stdin' ], '<', \"$password\n", '>', \my $hash) or die 'openssl passwd';
chomp $hash;
append_to_file("$dir/smtpd.conf", qq{
pki good cert "$dir/good.crt"
pki good key "$dir/good.key"
pki other cert "$dir/other.crt"
pki other key "$dir/other.key"
table logins { "shop" = "$hash" }
table everybody { "\@example.com" = alice }
table later { "later\@example.com" }
table never { "never\@example.com" }
filter "later" phase rcpt-to match rcpt-to <later> reject "451 come again"
filter "never" phase rcpt-to match rcpt-to <never> reject "550 alice\@example.com does not want 492039"
filter "all" chain { "later", "never" }
listen on 127.0.0.1 port $port{submission} tls-require pki good auth <logins> hostname localhost filter "all"
listen on 127.0.0.1 port $port{smtps} smtps pki good auth <logins> hostname localhost
listen on 127.0.0.1 port $port{other} tls-require pki other auth <logins> hostname localhost
listen on 127.0.0.1 port $port{plain} hostname localhost
action deliver mbox virtual <everybody>
match from any for domain "example.com" action deliver
});
my $server = start_server($dir, "$dir/smtpd.log", $opensmtpd, $dir);
for my $port (values %port)
{
	wait_until('OpenSMTPD', sub { IO::Socket::INET->new("127.0.0.1:$port") });
}

my $node = new_relay_node('mail');

# Each case: name of channel and user; columns of the channel; its password; the destination; and what becomes of the mail.
my @cases = (
	[ 'mail', {}, $password, 'alice@example.com', 'sent 1' ],
	[ 'smtps', { url => "smtps://localhost:$port{smtps}" }, $password, 'bob@example.com', 'sent 1' ],
	[ 'later', {}, $password, 'later@example.com', 'queued 1 SMTP 451' ],
	[ 'never', {}, $password, 'never@example.com', 'failed 1 SMTP 550' ],
	[ 'elsewhere', {}, $password, 'alice@elsewhere.example', 'failed 1 SMTP 550' ],
	[ 'wrong', {}, 'wrong', 'alice@example.com', 'queued 1 login refused' ],
	[ 'no_login', {}, undef, 'alice@example.com', 'queued 1 login refused: SMTP 530' ],
	[ 'unknown', { ca_file => undef }, $password, 'alice@example.com', 'queued 1 certificate is not trusted' ],
	[ 'name', { url => "smtp://localhost:$port{other}" }, $password, 'alice@example.com', q{queued 1 certificate is not the host's} ],
	[ 'no_tls', { url => "smtp://localhost:$port{plain}" }, undef, 'alice@example.com', 'queued 1 no STARTTLS' ],
	[ 'no_tls_login', { url => "smtp://localhost:$port{plain}" }, $password, 'alice@example.com', 'queued 1 no STARTTLS' ],
	[ 'plain', { url => "smtp://localhost:$port{plain}", allow_plaintext => 't' }, undef, 'carol@example.com', 'sent 1' ],
	[ 'nobody', { url => 'smtp://localhost:1' }, $password, 'alice@example.com', 'queued 1 cannot connect' ]);

for my $case (@cases)
{
	my ($name, $columns, $secret, $destination) = @$case;
	add_channel(
		$node, $name,
		kind => 'email', transport => 'smtp', url => "smtp://localhost:$port{submission}", sender => 'code@shop.example',
		sender_name => 'Lädchen', ca_file => "$dir/authority.crt", %$columns);
	if (defined $secret)
	{
		value($node, "SELECT otp_channel_secret('$name', 'username', 'shop')");
		value($node, "SELECT otp_channel_secret('$name', 'password', '$secret')");
	}
	send_message($node, $name, $name, $destination);
}
my ($status, $out, $log) = once($node);
is($status, 0, 'a relay that works once');
is(message($node, $_->[0]), $_->[4], "$_->[0]: what becomes of the mail") for @cases;

# mails(): what is in the mailbox.
sub mails
{
	return -e "$dir/box/alice" ? grep { length } split /^From .*\n/m, slurp_file("$dir/box/alice") : ();
}

# to(ADDRESS): the mail to it.
sub to
{
	my ($address) = @_;

	return grep { /^To: <\Q$address\E>$/m } mails();
}

wait_until('the mails', sub { mails() == 3 });
my ($mail) = to('alice@example.com');
my ($head, $body) = split /\n\n/, $mail, 2;
like($head, qr/^Received: .* with ESMTPSA .*TLSv1\.[23]/ms, 'by TLS and with a login');
like($head, qr/^From: =\?UTF-8\?B\?@{[encode_base64('Lädchen', '')]}\?= <code\@shop\.example>$/m, 'From');
like($head, qr/^Return-Path: <code\@shop\.example>$/m, 'and the sender of the envelope');
like($head, qr/^Date: \w+, \d+ \w+ \d{4} [\d:]+ \+0000$/m, 'Date');
like($head, qr/^Auto-Submitted: auto-generated$/m, 'Auto-Submitted');
like($head, qr/^Subject: \S/m, 'Subject');
my $key = value($node, q{SELECT idempotency_key FROM otp_message WHERE user_id = 'mail'});
like($head, qr/^Message-ID: <\Q$key\E\@shop\.example>$/m, 'Message-ID is its key');
my ($boundary) = $head =~ /^Content-Type: multipart\/alternative; boundary="(.*)"$/m;
my @parts = grep { /\S/ } split /^--\Q$boundary\E(?:--)?\n/m, $body;
is(scalar @parts, 2, 'two parts');
like($parts[0], qr/^Content-Type: text\/plain; charset=utf-8\n/, 'plain text first');
like($parts[1], qr/^Content-Type: text\/html; charset=utf-8\n/, 'then HTML');
my ($plain, $html) = map { decode_qp($_) } @parts;
my ($code) = $plain =~ /^(\d{6})$/m;
like($html, qr/\b$code\b/, 'with the same code');
is(value($node, "SELECT otp_verify('mail', '$code')"), 't', 'which is right');
is(value($node, "SELECT otp_verify('mail', '$code')"), 'f', 'once');
like((to('bob@example.com'))[0], qr/^Received: .* with ESMTPSA/ms, 'a mail by smtps');
unlike((to('carol@example.com'))[0], qr/^Received: .* with ESMTPSA/ms, 'and one in plain text, which was allowed');

# The log.
like($log, qr/ channel=mail .* origin=smtp:\/\/localhost:\d+ destination=a\*\*\*\@example\.com$/m, 'a line of the log');
unlike($log, qr/\Q$password\E|passwordPASSWORD/, 'no password in the log');
unlike($log, qr/alice|492039|come again/, 'nor an address, nor what the server says');
unlike($log, qr/(?<![\d.:])$code(?![\d.:])/, 'nor a code');

# Many mails, over few connections.  The server has room for five that wait to be accepted: others may have to try again.
my $relay = start_relay($node);
value($node, sprintf q{SELECT count(otp_send('many' || i, 'many' || i || '@example.com', 'mail')) FROM generate_series(1, %d) AS i}, MANY);
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM otp_message WHERE user_id LIKE 'many%' AND state <> 's'})
  or die 'not all were sent';
is(end_relay($relay), 0, 'many mails');
wait_until('all of them', sub { mails() >= 3 + MANY });
my @to = map { /^To: <many(\d+)\@/m } mails();
is(join(' ', sort { $a <=> $b } @to), join(' ', 1 .. MANY), 'each once');
is(scalar(() = to('alice@example.com')), 1, 'and none over a connection that another channel has made');
my %session = map { $_ => 1 } slurp_file("$dir/smtpd.log") =~ /^(\w+) smtp envelope .* to=<many\d/gm;
cmp_ok(scalar keys %session, '<', MANY, 'over connections that are used again');

# --check
($status, $out, $log) = run_relay($node, '--check');
is($status, 1, '--check says that something is wrong');
like($out, qr/^mail: ok \(smtp:/m, 'a server that lets us in');
like($out, qr/^smtps: ok \(smtps:/m, 'another one');
like($out, qr/^wrong: login refused/m, 'one that does not');
like($out, qr/^no_tls: no STARTTLS/m, 'one without TLS');
like($out, qr/^name: certificate is not the host's/m, q{another's certificate});
unlike("$out$log", qr/\Q$password\E|passwordPASSWORD/, 'no password');
is(scalar mails(), 3 + MANY, 'and nothing is sent');

# What was allowed once is not any more: not on a connection that was kept, either.
value($node, 'DELETE FROM otp_message');
my $allowing = start_relay($node);
send_message($node, 'plain', 'plain allowed', 'carol@example.com');
wait_until('the mail', sub { message($node, 'plain allowed') =~ /^sent/ });
value($node, q{UPDATE otp_channel SET allow_plaintext = false WHERE name = 'plain'});
send_message($node, 'plain', 'plain forbidden', 'dave@example.com');
wait_until('the other mail', sub { message($node, 'plain forbidden') !~ /^(claimed|queued 0)/ });
is(message($node, 'plain forbidden'), 'queued 1 no STARTTLS', 'plain text that is not allowed any more is not sent');
is(end_relay($allowing), 0, 'the relay ends');

$node->stop;
done_testing();
