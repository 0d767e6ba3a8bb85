#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What krcu's operations cost in instructions, from the consoles of four boots of krcu_bench.

    report.py --name KERNEL --out PREFIX INLINED INLINED CALLS CALLS

Prints the table, and writes it to PREFIX.txt and PREFIX.json; PREFIX.dat and PREFIX.gp are for gnuplot, which makes
PREFIX.svg of them. There are no figures, but one line and exit status 1, if the clock of a boot did not count
instructions, if a boot did not come to its end, or if two boots of the same differ.
"""

import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guests"))
from console import PRINTK_PREFIX_RE

VERSION_RE = re.compile(r"^Linux version (\S+) .*?\((?:\S*(gcc)\S* \(.*?\)|\S* ?(clang) version) (\d+\.\d+\.\d+)")
NOPS_RE = re.compile(r"^krcu-bench: (\d+) nops: (\d+) cycles$")
LINE_RE = re.compile(r"^krcu-bench: (\w+): burst (\d+) irqs (on|off) empty (\d+) c (\d+) krcu (\d+): (.+)$")
END_RE = re.compile(r"^krcu-guest: exit 0 ")
# The kernel's own: what is measured, and then nanoseconds, each of them an instruction.
REFSCALE_RE = re.compile(r"^(\w+)-ref-scale: --- Start of test")
REFSCALE_RUN_RE = re.compile(r"^2\t(\d+\.\d+)$")
KFREE_RE = re.compile(r"^rcu-scale:--- kfree_rcu_test: .*\bkfree_nthreads=(\d+) kfree_alloc_num=(\d+) kfree_loops=(\d+)")
KFREE_TIME_RE = re.compile(r"^Total time taken by all kfree'ers: (\d+) ns")


def refuse(why):
    print(f"krcu: no figures: {why}", file=sys.stderr)
    sys.exit(1)


class Boot:
    """One console: .operations has (burst, irqs, what, C, krcu) by name and burst, in cycles less the empty loop."""

    def __init__(self, path):
        self.operations, self.references = {}, {}
        self.release = self.compiler = "unknown"
        self.scale = None
        ended = False
        kind = many = None
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                lines = [PRINTK_PREFIX_RE.sub("", line.rstrip("\r\n")) for line in f]
        except OSError as e:
            refuse(f"cannot read {path}: {e.strerror}")
        for line in lines:
            if m := VERSION_RE.match(line):
                self.release, self.compiler = m[1], f"{m[2] or m[3]} {m[4]}"
            elif m := NOPS_RE.match(line):
                self.scale = self.instructions(path, int(m[1]), int(m[2]))
            elif m := LINE_RE.match(line):
                burst, empty = int(m[2]), int(m[4])
                self.operations[f"{m[1]}/{burst}"] = (burst, m[3], m[7], int(m[5]) - empty, int(m[6]) - empty)
            elif m := REFSCALE_RE.match(line):
                kind = m[1]
            elif (m := REFSCALE_RUN_RE.match(line)) and kind:
                self.references[f"refscale: {kind}"] = float(m[1])
            elif m := KFREE_RE.match(line):
                many = int(m[1]) * int(m[2]) * int(m[3])
            elif (m := KFREE_TIME_RE.match(line)) and many:
                self.references["rcuscale: kmalloc() and kfree_rcu()"] = round(int(m[1]) / many, 2)
            ended = ended or bool(END_RE.match(line))
        if not ended or not self.operations or not self.scale:
            refuse(f"the boot of {path} did not come to its end")

    @staticmethod
    def instructions(path, nops, cycles):
        """Of a cycle: one where the kernel reads the time stamp counter; more where its clock is slower."""
        scale = round(nops / cycles) if cycles else 0
        # Reading the clock takes compilers an instruction or two beside the nops.
        if not scale or abs(nops - cycles * scale) > scale + 1:
            refuse(f"{path}: {nops} instructions took {cycles} cycles, so that clock does not count them")
        return scale


def agree(name, one, other):
    if not one or not other or not name.split("/")[0].endswith("_until_ended"):
        return one == other
    return one[:3] == other[:3] and all(abs(x - y) <= x / 1000 for x, y in zip(one[3:], other[3:]))


def same(first, second, what):
    """The first of two boots that agree to the instruction, in all but the kernel's own benchmarks. Where an operation
    waits for grace periods, ticks of the clock are counted, too: there they agree to one in a thousand."""
    a, b = Boot(first), Boot(second)
    names = a.operations.keys() | b.operations.keys()
    differ = {x.split("/")[0] for x in names if not agree(x, a.operations.get(x), b.operations.get(x))}
    if differ:
        refuse(f"two boots {what} differ in {', '.join(sorted(differ))}: see {first} and {second}")
    # The kernel's own begin anywhere between two ticks of the clock, which not every boot has at the same place.
    a.references = {what: sorted({n, b.references.get(what, n)}) for what, n in a.references.items()}
    return a


def figures(inlined, calls):
    if inlined.operations.keys() != calls.operations.keys():
        refuse("the two builds measure different operations")
    for key, (burst, irqs, what, c, krcu) in inlined.operations.items():
        per = inlined.scale / burst
        yield {
            "name": key.split("/")[0],
            "what": what,
            "burst": burst,
            "irqs": irqs,
            "c": round(c * per, 2),
            "krcu": round(krcu * per, 2),
            "krcu_inline_0": round(calls.operations[key][4] * per, 2),
        }


def table(name, boot, rows):
    row = "{:<58} {:>6} {:>4} {:>9} {:>9} {:>14}"
    yield f"Instructions for one operation: kernel {name}, {boot.release}, {boot.compiler}; two boots agree."
    yield ""
    yield row.format("operation", "burst", "irqs", "C", "krcu", "KRCU_INLINE=0").rstrip()
    for r in rows:
        yield row.format(r["what"], r["burst"], r["irqs"], *(f"{r[k]:.2f}" for k in ("c", "krcu", "krcu_inline_0")))
    if boot.references:
        yield ""
        yield "For comparison, the kernel's own benchmarks, a loop's instructions among it:"
        for what, n in boot.references.items():
            yield f"{what:<68} {' to '.join(f'{x:.2f}' for x in n):>11}".rstrip()


GNUPLOT = """set terminal svg size 1500,800 noenhanced background "white"
set output "{out}.svg"
set title "Instructions for one operation: kernel {name}, {release}"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set logscale y
set yrange [1:*]
set grid y
set xtics rotate by -60 nomirror
set key top left
plot "{out}.dat" using 2:xtic(1) title "C by hand", "" using 3 title "krcu", "" using 4 title "krcu, KRCU_INLINE=0"
"""


def write(path, text):
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    except OSError as e:
        refuse(f"cannot write {path}: {e.strerror}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--name", required=True, help="the kernel's, in scripts/kernels")
    p.add_argument("--out", required=True, metavar="PREFIX")
    p.add_argument("logs", nargs=4, metavar="LOG")
    args = p.parse_args()

    inlined = same(*args.logs[:2], "of the inlined build")
    calls = same(*args.logs[2:], "of the build with KRCU_INLINE=0")
    rows = list(figures(inlined, calls))
    text = "\n".join(table(args.name, inlined, rows)) + "\n"
    everything = {
        "kernel": args.name,
        "release": inlined.release,
        "compiler": inlined.compiler,
        "unit": "instructions",
        "operations": rows,
        "references": inlined.references,
    }
    write(args.out + ".txt", text)
    write(args.out + ".json", json.dumps(everything, indent=1) + "\n")
    # A tick for each bar: names, and the burst where it tells two apart.
    names = [r["name"] for r in rows]
    ticks = [r["name"] + (f" x{r['burst']}" if names.count(r["name"]) > 1 else "") for r in rows]
    write(args.out + ".dat", "".join(f'"{t}" {r["c"]} {r["krcu"]} {r["krcu_inline_0"]}\n' for t, r in zip(ticks, rows)))
    write(args.out + ".gp", GNUPLOT.format(out=os.path.abspath(args.out), name=args.name, release=inlined.release))
    print(text, end="")


if __name__ == "__main__":
    main()
