#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sample of the recorder costs, beside the bare reading of the same files and beside
peers. usage: record_cost.py KTALLY READFILES [SAMPLES]

Runs take turns, all with pauses between samples, because what comes after a pause finds its
caches cold. A sample is what a run of many costs more than a run of one."""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
SADC = "/usr/lib/sysstat/sadc"
# in every sample: see fast_sources in src/cmd/record/record_files.c
FILES = ["proc/vmstat", "proc/zoneinfo", "proc/meminfo", "proc/pressure/memory", "proc/slabinfo",
         "proc/buddyinfo", "proc/modules", "proc/cgroups"]
# only as long as meminfo tells of huge page pools
POOLS = "sys/kernel/mm/hugepages/hugepages-*/{}_hugepages"
POOL_FILES = ["nr", "free", "resv", "surplus"]


def files():
    meminfo = pathlib.Path("/proc/meminfo").read_text().split()
    if "Hugetlb:" in meminfo and meminfo[meminfo.index("Hugetlb:") + 1] == "0":
        return FILES
    root = pathlib.Path("/")
    return FILES + [str(path)[1:] for name in POOL_FILES
                    for path in sorted(root.glob(POOLS.format(name)))]


def cpu_ms(command):
    """CPU time of a child in ms, and its largest resident memory in KiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak] + [int(line.split()[1]) for line in status.splitlines()
                                 if line.startswith("VmHWM")])
        except (OSError, ProcessLookupError):
            pass
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent * 1000, peak


def cost(command, samples, folder):
    """CPU time in ms of a sample, and resident memory."""
    one, _ = cpu_ms(command(1, empty(folder)))
    many, peak = cpu_ms(command(samples, empty(folder)))
    return (many - one) / (samples - 1), peak


def empty(folder):
    for left in pathlib.Path(folder).glob("*"):
        left.unlink()
    return folder


def main():
    ktally, readfiles = sys.argv[1:3]
    samples = int(sys.argv[3]) if len(sys.argv) > 3 else 200

    def bare(paths):
        return lambda count, _: [readfiles, "-i", "0.1", "-n", str(count)] + paths

    ways = {
        "bare reads": bare(files()),
        "  slabinfo alone": bare(["proc/slabinfo"]),
        "  all but that": bare([path for path in files() if path != "proc/slabinfo"]),
        "ktally record": lambda count, folder: [ktally, "record", "-i", "0.1", "-n", str(count),
                                                f"{folder}/x.rec"]}
    if os.path.exists(SADC):
        # it has no interval below a second, and counts intervals
        ways["sadc -S ALL"] = lambda count, folder: [
            SADC, "-S", "ALL", "1", str(min(count, 20)), f"{folder}/sa"]
    least = {}
    folder = tempfile.mkdtemp(prefix="ktally-bench-")
    try:
        for _ in range(ROUNDS):
            for name, command in ways.items():
                found = cost(command, 20 if name.startswith("sadc") else samples, folder)
                least[name] = min(least.get(name, found), found)
    finally:
        shutil.rmtree(folder)
    reads = least["bare reads"][0]
    print(f"{samples} samples, the cheapest of {ROUNDS} runs that take turns")
    for name, (ms, peak) in least.items():
        print(f"  {name:17} {ms:7.3f} ms CPU a sample, {ms / reads:5.2f} x the bare reads, "
              f"{peak} KiB resident")


if __name__ == "__main__":
    main()
