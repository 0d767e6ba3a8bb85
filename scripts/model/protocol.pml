/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module/krcu: round.h, drain.c, srcu.c, reclaim.c and module.c, step by step, with the functions' names.
 * A spin lock's section is one d_step. What "without" names is left out, as a check of the model: see model.sh.
 */

#define NONE	0
#define HELD	0
#define DESTROYING	1
#define ABANDONED 2

/* struct krcu_domain, by its id */
bool listed[NDOMAINS];
byte state[NDOMAINS];
byte users[NDOMAINS];
bool readers_left[NDOMAINS];
local bool owned[NDOMAINS];	/* else C code owns the srcu_struct */
local byte ssp[NDOMAINS];
local byte tag[NDOMAINS];
bool domain_freed[NDOMAINS];

bool flag[NDOMAINS];		/* struct krcu_ran, by the tag; RCU's is the first */
byte times[NDOMAINS];
byte all_times;

local bool may_time_out;
local bool may_be_late;		/* an Srcu may be dropped when the exit has ended its domain */
byte wrappers[NDOMAINS];	/* of C code's srcu_struct, which is freed when the last one is dropped */

/* The local variables of what calls the functions below. */
#define LOCALS \
	byte domain, id, before, after, to, what, cpu; \
	bool found, ran

/* --- reclaim.c and node.hpp ------------------------------------------------------------------ */

/* struct retired, of each CPU. What is in a list is closed at once, so its order does not matter here. */
typedef objects {
	byte n;
	byte what[3];
};

objects open[2], closed[2];
bool busy[2];
bool called[2];		/* gp is with call_rcu(), which must not have it twice */
bool over[2];
bool locked[2];		/* a spin lock whose section is more than one step, as busy is read without it */
bool hurry[2];
bool shrinking;		/* the shrinker runs: it is between hurry()'s lock and the work item */
bool unregistered;	/* it runs no more */
local bool batches;	/* krcu_reclaim */

inline move(to_list, from_list)
{
	i_ = 0;
	do
	:: i_ < 3 -> to_list.what[i_] = from_list.what[i_]; from_list.what[i_] = 0; i_++
	:: else -> break
	od;
	to_list.n = from_list.n;
	from_list.n = 0;
	i_ = 0
}

inline push(c, object)
{
	d_step {
		assert(!text_gone);
		assert(open[c].n < 3);
		open[c].what[open[c].n] = object;
		open[c].n++
	}
}

/* What goes wrong without a barrier: busy is cleared late. */
inline close(c)
{
	if
	:: without != BUSY_LATE -> busy[c] = false
	:: else
	fi;
	move(closed[c], open[c]);
	if
	:: closed[c].n > 0 -> busy[c] = true; locked[c] = true
	:: else
	fi
}

inline end_close(c)
{
	if
	:: closed[c].n == 0 && without == BUSY_LATE -> busy[c] = false
	:: atomic {
		locked[c] -> assert(!text_gone);
		assert(!called[c]);
		called[c] = true;
		call(c, BATCH | c);
		locked[c] = false
	}
	:: else
	fi
}

inline kick(c)
{
	atomic {
		!locked[c] -> assert(!text_gone);
		found = (!busy[c]);
		if
		:: found -> d_step { close(c) }
		:: else
		fi
	};
	if
	:: found -> found = false; end_close(c)
	:: else
	fi
}

/* reclaim(), for what memory cannot wait for: the callback that is on its way finds nothing. */
inline take_all(c)
{
	if
	:: hurry[c] ->
		hurry[c] = false;
		move(taken, closed[c]);
		move(taken_open, open[c]);
		if
		:: without == TAKES_BUSY -> busy[c] = false
		:: else
		fi
	:: else
	fi
}

/* When nothing is pending any more: end_shrinker(), destroy_workqueue() */
inline reclaim_end()
{
	unregistered = true;
	if
	:: without != END_SHRINKER -> wait_until(!shrinking)
	:: else
	fi;
	if
	:: without != END_WORKQUEUE -> flush_work(0); flush_work(1)
	:: else
	fi
}

inline krcu_reclaim_wait()
{
	if
	:: batches && without == FLUSH_LATER -> flush_work(0); flush_work(1)
	:: batches && without != CLOSE && without != FLUSH_LATER -> kick(0); kick(1)
	:: else
	fi;
	if
	:: without != RCU_BARRIER -> rcu_barrier()
	:: else
	fi;
	if
	:: batches && without != FLUSH && without != FLUSH_LATER -> flush_work(0); flush_work(1)
	:: else
	fi
}

