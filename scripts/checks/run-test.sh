#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run-test.sh MODULE: tests krcu.sh itself: what it refuses before it builds anything, what two runs in one tree do to
# each other, and what is left of one that is killed. It has a tree of its own, whose kernels and guests are
# stand-ins. MODULE is the directory of the built torture. Prints KTAP.
set -uo pipefail
unset MAKEFLAGS MFLAGS MAKELEVEL KDIR KMAKE SRC KERNEL KERNELS CC LLVM ACCEL SMP MEM TIMEOUT FILTER DURATION TORTURE \
	CYCLES V KRCU_REFRESH

torture=${1:?usage: run-test.sh MODULE}/krcu_torture.ko
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$krcu/scripts/checks/fake-source.sh"
. "$krcu/scripts/checks/session.sh"

tree=$work/tree
mkdir -p "$tree/kunit" "$tree/module" "$tree/include" "$work/bin"
cp -r "$krcu"/{scripts,docs,.ci} "$krcu"/.clang-* "$krcu"/{Makefile,Kbuild,COPYING,README.md,CHANGELOG.md} "$tree"
rm "$tree"/scripts/kernels/*.config
printf '# krcu-source: 6.12\nCONFIG_X=y\n' | tee "$tree/scripts/kernels/one.config" >"$tree/scripts/kernels/two.config"
fake_source "$work/cache/krcu/src/linux-6.12_6.12.1-1"
kernels=$work/cache/krcu/kernels

# Nothing is installed. A guest leaves in its log what $SAID is, and ends with $STATUS; the report shows logs.
printf '#!/bin/sh\n' >"$tree/scripts/setup.sh"
cat >"$tree/scripts/guest.py" <<'END'
import os, sys
with open(sys.argv[sys.argv.index("--log") + 1], "w") as log:
    log.write(os.environ["SAID"])
sys.exit(int(os.environ.get("STATUS", "0")))
END
cat >"$tree/scripts/checks/kunit-report.py" <<'END'
import sys
for log in sys.argv[1:]:
    print(open(log.partition("=")[2]).read() if log.endswith(".log") else log)
END
# The space that is free, in MB
cat >"$work/bin/df" <<'END'
#!/bin/sh
printf 'Avail\n%s\n' ${FREE:-9999}
END
chmod +x "$work/bin/df"
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/cache FILTER=all

# soon COMMAND...: whether it succeeds; on a busy machine that may take minutes
soon() {
	for _ in $(seq 6000); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# --- settings --------------------------------------------------------------------------------------

# refuses CASE WORDS COMMAND...: in one line, and nothing is built
refuses() {
	local case=$1 words=$2

	shift 2
	! "$@" >"$work/out" 2>"$work/log" && [ "$(grep -vc '^make: \*\*\*' "$work/log")" = 1 ] &&
		grep -qE "^krcu: .*$words" "$work/log" && [ ! -s "$work/out" ] && [ ! -e "$kernels" ]
	result $? "$case"
}

target() { make -s --no-print-directory -C "$tree" "$@"; }

refuses "memory_that_is_no_size" "MEM=abc: give" target demo MEM=abc
refuses "no_cpus" "SMP=0: give" target torture SMP=0
refuses "no_time" "TIMEOUT=0: give" target test TIMEOUT=0
refuses "no_number_of_seconds" "DURATION=1m: give" target matrix DURATION=1m
refuses "instructions_of_two_cpus" "SMP=2: instructions are counted on one CPU" target bench SMP=2
refuses "instructions_of_a_real_cpu" "ACCEL=kvm: only an emulated CPU" target bench ACCEL=kvm
refuses "a_kernel_that_is_not_there" "no such kernel: three \(there are: one two\)" "$tree/scripts/kernel.sh" three
refuses "a_full_temporary_directory" "only 3 MB are free in /.* set TMPDIR" env FREE=3 make -s -C "$tree" test
# Without make, as newer ones have words of their own for it.
refuses "no_temporary_directory" "/dev/null is no directory to write to; set TMPDIR" env TMPDIR=/dev/null "$tree/scripts/krcu.sh" demo
for kind in space colon; do
	path=$([ $kind = space ] && echo "a b" || echo a:b)
	cp -r "$tree" "$work/$path"
	refuses "a_tree_in_a_path_with_a_$kind" "a space or a colon" \
		make -s --no-print-directory -C "$work/$path" test
done

parameters() {
	"$krcu/scripts/targets/torture-parameters.sh" "$torture" "$1"
}

parameters 'nreaders=4 wait_nice=-5 pace=0 disturb=0 expect=SUCCESS.*' >"$work/log" 2>&1 &&
	[ "$(wc -w <"$work/log")" = 5 ]
result $? "parameters_of_the_torture_are_passed_on"
refuses "a_misspelt_parameter" "no parameter 'nraeders'; there are: .* nreaders" parameters 'stall_cpu=1 nraeders=4'
refuses "duration_as_a_parameter" "set DURATION=1" parameters 'duration=1'
refuses "a_parameter_without_a_value" "'nreaders' is not NAME=VALUE" parameters nreaders
refuses "a_value_that_is_no_number" "nreaders=x: want a number" parameters nreaders=x
refuses "a_second_line" "no parameter 'nraeders'" parameters $'nreaders=4\nnraeders=4'

# --- two runs in one tree --------------------------------------------------------------------------

# slow NAME, fast NAME: whether this kernel's modules come to an end while this test runs
slow() { mkdir -p "$kernels/$1" && echo $$ >"$kernels/$1/slow"; }
fast() { rm -f "$kernels/$1/slow"; }

target kernel KERNEL=one >"$work/log" 2>&1 && target kernel KERNEL=two >>"$work/log" 2>&1
slow two
SAID='by the first' target test KERNEL='one two' >"$work/first" 2>&1 &
soon grep -q 'two: building' "$work/first"
SAID='by the second' target test KERNEL=one >"$work/second" 2>&1 &
soon grep -qE 'waiting|by the' "$work/second"
! target clean >"$work/clean" 2>&1
clean=$?
fast two
wait
cat "$work/first" "$work/second" >"$work/log"
[ "$(grep -c 'by the first' "$work/first")" = 2 ] && ! grep -q 'second' "$work/first"
result $? "a_run_reports_its_own_logs"
grep -q 'waiting for another run in build/one to end' "$work/second" && grep -q 'by the second' "$work/second"
result $? "another_run_waits_for_it_and_then_goes_on"

cp "$work/clean" "$work/log"
[ $clean = 0 ] && grep -q 'a run is using build/' "$work/log"
result $? "make_clean_does_not_take_the_logs_of_a_run"
target clean >"$work/log" 2>&1 && [ ! -e "$tree/build" ]
result $? "make_clean_cleans_when_no_run_is_left"

# --- what fails ------------------------------------------------------------------------------------

# fails COMMAND...: guests do, and their logs say why in two lines
fails() {
	SAID=$'krcu-guest: FAILED\nit hung\n[ 1.0] there' STATUS=5 "$@" >"$work/log" 2>&1
	grep -A 1 -x -- '--failed=one:.*it hung' "$work/log" | grep -qxF '[ 1.0] there'
}

fails target test KERNEL=one
result $? "the_report_has_the_reason"
mkdir -p "$tree/build/one/module/torture" && cp "$torture" "$tree/build/one/module/torture"
fails "$tree/scripts/krcu.sh" row one
result $? "so_has_a_row"

# --- what cannot be had ----------------------------------------------------------------------------

# matrix KERNEL: a row that does not pass
matrix() { ! FILTER='' target matrix KERNELS="$1" >"$work/log" 2>&1; }

printf '# krcu-stock: 6.12 amd64\n# krcu-debian: 13\n' >"$tree/scripts/kernels/absent.config"
printf '#!/bin/sh\necho 11.9\n' >"$work/bin/dpkg-query"
chmod +x "$work/bin/dpkg-query"
matrix absent && grep -q '^absent  *skipped  *0  *0 ' "$work/log" && grep -qx 'kernels skipped: 1' "$work/log" &&
	[ "$(grep -c '^krcu: absent: cannot be had here: .*neither Debian 12 nor 13' "$work/log")" = 2 ] &&
	grep -qx '0 passed, 0 failed' "$work/log"
result $? "a_kernel_that_cannot_be_had_is_a_skipped_row"
rm "$work/bin/dpkg-query" "$tree/scripts/kernels/absent.config"

mkdir "$work/cache/krcu/src/linux-9.9_9.9.1-1"
printf 'all allnoconfig:\n\tfalse\n' >"$work/cache/krcu/src/linux-9.9_9.9.1-1/Makefile"
echo '# krcu-source: 9.9' >"$tree/scripts/kernels/broken.config"
matrix broken && grep -q '^broken  *-  *0  *1 ' "$work/log" && ! grep -q 'skipped:' "$work/log" &&
	grep -qx '0 passed, 1 failed' "$work/log"
result $? "a_kernel_that_does_not_build_is_a_failed_row"
rm "$tree/scripts/kernels/broken.config"

# --- who is killed ---------------------------------------------------------------------------------

gone() { [ ! "$(session "$1")" ]; }

running() { [ "$(session "$1" | grep -c endless)" = $((2 * ${#tests[@]})) ]; }

# ends_all SIGNAL [-]: make, or its process group, gets SIGNAL while a test runs without a guest and modules are built
ends_all() {
	local pid

	slow two
	FILTER='' SAID=x setsid env --default-signal=INT make -C "$tree" test KERNEL='one two' >"$work/killed" 2>&1 &
	pid=$!
	soon grep -q 'two: building' "$work/killed" && soon running "$pid" && {
		kill "-$1" -- "${2:-}$pid"
		soon gone "$pid" && return
	}
	session "$pid" | tee "$work/log" | cut -d' ' -f1 | xargs kill -KILL
	return 1
}

# As long as this test runs
printf '#!/bin/sh\nwhile kill -0 %s; do sleep 0.1; done\n' $$ >"$work/bin/endless"
chmod +x "$work/bin/endless"
tests=("$tree"/scripts/*/*-test.sh "$tree/scripts/checks/lint.sh" "$tree/scripts/model/model.sh")
for test in "${tests[@]}"; do
	printf '#!/bin/bash\nendless & nice endless\n' >"$test"
done
ends_all KILL - 2>/dev/null
result $? "nothing_is_left_of_a_killed_run"
ends_all INT - 2>/dev/null
result $? "nothing_is_left_of_an_interrupted_run"
fast two

SAID=again timeout --foreground 1200 make -C "$tree" test KERNEL='one two' >"$work/log" 2>&1 && [ "$(grep -c again "$work/log")" = 2 ]
result $? "the_next_run_goes_on"
finish run
