# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers from kernel memory: slab --exact, dcache --by superblock, mempools."""

import os
import re
import select
import socket
import subprocess
import tarfile
import time

import lib
import trees
from epoll import epoll_sets
from lib import Folder, Skip, need_root, plant, refuse, report_of, succeed, test
from test_schema import must_be_valid
from test_slab import must_add_up

ITEMS = 20000
ATTEMPTS = 3  # other programs use the same cache
PATIENCE_S = 45  # for minutes, where other tests run servers
HEAD = "# slot object objects/slab pages/slab slabs objects used free cached rcu uncertain name\n"
TEXT = HEAD + "192 184 21 1 100 2100 1500 400 180 20 0 dentry\n" \
              "64 64 64 1 10 640 640 0 0 0 0 two words\n"


def can_be_read(result):
    """Skip where this machine's kernel memory is out of reach; other errors are errors."""
    if result.status and ("cannot read kernel memory" in result.complaint or
                          not os.path.exists("/sys/kernel/btf/vmlinux")):
        raise Skip("kernel memory cannot be read here")
    assert result.status == 0, result.err


def exact(*args, **how):
    result = lib.ktally("slab", "--exact", "-o", "json", *args, **how)
    if not args:
        can_be_read(result)
    assert result.status == 0, result.err
    return must_be_valid("slab", result)


def rows_of(report):
    return {row["name"]: row for row in report["caches"]}


def folder_of(folder, text):
    return plant(folder, {**trees.MODERN, "ktally/slub": text})


