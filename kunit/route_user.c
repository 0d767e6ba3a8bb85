// SPDX-License-Identifier: GPL-2.0
/*
 * A user of module/route's drivers, run by scripts/guests/route.sh:
 *
 *	route_user DEVICE	says of each thing that a driver promises that it holds; 1 where the first does not
 *	route_user DEVICE load	adds, deletes, looks up and ages routes from several processes, until it is killed
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../module/route/abi.h"
#include "user.h"

enum {
	PROCESSES = 4,
	PREFIXES = 64,	/* few, so that the processes meet */
	SECONDS = 2,
};

static const char *path;
static int device;

/* What all processes of a load see. */
static struct {
	int all_wanted;			/* it goes on until none of these is 0 */
	unsigned long adds, dels, gets, full;
	unsigned long long last;	/* the number of the last change, once it is known */
} *shared;

static long long now_ms(void)
{
	struct timespec now;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void sleep_ms(int ms)
{
	usleep(ms * 1000);
}

static int open_device(void)
{
	int fd = open(path, O_RDWR);

	CHECK(fd >= 0);
	return fd;
}

/* The one route that may be found by that prefix and with that metric; its name tells it from all others. */
static struct route route_of(unsigned int prefix, unsigned int metric)
{
	struct route r = { .prefix = prefix, .metric = metric };
	unsigned int random = prefix * 2654435761u + metric * 40503u + 1;

	r.name_length = random % ROUTE_NAME_MAX + 1;
	for (unsigned int i = 0; i < r.name_length; i++) {
		random = random * 1664525 + 1013904223;
		r.name[i] = 'a' + (random >> 24) % 26;
	}
	return r;
}

static int is_route(const struct route *r, unsigned int prefix)
{
	struct route expected = route_of(prefix, r->metric);

	expected.hits = r->hits;
	return r->hits && !memcmp(r, &expected, sizeof(expected));
}

static int add(unsigned int prefix, unsigned int metric)
{
	struct route r = route_of(prefix, metric);

	return ioctl(device, ROUTE_ADD, &r);
}

static int del(unsigned int prefix)
{
	return ioctl(device, ROUTE_DEL, &prefix);
}

static int get(unsigned int prefix, struct route *r)
{
	memset(r, 0x55, sizeof(*r));
	r->prefix = prefix;
	return ioctl(device, ROUTE_GET, r);
}

static void limit(unsigned int routes, unsigned int age_ms)
{
	struct route_limits l = { .routes = routes, .age_ms = age_ms };

	CHECK(!ioctl(device, ROUTE_LIMIT, &l));
}

static struct route_stats stats(int fd)
{
	struct route_stats s;

	CHECK(read(fd, &s, sizeof(s)) == sizeof(s));
	CHECK(!s.reserved);
	return s;
}

static int events(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, ms);

	CHECK(n >= 0);
	return n ? p.revents : 0;
}

static void adding(void)
{
	CHECK(!add(1, 10));
	FAILS(EEXIST, add(1, 11));
	CHECK(!add(0xffffffff, 0xffffffff));
	CHECK(stats(device).routes == 2);
	CHECK(!del(1));
	FAILS(ENOENT, del(1));
	CHECK(!add(1, 12));
	CHECK(!del(1) && !del(0xffffffff));
	FAILS(ENOENT, del(0));
	CHECK(stats(device).routes == 0);
}

static int add_changed(struct route r, unsigned int name_length, unsigned int reserved, unsigned long long hits)
{
	r.name_length = name_length;
	r.reserved = reserved;
	r.hits = hits;
	return ioctl(device, ROUTE_ADD, &r);
}

static void refusals(void)
{
	struct route r = route_of(2, 0);
	struct route_limits old = { .age_ms = ROUTE_AGE_MAX + 1 };
	struct route_stats s;
	char buffer[sizeof(s)];

	FAILS(EINVAL, add_changed(r, 0, 0, 0));
	FAILS(EINVAL, add_changed(r, ROUTE_NAME_MAX + 1, 0, 0));
	FAILS(EINVAL, add_changed(r, 256 + 1, 0, 0));
	FAILS(EINVAL, add_changed(r, 0xffffffff, 0, 0));
	FAILS(EINVAL, add_changed(r, 1, 1, 0));
	FAILS(EINVAL, add_changed(r, 1, 0, 1));
	FAILS(EINVAL, add_changed(r, 1, 0, 1ull << 32));
	FAILS(EINVAL, ioctl(device, ROUTE_LIMIT, &old));
	FAILS(ENOENT, get(2, &r));

	FAILS(ENOTTY, ioctl(device, _IO('R', 4), &r));
	FAILS(ENOTTY, ioctl(device, _IOW('R', 0, __u32), &r));
	FAILS(ENOTTY, ioctl(device, 0, &r));

	FAILS(EINVAL, read(device, buffer, 0));
	FAILS(EINVAL, read(device, buffer, sizeof(s) - 1));
	FAILS(ESPIPE, lseek(device, 0, SEEK_SET));
}

