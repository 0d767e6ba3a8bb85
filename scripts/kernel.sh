#!/bin/bash
# Makes sure a test kernel is built (or, for a distribution's own, unpacked) and says where it is.
#
#   eval "$(scripts/kernel.sh NAME)"      NAME: a file kernels/NAME.config
#
# Progress goes to stderr. On success stdout has lines for the shell:
#   KDIR     what `make -C $KDIR M=...` takes
#   KMAKE    arguments that make needs besides (LLVM=-19, say); often empty
#   IMAGE    the bootable image
#   VMLINUX  with symbols for gdb; empty for a distribution's kernel
#   SRC      a kernel source tree, for its kunit.py and checkpatch.pl; empty if there is none yet
#   GUEST_ARCH, BUSYBOX  what guest.py wants to know of another architecture's kernel; or empty
#
# A .config file holds options and directives:
#   # krcu-base: NAME            the options of NAME.config come first
#   # krcu-source: 6.12          built from the newest package linux-source-6.12
#   # krcu-make: LLVM=-19        arguments for make; ARCH=... CROSS_COMPILE=... for another architecture
#   # krcu-stock: 6.12 amd64     not built: the newest linux-image-6.12*-amd64 and its headers
#
# From the environment: CC (for this architecture) or LLVM choose the compiler, JOBS the number of jobs.
# Everything lives where cache.sh says. What is there is used for as long as it is there, so that no run suddenly
# spends minutes because a new kernel was published, and no run needs the network; KRCU_REFRESH=1 fetches the
# newest. What is damaged is made again.
set -euo pipefail

