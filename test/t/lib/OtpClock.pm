# A server whose clock the test sets forward: libfaketime stands before the C library's clock, and reads
# from a file how far to be ahead.  What clients and the test itself see is the real time.

package OtpClock;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use OtpTest;

our @EXPORT = qw(new_node_with_clock set_ahead seconds_ahead);

my %ahead;

# new_node_with_clock(NAME, PARAMETER => VALUE …): as new_node(), not ahead yet.
sub new_node_with_clock
{
	my ($name, %params) = @_;
	my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1' or die 'libfaketime is not installed';
	my $node;

	# The file's name is known only once there is a node, its environment only before it starts.
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$name.clock";
	$ahead{$name} = { file => $file };
	write_file($name, 0);
	{
		local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC)} =
		  ($library, $file, 1, 1);
		$node = new_node($name, %params);
	}
	return $node;
}

# Replaced at once, so that nobody reads half of it.
sub write_file
{
	my ($name, $seconds) = @_;
	my $file = $ahead{$name}{file};

	open my $out, '>', "$file.new" or die $!;
	printf {$out} "+%.6f\n", $seconds;
	close $out or die $!;
	rename "$file.new", $file or die $!;
	$ahead{$name}{seconds} = $seconds;
	return;
}

# set_ahead(NODE, SECONDS): how far the clock is ahead from now on; never back.
sub set_ahead
{
	my ($node, $seconds) = @_;

	die 'the clock would go back' if $seconds < seconds_ahead($node);
	write_file($node->name, $seconds);
	return;
}

sub seconds_ahead
{
	my ($node) = @_;

	return $ahead{ $node->name }{seconds};
}

1;
