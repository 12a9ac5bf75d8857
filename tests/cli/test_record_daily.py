# SPDX-License-Identifier: GPL-2.0-or-later
"""A file for each day: "record --daily"."""

import datetime
import os
import time

import lib
import trees
from lib import Folder, plant, succeed, test

DAY_S = 24 * 3600


def times_of(file):
    return [line["time"] for line in succeed("report", file, "-i", "0.1", "-o", "json").json()["lines"]]


def zone_with_midnight_in(seconds):
    """A zone of POSIX whose clocks show 24:00 after so many seconds from now."""
    left = (-(int(time.time()) + seconds)) % DAY_S  # to be added to UTC
    return f"<TST>-{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"


@test
def at_midnight_the_file_gets_the_name_of_its_day():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        zone = zone_with_midnight_in(4)
        old = os.environ | {"TZ": zone}
        result = lib.ktally("-s", tree, "record", file, "--daily", "-i", "0.5", "-n", "16", env=old)
        assert result.status == 0, result.complaint
        others = sorted(path.name for path in folder.glob("x*.rec"))
        assert len(others) == 2 and others[1] == "x.rec", others
        day = datetime.date.fromisoformat(others[0][2:12])
        assert abs(day - datetime.date.today()) <= datetime.timedelta(days=1), others
        before, after = times_of(folder / others[0]), times_of(file)
        assert len(before) >= 2 and len(after) >= 2 and max(before) < min(after), (before, after)
        assert len(before) + len(after) == 16, (before, after)
        assert "made anew" not in result.complaint, result.complaint
        merged = folder / "both.rec"
        succeed("merge", folder / others[0], file, merged)
        assert len(times_of(merged)) == 16, times_of(merged)


def made_two_days_ago(folder):
    """A tree, a recording of it, and the time that the recording was last written."""
    tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
    succeed("-s", tree, "record", file, "-i", "0.3", "-n", "3")
    then = time.time() - 2 * DAY_S
    os.utime(file, (then, then))
    return tree, file, then


@test
def a_recorder_that_was_away_over_midnight_turns_the_file_at_its_first_sample():
    with Folder() as folder:
        tree, file, then = made_two_days_ago(folder)
        succeed("-s", tree, "record", file, "-i", "0.3", "-n", "4", "--daily")
        dated = folder / time.strftime("x-%Y-%m-%d.rec", time.localtime(then))
        assert dated.exists(), sorted(folder.iterdir())
        assert (len(times_of(dated)), len(times_of(file))) == (3, 4), (times_of(dated), times_of(file))
        # a day has one file: one that is there is kept
        os.utime(file, (then, then))
        result = lib.ktally("-s", tree, "record", file, "-i", "0.3", "-n", "2", "--daily")
        assert result.status == 0 and "already exists" in result.complaint, result.complaint
        # runs that follow each other closely may share a line of the report
        assert len(times_of(dated)) == 3 and len(times_of(file)) in (5, 6), times_of(file)


@test
def without_the_option_a_day_has_no_file():
    with Folder() as folder:
        tree, file, _ = made_two_days_ago(folder)
        succeed("-s", tree, "record", file, "-i", "0.3", "-n", "2")
        assert [path.name for path in folder.glob("x*.rec")] == ["x.rec"]
