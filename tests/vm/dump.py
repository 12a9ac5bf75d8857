# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of all memory, taken by qemu from outside, and ktally on them here, against what ktally
counted inside a moment before: an ELF core, a compressed dump and a raw image, all of one moment."""

import json
import subprocess

import nameless
import peers
import scenario
from archive import Missing

READ_S = 600  # a few seconds, on a machine that has nothing else to do
RAM_AT = {"amd64": 0, "arm64": 1 << 30}  # the first address of qemu's machines
# what the process that counted had itself, gone by the time of the dump
OF_A_PROCESS = {
    "anon_vma", "anon_vma_chain", "cred_jar", "dentry", "files_cache", "filp", "fs_cache",
    "inode_cache", "kmalloc-cg-64", "lsm_file_cache", "lsm_inode_cache", "maple_node", "mm_struct",
    "pde_opener", "pid", "proc_inode_cache", "seq_file", "shared_policy_node", "sighand_cache",
    "signal_cache", "sock_inode_cache", "task_struct", "task_exec_state", "vm_area_struct", "vma_lock",
    "vmap_area", "radix_tree_node"}
OBJECTS_OF_A_PROCESS = 128
ACCOUNT_SHARE = 0.001  # of memory, for each row of the account
# rows that the process which counted is in
ROWS_OF_A_PROCESS = {"anonymous", "free", "kernel", "page_tables", "user"}
ROWS_THAT_MOVE = {"free_buddy", "free_pcp"}  # pages that it gave back go from list to list
BYTES_OF_A_PROCESS = 2 << 20
OBJECTS_OF_OTHERS = 16  # the same, of caches of any name, as merged ones have; in the same slabs


class Dump:
    """A file that ktally reads here in place of the machine."""

    def __init__(self, file, ktally):
        self.file, self.ktally = file, ktally

    def run(self, *words):
        done = subprocess.run([self.ktally, *words], capture_output=True, timeout=READ_S,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"ktally {words[0]} on {self.file.name}: "
                                 f"{done.stderr.decode().strip()}")
        return done.stdout

    def report(self, command, source=None):
        return json.loads(self.run(*command.split(), "-s", source or self.file, "-o", "json"))

    def bundle(self):
        """A bundle made of the dump."""
        file = self.file.with_suffix(".tar.zst")
        self.run("capture", file, "--force", "-s", self.file)
        return file


def take_one(vm, ktally, name, options):
    file = vm.folder / name
    file.unlink(missing_ok=True)
    vm.monitor(f"dump-guest-memory {options} {file}")
    return Dump(file, ktally)


def take_raw(vm, ktally):
    """The file that is the machine's memory, or the bytes of its addresses."""
    file, backend = vm.folder / "vmcore.raw", vm.folder / "ram"
    file.unlink(missing_ok=True)
    if backend.exists():
        subprocess.run(["cp", "--sparse=always", backend, file], check=True, timeout=READ_S)
    else:
        # without quotes the path would divide the size
        vm.monitor(f'pmemsave {RAM_AT[vm.kernel.arch]} {vm.layout.mib << 20} "{file}"')
    return Dump(file, ktally)


def take(vm, ktally):
    """(ELF core, compressed dump, raw image) of one moment"""
    vm.monitor("stop")
    try:
        return (take_one(vm, ktally, "vmcore", ""), take_one(vm, ktally, "vmcore.z", "-z"),
                take_raw(vm, ktally))
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


def kernel_counts(text):
    """(slabs, slots) of each cache, by the kernel's own /proc/slabinfo"""
    lines = (line.split() for line in text.splitlines()[2:])
    return {words[0]: (int(words[words.index("slabdata") + 2]), int(words[2])) for words in lines}


def check_peers(names, vm, dump, report, kernel, save):
    """(problems, what was seen) of other tools on the same dump; a cache by which they differ has
    what the kernel itself counted a moment before."""
    problems, told = peers.check(names, dump.file, report, vm.kernel.debuginfo, save)
    ours = peers.counts_of(report)
    equal = sum(kernel.get(name) == counts[:2] for name, counts in ours.items())
    told.append(f"/proc/slabinfo: {equal} of {len(ours)} caches have as many slabs and slots")
    return problems, ", " + ", ".join(told)


