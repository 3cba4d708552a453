# shellcheck shell=bash disable=SC2154

# Builds and declares the functions of bench/server.c.
install_bench_module()
{
	local library=$OTP_SCRATCH/tmp/bench

	[[ ! -e $library.so ]] || return 0
	quietly server.log gcc -O2 -Wall -fPIC -shared -I"$("$PG_CONFIG" --includedir-server)" \
		"$root/bench/server.c" -o "$library.so"
	sql -v library="'$library'" -f "$root/bench/sql/module.sql"
}
