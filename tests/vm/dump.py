# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of all memory, taken by qemu from outside, and ktally on them here, against what ktally
counted inside a moment before: an ELF core and a compressed dump, both of one moment."""

import json
import subprocess

import scenario

READ_S = 120
# what the process that counted had itself, gone by the time of the dump
OF_A_PROCESS = {
    "anon_vma", "anon_vma_chain", "cred_jar", "dentry", "files_cache", "filp", "fs_cache",
    "inode_cache", "kmalloc-cg-64", "lsm_file_cache", "lsm_inode_cache", "maple_node", "mm_struct",
    "pde_opener", "pid", "proc_inode_cache", "seq_file", "shared_policy_node", "sighand_cache",
    "signal_cache", "sock_inode_cache", "task_struct", "task_exec_state", "vm_area_struct", "vma_lock",
    "vmap_area", "radix_tree_node"}
OBJECTS_OF_A_PROCESS = 128
OBJECTS_OF_OTHERS = 16  # the same, of caches of any name, as merged ones have; in the same slabs


class Dump:
    """A dump of a machine that stands still, in its folder."""

    def __init__(self, vm, ktally, name, options=""):
        self.file, self.ktally = vm.folder / name, ktally
        self.file.unlink(missing_ok=True)
        vm.monitor(f"dump-guest-memory {options} {self.file}")

    def report(self, command):
        done = subprocess.run([self.ktally, *command.split(), "-s", self.file, "-o", "json"],
                              capture_output=True, timeout=READ_S, check=False)
        if done.returncode != 0:
            raise AssertionError(f"ktally {command} on {self.file.name}: "
                                 f"{done.stderr.decode().strip()}")
        return json.loads(done.stdout)


def take(vm, ktally):
    """(ELF core, compressed dump) of one moment"""
    vm.monitor("stop")
    try:
        return Dump(vm, ktally, "vmcore"), Dump(vm, ktally, "vmcore.z", "-z")
    finally:
        vm.monitor("cont")


def caches_of(report):
    """(slabs, objects in use) of each cache."""
    return {row["name"]: (row["slabs"], row["objects"]) for row in report["caches"]
            if row["slabs"] is not None}


def compare(before, dump, after):
    """Problems with the caches: those that rested around the dump are in it to the last object."""
    problems, same, process = [], 0, 0
    if set(before) != set(dump):
        problems.append(f"only one side has {', '.join(sorted(set(before) ^ set(dump)))}")
    for name in sorted(set(before) & set(dump)):
        if before[name] == dump[name]:
            same += 1
            continue
        gone = abs(before[name][1] - dump[name][1])
        if gone <= OBJECTS_OF_A_PROCESS if name in OF_A_PROCESS else \
                gone <= OBJECTS_OF_OTHERS and before[name][0] == dump[name][0]:
            process += 1
        elif before[name] == after.get(name):
            problems.append(f"{name} has {dump[name]} slabs and objects, not {before[name]}")
    return problems, f"{same} caches are equal, {process} but for a process"


def run(item, vm, save, ktally):
    """(problems, what was seen, figures)"""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    try:
        work.perform(item.values["prepare"] + item.values["do"])
        work.wait_rest()
        vm.report("slab --exact -a")
        before = vm.report("slab --exact -a")
        dump, packed = take(vm, ktally)
        after = vm.report("slab --exact -a")
        inside = dump.report("slab --exact -a")
        for name, report in (("inside", before), ("dump", inside)):
            save(f"{item.name}-{name}.json", report)
        problems, told = compare(*map(caches_of, (before, inside, after)))
        if caches_of(packed.report("slab --exact -a")) != caches_of(inside):
            problems.append("the compressed dump has other slab caches than the ELF core")
        reports = {claim.command: dump.report(claim.command) for claim in work.prints}
        for claim in work.prints:
            problem, text, _ = claim.check(None, reports[claim.command], work.amounts, {})
            problems += [problem] if problem else []
            told += f", {text}"
        dump.file.unlink()
        packed.file.unlink()
    finally:
        work.perform(item.values["undo"])
    return problems, [told], {}
