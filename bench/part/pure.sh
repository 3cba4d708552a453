# shellcheck shell=bash disable=SC2154

# The pure functions, over a million rows.
part_pure()
{
	local round

	forget
	sql -f "$root/bench/sql/pure_prepare.sql" >/dev/null
	for ((round = 0; round < repeats; round++)); do
		sql -F ' ' -f "$root/bench/sql/pure.sql" | note_each
	done
	printf '\nMilliseconds of a pure function over a million rows, no parallel query:\n\n'
	header query ms
	row 'the scan alone' "$(cell %.0f count_only)"
	row 'totp_at(secret, t), one secret' "$(cell %.0f totp_at_one_secret)"
	row 'totp_at(secret, t), a thousand secrets' "$(cell %.0f totp_at_many_secrets)"
	row "totp_match(secret, '123456', t), three steps each" "$(cell %.0f totp_match_drift_1)"
}
