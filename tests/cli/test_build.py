# SPDX-License-Identifier: GPL-2.0-or-later
"""How the program is built: what makes a mistake in it harder to use."""

import json
import platform
import re
import shutil
from pathlib import Path

import lib
from lib import Folder, Skip, environment, execute, test


def readelf(*options):
    tool = shutil.which("readelf")
    if not tool:
        raise Skip("needs readelf")
    return execute([tool, "--wide", *options, lib.program]).text


def must_be_plain():
    if lib.is_sanitized():
        raise Skip("a build with sanitizers")


@test
def the_program_is_hardened_by_its_linker():
    must_be_plain()
    assert "Type:                              DYN" in readelf("--file-header"), \
        "not position independent"
    segments = readelf("--program-headers")
    assert "GNU_RELRO" in segments, "no read-only relocations"
    stack = next(line for line in segments.splitlines() if "GNU_STACK" in line)
    assert " RW " in stack and "RWE" not in stack, f"an executable stack: {stack}"
    assert not re.search(r"LOAD.* RWE ", segments), "a segment to write and to run"
    assert "NOW" in readelf("--dynamic"), "symbols are bound late"


@test
def the_program_is_hardened_by_its_compiler():
    must_be_plain()
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols, "no stack protector"
    assert re.search(r"__(?:v?snprintf|memcpy|read)_chk", symbols), "no checked functions"
    # the note about it needs a C library built so too; the landing pads are there without it
    landing = {"x86_64": "endbr64", "aarch64": "paciasp"}.get(platform.machine())
    if landing and shutil.which("objdump"):
        code = execute([shutil.which("objdump"), "--disassemble", lib.program]).text
        assert code.count(landing) > 500, f"hardly any function begins with {landing}"
    commands = Path(lib.program).parent / "compile_commands.json"
    if not commands.is_file():
        raise Skip("not in its build directory")
    for entry in json.loads(commands.read_text()):
        if entry["file"].endswith("src/main.c"):
            assert "-fstack-clash-protection" in entry["command"]
            assert "-D_FORTIFY_SOURCE=3" in entry["command"]


@test
def a_library_that_cannot_be_opened_has_its_reason():
    """One that is damaged is not one that is missing."""
    must_be_plain()
    with Folder() as folder:
        recording = folder / "a.rec"
        lib.succeed("record", recording, "-n", "2", "-i", "0.1", "-o", "json")
        (folder / "libzstd.so.1").write_text("this is no library")
        result = lib.ktally("-s", recording, "report",
                            env=environment(LD_LIBRARY_PATH=str(folder)))
        assert result.status == 1 and lib.one_complaint(result), result.complaint
        for part in ("libzstd.so.1", "too short", "apt install"):
            assert part in result.complaint, f"no {part!r}: {result.complaint}"
