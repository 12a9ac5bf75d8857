# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts worked out by hand: of captured machines in tests/golden, of made-up ones here."""

import lib
import trees
from lib import Folder, Skip, plant, report_of, test

K = 1024
PAGE = 4096
NONE = None


def expectations(file):
    rows = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        assert len(words) == 2 and words[0] not in rows, f"{file.name}:{number}: {line}"
        rows[words[0]] = None if words[1] == "null" else int(words[1])
    return rows


def tree_named(name):
    for part in ("procfs", "numa", "sysfs_memory"):
        if (lib.corpus() / part / name).exists():
            return lib.corpus(f"{part}/{name}")
    raise AssertionError(f"the corpus has no tree {name}")


@test
def captured_machines_have_the_accounts_worked_out_by_hand():
    files = sorted(lib.GOLDEN.glob("*.expect"))
    if not files:
        raise Skip("tests/golden has no expectations")
    wrong = []
    for file in files:
        tree = tree_named(file.stem)
        lib.note_corpus(tree)
        expected = expectations(file)
        assert len(expected) >= 5, f"{file.name} expects next to nothing"
        text = lib.differences(expected, lib.row_bytes(report_of(tree)))
        wrong += [f"{file.stem}: {text}"] if text else []
    assert not wrong, " | ".join(wrong)


def must_be(tree, expected, error_bytes=None, **others):
    """The made-up machine's rows are these; gives the report for more questions."""
    with Folder() as folder:
        report = report_of(plant(folder, tree))
    text = lib.differences(expected, lib.row_bytes(report))
    assert not text, text
    if error_bytes is not None:
        bound = lib.row_of(report, "unattributed")["error_bytes"]
        assert bound == error_bytes, f"error bound {bound}, not {error_bytes}"
    for key, value in others.items():
        assert report["host"][key] == value, f"{key} is {report['host'][key]}"
    return report


@test
def a_modern_virtual_machine_has_every_level_of_its_account():
    managed = 3840 + 240000
    present = 3998 + 258012
    named = {
        "slab_reclaimable": 6000 * PAGE,
        "slab_unreclaimable": 5000 * PAGE,
        # 11000 pages of slab - (5000 x 1 + 375 x 4 + 500 x 8) pages of caches
        "slab_unreclaimable.kmalloc_large": 500 * PAGE,
        "slab_unreclaimable.rest": 4500 * PAGE,
        "vmalloc": (20000 - 1600) * K,
        "kernel_stacks": 1600 * K,
        "page_tables": 700 * PAGE,
        "sec_page_tables": 0,
        "percpu": 1400 * K - 2 * 53 * PAGE,
        "zsmalloc": 10 * PAGE,
        # early tables are reserved memory, the one of UDP is vmalloc
        "hash_late": 16384 + 32768 + 65536,
        "memmap_late": 32 * PAGE,
        "ftrace": 217 * PAGE,
        "balloon_inside": 0,
        "gpu": NONE,
        "poison": 4 * K,
        "misc_reclaimable": 3 * PAGE,
        "bounce": 0,
        "anonymous": 200000 * K,
        "page_cache": (300000 - 4000) * K,
        "buffers": 12000 * K,
        "shmem": 1000 * PAGE,
        "swap_cache": 0,
        # the LRU lists and what is isolated have two pages more than anonymous and cache
        "lru_only": 2 * PAGE,
        "hugetlb": 4 * 2048 * K,
        "hugetlb.2048kB_used": 1 * 2048 * K,
        "hugetlb.2048kB_free": 3 * 2048 * K,
        "unaccepted": 1000 * PAGE,
        "free_buddy": (3840 + 50000 - 1000) * PAGE,
        "free_buddy.node0_dma": 3840 * PAGE,
        "free_buddy.node0_dma32": 49000 * PAGE,
        "free_pcp": 123 * PAGE,
        "free_cma": 0,
    }
    boot = {
        "kernel_code": 14336 * K,
        "kernel_rodata": 9472 * K,
        "kernel_data": 2400 * K,
        "kernel_bss": 5120 * K,
        "memmap": 4094 * PAGE,
        "hash_early": 1048576 + 524288,
        "percpu_first": 2 * 53 * PAGE,
        "crashkernel": 0,
        # the kernel prints the end behind the last byte: 16 MiB, not 16 MiB and 1
        "swiotlb": 16 << 20,
        "initrd": (16384 - 16380) * K,
    }
    firmware = {
        # the range right behind the last usable one is memory, those above it are not
        "fw_reserved": 1024 + 65536 + 0x40000000 - 0x3ffdc000,
        "fw_hole": 0xf0000 - 0xa0000,
        "fw_acpi": 0,
        "left_out": 4096 + 0xc00,
        "fw_hidden": NONE,
        "offline": 0,
    }
    groups = {
        "managed_gap": 0,
        "free_deferred": NONE,
        "boot_other": (present - managed) * PAGE - sum(boot.values()),
        "boot": (present - managed) * PAGE,
        "unattributed": managed * PAGE - sum(value or 0 for row, value in named.items()
                                             if "." not in row),
        "firmware": sum(value or 0 for value in firmware.values()),
        "ram": 1 << 30,
    }
    # thresholds 8 and 16 of 2 CPUs: 2 counters a zone, 8 of the node; an LRU batch a CPU
    bound = (8 * 2 * 2 + 16 * 2 * 2 + 16 * 2 * 8 + 31 * 2) * PAGE
    must_be(trees.MODERN, {**named, **boot, **firmware, **groups}, bound, hypervisor="KVM",
            kind="virtual", kernel="6.12.0-made-up", name="made-up", cpus=2, nodes=1,
            page_bytes=4096, uptime_seconds=90061)


