# SPDX-License-Identifier: GPL-2.0-or-later
"""ktally boot: rows in time order that add up to the account's."""

import lib
import trees
from lib import Folder, corpus_trees, ktally, plant, succeed, test
from test_schema import must_be_valid


def boot(source):
    report = must_be_valid("boot", succeed(*source, "boot", "-o", "json"))
    must_add_up(report)
    return report


def held(report, place):
    return sum(row["bytes"] for row in report["rows"] if row["from"] == place)


def must_add_up(report):
    account = report["account"]
    assert held(report, "firmware") == (account["firmware_bytes"] or 0), account
    assert held(report, "reserved") == (account["boot_bytes"] or 0), account
    assert report["rows_total"]["bytes"] == sum(row["bytes"] for row in report["rows"])
    for row in report["rows"]:
        assert row["taken_bytes"] == row["bytes"] + (row["given_back_bytes"] or 0), row
    steps = [row["step"] for row in report["rows"]]
    assert steps == list(range(1, len(steps) + 1)), steps


@test
def what_was_taken_at_boot_adds_up_to_the_account_of_every_made_up_machine():
    shown = 0
    for name, tree in trees.ALL.items():
        with Folder() as folder:
            plant(folder, tree)
            if ktally("-s", folder, "boot").status:
                continue
            rows, account = boot(("-s", folder)), lib.row_bytes(lib.report_of(folder))
            for row, place in (("firmware", "firmware"), ("boot", "reserved")):
                assert held(rows, place) == (account[row] or 0), f"{name}: {row}"
            shown += 1
    assert shown >= 5, f"only {shown} machines"


@test
def rows_have_the_time_of_their_line_and_what_was_given_back():
    with Folder() as folder:
        rows = {row["name"]: row for row in boot(("-s", plant(folder, trees.MODERN)))["rows"]}
    initrd = rows["initial RAM disk"]
    assert (initrd["taken_bytes"], initrd["given_back_bytes"], initrd["bytes"]) == \
        (16384 << 10, 16380 << 10, 4 << 10), initrd
    assert (initrd["time_seconds"], initrd["given_back_seconds"]) == (0.004, 0.08), initrd
    assert rows["kernel init code and data"]["bytes"] == 0
    assert rows["hash Dentry cache"]["time_seconds"] == 0.02
    assert rows["hash UDP"]["from"] == "buddy", "vmalloc is no reserved memory"
    assert rows["DMA bounce buffers (swiotlb)"]["bytes"] == 16 << 20


@test
def a_boot_log_alone_gives_a_table_that_is_never_below_zero():
    for log in sorted(lib.corpus("bootlog").iterdir()):
        lib.note_corpus(log)
        with Folder() as folder:
            plant(folder, {"proc/version": "", "dmesg": log.read_bytes()})
            report = boot(("-s", folder))
            assert report["rows_total"]["bytes"] > 0, f"{log.name}: {report['rows_total']}"
            below = [row for row in report["rows"] if row["bytes"] < 0]
            assert not below, f"{log.name}: {below}"
            assert len(report["rows"]) >= 15, f"{log.name}: {len(report['rows'])} rows"


@test
def a_log_without_the_boot_is_refused_with_what_is_lacking():
    with Folder() as folder:
        plant(folder, {"proc/version": "", "dmesg": "[ 5000.1] eth0: link is up\n"})
        lib.refuse("-s", folder, "boot", says="Memory:")


@test
def what_was_taken_at_boot_adds_up_on_every_captured_machine_that_tells():
    shown = 0
    for tree in corpus_trees():
        result = ktally("-s", tree, "boot", "-o", "json")
        if result.status:
            assert lib.one_complaint(result), f"{tree.name}: {result.complaint}"
            continue
        must_add_up(must_be_valid("boot", result))
        shown += 1
    assert shown >= 6, f"only {shown} trees"


@test
def the_running_machine_adds_up():
    boot(())
