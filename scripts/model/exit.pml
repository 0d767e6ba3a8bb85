/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a module with krcu objects: what the kernel gives (kernel.pml), what krcu does
 * (protocol.pml), and here the module around it. scripts/model/model.sh runs it.
 *
 * What must hold is said by assertions:
 *	!text_gone	no callback, destructor or reader of the module's runs when its text is gone
 *	!freed[]	no srcu_struct is used when it is freed, or freed twice, or with readers or callbacks
 *	!domain_freed[]	nor is a krcu_domain
 *	locks[] == 0	no lock is held over a wait
 *	!listed[]	all domains are freed at the end
 *	globals_left	no destructor uses a global that has ended
 *	!called[]	no rcu_head is handed to call_rcu() twice
 *	old_objects == 0	drain() returns when all is destroyed that was retired before
 * and all processes must come to their ends: an invalid end state is a deadlock.
 */
c_decl {
	\#include <stdlib.h>
};

byte globals_left;		/* how many of two have not ended yet */
bool usable;			/* krcu_globals_usable */
bool writing;			/* a set function runs, with the parameters' lock */

#include "without.pml"
#include "kernel.pml"
#include "protocol.pml"
#ifdef OLD
#include "old.pml"
#endif

/* Who does what; both this and "without" come from the environment. */
#define LATE_READERS	1	/* in RCU, in a domain that is krcu's, in one that is wrapped */
#define CHAINS		2	/* objects that retire others, everywhere */
#define PAIRS		3	/* two of them at once */
#define LONG_CHAIN	4	/* longer than the rounds at exit */
#define DROP		5	/* a late reader drops another domain */
#define ABANDON		6	/* the driver drops a domain with a late reader, and exits, or its init fails */
#define WORK_DROPS	7	/* a destructor in the work item reads one domain and drops another */
#define WORK_MAKES	8	/* it makes one, retires into it and drops it, before or after the exit */
#define PARAMETER	9	/* a set function retires and drops */
#define PARAMETER_MAKES	10	/* it makes a domain, retires into it and drops it */
#define PARAMETER_DROPS	11	/* it drops a wrapper */
#define NO_INIT		12	/* the load fails before init, when a set function has abandoned a domain */
#define TWICE		13	/* C's domain is wrapped twice, and both are dropped at once */
#define DRAINS		14	/* drain(), while others retire */
#define DRAINS_TWICE	15	/* two at once */
#define DRAINS_DROP	16	/* while another domain is dropped */
#define C_READER	17	/* a reader of C's domain drops one while the wrapper of C's is dropped */
#define LEAKED		18	/* drain() with an abandoned domain whose reader never leaves */
#define GLOBALS		19	/* two globals, which late readers' objects use, and the driver's, and a set function's */
#define OFFLINE		20	/* one CPU goes offline while something is in its list */
#define BATCHES		21	/* drain(), while others retire to work items and nowhere else */
#define HURRIES		22	/* the shrinker has a batch expedited, at any time */
local byte scenario;

#define NOWHERE 255
local byte chain;			/* how many objects hang on each that is retired */
#define TO_CPU0	1
#define TO_CPU1	2
#define TO_WORK	4
#define TO_A	8
#define TO_B	16
#define TO_C	32
local byte where;			/* the places to which an object may be retired */
local byte driver_retires;		/* how many, before its exit */
local byte driver_drops;		/* the domain, before its exit */
local byte reader_in = NOWHERE;	/* the domain in which a reader is when the exit begins */
local byte reader_retires, reader_drops, reader_enters;
local bool leaks;			/* it never leaves */
local byte other_in = NOWHERE, other_retires, other_drops;
local byte work_reads, work_drops;
bool work_makes;
local bool writes;		/* to the parameter's file, when or after the module exits */
local byte writer_chain;
local bool writer_retires, writer_makes, writer_drains;
local byte writer_drops;
local bool c_reads;		/* C code reads B, queues a callback there and drops A */
local byte max_rounds = 100;		/* at exit */
local bool exits = true;
local bool inits = true;

bool held[NDOMAINS];		/* an Srcu that nobody has dropped yet */
bool files = true;		/* the parameter can be written to */
byte old_objects;

