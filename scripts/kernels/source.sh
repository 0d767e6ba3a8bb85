# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: the kernel's sources, as Debian packs them.

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
	know_packages "$pkg"
	[[ -z ${KRCU_REFRESH:-} ]] || apt_update || say "$name: apt-get update failed; going by the lists there are"
	version=$(version_of "$pkg")
	if [[ -z $version ]]; then
		[[ -z $src || -z $trouble ]] || say "$name: $trouble; going on with what is cached"
		[[ -n $src ]] && return
		apt_update || no_package "$pkg"
		version=$(version_of "$pkg")
		[[ -n $version ]] || no_package "$pkg"
	fi
	[[ -n $src && $src == "$(source_dir "$series" "$version")" ]] && return

	need_space $((need_src + need_build))
	mkdir -p "$tmp"
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
		full "$cache/fetch.log" && no_space $((need_src + need_build))
		rm -rf "$tmp"
		die "$name: cannot unpack $pkg: $(tail -1 "$cache/fetch.log")"
	fi
	rm -rf "$dest" # damaged, if it is there
	mv -T "$tmp/src" "$dest"
	rm -rf "$tmp"
	src=$dest
}

source_dir() { echo "$cache/src/linux-$1_$(tr -c 'A-Za-z0-9.\n' - <<<"$2")"; } # SERIES VERSION
