# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings: what was recorded is read back by every command, whatever happens meanwhile."""

import csv
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.dom.minidom
from pathlib import Path

import lib
import openmetrics
import trees
from lib import Folder, Skip, ktally, must_close, need_root, plant, refuse, row_bytes, succeed, test
from test_schema import must_be_valid

TAIL = ".tail"
FLUSH_S = 10  # src/cmd/record/record.c


class Recorder:
    """`ktally record` in the background."""

    def __init__(self, file, *options, cwd=None):
        self.process = subprocess.Popen(
            [lib.program, *map(str, options), "record", str(file)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=lib.environment(), cwd=cwd)

    def wait_for(self, path, size=1, timeout=20):
        end = time.monotonic() + timeout
        while not path.exists() or path.stat().st_size < size:
            assert time.monotonic() < end, f"{path} did not come"
            assert self.process.poll() is None, self.process.stderr.read().decode()
            time.sleep(0.01)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=lib.TIMEOUT_S)
        assert not any(word in err for word in lib.SANITIZER_WORDS), lib.sanitizer_summary(err)
        return self.process.returncode, out.decode(), err.decode()


def samples(file):
    """Number of samples, from the commands' own reports."""
    return must_be_valid("report", succeed("report", file, "--series", "-o",
                                           "json"))["recording"]["samples"]


def free_mib(file):
    """The free memory that every sample tells of."""
    result = ktally("export", file, "-o", "json")
    assert result.status == 0, result.complaint
    return [json.loads(line)["bytes"]["meminfo:MemFree"] / 2**20
            for line in result.text.splitlines()]


