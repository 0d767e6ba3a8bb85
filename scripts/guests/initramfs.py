# SPDX-License-Identifier: GPL-2.0
"""What a guest boots into: busybox, an init, and the files given."""

import os
import shutil
import stat

from verdict import die, read

# The last line of a guest whose script came to its end. @WORD@ is another one for each run, so that nothing in
# the guest prints it by accident.
MARKER = "krcu-guest: exit %s @WORD@"

# The script's output goes through the kernel log: written to the console directly, it and the
# kernel's own lines would be torn apart by each other.
INIT = r"""#!/bin/busybox sh
export PATH=/bin HOME=/krcu
# Its shell finds the other applets by itself once there is /proc; hundreds of links cost seconds
# in a kernel full of checkers.
/bin/busybox mkdir -p /proc /sys /dev /tmp /krcu
/bin/busybox ln -s busybox /bin/sh
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
# Who loads suites waits for each case, and one in which two CPUs meet thousands of times takes a minute where the
# machine lets them run in turns. KUnit itself waits that long.
patience=/proc/sys/kernel/hung_task_timeout_secs
[ ! -w $patience ] || echo 300 >$patience
cd /krcu
if [ -f /krcu-script ]; then
	set -o pipefail
	sh /krcu-script 2>&1 </dev/null | while IFS= read -r line || [ -n "$line" ]; do
		printf '<5>%s\n' "${line:0:900}" >/dev/kmsg
	done
	status=$?
	# kmemleak reports what two scans saw unreferenced and what was 5 s old when the second began.
	leaks=/sys/kernel/debug/kmemleak
	if [ -w $leaks ] && [ $status = 0 ] && [ ! -e /krcu-no-leaks ]; then
		read -r start _ </proc/uptime
		echo scan >$leaks
		read -r now _ </proc/uptime
		age=$((${now%.*} - ${start%.*} - 1))
		[ $age -ge 5 ] || sleep $((5 - (age > 0 ? age : 0))).1
		echo scan >$leaks
		head -n 200 $leaks | while IFS= read -r line; do printf '<5>%s\n' "$line" >/dev/kmsg; done
	fi
	printf '<1>@MARKER@\n' $status >/dev/kmsg
	# Another CPU or a kernel thread may be printing it. guest.py says when it is there.
	read -r _ </dev/console
else
	busybox --install -s /bin
	printf '\nkrcu: modules are in /krcu; exit (or Ctrl-A x) ends the guest\n'
	setsid cttyhack sh
fi
reboot -f
""".replace("@MARKER@", MARKER)


class Initramfs:
    """A cpio archive (newc), written by hand because /dev/console in it needs root otherwise."""

    def __init__(self, path):
        self.out = open(path, "wb")
        self.inode = 0
        self.dirs = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def directory(self, name):
        if name and name not in self.dirs:
            self.directory(os.path.dirname(name))
            self.dirs.add(name)
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        name = name.lstrip("/")
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def node(self, name, major, minor):
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def close(self):
        self._entry("TRAILER!!!", 0)
        self.out.close()


def busybox(path):
    """Debian has both a static and a dynamic package; in the guest there are no libraries."""
    path = path or shutil.which("busybox")
    if not path:
        die("busybox is missing; scripts/setup.sh installs what is needed")
    data = read(path)
    if b"/ld-linux" in data[:4096] or b"/ld-musl" in data[:4096]:
        die(f"{path} is not static; scripts/setup.sh installs what is needed (busybox-static)")
    return data


def write_initramfs(args, path, init, files=()):
    files = [("init", init.encode()), ("bin/busybox", busybox(args.busybox)), *files]
    try:
        ramfs = Initramfs(path)
        ramfs.node("dev/console", 5, 1)
        for name, data in files:
            ramfs.file(name, data)
        ramfs.close()
    except OSError as e:
        die(f"cannot write {path}: {e.strerror}; make room there, or set TMPDIR to another directory")