static void bad_addresses(void)
{
	char *end = last_page(PROT_READ | PROT_WRITE);
	char *constant = last_page(PROT_READ);
	struct route r = route_of(3, 1);
	int fd = open_device();

	FAILS(EFAULT, ioctl(device, ROUTE_ADD, NULL));
	FAILS(EFAULT, ioctl(device, ROUTE_DEL, NULL));
	FAILS(EFAULT, ioctl(device, ROUTE_GET, NULL));
	FAILS(EFAULT, ioctl(device, ROUTE_LIMIT, NULL));
	memcpy(end - sizeof(r) + 1, &r, sizeof(r) - 1);
	FAILS(EFAULT, ioctl(device, ROUTE_ADD, end - sizeof(r) + 1));
	FAILS(EFAULT, ioctl(device, ROUTE_GET, end - sizeof(r) + 1));
	FAILS(EFAULT, ioctl(device, ROUTE_DEL, end - 3));
	FAILS(EFAULT, ioctl(device, ROUTE_LIMIT, end - 7));
	FAILS(ENOENT, get(3, &r));

	r = route_of(3, 1);
	memcpy(end - sizeof(r), &r, sizeof(r));
	CHECK(!ioctl(device, ROUTE_ADD, end - sizeof(r)));
	CHECK(!ioctl(device, ROUTE_GET, end - sizeof(r)));
	/* What can be read is a look-up of the prefix 0; what comes of it cannot be written. */
	CHECK(!add(0, 0));
	FAILS(EFAULT, ioctl(device, ROUTE_GET, constant - sizeof(r)));

	/* What could not be read has not been read. */
	FAILS(EFAULT, read(fd, end - 1, sizeof(struct route_stats)));
	FAILS(EFAULT, read(fd, constant - 64, sizeof(struct route_stats)));
	CHECK(events(fd, 0) == POLLIN);
	CHECK(!del(0) && !del(3));
	close(fd);
}

static void limits(void)
{
	struct route r;

	limit(2, 0);
	CHECK(!add(1, 0) && !add(2, 0));
	FAILS(ENOSPC, add(3, 0));
	FAILS(ENOENT, get(3, &r));
	limit(1, 0);
	CHECK(stats(device).routes == 2);
	CHECK(!del(1));
	FAILS(ENOSPC, add(1, 0));
	limit(2, 0);
	CHECK(!add(1, 0));
	CHECK(!del(1) && !del(2));
	limit(0, 0);
	FAILS(ENOSPC, add(1, 0));
	limit(1024, ROUTE_AGE_MAX);
	CHECK(!add(1, 0));
	CHECK(!del(1));
	limit(1024, 0);
}

static void names(void)
{
	struct route r;

	for (unsigned int length = 1; length <= ROUTE_NAME_MAX; length++) {
		struct route in = { .prefix = length, .metric = ~length, .name_length = length };

		/* Also what is no character: a name may be any bytes. What is behind it is not kept. */
		for (unsigned int i = 0; i < ROUTE_NAME_MAX; i++)
			in.name[i] = length * 7 + i;
		CHECK(!ioctl(device, ROUTE_ADD, &in));
	}
	for (unsigned int length = 1; length <= ROUTE_NAME_MAX; length++) {
		CHECK(!get(length, &r));
		CHECK(r.prefix == length && r.metric == ~length && r.name_length == length && !r.reserved);
		for (unsigned int i = 0; i < ROUTE_NAME_MAX; i++)
			CHECK(r.name[i] == (i < length ? (char)(length * 7 + i) : 0));
		CHECK(!del(length));
	}
}

static void hits(void)
{
	struct route r;

	CHECK(!add(1, 1) && !add(2, 2));
	for (unsigned int i = 1; i <= 100; i++)
		CHECK(!get(1, &r) && r.hits == i);
	CHECK(!get(2, &r) && r.hits == 1 && is_route(&r, 2));
	CHECK(!get(1, &r) && r.hits == 101 && is_route(&r, 1));
	CHECK(!del(1) && !add(1, 3));
	CHECK(!get(1, &r) && r.hits == 1 && r.metric == 3);
	CHECK(!del(1) && !del(2));
}

