# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the program share: running it, its trees, what an account must be.

A test is a function named for the truth it holds, marked with @test. Every run of the program,
in every test, is held to a time, a size in memory and the silence of the sanitizers.
"""

import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from suite import Skip, test  # noqa: F401

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "tests" / "golden"
SCHEMAS = REPOSITORY / "share" / "schema"
FIELD = Path(os.environ.get("KTALLY_FIELD") or REPOSITORY / ".." / "shared" / "field")
CORPUS = Path(os.environ.get("KTALLY_CORPUS") or REPOSITORY / ".." / "shared" / "corpus")

TIMEOUT_S = 90  # what is not done then hangs; a machine may do much beside
MAXRSS_KIB = 300 * 1024
NOBODY = 65534
SANITIZED_RUNS = 60  # of a test; what it repeats more often is the program without sanitizers
SANITIZER_EXIT = 99
SANITIZER_WORDS = (b"Sanitizer", b"runtime error:")

# commands that show a list, and the key of the list in their JSON
LISTS = {
    "boot": "rows",
    "buddy": "orders",
    "cgroups": "cgroups",
    "dcache": "caches",
    "hash": "tables",
    "memreports": "reports",
    "modules": "modules",
    "pagetables": "processes",
    "percpu": "parts",
    "slab": "caches",
    "stacks": "stacks",
    "vmalloc": "rows",
}
ASCENDING = {("boot", "step")}  # columns that are sorted smallest first

records = {"MiB": (0, ""), "s": (0, "")}  # the largest and the longest run, and which it was
current = ""  # the test that runs, set by run.py
runs = 0  # of ktally by the test that runs
program = None  # path of ktally, set by run.py
plain = None  # path of ktally without sanitizers, set by run.py if there is one


# ---- schemas ----

def schemas():
    """The JSON schemas, by file name: those made with the program, and those by hand."""
    folders = [SCHEMAS, Path(program).parent / "tools" / "schema",
               Path(program).parents[1] / "share" / "ktally" / "schema"]
    return {file.name: file for folder in folders for file in folder.glob("*.schema.json")}


# ---- running the program ----

class Result:
    def __init__(self, status, out, err, maxrss_kib):
        self.status = status  # negative: the signal that ended it
        self.out, self.err = out, err
        self.maxrss_kib = maxrss_kib

    @property
    def text(self):
        return self.out.decode("utf-8")

    @property
    def complaint(self):
        return self.err.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.text)


def environment(**changes):
    """A small, known environment; a value of None takes a variable out."""
    env = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC0",
        # a small quarantine, so that the size in memory is the program's own
        "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:quarantine_size_mb=8"
                        ":allocator_may_return_null=1",
        "UBSAN_OPTIONS": f"halt_on_error=1:exitcode={SANITIZER_EXIT}",
    }
    env.update(changes)
    return {name: value for name, value in env.items() if value is not None}


def wait(process, timeout):
    """Waits with a limit, and gives the status and the resources of this process alone."""
    pidfd = os.pidfd_open(process.pid)
    ready, _, _ = select.select([pidfd], [], [], timeout)
    os.close(pidfd)
    if not ready:
        process.kill()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return bool(ready), usage


def execute(command, *, env=None, user=None, cwd=None, stdout=None, setup=None,
            timeout=TIMEOUT_S, maxrss_kib=MAXRSS_KIB):
    """Runs a command that ends in time, in bounded memory and without a sanitizer's report."""
    who = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout or out,
                                   stderr=err, env=env or environment(), cwd=cwd,
                                   preexec_fn=setup, **who)
        start = time.monotonic()
        in_time, usage = wait(process, timeout)
        seconds = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        result = Result(process.returncode, out.read(), err.read(), usage.ru_maxrss)
    said = " ".join(map(str, command[1:]))
    records["MiB"] = max(records["MiB"], (result.maxrss_kib / 1024, current))
    records["s"] = max(records["s"], (seconds, current))
    assert in_time, f"'{said}' was not done after {timeout} s"
    assert not any(word in result.err for word in SANITIZER_WORDS), \
        f"'{said}': sanitizer: {sanitizer_summary(result.err)}"
    assert result.status >= 0 or result.status == -signal.SIGPIPE, \
        f"'{said}' was ended by {signal.Signals(-result.status).name}"
    assert result.maxrss_kib <= maxrss_kib, \
        f"'{said}' took {result.maxrss_kib // 1024} MiB, more than {maxrss_kib // 1024}"
    return result


