# What is on disk, in the WAL and in a dump after all that authenticators, recovery codes and issued codes go
# through: no secret and no code.
# Requirements: 19, 20, 24.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use MIME::Base64 qw(encode_base64);
use OtpKeys;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(18);

# All of the WAL is kept, with images of whole pages.
my $node = new_node(
	'rest', settings => q{
	wal_level = replica
	wal_keep_size = 1GB
	full_page_writes = on
	log_statement = none
});
value($node, q{
	CREATE EXTENSION pgcrypto;
	UPDATE otp_policy SET length = 24, alphabet = 'letters', max_attempts = 100, free_guesses = 100 WHERE purpose = 'default';
	INSERT INTO otp_policy (purpose, spent_at_once) VALUES ('vault', true)});
my $start = value($node, 'SELECT pg_current_wal_lsn()');

# What must not be found, by name: the forms that it could have.
my %needle;

sub base32
{
	my ($bytes) = @_;
	my @symbols = ('A' .. 'Z', 2 .. 7);
	my $bits = unpack 'B*', $bytes;

	return join '', map { $symbols[ oct '0b' . substr $_ . '0000', 0, 5 ] } $bits =~ /(.{1,5})/g;
}

sub secret_forms
{
	my ($raw) = @_;

	return {
		raw => $raw,
		hex => unpack('H*', $raw),
		HEX => uc unpack('H*', $raw),
		Base32 => base32($raw),
		base32 => lc base32($raw),
		Base64 => encode_base64($raw, '') =~ s/=//gr
	};
}

# Whole, and in groups as people type it.
sub code_forms
{
	my ($code) = @_;
	my %form = (code => $code);

	$form{"in $_"} = join '-', $code =~ /(.{1,$_})/g for 3 .. 5;
	$form{"lower case, $_"} = lc $form{$_} for keys %form;
	$form{"hex, $_"} = unpack 'H*', $form{$_} for keys %form;
	return \%form;
}

sub code
{
	my ($what, $code) = @_;

	$needle{$what} = code_forms($code);
	return $code;
}

# A secret that the test knows: its otp_secret, of ten digits, so that no code is there by chance, and a day
# long, so that none expires.
my %secret;

sub secret
{
	my ($user, $algorithm, $size) = @_;
	my $raw = join '', map { chr int rand 256 } 1 .. $size;

	$needle{"secret of $user"} = secret_forms($raw);
	return $secret{$user} = sprintf "otp_secret('\\x%s', '%s', 10, 86400)", unpack('H*', $raw), $algorithm;
}

my $today = int(time / 86_400);

# The code of a position, of which the name says what becomes of it.
sub code_at
{
	my ($user, $position, $what) = @_;

	return code("$what of $user", value($node, "SELECT hotp_at($secret{$user}, $position)"));
}

sub enroll
{
	my ($user, $kind, $algorithm, $size) = @_;

	return value($node, sprintf("SELECT credential_id FROM otp_enroll('%s', '%s', secret => %s, window_size => 10)",
			$user, $kind, secret($user, $algorithm, $size)));
}

sub confirm
{
	my ($user, $position) = @_;

	is(value($node, sprintf "SELECT otp_confirm('%s', '%s')", $user, code_at($user, $position, 'confirming code')), 't', "$user: confirmed");
	return;
}

sub accepted
{
	my ($user, $code, $purpose) = @_;

	is(attempt($node, $user, $code, $purpose), 'accepted', "$user: accepted");
	return;
}

