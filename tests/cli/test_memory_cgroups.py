# SPDX-License-Identifier: GPL-2.0-or-later
"""Slab objects by cache and cgroup, and how full slabs are, in kernel memory."""

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import lib
import trees
from epoll import epoll_sets
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_memory import can_be_read
from test_schema import must_be_valid

ITEMS = 2000  # that epoll watches
CACHE = "eventpoll_epi"
OTHERS = 8  # objects of caches that are merged with it
ATTEMPTS = 3
PAGE = os.sysconf("SC_PAGE_SIZE")
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
# holds objects that the kernel charges to the group; a line moves it into another one
HOLD = """
import os, select, sys
def move(group):
    with open(group + "/cgroup.procs", "w") as procs:
        procs.write(str(os.getpid()))
move(sys.argv[1])
files = [os.eventfd(0) for _ in range(100)]
sets = [select.epoll() for _ in range(int(sys.argv[2]) // 100)]
for one in sets:
    for file in files:
        one.register(file, select.EPOLLIN)
print("ready", flush=True)
for line in sys.stdin:
    move(line.strip())
    print("moved", flush=True)
"""
HEAD = "# slot objects rcu left online|dying [cache] cgroup\n"
TEXT = HEAD + "192 100 0 0 online [dentry] /system.slice/a.service\n" \
              "192 50 10 60 online [dentry] /system.slice\n" \
              "64 5 0 0 dying [two words] /with blank\n" \
              "192 2 0 0 online [dentry]\n"


@contextlib.contextmanager
def memory_group():
    """A group of its own that counts memory."""
    if (V1 / "memory.limit_in_bytes").exists():
        above = V1
    elif "memory" in (V2 / "cgroup.subtree_control").read_text().split() \
            if (V2 / "cgroup.subtree_control").exists() else False:
        above = V2
    else:
        raise Skip("no group can be made here that counts memory")
    group = above / f"ktally-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as why:
        raise Skip(f"no group can be made here: {why}") from why
    try:
        yield group
    finally:
        for _ in range(50):
            with contextlib.suppress(OSError):
                if group.exists():
                    group.rmdir()
                break
            time.sleep(0.1)


