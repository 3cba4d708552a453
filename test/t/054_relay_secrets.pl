# Nobody sees a code or a credential who is not the provider: not in the outbox, the logs of relay and server, nor in what the
# kernel shows of the relay.
# Requirements: 16, 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use MIME::Base64;
use OtpEnds;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('secrets', settings => q{
	log_statement = all
	log_min_duration_statement = 0
	log_min_error_statement = debug5
	log_min_messages = debug1
	log_parameter_max_length = -1
	log_parameter_max_length_on_error = -1
	track_activity_query_size = 100kB
});
my $dir = PostgreSQL::Test::Utils::tempdir;
my $mail_dir = PostgreSQL::Test::Utils::tempdir;
make_authority($mail_dir);
my $provider = start_provider($dir);
my %secret = map { $_ => join '', map { ('a' .. 'z')[ rand 26 ] } 1 .. 20 } qw(path header body mail);
my $server = start_mail_server($mail_dir, $secret{mail});

# What channels are there, by the path of the provider: credentials wherever they can be.
my %path = (
	ok => 'ok', hung => 'gate/open/ok', refused => 'echo/400', busy => 'echo/503', strange => 'echo/200', broken => 'half', gone => 'reset');

# Setting a credential is a statement, which is its session's affair: not to be logged here.
sub set_secret
{
	my ($channel, $name, $value) = @_;

	return value($node, "SET log_statement = none; SET log_min_duration_statement = -1; SELECT otp_channel_secret('$channel', '$name', '$value')");
}

for my $name (sort keys %path)
{
	add_channel(
		$node, $name,
		provider => $provider,
		path => "/$path{$name}?key={secret.path}",
		headers => '{"Content-Type: application/json","Authorization: Bearer {secret.header}","Idempotency-Key: {id}"}',
		body => '{"to": "{destination}", "text": "{text}", "key": "{secret.body}", "code": "{code}"}',
		max_in_flight => 5);
	set_secret($name, $_, $secret{$_}) for qw(path header body);
}
value($node, qq{
	SELECT otp_channel_preset('smtp', 'mail', 'Shop', 'no-reply\@shop.example', 'shop.example', 'smtp://localhost:$server->{port}{submission}');
	UPDATE otp_channel SET ca_file = '$mail_dir/authority.crt' WHERE name = 'mail'});
set_secret('mail', 'username', 'relay');
set_secret('mail', 'password', $secret{mail});

my $numbers = 0;

sub send_all
{
	send_message($node, $_, "$_ " . ++$numbers, sprintf '+62812%08d', $numbers) for sort keys %path;
	send_message($node, 'mail', 'mail ' . ++$numbers, "mailbox$numbers\@example.com");
	send_message($node, 'mail', 'mail ' . ++$numbers, "gone$numbers\@example.com");
	return;
}

# codes(): that have gone anywhere.
sub codes
{
	my @mails = map { mails($server, "mailbox$_\@example.com") } 1 .. $numbers;

	return map { /\b(\d{6})\b/ } (map { $_->{body} =~ /"code": "(\d+)"/ } requests($provider)), map { $_->{text}{'text/plain'} } @mails;
}

# Secrets in a text, as they are or as somebody may have written them; a code is not what is part of something else, or a process.
sub shown_in
{
	my ($text, @codes) = @_;
	my @texts = map { ($_, encode_base64($_, '') =~ s/=*$//r, unpack 'H*', $_) } values %secret;

	return grep({ index($text, $_) >= 0 } @texts), grep { $text =~ /(?<![0-9A-Za-z.:\[])$_(?![0-9A-Za-z.:])/ } @codes;
}

# as text and as JSON, while messages are in flight and when they have been settled
for my $format (qw(text json))
{
	my $relay = start_relay($node, "--log-format=$format");
	my $proc = '/proc/' . relay_pid($relay);
	send_all();
	wait_until('one that hangs', sub { grep { !$_->{status} } requests($provider, qr/\+6281200/) });
	wait_until('all others', sub {
		return value($node, q{SELECT count(*) FROM otp_message WHERE tries = 0 OR state = 'c' AND channel <> 'hung'}) == 0;
	});
	my @codes = codes();
	cmp_ok(scalar @codes, '>=', 8, "$format: control: there are codes");
	is(scalar(grep { $_->{head} =~ /\Q$secret{header}\E/ && $_->{path} =~ /\Q$secret{path}\E/ && $_->{body} =~ /\Q$secret{body}\E/ } requests($provider)),
		scalar(() = requests($provider)), "$format: control: and credentials, in each request");

	is(join(' ', shown_in(value($node, $_), @codes)), '', "$format: none in: $_")
	  for 'SELECT m::text FROM otp_message AS m', 'SELECT c::text FROM otp_channel AS c', 'SELECT s::text FROM otp_channel_secret AS s',
	  'SELECT e::text FROM otp_event AS e', 'SELECT s::text FROM otp_channel_status() AS s WHERE transport = $$http$$',
	  'SELECT query FROM pg_stat_activity';
	is(join(' ', shown_in(slurp_file("$proc/$_"), @codes)), '', "$format: none in $_ of the process") for qw(cmdline status comm);
	like(slurp_file("$proc/limits"), qr/^Max core file size +0 +0 /m, "$format: it leaves no core");
	for my $file (qw(environ mem maps))
	{
		is((stat "$proc/$file")[4], 0, "$format: its $file is root's alone");
	}
	SKIP:
	{
		skip 'root reads everything', 1 if $> == 0;
		skip 'a sanitizer looks into its process itself', 1 if slurp_file($OtpRelay::relay) =~ /__asan_init/;
		ok(!open(my $file, '<', "$proc/environ"), "$format: so others of its user do not read it");
	}
	append_to_file("$dir/open", '') if $format eq 'json';
	end_relay($relay, 'SEGV');
	ok(!($relay->{run}->full_result(0) & 128), "$format: nor when it crashes");
	my $log = relay_log($relay);
	like($log, $format eq 'text' ? qr/ failed channel=refused .* error="HTTP 400"/ : qr/"event":"failed","channel":"refused"/, "$format: control: the log has what happened");
	is(join(' ', shown_in($log, @codes)), '', "$format: none in the log of the relay");
	is(join(' ', $log =~ /(812\d{8}|mailbox\d|gone\d)/g), '', "$format: nor whole destinations");
	my ($status, $out, $check_log) = run_relay($node, '--check', "--log-format=$format");
	is(join(' ', shown_in("$out$check_log", @codes)), '', "$format: nor what --check says");
}

my $log = slurp_file($node->logfile);
ok($log =~ /execute .*otp_claim/, 'control: the log of the server has the statements of the relay');
ok($log =~ /DETAIL:  parameters: .*"HTTP 400"/, 'and their parameters');
is(join(' ', shown_in($log, codes())), '', 'but no code and no credential');

$node->stop;
done_testing();
