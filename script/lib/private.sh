# shellcheck shell=bash
#
# A private installation of PostgreSQL with otp in it, for tests and the demo.
#
# run_private copies the tree into a scratch directory and runs a script of the copy as an ordinary
# user, in a clean environment.  There the script builds, and makes of links and copies an
# installation of its own.  So nothing is written to the checkout, the system's PostgreSQL or any
# data directory that exists, and at the end all of it is removed.
#
# The caller sets $root, the root of the tree.
# shellcheck disable=SC2154

fail()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The pg_config to build with: $PG_CONFIG, or the newest that has the server's headers.
find_pg_config()
{
	local candidate

	while read -r candidate; do
		candidate=$(command -v "$candidate") || continue
		if [[ -f $("$candidate" --includedir-server)/postgres.h ]]; then
			printf '%s\n' "$candidate"
			return
		fi
	done < <(
		if [[ -n ${PG_CONFIG:-} ]]; then
			printf '%s\n' "$PG_CONFIG"
		else
			printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -Vr
			echo pg_config
		fi
	)
	fail "no pg_config with the server's headers found; PG_CONFIG may name one"
}

# copy_tree FROM TO: the files of a checkout that git does not ignore, or else all but the obvious.
copy_tree()
(
	mkdir "$2"
	cd "$1" || exit
	git=(git -c "safe.directory=$1")
	# a git hook's variables speak of the index that is being committed, not of the checkout
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX
	if [[ $("${git[@]}" rev-parse --show-toplevel 2>/dev/null) == "$1" ]]; then
		"${git[@]}" ls-files -z --cached --others --exclude-standard | sort -zu |
			while IFS= read -r -d '' file; do
				[[ ! -e $file && ! -L $file ]] || printf '%s\0' "$file"
			done | tar --no-recursion --null --files-from=- -cf - | tar --no-same-owner -xf - -C "$2"
	else
		tar --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude=build \
			--exclude=./results --exclude=./output_iso --exclude=./tmp_check -cf - . |
			tar --no-same-owner -xf - -C "$2"
	fi
)

# run_private SCRIPT [ARGUMENT …]: runs the SCRIPT of a copy of the tree, with $OTP_SCRATCH naming
# the scratch directory, and exits with its status.  OTP_KEEP=1 keeps the directory.
run_private()
{
	local script=$1 pg_config bindir user as=() name status=0
	shift

	pg_config=$(find_pg_config)
	bindir=$("$pg_config" --bindir)
	user=$(id -un)
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/otp.XXXXXX")
	trap clear_away EXIT
	trap 'interrupted=1; exit 130' INT TERM HUP

	copy_tree "$root" "$scratch/src"
	mkdir "$scratch"/{home,log,socket,tmp}
	if ((EUID == 0)); then
		# the server refuses to run as root
		user=${OTP_TEST_USER:-$(id -un postgres 2>/dev/null || echo nobody)}
		as=(runuser -u "$user" --)
		chown -R "$user:" "$scratch"
		"${as[@]}" test -w "$scratch" || fail "$user cannot reach $scratch; TMPDIR may name another place"
	fi

	local environment=(
		HOME="$scratch/home" USER="$user" LOGNAME="$user" SHELL=/bin/sh
		LANG=C.UTF-8 LC_ALL=C.UTF-8
		PATH="$scratch/root$bindir:$PATH" TMPDIR="$scratch/tmp"
		# a client that is told nothing else must not find a server of the system's
		PGHOST="$scratch/socket" PGUSER=postgres
		PG_CONFIG="$pg_config" OTP_SCRATCH="$scratch"
		PGCTLTIMEOUT="${PGCTLTIMEOUT:-${PG_TEST_TIMEOUT_DEFAULT:-180}}"
	)
	for name in $(compgen -e | grep -E '^(OTP|PG_TEST)_' || true); do
		environment+=("$name=${!name}")
	done

	# a process group of its own, so that all of it can be ended
	set -m
	"${as[@]}" env -i "${environment[@]}" bash "$scratch/src/$script" "$@" </dev/null &
	inner=$!
	set +m
	wait "$inner" || status=$?
	exit "$status"
}

