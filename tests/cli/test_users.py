# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally users': who allocated kernel memory, by the files in which the kernel keeps it."""

import re

import logs
import trees
from lib import Folder, opened, plant, refuse, succeed, test
from test_schema import must_be_valid

SITES = """allocinfo - version: 1.0
#     <size>  <calls> <tag info>
           0        0 init/widget.c:7 func:widget_setup 
 31138512896  7602176 drivers/nvme/host/widget.c:652 func:widget_prps 
   507617280    32796 mm/slub.c:2305 func:alloc_slab_page 
   162783232     7656 mm/slub.c:2307 func:alloc_slab_page 
   134742016    32896 mm/percpu-vm.c:95 func:pcpu_alloc_pages 
   117118192   103097 fs/gfs/super.c:1388 [gfs] func:gfs_alloc_inode 
    45409728   236509 fs/dcache.c:1681 func:__d_alloc accurate:no 
       -4096        1 fs/gfs/a.c:1 [gfs] func:gfs_odd new:word 
   189906944    46364 mm/memory.c:1056 func:folio_prealloc 
"""
HELD = 31138512896 + 117118192 + 45409728 - 4096 + 189906944

OWNER = """Page allocated via order 2, mask 0xcc0(GFP_KERNEL), pid 5, tgid 5 (a b), ts 12 ns, free_ts 0 ns
PFN 79 type Unmovable Block 0 type Unmovable Flags 0x0()
 post_alloc_hook+0x1/0x2
 __alloc_pages+0x160/0x2f0
 widget_rx+0x3/0x4 [widget]
 net_poll+0x1/0x2
Charged to memcg /a

Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 5, tgid 5 (a), ts 12 ns
PFN 0x80 type Movable Block 0 type Movable Flags 0x0()
 post_alloc_hook+0x1/0x2
 gadget_new+0x1/0x2

"""
STACKS = """ post_alloc_hook+0x1/0x2
 widget_rx+0x3/0x4 [widget]
nr_base_pages: 700

 post_alloc_hook+0x1/0x2
 gadget_new+0x1/0x2
nr_base_pages: 300

"""
TRACES = """     12 widget_ns+0x1b1/0x500 [widget] waste=96/8 age=14/2000/30000 pid=1-99 cpus=0,3 nodes=0
        __kmem_cache_alloc_node+0x1b1/0x500
        kmalloc_trace+0x26/0x90
        widget_ns+0x1b1/0x500 [widget]
        widget_scan+0x1b1/0x500 [widget]

   4000 <not-available> age=14 pid=7

"""
CALLS = """    700 gadget_get+0x1/0x20 age=1/2/3 pid=1-2 cpus=0
     30 gadget_put+0x1/0x20 age=9 pid=4
"""
LEAKS = """unreferenced object 0xffff8881088e5a40 (size 128):
  comm "insmod", pid 1, jiffies 4294894651 (age 885.900s)
  hex dump (first 32 bytes):
    6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  f+0x1/0x2kkkkkkk
  backtrace:
    [<00000000a3d0e6d0>] slab_post_alloc_hook+0x71/0x3a0
    [<000000001c4b1e1c>] widget_init+0x25/0x1000 [widget]
"""
SLABINFO = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
kmalloc-64          4012   4032     64   64    1 : tunables    0    0    0 : slabdata     63     63      0
gadget               730    735    192   21    1 : tunables    0    0    0 : slabdata     35     35      0
"""
FILES = {
    "proc/allocinfo": SITES,
    "sys/kernel/debug/page_owner": OWNER,
    "sys/kernel/debug/page_owner_stacks/show_stacks": STACKS,
    "sys/kernel/debug/slab/kmalloc-64/alloc_traces": TRACES,
    "sys/kernel/debug/kmemleak": LEAKS,
}


def machine(folder, **more):
    return plant(folder, {**trees.MODERN, **more})


def users(source, *args):
    return must_be_valid("users", succeed("-s", source, "users", "-o", "json", *args))


def by_name(rows):
    return {row["name"]: row for row in rows}


def in_a_text(text, *args, **options):
    with Folder() as folder:
        file = folder / "mail.txt"
        file.write_text(text, **options)
        return users(file, *args)


@test
def the_largest_call_site_of_built_in_code_is_the_first_row():
    with Folder() as folder:
        (folder / "file").write_text(SITES)
        report = users(folder / "file")
        text = succeed("-s", folder / "file", "users").text
    first = report["sites"][0]
    assert first["name"] == "widget_prps" and first["bytes"] == 31138512896, first
    assert first["place"] == "drivers/nvme/host/widget.c:652" and first["module"] is None, first
    assert first["count"] == 7602176 and first["source"] == "allocinfo"
    rows = [line for line in text.splitlines() if re.match(r"\w+ +\d", line)]
    assert rows[0].startswith("widget_prps  "), text


@test
def pages_of_pools_are_in_no_sum():
    with Folder() as folder:
        report = users(machine(folder, **{"proc/allocinfo": SITES}))
    assert report["sites_total"]["bytes"] == HELD
    assert sum(row["bytes"] for row in report["sites"]) == HELD
    assert abs(sum(row["share"] or 0 for row in report["sites"]) - 1) < 1e-5
    assert {row["place"]: row["bytes"] for row in report["pools"]} == {
        "mm/slub.c:2305": 507617280, "mm/slub.c:2307": 162783232, "mm/percpu-vm.c:95": 134742016}


@test
def what_is_free_in_slab_pages_is_told_by_slabinfo():
    with Folder() as folder:
        (folder / "text").write_text(SITES + SLABINFO)
        pools = users(folder / "text")["pools"]
    assert pools[0]["free_bytes"] == 507617280 + 162783232 - 4012 * 64 - 730 * 192, pools
    assert pools[1]["free_bytes"] is None and pools[2]["free_bytes"] is None
    assert all(row["free_bytes"] is None for row in in_a_text(SITES)["pools"])


@test
def a_call_site_says_what_the_kernel_says_of_its_numbers():
    rows = by_name(in_a_text(SITES)["sites"])
    assert rows["__d_alloc"]["quality"] == "lower_bound"
    assert rows["widget_prps"]["quality"] == "exact"
    assert rows["gfs_odd [gfs]"]["bytes"] == -4096
    rounded = by_name(in_a_text("         39M     4887 mm/widget.c:2259 func:widget_new\n"
                                "        1.2G    31168 mm/widget.c:270 func:widget_old\n")["sites"])
    assert rounded["widget_new"]["quality"] == "estimate"
    assert rounded["widget_new"]["bytes"] == 39 << 20
    assert list(rounded) == ["widget_old", "widget_new"]


@test
def modules_have_the_sums_of_their_call_sites():
    with Folder() as folder:
        tree = machine(folder, **{"proc/allocinfo": SITES})
        report = succeed("-s", tree, "modules", "-o", "json").json()
    assert by_name(report["modules"])["gfs"]["allocated_bytes"] == 117118192


@test
def each_file_has_its_own_list_and_total():
    with Folder() as folder:
        report = users(machine(folder, **FILES))
    assert report["sites_total"]["bytes"] == HELD
    assert report["pages_total"]["bytes"] == 5 * 4096
    assert report["page_stacks_total"]["bytes"] == 1000 * 4096
    assert report["unreferenced_total"]["bytes"] == 128
    assert report["objects_total"]["count"] == 4012
    assert by_name(report["pages"])["widget_rx [widget]"]["callers"] == "net_poll"


@test
def objects_have_a_size_only_where_slabinfo_has_it():
    titled = "==> /sys/kernel/debug/slab/kmalloc-64/alloc_traces <==\n"
    known = by_name(in_a_text(titled + TRACES + SLABINFO)["objects"])
    assert known["widget_ns [widget]"]["bytes"] == 12 * 64
    assert known["widget_ns [widget]"]["waste_bytes"] == 96
    assert known["widget_ns [widget]"]["age_max_jiffies"] == 30000
    assert known["(not available)"]["bytes"] == 4000 * 64
    unknown = in_a_text(titled + TRACES)["objects"]
    assert [row["bytes"] for row in unknown] == [None, None]
    assert unknown[0]["count"] == 4000 and abs(unknown[0]["share"] - 4000 / 4012) < 1e-5
    unnamed = in_a_text(TRACES + SLABINFO)["objects"]
    assert all(row["cache"] is None and row["bytes"] is None for row in unnamed)


@test
def titles_name_the_caches_of_one_text():
    text = f"""$ cat /sys/kernel/debug/slab/kmalloc-64/alloc_traces
{TRACES}
==> /sys/kernel/slab/gadget/alloc_calls <==
{CALLS}
{SLABINFO}"""
    report = in_a_text(text)
    assert {(row["cache"], row["count"]) for row in report["objects"]} == {
        ("kmalloc-64", 12), ("kmalloc-64", 4000), ("gadget", 700), ("gadget", 30)}
    assert report["objects_total"]["bytes"] == 4012 * 64 + 730 * 192
    here = text.replace("/sys/kernel/debug/slab/", "").replace("/sys/kernel/slab/", "./")
    assert here != text and in_a_text(here)["objects"] == report["objects"]
    one = in_a_text(text, "gadget")
    assert [row["name"] for row in one["objects"]] == ["gadget_get", "gadget_put"]


@test
def the_files_are_found_in_mails():
    for text, key, count in ((SITES, "sites", 6), (OWNER, "pages", 2), (STACKS, "page_stacks", 2),
                             (LEAKS, "unreferenced", 1), (TRACES, "objects", 2)):
        for disguise in (lambda line: line, lambda line: "> " + line, lambda line: ">> " + line,
                         lambda line: "    " + line, lambda line: line + "\r"):
            quoted = "\n".join(map(disguise, text.splitlines()))
            report = in_a_text(f"Hello,\n\nsee below.\n{quoted}\n\nRegards\n", newline="")
            assert len(report[key]) == count, (key, quoted[:60], len(report[key]))


@test
def lines_that_a_mailer_broke_are_joined():
    long = [line for line in SITES.splitlines() if "func:" in line]
    broken = "\n".join(line.replace(" func:", "\nfunc:") for line in long)
    assert in_a_text(broken)["sites_total"]["bytes"] == HELD
    rows = by_name(in_a_text(TRACES.replace(" pid=1-99", "\npid=1-99"))["objects"])
    assert rows["widget_ns [widget]"]["pid_max"] == 99


@test
def the_output_of_page_owner_sort_has_its_own_counts():
    text = """Top of it:

