# shellcheck shell=bash

# Memory over a great many calls.  OTP_LEAK_CALLS: how many of each kind.
suite_leak()
{
	need_server
	tap_suite leak test/leak/run "${OTP_LEAK_CALLS:-10000}" || server_trouble
}
