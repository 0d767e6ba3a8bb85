// SPDX-License-Identifier: GPL-2.0
// by_hand.c again, with krcu.

#include <cstring>

#include <krcu/krcu.hpp>

using Box = krcu::RcuKBox<int>;
using Cache = krcu::SlabCache<int>;
using CachedBox = krcu::RcuBox<int, Cache>;

struct Hashed {
	krcu::HashLink link;
	int key;
	int value;
};
using HashedBox = krcu::RcuKBox<Hashed>;
using Table = krcu::HashTable<HashedBox, &Hashed::link, &Hashed::key>;

struct ByRemainder {
	static unsigned int hash(int key, unsigned int seed) { return (unsigned int)key % 1000 ^ seed; }
	static bool equal(int a, int b) { return hash(a, 0) == hash(b, 0); }
};
using Remainders = krcu::HashTable<HashedBox, &Hashed::link, &Hashed::key, ByRemainder>;

KRCU_GLOBAL(cxx_table, Table);
KRCU_GLOBAL(cxx_slot, krcu::Rcu<Box>);

namespace {

struct Session {
	~Session() { --*open; }

	int *open;
};

struct Listed {
	int value;
	krcu::ListLink link;
};

struct Counted : krcu::RefCounted {
	explicit Counted(int v) : value(v) {}

	int value;
};
using Ref = krcu::RcuRef<Counted>;
using List = krcu::List<krcu::RcuKBox<Listed>, &Listed::link>;

struct Domain {
	static constexpr const char *name = "codegen";
};

} // namespace

extern "C" {
int cxx_read(const Box &box);
void cxx_drop(void *foreign);
void *cxx_make(int value);
void *cxx_make_cached(int value);
void cxx_drop_cached(void *foreign);
void cxx_free_cached(void *foreign);
int cxx_dereference(const krcu::Rcu<Box> &slot);
void cxx_replace(krcu::Rcu<Box> &slot, void *fresh);
void cxx_publish(krcu::Rcu<Box> &slot, int value);
void cxx_drop_session(void *foreign);
void cxx_drop_in_batch(void *foreign);
void cxx_nested();
int cxx_xa_load(const void *array, unsigned long index);
int cxx_try_access(const krcu::Revocable<int> &revocable);
int cxx_list_sum(const void *list);
int cxx_list_find(const void *list, int value);
void *cxx_ref_make(int value);
void *cxx_ref_try_get(const void *slot);
void *cxx_ref_copy(const void *ref);
void cxx_ref_drop(void *foreign);
int cxx_srcu_read(const void *domain, const int *value);
int cxx_srcu_dereference(const void *domain, const void *slot);
bool cxx_compare_exchange(krcu::Rcu<Box> &slot, const int *seen, void *fresh);
int cxx_dereference_locked(const krcu::Rcu<Box> &slot, const void *lock);
void cxx_mutex(const void *lock, int *value);
void cxx_spin_lock(const void *lock, int *value);
void cxx_spin_lock_bh(const void *lock, int *value);
void cxx_spin_lock_irqsave(const void *lock, int *value);
int cxx_hash_find(const Table &table, int key);
int cxx_hash_find_by(const Remainders &table, int key);
int cxx_hash_find_in_global(int key);
int cxx_global();
int cxx_hash_insert(Table &table, void *foreign);
int cxx_hash_erase(Table &table, const Hashed &object);
void cxx_poll(file *filp, const krcu::PollWaitQueue &queue, poll_table_struct *table);
void cxx_wake(const krcu::PollWaitQueue &queue);
void cxx_atomic_void(krcu::Atomic<int> &v, krcu::Atomic<long long> &wide, int n);
int cxx_atomic_fetch(krcu::Atomic<int> &v, int n);
long long cxx_atomic_fetch_wide(krcu::Atomic<long long> &v, long long n);
bool cxx_atomic_flag(krcu::Atomic<bool> &v, const krcu::Atomic<bool> &ready);
bool cxx_atomic_compare_exchange(krcu::Atomic<int> &v, int old, int desired);
void *cxx_atomic_pointer(krcu::Atomic<void *> &v, void *desired);
bool cxx_atomic_test(krcu::Atomic<int> &v);
int cxx_copy_from_user(__u64 &to, unsigned long from);
int cxx_copy_bytes_from_user(void *to, unsigned long from, std::size_t n);
int cxx_copy_to_user(unsigned long to, const __u64 &from);
void cxx_print(int n, const char *text);
bool cxx_is_late(unsigned long begin);
bool cxx_same_bytes(const void *a, void *b, std::size_t n);
}

