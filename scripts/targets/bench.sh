# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: make bench.

# What a checker adds would be counted, too.
refuse_checkers() { # NAME
	local checker

	for checker in KASAN KCSAN KMSAN UBSAN LOCKDEP PROVE_RCU DEBUG_ATOMIC_SLEEP DEBUG_PREEMPT DEBUG_KMEMLEAK \
		DEBUG_OBJECTS SLUB_DEBUG_ON PREEMPTIRQ_TRACEPOINTS; do
		! has $checker || die "make bench: $1 has CONFIG_$checker, whose instructions would count: take a kernel without, such as KERNEL=default"
	done
}

# build_bench DIR KRCU_INLINE: only the modules that are measured or compared, and the program that measures
build_bench() {
	local out=$1 module

	for module in module/bench module/kv module/route; do
		build_modules "$module" KRCU_INLINE="$2" || return
	done
}

# The kernel's own benchmarks of RCU, as modules, from its own source; a distribution's headers have none.
build_scale() { # DIR
	[ -f "$SRC/kernel/rcu/refscale.c" ] && [ "$KDIR/source" -ef "$SRC" ] || return
	mkdir -p "$1"
	ln -sft "$1" "$SRC"/kernel/torture.c "$SRC"/kernel/rcu/{refscale,rcuscale}.c
	printf 'obj-m := torture.o refscale.o rcuscale.o\nccflags-y := -I$(srctree)/kernel/rcu -I$(srctree)/kernel\n' >"$1/Kbuild"
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$PWD/$1" ${KMAKE:-} modules
}

# boot_bench NAME LOG DIR ARGUMENTS...: where each boot is as another, to the instruction
boot_bench() {
	local name=$1 log=$2 file add=()

	for file in "$3"/module/{bench/krcu_bench.ko,bench/kv_get,kv/krcu_kv.ko,kv/plain_kv.ko}; do
		[ ! -f "$file" ] || add+=(--add "$file")
	done
	shift 3
	SMP=1 guest run "$name: $(basename "$log" .log)" --script scripts/guests/bench.sh "${add[@]}" --icount \
		--log "$log" --timeout "${TIMEOUT:-600}" --no-leaks --quiet "$@"
}

# Without blanks and comments
lines() { cat "$@" | gcc -fpreprocessed -dD -E -P -x c++ - | grep -c .; }
code() { size -A "$1" | awk '/text/ { n += $2 } END { print n }'; }
text() { size "$1" | awk 'END { print $1 }'; }

# The drivers that are there twice: what one writes, and what comes of it
compare_drivers() {
	local dir c krcu row='%-69s %9s %9s\n'

	# shellcheck disable=SC2059 # the same format for all
	{
		printf "\n$row" 'One driver twice' C krcu
		for dir in module/route module/kv; do
			c=$out/$dir/plain_${dir#*/}.ko krcu=$out/$dir/krcu_${dir#*/}.ko
			printf "$row" "$dir: lines" "$(lines $dir/plain.c)" "$(lines $dir/{main.c,table.cpp,"${dir#*/}".h})"
			printf "$row" "$dir: bytes of code" "$(code "$c")" "$(code "$krcu")"
			printf "$row" "$dir: text, as size has it" "$(text "$c")" "$(text "$krcu")"
		done
	}
}

make_bench() {
	local name=${KERNEL:-default} log scale=() boot boots=()

	[ "${SMP:-1}" = 1 ] || die "make bench: SMP=$SMP: instructions are counted on one CPU: leave SMP out"
	[ "${ACCEL:-tcg}" != kvm ] || die "make bench: ACCEL=kvm: only an emulated CPU counts its instructions: leave ACCEL out"
	use_kernel "$name"
	refuse_checkers "$name"
	mkdir -p build/bench
	log=build/$name.log
	say "$name: building the benchmarks, inlined and with KRCU_INLINE=0"
	{ build_bench "$out" 1 && build_bench "$out/calls" 0; } >"$log" 2>&1 || {
		cat "$log" >&2
		die "$name: the benchmarks do not build; see above"
	}
	if build_scale "$out/scale" >>"$log" 2>&1; then
		mapfile -t scale < <(printf -- '--add=%s\n' "$out"/scale/*.ko)
	else
		say "$name: the kernel's own refscale and rcuscale cannot be built, and are left out"
	fi
	say "$name: two boots of each"
	for boot in 1 2; do
		boot_bench "$name" "$out/bench-$boot.log" "$out" "${scale[@]}" </dev/null &
		boots+=($!)
		boot_bench "$name" "$out/bench-calls-$boot.log" "$out/calls" </dev/null &
		boots+=($!)
	done
	for boot in "${boots[@]}"; do
		wait "$boot" || die "make bench: a boot failed, so there are no figures (see above)"
	done
	python3 scripts/bench/report.py --name "$name" --out "build/bench/$name" "$out"/bench-{1,2}.log \
		"$out"/bench-calls-{1,2}.log
	compare_drivers | tee -a "build/bench/$name.txt"
	if scripts/setup.sh plot 2>/dev/null && gnuplot "build/bench/$name.gp"; then
		say "the same in build/bench/$name.txt, .json and .svg"
	else
		say "the same in build/bench/$name.txt and .json; a picture takes gnuplot, which cannot be had here"
	fi
}
