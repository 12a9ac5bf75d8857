# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of rows: a mistake in src/account/rows.txt ends the build with file and line."""

from pathlib import Path

import lib
from lib import Folder, Skip, execute, test

ROWS = lib.REPOSITORY / "src" / "account" / "rows.txt"

# what is replaced, once, in the real file, and what the tool says of it
MISTAKES = [
    ("[fw_acpi]", "[fw acpi]", "a row begins with [ID]"),
    ("[fw_acpi]", "[fw_nvs]", "a second row 'fw_nvs'"),
    ("title: ACPI tables\n", "", "row 'fw_acpi' has no 'title'"),
    ("means: Tables that describe", "mean: Tables that describe", "a row has no 'mean'"),
    ("means: Tables that describe the hardware.\n", "", "row 'fw_acpi' has no 'means'"),
    ("describe the hardware.", "describe the hardware", "a text ends with '.'"),
    ("next: 'ktally doctor' says", "next: one.\nnext: 'ktally doctor' says", "a second 'next'"),
    ("describe the hardware.", "describe the\thardware.", "not printable ASCII"),
    ("describe the hardware.", "describe the hardware. ", "space at the end"),
    ("plus: FW_ACPI", "plus: FW_ACPJ", "model/metric.def has no metric 'FW_ACPJ'"),
    ("plus: FW_ACPI", "minus: FW_ACPI", "the first term is 'plus: METRIC'"),
    ("plus: FW_ACPI\n", "", "row 'fw_acpi' has a level"),
    ("of kernel_stacks", "of kernel_stack", "'kernel_stack' is no row to take off"),
    ("of kernel_stacks", "off kernel_stacks", "is not 'optional', 'of ID' or 'overlaps ID'"),
    ("is: always", "is: sometimes", "'sometimes' is not 'rest', 'always' or 'apart'"),
    ("level: managed", "level: given", "'given' is not 'firmware', 'reserved' or 'managed'"),
    ("level: managed\n", "", "has no level"),
    ("parent: firmware", "parent: firmwares", "no row 'firmwares' comes before 'fw_reserved'"),
    ("parent: firmware\n", "", "only the first row has no parent"),
    ("unusual_permille: 100", "unusual_permille: 10 %", "is a number below 1000"),
    ("\n[ram]", "\ntitle: early\n[ram]", "expected [ID]"),
    ("title: installed memory\n", "title: installed memory\n\tgoes on\n", "could go on"),
    ("is: rest", "plus: DIMMS", "level 'firmware' has 0 rows with 'is: rest', not one"),
]


def generate(text):
    tool = Path(lib.program).parent / "gen_rows"
    if not tool.is_file():
        raise Skip("not in its build directory")
    with Folder() as folder:
        rows, table, ids = (Path(folder) / name for name in ("rows.txt", "rows.c", "row_id.h"))
        rows.write_text(text)
        run = execute([str(tool), str(rows), str(table), str(ids)])
        return run, (table.read_text(), ids.read_text()) if table.exists() else None


@test
def the_real_rows_make_a_table_and_an_enum():
    run, made = generate(ROWS.read_text())
    assert run.status == 0 and not run.complaint, run.complaint
    table, ids = made
    count = ROWS.read_text().count("\n[")
    assert table.count("\n\t[KT_ROW_") == count and ids.count("\tKT_ROW_") == count + 2
    assert table.count(".means = ") == table.count(".next = ") == count


@test
def every_mistake_in_a_row_fails_the_build_with_file_and_line():
    text = ROWS.read_text()
    for old, new, said in MISTAKES:
        at = text.index(old, text.index("\n[ram]"))  # not in the comment at its head
        run, made = generate(text[:at] + new + text[at + len(old):])
        assert run.status == 1 and made is None, f"{new!r} passes"
        lines = [line for line in run.complaint.splitlines() if said in line]
        assert len(lines) >= 1, f"{new!r}: {run.complaint}"
        place = lines[0].split(" error: ")[0].rsplit(":", 2)
        assert place[0].endswith("rows.txt") and int(place[1]) >= 1, lines[0]
