# What a session can do with authenticators and recovery codes; see Deed.pm.
#
# All sessions know of each other's: what is enrolled, used and printed is told in letters.

package Storm::TokenDeed;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use List::Util qw(max);
use Storm::Record;
use Storm::Token qw(%KIND token_code token_context token_secret time_step);

our @EXPORT_OK = qw(%TOKEN_CALL @TOKEN_DEEDS token_letter);

use constant RECOVERY_CODES => 4;

# Behind the window of HOTP, and within that of otp_resync().
use constant BEYOND => 25;

my $id = q{split_part(context, '/', 3)};
my $secret = q{CASE WHEN %1$s = 'totp_brief' THEN otp_secret(decode(guess, 'hex'), 'SHA1', 10, 1)
	WHEN %1$s = 'totp' THEN otp_secret(decode(guess, 'hex'), 'SHA1', 10, 86400)
	ELSE otp_secret(decode(guess, 'hex'), 'SHA1', 10, 30) END};

our %TOKEN_CALL = (
	enroll => {
		query => "SELECT credential_id::text, NULL, NULL FROM otp_enroll(who, split_part($id, '_', 1), secret => "
		  . sprintf($secret, $id)
		  . ', window_size => 10)',
		effect => 'true'
	},
	confirm => {
		query => "SELECT CASE WHEN otp_confirm(who, guess, ${id}::bigint) THEN 'accepted' ELSE 'refused' END, NULL, NULL",
		effect => q(told.answer = 'accepted')
	},
	resync => {
		query => "SELECT CASE WHEN otp_resync(who, ${id}::bigint, split_part(guess, '+', 1), split_part(guess, '+', 2))"
		  . " THEN 'accepted' ELSE 'refused' END, NULL, NULL",
		effect => q(told.answer = 'accepted')
	},
	revoke => {
		query => "SELECT otp_revoke(who, ${id}::bigint)::text, NULL, NULL",
		effect => q(told.answer = 'true')
	},
	recovery => {
		query => q{SELECT string_agg(code::text, '+'), NULL, NULL FROM otp_recovery_codes(who, } . RECOVERY_CODES . ') AS code',
		effect => 'true'
	},
);

# otherwise: what is done if the deed cannot be, because nothing of the kind is there yet.
our @TOKEN_DEEDS = (
	{ name => 'enroll', share => 5, call => 'enroll', choose => \&_enroll },
	{ name => 'confirm', share => 8, call => 'confirm', choose => \&_confirm, otherwise => 'enroll' },
	{ name => 'next', share => 36, call => 'attempt', choose => sub { _next(@_, 0) }, otherwise => 'confirm' },
	{ name => 'ahead', share => 6, call => 'attempt', choose => sub { _next(@_, 1 + $_[2]{ahead}) }, otherwise => 'confirm' },
	{ name => 'used', share => 6, call => 'attempt', choose => sub { _next(@_, -1 - $_[2]{ahead}) }, otherwise => 'confirm' },
	{ name => 'beyond', share => 2, call => 'attempt', choose => sub { _next(@_, BEYOND) }, otherwise => 'confirm' },
	{ name => 'resync', share => 6, call => 'resync', choose => sub { _resync(@_, BEYOND) }, otherwise => 'confirm' },
	{ name => 'resync_back', share => 2, call => 'resync', choose => sub { _resync(@_, -1) }, otherwise => 'confirm' },
	{ name => 'revoke', share => 2, call => 'revoke', choose => \&_revoke, otherwise => 'confirm' },
	{ name => 'recovery', share => 3, call => 'recovery', choose => sub { ('recovery', token_context($_[2]{key}, 0)) } },
	{ name => 'spare', share => 10, call => 'attempt', choose => sub { _spare(@_, -1) }, otherwise => 'recovery' },
	{ name => 'old_spare', share => 3, call => 'attempt', choose => sub { _spare(@_, -2) }, otherwise => 'recovery' },
	{ name => 'stray', share => 3, call => 'attempt', choose => sub { ($_[2]{gate}, '', $_[2]{digits}) } },
	{ name => 'repeat', share => 4, call => 'attempt', choose => sub { $_[0]->last_guess }, otherwise => 'stray' },
);

# token_letter(DEED, CONTEXT, ANSWER): what others are told of it: its key, and what; or nothing.
sub token_letter
{
	my ($deed, $context, $answer) = @_;
	my ($key, $position, $id) = split m,/,, $context, -1;

	return ($key, "enrolled $id $answer") if $deed->{call} eq 'enroll';
	return ($key, "printed $answer") if $deed->{call} eq 'recovery';
	return ($key, 'revoked') if $deed->{call} eq 'revoke';
	return ($key, "used $position") if $answer eq 'accepted';
	return;
}

# What the letters say: [authenticators {key, kind, id, used}, sets {key, codes}]; used: the last position, if there is one.
sub _wallet
{
	my ($session, $who) = @_;
	my (%token, @tokens, @sets);

	for my $letter ($session->letters($who, 'tokens'))
	{
		my ($what, @rest) = split / /, $letter->{context};
		my $key = $letter->{code};

		if ($what eq 'enrolled') { push @tokens, $token{$key} = { key => $key, kind => $rest[0], id => $rest[1] } }
		elsif ($what eq 'printed') { push @sets, { key => $key, codes => [ split /\+/, $rest[0] ] } }
		elsif ($what eq 'revoked') { @tokens = grep { $_->{key} ne $key } @tokens }
		elsif ($token{$key}) { $token{$key}{used} = max($token{$key}{used} // -1, $rest[0]) }
	}
	return (\@tokens, \@sets);
}

sub _enroll
{
	my ($session, $who, $drawn) = @_;

	return ('enroll', token_context($drawn->{key}, 0, $drawn->{kind}), token_secret($drawn->{key}));
}

# The first position of a token that may be accepted, and what comes after it.
sub _position
{
	my ($token, $offset) = @_;
	my $first = ($token->{used} // -1) + 1;

	$first = max($first, time_step($token->{kind}, Storm::Record::now()) - $KIND{ $token->{kind} }{window} + 2)
	  if $KIND{ $token->{kind} }{kind} eq 'totp';
	return max($first + $offset, 0);
}

sub _confirm
{
	my ($session, $who, $drawn) = @_;
	my ($tokens) = _wallet($session, $who);
	my $token = $tokens->[-1] or return;
	my $position = _position($token, $drawn->{ahead} > 4 ? 1 : 0);

	# that enrolment may have been rolled back
	return if $drawn->{other} && !defined $token->{used};
	return ('enroll', token_context($token->{key}, $position, $token->{id}), token_code($token->{key}, $position));
}

# One that has been used: mostly the last, sometimes another one.
sub _active
{
	my ($session, $who, $drawn, @kinds) = @_;
	my ($tokens) = _wallet($session, $who);
	my @active = grep { my $kind = $_->{kind}; defined $_->{used} && (!@kinds || grep { $_ eq $kind } @kinds) } @$tokens
	  or return;

	return $active[ $drawn->{other} ? 0 : -1 ];
}

sub _next
{
	my ($session, $who, $drawn, $offset) = @_;
	my $token = _active($session, $who, $drawn) or return;
	my $position = $offset < 0 ? max($token->{used} + 1 + $offset, 0) : _position($token, $offset);

	return ($drawn->{gate}, token_context($token->{key}, $position), token_code($token->{key}, $position));
}

# Two codes, the second one OFFSET behind the last that was used.  Of counters alone: a drift beyond the policy's cap is
# another matter.
sub _resync
{
	my ($session, $who, $drawn, $offset) = @_;
	my $token = _active($session, $who, $drawn, 'hotp') or return;
	my $position = max($token->{used} + 1 + $offset, 1);

	return ('resync', token_context($token->{key}, $position, $token->{id}),
		join '+', map { token_code($token->{key}, $_) } $position - 1, $position);
}

sub _revoke
{
	my ($session, $who, $drawn) = @_;
	my $token = _active($session, $who, $drawn) or return;

	return ('enroll', token_context($token->{key}, 0, $token->{id}));
}

# A code of the last set, or of the one before it.
sub _spare
{
	my ($session, $who, $drawn, $which) = @_;
	my (undef, $sets) = _wallet($session, $who);
	my $set = $sets->[$which] or return;
	my $position = $drawn->{ahead} % RECOVERY_CODES;

	return ($drawn->{gate}, token_context($set->{key}, $position), $set->{codes}[$position]);
}

1;
