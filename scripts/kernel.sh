#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
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
#   # krcu-stock: 6.12 amd64     not built: the newest image of 6.12...-amd64 and its headers
#   # krcu-debian: 13            the packages are Debian 13's, whichever Debian this machine has
#
# From the environment: CC (for this architecture) or LLVM choose the compiler, JOBS the number of jobs.
# Everything lives where cache.sh says. What is there is used for as long as it is there, so that no run suddenly
# spends minutes because a new kernel was published, and no run needs the network; KRCU_REFRESH=1 fetches the
# newest. What is damaged is made again.
#
# The exit status is 77 if the kernel cannot be had here: of its release of Debian, whose packages are out of reach.
set -euo pipefail

configs=${BASH_SOURCE[0]%/*}/kernels
setup=${BASH_SOURCE[0]%/*}/setup.sh
cache=$("${BASH_SOURCE[0]%/*}/kernels/cache.sh") || exit
umask 022

# Disk space, in MB. Measured: a source tree takes 1700 (and 150 for its package on the way), a
# kernel 230 (default) to 450 (debug), a stock kernel 150 (and 120), a compiler 250 (and 80). With room to spare:
need_src=2000 need_build=1200 need_stock=400 need_root=600

# shellcheck source=scripts/end-children.sh
. "${BASH_SOURCE[0]%/*}/end-children.sh"
# shellcheck source=scripts/kernels/progress.sh
. "$configs/progress.sh"
# shellcheck source=scripts/kernels/archive.sh
. "$configs/archive.sh"
# shellcheck source=scripts/kernels/busybox.sh
. "$configs/busybox.sh"
# shellcheck source=scripts/kernels/source.sh
. "$configs/source.sh"
# shellcheck source=scripts/kernels/cached.sh
. "$configs/cached.sh"
# shellcheck source=scripts/kernels/build.sh
. "$configs/build.sh"
# shellcheck source=scripts/kernels/compiler.sh
. "$configs/compiler.sh"
# shellcheck source=scripts/kernels/stock.sh
. "$configs/stock.sh"

# A make that called this script must not hand its own variables to the kernel's.
unset MAKEFLAGS MFLAGS MAKELEVEL GNUMAKEFLAGS O M V KBUILD_OUTPUT KBUILD_EXTMOD KCONFIG_ALLCONFIG \
	KCONFIG_CONFIG ARCH CROSS_COMPILE SRCARCH srctree objtree
export LC_ALL=C

directive() { # FILE KEY
	sed -n "s/^# krcu-$2: *//p" "$1"
}

# What the last of $files that has KEY says.
setting() { # KEY
	local f
	for f in "${files[@]}"; do directive "$f" "$1"; done | tail -1
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

name=${1:-}
[[ $# -eq 1 && $name != -* ]] || die "usage: kernel.sh NAME; there are: $(known)"
[[ $name =~ ^[A-Za-z0-9._-]+$ ]] || die "no such kernel: $name (there are: $(known))"

chained=$(chain "$name") || exit
mapfile -t files <<<"$chained"
series=$(setting source) stock=$(setting stock) debian=$(setting debian)
src='' guest_arch='' busybox='' kmake=()
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
if [[ -n $stock && -n ${CC:-$own_cc} ]]; then
	kmake=("CC=${CC:-$own_cc}")
fi
touch -c "$build/.complete" 2>/dev/null || true
printf '%s=%q\n' KDIR "$KDIR" IMAGE "$IMAGE" VMLINUX "$VMLINUX" KMAKE "${kmake[*]-}" SRC "$src" \
	GUEST_ARCH "$guest_arch" BUSYBOX "$busybox"
