# A client: acts on its plan, and writes down what it asks before it asks, and what it is told.

package Storm::Session;

use strict;
use warnings FATAL => 'all';

use DBD::Pg qw(:async);
use DBI;
use Storm::Deed qw(%DEED);
use Storm::Plan;
use Storm::Record;
use Storm::Rules;
use Storm::Letters;
use Storm::Token qw(is_token_user);
use Storm::TokenDeed qw(token_letter);
use Time::HiRes qw(usleep);

# How long users of a crowd are the same, and how many they are; those of other crowds stay.
my %changing = (
	warm => { microseconds => 2_000_000, users => 8 },
	token => { microseconds => 2_500_000, users => 6 },
	limited => { microseconds => 3_000_000, users => 4 });

# How often all sessions rush at the same users, and how long they wait for each other.
use constant RUSH_MICROSECONDS => 300_000;
use constant GATHER_MICROSECONDS => 100_000;

# new(DIRECTORY, SEED, SESSION, LIFE, BEGUN): the storm's directory; when it has begun.
sub new
{
	my ($class, $directory, $seed, $session, $life, $begun) = @_;

	return bless {
		directory => $directory,
		session => $session,
		name => "$session.$life",
		begun => $begun,
		plan => Storm::Plan->new($seed, $session, $life),
		letters => Storm::Letters->new("$directory/letters"),
		record => Storm::Record->new("$directory/session-$session.$life.record"),
		number => 0,
		warnings => ''
	}, $class;
}

sub _there
{
	my ($self, $file) = @_;

	return -e "$self->{directory}/$file";
}

# Until the storm is over.
sub run
{
	my ($self) = @_;

	local $SIG{__WARN__} = sub { $self->{warnings} .= $_[0] };
	until ($self->_there('over'))
	{
		$self->_connect or next;
		# the one who goes on in a lull
		usleep(5000) while $self->{session} > 0 && $self->_there('lull') && !$self->_there('over');
		my $plan = $self->{plan}->next_transaction;
		$self->_rush;
		$self->_act($plan) if $self->{dbh};
		usleep(1000 * $plan->{pause});
	}
	$self->_leave;
	return;
}

