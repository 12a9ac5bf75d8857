# SPDX-License-Identifier: GPL-2.0-or-later
"""A watch of "users" held against a kernel that counts every allocation itself: the objects that
the tracks of slub_debug=U date into the time of the watch, by call site, and the change of
/proc/allocinfo, by function. "holders" holds what "users CACHE" finds in memory against the
tracks."""

import collections
import fnmatch
import json
import re
import time

import scenario
from machine import Broken, pause

LEAST = {"slab": 100, "pages": 64 << 10}  # objects, bytes
# what commands of the test may have too: of a shell, of pipes
NOISE = {"slab": 8, "pages": 32 << 10}
START_S = 60
ALLOCINFO = re.compile(r"\s*(-?\d+)\s+(-?\d+)\s+(\S+)(?: \[\S+\])? func:(\S+)")
TRACK = re.compile(r"\s*(\d+) (\S+?)/0x[0-9a-f]+(?: \[\S+\])?(?: waste=\S+)? age=(\d+)(?:/\d+/(\d+))?")
# memory that the kernel counts twice, at its pages and at its objects; pages that have counters of
# their own, which a watch of pages leaves out
OTHER = ("alloc_slab_page", "pcpu_alloc_pages", "pte_alloc_one", "__pmd_alloc", "__pud_alloc",
         "p4d_alloc_one", "_pgd_alloc", "folio_prealloc", "shmem_alloc_folio")


def function_of(frame):
    """Without the place in it, and what the compiler put behind the name of a part or a copy."""
    return frame.split(" [")[0].split("+0x")[0].split(".")[0]


def uptime(vm):
    return float(vm.run("cat /proc/uptime").split()[0])


def read_allocinfo(vm):
    """{function: (bytes, objects)}, over all of its lines of code."""
    sums = collections.defaultdict(lambda: [0, 0])
    for line in vm.read("cat /proc/allocinfo").decode().splitlines():
        found = ALLOCINFO.match(line)
        if found:
            sums[found[4]][0] += int(found[1])
            sums[found[4]][1] += int(found[2])
    return sums


class Tracks:
    """Objects of each stack, as slub_debug=U keeps them: (cache, call site, objects, smallest age,
    largest age, functions); ages in seconds."""

    def __init__(self, vm):
        ticks = vm.run("zcat /proc/config.gz | sed -n 's/^CONFIG_HZ=//p'")
        self.begun = uptime(vm)
        text = vm.read("for d in /sys/kernel/debug/slab/*; do test -L $d || "
                       "{ echo @${d##*/}; cat $d/alloc_traces; }; done").decode()
        self.ended = uptime(vm)
        self.rows, cache = [], ""
        for line in text.splitlines():
            found = TRACK.match(line)
            if line.startswith("@"):
                cache = line[1:]
            elif found:
                youngest, oldest = int(found[3]), int(found[4] or found[3])
                self.rows.append((cache, found[2], int(found[1]), youngest / int(ticks),
                                  oldest / int(ticks), set()))
            elif line.startswith("        "):
                self.rows[-1][5].add(function_of(line.strip()))

    def between(self, first, last):
        """{call site: [at least, at most]} of the objects allocated between two times."""
        sums = collections.defaultdict(lambda: [0, 0])
        for _, site, count, youngest, oldest, _ in self.rows:
            # its cache was read at one of these two times, or between them
            if self.ended - youngest < first or self.begun - oldest > last:
                continue
            sums[site][1] += count
            if self.begun - oldest >= first and self.ended - youngest <= last:
                sums[site][0] += count
        return sums

    def held(self, cache, function):
        """Objects of a cache whose stack has the function."""
        return sum(count for name, _, count, _, _, functions in self.rows
                   if name == cache and function in functions)


# ---- a watch ----

def changes(before, after, column):
    """[at least, at most] by function: readings on both sides of when the watch began and ended."""
    return {name: [min(sums[name][column] for sums in after)
                   - max(sums[name][column] for sums in before),
                   max(sums[name][column] for sums in after)
                   - min(sums[name][column] for sums in before)]
            for name in after[0] if name not in OTHER}


