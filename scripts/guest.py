#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel in QEMU with busybox around it, and judges what its console said.

    guest.py run   --image BZIMAGE [--add FILE[:/PATH]]... --script FILE   run a busybox sh script
    guest.py shell --image BZIMAGE [--add ...]                             a shell on the console
    guest.py gdb   --image BZIMAGE [--add ...] [--vmlinux VMLINUX]         same, stopped for gdb

Files land in /krcu, which is where script and shell start. The kernel's complaints (WARN, lockdep,
KASAN, leaks found by kmemleak, ...) make a run fail even if the script was content.

Exit status of run: 0 good; 1 the script failed; 2 setup (nothing was run); 3 the kernel complained;
4 it panicked, oopsed, reset or went off before the script ended; 5 it hung; 6 it did not say what
--expect wants. The last line says which, and what to do.
"""

import argparse
import contextlib
import os
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Its parts are in guests/, beside the scripts that guests run.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "guests"))
from console import Console, judge
from initramfs import INIT, write_initramfs
from machine import MACHINES, pick_accel, qemu_command, start
from verdict import GOOD, SETUP, VERDICT, die, read

BOOTS = 3
CRASH_SECONDS = 60
QEMU_END_SECONDS = 5


def guest_files(args):
    files = []
    for spec in args.add:
        source, _, target = spec.partition(":")
        files.append((target or f"/krcu/{os.path.basename(source)}", read(source)))
    if getattr(args, "script", None):
        files.append(("/krcu-script", read(args.script)))
        if args.no_leaks:
            files.append(("/krcu-no-leaks", b""))
    return files


def boot(args, command, word, boots_left):
    """Runs QEMU until the guest ends, or is to boot again: what it said, whether it hung, QEMU's status."""
    try:
        log = open(args.log, "w", encoding="utf-8")
    except OSError as e:
        die(f"cannot write {args.log}: {e.strerror}")
    console = Console(log, word, args.quiet, args.show, args.allow, args.expect)
    deadline = time.monotonic() + args.timeout
    timed_out = False
    may_go = False
    qemu = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with selectors.DefaultSelector() as ready:
            ready.register(qemu.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    timed_out = True
                    break
                if not ready.select(left):
                    continue
                data = os.read(qemu.stdout.fileno(), 65536)
                if not data:
                    # What QEMU died of is not to be our signal.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        qemu.wait(QEMU_END_SECONDS)
                    break
                console.feed(data)
                if console.slow_clock and boots_left:
                    break
                # A guest that is done waits until its last line has come.
                if console.status is not None and not may_go:
                    may_go = True
                    with contextlib.suppress(BrokenPipeError):
                        os.write(qemu.stdin.fileno(), b"\n")
                # A panicked guest goes by itself, and need not: what it says until then is of use.
                if console.crash:
                    deadline = min(deadline, time.monotonic() + CRASH_SECONDS)
    finally:
        qemu.kill()
        qemu.wait()
        console.finish()
        log.write(f"krcu-guest: {console.reports()} complaints\n")
        log.close()
    return console, timed_out, qemu.returncode


def run(args, tmp):
    initrd = os.path.join(tmp, "initramfs.cpio")
    word = secrets.token_hex(8)
    write_initramfs(args, initrd, INIT.replace("@WORD@", word), guest_files(args))
    accel = pick_accel(args, tmp)
    command = qemu_command(args, accel, initrd) + ["-serial", "stdio"]
    if args.socket:
        command += ["-gdb", f"unix:{args.socket},server=on,wait=off"]

    keep_log = args.log is not None
    if not keep_log:
        fd, args.log = tempfile.mkstemp(prefix="krcu-guest-", suffix=".log")
        os.close(fd)
    started = time.monotonic()
    for boots_left in reversed(range(BOOTS)):
        console, timed_out, qemu_status = boot(args, command, word, boots_left)
        why = console.spoilt_by(timed_out, accel, qemu_status)
        if not boots_left or not why:
            break
        os.replace(args.log, args.log + ".spoilt")
        print(f"krcu: {args.name}{why} (see {args.log}.spoilt); booting again", flush=True)

    seconds = f"{time.monotonic() - started:.1f} s"
    code, verdict = judge(args, console, timed_out, qemu_status)
    if code == GOOD:
        print(f"krcu: {args.name}ok, {seconds}")
        if not keep_log:
            os.unlink(args.log)
        return code
    with open(args.log, "a", encoding="utf-8") as log:
        print(VERDICT, verdict, *console.excerpt(), sep="\n", file=log)
    if args.quiet:
        print("\n".join(console.excerpt()))
    sys.stdout.flush()
    print(f"krcu: {args.name}FAILED: {verdict}", file=sys.stderr)
    return code


def interactive(args, tmp):
    initrd = os.path.join(tmp, "initramfs.cpio")
    write_initramfs(args, initrd, INIT, guest_files(args))
    accel = pick_accel(args, tmp)
    if args.mode == "gdb":
        # Where the kernel is must be known before it runs.
        args.append += " nokaslr"
    command = qemu_command(args, accel, initrd) + ["-serial", "mon:stdio"]
    if args.mode == "gdb":
        command += ["-S", "-gdb", f"tcp:127.0.0.1:{args.port}"]
        printers = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gdb", "krcu.py")
        attach = ["gdb", "-x", f"'{printers}'"]
        if args.vmlinux:
            read(args.vmlinux)
            attach += ["-iex", f"'add-auto-load-safe-path {os.path.dirname(args.vmlinux)}'", args.vmlinux]
        attach += ["-ex", f"'target remote localhost:{args.port}'"]
        print(f"krcu: the guest waits; in another terminal: {' '.join(attach)}", flush=True)
    print("krcu: Ctrl-A x ends the guest", flush=True)
    qemu = start(command)
    try:
        while True:
            try:
                return SETUP if qemu.wait() else GOOD
            except KeyboardInterrupt:
                pass  # the guest's to handle
    finally:
        qemu.kill()
        qemu.wait()


class Parser(argparse.ArgumentParser):
    def error(self, message):
        die(f"guest.py: {message} (--help tells more)")


def matching(regex, what, convert=str):
    """What argparse calls a type."""

    def check(value):
        if not re.fullmatch(regex, value, re.ASCII):
            raise argparse.ArgumentTypeError(f"{value!r} is not {what}")
        return convert(value)

    return check


def arguments():
    count = matching(r"[1-9]\d{0,3}", "a number from 1 on", int)
    size = matching(r"[1-9]\d*[KMGkmg]?", "a size, such as 512M or 1G")
    seconds = matching(r"(?=.*[1-9])\d{1,7}(\.\d+)?", "a number of seconds", float)
    p = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mode", choices=("run", "shell", "gdb"))
    p.add_argument("--image", required=True, metavar="FILE", help="the kernel (bzImage, vmlinuz)")
    p.add_argument("--arch", choices=MACHINES, default="x86_64", help="what the kernel is for")
    p.add_argument("--busybox", metavar="FILE", help="a static one for that architecture (the system's)")
    p.add_argument("--add", action="append", default=[], metavar="FILE[:/PATH]", help="a file for the guest")
    p.add_argument("--script", metavar="FILE", help="what to run (run)")
    p.add_argument("--log", metavar="FILE", help="where the console is kept")
    p.add_argument("--append", default="", metavar="ARGS", help="more kernel arguments")
    p.add_argument("--timeout", type=seconds, default=60, metavar="S", help="the guest must end by then (run)")
    p.add_argument("--smp", type=count, default=2, metavar="N")
    p.add_argument("--mem", type=size, default="512M", metavar="SIZE")
    p.add_argument("--icount", action="store_true", help="time is instructions: one CPU, emulated, each boot the same")
    p.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto")
    p.add_argument("--allow", action="append", default=[], metavar="REGEX", help="complaint that is meant to come")
    p.add_argument("--expect", metavar="REGEX", help="a line that makes a run good that ends, and nothing else does")
    p.add_argument("--no-leaks", action="store_true", help="no kmemleak scan at the end (saves 5 s)")
    p.add_argument("--name", default="", metavar="NAME", help="put before messages")
    p.add_argument("--vmlinux", metavar="FILE", help="the kernel's symbols (gdb)")
    p.add_argument("--socket", metavar="FILE", help="where gdb may attach meanwhile (run)")
    p.add_argument("--port", type=int, default=1234, help="where gdb attaches (gdb)")
    p.add_argument("--quiet", action="store_true", help="show the console only when something failed")
    p.add_argument("--show", metavar="REGEX", help="lines to show all the same, as they come")
    args = p.parse_args()
    if args.name:
        args.name += ": "
    if args.icount:
        if args.smp != 1 or args.accel == "kvm":
            die("--icount counts the instructions of one emulated CPU: --smp 1, and no --accel kvm")
        args.accel = "tcg"
    if args.mode == "run" and not args.script:
        die("run needs --script FILE")
    if args.mode != "run":
        args.script = None
    qemu = MACHINES[args.arch][0]
    if not shutil.which(qemu):
        die(f"{qemu} is missing; scripts/setup.sh installs what is needed")
    if not os.path.isfile(args.image):
        die(f"no kernel image {args.image}; scripts/kernel.sh builds one")
    return args


def main():
    def stop(number, _frame):
        print("krcu: interrupted", file=sys.stderr)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    args = arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="krcu-") as tmp:
            return run(args, tmp) if args.mode == "run" else interactive(args, tmp)
    except KeyboardInterrupt:
        print("\nkrcu: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except OSError as e:
        die(f"{e.filename or args.log or 'output'}: {e.strerror or e}")


if __name__ == "__main__":
    sys.exit(main())
