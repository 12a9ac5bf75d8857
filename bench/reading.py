#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading long and large things costs. usage: reading.py KTALLY HISTORY TREE

CPU seconds and memory of recordings, kernel logs and bundles of two sizes each, as ratios to
the bare cost of reading the same bytes, with the exponent by which time grows with size.
"""

import math
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LINE = "Nov  1 00:00:00 host kernel: [%12.6f] eth%d: link is up, full duplex, flow control rx/tx\n"
REPORT = """\
eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0
Mem-Info:
free:1100 free_pcp:33
10000 pages RAM
0 pages HighMem/MovableOnly
1000 pages reserved
"""


def cost(*command):
    """CPU seconds and peak memory in MiB of a command that must succeed."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"reading: {command} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(name, sizes, costs, bare=None):
    (small, small_mib), (large, large_mib) = costs
    exponent = math.log(max(large, 1e-3) / max(small, 1e-3)) / math.log(sizes[1] / sizes[0])
    ratio = f", {large / max(bare, 1e-3):5.1f} x the bare cost" if bare is not None else ""
    print(f"{name:18} {sizes[1] / large:12,.0f}/s  exponent {exponent:4.2f}  "
          f"{small_mib:5.1f} -> {large_mib:5.1f} MiB{ratio}")


def recordings(ktally, history, tree, folder):
    sizes = [2000, 20000]
    files = [folder / f"{size}.rec" for size in sizes]
    for size, file in zip(sizes, files):
        subprocess.run([history, tree, file, f"samples={size}"], check=True)
    bare = cost("cat", files[1])[0]
    for command in (["report", "-i", "1"], ["export"], ["plot"], ["report", "--series"]):
        show(" ".join(command), sizes, [cost(ktally, *command, file) for file in files], bare)


def logs(ktally, folder):
    sizes = [10 << 20, 100 << 20]
    files = [folder / f"{size}.log" for size in sizes]
    for size, file in zip(sizes, files):
        text = "".join(LINE % (i, i % 8) for i in range(2000)) + REPORT
        with file.open("w") as log:
            for _ in range(size // len(text)):
                log.write(text)
    bare = cost("grep", "-c", "oom-killer", files[1])[0]
    show("log, bytes", sizes, [cost(ktally, "-s", file, "--list") for file in files], bare)


def bundles(ktally, tree, folder):
    sizes = [10000, 100000]
    files = [folder / f"{size}.tar" for size in sizes]
    for size, file in zip(sizes, files):
        with tarfile.open(file, "w") as tar:
            for name in ("proc/meminfo", "proc/vmstat", "proc/zoneinfo"):
                tar.add(Path(tree) / name, name)
            for i in range(size):
                tar.addfile(tarfile.TarInfo("s/" * 120 + f"sys/fs/cgroup/{i}/memory.current"))
                tar.members.clear()  # or this process, and what it starts, is large
    bare = cost("tar", "tf", files[1])[0]
    show("bundle, members", sizes, [cost(ktally, "-s", file) for file in files], bare)


def main():
    ktally, history, tree = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recordings(ktally, history, tree, folder)
        logs(ktally, folder)
        bundles(ktally, tree, folder)


if __name__ == "__main__":
    main()