int cxx_read(const Box &box)
{
	krcu::ReadGuard guard;
	return box.with_rcu(guard);
}

void cxx_drop(void *foreign)
{
	Box box = Box::from_foreign(foreign);
}

void *cxx_make(int value)
{
	return Box::make(krcu::GFP_KERNEL, value).into_foreign();
}

void *cxx_make_cached(int value)
{
	return CachedBox::make(krcu::GFP_KERNEL, value).into_foreign();
}

void cxx_drop_cached(void *foreign)
{
	CachedBox box = CachedBox::from_foreign(foreign);
}

void cxx_free_cached(void *foreign)
{
	auto box = krcu::Box<int, Cache>::from_foreign(foreign);
}

void cxx_publish(krcu::Rcu<Box> &slot, int value)
{
	auto draft = Box::draft(krcu::GFP_KERNEL);

	if (!draft)
		return;
	*draft = value;
	auto old = slot.replace(std::move(draft));
}

int cxx_dereference(const krcu::Rcu<Box> &slot)
{
	krcu::ReadGuard guard;
	int value = 0;

	if (auto box = slot.dereference(guard))
		value = *box;
	return value;
}

void cxx_replace(krcu::Rcu<Box> &slot, void *fresh)
{
	auto old = slot.replace(Box::from_foreign(fresh));
}

void cxx_drop_session(void *foreign)
{
	auto session = krcu::RcuKBox<Session>::from_foreign(foreign);
}

void cxx_drop_in_batch(void *foreign)
{
	auto session = krcu::RcuKBox<Session, krcu::reclaim::Work>::from_foreign(foreign);
}

int cxx_try_access(const krcu::Revocable<int> &revocable)
{
	krcu::ReadGuard guard;
	int value = -1;

	if (auto found = revocable.try_access(guard))
		value = *found;
	return value;
}

int cxx_xa_load(const void *array, unsigned long index)
{
	krcu::ReadGuard guard;
	auto box = static_cast<const krcu::XArray<Box> *>(array)->load(index, guard);

	return box ? *box : 0;
}

void cxx_nested()
{
	krcu::ReadGuard outer;
	krcu::ReadGuard inner;
}

// Their types have internal linkage, so they come as pointers to the one pointer they are.
int cxx_list_sum(const void *list)
{
	krcu::ReadGuard guard;
	int sum = 0;

	static_cast<const List *>(list)->for_each(guard, [&](const Listed &listed) { sum += listed.value; });
	return sum;
}

int cxx_list_find(const void *list, int value)
{
	krcu::ReadGuard guard;

	return bool(static_cast<const List *>(list)->find_if(guard, [&](const Listed &l) { return l.value == value; }));
}

void *cxx_ref_make(int value)
{
	return Ref::make(krcu::GFP_KERNEL, value).into_foreign();
}

void *cxx_ref_try_get(const void *slot)
{
	krcu::ReadGuard guard;
	auto found = static_cast<const krcu::Rcu<Ref> *>(slot)->dereference(guard);

	return found ? Ref::try_get(*found, guard).into_foreign() : nullptr;
}

void *cxx_ref_copy(const void *ref)
{
	return Ref(*static_cast<const Ref *>(ref)).into_foreign();
}

void cxx_ref_drop(void *foreign)
{
	Ref last = Ref::from_foreign(foreign);
}

int cxx_srcu_read(const void *domain, const int *value)
{
	auto guard = static_cast<const krcu::Srcu<Domain> *>(domain)->read_lock();
	return *value;
}

int cxx_srcu_dereference(const void *domain, const void *slot)
{
	using Slot = krcu::Rcu<krcu::SrcuKBox<int, Domain>, krcu::Srcu<Domain>>;
	auto guard = static_cast<const krcu::Srcu<Domain> *>(domain)->read_lock();
	int value = 0;

	if (auto box = static_cast<const Slot *>(slot)->dereference(guard))
		value = *box;
	return value;
}

bool cxx_compare_exchange(krcu::Rcu<Box> &slot, const int *seen, void *fresh)
{
	return slot.compare_exchange(krcu::Found<int>(seen), Box::from_foreign(fresh)).has_value();
}

int cxx_dereference_locked(const krcu::Rcu<Box> &slot, const void *lock)
{
	auto held = static_cast<const krcu::Mutex<Domain> *>(lock)->lock();
	int value = 0;

	if (auto box = slot.dereference(held))
		value = *box;
	return value;
}

