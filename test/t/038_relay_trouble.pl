# What goes wrong around the relay: the database refuses, somebody keeps a row, a channel is changed while a message is under way, nobody
# reads the log.  No message is lost, and none that has been delivered is sent again.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('trouble');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $provider = start_provider($dir);

add_channel($node, 'ok', provider => $provider);
add_channel($node, 'refused', provider => $provider, path => '/gate/refused/status/400', timeout => '5 minutes');

# Has changes of messages to a state do something before, without the relay's limits of time.
sub on_state
{
	my ($state, $what) = @_;

	value($node, qq{
		CREATE OR REPLACE FUNCTION on_state() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS \$\$
		BEGIN
		  $what;
		  RETURN NEW;
		END \$\$;
		CREATE OR REPLACE TRIGGER on_state BEFORE UPDATE ON otp_message FOR EACH ROW WHEN (NEW.state = '$state') EXECUTE FUNCTION on_state()});
	return;
}

sub nothing_on_state
{
	value($node, 'DROP TRIGGER on_state ON otp_message');
	return;
}

my $full = q{RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'full'};

# The database does not give messages out.
on_state('c', $full);
send_message($node, 'ok', 'once');
my ($status, $out, $log) = once($node);
is($status, 1, 'a relay that works once ends when it cannot take messages');
like($log, qr/cannot take messages sqlstate=53100/, 'and says why');
my $relay = start_relay($node);
wait_for_log($relay, qr/cannot take messages/);
for (1 .. 100)
{
	value($node, 'NOTIFY otp_message');
}
cmp_ok(scalar(() = relay_log($relay) =~ /cannot take messages/g), '<', 20, 'one that goes on is not hurried by notifications');
nothing_on_state();
value($node, 'NOTIFY otp_message');
wait_until('the message', sub { message($node, 'once') =~ /^sent/ });
is(message($node, 'once'), 'sent 1 id', 'and takes them when they can be had');
is(end_relay($relay), 0, 'and ends');

# Somebody keeps a row that is due.
send_message($node, 'ok', 'kept');
my $holder = $node->background_psql('postgres');
$holder->query_safe(q{BEGIN; SELECT FROM otp_message WHERE user_id = 'kept' FOR UPDATE});
is((once($node))[0], 0, 'a relay that works once leaves what somebody else keeps');
is(message($node, 'kept'), 'queued 0', 'as it is');
$holder->query_safe('ROLLBACK');
is((once($node))[0], 0, 'and another time');
is(message($node, 'kept'), 'sent 1 id', 'it is sent');

# Told to stop while the database is giving messages out: they are sent.
on_state('c', 'PERFORM pg_advisory_xact_lock(38)');
$holder->query_safe('SELECT pg_advisory_lock(38)');
$relay = start_relay($node);
send_message($node, 'ok', 'stopping');
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'courier' AND wait_event = 'advisory'}) or die 'no claim';
kill 'TERM', relay_pid($relay);
wait_for_log($relay, qr/stopping/);
$holder->query_safe('SELECT pg_advisory_unlock(38)');
is(end_of($relay), 0, 'a relay that is told to stop while it takes messages ends well');
is(message($node, 'stopping'), 'sent 1 id', 'and has sent them');
nothing_on_state();

# The database does not settle, until the lease has ended and the message is given out again: to the relay that knows.
on_state('s', $full);
$relay = start_relay($node);
send_message($node, 'ok', 'settled', '+6281200000077');
wait_for_log($relay, qr/cannot settle sqlstate=53100/);
hurry($node, 'settled');
wait_until('the message to be taken again', sub { message($node, 'settled') =~ /^claimed 2/ });
nothing_on_state();
wait_until('the message to be settled', sub { message($node, 'settled') =~ /^sent/ });
is(message($node, 'settled'), 'sent 2 id', 'what has been delivered is settled by its second lease');
is(scalar(() = requests($provider, qr/6281200000077/)), 1, 'and is not sent again');

# A notification that comes together with an answer.
on_state('s', 'PERFORM pg_advisory_xact_lock(38)');
$holder->query_safe('SELECT pg_advisory_lock(38)');
send_message($node, 'ok', 'answer');
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'courier' AND wait_event = 'advisory'}) or die 'no settling';
kill 'STOP', relay_pid($relay);
$holder->query_safe('SELECT pg_advisory_unlock(38)');
wait_until('the answer', sub { message($node, 'answer') =~ /^sent/ });
nothing_on_state();
send_message($node, 'ok', 'notification');
kill 'CONT', relay_pid($relay);
wait_until('the message of the notification', sub { message($node, 'notification') =~ /^sent/ });
is(message($node, 'notification'), 'sent 1 id', 'a notification behind an answer wakes the relay');

# The channel goes another way while a message is under way: what its provider says of that one counts as it was sent.
send_message($node, 'refused', 'refused', '+6281200000078');
wait_until('the request', sub { requests($provider, qr/6281200000078/) > 0 });
value($node, q{
	UPDATE otp_channel SET kind = 'email', transport = 'smtp', url = 'smtp://127.0.0.1:1', sender = 'code@shop.example', method = NULL, headers = NULL, body = NULL,
	  accept_status = NULL, retry_status = NULL, id_path = NULL WHERE name = 'refused'});
send_message($node, 'refused', 'mail', 'alice@example.com');
wait_until('the mail', sub { message($node, 'mail') =~ /cannot connect/ });
append_to_file("$dir/refused", '');
wait_until('the answer', sub { message($node, 'refused') !~ /^claimed/ });
is(message($node, 'refused'), 'failed 1 HTTP 400', 'a refused message is not sent because its channel is of mail now');
is(end_relay($relay), 0, 'the relay ends');
$holder->quit;

# Nobody reads the log.
my $deaf = IPC::Run::start([ $OtpRelay::relay, '--dbname=' . $node->connstr('postgres') . ' user=courier', '--poll=3600' ],
	'<', \undef, '2>pipe', \*LOG);
value($node, q{SELECT count(otp_send('deaf' || i, '+62813' || 10000000 + i, 'ok')) FROM generate_series(1, 2000) AS i});
wait_until('all messages', sub { value($node, q{SELECT count(*) FROM otp_message WHERE user_id LIKE 'deaf%' AND state = 's'}) == 2000 });
is(value($node, q{SELECT count(*) FROM otp_message WHERE user_id LIKE 'deaf%' AND tries = 1}), 2000, 'all is sent although nobody reads the log');
kill 'TERM', $deaf->{KIDS}[0]{PID};
$deaf->finish;
is($deaf->full_result(0), 0, 'and the relay ends');
close LOG;

stop_soundly($node);
done_testing();
