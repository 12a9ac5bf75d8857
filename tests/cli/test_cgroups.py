# SPDX-License-Identifier: GPL-2.0-or-later
"""cgroups and per-CPU memory: what their rows add up to, and trees of cgroups that are
large, deep, odd or alive."""

import os
import subprocess
import sys
import time
from pathlib import Path

import lib
import trees
from bundles import member, pack
from lib import Folder, Skip, need_root, plant, refuse, report_of, row_bytes, succeed, test
from test_schema import must_be_valid

KIB = 1024
GROUP = "sys/fs/cgroup"
# holds what the kernel charges to the group: a pipe is an inode, a dentry, two files, a ring
HOLD = """
import os, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
held = [os.pipe() for _ in range(400)]
print("ready", flush=True)
sys.stdin.read()
"""


def listed(command, *source, **how):
    return must_be_valid(command, succeed(*source, command, "-o", "json", **how))


def group_of(report, path):
    return next(row for row in report["cgroups"] if row["path"] == path)


def outside(report):
    return next(row for row in report["cgroups"] if row["path"] is None)


@test
def with_what_no_cgroup_has_the_rows_are_the_kernel_row_of_the_account():
    for name in ("MODERN", "OLD"):
        with Folder() as folder:
            plant(folder, getattr(trees, name))
            report, rows = listed("cgroups", "-s", folder), row_bytes(report_of(folder))
            assert report["cgroups_total"]["bytes"] == rows["kernel"], name
            assert report["cgroups_total"]["slab_bytes"] == rows["slab"], name
            assert report["charged_bytes"] + report["uncharged_bytes"] == rows["kernel"], name
            if name == "MODERN":
                assert report["cgroups_total"]["percpu_bytes"] == rows["percpu"]
                assert report["cgroups_total"]["vmalloc_bytes"] == rows["vmalloc"]
                assert report["cgroups_total"]["stacks_bytes"] == rows["kernel_stacks"]
                assert report["cgroups_total"]["page_tables_bytes"] == rows["page_tables"]


@test
def kinds_of_a_cgroup_add_up_to_its_kernel_memory():
    with Folder() as folder:
        report = listed("cgroups", "-s", plant(folder, trees.MODERN))
        for row in report["cgroups"] + [report["cgroups_total"]]:
            kinds = ("slab", "stacks", "page_tables", "percpu", "vmalloc", "other")
            assert sum(row[f"{kind}_bytes"] for kind in kinds) == row["bytes"], row


@test
def a_group_has_its_own_and_its_limit_is_held_against_all_of_it():
    with Folder() as folder:
        report = listed("cgroups", "-s", plant(folder, trees.MODERN))
        parent = group_of(report, "/system.slice")
        assert (parent["bytes"], parent["with_below_bytes"]) == (13000 * KIB, 18000 * KIB)
        assert (parent["dying"], parent["limit_bytes"]) == (150, None)
        service = group_of(report, "/system.slice/made-up.service")
        assert (service["bytes"], service["limit_bytes"]) == (5000 * KIB, 65536 * KIB)
        assert abs(service["limit_share"] - 5000 / 65536) < 1e-6
        assert group_of(report, "/")["bytes"] == (31000 - 18000 - 10000) * KIB
        assert (report["dying"], report["groups"], report["version"]) == (153, 6, "v2")
        text = succeed("-s", folder, "cgroups").text
        assert "153 dying cgroups (removed" in text and "61 % of the limit of pod01234567" in text, text


@test
def without_the_machines_counters_the_groups_are_shown_alone():
    with Folder() as folder:
        files = {path: text for path, text in trees.MODERN.items() if path.startswith(GROUP)}
        (folder / "proc").mkdir()
        report = listed("cgroups", "-s", plant(folder, files))
        assert report["kernel_bytes"] is None and report["uncharged_bytes"] is None
        assert report["cgroups_total"]["bytes"] == report["charged_bytes"] == 31000 * KIB
        assert all(row["path"] for row in report["cgroups"])


