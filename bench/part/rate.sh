# shellcheck shell=bash disable=SC2154

# rate SCRIPT CLIENTS USERS ROUND: calls per second; every call is of another user.
rate()
{
	[[ $1 != right ]] || sql -v users="$3" -v first="$(($4 * calls))" -v calls="$calls" -f "$root/bench/sql/codes.sql"
	pgbench -n -M prepared -c "$2" -j 2 -t "$((calls / $2))" -D users="$3" -D first="$(($4 * calls))" \
		-D turn=0 -D per_client="$((calls / $2))" -f "$root/bench/sql/$1.sql" postgres 2>"$OTP_SCRATCH/log/pgbench.err" |
		awk '/^tps/ { print $3 }'
}

# Calls per second with pgbench, each side in turn, and the ratio to the bare UPDATE.
part_rate()
{
	local users trail c round kind round_number=0

	printf '\n%-8s %-10s %7s %9s %18s %18s %18s\n' users trail clients bare issue right wrong
	for users in "${sizes[@]}"; do
		for trail in "${trails[@]}"; do
			prepare "$users" "$trail"
			for c in "${clients[@]}"; do
				rm -f "$OTP_SCRATCH"/tmp/rate.*
				for ((round = 0; round < repeats; round++)); do
					for kind in bare issue right wrong; do
						rate "$kind" "$c" "$users" "$round_number" >>"$OTP_SCRATCH/tmp/rate.$kind"
					done
					round_number=$((round_number + 1))
				done
				for kind in issue right wrong; do
					paste "$OTP_SCRATCH/tmp/rate.$kind" "$OTP_SCRATCH/tmp/rate.bare" |
						awk '{ print $1 / $2 }' | median >"$OTP_SCRATCH/tmp/rate.$kind.ratio"
				done
				printf '%-8s %-10s %7s %9.0f' "$users" "$trail" "$c" "$(median <"$OTP_SCRATCH/tmp/rate.bare")"
				for kind in issue right wrong; do
					printf ' %9.0f (x%5.2f)' "$(median <"$OTP_SCRATCH/tmp/rate.$kind")" "$(<"$OTP_SCRATCH/tmp/rate.$kind.ratio")"
				done
				echo
			done
		done
	done
}
