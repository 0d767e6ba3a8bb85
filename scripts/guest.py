#!/usr/bin/env python3
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
import collections
import ctypes
import os
import re
import secrets
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

GOOD, SCRIPT_FAILED, SETUP, SPLAT, CRASH, HANG, MISSED = range(7)

# By the kernel's name for an architecture: QEMU, what it needs to hear, and the console.
MACHINES = {
    # Newer kernels know page tables of five levels always. While they find out what the CPU can do, interrupts on,
    # they take it for one of four, and KASAN then takes each access in an interrupt for a wild one.
    "x86_64": ("qemu-system-x86_64", "-cpu max,la57=off", "ttyS0"),
    # max would have the guest sign its pointers, which takes an emulator long.
    "arm64": ("qemu-system-aarch64", "-machine virt -cpu neoverse-n1", "ttyAMA0"),
    "arm": ("qemu-system-arm", "-machine virt -cpu max", "ttyAMA0"),
}
PROBE_SECONDS = 10
TAIL_LINES = 20
BOOTS = 3

# What the console shows when something is wrong. Anchored where a clean boot says similar things
# ("Spectre V2 : WARNING: ...").
SPLAT_RE = re.compile(
    r"^(?:WARNING:|BUG[: ])|: BUG: |-\[ cut here \]-|Oops(?::| -)|general protection fault|double fault:"
    r"|\b(?:KASAN|KCSAN|KFENCE|KMSAN): |\bUBSAN: |UBSAN:|\bODEBUG: (?!selftest)"
    r"|INFO: rcu_\w+ |\brcu_\w+ (?:self-)?detected (?:expedited )?stall|rcu: INFO: .* stall"
    r"|possible (?:circular|recursive|irq) lock|inconsistent lock state|suspicious RCU usage"
    r"|lock(?:-order)?.* inversion dependency|held lock freed|lock held when returning|bad unlock balance"
    r"|INFO: trying to register non-static key|DEBUG_LOCKS_WARN_ON|illegal context|Invalid wait context"
    r"|sleeping function called|scheduling while atomic|blocked for more than \d+ seconds"
    r"|soft lockup|hard LOCKUP|workqueue lockup|refcount_t: |list_(?:add|del) corruption|corrupted list"
    r"|kmemleak: [1-9]\d* new suspected|kmemleak: (?:Memory pool empty|Cannot allocate a kmemleak_object)|unreferenced object 0x"
    r"|CFI failure at |Unloaded module's|objects? remaining in |Bad page state|stack guard page|stack-protector:"
    r"|cannot create duplicate filename|Unable to handle kernel|: unknown parameter '"
)
CRASH_RE = re.compile(r"^Kernel panic - not syncing|^Oops(?::| -)|^Unable to handle kernel|---\[ end Kernel panic")
# Where the first report was made, as three architectures put it.
WHERE_RE = re.compile(r"^(?:RIP: \w+:|pc : |PC is at )(\S+.*)")
# An int3 that was hit, and then the code: the byte before the marked one is what was run.
INT3_RE = re.compile(r"^(?:Oops: )?int3: ")
CODE_RE = re.compile(r"^Code: .*\b(\w\w) <")
PRINTK_PREFIX_RE = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")

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
	# Where a kernel thread prints (PREEMPT_RT), it needs a moment.
	[ ! -e /sys/kernel/realtime ] || sleep 0.3
else
	busybox --install -s /bin
	printf '\nkrcu: modules are in /krcu; exit (or Ctrl-A x) ends the guest\n'
	setsid cttyhack sh
