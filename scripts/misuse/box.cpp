// SPDX-License-Identifier: GPL-2.0
// Boxes, and what they can own. Read by scripts/misuse/misuse-test.sh, which says how.
#include <expected>
#include <optional>
#include <utility>

#include <krcu/krcu.hpp>

struct Config {
	int limit;
};
using Box = krcu::RcuKBox<Config>;

struct Queue {
	static constexpr const char *name = "queue";
};

struct NotTrivial {
	~NotTrivial();
};
struct Sleeps {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};
struct Waiters {
	void drop_before_gp();
};
struct CleansUp {
	void drop_before_gp();
	~CleansUp();
};
struct MayFail {
	int drop_before_gp();
};
// What is private, as by default in a class, is no less meant.
class SleepsInPrivate {
	static constexpr bool destructor_may_sleep = true;

public:
	~SleepsInPrivate();
};
class SleepsByItsBase : Sleeps {};
struct SleepsToo {
	static constexpr bool destructor_may_sleep = true;
};
struct SleepsByTwoBases : Sleeps, SleepsToo {};
struct SleepsInWords {
	static const char *destructor_may_sleep;
	~SleepsInWords();
};
class HoldsAGuardInPrivate {
	static constexpr bool belongs_to_scope = true;
	krcu::ReadGuard guard_;
};
class DropsInPrivate {
	void drop_before_gp();
};
class DropsByItsBase : Waiters {};
class ViewedInPrivate {
	int rcu_view(const krcu::ReadGuard &) const;

public:
	void drop_before_gp();
};
// These say it in public, by what they inherit.
struct SleepsByAPublicBase : Sleeps {};
struct DropsByAPublicBase : Waiters {};
// And this one has a destructor that does it all.
class CleansUpInPrivate {
	void drop_before_gp();

public:
	~CleansUpInPrivate();
};
struct alignas(8192) Huge {
	int value;
};
struct Titan {
	char bytes[1ul << 32];
};
struct NoAllocator {
	static void *alloc(std::size_t, std::size_t, krcu::gfp_t);
	static void free(void *);
};
// It has a box of its own kind as a member: what is asked of T must not need it complete.
struct Link {
	krcu::RcuKBox<Link> next;
	krcu::RcuBox<Link, krcu::SlabCache<Link>> cached;
	krcu::KBox<Link> other;
};

