# SPDX-License-Identifier: GPL-2.0-or-later
"""ktally slab: every byte of Slab in one cache or named, and nothing read that costs."""

import tarfile

import lib
import openmetrics
import trees
from bundles import link, members, pack
from lib import Folder, corpus_trees, ktally, plant, refuse, row_bytes, succeed, test
from test_schema import AWKWARD, must_be_valid

DIFFERENCE = "(difference to Slab)"
HEAD = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> ...\n"
SYSFS = "sys/kernel/slab/"
# alloc_calls and free_calls walk lists too, but only of caches that are debugged (SLAB_STORE_USER)
FORBIDDEN = ("objects", "objects_partial", "shrink", "validate")

# dentry has a folder of its own, inode_cache is merged with pid, by a link
FOLDERS = {
    **{SYSFS + "dentry/" + name: text for name, text in {
        "object_size": "184\n", "slab_size": "192\n", "reclaim_account": "1\n", "ctor": "",
        "cpu_slabs": "4 N0=4\n", "partial": "100 N0=100\n", "sheaf_capacity": "0\n",
        "align": "8\n", "destroy_by_rcu": "0\n"}.items()},
    **{SYSFS + ":0000600/" + name: text for name, text in {
        "object_size": "600\n", "ctor": "init_once+0x0/0x10 [odd]\n", "cpu_slabs": "1\n"}.items()},
}
LINKS = {"inode_cache": ":0000600", "pid": ":0000600"}


def plant_links(folder, tree=None):
    plant(folder, tree or {**trees.MODERN, **FOLDERS})
    for name, target in LINKS.items():
        (folder / SYSFS / name).symlink_to(target)
    return folder


def line(name, active, objs, slot, per_slab, pages, slabs):
    return (f"{name} {active} {objs} {slot} {per_slab} {pages} : tunables 0 0 0 : "
            f"slabdata {slabs} {slabs} 0\n")


def slab(source, *options):
    return must_be_valid("slab", succeed("-s", source, "slab", "-o", "json", *options))


def rows_of(report):
    return {row["name"]: row for row in report["caches"]}


def must_add_up(report):
    for row in report["caches"]:
        for key, value in row.items():
            assert not isinstance(value, int) or value >= 0 or row["name"] == DIFFERENCE, \
                f"{row['name']}: {key} is {value}"
        if row["in_use_bytes"] is None or row["bytes"] is None:
            continue
        parts = sum(row[key] or 0 for key in
                    ("in_use_bytes", "cached_bytes", "free_bytes", "padding_bytes", "tail_bytes"))
        assert parts == row["bytes"], f"{row['name']}: {parts} of {row['bytes']}"
    total = report["caches_total"]["bytes"]
    if report["slab"]["bytes"] is not None and total is not None:
        assert total == report["slab"]["bytes"], f"{total}, Slab is {report['slab']['bytes']}"


def slab_trees():
    yield from ((name, tree) for name, tree in {**trees.ALL, "AWKWARD": AWKWARD}.items()
                if "proc/slabinfo" in tree)


@test
def the_caches_of_every_made_up_machine_are_its_slab_row_to_the_byte():
    for name, tree in slab_trees():
        with Folder() as folder:
            report = slab(plant(folder, tree))
            must_add_up(report)
            rows = row_bytes(lib.report_of(folder))
            stacks = 0 if "thread_stack" not in rows_of(report) else rows["kernel_stacks"]
            assert report["caches_total"]["bytes"] == rows["slab"] + stacks, \
                f"{name}: {report['caches_total']['bytes']}, the account has {rows['slab']}"


