#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the recorder takes next to many cgroups: CPU time of a sample, memory, bytes a day.
usage: record_cgroups.py KTALLY [CGROUPS [SAMPLES [INTERVAL_S]]]

Makes so many memory cgroups below one of its own, records with and without them, and removes
them. Needs root. With 0 cgroups none are made."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

PLACES = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"]


def memory_hierarchy():
    for place in map(pathlib.Path, PLACES):
        controllers = place / "cgroup.controllers"
        if (place / "memory.usage_in_bytes").exists():
            return place
        if controllers.exists() and "memory" in controllers.read_text().split():
            return place
    sys.exit("no memory cgroups here")


def make(count):
    top = memory_hierarchy() / f"ktally-bench-{os.getpid()}"
    top.mkdir()
    control = top / "cgroup.subtree_control"
    if control.exists():
        control.write_text("+memory")
    for i in range(count):
        (top / f"group{i}").mkdir()
    return top


def remove(top):
    for group in top.glob("group*"):
        group.rmdir()
    top.rmdir()


def record(ktally, samples, interval, folder):
    """CPU time in ms, peak memory in KiB, bytes, samples that were missed."""
    file = pathlib.Path(folder) / "x.rec"
    start = time.monotonic()
    process = subprocess.Popen([ktally, "record", "-i", str(interval), "-n", str(samples), file],
                               stdout=subprocess.DEVNULL)
    peak = 0
    while True:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak] + [int(line.split()[1]) for line in status.splitlines()
                                 if line.startswith("VmHWM")])
        except OSError:
            pass
        pid, _, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    # the first sample is taken at once, the second at the next multiple of the interval
    missed = int((time.monotonic() - start) / interval) - (samples - 1)
    size = file.stat().st_size
    for left in pathlib.Path(folder).glob("x.rec*"):
        left.unlink()
    return (usage.ru_utime + usage.ru_stime) * 1000, peak, size, max(missed, 0)


def main():
    ktally = sys.argv[1]
    count, samples = (int(sys.argv[i]) if len(sys.argv) > i else default
                      for i, default in ((2, 1200), (3, 300)))
    interval = float(sys.argv[4]) if len(sys.argv) > 4 else 0.2
    top = make(count) if count else None
    try:
        with tempfile.TemporaryDirectory(prefix="ktally-bench-") as folder:
            first = record(ktally, 1, interval, folder)
            half = record(ktally, samples // 2, interval, folder)
            all_of_it = record(ktally, samples, interval, folder)
    finally:
        if top:
            remove(top)
    # a recording of one sample has all cgroups in it; a longer one takes as many as it needs
    later_ms = (all_of_it[0] - half[0]) / (samples - samples // 2)
    later_bytes = (all_of_it[2] - half[2]) / (samples - samples // 2)
    # at a second's interval: a block an hour, and everything every ten minutes
    print(f"{count} cgroups: the first sample {first[0]:.0f} ms, {first[2]} bytes; later ones "
          f"{later_ms:.2f} ms, {later_bytes:.0f} bytes")
    print(f"  at one a second: {later_ms + first[0] / 600:.2f} ms a sample, "
          f"{(later_bytes * 86400 + first[2] * 24) / 1e6:.1f} MB a day; "
          f"{all_of_it[1]} KiB resident at most; {all_of_it[3]} of {samples} samples missed")


if __name__ == "__main__":
    main()
