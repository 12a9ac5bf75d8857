#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal view as its users see it, in tmux. usage: run.py [--rewrite] [KTALLY [TEST...]]

KTALLY is the program, by default build/ktally of this repository. --rewrite writes the screens
of tests/golden/top-*.txt anew; look at them before they are committed.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lib  # noqa: E402
import suite  # noqa: E402
import test_screens  # noqa: E402,F401
import test_terminal  # noqa: E402,F401
import test_watching  # noqa: E402,F401


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--rewrite"]
    lib.rewrite = "--rewrite" in sys.argv
    lib.program = str(Path(args[0] if args else lib.REPOSITORY / "build" / "ktally").resolve())
    os.chdir(lib.REPOSITORY)
    return suite.run("top", lib.program, args[1:])


if __name__ == "__main__":
    sys.exit(main())
