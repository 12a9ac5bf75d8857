# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that are functions: which there are, how they run, and what a run prints.

A test fails by raising whatever it likes, and is skipped by raising Skip.
"""

import os
import time
from pathlib import Path

TESTS = []
LONGEST = 10  # so many tests are named with their time


class Skip(Exception):
    """The test cannot be made here; its text says why."""


def test(function):
    TESTS.append(function)
    return function


def line_of(error):
    """Where in a test it failed, and why, on one line."""
    frame, place = error.__traceback__, ""
    while frame:
        file = Path(frame.tb_frame.f_code.co_filename)
        if file.name == "run.py" or file.name.startswith("test_"):
            place = f"{file.name}:{frame.tb_lineno}: "
        frame = frame.tb_next
    text = " ".join(str(error).split()) or "an assertion does not hold"
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return place + kind + text


class Clock:
    """How long a test takes, and how long it and its children compute."""

    def __init__(self):
        self.started, self.computed = time.monotonic(), self._computed()

    def _computed(self):
        return sum(os.times()[:4])

    def seconds(self):
        return time.monotonic() - self.started

    def cpu_seconds(self):
        return self._computed() - self.computed


def print_longest(name, took):
    if len(took) > LONGEST:
        longest = sorted(took, reverse=True)[:LONGEST]
        print(f"{name}: {sum(row[0] for row in took):.0f} s, of which "
              f"{sum(row[1] for row in took):.0f} s of CPU; longest: "
              + ", ".join(f"{row[2]} {row[0]:.0f} s ({row[1]:.0f})" for row in longest))


def run(name, program, wanted, before=None, after=None):
    """Runs the tests that are named in `wanted`, or all; gives the exit status. `before` is
    called with each test's function, `after` at the end, in front of the closing line."""
    names = [function.__name__ for function in TESTS]
    unknown = [one for one in wanted if one not in names]
    if unknown or len(names) != len(set(names)) or not Path(program).is_file():
        print(f"{name}: no such program ({program}) or test ({' '.join(unknown)}), or two tests "
              "of one name")
        return 2
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    took = []
    for function in TESTS:
        if wanted and function.__name__ not in wanted:
            continue
        if before:
            before(function)
        clock = Clock()
        try:
            function()
            counts["passed"] += 1
        except Skip as why:
            print(f"{name}: skipped {function.__name__}: {why}", flush=True)
            counts["skipped"] += 1
        except Exception as error:  # whatever goes wrong in a test is a failure of it
            print(f"{name}: FAILED {function.__name__}: {line_of(error)}", flush=True)
            counts["failed"] += 1
        took.append((clock.seconds(), clock.cpu_seconds(), function.__name__))
    if after:
        after()
    print_longest(name, took)
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(name, **counts))
    return 1 if counts["failed"] else 0
