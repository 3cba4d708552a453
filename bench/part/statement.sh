# shellcheck shell=bash disable=SC2154

# One statement over 100,000 users, beside an UPDATE of as many rows.
part_statement()
{
	local users=100000 trail round kind cells

	printf '\nMilliseconds of one statement over %s users, and the locks that its transaction holds then:\n\n' "$users"
	header trail bare issue wrong right
	prepare "$users" none
	for trail in "${trails[@]}"; do
		set_trail "$trail"
		forget
		for ((round = 0; round < repeats; round++)); do
			sql -F ' ' -v users="$users" -v round="$trail$round" -f "$root/bench/sql/statement.sql" | note_each
		done
		cells=()
		for kind in bare issue wrong right; do
			cells+=("$(cell %.0f "$kind" bare), $(median_of "$kind-locks") locks")
		done
		row "$trail" "${cells[@]}"
	done
}
