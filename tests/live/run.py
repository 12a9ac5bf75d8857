#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ground truth on the running machine: known amounts of memory of a known kind, and the
# row in which each must land. usage: run.py KTALLY HOLD [TEST...]
#
# The machine is shared with whatever else runs on it, so each movement gets a few
# attempts; one in which only the right row moved is the proof.

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import suite  # noqa: E402
from suite import Skip, test  # noqa: E402

MIB = 1 << 20
ATTEMPTS = 5
# what free memory does is not asked, and these follow whatever moves
FOLLOWERS = {"ram", "kernel", "slab", "user", "free", "free_buddy", "free_pcp", "free_deferred",
             "direct", "boot", "firmware", "given_away", "boot_other"}

KTALLY, HOLD = sys.argv[1:3]


def account():
    """Bytes by row id; a row that is missing is None."""
    out = subprocess.run([KTALLY, "-o", "json"], check=True, capture_output=True, timeout=60)
    report = json.loads(out.stdout)
    rows = {row["id"]: row["bytes"] for row in report["rows"]}
    rows["installed_bytes"] = report["installed_bytes"]
    rows["error_bytes"] = next(r["error_bytes"] for r in report["rows"]
                               if r["id"] == "unattributed")
    return rows


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def held(*args):
    process = subprocess.Popen([HOLD, *map(str, args)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    if process.stdout.readline() != b"ready\n":
        process.wait()
        raise Skip("could not hold " + " ".join(map(str, args)))
    return process


def release(process):
    process.stdin.close()
    process.wait(timeout=60)


def moved(before, after):
    return {row: after[row] - before[row] for row in after
            if before.get(row) is not None and after[row] is not None}


def others(delta, allowed):
    """Rows beside the allowed ones that moved by more than 2 MiB."""
    return {row: change for row, change in delta.items()
            if abs(change) > 2 * MIB and row not in allowed and row not in FOLLOWERS
            and not row.startswith(("free_buddy.", "hugetlb."))}


def attempt(change, check):
    """Runs `change` (which gives an undo) between two accounts until `check` is content.

    Where it never is, and the machine moved by itself as often as not, nothing is shown.
    """
    problem, noise, noisy = "?", {}, 0
    for _ in range(ATTEMPTS):
        subprocess.run(["sync"], check=False)
        quiet = account()
        time.sleep(0.6)
        before = account()
        moving = others(moved(quiet, before), set())
        undo = change()
        try:
            time.sleep(0.3)
            delta = moved(before, account())
        finally:
            undo()
        problem = check(delta)
        if not problem:
            return
        if moving:
            noise, noisy = moving, noisy + 1
        time.sleep(1)
    if noisy * 2 >= ATTEMPTS:
        raise Skip(f"the machine is not calm: {noise}")
    raise AssertionError(problem)


def moves(row, amount, change, also=()):
    def check(delta):
        if abs(delta[row] - amount) > amount // 100:
            return f"{row} moved by {delta[row] / MIB:.2f} MiB, not {amount / MIB:.0f}"
        stray = others(delta, {row, "page_tables", *also})
        return f"other rows moved: {stray}" if stray else None
    attempt(change, check)


def thirty_runs():
    """Unattributed over 30 runs, the memory in all, and how far the machine moved itself."""
    seconds = float(os.environ.get("KTALLY_LIVE_SECONDS", "15"))
    values, user, total = [], [], 0
    for _ in range(30):
        rows = account()
        values.append(rows["unattributed"])
        user.append(rows["user"])
        total = rows["installed_bytes"]
        time.sleep(seconds / 30)
    return values, total, max(user) - min(user)


@test
def the_account_closes_and_is_calm_over_30_runs_in_a_minute():
    need_root()
    restless = 0
    for _ in range(3):
        values, total, moved_bytes = thirty_runs()
        spread, largest = max(values) - min(values), max(map(abs, values))
        print(f"  unattributed {min(values) / MIB:.2f} to {max(values) / MIB:.2f} MiB, spread "
              f"{spread / MIB:.2f} MiB, {largest / total * 100:.4f} % of memory")
        if largest <= total // 1000 and spread <= 2 * MIB:
            return
        # freed memory is off every list while a guest reports it to its hypervisor
        restless += moved_bytes > 8 * MIB
        time.sleep(5)
    if restless:
        raise Skip(f"the machine is not idle: user memory moved by {moved_bytes / MIB:.0f} MiB")
    raise AssertionError(f"unattributed up to {largest}, spread {spread}")


@test
def two_thousand_threads_raise_stacks_and_not_vmalloc():
    def check(delta):
        if not 31 * MIB <= delta["kernel_stacks"] <= 32 * MIB:
            return f"kernel stacks moved by {delta['kernel_stacks'] / MIB:.2f} MiB"
        for row in ("vmalloc", "unattributed"):
            if abs(delta[row]) >= MIB:
                return f"{row} moved by {delta[row] / MIB:.2f} MiB"
        return None

    need_root()

    def change():
        process = held("threads", 2000)
        return lambda: release(process)
    attempt(change, check)


@test
def anonymous_memory_lands_in_anonymous():
    need_root()

    def change():
        process = held("anon", 256)
        return lambda: release(process)
    moves("anonymous", 256 * MIB, change)


def fill(path, mib):
    block = os.urandom(MIB)
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(block)


@test
def tmpfs_lands_in_shared_memory():
    need_root()
    if not os.path.isdir("/dev/shm"):
        raise Skip("no /dev/shm")
    path = f"/dev/shm/ktally-test-{os.getpid()}"

    def change():
        fill(path, 256)
        return lambda: os.unlink(path)
    moves("shmem", 256 * MIB, change)


@test
def a_locked_file_lands_in_page_cache():
    need_root()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = os.path.join(folder, "file")
        fill(path, 256)

        def forget():
            # written pages carry buffer heads, which are slab; read ones do not
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

        def change():
            process = held("lock", path)

            def undo():
                release(process)
                forget()
            return undo
        forget()
        moves("page_cache", 256 * MIB, change, also={"buffers"})


@test
def a_huge_page_pool_lands_in_its_row():
    need_root()
    knob = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    if not os.access(knob, os.W_OK):
        raise Skip("no pool of 2 MiB pages")

    def set_pool(pages):
        with open(knob, "w") as file:
            file.write(str(pages))
        with open(knob) as file:
            return int(file.read())
    with open(knob) as file:
        was = int(file.read())

    def change():
        if set_pool(was + 128) != was + 128:
            set_pool(was)
            raise Skip("128 huge pages are not to be had")
        return lambda: set_pool(was)
    # the kernel takes struct pages of huge pages apart or not; both are small
    moves("hugetlb", 256 * MIB, change, also={"hugetlb.2048kB_free", "memmap", "memmap_late"})


if __name__ == "__main__":
    sys.exit(suite.run("live", KTALLY, sys.argv[3:]))
