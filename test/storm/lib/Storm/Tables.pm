# What the tables say in the end, written down as a part of the record.

package Storm::Tables;

use strict;
use warnings FATAL => 'all';

use DBI;
use Storm::Record;
use Storm::Token qw(parse_context token_code token_context);

my %query = (
	effect => 'SELECT seq, op, call, who, purpose, context, code FROM effect ORDER BY seq',
	event => q{
		SELECT (extract(epoch FROM at) * 1000000)::bigint AS at, user_id AS who, purpose, event, reason, method,
		  application_name AS op
		FROM otp_event WHERE role = 'shop' AND event NOT IN ('warned', 'stopped', 'refused') ORDER BY at},
	limit => q{SELECT user_id AS who, purpose, event FROM otp_event WHERE event IN ('warned', 'stopped', 'refused') ORDER BY at},
	budget => q{
		SELECT user_id AS who, total, to_char(level, 'FM999990.000000') AS level,
		  (extract(epoch FROM last_at) * 1000000)::bigint AS last
		FROM otp_budget ORDER BY user_id},
	challenge => q{
		SELECT user_id AS who, purpose, state, (extract(epoch FROM issued_at) * 1000000)::bigint AS issued
		FROM otp_challenge ORDER BY user_id, purpose});

sub connection
{
	my ($node) = @_;

	return DBI->connect('dbi:Pg:' . $node->connstr('postgres') =~ s/ /;/gr, undef, undef, { RaiseError => 1, PrintError => 0 });
}

sub write_down
{
	my ($node, $directory) = @_;
	my $record = Storm::Record->new("$directory/tables.record");
	my $dbh = connection($node);

	for my $kind (sort keys %query)
	{
		for my $row (@{ $dbh->selectall_arrayref($query{$kind}, { Slice => {} }) })
		{
			$record->write($kind, map { $_ => $row->{$_} } sort keys %$row);
		}
	}
	$dbh->disconnect;
	return;
}

# What is tried in the end: the code that was issued last, of every user and purpose, and what was accepted last of every
# user's tokens, and the position after it: [who, purpose, context, code].
sub last_codes
{
	my ($node) = @_;
	my $dbh = connection($node);
	my $codes = $dbh->selectall_arrayref(q{
		SELECT DISTINCT ON (who, purpose) who, purpose, context, code FROM effect WHERE call = 'issue'
		ORDER BY who, purpose, seq DESC});
	my $tokens = $dbh->selectall_arrayref(q{
		SELECT DISTINCT ON (who) who, purpose, context, code FROM effect WHERE call = 'attempt' AND who LIKE 'token-%'
		ORDER BY who, seq DESC});

	$dbh->disconnect;
	return @$codes, map { ($_, _next_code($_)) } @$tokens;
}

sub _next_code
{
	my ($accepted) = @_;
	my ($who, $purpose, $context, $code) = @$accepted;
	my ($key, $position) = @{ parse_context($context) }{qw(key position)};

	return if length $code != length token_code($key, $position);
	return [ $who, $purpose, token_context($key, $position + 1), token_code($key, $position + 1) ];
}

1;
