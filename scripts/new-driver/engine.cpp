// SPDX-License-Identifier: GPL-2.0
// The C++ half: a text that readers find without a lock.

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <krcu/krcu.hpp>

#include "mydrv.h"

namespace {

struct Text {
	std::size_t length;
	char bytes[MYDRV_LONGEST];
};

using TextBox = krcu::RcuKBox<Text>;

// Made before the module's init, gone after its exit.
KRCU_GLOBAL(current, krcu::Rcu<TextBox>);

} // namespace

std::size_t mydrv_get(char *to)
{
	krcu::ReadGuard guard;
	auto text = current->dereference(guard);

	if (!text)
		return 0;
	std::memcpy(to, text->bytes, text->length);
	return text->length;
}

int mydrv_set(const char *text, std::size_t length)
{
	if (!current)
		return -ENODEV;

	auto draft = TextBox::draft(krcu::GFP_KERNEL);
	if (!draft)
		return -ENOMEM;
	draft->length = length;
	std::memcpy(draft->bytes, text, length);
	// What was there is retired: readers keep it for a grace period.
	auto old = current->replace(std::move(draft));
	return 0;
}
