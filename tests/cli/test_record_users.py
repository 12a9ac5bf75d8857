# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally record --users': who allocates what grows, found and kept by the recorder itself."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import lib
from lib import Folder, Skip, need_root, refuse, succeed, test
from test_schema import must_be_valid
from test_watch import watched

ITEM_BYTES = 4096


class Growth:
    """Files of tmpfs, each an object of one slab cache: 2 MiB and more a second."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ktally-cli-", dir=memory_folder()))
        self.going, self.count = True, 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.going:
            for _ in range(400):
                self.count += 1
                (self.folder / str(self.count)).touch()
            time.sleep(0.1)

    def close(self):
        self.going = False
        self.thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_folder():
    folder = "/dev/shm"
    mounts = [line.split() for line in open("/proc/mounts", encoding="utf-8")]
    if ["tmpfs"] != [mount[2] for mount in mounts if mount[1] == folder][-1:]:
        raise Skip(f"{folder} is no tmpfs")
    return folder


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not condition():
        time.sleep(1)
    return condition()


@test
def what_grows_is_watched_and_kept():
    need_root()
    watched("slab", "--watch", "0.5")  # or skip
    with Folder() as place:
        file, growth = place / "a.rec", Growth()
        recorder = subprocess.Popen([lib.program, "record", str(file), "--users", "-i", "0.5"],
                                    stdout=subprocess.DEVNULL)
        ask = ["users", "watched", "-s", file, "-o", "json"]
        try:
            # 15 s for five blocks of samples, the minute of a watch, and more on a busy machine
            assert wait_for(lambda: file.exists() and lib.ktally(*ask).status == 0, 300), \
                "nothing was watched"
        finally:
            growth.close()
            recorder.send_signal(signal.SIGINT)
            recorder.wait()
        listed = must_be_valid("users", lib.ktally(*ask))
        caches = {row["topic"]: row for row in listed["watches"]}
        name = next((name for name in caches if "inode" in name), None)
        if not name:  # another cache grew by more
            raise Skip("another row grew more: " + ", ".join(caches))
        report = must_be_valid("users", lib.ktally("users", name, "-s", file, "-o", "json"))
        assert report["watch"]["topic"] == name
        row = report["watched"][0]
        assert row["name"] in ("shmem_alloc_inode", "alloc_inode"), row
        assert row["held_low_bytes"] <= row["held_bytes"] <= row["held_high_bytes"], row
        total = sum(row["held_bytes"] for row in report["watched"])
        assert abs(caches[name]["held_bytes"] - total) <= 100, (caches[name], total)
        folded = succeed("users", name, "-s", file, "-o", "folded").out.decode()
        assert "shmem" in folded, folded
        text = succeed("report", file).out.decode()
        assert f"watched: {name}, " in text, text
        assert "not a recording of" not in succeed("diff", file, file).out.decode()


@test
def a_recorder_that_is_killed_leaves_no_watch():
    need_root()
    watched("slab", "--watch", "0.5")
    with Folder() as place:
        growth = Growth()
        recorder = subprocess.Popen([lib.program, "record", str(place / "a.rec"), "--users", "-i",
                                     "0.5"], stdout=subprocess.DEVNULL)
        try:
            time.sleep(8)  # the first process only looks whether memory may be watched
            assert wait_for(lambda: children(recorder.pid), 60), "nothing is watched"
            time.sleep(4)
            watchers = children(recorder.pid)
            recorder.send_signal(signal.SIGKILL)
            recorder.wait()
            assert watchers and wait_for(lambda: not any(map(is_there, watchers)), 20), watchers
        finally:
            growth.close()
            recorder.kill()


@test
def a_recorder_without_rights_says_so_once_and_goes_on():
    need_root()
    with Folder() as folder:
        os.chmod(folder, 0o777)
        file = folder / "a.rec"
        result = lib.ktally("record", file, "--users", "-i", "0.2", "-n", "10", user=65534)
        assert result.status == 0, result.err
        lines = [line for line in result.complaint.splitlines() if "--users" in line]
        assert len(lines) == 1 and lines[0].endswith("samples are recorded without it"), lines
        assert b"10 samples" in result.out, result.out
        text = lib.ktally("users", "watched", "-s", file)
        assert text.status != 0 and "watched" in text.complaint, text.complaint


@test
def it_takes_the_running_machine():
    with Folder() as folder:
        refuse("record", folder / "a.rec", "--users", "-s", "/", status=2,
               says="the running machine")
