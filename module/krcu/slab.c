// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a kmem_cache: krcu::SlabCache creates one, module/krcu/module.c
 * has all destroyed when the module goes.
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <krcu/internal/shims.h>

static struct krcu_cache *caches;
static DEFINE_MUTEX(caches_lock);

static void end_caches(void)
{
	for (; caches; caches = caches->next)
		kmem_cache_destroy(caches->kmem);
}

int krcu_cache_create(struct krcu_cache *cache, const char *name, unsigned int size, unsigned int align)
{
	int err = -EEXIST;

	mutex_lock(&caches_lock);
	if (!cache->kmem) {
		/* Not SLAB_TYPESAFE_BY_RCU: see SlabCache. */
		cache->kmem = kmem_cache_create(name, size, align, 0, NULL);
		err = -ENOMEM;
		if (cache->kmem) {
			cache->next = caches;
			caches = cache;
			krcu_caches_end = end_caches;
			err = 0;
		}
	}
	mutex_unlock(&caches_lock);
	return err;
}
