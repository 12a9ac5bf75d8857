# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally users WHAT --watch': who allocates while it is watched; and stacks for other viewers."""

import json
import os
import select
import signal
import subprocess
import threading
import time

import lib
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_schema import must_be_valid
from test_users import OWNER

ITEMS = 20000
ITEM_BYTES = 128


def watched(*args):
    """A report of a watch; skipped where this kernel cannot be watched."""
    result = lib.ktally("users", *args, "-o", "json")
    if result.status != 0 and ("BPF" in result.complaint or "this kernel" in result.complaint
                               or "cannot read kernel memory" in result.complaint):
        raise Skip(result.complaint.strip())
    assert result.status == 0, result.err
    return must_be_valid("users", result)


class Items:
    """Items of epoll, each an object of its own cache; the kernel frees them by kfree_rcu()."""

    def __init__(self):
        self.files = [os.eventfd(0) for _ in range(500)]
        self.sets = []

    def add(self):
        for _ in range(ITEMS // len(self.files)):
            item = select.epoll()
            self.sets.append(item)
            for file in self.files:
                item.register(file, select.EPOLLIN)

    def remove(self):
        for item in self.sets:
            for file in self.files:
                item.unregister(file)

    def close(self):
        for item in self.sets:
            item.close()
        for file in self.files:
            os.close(file)


def later(seconds, *steps):
    def run():
        for step in steps:
            time.sleep(seconds)
            step()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def room_for_files():
    import resource
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))


@test
def what_is_kept_is_named_with_its_amount():
    need_root()
    room_for_files()
    watched("eventpoll_epi", "--watch", "0.5")  # or skip
    items = Items()
    # a busy machine takes long to open its memory, so it is watched for long
    thread = later(12, items.add)
    try:
        report = watched("eventpoll_epi", "--watch", "24")
    finally:
        thread.join()
        items.close()
    row = report["watched"][0]
    assert row["name"] == "do_epoll_ctl", report["watched"]
    # the bounds hold in 99 of 100 cases; this is to hold in all of them
    assert row["held_low_bytes"] * 0.9 <= ITEMS * ITEM_BYTES <= row["held_high_bytes"] * 1.1, row
    assert row["error"] < 0.25 and row["context"] == "task" and row["pid"] == os.getpid(), row
    assert row["kept"] > 0.9, row
    watch = report["watch"]
    assert watch["kernel_bytes"] <= 8 << 20, watch
    if watch["objects_middle"] is not None and watch["coverage"] >= 0.95:
        moved = watch["objects_middle"] - watch["objects_before"]
        assert abs(moved - ITEMS) < ITEMS // 20, watch
    assert sum(line["held_bytes"] for line in report["profile"]) > 0


@test
def what_was_freed_is_not_held_though_no_event_shows_the_free():
    need_root()
    room_for_files()
    watched("eventpoll_epi", "--watch", "0.5")
    items = Items()
    thread = later(6, items.add, items.remove)
    try:
        report = watched("eventpoll_epi", "--watch", "30")
    finally:
        thread.join()
        items.close()
    held = sum(row["held_bytes"] for row in report["watched"] if row["pid"] == os.getpid())
    assert held < ITEMS * ITEM_BYTES / 50, report["watched"]
    watch = report["watch"]
    if watch["unseen_frees"] > watch["freed"]:  # no hook on this kernel
        assert watch["coverage"] < 0.95, watch
        text = succeed("users", "eventpoll_epi", "--watch", "0.5").out.decode()
        assert "most is held by" not in text, text


@test
def two_watches_at_once_do_not_disturb_each_other():
    need_root()
    watched("slab", "--watch", "0.5")
    command = [lib.program, "users", "slab", "--watch", "2", "-o", "json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        out = process.communicate(timeout=120)[0]
        assert process.returncode == 0
        assert json.loads(out)["watch"]["samples"] > 0


@test
def a_signal_ends_it_with_what_was_seen():
    need_root()
    watched("slab", "--watch", "0.5")
    process = subprocess.Popen([lib.program, "users", "slab", "--watch", "60", "-o", "json"],
                               stdout=subprocess.PIPE, text=True)
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 0, process.returncode
    assert json.loads(out)["watch"]["watch_ms"] < 30000


@test
def what_cannot_be_watched_is_one_sentence():
    refuse("users", "no_such_cache", "--watch", "1", status=2, says="cannot be watched")
    with Folder() as folder:
        file = plant(folder, {"page_owner.txt": OWNER}) / "page_owner.txt"
        refuse("-s", file, "users", "pages", "--watch", "1", status=2, says="the running machine")
    refuse("users", "slab", "--watch", "never", status=2, says="takes seconds")
    if os.geteuid() == 0:
        refuse("users", "slab", "--watch", "1", user=65534, says="kernel memory")


@test
def stacks_are_passed_on_to_other_viewers():
    with Folder() as folder:
        file = plant(folder, {"page_owner.txt": OWNER}) / "page_owner.txt"
        folded = succeed("-s", file, "users", "pages", "-o", "folded").out.decode()
        assert folded.splitlines() == [
            "net_poll;widget_rx [widget];__alloc_pages;post_alloc_hook 4",
            "gadget_new;post_alloc_hook 1"], folded
        scope = json.loads(succeed("-s", file, "users", "pages", "-o", "speedscope").out)
        profile = scope["profiles"][0]
        names = [frame["name"] for frame in scope["shared"]["frames"]]
        assert [names[i] for i in profile["samples"][1]] == ["gadget_new", "post_alloc_hook"]
        assert profile["weights"] == [4, 1] and profile["endValue"] == 5
        flame = succeed("-s", file, "users", "pages", "-o", "flame").out.decode()
        assert flame.count("<rect") == 2 + 1 + 6 and "widget_rx [widget]" in flame, flame
        refuse("doctor", "-o", "flame", status=2, says="shows stacks")
        pprof = subprocess.run([lib.program, "-s", str(file), "users", "pages", "-o", "pprof"],
                               stdout=subprocess.PIPE, check=True).stdout
        fields = list(proto(pprof))
        strings = [value.decode() for number, value in fields if number == 6]
        assert strings[:5] == ["", "objects", "count", "space", "bytes"], strings
        samples = [list(proto(value)) for number, value in fields if number == 2]
        functions = {dict(proto(value))[1]: strings[dict(proto(value))[2]]
                     for number, value in fields if number == 5}
        assert [functions[value] for number, value in samples[1] if number == 1] == \
            ["post_alloc_hook", "gadget_new"], samples
        assert [value for number, value in samples[1] if number == 2] == [1, 1], samples


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def proto(data):
    """(field, value) of a message of protocol buffers, of numbers and bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            assert key & 7 == 2, key
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value
