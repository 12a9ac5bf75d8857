# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally diff' of whatever both sides have: counters, one list alone, reports, several machines."""

import re

import lib
import logs
import trees
from lib import Folder, ktally, opened, plant, refuse, succeed, test
from test_schema import must_be_valid
from test_tools import SLABTOP, VMSTAT_M

HEAD = ("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
        "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
        "<active_slabs> <num_slabs> <sharedavail>\n")


def cache(name, slabs, size=192, objects=21, pages=1):
    return (f"{name:<17} {slabs * objects:6} {slabs * objects:6} {size:6} {objects:4} {pages:4} : "
            f"tunables    0    0    0 : slabdata {slabs:6} {slabs:6}      0\n")


def compared(before, after, *args):
    return must_be_valid("diff", succeed("diff", before, after, "-o", "json", *args))


def by_name(rows):
    return {row["name"]: row for row in rows}


@test
def two_slabinfos_alone_are_compared_cache_by_cache():
    with Folder() as folder:
        fill = cache("radix_tree_node", 10, 584, 28, 4)
        before, after = folder / "slabinfo.1", folder / "slabinfo.2"
        before.write_text(HEAD + fill + cache("dentry", 100) + cache("gone", 7, 1016, 4))
        after.write_text(HEAD + fill + cache("dentry", 160) + cache("new", 3, 1016, 4))
        report = compared(before, after)
        rows = {name: (row["before"], row["after"], row["change"])
                for name, row in by_name(report["caches"]).items()}
        assert rows["dentry"] == (409600, 655360, 245760), rows
        assert rows["gone"] == (7 * 4096, 0, -7 * 4096), rows
        assert rows["new"] == (0, 3 * 4096, 3 * 4096), rows
        total = report["caches_total"]
        assert total["change"] == sum(change for _, _, change in rows.values()) \
            == total["after"] - total["before"], total
        assert "rows" not in report, "an account without a total"
        text = succeed("diff", before, after).text
        assert re.search(r"dentry +400.0 KiB +640.0 KiB +\+240.0 KiB +\+60.00 %", text), text
        assert "neither side has a total of memory" in text, text
        failed = ktally("diff", before, after, "--fail-if", "dentry>+50%")
        assert failed.status == 3 and "failed: dentry>+50%" in failed.text, failed.text
        succeed("diff", before, after, "--fail-if", "dentry>+70%")
        whole = plant(folder / "whole", trees.MODERN)
        succeed("diff", whole, whole, "--fail-if", "unreclaimable slab>+1,slab_unreclaimable>+1")


@test
def counters_are_compared_by_name_where_a_side_has_no_total():
    kept = [line for line in trees.MODERN["proc/meminfo"].splitlines(keepends=True)
            if not line.startswith("MemTotal:")]
    with Folder() as folder:
        before, after = folder / "meminfo.1", folder / "meminfo.2"
        before.write_text("".join(kept))
        number = next(int(line.split()[1]) for line in kept if line.startswith("Slab:"))
        after.write_text("".join(kept).replace(f"{number} kB", f"{number + 512} kB", 1))
        report = compared(before, after)
        row = by_name(report["counters"])["Slab"]
        assert (row["before"], row["change"]) == (number * 1024, 512 * 1024), row
        assert "counters_total" not in report, "counters that overlap are no sum"
        # pages of an unknown size stay pages
        before.write_text("nr_free_pages 1000\nnr_slab_unreclaimable 50\nnr_anon_pages 7\n"
                          "nr_mapped 5\nnr_file_pages 99\n")
        after.write_text("nr_free_pages 900\nnr_slab_unreclaimable 150\nnr_anon_pages 7\n"
                         "nr_mapped 5\nnr_file_pages 99\n")
        report = compared(before, after)
        rows = by_name(report["numbers"])
        assert rows["nr_free_pages"]["change"] == -100, rows
        assert rows["nr_slab_unreclaimable"]["change"] == 100, rows
        assert "counters" not in report, report["counters"]


@test
def counters_are_read_without_the_rest_of_the_account():
    tree = {path: trees.MODERN[path] for path in ("proc/meminfo", "proc/vmstat", "proc/iomem")}
    tree["proc/meminfo"] = "".join(line for line in tree["proc/meminfo"].splitlines(keepends=True)
                                   if not line.startswith("MemTotal:"))
    with Folder() as folder:
        before, after = plant(folder / "before", tree), plant(folder / "after", tree)
        report = compared(before, after)
        assert report["counters"] and by_name(report["counters"])["Slab"]["change"] == 0
        read = opened("diff", before, after)
        # for the accounts, which cannot be made, and the counters
        assert read.count("proc/meminfo") == 4, read
        assert read.count("proc/iomem") == 2, read


