# SPDX-License-Identifier: GPL-2.0-or-later
"""A panic, and what share/kdump/ktally-kdump leaves from the crash kernel: a bundle, read here,
against what ktally counted a moment before the panic."""

import dump
import scenario
from shown import PAGE

HOOK = "ktally-kdump"
# of the crash kernel, next to its own rdinit and consoles: as kdump-tools has it
COMMAND = "reset_devices nr_cpus=1 irqpoll panic=-1 rdinit=/init"
PEAK_KIB = 24 << 10


def load_crash_kernel(vm):
    kernel = vm.kernel.image.stat().st_size
    for disk, file, size in (("vda", "kernel", kernel), ("vdb", "initrd", vm.initrd_bytes)):
        vm.run(f"head -c {size} /dev/{disk} >/tmp/{file}")
    words = f"{COMMAND} {' '.join(word for word in vm.words if '=tty' in word.lower())}"
    vm.run(f"hold crash-kernel /tmp/kernel /tmp/initrd '{words}'")
    vm.run("rm /tmp/kernel /tmp/initrd; echo 1 >/proc/sys/vm/drop_caches")


def leave_bundle(vm):
    """(the bundle, peak of memory in KiB)"""
    text = vm.run(f"mkdir /tmp/crash; time -v {HOOK} /tmp/crash", timeout=300)
    bundle = vm.folder / "crash.tar"
    bundle.write_bytes(vm.read("cat /tmp/crash/*.tar*"))
    # busybox takes the kernel's KiB for pages (ptok() in miscutils/time.c)
    peak = next(int(line.split(":")[1]) // (PAGE >> 10) for line in text.splitlines()
                if "Maximum resident" in line)
    return bundle, peak


def run(item, vm, save, ktally):
    """(problems, what was seen, figures)"""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    load_crash_kernel(vm)
    work.perform(item.values["prepare"] + item.values["do"])
    work.wait_rest()
    before = vm.account()
    vm.panic(item.values["panics"][0])
    bundle, peak = leave_bundle(vm)
    crashed = dump.Dump(bundle, ktally)
    problems, told = [], [f"bundle {bundle.stat().st_size >> 10} KiB, "
                          f"peak {peak / 1024:.1f} MiB"]
    if peak > PEAK_KIB:
        problems.append(f"the hook took {peak} KiB, not at most {PEAK_KIB}")
    if item.values["dumps"]:
        account = crashed.report("account")
        save(f"{item.name}-before.json", before)
        save(f"{item.name}-bundle.json", account)
        more, seen = dump.compare_accounts(before, account, before)
        problems += more
        told.append(seen)
    for claim in work.prints:
        problem, text, _ = claim.check(None, crashed.report(claim.command), work.amounts, {})
        problems += [problem] if problem else []
        told.append(text)
    return problems, told, {}
