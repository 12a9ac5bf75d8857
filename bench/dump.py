#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading a dump of memory costs, from the start of ktally to its table: wall time and peak
memory, medians of runs in turn, for each dump that is given, and how they grow with the machine's
memory from the first dump to the last. Next to it stands crash, where it is installed and a vmlinux
with debug information is given: without one it does not start.

usage: bench/dump.py KTALLY DUMP... [--vmlinux FILE]"""

import argparse
import math
import os
import shutil
import subprocess
import tempfile
import time

RUNS = 5
COMMANDS = {"slab --exact": ["slab", "--exact", "-a"], "census --exact": ["census", "--exact"],
            "account": ["account"]}


def run(command):
    """Seconds and MiB at the peak, or None where the command fails."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    return None if status else (time.monotonic() - started, usage.ru_maxrss / 1024)


def median(commands):
    """Medians by name, of runs in turn."""
    samples = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            samples[name].append(run(command))
    return {name: None if None in runs else
            (sorted(s for s, _ in runs)[RUNS // 2], max(mib for _, mib in runs))
            for name, runs in samples.items()}


def commands_of(options, dump, script):
    commands = {name: [options.ktally, *words, "-s", dump] for name, words in COMMANDS.items()}
    if options.vmlinux and shutil.which("crash"):
        commands["crash: kmem -s"] = ["crash", "-s", "-i", script, options.vmlinux, dump]
    return commands


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("ktally")
    parser.add_argument("dumps", nargs="+")
    parser.add_argument("--vmlinux")
    options = parser.parse_args()
    rows = {}
    with tempfile.NamedTemporaryFile("w", suffix=".crash") as script:
        script.write("kmem -s\nquit\n")
        script.flush()
        for dump in options.dumps:
            rows[dump] = median(commands_of(options, dump, script.name))
    for dump, costs in rows.items():
        status = os.stat(dump)
        print(f"\n{os.path.basename(dump)}: {status.st_size / 2**20:,.0f} MiB, "
              f"{status.st_blocks / 2**11:,.0f} MiB on the disk")
        for name, cost in costs.items():
            print(f"  {name:16} " + (f"{cost[0]:8.3f} s {cost[1]:8.1f} MiB" if cost else "fails"))
    first, last = (rows[dump] for dump in (options.dumps[0], options.dumps[-1]))
    growth = os.stat(options.dumps[-1]).st_size / os.stat(options.dumps[0]).st_size
    for name in first if growth > 1 else ():
        if first[name] and last[name]:
            print(f"{name}: grows with exponent "
                  f"{math.log(last[name][0] / first[name][0]) / math.log(growth):.2f}")
    if not options.vmlinux:
        print("crash: not run, it needs a vmlinux with debug information (--vmlinux)")


main()
