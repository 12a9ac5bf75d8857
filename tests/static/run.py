#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The static programs of script/static: they need nothing but a kernel, and agree with the usual
one. usage: run.py KTALLY [TEST...]

KTALLY is the usual program. Everything is skipped where the static ones cannot be built here, and
what needs root or qemu-aarch64 where there is none.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import suite  # noqa: E402
from suite import Skip, test  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / "build-static"
TREES = sorted(path for path in (REPOSITORY / "tests/fixtures").iterdir() if (path / "proc").is_dir())
SIZE_MAX = 3 << 20
TIMEOUT_S = 120
ENV = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC0"}
SAME = (("-a",), ("slab",), ("vmalloc",), ("boot",), ("buddy",), ("cgroups",), ("stacks",),
        ("modules",), ("hash",), ("percpu",), ("diagnose",), ("explain", "unattributed"))
usual = None  # path of the usual program
why_not = {}  # architecture: why it was not built


def build(arch):
    if arch not in why_not:
        made = subprocess.run([REPOSITORY / "script/static", arch], capture_output=True, text=True,
                              timeout=3600, check=False)
        lines = (made.stderr + made.stdout).strip().splitlines() or ["no reason"]
        missing = [line for line in lines if line.startswith(("could not ", "please install"))]
        assert made.returncode == 0 or missing, "\n".join(lines)
        why_not[arch] = missing[0] if made.returncode else None
    if why_not[arch]:
        raise Skip(why_not[arch])
    return BUILT / f"ktally-{arch}"


def run(*command, env=None, status=0):
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=TIMEOUT_S, env=env or ENV, check=False)
    assert done.returncode == status, f"{command}: {done.returncode}: {done.stderr}"
    return done


def outcome(*command):
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIMEOUT_S, env=ENV, check=False)
    return done.returncode, done.stdout, done.stderr


def runner(arch):
    """The command that runs the program of an architecture here."""
    program = build(arch)
    if arch == os.uname().machine:
        return [program]
    emulator = shutil.which(f"qemu-{arch}") or shutil.which(f"qemu-{arch}-static")
    if not emulator:
        raise Skip(f"needs qemu-{arch} (qemu-user)")
    return [emulator, program]


def must_be_one_file(arch):
    program = build(arch)
    size = program.stat().st_size
    assert size <= SIZE_MAX, f"{program.name} has {size} bytes"
    segments = run("readelf", "--wide", "--program-headers", "--dynamic", program).stdout
    assert "INTERP" not in segments and "NEEDED" not in segments, "it needs a loader or libraries"
    assert "GNU_RELRO" in segments and "RWE" not in segments, segments
    print(f"static: {program.name}: {size} bytes")


def must_agree(arch):
    """Every report of the captured trees, to the byte."""
    command = runner(arch)
    lines = [("-s", tree, "-o", "json", *words) for tree in TREES for words in SAME]
    differ = [" ".join(map(str, line)) for line in lines
              if outcome(*command, *line) != outcome(usual, *line)]
    assert not differ, f"{len(differ)} of {len(lines)} reports differ: {differ}"


@test
def the_program_for_x86_64_is_one_small_file():
    must_be_one_file("x86_64")


@test
def the_program_for_arm64_is_one_small_file():
    must_be_one_file("aarch64")


@test
def captured_trees_have_the_same_reports():
    must_agree("x86_64")


@test
def captured_trees_have_the_same_reports_on_arm64():
    must_agree("aarch64")


def bytes_of(report):
    return {row["id"]: row["bytes"] for row in report["rows"]}


@test
def an_empty_root_is_enough():
    """Only the program, /proc and /sys; every command that needs no library works in it."""
    program = build("x86_64")
    if os.geteuid() or not shutil.which("chroot"):
        raise Skip("needs root")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("proc", "sys", "tmp"):
            (root / name).mkdir()
        shutil.copy(program, root / "ktally")
        script = (f"mount --bind /proc {root}/proc && mount --rbind /sys {root}/sys && "
                  f"exec chroot {root} /ktally \"$@\"")

        def inside(*words, status=0):
            return run("unshare", "--mount", "sh", "-c", script, "sh", *words, status=status)

        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
            raise Skip("needs mount namespaces")
        report = json.loads(inside("-o", "json").stdout)
        leaves = sum(row["bytes"] or 0 for row in report["rows"] if row["leaf"])
        assert leaves == report["installed_bytes"] > 0, "the account does not close"
        for words in (("slab",), ("vmalloc",), ("modules",), ("buddy",), ("cgroups",), ("doctor",),
                      ("diagnose",), ("check", "--help"), ("metrics", "-o", "prometheus"),
                      ("top", "--batch", "-n", "1"), ("explain", "slab"), ("version",)):
            assert inside(*words).stdout, words
        inside("record", "/tmp/a.rec", "-i", "0.1", "-n", "8")
        counted = json.loads(inside("report", "/tmp/a.rec", "--series", "-o", "json").stdout)
        assert counted["recording"]["samples"] == 8, counted["recording"]
        inside("capture", "/tmp/a.tar")
        # the usual program reads what was written there, and sees the same in it
        for file in ("a.rec", "a.tar"):
            there = json.loads(run(usual, "-s", root / "tmp" / file, "-o", "json").stdout)
            here = bytes_of(report)
            assert bytes_of(there)["ram"] == here["ram"], file
            assert set(bytes_of(there)) == set(here), set(bytes_of(there)) ^ set(here)
        again = run(usual, "-s", root / "tmp/a.rec", "-o", "json").stdout
        assert json.loads(inside("-s", "/tmp/a.rec", "-o", "json").stdout)["rows"] == \
            json.loads(again)["rows"]


@test
def what_needs_a_library_is_refused_with_the_reason():
    program = build("x86_64")
    with tempfile.TemporaryDirectory() as folder:
        rec, tar = Path(folder) / "a.rec", Path(folder) / "a.tar.zst"
        run(usual, "record", rec, "-i", "0.1", "-n", "5")
        run(usual, "-s", TREES[0], "capture", tar)
        for words, library in ((("-s", tar), "libarchive"), (("report", rec), "libzstd"),
                               (("-s", rec), "libzstd"),
                               (("-s", TREES[0], "census", "--map", f"{folder}/a.png"), "libpng")):
            said = run(program, *words, status=1).stderr
            assert library in said and "static" in said and said.count("\n") == 1, (words, said)


if __name__ == "__main__":
    usual = str(Path(sys.argv[1]).resolve())
    sys.exit(suite.run("static", usual, sys.argv[2:]))
