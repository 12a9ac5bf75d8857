# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that read kernel memory, one after the other, while guest/churn.c keeps the kernel's
structures in motion. What a report says has to hold in spite of that: its parts add up, what
no process touches is counted as before, and its totals lie between the least and the most that the
kernel's counters had meanwhile."""

import base64
import gzip
import json
import re
import time

from machine import Broken, pause
from shown import PAGE

RUN_S = 120  # for one command, beside the churn
MODULE = "/modules/ktally_test.ko"
BAD_LINES = re.compile(r"WARNING|BUG|Oops|lockup|blocked for more than|stall|general protection|"
                       r"Call Trace|page allocation failure|refcount_t|KASAN|list_(add|del) corr")
# bytes; each CPU keeps up to some pages of a counter to itself (mm/vmstat.c, stat_threshold)
SLAB_SLACK = 768 << 10
STACK_SLACK = 256 << 10
PERCPU_SLACK = 32 << 10
SIGNALS_MOST = 500 + 64  # that churn has waiting at a time, and SIGCHLD
GAVE_UP_SHARE = 0.05  # of runs; an error that says that a list changed is an outcome
GAVE_UP = re.compile(r"does not hold together|changed")
SLOWEST_S = 60
NICENESS = (0, -10)  # one run among the churn, one before it
PROBLEMS_MOST = 20


class Wrong(Exception):
    pass


class Watched:
    """What churn watch printed: how the command ended, and the span of each counter."""

    def __init__(self, text):
        self.spans, self.status, self.signal, self.ms = {}, None, None, None
        for line in text.splitlines():
            name, *numbers = line.split()
            if name in ("status", "signal", "ms"):
                setattr(self, name, int(numbers[0]))
            else:
                self.spans[name] = tuple(map(int, numbers))


class Checker:
    """Holds the reports of one command against what is known. `worst` has the largest distance
    of each total from the span of its counter."""

    def __init__(self):
        self.quiet = None  # the report before the churn
        self.runs = self.gave_up = self.uncertain = 0
        self.slowest_ms, self.worst = 0, {}

    def between(self, what, value, low, high, slack):
        off = max(low - value, value - high, 0)
        self.worst[what] = max(off, self.worst.get(what, 0))
        if off > slack:
            raise Wrong(f"{what} is {value}, not {low} to {high} (± {slack})")

    def same(self, what, value, wanted):
        if value != wanted:
            raise Wrong(f"{what} is {value}, not {wanted}")


def find(rows, **wanted):
    for row in rows:
        if all(row[key] == value for key, value in wanted.items()):
            return row
    raise Wrong(f"no row with {wanted}")


def known(values):
    return sum(value for value in values if value is not None)


PARTS = ("in_use_bytes", "cached_bytes", "free_bytes", "padding_bytes", "tail_bytes")


def check_slab_parts(check, report):
    for row in report["caches"]:
        if row["name"].startswith("("):
            continue
        if any(row[part] is None for part in PARTS):
            raise Wrong(f"{row['name']}: a part is not known: {row}")
        check.same(f"{row['name']}: sum of parts", known(row[part] for part in PARTS),
                   row["bytes"])
    slab = report["slab"]
    check.same("sum of caches", known(row["bytes"] for row in report["caches"]), slab["bytes"])
    check.same("caches_bytes", known(row["bytes"] for row in report["caches"]
                                     if not row["name"].startswith("(")), slab["caches_bytes"])


def cache_of(report, name):
    """The row of the cache that serves this name."""
    for row in report["caches"]:
        if name in [row["name"], *(row["aliases"] or "").split(", ")]:
            return row
    raise Wrong(f"no cache {name}")


def check_slab(check, report, watched):
    check_slab_parts(check, report)
    slab, (low, high) = report["slab"], watched.spans["Slab"]
    check.between("Slab", slab["bytes"], low, high, SLAB_SLACK)
    large = check.quiet["slab"]["bytes"] - check.quiet["slab"]["caches_bytes"]
    check.between("caches", slab["caches_bytes"], low - large - slab["uncertain_bytes"], high,
                  SLAB_SLACK)
    check.uncertain += any(row["ready_bytes"] for row in report["caches"])
    for name, more in (("sigqueue", SIGNALS_MOST), ("eventpoll_epi", None)):
        row = cache_of(report, name)
        objects = cache_of(check.quiet, name)["objects"]
        unsure = row["ready_bytes"] // row["slot_bytes"]
        check.between(f"{name}, objects", row["objects"], objects - unsure,
                      row["objects"] if more is None else objects + more + unsure, 0)


