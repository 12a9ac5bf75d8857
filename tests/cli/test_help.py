# SPDX-License-Identifier: GPL-2.0-or-later
"""Every example of the help works as it stands, in a directory with the files that it names."""

import json
import os
import re
import shutil

import lib
import logs
import test_import
import test_simulate
import test_users
import trees
from lib import Folder, execute, plant, succeed, test

SECONDS = 1  # until a command that does not end by itself is interrupted
ENDED = 124  # status of timeout(1)
BTF = "/sys/kernel/btf/vmlinux"


def examples():
    """(command, line) of every example; the overview's have no command."""
    overview = succeed("help", "-o", "json").json()
    yield from (("", one["line"]) for one in overview["examples"])
    for row in overview["commands"]:
        command = row["command"].split()[0]
        for one in succeed("help", command, "-o", "json").json()["examples"]:
            yield command, one["line"]


def plant_files(folder):
    """The files that examples name, and the program as `ktally`."""
    plant(folder / "tree", trees.MODERN)
    for name in ("bad", "before", "after"):
        succeed("-s", folder / "tree", "capture", folder / f"{name}.tar.zst")
    succeed("-s", folder / "tree", "record", folder / "r.rec", "-n", "3", "-i", "0.1")
    for day in ("monday", "tuesday"):
        shutil.copy(folder / "r.rec", folder / f"{day}.rec")
    plant(folder, {"commands.txt": "account\nslab --top 3\n", "dmesg.txt": logs.WHOLE,
                   "trace.txt": "sh-1 [000] ... 1.0: kmalloc: call_site=f ptr=1 bytes_req=20 "
                                "bytes_alloc=32\n",
                   "token": "0123456789abcdef0123456789abcdef\n",
                   "page_owner.txt": test_users.OWNER,
                   "slabinfo.1": trees.MODERN["proc/slabinfo"],
                   "slabinfo.2": trees.MODERN["proc/slabinfo"]})
    plant(folder, {"mem.log": test_import.dated("%Y-%m-%dT%H:%M:%SZ"),
                   "sa28.json": json.dumps(test_import.sadf())})
    plant(folder / "sosreports" / "one", test_import.tree(0))
    (folder / "load.trace").write_bytes(test_simulate.kept(test_simulate.ALLOC))
    (folder / "token").chmod(0o600)
    (folder / "bin").mkdir()
    (folder / "bin" / "ktally").symlink_to(lib.plain or lib.program)


def on_a_free_port(line):
    line = line.replace(":19998", ":0")
    return line if "--listen" in line else line + " --listen 127.0.0.1:0"


def takes_long(command, line):
    return command in ("serve", "netdata", "record", "trace") or " -i " in line and command != "export"


def run(folder, command, line):
    if command == "serve":
        line = on_a_free_port(line)
    # written where the example says, or in the way
    for name in re.findall(r"capture (?:--scrub )?(\S+)|record (\S+)|trace (\S+)|--map (\S+)|import .*-o (\S+)",
                           line):
        (folder / max(name)).unlink(missing_ok=True)
    limit = ["timeout", "-s", "INT", str(SECONDS)] if takes_long(command, line) else []
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    return execute([*limit, "sh", "-c", "exec " + line], env=lib.environment(PATH=path), cwd=folder)


def check(template, command, line):
    with Folder() as folder:
        shutil.copytree(template, folder, symlinks=True, dirs_exist_ok=True)
        result = run(folder, command, line)
    good = (0, ENDED) if takes_long(command, line) else (0,)
    assert result.status in good, f"{line}: status {result.status}: {result.complaint}"
    assert result.out or result.err or ">" in line or command in ("record", "capture"), \
        f"{line}: says nothing"


@test
def every_example_works_as_it_stands():
    lines, before = list(examples()), None
    assert len(lines) >= 60, f"only {len(lines)} examples"
    with Folder() as template:
        plant_files(template)
        for command, line in lines:
            if command != before:
                assert line.startswith(f"ktally {command}".rstrip()), f"{line} is not of {command}"
            before = command
            if command == "census" and (os.geteuid() or not os.access("/proc/kpageflags", os.R_OK)):
                continue
            if command == "trace" and (os.geteuid() or not os.path.exists(BTF)):
                continue
            if command == "top" and " -b" not in line:
                continue  # tests/top has the screen
            check(template, command, line)


@test
def every_help_begins_with_its_usage():
    overview = succeed("help", "-o", "json").json()
    assert succeed("--help").out.startswith(b"Usage: ktally [OPTIONS] [COMMAND]\n")
    for row in overview["commands"]:
        name = row["command"].split()[0]
        text = " ".join(succeed("help", name).out.decode().split())
        usage = succeed("help", name, "-o", "json").json()["usage"]
        assert text.startswith(f"Usage: {usage} "), (name, text[:80], usage)
