# SPDX-License-Identifier: GPL-2.0-or-later
"""A strict reader of OpenMetrics 1.0 text, for gauges and counters: refuses whatever the format does.

With times=True each sample has a timestamp; those of a series stand together and increase.
"""

import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\n]|\\[\\\"n])*)\"(,|$)")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
HELP = re.compile(r"(?:[^\"\\\n]|\\[\\\"n])*")
ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
ORDER = ["TYPE", "UNIT", "HELP"]


class Bad(AssertionError):
    pass


def check(truth, number, message):
    if not truth:
        raise Bad(f"line {number}: {message}")


def unescape(text):
    return re.sub(r"\\.", lambda match: ESCAPES[match.group()], text)


def labels_of(text, number):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        check(match, number, f"labels are not as they should be: {text[at:]}")
        check(match.group(1) not in labels, number, f"label {match.group(1)} twice")
        check(not match.group(1).startswith("__"), number, "a reserved label")
        labels[match.group(1)] = unescape(match.group(2))
        at = match.end()
    check(not text.endswith(","), number, "a comma behind the last label")
    return labels


def sample_of(line, number):
    match = NAME.match(line)
    check(match, number, f"neither a sample nor a comment: {line}")
    name, rest, labels = match.group(), line[match.end():], {}
    if rest.startswith("{"):
        # a brace inside a label value does not end the labels
        end = re.match(r"\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\}", rest)
        check(end, number, "labels without an end")
        labels, rest = labels_of(end.group(1), number), rest[end.end():]
    match = re.fullmatch(rf" (?P<value>{NUMBER.pattern})(?: (?P<time>[0-9]+(?:\.[0-9]+)?))?", rest)
    check(match, number, f"not a number, or a number and a time: {rest!r}")
    value = match["value"]
    return (name, labels, float(value) if "." in value or "e" in value else int(value),
            match["time"])


class Family:
    def __init__(self, name):
        self.name, self.head, self.samples, self.seen = name, {}, [], set()
        self.last = (None, 0.0)  # series and time of the last sample

    @property
    def sample(self):
        return self.name + ("_total" if self.head.get("TYPE") == "counter" else "")

    def describe(self, key, text, number):
        check(not self.samples, number, f"{key} of {self.name} behind its samples")
        check(key not in self.head, number, f"{key} of {self.name} twice")
        if key == "TYPE":
            check(text in ("gauge", "counter"), number, f"type {text}")
        if key == "UNIT":
            check(self.name.endswith("_" + text), number, f"{self.name} is not in {text}")
        if key == "HELP":
            check(HELP.fullmatch(text), number, "help is not escaped")
        self.head[key] = text

    def add(self, labels, value, time, number):
        # an empty label is the same as none
        key = frozenset((name, text) for name, text in labels.items() if text)
        if time is not None and self.last[0] == key:
            check(float(time) > self.last[1], number, f"{self.name}{labels} goes back in time")
        else:
            check(key not in self.seen, number, f"{self.name} twice with {labels}")
        self.seen.add(key)
        self.last = (key, float(time or 0))
        self.samples.append((labels, value) if time is None else (labels, value, float(time)))


def parse(data, times=False):
    """Families by name, of bytes that are OpenMetrics to the letter."""
    text = data.decode("utf-8")
    check("\r" not in text, 0, "a carriage return")
    check(text.endswith("# EOF\n"), 0, "no end marker on the last line")
    families, current = {}, None
    lines = text.split("\n")[:-2]
    for number, line in enumerate(lines, 1):
        check(line and line != "# EOF", number, "an empty line, or the end too early")
        if line.startswith("#"):
            words = line.split(" ", 3)
            check(len(words) == 4 and words[0] == "#" and words[1] in ORDER, number,
                  f"no such comment: {line}")
            name = words[2]
            check(NAME.fullmatch(name), number, f"no name: {name}")
            if current is None or current.name != name:
                check(name not in families, number, f"{name} is interleaved")
                current = families[name] = Family(name)
            current.describe(words[1], words[3], number)
            continue
        name, labels, value, time = sample_of(line, number)
        check((time is not None) == times, number, f"a time is {'missing' if times else 'there'}")
        check(current is not None and name == current.sample, number, f"{name} outside its family")
        check("TYPE" in current.head and "HELP" in current.head, number, f"{name} undescribed")
        current.add(labels, value, time, number)
    return families
