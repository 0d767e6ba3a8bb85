// SPDX-License-Identifier: GPL-2.0
// HashTable: krcu/hash_table.hpp

#include <cerrno>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

struct Entry : Object {
	explicit Entry(int k, int v = 0) : Object(v), key(k) {}

	krcu::HashLink link;
	int key;
};
using Box = krcu::RcuKBox<Entry>;
using Table = krcu::HashTable<Box, &Entry::link, &Entry::key>;

static_assert(!std::is_copy_constructible_v<Table> && std::is_nothrow_move_constructible_v<Table>);
static_assert(sizeof(Table) == sizeof(void *) && sizeof(krcu::HashLink) == 2 * sizeof(void *));
static_assert(Table::destructor_may_sleep && std::is_trivially_destructible_v<krcu::HashLink>);
static_assert(std::is_same_v<Table::key_type, int>);

constexpr int many = 3000; // the kernel begins with 64 buckets

Box make(int key, int value = 0)
{
	return Box::make(krcu::GFP_KERNEL, key, value);
}

/// Inserts a new object; whether that went well.
bool put(Table &table, int key, int value = 0)
{
	Box box = make(key, value);

	return box && !table.insert(std::move(box));
}

/// What a new reader sees: -1 for nothing.
template <class T>
int read(const T &table, const typename T::key_type &key)
{
	krcu::ReadGuard guard;
	auto object = table.find(key, guard);

	return object ? object->value : -1;
}

/// How many objects there are, with keys below 100. Where the table grows meanwhile, one may come again.
template <class T>
int count(const T &table)
{
	krcu::ReadGuard guard;
	bool seen[100] = {};
	int n = 0;

	table.for_each(guard, [&](const auto &object) { n += !std::exchange(seen[object.key], true); });
	return n;
}

constinit Table shared;

/// A table for all CPUs, to the end of a case; the case begins with Object::reset().
class Shared {
public:
	Shared()
	{
		Object::reset();
		shared = Table::make();
	}
	~Shared() { shared = Table(); }
	explicit operator bool() const { return bool(shared); }
};

/// All CPUs count what went wrong.
constinit Counter wrong;

} // namespace

KUNIT_CASE(starts_empty)
{
	Table none;
	EXPECT_FALSE(none);
	auto table = Table::make();
	ASSERT_TRUE(table);
	EXPECT_EQ(read(table, 0), -1);
	EXPECT_FALSE(table.erase(0));
	EXPECT_EQ(count(table), 0);
	EXPECT_EQ(table.size(), 0);
}

