# shellcheck shell=bash disable=SC2154

# Microseconds in the server per call: one session, one transaction, 30,000 calls of each kind.
# Without fsync, so that the disk is not timed, and with a WAL writer that flushes whenever it is
# woken: otherwise an asynchronous commit, and so a wrong guess, wakes it again for each call.
part_call()
{
	local trail round

	sql -c 'ALTER SYSTEM SET fsync = off' -c 'ALTER SYSTEM SET wal_writer_flush_after = 0' \
		-c 'SELECT pg_reload_conf()' >/dev/null

	printf '\nMicroseconds in the server per call, one session, one transaction:\n\n'
	header trail bare issue right wrong
	for trail in "${trails[@]}"; do
		prepare 10000 "$trail"
		forget
		for ((round = 0; round < repeats; round++)); do
			sql -F ' ' -f "$root/bench/sql/call.sql" | note_each
		done
		row "$trail" "$(cell %.1f bare)" "$(cell %.1f issue bare)" "$(cell %.1f right bare)" "$(cell %.1f wrong bare)"
	done
	sql -c 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >/dev/null
}
