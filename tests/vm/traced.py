# SPDX-License-Identifier: GPL-2.0-or-later
"""The model of the kernel's own allocator, driven by what "ktally trace" kept of a load, against
the slabs that the kernel had at the end of each phase: "traces" of scenarios, see scenario.py."""

import scenario
from machine import Broken, Gone, pause

FILE = "/tmp/load.trace"
OUTPUT = "/tmp/trace.out"
TOLERANCE = 0.02
SLABS = 64  # of fewer, one slab is more than 1 %
LEAST = 20  # caches and phases that can be compared
PHASE_S = 1.0  # RCU lets go of what was freed
BEGIN_S = 60
END_S = 120


def begin(vm):
    """Starts the trace, and waits until its programs are attached and the start was read."""
    vm.run(f"ktally trace {FILE} --for 3000 --size 512 --buffer 64 -o json >{OUTPUT} 2>&1 & "
           "echo $! >/tmp/trace.pid")
    for _ in range(BEGIN_S):
        pause(1)
        status, text = vm.try_run("ls -l /proc/$(cat /tmp/trace.pid)/fd")
        if status:
            break
        # one for marks, one for the end; the start is read next, in less than a second or two
        if text.count("signalfd") == 2:
            pause(3)
            return
    raise Broken("ktally trace does not begin: " + vm.run(f"cat {OUTPUT}"))


def end(vm):
    vm.run("kill -INT $(cat /tmp/trace.pid)")
    for _ in range(END_S):
        if vm.try_run("kill -0 $(cat /tmp/trace.pid)")[0]:
            return
        pause(1)
    raise Broken("ktally trace does not end")


def pages_per_slab(vm):
    """{cache: pages}, by /proc/slabinfo."""
    lines = vm.run("cat /proc/slabinfo").splitlines()[2:]
    return {line.split()[0]: int(line.split()[5]) for line in lines}


def compare(vm, rows):
    """(problems, what was seen)"""
    pages, problems, seen, worst = pages_per_slab(vm), [], 0, 0
    for row in rows:
        if row["real_pages"] < SLABS * pages.get(row["cache"], 1):
            continue
        seen += 1
        worst = max(worst, abs(row["off_share"]))
        if abs(row["off_share"]) > TOLERANCE:
            problems.append(f"phase {row['phase']}, {row['cache']}: {row['real_pages']} pages, "
                            f"simulated {row['simulated_pages']} ({row['off_share']:+.1%})")
    if seen < LEAST:
        problems.append(f"only {seen} caches and phases have {SLABS} slabs")
    return problems, f"{seen} caches and phases, at most {worst:.1%} off"


def run(item, vm, save):
    """(problems, what was seen, figures)"""
    base = scenario.Run(item, vm, save)
    base.check_needs()
    try:
        base.perform(base.values["prepare"])
        begin(vm)
        for command in base.values["traces"]:
            base.perform([command])
            pause(PHASE_S)
            vm.run("kill -USR1 $(cat /tmp/trace.pid)")
            pause(1)
        end(vm)
        told = vm.run(f"cat {OUTPUT}")
        report = vm.report(f"simulate {FILE} --allocator slub,sheaves")
        base.save(f"{item.name}.json", report)
        base.save(f"{item.name}-trace.json", told)
        problems, seen = compare(vm, report["real"])
        if report["lost_events"]:
            problems.append(f"{report['lost_events']} events were lost")
        return problems, [seen, f"{report['allocations']} allocations",
                          f"{report['unseen_frees']} frees not seen"], {}
    except Gone:
        raise
    except (AssertionError, Broken) as error:
        return [str(error)], [], {}
    finally:
        base.perform(base.values["undo"])
