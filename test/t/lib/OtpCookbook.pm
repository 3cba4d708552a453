# Runs the recipes of doc/cookbook.md as they are written, and compares what they print.
#
# The first word of a block's fence says what the block is, the second, if there is one, what is done with it:
#
#	sql, sh			run by psql, one session a recipe, or by a shell
#	sh server		one command, which runs until the test ends
#	text			what the block above prints; a block without one prints nothing
#	… NAME			the file of that name; the text before the block names it, too

package OtpCookbook;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename;
use File::Path;
use FindBin;
use IO::Socket::INET;
use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(recipes_of tests_of_recipes new_kitchen cook start_session ask token_codes enroll is_kept_quiet);

# Which test runs which recipes.  They share the first one.
my %run_by = (
	'021_cookbook' => [
		'Before the first recipe', 'Login from a new device', 'Confirming a payment', 'Password reset',
		'Activating an account', 'A user who is stopped', 'Many tenants', 'PgBouncer'
	],
	'022_radius' => [ 'Before the first recipe', 'Roles at a door', 'FreeRADIUS' ],
	'055_receipts' => [ 'Before the first recipe', 'Receipts by webhook', 'Push with number matching' ],
	'023_pam' => [ 'Before the first recipe', 'Roles at a door', 'PAM' ]);

# What a server says once it can be used
my %ready = (pgbouncer => qr/process up/, freeradius => qr/Ready to process requests/, python3 => qr/listening/);

# The servers that recipes have started
my @running;

# The tests that run recipes.
sub tests_of_recipes
{
	return sort keys %run_by;
}

# The recipes that a test runs.
sub recipes_of
{
	my ($test) = @_;

	return @{ $run_by{$test} };
}

# read_cookbook(): by the title of a recipe its blocks, each with do => sql, sh, server or file, name, text, says, line.
sub read_cookbook
{
	my ($number, $title, $prose, $text, $line, $do, $name) = (0, '', '');
	my %recipe;

	for (split /^/, slurp_file("$FindBin::RealBin/../../doc/cookbook.md"))
	{
		$number++;
		if (defined $do)
		{
			if (!/^```$/) { $text .= $_ }
			elsif ($do eq 'text') { $recipe{$title}[-1]{says} .= $text }
			else { push @{ $recipe{$title} }, { do => $do, name => $name, text => $text, says => '', line => $line } }
			undef $do if /^```$/;
		}
		elsif (/^```(\w+)(?: (\S+))?$/)
		{
			($do, $name, $text, $line) = ($1, $2, '', $number);
			$do = $name eq 'server' ? 'server' : 'file' if $name;
			die "line $number: what to do with $do" unless $do =~ /^(sql|sh|server|file|text)$/;
			die "line $number: nothing above prints that" if $do eq 'text' && !$recipe{$title};
			die "line $number: $name is not named above" if $do eq 'file' && index($prose, "`$name`") < 0;
			$prose = '';
		}
		elsif (/^\s*(```|~~~)/ || /^(\t| {4})/) { die "line $number: a block that is not understood" }
		elsif (/^## (.*)$/) { $title = $1 }
		else { $prose = /^$/ ? $prose : "$prose$_" }
	}
	die 'a block has no end' if defined $do;
	return %recipe;
}

sub free_port
{
	my ($proto) = @_;

	return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => $proto)->sockport;
}

# new_kitchen(NAME): a server of PostgreSQL that logs all it can, a directory, and what the cookbook's $NAMEs stand for.
sub new_kitchen
{
	my ($name) = @_;
	my $node = new_node(
		$name,
		bare => 1,
		settings => q{
			log_statement = all
			log_min_duration_statement = 0
			log_min_duration_sample = 0
			log_transaction_sample_rate = 1
			log_min_error_statement = debug5
		});
	my $dir = $node->basedir . '/cookbook';

	mkdir $dir or die $!;
	return {
		node => $node,
		dir => $dir,
		recipe => { read_cookbook() },
		names => {
			DIR => $dir,
			BINDIR => $node->config_data('--bindir'),
			PGHOST => $node->host,
			PGPORT => $node->port,
			POOL_PORT => free_port('tcp'),
			RADIUS_PORT => free_port('udp'),
			WEBHOOK_PORT => free_port('tcp')
		}
	};
}

