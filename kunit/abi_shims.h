/* SPDX-License-Identifier: GPL-2.0 */
/* What uapi_test.cpp and user_test.cpp need of the kernel: a program, and the device that it opens. */
#ifndef ABI_SHIMS_H
#define ABI_SHIMS_H

#include <linux/types.h>

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* abi_numbers.h, as C sees it. */
extern const unsigned long kunit_abi_numbers[ABI_COUNT];

struct kunit_abi_device {
	long (*ioctl)(unsigned int cmd, unsigned long arg);
	long (*write)(const void __user *from, size_t n);
};

/*
 * Runs the program abi_user, with that argument, on that device. Its exit status as of wait(2), or a negative
 * errno. One at a time.
 */
int kunit_run_abi_user(char *what, const struct kunit_abi_device *device);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ABI_SHIMS_H */
