# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of kmalloc that "whatif --exact kmalloc" proposes, against a kernel that has them:
"classes" of scenarios, see scenario.py. Three other machines do the same: one as it is, one that
keeps who allocated each object, which says what is proposed and foreseen, and one with the proposed
classes. Caches of the same size stay apart in them, so slabs of kmalloc have nothing else."""

import re

import scenario
from machine import Broken, Gone, pause
from shown import PAGE

TOLERANCE = 0.02
SETTLE_S = 3
APART = "slab_nomerge"
TRACKED = "slub_debug=U,kmalloc-*,dma-kmalloc-*"


def slabs(vm):
    """{cache: bytes of its slabs} of kmalloc."""
    found = {}
    for line in vm.run("cat /proc/slabinfo").splitlines():
        words = line.split()
        if re.match(r"(dma-)?kmalloc-", words[0]):
            found[words[0]] = int(words[14]) * int(words[5]) * PAGE
    return found


def load(run, vm):
    run_here = scenario.Run(run.scenario, vm, run.save)
    vm.run("ktally whatif --exact kmalloc >/dev/null")
    run_here.perform(run.values["classes"])
    pause(SETTLE_S)
    return slabs(vm)


def proposed(report):
    """(the classes, their slabs, those of today's classes), in bytes."""
    note = next(text for text in report["notes"] if text.startswith("best "))
    classes = re.findall(r"\d+", note.split(":", 1)[1])
    today, *best = report["curve"]
    chosen = next(point for point in best if point["count"] == len(classes))
    return classes, chosen["bytes"], today["bytes"]


def on_another(run, beside, words, look):
    vm = beside([APART, *words])
    try:
        return look(load(run, vm), vm)
    finally:
        vm.stop()


def run_once(run, beside):
    run.check_needs()
    base = on_another(run, beside, [], lambda held, _: held)
    report = on_another(run, beside, [TRACKED],
                        lambda _, vm: vm.report("whatif --exact kmalloc"))
    run.save(f"{run.scenario.name}-foreseen.json", report)
    if not any(text.startswith("best ") for text in report["notes"]):
        raise AssertionError(f"no classes are proposed: {report['notes']}")
    classes, then, today = proposed(report)
    held = on_another(run, beside, ["kmalloc_classes=" + ",".join(classes)],
                      lambda held, _: held)
    run.save(f"{run.scenario.name}-slabs.json", {"base": base, "proposed": held})
    told, problems = [f"{len(classes)} classes {' '.join(classes)}"], []
    for what, foreseen, measured in (("today's classes", today, sum(base.values())),
                                     ("proposed classes", then, sum(held.values()))):
        off = foreseen / measured - 1
        told.append(f"{what} {measured >> 10} KiB, {foreseen >> 10} were foreseen ({off:+.2%})")
        if abs(off) > TOLERANCE:
            problems.append(told[-1])
    return problems and problems + told, told, {}


def run(item, vm, save, beside):
    """(problems, what was seen, figures). `beside` starts another machine."""
    base = scenario.Run(item, vm, save)
    try:
        return run_once(base, beside)
    except Gone as error:
        if vm.process.poll() is not None:
            raise
        return [f"another machine: {error}"], [], {}
    except (AssertionError, Broken) as error:
        return [str(error)], [], {}
    finally:
        base.perform(base.values["undo"])
