# A physical standby: what it answers, what it refuses, and what it knows once it is promoted.
# Requirements: 2, 13, 37.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

srand(4);

my $primary = new_node('primary', allows_streaming => 1);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);

# pg_basebackup brings the master key along.  PostgreSQL::Test::Cluster's copy of that lets others read.
my $copy = $primary->backup_dir . '/base/otp_master.key';
is(sprintf('%o', (stat $copy)[2] & 07777), '600', 'a base backup has the master key, for its owner alone');
is(slurp_file($copy), slurp_file(master_key_file($primary)), 'and it is the same');
chmod 0600, master_key_file($standby) or die $!;
$standby->start;

# All before the first guess: codes, of which one is spent; and a user who is locked out.
value($primary, "UPDATE otp_policy SET lifetime = '1 day', longest_delay = '1 day', first_delay = '1 day', self_unlock = 2 WHERE purpose = 'default'");
my %code = issue_all($primary, qw(alice bob carol dave));
my @wrong = wrong_codes(10, values %code);
is(attempt($primary, 'bob', $code{bob}), 'accepted', 'a code is spent on the primary');
value($primary, "BEGIN; " . join('', map { attempt_sql('carol', $_) } @wrong[ 0 .. 4 ]) . "ROLLBACK");
is(attempt($primary, 'carol', $code{carol}), 'locked', 'a user is locked out by guesses that were rolled back');
$primary->wait_for_catchup($standby);

