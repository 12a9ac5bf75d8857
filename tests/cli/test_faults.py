# SPDX-License-Identifier: GPL-2.0-or-later
"""What an account says of a machine whose files are missing, damaged or another machine's.

Each file that the account reads is taken away, emptied, forbidden, cut off, filled with
garbage, swapped for another machine's, or loses one line. The whole machine's account is the
truth: whatever is left may say less, and must not say anything that is not so.
"""

import os
import random
import re
import shutil

import lib
import trees
from lib import Folder, ktally, need_root, plant, refuse, test

TREES = ("6.1", "6.12", "6.12-instrumented")
COUNTERS = ("proc/meminfo", "proc/vmstat", "proc/zoneinfo")
FILES = COUNTERS + (
    "proc/iomem", "proc/slabinfo", "proc/vmallocinfo", "ktally/dmesg",
    "sys/firmware/memmap", "sys/devices/system/node/node0/meminfo",
    "sys/devices/system/memory/block_size_bytes", "sys/kernel/kexec_crash_size",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
    "sys/firmware/dmi/entries/17-0/raw")
CUTS = (1, 5, 10, 15, 19)  # twentieths of a file
SEEDS = int(os.environ.get("KTALLY_FAULT_SEEDS", "4"))


def fixture(name):
    return lib.REPOSITORY / "tests" / "fixtures" / name


def read(source, *args):
    """The report, or None where it was refused with one clear line."""
    result = ktally("-s", source, "-o", "json", *args)
    if result.status:
        assert result.status == 1 and lib.one_complaint(result) and not result.out, \
            f"status {result.status}: {result.complaint!r}"
        return None
    report = result.json()
    lib.must_close(report)
    return report


def claim_is_true(row, truth, slack):
    """Is `truth` inside what the row claims? Files differ by what moved between them."""
    found = row["bytes"]
    return {"exact": abs(found - truth) <= slack, "estimate": True, "lower_bound": found <= truth + slack,
            "upper_bound": found >= truth - slack}[row["quality"]]


def must_be_honest(whole, report):
    """No leaf that differs from the whole machine's without saying why."""
    truth = {row["id"]: row for row in whole["rows"]}
    slack = truth["unattributed"]["error_bytes"]
    for row in report["rows"]:
        true = truth.get(row["id"])
        if not row["leaf"] or row["id"].endswith(".rest"):
            continue
        if row["bytes"] is None:
            assert row["reason"], f"{row['id']} is missing without a reason"
            continue
        if true is None or true["bytes"] is None:
            continue  # the whole machine does not know it, or has no such part
        if true["quality"] == "exact" or row["quality"] == "exact":
            assert claim_is_true(row, true["bytes"], slack) or true["quality"] == "estimate", \
                f"{row['id']} is {row['bytes']} ({row['quality']}), in truth {true['bytes']}"
    bound_must_hold(whole, report)


def bound_must_hold(whole, report):
    """Unattributed is the whole machine's, but for rows that say that they are short of bytes."""
    truth = {row["id"]: row["bytes"] or 0 for row in whole["rows"]}
    true, found = (lib.row_of(one, "unattributed") for one in (whole, report))
    if found["error_bytes"] is None or found["bytes"] is None:
        return
    short = sum(truth.get(row["id"], 0) - (row["bytes"] or 0) for row in report["rows"]
                if "unattributed" in (row["contained_in"] or "") or
                row["quality"] == "lower_bound" and row["parent"] == "direct")
    off = found["bytes"] - true["bytes"] - short
    assert abs(off) <= found["error_bytes"] + true["error_bytes"], \
        f"unattributed {found['bytes']} ± {found['error_bytes']}, in truth {true['bytes']}"


