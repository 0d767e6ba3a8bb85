/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs share that use the test drivers' devices. */
#ifndef USER_H
#define USER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the program with 1, and a line in the kernel's log, unless it holds. */
#define CHECK(condition) check(condition, #condition, __FILE_NAME__, __LINE__)

#define FAILS(error, call) CHECK((call) == -1 && errno == (error))

static inline void check(int good, const char *condition, const char *file, int line)
{
	char text[500];

	if (good)
		return;
	/* Not dprintf(): glibc's asks where in the file it is, which /dev/kmsg does not know. */
	snprintf(text, sizeof(text), "%s:%d: failed: %s (errno: %s)\n", file, line, condition, strerror(errno));
	if (write(open("/dev/kmsg", O_WRONLY), text, strlen(text)) < 0)
		perror("/dev/kmsg");
	exit(1);
}

/* A page that is there, with one behind it that is not. */
static inline char *last_page(int protection)
{
	long size = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(pages != MAP_FAILED);
	CHECK(!munmap(pages + size, size));
	return pages + size;
}

/* A process that ends with this one. Returns 0 in it. */
static inline pid_t start(void)
{
	pid_t parent = getpid(), child;

	fflush(stdout);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return child;
}

/* It must end well. */
static inline void wait_for(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child && !status);
}

#endif /* USER_H */
