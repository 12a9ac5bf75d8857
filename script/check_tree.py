#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of docs/ARCHITECTURE.md that no compiler knows: which folder may include which, that
# no includes form a cycle, how long a file and a function and how full a folder may be, what
# only some places may call, and that a fact about a kernel version cites its commit.

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 60
FOLDER_MODULES_MAX = 20

# word, where it is allowed (prefixes of paths below src/)
BANNED = [
    (r"\b(printf|puts|putchar|perror)\(", ["main.c"]),
    # a process that the recorder makes ends there
    (r"\b(exit|abort|_exit)\(",
     ["main.c", "confine/seccomp.c", "cmd/record/record_memory.c", "cmd/record/record_users.c",
      "cmd/users/armed.c", "cmd/alert/hook.c", "experiment/desk.c", "experiment/work.c", "remote/ssh.c", "top/settings/settings_file.c"]),
    (r"\b(getenv|isatty)\(", ["main.c"]),
    (r"\b(uname|time|clock_gettime)\(", ["machine/", "root/root_archive.c"]),
    (r"\bgeteuid\(",
     ["machine/", "base/place.c", "confine/capabilities.c", "top/settings/settings_file.c"]),
    (r"\b(sscanf|strtok|strtol|strtoul|strtoull|sprintf|strcpy|strcat|gets)\(", []),
    (r"\batoi\(", ["main.c"]),
    (r"\bsystem\(|\bpopen\(|\bexec[lv]p?e?\(", ["cmd/alert/hook.c", "remote/ssh.c"]),
    (r"\bassert\(", []),
]


