# SPDX-License-Identifier: GPL-2.0
"""How a run ends: guest.py's exit status."""

import sys

GOOD, SCRIPT_FAILED, SETUP, SPLAT, CRASH, HANG, MISSED = range(7)

# Of a run that failed, the log says behind this line why, and shows it.
VERDICT = "krcu-guest: FAILED"


def die(message):
    """Nothing can be run."""
    print(f"krcu: {message}", file=sys.stderr)
    sys.exit(SETUP)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        die(f"cannot read {path}: {e.strerror}")
