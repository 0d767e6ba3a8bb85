// SPDX-License-Identifier: GPL-2.0
/*
 * A user of module/kv's drivers, run by scripts/guests/kv.sh:
 *
 *	kv_user DEVICE		says of each thing that its ABI promises that it holds; 1 where the first does not
 *	kv_user DEVICE load	puts, deletes, looks up and walks from several processes, until it is killed
 *	kv_user DEVICE read SECONDS	looks up what another process replaces, many keys from several processes
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../module/kv/abi.h"
#include "user.h"

enum {
	PROCESSES = 4,
	KEYS = 64,		/* few, so that the processes meet */
	STAYING = 300,		/* entries that a walk must see */
	MANY = 100000,		/* keys that are there all the time */
	PATIENCE = 120 * 1000,	/* in ms; the machine may be busy */
	NOBODY = 65534,
	NO_DEVICE = 3,		/* kvctl's exit status */
};

static const char *path;
static int device;
static char out[KV_VALUE_MAX];	/* what a look-up finds */

/* What all processes of a load see. */
static struct {
	unsigned long puts, swaps, dels, gets, walks;
	unsigned long long last;	/* the last revision, once it is known */
	int stop;
} *shared;

static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

static void count(unsigned long *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_RELAXED);
}

static unsigned long counted(const unsigned long *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static int stopped(void)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

static int open_device(int flags)
{
	int fd = open(path, flags);

	CHECK(fd >= 0);
	return fd;
}

static struct kv_entry entry(const void *key, unsigned int key_size, const void *value, unsigned int value_size)
{
	return (struct kv_entry){
		.version = KV_VERSION,
		.key = (uintptr_t)key,
		.key_size = key_size,
		.value = (uintptr_t)value,
		.value_size = value_size,
	};
}

/* Where key and value are strings. Returns the new revision, 1 if there is none, or 0 and errno. */
static unsigned long long change(unsigned long command, const char *key, const char *value, unsigned long long revision)
{
	struct kv_entry e = entry(key, strlen(key), value, value ? strlen(value) : 0);

	e.revision = revision;
	return ioctl(device, command, &e) ? 0 : command == KV_DELETE ? 1 : e.revision;
}

static unsigned long long put(const char *key, const char *value)
{
	return change(KV_PUT, key, value, 0);
}

static int del(const char *key)
{
	return change(KV_DELETE, key, NULL, 0) ? 0 : -1;
}

/* Returns the revision, or 0 and errno. */
static unsigned long long get(const char *key)
{
	struct kv_entry e = entry(key, strlen(key), out, sizeof(out) - 1);

	if (ioctl(device, KV_GET, &e))
		return 0;
	out[e.value_size] = 0;
	CHECK(e.revision);
	return e.revision;
}

static int has(const char *key, const char *value)
{
	return get(key) && !strcmp(out, value);
}

static struct kv_stats stats(int fd)
{
	struct kv_stats s = { .version = KV_VERSION };

	CHECK(!ioctl(fd, KV_STATS, &s));
	return s;
}

static void limit(unsigned int entries, unsigned long long bytes)
{
	struct kv_config c = { .version = KV_VERSION, .entries = entries, .bytes = bytes };

	CHECK(!ioctl(device, KV_SET_CONFIG, &c));
}

static void usual_limits(void)
{
	limit(1 << 20, 64 << 20);
}

static void clear(void)
{
	CHECK(!ioctl(device, KV_CLEAR, 0));
	CHECK(!stats(device).entries && !stats(device).bytes);
}

static int changed(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, ms) >= 0);
	CHECK(!(p.revents & ~POLLIN));
	return p.revents;
}

/* Any bytes, of which the first ones tell what the others are. */
static void fill(char *value, unsigned int size, unsigned int seed)
{
	for (unsigned int i = 0; i < size; i++) {
		if (i < sizeof(seed))
			value[i] = seed >> 8 * i;
		else
			value[i] = (seed * 2654435761u + i * 40503u) >> 16;
	}
}

