# SPDX-License-Identifier: GPL-2.0-or-later
"""Names from strangers in every place where there is one: what is printed never controls the
terminal, reorders its neighbours or hides in no width, on standard output and standard error.
"""

import json
import os
import pty
import re
import select
import shutil
import time

import lib
import trees
from lib import Folder, Skip, environment, execute, ktally, plant, test

# ESC, C1 as a character and as a byte, bidi, zero width, line separator, a broken character
HOSTILE = (b"\033[31m\033]0;owned\007", b"\xc2\x9b31m", b"\x9b31m\x90\x9d", b"\xe2\x80\xae",
           b"\xe2\x81\xa6", b"\xe2\x80\x8b", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xe2\x82",
           b"\x7f\x08\r", b"\xc0\x9b")
ALL = b"".join(HOSTILE)
FORBIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U0010ffff]")
COLOR = re.compile("\033\\[[0-9;]*m")
OUTPUTS = ("text", "json", "csv", "openmetrics", "prometheus", "svg")
# those that need a directory of a machine, and take no more than -s
COMMANDS = ("account", "explain", "slab", "modules", "vmalloc", "stacks", "pagetables", "percpu",
            "cgroups", "dcache", "buddy", "hash", "boot", "census", "metrics", "doctor",
            "memreports", "diff", "users", "whatif")


def must_be_clean(raw, what, colors=False, crlf=True):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as err:
        raise AssertionError(f"{what}: no UTF-8 at {err.start}: {raw[err.start - 40:][:80]!r}")
    if crlf:
        text = text.replace("\r\n", "\n")
    if colors:
        text = COLOR.sub("", text)
    hit = FORBIDDEN.search(text)
    assert not hit, f"{what}: {text[max(0, hit.start() - 40):hit.end() + 40]!r}"


def hostile_lines(text):
    """Each line again with its words turned into hostile names, its numbers as they are."""
    lines = []
    for number, line in enumerate(text.split(b"\n")):
        lines.append(line)
        if line:
            evil = HOSTILE[number % len(HOSTILE)].replace(b"\r", b"")
            lines.append(re.sub(rb"[A-Za-z_][A-Za-z_0-9-]*", lambda m: m[0] + evil, line))
    return b"\n".join(lines)


def hostile_tree(folder):
    """A machine in whose files each line is there again with hostile names, and whose
    directories have hostile names too."""
    shutil.copytree(lib.REPOSITORY / "tests/fixtures/6.12-instrumented", folder, symlinks=True)
    top = os.fsencode(folder)
    for here, folders, names in os.walk(top, topdown=False):
        for name in names:
            path = os.path.join(here, name)
            if os.path.islink(path):
                continue
            with open(path, "rb") as file:
                text = file.read()
            with open(path, "wb") as file:
                file.write(hostile_lines(text))
    evil = ALL.replace(b"/", b"")
    for where in (b"sys/fs/cgroup", b"sys/kernel/slab", b"sys/module", b"sys/block"):
        path = os.path.join(top, where, b"evil" + evil)
        os.makedirs(path, exist_ok=True)
        for name in (b"memory.stat", b"memory.current", b"coresize", b"object_size"):
            with open(os.path.join(path, name), "wb") as file:
                file.write(b"slab 4096\nanon " + ALL + b"\n")
    os.makedirs(os.path.join(top, b"proc/77"), exist_ok=True)
    with open(os.path.join(top, b"proc/77/status"), "wb") as file:
        file.write(b"Name:\tevil" + evil + b"\nPid:\t77\nThreads:\t3\nVmPTE:\t      44 kB\n")
    os.makedirs(os.path.join(top, b"proc/sys/kernel"), exist_ok=True)
    for name in (b"hostname", b"osrelease"):
        with open(os.path.join(top, b"proc/sys/kernel", name), "wb") as file:
            file.write(b"evil" + ALL + b"\n")
    return folder


def must_print_clean(*args, what, **how):
    result = ktally(*args, **how)
    must_be_clean(result.out, f"{what}, standard output")
    must_be_clean(result.err, f"{what}, standard error")
    return result