@test
def objects_in_use_are_exact_to_the_object():
    need_root()
    name = "eventpoll_epi"
    seen = []
    ends = time.monotonic() + PATIENCE_S
    with epoll_sets(500, ITEMS // 500) as (files, sets):
        while time.monotonic() < ends:
            before = rows_of(exact())[name]["objects"]
            for one in sets:
                for file in files:
                    one.register(file, select.EPOLLIN)
            held = rows_of(exact())[name]["objects"] - before
            # freed by kfree_rcu() on some kernels: what is freed waits, and is not in use
            for one in sets:
                for file in files:
                    one.unregister(file)
            seen.append(held)
            if held == ITEMS:
                return
    raise AssertionError(f"{ITEMS} objects more are {seen}")


@test
def what_is_exact_adds_up_for_every_cache():
    need_root()
    report = exact()
    must_add_up(report)
    known = [row for row in report["caches"] if row["cached_bytes"] is not None]
    assert len(known) > 20, f"only {len(known)} caches"
    assert any(row["cached_bytes"] for row in known), "no CPU keeps a free object"
    slabinfo = {line.split()[0] for line in open("/proc/slabinfo", encoding="ascii")}
    missing = {row["name"] for row in known} - slabinfo
    assert not missing, f"in memory, but not in slabinfo: {missing}"
    one = must_be_valid("slab-cache", succeed("slab", "--exact", "kmalloc-64", "-o", "json"))
    parts = {part["part"]: part["bytes"] for part in one["parts"]}
    assert "cached" in parts, parts
    assert parts.pop("held") == sum(parts.values()), parts


@test
def free_objects_in_slabs_are_those_that_sysfs_counts():
    need_root()
    # both move; so a cache that held still in between has to agree, and most do
    report, same, other = rows_of(exact()), 0, []
    for name, row in report.items():
        at = f"/sys/kernel/slab/{name}/"
        try:
            numbers = [int(open(at + file, encoding="ascii").read().split()[0])
                       for file in ("total_objects", "objects")]
        except OSError:
            continue
        free = (row["free_bytes"] or 0) // row["slot_bytes"]
        if free == numbers[0] - numbers[1]:
            same += 1
        else:
            other.append((name, free, numbers))
    assert same > 4 * len(other), f"{same} caches agree, but not {other}"


@test
def large_kmalloc_adds_up_to_the_counter_or_a_note_says_why_not():
    need_root()
    report = exact()
    if "large_kmalloc" not in report:
        assert any("large kmalloc by order is not known" in note for note in report["notes"])
        raise Skip("this kernel does not mark large kmalloc")
    rows, found = report["large_kmalloc"], report["large_kmalloc_sum"]
    for row in rows:
        assert row["block_bytes"] == os.sysconf("SC_PAGE_SIZE") << row["order"], row
        assert row["bytes"] == row["blocks"] * row["block_bytes"] > 0, row
    assert sum(row["bytes"] for row in rows) == found["found_bytes"] > 0, found
    assert found["difference_bytes"] == found["found_bytes"] - found["counter_bytes"], found
    # slabs smaller than planned, and what CPUs have not counted yet
    slack = (4 << 20) + report["slab"]["bytes"] // 50
    assert abs(found["difference_bytes"]) <= slack, found
    assert found["torn_blocks"] <= 2 and not found["unread_pages"], found


@test
def what_waits_for_rcu_is_part_of_the_cached_or_a_note_says_why_not():
    need_root()
    report = exact()
    waits = 0
    for row in report["caches"]:
        if row["rcu_bytes"] is not None:
            assert 0 <= row["rcu_bytes"] <= row["cached_bytes"], row
            waits += row["rcu_bytes"] // row["slot_bytes"]
    if "rcu" not in report:
        assert any("waits for RCU in batches is not known" in note for note in report["notes"])
        return
    rcu = report["rcu"]
    assert rcu["cpu_objects"] == waits, (rcu, waits)
    known = [rcu[key] or 0 for key in ("batch_objects", "sheaf_objects", "cpu_objects")]
    assert rcu["waiting_objects"] == sum(known), rcu


@test
def freed_areas_of_vmalloc_agree_with_the_counter():
    need_root()
    result = lib.ktally("vmalloc", "--exact", "-o", "json")
    can_be_read(result)
    report = must_be_valid("vmalloc", result)
    if "lazy" not in report:
        assert any("no freed areas are shown" in note for note in report["notes"]), report
        raise Skip("this kernel does not name the lists of freed areas")
    lazy = report["lazy"]
    assert lazy["address_bytes"] >= lazy["areas"] * os.sysconf("SC_PAGE_SIZE"), lazy
    assert "requested" not in report or \
        report["requested"]["requested_bytes"] <= report["requested"]["taken_bytes"], report


@test
def a_bundle_has_the_counts_and_shows_the_same():
    need_root()
    exact()
    with Folder() as folder:
        bundle = folder / "it.tar"
        succeed("capture", bundle)
        with tarfile.open(bundle) as tar:
            lines = tar.extractfile("ktally/slub").read().decode().splitlines()
        rows = rows_of(exact("-s", bundle))
        assert len(lines) > 20
        for line in lines[1:]:
            words = line.split(None, 12)
            assert rows[words[12]]["objects"] == int(words[6]), line
        must_add_up(exact("-s", bundle))


@test
def counts_of_a_captured_machine_are_read():
    with Folder() as folder:
        rows = rows_of(exact("-s", folder_of(folder, TEXT)))
        row = rows["dentry"]
        assert (row["objects"], row["cached_bytes"], row["free_bytes"]) == \
            (1500, 200 * 192, 400 * 192), row
        assert row["in_use_bytes"] == 1500 * 184 and row["padding_bytes"] == 1500 * 8, row
        assert row["bytes"] == 100 * 4096 and row["tail_bytes"] == 100 * 4096 - 2100 * 192, row
        assert rows["two words"]["objects"] == 640


@test
def counts_that_contradict_themselves_are_refused():
    for line in ("192 184 21 1 100 2100 1501 400 180 20 0 dentry\n",
                 "192 184 21 1 100 2100 1500 400 180 20 0\n",
                 "192 200 21 1 100 2100 1500 400 180 20 0 dentry\n",
                 "192 184 21 1 100 2100 -5 400 180 20 0 dentry\n",
                 "0 0 0 0 0 0 0 0 0 0 0 dentry\n",
                 "192 184 21 1 100 99999999999999999999 1500 400 180 20 0 dentry\n",
                 "nonsense\n", ""):
        with Folder() as folder:
            source = folder_of(folder, HEAD + line)
            refuse("slab", "--exact", "-s", source, says="ktally/slub")


@test
def what_is_missing_is_one_sentence():
    with Folder() as folder:
        refuse("slab", "--exact", "-s", plant(folder, trees.MODERN),
               says="no counts from kernel memory")
        refuse("slab", "--exact", "-s", folder, says="a bundle that root captured has them")
    need_root()
    refuse("slab", "--exact", user=lib.NOBODY, says="cannot read kernel memory")


# ---- file systems ----

FILES = 20000
SUPERBLOCKS = "# device dentries ...\n" \
              "254:0 1000 900 300 7 600 5000 192000 676800 448 0 128 ext4 vda1 /with blank\n" \
              "0:21 10 0 0 0 -1 -1 1920 -1 0 0 -1 proc proc -\n"


def by_superblock(*args, **how):
    result = lib.ktally("dcache", "--by", "superblock", "-o", "json", *args, **how)
    if not args:
        can_be_read(result)
    assert result.status == 0, result.err
    return must_be_valid("dcache", result)


def of_mount(report, mount):
    return next(row for row in report["superblocks"] if row["mount"] == str(mount))


@test
def files_belong_to_the_file_system_that_they_are_on():
    need_root()
    by_superblock()
    with Folder() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "ktally", folder], check=False,
                          capture_output=True).returncode:
            raise Skip("a file system cannot be mounted here")
        try:
            before = of_mount(by_superblock(), folder)
            for number in range(FILES):
                (folder / f"{number}").touch()
            for number in range(500):
                (folder / f"a-name-that-has-no-room-in-its-directory-entry-{number}").touch()
            after = of_mount(by_superblock(), folder)
        finally:
            subprocess.run(["umount", folder], check=True)
        for column, wanted in (("inodes", FILES + 500), ("dentries", FILES + 500),
                               ("long_names", 500), ("dentries_negative", 0)):
            assert after[column] - before[column] == wanted, (column, before, after)
        assert after["filesystem"] == "tmpfs", after