static int is_filled(const char *value, unsigned int size)
{
	unsigned int seed = 0;

	for (unsigned int i = 0; i < sizeof(seed) && i < size; i++)
		seed |= (unsigned int)(unsigned char)value[i] << 8 * i;
	for (unsigned int i = sizeof(seed); i < size; i++)
		if (value[i] != (char)((seed * 2654435761u + i * 40503u) >> 16))
			return 0;
	return 1;
}

static void changing(void)
{
	unsigned long long first, second;

	errno = 0;
	CHECK(!get("a") && errno == ENOENT);
	first = put("a", "1");
	CHECK(first && has("a", "1") && get("a") == first);
	second = put("a", "two");
	CHECK(second == first + 1 && has("a", "two") && get("a") == second);
	CHECK(put("b", "") && has("b", "") && has("a", "two"));
	CHECK(stats(device).entries == 2 && stats(device).revision == second + 1);

	CHECK(!change(KV_SWAP, "a", "3", first) && errno == ESTALE && has("a", "two"));
	CHECK(!change(KV_SWAP, "a", "3", 0) && errno == EEXIST);
	CHECK(!change(KV_SWAP, "c", "3", second) && errno == ENOENT);
	CHECK(change(KV_SWAP, "a", "3", second) == second + 2 && has("a", "3"));
	CHECK(change(KV_SWAP, "c", "3", 0) == second + 3 && has("c", "3"));

	CHECK(!change(KV_DELETE, "a", NULL, second) && errno == ESTALE && has("a", "3"));
	CHECK(change(KV_DELETE, "a", NULL, second + 2));
	FAILS(ENOENT, del("a"));
	CHECK(!del("b") && !del("c"));
	CHECK(!stats(device).entries && !stats(device).bytes && stats(device).revision == second + 6);
	CHECK(put("a", "1") && put("b", "1"));
	clear();
	CHECK(!get("a") && !get("b") && !put("", "1") && errno == EINVAL);
}

static void sizes(void)
{
	static const unsigned int values[] = { 0, 1, 100, 4095, 4096, 65536, KV_VALUE_MAX - 1, KV_VALUE_MAX };
	static char in[KV_VALUE_MAX];
	char key[KV_KEY_MAX] = {};	/* any bytes; each key begins as the others do */
	struct kv_entry e;

	for (unsigned int size = 1; size <= KV_KEY_MAX; size++) {
		e = entry(key, size, &size, sizeof(size));
		CHECK(!ioctl(device, KV_PUT, &e));
	}
	CHECK(stats(device).entries == KV_KEY_MAX);
	for (unsigned int size = 1; size <= KV_KEY_MAX; size++) {
		e = entry(key, size, out, sizeof(out));
		CHECK(!ioctl(device, KV_GET, &e) && e.value_size == sizeof(size) && !memcmp(out, &size, sizeof(size)));
	}
	for (unsigned int i = 0; i < sizeof(values) / sizeof(*values); i++) {
		fill(in, values[i], i);
		e = entry("v", 1, in, values[i]);
		CHECK(!ioctl(device, KV_PUT, &e));
		memset(out, 0x55, sizeof(out));
		e = entry("v", 1, out, values[i]);
		CHECK(!ioctl(device, KV_GET, &e) && e.value_size == values[i] && !memcmp(in, out, values[i]));
		CHECK(values[i] == sizeof(out) || out[values[i]] == 0x55);
	}
	clear();
}

/* That it fails so with each of the ioctls of these, and that nothing has changed. */
static void refuses(int error, const unsigned long *commands, struct kv_entry e)
{
	struct kv_stats before = stats(device), after;

	for (; *commands; commands++) {
		struct kv_entry copy = e;

		FAILS(error, ioctl(device, *commands, &copy));
		CHECK(has("a", "1"));
	}
	after = stats(device);
	CHECK(before.revision == after.revision && before.entries == after.entries && before.bytes == after.bytes);
}

