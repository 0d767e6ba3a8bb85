// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/umh.h>

#include "abi_shims.h"

const unsigned long kunit_abi_numbers[ABI_COUNT] = {
#include "abi_numbers.h"
};

static const struct kunit_abi_device *current_device;

static long device_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return current_device->ioctl(cmd, arg);
}

static ssize_t device_write(struct file *filp, const char __user *from, size_t n, loff_t *pos)
{
	return current_device->write(from, n);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.write = device_write,
};

static struct miscdevice misc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "krcu_kunit_abi",
	.fops = &device_fops,
};

static char *program[] = { "/krcu/abi_user", NULL, NULL };
static char *environment[] = { NULL };

int kunit_run_abi_user(char *what, const struct kunit_abi_device *device)
{
	int status = misc_register(&misc_device);

	if (status)
		return status;
	current_device = device;
	program[1] = what;
	status = call_usermodehelper(program[0], program, environment, UMH_WAIT_PROC);
	misc_deregister(&misc_device);
	return status;
}
