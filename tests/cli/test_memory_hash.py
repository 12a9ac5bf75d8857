# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains of the hash tables of the boot in kernel memory: hash --exact."""

import lib
import trees
from lib import Folder, need_root, plant, refuse, succeed, test
from test_schema import must_be_valid

TEXT = "# buckets empty objects longest torn name\n" \
       "131072 80000 70000 5 0 Dentry cache\n65536 50000 20000 4 36 Inode-cache\n" \
       "8192 8170 24 2 0 TCP established\n512 508 4 1 0 UDP\n512 512 0 0 0 UDP, by address\n" \
       "512 0 0 0 512 futex\n"
COLUMNS = ("chained", "empty_share", "longest_chain", "mean_chain", "torn_entries")


def exact(*args, **how):
    return must_be_valid("hash", succeed("hash", "--exact", "-o", "json", *args, **how))


def rows_of(report):
    return {row["name"]: row for row in report["tables"]}


@test
def chains_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/hash_chains": TEXT})
        report = exact("-s", source)
        rows = rows_of(report)
        row = rows["Dentry cache"]
        assert (row["chained"], row["longest_chain"], row["torn_entries"]) == (70000, 5, 0), row
        assert abs(row["empty_share"] - 80000 / 131072) < 1e-6, row
        assert abs(row["mean_chain"] - 70000 / 51072) < 1e-6, row
        row = rows["Inode-cache"]
        assert row["torn_entries"] == 36, row
        assert abs(row["empty_share"] - 50000 / 65500) < 1e-6, row
        # a table that shares its line of the log has no size of its own
        row = rows["UDP, by address"]
        assert (row["entries"], row["bytes"], row["chained"]) == (512, None, 0), row
        assert row["empty_share"] == 1 and row["mean_chain"] is None, row
        # nothing was read of a table: nothing is said about it
        row = rows["futex"]
        assert row["torn_entries"] == 512, row
        assert {row[key] for key in COLUMNS[:-1]} == {None}, row
        assert {rows["Mount-cache"][key] for key in COLUMNS} == {None}, rows["Mount-cache"]
        notes = " ".join(report["notes"])
        assert "70000 objects are in the table, the kernel counts 105000 dentries" in notes, notes
        assert "548 entries changed" in notes, notes
        text = succeed("hash", "--exact", "-s", source).text
        assert "the longest chain has 5" in " ".join(text.split()), text
        for title in ("CHAINED", "EMPTY", "LONGEST"):
            assert title in text, text


@test
def without_the_option_there_are_no_chains():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/hash_chains": TEXT})
        report = must_be_valid("hash", succeed("hash", "-s", source, "-o", "json"))
        assert {row[key] for row in report["tables"] for key in COLUMNS} == {None}, report
        assert "UDP, by address" not in rows_of(report), report
        text = succeed("hash", "-a", "-s", source).text
        assert "CHAINED" not in text and "LONGEST" not in text, text


@test
def chains_need_no_kernel_log():
    tree = {name: text for name, text in trees.MODERN.items() if name != "dmesg"}
    with Folder() as folder:
        source = plant(folder, {**tree, "ktally/hash_chains": TEXT})
        refuse("hash", "-s", source, says="no kernel log with hash tables")
        row = rows_of(exact("-s", source))["Dentry cache"]
        assert (row["entries"], row["bytes"], row["chained"]) == (131072, None, 70000), row


@test
def chains_that_contradict_themselves_are_refused():
    for text in ("", "# buckets\n", "512 508 4 1 0\n", "512 508 4 1 UDP\n", "0 0 0 0 0 UDP\n",
                 "512 513 0 0 0 UDP\n", "512 500 12 1 1 UDP\n", "512 508 3 1 0 UDP\n",
                 "512 508 9 2 0 UDP\n", "512 508 4 2 0 UDP\n", "512 508 4 0 0 UDP\n",
                 "512 512 1 1 0 UDP\n", "512 -1 4 1 0 UDP\n", "512 508 4 1 -1 UDP\n",
                 "536870912 536870912 0 0 0 UDP\n", "512 511 2097152 2097152 0 UDP\n",
                 "512 0 99999999999999999999 1 0 UDP\n", "512 512 0 0 9223372036854775807 UDP\n",
                 "512 508 4 1 0 UDP\n512 508 4 1 0 UDP\n",
                 "".join(f"1 1 0 0 0 table {i}\n" for i in range(65))):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, "ktally/hash_chains": text})
            refuse("hash", "--exact", "-s", source, says="ktally/hash_chains")


@test
def chains_that_cannot_be_read_are_one_sentence_and_the_list_stays():
    with Folder() as folder:
        report = exact("-s", plant(folder, trees.MODERN))
        assert sum("no chains are shown" in note for note in report["notes"]) == 1, report
        assert rows_of(report)["Dentry cache"]["in_use"] == 105000, report
        assert {row[key] for row in report["tables"] for key in COLUMNS} == {None}, report


@test
def chains_of_this_machine_are_read_or_the_reason_is_said():
    need_root()
    result = lib.ktally("hash", "--exact", "-o", "json")
    if result.status:
        assert "cannot read kernel memory" in result.complaint or \
            "no kernel log" in result.complaint, result.complaint
        return
    report = must_be_valid("hash", result)
    read = [row for row in report["tables"] if row["chained"] is not None]
    said = [note for note in report["notes"] if "no chains are shown" in note]
    assert bool(read) != bool(said), report
    for row in read:
        assert 0 <= row["empty_share"] <= 1, row
        assert (row["chained"] == 0) == (row["longest_chain"] == 0), row
