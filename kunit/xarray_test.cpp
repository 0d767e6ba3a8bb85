// SPDX-License-Identifier: GPL-2.0
// XArray: krcu/xarray.hpp

#include <cerrno>
#include <optional>
#include <type_traits>

#include "support.hpp"

namespace {

using Box = krcu::RcuKBox<Object>;
using Array = krcu::XArray<Box>;

static_assert(!std::is_copy_constructible_v<Array> && !std::is_move_constructible_v<Array>);
static_assert(sizeof(Array) == KRCU_XARRAY_SIZE);
static_assert(!std::is_copy_constructible_v<Array::Reservation> && std::is_move_constructible_v<Array::Reservation>);

constexpr unsigned long last_index = ~0ul;
constexpr unsigned long far_index = 1ul << 5 * sizeof(long); // several levels of nodes away from 0

Box make(int value)
{
	return Box::make(krcu::GFP_KERNEL, value);
}

/// Stores a new object; whether that went well. The old one is dropped.
bool put(Array &array, unsigned long index, int value)
{
	Box box = make(value);

	return box && array.store(index, std::move(box), krcu::GFP_KERNEL);
}

/// What a new reader sees: 0 for nothing.
template <class P>
int read(const krcu::XArray<P> &array, unsigned long index)
{
	krcu::ReadGuard guard;
	auto object = array.load(index, guard);

	return object ? object->value : 0;
}

int count(const Array &array)
{
	krcu::ReadGuard guard;
	int n = 0;

	array.for_each(guard, [&](unsigned long, const Object &) { n++; });
	return n;
}

} // namespace

KUNIT_CASE(starts_empty)
{
	Array array;

	EXPECT_EQ(read(array, 0), 0);
	EXPECT_EQ(read(array, last_index), 0);
	EXPECT_FALSE(array.erase(0));
	EXPECT_FALSE(array.erase(last_index));
	EXPECT_EQ(count(array), 0);
}