# Pure functions answer.
is(value($standby, q{SELECT hotp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 0), hotp_match('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '287082', 0, 3)}),
	'755224|1', 'HOTP is computed on the standby');
is(value($standby, q{SELECT totp_at('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', to_timestamp(59)), totp_match('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '287 082', to_timestamp(59))}),
	'287082|1', 'TOTP is computed on the standby');
is(value($standby, 'SELECT octet_length(otp_secret_key(otp_secret_generate()))'),
	20, 'a secret is generated on the standby');

# Requirement 37: stateful ones refuse, and say so; in a read-only transaction of the primary as well.
my @call = (
	"otp_issue('alice')", "otp_issue('alice', 'login', '', 'destination')",
	"otp_resend('alice')", "otp_resend('alice', 'login', '', 'destination')",
	"otp_verify('alice', '$code{alice}')", "otp_attempt('alice', '$code{alice}')", "otp_cancel('alice')",
	"otp_enroll('alice')", "otp_confirm('alice', '123456')", "otp_revoke('alice', 1)",
	"otp_resync('alice', 1, '123456', '123456')", "otp_recovery_codes('alice')",
	"otp_self_unlock('alice', '{123456,123456}')", "otp_unlock('alice')", "otp_export('alice')",
	"otp_import_pskc('')", "otp_import_csv('')", "otp_rotate_key()", "otp_rekey()", "otp_rewrap_master()",
	"otp_forget('alice')", "otp_purge()",
	"otp_grant(current_user::regrole, 'application')", "otp_revoke_duty(current_user::regrole, 'application')",
	"otp_channel_preset('webhook', 'hook', 'Bank')", "otp_channel_secret('hook', 'signing', 'key')",
	"otp_send('alice', '+1234567890', 'sms')", "otp_send('alice', '{+1234567890}', '{sms}'::text[], '{NULL}'::interval[])",
	"otp_send_again('alice')", "otp_send_push('alice', 'topic', 'push')", "otp_verify_push('alice', '$code{alice}', '42')",
	"otp_deny_push('alice')", "otp_claim('worker')", "otp_delivered(1, 1)", "otp_delivered('{1}', '{1}', '{NULL}'::text[])",
	"otp_failed(1, 1, 'error', true)", "otp_receipt('hook', 'id', 'delivered')", "otp_next_due()", "otp_channel_status()");

for my $call (@call)
{
	my ($function) = $call =~ /^(\w+)/;

	like(error_of($standby, "SELECT * FROM $call"),
		qr/ERROR:  25006: cannot execute $function\(\) during recovery/, "$function() refuses on the standby");
	like(error_of($primary, "BEGIN READ ONLY; SELECT * FROM $call"),
		qr/ERROR:  25006: cannot execute $function\(\) in a read-only transaction/,
		"$function() refuses in a read-only transaction");
}
like(error_of($standby, "SELECT otp_policy_preset('psd2', 'login')"), qr/ERROR:  25006: cannot execute INSERT /,
	'and so does otp_policy_preset(), in SQL, by its statements');
my @reading = ("otp_secret_generate()", "otp_credentials('alice')", "otp_recovery_left('alice')", "otp_status('alice')");
for my $call (@reading)
{
	my $rows = "SELECT count(*) FROM $call";

	is(value($standby, $rows), value($primary, $rows), "$call answers on the standby");
}
is(value($standby, 'SELECT otp_master_key_init()'), value($primary, 'SELECT otp_master_key_init()'),
	'and so does otp_master_key_init(), which tells whose key it is');
is(value($standby, q{
		SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
		WHERE p.proname LIKE 'otp\_%' AND p.provolatile = 'v' AND l.lanname = 'c' AND p.prorettype <> 'trigger'::regtype}),
	join(' ', sort 'otp_master_key_init', map { /^(\w+)/ } @call, @reading), 'and that is all of them');

# What is written in place arrives.
sub state_of
{
	my ($node) = @_;

	return value($node, q{
		SELECT * FROM otp_budget ORDER BY user_id;
		SELECT * FROM otp_challenge ORDER BY user_id;
		SELECT * FROM otp_decoy ORDER BY user_id;
		SELECT * FROM otp_event ORDER BY at, user_id;
		SELECT * FROM otp_key ORDER BY id});
}
$primary->wait_for_catchup($standby);
is(state_of($standby), state_of($primary), 'the standby has every row as it is on the primary');

# Requirement 2, with synchronous replication: a verdict is told when the standby has its charge.
value($primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
$primary->reload;
$primary->poll_query_until('postgres',
	"SELECT sync_state = 'sync' FROM pg_stat_replication WHERE application_name = 'standby'")
  or die 'the standby is not synchronous';
$standby->stop;

my $session = $primary->background_psql('postgres', on_error_stop => 0);
$session->query_safe('BEGIN');
my $pid = hold_until_waiting($primary, $session, attempt_sql('alice', $wrong[0]), "wait_event = 'SyncRep'");
unlike($session->{stdout}, qr/wrong/, 'a wrong guess waits for the synchronous standby before its verdict is told');
is(budget($primary, 'alice'), 1, 'it is charged meanwhile');
$standby->start;
like($session->query_until(qr/ended/, ''), qr/^alice\|$wrong[0]\|wrong$/m,
	'the verdict is told when the standby is back');

$standby->stop;
hold_until_waiting($primary, $session, attempt_sql('alice', $wrong[1]), "wait_event = 'SyncRep'");
is(value($primary, "SELECT pg_cancel_backend($pid)"), 't', 'the wait is cancelled');
like($session->query_until(qr/ended/, ''), qr/^alice\|$wrong[1]\|wrong$/m, 'then the verdict is told');
like($session->{stderr}, qr/WARNING:.*canceling wait for synchronous replication/, 'with the warning that a commit gives');
$session->{stderr} = '';
like($session->query_safe("SET LOCAL synchronous_commit = local;\n" . attempt_sql('alice', $wrong[2])),
	qr/\|wrong$/, 'a session that does not wait with a commit does not wait with a guess');
$session->query_safe('ROLLBACK');
is(budget($primary, 'alice'), 3, 'all of them are charged');
$standby->start;

# Failover: the primary dies in the middle of the transaction of a guess that was told.
$session->query_safe('BEGIN');
is($session->query_safe(attempt_sql('alice', $wrong[3])), "alice|$wrong[3]|wrong", 'a last guess before the failover');
$primary->stop('immediate');
$session->quit;
$standby->promote;

# Requirement 13 and 42: nothing goes back.
is(budget($standby, 'alice'), 4, 'every guess that was told is charged after promotion');
is(wrong_events($standby, 'alice'), 4, 'and in the trail');
is(attempt($standby, 'carol', $code{carol}), 'locked', 'who was locked out is locked out');
is(attempt($standby, 'bob', $code{bob}), 'replayed', 'a code that was spent is spent');
is(attempt($standby, 'alice', $wrong[0]), 'wrong', 'a wrong guess that was charged is wrong');
is(budget($standby, 'alice'), 4, 'and is not charged again');
is(attempt($standby, 'alice', $wrong[4]), 'wrong', 'another wrong guess is wrong');
is(budget($standby, 'alice'), 5, 'and is charged');
is(attempt($standby, 'alice', $code{alice}), 'locked', 'and is the last one');
is(attempt($standby, 'dave', $code{dave}), 'accepted', 'a code of before is accepted');
is(attempt($standby, 'dave', $code{dave}), 'replayed', 'once');
is(attempt($standby, 'erin', issue($standby, 'erin')), 'accepted', 'codes are issued and accepted');
is(value($standby, 'SELECT count(*) FROM otp_key'), 1, 'with the data key of before');

stop_soundly($standby);
done_testing();
