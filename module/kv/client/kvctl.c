// SPDX-License-Identifier: GPL-2.0
/* kvctl: the table of keys and values from a shell; see usage() below. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libkv.h"

enum { DONE, NOT_THERE, USAGE, NO_DEVICE, FAILED };

static const char usage[] =
	"usage: kvctl [--device=" KV_DEVICE "] COMMAND\n"
	"  get KEY                  print the value as it is\n"
	"  put KEY VALUE            VALUE - is what stdin has\n"
	"  swap KEY REVISION VALUE  put it if the key has that revision; 0: if it is not there\n"
	"  del KEY\n"
	"  list                     a line for each entry: the key, a tab, the value; \\xNN for what cannot be printed\n"
	"  load FILE                put all lines of such a file, once all of it is known to be good; - is stdin\n"
	"  watch [KEY...]           a line for each change, until interrupted\n"
	"  stat                     what there is, and what may be\n"
	"  limit ENTRIES BYTES      how much there may be; 0: as before\n"
	"  clear                    delete all\n"
	"  bench [SECONDS [CPUS]]   look up what is there, at random, by a process on each of so many CPUs\n"
	"exit status: 0 done; 1 no such key, or not of that revision; 2 wrong usage, or a bad file;\n"
	"3 the device cannot be opened; 4 anything else\n";

static int device;

/* The status, and a format with what it wants. */
#define die(status, ...)						\
	do {								\
		fprintf(stderr, "kvctl: " __VA_ARGS__);			\
		fputc('\n', stderr);					\
		exit(status);						\
	} while (0)

/* Ends the program unless the last call went well. */
static void expect(int err, const char *what)
{
	if (err)
		die(errno == ENOENT || errno == ESTALE || errno == EEXIST ? NOT_THERE : FAILED, "%s: %s", what,
		    strerror(errno));
}

static void flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		die(FAILED, "stdout: %s", strerror(errno));
}

static unsigned long long number_of(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno)
		die(USAGE, "%s is no number", text);
	return n;
}

static struct kv_item item_of(const char *key)
{
	struct kv_item item = { .key_size = strlen(key) };

	if (!item.key_size || item.key_size > KV_KEY_MAX)
		die(USAGE, "a key has 1 to %d bytes", KV_KEY_MAX);
	memcpy(item.key, key, item.key_size);
	return item;
}

/* All of a file, - for stdin. */
static char *read_file(const char *name, size_t *size)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "r") : stdin;
	size_t room = 1 << 16;
	char *text = malloc(room);

	if (!file)
		die(USAGE, "%s: %s", name, strerror(errno));
	*size = 0;
	while (text && (*size += fread(text + *size, 1, room - *size, file)) == room)
		text = realloc(text, room *= 2);
	if (!text || ferror(file))
		die(FAILED, "%s: %s", name, strerror(errno));
	return text;
}

static void set_value(struct kv_item *item, char *value)
{
	item->value = value;
	item->value_size = strlen(value);
	if (!strcmp(value, "-"))
		item->value = read_file("-", &item->value_size);
	if (item->value_size > KV_VALUE_MAX)
		die(USAGE, "a value has up to %d bytes", KV_VALUE_MAX);
}

static void print_escaped(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = bytes[i];

		if (c < ' ' || c == 127 || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

/* In place; returns the size, or -1. */
static ssize_t unescape(char *text, size_t size)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++) {
		char digits[3] = {};

		if (text[i] != '\\') {
			text[to++] = text[i];
			continue;
		}
		if (size - i < 4 || text[i + 1] != 'x' || !isxdigit((unsigned char)text[i + 2]) ||
		    !isxdigit((unsigned char)text[i + 3]))
			return -1;
		memcpy(digits, text + i + 2, 2);
		text[to++] = strtoul(digits, NULL, 16);
		i += 3;
	}
	return to;
}

static void get(char **args)
{
	struct kv_item item = item_of(args[0]);

	expect(kv_get(device, &item), args[0]);
	fwrite(item.value, 1, item.value_size, stdout);
}

static void put(char **args)
{
	struct kv_item item = item_of(args[0]);

	set_value(&item, args[1]);
	expect(kv_put(device, &item), args[0]);
}

static void swap(char **args)
{
	struct kv_item item = item_of(args[0]);

	set_value(&item, args[2]);
	item.revision = number_of(args[1]);
	expect(kv_swap(device, &item), args[0]);
}

static void del(char **args)
{
	struct kv_item item = item_of(args[0]);

	expect(kv_delete(device, &item), args[0]);
}

