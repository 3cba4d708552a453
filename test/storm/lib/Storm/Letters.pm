# The letters in which codes are sent, and what is known of a user's tokens: a file for each user and purpose, which all sessions can read.
# Most are sent when the code is committed, some before, so that it is also guessed before, and after a rollback.

package Storm::Letters;

use strict;
use warnings FATAL => 'all';

use Fcntl;

sub new
{
	my ($class, $directory) = @_;

	-d $directory or mkdir $directory or -d $directory or die "$directory: $!";
	return bless { directory => $directory }, $class;
}

sub send
{
	my ($self, $who, $purpose, $context, $code) = @_;
	my $letter = "$code $context\n";

	sysopen(my $file, "$self->{directory}/$who.$purpose", O_WRONLY | O_APPEND | O_CREAT) or die $!;
	(syswrite($file, $letter) // -1) == length $letter or die $!;
	close $file;
	return;
}

sub _lines
{
	my ($self, $who, $purpose) = @_;

	open(my $file, '<', "$self->{directory}/$who.$purpose") or return;
	my @lines = grep { /\n\z/ } <$file>;
	close $file;
	return @lines;
}

sub _letter
{
	my ($code, $context) = $_[0] =~ /^(\S+) (.*)$/;

	return { code => $code, context => $context };
}

# The last letter, or the one BACK before it: {code, context}; undef if there is none.
sub read
{
	my ($self, $who, $purpose, $back) = @_;
	my @lines = $self->_lines($who, $purpose);

	return $#lines < $back ? undef : _letter($lines[ -1 - $back ]);
}

# All of them, in order.
sub read_all
{
	my ($self, $who, $purpose) = @_;

	return map { _letter($_) } $self->_lines($who, $purpose);
}

1;