def sanitizer_summary(err):
    lines = err.decode("utf-8", "replace").splitlines()
    frames = [line.strip() for line in lines if "/src/" in line and line.strip().startswith("#")]
    first = next(line for line in lines if "Sanitizer" in line or "runtime error:" in line)
    return " ".join([first.strip().rsplit("/", 1)[-1]] + frames[:1])


def is_sanitized():
    """Is the program built with sanitizers, which need more of the system than it does?"""
    return b"__asan_init" in Path(program).read_bytes()


def ktally(*args, **how):
    global runs
    runs += 1
    # ten times as fast; a test that gives the program another path means that one
    repeated = plain and runs > SANITIZED_RUNS and program.startswith(str(REPOSITORY))
    return execute([plain if repeated else program, *map(str, args)], **how)


def succeed(*args, **how):
    """A run that must work and say nothing on the way."""
    result = ktally(*args, **how)
    assert result.status == 0, f"status {result.status}: {result.complaint.strip()}"
    assert not result.err, f"said on stderr: {result.complaint.strip()}"
    return result


def refuse(*args, status=1, says=None, **how):
    """A run that must fail with one clear line and nothing else."""
    result = ktally(*args, **how)
    assert result.status == status, \
        f"status {result.status} instead of {status}: {result.complaint.strip()}"
    assert one_complaint(result), f"not one line of complaint: {result.complaint!r}"
    assert not result.out, f"printed beside the complaint: {result.text[:80]!r}"
    assert says is None or says in result.complaint, \
        f"{says!r} is not in the complaint: {result.complaint.strip()}"
    return result


def one_complaint(result):
    return result.err.startswith(b"ktally: ") and result.err.endswith(b"\n") and \
        result.err.count(b"\n") == 1 and len(result.err) < 1024


def strace(*options):
    tool = shutil.which("strace")
    if not tool:
        raise Skip("needs strace")
    command = [tool, "-f", *options]
    trial = execute([*command, "/bin/true"])
    if trial.status:
        raise Skip(f"strace does not work here: {trial.complaint.strip()[:80]}")
    return command


def opened(*args):
    """Paths below its sources that a successful run opened to read, each as often as it did.

    It looks at a place first (openat2) and then opens what it found there."""
    with Folder() as folder:
        trace = folder / "trace"
        command = strace("-qq", "-o", trace, "-e", "trace=openat2,openat")
        result = execute([*command, program, *map(str, args)],
                         env=environment(ASAN_OPTIONS="detect_leaks=0"))
        assert result.status == 0, result.complaint
        calls = trace.read_text()
    if "openat2(" not in calls:
        raise Skip("needs a kernel with openat2")
    return [path for path, _ in re.findall(
        r'openat2\(\d+, "([^"]*)".* = (\d+)\n'
        r'.*openat\(AT_FDCWD, "/proc/self/fd/\2",', calls)]


def report_of(source, *args, **how):
    """The account of a tree or bundle as data, checked to close."""
    report = succeed("-s", source, "-o", "json", *args, **how).json()
    must_close(report)
    return report


def close_or_refuse(source, *args, **how):
    """For hostile input: one clear error, an account that closes, or counters that add up."""
    result = ktally("-s", source, "-o", "json", *args, **how)
    assert result.status in (0, 1), f"status {result.status}: {result.complaint.strip()}"
    if result.status == 0:
        assert not result.err, f"said on stderr: {result.complaint.strip()}"
        report = result.json()
        if "counted" in report:  # of a memory report that is cut
            assert sum(row["pages"] or 0 for row in report["counted"]) == \
                report["counted_total"]["pages"], report["counted"]
        else:
            must_close(report)
    else:
        assert one_complaint(result), f"not one line of complaint: {result.complaint!r}"
        assert not result.out, "printed beside the complaint"
    return result


