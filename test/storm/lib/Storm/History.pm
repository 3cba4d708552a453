# What has happened, by the record and the tables: each operation with its answer, its fate, its effect and its row
# of the trail.

package Storm::History;

use strict;
use warnings FATAL => 'all';

use List::Util qw(max min);
use Storm::Record;
use Storm::Token qw(is_token_user parse_context);

use constant NEVER => 9e18;

# read(DIRECTORY): {
#	ops => {ID => {id, n, asked, ended, deed, call, block, who, purpose, context, code,
#		answer, left, retry, state, local, tx, undone, fate, from, to, effect, event, place, token}},
#	effects, events => in order, budgets => {WHO => row}, challenges => {WHO PURPOSE => row},
#	states => {SQLSTATE => count}, errors => [line], mishaps => {NAME => count}, asked => {WHAT => count}, broken => [line],
#	rekeys => [[from, until]]: when data keys were rotated, and what is sealed was sealed anew, and codes that were too old removed,
#	limits => {EVENT => count}: warned, stopped, refused; losses => [when a connection was found to be gone],
#	begun => when the storm began, over => when all was quiet }
#
# token: what the context says of a code of an authenticator or a recovery code, if its user has such.
# excused: may have been told and lost in a failover; adrift: so may what it rests on.
# fate: committed, undone, or unknown; from, to: when a commit may at the earliest, and must at the latest, have
# been seen by others.  undone: the statement that took it back, 0 if the call itself did.
sub read
{
	my ($class, $directory) = @_;
	my $self = bless {
		ops => {}, effects => [], events => [], budgets => {}, challenges => {},
		states => {}, errors => [], mishaps => {}, asked => {}, isolation => {}, broken => [],
		limits => {}, losses => [], finishes => {}, failovers => [], rekeys => [], prepared => {}, over => NEVER
	}, $class;

	$self->_read_controller("$directory/controller.record");
	$self->_read_session($_) for sort glob "$directory/session-*.record";
	$self->_read_tables("$directory/tables.record");
	$self->_resolve_prepared;
	$self->_excuse_failovers;
	$self->_attach;
	return $self;
}

# All statements of a file in order, each with its ending: told, error, lost, or undef.
sub _statements
{
	my ($file, $visitor) = @_;
	my (@statements, %pending);

	Storm::Record::read_all($file, sub {
		my ($line) = @_;

		if ($line->{kind} eq 'ask') { push @statements, $pending{ $line->{n} } = $line }
		elsif ($line->{kind} =~ /^(told|error|lost)$/)
		{
			$pending{ $line->{n} }{end} = $line;
			delete $pending{ $line->{n} };
		}
		else { push @statements, $line }
	});
	$visitor->($_) for @statements;
	return;
}

sub _ending
{
	my ($statement) = @_;

	return $statement->{end} ? $statement->{end}{kind} : 'lost';
}

sub _read_controller
{
	my ($self, $file) = @_;
	my $mirrored = 0;

	_statements($file, sub {
		my ($line) = @_;

		if ($line->{kind} eq 'ask') { $self->_finish($line) }
		elsif ($line->{kind} eq 'mishap')
		{
			$self->{mishaps}{ $line->{name} }++;
			push @{ $self->{rekeys} }, [ $line->{time}, NEVER ] if $line->{name} eq 'rekey';
		}
		elsif ($line->{kind} eq 'mended') { $self->{rekeys}[-1][1] = $line->{time} if $line->{name} eq 'rekey' }
		elsif ($line->{kind} eq 'begun') { $self->{begun} = $line->{time} }
		elsif ($line->{kind} eq 'over') { $self->{over} = $line->{time} }
		elsif ($line->{kind} eq 'broken') { push @{ $self->{broken} }, $line }
		elsif ($line->{kind} eq 'mirrored') { $mirrored = $line->{since} }
		elsif ($line->{kind} eq 'dead') { push @{ $self->{failovers} }, [ $mirrored, $line->{time} ] }
	});
	return;
}

sub _finish
{
	my ($self, $line) = @_;

	push @{ $self->{finishes}{ $line->{gid} } }, $line;
	return;
}

