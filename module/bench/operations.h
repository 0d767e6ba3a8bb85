/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations, for whoever defines OPERATION(name, kind of object, how many, flags, what it is). Each is there
 * twice, as c_NAME() in by_hand.c and as cxx_NAME() in with_krcu.cpp.
 */
OPERATION(dereference, NOTHING, 1000, IRQS_OFF, "RCU section, dereference(), a load");
OPERATION(srcu_dereference, NOTHING, 1000, IRQS_OFF, "SRCU section, dereference(), a load");
OPERATION(try_access, NOTHING, 1000, IRQS_OFF, "RCU section, Revocable::try_access(), a load");
OPERATION(ref_try_get, NOTHING, 1000, IRQS_OFF, "RCU section, RcuRef::try_get(), and drop it");
OPERATION(grace_period, NOTHING, 1000, IRQS_OFF, "GracePeriod::snapshot(), elapsed()");
OPERATION(box, NOTHING, 1000, IRQS_OFF, "KBox: make and drop");
OPERATION(cached_box, NOTHING, 1000, IRQS_OFF, "Box of a SlabCache: make and drop");
OPERATION(draft, NOTHING, 1000, IRQS_OFF, "RcuKBox: draft and drop");
OPERATION(tail, NOTHING, 1000, IRQS_OFF, "RcuKBox of a Tail: draft and drop");
OPERATION(retire, PLAIN, 2000, RETIRES, "RcuKBox: retire, no destructor");
OPERATION(retire, PLAIN, 20000, RETIRES, "RcuKBox: retire, no destructor");
OPERATION(retire_free_box, SELF_CLEANING, 2000, RETIRES, "RcuFreeBox: retire");
OPERATION(retire_destructed, DESTRUCTED, 2000, RETIRES, "RcuKBox: retire, with destructor");
OPERATION(retire_destructed, DESTRUCTED, 20000, RETIRES, "RcuKBox: retire, with destructor");
OPERATION(retire_destructed, DESTRUCTED, 1000, IRQS_OFF | RETIRES | CALLBACK, "its callback: destructor and free");
OPERATION(retire_srcu, OF_DOMAIN, 2000, RETIRES, "SrcuKBox: retire");
OPERATION(retire_srcu, OF_DOMAIN, 1000, IRQS_OFF | RETIRES | CALLBACK, "its callback: free");
OPERATION(retire_sleeper, SLEEPER, 2000, RETIRES, "RcuKBox of reclaim::Work: retire");
OPERATION(retire_sleeper, SLEEPER, 20000, RETIRES, "RcuKBox of reclaim::Work: retire");
OPERATION(retire_sleeper, SLEEPER, 20000, RETIRES | WAITS, "the same, until all have ended");
OPERATION(make_and_retire, NOTHING, 20000, RETIRES | WAITS, "make and retire it, until all have ended");
OPERATION(replace, PLAIN, 2000, RETIRES, "Rcu::replace(), retire the old");
OPERATION(compare_exchange, PLAIN, 2000, RETIRES, "RCU section, Rcu::compare_exchange(), retire the old");
OPERATION(copy_update, NOTHING, 2000, RETIRES, "Rcu::copy_update() under a Mutex: make, retire the old");
OPERATION(xa_load, NOTHING, 1000, IRQS_OFF, "RCU section, XArray::load(), a load");
OPERATION(xa_for_each, NOTHING, 1000, IRQS_OFF, "RCU section, XArray::for_each() of 60");
OPERATION(xa_store, PLAIN, 1000, 0, "XArray::store() and erase()");
OPERATION(xa_alloc, PLAIN, 1000, 0, "XArray::alloc() and erase()");
OPERATION(xa_reserve, PLAIN, 1000, 0, "XArray::reserve(), fill() and erase()");
OPERATION(hash_find, NOTHING, 1000, IRQS_OFF, "RCU section, HashTable::find(), a load");
OPERATION(hash_insert, HASHED, 1000, 0, "HashTable::insert() and erase()");
OPERATION(list_walk, NOTHING, 1000, IRQS_OFF, "RCU section, List::for_each() of 8");
OPERATION(list_push, LISTED, 2000, RETIRES, "List::push_back() and erase(), retire");
OPERATION(mutex, NOTHING, 1000, 0, "Mutex: lock and unlock");
OPERATION(spin_lock_bh, NOTHING, 1000, 0, "SpinLock: lock_bh and unlock");
OPERATION(spin_lock_irqsave, NOTHING, 1000, IRQS_OFF, "SpinLock: lock_irqsave and unlock");
OPERATION(fetch_add, NOTHING, 1000, IRQS_OFF, "Atomic::fetch_add()");
OPERATION(wake_up, NOTHING, 1000, IRQS_OFF, "PollWaitQueue::wake_up_poll(), nobody waits");
