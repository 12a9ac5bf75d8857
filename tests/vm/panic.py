# SPDX-License-Identifier: GPL-2.0-or-later
"""A panic, and what share/kdump/ktally-kdump leaves from the crash kernel: a bundle, read here,
against what ktally counted a moment before the panic. The dump itself has the same account, and
filtered by makedumpfile the same slab caches."""

import re
import shutil
import subprocess
import tarfile
import time

import dump
import scenario
from shown import PAGE

HOOK = "ktally-kdump"
# of the crash kernel, next to its own rdinit and consoles: as kdump-tools has it
COMMAND = "reset_devices nr_cpus=1 irqpoll panic=-1 rdinit=/init"
PEAK_KIB = 24 << 10
FILTERS = {"c31": ["-c", "-d", "31"], "l31": ["-l", "-d", "31"], "d1": ["-d", "1"]}
FILTER_S = 120
PANIC_S = 60
NO_CALL = "Function not implemented"  # ENOSYS
MISTAKEN = "does not know this kernel"


def load_crash_kernel(vm):
    kernel = vm.kernel.image.stat().st_size
    for disk, file, size in (("vda", "kernel", kernel), ("vdb", "initrd", vm.initrd_bytes)):
        vm.run(f"head -c {size} /dev/{disk} >/tmp/{file}")
    words = f"{COMMAND} {' '.join(word for word in vm.words if '=tty' in word.lower())}"
    status, why = vm.try_run(f"hold crash-kernel /tmp/kernel /tmp/initrd '{words}'")
    if status != 0 and NO_CALL in why:
        raise scenario.Skip("the kernel does not load another one from files (CONFIG_KEXEC_FILE)")
    assert status == 0, f"the crash kernel is not loaded: {why}"
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


def check_filtered(core, slabs):
    """(problems, what was seen) of what makedumpfile makes of the dump. One that does not know the
    kernel may leave out slab pages; then the dump says so, and has no caches."""
    problems, told = [], []
    for name, options in FILTERS.items():
        file = core.file.with_name(name)
        file.unlink(missing_ok=True)
        done = subprocess.run(["makedumpfile", *options, core.file, file], capture_output=True,
                              timeout=FILTER_S, check=False)
        if done.returncode != 0:
            told.append(f"makedumpfile {' '.join(options)} does not read it")
            continue
        filtered = dump.Dump(file, core.ktally)
        if any(MISTAKEN in note for note in filtered.report("account")["notes"]):
            told.append(f"{name}: slab pages are left out, and that is said")
        elif dump.caches_of(filtered.report("slab --exact -a")) != slabs:
            problems.append(f"makedumpfile {' '.join(options)}: other slab caches")
        else:
            told.append(f"{name}: {file.stat().st_size >> 10} KiB")
        file.unlink()
    return problems, told


def trace_of(log):
    """What the kernel itself printed of the panic's stack, without what it calls uncertain."""
    texts = [line.split(";", 1)[1] for line in log.splitlines() if ";" in line]
    starts = [i for i, text in enumerate(texts) if re.match(r"Call [Tt]race:", text.strip())]
    frames = []
    for text in texts[starts[-1] + 1:] if starts else []:
        text = text.strip()
        found = re.match(r"\S+\+0x[0-9a-f]+/0x[0-9a-f]+( \[\w+\])?", text)
        if found:
            frames.append(found.group(0))
        elif not text.startswith(("?", "<")):
            break
    return frames


def name_of(frame):
    return re.split(r"\.(?:cold|constprop|isra|part)|\+", frame)[0]


def behind_panic(frames):
    """The frames that called panic(), which prints its stack before it saves the registers, without
    the lengths of functions, which for the kernel end where padding begins."""
    names = [name_of(frame) for frame in frames]
    frames = [re.sub("/0x[0-9a-f]+", "", frame) for frame in frames]
    return frames[names.index("panic") + 1:] if "panic" in names else []


def check_stack(bundle, crashed):
    """(problems, what was seen): the stack in the dump against what the kernel printed, by the log
    in its bundle."""
    with tarfile.open(bundle) as tar:
        kernel = behind_panic(trace_of(tar.extractfile("ktally/dmesg").read().decode()))
    shown = crashed.report("doctor").get("panic_frames", [])
    walked = [row["function"] for row in shown if not row["guessed"]]
    ours, problems = behind_panic(walked), []
    if not kernel or ours[:len(kernel)] != kernel:
        problems.append(f"the kernel printed the stack {' < '.join(kernel) or '(none)'}, the dump "
                        f"has {' < '.join(row['function'] for row in shown) or '(none)'}")
    return problems, f"{len(walked)} of {len(shown)} frames walked, {len(kernel)} as printed"


def check_core(vm, account, ktally):
    """The same of the dump, taken from the crash kernel by a disk."""
    vm.run("cat /proc/vmcore >/dev/vdc; sync", timeout=300)
    core = dump.Dump(vm.disk, ktally)
    slabs = dump.caches_of(core.report("slab --exact -a"))
    problems, told = [], [f"{len(slabs)} caches"]
    if dump.rows_of(core.report("account")) != dump.rows_of(account):
        problems.append("the bundle has another account than the dump")
    if shutil.which("makedumpfile"):
        more, seen = check_filtered(core, slabs)
        problems, told = problems + more, told + seen
    return problems, told


def run_outside(item, vm, ktally):
    """(problems, what was seen, figures) of a machine that stands still after its panic."""
    scenario.Run(item, vm, None).check_needs()
    vm.run("echo 0 >/proc/sys/kernel/panic")
    vm.process.stdin.write(item.values["dies"][0].encode() + b"\n")
    vm.process.stdin.flush()
    end = time.monotonic() + PANIC_S
    while b"end Kernel panic" not in vm.log.read_bytes():
        if time.monotonic() > end:
            raise AssertionError("no panic is in the log of the machine")
        time.sleep(0.2)
    vm.monitor("stop")
    core = dump.take_one(vm, ktally, "vmcore", "")
    bundle = vm.folder / "panic.tar"
    core.run("capture", bundle, "--force", "-s", core.file)
    problems, seen = check_stack(bundle, core)
    core.file.unlink()
    return problems, [seen], {}


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
    more, seen = check_stack(bundle, crashed)
    problems += more
    told.append(seen)
    if item.values["dumps"]:
        account = crashed.report("account")
        save(f"{item.name}-before.json", before)
        save(f"{item.name}-bundle.json", account)
        more, seen = dump.compare_accounts(before, account, before)
        problems += more
        told.append(seen)
        more, seen = check_core(vm, account, ktally)
        problems, told = problems + more, told + seen
    for claim in work.prints:
        problem, text, _ = claim.check(None, crashed.report(claim.command), work.amounts, {})
        problems += [problem] if problem else []
        told.append(text)
    return problems, told, {}
