// SPDX-License-Identifier: GPL-2.0
/// @file
/// Whether a barrier waits for callbacks.
#ifndef BARRIER_CHECK_HPP
#define BARRIER_CHECK_HPP

#include <utility>

#include "look.hpp"

namespace torture {

/// A callback, for `barrier()` to wait for. It counts in an object that outlives it: if the check fails,
/// it runs later.
class BarrierCheck {
public:
	template <class Submit, class F>
	void operator()(Submit submit, F barrier)
	{
		const unsigned long before = ran_.load();

		if (auto callback = krcu::Callback<Late>::make(gfp(true), &ran_)) {
			submit(std::move(callback));
			barrier();
			if (ran_.load() == before)
				torture_fail("returned while a callback was pending", "barrier");
		}
	}

private:
	struct Late {
		krcu::Atomic<unsigned long> *ran;

		~Late() { ran->inc(); }
	};

	krcu::Atomic<unsigned long> ran_;
};

} // namespace torture

#endif // BARRIER_CHECK_HPP
