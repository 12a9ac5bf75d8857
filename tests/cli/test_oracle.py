# SPDX-License-Identifier: GPL-2.0-or-later
"""Against the values that PCP's own test suite expects for the same captured machines."""

import functools
import re

import lib
from lib import report_of, succeed, test

ORACLE = "oracle/performancecopilot__pcp__821.out"
MACHINES = [f"meminfo-root-00{number}" for number in range(1, 6)]
K, PAGE = 1024, 4096

# fields of /proc/meminfo as PCP calls them, below mem.util and mem.numa.util
UTIL = {
    "MemFree": "free", "Buffers": "bufmem", "Cached": "cached", "SwapCached": "swapCached",
    "Active(anon)": "active_anon", "Inactive(anon)": "inactive_anon",
    "Active(file)": "active_file", "Inactive(file)": "inactive_file",
    "Unevictable": "unevictable", "Mlocked": "mlocked", "Dirty": "dirty",
    "Writeback": "writeback", "AnonPages": "anonpages", "Mapped": "mapped", "Shmem": "shmem",
    "KReclaimable": "kreclaimable", "Slab": "slab", "SReclaimable": "slabReclaimable",
    "SUnreclaim": "slabUnreclaimable", "KernelStack": "kernelStack", "PageTables": "pageTables",
    "Bounce": "bounce", "VmallocUsed": "vmallocUsed", "VmallocChunk": "vmallocChunk",
    "Percpu": "percpu", "HardwareCorrupted": "corrupthardware", "AnonHugePages": "anonhugepages",
    "ShmemHugePages": "shmemhugepages", "FileHugePages": "filehugepages",
    "CmaTotal": "cmatotal", "CmaFree": "cmafree", "Hugetlb": "hugetlb",
}
# what /proc/zoneinfo has by zone, in kB
ZONES = {"pages free": "free", "present": "present", "managed": "managed"}


@functools.cache
def oracle():
    """{machine: {metric: {instance: value}}}; the instance of a plain value is ''."""
    machines, metrics, values = {}, {}, {}
    lib.note_corpus(lib.corpus(ORACLE))
    for line in lib.corpus(ORACLE).read_text(encoding="utf-8").splitlines():
        if line.startswith("== Checking"):
            metrics = machines.setdefault(line.split()[-1].removesuffix(".tgz"), {})
        elif line.startswith("mem."):
            values = metrics.setdefault(line.strip(), {})
        elif match := re.fullmatch(r'\s+(?:inst \[\w+ or "(.*)"\] )?value (-?\d+)', line):
            values[match.group(1) or ""] = int(match.group(2))
    return machines


def machine(name):
    tree = lib.corpus(f"procfs/performancecopilot__pcp__{name}")
    lib.note_corpus(tree)
    return tree, oracle()[name]


def expected(metrics, file, field):
    """Bytes of a field of a file after PCP, or None where PCP does not have it."""
    if file == "proc/vmstat":
        value = metrics.get(f"mem.vmstat.{field}", {}).get("")
        return value and value * PAGE
    if file == "proc/meminfo":
        name = "mem.physmem" if field == "MemTotal" else f"mem.util.{UTIL.get(field)}"
        value = metrics.get(name, {}).get("")
        return value and value * K
    if file == "proc/zoneinfo" and field in ZONES:
        zones = metrics.get(f"mem.zoneinfo.{ZONES[field]}", {})
        return sum(zones.values()) * K if zones else None
    return None


def traced(tree):
    """Every number that explain says it took from a file: (row, file, field, bytes)."""
    for row in report_of(tree)["rows"]:
        told = succeed("-s", tree, "explain", row["id"], "-o", "json").json()
        for term in told.get("terms", []):
            match = re.fullmatch(r"(proc/\w+): (.+)", term["from"])
            if match and term["value"] is not None:
                yield row["id"], match.group(1), match.group(2), term["value"]


@test
def every_number_that_explain_traces_to_a_file_is_the_one_that_pcp_reads_there():
    for name in MACHINES:
        tree, metrics = machine(name)
        compared = set()
        for row, file, field, value in traced(tree):
            told = expected(metrics, file, field)
            if told is not None:
                assert value == told, \
                    f"{name}: {row}: {file} {field} is {value}, by PCP {told}"
                compared.add((file, field))
        assert len(compared) >= 25, f"{name}: only {len(compared)} numbers were compared"


def either(metrics, util, vmstat):
    """What a counter that two files have may be: it moved between their readings."""
    found = []
    if "" in metrics.get(f"mem.util.{util}", {}):
        found.append(metrics[f"mem.util.{util}"][""] * K)
    if "" in metrics.get(f"mem.vmstat.{vmstat}", {}):
        found.append(metrics[f"mem.vmstat.{vmstat}"][""] * PAGE)
    return found


