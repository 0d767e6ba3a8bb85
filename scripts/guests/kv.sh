# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: kvctl does what it says itself; those drivers of module/kv that are there, with krcu and in C by
# hand, do what their ABI says (kunit/kv_user.c), and go while what they have retired is pending.

fail() {
	echo "kv: FAILED: $*"
	kill $! 2>/dev/null # which else keeps the console open
	exit 1
}

# kvctl STATUS ARGUMENTS...: that it ends so, with one line where it is an error, and none else
kvctl() {
	expected=$1
	lines=1
	shift
	./kvctl "$@" >out 2>err
	status=$?
	[ $status = "$expected" ] || fail "kvctl $*: status $status, not $expected: $(cat err)"
	[ $status != 0 ] || lines=0
	[ "$(wc -l <err)" = $lines ] || fail "kvctl $*: not $lines lines on stderr: $(cat err)"
}

said() {
	[ "$(cat out)" = "$*" ] || fail "kvctl said '$(cat out)', not '$*'"
}

refuses_usage() {
	kvctl 2
	kvctl 2 unknown
	kvctl 2 --unknown
	kvctl 2 get
	kvctl 2 get a b
	kvctl 2 put a
	kvctl 2 swap a x 1
	kvctl 2 swap a -1 1
	kvctl 2 swap a 99999999999999999999 1
	kvctl 2 get ''
	kvctl 2 get "$(head -c 256 /dev/zero | tr '\0' k)"
	kvctl 2 limit 16777217 0
	kvctl 2 bench 0
	kvctl 2 bench x
	kvctl 3 --device=/dev/nothing stat
	kvctl 4 --device=/dev/null stat
	kvctl 0 --help
	grep -q '^usage: kvctl ' out || fail 'no help'
}

loads_files() {
	printf 'one\t1\ntwo\t\\x09A\\x5cB\nempty\t\n' >good
	kvctl 0 load good
	said '3 put'
	kvctl 0 get two
	said "$(printf '\tA\\B')"
	kvctl 0 list
	sort good >expected
	sort out | cmp - expected || fail 'what is listed is not what was put'
	kvctl 0 clear
	for bad in 'cut\toff' 'no tab\n' '\tno key\n' 'a\t\\x4\n' 'a\t\\y41\n' 'a\t\\\n'; do
		printf 'fine\t1\n%b' "$bad" >file
		kvctl 2 load file
		grep -q 'file:2:' err || fail "no place: $(cat err)"
	done
	kvctl 2 load nowhere
	kvctl 4 load /krcu
	kvctl 0 list
	said ''
	kvctl 0 load - <good
	kvctl 0 load /dev/null
	said '0 put'
}

does_what_it_says() {
	kvctl 1 get a
	kvctl 0 put a 1
	kvctl 0 get a
	said 1
	echo 2 | ./kvctl put a - || fail 'put from stdin'
	kvctl 0 get a
	said 2
	kvctl 1 swap a 1 3
	kvctl 1 swap a 0 3
	kvctl 0 swap b 0 3
	kvctl 0 del b
	kvctl 1 del b
	kvctl 0 stat
	grep -q '^entries.*1 of 1048576$' out || fail "stat: $(cat out)"
	kvctl 0 limit 1 0
	kvctl 4 put b 1
	kvctl 0 limit 1048576 0
	head -c 1048577 /dev/zero >large
	kvctl 2 put a - <large
	kvctl 0 bench 1 1
	grep -q '^[1-9][0-9]* reads per second on 1 CPU$' out || fail "bench: $(cat out)"
	kvctl 0 clear
	kvctl 4 bench
	kvctl 2 bench 1 0
	kvctl 4 bench 1 1000
	[ ! -c /dev/full ] || ! ./kvctl stat >/dev/full 2>/dev/null || fail 'nobody read what it said, and it was content'
}

until_it_says() {
	for _ in $(seq 600); do
		! grep -q "$2" "$1" || return 0
		sleep 0.1
	done
	fail "$1 has no $2: $(cat "$1")"
}

watches() {
	./kvctl watch a >watched &
	watcher=$!
	kvctl 0 put a 1
	until_it_says watched 'a: revision'
	kvctl 0 clear
	until_it_says watched 'a: deleted'
	kill $watcher
	wait $watcher
}

# Its last users are dead; the kernel may have yet to close their files.
unload() {
	for _ in $(seq 600); do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$1" || fail "rmmod $1"
}

until_used() {
	for _ in $(seq 600); do
		[ "$(cat "/sys/module/$1/refcnt")" = 0 ] || return 0
		sleep 0.1
	done
	fail "nobody uses $1"
}

unloads_under_load() {
	for _ in 1 2 3; do
		insmod "$1.ko" || fail "insmod $1"
		./kv_user "/dev/$1" load &
		load=$!
		until_used "$1"
		sleep 0.3
		kill -0 $load || fail "$1: the load ended by itself"
		! rmmod "$1" 2>/dev/null || fail "$1 was unloaded while it is used"
		kill -9 $load
		wait $load
		unload "$1"
	done
	[ ! -e "/dev/$1" ] || fail "the device of $1 is still there"
}

failslab=/sys/kernel/debug/failslab
if [ -d $failslab ]; then
	echo N >$failslab/ignore-gfp-wait
	echo 0 >$failslab/verbose
	echo Y >$failslab/task-filter
	echo -1 >$failslab/times
	echo 100 >$failslab/probability
fi

kvctl 3 get a
insmod krcu_kv.ko || fail insmod
for part in refuses_usage does_what_it_says loads_files watches; do
	$part
	echo "kv: $part: passed"
done
unload krcu_kv

for module in *_kv.ko; do
	driver=${module%.ko}
	insmod "$module" || fail "insmod $driver"
	./kv_user "/dev/$driver" || fail "$driver: see above"
	unload "$driver"
	unloads_under_load "$driver"
	echo "kv: $driver: passed"
done
