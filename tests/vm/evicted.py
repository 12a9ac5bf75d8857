# SPDX-License-Identifier: GPL-2.0-or-later
"""What "whatif --exact slab-reclaim" foresees of the slabs that evictions free, against evictions that
the kernel makes: "evicts" of scenarios, see scenario.py. How many objects go is the kernel's choice,
so what was foreseen for as many is compared."""

import scenario
from machine import Broken, Gone, pause
from shown import PAGE

ORDER = "unused, in the kernel's order"
TOLERANCE = 0.03
SLABS = 4  # of few slabs, a share says little
FREED_S = 3  # RCU lets go of what was evicted


def sysfs(vm, cache, name):
    return int(vm.run(f"cat /sys/kernel/slab/{cache}/{name}").split()[0])


def counts(vm, cache):
    """(objects, slabs) of a cache, exact: without empty slabs, and with nothing kept for CPUs."""
    vm.run(f"echo 1 >/sys/kernel/slab/{cache}/shrink")
    return sysfs(vm, cache, "objects"), sysfs(vm, cache, "slabs")


def foreseen(report, evicted, slab_bytes):
    """Slabs that so many evictions free: between the points of the curve, in proportion."""
    points = [(0, 0)] + [(row["count"], row["saves_bytes"] / slab_bytes) for row in report["curve"]
                         if row["choice"] == ORDER]
    for (low, slabs), (high, more) in zip(points, points[1:]):
        if low <= evicted <= high and high > low:
            return slabs + (more - slabs) * (evicted - low) / (high - low)
    return points[-1][1]


def evict(run, text):
    """(problems, what was seen) of one line of "evicts"."""
    cache, command = (part.strip() for part in text.split("|", 1))
    vm = run.machine
    objects, slabs = counts(vm, cache)
    report = vm.report(f"whatif --exact slab-reclaim {cache}")
    run.save(f"{run.scenario.name}-{cache}.json", report)
    if not any(row["choice"] == ORDER for row in report.get("curve", [])):
        return [f"{cache}: the kernel's order is not known"], []
    slab_bytes = PAGE << sysfs(vm, cache, "order")
    vm.run(command)
    pause(FREED_S)
    left, kept = counts(vm, cache)
    expected = foreseen(report, objects - left, slab_bytes)
    freed = slabs - kept
    told = (f"{cache}: {objects - left} of {objects} objects went ({(objects - left) / objects:.1%}), "
            f"{freed} of {slabs} slabs ({freed / slabs:.1%}), {expected:.0f} were foreseen "
            f"({(expected / freed - 1 if freed else 0):+.2%})")
    unused = next(row["count"] for row in report["inputs"] if row["input"] == "unused objects")
    told += f", {unused} objects unused"
    if freed < 100:
        return [f"{told}: too few to say anything"], []
    if abs(expected - freed) > max(TOLERANCE * freed, SLABS):
        return [told], []
    return [], [told]


def run(item, vm, save):
    """(problems, what was seen, figures)"""
    base = scenario.Run(item, vm, save)
    base.check_needs()
    try:
        base.perform(base.values["prepare"])
        problems, told = [], []
        for text in base.values["evicts"]:
            more, told_more = evict(base, text)
            problems += more
            told += told_more
        return problems, told, {}
    except Gone:
        raise
    except (AssertionError, Broken) as error:
        return [str(error)], [], {}
    finally:
        base.perform(base.values["undo"])
