# The server and its mirror, a synchronous standby; who is which changes.

package Storm::Server;

use strict;
use warnings FATAL => 'all';

use File::Path qw(remove_tree);
use IPC::Run;
use OtpTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Storm::Deed qw(call_sql);
use Storm::Rules qw(policy_sql);
use Time::HiRes qw(usleep);

# The WAL writer is slow, so that it does not flush what the extension has to.
my $settings = q{
	restart_after_crash = on
	max_connections = 60
	max_prepared_transactions = 60
	wal_writer_delay = 10s
	wal_writer_flush_after = 0
	wal_keep_size = 1GB
	wal_retrieve_retry_interval = 100ms
	autovacuum_naptime = 1s
	log_statement = none
	log_min_messages = warning
	log_min_error_statement = panic
	synchronous_standby_names = ''
};

# Of pg_stat_replication.
my $follows = "application_name = 'mirror' AND sync_state = 'sync' AND state = 'streaming'";

# new(DIRECTORY): a server with a mirror, whose address is in the directory's file primary.
sub new
{
	my ($class, $directory) = @_;
	my $self = bless { directory => $directory, number => 0 }, $class;

	$self->{primary} = new_node('storm_0', allows_streaming => 1, settings => $settings);
	value($self->{primary}, 'CREATE ROLE shop LOGIN; ' . policy_sql() . call_sql() . "SELECT otp_grant('shop', 'application'), otp_grant('shop', 'operator')");
	$self->_mirror;
	$self->{primary}->append_conf('postgresql.conf', "synchronous_standby_names = 'mirror'");
	$self->{primary}->reload;
	$self->_wait_until_synchronous;
	$self->_tell_address;
	return $self;
}

sub primary { return $_[0]->{primary} }
sub mirror { return $_[0]->{mirror} }

# A name is not repeated, and every standby calls itself mirror.
sub _mirror
{
	my ($self) = @_;
	my $primary = $self->{primary};
	my $backup = 'backup_' . ++$self->{number};
	my $mirror = PostgreSQL::Test::Cluster->new("storm_$self->{number}");
	my $source = sprintf 'host=%s port=%d', $primary->host, $primary->port;

	$primary->backup($backup);
	$mirror->init_from_backup($primary, $backup, has_streaming => 1);
	remove_tree($primary->backup_dir . "/$backup");
	$mirror->append_conf('postgresql.conf',
		"primary_conninfo = '$source application_name=mirror'\nsynchronous_standby_names = 'mirror'");
	chmod 0600, master_key_file($mirror) or die $!;
	$mirror->start;
	$self->{mirror} = $mirror;
	return;
}

sub _wait_until_synchronous
{
	my ($self) = @_;

	$self->{primary}->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_replication WHERE $follows")
	  or die 'the mirror is not synchronous';
	return;
}

# Waits until the mirror has on disk what the server has on disk now.
sub wait_until_mirrored
{
	my ($self) = @_;

	$self->_wait_until_synchronous;
	my $flushed = value($self->{primary}, 'SELECT pg_current_wal_flush_lsn()');
	$self->{primary}->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_replication WHERE $follows AND flush_lsn >= '$flushed'")
	  or die 'the mirror does not follow';
	return;
}

sub _tell_address
{
	my ($self) = @_;
	my $file = "$self->{directory}/primary";

	open(my $handle, '>', "$file.new") or die $!;
	printf $handle 'host=%s;port=%d', $self->{primary}->host, $self->{primary}->port;
	close $handle or die $!;
	rename "$file.new", $file or die $!;
	return;
}

# A statement of the owner's.
sub say
{
	my ($self, $sql) = @_;

	return value($self->{primary}, $sql);
}

# Process numbers of the sessions' backends.
sub backends
{
	my ($self) = @_;

	return split /\n/, $self->say(q{SELECT pid FROM pg_stat_activity WHERE usename = 'shop' ORDER BY pid});
}

# wait_for_crash(KILL): has backends killed until the server has noticed, and waits until it has recovered by itself.
sub wait_for_crash
{
	my ($self, $kill) = @_;
	my $crashes = $self->_crashes;

	for my $try (0 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return
		  if $self->_crashes > $crashes
		  && IPC::Run::run([ 'pg_isready', '-q', '-d', $self->{primary}->connstr('postgres') ]);
		$kill->() if $try % 100 == 0 && $self->_crashes == $crashes;
		usleep(10_000);
	}
	die 'the server does not crash and recover';
}

sub _crashes
{
	my ($self) = @_;
	my $crashes = () = slurp_file($self->{primary}->logfile) =~ /was terminated by signal 9/g;

	return $crashes;
}

# The server stops dead.
sub crash
{
	my ($self) = @_;

	$self->{primary}->stop('immediate');
	$self->{primary}->start;
	return;
}

# The mirror gets nothing any more.
sub cut_off_mirror
{
	my ($self) = @_;

	$self->{sender} = $self->say("SELECT pid FROM pg_stat_replication WHERE $follows");
	kill STOP => $self->{sender};
	return;
}

# The server stops dead.  What was to be sent to the mirror dies with its process, which has to be killed, because it is
# deaf to everything else.
sub die_cut_off
{
	my ($self) = @_;
	my $killer = fork() // die "fork: $!";

	if ($killer == 0)
	{
		usleep(100_000);
		kill KILL => $self->{sender};
		POSIX::_exit(0);
	}
	$self->{primary}->stop('immediate');
	waitpid $killer, 0;
	return;
}

# The server has stopped dead: its mirror takes its place, and gets a mirror in its turn.
sub fail_over
{
	my ($self) = @_;
	my $dead = $self->{primary};

	$self->{mirror}->promote;
	$self->{primary} = delete $self->{mirror};
	$self->_tell_address;
	$dead->clean_node;
	$self->_mirror;
	$self->_wait_until_synchronous;
	return;
}

# The mirror is away for a while, and commits wait for it.
sub restart_mirror
{
	my ($self, $microseconds) = @_;

	$self->{mirror}->stop('immediate');
	usleep($microseconds);
	$self->{mirror}->start;
	$self->_wait_until_synchronous;
	return;
}

1;
