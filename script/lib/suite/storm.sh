# shellcheck shell=bash
#
# The storm of test/storm: first its checker, of issued codes and of tokens, then the storm itself.  Runs inside run_private, in the root of
# the tree.

suite_storm()
{
	tap_suite storm run_storm 2 1
}

# run_storm MINUTES SEED: the record outlives the scratch directory if something is wrong.
run_storm()
{
	local status=0 storm=0

	perl test/storm/checker.pl || status=1
	perl test/storm/tokens.pl || status=1
	perl test/storm/limits.pl || status=1
	with_postgresql_modules perl test/storm/storm.pl \
		--minutes "$1" --seed "$2" --record "$OTP_SCRATCH/storm" || storm=1
	# its record proves something only if the checker is right
	result test/storm/storm.pl $((status | storm))
	return $((status | storm))
}
