// SPDX-License-Identifier: GPL-2.0
/// @file
/// Revocable: a resource that goes while its users still hold what it is in.
#ifndef KRCU_REVOCABLE_HPP
#define KRCU_REVOCABLE_HPP

#include <utility>

#include <krcu/found.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/shims.h>
#include <krcu/rcu.hpp>
#include <krcu/srcu.hpp>

namespace krcu {

/// A T inside an object that outlives it: users look at it under a guard, until revoke() takes it away.
///
/// For what a device's unbinding ends, its registers, say, while user space still has the device open: the open file
/// keeps the device by an RcuRef, and every access asks whether the T is still there. revoke() waits for those who
/// have just found it, and destroys it when they have left; so nobody uses it afterwards.
///
/// Revocable<T> has the readers of RCU. Revocable<T, Srcu<Tag>> has those of a domain, who may sleep; revoke() is
/// given that domain then.
///
/// If T need not be gone when revoke() returns, there is no need to wait: an `Rcu<RcuBox<T>>` does the same by
/// dereference() and take(), with the T in an allocation of its own that is retired.
///
/// A T and a word. It stays where it is: it can be neither copied nor moved. After Rust's Revocable
/// (rust/kernel/revocable.rs), which knows RCU alone.
///
/// Use like:
///
///     struct Registers {
///             explicit Registers(unsigned long base); // maps them
///             ~Registers();                   // unmaps them, and may sleep
///             int status() const;
///     };
///     struct Device : krcu::RefCounted {
///             explicit Device(unsigned long base) : registers(std::in_place, base) {}
///
///             static constexpr bool destructor_may_sleep = true;
///             krcu::Revocable<Registers> registers;
///     };
///     using DeviceRef = krcu::RcuRef<Device, krcu::Kmalloc, krcu::reclaim::Work>;
///
///     int read_status(const Device &device)   // of an open file
///     {
///             krcu::ReadGuard guard;
///             auto registers = device.registers.try_access(guard);
///             return registers ? registers->status() : -ENODEV;
///     }
///
///     void remove(DeviceRef device)           // files may still be open
///     {
///             device->registers.revoke();
///     }
template <class T, class Domain = RcuDomain>
class Revocable final {
	using Guard = typename Domain::Guard;

	static_assert(internal::Boxable<T>::value);

	static constexpr bool of_rcu = std::is_same_v<Domain, RcuDomain>;

public:
	using element_type = T;

	/// Read by the boxes: one that runs destructors in softirq refuses what may sleep.
	static constexpr bool destructor_may_sleep = internal::DestructorMaySleep<T>;

	/// Constructs the T from `args`, in place.
	template <class... Args>
	explicit Revocable(std::in_place_t, Args &&...args) : storage_(std::forward<Args>(args)...)
	{
		static_assert(internal::TraitsCanBeRead<T>::value && !internal::BelongsToScope<T>,
			      "krcu: a guard belongs to the scope that made it");
	}

	Revocable(const Revocable &) = delete;
	Revocable &operator=(const Revocable &) = delete;

	/// Destroys the T, if it is there still. Nobody may access or revoke it any more; readers are not waited for.
	/// Context: any that ~T allows.
	~Revocable()
	{
		if (available_)
			storage_.value.~T();
	}

	/// The T, or null if it has been revoked; valid as long as the guard.
	/// Context: any that the guard allows.
	Found<T> try_access(KRCU_LIFETIMEBOUND const Guard &) const noexcept
	{
		// Relaxed: whoever sees the object sees the T, and a guard from before revoke() is waited for.
		if (!__atomic_load_n(&available_, __ATOMIC_RELAXED)) [[unlikely]]
			return Found<T>(nullptr);
		return Found<T>(storage_.value);
	}
	Found<T> try_access(const Guard &&) const = delete; // the guard would be gone first

	/// Takes the T away: new readers find nothing; waits for those who found it, and destroys it. Returns whether it
	/// was this call that did; a second one does nothing, and does not wait for the first. It is const, as it is for
	/// one of several owners of the object around it.
	/// Context: process, outside any read-side critical section, and any that ~T allows. Sleeps.
	/// See synchronize_rcu().
	bool revoke() const KRCU_EXCLUDES(internal::rcu)
	{
		static_assert(of_rcu, "krcu: the readers of this Revocable are those of a domain: give revoke() the domain");
		if (!take_away())
			return false;
		synchronize_rcu();
		storage_.value.~T();
		return true;
	}

	/// The same with the domain whose guards its readers have, and which must not be empty.
	/// Context: process, outside the domain's read-side critical sections, and any that ~T allows. Sleeps.
	/// See synchronize_srcu().
	bool revoke(const Domain &domain) const KRCU_EXCLUDES(internal::rcu)
	{
		static_assert(!of_rcu, "krcu: the readers of this Revocable are RCU's: revoke() needs no domain");
		if (!take_away())
			return false;
		domain.synchronize();
		storage_.value.~T();
		return true;
	}

private:
	// One caller alone gets true.
	bool take_away() const noexcept { return __atomic_exchange_n(&available_, 0, __ATOMIC_SEQ_CST); }

	// So that the T lives until revoke(), and not until this is destroyed.
	union Storage {
		template <class... Args>
		explicit Storage(Args &&...args) : value(std::forward<Args>(args)...)
		{
		}
		~Storage() {}

		T value;
	};

	mutable Storage storage_;
	mutable int available_ = true;
};

} // namespace krcu

#endif // KRCU_REVOCABLE_HPP