static void wrong_entries(void)
{
	static const unsigned long all[] = { KV_GET, KV_PUT, KV_SWAP, KV_DELETE, KV_NEXT, 0 };
	static const unsigned long keyed[] = { KV_GET, KV_PUT, KV_SWAP, KV_DELETE, 0 };
	static const unsigned long puts[] = { KV_PUT, KV_SWAP, 0 }, gets[] = { KV_GET, KV_NEXT, 0 };
	static const unsigned long deletes[] = { KV_DELETE, 0 }, next[] = { KV_NEXT, 0 };
	static const __u32 versions[] = { 0, KV_VERSION + 1, 0xffffffff };
	static const __u32 key_sizes[] = { 0, KV_KEY_MAX + 1, 0xffffffff };
	static const __u32 too_large[] = { KV_VALUE_MAX + 1, 0x80000000, 0xffffffff };
	const __u64 bad[] = { 1, (uintptr_t)last_page(PROT_NONE) - 1, -4096ull, ~0ull, 1ull << 63 };
	char key[KV_KEY_MAX] = "a", value[8];
	struct kv_entry good, e;

	CHECK(put("a", "1"));
	good = entry(key, 1, value, sizeof(value));
	for (int i = 0; i < 3; i++) {
		e = good, e.version = versions[i], refuses(EOPNOTSUPP, all, e);
		e = good, e.reserved = 1u << 15 * i, refuses(EINVAL, all, e);
		e = good, e.key_size = key_sizes[i], refuses(EINVAL, keyed, e);
		e = good, e.cursor = 1ull << 31 * i, refuses(EINVAL, keyed, e);
		e = good, e.value_size = too_large[i], refuses(EINVAL, puts, e);
		e = good, e.value = 0, e.value_size = too_large[i], refuses(EINVAL, deletes, e);
		e = good, e.value_size = 0, e.value += i, refuses(EINVAL, deletes, e);
		e = good, e.cursor = (1ull << 24) << 19 * i, refuses(ENOENT, next, e);
	}
	e = good, e.cursor = ~0ull, refuses(ENOENT, next, e);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		static const unsigned long swap[] = { KV_SWAP, 0 };

		e = good, e.value = 0, e.value_size = 0, e.key = bad[i], refuses(EFAULT, all, e);
		e = good, e.value = bad[i], refuses(EFAULT, puts, e);
		e = good, e.value = bad[i], refuses(EFAULT, gets, e);
		e.revision = ~0ull, refuses(EFAULT, swap, e);
	}
	/* Nothing is written where there is no room, and what there should be is told. */
	e = good, e.value_size = 0;
	FAILS(ERANGE, ioctl(device, KV_GET, &e));
	CHECK(e.value_size == 1);
	e = good, e.key_size = 0, e.value_size = 0;
	FAILS(ERANGE, ioctl(device, KV_NEXT, &e));
	CHECK(e.key_size == 1 && e.value_size == 1);
	clear();
}

static void wrong_others(void)
{
	struct kv_stats s = { .version = KV_VERSION };
	struct kv_config c = { .version = KV_VERSION }, before = c, after = c;

	CHECK(!ioctl(device, KV_GET_CONFIG, &before));
	for (unsigned int version = 0; version < 4; version++) {
		if (version == KV_VERSION)
			continue;
		s.version = version;
		c.version = version;
		FAILS(EOPNOTSUPP, ioctl(device, KV_STATS, &s));
		FAILS(EOPNOTSUPP, ioctl(device, KV_GET_CONFIG, &c));
		FAILS(EOPNOTSUPP, ioctl(device, KV_SET_CONFIG, &c));
	}
	s = (struct kv_stats){ .version = KV_VERSION, .reserved = 1 };
	FAILS(EINVAL, ioctl(device, KV_STATS, &s));
	c = (struct kv_config){ .version = KV_VERSION, .entries = KV_ENTRIES_MAX + 1 };
	FAILS(EINVAL, ioctl(device, KV_SET_CONFIG, &c));
	c = (struct kv_config){ .version = KV_VERSION, .bytes = KV_BYTES_MAX + 1 };
	FAILS(EINVAL, ioctl(device, KV_SET_CONFIG, &c));
	c.bytes = ~0ull;
	FAILS(EINVAL, ioctl(device, KV_SET_CONFIG, &c));
	FAILS(EFAULT, ioctl(device, KV_STATS, NULL));
	FAILS(EFAULT, ioctl(device, KV_GET_CONFIG, NULL));
	FAILS(EFAULT, ioctl(device, KV_SET_CONFIG, NULL));
	FAILS(EINVAL, ioctl(device, KV_CLEAR, 1));
	CHECK(!ioctl(device, KV_GET_CONFIG, &after) && !memcmp(&before, &after, sizeof(after)));

	FAILS(ENOTTY, ioctl(device, 0, &s));
	FAILS(ENOTTY, ioctl(device, _IO('K', 0), &s));
	FAILS(ENOTTY, ioctl(device, _IO('K', 9), &s));
	FAILS(ENOTTY, ioctl(device, _IOWR('L', 0, struct kv_entry), &s));
	FAILS(ENOTTY, ioctl(device, _IOWR('K', 0, struct kv_config), &s));
	FAILS(ENOTTY, ioctl(device, _IOW('K', 0, struct kv_entry), &s));
	FAILS(EINVAL, write(device, "a", 1));
	FAILS(ESPIPE, lseek(device, 0, SEEK_SET));
}