@test
def a_kernel_2_6_32_has_no_reserved_memory_and_no_vmalloc():
    named = {
        "slab_reclaimable": 10000 * PAGE,
        "slab_unreclaimable": 5000 * PAGE,
        "vmalloc": NONE,
        "kernel_stacks": 1200 * K,
        "page_tables": 2000 * PAGE,
        "percpu": NONE,
        "anonymous": 150000 * K,
        "page_cache": (200000 - 400) * K,
        "buffers": 40000 * K,
        "shmem": 100 * PAGE,
        "swap_cache": 0,
        "hugetlb": 0,
        "free_buddy": 100000 * PAGE,
        "free_pcp": 77 * PAGE,
        "free_cma": NONE,
        "poison": NONE,
    }
    rest = 1000000 * K - sum(value or 0 for value in named.values())
    report = must_be(trees.OLD, {**named, "unattributed": rest, "ram": 1000000 * K,
                                 "boot": NONE, "memmap": NONE, "firmware": NONE,
                                 "kernel_code": NONE, "managed_gap": NONE}, page_bytes=4096)
    vmalloc = lib.row_of(report, "vmalloc")
    assert vmalloc["state"] == "unsupported", f"vmalloc is {vmalloc['state']}"
    assert "address space" in vmalloc["reason"], vmalloc["reason"]
    assert any("unattributed contains" in note and "vmalloc" in note
               for note in report["notes"]), "no note that unattributed contains vmalloc"


@test
def stacks_smaller_than_a_page_are_taken_off_slab():
    page = 65536
    named = {
        "slab_reclaimable": 3000 * page,
        "slab_unreclaimable": 2000 * page - 16000 * K,
        # 5000 pages of slab - (3000 + 260 + 1600) pages of caches
        "slab_unreclaimable.kmalloc_large": 140 * page,
        "slab_unreclaimable.rest": 1860 * page - 16000 * K,
        "kernel_stacks": 16000 * K,
        "vmalloc": NONE,
        "page_tables": 100 * page,
        "anonymous": 256000 * K,
        "page_cache": (640000 - 128000) * K,
        "buffers": 64000 * K,
        "shmem": 2000 * page,
        "swap_cache": 0,
        "hugetlb": 2 * 16384 * K,
        "free_buddy": 100000 * page,
        "bounce": 0,
        "poison": 0,
    }
    rest = 8388608 * K - sum(value or 0 for row, value in named.items() if "." not in row)
    must_be(trees.BIG_PAGES, {**named, "unattributed": rest, "ram": 8388608 * K},
            page_bytes=page)


@test
def two_nodes_have_their_own_accounts_that_add_up():
    machine = {
        "slab_reclaimable": 12000 * PAGE,
        "slab_unreclaimable": 6000 * PAGE,
        "vmalloc": (10000 - 2400) * K,
        "kernel_stacks": 2400 * K,
        "page_tables": 1200 * PAGE,
        "percpu": 4000 * K,
        "anonymous": 240000 * K,
        "page_cache": (160000 - 24000) * K,
        "buffers": 0,
        "shmem": 6000 * PAGE,
        "swap_cache": 0,
        "free_buddy": 150000 * PAGE,
        "free_pcp": 33 * PAGE,
    }
    nodes = [{
        "slab_reclaimable": 4000 * PAGE,
        "slab_unreclaimable": 2000 * PAGE,
        "vmalloc": 1200 * PAGE - 800 * K,
        "kernel_stacks": 800 * K,
        "page_tables": 400 * PAGE,
        "percpu": NONE,
        "anonymous": 80000 * K,
        "page_cache": 40000 * K - 2000 * PAGE,
        "shmem": 2000 * PAGE,
        "free_buddy": 70000 * PAGE,
        "free_pcp": 11 * PAGE,
    }, {
        "slab_reclaimable": 8000 * PAGE,
        "slab_unreclaimable": 4000 * PAGE,
        "vmalloc": 1300 * PAGE - 1600 * K,
        "kernel_stacks": 1600 * K,
        "page_tables": 800 * PAGE,
        "percpu": NONE,
        "anonymous": 160000 * K,
        "page_cache": 120000 * K - 4000 * PAGE,
        "shmem": 4000 * PAGE,
        "free_buddy": 80000 * PAGE,
        "free_pcp": 22 * PAGE,
    }]
    must_be(trees.TWO_NODES, {
        **machine, "ram": 325000 * PAGE, "boot": 25000 * PAGE, "managed_gap": 0,
        "unattributed": 300000 * PAGE - sum(machine.values())}, nodes=2, cpus=2)
    with Folder() as folder:
        rows = report_of(plant(folder, trees.TWO_NODES), "-N")["node_rows"]
    for node, expected in enumerate(nodes):
        managed, present = ((100000, 110000), (200000, 215000))[node]
        expected["unattributed"] = managed * PAGE - sum(v or 0 for v in expected.values())
        expected["ram"] = present * PAGE
        found = {row["id"]: row["bytes"] for row in rows if row["node"] == node}
        text = lib.differences(expected, found)
        assert not text, f"node {node}: {text}"
    assert {row["node"] for row in rows} == {0, 1}, "other nodes than 0 and 1"


