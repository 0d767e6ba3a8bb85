#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs the Debian packages that building and testing need, as far as they are missing.
#
#   scripts/setup.sh [GROUP...]     groups: base qemu llvm lint model docs gdb plot dkms arm64 arm; without any: base qemu
#
# Needs root, or sudo that asks no password; without, it prints the command to run. Says nothing and
# takes no time when everything is there.
set -euo pipefail
export LC_ALL=C

# To compile modules and kernels, and to unpack Debian's kernels. pahole (dwarves) is what the
# distribution's headers call for BTF.
base="gcc g++ make bc bison flex libelf-dev libssl-dev xz-utils kmod python3 perl dpkg dwarves"
# The guest.
qemu="qemu-system-x86 busybox-static"
# Kernels and modules built by Clang.
llvm="clang-19 lld-19 llvm-19"
# Static checks.
lint="clang-19 clang-format-19 clang-tidy-19 clangd-19 sparse shellcheck"
# The model of a module's end.
model="spin gcc libc6-dev"
# The site of make docs, which make test tries.
docs="doxygen"
# The kernel's debugger, and a test that it prints krcu's types.
gdb="gdb"
# The picture of make bench.
plot="gnuplot-nox"
# What builds modules again for each new kernel.
dkms="dkms"
# Kernels and modules of another architecture, by the kernel's name for it, and what runs them.
arm64="gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-system-arm"
arm="gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf qemu-system-arm"

die() { echo "krcu: $*" >&2; exit 1; }

packages=
(($#)) || set -- base qemu
for group in "$@"; do
	case $group in
	base) packages+=" $base" ;;
	qemu) packages+=" $qemu" ;;
	llvm) packages+=" $llvm" ;;
	lint) packages+=" $lint" ;;
	model) packages+=" $model" ;;
	docs) packages+=" $docs" ;;
	gdb) packages+=" $gdb" ;;
	plot) packages+=" $plot" ;;
	dkms) packages+=" $dkms" ;;
	arm64) packages+=" $arm64" ;;
	arm) packages+=" $arm" ;;
	*) die "setup.sh: no group '$group'; there are: base qemu llvm lint model docs gdb plot dkms arm64 arm" ;;
	esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	die "setup.sh knows Debian packages only; here, install what these give:$packages"
fi

# dpkg-query lists what it knows; the rest, and what was removed, is missing.
# shellcheck disable=SC2086 # a list
have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $packages 2>/dev/null) || true
missing=
for p in $packages; do
	[[ $'\n'$have$'\n' == *$'\n'"installed $p"$'\n'* ]] || missing+=" $p"
done
if [[ -z $missing ]]; then
	exit 0
fi

root=()
if ((EUID != 0)); then
	sudo -n true 2>/dev/null || die "packages are missing; as root: apt-get update && apt-get install$missing"
	root=(sudo -n)
fi
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=1
	-o Acquire::http::Timeout=20 -o Dpkg::Use-Pty=0)

echo "krcu: installing$missing" >&2
log=$(mktemp 2>/dev/null) || die "cannot write to ${TMPDIR:-/tmp}; make room there, or set TMPDIR"
trap 'rm -f "$log"' EXIT
# The package lists may be missing or old; fetching them first costs seconds only when needed.
# shellcheck disable=SC2086 # a list
"${apt[@]}" install -y --no-install-recommends $missing >"$log" 2>&1 ||
	{ "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends $missing; } >"$log" 2>&1 ||
	die "cannot install$missing: $(grep '^E:' "$log" | tail -1)"