configs=${BASH_SOURCE[0]%/*}/kernels
setup=${BASH_SOURCE[0]%/*}/setup.sh
cache=$("${BASH_SOURCE[0]%/*}/kernels/cache.sh") || exit
umask 022

# Disk space, in MB. Measured: a source tree takes 1700 (and 150 for its package on the way), a
# kernel 230 (default) to 450 (debug), a stock kernel 150 (and 120). With room to spare:
need_src=2000 need_build=1200 need_stock=400

say() { echo "krcu: $*" >&2; }
die() { say "$@"; exit 1; }

# shellcheck source=scripts/end-children.sh
. "${BASH_SOURCE[0]%/*}/end-children.sh"

# A make that called this script must not hand its own variables to the kernel's.
unset MAKEFLAGS MFLAGS MAKELEVEL GNUMAKEFLAGS O M V KBUILD_OUTPUT KBUILD_EXTMOD KCONFIG_ALLCONFIG \
	KCONFIG_CONFIG ARCH CROSS_COMPILE SRCARCH srctree objtree
export LC_ALL=C

# --- running things ------------------------------------------------------------------------------

# run STAGE LOG COMMAND...: runs it, and says every few seconds how far it is.
run() {
	local stage=$1 log=$2 pid start=$SECONDS next=$((SECONDS + 5)) n
	shift 2
	"$@" </dev/null >"$log" 2>&1 &
	pid=$!
	trap 'end_children $$; say "interrupted; the next run goes on from here"; exit 130' INT TERM HUP
	say "$name: $stage"
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.3
		((SECONDS >= next)) || continue
		next=$((SECONDS + 5))
		n=$(grep -cE '^ +(CC|AS|HOSTCC) ' "$log" 2>/dev/null) || n=0
		say "$name: $stage,$( ((n)) && echo " $n objects,") $((SECONDS - start)) s"
	done
	n=0
	wait "$pid" 2>/dev/null || n=$?
	trap - INT TERM HUP
	return "$n"
}

# Only one run at a time fetches or builds; what it starts holds the lock too, so that even what a
# killed run has left behind ends before the next one goes on.
lock() {
	mkdir -p "$cache/kernels" "$cache/src" 2>/dev/null || true
	{ exec 9>"$cache/lock"; } 2>/dev/null || die "$name: cannot write to $cache; set XDG_CACHE_HOME"
	if ! flock -n 9; then
		say "$name: waiting for another build to end"
		flock 9
	fi
	# What a killed run was fetching.
	rm -rf "$cache/tmp"
}

need_space() { # MB
	local free
	free=$(df --output=avail -m "$cache" | tail -1)
	((free >= $1)) ||
		die "$name: not enough space in $cache: needs $1 MB, ${free// /} MB free; free some or set XDG_CACHE_HOME"
}

full() { # LOG: did that fail for lack of space? The log may have been the first to suffer.
	(($(df --output=avail -m "$cache" | tail -1) < 20)) ||
		grep -qiE 'no space left|disk quota exceeded|enough free space' "$1"
}

# --- Debian's archive ----------------------------------------------------------------------------

apt_ready() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# fetch DIR PACKAGE...: downloads into DIR. As root apt would warn that it cannot drop privileges.
fetch() {
	local dir=$1
	shift
	(cd "$dir" && apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=1 \
		-o Acquire::http::Timeout=20 download "$@")
}

# Newest package whose name is REGEX, by version number in the name.
newest_package() { # PREFIX REGEX
	apt-cache pkgnames "$1" 2>/dev/null | grep -xE "$2" | sort -V | tail -1 || true
}

# Lists of packages that are missing or too old are a matter of apt-get update, which needs root.
apt_update() {
	local sudo=()
	((EUID == 0)) || sudo=(sudo -n)
	run "updating the package lists" "$cache/fetch.log" "${sudo[@]}" apt-get -q -o Acquire::Retries=1 \
		-o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any update
}

no_package() { # WHAT
	die "$name: cannot download $1, and nothing usable is in $cache; is the network up, and Debian's archive configured (apt-get update)?"
}

# Debian's own busybox for a kernel of another ARCH, by apt's configuration and lists of another
# system in a directory of its own. Sets $busybox.
get_busybox() { # ARCH
	local tmp=$cache/tmp debian=$1 apt
	busybox=$cache/busybox-$1
	[[ -s $busybox && -z ${KRCU_REFRESH:-} ]] && return
	apt_ready || die "$name: needs Debian's busybox-static for $1 (apt-get, dpkg-deb not found)"
	lock
	case $1 in
	arm) debian=armhf ;;
	s390) debian=s390x ;;
	esac
	mkdir -p "$tmp"/{lists,archives}/partial
	touch "$tmp/status"
	apt=(-o "APT::Architecture=$debian" -o "APT::Architectures=$debian" -o "Dir::State=$tmp"
		-o "Dir::State::status=$tmp/status" -o "Dir::Cache=$tmp" -o Acquire::Languages=none)
	if run "downloading busybox-static for $debian" "$cache/fetch.log" fetch_foreign "$tmp" busybox-static &&
		dpkg-deb --fsys-tarfile "$tmp"/busybox-static_*.deb | tar -xO ./bin/busybox >"$tmp/busybox"; then
		chmod +x "$tmp/busybox"
		mv "$tmp/busybox" "$busybox"
	else
		[[ -s $busybox ]] || no_package "busybox-static for $debian"
	fi
	rm -rf "$tmp"
}

fetch_foreign() { # DIR PACKAGE: with the options $apt
	# A list that cannot be had need not be the one that counts.
	apt-get -q "${apt[@]}" -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update || :
	fetch "$1" "${apt[@]}" "$2"
}

# --- sources -------------------------------------------------------------------------------------

# The sources of SERIES in the cache, the newest first. A directory is only ever renamed into place, so it was
# whole once.
cached_sources() { # SERIES
	local makefile
	# shellcheck disable=SC2231 # SERIES may be a pattern
	for makefile in "$cache/src/linux-"$1_*/Makefile; do
		[[ ! -s $makefile ]] || echo "${makefile%/Makefile}"
	done | sort -Vr
}

newest_source() { cached_sources "$1" | sed -n 1p; } # SERIES

unpack_source() { # DEB TARBALL-PATH DIR
	mkdir -p "$3" && dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | tar -xJ --strip-components=1 -C "$3"
}

# Sets $src; fetches it if there is none, or when a refresh finds a newer one.
get_source() { # SERIES
	local series=$1 pkg=linux-source-$1 version dest deb tmp=$cache/tmp
	src=$(newest_source "$series")
	[[ -n $src && -z ${KRCU_REFRESH:-} ]] && return
	apt_ready || die "$name: needs Debian's $pkg package (apt-get, dpkg-deb not found)"
	[[ -z ${KRCU_REFRESH:-} ]] || apt_update || say "$name: apt-get update failed; going by the lists there are"
	version=$(apt-cache show "$pkg" 2>/dev/null | sed -n 's/^Version: //p' | head -1)
	if [[ -z $version ]]; then
		[[ -n $src ]] && return
		apt_update || no_package "$pkg"
	fi
	[[ -n $src && $src == "$(source_dir "$series" "$version")" ]] && return

	need_space $((need_src + need_build))
	rm -rf "$tmp" && mkdir -p "$tmp"
	run "downloading $pkg" "$cache/fetch.log" fetch "$tmp" "$pkg" || {
		# The version apt knew of may be gone by now.
		{ apt_update && fetch "$tmp" "$pkg" >"$cache/fetch.log" 2>&1; } || {
			[[ -n $src ]] && say "$name: cannot download $pkg; going on with what is cached" && return
			no_package "$pkg"
		}
	}
	deb=$(echo "$tmp/$pkg"_*.deb)
	version=$(dpkg-deb -f "$deb" Version)
	dest=$(source_dir "$series" "$version")
	if ! run "unpacking $pkg $version" "$cache/fetch.log" \
		unpack_source "$deb" "./usr/src/$pkg.tar.xz" "$tmp/src"; then
		if full "$cache/fetch.log"; then
			rm -rf "$tmp"
			die "$name: no space left in $cache; needs $((need_src + need_build)) MB"
		fi
		rm -rf "$tmp"
		die "$name: cannot unpack $pkg: $(tail -1 "$cache/fetch.log")"
	fi
	rm -rf "$dest" # damaged, if it is there
	mv -T "$tmp/src" "$dest"
	rm -rf "$tmp"
	src=$dest
}