def check_charges(check, report, watched):
    low, high = watched.spans["Slab"]
    check.between("Slab", report["slab"]["bytes"], low, high, SLAB_SLACK)
    kept = [row for row in report["charges"] if row["cgroup"] == "kept"]
    for was in check.quiet["charges"]:
        if was["cgroup"] != "kept" or was["objects"] < 1000:
            continue
        now = find(kept, cache=was["cache"])
        unsure = known(row["objects"] for row in report["charges"]
                       if row["cgroup"] == "(not known)" and row["cache"] == was["cache"])
        check.uncertain += unsure > 0
        check.between(f"{was['cache']} of the cgroup", now["objects"],
                      was["objects"] - unsure, was["objects"], 0)


def check_census(check, report, watched):
    check.same("sum of classes", known(row["pages"] for row in report["classes"]),
               report["pages"])
    check.same("pages", report["pages"], check.quiet["pages"])
    check.same("unread", find(report["classes"], id="unread")["pages"], 0)
    kept = find(report["rows"], id="boot")
    check.same("boot", kept["pages_bytes"], find(check.quiet["rows"], id="boot")["pages_bytes"])
    slab, (low, high) = find(report["rows"], id="slab"), watched.spans["Slab"]
    # the counter has large kmalloc as well
    large = known(find(rows["rows"], id="kmalloc_large")["counters_bytes"]
                  for rows in (report, check.quiet))
    moved = abs(slab["moved_bytes"] or 0)
    check.between("slab", slab["pages_bytes"], low - large - moved, high + moved, SLAB_SLACK)
    tables, (low, high) = find(report["rows"], id="page_tables"), watched.spans["PageTables"]
    moved = abs(tables["moved_bytes"] or 0)
    check.between("page tables", tables["pages_bytes"], low - moved, high + moved, STACK_SLACK)


def check_mempools(check, report, _watched):
    for row in report["mempools"]:
        if row["current"] > row["minimum"]:
            raise Wrong(f"mempool {row['element']} keeps {row['current']} of {row['minimum']}")
    for column in ("pools", "current", "minimum", "bytes"):
        check.same(f"mempools, {column}", report["mempools_total"][column],
                   check.quiet["mempools_total"][column])


