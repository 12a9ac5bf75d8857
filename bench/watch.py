#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What watching allocations costs: two loops that allocate and free little objects (see
alloc_loops.c), alone, while 'ktally users slab --watch' runs, while it watches one cache, and with
what others attach: memleak of bcc where it runs, and its pattern as bpftrace has it, a stack for each
allocation and a table of all objects. Runs take turns; prints medians, ratios to the loop alone,
and ns an event.

usage: bench/watch.py [KTALLY [LOOPS [ROUNDS]]]    As root; some minutes."""

import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parents[1] / "build"
KTALLY = sys.argv[1] if sys.argv[1:] else str(BUILD / "ktally")
LOOPS = sys.argv[2] if sys.argv[2:] else str(BUILD / "bench/alloc_loops")
ROUNDS = int(sys.argv[3]) if sys.argv[3:] else 5
SECONDS = 1
EVENTS = {"access": 2, "datagram": 4}  # of slab objects, a call
CACHES = {"access": "names_cache", "datagram": "skbuff_head_cache"}
READY_S = 4
PATTERN = """
tracepoint:kmem:kmalloc, tracepoint:kmem:kmem_cache_alloc
{ @live[args->ptr] = args->bytes_alloc; @stacks[kstack(20)] = count(); }
tracepoint:kmem:kfree, tracepoint:kmem:kmem_cache_free { delete(@live[args->ptr]); }
"""


def loop(way):
    out = subprocess.run([LOOPS, way, str(SECONDS)], stdout=subprocess.PIPE, check=True).stdout
    return float(out)


class Beside:
    """Something that runs while the loop does."""

    def __init__(self, command, out=None):
        self.command, self.out = command, out

    def __enter__(self):
        self.process = self.command and subprocess.Popen(
            self.command, stdout=self.out or subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(READY_S if self.command else 0)
        return self

    def __exit__(self, *_):
        if self.process:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended with {self.process.returncode}")
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


def watching(what):
    return [KTALLY, "users", what, "--watch", "60", "--cpu", "100", "-o", "json"]


def ways_of(loop_name):
    ways = {"alone": None, "ktally, all caches": watching("slab"),
            "ktally, its cache": watching(CACHES[loop_name])}
    if shutil.which("bpftrace"):
        ways["bpftrace, a stack each"] = ["bpftrace", "-e", PATTERN]
    if shutil.which("memleak-bpfcc"):
        ways["memleak (bcc)"] = ["memleak-bpfcc", "1000"]
    return ways


def main():
    for name, events in EVENTS.items():
        times = {}
        for _ in range(ROUNDS):
            for way, command in ways_of(name).items():
                if times.get(way) is None and way in times:
                    continue
                try:
                    with Beside(command):
                        value = loop(name)
                    times.setdefault(way, []).append(value)
                except RuntimeError:
                    times[way] = None
        alone = statistics.median(times["alone"])
        print(f"\n{name}: {events} events a call")
        for way, values in times.items():
            if values is None:
                print(f"  {way:26} does not run here")
                continue
            median = statistics.median(values)
            print(f"  {way:26} {median:8.1f} ns a call {median / alone:6.2f} x "
                  f"{(median - alone) / events:8.1f} ns an event")
    with tempfile.TemporaryFile() as out:
        with Beside(watching("slab"), out):
            loop("access")
        out.seek(0)
        watch = json.load(out)["watch"]
    print(f"\nkernel memory {watch['kernel_bytes'] / 2**20:.1f} MiB, samples {watch['samples']}, "
          f"lost {watch['lost']}, nested {watch['nested']}")


main()
