# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: drivers that leave things to the module's exit (kunit/exits.cpp, globals.cpp), as often as
# krcu_exits.times= on the kernel's command line says; krcu_exits.only= names one of them. In each, the last
# destructor says that it has run, and whether the exit has returned by then.

fail() {
	echo "exits: FAILED: $*"
	exit 1
}

# all_destroyed SCENARIO [WHEN]: by default before the exit has returned
all_destroyed() {
	# One program to start: that takes long in a kernel full of checkers.
	said="$(dmesg)
"
	case $said in
	*"krcu_exits: $1: all are destroyed${2:+ }${2:-}
"*) ;;
	*"krcu_exits: $1: all are destroyed"*) fail "$1: its destructors ran at another time" ;;
	*) fail "$1: the module is gone, its destructors have not run" ;;
	esac
}

# until_said TEXT
until_said() {
	for _ in $(seq 1000); do
		dmesg | grep -q "$1" && return
		sleep 0.05
	done
	fail "nothing said '$1'"
}

domain_abandoned_before_init_fails() {
	! insmod krcu_exits.ko scenario=domain_abandoned_before_init_fails 2>/dev/null || fail "init did not fail"
	all_destroyed domain_abandoned_before_init_fails
}

# Fails before init, when a parameter has retired something.
parameter_refused() {
	! insmod krcu_exits.ko retire=0 refuse=1 2>/dev/null || fail "a parameter was not refused"
	all_destroyed none
}

# A parameter file's writer comes through when the exit has returned.
late_writer() {
	insmod krcu_exits.ko
	echo 1 >/sys/module/krcu_exits/parameters/retire &
	until_said 'a writer is on its way'
	rmmod krcu_exits || fail "rmmod beside a parameter's writer"
	wait
	all_destroyed none "when the exit has returned"
}

# One that goes on and on.
writer_that_goes_on() {
	insmod krcu_exits.ko
	yes >/sys/module/krcu_exits/parameters/retire_one 2>/dev/null &
	until_said 'a writer goes on'
	rmmod krcu_exits || fail "rmmod beside a parameter's writer that goes on"
	wait
}

# leave SCENARIO: to the module's exit
leave() {
	insmod krcu_exits.ko scenario="$1" || fail "$1: insmod"
	rmmod krcu_exits || fail "$1: rmmod"
	all_destroyed "$1"
	# Nor is a late reader said to keep what goes.
	case $said in
	*'memory and this module stay'*) fail "$1: the module was said to stay" ;;
	esac
}

percpu() {
	sed -n 's/^Percpu: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# Each domain has memory of every CPU's, some of which the kernel keeps for the next one.
many_domains_left() {
	leave many_domains_left
	before=$(percpu)
	for _ in 1 2; do
		leave many_domains_left
	done
	# The kernel gives it back after a while.
	for _ in $(seq 300); do
		grown=$(($(percpu) - before))
		[ $grown -gt 32 ] || return 0
		sleep 0.1
	done
	fail "many_domains_left: $grown kB of the CPUs' memory are lost"
}

# globals_said LINE...: in that order, and nothing else. Where a load fails, insmod tries it twice.
globals_said() {
	said=$(dmesg | sed -nE 's/.*\bkrcu_globals: (((witness|waiters|middle|helper|last|reader|writer): .*)|init|exit)$/\1/p' |
		awk 'NR > 1 && $0 == first { exit } NR == 1 { first = $0 } { print }')
	expected=$(printf '%s\n' "$@")
	[ "$said" = "$expected" ] || fail "globals said: $(echo "$said" | paste -sd,), expected: $(echo "$expected" | paste -sd,)"
}

globals_end_in_reverse() {
	insmod krcu_globals.ko || fail "insmod krcu_globals"
	rmmod krcu_globals || fail "rmmod krcu_globals"
	globals_said 'witness: made' 'waiters: made' 'middle: made' 'helper: made' 'last: made' init exit 'reader: leaves' \
		'last: ended' 'helper: ended' 'middle: ended' 'waiters: dropped' 'witness: ended'
}

globals_end_when_init_fails() {
	! insmod krcu_globals.ko fail_init=1 2>/dev/null || fail "init did not fail"
	globals_said 'witness: made' 'waiters: made' 'middle: made' 'helper: made' 'last: made' init 'reader: leaves' \
		'last: ended' 'helper: ended' 'middle: ended' 'waiters: dropped' 'witness: ended'
}

# What was made before it is undone, what comes after it is not made.
empty_global_fails_the_load() {
	for which in middle last; do
		dmesg -c >/dev/null
		! err=$(insmod krcu_globals.ko empty=$which 2>&1) || fail "an empty global did not fail the load"
		case $err in
		*"emory"*) ;; # Out of memory, Cannot allocate memory
		*) fail "an empty global failed the load otherwise: $err" ;;
		esac
		case $which in
		middle) globals_said 'witness: made' 'waiters: made' 'middle: empty' 'middle: ended' 'waiters: dropped' 'witness: ended' ;;
		last) globals_said 'witness: made' 'waiters: made' 'middle: made' 'helper: made' 'last: empty' 'last: ended' 'helper: ended' 'middle: ended' \
			'waiters: dropped' 'witness: ended' ;;
		esac
	done
}

# A set function comes before init, and again and again while the module goes.
globals_and_a_writer() {
	! insmod krcu_globals.ko write=1 2>/dev/null || fail "globals were there before they were made"
	globals_said 'writer: refused'
	dmesg -c >/dev/null
	insmod krcu_globals.ko || fail "insmod krcu_globals"
	echo 1 >/sys/module/krcu_globals/parameters/write || fail "a writer was refused too early"
	while [ -e /sys/module/krcu_globals/parameters/write ]; do
		echo 1 >/sys/module/krcu_globals/parameters/write
		sleep 0.01
	done 2>/dev/null &
	sleep 0.2
	rmmod krcu_globals || fail "rmmod krcu_globals beside a parameter's writer"
	wait
	case $(dmesg) in
	*'used when it had ended'* | *'ended before the items'*) fail "a writer's objects use globals that have ended" ;;
	*'writer: refused'*'witness: ended'*) ;;
	*) fail "a writer was not refused" ;;
	esac
}

try() {
	dmesg -c >/dev/null
	case $1 in
	*global* | many_domains_left | domain_abandoned_before_init_fails | parameter_refused | late_writer | writer_that_goes_on) "$1" ;;
	*) leave "$1" ;;
	esac
	echo "exits: $1: passed"
}

times=$(sed -n 's/.*krcu_exits.times=\([0-9]*\).*/\1/p' /proc/cmdline)
only=$(sed -n 's/.*krcu_exits.only=\([a-z_]*\).*/\1/p' /proc/cmdline)
for _ in $(seq "${times:-1}"); do
	for what in ${only:-own_domain_left own_domain_dropped wrapper_left wrapper_dropped into_another_domain reader_of_rcu \
		domain_dropped_in_work destructor_reads_and_drops c_readers_drop_domains chain_of_all wrapped_under_two_tags null_wrapped \
		many_domains_left domain_abandoned_before_init_fails parameter_refused late_writer writer_that_goes_on \
		globals_end_in_reverse globals_end_when_init_fails empty_global_fails_the_load globals_and_a_writer}; do
		try "$what"
	done
done