# guess_all([WHO, PURPOSE, CONTEXT, CODE] …): when all is quiet, each of these codes; and once more, when its user may
# guess again, if he may not.
sub guess_all
{
	my ($self, @codes) = @_;
	my @later;

	$self->_connect or die 'nobody to ask';
	for my $code (@codes)
	{
		my $told = $self->_call($DEED{right}, '', 0, @$code) or die 'no answer';
		push @later, [ $told->[2], $code ] if $told->[0] eq 'locked' && ($told->[2] // 0) > 0;
	}
	for my $case (@later)
	{
		my ($time, $code) = @$case;
		usleep(10_000) while Storm::Record::now() < $time;
		$self->_call($DEED{right}, '', 0, @$code) or die 'no answer';
	}
	$self->_leave;
	return;
}

# The address of the primary, which changes.
sub _connect
{
	my ($self) = @_;

	return 1 if $self->{dbh};
	open(my $file, '<', "$self->{directory}/primary") or die $!;
	my $address = <$file>;
	close $file;
	$self->{dbh} = eval {
		DBI->connect("dbi:Pg:dbname=postgres;$address;connect_timeout=10",
			'shop', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
	};
	if (!$self->{dbh})
	{
		usleep(50_000);
		return 0;
	}
	$self->{settings} = '';
	$self->{failed} = 0;
	$self->{record}->write('connect');
	return 1;
}

sub _leave
{
	my ($self) = @_;
	my $dbh = delete $self->{dbh} or return;

	$self->{record}->write('leave');
	eval { $dbh->disconnect };
	return;
}

# _ask(WHAT, SQL, [VALUE …], NAME => VALUE …): a statement.  Returns its row, or nothing if it failed;
# if the connection is gone, dies.
sub _ask
{
	my ($self, $what, $sql, $values, @fields) = @_;
	my $number = ++$self->{number};
	my $dbh = $self->{dbh};

	$self->{record}->write('ask', n => $number, what => $what, @fields);
	$self->{warnings} = '';
	my $row = eval {
		my $statement = $dbh->prepare($sql);
		$statement->execute(@$values);
		$statement->{NUM_OF_FIELDS} ? $statement->fetchall_arrayref->[0] // [] : [];
	};
	my $said = $@;
	my $local = $self->{warnings} =~ /wait for synchronous replication/ ? 1 : undef;
	if ($row)
	{
		my @answer = ref $row->[0] ? () : map { ("a$_" => $row->[$_]) } 0 .. $#$row;
		$self->{record}->write('told', n => $number, local => $local, @answer);
		return $row;
	}
	my $state = $dbh->state;
	my $lost = $state =~ /^(08|57P0[123])/ || !$dbh->ping;
	# the driver's own, where the server did not say one
	$state = '08006' if $lost && $state eq '22000';
	$said =~ s/^DBD::Pg\S* \S+ failed: |\n.*//sg;
	$self->{record}->write($lost ? 'lost' : 'error', n => $number, local => $local, state => $state, text => $said);
	$self->{failed} = 1;
	return unless $lost;
	delete $self->{dbh};
	eval { $dbh->disconnect };
	die "lost\n";
}

# The same, but nobody is there to hear the answer: the process kills itself meanwhile.
sub _ask_and_vanish
{
	my ($self, $what, $sql, $values, @fields) = @_;

	$self->{record}->write('ask', n => ++$self->{number}, what => $what, vanish => 1, @fields);
	eval { $self->{dbh}->prepare($sql, { pg_async => PG_ASYNC })->execute(@$values) };
	usleep(100 * ($self->{number} % 16));
	kill KILL => $$;
	return;
}

sub _act
{
	my ($self, $plan) = @_;

	$self->_until_lost(sub {
		$self->_set($plan);
		if ($plan->{frame} eq 'finish') { $self->_finish_any($plan) }
		elsif ($plan->{frame} eq 'alone') { $self->_deed($plan->{steps}[0], $plan->{end} eq 'vanish') }
		else { $self->_transaction($plan) }
	});
	return;
}

# Whatever there is to do; it ends when the connection is lost.
sub _until_lost
{
	my ($self, $act) = @_;
	my $done = eval { $act->(); 1 };

	die $@ unless $done || $@ eq "lost\n";
	return;
}

# At the same moment, as far as that is possible, what others do as well.
sub _rush
{
	my ($self) = @_;
	my $now = Storm::Record::now() - $self->{begun};
	my $rush = 1 + int($now / RUSH_MICROSECONDS);
	my $wait = $rush * RUSH_MICROSECONDS - $now;

	return if $wait > GATHER_MICROSECONDS || $rush == ($self->{rush} // 0);
	$self->{rush} = $rush;
	usleep($wait);
	$self->_until_lost(sub { $self->_deed($_) for $self->{plan}->rush($rush) });
	return;
}

sub _set
{
	my ($self, $plan) = @_;
	my $settings = "SET statement_timeout = $plan->{statement_timeout}; SET lock_timeout = $plan->{lock_timeout}";

	return if $settings eq $self->{settings};
	$self->{settings} = $self->_ask('set', $settings, []) ? $settings : '';
	return;
}

sub _transaction
{
	my ($self, $plan) = @_;
	my $name = "$self->{name}." . ($self->{number} + 1);
	my @savepoints;

	$self->_ask('begin', "BEGIN ISOLATION LEVEL $plan->{isolation}", [], isolation => $plan->{isolation}) or return;
	$self->{failed} = 0;
	$self->{drafts} = [];
	for my $step (@{ $plan->{steps} })
	{
		if ($step->{do} eq 'deed') { $self->_deed($step) unless $self->{failed} }
		elsif ($step->{do} eq 'pause') { usleep(1000 * $step->{milliseconds}) }
		elsif ($step->{do} eq 'savepoint') { push @savepoints, $self->_savepoint(scalar @savepoints) }
		else { $self->_end_savepoint($step->{do}, pop @savepoints) }
	}
	$self->_end($plan, $name);
	return;
}

# The savepoint's name; undef in a transaction that has failed.
sub _savepoint
{
	my ($self, $depth) = @_;

	return undef if $self->{failed};
	return $self->_ask('savepoint', "SAVEPOINT s$depth", []) ? "s$depth" : undef;
}

# What has failed cannot be released.
sub _end_savepoint
{
	my ($self, $how, $name) = @_;

	return unless $name;
	return $self->_ask('release', "RELEASE $name", []) if $how eq 'release' && !$self->{failed};
	$self->{drafts} = [];
	$self->{failed} = 0 if $self->_ask('back', "ROLLBACK TO $name", []);
	return;
}

# COMMIT of a transaction that has failed is a ROLLBACK.
sub _end
{
	my ($self, $plan, $name) = @_;
	my $end = $self->{failed} ? 'rollback' : $plan->{end};

	if ($end eq 'leave') { $self->_leave }
	elsif ($end eq 'vanish') { $self->_ask_and_vanish('commit', 'COMMIT', []) }
	elsif ($end eq 'prepare')
	{
		$self->_ask('prepare', "PREPARE TRANSACTION '$name'", [], gid => $name) or return;
		$self->_finish($plan->{prepared}, $name) unless $plan->{prepared} eq 'leave';
	}
	elsif ($self->_ask($end, uc $end, []) && $end eq 'commit')
	{
		$self->{letters}->send(@$_) for @{ $self->{drafts} };
	}
	return;
}

sub _finish
{
	my ($self, $how, $gid) = @_;

	$self->_ask("${how}_prepared", uc($how) . " PREPARED '$gid'", [], gid => $gid);
	return;
}

# Ends a transaction that someone has prepared and left.
sub _finish_any
{
	my ($self, $plan) = @_;
	my $left = $self->_ask('list', 'SELECT gid FROM pg_prepared_xacts ORDER BY prepared LIMIT 1', []) or return;

	return unless @$left;
	$self->_finish($plan->{prepared} eq 'rollback' ? 'rollback' : 'commit', $left->[0]);
	return;
}

sub _who
{
	my ($self, $step) = @_;
	my $slot = $step->{slot};

	my $changing = $changing{ $step->{crowd} };

	$slot += $changing->{users} * int((Storm::Record::now() - $self->{begun}) / $changing->{microseconds}) if $changing;
	return "$step->{crowd}-$slot";
}

# Where nobody has a code yet, one is issued; and so on.
sub _deed
{
	my ($self, $step, $vanish) = @_;
	my $deed = $DEED{ $step->{deed} };
	my $who = $self->_who($step);
	my ($purpose, $context, $code, $other) = $deed->{choose}->($self, $who, $step);

	while (!defined $purpose)
	{
		$deed = $DEED{ $deed->{otherwise} // 'issue' };
		($purpose, $context, $code, $other) = $deed->{choose}->($self, $who, $step);
	}
	$who = $other // $who;
	$self->{last} = [ $purpose, $context, $code, $who ] if $deed->{call} eq 'attempt';
	my $told = $self->_call($deed, $step->{block}, $vanish, $who, $purpose, $context, $code);
	$self->_write_letter($step->{early}, $deed, $who, $purpose, $context, $told->[0]) if $told && defined $told->[0];
	return;
}

sub _write_letter
{
	my ($self, $early, $deed, $who, $purpose, $context, $answer) = @_;
	my @letter;

	if ($deed->{call} eq 'issue') { @letter = ($who, $purpose, $context, $answer) }
	elsif (is_token_user($who))
	{
		my ($key, $what) = token_letter($deed, $context, $answer) or return;
		@letter = ($who, 'tokens', $what, $key);
	}
	else { return }
	if ($early) { $self->{letters}->send(@letter) }
	else { push @{ $self->{drafts} }, \@letter }
	return;
}

sub _call
{
	my ($self, $deed, $block, $vanish, $who, $purpose, $context, $code) = @_;
	my $call = $deed->{call};
	my $op = "$self->{name}." . ($self->{number} + 1);
	my $function = "storm_$call" . ($block eq '' ? '' : "_$block");
	my $how = $vanish ? '_ask_and_vanish' : '_ask';

	return $self->$how('deed',
		"SELECT answer, attempts_left, CASE WHEN isfinite(retry_at) THEN (extract(epoch FROM retry_at) * 1000000)::bigint"
		  . " WHEN retry_at = 'infinity' THEN " . Storm::Rules::NOT_BY_TIME . " END FROM $function(?, ?, ?, ?, ?)",
		[ $op, $who, $purpose, $context, $code ],
		op => $op, deed => $deed->{name}, call => $call, block => $block,
		who => $who, purpose => $purpose, context => $context, code => $code);
}

# What deeds ask for: the code that was sent to someone BACK letters ago, or all letters; the last guess of this session, and at
# whom.
sub letter
{
	my ($self, $who, $purpose, $back) = @_;

	return $self->{letters}->read($who, $purpose, $back);
}

sub letters
{
	my ($self, $who, $purpose) = @_;

	return $self->{letters}->read_all($who, $purpose);
}

sub last_guess
{
	my ($self) = @_;

	return @{ $self->{last} // [] };
}

1;
