#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations that fail. usage: run.py KTALLY ALLOC.SO [TEST...]

Each command runs once for every allocation that it makes, with that one allocation failing,
and again with every allocation failing from there on. A run ends with the output of a run
without failures, or with one sentence that says that memory ran out. No other output counts:
a number that is missing or different without a word is a failure, as is a crash.
"""

import concurrent.futures
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "cli"))

import case_trees  # noqa: E402
import suite  # noqa: E402
from experiments import GROUPS, left_over  # noqa: E402
from suite import Skip, test  # noqa: E402

KTALLY, ALLOC = (str(Path(path).resolve()) for path in sys.argv[1:3])
REPOSITORY = Path(__file__).resolve().parents[2]
TREE = REPOSITORY / "tests" / "fixtures" / "6.12"
# one line; the loader and libarchive end a program with a line of their own
OUT_OF_MEMORY = re.compile(
    rb"\A[^\n]*(out of memory|no memory|not enough memory|cannot allocate|cannot create)[^\n]*\n\Z", re.I)
VARYING = re.compile(rb"^ktally_\w*_seconds .*$", re.M)  # what it took, which no two runs agree on
TIMEOUT_S = 60
EXPERIMENTS = 40  # runs of an experiment, which take seconds
TRIES_AT_MOST = int(os.environ.get("KTALLY_ALLOC_TRIES", "600"))  # for one command


def environment(**changes):
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LD_PRELOAD": ALLOC, **changes}


def run(args, cwd=None, **env):
    return subprocess.run([KTALLY, *args], cwd=cwd, env=environment(**env), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)


def counted(said):
    """The number of allocations at the end of what a program said, and what it said itself."""
    found = re.search(rb"allocations: (\d+)\n\Z", said)
    assert found, f"nothing is counted: {said[-200:]}"
    return int(found.group(1)), said[:found.start()]


def allocations(args, cwd=None):
    """How many allocations the command makes, and what it prints."""
    result = run(args, cwd=cwd, KTALLY_ALLOC_COUNT="1")
    made, result.stderr = counted(result.stderr)
    assert made > 10, f"{args}: {made} allocations: nothing is counted"
    return made, result


def numbers(made):
    """The allocations to fail: all, or evenly spread ones of a command that makes too many."""
    step = max(1, -(-made // TRIES_AT_MOST))
    return range(1, made + 2, step)


def wrong_with(result, good):
    """What is wrong with a run in which allocations failed; None: nothing."""
    if result.returncode < 0:
        return f"ended by {signal.Signals(-result.returncode).name}"
    if result.returncode == good.returncode:
        if VARYING.sub(b"", result.stdout) != VARYING.sub(b"", good.stdout):
            return f"status {result.returncode} and another output"
        # a command that fails anyway may say less of it, or that memory ran out
        if result.stderr == good.stderr or (good.returncode and (
                OUT_OF_MEMORY.match(result.stderr) or
                result.stderr.removeprefix(b"ktally: ") in good.stderr)):
            return None
        return f"says {result.stderr[:200]}"
    if result.stdout and not good.stdout.startswith(result.stdout):
        return f"status {result.returncode} and an output of {len(result.stdout)} bytes"
    if not OUT_OF_MEMORY.match(result.stderr):
        return f"status {result.returncode}: {result.stderr[:200]}"
    return None


def complain(wrong, tried):
    shown = "; ".join(f"{name}: {what}" for name, what in wrong[:6])
    assert not wrong, f"{len(wrong)} of {tried} runs: {shown}"


def hold(*args, then=None):
    """Fails each allocation of a command alone, then all from there on. Each run has a directory
    of its own, which is the current one. `then`: a command that shows the file which a run has
    made, in place of what the run says of it: how a file is stored may differ."""
    def shown(result, folder):
        if then and result.returncode == 0:
            result.stdout = run(then, cwd=folder).stdout
        return result

    with tempfile.TemporaryDirectory() as folder:
        made, good = allocations(args, folder)
        shown(good, folder)
    cases = [(n, rest) for n in numbers(made) for rest in (False, True)]

    def one(case):
        n, rest = case
        more = {"KTALLY_ALLOC_REST": "1"} if rest else {}
        with tempfile.TemporaryDirectory() as folder:
            result = shown(run(args, cwd=folder, KTALLY_ALLOC_FAIL=str(n), **more), folder)
        what = wrong_with(result, good)
        return what and (f"{n}{' on' if rest else ''}", what)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [result for result in pool.map(one, cases) if result]
    print(f"faults: {' '.join(args[:3])}: {made} allocations, {len(cases)} runs", flush=True)
    complain(wrong, len(cases))


def captured(folder):
    """A tree of this machine with all that ktally reads, which does not move."""
    bundle = folder / "machine.tar"
    subprocess.run([KTALLY, "capture", str(bundle)], check=True, capture_output=True,
                   timeout=TIMEOUT_S)
    tree = folder / "tree"
    tree.mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", tree], check=True, timeout=TIMEOUT_S)
    return bundle, tree


WORK = tempfile.TemporaryDirectory()
BUNDLE, MACHINE = captured(Path(WORK.name))


def need_cgroups():
    """Skips where no cgroup that limits memory can be made."""
    if not any((above / "memory.limit_in_bytes").exists() or
               ((above / "cgroup.controllers").exists() and
                "memory" in (above / "cgroup.controllers").read_text().split())
               for above in GROUPS) or os.geteuid() != 0:
        raise Skip("no cgroup that limits memory can be made here")


def hold_trees(*args):
    for tree in (TREE, MACHINE):
        hold(*args, "-s", str(tree))


@test
def account_is_whole_or_ends():
    hold_trees("account", "-o", "json")
    hold_trees("account", "--all")
    hold("account", "--node", "-s", str(MACHINE))


@test
def diagnose_is_whole_or_ends():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("many-threads", "slab-out-of-proportion", "kmalloc-out-of-proportion"):
            tree = Path(folder) / name
            for path, text in case_trees.of_case(name).items():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / path).write_text(text)
            hold("diagnose", "-o", "json", "-s", str(tree))


@test
def slab_is_whole_or_ends():
    hold_trees("slab", "-o", "json")
    hold("slab", "--details", "-s", str(MACHINE))
    hold("slab", "dentry", "-s", str(MACHINE))


def ends_well(result):
    """Whether a command on the running machine, whose numbers move, was whole or said why not."""
    return result.returncode == 0 or (result.returncode > 0 and (
        OUT_OF_MEMORY.match(result.stderr) or b"cannot" in result.stderr)) or \
        f"{result.returncode}: {result.stderr[:200]}"


@test
def experiments_end_and_leave_nothing():
    need_cgroups()
    with tempfile.TemporaryDirectory() as folder:
        args = ("experiment", "build", "--yes", "--limit", "32", "--seconds", "1",
                "--folder", folder)
        made = allocations(args)[0]
        tried = range(1, made + 2, max(1, made // EXPERIMENTS))
        ends = {n: ends_well(run(args, KTALLY_ALLOC_FAIL=str(n))) for n in tried}
        wrong = [(n, what) for n, what in ends.items() if what is not True and not
                 isinstance(what, re.Match)]
        assert not list(Path(folder).iterdir()), list(Path(folder).iterdir())
    assert not left_over(), left_over()
    print(f"faults: experiment: {made} allocations, {len(ends)} runs", flush=True)
    complain(wrong, len(ends))


@test
def vmalloc_is_whole_or_ends():
    hold_trees("vmalloc", "-o", "json")
    hold("vmalloc", "--by", "module", "-s", str(MACHINE))


@test
def other_lists_are_whole_or_end():
    for command in ("boot", "buddy", "cgroups", "dcache", "hash", "modules", "pagetables",
                    "percpu", "stacks", "whatif"):
        hold(command, "-o", "json", "-s", str(MACHINE))


@test
def a_simulation_is_whole_or_ends():
    trace = Path(WORK.name) / "trace.txt"
    trace.write_text("".join(
        f"sh-1 [000] ... 1.0: kmem_cache_alloc: call_site=f ptr={i % 90 + 1} bytes_req=200 "
        f"bytes_alloc=256\nsh-1 [001] ... 1.0: kmalloc: call_site=f ptr={i % 70 + 100} "
        f"bytes_req={i * 37 % 9000 + 1} bytes_alloc=16384\n" for i in range(400)))
    hold("simulate", str(trace), "-o", "json")
    trace.write_text(trace.read_text() + "sh-1 [000] ... 1.0: kmem_cache_free: call_site=f ptr=1 "
                     "name=drawn\n")
    hold("simulate", str(trace), "--allocator", "sheaves", "--buddy", "--draw-cache", "drawn")


USERS = {
    "proc/allocinfo": "allocinfo - version: 1.0\n 8192 2 mm/a.c:1 func:a\n 40 1 mm/b.c:2 [m] func:b\n"
                      " 4096 1 mm/slub.c:3 func:alloc_slab_page\n",
    "sys/kernel/debug/page_owner": "Page allocated via order 1, mask 0\n alloc_pages+0x1/0x2\n"
                                   " f+0x1/0x2 [m]\nPage allocated via order 0, mask 0\nhandle: 7\n",
    "sys/kernel/debug/page_owner_stacks/show_stacks_handles": " g+0x1/0x2\nhandle: 7\n\n",
    "sys/kernel/debug/slab/thing/alloc_traces": " 4 f+0x1/0x2 age=1 pid=1\n        f+0x1/0x2\n",
    "sys/kernel/debug/kmemleak": "unreferenced object 0x1 (size 8):\n  backtrace:\n    f+0x1/0x2\n",
}


@test
def users_are_whole_or_end():
    folder = Path(WORK.name) / "users"
    for path, text in USERS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    mail = folder / "mail.txt"
    mail.write_text("Hello\n> " + "\n".join(USERS.values()).replace("\n", "\n> "))
    hold("users", "--details", "-o", "json", "-s", str(folder))
    hold("users", "-s", str(mail))
    hold("users", "thing", "-s", str(folder))


@test
def what_describes_a_machine_is_whole_or_ends():
    hold("explain", "unattributed", "-s", str(MACHINE))
    hold("metrics", "-s", str(MACHINE))


@test
def the_output_of_tools_is_whole_or_the_command_ends():
    text = str(REPOSITORY / "tests" / "fuzz" / "corpus" / "recognise" / "tools")
    hold("account", "-o", "json", "-s", text)
    hold("slab", "-o", "json", "-s", text)


@test
def a_bundle_is_whole_or_the_command_ends():
    hold("account", "-o", "json", "-s", str(BUNDLE))


@test
def two_machines_are_compared_or_the_command_ends():
    hold("diff", str(TREE), str(MACHINE), "-o", "json")


@test
def a_recording_is_whole_or_the_command_ends():
    file = Path(WORK.name) / "x.rec"
    subprocess.run([KTALLY, "-s", TREE, "record", "-i", "0.1", "-n", "4", file], check=True,
                   capture_output=True, timeout=TIMEOUT_S)
    for command in (["report", "-i", "0.1"], ["report", "--series"], ["export"],
                    ["export", "-o", "openmetrics"], ["plot", "-o", "json"]):
        hold(*command, str(file))


@test
def a_part_of_a_recording_has_all_samples_or_the_command_ends():
    file = Path(WORK.name) / "y.rec"
    subprocess.run([KTALLY, "-s", TREE, "record", "-i", "0.7", "-n", "4", file], check=True,
                   capture_output=True, timeout=TIMEOUT_S)
    hold("cut", str(file), "r.rec", "--to", "now", then=("export", "r.rec"))
    hold("cut", str(file), "r.rec", "--from", "-1s", then=("export", "r.rec"))
    hold("merge", str(file), str(file), "r.rec", then=("export", "r.rec"))


SLABS = "".join(f'node_slabinfo_{key}{{slab="widget"}} {number}\n' for key, number in (
    ("active_objects", 42), ("objects", 42), ("object_size_bytes", 192), ("objects_per_slab", 21),
    ("pages_per_slab", 1)))
FILES = (TREE / "proc" / "meminfo").read_text() + (TREE / "proc" / "vmstat").read_text()
IMPORTED = {
    "files": "".join(f"2026-11-28T21:0{i}:00Z\n{FILES}" for i in range(3)),
    "metrics": "".join(f"2026-11-28T21:0{i}:00Z\n{SLABS}" for i in range(3)),
    "log": (REPOSITORY / "tests" / "fuzz" / "corpus" / "import" / "log").read_text(),
}


@test
def an_import_has_all_samples_or_ends():
    for name, text in IMPORTED.items():
        file = Path(WORK.name) / f"import-{name}"
        file.write_text(text)
        os.utime(file, (1795899901, 1795899901))
        hold("import", str(file), "-o", "r.rec", then=("export", "r.rec"))


# ---- serve: a failure costs one answer, or the start, and never the truth of an answer ----

PATHS = ["/api/v1/account", "/api/v1/slab", "/metrics", "/api/v1/history", "/"]


def served(port, path):
    """Status and body of an answer; None where the connection fails."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def gist(path, body):
    """What must be the same in every answer that is given."""
    if path == "/metrics":  # which rows a list shows depends on the scrapes before; the sum does not
        lines = VARYING.sub(b"", body).decode().splitlines()
        listed = [line for line in lines if re.match(r"ktally_(slab|vmalloc)_\w+{", line)]
        sums = {}
        for line in listed:
            family, value = line.split("{")[0], int(line.rsplit(" ", 1)[1])
            sums[family] = sums.get(family, 0) + value
        return [line for line in lines if line not in listed], sums
    if path == "/":
        return body
    report = json.loads(body)
    if path == "/api/v1/history":  # a value that is missing is null
        return {name: values[-1] if isinstance(values, list) else values
                for name, values in report["rows"].items()}
    for row in report.get("rows", []) + report.get("caches", []):
        for key in ("growth", "rate"):  # they depend on the samples that came before
            row.pop(key, None)
    return {key: value for key, value in report.items() if key != "host"}


