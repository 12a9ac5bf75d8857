#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of comments, strings and documents, as far as words can be linted.

usage: check_words.py [FILE...]; without FILE, all files of src/, tools/, man/, docs/ and the documents at the top.
Reports each banned word as FILE:LINE, with the word to use instead.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folders and files that are not mended yet. An entry without findings is an error: remove it.
EXCEPTIONS = [
]

# Regular expression, what to use instead. Case is ignored.
WORDS = [
    (r"whoever", "user, reader, caller, any command that"),
    (r"(?<!user )(?<!')nobody", "no user, no process, no caller"),
    (r"somebody|anybody|everybody", "a user, a reader, any process"),
    (r"strangers?|stranger's|strangers'", "untrusted, another user"),
    (r"tells|told|telling", "shows, reports, contains, gives"),
    (r"lies|lain|lay(?! out)", "is, is in"),
    (r"beside", "next to, in addition to, except"),
    (r"(?<!falls )(?<!fall )(?<!lags )(?<!lag )"
     r"behind(?! (an?|the|your)? ?(reverse )?(proxy|firewall|nat|nginx))", "after, below"),
    (r"spares|spared|to spare|(would|could|can|will) spare", "saves, would save"),
    (r"moments?", "sample, timestamp, time; now"),
    (r"signs", "characters"),
    (r"(?<!braille )dots", "pixels, points"),
    (r"(?<!grafana )folders?", "directory"),
    (r"thrice|twofold", "three times, double"),
    (r"in the habit of", "in the style of"),
    (r"that of(?! course)", "repeat the noun"),
    (r"those (of|that)", "repeat the noun"),
]

# First word of a comment, and how to begin instead. Case matters: a member's comment may begin
# with its owner, as in "of the parent".
BEGINNINGS = [
    (r"Of", "the subject"),
    (r"[Ww]hich|[Ww]hat|[Ww]hose|[Ww]hoever", "the subject, or a verb in the third person"),
]

# A comment, a run of // lines, a string or a character.
TOKEN = re.compile(
    r"(?P<block>/\*.*?\*/)"
    r"|(?P<line>//[^\n]*(?:\n[ \t]*//[^\n]*)*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"(?:[ \t]*\\?\n?[ \t]*\"(?:\\.|[^\"\\\n])*\")*)"
    r"|(?P<char>'(?:\\.|[^'\\\n])+')", re.S)
# What is no prose in a token: the marks of a comment, borders of strings, quoted code.
NO_PROSE = {
    "block": re.compile(r"^/\*+<?|\*/$|\n[ \t]*\*(?!/)|`[^`\n]*`"),
    "line": re.compile(r"(?:^|\n)[ \t]*//|SPDX[^\n]*|`[^`\n]*`"),
    "string": re.compile(r"^\"|\"$|\"[ \t]*\\?\n?[ \t]*\"|\\n"),
    "prose": re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>\n]*>"),
}


def blank(match):
    """As many characters without a meaning, so that positions stay."""
    return re.sub(r"[^\n]", " ", match.group())


def prose_of_code(text):
    """(kind, position, prose) of each comment and string with more than one word."""
    code = re.sub(r"(?m)^[ \t]*#[ \t]*include[^\n]*", blank, text)
    for match in TOKEN.finditer(code):
        kind = match.lastgroup
        if kind == "char":
            continue
        prose = NO_PROSE[kind].sub(blank, match.group())
        if kind != "string" or " " in prose.strip():
            yield kind, match.start(), prose


def prose_of_document(text):
    """A document without its blocks of code."""
    text = re.sub(r"(?ms)^[ \t]*```.*?^[ \t]*```", blank, text)
    yield "prose", 0, NO_PROSE["prose"].sub(blank, text)


def prose_of_manual(text):
    """A man page, or its template: comments too, but no macros and literal blocks."""
    text = re.sub(r"(?ms)^\.Bd -literal.*?^\.Ed", blank, text)
    yield "prose", 0, re.sub(r"(?m)^(\.\\\"|\.[A-Z][a-z]+|@\w+@)|\\f.|\\.", blank, text)


def prose_of_script(text):
    for match in re.finditer(r"(?m)^[ \t]*#(?!!)[^\n]*", text):
        yield "line", match.start(), match.group().replace("#", " ", 1)


PHRASES = [(re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.I), use) for pattern, use in WORDS]
FIRST = [(re.compile(rf" ?({pattern})\b"), use) for pattern, use in BEGINNINGS]


def in_one_line(prose):
    """The prose with each run of blanks and newlines as one blank, and each character's place."""
    places = [match.start() for match in re.finditer(r"\S|\s+", prose)]
    return re.sub(r"\s+", " ", prose), places


def findings(path, text):
    """(line number, sentence) of each banned word."""
    prose_of = {".md": prose_of_document, ".in": prose_of_manual, ".sh": prose_of_script}.get(
        pathlib.Path(path).suffix, prose_of_code)
    for kind, start, prose in prose_of(text):
        line, places = in_one_line(prose)
        found = [(match.start(), f"'{match.group()}': use {use}")
                 for pattern, use in PHRASES for match in pattern.finditer(line)]
        if kind in ("block", "line"):
            found += [(match.start(1), f"a comment begins with '{match.group(1)}': use {use}")
                      for pattern, use in FIRST for match in [pattern.match(line)] if match]
        for place, sentence in sorted(found):
            yield text.count("\n", 0, start + places[place]) + 1, sentence


def files():
    names = subprocess.run(["git", "ls-files", "src", "tools", "man", "docs/*.md", "*.md"], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout.split()
    return [name for name in names if name.endswith((".c", ".h", ".def", ".in", ".md", ".sh"))]


def main():
    named = sys.argv[1:]
    excepted, failed = set(), False
    for name in named or files():
        exception = next((entry for entry in EXCEPTIONS if name.startswith(entry)), None)
        for line, sentence in findings(name, (ROOT / name).read_text()):
            if exception and not named:
                excepted.add(exception)
                break
            print(f"{name}:{line}: {sentence}")
            failed = True
    for entry in EXCEPTIONS:
        if not named and entry not in excepted:
            print(f"script/check_words.py: {entry} has no findings: remove it from EXCEPTIONS")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