@test
def names_in_files_reach_no_terminal():
    with Folder() as folder:
        tree = hostile_tree(folder / "tree")
        seen = set()
        for command in COMMANDS:
            for output in OUTPUTS:
                operands = {"explain": ["slab"], "diff": [str(tree)]}.get(command, [])
                result = must_print_clean("-s", tree, command, *operands, "-a", "-o", output,
                                          what=f"{command} -o {output}")
                if result.status == 0:
                    seen.add((command, output))
                if output == "json" and result.status == 0:
                    json.loads(result.out)
        assert len(seen) > len(COMMANDS), f"hardly anything was printed: {sorted(seen)}"


@test
def names_given_on_the_command_line_reach_no_terminal():
    evil = "y" + os.fsdecode(ALL)
    with Folder() as folder:
        good = plant(folder / evil, trees.MODERN)
        for args in (["-s", good], ["-s", good, "diff", good], ["-s", good, "report"],
                     ["-s", f"{good}@{evil}", "account"], ["-s", f"{good}.not"],
                     ["diff", good, f"{good}.not"], ["-s", good, "explain", evil],
                     ["-s", good, "slab", "--filter", evil], ["-s", good, "slab", evil],
                     ["-s", good, "slab", "--sort", evil], ["-o", evil], [evil], [f"--{evil}"],
                     ["-s", good, "stacks", "--by", evil], ["capture", f"{good}/{evil}"],
                     ["-s", good, "census", "--map", f"{folder}/{evil}/x.png"],
                     ["serve", "--listen", evil], ["serve", "--token-file", evil],
                     ["record", f"{folder}/{evil}/no/{evil}"], ["help", evil],
                     ["-s", good, "diff", good, "--fail-if", evil],
                     ["-s", good, "export"], ["-s", good, "plot", evil]):
            must_print_clean(*args, what=" ".join(map(ascii, args)))


@test
def a_recording_with_a_hostile_name_reaches_no_terminal():
    with Folder() as folder:
        path = folder / ("y" + os.fsdecode(ALL))
        result = must_print_clean("record", path, "-n", "2", "-i", "0.1", what="record")
        if result.status:
            raise Skip("no recording: " + result.complaint.strip())
        for args in (["report"], ["report", "--series"], ["account"], ["plot"], ["export"],
                     ["explain", "slab"], ["plot", "-o", "svg"], ["report", "-o", "json"]):
            must_print_clean("-s", path, *args, what=" ".join(args))
        must_print_clean("diff", path, path, what="diff")
        must_print_clean("-s", f"{path}@{os.fsdecode(ALL)}", what="a moment")
        data = path.read_bytes()
        path.write_bytes(data[:len(data) // 2] + ALL * 20)
        must_print_clean("-s", path, "report", what="a damaged recording")


def on_a_terminal(command, env, keys=b"q", seconds=10):
    """What a program writes to a terminal of its own, until it ends."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, env)
    said, end, sent = b"", time.monotonic() + seconds, False
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.5)[0]:
            if not sent and said:
                os.write(fd, keys)
                sent = True
            continue
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    else:
        os.kill(pid, 9)
    os.close(fd)
    os.waitpid(pid, 0)
    return said


@test
def on_a_terminal_only_our_own_colours_are_escapes():
    with Folder() as folder:
        tree = hostile_tree(folder / "tree")
        for command in (["account", "-a"], ["slab", "-a"], ["stacks"], ["cgroups"]):
            env = environment(TERM="xterm-256color", COLUMNS="100")
            said = on_a_terminal([lib.program, "-s", str(tree), *command], env)
            must_be_clean(said, " ".join(command), colors=True)
            assert b"\033[1m" in said or b"\033[2m" in said, "no colour: nothing was shown"
            strange = [part for part in re.findall(rb"\033.{0,6}", said)
                       if not re.match(rb"\033\[(0|1|2|36)m", part)]
            assert not strange, f"{command}: a stranger's escapes: {strange}"
            # an 8-bit terminal takes the second byte of such a character for a control
            env = environment(TERM="xterm", LC_ALL="C", COLUMNS="100")
            said = on_a_terminal([lib.program, "-s", str(tree), *command], env)
            assert not any(c >= 0x80 for c in said), f"{command}: not ASCII in locale C"
