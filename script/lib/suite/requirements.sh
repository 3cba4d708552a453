# shellcheck shell=bash disable=SC2154
#
# What the suites before have shown of doc/requirements.md: the table, of which each requirement is a test.

suite_requirements()
{
	local log=$OTP_SCRATCH/log/requirements.log status=0 counts

	touch "$OTP_SCRATCH/$results"
	script/requirements --results "$OTP_SCRATCH/$results" >"$log" || status=$?
	cat "$log"
	counts=$(sed -n 's/^requirements: [0-9]*, \([0-9]*\) shown, [0-9]* not built, \([0-9]*\) complaints$/\1 \2/p' "$log")
	# shellcheck disable=SC2086
	tally requirements "$status" ${counts:-0 0}
}
