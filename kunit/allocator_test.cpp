// SPDX-License-Identifier: GPL-2.0
// Kmalloc, Vmalloc, KVmalloc: krcu/allocator.hpp

#include "support.hpp"

static_assert(krcu::Allocator<krcu::Kmalloc> && krcu::Allocator<krcu::Vmalloc> && krcu::Allocator<krcu::KVmalloc> &&
	      krcu::Allocator<Traced<>> && !krcu::Allocator<Object>);

// Since 6.10 kmalloc() aligns multiples by itself; before, only what is a power of two.
static_assert(krcu::internal::kmalloc_size(3 * 4096, 4096) == 4 * 4096);

template <class A>
static void check_zeroed(kunit *test, std::size_t size)
{
	auto *bytes = static_cast<volatile unsigned char *>(A::alloc(size, 1, krcu::GFP_KERNEL | krcu::__GFP_ZERO));
	std::size_t wrong = 0;

	ASSERT_TRUE(bytes);
	for (std::size_t i = 0; i < size; i++) {
		wrong += bytes[i] != 0;
		bytes[i] = 0xa5;
	}
	EXPECT_EQ(wrong, 0);
	A::free(const_cast<unsigned char *>(bytes));
}
KUNIT_CASE(memory_is_as_large_as_asked_and_zeroed_if_asked)
{
	for (std::size_t size : { 1, 24, 100, 4096, 5000, 100000 }) {
		check_zeroed<krcu::Kmalloc>(test, size);
		check_zeroed<krcu::Vmalloc>(test, size);
		check_zeroed<krcu::KVmalloc>(test, size);
	}
}

template <class A>
static bool gives_vmalloc_memory(std::size_t size)
{
	void *p = A::alloc(size, 1, krcu::GFP_KERNEL);
	bool vmalloc = kunit_is_vmalloc(p);

	A::free(p);
	return vmalloc;
}
KUNIT_CASE(memory_comes_from_where_the_allocator_says)
{
	constexpr std::size_t beyond_kmalloc = 9ul << 20;

	EXPECT_FALSE(gives_vmalloc_memory<krcu::Kmalloc>(16));
	EXPECT_TRUE(gives_vmalloc_memory<krcu::Vmalloc>(16));
	EXPECT_FALSE(gives_vmalloc_memory<krcu::KVmalloc>(16));
	EXPECT_TRUE(gives_vmalloc_memory<krcu::KVmalloc>(beyond_kmalloc));
}

template <class A>
static void check_alignment(kunit *test, std::size_t align)
{
	// Several at once and of odd multiples, as the first of a page is aligned by chance.
	for (std::size_t size = align; size <= 5 * align; size += align) {
		void *p[8] = {};

		for (void *&one : p) {
			one = A::alloc(size, align, krcu::GFP_KERNEL);
			EXPECT_TRUE(one);
			EXPECT_EQ(reinterpret_cast<unsigned long>(one) % align, 0);
		}
		for (void *one : p)
			A::free(one);
	}
}
KUNIT_CASE(memory_is_aligned_up_to_a_page)
{
	for (std::size_t align = 8; align <= 4096; align *= 2) {
		check_alignment<krcu::Kmalloc>(test, align);
		check_alignment<krcu::Vmalloc>(test, align);
		check_alignment<krcu::KVmalloc>(test, align);
	}
}

template <class A>
static void check_impossible(kunit *test)
{
	EXPECT_FALSE(A::alloc(sizeof(Huge), 1, krcu::GFP_KERNEL | krcu::__GFP_NOWARN));
}
KUNIT_CASE(more_than_there_is_gives_null)
{
	check_impossible<krcu::Kmalloc>(test);
	check_impossible<krcu::Vmalloc>(test);
	check_impossible<krcu::KVmalloc>(test);
}

// So many that kvfree_rcu() does not sit on them for seconds; and of a size that kmalloc() takes from
// the page allocator, so that they show in the kernel's count of free memory.
static constexpr std::size_t block_size = 64 << 10;
static void *all_blocks[640];

struct Blocks {
	std::size_t number;

	void **begin() const { return all_blocks; }
	void **end() const { return all_blocks + number; }
};

/// Whether the blocks are given back. The kernel keeps single pages, as of vmalloc(), on per-CPU lists.
static bool given_back(Blocks blocks, unsigned long free_before)
{
	if (!kunit_is_vmalloc(all_blocks[0]))
		return kunit_free_mib() + (blocks.number * block_size / 2 >> 20) > free_before;
	for (void *block : blocks)
		if (kunit_is_mapped(block))
			return false;
	return true;
}

/// Whether a reader surely stayed while blocks were freed.
template <class A>
static bool check_given_back(kunit *test, bool rcu, Blocks blocks, std::size_t size)
{
	const auto before = kunit_free_mib();
	bool reading;

	for (void *&block : blocks) {
		block = A::alloc(size, 8, krcu::GFP_KERNEL);
		EXPECT_TRUE(block);
	}
	EXPECT_FALSE(given_back(blocks, before));
	{
		Reader reader;

		EXPECT_TRUE(reader);
		for (void *block : blocks)
			rcu ? A::free_rcu(static_cast<callback_head *>(block)) : A::free(block);
		if (rcu)
			kunit_sleep_ms(20);
		const bool back = given_back(blocks, before);
		reading = reader.reading();
		EXPECT_TRUE(back == !rcu || !reading);
	}
	EXPECT_TRUE(sleep_until([&] { return given_back(blocks, before); }));
	return reading;
}

// Where the machine is so slow that no reader stays until all are freed, fewer have to do.
template <class A, std::size_t size = block_size>
static void check_given_back(kunit *test, bool rcu)
{
	std::size_t n = sizeof(all_blocks) / sizeof(*all_blocks);

	NEEDS_CONCURRENCY();
	while (n && !check_given_back<A>(test, rcu, Blocks{ n }, size))
		n = n > 80 ? n / 2 : 0;
	EXPECT_TRUE(n);
}
KUNIT_CASE(free_gives_the_memory_back_at_once)
{
	check_given_back<krcu::Kmalloc>(test, false);
	check_given_back<krcu::Vmalloc, 16>(test, false);
	check_given_back<krcu::KVmalloc>(test, false);
}
KUNIT_CASE(free_rcu_gives_the_memory_back_after_the_readers)
{
	check_given_back<krcu::Kmalloc>(test, true);
	check_given_back<krcu::Vmalloc, 16>(test, true);
	check_given_back<krcu::KVmalloc>(test, true);
}

KUNIT_SUITE(allocator);
