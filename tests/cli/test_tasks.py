# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel stacks and page tables by process: figures worked out by hand, totals that are the
account's, and what is said where processes are hidden, gone or too many."""

import trees
from lib import (Folder, Skip, corpus_trees, ktally, plant, refuse, row_of, succeed, test)
from test_schema import must_be_valid

ROWS = {"stacks": ("stacks", "kernel_stacks"), "pagetables": ("processes", "page_tables")}


def show(source, command, *options):
    return must_be_valid(command, succeed("-s", source, command, "-o", "json", *options))


def rows_of(report, key):
    return {row["name"]: row for row in report[key]}


def pid_of(path):
    part = path.split("/")[1:2]
    return part[0] if part and part[0].isdigit() else None


def must_be_the_accounts(source, name):
    """The totals are the account's rows, to the byte. How many of the two are shown."""
    account, shown = None, 0
    for command, (key, row) in ROWS.items():
        result = ktally("-s", source, command, "-o", "json")
        assert result.status in (0, 1), f"{name}: {command}: {result.complaint}"
        if result.status:
            assert result.complaint.count("\n") == 1, result.complaint
            continue
        account = account or succeed("-s", source, "-o", "json").json()
        total = must_be_valid(command, result)[f"{key}_total"]["bytes"]
        wanted = row_of(account, row)["bytes"]
        assert total == wanted, f"{name}: {command}: {total}, the account has {wanted}"
        shown += 1
    return shown


@test
def stacks_and_page_tables_add_up_to_the_rows_of_the_account():
    shown = 0
    for name, tree in trees.ALL.items():
        with Folder() as folder:
            shown += must_be_the_accounts(plant(folder, tree), name)
    assert shown >= 4, f"only {shown} were shown"


@test
def trees_of_the_corpus_have_stacks_and_page_tables_or_say_what_they_lack():
    for tree in corpus_trees():
        must_be_the_accounts(tree, tree.name)


@test
def threads_are_stacks_and_the_dead_have_none():
    with Folder() as folder:
        report = show(plant(folder, trees.MODERN), "stacks")
    rows = rows_of(report, "stacks")
    assert report["stack_bytes"] == 16384 and report["zombies"] == 2, report
    threads = {name: row["threads"] for name, row in rows.items()}
    assert threads == {"init": 1, "[kthreadd]": 1, "[kworker]": 2, "[kworker/R]": 1,
                       "[kswapd]": 1, "[jbd2]": 1, "java": 80, "postgres": 3, "half dead": 9,
                       "gone": 0, "[swapper]": 1}, threads
    assert all(row["bytes"] == row["threads"] * 16384 for row in rows.values())
    assert report["cached_stacks_max_bytes"] == 2 * 2 * 16384


@test
def threads_that_came_or_went_are_a_row_of_their_own_and_signed():
    for change, name, threads in ((5, "(came or went)", 5), (-5, "(came or went)", -5)):
        tree = {**trees.MODERN}
        tree["proc/meminfo"] = tree["proc/meminfo"].replace(
            "KernelStack:        1600 kB", f"KernelStack: {1600 + 16 * change} kB")
        with Folder() as folder:
            source = plant(folder, tree)
            row = rows_of(show(source, "stacks"), "stacks")[name]
            assert (row["threads"], row["bytes"]) == (threads, threads * 16384), row
            must_be_the_accounts(source, name)


@test
def in_a_container_stacks_and_page_tables_of_others_are_a_row():
    tree = {path: text for path, text in trees.MODERN.items()
            if pid_of(path) in ("1", "300", None)}
    with Folder() as folder:
        source = plant(folder, tree)
        stacks, tables = show(source, "stacks"), show(source, "pagetables")
        must_be_the_accounts(source, "container")
    assert stacks["hidden_threads"] == 100 - 81 and stacks["stack_bytes"] == 16384, stacks
    assert rows_of(stacks, "stacks")["(not shown here)"]["bytes"] == 1600 * 1024 - 82 * 16384
    assert rows_of(tables, "processes")["(not shown here)"]["bytes"] == (2800 - 860) * 1024
    assert any("not shown" in note for note in stacks["notes"]), stacks["notes"]


@test
def each_process_can_have_a_row():
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        for command, (key, _) in ROWS.items():
            rows = show(source, command, "--by", "process")[key]
            pids = [row["pid"] for row in rows if row["name"] == "postgres"]
            assert sorted(pids) == [400, 401, 402], pids
            assert show(source, command)[f"{key}_total"]["bytes"] == sum(
                row["bytes"] for row in rows)
            text = succeed("-s", source, command, "--by", "process").text
            assert "PID" in text and "PROCS" not in text, text
        names = rows_of(show(source, "stacks", "--by", "process"), "stacks")
        assert "[kworker/1:0H-kblockd]" in names, list(names)
        assert show(source, "stacks", "--by", "family") == show(source, "stacks")
        refuse("-s", source, "stacks", "--by", "moon", status=2, says="moon")


@test
def page_tables_are_divided_by_what_they_map():
    with Folder() as folder:
        report = show(plant(folder, trees.MODERN), "pagetables")
    rows = rows_of(report, "processes")
    assert "kthreadd" not in " ".join(rows), "kernel threads have no page tables"
    row = rows["postgres"]
    mapped = 3 * (2000 + 3000 + 8192) * 1024
    assert (row["bytes"], row["mapped_bytes"]) == (900 * 1024, mapped), row
    assert abs(row["mapped_ratio"] - mapped / (900 * 1024)) < 1e-6, row
    assert row["huge_saves_bytes"] == 3 * 4 * 4096, row  # 2000 + 8192 KiB: 4 times 2 MiB
    assert rows["(in no process)"]["bytes"] == (2800 - 1760) * 1024
    assert report["in_processes_bytes"] == 1760 * 1024 and report["address_spaces"] == 5


