// SPDX-License-Identifier: GPL-2.0
/*
 * The beginning of a kmem_cache: krcu::SlabCache creates one, module/krcu/module.c
 * destroys all when the module goes.
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <krcu/internal/shims.h>

static DEFINE_MUTEX(caches_lock);

int krcu_cache_create(struct krcu_cache *cache, const char *name, unsigned int size, unsigned int align)
{
	int err = -EEXIST;

	mutex_lock(&caches_lock);
	if (!cache->kmem) {
		/* Not SLAB_TYPESAFE_BY_RCU: see SlabCache. */
		cache->kmem = kmem_cache_create(name, size, align, 0, NULL);
		err = -ENOMEM;
		if (cache->kmem) {
			cache->next = krcu_caches;
			krcu_caches = cache;
			err = 0;
		}
	}
	mutex_unlock(&caches_lock);
	return err;
}
