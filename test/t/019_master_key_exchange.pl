# The master key is exchanged while clients verify: at every moment everything is accepted that should be,
# with whichever of the two keys it takes.
# Requirements: 20, 21.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
my $primary = new_node('primary', allows_streaming => 1, settings => 'log_statement = none');
my $folder = $primary->basedir;
my %file = (
	old => master_key_file($primary),
	missing => "$folder/missing.key",
	map { $_ => "$folder/$_.key" } qw(new other garbage open));

sub make_file
{
	my ($name, $content, $mode) = @_;

	append_to_file($file{$name}, $content);
	chmod $mode, $file{$name} or die $!;
	return;
}

make_file('new', join('', map { sprintf '%x', $_ } 1 .. 9, 1 .. 9, 10 .. 15, 10 .. 15, 1 .. 9, 10 .. 15, 1 .. 9, 10 .. 15, 0, 1, 2, 3) . "\n", 0600);
make_file('other', 'e7' x 32 . "\n", 0600);
make_file('garbage', "5eed master key\n", 0600);
make_file('open', 'f8' x 32 . "\n", 0644);

# with(PRESENT, NEXT, SQL): the SQL in a session with these settings of its own; '' is none.
sub with
{
	my ($present, $next, $sql) = @_;

	return sprintf "SET otp.master_key_file = '%s'; SET otp.next_master_key_file = '%s';\n%s", $file{$present} // '', $file{$next} // '', $sql;
}

sub id_of
{
	my ($name) = @_;

	return value($primary, with($name, '', 'SELECT otp_master_key_init()'));
}

my %id = map { $_ => id_of($_) } qw(old new other);

# Of all databases, whatever a session has set.
sub set_for_server
{
	my ($node, %settings) = @_;

	for my $name (sort keys %settings)
	{
		$node->append_conf('postgresql.conf', "otp.$name = '$settings{$name}'");
	}
	$node->reload;
	for my $name (sort keys %settings)
	{
		$node->poll_query_until('postgres', "SELECT current_setting('otp.$name')", $settings{$name})
		  or die "otp.$name is not set";
	}
	return;
}

# An authenticator under one data key, recovery codes under another, and issued codes under the third.
value($primary, qq{
	UPDATE otp_policy SET lifetime = '1 day' WHERE purpose = 'default';
	SELECT otp_enroll(u, 'hotp', secret => '$secret') FROM unnest('{alice,fresh,long}'::text[]) AS u;
	SELECT otp_confirm(u, '755224') FROM unnest('{alice,fresh,long}'::text[]) AS u;
	SELECT otp_rotate_key()});
my @recovery = split /\n/, value($primary, q{SELECT otp_recovery_codes('alice', 64)});
value($primary, q{SELECT otp_rotate_key()});
value($primary, q{CREATE ROLE keyholder LOGIN; SELECT otp_grant('keyholder', 'keyholder'); CREATE DATABASE second});
set_up_database($primary, 'second');
my $kept = issue($primary, 'kept');

sub hotp_sql
{
	my ($user) = @_;

	return "SELECT otp_verify('$user', hotp_at('$secret', counter)::text) FROM otp_credentials('$user');\n";
}

sub issue_sql
{
	my ($user) = @_;

	return "SELECT otp_verify('$user', otp_issue('$user')::text);\n";
}

# Takes all three data keys.
sub all_sql
{
	return hotp_sql('alice') . issue_sql('alice') . sprintf("SELECT otp_verify('alice', '%s');\n", shift @recovery);
}

sub verifies
{
	my ($present, $next, $when) = @_;

	is(value($primary, with($present, $next, all_sql())), "t\nt\nt",
		"everything is accepted with present key '$present' and next key '$next' $when");
	return;
}

my @said;

sub refuses
{
	my ($present, $next, $sql, $error, $when) = @_;

	push @said, error_of($primary, with($present, $next, $sql));
	like($said[-1], $error, "an error with present key '$present' and next key '$next' $when");
	return;
}

