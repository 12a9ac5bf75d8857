#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scrape costs: ktally metrics, with its start and kept running, beside node_exporter
with its collectors of memory. usage: bench/scrape.py [KTALLY]"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROUNDS = 30
COLLECTORS = ("slabinfo", "meminfo", "meminfo_numa", "vmstat", "buddyinfo", "zoneinfo")
KTALLY = sys.argv[1] if sys.argv[1:] else str(Path(__file__).parents[1] / "build" / "ktally")


def say(name, cpu_ms, out, process=None):
    series = sum(line[:1] not in (b"#", b"") for line in out.splitlines())
    print(f"{name:28} {cpu_ms:6.1f} ms of CPU  {len(out) / 1000:6.1f} kB  {series:5} lines  "
          f"{peak_mib(process) if process else ''}")


def peak_mib(process):
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return f"{int(peak.split()[1]) / 1024:5.1f} MiB"


def children_ms():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


def started(*args):
    before = children_ms()
    for _ in range(ROUNDS):
        out = subprocess.run([KTALLY, *args], stdout=subprocess.PIPE, check=True).stdout
    say("ktally " + " ".join(args), (children_ms() - before) / ROUNDS, out)


def runtime_ms(process):
    tasks = Path(f"/proc/{process}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e6


def kept_running():
    process = subprocess.Popen([KTALLY, "netdata", "1"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    try:
        time.sleep(2.5)
        before = runtime_ms(process.pid)
        time.sleep(ROUNDS)
        say("ktally netdata, a second", (runtime_ms(process.pid) - before) / ROUNDS, b"",
            process.pid)
    finally:
        process.terminate()
        process.wait()


def node_exporter():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
         "--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS)],
        stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        url = f"http://127.0.0.1:{port}/metrics"
        urllib.request.urlopen(url).read()
        before = runtime_ms(process.pid)
        for _ in range(ROUNDS):
            out = urllib.request.urlopen(url).read()
        cpu = (runtime_ms(process.pid) - before) / ROUNDS
        say("node_exporter", cpu, out, process.pid)
    finally:
        process.terminate()
        process.wait()


def main():
    started("metrics")
    started("metrics", "--all")
    started("metrics", "--cheap")
    kept_running()
    if shutil.which("prometheus-node-exporter") and os.path.isdir("/proc/self/task"):
        node_exporter()
    else:
        print("no prometheus-node-exporter: not measured")


if __name__ == "__main__":
    main()
