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

/* The same ones, whichever compiler reads this. */
#define ABI_NUMBERS							\
	sizeof(struct abi_record), sizeof(struct abi_name),		\
	__alignof__(struct abi_record),					\
	__builtin_offsetof(struct abi_record, port),			\
	__builtin_offsetof(struct abi_record, number),			\
	__builtin_offsetof(struct abi_record, address),			\
	__builtin_offsetof(struct abi_record, little),			\
	__builtin_offsetof(struct abi_record, big),			\
	__builtin_offsetof(struct abi_record, offset),			\
	ABI_FORGET, ABI_LENGTH, ABI_NAME, ABI_RECORD,			\
	sizeof(__u8), sizeof(__u16), sizeof(__u32), sizeof(__u64),	\
	sizeof(__le16), sizeof(__be32), sizeof(__le64),			\
	(__s8)-1 < 0, (__s16)-1 < 0, (__s32)-1 < 0, (__s64)-1 < 0,	\
	(__u8)-1 > 0, (__u16)-1 > 0, (__u32)-1 > 0, (__u64)-1 > 0

enum { ABI_COUNT = 28 };

#endif /* ABI_H */