static void list(char **args)
{
	struct kv_item item = {};

	while (!kv_next(device, &item)) {
		print_escaped(item.key, item.key_size);
		putchar('\t');
		print_escaped(item.value, item.value_size);
		putchar('\n');
	}
	if (errno != ENOENT)
		expect(-1, "list");
}

/* A line of a file, in place. */
struct line {
	char *key, *value;
	size_t key_size, value_size;
};

/* Takes a line apart, and returns where the next one begins. */
static char *parse(const char *name, unsigned long number, char *text, char *end, struct line *line)
{
	char *newline = memchr(text, '\n', end - text);
	char *tab = newline ? memchr(text, '\t', newline - text) : NULL;
	ssize_t key, value;

	if (!newline)
		die(USAGE, "%s:%lu: the line does not end: is the file truncated?", name, number);
	if (!tab)
		die(USAGE, "%s:%lu: no tab between key and value", name, number);
	key = unescape(text, tab - text);
	value = unescape(tab + 1, newline - tab - 1);
	if (key < 1 || key > KV_KEY_MAX || value < 0 || value > KV_VALUE_MAX)
		die(USAGE, "%s:%lu: no key of 1 to %d bytes with a value of up to %d", name, number, KV_KEY_MAX,
		    KV_VALUE_MAX);
	*line = (struct line){ text, tab + 1, key, value };
	return newline + 1;
}

static void load(char **args)
{
	size_t size, n = 0, room = 0;
	char *text = read_file(args[0], &size);
	struct line *lines = NULL;
	struct kv_item item;

	for (char *at = text; at < text + size;) {
		if (n == room) {
			room = room ? 2 * room : 1024;
			lines = realloc(lines, room * sizeof(*lines));
			if (!lines)
				die(FAILED, "%s: %s", args[0], strerror(errno));
		}
		at = parse(args[0], n + 1, at, text + size, &lines[n]);
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		item = (struct kv_item){ .key_size = lines[i].key_size };
		memcpy(item.key, lines[i].key, item.key_size);
		item.value = lines[i].value;
		item.value_size = lines[i].value_size;
		expect(kv_put(device, &item), args[0]);
	}
	printf("%zu put\n", n);
}

/* What became of a key since it had that revision. */
static void tell(const char *key, unsigned long long *revision)
{
	struct kv_item item = item_of(key);

	if (kv_get(device, &item)) {
		if (errno != ENOENT)
			expect(-1, key);
		if (*revision)
			printf("%s: deleted\n", key);
	} else if (item.revision != *revision) {
		printf("%s: revision %llu, %zu bytes\n", key, item.revision, item.value_size);
	}
	*revision = item.revision;
	kv_free(&item);
}

static void watch(char **args)
{
	unsigned long long *revisions;
	struct kv_stats stats;
	int n = 0;

	while (args[n])
		item_of(args[n++]);
	revisions = calloc(n + 1, sizeof(*revisions));
	if (!revisions)
		expect(-1, "watch");
	do {
		expect(kv_stats(device, &stats), "watch");
		if (!n)
			printf("revision %llu, %llu entries\n", (unsigned long long)stats.revision,
			       (unsigned long long)stats.entries);
		for (int i = 0; i < n; i++)
			tell(args[i], &revisions[i]);
		flush();
	} while (!kv_wait(device));
	expect(-1, "watch");
}

static void stat(char **args)
{
	struct kv_config config;
	struct kv_stats stats;

	expect(kv_stats(device, &stats) ?: kv_get_config(device, &config), "stat");
	printf("revision\t%llu\nentries\t\t%llu of %u\nbytes\t\t%llu of %llu\nretired bytes\t%llu\nwaits\t\t%llu\n",
	       (unsigned long long)stats.revision, (unsigned long long)stats.entries, config.entries,
	       (unsigned long long)stats.bytes, (unsigned long long)config.bytes, (unsigned long long)stats.retired,
	       (unsigned long long)stats.waits);
}

static void limit(char **args)
{
	unsigned long long entries = number_of(args[0]);

	if (entries > KV_ENTRIES_MAX)
		die(USAGE, "up to %d entries", KV_ENTRIES_MAX);
	expect(kv_set_config(device, entries, number_of(args[1])), "limit");
}

static void clear(char **args)
{
	expect(kv_clear(device), "clear");
}

/* Every entry, and their number. */
static struct kv_item *all(size_t *n)
{
	struct kv_item item = {}, *items = NULL;
	size_t room = 0;

