# The master key: where it comes from, how it is kept, and what happens if it is not to be had.
# Requirements: 20, 37.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use File::Copy;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(9);

my $node = new_node('master', bare => 1, settings => 'log_statement = none');
my $file = master_key_file($node);
my $elsewhere = $node->basedir . '/elsewhere.key';

sub mode_of
{
	my ($path) = @_;

	return sprintf '%o', (stat $path)[2] & 07777;
}

# Requirement 20.  The first CREATE EXTENSION of a server makes the file, in several databases at once.
value($node, "CREATE DATABASE db$_") for 1 .. 4;
my ($out, $err) = run_clients($node,
	map { "$GO\\c db$_\nCREATE EXTENSION otp;\nSELECT otp_master_key_init();\n" } 1 .. 4);
my ($id) = $out->[0] =~ /^([0-9a-f]{16})$/m;
is_deeply($out, [ ("$id\n") x 4 ], 'four databases that make the master key at once make one');
like($err, qr/\A[^\n]*WARNING:  01000\n\z/, 'and one of them says so');
my $master = slurp_file($file);
like($master, qr/\A[0-9a-f]{64}\n\z/, 'the file has 64 hexadecimal digits');
is(mode_of($file), '600', 'and is for its owner alone');
is(join(' ', grep { /otp_master/ } slurp_dir($node->data_dir)), 'otp_master.key', 'and nothing else is left behind');

# It is there to stay.
($out, $err) = ($node->psql('postgres', "CREATE EXTENSION otp"))[ 1, 2 ];
is($err, '', 'another CREATE EXTENSION makes no key');
value($node, 'DROP EXTENSION otp');
is(slurp_file($file), $master, 'DROP EXTENSION keeps it');
set_up_database($node, 'postgres');
is(slurp_file($file), $master, 'and CREATE EXTENSION takes it again');

# The first data key, of many sessions that need it at once.
($out, $err) = run_clients($node, map { "${GO}SELECT 'user $_', otp_issue('user $_'), 'issued';\n" } 1 .. 16);
is($err, '', 'sixteen sessions can make the first data key at once');
is(value($node, 'SELECT count(*), min(state), min(master_id) FROM otp_key'), "1|writing|$id", 'and make one');
my %code = map { $_->[0] => $_->[1] } told(@$out);
is_deeply({ attempt_all($node, %code) }, { map { $_ => 'accepted' } keys %code }, 'which all their codes are derived from');

# What befalls a new session, as a superuser and as an application.  A session that has the data key
# needs no master key.
value($node, q{CREATE ROLE app LOGIN; SELECT otp_grant('app', 'application')});
my $old = $node->background_psql('postgres');
$old->query_safe("SELECT otp_issue('alice')");
my $round = 0;
my %settings = (file => '', command => '');

# The settings of every new session.
sub set_for_sessions
{
	%settings = (file => '', command => '', @_);
	$node->append_conf('postgresql.conf',
		"otp.master_key_file = '" . ($settings{file} || 'otp_master.key') . "'\notp.master_key_command = '$settings{command}'");
	$node->reload;
	# A session knows a reload that it has seen; each of these is the first to see another value.
	my $seen = join '|', $settings{file} || 'otp_master.key', $settings{command};
	$node->poll_query_until('postgres',
		"SELECT current_setting('otp.master_key_file') || '|' || current_setting('otp.master_key_command')", $seen)
	  or die 'the settings are not there';
	return;
}

sub all_is_well
{
	my ($when) = @_;

	is(value($node, "SELECT otp_verify('alice', otp_issue('alice')::text)"), 't', "codes are issued and verified $when");
	return;
}

# fails(WHEN, SQLSTATE, DETAIL): nothing is accepted; the superuser learns why, and so does the log; the
# application learns no path and no command.
sub fails
{
	my ($when, $sqlstate, $detail) = @_;
	my $user = 'victim ' . ++$round;
	my $code = $old->query_safe("SELECT otp_issue('$user')");
	my $log = -s $node->logfile;
	my $sql = attempt_sql($user, $code);

	like(error_of($node, $sql), qr/ERROR:  $sqlstate: .*\n(.*\n)?DETAIL:  .*$detail/, "$when: $sqlstate, and why");
	my $said = error_of($node, $sql, 'postgres', extra_params => [ '-U', 'app' ]);
	like($said, qr/ERROR:  $sqlstate: .*\n(.*\n)?DETAIL:  .*"$id"/, "$when: an application gets it too");
	unlike($said, qr/otp_master\.key|elsewhere|No such file|exit code|cat |echo |hexadecimal/, "$when: but not why");
	my $shown = () = substr(slurp_file($node->logfile), $log) =~ /DETAIL:  .*$detail/g;
	is($shown, 2, "$when: the log says why, both times");
	like(error_of($node, "SELECT otp_issue('$user')"), qr/ERROR:  $sqlstate: /, "$when: no code is issued");
	is($old->query_safe("SELECT (otp_attempt('$user', '$code')).reason"), 'accepted',
		"$when: a session that has the data key goes on, and the code is still live");
	return;
}

all_is_well('with the file');