sub _read_session
{
	my ($self, $file) = @_;
	my $tx;

	_statements($file, sub {
		my ($line) = @_;

		if ($line->{kind} ne 'ask')
		{
			# the connection is another one
			_decide($tx, 'undone') if $tx;
			undef $tx;
			return;
		}
		$self->_count($line);
		$tx = $self->_follow($tx, $line);
	});
	_decide($tx, 'undone') if $tx;
	return;
}

sub _count
{
	my ($self, $line) = @_;
	my $end = $line->{end};

	$self->{asked}{ $line->{what} }++;
	$self->{asked}{vanish}++ if $line->{vanish};
	$self->{isolation}{ $line->{isolation} }++ if defined $line->{isolation};
	return unless $end && $end->{kind} ne 'told';
	$self->{states}{ $end->{state} }++;
	push @{ $self->{errors} }, { %$end, map { $_ => $line->{$_} } qw(what call purpose) };
	push @{ $self->{losses} }, $end->{time} if $end->{kind} eq 'lost';
	return;
}

# The transaction after a statement: {ops, savepoints => [count of ops], failed, commit, local}.
sub _follow
{
	my ($self, $tx, $line) = @_;
	my ($what, $end) = ($line->{what}, _ending($line));

	return $self->_op($tx, $line) if $what eq 'deed';
	return $end eq 'told' ? { ops => [], savepoints => [] } : undef if $what eq 'begin';
	if ($what =~ /_prepared$/)
	{
		$self->_finish($line);
		return $tx;
	}
	return $tx unless $tx;
	$tx->{local} = $line->{time} if $line->{end} && $line->{end}{local};
	if ($what eq 'commit')
	{
		_decide($tx, 'committed', $line->{time}, $line->{end}{time}) if $end eq 'told';
		_decide($tx, 'undone') if $end eq 'error';
		_decide($tx, 'unknown', $line->{time}) if $end eq 'lost';
		return;
	}
	if ($what eq 'prepare')
	{
		if ($end eq 'error') { _decide($tx, 'undone') }
		else { $self->{prepared}{ $line->{gid} } = { %$tx, asked => $line->{time} } }
		return;
	}
	if ($what eq 'rollback' || $end eq 'lost')
	{
		_decide($tx, 'undone');
		return;
	}
	_savepoint($tx, $line) if $end eq 'told';
	return $tx;
}

sub _savepoint
{
	my ($tx, $line) = @_;

	if ($line->{what} eq 'savepoint') { push @{ $tx->{savepoints} }, scalar @{ $tx->{ops} } }
	elsif ($line->{what} eq 'release') { pop @{ $tx->{savepoints} } }
	elsif ($line->{what} eq 'back')
	{
		my $count = pop @{ $tx->{savepoints} };
		$_->{undone} //= $line->{n} for @{ $tx->{ops} }[ $count .. $#{ $tx->{ops} } ];
	}
	return;
}

sub _op
{
	my ($self, $tx, $line) = @_;
	my ($end, $ending) = ($line->{end}, _ending($line));
	my %op = (
		(map { $_ => $line->{$_} } qw(n deed call block who purpose context code place)),
		id => $line->{op}, asked => $line->{time}, local => $end && $end->{local}, tx => $tx);

	$op{context} //= '';
	$op{token} = parse_context($op{context}) // {} if is_token_user($op{who});
	$op{ended} = $end->{time} if $end;
	@op{qw(answer left retry)} = @$end{qw(a0 a1 a2)} if $ending eq 'told';
	$op{state} = $end->{state} if $end && $ending ne 'told';
	$op{undone} = 0 if $op{block} eq 'undone';
	$op{undone} = $op{n} if $ending eq 'error';
	$self->{ops}{ $op{id} } = \%op;
	if (!$tx)
	{
		_decide({ ops => [ \%op ], local => $op{local} && $op{asked} },
			$ending eq 'told' ? 'committed' : $ending eq 'error' ? 'undone' : 'unknown', $op{asked}, $op{ended});
		return;
	}
	push @{ $tx->{ops} }, \%op;
	return $tx unless $ending eq 'lost';
	_decide($tx, 'undone');
	return;
}