@test
def what_only_one_side_has_is_named_with_its_file():
    with Folder() as folder:
        whole = plant(folder / "whole", trees.MODERN)
        less = plant(folder / "less", {path: text for path, text in trees.MODERN.items()
                                       if path not in ("proc/slabinfo", "proc/vmallocinfo")})
        for before, after, role in ((whole, less, "BEFORE"), (less, whole, "AFTER")):
            report = compared(before, after)
            notes = [note for note in report["notes"] if note.startswith(f"only {role} has ")]
            assert len(notes) == 1 and "slabinfo" in notes[0] and "vmallocinfo" in notes[0], notes
            assert "caches" not in report and "callers" not in report
            assert report["rows_total"]["change"] == 0, report["rows_total"]


@test
def what_only_one_side_has_is_named_once():
    """Threads and processes are two lists of one source."""
    less = {path: text for path, text in trees.MODERN.items() if path in ("proc/meminfo", "proc/vmstat", "proc/zoneinfo")}
    with Folder() as folder:
        bundle = folder / "machine.tar"
        succeed("capture", bundle)
        report = compared(plant(folder / "less", less), bundle)
        note, = (note for note in report["notes"] if note.startswith("only AFTER has "))
        names = note.removeprefix("only AFTER has ").split(", ")
        assert len(names) == len(set(names)) and "tasks" in names, note


@test
def without_anything_common_each_side_is_described_in_one_sentence():
    with Folder() as folder:
        one, two = folder / "one", folder / "two"
        one.write_text(HEAD + cache("dentry", 100) + cache("radix_tree_node", 9, 584, 28, 4))
        two.write_text("Node 0, zone      DMA      1      1      0      0      2      1      1"
                       "      0      1      1      3 \n"
                       "Node 0, zone   Normal    100     20      3      0      0      0      0"
                       "      0      0      0      0 \n")
        refuse("diff", one, two, says=f"{one} has slabinfo, {two} has buddyinfo")
        blocks = by_name(compared(two, two)["orders"])
        assert blocks["order 0"]["before"] == 101 and blocks["order 10"]["change"] == 0, blocks


@test
def inexact_amounts_say_so_and_titles_stand_for_names():
    with Folder() as folder:
        whole = plant(folder / "whole", trees.MODERN)
        files = dict(trees.MODERN)
        files["proc/meminfo"] = "".join(
            line for line in files["proc/meminfo"].splitlines(keepends=True)
            if not line.startswith("VmallocUsed:"))
        other = plant(folder / "other", {"proc/meminfo": files["proc/meminfo"]})
        report = compared(whole, other)
        qualities = {side: {row["id"]: row["quality"] for row in lib.report_of(tree)["rows"]}
                     for side, tree in (("before", whole), ("after", other))}
        seen = set()
        for row in report["rows"]:
            for side, known in qualities.items():
                if row["name"] in known:
                    assert row[side + "_quality"] == known[row["name"]], (side, row)
                    seen.add(known[row["name"]])
        assert len(seen - {"exact", None}) >= 1, seen
        titles = {row["name"]: row["title"] for row in report["rows"]}
        assert titles["slab_reclaimable"] == "reclaimable slab", titles
        text = succeed("diff", whole, other, "-a").text
        assert any(line.endswith(tuple("≥≤≈")) for line in text.splitlines()), text
        assert "slab_reclaimable" not in text.replace("slab_reclaimable.", ""), text


FLIPPED = {"upper_bound": "lower_bound", "lower_bound": "upper_bound"}


def quality_of_change(row):
    """Of a difference, by the rules of src/model/val.h."""
    after = row["after_quality"] or "exact"
    before = row["before_quality"] or "exact"
    if before == "upper_bound" and row["before"] == 0:
        before = "exact"
    if after == "upper_bound" and row["after"] == 0:
        after = "exact"
    before = FLIPPED.get(before, before)
    if before == after or before == "exact":
        return after
    return before if after == "exact" else "estimate"


@test
def the_change_of_a_bound_is_a_bound():
    names = {"exact": "", "estimate": "≈", "upper_bound": "≤", "lower_bound": "≥"}
    seen = set()
    with Folder() as folder:
        sides = [plant(folder / name, tree) for name, tree in trees.ALL.items()
                 if "proc/meminfo" in tree]
        for before, after in [*zip(sides, sides[1:]), *zip(sides[1:], sides)]:
            report = compared(before, after, "-a")
            text = succeed("diff", before, after, "-a").text
            for row in report["rows"] + report.get("caches", []):
                stated = row["before_quality"] or row["after_quality"]
                if row["change"] is None or not stated:
                    assert row["change_quality"] is None, row
                    continue
                assert row["change_quality"] == quality_of_change(row), row
                seen.add(row["change_quality"])
                shown = [line for line in text.splitlines()
                         if line.startswith(row["title"] + "  ")]
                sign = names[row["change_quality"]]
                assert not shown or not sign or any(line.endswith(" " + sign) for line in shown), \
                    (row, shown)
    assert seen >= {"exact", "estimate", "lower_bound", "upper_bound"}, seen


@test
def objects_of_a_rounded_list_are_no_exact_change():
    with Folder() as folder:
        plant(folder, {"a": SLABTOP, "b": slabinfo_of(100050)})
        row = by_name(compared(folder / "a", folder / "b")["caches"])["dentry"]
        # slabs are exact in both, whatever the sizes of objects are
        assert row["change_quality"] is None, row


