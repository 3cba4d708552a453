# 100,000 authenticators are re-sealed again and again while clients use them: no code is refused that
# should be accepted, none is accepted twice, and the old keys can be dropped at once.
# Requirements: 11, 21.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant USERS => 100_000;
use constant CLIENTS => 6;

# users whom all clients use
use constant HOT => 10;

# The application: what was accepted is its business, and what was refused goes into a transaction of its own.
my $application = sprintf q{
	UPDATE otp_policy SET trail = 'none', max_attempts = 100, free_guesses = 100, first_delay = '1 second'
	  WHERE purpose = 'default';
	INSERT INTO otp_policy (purpose, spent_at_once) VALUES ('at once', true);
	CREATE FUNCTION secret_of(who integer) RETURNS otp_secret LANGUAGE sql AS
	  $$ SELECT otp_secret(decode(md5(who::text), 'hex')) $$;
	CREATE TABLE accepted (who integer, counter bigint, UNIQUE (who, counter));
	CREATE TABLE refused (who integer, counter bigint, reason text);
	CREATE FUNCTION use_next(who integer, purpose text, OUT counter bigint, OUT reason text)
	LANGUAGE plpgsql AS $$
	BEGIN
	  SELECT c.counter INTO counter FROM otp_credentials('user ' || who) AS c;
	  reason := (otp_attempt('user ' || who, hotp_at(secret_of(who), counter)::text, purpose)).reason;
	  IF reason = 'accepted' THEN
	    INSERT INTO accepted VALUES (who, counter);
	  END IF;
	END $$;
	SELECT count((otp_enroll('user ' || i, 'hotp', secret => secret_of(i))).credential_id)
	  FROM generate_series(1, %d) AS i;
	UPDATE otp_credential SET state = 'a', expires_at = 'infinity';
}, USERS;

# Every client has users of its own and those of all.  Of the acceptances that a rollback undoes, one in three is.
my $verifying = sprintf q{
\set u %d + :client_id * %d + random(1, %d)
\set shared random(1, 2)
\if :shared = 1
\set u random(1, %d)
\endif
\set rolled_back random(1, 3)
\set at_once random(1, 4)
BEGIN;
\if :at_once = 1
\set rolled_back 0
SELECT counter, reason, reason <> 'accepted' AS wrong FROM use_next(:u, 'at once') \gset
\else
SELECT counter, reason, reason <> 'accepted' AS wrong FROM use_next(:u, 'login') \gset
\endif
\if :rolled_back = 1
ROLLBACK;
\else
COMMIT;
\endif
\if :wrong
INSERT INTO refused VALUES (:u, :counter, ':reason');
\endif
}, HOT, USERS / (CLIENTS + 1), USERS / (CLIENTS + 1), HOT;

# What makes an acceptance wait after it has read the row, and does not keep that from being overwritten.
my $locking = sprintf q{
\set u random(1, %d)
BEGIN;
SELECT 1 FROM otp_credential WHERE user_id = 'user ' || :u FOR UPDATE;
\sleep 5 ms
COMMIT;
}, HOT;

my $node = new_node('rekey', settings => 'log_statement = none');
value($node, $application);