# How many data keys are wrapped by which master key.
sub wrapped
{
	my ($node, $database) = @_;
	my %name = reverse %id;

	return value($node, "SELECT master_id, count(*) FROM otp_keys GROUP BY 1 ORDER BY 2", $database) =~ s/(\w{16})/$name{$1} \/\/ $1/er;
}

# The standby has the new key alone, from the beginning.
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
unlink master_key_file($standby) or die $!;
$standby->append_conf('postgresql.conf', "otp.master_key_file = '$file{new}'");
$standby->start;

# One client goes on in its session, another begins a new one each time.
append_to_file("$folder/$_.sql", hotp_sql($_) . issue_sql($_)) for qw(fresh long);
my %loop = (
	fresh => 'while [ ! -e "$1/stop" ]; do "$2" -XAtq -v ON_ERROR_STOP=1 -d "$3" -f "$1/fresh.sql" || exit 1; done',
	long => 'while [ ! -e "$1/stop" ]; do cat "$1/long.sql"; done | "$2" -XAtq -v ON_ERROR_STOP=1 -d "$3"');
my %client = map {
	$_ => IPC::Run::start(
		[ 'sh', '-c', $loop{$_}, 'sh', $folder, $primary->installed_command('psql'), $primary->connstr('postgres') ],
		'<', '/dev/null', '>', "$folder/$_.out", '2>', "$folder/$_.err",
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default))
} keys %loop;

# Both have had their codes accepted again.
sub loops_go_on
{
	my ($when) = @_;
	my $counters = q{SELECT min(last_position) FILTER (WHERE user_id = 'fresh') > %d AND min(last_position) FILTER (WHERE user_id = 'long') > %d FROM otp_credential};
	my @before = map { value($primary, "SELECT last_position FROM otp_credential WHERE user_id = '$_'") + 1 } qw(fresh long);
	my $gone_on = 'f';

	while ($gone_on ne 't' && $client{fresh}->pumpable && $client{long}->pumpable)
	{
		$gone_on = value($primary, sprintf $counters, @before);
	}
	is($gone_on, 't', "clients go on verifying $when");
	return;
}

loops_go_on('at the beginning');
my $rewrap = 'SELECT otp_rewrap_master()';
my $missing = qr/ERROR:  OT003: master key is missing\n/;
my $hint = qr/HINT:  Check otp\.master_key_file and otp\.master_key_command, and otp\.next_master_key_file and otp\.next_master_key_command\./;
my $all_old = wrapped($primary);
is($all_old, 'old|3', 'three data keys, wrapped by the old master key');

# No next key, or none that can be had.
refuses('old', '', $rewrap, qr/ERROR:  55000: no next master key is set\nHINT:  Set otp\.next_master_key_file or otp\.next_master_key_command\./, 'and none to wrap by');
refuses('old', 'missing', $rewrap, qr/${missing}DETAIL:  Could not open file "\Q$file{missing}\E": No such file or directory\.\n$hint/, 'which is to be wrapped by');
refuses('old', 'garbage', $rewrap, qr/${missing}DETAIL:  The content of file "\Q$file{garbage}\E" is not a master key of 64 hexadecimal digits\.\n$hint/, 'which is none');
refuses('old', 'open', $rewrap, qr/${missing}DETAIL:  File "\Q$file{open}\E" has group or world access/, 'which others can read');
refuses('old', 'new', "SET otp.next_master_key_command = 'cat $file{new}; exit 3'; $rewrap",
	qr/${missing}DETAIL:  The command of otp\.next_master_key_command failed: child process exited with exit code 3\.\n$hint/, 'by a command that fails');
refuses('other', 'new', $rewrap, qr/ERROR:  OT004: master key is wrong\nDETAIL:  Data key \d wants master key "$id{old}", but the one at hand is "$id{other}"\./, 'while the data keys are under neither');
refuses('old', 'new', "BEGIN READ ONLY; $rewrap", qr/ERROR:  25006: cannot execute otp_rewrap_master\(\) in a read-only transaction/, 'in a read-only transaction');

