# 100,000 tokens in one call, all or nothing; and what an export leaves behind.
# Requirements: 43.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $count = 100_000;
my $node = new_node('import', settings => "max_locks_per_transaction = 64\nwal_writer_delay = 10s\nwal_writer_flush_after = 0");
my $csv = $node->basedir . '/tokens.csv';
my $pskc = $node->basedir . '/tokens.xml';
my $key = q{'\x12345678901234567890123456789012'};

# A file of RFC 6030's Figure 6 with its one token so many times, each with a serial number and a user.
my ($head, $token, $tail) =
  slurp_file("$FindBin::RealBin/../data/pskc/figure6.xml") =~ m{^(.*?)(\s*<KeyPackage>.*</KeyPackage>)(.*)$}s;
my ($before, $after) = split m{987654321</SerialNo>}, $token;
append_to_file($pskc, join '', $head, map({ "$before$_</SerialNo><UserId>pskc $_</UserId>$after" } 1 .. $count), $tail);
append_to_file($csv, join '', "serial,secret,kind,counter,user\n", map { sprintf "%d,%040x,%s,%s,csv %d\n", $_, $_, $_ % 2 ? ('hotp', 7) : ('totp', ''), $_ } 1 .. $count);

# imports(WHAT, CALL): the call's count, and how long it took, as a note.
sub imports
{
	my ($what, $call) = @_;
	my $start = time;

	is(value($node, "SELECT count(*), count(DISTINCT serial), count(DISTINCT user_id), count(DISTINCT credential_id) FROM $call"),
		join('|', ($count) x 4), "$count tokens of $what");
	note(sprintf '%s: %.1f s', $what, time - $start);
	return;
}

# One token that is wrong, and it is the last, keeps all of them out.
append_to_file("$csv.wrong", slurp_file($csv) . "x,00,hotp,-1,x\n");
like(error_of($node, "SELECT count(*) FROM otp_import_csv(pg_read_file('$csv.wrong'))"),
	qr/ERROR:  22P02: could not import line 100002: /, 'the line of the wrong token is told');
is(value($node, 'SELECT count(*) FROM otp_credential'), 0, 'and nothing is taken');

imports('CSV', "otp_import_csv(pg_read_file('$csv'))");
imports('PSKC, encrypted', "otp_import_pskc(pg_read_file('$pskc'), $key)");
is(value($node, q{SELECT kind, state, last_position, count(*) FROM otp_credential GROUP BY 1, 2, 3 ORDER BY 1, 2, 3}),
	"h|a|-1|100000\nh|a|6|50000\nt|a|-1|50000", 'all are active, with their counters');
is(value($node, q{SELECT event, method, count(*) FROM otp_event GROUP BY 1, 2 ORDER BY 1, 2}),
	"imported|hotp|150000\nimported|totp|50000", 'and all are in the trail');
is(value($node, q{SELECT otp_verify('pskc 77777', '84755224'), otp_verify('csv 99999', hotp_at(decode(lpad(to_hex(99999), 40, '0'), 'hex'), 7)::text)}),
	't|t', 'and verify codes');
like(error_of($node, "SELECT count(*) FROM otp_import_pskc(pg_read_file('$pskc'), $key)"),
	qr/ERROR:  23505: .*CONTEXT:  token on line 29\b/s, 'the same file again is refused');
is(value($node, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'no lock of a user is left');

# An export is on disk before anyone sees a secret, whatever becomes of its transaction.
value($node, 'CHECKPOINT');
my $session = $node->background_psql('postgres');
like($session->query_safe(q{BEGIN; SELECT uri FROM otp_export('csv 99999')}), qr{^otpauth://hotp/}, 'a secret is seen');
$node->stop('immediate');
$session->quit;
$node->start;
is(value($node, q{SELECT user_id, event, purpose FROM otp_event WHERE event = 'exported'}),
	'csv 99999|exported|export', 'and its event survives a crash before the end of the transaction');

stop_soundly($node);
done_testing();
