# The keys of a server and the codes that they give, computed from the documents and not by the
# extension: for tests that look for keys where none may be.  Needs extension pgcrypto.

package OtpKeys;

use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha256);
use Exporter 'import';
use OtpTest;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(master_key data_key opened keys_of derived_code);

# HKDF-SHA256 without a salt: one block is all it takes.
sub subkey
{
	my ($key, $use) = @_;

	return hmac_sha256("$use\x01", hmac_sha256($key, "\0" x 32));
}

sub master_key
{
	my ($node) = @_;

	return pack 'H64', slurp_file(master_key_file($node));
}

# What AES-256-GCM has sealed, without a look at its MAC: format byte, nonce, text, MAC.  The text is that of counter mode.
sub unsealed
{
	my ($node, $key, $sealed, $database) = @_;
	my ($nonce, $text) = (substr($sealed, 1, 12), substr $sealed, 13, -16);
	my $counters = join '', map { $nonce . pack 'N', $_ } 2 .. 2 + length($text) / 16;
	my $stream = value(
		$node,
		sprintf(
			"SELECT encode(encrypt('\\x%s', '\\x%s', 'aes-ecb/pad:none'), 'hex')",
			unpack('H*', $counters), unpack('H*', $key)),
		$database);

	return $text ^ substr pack('H*', $stream), 0, length $text;
}

# data_key(NODE, DATABASE = postgres, ID): of several rows of otp_key, the one of that id.
sub data_key
{
	my ($node, $database, $id) = @_;
	my $wrapped = value($node, "SELECT encode(wrapped, 'hex') FROM otp_key" . ($id ? " WHERE id = $id" : ''), $database);

	return unsealed($node, subkey(master_key($node), 'otp wrapping of data keys'), pack('H*', $wrapped), $database);
}

# What is sealed under a data key.
sub opened
{
	my ($node, $sealed, $database, $id) = @_;

	return unsealed($node, subkey(data_key($node, $database, $id), 'otp sealing of secrets'), $sealed, $database);
}

# All that must never be seen, in hexadecimal, by name; of several data keys, for the one of that id.
sub keys_of
{
	my ($node, $database, $id) = @_;
	my ($master, $data) = (master_key($node), data_key($node, $database, $id));
	my %key = (
		'master key' => $master,
		'key that wraps' => subkey($master, 'otp wrapping of data keys'),
		'data key' => $data,
		'key that codes are derived from' => subkey($data, 'otp derivation of codes'),
		'key that seals secrets' => subkey($data, 'otp sealing of secrets'));

	return map { $_ => unpack 'H*', $key{$_} } keys %key;
}

# The live code of a user, alphanumeric.
sub derived_code
{
	my ($node, $user, $purpose, $context, $database) = @_;
	my ($nonce, $length) = split /\|/,
	  value($node,
		"SELECT translate(nonce::text, '-', ''), length FROM otp_challenge WHERE user_id = '$user' AND purpose = '$purpose'",
		$database);
	my $message = join '', map { pack('Q>', length) . $_ } 'code', $user, $purpose, $context, pack('H*', $nonce), "\0" x 4;
	my $block = hmac_sha256($message, subkey(data_key($node, $database), 'otp derivation of codes'));
	my @symbols = split //, '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
	my @fair = grep { $_ < 256 - 256 % @symbols } unpack 'C24', $block;

	return join '', map { $symbols[ $_ % @symbols ] } @fair[ 0 .. $length - 1 ];
}

1;
