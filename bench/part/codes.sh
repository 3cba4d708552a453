# shellcheck shell=bash disable=SC2154

# codes_row NAME TITLE: the median, with ratios to what ran in the same round.
codes_row()
{
	local base cells=()

	for base in one liboath empty; do
		cells+=("$(printf '%.2f' "$(ratio_of "$1" "$base")")")
	done
	row "$2" "$(cell %.3f "$1")" "${cells[@]}"
}

# Codes per second in one backend, against peers in SQL and against C outside of the database.
part_codes()
{
	local round

	forget
	declare_clocks
	quietly loop.log gcc -O2 -Wall -Wextra -I"$root/src/core" "$root/bench/codes/loop.c" "$root"/src/core/*.c \
		-loath -lcrypto -lqrencode -lpng -o "$OTP_SCRATCH/tmp/loop"
	sql -f "$root/bench/codes/prepare.sql" -f "$root/bench/codes/peers.sql"
	for ((round = 0; round < repeats; round++)); do
		"$OTP_SCRATCH/tmp/loop" | note_each
		sql -f "$root/bench/codes/codes.sql" | note_each
	done

	printf '\nMicroseconds of the process'\''s own time per code, and ratios.\n\n'
	header '' 'us' 'to totp_at' 'to liboath' 'to the empty function'
	codes_row scan 'SQL: reading the row'
	codes_row empty 'SQL: empty C function'
	codes_row one 'SQL: totp_at, one secret'
	codes_row many 'SQL: totp_at, another secret in each row'
	codes_row match_one 'SQL: totp_match, 3 steps, one secret'
	codes_row match_many 'SQL: totp_match, 3 steps, another in each row'
	codes_row peer_raw_key 'SQL: PL/pgSQL over pgcrypto, raw key'
	codes_row peer_base32 'SQL: PL/pgSQL over pgcrypto, Base32'
	codes_row liboath 'C: liboath'
	codes_row core_kept 'C: src/core, key kept'
	codes_row core_set 'C: src/core, key set for each code'
	codes_row core_evp 'C: src/core over EVP, key kept'
}
