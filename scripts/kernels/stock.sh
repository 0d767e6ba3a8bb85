# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: a distribution's own kernel, unpacked.

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
