#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest-test.sh: tests what guest.py makes of a guest that ends in one way or another, and the report of that. No
# kernel is booted: what guest.py takes for QEMU prints what a console would show. Prints KTAP.
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

mkdir "$work/bin"
cat >"$work/bin/qemu-system-x86_64" <<'END'
#!/bin/bash
echo "$*" >>"$WORK/qemu"
boots=$(wc -l <"$WORK/qemu")
while [ "$1" != -initrd ]; do shift; done
word=$(grep -aoP 'krcu-guest: exit %s \K\w+' "$2")

# kernel LINE: as printk puts it on a serial line, WORD being this run's
kernel() { printf '[    1.234567] %s\r\n' "${*/WORD/$word}"; }

eval "$GUEST"
END
chmod +x "$work/bin/qemu-system-x86_64"
touch "$work/image" "$work/busybox" "$work/script"
export PATH=$work/bin:$PATH WORK=$work GUEST

guest() { # ARGUMENTS...
	rm -f "$work/qemu"
	timeout --foreground 600 python3 "$krcu/scripts/guest.py" run --image "$work/image" --busybox "$work/busybox" --accel tcg \
		--script "$work/script" --log "$work/console" --timeout 300 --quiet "$@" >"$work/log" 2>&1
}

# ends CASE STATUS WORDS ARGUMENTS...: what $GUEST does is told by that exit status, and by WORDS in the last line
ends() {
	local case=$1 status=$2 words=$3 got=0

	shift 3
	guest "$@" || got=$?
	echo "exit status $got, expected: $status and $words" >>"$work/log"
	[ $got = "$status" ] && tail -n 2 "$work/log" | grep -qE "^krcu: .*$words"
	result $? "$case"
}

up='kernel Linux version 6.12;'
boot="$up kernel Run /init as init process;"

end='kernel krcu-guest: exit 0 WORD;'

GUEST="$boot $end"
ends "an_end_with_the_marker_is_good" 0 "ok"
ends "instructions_can_be_counted" 0 "ok" --icount --smp 1
grep -q ' -icount shift=0,sleep=off .* -smp 1 ' "$work/qemu" && ! grep -q 'thread=multi' "$work/qemu"
result $? "qemu_counts_them"

# Each in a boot: while the host has no time for the guest, its clock is measured wrong.
slow='kernel tsc: Detected 113363.970 MHz processor;'
GUEST="[ \$boots != 1 ] || { $boot $slow sleep 1000; }; $boot kernel tsc: Detected 2596.107 MHz processor; $end"
ends "a_clock_that_is_slow_once_is_no_matter" 0 "ok"
[ "$(grep -c 'its clock is slow .*; booting again' "$work/log")" = 1 ] && grep -q 'Detected 113363' "$work/console.spoilt"
result $? "it_is_booted_again_and_told"
GUEST="$boot $slow $end"
ends "a_clock_that_is_always_slow_is_put_up_with" 0 "ok"

# In the middle of its boot and without a word, emulated: before anything of krcu's has run.
GUEST="$up [ \$boots != 1 ] || exit 0; kernel Run /init as init process; $end"
ends "a_reset_before_init_once_is_no_matter" 0 "ok"
grep -q 'it was reset before its init began .*; booting again' "$work/log"
result $? "it_is_told"
GUEST="$up"
ends "a_reset_before_init_each_time_counts" 4 "before its script ended"
[ "$(wc -l <"$work/qemu")" = 3 ]
result $? "it_is_booted_three_times"
GUEST="$boot [ \$boots != 1 ] || kill -SEGV \$\$; $end"
ends "a_qemu_that_dies_once_is_no_matter" 0 "ok"
GUEST="[ \$boots != 1 ] || { $boot kernel WARNING: x; kill -SEGV \$\$; }; $boot $end"
ends "what_the_kernel_complained_of_before_that_counts" 4 "QEMU died of signal 11"
GUEST="[ \$boots != 1 ] || { $boot exit 0; }; $boot $end"
ends "a_reset_after_that_counts_the_first_time" 4 "before its script ended"