@test
def percpu_memory_is_that_of_the_account_to_the_byte():
    shown = 0
    fixtures = sorted((lib.REPOSITORY / "tests" / "fixtures").iterdir())
    for tree in [*fixtures, *(lib.corpus_trees() if lib.CORPUS.is_dir() else [])]:
        result = lib.ktally("-s", tree, "percpu", "-o", "json")
        if result.status:
            assert lib.one_complaint(result), result.complaint
            continue
        report, rows = must_be_valid("percpu", result), row_bytes(report_of(tree))
        expected = rows["percpu"] + (rows["percpu_first"] or 0)
        assert report["parts_total"]["bytes"] == expected, f"{tree.name}: not {expected}"
        shown += 1
    assert shown >= 3, shown


@test
def the_chunks_of_the_allocator_are_told_apart():
    with Folder() as folder:
        report = listed("percpu", "-s", plant(folder, trees.MODERN))
        parts = {row["name"]: row["bytes"] for row in report["parts"]}
        assert parts["first chunk, variables of the kernel"] == 2 * 178200, parts
        assert parts["first chunk, allocated"] == 2 * (30696 - 20), parts
        assert parts["later chunks, allocated"] == 2 * (1048576 - 650000), parts
        chunks = {row["chunk"]: row for row in report["chunks"]}
        assert chunks["3"]["free_bytes_per_cpu"] == 650000, chunks
        assert chunks["1 (for modules)"]["used_bytes_per_cpu"] == 192, chunks


@test
def cgroups_of_the_corpus_add_up():
    tree = lib.corpus("procfs/canonical__hotsos__kubernetes")
    report, rows = listed("cgroups", "-s", tree), row_bytes(report_of(tree))
    assert report["groups"] == 128 and report["version"] == "v1"
    assert report["cgroups_total"]["bytes"] == rows["kernel"]
    assert report["charged_bytes"] == 205950976
    own = sum(row["bytes"] for row in report["cgroups"] if row["path"])
    assert own == report["charged_bytes"], own


def many(count):
    """That many groups and more, in folders of a hundred each, as members of a bundle."""
    yield member("proc/meminfo", trees.MODERN["proc/meminfo"].encode())
    yield member(f"{GROUP}/memory.stat", f"kernel {count * KIB}\n".encode())
    for index in range(count):
        if index % 100 == 0:
            yield member(f"{GROUP}/g{index // 100}/memory.stat", b"kernel 102400\n")
        yield member(f"{GROUP}/g{index // 100}/h{index}/memory.stat", b"kernel 1024\n")


@test
def more_groups_than_are_listed_have_one_row_and_it_is_said():
    """60,601 groups of 1 KiB, in directories of 100 KiB; 50,000 are listed."""
    with Folder() as folder:
        bundle = pack(folder / "b.tar", many(60000))
        report = succeed("-s", bundle, "cgroups", "-o", "json").json()
        others = next(row for row in report["cgroups"] if row["name"] == "(smaller cgroups)")
        listed_rows = [row for row in report["cgroups"] if row["path"]]
        assert report["groups"] == 60601 and len(listed_rows) == 50000, report["groups"]
        assert others["bytes"] == 10601 * KIB and others["path"] is None, others
        assert any("smallest cgroups, 10601 of them" in note for note in report["notes"]), report["notes"]
        assert sum(row["bytes"] for row in listed_rows) + others["bytes"] == 60000 * KIB
        assert report["charged_bytes"] == 60000 * KIB


@test
def a_recording_says_when_its_cgroups_were_read():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        succeed("-s", tree, "record", "-i", "1", "-n", "4", file)
        direct, recorded = (listed("cgroups", "-s", source) for source in (tree, file))
        assert direct["cgroups"] == recorded["cgroups"]
        assert not any("before this sample" in note for note in direct["notes"]), direct["notes"]
        assert any(" were read " in note and "before this sample" in note
                   for note in recorded["notes"]), recorded["notes"]
        # of the sample in which they were read there is nothing to say
        file = folder / "y.rec"
        succeed("-s", tree, "record", "-n", "1", file)
        first = listed("cgroups", "-s", file)
        assert first["cgroups"] == direct["cgroups"]
        assert not any("before this sample" in note for note in first["notes"]), first["notes"]


