#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program as its users see it. usage: run.py [KTALLY [TEST...]]

Runs every test of tests/cli/test_*.py, or those named. KTALLY is the program, by default
build/ktally of this repository. KTALLY_CORPUS is the folder of captured inputs, by default
../shared/corpus; without it, the tests that need it are skipped.
"""

import importlib
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import lib  # noqa: E402


def load_tests():
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(file.stem)
    return lib.TESTS


def line_of(error):
    """Where in a test it failed, and why, on one line."""
    frame, place = error.__traceback__, ""
    while frame:
        file = Path(frame.tb_frame.f_code.co_filename)
        if file.name.startswith("test_"):
            place = f"{file.name}:{frame.tb_lineno}: "
        frame = frame.tb_next
    text = " ".join(str(error).split()) or "an assertion does not hold"
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return place + kind + text


def run(tests):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for function in tests:
        lib.current = function.__name__
        try:
            function()
            counts["passed"] += 1
        except lib.Skip as why:
            print(f"cli: skipped {function.__name__}: {why}", flush=True)
            counts["skipped"] += 1
        except Exception as error:  # whatever goes wrong in a test is a failure of it
            print(f"cli: FAILED {function.__name__}: {line_of(error)}", flush=True)
            counts["failed"] += 1
    return counts


def main():
    start = time.monotonic()
    lib.program = str(Path(sys.argv[1] if sys.argv[1:] else
                           lib.REPOSITORY / "build" / "ktally").resolve())
    tests = load_tests()
    names = [function.__name__ for function in tests]
    unknown = [name for name in sys.argv[2:] if name not in names]
    if unknown or len(names) != len(set(names)) or not Path(lib.program).is_file():
        print(f"cli: no such program ({lib.program}) or test ({' '.join(unknown)}), or two "
              "tests of one name")
        return 2
    counts = run([function for function in tests
                  if not sys.argv[2:] or function.__name__ in sys.argv[2:]])
    if lib.corpus_sources:
        print(f"cli: read {len(lib.corpus_files)} files of the corpus, in "
              f"{len(lib.corpus_sources)} trees and single files")
    elif not lib.CORPUS.is_dir():
        print("cli: the corpus is not there (KTALLY_CORPUS); nothing of it was read")
    print("cli: largest run {:.0f} MiB ({}), longest {:.1f} s ({}), all {:.0f} s".format(
        *lib.records["MiB"], *lib.records["s"], time.monotonic() - start))
    print(f"cli: {counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
