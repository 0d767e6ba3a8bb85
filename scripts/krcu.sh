#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the Makefile's targets do, one function each, in scripts/targets:
#
#	scripts/krcu.sh modules|demo|test|lint|model|docs|torture|faults|fuzz|mutants|bench|unload|matrix|package|kernel|shell|gdb|
#		compile_commands.json|new-driver|run|vendor|install|uninstall|deb|clean
#
# Settings come from the environment; "make help" lists them.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "krcu: $*"; }
die() { echo "krcu: $*" >&2; exit 1; }

. scripts/end-children.sh
. scripts/targets/build.sh
. scripts/targets/guests.sh
. scripts/targets/docs.sh
. scripts/targets/test.sh
. scripts/targets/matrix.sh
. scripts/targets/torture.sh
. scripts/targets/debugging.sh
. scripts/targets/bench.sh
. scripts/targets/driver.sh
. scripts/targets/install.sh

# What is interrupted ends, and does not go on with what comes next.
trap 'exit 130' INT TERM HUP
trap 'end_children $$' EXIT

[ "${1:-}" = clean ] || scripts/targets/settings.sh
case ${1:-} in
modules | compile_commands.json)
	# Somebody's own kernel comes with somebody's own tools.
	[ -n "${KDIR:-}" ] || scripts/setup.sh base
	lock "$(if [ -n "${KDIR:-}" ]; then echo kdir; else echo "${KERNEL:-default}"; fi)"
	make_modules
	[ "$1" = modules ] || make_compile_commands
	;;
kernel)
	scripts/setup.sh base
	make_kernel
	;;
demo | test | lint | torture | faults | fuzz | bench | unload | matrix | package | shell | gdb | run)
	scripts/setup.sh base qemu
	[ "$1" != gdb ] || scripts/setup.sh gdb
	case $1 in
	test) read -ra names <<<"${KERNEL:-default debug}" ;;
	matrix) names=(matrix) ;; # whose rows have locks of their own
	*) names=("${KERNEL:-default}") ;;
	esac
	lock "${names[@]}"
	"make_$1"
	;;
mutants)
	scripts/setup.sh base qemu
	make_mutants
	;;
row)
	lock "$2"
	make_row "$2"
	;;
model | docs) "make_$1" ;;
new-driver) make_new_driver ;;
vendor | install | uninstall | deb) "make_$1" ;;
clean) make_clean ;;
*) die "usage: scripts/krcu.sh TARGET; see make help" ;;
esac