/* Two steps: the test, and the setting. */
inline set_flag(t)
{
	if
	:: without == FLAG || (without == FLAG_WORK && me == WORKER)
	:: else ->
		if
		:: atomic { flag[t] -> assert(!text_gone) }
		:: atomic { else -> assert(!text_gone) };
			d_step { assert(!text_gone); flag[t] = true }
		fi
	fi
}

/* C code frees its srcu_struct as soon as the last wrapper is gone. */
inline hand_back_to_c(s)
{
	d_step {
		if
		:: !owned[domain] ->
			wrappers[s]--;
			if
			:: wrappers[s] == 0 -> free_srcu_struct(s)
			:: else
			fi
		:: else
		fi
	}
}

inline add_domain(d)
{
	assert(!text_gone);
	listed[d] = true
}

#ifndef OLD
/* --- round.h and drain.c --------------------------------------------------------------------- */

inline count(t)
{
	if
	:: flag[t] ->
		flag[t] = false;
		found = true;
		times[t]++;
		all_times++
	:: else
	fi
}

inline krcu_times_ran(t, result)
{
	d_step {
		assert(!text_gone);
		found = false;
		count(t);
		result = times[t]
	}
}

/* Nothing waits between get_domain_after() and put_domain() here, so each visit is one step. */
inline krcu_srcu_count()
{
	id = A;
	do
	:: id < NDOMAINS && without != COUNT_DOMAINS ->
		d_step {
			do
			:: id < NDOMAINS && !listed[id] -> id++
			:: else -> break
			od;
			if
			:: id < NDOMAINS -> count(tag[id]); id++
			:: else
			fi
		}
	:: else -> break
	od;
	id = 0
}

inline times_any_ran(result)
{
	found = false;
	krcu_srcu_count();
	d_step {
		count(RCU);
		result = all_times
	}
}

/* Whether a callback ran between the two countings. */
#define RAN (without == COUNT_OF_OTHERS -> found : before != after)

/* The round after its first counting. */
inline barriers_and_count()
{
	krcu_reclaim_wait();
	if
	:: without == COUNT_BEFORE -> times_any_ran(before)
	:: else
	fi;
	krcu_srcu_barrier_all();
	times_any_ran(after);
	d_step { ran = RAN; before = 0; after = 0; found = false }
}

inline krcu_drain()
{
	do
	:: true ->
		times_any_ran(before);
		barriers_and_count();
		if
		:: ran && without != DRAIN_ROUNDS -> skip
		:: else -> break
		fi
	od;
	ran = false
}

/* --- srcu.c ---------------------------------------------------------------------------------- */

inline get_domain_after()
{
	d_step {
		domain = NONE;
		i_ = id + 1;
		do
		:: i_ < NDOMAINS && !listed[i_] -> i_++
		:: else -> break
		od;
		if
		:: i_ < NDOMAINS ->
			users[i_]++;
			domain = i_;
		:: else
		fi;
		id = domain
	}
}

inline put_domain()
{
	d_step {
		assert(!domain_freed[domain]);
		users[domain]--
	}
}

inline free_domain()
{
	d_step {
		assert(!domain_freed[domain]);
		if
		:: without != UNLIST -> listed[domain] = false
		:: else
		fi
	};
	if
	:: without != USERS -> wait_until(users[domain] == 0)
	:: else
	fi;
	d_step {
		if
		:: owned[domain] -> free_srcu_struct(ssp[domain])
		:: else
		fi;
		assert(!domain_freed[domain]);
		domain_freed[domain] = true
	}
}

inline drain_domain()
{
	do
	:: without != DRAIN ->
		krcu_times_ran(tag[domain], before);
		srcu_barrier(ssp[domain]);
		krcu_times_ran(tag[domain], after);
		d_step { ran = RAN && without != DRAIN_AGAIN; before = 0; after = 0; found = false };
		if
		:: ran -> ran = false
		:: else -> break
		fi
	:: else -> break
	od
}

inline begin_destroying(s)
{
	d_step {
		assert(!text_gone);
		domain = A;
		do
		:: domain < NDOMAINS && !(listed[domain] && ssp[domain] == s && state[domain] == HELD) -> domain++
		:: else -> break
		od;
		if
		:: domain == NDOMAINS -> assert(may_be_late)
		:: domain < NDOMAINS && without != DESTROYING_STATE -> state[domain] = DESTROYING
		:: else
		fi
	}
}

/* ~Srcu. A wrapper that is too late goes on waiting, so its time-out changes nothing. */
inline krcu_srcu_destroy(s)
{
	begin_destroying(s);
	if
	:: domain == NDOMAINS	/* WARN */
	:: else ->
		wait_and_end(s)
	fi;
	domain = NONE
}

