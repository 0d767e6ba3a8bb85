# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: a distribution's own kernel, unpacked.

# Unpacks the headers as they would be installed, with every path that leads to /usr turned to where
# they are; of the image only what boots.
unpack_stock() { # FROM TO FINAL ROOT
	local deb dir=$2/usr/src file
	mkdir -p "$2/boot"
	for deb in "$1"/*.deb; do
		case ${deb##*/} in
		linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" ./boot ;;
		linux-binary-*)
			dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/lib/modules/*/vmlinuz.unsigned' \
				>"$2/boot/vmlinuz-${3##*/}"
			;;
		*) dpkg-deb -x "$deb" "$2" ;;
		esac || return
	done
	for file in "$dir"/linux-headers-*/Makefile; do
		sed -Ei "s%^(include |KBUILD_OUTPUT=)/usr/%\1$3/usr/%" "$file" || return
	done
	rm -rf "${2:?}/usr/share/doc" "${2:?}/lib"
	[[ -n $4 ]] || return 0
	# The compiler, and pahole, are the kernel's own.
	for file in "$dir"/linux-headers-*/.kernelvariables; do
		sed -Ei "s%^(override CROSS_COMPILE *=).*%\1 $4/usr/bin/$tuple-%" "$file" || return
		echo "override PAHOLE = $4/usr/bin/pahole" >>"$file"
	done
	stand_ins "$4" "$2" "$3"
}

# The newest one that is whole; the directory is named after the version.
newest_stock() {
	find "$cache/kernels/$name" -mindepth 2 -maxdepth 2 -name .complete -printf '%h\n' 2>/dev/null | sort -V | tail -1 || true
}

# The newest package of an image, if apt knows one: their names begin otherwise since 6.19.
newest_image() { # SERIES FLAVOUR
	local re="${1//./\\.}(\.[0-9]+)*(-[0-9]+)?(\+[a-z]+[0-9.]+)?-$2" found
	found=$(newest_package "linux-image-$1" "linux-image-$re-unsigned")
	echo "${found:-$(newest_package "linux-binary-unsigned-$1" "linux-binary-unsigned-$re")}"
}

# What PACKAGE depends on, by a regular expression.
dependencies() { # PACKAGE REGEX
	apt-cache "${apt[@]}" show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Depends: //p' | grep -oE "$2" || :
}

stock_kernel() { # SERIES FLAVOUR
	local what="image of $1...-$2" image abi headers deps gcc root='' old tmp=$cache/tmp log=$cache/fetch.log
	build=$(newest_stock)
	[[ -n $build && -z ${KRCU_REFRESH:-} ]] && whole && return

	apt_ready || die "$name: needs Debian's packages (apt-get, dpkg-deb not found)"
	lock
	while build=$(newest_stock) && [[ -n $build ]] && ! whole; do
		discard_damaged
	done
	[[ -n $build && -z ${KRCU_REFRESH:-} ]] && return
	old=$build

	know_packages "linux-headers-$1."
	image=$(newest_image "$@")
	if [[ -z $image || -n ${KRCU_REFRESH:-} ]]; then
		apt_update || [[ -n $image ]] || no_package "$what"
		image=$(newest_image "$@")
	fi
	if [[ -z $image ]]; then
		[[ -n $old ]] || no_package "$what"
		say "$name: ${trouble:-there is no $what any more}; going on with what is cached"
		return
	fi
	abi=${image#linux-image-}
	abi=${abi#linux-binary-unsigned-}
	abi=${abi%-unsigned}
	build=$cache/kernels/$name/$abi
	whole && return
	need_space $need_stock

	# The headers' own dependencies name the common part, kbuild and the compiler.
	headers=linux-headers-$abi
	deps=$(dependencies "$headers" 'linux-(headers|kbuild)-[^ ,]+')
	if [[ -n $debian && $(machine_release) != "$debian" ]]; then
		gcc=$(dependencies "$headers" 'gcc-[0-9]+' | head -1)
		get_root "${gcc:-no compiler}" "$(grep kbuild <<<"$deps")"
	fi
	rm -rf "$build" && mkdir -p "$tmp"
	# shellcheck disable=SC2086 # a list
	run "downloading $image and headers" "$log" fetch "$tmp" "$image" "$headers" $deps || {
		full "$log" && no_space $need_stock
		[[ -n $old ]] && say "$name: cannot download $image; going on with what is cached" && build=$old && return
		no_package "$image (or the package lists are old: apt-get update)"
	}
	run "unpacking $abi" "$log" unpack_stock "$tmp" "$tmp/root" "$build" "$root" || {
		full "$log" && no_space $need_stock
		die "$name: cannot unpack $image: $(tail -1 "$log")"
	}
	mkdir -p "${build%/*}"
	mv -T "$tmp/root" "$build"
	rm -rf "$tmp"
	complete "KDIR=$build/usr/src/$headers" "IMAGE=$build/boot/vmlinuz-$abi" VMLINUX= ${root:+"CC=$(root_gcc "$gcc")"}
}
