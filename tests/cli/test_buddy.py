# SPDX-License-Identifier: GPL-2.0-or-later
"""ktally buddy: the kernel's own indices, the account's free row, what can be allocated."""

import re
from pathlib import Path

import lib
import trees
from lib import Folder, Skip, corpus_trees, ktally, need_root, plant, succeed, test
from test_schema import must_be_valid

EXTFRAG = Path("/sys/kernel/debug/extfrag")
ATTEMPTS = 200


def buddy(source, *options):
    return must_be_valid("buddy", succeed(*source, "buddy", "-o", "json", *options))


def made_up(tree, *options):
    with Folder() as folder:
        return buddy(("-s", plant(folder, tree)), *options)


def column(report, key):
    return {row["name"]: row[key] for row in report["orders"]}


@test
def free_blocks_add_up_to_the_free_row_of_the_account():
    for name, tree in trees.ALL.items():
        if "proc/buddyinfo" not in tree:
            continue
        with Folder() as folder:
            plant(folder, tree)
            free = lib.row_bytes(lib.report_of(folder))["free"]
            report = buddy(("-s", folder))
        assert report["orders_total"]["bytes"] == free, f"{name}: {report['orders_total']}"


@test
def what_the_lists_do_not_hold_are_rows_of_their_own():
    rows = column(made_up(trees.MODERN), "bytes")
    assert rows["per-CPU lists"] == 123 * 4096, rows
    assert set(rows) == {f"order {order}" for order in range(11)} | {"per-CPU lists"}, \
        f"a difference on a machine without one: {set(rows)}"
    moved = {**trees.MODERN, "proc/buddyinfo":
             trees.MODERN["proc/buddyinfo"].replace("   120 ", "   100 ")}
    assert column(made_up(moved), "bytes")["moved while read"] == 20 * 4096
    del moved["proc/pagetypeinfo"]
    assert column(made_up(moved), "bytes")["isolated or moved"] == 20 * 4096


@test
def isolated_blocks_are_in_the_lists_and_not_counted():
    tree = {**trees.MODERN, "proc/pagetypeinfo": trees.MODERN["proc/pagetypeinfo"] +
            "Node    0, zone    DMA32, type      Isolate 0 0 0 0 0 0 0 0 0 0 1\n",
            "proc/buddyinfo": trees.MODERN["proc/buddyinfo"].replace("40\n", "41\n")}
    rows = column(made_up(tree), "bytes")
    assert rows["isolated, not counted"] == -4 << 20, rows
    assert "moved while read" not in rows, rows


@test
def the_headline_counts_its_zones():
    with Folder() as folder:
        said = " ".join(succeed("-s", plant(folder, trees.MODERN), "buddy").text.split())
    named = re.search(r"in (zones?) ([^.]*)\.", said)
    assert named and (named[1] == "zones") == (" and " in named[2]), said


@test
def columns_follow_the_orders_that_are_there():
    report = made_up(trees.ARM64_64K)
    orders = [row["order"] for row in report["orders"] if row["order"] is not None]
    assert orders == list(range(13, -1, -1)), orders
    assert column(report, "block_bytes")["order 13"] == 65536 << 13
    assert [row["asked_bytes"] for row in report["rounding"]][0] == 65 << 10, report["rounding"]


@test
def what_can_be_allocated_now_is_what_watermarks_and_reserves_leave():
    # DMA32: order 10 is free and 49000 - 1023 pages are above min; DMA: all but reserve
    report = made_up(trees.MODERN)
    zones = {row["zone"]: row for row in report["zones"]}
    assert (report["largest_order"], report["largest_bytes"]) == (10, 4 << 20), report
    assert zones["DMA"]["reserve_bytes"] == 937 * 4096, zones["DMA"]
    assert zones["DMA"]["largest_order"] == 10, zones["DMA"]  # 3840 - 1023 > 67 + 937
    low = {**trees.MODERN, "proc/zoneinfo": trees.MODERN["proc/zoneinfo"]
           .replace("(0, 937, 937)", "(0, 3773, 3773)").replace("5000\n", "48990\n")}
    report = made_up(low)
    zones = {row["zone"]: row for row in report["zones"]}
    assert zones["DMA"]["largest_order"] is None and zones["DMA"]["largest_bytes"] == 0, zones
    # 49000 less 512 in the reserve for atomic allocations are below min
    assert zones["DMA32"]["largest_order"] is None and report["largest_order"] is None, zones
    del low["proc/pagetypeinfo"]
    assert made_up(low)["largest_order"] == 3  # 10 pages above min: 10 - 7 > 0, 10 - 15 < 0
    text = " ".join(succeed_text(low).split())
    assert "64 KiB (order 4) needs reclaim first" in text, text


def succeed_text(tree):
    with Folder() as folder:
        return succeed("-s", plant(folder, tree), "buddy").text


