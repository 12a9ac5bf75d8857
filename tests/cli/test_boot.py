# SPDX-License-Identifier: GPL-2.0-or-later
"""ktally boot: rows in time order that add up to the account's."""

import os
import shutil
import sys

import lib
import trees
from lib import Folder, corpus_trees, ktally, plant, row_bytes, succeed, test
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
def without_a_log_late_allocations_are_unknown_and_not_zero():
    with Folder() as folder:
        plant(folder, {name: text for name, text in trees.MODERN.items() if name != "dmesg"})
        said = " ".join(succeed("-s", folder, "boot").text.split())
        known = " ".join(succeed("-s", plant(folder / "log", trees.MODERN), "boot").text.split())
    assert "firmware unknown, reserved 71.0 MiB, from the page allocator at least " in said, said
    assert "still held: at least " in said, said
    assert "from the page allocator are unknown" in said, said
    assert "unknown" not in known and "at least" not in known, known


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


# what a program has written to /dev/kmsg is of facility 1: 12 and not 4
WRITTEN = ("Linux version 9.9-written (root@secret) #1", "BIOS-e820: [mem 0x0-0xffffffffff] usable",
           "Reserving 16MB of memory at 64MB for crashkernel (System RAM: 1MB)",
           "Memory: 1K/2K available (1K kernel code, 1K rwdata, 1K reserved, 0K cma-reserved)",
           "percpu: Embedded 9999 pages/cpu s1 r0 d1 u1", "Freeing 52:54:00:12:34:56 memory: 4K",
           "Dentry cache hash table entries: 1 (order: 0, 4096 bytes, linear)")

KMSG_OF_FILE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(sys.argv[1].encode(), b"/dev/kmsg", None, 4096, None):  # MS_BIND
    sys.exit("bind: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def kernel_log():
    records = []
    with open(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as device:
        for _ in range(100000):
            try:
                records.append(device.read(8192))
            except BrokenPipeError:
                continue  # overwritten meanwhile
            if not records[-1]:
                return b"".join(records[:-1])
    return b"".join(records)


def with_log(path, *args):
    result = lib.execute(["unshare", "-m", "--propagation", "private", sys.executable, "-c",
                          KMSG_OF_FILE, path, lib.program, *args])
    if b"bind:" in result.err or b"unshare:" in result.err:
        raise lib.Skip("nothing can be mounted here")
    assert result.status == 0, result.complaint
    return result


@test
def what_programs_wrote_to_the_kernel_log_changes_nothing_on_the_running_machine():
    lib.need_root()
    if not shutil.which("unshare"):
        raise lib.Skip("needs unshare")
    with Folder() as folder:
        log = [line for line in kernel_log().splitlines(keepends=True)]
        late = "".join(f"12,{99000 + i},{1229000000 + i},-;{text}\n"
                       for i, text in enumerate(WRITTEN))
        (folder / "own").write_bytes(b"".join(log))
        (folder / "more").write_bytes(b"".join(log) + late.encode())
        own, more = (with_log(folder / name, "boot", "-o", "json").json()["rows"]
                     for name in ("own", "more"))
        assert [(row["name"], row["time_seconds"]) for row in own] == \
            [(row["name"], row["time_seconds"]) for row in more]
        rows = ("firmware", "boot", "percpu")
        assert [row_bytes(with_log(folder / "own", "-o", "json").json())[row] for row in rows] == \
            [row_bytes(with_log(folder / "more", "-o", "json").json())[row] for row in rows]
        with_log(folder / "more", "capture", "--scrub", folder / "x.tar")
        packed = (folder / "x.tar").read_bytes()
        assert not any(word in packed for word in (b"52:54:00", b"root@secret", b"9.9-written"))


@test
def a_late_line_in_a_log_without_numbers_starts_no_boot():
    log = trees.MODERN["dmesg"]
    late = "".join(f"[ 1229.{i:06}] {text}\n" for i, text in enumerate(WRITTEN))
    with Folder() as folder:
        own = boot(("-s", plant(folder / "own", trees.MODERN)))["rows"]
        more = boot(("-s", plant(folder / "more", {**trees.MODERN, "dmesg": log + late})))["rows"]
    assert own == more
