# SPDX-License-Identifier: GPL-2.0-or-later
"""The account with --exact: slab and unattributed are split by kernel memory."""

import lib
import trees
from lib import Folder, need_root, plant, refuse, succeed, test
from test_memory import HEAD, can_be_read
from test_schema import must_be_valid

MIB = 1 << 20
SLUB = HEAD.replace(" name", " reclaimable name") + \
    "192 184 21 1 1000 21000 15000 4000 1800 200 0 1 dentry\n" \
    "64 64 64 1 100 6400 6000 300 100 0 0 0 two words\n" \
    "4096 4096 8 8 10 80 70 10 0 0 0 0 1 numbers\n"
PAGES = """# kind pages blocks [name]
object 64 64 kmalloc-1k: anon_pipe_buf_ops
object 32 32 kmalloc-cg-1k: anon_pipe_buf_ops
data 12 3 page_variable
object 40 1 kmalloc-1k: rb_wake_up_waiters
hash 128 2 Mount-cache
data 5 5
nameless 3 3
nobody 9 9
stack 8 2
kmalloc 16 2
"""
TREE = {**trees.MODERN, "ktally/slub": SLUB, "ktally/direct_pages": PAGES}


def account(*args):
    result = lib.ktally("account", "--exact", "-o", "json", *args)
    if not args:
        can_be_read(result)
    assert result.status == 0, result.err
    report = must_be_valid("account", result)
    must_close(report["rows"])
    return {row["id"]: row for row in report["rows"]}


def must_close(rows):
    for parent in rows:
        parts = [row["bytes"] for row in rows if row["parent"] == parent["id"]]
        if parts and parent["bytes"] is not None:
            assert sum(part or 0 for part in parts) == parent["bytes"], parent


def parts_of(rows, parent):
    return {key.split(".")[1]: row["bytes"] for key, row in rows.items()
            if row["parent"] == parent and "." in key}


@test
def slab_and_unattributed_of_this_machine_are_split():
    need_root()
    rows = account()
    for parent in ("slab_reclaimable", "slab_unreclaimable"):
        parts = parts_of(rows, parent)
        assert {"used", "cached", "rcu", "free", "rest"} <= set(parts), parts
        assert parts["used"] > MIB, parts
        # what moved between the two readings
        assert abs(parts["rest"]) < rows[parent]["bytes"] / 4 + 16 * MIB, parts
    owners = parts_of(rows, "unattributed")
    assert owners and all(value > 0 for key, value in owners.items() if key != "rest"), owners


@test
def amounts_of_a_captured_machine_are_split_to_the_byte():
    with Folder() as folder:
        rows = account("-s", plant(folder, TREE))
        parts = parts_of(rows, "slab_reclaimable")
        assert {key: value for key, value in parts.items() if key != "rest"} == \
            {"used": 15000 * 192, "cached": 1800 * 192, "rcu": 200 * 192, "free": 4000 * 192}, parts
        parts = parts_of(rows, "slab_unreclaimable")
        assert parts["used"] == 6000 * 64 + 70 * 4096, parts
        assert parts["free"] == 300 * 64 + 10 * 4096, parts
        parts = parts_of(rows, "unattributed")
        # pages without a named owner, and those of other rows, are in the rest
        assert {key: value and value // 4096 for key, value in parts.items() if key != "rest"} == \
            {"data_in_pipes": 96, "trace_buffers": 40, "page_variable": 12}, parts
        assert rows["unattributed.data_in_pipes"]["quality"] == "estimate"
        assert rows["slab_reclaimable.used"]["quality"] == "exact"
        text = succeed("account", "--exact", "-s", plant(folder, TREE)).text
        assert "objects in use" in text and "data in pipes" in text, text


@test
def large_kmalloc_without_a_mark_is_taken_off():
    with Folder() as folder:
        tree = {**TREE, "ktally/direct_pages": PAGES.replace("kmalloc 16 2\n", "")}
        rows = account("-s", plant(folder, tree))
        large = rows["slab_unreclaimable.kmalloc_large"]["bytes"]
        assert large > 0 and rows["unattributed.kmalloc_large"]["bytes"] == -large, large


@test
def pages_that_another_row_has_are_not_counted_again():
    with Folder() as folder:
        # the kernel log names the records of the function tracer
        tree = {**TREE, "ktally/direct_pages": PAGES + "data 11 1 ftrace_pages_start\n"}
        rows = account("-s", plant(folder, tree))
        known = rows["ftrace"]["bytes"] is not None
        assert ("places_of_functions_for_tracing" in parts_of(rows, "unattributed")) != known


@test
def a_list_from_before_the_kinds_of_caches_splits_no_slab():
    with Folder() as folder:
        old = HEAD + "192 184 21 1 1000 21000 15000 4000 1800 200 0 dentry\n"
        rows = account("-s", plant(folder, {**TREE, "ktally/slub": old}))
        assert "used" not in parts_of(rows, "slab_reclaimable"), rows
        names = [row["name"] for row in
                 succeed("slab", "--exact", "-s", plant(folder, {**TREE, "ktally/slub": old}),
                         "-o", "json").json()["caches"]]
        assert "dentry" in names, names


@test
def a_number_before_the_name_is_a_part_of_the_name_where_it_is_no_kind():
    with Folder() as folder:
        text = SLUB + "64 64 64 1 1 64 64 0 0 0 0 7 up\n"
        rows = succeed("slab", "--exact", "-s", plant(folder, {**TREE, "ktally/slub": text}),
                       "-o", "json").json()["caches"]
        names = {row["name"] for row in rows}
        assert {"7 up", "1 numbers", "two words"} <= names, names


@test
def without_kernel_memory_exact_is_refused():
    with Folder() as folder:
        refuse("account", "--exact", "-s", plant(folder, trees.MODERN), says="--exact: ")
        refuse("account", "--exact", "-s", plant(folder, {**trees.MODERN, "ktally/slub": SLUB}),
               says="--exact: ")