/* What has been dropped takes nothing new but from its own readers and callbacks; a wrapped domain that
 * was left to exit is C's again, so what is retired by a parameter writer has nothing to do with it. */
#define may_use(d) ((held[d] || from == d || (inside[d] & BIT(me))) && (owned[d] || !(what & WRITERS)))

inline retire(object)
{
	atomic {
		assert(!text_gone);
		what = object;
		if
		:: where & TO_CPU0 -> to = 0
		:: where & TO_CPU1 -> to = 1
		:: where & TO_WORK -> to = 0; what = what | WORK
		:: (where & TO_WORK) && (where & TO_CPU1) -> to = 1; what = what | WORK
		:: (where & TO_A) && may_use(A) -> to = QUEUE(A)
		:: (where & TO_B) && may_use(B) -> to = QUEUE(B)
		:: (where & TO_C) && may_use(C) -> to = QUEUE(C)
		fi;
		if
		:: what & WORK -> push(to, what)
		:: else -> call(to, what)
		fi;
		if
		:: what & OLD_OBJECT -> old_objects++
		:: else
		fi;
		if
		:: what & WORK -> cpu = to
		:: else -> cpu = 2
		fi;
		to = 0;
		what = 0
	};
	if
	:: cpu < 2 && busy[cpu]
	:: cpu < 2 && !busy[cpu] -> kick(cpu)
	:: cpu == 2
	fi;
	cpu = 0
}

/* An Srcu is dropped once. */
inline drop(d)
{
	krcu_srcu_destroy(ssp[d])
}

inline make(d)
{
	d_step {
		add_domain(d);
		held[d] = true
	}
}

/* node.hpp's run_destructor<>(): a destructor, and the flag. */
inline destroy(object, t)
{
	if
	:: without == FLAG_AFTER && me != WORKER && me != OTHER_WORKER -> set_flag(t)
	:: else
	fi;
	if
	:: me == WORKER -> destructor_that_may_sleep()
	:: else
	fi;
	if
	:: object & CHAIN -> retire((object & ~WORK) - 1)
	:: else
	fi;
	atomic {
		assert(!text_gone);
		assert(!(object & USES_BOTH) || globals_left == 2);
		assert(!(object & USES_FIRST) || globals_left >= 1);
		if
		:: object & OLD_OBJECT -> old_objects--
		:: else
		fi
	};
	if
	:: without != FLAG_AFTER && me != WORKER && me != OTHER_WORKER -> set_flag(t)
	:: else
	fi
}

inline destructor_that_may_sleep()
{
	if
	:: atomic { work_makes -> work_makes = false };
		make(C);
		retire(1 /* one object that another one hangs on */);
		held[C] = false;
		drop(C)
	:: atomic { work_drops != NONE && held[work_drops] -> held[work_drops] = false };
		if
		:: atomic { work_reads != NONE && held[work_reads] -> enter(work_reads) };
			drop(work_drops);
			leave(work_reads)
		:: work_reads == NONE -> drop(work_drops)
		fi
	:: true
	fi
}

inline wrap(d)
{
	listed[d] = true;
	held[d] = true;
	owned[d] = false;
	ssp[d] = B;
	wrappers[B]++
}

/* What runs callbacks: a CPU's softirq, or a domain's work. Barriers' callbacks are the kernel's. */
proctype callbacks(byte i; byte from)
{
	byte object;
	LOCALS;
	byte me = NTASKS;

end:	do
	:: d_step {
		q[i].n > 0 && q[i].readers[0] == 0 && IS_BARRIER(q[i].what[0]) ->
		barriers[q[i].what[0] & ~BARRIER]--;
		dequeue(i)
	}
	:: d_step {	/* grace_period_over() */
		q[i].n > 0 && q[i].readers[0] == 0 && IS_BATCH(q[i].what[0]) && !locked[q[i].what[0] & 1] ->
		assert(!text_gone);
		called[q[i].what[0] & 1] = false;
		over[q[i].what[0] & 1] = true;
		work_pending[q[i].what[0] & 1] = true;
		dequeue(i)
	}
	:: d_step {
		q[i].n > 0 && q[i].readers[0] == 0 && !(q[i].what[0] & BARRIER) ->
		object = q[i].what[0]
	};
		destroy(object, tag[from]);
		d_step { assert(!text_gone); object = 0; dequeue(i) }
	od
}

