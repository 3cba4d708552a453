# The recipe for PAM of doc/cookbook.md as it is written there, and what else can be typed.
#
# Requirements: 7, 11, 24.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpCookbook;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $kitchen = new_kitchen('pam');
my ($node, $dir) = @{$kitchen}{qw(node dir)};

# A psql that keeps a record of its arguments and its environment.
my $record = "$dir/record";
mkdir "$dir/bin" or die $!;
append_to_file("$dir/bin/psql", "#!/bin/sh\n{ env; echo \"psql \$*\"; } >>$record\nexec $kitchen->{names}{BINDIR}/psql \"\$@\"\n");
chmod 0755, "$dir/bin/psql" or die $!;
$kitchen->{names}{BINDIR} = "$dir/bin";

cook($kitchen);

my ($of_recipe) = slurp_file("$dir/right") =~ /(\d+)/;
my @code = token_codes($kitchen);

# typed(USER, CODE, OPTION …): whether pamtester lets the user in.
sub typed
{
	my ($user, $code, @options) = @_;

	local $ENV{LD_PRELOAD} = 'libpam_wrapper.so';
	local $ENV{PAM_WRAPPER} = 1;
	local $ENV{PAM_WRAPPER_SERVICE_DIR} = "$dir/pam.d";
	return IPC::Run::run([ 'pamtester', @options, 'otp', $user, 'authenticate' ], '<', \"$code\n", '>>&', "$dir/pam.log") ? 'welcome' : 'refused';
}

my @names = (q{o'brien}, 'back\\slash', 'Zoë', q{x', '', '') OR true --}, ':code', '`id`', '$(id)', 'two words');
is(join(' ', map { enroll($kitchen, $_) } @names), join(' ', ('t') x @names), 'tokens of people with strange names');
is(typed($_, $code[1]), 'welcome', "the right code of <$_>") for @names;
is(typed($_, $code[1]), 'refused', "once, of <$_>") for @names;

enroll($kitchen, 'kim');
my $trap = "$dir/trap";
my @harmless = ('', q{'}, q{' OR 't' = 't}, q{', 'ssh') OR true --}, "\\! touch $trap", "`touch $trap`", "\$(touch $trap)", "'; touch $trap; '", ":'user'", 't', "\xff\xfe",
	'x' x 600, "\\q", "\xc0'; \\! touch $trap", "\xc0' OR true --");
is(typed('kim', $_), 'refused', sprintf 'not let in: <%s>', s/[^ -~]/?/gr) for @harmless;
is(typed($_, $code[1]), 'refused', "not let in: $_") for 'nobody', 'KIM', "kim' --";
ok(!-e $trap, 'nothing of it was run');
is(value($node, q{SELECT total FROM otp_budget WHERE user_id = 'kim'}, 'shop'), 0, 'nor was any of it a guess');
is(typed('kim', '123456'), 'refused', 'a wrong code');
is(value($node, q{SELECT total FROM otp_budget WHERE user_id = 'kim'}, 'shop'), 1, 'is');
is(typed('kim', $code[1], '-E', 'PGOPTIONS=-c default_transaction_read_only=on', '-E', 'PGHOST=/nowhere', '-E', 'PGSERVICE=evil'),
	'welcome', 'the environment of a login changes nothing');

$node->stop;
is(typed('kim', $code[2]), 'refused', 'while PostgreSQL is down nobody is let in');
$node->start;
is(typed('kim', $code[2]), 'welcome', 'and then he is');

# Where a code may not be.
is_kept_quiet($kitchen, '123456', $of_recipe, @code[ 1, 2 ]);
my %text = (record => slurp_file($record), 'log of PAM' => slurp_file("$dir/pam.log"));
like($text{record}, qr/^psql .*otp-pam\.sql/m, 'control: the record has arguments');
like($text{record}, qr/^PAM_USER=kim$/m, 'control: and the environment');
like($text{'log of PAM'}, qr/SYSLOG.*otp-pam failed/, 'control: the log of PAM has what goes to the system log');
for my $where (sort keys %text)
{
	is(join(' ', grep { $text{$where} =~ /$_/ } '123456', $of_recipe, @code[ 1, 2 ]), '', "no code: $where");
}

$node->stop;
done_testing();
