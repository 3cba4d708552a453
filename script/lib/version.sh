#!/usr/bin/env bash
#
# The version is written by hand in otp.control; is it the same everywhere else?  Prints TAP.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

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

# meta KEY …: a value of META.json
meta()
{
	perl -MJSON::PP -0777 -e '
		my $value = decode_json(do { open my $f, "<", "META.json" or die $!; <$f> });
		$value = $value->{$_} for @ARGV;
		print $value // ""' -- "$@"
}

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" otp.control)
script=extension/otp--$version.sql

is 'otp.control: a version' "$([[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] && echo yes)" yes
is 'META.json: JSON' "$(meta >/dev/null && echo yes)" yes
is 'META.json: version' "$(meta version)" "$version"
is 'META.json: version of what it provides' "$(meta provides otp version)" "$version"
is 'META.json: file of what it provides' "$(meta provides otp file)" "$script"
is 'the script of that version' "$([[ -f $script ]] && echo "$script")" "$script"
is 'Makefile: installs it' "$(grep -cE "^DATA =(.* )?${script//./\\.}( |\$)" Makefile)" 1
is 'CHANGELOG.md: newest version' \
	"$(sed -n 's/^## \[\{0,1\}\([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" "$version"

echo "1..$tests"
((failed == 0))
