# Starts the sessions, lets mishaps befall them and the server, and ends what is left over.

package Storm::Controller;

use strict;
use warnings FATAL => 'all';

use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Storm::Dice;
use Storm::Mishap qw(@MISHAPS);
use Storm::Record;
use Storm::Session;
use Time::HiRes qw(usleep);

use constant SESSIONS => 10;

# A storm on a slow machine lasts longer, until there is something to judge by, but not for ever: bytes of the sessions'
# records, and how often every mishap has happened.
use constant LEAST_RECORD => 2_000_000;
use constant MOST_BAGS => 20;

# new(SERVER, DIRECTORY, SEED)
sub new
{
	my ($class, $server, $directory, $seed) = @_;

	return bless {
		server => $server,
		directory => $directory,
		seed => $seed,
		dice => Storm::Dice->new('mishaps', $seed),
		record => Storm::Record->new("$directory/controller.record"),
		begun => Storm::Record::now(),
		clients => {},
		lives => {},
		bag => []
	}, $class;
}

# Storms for so many seconds, and at least until every mishap has happened and the sessions have done something.
sub run
{
	my ($self, $seconds) = @_;
	my $until = $self->{begun} + 1e6 * $seconds;
	my $bags = 0;

	$self->{record}->write('begun', seed => $self->{seed});
	$self->_start_client($_) for 0 .. SESSIONS - 1;
	while (Storm::Record::now() < $until || $bags < 1 || $bags < MOST_BAGS && $self->_recorded < LEAST_RECORD)
	{
		$self->pause(100 + $self->{dice}->roll(900));
		$self->{bag} = [ $self->{dice}->shuffle(map { ($_) x $_->{count} } @MISHAPS) ] unless @{ $self->{bag} };
		$self->_befall(shift @{ $self->{bag} });
		$bags++ unless @{ $self->{bag} };
	}
	$self->flag('over', 1);
	$self->_wait('the clients end', sub { $self->_reap(0); !%{ $self->{clients} } });
	# those of clients that have vanished may still be at work
	$self->_wait('their backends end', sub { !$self->{server}->backends });
	$self->_end_prepared;
	$self->{record}->write('over');
	return;
}

sub _recorded
{
	my ($self) = @_;
	my $bytes = 0;

	$bytes += -s for glob "$self->{directory}/session-*.record";
	return $bytes;
}

sub _befall
{
	my ($self, $mishap) = @_;

	$self->{record}->write('mishap', name => $mishap->{name});
	$mishap->{befall}->($self);
	$self->{record}->write('mended', name => $mishap->{name});
	return;
}

# A process of its own, which leaves nothing of the controller's behind.
sub _start_client
{
	my ($self, $session) = @_;
	my $life = $self->{lives}{$session}++;
	my $pid = fork() // die "fork: $!";

	if ($pid == 0)
	{
		my $done = eval { Storm::Session->new(@$self{qw(directory seed)}, $session, $life, $self->{begun})->run; 1 };
		Storm::Record->new("$self->{directory}/controller.record")->write('broken', session => $session, text => $@)
		  unless $done;
		POSIX::_exit($done ? 0 : 1);
	}
	$self->{clients}{$pid} = $session;
	return;
}

# Who has vanished gets a successor.
sub _reap
{
	my ($self, $succeed) = @_;

	for my $pid (keys %{ $self->{clients} })
	{
		next unless waitpid($pid, WNOHANG) == $pid;
		my $session = delete $self->{clients}{$pid};
		$self->_start_client($session) if $succeed;
	}
	return;
}

sub pause
{
	my ($self, $milliseconds) = @_;
	my $until = Storm::Record::now() + 1000 * $milliseconds;

	while (Storm::Record::now() < $until)
	{
		$self->_reap(1);
		usleep(10_000);
	}
	return;
}

sub flag
{
	my ($self, $name, $up) = @_;
	my $file = "$self->{directory}/$name";

	if ($up) { append_to_file($file, '') }
	else { unlink $file or die "$file: $!" }
	return;
}

sub _wait
{
	my ($self, $what, $happened) = @_;

	for (1 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $happened->();
		usleep(10_000);
	}
	die "it does not happen that $what";
}

# What is still prepared is committed or rolled back.
sub _end_prepared
{
	my ($self) = @_;

	for my $gid (split /\n/, $self->{server}->say('SELECT gid FROM pg_prepared_xacts ORDER BY gid'))
	{
		my $how = $self->{dice}->pick('commit', 'rollback');

		$self->{record}->write('ask', n => $gid, what => "${how}_prepared", gid => $gid);
		$self->{server}->say(uc($how) . " PREPARED '$gid'");
		$self->{record}->write('told', n => $gid);
	}
	return;
}

# What mishaps need, beside pause() and flag().
sub server { return $_[0]{server} }
sub dice { return $_[0]{dice} }
sub record { return $_[0]{record} }

sub clients
{
	my ($self) = @_;

	return sort { $a <=> $b } keys %{ $self->{clients} };
}

1;