fi
reboot -f
""".replace("@MARKER@", MARKER)


def die(message):
    print(f"krcu: {message}", file=sys.stderr)
    sys.exit(SETUP)


def cache_dir():
    """Where something may be kept from run to run, by kernel.sh's rule; None if there is no such place."""
    rule = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels", "cache.sh")
    done = subprocess.run([rule], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return None if done.returncode else done.stdout.rstrip("\n")


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


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        die(f"cannot read {path}: {e.strerror}")


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


def qemu_command(args, accel, initrd):
    qemu, machine, console = MACHINES[args.arch]
    # A KVM guest that spins is told by the probe; TCG uses one thread per CPU.
    command = [qemu, "-accel", "kvm" if accel == "kvm" else "tcg,thread=multi", *machine.split()]
    command += ["-smp", str(args.smp), "-m", args.mem, "-nodefaults", "-display", "none", "-no-reboot"]
    # qboot gets to the kernel in a tenth of SeaBIOS's time.
    if args.arch == "x86_64" and any(os.path.exists(f"/usr/share/{d}/qboot.rom") for d in ("qemu", "seabios", "qboot")):
        command += ["-bios", "qboot.rom"]
    # An oops ends the guest at once: what follows one proves nothing.
    # The timer check fails where the host gives the guest no time for ten of its ticks.
    # A slab cache that is merged into another one cannot tell that objects were left in it.
    append = f"console={console} panic=-1 oops=panic printk.devkmsg=on no_timer_check slab_nomerge {args.append}".strip()
    return command + ["-kernel", args.image, "-initrd", initrd, "-append", append]


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


class Console:
    """Takes the guest's output apart, keeps it, and remembers what matters in it."""

    def __init__(self, log, word, quiet, show, allow, expect):
        self.log = log
        self.marker = re.compile(MARKER.replace("%s", r"(\d+)").replace("@WORD@", word) + r"\s*$")
        self.quiet = quiet
        self.show = show and re.compile(show)
        self.allow = [re.compile(a) for a in allow]
        self.expect = expect and re.compile(expect)
        self.expected = False
        self.rest = b""
        self.tail = collections.deque(maxlen=TAIL_LINES)
        self.splats = []
        self.where = None
        self.crash = None
        self.booted = self.int3 = False
        self.phantom = None
        self.status = None

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._line(line)

    def finish(self):
        if self.rest:
            self._line(self.rest)
            self.rest = b""

    def _line(self, raw):
        line = raw.decode("utf-8", "replace").replace("\r", "")
        self.log.write(line + "\n")
        self.log.flush()
        if not self.quiet:
            print(line, flush=True)
        self.tail.append(line)
        text = PRINTK_PREFIX_RE.sub("", line)
        if self.quiet and self.show and self.show.search(text):
            print(text, flush=True)
        if self.status is None and (m := self.marker.match(text)):
            self.status = int(m[1])
        if CRASH_RE.search(text) and not self.crash:
            self.crash = text
        self.booted |= "Linux version" in text
        # QEMU may run what a CPU has just patched away on another one, as kernels do with static keys. It is
        # not the kernel's mistake if there is no int3 in memory. What came before still counts.
        self.int3 |= not self.splats and self.status is None and bool(INT3_RE.match(text))
        if self.int3 and self.phantom is None and (m := CODE_RE.match(text)):
            self.phantom = m[1] != "cc"
        if self.expect and self.expect.search(text):
            self.expected = True
        if SPLAT_RE.search(text) and not any(a.search(text) for a in self.allow):
            self.splats.append(text)
        if self.splats and not self.where and (m := WHERE_RE.match(text)):
            self.where = m[1]

    def reports(self):
        """How many; "cut here" begins one that has a line of its own."""
        return sum("cut here" not in s for s in self.splats)

    def first_splat(self):
        """The line that says most, and where it was if another one says that; "cut here" says nothing."""
        splat = next((s for s in self.splats if "cut here" not in s), self.splats[0])
        return f"{splat} (in {self.where})" if self.where and self.where not in splat else splat


def boot(args, command, word):
    """Runs QEMU until the guest ends, one way or the other: what it said, whether it hung, QEMU's status."""
    try:
        log = open(args.log, "w", encoding="utf-8")
    except OSError as e:
        die(f"cannot write {args.log}: {e.strerror}")
    console = Console(log, word, args.quiet, args.show, args.allow, args.expect)
    deadline = time.monotonic() + args.timeout
    timed_out = False
    qemu = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
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
                    break
                console.feed(data)
                # A panicked guest, or one that is done, has a moment to go by itself.
                if console.crash or console.status is not None:
                    deadline = min(deadline, time.monotonic() + 5)
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

    keep_log = args.log is not None
    if not keep_log:
        fd, args.log = tempfile.mkstemp(prefix="krcu-guest-", suffix=".log")
        os.close(fd)
    started = time.monotonic()
    for boots_left in reversed(range(BOOTS)):
        console, timed_out, qemu_status = boot(args, command, word)
        if not console.phantom or accel != "tcg" or not boots_left:
            break
        os.replace(args.log, args.log + ".spoilt")
        print(f"krcu: {args.name}QEMU ran code that is no longer there (see {args.log}.spoilt); booting again", flush=True)

    seconds = f"{time.monotonic() - started:.1f} s"
    code, verdict = judge(args, console, timed_out, qemu_status)
    if code == GOOD:
        print(f"krcu: {args.name}ok, {seconds}")
        if not keep_log:
            os.unlink(args.log)
        return code
    if args.quiet:
        print("\n".join(console.tail))
    sys.stdout.flush()
    print(f"krcu: {args.name}FAILED: {verdict}", file=sys.stderr)
    return code


def judge(args, console, timed_out, qemu_status):
    where = f"all of the console in {args.log}"
    if console.expected and (console.crash or console.status is not None and not timed_out):
        return GOOD, ""
    if console.crash:
        what = console.first_splat() if console.splats else console.crash
        return CRASH, f"guest crashed: {what}; {where}"
    if timed_out:
        also = f", after {console.first_splat()!r}" if console.splats else ""
        return HANG, (
            f"guest hung: no end after {args.timeout:g} s{also}; last console lines above; "
            f"raise TIMEOUT= or look in {args.log}"
        )
    if console.status is None:
        if not console.booted and qemu_status != 0:
            said = next((line for line in reversed(console.tail) if line.strip()), f"status {qemu_status}")
            return SETUP, f"QEMU did not start: {said}"
        return CRASH, f"guest reset, went off or died before its script ended; last console lines above, {where}"
    if args.expect:
        return MISSED, f"nothing in the guest says {args.expect!r}; {where}"
    if console.splats:
        failed = f" (and the script failed: {console.status})" if console.status else ""
        return SPLAT, f"kernel complained: {console.first_splat()}{failed}; {where}"
    if console.status:
        return SCRIPT_FAILED, f"script failed in the guest: exit {console.status}; {where}"
    return GOOD, ""


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
        attach = ["gdb"]
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
    p.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto")
    p.add_argument("--allow", action="append", default=[], metavar="REGEX", help="complaint that is meant to come")
    p.add_argument("--expect", metavar="REGEX", help="a line that makes a run good that ends, and nothing else does")
    p.add_argument("--no-leaks", action="store_true", help="no kmemleak scan at the end (saves 5 s)")
    p.add_argument("--name", default="", metavar="NAME", help="put before messages")
    p.add_argument("--vmlinux", metavar="FILE", help="the kernel's symbols (gdb)")
    p.add_argument("--port", type=int, default=1234, help="where gdb attaches (gdb)")
    p.add_argument("--quiet", action="store_true", help="show the console only when something failed")
    p.add_argument("--show", metavar="REGEX", help="lines to show all the same, as they come")
    args = p.parse_args()
    if args.name:
        args.name += ": "
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
