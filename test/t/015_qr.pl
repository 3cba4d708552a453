# QR codes are what they say: each form is made a picture, and read by zbarimg as a camera would.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use OtpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# pixels a module, for those that do not say how many
use constant SCALE => 4;

my $node = new_node('qr');
my $directory = PostgreSQL::Test::Utils::tempdir();

sub run_tool
{
	my @command = @_;
	my ($out, $err);

	IPC::Run::run(\@command, '>', \$out, '2>', \$err) or diag("$command[0]: $err");
	return $out;
}

# read_picture(FILE): what its QR code says.
sub read_picture
{
	my ($file) = @_;

	return run_tool('zbarimg', '--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', $file) =~ s/\n\z//r;
}

sub write_file
{
	my ($name, $bytes) = @_;
	my $file = "$directory/$name";

	open my $handle, '>:raw', $file or die "$file: $!";
	print $handle $bytes;
	close $handle or die "$file: $!";
	return $file;
}

# draw_blocks(TEXT, INK, PAPER): half blocks as a terminal with those colours shows them, as PGM.
sub draw_blocks
{
	my ($text, $ink, $paper) = @_;
	my %inked = ("\x{2580}" => [ 1, 0 ], "\x{2584}" => [ 0, 1 ], "\x{2588}" => [ 1, 1 ], ' ' => [ 0, 0 ]);
	my @rows;

	utf8::decode($text) or die 'no UTF-8';
	for my $line (split /\n/, $text)
	{
		for my $half (0, 1)
		{
			my $row = join '', map { ($inked{$_}[$half] ? $ink : $paper) x SCALE } split //, $line;
			push @rows, ($row) x SCALE;
		}
	}
	return sprintf "P5\n%d %d\n255\n%s", length $rows[0], scalar @rows, join '', @rows;
}

# draw_svg(TEXT): an SVG document, rendered as PNG.
sub draw_svg
{
	my ($text) = @_;
	my ($side) = $text =~ /viewBox="0 0 (\d+) \1"/ or die 'no viewBox';
	my $png = "$directory/svg.png";

	run_tool('rsvg-convert', '--width', SCALE * $side, '--output', $png, write_file('qr.svg', $text));
	return $png;
}

# Each form of the QR code of an SQL expression, as a file that zbarimg reads.
my ($black, $white) = ("\x00", "\xff");
my %form = (
	'utf8, on a dark terminal' => sub { write_file('qr.pgm', draw_blocks(value($node, "SELECT otp_qr($_[0], 'utf8')"), $white, $black)) },
	'utf8i, on a light terminal' => sub { write_file('qr.pgm', draw_blocks(value($node, "SELECT otp_qr($_[0], 'utf8i')"), $black, $white)) },
	'svg' => sub { draw_svg(value($node, "SELECT otp_qr($_[0], 'svg')")) },
	'png' => sub { write_file('qr.png', pack 'H*', value($node, "SELECT encode(otp_qr_png($_[0]), 'hex')")) },
	'png, small' => sub { write_file('qr.png', pack 'H*', value($node, "SELECT encode(otp_qr_png($_[0], 2), 'hex')")) });

my $secret = "otp_secret('\\x3132333435363738393031323334353637383930'::bytea";
my @contents = (
	[ 'a URI', "otpauth_uri($secret), 'alice\@example.com', 'ACME Co')" ],
	[ 'a URI of HOTP', "otpauth_uri($secret, 'SHA512', 8), 'alice', 'ACME', 'hotp', 9223372036854775807)" ],
	[ 'a URI with all that is escaped', "otpauth_uri($secret), 'a+b c/d?e=f&g#h%i', '\"O''Neill\" <[~_.-]>')" ],
	[ 'a URI with an issuer in German', "otpauth_uri($secret), U&'J\\00FCrgen', U&'M\\00FCller & S\\00F6hne')" ],
	[ 'a URI with an issuer in Japanese', "otpauth_uri($secret), U&'\\592A\\90CE', U&'\\682A\\5F0F\\4F1A\\793E')" ],
	[ 'a URI with an issuer in Arabic', "otpauth_uri($secret), U&'\\0639\\0644\\064A', U&'\\0628\\0646\\0643 \\+01F511')" ],
	[ 'a URI with the longest names', "otpauth_uri($secret), repeat('x', 256), repeat(U&'\\00FC', 128))" ],
	[ 'the longest URI', "rpad(otpauth_uri($secret), 'alice', 'ACME') || '&image=', 2331, 'https%3a%2f%2facme.example%2f')" ],
	[ 'a secret', 'repeat(\'JBSWY3DPEHPK3PXP\', 2)' ],
	[ 'one letter', "'a'" ],
	[ 'digits', "'0123456789'" ],
	[ 'UTF-8', "U&'Gr\\00FC\\00DFe aus K\\00F6ln'" ],
	[ 'the longest UTF-8', "repeat(U&'\\00FC', 1165)" ]);

for my $case (@contents)
{
	my ($what, $sql) = @$case;
	my $content = value($node, "SELECT $sql");

	is(read_picture($form{$_}->($sql)), $content, "$what: $_") for sort keys %form;
}

# Control: the picture is what is read.
my $negative = write_file('none.pgm', draw_blocks(value($node, "SELECT otp_qr('a')") =~ s/\xe2\x96./ /gr, $white, $black));
is(read_picture($negative), '', 'control: nothing is read where there is nothing');

# The SVG document runs nothing and asks for nothing.
my $svg = value($node, "SELECT otp_qr('a', 'svg')");
is_deeply([ $svg =~ /<([a-z]+)/g ], [ 'svg', 'rect', 'path' ], 'the SVG document has three elements');
is_deeply([ $svg =~ /([\w:-]+)="/g ],
	[ qw(xmlns viewBox shape-rendering width height fill stroke d) ], 'and none of their attributes refers to anything');

stop_soundly($node);
done_testing();
