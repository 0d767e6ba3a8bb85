// SPDX-License-Identifier: GPL-2.0
// A table of keys and values: read without a lock, changed by ioctls, its memory limited.

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <expected>
#include <optional>
#include <utility>

#include <krcu/krcu.hpp>

#include "abi.h"
#include "kv.h"

namespace {

// Bytes: of all entries' memory until it is free, and of those that are in the table.
constinit krcu::Atomic<__u64> used, live;
constinit krcu::Atomic<__u64> revision, waits; // as struct kv_stats has them

/// The memory of an entry: counted before it is allocated, until it is freed.
class Charge final {
public:
	explicit Charge(std::size_t bytes) : bytes_(bytes) { used.add(bytes); }
	Charge(Charge &&other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
	~Charge() { used.sub(bytes_); }

	std::size_t bytes() const { return bytes_; }

private:
	std::size_t bytes_;
};

struct Key {
	const char *bytes;
	std::size_t size;
};

struct ByBytes {
	using key_type = Key;

	static unsigned int hash(const Key &key, unsigned int seed) { return krcu::jhash(key.bytes, key.size, seed); }
	static bool equal(const Key &a, const Key &b)
	{
		return a.size == b.size && !std::memcmp(a.bytes, b.bytes, a.size);
	}
};

/// An entry, and behind it the bytes of its key, and then those of its value.
struct Entry : krcu::RefCounted {
	Entry(Charge c, std::size_t key_size, std::size_t size)
		: key(nullptr, key_size), value_size(size), charge(std::move(c))
	{
	}

	std::size_t tail_size() const { return key.size + value_size; }
	const char *value() const { return key.bytes + key.size; }

	krcu::HashLink link;
	Key key;
	std::size_t value_size;
	__u64 revision = 0;
	mutable unsigned long id = 0; // its place in the order, under the mutex
	Charge charge;
};
// A value may be too large for kmalloc(), and vfree() sleeps.
using EntryRef = krcu::RcuRef<krcu::Tail<Entry, char>, krcu::KVmalloc, krcu::reclaim::Work>;
using EntryDraft = krcu::Draft<EntryRef>;
using ConfigBox = krcu::RcuKBox<kv_config>;

struct Updaters {
	static constexpr const char *name = "krcu_kv";
};
struct Reclaiming {
	static constexpr const char *name = "krcu_kv_reclaiming";
};
struct Reading {
	static constexpr const char *name = "krcu_kv_reading";
};
using Held = krcu::Mutex<Updaters>::Guard;

KRCU_GLOBAL(updaters, krcu::Mutex<Updaters>);
KRCU_GLOBAL(reclaiming, krcu::Mutex<Reclaiming>);
KRCU_GLOBAL(config, krcu::Rcu<ConfigBox>); // never empty from kv_start() on
KRCU_GLOBAL(watchers, krcu::PollWaitQueue);
KRCU_GLOBAL(table, krcu::HashTable<EntryRef, &Entry::link, &Entry::key, ByBytes>);
KRCU_GLOBAL(order, krcu::XArray<EntryRef>); // the same entries, each at one index for as long as its key is there

/// An open file: what it has seen, and how far it has read.
struct Watcher {
	explicit Watcher(__u64 now) : seen(now) {}

