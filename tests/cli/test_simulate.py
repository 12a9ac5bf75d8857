# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations replayed with models of allocators: simulate."""

from lib import Folder, plant, refuse, succeed, test
from test_schema import must_be_valid

ALLOCATORS = {"slub", "sheaves", "slab", "magazines", "sunos", "bsd", "svr4"}


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
    assert [row["phase"] for row in report["phases"]][::7] == ["boot", "spike", "find", "kenbus"]
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