@test
def file_systems_add_up_to_the_kernels_counters():
    need_root()
    # the counters move while memory is read: the numbers of one time are between those of two
    def counters():
        return [int(open("/proc/sys/fs/" + file, encoding="ascii").read().split()[0])
                for file in ("dentry-state", "inode-nr")]

    for _ in range(ATTEMPTS):
        before = counters()
        report = by_superblock()
        after = counters()
        total = report["superblocks_total"]
        seen = [total["dentries"], total["inodes"]]
        slack = [max(200, abs(a - b) + a // 200) for a, b in zip(before, after)]
        if all(abs(a - b) <= c for a, b, c in zip(seen, after, slack)):
            return
    raise AssertionError(f"{seen} of {before} to {after}")


def by(group, *args):
    return must_be_valid("dcache", succeed("dcache", "--by", group, "-a", "-o", "json", *args))


@test
def mounts_and_directories_have_what_is_below_them():
    need_root()
    by_superblock()
    with Folder() as folder:
        top, other = folder / "top of it", folder / "other"
        top.mkdir()
        other.mkdir()
        made = []
        try:
            for command in (["mount", "-t", "tmpfs", "ktally", top],
                            ["mount", "--bind", top / "a/deep/er/down", other]):
                (top / "a/deep/er/down").mkdir(parents=True, exist_ok=True)
                if subprocess.run(command, check=False, capture_output=True).returncode:
                    raise Skip("a file system cannot be mounted here")
                made.append(command[-1])
            (top / "a/deep/er/down/in").mkdir(parents=True)
            (top / "b").mkdir()
            for number in range(1000):
                (top / "a" / f"{number}").touch()
                (top / "a/deep/er/down/in" / f"{number}").touch()
                if number < 10:
                    os.link(top / "a" / f"{number}", top / "b" / f"{number}")
            device = os.stat(top).st_dev
            device = f"{os.major(device)}:{os.minor(device)}"
            mounts = {row["mounts"]: row for row in by("mount")["mounts"]
                      if row["device"] == device}
            directories = {row["directory"]: row for row in by("directory")["directories"]
                           if row["device"] == device}
            deeper = {row["directory"]: row for row in by("directory", "--depth", "3")["directories"]
                      if row["device"] == device}
            whole = next(row for row in by_superblock()["superblocks"] if row["device"] == device)
        finally:
            for mount in reversed(made):
                subprocess.run(["umount", mount], check=True)
    # ours, a, deep, er, down, b, and 10 names of files in a
    assert mounts[str(top)]["dentries"] == 1000 + 6 + 10, mounts
    assert mounts[str(top)]["inodes"] == 1000 + 6, mounts
    assert mounts[str(other)]["dentries"] == 1000 + 1, mounts
    assert mounts[str(other)]["inodes"] == 1000 + 1, mounts
    assert directories[f"{top}/a"]["dentries"] == 1000 + 1, directories
    assert directories[f"{top}/b"]["dentries"] == 10, directories
    assert directories[f"{other}/in"]["dentries"] == 1000, directories
    assert f"{top}/a/deep/er" not in directories and f"{top}/a/deep/er" in deeper, deeper
    for rows in (mounts, directories, deeper):
        for column in ("dentries", "inodes", "bytes", "dentries_unused", "long_names"):
            assert sum(row[column] for row in rows.values()) == whole[column], (column, rows, whole)


@test
def file_systems_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/superblocks": SUPERBLOCKS})
        report = by_superblock("-s", source)
        row = of_mount(report, "/with blank")
        assert (row["dentries"], row["inodes"], row["bytes"]) == (1000, 600, 192000 + 676800 + 448 + 128), row
        other = next(row for row in report["superblocks"] if row["filesystem"] == "proc")
        assert other["mount"] is None and other["inodes"] is None and other["bytes"] is None, other
        for line in ("254:0 10 11 0 0 1 1 1 1 0 0 0 ext4 vda1 /\n",
                     "254 10 1 0 0 1 1 1 1 0 0 0 ext4 vda1 /\n",
                     "254:0 10 1 0 0 1 1 1 1 0 0 -7 ext4 vda1 /\n",
                     "254:0 10 1 0 0 1 1 1 1 0 0 0 ext4\n"):
            (source / "ktally/superblocks").write_text(line)
            refuse("dcache", "--by", "superblock", "-s", source, says="ktally/superblocks")


# ---- mempools ----

MEMPOOLS = "# kind element-bytes minimum current offset [element] [place]\n" \
           "slab 4096 2 2 120 [biovec-max] [kmalloc-1k]\n" \
           "slab 4096 2 1 120 [biovec-max] [kmalloc-1k]\n" \
           "kmalloc 200 3000 2999 -1 [] []\n" \
           "pages 8192 4 4 8 [] [two words]\n"


def mempools(*args, **how):
    return must_be_valid("mempools", succeed("mempools", "-o", "json", *args, **how))


@test
def reserves_of_drivers_are_listed():
    need_root()
    exact()
    report = mempools()
    rows = report["mempools"]
    assert rows, "a kernel with a block layer has reserves of its own"
    for row in rows:
        assert 0 <= row["current"] <= max(row["minimum"], row["pools"]), row
        assert row["bytes"] == row["current"] * row["element_bytes"], row
    elements = {row["element"] for row in rows}
    assert any(name.startswith(("biovec-", "bio-")) for name in elements), elements


@test
def reserves_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/mempools": MEMPOOLS})
        rows = {row["element"]: row for row in mempools("-s", source)["mempools"]}
        assert rows["biovec-max"]["pools"] == 2 and rows["biovec-max"]["bytes"] == 3 * 4096, rows
        assert rows["200 bytes (kmalloc)"]["place"] == "kernel data", rows
        assert rows["8192 bytes (pages)"]["place"] == "two words", rows
        for line in ("slab 4096 2 2 120 biovec-max\n", "heap 4096 2 2 120 [a] [b]\n",
                     "slab 4096 2 -2 120 [a] [b]\n", "slab 4096 2 2 120 [a] [b] c\n"):
            (source / "ktally/mempools").write_text(line)
            refuse("mempools", "-s", source, says="ktally/mempools")
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        refuse("mempools", "-s", source, says="no counts from kernel memory")
        refuse("mempools", "-s", source, says="on the running machine only")
        for by in ("superblock", "mount", "directory"):
            refuse("dcache", "--by", by, "-s", source, says="running machine only")


# ---- objects ----

def kinds_of(cache):
    report = must_be_valid("slab-cache", succeed("slab", cache, "--objects", "-a", "-o", "json"))
    return report, {row["object_kind"]: row["objects"] for row in report.get("object_kinds", [])}


@test
def files_sockets_and_others_are_grouped_by_what_they_are():
    need_root()
    exact()
    with Folder() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "ktally", folder], check=False,
                          capture_output=True).returncode:
            raise Skip("a file system cannot be mounted here")
        try:
            (folder / "one").mkdir()
            for number in range(3000):
                (folder / "one" / f"{number}").touch()
            kind = f"tmpfs on {folder}"
            for cache in ("dentry", "shmem_inode_cache"):
                report, kinds = kinds_of(cache)
                assert kinds[kind] == 3002, (cache, kinds)
                row = next(row for row in report["object_kinds"] if row["object_kind"] == kind)
                assert row["sample"].startswith(f"{folder}"), row
        finally:
            subprocess.run(["umount", folder], check=True)


