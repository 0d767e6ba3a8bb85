// SPDX-License-Identifier: GPL-2.0
/* The C half of the routing table: its device, and the clock by which routes age. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/workqueue.h>

#include "route.h"

static int open(struct inode *inode, struct file *file)
{
	file->private_data = route_open();
	return file->private_data ? stream_open(inode, file) : -ENOMEM;
}

static int release(struct inode *inode, struct file *file)
{
	route_release(file->private_data);
	return 0;
}

static ssize_t read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	return route_read(file->private_data, (unsigned long)buffer, size);
}

static __poll_t poll(struct file *file, poll_table *table)
{
	return route_poll(file->private_data, file, table) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.unlocked_ioctl = route_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = read,
	.poll = poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "krcu_route",
	.fops = &fops,
};

static void age(struct work_struct *work);
static DECLARE_DELAYED_WORK(ageing, age);

static void age(struct work_struct *work)
{
	route_age();
	schedule_delayed_work(&ageing, HZ / 20);
}

static int __init route_init(void)
{
	int err = route_start();

	if (!err)
		err = misc_register(&device);
	if (!err)
		schedule_delayed_work(&ageing, HZ / 20);
	return err;
}

static void __exit route_exit(void)
{
	misc_deregister(&device);
	cancel_delayed_work_sync(&ageing);
}

module_init(route_init);
module_exit(route_exit);
MODULE_DESCRIPTION("A routing table with krcu");
MODULE_LICENSE("GPL");
