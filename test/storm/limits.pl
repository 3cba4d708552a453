# The checker of the storm, once more: users whose guesses come to a stop, and whose codes are counted.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Storm::Dice;
use Storm::Doctor qw(becomes fails finds_all is_possible);
use Storm::Forged;
use Storm::Rules;
use Test::More;

use constant { WHO => 'limited-0', VAULT => Storm::Rules::VAULT, STOP => Storm::Rules::NOT_BY_TIME };

my $dice = Storm::Dice->new('limits');
my %code = map { $_ => $dice->code(12) } 1 .. Storm::Rules::ISSUES;
my @wrong = map { $dice->code(12) } 0 .. 20;

sub wrong
{
	my ($storm, $n, %values) = @_;

	$storm->guess("w$n", 0, WHO, VAULT, $wrong[$n], 'wrong', charged => 1, %values);
	return;
}

# What happened: three guesses, an acceptance that is rolled back and one that is committed, four guesses up to the stop, an
# unlocking, a guess, and all codes that there are.
sub faultless
{
	my $storm = Storm::Forged->new;

	$storm->line('controller', 'begun', seed => 1);
	$storm->line("session-$_.0", 'connect') for 0, 1;
	$storm->issue('i1', 0, WHO, VAULT, $code{1});
	wrong($storm, $_) for 1 .. 3;
	$storm->statement(0, 'begin', 'told', isolation => 'serializable');
	$storm->guess('a1 undone', 0, WHO, VAULT, $code{1}, 'accepted');
	$storm->statement(0, 'rollback', 'told');
	$storm->guess('a1', 0, WHO, VAULT, $code{1}, 'accepted', kept => 1);
	$storm->issue('i2', 0, WHO, VAULT, $code{2});
	wrong($storm, $_) for 4 .. 6;
	wrong($storm, 7, retry => STOP);
	$storm->guess('stopped', 1, WHO, VAULT, $code{2}, 'locked', retry => STOP);
	$storm->unlock('u1', 1, WHO);
	wrong($storm, 8);
	$storm->issue("i$_", 0, WHO, VAULT, $code{$_}) for 3 .. Storm::Rules::ISSUES;
	$storm->line('controller', 'over');
	$storm->line('session-final.0', 'connect');
	$storm->guess('final.1', 'final', WHO, VAULT, $code{ +Storm::Rules::ISSUES }, 'accepted', kept => 1);
	return $storm;
}

# One more code than may be, in a transaction that is rolled back or not.
sub hand_out
{
	my ($storm, $undone) = @_;

	$storm->statement(0, 'begin', 'told', isolation => 'serializable') if $undone;
	$storm->op('i9', 0, 'issue', WHO, VAULT, '', undef, answer => $wrong[20], effect => !$undone, event => $undone ? undef : { event => 'issued' });
	$storm->statement(0, 'rollback', 'told') if $undone;
	return;
}

finds_all(
	\&faultless,
	[ 'guesses go on behind a stop',
		sub { becomes($_[0], 'stopped', 'accepted', a2 => undef) },
		'P3', qr/judged behind a stop/ ],
	[ 'an acceptance that is rolled back starts the count anew',
		sub { fails($_[0], 'a1', '40001'); $_[0]->remove($_, 'a1') for qw(effects events) },
		'P3', qr/judged behind a stop/ ],
	[ 'a stop comes too early',
		sub { $_[0]->find('told', 'w6')->{a2} = STOP },
		'P3', qr/stopped without a reason/ ],
	[ 'a stop does not end with an acceptance',
		sub { becomes($_[0], 'w4', 'locked', a2 => STOP) },
		'P3', qr/stopped without a reason/ ],
	[ 'a stop does not end with an unlocking',
		sub { becomes($_[0], 'w8', 'locked', a2 => STOP) },
		'P3', qr/stopped without a reason/ ],
	[ 'a stop ends by itself',
		sub { $_[0]->remove('events', 'u1'); $_[0]->find('told', 'u1')->{a0} = 'false' },
		'P3', qr/judged behind a stop/ ],
	[ 'an unlocking is not in the trail',
		sub { $_[0]->remove('events', 'u1') },
		'P1', qr/not in the trail/ ],
	[ 'one code too many is handed out, and committed',
		sub { hand_out($_[0], 0) },
		'P3', qr/more codes are handed out/ ],
	[ 'one code too many is handed out, and rolled back',
		sub { hand_out($_[0], 1) },
		'P3', qr/more codes are handed out/ ]);

is_possible(
	\&faultless,
	'a crash may forget the count of what was rolled back',
	sub {
		my ($storm) = @_;

		hand_out($storm, 1);
		$storm->statement(1, 'set', 'lost');
		$storm->line('session-1.0', 'connect');
		# its answer is heard behind the crash
		$storm->find('told', 'i9')->{time} = $storm->{now};
	});

is_possible(
	\&faultless,
	'a guess is charged that the trail does not have, and free when it comes again behind an unlocking',
	sub {
		my ($storm) = @_;
		my @replay = (WHO, VAULT, $code{ +Storm::Rules::ISSUES }, 'replayed');

		$storm->guess('r1', 1, @replay, charged => 1);
		fails($storm, 'r1', '40001');
		$storm->remove('events', 'r1');
		$storm->unlock('u2', 1, WHO);
		$storm->guess('r1 again', 1, @replay);
	});
done_testing();
