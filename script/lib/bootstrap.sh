#!/usr/bin/env bash
#
# Does script/bootstrap know what README says is needed, and leave a machine alone that has it all?  The package
# tools are stand-ins, so nothing is installed.  Prints TAP.

set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=script/lib/tap.sh
source script/lib/tap.sh

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

# tool NAME LINE …: a stand-in, found before the system's
tool()
{
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$tools/$1"
	chmod +x "$tools/$1"
}

# bootstrap ABSENT: what it says and calls on a machine that has every package but this one, and its status
bootstrap()
{
	tool dpkg-query "printf 'installed %s\\n' \"\$@\" | grep -vx 'installed $1'"
	PATH=$tools:$PATH PG_CONFIG=pg_config script/bootstrap 2>&1 && echo 'status 0' || echo "status $?"
}

tool apt-get 'echo "apt-get $*"' 'exit 7'
tool sudo 'exec "$@"'

list=$(script/bootstrap --list 15)
# shellcheck disable=SC2016
needed=$(sed -n '/^## Install/,/^```/p' README.md | grep -o '`[a-z0-9-]*-dev\(-[0-9]*\)\{0,1\}`' | tr -d '`')
is 'README.md: names the packages to build with' "$([[ $(wc -l <<<"$needed") -ge 5 ]] && echo yes)" yes
for package in gcc make $needed postgresql-15; do
	is "script/bootstrap --list 15: $package" "$(grep -x "$package" <<<"$list")" "$package"
done
is 'script/bootstrap: each package once' "$(sort <<<"$list" | uniq -d)" ''
is 'script/bootstrap: does nothing where all is there' "$(bootstrap none)" 'status 0'
is 'script/bootstrap: asks for what is not, and fails with apt-get' "$(bootstrap make | sed 's/get .* update/get … update/')" \
	$'bootstrap: installing make\napt-get … update\nstatus 7'

done_testing
