# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: the compiler of another release of Debian than the machine's, unpacked in the cache.
#
# Neither the machine's loader nor its libraries are for such programs. Each is a script therefore, which calls the
# program by the loader and with the libraries beside it; so it takes neither root nor a namespace to run them.

tuple=x86_64-linux-gnu

# stand_ins ROOT FROM TO: puts such scripts in place of the programs below FROM, which will be TO.
stand_ins() {
	local program
	while IFS= read -r program; do
		readelf -lW "$program" 2>/dev/null | grep -q INTERP || continue
		mv "$program" "$program.elf"
		# shellcheck disable=SC2016 # as it stands
		printf '#!/bin/sh\nexec %s --inhibit-cache --library-path %s --argv0 "$0" %s.elf "$@"\n' \
			"$1/usr/lib/$tuple/ld-linux-x86-64.so.2" "$1/usr/lib/$tuple" "$3${program#"$2"}" >"$program"
		chmod 755 "$program"
	done < <(find "$2" -type f -perm -100 ! -path "$2/usr/lib/$tuple/*" ! -path '*/doc/*' ! -name '*.elf')
}

unpack_root() { # FROM TO FINAL GCC
	local deb dir tool
	mkdir -p "$2"/usr/{bin,lib,lib64}
	ln -s usr/bin usr/lib usr/lib64 "$2"
	for deb in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$2" || return
	done
	rm -rf "$2"/usr/share "$2"/usr/bin/*lto-dump* "$2/usr/lib/gcc/$tuple"/*/lib?san*
	# Where gcc looks before it looks at the machine's: beside cc1, in lib/gcc/... or libexec/gcc/...
	dir=$(find "$2/usr" -path "*/gcc/$tuple/${4#gcc-}/cc1" -printf '%h')
	for tool in as ld nm; do
		ln -s "../../../../bin/$tuple-$tool" "$dir/$tool" || return
	done
	stand_ins "$3" "$2" "$3"
}

# Makes sure that there is a root with GCC, its C++ and what the programs of package KBUILD need. Sets $root. It is of
# the very versions that apt would install, and renamed into place when it is whole.
get_root() { # GCC KBUILD
	local tmp=$cache/tmp log=$cache/fetch.log packages key

	packages=$(apt-get "${apt[@]}" -qq -s --no-install-recommends install "$1" "${1/gcc/g++}" binutils "$2" 2>"$log" |
		sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' | grep -v "^$2=") || no_package "$1"
	key=$(sha256sum <<<"$packages $(declare -f stand_ins unpack_root)")
	root=$cache/roots/debian-$debian-${key:0:12}
	! runs "$(root_gcc "$1")" || return 0

	need_space $need_root
	mkdir -p "$tmp/compiler" "$cache/roots"
	# shellcheck disable=SC2086 # a list
	run "downloading $1 of Debian $debian" "$log" fetch "$tmp/compiler" $packages || {
		full "$log" && no_space $need_root
		no_package "$1 and what it depends on"
	}
	run "unpacking $1" "$log" unpack_root "$tmp/compiler" "$tmp/gcc" "$root" "$1" || {
		full "$log" && no_space $need_root
		die "$name: cannot unpack $1: $(tail -1 "$log")"
	}
	rm -rf "$root" # damaged, if it is there
	mv -T "$tmp/gcc" "$root"
	rm -rf "$tmp/compiler"
	runs "$(root_gcc "$1")" || die "$name: $(root_gcc "$1") does not run here"
}

root_gcc() { echo "$root/usr/bin/$tuple-$1"; } # GCC

# Whether a compiler is there and whole, its C++ too.
runs() { # GCC
	local int='int i;'
	"$1" -x c -S -o /dev/null - <<<"$int" && "${1%gcc-*}g++-${1##*gcc-}" -x c++ -S -o /dev/null - <<<"$int"
} >/dev/null 2>&1
