#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints a compile_commands.json, for clangd, of what Kbuild has built in directories.

    compile-commands.py KDIR DIR...     KDIR: the kernel build

Kbuild keeps the command for each object beside it. Of its flags these entries have what says how a source is to be
read, and not what says how machine code is made of it: that differs between compilers, and every
Clang from Debian 12's on takes what is left.
"""

import json
import os
import re
import shlex
import sys

# With an argument of its own, joined or not
PATHS = ("-I", "-isystem", "-include", "-iquote", "-idirafter")
MEANING = re.compile(r"-[DUW](?!p,|frame-larger-than)|--target=|-m(32|64|big-endian|little-endian|arm|thumb)$|-march="
                     r"|-f(no-)?(short-wchar|(un)?signed-char|freestanding|exceptions|rtti|builtin|strict-overflow|ms-extensions)$")
# Each compiler has some headers of its own.
OWN_HEADERS = re.compile(r"/(gcc|clang|gcc-cross)/[^/].*/include$")


def real(path, cwd):
    """Where an editor has the file: sources are links where a kernel's modules are built in a directory of its own."""
    return os.path.realpath(os.path.join(cwd, path))


def flags(words, cxx, cwd):
    found = ["-Wno-unknown-warning-option"]
    # Cross compilers know their target by their name.
    cross = re.match(r"(.*/)?((aarch64|arm)[^/]*)-(gcc|g\+\+)[-0-9.]*$", words[0])
    if cross:
        found.append(f"--target={cross[2]}")
    rest = iter(words[1:])
    for word in rest:
        option = next((o for o in PATHS if word.startswith(o)), None)
        if option:
            path = word[len(option):] or next(rest)
            if not OWN_HEADERS.search(path):
                found += [option, real(path, cwd)]
        elif word == "-nostdinc":
            found.append("-nostdlibinc" if cxx else word)
        elif word == "-std=gnu++23":
            found.append("-std=gnu++2b")
        elif word.startswith("-std=") or MEANING.match(word):
            found.append(word)
    return found


def included(file):
    """The sources that are compiled as part of this one, and read like it."""
    with open(file, encoding="utf-8") as f:
        return [real(name, os.path.dirname(file)) for name in re.findall(r'^#include "(.*\.c)"$', f.read(), re.M)]


def entries(kdir, top):
    for where, dirs, names in os.walk(top):
        dirs.sort()
        for name in sorted(names):
            if not re.fullmatch(r"\..*\.cmd", name):
                continue
            with open(os.path.join(where, name), encoding="utf-8") as f:
                text = f.read()
            command = re.match(r"(?:saved)?cmd_(\S+) := *(.*)", text)
            source = re.search(r"^source_\S+ := (.*\.(?:c|cpp))$", text, re.M)
            if not command or not source or source[1].endswith((".mod.c", "module-common.c")):
                continue
            # Make runs in the kernel's directory, and from 6.13 on in the modules'.
            cwd = kdir if os.path.isabs(command[1]) else where.removesuffix("/" + os.path.dirname(command[1]))
            file = real(source[1], cwd)
            cxx = file.endswith(".cpp")
            # As make would read it, and then the shell; objtool comes behind a semicolon.
            words = shlex.split(command[2].replace("$(pound)", "#").replace("\\#", "#").split(" ; ")[0])
            for file in [file, *included(file)]:
                yield file, {
                    "directory": cwd,
                    "file": file,
                    "arguments": ["clang++" if cxx else "clang", *flags(words, cxx, cwd), "-c", file],
                }


def main():
    if len(sys.argv) < 3:
        sys.exit("krcu: usage: compile-commands.py KDIR DIR...")
    kdir, *tops = map(os.path.realpath, sys.argv[1:])
    if not os.path.isfile(os.path.join(kdir, "Makefile")):
        sys.exit(f"krcu: {kdir} is no kernel build")
    found = {}
    # The C half is compiled for each directory of modules; once is enough.
    for top in tops:
        for file, entry in entries(kdir, top):
            found.setdefault(file, entry)
    if not found:
        sys.exit(f"krcu: nothing has been built in {' '.join(tops)}")
    json.dump([found[file] for file in sorted(found)], sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
