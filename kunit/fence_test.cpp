// SPDX-License-Identifier: GPL-2.0
// An example of several types at once: fences of the shape of the kernel's dma_fence. A fence outlives the driver that
// made it, and whoever still has one may ask for the driver's names. See Documentation/driver-api/dma-buf.rst.

#include <cstring>
#include <utility>

#include "support.hpp"

namespace {

class Fence;

// Of vmalloc() for the cases' sake: what comes too late faults. A driver leaves that out, and gets kmalloc()'s.
using FenceRef = krcu::RcuRef<Fence, krcu::Vmalloc>;

/// What is to happen when a fence is signalled, once. It is its owner's, and stays until then. `func` may end it; it
/// runs in any context and must not sleep.
struct FenceCallback {
	void (*func)(FenceCallback &self);
	FenceCallback *next = nullptr;
};

struct FenceNames {
	const char *driver, *timeline;
};

/// The driver's side: a queue of its device, which signals fences in their order.
class FenceContext {
public:
	FenceContext(const char (&driver)[8], const char (&timeline)[8])
	{
		std::memcpy(driver_, driver, 8);
		std::memcpy(timeline_, timeline, 8);
	}

	/// When the driver goes: no fence knows of the context any more. Readers that do may still have the names.
	void drop_before_gp()
	{
		while (signal_next())
			;
	}
	FenceNames rcu_view(const krcu::ReadGuard &) const { return { driver_, timeline_ }; }

	/// A fence that comes after all others. Empty where memory is short.
	FenceRef emit(krcu::gfp_t gfp) const;

	/// When the device has done what the oldest fence stands for; false if there was none. Context: any but NMI.
	bool signal_next() const;

private:
	struct LockTag {
		static constexpr const char *name = "krcu_kunit_fences";
	};

	char driver_[8], timeline_[8];

	// A queue of references, as foreign pointers: ~FenceContext never runs, so nothing here may need a destructor.
	krcu::SpinLock<LockTag> lock_;
	mutable void *first_ = nullptr, **end_ = &first_;
};

/// Signalled once. Context: any, but where something else is said; also under a ReadGuard.
class Fence : public krcu::RefCounted {
public:
	explicit Fence(const FenceContext &context) : context_(&context) {}

	/// Names for as long as the guard. Those of the driver are gone when the fence is signalled.
	FenceNames names(const krcu::ReadGuard &guard) const
	{
		const FenceContext *context = context_.load();

		return context ? context->rcu_view(guard) : FenceNames{ "gone", "signalled" };
	}

	bool signalled() const { return callbacks_.load(krcu::acquire) == &closed_; }

	/// Calls the callbacks, in their order. False if it was signalled before.
	bool signal() const
	{
		context_.store(nullptr); // a grace period from here on, the context may be gone
		FenceCallback *latest = callbacks_.exchange(&closed_), *first = nullptr;
		if (latest == &closed_)
			return false;
		while (latest)
			first = std::exchange(latest, std::exchange(latest->next, first));
		while (first) {
			FenceCallback &callback = *std::exchange(first, first->next);
			callback.func(callback);
		}
		return true;
	}

	/// Has it called at the signal, or calls it now, if that was before.
	void add_callback(FenceCallback &callback) const
	{
		for (;;) {
			FenceCallback *latest = callbacks_.load(krcu::acquire);
			if (latest == &closed_)
				return callback.func(callback);
			callback.next = latest;
			if (callbacks_.compare_exchange(latest, &callback, krcu::release))
				return;
		}
	}

private:
	friend FenceContext;

	static inline constinit FenceCallback closed_ = {}; // its address says that no more can be added

	mutable krcu::Atomic<const FenceContext *> context_;
	mutable krcu::Atomic<FenceCallback *> callbacks_ = nullptr; // the latest first
	mutable void *next_ = nullptr;				    // in its context's queue
};

FenceRef FenceContext::emit(krcu::gfp_t gfp) const
{
	auto fence = FenceRef::make(gfp, *this);

	if (fence) {
		auto held = lock_.lock_irqsave();
		*end_ = FenceRef(fence).into_foreign();
		end_ = &fence->next_;
	}
	return fence;
}

bool FenceContext::signal_next() const
{
	FenceRef fence;
	{
		auto held = lock_.lock_irqsave();
		fence = FenceRef::from_foreign(first_);
		if (!fence)
			return false;
		first_ = fence->next_;
		if (!first_)
			end_ = &first_;
	}
	fence->signal(); // not under the lock: callbacks may emit fences
	return true;
}

// The cases

using ContextBox = krcu::RcuFreeBox<FenceContext, krcu::Vmalloc>;

ContextBox make_context()
{
	return ContextBox::make(krcu::GFP_KERNEL, "gpu_drv", "gfx_0.0");
}

bool are(const FenceNames &names, const char *driver, const char *timeline)
{
	return !std::strcmp(names.driver, driver) && !std::strcmp(names.timeline, timeline);
}
bool are_drivers(const FenceNames &names)
{
	return are(names, "gpu_drv", "gfx_0.0");
}
bool are_gone(const FenceNames &names)
{
	return are(names, "gone", "signalled");
}

/// Knows how often, and as which, it was called.
struct Called : FenceCallback {
	static inline constinit Counter all;

