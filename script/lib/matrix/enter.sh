#!/usr/bin/env bash
#
# enter.sh ROOT LOG COMMAND …: runs the command in the root folder and copies its output to the log.
#
# It is the first process of a namespace: what it mounts and starts ends with it.  It stays while
# the command runs, to collect the processes whose parents ended before them.

set -euo pipefail

root=$1
log=$2
shift 2

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o nosuid,nodev,mode=1777 shm "$root/dev/shm"

environment=(
	HOME=/root USER=root LOGNAME=root SHELL=/bin/sh LANG=C.UTF-8
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
)
for name in $(compgen -e | grep -E '^(OTP|PG_TEST)_' | grep -vE '^OTP_(MATRIX_|TEST_USER$)'); do
	environment+=("$name=${!name}")
done

chroot "$root" env -i "${environment[@]}" "$@" 2>&1 | tee "$log"
