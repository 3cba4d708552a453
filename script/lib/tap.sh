# shellcheck shell=bash
#
# The Test Anything Protocol, as far as the tests of the tree itself speak it.

tests=0
failed=0

# is WHAT HAVE WANT
is()
{
	tests=$((tests + 1))
	if [[ $2 == "$3" ]]; then
		echo "ok $tests - $1"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $1"
		printf '# have: %s\n# want: %s\n' "${2:-nothing}" "$3"
	fi
}

# The last line: the plan.  False if anything failed.
done_testing()
{
	echo "1..$tests"
	((failed == 0))
}
