#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal view as its users see it, in tmux. usage: run.py [--rewrite] [KTALLY [TEST...]]

KTALLY is the program, by default build/ktally of this repository. --rewrite writes the screens
of tests/golden/top-*.txt anew; look at them before they are committed.
"""

import os
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import lib  # noqa: E402
import test_screens  # noqa: E402,F401
import test_terminal  # noqa: E402,F401


def main():
    start = time.monotonic()
    args = [arg for arg in sys.argv[1:] if arg != "--rewrite"]
    lib.rewrite = "--rewrite" in sys.argv
    lib.program = str(Path(args[0] if args else lib.REPOSITORY / "build" / "ktally").resolve())
    names = [function.__name__ for function in lib.TESTS]
    unknown = [name for name in args[1:] if name not in names]
    if unknown or len(names) != len(set(names)) or not Path(lib.program).is_file():
        print(f"top: no such program ({lib.program}) or test ({' '.join(unknown)}), or two tests "
              "of one name")
        return 2
    os.chdir(lib.REPOSITORY)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for function in lib.TESTS:
        if args[1:] and function.__name__ not in args[1:]:
            continue
        try:
            function()
            counts["passed"] += 1
        except lib.Skip as why:
            print(f"top: skipped {function.__name__}: {why}", flush=True)
            counts["skipped"] += 1
        except Exception as error:  # whatever goes wrong in a test is a failure of it
            print(f"top: FAILED {function.__name__}: {type(error).__name__}: {error}", flush=True)
            counts["failed"] += 1
    print(f"top: {time.monotonic() - start:.0f} s")
    print(f"top: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