void cxx_mutex(const void *lock, int *value)
{
	auto held = static_cast<const krcu::Mutex<Domain> *>(lock)->lock();
	++*value;
}

void cxx_spin_lock(const void *lock, int *value)
{
	auto held = static_cast<const krcu::SpinLock<Domain> *>(lock)->lock();
	++*value;
}

void cxx_spin_lock_bh(const void *lock, int *value)
{
	auto held = static_cast<const krcu::SpinLock<Domain> *>(lock)->lock_bh();
	++*value;
}

void cxx_spin_lock_irqsave(const void *lock, int *value)
{
	auto held = static_cast<const krcu::SpinLock<Domain> *>(lock)->lock_irqsave();
	++*value;
}

int cxx_hash_find(const Table &table, int key)
{
	krcu::ReadGuard guard;
	int value = -1;

	if (auto found = table.find(key, guard))
		value = found->value;
	return value;
}

int cxx_hash_find_by(const Remainders &table, int key)
{
	krcu::ReadGuard guard;
	int value = -1;

	if (auto found = table.find(key, guard))
		value = found->value;
	return value;
}

int cxx_hash_find_in_global(int key)
{
	krcu::ReadGuard guard;
	int value = -1;

	if (auto found = cxx_table->find(key, guard))
		value = found->value;
	return value;
}

int cxx_global()
{
	krcu::ReadGuard guard;
	int value = 0;

	if (auto box = cxx_slot->dereference(guard))
		value = *box;
	return value;
}

int cxx_hash_insert(Table &table, void *foreign)
{
	return table.insert(HashedBox::from_foreign(foreign));
}

int cxx_hash_erase(Table &table, const Hashed &object)
{
	return table.erase(object) ? 0 : -ENOENT;
}

void cxx_poll(file *filp, const krcu::PollWaitQueue &queue, poll_table_struct *table)
{
	queue.poll_wait(filp, table);
}

void cxx_wake(const krcu::PollWaitQueue &queue)
{
	queue.wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
}

void cxx_atomic_void(krcu::Atomic<int> &v, krcu::Atomic<long long> &wide, int n)
{
	v.inc();
	v.add(n);
	v.store(v.load(krcu::acquire) + 1, krcu::release);
	wide.dec();
	wide.sub(7);
	wide.store(wide.load() + 1);
}

int cxx_atomic_fetch(krcu::Atomic<int> &v, int n)
{
	n = v.fetch_add(n);
	n = v.fetch_sub(n, krcu::relaxed);
	return v.exchange(n, krcu::release);
}

long long cxx_atomic_fetch_wide(krcu::Atomic<long long> &v, long long n)
{
	n = v.fetch_add(n, krcu::acquire);
	return v.exchange(n);
}

bool cxx_atomic_flag(krcu::Atomic<bool> &v, const krcu::Atomic<bool> &ready)
{
	return v.exchange(ready.load(krcu::acquire), krcu::relaxed);
}

bool cxx_atomic_compare_exchange(krcu::Atomic<int> &v, int old, int desired)
{
	return v.compare_exchange(old, desired);
}

void *cxx_atomic_pointer(krcu::Atomic<void *> &v, void *desired)
{
	return v.exchange(desired);
}

bool cxx_atomic_test(krcu::Atomic<int> &v)
{
	return v.dec_and_test();
}

int cxx_copy_from_user(__u64 &to, unsigned long from)
{
	return krcu::copy_from_user(to, krcu::UserPtr(from));
}

int cxx_copy_bytes_from_user(void *to, unsigned long from, std::size_t n)
{
	return krcu::copy_from_user(to, krcu::UserPtr(from), n);
}

int cxx_copy_to_user(unsigned long to, const __u64 &from)
{
	return krcu::copy_to_user(krcu::UserPtr(to), from);
}

void cxx_print(int n, const char *text)
{
	pr_info("%d, %s\n", n, text);
}

bool cxx_is_late(unsigned long begin)
{
	return krcu::time_after(krcu::jiffies(), begin + krcu::msecs_to_jiffies(1500) + krcu::HZ);
}

bool cxx_same_bytes(const void *a, void *b, std::size_t n)
{
	__u64 word;

	std::memcpy(&word, a, sizeof(word));
	std::memset(b, 0, 4);
	return word && !std::memcmp(a, b, n);
}