@test
def sockets_are_grouped_by_protocol_state_and_owner():
    need_root()
    exact()
    port = socket.socket()
    with port:
        port.bind(("127.0.0.1", 0))
        port.listen()
        pairs = [socket.create_connection(port.getsockname()) for _ in range(50)]
        pairs += [port.accept()[0] for _ in range(50)]
        report, kinds = kinds_of("TCP")
        for end in pairs:
            end.close()
    number = re.search(r"\d+", os.readlink("/proc/self/ns/net"))[0]
    assert kinds[f"TCP established, net {number}, uid 0"] >= 100, kinds
    assert kinds[f"TCP listening, net {number}, uid 0"] >= 1, kinds
    assert report["object_kinds_total"]["objects"] >= 101, report["object_kinds_total"]


@test
def packets_in_the_queue_of_a_socket_are_of_that_socket():
    need_root()
    exact()
    if not os.path.exists("/sys/kernel/slab/skbuff_small_head"):
        caches = ["skbuff_head_cache"]
    else:
        caches = ["skbuff_head_cache", "skbuff_small_head"]
    before = [kinds_of(cache)[1] for cache in caches]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        for _ in range(150):
            sender.sendto(b"x" * 100, receiver.getsockname())
        after = [kinds_of(cache)[1] for cache in caches]
    for old, new in zip(before, after):
        grown = {kind: count - old.get(kind, 0) for kind, count in new.items()
                 if kind.startswith("of a socket: UDP")}
        assert 150 <= sum(grown.values()) <= 170, (old, new)


