# What the memory of a server's process holds.

package ProcessMemory;

use strict;
use warnings FATAL => 'all';
no warnings 'portable';    # 64-bit numbers in hexadecimal

use Exporter qw(import);
use PostgreSQL::Test::Utils;

our @EXPORT = qw(memory_of session_with_pid);

# A process's own memory, as far as it is private and can be written.
sub _regions
{
	my ($pid) = @_;

	return map { /^([0-9a-f]+)-([0-9a-f]+) rw.p / ? [ hex $1, hex $2 ] : () }
	  split /\n/, slurp_file("/proc/$pid/maps");
}

# memory_of(PID): the regions' bytes; none if they cannot be read.
sub memory_of
{
	my ($pid) = @_;
	my @memory;

	open my $file, '<:raw', "/proc/$pid/mem" or return;
	for my $region (_regions($pid))
	{
		my ($start, $end) = @$region;

		sysseek $file, $start, 0 or next;
		my $read = sysread $file, my $bytes, $end - $start;
		push @memory, $bytes if $read;
	}
	return @memory;
}

# session_with_pid(NODE): a session of psql that goes on after errors, with the server's process as {pid}.
sub session_with_pid
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->{pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

1;
