# SPDX-License-Identifier: GPL-2.0-or-later
"""What is missing is never guessed: parts of files, broken counters, inputs without a total."""

import random
import re

import lib
import logs
import trees
from lib import Folder, corpus_trees, plant, refuse, succeed, test

MIB = 1 << 20
# every kernel counts these; where one is missing, the rest says nothing
COUNTED = ("free_buddy", "anonymous", "page_cache", "slab_reclaimable", "slab_unreclaimable",
           "page_tables")
MEMINFO = """\
MemTotal:        8000000 kB
MemFree:         1000000 kB
Buffers:           20000 kB
Cached:          2000000 kB
AnonPages:       3000000 kB
Shmem:             20000 kB
Slab:             300000 kB
SReclaimable:     100000 kB
SUnreclaim:       200000 kB
PageTables:        30000 kB
KernelStack:       10000 kB
"""


def rows_of(report):
    return {row["id"]: row for row in report["rows"]}


def files_of(tree):
    return {f"proc/{name}": (tree / "proc" / name).read_text(encoding="utf-8", errors="replace")
            for name in ("meminfo", "vmstat", "zoneinfo") if (tree / "proc" / name).is_file()}


def part_of(files, chance):
    """Some of the files, and of those some of the lines; MemTotal stays."""
    part = {}
    for path, text in files.items():
        if path != "proc/meminfo" and chance.random() < 0.5:
            continue
        if path != "proc/zoneinfo" and chance.random() < 0.8:
            share = chance.random()
            text = "".join(line for line in text.splitlines(keepends=True)
                           if line.startswith("MemTotal") or chance.random() < share)
        part[path] = text
    return part


