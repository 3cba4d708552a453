# The loop of the provider: connections, requests, answers in time.

package Provider;

use strict;
use warnings FATAL => 'all';

use Behaviour;
use Errno qw(EAGAIN EINTR);
use IO::Handle;
use IO::Socket::INET;
use IO::Socket::SSL;
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

# longer than any request of the tests
my $request_max = 1_000_000;

# By the name of the listener: how it speaks TLS.
my %tls = (
	https => { SSL_cert_file => 'good.crt', SSL_key_file => 'good.key' },
	wrong => { SSL_cert_file => 'other.crt', SSL_key_file => 'other.key' },
	unsigned => { SSL_cert_file => 'unsigned.crt', SSL_key_file => 'unsigned.key' },
	old => {
		SSL_cert_file => 'good.crt', SSL_key_file => 'good.key',
		SSL_version => 'TLSv1_1', SSL_cipher_list => 'ALL:@SECLEVEL=0'
	});

sub new
{
	my ($class, $dir) = @_;
	my $self = bless { dir => $dir, connection => {}, listener => {}, requests => 0, seen => {} }, $class;

	open($self->{record}, '>>', "$dir/record") or die "$dir/record: $!";
	$self->{record}->autoflush(1);
	$self->listen_at('http');
	if (-e "$dir/good.crt")
	{
		for my $name (sort keys %tls)
		{
			my %how = %{ $tls{$name} };
			$how{$_} = "$dir/$how{$_}" for qw(SSL_cert_file SSL_key_file);
			$self->{tls}{$name} = IO::Socket::SSL::SSL_Context->new(SSL_server => 1, %how) or die "$name: $SSL_ERROR";
			$self->listen_at($name);
		}
	}
	$self->write_ports;
	return $self;
}

sub listen_at
{
	my ($self, $name) = @_;
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1024, ReuseAddr => 1, Blocking => 0)
	  or die "cannot listen: $!";

	$self->{listener}{ fileno $socket } = { name => $name, socket => $socket };
	return;
}

# Whoever sees the file can connect.
sub write_ports
{
	my ($self) = @_;
	my $file = "$self->{dir}/ports";

	open(my $out, '>', "$file.new") or die "$file: $!";
	print {$out} "$_->{name} ", $_->{socket}->sockport, "\n" for values %{ $self->{listener} };
	close $out or die "$file: $!";
	rename "$file.new", $file or die "$file: $!";
	return;
}

sub record
{
	my ($self, @fields) = @_;

	s/([^ -~]|%)/sprintf '%%%02x', ord $1/ge for @fields;
	print { $self->{record} } join("\t", @fields), "\n";
	return;
}

sub run
{
	my ($self) = @_;

	$SIG{PIPE} = 'IGNORE';
	$self->turn while 1;
	return;
}

sub turn
{
	my ($self) = @_;
	my ($in, $out) = ('', '');

	vec($in, $_, 1) = 1 for keys %{ $self->{listener} };
	while (my ($fd, $c) = each %{ $self->{connection} })
	{
		vec($in, $fd, 1) = 1 unless $c->{wants_to_write};
		vec($out, $fd, 1) = 1 if $c->{wants_to_write} || length $c->{output};
	}
	select($in, $out, undef, $self->{late} && %{ $self->{late} } ? 0.01 : 1);
	$self->accept_from($_) for grep { vec($in, $_, 1) } keys %{ $self->{listener} };
	for my $fd (grep { vec($in, $_, 1) || vec($out, $_, 1) } keys %{ $self->{connection} })
	{
		my $c = $self->{connection}{$fd} or next;
		$self->serve($c);
	}
	$self->answer_late;
	return;
}

sub accept_from
{
	my ($self, $fd) = @_;
	my $listener = $self->{listener}{$fd};

	while (my $socket = $listener->{socket}->accept)
	{
		$socket->blocking(0);
		setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
		my $c = { socket => $socket, fd => fileno $socket, listener => $listener->{name}, input => '', output => '' };
		$self->{connection}{ $c->{fd} } = $c;
		$c->{greeting} = 1 if $tls{ $listener->{name} };
	}
	return;
}

