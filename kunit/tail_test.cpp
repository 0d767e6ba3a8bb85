// SPDX-License-Identifier: GPL-2.0
// Headers with elements behind them: krcu/tail.hpp

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

struct Header : Object {
	explicit Header(int v, int m = 0) : Object(v), more(m) {}

	int more;
};

struct Knows {
	explicit Knows(std::uint8_t l) : length(l) {}
	std::size_t tail_size() const { return length; }

	std::uint8_t length;
};

struct Plain {
	int value;
};

struct Entry : krcu::RefCounted {
	explicit Entry(int k) : key(k) {}

	int key;
	krcu::ListLink link;
};

struct Wide {
	alignas(64) unsigned char bytes[64];
};

using Ints = krcu::Tail<Header, int>;
using Objects = krcu::Tail<Header, Object>;
using Bytes_ = krcu::Tail<Knows, char>;

static_assert(std::is_base_of_v<Header, Ints> && std::is_trivially_destructible_v<krcu::Tail<Plain, int>> &&
	      !std::is_trivially_destructible_v<krcu::Tail<Plain, Object>>);
static_assert(sizeof(Bytes_) == sizeof(Knows) && sizeof(krcu::Tail<Plain, long>) == 2 * sizeof(long));
static_assert(alignof(krcu::Tail<Plain, Wide>) == 64);
static_assert(!std::is_copy_constructible_v<Ints> && !std::is_constructible_v<Ints, std::size_t, int>);

void reset()
{
	krcu::drain(); // what other cases have left
	Object::reset();
	Traced<>::reset();
}

} // namespace

KUNIT_CASE(header_and_elements_are_one_allocation)
{
	reset();
	{
		auto box = krcu::RcuBox<Ints, Traced<>>::make(krcu::GFP_KERNEL, 5, 7, 8);
		ASSERT_TRUE(box);
		EXPECT_EQ(Traced<>::allocated, 1);
		EXPECT_EQ(box->value, 7);
		EXPECT_EQ(box->header().more, 8);
		EXPECT_EQ(box->tail().size(), 5ul);
		for (int i : box->tail())
			EXPECT_EQ(i, 0);
		const auto *end = reinterpret_cast<const char *>(&*box) + sizeof(Ints) + 5 * sizeof(int);
		EXPECT_TRUE(reinterpret_cast<const char *>(box->tail().end()) == end);
		static_assert(std::is_same_v<decltype(box->tail()[0]), const int &>);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Traced<>::freed, 1);
}

