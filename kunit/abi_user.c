// SPDX-License-Identifier: GPL-2.0
/*
 * A user of /dev/krcu_kunit_abi, run by uapi_test.cpp and user_test.cpp. Exits
 * with 0 when all was as it should be; what was not is in the kernel's log.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"
#include "user.h"

static int device;

static int fails(int result)
{
	return result == -1 && errno == EFAULT;
}

static void names(void)
{
	struct {
		struct abi_name name;
		char text[8];
	} good = { { 7, 8 }, "eight by" };
	char *end = last_page(PROT_READ | PROT_WRITE);
	__u32 length = 0;

	CHECK(!ioctl(device, ABI_NAME, &good));
	CHECK(!ioctl(device, ABI_LENGTH, &length) && length == 8);

	CHECK(fails(ioctl(device, ABI_NAME, NULL)));
	CHECK(fails(ioctl(device, ABI_NAME, end)));
	/* In the middle of the header, and in the middle of what is behind it */
	memcpy(end - 4, &good, 4);
	CHECK(fails(ioctl(device, ABI_NAME, end - 4)));
	memcpy(end - 12, &good, 12);
	CHECK(fails(ioctl(device, ABI_NAME, end - 12)));
	CHECK(!ioctl(device, ABI_LENGTH, &length) && length == 8);
	memcpy(end - sizeof(good), &good, sizeof(good));
	CHECK(!ioctl(device, ABI_NAME, end - sizeof(good)));

	CHECK(fails(ioctl(device, ABI_LENGTH, end)));
	CHECK(fails(ioctl(device, ABI_LENGTH, last_page(PROT_READ) - 4)));
	CHECK(!ioctl(device, ABI_FORGET));
	CHECK(!ioctl(device, ABI_LENGTH, &length) && length == 0);
}

/* What comes back is one more in each member. */
static void records(void)
{
	struct abi_record record = { 1, -2, 3, -4, 1ull << 40, 5, 6, 0, -(1ll << 40) };
	const struct abi_record expected = { 2, -1, 4, -3, (1ull << 40) + 1, 6, 7, 0, (-(1ll << 40)) + 1 };

	CHECK(!ioctl(device, ABI_RECORD, &record));
	CHECK(!memcmp(&record, &expected, sizeof(record)));
	CHECK(fails(ioctl(device, ABI_RECORD, NULL)));
}

int main(int argc, char **argv)
{
	const unsigned long long numbers[] = {
#include "abi_numbers.h"
};

	alarm(250); /* before KUnit gives up */
	device = open("/dev/krcu_kunit_abi", O_RDWR);
	CHECK(device >= 0 && argc == 2);
	if (!strcmp(argv[1], "numbers")) {
		CHECK(write(device, numbers, sizeof(numbers)) == sizeof(numbers));
		return 0;
	}
	names();
	records();
	CHECK(fails(write(device, argv[argc], 1))); /* a NULL that the compiler does not see */
	return 0;
}
