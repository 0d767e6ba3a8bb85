// SPDX-License-Identifier: GPL-2.0
/*
 * Random and hostile requests to module/kv's driver, run by scripts/guests/fuzz.sh:
 *
 *	kv_fuzz DEVICE SECONDS [SEED]
 *
 * Several processes make them for so long, and until each ioctl has succeeded and has failed. Their structs are in
 * memory that all of them write to meanwhile. The driver may refuse with what its ABI has; all else is for the kernel
 * to complain of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../module/kv/abi.h"
#include "user.h"

enum {
	PROCESSES = 4,
	KINDS = 9,		/* of ioctls */
	STRUCTS = 8,
	ROOM = 1 << 16,		/* for a value */
};

union argument {
	struct kv_entry entry;
	struct kv_stats stats;
	struct kv_config config;
	__u64 words[8];
};

static struct {
	unsigned long calls, good[KINDS], bad[KINDS];
	unsigned long long revision;
	int tight;		/* there is little room for values */
} *shared;

static const unsigned long commands[KINDS] = {
	KV_GET, KV_PUT, KV_SWAP, KV_DELETE, KV_NEXT, KV_CLEAR, KV_STATS, KV_GET_CONFIG, KV_SET_CONFIG,
};

static union argument *arguments;	/* anybody's */
static const char *path;
static char *page_end, *constant_end, *value;
static unsigned long long state;

/* With nothing behind it: who is told that there is more room gets EFAULT. */
static void *room_for(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
	char *at = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED && !munmap(at + room, page));
	return at + room - size;
}

/* Up to, and without, n. */
static unsigned long long random_below(unsigned long long n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 32 ^ state << 11) % n;
}

static int one_in(unsigned int n)
{
	return !random_below(n);
}

static __u64 any_address(void)
{
	switch (random_below(8)) {
	case 0:
		return 0;
	case 1:
		return ~0ull - random_below(8192);
	case 2:
		return 0xffff888000000000ull + random_below(1 << 30);
	case 3:
		return (uintptr_t)page_end - random_below(300);
	case 4:
		return (uintptr_t)constant_end - random_below(300);
	case 5:
		return (uintptr_t)&arguments[random_below(STRUCTS)];
	case 6:
		return (uintptr_t)commands;
	default:
		return state;
	}
}

static __u32 any_size(__u32 limit)
{
	switch (random_below(6)) {
	case 0:
		return limit + random_below(3) - 1;
	case 1:
		return state;
	case 2:
		return 0;
	default:
		return random_below(limit + 1);
	}
}

/* Mostly small ones; what is large takes KASAN long. */
static __u32 any_value_size(void)
{
	if (one_in(20))
		return any_size(one_in(50) ? KV_VALUE_MAX : 300);
	return random_below(one_in(50) ? ROOM : 300);
}

static void make_entry(struct kv_entry *e, char *key)
{
	int size = 1 + random_below(2);

	for (int i = 0; i < size; i++)
		key[i] = 'a' + random_below(16);
	*e = (struct kv_entry){
		.version = one_in(50) ? random_below(3) : KV_VERSION,
		.reserved = one_in(50) ? state : 0,
		.key = one_in(20) ? any_address() : (uintptr_t)key,
		.key_size = one_in(20) ? any_size(KV_KEY_MAX) : (__u32)size,
		.value = one_in(20) ? any_address() : (uintptr_t)value,
		.value_size = any_value_size(),
		.revision = one_in(2) ? 0 : shared->revision - random_below(10),
		.cursor = one_in(20) ? state >> random_below(64) : 0,
	};
}

/* What most of them want, and some do not. */
static void adapt(unsigned long command, struct kv_entry *e)
{
	if (command == KV_NEXT) {
		e->key_size = one_in(10) ? e->key_size : KV_KEY_MAX;
		e->cursor = random_below(300);
	}
	if (command == KV_GET || command == KV_NEXT)
		e->value_size = one_in(3) ? e->value_size : ROOM;
	if (command == KV_DELETE && !one_in(20)) {
		e->value = 0;
		e->value_size = 0;
	}
}

static void make_config(struct kv_config *c)
{
	static const __u64 bytes[] = { 0, 1, 1 << 10, 1 << 18, 8 << 20, 16 << 20, KV_BYTES_MAX + 1, ~0ull };

	*c = (struct kv_config){
		.version = one_in(20) ? random_below(3) : KV_VERSION,
		.entries = one_in(20) ? KV_ENTRIES_MAX + random_below(1000) : random_below(1000),
		.bytes = bytes[random_below(8)],
	};
	if (c->entries == KV_ENTRIES_MAX)
		c->entries++;
}

static int is_known(int error)
{
	switch (error) {
	case EAGAIN:
	case EBADF:
	case EBUSY:
	case EEXIST:
	case EFAULT:
	case EINVAL:
	case ENOENT:
	case ENOMEM:
	case ENOSPC:
	case ENOTTY:
	case EOPNOTSUPP:
	case EPERM:
	case ERANGE:
	case ESTALE:
		return 1;
	}
	return 0;
}