	Called() : FenceCallback{ call } {}
	static void call(FenceCallback &self)
	{
		auto &called = static_cast<Called &>(self);

		++called.times;
		++all;
		called.place = all;
	}

	Counter times, place;
};

} // namespace

KUNIT_CASE(names_are_the_drivers_until_it_goes)
{
	auto context = make_context();
	ASSERT_TRUE(context);
	auto fence = context->emit(krcu::GFP_KERNEL);
	ASSERT_TRUE(fence);
	{
		krcu::ReadGuard guard;
		const auto names = fence->names(guard);

		EXPECT_TRUE(are_drivers(names));
		context.reset();
		EXPECT_TRUE(are_gone(fence->names(guard)));
		EXPECT_TRUE(are_drivers(names));
	}
	EXPECT_TRUE(fence->signalled());
	EXPECT_FALSE(fence->signal());
}

static constinit krcu::Rcu<FenceRef> shared;
KUNIT_CASE(names_stay_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	static constinit Counter read;
	auto context = make_context();
	ASSERT_TRUE(context);
	const void *memory = &*context;

	read = 0;
	{
		auto old = shared.replace(context->emit(krcu::GFP_KERNEL));
	}
	Reader reader([](const krcu::ReadGuard &guard, auto stay) {
		auto fence = shared.dereference(guard);

		if (!fence)
			return;
		const auto names = fence->names(guard);
		stay();
		read = are_drivers(names) ? 1 : -1;
	});
	ASSERT_TRUE(reader);
	context.reset();
	{
		auto old = shared.take();
	}
	kunit_sleep_ms(10);
	EXPECT_TRUE(kunit_is_mapped(memory));
	EXPECT_TRUE(reader.reading());
	reader.leave();
	EXPECT_TRUE(sleep_until([] { return read != 0; }));
	EXPECT_EQ(read, 1);
}

KUNIT_CASE(names_are_read_while_the_driver_goes)
{
	NEEDS_CONCURRENCY();
	static constinit Counter arrived, whole;
	const int rounds = kunit_is_slow() ? 50 : 200;
	ContextBox context;
	auto look = [] {
		krcu::ReadGuard guard;
		auto fence = shared.dereference(guard);

		if (!fence)
			return;
		const auto names = fence->names(guard);
		if (are_drivers(names) || are_gone(names))
			++whole;
	};

	arrived = whole = 0;
	{
		OnOtherCpu other([&] {
			for (int round = 1; round <= rounds; round++) {
				meet(arrived, 2 * round - 1);
				look();
				meet(arrived, 2 * round);
			}
		});
		ASSERT_TRUE(other);
		for (int round = 1; round <= rounds; round++) {
			context = make_context();
			{
				auto old = shared.replace(context ? context->emit(krcu::GFP_KERNEL) : FenceRef());
			}
			meet(arrived, 2 * round - 1);
			context.reset();
			look();
			meet(arrived, 2 * round);
		}
	}
	EXPECT_EQ(whole, 2 * rounds);
	auto old = shared.take();
}

KUNIT_CASE(callbacks_run_in_their_order_or_at_once_after_the_signal)
{
	auto context = make_context();
	ASSERT_TRUE(context);
	auto fence = context->emit(krcu::GFP_KERNEL);
	ASSERT_TRUE(fence);
	Called first, second, late;

	Called::all = 0;
	fence->add_callback(first);
	fence->add_callback(second);
	EXPECT_EQ(Called::all, 0);
	EXPECT_TRUE(context->signal_next());
	EXPECT_EQ(first.place, 1);
	EXPECT_EQ(second.place, 2);
	fence->add_callback(late);
	EXPECT_EQ(late.place, 3);
	EXPECT_FALSE(fence->signal());
	EXPECT_FALSE(context->signal_next());
	context.reset();
	EXPECT_EQ(Called::all, 3);
}

