// SPDX-License-Identifier: GPL-2.0
/* The C half: the device /dev/mydrv, which keeps a line of text. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "mydrv.h"

static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	char text[MYDRV_LONGEST];

	return simple_read_from_buffer(to, size, pos, text, mydrv_get(text));
}

static ssize_t device_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char text[MYDRV_LONGEST];
	int err;

	if (size > sizeof(text))
		return -EFBIG;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	err = mydrv_set(text, size);
	return err ?: size;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.read = device_read,
	.write = device_write,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &device_operations,
};

static int __init mydrv_init(void)
{
	int err = misc_register(&device);

	if (!err)
		pr_info("/dev/%s is there\n", device.name);
	return err;
}

static void __exit mydrv_exit(void)
{
	misc_deregister(&device);
}

module_init(mydrv_init);
module_exit(mydrv_exit);
MODULE_DESCRIPTION("A driver with a C++ half");
MODULE_LICENSE("GPL");