# False: the handshake goes on, or has failed.
sub greet
{
	my ($self, $c) = @_;

	IO::Socket::SSL->start_SSL($c->{socket}, SSL_server => 1, SSL_startHandshake => 0, SSL_reuse_ctx => $self->{tls}{ $c->{listener} })
	  unless ref $c->{socket} eq 'IO::Socket::SSL';
	if ($c->{socket}->accept_SSL)
	{
		delete $c->{greeting};
		return 1;
	}
	$c->{wants_to_write} = $SSL_ERROR == SSL_WANT_WRITE;
	$self->drop($c) unless $SSL_ERROR == SSL_WANT_READ || $SSL_ERROR == SSL_WANT_WRITE;
	return 0;
}

sub drop
{
	my ($self, $c, $abruptly) = @_;

	delete $self->{connection}{ $c->{fd} };
	$c->{dropped} = 1;
	setsockopt($c->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $abruptly;
	if ($abruptly && $c->{socket}->isa('IO::Socket::SSL'))
	{
		$c->{socket}->close(SSL_no_shutdown => 1);
		return;
	}
	close $c->{socket};
	return;
}

sub serve
{
	my ($self, $c) = @_;

	return if $c->{greeting} && !$self->greet($c);
	$c->{wants_to_write} = 0;
	while (1)
	{
		my $n = sysread $c->{socket}, $c->{input}, 65536, length $c->{input};
		last if !defined $n && ($! == EAGAIN || $! == EINTR);
		return $self->drop($c) if !$n || length $c->{input} > $request_max;
	}
	$self->next_request($c) unless $c->{busy};
	$self->send_output($c) unless $c->{dropped};
	return;
}

sub send_output
{
	my ($self, $c) = @_;

	while (length $c->{output})
	{
		my $n = syswrite $c->{socket}, $c->{output};
		return if !defined $n && ($! == EAGAIN || $! == EINTR);
		return $self->drop($c) if !$n;
		substr($c->{output}, 0, $n) = '';
	}
	$self->drop($c) if $c->{last};
	return;
}

# One request after the other; a further one that has come stays where it is.
sub next_request
{
	my ($self, $c) = @_;
	my ($head) = $c->{input} =~ /\A(.*?\r\n)\r\n/s or return;
	my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
	my $whole = length($head) + 2 + ($length // 0);

	return if length $c->{input} < $whole;
	my $request = substr($c->{input}, 0, $whole, '');
	my ($method, $path) = $request =~ /\A(\S+) (\S+)/;
	my ($key) = $head =~ /^Idempotency-Key: *(.*?)\r$/mi;
	my $number = ++$self->{requests};
	my $body = substr $request, length($head) + 2;
	$self->record('request', $number, sprintf('%.6f', time), $c->{listener}, $method, $path, $key // '', $body, $head);
	$c->{busy} = 1;
	my $behaviour = Behaviour->new($self->{dir}, $path, $number, $key // '', $self->{seen}, $request);
	$self->answer($c, $behaviour) or $self->{late}{$number} = [ $c, $behaviour ];
	return;
}

# False: it is not time yet.
sub answer
{
	my ($self, $c, $behaviour) = @_;
	my $answer = $behaviour->answer or return 0;

	$self->record('answer', $behaviour->{number}, sprintf('%.6f', time), $answer->{status} // $answer->{end});
	if ($answer->{end})
	{
		$self->drop($c, $answer->{end} eq 'reset');
		return 1;
	}
	$c->{output} .= $answer->{text};
	$c->{last} = $answer->{last};
	$c->{busy} = 0;
	return 1;
}

sub answer_late
{
	my ($self) = @_;

	for my $number (sort { $a <=> $b } keys %{ $self->{late} // {} })
	{
		my ($c, $behaviour) = @{ $self->{late}{$number} };
		next unless $c->{dropped} || $self->answer($c, $behaviour);
		delete $self->{late}{$number};
		next if $c->{dropped};
		$self->send_output($c);
		$self->next_request($c) unless $c->{dropped};
	}
	return;
}

1;
