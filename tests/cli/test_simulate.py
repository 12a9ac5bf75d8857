# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations replayed with models of allocators: simulate."""

import struct

from lib import Folder, plant, refuse, succeed, test
from test_schema import must_be_valid

ALLOCATORS = {"slub", "sheaves", "slab", "magazines", "slob", "sunos", "bsd", "svr4"}


def simulate(*args):
    return must_be_valid("simulate", succeed("simulate", "-o", "json", *args))


def at(cpu, event):
    return f"              sh-85      [00{cpu}] .....    12.345678: {event}\n"


def trace():
    """100 objects of a named cache, 60 of them freed again, and 10 of kmalloc()."""
    lines = [at(0, f"kmem_cache_alloc: call_site=f+0x1/0x2 ptr={i + 1:016x} bytes_req=200 "
                   "bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=false")
             for i in range(100)]
    lines += [at(0, f"kmalloc: call_site=g+0x1/0x2 ptr={i + 1001:016x} bytes_req=20 bytes_alloc=32 "
                    "gfp_flags=GFP_KERNEL node=-1 accounted=false") for i in range(10)]
    lines += [at(0, "tracing_mark_write: full")]
    lines += [at(0, f"kmem_cache_free: call_site=h+0x1/0x2 ptr={i + 1:016x} name=filp")
              for i in range(60)]
    lines += [at(0, "kfree: call_site=h+0x1/0x2 ptr=ffff888000000000")]
    return "".join(lines)


@test
def the_four_phases_are_compared():
    report = simulate()
    assert [row["phase"] for row in report["phases"]][::len(ALLOCATORS)] == ["boot", "spike", "find", "kenbus"]
    assert {row["allocator"] for row in report["phases"]} == ALLOCATORS
    for row in report["phases"]:
        share = 1 - row["asked_bytes"] / row["held_bytes"]
        assert abs(row["wasted_share"] - share) < 1e-5, row
        assert row["pages"] * 4096 <= row["held_bytes"], row
    assert report["seed"] == 1 and report["lost_events"] is None
    assert simulate("--phases", "1") == report
    assert simulate("--phases", "2")["phases"] != report["phases"]
    text = succeed("simulate").text
    assert "The four phases: " in text and "WASTED" in text


@test
def allocators_and_the_phase_of_the_caches_are_chosen():
    report = simulate("--allocator", "bsd,slab,bsd", "--at", "boot")
    assert [row["allocator"] for row in report["phases"][:2]] == ["bsd", "slab"]
    assert {row["allocator"] for row in report["caches"]} == {"slab"}
    boot = next(row for row in report["phases"] if row["phase"] == "boot")
    assert sum(row["objects"] for row in report["caches"]) == boot["objects"]
    assert sum(row["asked_bytes"] for row in report["caches"]) == boot["asked_bytes"]


@test
def pages_come_from_a_page_allocator():
    choice = ["--cpus", "2", "--at", "spike", "--allocator", "slub,sheaves,slab,magazines,slob,bsd"]
    report = simulate("--buddy", *choice)
    assert {row["allocator"] for row in report["zones"]} == ALLOCATORS - {"sunos", "bsd", "svr4"}
    held = {row["allocator"]: row["pages"] for row in report["phases"] if row["phase"] == "spike"}
    for row, blocks in zip(report["zones"], report["free_blocks"]):
        assert row["asked_pages"] == held[row["allocator"]], row
        assert row["least_huge_blocks"] <= row["huge_blocks"], row
        free = sum(blocks[f"order_{order}"] << order for order in range(11))
        assert free == row["free_pages"], row
        # the zone grows by blocks of 1024 pages
        assert (row["given_pages"] + row["cached_pages"] + free) % 1024 == 0, row
    without = simulate(*choice)
    assert without["phases"] == report["phases"] and "zones" not in without


@test
def slabs_of_a_model_are_drawn():
    chosen = ("--allocator", "slab", "--draw-cache", "ufs_inode")
    report = simulate(*chosen)
    assert 0 < len(report["drawn"]) <= 6
    for slab in report["drawn"]:
        assert len(slab["map"]) == slab["slots"] == 13, slab
        assert slab["map"].count("U") == slab["used"] and slab["address"] is None, slab
        # 4096 - 56 bytes have 13 slots of 296, and 192 for colours
        assert slab["colour_bytes"] % 8 == 0 and slab["colour_bytes"] <= 192, slab
        assert slab["left_over_bytes"] == 248, slab
    text = succeed("simulate", *chosen).text
    assert "A slab of ufs_inode: 4.0 KiB, 13 slots of 296 bytes, 248 bytes left over" in text
    assert "<svg" in succeed("simulate", *chosen, "-o", "svg").text
    slub = ("--cpus", "2", "--allocator", "slub", "--draw-cache", "ufs_inode")
    plain, shuffled = simulate(*slub), simulate(*slub, "--random-freelist")
    for key in ("slots", "used", "free", "cpu_list", "state"):
        assert [s[key] for s in plain["drawn"]] == [s[key] for s in shuffled["drawn"]], key
    assert plain["phases"] == shuffled["phases"]


@test
def drawings_that_cannot_be_are_refused():
    refuse("simulate", "--draw-cache", "ufs_inode", status=2, says="takes one allocator")
    refuse("simulate", "--allocator", "bsd", "--draw-cache", "ufs_inode", status=2,
           says="bsd has no slabs to draw")
    refuse("simulate", "--allocator", "slab", "--draw-cache", "nosuch", status=2,
           says="the input has no cache 'nosuch'")
    refuse("simulate", "--allocator", "slab", "--draw-cache", "kmem_alloc", status=2,
           says="many sizes")
    refuse("simulate", "--random-freelist", status=2, says="it needs --draw-cache")


