# 100,000 users in one statement, with the locks that a server has by default, before PostgreSQL 19
# doubled them.
# Requirements: 38.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use Test::More;

my $node = new_node('many', settings => 'max_locks_per_transaction = 64');

is(value($node, 'SHOW max_locks_per_transaction'), 64, 'the server has no more than the usual locks');
value($node, "UPDATE otp_policy SET lifetime = '1 day' WHERE purpose = 'default'");

# Requirement 38: each call counts, in a target list, in WHERE, in a join; all in one transaction.
my $session = $node->background_psql('postgres');
$session->set_query_timer_restart;
$session->query_safe('BEGIN');
$session->query_safe(q{
	CREATE TABLE code AS SELECT 'user ' || i AS u, otp_issue('user ' || i)::text AS c FROM generate_series(1, 100000) AS i;
	ALTER TABLE code ADD guess text;
	UPDATE code SET guess = lpad(((c::integer + 1) % 1000000)::text, 6, '0') WHERE ctid IN (SELECT ctid FROM code LIMIT 20000)});
is($session->query_safe(q{SELECT count(*) FROM otp_challenge WHERE state = 'l'}),
	100_000, 'a code is issued to each of 100,000 users in one statement');
is($session->query_safe('SELECT count(*) FILTER (WHERE NOT otp_verify(u, guess)) FROM code WHERE guess IS NOT NULL'),
	20_000, '20,000 wrong guesses are judged in one statement');
$session->query_safe('SAVEPOINT s');
is($session->query_safe('SELECT count(*) FROM code WHERE guess IS NULL AND otp_verify(u, c)'),
	80_000, 'the right codes of 80,000 users are accepted in one statement');
is($session->query_safe(q{SELECT count(*) FROM code, LATERAL otp_attempt(u, c) WHERE guess IS NULL AND reason = 'replayed'}),
	80_000, 'and are replays in the next');
is($session->query_safe(q{SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'}),
	0, 'no lock of a user is left');
$session->query_safe('ROLLBACK TO s');
is($session->query_safe(q{
	SELECT count(*) FILTER (WHERE first), count(*) FILTER (WHERE second)
	FROM (SELECT otp_verify(u, c) AS first, otp_verify(u, c) AS second FROM code) AS asked}),
	'100000|0', 'after ROLLBACK TO SAVEPOINT every right code is accepted, once, if a statement has it twice');
$session->query_safe('COMMIT');
$session->quit;

is(value($node, q{SELECT state, count(*) FROM otp_challenge GROUP BY 1}), 's|100000', 'all codes are spent');
is(value($node, q{SELECT guess IS NOT NULL, count(*), min(total), max(total) FROM otp_budget JOIN code ON u = user_id GROUP BY 1 ORDER BY 1}),
	"f|80000|1|1\nt|20000|2|2", 'every wrong guess and every replay is charged, and the same one once');
is(value($node, q{SELECT event, reason, count(*), count(DISTINCT user_id) FROM otp_event GROUP BY 1, 2 ORDER BY 1, 2}),
	"accepted||100000|100000\nissued||100000|100000\nrejected|replayed|180000|100000\nrejected|wrong|20000|20000",
	'and all of it is in the trail');

stop_soundly($node);
done_testing();
