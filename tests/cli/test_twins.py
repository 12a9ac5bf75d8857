# SPDX-License-Identifier: GPL-2.0-or-later
"""Slab caches of one name: the same caches and the same growth in every command and output."""

import csv
import io
import json
import os
import shutil
import subprocess
import time

import lib
import openmetrics
import trees
from lib import Folder, Skip, need_root, plant, succeed, test
from test_monitoring import Netdata
from test_record import TAIL, Recorder, counting_tree
from test_serve import Server
from test_slab import HEAD, line

PAGE = 4096


def slabinfo(*twins, name="twin"):
    """Caches of one name, the newest first: (size of an object, slabs), 3 pages a slab or 1."""
    rows = [line(name, 1, slabs, size, 1, 3 if size == 64 else 1, slabs) for size, slabs in twins]
    return HEAD + line("newer", 1, 5, 32, 1, 1, 5) + "".join(rows) + line("dentry", 1, 9, 192, 1, 1, 9)


def record(folder, file, steps):
    """Records these slabinfos, one after the other, each with the id of its boot."""
    tree = folder / "tree"
    plant(tree, {**trees.MODERN, "proc/slabinfo": steps[0][0]})
    counting_tree(tree, 1, boot=steps[0][1])
    recorder = Recorder(file, "-s", tree, "-i", "0.1")
    recorder.wait_for(file.with_name(file.name + TAIL))
    time.sleep(0.5)
    for number, (text, boot) in enumerate(steps[1:], 2):
        beside = tree / "new"
        beside.write_text(text)
        beside.rename(tree / "proc/slabinfo")
        counting_tree(tree, number, boot=boot)
        time.sleep(0.5)
    status, _, err = recorder.end()
    assert status == 0, err


BOOT = "11111111-2222-3333-4444-555555555555"


def recorded(folder, *texts):
    file = folder / "x.rec"
    record(folder, file, [(text, BOOT) for text in texts])
    return file


def no_key_twice(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)


def course(file, name):
    """The values of a series, as each of the outputs of export has them, each once."""
    lines = [json.loads(text, object_pairs_hook=no_key_twice)["bytes"]
             for text in succeed("export", file, "-o", "json").text.splitlines()]
    values = [sample.get(name) for sample in lines]
    rows = csv.DictReader(io.StringIO(succeed("export", file, "-o", "csv").out.decode(), newline=""))
    assert [int(row["bytes"]) for row in rows if row["name"] == name] == \
        [value for value in values if value is not None]
    found = openmetrics.parse(succeed("export", file, "-o", "openmetrics").out, times=True)
    base, _, copy = name.removeprefix("slab:").partition("#")
    points = [value for labels, value, _ in found["ktally_slab_cache_bytes"].samples
              if labels == {"name": base, "copy": copy}]
    assert points == [value for value in values if value is not None], (points, values)
    return [value for i, value in enumerate(values) if not i or value != values[i - 1]]


def series(file):
    rows = succeed("report", file, "--series", "--filter", "slab:twin", "-o", "json").json()["series"]
    return {row["name"]: (row["first"], row["last"], row["min"], row["max"]) for row in rows}


@test
def twins_of_a_recording_have_each_its_own_course():
    with Folder() as folder:
        file = recorded(folder, *2 * [slabinfo((64, 10), (128, 100))], slabinfo((64, 11), (128, 101)))
        assert course(file, "slab:twin") == [10 * 3 * PAGE, 11 * 3 * PAGE]
        assert course(file, "slab:twin#2") == [100 * PAGE, 101 * PAGE]
        assert series(file) == {
            "slab:twin": (122880, 135168, 122880, 135168),
            "slab:twin#2": (409600, 413696, 409600, 413696)}, series(file)
        moved = {row["name"]: row["change"]
                 for row in succeed("diff", f"{file}@-1s", file, "-o", "json").json()["caches"]
                 if row["name"].startswith("twin")}
        assert moved == {"twin": 12288, "twin#2": 4096}, moved
        plotted = succeed("plot", file, "slab:twin", "-o", "json").json()
        assert {band["name"] for band in plotted["charts"][0]["bands"]} == \
            {"slab:twin", "slab:twin#2"}, plotted


@test
def what_is_filled_in_later_has_the_labels_of_what_is_scraped():
    with Folder() as folder:
        file = recorded(folder, slabinfo((64, 10), (128, 100)), slabinfo((64, 11), (128, 101)))
        past = openmetrics.parse(succeed("export", file, "-o", "openmetrics").out, times=True)
        now = openmetrics.parse(succeed("-s", file, "metrics", "--all").out)
        for family, extra in (("ktally_account_bytes", set()),
                              ("ktally_slab_cache_bytes", {"(large kmalloc)", "(difference to Slab)"})):
            last = {}
            for labels, value, _ in past[family].samples:
                last[tuple(sorted(labels.items()))] = value
            scraped = {tuple(sorted(labels.items())): value
                       for labels, value in now[family].samples if labels.get("name") not in extra}
            assert last == scraped, (set(last.items()) ^ set(scraped.items()))
            assert past[family].head == now[family].head, (past[family].head, now[family].head)


