// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_leak: a domain that is destroyed under its reader.

#include <cerrno>

#include <krcu/srcu.hpp>

#include "leak.h"

namespace {

struct Leaky {
	static constexpr const char *name = "krcu_leak";
	static constexpr unsigned int teardown_timeout_ms = 200;
};

constinit krcu::Srcu<Leaky> domain;

} // namespace

int leak_make_domain()
{
	domain = krcu::Srcu<Leaky>::make();
	return domain ? 0 : -ENOMEM;
}

void leak_read()
{
	auto guard = domain.read_lock();

	leak_sleep();
}

void leak_destroy_domain()
{
	domain = krcu::Srcu<Leaky>();
}
