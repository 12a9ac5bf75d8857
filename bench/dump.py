#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading a dump of memory costs, from the start of ktally to its table: wall time and peak
memory, medians of runs in turn, for each dump that is given, and how they grow with the machine's
memory from the first dump to the last. Next to it stands crash, in the same runs, where it is
installed and a vmlinux with debug information is given: without one it does not start.

The rate of the census is the bytes of all struct pages that were looked at, 64 for each page, by the
time that the walk itself took ("pages" and "seconds" of its JSON), in the best of all runs: it takes
hundredths of a second, which other programs can only lengthen.

usage: bench/dump.py KTALLY DUMP... [--vmlinux FILE] [--runs N]"""

import argparse
import json
import math
import os
import shutil
import subprocess
import tempfile
import time

COMMANDS = {"slab --exact": ["slab", "--exact", "-a"], "census --exact": ["census", "--exact"],
            "account": ["account"]}
CRASH = "crash: kmem -s"
PAGE_STRUCT_BYTES = 64
CENSUS_MIN = 256 << 20  # bytes of memory; the walk through less takes no time that can be measured
# the goals: seconds to the slab table by bytes of the dump, MiB at the peak, bytes a second
SECONDS = ((256 << 20, 0.3), (8 << 30, 1.0))
PEAK_MIB = 64
CENSUS_RATE = 4e9
CENSUS_RUNS = 5  # for each run of the others


def run(command):
    """Seconds and MiB at the peak, or None where the command fails."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    return None if status else (time.monotonic() - started, usage.ru_maxrss / 1024)


def median(commands, runs):
    """Medians by name, of runs in turn."""
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            samples[name].append(run(command))
    return {name: None if None in found else
            (sorted(s for s, _ in found)[runs // 2], max(mib for _, mib in found))
            for name, found in samples.items()}


def census_rate(options, dump):
    """Bytes of struct pages a second, at best; None where there are too few."""
    rates = []
    for _ in range(CENSUS_RUNS * options.runs):
        text = subprocess.run([options.ktally, "census", "--exact", "-s", dump, "-o", "json"],
                              capture_output=True, check=True).stdout
        pages = json.loads(text)
        if not pages["seconds"] or pages["pages"] * 4096 < CENSUS_MIN:
            return None
        rates.append(pages["pages"] * PAGE_STRUCT_BYTES / pages["seconds"])
    return max(rates)


def commands_of(options, dump, script):
    commands = {name: [options.ktally, *words, "-s", dump] for name, words in COMMANDS.items()}
    if options.vmlinux and shutil.which("crash"):
        commands[CRASH] = ["crash", "-s", "-i", script, options.vmlinux, dump]
    return commands


def goal(text, value, limit, least=False):
    """A line about a goal."""
    met = value >= limit if least else value <= limit
    return f"  {'met' if met else 'MISSED':7} {text}"


def show(dump, costs, rate):
    status = os.stat(dump)
    print(f"\n{os.path.basename(dump)}: {status.st_size / 2**20:,.0f} MiB, "
          f"{status.st_blocks / 2**11:,.0f} MiB on the disk")
    for name, cost in costs.items():
        print(f"  {name:16} " + (f"{cost[0]:8.3f} s {cost[1]:8.1f} MiB" if cost else "fails"))
    slab, crash = costs["slab --exact"], costs.get(CRASH)
    if slab and crash:
        print(f"  crash takes {crash[0] / slab[0]:.0f} times as long, "
              f"{crash[1] / slab[1]:.0f} times the memory")
    limit = next((limit for bytes_, limit in SECONDS if status.st_size <= 1.1 * bytes_), None)
    if slab and limit:
        print(goal(f"slab table in {slab[0]:.3f} s, at most {limit} s", slab[0], limit))
    peaks = [cost[1] for name, cost in costs.items() if cost and name != CRASH]
    if peaks:
        print(goal(f"peak {max(peaks):.1f} MiB, at most {PEAK_MIB} MiB", max(peaks), PEAK_MIB))
    if rate:
        print(goal(f"census {rate / 1e9:.1f} GB of struct pages a second, at least "
                   f"{CENSUS_RATE / 1e9:.0f} GB", rate, CENSUS_RATE, least=True))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("ktally")
    parser.add_argument("dumps", nargs="+")
    parser.add_argument("--vmlinux")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows = {}
    with tempfile.NamedTemporaryFile("w", suffix=".crash") as script:
        script.write("kmem -s\nquit\n")
        script.flush()
        for dump in options.dumps:
            rows[dump] = median(commands_of(options, dump, script.name), options.runs)
            show(dump, rows[dump], census_rate(options, dump))
    first, last = (rows[dump] for dump in (options.dumps[0], options.dumps[-1]))
    growth = os.stat(options.dumps[-1]).st_size / os.stat(options.dumps[0]).st_size
    print()
    for name in first if growth > 1 else ():
        if first[name] and last.get(name):
            print(f"{name}: grows with exponent "
                  f"{math.log(last[name][0] / first[name][0]) / math.log(growth):.2f}")
    if not options.vmlinux:
        print("crash: not run, it needs a vmlinux with debug information (--vmlinux)")


main()
