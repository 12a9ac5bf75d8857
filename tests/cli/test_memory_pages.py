# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages that no counter names, by who has them, in kernel memory: pages."""

import fcntl
import mmap
import os

import lib
import trees
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_memory import ATTEMPTS, can_be_read
from test_schema import must_be_valid

F_SETPIPE_SZ = 1031
PIPE_PAGES = 64
SLACK_PAGES = 8  # other programs have pipes
WALK_S = 120  # a walk over all memory, also where the program has sanitizers
TEXT = "# kind pages blocks [name]\ndata 12 3 page_variable\n" \
       "object 64 64 kmalloc-1k: anon_pipe_buf_ops\nobject 7 7 kmalloc-96: two words\n" \
       "hash 128 1 Mount-cache\ntable 5 5\nnameless 3 3\nnobody 9 4\nvmalloc 20 20 load_module\n" \
       "stack 8 8\npercpu 2 2\nkmalloc 16 2\ncpu_free 30 30\nchanged 4 4\n"


def pages(*args, **how):
    result = lib.ktally("pages", "-a", "-o", "json", *args, **{"timeout": WALK_S, **how})
    if not args:
        can_be_read(result)
    assert result.status == 0, result.err
    return must_be_valid("pages", result)


def must_add_up(report):
    """The rows are all pages, each row has its blocks, and the parts are the whole."""
    rows, total = report["owners"], report["owners_total"]
    for key in ("pages", "bytes", "blocks"):
        assert sum(row[key] for row in rows) == total[key], (key, total)
    for row in rows:
        assert 0 <= row["blocks"] <= row["pages"], row
        assert row["bytes"] == row["pages"] * report["host"]["page_bytes"], row
    unnamed = sum(row["bytes"] for row in rows
                  if row["holder"] in ("(no owner is known)", "(objects without a name)"))
    assert report["others"]["named_bytes"] == total["bytes"] - unnamed, report["others"]
    assert len({(row["holder"], row["found"]) for row in rows}) == len(rows), rows


@test
def all_direct_pages_of_this_machine_have_a_row():
    need_root()
    report = pages()
    must_add_up(report)
    assert report["owners_others"] is None, report["owners_others"]
    assert report["owners_total"]["pages"] > 100, report["owners_total"]
    # the stacks of the kernel's own threads, at least
    assert report["others"]["stacks_bytes"] > 100 * 4096, report["others"]


@test
def stacks_by_their_mappings_are_the_stacks_of_the_counter():
    need_root()
    seen = []
    for _ in range(ATTEMPTS):
        counter = stacks_counter()
        stacks = pages()["others"]["stacks_bytes"]
        seen.append((stacks, counter, stacks_counter()))
        # threads come and go; each CPU keeps two stacks of threads that ended
        slack = 64 * 16384 + 2 * 16384 * (os.cpu_count() or 1)
        if min(seen[-1][1:]) - slack <= stacks <= max(seen[-1][1:]) + slack:
            return
    raise AssertionError(f"{seen}")


def stacks_counter():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("KernelStack:"):
                return int(line.split()[1]) * 1024
    raise Skip("the kernel has no counter of stacks")


def is_of_pipes(row):
    return row["what"] == "data in pipes" or "pipe" in row["holder"]


def pages_of_pipes():
    report = pages()
    must_add_up(report)
    return sum(row["pages"] for row in report["owners"] if is_of_pipes(row))


@test
def data_in_a_pipe_is_found_with_its_pages():
    need_root()
    seen = []
    for _ in range(ATTEMPTS):
        reader, writer = os.pipe()
        try:
            fcntl.fcntl(writer, F_SETPIPE_SZ, PIPE_PAGES * mmap.PAGESIZE)
            before = pages_of_pipes()
            assert os.write(writer, bytes(PIPE_PAGES * mmap.PAGESIZE)) == \
                PIPE_PAGES * mmap.PAGESIZE
            seen.append(pages_of_pipes() - before)
        finally:
            os.close(reader)
            os.close(writer)
        if abs(seen[-1] - PIPE_PAGES) <= SLACK_PAGES:
            return
    raise AssertionError(f"{PIPE_PAGES} pages in a pipe are {seen}")


