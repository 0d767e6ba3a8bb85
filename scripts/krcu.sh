#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the Makefile's targets do, one function each:
#
#	scripts/krcu.sh modules|demo|test|kernel|shell|gdb
#
# Settings come from the environment; "make help" lists them.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "krcu: $*"; }
die() { echo "krcu: $*" >&2; exit 1; }

# use_kernel NAME: sets KDIR, KMAKE, IMAGE, VMLINUX and SRC, building the kernel if need be, and $out.
use_kernel() {
	local settings

	if [ -n "${LLVM:-}" ] || grep -qs '^# krcu-make:.*LLVM=' "scripts/kernels/$1.config"; then
		scripts/setup.sh llvm
	fi
	settings=$(scripts/kernel.sh "$1") || exit 1
	eval "$settings"
	out=build/$1
}

# A kernel's modules are built in a directory of its own, of links to the sources, so that kernels
# take turns without rebuilding. One run at a time uses it, and it is of one kernel build: the same
# name may stand for another one after a change.
stage() {
	local dir

	mkdir -p build
	exec 8>"$out.lock"
	flock -n 8 || {
		say "waiting for another run in $out to end"
		flock 8
	}
	[ "$(cat "$out/kdir" 2>/dev/null)" = "$KDIR" ] || rm -rf "$out"
	mkdir -p "$out"
	echo "$KDIR" >"$out/kdir"
	ln -sfn "$PWD/include" "$out/include"
	ln -sfn "$PWD/scripts" "$out/scripts"
	for dir in module kunit; do
		mkdir -p "$out/$dir"
		find "$out/$dir" -xtype l -delete # a source that is gone
		find "$PWD/$dir" -maxdepth 1 \( -name '*.[ch]' -o -name '*.[ch]pp' -o -name Kbuild \) \
			! -name '*.mod.c' ! -name '*-constants.h' -exec ln -sft "$out/$dir" {} +
	done
	ln -sf "$PWD/Kbuild" "$out/Kbuild"
}

build_modules() {
	stage
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$PWD/$out" ${KMAKE:-} ${V:+V=$V} modules 8>&-
}

# A build whose lines are of no interest unless it fails.
build_modules_quietly() {
	local log=build/$1.log

	say "$1: building the modules"
	mkdir -p build
	build_modules >"$log" 2>&1 || {
		cat "$log" >&2
		die "$1: the modules do not build; see above"
	}
}

# guest MODE NAME ARGUMENTS...
guest() {
	local mode=$1 name=$2
	shift 2
	python3 scripts/guest.py "$mode" --name "$name" --image "$IMAGE" --accel "${ACCEL:-auto}" \
		--smp "${SMP:-2}" --mem "${MEM:-1G}" "$@"
}

add_modules() {
	local module

	for module in "$out"/*/*.ko; do
		echo "--add=$module"
	done
}

make_modules() {
	if [ -n "${KDIR:-}" ]; then
		if [ ! -f "$KDIR/Makefile" ] || [ ! -f "$KDIR/include/config/auto.conf" ]; then
			die "KDIR=$KDIR is not a kernel build: give a configured build tree or /lib/modules/VERSION/build"
		fi
		out=build/kdir
	else
		use_kernel "${KERNEL:-default}"
	fi
	build_modules
	say "the modules are in $out/module and $out/kunit"
}

make_demo() {
	local name=${KERNEL:-default} log

	use_kernel "$name"
	build_modules_quietly "$name"
	log=$out/demo.log
	guest run "$name" --script scripts/guest/demo.sh --add "$out/module/krcu_sample.ko" \
		--log "$log" --timeout "${TIMEOUT:-60}" --quiet || exit
	sed -nE 's/\r$//; s/^\[ *[0-9.]+\] (demo: |krcu_sample: (init|work|timer|exit))/\1/p' "$log"
	say "demo passed; the whole console is in $log"
}

# One kernel of "make test". It leaves $src, $logs and the job in $guests behind for the report. All that
# runs does so beside the next kernel's build.
test_kernel() {
	local name=$1 modules

	use_kernel "$name"
	src=$SRC
	grep -qs '^CONFIG_KUNIT=' "$KDIR/include/config/auto.conf" ||
		die "$name has no KUnit (CONFIG_KUNIT): try make demo KERNEL=$name"
	build_modules_quietly "$name"
	if [ -z "${FILTER:-}" ]; then
		# The first kernel's constants do for all misuse, which needs Clang whatever builds the kernel.
		if [ ${#logs[@]} = 0 ]; then
			scripts/setup.sh llvm || exit
			KDIR=$KDIR nice scripts/misuse-test.sh "$out/module" >"$out/misuse-test.log" 8>&- &
			jobs+=($!)
			logs+=("misuse=$out/misuse-test.log")
		fi
		KDIR=$KDIR KMAKE=$KMAKE nice scripts/build-test.sh "$name" >"$out/build-test.log" 8>&- &
		jobs+=($!)
		logs+=("$name-build=$out/build-test.log")
	fi
	say "$name: running the suites"
	mapfile -t modules < <(add_modules)
	logs+=("$name=$out/kunit.log")
	guest run "$name" --script scripts/guest/kunit.sh "${modules[@]}" \
		--append "kunit.enable=1 ${FILTER:+kunit.filter_glob=$FILTER}" \
		--log "$out/kunit.log" --timeout "${TIMEOUT:-120}" --quiet &
	guests[$name]=$!
	jobs+=($!)
}

make_test() {
	local name src='' logs=() failed=()
	local -A guests=()

	jobs=() # global: the trap runs when this function is gone
	trap '[ ${#jobs[@]} = 0 ] || kill "${jobs[@]}" 2>/dev/null' EXIT
	for name in ${KERNEL:-default debug}; do
		test_kernel "$name"
	done
	for name in "${!guests[@]}"; do
		wait "${guests[$name]}" || failed+=("--failed=$name:the guest's run failed (see above)")
	done
	wait "${jobs[@]}" || : # the logs say what failed
	jobs=()
	python3 scripts/kunit-report.py --src "$src" "${failed[@]}" "${logs[@]}"
}

make_kernel() {
	use_kernel "${KERNEL:-default}"
	say "image $IMAGE"
	say "KDIR=$KDIR"
}

interactive() {
	local name=${KERNEL:-default} modules

	use_kernel "$name"
	build_modules_quietly "$name"
	mapfile -t modules < <(add_modules)
	guest "$1" "$name" "${modules[@]}" ${VMLINUX:+--vmlinux "$VMLINUX"}
}

case ${1:-} in
modules)
	# Somebody's own kernel comes with somebody's own tools.
	[ -n "${KDIR:-}" ] || scripts/setup.sh base
	make_modules
	;;
kernel) scripts/setup.sh base && make_kernel ;;
demo | test) scripts/setup.sh base qemu && "make_$1" ;;
shell | gdb) scripts/setup.sh base qemu && interactive "$1" ;;
*) die "usage: scripts/krcu.sh modules|demo|test|kernel|shell|gdb" ;;
esac
