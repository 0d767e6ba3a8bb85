#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench-test.sh: tests what make bench makes of consoles, and what it refuses. No kernel is booted. Prints KTAP.
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

# console FILE RETIRE [CYCLES]: a boot in which the burst of retirements took that long, with krcu
console() {
	cat >"$work/$1" <<-END
		[    0.000000] Linux version 6.12.117 (root@vm) (gcc (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld 2.40) #1 SMP
		[    0.265267] krcu-bench: 100000 nops: ${3:-100000} cycles
		[    0.272968] krcu-bench: read: burst 1000 irqs off empty 6010 c 24010 krcu 24510: a load
		[    0.283968] krcu-bench: retire: burst 2000 irqs on empty 12010 c 212010 krcu $2: retire
		[    0.294968] krcu-bench: retire: burst 200 irqs on empty 1210 c 21210 krcu 21210: retire
		[    3.270153] rcu-ref-scale: --- Start of test:  verbose=0
		[    3.270369] 2	16.071
		[    9.298125] rcu-scale:--- kfree_rcu_test: kfree_mult=1 kfree_nthreads=1 kfree_alloc_num=2000 kfree_loops=10 x=0
		[    9.303897] Total time taken by all kfree'ers: 5711592 ns, loops: 10, batches: 4, memory footprint: 0MB
		[    9.305465] krcu-guest: exit 0 0123456789abcdef
	END
}

report() { # CONSOLES...
	(cd "$work" && python3 "$krcu/scripts/bench/report.py" --name one --out "$work/one" "$@") >"$work/log" 2>&1
}

# no_figures CASE WORDS CONSOLES...: in one line, and nothing is written
no_figures() {
	local case=$1 words=$2

	shift 2
	rm -f "$work"/one.*
	! report "$@" && [ "$(wc -l <"$work/log")" = 1 ] && grep -qE "^krcu: no figures: .*$words" "$work/log" &&
		! compgen -G "$work/one.*" >/dev/null
	result $? "$case"
}

console good 214010
console calls 232010
report good good calls calls && grep -qE '^a load +1000 +off +18.00 +18.50 +18.50$' "$work/log" &&
	grep -qE '^retire +2000 +on +100.00 +101.00 +110.00$' "$work/log" && cmp -s "$work/log" "$work/one.txt" &&
	grep -qx 'Instructions for one operation: kernel one, 6.12.117, gcc 12.2.0; two boots agree.' "$work/log"
result $? "the_empty_loop_is_subtracted"
grep -qE '^refscale: rcu +16.07$' "$work/log" && grep -qE '^rcuscale: kmalloc\(\) and kfree_rcu\(\) +285.58$' "$work/log"
result $? "the_kernel_s_own_benchmarks_are_beside_it"
python3 - "$work/one.json" >"$work/log" 2>&1 <<'END'
import json, sys
all = json.load(open(sys.argv[1]))
assert all["unit"] == "instructions" and all["references"]["refscale: rcu"] == [16.071], all
assert [(o["name"], o["burst"], o["irqs"], o["c"], o["krcu"], o["krcu_inline_0"]) for o in all["operations"]] == [
    ("read", 1000, "off", 18, 18.5, 18.5), ("retire", 2000, "on", 100, 101, 110), ("retire", 200, "on", 100, 100, 100)], all
END
result $? "programs_can_read_it"
paste -sd' ' "$work/one.dat" >"$work/log"
grep -qx '"read" 18.0 18.5 18.5 "retire x2000" 100.0 101.0 110.0 "retire x200" 100.0 100.0 100.0' "$work/log"
result $? "each_bar_has_a_name_of_its_own"

console other 214011
no_figures "boots_that_differ" "two boots of the inlined build differ in retire: see good and other" good other calls calls
no_figures "boots_that_differ_without_inlining" "two boots of the build with KRCU_INLINE=0 differ in retire" good good calls other
sed 's/: retire: burst 200 /: retire_until_ended: burst 200 /' "$work/good" >"$work/waits"
sed 's/21210: retire/21229: retire/' "$work/waits" >"$work/other"
report waits other waits waits && grep -qE '^retire +200 +on +100.00 +100.00 +100.00$' "$work/log"
result $? "what_waits_may_differ_by_one_in_a_thousand"
sed 's/21210: retire/21231: retire/' "$work/waits" >"$work/other"
no_figures "what_waits_and_differs_by_more" "two boots of the inlined build differ in retire_until_ended" waits other calls calls
sed 's/16.071/17.071/' "$work/good" >"$work/other"
report other good calls calls && grep -qE '^refscale: rcu +16.07 to 17.07$' "$work/log"
result $? "the_kernel_s_own_benchmarks_may_differ"
console time 214010 187321
no_figures "a_clock_that_counts_something_else" "100000 instructions took 187321 cycles" time time calls calls
console stopped 214010 0
no_figures "a_clock_that_stands" "100000 instructions took 0 cycles" stopped stopped calls calls
grep -v 'exit 0' "$work/good" >"$work/cut"
no_figures "a_boot_that_ended_before" "cut did not come to its end" good cut calls calls
grep -v 'retire' "$work/calls" >"$work/short"
no_figures "builds_that_measure_different_things" "different operations" good good short short
no_figures "a_console_that_is_not_there" "cannot read gone: No such file" good gone calls calls

# A slower clock, as ARM's: sixteen instructions each.
sed -E 's/100000 cycles/6250 cycles/' "$work/good" >"$work/slow"
report slow slow slow slow && grep -qE '^retire +200 +on +1600.00 ' "$work/log"
result $? "cycles_of_several_instructions"

# Before anything is built
checkers() { # OPTION
	mkdir -p "$work/kdir/include/config"
	echo "CONFIG_$1=y" >"$work/kdir/include/config/auto.conf"
	(
		cd "$krcu" || exit
		die() { echo "krcu: $*" >&2; exit 1; }
		. scripts/targets/build.sh
		. scripts/targets/bench.sh
		# shellcheck disable=SC2034 # has() reads it
		KDIR=$work/kdir
		refuse_checkers one
	) >"$work/log" 2>&1
}

! checkers KASAN && [ "$(cat "$work/log")" = "krcu: make bench: one has CONFIG_KASAN, whose instructions would count: take a kernel without, such as KERNEL=default" ]
result $? "a_kernel_with_a_checker_is_refused"
checkers PREEMPT
result $? "a_kernel_without_is_not"
finish bench
