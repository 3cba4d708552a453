# What befalls the server and its clients.

package Storm::Mishap;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use Storm::Record;
use Storm::Rules qw(policy_change_sql);

our @EXPORT_OK = qw(@MISHAPS);

my $tables = 'otp_challenge, otp_budget, otp_credential, otp_recovery, otp_event';

# count: how often in a bag.  Bags are emptied one after the other, each in an order of chance.
# befall: is given the controller, and returns when the server is well again.
our @MISHAPS = (
	{ name => 'kill', count => 2, befall => \&_kill },
	{ name => 'crash', count => 1, befall => sub { $_[0]->server->crash } },
	{ name => 'crash_in_a_lull', count => 2, befall => \&_crash_in_a_lull },
	{ name => 'fail_over', count => 1, befall => \&_fail_over },
	{ name => 'mirror_away', count => 1, befall => \&_mirror_away },
	{ name => 'terminate', count => 4, befall => sub { _signal($_[0], 'TERM') } },
	{ name => 'cancel', count => 6, befall => sub { _signal($_[0], 'INT') } },
	{ name => 'client_gone', count => 6, befall => \&_client_gone },
	{ name => 'policy', count => 3, befall => sub { $_[0]->server->say(policy_change_sql($_[0]->dice)) } },
	{ name => 'checkpoint', count => 2, befall => sub { $_[0]->server->say('CHECKPOINT') } },
	{ name => 'vacuum', count => 2, befall => sub { $_[0]->server->say("VACUUM (FREEZE) $tables") } },
	{ name => 'rekey', count => 1, befall => \&_rekey },
	{ name => 'purge', count => 2, befall => \&_purge },
);

# Under load, and with what transactions are changing left for the next time.
sub _rekey
{
	my ($controller) = @_;

	$controller->server->say($_) for 'SELECT otp_rotate_key()', 'SELECT otp_rekey(1000000)';
	return;
}

# All that may go is deleted, and everyone meets that, for a moment; then it is all as it was, for the record needs it.
sub _purge
{
	my ($controller) = @_;

	$controller->server->say(sprintf q{BEGIN; SELECT otp_purge('0', 1000000); SELECT pg_sleep(%s); ROLLBACK},
		$controller->dice->roll(50) / 1000);
	return;
}

# As pg_cancel_backend() and pg_terminate_backend() do it.
sub _signal
{
	my ($controller, $signal) = @_;
	my @backends = $controller->server->backends;

	return unless @backends;
	kill $signal => $controller->dice->pick(@backends) for 1 .. 1 + $controller->dice->roll(3);
	return;
}

sub _kill
{
	my ($controller) = @_;

	# One may have ended by itself meanwhile, and then its death is no crash: another one is killed, of those that there are
	# then, for sessions come and go.
	$controller->server->wait_for_crash(sub {
		$controller->pause(1);
		my @backends = eval { $controller->server->backends };
		kill KILL => $controller->dice->pick(@backends) if @backends;
	});
	return;
}

# All sessions but one rest, so that nobody else's commit flushes what that one has written.
sub _crash_in_a_lull
{
	my ($controller) = @_;

	$controller->flag('lull', 1);
	$controller->pause(200 + $controller->dice->roll(200));
	$controller->server->crash;
	$controller->flag('lull', 0);
	return;
}

# The server goes on for a moment after the mirror has been cut off.  What is told then, because a cancel ended the
# wait for the mirror, may be lost; but only since then.
sub _fail_over
{
	my ($controller) = @_;
	my $before = Storm::Record::now();

	$controller->server->wait_until_mirrored;
	$controller->record->write('mirrored', since => $before);
	$controller->server->cut_off_mirror;
	$controller->pause(100 + $controller->dice->roll(200));
	$controller->server->die_cut_off;
	$controller->record->write('dead');
	$controller->server->fail_over;
	return;
}

sub _mirror_away
{
	my ($controller) = @_;

	$controller->server->restart_mirror(1000 * $controller->dice->roll(400));
	return;
}

sub _client_gone
{
	my ($controller) = @_;
	my @clients = $controller->clients;

	kill KILL => $controller->dice->pick(@clients) if @clients;
	return;
}

1;
