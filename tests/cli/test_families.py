# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of metric families: what is printed, filled in, and asked for by rules and dashboard."""

import json
import re

import lib
import openmetrics
import trees
from lib import Folder, ktally, plant, succeed, test
from logs import WHOLE

TABLE = lib.REPOSITORY / "src/report/family.def"
ENTRY = re.compile(r'FAMILY\((\w+),\s*"([^"]*)",\s*(\w+),\s*(\w+),\s*"([^"]*)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)')
UNITS = {"BYTES": "bytes", "SECONDS": "seconds", "RATIO": "ratio", "NONE": None}
COMMANDS = (["account"], ["account", "-N"], ["boot"], ["buddy"], ["cgroups"], ["dcache"], ["hash"],
            ["modules"], ["pagetables"], ["pagetables", "--shared"], ["percpu"],
            ["slab", "--details"], ["slab", "--families"], ["stacks"], ["vmalloc"], ["metrics"],
            ["metrics", "--all"], ["census"], ["census", "--by", "zone"], ["census", "--by", "node"],
            ["census", "--by", "cgroup"], ["memreports"])
# given by the prometheus server itself
TARGET = {"job", "instance", "alertname", "le"}


def table():
    families = {}
    for ident, name, kind, unit, labels, text in ENTRY.findall(TABLE.read_text()):
        assert ident == name.removeprefix("ktally_").upper(), name
        assert UNITS[unit] is None or name.endswith("_" + UNITS[unit]), name
        helped = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        families[name] = (kind.lower(), UNITS[unit], labels.split(), helped)
    assert len(families) == TABLE.read_text().count("\nFAMILY("), "an entry that is not understood"
    return families


def must_be_of_the_table(found, families, seen):
    for name, family in found.items():
        assert name in families, f"{name} is in no table"
        kind, unit, labels, text = families[name]
        assert family.head.get("TYPE") == kind and family.head.get("UNIT") == unit, name
        assert openmetrics.unescape(family.head["HELP"]) == text, name
        for sample in family.samples:
            assert list(sample[0]) == labels, (name, list(sample[0]), labels)
        if family.samples:
            seen.add(name)


@test
def every_family_that_is_printed_is_of_the_table_and_every_one_of_the_table_is_printed():
    families, seen = table(), set()
    with Folder() as folder:
        plant(folder / "tree", trees.MODERN)
        (folder / "log").write_text(WHOLE)
        sources = [lib.REPOSITORY / "tests/fixtures" / name for name in ("6.1", "6.12")]
        for source in [*sources, folder / "tree", folder / "log", None]:
            for command in COMMANDS:
                where = ["-s", source] if source else []
                result = ktally(*where, *command, "-o", "openmetrics")
                if result.status == 0:
                    must_be_of_the_table(openmetrics.parse(result.out), families, seen)
        must_be_of_the_table(openmetrics.parse(succeed("diff", sources[0], sources[1], "-o",
                                                       "openmetrics").out), families, seen)
        file = folder / "x.rec"
        succeed("-s", folder / "tree", "record", "-i", "0.1", "-n", "2", file)
        must_be_of_the_table(openmetrics.parse(
            succeed("export", file, "-o", "openmetrics").out, times=True), families, seen)
    # what takes root and /sys/kernel/slab, kernel memory, an OOM report of a cgroup, or every page
    rare = {"ktally_slab_cache_padding_bytes", "ktally_slab_cache_cached_bytes",
            "ktally_memory_report_cgroup_bytes"}
    rare |= {name for name in families if name.startswith("ktally_census_")}
    assert set(families) - seen <= rare, sorted(set(families) - seen)


def must_ask_for_known(expression, families):
    """Metrics of an expression, and the labels that it selects them by."""
    asked = set()
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    for name, selector in re.findall(r"\b(ktally_[a-z_]+)(\{[^}]*\})?", text):
        base = name.removesuffix("_total")
        base = base if families.get(base, ("",))[0] == "counter" else name
        assert base in families, f"{name} is no family: {expression}"
        assert (name != base) == (families[base][0] == "counter"), name
        labels = set(re.findall(r"([a-zA-Z_]+)\s*(?:=~|!~|!=|=)", selector))
        assert labels <= set(families[base][2]) | TARGET, (name, labels, families[base][2])
        asked.add(base)
    return asked


@test
def rules_and_dashboard_ask_only_for_families_and_labels_that_there_are():
    families = table()
    rules = (lib.REPOSITORY / "share/prometheus/ktally.rules.yml").read_text()
    rules = "\n".join(line for line in rules.splitlines() if not line.lstrip().startswith("#"))
    assert len(must_ask_for_known(rules, families)) >= 5
    asked = set()

    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("expr", "query", "definition") and isinstance(value, str):
                    asked.update(must_ask_for_known(value, families))
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads((lib.REPOSITORY / "share/grafana/ktally.json").read_text()))
    assert len(asked) >= 5, asked


@test
def no_name_of_a_family_is_written_anywhere_but_in_the_table():
    charts = {"netdata_charts.c"}  # names of Netdata's charts begin alike
    for file in (lib.REPOSITORY / "src").rglob("*.[ch]"):
        found = re.findall(r'"ktally_[a-z_]+"', file.read_text())
        assert file.name in charts or not found, (file, found)
