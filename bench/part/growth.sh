# shellcheck shell=bash disable=SC2154

# How the rates fall as the users grow in number: each divided by its own at the first number.
part_growth()
{
	local c=16 users kind kinds=(bare issue wrong bare_code right) cells
	declare -A first

	printf '\nCalls per second at %s clients, without trail, and the share of the first line that is left:\n\n' "$c"
	header users bare issue wrong 'bare with look-up' right
	for users in "${sizes[@]}"; do
		prepare "$users" none
		forget
		note_rates "$users" "$c"
		cells=()
		for kind in "${kinds[@]}"; do
			: "${first[$kind]:=$(median_of "$kind")}"
			cells+=("$(median_of "$kind" | awk -v first="${first[$kind]}" '{ printf "%.0f (%.2f)", $1, $1 / first }')")
		done
		row "$users" "${cells[@]}"
	done
}