def layers():
    """The table in docs/ARCHITECTURE.md: | `folder` | may include |."""
    table = {}
    for line in (ROOT / "docs/ARCHITECTURE.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        match = re.fullmatch(r"`src/([\w/]+)/`", cells[0])
        if match and len(cells) >= 2:
            table[match.group(1)] = set(re.findall(r"[\w/]+", cells[1])) - {"nothing"}
    return table


def folder_of(path):
    return "/".join(path.relative_to(ROOT / "src").parts[:-1])


def included(path, text):
    """(line number, path below src/) of the project's own files that a file includes."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#\s*include "([\w/]+/\w+\.(?:h|def))"', line)
        if match:
            yield number, match.group(1)


def may_include(folder, target, table):
    """A group within a folder sees that folder and what it may see, another group by name only."""
    parent = folder.rpartition("/")[0]
    allowed = table[folder] | (table[parent] | {parent} if parent else set())
    if target == folder or target in allowed:
        return True
    above = target.rpartition("/")[0]
    return bool(above) and above in allowed and above != parent


def check_includes(path, text, table):
    folder = folder_of(path)
    if not folder:
        return
    if folder not in table:
        yield f"{path}: {folder}/ has no line in the table of docs/ARCHITECTURE.md"
        return
    for number, name in included(path, text):
        target = name.rpartition("/")[0]
        if not may_include(folder, target, table):
            yield f"{path}:{number}: {folder}/ may not include {target}/"


def modules_of(texts):
    """Module (path without ending) -> modules that it includes."""
    graph = {}
    for path, text in texts.items():
        module = str(path.relative_to(ROOT / "src").with_suffix(""))
        names = (name.rpartition(".")[0] for _, name in included(path, text))
        graph.setdefault(module, set()).update(name for name in names if name != module)
    return graph


def find_cycle(graph):
    """A path from a node back to itself, or None: depth first, with white, grey and black nodes."""
    done = set()
    for start in graph:
        trail, stack = [], [(start, iter(sorted(graph[start])))]
        if start in done:
            continue
        trail.append(start)
        while stack:
            node, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                trail.pop()
                done.add(node)
            elif target in trail:
                return trail[trail.index(target):] + [target]
            elif target in graph and target not in done:
                trail.append(target)
                stack.append((target, iter(sorted(graph[target]))))
    return None


def check_graph(texts):
    graph = modules_of(texts)
    folders, sizes = {}, {}
    for module, targets in graph.items():
        folder = module.rpartition("/")[0]
        sizes[folder] = sizes.get(folder, 0) + 1
        folders.setdefault(folder, set()).update(
            target.rpartition("/")[0] for target in targets
            if target.rpartition("/")[0] != folder)
    for what, edges in (("files", graph), ("folders", folders)):
        cycle = find_cycle(edges)
        if cycle:
            yield f"src: cycle of {what}: {' -> '.join(cycle)}"
    for folder, size in sizes.items():
        if folder and size > FOLDER_MODULES_MAX:
            yield f"src/{folder}: {size} modules, more than {FOLDER_MODULES_MAX}"


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


# where a text may begin with a path of the kernel: what reads them, and prose for people
PATHS_ALLOWED = ("source/", "recognise/", "root/", "confine/", "base/open.c", "base/place.c", "base/kernel_files.h",
                 "model/holdings.c", "analysis/cache_lore.c")


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
    if not name.startswith(PATHS_ALLOWED):
        for number, line in enumerate(strip_comments(text).splitlines(), 1):
            if re.search(r'"/?(proc|sys)/', line):
                yield (f"{path}:{number}: paths of the kernel belong to the sources, or to "
                       "base/kernel_files.h")


# where a comment that names a kernel version cites the commit too
FACTS = ("source/", "account/", "analysis/")
FACTS_LEFT = ROOT / "script" / "facts_without_commit.txt"
FACTS_LEFT_MAX = 17  # may only be lowered


def comments(text):
    """(line number, text on one line) of each comment; lines with // in a row are one."""
    pattern = r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*(?:\n[ \t]*//[^\n]*)*'
    for match in re.finditer(pattern, text, re.S):
        if match.group().startswith("/"):
            words = re.sub(r"^\s*(//|/?\*)[ \t]?|\*/$", "", match.group(), flags=re.M).split()
            yield text.count("\n", 0, match.start()) + 1, " ".join(words)


def names_a_version(comment):
    """Does it name a kernel version? What stands in quotes is text of a file or a document."""
    bare = re.sub(r'"[^"]*"|SPDX-\S+ \S+', "", comment)
    return re.search(r"(?<![\w.])v?[2-7]\.\d{1,2}(\.\d+)?(?![\w.]*%|\.?\d)", bare)


def check_facts(texts):
    """drgn's form: "Linux 6.4 (commit ac3b43283923)"; the list of exceptions only shrinks."""
    left = dict.fromkeys(FACTS_LEFT.read_text().splitlines()[2:], False)
    if len(left) > FACTS_LEFT_MAX:
        yield f"{FACTS_LEFT.name}: {len(left)} comments, more than {FACTS_LEFT_MAX}"
    for path, text in texts.items():
        name = str(path.relative_to(ROOT / "src"))
        for number, comment in comments(text) if name.startswith(FACTS) else ():
            key = f"{name}: {comment[:60]}".rstrip()
            if not names_a_version(comment) or re.search(r"\b[0-9a-f]{12}\b", comment):
                continue
            if key not in left:
                yield (f"{path}:{number}: a comment names a kernel version and no commit: "
                       "Linux 6.4 (commit ac3b43283923)")
            left[key] = True
    for key, used in left.items():
        if not used:
            yield f"{FACTS_LEFT.name}: no such comment any more, remove the line: {key}"


def main():
    problems, texts = [], {}
    table = layers()
    if len(table) < 6:
        problems.append("docs/ARCHITECTURE.md: the table of layers was not found")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                             check=True).stdout.split()
    for name in tracked:
        path = ROOT / name
        if path.suffix not in (".c", ".h", ".def") or not path.exists():
            continue
        text = path.read_text()
        if "SPDX-License-Identifier: GPL-2.0-or-later" not in text.splitlines()[0]:
            problems.append(f"{name}: no SPDX line")
        problems += check_lengths(path, text)
        if name.startswith("src/"):
            texts[path] = text
            problems += check_includes(path, text, table)
            problems += check_banned(path, text)
    problems += check_graph(texts)
    problems += check_facts(texts)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
