// SPDX-License-Identifier: GPL-2.0
/*
 * A user of /dev/krcu_kunit_poll, run by poll_test.cpp: waits on its queue with
 * real epolls, and takes them off when the queue is long gone. Exits with 0
 * when all was as it should be; what was not is in the kernel's log.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "user.h"

static int device;

/* +: a new queue, in place of any old one; r: there is data; -: no queue; f: wait until the old ones are freed */
static void tell(char command)
{
	CHECK(write(device, &command, 1) == 1);
}

static int watch(unsigned int flags)
{
	struct epoll_event event = { .events = EPOLLIN | flags };
	int epoll = epoll_create1(0);

	CHECK(epoll >= 0);
	CHECK(!epoll_ctl(epoll, EPOLL_CTL_ADD, device, &event));
	return epoll;
}

/* What comes within @ms milliseconds, 0 for nothing. */
static unsigned int events(int epoll, int ms)
{
	struct epoll_event event;
	int n = epoll_wait(epoll, &event, 1, ms);

	CHECK(n >= 0);
	return n ? event.events : 0;
}

static void *tell_later(void *command)
{
	usleep(50 * 1000);
	tell(*(char *)command);
	return NULL;
}

/* What comes of a command that is given while this thread sleeps in epoll_wait(). */
static unsigned int events_after(char command, int epoll)
{
	unsigned int came;
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, tell_later, &command));
	came = events(epoll, 100 * 1000);
	CHECK(!pthread_join(thread, NULL));
	return came;
}

enum { ROUNDS = 100 };

static int arrived;

/* Both threads go on from their nth meeting at the same moment. */
static void meet(int n)
{
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < 2 * n)
		sched_yield();
}

static void *drop_often(void *unused)
{
	for (int i = 1; i <= ROUNDS; i++) {
		meet(2 * i - 1);
		tell('-');
		meet(2 * i);
	}
	return unused;
}

int main(void)
{
	int plain, exclusive;
	pthread_t thread;

	alarm(250); /* before KUnit gives up */
	device = open("/dev/krcu_kunit_poll", O_RDWR);
	CHECK(device >= 0);

	tell('+');
	plain = watch(0);
	exclusive = watch(EPOLLEXCLUSIVE);
	CHECK(!events(plain, 0));
	CHECK(events_after('r', plain) == EPOLLIN);
	CHECK(events(exclusive, 0) == EPOLLIN);
	close(plain);
	close(exclusive);

	/* The queue goes while one waits, and is not even memory any more when they leave. */
	tell('+');
	plain = watch(0);
	exclusive = watch(EPOLLEXCLUSIVE);
	CHECK(events_after('-', plain) == EPOLLHUP);
	CHECK(events(exclusive, 0) == EPOLLHUP);
	tell('f');
	CHECK(!epoll_ctl(plain, EPOLL_CTL_DEL, device, NULL));
	CHECK(!events(plain, 0));
	close(plain);
	close(exclusive);

	/* The queue goes while they leave. */
	CHECK(!pthread_create(&thread, NULL, drop_often, NULL));
	for (int i = 1; i <= ROUNDS; i++) {
		tell('+');
		plain = watch(0);
		meet(2 * i - 1);
		if (i % 2)
			CHECK(!epoll_ctl(plain, EPOLL_CTL_DEL, device, NULL));
		close(plain);
		meet(2 * i);
	}
	CHECK(!pthread_join(thread, NULL));
	tell('f');
	return 0;
}