def watched(report, key_of, unit):
    """[at least, at most] of each key of a stack."""
    sums = collections.defaultdict(lambda: [0, 0])
    for row in report["profile"]:
        if row["held_bytes"]:
            each = row["held_objects"] / row["held_bytes"] if unit == "slab" else 1
            key = key_of(row["stack"].split(" < "))
            sums[key][0] += row["held_low_bytes"] * each
            sums[key][1] += row["held_high_bytes"] * each
    return sums


def nearness(one, other):
    return abs(sum(one) - sum(other)) / max(1, sum(one) + sum(other))


class Sites:
    """What the kernel and a watch have by name. The watch has the frame that an allocation came
    from, the kernel the function that asked for it: a wrapper that was compiled into its caller, or
    that jumps to the allocator, has the name of its caller in the watch. All of a frame is one or
    the other, so a frame may move to another name where both names agree after that."""

    def __init__(self, truth, found, name_of, noise):
        self.truth, self.found, self.noise = truth, found, noise
        self.names = {frame: name_of(frame) for frame in found}
        self.moved = {}

    def of(self, name):
        """[at least, at most] by the watch."""
        bounds = [self.found[frame] for frame, its in self.names.items() if its == name]
        return [sum(low for low, _ in bounds), sum(high for _, high in bounds)]

    def excess(self, name, more=(0, 0), sign=1):
        """1 where the watch has too much, -1 where it has too little, 0 where both agree."""
        found = [amount + sign * added for amount, added in zip(self.of(name), more)]
        kernel = self.truth.get(name, (0, 0))
        return (found[0] - self.noise > kernel[1]) - (found[1] + self.noise < kernel[0])

    def moves(self, name):
        """(nearness, frame, to) of each move from or to this name that brings it nearer and makes
        neither name too small or too large."""
        state = self.excess(name)
        for frame, its in self.names.items():
            amount = self.found[frame]
            if frame in self.moved or amount[1] <= self.noise or (state > 0) != (its == name):
                continue
            for other in self.truth if state > 0 else [name]:
                if other != its and self.excess(its, amount, -1) >= 0 and \
                        self.excess(other, amount) <= 0:
                    missing = [truth - found for truth, found in zip(
                        self.truth.get(other, (0, 0)), self.of(other))]
                    yield nearness(amount, missing), frame, other

    def settle(self, names):
        """Each frame moves once at most."""
        for _ in self.found:
            best = min((move for name in names if self.excess(name) for move in self.moves(name)),
                       default=None)
            if not best:
                break
            self.moved[best[1]] = best[2]
            self.names[best[1]] = best[2]


def compare(what, unit, truth, found, report, name_of=lambda frame: frame):
    """(problems, what was seen). Sites agree where the bounds of both meet."""
    sites = Sites(truth, found, name_of, NOISE[unit])
    names = {name for name in {*truth, *sites.names.values()}
             if max(truth.get(name, (0, 0))[0], sites.of(name)[0]) >= LEAST[unit]}
    sites.settle(names)
    other = {name for name in names if sites.excess(name)}
    # a watch says itself from which amount on a stack is in it
    small = {name for name in other if name not in sites.names.values()
             and truth[name][1] * size_of(unit) < report["watch"]["unlisted_bytes"]}
    problems = [f"{what}: {name}: {' to '.join(map(str, truth.get(name, (0, 0))))} by the kernel, "
                f"{' to '.join(f'{amount:.0f}' for amount in sites.of(name))} by the watch"
                for name in sorted(other - small)]
    agreed = len(names) - len(other)
    if not agreed:
        problems.append(f"{what}: there is no site to compare")
    more = (f", {len(sites.moved)} frames by the function that was compiled into them"
            if sites.moved else "") + (f"; {len(small)} too small for its samples" if small else "")
    return problems, f"{what}: {agreed} of {len(names) - len(small)} sites agree{more}"


