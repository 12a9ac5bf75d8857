#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program as its users see it. usage: run.py [KTALLY [TEST...]]

Runs every test of tests/cli/test_*.py, or those named. KTALLY is the program, by default
build/ktally of this repository. KTALLY_PLAIN is one without sanitizers, which takes over where a
test runs the program many times. KTALLY_CORPUS is the folder of captured inputs, by default
../shared/corpus; without it, the tests that need it are skipped.
"""

import importlib
import os
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lib  # noqa: E402
import suite  # noqa: E402


def note_test(function):
    lib.current, lib.runs = function.__name__, 0


def print_records(start):
    if lib.corpus_sources:
        print(f"cli: read {len(lib.corpus_files)} files of the corpus, in "
              f"{len(lib.corpus_sources)} trees and single files")
    elif not lib.CORPUS.is_dir():
        print("cli: the corpus is not there (KTALLY_CORPUS); nothing of it was read")
    print("cli: largest run {:.0f} MiB ({}), longest {:.1f} s ({}), all {:.0f} s".format(
        *lib.records["MiB"], *lib.records["s"], time.monotonic() - start))


def main():
    start = time.monotonic()
    lib.program = str(Path(sys.argv[1] if sys.argv[1:] else
                           lib.REPOSITORY / "build" / "ktally").resolve())
    if os.environ.get("KTALLY_PLAIN"):
        lib.plain = str(Path(os.environ["KTALLY_PLAIN"]).resolve())
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(file.stem)
    return suite.run("cli", lib.program, sys.argv[2:], note_test, lambda: print_records(start))


if __name__ == "__main__":
    sys.exit(main())
