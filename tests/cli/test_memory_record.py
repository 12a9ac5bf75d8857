# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts from kernel memory in a recording: record --exact, and the commands that show them."""

import json
import select
import time

import lib
import test_slab
import trees
from epoll import epoll_sets
from lib import Folder, need_root, plant, refuse, succeed, test
from test_memory import ATTEMPTS, can_be_read, rows_of
from test_memory_account import PAGES, SLUB
from test_memory_pages import WALK_S, must_add_up
from test_record import TAIL, Recorder
from test_schema import must_be_valid

TREE = {**trees.MODERN, "ktally/slub": SLUB, "ktally/direct_pages": PAGES}
SLUB_HEAD = SLUB.splitlines(keepends=True)[0]


def shown(command, file, *args):
    return must_be_valid(command, succeed(command, *args, "-s", file, "-o", "json"))


def exports(file):
    """The amounts of each sample by name."""
    return [json.loads(line)["bytes"]
            for line in succeed("export", file, "-o", "json").text.splitlines()]


def wait_for_counts(file):
    """Until the recording has them: another process reads them."""
    ends = time.monotonic() + lib.TIMEOUT_S
    while "slab_used:dentry" not in lib.ktally("export", file, "-o", "json").text:
        assert time.monotonic() < ends, "no counts came"
        time.sleep(0.2)


def record(tree, file, *args):
    return succeed("-s", tree, "record", "-i", "0.1", "-n", "3", *args, file)


@test
def counts_of_a_recording_are_those_that_were_read():
    with Folder() as folder:
        tree, file = plant(folder / "tree", TREE), folder / "x.rec"
        record(tree, file, "-n", "1", "--exact")
        report = shown("slab", file, "--exact")
        test_slab.must_add_up(report)
        row = rows_of(report)["dentry"]
        assert (row["objects"], row["cached_bytes"], row["rcu_bytes"], row["free_bytes"]) == \
            (15000, 2000 * 192, 200 * 192, 4000 * 192), row
        assert report["slab"]["counts"] == "exact" and report["slab"]["counted"], report["slab"]
        pages = shown("pages", file, "-a")
        must_add_up(pages)
        assert {"kmalloc-1k: anon_pipe_buf_ops", "page_variable"} <= \
            {row["holder"] for row in pages["owners"]}, pages["owners"]
        account = {row["id"]: row["bytes"] for row in shown("account", file, "--exact")["rows"]}
        assert account["slab_reclaimable.used"] == 15000 * 192, account
        # without the option the numbers are the files' own
        plain = shown("slab", file)["slab"]
        assert plain["counts"] == "estimate" and not plain["counted"], plain


@test
def amounts_of_kernel_memory_are_series():
    with Folder() as folder:
        tree, file = plant(folder / "tree", TREE), folder / "x.rec"
        record(tree, file, "--exact", "--every", "1000")
        for sample in exports(file)[-1:]:
            parts = {part: sample[f"slab_{part}:dentry"]
                     for part in ("used", "free", "cached", "rcu")}
            assert parts == {"used": 15000 * 192, "free": 4000 * 192, "cached": 1800 * 192,
                             "rcu": 200 * 192}, parts
            assert sample["slab_used:two words"] == 6000 * 64, sample
            assert sample["slab_used:1 numbers"] == 70 * 4096, sample
            assert sample["pages:object kmalloc-1k: anon_pipe_buf_ops"] == 64 * 4096, sample
            assert sample["pages:data"] == 5 * 4096, sample
        series = must_be_valid("report", succeed(
            "report", file, "--series", "--filter", "slab_cached:*", "-o", "json"))
        assert {row["name"] for row in series["series"]} == \
            {"slab_cached:dentry", "slab_cached:two words", "slab_cached:1 numbers"}, series


