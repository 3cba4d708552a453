# A relay that is killed at every stage of a message, told to stop, or without its database: no message is lost, and there is
# a second one only where the provider has answered and nobody could say so, by the same key.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('crash');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $provider = start_provider($dir);

add_channel($node, 'ok', provider => $provider);
add_channel($node, 'tls', provider => $provider, listener => 'https', path => '/ok', timeout => '5 minutes');
add_channel($node, $_, provider => $provider, path => "/gate/$_/ok", timeout => '5 minutes') for qw(sent read settling settled stop twice down lost);

my $destinations = 0;
my %destination;

sub send_to
{
	my ($channel) = @_;

	$destination{$channel} = sprintf '+62812000%05d', ++$destinations;
	return send_message($node, $channel, $channel, $destination{$channel});
}

sub seen
{
	my ($channel) = @_;

	return requests($provider, qr/\Q$destination{$channel}\E/);
}

sub open_gate
{
	my ($name) = @_;

	append_to_file("$dir/$name", '');
	return;
}

# What the table holds once another relay has been there: state and tries; how often the provider has seen the message, and
# how often answered; by how many keys.
sub outcome
{
	my ($channel) = @_;

	hurry($node, $channel);
	is((once($node))[0], 0, "$channel: another relay");
	my @seen = seen($channel);
	my %key = map { $_->{key} => 1 } @seen;
	return sprintf '%s; seen %d, answered %d, keys %d', message($node, $channel), scalar @seen, scalar(grep { $_->{status} } @seen), scalar keys %key;
}

# claimed: the provider's end of the handshake does not come
my $provider_pid = relay_pid($provider);
kill 'STOP', $provider_pid;
my $relay = start_relay($node, '--lease=3600');
send_to('tls');
$node->poll_query_until('postgres', q{SELECT state = 'c' FROM otp_message WHERE user_id = 'tls'}) or die 'not claimed';
is(end_relay($relay, 'KILL'), 'signal 9', 'killed: claimed');
kill 'CONT', $provider_pid;
is(message($node, 'tls'), 'claimed 1', 'then it is still claimed');
is((once($node))[0], 0, 'another relay');
is(message($node, 'tls'), 'claimed 1', 'which leaves it alone as long as the lease lasts');
is(outcome('tls'), 'sent 2 id; seen 1, answered 1, keys 1', 'and then sends it');

# sent: the provider has it, and has not answered
$relay = start_relay($node, '--lease=3600');
send_to('sent');
wait_until('the request', sub { seen('sent') });
end_relay($relay, 'KILL');
open_gate('sent');
is(outcome('sent'), 'sent 2 id; seen 2, answered 1, keys 1', 'killed: sent and not answered');

# read: the provider has answered, and the relay has not read it
$relay = start_relay($node, '--lease=3600');
send_to('read');
wait_until('the request', sub { seen('read') });
kill 'STOP', relay_pid($relay);
open_gate('read');
wait_until('the answer', sub { grep { $_->{status} } seen('read') });
end_relay($relay, 'KILL');
is(outcome('read'), 'sent 2 id; seen 2, answered 2, keys 1', 'killed: answered and not settled');

# settling: the database has been asked, and does not come to it, however long it takes us to see that; or does, without
# anybody to tell
value($node, q{
	CREATE FUNCTION wait_longer() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN PERFORM pg_catalog.set_config('lock_timeout', '0', true); RETURN NULL; END $$;
	CREATE TRIGGER wait_longer BEFORE UPDATE ON otp_message FOR EACH STATEMENT EXECUTE FUNCTION wait_longer()});
