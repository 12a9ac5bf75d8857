#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What 'ktally users' costs: a page_owner of a million records, an allocinfo of 10,000 call sites.

usage: users.py KTALLY [RECORDS]
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

STACKS = 8000  # different ones, as on a busy machine
PARTS = ("nvme", "xfs", "tcp", "ext4", "blk", "kvm", "usb", "net", "mm", "vfs", "drm", "scsi", "bio")
VERBS = ("alloc", "get", "prep", "queue", "submit", "read", "write", "init", "map", "add", "send",
         "open", "walk", "fill", "start", "poll", "irq", "work", "scan")
HEAD = (" post_alloc_hook+0x1e6/0x210\n get_page_from_freelist+0x125f/0x1380\n"
        " __alloc_pages+0x160/0x2f0\n")


def frame(chance):
    return (f" {chance.choice(PARTS)}_{chance.choice(VERBS)}+0x{chance.randrange(1, 640):x}/0x1000"
            f"{chance.choice(('', '', '', ' [nvme]', ' [xfs]'))}\n")


def write_owner(path, records):
    chance = random.Random(1)
    stacks = [HEAD + "".join(frame(chance) for _ in range(chance.randrange(5, 13)))
              for _ in range(STACKS)]
    with path.open("w") as file:
        for i in range(records):
            stack = stacks[min(int(chance.expovariate(10 / STACKS)), STACKS - 1)]
            file.write(f"Page allocated via order {chance.choice((0, 0, 0, 0, 1, 3))}, mask 0x1112cca("
                       f"GFP_HIGHUSER_MOVABLE), pid {i % 4000}, tgid {i % 4000} (worker), ts {i} ns\n"
                       f"PFN 0x{8 * i:x} type Movable Block 8 type Movable Flags 0x201(locked|node=0)\n"
                       f"{stack}Charged to memcg system.slice\n\n")


def write_sites(path, count):
    chance = random.Random(1)
    with path.open("w") as file:
        file.write("allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n")
        for i in range(count):
            file.write(f"{chance.randrange(10**7):12d} {chance.randrange(10**4):8d} drivers/a/b{i % 300}.c"
                       f":{i} func:{chance.choice(PARTS)}_{chance.choice(VERBS)}_{i} \n")


def cost(program, path):
    process = subprocess.Popen([program, "-s", str(path), "users"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    size = path.stat().st_size / 2**20
    print(f"{path.name}: {size:.0f} MiB, {usage.ru_utime + usage.ru_stime:.2f} s of CPU, "
          f"{usage.ru_maxrss / 1024:.0f} MiB")


def main():
    records = int(sys.argv[2]) if sys.argv[2:] else 1000000
    with tempfile.TemporaryDirectory() as folder:
        owner, sites = Path(folder) / "page_owner", Path(folder) / "allocinfo"
        write_owner(owner, records)
        write_sites(sites, 10000)
        cost(sys.argv[1], owner)
        cost(sys.argv[1], sites)


main()
