# What the TAP tests of the relay share: a provider (test/provider), its certificates, channels to it, relays, and what
# provider and relays say.

package OtpRelay;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename;
use FindBin;
use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(
  new_relay_node open_relay make_authority start_server start_provider add_channel send_message message
  start_relay run_relay once relay_log relay_pid wait_until wait_for_log end_of end_relay
  record requests hurry
);

my $tree = "$FindBin::RealBin/../..";
our $relay = "$tree/relay/otp-relay";
my $program = $relay;
# what runs it, valgrind for example
my @wrapper = split / /, $ENV{OTP_RELAY_WRAPPER} // '';

# All that tests have started
my @running;

# new_relay_node(NAME, PARAMETER => VALUE …): a server, with role courier for relays.
sub new_relay_node
{
	my ($name, %params) = @_;
	my $node = new_node($name, %params);

	value($node, 'CREATE ROLE courier LOGIN');
	value($node, q{SELECT otp_grant('courier', 'relay')});
	return $node;
}

# wait_until(WHAT, CODE): until the code says true.
sub wait_until
{
	my ($what, $code) = @_;
	my $patience = time + $PostgreSQL::Test::Utils::timeout_default;

	until ($code->())
	{
		if (time > $patience)
		{
			diag(slurp_file($_->{log})) for grep { $_->{log} } @running;
			die "waited in vain for: $what";
		}
		usleep(10_000);
	}
	return;
}

sub openssl
{
	my (@arguments) = @_;
	my $output;

	IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>', \$output, '2>&1') or die "openssl @arguments: $output";
	return;
}

