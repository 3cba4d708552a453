# Many messages: two relays send each of them once, a dead channel delays no other, and what was rolled back is not sent.
# Requirements: 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant MANY => 10_000;
use constant CAP => 20;
use constant BATCH => 50;

my $node = new_relay_node('many', settings => 'fsync = off');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $provider = start_provider($dir);

add_channel($node, 'ok', provider => $provider);
add_channel($node, 'other', provider => $provider, path => '/ok', body => '{"other": "{destination}", "code": "{code}"}');
add_channel($node, 'dead', provider => $provider, path => '/gate/open/ok', body => '{"dead": "{destination}", "code": "{code}"}',
	max_in_flight => CAP, timeout => '5 minutes');

# two relays
my @relay = map { start_relay($node, "--worker=relay $_", '--lease=600', sprintf '--batch=%d', BATCH) } 1 .. 2;
value($node, sprintf(q{SELECT count(otp_send('user' || i, '+62812' || 10000000 + i, 'ok')) FROM generate_series(1, %d) AS i}, MANY));
$node->poll_query_until('postgres', sprintf(q{SELECT count(*) = %d FROM otp_message WHERE state = 's'}, MANY)) or die 'not all were sent';
my @requests = requests($provider);
my (%destination, %key);
for my $request (@requests)
{
	$destination{ ($request->{body} =~ /"to": "\+(\d+)"/)[0] }++;
	$key{ $request->{key} }++;
}
is(scalar @requests, MANY, 'as many requests as messages');
is(scalar keys %destination, MANY, 'one to each destination');
is(scalar keys %key, MANY, 'each with a key of its own');
is(value($node, 'SELECT count(DISTINCT worker) FROM otp_message'), 2, 'both relays have had some');
is(value($node, 'SELECT max(tries) FROM otp_message'), 1, 'none was taken twice');
is(value($node, 'SELECT count(DISTINCT provider_id) FROM otp_message'), MANY, q{each has its provider's id});
my $code = (map { $_->{body} =~ /code: (\d+)/ } requests($provider, qr/\+6281210004711"/))[0];
is(value($node, "SELECT otp_verify('user4711', '$code')"), 't', 'and its own code');

# rolled back
value($node, q{
	BEGIN;
	SELECT otp_send('rolled back', '+628111111111', 'ok');
	ROLLBACK;
	BEGIN;
	SELECT otp_send('kept', '+628222222222', 'ok');
	SAVEPOINT s;
	SELECT otp_send('rolled back, too', '+628333333333', 'ok');
	ROLLBACK TO s;
	COMMIT});
wait_until('the message that was committed', sub { requests($provider, qr/\+628222222222/) });

# a dead channel, with more messages than it may have in flight
value($node, q{SELECT count(otp_send('dead' || i, '+62813' || 10000000 + i, 'dead')) FROM generate_series(1, 300) AS i});
wait_until('all that may be in flight', sub { requests($provider, qr/"dead"/) >= 2 * CAP });
send_message($node, 'other', "other$_", "+6281400000$_") for 1 .. 3;
wait_until('messages of another channel', sub { requests($provider, qr/"other"/) == 3 });
my @dead = requests($provider, qr/"dead"/);
is(scalar @dead, 2 * CAP, 'while those of the dead one wait, as many as may, and no more');
is(scalar(grep { $_->{status} } @dead), 0, 'none of them is answered');
cmp_ok(value($node, q{SELECT count(*) FROM otp_message WHERE channel = 'dead' AND state = 'c'}), '<', 2 * (CAP + BATCH),
	'nor are the others taken, but for what came with these');
append_to_file("$dir/open", '');
$node->poll_query_until('postgres', q{SELECT count(*) = 300 FROM otp_message WHERE channel = 'dead' AND state = 's'})
  or die 'not all were sent';
is(scalar(() = requests($provider, qr/"dead"/)), 300, 'and once it is alive again, all go, once');
is(scalar(() = requests($provider, qr/\+628(111|333)/)), 0, 'what was rolled back is not sent');

is(join(' ', map { end_relay($_) } @relay), '0 0', 'both end when told to');
is(join('', grep { !/ info / } map { split /^/, relay_log($_) } @relay), '', 'with nothing to complain of');

$node->stop;
done_testing();