KUNIT_CASE(callbacks_that_race_with_the_signal_run_once)
{
	NEEDS_CONCURRENCY();
	static constinit Counter arrived;
	const int rounds = kunit_is_slow() ? 100 : 300;
	auto context = make_context();
	ASSERT_TRUE(context);
	FenceRef fence;
	Called callback;

	arrived = 0;
	{
		OnOtherCpu other([&] {
			for (int round = 1; round <= rounds; round++) {
				meet(arrived, 2 * round - 1);
				context->signal_next();
				meet(arrived, 2 * round);
			}
		});
		ASSERT_TRUE(other);
		for (int round = 1; round <= rounds; round++) {
			fence = context->emit(krcu::GFP_KERNEL);
			meet(arrived, 2 * round - 1);
			if (fence)
				fence->add_callback(callback);
			meet(arrived, 2 * round);
		}
	}
	EXPECT_EQ(callback.times, rounds);
}

KUNIT_CASE(signalled_by_a_callback_of_rcu)
{
	struct Signal {
		FenceRef fence;

		~Signal() { fence->signal(); }
	};
	auto context = make_context();
	ASSERT_TRUE(context);
	auto fence = context->emit(krcu::GFP_KERNEL);
	ASSERT_TRUE(fence);
	Called called;

	fence->add_callback(called);
	auto callback = krcu::Callback<Signal>::make(krcu::GFP_KERNEL, std::move(fence));
	ASSERT_TRUE(callback);
	std::move(callback).submit();
	krcu::rcu_barrier();
	EXPECT_EQ(called.times, 1);
	context.reset(); // of a fence that is signalled already
	EXPECT_EQ(called.times, 1);
}

KUNIT_CASE(signalled_in_an_interrupt)
{
	struct Interrupt {
		ContextBox context = make_context();
		FenceRef fence;
		Called before, after;
	} interrupt;

	ASSERT_TRUE(interrupt.context);
	interrupt.fence = interrupt.context->emit(krcu::GFP_KERNEL);
	ASSERT_TRUE(interrupt.fence);
	interrupt.fence->add_callback(interrupt.before);
	kunit_run_in_interrupt(
		[](void *arg) {
			auto &of = *static_cast<Interrupt *>(arg);

			of.context->signal_next();
			of.fence->add_callback(of.after);
			of.fence.reset();
		},
		&interrupt);
	EXPECT_EQ(interrupt.before.times, 1);
	EXPECT_EQ(interrupt.after.times, 1);
}

KUNIT_CASE(last_reference_goes_in_a_reader)
{
	auto context = make_context();
	ASSERT_TRUE(context);
	{
		auto old = shared.replace(context->emit(krcu::GFP_KERNEL));
	}
	krcu::ReadGuard guard;
	auto found = shared.dereference(guard);
	ASSERT_TRUE(found);
	auto last = FenceRef::try_get(*found, guard);

	EXPECT_TRUE(last);
	{
		auto old = shared.take();
	}
	context.reset();
	last.reset();
	EXPECT_FALSE(FenceRef::try_get(*found, guard));
	EXPECT_TRUE(kunit_is_mapped(found.get()));
	EXPECT_TRUE(are_gone(found->names(guard)));
}

KUNIT_CASE(driver_that_goes_signals_what_is_pending)
{
	auto context = make_context();
	ASSERT_TRUE(context);
	Called called[3];

	Called::all = 0;
	for (auto &callback : called) {
		auto fence = context->emit(krcu::GFP_KERNEL); // nobody but the context keeps it
		ASSERT_TRUE(fence);
		fence->add_callback(callback);
	}
	context.reset();
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(called[i].times, 1);
		EXPECT_EQ(called[i].place, i + 1);
	}
}

// What is left to the module's exit: scripts/guests/kunit.sh looks for the line.
namespace {
struct LeftToExit {
	LeftToExit()
	{
		if (context)
			fence = context->emit(krcu::GFP_KERNEL);
		if (fence)
			fence->add_callback(callback);
	}

	FenceCallback callback{ [](FenceCallback &) { kunit_say("exit: the fence that was left is signalled"); } };
	FenceRef fence;
	ContextBox context = make_context(); // it goes before the callback does
};
KRCU_GLOBAL(left_to_exit, LeftToExit);
} // namespace

KUNIT_CASE(left_to_the_exit_it_is_not_signalled_yet)
{
	if (!left_to_exit)
		SKIP("this kernel runs suites before the module's init");
	ASSERT_TRUE(left_to_exit->fence);
	EXPECT_FALSE(left_to_exit->fence->signalled());
}

KUNIT_SUITE(fence);
