// SPDX-License-Identifier: GPL-2.0
/*
 * What a look-up in the table of keys and values costs a program, with the driver in C by hand and with krcu's:
 *
 *	kv_get PLAIN KRCU	the devices of module/kv, both empty
 *
 * Says it as main.c does of each operation. A clock that counts instructions is read here, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "../kv/abi.h"

enum {
	BURST = 100,
	ROUNDS = 50,	/* of which the least counts: no tick of the clock was in it */
	LARGEST = 4096,
};

static char key[16] = "a key of sixteen", value[LARGEST];

static struct kv_entry entry(unsigned int size)
{
	return (struct kv_entry){
		.version = KV_VERSION,
		.key = (uintptr_t)key,
		.key_size = sizeof(key),
		.value = (uintptr_t)value,
		.value_size = size,
	};
}

static void expect(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static unsigned long long loop(int fd, unsigned long command, struct kv_entry *e, int *failures, int n)
{
	unsigned long long begin = __builtin_ia32_rdtsc();

	for (int i = 0; i < n; i++)
		*failures += ioctl(fd, command, e);
	return __builtin_ia32_rdtsc() - begin;
}

static unsigned long long measure(const char *path, unsigned long command, unsigned int size, int there)
{
	struct kv_entry e = entry(size);
	unsigned long long least = ~0ull;
	int fd = open(path, O_RDWR), failures = 0;

	expect(fd >= 0 && (!there || !ioctl(fd, KV_PUT, &e)), path);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long long took;

		e = entry(size);
		took = loop(fd, command, &e, &failures, BURST);
		least = took < least ? took : least;
	}
	expect(failures == (there ? 0 : -BURST * ROUNDS), path);
	e = entry(0);
	e.value = 0;
	expect(!there || !ioctl(fd, KV_DELETE, &e), path);
	return least;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *what;
		unsigned long command;
		unsigned int size;
		int there;
	} calls[] = {
		{ "kv_16", "ioctl(KV_GET): a value of 16 bytes", KV_GET, 16, 1 },
		{ "kv_4096", "ioctl(KV_GET): a value of 4096 bytes", KV_GET, 4096, 1 },
		{ "kv_none", "ioctl(KV_GET): a key that is not there", KV_GET, 16, 0 },
		{ "kv_nothing", "ioctl() of no driver's", _IO('K', 255), 0, 0 },
	};

	if (argc < 3)
		return 2;
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned long long took[2];

		for (int side = 0; side < 2; side++)
			took[side] = measure(argv[1 + side], calls[i].command, calls[i].size, calls[i].there);
		printf("krcu-bench: %s: burst %d irqs on empty 0 c %llu krcu %llu: %s\n", calls[i].name, BURST, took[0],
		       took[1], calls[i].what);
	}
	return 0;
}
