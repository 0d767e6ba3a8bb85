// SPDX-License-Identifier: GPL-2.0
/// @file
/// Unique: sole ownership of one pointer, the part that all of krcu's owning types share.
#ifndef KRCU_INTERNAL_UNIQUE_HPP
#define KRCU_INTERNAL_UNIQUE_HPP

#include <utility>

namespace krcu::internal {

/// std::unique_ptr, which libstdc++'s freestanding headers do not have. `Drop{}(T *)` ends the
/// ownership; it is instantiated only where that happens, so T may be incomplete until then.
template <class T, class Drop>
class Unique final {
public:
	constexpr Unique() noexcept = default;
	explicit constexpr Unique(T *ptr) noexcept : ptr_(ptr) {}

	Unique(Unique &&other) noexcept : ptr_(other.release()) {}

	/// By way of a temporary, so that moving onto itself changes nothing.
	Unique &operator=(Unique &&other) noexcept
	{
		Unique moved(std::move(other));

		std::swap(ptr_, moved.ptr_);
		return *this;
	}

	/// Empty by the time Drop is called, as what runs then may look at it again.
	~Unique()
	{
		if (T *ptr = release())
			Drop{}(ptr);
	}

	explicit operator bool() const noexcept { return ptr_; }
	T *get() const noexcept { return ptr_; }
	T *operator->() const noexcept { return ptr_; }

	/// Gives ownership up.
	T *release() noexcept { return std::exchange(ptr_, nullptr); }

private:
	T *ptr_ = nullptr;
};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_UNIQUE_HPP