# One life of each: enrolled, confirmed, used, resynchronised; a wrong guess; one that stays pending, one that is undone, one
# that is revoked, one that is forgotten.
sub lives
{
	my ($when) = @_;
	my ($t, $h) = ("totp$when", "hotp$when");
	my $id = enroll($t, 'totp', 'SHA1', 20);

	confirm($t, $today - 5);
	accepted($t, code_at($t, $today - 4, 'accepted code'));
	is(value($node, sprintf "SELECT otp_resync('%s', %d, '%s', '%s')", $t, $id, code_at($t, $today + 40, 'first code'),
			code_at($t, $today + 41, 'second code')), 't', "$t: resynchronised");
	$id = enroll($h, 'hotp', 'SHA512', 64);
	confirm($h, 0);
	accepted($h, code_at($h, 3, 'accepted code'));
	accepted($h, code_at($h, 4, 'code that is spent at once'), 'vault');
	is(attempt($node, $h, code("wrong code of $h", join '', map { chr(ord('A') + int rand 26) } 1 .. 24)), 'wrong', "$h: a wrong guess");
	is(value($node, sprintf "SELECT otp_resync('%s', %d, '%s', '%s')", $h, $id, code_at($h, 60, 'first code'),
			code_at($h, 61, 'second code')), 't', "$h: resynchronised");

	my @codes = split /\n/, value($node, "SELECT otp_recovery_codes('$t', 5)");
	code("recovery code $_ of $t", $codes[$_]) for 0 .. $#codes;
	accepted($t, $codes[0]);
	accepted($t, $codes[1], 'vault');
	code("void recovery code of $h", value($node, "SELECT otp_recovery_codes('$h', 1)"));
	code("recovery code of $h", value($node, "SELECT otp_recovery_codes('$h', 1)"));

	accepted($t, code("issued code of $t", issue($node, $t)));
	accepted($t, code("code of $t that is spent at once", issue($node, $t, 'vault')), 'vault');
	code("live code of $t", issue($node, $t, 'payment'));

	enroll("pending$when", 'totp', 'SHA256', 32);
	value($node, sprintf "BEGIN; SELECT otp_enroll('undone%s', secret => %s); ROLLBACK", $when, secret("undone$when", 'SHA1', 20));
	$id = enroll("revoked$when", 'totp', 'SHA1', 20);
	confirm("revoked$when", $today);
	is(value($node, "SELECT otp_revoke('revoked$when', $id)"), 't', "revoked$when: revoked");
	enroll("forgotten$when", 'totp', 'SHA1', 20);
	confirm("forgotten$when", $today);
	code("recovery code of forgotten$when", value($node, "SELECT otp_recovery_codes('forgotten$when', 1)"));
	cmp_ok(value($node, "SELECT otp_forget('forgotten$when')"), '>', 0, "forgotten$when: forgotten");

	# a secret that the extension makes is known from the URI that it shows
	my ($base32) = value($node, "SELECT uri FROM otp_enroll('made$when')") =~ /[?&]secret=([A-Z2-7]{32})(?:&|$)/;
	my $raw = pack 'B*', join '', map { substr unpack('B8', chr index join('', 'A' .. 'Z', 2 .. 7), $_), 3 } split //, $base32;
	$needle{"secret of made$when"} = secret_forms($raw);
	return;
}

# The control: a secret and a code that are put down on purpose.
my $control = join '', map { chr int rand 256 } 1 .. 20;
my %control = (%{ secret_forms($control) }, %{ code_forms('CONTROLXYZQW') });

sub put_down
{
	my ($database) = @_;

	value($node, 'CREATE TABLE control (name text, value bytea, text text)');
	value($node, sprintf "INSERT INTO control VALUES ('%s', '\\x%s', %s)",
		$_, unpack('H*', $control{$_}), $_ eq 'raw' ? 'NULL' : "'$control{$_}'")
	  for keys %control;
	value($node, sprintf "SELECT pg_logical_emit_message(false, 'control', '\\x%s'::bytea)", unpack 'H*', $control{$_})
	  for keys %control;
	return;
}

# First rows, then changes of pages of which the WAL has an image; then all of it under another data key.
put_down();
lives('');
value($node, 'CHECKPOINT');
lives(' again');

# What is sealed opens as the documents say, which also gives the seeds of recovery codes.
my %sealed;

sub look_into_rows
{
	my ($which) = @_;

	for (split /\n/, value($node, q{
		SELECT 'secret of ' || user_id, key_id, encode(sealed, 'hex') FROM otp_credential
		UNION ALL SELECT 'seed of ' || user_id, key_id, encode(sealed, 'hex') FROM otp_recovery}))
	{
		my ($what, $key_id, $sealed) = split /\|/;
		my $raw = opened($node, pack('H*', $sealed), 'postgres', $key_id);

		$needle{$what} //= secret_forms($raw);
		is(unpack('H*', $raw), $needle{$what}{hex}, "$what, $which data key: is what is sealed");
		$sealed{"$what, $which data key"} = pack 'H*', $sealed;
	}
	return;
}

look_into_rows('first');
is(value($node, 'SELECT otp_rotate_key()'), 2, 'another data key is made');
value($node, 'SELECT otp_rekey()');
look_into_rows('second');
for my $id (1, 2)
{
	my %key = keys_of($node, 'postgres', $id);

	$needle{"$_ $id"} = secret_forms(pack 'H*', $key{$_}) for keys %key;
}

