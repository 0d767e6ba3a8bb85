/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* An ABI: what the suites' C and C++ and a program of user space all include. */
#ifndef ABI_H
#define ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct abi_record {
	__u8 flag;
	__s8 small;
	__u16 port;
	__s32 number;
	__aligned_u64 address;
	__le32 little;
	__be16 big;
	__u16 reserved;
	__s64 offset;
};

/* As many bytes are behind it. */
struct abi_name {
	__u32 owner;
	__u32 length;
};

#define ABI_FORGET	_IO('K', 0)
#define ABI_LENGTH	_IOR('K', 1, __u32)
#define ABI_NAME	_IOW('K', 2, struct abi_name)
#define ABI_RECORD	_IOWR('K', 3, struct abi_record)

/* Numbers that are the same ones whichever compiler reads abi_numbers.h. */
enum { ABI_COUNT = 28 };

#endif /* ABI_H */
