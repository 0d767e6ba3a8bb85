# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: packages of Debian's archive, by apt.

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