@test
def samples_between_two_readings_have_the_last_counts_and_their_time():
    with Folder() as folder:
        tree, file = plant(folder / "tree", TREE), folder / "x.rec"
        recorder = Recorder(file, "-s", tree, "-i", "0.5", "--exact", "--every", "1000")
        recorder.wait_for(folder / ("x.rec" + TAIL), 100)
        wait_for_counts(file)
        (tree / "ktally/slub").write_text(SLUB.replace("15000 4000", "14000 5000"))
        time.sleep(3)
        recorder.end()
        report = shown("slab", file, "--exact")
        assert rows_of(report)["dentry"]["objects"] == 15000, rows_of(report)["dentry"]
        assert report["slab"]["counted"] < report["host"]["time"], report["slab"]
        assert any("before this sample" in note for note in report["notes"]), report["notes"]
        # what is left of the counter's Slab would be of two times
        assert not any(name.startswith("(") for name in rows_of(report)), report
        record(tree, folder / "one.rec", "-n", "1", "--exact")
        first = shown("slab", folder / "one.rec", "--exact")
        assert first["slab"]["counted"] == first["host"]["time"], first["slab"]
        assert not any("before this sample" in note for note in first["notes"]), first["notes"]


@test
def counts_that_cannot_be_read_are_missing_and_said_once():
    with Folder() as folder:
        tree = plant(folder / "tree", {**TREE, "ktally/slub": "nonsense\n"})
        file = folder / "x.rec"
        result = lib.ktally("-s", tree, "record", "-i", "0.1", "-n", "3", "--exact", "--every",
                            "0.1", file)
        assert result.status == 0, result.err
        assert result.complaint.count("--exact: ktally/slub") == 1, result.err
        assert result.err.count(b"\n") == 1, result.err
        refuse("slab", "--exact", "-s", file, says="ktally/slub")
        refuse("account", "--exact", "-s", file, says="ktally/slub")
        assert not any("slab_used" in name for sample in exports(file) for name in sample)
        assert shown("slab", file)["slab"]["counts"] == "estimate"
        assert shown("pages", file)["owners"], "the other file was read"
        record(tree, folder / "without.rec")
        refuse("slab", "--exact", "-s", folder / "without.rec", says="a recording with --exact")
        refuse("pages", "-s", folder / "without.rec", says="a recording with --exact")
        refuse("record", "-n", "1", "--every", "5", folder / "y.rec", status=2,
               says="--every needs --exact")


@test
def counts_that_can_no_longer_be_read_end():
    with Folder() as folder:
        tree, file = plant(folder / "tree", TREE), folder / "x.rec"
        recorder = Recorder(file, "-s", tree, "-i", "0.1", "--exact", "--every", "0.1")
        recorder.wait_for(folder / ("x.rec" + TAIL), 100)
        wait_for_counts(file)
        (tree / "ktally/slub").unlink()
        time.sleep(5 if lib.is_sanitized() else 2)
        recorder.end()
        samples = exports(file)
        assert any("slab_used:dentry" in sample for sample in samples), samples[0]
        assert "slab_used:dentry" not in samples[-1], samples[-1]
        assert "pages:data" in samples[-1], samples[-1]
        refuse("slab", "--exact", "-s", file, says="no counts from kernel memory")


@test
def very_many_caches_and_owners_are_fewer_lines_with_the_same_sums():
    caches = "".join(f"64 64 64 1 {n} {n * 64} {n * 60} {n * 3} {n} 0 0 {n % 2} cache-x{n}\n"
                     for n in range(1, 3001))
    owners = "".join(f"data {n} 1 variable_x{n}\n" for n in range(1, 201)) + "nobody 3 3\n"
    with Folder() as folder:
        tree = plant(folder / "tree", {**TREE, "ktally/slub": SLUB_HEAD + caches,
                                       "ktally/direct_pages": "#\n" + owners})
        file = folder / "x.rec"
        record(tree, file, "--exact", "--every", "1000")
        parts = {"used": 60, "free": 3, "cached": 1, "rcu": 0}
        sample = exports(file)[-1]
        for part, each in parts.items():
            found = [value for name, value in sample.items() if name.startswith(f"slab_{part}:")]
            assert len(found) == 2050, len(found)
            assert sum(found) == sum(range(1, 3001)) * each * 64, part
        assert shown("slab", file, "--exact")["slab"]["in_use_bytes"] >= 60 * 64 * 3000 * 3001 // 2
        pages = shown("pages", file, "-a")
        must_add_up(pages)
        assert pages["owners_total"]["pages"] == 200 * 201 // 2 + 3, pages["owners_total"]
        assert len(pages["owners"]) == 66, len(pages["owners"])


