#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cxx-flags.sh COMPILER MODULE: prints the flags that Kbuild.krcu gives a C++ compiler, except those for machine
# code. MODULE is the directory of a built module, for krcu-constants.h; KDIR is the kernel build that it is of.
set -euo pipefail

: "${KDIR:?set KDIR to a kernel build}"

krcu=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
module=$(cd "${2:?usage: cxx-flags.sh COMPILER MODULE}" && pwd)

# Where the kernel's <asm/errno.h> and <linux/kern_levels.h> are: in the tree, in its build, or in both.
printf -- '-I%s ' "$krcu/include/krcu/internal/uapi" "$krcu/include" "$module" \
	"$KDIR"/{,source/}arch/x86/include/{generated/,}uapi "$KDIR"/{,source/}include/{,uapi}
printf -- '-isystem %s ' "$krcu/include/krcu/internal/"{libc,hosted}
# As krcu-probe in Kbuild.krcu does. A driver copies that one without this folder, and make expands it.
"$1" -x c++ -E -v /dev/null 2>&1 >/dev/null |
	sed -n '/^.include <...>/,/^End/{s:^ \(.*\):-isystem \1:;/c++/p;/\/gcc[^ ]*\/include$/p;/clang.*\/include$/p}' |
	paste -sd' '
echo "-D__KERNEL__ -DKBUILD_MODNAME=\"mydrv\" -nostdinc -std=gnu++23 -ffreestanding -fno-exceptions -fno-rtti"