@test
def groups_that_a_recorder_has_not_read_yet_are_not_absent():
    without = {path: text for path, text in trees.MODERN.items() if not path.startswith(GROUP)}
    with Folder() as folder:
        plant(folder, {**without, "ktally/cgroups": "reading=1\n"})
        refuse("-s", folder, "cgroups", says="not yet read all cgroups")
        plant(folder, {**trees.MODERN, "ktally/cgroups": "taken_s=1\nread_s=2\nfolded=77\n"})
        report = listed("cgroups", "-s", folder)
        assert any("without the 77 smallest" in note for note in report["notes"]), report["notes"]


@test
def links_among_cgroups_are_not_followed():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        (folder / GROUP / "loop").symlink_to(".")
        (folder / GROUP / "system.slice" / "up").symlink_to("../..")
        (folder / GROUP / "out").symlink_to("/sys/fs/cgroup")
        report = listed("cgroups", "-s", folder)
        assert report["groups"] == 6, [row["path"] for row in report["cgroups"]]


@test
def groups_without_end_below_each_other_end():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        path = folder / GROUP
        for _ in range(90):
            path = path / "deep"
            path.mkdir()
            (path / "memory.stat").write_text("kernel 4096\n")
        report = listed("cgroups", "-s", folder)
        assert report["groups"] == 6 + 64, report["groups"]
        assert any("deep" in note for note in report["notes"]), report["notes"]
        wide = folder / GROUP / ("w" * 250) / ("w" * 250)
        wide.mkdir(parents=True)
        for part in (wide, wide.parent):
            (part / "memory.stat").write_text("kernel 4096\n")
        assert listed("cgroups", "-s", folder)["groups"] == 6 + 64 + 1


@test
def a_bundle_has_the_same_groups_and_a_scrubbed_one_names_none():
    secret = trees.cgroup_v2("secret-service", 900, None, None, kernel=500, slab=100)
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, **secret})
        for command in ("cgroups", "percpu"):
            succeed("-s", tree, "capture", "--force", folder / "a.tar")
            direct, packed = (listed(command, "-s", folder / name) for name in ("tree", "a.tar"))
            assert {**direct, "notes": []} == {**packed, "notes": []}, command
        succeed("-s", tree, "capture", "--scrub", folder / "b.tar")
        assert b"secret-service" in (folder / "a.tar").read_bytes()
        data = (folder / "b.tar").read_bytes()
        assert b"secret-service" not in data and b"made-up.service" not in data
        assert listed("cgroups", "-s", folder / "b.tar")["groups"] == 1


def own_group():
    """A cgroup of ours that counts memory, in whichever hierarchy this machine has."""
    need_root()
    for parent, kernel in (("/sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes"),
                           ("/sys/fs/cgroup", "memory.stat")):
        path = Path(parent) / f"ktally-test-{os.getpid()}"
        try:
            path.mkdir()
        except OSError:
            continue
        if (path / kernel).exists():
            return path
        path.rmdir()
    raise Skip("no cgroup with the memory controller can be made here")


@test
def kernel_memory_made_in_a_live_cgroup_is_in_its_row():
    path = own_group()
    try:
        empty = group_of(listed("cgroups"), "/" + path.name)["bytes"]
        with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as child:
            ready = child.stdout.readline()
            report = listed("cgroups")
            child.stdin.close()
        if ready != b"ready\n":
            raise Skip("could not hold pipes in a cgroup")
        held = group_of(report, "/" + path.name)["bytes"] - empty
        # the ring of a pipe is 16 buffers of 40 bytes, its inode and files as much again
        assert held >= 400 * 1024, f"400 pipes are {held} bytes"
        assert held <= 400 * 16384, f"400 pipes are {held} bytes"
        assert report["cgroups_total"]["bytes"] == report["kernel_bytes"]
    finally:
        for _ in range(50):
            try:
                path.rmdir()
                break
            except OSError:
                time.sleep(0.1)