	for (*n = 0; !kv_next(device, &item); (*n)++) {
		if (*n == room) {
			room = room ? 2 * room : 1024;
			items = realloc(items, room * sizeof(*items));
			if (!items)
				expect(-1, "bench");
		}
		items[*n] = item;
		item.value = NULL;	/* the next one has its own */
		item.room = 0;
	}
	if (errno != ENOENT)
		expect(-1, "bench");
	return items;
}

static unsigned long long now_us(void)
{
	struct timespec now;

	expect(clock_gettime(CLOCK_MONOTONIC, &now), "bench");
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* Looks keys up until the time is over, and checks what of them has not changed. Returns how many a second. */
static unsigned long look_up(const struct kv_item *items, size_t n, unsigned int cpu, unsigned int seconds)
{
	unsigned long long begin, took, reads = 0;
	unsigned int random = cpu * 7919 + 1;
	struct kv_item item = {};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	expect(sched_setaffinity(0, sizeof(cpus), &cpus), "bench: no such CPU");
	begin = now_us();
	do {
		const struct kv_item *sought;

		random = random * 1664525 + 1013904223;
		sought = &items[(unsigned long long)random * n >> 32];
		memcpy(item.key, sought->key, sought->key_size);
		item.key_size = sought->key_size;
		if (kv_get(device, &item)) {
			if (errno != ENOENT)
				expect(-1, "bench");
		} else if (item.revision == sought->revision &&
			   (item.value_size != sought->value_size ||
			    memcmp(item.value, sought->value, item.value_size))) {
			die(FAILED, "bench: %.*s has another value than before", (int)item.key_size, item.key);
		}
		took = ++reads % 64 ? 0 : now_us() - begin;
	} while (took < seconds * 1000000ull);
	return reads * 1000000 / took;
}

static void run_bench(char **args)
{
	unsigned long long seconds = args[0] ? number_of(args[0]) : 1;
	unsigned long long cpus = args[0] && args[1] ? number_of(args[1]) : sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long *rate = mmap(NULL, sizeof(*rate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kv_item *items;
	int status, failed = 0;
	size_t n;

	if (rate == MAP_FAILED)
		expect(-1, "bench");
	if (!seconds || seconds > 86400 || !cpus || cpus > CPU_SETSIZE)
		die(USAGE, "bench: up to a day, on up to %d CPUs", CPU_SETSIZE);
	items = all(&n);
	if (!n)
		die(FAILED, "bench: there is nothing to look up");
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		pid_t child = fork();

		if (child < 0)
			expect(-1, "bench");
		if (!child) {
			__atomic_add_fetch(rate, look_up(items, n, cpu, seconds), __ATOMIC_RELAXED);
			exit(DONE);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	if (failed)
		exit(FAILED);
	printf("%lu reads per second on %llu CPU%s\n", *rate, cpus, cpus == 1 ? "" : "s");
}

static const struct {
	const char *name;
	void (*run)(char **args);
	int least, most;	/* arguments; -1: any number */
} commands[] = {
	{ "get", get, 1, 1 },
	{ "put", put, 2, 2 },
	{ "swap", swap, 3, 3 },
	{ "del", del, 1, 1 },
	{ "list", list, 0, 0 },
	{ "load", load, 1, 1 },
	{ "watch", watch, 0, -1 },
	{ "stat", stat, 0, 0 },
	{ "limit", limit, 2, 2 },
	{ "clear", clear, 0, 0 },
	{ "bench", run_bench, 0, 2 },
};

int main(int argc, char **argv)
{
	const char *path = KV_DEVICE;
	char **args = argv + 1;

	if (*args && !strncmp(*args, "--device=", 9))
		path = *args++ + 9;
	if (*args && !strcmp(*args, "--help")) {
		fputs(usage, stdout);
		flush();
		return DONE;
	}
	if (!*args)
		die(USAGE, "no command: see kvctl --help");
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		int n = argv + argc - args - 1;

		if (strcmp(*args, commands[i].name))
			continue;
		if (n < commands[i].least || (commands[i].most >= 0 && n > commands[i].most))
			die(USAGE, "%s: wrong number of arguments: see kvctl --help", *args);
		device = open(path, O_RDWR);
		if (device < 0 && (errno == EACCES || errno == EROFS))
			device = open(path, O_RDONLY);	/* to read from it may be allowed */
		if (device < 0)
			die(NO_DEVICE, "%s: %s", path, strerror(errno));
		commands[i].run(args + 1);
		flush();
		return DONE;
	}
	die(USAGE, "no command %s: see kvctl --help", *args);
}