@test
def pages_of_a_captured_machine_are_read():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/direct_pages": TEXT})
        report = pages("-s", source)
        must_add_up(report)
        rows = {row["holder"]: row for row in report["owners"]}
        assert rows["page_variable"]["blocks"] == 3, rows
        row = rows["kmalloc-1k: anon_pipe_buf_ops"]
        assert (row["pages"], row["what"]) == (64, "data in pipes"), row
        assert rows["kmalloc-96: two words"]["pages"] == 7, rows
        assert rows["Mount-cache"]["what"] == "hash table of the boot", rows
        assert report["owners_total"]["pages"] == 12 + 64 + 7 + 128 + 5 + 3 + 9, report
        others = {key: number and number // 4096 for key, number in report["others"].items()}
        assert others == {"direct_bytes": 228, "named_bytes": 216, "vmalloc_bytes": 20,
                          "stacks_bytes": 8, "percpu_bytes": 2, "kmalloc_large_bytes": 16,
                          "cpu_free_bytes": 30, "changed_bytes": 4}, others
        assert "load_module" not in rows and len(rows) == 7, rows
        text = succeed("-s", source, "pages").text
        assert "anon_pipe_buf_ops" in text and "216" not in text.split("HELD BY")[0], text


@test
def what_a_captured_name_has_is_safe_to_print():
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/direct_pages":
                                "data 1 1 \x1b[31mred\x07\nobject 1 1 " + "n" * 5000 + "\n"})
        names = [row["holder"] for row in pages("-s", source)["owners"]]
        assert "?[31mred?" in names, [name[:20] for name in names]
        assert "\x1b" not in succeed("-s", source, "pages").text


def must_be_no_negative(source):
    text = succeed("-s", source, "pages").text
    assert "-1 B" not in text and "-2 B" not in text, text[-500:]


@test
def pages_of_a_size_that_is_not_known_have_no_bytes():
    with Folder() as folder:
        source = plant(folder, {"proc/meminfo": trees.MODERN["proc/meminfo"],
                                "ktally/direct_pages": TEXT})
        report = pages("-s", source)
        assert report["host"]["page_bytes"] is None, report["host"]
        assert set(report["others"].values()) == {None}, report["others"]
        assert report["owners_total"]["bytes"] is None, report["owners_total"]
        assert report["owners_total"]["pages"] == 228, report["owners_total"]
        must_be_no_negative(source)


@test
def more_pages_than_any_machine_has_are_no_negative_number():
    most = 2 ** 32 - 1
    with Folder() as folder:
        source = plant(folder, {**trees.MODERN, "ktally/direct_pages":
                                f"stack {most} 1\nvmalloc {most} 1 b\nchanged {most} 1\n" +
                                "".join(f"data {most} 1 n{i}\nvmalloc {most} 1 m{i}\n"
                                        for i in range(3000))})
        report = pages("-s", source)
        assert report["owners_total"]["pages"] == 3000 * most, report["owners_total"]
        assert report["others"]["named_bytes"] is None, report["others"]
        assert report["others"]["vmalloc_bytes"] is None, report["others"]
        assert report["others"]["stacks_bytes"] == most * 4096, report["others"]
        must_be_no_negative(source)


@test
def lines_that_contradict_themselves_are_refused():
    head = "# kind pages blocks [name]\nnobody 1 1\n"
    for line in ("data 12 13 x", "other 1 1 x", "data -1 0 x", "data 1 -1 x", "data 1",
                 "data", "data x 1", "data 1 x", "data 4294967296 1 x", "KT_OWNER_DATA 1 1",
                 "data 99999999999999999999 1 x", "data 9223372036854775807 1 x", "data 1.5 1"):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, "ktally/direct_pages": head + line + "\n"})
            refuse("pages", "-s", source, says="ktally/direct_pages:3: ")
    for text in ("", "\n", "# kind pages blocks [name]\n"):
        with Folder() as folder:
            source = plant(folder, {**trees.MODERN, "ktally/direct_pages": text})
            refuse("pages", "-s", source, says="ktally/direct_pages: has no owner of pages")


@test
def pages_that_cannot_be_read_are_one_sentence():
    with Folder() as folder:
        refuse("pages", "-s", plant(folder, trees.MODERN), says="a recording with --exact has them, and a dump")
    need_root()
    refuse("pages", user=lib.NOBODY, says="cannot read kernel memory")