/* Faults in the middle of what is copied. */
static void faults(void)
{
	char *end = last_page(PROT_READ | PROT_WRITE), *constant = last_page(PROT_READ);
	long page = sysconf(_SC_PAGESIZE);
	unsigned long long revision;
	struct kv_entry e;
	char value[100], key[2];

	memset(value, 'v', sizeof(value));
	e = entry("a", 1, value, sizeof(value));
	CHECK(!ioctl(device, KV_PUT, &e));
	revision = e.revision;

	memcpy(end - sizeof(e) + 4, &e, sizeof(e) - 4);
	FAILS(EFAULT, ioctl(device, KV_GET, end - sizeof(e) + 4));
	e = entry("a", 1, end - sizeof(value) + 1, sizeof(value));
	FAILS(EFAULT, ioctl(device, KV_GET, &e));
	FAILS(EFAULT, ioctl(device, KV_PUT, &e));
	CHECK(get("a") == revision && !memcmp(out, value, sizeof(value)));
	e = entry(end - 1, 2, value, sizeof(value));
	FAILS(EFAULT, ioctl(device, KV_PUT, &e));
	e = entry(constant - 1, 1, value, sizeof(value));
	FAILS(EFAULT, ioctl(device, KV_NEXT, &e));
	e = entry(key, 2, constant - sizeof(value), sizeof(value));
	FAILS(EFAULT, ioctl(device, KV_NEXT, &e));
	CHECK(get("a") == revision && stats(device).entries == 1);

	/* What is done, and cannot be told. */
	e = entry("b", 1, "x", 1);
	memcpy(end - sizeof(e), &e, sizeof(e));
	CHECK(!mprotect(end - page, page, PROT_READ));
	FAILS(EFAULT, ioctl(device, KV_PUT, end - sizeof(e)));
	CHECK(has("b", "x"));
	clear();
}

static void permissions(void)
{
	int reader = open_device(O_RDONLY), writer = open_device(O_WRONLY), both = device;
	struct kv_config c = { .version = KV_VERSION, .entries = 1 };
	struct kv_entry e = entry(out, 1, out, 1);
	int status;
	pid_t child;

	device = reader;
	CHECK(!put("a", "1") && errno == EBADF);
	CHECK(!change(KV_SWAP, "a", "1", 0) && errno == EBADF);
	FAILS(EBADF, del("a"));
	FAILS(EBADF, ioctl(device, KV_CLEAR, 0));
	CHECK(!get("a") && errno == ENOENT);
	device = writer;
	CHECK(put("a", "1"));
	CHECK(!get("a") && errno == EBADF);
	FAILS(EBADF, ioctl(device, KV_NEXT, &e));
	FAILS(EBADF, read(device, out, sizeof(out)));
	device = both;
	CHECK(has("a", "1") && !del("a"));

	child = start();
	if (!child) {
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		FAILS(EPERM, ioctl(device, KV_SET_CONFIG, &c));
		FAILS(EPERM, ioctl(device, KV_SET_CONFIG, NULL));
		c.entries = 0;
		CHECK(!ioctl(device, KV_GET_CONFIG, &c) && c.entries != 1);
		FAILS(EACCES, open(path, O_RDONLY));
		CHECK(put("a", "1") && !del("a"));
		sprintf(out, "--device=%s", path);
		execl("./kvctl", "kvctl", out, "stat", NULL);
		exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == NO_DEVICE);
	close(reader);
	close(writer);
}

