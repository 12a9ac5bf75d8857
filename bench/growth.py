#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an account costs as a machine grows: threads (each is an area of vmalloc), records in
the kernel log, slab caches, cgroups. Prints CPU time and peak memory of the child, medians of
alternating runs, and the exponent of the growth from the first size to the last: 0 is none,
1 linear. Next to it stands what is installed of slabtop and vmstat.

usage: bench/growth.py [KTALLY [FOLDER]]    FOLDER: where the programs threads and cost are
As root; makes 20,000 threads for some seconds, and mounts in a namespace of its own."""

import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
KTALLY = sys.argv[1] if sys.argv[1:] else str(BUILD / "ktally")
PROGRAMS = Path(sys.argv[2]) if sys.argv[2:] else BUILD / "bench"
THREADS, COST = str(PROGRAMS / "threads"), str(PROGRAMS / "cost")
RUNS = 7
TURNS = 10
SIZES = {"threads": (0, 2000, 20000), "records": (500, 2000, 20000),
         "caches": (200, 2000, 20000, 50000), "cgroups": (100, 1000, 10000, 50000)}


def cost(command):
    """Milliseconds of CPU and KiB at the peak, of one run."""
    result = subprocess.run([COST, *command], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        return None
    cpu_ms, peak_kib = result.stdout.split()
    return float(cpu_ms), int(peak_kib)


def costs(commands):
    """Medians by name, of runs in turn; None where a command fails."""
    samples = {name: [cost(command) for _ in range(1)] for name, command in commands.items()}
    for _ in range(RUNS - 1):
        for name, command in commands.items():
            samples[name].append(cost(command))
    return {name: None if None in runs else
            (sorted(run[0] for run in runs)[RUNS // 2], max(run[1] for run in runs))
            for name, runs in samples.items()}


def show(title, rows):
    """rows: size -> {name: (ms, KiB)}"""
    sizes = list(rows)
    print(f"\n{title:28}" + "".join(f"{size:>20,}" for size in sizes) + "  exponent")
    for name in rows[sizes[0]]:
        cells = [rows[size][name] for size in sizes]
        text = "".join(f"{'-':>20}" if cell is None else f"{cell[0]:8.1f} ms {cell[1]:5.0f} KiB"
                       .rjust(20) for cell in cells)
        first, last = cells[0], cells[-1]
        base = max(sizes[0], 1)
        grows = "" if not first or not last or not first[0] or not last[0] else \
            f"{math.log(last[0] / first[0]) / math.log(sizes[-1] / base):9.2f}"
        print(f"  {name:26}{text} {grows}")


def in_place_of(path, device, command):
    """`command` where a file of ours stands for a file of the kernel."""
    return ["/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c",
            'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", str(path), device, *command]


# ---- what grows ----

def threads():
    rows = {}
    for size in SIZES["threads"]:
        with subprocess.Popen([THREADS, str(size)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as holder:
            if holder.stdout.readline() != b"ready\n":
                print(f"no {size} threads can be made here")
                return
            rows[size] = costs({
                "account": [KTALLY], "metrics": [KTALLY, "metrics"],
                "account -i, a turn": [KTALLY, "-i", "0.1", "-n", str(TURNS)],
                "account --expensive": [KTALLY, "--expensive"]})
            turns = rows[size]["account -i, a turn"]
            if turns:
                rows[size]["account -i, a turn"] = (turns[0] / TURNS, turns[1])
            holder.stdin.close()
    show("threads", rows)


def records(folder):
    boot = b"".join(kernel_log())
    rows = {}
    for size in SIZES["records"]:
        path = folder / f"kmsg{size}"
        path.write_bytes(boot + b"".join(
            b"30,%d,%d,-;a service says something that nobody reads here\n"
            % (10000 + i, 700000000 + i) for i in range(size)))
        rows[size] = costs({"account": in_place_of(path, "/dev/kmsg", [KTALLY])})
    show("records after the boot", rows)


def kernel_log():
    with open(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as device:
        for _ in range(20000):
            try:
                record = device.read(8192)
            except BrokenPipeError:
                continue
            if not record or int(record.split(b",")[0]) >= 8:
                return
            yield record


HEAD = ("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab>"
        " <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs>"
        " <num_slabs> <sharedavail>\n")


def caches(folder):
    rows = {}
    for size in SIZES["caches"]:
        tree = folder / f"caches{size}"
        (tree / "proc").mkdir(parents=True)
        (tree / "ktally").mkdir()
        (tree / "ktally/meta").write_text("page_bytes=4096\n")
        (tree / "proc/meminfo").write_text(
            "MemTotal: 99999999 kB\nMemFree: 9 kB\nSlab: 90000000 kB\nSReclaimable: 1 kB\n"
            "SUnreclaim: 89999999 kB\n")
        (tree / "proc/slabinfo").write_text(HEAD + "".join(
            f"cache_{i:<11} {i % 21 * 9:6} {i % 97 * 21:6}    192   21    1 : tunables    0    0"
            f"    0 : slabdata {i % 97:6} {i % 97:6}      0\n" for i in range(size)))
        commands = {"slab": [KTALLY, "-s", str(tree), "slab"],
                    "slab --all": [KTALLY, "-s", str(tree), "slab", "--all"],
                    "account": [KTALLY, "-s", str(tree)]}
        for name, peer in (("slabtop -o", ["slabtop", "-o"]), ("vmstat -m", ["vmstat", "-m"])):
            if shutil.which(peer[0]):
                commands[name] = in_place_of(tree / "proc/slabinfo", "/proc/slabinfo",
                                             [shutil.which(peer[0]), *peer[1:]])
        rows[size] = costs(commands)
    show("slab caches", rows)


def cgroups(folder):
    rows = {}
    stat = ("anon 4096\nfile 0\nkernel 40960\nkernel_stack 16384\npagetables 8192\npercpu 960\n"
            "slab_reclaimable 4096\nslab_unreclaimable 8192\nslab 12288\n")
    for size in SIZES["cgroups"]:
        tree = folder / f"cgroups{size}"
        (tree / "proc").mkdir(parents=True)
        (tree / "proc/meminfo").write_text("MemTotal: 99999999 kB\nMemFree: 9 kB\n")
        root = tree / "sys/fs/cgroup"
        for i in range(-1, size):
            group = root if i < 0 else root / f"slice{i // 200}" / f"group{i}"
            group.mkdir(parents=True)
            for name, text in (("memory.stat", stat), ("memory.current", f"{99999 + i}\n"),
                               ("cgroup.controllers", "memory\n")):
                (group / name).write_text(text)
        rows[size] = costs({"cgroups": [KTALLY, "-s", str(tree), "cgroups"],
                            "metrics": [KTALLY, "-s", str(tree), "metrics"]})
        shutil.rmtree(tree)
    show("cgroups", rows)


def main():
    peers = {"vmstat -s": ["vmstat", "-s"], "free": ["free"]}
    commands = {"account": [KTALLY], "metrics": [KTALLY, "metrics"], "--version": [KTALLY, "-V"]}
    commands |= {name: [shutil.which(peer[0]), *peer[1:]] for name, peer in peers.items()
                 if shutil.which(peer[0])}
    print("this machine")
    for name, found in costs(commands).items():
        print(f"  {name:26}" + ("-" if not found else f"{found[0]:8.1f} ms {found[1]:6.0f} KiB"))
    threads()
    with tempfile.TemporaryDirectory(prefix="ktally-growth-") as path:
        records(Path(path))
        caches(Path(path))
        cgroups(Path(path))


main()
