# SPDX-License-Identifier: GPL-2.0-or-later
"""Chunks of per-CPU memory in kernel memory: percpu --chunks."""

import os

import lib
import trees
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_memory import ATTEMPTS, can_be_read
from test_schema import must_be_valid

TEXT = "# units first-pages torn\nunits 2 53 0\n" \
       "# chunk size populated allocations free largest-free fragments\n" \
       "reserved 8192 8192 0 8192 8192 0\nfirst 30952 32768 520 16 16 16\n" \
       "later 1048576 159744 937 955000 904000 50000\n"


def chunks(*args, **how):
    result = lib.ktally("percpu", "--chunks", "-o", "json", *args, **how)
    if not args:
        can_be_read_here(result)
    assert result.status == 0, result.err
    return must_be_valid("percpu", result)


def can_be_read_here(result):
    if "a chunk besides the first one is needed" in result.complaint:
        raise Skip("there is only one chunk, and no symbol leads to it")
    can_be_read(result)


@test
def chunks_have_the_pages_that_the_counter_has():
    need_root()
    seen = []
    for _ in range(ATTEMPTS):
        report = chunks()
        for row in report["chunks"]:
            used, free = row["used_bytes_per_cpu"], row["free_bytes_per_cpu"]
            assert used + free == row["unit_bytes"], row
            assert row["fragments_bytes"] <= free >= row["largest_free_bytes"], row
            assert row["idle_bytes_per_cpu"] <= free, row
        assert len([row for row in report["chunks"] if "first" in row["chunk"]]) == 1, report
        if report["chunks_bytes"] is None:
            raise Skip("no log of the boot has the first chunk, and no symbol leads to it")
        seen.append((report["chunks_bytes"], report["counter_bytes"], report["torn_chunks"]))
        if seen[-1][0] == seen[-1][1] and not seen[-1][2]:
            return
    raise AssertionError(f"{seen}")


@test
def chunks_are_those_of_the_statistics():
    need_root()
    chunks()
    if not os.path.exists("/sys/kernel/debug/percpu_stats"):
        raise Skip("CONFIG_PERCPU_STATS is off")
    seen = []
    for _ in range(ATTEMPTS):
        keys = ("allocations", "free_bytes_per_cpu", "fragments_bytes")
        there = [[row[key] for key in keys] for row in
                 succeed("percpu", "--expensive", "-o", "json").json()["chunks"]]
        here = [[row[key] for key in keys] for row in chunks()["chunks"]]
        if sorted(there) == sorted(here):
            return
        seen.append((there, here))
    raise AssertionError(f"{seen}")


@test
def chunks_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/percpu_chunks": TEXT})
        report = chunks("-s", source)
        rows = {row["chunk"]: row for row in report["chunks"]}
        row = rows["3"]
        assert row["used_bytes_per_cpu"] == 1048576 - 955000, row
        assert row["idle_bytes_per_cpu"] == 159744 - (1048576 - 955000), row
        assert rows["2 (first)"]["populated_bytes_per_cpu"] == 32768, rows
        assert rows["1 (for modules)"]["free_bytes_per_cpu"] == 8192, rows
        assert report["later_chunks_bytes"] == 2 * 159744, report
        assert report["chunks_bytes"] == 2 * (159744 + 53 * 4096), report
        plain = must_be_valid("percpu", succeed("-s", source, "percpu", "-o", "json"))
        assert plain["units"] is None and plain["chunks_bytes"] is None, plain
        assert "POPULATED" not in succeed("-s", source, "percpu").text


@test
def chunks_that_contradict_themselves_are_refused():
    head = "units 2 53 0\n"
    for text in ("later 1048576 159744 937 955000 904000 50000\n", head, "",
                 head + "later 1048576 159744 937 1048577 904000 50000\n",
                 head + "later 1048576 159744 937 955000 955001 50000\n",
                 head + "later 1048576 159744 937 955000 904000 955001\n",
                 head + "other 1048576 159744 937 955000 904000 50000\n",
                 head + "later 1048576 159744 937 955000 904000\n",
                 head + "later 1048576 159744 937 955000 904000 50000 1\n",
                 head + "later 1048576 -1 937 955000 904000 50000\n", "units 0 53 0\n"):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, "ktally/percpu_chunks": text})
            refuse("percpu", "--chunks", "-s", source, says="ktally/percpu_chunks")


@test
def chunks_that_cannot_be_read_are_one_sentence():
    with Folder() as folder:
        refuse("percpu", "--chunks", "-s", plant(folder, trees.MODERN),
               says="on the running machine only")
    need_root()
    refuse("percpu", "--chunks", user=lib.NOBODY, says="cannot read kernel memory")