static void limits(void)
{
	static char large[100000];
	unsigned long long waits = stats(device).waits;
	struct kv_entry e;

	limit(2, 0);
	CHECK(put("a", "1") && put("b", "1"));
	CHECK(!put("c", "1") && errno == ENOSPC && !get("c"));
	CHECK(put("a", "2") && has("a", "2"));
	limit(1, 0);
	CHECK(put("b", "2") && !del("b") && !put("b", "3") && errno == ENOSPC);
	limit(100, 1 << 20);
	e = entry("large", 5, large, sizeof(large));
	for (int i = 0; i < 8; i++)
		CHECK(!ioctl(device, KV_PUT, &e));
	for (char i = 0; i < 2; i++) {
		e = entry((char[]){ 'l', i }, 2, large, sizeof(large));
		CHECK(!ioctl(device, KV_PUT, &e));
	}
	e = entry("no", 2, large, sizeof(large));
	limit(100, 300000);
	FAILS(ENOSPC, ioctl(device, KV_PUT, &e));
	CHECK(!get("no") && has("a", "2"));

	/*
	 * Somebody who writes faster than grace periods elapse waits for them, and the memory stays limited. On one CPU
	 * nobody may be that fast, nor where each write takes its time.
	 */
	limit(100, 450000);
	for (int i = 0; i < 200 || (sysconf(_SC_NPROCESSORS_ONLN) > 1 && stats(device).waits == waits); i++) {
		struct kv_stats now;

		CHECK(i < 20000);
		e = entry("large", 5, large, sizeof(large));
		CHECK(!ioctl(device, KV_PUT, &e));
		now = stats(device);
		CHECK(now.bytes + now.retired <= 450000);
	}
	usual_limits();
	clear();
	for (int ms = 0; stats(device).retired; ms += 10) {
		CHECK(ms < PATIENCE);
		usleep(10 * 1000);
	}
}

static void polling(void)
{
	int one = open_device(O_RDONLY), other = open_device(O_RDONLY), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	pid_t child;

	CHECK(!changed(one, 0));
	CHECK(!epoll_ctl(epoll, EPOLL_CTL_ADD, other, &event));
	CHECK(put("a", "1"));
	CHECK(changed(one, 0) && changed(other, 0) && epoll_wait(epoll, &event, 1, PATIENCE) == 1);
	stats(one);
	CHECK(!changed(one, 0) && changed(other, 0));
	/* What comes to nothing is no change, nor is a look-up. */
	CHECK(!change(KV_SWAP, "a", "2", 0) && !del("a") && !get("a"));
	stats(one);
	FAILS(ENOENT, del("a"));
	CHECK(!changed(one, 0));
	CHECK(read(one, out, sizeof(out)) == 0);
	CHECK(put("a", "1"));
	CHECK(changed(one, 0) && read(one, out, sizeof(out)) > 0 && !changed(one, 0));
	/* Watchers stay while all goes. */
	clear();
	CHECK(changed(one, 0) && epoll_wait(epoll, &event, 1, PATIENCE) == 1);

	stats(one);
	child = start();
	if (!child) {
		CHECK(changed(one, PATIENCE));
		exit(0);
	}
	CHECK(put("a", "1"));
	wait_for(child);
	clear();
	close(one);
	close(other);
	close(epoll);
}

static unsigned int staying(const char *key, unsigned int size)
{
	char text[16] = {};

	if (size >= sizeof(text) || key[0] != 's')
		return STAYING;
	memcpy(text, key + 1, size - 1);
	return atoi(text);
}

static void visit(unsigned char *seen, const char *key, unsigned int size, const char *value, unsigned int value_size)
{
	unsigned int i = staying(key, size);

	CHECK(is_filled(value, value_size));
	if (i < STAYING)
		CHECK(!seen[i]++);
}