clear_away()
{
	local pid file tries

	trap '' INT TERM HUP
	if [[ -n ${inner:-} ]]; then
		kill -TERM -- "-$inner" 2>/dev/null || true
		wait "$inner" 2>/dev/null || true
	fi
	while IFS= read -r -d '' file; do
		read -r pid <"$file" || continue
		# a crash leaves the file, and the number may be another's by now
		for ((tries = 0; tries < 100; tries++)); do
			[[ $(readlink "/proc/$pid/cwd") == "$scratch"/* ]] || break
			((tries > 0)) || kill -QUIT "$pid" || true
			sleep 0.1
		done
	done < <(find "$scratch" -name postmaster.pid -print0)
	# the record of a storm that broke something
	if [[ -z ${interrupted:-} && -d $scratch/storm ]]; then
		mv "$scratch/storm" "$scratch.storm"
		echo "kept: $scratch.storm" >&2
	fi
	if [[ -n ${OTP_KEEP:-} ]]; then
		echo "kept: $scratch" >&2
	else
		rm -rf "$scratch" 2>/dev/null || { sleep 1 && rm -rf "$scratch"; }
	fi
}

# What follows runs inside run_private.

# quietly LOG COMMAND …: shows the output, which goes to $OTP_SCRATCH/log/LOG, only of a failure.
quietly()
{
	local log=$OTP_SCRATCH/log/$1
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 100 "$log" >&2
		fail "failed: $*"
	}
}

# mirror DIRECTORY: in the private root, the directory with links to the system's entries, but to
# no otp that is installed there.
mirror()
{
	local entry

	[[ ! -L $OTP_SCRATCH/root$1 ]] || rm "$OTP_SCRATCH/root$1"
	mkdir -p "$OTP_SCRATCH/root$1"
	for entry in "$1"/*; do
		case ${entry##*/} in
			otp | otp.* | otp--*) ;;
			*) [[ ! -e $entry ]] || ln -s "$entry" "$OTP_SCRATCH/root$1/" ;;
		esac
	done
}

# Makes the private installation at $OTP_SCRATCH/root.  PostgreSQL's programs find the rest of their
# installation from where they are themselves, so these are copies, and everything else is a link.
install_private()
{
	local directory

	directory=$("$PG_CONFIG" --bindir)
	mkdir -p "$OTP_SCRATCH/root$directory"
	cp -RL "$directory/." "$OTP_SCRATCH/root$directory"
	directory=$("$PG_CONFIG" --sharedir)
	mirror "$directory"
	mirror "$directory/extension"
	directory=$("$PG_CONFIG" --pkglibdir)
	mirror "$directory"
	[[ ! -d $directory/bitcode ]] || mirror "$directory/bitcode"
	for directory in "$("$PG_CONFIG" --includedir)" "$("$PG_CONFIG" --libdir)"; do
		[[ -e $OTP_SCRATCH/root$directory ]] || {
			mkdir -p "$OTP_SCRATCH/root${directory%/*}"
			ln -s "$directory" "$OTP_SCRATCH/root$directory"
		}
	done

	quietly install.log make -C "$root" install with_llvm=no DESTDIR="$OTP_SCRATCH/root"
	hash -r
}

# make_cluster [SETTING=VALUE …]: the data directory of a server on a Unix socket only.
make_cluster()
{
	quietly initdb.log initdb -D "$OTP_SCRATCH/data" -U "$PGUSER" -A trust -E UTF8 --no-sync
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" \
		'max_prepared_transactions = 10' "$@" >>"$OTP_SCRATCH/data/postgresql.conf"
}

# Runs the private installation's server on that directory.
run_server()
{
	quietly start.log pg_ctl -D "$OTP_SCRATCH/data" -l "$OTP_SCRATCH/log/server.log" -w start
}

# start_server [SETTING=VALUE …]: makes one and runs it.
start_server()
{
	make_cluster "$@"
	run_server
}

stop_server()
{
	quietly stop.log pg_ctl -D "$OTP_SCRATCH/data" -m fast -w stop
}
