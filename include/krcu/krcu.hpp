// SPDX-License-Identifier: GPL-2.0
/// @file
/// All of krcu.
#ifndef KRCU_KRCU_HPP
#define KRCU_KRCU_HPP

#include <krcu/allocator.hpp>
#include <krcu/atomic.hpp>
#include <krcu/box.hpp>
#include <krcu/callback.hpp>
#include <krcu/draft.hpp>
#include <krcu/foreign_ownable.hpp>
#include <krcu/found.hpp>
#include <krcu/gfp.hpp>
#include <krcu/global.hpp>
#include <krcu/hash_table.hpp>
#include <krcu/list.hpp>
#include <krcu/lock.hpp>
#include <krcu/poll.hpp>
#include <krcu/print.hpp>
#include <krcu/rcu.hpp>
#include <krcu/rcu_box.hpp>
#include <krcu/rcu_free_box.hpp>
#include <krcu/rcu_ptr.hpp>
#include <krcu/rcu_ref.hpp>
#include <krcu/reclaim.hpp>
#include <krcu/revocable.hpp>
#include <krcu/slab_cache.hpp>
#include <krcu/srcu.hpp>
#include <krcu/srcu_box.hpp>
#include <krcu/tail.hpp>
#include <krcu/time.hpp>
#include <krcu/uapi.hpp>
#include <krcu/user.hpp>
#include <krcu/version.h>
#include <krcu/xarray.hpp>

#endif // KRCU_KRCU_HPP