/* Of an entry's addresses, none that makes another one of this process's: its own memory is not to be harmed. */
static void flip_a_bit(union argument *a)
{
	unsigned int i = random_below(8);
	int address = &a->words[i] == (__u64 *)&a->entry.key || &a->words[i] == (__u64 *)&a->entry.value;

	a->words[i] ^= 1ull << (address ? 47 + random_below(17) : random_below(64));
}

static void count(unsigned long *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_RELAXED);
}

static void request(int fd)
{
	union argument mine = {}, *argument = one_in(4) ? &arguments[random_below(STRUCTS)] : &mine;
	unsigned int kind = random_below(KINDS);
	unsigned long command = commands[kind];
	char key[KV_KEY_MAX] = {};
	int err;

	/*
	 * Otherwise there would be little in the table; or little room, where each writer waits for grace periods, and
	 * which is soon over for that.
	 */
	if ((command == KV_CLEAR || command == KV_SET_CONFIG) && !one_in(command != KV_CLEAR && shared->tight ? 2 : 50))
		return;
	if (command == KV_SET_CONFIG)
		make_config(&argument->config);
	else if (kind < 5)
		make_entry(&argument->entry, key), adapt(command, &argument->entry);
	else
		argument->words[0] = one_in(20) ? state : KV_VERSION;
	if (one_in(50))
		command = one_in(2) ? state : command ^ 1u << random_below(32);
	else if (one_in(50))
		flip_a_bit(argument);
	if (command == KV_CLEAR)
		err = ioctl(fd, command, one_in(20));
	else
		err = ioctl(fd, command, one_in(50) ? (void *)(uintptr_t)any_address() : argument);
	CHECK(!err || (err == -1 && is_known(errno)));
	count(&shared->calls);
	if (!err && kind < 4)
		shared->revision = argument->entry.revision;
	if (!err && command == KV_SET_CONFIG && argument->config.bytes)
		shared->tight = argument->config.bytes < 1 << 20;
	if (command == commands[kind])
		count(err ? &shared->bad[kind] : &shared->good[kind]);
}

/* Changes a struct that others are at. */
static void disturb(void)
{
	union argument *a = &arguments[random_below(STRUCTS)];

	if (one_in(2))
		a->words[random_below(8)] = any_size(KV_KEY_MAX);
	else
		a->entry.value_size = random_below(ROOM);
}

static int any_device(void)
{
	static const int flags[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	int fd = open(path, flags[random_below(4)]);

	CHECK(fd >= 0 || errno == ENOMEM);
	return fd;
}

static void other_call(int fd)
{
	struct pollfd p = { .fd = fd, .events = random_below(1 << 16) };

	switch (random_below(4)) {
	case 0:
		CHECK(poll(&p, 1, one_in(1000)) >= 0);
		break;
	case 1:
		CHECK(lseek(fd, state, SEEK_SET) < 0 && mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
		break;
	default: {
		int good = one_in(4);
		void *to = good ? value : (void *)(uintptr_t)any_address();

		CHECK(read(fd, to, good ? random_below(ROOM) : any_size(ROOM)) >= 0 || is_known(errno));
	}
	}
}

static int all_happened(void)
{
	for (int i = 0; i < KINDS; i++)
		if (!__atomic_load_n(&shared->good[i], __ATOMIC_RELAXED) ||
		    !__atomic_load_n(&shared->bad[i], __ATOMIC_RELAXED))
			return 0;
	return 1;
}

static void fuzz(unsigned int seconds, unsigned long seed)
{
	time_t end = time(NULL) + seconds;
	int fds[3];

	state = seed * 7919 + 1;
	page_end = last_page(PROT_READ | PROT_WRITE);
	constant_end = last_page(PROT_READ);
	value = room_for(ROOM);
	for (int i = 0; i < 3; i++)
		fds[i] = any_device();
	while (time(NULL) < end || !all_happened()) {
		for (int i = 0; i < 100; i++) {
			request(fds[random_below(3)]);
			if (one_in(8))
				disturb();
			if (one_in(8))
				other_call(fds[random_below(3)]);
		}
		if (one_in(10)) {
			int i = random_below(3);

			close(fds[i]);
			fds[i] = any_device();
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 3 ? strtoul(argv[3], NULL, 0) : (unsigned long)time(NULL);
	unsigned long good = 0;
	pid_t processes[PROCESSES];

	if (argc < 3)
		return 2;
	path = argv[1];
	shared = room_for(sizeof(*shared));
	arguments = room_for(STRUCTS * sizeof(*arguments));
	printf("kv_fuzz: seed %lu\n", seed);
	for (int i = 0; i < PROCESSES; i++) {
		processes[i] = start();
		if (!processes[i]) {
			fuzz(atoi(argv[2]), seed + i);
			exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		wait_for(processes[i]);
	for (int i = 0; i < KINDS; i++)
		good += shared->good[i];
	printf("kv_fuzz: %lu ioctls, of which %lu succeeded\n", shared->calls, good);
	return 0;
}
