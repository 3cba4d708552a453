# A relay that hears of its message when the lease has ended, and another one has it: what it then says does not count.
# Requirements: 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('lease');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $provider = start_provider($dir);

# By what the provider says at last, to whom the lease has ended for.
my %path = (failed => '/gate/open/status/400', retry => '/gate/open/status/500', sent => '/gate/open/ok');
my %number = (failed => '+6281234567801', retry => '+6281234567802', sent => '+6281234567803');

add_channel($node, $_, provider => $provider, path => $path{$_}) for sort keys %path;
my $relay = start_relay($node, '--lease=3600');
send_message($node, $_, $_, $number{$_}) for sort keys %path;
wait_until("$_: a request", sub { requests($provider, qr/\Q$number{$_}\E/) }) for sort keys %path;
is(message($node, $_), 'claimed 1', "$_: taken") for sort keys %path;

# The relay is held, so that it cannot take them again, and psql is the other one.
kill 'STOP', relay_pid($relay);
hurry($node, sort keys %path);
is(value($node, q{SELECT string_agg(channel || ' ' || lease, ', ' ORDER BY channel) FROM otp_claim('another')}), 'failed 2, retry 2, sent 2',
	'when the lease has ended, another one takes them');
append_to_file("$dir/open", '');
wait_until("$_: an answer", sub { grep { $_->{status} } requests($provider, qr/\Q$number{$_}\E/) }) for sort keys %path;
kill 'CONT', relay_pid($relay);
is(end_relay($relay), 0, 'the first one hears of it, and ends well');
like(relay_log($relay), qr/ $_->[0] channel=$_->[1] .* try=1 /, "$_->[1]: it has an answer") for [ 'failed', 'failed' ], [ 'retry', 'retry' ], [ 'delivered', 'sent' ];
is(message($node, $_), 'claimed 2', "$_: which does not count") for sort keys %path;
is(value($node, qq{SELECT otp_failed(message_id, 2, 'no', false), otp_delivered(message_id, 1), otp_delivered(message_id, 2), state::text
			FROM otp_message WHERE user_id = 'failed'}), 't|f|f|c', 'the other one says what counts, once');
is(message($node, 'failed'), 'failed 2 no', 'and that holds');
is(value($node, q{SELECT otp_delivered(message_id, 2) FROM otp_message WHERE user_id = 'sent'}), 't', 'also for what was sent');
is(message($node, 'sent'), 'sent 2', 'by the second one');

stop_soundly($node);
done_testing();
