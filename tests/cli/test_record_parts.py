# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of recordings: cut out, put together, and read by a reader that is not ktally."""

import importlib.util
import json
import time
from datetime import datetime, timedelta, timezone

import lib
import trees
from lib import Folder, plant, refuse, succeed, test
from test_record import Recorder, counting_tree, must_be_valid

READER = lib.REPOSITORY / "share" / "recording.py"


def moving(folder, host="h"):
    """A recording of a machine whose free memory and files move, a sample each half second."""
    tree, file = plant(folder / "tree", trees.MODERN), folder / "x.rec"
    (tree / "proc/sys/kernel").mkdir(parents=True, exist_ok=True)
    (tree / "proc/sys/kernel/hostname").write_text(f"{host}\n")
    recorder = Recorder(file, "-s", tree, "-i", "0.5")
    recorder.wait_for(file.with_name("x.rec.tail"), 1000)
    for number in range(10):
        counting_tree(tree, 300 + number)
        if number == 3:
            (tree / "proc/buddyinfo").rename(tree / "proc/away")
        if number == 5:
            succeed("record", file, "--mark", "half")
        if number == 7:
            (tree / "proc/away").rename(tree / "proc/buddyinfo")
        time.sleep(0.5)
    assert recorder.end()[0] == 0
    return file


def samples(file, *period):
    return [json.loads(line) for line in
            succeed("export", file, "-o", "json", *period).text.splitlines()]


def reports(file):
    return succeed("report", file, "-i", "0.5", "-o", "json").json()["lines"]


def second(text, more=0):
    then = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S") + timedelta(seconds=more)
    return then.strftime("%Y-%m-%dT%H:%M:%S")


@test
def a_recording_that_is_cut_and_merged_again_is_the_same():
    with Folder() as folder:
        file = moving(folder)
        whole = samples(file)
        times = [line["time"] for line in reports(file)]
        middle = sorted(set(times))[len(set(times)) // 2]
        a, b, both = folder / "a.rec", folder / "b.rec", folder / "both.rec"
        made = must_be_valid("cut", succeed("cut", file, a, "--to", second(middle), "-o", "json"))
        rest = must_be_valid("cut", succeed("cut", file, b, "--from", second(middle), "-o", "json"))
        first, later = samples(a), samples(b)
        assert made["samples"] == len(first) and rest["samples"] == len(later)
        assert first == whole[:len(first)], "the first part is not what it was"
        assert later == whole[-len(later):], "the second part is not what it was"
        # marks, and files that come and go
        assert {line["event"] for line in reports(a) + reports(b) if line["event"]} >= \
            {line["event"] for line in reports(file) if line["event"] and "mark" in line["event"]}
        if len(first) + len(later) >= len(whole):
            must_be_valid("merge", succeed("merge", b, a, both, "-o", "json"))
            assert samples(both) == whole, "put together it is not what it was"
        copy = folder / "copy.rec"
        succeed("cut", file, copy)
        assert samples(copy) == whole and reports(copy) == reports(file)
        again = must_be_valid("merge", succeed("merge", copy, file, folder / "m.rec", "-o", "json"))
        assert again["samples"] == len(whole), again
        refuse("cut", file, copy, says="copy.rec")
        succeed("cut", file, copy, "--force")
        refuse("cut", file, folder / "none.rec", "--from", "2001-01-01T00:00", "--to",
               "2001-01-02T00:00", says="no sample of that time")
        assert not (folder / "none.rec").exists()


@test
def a_part_of_a_running_recording_and_another_machine():
    with Folder() as folder:
        file = moving(folder / "one")
        other = moving(folder / "two", host="other")
        refuse("merge", file, other, folder / "m.rec", says="a recording is of one machine")
        assert not (folder / "m.rec").exists()
        recorder = Recorder(file, "-s", folder / "one/tree", "-i", "0.2")
        time.sleep(2)
        count = succeed("cut", file, folder / "part.rec", "-o", "json").json()["samples"]
        assert count >= len(samples(folder / "part.rec")) > 10
        assert recorder.end()[0] == 0


def reader():
    spec = importlib.util.spec_from_file_location("recording", READER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kib_of(text):
    """The amounts of a text of /proc/meminfo, in bytes."""
    words = [line.split() for line in text.decode().splitlines()]
    return {f"meminfo:{one[0].rstrip(':')}": int(one[1]) * 1024 for one in words
            if len(one) == 3 and one[2] == "kB"}


def must_read_the_same(file):
    """Another reader finds the numbers that ktally exports, and the text of the last sample."""
    found = list(reader().samples(str(file)))
    exported = samples(file)
    assert len(found) == len(exported) > 0, (len(found), len(exported))
    for (real_ms, _, _, texts), line in zip(found, exported):
        seconds = datetime.fromtimestamp(real_ms / 1000, timezone.utc)
        assert line["time"].startswith(seconds.strftime("%Y-%m-%dT%H:%M:%S")), (line["time"], real_ms)
        amounts = kib_of(texts["proc/meminfo"])
        ours = {name: value for name, value in line["bytes"].items() if name in amounts}
        assert ours and ours == {name: amounts[name] for name in ours}
    return found


@test
def a_reader_of_another_language_reads_the_same():
    with Folder() as folder:
        file = moving(folder)
        found = must_read_the_same(file)
        last = found[-1][3]
        for name in ("meminfo", "vmstat", "zoneinfo", "slabinfo", "buddyinfo", "pressure/memory"):
            planted = (folder / "tree/proc" / name).read_text()
            assert last[f"proc/{name}"].decode().split() == planted.split(), name
        there = ["proc/buddyinfo" in texts for _, _, _, texts in found]
        assert there[0] and not all(there) and there[-1], there
        # cut, and while it is written: then the samples are in the tail
        succeed("cut", file, folder / "part.rec", "--from", "-2s")
        must_read_the_same(folder / "part.rec")
        recorder = Recorder(file, "-s", folder / "tree", "-i", "0.2")
        time.sleep(1)
        for number in range(5):
            counting_tree(folder / "tree", 500 + number)
            if number in (1, 3):  # goes and comes
                there, away = folder / "tree/proc/buddyinfo", folder / "tree/proc/away"
                there.rename(away) if number == 1 else away.rename(there)
            time.sleep(0.3)
        copy = folder / "copy.rec"
        copy.write_bytes(file.read_bytes())
        copy.with_name("copy.rec.tail").write_bytes(file.with_name("x.rec.tail").read_bytes())
        copy.chmod(0o600)
        assert copy.with_name("copy.rec.tail").stat().st_size > 1000
        found = must_read_the_same(copy)
        assert found[-1][3]["proc/buddyinfo"].decode().split() == \
            (folder / "tree/proc/buddyinfo").read_text().split()
        assert any("proc/buddyinfo" not in texts for _, _, _, texts in found[-12:])
        assert recorder.end()[0] == 0


@test
def it_reads_a_recording_of_this_machine():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-i", "0.2", "-n", "11", file)
        must_read_the_same(file)
        text = lib.execute(["python3", READER, file, "proc/meminfo"]).text
        assert text.count("MemTotal:") == 11