source_dir() { echo "$cache/src/linux-$1_$(tr -c 'A-Za-z0-9.\n' - <<<"$2")"; } # SERIES VERSION

# --- kernels of our own --------------------------------------------------------------------------

directive() { # FILE KEY
	sed -n "s/^# krcu-$2: *//p" "$1"
}

# The files whose options make up kernel NAME, the base first.
chain() { # NAME
	local f=$configs/$1.config base
	[[ -f $f ]] || die "$name: no such kernel: $1 (there are: $(known))"
	base=$(directive "$f" base)
	[[ -z $base ]] || chain "$base"
	echo "$f"
}

known() { (cd "$configs" && printf '%s\n' *.config | sed 's/\.config$//' | paste -sd' '); }

# Options of all files given, one line each; where several set the same option, the last one holds.
options() {
	sed -nE '/^CONFIG_[A-Z0-9_]+=|^# CONFIG_[A-Z0-9_]+ is not set$/p' "$@" |
		awk '{ k = $0; sub(/^# /, "", k); sub(/[= ].*/, "", k); if (!(k in at)) at[k] = ++n; line[at[k]] = $0 }
		     END { for (i = 1; i <= n; i++) print line[i] }'
}

# Options asked for that did not make it into .config. kconfig drops them without a word.
lost_options() { # FRAGMENT .CONFIG
	awk 'NR == FNR { have[$0]; k = $0; sub(/=.*/, "", k); set[k]; next }
	     /^#/ { if ($2 in set) print $2 "=n"; next }
	     !($0 in have) { print }' "$2" "$1" | paste -sd' '
}

kernel_make() { make -C "$src" O="$build" -j"${JOBS:-$(nproc)}" "${kmake[@]}" "$@"; }

configure() { kernel_make KCONFIG_ALLCONFIG="$build/krcu.config" allnoconfig; }

build_failed() { # LOG
	if full "$1"; then
		rm -rf "$build"
		die "$name: no space left in $cache; building needs $need_build MB"
	fi
	tail -n 15 "$1" >&2
	die "$name: the kernel does not build; end of the log above, all of it in $1"
}

build_kernel() {
	local log=$build.log lost image fresh=1
	need_space $need_build
	[[ -d $build ]] && fresh=
	mkdir -p "$build"
	printf '%s\n' "$options" >"$build/krcu.config"
	run "configuring" "$log" configure || build_failed "$log"
	lost=$(lost_options "$build/krcu.config" "$build/.config")
	[[ -z $lost ]] || die "$name: kernels/$name.config asks for what this kernel does not take: $lost"
	if ! run "building ${src##*/} with $cc" "$log" kernel_make all; then
		# What an interrupted build has left may be in the way.
		if [[ -n $fresh ]] || full "$log"; then build_failed "$log"; fi
		say "$name: what an earlier run left does not build; starting over"
		rm -rf "$build"
		build_kernel
		return
	fi
	image=$(kernel_make -s image_name)
	[[ -f $build/$image && -f $build/Module.symvers ]] || build_failed "$log"
	rm -f "$log"
	complete "KDIR=$build" "KMAKE=${kmake[*]-}" "IMAGE=$build/$image" "VMLINUX=$build/vmlinux"
}

