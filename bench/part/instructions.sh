# shellcheck shell=bash disable=SC2154

# Instructions per call, counted by callgrind in a single-user backend: a figure that does not
# depend on what else the machine does.  The kernel's are not in it.  With OTP_BENCH_LIMITS=1 the policy stops
# guesses and counts issues, neither of which is ever reached.
part_instructions()
{
	local calls=500 users trail own kind cells

	users=$((${#trails[@]} * 2 * ${#count_kinds[@]} * 2 * calls))
	prepare "$users" none
	count_script >"$OTP_SCRATCH/tmp/count.sql"
	sql -v users="$users" -v calls="$calls" -v module="$(build_module count)" -f "$root/bench/sql/count_prepare.sql"
	stop_server
	quietly count.log count_instructions
	# what a command of a single-user backend raises does not end it
	! grep -E 'ERROR|FATAL|PANIC' "$OTP_SCRATCH/log/count.log" || fail "instructions: a call failed"
	run_server

	for own in false true; do
		printf '\nInstructions per call, %s:\n\n' \
			"$([[ $own == true ]] && echo 'each its own transaction' || echo 'one transaction')"
		header trail bare issue right wrong refused
		for trail in "${trails[@]}"; do
			cells=()
			forget
			for kind in "${count_kinds[@]:1}"; do
				note "$kind" "$((($(counted "$trail $own $kind") - $(counted "$trail $own loop")) / calls))"
				[[ $kind == bare ]] && cells+=("$(cell %d bare)") || cells+=("$(cell %d "$kind" bare)")
			done
			row "$trail" "${cells[@]}"
		done
	done
}
count_kinds=(loop bare issue right wrong refused)

# The commands of the single-user backend, a line each.  The first round of a kind warms up.
count_script()
{
	local trail own kind round=0 limits=

	[[ -z ${OTP_BENCH_LIMITS:-} ]] || limits=', max_consecutive = 1000000, issues_per_user = 1000000'
	for trail in "${trails[@]}"; do
		echo "UPDATE otp_policy SET trail = '$trail'$limits WHERE purpose = 'default'"
		for own in false true; do
			for kind in "${count_kinds[@]}"; do
				echo "CALL count_$kind($((round++)), $own)"
				echo "SELECT bench_count('warm-up')"
				echo "CALL count_$kind($((round++)), $own)"
				echo "SELECT bench_count('$trail $own $kind')"
			done
		done
	done
}

count_instructions()
{
	valgrind --tool=callgrind --callgrind-out-file="$OTP_SCRATCH/tmp/callgrind" \
		"$(command -v postgres)" --single -D "$OTP_SCRATCH/data" \
		-c shared_buffers=256MB -c fsync=off postgres <"$OTP_SCRATCH/tmp/count.sql"
}

# counted NAME: what callgrind counted under that name.
counted()
{
	awk -v name="desc: Trigger: Client Request: $1" '$0 == name { found = 1 } found && /^(totals|summary):/ { print $2; exit }' \
		"$OTP_SCRATCH"/tmp/callgrind.*
}
