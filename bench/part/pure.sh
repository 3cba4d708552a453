# shellcheck shell=bash disable=SC2154

# The pure functions, over a million rows.
part_pure()
{
	local round name ms

	rm -f "$OTP_SCRATCH"/tmp/pure.*
	sql -f "$root/bench/sql/pure_prepare.sql" >/dev/null
	for ((round = 0; round < repeats; round++)); do
		sql -f "$root/bench/sql/pure.sql" | while read -r name ms; do
			echo "$ms" >>"$OTP_SCRATCH/tmp/pure.$name"
		done
	done
	printf '\n%-24s %12s   a million rows\n' 'pure functions' ms
	for name in count_only totp_at_one_secret totp_at_many_secrets totp_match_drift_1; do
		printf '%-24s %12.0f\n' "$name" "$(median <"$OTP_SCRATCH/tmp/pure.$name")"
	done
}
