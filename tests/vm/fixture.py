# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot of a machine as a tree of text files: what ktally's sources read there."""

import json
import shutil

FILE_MAX = 4 << 20
# binary, made here, or read for what reading it does
SKIPPED = ("ktally/", "dev/", "sys/kernel/btf", "proc/sys/vm/stat_refresh")


def patterns(vm):
    report = json.loads(vm.read("ktally doctor -o json"))
    for source in report["sources"]:
        yield from source["paths"].split()


def take(vm, folder):
    """Writes the tree to FOLDER, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    wanted = " ".join(f"/{path}" for path in patterns(vm)
                      if not path.startswith(SKIPPED))
    for path in vm.run(f"for f in {wanted}; do [ -f $f ] && echo $f; done; true").split():
        status, text = vm.try_run(f"head -c {FILE_MAX} {path} >/tmp/copy 2>/dev/null")
        if status != 0:
            continue
        write(folder, path.lstrip("/"), vm.read("cat /tmp/copy"))
    vm.run("rm -f /tmp/copy")
    write(folder, "ktally/dmesg", vm.read("timeout 2 cat /dev/kmsg || true"))
    write(folder, "ktally/meta", meta(vm).encode())


def meta(vm):
    host = json.loads(vm.read("ktally -o json"))["host"]
    return (f"page_bytes={host['page_bytes']}\nprivileged=1\nfolded=1\n"
            f"machine={host['machine']}\n")


def write(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
