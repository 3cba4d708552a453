# shellcheck shell=bash disable=SC2154

# Microseconds in the server per call: one session, one transaction, 30,000 calls of each kind.
# Without fsync, so that the disk is not timed, and with a WAL writer that flushes whenever it is
# woken: otherwise an asynchronous commit, and so a wrong guess, wakes it again for each call.
part_call()
{
	local trail round kind

	sql -c 'ALTER SYSTEM SET fsync = off' -c 'ALTER SYSTEM SET wal_writer_flush_after = 0' \
		-c 'SELECT pg_reload_conf()' >/dev/null

	printf '\n%-10s %9s %18s %18s %18s   us per call, one transaction\n' trail bare issue right wrong
	for trail in "${trails[@]}"; do
		prepare 10000 "$trail"
		rm -f "$OTP_SCRATCH"/tmp/call.*
		for ((round = 0; round < repeats; round++)); do
			sql -f "$root/bench/sql/call.sql" | while read -r kind us; do
				echo "$us" >>"$OTP_SCRATCH/tmp/call.$kind"
			done
		done
		printf '%-10s %9.1f' "$trail" "$(median <"$OTP_SCRATCH/tmp/call.bare")"
		for kind in issue right wrong; do
			printf ' %9.1f (x%5.2f)' "$(median <"$OTP_SCRATCH/tmp/call.$kind")" \
				"$(paste "$OTP_SCRATCH/tmp/call.$kind" "$OTP_SCRATCH/tmp/call.bare" | awk '{ print $1 / $2 }' | median)"
		done
		echo
	done
	sql -c 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >/dev/null
}