static void walk(void)
{
	unsigned char seen[STAYING] = {};
	char key[KV_KEY_MAX];
	struct kv_entry e = { .version = KV_VERSION };
	int err;

	do {
		__u64 cursor = e.cursor;

		e = entry(key, sizeof(key), out, sizeof(out));
		e.cursor = cursor;
		err = ioctl(device, KV_NEXT, &e);
		if (!err)
			visit(seen, key, e.key_size, out, e.value_size);
	} while (!err);
	CHECK(errno == ENOENT);
	CHECK(!memchr(seen, 0, sizeof(seen)));
}

static void stream(int fd, size_t room)
{
	unsigned char seen[STAYING] = {};
	ssize_t n;

	while ((n = read(fd, out, room))) {
		CHECK(n > 0);
		for (ssize_t i = 0; i < n;) {
			struct kv_record r;
			char *key = out + i + sizeof(r);

			memcpy(&r, out + i, sizeof(r));
			i += sizeof(r) + r.key_size + r.value_size;
			CHECK(i <= n && r.revision);
			visit(seen, key, r.key_size, key + r.key_size, r.value_size);
		}
	}
	CHECK(!memchr(seen, 0, sizeof(seen)));
}

static int put_filled(unsigned long command, const char *key, unsigned int size, unsigned int seed)
{
	char value[2000];
	struct kv_entry e = entry(key, strlen(key), value, size);

	int err;

	fill(value, size, seed);
	while ((err = ioctl(device, command, &e)) && errno == EBUSY)
		usleep(1000);
	return err;
}

static void walking(void)
{
	char *end = last_page(PROT_READ | PROT_WRITE);
	int fd = open_device(O_RDONLY);
	pid_t child;

	for (unsigned int i = 0; i < STAYING; i++) {
		sprintf(out, "s%u", i);
		CHECK(!put_filled(KV_PUT, out, i * 5, i));
	}
	/* As many as fit; where one cannot be written, those before it. */
	FAILS(EINVAL, read(fd, out, 0));
	FAILS(EINVAL, read(fd, out, sizeof(struct kv_record) + 1));
	FAILS(EFAULT, read(fd, end - 10, 1000));
	CHECK(read(fd, end - sizeof(struct kv_record) - 2, 1000) == sizeof(struct kv_record) + 2);
	CHECK(read(fd, out, 1000) > 0 && !memcmp(out + sizeof(struct kv_record), "s1", 2));
	close(fd);

	share();
	child = start();
	for (unsigned int i = 0; !child; i++) {
		char key[16];

		sprintf(key, "g%u", i % (4 * STAYING));	/* the table grows and shrinks */
		if (i / (4 * STAYING) % 2)
			del(key);
		else
			CHECK(!put_filled(KV_PUT, key, i % 100, i));
		sprintf(key, "s%u", i % STAYING);
		CHECK(!put_filled(KV_PUT, key, i % 500, i));
		count(&shared->puts);
	}
	fd = open_device(O_RDONLY);
	for (int i = 0; i < 10 || counted(&shared->puts) < 8 * STAYING; i++) {
		walk();
		stream(fd, i % 2 ? 4096 : sizeof(out));
	}
	CHECK(!kill(child, SIGKILL) && waitpid(child, NULL, 0) == child);
	close(fd);
	clear();
}

/* Each process makes what is there one more, so many times. */
static void counting(void)
{
	enum { TIMES = 200 };
	pid_t children[PROCESSES];
	char value[16];

	CHECK(put("n", "0"));
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = start();
		for (int done = 0; !children[i] && done < TIMES;) {
			unsigned long long revision = get("n");

			sprintf(value, "%d", atoi(out) + 1);
			if (change(KV_SWAP, "n", value, revision))
				done++;
			else
				CHECK(errno == ESTALE);
		}
		if (!children[i])
			exit(0);
	}
	for (int i = 0; i < PROCESSES; i++)
		wait_for(children[i]);
	sprintf(value, "%d", PROCESSES * TIMES);
	CHECK(has("n", value));
	clear();
}

