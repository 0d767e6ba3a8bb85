// SPDX-License-Identifier: GPL-2.0
/* The C half of the table of keys and values: its device, and who may do what. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>

#include "abi.h"
#include "kv.h"

static int open(struct inode *inode, struct file *file)
{
	file->private_data = kv_open();
	return file->private_data ? stream_open(inode, file) : -ENOMEM;
}

static int release(struct inode *inode, struct file *file)
{
	kv_release(file->private_data);
	return 0;
}

static long ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case KV_GET:
	case KV_NEXT:
		return file->f_mode & FMODE_READ ? kv_use_entry(command, argument) : -EBADF;
	case KV_PUT:
	case KV_SWAP:
	case KV_DELETE:
		return file->f_mode & FMODE_WRITE ? kv_use_entry(command, argument) : -EBADF;
	case KV_CLEAR:
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		return argument ? -EINVAL : kv_clear();
	case KV_STATS:
		return kv_get_stats(file->private_data, argument);
	case KV_GET_CONFIG:
		return kv_get_config(argument);
	case KV_SET_CONFIG:
		return capable(CAP_SYS_ADMIN) ? kv_set_config(argument) : -EPERM;
	default:
		return -ENOTTY;
	}
}

static ssize_t read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	return kv_read(file->private_data, (unsigned long)buffer, size);
}

static __poll_t poll(struct file *file, poll_table *table)
{
	return kv_poll(file->private_data, file, table) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.unlocked_ioctl = ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = read,
	.poll = poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "krcu_kv",
	.fops = &fops,
};

static int __init kv_init(void)
{
	return kv_start() ?: misc_register(&device);
}

static void __exit kv_exit(void)
{
	misc_deregister(&device);
}

module_init(kv_init);
module_exit(kv_exit);
MODULE_DESCRIPTION("A table of keys and values with krcu");
MODULE_LICENSE("GPL");
