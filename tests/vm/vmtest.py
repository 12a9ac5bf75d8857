#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots kernels in virtual machines, puts known amounts of memory into known places there
and holds every number of ktally against them. Run by script/vmtest."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import archive
import booted
import diagnosed
import dump
import evicted
import fixture
import initramfs
import kernels
import layouts
import machine
import panic
import peers
import reboot
import scenario
import sized
import stress
import support
import traced
import watched

BOOTS = 2
# errors of a test, or of a program that it runs here: they fail its scenario, not all others
BROKEN = (KeyError, NameError, OSError, SyntaxError, TypeError, ValueError,
          subprocess.SubprocessError)
RUNS = 2
BOOT_AND_ALL_S = 2400  # no machine lives longer; a tenth where nothing else runs
SUPPORT = kernels.REPOSITORY / "docs/SUPPORT.md"
FIXTURES = kernels.REPOSITORY / "tests/fixtures"

_print_lock = threading.Lock()


def say(text):
    with _print_lock:
        print(text, flush=True)


class Results:
    """What was shown. Kept in FILE as it comes, where there is one: a full run takes long, and
    goes on from there when it was cut short, with what failed and what is not there yet."""

    def __init__(self, file=None):
        self.rows = []  # (kernel, layout, scenario, outcome, text)
        self.failed_folders = set()
        self.versions = {}
        self.figures = {}  # (kernel, layout, scenario): those of scenario.Run
        self.seconds = 0
        self.file, self.lock = file, threading.Lock()
        if file and file.exists():
            kept = json.loads(file.read_text())
            self.rows = [tuple(row) for row in kept["rows"] if row[3] != "FAILED"]
            self.versions, self.seconds = kept["versions"], kept["seconds"]
            self.figures = {tuple(key): value for key, value in kept["figures"]}

    def has(self, kernel, layout, name):
        return any(row[:3] == (kernel, layout, name) for row in self.rows)

    def keep(self, seconds=0):
        if not self.file:
            return
        beside = self.file.with_name(self.file.name + ".new")
        beside.write_text(json.dumps({
            "rows": self.rows, "versions": self.versions, "seconds": self.seconds + seconds,
            "figures": [[key, value] for key, value in self.figures.items()]}))
        beside.replace(self.file)

    def add(self, kernel, layout, name, outcome, text):
        machine.pause(0)  # what is being ended has no outcome
        say(f"{outcome:7} {kernel} {layout} {name}{': ' if text else ''}{text}")
        with self.lock:
            self.rows.append((kernel, layout, name, outcome, text))
            self.keep()

    def count(self, outcome):
        return sum(row[3] == outcome for row in self.rows)


