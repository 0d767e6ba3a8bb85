# SPDX-License-Identifier: GPL-2.0
"""QEMU: which one, how it is started, and whether it can use KVM."""

import ctypes
import os
import signal
import subprocess
import sys

from initramfs import write_initramfs

# By the kernel's name for an architecture: QEMU, what it needs to hear, and what the kernel needs to.
MACHINES = {
    # Newer kernels know page tables of five levels always. While they find out what the CPU can do, interrupts on,
    # they take it for one of four, and KASAN then takes each access in an interrupt for a wild one.
    # A guest that gets no time between a look at the TSC and one at another clock would take the TSC for wrong.
    "x86_64": ("qemu-system-x86_64", "-cpu max,la57=off", "console=ttyS0 tsc=reliable"),
    # max would have the guest sign its pointers, which takes an emulator long.
    "arm64": ("qemu-system-aarch64", "-machine virt -cpu neoverse-n1", "console=ttyAMA0"),
    "arm": ("qemu-system-arm", "-machine virt -cpu max", "console=ttyAMA0"),
}
PROBE_SECONDS = 10


def cache_dir():
    """Where something may be kept from run to run, by kernel.sh's rule; None if there is no such place."""
    rule = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernels", "cache.sh")
    done = subprocess.run([rule], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return None if done.returncode else done.stdout.rstrip("\n")


def qemu_command(args, accel, initrd):
    qemu, machine, arguments = MACHINES[args.arch]
    # A KVM guest that spins is told by the probe; TCG uses one thread per CPU.
    how = "kvm" if accel == "kvm" else "tcg,thread=single" if args.icount else "tcg,thread=multi"
    command = [qemu, "-accel", how, *machine.split()]
    # A nanosecond for each instruction, the same random numbers and the same date in each boot: so that one boot is as
    # another, to the instruction.
    if args.icount:
        command += ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "clock=vm,base=2024-01-01"]
    command += ["-smp", str(args.smp), "-m", args.mem, "-nodefaults", "-display", "none", "-no-reboot"]
    # qboot gets to the kernel in a tenth of SeaBIOS's time.
    if args.arch == "x86_64" and any(os.path.exists(f"/usr/share/{d}/qboot.rom") for d in ("qemu", "seabios", "qboot")):
        command += ["-bios", "qboot.rom"]
    # An oops ends the guest at once: what follows one proves nothing.
    # The timer check fails where the host gives the guest no time for ten of its ticks.
    # An emulated CPU may get no time for a minute on a busy machine. It is not locked up then, nor does it
    # stay in a read-side critical section. (Nor is who waits for it hung: see initramfs.py.)
    # A slab cache that is merged into another one cannot tell that objects were left in it.
    append = (
        f"{arguments} panic=-1 oops=panic printk.devkmsg=on no_timer_check slab_nomerge"
        f" watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=200 {args.append}"
    )
    return command + ["-kernel", args.image, "-initrd", initrd, "-append", append.strip()]


def start(command, **kwargs):
    """QEMU dies with us, however we die."""
    parent = os.getpid()

    def die_with_parent():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(command, preexec_fn=die_with_parent, **kwargs)


def pick_accel(args, tmp):
    """KVM if a guest gets anywhere in it: /dev/kvm alone proves little where KVM is nested."""
    if args.accel != "auto":
        return args.accel
    if args.arch != "x86_64":
        return "tcg"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        verdict = os.path.join(cache_dir() or tmp, "accel-" + f.read().strip())
    try:
        with open(verdict, encoding="ascii") as f:
            known = f.read().strip()
        if known in ("kvm", "tcg"):
            return known
    except OSError:
        pass

    print("krcu: trying whether KVM works here", file=sys.stderr)
    initrd = os.path.join(tmp, "probe.cpio")
    write_initramfs(args, initrd, "#!/bin/busybox sh\n/bin/busybox echo krcu-probe\n/bin/busybox reboot -f\n")
    command = qemu_command(args, "kvm", initrd) + ["-serial", "stdio"]
    qemu = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said, _ = qemu.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        said = b""
    finally:
        qemu.kill()
        qemu.wait()
    accel = "kvm" if b"krcu-probe" in said else "tcg"
    if accel == "tcg":
        print("krcu: it does not; emulating (TCG), here and from now on until the next boot", file=sys.stderr)
    try:
        with open(verdict + ".tmp", "w", encoding="ascii") as f:
            f.write(accel + "\n")
        os.replace(verdict + ".tmp", verdict)
    except OSError:
        pass
    return accel
