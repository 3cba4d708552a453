# shellcheck shell=bash disable=SC2154

# What C leaves undefined: the other suites once more, by a library with the compiler's checks in it.  Each line
# "runtime error:" in a server's log is a finding.  AddressSanitizer cannot be had this way: it wants to
# be in the server from the start.
suite_ubsan()
{
	tap_suite ubsan run_ubsan
}

# PostgreSQL's flags define what happens when a signed number overflows (-fwrapv); we do not rely on it.
run_ubsan()
(
	checks=undefined,bounds-strict,float-cast-overflow,float-divide-by-zero
	second_build ubsan "-fno-wrapv -fsanitize=$checks"
	[[ $(nm -D otp.so) == *__ubsan_handle* ]]
	ok $? 'the library checks itself'
	# the relay is a program of its own, and can have AddressSanitizer, too: then it does not end with status 0
	quietly relay.log make -B relay CC=gcc COPT="-fsanitize=address,$checks"
	# with real servers behind it, the relay does nothing else than with the scripted one
	[[ -n ${OTP_TAP_TESTS:-} ]] ||
		OTP_TAP_TESTS=$(cd test/t && printf '%s\n' *.pl | sed 's/\.pl$//' | grep -v '^05' | tr '\n' ' ')
	for suite in regress isolation tap pgtap; do
		[[ " ${without[*]} " != *" $suite "* ]] || continue
		suite_as_test "$suite" "$suite"
	done
	[[ ! -e $OTP_SCRATCH/data/postmaster.pid ]] || stop_server
	grep -rhoE '(src|relay)/[^ ]*: runtime error: .*' log tmp_check/log | sort -u >tmp/findings
	[[ ! -s tmp/findings ]]
	ok $? 'nothing is undefined' tmp/findings
)