# ---- what an account must be ----

def figures(report):
    """The rows without the reasons, which name the files that are missing."""
    return [{key: value for key, value in row.items() if key != "reason"}
            for row in report["rows"] + report.get("node_rows", [])]


def row_bytes(report):
    return {row["id"]: row["bytes"] for row in report["rows"]}


def row_of(report, row_id):
    return next(row for row in report["rows"] if row["id"] == row_id)


def must_close(report):
    """Every byte in one row: the truth about every account, of whatever input."""
    rows_must_close(report["rows"], report["installed_bytes"])
    by_node = {}
    for row in report.get("node_rows", []):
        by_node.setdefault(row["node"], []).append(row)
    for rows in by_node.values():
        rows_must_close(rows, next(row["bytes"] for row in rows if row["id"] == "ram"))


def rows_must_close(rows, total):
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)), \
        f"ids twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    assert [row["id"] for row in rows if row["parent"] is None] == ["ram"], "not one root"
    children = {}
    for row in rows:
        if row["parent"] is not None:
            assert row["parent"] in ids, f"{row['id']} hangs on {row['parent']}, no row"
            children.setdefault(row["parent"], []).append(row)
    for row in rows:
        must_be_whole(row, children.get(row["id"], []))
    leaves = sum(row["bytes"] or 0 for row in rows if row["leaf"])
    assert leaves == (total or 0), f"leaves add up to {leaves}, not to {total}"


def must_be_whole(row, children):
    known = [child["bytes"] for child in children if child["bytes"] is not None]
    assert row["leaf"] == (not children), f"{row['id']}: leaf, or has children?"
    if known:
        assert row["bytes"] == sum(known), \
            f"{row['id']} is {row['bytes']}, its children are {sum(known)}"
    elif children:
        assert row["bytes"] is None, f"{row['id']} has a size, its children have none"
    if row["state"] == "ok":
        assert row["bytes"] is not None, f"{row['id']} is ok and has no size"
    else:
        assert row["bytes"] is None, f"{row['id']} is {row['state']} and has a size"
        assert row["reason"], f"{row['id']} is {row['state']} without a reason"
    if row["id"] == "unattributed" and "error_bytes" in row:
        assert row["error_bytes"] is None or row["error_bytes"] >= 0, \
            f"unattributed has the error bound {row['error_bytes']}"


def differences(expected, found):
    """One line that names every row that is not as expected."""
    lines = [f"{row}: expected {value}, found {found.get(row, 'no such row')}"
             for row, value in expected.items() if found.get(row, "no such row") != value]
    return "; ".join(lines)


# ---- trees ----

class Folder:
    """A temporary folder that everybody may enter; goes away with everything in it."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="ktally-cli-"))
        self.path.chmod(0o755)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def plant(folder, files):
    """Writes a tree given as {path: text or bytes}; gives the folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


corpus_files, corpus_sources = set(), set()


def corpus(path=""):
    """A file or folder of the corpus, or Skip; counts what is asked for."""
    if not CORPUS.is_dir():
        raise Skip("the corpus is not there (KTALLY_CORPUS)")
    found = CORPUS / path
    if not found.exists():
        raise Skip(f"the corpus has no {path}")
    return found


def field(path):
    """An input from the field, or Skip: see KTALLY_FIELD."""
    if not (FIELD / path).exists():
        raise Skip(f"there is no {path} (KTALLY_FIELD)")
    return FIELD / path


def corpus_trees():
    """Every tree and single file of the corpus that shows /proc and /sys of a machine."""
    trees = sorted(tree for part in ("procfs", "numa") for tree in corpus(part).iterdir())
    for tree in trees:
        note_corpus(tree)
    return trees


def note_corpus(path):
    corpus_sources.add(path)
    corpus_files.update([path] if path.is_file() else
                        (file for file in path.rglob("*") if file.is_file()))


def limit_file_size(size):
    """For a child: files it writes may not grow beyond `size`."""
    def setup():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return setup


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")
