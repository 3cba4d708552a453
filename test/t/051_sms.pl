# SMS: sent by the relay to Kannel, by that to an SMS centre, and the code that a phone has got is the right one.
# Requirements: 16, 31, 34.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpEnds;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no npm: a machine that script/bootstrap has set up has it' if system('command -v npm >/dev/null') != 0;

use constant PASSWORD => 'a-good-one';

my $node = new_relay_node('sms');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $centre = start_sms_centre($dir);
my $kannel = start_kannel($centre, 'relay', PASSWORD);

value($node, qq{
	SELECT otp_channel_preset('kannel', 'sms', 'Shop', 'SHOP', 'shop.example', 'http://127.0.0.1:$kannel->{port}/cgi-bin/sendsms');
	SELECT otp_channel_secret('sms', 'username', 'relay'), otp_channel_secret('sms', 'password', '@{[PASSWORD]}')});

# receive(DESTINATION): what the phone there has got, once it has.
sub receive
{
	my ($number) = @_;
	my @got;

	wait_until("a short message to $number", sub { @got = grep { $_->{to} =~ /^\+?$number$/ } short_messages($centre) });
	is(scalar @got, 1, "$number has got one message");
	return $got[0];
}

my $relay = start_relay($node);
my $long = 'EUR 10 to Zoë Ångström, ' . join ' and ', ('who knows') x 20;
my %context = (alice => '', bob => 'EUR 10 to "X" & <Y>', carl => $long);
my %locale = (alice => 'en', bob => 'id', carl => 'en');
my %number = (alice => '6281234567890', bob => '6281234567891', carl => '6281234567892');
for my $user (sort keys %context)
{
	value($node, "SELECT otp_send('$user', '+$number{$user}', 'sms', 'pay', \$c\$$context{$user}\$c\$, '$locale{$user}')");
	my $got = receive($number{$user});
	is($got->{from}, 'SHOP', "$user: by whom");
	like($got->{text}, qr/\n\n\@shop\.example #(\d{6})\z/, "$user: the text ends in what phones fill in");
	my ($code) = $got->{text} =~ /#(\d{6})\z/;
	like($got->{text}, $user eq 'bob' ? qr/^Shop\nKode Anda: $code \(berlaku 5 menit\)\nUntuk: EUR 10 to "X" & <Y>\nJangan/ : qr/^Shop\nYour code: $code /,
		"$user: and begins with the code");
	is(value($node, "SELECT otp_verify('$user', '$code', 'pay', \$c\$$context{$user}\$c\$)"), 't', "$user: which is right");
	is(message($node, $user), 'sent 1', "$user: sent");
}
my ($alice, $bob, $carl) = map { receive($number{$_}) } qw(alice bob carl);
is($alice->{parts}, 1, 'without a context it is one short message');
cmp_ok($carl->{parts}, '>', 1, 'a long one comes in parts');
like($carl->{text}, qr/\nFor: EUR 10 to Zo\S+ \S+ngstr\S+m, who knows and .* who knows\n/, 'none of which is missing');

# Not with this password; and Kannel is away.
value($node, q{SELECT otp_channel_secret('sms', 'password', 'wrong')});
send_message($node, 'sms', 'dora', '+6281234567893');
wait_for_log($relay, qr/failed channel=sms.* error="HTTP 403"/);
is(message($node, 'dora'), 'failed 1 HTTP 403', 'a wrong password');
value($node, "SELECT otp_channel_secret('sms', 'password', '@{[PASSWORD]}')");
stop_kannel($kannel);
send_message($node, 'sms', 'eve', '+6281234567894');
wait_for_log($relay, qr/retry channel=sms.* error="cannot connect"/);
$kannel = start_kannel($centre, 'relay', PASSWORD, $kannel->{port});
$node->poll_query_until('postgres', q{SELECT state = 's' FROM otp_message WHERE user_id = 'eve'}) or die 'not sent';
my ($code) = receive('6281234567894')->{text} =~ /#(\d{6})\z/;
is(value($node, "SELECT otp_verify('eve', '$code')"), 't', 'Kannel was away, and is back');
is(end_relay($relay), 0, 'the relay ends well');
unlike(relay_log($relay), qr/$_/, 'and has no secret in its log') for PASSWORD, '81234567', map { /#(\d{6})\z/ } map { $_->{text} } short_messages($centre);

stop_soundly($node);
done_testing();
