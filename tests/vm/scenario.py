# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: files of "key: value" lines under scenarios/. What to do inside the machine,
which row must move by how much, what must not move.

    about    one line for people
    needs    "module" (the test module), "debuginfo" (the kernel's, which --debuginfo fetches),
             a path that must exist inside, or "run COMMAND" that must succeed inside; what is
             missing skips the scenario, and is named
    KEY+module  a line of that key for machines with the test module only, without which the rest
             of the scenario still says something
    layouts  names of layouts; "plain" when missing
    prepare  shell commands inside before the first account
    do, undo shell commands inside; "monitor: COMMAND" goes to qemu instead. What "prepare"
             did is undone as well
    once     no second attempt: it cannot be undone. The machine has to be at rest before
             "prepare" and before the first account
    last     runs behind all others, because it changes the machine for good
    is       ROW[+ROW] AMOUNT [~ SLACK]: what the row holds before anything is done, within
             1 % or 2 pages, or within SLACK; LOW..HIGH for AMOUNT as well
    moves    ROW[+ROW] AMOUNT [~ MORE]: must move by AMOUNT, within 1 % or 2 pages, and back;
             MORE is allowed on top where the kernel needs something beside
    also     ROW LOW..HIGH: may move by that much along with it
    keeps    ROWS that need not come back
    shows    COMMAND | WHICH | COLUMN AMOUNT [~ SLACK]: by how much the command's column, added
             up over rows, must change between before and after "do"; to the last unit, columns
             of bytes to 1 % or 2 pages, or within SLACK. COMMAND has its options; WHICH is
             patterns for any text of the rows, joined by "+", "total" for sums, "-" for what is
             in no table; COLUMN may be TABLE.COLUMN, both named as in JSON; COLUMN% is a share in percent
    prints   the same, of the value after "do", or where nothing is done
    foresees NAME COMMAND | WHICH | COLUMN: a value as for "prints", read before "do"; the amounts
             of the scenario may then name it. "NAME = AMOUNT" keeps an amount of that time
    traces   COMMAND: a phase of a load that "ktally trace" keeps. Each line is one. What "simulate"
             makes of it is held against the kernel's slabs, cache by cache; see traced.py
    boots    WORDS: in place of "do", another machine boots with these words of the command line
             beside its own. A word may contain amounts in braces; "how COMMAND" stands for the
             parameters in the column HOW of the command. "moves" is the difference of the
             two machines; see booted.py
    blocks   LOW..HIGH: by how many huge pages the free blocks of /proc/buddyinfo must grow, but for
             1 % or 2
    memtotal AMOUNT: by how much MemTotal of the second machine exceeds that of the first
    evicts   CACHE | COMMAND: the slabs that the command frees by evicting objects must be within
             3 % of what "whatif --exact slab-reclaim CACHE" foresees; see evicted.py
    classes  shell commands, as "do": what "whatif --exact kmalloc" proposes after them is held against
             a kernel that boots with those classes; see sized.py
    reboots  SECONDS: what leaks is recorded for so long, the machine reset, and the same once
             more into the same recording; "grows" says what it then reports
    grows    COLUMN AMOUNT: of the report, per second and in both boots, within 2 %
    stress   SECONDS: commands that read kernel memory run beside churn for so long, or for
             what --stress says; see stress.py
    dumps    yes: qemu dumps all memory after "do", and ktally reads the dump here; "prints" is
             about the dump, and every slab cache and every row of the account in it must be as
             it was inside; see dump.py
    sites    yes: the same dump, and what "users" has of it must be what it had inside
    counts   WHAT SECONDS: "do" runs in the first half of "users WHAT --watch SECONDS", and the
             watch must show what the kernel itself counts, site by site; see watched.py
    holders  CACHE | FUNCTION = PATTERN, ...: "users CACHE" must have as many objects in rows by
             the pattern as the kernel has with the function in their stack; see watched.py
    peers    tools that read the dump too, each with the kernel's debuginfo; every slab cache must
             have as many slabs, slots and objects in use by each of them; see peers.py
    panics   COMMAND: after "do" it makes the machine panic, and the crash kernel leaves a bundle;
             "prints" is about the bundle, and with "dumps" each row of the account in it must be
             as it was before; see panic.py
    dies     COMMAND: it makes the machine panic, which then stands still; qemu dumps all memory,
             and the stack in the dump must be the one that the kernel printed; see panic.py
    together NAME: leaks at the same time as the other scenarios with this name: "do" starts what
             grows, and "finds" is about one recording of them all; see diagnosed.py
    finds    OPTIONS | STATE | SUBJECT | CULPRIT | NEXT: the finding of "diagnose" with these options
             about the subject; patterns. No other finding may ask for anything. "capture" and
             "dump" for options: what is read of the machine here
    heals    COMMAND: the remedy of the finding has to contain it, with a number for "N"; it is then
             run. What follows "&&" is run after it
    also     SUBJECT: what may be found too, because it is the same memory
    frees    ROW[+ROW] PERCENT: how much of what the rows grew comes back by that
    leaks    SECONDS SAMPLES: a leak of 1 MiB/s that is watched; the amounts of "moves" may
             then name kinds of the test module, which tells how much of each it holds. It has
             to be at rest as for "once"; two attempts

Amounts are arithmetic with K, M, G after numbers, and with these names: cpus, page, ram,
initrd (bytes of the initial RAM disk), slab("cache") (bytes that one object takes in its
cache), sheaves("cache") (objects that may wait in arrays of the allocator), tags("cache")
(what the kernel keeps for it in kmalloc: nothing but where allocations are profiled),
cost("cache") (slab and tags; 0 for a cache that the kernel does not have if a "?" is behind
its name), file("path") (a number in a file inside), named() (what drivers keep ready
at most, by "explain unattributed"), held("kind") (bytes that the test module holds),
flagged("class") (pages of a class of the census, by /proc/kpageflags), unclaimed() (pages that
/proc/kpageflags calls free or nothing at all). In "shows" and "prints" there are also the other
columns of the same rows, as the command has them after "do", row("id") of the account at that
time, and moved("id"), by how much that has changed."""

import pathlib
import re
import time

from machine import Broken, Gone, pause
from shown import PAGE, Claim, tolerance

FOLDER = pathlib.Path(__file__).resolve().parent / "scenarios"
KMALLOC_SIZES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192]
# what may happen in half a second on an idle machine: a process more, a page of log
SLACK = 256 << 10
REST = 64 << 10
ATTEMPTS = 3
HUGE_ORDER = 9  # of a huge page, with pages of 4 KiB
LEAK_ATTEMPTS = 2  # each takes a minute
SETTLE_S = 0.2
RETURN_S = 20.0
REST_S = 20.0
# free memory is what the others leave; lists of free pages are not asked
FREE = ("free_buddy", "free_pcp", "free_cma")
KEYS = ("about", "needs", "layouts", "once", "last", "prepare", "do", "undo", "is", "moves",
        "also", "keeps", "leaks", "shows", "prints", "reboots", "grows", "stress", "dumps",
        "sites", "panics", "dies", "peers", "counts", "holders", "together",
        "finds", "also", "heals", "frees", "foresees", "boots", "memtotal",
        "evicts", "blocks", "traces", "classes")


class Skip(Exception):
    pass


class Scenario:
    def __init__(self, path):
        self.name = path.stem
        self.values = {key: [] for key in KEYS}
        self.of_module = []  # (key, value) of lines that need the test module
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, colon, value = line.partition(":")
            key, _, what = key.partition("+")
            if what == "module":
                self.of_module.append((key, value.strip()))
            elif what:
                raise ValueError(f"{path}:{number}: lines of a key are for '+module' only")
            if not colon or key not in KEYS:
                raise ValueError(f"{path}:{number}: no such key")
            self.values[key].append(value.strip())
        self.about = " ".join(self.values["about"])
        self.layouts = " ".join(self.values["layouts"]).split() or ["plain"]


    def without_module(self):
        return {key: [value for value in values if (key, value) not in self.of_module]
                for key, values in self.values.items()}


def load():
    scenarios = [Scenario(path) for path in sorted(FOLDER.glob("*.txt"))]
    return sorted(scenarios, key=lambda item: bool(item.values["last"]))


class Amounts:
    """Evaluates amounts; asks the machine what it needs to know."""

    def __init__(self, machine):
        self.machine = machine
        self.most_named = None  # bytes; as named() gave them last
        self.names = {"__builtins__": {}, "abs": abs, "page": PAGE, "cpus": machine.layout.cpus,
                      "ram": machine.layout.mib << 20, "initrd": machine.initrd_bytes,
                      "slab": self.slab, "sheaves": self.sheaves, "tags": self.tags, "cost": self.cost, "file": self.file,
                      "named": self.named, "held": self.held, "flagged": self.flagged,
                      "unclaimed": lambda: int(machine.run("hold unclaimed"))}

    def named(self):
        """What drivers keep ready in unattributed, by the bounds of 'explain unattributed'."""
        report = self.machine.report("explain unattributed")
        self.most_named = sum(
            line["most_bytes"] - (line["least_bytes"] or 0) for line in report["looked_for"]
            if line["kind"] in ("block", "integrity", "dma_pool") and line["holder"] is None
            and line["most_bytes"] is not None)
        return self.most_named

    def held(self, kind):
        """Bytes of a kind that the test module holds."""
        text = self.machine.run("cat /sys/kernel/debug/ktally_test/held")
        return int(dict(map(str.split, text.splitlines()))[kind])

    def flagged(self, name):
        """Pages of a class, by /proc/kpageflags."""
        return next(row["pages"] for row in self.machine.report("census --all")["classes"]
                    if row["id"] == name)

    def file(self, path):
        return int(self.machine.run(f"cat {path}").split()[0].split(".")[0])

    def slab(self, name):
        at = f"/sys/kernel/slab/{name}"
        return (PAGE << self.file(f"{at}/order")) / self.file(f"{at}/objs_per_slab")

    def sheaves(self, name):
        """mm/slub.c: a full array with each CPU, one in reserve, one of what RCU is to free, and
        ten full ones in a barn with each node, where the kernel has such."""
        at = f"/sys/kernel/slab/{name}/sheaf_capacity"
        if self.machine.try_run(f"test -e {at}")[0]:
            return 0
        nodes = int(self.machine.run("ls -d /sys/devices/system/node/node* | wc -l"))
        return self.file(at) * (3 * self.machine.layout.cpus + 11 * nodes)

    def tags(self, name):
        """mm/slab.h, struct slabobj_ext: 16 bytes an object, in one piece for each slab."""
        if self.machine.try_run("test -e /proc/allocinfo")[0]:
            return 0
        objects = self.file(f"/sys/kernel/slab/{name}/objs_per_slab")
        return min(size for size in KMALLOC_SIZES if size >= objects * 16) / objects

    def cost(self, name):
        if name.endswith("?"):
            name = name[:-1]
            if self.machine.try_run(f"test -e /sys/kernel/slab/{name}")[0]:
                return 0
        return self.slab(name) + self.tags(name)

    def __call__(self, text, names=()):
        text = re.sub(r"\b(\d+)([KMG])\b", lambda m: f"({m[1]} << {'KMG'.index(m[2]) * 10 + 10})",
                      text)
        return int(eval(text, {**self.names, **dict(names)}))  # our own files, names as listed


def rows_of(report):
    return {row["id"]: row["bytes"] for row in report["rows"]}


def stated_rows(report):
    """Rows that stand for memory of their own: neither groups of rows nor parts of one."""
    groups = {row["parent"] for row in report["rows"] if "." not in row["id"]}
    return [row["id"] for row in report["rows"] if "." not in row["id"]
            and row["id"] not in groups and row["id"] not in FREE and row["state"] == "ok"]


def closes(report):
    """Problems with the closing of an account: children that do not add up."""
    rows = rows_of(report)
    problems = []
    sums = {}
    for row in report["rows"]:
        if row["parent"] is not None:
            sums[row["parent"]] = sums.get(row["parent"], 0) + (row["bytes"] or 0)
    for parent, total in sums.items():
        if rows[parent] is not None and total != rows[parent]:
            problems.append(f"{parent} is {rows[parent]}, its children are {total}")
    if rows["ram"] != report["installed_bytes"]:
        problems.append(f"ram is {rows['ram']}, installed {report['installed_bytes']}")
    return problems


def mib(value):
    return f"{value / (1 << 20):.2f} MiB"


class Run:
    """One scenario on one machine."""

    def __init__(self, scenario, machine, save):
        self.scenario, self.machine, self.save = scenario, machine, save
        has_module = bool(machine.kernel.test_module)
        self.values = scenario.values if has_module else scenario.without_module()
        # what is not shown here, for the result
        self.lacks = ["without the test module"] if scenario.of_module and not has_module else []
        self.amounts = Amounts(machine)
        self.moves = []
        self.shows = [Claim(text) for text in self.values["shows"]]
        self.prints = [Claim(text) for text in self.values["prints"]]
        self.figures = {}

    def foresee(self):
        """What commands say before "do": from here on, amounts can name it."""
        for text in self.values["foresees"]:
            name, claim = text.split(None, 1)
            if claim.startswith("="):
                self.amounts.names[name] = self.amounts(claim.removeprefix("=").strip())
                continue
            claim = Claim(claim + " 0")
            value = claim.value(self.machine.report(claim.command))
            if value is None:
                raise AssertionError(f"ktally {claim.command}: there is no {claim.what}")
            self.amounts.names[name] = value

    def check_needs(self):
        for need in self.values["needs"]:
            if need == "module":
                if not self.machine.kernel.test_module:
                    raise Skip(f"no test module: {self.machine.kernel.why_no_module}")
            elif need == "debuginfo":
                if not self.machine.kernel.debuginfo:
                    raise Skip("no debuginfo of this kernel was fetched: "
                               f"script/vmtest --debuginfo {self.machine.kernel.name}")
            elif need.startswith("run "):
                status, text = self.machine.try_run(need.removeprefix("run "))
                if status != 0:
                    raise Skip((text.strip().splitlines() or [need[4:]])[-1])
            elif self.machine.try_run(f"test -e {need}")[0] != 0:
                raise Skip(f"no {need}")

    def account(self, when):
        pause(SETTLE_S)
        report = self.machine.account()
        self.save(f"{self.scenario.name}-{when}.json", report)
        problems = closes(report)
        if problems:
            raise AssertionError(f"{when}: " + "; ".join(problems))
        return report

    def reports(self, when, claims):
        """What the commands of the claims print, each once."""
        reports = {}
        for command in dict.fromkeys(claim.command for claim in claims):
            reports[command] = self.machine.report(command)
            self.save(f"{self.scenario.name}-{when}-{re.sub('[ /]', '', command)}.json",
                      reports[command])
        return reports

    def check_claims(self, before, after, earlier, account):
        """What commands print, and by how much that has changed."""
        problems, told = [], []
        names = {"row": lambda name: rows_of(account)[name],
                 "moved": lambda name: rows_of(account)[name] - rows_of(earlier)[name]}
        for claim in self.shows + self.prints:
            old = before[claim.command] if claim in self.shows else None
            problem, text, off = claim.check(old, after[claim.command], self.amounts, names)
            if problem:
                problems.append(problem)
            if off is not None:
                self.figures["shown"] = max(off, self.figures.get("shown", 0))
            told.append(text)
        return problems, told

    def perform(self, commands):
        for command in commands:
            if command.startswith("monitor:"):
                self.machine.monitor(command.removeprefix("monitor:").strip())
            else:
                self.machine.run(command)

    def parse_moves(self):
        """After "do": what it names, such as a slab cache, may be new."""
        self.moves = []
        for text in self.values["moves"]:
            rows, amount = text.split(None, 1)
            amount, _, more = amount.partition("~")
            amount = self.amounts(amount)
            most = tolerance(amount) + (self.amounts(more) if more else 0)
            self.moves.append((rows.split("+"), amount, most))

    def allowed(self):
        ranges = {}
        for text in self.values["also"]:
            row, limits = text.split(None, 1)
            low, high = limits.split("..")
            ranges[row] = (self.amounts(low), self.amounts(high))
        return ranges

    def note_figures(self, amount, most, change):
        """How far off a known amount was, of those that are known that well."""
        if amount and most == tolerance(amount):
            off = abs(change - amount) / abs(amount)
            self.figures["deviation"] = max(off, self.figures.get("deviation", 0))

    def check_moves(self, before, after):
        problems, told = [], []
        old, new = rows_of(before), rows_of(after)
        for rows, amount, most in self.moves:
            change = sum((new[row] or 0) - (old[row] or 0) for row in rows)
            told.append(f"{'+'.join(rows)} {change / (1 << 20):+.2f} MiB"
                        + (f" ({change / amount - 1:+.2%})" if amount else ""))
            self.note_figures(amount, most, change)
            if abs(change - amount) > most:
                problems.append(f"{'+'.join(rows)} moved by {mib(change)}, not {mib(amount)}")
        return problems, told

    def check_delta(self, before, after):
        problems, told = self.check_moves(before, after)
        old, new = rows_of(before), rows_of(after)
        moved = {row for rows, _, _ in self.moves for row in rows}
        ranges = self.allowed()
        for row in stated_rows(after):
            if row in moved or old.get(row) is None:
                continue
            low, high = ranges.get(row, (-SLACK, SLACK))
            change = new[row] - old[row]
            if row == "unattributed" and row not in ranges:
                self.figures["disturbed"] = abs(change) / new["ram"]
            if not low <= change <= high:
                problems.append(f"{row} moved by {mib(change)}")
        return problems, told

    def check_is(self, report):
        problems, told, rows = [], [], rows_of(report)
        for text in self.values["is"]:
            names, amount = text.split(None, 1)
            value = sum(rows[name] or 0 for name in names.split("+"))
            if ".." in amount:
                low, high = map(self.amounts, amount.split(".."))
            else:
                amount, _, slack = amount.partition("~")
                middle = self.amounts(amount)
                slack = self.amounts(slack) if slack else tolerance(middle)
                low, high = middle - slack, middle + slack
            told.append(f"{names} {mib(value)}")
            if names == "unattributed":
                self.figures["idle"] = value / rows["ram"]
                self.figures["named"] = (self.amounts.most_named or 0) / rows["ram"]
            if not low <= value <= high:
                problems.append(f"{names} is {mib(value)}, not {mib(low)} to {mib(high)}")
        return problems, told

    def check_return(self, before):
        """Freed memory comes back: delayed frees get some seconds."""
        kept = set(" ".join(self.values["keeps"]).split())
        ends = time.monotonic() + RETURN_S
        while True:
            report = self.account("released")
            old, new = rows_of(before), rows_of(report)
            problems = []
            for rows, amount, _ in self.moves:
                change = sum((new[row] or 0) - (old[row] or 0) for row in rows)
                # "prepare" may have taken memory before, which is freed as well
                left = change if amount > 0 else -change
                if not kept & set(rows) and left > abs(amount) // 100 + SLACK:
                    problems.append(f"{'+'.join(rows)} stays {mib(change)} from where it was")
            if not problems or time.monotonic() > ends:
                return problems

    def needs_rest(self):
        """What a scenario before it freed late would be taken again by what it takes, and it
        has one attempt or dear ones."""
        return bool(self.values["leaks"] or self.values["once"])

    def attempts(self):
        if self.values["once"]:
            return 1
        return LEAK_ATTEMPTS if self.values["leaks"] else ATTEMPTS

    def wait_rest(self):
        """What the scenario or attempt before left behind goes, until one second moves
        nothing."""
        ends = time.monotonic() + REST_S
        now = rows_of(self.account("rest"))
        while time.monotonic() < ends:
            pause(1)
            last, now = now, rows_of(self.account("rest"))
            if all(abs((now[row] or 0) - (last[row] or 0)) <= REST for row in now):
                return

    def free_blocks(self):
        """Free memory in blocks of the size of a huge page, or larger ones, in huge pages."""
        self.machine.run("echo 1 >/proc/sys/vm/stat_refresh")
        lines = [line.split()[4:] for line in
                 self.machine.run("cat /proc/buddyinfo").splitlines() if ", zone" in line]
        return sum(int(count) << order - HUGE_ORDER for line in lines
                   for order, count in enumerate(line) if order >= HUGE_ORDER)

    def check_blocks(self, before):
        """(problems, what was seen) of "blocks"."""
        problems, told = [], []
        for text in self.values["blocks"]:
            low, high = map(self.amounts, text.split(".."))
            more = self.free_blocks() - before
            told.append(f"{more:+d} free huge pages, {low} to {high} were foreseen")
            if not low - max(low // 100, 2) <= more <= high + max(high // 100, 2):
                problems.append(told[-1])
        return problems, told

    def once(self):
        try:
            self.perform(self.values["prepare"])
            if self.needs_rest():
                self.wait_rest()
            # commands take memory too: both accounts are taken when they have had theirs
            self.foresee()
            shown = self.reports("before", self.shows)
            before = self.account("before")
            problems, told = self.check_is(before)
            if self.values["do"]:
                more, told_more = self.follow(shown, before)
            else:
                shown = self.reports("before", self.prints)
                more, told_more = self.check_claims({}, shown, before, before)
        finally:
            self.perform(self.values["undo"])
        back = self.check_return(before) if self.values["do"] else []
        return problems + more + back, told + told_more

    def follow(self, shown, before):
        """What "do" changes in the account and in what commands print."""
        already = self.held() if self.values["leaks"] else None
        blocks = self.free_blocks() if self.values["blocks"] else None
        self.perform(self.values["do"])
        if already:
            return self.follow_leak(before, already)
        grown, told_grown = self.check_blocks(blocks)
        self.parse_moves()
        held = self.account("held")
        problems, told = self.check_delta(before, held)
        problems, told = grown + problems, told_grown + told
        more, told_more = self.check_claims(
            shown, self.reports("held", self.shows + self.prints), before, held)
        return problems + more, told + told_more

    def held(self):
        """What the test module holds, in bytes by kind."""
        text = self.machine.run("cat /sys/kernel/debug/ktally_test/held")
        return {name: int(value) for name, value in map(str.split, text.splitlines())}

    def follow_leak(self, before, already):
        """While a leak runs, each row holds what the module says it has by then."""
        seconds, samples = map(int, self.values["leaks"][0].split())
        started, problems, told = time.monotonic(), [], []
        for sample in range(1, samples + 1):
            pause(started + seconds * sample / samples - time.monotonic())
            low = self.held()
            report = self.account(f"leak-{sample}")
            high = self.held()
            self.moves = []
            for row, text in (line.split(None, 1) for line in self.values["moves"]):
                # the account falls between two steps of the leak
                first, last = (self.amounts(text, {kind: held[kind] - already[kind]
                                                   for kind in held}) for held in (low, high))
                amount = (first + last) // 2
                self.moves.append(([row], amount,
                                   tolerance(amount) + SLACK + (last - first) // 2))
            more, told = self.check_delta(before, report)
            problems += [f"after {seconds * sample // samples} s: {text}" for text in more]
        for rows, amount, _ in self.moves:
            if not 0.9 * seconds <= amount / (1 << 20) <= 1.1 * seconds:
                problems.append(f"{rows[0]}: leaked {mib(amount)} in {seconds} s")
        return problems, told

    def __call__(self):
        """(problems, what was seen, figures). What disturbs from outside does not happen thrice."""
        self.check_needs()
        problems, why = [], ""
        for attempt in range(self.attempts()):
            try:
                if attempt:
                    why = "; ".join(problems)
                if attempt or self.needs_rest():
                    self.wait_rest()
                self.figures.clear()
                problems, told = self.once()
            except AssertionError as error:
                problems, told = [str(error)], []
            if not problems:
                told += [f"attempt {attempt + 1} (before: {why})"] if attempt else []
                break
        return problems, told, self.figures


def run(scenario, machine, save):
    try:
        return Run(scenario, machine, save)()
    except Gone:
        raise
    except Broken as error:
        return [str(error)], [], {}
