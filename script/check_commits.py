#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of CONTRIBUTING.md for commits, over the commits since the last tag: the subject is
# "area: what", and the body says why unless the change is tiny.

import re
import subprocess
import sys

RULE_SINCE = "5f4875b8556571ad6563a3d855107e6c59b31e25"  # the commit before the rule, without a tag
TINY_LINES = 10
SUBJECT_CHARS = 90
RECORD, FIELD = "\x1e", "\x1f"


def git(*args):
    return subprocess.run(["git", *args], capture_output=True, text=True, check=False)


def start():
    """The last tag, or the commit before the rule; None if this clone has neither."""
    tag = git("describe", "--tags", "--abbrev=0")
    if tag.returncode == 0:
        return tag.stdout.strip()
    known = git("merge-base", "--is-ancestor", RULE_SINCE, "HEAD")
    return RULE_SINCE if known.returncode == 0 else None


def commits(since):
    """(hash, subject, body, lines changed) of each commit without merges."""
    log = git("log", "--no-merges", "--numstat",
              f"--format={RECORD}%h{FIELD}%s{FIELD}%b{FIELD}", f"{since}..HEAD")
    for record in log.stdout.split(RECORD)[1:]:
        name, subject, body, numbers = record.split(FIELD)
        changed = sum(int(n) for line in numbers.splitlines() for n in line.split("\t")[:2]
                      if n.isdigit())
        yield name, subject, body.strip(), changed


def check(name, subject, body, changed):
    if not re.match(r"[\w./*{}, -]+: \S", subject):
        yield f"{name}: the subject is not 'area: what': {subject}"
    if len(subject) > SUBJECT_CHARS:
        yield f"{name}: the subject has more than {SUBJECT_CHARS} characters: {subject}"
    if not body and changed > TINY_LINES:
        yield f"{name}: {changed} lines change, and no body says why: {subject}"


def main():
    since = start()
    if not since:
        print("not checked: this clone has neither a tag nor the history")
        return 0
    problems = [problem for commit in commits(since) for problem in check(*commit)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