class Job:
    """One kernel on one layout, with its scenarios."""

    def __init__(self, kernel, layout, scenarios, options):
        self.kernel, self.layout, self.scenarios = kernel, layout, scenarios
        self.options = options
        self.folder = options.folder / f"{kernel.name}-{layout.name}"

    def cost(self):
        together = {s.values["together"][0] for s in self.scenarios if s.values["together"]}
        return sum(60 if s.values["leaks"] or s.values["reboots"] else 2 for s in self.scenarios) \
            + self.stress_s() + 150 * len(together)

    def stress_s(self):
        """How long there is churn, of all scenarios."""
        return sum(self.options.stress or int(s.values["stress"][0]) for s in self.scenarios
                   if s.values["stress"])

    def save(self, name, report):
        (self.folder / name).write_text(json.dumps(report, indent=1))

    def run(self, results):
        self.folder.mkdir()
        waiting, failed = list(self.scenarios), False
        for attempt in range(RUNS):
            try:
                failed |= self.run_waiting(waiting, results)
                break
            except machine.Gone as error:
                failed |= self.note_gone(error, waiting, attempt, results)
        if failed:
            results.failed_folders.add(self.folder)
        elif not self.options.keep:
            shutil.rmtree(self.folder)

    def note_gone(self, error, waiting, attempt, results):
        """Once more, from the scenario on that it went away in; whether that was enough."""
        item = waiting[0].name if waiting else "boot"
        if attempt + 1 < RUNS:
            say(f"        {self.kernel.name} {self.layout.name}: gone in {item}, once more: {error}")
            for log in self.folder.glob("serial*.log"):
                log.rename(self.folder / f"gone-{attempt + 1}-{log.name}")
            return False
        results.add(self.kernel.name, self.layout.name, item, "FAILED", str(error))
        for other in waiting[1:]:
            results.add(self.kernel.name, self.layout.name, other.name, "FAILED",
                        f"not run: the machine was gone in {item}")
        return True

    def run_waiting(self, waiting, results):
        """Boots and runs the scenarios, each of which leaves the list when it is done."""
        started, failed, vm = time.monotonic(), False, None
        try:
            vm, booted = self.boot()
            # what booting left goes; the first walk through all processes leaves inodes
            vm.run("sleep 1; ktally >/dev/null; ktally explain unattributed >/dev/null")
            results.versions[self.kernel.name] = vm.run("uname -r").strip()
            while waiting:
                item = waiting[0]
                if item.values["reboots"]:
                    problem, vm = self.run_reboot(item, vm, results)
                    failed |= problem
                elif item.values["together"]:
                    failed |= self.run_together(waiting, vm, results)
                    continue
                else:
                    failed |= self.run_one(item, vm, results)
                waiting.pop(0)
            if self.options.fixture == self.kernel.name and self.layout.name == "plain":
                fixture.take(vm, FIXTURES / self.kernel.name)
                say(f"fixture {FIXTURES / self.kernel.name} written")
            say(f"        {self.kernel.name} {self.layout.name}: booted in {booted:.0f} s, "
                f"all in {time.monotonic() - started:.0f} s")
        finally:
            if vm:
                vm.stop()
        return failed

    def boot(self, layout=None, folder=None):
        """(the machine, how long it took to boot)

        Software emulation of two CPUs loses a race with a kernel that patches its own code
        in one boot of fifty; what dies before it says anything may try again."""
        layout, folder = layout or self.layout, folder or self.folder
        for attempt in range(BOOTS):
            vm = machine.Machine(self.kernel, layout, self.options.initrds[self.kernel.name],
                                 folder, BOOT_AND_ALL_S + self.stress_s())
            try:
                return vm, vm.wait_ready()
            except machine.Broken:
                vm.stop()
                if attempt + 1 == BOOTS:
                    raise
                vm.log.rename(folder / f"serial-{attempt + 1}.log")
                say(f"        {self.kernel.name} {self.layout.name}: did not boot, once more")
            except BaseException:
                vm.kill()
                raise
        raise AssertionError

    def run_reboot(self, item, vm, results):
        """(whether it failed, the machine that runs by then)"""
        started = time.monotonic()

        def again(old):
            old.kill()
            old.log.rename(self.folder / "serial-before-reboot.log")
            return self.boot()[0]
        if not vm.kernel.test_module:
            results.add(self.kernel.name, self.layout.name, item.name, "skipped",
                        f"no test module: {vm.kernel.why_no_module}")
            return False, vm
        problems, told, vm = reboot.run(item, vm, again)
        text = "; ".join(problems) or ", ".join(told) + f" ({time.monotonic() - started:.1f} s)"
        results.add(self.kernel.name, self.layout.name, item.name,
                    "FAILED" if problems else "passed", text)
        return bool(problems), vm

    def beside(self, words):
        """Another machine that has booted, with more words on its command line."""
        layout = dataclasses.replace(self.layout, command=self.layout.command + tuple(words))
        folder = self.folder / "beside"
        folder.mkdir(exist_ok=True)
        return self.boot(layout, folder)[0]

    def run_scenario(self, item, vm):
        """(problems, what was seen, figures)"""
        if item.values["boots"]:
            return booted.run(item, vm, self.save, self.beside)
        if item.values["classes"]:
            return sized.run(item, vm, self.save, self.beside)
        if item.values["evicts"]:
            return evicted.run(item, vm, self.save)
        if item.values["traces"]:
            return traced.run(item, vm, self.save)
        if item.values["panics"]:
            return panic.run(item, vm, self.save, self.options.ktally)
        if item.values["dies"]:
            return panic.run_outside(item, vm, self.options.ktally)
        if item.values["sites"]:
            return dump.run_sites(item, vm, self.save, self.options.ktally)
        if item.values["counts"]:
            return watched.run(item, vm, self.save)
        if item.values["holders"]:
            return watched.run_holders(item, vm, self.save)
        if item.values["dumps"]:
            return dump.run(item, vm, self.save, self.options.ktally, self.options.keep)
        if not item.values["stress"]:
            return scenario.run(item, vm, self.save)
        scenario.Run(item, vm, self.save).check_needs()
        seconds = self.options.stress or int(item.values["stress"][0])
        return *stress.run(item, vm, self.save, seconds), {}

    def run_together(self, waiting, vm, results):
        """Runs the first scenario that waits, and those that leak together with it."""
        name = waiting[0].values["together"]
        items = [item for item in waiting if item.values["together"] == name]
        try:
            outcomes = diagnosed.run(items, vm, self.save, self.options.ktally)
        except BROKEN as error:
            outcomes = {item.name: ("FAILED", f"the test is broken: {error!r}") for item in items}
        failed = False
        for item in items:
            outcome, text = outcomes[item.name]
            results.add(self.kernel.name, self.layout.name, item.name, outcome, text)
            failed |= outcome == "FAILED"
            waiting.remove(item)
        return failed

    def run_one(self, item, vm, results):
        started = time.monotonic()
        try:
            problems, told, figures = self.run_scenario(item, vm)
        except scenario.Skip as why:
            results.add(self.kernel.name, self.layout.name, item.name, "skipped", str(why))
            return False
        except machine.Gone:
            raise
        except (AssertionError, machine.Broken) as error:
            problems, figures = [str(error)], {}
        except BROKEN as error:
            problems, figures = [f"the test is broken: {error!r}"], {}
        key = self.kernel.name, self.layout.name, item.name
        if problems:  # how much is unattributed is a figure, be it too much or not
            figures = {name: value for name, value in figures.items()
                       if name in ("idle", "named")}
        results.figures[key] = figures
        if not problems:
            results.add(self.kernel.name, self.layout.name, item.name, "passed", ", ".join(told)
                        + f" ({time.monotonic() - started:.1f} s)")
            return False
        results.add(self.kernel.name, self.layout.name, item.name, "FAILED", "; ".join(problems))
        try:
            fixture.take(vm, self.folder / f"tree-{item.name}")
        except (machine.Broken, OSError, ValueError) as error:
            say(f"        no tree of {item.name} could be captured: {error}")
        return True


