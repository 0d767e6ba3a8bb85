// SPDX-License-Identifier: GPL-2.0
/// @file
/// PollWaitQueue: a wait queue for poll() that may be freed while the file is still open.
#ifndef KRCU_POLL_HPP
#define KRCU_POLL_HPP

#include <cstddef>

#include <krcu-constants.h>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

/// A set of events: what a file's poll() returns, and what wakes those who wait. The kernel's __poll_t,
/// with its own values; poll(2) says what each means.
using poll_t = krcu_poll_t;

inline constexpr poll_t EPOLLIN = KRCU_EPOLLIN;
inline constexpr poll_t EPOLLPRI = KRCU_EPOLLPRI;
inline constexpr poll_t EPOLLOUT = KRCU_EPOLLOUT;
inline constexpr poll_t EPOLLERR = KRCU_EPOLLERR;
inline constexpr poll_t EPOLLHUP = KRCU_EPOLLHUP;
inline constexpr poll_t EPOLLRDNORM = KRCU_EPOLLRDNORM;
inline constexpr poll_t EPOLLWRNORM = KRCU_EPOLLWRNORM;
inline constexpr poll_t EPOLLRDHUP = KRCU_EPOLLRDHUP;

/// A wait queue that may be freed before the polled file is, e.g. one belonging to a task or session, as in
/// binder and signalfd. A queue that is freed when its file is released needs none of this: by then nobody
/// is on it.
///
/// epoll stays on a queue for as long as it likes, after every call of its user's has returned. So the
/// queue is RcuFreeSafe: drop_before_gp() makes epoll, and the polls of aio and io_uring, leave at once,
/// and as any of them may be just leaving by itself, under rcu_read_lock(), the memory stays for a grace
/// period. Keep it in an RcuFreeBox: alone, or as a member of a T whose drop_before_gp() calls this one.
/// As T must be trivially destructible there, a session that also owns boxes lives in a box of its own kind,
/// and has an RcuFreeBox<PollWaitQueue> as a member.
///
/// What drop_before_gp() relies on, and cannot see to:
/// - Nobody registers any more. A file's poll() finds the queue and calls poll_wait() under a mutex, or
///   whatever else keeps the queue from being dropped meanwhile; a ReadGuard does not. Once the queue is
///   gone, poll() returns EPOLLHUP and registers nowhere.
/// - No task is inside poll(2) or select(2) on it: these do not leave when told, and touch the queue once
///   more when they return. In binder and signalfd only the task that the queue belongs to polls it. Where
///   others may, keep the queue until the file's release(): they hold the file.
///
/// A drop that finds somebody who does not leave says so in a WARN, once.
///
/// Registering and waking are const, because readers see what a box owns as const: the queue has a lock
/// of its own, and any number may do both at once. drop_before_gp() is for the owner.
///
/// The wait_queue_head_t is inside the object, which can be neither copied nor moved. Its constructor
/// runs code, so it cannot be declared constinit. At namespace scope it is a KRCU_GLOBAL, which calls drop_before_gp()
/// when the module goes; but whoever polls has the file open, and so the module loaded. All queues of a module are of
/// one lockdep class.
///
/// Semantics: wake_up_pollfree() in include/linux/wait.h, and "POLLFREE" in fs/eventpoll.c. After Rust's
/// PollCondVar (rust/kernel/sync/poll.rs).
///
/// Use like:
///
///     struct Session {
///             krcu::PollWaitQueue readable;
///
///             void drop_before_gp() { readable.drop_before_gp(); }
///     };
///     constinit krcu::RcuFreeBox<Session> session;    // under the C half's session_lock
///
///     bool has_data();
///
///     extern "C" krcu::poll_t session_poll(file *filp, poll_table_struct *table)
///     {
///             if (!session)
///                     return krcu::EPOLLHUP;
///             session->readable.poll_wait(filp, table);
///             return has_data() ? krcu::EPOLLIN | krcu::EPOLLRDNORM : 0;
///     }
///
///     extern "C" void session_data_arrived()
///     {
///             if (session)
///                     session->readable.wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
///     }
///
///     extern "C" void session_end()
///     {
///             session.reset();
///     }
///
/// and in C:
///
///     #include <linux/fs.h>
///     #include <linux/mutex.h>
///     #include <linux/poll.h>
///
///     __poll_t session_poll(struct file *filp, struct poll_table_struct *table);
///     void session_end(void);
///
///     static DEFINE_MUTEX(session_lock);
///
///     static __poll_t mydrv_poll(struct file *filp, struct poll_table_struct *table)
///     {
///             __poll_t events;
///
///             mutex_lock(&session_lock);
///             events = session_poll(filp, table);
///             mutex_unlock(&session_lock);
///             return events;
///     }
///
///     void mydrv_disconnect(void)
///     {
///             mutex_lock(&session_lock);
///             session_end();
///             mutex_unlock(&session_lock);
///     }
///
///     const struct file_operations mydrv_fops = {
///             .poll = mydrv_poll,
///     };
class PollWaitQueue final {
public:
	/// An empty queue. See init_waitqueue_head().
	PollWaitQueue() noexcept { krcu_init_waitqueue_head(head()); }

	PollWaitQueue(const PollWaitQueue &) = delete;
	PollWaitQueue &operator=(const PollWaitQueue &) = delete;

	/// Registers whoever polls `filp`; to be called with the arguments of that file's poll(), which looks
	/// only then at what it has to report, so that no wake-up is lost. Does nothing where nobody wants to
	/// wait, a null `table` among it.
	/// Context: process, outside RCU's read-side critical sections. May sleep. See poll_wait().
	void poll_wait(file *filp, poll_table_struct *table) const noexcept KRCU_EXCLUDES(internal::rcu)
	{
		krcu_poll_wait(filp, head(), table);
	}

	/// Wakes all non-exclusive waiters for `events` and one exclusive (EPOLLEXCLUSIVE) waiter.
	/// Context: any but NMI; also under a ReadGuard, even if the queue is dropped meanwhile. Does not sleep,
	/// except for its spinlock on PREEMPT_RT: not in hard interrupts there. See wake_up_poll().
	void wake_up_poll(poll_t events) const noexcept { krcu_wake_up_poll(head(), events); }

	/// Makes everybody leave, and wakes them with EPOLLHUP. See above for what it relies on; the memory
	/// must stay for a grace period.
	/// Context: as wake_up_poll(). See wake_up_pollfree().
	void drop_before_gp() noexcept { krcu_wake_up_pollfree(head()); }

private:
	// Holds because the constructor makes one there. Changed though const, under the lock that is in it.
	wait_queue_head *head() const noexcept { return reinterpret_cast<wait_queue_head *>(storage_); }

	alignas(KRCU_WAIT_QUEUE_HEAD_ALIGN) mutable std::byte storage_[KRCU_WAIT_QUEUE_HEAD_SIZE];
};

} // namespace krcu

#endif // KRCU_POLL_HPP
