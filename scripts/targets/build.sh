# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: locks, and building modules for a test kernel.

# lock NAME...: one run at a time uses build/NAME and the logs of that name, from here to its end. All names at
# once and in one order, so that no two runs wait for each other. What this run starts inherits the locks, so
# that the next one also waits for what a killed run may have left.
lock() {
	local name file fd

	mkdir -p build
	for name in $(printf '%s\n' "$@" | sort -u); do
		file=build/${name//\//_}.lock
		while exec {fd}>"$file"; do
			flock -n "$fd" || {
				say "waiting for another run in build/$name to end"
				flock "$fd"
			}
			[ "$file" -ef "/proc/self/fd/$fd" ] && break
			exec {fd}>&- # make clean was faster
		done
	done
}

# use_kernel NAME: sets what scripts/kernel.sh says, KDIR among it, building the kernel if need be, and $out.
use_kernel() {
	local settings

	settings=$(scripts/kernel.sh "$1") || return
	eval "$settings"
	out=build/$1
}

# has OPTION: whether the kernel was built with CONFIG_OPTION.
has() {
	grep -qs "^CONFIG_$1=" "$KDIR/include/config/auto.conf"
}

# $out is of one kernel build: the same name may stand for another one after a change.
fresh_out() {
	[ "$(cat "$out/kdir" 2>/dev/null)" = "$KDIR" ] || rm -rf "$out"
	mkdir -p "$out"
	echo "$KDIR" >"$out/kdir"
}

# A kernel's modules are built in a directory of its own, of links to the sources, so that kernels
# take turns without rebuilding.
stage() {
	local dir

	fresh_out
	ln -sfn "$PWD/include" "$out/include"
	ln -sfn "$PWD/scripts" "$out/scripts"
	find "$out/module" "$out/kunit" -xtype l -delete 2>/dev/null || : # a source that is gone
	find module kunit -type d | while read -r dir; do
		mkdir -p "$out/$dir"
		find "$PWD/$dir" -maxdepth 1 \( -name '*.[ch]' -o -name '*.[ch]pp' -o -name Kbuild \) \
			! -name '*.mod.c' ! -name '*-constants.h' -exec ln -sft "$out/$dir" {} +
	done
	ln -sf "$PWD/Kbuild" "$out/Kbuild"
}

# build_modules [DIR [ARGUMENTS...]]: those of one directory, or all
build_modules() {
	stage
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$PWD/$out${1:+/$1}" ${KMAKE:-} ${V:+V=$V} "${@:2}" modules
}

# A build whose lines are of no interest unless it fails.
build_modules_quietly() {
	local log=build/$1.log

	say "$1: building the modules"
	build_modules >"$log" 2>&1 || {
		cat "$log" >&2
		say "$1: the modules do not build; see above" >&2
		return 1
	}
}

make_modules() {
	if [ -n "${KDIR:-}" ]; then
		if [ ! -f "$KDIR/Makefile" ] || [ ! -s "$KDIR/include/config/auto.conf" ]; then
			die "KDIR=$KDIR is not a kernel build: give a configured build tree or /lib/modules/VERSION/build"
		fi
		out=build/kdir
	else
		use_kernel "${KERNEL:-default}"
	fi
	build_modules
	say "the modules are in $out/module/* and $out/kunit"
}

# After make_modules.
make_compile_commands() {
	python3 scripts/compile-commands.py "$KDIR" "$out"/{module,kunit} >"$out/compile_commands.json"
	ln -sf "$out/compile_commands.json" .
	say "compile_commands.json is there, of ${KDIR##*/}: Debian has clangd-19, which reads it"
}

make_kernel() {
	use_kernel "${KERNEL:-default}"
	say "image $IMAGE"
	say "KDIR=$KDIR"
}

make_clean() {
	local file fd

	for file in build/*.lock; do
		[ -f "$file" ] || continue
		exec {fd}<"$file"
		flock -n "$fd" || die "a run is using ${file%.lock}; let it end, or end it, before make clean"
	done
	rm -rf build
}
