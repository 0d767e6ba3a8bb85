#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# settings.sh: refuses settings that make no sense, before anything is built. What KERNEL, FILTER and TORTURE may
# be depends on what is built.
set -euo pipefail

die() { echo "krcu: $*" >&2; exit 1; }

# setting NAME REGEX MEANING
setting() {
	local value=${!1:-}

	[[ -z $value || $value =~ ^($2)$ ]] || die "$1=$value: give $3"
}

setting SMP '[1-9][0-9]{0,3}' 'the number of CPUs for the guest, such as SMP=2'
setting MEM '[1-9][0-9]*[KMGkmg]?' 'the memory for the guest, such as MEM=512M'
setting ACCEL 'auto|kvm|tcg' 'kvm, tcg, or auto'
setting TIMEOUT '[1-9][0-9]{0,6}' 'a number of seconds'
setting DURATION '[1-9][0-9]{0,5}' 'a number of seconds'
setting CYCLES '[1-9][0-9]{0,5}' 'a number of cycles'

here=$(pwd -P)
for path in "$PWD" "$here"; do
	[[ ! $path =~ [[:space:]:] ]] || die "make takes no path with a space or a colon: move this tree from $path"
done

# Where there is no room, compilers and tests fail in ways of their own. Measured: make test takes 24 MB.
tmp=${TMPDIR:-/tmp}
[[ $tmp == /* && ! $tmp =~ [[:space:]:] ]] || die "TMPDIR=$tmp: give an absolute path without spaces and colons"
[[ -d $tmp && -w $tmp ]] || die "$tmp is no directory to write to; set TMPDIR to one"
free=$(df --output=avail -m "$tmp" | tail -1)
((free >= 50)) || die "only ${free// /} MB are free in $tmp, 50 are needed; make room there, or set TMPDIR"
