# shellcheck shell=bash
#
# The protocol as a model, searched exhaustively: see test/model/README.md.

suite_model()
{
	local status=0

	tap_suite model test/model/run || status=1
	result test/model/configurations.sh "$status"
}