class Machine:
    """A copy of a tree in which one file is changed at a time."""

    def __init__(self, folder, source):
        self.tree = folder / "tree"
        shutil.copytree(source, self.tree)
        self.whole = read(self.tree)

    def judge(self, what):
        report = read(self.tree)
        if report is None:
            return None
        try:
            must_be_honest(self.whole, report)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
        return report

    def with_file(self, path, content, what):
        """Puts bytes in the place of a file; None takes it away."""
        file = self.tree / path
        if not file.exists():
            return None
        keep = file.with_name(file.name + ".kept")
        file.rename(keep)
        try:
            if content is not None:
                file.write_bytes(content)
            return self.judge(f"{path} {what}")
        finally:
            if file.exists():
                file.unlink()
            keep.rename(file)


def on_each_tree(judge):
    for name in TREES:
        with Folder() as folder:
            try:
                judge(Machine(folder, fixture(name)))
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from error


@test
def a_file_that_is_missing_empty_or_garbage_costs_rows_and_says_which():
    dice = random.Random(20)

    def judge(machine):
        for path in FILES:
            machine.with_file(path, None, "is missing")
            if (machine.tree / path).is_dir():
                continue
            machine.with_file(path, b"", "is empty")
            for size in (1, 100, 5000):
                machine.with_file(path, dice.randbytes(size), f"is {size} bytes of garbage")
    on_each_tree(judge)


@test
def a_file_that_may_not_be_read_is_missed_and_not_taken_for_empty():
    need_root()  # which is how the tests can be another user

    def judge(machine):
        for path in ("proc/meminfo", "proc/vmstat", "proc/zoneinfo", "proc/iomem",
                     "proc/slabinfo", "ktally/dmesg"):
            file = machine.tree / path
            file.chmod(0)
            result = ktally("-s", machine.tree, "-o", "json", user=lib.NOBODY)
            file.chmod(0o644)
            if result.status:
                assert result.status == 1 and lib.one_complaint(result), result.complaint
                continue
            report = result.json()
            lib.must_close(report)
            must_be_honest(machine.whole, report)
            if path in COUNTERS:
                assert "ermission" in (report["degraded"] or ""), f"{path}: {report['degraded']}"
    on_each_tree(judge)