inline wait_and_end(s)
{
	begin_grace_period(s);
	if
	:: atomic { grace_period_over || without == DROP_READERS -> end_grace_period() };
		drain_domain();
		free_domain();
		hand_back_to_c(s)
	:: may_time_out && (owned[domain] || without == WRAPPED_READERS) ->
		d_step { end_grace_period(); state[domain] = ABANDONED };
		hand_back_to_c(s)
	fi
}

inline krcu_srcu_wait_for_readers()
{
	do
	:: true ->
		get_domain_after();
		if
		:: domain == NONE -> break
		:: else
		fi;
		if
		:: !readers_left[domain] ->
			begin_grace_period(ssp[domain]);
			wait_for_grace_period();
			readers_left[domain] = (without != READERS_LEFT)
		:: else
		fi;
		put_domain()
	od
}

inline krcu_srcu_barrier_all()
{
	do
	:: true ->
		get_domain_after();
		if
		:: domain == NONE -> break
		:: else
		fi;
		if
		:: state[domain] == ABANDONED && !readers_left[domain] && without != SKIP_ABANDONED
		:: without == SRCU_BARRIER
		:: else -> srcu_barrier(ssp[domain])
		fi;
		put_domain()
	od;
	skip;
	d_step { domain = NONE; id = 0 }
}

inline destroy_left(any)
{
	do
	:: true ->
		d_step {
			domain = A;
			do
			:: domain < NDOMAINS && !(listed[domain] && (state[domain] != DESTROYING || without == DESTROYING_LEFT) &&
						  (any || !owned[domain])) -> domain++
			:: else -> break
			od;
			if
			:: domain < NDOMAINS && without != DESTROYING_STATE -> state[domain] = DESTROYING
			:: else
			fi
		};
		if
		:: domain == NDOMAINS -> break
		:: else
		fi;
		if
		:: without != DRAIN_LEFT -> drain_domain()
		:: else
		fi;
		free_domain()
	od;
	domain = NONE
}

/* --- module.c -------------------------------------------------------------------------------- */

inline drain_round_behind_readers(left_out)
{
	if
	:: without != COUNT_LATE && without != COUNT_BEFORE -> times_any_ran(before)
	:: else
	fi;
	if
	:: without != READERS && without != left_out && !(without == READERS_AGAIN && again) ->
		krcu_srcu_wait_for_readers()
	:: else
	fi;
	if
	:: without == COUNT_LATE -> times_any_ran(before)
	:: else
	fi;
	barriers_and_count()
}

inline drain_at_exit()
{
	do
	:: without != EXIT_ROUNDS ->
		drain_round_behind_readers(EXIT_READERS);
		round++;
		if
		:: ran && round < max_rounds && without != EXIT_ROUNDS_AGAIN -> again = true
		:: else -> break
		fi
	:: else -> break
	od;
	skip;
	d_step { again = false; ran = false; round = 0 }
}

inline krcu_globals_refuse()
{
	if
	:: atomic { globals_left > 0 && (!writing || without == REFUSE_WITHOUT_LOCK) -> usable = false }
	:: globals_left == 0
	fi
}

/* What the last one of two owned uses the first one. */
inline end_last_global()
{
	if
	:: globals_left == 2 -> retire(USES_FIRST)
	:: globals_left == 1 -> retire(1 /* one object that another one hangs on */)
	fi;
	globals_left--
}

inline end_at_exit()
{
	if
	:: without != REFUSE && without != REFUSE_LATE -> krcu_globals_refuse()
	:: else
	fi;
	if
	:: without != SYNCHRONIZE_RCU ->
		begin_grace_period(RCU);
		wait_for_grace_period()
	:: else
	fi;
	if
	:: without != GLOBALS_FIRST -> drain_at_exit()
	:: else
	fi;
	if
	:: without == REFUSE_LATE -> krcu_globals_refuse()
	:: else
	fi;
	do
	:: globals_left > 0 ->
		end_last_global();
		if
		:: (without == GLOBALS_AT_ONCE && globals_left == 1) || (without == GLOBALS_LAST && globals_left == 0)
		:: else -> drain_at_exit()
		fi
	:: else -> break
	od;
	if
	:: without != END_WRAPPED -> destroy_left(false)
	:: else
	fi
}

inline drain_after_exit()
{
	do
	:: without != END_ROUNDS ->
		drain_round_behind_readers(END_READERS);
		if
		:: ran && without != END_ROUNDS_AGAIN -> again = true
		:: else -> break
		fi
	:: else -> break
	od;
	skip;
	d_step { again = false; ran = false };
	if
	:: without != END_DOMAINS -> destroy_left(true)
	:: else
	fi
}
#endif
