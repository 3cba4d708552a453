# Servers at the other end of the relay: of mail (test/smtp) and of SMS (Kannel, before test/smpp).

package OtpEnds;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Copy;
use FindBin;
use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use OtpRelay;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_mail_server mails logins start_sms_centre start_kannel stop_kannel short_messages);

my $test = "$FindBin::RealBin/..";

my @running;

# start(SERVER, COMMAND …): in the directory of the server, with its output in its log.
sub start
{
	my ($server, @command) = @_;

	$server->{run} = IPC::Run::start(\@command, '<', \undef, '>&', $server->{log}, init => sub { chdir $server->{dir} or die $! });
	push @running, $server;
	return;
}

# wait_for(SERVER, WHAT, CODE): until the code says true, as long as the server runs.
sub wait_for
{
	my ($server, $what, $code) = @_;

	wait_until($what, sub {
		$server->{run}->pump_nb;
		die "$what: " . slurp_file($server->{log}) unless $server->{run}->pumpable;
		return $code->();
	});
	return;
}

# start_mail_server(DIRECTORY, PASSWORD): for user relay.  make_authority() has been there.
sub start_mail_server
{
	my ($dir, $password) = @_;
	my $server = { dir => $dir, log => "$dir/server.log" };

	append_to_file("$dir/password", $password);
	start($server, "$test/smtp/server", $dir);
	wait_for($server, 'the mail server', sub { -e "$dir/ports" });
	$server->{port} = { map { split } split /\n/, slurp_file("$dir/ports") };
	return $server;
}

# Texts in UTF-8, as the tests and PostgreSQL have them.
sub bytes
{
	my ($value) = @_;

	return [ map { bytes($_) } @$value ] if ref $value eq 'ARRAY';
	return { map { $_ => bytes($value->{$_}) } keys %$value } if ref $value eq 'HASH';
	utf8::encode($value);
	return $value;
}

# mails(SERVER, RECIPIENT): what its box holds for somebody: by test/smtp/read, and raw.
sub mails
{
	my ($server, $recipient) = @_;
	my @mails;

	for my $file (glob "$server->{dir}/box/new/*")
	{
		my ($json, $error);
		my $raw = slurp_file($file);
		next unless $raw =~ /^X-RcptTo: \Q$recipient\E$/m;
		IPC::Run::run([ "$test/smtp/read", $file ], '>', \$json, '2>', \$error) or die $error;
		push @mails, { %{ bytes(decode_json($json)) }, raw => $raw };
	}
	return @mails;
}

# logins(SERVER): what has been tried.
sub logins
{
	my ($server) = @_;

	return -e "$server->{dir}/logins" ? slurp_file("$server->{dir}/logins") : '';
}

# With the authorities of the system, whatever others npm has brought.  A machine without the registry is no fault of the code:
# then the test is skipped, and says so.
sub install_modules
{
	my ($dir) = @_;
	my $authorities = '/etc/ssl/certs/ca-certificates.crt';
	my $output;

	copy("$test/smpp/$_", "$dir/$_") or die $! for qw(package.json package-lock.json centre.js);
	local $ENV{NODE_EXTRA_CA_CERTS} = $ENV{NODE_EXTRA_CA_CERTS} // $authorities;
	IPC::Run::run([ qw(npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier), '--cache', "$dir/cache", '--prefix', $dir ],
		'<', \undef, '>&', \$output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default))
	  or plan(skip_all => "cannot install the modules of test/smpp from npm's registry");
	return;
}

# start_sms_centre(DIRECTORY): one that takes short messages by SMPP.
sub start_sms_centre
{
	my ($dir) = @_;
	my $centre = { dir => $dir, log => "$dir/centre.log" };

	install_modules($dir);
	start($centre, 'node', 'centre.js');
	wait_for($centre, 'the SMS centre', sub { -e "$dir/port" });
	chomp($centre->{port} = slurp_file("$dir/port"));
	return $centre;
}

# Ports that nobody has now.
sub free_ports
{
	my ($count) = @_;
	my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') // die $! } 1 .. $count;

	return map { $_->sockport } @sockets;
}

# write_kannel_conf(CENTRE, PORT of requests, USER, PASSWORD)
sub write_kannel_conf
{
	my ($centre, $port, $user, $password) = @_;
	my ($admin, $boxes) = free_ports(2);
	my $file = "$centre->{dir}/kannel.conf";

	unlink $file;
	append_to_file($file, <<~END);
		group = core
		admin-port = $admin
		admin-interface = 127.0.0.1
		admin-password = none
		smsbox-port = $boxes
		smsbox-interface = 127.0.0.1
		store-location = $centre->{dir}/kannel.store

		group = smsc
		smsc = smpp
		smsc-id = centre
		host = 127.0.0.1
		port = $centre->{port}
		transceiver-mode = true
		smsc-username = kannel
		smsc-password = kannel
		system-type = ""
		source-addr-ton = 5
		source-addr-npi = 0

		group = smsbox
		bearerbox-host = 127.0.0.1
		sendsms-port = $port
		sendsms-interface = 127.0.0.1

		group = sendsms-user
		username = $user
		password = $password
		max-messages = 4
		concatenation = true
		END
	return;
}

# start_kannel(CENTRE, USER, PASSWORD, PORT = a free one): its two boxes, before a centre.
sub start_kannel
{
	my ($centre, $user, $password, $port) = @_;
	my $dir = $centre->{dir};
	my ($bearer, $sms) = map { { dir => $dir, log => "$dir/$_.log" } } qw(bearerbox smsbox);

	$port //= (free_ports(1))[0];
	unlink "$dir/bound", map { $_->{log} } $bearer, $sms;
	write_kannel_conf($centre, $port, $user, $password);
	start($bearer, '/usr/sbin/bearerbox', 'kannel.conf');
	wait_for($bearer, 'bearerbox', sub { -e "$dir/bound" });
	start($sms, '/usr/sbin/smsbox', 'kannel.conf');
	wait_for($sms, 'smsbox', sub { slurp_file($bearer->{log}) =~ /Client connected from/ });
	return { port => $port, boxes => [ $sms, $bearer ] };
}

sub stop_kannel
{
	my ($kannel) = @_;

	for my $box (@{ $kannel->{boxes} })
	{
		@running = grep { $_ != $box } @running;
		$box->{run}->kill_kill;
	}
	return;
}

# short_messages(CENTRE): what phones have got: from, to, text, parts.
sub short_messages
{
	my ($centre) = @_;
	my $file = "$centre->{dir}/messages";

	return -e $file ? map { bytes(decode_json($_)) } slurp_file($file) =~ /(.*)\n/g : ();
}

END
{
	local $?;
	$_->{run}->kill_kill(grace => 1) for reverse @running;
}

1;