# start(KITCHEN, COMMAND, IN, OUT …): in the kitchen's directory, with its names in the environment.
sub start
{
	my ($kitchen, $command, @files) = @_;

	local @ENV{ keys %{ $kitchen->{names} } } = values %{ $kitchen->{names} };
	local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
	return IPC::Run::start(
		$command, @files,
		init => sub { chdir $kitchen->{dir} or die $! },
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
}

sub write_file
{
	my ($kitchen, $block) = @_;
	my $path = "$kitchen->{dir}/$block->{name}";
	my $names = join '|', keys %{ $kitchen->{names} };

	mkpath(dirname($path));
	append_to_file($path, $block->{text} =~ s/\$($names)\b/$kitchen->{names}{$1}/gr);
	chmod 0755, $path or die $! if $block->{text} =~ /^#!/;
	return '';
}

sub run_sh
{
	my ($kitchen, $block) = @_;
	my $out = '';

	start($kitchen, [ 'sh', '-euc', $block->{text} ], '<', '/dev/null', '>&', \$out)->finish
	  or $out .= "exit status $?\n";
	return $out;
}

sub run_server
{
	my ($kitchen, $block) = @_;
	my ($program) = $block->{text} =~ /^(\w+)/;
	my $log = "$kitchen->{dir}/$program.log";
	my $tries = 20 * $PostgreSQL::Test::Utils::timeout_default;

	my $run = start($kitchen, [ 'sh', '-euc', "exec $block->{text}" ], '<', '/dev/null', '>&', $log);
	push @running, $run;
	while (slurp_file($log) !~ $ready{$program})
	{
		die "$program does not start: " . slurp_file($log) unless $tries-- && $run->pumpable;
		usleep(50_000);
		$run->pump_nb;
	}
	return '';
}

sub lines
{
	return join "\n", grep { $_ ne '' } map { s/\s+$//r } split /\n/, shift;
}

# start_session(KITCHEN, CONNECTION): psql in the kitchen, of which ask() asks something.
sub start_session
{
	my ($kitchen, $connection) = @_;
	my %session = (in => '', out => '');

	$session{run} = start(
		$kitchen,
		[ $kitchen->{node}->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=terse', '-d', $connection ],
		'<', \$session{in}, '>&', \$session{out});
	return \%session;
}

# What psql prints, without what has no meaning for a reader: empty lines and white space at an end.
sub ask
{
	my ($session, $text) = @_;

	$session->{out} = '';
	$session->{in} .= "$text\n\\echo end of block\n";
	$session->{run}->pump until $session->{out} =~ s/^end of block\n\z//m;
	return lines($session->{out});
}

sub run_sql
{
	my ($kitchen, $block) = @_;

	return ask($kitchen->{session}, $block->{text});
}

my %run = (sql => \&run_sql, sh => \&run_sh, server => \&run_server, file => \&write_file);

# cook(KITCHEN): runs the recipes of the test, all of their blocks.
sub cook
{
	my ($kitchen) = @_;

	for my $title (recipes_of(basename($0, '.pl')))
	{
		my @blocks = @{ $kitchen->{recipe}{$title} // die "no recipe '$title'" };

		$kitchen->{session} = start_session($kitchen, $title eq 'Before the first recipe' ? 'postgres' : 'shop');
		is(lines($run{ $_->{do} }->($kitchen, $_)), lines($_->{says}), "$title: what the block in line $_->{line} says") for @blocks;
		$kitchen->{session}{run}->finish;
	}
	return;
}

# Tokens with one secret, of which the tests know the codes; no statement has them.
my $token = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

sub token_codes
{
	my ($kitchen) = @_;

	return split /\n/, value($kitchen->{node}, "SELECT hotp_at('$token', n) FROM generate_series(0, 9) AS n", 'shop');
}

# Gives somebody such a token, whatever he is called; code 0 is spent by that.
sub enroll
{
	my ($kitchen, $user) = @_;

	return value($kitchen->{node}, qq{
		SELECT otp_enroll(\$_\$$user\$_\$, 'hotp', account => 'x', secret => '$token') \\g /dev/null
		SELECT otp_confirm(\$_\$$user\$_\$, hotp_at('$token', 0)::text)}, 'shop');
}

# is_kept_quiet(KITCHEN, CODE …): the codes were in statements of role door, which nobody sees.
sub is_kept_quiet
{
	my ($kitchen, @codes) = @_;
	my $log = slurp_file($kitchen->{node}->logfile);
	my @texts = map { ("'$_'", unpack 'H*', $_) } @codes;

	like($log, qr/statement: SELECT otp_confirm/, 'control: the log has the statements of others');
	is(join(' ', grep { index($log, $_) >= 0 } @texts), '', 'the log has no code that was asked at the door');
	return;
}

# Nobody needs what they know, and PgBouncer may want to wait for its clients.
END
{
	my $status = $?;

	$_->kill_kill(grace => 1) for @running;
	$? = $status;
}

1;