KUNIT_CASE(store_publishes_and_hands_back_the_old)
{
	Object::reset();
	Array array;
	Box first = make(1), second = make(2);
	ASSERT_TRUE(first && second);
	{
		auto nothing = array.store(7, std::move(first), krcu::GFP_KERNEL);

		EXPECT_TRUE(nothing && !*nothing);
		EXPECT_FALSE(first);
		EXPECT_EQ(read(array, 7), 1);
		EXPECT_EQ(read(array, 6), 0);
		auto old = array.store(7, std::move(second), krcu::GFP_KERNEL);
		EXPECT_EQ(read(array, 7), 2);
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(old && *old && (*old)->value == 1);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(erase_hands_the_object_back)
{
	Object::reset();
	Array array;

	ASSERT_TRUE(put(array, 3, 33) && put(array, 4, 44));
	{
		Box old = array.erase(3);

		EXPECT_EQ(read(array, 3), 0);
		EXPECT_EQ(read(array, 4), 44);
		EXPECT_FALSE(array.erase(3));
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(old && old->value == 33);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(storing_an_empty_box_erases)
{
	Array array;

	ASSERT_TRUE(put(array, 9, 99));
	auto old = array.store(9, Box(), krcu::GFP_KERNEL);
	EXPECT_TRUE(old && *old && (*old)->value == 99);
	EXPECT_EQ(read(array, 9), 0);
	EXPECT_EQ(count(array), 0);
}

KUNIT_CASE(first_and_last_index_are_as_good_as_any)
{
	Array array;

	ASSERT_TRUE(put(array, last_index, 1) && put(array, 0, 2));
	EXPECT_EQ(read(array, last_index), 1);
	EXPECT_EQ(read(array, 0), 2);
	EXPECT_EQ(count(array), 2);
	EXPECT_TRUE(array.erase(last_index));
	EXPECT_EQ(read(array, last_index), 0);
	EXPECT_EQ(read(array, 0), 2);
}

KUNIT_CASE(for_each_goes_by_index)
{
	static constexpr unsigned long indices[] = { 0, 1, 63, 64, 4096, far_index, last_index };
	Array array;
	unsigned int seen = 0, wrong = 0;

	// Stored last to first.
	for (unsigned int i = 7; i-- > 0;)
		ASSERT_TRUE(put(array, indices[i], 100 + i));
	auto reserved = array.reserve(2, krcu::GFP_KERNEL);
	EXPECT_TRUE(reserved);
	{
		krcu::ReadGuard guard;
		array.for_each(guard, [&](unsigned long index, const Object &object) {
			if (seen >= 7 || index != indices[seen] || object.value != int(100 + seen))
				wrong++;
			seen++;
		});
	}
	EXPECT_EQ(seen, 7);
	EXPECT_EQ(wrong, 0);
}

KUNIT_CASE(find_goes_on_from_an_index)
{
	static constexpr unsigned long indices[] = { 3, 64, far_index, last_index };
	Array array;
	unsigned long index = 0;

	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(put(array, indices[i], 100 + i));
	auto reserved = array.reserve(2, krcu::GFP_KERNEL);
	EXPECT_TRUE(reserved);
	for (int i = 0; i < 4; i++) {
		krcu::ReadGuard guard; // one for each: who walks so may sleep meanwhile
		auto found = array.find(index, guard);
		ASSERT_TRUE(bool(found));
		EXPECT_EQ(found->value, 100 + i);
		EXPECT_EQ(index, indices[i]);
		auto again = array.find(index, guard);
		EXPECT_EQ(again.get(), found.get());
		if (i < 3)
			index++;
	}
	EXPECT_TRUE(array.erase(last_index));
	index = far_index + 1;
	krcu::ReadGuard guard;
	EXPECT_FALSE(bool(array.find(index, guard)));
	EXPECT_EQ(index, far_index + 1);
}

KUNIT_CASE(for_each_may_erase_what_it_visits)
{
	Object::reset();
	Array array;
	int sum = 0;

	for (int i = 1; i <= 100; i++)
		ASSERT_TRUE(put(array, i * 5, i));
	{
		krcu::ReadGuard guard;
		array.for_each(guard, [&](unsigned long index, const Object &object) {
			{
				Box old = array.erase(index);
			}
			sum += object.value;
		});
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(sum, 5050);
	EXPECT_EQ(count(array), 0);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 100);
}

KUNIT_CASE(for_each_stops_where_it_is_told)
{
	Array array;
	int seen = 0;

	for (int i = 0; i < 100; i++)
		ASSERT_TRUE(put(array, i * 7, i));
	krcu::ReadGuard guard;
	array.for_each(guard, [&](unsigned long, const Object &object) {
		seen++;
		return object.value < 10;
	});
	EXPECT_EQ(seen, 11);
	array.for_each(guard, [&](unsigned long, const Object &) {
		seen++;
		return true;
	});
	EXPECT_EQ(seen, 111);
}

namespace {
/// The index that a new object got, or the negative errno.
long alloc(Array &array, unsigned long first, unsigned long last)
{
	Box box = make(1);
	auto index = array.alloc(std::move(box), first, last, krcu::GFP_KERNEL);

	// It is the caller's if and only if it is not the array's.
	if (bool(box) == index.has_value())
		return -1000;
	return index ? long(*index) : index.error();
}
} // namespace
KUNIT_CASE(alloc_takes_the_lowest_free_index)
{
	Array array;

	for (int i = 0; i < 200; i++)
		EXPECT_EQ(alloc(array, 0, last_index), i);
	EXPECT_EQ(count(array), 200);
	EXPECT_EQ(alloc(array, 0, 199), -EBUSY);
	EXPECT_EQ(alloc(array, 70, 70), -EBUSY);
	EXPECT_EQ(alloc(array, 300, 299), -EBUSY);
	EXPECT_EQ(alloc(array, 300, 300), 300);
	{
		Box old = array.erase(130), other = array.erase(7);
	}
	EXPECT_EQ(alloc(array, 8, 199), 130);
	EXPECT_EQ(alloc(array, 0, 199), 7);
	// Storing nothing erases, in an array that allocates, too.
	EXPECT_TRUE(array.store(64, Box(), krcu::GFP_KERNEL));
	EXPECT_EQ(alloc(array, 0, last_index), 64);
	EXPECT_EQ(alloc(array, 0, last_index), 200);
	EXPECT_EQ(alloc(array, 1000000, last_index), 1000000);
	EXPECT_EQ(count(array), 203);
}

KUNIT_CASE(alloc_goes_to_the_last_index)
{
	Array array;

	EXPECT_EQ(alloc(array, last_index, last_index), long(last_index));
	EXPECT_EQ(read(array, last_index), 1);
	EXPECT_EQ(alloc(array, last_index, last_index), -EBUSY);
	EXPECT_EQ(alloc(array, last_index - 1, last_index), long(last_index - 1));
	EXPECT_EQ(alloc(array, last_index - 1, last_index), -EBUSY);
	EXPECT_EQ(alloc(array, far_index, last_index), long(far_index));
	EXPECT_EQ(alloc(array, far_index, far_index), -EBUSY);
	EXPECT_EQ(alloc(array, far_index, last_index), long(far_index + 1));
	EXPECT_EQ(alloc(array, 0, last_index), 0);
	EXPECT_EQ(count(array), 5);
}

KUNIT_CASE(alloc_leaves_reservations)
{
	Array array;
	auto first = array.reserve(0, krcu::GFP_KERNEL); // before the array keeps track
	ASSERT_TRUE(first);
	EXPECT_EQ(alloc(array, 0, 2), 1);
	{
		auto second = array.reserve(2, krcu::GFP_KERNEL);
		EXPECT_TRUE(second);
		EXPECT_EQ(alloc(array, 0, 2), -EBUSY);
	}
	EXPECT_EQ(alloc(array, 0, 2), 2); // which has been released
	{
		Box nothing = std::move(*first).fill(make(5));
		EXPECT_FALSE(nothing);
	}
	EXPECT_EQ(read(array, 0), 5);
	EXPECT_EQ(alloc(array, 0, 2), -EBUSY);
	{
		Box old = array.erase(0);
		EXPECT_EQ(alloc(array, 0, 2), 0);
		auto kept = array.reserve(3, krcu::GFP_KERNEL);
		ASSERT_TRUE(kept);
		old = std::move(*kept).fill(Box()); // nothing is kept there any more
	}
	EXPECT_EQ(alloc(array, 0, 3), 3);
}

KUNIT_CASE(alloc_of_nothing_is_refused)
{
	Array array;
	auto nothing = array.alloc(Box(), 0, 10, krcu::GFP_KERNEL);

	EXPECT_TRUE(!nothing && nothing.error() == -EINVAL);
	EXPECT_EQ(count(array), 0);
	EXPECT_EQ(alloc(array, 0, 10), 0);
}

KUNIT_CASE(drafts_can_be_allocated)
{
	Array array;
	auto draft = Box::draft(krcu::GFP_KERNEL, 4), another = Box::draft(krcu::GFP_KERNEL, 5);
	ASSERT_TRUE(draft && another);
	EXPECT_EQ(array.alloc(std::move(draft), 3, 3, krcu::GFP_KERNEL).value_or(0), 3);
	EXPECT_FALSE(draft);
	EXPECT_EQ(read(array, 3), 4);
	auto refused = array.alloc(std::move(another), 3, 3, krcu::GFP_KERNEL);
	EXPECT_TRUE(!refused && refused.error() == -EBUSY);
	EXPECT_TRUE(another && another->value == 5);
}

namespace {
/// What an array has at so many indices from `base` on, all of which are used at random.
class Model {
public:
	static constexpr unsigned int size = 300;

	Model(unsigned long base, unsigned int seed) : base_(base), random_(seed) {}

	/// Whether all that the array did was right. It begins to allocate after some rounds.
	bool agrees(int rounds)
	{
		for (int i = 0; i < rounds; i++) {
			const unsigned int at = random(size);

			switch (random(i < rounds / 4 ? 3 : 6)) {
			case 0:
			case 1:
				if (!put(array_, base_ + at, 1))
					return false;
				taken_[at] = true;
				break;
			case 2: {
				Box old = array_.erase(base_ + at);
				if (bool(old) != taken_[at])
					return false;
				taken_[at] = false;
				break;
			}
			default:
				if (!alloc_agrees(at, at + random(size - at)))
					return false;
			}
		}
		return true;
	}

private:
	bool alloc_agrees(unsigned int first, unsigned int last)
	{
		const long index = alloc(array_, base_ + first, base_ + last);

		while (first <= last && taken_[first])
			first++;
		if (first > last)
			return index == -EBUSY;
		taken_[first] = true;
		return index == long(base_ + first);
	}
	unsigned int random(unsigned int below)
	{
		random_ = random_ * 1103515245 + 12345;
		return (random_ >> 16) % below;
	}

	Array array_;
	unsigned long base_;
	unsigned int random_;
	bool taken_[size] = {};
};
} // namespace
KUNIT_CASE(alloc_finds_gaps_between_what_was_stored_before)
{
	Array array;

	for (int i = 0; i < 64; i++)
		ASSERT_TRUE(put(array, i, i));
	ASSERT_TRUE(put(array, 100000, 1) && put(array, last_index, 1));
	EXPECT_EQ(alloc(array, 0, last_index), 64); // in a node of its own
	EXPECT_EQ(alloc(array, 10, 100), 65);
	EXPECT_EQ(alloc(array, 5000, 6000), 5000);
	EXPECT_EQ(alloc(array, 100000, last_index), 100001);
	EXPECT_EQ(alloc(array, far_index, last_index), long(far_index));
	EXPECT_EQ(count(array), 71);
}

KUNIT_CASE(alloc_knows_what_was_stored_before)
{
	const int rounds = kunit_is_slow() ? 200 : 1000;

	for (unsigned long base : { 0ul, 4000ul, (1ul << 31) - 100, far_index - 64, last_index - Model::size + 1 }) {
		for (unsigned int seed = 1; seed <= 4; seed++) {
			auto model = krcu::KBox<Model>::make(krcu::GFP_KERNEL, base, seed);

			ASSERT_TRUE(model);
			EXPECT_TRUE(const_cast<Model &>(*model).agrees(rounds));
		}
	}
}

KUNIT_CASE(destructor_drops_every_object_once)
{
	Object::reset();
	{
		Array array;

		for (int i = 0; i < 300; i++)
			ASSERT_TRUE(put(array, i * 37, i));
		ASSERT_TRUE(put(array, last_index, 1));
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 301);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(dropping_what_was_erased_does_not_block)
{
	Object::reset();
	Array array;

	ASSERT_TRUE(put(array, 1, 11) && put(array, 2, 22));
	{
		krcu::ReadGuard guard;
		auto object = array.load(1, guard);
		{
			Box old = array.erase(1);
		}
		EXPECT_FALSE(array.load(1, guard));
		spin_ms(20);
		EXPECT_TRUE(object && object->value == 11);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

static constinit Array *shared;
KUNIT_CASE(reader_elsewhere_goes_on_when_the_array_is_gone)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;
	std::optional<Array> array(std::in_place);

	Object::reset();
	seen = 0;
	ASSERT_TRUE(put(*array, 5, 55));
	shared = &*array;
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = shared->load(5, guard);

			stay();
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		array.reset();
		spin_ms(20);
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(seen, 55);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(reservation_is_filled_without_memory)
{
	static constexpr unsigned long indices[] = { 0, 70, 1ul << 30, last_index };
	bool failed = false;

	Object::reset();
	{
		Array array;
		for (unsigned long index : indices) {
			Box box = make(8);
			auto slot = array.reserve(index, krcu::GFP_KERNEL);
			ASSERT_TRUE(box && slot);
			EXPECT_EQ(slot->index(), index);
			EXPECT_EQ(read(array, index), 0);
			// Neither what others do around it nor an erase() of it takes the reservation away.
			EXPECT_TRUE(put(array, index ^ 1, 9));
			{
				Box other = array.erase(index ^ 1);
				EXPECT_FALSE(array.erase(index));
			}
			// The very next allocation, if there is one, fails.
			kunit_fail_allocation(1);
			Box old = std::move(*slot).fill(std::move(box));
			failed |= kunit_can_fail_allocations() && kunit_fail_allocation(0);
			EXPECT_FALSE(old);
			EXPECT_EQ(read(array, index), 8);
		}
		EXPECT_FALSE(failed);
		EXPECT_EQ(count(array), 4);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(reservation_is_exclusive_and_released_with_its_owner)
{
	Array array;
	{
		std::optional<Array::Reservation> kept;
		{
			auto slot = array.reserve(6, krcu::GFP_KERNEL);
			ASSERT_TRUE(slot);
			kept.emplace(std::move(*slot));
		}
		EXPECT_EQ(kept->index(), 6);
		EXPECT_FALSE(array.erase(6));
		auto second = array.reserve(6, krcu::GFP_KERNEL);
		EXPECT_TRUE(!second && second.error() == -EBUSY);
	}
	{
		auto again = array.reserve(6, krcu::GFP_KERNEL);
		EXPECT_TRUE(again);
	}
	EXPECT_TRUE(put(array, 6, 66));
	auto occupied = array.reserve(6, krcu::GFP_KERNEL);
	EXPECT_TRUE(!occupied && occupied.error() == -EBUSY);
	EXPECT_EQ(read(array, 6), 66);
}

KUNIT_CASE(what_was_stored_over_a_reservation_comes_out)
{
	Array array;
	{
		auto slot = array.reserve(6, krcu::GFP_KERNEL);
		ASSERT_TRUE(slot);
		EXPECT_TRUE(put(array, 6, 66));
	}
	EXPECT_EQ(read(array, 6), 66);
	{
		auto slot = array.reserve(7, krcu::GFP_KERNEL);
		ASSERT_TRUE(slot);
		EXPECT_TRUE(put(array, 7, 77));
		Box old = std::move(*slot).fill(make(78));
		EXPECT_TRUE(old && old->value == 77);
	}
	EXPECT_EQ(read(array, 7), 78);
}

KUNIT_CASE(store_that_fails_changes_nothing)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	Object::reset();
	{
		Array array;
		Box box = make(2), fresh = make(3);

		ASSERT_TRUE(put(array, 0, 1) && box && fresh);
		kunit_fail_all_allocations(true);
		auto old = array.store(far_index, std::move(box), krcu::GFP_KERNEL);
		auto slot = array.reserve(far_index, krcu::GFP_KERNEL);
		auto index = array.alloc(std::move(box), far_index, last_index, krcu::GFP_KERNEL);
		auto replaced = array.store(0, std::move(fresh), krcu::GFP_KERNEL);
		kunit_fail_all_allocations(false);

		EXPECT_TRUE(!old && old.error() == -ENOMEM);
		EXPECT_TRUE(!index && index.error() == -ENOMEM);
		EXPECT_TRUE(box && box->value == 2);
		EXPECT_TRUE(!slot && slot.error() == -ENOMEM);
		EXPECT_EQ(read(array, far_index), 0);
		EXPECT_EQ(count(array), 1);
		// Replacing needs no memory.
		EXPECT_TRUE(replaced && *replaced && (*replaced)->value == 1);
		EXPECT_EQ(read(array, 0), 3);
		// What has failed works when there is memory.
		EXPECT_TRUE(array.store(far_index, std::move(box), krcu::GFP_KERNEL));
		EXPECT_EQ(read(array, far_index), 2);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 3);
}

KUNIT_CASE(reservation_that_was_broken_into_gives_the_object_back)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	Array array;
	Box box = make(5);
	auto slot = array.reserve(far_index, krcu::GFP_KERNEL);

	ASSERT_TRUE(box && slot && put(array, far_index, 4));
	{
		Box broken_in = array.erase(far_index);
	}
	kunit_fail_all_allocations(true);
	Box back = std::move(*slot).fill(std::move(box));
	kunit_fail_all_allocations(false);
	EXPECT_TRUE(back && back->value == 5);
	EXPECT_EQ(count(array), 0);
}

KUNIT_CASE(store_may_wait_for_memory)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	Array array;
	Box box = make(5);

	ASSERT_TRUE(box);
	// The one under the lock, which does not wait. Another follows that does, and would warn there.
	kunit_fail_allocation(1);
	auto old = array.store(64, std::move(box), krcu::GFP_KERNEL);
	EXPECT_TRUE(kunit_fail_allocation(0));
	EXPECT_TRUE(old && !*old);
	EXPECT_EQ(read(array, 64), 5);
	Box another = make(6);
	ASSERT_TRUE(another);
	kunit_fail_allocation(1);
	auto index = array.alloc(std::move(another), 4096, 4096, krcu::GFP_KERNEL);
	EXPECT_TRUE(kunit_fail_allocation(0));
	EXPECT_TRUE(index && *index == 4096);
	EXPECT_EQ(read(array, 4096), 6);
}

KUNIT_CASE(free_boxes_can_be_stored)
{
	using FreeBox = krcu::RcuFreeBox<CountsDrops>;

	CountsDrops::dropped = 0;
	{
		krcu::XArray<FreeBox> array;
		krcu::ReadGuard guard;

		for (int i = 1; i <= 2; i++) {
			auto box = FreeBox::make(krcu::GFP_ATOMIC, i);
			EXPECT_TRUE(box && array.store(i, std::move(box), krcu::GFP_ATOMIC));
		}
		auto waiters = array.load(1, guard);
		{
			FreeBox old = array.erase(1);
			EXPECT_EQ(CountsDrops::dropped, 0);
		}
		EXPECT_EQ(CountsDrops::dropped, 1);
		EXPECT_TRUE(waiters && waiters->value == 1);
	}
	EXPECT_EQ(CountsDrops::dropped, 2);
}

namespace {
struct Curious {
	static inline constinit krcu::XArray<krcu::RcuFreeBox<Curious>> *array;
	static inline constinit Counter dropped, seen_dead;

	void drop_before_gp();

	int value;
};
void Curious::drop_before_gp()
{
	krcu::ReadGuard guard;

	++dropped;
	if (array->load(value, guard))
		++seen_dead;
}
} // namespace
KUNIT_CASE(destructor_takes_objects_out_before_it_drops_them)
{
	Curious::dropped = 0;
	Curious::seen_dead = 0;
	{
		krcu::XArray<krcu::RcuFreeBox<Curious>> array;

		Curious::array = &array;
		for (int i = 0; i < 100; i++) {
			auto box = krcu::RcuFreeBox<Curious>::make(krcu::GFP_KERNEL, i);
			EXPECT_TRUE(box && array.store(i, std::move(box), krcu::GFP_KERNEL));
		}
	}
	EXPECT_EQ(Curious::dropped, 100);
	EXPECT_EQ(Curious::seen_dead, 0);
}

namespace {
struct Table {
	Array rows;
};
} // namespace
KUNIT_CASE(an_array_can_be_updated_and_die_in_softirq)
{
	Object::reset();
	{
		auto table = krcu::KBox<Table>::make(krcu::GFP_KERNEL);
		auto outer = krcu::RcuKBox<Table>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(table && outer);
		shared = &table->rows;
		ASSERT_TRUE(put(*shared, 1, 1));
		kunit_run_in_softirq(
			[](void *) {
				Box box = Box::make(krcu::GFP_ATOMIC, read(*shared, 1) + 1);
				auto old = shared->store(1, std::move(box), krcu::GFP_ATOMIC);
			},
			nullptr);
		EXPECT_EQ(read(*shared, 1), 2);
		// Readers see a table as const, so this one is filled before anybody could.
		ASSERT_TRUE(put(const_cast<Table &>(*outer).rows, 1, 3));
	}
	krcu::rcu_barrier(); // ~Table, which retires its rows
	krcu::rcu_barrier(); // ~Object
	EXPECT_EQ(Object::destroyed, 3);
}

KUNIT_CASE(c_reads_its_own_array_filled_from_here)
{
	Object::reset();
	{
		void *foreign = krcu::RcuKBox<int>::make(krcu::GFP_KERNEL, 1234).into_foreign();
		ASSERT_TRUE(foreign);
		EXPECT_EQ(kunit_c_array_store(12, foreign), 0);
	}
	EXPECT_EQ(kunit_c_array_read(12), 1234);
	EXPECT_EQ(kunit_c_array_read(13), -1);
	auto box = krcu::RcuKBox<int>::from_foreign(kunit_c_array_erase(12));
	EXPECT_TRUE(box && *box == 1234);
	EXPECT_EQ(kunit_c_array_read(12), -1);
}

static constinit Counter arrived, wrong;
static constexpr int rounds = 2000, contended = 3;
static void update_and_read_often()
{
	for (int i = 1; i <= rounds; i++) {
		// The value tells the index, so what stands in the wrong place is noticed.
		const unsigned long index = i % contended * 64;
		Box fresh = i % 2 ? make(int(index) + 1) : Box();

		meet(arrived, i);
		Box old;
		if (fresh) {
			if (auto stored = shared->store(index, std::move(fresh), krcu::GFP_KERNEL))
				old = std::move(*stored);
			else
				++wrong;
		} else {
			old = shared->erase(index);
		}
		int seen = read(*shared, index);
		if ((old && old->value != int(index) + 1) || (seen && seen != int(index) + 1))
			++wrong;
		krcu::ReadGuard guard;
		shared->for_each(guard, [](unsigned long at, const Object &object) {
			if (object.value != int(at) + 1)
				++wrong;
		});
	}
}
KUNIT_CASE(racing_updaters_drop_every_object_once)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	arrived = 0;
	wrong = 0;
	{
		Array array;
		shared = &array;
		OnOtherCpu other(update_and_read_often);

		ASSERT_TRUE(other);
		update_and_read_often();
	}
	krcu::rcu_barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, rounds);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

static void allocate_often()
{
	for (int i = 1; i <= rounds; i++) {
		meet(arrived, i);
		const long mine = alloc(*shared, 10, 13);
		// Others have at most one.
		if (mine < 10 || mine > 11 || !shared->erase(mine))
			++wrong;
	}
}
KUNIT_CASE(racing_allocations_get_different_indices)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	arrived = 0;
	wrong = 0;
	{
		Array array;
		shared = &array;
		OnOtherCpu other(allocate_often);

		ASSERT_TRUE(other);
		allocate_often();
	}
	krcu::rcu_barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, 2 * rounds);
	EXPECT_EQ(Object::destroyed, Object::made);
}

namespace {
/// Stores another one, before where it was, when it goes.
struct Returns {
	static inline constinit Counter dropped;

	krcu::XArray<krcu::RcuFreeBox<Returns>> *array;
	unsigned long index;

	void drop_before_gp()
	{
		++dropped;
		if (index == 0)
			return;
		auto box = krcu::RcuFreeBox<Returns>::make(krcu::GFP_ATOMIC, array, index - 1);
		(void)array->store(index - 1, std::move(box), krcu::GFP_ATOMIC);
	}
};
} // namespace
KUNIT_CASE(what_is_stored_while_the_array_goes_is_dropped_too)
{
	Returns::dropped = 0;
	{
		krcu::XArray<krcu::RcuFreeBox<Returns>> array;
		auto box = krcu::RcuFreeBox<Returns>::make(krcu::GFP_KERNEL, &array, 3ul);

		ASSERT_TRUE(box);
		EXPECT_TRUE(array.store(3, std::move(box), krcu::GFP_KERNEL).has_value());
	}
	EXPECT_EQ(Returns::dropped, 4);
}

KUNIT_SUITE(xarray);
