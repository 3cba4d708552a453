# shellcheck shell=bash disable=SC2154
#
# What the parts of bench/run share: SQL, figures and their medians, tables, calls per second.

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres "$@"
}

# prepare USERS TRAIL: users u0 to u(N-1), as bench/sql/prepare.sql says.
prepare()
{
	sql -v users="$1" -v trail="$2" -f "$root/bench/sql/prepare.sql" >/dev/null
}

# set_trail TRAIL: of every purpose.
set_trail()
{
	sql -c "UPDATE otp_policy SET trail = '$1' WHERE purpose = 'default'"
}

# build_module NAME: builds bench/module/NAME.c; prints the path that SQL loads it from.
build_module()
{
	local pgxs

	pgxs=$("$PG_CONFIG" --pgxs)
	quietly "$1.log" make -C "$root/bench/module" -f "$pgxs" PGXS="$pgxs" PG_CONFIG="$PG_CONFIG" \
		MODULES="$1" with_llvm=no
	echo "$root/bench/module/$1"
}

# declare_clocks: the functions of bench/module/clock.c.
declare_clocks()
{
	sql -v library="'$(build_module clock)'" -f "$root/bench/sql/clock.sql"
}

# forget: the figures that were noted so far.
forget()
{
	rm -f "$OTP_SCRATCH"/tmp/figure.*
}

# note NAME FIGURE: one measurement of NAME.
note()
{
	[[ -n $2 ]] || fail "$1 could not be measured"
	echo "$2" >>"$OTP_SCRATCH/tmp/figure.$1"
}

# note_each: the names and figures that come in, a pair a line.
note_each()
{
	local name figure

	while read -r name figure; do
		note "$name" "$figure"
	done
}

median()
{
	sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# median_of NAME
median_of()
{
	median <"$OTP_SCRATCH/tmp/figure.$1"
}

# ratio_of NAME REFERENCE: the median of the ratios of what was measured in the same round.
ratio_of()
{
	paste "$OTP_SCRATCH/tmp/figure.$1" "$OTP_SCRATCH/tmp/figure.$2" | awk '{ print $1 / $2 }' | median
}

# cell FORMAT NAME [REFERENCE]: the median, and the ratio to the reference.
cell()
{
	# shellcheck disable=SC2059
	printf "$1" "$(median_of "$2")"
	[[ -z ${3:-} ]] || printf ' (%.2f)' "$(ratio_of "$2" "$3")"
}

# row CELL …: a line of a Markdown table.
row()
{
	local line

	printf -v line ' %s |' "$@"
	echo "|$line"
}

# header CELL …: the first two lines of a Markdown table.
header()
{
	local line

	row "$@"
	printf -v line '%.0s---|' "$@"
	echo "|$line"
}

# in_turn ROUND KIND …: the kinds, one a line, beginning with another one each round.
in_turn()
{
	local round=$1 i
	shift

	for ((i = 0; i < $#; i++)); do
		echo "${@:(round + i) % $# + 1:1}"
	done
}

# The round of calls, so that each finds users whom the ones before have left alone.
turn=0

# fresh_codes USERS: table code gets a fresh code for each user whose turn it is.
fresh_codes()
{
	sql -v users="$1" -v first="$((turn * calls))" -v calls="$calls" -f "$root/bench/sql/codes.sql"
}

# rate SCRIPT CLIENTS USERS: calls per second of bench/sql/SCRIPT.sql, each of another user.
rate()
{
	local per_client=$((calls / $2))

	quietly pgbench.log pgbench -n -M prepared -c "$2" -j 2 -t "$per_client" -D users="$3" \
		-D first="$((turn * calls))" -D turn=0 -D per_client="$per_client" -f "$root/bench/sql/$1.sql" postgres
	awk '/^tps/ { print $3 }' "$OTP_SCRATCH/log/pgbench.log"
}
