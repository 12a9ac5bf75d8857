# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages and addresses in kernel memory: census --exact, whatis, and types from a file (--btf)."""

import ctypes
import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

import lib
import trees
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_memory import can_be_read
from test_schema import must_be_valid

BTF = Path("/sys/kernel/btf/vmlinux")


def read(command, *args):
    need_root()
    result = lib.ktally(command, "-o", "json", *args)
    can_be_read(result)
    return must_be_valid(command, result)


def classes(report):
    return {row["id"]: row["pages"] for row in report["classes"]}


@test
def pages_by_their_struct_page_are_the_pages_of_the_flags():
    exact, flags = read("census", "--exact", "-a"), succeed("census", "-a", "-o", "json").json()
    by_struct, by_flag = classes(exact), classes(flags)
    assert sum(by_struct.values()) == exact["pages"] == flags["pages"]
    assert by_struct["unread"] == 0, by_struct
    for name in ("hugetlb", "offline", "poison"):
        assert by_struct[name] == by_flag[name], (name, by_struct, by_flag)
    # some kernels do not show all of it in the file, but mark it in the memory map
    assert by_struct["boot"] >= by_flag["boot"], (by_struct, by_flag)
    # the machine works meanwhile, and ktally has the kernel's types in memory
    slack = exact["pages"] // 100 + 16384
    for name in ("slab", "page_tables", "shmem", "page_cache", "free"):
        assert abs(by_struct[name] - by_flag[name]) <= slack, (name, by_struct, by_flag)


@test
def both_columns_of_the_exact_census_add_up():
    rows = {row["id"]: row for row in read("census", "--exact")["rows"]}
    for column in ("counters_bytes", "pages_bytes"):
        parts = sum(row[column] or 0 for row in rows.values() if row["depth"] == 1)
        assert parts == rows["present"][column], (column, parts, rows["present"])


@test
def pages_of_another_machine_are_not_read():
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        refuse("census", "--exact", "-s", source, says="on the running machine or in a dump")
        refuse("whatis", "12", "-s", source, says="on the running machine or in a dump")


def page_of_ours():
    """A page of memory of this process, and its number."""
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page[0] = 1
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    with open("/proc/self/pagemap", "rb") as pagemap:
        pagemap.seek(address // mmap.PAGESIZE * 8)
        entry, = struct.unpack("=Q", pagemap.read(8))
    if not entry >> 63 or not entry & (1 << 55) - 1:
        raise Skip("the numbers of pages are not shown here")
    return page, entry & (1 << 55) - 1


@test
def the_use_of_a_page_is_found_by_its_number():
    need_root()
    page, pfn = page_of_ours()
    row, = read("whatis", pfn)["addresses"]
    assert (row["kind"], row["pfn"], row["class"]) == ("page", pfn, "anonymous"), row
    del page


def function():
    for line in Path("/proc/kallsyms").read_text().splitlines():
        address, letter, name = line.split()[:3]
        if name == "schedule" and letter in "Tt" and int(address, 16):
            return int(address, 16)
    raise Skip("the addresses of symbols are not shown here")


@test
def an_address_in_code_is_a_symbol_with_an_offset():
    need_root()
    address = function()
    rows = read("whatis", hex(address), f"{address + 5:x}", "0xffffffffffffff00")["addresses"]
    assert [(row["kind"], row["in"], row["offset_bytes"]) for row in rows[:2]] == [
        ("symbol", "schedule", 0), ("symbol", "schedule", 5)], rows
    assert rows[2]["kind"] == "unknown" and rows[2]["pfn"] is None, rows[2]


@test
def what_is_no_address_is_refused():
    for text in ("xyz", "0x", "12345678901234567890123", "-5"):
        refuse("whatis", "--", text, status=2, says="is no address")


# ---- types from a file ----

def without_types(*args):
    """Runs ktally where the kernel shows no types."""
    need_root()
    if not BTF.exists() or not shutil.which("unshare"):
        raise Skip("there are no types to hide")
    with Folder() as folder:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /sys/kernel/btf && exec "$@"',
             folder, lib.program, *args], capture_output=True, text=True, check=False, timeout=60)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        raise Skip(f"nothing can be hidden here: {done.stderr.strip()}")
    return done


@test
def types_come_from_a_file_where_the_kernel_has_none():
    read("slab", "--exact")
    done = without_types("slab", "--exact")
    assert done.returncode == 1 and "--btf kernel.btf" in done.stderr, done
    with Folder() as folder:
        copy = Path(folder) / "kernel.btf"
        copy.write_bytes(BTF.read_bytes())
        os.chmod(copy, 0o644)
        done = without_types("slab", "--exact", "--btf", str(copy))
        assert done.returncode == 0 and "dentry" in done.stdout, done


@test
def a_file_that_is_no_type_data_is_named():
    read("slab", "--exact")
    with Folder() as folder:
        for name, data in (("empty", b""), ("text", b"hello\n" * 1000),
                           ("cut", BTF.read_bytes()[:100000])):
            path = Path(folder) / name
            path.write_bytes(data)
            refuse("slab", "--exact", "--btf", path, says=str(path))
        refuse("slab", "--exact", "--btf", Path(folder) / "none", says="none")


@test
def a_file_that_is_no_vmlinux_of_this_kernel_is_named():
    read("slab", "--exact")
    with Folder() as folder:
        for name, data, why in (("empty", b"", "no vmlinux"), ("text", b"hello\n" * 1000, "no vmlinux"),
                                ("packed", b"\x1f\x8b\x08" + bytes(1000), "boot image"),
                                ("program", Path("/bin/true").read_bytes(), "has neither types")):
            path = Path(folder) / name
            path.write_bytes(data)
            refuse("slab", "--exact", "--vmlinux", path, says=f"{path}: ")
            refuse("slab", "--exact", "--vmlinux", path, says=why)
        refuse("slab", "--exact", "--vmlinux", Path(folder) / "none", says="none")