3000 times, 24000 pages:
Page allocated via order 3, mask 0xd20c0(__GFP_IO|__GFP_FS)
PFN 4096 type Unmovable Block 8 type Movable Flags 0x200(slab)
 __alloc_pages+0x160/0x2f0
 widget_rx+0x1/0x20 [widget]

5 times, 5 pages:
 post_alloc_hook+0x1e6/0x210
 gadget_rx+0x1/0x20
"""
    rows = by_name(in_a_text(text)["pages"])
    assert (rows["widget_rx [widget]"]["count"], rows["widget_rx [widget]"]["pages"]) == (3000, 24000)
    assert rows["gadget_rx"]["pages"] == 5
    # nothing in the text has the size of a page
    assert rows["gadget_rx"]["bytes"] is None and abs(rows["gadget_rx"]["share"] - 5 / 24005) < 1e-5


@test
def a_memory_report_has_its_call_sites():
    sites = ("Memory allocations (profiling is currently turned on):\n"
             "    38.4 MiB     5505 mm/slub.c:3075 func:alloc_slab_page\n"
             "    33.0 MiB     8448 drivers/block/widget.c:322 [widget] func:widget_fill\n"
             "       512 B        2 mm/gadget.c:18 func:gadget_fill\n")
    for end in (sites, sites.replace(" (profiling is currently turned on)", "")):
        report = in_a_text(logs.WHOLE + end)
        rows = by_name(report["report_sites"])
        assert rows["widget_fill [widget]"]["bytes"] == 33 << 20
        assert rows["widget_fill [widget]"]["quality"] == "estimate"
        assert rows["gadget_fill"]["quality"] == "exact"
        assert report["report_sites_total"]["bytes"] == (33 << 20) + 512
        assert report["pools"][0]["what"] == "pages of slab caches"


@test
def a_word_selects_users():
    with Folder() as folder:
        tree = machine(folder, **FILES)
        pages = users(tree, "pages")
        assert set(pages) & {"sites", "objects", "unreferenced"} == set() and pages["pages"]
        cache = users(tree, "kmalloc-64")
        assert [row["cache"] for row in cache["objects"]] == ["kmalloc-64"] * 2
        assert "sites" not in cache
        name = users(tree, "widget_rx")
        assert [row["name"] for row in name["page_stacks"]] == ["widget_rx [widget]"]
        assert name["page_stacks_total"]["bytes"] == 700 * 4096
        row = users(tree, "anonymous")
        assert [site["name"] for site in row["sites"]] == ["folio_prealloc"]
        percpu = users(tree, "percpu")
        assert [pool["what"] for pool in percpu["pools"]] == ["pages of per-CPU memory"]
        leaks = users(tree, "leaks")
        assert leaks["unreferenced"][0]["name"] == "widget_init [widget]"
        refuse("-s", tree, "users", "no_such_function", says="no_such_function")


@test
def details_are_stacks_in_full():
    with Folder() as folder:
        tree = machine(folder, **FILES)
        report = users(tree, "kmalloc-64", "--details")
        text = succeed("-s", tree, "users", "kmalloc-64", "--details").text
    frames = [row["frame"] for row in report["stacks"]]
    assert frames == ["widget_ns (kmalloc-64)", "__kmem_cache_alloc_node+0x1b1/0x500",
                      "kmalloc_trace+0x26/0x90", "widget_ns+0x1b1/0x500 [widget]",
                      "widget_scan+0x1b1/0x500 [widget]"], frames
    assert all(frame in text for frame in frames)


@test
def suspects_are_called_suspects():
    with Folder() as folder:
        (folder / "leaks").write_text(LEAKS)
        text = succeed("-s", folder / "leaks", "users").text
    assert "suspects" in text and "widget_init" in text


@test
def without_any_file_one_sentence_says_what_would_give_one():
    with Folder() as folder:
        tree = plant(folder, {path: text for path, text in trees.MODERN.items()
                              if path not in ("proc/vmallocinfo", "proc/allocinfo")})
        refuse("-s", tree, "users", says="CONFIG_MEM_ALLOC_PROFILING")
        refuse("-s", tree, "users", says="slub_debug=U")
        refuse("-s", tree, "users", says="page_owner=on")
        refuse("-s", tree, "users", "pages", says="page_owner=on")


@test
def vmalloc_has_its_callers_here_too():
    with Folder() as folder:
        tree = plant(folder, trees.MODERN)
        here = by_name(users(tree, "vmalloc")["vmalloc"])
        there = by_name(succeed("-s", tree, "vmalloc", "-o", "json").json()["rows"])
    assert here
    for name, row in here.items():
        assert row["bytes"] == there[name]["bytes"], name
        assert row["module"] == there[name]["module"], row
    assert here["leak_one [made_up]"]["module"] == "made_up"


@test
def a_caller_of_vmalloc_in_a_module_is_found_by_its_name():
    with Folder() as folder:
        tree = plant(folder, trees.MODERN)
        rows = users(tree, "leak_one")["vmalloc"]
    assert [(row["name"], row["bytes"]) for row in rows] == [("leak_one [made_up]", 194 * 4096)]


@test
def a_stack_in_a_log_is_no_file_of_stacks():
    with Folder() as folder:
        file = folder / "text"
        file.write_text("MemTotal: 8012340 kB\nMemFree: 1234564 kB\n dump_stack+0x1/0x2\n"
                        " out_of_memory+0x1/0x2\n")
        refuse("-s", file, "users", says="no file")
        assert "page_owner" not in succeed("-s", file).text


@test
def a_long_file_of_page_owner_is_read_to_its_end():
    record = OWNER.split("\n\n")[0] + "\n\n"
    count = (17 << 20) // len(record) + 1
    with Folder() as folder:
        file = folder / "page_owner.txt"
        file.write_text(record * count + OWNER)
        rows = by_name(users(file)["pages"])
    assert rows["widget_rx [widget]"]["count"] == count + 1
    assert rows["gadget_new"]["count"] == 1


@test
def rows_that_are_cut_or_filtered_away_stay_in_the_sums():
    with Folder() as folder:
        tree = machine(folder, **FILES)
        whole = users(tree)
        for options in (("--top", "1"), ("--filter", "*widget*"), ("--filter", "no such name"),
                        ("--sort", "count"), ("--sort", "name"), ("--sort", "bytes")):
            cut = users(tree, *options)
            for key in ("sites", "pages", "page_stacks", "objects", "unreferenced"):
                assert cut[key + "_total"] == whole[key + "_total"], (options, key)
                rows = cut[key] + ([cut[key + "_others"]] if cut[key + "_others"] else [])
                assert sum(row["count"] or 0 for row in rows) == \
                    (whole[key + "_total"]["count"] or 0), (options, key)


@test
def names_of_the_files_write_nothing_to_the_terminal():
    hostile = "5 1 a\x1b[31m.c:1 [m\x07] func:f\x1b]0;x\x07\n"
    with Folder() as folder:
        tree = machine(folder, **{
            "proc/allocinfo": hostile,
            "sys/kernel/debug/page_owner": "Page allocated via order 0, mask 0\n \x1b[1mf+0x1/0x2 [\x07m]\n",
            "sys/kernel/debug/slab/a\x1b[31mb/alloc_traces": "1 \x1b[1mf+0x1/0x2 age=1 pid=1\n",
            "sys/kernel/debug/kmemleak": "unreferenced object 0x1 (size 1):\n  backtrace:\n"
                                         "    \x1b[1mf+0x1/0x2\n"})
        for output in ("text", "csv", "json"):
            out = succeed("-s", tree, "users", "--details", "-o", output).out
            assert b"\x1b" not in out and b"\x07" not in out, out


@test
def a_cache_in_both_forms_counts_once():
    with Folder() as folder:
        tree = machine(folder, **{"sys/kernel/debug/slab/gadget/alloc_traces": CALLS,
                                  "sys/kernel/slab/gadget/alloc_calls": CALLS})
        assert users(tree, "gadget")["objects_total"]["count"] == 730


FREED = {"sys/kernel/debug/slab/kmalloc-64/free_traces": TRACES,
         "sys/kernel/slab/gadget/free_calls": CALLS}
OF_TOPICS = {
    "sites": {"proc/allocinfo"},
    "pages": {"sys/kernel/debug/page_owner", "sys/kernel/debug/page_owner_stacks/show_stacks"},
    "objects": {"sys/kernel/debug/slab/kmalloc-64/alloc_traces"},
    "leaks": {"sys/kernel/debug/kmemleak"},
    "vmalloc": {"proc/vmallocinfo"},
}


@test
def a_topic_reads_its_own_files_only():
    every = set().union(*OF_TOPICS.values(), FREED)
    with Folder() as folder:
        tree = machine(folder, **FILES, **FREED)
        for topic, own in OF_TOPICS.items():
            read = opened("-s", tree, "users", topic)
            assert set(read) & every == own, (topic, set(read) & every)
            assert all(read.count(path) == 1 for path in own), (topic, read)


@test
def where_objects_were_freed_is_read_only_where_it_is_shown():
    with Folder() as folder:
        tree = machine(folder, **FILES, **FREED)
        for args in ((), ("objects",), ("kmalloc-64",)):
            assert not set(opened("-s", tree, "users", *args)) & set(FREED), args
            assert "freed" not in users(tree, *args), args
        for args in (("--details",), ("objects", "--details"), ("widget_ns",)):
            assert set(FREED) <= set(opened("-s", tree, "users", *args)), args
            assert users(tree, *args)["freed"], args
        freed = users(tree, "kmalloc-64", "--details")["freed"]
        assert {row["cache"] for row in freed} == {"kmalloc-64"}, freed
        bundle = folder / "all.tar"
        succeed("-s", tree, "capture", bundle)
        assert users(bundle, "--details")["freed"], "a capture lacks files"


@test
def a_comparison_reads_the_files_of_users_once():
    # other lists are of these two as well
    own = set().union(*OF_TOPICS.values()) - {"proc/vmallocinfo", "proc/allocinfo"}
    with Folder() as folder:
        before, after = (machine(folder / name, **FILES, **FREED) for name in ("before", "after"))
        read = opened("diff", before, after)
        assert {path: read.count(path) for path in own} == {path: 2 for path in own}, read
        assert not set(read) & set(FREED), "what is not compared was read"
        report = must_be_valid("diff", succeed("diff", before, after, "-o", "json"))
        for key in ("sites", "page_owner", "page_stacks", "objects", "unreferenced"):
            assert report[key] and all(row["change"] == 0 for row in report[key]), key
        # what only one side has is not read at all
        lacks = machine(folder / "lacks", **{"proc/allocinfo": SITES})
        assert not set(opened("diff", lacks, after)) & own
