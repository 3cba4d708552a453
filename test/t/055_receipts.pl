# The recipes of doc/cookbook.md for receipts and for push with number matching, as they are written there, and what somebody
# does to them who is not the provider.
#
# Requirements: 16, 31, 33.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IO::Socket::INET;
use OtpCookbook;
use OtpTest;
use Test::More;

my $kitchen = new_kitchen('receipts');
my $node = $kitchen->{node};

cook($kitchen);

# call(PATH, HEADER, BODY): the status that the webhook answers with.
sub call
{
	my ($path, $header, $body) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $kitchen->{names}{WEBHOOK_PORT}) or die $!;

	print {$socket} "POST $path HTTP/1.0\r\n$header\r\nContent-Length: ", length $body, "\r\n\r\n$body";
	my ($status) = <$socket> =~ / (\d+)/;
	return $status;
}

my $receipt = '{"entry": [{"changes": [{"value": {"statuses": [{"id": "whatsapp-1", "status": "failed"}]}}]}]}';
my $before = value($node, 'SELECT count(*), max(settled_at) FROM otp.otp_message', 'shop');
is(call('/twilio', 'X-Test: yes', 'MessageSid=sms-1&MessageStatus=delivered'), 403, 'Twilio, without a signature');
is(call('/twilio', 'X-Twilio-Signature: ', 'MessageSid=sms-1&MessageStatus=delivered'), 403, 'with an empty one');
is(call('/whatsapp', 'X-Test: yes', $receipt), 403, 'WhatsApp, without a signature');
is(call('/whatsapp', 'X-Hub-Signature-256: sha256=' . '0' x 64, $receipt), 403, 'with a wrong one');
is(call('/elsewhere', 'X-Test: yes', $receipt), 403, 'nowhere');
is(value($node, 'SELECT count(*), max(settled_at) FROM otp.otp_message', 'shop'), $before, 'none of them changes anything');

my $receipts = start_session($kitchen, 'dbname=shop user=receipts');
like(ask($receipts, "SELECT $_;"), qr/^ERROR:  permission denied/, "the webhook's role may not: $_")
  for q{otp_issue('nina')}, q{otp_claim('x')}, q{otp_delivered(1, 1)}, q{count(*) FROM otp_message}, q{otp_channel_secret('sms', 'basic', 'x')};
$receipts->{run}->finish;

$node->stop;
done_testing();