/* One of several processes that all do so, with the same keys. */
static void work(unsigned int seed)
{
	unsigned int random = seed * 7919 + 1;
	char key[16];

	device = open_device(O_RDWR);
	while (!stopped()) {
		random = random * 1664525 + 1013904223;
		sprintf(key, "%u", (random >> 8) % KEYS);
		switch (random >> 29) {
		case 0:
			CHECK(!put_filled(KV_PUT, key, random % 2000, random));
			count(&shared->puts);
			break;
		case 1:
			if (!put_filled(KV_SWAP, key, random % 20, random))
				count(&shared->swaps);
			else
				CHECK(errno == EEXIST);
			break;
		case 2:
			if (!del(key))
				count(&shared->dels);
			else
				CHECK(errno == ENOENT);
			break;
		default: {
			struct kv_entry e = entry(key, strlen(key), out, sizeof(out));

			if (!ioctl(device, KV_GET, &e)) {
				CHECK(is_filled(out, e.value_size));
				count(&shared->gets);
			} else {
				CHECK(errno == ENOENT);
			}
		}
		}
	}
}

/* Waits for changes until it has seen the last one; if a wake-up is lost, it waits for ever. */
static void watch(void)
{
	unsigned long long seen;

	device = open_device(O_RDONLY);
	seen = stats(device).revision;
	while (seen != __atomic_load_n(&shared->last, __ATOMIC_ACQUIRE)) {
		struct kv_stats s;

		CHECK(changed(device, PATIENCE));
		s = stats(device);
		CHECK(s.revision > seen && s.entries <= KEYS + 1);
		seen = s.revision;
	}
}

static void at_once(void)
{
	struct kv_stats before = stats(device), after;
	pid_t watcher, processes[PROCESSES];

	share();
	shared->last = ~0ull;
	watcher = start();
	if (!watcher) {
		watch();
		exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		processes[i] = start();
		if (!processes[i]) {
			work(i);
			exit(0);
		}
	}
	while (counted(&shared->puts) < 1000 || counted(&shared->swaps) < 100 || counted(&shared->dels) < 1000 ||
	       counted(&shared->gets) < 1000)
		usleep(10 * 1000);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < PROCESSES; i++)
		wait_for(processes[i]);
	after = stats(device);
	/* Each change has had a number of its own. */
	CHECK(after.revision - before.revision == shared->puts + shared->swaps + shared->dels);
	__atomic_store_n(&shared->last, after.revision + 1, __ATOMIC_RELEASE);
	CHECK(put("last", "1") == after.revision + 1);
	wait_for(watcher);
	printf("kv_user: %lu put, %lu swapped in, %lu deleted, %lu found\n", shared->puts, shared->swaps, shared->dels,
	       shared->gets);
	clear();
}

static int try_open(void)
{
	int fd = open(path, O_RDWR);

	return fd < 0 ? -1 : close(fd);
}

static int try_put(void)
{
	return put("b", "2") ? 0 : -1;
}

static int try_replace(void)
{
	return put("a", "2") ? 0 : -1;
}

static int try_config(void)
{
	struct kv_config c = { .version = KV_VERSION, .entries = 1000 };

	return ioctl(device, KV_SET_CONFIG, &c);
}

/* The nth allocation of this process fails; 0: none does. Returns how many more it would have taken. */
static unsigned int fail_nth(int fd, unsigned int n)
{
	char text[16] = {};

	CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK(dprintf(fd, "%u", n) > 0);
	return atoi(text);
}

/* Each allocation fails once. */
static void without_memory(void)
{
	int (*const requests[])(void) = { try_open, try_put, try_replace, try_config };
	int fd = open("/proc/self/fail-nth", O_RDWR), failures = 0;

	for (int i = 0; i < 4 && fd >= 0; i++) {
		unsigned int left = 0;

		for (unsigned int n = 1; !left; n++) {
			struct kv_stats before;
			int err, error;

			CHECK(put("a", "1"));
			before = stats(device);
			fail_nth(fd, n);
			err = requests[i]();
			error = errno;
			left = fail_nth(fd, 0);
			if (err) {
				CHECK(error == ENOMEM && has("a", "1") && !get("b"));
				CHECK(stats(device).revision == before.revision && stats(device).bytes == before.bytes);
				failures++;
			}
			clear();
		}
	}
	printf("kv_user: %d requests failed for want of memory\n", failures);
	CHECK(fd < 0 || failures >= 4);
	usual_limits();
}

