# The record: who asked what and was told what, one line each, written down at once and never touched again.
#
#	TIME KIND NAME=VALUE …
#
# TIME is microseconds since 1970.  Values have bytes other than the plainest as %XX; a value that is
# undefined is left out.

package Storm::Record;

use strict;
use warnings FATAL => 'all';

use Fcntl;
use Time::HiRes ();

# new(FILE): a record that lines can be added to.  A process that dies loses none that it has written.
sub new
{
	my ($class, $file) = @_;

	sysopen(my $handle, $file, O_WRONLY | O_APPEND | O_CREAT) or die "$file: $!";
	return bless { handle => $handle }, $class;
}

sub now
{
	return int(Time::HiRes::time() * 1e6);
}

sub _escape
{
	my ($value) = @_;

	$value =~ s/([^\w.:,+*()-])/sprintf '%%%02X', ord $1/ge;
	return $value;
}

# write_at(TIME, KIND, NAME => VALUE …)
sub write_at
{
	my ($self, $time, $kind, @pairs) = @_;
	my $line = "$time $kind";

	while (my ($name, $value) = splice @pairs, 0, 2)
	{
		$line .= " $name=" . _escape($value) if defined $value;
	}
	$line .= "\n";
	(syswrite($self->{handle}, $line) // -1) == length $line or die "the record cannot be written: $!";
	return;
}

# write(KIND, NAME => VALUE …): the same, now.
sub write
{
	my ($self, @line) = @_;

	return $self->write_at(now(), @line);
}

# read_all(FILE, VISITOR): calls the visitor with each line as a hash, which also has time, kind and the
# line's place.
sub read_all
{
	my ($file, $visitor) = @_;
	my $name = $file =~ s,.*/,,r;

	open(my $handle, '<', $file) or die "$file: $!";
	while (my $text = <$handle>)
	{
		# a client that dies while it writes leaves half a line
		last unless $text =~ s/\n\z//;
		my ($time, $kind, @pairs) = split / /, $text;
		my %line = map { my ($key, $value) = split /=/, $_, 2; ($key => $value =~ s/%(..)/chr hex $1/ger) } @pairs;
		@line{qw(time kind place)} = ($time, $kind, "$name:$.");
		$visitor->(\%line);
	}
	close $handle;
	return;
}

1;
