# The presets: the request is what the provider's documentation asks for, and its answers are understood as that has them.
# Requirements: 24, 31.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Digest::SHA qw(hmac_sha256);
use JSON::PP;
use MIME::Base64;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_relay_node('presets');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $provider = start_provider($dir);
mkdir "$dir/answers" or die $!;

my $signing = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
my $number = qr/\d{6}/;
my $text = qr/Shop\nYour code: $number \(valid for 5 min\)\nFor: EUR 10 to "X" & <Zoë>\nNever share this code\.\n\n\@shop\.example #$number/;
my $chat = qr/Shop\nYour code: $number\nFor: EUR 10 to "X" & <Zoë>\nIt is valid for 5 minutes\. Never share this code\./;
my $push = qr/$number \(valid for 5 min\)\nFor: EUR 10 to "X" & <Zoë>\nNever share this code\./;

# What each provider's documentation says: path of the request; its headers; its fields, by name or path; what is answered to it,
# and the id in that; and answers that mean: again later, or never.
my %preset = (
	'twilio-sms' => {
		secrets => { account_sid => 'AC0123', basic => encode_base64('AC0123:to/ken', '') },
		path => '/2010-04-01/Accounts/AC0123/Messages.json',
		headers => { Authorization => 'Basic ' . encode_base64('AC0123:to/ken', '') },
		form => { To => '+6281234567890', From => '+15550001', Body => $text },
		answer => [ 201, '{"account_sid": "AC0123", "sid": "SM%NUMBER%", "status": "queued", "error_code": null, "num_segments": "1"}' ],
		id => qr/^SM\d+$/,
		later => [ 429, '{"code": 20429, "message": "Too Many Requests", "status": 429}' ],
		never => [ 400, q({"code": 21211, "message": "The 'To' number is not a valid phone number.", "status": 400}) ]
	},
	'twilio-voice' => {
		secrets => { account_sid => 'AC0123', basic => 'YTpi' },
		path => '/2010-04-01/Accounts/AC0123/Calls.json',
		headers => { Authorization => 'Basic YTpi' },
		form => {
			To => '+6281234567890',
			From => '+15550001',
			Twiml => qr{<Response><Say voice="Polly\.Joanna"><s>Hello\. .*</Say></Response>}s
		},
		answer => [ 201, '{"sid": "CA%NUMBER%", "status": "queued", "price": null}' ],
		id => qr/^CA\d+$/,
		later => [ 503, '{"code": 20503, "message": "Service Unavailable", "status": 503}' ],
		never => [ 401, '{"code": 20003, "message": "Authenticate", "status": 401}' ]
	},
	'whatsapp-cloud' => {
		secrets => { phone_number_id => '106540352242922', token => 'EAAJB', template => 'login_code' },
		path => '/v24.0/106540352242922/messages',
		headers => { Authorization => 'Bearer EAAJB' },
		json => {
			messaging_product => 'whatsapp',
			to => '+6281234567890',
			type => 'template',
			'template.name' => 'login_code',
			'template.language.code' => 'en',
			'template.components.0.type' => 'body',
			'template.components.0.parameters.0.text' => $number,
			'template.components.1.type' => 'button',
			'template.components.1.sub_type' => 'url',
			'template.components.1.index' => '0',
			'template.components.1.parameters.0.text' => $number
		},
		answer => [
			200, '{"messaging_product": "whatsapp", "contacts": [{"input": "+6281234567890", "wa_id": "6281234567890"}],'
			  . ' "messages": [{"id": "wamid.HBgL%NUMBER%", "message_status": "accepted"}]}'
		],
		id => qr/^wamid\.HBgL\d+$/,
		later => [ 429, '{"error": {"message": "Rate limit hit", "type": "OAuthException", "code": 130429}}' ],
		never => [ 400, '{"error": {"message": "Recipient is not a valid WhatsApp user", "type": "OAuthException", "code": 131026}}' ]
	},
	telegram => {
		secrets => { token => '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw' },
		destination => '987654321',
		# the colon of the token in one of its two spellings
		path => '/bot110201543%3AAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage',
		json => { chat_id => '987654321', text => $chat },
		answer => [ 200, '{"ok": true, "result": {"message_id": %NUMBER%, "date": 1700000000, "chat": {"id": 987654321, "type": "private"}, "text": "x"}}' ],
		id => qr/^\d+$/,
		later => [
			429, '{"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7", "parameters": {"retry_after": 7}}',
			'Retry-After: 7'
		],
		never => [ 403, '{"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}' ]
	},
	'vonage-sms' => {
		secrets => { api_key => 'abcd1234', api_secret => 'a&b=c +%é' },
		sender => 'Shop & Co',
		path => '/sms/json',
		form => {
			api_key => 'abcd1234',
			api_secret => 'a&b=c +%é',
			from => 'Shop & Co',
			to => '6281234567890',
			text => $text,
			'client-ref' => qr/[0-9a-f-]{36}/
		},
		answer => [
			200,
			'{"message-count": "1", "messages": [{"to": "6281234567890", "message-id": "0C%NUMBER%", "status": "0", "remaining-balance": "3.14"}]}'
		],
		id => qr/^0C\d+$/,
		later => [ 200, '{"message-count": "1", "messages": [{"status": "1", "error-text": "Throttled"}]}' ],
		never => [ 200, '{"message-count": "1", "messages": [{"status": "4", "error-text": "Bad Credentials"}]}' ]
	},
	'infobip-sms' => {
		secrets => { api_key => '003026bbc133714df1834b8638bb496e' },
		path => '/sms/3/messages',
		headers => { Authorization => 'App 003026bbc133714df1834b8638bb496e', Accept => 'application/json' },
		json => {
			'messages.0.sender' => '+15550001',
			'messages.0.destinations.0.to' => '6281234567890',
			'messages.0.destinations.0.messageId' => qr/[0-9a-f-]{36}/,
			'messages.0.content.text' => $text
		},
		answer => [
			200, '{"bulkId": "2034072219640523072", "messages": [{"messageId": "i%NUMBER%", "destination": "6281234567890",'
			  . ' "status": {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}}]}'
		],
		id => qr/^i\d+$/,
		later => [ 500, '{"errorCode": "E500", "description": "Internal Server Error"}' ],
		never => [ 200, '{"messages": [{"messageId": "x", "status": {"groupId": 5, "groupName": "REJECTED", "id": 52, "name": "REJECTED_DESTINATION"}}]}' ]
	},
	kannel => {
		secrets => { username => 'relay', password => 'pass word' },
		path => '/cgi-bin/sendsms',
		headers => {
			'X-Kannel-Username' => 'relay', 'X-Kannel-Password' => 'pass word', 'X-Kannel-From' => '+15550001',
			'X-Kannel-To' => '+6281234567890', 'X-Kannel-Validity' => '5', 'Content-Type' => 'text/plain; charset=UTF-8'
		},
		body => $text,
		answer => [ 202, '0: Accepted for delivery' ],
		later => [ 503, 'Temporal failure, try again later.' ],
		never => [ 403, 'Authorization failed for sendsms' ]
	},
	fcm => {
		secrets => { project_id => 'shop-1', access_token => 'ya29.Elq' },
		destination => 'bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1',
		path => '/v1/projects/shop-1/messages:send',
		headers => { Authorization => 'Bearer ya29.Elq' },
		json => {
			'message.token' => 'bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1',
			'message.notification.title' => 'Your one-time code',
			'message.notification.body' => $push,
			'message.data.code' => $number,
			'message.data.context' => 'EUR 10 to "X" & <Zoë>',
			'message.data.purpose' => 'pay',
			'message.android.priority' => 'HIGH',
			'message.apns.headers.apns-priority' => '10'
		},
		answer => [ 200, '{"name": "projects/shop-1/messages/0:%NUMBER%"}' ],
		id => qr{^projects/shop-1/messages/0:\d+$},
		later => [ 429, '{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"errorCode": "QUOTA_EXCEEDED"}]}}', 'Retry-After: 60' ],
		never => [ 404, '{"error": {"code": 404, "status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}}' ]
	},
	ntfy => {
		secrets => { token => 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2' },
		destination => 'topic_of_alice',
		path => '/',
		headers => { Authorization => 'Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2' },
		json => { topic => 'topic_of_alice', title => 'Your one-time code', message => $push, priority => 4 },
		answer => [ 200, '{"id": "hwQ2%NUMBER%", "time": 1700000000, "event": "message", "topic": "topic_of_alice"}' ],
		id => qr/^hwQ2\d+$/,
		later => [ 429, '{"code": 42901, "http": 429, "error": "limit reached: too many requests"}' ],
		never => [ 403, '{"code": 40301, "http": 403, "error": "forbidden"}' ]
	},
	webhook => {
		secrets => { signing => "whsec_$signing" },
		destination => 'device-17',
		path => '/otp',
		headers => { 'webhook-id' => qr/[0-9a-f-]{36}/, 'webhook-timestamp' => qr/\d{10}/, 'webhook-signature' => qr{v1,[A-Za-z0-9+/]{43}=} },
		json => {
			type => 'otp.message',
			'data.destination' => 'device-17',
			'data.code' => $number,
			'data.minutes' => '5',
			'data.context' => 'EUR 10 to "X" & <Zoë>',
			'data.purpose' => 'pay',
			'data.locale' => 'en',
			'data.text' => $chat
		},
		answer => [ 204, '' ],
		later => [ 500, '' ],
		never => [ 410, '' ]
	});

# scripted(PRESET, STATUS, BODY, HEADER …): what the provider says from now on.
sub scripted
{
	my ($preset, $status, $body, @headers) = @_;
	my $file = "$dir/answers/" . (join('_', grep { length } split m{/}, $preset->{path}) || '_');

	unlink $file;
	append_to_file($file, join("\n", $status, @headers ? @headers : 'X-Test: yes', '', '') . $body);
	return;
}

sub add_preset
{
	my ($name) = @_;
	my $preset = $preset{$name};
	my $sender = $preset->{sender} // '+15550001';

	my $url = value($node, qq{
		SELECT regexp_replace(url, '^https?://[^/]*', 'https://127.0.0.1:$provider->{port}{https}') FROM otp_channel_presets WHERE preset = '$name'});
	my $secrets = value($node, "SELECT otp_channel_preset('$name', '$name', 'Shop', '$sender', 'shop.example', '$url')");
	is($secrets, '{' . value($node, qq{SELECT string_agg(s, ',') FROM unnest((SELECT secrets FROM otp_channel_presets WHERE preset = '$name')) AS s}) . '}',
		"$name: tells what it needs");
	value($node, "UPDATE otp_channel SET ca_file = '$dir/authority.crt' WHERE name = '$name'");
	is(join(',', sort $secrets =~ /\w+/g), join(',', sort keys %{ $preset->{secrets} }), "$name: which is this");
	value($node, "SELECT otp_channel_secret('$name', '$_', \$s\$$preset->{secrets}{$_}\$s\$)") for sort keys %{ $preset->{secrets} };
	return;
}

# send_by(PRESET, USER): a message with a context, and the request that came of it, by a relay that works once.
my $log = '';

sub send_by
{
	my ($name, $user) = @_;
	my $before = () = requests($provider);
	my $destination = $preset{$name}{destination} // '+6281234567890';

	value($node, qq{SELECT otp_send('$user', '$destination', '$name', 'pay', \$c\$EUR 10 to "X" & <Zoë>\$c\$)});
	$log .= (once($node))[2];
	my @requests = (requests($provider))[ $before .. $before ];
	return $requests[0];
}

# A header's value, of one that is there once.
sub header
{
	my ($request, $name) = @_;
	my @values = $request->{head} =~ /^\Q$name\E: *(.*?)\r$/mgi;

	return @values == 1 ? $values[0] : @values . ' times';
}

# By WHATWG's application/x-www-form-urlencoded.
sub form
{
	my ($body) = @_;

	return map { map { s/\+/ /gr =~ s/%([0-9A-F]{2})/chr hex $1/gre } /^([^=]*)=([^=]*)$/ ? ($1, $2) : die "no form: $body" } split /&/, $body;
}

# What stands at a path of members and indexes.
sub at
{
	my ($json, $path) = @_;

	for (split /\./, $path)
	{
		$json = ref $json eq 'ARRAY' ? $json->[$_] : ref $json eq 'HASH' ? $json->{$_} : undef;
	}
	utf8::encode($json) if defined $json && !ref $json;
	return $json;
}

sub matches
{
	my ($got, $wanted, $what) = @_;

	return ref $wanted ? like($got, qr/\A$wanted\z/, $what) : is($got, $wanted, $what);
}

sub request_is_right
{
	my ($name, $request) = @_;
	my $preset = $preset{$name};
	my %headers = (
		$preset->{form} ? ('Content-Type' => 'application/x-www-form-urlencoded') : $preset->{json} ? ('Content-Type' => 'application/json') : (),
		%{ $preset->{headers} // {} });

	is("$request->{method} $request->{path}", "POST $preset->{path}", "$name: method and path");
	matches(header($request, $_), $headers{$_}, "$name: header $_") for sort keys %headers;
	if (my $form = $preset->{form})
	{
		my %got = form($request->{body});
		is(join(' ', sort keys %got), join(' ', sort keys %$form), "$name: the fields");
		matches($got{$_}, $form->{$_}, "$name: $_") for sort keys %$form;
		return;
	}
	return matches($request->{body}, $preset->{body}, "$name: the body") if $preset->{body};
	my $json = decode_json($request->{body});
	matches(at($json, $_), $preset->{json}{$_}, "$name: $_") for sort keys %{ $preset->{json} };
	return;
}

# The code, wherever the request has it: one, however often.
sub code_of
{
	my ($name, $request) = @_;
	my $body = $preset{$name}{form} ? join "\n", form($request->{body}) : $request->{body};
	my %codes = map { s/[ ,]+//gr => 1 } $name eq 'twilio-voice' ? $body =~ /rate="slow">([\d, ]+)</g :
	  $body =~ /(?:[Cc]ode: |#|"code": "|"text": "|"message": "|"body": ")(\d{6})(?![-0-9])/g;

	is(scalar keys %codes, 1, "$name: has one code");
	return (keys %codes)[0];
}

sub column
{
	my ($column, $user) = @_;

	return value($node, "SELECT $column FROM otp_message WHERE user_id = '$user'");
}

is(join(' ', sort keys %preset), value($node, q{SELECT string_agg(preset, ' ' ORDER BY preset COLLATE "C") FROM otp_channel_presets WHERE transport = 'http'}),
	'all presets by HTTP are here');
for my $name (sort keys %preset)
{
	my $preset = $preset{$name};

	add_preset($name);
	scripted($preset, @{ $preset->{answer} });
	my $request = send_by($name, "$name ok");
	request_is_right($name, $request);
	my $given = $preset->{id} ? ' id' : '';
	is(message($node, "$name ok"), "sent 1$given", "$name: sent");
	my $id = column('provider_id', "$name ok");
	my $key = column('idempotency_key', "$name ok");
	$preset->{id} ? like($id, $preset->{id}, "$name: the provider's id") : is($id, $key, "$name: our key stands for an id");
	my $code = code_of($name, $request);
	is(value($node, qq{SELECT otp_verify('$name ok', '$code', 'pay', \$c\$EUR 10 to "X" & <Zoë>\$c\$)}), 't', "$name: the code is right");

	# receipts, once and again, early or late, and of what nobody has sent
	is(value($node, "SELECT otp_receipt('$name', 'nobody''s', 'delivered'), otp_receipt('$name', '$id', 'on its way')"), 'f|t', "$name: a receipt");
	is(message($node, "$name ok"), "sent 1$given on its way", "$name: is kept as it is");
	is(value($node, "SELECT otp_receipt('$name', '$id', 'delivered'), otp_receipt('$name', '$id', 'delivered'), otp_receipt('$name', '$id', 'failed')"),
		't|t|t', "$name: delivered, twice, and then not");
	is(message($node, "$name ok"), "d 1$given", "$name: is delivered");
	is(value($node, "SELECT sent || ' ' || delivered || ' ' || failed FROM otp_delivery WHERE channel = '$name'"), '1 1 0', "$name: and counted once");

	# trouble
	scripted($preset, @{ $preset->{later} });
	my $first = send_by($name, "$name later");
	like(message($node, "$name later"), qr/^queued 1 \S/, "$name: to be sent later");
	is(value($node, "SELECT due_at - clock_timestamp() > '5 seconds' FROM otp_message WHERE user_id = '$name later'"), 't', "$name: not before it may")
	  if $preset->{later}[2];
	scripted($preset, @{ $preset->{answer} });
	hurry($node, "$name later");
	$log .= (once($node))[2];
	is(message($node, "$name later"), "sent 2$given", "$name: and then sent");
	my $second = (requests($provider))[-1];
	is($second->{body}, $first->{body}, "$name: the same body, with the same key");
	isnt($second->{number}, $first->{number}, "$name: control: by a second request");
	scripted($preset, @{ $preset->{never} });
	send_by($name, "$name never");
	like(message($node, "$name never"), qr/^failed 1 \S/, "$name: never");

	unlike($log, qr/\Q$_\E/, "$name: no secret in the log") for values %{ $preset->{secrets} };
	unlike($log, qr/(?<![\d.:])$code(?![\d.:])/, "$name: nor a code");
}

# What a provider can say of who sends: the webhook's signature, by https://www.standardwebhooks.com.
my ($hook) = grep { $_->{path} eq '/otp' } requests($provider);
my $signed = join '.', header($hook, 'webhook-id'), header($hook, 'webhook-timestamp'), $hook->{body};
is(header($hook, 'webhook-signature'), 'v1,' . encode_base64(hmac_sha256($signed, decode_base64($signing)), ''), 'the webhook is signed');

# A push with a number: the number is not in it.
value($node, q{INSERT INTO otp_policy (purpose, number_match, methods) VALUES ('approve', true, '{issued}')});
my @ask = ('ntfy', 'fcm');
for my $name (@ask)
{
	scripted($preset{$name}, @{ $preset{$name}{answer} });
	my $user = "$name push";
	my $asked = value($node, "SELECT otp_send_push('$user', '$preset{$name}{destination}', '$name', 'approve', 'EUR 10')");
	once($node);
	my $request = (requests($provider))[-1];
	my $code = code_of($name, $request);
	my $wrong = sprintf '%02d', ($asked + 1) % 100;
	like($asked, qr/^\d\d$/, "$name: a number for the page");
	is(value($node, "SELECT otp_verify('$user', '$code', 'approve', 'EUR 10')"), 'f', "$name: without it the code is worth nothing");
	is(value($node, "SELECT otp_verify_push('$user', '$code', '$wrong', 'approve', 'EUR 10')"), 'f', "$name: nor with another");
	is(value($node, "SELECT otp_verify_push('$user', '$code', '$asked', 'approve', 'EUR 10')"), 't', "$name: with it, it is right");
}

$node->stop;
done_testing();
