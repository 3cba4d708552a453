# A database that is going to move to another server: users in every state that a limit or a code can be in, and what has to
# hold of them where it has arrived.

package OtpMoved;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use OtpTest;
use Test::More;

our @EXPORT = qw(make_users users_stand rows_of);

# RFC 4226, appendix D
my $secret = "otp_secret('12345678901234567890'::bytea)";
my @hotp = qw(755224 287082 359152 969429);

# make_users(NODE): a live code and a spent one, four wrong guesses, a delay, a stop, an HOTP authenticator and recovery codes of
# which some are spent.  Returns what is needed to guess: {user} = code, and of each a wrong one, {wrong}.
sub make_users
{
	my ($node) = @_;

	value($node, q{
		UPDATE otp_policy SET lifetime = '1 day', first_delay = '1 day', longest_delay = '1 day' WHERE purpose = 'default';
		INSERT INTO otp_policy (purpose, max_consecutive) VALUES ('vault', 3)});
	my %code = issue_all($node, qw(live later spent near delayed));
	$code{stopped} = issue($node, 'stopped', 'vault');
	($code{wrong}, my @wrong) = wrong_codes(6, values %code);
	attempt($node, 'spent', $code{spent});
	attempt($node, 'near', $_) for @wrong[ 0 .. 2 ];
	attempt($node, 'delayed', $_) for @wrong;
	attempt($node, 'stopped', $_, 'vault') for @wrong[ 0 .. 2 ];
	value($node, "SELECT otp_enroll('token', 'hotp', secret => $secret), otp_confirm('token', '$hotp[0]')");
	attempt($node, 'token', $hotp[1]);
	@code{qw(saved unsaved)} = split /\n/, value($node, "SELECT otp_recovery_codes('saved', 2)");
	attempt($node, 'saved', $code{saved});
	@code{qw(token next)} = @hotp[ 1, 2 ];
	return %code;
}

# users_stand(NODE, WHEN, CODES): they are as make_users has made them.
sub users_stand
{
	my ($node, $when, %code) = @_;

	is(attempt($node, 'spent', $code{spent}), 'replayed', "$when: a spent code stays spent");
	is(attempt($node, 'token', $code{token}), 'replayed', "$when: so does a counter");
	is(attempt($node, 'saved', $code{saved}), 'replayed', "$when: and a recovery code");
	is(budget($node, 'near'), 3, "$when: wrong guesses count");
	is(attempt($node, 'delayed', $code{delayed}), 'locked', "$when: a delay goes on");
	is(attempt($node, 'stopped', $code{stopped}, 'vault'), 'locked', "$when: a stop stands");
	is(attempt($node, 'live', $code{live}), 'accepted', "$when: a live code is accepted");
	is(attempt($node, 'token', $code{next}), 'accepted', "$when: so is the next counter");
	is(attempt($node, 'saved', $code{unsaved}), 'accepted', "$when: and the other recovery code");
	return;
}

# Every row of every table of the extension.
sub rows_of
{
	my ($node) = @_;
	my @tables = split /\n/, value($node, q{
		SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
		JOIN pg_extension e ON e.oid = d.refobjid WHERE extname = 'otp' AND deptype = 'e' AND relkind = 'r' ORDER BY relname});

	return join "\n", map { value($node, "SELECT '$_', t FROM $_ AS t ORDER BY t::text COLLATE \"C\"") } @tables;
}

1;