@test
def a_file_that_is_cut_off_anywhere_claims_nothing_that_is_not_so():
    dice = random.Random(21)

    def judge(machine):
        for path in FILES:
            file = machine.tree / path
            if not file.is_file():
                continue
            data = file.read_bytes()
            cuts = {len(data) * part // 20 for part in CUTS}
            cuts |= {dice.randrange(len(data)) for _ in range(SEEDS)}
            lines = [i + 1 for i, byte in enumerate(data) if byte == 10]
            cuts |= {dice.choice(lines) for _ in range(SEEDS) if lines}
            for cut in sorted(cuts):
                machine.with_file(path, data[:cut], f"cut at {cut}")
    on_each_tree(judge)


@test
def a_line_that_is_missing_changes_no_other_row_without_a_word():
    dice = random.Random(22)

    def judge(machine):
        for path in COUNTERS:
            lines = (machine.tree / path).read_bytes().splitlines(keepends=True)
            chosen = range(len(lines)) if path == "proc/meminfo" else \
                sorted(dice.sample(range(len(lines)), min(len(lines), 40)))
            for at in chosen:
                machine.with_file(path, b"".join(lines[:at] + lines[at + 1:]),
                                  f"without {lines[at].decode().strip()!r}")
    on_each_tree(judge)


@test
def a_file_of_another_machine_is_not_believed():
    foreign = {**trees.BIG_PAGES, **trees.MODERN}

    def judge(machine):
        for path in COUNTERS:
            for other in (trees.BIG_PAGES, trees.MODERN, trees.TWO_NODES):
                if path not in other:
                    continue
                report = machine.with_file(path, other[path].encode(), "is another machine's")
                assert report is None or report["degraded"], f"{path}: believed"
        for path, source in (("proc/iomem", "proc/iomem"), ("ktally/dmesg", "dmesg")):
            if source in foreign:
                machine.with_file(path, foreign[source].encode(), "is another machine's")
    on_each_tree(judge)


def free_lists(zoneinfo):
    """A /proc/buddyinfo of the machine that has this /proc/zoneinfo."""
    text = ""
    for node, zone, rest in re.findall(r"(?ms)^Node (\d+), zone +(\S+)$(.*?)(?=^Node|\Z)", zoneinfo):
        free, present = (int(re.search(rf"{key} +(\d+)", rest)[1])
                         for key in ("pages free", "present"))
        blocks = [free >> order & 1 for order in range(10)] + [free >> 10]
        if present:
            text += f"Node {node}, zone {zone:>8} " + " ".join(f"{n:6}" for n in blocks) + "\n"
    return text.encode()


@test
def free_lists_that_are_damaged_or_foreign_are_refused_or_said():
    dice = random.Random(23)

    def judge(machine):
        own = free_lists((machine.tree / "proc/zoneinfo").read_text())
        file, lines = machine.tree / "proc/buddyinfo", own.splitlines(keepends=True)
        cases = {0: own, "garbage": dice.randbytes(3000), "empty": b"", "missing": None,
                 **{f"cut at {cut}": own[:cut] for cut in dice.sample(range(len(own)), 8)},
                 **{f"without line {at}": b"".join(lines[:at] + lines[at + 1:])
                    for at in range(len(lines))},
                 **{f"of {name}": free_lists((fixture(name) / "proc/zoneinfo").read_text())
                    for name in TREES},
                 "of MODERN": trees.MODERN["proc/buddyinfo"].encode()}
        for what, content in cases.items():
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)
            assert read(machine.tree)["rows"] == machine.whole["rows"], what
            result = ktally("-s", machine.tree, "buddy", "-o", "json")
            if result.status:
                assert result.status == 1 and lib.one_complaint(result), result.complaint
                assert what and "of" not in what, f"{what}: {result.complaint}"
                continue
            report = result.json()
            free = {row["name"]: row["bytes"] for row in report["orders"]}
            assert report["orders_total"]["bytes"] == lib.row_bytes(machine.whole)["free"], what
            moved = abs(free.get("moved while read", free.get("isolated or moved", 0)))
            said = any("buddyinfo is cut off" in note for note in report["notes"])
            assert said if moved > 32 << 20 else not said or content != own, (what, moved)
            if what and "without" in what:
                assert said, what
    on_each_tree(judge)


@test
def slab_caches_of_another_machine_are_not_believed():
    def judge(machine):
        own = lib.row_bytes(machine.whole)
        for path in ("6.1", "6.12", "6.12-instrumented"):
            content = (fixture(path) / "proc/slabinfo").read_bytes()
            report = machine.with_file("proc/slabinfo", content, f"is of {path}")
            # what differs by less than a file may move cannot be told apart
            alike = abs(own["slab"] - lib.row_bytes(read(fixture(path)))["slab"]) < 5 << 20
            assert alike or "proc/slabinfo" in report["degraded"], f"{path}: believed"
            assert lib.row_bytes(report)["slab"] == own["slab"], path
        # a thousand times the objects, and none at all
        for factor in (0, 1000):
            text = re.sub(rb"slabdata +(\d+) +(\d+)",
                          lambda line: b"slabdata %d %d" % (int(line[1]) * factor,
                                                            int(line[2]) * factor),
                          (machine.tree / "proc/slabinfo").read_bytes())
            report = machine.with_file("proc/slabinfo", text, f"{factor} times")
            assert factor == 0 or "proc/slabinfo" in report["degraded"], report["degraded"]
    on_each_tree(judge)


@test
def no_machine_of_the_corpus_contradicts_its_own_slab_caches():
    seen = 0
    for tree in [*map(fixture, TREES), *lib.corpus_trees()]:
        if tree.is_dir() and (tree / "proc/slabinfo").exists():
            result = ktally("-s", tree, "-o", "json")
            if result.status == 0:
                seen += 1
                degraded = result.json()["degraded"] or ""
                assert "slabinfo contradicts" not in degraded, f"{tree.name}: {degraded}"
    assert seen > len(TREES), seen


