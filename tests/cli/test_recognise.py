# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of any kind as input: files of the kernel are found in them, and it is said where."""

import os
import tempfile
from pathlib import Path

import lib
from lib import Skip, test

FIELD = Path(os.environ.get("KTALLY_FIELD") or lib.CORPUS.parent / "field")

MEMINFO = """\
MemTotal:        8012340 kB
MemFree:         1234564 kB
MemAvailable:    3000000 kB
Buffers:           20480 kB
Cached:          2000000 kB
Active:          1500000 kB
Inactive:        1000000 kB
AnonPages:        900000 kB
Mapped:           200000 kB
Shmem:             50000 kB
Slab:             300000 kB
SReclaimable:     200000 kB
SUnreclaim:       100000 kB
KernelStack:        9000 kB
PageTables:        12000 kB
Percpu:             4000 kB
"""
SLABINFO = """\
widget_cache        4321   4410    192   21    1 : tunables    0    0    0 : slabdata    210    210      0
gadget_cache          40     44   8192    4    8 : tunables    0    0    0 : slabdata     11     11      0
"""
BUDDY = """\
Node 0, zone      DMA      1      0      0      1      2      1      1      0      1      1      3
Node 0, zone   Normal    216     55    189    101     84     38     37     27      5      3    587
"""


def field(path):
    found = FIELD / path
    if not found.exists():
        raise Skip("the field inputs are not there (KTALLY_FIELD)")
    return str(found)


def bytes_of(source):
    return lib.row_bytes(lib.report_of(source))


def in_text(text, *args, encoding="utf-8", command=()):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(text.encode(encoding))
        return lib.succeed(*command, "-s", path, *args)


def quoted(text, mark="> "):
    return "".join(mark + line + "\n" for line in text.splitlines())


@test
def files_are_found_in_a_mail_and_it_is_said_where():
    mail = ("Hello,\n\nthe machine is slow, see below.\n\n" + quoted(MEMINFO) + "\nand\n"
            + quoted(SLABINFO) + "\nRegards\n")
    result = in_text(mail)
    assert "read: meminfo (lines 5-20), slabinfo (23-24); undone: quotes" in result.text, result.text
    assert "7.6 GiB" in result.text, result.text
    result = in_text(mail, "-o", "json", command=("doctor",))
    assert result.json()["host"]["read"].startswith("meminfo (lines 5-20)"), result.text
    assert "widget_cache" in in_text(mail, command=("slab",)).text


@test
def a_file_alone_is_read_as_before():
    assert "read:" not in in_text(MEMINFO).text
    assert "largest allocation" in in_text(BUDDY, command=("buddy",)).text.replace("\n", " ")


@test
def utf16_text_is_read():
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert "7.6 GiB" in in_text(MEMINFO.replace("\n", "\r\n"), encoding=encoding).text


@test
def of_two_files_of_a_kind_the_first_whole_one_is_used():
    text = "MemTotal: 5 kB\nBuffers: 4 kB\n\n" + MEMINFO + "\nlater\n" + MEMINFO.replace("8012340", "77")
    result = in_text(text)
    assert ("read: meminfo (lines 1-2, not used), meminfo (4-19), meminfo (22-37, not used)"
            in " ".join(result.text.split())), result.text


@test
def counters_of_a_numa_node_are_no_vmstat():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_text("numa_hit 5\nnuma_miss 6\nnuma_foreign 7\nlocal_node 8\n")
        lib.refuse("-s", path, says="neither a bundle")


@test
def what_no_file_counts_is_not_known_instead_of_unattributed():
    titles = {row["id"]: row["title"] for row in in_text(
        "MemTotal: 8012340 kB\nMemAvailable: 3000000 kB\n", "-o", "json").json()["rows"]}
    assert titles["unattributed"].startswith("not known"), titles
    assert titles["kernel"] == "kernel, or not known" and titles["ram"] == "installed memory"
    titles = {row["id"]: row["title"] for row in in_text(MEMINFO, "-o", "json").json()["rows"]}
    assert (titles["unattributed"], titles["kernel"]) == ("unattributed", "kernel"), titles


@test
def files_joined_in_one_text_give_what_their_tree_gives():
    tree = lib.REPOSITORY / "tests" / "fixtures" / "6.12"
    text, parts = "", {}
    for name in ("meminfo", "vmstat", "zoneinfo", "buddyinfo", "slabinfo", "vmallocinfo", "modules"):
        path = tree / "proc" / name
        if path.is_file():
            parts[f"proc/{name}"] = path.read_text()
            text += f"$ cat /proc/{name}\n" + parts[f"proc/{name}"]
    assert len(parts) >= 3, parts.keys()
    parts["proc/buddyinfo"] = BUDDY
    text += BUDDY
    with tempfile.TemporaryDirectory() as folder:
        lib.plant(Path(folder), parts)
        for command, key in (((), "rows"), (("slab",), "caches"), (("buddy",), "orders")):
            expected = lib.succeed(*command, "-s", folder, "-o", "json").json()[key]
            for written in (text, quoted(text), text.replace("\n", "\r\n")):
                assert in_text(written, "-o", "json", command=command).json()[key] == expected, command


@test
def field_inputs_give_the_right_values():
    late = bytes_of(field("meminfo-late/report.txt"))
    assert late["ram"] == 263856296 * 1024 and late["unattributed"] <= 1.8 * 2**30, late
    for name in ("quoted", "indented"):
        rows = bytes_of(field(f"meminfo-quoted/{name}.txt"))
        assert rows["ram"] == 32759756 * 1024, rows
        assert abs(rows["unattributed"] / 2**20 - 1009.8) < 0.1, rows
    orders = lib.succeed("buddy", "-s", field("buddyinfo-alone/buddyinfo"), "-o", "json").json()
    blocks = {row["order"]: row["blocks"] for row in orders["orders"]}
    assert blocks[0] == 116029 and blocks[10] == 3, blocks
    for path in ("slabinfo-lines/alone/slabinfo.txt", "slabinfo-lines/with-header"):
        caches = lib.succeed("slab", "-s", field(path), "-o", "json").json()["caches"]
        assert caches[0]["name"] == "jool_joold_nodes", caches
        assert caches[0]["bytes"] == 111896 * 4096
    rows = bytes_of(field("vmstat-page-size"))
    assert rows["zsmalloc"] == 17588 * 4096 and rows["page_tables"] == 3222 * 4096, rows
    rows = lib.report_of(field("meminfo-four-lines/meminfo"))["rows"]
    assert any(row["title"].startswith("not known") for row in rows), rows
    report = lib.succeed("buddy", "-s", field("many-files-in-one/bugreport.txt"), "-a", "-o", "json").json()
    blocks = {row["order"]: row["blocks"] for row in report["orders"]}
    assert sum(count << order for order, count in blocks.items()) == 48645, blocks
    assert not any(count for order, count in blocks.items() if order > 2), blocks
    pages = {row["mobility"]: row["pages"] for row in report["mobilities"]}
    assert (pages["Unmovable"], pages["Reclaimable"]) == (45254, 3357), pages
    text = lib.succeed("buddy", "-s", field("many-files-in-one/bugreport.txt"), "--expensive").text
    assert "45,254" in text and "expected fields" not in text, text