KUNIT_CASE(insert_publishes)
{
	Object::reset();
	{
		auto table = Table::make();
		Box box = make(7, 70);
		ASSERT_TRUE(table && box);
		EXPECT_EQ(table.insert(std::move(box)), 0);
		EXPECT_FALSE(box);
		EXPECT_EQ(read(table, 7), 70);
		EXPECT_EQ(read(table, 6), -1);
		EXPECT_EQ(table.size(), 1);
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(key_that_is_there_is_refused)
{
	Object::reset();
	auto table = Table::make();
	Box box = make(7, 71);
	auto draft = Box::draft(krcu::GFP_KERNEL, 7, 72);

	ASSERT_TRUE(table && box && draft && put(table, 7, 70));
	EXPECT_EQ(table.insert(std::move(box)), -EEXIST);
	EXPECT_EQ(table.insert(std::move(draft)), -EEXIST);
	EXPECT_TRUE(box && box->value == 71);
	EXPECT_TRUE(draft && draft->value == 72);
	EXPECT_EQ(read(table, 7), 70);
	EXPECT_EQ(table.size(), 1);
	// A draft that failed is still one, and ends at once.
	draft->key = 8;
	EXPECT_EQ(table.insert(std::move(draft)), 0);
	EXPECT_FALSE(draft);
	EXPECT_EQ(read(table, 8), 72);
	draft = Box::draft(krcu::GFP_KERNEL, 7, 73);
	EXPECT_EQ(table.insert(std::move(draft)), -EEXIST);
	draft = {};
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(nothing_cannot_be_inserted)
{
	auto table = Table::make();
	ASSERT_TRUE(table);
	EXPECT_EQ(table.insert(Box()), -EINVAL);
	EXPECT_EQ(table.insert(krcu::Draft<Box>()), -EINVAL);
	auto old = table.replace(Box());
	EXPECT_TRUE(!old && old.error() == -EINVAL);
	EXPECT_EQ(table.size(), 0);
}

KUNIT_CASE(erase_hands_the_object_back)
{
	Object::reset();
	auto table = Table::make();
	ASSERT_TRUE(table && put(table, 3, 33) && put(table, 4, 44));
	{
		Box old = table.erase(3);

		EXPECT_EQ(read(table, 3), -1);
		EXPECT_EQ(read(table, 4), 44);
		EXPECT_EQ(table.size(), 1);
		EXPECT_FALSE(table.erase(3));
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(old && old->value == 33);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(an_object_is_erased_from_its_own_table_and_once)
{
	Object::reset();
	auto table = Table::make(), other = Table::make();
	Box stranger = make(3, 35);
	ASSERT_TRUE(table && other && stranger && put(table, 3, 33) && put(other, 3, 34));
	{
		krcu::ReadGuard guard;
		auto object = table.find(3, guard);
		ASSERT_TRUE(object);
		EXPECT_FALSE(other.erase(*object));
		EXPECT_FALSE(table.erase(*stranger));
		Box old = table.erase(*object);
		EXPECT_TRUE(old && &*old == object.get());
		EXPECT_FALSE(table.erase(*object));
	}
	EXPECT_EQ(read(table, 3), -1);
	EXPECT_EQ(read(other, 3), 34);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(replace_inserts_or_swaps)
{
	Object::reset();
	auto table = Table::make();
	Box first = make(5, 50);
	auto second = Box::draft(krcu::GFP_KERNEL, 5, 51);
	ASSERT_TRUE(table && first && second && put(table, 6, 60));
	{
		auto nothing = table.replace(std::move(first));
		EXPECT_TRUE(nothing && !*nothing);
		EXPECT_EQ(read(table, 5), 50);
		auto old = table.replace(std::move(second));
		EXPECT_FALSE(second);
		EXPECT_EQ(read(table, 5), 51);
		EXPECT_EQ(table.size(), 2);
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(old && *old && (*old)->value == 50);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(grows_and_shrinks)
{
	Object::reset();
	auto table = Table::make();
	int missing = 0;
	ASSERT_TRUE(table);
	for (int i = 0; i < many; i++)
		missing += !put(table, i, i + 1);
	EXPECT_EQ(missing, 0);
	EXPECT_EQ(table.size(), many);
	for (int i = 0; i < many; i++)
		missing += read(table, i) != i + 1;
	EXPECT_EQ(missing, 0);
	for (int i = 0; i < many; i++) {
		Box old = table.erase(i);
		missing += !old || old->key != i;
	}
	EXPECT_EQ(missing, 0);
	EXPECT_EQ(table.size(), 0);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, many);
}

KUNIT_CASE(for_each_sees_every_object)
{
	auto table = Table::make();
	bool put_all = true;
	int sum = 0, visited = 0;
	ASSERT_TRUE(table);
	for (int i = 1; i <= 40; i++)
		put_all &= put(table, i, i);
	EXPECT_TRUE(put_all);
	krcu::ReadGuard guard;
	table.for_each(guard, [&](const Entry &entry) { sum += entry.value; });
	EXPECT_EQ(sum, 820);
	table.for_each(guard, [&](const Entry &) { return ++visited < 3; });
	EXPECT_EQ(visited, 3);
}

KUNIT_CASE(for_each_may_erase_what_it_visits)
{
	Object::reset();
	auto table = Table::make();
	int sum = 0;
	ASSERT_TRUE(table);
	for (int i = 1; i <= 100; i++)
		ASSERT_TRUE(put(table, i * 5, i));
	{
		krcu::ReadGuard guard;
		table.for_each(guard, [&](const Entry &entry) {
			{
				Box old = table.erase(entry);
				sum += old ? old->value : 0;
			}
			wrong = entry.value == Object::dead;
		});
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(sum, 5050);
	EXPECT_EQ(table.size(), 0);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 100);
}

KUNIT_CASE(destructor_drops_every_object_once)
{
	Object::reset();
	int failed = 0;
	{
		auto table = Table::make();
		ASSERT_TRUE(table);
		for (int i = 0; i < many; i++)
			failed += !put(table, i * 37, i);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(failed, 0);
	EXPECT_EQ(Object::destroyed, many);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(moving_a_table_leaves_none)
{
	Object::reset();
	auto table = Table::make(), other = Table::make();
	ASSERT_TRUE(table && other && put(table, 1, 10) && put(other, 2, 20));
	Table moved(std::move(table));
	EXPECT_FALSE(table);
	EXPECT_EQ(read(moved, 1), 10);
	other = std::move(moved);
	EXPECT_FALSE(moved);
	EXPECT_EQ(read(other, 1), 10);
	EXPECT_EQ(read(other, 2), -1);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(readers_keep_what_was_erased_until_their_guard_ends)
{
	Object::reset();
	auto table = Table::make();
	ASSERT_TRUE(table && put(table, 1, 11) && put(table, 2, 22));
	{
		krcu::ReadGuard guard;
		auto object = table.find(1, guard);
		{
			Box old = table.erase(1);
		}
		EXPECT_FALSE(table.find(1, guard));
		spin_ms(20);
		EXPECT_TRUE(object && object->value == 11);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(reader_elsewhere_keeps_what_was_erased)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;
	Shared table;

	seen = 0;
	ASSERT_TRUE(table && put(shared, 5, 55));
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = shared.find(5, guard);

			stay();
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		shared.erase(5).reset();
		spin_ms(20);
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(seen, 55);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(what_was_erased_can_be_inserted_a_grace_period_later)
{
	Object::reset();
	auto table = Table::make(), other = Table::make();
	ASSERT_TRUE(table && other && put(table, 1, 10));
	Box box = table.erase(1);
	krcu::synchronize_rcu();
	EXPECT_EQ(other.insert(std::move(box)), 0);
	EXPECT_EQ(read(other, 1), 10);
	EXPECT_EQ(read(table, 1), -1);
	EXPECT_TRUE(put(table, 1, 11));
	// A replaced one too.
	auto old = other.replace(make(1, 12));
	krcu::synchronize_rcu();
	EXPECT_TRUE(old && *old && table.erase(1));
	EXPECT_TRUE(old && !table.insert(std::move(*old)));
	EXPECT_EQ(read(table, 1), 10);
}

KUNIT_CASE(copies_are_not_linked)
{
	struct Plain {
		krcu::HashLink link;
		int key, value;
	};
	using PlainBox = krcu::RcuKBox<Plain>;
	using PlainTable = krcu::HashTable<PlainBox, &Plain::link, &Plain::key>;
	auto table = PlainTable::make();
	ASSERT_TRUE(table);
	EXPECT_EQ(table.insert(PlainBox::make(krcu::GFP_KERNEL, krcu::HashLink(), 1, 10)), 0);
	krcu::ReadGuard guard;
	auto object = table.find(1, guard);
	ASSERT_TRUE(object);
	auto copy = PlainBox::draft(krcu::GFP_ATOMIC, *object);
	ASSERT_TRUE(copy);
	copy->value++;
	auto old = table.replace(std::move(copy));
	EXPECT_TRUE(old && *old && (*old)->value == 10);
	EXPECT_EQ(read(table, 1), 11);
	copy = PlainBox::draft(krcu::GFP_ATOMIC, krcu::HashLink(), 2, 0);
	ASSERT_TRUE(copy);
	*copy = **old;
	copy->key = 2;
	EXPECT_EQ(table.insert(std::move(copy)), 0);
	EXPECT_EQ(read(table, 2), 10);
}

namespace {

template <class Key>
struct With : Object {
	explicit With(const Key &k, int v) : Object(v), key(k) {}

	krcu::HashLink link;
	Key key;
};

/// Whether objects are found by these keys, of which all differ.
template <class Key, int n>
bool works_with(const Key (&keys)[n])
{
	using KeyBox = krcu::RcuKBox<With<Key>>;
	auto table = krcu::HashTable<KeyBox, &With<Key>::link, &With<Key>::key>::make();
	bool works = bool(table);

	for (int i = 0; works && i < n; i++)
		works = read(table, keys[i]) == -1 && !table.insert(KeyBox::make(krcu::GFP_KERNEL, keys[i], i));
	for (int i = 0; works && i < n; i++)
		works = read(table, keys[i]) == i && table.insert(KeyBox::make(krcu::GFP_KERNEL, keys[i], i)) == -EEXIST;
	for (int i = 0; works && i < n; i++)
		works = table.erase(keys[i]) && read(table, keys[i]) == -1;
	return works && !table.size();
}

struct Mac {
	unsigned char octets[6];
};
struct Name {
	char text[8];
};
struct Flow {
	unsigned int from, to;
	unsigned short from_port, to_port;
};
enum class Color : unsigned char {
	red,
	green
};
struct Wide {
	unsigned long long words[40];
};

} // namespace

KUNIT_CASE(keys_of_any_size_and_alignment)
{
	static constinit Wide wide[] = { { { 1 } }, { { 2 } }, {} };
	static int objects[2];

	wide[2].words[39] = 1;
	EXPECT_TRUE((works_with<unsigned char>({ 0, 1, 255 })));
	EXPECT_TRUE((works_with<unsigned short>({ 0, 1, 65535 })));
	EXPECT_TRUE((works_with<long long>({ 0, -1, 1ll << 40 })));
	EXPECT_TRUE((works_with<int *>({ &objects[0], &objects[1], nullptr })));
	EXPECT_TRUE((works_with<Color>({ Color::red, Color::green })));
	EXPECT_TRUE((works_with<Mac>({ { { 0, 1, 2, 3, 4, 5 } }, { { 0, 1, 2, 3, 4, 6 } }, {} })));
	EXPECT_TRUE((works_with<Name>({ { "one" }, { "two" }, { "onetwo" } })));
	EXPECT_TRUE((works_with<Flow>({ { 1, 2, 3, 4 }, { 1, 2, 3, 5 }, { 2, 1, 3, 4 } })));
	EXPECT_TRUE(works_with<Wide>(wide));
}

namespace {

struct Device : Object {
	Device(const char *n, int v) : Object(v) { __builtin_strcpy(name, n); }

	krcu::HashLink link;
	char name[16] = {};
};
struct ByName {
	using key_type = const char *;

	static unsigned int hash(const char *name, unsigned int seed)
	{
		return krcu::jhash(name, __builtin_strlen(name), seed);
	}
	static bool equal(const char *a, const char *b) { return !__builtin_strcmp(a, b); }
};
using DeviceBox = krcu::RcuKBox<Device>;
using Devices = krcu::HashTable<DeviceBox, &Device::link, &Device::name, ByName>;
static_assert(std::is_same_v<Devices::key_type, const char *>);

/// A length and as many characters; what is behind them does not count.
struct Prefixed {
	unsigned char length;
	char text[15];
};
struct ByPrefix {
	static unsigned int hash(const Prefixed &name, unsigned int seed)
	{
		return krcu::jhash(name.text, name.length, seed);
	}
	static bool equal(const Prefixed &a, const Prefixed &b)
	{
		return a.length == b.length && !__builtin_memcmp(a.text, b.text, a.length);
	}
};
using PrefixedBox = krcu::RcuKBox<With<Prefixed>>;
using ByPrefixes = krcu::HashTable<PrefixedBox, &With<Prefixed>::link, &With<Prefixed>::key, ByPrefix>;

} // namespace

KUNIT_CASE(a_policy_knows_strings)
{
	auto devices = Devices::make();
	char name[16] = "tty00";
	int missing = 0;

	ASSERT_TRUE(devices);
	// Enough to let the table grow: the kernel calls the policy too.
	for (int i = 0; i < 100; i++) {
		name[3] = '0' + i / 10;
		name[4] = '0' + i % 10;
		missing += devices.insert(DeviceBox::make(krcu::GFP_KERNEL, name, i)) != 0;
	}
	for (int i = 0; i < 100; i++) {
		name[3] = '0' + i / 10;
		name[4] = '0' + i % 10;
		missing += read(devices, name) != i;
	}
	EXPECT_EQ(missing, 0);
	EXPECT_EQ(read(devices, "tty3"), -1);
	EXPECT_EQ(read(devices, "tty33"), 33);
	EXPECT_EQ(devices.insert(DeviceBox::make(krcu::GFP_KERNEL, "tty33", 1)), -EEXIST);
	auto old = devices.replace(DeviceBox::make(krcu::GFP_KERNEL, "tty33", 133));
	EXPECT_TRUE(old && *old && (*old)->value == 33);
	EXPECT_EQ(read(devices, "tty33"), 133);
	EXPECT_TRUE(devices.erase("tty33"));
	EXPECT_EQ(read(devices, "tty33"), -1);
	EXPECT_EQ(devices.size(), 99);
}

KUNIT_CASE(a_policy_says_what_counts)
{
	auto table = ByPrefixes::make();
	ASSERT_TRUE(table);
	EXPECT_EQ(table.insert(PrefixedBox::make(krcu::GFP_KERNEL, Prefixed{ 3, "onexxx" }, 1)), 0);
	EXPECT_EQ(table.insert(PrefixedBox::make(krcu::GFP_KERNEL, Prefixed{ 3, "oneyyy" }, 2)), -EEXIST);
	EXPECT_EQ(table.insert(PrefixedBox::make(krcu::GFP_KERNEL, Prefixed{ 4, "onezzz" }, 3)), 0);
	EXPECT_EQ(read(table, Prefixed{ 3, "one" }), 1);
	EXPECT_EQ(read(table, Prefixed{ 4, "onez" }), 3);
	EXPECT_EQ(read(table, Prefixed{ 2, "one" }), -1);
}

namespace {

struct AllTheSame {
	static unsigned int hash(int, unsigned int) { return 1; }
	static bool equal(int a, int b) { return a == b; }
};
using BadTable = krcu::HashTable<Box, &Entry::link, &Entry::key, AllTheSame>;

constinit BadTable bad;
constinit Box boxes[100];
constinit int err, inserted;

bool make_boxes()
{
	bool made = true;

	for (int i = 0; i < 100; i++)
		made &= bool(boxes[i] = make(i, i));
	return made;
}

void drop_boxes()
{
	for (Box &box : boxes)
		box.reset();
}

} // namespace

KUNIT_CASE(a_bad_hash_is_refused)
{
	Object::reset();
	bad = BadTable::make();
	inserted = 0;
	ASSERT_TRUE(bad && make_boxes());
	// In softirq the work item that hashes anew cannot run meanwhile.
	kunit_run_in_softirq(
		[](void *) {
			while (inserted < 100 && !(err = bad.insert(std::move(boxes[inserted]))))
				inserted++;
		},
		nullptr);
	EXPECT_EQ(err, -EBUSY);
	EXPECT_TRUE(inserted > 10 && inserted < 100 && boxes[inserted]);
	EXPECT_EQ(bad.size(), inserted);
	EXPECT_EQ(count(bad), inserted);
	EXPECT_EQ(read(bad, 3), 3);
	drop_boxes();
	bad = BadTable();
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 100);
}

namespace {

/// Puts all in one bucket until the table hashes anew, for which it needs memory.
struct Unlucky {
	static constinit inline unsigned int bad_seed = 0;

	static unsigned int hash(int key, unsigned int seed)
	{
		if (!bad_seed)
			bad_seed = seed;
		return seed == bad_seed ? 1 : krcu::jhash(&key, sizeof(key), seed);
	}
	static bool equal(int a, int b) { return a == b; }
};
using UnluckyTable = krcu::HashTable<Box, &Entry::link, &Entry::key, Unlucky>;

} // namespace

KUNIT_CASE(insert_that_fails_changes_nothing)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	Object::reset();
	kunit_fail_all_allocations(true);
	auto none = Table::make();
	kunit_fail_all_allocations(false);
	EXPECT_FALSE(none);

	auto insert = [](UnluckyTable &table, Box &box) { return table.insert(std::move(box)); };
	auto replace = [](UnluckyTable &table, Box &box) {
		auto old = table.replace(std::move(box));
		return old ? 0 : old.error();
	};
	auto fails = [&](auto put) {
		auto table = UnluckyTable::make();
		Box fresh = make(0, 1000);
		int at = 0;

		ASSERT_TRUE(table && fresh && make_boxes());
		Unlucky::bad_seed = 0;
		kunit_fail_all_allocations(true);
		while (at < 99 && !(err = put(table, boxes[at])))
			at++;
		auto replaced = table.replace(std::move(fresh)); // needs no memory
		kunit_fail_all_allocations(false);

		EXPECT_EQ(err, -ENOMEM);
		EXPECT_TRUE(at > 10 && at < 99 && boxes[at] && boxes[at]->value == at);
		EXPECT_TRUE(replaced && *replaced && (*replaced)->value == 0);
		EXPECT_EQ(read(table, 0), 1000);
		EXPECT_EQ(read(table, at), -1);
		EXPECT_EQ(table.size(), at);
		EXPECT_EQ(count(table), at);
		// What has failed works when there is memory.
		EXPECT_EQ(put(table, boxes[at]), 0);
		EXPECT_EQ(read(table, at), at);
		drop_boxes();
	};
	fails(insert);
	fails(replace);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 202);
}

KUNIT_CASE(a_table_can_be_updated_in_softirq)
{
	static constinit Counter seen;
	Shared table;

	seen = 0;
	ASSERT_TRUE(table && put(shared, 1, 10) && put(shared, 2, 20));
	kunit_run_in_softirq(
		[](void *) {
			(void)shared.insert(Box::make(krcu::GFP_ATOMIC, 3, read(shared, 1) + 1));
			auto old = shared.replace(Box::make(krcu::GFP_ATOMIC, 2, 21));
			shared.erase(1).reset();
			krcu::ReadGuard guard;
			shared.for_each(guard, [](const Entry &entry) { seen = seen + entry.value; });
		},
		nullptr);
	EXPECT_EQ(read(shared, 1), -1);
	EXPECT_EQ(read(shared, 2), 21);
	EXPECT_EQ(read(shared, 3), 11);
	EXPECT_EQ(seen, 32);
}

namespace {

/// Lets the table grow and shrink while others read it: keys from 1000 on.
void grow_and_shrink()
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < many; i++)
			if (!put(shared, 1000 + i, 1))
				++wrong;
		for (int i = 0; i < many; i++)
			shared.erase(1000 + i).reset();
	}
}

/// Whether the objects with these keys are put in.
bool put_first(int n)
{
	for (int i = 0; i < n; i++)
		if (!put(shared, i, i))
			return false;
	return true;
}

} // namespace

KUNIT_CASE(readers_find_what_is_there_while_the_table_grows)
{
	NEEDS_CONCURRENCY();
	static constinit Counter finished;
	Shared table;
	int missing = 0, phantoms = 0;

	wrong = 0;
	finished = 0;
	ASSERT_TRUE(table && put_first(50));
	{
		OnOtherCpu updater([] {
			grow_and_shrink();
			finished = 1;
		});
		ASSERT_TRUE(updater);
		while (!finished) {
			for (int i = 0; i < 50; i++)
				missing += read(shared, i) != i;
			phantoms += read(shared, 500) != -1;
			kunit_sleep_ms(0);
		}
	}
	EXPECT_EQ(missing, 0);
	EXPECT_EQ(phantoms, 0);
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(shared.size(), 50);
}

KUNIT_CASE(for_each_misses_nothing_while_the_table_grows)
{
	NEEDS_CONCURRENCY();
	static constinit Counter finished;
	Shared table;
	int missing = 0, walks = 0;

	wrong = 0;
	finished = 0;
	ASSERT_TRUE(table && put_first(64));
	{
		OnOtherCpu updater([] {
			grow_and_shrink();
			finished = 1;
		});
		ASSERT_TRUE(updater);
		while (!finished) {
			unsigned long long seen = 0;
			{
				krcu::ReadGuard guard;
				shared.for_each(guard, [&](const Entry &entry) {
					if (entry.key < 64)
						seen |= 1ull << entry.key;
				});
			}
			missing += seen != ~0ull;
			walks++;
			kunit_sleep_ms(0);
		}
	}
	EXPECT_EQ(missing, 0);
	EXPECT_TRUE(walks > 0);
	EXPECT_EQ(wrong, 0);
}

namespace {

constexpr int rounds = 2000, contended = 3;
constinit Counter arrived;

void update_and_read_often()
{
	for (int i = 1; i <= rounds; i++) {
		// The value tells the key, so what stands in the wrong place is noticed.
		const int key = i % contended;
		Box fresh = make(key, key + 100), old;

		meet(arrived, i);
		switch (i % 7) {
		case 0:
		case 1:
			if (int err = shared.insert(std::move(fresh)); err && (err != -EEXIST || !fresh))
				++wrong;
			break;
		case 2:
		case 3:
			if (auto replaced = shared.replace(std::move(fresh)))
				old = std::move(*replaced);
			else
				++wrong;
			break;
		case 4:
		case 5:
			old = shared.erase(key);
			break;
		default:
			krcu::ReadGuard guard;
			if (auto object = shared.find(key, guard))
				old = shared.erase(*object);
		}
		int seen = read(shared, key);
		if ((old && old->value != key + 100) || (seen != -1 && seen != key + 100))
			++wrong;
		krcu::ReadGuard guard;
		shared.for_each(guard, [](const Entry &entry) {
			if (entry.value != entry.key + 100)
				++wrong;
		});
	}
}

} // namespace

KUNIT_CASE(racing_updaters_drop_every_object_once)
{
	NEEDS_CONCURRENCY();
	arrived = 0;
	wrong = 0;
	{
		Shared table;
		OnOtherCpu other(update_and_read_often);

		ASSERT_TRUE(table && other);
		update_and_read_often();
	}
	krcu::rcu_barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, 2 * rounds);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

namespace {

/// Looks for itself when it goes.
struct Curious {
	static inline constinit Counter dropped, seen_dead;

	void drop_before_gp();

	krcu::HashLink link;
	int key;
};
using CuriousBox = krcu::RcuFreeBox<Curious>;
using CuriousTable = krcu::HashTable<CuriousBox, &Curious::link, &Curious::key>;
constinit CuriousTable *curious;

void Curious::drop_before_gp()
{
	krcu::ReadGuard guard;

	++dropped;
	if (curious && curious->find(key, guard))
		++seen_dead;
}

} // namespace

KUNIT_CASE(free_boxes_can_be_inserted)
{
	Curious::dropped = 0;
	Curious::seen_dead = 0;
	{
		auto table = CuriousTable::make();
		ASSERT_TRUE(table);
		curious = &table;
		for (int i = 0; i < 10; i++)
			EXPECT_EQ(table.insert(CuriousBox::make(krcu::GFP_KERNEL, krcu::HashLink(), i)), 0);
		table.erase(3).reset();
		EXPECT_EQ(Curious::dropped, 1);
		curious = nullptr; // nobody uses a table that goes
	}
	EXPECT_EQ(Curious::dropped, 10);
	EXPECT_EQ(Curious::seen_dead, 0);
}

namespace {

/// A table of tables, each destroyed while the one around it is.
struct Inner {
	void drop_before_gp() { *table = Table(); }

	krcu::HashLink link;
	int key;
	Table *table;
};
using InnerBox = krcu::RcuFreeBox<Inner>;

} // namespace

KUNIT_CASE(destroying_a_table_may_destroy_others)
{
	Object::reset();
	Table inner[2] = { Table::make(), Table::make() };
	ASSERT_TRUE(inner[0] && inner[1] && put(inner[0], 1) && put(inner[1], 1));
	{
		auto outer = krcu::HashTable<InnerBox, &Inner::link, &Inner::key>::make();
		ASSERT_TRUE(outer);
		for (int i = 0; i < 2; i++)
			EXPECT_EQ(outer.insert(InnerBox::make(krcu::GFP_KERNEL, krcu::HashLink(), i, &inner[i])), 0);
	}
	EXPECT_FALSE(inner[0] || inner[1]);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

namespace {

struct Counted : krcu::RefCounted, Object {
	explicit Counted(int k) : Object(k), key(k) {}

	krcu::HashLink link, other_link;
	int key;
};
using Ref = krcu::RcuRef<Counted>;

} // namespace

KUNIT_CASE(a_reference_goes_in_and_comes_out)
{
	Object::reset();
	{
		auto table = krcu::HashTable<Ref, &Counted::link, &Counted::key>::make();
		auto other = krcu::HashTable<Ref, &Counted::other_link, &Counted::key>::make();
		Ref ref = Ref::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(table && other && ref);
		EXPECT_EQ(table.insert(Ref(ref)), 0);
		// By another link, in another table.
		EXPECT_EQ(other.insert(Ref(ref)), 0);
		EXPECT_EQ(table.insert(Ref::make(krcu::GFP_KERNEL, 1)), -EEXIST);
		{
			Ref old = table.erase(1);
			EXPECT_TRUE(old && &*old == &*ref);
		}
		ref.reset();
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 1); // the one that was refused
		EXPECT_EQ(read(other, 1), 1);
		{
			krcu::ReadGuard guard;
			auto object = other.find(1, guard);
			ASSERT_TRUE(object);
			ref = Ref::try_get(*object, guard);
		}
		// Out and in again, a grace period later.
		EXPECT_TRUE(other.erase(*ref));
		krcu::synchronize_rcu();
		EXPECT_EQ(other.insert(Ref(ref)), 0);
		EXPECT_EQ(table.insert(Ref(ref)), 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

namespace {

struct Tree : Object {
	static constexpr bool destructor_may_sleep = true;

	explicit Tree(int k) : Object(k), key(k) {}

	krcu::HashLink link;
	int key;
	krcu::HashTable<krcu::RcuKBox<Tree, krcu::reclaim::Work>, &Tree::link, &Tree::key> children;
};
using TreeBox = krcu::RcuKBox<Tree, krcu::reclaim::Work>;

} // namespace

KUNIT_CASE(tables_of_tables)
{
	Object::reset();
	{
		auto root = TreeBox::draft(krcu::GFP_KERNEL, 1);
		auto child = TreeBox::draft(krcu::GFP_KERNEL, 2);
		ASSERT_TRUE(root && child);
		root->children = decltype(root->children)::make();
		child->children = decltype(child->children)::make();
		ASSERT_TRUE(root->children && child->children);
		EXPECT_EQ(child->children.insert(TreeBox::make(krcu::GFP_KERNEL, 3)), 0);
		EXPECT_EQ(root->children.insert(std::move(child)), 0);
		TreeBox sealed = std::move(root).seal();
	}
	krcu::drain();
	EXPECT_EQ(Object::destroyed, 3);
}

KUNIT_SUITE(hash_table);