@test
def every_slabinfo_of_the_corpus_adds_up():
    seen = 0
    for tree in corpus_trees():
        file = tree if tree.is_file() else tree / "proc/slabinfo"
        if not file.is_file() or not file.read_bytes().startswith(b"slabinfo"):
            continue
        seen += 1
        for options in ((), ("-a",), ("--families",)):
            report = slab(tree, *options)
            must_add_up(report)
            if options == ():
                lines = sum(not text.startswith((b"slabinfo", b"#"))
                            for text in file.read_bytes().splitlines())
                found = [row for row in report["caches"] if not row["name"].startswith("(")]
                assert len(found) == lines, f"{tree.name}: {len(found)} of {lines} caches"
                assert all(row["in_use_bytes"] is not None for row in found), tree.name
        text = succeed("-s", tree, "slab").text
        # the source's own name may be longer than a line
        long = [one for one in text.splitlines()[2:] if len(one) > 80]
        assert not long, f"{tree.name}: {long}"
    assert seen >= 8, f"only {seen}"


@test
def all_slabinfo_versions_are_read():
    versions = {
        "1.0": "slabinfo - version: 1.0\nkmem_cache 29 42\n",
        "1.1": "slabinfo - version: 1.1\nkmem_cache 80 80 244 5 5 1\n",
        "1.1 SMP": "slabinfo - version: 1.1 (SMP)\nkmem_cache 80 80 244 5 5 1 : 252 126\n",
        "2.0": HEAD.replace("2.1", "2.0") + line("kmem_cache", 80, 80, 244, 16, 1, 5),
        "2.1": HEAD + line("kmem_cache", 80, 80, 244, 16, 1, 5),
        "statistics": HEAD.replace("2.1", "2.1 (statistics)") +
                      line("kmem_cache", 80, 80, 244, 16, 1, 5).rstrip() +
                      " : globalstat 15 1 1 0 0 0 0 0 0 : cpustat 7 7 0 0\n",
    }
    for version, text in versions.items():
        with Folder() as folder:
            report = slab(plant(folder, {"proc/slabinfo": text,
                                         "ktally/meta": "page_bytes=4096\n"}))
            must_add_up(report)
            row = report["caches"][0]
            assert row["objects"] == (29 if version == "1.0" else 80), f"{version}: {row}"
            assert row["bytes"] == (None if version == "1.0" else 5 * 4096), f"{version}: {row}"


@test
def counters_beyond_32_bits_are_not_cut():
    with Folder() as folder:
        report = slab(plant(folder, {
            "ktally/meta": "page_bytes=4096\n",
            "proc/slabinfo": HEAD + line("kmalloc-64", 2**33 + 1, 2**34, 64, 64, 1, 2**28)}))
        must_add_up(report)
        row = report["caches"][0]
        assert (row["objects"], row["bytes"]) == (2**33 + 1, 2**40), row


@test
def impossible_numbers_are_missing_and_never_wrap():
    big = (2**63, 2**64 - 1, 2**53 + 1, 10**30, -1, "")
    for number in big:
        text = HEAD + "".join(line(f"a{i}", *(number if k == i else 1 for k in range(6)))
                              for i in range(6)) + line("dentry", 20, 21, 192, 21, 1, 1)
        with Folder() as folder:
            report = slab(plant(folder, {**trees.MODERN, "proc/slabinfo": text}), "-a")
            must_add_up(report)
            assert rows_of(report)["dentry"]["bytes"] == 4096, number


@test
def more_caches_than_any_kernel_has_are_refused_or_added_up_in_time():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        with (folder / "proc/slabinfo").open("w") as file:
            file.write(HEAD)
            for i in range(300000):
                file.write(line(f"kmalloc-{i}", 1, 1, 64, 64, 1, 1))
        for options in ((), ("--families",)):
            result = ktally("-s", folder, "slab", *options)
            assert result.status == 0, result.complaint


# ---- /sys/kernel/slab ----