GUEST="$boot kernel krcu-guest: exit 7 WORD"
ends "the_script_s_exit_status_counts" 1 "script failed in the guest: exit 7"

# --- what only looks like the end ------------------------------------------------------------------

before='before its script ended'
GUEST="$boot kernel krcu-guest: exit 0"
ends "a_marker_without_the_word_is_none" 4 "$before"
GUEST="$boot kernel krcu-guest: exit 0 0123456789abcdef"
ends "a_marker_with_another_word_is_none" 4 "$before"
GUEST="$boot kernel said: krcu-guest: exit 0 WORD"
ends "a_marker_within_a_line_is_none" 4 "$before"
GUEST="$boot kernel krcu-guest: exit 0; kernel krcu-guest: exit 1 WORD"
ends "a_forged_marker_does_not_hide_the_right_one" 1 "exit 1"
GUEST="$boot kernel reboot: Restarting system"
ends "a_restart_is_no_end" 4 "$before"
GUEST="$boot kernel planted"
ends "an_expected_line_and_a_restart_are_no_end" 4 "$before" --expect planted

GUEST="$boot $end"
guest
first=$(grep -o 'krcu-guest: exit 0.*' "$work/console")
guest
[ "$first" != "$(grep -o 'krcu-guest: exit 0.*' "$work/console")" ]
result $? "each_run_has_a_word_of_its_own"

# --- what goes wrong -------------------------------------------------------------------------------

GUEST="$boot kernel planted; $end"
ends "an_expected_line_and_the_end_are_good" 0 "ok" --expect planted
GUEST="$boot $end"
ends "without_the_expected_line_the_end_is_not_enough" 6 "nothing in the guest says 'planted'" --expect planted
GUEST="$boot kernel WARNING: CPU: 0 PID: 1 at x.c:1; $end"
ends "a_complaint_counts" 3 "kernel complained: WARNING: CPU"
GUEST="$boot kernel \"krcu_x: unknown parameter 'raeders' ignored\"; $end"
ends "a_parameter_that_no_module_has_counts" 3 "unknown parameter 'raeders'"
GUEST="$boot kernel Kernel panic - not syncing: x; $end"
ends "a_panic_counts" 4 "guest crashed: Kernel panic"
GUEST="$boot exec sleep 60"
ends "a_guest_that_hangs_is_ended" 5 "guest hung: no end after 1 s" --timeout 1
GUEST="$boot $end exec sleep 60"
ends "a_guest_that_hangs_after_its_end_is_not_good" 5 "guest hung" --timeout 3
# As one does that gets no time
GUEST="$boot $end sleep 7"
ends "a_guest_may_take_its_time_to_go" 0 "ok"
GUEST="$boot $end read -r && kernel WARNING: late"
ends "a_guest_is_told_when_its_end_was_seen" 3 "WARNING: late"
GUEST=
ends "a_silent_guest_is_not_good" 4 "$before"
GUEST="$boot kill -SEGV \$\$"
ends "what_qemu_died_of_is_told" 4 "QEMU died of signal 11"
GUEST='echo "qemu: no such machine" >&2; exit 1'
ends "what_qemu_says_is_told" 2 "QEMU did not start: qemu: no such machine"

# --- what it leaves for the report -----------------------------------------------------------------

# leaves CASE FIRST LINES: the log ends with the verdict, and with so many lines of the console from that one on
leaves() {
	local case=$1 first=$2 lines=$3 verdict

	guest
	verdict=$(sed -n 's/^krcu: FAILED: //p' "$work/log")
	sed '0,/^krcu-guest: FAILED$/d' "$work/console" >"$work/log"
	[ "$verdict" ] && [ "$(head -n 1 "$work/log")" = "$verdict" ] && sed -n 2p "$work/log" | grep -q "$first" &&
		[ "$(wc -l <"$work/log")" = $((lines + 1)) ]
	result $? "$case"
}