@test
def objects_without_a_rule_are_grouped_by_what_they_point_to():
    need_root()
    exact()
    report = must_be_valid(
        "slab-cache", succeed("slab", "kmalloc-512", "--objects", "-a", "-o", "json"))
    assert "object_kinds" not in report, report.keys()
    assert any("+" in row["points_to"] for row in report["object_groups"]), report


@test
def open_files_are_grouped_by_their_operations():
    need_root()
    exact()
    seen = []
    for _ in range(ATTEMPTS):
        pipes, before = [], kinds_of("filp")[1]
        try:
            for _ in range(500):
                pipes.append(os.pipe())
            report, after = kinds_of("filp")
        finally:
            for ends in pipes:
                os.close(ends[0])
                os.close(ends[1])
        total = report["object_kinds_total"]["objects"]
        assert abs(total - report["objects"]) <= report["objects"] // 10 + 50, \
            (total, report["objects"])
        # each pipe is two files, which point to the functions of pipes
        grown = {name: count - before.get(name, 0) for name, count in after.items()
                 if count - before.get(name, 0) >= 900}
        assert len(grown) == 1 and "pipefs" in next(iter(grown)), (before, after)
        seen += grown.values()
        # other processes open and close files meanwhile
        if abs(seen[-1] - 1000) <= 20:
            return
    raise AssertionError(f"1000 files more are {seen}")


@test
def objects_need_a_cache_and_the_running_machine():
    refuse("slab", "--objects", status=2, says="takes one cache")
    with Folder() as folder:
        refuse("slab", "dentry", "--objects", "-s", folder_of(folder, TEXT),
               says="of the running machine or of a dump")


@test
def the_stack_of_a_panic_is_in_the_head():
    frames = [f"f{i}+0x{i}/0x20" for i in range(1, 10)]
    text = "cpu=1\ntask=sh\npid=77\npanic=Kernel panic - not syncing: made up\n" + \
        "".join(f"frame={frame}\n" for frame in frames[:8]) + f"guess={frames[8]} [driver]\n"
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, "ktally/crash": text})
        shown = " ".join(succeed("-s", tree).text.split())
        assert "stack: f1 < f2 < f3 < f4 < f5 < f6 < f7 < f8 < 1 more, which 'ktally doctor'" in shown, shown
        host = report_of(tree)["host"]
        assert host["panic_stack"] == " < ".join(frames[:8]) + f" < ? {frames[8]} [driver]", host
        listed = must_be_valid("doctor", succeed("doctor", "-s", tree, "-o", "json"))
        assert [row["function"] for row in listed["panic_frames"]] == \
            frames[:8] + [f"{frames[8]} [driver]"]
        assert [row["guessed"] for row in listed["panic_frames"]] == [False] * 8 + [True]
        plain = plant(folder / "plain", trees.MODERN)
        assert report_of(plain)["host"]["panic_stack"] is None
        assert "panic_frames" not in succeed("doctor", "-s", plain, "-o", "json").json()
