// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a header needs that the driver's C and C++ and user space's programs all include: an ABI.
///
/// Such a header includes <linux/types.h>, and <linux/ioctl.h> if it defines ioctls, as any of the kernel's UAPI
/// headers does; it needs no ifdef, and nothing of krcu. In a module's C++, Kbuild.krcu lets the first name be
/// found in krcu: there are __u8 to __s64, __le16 to __be64 and __aligned_u64, and size_t, as wide as in C. The
/// second is the target kernel's own, so the numbers of _IO(), _IOR(), _IOW() and _IOWR() are its, too: the bits
/// for the direction differ between architectures. `__user` is empty in C++: see krcu::UserPtr of user.hpp.
///
/// As in C, a struct has no padding, and no member whose size differs between 32 and 64 bits:
/// Documentation/process/botching-up-ioctls.rst. krcu::copy_to_user() refuses one with padding.
///
/// krcu.hpp includes this header. It is a name for the two that drivers write in their own headers anyway.
///
/// Use like, with an ABI header and what is in the module's C++:
///
///     #include <linux/ioctl.h>
///     #include <linux/types.h>
///
///     struct mydrv_limit {
///             __u32 limit;
///             __u32 reserved;                 // would be padding
///             __aligned_u64 cookie;
///     };
///     #define MYDRV_SET_LIMIT _IOW('M', 1, struct mydrv_limit)
///
///     int mydrv_ioctl(unsigned int cmd, unsigned long arg)
///     {
///             mydrv_limit limit;
///
///             switch (cmd) {
///             case MYDRV_SET_LIMIT:
///                     return krcu::copy_from_user(limit, krcu::UserPtr(arg)) ? -EFAULT : 0;
///             }
///             return -ENOTTY;
///     }
#ifndef KRCU_UAPI_HPP
#define KRCU_UAPI_HPP

#include <linux/ioctl.h>
#include <linux/types.h>

#endif // KRCU_UAPI_HPP