ROWS = {
    "anonymous": ("anonpages", None),
    "buffers": ("bufmem", None),
    "shmem": ("shmem", "nr_shmem"),
    "slab_reclaimable": ("slabReclaimable", "nr_slab_reclaimable"),
    "slab_unreclaimable": ("slabUnreclaimable", "nr_slab_unreclaimable"),
    "kernel_stacks": ("kernelStack", None),
    "page_tables": ("pageTables", "nr_page_table_pages"),
    "bounce": ("bounce", "nr_bounce"),
    "poison": ("corrupthardware", None),
}
ANNOTATIONS = {
    "unevictable": ("unevictable", "nr_unevictable"),
    "mlocked": ("mlocked", "nr_mlock"),
    "mapped": ("mapped", "nr_mapped"),
    "dirty": ("dirty", "nr_dirty"),
    "writeback": ("writeback", "nr_writeback"),
    "anon_huge": ("anonhugepages", None),
    "shmem_huge": ("shmemhugepages", None),
    "swap_cached": ("swapCached", "nr_swapcached"),
    "cma_total": ("cmatotal", None),
    "kreclaimable": ("kreclaimable", None),
}


@test
def rows_and_annotations_are_what_pcp_expects_of_the_same_machine():
    for name in MACHINES:
        tree, metrics = machine(name)
        report = report_of(tree)
        rows = lib.row_bytes(report)
        beside = {one["id"]: one["bytes"] for one in report["annotations"]}
        compared = 0
        for found, table in ((rows, ROWS), (beside, ANNOTATIONS)):
            for row, (util, vmstat) in table.items():
                if told := either(metrics, util, vmstat):
                    assert found.get(row) in told, \
                        f"{name}: {row} is {found.get(row)}, by PCP {told}"
                    compared += 1
        assert compared >= 13, f"{name}: only {compared} rows were compared"


@test
def what_no_single_counter_holds_is_made_of_those_that_pcp_expects():
    for name in MACHINES:
        tree, metrics = machine(name)
        rows = lib.row_bytes(report_of(tree))
        util = {key: metrics[f"mem.util.{key}"].get("") for key in ("cached", "free", "hugetlb")}
        assert rows["page_cache"] + rows["shmem"] == util["cached"] * K, f"{name}: page cache"
        free = [sum(metrics["mem.zoneinfo.free"].values()) * K, util["free"] * K,
                metrics["mem.vmstat.nr_free_pages"][""] * PAGE]
        assert rows["free_buddy"] + (rows["free_cma"] or 0) in free, f"{name}: free"
        managed = sum(metrics["mem.zoneinfo.managed"].values()) * K
        present = sum(metrics["mem.zoneinfo.present"].values()) * K
        if managed:
            assert rows["ram"] - (rows["firmware"] or 0) == present, f"{name}: present"
            assert rows["boot"] == present - managed - rows["managed_gap"], f"{name}: boot"
        huge = metrics["mem.util.hugepagesTotalBytes"].get("")
        assert rows["hugetlb"] in (huge, util["hugetlb"] and util["hugetlb"] * K), f"{name}: huge"


@test
def large_kmalloc_is_what_slab_has_beyond_the_caches_that_pcp_expects():
    compared = 0
    for name in MACHINES:
        tree, metrics = machine(name)
        rows = lib.row_bytes(report_of(tree))
        slabs = metrics["mem.slabinfo.slabs.total"]
        pages = metrics["mem.slabinfo.slabs.pages_per_slab"]
        large = rows["slab_reclaimable"] + rows["slab_unreclaimable"] - \
            sum(slabs[cache] * pages[cache] for cache in slabs) * PAGE
        found = rows.get("slab_unreclaimable.kmalloc_large")
        if 0 <= large <= rows["slab_unreclaimable"]:
            assert found == large, f"{name}: large kmalloc is {found}, by PCP {large}"
            compared += 1
        else:
            assert found is None, f"{name}: large kmalloc is {found}, by PCP {large}"
    assert compared, "no machine has large kmalloc"


@test
def nodes_are_what_pcp_expects_of_them():
    table = {"anonymous": "anonpages", "kernel_stacks": "kernelStack"}
    for name in MACHINES:
        tree, metrics = machine(name)
        rows = report_of(tree, "-N")["node_rows"]
        nodes = metrics["mem.numa.util.anonpages"]
        assert {row["node"] for row in rows} == {int(node.removeprefix("node")) for node in nodes}
        for node in nodes:
            found = {row["id"]: row["bytes"] for row in rows
                     if row["node"] == int(node.removeprefix("node"))}
            for row, metric in table.items():
                told = metrics[f"mem.numa.util.{metric}"][node] * K
                assert found[row] == told, f"{name}: {node}: {row} is {found[row]}, by PCP {told}"
            zones = sum(value for zone, value in metrics["mem.zoneinfo.free"].items()
                        if zone.endswith(f"::{node}")) * K
            free = found["free_buddy"] + (found["free_cma"] or 0)
            assert free in (zones, metrics["mem.numa.util.free"][node] * K), \
                f"{name}: {node}: {free} are free, by PCP {zones}"