@test
def a_field_that_nobody_knows_is_shown_and_changes_nothing():
    report = must_be(trees.UNKNOWN_FIELD, {
        "anonymous": 200000 * K, "page_cache": 80000 * K, "buffers": 10000 * K,
        "shmem": 20000 * K, "free_buddy": 500000 * K, "slab_reclaimable": 30000 * K,
        "slab_unreclaimable": 15000 * K, "kernel_stacks": 3000 * K, "vmalloc": 5000 * K,
        "page_tables": 5000 * K, "percpu": 1000 * K,
        "unattributed": (1000000 - 200000 - 80000 - 10000 - 20000 - 500000 - 30000 - 15000
                         - 8000 - 5000 - 1000) * K})
    for field in ("QuantumFoam", "nr_quantum_foam"):
        assert any(field in note for note in report["notes"]), f"{field} is in no note"
    assert not any("pgquantum" in note for note in report["notes"]), "an event is called memory"
    with Folder() as folder:
        doctor = lib.succeed("-s", plant(folder, trees.UNKNOWN_FIELD), "doctor", "-o",
                             "json").json()
    assert {(field["path"], field["field"], field["value"])
            for field in doctor["unknown_fields"]} == {
                ("proc/meminfo", "QuantumFoam", "12345 kB"),
                ("proc/vmstat", "nr_quantum_foam", "77")}, doctor["unknown_fields"]


@test
def vmalloc_below_zero_is_not_believed_and_the_areas_are():
    report = must_be(trees.WRAPPED_VMALLOC, {"vmalloc": 2250 * PAGE - 3000 * K,
                                             "kernel_stacks": 3000 * K})
    assert lib.row_of(report, "vmalloc")["state"] == "ok"
    tree = {path: text for path, text in trees.WRAPPED_VMALLOC.items() if "info" not in path
            or "meminfo" in path}
    report = must_be(tree, {"vmalloc": NONE, "kernel_stacks": 3000 * K})
    vmalloc = lib.row_of(report, "vmalloc")
    assert vmalloc["state"] == "bad" and "below zero" in vmalloc["reason"], vmalloc


@test
def swap_cache_that_is_mapped_is_counted_once():
    lists = 100000 + 102000 + 40000 + 48000 + 2800
    only = lists - 200000 - 90000 - 2000
    named = {
        "anonymous": 200000 * K, "page_cache": 88000 * K, "buffers": 2000 * K,
        "shmem": 2000 * K, "swap_cache": only * K, "free_cma": 16000 * K,
        "free_buddy": (50000 - 16000) * K, "slab_reclaimable": 10000 * K,
        "slab_unreclaimable": 12000 * K, "kernel_stacks": 2000 * K, "page_tables": 4000 * K,
        "vmalloc": 12000 * K,
    }
    must_be(trees.SWAPPING, {**named, "ram": 500000 * K,
                             "unattributed": 500000 * K - sum(named.values())},
            time="2023-11-14T22:13:20Z")


@test
def the_meminfo_of_a_container_is_left_out():
    report = must_be(trees.CONTAINER, {
        "ram": 4194304 * PAGE, "anonymous": 900000 * PAGE, "shmem": 100000 * PAGE,
        "page_cache": 1400000 * PAGE, "free_buddy": 1000000 * PAGE,
        "slab_reclaimable": 50000 * PAGE, "slab_unreclaimable": 40000 * PAGE,
        "page_tables": 9000 * PAGE, "free_pcp": 50 * PAGE, "buffers": NONE,
        "unattributed": (4100000 - 900000 - 1500000 - 1000000 - 90000 - 9000 - 50) * PAGE})
    assert any("container" in note for note in report["notes"]), "no note about it"


@test
def memory_not_yet_initialised_is_free_memory():
    must_be(trees.LAZY, {
        "free_deferred": (4096000 - 768000 * 4) * K, "managed_gap": 0,
        "boot": (1040000 - 768000) * PAGE - (4096000 - 768000 * 4) * K,
        "free_buddy": 100000 * PAGE, "ram": 1040000 * PAGE,
        "unattributed": 768000 * PAGE - (100000 + 9 + 5000 + 5000 + 250) * PAGE
                        - (100000 + 80000) * K})
