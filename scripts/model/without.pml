/* SPDX-License-Identifier: GPL-2.0 */
/* What can be left out of krcu, or done in another way. */
#define SYNCHRONIZE_RCU	1	/* at exit */
#define READERS		2	/* waiting for readers, at exit and at the end */
#define EXIT_READERS	3	/* ... at exit */
#define END_READERS	4	/* ... at the end */
#define READERS_AGAIN	5	/* ... in other rounds than the first */
#define READERS_LEFT	6	/* the note that they were waited for */
#define RCU_BARRIER	7
#define FLUSH		8
#define FLUSH_LATER	9	/* flush_work() comes before rcu_barrier() */
#define SRCU_BARRIER	10
#define EXIT_ROUNDS	11	/* all rounds at exit */
#define EXIT_ROUNDS_AGAIN 12	/* all but the first */
#define END_ROUNDS	13
#define END_ROUNDS_AGAIN 14
#define DRAIN_ROUNDS	15	/* drain() has one round */
#define END_WRAPPED	16
#define END_DOMAINS	17
#define END_LATE	18	/* the last barriers run in the exit, not when parameters are freed */
#define FLAG		19	/* callbacks set none */
#define FLAG_AFTER	20	/* callbacks set it before the destructor */
#define FLAG_WORK	21	/* the work item sets none */
#define COUNT_BEFORE	22	/* flags are cleared after rcu_barrier(), not before */
#define COUNT_OF_OTHERS	23	/* what others have cleared does not count */
#define COUNT_DOMAINS	24	/* nor do domains' callbacks, in a round */
#define USERS		25	/* a domain's end does not wait for its users */
#define DESTROYING_STATE	26	/* it is not marked DESTROYING */
#define DESTROYING_LEFT	27	/* one that is ending is ended at exit, too */
#define DRAIN		28	/* ~Srcu and the end of a domain have no barrier */
#define DRAIN_AGAIN	29	/* they have one barrier */
#define DRAIN_LEFT	30	/* the end of a domain that is left has none */
#define DROP_READERS	31	/* ~Srcu waits for no reader */
#define WRAPPED_READERS	32	/* a wrapper times out as an owner does */
#define SKIP_ABANDONED	33	/* barriers wait for abandoned domains */
#define UNLIST		34	/* a freed domain stays in the list */
#define COUNT_LATE	35	/* flags are cleared after the wait for readers, not before */
#define LOCKS		36	/* the check that no lock is held over a wait */
#define CLOSE		37	/* a round does not wait for who starts a batch */
#define REFUSE		38	/* set functions may use globals until the end */
#define REFUSE_LATE	39	/* ... until the first one ends */
#define REFUSE_WITHOUT_LOCK 40	/* one that has been told that it may is not waited for */
#define GLOBALS_FIRST	41	/* globals end before the rounds at exit */
#define GLOBALS_AT_ONCE	42	/* there are no rounds between two globals */
#define GLOBALS_LAST	43	/* nor behind the last */
#define NEXT_BATCH	44	/* the work item starts none */
#define BUSY_LATE	45	/* busy is cleared when it has been seen that there is no other batch */
#define TAKES_BUSY	46	/* who hurries clears busy, as who starts a batch does */
#define END_SHRINKER	47	/* the module's end does not wait for it */
#define END_WORKQUEUE	48	/* nor for what it has queued */

local byte without;		/* local: set before anything else, and never after */
