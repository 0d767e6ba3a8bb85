#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks krcu in small ways, one at a time, and checks that a test sees each: scripts/mutants/mutants.txt has them.

    mutants.py            (make mutants)
    mutants.py --check    whether all of them still apply; builds nothing

Each is built in a copy of the sources, with one suite or one driver that must see it, and run in a guest. First
come the same runs with nothing broken, which have to be green. FILTER="GLOB..." picks mutants by name; ACCEL, SMP,
MEM and TIMEOUT are the guest's. The last line is "N passed, N failed": what was seen, or is explained; and the rest.
Exit status 0 only if nothing failed, 2 if nothing was run.
"""

import collections
import ctypes
import dataclasses
import fcntl
import fnmatch
import glob
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guests"))
from console import PRINTK_PREFIX_RE
from verdict import CRASH, HANG, SCRIPT_FAILED, SPLAT

LIST = "scripts/mutants/mutants.txt"
WORK = "build/mutants"
AT_ONCE = 2
# For a run with nothing broken; what is broken may hang, and gets three times what that took, or so much.
PATIENCE = 300
LEAST_TIMEOUT = 60

RED = (SCRIPT_FAILED, SPLAT, CRASH, HANG)

# What can see a mutant. Modules, what the kernel's command line says besides, guest.py's other arguments, and
# programs for the guest; a suite of its own name is none of these.
Run = collections.namedtuple("Run", "modules script append arguments programs", defaults=("", (), ()))
RUNS = {
    "late_reader": Run(["kunit/krcu_late_kunit.ko"], "kunit.sh", "kunit.enable=1 krcu_kunit.only=late"),
    "sample": Run(["module/sample/krcu_sample.ko"], "kunit.sh", "krcu_kunit.only=sample"),
    "route": Run(["module/route/krcu_route.ko"], "route.sh", programs=["kunit/route_user"]),
    "kv": Run(["module/kv/krcu_kv.ko"], "kv.sh", programs=["kunit/kv_user", "module/kv/client/kvctl"]),
    "exits": Run(["kunit/krcu_exits.ko", "kunit/krcu_globals.ko"], "exits.sh"),
    "misused": Run(
        ["kunit/krcu_exits.ko", "kunit/krcu_misused.ko"], "misused.sh", "",
        ("--allow=cut here", r"--allow=^WARNING: .* \[krcu_misused\]$", "--allow=^WARNING: suspicious RCU usage$",
         r"--allow=^WARNING: .* refcount_warn_saturate\+", "--allow=^refcount_t: saturated; leaking memory",
         "--allow=^BUG: sleeping function called from invalid context at ", r"--allow=^\[ BUG: Invalid wait context \]$",
         "--no-leaks"),
    ),
}


def die(message):
    print(f"krcu: {message}", file=sys.stderr)
    sys.exit(2)


def say(message):
    print(f"krcu: {message}", flush=True)


# --- the list --------------------------------------------------------------------------------------


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    line: int
    kernel: str = ""
    where: str = ""  # a suite or one of RUNS
    part: str = ""  # of exits: the scenario
    does_not_build: bool = False
    reason: str = ""  # why it cannot be seen
    hunks: list = dataclasses.field(default_factory=list)  # of old lines and new lines
    killed: bool = False
    how: str = ""

    @property
    def seen_by(self):
        return f"{self.kernel} {self.where}{'.' * bool(self.part)}{self.part}"

    def broken(self, text):
        """The text with the old replaced by the new, or why not. Lines of the old need no indentation."""
        for old, new in self.hunks:
            # A word ends where the old does, so that deleting "x();" leaves "xx();" alone.
            pattern = r"(?<!\w)" + r"\s*\n\s*".join(map(re.escape, old))
            found = len(re.findall(pattern, text))
            if found != 1:
                return None, f"no longer applies: {found or 'none'} of {old[0]!r} in {self.file}"
            text = re.sub(pattern, lambda _, new=new: "\n".join(new), text)
        return text, ""


def read_list():
    mutants = []
    with open(LIST, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, line in enumerate(lines, 1):
        mutant = mutants[-1] if mutants else None
        where = f"{LIST}:{number}"
        if not line or line.startswith("#"):
            continue
        if m := re.fullmatch(r"(\w+): (\S+)", line):
            mutants.append(Mutant(m[1], m[2], number))
        elif not mutant:
            die(f"{where}: what is this? A mutant begins with NAME: FILE")
        elif m := re.fullmatch(r"seen by (\S+) (\w+)(?:\.(\w+))?(, which does not build)?", line):
            mutant.kernel, mutant.where, mutant.part, mutant.does_not_build = m[1], m[2], m[3] or "", bool(m[4])
        elif m := re.fullmatch(r"not seen: (.+)", line):
            mutant.reason = m[1]
        elif m := re.fullmatch(r"\t(.+)", line):
            mutant.reason += " " + m[1]
        elif m := re.fullmatch(r"([-+]) ?(.*)", line):
            if m[1] == "-":
                if not mutant.hunks or mutant.hunks[-1][1]:
                    mutant.hunks.append(([], []))
                mutant.hunks[-1][0].append(m[2].strip())
            elif not mutant.hunks:
                die(f"{where}: {mutant.name} adds something, but where? Put the old text before it")
            else:
                mutant.hunks[-1][1].append(m[2])
        else:
            die(f"{where}: what is this? See the head of the file")
    check(mutants)
    return mutants


def check(mutants):
    names = collections.Counter(m.name for m in mutants)
    for m in mutants:
        at = f"{LIST}:{m.line}: {m.name}"
        if names[m.name] > 1:
            die(f"{at} is there twice: give one another name")
        if not os.path.isfile(m.file) or not re.match(r"include/krcu/|module/(krcu|kv|route)/\w+\.(c|h|cpp)$", m.file):
            die(f"{at}: {m.file} is none of the headers, of the C half and of the drivers")
        if not m.hunks:
            die(f"{at} changes nothing: give it an old text")
        if bool(m.where) == bool(m.reason):
            die(f'{at}: say either "seen by KERNEL WHERE" or "not seen: REASON"')
        if m.where and not os.path.isfile(f"scripts/kernels/{m.kernel}.config"):
            die(f"{at}: there is no kernel {m.kernel}")
        if m.where and m.where not in RUNS and not os.path.isfile(f"kunit/{m.where}_test.cpp"):
            die(f"{at}: there is no suite {m.where}; else there are {', '.join(RUNS)}")
        if m.part and m.where != "exits":
            die(f"{at}: {m.where} has no parts")


# --- building and running --------------------------------------------------------------------------


running = set()  # process groups


def run(command, log, is_enough=lambda: False, **kwargs):
    """What it starts ends with this script, however that ends. Returns its status, None if that was enough."""
    parent = os.getpid()

    def die_with_parent():
        os.setpgrp()  # a shell waits for its compiler before it ends: see stop_all()
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    with open(log, "w", encoding="utf-8") as f:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT, preexec_fn=die_with_parent, **kwargs
        )
    running.add(started.pid)
    try:
        while True:
            try:
                return started.wait(0.3)
            except subprocess.TimeoutExpired:
                if is_enough():
                    started.terminate()
                    started.wait()
                    return None
    finally:
        running.discard(started.pid)


def stop_all(number, _frame):
    print("\nkrcu: interrupted", file=sys.stderr)
    for group in list(running):
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            pass
    # Without its threads, which would take that for a failure.
    os._exit(128 + number)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def kernel_settings(name):
    done = subprocess.run(["scripts/kernel.sh", name], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(2)  # it has said why
    return dict(word.split("=", 1) for word in shlex.split(done.stdout))


class Bench:
    """A copy of the sources with one suite or driver in it, built for one kernel."""

    def __init__(self, kernel, settings, where):
        self.name = f"{kernel} {where}"
        self.kernel, self.settings, self.where = kernel, settings, where
        self.suite = where if where not in RUNS or where == "late_reader" else ""
        self.run = RUNS.get(where) or Run(
            ["kunit/krcu_kunit.ko"], "kunit.sh",
            # The module's exit, and what that has to wait for, is in one of the suites.
            f"kunit.enable=1 krcu_kunit.only=suites{',chain' if where == 'srcu_box' else ''}",
        )
        self.dir = os.path.join(WORK, kernel, where)
        self.timeout = PATIENCE

    def copy_sources(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.copytree("include", os.path.join(self.dir, "include"))
        for folder in ("module/krcu", "module/sample", "module/route", "module/kv", "module/kv/client", "kunit", "scripts"):
            os.makedirs(os.path.join(self.dir, folder))
            for name in os.listdir(folder):
                if folder == "scripts":
                    wanted = name in ("Kbuild.krcu", "Kbuild.static", "check-module.sh")
                elif name.endswith("_test.cpp"):
                    # Kbuild makes one module of all there are, and wants one at least.
                    wanted = name == f"{self.where}_test.cpp" or self.where in RUNS
                else:
                    wanted = re.fullmatch(r"Kbuild|[^.]+(?<!-constants)\.([ch]|[ch]pp)", name)
                if wanted:
                    shutil.copy(os.path.join(folder, name), os.path.join(self.dir, folder))

    def build(self):
        """Returns what is wrong."""
        log = os.path.join(self.dir, "build.log")
        folder = os.path.dirname(self.run.modules[0])
        command = ["make", "--no-print-directory", f"-j{AT_ONCE}", "-C", self.settings["KDIR"]]
        command += [f"M={os.path.abspath(os.path.join(self.dir, folder))}", *shlex.split(self.settings["KMAKE"])]
        command += [os.path.basename(module) for module in self.run.modules]
        # A make that called this script must not hand its own variables to the kernel's.
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "KDIR", "CC", "V")}
        if run(command, log, env=env) == 0:
            return self.build_programs()
        lines = [line for line in read(log).splitlines() if re.search(r"error|undefined", line, re.I)]
        return re.sub(r"^\S*/build/mutants/\S*?/\w+/(?=include|module|kunit)", "", lines[0]) if lines else f"see {log}"

    def build_programs(self):
        """Static, as the guest has no libraries; with what is beside it as lib*.c. Returns what is wrong."""
        log = os.path.join(self.dir, "programs.log")
        for program in (os.path.join(self.dir, name) for name in self.run.programs):
            command = [*shlex.split(os.environ.get("CC") or "cc"), "-static", "-o", program, f"{program}.c"]
            command += glob.glob(os.path.join(os.path.dirname(program), "lib*.c"))
            if not os.path.exists(program) and run(command, log):
                return f"no static program; see {log}"
        return ""

    def boot(self, part=""):
        """Returns whether it was red, and what was wrong; None if nothing can be told."""
        log, console = os.path.join(self.dir, "guest.log"), os.path.join(self.dir, "console.log")
        append = f"{self.run.append} {part and f'krcu_{self.where}.only={part}'}".strip()
        command = [sys.executable, "scripts/guest.py", "run", "--image", self.settings["IMAGE"], "--quiet"]
        command += ["--script", f"scripts/guests/{self.run.script}", "--log", console, f"--append={append}"]
        command += [f"--timeout={self.timeout}", "--accel", os.environ.get("ACCEL") or "auto"]
        command += ["--smp", os.environ.get("SMP") or "2", "--mem", os.environ.get("MEM") or "1G"]
        if self.settings["GUEST_ARCH"]:
            command += ["--arch", self.settings["GUEST_ARCH"], "--busybox", self.settings["BUSYBOX"]]
        command += [f"--add={self.dir}/{name}" for name in (*self.run.modules, *self.run.programs)]
        command += self.run.arguments
        if os.path.exists(console):
            os.unlink(console)
        # One case that failed is enough: later ones may hang.
        status = run(command, log, lambda: self.results(console)[0])
        failed, over = self.results(console)
        if failed:
            return True, failed
        verdict = read(log).strip().splitlines()[-1:] or ["it said nothing"]
        if status:
            return status in RED or None, complaint(verdict[0], console)
        return (False, "") if over or not self.suite else (None, f"no case of {self.suite} ran; see {console}")

    def results(self, console):
        """The first case of the suite that failed, and whether the suite came to its end."""
        failed, over = "", False
        if not self.suite or not os.path.exists(console):
            return failed, over
        for line in read(console).replace("\r", "").splitlines():
            line = PRINTK_PREFIX_RE.sub("", line)
            if not failed and (m := re.match(r" +not ok \d+ (\w+)", line)):
                failed = f"{self.suite}.{m[1]}"
            over = over or bool(re.match(rf"(not )?ok \d+ {self.suite}\b", line))
        return failed, over


def complaint(verdict, console):
    """What guest.py said, without what stands around it; or the script or its program, if that was it."""
    if "script failed" in verdict:
        said = re.findall(r"(?:\w+: FAILED|_user\.c:\d+: failed): (.*)", read(console))
        if said:
            return said[0].strip()
    text = re.sub(r"^krcu: FAILED: (guest crashed: |kernel complained: )?|; (all of|raise) .*$", "", verdict)
    return re.sub(r"0x[0-9a-f]+/0x[0-9a-f]+| \[krcu_\w+\]|\b[0-9a-f]{16}\b", "", text)


# --- the whole -------------------------------------------------------------------------------------


class Runs:
    """All benches, two at a time, each with its mutants one after the other."""

    def __init__(self, mutants, benches):
        self.benches = queue.Queue()
        # Those with much to do first, so that both ends at about the same time.
        for bench, its in sorted(benches, key=lambda pair: -len(pair[1])):
            self.benches.put((bench, its))
        self.total = len(mutants)
        self.done = 0
        self.lock = threading.Lock()
        self.broken = []

    def work(self):
        while True:
            try:
                bench, its = self.benches.get_nowait()
            except queue.Empty:
                return
            try:
                self.bench(bench, its)
            except Exception as e:  # pylint: disable=broad-except
                for m in its:
                    m.how = m.how or f"{type(e).__name__}: {e}"

    def bench(self, bench, its):
        started = time.monotonic()
        bench.copy_sources()
        wrong = bench.build()
        booted = time.monotonic()
        if not wrong:
            red, wrong = bench.boot()
            wrong = wrong or ("red" if red else "")
        now = time.monotonic()
        say(f"{bench.name}: {wrong or 'green with nothing broken'} ({now - started:.0f} s)")
        if wrong:
            for m in its:
                self.over(m, False, f"red with nothing broken: {wrong}", 0)
            return
        bench.timeout = float(os.environ.get("TIMEOUT") or max(LEAST_TIMEOUT, 3 * (now - booted)))
        for m in its:
            started = time.monotonic()
            self.over(m, *self.judge(bench, m), time.monotonic() - started)

    def judge(self, bench, m):
        path = os.path.join(bench.dir, m.file)
        sound = read(path)
        text, wrong = m.broken(sound)
        if wrong:
            return False, wrong
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            error = bench.build()
            if m.does_not_build:
                return bool(error), error or "it builds"
            if error:
                return False, f"does not build: {error}"
            red, how = bench.boot(m.part)
            return bool(red), how or "SURVIVED"
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(sound)

    def over(self, m, killed, how, seconds):
        m.killed, m.how = killed, how
        with self.lock:
            self.done += 1
            word = "seen by" if killed else "NOT SEEN by"
            say(f"[{self.done}/{self.total}] {m.name}: {word} {m.seen_by}: {m.how} ({seconds:.0f} s)")


def shortened(text, width):
    return text if len(text) <= width else text[: width - 3] + "..."


def report(mutants):
    """Returns how many failed."""
    runs = [m for m in mutants if m.where]
    names = max(len(m.name) for m in mutants)
    places = max((len(m.seen_by) for m in runs), default=0)
    print()
    for m in runs:
        print(f"{m.name:{names}}  {m.seen_by:{places}}  {'' if m.killed else 'FAILED: '}{shortened(m.how, 100)}")
    explained = [m for m in mutants if m.reason]
    if explained:
        print("\nNo test can see these:")
    for m in explained:
        print(f"{m.name:{names}}  {'FAILED: ' + m.how if m.how else m.reason}")
    failed = sum(not m.killed for m in runs) + sum(bool(m.how) for m in explained)
    print(f"\n{len(mutants) - failed} passed, {failed} failed")
    return failed


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_all)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    mutants = read_list()
    wanted = os.environ.get("FILTER") or "*"
    mutants = [m for m in mutants if any(fnmatch.fnmatchcase(m.name, glob) for glob in wanted.split())]
    if not mutants:
        die(f"no mutant is named FILTER={wanted}: see {LIST}")

    # What no longer applies is told before anything is built.
    for m in mutants:
        m.how = m.broken(read(m.file))[1]
        if m.how:
            say(f"{m.name} {m.how}")
    if sys.argv[1:] == ["--check"]:
        return 1 if any(m.how for m in mutants) else 0
    os.makedirs(WORK, exist_ok=True)
    lock = open(f"{WORK}.lock", "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        die(f"another run uses {WORK}: wait for its end")

    to_run = [m for m in mutants if m.where and not m.how]
    settings = {kernel: kernel_settings(kernel) for kernel in sorted({m.kernel for m in to_run})}
    groups = collections.defaultdict(list)
    for m in to_run:
        groups[m.kernel, m.where].append(m)
    runs = Runs(to_run, [(Bench(k, settings[k], where), its) for (k, where), its in groups.items()])
    threads = [threading.Thread(target=runs.work, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1 if report(mutants) else 0


if __name__ == "__main__":
    sys.exit(main())