KUNIT_CASE(draft_s_elements_can_be_set)
{
	reset();
	{
		auto draft = krcu::RcuBox<Ints, Traced<>>::draft(krcu::GFP_KERNEL, 3, 1);
		ASSERT_TRUE(draft);
		int n = 0;
		for (int &i : draft->tail())
			i = ++n;
		draft->tail()[1] = 20;
		draft->header().more = 4;
		auto box = std::move(draft).seal();
		EXPECT_EQ(box->tail()[0] + box->tail()[1] + box->tail()[2], 24);
		EXPECT_EQ(box->more, 4);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(elements_end_before_their_header)
{
	reset();
	{
		auto box = krcu::RcuBox<Objects, Traced<>>::make(krcu::GFP_KERNEL, 4, 1);
		ASSERT_TRUE(box);
		EXPECT_EQ(Object::made, 5);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 5);
	EXPECT_EQ(Object::destroyed_dead, 0);
	{
		auto draft = krcu::RcuBox<Objects, Traced<>>::draft(krcu::GFP_KERNEL, 4, 1);
		ASSERT_TRUE(draft);
	}
	EXPECT_EQ(Object::destroyed, 10);
}

KUNIT_CASE(header_may_know_how_many_there_are)
{
	auto box = krcu::RcuKBox<Bytes_>::make(krcu::GFP_KERNEL, 200, 200);
	ASSERT_TRUE(box);
	EXPECT_EQ(box->tail().size(), 200ul);
	EXPECT_EQ(box->tail()[199], 0);
}

KUNIT_CASE(number_that_the_header_has_no_room_for_comes_out_empty)
{
	reset();
	// As a driver passes a length on that is 300: an uint8_t makes 44 of it.
	EXPECT_FALSE((krcu::RcuBox<Bytes_, Traced<>>::make(krcu::GFP_KERNEL, 300, static_cast<std::uint8_t>(300 & 0xff))));
	EXPECT_EQ(Traced<>::allocated, 1);
	EXPECT_EQ(Traced<>::freed, 1);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(more_than_can_be_addressed_comes_out_empty)
{
	using Box = krcu::RcuKVBox<Ints>;
	reset();
	for (std::size_t n : { ~0ul, ~0ul / sizeof(int), ~0ul / 2, ~0ul / 2 / sizeof(int) }) {
		EXPECT_FALSE(Box::make(krcu::GFP_KERNEL, n, 1));
		EXPECT_FALSE(Box::draft_for_overwrite(krcu::GFP_KERNEL, n, 1));
	}
	EXPECT_EQ(Object::made, 0);
}

KUNIT_CASE(elements_may_be_left_to_be_written)
{
	auto draft = krcu::RcuKBox<krcu::Tail<Plain, char>>::draft_for_overwrite(
		krcu::GFP_KERNEL | krcu::__GFP_ZERO, 100, 3);
	ASSERT_TRUE(draft);
	EXPECT_EQ(draft->value, 3);
	EXPECT_EQ(draft->tail().size(), 100ul);
	draft->tail()[99] = 'x';
	auto box = std::move(draft).seal();
	EXPECT_EQ(box->tail()[99], 'x');
	auto none = krcu::RcuKBox<krcu::Tail<Plain, char>>::make(krcu::GFP_KERNEL, 0, 3);
	ASSERT_TRUE(none);
	EXPECT_TRUE(none->tail().empty());
}

KUNIT_CASE(elements_are_aligned)
{
	auto box = krcu::RcuKBox<krcu::Tail<Plain, Wide>>::make(krcu::GFP_KERNEL, 3, 1);
	ASSERT_TRUE(box);
	EXPECT_EQ(reinterpret_cast<unsigned long>(box->tail().data()) % 64, 0ul);
}

KUNIT_CASE(references_and_lists_take_the_header_s_members)
{
	using Ref = krcu::RcuRef<krcu::Tail<Entry, char>>;
	krcu::List<Ref, &Entry::link> list;
	auto draft = Ref::draft_for_overwrite(krcu::GFP_KERNEL, 2, 7);
	ASSERT_TRUE(draft);
	draft->tail()[0] = 'a';
	draft->tail()[1] = 'b';
	list.push_back(std::move(draft));
	Ref found;
	{
		krcu::ReadGuard guard;
		auto entry = list.find_if(guard, [](const Entry &e) { return e.key == 7; });
		ASSERT_TRUE(entry);
		found = Ref::try_get(*entry, guard);
	}
	(void)list.erase_if([](const Entry &) { return true; });
	ASSERT_TRUE(found);
	EXPECT_EQ(found->tail()[1], 'b');
	EXPECT_TRUE(list.empty());
}

KUNIT_CASE(free_boxes_take_them_too)
{
	struct Ends {
		explicit Ends(int *d) : dropped(d) {}
		void drop_before_gp() { ++*dropped; }
		int *dropped;
	};
	int dropped = 0;
	{
		auto box = krcu::RcuFreeBox<krcu::Tail<Ends, char>>::make(krcu::GFP_KERNEL, 3, &dropped);
		ASSERT_TRUE(box);
		EXPECT_EQ(box->tail().size(), 3ul);
	}
	EXPECT_EQ(dropped, 1);
}

KUNIT_SUITE(tail);
