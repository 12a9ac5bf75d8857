# SPDX-License-Identifier: GPL-2.0-or-later
"""Slabs that are drawn slot by slot, of kernel memory."""

import os
import select
from pathlib import Path
from xml.etree import ElementTree

import lib
import trees
from epoll import epoll_sets
from lib import Folder, need_root, plant, refuse, succeed, test
from test_memory import can_be_read
from test_schema import must_be_valid

CACHE = "eventpoll_epi"
ATTEMPTS = 3
PAGE = os.sysconf("SC_PAGE_SIZE")
ROLES = ("fullest", "fuller", "median", "emptier", "emptiest")


def drawn(cache):
    result = lib.ktally("slab", cache, "--draw", "-o", "json")
    can_be_read(result)
    return must_be_valid("slab-cache", result)


def must_add_up(report):
    for slab in report["drawn"]:
        letters = {letter: slab["map"].count(letter) for letter in "UFCSNR"}
        assert len(slab["map"]) == slab["slots"] == sum(letters.values()), slab
        assert letters["U"] == slab["used"] and letters["F"] == slab["free"], slab
        assert (letters["C"], letters["S"], letters["N"], letters["R"]) == (
            slab["cpu_list"], slab["sheaves"], slab["node_sheaves"], slab["rcu"]), slab
        assert slab["slots"] * report["slot_bytes"] + slab["left_over_bytes"] <= \
            report["slab_bytes"], slab
        free = [int(one) for one in (slab["list"] or "").split()]
        assert sorted(free) == [at for at, letter in enumerate(slab["map"]) if letter == "F"], slab
        assert (slab["state"] in ("cpu", "waiting")) == (slab["cpu"] is not None), slab


@test
def slabs_are_drawn_with_every_slot_in_one_place():
    need_root()
    report = drawn("dentry")
    must_add_up(report)
    slabs = report["drawn"]
    assert 1 <= len(slabs) <= 6, slabs
    assert slabs == sorted(slabs, key=lambda slab: -slab["used"]), slabs
    assert len({slab["address"] for slab in slabs}) == len(slabs), slabs
    assert any(slab["role"] == "fullest" for slab in slabs) or slabs[0]["role"] == "all", slabs
    assert sum(slab["role"] in ROLES for slab in slabs) <= 5, slabs


@test
def holes_are_drawn_where_objects_were_freed():
    """Sets of watched files, of which every second is taken out again."""
    need_root()
    drawn(CACHE)
    per_slab = int(Path(f"/sys/kernel/slab/{CACHE}/objs_per_slab").read_text().split()[0])
    with epoll_sets(200, 20 * per_slab // 100) as (files, sets):
        for one in sets:
            for file in files:
                one.register(file, select.EPOLLIN)
        for one in sets:
            for file in files[::2]:
                one.unregister(file)
        for _ in range(ATTEMPTS):
            report = drawn(CACHE)
            must_add_up(report)
            half = [slab for slab in report["drawn"] if 1 < slab["used"] < slab["slots"] - 1]
            if half:
                break
        assert half, report["drawn"]
        assert any(set(slab["map"]) & set("FCSNR") for slab in half), half


@test
def a_drawing_fits_80_columns_and_is_a_picture_too():
    need_root()
    result = lib.ktally("slab", "dentry", "--draw")
    can_be_read(result)
    assert max(len(line) for line in result.text.splitlines()) <= 80, result.text
    assert "in use" in result.text and "█" in result.text, result.text
    plain = succeed("slab", "dentry", "--draw", env=lib.environment(LC_ALL="C"))
    assert plain.out.isascii() and "##" in plain.text, plain.text
    picture = ElementTree.fromstring(succeed("slab", "dentry", "--draw", "-o", "svg").text)
    titles = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert any(": in use" in title for title in titles), titles[:20]


@test
def what_cannot_be_drawn_is_refused_with_the_way_out():
    refuse("slab", "--draw", status=2, says="--draw takes one cache: 'ktally slab CACHE --draw'")
    refuse("slab", "dentry", "--draw", "--objects", status=2, says="leave out --objects")
    refuse("slab", "dentry", "--draw", "--by", "cgroup", status=2, says="leave out --by cgroup")
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        refuse("slab", "dentry", "--draw", "-s", source,
               says="'ktally slab CACHE' draws the layout of a slab without its objects")
        refuse("slab", "dentry", "-s", source, "-o", "svg", status=2,
               says="'ktally slab CACHE --draw' make one")
