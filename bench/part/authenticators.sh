# shellcheck shell=bash disable=SC2154

# Microseconds in the server per call of otp_verify: with an issued code, with 1, 2 and 5 TOTP authenticators of the user, with
# an HOTP token, with recovery codes; as in part call.
part_authenticators()
{
	local kinds=(issued totp1 totp2 totp5 hotp recovery) kind round what cells

	sql -c 'ALTER SYSTEM SET fsync = off' -c 'ALTER SYSTEM SET wal_writer_flush_after = 0' \
		-c 'SELECT pg_reload_conf()' >/dev/null
	sql -f "$root/bench/sql/authenticators_prepare.sql" >/dev/null
	forget
	for ((round = 0; round < repeats; round++)); do
		sql -F ' ' -f "$root/bench/sql/authenticators.sql" | note_each
	done
	printf '\nMicroseconds in the server per otp_verify, no trail, one session, one transaction:\n\n'
	header guess 'issued code' '1 TOTP' '2 TOTP' '5 TOTP' '1 HOTP' '10 recovery codes'
	for what in right wrong; do
		cells=("$(cell %.1f "${what}_issued")")
		for kind in "${kinds[@]:1}"; do
			cells+=("$(cell %.1f "${what}_$kind" "${what}_issued")")
		done
		row "$what" "${cells[@]}"
	done
	sql -c 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >/dev/null
}