# make_authority(DIRECTORY): authority.crt, and with its keys: good.crt of 127.0.0.1 and localhost, other.crt of another host,
# unsigned.crt by nobody that is known.
sub make_authority
{
	my ($dir) = @_;
	my @key = ('-newkey', 'rsa:2048', '-nodes');
	my %names = (good => 'IP:127.0.0.1,DNS:localhost', other => 'DNS:elsewhere.example', unsigned => 'IP:127.0.0.1,DNS:localhost');

	openssl('req', '-x509', @key, '-keyout', "$dir/authority.key", '-out', "$dir/authority.crt", '-days', '2', '-subj', '/CN=authority of the test');
	for my $name (sort keys %names)
	{
		my @signed = $name eq 'unsigned' ? () : ('-CA', "$dir/authority.crt", '-CAkey', "$dir/authority.key");
		append_to_file("$dir/$name.ext", "subjectAltName=$names{$name}\nbasicConstraints=critical,CA:FALSE\n");
		openssl('req', @key, '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr", '-subj', '/CN=provider');
		openssl('x509', '-req', '-in', "$dir/$name.csr", '-out', "$dir/$name.crt", '-days', '2', '-extfile', "$dir/$name.ext",
			@signed ? (@signed, '-CAcreateserial') : ('-signkey', "$dir/$name.key"));
		chmod 0600, "$dir/$name.key" or die $!;
	}
	return;
}

# open_relay(): has the next relays be ones whose memory can be read.  False if there is no such program here.
sub open_relay
{
	system('make', '-s', '-C', "$tree/relay", 'otp-relay-open') == 0 or return 0;
	$program = "$relay-open";
	return 1;
}

# start_server(DIRECTORY, LOG, COMMAND …): one that runs until the test ends.
sub start_server
{
	my ($dir, $log, @command) = @_;
	my $server = { dir => $dir, log => $log };

	$server->{run} = IPC::Run::start(\@command, '<', \undef, '>&', $log);
	push @running, $server;
	return $server;
}

# start_provider(DIRECTORY): speaks TLS, too, if make_authority() has been there.
sub start_provider
{
	my ($dir) = @_;
	my $provider = start_server($dir, "$dir/provider.log", $^X, "$tree/test/provider/provider", $dir);

	wait_until('the provider', sub { -e "$dir/ports" });
	$provider->{port} = { map { split } split /\n/, slurp_file("$dir/ports") };
	return $provider;
}

# add_channel(NODE, NAME, COLUMN => VALUE …): by HTTP to a path of a listener (http) of a provider, unless columns
# say something else.  One that is unguarded may be as no channel can.
sub add_channel
{
	my ($node, $name, %columns) = @_;
	my $provider = delete $columns{provider};
	my $listener = delete $columns{listener} // 'http';
	my $path = delete $columns{path} // '/ok';
	my $guard = delete $columns{unguarded} ? 'SET session_replication_role = replica;' : '';

	if ($provider)
	{
		my $scheme = $listener eq 'http' ? 'http' : 'https';
		%columns = (
			transport => 'http', kind => 'sms', method => 'POST', accept_status => '{200,202}',
			retry_status => '{429,500,503}', id_path => 'id',
			url => "$scheme://127.0.0.1:$provider->{port}{$listener}$path",
			headers => '{"Content-Type: application/json","Idempotency-Key: {id}"}',
			body => '{"to": "{destination}", "text": "{text}"}',
			allow_plaintext => $listener eq 'http' ? 't' : 'f',
			($listener eq 'http' ? () : (ca_file => "$provider->{dir}/authority.crt")), %columns);
	}
	%columns = (app => 'Shop', name => $name, %columns);
	my @names = sort keys %columns;
	value($node, sprintf('%s INSERT INTO otp_channel (%s) VALUES (%s)',
			$guard, join(', ', @names), join(', ', map { defined $columns{$_} ? "\$q\$$columns{$_}\$q\$" : 'NULL' } @names)));
	return;
}

# send_message(NODE, CHANNEL, USER, DESTINATION): returns its id.
sub send_message
{
	my ($node, $channel, $user, $destination) = @_;

	return value($node, sprintf("SELECT otp_send('%s', '%s', '%s')", $user, $destination // '+6281234567890', $channel));
}

# message(NODE, USER): state, tries, id if the provider has given one, error.
sub message
{
	my ($node, $user) = @_;

	return value($node, qq{
		SELECT concat_ws(' ', CASE state WHEN 'q' THEN 'queued' WHEN 'c' THEN 'claimed' WHEN 's' THEN 'sent' WHEN 'f' THEN 'failed' ELSE state::text END,
			tries, CASE WHEN provider_id <> idempotency_key::text THEN 'id' END, error)
		FROM otp_message WHERE user_id = '$user'});
}

# hurry(NODE, USER …): as if the time until the next try had passed, or that of the lease.
sub hurry
{
	my ($node, @users) = @_;

	value($node, sprintf("UPDATE otp_message SET due_at = clock_timestamp() WHERE due_at IS NOT NULL AND user_id IN (%s); NOTIFY otp_message",
			join ', ', map { "'$_'" } @users));
	return;
}

my $relays = 0;

# Tests that run at once have a directory of logs in common.
sub next_log
{
	return sprintf '%s/%s_relay_%d.log', $PostgreSQL::Test::Utils::log_path, basename($0, '.pl'), ++$relays;
}

sub relay_command
{
	my ($node, @options) = @_;

	return (@wrapper, $program, '--dbname=' . $node->connstr('postgres') . ' user=courier', @options);
}

# start_relay(NODE, OPTION …): one in the background, which is connected.  It does not look for messages unless it has reason to.
sub start_relay
{
	my ($node, @options) = @_;
	my $started = { log => next_log() };

	$started->{run} = IPC::Run::start([ relay_command($node, '--poll=3600', @options) ], '<', \undef, '>&', $started->{log});
	push @running, $started;
	wait_for_log($started, qr/connected/);
	return $started;
}

# run_relay(NODE, OPTION …): one that runs to its end.  Returns its exit status, output and log.
sub run_relay
{
	my ($node, @options) = @_;
	my $log = next_log();
	my $out;

	IPC::Run::run([ relay_command($node, @options) ], '<', \undef, '>', \$out, '2>', $log,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return ($? & 127 ? "signal $?" : $? >> 8, $out, slurp_file($log));
}

# once(NODE, OPTION …): the same with --once.
sub once
{
	my ($node, @options) = @_;

	return run_relay($node, '--once', @options);
}

sub relay_log
{
	my ($of) = @_;

	return -e $of->{log} ? slurp_file($of->{log}) : '';
}

sub relay_pid
{
	my ($of) = @_;

	return $of->{run}{KIDS}[0]{PID};
}

sub wait_for_log
{
	my ($of, $pattern) = @_;

	wait_until("$pattern in the log", sub { relay_log($of) =~ $pattern });
	return;
}

# end_of(RELAY): waits for it.  Returns its exit status, or the signal that has ended it.
sub end_of
{
	my ($of) = @_;

	@running = grep { $_ != $of } @running;
	$of->{run}->finish;
	my $status = $of->{run}->full_result(0);
	return $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
}

# end_relay(RELAY, SIGNAL = TERM)
sub end_relay
{
	my ($of, $signal) = @_;

	kill $signal // 'TERM', relay_pid($of);
	return end_of($of);
}

my @of_request = qw(what number at listener method path key body head);
my @of_answer = qw(what number at status);

# record(PROVIDER): its record, as hashes.
sub record
{
	my ($provider) = @_;

	return map {
		my ($names, @values) = (/^request/ ? \@of_request : \@of_answer, split /\t/, $_, -1);
		s/%([0-9a-f]{2})/chr hex $1/ge for @values;
		my %entry;
		@entry{@$names} = @values;
		\%entry;
	} map { /(.*)\n/ } -e "$provider->{dir}/record" ? split /^/, slurp_file("$provider->{dir}/record") : ();
}

# requests(PROVIDER, PATTERN of bodies): those requests, with the status that was answered, if one was.
sub requests
{
	my ($provider, $pattern) = @_;
	my @record = record($provider);
	my %status = map { $_->{number} => $_->{status} } grep { $_->{what} eq 'answer' } @record;

	return map { { %$_, status => $status{ $_->{number} } } }
	  grep { $_->{what} eq 'request' && (!$pattern || $_->{body} =~ $pattern) } @record;
}

END
{
	local $?;
	for my $one (@running)
	{
		$one->{run}->kill_kill(grace => 1);
	}
}

1;
