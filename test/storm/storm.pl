# The storm: sessions that do random things while backends, servers and clients die.  Then the record, the tables and
# the trail have to agree that the promises held.
# Requirements: 1, 2, 3, 11, 13, 16, 25.

use strict;
use warnings FATAL => 'all';

use FindBin;
use Getopt::Long;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../t/lib";

use File::Path qw(remove_tree);
use OtpTest;
use PostgreSQL::Test::Utils;
use Storm::Checker;
use Storm::Controller;
use Storm::Record;
use Storm::Report;
use Storm::Server;
use Storm::Session;
use Storm::Tables;
use Test::More;

my ($minutes, $seed, $directory) = (2, 1);
GetOptions('minutes=f' => \$minutes, 'seed=i' => \$seed, 'record=s' => \$directory) && $directory
  or die "usage: storm.pl --record DIRECTORY [--minutes N] [--seed S]\n";
mkdir $directory or die "$directory: $!";
note("seed $seed, $minutes minutes");

my $server = Storm::Server->new($directory);
my $controller = Storm::Controller->new($server, $directory, $seed);
eval { $controller->run(60 * $minutes); 1 } or do
{
	my $why = $@;

	kill KILL => $controller->clients;
	die $why;
};
my $primary = $server->primary;
my $mirror = $server->mirror;

Storm::Session->new($directory, $seed, 'final', 0, Storm::Record::now())
  ->guess_all(Storm::Tables::last_codes($primary));
Storm::Tables::write_down($primary, $directory);

my $result = Storm::Checker->check($directory);
note(Storm::Report::what_happened($result));
my $violations = Storm::Report::violations($result, $directory);
is($violations, '', 'the promises held');
is_deeply([ Storm::Report::missing($result) ], [], 'everything has happened that makes a storm');

# The mirror has what the server has.
my @own_tables = qw(otp_policy otp_key otp_challenge otp_budget otp_baseline otp_quota otp_decoy otp_credential otp_recovery otp_event);
$primary->wait_for_catchup('mirror');
is(contents($mirror, @own_tables), contents($primary, @own_tables), 'the mirror has every row as it is on the server');

# A dump has what must not be forgotten.
my $restored = new_node('restored', bare => 1, master_key_of => $primary);
my $dump = $primary->basedir . '/storm.dump';
command_ok([ 'pg_dump', '--no-owner', '--no-privileges', '-f', $dump, $primary->connstr('postgres') ], 'the database is dumped');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $restored->connstr('postgres') ],
	'and restored elsewhere');
my @kept = qw(otp_policy otp_key otp_budget otp_baseline otp_quota otp_credential otp_recovery otp_event effect);
is(contents($restored, @kept), contents($primary, @kept), 'with keys, policies, budgets, authenticators, recovery codes and trail');

stop_soundly($_) for $restored, $mirror, $primary;
if (Test::More->builder->is_passing) { remove_tree($directory) }
else { diag("seed $seed; what perl test/storm/check.pl DIRECTORY says of the record is above") }
done_testing();

# A digest of each table's rows, in any order.
sub contents
{
	my ($node, @tables) = @_;

	return value($node, join ';',
		map { "SELECT '$_', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM $_ AS t" } @tables);
}
