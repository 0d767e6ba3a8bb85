#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Says where kernels and sources are kept, for kernel.sh and guest.py: ${XDG_CACHE_HOME:-~/.cache}/krcu, which is
# made if it is not there.
#
# Makefiles and programs in it are run, so nobody else may be able to put anything there.
set -euo pipefail

die() { echo "krcu: $*" >&2; exit 1; }

base=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
cache=${base%/}/krcu # as a build remembers where it is
[[ -n $base ]] || die "nowhere to keep kernels: HOME and XDG_CACHE_HOME are both unset; set one of them"
[[ $base == /* ]] || die "not an absolute path: ${XDG_CACHE_HOME:+XDG_CACHE_HOME=}$base; set XDG_CACHE_HOME to one"
[[ ! $cache =~ [[:space:]:] ]] ||
	die "make takes no path with a space or a colon: $cache; set XDG_CACHE_HOME to one without"

umask 022
mkdir -p "$cache" 2>/dev/null || die "cannot make $cache; set XDG_CACHE_HOME to a place that can be written to"
# Sources are as Debian packed them, and kernels as make left them.
others=$(find -H "$cache" -maxdepth 3 -path "$cache/src/*/*" -prune -o \
	-type d \( ! \( -uid "$EUID" -o -uid 0 \) -o -perm /022 \) -print -quit)
[[ -z $others ]] || die "others can write to $others, and what is in there is run;" \
	"delete it, or set XDG_CACHE_HOME to a place of your own"
echo "$cache"
