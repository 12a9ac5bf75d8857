# SPDX-License-Identifier: GPL-2.0-or-later
"""What other sizes, tables and settings would save: whatif."""

import lib
import trees
from lib import Folder, need_root, plant, refuse, succeed, test
from test_schema import must_be_valid

MIB = 1 << 20
STACKS = "# stack-bytes ended torn\nstack 16384 0 0\n# pid kernel used-bytes name\n" \
         "300 0 5000 java\n400 0 4096 postgres\n"
# 10 slabs of 4 pages and 8 objects, 17 in use
SLUB = "# slot object objects/slab pages/slab slabs objects used free cached rcu uncertain " \
       "reclaimable name\n2000 2000 8 4 10 80 17 63 0 0 0 1 inode\n"
TRACES = "   1000 alloc_iova_fast+0x1/0x20 waste=1016000/1016 age=1/2/3 pid=1-9 cpus=0 nodes=0\n" \
         "        alloc_iova_fast+0x1/0x20\n        iommu_dma_alloc_iova+0x1/0x20\n"
MACHINE = {
    **trees.MODERN,
    "proc/sys/fs/dentry-state": "1000\t900\t45\t0\t100\t0\n",
    "proc/sys/vm/hugetlb_optimize_vmemmap": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}
KERNEL = {
    "ktally/stack_depth": STACKS,
    "ktally/slub": SLUB,
    "sys/kernel/debug/slab/kmalloc-2k/alloc_traces": TRACES,
}


def pool_file(name):
    return f"sys/kernel/mm/hugepages/hugepages-2048kB/{name}"


def rows_of(*args, **how):
    report = must_be_valid("whatif", succeed("whatif", "-o", "json", *args, **how))
    return {row["name"]: row for row in report["whatifs"]}


def one(name, *args):
    return must_be_valid("whatif-one", succeed("whatif", name, "-o", "json", *args))


