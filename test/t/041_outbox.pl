# The outbox through crashes, prepared transactions and a missing master key: no message is lost, none is given out twice but after its
# lease, and none is settled by a lease that has been given to another.
# Requirements: 16, 20, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(41);

my $node = new_node('outbox_crash', settings => "log_statement = none\nrestart_after_crash = on\ndeadlock_timeout = 10ms");

value($node, q{
	INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
	  VALUES ('a', 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: application/json}', '{"code": "{code}", "token": "{secret.token}"}', '{200}', 'Bank');
	SELECT otp_channel_secret('a', 'token', 'the token')});

sub states
{
	return value($node, "SELECT state, tries, count(*) FROM otp_message GROUP BY 1, 2 ORDER BY 1, 2");
}

# What a worker gets, as message|lease|key.
sub claim
{
	my ($batch) = @_;

	return split /\n/, value($node, sprintf "SELECT message_id, lease, idempotency_key FROM otp_claim('worker', %d) ORDER BY 1", $batch // 100);
}

sub expire
{
	value($node, "UPDATE otp_message SET due_at = clock_timestamp() WHERE state = 'c'");
	return;
}

# The server dies with messages queued, taken and settled, in transactions that have committed and that have not.
value($node, "SELECT count(otp_send('user' || i, 'x', 'a')) FROM generate_series(1, 30) AS i");
my @taken = claim(20);
my @settled = @taken[ 0 .. 9 ];
value($node, sprintf "SELECT otp_delivered('{%s}'::bigint[], array_fill(1, '{10}'), array_fill(NULL::text, '{10}'))", join ',', map { (split /\|/)[0] } @settled);
my $open = $node->background_psql('postgres', on_error_die => 0, on_error_stop => 0);
$open->query_safe('BEGIN');
$open->query_safe("SELECT count(otp_send('open' || i, 'x', 'a')) FROM generate_series(1, 5) AS i");
$open->query_safe("SELECT count(*) FROM otp_claim('dying', 7)");
$open->query_safe("SELECT count(otp_delivered(message_id, 1)) FROM otp_message WHERE state = 'c'");
$node->stop('immediate');
eval { $open->quit };
$node->start;
is(states(), "c|1|10\nq|0|10\ns|1|10", 'after a crash every message is as it was committed');
is(value($node, "SELECT count(*) FROM otp_message WHERE user_id LIKE 'open%'"), 0, 'and what was not has sent nothing');
is_deeply([ map { (split /\|/)[1] } claim() ], [ (1) x 10 ], 'what was queued is given out');
is_deeply([ claim() ], [], 'what is leased is not, before its lease ends');
my ($first) = split /\|/, $taken[10];
is(value($node, "SELECT otp_delivered($first, 1)"), 't', 'a worker can settle after the crash what it had taken before');
expire();
my @again = claim();
is(scalar @again, 19, 'an expired lease is given out again');
is_deeply([ grep { my $key = (split /\|/)[2]; grep { /\|2\|$key$/ } @again } @taken[ 11 .. 19 ] ], [ @taken[ 11 .. 19 ] ], 'with the same key for the provider');
is(value($node, "SELECT count(*) FILTER (WHERE otp_delivered(message_id, 1)) FROM otp_message"), 0, 'and the old lease settles nothing');
is(value($node, "SELECT count(*) FILTER (WHERE otp_delivered(message_id, 2)) FROM otp_message"), 19, 'but the new one does');
is(states(), "s|1|11\ns|2|19", 'so every message has been settled once');

# A backend that is killed between claim and settle.
value($node, "SELECT count(otp_send('kill' || i, 'x', 'a')) FROM generate_series(1, 5) AS i");
my $worker = $node->background_psql('postgres', on_error_die => 0, on_error_stop => 0);
my $pid = $worker->query_safe('SELECT pg_backend_pid()');
is($worker->query_safe("SELECT count(*) FROM otp_claim('killed', 3)"), 3, 'a worker takes three');
$worker->query_safe('BEGIN');
$worker->query_safe("SELECT otp_delivered(message_id, 1) FROM otp_message WHERE state = 'c'");
kill 'KILL', $pid;
eval { $worker->quit };
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid") or die 'the server does not come back';
expire();
is(scalar(claim()), 5, 'all five are given out after it was killed');
value($node, "DELETE FROM otp_message");

# Requirement 20: without the master key nothing is taken, and nothing is lost; what is sent is neither.
value($node, "SELECT count(otp_send('key' || i, 'x', 'a')) FROM generate_series(1, 3) AS i");
my $old = $node->background_psql('postgres');
$old->query_safe("SELECT count(*) FROM otp_claim('with a key', 1)");
rename master_key_file($node), master_key_file($node) . '.away' or die $!;
like(error_of($node, "SELECT count(*) FROM otp_claim('worker')"), qr/ERROR:  OT003: /, 'a claim without the master key fails');
like(error_of($node, "SELECT otp_send('key4', 'x', 'a')"), qr/ERROR:  OT003: /, 'and so does a send');
is(states(), "c|1|1\nq|0|2", 'and nothing has changed');
is($old->query_safe("SELECT count(*) FROM otp_claim('with a key', 1)"), 1, 'a session that has the data key goes on');
rename master_key_file($node) . '.away', master_key_file($node) or die $!;
is(scalar(claim()), 1, 'the rest is taken when the key is there again');
$old->quit;
value($node, "DELETE FROM otp_message");

# In two phases: NOTIFY cannot be prepared, so it is switched off; a claim and what settles can.
like(error_of($node, "BEGIN; SELECT otp_send('prepared', 'x', 'a'); PREPARE TRANSACTION 'sent'"), qr/ERROR:  /, 'a transaction with a NOTIFY is not prepared');
value($node, "BEGIN; SET LOCAL otp.wake_relay = off; SELECT otp_send('prepared', 'x', 'a'); PREPARE TRANSACTION 'sent'");
is_deeply([ claim() ], [], 'what is prepared is not given out');
$node->stop('immediate');
$node->start;
is_deeply([ claim() ], [], 'nor after a crash');
value($node, "COMMIT PREPARED 'sent'");
value($node, "BEGIN; SELECT count(*) FROM otp_claim('worker'); PREPARE TRANSACTION 'taken'");
is_deeply([ claim() ], [], 'what a prepared transaction has taken is not given out');
value($node, "ROLLBACK PREPARED 'taken'");
my ($message) = claim();
like($message, qr/\|1\|/, 'but after its rollback');
my ($id) = split /\|/, $message;
value($node, "BEGIN; SELECT otp_failed($id, 1, 'HTTP 500', true); PREPARE TRANSACTION 'settled'");
value($node, "COMMIT PREPARED 'settled'");
is(states(), "q|1|1", 'settled by a prepared transaction');

# Workers at once: 2000 messages, each given out once.
value($node, "DELETE FROM otp_message");
value($node, "SELECT count(otp_send('many' || i, 'x', 'a')) FROM generate_series(1, 2000) AS i");
my ($out, $err) = run_clients($node, map { my $w = $_; $GO . join '', map { "SELECT message_id, lease, channel FROM otp_claim('worker $w', 50);\n" } 1 .. 20 } 1 .. 4);
my %times;
$times{ (split /\|/)[0] }++ for map { split /\n/ } @$out;
is($err, '', 'no worker fails');
is(join(' ', scalar(keys %times), grep { $times{$_} != 1 } keys %times), '2000', '2000 messages are given out, each once');
is(states(), 'c|1|2000', 'and all are leased');

# Chains over the same destinations in either order: whoever counts several locks them in one order, so that nobody is a deadlock's victim.
value($node, "UPDATE otp_policy SET issues_per_destination = 1000000, issues_per_user = NULL, cool_down = '0'; UPDATE otp_channel SET messages_per_destination = 1000000");
my @destinations = map { "destination $_" =~ s/ /-/r } 1 .. 8;
($out, $err) = run_clients($node, map {
	my ($user, $order) = ($_, join ',', $_ % 2 ? @destinations : reverse @destinations);
	"$GO SELECT count(otp_send('crossing $user', '{$order}', array_fill('a'::text, '{8}'), array_fill(NULL::interval, '{8}'))) FROM generate_series(1, 1000);\n"
} 1 .. 4);
is($err, '', 'nobody who sends chains is the victim of a deadlock');
is_deeply($out, [ ("1000\n") x 4 ], 'and all are queued');

# One statement that sends to many.
value($node, "DELETE FROM otp_message; CREATE TABLE customer AS SELECT 'customer ' || i AS name, '+62811' || 1000000 + i AS phone FROM generate_series(1, 10000) AS i");
value($node, "INSERT INTO otp_channel SELECT (jsonb_populate_record(c, '{\"name\": \"sms\", \"kind\": \"sms\"}')).* FROM otp_channel AS c");
is(value($node, "SELECT count(otp_send(name, phone, 'sms')) FROM customer"), 10_000, 'one statement sends to 10,000 people');
is(value($node, 'SELECT count(*), count(DISTINCT nonce), count(DISTINCT destination) FROM otp_message'), '10000|10000|10000', 'each a code of his own');

stop_soundly($node);
done_testing();
