#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# archive-test.sh: tests how kernel.sh comes by packages of another release of Debian, with an archive, a cache and an
# apt of its own, and no network: a Debian 12 gets 7.3 from Debian 13's archive, a Debian 13 by its own lists, and
# what cannot be had is said in one line. Prints KTAP.
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$krcu/scripts/checks/fake-source.sh"
. "$krcu/scripts/checks/fake-archive.sh"

fake_source "$work/source"
mkdir -p "$work/tree/usr/src"
tar -C "$work" -cJf "$work/tree/usr/src/linux-source-7.3.tar.xz" source
package linux-source-7.3 7.3.4-1~bpo13+1

# An InRelease whose key is in no keyring.
stranger() {
	cat <<'END'
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Suite: trixie
Codename: trixie
Date: Sat, 21 Nov 2026 16:00:00 +0000
Architectures: amd64
Components: main
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQ4rOeQLYidfQT+0QRskMhz4J1K0wUCawHKsQAKCRBskMhz4J1K
0/w1AP9IobCfidhJd9pRxonaExRC7OXvP6vRr9lO44Ck6+WafQEAkvOPAOZo0Yrj
dyp/HUpCMIWKNm+po/XmUwiLQzy5vwI=
=2D3y
-----END PGP SIGNATURE-----
END
}

# cannot NAME WORDS: the kernel cannot be had, and one line says why
cannot() {
	kernel v7.3
	[ $? = 77 ] && [ "$(grep -c 'cannot be had here' "$work/log")" = 1 ] &&
		grep 'cannot be had here' "$work/log" | grep -q "$2" &&
		! grep -qvE 'cannot be had here|: (fetching|updating|downloading) ' "$work/log"
	result $? "$1"
}

# --- the tests -------------------------------------------------------------------------------------

archive pool/linux-source-7.3_7.3.4-1~bpo13+1_all.deb
trusting
kernel v7.3 && grep -q "lists of Debian 13" "$work/log" && [ "$(find "$work/state/lists" -type f)" = "" ]
result $? "a_debian_12_gets_it_from_debian_13"

rm -rf "$work/debian/dists"
kernel v7.3 && [ ! -s "$work/log" ]
result $? "what_is_cached_needs_no_archive"

KRCU_REFRESH=1 kernel v7.3 && grep -q "cannot fetch .*; going on with what is cached" "$work/log"
result $? "a_refresh_without_an_archive_goes_on_with_it"

archive pool/linux-source-7.3_7.3.4-1~bpo13+1_all.deb
machine 13.8 "" "trixie-backports"
apt-get -qq update >/dev/null 2>&1
kernel v7.3 && ! grep -q "lists of Debian" "$work/log"
result $? "a_debian_13_whose_lists_have_it_needs_no_others"

machine 13.8 "" "trixie"
kernel v7.3 && grep -q "lists of Debian 13" "$work/log"
result $? "a_debian_13_without_backports_gets_it_too"

machine 12.11 "" oldstable
cp -r "$work/debian/dists/bookworm" "$work/debian/dists/oldstable"
kernel v7.3
result $? "the_machine_s_suite_may_be_oldstable"

archive
machine 12.11
cannot "it_may_be_gone" "has no linux-source-7.3 to download.*name that in kernels/v7.3.config"

machine 12.11 http://127.0.0.1:1/debian
cannot "the_archive_may_be_unreachable" "cannot fetch the package lists of trixie from http://127.0.0.1:1/debian;.*network"

machine 12.11
rm -rf "$work"/debian/dists/trixie*
cannot "the_mirror_may_not_have_that_release" "cannot fetch the package lists of trixie.*has that mirror got it"

archive pool/linux-source-7.3_7.3.4-1~bpo13+1_all.deb
for release in 11.9 14 13ubuntu10 ''; do
	machine "$release"
	cannot "a_machine_with_base_files_${release:-none}" "neither Debian 12 nor 13.*container"
done

machine 12.11 "" sid
cannot "the_mirror_is_the_machine_s" "no mirror of bookworm.*/etc/apt/sources.list"

archive pool/linux-source-7.3_7.3.4-1~bpo13+1_all.deb
careful
machine 12.11
cannot "nobody_may_have_signed_it" "trixie is not signed as .* wants it.*install debian-archive-keyring"

for dir in "$work"/debian/dists/trixie*; do
	stranger >"$dir/InRelease"
done
cannot "a_stranger_may_have_signed_it" "trixie is not signed as .* wants it.*install debian-archive-keyring"
finish archive
