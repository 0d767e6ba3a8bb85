/* SPDX-License-Identifier: GPL-2.0 */
/* The shims of atomic_t or of atomic64_t: shims.c includes this once for each, and says which by macros. */

/* One of a function's four forms. */
#undef IN_ORDER
#define IN_ORDER(type, order, function, ...) ({			\
	type ret_;						\
								\
	switch (order) {					\
	case KRCU_RELAXED:					\
		ret_ = KERNEL(function##_relaxed)(__VA_ARGS__);	\
		break;						\
	case KRCU_ACQUIRE:					\
		ret_ = KERNEL(function##_acquire)(__VA_ARGS__);	\
		break;						\
	case KRCU_RELEASE:					\
		ret_ = KERNEL(function##_release)(__VA_ARGS__);	\
		break;						\
	default:						\
		ret_ = KERNEL(function)(__VA_ARGS__);		\
	}							\
	ret_;							\
})

krcu_shim NUMBER SHIM(read)(const NUMBER *v, enum krcu_order order)
{
	return order == KRCU_ACQUIRE ? KERNEL(read_acquire)((const ATOMIC_T *)v) : KERNEL(read)((const ATOMIC_T *)v);
}

krcu_shim void SHIM(set)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	if (order == KRCU_RELEASE)
		KERNEL(set_release)((ATOMIC_T *)v, n);
	else
		KERNEL(set)((ATOMIC_T *)v, n);
}

krcu_shim void SHIM(add)(NUMBER *v, NUMBER n)
{
	KERNEL(add)(n, (ATOMIC_T *)v);
}

krcu_shim void SHIM(sub)(NUMBER *v, NUMBER n)
{
	KERNEL(sub)(n, (ATOMIC_T *)v);
}

krcu_shim void SHIM(inc)(NUMBER *v)
{
	KERNEL(inc)((ATOMIC_T *)v);
}

krcu_shim void SHIM(dec)(NUMBER *v)
{
	KERNEL(dec)((ATOMIC_T *)v);
}

krcu_shim bool SHIM(dec_and_test)(NUMBER *v)
{
	return KERNEL(dec_and_test)((ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(fetch_add)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, fetch_add, n, (ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(fetch_sub)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, fetch_sub, n, (ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(fetch_and)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, fetch_and, n, (ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(fetch_or)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, fetch_or, n, (ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(fetch_xor)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, fetch_xor, n, (ATOMIC_T *)v);
}

krcu_shim NUMBER SHIM(xchg)(NUMBER *v, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(NUMBER, order, xchg, (ATOMIC_T *)v, n);
}

krcu_shim bool SHIM(try_cmpxchg)(NUMBER *v, NUMBER *old, NUMBER n, enum krcu_order order)
{
	return IN_ORDER(bool, order, try_cmpxchg, (ATOMIC_T *)v, old, n);
}