static void polling(void)
{
	struct route_stats before, after;
	struct route r;
	int one = open_device(), other = open_device();
	pid_t child;
	int status;

	before = stats(one);
	CHECK(!events(one, 0) && !events(other, 0));
	CHECK(!add(1, 0));
	CHECK(events(one, 0) == POLLIN && events(other, 0) == POLLIN);
	after = stats(one);
	CHECK(after.changes == before.changes + 1 && after.routes == before.routes + 1);
	CHECK(!events(one, 0) && events(other, 0) == POLLIN);
	/* What comes to nothing is no change, nor is a look-up. */
	FAILS(EEXIST, add(1, 0));
	FAILS(ENOENT, del(2));
	CHECK(!get(1, &r));
	CHECK(!events(one, 0));
	CHECK(!del(1));
	CHECK(events(one, 0) == POLLIN);
	CHECK(stats(one).changes == before.changes + 2);
	CHECK(!events(one, 100));
	/* Who opens it now has seen all that was. */
	close(other);
	other = open_device();
	CHECK(!events(other, 0));

	child = fork();
	CHECK(child >= 0);
	if (!child) {
		alarm(200);
		_exit(events(one, -1) != POLLIN);
	}
	sleep_ms(100);
	CHECK(!waitpid(child, &status, WNOHANG));
	CHECK(!add(1, 0));
	CHECK(waitpid(child, &status, 0) == child && !status);
	CHECK(!del(1));
	close(one);
	close(other);
}

/*
 * Of two routes the one ages that nobody looks up. Returns whether it went as it should: on a busy machine nobody may
 * come to look in time, and while the kernel boots, its ticks may make up for those that it has missed.
 */
static int ages_alone(int fd, int age_ms)
{
	long long began = now_ms(), last = began, gap = 0;
	int kept = 1, gone, took;
	struct route r;

	CHECK(!add(1, 0) && !add(2, 0));
	limit(1024, age_ms);
	stats(fd);
	/* How many there are tells: to look for it would keep it. */
	while (kept && stats(fd).routes == 2) {
		kept = !get(1, &r);
		gap = now_ms() - last > gap ? now_ms() - last : gap;
		last = now_ms();
		CHECK(last - began < age_ms + 100 * 1000);
		sleep_ms(10);
	}
	took = now_ms() - began;
	kept = !get(1, &r);
	gone = get(2, &r) && errno == ENOENT;
	limit(1024, 0);
	del(1);
	del(2);
	if (kept && gone && took > age_ms - 50)
		return 1;
	printf("route_user: %s: the one to stay %s, the other %s after %d ms, not looked up for %lld ms\n", path,
	       kept ? "stays" : "goes", gone ? "goes" : "stays", took, gap);
	return 0;
}

static void ageing(void)
{
	struct route r;
	int age_ms = 1000, fd = open_device();

	/* Twice as long each time, so that in the end somebody comes in time. */
	for (; !ages_alone(fd, age_ms); age_ms *= 2)
		CHECK(age_ms < 32 * 1000);

	/* What has aged is a change. */
	CHECK(!add(1, 0));
	/* It may be told some time after it can be seen. */
	do
		stats(fd);
	while (events(fd, 100));
	limit(1024, 1);
	do
		CHECK(events(fd, 200 * 1000) == POLLIN);
	while (stats(fd).routes);
	FAILS(ENOENT, get(1, &r));
	limit(1024, 0);
	CHECK(!add(1, 0));
	sleep_ms(200);
	CHECK(!get(1, &r));
	CHECK(!del(1));
	close(fd);
}

static void count(unsigned long *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_RELAXED);
}

static int happened(unsigned long *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED) != 0;
}

/* Whether a load has yet to go on; on a busy machine not everything happens within the seconds given. */
static int goes_on(int seconds, time_t end)
{
	if (!seconds || time(NULL) < end)
		return 1;
	return shared->all_wanted && !(happened(&shared->adds) && happened(&shared->dels) && happened(&shared->gets) &&
				       happened(&shared->full));
}

