# SPDX-License-Identifier: GPL-2.0-or-later
"""ktally dcache: directory entries and inodes, and how full the hash tables are."""

import lib
import trees
from lib import Folder, corpus_trees, ktally, plant, succeed, test
from test_schema import must_be_valid


def report(command, tree, *options):
    with Folder() as folder:
        return must_be_valid(command, succeed("-s", plant(folder, tree), command, "-o", "json",
                                              *options))


@test
def entries_inodes_and_their_caches_are_shown():
    dcache = report("dcache", trees.MODERN)
    assert (dcache["dentries"], dcache["dentries_unused"], dcache["dentries_negative"]) == \
        (105000, 103000, 90000), dcache
    assert (dcache["inodes"], dcache["inodes_unused"]) == (10500, 300), dcache
    caches = {row["name"]: row for row in dcache["caches"]}
    assert set(caches) == {"dentry", "inode_cache"}, set(caches)
    assert caches["dentry"]["bytes"] == 5000 * 4096, caches["dentry"]
    assert caches["inode_cache"]["mounts"] == 3, caches["inode_cache"]
    assert dcache["caches_total"]["bytes"] == (5000 + 375 * 4) * 4096
    counts = {row["what"]: row["count"] for row in dcache["counts"]}
    assert counts["entries in use"] == 2000, counts


@test
def mostly_negative_entries_are_told_with_what_to_look_for():
    with Folder() as folder:
        text = succeed("-s", plant(folder, trees.MODERN), "dcache").text
    assert "86 % of the entries are negative" in " ".join(text.split()), text
    few = {**trees.MODERN, "proc/sys/fs/dentry-state": "105000 103000 45 0 9000 0\n"}
    with Folder() as folder:
        assert "are negative" not in succeed("-s", plant(folder, few), "dcache").text


@test
def no_negative_entries_and_none_counted_are_not_the_same():
    zero = "5000 4000 45 0 0 0\n"
    old = {**trees.OLD, "proc/sys/fs/dentry-state": zero}
    assert report("dcache", old)["dentries_negative"] is None
    new = {**old, "proc/sys/fs/dentry-negative": "0\n"}
    assert report("dcache", new)["dentries_negative"] == 0
    two = {**trees.OLD, "proc/sys/fs/dentry-state": "5000 4000\n"}
    assert report("dcache", two)["dentries_negative"] is None


@test
def a_file_system_is_known_by_the_name_of_its_cache():
    tree = {**trees.MODERN, "proc/slabinfo": trees.MODERN["proc/slabinfo"] +
            "ext4_inode_cache 10 14 1128 14 4 : tunables 0 0 0 : slabdata 1 1 0\n"
            "jbd2_inode 10 64 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n"}
    caches = {row["name"]: row for row in report("dcache", tree)["caches"]}
    assert caches["ext4_inode_cache"]["filesystem"] == "ext4"
    assert caches["ext4_inode_cache"]["mounts"] == 1
    assert caches["inode_cache"]["mounts"] == 2, "mounts with an own cache count as others"
    assert "jbd2_inode" not in caches


@test
def every_captured_machine_shows_its_caches_or_says_what_is_lacking():
    shown = 0
    for tree in corpus_trees():
        result = ktally("-s", tree, "dcache", "-o", "json")
        if result.status:
            assert lib.one_complaint(result), f"{tree.name}: {result.complaint}"
            continue
        found = must_be_valid("dcache", result)
        assert all(row["bytes"] is None or row["bytes"] >= 0 for row in found["caches"]), tree
        shown += 1
    assert shown >= 8, f"only {shown} trees"


@test
def the_running_machine_shows_what_its_files_say():
    with open("/proc/sys/fs/dentry-state", encoding="ascii") as file:
        state = [int(word) for word in file.read().split()]
    found = must_be_valid("dcache", succeed("dcache", "-o", "json"))
    assert abs(found["dentries"] - state[0]) <= 10000 + state[0] / 2, f"{found} {state}"


# ---- hash tables ----

@test
def hash_tables_tell_how_full_they_are_where_a_counter_does():
    rows = {row["name"]: row for row in report("hash", trees.MODERN)["tables"]}
    assert rows["Dentry cache"]["in_use"] == 105000
    assert abs(rows["Dentry cache"]["load"] - 105000 / 131072) < 1e-6
    assert rows["TCP established"]["in_use"] == 30, "those that wait are in the table too"
    assert rows["UDP"]["in_use"] == 4
    assert rows["futex"]["in_use"] is None and rows["futex"]["load"] is None
    assert not rows["Dentry cache"]["large"]


@test
def a_table_that_is_large_and_empty_is_named_with_what_would_be_enough():
    tree = {**trees.MODERN, "dmesg": trees.MODERN["dmesg"].replace(
        "131072 (order: 8, 1048576 bytes", "2097152 (order: 12, 16777216 bytes")}
    rows = {row["name"]: row for row in report("hash", tree)["tables"]}
    assert rows["Dentry cache"]["large"], rows["Dentry cache"]
    notes = " ".join(report("hash", tree)["notes"])
    assert "dhash_entries=131072 saves 15.0 MiB" in notes, notes
    assert "thash" not in notes, "sockets of one namespace are no reason"