def parse_options(all_scenarios):
    parser = argparse.ArgumentParser(prog="script/vmtest", description=__doc__)
    parser.add_argument("--ktally", help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help="kernels, layouts and scenarios")
    parser.add_argument("--support", action="store_true", help="write docs/SUPPORT.md")
    parser.add_argument("--skip", metavar="REASON", help="run nothing, name what is skipped")
    parser.add_argument("--results", metavar="FILE", type=pathlib.Path,
                        help="keep what was shown there, and go on from it")
    parser.add_argument("--tools", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--static", action="store_true",
                        help="take the programs of script/static, and no library")
    parser.add_argument("--keep", action="store_true", help="keep logs and accounts of all")
    parser.add_argument("--fixture", metavar="KERNEL", choices=kernels.KERNELS,
                        help="keep a snapshot of KERNEL in tests/fixtures")
    parser.add_argument("--debuginfo", action="append", default=[], metavar="KERNEL",
                        choices=kernels.KERNELS, help="fetch KERNEL's debuginfo, 1 GB, and "
                        "crash and drgn, for what compares ktally with tools that need them")
    parser.add_argument("--jobs", type=int, default=max(1, min(2, os.cpu_count() or 1)),
                        help="machines at a time")
    parser.add_argument("--stress", type=int, metavar="SECONDS",
                        help="how long there is churn, in scenarios that make it")
    parser.add_argument("--kernel", nargs="+", metavar=("VMLINUZ", "DIRECTORY"),
                        help="a kernel by its path; its modules' directory, and the headers' of "
                        "it for the test module, where there are any")
    parser.add_argument("words", nargs="*", metavar="KERNEL|LAYOUT|SCENARIO")
    options = parser.parse_intermixed_args()
    options.given = take_given(options)
    names = {"kernels": list(kernels.KERNELS), "layouts": list(layouts.LAYOUTS),
             "scenarios": [item.name for item in all_scenarios]}
    assert len({word for known in names.values() for word in known}) == \
        sum(map(len, names.values())), "a word that is a kernel, layout or scenario is one of them"
    for kind, known in names.items():
        usual = kernels.usual() if kind == "kernels" else known
        setattr(options, kind, [word for word in known if word in options.words] or usual)
    unknown = [word for word in options.words if not any(word in known for known in
                                                         names.values())]
    if unknown:
        parser.error("not a kernel, layout or scenario: " + " ".join(unknown))
    if options.support and (options.words or options.skip or options.given):
        parser.error("--support is about a full run")
    if options.given:
        if any(word in kernels.KERNELS for word in options.words):
            parser.error("--kernel is a kernel already")
        options.kernels = [pathlib.Path(options.given[0]).name]
    if options.fixture:
        options.kernels, options.layouts, options.scenarios = [options.fixture], ["plain"], ["idle"]
    return options