move($file, $elsewhere) or die $!;
fails('a missing file', 'OT003', 'Could not open file "otp_master.key": No such file or directory');
for my $mode (0640, 0604, 0660, 0700 + 07)
{
	copy($elsewhere, $file) or die $!;
	chmod $mode, $file or die $!;
	fails(sprintf('mode %o', $mode), 'OT003', 'File "otp_master.key" has group or world access');
}
my $digits = substr $master, 0, 64;
for my $case (
	[ 'an empty file', '' ],
	[ 'a digit too few', substr $digits, 1 ],
	[ 'a digit too many', "${digits}0" ],
	[ 'something else', 'x' x 64 ],
	[ 'two lines', "$digits\n$digits\n" ],
	[ 'a zero byte', substr($digits, 0, 63) . "\0" ])
{
	my ($what, $content) = @$case;

	unlink $file;
	append_to_file($file, $content);
	chmod 0600, $file;
	fails("a file with $what", 'OT003', 'The content of file "otp_master.key" is not a master key of 64 hexadecimal digits');
}
unlink $file;
mkdir $file;
fails('a directory', 'OT003', '"otp_master.key" is not a regular file');
rmdir $file;
append_to_file($file, '0' x 64);
chmod 0600, $file;
fails('another key', 'OT004', qq{Data key 1 wants master key "$id", but the one at hand is "[0-9a-f]{16}"});
unlink $file;

# Another file, by its absolute path and by one that starts at the data directory.
chmod 0600, $elsewhere or die $!;
set_for_sessions(file => $elsewhere);
all_is_well('with a file of an absolute path');
set_for_sessions(file => '../elsewhere.key');
all_is_well('with a file of a relative path');
append_to_file($elsewhere, " \n\t\n");
all_is_well('with white space behind the key');
set_for_sessions(file => '../nowhere.key');
fails('a path to nothing', 'OT003', 'Could not open file "../nowhere.key": No such file or directory');

# A command takes the place of the file, which is not made.
set_for_sessions(command => "cat $elsewhere");
all_is_well('with a command');
value($node, 'CREATE DATABASE by_command');
value($node, 'CREATE EXTENSION otp', 'by_command');
is(value($node, 'SELECT otp_master_key_init()', 'by_command'), $id, 'a command gives the key to CREATE EXTENSION');
ok(!-e $file, 'which makes no file then');
set_for_sessions(command => "cat $elsewhere; exit 3");
fails('a command that fails', 'OT003', 'The command of otp.master_key_command failed: child process exited with exit code 3');
set_for_sessions(command => 'echo elsewhere');
fails('a command that says something else', 'OT003', 'The output of otp.master_key_command is not a master key of 64 hexadecimal digits');
set_for_sessions(command => '/nowhere/cat');
fails('a command that is not there', 'OT003', 'The command of otp.master_key_command failed: command not found');
set_for_sessions(command => sprintf 'echo %s', 'f' x 64);
fails('a command that says another key', 'OT004', qq{Data key 1 wants master key "$id", but the one at hand is "[0-9a-f]{16}"});

# Back to normal.
set_for_sessions();
copy($elsewhere, $file) or die $!;
chmod 0600, $file or die $!;
all_is_well('with the file back in its place');

# Requirement 20: a row of otp_key opens only as the row that was written.
value($node, 'CREATE TABLE kept AS SELECT * FROM otp_key');
value($node, "SELECT otp_issue('victim')");
for my $case (
	[ 'another id', 'SET id = 2', '' ],
	[ 'a changed byte', 'SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)', 'does not open under the master key' ],
	[ 'a changed first byte', 'SET wrapped = set_byte(wrapped, 0, 255)', 'does not open under the master key' ],
	[ 'a byte too few', 'SET wrapped = substr(wrapped, 2)', 'has 60 bytes instead of 61' ],
	[ 'no bytes', "SET wrapped = ''", 'has 0 bytes instead of 61' ])
{
	my ($what, $change, $detail) = @$case;

	value($node, "UPDATE otp_key $change");
	for my $call ("otp_issue('victim')", "otp_verify('victim', '123456')")
	{
		like(error_of($node, "SELECT $call"), qr/ERROR:  OT005: data key \d is (damaged|not in table).*($detail|HINT)/s,
			"a data key with $what is damaged: $call");
	}
	value($node, 'UPDATE otp_key k SET id = kept.id, wrapped = kept.wrapped FROM kept');
}
is(budget($node, 'victim'), 0, 'nothing is charged when nothing can be judged');
all_is_well('when the row is as it was');

# Of two rows, each opens in its own place only.
my $foreign = value($node, "SELECT otp_issue('x') \\g /dev/null\nSELECT wrapped FROM otp_key", 'db1');
value($node, "INSERT INTO otp_key VALUES (2, 'reading', now(), '$id', '$foreign')");
value($node, "UPDATE otp_challenge SET key_id = 2 WHERE user_id = 'victim'");
like(error_of($node, "SELECT otp_verify('victim', '123456')"), qr/ERROR:  OT005: data key 2 is damaged/,
	"a row that comes from another place does not open");
$old->quit;

stop_soundly($node);
done_testing();
