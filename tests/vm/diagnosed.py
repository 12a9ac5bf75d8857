# SPDX-License-Identifier: GPL-2.0-or-later
"""A leak that "diagnose" names while it goes on, and whose remedy is applied: "finds", "heals" and
"frees" of a scenario, see scenario.py."""

import fnmatch

import scenario
from machine import pause

FREED_S = 5.0


class Expected:
    """One line of "finds"."""

    def __init__(self, text):
        self.options, self.state, self.subject, self.culprit, self.next = (
            part.strip() for part in text.split("|"))

    def problems(self, finding):
        for key in ("state", "subject", "culprit", "next"):
            pattern = getattr(self, key)
            if not fnmatch.fnmatchcase(str(finding[key]), pattern):
                yield f"{key} is {finding[key]!r}, not {pattern!r}"


def first_of(report):
    """The first finding that asks for something. The size of a row is no diagnosis."""
    return next((finding for finding in report["findings"]
                 if finding["severity"] != "info" and finding["id"] != "large-row"), None)


def moved(rows, old, new):
    return sum((new[row] or 0) - (old[row] or 0) for row in rows)


class Run:
    def __init__(self, item, vm, save):
        self.item, self.vm, self.save = item, vm, save
        self.base = scenario.Run(item, vm, save)
        self.problems, self.told = [], []

    def find(self, text, when):
        expected = Expected(text)
        report = self.vm.report(f"diagnose {expected.options}")
        self.save(f"{self.item.name}-{when}.json", report)
        if "--arm" not in expected.options:  # to be read by people
            self.save(f"{self.item.name}-{when}-text.json",
                      self.vm.read(f"ktally diagnose {expected.options}").decode().splitlines())
        finding = first_of(report)
        if not finding:
            self.problems.append("diagnose finds nothing")
            return None
        self.problems += expected.problems(finding)
        self.told.append(f"{finding['state']}: {finding['subject']}, {finding['culprit']}")
        return finding

    def heal(self, finding, before):
        """The remedy has to say the command that the scenario then runs."""
        held = self.base.account("held")
        for command in self.item.values["heals"]:
            words, _, more = command.partition(" && ")
            if words not in (finding["remedy"] or ""):
                self.problems.append(f"the remedy is {finding['remedy']!r}, not {words!r}")
            self.vm.run(f"{words} && {more}" if more else words)
        pause(FREED_S)
        after = self.base.account("healed")
        old, most, new = map(scenario.rows_of, (before, held, after))
        for text in self.item.values["frees"]:
            names, share = text.split()
            rows = names.split("+")
            taken, back = moved(rows, old, most), moved(rows, new, most)
            self.told.append(f"{names} grew {scenario.mib(taken)}, {scenario.mib(back)} came back")
            if taken < 1 << 20 or back < taken * float(share) / 100:
                self.problems.append(f"{names}: {scenario.mib(back)} of {scenario.mib(taken)} "
                                     f"came back, not {share} %")

    def once(self):
        self.base.perform(self.item.values["prepare"])
        before = self.base.account("before")
        self.base.perform(self.item.values["do"])
        finding = None
        for number, text in enumerate(self.item.values["finds"]):
            finding = self.find(text, f"found-{number}")
        if finding and self.item.values["heals"]:
            self.heal(finding, before)


def run(item, vm, save):
    """(problems, what was seen, figures)"""
    one = Run(item, vm, save)
    one.base.check_needs()
    try:
        one.once()
    finally:
        one.base.perform(item.values["undo"])
    return one.problems, one.told, {}