@test
def names_of_merged_caches_are_told_of_folder_and_bundle_alike():
    with Folder() as folder:
        tree = plant_links(folder / "tree")
        bundle = folder / "b.tar"
        succeed("-s", tree, "capture", bundle)
        with tarfile.open(bundle) as tar:
            found = {name: tar.getmember(SYSFS + name).linkname for name in LINKS}
        assert found == LINKS, found
        for source in (tree, bundle):
            report = slab(source, "--details")
            must_add_up(report)
            rows = rows_of(report)
            assert rows["inode_cache"]["aliases"] == "pid", rows["inode_cache"]
            assert rows["inode_cache"]["maker"] == "odd", rows["inode_cache"]
            assert rows["dentry"]["padding_bytes"] == 90000 * 8, rows["dentry"]
            assert rows["dentry"]["ready_bytes"] == 4 * 21 * 192, rows["dentry"]
            told = must_be_valid("slab-cache", succeed("-s", source, "slab", "pid", "-o", "json"))
            assert (told["name"], told["folder"]) == ("inode_cache", ":0000600"), told
            assert told["aliases"] == "inode_cache", told["aliases"]


@test
def the_folder_is_read_only_where_a_column_needs_it():
    with Folder() as folder:
        plant_links(folder)
        assert rows_of(slab(folder))["dentry"]["object_bytes"] is None
        for options in (("-a",), ("--details",), ("--sort", "padding_bytes")):
            assert rows_of(slab(folder, *options))["dentry"]["object_bytes"] == 184, options


@test
def what_walks_lists_is_never_read():
    with Folder() as folder:
        bad = {SYSFS + "dentry/" + name: "1\n" for name in FORBIDDEN}
        tree = plant_links(folder / "tree", {**trees.MODERN, **FOLDERS, **bad})
        bundle = folder / "b.tar"
        succeed("-s", tree, "capture", bundle)
        with tarfile.open(bundle) as tar:
            read = {name.rsplit("/", 1)[1] for name in tar.getnames() if SYSFS in name}
        assert "object_size" in read and not read & set(FORBIDDEN), read


@test
def links_lead_nowhere_else():
    with Folder() as folder:
        tree = plant_links(folder / "tree")
        plant(folder / "outside", {"object_size": "77\n", "ctor": "outside\n"})
        for i, target in enumerate((str(folder / "outside"), "../../../../outside", "/proc", ".",
                                    "..", "loop", "dentry/../:0000600")):
            (tree / SYSFS / f"link{i}").symlink_to(target)
        (tree / SYSFS / "loop").symlink_to("loop")
        rows = rows_of(slab(tree, "--details"))
        assert rows["inode_cache"]["aliases"] in ("pid", "link6, pid"), rows["inode_cache"]
        assert "outside" not in succeed("-s", tree, "slab", "-a").text.split("\n", 3)[3]
        bundle = pack(folder / "b.tar", members({**trees.MODERN, **FOLDERS}) +
                      [link(SYSFS + "a", "/etc/passwd"), link(SYSFS + "b", "../" * 90),
                       link(SYSFS + "pid", ":0000600")])
        assert rows_of(slab(bundle, "--details"))["dentry"]["aliases"] is None


@test
def without_slabinfo_the_folders_are_the_list():
    tree = {path: text for path, text in trees.MODERN.items() if path != "proc/slabinfo"}
    with Folder() as folder:
        report = slab(plant(folder, {**tree, **FOLDERS, **{SYSFS + "dentry/" + name: text
                      for name, text in {"slabs": "5000 N0=5000\n", "objs_per_slab": "21\n",
                                         "order": "0\n", "total_objects": "105000\n"}.items()}}))
        must_add_up(report)
        row = rows_of(report)["dentry"]
        assert (row["bytes"], row["objects"]) == (5000 * 4096, None), row


# ---- one cache ----

@test
def an_unknown_cache_suggests_names_that_are_close():
    with Folder() as folder:
        plant_links(folder)
        refuse("-s", folder, "slab", "dentri", status=2, says="did you mean dentry?")
        refuse("-s", folder, "slab", "kmalloc", status=2, says="kmalloc-1k")
        refuse("-s", folder, "slab", "no such cache at all", status=2, says="lists them")
        refuse("-s", folder, "slab", "", status=2)
        refuse("-s", folder, "slab", "x" * 100000, status=2)


