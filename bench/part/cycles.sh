# shellcheck shell=bash disable=SC2154

# What becomes of the tables when codes are issued and spent a million times, with autovacuum as it
# comes and no other vacuum.  Nothing is flushed: it is the space that is measured.
part_cycles()
{
	local users=${sizes[0]} cycles=${OTP_BENCH_CYCLES:-1000000} c=16 before

	prepare "$users" none
	sql -c 'ALTER SYSTEM SET autovacuum = on' -c 'ALTER SYSTEM SET fsync = off' \
		-c 'ALTER SYSTEM SET synchronous_commit = off' -c 'SELECT pg_reload_conf()' -c 'SELECT pg_stat_reset()' >/dev/null
	before=$(cycles_sizes)
	quietly cycles.log pgbench -n -M prepared -c "$c" -j 2 -t "$((cycles / c))" -D clients="$c" -D users="$users" \
		-D turn=0 -f "$root/bench/sql/cycle.sql" postgres
	! grep -E 'aborted' "$OTP_SCRATCH/log/cycles.log" || fail "cycles: a right guess was not accepted"

	printf '\nBytes before and after %s codes of %s users were issued and spent:\n\n' "$cycles" "$users"
	header relation before after growth
	paste <(echo "$before") <(cycles_sizes) | while read -r name old _ new; do
		row "$name" "$old" "$new" "$(awk "BEGIN { printf \"%.2f\", $new / $old }")"
	done
	# a session hands its counts in at its end
	sql <<-'SQL'
		SELECT format(E'\notp_challenge: %s updates, %s of them HOT; %s dead rows; vacuumed %s times.', n_tup_upd,
		              round(n_tup_hot_upd::numeric / n_tup_upd, 3), n_dead_tup, autovacuum_count)
		  FROM pg_stat_all_tables WHERE relid = 'otp_challenge'::regclass
	SQL
	sql -c 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >/dev/null
}

cycles_sizes()
{
	sql -F ' ' -c "SELECT name, pg_relation_size(name::regclass)
		FROM unnest('{otp_challenge,otp_challenge_pkey,otp_budget,otp_budget_pkey}'::text[]) AS name"
}
