# shellcheck shell=bash disable=SC2154

# Memory that is read before it is written, or where there is none, or is lost: regression tests once more, on a
# server that valgrind runs, with a library that has valgrind look at what it writes to tables and WAL.
# A finding is a report with the library in its stack; the server's own are not ours to mend.  Then the relay, with each
# fault that a provider can have and by mail, in which all is a finding.
suite_valgrind()
{
	tap_suite valgrind run_valgrind
}

# OTP_VALGRIND_TESTS: other tests of the Makefile's REGRESS; setup has to be the first.
run_valgrind()
(
	regress=${OTP_VALGRIND_TESTS:-setup code secret totp kept_key keyring issue verify limits rekey enroll authenticator resync recovery spent_at_once forget grant}
	second_build valgrind '-g -DUSE_VALGRIND'
	make_cluster 'fsync = off' 'autovacuum = off'
	memcheck=(valgrind --quiet --leak-check=full --show-leak-kinds=definite --num-callers=40 --fullpath-after=)
	"${memcheck[@]}" --suppressions="$root/test/valgrind.supp" --log-file="$root/log/valgrind.%p" \
		"$(type -P postgres)" -D data >log/server.log 2>&1 &
	server=$!
	for ((tries = 0; tries < 3000; tries++)); do
		! pg_isready -q || break
		kill -0 "$server" || break
		sleep 0.2
	done
	pg_isready -q || { cat log/server.log && exit 1; }
	make installcheck PG_CONFIG="$(type -P pg_config)" REGRESS="$regress" ISOLATION= >log/output 2>&1
	ok $? regress log/output
	stop_server
	# its report comes after the end
	wait "$server"
	valgrind_findings >tmp/findings
	[[ ! -s tmp/findings ]]
	ok $? 'nothing found in the library' tmp/findings

	export OTP_RELAY_WRAPPER="${memcheck[*]} --log-file=$root/log/relay.%p"
	OTP_TAP_TESTS='030_relay 033_relay_mail' suite_as_test tap relay
	reports=(log/relay.*)
	((${#reports[@]} > 0))
	ok $? 'the relay ran under valgrind'
	cat "${reports[@]}" /dev/null >tmp/findings
	[[ ! -s tmp/findings ]]
	ok $? 'nothing found in the relay' tmp/findings
)

# The paragraphs of valgrind's reports that name the library or a file of its source.
valgrind_findings()
{
	sed 's/^==[0-9]*== \{0,1\}//' log/valgrind.* | awk -v RS= -v ORS='\n\n' -v source="$root/src/" '
		index($0, source) || index($0, "/otp.so)")'
}