@test
def a_node_s_file_of_another_machine_changes_no_row_of_the_machine_and_none_of_the_node_unsaid():
    path = "sys/devices/system/node/node0/meminfo"

    def judge(machine):
        file = machine.tree / path
        own = file.read_bytes()
        others = [(fixture(name) / path).read_bytes() for name in TREES]
        # one that is built alike: its total is the same, its counters are not
        alike = re.sub(rb"((?:Active|Inactive)\(file\)|FilePages): +(\d+)",
                       lambda line: b"%s: %d" % (line[1], int(line[2]) + (48 << 10)), own)
        whole = read(machine.tree, "-N")
        right = {row["id"]: row["bytes"] for row in whole["node_rows"]}
        slack = lib.row_of(whole, "unattributed")["error_bytes"]
        assert whole["degraded"] is None
        for content in {*others, alike} - {own}:
            file.write_bytes(content)
            report = read(machine.tree, "-N")
            assert report["rows"] == whole["rows"]
            assert path in report["degraded"], report["degraded"]
            for row in report["node_rows"]:
                if row["bytes"] is not None and right.get(row["id"]) is not None:
                    assert claim_is_true(row, right[row["id"]], slack), row
                elif row["id"] == "anonymous" and row["bytes"] is None:
                    assert path in row["reason"], row
        file.write_bytes(own)
    on_each_tree(judge)


@test
def a_row_that_is_not_counted_by_node_names_the_rows_of_the_node_that_contain_it():
    def judge(machine):
        report = read(machine.tree, "-N")
        known = {row["id"]: row["bytes"] for row in report["rows"]}
        rows = report["node_rows"]
        held = {row["id"]: row["contained_in"] for row in rows if row["bytes"] is None}
        assert held["percpu"] == "unattributed" and held["kernel_code"] == "boot_other", held
        for row in rows:
            if row["bytes"] is None and row["contained_in"]:
                assert known.get(row["id"]) != 0, f"{row['id']}: the machine has none of it"
                for holder in row["contained_in"].split(", "):
                    assert holder not in held, (row["id"], holder)
    on_each_tree(judge)


@test
def a_running_machine_whose_proc_is_restricted_is_refused_in_one_sentence():
    need_root()
    mount = "mount -t proc -o subset=pid proc /proc && exec \"$@\""
    for command in ((), ("account",), ("metrics",), ("explain", "boot")):
        result = lib.execute(["unshare", "-m", "sh", "-c", mount, "sh", lib.program, *command])
        if b"mount" in result.err or b"unshare" in result.err:
            raise lib.Skip("cannot mount a proc of its own here")
        assert result.status == 1 and lib.one_complaint(result) and not result.out, \
            f"{command}: status {result.status}, {result.complaint!r}"
        assert "proc/zoneinfo" in result.complaint and "proc/meminfo" in result.complaint


@test
def a_running_machine_without_one_core_file_is_degraded_and_gives_no_advice():
    need_root()
    for path in COUNTERS:
        mount = f"mount --bind /dev/null /{path} && exec \"$@\""
        result = lib.execute(["unshare", "-m", "sh", "-c", mount, "sh", lib.program, "-o", "json"])
        if b"mount" in result.err or b"unshare" in result.err:
            raise lib.Skip("cannot mount over a file of proc here")
        assert result.status == 0, result.complaint
        report = result.json()
        lib.must_close(report)
        assert path in report["degraded"], report["degraded"]
        for row in ("boot", "boot_other"):
            quality = lib.row_of(report, row)["quality"]
            assert path != "proc/zoneinfo" or quality != "exact", f"{row} is {quality}"
        advice = [finding["title"] for finding in report["findings"]
                  if finding["id"] == "large-row"]
        assert path == "proc/vmstat" or not any(
            lib.row_of(report, "unattributed")["title"] in note for note in advice), advice


@test
def an_empty_folder_of_proc_is_refused():
    with Folder() as folder:
        refuse("-s", plant(folder, {"proc/empty": ""}), says="contains a memory total")