# whole: whether $build has a kernel that was completed, and still has what a run uses first: sets KDIR, IMAGE
# and VMLINUX then. If it was completed and is not whole, $damage says why.
whole() {
	local key value file

	damage='' KDIR='?' IMAGE='?' VMLINUX='?'
	[[ -f $build/.complete ]] || return
	while IFS='=' read -r key value; do
		case $key in
		KDIR) KDIR=$value ;;
		IMAGE) IMAGE=$value ;;
		VMLINUX) VMLINUX=$value ;;
		esac
	done <"$build/.complete"
	for file in "$KDIR"/{Makefile,Module.symvers,include/config/auto.conf} "$IMAGE" ${VMLINUX:+"$VMLINUX"}; do
		if [[ $file != "$build"/* ]]; then
			damage="$build/.complete is incomplete, or of another place"
		elif [[ ! -s $file ]]; then
			damage="$file is missing or empty"
		fi
	done
	[[ -z $damage ]]
}

discard_damaged() {
	[[ -n $damage ]] || return 0
	say "$name: damaged, to be made again: $damage"
	rm -rf "$build"
}

# The stamp comes last and at once, so that whatever is not whole has none.
complete() {
	printf '%s\n' "$@" >"$build/.complete.tmp"
	sync -d "$build/.complete.tmp"
	mv "$build/.complete.tmp" "$build/.complete"
	# Builds of this kernel that nobody used for two weeks go, and then sources that nothing is built of.
	local old
	while IFS= read -r old; do rm -rf "${old%/.complete}"; done < \
		<(find "$cache/kernels" -mindepth 3 -maxdepth 3 -name .complete -path "*/$name/*" -mtime +14)
	for old in "$cache"/src/linux-*_*; do
		[[ -n $src && -d $old && $old != "$src" ]] || continue
		find "$cache/kernels" -mindepth 3 -maxdepth 3 -lname "$old" | grep -q . || rm -rf "$old"
	done
}

own_kernel() { # SERIES
	local series=$1 cc v cross=''
	kmake=()
	for f in "${files[@]}"; do
		read -ra v <<<"$(directive "$f" make)"
		kmake+=("${v[@]}")
	done
	for v in "${kmake[@]}"; do
		case $v in
		ARCH=*) guest_arch=${v#ARCH=} ;;
		CROSS_COMPILE=*) cross=${v#CROSS_COMPILE=} ;;
		esac
	done
	[[ -z ${LLVM:-} || " ${kmake[*]-} " == *" LLVM="* ]] || kmake+=("LLVM=$LLVM")
	[[ -z ${CC:-} || -n $cross || " ${kmake[*]-} " == *" LLVM="* ]] || kmake+=("CC=$CC")
	unset LLVM CC
	[[ " ${kmake[*]-} " != *" LLVM="* ]] || "$setup" llvm
	[[ -z $guest_arch ]] || "$setup" "$guest_arch"
	cc=${cross}gcc
	for v in "${kmake[@]}"; do
		case $v in
		LLVM=-*) cc=clang${v#LLVM=} ;;
		LLVM=*/) cc=${v#LLVM=}clang ;;
		LLVM=*) cc=clang ;;
		CC=*) cc=${v#CC=} ;;
		esac
	done
	# shellcheck disable=SC2086 # CC may be "ccache gcc"
	compiler=$($cc --version 2>/dev/null | head -1) || true
	[[ -n $compiler ]] || die "$name: no compiler $cc here; $setup installs what is needed"
	options=$(options "${files[@]}")
	[[ -z $guest_arch ]] || get_busybox "$guest_arch"

	if [[ -z ${KRCU_REFRESH:-} ]]; then
		# The newest source this very kernel was already built from.
		while IFS= read -r src; do
			key
			[[ ! -f $build/.complete ]] || break
		done < <(cached_sources "$series")
		[[ -z $src ]] || ! whole || return 0
	fi
	lock
	get_source "$series"
	key
	whole || {
		discard_damaged
		build_kernel
	}
}

# $build: the directory for this source, these options, this compiler.
key() {
	local sum
	sum=$(sha256sum <<<"${src##*/} ${compiler} ${kmake[*]-} $options")
	build=$cache/kernels/$name/${sum:0:12}
}

# --- a distribution's kernel ---------------------------------------------------------------------

# Unpacks the headers as they would be installed, with every path that leads to /usr turned to where
# they are; of the image only what boots.
unpack_stock() { # FROM TO FINAL
	local deb hdr
	mkdir -p "$2"
	for deb in "$1"/*.deb; do
		case ${deb##*/} in
		linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" ./boot ;;
		*) dpkg-deb -x "$deb" "$2" ;;
		esac || return
	done
	for hdr in "$2"/usr/src/linux-headers-*/Makefile; do
		sed -i "s|^include /usr/|include $3/usr/|" "$hdr" || return
	done
	rm -rf "${2:?}/usr/share/doc" "${2:?}/lib"
}

