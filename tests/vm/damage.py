#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damages a real dump again and again, in one to four places that ktally reads, and has a build with
sanitizers read it. Each run has to end by itself, in bounded time and memory, with a report or with
a sentence. Ends with the counts, and with status 1 where a run did not.

usage: tests/vm/damage.py KTALLY DUMP [--count N] [--seed N] [--seconds N]"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

COMMANDS = [["slab", "--exact", "-a"]] * 6 + [["census", "--exact"]] * 2 + [["account"]] * 2 + \
    [["boot"], ["mempools"], ["users"], ["dcache"], ["vmalloc"], ["percpu"], ["hash"], ["pages"],
     ["modules"], ["doctor"], ["slab", "dentry"]]
SANITIZED = 99
OPTIONS = {"ASAN_OPTIONS": f"exitcode={SANITIZED}:quarantine_size_mb=8:allocator_may_return_null=1",
           "UBSAN_OPTIONS": f"halt_on_error=1:exitcode={SANITIZED}:print_stacktrace=1",
           "LANG": "C.UTF-8"}
HANG_S = 120
MEMORY_MIB = 384  # sanitizers keep freed memory and shadows of all
CUT = 50  # one in so many is cut off as well
READ = re.compile(r"pread64\(\d+, .*, (\d+), (\d+)\)\s*= [1-9]")


def reads_of(ktally, file):
    """(offset, bytes) of what ktally reads of the undamaged dump, each once."""
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        for words in {tuple(words) for words in COMMANDS}:
            log = pathlib.Path(folder) / "strace"
            # a filtered dump lacks what some commands need
            subprocess.run(["strace", "-f", "-s", "0", "-e", "trace=pread64", "-P", file, "-o", log,
                            ktally, *words, "-s", file], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env={**os.environ, **OPTIONS, "LSAN_OPTIONS": "detect_leaks=0",
                                "ASAN_OPTIONS": OPTIONS["ASAN_OPTIONS"] + ":detect_leaks=0"})
            found |= {(int(at), int(size)) for size, at in READ.findall(log.read_text())}
    return sorted(found)


class Damaged:
    """A copy of the dump; what is damaged is mended after each run."""

    def __init__(self, original, folder):
        self.original = open(original, "rb")
        self.file = pathlib.Path(folder) / "damaged"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", original, self.file], check=True)
        self.copy = open(self.file, "r+b", buffering=0)
        self.size = os.fstat(self.copy.fileno()).st_size
        self.places = []

    def value(self, dice, at, size):
        old = os.pread(self.original.fileno(), size, at)
        kind = dice.randrange(6)
        if kind == 0:
            return dice.randbytes(size)
        if kind == 1:
            return bytes(size)
        if kind == 2:
            return b"\xff" * size
        if kind == 3:
            return dice.randrange(256).to_bytes(size, "little")
        number = int.from_bytes(old, "little")
        if kind == 4:
            number ^= 1 << dice.randrange(8 * size)
        else:
            number += dice.choice((-4096, -64, -8, -1, 1, 8, 64, 4096))
        return (number % (1 << 8 * size)).to_bytes(size, "little")

    def damage(self, dice, reads):
        for _ in range(dice.randint(1, 4)):
            at, size = dice.choice(reads)
            at += dice.randrange(max(1, size - 7))
            at -= at % 8 if dice.randrange(2) else 0
            value = self.value(dice, at, dice.choice((1, 2, 4, 8)))
            os.pwrite(self.copy.fileno(), value, at)
            self.places.append((at, value))
        if dice.randrange(CUT) == 0:
            at, size = dice.choice(reads)
            os.truncate(self.file, at + dice.randrange(size))
            self.places.append(("cut", os.fstat(self.copy.fileno()).st_size))

    def mend(self):
        size = os.fstat(self.copy.fileno()).st_size
        if size != self.size:
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.original.name, self.file],
                           check=True)
        for at, value in self.places:
            if at != "cut":
                os.pwrite(self.copy.fileno(), os.pread(self.original.fileno(), len(value), at), at)
        self.places.clear()


def run(words, log):
    """(status, seconds of CPU, MiB at the peak); status None: it hangs"""
    with open(log, "wb") as errors:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=errors, env={**os.environ, **OPTIONS})
        hung = []
        signal.signal(signal.SIGALRM, lambda *_: (hung.append(True), process.kill()))
        signal.alarm(HANG_S)
        _, status, usage = os.wait4(process.pid, 0)
        signal.alarm(0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (None if hung else process.returncode, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


def verdict(status, mib):
    if status is None:
        return "hung"
    if status < 0 or status == SANITIZED:
        return "crashed"
    if mib > MEMORY_MIB:
        return "large"
    return "read" if status == 0 else "refused"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("ktally", type=os.path.abspath)
    parser.add_argument("dump", type=os.path.abspath)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=3600)
    options = parser.parse_args()
    counts = dict.fromkeys(("read", "refused", "crashed", "hung", "large"), 0)
    dice, slowest, largest = random.Random(options.seed), 0, 0
    reads, ends = reads_of(options.ktally, options.dump), time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(prefix="ktally-damage-") as folder:
        damaged, log = Damaged(options.dump, folder), pathlib.Path(folder) / "log"
        for number in range(options.count):
            damaged.damage(dice, reads)
            words = [options.ktally, *dice.choice(COMMANDS), "-s", damaged.file]
            status, seconds, mib = run(words, log)
            slowest, largest = max(slowest, seconds), max(largest, mib)
            kind = verdict(status, mib)
            counts[kind] += 1
            if kind in ("crashed", "hung", "large"):
                kept = f"damage-{options.seed}-{number}.log"
                shutil.copy(log, kept)
                print(f"{kind}: {' '.join(map(str, words[1:3]))}, status {status}, {seconds:.1f} s, "
                      f"{mib:.0f} MiB, {damaged.places}; see {kept}", flush=True)
            damaged.mend()
            if time.monotonic() > ends:
                break
            if number % 500 == 499:
                print(f"{number + 1}: {counts}", flush=True)
    print(f"{os.path.basename(options.dump)}: {sum(counts.values())} damaged dumps: "
          + ", ".join(f"{count} {kind}" for kind, count in counts.items())
          + f"; slowest {slowest:.1f} s of CPU, largest {largest:.0f} MiB")
    return any(counts[kind] for kind in ("crashed", "hung", "large"))


if __name__ == "__main__":
    sys.exit(main())
