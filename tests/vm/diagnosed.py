# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaks that "diagnose" names while they go on, and whose remedies are applied: "finds", "heals" and
"frees" of scenarios, see scenario.py. Scenarios with the same "together" leak at the same time into
one recording, because growth is judged in blocks of ten seconds and takes eight of them to show."""

import fnmatch
import re
import time

import dump
import scenario
from machine import Broken, Gone, pause

RECORDING = "/tmp/r.rec"
RECORD = f"ktally record -i 1 -n 900 {RECORDING} >/dev/null 2>&1 & echo $! >/tmp/recorder"
STOP = ("[ ! -e /tmp/recorder ] || { r=$(cat /tmp/recorder); kill $r; "
        "while kill -0 $r 2>/dev/null; do sleep 0.1; done; rm -f /tmp/recorder /tmp/r.rec*; }")
MOMENTS = ("capture", "dump")
LEAD_S = 12  # rest before the growth: a whole block
FIRST_S = 98  # after the growth began: eight blocks and two tests, wherever the blocks begin
LAST_S = 240  # one may come a block too early
DIAGNOSIS_S = 600  # it takes five minutes where much other work runs; what is watched leaks for longer
FREED_S = 20  # a hundred thousand sockets are closed one after the other


class Expected:
    """One line of "finds"."""

    def __init__(self, text):
        self.options, self.state, self.subject, self.culprit, self.next = (
            part.strip() for part in text.split("|"))

    def of(self, report):
        return [finding for finding in report["findings"] if asks_for_action(finding)
                and fnmatch.fnmatchcase(finding["subject"], self.subject)]

    def problems(self, report):
        findings = self.of(report)
        if not findings:
            yield f"nothing is found of {self.subject}"
            return
        for key in ("state", "culprit", "next"):
            pattern = getattr(self, key)
            if not fnmatch.fnmatchcase(str(findings[0][key]), pattern):
                yield f"{self.subject}: {key} is {findings[0][key]!r}, not {pattern!r}"


def asks_for_action(finding):
    """The size of a row is no diagnosis."""
    return finding["severity"] != "info" and finding["id"] != "large-row"


def moved(rows, old, new):
    return sum((new[row] or 0) - (old[row] or 0) for row in rows)


def freed(text, before, held, healed):
    """(what came back, the problem with it or None) of one line of "frees" """
    names, share = text.split()
    rows = names.split("+")
    taken, back = moved(rows, before, held), moved(rows, healed, held)
    told = f"{names} grew {scenario.mib(taken)}, {scenario.mib(back)} came back"
    enough = taken >= 1 << 20 and back >= taken * float(share) / 100
    return told, None if enough else f"{told}, not {share} %"


class Leak:
    """One scenario of those that leak together."""

    def __init__(self, item, vm, save):
        self.item = item
        self.base = scenario.Run(item, vm, save)
        self.expected = [Expected(text) for text in item.values["finds"]]
        self.found, self.told, self.problems = None, [], []

    def check(self, report, options):
        """Whether the findings for these options are as expected; else self.problems says why."""
        self.problems = []
        for one in self.expected:
            if one.options != options:
                continue
            self.problems += one.problems(report)
            if not self.problems:
                self.found = one.of(report)[0]
        return not self.problems

    def tell(self, seconds):
        self.told.append(f"{self.found['state']}: {self.found['subject']}, {self.found['culprit']}, "
                         f"after {seconds:.0f} s")


class Together:
    def __init__(self, items, vm, save, ktally):
        self.vm, self.save, self.name = vm, save, items[0].values["together"][0]
        self.ktally = ktally
        self.skipped, self.leaks = {}, []
        for item in items:
            leak = Leak(item, vm, save)
            try:
                leak.base.check_needs()
                self.leaks.append(leak)
            except scenario.Skip as why:
                self.skipped[item.name] = str(why)

    def each(self, key):
        for leak in self.leaks:
            leak.base.perform(leak.item.values[key])

    def account(self, when):
        """Rows of the account."""
        return scenario.rows_of(self.leaks[0].base.account(f"{self.name}-{when}"))

    def moment(self, kind):
        """What is read here, not inside: a capture of the machine, or a dump of its memory."""
        if kind == "dump":
            return dump.take_one(self.vm, self.ktally, "leaking.dump", "-z")
        file = self.vm.folder / "leaking.tar"
        self.vm.run("ktally capture --force /tmp/leaking.tar")
        file.write_bytes(self.vm.read("cat /tmp/leaking.tar"))
        return dump.Dump(file, self.ktally)

    def diagnose(self, options):
        if options in MOMENTS:
            report = self.moment(options).report("diagnose")
        else:
            report = self.vm.report(f"diagnose --recording {RECORDING} {options}".strip(), DIAGNOSIS_S)
        self.save(f"{self.name}-found{options.replace(' ', '')}.json", report)
        return report

    def blames_more(self, report):
        """Findings about nothing that leaks: a person would look there too."""
        wanted = [finding for leak in self.leaks for one in leak.expected
                  for finding in one.of(report)[:1]]
        also = [subject for leak in self.leaks for subject in leak.item.values["also"]]
        return [f"also found: {finding['id']} {finding['subject']}" for finding in report["findings"]
                if asks_for_action(finding) and finding not in wanted
                and finding["subject"] not in also]

    def find(self, options, started):
        """Until all are named; each time diagnose reads the recording anew."""
        waiting = self.leaks
        while True:
            report = self.diagnose(options)
            now = time.monotonic() - started
            # what was named once is: some leaks end while others are looked for
            waiting = [leak for leak in waiting if not leak.check(report, options)]
            if not waiting or options or now > LAST_S:
                break
        self.leaks[0].problems += self.blames_more(report)
        for leak in self.leaks:
            if leak.found and any(one.options == options for one in leak.expected):
                leak.tell(now)

    def heal(self, before):
        """The remedy has to say the command that the scenario then runs."""
        held = self.account("held")
        ran = set()
        for leak in self.leaks:
            remedy = leak.found["remedy"] if leak.found else None
            for command in leak.item.values["heals"]:
                words, _, more = command.partition(" && ")
                said = re.search(re.escape(words).replace("N", r"\d+"), remedy or "")
                if not said:
                    leak.problems.append(f"the remedy is {remedy!r}, not {words!r}")
                elif command not in ran:
                    self.vm.try_run("; ".join([said[0], more]))
                ran.add(command)
        ends = time.monotonic() + FREED_S
        while True:
            healed = self.account("healed")
            seen = [(leak, *freed(text, before, held, healed)) for leak in self.leaks
                    for text in leak.item.values["frees"]]
            if all(problem is None for _, _, problem in seen) or time.monotonic() > ends:
                break
            pause(1)
        for leak, told, problem in seen:
            leak.told.append(told)
            leak.problems += [problem] if problem else []

    def once(self):
        asked = sorted({one.options for leak in self.leaks for one in leak.expected})
        grows = any(options not in MOMENTS for options in asked)
        self.each("prepare")
        if grows:
            self.vm.run(RECORD)
            pause(LEAD_S)
        before = self.account("before")
        started = time.monotonic()
        self.each("do")
        if grows:
            pause(started + FIRST_S - time.monotonic())
        failed = {}
        for options in asked:
            self.find(options, started)
            for leak in self.leaks:
                failed.setdefault(leak.item.name, []).extend(leak.problems)
                leak.problems = []
        self.heal(before)
        for leak in self.leaks:
            leak.problems = failed[leak.item.name] + leak.problems

    def run(self):
        """{name of the scenario: (outcome, text)}"""
        started = time.monotonic()
        if self.leaks:
            try:
                self.once()
            finally:
                self.vm.run(STOP)
                self.each("undo")
        seconds = time.monotonic() - started
        outcomes = {name: ("skipped", why) for name, why in self.skipped.items()}
        for leak in self.leaks:
            outcomes[leak.item.name] = ("FAILED", "; ".join(leak.problems)) if leak.problems else (
                "passed", ", ".join(leak.told) + f" ({seconds:.1f} s for {len(self.leaks)})")
        return outcomes


def run(items, vm, save, ktally):
    """{name of the scenario: (outcome, text)} of those that leak at the same time"""
    try:
        return Together(items, vm, save, ktally).run()
    except Gone:
        raise
    except (AssertionError, Broken) as error:
        return {item.name: ("FAILED", str(error)) for item in items}