def problems(whole, part):
    """What a row of a part of the files claims against the whole."""
    full, rows = rows_of(whole), rows_of(part)
    for row in part["rows"]:
        below = [one["bytes"] for one in part["rows"]
                 if one["parent"] == row["id"] and one["bytes"] is not None]
        if below and row["bytes"] is not None and sum(below) != row["bytes"]:
            yield f"the rows below {row['id']} add up to {sum(below)}, not {row['bytes']}"
        truth = full.get(row["id"])
        if row["bytes"] is None or not truth or truth["bytes"] is None \
                or truth["quality"] != "exact":
            continue
        # the files of a capture may be some seconds apart
        slack = max(MIB, abs(truth["bytes"]) // 10)
        more = row["bytes"] - truth["bytes"]
        if (row["quality"] in ("exact", "lower_bound") and more > slack) or \
                (row["quality"] in ("exact", "upper_bound") and -more > slack):
            yield f"{row['id']} is {row['quality']} {row['bytes']}, the whole has {truth['bytes']}"
    unsplit = rows["slab_unsplit"]["bytes"] is not None
    missing = [name for name in COUNTED if rows[name]["bytes"] is None and
               not (unsplit and name.startswith("slab"))]
    rest = rows["unattributed"]
    if not missing or rest["bytes"] is None:
        return
    if rest["title"] == "unattributed" or rows["kernel"]["title"] == "kernel":
        yield f"{rest['title']}, {rows['kernel']['title']} without {missing}"
    if rest["quality"] in ("exact", "lower_bound"):
        yield f"{rest['quality']} without {missing}"
    if any(finding["id"] == "large-row"
           and finding["title"].startswith((rest["title"], "unattributed"))
           for finding in part["findings"]):
        yield f"advice without {missing}"


@test
def a_part_of_the_files_claims_nothing_that_the_whole_contradicts():
    chance = random.Random(12)
    pool = [files_of(tree) for tree in sorted((lib.REPOSITORY / "tests" / "fixtures").iterdir())]
    try:
        pool += [files_of(tree) for tree in corpus_trees() if (tree / "proc/meminfo").is_file()]
    except lib.Skip:
        pass
    pool.append({path: text for path, text in trees.MODERN.items()
                 if path in ("proc/meminfo", "proc/vmstat", "proc/zoneinfo")})
    pool = [files for files in pool if "MemTotal" in files.get("proc/meminfo", "")]
    read = unknown = 0
    for index in range(150):
        files = pool[index % len(pool)]
        with Folder() as folder:
            whole = lib.report_of(plant(folder / "whole", files))
            part = part_of(files, chance)
            result = lib.ktally("-s", plant(folder / "part", part), "-o", "json")
            if result.status:
                continue
            found = list(problems(whole, result.json()))
            assert not found, (found, part)
            read += 1
            unknown += rows_of(result.json())["unattributed"]["title"] != "unattributed"
    assert read > 100 and unknown > 20, (read, unknown)


@test
def two_lines_of_slab_give_the_third():
    for gone, row, bytes_ in (("SUnreclaim", "slab_unreclaimable", 200000 << 10),
                              ("SReclaimable", "slab_reclaimable", 100000 << 10),
                              ("Slab", "slab_reclaimable", 100000 << 10)):
        with Folder() as folder:
            file = folder / "meminfo"
            file.write_text("".join(line for line in MEMINFO.splitlines(keepends=True)
                                    if not line.startswith(gone)))
            rows = rows_of(lib.report_of(file))
            assert rows[row]["bytes"] == bytes_, (gone, rows[row])
            assert rows["slab"]["bytes"] == 300000 << 10, (gone, rows["slab"])


@test
def graphics_memory_in_use_and_the_pool_that_can_be_reclaimed_are_two_rows_of_the_first_screen():
    with Folder() as folder:
        file = folder / "meminfo"
        file.write_text("MemTotal:       32000000 kB\nMemAvailable:    9000000 kB\n"
                        "GPUActive:         64000 kB\nGPUReclaim:     12000000 kB\n")
        report = lib.report_of(file)
        rows = rows_of(report)
        assert rows["gpu"]["bytes"] == 64000 << 10 and rows["gpu_pool"]["bytes"] == 12000000 << 10
        text = succeed("-s", file).text
        assert "graphics buffers in use" in text and "graphics pool, reclaimable" in text, text
        assert "does not release" not in text, text
        note = next(note for note in report["notes"] if "not known" in note)
        assert "MemFree, AnonPages" in note, note


@test
def the_rows_beside_the_largest_are_on_the_first_screen():
    with Folder() as folder:
        file = folder / "meminfo"
        file.write_text(MEMINFO.replace("SUnreclaim:       200000", "SUnreclaim:      6200000")
                        .replace("Slab:             300000", "Slab:            6300000")
                        .replace("AnonPages:       3000000", "AnonPages:         30000")
                        .replace("Cached:          2000000", "Cached:            50000"))
        text = succeed("-s", file).text
        assert "unreclaimable slab" in text and "reclaimable slab " in text, text
        file.write_text(MEMINFO)
        assert "unreclaimable slab" not in succeed("-s", file).text


@test
def a_counter_above_all_memory_is_broken_and_left_out():
    with Folder() as folder:
        file = folder / "meminfo"
        for line, row in (("Unaccepted:     19000000 kB\n", "unaccepted"),
                          ("GPUActive: 9000000 kB\n", "gpu"),
                          ("SecPageTables: 18446744073709551612 kB\n", "sec_page_tables")):
            file.write_text(MEMINFO + line)
            report = lib.report_of(file)
            assert rows_of(report)[row]["state"] == "bad", rows_of(report)[row]
            assert any(note.startswith("broken: ") for note in report["notes"]), report["notes"]
        file.write_text(MEMINFO)
        assert not any("broken" in note for note in lib.report_of(file)["notes"])


@test
def an_input_without_a_total_says_what_it_contains_and_which_command_shows_it():
    with Folder() as folder:
        tree = plant(folder / "tree", {path: text for path, text in trees.MODERN.items()
                                       if path in ("proc/slabinfo", "proc/vmallocinfo")})
        for command in ("account", "explain slab", "metrics"):
            refuse("-s", tree, *command.split(), says=f"'ktally slab -s {tree}' shows it")
        refuse("-s", tree, says=f"vmallocinfo: 'ktally vmalloc -s {tree}' shows it")


HIGHMEM_ZONES = """\
Node 0, zone      DMA
  pages free     1000
        min      11
        low      13
        high     16
        spanned  4096
        present  4080
        managed  3976
        protection: (0, 800, 3000, 3000)
  start_pfn:           1
Node 0, zone   Normal
  pages free     20000
        min      800
        low      1000
        high     1200
        spanned  220000
        present  220000
        managed  210000
        protection: (0, 0, 17600, 17600)
  start_pfn:           4096
Node 0, zone  HighMem
  pages free     300000
        min      128
        low      600
        high     1100
        spanned  550000
        present  550000
        managed  550000
        protection: (0, 0, 0, 0)
  start_pfn:           224096
"""
HIGHMEM_MEMINFO = """\
MemTotal:        3055904 kB
MemFree:         1284000 kB
Buffers:           20000 kB
Cached:           600000 kB
SwapCached:            0 kB
HighTotal:       2200000 kB
HighFree:        1200000 kB
LowTotal:         855904 kB
LowFree:           84000 kB
AnonPages:        800000 kB
Mapped:           100000 kB
Shmem:             20000 kB
Slab:             200000 kB
SReclaimable:     100000 kB
SUnreclaim:       100000 kB
KernelStack:        4000 kB
PageTables:         8000 kB
VmallocTotal:     122880 kB
VmallocUsed:       60000 kB
"""
AREAS = """\
0xf8000000-0xf8101000 1052672 my_driver_init+0x22/0x80 pages=256 vmalloc
0xf8200000-0xfb600000 54525952 my_ioremap+0x22/0x80 phys=fe000000 ioremap
0xfb700000-0xfe801000 51384320 big_table+0x44/0x90 pages=12544 vmalloc
"""


@test
def memory_of_a_32_bit_kernel_is_named_by_its_reach():
    for files in ({"proc/meminfo": HIGHMEM_MEMINFO, "proc/zoneinfo": HIGHMEM_ZONES},
                  {"proc/meminfo": HIGHMEM_MEMINFO}):
        with Folder() as folder:
            tree = plant(folder, files)
            rows = rows_of(lib.report_of(tree))
            assert rows["free_high"]["bytes"] == 1200000 << 10, rows["free_high"]
            assert rows["free_buddy"]["bytes"] == 84000 << 10, rows["free_buddy"]
            assert "free in HighMem" in succeed("-s", tree).text
            if "proc/zoneinfo" in files:
                # 774,080 pages present, 32 bytes each
                assert rows["memmap"]["bytes"] == 774080 * 32, rows["memmap"]
                assert rows["memmap"]["quality"] == "estimate", rows["memmap"]
    with Folder() as folder:
        rows = rows_of(lib.report_of(plant(folder, trees.MODERN)))
        assert rows["free_high"]["state"] == "absent", rows["free_high"]


@test
def free_blocks_in_highmem_are_none_for_the_kernel():
    lists = ("Node 0, zone      DMA      0      0      0      0      0      0      0      0      1"
             "      1      0 \n"
             "Node 0, zone   Normal  12000   4000      0      0      0      0      0      0      0"
             "      0      0 \n"
             "Node 0, zone  HighMem      0      0      0      0      0      0      0      0      0"
             "      0    293 \n")
    with Folder() as folder:
        tree = plant(folder, {"proc/meminfo": HIGHMEM_MEMINFO, "proc/zoneinfo": HIGHMEM_ZONES,
                              "proc/buddyinfo": lists})
        report = succeed("-s", tree, "buddy", "-o", "json").json()
        # DMA: 768 free - 11 min - 800 reserved for Normal; Normal: 20,000 - 800 of order 1 at most
        assert report["largest_order"] == 1, report["largest_order"]
        assert "not for the kernel" in succeed("-s", tree, "buddy").text


@test
def addresses_of_a_32_bit_kernel_are_compared_with_vmalloctotal():
    with Folder() as folder:
        tree = plant(folder, {"proc/meminfo": HIGHMEM_MEMINFO, "proc/vmallocinfo": AREAS})
        taken = 1052672 + 54525952 + 51384320
        text = succeed("-s", tree, "vmalloc").text
        assert f"Addresses: {taken / MIB:.1f} MiB of 120.0 MiB" in text, text
        assert f"({taken * 100 // (120 * MIB)} %)" in text, text


OLD_REPORT = """\
oom-killer: gfp_mask=0x201d2, order=0
Mem-info:
DMA per-cpu:
cpu 0 hot: high 0, batch 1 used:0
cpu 0 cold: high 0, batch 1 used:0
Normal per-cpu:
cpu 0 hot: high 186, batch 31 used:30
cpu 0 cold: high 62, batch 15 used:53
Free pages:        5856kB (0kB HighMem)
Active:94107 inactive:115 dirty:0 writeback:0 unstable:0 free:1464 slab:28521 mapped:93994 \
pagetables:1396
DMA free:2068kB min:88kB low:108kB high:132kB active:10088kB inactive:0kB present:16384kB \
pages_scanned:16045 all_unreclaimable? yes
lowmem_reserve[]: 0 0 496 496
DMA: 1*4kB 0*8kB 1*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 1*2048kB 0*4096kB = 2068kB
Free swap  = 0kB
Total swap = 0kB
131072 pages of RAM
0 pages of HIGHMEM
2284 reserved pages
157 pages shared
0 pages swap cached
Out of Memory: Killed process 2200 (foo).
"""


def counted_of(report):
    return {row["name"]: row["pages"] for row in report["counted"]}


@test
def a_report_that_gives_no_account_shows_its_counters():
    with Folder() as folder:
        log = folder / "log"
        log.write_text(OLD_REPORT)
        for command in ((), ("memreports",)):
            report = succeed("-s", log, *command, "-o", "json").json()
            assert counted_of(report) == {"processes and page cache": 94222, "slab": 28521,
                                          "free": 1464, "page tables": 1396}, report["counted"]
            assert report["reports"][0]["killed"] == "foo", report["reports"]
        # the older form of the request and of the zones
        log.write_text(OLD_REPORT.replace("gfp_mask=0x201d2, order=0", "gfp_mask=0xd0")
                       .replace("lowmem_reserve[]: 0 0 496 496", "protections[]: 0 248 504")
                       .replace("hot: high", "hot: low 0, high"))
        report = succeed("-s", log, "-o", "json").json()
        assert counted_of(report)["slab"] == 28521 and report["reports"][0]["kind"] == "OOM killer"
        # cut after the counters: every counter that is there is right, and what is missing is said
        whole = logs.WHOLE
        log.write_text(whole[:whole.index("Node 0 ")])
        text = succeed("-s", log).text
        assert re.search(r"unreclaimable slab +700 +\d+\.\d\d % +2\.7 MiB", text), text
        assert "the lines of the zones are missing" in " ".join(text.split()), text


@test
def a_failed_vmalloc_is_named_with_its_caller_and_size():
    trace = ("CPU: 1 PID: 1532 Comm: insmod Not tainted 6.1.0 #1\nCall Trace:\n <TASK>\n"
             " dump_stack_lvl+0x44/0x5c\n warn_alloc+0x135/0x160\n"
             " ? leftover_function+0x2/0x150\n __vmalloc_node_range+0xd8/0x150\n"
             " vmalloc+0x4f/0x60\n my_init+0x15/0x1000 [mymod]\n do_one_initcall+0x56/0x230\n"
             " </TASK>\n")
    request = ("insmod: vmalloc error: size 4294967296, failed to allocate pages, "
               "mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0\n")
    with Folder() as folder:
        log = folder / "log"
        log.write_text(request + trace + logs.MACHINE)
        row = succeed("-s", log, "memreports", "-o", "json").json()["reports"][0]
        assert (row["process"], row["asked_bytes"], row["caller"]) == \
            ("insmod", 1 << 32, "my_init [mymod]"), row
        text = " ".join(succeed("-s", log).text.split())
        assert "insmod asked vmalloc for 4.0 GiB (GFP_KERNEL) in my_init [mymod]" in text, text


@test
def page_tables_of_unmapped_files_are_not_blamed_on_shared_mappings():
    with Folder() as folder:
        file = folder / "meminfo"
        large = MEMINFO.replace("PageTables:        30000", "PageTables:      1500000")
        for mapped, blamed in (("Mapped:                0 kB\n", False),
                               ("Mapped:          2900000 kB\n", True)):
            file.write_text(large + mapped)
            finding = next(finding for finding in lib.report_of(file)["findings"]
                           if finding["title"].startswith("page tables:"))
            assert ("large shared memory" in finding["evidence"][0]) == blamed, finding


def area(size, pages, caller="kernel_clone+0x88/0x2d0", rest="vmalloc"):
    return f"0xffffa00000000000-0xffffa00000005000 {size:7} {caller} pages={pages} {rest}\n"


@test
def the_page_size_is_told_by_any_file_that_has_it():
    for page in (4096, 16384, 65536):
        kib = page // 1024
        slabs = "".join(
            f"{name} 1000 {per * 100} {size} {per} {pages} : tunables 0 0 0 : slabdata 100 100 0\n"
            for name, size, pages in (("dentry", 192, 1), ("kmalloc-512", 512, 2),
                                      ("inode_cache", 608, 4), ("radix_tree_node", 576, 4))
            for per in (page * pages // size,))
        zones = (f"Node 0, zone   Normal\n  pages free     5000\n        min      100\n"
                 f"        low      120\n        high     140\n        spanned  60000\n"
                 f"        present  60000\n        managed  50000\n"
                 f"        protection: (0, 0)\n  start_pfn:           1\n")
        sources = {
            "slabinfo": {"proc/slabinfo": "slabinfo - version: 2.1\n" + slabs},
            "vmallocinfo": {"proc/vmallocinfo": area(page * 5, 4) + area(page * 258, 257)
                            + area(page * 4, 4, "vmap_without_guard+0x1/0x2")},
            "vmstat": {"proc/meminfo": f"MemTotal: {50000 * kib} kB\nMemFree: {10427 * kib} kB\n",
                       "proc/vmstat": "nr_free_pages 10427\nnr_slab_unreclaimable 300\n"},
            "zoneinfo": {"proc/meminfo": f"MemTotal: {50000 * kib} kB\nMemFree: {5000 * kib} kB\n",
                         "proc/zoneinfo": zones},
            "node": {"sys/devices/system/node/node0/meminfo":
                     f"Node 0 MemTotal: {50000 * kib} kB\nNode 0 MemFree: {5000 * kib} kB\n",
                     "proc/zoneinfo": zones},
        }
        for name, files in sources.items():
            command = {"slabinfo": "slab", "vmallocinfo": "vmalloc"}.get(name, "account")
            with Folder() as folder:
                report = succeed("-s", plant(folder, files), command, "-o", "json").json()
                assert report["host"]["page_bytes"] == page, (name, page, report["host"])


@test
def without_the_page_size_lists_show_what_needs_none():
    with Folder() as folder:
        tree = plant(folder, {
            "proc/slabinfo": "slabinfo - version: 2.1\nodd 50 210 192 7 1 : tunables 0 0 0 : "
                             "slabdata 30 30 0\nlarger 5 21 1000 3 1 : tunables 0 0 0 : "
                             "slabdata 7 7 0\n",
            "proc/vmallocinfo": area(20480, 3)})
        caches = succeed("-s", tree, "slab", "-o", "json").json()["caches"]
        assert [(row["name"], row["bytes"], row["in_use_bytes"]) for row in caches] == \
            [("odd", None, 50 * 192), ("larger", None, 5000)], caches
        text = succeed("-s", tree, "slab").text
        assert "odd" in text and "page size" in text, text
        text = succeed("-s", tree, "vmalloc").text
        assert "kernel_clone" in text and "20.0 KiB" in text and "page size" in text, text


@test
def no_command_of_a_note_would_run_on_the_readers_machine():
    with Folder() as folder:
        log = folder / "a.log"
        log.write_text(logs.WHOLE)
        meminfo = folder / "meminfo"
        meminfo.write_text(MEMINFO)
        for source in (log, meminfo):
            for command in ("account", "buddy", "slab", "memreports"):
                result = lib.ktally("-s", source, command, "-o", "json")
                notes = result.json()["notes"] if not result.status else []
                for note in notes:
                    for found in re.findall(r"'ktally [^']*'", note):
                        assert "-s" in found or "slab CACHE" in found, (command, note)
                    assert "Next: " not in note, note


@test
def an_explanation_of_what_is_not_known_gives_no_advice():
    with Folder() as folder:
        file = folder / "meminfo"
        file.write_text("MemTotal:       32000000 kB\nMemFree:         9000000 kB\n")
        text = " ".join(succeed("-s", file, "explain", "unattributed").text.split())
        assert "not known" in text and "do not count" in text, text
        assert "perf record" not in text and "suspect" not in text, text
        file.write_text(MEMINFO)
        text = " ".join(succeed("-s", file, "explain", "unattributed").text.split())
        assert "What to do next: on that machine: " in text and "perf record" in text, text


@test
def a_report_cut_inside_its_counters_shows_no_number_that_lacks_digits():
    whole = {"anonymous": 3110, "page cache and tmpfs": 110, "unevictable": 20,
             "reclaimable slab": 300, "unreclaimable slab": 700, "page tables": 87, "free": 1133}
    start = logs.WHOLE.index("active_anon:")
    end = logs.WHOLE.index("Node 0 active_anon:")
    seen = set()
    with Folder() as folder:
        log = folder / "log"
        for at in range(start + 20, end, 5):
            log.write_text(logs.WHOLE[:at])
            result = lib.ktally("-s", log, "memreports", "-o", "json")
            for name, pages in counted_of(result.json()).items() if "counted" in result.text else ():
                assert pages in (None, whole[name]) or name in ("page tables", "free"), (at, name)
                seen.add(name) if pages else None
    assert seen >= set(whole) - {"free"}, seen