void values(const krcu::Srcu<Queue> &queue)
{
	auto a = krcu::RcuKBox<NotTrivial>::make(krcu::GFP_KERNEL);
	auto b = krcu::RcuFreeBox<Waiters>::make(krcu::GFP_KERNEL);
	auto c = krcu::RcuKBox<Link>::make(krcu::GFP_KERNEL);
	auto d = krcu::KBox<Sleeps>::make(krcu::GFP_KERNEL);
	auto boxed = krcu::RcuBox<krcu::KBox<Sleeps>, krcu::Kmalloc, krcu::reclaim::Work>::make(krcu::GFP_KERNEL);
	auto e = krcu::RcuKBox<CleansUp>::make(krcu::GFP_KERNEL); // by its destructor
	auto f = krcu::RcuBox<Config, krcu::SlabCache<Config>>::make(krcu::GFP_KERNEL);
	auto g = krcu::RcuKBox<SleepsByAPublicBase, krcu::reclaim::Work>::make(krcu::GFP_KERNEL);
	auto h = krcu::RcuFreeBox<DropsByAPublicBase>::make(krcu::GFP_KERNEL);
	auto maybe = krcu::RcuKBox<std::optional<NotTrivial>>::make(krcu::GFP_KERNEL);
	auto i = krcu::RcuKBox<CleansUpInPrivate>::make(krcu::GFP_KERNEL);

	auto numbers = krcu::RcuKBox<int[]>::make(krcu::GFP_KERNEL | krcu::__GFP_ZERO, 42);
	krcu::XArray<Box> array;
	auto stored = array.store(1, Box(), krcu::GFP_KERNEL);

#ifdef MISUSE_a_box_made_without_flags // error: no matching function for call to .*make
	auto box = Box::make(42);
#endif
#ifdef MISUSE_a_box_made_with_flags_last // error: no matching function for call to .*make
	auto box = Box::make(42, krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_an_array_made_without_flags // error: no matching function for call to .*make
	auto box = krcu::RcuKBox<int[]>::make(42);
#endif
#ifdef MISUSE_an_array_made_with_flags_last // error: no matching function for call to .*make
	auto box = krcu::RcuKBox<int[]>::make(42, krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_plain_box_made_without_flags // error: no matching function for call to .*make
	auto box = krcu::KBox<int>::make(42);
#endif
#ifdef MISUSE_a_free_box_made_without_flags // error: no matching function for call to .*make
	auto box = krcu::RcuFreeBox<Waiters>::make(42);
#endif
#ifdef MISUSE_a_callback_made_without_flags // error: no matching function for call to .*make
	auto callback = krcu::Callback<Config>::make(42);
#endif
#ifdef MISUSE_a_domains_box_made_without_flags // error: no matching function for call to .*make
	auto box = krcu::SrcuKBox<int, Queue>::make(queue, 42);
#endif
#ifdef MISUSE_storing_without_flags // error: no matching (member )?function for call to
	(void)array.store(1, Box(), 0);
#endif
#ifdef MISUSE_flags_from_a_number // error: (cannot convert 'int' to 'krcu::gfp_t'|cannot initialize a variable of type 'krcu::gfp_t')
	krcu::gfp_t gfp = 0x400;
#endif
#ifdef MISUSE_a_number_from_flags // error: (cannot convert|cannot initialize) .*gfp_t'
	unsigned int gfp = krcu::GFP_KERNEL;
#endif
#ifdef MISUSE_a_box_of_a_box_of_what_sleeps // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto box = krcu::RcuKBox<krcu::KBox<Sleeps>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_an_array_without_a_length // error: no matching function for call to
	auto box = krcu::RcuKBox<int[]>::try_make(krcu::GFP_KERNEL, [](auto *) { return 0; });
#endif
#ifdef MISUSE_a_box_of_a_reference // error: krcu: a box owns one object
	krcu::RcuKBox<int &> box;
#endif
#ifdef MISUSE_a_box_of_an_array // error: krcu: a box owns one object
	krcu::RcuKBox<int[4]> box;
#endif
#ifdef MISUSE_a_box_of_void // error: krcu: a box owns one object
	krcu::RcuKBox<void> box;
#endif
#ifdef MISUSE_a_box_of_a_function // error: krcu: a box owns one object
	krcu::RcuKBox<int()> box;
#endif
#ifdef MISUSE_a_box_of_a_const_type // error: krcu: box a T that is neither const nor volatile
	krcu::RcuKBox<const int> box;
#endif
#ifdef MISUSE_a_plain_box_of_a_reference // error: krcu: a box owns one object
	krcu::KBox<int &> box;
#endif
#ifdef MISUSE_a_plain_box_of_a_const_type // error: krcu: box a T that is neither const nor volatile
	krcu::KBox<const int> box;
#endif
#ifdef MISUSE_a_free_box_of_a_reference // error: krcu: a box owns one object
	krcu::RcuFreeBox<Waiters &> box;
#endif
#ifdef MISUSE_a_box_of_a_guard // error: krcu: a guard belongs to the scope that made it
	krcu::RcuKBox<krcu::ReadGuard> box;
#endif
#ifdef MISUSE_a_plain_box_of_a_guard // error: krcu: a guard belongs to the scope that made it
	krcu::KBox<krcu::ReadGuard> box;
#endif
#ifdef MISUSE_a_box_of_a_domains_guard // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<krcu::Srcu<Queue>::Guard>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_plain_box_of_a_domains_guard // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::KBox<krcu::Srcu<Queue>::Guard>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_of_a_guard_or_nothing // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::optional<krcu::ReadGuard>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_plain_box_of_a_guard_or_nothing // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::KBox<std::optional<krcu::ReadGuard>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_callback_of_a_guard_or_nothing // error: krcu: a guard belongs to the scope that made it
	auto callback = krcu::Callback<std::optional<krcu::ReadGuard>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_of_a_domains_guard_or_nothing // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::optional<krcu::Srcu<Queue>::Guard>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_an_array_of_guards_or_nothing // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::optional<krcu::ReadGuard>[]>::make(krcu::GFP_KERNEL, 2);
#endif
#ifdef MISUSE_a_box_of_a_guard_or_an_error // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::expected<krcu::ReadGuard, int>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_of_a_guard_and_more // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::pair<krcu::ReadGuard, int>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_of_more_and_a_guard // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::RcuKBox<std::pair<int, krcu::ReadGuard>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_free_box_of_what_has_a_destructor // error: krcu: an RcuFreeBox never runs ~T
	auto box = krcu::RcuFreeBox<CleansUp>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_free_box_of_what_cannot_be_dropped // error: krcu: an RcuFreeBox calls `void T::drop_before_gp\(\)`
	auto box = krcu::RcuFreeBox<Config>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_free_box_of_what_fails_to_drop // error: krcu: an RcuFreeBox calls `void T::drop_before_gp\(\)`
	auto box = krcu::RcuFreeBox<MayFail>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_that_would_not_drop_its_object // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::RcuKBox<Waiters>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_that_would_not_drop_its_elements // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::RcuKBox<Waiters[]>::make(krcu::GFP_KERNEL, 2);
#endif
#ifdef MISUSE_a_plain_box_that_would_not_drop_its_object // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::KBox<Waiters>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_domains_box_that_would_not_drop_its_object // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::SrcuKBox<Waiters, Queue>::make(queue, krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_callback_that_would_not_drop_its_object // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto callback = krcu::Callback<Waiters>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_sleeping_destructor_in_softirq // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto box = krcu::RcuKBox<Sleeps>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_private_trait // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::RcuKBox<SleepsInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_trait_of_a_private_base // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::RcuKBox<SleepsByItsBase>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_trait_of_two_bases // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::RcuKBox<SleepsByTwoBases>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_trait_that_is_no_bool // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::RcuKBox<SleepsInWords>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_private_trait_in_a_plain_box // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::KBox<SleepsInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_private_trait_of_elements // error: krcu: destructor_may_sleep of T cannot be read
	auto box = krcu::RcuKBox<SleepsInPrivate[]>::make(krcu::GFP_KERNEL, 2);
#endif
#ifdef MISUSE_a_private_trait_of_what_has_a_guard // error: krcu: belongs_to_scope of T cannot be read
	auto box = krcu::RcuKBox<HoldsAGuardInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_that_may_not_drop_its_object // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::RcuKBox<DropsInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_box_that_may_not_drop_its_objects_base // error: krcu: T cleans up in drop_before_gp\(\) and not in ~T
	auto box = krcu::RcuKBox<DropsByItsBase>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_free_box_that_may_not_drop_its_object // error: krcu: an RcuFreeBox calls `void T::drop_before_gp\(\)`.* give T a public one
	auto box = krcu::RcuFreeBox<DropsInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_free_box_that_may_not_show_its_object // error: krcu: readers of an RcuFreeBox call `T::rcu_view
	auto box = krcu::RcuFreeBox<ViewedInPrivate>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_domain_destroyed_in_softirq // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto box = krcu::RcuKBox<krcu::Srcu<Queue>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_waiting_pointer_destroyed_in_softirq // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto box = krcu::RcuKBox<krcu::Rcu<krcu::KBox<int>>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_too_much_alignment // error: krcu: T wants more alignment than its allocator can give
	auto box = krcu::RcuKBox<Huge>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_too_much_alignment_in_a_plain_box // error: krcu: T wants more alignment than its allocator can give
	auto box = krcu::KVBox<Huge>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_cached_array // error: krcu: a SlabCache<T> is for boxes of that T alone, and for no array
	auto box = krcu::RcuBox<Config[], krcu::SlabCache<Config>>::make(krcu::GFP_KERNEL, 2);
#endif
#ifdef MISUSE_the_cache_of_another_type // error: krcu: a SlabCache<T> is for boxes of that T alone
	auto box = krcu::RcuBox<int, krcu::SlabCache<Config>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_the_cache_of_another_type_for_a_plain_box // error: krcu: a SlabCache<T> is for boxes of that T alone
	auto box = krcu::Box<int, krcu::SlabCache<Config>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_too_much_alignment_for_a_cache // error: krcu: T wants more alignment than its allocator can give
	auto box = krcu::RcuBox<Huge, krcu::SlabCache<Huge>>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_too_large_for_a_cache // error: krcu: T is too large for a kmem_cache
	(void)krcu::SlabCache<Titan>::create("titan");
#endif
#ifdef MISUSE_ignoring_whether_there_is_a_cache // error: no box can be made without the cache
	krcu::SlabCache<Config>::create("config");
#endif
#ifdef MISUSE_an_allocator_that_is_none // error: (template constraint failure for|constraints not satisfied for) .*RcuBox
	krcu::RcuBox<Config, NoAllocator> box;
#endif
}

int uses(Box &box, krcu::KBox<Config> &plain, void *foreign)
{
	Box other = std::move(box);
	auto value = Box::try_make(krcu::GFP_KERNEL, [](Config *c) { c->limit = 1; return 0; });

	plain->limit = 2; // no reader looks at a plain box
	other = Box::make(krcu::GFP_KERNEL, other->limit);

#ifdef MISUSE_copying_a_box // error: (use of deleted function|call to implicitly-deleted copy constructor)
	Box copy(box);
#endif
#ifdef MISUSE_assigning_a_box // error: (use of deleted function|cannot be assigned because its copy assignment)
	other = box;
#endif
#ifdef MISUSE_copying_a_plain_box // error: (use of deleted function|call to implicitly-deleted copy constructor)
	krcu::KBox<Config> copy(plain);
#endif
#ifdef MISUSE_changing_what_readers_may_see // error: (in read-only object|return value is not assignable|because .* returns a const value)
	other->limit = 3;
#endif
#ifdef MISUSE_deleting_what_a_box_owns // error: (given to 'delete', expected pointer|cannot delete expression of type)
	delete other;
#endif
#ifdef MISUSE_a_box_as_a_raw_pointer // error: (cannot convert .*Box.* to|no viable conversion from .*Box)
	const Config *raw = other;
#endif
#ifdef MISUSE_ignoring_a_made_box // error: dropping a box retires its object
	Box::make(krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_ignoring_a_made_plain_box // error: dropping a box destroys its object
	krcu::KBox<Config>::make(krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_ignoring_a_box_that_may_have_failed // error: dropping a box retires its object
	Box::try_make(krcu::GFP_KERNEL, [](Config *) { return 0; });
#endif
#ifdef MISUSE_an_initialiser_without_a_result // error: krcu: try_make\(\) wants an `int init\(T \*\)`
	auto wrong = Box::try_make(krcu::GFP_KERNEL, [](Config *c) { c->limit = 1; });
#endif
#ifdef MISUSE_an_initialiser_that_tells_success // error: krcu: try_make\(\) wants an `int init\(T \*\)`
	auto wrong = Box::try_make(krcu::GFP_KERNEL, [](Config *) { return true; });
#endif
#ifdef MISUSE_an_initialiser_of_another_type // error: krcu: try_make\(\) wants an `int init\(T \*\)`
	auto wrong = Box::try_make(krcu::GFP_KERNEL, [](Queue *) { return 0; });
#endif
#ifdef MISUSE_into_foreign_of_a_box_that_stays // error: (use of|call to) deleted (member )?function
	foreign = other.into_foreign();
#endif
#ifdef MISUSE_into_foreign_of_a_plain_box_that_stays // error: (use of|call to) deleted (member )?function
	foreign = plain.into_foreign();
#endif
#ifdef MISUSE_ignoring_an_owning_pointer // error: the pointer owns the object
	std::move(other).into_foreign();
#endif
#ifdef MISUSE_ignoring_what_comes_back // error: dropping a box retires its object
	Box::from_foreign(foreign);
#endif
	foreign = std::move(other).into_foreign();
	other = Box::from_foreign(foreign);
	return value ? (*value)->limit : value.error();
}

#ifdef MISUSE_an_array_of_const // error: krcu: box a T that is neither const nor volatile
krcu::RcuKBox<const int[]> array_of_const;
#endif
#ifdef MISUSE_an_array_of_arrays // error: krcu: a box owns one object: T cannot be a reference, a function, void or an array
krcu::RcuKBox<int[][2]> array_of_arrays;
#endif
#ifdef MISUSE_an_array_of_guards // error: krcu: a guard belongs to the scope that made it and cannot be boxed
krcu::RcuKBox<krcu::ReadGuard[]> array_of_guards;
#endif
#ifdef MISUSE_an_array_of_a_fixed_size // error: krcu: a box owns one object: T cannot be a reference, a function, void or an array
krcu::RcuKBox<int[2]> array_of_a_fixed_size;
#endif
