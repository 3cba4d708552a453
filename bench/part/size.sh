# shellcheck shell=bash disable=SC2154

# Bytes per user, and bytes of WAL per call once each page has had its full image.
part_size()
{
	local users trail line figures

	printf '\nBytes per user, bytes of WAL per call, transaction ids per wrong guess:\n\n'
	header users trail otp_challenge otp_budget 'WAL bare' issue right wrong xids
	for users in "${sizes[@]}"; do
		for trail in "${trails[@]}"; do
			prepare "$users" "$trail"
			line=$(sql -F ' ' -v users="$users" -f "$root/bench/sql/size.sql")
			read -ra figures <<<"$line"
			row "$users" "$trail" "${figures[@]}"
		done
	done
}
