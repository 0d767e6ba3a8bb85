// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_pinned: a domain that is destroyed under its reader.

#include <cerrno>

#include <krcu/srcu.hpp>

#include "pinned.h"

namespace {

struct Pinned {
	static constexpr const char *name = "krcu_pinned";
	static constexpr unsigned int teardown_timeout_ms = 200;
};

constinit krcu::Srcu<Pinned> domain;

} // namespace

int pinned_make_domain()
{
	// One that ends, too: statistics are to forget it.
	domain = krcu::Srcu<Pinned>::make();
	domain = krcu::Srcu<Pinned>::make();
	return domain ? 0 : -ENOMEM;
}

void pinned_read()
{
	auto guard = domain.read_lock();

	pinned_sleep();
}

void pinned_destroy_domain()
{
	domain = krcu::Srcu<Pinned>();
}
