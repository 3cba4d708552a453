# shellcheck shell=bash disable=SC2154
#
# The suites of script/test, and the table of what they counted.  Runs inside run_private, in the
# root of the tree.

# shellcheck source=script/lib/results.sh
source "$root/script/lib/results.sh"

table=()
total_passed=0
total_failed=0

# tally SUITE STATUS PASSED FAILED [SKIPPED]: a row of the table.  A tool that fails without naming
# a test, or whose count cannot be told, counts as a failure.
tally()
{
	local suite=$1 status=$2 passed=$3 failed=$4 skipped=${5:-0} row

	if ((status != 0 && failed == 0)); then
		failed=1
		echo "$suite: failed with status $status" >&2
	elif ((passed + failed + skipped == 0)); then
		failed=1
		echo "$suite: no count in its output" >&2
	fi
	row="$passed passed"
	((failed == 0)) || row+=", $failed FAILED"
	((skipped == 0)) || row+=", $skipped skipped"
	row=$(printf '%-12s %6s %s' "$suite" "${row%% *}" "${row#* }")
	table+=("$row")
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
}

# none SUITE [TEXT]: a row without a count.
none()
{
	table+=("$(printf '%-12s %6s' "$1" "${2:-none}")")
}

# The last lines: the table.  False if anything failed.
print_table()
{
	echo
	printf '%s\n' "${table[@]}"
	printf '%-12s %6d passed, %d failed\n' total "$total_passed" "$total_failed"
	((total_failed == 0))
}

