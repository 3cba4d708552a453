# Forty days of traffic, on a server whose clock goes by days: with a purge and a VACUUM a day, tables and indexes stop
# growing, and nothing that a limit, the check for replays or a live code needs is gone.
# Requirements: 5, 41.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpClock;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

# As many users a day come once and never again, and as many come every day.
use constant USERS => 120;
use constant REGULARS => 30;
use constant DAYS => 40;

my $node = new_node_with_clock('purge', settings => q{
	autovacuum = off
	otp.trail_keep = 1d
});

sub set_clock
{
	my ($day) = @_;

	return set_ahead($node, $day * 86400);
}

value($node, q{
	UPDATE otp_policy SET max_consecutive = 4, issues_per_user = 5, issues_per_destination = 1000;
	CREATE TABLE codes (name text PRIMARY KEY, code text);
	CREATE FUNCTION visit(name text, day integer) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  code text := otp_issue(name, 'login', '', 'destination of ' || name)::text;
	  reason text := (otp_attempt(name, 'NOCODE' || day)).reason;
	BEGIN
	  PERFORM otp_enroll(name);
	  RETURN reason || ' ' || (otp_attempt(name, code)).reason;
	END $$;
});

# All that a day brings: what the visitors were told.
sub traffic
{
	my ($day) = @_;

	return value($node, sprintf q{
		SELECT string_agg(DISTINCT visit(name, %1$d), ', ') FROM
		  (SELECT md5(%1$d || '/' || i) FROM generate_series(1, %2$d) AS i
		   UNION ALL SELECT 'regular ' || i FROM generate_series(1, %3$d) AS i) AS visitor (name);
		}, $day, USERS, REGULARS);
}

# Bytes of each table of the extension with its indexes, by name.
sub sizes
{
	return map { split /\|/ } split /\n/, value($node, q{
		SELECT relname, pg_total_relation_size(oid) FROM pg_class
		WHERE relkind = 'r' AND relname ~ '^otp_(challenge|budget|baseline|quota|credential|event)$'});
}

# Who was stopped on the first day, and one who guessed wrong but once.
value($node, q{SELECT count(otp_issue(name)) FROM (VALUES ('stopped'), ('careless'), ('forgotten')) AS v (name)});
value($node, q{SELECT otp_attempt('stopped', 'NOCODE' || i) FROM generate_series(1, 4) AS i});
attempt($node, $_, 'NOCODE') for 'careless', 'forgotten';
value($node, q{SELECT otp_forget('forgotten')});

my (%told, %early, %late, $purged);
for my $day (1 .. DAYS)
{
	set_clock($day);
	$told{ traffic($day) }++;
	value($node, q{INSERT INTO codes SELECT 'live', otp_issue('live')::text}) if $day == DAYS;
	value($node, sprintf q{INSERT INTO codes VALUES ('spent', otp_issue('live', 'other')::text)}) if $day == DAYS;
	is(attempt($node, 'live', value($node, q{SELECT code FROM codes WHERE name = 'spent'}), 'other'), 'accepted', 'a code is spent')
	  if $day == DAYS;
	$purged = 0;
	while ((my $rows = value($node, q{SELECT otp_purge('5 days', 500)})) > 0)
	{
		$purged += $rows;
	}
	value($node, 'VACUUM');
	my %size = sizes();
	my $most = $day <= DAYS / 2 ? \%early : \%late;

	$most->{$_} = $size{$_} > ($most->{$_} // 0) ? $size{$_} : $most->{$_} for keys %size;
}

is_deeply([ keys %told ], ['wrong accepted'], 'everyone who came was served, every day');
# Some pages more are what chance brings; without a purge it is twice as much.
cmp_ok($late{$_}, '<=', 1.15 * $early{$_} + 16384, "$_ has stopped growing") for sort keys %early;
is(scalar keys %early, 6, 'of all tables that traffic fills');
cmp_ok($purged, '>=', 6 * USERS, 'what comes in a day goes in a day');
is(value($node, sprintf q{SELECT count(*) BETWEEN %1$d AND 7 * %1$d FROM otp_budget}, USERS), 't', 'of those who came once nothing is left');
is(value($node, q{SELECT count(*) FROM otp_event WHERE at < clock_timestamp() - interval '5 days'}), 0, 'nor of the trail');

is(attempt($node, 'live', value($node, q{SELECT code FROM codes WHERE name = 'live'})), 'accepted', 'a live code is good');
is(attempt($node, 'live', value($node, q{SELECT code FROM codes WHERE name = 'spent'}), 'other'), 'replayed', 'a spent one is told from a wrong one');
value($node, q{SELECT otp_issue('stopped')});
is(attempt($node, 'stopped', 'NOCODE'), 'locked', 'who was stopped still is');
is(budget($node, 'careless'), 1, 'a guess that counts toward a stop counts');
is(value($node, q{SELECT count(*) FROM otp_budget WHERE user_id LIKE 'forgotten:%'}), 1, 'also of one who was forgotten');
value($node, 'UPDATE otp_policy SET max_consecutive = NULL');
value($node, q{SELECT otp_purge('5 days')}) for 1 .. 2;
is(value($node, q{SELECT count(*) FROM otp_budget WHERE user_id = 'careless' OR user_id LIKE 'forgotten:%'}),
	0, 'and goes when it counts toward nothing');

stop_soundly($node);
done_testing();