@test
def objects_of_this_machine_are_recorded():
    """To the object in a guest that rests; here other programs have items of their own, and a
    reading takes seconds."""
    need_root()
    can_be_read(lib.ktally("slab", "--exact", "-o", "json"))
    name, seen = "eventpoll_epi", []

    def is_near(count):
        return abs(count - len(files) * len(sets)) <= len(files) * len(sets) // 100

    with epoll_sets(500, 40) as (files, sets), Folder() as folder:
        for attempt in range(ATTEMPTS):
            counts = []
            for step in range(2):
                file = folder / f"{attempt}-{step}.rec"
                for one in sets if step else []:
                    for fd in files:
                        one.register(fd, select.EPOLLIN)
                result = succeed("record", "-n", "1", "--exact", file, timeout=WALK_S)
                assert b"--exact" not in result.err, result.err
                counts.append(rows_of(shown("slab", file, "--exact"))[name]["objects"])
            pages = shown("pages", file, "-a")
            must_add_up(pages)
            for one in sets:
                for fd in files:
                    one.unregister(fd)
            seen.append(counts[1] - counts[0])
            if is_near(seen[-1]):
                break
    assert is_near(seen[-1]), seen


@test
def no_sample_is_missed_while_another_process_reads():
    need_root()
    can_be_read(lib.ktally("slab", "--exact", "-o", "json"))
    with Folder() as folder:
        file = folder / "x.rec"
        made = must_be_valid("record", succeed("record", "-i", "0.2", "-n", "30", "--exact", file,
                                               "-o", "json", timeout=WALK_S))
        assert made["samples"] == 30, made
        report = shown("slab", file, "--exact")
        samples = exports(file)
        having = ["slab_used:dentry" in sample for sample in samples]
        assert having == sorted(having) and having[-1], having
        # at least until the reading ended there were samples in their turn
        assert not having[0], having
        # that there were no counts before is no growth
        row = next(row for row in must_be_valid("report", succeed(
            "report", file, "--series", "--filter", "slab_used:dentry", "-o", "json"))["series"])
        assert row["first"] == row["last"] and row["change"] == 0, row
        assert report["slab"]["counted"] <= report["host"]["time"], report["slab"]


@test
def differences_of_counts_are_differences_of_objects():
    with Folder() as folder:
        sides = []
        for name, text in (("a", SLUB), ("b", SLUB.replace("15000 4000", "14000 5000"))):
            tree = plant(folder / name, {**TREE, "ktally/slub": text})
            sides.append(folder / f"{name}.rec")
            record(tree, sides[-1], "-n", "1", "--exact")
        report = must_be_valid("diff", succeed("diff", *sides, "-o", "json"))
        rows = {row["name"]: row for row in report["counted_objects"]}
        assert rows["dentry"]["change"] == -1000, rows["dentry"]
        assert all(row["change"] in (0, None) for name, row in rows.items() if name != "dentry")
        assert report["owners"] and not any(row["change"] for row in report["owners"])


@test
def top_shows_what_was_counted_and_says_when():
    with Folder() as folder:
        tree, file = plant(folder / "tree", TREE), folder / "x.rec"
        plain = plant(folder / "plain", trees.MODERN)
        text = succeed("top", "--batch", "-n", "1", "-s", plain).text
        assert "objects: estimate" in text.splitlines()[0], text
        assert "CACHED" not in text
        record(tree, file, "--exact")
        counted = shown("slab", file, "--exact")["slab"]["counted"]
        for args in ((), ("--exact",)):
            lines = succeed("top", "--batch", "-n", "1", *args, "-s", file).text.splitlines()
            assert f"objects: exact, {counted[11:19]} " in lines[0], lines[0]
            assert any("CACHED" in line for line in lines), lines
            assert all(len(line) <= 80 for line in lines), lines
        refuse("top", "--batch", "--exact", "--sort", "name", "-s", plain,
               says="no counts from kernel memory")
        # of the running machine
        need_root()
        can_be_read(lib.ktally("slab", "--exact", "-o", "json"))
        lines = succeed("top", "--batch", "-n", "1", "--exact").text.splitlines()
        assert "objects: exact" in lines[0], lines[0]
        assert any("CACHED" in line for line in lines), lines