def check_dcache(check, report, watched):
    kept = find(report["superblocks"], mount="/tmp/kept")
    was = find(check.quiet["superblocks"], mount="/tmp/kept")
    for column in ("dentries", "inodes", "dentry_bytes"):
        if column == "inodes" and kept[column] is None:
            check.uncertain += 1
            continue
        check.same(f"{column} of a file system at rest", kept[column], was[column])
    for column in ("dentries", "inodes"):
        low, high = watched.spans[column]
        check.between(column, known(row[column] for row in report["superblocks"]), low, high,
                      max(high // 10, 1000))


def check_directories(check, report, watched):
    kept = find(report["directories"], directory="/tmp/kept")
    was = find(check.quiet["directories"], directory="/tmp/kept")
    for column in ("dentries", "inodes", "long_names"):
        check.same(f"{column} of a directory at rest", kept[column], was[column])
    low, high = watched.spans["dentries"]
    check.between("dentries by directory", known(row["dentries"] for row in report["directories"]),
                  low, high, max(high // 10, 1000))


def check_kinds(check, report, watched):
    kept = find(report["object_kinds"], object_kind="tmpfs on /tmp/kept")
    check.same("dentries of a file system at rest", kept["objects"],
               find(check.quiet["object_kinds"], object_kind="tmpfs on /tmp/kept")["objects"])
    low, high = watched.spans["dentries"]
    check.between("dentries by kind", known(row["objects"] for row in report["object_kinds"]),
                  low, high, max(high // 10, 1000))


def check_stacks(check, report, watched):
    low, high = watched.spans["KernelStack"]
    total, depth = report["kernel_stacks_bytes"], report["depth"]
    check.between("KernelStack", total, low, high, STACK_SLACK)
    check.same("sum of stacks", known(row["bytes"] for row in report["stacks"]), total)
    unsure = depth["torn_lists"] + depth["unread"]
    check.uncertain += unsure > 0
    if not depth["torn_lists"]:
        check.between("stacks read", depth["stacks_bytes"], low, high, STACK_SLACK)
    if depth["deepest_bytes"] > report["stack_bytes"]:
        raise Wrong(f"a stack is {depth['deepest_bytes']} deep")


def check_percpu(check, report, watched):
    low, high = watched.spans["Percpu"]
    check.same("units", report["units"], check.quiet["units"])
    check.same("sum of parts", known(row["bytes"] for row in report["parts"]),
               report["counter_bytes"])
    check.between("Percpu", report["counter_bytes"], low, high, PERCPU_SLACK)
    if report["torn_chunks"]:
        check.uncertain += 1
    else:
        check.between("chunks", report["chunks_bytes"], low, high, PERCPU_SLACK)
    for row in report["chunks"]:
        check.same(f"chunk {row['chunk']}", row["used_bytes_per_cpu"] + row["free_bytes_per_cpu"],
                   row["unit_bytes"])


def check_hash(check, report, watched):
    """Files that no process touches are in their chains; nothing is counted twice."""
    _, high = watched.spans["dentries"]
    for row in report["tables"]:
        if row["chained"] is None:
            continue
        check.same(f"entries of {row['name']}", row["entries"],
                   find(check.quiet["tables"], name=row["name"])["entries"])
    row = find(report["tables"], name="Dentry cache")
    check.uncertain += row["torn_entries"] > 0
    check.between("torn dentry chains", row["torn_entries"], 0, 0, 50)
    check.between("dentries in their table", row["chained"], 2000 - row["torn_entries"], high,
                  max(high // 10, 1000))


def check_pages(check, report, watched):
    """What stays where it is has its owner; stacks are those of the counter."""
    others = report["others"]
    check.same("sum of owners", known(row["bytes"] for row in report["owners"]),
               others["direct_bytes"])
    check.same("total", report["owners_total"]["bytes"], others["direct_bytes"])
    if others["named_bytes"] > others["direct_bytes"]:
        raise Wrong(f"{others['named_bytes']} bytes of {others['direct_bytes']} have an owner")
    low, high = watched.spans["KernelStack"]
    check.between("stacks by mappings", others["stacks_bytes"], low, high, STACK_SLACK)
    # the second of the two points to what came last, and that is a module's page or the kernel's
    still = pages_of(check.quiet, "ftrace_pages")
    check.between("pages of ftrace_pages and ftrace_pages_start", pages_of(report, "ftrace_pages"),
                  still - 1, still + 1, 0)


def pages_of(report, start):
    return known(row["pages"] for row in report["owners"] if row["holder"].startswith(start))


def check_vmalloc(check, report, _watched):
    """Lists of freed areas change all the time: they are whole, or counted as torn."""
    lazy, asked = report["lazy"], report.get("requested")
    check.uncertain += lazy["torn_lists"] > 0
    if lazy["address_bytes"] < lazy["areas"] * PAGE:
        raise Wrong(f"{lazy['areas']} freed areas have {lazy['address_bytes']} bytes")
    # large areas are rounded up to huge pages
    if asked and not 0 <= asked["taken_bytes"] - asked["requested_bytes"] <= \
            asked["requested_areas"] * 512 * PAGE:
        raise Wrong(f"rounding of {asked}")


COMMANDS = {
    "vmalloc --exact": check_vmalloc,
    "slab --exact --details": check_slab,
    "census --exact --all": check_census,
    "mempools": check_mempools,
    "dcache --by superblock": check_dcache,
    "dcache --by directory -a": check_directories,
    "slab dentry --objects -a": check_kinds,
    "slab --by cgroup": check_charges,
    "stacks --used": check_stacks,
    "percpu --chunks": check_percpu,
    "hash --exact": check_hash,
    "pages -a": check_pages,
}


class Stress:
    def __init__(self, scenario, machine, save, seconds):
        self.scenario, self.machine, self.save, self.seconds = scenario, machine, save, seconds
        self.checkers = {command: Checker() for command in COMMANDS}
        self.problems = []

    def fetch(self, path):
        """What a command left in a file inside; nothing is run by then but the churn."""
        return gzip.decompress(base64.b64decode(self.machine.run(f"gzip -1 <{path} | base64")))

    def note(self, command, text, report=None):
        runs = self.checkers[command].runs
        self.problems.append(f"ktally {command}, run {runs}: {text}")
        if report is not None:
            self.save(f"{self.scenario.name}-{command.replace(' ', '')}-{runs}.json", report)

    def check_run(self, command):
        check = self.checkers[command]
        watched = Watched(self.machine.run(
            f"churn watch {RUN_S} {NICENESS[check.runs % 2]} /tmp/out ktally {command} -o json",
            timeout=RUN_S + 60))
        check.runs += 1
        check.slowest_ms = max(check.slowest_ms, watched.ms)
        if watched.signal is not None or watched.ms > SLOWEST_S * 1000:
            self.note(command, f"ended with signal {watched.signal} after {watched.ms} ms")
            return
        if watched.status != 0:
            why = self.machine.run("cat /tmp/out.errors").strip()
            if check.quiet and GAVE_UP.search(why):
                check.gave_up += 1
            else:
                self.note(command, f"status {watched.status}: {why}")
            return
        self.check_report(command, check, watched)

    def check_report(self, command, check, watched):
        try:
            report = json.loads(self.fetch("/tmp/out"))
        except ValueError as error:
            self.note(command, f"does not parse: {error}")
            return
        check.quiet = check.quiet or report
        try:
            COMMANDS[command](check, report, watched)
        except Wrong as why:
            self.note(command, str(why), {"report": report, "quiet": check.quiet,
                                          "spans": watched.spans})

    def complaints(self):
        """Lines of the kernel's log that tell of trouble."""
        return [line for line in self.machine.run("dmesg").splitlines() if BAD_LINES.search(line)]

    def check_churn(self):
        """Whether all of it was done, and worked."""
        told = []
        for line in self.machine.run("cat /tmp/churned").splitlines():
            kind, loops, failures = line.split()
            told.append(f"{loops} {kind}")
            if int(failures) or not int(loops):
                self.problems.append(f"churn: {failures} of {loops} {kind} failed")
        if not told:
            self.problems.append("churn: it did not end")
        return "churn: " + ", ".join(told)

    def churn(self):
        """Runs the commands in turn until the time is over, each at least once."""
        module = MODULE if self.machine.kernel.test_module else ""
        ends = time.monotonic() + self.seconds
        self.machine.run(f"rm -f /tmp/churned; churn run {self.seconds} {module} >/tmp/churned & "
                         "echo $! >/tmp/churn.pid")
        try:
            while time.monotonic() < ends and len(self.problems) < PROBLEMS_MOST:
                for command in COMMANDS:
                    if time.monotonic() < ends or self.checkers[command].runs < 2:
                        self.check_run(command)
            while self.machine.try_run("kill -0 $(cat /tmp/churn.pid)")[0] == 0:
                if time.monotonic() > ends + RUN_S or len(self.problems) >= PROBLEMS_MOST:
                    break
                pause(1)
        finally:
            self.machine.run("kill -9 $(cat /tmp/churn.pid) 2>/dev/null || true")

    def told(self):
        for command, check in self.checkers.items():
            worst = ", ".join(f"{what} {off}" for what, off in check.worst.items())
            yield (f"{command}: {check.runs} runs, {check.gave_up} gave up, {check.uncertain} "
                   f"uncertain, slowest {check.slowest_ms / 1000:.1f} s; off by {worst or 0}")

    def __call__(self):
        before = self.complaints()
        for command in COMMANDS:  # what the kernel makes at the first use stays
            self.machine.run(f"ktally {command} >/dev/null 2>&1")
        for command in COMMANDS:
            self.check_run(command)
        if not self.problems:
            self.churn()
            told = self.check_churn()
        else:
            told = "no churn"
        for line in self.complaints():
            if line not in before:
                self.problems.append(f"the kernel: {line}")
        for command, check in self.checkers.items():
            if check.gave_up > max(1, check.runs * GAVE_UP_SHARE):
                self.problems.append(f"ktally {command} gave up {check.gave_up} times of "
                                     f"{check.runs}")
        return [*self.told(), told]


def run(scenario, machine, save, seconds):
    """(problems, what was seen). A machine that is gone may be what the commands did to it: it
    gets no second attempt."""
    stress = Stress(scenario, machine, save, seconds)
    told = []
    try:
        for command in scenario.values["prepare"]:
            machine.run(command)
        try:
            told = stress()
        finally:
            for command in scenario.values["undo"]:
                machine.run(command)
    except Broken as error:
        stress.problems.append(str(error))
    return stress.problems, told or list(stress.told())
