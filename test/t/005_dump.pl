# Dump and restore: what comes along, what does not, and what happens without the master key.
# Requirements: 20, 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpKeys;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(5);

my $old = new_node('old');
value($old, 'CREATE EXTENSION pgcrypto');
value($old, 'CREATE DATABASE shipped');
set_up_database($old, 'shipped');

# Policies that are changed, a user who is locked out, one who has guesses left, a spent code, and
# live codes: a short one, and a long one that nothing else can look like.
value($old, q{
	UPDATE otp_policy SET lifetime = '1 day', max_attempts = 4, free_guesses = 6,
	  first_delay = '1 day', longest_delay = '1 day' WHERE purpose = 'default';
	INSERT INTO otp_policy (purpose, length, alphabet, lifetime, trail)
	  VALUES ('payment', 16, 'alphanumeric', '1 day', 'rejections')});
my %code = issue_all($old, qw(alice bob carol dave));
my $payment = issue($old, 'alice', 'payment');
my @wrong = wrong_codes(10, values %code);
attempt($old, 'bob', $_) for @wrong[ 0 .. 3 ];
attempt($old, 'bob', $_, 'payment') for issue($old, 'bob', 'payment') && @wrong[ 4 .. 5 ];
attempt($old, 'carol', $wrong[0]);
is(attempt($old, 'bob', $code{bob}), 'locked', 'a user is locked out');
is(attempt($old, 'dave', $code{dave}), 'accepted', 'a code is spent');

# A channel with a credential and a template of its own, by which a code is on its way.
my $token = '4711-a-token-that-looks-like-nothing-else';
value($old, qq{
	SELECT otp_channel_preset('telegram', 'chat', 'Shop'), otp_channel_secret('chat', 'token', '$token');
	UPDATE otp_channel SET per_second = 100;
	INSERT INTO otp_template (purpose, kind, locale, body) VALUES ('payment', 'chat', 'en', 'Pay with {code}.')});