/* One of several processes that all do so, with the same prefixes. */
static void work(unsigned int seed, int seconds)
{
	unsigned int random = seed * 7919 + 1;
	time_t end = time(NULL) + seconds;
	struct route r;

	device = open_device();
	while (goes_on(seconds, end)) {
		unsigned int prefix;

		random = random * 1664525 + 1013904223;
		prefix = (random >> 8) % PREFIXES;
		switch (random >> 30) {
		case 0:
			if (!add(prefix, random))
				count(&shared->adds);
			else if (errno == ENOSPC)
				count(&shared->full);
			else
				CHECK(errno == EEXIST);
			break;
		case 1:
			if (!del(prefix))
				count(&shared->dels);
			else
				CHECK(errno == ENOENT);
			break;
		default:
			if (!get(prefix, &r)) {
				CHECK(is_route(&r, prefix));
				count(&shared->gets);
			} else {
				CHECK(errno == ENOENT);
			}
		}
	}
}

/* Changes the limits while others work. */
static void restrict_often(unsigned int max_age_ms, int seconds)
{
	time_t end = time(NULL) + seconds;

	device = open_device();
	for (unsigned int i = 0; goes_on(seconds, end); i++) {
		limit(i % 2 ? PREFIXES / 2 : 1024, max_age_ms ? i % max_age_ms : 0);
		/* Others may run then alone, where there is one CPU: not always with the same limits. */
		if (!(i % 15))
			sleep_ms(1);
	}
}

/* Waits for changes until it has seen the last one; if a wake-up is lost, it waits for ever. */
static void watch(void)
{
	unsigned long long seen = 0;

	device = open_device();
	stats(device);
	while (seen != __atomic_load_n(&shared->last, __ATOMIC_ACQUIRE)) {
		struct route_stats s;

		CHECK(events(device, 200 * 1000) == POLLIN);
		s = stats(device);
		CHECK(s.changes > seen && s.routes <= PREFIXES + 1);
		seen = s.changes;
	}
}

static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

/* A load of that many seconds, 0 for ever; routes age up to that fast. */
static void several_processes(unsigned int max_age_ms, int seconds)
{
	pid_t processes[PROCESSES + 1];

	for (int i = 0; i <= PROCESSES; i++) {
		processes[i] = start();
		if (processes[i])
			continue;
		if (i < PROCESSES)
			work(i, seconds);
		else
			restrict_often(max_age_ms, seconds);
		exit(0);
	}
	for (int i = 0; i <= PROCESSES; i++)
		wait_for(processes[i]);
	limit(1024, 0);
}

static void at_once(void)
{
	struct route_stats before = stats(device), after;
	pid_t watcher;

	share();
	shared->all_wanted = 1;
	shared->last = ~0ull;
	watcher = start();
	if (!watcher) {
		watch();
		exit(0);
	}
	several_processes(0, SECONDS);
	after = stats(device);
	CHECK(after.routes - before.routes == shared->adds - shared->dels);
	CHECK(after.changes - before.changes == shared->adds + shared->dels);
	/* The watcher may look at the number only after the change that has it, and has seen all. */
	__atomic_store_n(&shared->last, after.changes + 1, __ATOMIC_RELEASE);
	CHECK(!add(PREFIXES, 0));
	wait_for(watcher);
	printf("route_user: %s: %lu added, %lu deleted, %lu found\n", path, shared->adds, shared->dels, shared->gets);
	for (unsigned int i = 0; i <= PREFIXES; i++)
		del(i);
	CHECK(!stats(device).routes);
}

static void at_once_and_ageing(void)
{
	share();
	several_processes(4, SECONDS);
	for (unsigned int i = 0; i <= PREFIXES; i++)
		del(i);
	CHECK(!stats(device).routes);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		void (*run)(void);
	} checks[] = {
		{ "a prefix is there once, and gone when deleted", adding },
		{ "what makes no sense is refused", refusals },
		{ "bad addresses are refused", bad_addresses },
		{ "there are no more routes than allowed", limits },
		{ "names come back whole", names },
		{ "look-ups are counted", hits },
		{ "poll() tells of changes", polling },
		{ "routes age that nobody looks up", ageing },
		{ "several processes at once", at_once },
		{ "several processes while routes age", at_once_and_ageing },
	};

	if (argc < 2)
		return 2;
	path = argv[1];
	device = open_device();
	if (argc > 2) {
		share();
		several_processes(4, 0);
		return 1;
	}
	alarm(550);
	for (unsigned int i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		checks[i].run();
		printf("route_user: %s: %s: passed\n", path, checks[i].what);
		fflush(stdout);
	}
	close(device);
	return 0;
}