	mutable krcu::Atomic<__u64> seen; // a revision
	krcu::Mutex<Reading> reading;
	mutable unsigned long next = 0; // an index of the order, under the mutex
};
using WatcherBox = krcu::KBox<Watcher>;

constexpr unsigned long read_max = 2 << 20; // about as much as a read() copies

// --- memory ---------------------------------------------------------------------------------------

/// Waits until what has been retired so far is free. Here writers are held up who would fill the memory faster than
/// grace periods elapse. Not reclaim::wait(), which counts objects: a few of these may be all the memory. False where
/// whoever had the lock has waited for this one, too: another one may be faster to take what is free now.
bool wait_for_room(std::size_t bytes, __u64 limit)
{
	auto held = reclaiming->lock();

	if (used.load() + bytes <= limit)
		return false;
	waits.inc();
	krcu::drain();
	return true;
}

kv_config current_config()
{
	krcu::ReadGuard guard;
	auto now = config->dereference(guard);

	return now ? *now : kv_config();
}

/// -EAGAIN if there would be room, but that readers or RCU keep what was there.
std::expected<Charge, int> charge(std::size_t bytes)
{
	for (bool waited = false;;) {
		const __u64 limit = current_config().bytes;

		if (Charge fresh(bytes); used.load() <= limit)
			return fresh;
		if (live.load() + bytes > limit)
			return std::unexpected(-ENOSPC);
		if (waited)
			return std::unexpected(-EAGAIN);
		waited = wait_for_room(bytes, limit);
	}
}

/// An entry with a key, and with a value that user space has.
std::expected<EntryDraft, int> draft(const Key &key, const kv_entry &e)
{
	auto charged = charge(sizeof(EntryRef::element_type) + key.size + e.value_size);

	if (!charged)
		return std::unexpected(charged.error());
	auto fresh = EntryRef::draft_for_overwrite(krcu::GFP_KERNEL_ACCOUNT, key.size + e.value_size,
						   std::move(*charged), key.size, e.value_size);
	if (!fresh)
		return std::unexpected(-ENOMEM);
	char *bytes = fresh->tail().data();
	fresh->key.bytes = bytes;
	std::memcpy(bytes, key.bytes, key.size);
	if (krcu::copy_from_user(bytes + key.size, krcu::UserPtr(e.value), e.value_size))
		return std::unexpected(-EFAULT);
	return fresh;
}

// --- looking up -----------------------------------------------------------------------------------

/// What has that key, or empty. An entry whose last owner has gone is no more in the table: there is another one.
EntryRef look_up(const Key &key)
{
	for (;;) {
		krcu::ReadGuard guard;
		auto found = table->find(key, guard);

		if (!found)
			return {};
		if (auto entry = EntryRef::try_get(*found, guard))
			return entry;
	}
}

/// What is at that index of the order, or next, and where; or empty.
EntryRef next(unsigned long &id)
{
	for (;;) {
		krcu::ReadGuard guard;
		auto found = order->find(id, guard);

		if (!found)
			return {};
		if (auto entry = EntryRef::try_get(*found, guard))
			return entry;
	}
}

/// Gives user space what there is room for, and its size in any case.
int give(__u64 to, __u32 &size, const char *bytes, std::size_t n)
{
	const bool fits = n <= size;

	size = static_cast<__u32>(n);
	return fits ? krcu::copy_to_user(krcu::UserPtr(to), bytes, n) : -ERANGE;
}

int give(krcu::UserPtr to, const EntryRef::element_type &entry)
{
	const kv_record record = { static_cast<__u32>(entry.key.size), static_cast<__u32>(entry.value_size),
				   entry.revision };
	const int err = krcu::copy_to_user(to, record);

	return err ?: krcu::copy_to_user(to + sizeof(record), entry.tail());
}

// All in one piece: looking up is what the driver is for.
[[gnu::flatten]] int get(const Key &key, kv_entry &e)
{
	const auto entry = look_up(key);

	if (!entry)
		return -ENOENT;
	e.revision = entry->revision;
	return give(e.value, e.value_size, entry->value(), entry->value_size);
}

int next(kv_entry &e)
{
	unsigned long id = e.cursor;
	const auto entry = e.cursor < KV_ENTRIES_MAX ? next(id) : EntryRef();

	if (!entry)
		return -ENOENT;
	e.revision = entry->revision;
	const int key = give(e.key, e.key_size, entry->key.bytes, entry->key.size);
	const int value = give(e.value, e.value_size, entry->value(), entry->value_size);
	if (key || value)
		return key == -EFAULT || !value ? key : value;
	e.cursor = id + 1;
	return 0;
}

// --- changing -------------------------------------------------------------------------------------

/// Whoever sees the revision sees what has changed.
void changed(const Held &, __u64 now)
{
	revision.store(now, krcu::release);
	watchers->wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
}

/// Puts an entry in, in the old one's place if there is one.
int publish(const Held &, const EntryRef &fresh, const EntryRef &old)
{
	if (old) {
		fresh->id = old->id;
		// Neither fails where there is something to replace. Both hand back references to the old entry.
		[[maybe_unused]] auto stored = order->store(fresh->id, EntryRef(fresh), krcu::GFP_KERNEL_ACCOUNT);
		[[maybe_unused]] auto replaced = table->replace(EntryRef(fresh));
		return 0;
	}
	const auto id = order->alloc(EntryRef(fresh), 0, KV_ENTRIES_MAX - 1, krcu::GFP_KERNEL_ACCOUNT);
	if (!id)
		return id.error();
	fresh->id = *id;
	const int err = table->insert(EntryRef(fresh));
	if (err)
		order->erase(*id).reset(); // nobody but next() can have seen it
	return err;
}

bool remove(const Held &held, const EntryRef &entry)
{
	if (!table->erase(*entry))
		return false;
	order->erase(entry->id).reset();
	live.sub(entry->charge.bytes());
	changed(held, revision.load() + 1);
	return true;
}

/// Whether the key has the revision that it should.
int compare(const EntryRef &old, kv_entry &e)
{
	if (!old)
		return -ENOENT;
	if (old->revision == e.revision)
		return 0;
	e.revision = old->revision;
	return -ESTALE;
}

int put(const Key &key, kv_entry &e, bool compares)
{
	auto fresh = draft(key, e);

	if (!fresh)
		return fresh.error();
	auto held = updaters->lock();
	const auto old = look_up(key);
	if (compares && (e.revision || old)) {
		if (int err = e.revision ? compare(old, e) : -EEXIST)
			return err;
	}
	if (!old && table->size() >= config->dereference(held)->entries)
		return -ENOSPC;
	(*fresh)->revision = e.revision = revision.load() + 1;
	const auto entry = std::move(*fresh).seal();
	if (int err = publish(held, entry, old))
		return err;
	live.add(entry->charge.bytes());
	if (old)
		live.sub(old->charge.bytes());
	changed(held, entry->revision);
	return 0;
}

int remove(const Key &key, kv_entry &e)
{
	auto held = updaters->lock();
	const auto old = look_up(key);

	if (!old || e.revision) {
		if (int err = compare(old, e))
			return err;
	}
	return remove(held, old) ? 0 : -ENOENT;
}

// --- ioctls ---------------------------------------------------------------------------------------

int check(unsigned int command, const kv_entry &e)
{
	const bool puts = command == KV_PUT || command == KV_SWAP;

	if (e.version != KV_VERSION)
		return -EOPNOTSUPP;
	if (e.reserved || (puts && e.value_size > KV_VALUE_MAX) || (command == KV_DELETE && (e.value || e.value_size)))
		return -EINVAL;
	if (command != KV_NEXT && (e.cursor || !e.key_size || e.key_size > KV_KEY_MAX))
		return -EINVAL;
	// Of 32-bit machines.
	if (e.key != static_cast<unsigned long>(e.key) || e.value != static_cast<unsigned long>(e.value))
		return -EFAULT;
	return 0;
}

int use_entry(unsigned int command, const Key &key, kv_entry &e)
{
	switch (command) {
	case KV_GET:
		return get(key, e);
	case KV_NEXT:
		return next(e);
	case KV_DELETE:
		return remove(key, e);
	default:
		return put(key, e, command == KV_SWAP);
	}
}

int set_config(const kv_config &c)
{
	auto held = updaters->lock();
	auto old = config->copy_update(held, [&](const kv_config *now) {
		const kv_config before = now ? *now : kv_config();

		return ConfigBox::make(krcu::GFP_KERNEL_ACCOUNT, kv_config{ .version = KV_VERSION,
									    .entries = c.entries ?: before.entries,
									    .bytes = c.bytes ?: before.bytes });
	});

	return old ? 0 : old.error();
}

} // namespace

int kv_start()
{
	return set_config({ .version = KV_VERSION, .entries = 1 << 20, .bytes = 64 << 20 });
}

void *kv_open()
{
	return WatcherBox::make(krcu::GFP_KERNEL_ACCOUNT, revision.load()).into_foreign();
}

void kv_release(void *watcher)
{
	auto last = WatcherBox::from_foreign(watcher);
}

long kv_use_entry(unsigned int command, unsigned long argument)
{
	const krcu::UserPtr user(argument);
	char key[KV_KEY_MAX];
	kv_entry e;

	if (krcu::copy_from_user(e, user))
		return -EFAULT;
	if (int err = check(command, e))
		return err;
	if (command != KV_NEXT && krcu::copy_from_user(key, krcu::UserPtr(e.key), e.key_size))
		return -EFAULT;
	const int err = use_entry(command, { key, e.key_size }, e);
	if (err && err != -ERANGE && err != -ESTALE)
		return err;
	return krcu::copy_to_user(user, e) ? -EFAULT : err;
}

long kv_clear()
{
	for (unsigned long id = 0; const auto entry = next(id); id++) {
		auto held = updaters->lock();
		remove(held, entry);
	}
	return 0;
}

long kv_get_stats(void *watcher, unsigned long argument)
{
	const krcu::UserPtr user(argument);
	kv_stats s;

	if (krcu::copy_from_user(s, user))
		return -EFAULT;
	if (s.version != KV_VERSION)
		return -EOPNOTSUPP;
	if (s.reserved)
		return -EINVAL;
	// The revision first: what changes afterwards, poll() still tells.
	s.revision = revision.load(krcu::acquire);
	s.entries = table->size();
	s.bytes = live.load();
	const __u64 all = used.load();
	s.retired = all > s.bytes ? all - s.bytes : 0; // others may be at it
	s.waits = waits.load();
	if (krcu::copy_to_user(user, s))
		return -EFAULT;
	WatcherBox::borrow(watcher).seen.store(s.revision);
	return 0;
}

long kv_get_config(unsigned long argument)
{
	const krcu::UserPtr user(argument);
	kv_config c;

	if (krcu::copy_from_user(c, user))
		return -EFAULT;
	return c.version == KV_VERSION ? krcu::copy_to_user(user, current_config()) : -EOPNOTSUPP;
}

long kv_set_config(unsigned long argument)
{
	kv_config c;

	if (krcu::copy_from_user(c, krcu::UserPtr(argument)))
		return -EFAULT;
	if (c.version != KV_VERSION)
		return -EOPNOTSUPP;
	return c.entries > KV_ENTRIES_MAX || c.bytes > KV_BYTES_MAX ? -EINVAL : set_config(c);
}

long kv_read(void *foreign, unsigned long buffer, unsigned long size)
{
	const Watcher &watcher = WatcherBox::borrow(foreign);
	auto held = watcher.reading.lock();
	const __u64 now = revision.load(krcu::acquire);
	unsigned long id = watcher.next, done = 0;

	while (const auto entry = done < read_max ? next(id) : EntryRef()) {
		const std::size_t n = sizeof(kv_record) + entry->tail_size();

		if (int err = n <= size - done ? give(krcu::UserPtr(buffer + done), *entry) : -EINVAL) {
			if (!done)
				return err;
			break;
		}
		done += n;
		id++;
	}
	if (!watcher.next)
		watcher.seen.store(now);
	watcher.next = done ? id : 0;
	return static_cast<long>(done);
}

bool kv_poll(void *watcher, file *filp, poll_table_struct *poll)
{
	watchers->poll_wait(filp, poll);
	return revision.load() != WatcherBox::borrow(watcher).seen.load();
}
