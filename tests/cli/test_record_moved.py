# SPDX-License-Identifier: GPL-2.0-or-later
"""Who did something short between two ordinary readings of a recording: it is named afterwards.

Each test does a thing for some seconds while a recorder runs, whose next ordinary reading of
processes, areas and cgroups is ten minutes away."""

import ctypes
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import lib
import trees
from lib import Folder, Skip, plant, succeed, test
from test_record import Recorder

THREADS = 2000
GROUPS = 300
AREA_BYTES = 200 << 20
SYS_BPF = {"x86_64": 321, "aarch64": 280}
BPF_MAP_CREATE, BPF_MAP_TYPE_ARRAY = 0, 2
# many threads of one process, until its standard input ends
MANY = f"""
import sys, threading
threading.stack_size(1 << 16)
end = threading.Event()
for _ in range({THREADS}):
    threading.Thread(target=end.wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
end.set()
"""


def clock(seconds_ago=0.0):
    then = datetime.fromtimestamp(time.time() - seconds_ago, timezone.utc)
    return then.strftime("%Y-%m-%dT%H:%M:%S")


class Times:
    """When a thing had not begun, was there, and was over."""

    before = during = after = None


def record_during(file, begin, end):
    """Records what happens between begin() and end(), a sample each half second."""
    times = Times()
    recorder = Recorder(file, "-i", "0.5")
    recorder.wait_for(file.with_name(file.name + ".tail"), 1000)
    time.sleep(2.5)
    times.before = clock()
    time.sleep(1.5)
    held = begin()
    time.sleep(7)
    times.during = clock()
    time.sleep(1.5)
    end(held)
    time.sleep(3)
    times.after = clock()
    time.sleep(1.5)
    status, _, err = recorder.end()
    assert status == 0, err
    return times


def events_of(file):
    lines = succeed("report", file, "-i", "0.5", "-o", "json").json()["lines"]
    return "\n".join(line["event"] for line in lines if line["event"])


@test
def threads_that_live_for_seconds_are_named():
    lib.need_root()

    def begin():
        process = subprocess.Popen([sys.executable, "-c", MANY], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        return process

    def end(process):
        process.communicate(timeout=30)

    with Folder() as folder:
        file = folder / "x.rec"
        times = record_during(file, begin, end)
        events = events_of(file)
        assert "kernel stacks +" in events and "python" in events and "threads)" in events, events
        stacks = succeed("-s", f"{file}@{times.during}", "stacks", "-o", "json").json()["stacks"]
        who = max(stacks, key=lambda row: row["threads"] or 0)
        assert who["name"].startswith("python") and who["threads"] > THREADS, stacks[:3]
        assert all(row["bytes"] < 8 << 20 for row in stacks if row["name"] == "(came or went)")
        diff = succeed("diff", f"{file}@{times.before}", f"{file}@{times.during}").text
        assert "python" in diff, diff


class Attributes(ctypes.Structure):
    _fields_ = [("type", ctypes.c_uint32), ("key", ctypes.c_uint32), ("value", ctypes.c_uint32),
                ("entries", ctypes.c_uint32), ("rest", ctypes.c_uint8 * 112)]


@test
def areas_of_vmalloc_that_live_for_seconds_are_named():
    lib.need_root()
    number = SYS_BPF.get(os.uname().machine)

    def begin():
        attributes = Attributes(BPF_MAP_TYPE_ARRAY, 4, 4096, AREA_BYTES // 4096)
        fd = ctypes.CDLL(None).syscall(number, BPF_MAP_CREATE, ctypes.byref(attributes),
                                       ctypes.sizeof(attributes)) if number else -1
        if fd < 0:
            raise Skip("no map of BPF can be made here")
        return fd

    os.close(begin())
    with Folder() as folder:
        file = folder / "x.rec"
        times = record_during(file, begin, os.close)
        events = events_of(file)
        assert "vmalloc +200." in events and "map" in events, events
        rows = succeed("-s", f"{file}@{times.during}", "vmalloc", "-o", "json").json()["rows"]
        who = max(rows, key=lambda row: row["bytes"] or 0)
        assert "map" in who["name"] and who["bytes"] >= AREA_BYTES, rows[:3]
        late = succeed("-s", f"{file}@{times.after}", "vmalloc", "-o", "json").json()["rows"]
        assert all(row["bytes"] is None or row["bytes"] < AREA_BYTES for row in late), late[:3]
        diff = succeed("diff", f"{file}@{times.before}", f"{file}@{times.during}").text
        assert who["name"].split("+")[0] in diff, diff


@test
def a_storm_of_cgroups_is_named():
    lib.need_root()
    top = next((path for path in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))
                if (path / "cgroup.procs").exists()), None)
    if not top:
        raise Skip("no cgroups are mounted")
    storm = top / f"storm-{os.getpid()}"

    def begin():
        for number in range(GROUPS):
            (storm / f"g{number}").mkdir(parents=True)

    def end(_):
        for number in range(GROUPS):
            if (storm / f"g{number}").exists():
                (storm / f"g{number}").rmdir()

    try:
        storm.mkdir()
    except OSError as error:
        raise Skip("no cgroup can be made here") from error
    try:
        with Folder() as folder:
            file = folder / "x.rec"
            times = record_during(file, begin, end)
            events = events_of(file)
            # where making them takes longer than a sample, it is several events
            made = re.findall(rf"below {storm.name} \(\+(\d+)\)", events)
            assert "cgroups +" in events and sum(map(int, made)) == GROUPS, events
            found = succeed("-s", f"{file}@{times.during}", "cgroups", "--all", "-o",
                            "json").json()["cgroups"]
            names = [row["path"] for row in found if row["path"]]
            assert sum(f"/{storm.name}/" in name for name in names) == GROUPS, names[:5]
    finally:
        end(None)
        storm.rmdir()


@test
def a_difference_says_what_its_rows_without_a_name_are():
    with Folder() as folder:
        before = plant(folder / "before", trees.MODERN)
        meminfo = re.sub(r"VmallocUsed: .* kB", "VmallocUsed:      34000 kB",
                         trees.MODERN["proc/meminfo"])
        after = plant(folder / "after", {**trees.MODERN, "proc/meminfo": meminfo})
        text = " ".join(succeed("diff", before, after).text.split())
        assert "'(VmallocUsed - areas)' is what the counter has and the list has not" in text, text
        text = " ".join(succeed("diff", before, before).text.split())
        assert "is what the counter has" not in text, text
