# What is left of a message in the sender's memory: no code, since none is derived before the message is taken.
# Requirement 23.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use ProcessMemory;
use Test::More;

my $node = new_node('sender');
my $sender = session_with_pid($node);

plan skip_all => "cannot read the memory of a server's process" unless memory_of($sender->{pid});
value($node, q{
	INSERT INTO otp_policy (purpose, length, alphabet) VALUES ('long', 24, 'letters');
	INSERT INTO otp_policy (purpose, length, alphabet, number_match, methods) VALUES ('push', 24, 'letters', true, '{issued}');
	UPDATE otp_policy SET cool_down = '0';
	SELECT otp_channel_preset('webhook', 'hook', 'Bank');
	SELECT otp_channel_secret('hook', 'signing', 'the key of the signature');
	SELECT otp_channel_preset('ntfy', 'push', 'Bank');
	SELECT otp_channel_secret('push', 'token', 'the token')});

# The codes of the messages that wait, as a worker gets them.
sub codes
{
	return split /\n/, value($node, q{
		SELECT substring(convert_from(body, 'UTF8') FROM '[A-Z]{24}') FROM otp_claim('worker')});
}

sub is_there
{
	my ($session, $code) = @_;

	return (grep { index($_, $code) >= 0 } memory_of($session->{pid})) > 0;
}

my @sent = (
	[ 'a message', "otp_send('alice', 'alice', 'hook', 'long')" ],
	[ 'a message that is sent again', "otp_send_again('alice', 'long')" ],
	[ 'a chain', "otp_send('bob', '{bob,topic}', '{hook,push}'::text[], '{NULL,NULL}'::interval[], 'long')" ],
	[ 'a push with a number', "otp_send_push('carol', 'topic', 'push', 'push')" ]);
for my $call (@sent)
{
	my ($what, $sql) = @$call;

	$sender->query_safe("SELECT $sql");
	my @codes = codes();
	is(scalar @codes, 1, "$what is taken");
	like($codes[0], qr/^[A-Z]{24}$/, 'with its code');
	ok(!is_there($sender, $codes[0]), 'which the sender has never had');
}

# The control: who is given the code has it.
$sender->query_safe("SELECT otp_send('dave', 'dave', 'hook', 'long')");
my $code = $sender->query_safe("SELECT otp_resend('dave', 'long')");
$code =~ s/\W//g;
is_deeply([ codes() ], [$code], 'a code that its caller is given');
ok(is_there($sender, $code), 'is in his memory');
$sender->quit;

stop_soundly($node);
done_testing();