# tap_suite SUITE COMMAND …: a suite whose command prints TAP, with the numbers that TAP may leave
# out.  A subtest is part of its test.
tap_suite()
{
	local suite=$1 log=$OTP_SCRATCH/log/$1.tap status=0 counts
	shift

	"$@" >"$log" 2>&1 || status=$?
	counts=$(awk '
		/^ok [0-9].*# *[Ss][Kk][Ii][Pp]/ || /^1\.\.0 *# *[Ss][Kk][Ii][Pp]|\.\. *skipped:/ { skipped++; next }
		/^ok [0-9]/ || /^not ok [0-9].*# *TODO/ { passed++; next }
		/^not ok [0-9]/ { failed++ }
		# what prove has to say of a file beyond its tests, of which none failed
		/\(Wstat: / { unblamed = / Failed: 0\)/ }
		/^  (Non-zero|Parse errors)/ && unblamed { failed++; unblamed = 0 }
		END { print passed + 0, failed + 0, skipped + 0 }' "$log")
	# shellcheck disable=SC2086
	tally "$suite" "$status" $counts
	if ((status != 0)) || [[ $counts != *\ 0\ * ]]; then
		trouble "$log"
		sed -n '/^Test Summary Report/,$p' "$log" | grep . || tail -n 60 "$log"
		return 1
	fi
}

# trouble LOG: what failed, also in a suite within a suite, or else the errors.  Tests bring errors about on purpose, so those
# would hide the failure.
trouble()
{
	local log=$1 failed='^(# )*(not ok|test/.*\(Wstat: )'

	grep -qE "$failed" "$log" || failed='(ERROR|FATAL|PANIC): '
	sed '/^Test Summary Report/,$d' "$log" | grep -E -A 30 "$failed" | head -n 200 || true
}

# second_build NAME FLAGS: builds once more, by gcc with the FLAGS, in a scratch directory within ours and with an
# installation of its own.  For a suite that prints its own TAP, in a subshell.
second_build()
{
	copy_tree "$root" "$OTP_SCRATCH/$1"
	root=$OTP_SCRATCH/$1
	cd "$root" || exit
	export OTP_SCRATCH=$root PGHOST=$root/socket
	PATH=$root/root$("$PG_CONFIG" --bindir):$PATH
	mkdir log socket tmp
	quietly build.log make -j "$(nproc)" with_llvm=no CC=gcc COPT="$2" all relay
	install_private
	tests=0
}

# ok STATUS WHAT [FILE]: one test of it, and the FILE as a comment.
ok()
{
	local verdict=ok

	(($1 == 0)) || verdict='not ok'
	tests=$((tests + 1))
	echo "$verdict $tests - $2"
	sed 's/^/# /' "${3:-/dev/null}"
}

# suite_as_test SUITE WHAT: another suite as one test of it.
suite_as_test()
{
	local rows=${#table[@]}

	total_failed=0
	"suite_$1" >log/output 2>&1
	((total_failed == 0 && ${#table[@]} > rows))
	ok $? "$2" log/output
}

# The plain C, by both compilers.
suite_unit()
{
	[[ -e test/unit/run ]] || { none unit && return; }
	tap_suite unit run_unit || true
	results_of_unit
}

run_unit()
{
	local status=0

	CC=gcc test/unit/run || status=1
	CC=clang test/unit/run || status=1
	return $status
}

suite_fuzz()
{
	[[ -e test/fuzz/run ]] || { none fuzz && return; }
	tap_suite fuzz test/fuzz/run
}

suite_version()
{
	tap_suite version run_version
}

run_version()
{
	local status=0

	script/lib/version.sh || status=1
	script/lib/bootstrap.sh || status=1
	return $status
}

# installcheck SUITE VARIABLE OTHER FILE …: pg_regress on the stems that the Makefile's VARIABLE
# lists, which have to be those of all the FILEs; the variable OTHER is emptied.
installcheck()
{
	local suite=$1 variable=$2 other=$3 log=$OTP_SCRATCH/log/$1.log listed file stem status=0
	local passed=0 failed=0 unlisted=0 output=.
	shift 3

	# shellcheck disable=SC2016
	listed=" $(make -s --no-print-directory --eval 'print: ; @echo $('"$variable"')' print) "
	for file in "$@"; do
		stem=${file##*/} stem=${stem%.*}
		[[ $listed == *" $stem "* ]] || {
			echo "$file: not in the Makefile's $variable" >&2
			unlisted=$((unlisted + 1))
		}
	done
	if [[ -n ${listed// /} ]]; then
		need_server
		make installcheck PG_CONFIG="$(type -P pg_config)" "$other=" >"$log" 2>&1 || status=$?
		if [[ $(<"$log") =~ ([0-9]+)\ of\ ([0-9]+)\ tests\ failed ]]; then
			failed=${BASH_REMATCH[1]} passed=$((BASH_REMATCH[2] - BASH_REMATCH[1]))
		elif [[ $(<"$log") =~ All\ ([0-9]+)\ tests\ passed ]]; then
			passed=${BASH_REMATCH[1]}
		fi
	elif ((unlisted == 0)); then
		none "$suite" && return
	fi
	tally "$suite" "$status" "$passed" "$((failed + unlisted))"
	results_of_regress "$suite"
	((status != 0)) || return 0
	[[ $suite == regress ]] || output=output_iso
	grep -E '^not ok|FAILED' "$log" || tail -n 30 "$log"
	head -n 400 "$output/regression.diffs" 2>/dev/null || true
	server_trouble
}

suite_regress()
{
	installcheck regress REGRESS ISOLATION sql/*.sql
}

suite_isolation()
{
	installcheck isolation ISOLATION REGRESS specs/*.spec
}

# with_postgresql_modules COMMAND …: Perl with the modules that PostgreSQL tests itself with.  They look
# for TESTDIR up to PostgreSQL 15, for TESTDATADIR and TESTLOGDIR from 16 on, and for PG_REGRESS.
with_postgresql_modules()
{
	local pgxs check=$PWD/tmp_check

	pgxs=$("$PG_CONFIG" --pgxs)
	pgxs=${pgxs%/makefiles/pgxs.mk}
	mkdir -p "$check/log"
	env TESTDIR="${check%/*}" TESTDATADIR="$check" TESTLOGDIR="$check/log" \
		PG_REGRESS="$pgxs/test/regress/pg_regress" \
		PG_TEST_PORT_DIR="$OTP_SCRATCH/tmp/ports" PERL5LIB="$pgxs/test/perl:$PWD/test/t" "$@"
}

suite_tap()
{
	local files=(test/t/*.pl) stem

	# shellcheck disable=SC2206
	[[ -z ${OTP_TAP_TESTS:-} ]] || { files=($OTP_TAP_TESTS) files=("${files[@]/#/test\/t\/}") files=("${files[@]/%/.pl}"); }
	((${#files[@]} > 0)) || { none tap && return; }
	tap_suite tap with_postgresql_modules prove -v -j "${OTP_TEST_JOBS:-$((2 * $(nproc)))}" "${files[@]}" || {
		sed -n 's,^test/t/\(.*\)\.pl *(Wstat.*,\1,p' "$OTP_SCRATCH/log/tap.tap" |
			while read -r stem; do
				echo "--- $stem"
				tail -n 60 "$PWD/tmp_check/log/regress_log_$stem" 2>/dev/null || true
			done
	}
	# the tables that tests have to show
	sed -n 's,^# \(|.*|\)$,\1,p' "$OTP_SCRATCH/log/tap.tap"
	results_of_prove tap
}

suite_pgtap()
{
	local files=(test/pgtap/*.sql)

	((${#files[@]} > 0)) || { none pgtap && return; }
	need_server
	tap_suite pgtap run_pgtap "${files[@]}" || server_trouble
	results_of_prove pgtap
}

run_pgtap()
{
	createdb otp_pgtap &&
		psql -X -d otp_pgtap -v ON_ERROR_STOP=1 \
			-c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION otp' &&
		pg_prove -v -d otp_pgtap "$@"
}

# One server for pg_regress and pgTAP.  What has to survive a crash is tested by the TAP tests.
need_server()
{
	[[ -e $OTP_SCRATCH/data/postmaster.pid ]] || start_server 'fsync = off' 'autovacuum = off' "${OTP_TEST_SETTINGS:-}"
}

server_trouble()
{
	grep -E 'PANIC|TRAP|terminated by signal' "$OTP_SCRATCH/log/server.log" || true
}