# An ordinary role learns which, but not why.
set_for_server($primary, next_master_key_file => $file{missing});
push @said, error_of($primary, $rewrap, 'postgres', extra_params => [ '-U', 'keyholder' ]);
like($said[-1], qr/${missing}DETAIL:  The server log says why\.\n$hint/, 'a keyholder learns that the next key is missing');
unlike($said[-1], qr/missing\.key/, 'but not where from');
loops_go_on('with a next key that is missing');
is(wrapped($primary), $all_old, 'none of it has changed a data key');
verifies('old', '', 'before');
verifies('old', $_, 'before') for qw(new other missing garbage);
verifies('other', 'old', 'before');
refuses('new', '', all_sql(), qr/ERROR:  OT004: .*\nDETAIL:  Data key \d wants master key "$id{old}", but the one at hand is "$id{new}"\./, 'before');

# Both at hand; a session of before that knows the old one alone, and one that knows the new one alone.
set_for_server($primary, next_master_key_file => $file{new});
loops_go_on('with both keys');
my ($knows_old, $knows_new) = map { $primary->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
$knows_old->query_safe(with('old', '', 'SELECT'));
$knows_new->query_safe(with('new', '', 'SELECT'));
is($knows_old->query_safe(all_sql()), "t\nt\nt", 'a session with the old key alone verifies');

# Rolled back.
my $session = $primary->background_psql('postgres');
$session->query_safe('BEGIN');
is($session->query_safe($rewrap), 3, 'all three are wrapped by the new key');
$session->query_safe('SAVEPOINT s');
is($session->query_safe(all_sql()), "t\nt\nt", 'and can be had in the same transaction');
$session->query_safe('ROLLBACK TO s');
is(wrapped($primary), $all_old, 'nobody else sees that before it is committed');
loops_go_on('while it is not committed');
is($knows_old->query_safe(all_sql()), "t\nt\nt", 'the old key alone is enough meanwhile');
refuses('new', '', all_sql(), qr/ERROR:  OT004: /, 'before it is committed');
$session->query_safe('ROLLBACK');
is($session->query_safe(all_sql()), "t\nt\nt", 'after the rollback the session goes on');
is(wrapped($primary), $all_old, 'and all is as it was');
verifies('old', '', 'after the rollback');

# Committed.
is($session->query_safe($rewrap), 3, 'all three are wrapped by the new key again');
is(wrapped($primary), 'new|3', 'as the view says');
is($session->query_safe(all_sql()), "t\nt\nt", 'the session goes on');
loops_go_on('after it was committed');
is($session->query_safe($rewrap), 0, 'nothing is left to wrap');
is($knows_new->query_safe(all_sql()), "t\nt\nt", 'a session with the new key alone verifies');
verifies('new', $_, 'after') for '', qw(old other missing);
verifies($_, 'new', 'after') for qw(old other missing garbage);
is(value($primary, with('old', '', "SET otp.next_master_key_command = 'cat $file{new}';\n" . all_sql())), "t\nt\nt", 'a command gives the next key as well');
my $wrong = qr/ERROR:  OT004: master key is wrong\nDETAIL:  Data key \d wants master key "$id{new}", but the one at hand is "$id{old}"\./;
for my $next ('', qw(other missing garbage))
{
	refuses('old', $next, hotp_sql('alice'), $wrong, 'after');
}
refuses('missing', $_, hotp_sql('alice'), qr/${missing}DETAIL:  Master key "$id{new}" is wanted\. Could not open file "\Q$file{missing}\E"/, 'after') for '', 'other';
$knows_old->{stderr} = '';
$knows_old->query(hotp_sql('alice'));
like($knows_old->{stderr}, qr/master key is wrong/, 'a session with the old key alone does not go on with what it had');
$knows_old->{stderr} = '';
$knows_old->query_safe(with('old', 'new', 'SELECT'));
is($knows_old->query_safe(all_sql()), "t\nt\nt", 'until it is given the new one');

# There is a way back, and none by a key that does not open what is there.
is(value($primary, with('new', 'old', "BEGIN; $rewrap; ROLLBACK")), 3, 'the old key can take its place again');
refuses('old', 'other', $rewrap, $wrong, 'where neither opens the data keys');
refuses('missing', 'other', $rewrap, qr/${missing}DETAIL:  Master key "$id{new}" is wanted/, 'where there is but one, which does not');
is(wrapped($primary), 'new|3', 'and nothing has changed');

# A data key that is made now.
is($session->query_safe('SELECT otp_rotate_key()'), 4, 'a new data key, with the old master key still the present one');
is(wrapped($primary), 'new|4', 'is wrapped by the new one');
loops_go_on('with the new data key');
verifies('new', '', 'with the new data key');
refuses('old', '', "SELECT otp_issue('alice')", $wrong, 'with the new data key');

# Another database has data keys of its own.
is(wrapped($primary, 'second'), '', 'another database has no data key yet');
is(value($primary, issue_sql('bob'), 'second'), 't', 'its first');
is(wrapped($primary, 'second'), 'old|1', 'is wrapped by the present master key');
is(value($primary, $rewrap, 'second'), 1, 'and has to be wrapped by the next one as well');
is(value($primary, with('new', '', issue_sql('bob')), 'second'), 't', 'which is then enough');

# The new key becomes the present one, and the old one goes.
set_for_server($primary, master_key_file => $file{new}, next_master_key_file => '');
loops_go_on('with the new key in place of the old one');
my $old_key = slurp_file($file{old});
unlink $file{old} or die $!;
loops_go_on('when the old key is gone');
is(value($primary, all_sql()), "t\nt\nt", 'new sessions verify');
is(value($primary, issue_sql('bob'), 'second'), 't', 'in the other database, too');
is($session->query_safe(all_sql()), "t\nt\nt", 'old sessions go on');
refuses('old', '', hotp_sql('alice'), qr/$missing/, 'where the old key is gone');
is(attempt($primary, 'kept', $kept), 'accepted', 'a code of before is accepted');

append_to_file("$folder/stop", '');
for my $name (sort keys %client)
{
	$client{$name}->finish;
	is(slurp_file("$folder/$name.err"), '', "client '$name' had no error");
	like(slurp_file("$folder/$name.out"), qr/\A(t\n)+\z/, 'and every code was accepted');
}

# Failover to the standby, which has never had the old key.
my $last = issue($primary, 'last');
$_->quit for $session, $knows_old, $knows_new;
$primary->wait_for_catchup($standby);
is(wrapped($standby), 'new|4', 'the standby has the data keys as they are wrapped now');
like(error_of($standby, $rewrap), qr/ERROR:  25006: cannot execute otp_rewrap_master\(\) during recovery/, 'and wraps none itself');
$primary->stop('immediate');
$standby->promote;
is(value($standby, all_sql()), "t\nt\nt", 'with the new key alone the promoted standby accepts everything');
is(attempt($standby, 'last', $last), 'accepted', 'also a code from before the failover');
is(attempt($standby, 'kept', $kept), 'replayed', 'and nothing twice');
is(value($standby, 'SELECT otp_rotate_key()'), 5, 'it makes a new data key');
is(wrapped($standby), 'new|5', 'wrapped by the new master key');

# Which key it is may be said; the key itself may not.
my $keys = join '|', map { /([0-9a-f]{64})/i or die 'no key'; $1 } $old_key, map { slurp_file($file{$_}) } qw(new other open);
unlike($_, qr/$keys|5eed master/i, 'no key stands in an error') for join "\n", @said;
unlike(slurp_file($_->logfile), qr/$keys|5eed master/i, 'no key stands in the log of server ' . $_->name) for $primary, $standby;

stop_soundly($standby);
done_testing();
