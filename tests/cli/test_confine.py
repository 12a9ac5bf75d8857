# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program gives up before it reads strangers' files or answers strangers' requests."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import lib
import trees
from lib import Folder, Skip, plant, succeed, test
from test_serve import Server

FIXTURE = lib.REPOSITORY / "tests/fixtures/6.12"


def status_of(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def must_be_confined(pid, capabilities=0):
    status = status_of(pid)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[name], 16) & ~capabilities == 0, f"{name} is {status[name]}"
    assert status["NoNewPrivs"] == "1", "may gain privileges"
    assert status["Seccomp"] == "2", "no seccomp filter"


@test
def a_server_that_root_started_has_no_capability_and_a_filter():
    lib.need_root()
    with Server() as server:
        must_be_confined(server.process.pid)
        # and the thread that reads the past
        for task in os.listdir(f"/proc/{server.process.pid}/task"):
            must_be_confined(task)


@test
def a_server_without_capabilities_knows_what_root_knows():
    lib.need_root()
    own = {source["name"]: source for source in
           succeed("doctor", "-o", "json").json()["sources"]}
    with Server() as server:
        told = server.json("/api/v1/doctor")["sources"]
        assert len(told) == len(own)
        for source in told:
            mine = own[source["name"]]
            if source["name"] == "slub":  # kernel memory needs a capability at each reading
                assert source["state"] == "denied", source
                continue
            assert source["state"] == mine["state"], \
                f"{source['name']}: {source['state']} ({source['why']}), root: {mine['state']}"
        rows = {row["id"] for row in server.json("/api/v1/account")["rows"]
                if row["bytes"] is not None}
        mine = {row["id"] for row in succeed("-o", "json").json()["rows"]
                if row["bytes"] is not None}
        assert mine <= rows, f"not known to the server: {mine - rows}"


@test
def a_server_of_a_strangers_file_is_confined_too():
    for source in (FIXTURE, ):
        with Server("-s", str(source)) as server:
            must_be_confined(server.process.pid, 1 << 2)
            assert server.json("/api/v1/slab")["caches"]


def traced(*args, fault=None):
    """The program under strace: which calls it makes once it is confined."""
    tool = shutil.which("strace")
    if not tool or lib.is_sanitized():
        raise Skip("needs strace and a build without sanitizers")
    command = [tool, "-f", "-qq", "-e", "trace=all", *(["-e", fault] if fault else [])]
    with Folder() as folder:
        result = lib.execute([*command, "-o", str(folder / "log"), lib.program,
                              *map(str, args)], timeout=60)
        log = (folder / "log").read_text(errors="replace")
    if "execve(" not in log:
        raise Skip("strace does not work here")
    return result, log


@test
def strangers_files_are_read_behind_the_filter():
    with Folder() as folder:
        recording = folder / "a.rec"
        succeed("record", recording, "-n", "3", "-i", "0.1", "-o", "json")
        bundle = folder / "a.tar.gz"
        subprocess.run(["tar", "czf", bundle, "-C", FIXTURE.parent, FIXTURE.name], check=True)
        plain = plant(folder / "single", {"x": trees.MODERN["proc/meminfo"]}) / "x"
        for args in (["-s", FIXTURE], ["-s", bundle], ["-s", recording], ["report", recording],
                     ["plot", recording], ["export", recording], ["-s", plain],
                     ["diff", FIXTURE, bundle], ["-s", FIXTURE, "slab"], ["-s", bundle, "doctor"],
                     ["-s", FIXTURE, "top", "--batch"],
                     ["-s", FIXTURE, "capture", folder / "new.tar.zst"]):
            result, log = traced(*args)
            assert result.status == 0, f"{args}: {result.complaint}"
            before, filtered, after = log.partition("PR_SET_SECCOMP")
            filtered = filtered or "SECCOMP_SET_MODE_FILTER" in log
            assert filtered, f"{args}: no filter"
            # nothing was read before but the first bytes, which tell the kind
            assert "proc/meminfo" not in before, f"{args}: read before the filter"
            assert not re.search(r"\b(socket|execve|connect|ptrace|fork)\(", after), \
                f"{args}: {after[:200]}"


@test
def a_forbidden_system_call_ends_the_program_with_one_sentence():
    if lib.is_sanitized():
        raise Skip("sanitizers are let through")
    # the kernel sends it for a call that is not in the list; any sender will do
    process = Server("-s", str(FIXTURE)).process
    process.send_signal(signal.SIGSYS)
    said = process.communicate(timeout=lib.TIMEOUT_S)[1]
    assert process.returncode == 1, f"status {process.returncode}"
    assert re.fullmatch(rb"ktally: seccomp: system call \d+ is not allowed here: .*\n", said), said


@test
def the_start_of_the_server_says_how_it_is_confined():
    with Server("-s", str(FIXTURE)) as server:
        assert "(confined: " in server.line, server.line