@test
def memory_in_pieces_is_told_from_lack_of_memory():
    text = succeed_text(trees.ARM64_64K)
    assert "256 KiB (order 2)" in text and "memory is free, but in small blocks" in " ".join(text.split())
    rows = {row["order"]: row for row in made_up(trees.ARM64_64K)["zone_orders"]}
    assert rows[2]["extfrag_index"] == -1, rows[2]
    assert rows[3]["extfrag_index"] == (1000 - (1000 + 1000 * 1000 // 8) // 750) / 1000, rows[3]
    assert rows[2]["unusable_index"] == 0.8, rows[2]


@test
def events_since_boot_are_those_the_kernel_has():
    events = {row["event"]: row["count"] for row in made_up(trees.MODERN)["events"]}
    assert events == {"allocstall_dma32": 4, "allocstall_normal": 0, "compact_stall": 21,
                      "compact_fail": 16, "compact_success": 5, "thp_fault_fallback": 9}, events


@test
def the_running_machine_is_asked_for_mobilities_only_with_expensive():
    need_root()
    assert not buddy(())["mobilities"], "pagetypeinfo was read"
    if not Path("/proc/pagetypeinfo").exists():
        raise Skip("this kernel has no /proc/pagetypeinfo")
    assert buddy((), "--expensive")["mobilities"], "--expensive did not read it"


def indices_of_kernel(name):
    """{(node, zone): [index for each order]}; digits as the kernel prints them."""
    found = {}
    for line in (EXTFRAG / name).read_text(encoding="ascii").splitlines():
        node, zone, numbers = re.fullmatch(r"Node (\d+), zone +(\S+) (.*)", line).groups()
        found[int(node), zone] = [float(number) for number in numbers.split()]
    return found


def lists_of(report):
    return [(row["node"], row["zone"], row["order"], row["blocks"]) for row in
            report["zone_orders"]]


@test
def both_indices_are_the_kernels_to_the_digit():
    need_root()
    if not (EXTFRAG / "extfrag_index").exists():
        raise Skip("no debugfs with extfrag")
    compared = {"unusable_index": 0, "extfrag_index": 0}
    for _ in range(ATTEMPTS):
        if all(compared.values()):
            break
        before = buddy(())
        kernel = {name: indices_of_kernel(name) for name in compared}
        after = buddy(())
        for name in compared:
            for row, again in zip(before["zone_orders"], after["zone_orders"], strict=True):
                key = row["node"], row["zone"]
                same = [one for one in lists_of(before) if one[:2] == key] == \
                    [one for one in lists_of(after) if one[:2] == key]
                if not same or key not in kernel[name]:
                    continue  # the zone moved between the two readings
                assert row[name] == kernel[name][key][row["order"]], \
                    f"{name}: {row}, kernel {kernel[name][key]}"
                compared[name] += 1
    assert all(compared.values()), f"no zone stood still in {ATTEMPTS} readings: {compared}"


@test
def every_captured_machine_with_free_lists_shows_them():
    shown = 0
    for tree in corpus_trees():
        result = ktally("-s", tree, "buddy", "-o", "json")
        has = tree.is_dir() and (tree / "proc" / "buddyinfo").exists()
        assert result.status == (0 if has else 1), f"{tree.name}: {result.complaint}"
        if not has:
            assert lib.one_complaint(result), result.complaint
            continue
        report = must_be_valid("buddy", result)
        text = (tree / "proc" / "buddyinfo").read_text(encoding="ascii")
        blocks = sum(int(word) for line in text.splitlines() for word in line.split()[4:])
        assert report["orders_total"]["blocks"] == blocks, tree.name
        assert report["zone_orders_total"]["blocks"] == blocks, tree.name
        shown += 1
    assert shown >= 4, f"only {shown} trees"


@test
def free_memory_by_mobility_has_pages_where_no_size_of_a_page_is_known():
    text = ("Page block order: 9\nPages per block: 512\n\n"
            "Free pages count per migrate type at order " + " ".join(f"{n:6}" for n in range(11)) +
            "\nNode    0, zone   Normal, type    Unmovable " + "    100      7" + "      0" * 9 +
            "\nNode    0, zone   Normal, type      Movable " + "     30      2" + "      0" * 9 + "\n")
    with Folder() as folder:
        (folder / "ticket").write_text(text)
        report = must_be_valid("buddy", succeed("buddy", "--expensive", "-s", folder / "ticket",
                                                "-o", "json"))
        assert {row["mobility"]: (row["pages"], row["bytes"]) for row in report["mobilities"]} == {
            "Unmovable": (114, None), "Movable": (34, None)}, report["mobilities"]
        shown = succeed("buddy", "--expensive", "-s", folder / "ticket").text
        assert "Unmovable" in shown and "PAGES" in shown and "114" in shown, shown