/* reclaim(), for each CPU's list */
proctype work(byte me; byte c)
{
	objects batch, taken, taken_open;
	byte object;
	LOCALS;
	byte from = RCU;

end:	do
	:: atomic {
		work_pending[c] && !locked[c] ->
		assert(!text_gone);
		d_step {
			work_pending[c] = false;
			work_running[c] = true;
			flushers(PENDING_OF(c), RUN_OF(c));
			found = over[c];
			over[c] = false;
			if
			:: found -> move(batch, closed[c])
			:: else
			fi
		};
		if
		:: found && without != NEXT_BATCH -> d_step { close(c) }
		:: else
		fi
	};
		if
		:: found && without != NEXT_BATCH -> found = false; end_close(c)
		:: else -> found = false
		fi;
		if
		:: without == FLAG_AFTER -> set_flag(RCU)
		:: else
		fi;
		d_step { take_all(c) };
		do
		:: batch.n > 0 ->
			d_step { batch.n--; object = batch.what[batch.n]; batch.what[batch.n] = 0 };
			destroy(object, RCU)
		:: batch.n == 0 && taken.n + taken_open.n > 0 ->
			begin_grace_period(RCU);
			wait_for_grace_period();
			d_step {
				if
				:: taken.n > 0 -> move(batch, taken)
				:: else -> move(batch, taken_open)
				fi
			}
		:: else -> break
		od;
		if
		:: without != FLAG_AFTER -> set_flag(RCU)
		:: else
		fi;
		d_step {
			object = 0;
			assert(!text_gone);
			work_running[c] = false;
			flushers(RUN_OF(c), 0)
		}
	od
}

/* Memory is short: hurry() */
proctype shrinker(byte c)
{
	if
	:: atomic {
		!unregistered && !locked[c] && busy[c] ->
		assert(!text_gone);
		hurry[c] = true;
		shrinking = true
	};
		d_step { assert(!text_gone); work_pending[c] = true; shrinking = false }
	:: unregistered
	:: timeout
	fi
}

/* A CPU goes offline: its callbacks, which are none but batches' and barriers', move to the other one. */
proctype offline()
{
	atomic {
		do
		:: q[1].n > 0 ->
			d_step {
				enqueue(0, q[1].what[0], q[1].readers[0]);
				dequeue(1)
			}
		:: else -> break
		od
	}
}

/* Whose critical section began before the exit. */
proctype late_reader(byte me; byte in; byte retires; byte drops; byte enters)
{
	LOCALS;
	byte from = RCU;

	do
	:: retires > 0 -> retires--; retire(chain)
	:: atomic { drops != NONE && held[drops] -> held[drops] = false };
		drop(drops); drops = NONE
	:: atomic { enters != NONE && held[enters] -> enter(enters) };
		if
		:: retires > 0 -> retires--; retire(chain)
		:: true
		fi;
		leave(enters); enters = NONE
	:: true -> break
	od;
	if
	:: leaks ->
end:		false
	:: else -> leave(in)
	fi
}

/* A reader of C's own srcu_struct; the callback behind it is C's as well. */
proctype c_reader()
{
	LOCALS;
	byte me = READER, from = RCU;

	enter(B);
	call(QUEUE(B), 0);
	held[A] = false;
	drop(A);
	leave(B)
}

/* A parameter's set function, until the kernel has removed the file. In DRAINS, any other part of the driver. */
proctype writer()
{
	LOCALS;
	byte me = WRITER, from = RCU;

	if
	:: atomic { files -> writing = true };
		if
		:: writer_retires && (!(writer_chain & USES_BOTH) || usable) -> retire(WRITERS | writer_chain)
		:: true
		fi;
		if
		:: writer_makes ->
			make(C);
			retire(WRITERS | chain);
			held[C] = false;
			drop(C)
		:: atomic { writer_drops != NONE && held[writer_drops] -> held[writer_drops] = false };
			drop(writer_drops)
		:: writer_drains -> krcu_drain()
		:: true
		fi;
		writing = false
	:: !files
	fi
}

