# shellcheck shell=bash
#
# Root folders of Debian's, each with one major version of PostgreSQL and what script/test needs
# beside it.  mmdebstrap makes them; they are kept as archives.
#
# The caller sets $root, the root of the tree, $cache, the directory with the archives, and $scratch.
# shellcheck disable=SC2154,SC2034

# What no test reads.  In these patterns a * stands for slashes, too.
excluded=(
	'/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/man/*'
	'/usr/lib/postgresql/*/lib/bitcode/*' '/usr/lib/postgresql/*/lib/llvmjit*'
	'/usr/include/llvm-*' '/usr/lib/llvm-*/lib/libLLVM*.a' '/usr/lib/llvm-*/bin/llvm-exegesis' '/usr/bin/*-lto-dump*'
)

# describe MAJOR: the $suites of Debian to take it from, the suites of script/test that go $without
# because Debian lacks a package, and whether it is $required to pass.  False for other versions.
describe()
{
	without=()
	required=1
	case $1 in
		15) suites=(bookworm) ;;
		17) suites=(trixie) ;;
		18) suites=(forky) ;;
		# not released yet
		19) suites=(sid experimental) without=(pgtap) required= ;;
		*) return 1 ;;
	esac
}

# The mirror that this machine's own packages are from
find_mirror()
{
	local mirror

	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
		grep -m 1 '/debian/*$' || true)
	echo "${mirror:-http://deb.debian.org/debian}"
}

# Sets $recipe, the options of mmdebstrap, and $sources for what describe described.
write_recipe()
{
	local major=$1 mirror packages item
	local no_cluster=/etc/postgresql-common/createcluster.d/otp.conf

	mirror=${OTP_MATRIX_MIRROR:-$(find_mirror)}
	sources=("${suites[@]/#/deb $mirror }")
	sources=("${sources[@]/%/ main}")
	mapfile -t packages < <("$root/script/bootstrap" --list "$major")
	recipe=(
		--mode=root --variant=apt --architectures="$(dpkg --print-architecture)"
		# the index of a suite in the making expires, and a mirror may lag
		--aptopt='Acquire::Check-Valid-Until "false"'
		--aptopt='Acquire::Retries "5"'
		--aptopt='APT::Install-Recommends "false"'
		--dpkgopt=force-unsafe-io
		--essential-hook="mkdir -p \"\$1${no_cluster%/*}\""
		--essential-hook="echo create_main_cluster = false >\"\$1$no_cluster\""
	)
	for item in "${excluded[@]}"; do
		recipe+=(--dpkgopt="path-exclude=$item")
	done
	for item in "${packages[@]}"; do
		[[ " ${without[*]} " == *" ${item##*-} "* ]] || recipe+=(--include="$item")
	done
	# the second suite is for PostgreSQL only
	((${#suites[@]} == 1)) || recipe+=(--setup-hook="printf '%s: %s\n' \
Package src:postgresql-$major Pin 'release a=${suites[1]}' Pin-Priority 900 \
>\"\$1/etc/apt/preferences.d/otp\"")
}

# Sets $archive, that of what describe described, and makes it if it is not kept, or was made of
# something else.  One a version is kept.
need_archive()
{
	local major=$1 hash tries log=$scratch/mmdebstrap.log

	write_recipe "$major"
	hash=$(printf '%s\n' "${recipe[@]}" "${sources[@]}" | sha256sum)
	archive=$cache/postgresql-$major-${hash:0:12}.tar.zst
	[[ -n $fresh || ! -e $archive ]] || return 0

	echo "== making a root folder with PostgreSQL $major of Debian ${suites[*]}"
	partial=$cache/partial-$$.tar.zst
	for ((tries = 1; tries <= 3; tries++)); do
		((tries == 1)) || sleep $((tries * 5))
		if TMPDIR=$scratch in_namespace mmdebstrap "${recipe[@]}" "${suites[0]}" "$partial" "${sources[@]}" \
			>"$log" 2>&1; then
			rm -f "$cache/postgresql-$major"-*.tar.zst
			mv "$partial" "$archive"
			return
		fi
		rm -f "$partial"
		tail -n 30 "$log" >&2
	done
	return 1
}

# unpack_root DIRECTORY: makes it the root folder of $archive, with a copy of the tree at /otp.  The
# devices will be the machine's.
unpack_root()
{
	mkdir -m 755 "$1" &&
		in_namespace tar --zstd --numeric-owner --exclude='./dev/*' -xpf "$archive" -C "$1" &&
		in_namespace chmod 1777 "$1/tmp" &&
		copy_tree "$root" "$scratch/tree" &&
		in_namespace mv "$scratch/tree" "$1/otp"
}
