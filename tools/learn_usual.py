#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Learns the usual amounts of src/cases/usual.def from trees of healthy machines.

usage: learn_usual.py TREE... >src/cases/usual.def

A tree has the files of /proc and /sys of one machine, such as an unpacked bundle; "/" is this
machine. For each amount and each dimension (CPU, GiB of memory, process, mount, TCP socket,
cgroup), the most that one machine has for one of the dimension is kept.
"""

import re
import sys
from pathlib import Path

PAGE = 4096
ITEMS = 60  # caches with entries of their own; one entry stands for all others
DIMENSIONS = ("CPU", "GiB of memory", "process", "mount", "TCP socket", "cgroup")
ROWS = {"Percpu": "row:percpu", "PageTables": "row:page_tables",
        "KernelStack": "row:kernel_stacks", "VmallocUsed": "row:vmalloc"}


def text_of(tree, *names):
    for name in names:
        for path in sorted(tree.glob(name)):
            try:
                return path.read_text(errors="replace")
            except OSError:
                continue
    return ""


def cpus_of(tree):
    online = text_of(tree, "sys/devices/system/cpu/online").strip()
    if re.fullmatch(r"[\d,-]+", online):
        ranges = [[int(end) for end in part.split("-")] for part in online.split(",")]
        return sum(part[-1] - part[0] + 1 for part in ranges)
    return len(re.findall(r"^cpu\d+ ", text_of(tree, "proc/stat"), re.M)) or \
        len(re.findall(r"^processor\s*:", text_of(tree, "proc/cpuinfo"), re.M))


def number(pattern, text):
    match = re.search(pattern, text, re.M)
    return int(match.group(1)) if match else 0


def dimensions_of(tree, meminfo):
    stat = text_of(tree, "sys/fs/cgroup/cgroup.stat", "sys/fs/cgroup/unified/cgroup.stat")
    return (cpus_of(tree), meminfo["MemTotal"] / (1 << 20),
            len(list(tree.glob("proc/[0-9]*/status"))),
            text_of(tree, "proc/1/mountinfo", "proc/self/mountinfo").count("\n"),
            number(r"^TCP: inuse (\d+)", text_of(tree, "proc/net/sockstat")),
            number(r"^nr_descendants (\d+)", stat)
            or number(r"^memory\s+\d+\s+(\d+)", text_of(tree, "proc/cgroups")))


def size_of(name):
    """"1024" of kmalloc-1k, kmalloc-cg-1k, dma-kmalloc-1024."""
    match = re.search(r"kmalloc-(?:.*-)?(\d+)(k?)$", name)
    return str(int(match.group(1)) * (1024 if match.group(2) else 1)) if match else None


def amounts_of(tree, meminfo):
    amounts = {row: meminfo[field] * 1024 for field, row in ROWS.items() if field in meminfo}
    for line in text_of(tree, "proc/slabinfo").splitlines():
        match = re.match(r"(\S+) +\d+ +\d+ +\d+ +\d+ +(\d+) .*slabdata +\d+ +(\d+)", line)
        if not match:
            continue
        size = size_of(match.group(1))
        for item in ("slab:" + match.group(1), "kmalloc:" + size if size else None):
            if item:
                amounts[item] = amounts.get(item, 0) + int(match.group(2)) * int(
                    match.group(3)) * PAGE
    return amounts


def machine_of(tree):
    meminfo = {match.group(1): int(match.group(2)) for match in re.finditer(
        r"^(\w+):\s+(\d+)", text_of(tree, "proc/meminfo"), re.M)}
    amounts = amounts_of(tree, meminfo) if meminfo.get("MemTotal") else {}
    slab = sum(size for item, size in amounts.items() if item.startswith("slab:"))
    if not slab or abs(slab - meminfo.get("Slab", 0) * 1024) > slab / 2:
        return None  # the files are not of one machine
    return dimensions_of(tree, meminfo), amounts


def most_of(machines, names):
    """The most for one of each dimension, over the machines and the names."""
    return [max((sum(amounts.get(name, 0) for name in group) / dimensions[at]
                 for dimensions, amounts in machines for group in names if dimensions[at]),
                default=0) for at in range(len(DIMENSIONS))]


def put(name, machines, names):
    have = sum(any(each in amounts for group in names for each in group)
               for _, amounts in machines)
    numbers = ", ".join(f"{value:.0f}" for value in most_of(machines, names))
    print(f'USUAL("{name}", {have}, {numbers})')


def main():
    trees = {tree: machine_of(Path(tree)) for tree in sys.argv[1:]}
    machines = [machine for machine in trees.values() if machine]
    print("// SPDX-License-Identifier: GPL-2.0-or-later\n//\n"
          f"// Made by tools/learn_usual.py of {len(machines)} machines:")
    for tree, machine in trees.items():
        if machine:
            print(f"// {Path(tree).resolve().name or 'a running machine'}: {machine[0][0]} CPUs, "
                  f"{machine[0][1]:.1f} GiB")
        else:
            print(f"{tree}: left out", file=sys.stderr)
    print("//\n// USUAL(name, machines that have it, bytes for each CPU, GiB of memory, process, "
          "mount, TCP\n// socket, cgroup); 0: not learned. The last entry of a kind is for all other names.")
    items = {name for _, amounts in machines for name in amounts}
    kmallocs = sorted((name for name in items if name.startswith("kmalloc:")),
                      key=lambda name: int(name[8:]))
    slabs = sorted((name for name in items if name.startswith("slab:")),
                   key=lambda name: -most_of(machines, [[name]])[1])
    for name in [*sorted(ROWS.values()), *kmallocs, *slabs[:ITEMS]]:
        put(name, machines, [[name]])
    put("slab:*", machines, [[name] for name in slabs[ITEMS:]])
    put("kmalloc:*", machines, [[name] for name in kmallocs])


if __name__ == "__main__":
    main()
