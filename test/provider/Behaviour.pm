# What the provider does with a request, by its path: see provider.

package Behaviour;

use strict;
use warnings FATAL => 'all';

use POSIX qw(strftime);
use Time::HiRes qw(time);

# new(DIRECTORY, PATH, NUMBER of the request, KEY of idempotency, SEEN: how often each key has been, the REQUEST)
sub new
{
	my ($class, $dir, $path, $number, $key, $seen, $request) = @_;
	my @steps = grep { length } split m{/}, $path =~ s/\?.*//r;
	my $self = bless { dir => $dir, number => $number, key => $key, request => $request }, $class;
	my $times = ++$seen->{$key};

	$self->{steps} = \@steps;
	while (@steps && $steps[0] =~ /^(first|slow|gate)$/)
	{
		my ($what, $value) = splice @steps, 0, 2;
		$self->{due} = time + $value if $what eq 'slow';
		$self->{gate} = $value if $what eq 'gate';
		@steps = ('ok') if $what eq 'first' && $times > $value;
	}
	return $self;
}

sub http
{
	my ($status, $body, @headers) = @_;

	return {
		status => $status,
		text => join "\r\n", "HTTP/1.1 $status Test", 'Content-Length: ' . length $body, @headers, '', $body
	};
}

# What a test wants to be answered to a path, from its file.
sub scripted
{
	my ($self) = @_;
	my $file = "$self->{dir}/answers/" . (join('_', @{ $self->{steps} }) || '_');

	open(my $in, '<:raw', $file) or return http(404, '{}');
	my ($status, $head, $body) = do { local $/; <$in> } =~ /\A(\d+)\n(.*?)\n\n(.*)\z/s or die "$file: no answer";
	$body =~ s/%NUMBER%/$self->{number}/g;
	return http($status, $body, split /\n/, $head);
}

# Undefined: not yet.
sub answer
{
	my ($self) = @_;
	my ($what, @values) = (@{ $self->{steps} }, '');
	my $id = "m-$self->{number}";

	return if $self->{due} && time < $self->{due};
	return if $self->{gate} && !-e "$self->{dir}/$self->{gate}";
	return if $what eq 'hang';
	return { end => $what } if $what eq 'reset' || $what eq 'close';
	my %answer = (
		ok => sub { http(200, qq({"id":"$id","status":"0"}), "X-Message-Id: $id", 'Content-Type: application/json') },
		same => sub { http(200, '{"id":"m-same","status":"0"}', 'X-Message-Id: m-same') },
		text => sub { http(202, "$id\n", 'Content-Type: text/plain') },
		value => sub { http(200, qq({"messages":[{"status":"$values[0]","message-id":"$id"}]})) },
		echo => sub { http($values[0], $self->{request}, 'X-Request: ' . $self->{request} =~ s/[\r\n]+/ /gr) },
		status => sub { http($values[0], "{}") },
		wait => sub { http($values[0], "{}", "Retry-After: $values[1]") },
		date => sub { http($values[0], "{}", 'Retry-After: ' . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime time + $values[1])) },
		redirect => sub { http(302, '', 'Location: /ok') },
		json => sub { http(200, '{"id": "m-1", nonsense') },
		big => sub { http(200, '{"id":"m-1","padding":"' . 'x' x 200_000 . '"}') },
		half => sub {
			my $half = http(200, qq({"id":"$id","status":"0"));
			$half->{text} =~ s/Content-Length: (\d+)/'Content-Length: ' . 2 * $1/e;
			$half->{last} = 1;
			return $half;
		});
	return ($answer{ $what // '' } // sub { $self->scripted })->();
}

1;
