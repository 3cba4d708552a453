# Random numbers that are the same for the same seed, in every process and on every machine.

package Storm::Dice;

use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(sha256);

use constant BITS_48 => (1 << 48) - 1;

# new(PART …): a generator of its own for each list of parts, such as a seed and a session's number.
sub new
{
	my ($class, @parts) = @_;

	return bless { state => unpack('Q', sha256(join ' ', @parts)) & BITS_48 }, $class;
}

# The generator of drand48: 48 bits, of which the upper 32 are given.
sub _next
{
	my ($self) = @_;

	{
		use integer;
		$self->{state} = ($self->{state} * 25_214_903_917 + 11) & BITS_48;
	}
	return $self->{state} >> 16;
}

# A whole number from 0 to COUNT - 1.
sub roll
{
	my ($self, $count) = @_;

	return $self->_next % $count;
}

# Does it happen, PERCENT times in a hundred?
sub chance
{
	my ($self, $percent) = @_;

	return $self->roll(1000) < 10 * $percent;
}

# pick(VALUE …): one of them.
sub pick
{
	my ($self, @values) = @_;

	return $values[ $self->roll(scalar @values) ];
}

# weigh(VALUE => WEIGHT …): one of them, as often as its weight says.
sub weigh
{
	my ($self, @pairs) = @_;
	my $sum = 0;

	$sum += $pairs[ 2 * $_ + 1 ] for 0 .. $#pairs / 2;
	my $at = $self->roll($sum);
	while (@pairs)
	{
		my ($value, $weight) = splice @pairs, 0, 2;
		return $value if ($at -= $weight) < 0;
	}
	die 'nothing to weigh';
}

# The values in an order of chance.
sub shuffle
{
	my ($self, @values) = @_;

	for my $i (reverse 1 .. $#values)
	{
		my $j = $self->roll($i + 1);
		@values[ $i, $j ] = @values[ $j, $i ];
	}
	return @values;
}

# A code of so many symbols of the extension's alphabet.
sub code
{
	my ($self, $length) = @_;

	return join '', map { $self->pick(split //, '23456789ABCDEFGHJKMNPQRSTUVWXYZ') } 1 .. $length;
}

1;