@test
def a_twin_that_comes_or_goes_or_moves_in_the_list_changes_no_other():
    with Folder() as folder:
        file = recorded(folder, slabinfo((128, 100)), slabinfo((64, 10), (128, 101)),
                        slabinfo((128, 102), (64, 11)), slabinfo((64, 12)),
                        slabinfo((256, 7), (64, 13)))
        assert course(file, "slab:twin") == [100 * PAGE, 101 * PAGE, 102 * PAGE, None]
        assert course(file, "slab:twin#2") == [None, *[n * 3 * PAGE for n in (10, 11, 12, 13)]]
        assert course(file, "slab:twin#3") == [None, 7 * PAGE]
        assert set(series(file)) == {"slab:twin", "slab:twin#2", "slab:twin#3"}


@test
def three_twins_of_one_size_are_told_apart_by_their_age():
    with Folder() as folder:
        file = recorded(folder, slabinfo((128, 20), (128, 100)),
                        slabinfo((128, 3), (128, 21), (128, 101)))
        assert course(file, "slab:twin") == [100 * PAGE, 101 * PAGE]
        assert course(file, "slab:twin#2") == [20 * PAGE, 21 * PAGE]
        assert course(file, "slab:twin#3") == [None, 3 * PAGE]


@test
def another_boot_goes_on_under_the_same_name_whatever_the_sizes():
    with Folder() as folder:
        file = folder / "x.rec"
        record(folder, file, [(slabinfo((128, 100)), BOOT)])
        record(folder, file, [(slabinfo((160, 90)), BOOT[::-1])] * 2)
        assert course(file, "slab:twin") == [100 * PAGE, 90 * PAGE]
        moved = {row["name"]: row["change"]
                 for row in succeed("diff", f"{file}@-1s", file, "-o", "json").json()["caches"]}
        assert moved["twin"] == -10 * PAGE and "twin#2" not in moved, moved


# ---- the running machine, with another slabinfo in a mount namespace ----

class Machine:
    """This machine with made-up caches, for programs that run meanwhile."""

    def __init__(self, folder):
        need_root()
        if not shutil.which("unshare") or not os.path.exists("/proc/slabinfo"):
            raise Skip("needs unshare and /proc/slabinfo")
        self.file = folder / "slabinfo"
        self.file.write_text(slabinfo((64, 10), (128, 100)))
        self.prefix = ["unshare", "--mount", "sh", "-c",
                       'mount --bind "$0" /proc/slabinfo && exec "$@"', str(self.file)]
        if subprocess.run([*self.prefix, "true"], capture_output=True, check=False).returncode:
            raise Skip("needs mount namespaces")

    def change(self, text):
        with open(self.file, "r+", encoding="ascii") as file:  # the same inode
            file.write(text)
            file.truncate()

    def start(self, *args):
        return subprocess.Popen([*self.prefix, lib.program, *args], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=lib.environment())


def followed(machine, *args):
    """What a command prints that is run while one twin grows by 12,288 and the other by 4,096."""
    machine.change(slabinfo((64, 10), (128, 100)))
    process = machine.start(*args)
    time.sleep(1.0)
    machine.change(slabinfo((64, 11), (128, 101)))
    out, err = process.communicate(timeout=lib.TIMEOUT_S)
    assert process.returncode == 0, err
    return out.decode()


@test
def growth_is_each_twins_own_wherever_it_is_followed():
    with Folder() as folder:
        machine = Machine(folder)
        out = followed(machine, "slab", "-i", "0.5", "-n", "6", "-o", "json", "--filter", "twin")
        last = json.loads(out.strip().split("\n\n")[-1].splitlines()[-1]
                          if out.count("\n{") == 0 else out[out.rindex("\n{"):])
        grown = {(row["slot_bytes"], row["growth"]) for row in last["caches"]}
        assert grown == {(64, 12288), (128, 4096)}, grown
        netdata = Netdata().feed(followed(machine, "netdata", "1", "-n", "3"))
        values = netdata.values["ktally_slab_caches"]
        assert values["twin"] == 11 * 3 * PAGE and values["twin_2"] == 101 * PAGE, values


@test
def the_page_is_told_each_twins_growth_and_past():
    with Folder() as folder:
        machine = Machine(folder)
        program, lib.program = lib.program, str(folder / "ktally")
        try:
            (folder / "ktally").write_text(
                f"#!/bin/sh\nexec unshare --mount sh -c 'mount --bind \"$0\" /proc/slabinfo && "
                f"exec \"$@\"' {machine.file} {program} \"$@\"\n")
            os.chmod(folder / "ktally", 0o755)
            with Server("-i", "0.5") as server:
                server.json("/api/v1/slab")
                time.sleep(1.2)
                machine.change(slabinfo((64, 11), (128, 101)))
                time.sleep(1.2)
                rows = {row["copy"]: row for row in server.json("/api/v1/slab")["caches"]
                        if row["name"] == "twin"}
                assert rows[None]["growth"] == 12288 and rows[2]["growth"] == 4096, rows
                past = server.json("/api/v1/history?of=slab")["rows"]
                assert past["twin"][-1] == 11 * 3 * PAGE, past["twin"]
                assert past["twin#2"][-1] == 101 * PAGE, past["twin#2"]
                # the first goes: the second keeps its number
                machine.change(slabinfo((128, 102)))
                time.sleep(1.2)
                row = next(row for row in server.json("/api/v1/slab")["caches"]
                           if row["name"] == "twin")
                assert (row["copy"], row["growth"]) == (2, 8192), row
        finally:
            lib.program = program
