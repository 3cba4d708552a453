# pg_upgrade from one cluster to another: everything is as it was, once the master key is there.
# Requirements: 42.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use File::Basename;
use IPC::Cmd qw(can_run);
use OtpMoved;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

srand(25);

my $old = new_node('old');
my %code = make_users($old);
my $rows = rows_of($old);
like($rows, qr/otp_budget\|.*otp_recovery\|/s, 'there are rows to move');
stop_soundly($old);

my $new = new_node('new', bare => 1);
$new->stop;

# Where the programs are found that know of the extension's files.
my $programs = dirname(can_run('pg_upgrade') // die 'there is no pg_upgrade');
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok(
	[
		'pg_upgrade', '--no-sync', '--username', scalar getpwuid($<), '-d', $old->data_dir, '-D', $new->data_dir, '-b', $programs,
		'-B', $programs, '-s', $new->host, '-p', $old->port, '-P', $new->port
	],
	'pg_upgrade');

$new->start;
is(rows_of($new), $rows, 'every row is as it was');
like(error_of($new, "SELECT otp_issue('live')"), qr/ERROR:  OT003/, 'without the master key nobody gets a code');
is(rows_of($new), $rows, 'and nothing changes');
copy_master_key($old, $new);
users_stand($new, 'upgraded', %code);
is(value($new, "SELECT otp_verify('fresh', otp_issue('fresh')::text)"), 't', 'codes are issued and accepted');
stop_soundly($new);

done_testing();
