# Records that are doctored, for tests of the checker: what is changed in a faultless one, and whether that is found.

package Storm::Doctor;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use Storm::Checker;
use Test::More;

our @EXPORT_OK = qw(becomes fails finds_all is_possible violations);

# becomes(STORM, OP, REASON, NAME => VALUE …): the verdict is another one, and so is the trail.
sub becomes
{
	my ($storm, $op, $reason, %told) = @_;
	my $line = $storm->find('told', $op);
	my $event = $storm->find('events', $op);

	@$line{ 'a0', keys %told } = ($reason, values %told);
	@$event{qw(event reason)} = $reason eq 'accepted' ? ('accepted', undef) : ('rejected', $reason) if $event;
	return;
}

# The call fails instead.
sub fails
{
	my ($storm, $op, $state) = @_;
	my $line = $storm->find('told', $op);

	@$line{qw(kind state text a0)} = ('error', $state, 'reason', undef);
	return;
}

sub violations
{
	my ($storm) = @_;
	my $directory = $storm->directory;

	return @{ Storm::Checker->check($directory)->{violations} };
}

sub _texts
{
	return [ map { "$_->{property}: $_->{text}" } violations($_[0]) ];
}

# finds_all(FAULTLESS, [WHAT, CHANGE, PROPERTY, TEXT] …): nothing is said against a faultless record, and of each that is changed,
# that this promise is broken.
sub finds_all
{
	my ($faultless, @doctored) = @_;

	is_deeply(_texts($faultless->()), [], 'nothing is said against faultless work');
	for my $case (@doctored)
	{
		my ($what, $change, $property, $text) = @$case;
		my $storm = $faultless->();

		$change->($storm);
		my @found = violations($storm);
		ok((grep { $_->{property} eq $property && $_->{text} =~ $text } @found), "found: $what")
		  or diag(map { "$_->{property}: $_->{text}\n" } @found);
	}
	return;
}

# is_possible(FAULTLESS, WHAT, CHANGE): what is changed breaks nothing.
sub is_possible
{
	my ($faultless, $what, $change) = @_;
	my $storm = $faultless->();

	$change->($storm);
	is_deeply(_texts($storm), [], $what);
	return;
}

1;
