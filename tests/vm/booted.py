# SPDX-License-Identifier: GPL-2.0-or-later
"""What-ifs that take effect at boot: what "whatif" says on one machine is held against a second
one that boots with the proposed parameters. "foresees", "boots" and "memtotal" of scenarios, see
scenario.py. The first machine goes on running, so that the scenarios after it find it unchanged."""

import re

import scenario
from machine import Broken, Gone, pause
from shown import tolerance

SETTLE_S = 1


def parameters(report):
    """Words of the command line that the parts of a what-if name."""
    hows = [row.get("how") or "" for row in report.get("parts", [])]
    return list(dict.fromkeys(word for how in hows for word in re.findall(r"[a-z_]+=[\w,]+", how)))


def words_of(run):
    """The words of "boots", with their amounts put in."""
    words = []
    for text in run.values["boots"]:
        if text.startswith("how "):
            words += parameters(run.machine.report(text.removeprefix("how ")))
            continue
        words += [re.sub(r"\{([^}]*)\}", lambda found: str(run.amounts(found[1])), word)
                  for word in text.split()]
    if not words:
        raise AssertionError("no parameter is proposed")
    return words


def total(vm):
    text = vm.run("grep MemTotal /proc/meminfo")
    return int(text.split()[1]) << 10


def settle(vm):
    vm.run("ktally >/dev/null")
    pause(SETTLE_S)


def compare(run, vm, before, total_before):
    """The second machine, after the same preparation, against the first."""
    second = scenario.Run(run.scenario, vm, run.save)
    second.perform(run.values["prepare"])
    settle(vm)
    after = second.account("booted")
    run.parse_moves()
    problems, told = run.check_moves(before, after)
    for text in run.values["memtotal"]:
        amount, more = run.amounts(text), total(vm) - total_before
        told.append(f"MemTotal {more / (1 << 10):+.0f} KiB, foreseen {amount / (1 << 10):+.0f}")
        run.note_figures(amount, tolerance(amount), more)
        if not amount and text != "0":
            problems.append("nothing is foreseen, so nothing is checked")
        if abs(more - amount) > tolerance(amount):
            problems.append(f"MemTotal moved by {more} bytes, not {amount}")
    return problems, told


def run_once(run, beside):
    run.check_needs()
    run.perform(run.values["prepare"])
    try:
        run.foresee()
        settle(run.machine)
        before, total_before = run.account("before"), total(run.machine)
        words = words_of(run)
    finally:
        run.perform(run.values["undo"])
    vm = beside(words)
    try:
        problems, told = compare(run, vm, before, total_before)
    finally:
        vm.stop()
    return problems, [" ".join(words), *told], run.figures


def run(item, vm, save, beside):
    """(problems, what was seen, figures). `beside` starts the second machine."""
    try:
        return run_once(scenario.Run(item, vm, save), beside)
    except Gone as error:
        if vm.process.poll() is not None:
            raise
        return [f"the second machine: {error}"], [], {}
    except (AssertionError, Broken) as error:
        return [str(error)], [], {}
