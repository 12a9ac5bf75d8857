#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots kernels in virtual machines, puts known amounts of memory into known places there
and holds every number of ktally against them. Run by script/vmtest."""

import argparse
import concurrent.futures
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

import fixture
import initramfs
import kernels
import layouts
import machine
import reboot
import scenario
import support

BOOTS = 3
BOOT_AND_ALL_S = 1200  # no machine lives longer; a tenth where nothing else runs
SUPPORT = kernels.REPOSITORY / "docs/SUPPORT.md"
FIXTURES = kernels.REPOSITORY / "tests/fixtures"

_print_lock = threading.Lock()


def say(text):
    with _print_lock:
        print(text, flush=True)


class Results:
    def __init__(self):
        self.rows = []  # (kernel, layout, scenario, outcome, text)
        self.failed_folders = set()
        self.versions = {}
        self.figures = {}  # (kernel, layout, scenario): those of scenario.Run

    def add(self, kernel, layout, name, outcome, text):
        machine.pause(0)  # what is being ended has no outcome
        self.rows.append((kernel, layout, name, outcome, text))
        say(f"{outcome:7} {kernel} {layout} {name}{': ' if text else ''}{text}")

    def count(self, outcome):
        return sum(row[3] == outcome for row in self.rows)


class Job:
    """One kernel on one layout, with its scenarios."""

    def __init__(self, kernel, layout, scenarios, options):
        self.kernel, self.layout, self.scenarios = kernel, layout, scenarios
        self.options = options
        self.folder = options.folder / f"{kernel.name}-{layout.name}"

    def cost(self):
        return sum(60 if s.values["leaks"] or s.values["reboots"] else 2 for s in self.scenarios)

    def save(self, name, report):
        (self.folder / name).write_text(json.dumps(report, indent=1))

    def run(self, results):
        self.folder.mkdir()
        started = time.monotonic()
        failed = False
        vm = None
        try:
            vm, booted = self.boot()
            vm.run("sleep 1; ktally >/dev/null")  # what booting left behind goes
            results.versions[self.kernel.name] = vm.run("uname -r").strip()
            for item in self.scenarios:
                if item.values["reboots"]:
                    problem, vm = self.run_reboot(item, vm, results)
                    failed |= problem
                else:
                    failed |= self.run_one(item, vm, results)
            if self.options.fixture == self.kernel.name and self.layout.name == "plain":
                fixture.take(vm, FIXTURES / self.kernel.name)
                say(f"fixture {FIXTURES / self.kernel.name} written")
            say(f"        {self.kernel.name} {self.layout.name}: booted in {booted:.0f} s, "
                f"all in {time.monotonic() - started:.0f} s")
        except machine.Broken as error:
            results.add(self.kernel.name, self.layout.name, "boot", "FAILED", str(error))
            failed = True
        finally:
            if vm:
                vm.stop()
        if failed:
            results.failed_folders.add(self.folder)
        elif not self.options.keep:
            shutil.rmtree(self.folder)

    def boot(self):
        """Software emulation of two CPUs loses a race with a kernel that patches its own code
        in one boot of fifty; what dies before it says anything may try again."""
        for attempt in range(BOOTS):
            vm = machine.Machine(self.kernel, self.layout, self.options.initrds[self.kernel.name],
                                 self.folder, BOOT_AND_ALL_S)
            try:
                return vm, vm.wait_ready()
            except machine.Broken:
                vm.stop()
                if attempt + 1 == BOOTS:
                    raise
                vm.log.rename(self.folder / f"serial-{attempt + 1}.log")
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

    def run_one(self, item, vm, results):
        started = time.monotonic()
        try:
            problems, told, figures = scenario.run(item, vm, self.save)
        except scenario.Skip as why:
            results.add(self.kernel.name, self.layout.name, item.name, "skipped", str(why))
            return False
        except (KeyError, NameError, OSError, SyntaxError, TypeError, ValueError) as error:
            problems = [f"the test is broken: {error!r}"]
        if not problems:
            results.figures[self.kernel.name, self.layout.name, item.name] = figures
            results.add(self.kernel.name, self.layout.name, item.name, "passed", ", ".join(told)
                        + f" ({time.monotonic() - started:.1f} s)")
            return False
        results.add(self.kernel.name, self.layout.name, item.name, "FAILED", "; ".join(problems))
        try:
            fixture.take(vm, self.folder / f"tree-{item.name}")
        except (machine.Broken, OSError, ValueError) as error:
            say(f"        no tree of {item.name} could be captured: {error}")
        if vm.process.poll() is not None:
            raise machine.Broken(f"the machine ended in {item.name}; see {vm.log}")
        return True


def parse_options(all_scenarios):
    parser = argparse.ArgumentParser(prog="script/vmtest", description=__doc__)
    parser.add_argument("--ktally", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help="kernels, layouts and scenarios")
    parser.add_argument("--support", action="store_true", help="write docs/SUPPORT.md")
    parser.add_argument("--skip", metavar="REASON", help="run nothing, name what is skipped")
    parser.add_argument("--keep", action="store_true", help="keep logs and accounts of all")
    parser.add_argument("--fixture", metavar="KERNEL", choices=kernels.KERNELS,
                        help="keep a snapshot of KERNEL in tests/fixtures")
    parser.add_argument("--jobs", type=int, default=max(1, min(2, os.cpu_count() or 1)),
                        help="machines at a time")
    parser.add_argument("words", nargs="*", metavar="KERNEL|LAYOUT|SCENARIO")
    options = parser.parse_intermixed_args()
    names = {"kernels": list(kernels.KERNELS), "layouts": list(layouts.LAYOUTS),
             "scenarios": [item.name for item in all_scenarios]}
    for kind, known in names.items():
        setattr(options, kind, [word for word in known if word in options.words] or known)
    unknown = [word for word in options.words if not any(word in known for known in
                                                         names.values())]
    if unknown:
        parser.error("not a kernel, layout or scenario: " + " ".join(unknown))
    if options.support and (options.words or options.skip):
        parser.error("--support is about a full run")
    if options.fixture:
        options.kernels, options.layouts, options.scenarios = [options.fixture], ["plain"], ["idle"]
    return options


def show_list(all_scenarios):
    for name, (_, what) in kernels.KERNELS.items():
        print(f"kernel    {name:20} {what}")
    for layout in layouts.LAYOUTS.values():
        print(f"layout    {layout.name:20} {layout.about}")
    for item in all_scenarios:
        print(f"scenario  {item.name:20} {item.about} ({', '.join(item.layouts)})")


def chosen_scenarios(options, all_scenarios):
    """(layout, scenarios to run on it)"""
    for layout in options.layouts:
        chosen = [item for item in all_scenarios
                  if item.name in options.scenarios and layout in item.layouts]
        if chosen:
            yield layout, chosen


def skip_kernel(name, why, options, all_scenarios, results):
    """What cannot be shown is named, one line each, as it would be if it could."""
    for layout, chosen in chosen_scenarios(options, all_scenarios):
        for item in chosen:
            results.add(name, layout, item.name, "skipped", why)


def make_jobs(options, all_scenarios, results):
    options.initrds, jobs = {}, []
    if options.skip:
        for name in options.kernels:
            skip_kernel(name, options.skip, options, all_scenarios, results)
        return []
    helper = initramfs.build_helper(options.folder)
    for name in options.kernels:
        try:
            kernel = kernels.get(name)
            options.initrds[name] = initramfs.make(kernel, options.ktally, helper,
                                                   options.folder / f"{name}.cpio")
        except (kernels.Missing, OSError, subprocess.SubprocessError) as why:
            skip_kernel(name, str(why).strip().splitlines()[-1], options, all_scenarios, results)
            continue
        for layout, chosen in chosen_scenarios(options, all_scenarios):
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
    end_on_signals()
    results, started = Results(), time.monotonic()
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
    if options.support:
        support.write(SUPPORT, results, seconds)
        say(f"        {SUPPORT} written")
    say(f"        {seconds:.0f} s")
    say(f"{results.count('passed')} passed, {results.count('FAILED')} failed, "
        f"{results.count('skipped')} skipped")
    return 1 if results.count("FAILED") else 0


if __name__ == "__main__":
    sys.exit(main())
