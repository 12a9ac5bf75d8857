# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording that a reset of the machine interrupts. What survives a power cut is the file,
as far as it was flushed: it is taken out of one machine and put into the next."""

import base64
import json

from machine import pause
from scenario import Amounts

FILE = "/tmp/leak.rec"
TOLERANCE = 0.02
PIECE = 48 << 10  # of a file, on one line for the shell inside


def put(vm, path, data):
    vm.run(f": >{path}.base64")
    text = base64.b64encode(data).decode()
    for at in range(0, len(text), PIECE):
        vm.run(f"echo {text[at:at + PIECE]} >>{path}.base64")
    vm.run(f"base64 -d <{path}.base64 >{path}; rm {path}.base64")


def record(vm, scenario, files):
    """Records a leak and ends without a word; the files as they are on the disk by then."""
    seconds = int(scenario.values["reboots"][0])
    for path, data in files.items():
        put(vm, path, data)
    for command in scenario.values["do"]:
        vm.run(command)
    vm.run(f"ktally record -i 1 {FILE} >/tmp/record.out 2>&1 &")
    pause(seconds)
    return {path: vm.read(f"cat {path}") for path in (FILE, FILE + ".tail")}


def check(report, wanted):
    """Problems with a report: one reboot, and in both boots what grows as it should."""
    problems, told = [], []
    lines = report["lines"]
    boots = [i for i, line in enumerate(lines) if "rebooted" in (line["event"] or "")]
    if len(boots) != 1:
        return [f"{len(boots)} reboots are marked, not 1"], []
    halves = [lines[:boots[0]], lines[boots[0]:]]
    if min(map(len, halves)) < 20:
        problems.append(f"lines of the boots: {[len(half) for half in halves]}")
    hourly = next(row for row in report["extremes"] if row["what"] == "per hour")
    for column, amount in wanted:
        found = hourly[column] / 3600
        told.append(f"{column} grows by {found / (1 << 20):.3f} MiB/s ({found / amount - 1:+.2%})")
        if abs(found / amount - 1) > TOLERANCE:
            problems.append(f"{column} grows by {found:.0f} a second, not {amount}")
    return problems, told


def run(scenario, vm, boot):
    """(problems, what was seen, the machine that runs by then). `boot` resets the machine."""
    files = record(vm, scenario, {})
    vm = boot(vm)
    files = record(vm, scenario, files)
    amounts = Amounts(vm)
    wanted = [(text.split(None, 1)[0], amounts(text.split(None, 1)[1]))
              for text in scenario.values["grows"]]
    for path, data in files.items():
        put(vm, path.replace("leak", "read"), data)
    text = vm.read("ktally report /tmp/read.rec -i 1 -o json")
    problems, told = check(json.loads(text), wanted)
    return problems, told, vm
