# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command prints inside the machine, held against an amount: one line of "shows" or
"prints", see scenario.py."""

import fnmatch

PAGE = 4096


def tolerance(amount):
    return max(abs(amount) // 100, 2 * PAGE)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def leaves(value):
    """Values of the report itself, in no table."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from leaves(item)
        elif not isinstance(item, list):
            yield key, item


def tables(report):
    """(name of the table, row) of every row, its sums included."""
    for key, value in report.items():
        if isinstance(value, list):
            yield from ((key, row) for row in value if isinstance(row, dict))
        elif key.endswith("_total") and value:
            yield key.removesuffix("_total"), value


class Claim:
    def __init__(self, text):
        command, rows, claim = (part.strip() for part in text.split("|"))
        self.command, self.patterns = command, rows.split("+")
        column, self.amount = claim.split(None, 1)
        self.table, _, self.column = column.rpartition(".")
        self.scale = 100 if self.column.endswith("%") else 1
        self.column = self.column.rstrip("%")
        self.what = f"{rows} {column}" if rows != "-" else column

    def matches(self, row):
        names = [value for value in row.values() if isinstance(value, str)]
        if "total" in names and "total" not in self.patterns:
            return False
        return any(fnmatch.fnmatchcase(name, pattern) for name in names
                   for pattern in self.patterns)

    def rows(self, report):
        if self.patterns == ["-"]:
            return [dict(leaves(report))]
        return [row for table, row in tables(report)
                if self.table in ("", table) and self.column in row and self.matches(row)]

    def sums(self, report):
        """What is known of the columns, added up over the rows."""
        sums = {}
        for row in self.rows(report):
            for key, value in row.items():
                if is_number(value):
                    sums[key] = sums.get(key, 0) + value
        return sums

    def value(self, report):
        """The column, added up over the rows; None: it is in none."""
        sums = self.sums(report)
        return sums[self.column] * self.scale if self.column in sums else None

    def check(self, before, after, amounts, names):
        """(what is wrong or None, what was seen, how far off it was, of what is 1 % exact).
        BEFORE is None where the value itself is claimed and not its change."""
        sums = self.sums(after)
        if self.column not in sums:
            return f"ktally {self.command}: there is no {self.what}", "", None
        amount, _, slack = self.amount.partition("~")
        names = {**names, **sums}
        value = sums[self.column] * self.scale
        if before is not None:
            value -= self.sums(before).get(self.column, 0)
        amount = amounts(amount, names)
        if slack:
            most = amounts(slack, names)
        else:
            most = tolerance(amount) if self.column.endswith("bytes") else 0
        text = f"{self.what} {value:{'+' if before is not None else ''}}"
        off = None if slack or not amount else abs(value - amount) / abs(amount)
        if abs(value - amount) > most:
            return f"ktally {self.command}: {text}, not {amount} ± {most}", text, off
        return None, f"{self.command.split()[0]}: {text}", off