# shellcheck disable=SC2016 # for it to expand
lines='for i in {1..50}; do kernel line $i; done;'
GUEST="$boot $lines kernel krcu-guest: exit 7 WORD"
leaves "how_a_script_failed" "line 32$" 20
GUEST="$boot $lines kernel WARNING: CPU: 0 PID: 1 at x.c:1; $lines kernel WARNING: CPU: 1; $lines $end"
leaves "what_the_kernel_complained_of_first" "WARNING: CPU: 0" 30
GUEST="$boot $lines kernel Oops: 0000; $lines kernel Kernel panic - not syncing: x"
leaves "where_it_crashed" "Oops: 0000" 30
GUEST="$boot $end"
guest
! grep -q FAILED "$work/console"
result $? "nothing_of_a_good_run"

# A guest's log, and a report of it
mkdir -p "$work/src/tools/testing/kunit"
printf 'import sys\nprint(sys.stdin.read() + "Testing complete. Ran 1 tests: passed: 1")\n' >"$work/src/tools/testing/kunit/kunit.py"
report() { python3 "$krcu/scripts/checks/kunit-report.py" --src "$work/src" "$@" >"$work/log" 2>&1; }

GUEST="$boot kernel KTAP version 1; kernel ok 1 x; kernel krcu-guest: exit 7 WORD"
guest
report "x=$work/console"
[ "$(grep -c 'ok 1 x' "$work/log")" = 1 ]
result $? "what_it_shows_once_more_is_not_counted_again"
! report "--failed=x:hung"$'\n'"[ 1.0] 7 passed, 0 failed" &&
	[ "$(cat "$work/log")" = "what failed:"$'\n'"x: FAILED: hung"$'\n'"x: [ 1.0] 7 passed, 0 failed"$'\n'"0 passed, 1 failed" ]
result $? "the_report_shows_all_of_it"

# --- who is killed ---------------------------------------------------------------------------------

# shellcheck disable=SC2016 # for it to expand
GUEST='echo $$ >$WORK/pid; exec sleep 1000'
guest --timeout 500 2>/dev/null &
for _ in $(seq 6000); do
	[ ! -s "$work/pid" ] || break
	sleep 0.1
done
read -r pid <"$work/pid"
kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")"
wait
for _ in $(seq 6000); do
	[ -e "/proc/$pid" ] || break
	sleep 0.1
done
[ ! -e "/proc/$pid" ]
result $? "qemu_dies_with_us"

# --- what it is asked ------------------------------------------------------------------------------

# refused CASE WORDS ARGUMENTS...: in one line, and without QEMU
refused() {
	local case=$1 words=$2 got=0

	shift 2
	guest "$@" || got=$?
	[ $got = 2 ] && [ "$(wc -l <"$work/log")" = 1 ] && grep -qE "^krcu: .*$words" "$work/log" && [ ! -e "$work/qemu" ]
	result $? "$case"
}

GUEST="$boot $end"
refused "no_cpus" "argument --smp: '0' is not a number" --smp 0
refused "memory_that_is_no_size" "argument --mem: 'abc' is not a size" --mem abc
refused "a_time_that_never_ends" "argument --timeout: 'inf' is not" --timeout inf
refused "no_time" "argument --timeout: '0.0' is not" --timeout 0.0
refused "instructions_of_two_cpus" "--icount counts .* one emulated CPU" --icount
refused "an_image_that_is_not_there" "no kernel image" --image "$work/nothing"

head -c 100000 /dev/zero >"$work/large"
(
	ulimit -f 64 # KB, or the file system is full
	refused "an_initramfs_that_does_not_fit" "cannot write .*initramfs.cpio: .*set TMPDIR" --add "$work/large"
	echo "$bad" >"$work/bad"
)
cases=$((cases + 1)) bad=$(cat "$work/bad")
finish guest