# A session that waits for another one shows its statement, and no code that comes as a value.
my $code = code('code that waits', issue($node, 'waiting'));
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT otp_verify('waiting', '$code')");
$holder->query_safe('SELECT 1');
my $waiter = $node->background_psql('postgres');
$waiter->query_safe("SELECT set_config('a.code', '$code', false)");
hold_until_waiting($node, $waiter, "SELECT otp_verify('waiting', current_setting('a.code'))", "wait_event = 'transactionid'");
my %place = (activity => value($node, 'SELECT a::text FROM pg_stat_activity AS a UNION ALL SELECT l::text FROM pg_locks AS l'));
like($place{activity}, qr/otp_verify\(\S*waiting/, 'the statement that waits is shown');
$holder->query_safe('COMMIT');
$waiter->query_until(qr/ended/, '');
$_->quit for $holder, $waiter;

# Where it is looked for.
for my $format ('-Fp', '-Fc', '-Fp --inserts')
{
	my $file = $node->basedir . '/dump';

	command_ok([ 'pg_dump', split(/ /, $format), '-Z0', '-f', $file, '-d', $node->connstr('postgres') ], "a dump: $format");
	$place{"dump $format"} = slurp_file($file);
}
value($node, 'CHECKPOINT');
my $end = value($node, 'SELECT pg_current_wal_flush_lsn()');
$place{'pg_waldump'} = (run_command([ 'pg_waldump', '-p', $node->data_dir . '/pg_wal', '-s', $start, '-e', $end ]))[0];
# it shows bytes with a blank between
$place{'pg_waldump'} .= $place{'pg_waldump'} =~ tr/ //dr;
$place{trail} = value($node, 'SELECT e::text FROM otp_event AS e');
stop_soundly($node);

# files_below(DIRECTORY, EXCEPT): their contents, one behind the other.
sub files_below
{
	my ($directory, $except) = @_;
	my $content = '';

	for my $name (slurp_dir($directory))
	{
		my $path = "$directory/$name";

		next if $name =~ /^\.\.?$/ || $name =~ $except;
		$content .= -d $path ? files_below($path, $except) : slurp_file($path);
	}
	return $content;
}

# A record goes on behind the header of the WAL's next page.
sub without_page_headers
{
	my ($wal) = @_;

	return join '', map { substr $_, unpack('x2 S', $_) & 2 ? 40 : 24 } unpack '(a8192)*', $wal;
}

$place{'data files'} = files_below($node->data_dir, qr/^(pg_wal|otp_master\.key)$/);
my $wal = files_below($node->data_dir . '/pg_wal', qr/^archive_status$/);
$place{'WAL'} = $wal . without_page_headers($wal);

# found(PLACE, FORMS): the names of the forms that it has.
sub found
{
	my ($place, $forms) = @_;

	return join ', ', grep { index($place{$place}, $forms->{$_}) >= 0 } sort keys %$forms;
}

# Controls: what is there is found, in each form that the place can have; and the rows are where it is looked.
my $all = join ', ', sort keys %control;
my $texts = join ', ', grep { $_ ne 'raw' } sort keys %control;
my %in_hex = map { $_ => unpack 'H*', $control{$_} } keys %control;
my %in_HEX = map { $_ => uc $in_hex{$_} } keys %in_hex;
is(found($_, \%control), $all, "control: $_") for 'data files', 'WAL';
is(found($_, \%control), $texts, "control: $_") for grep { /dump -/ } sort keys %place;
is(found($_, \%in_hex), $all, "control: $_, bytes") for grep { /dump -/ } sort keys %place;
is(found('pg_waldump', \%in_HEX), $all, 'control: pg_waldump');
for my $what (sort keys %sealed)
{
	my %row = (sealed => $sealed{$what});
	my %hex = (sealed => unpack 'H*', $sealed{$what});
	my $last = $what =~ /second/;

	is(found('WAL', \%row), 'sealed', "control: the WAL has the sealed $what");
	is(found($_, \%hex), $last ? 'sealed' : '', "control: $_ has the sealed $what as it is at the end") for grep { /dump -/ } sort keys %place;
	is(found('data files', \%row), 'sealed', "control: the data files have the sealed $what") if $last;
}

# And nothing else is.
for my $what (sort keys %needle)
{
	my %form = %{ $needle{$what} };

	# as bytes are shown
	%form = (%form, map { ("$_, shown" => unpack('H*', $form{$_}), "$_, SHOWN" => uc unpack('H*', $form{$_})) } grep { !/^hex/i } keys %form);
	is(join(' ', grep { found($_, \%form) } sort keys %place), '', "nowhere: $what");
}

done_testing();