/* C code that owns a wrapped srcu_struct frees it when nobody wraps it any more. */
inline free_wrapped()
{
	d_step {
		if
		:: !owned[B] && !freed[B] -> free_srcu_struct(B)
		:: else
		fi
	}
}

/* The driver, then delete_module(), or a load that fails. */
proctype module()
{
	LOCALS;
	byte me = MODULE, from = RCU, round;
	bool again;

	if
	:: driver_drops != NONE -> held[driver_drops] = false; drop(driver_drops)
	:: else
	fi;
	if
	:: !exits ->
		krcu_drain();
		assert(old_objects == 0)
	:: else ->
		if
		:: inits -> end_at_exit()
		:: else
		fi;
		if
		:: without == END_LATE -> drain_after_exit()
		:: else
		fi;
		/* The kernel ends a module's static srcu_structs now; another module's stay for longer. */
		if
		:: !may_be_late -> free_wrapped()
		:: else
		fi;
		files = false;
		wait_until(!writing);
		if
		:: may_be_late -> free_wrapped()
		:: else
		fi;
		if
		:: without != END_LATE -> drain_after_exit()
		:: else
		fi;
		if
		:: batches -> reclaim_end()
		:: else
		fi;
		d_step {
			text_gone = true;
			assert(!listed[A] && !listed[B] && !listed[C])
		}
	fi
}

