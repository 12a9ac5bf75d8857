# SPDX-License-Identifier: GPL-2.0-or-later
"""crash and drgn on a dump that ktally reads too: slabs, slots and objects in use of every slab
cache. Both need the kernel's debuginfo, and the note VMCOREINFO, which the kernel gives qemu only
where a driver is loaded for it; so the note is copied from memory to where it would be."""

import mmap
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

from archive import CACHE, Missing, Suite, gist

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = CACHE / "peers"
SUITE = "trixie"
PACKAGES = [
    "crash", "python3-drgn", "python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib",
    "libbz2-1.0", "libc6", "libdw1t64", "libelf1t64", "libgcc-s1", "libgomp1", "libkdumpfile10",
    "liblzma5", "liblzo2-2", "libncursesw6", "libsnappy1v5", "libstdc++6", "libtinfo6", "libzstd1",
    "zlib1g"]
PEER_S = 600
NAMED_MAX = 6
NOTE, HEADER = struct.Struct("<III"), struct.Struct("<IIQQQQQQ")
PT_NOTE = 4
MOVE = 4096  # bytes, a multiple


def fetch():
    """Both of a newer suite than this machine may have, with their libraries: Debian 12's do not
    know newer kernels."""
    suite = Suite(SUITE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        suite.unpack(package, ["usr/*"], FOLDER)


def fetched(program):
    """Words that run a program that was fetched."""
    libraries, path = FOLDER / "usr/lib/x86_64-linux-gnu", FOLDER / "usr/bin" / program
    if not path.exists():
        raise Missing(f"{program} was not fetched")
    return [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, path]


def vmcoreinfo(memory):
    """The text in a page of its own: a kernel has it twice, and parts of it in other texts."""
    at = memory.find(b"OSRELEASE=")
    while at >= 0:
        text = memory[at:memory.find(b"\0", at)]
        if len(text) < 1 << 16 and b"\nSYMBOL(_stext)=" in text and b"\nSYMBOL(swapper_pg_dir)=" in text:
            return text
        at = memory.find(b"OSRELEASE=", at + 1)
    raise Missing("the dump has no VMCOREINFO")


def headers_of(memory):
    """(offset, fields) of each program header of an ELF core"""
    at, = struct.unpack_from("<Q", memory, 32)
    count, = struct.unpack_from("<H", memory, 56)
    return [(at + i * HEADER.size, list(HEADER.unpack_from(memory, at + i * HEADER.size)))
            for i in range(count)]


def note_of(text):
    name = b"VMCOREINFO\0"
    return NOTE.pack(len(name), len(text), 0) + name + b"\0" * (-len(name) % 4) + text + \
        b"\0" * (-len(text) % 4)


def add_note(file):
    """Adds the note VMCOREINFO to an ELF core, after the notes that it has; what is behind them
    moves. crash looks for notes before the memory only."""
    noted = file.with_name(file.name + ".noted")
    with open(file, "rb") as core, mmap.mmap(core.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        headers = headers_of(memory)
        place = next((fields for _, fields in headers if fields[0] == PT_NOTE), None)
        if not place:
            raise Missing("the dump has no notes")
        start, end = place[2], place[2] + place[5]
        if b"VMCOREINFO\0" in memory[start:end]:
            return
        note = note_of(vmcoreinfo(memory))
        head, moved = bytearray(memory[:end]), -len(note) % MOVE + len(note)
        for at, fields in headers:
            if fields is place:
                fields[5] = fields[6] = fields[5] + len(note)
            elif fields[2] >= end:
                fields[2] += moved
            HEADER.pack_into(head, at, *fields)
        with open(noted, "wb") as to:
            to.write(head + note + bytes(moved - len(note)))
            core.seek(end)
            shutil.copyfileobj(core, to, 1 << 20)
    noted.replace(file)


def answer(words, **options):
    try:
        done = subprocess.run(words, capture_output=True, timeout=PEER_S, check=False, text=True,
                              stdin=subprocess.DEVNULL, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(gist(error)) from error
    if done.returncode != 0:
        raise Missing(gist(done.stderr or done.stdout))
    return done.stdout


def crash(file, debuginfo):
    """kmem -s: CACHE OBJSIZE ALLOCATED TOTAL SLABS SSIZE NAME"""
    with tempfile.NamedTemporaryFile("w", suffix=".crash") as script:
        script.write("kmem -s\nquit\n")
        script.flush()
        text = answer([*fetched("crash"), "-s", "-i", script.name, debuginfo, file])
    found = {}
    for line in text.splitlines():
        words = line.split(None, 6)
        if len(words) == 7 and re.fullmatch("[0-9a-f]{16}", words[0]) and words[2].isdigit():
            found[words[6].strip()] = (int(words[4]), int(words[3]), int(words[2]))
    if not found:
        raise Missing(f"kmem -s shows no cache: {gist(text)}")
    return found


def drgn(file, debuginfo):
    text = answer([*fetched("python3.13"), "-m", "drgn", "-q", "-c", file, "-s", debuginfo,
                   HERE / "peers_drgn.py"],
                  env={**os.environ, "PYTHONHOME": str(FOLDER / "usr"),
                       "PYTHONPATH": str(FOLDER / "usr/lib/python3/dist-packages")})
    rows = (line.split("\t") for line in text.splitlines())
    return {name: tuple(map(int, counts)) for name, *counts in rows}


READERS = {"crash": crash, "drgn": drgn}


def counts_of(report):
    """(slabs, slots, objects in use) of each cache, by ktally."""
    return {row["name"]: (row["slabs"], row["slots"], row["objects"]) for row in report["caches"]
            if row["slabs"] is not None}


def compare(name, ours, theirs):
    """(problems, what was seen)"""
    differing = [f"{cache} {theirs[cache]}, not {ours[cache]}" for cache in sorted(ours)
                 if cache in theirs and ours[cache] != theirs[cache]]
    lone = sorted(set(ours) ^ set(theirs))
    told = f"{name}: {len(ours) - len(differing)} of {len(ours)} caches are equal"
    if not differing and not lone:
        return [], told
    shown = "; ".join(differing[:NAMED_MAX])
    return [f"{name} differs in {len(differing)} of {len(ours)} caches: {shown}"
            + (f"; only one side has {', '.join(lone)}" if lone else "")], told


def check(names, file, report, debuginfo, save):
    """(problems, what was seen) of the tools that are named."""
    problems, told, ours = [], [], counts_of(report)
    add_note(file)
    for name in names:
        try:
            theirs = READERS[name](file, debuginfo)
        except Missing as why:
            told.append(f"{name} does not read it: {why}")
            continue
        save(f"peers-{name}.json", theirs)
        more, seen = compare(name, ours, theirs)
        problems += more
        told.append(seen)
    return problems, told
