# shellcheck shell=bash disable=SC2154

# Bytes per user, and bytes of WAL per call once each page has had its full image.
part_size()
{
	local users trail

	printf '\n%-8s %-10s %10s %10s %10s %10s %10s %10s %10s\n' users trail challenge budget 'wal bare' \
		'wal issue' 'wal right' 'wal wrong' xids/wrong
	for users in "${sizes[@]}"; do
		for trail in "${trails[@]}"; do
			prepare "$users" "$trail"
			sql -v users="$users" -v trail="$trail" -f "$root/bench/sql/size.sql"
		done
	done
}