def counting_tree(folder, number, boot="11111111-2222-3333-4444-555555555555"):
    """A machine of which one number moves: its free memory is `number` MiB."""
    meminfo = trees.MODERN["proc/meminfo"].splitlines()
    meminfo = [f"MemFree: {number * 1024:15} kB" if line.startswith("MemFree:") else line
               for line in meminfo]
    for path, text in {"proc/meminfo": "\n".join(meminfo) + "\n",
                       "proc/sys/kernel/random/boot_id": boot + "\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        beside = folder / (path + ".new")
        beside.write_text(text)
        beside.rename(folder / path)  # never half of it
    return folder


@test
def a_recording_of_the_machine_is_read_by_every_command():
    with Folder() as folder:
        file = folder / "x.rec"
        made = must_be_valid("record", succeed("record", "-i", "0.2", "-n", "11", file,
                                               "-o", "json"))
        assert made["samples"] == 11 and made["file"] == str(file), made
        assert made["bytes"] == file.stat().st_size, made
        assert samples(file) == 11
        for moment in ("", "@-1s", "@now"):
            report = must_be_valid("account", succeed("-s", f"{file}{moment}", "-o", "json"))
            must_close(report)
            assert report["host"]["kernel"] == os.uname().release and not report["host"]["live"]
            assert report["host"]["page_bytes"] == os.sysconf("SC_PAGESIZE")
        for command in ("slab", "vmalloc", "explain", "doctor", "buddy"):
            assert succeed("-s", f"{file}@-1s", command).out, command
        pools = must_be_valid("report", succeed("report", file, "-k", "-i", "0.2", "-o", "json"))
        assert len(pools["pools"]) == 11 and pools["averages"][0]["what"] == "average", pools
        assert re.search(r"^TIME .* UNATTR", succeed("report", file).text, re.MULTILINE), \
            "the number that only ktally knows"
        for how in ((), ("-k",)):
            for line in succeed("report", file, *how).text.splitlines()[1:]:
                assert len(line) <= 80, line
        lines = must_be_valid("report", succeed("report", file, "-i", "0.2", "-o", "json"))
        assert len(lines["lines"]) == 11, [line["time"] for line in lines["lines"]]
        last, now = lines["lines"][-1], row_bytes(lib.report_of(file))
        assert {key: now[key] for key in last if key in now} == \
            {key: last[key] for key in last if key in now}, "the last line is another account"
        for extreme, function in (("least", min), ("most", max)):
            found = next(row for row in lines["extremes"] if row["what"] == extreme)
            for key in ("slab", "free", "kernel"):
                assert found[key] == function(line[key] for line in lines["lines"]), key


@test
def stacks_and_page_tables_of_a_recording_have_their_owners():
    """With the machine's own list beside it: the same names, and rows that are the account's."""
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.2", "-n", "3", file)
        account = row_bytes(lib.report_of(file))
        for command, key, row in (("stacks", "stacks", "kernel_stacks"),
                                  ("pagetables", "processes", "page_tables")):
            report = must_be_valid(command, succeed("-s", file, command, "-o", "json"))
            assert report[f"{key}_total"]["bytes"] == account[row], command
            then, now = ({one["name"] for one in found[key] if one["kind"] != "other"}
                         for found in (report, succeed(command, "-o", "json").json()))
            assert len(then & now) >= min(len(now), 8) - 2, (command, then, now)
        scrubbed = folder / "x.tar.zst"
        succeed("-s", file, "capture", "--scrub", scrubbed)
        report = succeed("-s", scrubbed, "pagetables", "-o", "json").json()
        assert {one["name"] for one in report["processes"] if one["kind"] == "user"} == \
            {"(scrubbed)"}, report["processes"]


@test
def a_recording_is_the_same_in_every_output():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.2", "-n", "8", file)
        lines = succeed("report", file, "-i", "0.2", "-o", "json").json()["lines"]
        rows = list(csv.DictReader(io.StringIO(
            succeed("report", file, "-i", "0.2", "-o", "csv").text)))
        head = succeed("report", file, "-i", "0.2", "-o", "csv").text.splitlines()[0].split(",")
        assert head == list(lines[0]), head
        assert [{key: "" if value is None else str(value) for key, value in line.items()}
                for line in lines] == rows
        series = succeed("report", file, "--series", "-o", "json").json()["series"]
        rows = list(csv.DictReader(io.StringIO(
            succeed("report", file, "--series", "-o", "csv").text)))
        assert [row["name"] for row in rows] == [one["name"] for one in series]
        for one in series:
            assert one["min"] <= one["mean"] <= one["max"], one
            assert one["change"] == one["last"] - one["first"], one
            assert one["min"] <= one["last"] <= one["max"] or one["last"] == 0, one
        chart = must_be_valid("plot", succeed("plot", file, "-o", "json"))["charts"][0]
        assert chart["stacked"] and chart["times_ms"] == sorted(chart["times_ms"])
        assert all(len(band["bytes"]) == len(chart["times_ms"]) for band in chart["bands"])
        rows = list(csv.reader(io.StringIO(succeed("plot", file, "-o", "csv").text)))
        assert rows[0] == ["time"] + [band["name"] for band in chart["bands"]]
        assert [int(cell) for cell in rows[-1][1:]] == \
            [band["bytes"][-1] for band in chart["bands"]]
        one = must_be_valid("plot", succeed("plot", file, "meminfo:MemFree", "slab:d*", "-o",
                                            "json"))["charts"][0]
        assert not one["stacked"] and "meminfo:MemFree" in [b["name"] for b in one["bands"]]
        picture = xml.dom.minidom.parseString(succeed("plot", file, "-o", "svg").out)
        assert picture.documentElement.tagName == "svg"
        assert "▁" in succeed("report", file, "--series").text or len(series) == 0
        for command in ("report", "plot", "export"):
            refuse(command, folder / "no.rec", says="cannot read recording: ")
            refuse(command, folder / "no.rec", says="('ktally record' makes one)")
        refuse("report", file, "--filter", "zzz", status=2, says="--filter needs --series")
        refuse("report", file, "-o", "svg", status=2, says="plot")
        refuse("report", file, "-o", "openmetrics", status=2, says="export")
        refuse("export", file, "-o", "prometheus", status=2, says="openmetrics")
        few = succeed("report", file, "--series", "--filter", "meminfo:Huge*", "--top", "1").text
        rest = [line for line in few.splitlines() if line.startswith("and ")]
        assert not rest or int(rest[0].split()[1]) < 20, few


@test
def an_export_says_what_the_reports_say():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.2", "-n", "6", file)
        text = succeed("export", file, "-o", "csv").text
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        moments = sorted({row["time"] for row in rows})
        lines = [json.loads(line) for line in
                 succeed("export", file, "-o", "json").text.splitlines()]
        assert len(lines) == 6 and sorted({line["time"] for line in lines}) == moments
        assert sum(len(line["bytes"]) for line in lines) == len(rows)
        now = row_bytes(lib.report_of(file))
        for row, size in now.items():
            if size is not None and f"account:{row}" in lines[-1]["bytes"]:
                assert lines[-1]["bytes"][f"account:{row}"] == size, row
        metrics = succeed("export", file, "-o", "openmetrics").text
        found = [line for line in metrics.splitlines()
                 if line.startswith('ktally_account_bytes{row="slab",')]
        assert [int(line.split()[1]) for line in found] == \
            [line["bytes"]["account:slab"] for line in lines]
        stamps = [float(line.split()[2]) for line in found]
        assert stamps == sorted(stamps) and metrics.endswith("# EOF\n")
        assert openmetrics.parse  # one value a series is all that it reads: no time series


@test
def one_sample_of_a_machine_is_not_recorded_as_now():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.2", "-n", "2", file)
        succeed("capture", folder / "x.tar.zst")
        for source in (file, f"{file}@-0s", folder / "x.tar.zst"):
            refuse("-s", source, "record", "-n", "1", folder / "y.rec", status=2,
                   says="one sample of a machine")
        assert not (folder / "y.rec").exists()


@test
def a_difference_is_the_same_in_text_and_in_json():
    sides = [lib.REPOSITORY / "tests" / "fixtures" / name for name in ("6.12", "6.12-instrumented")]
    rows = succeed("diff", *sides, "-o", "json").json()["caches"]
    wanted = {row["name"]: [row[key] for key in ("before", "after", "change")] for row in rows}
    text = succeed("diff", *sides, "-b").text
    shown = {}
    for line in text[text.index("Slab caches"):text.index("vmalloc callers")].splitlines():
        match = re.match(r"(\S.*?) +(\d+) +(\d+) +([-+]?\d+) ", line)
        if match and match[1] not in ("(others)", "total"):
            shown[match[1]] = [int(match[column]) for column in (2, 3, 4)]
    assert len(shown) == 20 < len(rows), (len(shown), len(rows))  # or nothing would be cut
    for name, numbers in shown.items():
        assert numbers == wanted[name], (name, numbers, wanted[name])


@test
def what_one_side_does_not_know_is_no_difference():
    with Folder() as folder:
        whole = plant(folder / "whole", trees.MODERN)
        files = {path: text for path, text in trees.MODERN.items() if path != "proc/slabinfo"}
        files["proc/meminfo"] = "".join(
            line + "\n" for line in files["proc/meminfo"].splitlines()
            if not line.startswith(("Percpu:", "VmallocUsed:")))
        less = plant(folder / "less", files)
        whole_rows, less_rows = (row_bytes(lib.report_of(side)) for side in (whole, less))
        assert whole_rows["percpu"] and less_rows["percpu"] is None, "not what this is about"
        for before, after in ((whole, less), (less, whole)):
            diff = must_be_valid("diff", succeed("diff", before, after, "-o", "json"))
            rows = {row["name"]: row for row in diff["rows"]}
            for side, known in ((before, "before"), (after, "after")):
                account = whole_rows if side == whole else less_rows
                for name, row in rows.items():
                    if name in account:
                        assert row[known] == account[name], (name, known, row)
            assert rows["percpu"]["change"] is None, rows["percpu"]
            assert rows["gpu"]["before"] is None and rows["gpu"]["after"] is None
            # only one side can divide slab: it is compared whole, and not as come from nothing
            assert rows["slab_unreclaimable"]["change"] == 0, rows["slab_unreclaimable"]
            assert not [name for name in rows if name.startswith("slab_unreclaimable.")]
            total = diff["rows_total"]
            assert total["change"] == total["after"] - total["before"] == 0, total
            refuse("diff", before, after, "--fail-if", "percpu>+1", says="known on both sides")
        same = succeed("diff", whole, whole).text
        assert "Nothing moved" in same, same
        assert "Nothing moved" not in succeed("diff", whole, less).text


@test
def a_difference_closes_on_both_sides_and_is_a_check():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.3", "-n", "6", file)
        for before, after in ((f"{file}@-1s", file), (file, "live"), (file, file)):
            diff = must_be_valid("diff", succeed("diff", before, after, "-o", "json"))
            for key in ("rows", "caches", "callers"):
                for column in ("before", "after", "change"):
                    total = sum(row[column] or 0 for row in diff[key])
                    assert total == diff[key + "_total"][column], f"{key} {column}: {total}"
            assert diff["rows_total"]["before"] == lib.report_of(before)["installed_bytes"]
        assert all(row["change"] in (0, None) for row in diff["rows"]), "a moment against itself"
        text = succeed("diff", f"{file}@-1s", file, "-o", "csv").text
        assert text.startswith("name,title,before,after,change")
        one, two = (plant(folder / name, trees.MODERN) for name in ("one", "two"))
        counting_tree(one, 100)
        counting_tree(two, 111)
        succeed("diff", one, two, "--fail-if", "free>+11MiB,free<-1")
        failed = ktally("diff", one, two, "--fail-if", "free>+10%")
        assert failed.status == 3 and "failed: free>+10%" in failed.text, failed.text
        refuse("diff", one, two, "--fail-if", "free", status=2, says="NAME>LIMIT")
        refuse("diff", one, two, "--fail-if", "no such>1", status=1, says="no such")
        refuse("diff", one, status=2)


@test
def a_tree_that_moves_is_read_back_as_it_was():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        counting_tree(tree, 1)
        recorder = Recorder(file, "-s", tree, "-i", "0.1")
        for number in range(2, 200):
            counting_tree(tree, number)
            time.sleep(0.01)
        status, out, err = recorder.end()
        assert (status, err) == (0, ""), f"{status} {err}"
        free = free_mib(file)
        assert len(free) >= 10 and f"{len(free)} samples" in out, f"{len(free)} of {out}"
        assert free == sorted(free) and not any(size % 1 for size in free), free
        assert free[-1] >= 190, "the end is not in it"


@test
def a_second_boot_in_the_same_file_is_marked():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        for boot in range(3):
            counting_tree(tree, 100 + boot, boot=f"{boot:08}-2222-3333-4444-555555555555")
            succeed("-s", tree, "record", "-i", "0.1", "-n", "3", file)
        assert samples(file) == 9
        report = must_be_valid("report", succeed("report", file, "-i", "0.1", "-o", "json"))
        events = [line["event"] for line in report["lines"]]
        assert events[0] is None and sum("rebooted" in (event or "") for event in events) == 2
        assert "rebooted" in succeed("report", file, "-i", "0.1").text


@test
def what_came_and_went_is_marked():
    """Each phase is two samples; the files say what happened between them."""
    cache = "held_{} 10 16 256 16 1 : tunables 0 0 0 : slabdata 1 1 0\n"
    phases = [("oom_kill 4\n", "", ""),
              ("oom_kill 6\n", cache.format(1), ""),
              ("oom_kill 6\n", "".join(map(cache.format, range(2, 7))), "odd 16384 0 - Live 0x0\n"),
              ("oom_kill 6\n", "", "")]
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        for oom, caches, modules in phases:
            for path, text in (("vmstat", oom), ("slabinfo", caches), ("modules", modules)):
                old = trees.MODERN[f"proc/{path}"]
                old = "".join(line + "\n" for line in old.splitlines() if "oom_kill" not in line)
                (tree / "proc" / path).write_text(old + text)
            succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        report = must_be_valid("report", succeed("report", file, "-i", "0.1", "-o", "json"))
        events = [line["event"] for line in report["lines"] if line["event"]]
        assert events == [
            "OOM killer: 2; cache made: held_1",
            "module loaded: odd; cache made: held_2, held_3, held_4 and 2 more; "
            "cache gone: held_1",
            "module unloaded: odd; cache gone: held_2, held_3, held_4 and 2 more"], events


@test
def it_is_read_while_it_is_written_and_a_second_writer_is_refused():
    with Folder() as folder:
        file = folder / "x.rec"
        recorder, seen = Recorder(file, "-i", "0.1"), []
        recorder.wait_for(folder / ("x.rec" + TAIL), 100)
        end = time.monotonic() + FLUSH_S + 1.5
        while time.monotonic() < end:
            report = succeed("report", file, "--series", "-o", "json").json()
            assert not report["notes"], report["notes"]
            seen.append(report["recording"]["samples"])
            must_close(lib.report_of(file))
        refuse("record", "-n", "1", file, says="one file has one writer")
        status, out, err = recorder.end()
        assert (status, err) == (0, ""), f"{status} {err}"
        assert seen == sorted(seen) and 1 <= seen[0] < seen[-1], seen
        assert samples(file) > seen[-1] and f"{samples(file)} samples" in out, out


@test
def every_way_to_end_it_keeps_what_was_taken():
    for how, kept in ((signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, None)):
        with Folder() as folder:
            tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
            recorder = Recorder(file, "-s", tree, "-i", "0.1", "-o", "json")
            recorder.wait_for(folder / ("x.rec" + TAIL), 100)
            time.sleep(0.75)
            status, out, err = recorder.end(how)
            if kept is None:  # what was flushed, which was the first sample at least
                assert samples(file) >= 1
            else:
                assert (status, err) == (kept, ""), f"{status} {err}"
                assert samples(file) == json.loads(out)["samples"] >= 6, f"{samples(file)} of {out}"
            before = samples(file)
            succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
            assert samples(file) == before + 2


@test
def killed_at_any_moment_it_goes_on_and_invents_nothing():
    generator = random.Random(7)
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        known = {100}
        counting_tree(tree, 100)
        for turn in range(int(os.environ.get("KTALLY_KILLS", "12"))):
            recorder = Recorder(file, "-s", tree, "-i", "0.1")
            # later each time: a machine that does much else needs longer for the first sample
            time.sleep(generator.random() * 0.1 * (turn + 1))
            known.add(100 + turn)
            counting_tree(tree, 100 + turn)
            time.sleep(generator.random() * 0.1)
            recorder.end(signal.SIGKILL)
        succeed("-s", tree, "record", "-i", "0.1", "-n", "1", file)
        report = succeed("report", file, "-i", "0.1", "-o", "json").json()
        assert not any("damaged" in note for note in report["notes"]), report["notes"]
        free = free_mib(file)
        assert set(free) <= known and free == sorted(free) and len(free) > 3, free


@test
def what_is_no_recording_is_left_alone():
    with Folder() as folder:
        for name, content in (("letters", b"somebody's letters\n"), ("zeros", bytes(5000)),
                              ("short", b"ktal"), ("tar", b"ustar" * 200)):
            file = folder / name
            file.write_bytes(content)
            refuse("record", "-n", "1", file, says="not a recording")
            assert file.read_bytes() == content, f"{name} was written to"
            assert not (folder / (name + TAIL)).exists(), f"{name} has got a tail"
            refuse("report", file)
        refuse("record", "-n", "1", folder)
        refuse("record", "-n", "1", "/dev/null")
        refuse("record", "-n", "1", folder / "none" / "x.rec", says="none/x.rec")
        refuse("report", folder / "absent.rec", says="absent.rec")
        (folder / "link").symlink_to(folder / "letters")
        refuse("record", "-n", "1", folder / "link")
        empty = folder / "empty"
        empty.write_bytes(b"")
        refuse("report", empty, says="no sample")
        succeed("record", "-i", "0.1", "-n", "1", empty)
        assert samples(empty) == 1


@test
def moments_are_chosen_and_wrong_ones_are_named():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "a@b.rec"
        succeed("-s", tree, "record", "-i", "0.3", "-n", "8", file)
        assert lib.report_of(file) and lib.report_of(f"{file}@-1s")
        refuse("-s", f"{file}@yesterday", status=2, says="not a time")
        refuse("-s", f"{file}@-1h", says="as early")
        refuse("-s", f"{file}@1999-01-01", says="as early")
        refuse("report", file, "--from", "soon", status=2, says="--from")
        refuse("report", file, "--to", "12:00:61x", status=2, says="--to")
        refuse("report", file, "--from", "now", "--to", "-1s", status=2, says="later")
        refuse("account", "--from", "-1s", status=2, says="--from")
        refuse("plot", file, "no such series", says="report --series")
        whole = succeed("report", file, "-i", "0.3", "-o", "json").json()
        part = succeed("report", file, "-i", "0.3", "--from", "-1s", "-o", "json").json()
        assert part["lines"] == whole["lines"][-len(part["lines"]):] != whole["lines"]
        first = succeed("report", file, "-i", "0.3", "--to", "-1s", "-o", "json").json()
        assert first["lines"] == whole["lines"][:len(first["lines"])] != whole["lines"]


@test
def a_damaged_recording_is_read_as_far_as_it_is_good():
    generator = random.Random(11)
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        for number in range(4):  # a block each
            counting_tree(tree, 100 + number)
            succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        whole = file.read_bytes()
        (folder / ("x.rec" + TAIL)).unlink()
        for turn in range(int(os.environ.get("KTALLY_DAMAGES", "25"))):
            copy = bytearray(whole)
            for _ in range(generator.choice((1, 1, 1, 4))):
                copy[generator.randrange(len(copy))] ^= generator.randrange(1, 256)
            if turn % 5 == 4:
                copy = copy[:generator.randrange(len(copy))]
            file.write_bytes(copy)
            for command in (("report", "-i", "0.1"), ("report", "--series"), ("plot",),
                            ("export",), ("account",)):
                result = ktally(command[0], *([file] if command[0] != "account" else
                                              ["-s", file]), *command[1:],
                                "-o", "csv" if command[0] == "export" else "json")
                assert result.status in (0, 1), result.complaint
                assert result.status == 0 or lib.one_complaint(result), result.complaint
                if result.status == 0 and command[:2] == ("report", "-i"):
                    free, notes = free_mib(file), result.json()["notes"]
                    assert set(free) <= {100, 101, 102, 103} and free == sorted(free), free
                    assert len(free) == 8 or notes or turn % 5 == 4, "nobody says so"
                if result.status == 0 and command[0] in ("export", "account") and turn % 5 < 4:
                    told = b"damaged" in result.err if command[0] == "export" else \
                        any("damaged" in note for note in result.json()["notes"])
                    # of damage behind it the head of a whole block knows nothing
                    assert told or len(free_mib(file)) == 8 or command[0] == "account", "not said"


@test
def what_is_damaged_is_told_by_whoever_shows_a_moment():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        for number in range(3):  # a block each
            counting_tree(tree, 100 + number)
            succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        whole = bytearray(file.read_bytes())
        whole[-40] ^= 1
        file.write_bytes(whole)
        (folder / ("x.rec" + TAIL)).unlink()
        for command in ("account", "slab", "stacks"):
            notes = succeed("-s", file, command, "-o", "json").json()["notes"]
            assert any(note.startswith("damaged: skipped 1 place") for note in notes), (command, notes)
        csv_of = ktally("-s", file, "slab", "-o", "csv")
        assert csv_of.status == 0 and b"damaged" in csv_of.err, csv_of.complaint
        for output in ("csv", "json", "text"):  # a stream shows no notes in any of them
            stream = ktally("export", file, "-o", output)
            assert stream.status == 0 and b"damaged" in stream.err, (output, stream.complaint)
        diff = succeed("diff", file, tree).text
        assert "damaged" in diff and f"{file}: 20" in diff, diff
        for head in re.finditer(rb"ktally\x1aR", bytes(whole)):
            whole[head.start() + 80] ^= 1
        file.write_bytes(whole)
        refuse("-s", file, says="no sample in it can be read")
        export = ktally("export", file)
        assert export.status == 1 and b"can be read" in export.err, export.complaint
        refuse("plot", file, says="can be read")
        refuse("report", file, says="can be read")
        refuse("-s", f"{tree / 'proc/meminfo'}@-1h", says="not a recording")


FULL_DISK = r"""
import os, pathlib, signal, subprocess, sys, time

program, folder, tree = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=True)
folder = pathlib.Path(folder)
file, filler = folder / "x.rec", folder / "filler"
said = open(os.path.join(tree, "said"), "w+b")
process = subprocess.Popen([program, "-s", tree, "record", "-i", "0.1", str(file)],
                           stdout=subprocess.DEVNULL, stderr=said)

def wait(what, truth):
    end = time.monotonic() + 40
    while not truth():
        assert time.monotonic() < end and process.poll() is None, what
        time.sleep(0.02)

def told():
    return open(said.name, "rb").read()

def report():
    return subprocess.run([program, "export", str(file), "-o", "csv", "--filter",
                           "meminfo:MemFree"], check=True, stdout=subprocess.PIPE).stdout.decode()

wait("the first sample", lambda: (folder / "x.rec.tail").exists() and
     (folder / "x.rec.tail").stat().st_size > 100)
with open(filler, "wb", buffering=0) as rest:
    try:
        while True:
            rest.write(bytes(4096))
    except OSError:
        pass
first = report()
wait("the message", lambda: b"nothing is recorded" in told())
time.sleep(1)
assert report().startswith(first), "what there was is not there any more"
assert told().count(b"\n") == 1, told()
filler.unlink()
wait("room again", lambda: b"there is room again" in told())
time.sleep(0.7)
process.send_signal(signal.SIGTERM)
assert process.wait(20) == 0, told()
assert told().count(b"\n") == 2, told()
after = report()
assert after.startswith(first) and after.count("\n") > first.count("\n") + 5, after
print(after, end="")
"""


@test
def a_full_disk_is_told_once_and_waited_for():
    need_root()
    if not shutil.which("unshare"):
        raise Skip("needs unshare")
    with Folder() as folder:
        tree, disk = plant(folder / "tree", trees.MODERN), folder / "disk"
        counting_tree(tree, 100)
        disk.mkdir()
        result = lib.execute(["unshare", "-m", "--propagation", "private", sys.executable, "-c",
                              FULL_DISK, lib.program, disk, tree], timeout=90)
        if b"permission denied" in result.err:
            raise Skip("no tmpfs can be mounted here")
        assert result.status == 0, result.complaint.strip()
        rows = list(csv.DictReader(io.StringIO(result.text)))
        assert {row["bytes"] for row in rows} == {str(100 * 2**20)}, "something was invented"
        seconds = [time.strptime(row["time"], "%Y-%m-%dT%H:%M:%SZ") for row in rows]
        assert seconds == sorted(seconds)


@test
def a_recording_of_a_kernel_that_drops_a_file_says_so_and_nothing_else():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        recorder = Recorder(file, "-s", tree, "-i", "0.1")
        recorder.wait_for(folder / ("x.rec" + TAIL), 100)
        time.sleep(1.5)
        (tree / "proc/slabinfo").unlink()
        time.sleep(0.3)
        counting_tree(tree, 77)
        time.sleep(0.3)
        recorder.end()
        with_it = ktally("-s", f"{file}@{first_moment(file)}", "slab", "-o", "json")
        without = ktally("-s", file, "slab", "-o", "json")
        assert with_it.status == 0, with_it.complaint
        assert without.status == 1 and lib.one_complaint(without), without.complaint
        assert free_mib(file)[-1] == 77


@test
def counts_that_memory_may_follow_are_recorded_in_short_forms():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        succeed("record", "-s", tree, "-n", "1", "-i", "0.2", file)
        out = folder / "out"
        out.mkdir()
        succeed("capture", "-s", file, folder / "x.tar")
        subprocess.run(["tar", "xf", folder / "x.tar", "-C", out], check=True)
        texts = {name: next(out.rglob(name)).read_text() for name in ("stat", "snmp", "file-nr")}
        assert texts["stat"] == "intr 123456\nctxt 345678\nprocesses 4567\n", texts
        assert texts["snmp"] == ("InReceives 9327\nOutRequests 8250\nActiveOpens 610\n"
                                 "PassiveOpens 27\n"), texts
        assert texts["file-nr"].split() == ["2208", "0", "100000"], texts


@test
def what_memory_may_follow_is_counted_in_every_sample():
    counts = {"proc/net/sockstat": "sockets: used {}\nTCP: inuse 27 orphan 0 tw 3 alloc 30 mem 2\n",
              "proc/sys/fs/file-nr": "{}\t0\t100000\n",
              "sys/fs/cgroup/cgroup.stat": "nr_descendants {}\nnr_dying_descendants 7\n"}
    with Folder() as folder:
        at_first = {path: text.format(4321) for path, text in counts.items()}
        tree, file = plant(folder / "tree", {**trees.MODERN, **at_first}), folder / "x.rec"
        recorder = Recorder(file, "-s", str(tree), "-i", "0.1")
        recorder.wait_for(Path(f"{file}{TAIL}"))
        for path, text in counts.items():
            (tree / path).write_text(text.format(8765))
        time.sleep(1)
        recorder.end()
        out = folder / "out"
        out.mkdir()
        succeed("capture", "-s", file, folder / "x.tar")
        subprocess.run(["tar", "xf", folder / "x.tar", "-C", out], check=True)
        for path in counts:
            text = next(out.rglob(Path(path).name)).read_text()
            assert "8765" in text and "4321" not in text, f"{path}: {text}"


@test
def the_recorder_tells_of_a_finding_once_and_keeps_it_next_to_the_recording():
    with Folder() as folder:
        files = {**trees.MODERN, "sys/fs/cgroup/cgroup.stat": "nr_descendants 40\n"
                 "nr_dying_descendants 60000\n", "proc/cgroups": "memory\t4\t60000\t1\n"}
        tree, file = plant(folder / "tree", files), folder / "x.rec"
        succeed("record", "-s", tree, "-n", "3", "-i", "0.1", file)
        head, *lines = Path(f"{file}.findings").read_text().splitlines()
        assert head.startswith("ktally findings 1\t"), head
        severity, ident, _, subject = lines[0].split("\t")[:4]
        assert severity == "critical", lines
        succeed("record", "-s", tree, "-n", "2", "-i", "0.1", file)
        lines = succeed("report", file, "-i", "0.1", "-o", "json").json()["lines"]
        marks = [line["event"] for line in lines if line["event"]]
        assert len(marks) == 1, marks
        assert marks[0].startswith(f"finding: critical: {ident} {subject}"), marks


@test
def a_program_for_findings_is_refused_before_anything_is_recorded():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        refuse("record", "--on-finding", "mail", file, status=2, says="path of a program")
        refuse("record", "--on-finding", folder / "none", file, status=2, says="No such file")
        refuse("record", "--on-finding", "/bin/true", "-s", tree, file, status=2, says="gives up")
        assert not file.exists()


def pools_tree(tree, nr, nr_free):
    """A machine with so many huge pages of 2 MiB, and so many of them free."""
    texts = {f"sys/kernel/mm/hugepages/hugepages-2048kB/{name}_hugepages": f"{number}\n"
             for name, number in (("nr", nr), ("free", nr_free))}
    new = {"HugePages_Total:": nr, "HugePages_Free:": nr_free, "Hugetlb:": f"{nr * 2048} kB"}
    texts["proc/meminfo"] = "".join(
        f"{line.split()[0]} {new[line.split()[0]]}\n" if line.split()[0] in new else line + "\n"
        for line in trees.MODERN["proc/meminfo"].splitlines())
    for path, text in texts.items():
        (tree / path).write_text(text)


def recorded_second(tree, file):
    """Records three samples; returns a whole second at which the last of them is the latest."""
    succeed("-s", tree, "record", "-i", "0.1", "-n", "3", file)
    second = int(time.time()) + 1
    time.sleep(max(0, second + 0.05 - time.time()))
    return second


@test
def huge_page_pools_are_recorded_as_long_as_there_are_any():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        seconds = []
        for nr, nr_free in ((0, 0), (7, 2), (7, 5), (0, 0)):
            pools_tree(tree, nr, nr_free)
            seconds.append((recorded_second(tree, file), nr, nr_free))
        for at, nr, nr_free in seconds:
            when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
            rows = row_bytes(lib.report_of(f"{file}@{when}"))
            found = rows["hugetlb.2048kB_used"], rows["hugetlb.2048kB_free"]
            assert found == ((nr - nr_free) << 21, nr_free << 21), f"{nr} {nr_free}: {found}"


def first_moment(file):
    times = succeed("plot", file, "-o", "json").json()["charts"][0]["times_ms"]
    return times[0] // 1000 + 1


@test
def what_cannot_be_read_is_recorded_as_that_and_not_as_gone():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        slabinfo = tree / "proc/slabinfo"
        text = slabinfo.read_text()
        slabinfo.unlink()
        slabinfo.mkdir()  # it is there, and cannot be read
        assert b"not a regular file" in ktally("-s", tree, "record", "-i", "0.1", "-n", "2",
                                                 file).err
        refuse("-s", file, "slab", says="when it was recorded")
        slabinfo.rmdir()
        succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        refuse("-s", file, "slab", says="No such file")
        slabinfo.write_text(text)
        succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        assert succeed("-s", file, "slab", "-o", "json").json()["caches"]


@test
def a_recorder_without_descriptors_records_that_it_had_none():
    with Folder() as folder:
        file = folder / "x.rec"
        recorder = Recorder(file, "-i", "0.1")
        recorder.wait_for(folder / ("x.rec" + TAIL), 100)
        pid, before = recorder.process.pid, resource.prlimit(recorder.process.pid,
                                                             resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        time.sleep(2.4)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        time.sleep(1.2)
        status, _, err = recorder.end()
        assert status == 0 and err.count("Too many open files") == 1, err
        refuse("-s", f"{file}@-2s", "buddy", says="Too many open files")
        assert succeed("-s", file, "buddy").out


@test
def without_core_files_nothing_is_recorded_or_it_is_said():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        meminfo, zoneinfo = tree / "proc/meminfo", tree / "proc/zoneinfo"
        text = meminfo.read_text()
        for content in (None, ""):
            meminfo.unlink() if content is None else meminfo.write_text(content)
            refuse("-s", tree, "record", "-n", "1", file, says="nothing can be recorded")
            assert not file.exists() and not (folder / ("x.rec" + TAIL)).exists()
        meminfo.write_text(text)
        zoneinfo.write_text("")
        said = ktally("-s", tree, "record", "-i", "0.1", "-n", "3", file)
        assert said.status == 0 and said.err.count(b"proc/zoneinfo: empty") == 1, said.complaint

@test
def what_another_user_can_write_to_is_not_recorded_into():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        tail = folder / ("x.rec" + TAIL)
        for planted, other in ((file, tail), (tail, file)):
            planted.write_bytes(b"")
            planted.chmod(0o666)
            refuse("-s", tree, "record", "-n", "1", file, says="other users may write to it")
            assert planted.read_bytes() == b"" and not other.exists()
            planted.unlink()
        if os.geteuid() == 0:
            file.write_bytes(b"")
            os.chown(file, 65534, 65534)
            # next to a stranger's tree root has no rights over other users' files to begin with
            refuse("-s", tree, "record", "-n", "1", file, says="ermission denied")
            refuse("record", "-n", "1", file, says="user 65534 owns it")
            assert file.read_bytes() == b"" and not tail.exists()


@test
def a_recording_that_is_removed_or_renamed_meanwhile_goes_on_under_its_name():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        tail, moved = folder / ("x.rec" + TAIL), folder / "moved.rec"
        recorder = Recorder(file, "-s", tree, "-i", "0.2")
        recorder.wait_for(tail, 100)
        time.sleep(1)
        file.unlink()
        tail.unlink()
        time.sleep(1)
        status, out, err = recorder.end(signal.SIGINT)
        assert status == 0 and err.count("removed or renamed") == 1, f"{status} {err}"
        assert samples(file) >= 8 and f"{samples(file)} samples" in out, f"{samples(file)} {out}"
        before = samples(file)
        recorder = Recorder(file, "-s", tree, "-i", "0.2")
        time.sleep(1)
        file.rename(moved)
        succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        status, out, err = recorder.end()
        assert status == 0 and "removed or renamed" in err, f"{status} {err}"
        assert samples(file) == 2 and samples(moved) >= before + 3, f"{samples(moved)} {out}"


@test
def a_very_large_machine_is_recorded_with_the_same_sums_and_it_is_said():
    with Folder() as folder:
        tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
        slabinfo = tree / "proc/slabinfo"
        slabinfo.write_text(slabinfo.read_text() + "".join(
            f"many_{i} 7 16 256 16 1 : tunables 0 0 0 : slabdata 1 1 0\n" for i in range(3000)))
        groups = tree / "sys/fs/cgroup"
        shutil.rmtree(groups, ignore_errors=True)
        for i in range(6000):
            (groups / f"g{i}").mkdir(parents=True)
            (groups / f"g{i}/memory.current").write_text(f"{4096 * (i + 1)}\n")
            (groups / f"g{i}/memory.stat").write_text("anon 0\nslab 4096\n")
        (groups / "memory.stat").write_text("anon 0\nslab 99999744\n")
        (groups / "memory.current").write_text(f"{2**40}\n")
        succeed("-s", tree, "record", "-i", "0.1", "-n", "3", file)
        now, then = (succeed("-s", side, "slab", "-o", "json").json() for side in (tree, file))
        assert now["caches_total"]["bytes"] == then["caches_total"]["bytes"]
        assert any("slab caches as one" in note for note in then["notes"]), then["notes"]
        assert row_bytes(lib.report_of(tree)) == row_bytes(lib.report_of(file))
        report = succeed("-s", file, "cgroups", "--top", "6100", "-o", "json").json()
        assert any("smallest cgroups" in note for note in report["notes"]), report["notes"]
        names = {row["path"] for row in report["cgroups"]}
        assert "/g5999" in names and "/g0" not in names and "/" in names, len(names)
