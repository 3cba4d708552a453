# Whoever has a message's row in a transaction keeps the relay from settling that one, and no other; and what the provider has
# taken is not sent again.
# Requirements: 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant MANY => 20;

my $node = new_relay_node('locks');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $provider = start_provider($dir);

add_channel($node, 'held', provider => $provider, path => '/gate/held/ok', timeout => '5 minutes');
add_channel($node, 'free', provider => $provider);

my $relay = start_relay($node);
send_message($node, 'held', 'held', '+6281200000001');
wait_until('the first request', sub { requests($provider, qr/6281200000001/) > 0 });

my $holder = $node->background_psql('postgres');
$holder->query_safe(q{BEGIN; SELECT FROM otp_message WHERE user_id = 'held' FOR UPDATE});
append_to_file("$dir/held", '');
wait_for_log($relay, qr/cannot settle.*55P03/);

send_message($node, 'free', 'free', '+6281200000002');
wait_until('the other one', sub { message($node, 'free') =~ /^sent/ });
like(message($node, 'free'), qr/^sent 1/, 'another message is sent and settled meanwhile');
like(message($node, 'held'), qr/^claimed 1/, 'the one that is held is not settled');

$holder->query_safe('ROLLBACK');
$holder->quit;
wait_until('the first one', sub { message($node, 'held') =~ /^sent/ });
like(message($node, 'held'), qr/^sent 1/, 'it is once nobody holds it, by the same try');
is(scalar(() = requests($provider, qr/6281200000001/)), 1, 'and was sent once');

# many that are held, and one result between them
add_channel($node, 'many', provider => $provider, path => '/gate/many/ok', timeout => '5 minutes');
value($node, sprintf q{SELECT count(otp_send('many' || i, '+6281300000' || 100 + i, 'many')) FROM generate_series(1, %d) AS i}, MANY);
wait_until('many requests', sub { requests($provider, qr/\+6281300000/) == MANY });
$holder = $node->background_psql('postgres');
$holder->query_safe(q{BEGIN; SELECT FROM otp_message WHERE channel = 'many' FOR UPDATE});
my $refused = qr/^(\S+) error "?cannot settle"? sqlstate=55P03/m;
my $before = () = relay_log($relay) =~ /$refused/g;
append_to_file("$dir/many", '');
wait_until('one to be alone', sub { (() = relay_log($relay) =~ /$refused/g) > $before });
send_message($node, 'free', 'between', '+6281200000003');
wait_until('the one between', sub { message($node, 'between') =~ /^sent/ });
my ($from) = relay_log($relay) =~ /^(\S+) info delivered channel=free .*\*03$/m;
my $until = value($node, q{SELECT to_char(sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM otp_message WHERE user_id = 'between'});
cmp_ok(scalar(grep { $_ ge $from && $_ le $until } relay_log($relay) =~ /$refused/g), '<=', 3, 'it does not wait for one after the other of them');
$holder->query_safe('ROLLBACK');
$holder->quit;
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM otp_message WHERE state <> 's'}) or die 'not all were settled';
is(value($node, 'SELECT max(tries) FROM otp_message'), 1, 'none of them was taken again');
is(scalar(() = requests($provider, qr/\+6281300000/)), MANY, 'or sent again');

# what may not be settled for now, for whatever reason, of one message and of several
my @refusals = ('25006', '42501', '53100', '57014');
add_channel($node, "refused$_", provider => $provider) for @refusals;
add_channel($node, 'never', provider => $provider);
value($node, q{
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.state = 's' THEN
			RAISE EXCEPTION 'refused' USING ERRCODE = COALESCE(substring(OLD.channel FROM 'refused(.*)'), '23514');
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER refuse BEFORE UPDATE ON otp_message FOR EACH ROW
		WHEN (OLD.channel LIKE 'refused%' OR OLD.channel = 'never') EXECUTE FUNCTION refuse()});
for my $i (0 .. $#refusals)
{
	send_message($node, "refused$refusals[$i]", "refused$refusals[$i]", "+628140000010$i");
	wait_for_log($relay, qr/cannot settle.*$refusals[$i]/);
}
send_message($node, 'never', 'never', '+6281400000200');
wait_for_log($relay, qr/cannot settle.*23514/);
value($node, 'DROP TRIGGER refuse ON otp_message');
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM otp_message WHERE channel LIKE 'refused%' AND state <> 's'}) or die 'not settled';
is(value($node, q{SELECT max(tries) FROM otp_message WHERE channel LIKE 'refused%'}), 1, 'what was refused for whatever reason is settled by the same try');
is(message($node, 'never'), 'claimed 1', 'but for what could never be');
is(end_relay($relay), 0, 'the relay ends well');

done_testing();