@contextlib.contextmanager
def holder(group):
    with subprocess.Popen([sys.executable, "-c", HOLD, group, str(ITEMS)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.stdin.close()
            process.wait()


def by_cgroup(*args, **how):
    """The rows of the charges, by the cache and the path of the group."""
    result = lib.ktally("slab", *args, "--by", "cgroup", "-a", "-o", "json", **how)
    if "-s" not in args:
        can_be_read(result)
    assert result.status == 0, result.err
    of_one = args and not str(args[0]).startswith("-")
    report = must_be_valid("slab-cache" if of_one else "slab", result)
    return report, [row for row in report["charges"] if row["path"]]


def of_group(rows, path):
    return [row for row in rows if row["path"] == path]


@test
def objects_are_charged_to_the_cgroup_of_the_process_that_made_them():
    need_root()
    with memory_group() as group, holder(group) as process:
        path = "/" + group.name
        rows = of_group(by_cgroup(CACHE)[1], path)
        assert len(rows) == 1 and ITEMS <= rows[0]["objects"] <= ITEMS + OTHERS, rows
        assert rows[0]["left_bytes"] == 0 and rows[0]["dying"] is False, rows
        # caches and groups are the same rows either way
        result = lib.ktally("cgroups", "--by", "cache", "-a", "-o", "json")
        other = of_group(must_be_valid("cgroups", result)["charges"], path)
        assert rows[0]["cache"] in {row["cache"] for row in other}, other
        if (group / "memory.stat").exists() and group.parent == V2:
            must_be_charged(group)
        # objects outlive their group, and belong to the group above it
        process.stdin.write(str(group.parent) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "moved\n"
        group.rmdir()
        left = rows[0]["bytes"] // rows[0]["objects"] * ITEMS
        for _ in range(50):
            rows = by_cgroup(CACHE)[1]
            above = [row for row in rows if row["path"] == "/"]
            if above and above[0]["left_bytes"] >= left:
                break
            time.sleep(0.1)
        assert above and above[0]["left_bytes"] >= left, (left, rows)
        assert not of_group(rows, path), rows


def must_be_charged(group):
    """The kernel counts the pointer to the owner too, and CPUs keep counts of a page."""
    rows = of_group(by_cgroup()[1], "/" + group.name)
    seen = sum(row["bytes"] + 8 * (row["objects"] + row["rcu_objects"]) for row in rows)
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    slack = 2 * PAGE * os.cpu_count() + 32 * 1024
    assert abs(seen - int(stat["slab"])) <= slack, (seen, stat["slab"], rows)


@test
def charges_and_the_rest_are_all_objects_in_use():
    need_root()
    report = by_cgroup("dentry")[0]
    seen = []
    for _ in range(ATTEMPTS):
        report = by_cgroup("dentry")[0]
        total = report["charges_total"]
        seen.append((total["objects"], report["objects"]))
        if abs(total["objects"] - report["objects"]) <= 200:
            return
    raise AssertionError(f"charges and objects: {seen}")


@test
def charges_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/slab_cgroups": TEXT})
        for command, shape in (("slab", "slab"), ("cgroups", "cgroups")):
            by = "cgroup" if command == "slab" else "cache"
            report = must_be_valid(shape, succeed(command, "--by", by, "-a", "-s", source,
                                                  "-o", "json"))
            rows = {(row["cache"], row["cgroup"]): row for row in report["charges"]}
            assert rows["dentry", "a.service"]["bytes"] == 192 * 100, rows
            row = rows["dentry", "system.slice"]
            assert (row["bytes"], row["left_bytes"]) == (192 * 60, 192 * 60), row
            assert (row["objects"], row["rcu_objects"]) == (50, 10), row
            dying = rows["two words", "with blank (dying)"]
            assert dying["dying"] and dying["path"] == "/with blank", dying
            assert rows["dentry", "(not known)"]["path"] is None, rows
        text = succeed("slab", "--by", "cgroup", "-s", source).text
        assert "Removed cgroups left 11.2 KiB of it, most in dentry of system.slice." in text, text
        for line in ("192 100 0 101 online [dentry] /a\n", "192 -1 0 0 online [dentry] /a\n",
                     "0 1 0 0 online [dentry] /a\n", "192 1 0 0 gone [dentry] /a\n",
                     "192 1 0 0 online dentry /a\n", "192 1 0 0 online [] /a\n"):
            (source / "ktally/slab_cgroups").write_text(HEAD + line)
            refuse("slab", "--by", "cgroup", "-s", source, says="ktally/slab_cgroups")


@test
def what_is_missing_for_charges_is_one_sentence():
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        refuse("slab", "--by", "cgroup", "-s", source, says="on the running machine only")
        refuse("cgroups", "--by", "cache", "-s", source, says="on the running machine only")
        refuse("slab", "--by", "cgroup", "--families", status=2, says="leave out --families")
    need_root()
    refuse("slab", "--by", "cgroup", user=lib.NOBODY, says="cannot read kernel memory")


@test
def how_full_slabs_are_is_no_part_of_a_capture_and_that_is_said():
    slub = "# slot ...\n192 184 21 1 100 2100 1500 400 180 20 0 dentry\n"
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/slub": slub})
        report = must_be_valid("slab-cache", succeed("slab", "dentry", "--exact", "-s", source,
                                                     "-o", "json"))
        assert "occupancy" not in report and report["objects"] == 1500, report
        text = succeed("slab", "dentry", "--exact", "-s", source).text
        assert "how full its slabs are is not known: objects are read of the running" in text, text


def occupancy(cache):
    report = must_be_valid("slab-cache", succeed("slab", cache, "--exact", "-o", "json"))
    return report["slabs_of_one_object"], report["packing_frees_bytes"]


@test
def a_few_objects_that_hold_many_slabs_are_shown():
    need_root()
    can_be_read(lib.ktally("slab", CACHE, "--exact"))
    per_slab = int(Path(f"/sys/kernel/slab/{CACHE}/objs_per_slab").read_text().split()[0])
    with epoll_sets(200, 100) as (files, sets):
        items = [(one, file) for one in sets for file in files]
        for one, file in items:
            one.register(file, select.EPOLLIN)
        before = occupancy(CACHE)
        for number, (one, file) in enumerate(items):
            if number % per_slab:
                one.unregister(file)
        nr_slabs = len(items) // per_slab
        # freed by kfree_rcu() on some kernels; partial slabs of CPUs fill again
        for _ in range(20):
            single, freed = (new - old for new, old in zip(occupancy(CACHE), before))
            if single > nr_slabs // 4 and freed > nr_slabs * PAGE // 2:
                break
            time.sleep(0.2)
        assert nr_slabs // 4 < single <= nr_slabs, (single, nr_slabs)
        assert nr_slabs * PAGE // 2 < freed <= nr_slabs * PAGE * 2, (freed, nr_slabs)


@test
def slabs_of_a_cache_are_shown_by_how_full_they_are():
    need_root()
    for _ in range(ATTEMPTS):
        result = lib.ktally("slab", "dentry", "--exact", "-o", "json")
        can_be_read(result)
        report = must_be_valid("slab-cache", result)
        classes = report["occupancy"]
        parts = {part["part"]: part["bytes"] for part in report["parts"]}
        held = sum(row["bytes"] for row in classes)
        objects = sum(row["objects"] for row in classes)
        if held == parts["held"] and abs(objects - report["objects"]) <= 100:
            break
    assert abs(held - parts["held"]) <= parts["held"] // 100, (held, parts, classes)
    assert abs(objects - report["objects"]) <= 200 + objects // 100, (objects, report["objects"])
    assert len(classes) == 12 and classes[0]["objects"] == 0, classes
    assert classes[-1]["free"] == 0 and classes[-1]["slabs"] > 0, classes
    used = -(-objects // report["objects_per_slab"]) * report["pages_per_slab"] * PAGE
    assert report["packing_frees_bytes"] == held - used, (report["packing_frees_bytes"], held, used)