@test
def two_memory_reports_are_compared_with_their_lists():
    with Folder() as folder:
        one, two = folder / "one.log", folder / "two.log"
        text = logs.WHOLE
        one.write_text(text)
        grown = re.sub(r"slab_unreclaimable:(\d+)",
                       lambda match: f"slab_unreclaimable:{int(match[1]) + 256}", text, count=1)
        two.write_text(grown)
        report = compared(one, two)
        row = by_name(report["rows"])["slab_unreclaimable"]
        assert row["change"] == 256 * 4096, row
        assert report["rows_total"]["change"] == 0, report["rows_total"]
        assert "orders" in report, list(report)


@test
def machines_that_differ_are_named_before_their_changes():
    fixtures = lib.REPOSITORY / "tests" / "fixtures"
    text = succeed("diff", fixtures / "6.1", fixtures / "6.12").text
    assert re.search(r"The sides differ: kernel: 6\.1\.\S+ and 6\.12\.\S+", text), text


def with_pages(folder, page_bytes):
    stack = " post_alloc_hook+0x1/0x2\n widget_rx+0x3/0x4\n"
    return plant(folder, {
        "ktally/meta": f"page_bytes={page_bytes}\n",
        "proc/buddyinfo": "Node 0, zone   Normal    100     20      3\n",
        "sys/kernel/debug/page_owner": "Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 5, "
                                       "tgid 5 (a), ts 12 ns\n"
                                       "PFN 79 type Unmovable Block 0 type Unmovable Flags 0x0()\n"
                                       f"{stack}\n",
        "sys/kernel/debug/page_owner_stacks/show_stacks": f"{stack}nr_base_pages: 700\n\n",
    })


@test
def numbers_of_pages_are_not_compared_where_pages_have_another_size():
    lists = {"orders": "Free blocks", "page_owner": "Pages by stack", "page_stacks": "Pages by stack"}
    with Folder() as folder:
        small, same, large = (with_pages(folder / name, size) for name, size in
                              (("small", 4096), ("same", 4096), ("large", 65536)))
        report = compared(small, same)
        for key in lists:
            assert key in report and report[key][0]["change"] == 0, (key, report.get(key))
        # with and without a list before that knows the page size
        for more in ({}, {"proc/slabinfo": HEAD + cache("dentry", 100) + cache("fill", 9, 584, 28, 4)}):
            plant(small, more), plant(large, more)
            if more:
                report = compared(small, large)
                assert not set(lists) & set(report), set(lists) & set(report)
                notes = " ".join(report["notes"])
                for title in lists.values():
                    assert f"{title}: not compared: it counts pages, which have 4.0 KiB" in notes, notes
                assert "64.0 KiB after" in notes, notes
            else:
                refuse("diff", small, large, says="nothing to compare")


def slabinfo_of(slabs):
    return HEAD + cache("dentry", slabs) + cache("kmalloc-64", 30000, 64, 64, 1) + \
        cache("ext4_inode_cache", 1000, 1128, 26, 8)


@test
def caches_are_compared_whatever_lists_them():
    grown = SLABTOP.replace("2100000 1900000  90%    0.19K 100000       21    400000K dentry",
                            "2101050 1900000  90%    0.19K 100050       21    400200K dentry")
    more = VMSTAT_M.replace("1900000 2100000    192", "1900000 2100021    192")
    assert grown != SLABTOP and more != VMSTAT_M
    with Folder() as folder:
        plant(folder, {"top.1": SLABTOP, "top.2": grown, "info": slabinfo_of(100050),
                       "m.1": VMSTAT_M, "m.2": more,
                       "sos/sos_commands/memory/slabtop_-o": SLABTOP,
                       "sos/proc/uptime": "1.00 1.00\n", "tree/proc/slabinfo": slabinfo_of(100050),
                       "tree/proc/uptime": "1.00 1.00\n", "empty/proc/uptime": "1.00 1.00\n"})
        for before, after in (("top.1", "top.2"), ("top.1", "info"), ("sos", "info"),
                              ("sos", "tree"), ("top.1", "tree")):
            row = by_name(compared(folder / before, folder / after)["caches"])["dentry"]
            assert (row["before"], row["change"]) == (400000 << 10, 200 << 10), (before, after, row)
        # without slabs, what objects have is the least that a cache holds
        row = by_name(compared(folder / "m.1", folder / "m.2")["caches"])["dentry"]
        assert (row["change"], row["change_quality"]) == (21 * 192, "estimate"), row
        refuse("diff", folder / "top.1", folder / "empty", says="has slabtop")


@test
def a_log_next_to_files_hides_none_of_their_lists():
    with Folder() as folder:
        text = "".join(f"$ cat /{path}\n{trees.MODERN[path]}\n" for path in
                       ("proc/meminfo", "proc/vmallocinfo"))
        plant(folder, {"a": text, "b": text + "$ dmesg\n" + logs.WHOLE})
        report = compared(folder / "a", folder / "b")
        assert report["callers"] and report["callers_total"]["change"] == 0, list(report)
        assert "callers" not in compared(folder / "a", f"{folder}/b@1")
