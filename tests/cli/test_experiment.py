# SPDX-License-Identifier: GPL-2.0-or-later
"""Experiments: nothing without consent, nothing left after them, figures that add up."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import lib
import trees
from experiments import GROUPS, left_over
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_schema import must_be_valid

FILES = 4000
LIMIT = "32"
NAMES = ("drop", "find", "pressure", "build", "paper")


def need_groups():
    need_root()
    if not any(os.access(above, os.W_OK) and
               ((above / "memory.limit_in_bytes").exists() or
                "memory" in ((above / "cgroup.controllers").read_text().split()
                             if (above / "cgroup.controllers").exists() else ()))
               for above in GROUPS):
        raise Skip("no cgroup that limits memory can be made here")


def planted_files(folder):
    for number in range(FILES):
        if number % 100 == 0:
            below = folder / f"d{number // 100}"
            below.mkdir()
        (below / f"f{number}").touch()


def experiment(name, *args):
    return must_be_valid("experiment", succeed(
        "experiment", name, "--limit", LIMIT, "--seconds", "20", *args, "-o", "json"))


def must_add_up(report):
    """The changes of a cache are the differences of its stages."""
    for row in report["changes"]:
        assert row["objects_change"] or row["pages_change"], row
    for stage in report["stages"]:
        assert stage["waste_bytes"] == stage["slab_bytes"] - stage["in_use_bytes"], stage
    for row in report["predictions"]:
        assert row["low_bytes"] <= row["high_bytes"], row
        assert row["within"] == (row["low_bytes"] <= row["freed_bytes"] <= row["high_bytes"]), row


@test
def an_experiment_without_consent_does_nothing():
    with Folder() as folder:
        for name in NAMES:
            report = experiment(name, "--folder", str(folder))
            assert report["run"] is False and "stages" not in report, report
            assert len(report["steps"]) >= 3, report
            text = succeed("experiment", name).text
            assert "nothing was done" in text and "with --yes" in text, text
        assert not left_over(Path(folder)), left_over(Path(folder))


@test
def an_experiment_that_cannot_be_made_is_refused():
    refuse("experiment", status=2)
    refuse("experiment", "nosuch", status=2)
    refuse("experiment", "drop", "--limit", "31", status=2, says="32 to 65536")
    refuse("experiment", "drop", "--seconds", "601", status=2, says="1 to 600")
    with Folder() as folder:
        source = plant(folder, trees.MODERN)
        refuse("experiment", "drop", "-s", source, status=2, says="leave out -s")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    if memory < 2 * 65536:
        refuse("experiment", "find", "--yes", "--limit", "65536",
               says="the machine is short of memory")


@test
def files_that_are_looked_up_are_counted_and_reclaimed():
    need_groups()
    with Folder() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        planted_files(tree)
        report = experiment("find", "--tree", str(tree), "--yes")
        assert report["run"] is True and report["limit_bytes"] == int(LIMIT) << 20, report
        assert [stage["stage"] for stage in report["stages"]] == ["before", "walked", "after"]
        must_add_up(report)
        text = succeed("experiment", "find", "--tree", str(tree), "--limit", LIMIT, "--yes").text
        assert f"the walk: {FILES + FILES // 100} files" in text, text
        assert not left_over(Path(folder)), left_over(Path(folder))


@test
def files_of_a_build_make_dentries_and_are_gone_afterwards():
    need_groups()
    with Folder() as folder:
        report = experiment("build", "--folder", str(folder), "--limit", "256", "--yes")
        must_add_up(report)
        made = [row for row in report["changes"]
                if row["stage"] == "built" and row["cache"] == "dentry"]
        gone = [row for row in report["changes"]
                if row["stage"] == "after" and row["cache"] == "dentry"]
        assert made and made[0]["objects_change"] > 2000, made
        assert gone and gone[0]["objects_change"] < -made[0]["objects_change"] // 2, (made, gone)
        assert not list(Path(folder).iterdir()), list(Path(folder).iterdir())
        assert not left_over(Path(folder)), left_over(Path(folder))


@test
def a_stopped_experiment_is_undone():
    need_groups()
    for number in (signal.SIGINT, signal.SIGTERM):
        with Folder() as folder:
            args = [lib.program, "experiment", "build", "--yes", "--limit", LIMIT,
                    "--seconds", "60", "--folder", str(folder)]
            with subprocess.Popen(args, env=lib.environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as process:
                for _ in range(200):
                    if any(path.name.startswith("ktally-experiment-")
                           for path in Path(folder).iterdir()):
                        break
                    time.sleep(0.05)
                process.send_signal(number)
                said = process.communicate(timeout=60)[1].decode()
            # a build may be done before it is stopped
            assert process.returncode in (0, 1), (process.returncode, said)
            assert process.returncode == 0 or "stopped, and undone" in said, said
            assert not list(Path(folder).iterdir()), list(Path(folder).iterdir())
            assert not left_over(Path(folder)), left_over(Path(folder))


@test
def the_paper_is_next_to_the_machine():
    need_groups()
    with Folder() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        planted_files(tree)
        report = experiment("paper", "--tree", str(tree), "--folder", str(folder), "--yes")
        must_add_up(report)
        figures = {row["figure"]: row for row in report["paper"]}
        build = figures["dentries, inodes: build"]
        assert round(build["paper_bytes"] / (1 << 20), 2) == 23.66, build
        assert round(build["paper_share"] * 100, 2) == 2.31, build
        assert build["bytes"] > figures["dentries, inodes: before"]["bytes"] > 0, figures
        # programs with 1.25 MiB each at least; other tests take and free memory meanwhile
        desktop = figures["in use: desktop"]
        assert round(desktop["paper_bytes"] / (1 << 20), 1) == 372.9, desktop
        programs = next(int(found[1]) for found in (
            re.match(r"the desktop: (\d+) programs", note) for note in report["notes"]) if found)
        assert programs >= int(LIMIT) // 8, report["notes"]
        assert figures["in use: with drivers"]["bytes"] is None, figures
        assert figures["in use: early boot"]["bytes"] is None or \
            figures["in use: early boot"]["bytes"] < figures["in use: before"]["bytes"], figures
        stages = {row["stage"]: row for row in report["stages"]}
        assert build["bytes"] == stages["built"]["dentry_inode_bytes"], build
        # task_struct of each program and its threads
        tasks = [row for row in report["changes"]
                 if row["stage"] == "desktop" and row["cache"] == "task_struct"]
        assert tasks and tasks[0]["objects_change"] > 2 * programs, (tasks, programs)
        assert not left_over(Path(folder)), left_over(Path(folder))
