# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings: the same from any form of the same data, none of a machine at rest."""

import gzip
import random
from datetime import datetime, timedelta, timezone

import lib
from lib import Folder, plant, refuse, succeed, test
from test_schema import must_be_valid

START = datetime(2026, 11, 20, 0, 0, 1, tzinfo=timezone.utc)
STEP_S = 600
SAMPLES = 576  # four days
ONSET = 300  # the sample with which the leak begins
SLABS_PER_SAMPLE = 170  # of one page: 4 MiB an hour

HEAD = ("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
        "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
        "slabdata <active_slabs> <num_slabs> <sharedavail>\n")


def cache(name, slabs):
    return (f"{name}  {slabs * 21} {slabs * 21} 192 21 1 : tunables 0 0 0 : slabdata {slabs} "
            f"{slabs} 0\n")


class Machine:
    """Samples of /proc/meminfo and /proc/slabinfo: a cache that leaks, if asked, and others."""

    def __init__(self, leaks, seed=1):
        chance = random.Random(seed)
        self.noise = [[chance.randrange(3) for _ in range(4)] for _ in range(SAMPLES)]
        self.leaks = leaks

    def grown(self, i):
        return SLABS_PER_SAMPLE * max(0, i - ONSET) if self.leaks else 0

    def slabinfo(self, i):
        noise = self.noise[i]
        return (HEAD + cache("widget_cache", 2000 + noise[0] + self.grown(i)) +
                cache("quiet_cache", 500) + cache("busy_cache", 900 + noise[1] * 20) +
                cache("dentry", 4000 + min(i, 60) * 100 + noise[2]))

    def meminfo(self, i):
        grown = 4 * self.grown(i)
        return (f"MemTotal:        8012340 kB\nMemFree:         {4000000 - grown} kB\n"
                f"MemAvailable:    {5000000 - grown} kB\nBuffers:           20480 kB\n"
                "Cached:          2000000 kB\nActive:          1500000 kB\nInactive:        "
                "1000000 kB\nAnonPages:        900000 kB\nMapped:           200000 kB\n"
                f"Shmem:             50000 kB\nSlab:             {300000 + grown} kB\n"
                f"SReclaimable:     200000 kB\nSUnreclaim:       {100000 + grown} kB\n"
                "KernelStack:        9000 kB\nPageTables:        12000 kB\n")

    def both(self, i):
        return self.meminfo(i) + self.slabinfo(i)


def at(i):
    return START + timedelta(seconds=STEP_S * i)


def logged(form, what, after=False):
    parts = []
    for i in range(SAMPLES):
        line = at(i).strftime(form) + "\n"
        parts += [what(i), line] if after else [line, what(i)]
    return "".join(parts)


def on_each_line(form, what):
    return "".join(at(i).strftime(form) + line for i in range(SAMPLES)
                   for line in what(i).splitlines(True))


def habits(machine):
    """Files of ten habits of saving the same numbers."""
    yield "date before", {"a.log": logged("%a %b %d %H:%M:%S UTC %Y", machine.both)}
    yield "date after", {"a.log": logged("%a %b %d %H:%M:%S UTC %Y", machine.both, after=True)}
    yield "seconds", {"a.log": "".join(f"{int(at(i).timestamp())}\n" + machine.both(i)
                                       for i in range(SAMPLES))}
    yield "a frame", {"a.log": logged("===== %Y-%m-%d %H:%M:%S =====", machine.both)}
    yield "oswatcher", {"a.log": logged("zzz ***%a %b %d %H:%M:%S UTC %Y", machine.both)}
    yield "lines with times", {"a.log": on_each_line("%Y-%m-%dT%H:%M:%SZ ", machine.both)}
    yield "syslog", {"a.log": on_each_line("%b %d %H:%M:%S host mem[77]: ", machine.both)}
    yield "a file a sample", {f"d/all.{at(i):%Y%m%d-%H%M%S}": machine.both(i)
                              for i in range(SAMPLES)}
    yield "two logs", {"m.log": logged("%Y-%m-%dT%H:%M:%SZ", machine.meminfo),
                       "s.log": logged("%Y-%m-%dT%H:%M:%SZ", machine.slabinfo)}
    yield "packed", {"a.log.gz": gzip.compress(logged("%Y%m%dT%H%M%SZ", machine.both).encode())}


def found(folder, files, number):
    """The findings of imported files, as id and subject; all of them, with their order."""
    part = folder / str(number)
    plant(part, files)
    inputs = sorted(part.iterdir())
    succeed("import", *inputs, "-o", folder / f"{number}.rec", "--force")
    result = succeed("diagnose", "-s", folder / f"{number}.rec", "-o", "json")
    report = must_be_valid("diagnose", result)
    return [(finding["id"], finding["subject"]) for finding in report["findings"]], report


@test
def ten_habits_of_saving_the_same_numbers_give_the_same_findings():
    with Folder() as folder:
        results = {name: found(folder, files, i)[0]
                   for i, (name, files) in enumerate(habits(Machine(leaks=True)))}
    assert len(results) == 10
    first = results["date before"]
    assert first and first[0] == ("growing", "slab:widget_cache"), first
    for name, findings in results.items():
        assert findings == first, f"{name}: {findings}, not {first}"


@test
def growth_has_figures_and_says_why_it_is_not_called_a_leak():
    with Folder() as folder:
        files = {"a.log": logged("%Y-%m-%dT%H:%M:%SZ", Machine(leaks=True).both)}
        _, report = found(folder, files, 0)
    finding = report["findings"][0]
    rate = SLABS_PER_SAMPLE * 4096 * 3600 / STEP_S
    assert abs(finding["hourly_bytes"] - rate) < rate / 10, finding["hourly_bytes"]
    onset_ms = at(ONSET).timestamp() * 1000
    assert abs(finding["since_ms"] - onset_ms) < 12 * 3600 * 1000, finding["since_ms"]
    assert finding["severity"] == "warning", finding["severity"]
    assert finding["state"] == "growing, not yet known"
    assert finding["culprit"] is None
    assert "widget_cache" in finding["next"]
    assert len(finding["floors_bytes"]) > 8
    # what is left at the end, at this rate
    left = (5000000 - 4 * SLABS_PER_SAMPLE * (SAMPLES - 1 - ONSET)) * 1024
    assert finding["short_low_s"] <= left / rate * 3600 <= finding["short_high_s"], finding


@test
def a_machine_at_rest_gets_one_sentence():
    with Folder() as folder:
        files = {"a.log": logged("%Y-%m-%dT%H:%M:%SZ", Machine(leaks=False).both)}
        findings, _ = found(folder, files, 0)
        text = succeed("diagnose", "-s", folder / "0.rec").text
    assert not [one for one in findings if one[0] in ("leak", "growing")], findings
    assert "nothing is wrong: " in text, text


@test
def one_reading_says_that_it_cannot_show_growth():
    tree = lib.REPOSITORY / "tests" / "fixtures"
    for one in sorted(tree.iterdir()):
        if not (one / "proc" / "meminfo").exists():
            continue
        result = succeed("diagnose", "-s", one, "-o", "json")
        report = must_be_valid("diagnose", result)
        assert not [f for f in report["findings"] if f["state"] == "leak"], one
        assert any("cannot show growth" in note for note in report["notes"]), one


@test
def a_file_that_is_no_recording_is_refused_as_one():
    with Folder() as folder:
        plant(folder, {"a.txt": "nothing"})
        refuse("diagnose", "--recording", folder / "a.txt")
