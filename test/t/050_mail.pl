# Mails: sent by the relay to a submission server with STARTTLS and a login, read from its box, and the code that was read
# is the right one.
# Requirements: 16, 24, 31, 34.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpEnds;
use OtpRelay;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant PASSWORD => 'a password, and a good one';

my $node = new_relay_node('mail');
my $dir = PostgreSQL::Test::Utils::tempdir;
make_authority($dir);
my $server = start_mail_server($dir, PASSWORD);

# add_mail(NAME, LISTENER, SET): a channel of the preset, changed.
sub add_mail
{
	my ($name, $listener, $set, $password) = @_;
	my $scheme = $listener eq 'smtps' ? 'smtps' : 'smtp';

	value($node, sprintf(q{
			SELECT otp_channel_preset('smtp', '%1$s', 'Shop', 'no-reply@shop.example', 'shop.example', '%2$s://127.0.0.1:%3$d');
			UPDATE otp_channel SET %4$s WHERE name = '%1$s';
			SELECT otp_channel_secret('%1$s', 'username', 'relay'), otp_channel_secret('%1$s', 'password', '%5$s')},
			$name, $scheme, $server->{port}{$listener}, $set, $password // PASSWORD));
	return;
}

my $ca = "ca_file = '$dir/authority.crt'";
add_mail('mail', 'submission', "$ca, sender_name = 'Toko \"Ä\" — <Shop>'");
add_mail('smtps', 'smtps', $ca);
add_mail('other', 'other', $ca);
add_mail('unsigned', 'unsigned', $ca);
add_mail('unknown', 'submission', 'ca_file = NULL');
add_mail('plain', 'plain', $ca);
add_mail('allowed', 'plain', "$ca, allow_plaintext = true");
add_mail('stranger', 'submission', $ca, 'wrong');
add_mail('later', 'greylisted', $ca);

# A mail with all that could break it.
my $context = qq{Pay EUR 10 to Zoë & <b>"Co"</b>\r\nBcc: victim\@evil.example\r\n\r\n.\r\nQUIT\r\n--=_part};
my $template = q{
	INSERT INTO otp_template VALUES ('pay', 'email', 'en', 'Code for: {context}', E'Code: {code}\nFor: {context}',
		'<p>Code: {code}</p><p>For: {context}</p>')};
value($node, $template);
value($node, "SELECT otp_send('alice', 'Alice\@Example.com', 'mail', 'pay', \$c\$$context\$c\$)");
value($node, "SELECT otp_send('budi', 'budi\@example.com', 'mail', locale => 'id')");
is((once($node))[0], 0, 'a relay');

my @mails = mails($server, 'Alice@example.com');
is(scalar @mails, 1, 'one mail');
my $mail = $mails[0];
is_deeply($mail->{defects}, [], 'which is well-formed');
is(join(' ', sort grep { !/^X-/ } @{ $mail->{names} }),
	'Auto-Submitted Content-Type Date From MIME-Version Message-ID Subject To', 'and has these headers and no others');
is($mail->{header}{to}, 'Alice@example.com', 'To');
like($mail->{header}{from}, qr/^"?Toko .*"? <no-reply\@shop\.example>$/, 'From');
like($mail->{header}{from}, qr/Ä.*—/, 'with its name decoded');
is($mail->{header}{'x-mailfrom'}, 'no-reply@shop.example', 'the envelope, too');
is($mail->{header}{'x-rcptto'}, 'Alice@example.com', 'has this one recipient');
is($mail->{header}{'auto-submitted'}, 'auto-generated', 'Auto-Submitted');
like($mail->{header}{subject}, qr/^Code for: Pay EUR 10 to Zoë & <b>"Co"<\/b> Bcc: victim/, 'the subject, on one line');
is($mail->{header}{'message-id'}, value($node, q{SELECT '<' || idempotency_key || '@shop.example>' FROM otp_message WHERE user_id = 'alice'}),
	'Message-ID is the key of idempotency');
is($mail->{type}, 'multipart/alternative', 'two alternatives');
is("@{ $mail->{types} }", 'text/plain text/html', 'the better one last');
my ($code) = $mail->{text}{'text/plain'} =~ /^Code: (\d{6})$/m;
ok($code, 'the code can be read');
like($mail->{text}{'text/plain'}, qr/^Bcc: victim\@evil\.example\n\n\.\nQUIT\n--=_part/m, 'below the context, all of it');
like($mail->{text}{'text/html'}, qr/<p>Code: $code<\/p><p>For: Pay EUR 10 to Zoë &amp; &lt;b&gt;&quot;Co&quot;&lt;\/b&gt;/, 'escaped in HTML');
is(scalar(() = glob "$dir/box/new/*"), 2, 'nobody else has got one');
is(value($node, "SELECT otp_verify('alice', '$code', 'pay', \$c\$other\$c\$), otp_verify('alice', '$code', 'pay', \$c\$$context\$c\$)"),
	'f|t', 'and is right for this context');

my ($budi) = mails($server, 'budi@example.com');
is($budi->{header}{subject}, 'Kode sekali pakai Anda', 'a mail in Indonesian');
is(($budi->{text}{'text/html'} =~ /<strong>(\d{6})/)[0], ($budi->{text}{'text/plain'} =~ /^(\d{6})$/m)[0], 'has one code');
unlike($budi->{text}{$_}, qr/[{}]|Untuk/, "and nothing left over in $_") for sort keys %{ $budi->{text} };
like(logins($server), qr/\A(submission (PLAIN|LOGIN) relay right\n)+\z/, 'after a login by TLS');

# Destinations that are none.
for my $destination (qq{a\@b.example\r\nBcc: c\@d.example}, 'a@b.example, c@d.example', 'a@b.example> RCPT TO:<c@d.example', 'nobody')
{
	like(error_of($node, "SELECT otp_send('eve', \$q\$$destination\$q\$, 'mail')"), qr/ERROR:  22023:/, 'no address');
}
like(error_of($node, qq{UPDATE otp_channel SET sender = E'a\@b.example\r\nBcc: c\@d.example' WHERE name = 'mail'}), qr/ERROR:/, 'nor a sender');
like(error_of($node, qq{UPDATE otp_channel SET sender_name = E'a\r\nBcc: c\@d.example' WHERE name = 'mail'}), qr/ERROR:/, 'nor its name');

# Whom the relay speaks to, and how.
my $before = logins($server);
my %error = (
	other => q{certificate is not the host's}, unsigned => 'certificate is not trusted', unknown => 'certificate is not trusted',
	plain => 'no STARTTLS');
send_message($node, $_, $_, "$_\@example.com") for sort keys %error;
my ($status, $out, $log) = once($node);
is($status, 0, 'the relay goes on');
is(message($node, $_), "queued 1 $error{$_}", "$_: $error{$_}") for sort keys %error;
is(logins($server), $before, 'none of them hears of a password');
is(scalar(() = glob "$dir/box/new/*"), 2, 'nor of a code');

send_message($node, 'allowed', 'allowed', 'allowed@example.com');
send_message($node, 'smtps', 'smtps', 'smtps@example.com');
once($node);
for my $name (qw(allowed smtps))
{
	my ($one) = mails($server, "$name\@example.com");
	my ($read) = $one->{text}{'text/plain'} =~ /^(\d{6})$/m;
	is(value($node, "SELECT otp_verify('$name', '$read')"), 't', $name eq 'smtps' ? 'TLS from the beginning' : 'plain text, if asked for');
}
like(logins($server), qr/^plain \w+ relay right$/m, 'with its login');
like(logins($server), qr/^smtps \w+ relay right$/m, 'both');

# Later, never, and not with this password.
send_message($node, 'later', 'later', 'later@example.com');
send_message($node, 'mail', 'gone', 'gone@example.com');
send_message($node, 'stranger', 'stranger', 'stranger@example.com');
$log .= (once($node))[2];
is(message($node, 'later'), 'queued 1 SMTP 451', 'the server says: later');
is(message($node, 'gone'), 'failed 1 SMTP 550', 'the server says: never');
like(message($node, 'stranger'), qr/^queued 1 login refused/, 'the password is wrong');
value($node, "SELECT otp_channel_secret('stranger', 'password', '@{[PASSWORD]}')");
hurry($node, 'later', 'stranger');
$log .= (once($node))[2];
for my $name (qw(later stranger))
{
	my ($one) = mails($server, "$name\@example.com");
	my ($read) = $one->{text}{'text/plain'} =~ /^(\d{6})$/m;
	is(message($node, $name), 'sent 2', "$name: the next try");
	is(value($node, "SELECT otp_verify('$name', '$read')"), 't', "$name: has the same code");
}

# --check logs in and sends nothing.
value($node, q{SELECT otp_channel_secret('stranger', 'password', 'wrong')});
my $mails = () = glob "$dir/box/new/*";
($status, $out) = run_relay($node, '--check');
is($status, 1, '--check finds what is wrong');
like($out, qr/^$_: ok /m, "$_ is not") for qw(mail smtps later allowed);
like($out, qr/^$_: (?!ok)/m, "$_ is") for qw(other unsigned unknown plain stranger);
is(scalar(() = glob "$dir/box/new/*"), $mails, 'and no mail goes');

my @codes = map { $_->{text}{'text/plain'} =~ /\b(\d{6})\b/ } map { mails($server, "$_\@example.com") } qw(Alice budi allowed smtps later stranger);
is(scalar @codes, 6, 'control: there are codes');
unlike("$log$out", qr/$_/, 'not in the log') for @codes, PASSWORD, 'Alice@', 'Zo';

stop_soundly($node);
done_testing();
