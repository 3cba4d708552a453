# shellcheck shell=bash
#
# The protocol as a model, searched exhaustively: see test/model/README.md.

suite_model()
{
	tap_suite model test/model/run
}
