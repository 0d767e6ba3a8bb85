// SPDX-License-Identifier: GPL-2.0
// Copies from and to user space, and ABI headers. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Args {
	__u32 number, reserved;
	__u64 address;
};
struct Padded {
	__u32 number;
	__u64 address;
};
struct Tag {
	static constexpr const char *name = "tag";
};
struct Owns {
	krcu::KBox<int> box;
};
using ArgsBox = krcu::RcuKBox<Args>;

int addresses(unsigned long arg, void *pointer)
{
	krcu::UserPtr p(arg);
	Args args;

#ifdef MISUSE_dereferencing_a_user_pointer // error: (no match for .operator\*.|indirection requires pointer operand)
	args = *p;
#endif
#ifdef MISUSE_a_user_pointer_as_a_pointer // error: (cannot convert|no viable conversion)
	const void *kernel = p;
#endif
#ifdef MISUSE_a_kernel_pointer_for_a_user_pointer // error: (no matching function|cannot convert|could not convert)
	if (krcu::copy_from_user(args, pointer))
		return -1;
#endif
#ifdef MISUSE_forgetting_that_user_space_may_lie // error: user space may have given a bad address
	krcu::copy_from_user(args, p);
#endif
#ifdef MISUSE_forgetting_it_when_copying_to_user_space // error: user space may have given a bad address
	krcu::copy_to_user(p, args);
#endif
	return krcu::copy_from_user(args, p) ?: krcu::copy_to_user(krcu::UserPtr(pointer), args);
}

int objects(krcu::UserPtr p, ArgsBox &box, krcu::Draft<ArgsBox> &draft, krcu::Draft<krcu::RcuKBox<Owns[]>> &owners)
{
#ifdef MISUSE_copying_over_what_is_published // error: krcu: what is const is not to be written to, as readers may be looking at it: fill a draft
	if (krcu::copy_from_user(*box, p))
		return -1;
#endif
#ifdef MISUSE_copying_over_a_box // error: krcu: only what is trivially copyable can be copied from or to user space: of a box or a draft, give the object
	if (krcu::copy_from_user(box, p))
		return -1;
#endif
#ifdef MISUSE_copying_over_a_draft // error: krcu: only what is trivially copyable can be copied from or to user space: of a box or a draft, give the object
	if (krcu::copy_from_user(draft, p))
		return -1;
#endif
#ifdef MISUSE_copying_elements_with_destructors // error: krcu: only what is trivially copyable can be copied from or to user space
	if (krcu::copy_from_user(owners, p))
		return -1;
#endif
#ifdef MISUSE_copying_a_pointer // error: krcu: a pointer of the kernel's is nothing to user space
	const Args *args = &*box;
	if (krcu::copy_to_user(p, args))
		return -1;
#endif
#ifdef MISUSE_showing_padding_to_user_space // error: krcu: it has padding, in which user space would see what the kernel's memory held before
	Padded padded = {};
	if (krcu::copy_to_user(p, padded))
		return -1;
#endif
#ifdef MISUSE_showing_padding_in_an_array // error: krcu: it has padding, in which user space would see what the kernel's memory held before
	Padded array[2] = {};
	if (krcu::copy_to_user(p, array))
		return -1;
#endif
	(void)owners;
	return krcu::copy_to_user(p, *box) ?: krcu::copy_from_user(*draft, p);
}

// With -Wthread-safety. GCC has no such check.
int sleeps(krcu::UserPtr p, const krcu::SpinLock<Tag> &lock, Args &args)
{
	{
		krcu::ReadGuard guard;
#ifdef MISUSE_copying_from_user_space_under_a_guard // Clang error: cannot call function 'copy_from_user.*' while read-side critical section 'rcu' is held
		if (krcu::copy_from_user(args, p))
			return -1;
#endif
#ifdef MISUSE_copying_to_user_space_under_a_guard // Clang error: cannot call function 'copy_to_user.*' while read-side critical section 'rcu' is held
		if (krcu::copy_to_user(p, args))
			return -1;
#endif
	}
	{
		auto held = lock.lock();
#ifdef MISUSE_copying_bytes_under_a_spin_lock // Clang error: cannot call function 'copy_from_user' while spin lock section 'spinning' is held
		if (krcu::copy_from_user(&args, p, sizeof(args)))
			return -1;
#endif
	}
	return krcu::copy_from_user(args, p);
}

#ifdef MISUSE_an_ioctl_whose_number_has_no_room_for_the_size // error: (is not usable in a constant expression|must be initialized by a constant expression)
struct Large {
	char bytes[1 << 14];
};
constexpr unsigned int command = _IOW('K', 1, Large);
#endif
