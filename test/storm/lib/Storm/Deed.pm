# What a session can do.  A call is a function of the extension, wrapped so that its trail and its
# effect bear the number of the operation; a deed is a way to choose a call's arguments.
#
# To add a function, add it to %CALL, and to @DEEDS the ways in which it is called; those of authenticators are in
# TokenDeed.pm, those of users with a stop in LimitDeed.pm.

package Storm::Deed;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use Storm::LimitDeed qw(%LIMIT_CALL @LIMIT_DEEDS);
use Storm::TokenDeed qw(%TOKEN_CALL @TOKEN_DEEDS);

our @EXPORT_OK = qw(%CALL @DEEDS %DEED call_sql);

# query: the answer, of the arguments who, purpose, context and guess.
# effect: whether the answer is one that commits with the transaction; then table effect gets a row.
our %CALL = (
	issue => {
		query => 'SELECT otp_issue(who, purpose, context)::text, NULL, NULL',
		effect => 'true',
		code => 'told.answer'
	},
	resend => { query => 'SELECT otp_resend(who, purpose, context)::text, NULL, NULL', effect => 'false' },
	cancel => {
		query => 'SELECT otp_cancel(who, purpose)::text, NULL, NULL',
		effect => q(told.answer = 'true')
	},
	attempt => {
		query => 'SELECT reason, attempts_left, retry_at FROM otp_attempt(who, guess, purpose, context)',
		effect => q(told.answer = 'accepted')
	},
	%TOKEN_CALL,
	%LIMIT_CALL,
);

# choose: purpose, context and code of the call, and its user if it is another one; or nothing if no code is known.  It
# is given the session, for its letters and its last guess, the user's name, and what the plan has drawn.  Then deed
# `otherwise` is done, by default issue.
our @DEEDS = (
	{ name => 'issue', share => 24, call => 'issue', choose => sub { _drawn($_[2]) } },
	{ name => 'resend', share => 4, call => 'resend', choose => sub { _letter(@_, 0) } },
	{ name => 'cancel', share => 3, call => 'cancel', choose => sub { _drawn($_[2]) } },
	{ name => 'right', share => 36, call => 'attempt', choose => sub { _letter(@_, 0) } },
	{ name => 'stale', share => 3, call => 'attempt', choose => sub { _letter(@_, 1) } },
	{ name => 'wrong', share => 10, call => 'attempt', choose => sub { _drawn($_[2], 'code') } },
	{ name => 'again', share => 8, call => 'attempt', choose => sub { $_[0]->last_guess } },
	{ name => 'malformed', share => 3, call => 'attempt', choose => sub { _drawn($_[2], 'malformed') } },
	{ name => 'astray', share => 4, call => 'attempt', choose => \&_astray },
);
our %DEED = map { $_->{name} => $_ } @DEEDS, @TOKEN_DEEDS, @LIMIT_DEEDS;

sub _drawn
{
	my ($drawn, $code) = @_;

	return (@$drawn{qw(purpose context)}, $code ? $drawn->{$code} : undef);
}

# The code that was sent last, or BACK before it, with its context.
sub _letter
{
	my ($session, $who, $drawn, $back) = @_;
	my $letter = $session->letter($who, $drawn->{purpose}, $back) or return;

	return ($drawn->{purpose}, @$letter{qw(context code)});
}

# A right code for another purpose, or in another context.
sub _astray
{
	my ($session, $who, $drawn) = @_;
	my ($purpose, $context, $code) = _letter(@_, 0) or return;

	return ($drawn->{other_purpose}, $context, $code) if $drawn->{other_purpose} ne $purpose;
	return ($purpose, "not $context", $code);
}

# The tables and functions of the application.
sub call_sql
{
	my $sql = q{
		CREATE TYPE storm_told AS (answer text, attempts_left integer, retry_at timestamptz);
		CREATE TABLE effect (
		  seq bigserial, op text PRIMARY KEY, call text, who text, purpose text, context text, code text);
		GRANT INSERT ON effect TO shop;
		GRANT USAGE ON effect_seq_seq TO shop;
	};

	for my $name (sort keys %CALL)
	{
		my $call = $CALL{$name};
		my $code = $call->{code} // 'guess';

		$sql .= qq{
			CREATE FUNCTION storm_$name(op text, who text, purpose text, context text, guess text)
			  RETURNS storm_told LANGUAGE plpgsql AS \$\$
			DECLARE
			  told storm_told;
			BEGIN
			  PERFORM set_config('application_name', op, false);
			  $call->{query} INTO told;
			  IF $call->{effect} THEN
			    INSERT INTO effect (op, call, who, purpose, context, code)
			    VALUES (op, '$name', who, purpose, context, $code);
			  END IF;
			  RETURN told;
			END \$\$;

			CREATE FUNCTION storm_${name}_undone(op text, who text, purpose text, context text, guess text)
			  RETURNS storm_told LANGUAGE plpgsql AS \$\$
			DECLARE
			  told storm_told;
			BEGIN
			  BEGIN
			    told := storm_$name(op, who, purpose, context, guess);
			    RAISE EXCEPTION 'undo';
			  EXCEPTION WHEN raise_exception THEN
			    NULL;
			  END;
			  RETURN told;
			END \$\$;

			CREATE FUNCTION storm_${name}_kept(op text, who text, purpose text, context text, guess text)
			  RETURNS storm_told LANGUAGE plpgsql AS \$\$
			DECLARE
			  told storm_told;
			BEGIN
			  BEGIN
			    told := storm_$name(op, who, purpose, context, guess);
			  EXCEPTION WHEN raise_exception THEN
			    NULL;
			  END;
			  RETURN told;
			END \$\$;
		};
	}
	return $sql;
}

1;
