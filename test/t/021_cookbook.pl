# The recipes of doc/cookbook.md that need PostgreSQL and PgBouncer alone, as they are written there.
#
# Requirements: 2, 7, 9, 10, 16, 26, 27, 28, 32, 33, 36, 39.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpCookbook;
use OtpTest;
use Test::More;

my $kitchen = new_kitchen('cookbook');
my $node = $kitchen->{node};

# No recipe is left out.
is_deeply(
	[ sort keys %{ $kitchen->{recipe} } ],
	[ sort keys %{ { map { $_ => 1 } map { recipes_of($_) } tests_of_recipes() } } ],
	'every recipe is run by a test');
is(join(' ', grep { !-e "$FindBin::RealBin/$_.pl" } tests_of_recipes()), '', 'which is there');

cook($kitchen);

# Many tenants: what there is by the name of a table of the wrappers' changes nothing.
my %tenant = map { $_ => start_session($kitchen, "dbname=shop user=$_") } qw(acme globex);
ask($tenant{acme}, q{SELECT tenants.issue('alice') AS code \g code});
is(ask($tenant{globex}, q{
		CREATE TEMP TABLE member AS SELECT 'acme' AS tenant, 'alice' AS name;
		SET search_path = pg_temp, tenants;
		SELECT count(*) FROM member WHERE tenant = 'acme';
		\set code `cat code`
		SELECT verify('alice', :'code');}),
	"1\nf", 'a tenant with a table of members of its own reaches none of another tenant');
is(ask($tenant{acme}, qq{\\set code `cat code`\nSELECT tenants.verify('alice', :'code');}), 't', 'whose code is good');
is(value($node, 'SET ROLE tenant_door; SELECT count(*) FROM tenants.member', 'shop'), 0, 'the role of the wrappers sees no member by itself');
is(value($node, q{
		SELECT count(*), bool_and(proowner = 'tenant_door'::regrole AND 'search_path=pg_catalog, pg_temp' = ANY (proconfig))
		FROM pg_proc WHERE prosecdef}, 'shop'),
	'2|t', 'they alone are SECURITY DEFINER, with a safe search_path');

# Nor does what a tenant writes: a session of another tenant's member, or of no member.
my %refused = ('another tenant' => q{'globex', 'alice'}, 'nobody' => q{'acme', 'nobody'});
like(ask($tenant{acme}, "INSERT INTO tenants.session VALUES ($refused{$_}, sha256('$_'));"), qr/^ERROR/, "a session of $_ cannot be written")
  for sort keys %refused;
is(ask($tenant{globex}, 'SELECT count(*) FROM tenants.session;'), 0, 'and another tenant sees none');

# Files with a password, or what one can be tried on, are their owner's alone.
is(join(' ', map { sprintf '%o', 0777 & (stat "$kitchen->{dir}/$_")[2] } qw(userlist.txt passfile)), '600 600', 'nobody else reads files with passwords');

# PgBouncer: guesses by two server connections are counted together, and the trail knows who was behind it.
my @client =
  map { start_session($kitchen, "host=127.0.0.1 port=$kitchen->{names}{POOL_PORT} dbname=shop user=shop password='change me'") } 0 .. 2;
ask($client[0], q{SELECT otp_issue('heidi') AS code \g code});
my @pid = map { ask($_, 'BEGIN; SELECT pg_backend_pid();') } @client[ 0, 1 ];
isnt($pid[0], $pid[1], 'two clients have two connections of the pool');
is(ask($client[$_], "SELECT reason, attempts_left FROM otp_attempt('heidi', '000$_');"), 'wrong|' . (4 - $_), "a wrong guess by connection $_")
  for 0, 1;
ask($_, 'ROLLBACK;') for @client[ 0, 1 ];
my $third = ask($client[2], 'SELECT pg_backend_pid();');
ok(scalar(grep { $_ eq $third } @pid), 'a third client has one of them between the transactions of the others');
ask($client[0], 'BEGIN;');
is(ask($client[1], q{SELECT reason, attempts_left FROM otp_attempt('heidi', '0002');}), 'wrong|2', 'after both were rolled back all are counted');
ask($client[0], 'COMMIT;');
is(ask($client[0], qq{\\set code `cat code`\nBEGIN; SELECT otp_verify('heidi', :'code');}), 't', 'the right code by one');
is(ask($client[1], qq{SELECT otp_verify('heidi', '0003');}), 'f', 'does not hold up a wrong one by the other');
ask($client[0], 'COMMIT;');
is(ask($client[1], qq{\\set code `cat code`\nSELECT reason FROM otp_attempt('heidi', :'code');}), 'replayed', 'and is spent for both');
is(value($node, q{SELECT count(*) = 6, bool_and(application_name LIKE '% - 127.0.0.1:%') FROM otp_event WHERE user_id = 'heidi'
		AND event IN ('rejected', 'accepted')}, 'shop'),
	't|t', 'the trail has the address of the client');

$_->{run}->finish for @client, values %tenant;
$node->stop;
done_testing();