@test
def processes_may_have_more_page_tables_than_the_counter():
    tree = {**trees.MODERN}
    tree["proc/vmstat"] = tree["proc/vmstat"].replace("nr_page_table_pages 700",
                                                      "nr_page_table_pages 435")
    with Folder() as folder:
        source = plant(folder, tree)
        report = show(source, "pagetables")
        must_be_the_accounts(source, "fewer")
    assert rows_of(report, "processes")["(in no process)"]["bytes"] == (1740 - 1760) * 1024
    assert any("third level" in note for note in report["notes"]), report["notes"]


@test
def files_that_many_processes_map_are_told_with_what_sharing_would_spare():
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        assert "files" not in show(source, "pagetables"), "nobody asked for files"
        report = show(source, "pagetables", "--shared")
        files = {row["path"]: row for row in report["files"]}
        assert show(source, "pagetables", "--expensive")["files"] == report["files"]
    segment, library = files["/SYSV0001 (deleted)"], files["/usr/lib/libc.so.6"]
    assert segment["processes"] == library["processes"] == 3
    assert segment["entries_max_bytes"] == 3 * 4 * 4096, segment
    assert segment["repeated_max_bytes"] == segment["shared_saves_max_bytes"] == 2 * 4 * 4096
    assert library["repeated_max_bytes"] == 2 * 0x4b * 8, library
    assert library["shared_saves_max_bytes"] == 0, library


@test
def large_page_tables_come_with_advice():
    for name, memory, says in (
            ("sparse", trees.memory(70000, 1000, 1000, 0), "entries are in use"),
            ("dense", trees.memory(70000, 1000, 1000, 18000000), "Huge pages")):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, **trees.process(700, name, 1, kthread=0,
                                                                     **memory)})
            notes = show(source, "pagetables")["notes"]
        assert any(note.startswith(name + ":") and says in note for note in notes), notes


@test
def without_processes_one_sentence_says_so():
    with Folder() as folder:
        source = plant(folder, {path: text for path, text in trees.MODERN.items()
                                if pid_of(path) is None})
        for command in ROWS:
            refuse("-s", source, command, says="proc/PID/status")
    for command in ROWS:
        refuse(command, "--cheap", says="--cheap")


@test
def the_processes_of_a_bundle_are_those_of_the_machine():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        succeed("-s", tree, "capture", folder / "b.tar")
        succeed("-s", tree, "capture", "--scrub", folder / "s.tar", "--expensive")
        succeed("-s", tree, "capture", "--expensive", folder / "e.tar")
        for command, (key, _) in ROWS.items():
            direct, bundled = show(tree, command), show(folder / "b.tar", command)
            assert bundled[key] == direct[key], f"{command}: another list"
            assert show(folder / "s.tar", command)[f"{key}_total"] == direct[f"{key}_total"]
        scrubbed = (folder / "s.tar").read_bytes()
        assert not [word for word in (b"java", b"postgres", b"SYSV", b"libc.so", b"Uid")
                    if word in scrubbed], "names are left"
        assert show(folder / "e.tar", "pagetables", "--shared")["files"] == \
            show(tree, "pagetables", "--shared")["files"]
        assert "files" not in show(folder / "b.tar", "pagetables", "--shared")


@test
def damaged_processes_do_not_hide_the_others():
    bad = {"proc/800/status": b"", "proc/801/status": b"\x00\xff" * 300,
           "proc/802/status": "Name:\t" + "x" * 100000 + "\nThreads:\t99999999999999999999\n",
           "proc/803/maps": "-\n", "proc/99999999999999999999/status": "Name:\tz\nThreads:\t1\n",
           "proc/self/status": "Name:\tself\nThreads:\t1000\n"}
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, **bad})
        threads = sum(row["threads"] or 0 for row in show(source, "stacks")["stacks"])
        assert threads == 100, threads
        show(source, "pagetables", "--shared")


@test
def twenty_thousand_processes_are_shown_and_more_of_a_kind_are_one_row():
    tree = {**trees.MODERN}
    for pid in range(10000, 30000):
        tree.update(trees.process(pid, f"many{pid % 7}", 2, kthread=0, **trees.memory(40, 1, 1, 1)))
    with Folder() as folder:
        source = plant(folder, tree)
        rows = rows_of(show(source, "pagetables"), "processes")
        assert sum(rows[f"many{i}"]["processes"] for i in range(7)) == 20000
        assert sum(rows[f"many{i}"]["bytes"] for i in range(7)) == 20000 * 40 * 1024
        assert show(source, "stacks", "--by", "process", "--top", "3")["stacks"]


@test
def this_machine_has_stacks_of_a_power_of_two_and_every_thread():
    report = must_be_valid("stacks", succeed("stacks", "-o", "json"))
    if report["stack_bytes"] is None:
        raise Skip("too few processes are shown here")
    size = report["stack_bytes"]
    assert size & (size - 1) == 0, size
    assert report["stacks_total"]["bytes"] == report["kernel_stacks_bytes"]
