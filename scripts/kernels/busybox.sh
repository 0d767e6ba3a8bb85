# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: the guest's programs for another architecture.

# Debian's own busybox for a kernel of another ARCH, by apt's own configuration. Sets $busybox.
get_busybox() { # ARCH
	local tmp=$cache/tmp arch=$1 debian=''
	busybox=$cache/busybox-$1
	[[ -s $busybox && -z ${KRCU_REFRESH:-} ]] && return
	apt_ready || die "$name: needs Debian's busybox-static for $1 (apt-get, dpkg-deb not found)"
	lock
	case $1 in
	arm) arch=armhf ;;
	s390) arch=s390x ;;
	esac
	own_lists "APT::Architecture \"$arch\";" '#clear APT::Architectures;' "APT::Architectures { \"$arch\"; };"
	if run "downloading busybox-static for $arch" "$cache/fetch.log" fetch_foreign "$tmp" busybox-static &&
		dpkg-deb --fsys-tarfile "$tmp"/busybox-static_*.deb | tar -xO ./bin/busybox >"$tmp/busybox"; then
		chmod +x "$tmp/busybox"
		mv "$tmp/busybox" "$busybox"
	else
		[[ -s $busybox ]] || no_package "busybox-static for $arch"
	fi
	rm -rf "$tmp"
	apt=()
}

fetch_foreign() { # DIR PACKAGE
	fetch_lists || : # a list that cannot be had need not be the one that counts
	fetch "$1" "$2"
}