def check_nameless(dump, report):
    """(problems, what was seen) of the same dump without names of variables: the list of slab
    caches is then found by a page, and what CPUs keep ready is not known."""
    copy = Dump(dump.file.with_name("nameless"), dump.ktally)
    subprocess.run(["cp", "--sparse=always", dump.file, copy.file], check=True)
    try:
        gone = nameless.erase(copy.file)
    except Missing as why:
        copy.file.unlink()
        return [], f"names of variables stay: {why}"
    found = copy.report("slab --exact -a")
    copy.file.unlink()
    whole, counts = ({row["name"]: (row["slabs"], row["slots"]) for row in each["caches"]
                      if row["slabs"] is not None} for each in (report, found))
    problems = [] if counts == whole else [f"without {gone} names of variables: other slab caches"]
    return problems, f"{len(counts)} caches are equal without {gone} names of variables"


def differing_steps(dump, inside):
    """Rows of the boot that only one side has, or that differ."""
    sides = [{(row["id"], row["name"]): row for row in report["rows"]} for report in (dump, inside)]
    return [f"{name}: {[side.get(key, {}).get('bytes') for side in sides]}"
            for key, name in ((key, "/".join(key)) for key in sorted({*sides[0], *sides[1]}))
            if sides[0].get(key) != sides[1].get(key)]


def rows_of(account):
    return {row["id"]: row for row in account["rows"]}


def compare_accounts(before, dump, after):
    """Problems with the account of the dump: it adds up, and each row is as it was inside."""
    problems, ram, worst = [], before["installed_bytes"], 0
    leaves = sum(row["bytes"] for row in dump["rows"]
                 if row["leaf"] and row["bytes"] is not None and not row["contained_in"])
    if leaves != dump["installed_bytes"]:
        problems.append(f"the leaves are {leaves} bytes of {dump['installed_bytes']}")
    inside = [rows_of(account) for account in (before, after)]
    rows = rows_of(dump)
    for name in sorted(set(rows) | set(inside[0])):
        if name.partition(".")[0] in ROWS_THAT_MOVE:
            continue
        wanted = [each.get(name, {}).get("bytes") or 0 for each in inside]
        got = rows.get(name, {}).get("bytes") or 0
        gap = max(0, min(wanted) - got, got - max(wanted))
        process = name.partition(".")[0] in ROWS_OF_A_PROCESS
        if gap > (BYTES_OF_A_PROCESS if process else ram * ACCOUNT_SHARE):
            problems.append(f"{name} is {got} bytes in the dump, {wanted} inside")
        worst = max(worst, 0 if process else gap)
    return problems, f"{len(rows)} rows of the account, at most {worst} bytes away"


def steps_of(boot):
    """What the boot took; the size of the initial RAM disk is in the device tree, which no dump has,
    and without it a part of it is other memory."""
    others = {"initrd", "boot_other"}
    return ([{**row, "step": None} for row in boot["rows"] if row["id"] not in others],
            sum(row["bytes"] for row in boot["rows"] if row["id"] in others))


def check_account(vm, dump, before, save):
    """(problems, what was seen) of the account, of a bundle that is made of the dump, of the log"""
    account, boot = dump.report("account"), dump.report("boot")
    save("exact-dump-account.json", account)
    problems, told = compare_accounts(before, account, vm.account())
    bundle = dump.bundle()
    if rows_of(dump.report("account", bundle)) != rows_of(account):
        problems.append("the bundle of the dump has another account")
    inside = vm.report("boot")
    save("exact-dump-boot.json", [boot, inside])
    if steps_of(boot) != steps_of(inside):
        problems.append("boot is not the same in the dump and inside: "
                        + "; ".join(differing_steps(boot, inside)))
    told += f", a bundle of {bundle.stat().st_size} bytes, {len(boot['rows'])} steps of the boot"
    bundle.unlink()
    return problems, told


def compare_forms(dump, slabs, others):
    """Problems with dumps of the same moment in other formats: they have the same in them."""
    problems, rows = [], rows_of(dump.report("account"))
    for other in others:
        if caches_of(other.report("slab --exact -a")) != caches_of(slabs):
            problems.append(f"{other.file.name} has other slab caches than the ELF core")
        if rows_of(other.report("account")) != rows:
            problems.append(f"{other.file.name} has another account than the ELF core")
    return problems


