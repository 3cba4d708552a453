# Authenticators as a client has them: secrets, and the codes of each position (RFC 4226, RFC 6238).  Codes have ten digits, so
# that no guess is right by chance.

package Storm::Token;

use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha1 sha1);
use Exporter 'import';

our @EXPORT_OK = qw(%KIND is_token_user token_context parse_context token_secret token_code time_step);

use constant DIGITS => 10;

# What is enrolled: the kind, the seconds of a time step, and the window: counters ahead, or time steps either side.
# A step of `totp` is so long that nothing expires; steps of `totp_brief` do while a session waits.
our %KIND = (
	hotp => { kind => 'hotp', period => 30, window => 10 },
	totp => { kind => 'totp', period => 86_400, window => 10 },
	totp_brief => { kind => 'totp', period => 1, window => 10 },
);

sub is_token_user
{
	my ($who) = @_;

	return $who =~ /^token-/ ? 1 : 0;
}

# What a call's context says of its code: whose it is (the name of a secret or of a set of recovery codes), which, and
# the authenticator's number or kind.  It is no part of such a code.
sub token_context
{
	my ($key, $position, $id) = @_;

	return join '/', $key, $position, $id // '';
}

# {key, position, id}; undef if the context says nothing.
sub parse_context
{
	my ($context) = @_;
	my ($key, $position, $id) = $context =~ m,^(\w+)/(-?\d+)/(\w*)$, or return;

	return { key => $key, position => $position, id => $id };
}

# 160 bits, in hexadecimal
sub token_secret
{
	my ($key) = @_;

	return unpack 'H*', sha1("secret $key");
}

# RFC 4226 section 5.3
sub token_code
{
	my ($key, $position) = @_;
	my $hash = hmac_sha1(pack('Q>', $position), sha1("secret $key"));
	my $offset = ord(substr $hash, -1) & 15;

	return sprintf '%0*d', DIGITS, unpack('N', substr $hash, $offset, 4) & 0x7fffffff;
}

# time_step(KIND, TIME): of a moment in microseconds.
sub time_step
{
	my ($kind, $time) = @_;

	return int($time / 1_000_000 / $KIND{$kind}{period});
}

1;
