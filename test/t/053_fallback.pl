# Channels that stand in for each other: whatsapp, then sms, then email, by waits, failures and receipts, also late ones.
# Requirements: 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpEnds;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('fallback');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $mail_dir = PostgreSQL::Test::Utils::tempdir;
make_authority($mail_dir);
my $provider = start_provider($dir);
my $server = start_mail_server($mail_dir, 'a good one');

my @body = (body => '{"by": "whatsapp", "to": "{destination}", "text": "{text}"}');
add_channel($node, 'whatsapp', provider => $provider, kind => 'chat', @body);
add_channel($node, 'whatsapp down', provider => $provider, kind => 'chat', @body, path => '/status/400');
add_channel($node, 'whatsapp busy', provider => $provider, kind => 'chat', @body, path => '/wait/503/60');
add_channel($node, 'sms', provider => $provider, domain => 'shop.example');
add_channel($node, 'sms down', provider => $provider, path => '/status/400');
value($node, qq{
	SELECT otp_channel_preset('smtp', 'email', 'Shop', 'no-reply\@shop.example', 'shop.example', 'smtp://localhost:$server->{port}{submission}');
	UPDATE otp_channel SET ca_file = '$mail_dir/authority.crt' WHERE name = 'email';
	SELECT otp_channel_secret('email', 'username', 'relay'), otp_channel_secret('email', 'password', 'a good one')});

my $numbers = 0;
my %number;

# send_chain(USER, WHATSAPP, SMS, WAIT, WAIT): by those two channels, and then by email.
sub send_chain
{
	my ($user, $whatsapp, $sms, @waits) = @_;

	$number{$user} = sprintf '+62812%08d', ++$numbers;
	return value($node, sprintf(q{SELECT otp_send('%1$s', ARRAY['%2$s', '%2$s', '%1$s@example.com'], ARRAY['%3$s', '%4$s', 'email'], ARRAY[%5$s, NULL]::interval[])},
			$user, $number{$user}, $whatsapp, $sms, join ', ', map { defined $_ ? "'$_'" : 'NULL' } @waits));
}

# The states of a user's messages in their order, with why where it is not for a person to read.
sub states
{
	my ($user) = @_;

	return value($node, "SELECT string_agg(state::text || coalesce(':' || error, ''), ' ' ORDER BY step) FROM otp_message WHERE user_id = '$user'");
}

sub wait_for_states
{
	my ($user, $states, $what) = @_;

	wait_until("$what: $states", sub { states($user) eq $states });
	return pass($what);
}

# The codes that have arrived at a user's, by what way and when.
sub arrived
{
	my ($user) = @_;
	my @arrived = map {
		my ($code) = $_->{body} =~ /code: (\d{6})/;
		{ by => $_->{body} =~ /"by": "whatsapp"/ ? 'whatsapp' : 'sms', code => $code, at => $_->{at} };
	} grep { $_->{status} eq '200' } requests($provider, qr/\Q$number{$user}\E/);
	return @arrived, map { { by => 'email', code => $_->{text}{'text/plain'} =~ /^(\d{6})$/m } } mails($server, "$user\@example.com");
}

# arrived_by(USER, WAYS): those are the ways, and all have the same code, which is right.
sub arrived_by
{
	my ($user, $ways) = @_;
	my @arrived = arrived($user);
	my %codes = map { $_->{code} => 1 } @arrived;

	is(join(' ', map { $_->{by} } @arrived), $ways, "$user: by what way a code has arrived");
	is(scalar keys %codes, 1, "$user: it is one");
	return is(value($node, sprintf "SELECT otp_verify('%s', '%s')", $user, keys %codes), 't', "$user: and right");
}

# receipt(USER, STEP, STATUS): the provider's, by the application's webhook.
sub receipt
{
	my ($user, $step, $status) = @_;

	return value($node, "SELECT otp_receipt(channel, provider_id, '$status') FROM otp_message WHERE user_id = '$user' AND step = $step");
}

# When the relay finds nothing due, it looks again after an hour, unless it is told.
my $relay = start_relay($node, '--poll=3600');

