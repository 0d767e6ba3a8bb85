/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exit as it was before readers were waited for first, with two mutexes held over waits. It is kept
 * to show that the model finds what was wrong with it: see model.sh. Instead of what protocol.pml says
 * below "round.h and drain.c"; all domains have one flag.
 */
byte drain_lock, lists_lock;	/* who holds it, counted from 1 */
bool ran_before;

inline mutex_lock(mutex)
{
	atomic { mutex == 0 -> mutex = me + 1; locks[me]++ }
}

inline mutex_unlock(mutex)
{
	d_step { mutex = 0; locks[me]-- }
}

inline callback_ran()
{
	d_step { ran = flag[A]; flag[A] = false }
}

inline drain_domain()
{
	mutex_lock(drain_lock);
	do
	:: true ->
		callback_ran();
		ran_before = ran_before | ran;
		srcu_barrier(ssp[domain]);
		if
		:: flag[A]
		:: else -> break
		fi
	od;
	ran = false;
	mutex_unlock(drain_lock)
}

inline free_domain()
{
	d_step {
		listed[domain] = false;
		if
		:: owned[domain] -> free_srcu_struct(ssp[domain])
		:: else
		fi;
		assert(!domain_freed[domain]);
		domain_freed[domain] = true
	}
}

inline krcu_srcu_destroy(s)
{
	mutex_lock(lists_lock);
	d_step {
		domain = A;
		do
		:: domain < NDOMAINS && !(listed[domain] && ssp[domain] == s && state[domain] == HELD) -> domain++
		:: else -> break
		od;
		assert(domain < NDOMAINS);
		listed[domain] = false
	};
	mutex_unlock(lists_lock);
	begin_grace_period(s);
	if
	:: wait_for_grace_period();
		drain_domain();
		free_domain();
		hand_back_to_c(s)
	:: may_time_out && owned[domain] ->
		end_grace_period();
		mutex_lock(lists_lock);
		d_step { listed[domain] = true; state[domain] = ABANDONED };
		mutex_unlock(lists_lock)
	fi;
	domain = NONE
}

inline krcu_srcu_drain_all()
{
	mutex_lock(drain_lock);
	mutex_lock(lists_lock);
	domain = A;
	do
	:: domain < NDOMAINS && listed[domain] ->
		begin_grace_period(ssp[domain]);
		wait_for_grace_period();
		srcu_barrier(ssp[domain]);
		domain++
	:: domain < NDOMAINS && !listed[domain] -> domain++
	:: else -> break
	od;
	domain = NONE;
	mutex_unlock(lists_lock);
	callback_ran();
	d_step { ran = ran | ran_before; ran_before = false };
	mutex_unlock(drain_lock)
}

inline drain_at_exit()
{
	do
	:: true ->
		flag[RCU] = false;
		rcu_barrier();
		flush_work(0);
		flush_work(1);
		krcu_srcu_drain_all();
		if
		:: ran || flag[RCU]
		:: else -> break
		fi
	od;
	ran = false;
	domain = A;
	do
	:: domain < NDOMAINS && listed[domain] -> free_domain()
	:: domain < NDOMAINS && !listed[domain] -> domain++
	:: else -> break
	od;
	domain = NONE
}

inline end_at_exit()
{
	drain_at_exit()
}

/* There were no such things. */
inline drain_after_exit()
{
	skip
}

inline krcu_drain()
{
	skip
}