my $folder = $node->basedir;
append_to_file("$folder/verifying.sql", $verifying);
append_to_file("$folder/locking.sql", $locking);
my ($out, $err) = map { "$folder/load.$_" } qw(out err);
# New sessions all the time, which have to get every key.
my $load = IPC::Run::start(
	[
		'sh', '-c', 'while [ ! -e "$1/stop" ]; do "$2" -n -c "$3" -j 2 -t 100 -f "$1/verifying.sql@4" -f "$1/locking.sql@1" "$4" || exit 1; done',
		'sh', $folder, $node->installed_command('pgbench'), CLIENTS, $node->connstr('postgres')
	],
	'<', '/dev/null', '>', $out, '2>', $err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

# Returns when more codes have been accepted, or the load has come to an end that it should not have.
sub load_goes_on
{
	my $before = value($node, 'SELECT count(*) FROM accepted');

	while ($load->pumpable)
	{
		return if value($node, 'SELECT count(*) FROM accepted') > $before + 50;
	}
	return;
}

my $session = $node->background_psql('postgres');

# rekey(BATCH): in transactions of their own; how many are left.
sub rekey
{
	my ($batch) = @_;

	return $session->query_safe("SELECT otp_rekey($batch)");
}

sub rekey_all
{
	my ($batch) = @_;

	1 while rekey($batch) > 0;
	return;
}

load_goes_on();
like(error_of($node, "BEGIN; SELECT otp_rotate_key(); SELECT otp_rekey(10000)"), qr/ERROR:  55000: data key 2 has not been committed yet/,
	'nothing is re-sealed under a key that a rollback takes away');
load_goes_on();
is($session->query_safe('SELECT otp_rotate_key()'), 2, 'a second key, while clients verify');
rekey(5_000) for 1 .. 5;
load_goes_on();
is($session->query_safe('SELECT otp_rotate_key()'), 3, 'and a third, when rows are left under the first');
is($session->query_safe('SELECT count(*) FROM otp_keys WHERE credentials > 10000'), 2, 'of which there are many, and many under the second');
rekey_all(5_000);
load_goes_on();
for my $round (1 .. 8)
{
	is(rekey(0), 0, "nothing comes back under an old key: round $round");
	is($session->query_safe(q{
		WITH dropped AS (DELETE FROM otp_key WHERE state = 'reading' RETURNING id) SELECT count(*) > 0 FROM dropped}),
		't', "the old keys can be dropped while clients verify: round $round");
	is($session->query_safe('SELECT otp_rotate_key()'), 3 + $round, "another key: round $round");
	load_goes_on();
	rekey_all(20_000);
	load_goes_on();
}
is(rekey(1000), 0, 'all rows are under the last key');
is($session->query_safe(q{SELECT string_agg(state || ' ' || credentials, ', ' ORDER BY id) FROM otp_keys}),
	'reading 0, writing ' . USERS, 'and the view says so');
$session->quit;

append_to_file("$folder/stop", '');
$load->finish;
is($load->full_result(0), 0, 'the load has not failed');
is(slurp_file($err), '', 'no client had an error');
unlike(slurp_file($out), qr/failed transactions: [1-9]/, 'and no transaction failed');

is(value($node, q{SELECT string_agg(DISTINCT reason, ' ') FROM refused}), 'replayed', 'codes were refused only when they were used');
is(value($node, 'SELECT count(*) FROM refused LEFT JOIN accepted USING (who, counter) WHERE accepted.who IS NULL'),
	0, 'by a client that was told that it was accepted');
is(value($node, sprintf 'SELECT count(*) FROM refused WHERE who > %d', HOT), 0, 'and none of a user whom nobody else uses');
is(value($node, q{
	SELECT count(*) FROM (SELECT 'user ' || who AS user_id, count(*) AS count, max(counter) AS last FROM accepted GROUP BY 1) AS a
	  FULL JOIN otp_credential c USING (user_id)
	WHERE coalesce(count, 0) <> last_position + 1 OR coalesce(last, -1) <> last_position}),
	0, 'of every user each counter up to the last was accepted once');
is(value($node, q{SELECT count(*) > 0 FROM accepted WHERE counter > 5}), 't', 'of some users many were');

value($node, q{DELETE FROM otp_key WHERE state = 'reading'});
is(value($node, sprintf q{
	SELECT count(*) FROM generate_series(1, %d, 97) AS who, otp_credentials('user ' || who) AS c
	WHERE NOT otp_verify('user ' || who, hotp_at(secret_of(who), c.counter)::text)}, USERS),
	0, 'with the last key alone, codes are accepted');

stop_soundly($node);
done_testing();