def take_given(options):
    """What --kernel names: the image, then directories; what else it swallowed are words."""
    if not options.kernel:
        return None
    image, *rest = options.kernel
    folders = [word for word in rest if os.path.isdir(word)][:2]
    options.words += [word for word in rest if word not in folders]
    return [image, *folders]


def show_list(all_scenarios):
    for name, kernel in kernels.KERNELS.items():
        print(f"kernel    {name:20} {kernel.about()}")
    for layout in layouts.LAYOUTS.values():
        print(f"layout    {layout.name:20} {layout.about}")
    for item in all_scenarios:
        print(f"scenario  {item.name:20} {item.about} ({', '.join(item.layouts)})")


def chosen_scenarios(name, options, all_scenarios, results):
    """(layout, scenarios to run on it), without those that a run before this one has shown"""
    for layout in options.layouts:
        chosen = [item for item in all_scenarios
                  if item.name in options.scenarios and layout in item.layouts
                  and not results.has(name, layout, item.name)]
        if chosen:
            yield layout, chosen


def skip_kernel(name, why, options, all_scenarios, results):
    """What cannot be shown is named, one line each, as it would be if it could."""
    for layout, chosen in chosen_scenarios(name, options, all_scenarios, results):
        for item in chosen:
            results.add(name, layout, item.name, "skipped", why)


def make_jobs(options, all_scenarios, results):
    options.initrds, jobs = {}, []
    if options.skip:
        for name in options.kernels:
            skip_kernel(name, options.skip, options, all_scenarios, results)
        return []
    programs = {}
    try:
        for name in options.debuginfo:
            kernels.fetch_debuginfo(name)
            peers.fetch()
    except (kernels.Missing, OSError, subprocess.SubprocessError) as why:
        sys.exit(f"vmtest: {archive.gist(why)}")
    for name in options.kernels:
        try:
            kernel = kernels.given(*options.given) if options.given else kernels.get(name)
            if kernel.arch not in programs:
                programs[kernel.arch] = initramfs.Programs(
                    kernel.arch, options.ktally, options.folder, options.static)
            options.initrds[name] = initramfs.make(kernel, programs[kernel.arch],
                                                   options.folder / f"{name}.cpio")
        except (kernels.Missing, OSError, subprocess.SubprocessError) as why:
            if options.given:
                sys.exit(f"vmtest: {archive.gist(why)}")
            skip_kernel(name, archive.gist(why), options, all_scenarios, results)
            continue
        for layout, chosen in list(chosen_scenarios(name, options, all_scenarios, results)):
            if kernel.arch not in layouts.LAYOUTS[layout].arches:
                for item in chosen:
                    results.add(name, layout, item.name, "skipped",
                                f"no such machine of {kernel.arch}")
                continue
            jobs.append(Job(kernel, layouts.LAYOUTS[layout], chosen, options))
    return sorted(jobs, key=Job.cost, reverse=True)


def run_jobs(jobs, options, results):
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            for future in [pool.submit(job.run, results) for job in jobs]:
                future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            machine.kill_all()


def end_on_signals():
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

    def end(number, _):
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        say(f"vmtest: ended by {signal.Signals(number).name}")
        sys.exit(128 + number)
    for number in numbers:
        signal.signal(number, end)


def main():
    all_scenarios = scenario.load()
    options = parse_options(all_scenarios)
    if options.list:
        show_list(all_scenarios)
        return 0
    if options.tools:
        try:
            print(*kernels.tools(options.given, options.kernels))
        except kernels.Missing as why:
            sys.exit(f"vmtest: {why}")
        return 0
    end_on_signals()
    results, started = Results(options.results), time.monotonic()
    options.folder = pathlib.Path(tempfile.mkdtemp(prefix="ktally-vm-"))
    try:
        run_jobs(make_jobs(options, all_scenarios, results), options, results)
    finally:
        if results.failed_folders:
            for folder in sorted(results.failed_folders):
                say(f"kept: {folder} (serial.log, accounts, captured trees)")
        elif not options.keep:
            shutil.rmtree(options.folder, ignore_errors=True)
    seconds = time.monotonic() - started
    results.keep(seconds)
    if options.support:
        support.write(SUPPORT, results, results.seconds + seconds)
        say(f"        {SUPPORT} written")
    say(f"        {seconds:.0f} s")
    say(f"{results.count('passed')} passed, {results.count('FAILED')} failed, "
        f"{results.count('skipped')} skipped")
    return 1 if results.count("FAILED") else 0


if __name__ == "__main__":
    sys.exit(main())