@test
def every_cache_of_every_machine_has_a_picture_that_fits_and_adds_up():
    for name, tree in slab_trees():
        with Folder() as folder:
            plant_links(folder, {**tree, **FOLDERS})
            for cache in [row["name"] for row in slab(folder)["caches"]]:
                if cache.startswith("("):
                    continue
                told = must_be_valid(
                    "slab-cache", succeed("-s", folder, "slab", cache, "-o", "json"))
                assert sum(one["bytes"] for one in told["slot"]) == told["slot_bytes"], cache
                parts = {one["part"]: one["bytes"] for one in told["parts"]}
                if parts["in use"] is not None:
                    held = parts.pop("held")
                    assert sum(one or 0 for one in parts.values()) == held, f"{name}: {cache}"
                wide = [one for one in succeed("-s", folder, "slab", cache).text.splitlines()[2:]
                        if len(one) > 80 and cache not in one]
                assert not wide, f"{name}: {cache}: {wide}"


@test
def the_picture_is_plain_ascii_where_the_terminal_is():
    with Folder() as folder:
        plant_links(folder)
        text = succeed("-s", folder, "slab", "dentry", env=lib.environment(LC_ALL="C")).out
        assert text.isascii() and b"####" in text and b"?" not in text, text.decode()


@test
def families_add_up_to_the_same_total():
    text = HEAD + "".join(line(name, 10, 64, 64, 64, 1, 1) for name in
                          ("kmalloc-64", "kmalloc-cg-64", "kmalloc-rcl-64", "dma-kmalloc-64",
                           "kmalloc-rnd-01-64", "kmalloc-64", "dentry"))
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "proc/slabinfo": text})
        one, summed = slab(folder), slab(folder, "--families")
        must_add_up(summed)
        row = rows_of(summed)["kmalloc-64"]
        assert (row["caches"], row["objects"], row["bytes"]) == (6, 60, 6 * 4096), row
        assert row["slot_bytes"] == 64 and row["object_bytes"] is None, row
        assert summed["caches_total"] == one["caches_total"]


@test
def caches_of_one_name_are_told_apart_in_every_output():
    text = HEAD + "".join(line("bridge port", i, 64, 64, 64, 1, 1) for i in (1, 2, 3))
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "proc/slabinfo": text})
        report = slab(folder)
        must_add_up(report)
        copies = {row["objects"]: row["copy"] for row in report["caches"] if row["objects"]}
        assert copies == {3: None, 2: 2, 1: 3}, copies  # the newest are at the head
        found = openmetrics.parse(succeed("-s", folder, "slab", "-o", "openmetrics").out)
        samples = [tuple(sorted(labels.items()))
                   for labels, _ in found["ktally_slab_cache_objects"].samples]
        assert len(samples) == len(set(samples)), samples
        assert succeed("-s", folder, "slab", "bridge port").text.count("3 caches have this name")


@test
def the_running_machine_says_why_where_it_may_not_be_read():
    result = ktally("slab", user=lib.NOBODY)
    assert result.status == 1 and b"root can" in result.err or result.status == 0, result.err


@test
def a_list_with_more_caches_than_are_shown_is_cut_from_the_whole_list():
    """Only the largest have rows while it is made: the same text as when all have."""
    text = HEAD + "".join(line(f"c{i % 700:03}", i % 13, 13, 192 + i % 3, 13, 1 + i % 2, i % 40)
                          for i in range(900))
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "proc/slabinfo": text})
        for options in ((), ("--top", "1"), ("--top", "64"), ("-b",)):
            folded = succeed("-s", folder, "slab", *options).text
            assert folded == succeed("-s", folder, "slab", "--sort", "bytes", *options).text, options
            assert "(others)" in folded and "total" in folded
        top = succeed("-s", folder, "slab", "--top", "5", "-o", "json").json()
        assert [row["name"] for row in top["caches"]] == \
            [row.split()[0] for row in succeed("-s", folder, "slab", "--top", "5").text.splitlines()
             if row.startswith(("c", "(large")) and "CACHE" not in row][:len(top["caches"])]
