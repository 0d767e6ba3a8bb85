# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: the guest's programs for another architecture.

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
