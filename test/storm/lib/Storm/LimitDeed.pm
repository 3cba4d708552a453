# What a session can do with users whose codes are counted, and whose guesses come to a stop; see Deed.pm.

package Storm::LimitDeed;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use Storm::Rules;

our @EXPORT_OK = qw(%LIMIT_CALL @LIMIT_DEEDS is_limited_user);

our %LIMIT_CALL = (unlock => { query => 'SELECT otp_unlock(who)::text, NULL, NULL', effect => 'false' });

# The purpose of all these is VAULT, as the plan has drawn it; but that of the trail's row of otp_unlock().
our @LIMIT_DEEDS = (
	{ name => 'hand_out', share => 22, call => 'issue', choose => sub { (Storm::Rules::VAULT, '', undef) } },
	{ name => 'open', share => 30, call => 'attempt', choose => \&_last_letter, otherwise => 'hand_out' },
	{ name => 'force', share => 40, call => 'attempt', choose => sub { (Storm::Rules::VAULT, '', $_[2]{code}) } },
	{ name => 'unlock', share => 8, call => 'unlock', choose => sub { ('unlock', '', undef) } },
);

sub is_limited_user
{
	my ($who) = @_;

	return $who =~ /^limited-/ ? 1 : 0;
}

sub _last_letter
{
	my ($session, $who) = @_;
	my $letter = $session->letter($who, Storm::Rules::VAULT, 0) or return;

	return (Storm::Rules::VAULT, '', $letter->{code});
}

1;
