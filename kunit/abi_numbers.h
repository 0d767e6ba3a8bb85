/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Stands between the braces of an array. */
sizeof(struct abi_record), sizeof(struct abi_name),
__alignof__(struct abi_record),
__builtin_offsetof(struct abi_record, port),
__builtin_offsetof(struct abi_record, number),
__builtin_offsetof(struct abi_record, address),
__builtin_offsetof(struct abi_record, little),
__builtin_offsetof(struct abi_record, big),
__builtin_offsetof(struct abi_record, offset),
ABI_FORGET, ABI_LENGTH, ABI_NAME, ABI_RECORD,
sizeof(__u8), sizeof(__u16), sizeof(__u32), sizeof(__u64),
sizeof(__le16), sizeof(__be32), sizeof(__le64),
(__s8)-1 < 0, (__s16)-1 < 0, (__s32)-1 < 0, (__s64)-1 < 0,
(__u8)-1 > 0, (__u16)-1 > 0, (__u32)-1 > 0, (__u64)-1 > 0