send_chain('alice', 'whatsapp', 'sms', '1 hour', '1 hour');
wait_for_states('alice', 's q q', 'a message is sent, and others wait');
is(receipt('alice', 0, 'delivered'), 't', 'a receipt in time');
is(states('alice'), 'd x:delivered x:delivered', 'ends the chain');
arrived_by('alice', 'whatsapp');

send_chain('bob', 'whatsapp', 'sms', '1 second', '1 hour');
wait_for_states('bob', 's s q', 'no receipt comes, and the next one is sent');
my ($first, $second) = arrived('bob');
my ($made, $sent) = split /\|/, value($node, q{
	SELECT min(extract(epoch FROM made_at)), max(extract(epoch FROM sent_at)) FROM otp_message WHERE user_id = 'bob'});
cmp_ok($second->{at}, '>=', $made + 1, 'not before its turn');
is(receipt('bob', 0, 'delivered'), 't', 'the receipt comes late');
is(states('bob'), 'd s x:delivered', 'and ends the chain');
is(receipt('bob', 1, 'delivered'), 't', 'another one for what was sent besides');
is(states('bob'), 'd d x:delivered', 'is kept');
arrived_by('bob', 'whatsapp sms');

send_chain('carl', 'whatsapp', 'sms', '1 second', '1 second');
wait_for_states('carl', 's s s', 'no receipt comes at all');
arrived_by('carl', 'whatsapp sms email');

send_chain('dora', 'whatsapp down', 'sms', '1 hour', '1 hour');
wait_for_states('dora', 'f:HTTP 400 s q', 'what fails for good is followed at once');
arrived_by('dora', 'sms');
send_chain('emil', 'whatsapp down', 'sms down', '1 hour', '1 hour');
wait_for_states('emil', 'f:HTTP 400 f:HTTP 400 s', 'and again');
arrived_by('emil', 'email');
send_chain('fred', 'whatsapp down', 'sms', undef, undef);
wait_for_states('fred', 'f:HTTP 400 s q', 'also where nothing is waited for');
arrived_by('fred', 'sms');

send_chain('gina', 'whatsapp', 'sms', '1 hour', '1 hour');
wait_for_states('gina', 's q q', 'sent');
is(receipt('gina', 0, 'failed'), 't', 'a receipt says that it did not arrive');
wait_for_states('gina', 'f:failed s q', 'and the next one is sent at once');
is(receipt('gina', 1, 'failed'), 't', 'nor did that');
wait_for_states('gina', 'f:failed f:failed s', 'and the last one is sent at once');
is(receipt('gina', 0, 'delivered'), 't', 'late it turns out that the first one did');
is(states('gina'), 'd f:failed s', 'which changes nothing any more');
arrived_by('gina', 'whatsapp sms email');

send_chain('hans', 'whatsapp busy', 'sms', '1 second', '1 hour');
wait_for_states('hans', 'x:overtaken s q', 'what is to be tried again is overtaken by the next one');
arrived_by('hans', 'sms');

send_chain('ines', 'whatsapp', 'sms', '1 hour', '1 hour');
wait_for_states('ines', 's q q', 'sent');
arrived_by('ines', 'whatsapp');
hurry($node, 'ines');
wait_until('the rest of the chain', sub { states('ines') !~ /q|c/ });
is(states('ines'), 's x:spent x:spent', 'nothing more is sent once the code is spent');
is(scalar(() = arrived('ines')), 1, 'indeed');

send_chain('jack', 'whatsapp', 'sms', '1 hour', '1 hour');
wait_for_states('jack', 's q q', 'sent');
value($node, q{SELECT otp_send_again('jack', next_channel => true)});
wait_for_states('jack', 's s q', 'somebody asks for the next channel');
arrived_by('jack', 'whatsapp sms');

is(end_relay($relay), 0, 'the relay ends well');
is(value($node, q{SELECT count(*) FROM otp_event WHERE event = 'failed' AND user_id IN ('dora', 'emil', 'fred', 'gina')}), 6, 'what failed is in the trail');
is(value($node, q{SELECT string_agg(channel || ' ' || delivered || ' ' || dropped, ', ' ORDER BY channel) FROM otp_delivery WHERE channel IN ('whatsapp', 'sms')}),
	'sms 1 2, whatsapp 3 0', 'and the view has counted all');

stop_soundly($node);
done_testing();
