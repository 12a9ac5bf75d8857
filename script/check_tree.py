#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of docs/ARCHITECTURE.md that no compiler knows: which folder may include which,
# how long a file and a function may be, and what only some places may call.

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 60

# word, where it is allowed (prefixes of paths below src/)
BANNED = [
    (r"\b(printf|puts|putchar|perror)\(", ["main.c"]),
    (r"\b(exit|abort|_exit)\(", ["main.c"]),
    (r"\b(getenv|isatty)\(", ["main.c"]),
    (r"\b(uname|time|clock_gettime|geteuid)\(", ["cmd/session.c", "cmd/pace.c"]),
    (r"\b(sscanf|strtok|strtol|strtoul|strtoull|sprintf|strcpy|strcat|gets)\(", []),
    (r"\batoi\(", ["main.c"]),
    (r"\bsystem\(|\bpopen\(|\bexec[lv]p?e?\(", []),
    (r"\bassert\(", []),
]


def layers():
    """The table in docs/ARCHITECTURE.md: | `folder` | may include |."""
    table = {}
    for line in (ROOT / "docs/ARCHITECTURE.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        match = re.fullmatch(r"`src/(\w+)/`", cells[0])
        if match and len(cells) >= 2:
            table[match.group(1)] = set(re.findall(r"\w+", cells[1])) - {"nothing"}
    return table


def check_includes(path, text, table):
    layer = path.relative_to(ROOT / "src").parts[0]
    if layer not in table:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#\s*include "(\w+)/', line)
        if match and match.group(1) != layer and match.group(1) not in table[layer]:
            yield f"{path}:{number}: {layer}/ may not include {match.group(1)}/"


def check_lengths(path, text):
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield f"{path}: {len(lines)} lines, more than {FILE_LINES_MAX}"
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield f"{path}:{start}: function of {number - start - 1} lines"
            start = None


def strip_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def check_banned(path, text):
    name = str(path.relative_to(ROOT / "src"))
    code = re.sub(r'"(\\.|[^"\\])*"', '""', strip_comments(text))
    for number, line in enumerate(code.splitlines(), 1):
        for pattern, allowed in BANNED:
            if re.search(pattern, line) and not any(name.startswith(a) for a in allowed):
                yield f"{path}:{number}: {pattern} is not allowed here"
    if not name.startswith(("source/", "root/", "cmd/capture.c", "model/rows.c",
                            "analysis/cache_lore.c")):
        for number, line in enumerate(strip_comments(text).splitlines(), 1):
            if re.search(r'"/(proc|sys)/', line):
                yield f"{path}:{number}: paths of the kernel belong to the sources"


def main():
    problems = []
    table = layers()
    if len(table) < 6:
        problems.append("docs/ARCHITECTURE.md: the table of layers was not found")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                             check=True).stdout.split()
    for name in tracked:
        path = ROOT / name
        if path.suffix not in (".c", ".h") or not path.exists():
            continue
        text = path.read_text()
        if "SPDX-License-Identifier: GPL-2.0-or-later" not in text.splitlines()[0]:
            problems.append(f"{name}: no SPDX line")
        problems += check_lengths(path, text)
        if name.startswith("src/"):
            problems += check_includes(path, text, table)
            problems += check_banned(path, text)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
