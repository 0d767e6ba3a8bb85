// SPDX-License-Identifier: GPL-2.0
#include <krcu/rcu.hpp>

extern "C" void second_wait();

void second_wait()
{
	krcu::synchronize_rcu();
}