@test
def a_trace_is_replayed():
    with Folder() as folder:
        plant(folder, {"trace.txt": trace()})
        report = simulate(f"{folder}/trace.txt", "--allocator", "slub,bsd", "--at", "full")
        assert report["allocations"] == 110 and report["frees"] == 60
        assert report["unknown_frees"] == 1 and report["lost_events"] == 0
        filp = next(row for row in report["caches"] if row["cache"] == "filp")
        # 16 objects of 256 bytes in a page: 100 take 7 pages
        assert filp["objects"] == 100 and filp["asked_bytes"] == 20000 and filp["pages"] == 7, filp
        assert [row["phase"] for row in report["phases"]] == ["full", "full", "end", "end"]
        bsd = [row["pages"] for row in report["phases"] if row["allocator"] == "bsd"]
        assert bsd == [8, 8], bsd
        text = " ".join(succeed("simulate", f"{folder}/trace.txt").text.split())
        assert "1 frees are of objects that were allocated before the trace" in text


@test
def wrong_input_is_refused():
    refuse("simulate", "--allocator", "nosuch", status=2, says="there is no allocator 'nosuch'")
    refuse("simulate", "--allocator", "", status=2, says="there is no allocator")
    refuse("simulate", "--at", "nosuch", status=2, says="no phase 'nosuch'")
    refuse("simulate", "/nonexistent/trace", says="/nonexistent/trace")
    with Folder() as folder:
        plant(folder, {"trace.txt": trace(), "other": "MemTotal: 1 kB\n"})
        refuse("simulate", f"{folder}/other", says="no allocation in it")
        refuse("simulate", str(folder), says="directory")
        refuse("simulate", f"{folder}/trace.txt", "--phases", "2", status=2, says="not for a trace")


# ---- files of ktally trace ----

def varint(value):
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(data) + bytes([value])


def numbers(*values):
    return b"".join(map(varint, values))


def named(text):
    return varint(len(text)) + text.encode()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def block(kind, content):
    return kind + struct.pack("<II", len(content), crc32c(content)) + content


def kept(events, slabs=b"", end=numbers(3, 0, 0, 0, 0, 0, 0, 0, 1500)):
    """A machine with two CPUs and one cache, four objects of 1,000 bytes to a page."""
    cache = named("four") + numbers(1001, 1025, 2, 5, 2, 9, 3, 0, 0)
    return b"ktevent\n" + b"".join([
        block(b"h", numbers(1, 4096, 8, 2, 1, 4, 1, 0) + named("6.12.0")),
        block(b"c", cache), block(b"s", slabs), block(b"e", events),
        block(b"m", named("busy") + numbers(1, 1, 3)),
        block(b"z", end + named("the time") + named(""))])


ALLOC = bytes([0x00]) + numbers(1, 0)
FREE = bytes([0x01]) + numbers(1)


@test
def a_file_of_trace_is_replayed_and_compared_with_the_kernel():
    # five objects of a slab that has three free ones, and a new one
    slabs = numbers(0, 20, 4, 3, 0, 2, 0)
    with Folder() as folder:
        (folder / "a.trace").write_bytes(kept(ALLOC * 5 + FREE + numbers(4), slabs))
        report = simulate(f"{folder}/a.trace", "--allocator", "slub,bsd")
        assert report["real"] == [{"phase": "busy", "cache": "four", "real_pages": 2,
                                   "simulated_pages": 2, "off_share": 0}], report["real"]
        assert report["allocations"] == 5 and report["frees"] == 1 and report["cpus"] == 2
        assert report["phases"][0]["objects"] == 5, report["phases"]
        assert any("6.12.0 for 1.5 s" in note for note in report["notes"])
        # without the kernel's own model there is nothing to compare
        assert "real" not in simulate(f"{folder}/a.trace", "--allocator", "bsd")


@test
def damaged_files_of_trace_are_refused():
    whole = kept(ALLOC * 2)
    cases = {
        "cut": (whole[:-1], "it ends in a block"),
        "no end": (whole[:100], "damaged: "),
        "sum": (whole.replace(b"four", b"five"), "the sum of a block is wrong"),
        "twice": (kept(ALLOC + FREE + numbers(0) + FREE + numbers(0)), "what is not in use"),
        "cpu": (kept(bytes([0x08]) + numbers(1, 9, 0)), "a CPU that is not there"),
        "cache": (kept(bytes([0x10]) + numbers(1, 7, 0)), "a cache that is not there"),
        "bytes": (kept(bytes([0x20]) + numbers(1, 5000, 0)), "more than an object has"),
        "old": (kept(bytes([0x03]) + numbers(1, 0)), "of a slab that is not there"),
        "slab": (kept(ALLOC, numbers(0, 20, 5, 3, 0, 2, 0)), "numbers that cannot be"),
        "kind": (kept(bytes([0x07]) + numbers(1)), "of no known kind"),
    }
    with Folder() as folder:
        for name, (data, says) in cases.items():
            (folder / "a.trace").write_bytes(data)
            refuse("simulate", f"{folder}/a.trace", says=says)


@test
def a_trace_says_what_it_needs():
    with Folder() as folder:
        refuse("trace", status=2)
        refuse("trace", f"{folder}/t", "--buffer", "3", status=2, says="power of two")
        refuse("trace", f"{folder}/t", "--sample", "0", status=2, says="--sample")
        refuse("trace", f"{folder}/t", "-s", str(folder), status=2, says="running machine")
        assert not list(folder.iterdir())
