# SPDX-License-Identifier: GPL-2.0-or-later
"""script/check_words.py finds what it bans, where it is, and nothing else."""

import sys

import lib
from suite import test

sys.path.insert(0, str(lib.REPOSITORY / "script"))

import check_words  # noqa: E402


def lines(name, text):
    return [line for line, _ in check_words.findings(name, text)]


@test
def banned_words_and_beginnings_are_found_on_their_line():
    cases = [("a.c", "int a;\n/*\n * Lists rows for\n * nobody.\n */\n", [4]),
             ("a.c", 'f("no such " /* x */);\ng("the size that "\n  "of a page lies here");\n', [2, 3]),
             ("a.c", "int a; /* What it costs */\n", [1]),
             ("a.h", "/** Of a row. */\nint a;\n// Whose it is\n", [1, 3]),
             ("a.def", "// SPDX-License-Identifier: X\n//\n// Which rows\n// there are.\n", [3]),
             ("a.c", 'char c = \'"\'; /* a folder */\n', [1]),
             ("a.md", "# Title\n\nIt is `told`.\n\nThe page tells it.\n", [5]),
             ("a.in", ".\\\" the folder\n.Nm\nlies in\n.Xr told 1\n.Bd -literal\ntold\n.Ed\n", [1, 3, 4]),
             ("a.sh", "#!/bin/sh\necho folder # x\n# the folder\n", [3])]
    for name, text, wanted in cases:
        assert lines(name, text) == wanted, f"{text!r}: {lines(name, text)}, not {wanted}"


@test
def terms_of_the_field_code_and_single_words_are_no_findings():
    cases = [("a.c", '#include "top/moments.h"\nstruct moments *moment; const char *key = "moments";\n'),
             ("a.c", "/* a spare sheaf; dirty, per-CPU, a minus sign; sleeps as 'nobody' */\n"),
             ("a.c", "/* `kt_kmsg_tells()` lays out the slot; lay out; an agent that falls behind */\n"),
             ("a.c", 'printf("behind a reverse proxy");\nint a; /* of the parent */\n'),
             ("a.md", "```\nnobody tells\n```\n[page](folder/beside.md) braille dots, left-behind\n")]
    for name, text in cases:
        assert not lines(name, text), f"{text!r}: {list(check_words.findings(name, text))}"
