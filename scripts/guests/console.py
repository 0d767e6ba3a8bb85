# SPDX-License-Identifier: GPL-2.0
"""What a guest's console says, and whether that is good."""

import collections
import re

from initramfs import MARKER
from verdict import CRASH, GOOD, HANG, MISSED, SCRIPT_FAILED, SETUP, SPLAT

TAIL_LINES = 20
REPORT_LINES = 30

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
# Where the host had no time for the guest while it measured, its clock is some ten times slow to the end.
FAST_TSC_RE = re.compile(r"^tsc: Detected \d{5,}\.\d+ MHz processor")
PRINTK_PREFIX_RE = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")


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
        self.report = []
        self.where = None
        self.crash = None
        self.booted = self.began = self.int3 = False
        self.phantom = None
        self.slow_clock = False
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
        self.slow_clock |= bool(FAST_TSC_RE.search(text))
        if CRASH_RE.search(text) and not self.crash:
            self.crash = text
        self.booted |= "Linux version" in text
        self.began |= text.startswith("Run /init as init process")
        # QEMU may run what a CPU has just patched away on another one, as kernels do with static keys. It is
        # not the kernel's mistake if there is no int3 in memory. What came before still counts.
        self.int3 |= not self.splats and self.status is None and bool(INT3_RE.match(text))
        if self.int3 and self.phantom is None and (m := CODE_RE.match(text)):
            self.phantom = m[1] != "cc"
        if self.expect and self.expect.search(text):
            self.expected = True
        if SPLAT_RE.search(text) and not any(a.search(text) for a in self.allow):
            self.splats.append(text)
        if (self.splats or self.crash) and len(self.report) < REPORT_LINES:
            self.report.append(line)
        if self.splats and not self.where and (m := WHERE_RE.match(text)):
            self.where = m[1]

    def spoilt_by(self, timed_out, accel, qemu_status):
        """Why this boot tells nothing and is to be another one, if so."""
        if self.slow_clock:
            return "its clock is slow"
        if self.phantom and accel == "tcg":
            return "QEMU ran code that is no longer there"
        if timed_out or self.splats or self.crash or self.status is not None:
            return None
        if qemu_status < 0:
            return f"QEMU died of signal {-qemu_status}"
        # Nothing of krcu's has run yet, and what a kernel dies of it says.
        if self.booted and not self.began and accel == "tcg":
            return "it was reset before its init began"
        return None

    def reports(self):
        """How many; "cut here" begins one that has a line of its own."""
        return sum("cut here" not in s for s in self.splats)

    def excerpt(self):
        """What to show of a run that failed: what follows the first complaint, or else how it ended."""
        return self.report or list(self.tail)

    def first_splat(self):
        """The line that says most, and where it was if another one says that; "cut here" says nothing."""
        splat = next((s for s in self.splats if "cut here" not in s), self.splats[0])
        return f"{splat} (in {self.where})" if self.where and self.where not in splat else splat


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
            f"guest hung: no end after {args.timeout:g} s{also}; raise TIMEOUT= or look in {args.log}"
        )
    if console.status is None:
        if not console.booted and qemu_status != 0:
            said = next((line for line in reversed(console.tail) if line.strip()), f"status {qemu_status}")
            return SETUP, f"QEMU did not start: {said}"
        if qemu_status < 0:
            return CRASH, f"QEMU died of signal {-qemu_status} before its script ended; {where}"
        return CRASH, f"guest reset, went off or died before its script ended; {where}"
    if args.expect:
        return MISSED, f"nothing in the guest says {args.expect!r}; {where}"
    if console.splats:
        failed = f" (and the script failed: {console.status})" if console.status else ""
        return SPLAT, f"kernel complained: {console.first_splat()}{failed}; {where}"
    if console.status:
        return SCRIPT_FAILED, f"script failed in the guest: exit {console.status}; {where}"
    return GOOD, ""