# The newest one that is whole; the directory is named after the version.
newest_stock() {
	find "$cache/kernels/$name" -mindepth 2 -maxdepth 2 -name .complete -printf '%h\n' 2>/dev/null | sort -V | tail -1 || true
}

stock_kernel() { # SERIES FLAVOUR
	local series=$1 flavour=$2 re image abi headers dep tmp=$cache/tmp v
	kmake=()
	[[ -z ${CC:-} ]] || kmake=("CC=$CC")
	build=$(newest_stock)
	[[ -n $build && -z ${KRCU_REFRESH:-} ]] && whole && return

	local old
	apt_ready || die "$name: needs Debian's packages (apt-get, dpkg-deb not found)"
	lock
	while build=$(newest_stock) && [[ -n $build ]] && ! whole; do
		discard_damaged
	done
	[[ -n $build && -z ${KRCU_REFRESH:-} ]] && return
	old=$build

	re="linux-image-${series//./\\.}(\.[0-9]+)*(-[0-9]+)?(\+[a-z]+[0-9]+)?-$flavour-unsigned"
	image=$(newest_package "linux-image-$series" "$re")
	if [[ -z $image || -n ${KRCU_REFRESH:-} ]]; then
		apt_update || [[ -n $image ]] || no_package "linux-image-$series...-$flavour-unsigned"
		image=$(newest_package "linux-image-$series" "$re")
		[[ -n $image ]] || no_package "linux-image-$series...-$flavour-unsigned"
	fi
	abi=${image#linux-image-}
	abi=${abi%-unsigned}
	build=$cache/kernels/$name/$abi
	whole && return
	need_space $need_stock

	# The headers' own dependencies name the common part and kbuild.
	headers=linux-headers-$abi
	dep=$(apt-cache show --no-all-versions "$headers" 2>/dev/null |
		sed -n 's/^Depends: //p' | grep -oE 'linux-(headers|kbuild)-[^ ,]+') || dep=
	rm -rf "$tmp" "$build" && mkdir -p "$tmp"
	# shellcheck disable=SC2086 # a list
	run "downloading $image and headers" "$cache/fetch.log" fetch "$tmp" "$image" "$headers" $dep || {
		if full "$cache/fetch.log"; then
			rm -rf "$tmp"
			die "$name: no space left in $cache; needs $need_stock MB"
		fi
		rm -rf "$tmp"
		[[ -n $old ]] && say "$name: cannot download $image; going on with what is cached" && build=$old && return
		no_package "$image (or the package lists are old: apt-get update)"
	}
	if ! run "unpacking $abi" "$cache/fetch.log" unpack_stock "$tmp" "$tmp/root" "$build"; then
		if full "$cache/fetch.log"; then
			rm -rf "$tmp"
			die "$name: no space left in $cache; needs $need_stock MB"
		fi
		rm -rf "$tmp"
		die "$name: cannot unpack $image: $(tail -1 "$cache/fetch.log")"
	fi
	mkdir -p "${build%/*}"
	mv -T "$tmp/root" "$build"
	rm -rf "$tmp"
	complete "KDIR=$build/usr/src/$headers" "IMAGE=$build/boot/vmlinuz-$abi" VMLINUX=
}

# -------------------------------------------------------------------------------------------------

name=${1:-}
[[ $# -eq 1 && $name != -* ]] || die "usage: kernel.sh NAME; there are: $(known)"
[[ $name =~ ^[A-Za-z0-9._-]+$ ]] || die "no such kernel: $name (there are: $(known))"

chained=$(chain "$name") || exit
mapfile -t files <<<"$chained"
series='' stock='' src='' guest_arch='' busybox=''
for f in "${files[@]}"; do
	v=$(directive "$f" source)
	series=${v:-$series}
	v=$(directive "$f" stock)
	stock=${v:-$stock}
done
if [[ -n $stock ]]; then
	# shellcheck disable=SC2086 # two words
	stock_kernel $stock
	src=$(newest_source '*')
elif [[ -n $series ]]; then
	own_kernel "$series"
else
	die "$name: kernels/$name.config names neither krcu-source nor krcu-stock"
fi

whole || die "$name: made, but not usable: ${damage:-no $build/.complete}"
touch -c "$build/.complete" 2>/dev/null || true
printf '%s=%q\n' KDIR "$KDIR" IMAGE "$IMAGE" VMLINUX "$VMLINUX" KMAKE "${kmake[*]-}" SRC "$src" \
	GUEST_ARCH "$guest_arch" BUSYBOX "$busybox"
