#!/usr/bin/env bash
#
# The version is written by hand in otp.control; is it the same everywhere else?  Prints TAP.

set -euo pipefail
shopt -s extglob
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=script/lib/tap.sh
source script/lib/tap.sh

# meta KEY …: a value of META.json
meta()
{
	perl -MJSON::PP -0777 -e '
		my $value = decode_json(do { open my $f, "<", "META.json" or die $!; <$f> });
		$value = $value->{$_} for @ARGV;
		print $value // ""' -- "$@"
}

# Deltas may replace views that an earlier script has made: PostgreSQL itself refuses if such a view is not the extension's any more.
# shellcheck disable=SC2016
replaced()
{
	perl -e '
		for my $script (@ARGV)
		{
			open my $lines, "<", $script or die "$script: $!";
			my @made;
			while (<$lines>)
			{
				push @made, $1 if /^CREATE VIEW (\S+) AS$/;
				next if /^CREATE OR REPLACE VIEW (\S+) AS$/ && $view{$1};
				print "$script:$.:$_" if /create\s+or\s+replace|if\s+not\s+exists/i;
			}
			$view{$_} = 1 for @made;
		}' -- "$@"
}

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" otp.control)
scripts=(extension/*)

# The scripts by which PostgreSQL comes from nothing to that version: of the first one, then a delta for each.
bases=(extension/otp--+([0-9.]).sql)
path=("${bases[0]}")
at=${bases[0]#extension/otp--} at=${at%.sql}
while [[ $at != "$version" ]] && delta=(extension/otp--"$at"--*.sql) && [[ -f ${delta[0]} ]]; do
	path+=("${delta[0]}")
	at=${delta[0]##*--} at=${at%.sql}
done

is 'otp.control: a version' "$([[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] && echo yes)" yes
is 'META.json: JSON' "$(meta >/dev/null && echo yes)" yes
is 'META.json: version' "$(meta version)" "$version"
is 'META.json: version of what it provides' "$(meta provides otp version)" "$version"
is 'META.json: file of what it provides' "$(meta provides otp file)" "${bases[0]}"
is 'extension/: one script of a first version, and a delta for each one since' "${scripts[*]}" \
	"$(printf '%s\n' "${path[@]}" | LC_ALL=C sort | paste -sd ' ')"
is 'extension/: they lead to that version' "$at" "$version"
is 'Makefile: installs them' "$(sed -n 's/^DATA = //p' Makefile)" "${path[*]}"
is 'CHANGELOG.md: newest version' \
	"$(sed -n 's/^## \[\{0,1\}\([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" "$version"
is 'extension/: nothing takes the place of what somebody else may have made' "$(replaced "${path[@]}")" ''
for script in "${path[@]}"; do
	to=${script##*--} to=${to%.sql}
	command="ALTER EXTENSION otp UPDATE TO '$to'"
	[[ $script != "${path[0]}" ]] || command='CREATE EXTENSION otp'
	is "$script: does nothing in psql" "$(sed -n 1,3p "$script")" \
		"/* otp $to */"$'\n\n'"\\echo Use \"$command\" to load this file. \\quit"
done
# Whoever has a version has its script as it was released: what changes, changes by a delta.
is 'test/data/frozen.sha256: all scripts but the newest' "$(sed 's/.* //' test/data/frozen.sha256)" \
	"$(printf '%s\n' "${path[@]::${#path[@]}-1}")"
is 'and they are as they were' "$(sha256sum --check --quiet test/data/frozen.sha256 2>&1)" ''

done_testing
