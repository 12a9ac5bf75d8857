# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot of a machine as a tree of text files: what ktally's sources read there."""

import json
import re
import shutil

FILE_MAX = 4 << 20
# binary, made here, or read for what reading it does
SKIPPED = ("ktally/", "dev/", "sys/kernel/btf", "proc/sys/vm/stat_refresh", "proc/kpage")


def patterns(vm):
    report = json.loads(vm.read("ktally doctor -o json"))
    for source in report["sources"]:
        yield from source["paths"].split()


def files(vm, wanted):
    """(path, content): thousands of files in a few commands. Each begins with the header of
    /dev/null, so that nothing of what came before is taken for its empty line."""
    data = vm.read(f"for f in {wanted}; do [ -f $f ] && echo $f; done | "
                   f"xargs head -v -c {FILE_MAX} /dev/null")
    for batch in re.split(rb"^==> /dev/null <==\n", data, flags=re.MULTILINE):
        parts = re.split(rb"\n==> (/\S+) <==\n", b"\n" + batch.removeprefix(b"\n"))[1:]
        yield from zip(parts[::2], parts[1::2])


def take(vm, folder):
    """Writes the tree to FOLDER, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    wanted = " ".join(f"/{path}" for path in patterns(vm)
                      if not path.startswith(SKIPPED))
    for path, content in files(vm, wanted):
        write(folder, path.decode().lstrip("/"), content)
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
