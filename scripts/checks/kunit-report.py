#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows KUnit results of one or several kernels, and sums them up.

    kunit-report.py --src KERNEL-SOURCE [--passed NAME:WHAT]... [--failed NAME:REASON]... NAME=CONSOLE-LOG...

Each log goes through the kernel's own kunit.py; its lines come out with NAME in front. A guest that
did not get to its end is passed as --failed, REASON being one line or several, and counts as one failed
test; --passed is one that says nothing that kunit.py could read, and was content. What failed is shown once more below all of that.
The last line is "N passed, N failed"; a line "N skipped" comes before it if any were. Exit status 0
only if something ran and nothing failed.
"""

import argparse
import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guests"))
from console import PRINTK_PREFIX_RE
from verdict import VERDICT

ESCAPE_RE = re.compile(r"\x1b\[[0-9;]*m")
PARSE_SECONDS = 120
SUITE_RE = re.compile(r"((?:not )?ok) \d+")
TOTAL_RE = re.compile(r"Testing complete\.(.*)")
# As kunit.py ends a case, with what the case said above it; suites and rules have = around them.
CASE_RE = re.compile(r"^(?:\[[\d:]+\] )?(?:\[(PASSED|FAILED|SKIPPED|CRASHED|TIMEOUT|NO TESTS RUN)\]|=+)")


def die(message):
    print(f"krcu: {message}", file=sys.stderr)
    sys.exit(2)


def documents(path):
    """The KTAP documents in a log: one from boot, one from each module loaded. kunit.py reads one."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="\n") as f:
            text = f.read().replace("\r", "")
    except OSError as e:
        die(f"cannot read {path}: {e.strerror}")
    found = []
    # What comes behind the verdict is shown of the same console once more.
    for line in text.split(f"\n{VERDICT}\n")[0].split("\n"):
        line = PRINTK_PREFIX_RE.sub("", line)
        if line.startswith(("KTAP version ", "TAP version ")):
            found.append([])
        if found:
            found[-1].append(line)
    found = [with_header(lines) if "1..0" in lines[:3] else lines for lines in found]
    return ["\n".join(lines) + "\n" for lines in found if lines]


def with_header(lines):
    """A kernel without suites of its own says "1..0" at boot. In old ones (6.1) the suites of modules then
    come without a header, and their numbers begin anew with each module."""
    suites = 0
    for i, line in enumerate(lines):
        if SUITE_RE.match(line):
            suites += 1
            lines[i] = SUITE_RE.sub(rf"\1 {suites}", line, count=1)
    return ["KTAP version 1", f"1..{suites}", *lines[lines.index("1..0") + 1 :]] if suites else []


def parse(src, text):
    tool = os.path.join(src, "tools/testing/kunit/kunit.py")
    if not os.path.isfile(tool):
        die(f"no {tool}; --src must name a kernel source tree")
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
    try:
        done = subprocess.run(
            [sys.executable, tool, "parse"], input=text, env=env, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=PARSE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        # It never ends on some KTAP that is out of order.
        return "kunit.py makes nothing of this output\nTesting complete. Ran 1 tests: failed: 1\n"
    return ESCAPE_RE.sub("", done.stdout)


def count(shown):
    """Passed, failed, skipped. A crash is a failure, and so is output that makes no sense to kunit.py."""
    total = collections.Counter()
    for line in shown.splitlines():
        if m := TOTAL_RE.search(line):
            total.update({word.lower(): int(n) for word, n in re.findall(r"(\w+): (\d+)", m[1])})
    if not total:
        total["errors"] = 1
    bad = total["failed"] + total["crashed"] or min(total["errors"], 1)
    return total["passed"], bad, total["skipped"]


def failures(shown):
    """The last lines of each case that failed."""
    found, said = [], []
    for line in shown.splitlines():
        said.append(line)
        if m := CASE_RE.match(line):
            if m[1] not in (None, "PASSED", "SKIPPED"):
                found += said[-20:]
            said = []
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--src", required=True, metavar="DIR", help="a kernel source tree")
    p.add_argument("--passed", action="append", default=[], metavar="NAME:WHAT", help="a run that went well")
    p.add_argument("--failed", action="append", default=[], metavar="NAME:REASON", help="a run that went wrong")
    p.add_argument("logs", nargs="*", metavar="NAME=LOG")
    args = p.parse_args()

    passed = failed = skipped = 0
    again = []
    for spec in args.logs:
        name, eq, path = spec.partition("=")
        if not eq:
            die(f"want NAME=LOG, got {spec}")
        shown = "".join(parse(args.src, document) for document in documents(path))
        for line in shown.splitlines():
            print(f"{name}: {line}")
        p_, f_, s_ = count(shown) if shown else (0, 0, 0)
        passed, failed, skipped = passed + p_, failed + f_, skipped + s_
        if f_:
            again += [f"{name}: {line}" for line in failures(shown) or shown.splitlines()[-10:]]
        if not p_ + f_ + s_ and not any(f.split(":")[0] == name for f in args.failed):
            again.append(f"{name}: FAILED: no tests ran")
            failed += 1
    for spec in args.passed:
        name, _, what = spec.partition(":")
        print(f"{name}: [PASSED] {what}")
        passed += 1
    for spec in args.failed:
        name, _, reason = spec.partition(":")
        first, *more = reason.strip().splitlines() or ["the run"]
        again += [f"{name}: FAILED: {first}", *(f"{name}: {line}" for line in more)]
        failed += 1
    if again:
        print("what failed:", *again, sep="\n")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
