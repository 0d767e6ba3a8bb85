# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: mistakes that a debug kernel must tell of (kunit/misused.cpp), with the words it must use.

fail() {
	echo "misused: FAILED: $*"
	exit 1
}

insmod krcu_exits.ko scenario=domain_shared || fail "insmod krcu_exits"
what=0
for words in 'krcu: an object of an SRCU domain that is gone, or is another module'"'"'s' \
	'krcu: an object of an SRCU domain that is gone, or is another module'"'"'s' \
	'krcu: drain() in a destructor' \
	'krcu: drain() in a reader of an SRCU domain' \
	'krcu: an Srcu is dropped in another module than it was made in' \
	'krcu: poll_wait() under a ReadGuard' \
	'krcu: SlabCache: a box is made before create()' \
	'suspicious rcu_dereference_protected() usage' \
	'suspicious rcu_dereference_protected() usage' \
	'krcu: List: an object is pushed that is in a list already, or was' \
	'krcu: List: an object is pushed that is in a list already, or was' \
	'krcu: List: an object of another list' \
	'refcount_t: saturated' \
	'krcu: HashTable: what is inserted is in a table already' \
	'krcu: HashTable: what is inserted has been erased, and readers may still walk on from it' \
	'krcu: a global is used before it is made' \
	'BUG: sleeping function called from invalid context' \
	'krcu: reclaim::Work: an object is retired in NMI' \
	'krcu: reclaim::wait() in a destructor'; do
	dmesg -c >/dev/null
	insmod krcu_misused.ko what=$what || fail "insmod, $what"
	rmmod krcu_misused || fail "rmmod, $what"
	dmesg | grep -qF "$words" || fail "$what: nothing said \"$words\""
	echo "misused: $what: passed"
	what=$((what + 1))
done
rmmod krcu_exits || fail "rmmod krcu_exits"