static void load(void)
{
	share();
	for (int i = 0; i < PROCESSES; i++)
		if (!start())
			work(i);
	for (int i = 0;; i++) {
		struct kv_entry e = entry(out, KV_KEY_MAX, out, sizeof(out));

		changed(device, 1);
		while (read(device, out, sizeof(out)) > 0)
			;
		if (!(i % 10))
			CHECK(!ioctl(device, KV_CLEAR, 0));
		limit(100 + i % 100, (32 << 20) + i);
		while (!ioctl(device, KV_NEXT, &e))
			e.key_size = KV_KEY_MAX, e.value_size = sizeof(out);
	}
}

static unsigned int size_of(unsigned int seed)
{
	return sizeof(seed) + seed % 200;
}

/* The value tells the key and how often it has been put. */
static void put_one_of_many(unsigned int i, unsigned int times)
{
	unsigned int seed = i + MANY * times;
	char key[16];

	sprintf(key, "%u", i);
	CHECK(!put_filled(KV_PUT, key, size_of(seed), seed));
}

static void replace_many(unsigned int random)
{
	for (unsigned int times = 1; !stopped(); times++) {
		random = random * 1664525 + 1013904223;
		put_one_of_many((random >> 8) % MANY, times % 40000);
		count(&shared->puts);
	}
}

/* Each key is there, with a value of its own that is whole and no older than before. */
static void read_many(unsigned int random)
{
	static unsigned long long seen[MANY];

	device = open_device(O_RDONLY);
	while (!stopped()) {
		unsigned int i, seed;
		struct kv_entry e;
		char key[16];

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % MANY;
		sprintf(key, "%u", i);
		e = entry(key, strlen(key), out, sizeof(out));
		CHECK(!ioctl(device, KV_GET, &e) && e.value_size >= sizeof(seed));
		memcpy(&seed, out, sizeof(seed));
		CHECK(seed % MANY == i && e.value_size == size_of(seed) && is_filled(out, e.value_size));
		CHECK(e.revision >= seen[i]);
		seen[i] = e.revision;
		count(&shared->gets);
	}
}

static void read_for(unsigned int seconds)
{
	pid_t writer, readers[PROCESSES];

	share();
	for (unsigned int i = 0; i < MANY; i++)
		put_one_of_many(i, 0);
	writer = start();
	if (!writer) {
		replace_many(1);
		exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		readers[i] = start();
		if (!readers[i]) {
			read_many(i + 2);
			exit(0);
		}
	}
	sleep(seconds);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	wait_for(writer);
	for (int i = 0; i < PROCESSES; i++)
		wait_for(readers[i]);
	CHECK(shared->gets && shared->puts && stats(device).entries == MANY);
	printf("kv_user: %d keys, %d readers and a writer for %u s: %lu replaced, %lu read, all of them right\n", MANY,
	       PROCESSES, seconds, shared->puts, shared->gets);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		void (*run)(void);
	} checks[] = {
		{ "what is put is there until it is deleted", changing },
		{ "keys and values come back whole", sizes },
		{ "entries are refused that are wrong in any field", wrong_entries },
		{ "and so are other requests", wrong_others },
		{ "what cannot be copied is refused", faults },
		{ "who may do what", permissions },
		{ "there is no more than allowed", limits },
		{ "poll() tells of changes", polling },
		{ "a walk sees all that stays", walking },
		{ "of several who swap, one succeeds", counting },
		{ "several processes at once", at_once },
		{ "allocations that fail", without_memory },
	};

	if (argc < 2)
		return 2;
	path = argv[1];
	device = open_device(O_RDWR);
	if (argc > 3) {
		read_for(atoi(argv[3]));
		return 0;
	}
	if (argc > 2)
		load();
	for (unsigned int i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		checks[i].run();
		printf("kv_user: %s: passed\n", checks[i].what);
		fflush(stdout);
	}
	close(device);
	return 0;
}
