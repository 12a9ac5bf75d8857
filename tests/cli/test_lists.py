# SPDX-License-Identifier: GPL-2.0-or-later
"""What all commands that show a list have in common: rows that add up to their total
however they are cut, the same in every output, in the order that was asked for."""

import csv
import io
import json
import os

import lib
import logs
import openmetrics
import trees
from lib import LISTS, Folder, Skip, execute, ktally, plant, strace, succeed, test
from test_schema import AWKWARD, must_be_valid

REAL = ("share", "ratio")  # columns that are not whole numbers end in these


def machines():
    """The running machine and every made-up one: (name, options)."""
    yield "live", ()
    for name, tree in {**trees.ALL, "AWKWARD": AWKWARD}.items():
        with Folder() as folder:
            yield name, ("-s", plant(folder, tree))
    with Folder() as folder:
        plant(folder, {"kern.log": logs.WHOLE * 3 + logs.CGROUP})
        yield "LOG", ("-s", folder / "kern.log")


def lists_of(source):
    """(command, key of its list, report) where the machine has what the command needs; where
    it has not, the error must be one sentence that names it."""
    for command, key in LISTS.items():
        result = ktally(*source, command, "-o", "json")
        if result.status == 0:
            yield command, key, must_be_valid(command, result)
            continue
        assert result.status == 1, f"{command}: status {result.status}: {result.complaint}"
        assert result.complaint.count("\n") == 1 and len(result.complaint) > 20, result.complaint


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def summed(report, key):
    """Columns that the total has are sums of the rows."""
    rows = report[key] + ([report[key + "_others"]] if report[key + "_others"] else [])
    for column, total in report[key + "_total"].items():
        if whole(total):
            yield column, total, sum(row[column] or 0 for row in rows)


@test
def the_rows_of_every_list_add_up_to_its_total():
    seen = set()
    for name, source in machines():
        for command, key, report in lists_of(source):
            seen.add(command)
            for column, total, found in summed(report, key):
                assert total == found, f"{name}: {command}: {column} is {total}, rows {found}"
    assert seen == set(LISTS), f"never shown: {set(LISTS) - seen}"


@test
def the_first_line_names_the_same_machine_in_every_command():
    log = trees.MODERN["dmesg"] + "[    0.000000] Hypervisor detected: KVM\n"
    cpus = "flags\t\t: fpu hypervisor sse2\n"
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "dmesg": log, "proc/cpuinfo": cpus})
        lines = {command: succeed("-s", folder, command).text.splitlines()[0]
                 for command in ("account", "boot", "slab", "stacks", "vmalloc", "doctor")}
        host = succeed("-s", folder, "-o", "json").json()["host"]
    assert len(set(lines.values())) == 1 and "virtual machine" in lines["slab"], lines
    assert host["hypervisor"] == "KVM", host


@test
def a_filter_that_no_row_matches_leaves_the_sums_and_a_note():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for command in ("slab", "vmalloc", "stacks"):
            said = succeed("-s", folder, command, "--filter", "nosuch").text
            assert "\n(others) " in said and "\ntotal " in said, said
            assert "no row matches 'nosuch'" in said and "merged with" not in said, said
            assert "no row matches" not in succeed("-s", folder, command).text, command


@test
def what_is_cut_or_filtered_away_is_added_up_in_one_row():
    for name, source in machines():
        for command, key, report in lists_of(source):
            if name == "live" or not report[key]:
                continue
            for options in (("--top", "1"), ("--filter", "*a*"), ("--filter", "no such name"),
                            ("--top", "2", "--filter", "e")):
                cut = must_be_valid(command, succeed(*source, command, "-o", "json", *options))
                assert cut[key + "_total"] == report[key + "_total"], \
                    f"{name}: {command} {options}: another total"
                for column, total, found in summed(cut, key):
                    assert total == found, f"{name}: {command} {options}: {column}"
                if options[0] == "--top":
                    assert len(cut[key]) <= int(options[1]), f"{command}: more than asked for"


@test
def a_list_is_sorted_by_any_of_its_columns():
    for _, source in machines():
        for command, key, report in lists_of(source):
            if not source or not report[key]:
                continue
            for column in report[key][0]:
                rows = succeed(*source, command, "-o", "json", "--sort", column).json()[key]
                values = [row[column] for row in rows if row[column] is not None]
                text = values and isinstance(values[0], str)
                ascending = (command, column) in lib.ASCENDING
                expected = sorted(values, key=lambda value: value.encode() if text else
                                  value if ascending else -value)
                assert values == expected, f"{command}: not sorted by {column}"
                assert all(row[column] is None for row in rows[len(values):]), \
                    f"{command}: missing values of {column} are not last"
        bad = ktally(*source, "hash", "--sort", "no such column")
        assert bad.status in (1, 2), bad.status


def cell(value, column):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6f}" if isinstance(value, float) or column.endswith(REAL) else str(value)


@test
def every_list_is_the_same_in_csv_and_correct_in_openmetrics():
    for name, source in machines():
        for command, key, report in lists_of(source):
            openmetrics.parse(succeed(*source, command, "-o", "openmetrics").out)
            if name == "live" or not report[key]:
                continue
            text = succeed(*source, command, "-o", "csv").out.decode("utf-8")
            lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            assert len(lines) == len(report[key]) + 1, f"{name}: {command}: other rows"
            for row, line in zip(report[key], lines[1:], strict=True):
                for column, found in zip(lines[0], line, strict=True):
                    assert found == cell(row[column], column), f"{command}: {row} is {line}"


@test
def a_list_that_is_repeated_tells_growth_from_its_second_turn_on():
    for command, key in LISTS.items():
        if b"-i repeats" not in succeed("help", command).out and \
                ktally(command, "-n", "1").status != 0:
            continue
        text = succeed(command, "-o", "csv", "-i", "0.1", "-n", "2").text
        lines = list(csv.reader(io.StringIO(text)))
        assert lines[0][0] == "time" and sum(line == lines[0] for line in lines) == 1, lines[0]
        if "growth" in lines[0]:
            last = lines[-1][lines[0].index("growth")]
            assert last != "", f"{command}: no growth in {lines[-1]}"


@test
def an_interval_begins_when_the_first_reading_has_ended():
    """The first one reads what later ones need not, and may be slow: here 1.6 of 2 s."""
    command = strace("-qq", "-o", os.devnull, "-e", "trace=openat", "-e",
                     "inject=openat:delay_enter=800000:when=8..9")
    # the leak checker of a build with sanitizers cannot work below another tracer
    result = execute([*command, lib.plain or lib.program, "slab", "-i", "2", "-n", "2", "-o",
                      "jsonl"])
    first, second = (json.loads(line) for line in result.text.splitlines())
    grown = [(row["growth"], row["rate"]) for row in second["caches"] if row["growth"]]
    if not grown:
        raise Skip("no cache has grown")
    assert first["caches"] and all(abs(growth) > abs(rate) * 1.9 for growth, rate in grown), grown


@test
def one_moment_of_a_machine_is_not_repeated():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        result = ktally("-s", folder, "account", "-i", "1", "-n", "2")
        assert result.status == 2 and "a single sample" in result.complaint, result.complaint


@test
def names_reach_no_output_raw():
    with Folder() as folder:
        plant(folder, AWKWARD)
        for command in LISTS:
            for output in ("text", "json", "csv", "openmetrics"):
                result = ktally("-s", folder, command, "-a", "-o", output)
                bad = set(result.out) & (set(range(32)) - {10, 13} | {127})
                assert not bad, f"{command} -o {output}: control characters {bad}"
                result.out.decode("utf-8")
