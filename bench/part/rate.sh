# shellcheck shell=bash disable=SC2154

# Calls per second with pgbench, each side in turn, and the ratio to the bare UPDATE.  A right guess
# needs a code, which its statement looks up; it is compared with an UPDATE that does the same.
part_rate()
{
	local users trail c

	printf '\nCalls per second, each its own transaction:\n\n'
	header users trail clients bare issue wrong 'bare with look-up' right
	for users in "${sizes[@]}"; do
		prepare "$users" none
		for trail in "${trails[@]}"; do
			set_trail "$trail"
			for c in "${clients[@]}"; do
				forget
				note_rates "$users" "$c"
				row "$users" "$trail" "$c" "$(cell %.0f bare)" "$(cell %.0f issue bare)" \
					"$(cell %.0f wrong bare)" "$(cell %.0f bare_code)" "$(cell %.0f right bare_code)"
			done
		done
	done
}

# note_rates USERS CLIENTS: all of otp's calls and what they are compared with, in turn.
note_rates()
{
	local users=$1 c=$2 round kind

	for ((round = 0; round < repeats; round++)); do
		for kind in $(in_turn "$round" bare issue wrong bare_code right); do
			[[ $kind != right && $kind != bare_code ]] || fresh_codes "$users"
			# where a call rarely meets a page that another has changed, each side writes as many full pages
			((users <= 100000)) || sql -c CHECKPOINT
			note "$kind" "$(rate "$kind" "$c" "$users")"
		done
		turn=$((turn + 1))
	done
}