class Serving:
    """A server over a tree that does not move, with the environment's allocations failing."""

    def __init__(self, **env):
        self.process = subprocess.Popen(
            [KTALLY, "serve", "-s", str(MACHINE), "--listen", "127.0.0.1:0", "-i", "0.1"],
            env=environment(**env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.said, self.port = b"", None
        for line in self.process.stderr:  # libraries have their say first
            self.said += line
            found = re.search(rb"serving on http://127\.0\.0\.1:(\d+)/", line)
            if found:
                self.port = int(found.group(1))
                break

    def answers(self):
        return {path: served(self.port, path) for path in PATHS}

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            rest = self.process.communicate(timeout=TIMEOUT_S)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return None, b"does not end"
        return self.process.returncode, self.said + rest


def wrong_answers(answers, good):
    for path, answer in answers.items():
        if answer is None or answer[0] >= 500:
            continue
        if answer[0] != 200:
            yield f"{path}: status {answer[0]}"
        elif gist(path, answer[1]) != gist(path, good[path][1]):
            yield f"{path}: another answer"


def serve_with_failure(n, good):
    server = Serving(KTALLY_ALLOC_FAIL=str(n))
    if not server.port:
        status, said = server.end()
        fine = status in (1, 127) and OUT_OF_MEMORY.match(said[said[:-1].rfind(b"\n") + 1:])
        return [] if fine else [f"{n}: did not start, status {status}: {said[:200]}"]
    # the failure may come with the second round; by the fourth it is over
    rounds = [server.answers() for _ in range(4)]
    status, said = server.end()
    wrong = [f"{n}: {what}" for answers in rounds for what in wrong_answers(answers, good)]
    wrong += [f"{n}: at last {path}: {answer and answer[0]}" for path, answer in rounds[3].items()
              if answer is None or answer[0] != 200]
    if status != 0:
        wrong.append(f"{n}: status {status}: {said[-200:]}")
    return wrong


@test
def serve_answers_the_truth_or_fails_and_recovers():
    server = Serving(KTALLY_ALLOC_COUNT="1")
    assert server.port, server.said
    server.answers()
    good = server.answers()
    status, said = server.end()
    made = counted(said)[0]
    assert status == 0, said
    assert all(answer and answer[0] == 200 for answer in good.values()), \
        {path: answer and answer[0] for path, answer in good.items()}
    tried = list(numbers(made))[::max(1, len(numbers(made)) // 300)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [what for result in pool.map(lambda n: serve_with_failure(n, good), tried)
                 for what in result]
    print(f"faults: serve: {made} allocations, {len(tried)} runs", flush=True)
    assert not wrong, f"{len(wrong)} of {len(tried)}: {'; '.join(wrong[:8])}"


# ---- record: a sample is whole, or says what it lacks ----

SAMPLES = 3


def recorded_rows(file):
    """The rows of each sample that a recording holds."""
    result = subprocess.run([KTALLY, "export", file, "-o", "json"], capture_output=True,
                            env=environment(LD_PRELOAD=""), timeout=TIMEOUT_S)
    assert result.returncode == 0, result.stderr
    samples = [json.loads(line) for line in result.stdout.splitlines()]
    return [{name: value for name, value in sample.items() if not name.startswith("time")}
            for sample in samples]


def account_of(file):
    result = subprocess.run([KTALLY, "-s", file, "account", "-o", "json"], capture_output=True,
                            env=environment(LD_PRELOAD=""), timeout=TIMEOUT_S)
    return json.loads(result.stdout)["rows"] if result.returncode == 0 else None


def record_with_failure(folder, n, good_rows, good_account):
    file = f"{folder}/{n}.rec"
    result = run(("record", file, "-n", str(SAMPLES), "-i", "0.1", "-s", str(MACHINE)),
                 KTALLY_ALLOC_FAIL=str(n))
    if result.returncode < 0:
        return [f"{n}: ended by {signal.Signals(-result.returncode).name}"]
    if result.returncode and not OUT_OF_MEMORY.match(result.stderr.splitlines(True)[-1]):
        return [f"{n}: status {result.returncode}: {result.stderr[-200:]}"]
    if not os.path.exists(file) or os.path.getsize(file) == 0:
        return [] if result.returncode else [f"{n}: nothing is recorded and nothing is said"]
    said = b"memory" in result.stderr
    rows = account_of(file)
    if rows is None:
        return [] if said else [f"{n}: cannot be read, and nothing is said"]
    lacking = [row for row, good in zip(rows, good_account) if row["bytes"] != good["bytes"]]
    told = said or any("memory" in (row["reason"] or "") for row in rows)
    if (lacking or len(rows) != len(good_account)) and not told:
        return [f"{n}: another account without a word: {[row['id'] for row in lacking][:4]}"]
    samples = recorded_rows(file)
    if not result.returncode and not said and len(samples) != SAMPLES:
        return [f"{n}: {len(samples)} samples, and nothing is said"]
    if not told and any(sample != good_rows for sample in samples):
        return [f"{n}: another sample without a word"]
    return []


@test
def record_keeps_whole_samples_or_says_what_they_lack():
    with tempfile.TemporaryDirectory() as folder:
        good = f"{folder}/good.rec"
        result = run(("record", good, "-n", str(SAMPLES), "-i", "0.1", "-s", str(MACHINE)),
                     KTALLY_ALLOC_COUNT="1")
        made = counted(result.stderr)[0]
        good_rows, good_account = recorded_rows(good), account_of(good)
        assert len(good_rows) == SAMPLES and all(one == good_rows[0] for one in good_rows)
        tried = list(numbers(made))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [what for result in pool.map(
                lambda n: record_with_failure(folder, n, good_rows[0], good_account), tried)
                for what in result]
    print(f"faults: record: {made} allocations, {len(tried)} runs", flush=True)
    assert not wrong, f"{len(wrong)} of {len(tried)}: {'; '.join(wrong[:8])}"


def main():
    if not Path(ALLOC).is_file():
        print(f"faults: skipped: no {ALLOC}\nfaults: 0 passed, 0 failed, {len(suite.TESTS)} skipped")
        return 0
    return suite.run("faults", KTALLY, sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
