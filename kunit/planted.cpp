// SPDX-License-Identifier: GPL-2.0
// Bugs that a kernel's checkers must see in C++ as they do in C: scripts/guests/planted.sh. Each case is of
// use only in a kernel that has its checker, and passes if that one is content.

#include "support.hpp"

// Hides from the compiler where a pointer comes from: it would see the bug, and may do what it likes.
template <class T>
static T *launder(T *pointer)
{
	asm("" : "+r"(pointer));
	return pointer;
}

// KASAN
KUNIT_CASE(use_after_free)
{
	const int *freed;
	{
		auto box = krcu::KBox<int>::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(box);
		freed = launder(&*box);
	}
	EXPECT_NE(*freed, 2);
}

// KCSAN
static int contended;

[[gnu::noinline]] static void increment()
{
	contended = contended + 1;
}
static void increment_for_a_while()
{
	spin_until([] { return increment(), false; }, 2000);
}
KUNIT_CASE(data_race)
{
	OnOtherCpu other(increment_for_a_while);

	ASSERT_TRUE(other);
	increment_for_a_while();
}

// kCFI: RCU calls what it is given as void (*)(struct callback_head *).
static void callback_of_the_wrong_type(void *)
{
}
KUNIT_CASE(wrong_type)
{
	static constinit std::byte head[KRCU_HEAD_SIZE];

	// By way of a void *, as Clang warns of such a cast.
	void *function = reinterpret_cast<void *>(callback_of_the_wrong_type);

	krcu_call_rcu(reinterpret_cast<callback_head *>(head),
		      launder(reinterpret_cast<void (*)(callback_head *)>(function)));
	krcu::rcu_barrier();
}

KUNIT_SUITE(planted);