init
{
	LOCALS;
	byte me = MODULE, from = RCU;

	atomic {
		c_code {
			now.scenario = atoi(getenv("SCENARIO"));
			now.without = atoi(getenv("WITHOUT"));
		};
		make(A);
		make(B);
		owned[A] = true; ssp[A] = A; tag[A] = A;
		owned[B] = true; ssp[B] = B; tag[B] = B;
		owned[C] = true; ssp[C] = C; tag[C] = C;
#ifdef OLD
		tag[B] = A;
		tag[C] = A;
#endif
		where = TO_CPU0 | TO_CPU1 | TO_WORK | TO_A | TO_B;
		if
		:: scenario == LATE_READERS ->
			wrap(B);
			if
			:: reader_in = RCU
			:: reader_in = A
			:: reader_in = B
			fi;
			reader_retires = 1;
			chain = 1
		:: scenario == CHAINS ->
			wrap(B);
			driver_retires = 1;
			chain = 2
		:: scenario == PAIRS ->
			wrap(B);
			where = TO_CPU0 | TO_CPU1 | TO_B;
			driver_retires = 2;
			chain = 1
		:: scenario == DROP ->
			if
			:: wrap(B)
			:: true
			fi;
			driver_retires = 1;
			chain = 1;
			reader_in = A;
			reader_drops = B
		:: scenario == ABANDON ->
			if
			:: wrap(B)
			:: true
			fi;
			may_time_out = true;
			reader_in = B;
			reader_retires = 1;
			chain = 1;
			driver_drops = B
		:: scenario == LONG_CHAIN ->
			wrap(B);
			max_rounds = 1;
			where = TO_B;
			driver_retires = 1;
			chain = 3
		:: scenario == WORK_DROPS ->
			if
			:: wrap(B)
			:: true
			fi;
			driver_retires = 1;
			chain = 2;
			where = TO_CPU0 | TO_WORK | TO_A | TO_B;
			work_reads = A;
			work_drops = B
		:: scenario == WORK_MAKES ->
			if
			:: inits = false
			:: true
			fi;
			may_time_out = true;
			where = TO_CPU0 | TO_C;
			push(0, WORK | 1);
			close(0);
			end_close(0);
			batches = true;
			work_makes = true
		:: scenario == PARAMETER ->
			may_time_out = true;
			wrap(B);
			writes = true;
			writer_retires = true;
			writer_chain = 1;
			writer_drops = A;
			chain = 1;
			where = TO_CPU0 | TO_WORK | TO_A;
			max_rounds = 1
		:: scenario == PARAMETER_MAKES ->
			may_time_out = true;
			wrap(B);
			writes = true;
			writer_makes = true;
			chain = 1;
			where = TO_CPU0 | TO_C;
			max_rounds = 1
		:: scenario == PARAMETER_DROPS ->
			may_be_late = true;
			wrap(B);
			where = TO_CPU0 | TO_B;
			writes = true;
			writer_drops = B;
			driver_retires = 1;
			chain = 1
		:: scenario == NO_INIT ->
			inits = false;
			may_time_out = true;
			where = TO_CPU0 | TO_WORK | TO_A;
			reader_in = A;
			reader_retires = 1;
			chain = 1;
			driver_drops = A
		:: scenario == TWICE ->
			wrap(B);
			wrap(C);
			where = TO_CPU0 | TO_B;
			reader_in = A;
			reader_drops = B;
			other_in = A;
			other_drops = C;
			driver_retires = 1;
			chain = 1
		:: scenario == DRAINS ->
			exits = false;
			where = TO_CPU0 | TO_CPU1 | TO_WORK;
			driver_retires = 1;
			writes = true;
			writer_retires = true
		:: scenario == DRAINS_TWICE ->
			exits = false;
			where = TO_CPU0 | TO_WORK | TO_A;
			driver_retires = 1;
			chain = 1;
			writes = true;
			writer_drains = true
		:: scenario == DRAINS_DROP ->
			exits = false;
			where = TO_CPU0 | TO_B;
			driver_retires = 1;
			chain = 2;
			writes = true;
			writer_drops = B
		:: scenario == C_READER ->
			exits = false;
			wrap(B);
			wrappers[B]++;		/* it stays: C code uses it */
			where = TO_CPU0;
			driver_drops = B;
			c_reads = true
		:: scenario == LEAKED ->
			exits = false;
			may_time_out = true;
			leaks = true;
			reader_in = A;
			inside[A] = BIT(READER);
			call(QUEUE(A), 0);
			driver_retires = 1;
			chain = 1;
			where = TO_CPU0 | TO_WORK | TO_B;
			driver_drops = A
		:: scenario == OFFLINE ->
			where = TO_WORK;
			push(1, WORK | 1);
			close(1);
			end_close(1);
			push(1, WORK)
		:: scenario == BATCHES ->
			exits = false;
			where = TO_WORK;
			driver_retires = 1;
			chain = 1;
			reader_in = RCU;
			reader_retires = 1;
			writes = true;
			writer_retires = true
		:: scenario == HURRIES ->
			if
			:: exits = false
			:: true
			fi;
			where = TO_WORK;
			driver_retires = 1;
			chain = 1;
			reader_in = RCU;
			reader_retires = 1
		:: scenario == GLOBALS ->
			wrap(B);
			globals_left = 2;
			usable = true;
			if
			:: reader_in = RCU; where = TO_CPU0 | TO_CPU1
			:: reader_in = A; where = TO_CPU0 | TO_B
			:: driver_retires = 1; where = TO_CPU0 | TO_WORK
			fi;
			reader_retires = 1;
			chain = USES_BOTH | 1;
			writes = true;
			writer_retires = true;
			writer_chain = USES_BOTH
		fi
	};
	atomic {
		batches = batches || (where & TO_WORK);
		if
		:: reader_in != NOWHERE ->
			inside[reader_in] = BIT(READER);
			run late_reader(READER, reader_in, reader_retires, reader_drops, reader_enters)
		:: else
		fi;
		if
		:: other_in != NOWHERE ->
			inside[other_in] = inside[other_in] | BIT(OTHER_READER);
			run late_reader(OTHER_READER, other_in, other_retires, other_drops, NONE)
		:: else
		fi;
		do
		:: driver_retires > 0 -> driver_retires--; retire(chain | (exits -> 0 : OLD_OBJECT))
		:: else -> break
		od;
		run callbacks(0, RCU);
		run callbacks(1, RCU);
		run callbacks(QUEUE(A), A);
		run callbacks(QUEUE(B), B);
		if
		:: where & TO_C -> run callbacks(QUEUE(C), C)
		:: else
		fi;
		if
		:: batches -> run work(WORKER, 0)
		:: else
		fi;
		if
		:: batches && ((where & TO_CPU1) || scenario == OFFLINE) -> run work(OTHER_WORKER, 1)
		:: else
		fi;
		if
		:: scenario == HURRIES -> run shrinker(0)
		:: scenario == OFFLINE -> run offline()
		:: else
		fi;
		if
		:: c_reads -> run c_reader()
		:: else
		fi;
		if
		:: writes -> run writer()
		:: else
		fi;
		run module()
	}
}
