# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of the kernel stacks was ever used, in kernel memory: stacks --used."""

import threading

import lib
import trees
from lib import Folder, need_root, plant, refuse, succeed, test
from test_memory import ATTEMPTS, can_be_read
from test_schema import must_be_valid

THREADS = 40
TEXT = "# stack-bytes ended torn\nstack 16384 1 0\n# pid kernel used-bytes name\n" \
       "300 0 5000 java\n300 0 7000 java\n300 0 6000 java\n400 0 3000 postgres\n" \
       "401 0 -1 postgres\n20 1 1000 kworker/0:1\n21 1 2000 kworker/1:0H\n0 1 900 swapper\n"


def used(*args, **how):
    result = lib.ktally("stacks", "--used", "-o", "json", *args, **how)
    if not args:
        can_be_read(result)
    assert result.status == 0, result.err
    return must_be_valid("stacks", result)


def rows_of(report):
    return {row["name"]: row for row in report["stacks"]}


@test
def each_stack_of_this_machine_is_read():
    need_root()
    seen = []
    for _ in range(ATTEMPTS):
        report = used("-a") if seen else used()
        depth = report["depth"]
        for row in report["stacks"]:
            if row["deepest_bytes"] is None:
                continue
            assert 0 < row["median_bytes"] <= row["deepest_bytes"] < report["stack_bytes"], row
            assert 0 < row["unused_bytes"] < row["bytes"] + 4 * report["stack_bytes"], row
        threads = depth["stacks"] - depth["idle_threads"] + depth["ended_threads"]
        seen.append((depth, report["kernel_stacks_bytes"]))
        # threads come and go while one and then the other is counted
        if abs(threads - depth["threads"]) <= 8 and depth["torn_lists"] == 0 and \
                abs(depth["stacks_bytes"] - report["kernel_stacks_bytes"]) <= 24 * 16384:
            return
    raise AssertionError(f"{seen}")


@test
def threads_of_a_process_are_found_with_their_stacks():
    need_root()
    used()
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        report = used("--by", "process")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rows = [row for row in report["stacks"] if row["threads"] == THREADS + 1]
    assert rows, report["stacks"]
    for row in rows:
        read = row["bytes"] - row["unused_bytes"]
        assert (THREADS + 1) * 256 < read <= (THREADS + 1) * row["deepest_bytes"], row


@test
def depths_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/stack_depth": TEXT})
        report = used("-s", source)
        rows, depth = rows_of(report), report["depth"]
        row = rows["java"]
        assert (row["deepest_bytes"], row["median_bytes"]) == (7000, 6000), row
        assert row["unused_bytes"] == 3 * 16384 - 18000, row
        row = rows["postgres"]
        assert (row["deepest_bytes"], row["unused_bytes"]) == (3000, 16384 - 3000), row
        assert rows["[kworker]"]["deepest_bytes"] == 2000, rows["[kworker]"]
        assert rows["[swapper]"]["deepest_bytes"] == 900, rows["[swapper]"]
        assert rows["init"]["deepest_bytes"] is None, rows["init"]
        assert (depth["stacks"], depth["idle_threads"], depth["unread"]) == (8, 1, 1), depth
        assert any("could not be read" in text for text in report["notes"]), report["notes"]
        rows = {row["pid"]: row for row in used("-s", source, "--by", "process")["stacks"]}
        assert rows[400]["deepest_bytes"] == 3000 and rows[401]["deepest_bytes"] is None, rows
        plain = must_be_valid("stacks", succeed("-s", source, "stacks", "-o", "json"))
        assert set(plain["depth"].values()) == {None}, plain["depth"]
        text = succeed("-s", source, "stacks").text
        assert "DEEPEST" not in text and "UNUSED" not in text, text


@test
def depths_that_contradict_themselves_are_refused():
    head = "stack 16384 0 0\n"
    for text in ("300 0 5000 java\n", head + "300 0 16385 java\n", head + "300 2 5000 java\n",
                 head + "-1 0 5000 java\n", head + "300 0 java\n", "stack 0 0 0\n", head,
                 head + "300 0 99999999999999999999 java\n", "stack 16384 0 0 0\n", ""):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, "ktally/stack_depth": text})
            refuse("stacks", "--used", "-s", source, says="ktally/stack_depth")


@test
def stacks_that_cannot_be_read_are_one_sentence():
    with Folder() as folder:
        refuse("stacks", "--used", "-s", plant(folder, trees.MODERN),
               says="on the running machine only")
    need_root()
    refuse("stacks", "--used", user=lib.NOBODY, says="cannot read kernel memory")
