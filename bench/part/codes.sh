# shellcheck shell=bash disable=SC2154

# row NAME TITLE: a row of the table, with ratios to what ran in the same round.
row()
{
	local base

	printf '%-46s %8.3f' "$2" "$(median <"$OTP_SCRATCH/tmp/codes.$1")"
	for base in one liboath empty; do
		printf '  x%7.2f' "$(paste "$OTP_SCRATCH/tmp/codes.$1" "$OTP_SCRATCH/tmp/codes.$base" |
			awk '{ print $1 / $2 }' | median)"
	done
	echo
}

# Codes per second in one backend, against peers in SQL and against C outside of the database.
part_codes()
{
	local round name us

	rm -f "$OTP_SCRATCH"/tmp/codes.*
	install_bench_module
	quietly loop.log gcc -O2 -Wall -Wextra -I"$root/src/core" "$root/bench/codes/loop.c" "$root"/src/core/*.c \
		-loath -lcrypto -o "$OTP_SCRATCH/tmp/loop"
	sql -f "$root/bench/codes/prepare.sql" -f "$root/bench/codes/peers.sql"
	for ((round = 0; round < repeats; round++)); do
		{
			"$OTP_SCRATCH/tmp/loop"
			sql -f "$root/bench/codes/codes.sql"
		} | while read -r name us; do
			echo "$us" >>"$OTP_SCRATCH/tmp/codes.$name"
		done
	done

	printf '\n%-46s %8s  %8s  %8s  %8s\n' codes 'us each' totp_at liboath floor
	row scan 'SQL: reading the row'
	row empty 'SQL: empty C function (floor)'
	row one 'SQL: totp_at, one secret'
	row many 'SQL: totp_at, another secret in each row'
	row match_one 'SQL: totp_match, 3 steps, one secret'
	row match_many 'SQL: totp_match, 3 steps, another in each row'
	row peer_raw_key 'SQL: PL/pgSQL over pgcrypto, raw key'
	row peer_base32 'SQL: PL/pgSQL over pgcrypto, Base32'
	row liboath 'C: liboath'
	row core_kept 'C: src/core, key kept'
	row core_set 'C: src/core, key set for each code'
	row core_evp 'C: src/core over EVP, key kept'
}
