# shellcheck shell=bash disable=SC2154

# leak TITLE COMMAND …: a row of the table, from the samples that the command prints.
leak()
{
	local cells

	cells=$("${@:2}" | "$OTP_SCRATCH/tmp/welch")
	row "$1" "$cells"
}

refusals()
{
	sql -v test="$1" -v samples=60000 -f "$root/bench/timing/refusals.sql"
}

# What time tells: Welch's t-test of two classes of calls each, in plain C and in one backend.
part_timing()
{
	local core=$OTP_SCRATCH/tmp/timing_core samples=300000 trail test

	quietly welch.log gcc -std=c11 -O2 -Wall -Wextra "$root/bench/timing/welch.c" -lm -o "$OTP_SCRATCH/tmp/welch"
	quietly timing.log gcc -std=c11 -O2 -Wall -Wextra -I"$root/src/core" "$root/bench/timing/core.c" \
		"$root"/src/core/*.c -lcrypto -lqrencode -lpng -o "$core"
	declare_clocks

	printf '\nWelch'\''s t of two classes of calls: samples, the first class'\''s median in ns, by how much the second'\''s\n'
	printf 'is longer, the largest t, and of how many per cent of the samples, the shortest, it is.\n\n'
	header timing 'class 0' 'class 1' 'median ns' 'longer by' t 'per cent' verdict
	leak 'control: compare that ends early, last / first wrong' "$core" control "$samples"
	leak 'otp_equal, last / first wrong' "$core" equal "$samples"
	leak 'otp_hotp_search, match at first / last of 3' "$core" search_place "$samples"
	leak 'otp_hotp_search, right / wrong' "$core" search_match "$samples"
	leak 'otp_hotp_search, wrong in last / all digits' "$core" search_digits "$samples"
	leak 'otp_base32_decode, one symbol / any' "$core" base32 "$samples"
	for trail in none all; do
		for test in digit unknown locked; do
			sql -v trail="$trail" -f "$root/bench/timing/prepare.sql"
			case $test in
				digit) leak "otp_verify, trail $trail: wrong at digit 29 / digit 1" refusals "$test" ;;
				unknown) leak "otp_verify, trail $trail: wrong / unknown user" refusals "$test" ;;
				locked) leak "otp_verify, trail $trail: wrong / locked user" refusals "$test" ;;
			esac
		done
	done
}
