# Runs in the guest: drivers that leave things to the module's exit (kunit/exits.cpp), as often as
# krcu_exits.times= on the kernel's command line says. In each, the last destructor says that it has run.

fail() {
	echo "exits: FAILED: $*"
	exit 1
}

# all_destroyed SCENARIO
all_destroyed() {
	dmesg | grep -q "krcu_exits: $1: all are destroyed" || fail "$1: the module is gone, its destructors have not run"
	echo "exits: $1: passed"
}

# leave SCENARIO: to the module's exit
leave() {
	dmesg -c >/dev/null
	insmod krcu_exits.ko scenario="$1" || fail "$1: insmod"
	rmmod krcu_exits || fail "$1: rmmod"
	all_destroyed "$1"
}

all() {
	for scenario in own_domain_left own_domain_dropped wrapper_left wrapper_dropped into_another_domain reader_of_rcu \
		domain_dropped_in_work destructor_reads_and_drops c_readers_drop_domains chain_of_all wrapped_under_two_tags null_wrapped; do
		leave $scenario
	done

	dmesg -c >/dev/null
	! insmod krcu_exits.ko scenario=domain_abandoned_before_init_fails 2>/dev/null || fail "init did not fail"
	all_destroyed domain_abandoned_before_init_fails

	# Fails before init, when a parameter has retired something.
	dmesg -c >/dev/null
	! insmod krcu_exits.ko retire=0 refuse=1 2>/dev/null || fail "a parameter was not refused"
	all_destroyed none

	# A parameter file's writer comes through when the exit has returned.
	dmesg -c >/dev/null
	insmod krcu_exits.ko
	echo 300 >/sys/module/krcu_exits/parameters/retire &
	sleep 0.1
	rmmod krcu_exits || fail "rmmod beside a parameter's writer"
	wait
	all_destroyed none

	# One that goes on and on.
	insmod krcu_exits.ko
	(while echo 1 >/sys/module/krcu_exits/parameters/retire_one; do :; done) 2>/dev/null &
	sleep 0.1
	rmmod krcu_exits || fail "rmmod beside a parameter's writer that goes on"
	wait
	echo "exits: a writer that goes on: passed"
}

times=$(sed -n 's/.*krcu_exits.times=\([0-9]*\).*/\1/p' /proc/cmdline)
for _ in $(seq "${times:-1}"); do
	all
done
