/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Stands in for the kernel's <linux/types.h> in C++: what user space finds in
 * its own, and size_t. See krcu/uapi.hpp.
 */
#ifndef KRCU_INTERNAL_UAPI_LINUX_TYPES_H
#define KRCU_INTERNAL_UAPI_LINUX_TYPES_H

#include <stddef.h>

/* As in the kernel's <asm-generic/int-ll64.h>, which all architectures share. */
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

/* For sparse, which reads no C++. */
#ifndef __user
#define __user
#endif
#ifndef __bitwise
#define __bitwise
#endif
#ifndef __bitwise__
#define __bitwise__ __bitwise
#endif

typedef __u16 __bitwise __le16;
typedef __u16 __bitwise __be16;
typedef __u32 __bitwise __le32;
typedef __u32 __bitwise __be32;
typedef __u64 __bitwise __le64;
typedef __u64 __bitwise __be64;

typedef __u16 __bitwise __sum16;
typedef __u32 __bitwise __wsum;
typedef unsigned int __bitwise __poll_t;

/* At the same offset in structs of 32-bit programs as in those of a 64-bit kernel. */
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __aligned_s64 __s64 __attribute__((aligned(8)))
#define __aligned_be64 __be64 __attribute__((aligned(8)))
#define __aligned_le64 __le64 __attribute__((aligned(8)))

#endif /* KRCU_INTERNAL_UAPI_LINUX_TYPES_H */