# _decide(TRANSACTION, FATE, FROM, TO): what becomes of its operations that were not taken back.
sub _decide
{
	my ($tx, $fate, $from, $to) = @_;

	for my $op (@{ $tx->{ops} })
	{
		$op->{fate} = defined $op->{undone} ? 'undone' : $fate;
		next if $op->{fate} eq 'undone';
		@$op{qw(from to)} = ($from, $fate eq 'committed' ? $to : NEVER);
		$op->{commit_local} = $tx->{local};
	}
	return;
}

# Prepared transactions end by whoever is told that he has ended them.
sub _resolve_prepared
{
	my ($self) = @_;

	for my $gid (keys %{ $self->{prepared} })
	{
		my $tx = $self->{prepared}{$gid};
		my @finishes = @{ $self->{finishes}{$gid} // [] };
		my ($told) = grep {
			_ending($_) eq 'told' && !($_->{end}{local} && $self->_may_be_lost($_->{time}, $_->{end}{time}))
		} @finishes;
		my $from = min(map { $_->{time} } grep { $_->{what} eq 'commit_prepared' } @finishes) // $tx->{asked};

		if (!$told) { _decide($tx, 'unknown', $from) }
		elsif ($told->{what} eq 'commit_prepared') { _decide($tx, 'committed', $from, $told->{end}{time}) }
		else { _decide($tx, 'undone') }
	}
	return;
}

# What was told although a cancel had ended the wait for the mirror may be lost, if the mirror was not seen to
# have it before it took over.
sub _may_be_lost
{
	my ($self, $asked, $told) = @_;

	return grep { $told > $_->[0] && $asked <= $_->[1] } @{ $self->{failovers} };
}

sub _excuse_failovers
{
	my ($self) = @_;

	for my $op (values %{ $self->{ops} })
	{
		@$op{qw(fate to)} = ('unknown', NEVER)
		  if $op->{commit_local} && $op->{fate} eq 'committed' && $self->_may_be_lost(@$op{qw(from to)});
		next unless defined $op->{ended} && $self->_may_be_lost(@$op{qw(asked ended)});
		# other verdicts have waited; these may also rest on what is lost
		$op->{excused} = $op->{local};
		$op->{adrift} = $op->{local} || $op->{call} eq 'resend'
		  || ($op->{answer} // '') eq 'accepted' && $op->{fate} ne 'committed';
	}
	return;
}

# Were keys changed between two moments, or may they have been?
sub may_be_rekeyed
{
	my ($self, $from, $until) = @_;

	return scalar grep { $_->[1] >= $from && $_->[0] <= $until } @{ $self->{rekeys} };
}

sub _read_tables
{
	my ($self, $file) = @_;

	Storm::Record::read_all($file, sub {
		my ($line) = @_;

		if ($line->{kind} eq 'effect') { push @{ $self->{effects} }, $line }
		elsif ($line->{kind} eq 'event') { push @{ $self->{events} }, $line }
		elsif ($line->{kind} eq 'limit') { $self->{limits}{ $line->{event} }++ }
		elsif ($line->{kind} eq 'budget') { $self->{budgets}{ $line->{who} } = $line }
		elsif ($line->{kind} eq 'challenge') { $self->{challenges}{"$line->{who} $line->{purpose}"} = $line }
	});
	@{ $self->{effects} } = sort { $a->{seq} <=> $b->{seq} } @{ $self->{effects} };
	@{ $self->{events} } = sort { $a->{at} <=> $b->{at} } @{ $self->{events} };
	return;
}

sub _attach
{
	my ($self) = @_;

	for my $kind (qw(effect event))
	{
		for my $row (@{ $self->{"${kind}s"} })
		{
			my $op = $self->{ops}{ $row->{op} } or next;
			if ($op->{$kind}) { $op->{"${kind}_twice"} = $row }
			else { $op->{$kind} = $row }
		}
	}
	return;
}

1;