# claimed(NODE, DATABASE): the request of a message that is sent now.
sub claimed
{
	my ($node, $database) = @_;

	value($node, q{SELECT otp_send('erin', '31', 'chat', 'payment')}, $database);
	return value($node, q{SELECT url, convert_from(body, 'UTF8') FROM otp_claim('relay')}, $database);
}
my $request = qr{^https://api\.telegram\.org/bot\Q$token\E/sendMessage\|\{"chat_id": "31", "text": "Pay with [0-9A-Z]{16}\."\}$};
like(claimed($old, 'postgres'), $request, 'a channel has its credential and its template');
value($old, q{SELECT otp_send('frank', '32', 'chat')});

# dump_of(DATABASE, OPTION …): the name of the file, of which pg_dump has nothing to complain.
sub dump_of
{
	my ($database, @options) = @_;
	my $file = $old->basedir . "/$database" . join('', @options) . '.dump';

	quietly('pg_dump', '-d', $old->connstr($database), '-f', $file, @options);
	return $file;
}

# says(COMMAND …): its status and its errors.
sub says
{
	my ($out, $err) = ('', '');

	IPC::Run::run(\@_, '>', \$out, '2>', \$err);
	return $? . $err;
}

sub quietly
{
	is(says(@_), '0', "$_[0] has nothing to complain of");
	return;
}

# The tables that have to come along; the live codes do not.
sub kept
{
	my ($node, $database) = @_;

	return value($node, q{
		SELECT * FROM otp_policy ORDER BY purpose;
		SELECT * FROM otp_key ORDER BY id;
		SELECT * FROM otp_budget ORDER BY user_id;
		SELECT * FROM otp_event ORDER BY at, user_id;
		SELECT * FROM otp_channel ORDER BY name;
		SELECT * FROM otp_channel_secret ORDER BY channel, name;
		SELECT * FROM otp_template ORDER BY purpose;
		SELECT count(*) FROM otp_decoy}, $database);
}

my $plain = dump_of('postgres');
my $custom = dump_of('postgres', '-Fc');
my $shipped = dump_of('shipped');

# Requirement 20.  That the keys are the true ones is known from a code that they give.
my $text = slurp_file($plain) . slurp_file($shipped);
my %key = keys_of($old);
is(derived_code($old, 'alice', 'payment', ''), $payment, 'the keys that are looked for are the ones in use');
like($text, qr/^COPY public\.otp_key /m, 'the dump has the data key, wrapped');
for my $name (sort keys %key)
{
	unlike($text, qr/$key{$name}/i, "the dump does not have the $name");
	is(index($text, pack 'H*', $key{$name}), -1, "nor its bytes: $name");
}
unlike($text, qr/$payment/, 'the dump has no live code');
unlike($text, qr/COPY public\.otp_(challenge|decoy|message|channel_rate)/, 'nor a row that it is derived from, nor a message');
like($text, qr/^COPY public\.otp_channel_secret /m, 'the dump has the credential, sealed');
unlike($text, qr/a-token-that/, 'and only so');

# With the master key, another server goes on where the old one stopped.  Requirement 42.
my $new = new_node('new', master_key_of => $old, bare => 1);
value($new, "CREATE DATABASE $_") for qw(plain custom shipped);
quietly('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $new->connstr('plain'), '-f', $plain);
quietly('pg_restore', '-j', '2', '-d', $new->connstr('custom'), $custom);
quietly('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-1', '-d', $new->connstr('shipped'), '-f', $shipped);

for my $database (qw(plain custom))
{
	my $reason = sub {
		my ($user, $code) = @_;
		return value($new, "SELECT (otp_attempt('$user', '$code')).reason", $database);
	};

	is(kept($new, $database), kept($old, 'postgres'), "$database: keys, policies, budgets, channels and trail are restored");
	is(value($new, "SELECT count(*) FROM otp_challenge", $database), 0, "$database: live codes are not");
	tables_are_sound($new, "after a restore: $database", $database);
	is($reason->('alice', $code{alice}), 'no_code', "$database: a code of before the dump is dead");
	is($reason->('dave', $code{dave}), 'no_code', "$database: as is a spent one");
	value($new, "SELECT otp_issue('bob')", $database);
	is($reason->('bob', $code{bob}), 'locked', "$database: who was locked out is locked out, with a new code too");
	my $fresh = value($new, "SELECT otp_issue('carol')", $database);
	is($reason->('carol', $_), 'wrong', "$database: wrong is wrong") for wrong_codes(3, $fresh);
	is($reason->('carol', $fresh), 'accepted', "$database: a new code bears the policy's four guesses");
	is(value($new, "SELECT total FROM otp_budget WHERE user_id = 'carol'", $database),
		4, "$database: guesses are counted on");
	like(value($new, "SELECT otp_issue('carol', 'payment')", $database),
		qr/^[0-9A-Z]{16}$/, "$database: a purpose has its policy");
	is(value($new, 'SELECT count(*) FROM otp_message', $database), 0, "$database: messages are not");
	like(claimed($new, $database), $request, "$database: a channel has its credential and its template");
	is(value($new, 'SELECT count(*) FROM otp_key', $database), 1, "$database: the data key is the one of before");
}
is(value($new, 'SELECT count(*), bool_and(shipped) FROM otp_policy', 'shipped'),
	'1|t', 'a policy that nobody changed is there once, as it was shipped');
is(kept($new, 'shipped'), kept($old, 'shipped'), 'and so is everything else of that database');

# Without the master key nothing is issued and nothing is accepted.  CREATE EXTENSION makes another.
my $other = new_node('other', bare => 1);
my $wanted = value($old, 'SELECT master_id FROM otp_key');
value($other, 'CREATE DATABASE restored');
like(says('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $other->connstr('restored'), '-f', $plain),
	qr/\A0[^\n]*WARNING:  master key file "otp_master\.key" has been made\n/,
	'a restore to a server without a master key says that one has been made');
my $at_hand = value($other, 'SELECT otp_master_key_init()', 'restored');
isnt($at_hand, $wanted, 'the restored database has made another one');
my $before = kept($other, 'restored');
my $master = slurp_file(master_key_file($other));

sub fails_closed
{
	my ($error) = @_;

	for my $call ("otp_issue('carol')", "otp_send('carol', '33', 'chat')", "otp_channel_secret('chat', 'token', 'x')", 'otp_channel_status()', "otp_verify('carol', '$wrong[0]')", "otp_attempt('bob', '$code{bob}')")
	{
		my $said = error_of($other, "SELECT * FROM $call", 'restored');
		like($said, $error, "$call fails");
		unlike($said, qr/\Q$_\E/i, "$call says no key") for values %key, $master =~ s/\s//r;
	}
	is(kept($other, 'restored'), $before, 'nothing is charged and no key is made');
	return;
}
fails_closed(qr/ERROR:  OT004: master key is wrong\nDETAIL:  Data key 1 wants master key "$wanted", but the one at hand is "$at_hand"/);
unlink master_key_file($other) or die $!;
fails_closed(qr/ERROR:  OT003: master key is missing\nDETAIL:  Master key "$wanted" is wanted\./);

# The right key mends it.
copy_master_key($old, $other);
is(value($other, "SELECT (otp_attempt('carol', otp_issue('carol')::text)).reason", 'restored'),
	'accepted', 'with the right master key all is well');

stop_soundly($old);
$new->stop;
$other->stop;
done_testing();
