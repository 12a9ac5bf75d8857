# SPDX-License-Identifier: GPL-2.0-or-later
"""Marks of users in a recording, events on charts, and what the recorder says on a terminal."""

import os
import pty
import re
import signal
import subprocess
import time

import lib
import trees
from lib import Folder, plant, refuse, succeed, test
from test_record import Recorder


def marked(folder, *marks):
    """A recording of some samples, with these marks in the middle."""
    tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
    recorder = Recorder(file, "-s", tree, "-i", "0.1")
    recorder.wait_for(file.with_name("x.rec.tail"), 1000)
    time.sleep(1)
    for mark in marks:
        succeed("record", file, "--mark", mark)
    time.sleep(1)
    assert recorder.end()[0] == 0
    return file


@test
def a_mark_is_in_the_next_sample_and_on_charts():
    with Folder() as folder:
        file = marked(folder, "deploy 1.4", "café")
        lines = succeed("report", file, "-i", "0.1", "-o", "json").json()["lines"]
        events = [line["event"] for line in lines if line["event"]]
        assert " ".join(events).count("mark: ") in (1, 2), events
        assert "deploy 1.4" in " ".join(events) and "café" in " ".join(events), events
        assert 2 < next(i for i, line in enumerate(lines) if line["event"]) < len(lines) - 2
        chart = succeed("plot", file, "-o", "json").json()["charts"][0]
        assert "deploy 1.4" in " ".join(event["text"] for event in chart["events"]), chart["events"]
        assert all(event["time_ms"] in chart["times_ms"] for event in chart["events"])
        picture = succeed("plot", file, "-o", "svg").text
        assert re.search(r'class="event".*mark: deploy 1\.4', picture), picture
        text = succeed("plot", file).text
        assert re.search(r"^ +1  20.*Z  mark: deploy 1\.4", text, re.M), text
        assert file.with_name("x.rec.marks").stat().st_size == 0


@test
def a_mark_is_whole_or_refused():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        recorder = Recorder(file, "-s", tree, "-i", "600")
        recorder.wait_for(file.with_name("x.rec.tail"), 1000)
        marks = file.with_name("x.rec.marks")
        for _ in range(4):
            succeed("record", file, "--mark", "m" * 199)
        marks.write_text(("m" * 199 + "\n") * 327)
        refuse("record", file, "--mark", "n" * 200, says="full of marks")
        succeed("record", file, "--mark", "n" * 100)
        assert marks.read_text().endswith("m\n" + "n" * 100 + "\n")
        recorder.end()


@test
def a_mark_needs_a_recorder_and_is_one_line():
    with Folder() as folder:
        file = marked(folder)
        refuse("record", file, "--mark", "late", says="no recorder writes to it")
        refuse("record", folder / "none.rec", "--mark", "x", says="none.rec")
        refuse("record", file, "--mark", "", says="one line", status=2)
        refuse("record", file, "--mark", "a\nb", says="one line", status=2)
        refuse("record", file, "--mark", "x" * 201, says="one line", status=2)
        refuse("record", file, "--mark", "x", "-n", "2", says="--mark takes neither", status=2)
        assert not file.with_name("x.rec.marks").exists()
        # left for another run: it is not of this one
        file.with_name("x.rec.marks").write_text("old\n")
        file.with_name("x.rec.marks").chmod(0o600)
        succeed("-s", folder / "tree", "record", "-i", "0.1", "-n", "3", file)
        assert "old" not in succeed("report", file, "-i", "0.1").text


@test
def a_name_that_no_series_has_is_an_error_among_others():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("-s", plant(folder / "tree", trees.MODERN), "record", "-i", "0.1", "-n", "3", file)
        succeed("plot", file, "meminfo:MemFree", "slab:*")
        refuse("plot", file, "meminfo:MemFree", "nosuch", says="matches 'nosuch'")
        refuse("plot", file, "nosuch", says="matches 'nosuch'")


@test
def the_recorder_says_on_a_terminal_what_it_does():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        inside, outside = pty.openpty()
        process = subprocess.Popen([lib.program, "-s", str(tree), "record", str(file)],
                                   stdin=outside, stdout=outside, stderr=outside,
                                   env=lib.environment(TERM="xterm"))
        os.close(outside)
        said = os.read(inside, 4096).decode()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=lib.TIMEOUT_S)
        os.close(inside)
        assert f"recording to {file}, a sample every 10 s; Ctrl-C ends it" in said, said
        recorder = Recorder(file, "-s", tree, "-i", "0.1")
        recorder.wait_for(file.with_name("x.rec.tail"), 1000)
        assert "recording to" not in "".join(map(str, recorder.end()))


def stir(tree, number):
    """Counters of pressure that move: `number` of each."""
    files = {"proc/pressure/memory":
             f"some avg10=0.00 avg60=0.00 avg300=0.00 total={number * 1000000}\n"
             f"full avg10=0.00 avg60=0.00 avg300=0.00 total={number * 500000}\n",
             "proc/vmstat": trees.MODERN["proc/vmstat"].replace(
                 "allocstall_normal 0", f"allocstall_normal {number}") + f"oom_kill {number}\n"}
    for path, text in files.items():
        (tree / (path + ".new")).write_text(text)
        (tree / (path + ".new")).rename(tree / path)


@test
def the_head_of_a_report_says_whether_memory_was_short():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        for number in (2, 5, 9):
            stir(tree, number)
            succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        report = succeed("report", file, "-i", "0.1", "-o", "json").json()
        assert report["pressure"] == {
            "available_least_bytes": 560000 * 1024, "some_seconds": 7.0, "full_seconds": 3.5,
            "oom_kills": 7, "allocation_stalls": 7}, report["pressure"]
        head = succeed("report", file, "-i", "0.1").text.split("\n\n")[0]
        assert "least available 546.9 MiB, waited for memory 7.0 s, 7 OOM kills, 7 stalls" in \
            " ".join(head.split()), head
        (tree / "proc/pressure/memory").unlink()
        file = folder / "y.rec"
        succeed("-s", tree, "record", "-i", "0.1", "-n", "3", file)
        report = succeed("report", file, "-i", "0.1", "-o", "json").json()
        assert report["pressure"]["some_seconds"] is None, report["pressure"]
        assert report["pressure"]["oom_kills"] == 0, report["pressure"]
        assert "not known" in succeed("report", file, "-i", "0.1").text


@test
def a_wide_terminal_has_all_columns():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("-s", plant(folder / "tree", trees.MODERN), "record", "-i", "0.1", "-n", "3", file)
        for columns, there in ((80, False), (100, False), (200, True)):
            text = succeed("report", file, env=lib.environment(COLUMNS=str(columns))).text
            assert ("UNATTR" in text and "DIRECT" in text and "FREE" in text) == there, text
            assert all(len(line) <= columns for line in text.splitlines()), text
