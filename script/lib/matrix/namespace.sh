# shellcheck shell=bash
#
# Commands in a namespace of their own: whatever they mount or start ends with them, also when they
# are killed, and the machine's own mounts stay as they are.

# Who is not root becomes so in the namespace, with the ids that /etc/subuid and /etc/subgid grant.
namespace=(unshare --mount --pid --ipc --fork --kill-child --mount-proc)
((EUID == 0)) || namespace+=(--user --map-root-user --map-auto)

check_namespace()
{
	command -v unshare >/dev/null || fail 'no unshare, of util-linux 2.38 or newer'
	"${namespace[@]}" true || fail "namespaces are not allowed here: it takes root who may mount, or else\
 user namespaces, newuidmap, and 65536 ids of this user's in /etc/subuid and /etc/subgid"
}

# in_namespace COMMAND …: in a process group of its own, so that an interrupt reaches only us, and in
# the background, so that it reaches us at once.
in_namespace()
{
	local status=0

	set -m
	"${namespace[@]}" "$@" </dev/null &
	inner=$!
	set +m
	wait "$inner" || status=$?
	inner=
	return $status
}

# Ends what in_namespace runs, if anything.  The first process takes all others with it, and unshare
# returns when they are gone.
end_namespace()
{
	local first=

	[[ -n ${inner:-} ]] || return 0
	read -r first <"/proc/$inner/task/$inner/children" || true
	first=${first%% *}
	kill -KILL "${first:-$inner}" || true
	wait "$inner" || true
}