def size_of(unit):
    """Bytes of an object, at most; the slots of larger ones hold few."""
    return 256 if unit == "slab" else 1


def is_done(vm):
    return vm.try_run("pidof ktally")[0] != 0


def run(item, vm, save):
    """(problems, what was seen, figures)"""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    unit, seconds = item.values["counts"][0].split()
    try:
        work.perform(item.values["prepare"])
        vm.report(f"users {unit} --watch 0.5")
        work.wait_rest()
        before = [read_allocinfo(vm)]
        vm.run(f"ktally users {unit} --watch {seconds} --cpu 100 -o json "
               ">/tmp/watch.json 2>/tmp/watch.errors &")
        ends = time.monotonic() + START_S
        # the watch has all of its programs in place before it has a clock
        while vm.try_run("ls -l /proc/$(pidof ktally)/fd | grep -q timerfd")[0]:
            if time.monotonic() > ends or is_done(vm):
                raise Broken("the watch does not begin: " + vm.run("cat /tmp/watch.errors"))
            pause(0.1)
        begun = uptime(vm)
        before.append(read_allocinfo(vm))
        work.perform(item.values["do"])
        after, loaded = [read_allocinfo(vm)], uptime(vm)
        if loaded - begun > float(seconds) / 2 - 1:
            raise Broken(f"the load took {loaded - begun:.0f} s, more than allocations are seen")
        while not is_done(vm):
            pause(0.5)
        after.append(read_allocinfo(vm))
        tracks = Tracks(vm) if unit == "slab" else None
        report = json.loads(vm.read("cat /tmp/watch.json"))
        save(f"{item.name}.json", report)
        return judge(unit, report, tracks, (begun, begun + float(seconds) / 2), before, after)
    finally:
        work.perform(item.values["undo"])


def judge(unit, report, tracks, times, before, after):
    problems, told = [], []
    truth = changes(before, after, 1 if unit == "slab" else 0)

    def key_of(stack):
        """The frame of an object; pages have allocators above their site."""
        names = [function_of(frame) for frame in stack]
        if unit == "slab":
            return stack[0].split(" [")[0]
        return next((name for name in names if name in truth), next(
            (function_of(frame) for frame in stack if "[" in frame), names[0]))

    if tracks:
        more, text = compare("tracks of objects", unit, tracks.between(times[0] - 1, times[1] + 1),
                             watched(report, key_of, unit), report)
        problems += more
        told.append(text)
    more, text = compare("allocinfo", unit, truth, watched(report, key_of, unit), report,
                         function_of)
    return problems + more, told + [text], {}


# ---- holders of what was there before ----

def run_holders(item, vm, save):
    """(problems, what was seen, figures): each line has CACHE | FUNCTION = PATTERN, ...; objects
    with the function in their stack are those of the rows that "users CACHE" has by the pattern."""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    problems, named, caches = [], 0, 0
    try:
        work.perform(item.values["prepare"] + item.values["do"])
        work.wait_rest()
        tracks = Tracks(vm)
        for line in item.values["holders"]:
            cache, pairs = (part.strip() for part in line.split("|"))
            report = vm.report(f"users {cache} -a")
            save(f"{item.name}-{cache}.json", report)
            for pair in pairs.split(","):
                function, pattern = (part.strip() for part in pair.split("="))
                kernel, found = tracks.held(cache, function), held_by(report, pattern)
                if not kernel or abs(kernel - found) > kernel // 50 + 4:
                    problems.append(f"{cache}: {function} allocated {kernel} objects, "
                                    f"'{pattern}' has {found}")
                named += 1
            caches += 1
    finally:
        work.perform(item.values["undo"])
    return problems, [f"{named} holders of {caches} caches are as the tracks have them"], {}


def held_by(report, pattern):
    """Objects of the rows with a text that is like the pattern."""
    return sum(row["objects"] for table in ("object_kinds", "object_groups", "object_holders")
               for row in report.get(table) or []
               if any(isinstance(value, str) and fnmatch.fnmatchcase(value, pattern)
                      for value in row.values()))