USERS = "users --details -a"
PARTS = ("sites", "page_stacks", "objects", "freed", "leaks")
# of several stacks with a name, any is shown
TEXTS = ("name", "cache", "module", "place")
AMOUNTS = ("bytes", "count", "pages")
# of rows that are the same before and after, as many may be of the process that reads them
SHARE_MOVED = 0.03


def users_of(report):
    """(what it holds) of each user of each part, by its texts."""
    found = {}
    for part in PARTS:
        for row in report.get(part) or []:
            key = (part, *(row.get(column) for column in TEXTS))
            amounts = [row.get(column) or 0 for column in AMOUNTS]
            found[key] = [a + b for a, b in zip(found.get(key, [0] * len(AMOUNTS)), amounts)]
    return found


def compare_users(before, dump, after):
    """(problems, what was seen): what the kernel's files had before and after is in the dump."""
    problems, told = [], []
    for part in PARTS:
        rested = {key for key, amounts in before.items()
                  if key[0] == part and after.get(key) == amounts
                  and key[2] not in OF_A_PROCESS}
        other = [key for key in rested if dump.get(key) != before[key]]
        if rested and len(other) > SHARE_MOVED * len(rested):
            some = "; ".join(f"{key[1:]}: {before[key]} inside, {dump.get(key)} in the dump"
                             for key in sorted(other, key=str)[:5])
            problems.append(f"{part}: {len(other)} of {len(rested)} differ: {some}")
        told.append(f"{part} {len(rested) - len(other)} of {len(rested)}")
    return problems, ", ".join(told)


def run_sites(item, vm, save, ktally):
    """(problems, what was seen, figures)"""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    try:
        work.perform(item.values["prepare"] + item.values["do"])
        work.wait_rest()
        vm.report(USERS)
        before = vm.report(USERS)
        dump, *others = take(vm, ktally)
        after = vm.report(USERS)
        for other in others:
            other.file.unlink()
        inside = dump.report(USERS)
        bundle = dump.bundle()
        again = dump.report(USERS, bundle)
        for name, report in (("inside", before), ("dump", inside)):
            save(f"{item.name}-{name}.json", report)
        problems, told = compare_users(*map(users_of, (before, inside, after)))
        if users_of(again) != users_of(inside):
            problems.append("the bundle of the dump has other users")
        dump.file.unlink()
        bundle.unlink()
    finally:
        work.perform(item.values["undo"])
    return problems, [told], {}


def run(item, vm, save, ktally, keep=False):
    """(problems, what was seen, figures); `keep`: the dumps stay in the machine's folder"""
    work = scenario.Run(item, vm, save)
    work.check_needs()
    try:
        work.perform(work.values["prepare"] + work.values["do"])
        work.wait_rest()
        vm.report("slab --exact -a")
        account = vm.account()
        before = vm.report("slab --exact -a")
        kernel = kernel_counts(vm.run("cat /proc/slabinfo"))
        dump, *others = take(vm, ktally)
        after = vm.report("slab --exact -a")
        inside = dump.report("slab --exact -a")
        for name, report in (("inside", before), ("dump", inside)):
            save(f"{item.name}-{name}.json", report)
        problems, told = compare(*map(caches_of, (before, inside, after)))
        problems += compare_forms(dump, inside, others)
        reports = {claim.command: dump.report(claim.command) for claim in work.prints}
        more, seen = check_account(vm, dump, account, save)
        problems += more
        told += f", {seen}"
        for claim in work.prints:
            problem, text, _ = claim.check(None, reports[claim.command], work.amounts, {})
            problems += [problem] if problem else []
            told += f", {text}"
        if vm.kernel.arch == "amd64":
            more, seen = check_nameless(dump, inside)
            problems += more
            told += f", {seen}"
        if item.values["peers"]:
            more, seen = check_peers(item.values["peers"][0].split(), vm, dump, inside, kernel, save)
            problems += more
            told += seen
        for each in () if keep else (dump, *others):
            each.file.unlink()
    finally:
        work.perform(work.values["undo"])
    return problems, [told, *work.lacks], {}