for my $stage (qw(settling settled))
{
	$relay = start_relay($node, '--lease=3600');
	send_to($stage);
	wait_until('the request', sub { seen($stage) });
	my $session = $node->background_psql('postgres');
	$session->query_safe(qq{BEGIN; SELECT 1 FROM otp_message WHERE user_id = '$stage' FOR UPDATE});
	open_gate($stage);
	my $asked = q{FROM pg_stat_activity WHERE usename = 'courier' AND wait_event_type = 'Lock'};
	$node->poll_query_until('postgres', "SELECT count(*) = 1 $asked") or die 'not settling';
	end_relay($relay, 'KILL');
	if ($stage eq 'settling')
	{
		value($node, "SELECT pg_terminate_backend(pid) $asked");
		$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'courier'}) or die;
	}
	$session->query_safe('COMMIT');
	$session->quit;
	$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'courier'}) or die;
}
value($node, 'DROP TRIGGER wait_longer ON otp_message; DROP FUNCTION wait_longer()');
is(outcome('settling'), 'sent 2 id; seen 2, answered 2, keys 1', 'killed: settling, and the database did not');
is(outcome('settled'), 'sent 1 id; seen 1, answered 1, keys 1', 'killed: settling, and the database did');

# told to stop
$relay = start_relay($node, '--lease=3600');
send_to('stop');
wait_until('the request', sub { seen('stop') });
kill 'TERM', relay_pid($relay);
wait_for_log($relay, qr/stopping/);
send_to('ok');
open_gate('stop');
is(end_of($relay), 0, 'told to stop, it ends well');
is(message($node, 'stop'), 'sent 1 id', 'after what was in flight is settled');
is(message($node, 'ok'), 'queued 0', 'and takes nothing more');
is((once($node))[0], 0, 'another relay');
is(message($node, 'ok'), 'sent 1 id', 'takes it');

# told twice
$relay = start_relay($node, '--lease=3600');
send_to('twice');
wait_until('the request', sub { seen('twice') });
kill 'INT', relay_pid($relay);
wait_for_log($relay, qr/stopping/);
is(end_relay($relay), 1, 'told twice, it ends at once');
open_gate('twice');
is(outcome('twice'), 'sent 2 id; seen 2, answered 1, keys 1', 'and the message goes to another relay');

# without a database
$relay = start_relay($node, '--lease=3600');
send_to('down');
wait_until('the request', sub { seen('down') });
$node->stop('immediate');
wait_for_log($relay, qr/lost the database/);
open_gate('down');
wait_for_log($relay, qr/delivered channel=down/);
$node->start;
$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'down'}) or die 'not settled';
is(message($node, 'down'), 'sent 1 id', 'what came while the database was away is settled when it is back');
value($node, q{DELETE FROM otp_message WHERE user_id = 'ok'});
send_message($node, 'ok', 'back', '+62812999');
$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'back'}) or die 'not sent';
pass('and it hears of new messages again');

# while it settles
send_to('lost');
wait_until('the request', sub { seen('lost') });
my $session = $node->background_psql('postgres');
$session->query_safe(q{BEGIN; SELECT 1 FROM otp_message WHERE user_id = 'lost' FOR UPDATE});
open_gate('lost');
$node->poll_query_until('postgres', q{
	SELECT count(pg_terminate_backend(pid)) = 1 FROM pg_stat_activity WHERE usename = 'courier' AND wait_event_type = 'Lock'})
  or die 'not settling';
$session->query_safe('COMMIT');
$session->quit;
$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'lost'}) or die 'not settled';
is(message($node, 'lost'), 'sent 1 id', 'what was lost with the connection is settled again');

# when nothing is heard, but something is due
add_channel($node, 'again', provider => $provider, path => '/first/1/status/500');
send_to('again');
$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'again'}) or die 'not sent';
is(message($node, 'again'), 'sent 2 id', 'what has failed is sent again when it is due');

# What can be seen of a running relay.
my $proc = '/proc/' . relay_pid($relay);
my @codes = map { /code: (\d+)/ } map { $_->{body} } requests($provider);
ok(@codes > 7, 'control: there are codes');
unlike(slurp_file("$proc/cmdline"), qr/$_/, 'no code in its command line') for @codes;
like(slurp_file("$proc/limits"), qr/^Max core file size +0 +0 /m, 'it leaves no core');
SKIP:
{
	skip 'root reads everything', 1 if $> == 0;
	skip 'a sanitizer looks at it from outside', 1 if slurp_file($OtpRelay::relay) =~ /__asan_init/;
	ok(!open(my $file, '<', "$proc/environ"), 'its environment and memory are nobody else\'s');
}
is(end_relay($relay), 0, 'and it ends well');

stop_soundly($node);
done_testing();
