# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: what modules that are built with KRCU_STATS=1 say in debugfs, against what they have done.

fail() {
	echo "stats: FAILED: $*"
	kill $! 2>/dev/null # which else keeps the console open
	exit 1
}

# number MODULE WHAT
number() {
	sed -n "s/^$2 //p" "/sys/kernel/debug/krcu:$1"
}

# becomes MODULE WHAT TEST...: as [ NUMBER TEST... ] has it, in time
becomes() {
	for _ in $(seq 600); do
		test "$(number "$1" "$2")" "$3" "$4" && return
		sleep 0.05
	done
	fail "$1: $2 is '$(number "$1" "$2")', and not $3 $4"
}

gone() {
	rmmod "$1" || fail "rmmod $1"
	[ ! -e "/sys/kernel/debug/krcu:$1" ] || fail "$1: its file is still there"
}

insmod krcu_sample.ko rounds=1000000 || fail 'insmod krcu_sample'
becomes krcu_sample callbacks -gt 0
gone krcu_sample

insmod krcu_sample.ko rounds=5 || fail 'insmod krcu_sample'
until [ "$(dmesg | grep -c 'krcu_sample: .*, 5 rounds')" = 2 ]; do
	sleep 0.1
done
# Settings, a session, a table and waiters are published; all others are gone. A journal is a domain.
becomes krcu_sample live -eq 4
becomes krcu_sample callbacks -eq 0
becomes krcu_sample domains -eq 1
becomes krcu_sample abandoned -eq 0
gone krcu_sample
! insmod krcu_sample.ko fail_init=1 2>/dev/null || fail 'an init that fails'
[ ! -e /sys/kernel/debug/krcu:krcu_sample ] || fail 'the file of a module that was not loaded'

insmod krcu_kv.ko || fail 'insmod krcu_kv'
empty=$(number krcu_kv live)
seq 5000 | sed 's/$/\tvalue/' >keys
./kvctl load keys >/dev/null || fail load
becomes krcu_kv live -eq $((empty + 5000))
# Over and over, as what is batched is gone soon.
while [ ! -e enough ]; do
	./kvctl load keys >/dev/null
done &
becomes krcu_kv batched -gt 0
becomes krcu_kv batches -gt 0
touch enough
wait
becomes krcu_kv batched -eq 0
becomes krcu_kv batches -eq 0
becomes krcu_kv live -eq $((empty + 5000))
./kvctl clear || fail clear
becomes krcu_kv live -eq "$empty"
gone krcu_kv

# It stays, with a domain that a reader never leaves.
insmod krcu_pinned.ko || fail 'insmod krcu_pinned'
becomes krcu_pinned domains -eq 1
becomes krcu_pinned abandoned -eq 1
echo 'stats: passed'