@test
def what_ifs_of_a_captured_machine_are_worked_out():
    with Folder() as folder:
        source = plant(folder, MACHINE)
        rows = rows_of("-s", source)
        expected = {
            # 1,000 dentries in 1,024 entries of 8 bytes instead of 1 MiB; 10,500 inodes in 16,384
            # instead of 65,536
            "hash": (MIB - 8192 + (65536 - 16384) * 8, "at most"),
            "hugetlb": (3 * 2 * MIB, "exact"),
            # 4 huge pages keep 1 of 8 pages each
            "hvo": (4 * 7 * 4096, "exact"),
            # 4,094 pages of struct pages, halved
            "struct-page": (4094 * 4096 // 2, "at most"),
            # 1,400 KiB for 2 possible CPUs, and 1 is there
            "percpu": (700 * 1024, "at least"),
            "crashkernel": (0, "exact"),
        }
        for name, (saves, certainty) in expected.items():
            assert (rows[name]["saves_bytes"], rows[name]["certainty"]) == (saves, certainty), \
                (name, rows[name])
            assert rows[name]["saves_pages"] * 4096 == saves and rows[name]["why"] is None
        # not known is not 0
        for name in ("kernel-stacks", "slab-packing"):
            assert rows[name]["saves_bytes"] is None and "--exact" in rows[name]["why"], rows[name]
        known = [row["saves_bytes"] for row in rows.values() if row["saves_bytes"] is not None]
        assert known == sorted(known, reverse=True), known
        text = " ".join(succeed("whatif", "-s", source).text.split())
        assert "The largest that this kernel can do: no bounce buffers for DMA, at most" in text, text


@test
def kernel_memory_of_a_capture_adds_what_ifs():
    with Folder() as folder:
        source = plant(folder, {**MACHINE, **KERNEL})
        rows = rows_of("--exact", "-s", source)
        # 5,000 bytes touch 2 of 4 pages, 4,096 bytes touch 1
        assert rows["kernel-stacks"]["saves_bytes"] == 5 * 4096, rows["kernel-stacks"]
        # 17 objects need 3 of 10 slabs of 4 pages
        assert rows["slab-packing"]["saves_bytes"] == 7 * 4 * 4096, rows["slab-packing"]
        # 63 slabs of 8 pages; 1,032 bytes with 2 possible CPUs: 67 slabs of 4 pages; of the slabs
        # of one CPU and one node, half
        row = rows["kmalloc"]
        assert row["certainty"] == "estimate", row
        assert row["saves_bytes"] == (63 * 8 + 8 - 67 * 4 - 4) * 4096, row
        assert row["low_bytes"] < row["saves_bytes"] < row["high_bytes"], row
        report = one("kmalloc", "--exact", "-s", source)
        assert report["parts"][0]["part"].startswith("alloc_iova_fast"), report["parts"]
        assert [point["count"] for point in report["curve"]] == [3, 1, 2], report["curve"]
        # without the option they are not read
        assert rows_of("-s", source)["kernel-stacks"]["saves_bytes"] is None


@test
def one_what_if_shows_inputs_parts_and_curve():
    with Folder() as folder:
        source = plant(folder, MACHINE)
        report = one("hash", "-s", source)
        inputs = {row["input"]: row["count"] for row in report["inputs"]}
        assert inputs["Dentry cache: objects"] == 1000, inputs
        part = report["parts"][0]
        assert part["how"] == "dhash_entries=1024 at boot", part
        assert part["now_bytes"] - part["then_bytes"] == part["saves_bytes"] == MIB - 8192, part
        report = one("struct-page", "-s", source)
        assert [point["bytes"] for point in report["curve"]] == \
            [4094 * 4096 >> shift for shift in range(4)], report["curve"]
        text = " ".join(succeed("whatif", "kernel-stacks", "-s", source).text.split())
        assert "What it would save is not known: it needs --exact" in text, text


@test
def a_missing_file_makes_a_what_if_unknown():
    for path, name in (("sys/devices/system/cpu/present", "percpu"), ("dmesg", "hash"),
                       (pool_file("nr_hugepages"), "hugetlb"), ("proc/vmstat", "struct-page")):
        with Folder() as folder:
            source = plant(folder, {key: text for key, text in MACHINE.items() if key != path})
            row = rows_of("-s", source)[name]
            assert row["saves_bytes"] is None and row["why"], (path, row)


CMA = {
    "proc/meminfo": trees.MODERN["proc/meminfo"].replace(
        "CmaTotal:              0 kB\nCmaFree:               0 kB",
        "CmaTotal:         327680 kB\nCmaFree:           4096 kB"),
    "proc/vmstat": trees.MODERN["proc/vmstat"].replace("nr_free_cma 0", "nr_free_cma 1024"),
    "sys/kernel/mm/cma/reserved/total_pages": "16384\n",
    "sys/kernel/mm/cma/reserved/available_pages": "16000\n",
    "sys/kernel/debug/cma/hugetlb0/count": "65536\n",
    "sys/kernel/debug/cma/hugetlb0/used": "512\n",
}


@test
def contiguous_areas_are_reserved_used_and_free():
    with Folder() as folder:
        source = plant(folder, {**MACHINE, **CMA})
        row = rows_of("-s", source)["cma"]
        assert (row["saves_bytes"], row["certainty"]) == (4 * MIB, "at most"), row
        assert row["needs"] == "reboot" and "cma=" in row["how"], row
        report = one("cma", "-s", source)
        inputs = {row["input"]: row["bytes"] for row in report["inputs"]}
        assert inputs["allocated by drivers"] == (384 + 512) * 4096, inputs
        assert inputs["used by movable pages"] == 316 * MIB - (384 + 512) * 4096, inputs
        assert [part["part"] for part in report["parts"]] == ["hugetlb0", "reserved"], report
    with Folder() as folder:
        # without the line it is not known
        text = "".join(line for line in CMA["proc/meminfo"].splitlines(True)
                       if not line.startswith("CmaTotal"))
        row = rows_of("-s", plant(folder, {**MACHINE, "proc/meminfo": text}))["cma"]
        assert row["saves_bytes"] is None and "CmaTotal" in row["why"], row


# 2,898 slots of 1,128 bytes in slabs of 4 pages, and two caches whose slabs would stay
SLABS = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>
inode 2898 2898 1128 14 4 : tunables 0 0 0 : slabdata 207 207 0
kmalloc-64 600 640 64 64 1 : tunables 0 0 0 : slabdata 10 10 0
kmalloc-8 5000 5120 8 512 1 : tunables 0 0 0 : slabdata 10 10 0
"""
TWO_CPUS = {"sys/devices/system/cpu/present": "0-1\n", "sys/devices/system/cpu/possible": "0-1\n"}


@test
def slabs_of_other_orders_are_worked_out():
    with Folder() as folder:
        source = plant(folder, {**MACHINE, **TWO_CPUS, "proc/slabinfo": SLABS})
        row = rows_of("-s", source)["slab-orders"]
        # 29 objects in 8 pages: 101 slabs, of 2 CPUs and 1 node half a slab more than today
        assert (row["saves_bytes"], row["certainty"]) == (20 * 4096, "estimate"), row
        assert row["low_bytes"] == 12 * 4096 and row["high_bytes"] == 28 * 4096, row
        assert row["needs"] == "reboot" and "slub_min_objects=" in row["how"], row
        report = one("slab-orders", "-s", source)
        inputs = {row["input"]: row["bytes"] or row["count"] for row in report["inputs"]}
        assert inputs["their slabs"] == (828 + 20) * 4096 and inputs["caches"] == 3, inputs
        points = {point["choice"]: point for point in report["curve"]}
        assert points["slub_max_order=0"]["bytes"] == (961 + 20) * 4096, points
        # worse is not a saving of 0
        assert points["slub_max_order=0"]["saves_bytes"] is None, points
    with Folder() as folder:
        tree = {key: text for key, text in MACHINE.items() if key != "proc/slabinfo"}
        row = rows_of("-s", plant(folder, tree))["slab-orders"]
        assert row["saves_bytes"] is None and row["why"], row


FAMILIES = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>
kmalloc-64 500 640 64 64 1 : tunables 0 0 0 : slabdata 10 10 0
kmalloc-cg-64 180 320 64 64 1 : tunables 0 0 0 : slabdata 5 5 0
kmalloc-rnd-01-64 28 128 64 64 1 : tunables 0 0 0 : slabdata 2 2 0
dentry 100 210 192 21 1 : tunables 0 0 0 : slabdata 10 10 0
"""


@test
def families_of_kmalloc_and_merged_caches_are_worked_out():
    with Folder() as folder:
        source = plant(folder, {**MACHINE, **TWO_CPUS, "proc/slabinfo": FAMILIES,
                                "sys/kernel/slab/:0000192/reclaim_account": "1\n"})
        for name in ("dentry", "other", "third"):
            (source / "sys/kernel/slab" / name).symlink_to(":0000192")
        rows = rows_of("-s", source)
        # 848 objects and free slots in 14 slabs instead of 17
        row = rows["kmalloc-families"]
        assert (row["saves_bytes"], row["certainty"]) == (3 * 4096, "estimate"), row
        assert (row["low_bytes"], row["high_bytes"]) == (0, 17 * 4096), row
        report = one("kmalloc-families", "-s", source)
        assert [row["input"] for row in report["inputs"]] == ["caches with slabs", "their slabs"]
        row = rows["slab-merging"]
        assert (row["saves_bytes"], row["certainty"], row["now_bytes"]) == (0, "exact", 40960), row
        report = one("slab-merging", "-s", source)
        # two names more, half a slab for each of 2 CPUs and a node
        assert report["curve"][1]["bytes"] == 40960 + 3 * 4096, report["curve"]
    with Folder() as folder:
        rows = rows_of("-s", plant(folder, {**MACHINE, "proc/slabinfo": FAMILIES}))
        row = rows["slab-merging"]
        assert row["saves_bytes"] is None and row["why"], row


@test
def rounding_and_sheaves_say_what_they_know():
    with Folder() as folder:
        memory = "# slot object objects/slab pages/slab slabs objects used free cached rcu uncertain " \
                 "reclaimable name\n192 192 21 1 10 210 100 70 40 0 0 1 dentry\n"
        source = plant(folder, {**MACHINE, **TWO_CPUS, "proc/slabinfo": FAMILIES,
                                "sys/kernel/slab/dentry/sheaf_capacity": "4\n",
                                "sys/kernel/slab/dentry/cpu_slabs": "0\n", "ktally/slub": memory})
        rows = rows_of("-s", source)
        # 4 objects in 3 sheaves for each of 2 CPUs and 11 of a node, of 192 bytes: half of them
        row = rows["sheaves"]
        assert (row["now_bytes"], row["certainty"]) == (68 * 192, "at most"), row
        assert row["saves_bytes"] == 68 * 192 // 2 // 4096 * 4096, row
        report = one("sheaves", "--exact", "-s", source)
        assert report["now_bytes"] == 40 * 192, report
        inputs = {row["input"]: row["count"] for row in report["inputs"]}
        assert inputs["objects in them, at most"] == 40, inputs
        # Slab has far more than these caches: that is not only large kmalloc
        assert rows["rounding"]["saves_bytes"] is None and rows["rounding"]["why"], rows["rounding"]
    with Folder() as folder:
        source = plant(folder, MACHINE)
        # 44,000 KiB in Slab, 42,000 KiB in caches; at most half of the rest
        row = rows_of("-s", source)["rounding"]
        assert (row["now_bytes"], row["certainty"]) == (2000 * 1024, "at most"), row
        assert row["saves_bytes"] == 1000 * 1024 and row["needs"] == "kernel", row
        report = one("rounding", "-s", source)
        assert [row["input"] for row in report["inputs"]] == ["large kmalloc"], report
        text = " ".join(succeed("whatif", "rounding", "-s", source).text.split())
        assert "which call site asked for how much is not kept by the kernel" in text, text
    with Folder() as folder:
        rows = rows_of("-s", plant(folder, {"proc/meminfo": MACHINE["proc/meminfo"]}))
        for name in ("sheaves", "rounding", "slab-orders", "slab-merging", "kmalloc-families"):
            assert rows[name]["saves_bytes"] is None and rows[name]["why"], rows[name]


@test
def hash_tables_have_room_for_the_most_of_a_recording():
    with Folder() as folder:
        tree, file = plant(folder / "tree", MACHINE), folder / "x.rec"
        state = tree / "proc/sys/fs/dentry-state"
        for number in (1000, 70000, 2000):
            state.write_text(f"{number}\t900\t45\t0\t100\t0\n")
            succeed("-s", tree, "record", "-i", "0.1", "-n", "1", file)
        report = one("hash", "-s", file)
        inputs = {row["input"]: row for row in report["inputs"]}
        assert inputs["Dentry cache: objects"]["count"] == 70000, inputs
        assert inputs["Dentry cache: objects"]["from"] == "most of the recording", inputs
        # 131,072 entries are what the table has, so it stays
        assert report["parts"][0]["saves_bytes"] == 0, report["parts"]
        # the tree itself has 2,000 now
        report = one("hash", "-s", tree)
        assert report["parts"][0]["how"] == "dhash_entries=2048 at boot", report["parts"]


@test
def unknown_names_are_refused():
    refuse("whatif", "nosuch", status=2, says="'ktally whatif' lists them")
    refuse("whatif", "hash", "dentry", status=2, says="takes no slab cache")
    refuse("whatif", "slab-reclaim", status=2, says="takes a slab cache")


@test
def a_cache_of_this_machine_is_reclaimed_slab_by_slab():
    need_root()
    report = one("slab-reclaim", "dentry", "--exact")
    if report["saves_bytes"] is None:
        raise lib.Skip(report["why"])
    inputs = {row["input"]: row["count"] for row in report["inputs"]}
    points = report["curve"]
    assert inputs["objects in use"] <= inputs["slabs with objects"] * inputs["objects of a slab"]
    known = [point for point in points if not point["choice"].startswith("unused")]
    unused = [point for point in points if point["choice"].startswith("unused")]
    for at in range(0, len(known), 4):
        low, high, emptiest, packed = (point["saves_bytes"] for point in known[at:at + 4])
        assert low <= high and low <= emptiest <= packed, known[at:at + 4]
        assert len({point["count"] for point in known[at:at + 4]}) == 1, known
    for at in range(0, len(unused), 3):
        kernels, emptiest, packed = (point["saves_bytes"] for point in unused[at:at + 3])
        assert kernels <= emptiest <= packed, unused[at:at + 3]
        assert len({point["count"] for point in unused[at:at + 3]}) == 1, unused
    if points:
        assert {point["bytes"] + point["saves_bytes"] for point in points} == \
            {report["now_bytes"]}, points


@test
def this_machine_agrees_with_arithmetic():
    need_root()
    rows = rows_of()
    counters = dict(line.split() for line in open("/proc/vmstat", encoding="ascii"))
    if "nr_memmap_boot_pages" not in counters or rows["struct-page"]["saves_bytes"] is None:
        raise lib.Skip("no counter of struct pages")
    pages = int(counters["nr_memmap_boot_pages"])
    assert rows["struct-page"]["now_bytes"] == pages * 4096, rows["struct-page"]
    assert rows["struct-page"]["saves_bytes"] == pages * 4096 // 2 // 4096 * 4096
