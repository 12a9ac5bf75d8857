# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs read: JSON after its schemas, CSV and OpenMetrics that say the same."""

import copy
import csv
import functools
import io
import json
import re

import lib
import openmetrics
import trees
from lib import Folder, Skip, plant, succeed, test

try:
    import jsonschema
except ImportError:
    jsonschema = None

COMMANDS = ("account", "explain", "doctor", "capture", "help", "version", "record", "report",
            "import", "diff", "plot", "metrics", "users", "check", "diagnose", "whatif",
            "simulate", *lib.LISTS)

# names and values that need escaping in one format or another
AWKWARD = {
    **trees.MODERN,
    "proc/sys/kernel/hostname": b'a "b", \\c\\\tn\x1b[31m\xff\xc3{}\n',
    "proc/meminfo": trees.MODERN["proc/meminfo"] + 'Odd"Field\\,{x}:  7 kB\n',
    "proc/600/status": b'Name:\ta) "b" (\\n,\x1b[31m {c}\xff: d\nState:\tS (sleeping)\n'
                       b"PPid:\t1\nVmSize:\t 10 kB\nVmPTE:\t 9 kB\nThreads:\t1\n",
    "proc/600/maps": b'10000-20000 r--p 00000000 00:01 7  /a "b"\\012,\x1b[31m{c}\xff\n',
    "proc/vmallocinfo": trees.MODERN["proc/vmallocinfo"].encode() +
    b'0x1-0x2 8192 od"d\\,{x}\x1b[31m+0x1/0x2 [m"\\\x07\xff] pages=1 vmalloc N0=1\n',
    "proc/modules": trees.MODERN["proc/modules"].encode() +
    b'm"\\\x07\xff 4096 1 a"\x1b,b\\, Live 0x0 (O"\xc3)\n',
    "proc/allocinfo": trees.MODERN["proc/allocinfo"].encode() +
    b'7 1 a"b:1 [m"\\\x07\xff] func:"\n',
    "proc/slabinfo": trees.MODERN["proc/slabinfo"].encode() + b'a "b", \\c\\\t\x1b[31m\xff\xc3{}'
                     b' : tunables 1 7 14 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n',
    "dmesg": trees.MODERN["dmesg"] +
             '[ 1.0] O"d\\d, {one}\x07 hash table entries: 4 (order: 0, 4096 bytes, linear)\n',
    **{path: text for name in ('a"b\\c', "a\x1b[31m,{}", "\x01", "\x02", "two\nlines", "é", "=1+1")
       for path, text in trees.cgroup_v2(name, 900, None, None, kernel=500, slab=100).items()},
    **trees.cgroup_v2("not\udcffutf8", 900, 1000, None, kernel=500, slab=100),
}


@functools.cache
def schema(name):
    return json.loads(lib.schemas()[f"{name}.schema.json"].read_text(encoding="utf-8"))


def validator(text):
    if jsonschema is None:
        raise Skip("needs python3-jsonschema")
    texts = {name: schema(name.split(".")[0]) for name in lib.schemas()}
    return jsonschema.Draft202012Validator(
        text, resolver=jsonschema.RefResolver(text["$id"], text, texts))


@functools.cache
def validator_of(name):
    return validator(schema(name))


def must_be_valid(name, result):
    report = result.json()
    for error in validator_of(name).iter_errors(report):
        place = "/".join(map(str, error.absolute_path))
        raise AssertionError(f"{name}: {place or 'the whole'}: {error.message[:200]}")
    return report


def sources():
    """The running machine and every made-up one: (name, options)."""
    yield "live", ()
    for name, tree in {**trees.ALL, "AWKWARD": AWKWARD}.items():
        with Folder() as folder:
            yield name, ("-s", plant(folder, tree))


@test
def schemas_are_schemas_and_strict():
    if jsonschema is None:
        raise Skip("needs python3-jsonschema")
    by_hand = {file.name for file in lib.SCHEMAS.iterdir()}
    assert by_hand == {"history.schema.json", "watch.schema.json"}, f"{by_hand}: those of reports are made from shapes"
    for name in (*COMMANDS, "slab-cache"):
        text = schema(name)
        jsonschema.Draft202012Validator.check_schema(text)
        assert text["properties"]["schema"]["const"] == f"ktally/{name}/1", name
        open_objects = [place for place, part in parts(text) if part.get("type") == "object"
                        and part.get("additionalProperties", True) is not False]
        assert not open_objects, f"{name}: {open_objects} allow anything"


def parts(node, place="top"):
    """Every object in a schema, with its place."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from parts(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from parts(value, f"{place}/{index}")


# a report of each shape, with options that give more of it
EVERY = [(name,) for name in lib.LISTS] + [
    (), ("-N",), ("doctor",), ("metrics",), ("users",), ("users", "--details"), ("help",), ("help", "slab"), ("version",),
    ("explain",), ("explain", "unattributed"), ("explain", "slab"), ("explain", "dying-cgroups"),
    ("census",), ("census", "--by", "zone"), ("census", "--by", "node"),
    ("census", "--by", "cgroup"), ("slab", "--top", "1"), ("slab", "--families"),
    ("slab", "dentry"), ("vmalloc", "-N", "--by", "kind"), ("pagetables", "--shared"),
    ("stacks", "--by", "process"), ("buddy", "--expensive"), ("cgroups", "--top", "1"),
    ("whatif",), ("whatif", "hash"), ("whatif", "page-tables"), ("whatif", "kernel-stacks"),
    ("whatif", "slab-reclaim", "dentry"),
]


def reports(source):
    """Every report that this machine gives: (name of the schema, result)."""
    for args in EVERY:
        result = lib.ktally(*source, *args, "-o", "json")
        assert result.status in (0, 1), f"{args}: status {result.status}: {result.complaint}"
        if result.status == 0:
            yield result.json()["schema"].split("/")[1], result


@test
def reports_of_every_command_are_after_their_schemas():
    seen = set()
    for _, source in sources():
        for name, result in reports(source):
            must_be_valid(name, result)
            seen.add(name)
    assert seen >= {"slab-cache", "pagetables", "buddy", "hash", "boot", "metrics"}, seen


@test
def reports_about_the_corpus_are_after_their_schemas():
    for tree in lib.corpus_trees():
        for name in lib.LISTS:
            result = lib.ktally("-s", tree, name, "-o", "json")
            if result.status == 0:
                must_be_valid(name, result)


def without(text, key):
    """The schema, with nothing known of this key in any object."""
    poorer = copy.deepcopy(text)
    for _, part in parts(poorer):
        if isinstance(part.get("properties"), dict):
            part["properties"].pop(key, None)
        if isinstance(part.get("required"), list) and key in part["required"]:
            part["required"].remove(key)
    return poorer


def keys(node):
    return {key for _, part in parts(node) for key in part}


@test
def a_schema_that_lacks_a_column_refuses_the_report():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for name, result in reports(("-s", folder)):
            report = result.json()
            must_be_valid(name, result)
            text = schema(name)
            stated = {key for _, part in parts(text) if isinstance(part.get("properties"), dict)
                      for key in part["properties"]}
            for key in keys(report) & stated:
                assert not validator(without(text, key)).is_valid(report), \
                    f"{name}: a schema without '{key}' accepts a report with it"


def row_that(report, **values):
    return next(row for row in report["rows"] if all(row[key] == value for key, value
                                                     in values.items()))


# a change that no report may have: (arguments, what is wrong, the change)
WRONG = (
    ((), "an ok row without bytes", lambda r: row_that(r, state="ok").update(bytes=None)),
    ((), "an ok row with a reason", lambda r: row_that(r, state="ok").update(reason="x")),
    ((), "an ok row that is elsewhere", lambda r: row_that(r, state="ok").update(contained_in="x")),
    ((), "a missing row with bytes", lambda r: row_that(r, state="absent").update(bytes=0)),
    ((), "a missing row without a reason", lambda r: row_that(r, state="absent").update(reason=None)),
    ((), "a state that is none", lambda r: row_that(r, state="ok").update(state="fine")),
    ((), "an id with a blank", lambda r: row_that(r, id="slab").update(id="s lab")),
    ((), "two roots", lambda r: r["rows"].append(row_that(r, id="ram"))),
    ((), "no root", lambda r: r["rows"].remove(row_that(r, id="ram"))),
    ((), "installed memory that is not known", lambda r: r.update(installed_bytes=None)),
    ((), "a host without a name", lambda r: r["host"].pop("name")),
    ((), "a page of one byte", lambda r: r["host"].update(page_bytes=1)),
    (("explain",), "a list of rows with the bytes of one", lambda r: r.update(bytes=1)),
    (("explain", "slab"), "a row without its meaning", lambda r: r.pop("means")),
    (("explain", "unattributed"), "a term without a sign", lambda r: r["terms"][0].update(sign="*")),
    (("help",), "help of all with a usage", lambda r: r.update(usage="x")),
    (("help", "slab"), "help of one with formats",
     lambda r: r.update(outputs=[{"format": "x", "summary": "x"}])),
    (("pagetables", "--shared"), "a list without its total", lambda r: r.pop("files_total")),
    (("pagetables",), "a total without its list",
     lambda r: r.update(files_total=r["processes_total"])),
    (("vmalloc",), "a grouping that is none", lambda r: r.update(by="colour")),
    (("vmalloc",), "a node without a number", lambda r: r["rows"][0].update(node_bytes=1)),
    (("doctor",), "no source", lambda r: r["sources"].clear()),
    (("doctor",), "a source that is ok, with a reason",
     lambda r: next(one for one in r["sources"] if one["state"] == "ok").update(why="x")),
    (("slab",), "a second cache that is the first", lambda r: r["caches"][0].update(copy=1)),
    (("slab",), "fewer than no objects", lambda r: r["caches"][0].update(objects=-1)),
    (("buddy",), "an index over 1", lambda r: r["zone_orders"][0].update(unusable_index=1.5)),
    (("metrics",), "built twice", lambda r: r["build"].append(r["build"][0])),
)


@test
def a_schema_refuses_what_no_report_may_say():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for args, what, change in WRONG:
            result = succeed("-s", folder, *args, "-o", "json")
            report = result.json()
            name = report["schema"].split("/")[1]
            must_be_valid(name, result)
            change(report)
            assert not validator_of(name).is_valid(report), f"{name} accepts {what}"


@test
def accounts_and_doctors_reports_are_after_their_schemas():
    for name, source in sources():
        for options in ((), ("-N",), ("-a", "-b", "-d", "1"), ("--cheap",)):
            report = must_be_valid("account", succeed(*source, "-o", "json", *options))
            assert ("node_rows" in report) == ("-N" in options), f"{name}: {options}"
        must_be_valid("doctor", succeed(*source, "doctor", "-o", "json"))


@test
def reports_of_a_text_with_files_in_it_are_after_their_schemas():
    with Folder() as folder:
        text = folder / "mail"
        text.write_text("Hello,\n> MemTotal:  8012340 kB\n> MemFree:   1234564 kB\n"
                        "> Buffers:  2048 kB\nMem-Info:\n")
        for name, command in (("account", ()), ("doctor", ("doctor",))):
            report = must_be_valid(name, succeed("-s", text, *command, "-o", "json"))
            assert report["host"]["read"].startswith("meminfo (lines 2-4)"), report["host"]
        assert report["found"][0]["name"] == "meminfo", report["found"]


@test
def the_explanation_of_every_row_is_after_its_schema_and_of_the_same_size():
    for name, source in sources():
        if name not in ("live", "MODERN", "OLD", "BIG_PAGES"):
            continue
        for row in succeed(*source, "-o", "json").json()["rows"]:
            told = must_be_valid("explain", succeed(*source, "explain", row["id"], "-o", "json"))
            assert (told["id"], told["title"]) == (row["id"], row["title"]), row["id"]
            if name == "live":
                continue
            assert (told["bytes"], told["state"]) == (row["bytes"], row["state"]), \
                f"{name}: {row['id']} is {row['bytes']}, explained as {told['bytes']}"


@test
def explain_without_a_row_lists_the_rows():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        told = must_be_valid("explain", succeed("-s", folder, "explain", "-o", "json"))
        rows = lib.report_of(folder)["rows"]
        assert [(one["id"], one["bytes"]) for one in told["children"]] == \
            [(row["id"], row["bytes"]) for row in rows], "other rows than the account's"


@test
def the_terms_of_an_explained_row_add_up_to_it():
    for name, tree in trees.ALL.items():
        with Folder() as folder:
            plant(folder, tree)
            for row in lib.report_of(folder)["rows"]:
                told = succeed("-s", folder, "explain", row["id"], "-o", "json").json()
                signed = [term for term in told.get("terms", []) if term["sign"]]
                if row["bytes"] is None or not signed:
                    continue
                total = sum((term["value"] or 0) * (1 if term["sign"] == "+" else -1)
                            for term in signed)
                assert total == row["bytes"], f"{name}: {row['id']} {row['bytes']}, terms {total}"


@test
def the_children_of_an_explained_row_are_those_of_the_account():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        rows = lib.report_of(folder)["rows"]
        for row in rows:
            told = succeed("-s", folder, "explain", row["id"], "-o", "json").json()
            below = [(one["id"], one["bytes"]) for one in rows if one["parent"] == row["id"]]
            found = [(one["id"], one["bytes"]) for one in told.get("children", [])]
            assert found == below, f"{row['id']}: {found}"


@test
def help_version_and_capture_are_after_their_schemas():
    must_be_valid("version", succeed("version", "-o", "json"))
    assert must_be_valid("help", succeed("help", "-o", "json"))["commands"]
    for command in COMMANDS:
        must_be_valid("help", succeed("help", command, "-o", "json"))
    with Folder() as folder:
        bundle = folder / "b.tar"
        tree = plant(folder / "tree", trees.MODERN)
        report = must_be_valid("capture", succeed("-s", tree, "capture", bundle, "-o", "json"))
        assert report["file"] == str(bundle), report["file"]


@test
def the_help_of_a_command_is_in_its_json_too():
    for command in COMMANDS:
        prose = re.split(r"\n\n(?:OPTION|EXAMPLE) ", succeed("help", command).text)[0].split("\n", 1)[1]
        told = must_be_valid("help", succeed("help", command, "-o", "json"))
        assert told["command"] == command, told["command"]
        assert told["help"].split() == prose.split(), f"the JSON of help {command} says less"


def csv_cell(value, key):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6f}" if key == "share" else str(value)


def must_match(rows, result):
    """CSV (RFC 4180) with the same rows as the JSON."""
    text = result.out.decode("utf-8")
    assert text.count("\n") == text.count("\r\n"), "lines do not end in CR LF"
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    head, body = lines[0], lines[1:]
    assert len(set(head)) == len(head), f"columns twice: {head}"
    assert set(head) <= set(rows[0]), f"{set(head) - set(rows[0])} are not in the JSON"
    for row, line in zip(rows, body, strict=True):
        found = dict(zip(head, line, strict=True))
        for key in head:
            assert found[key] == csv_cell(row[key], key), f"{row} is {line}"


@test
def csv_has_the_rows_of_the_json():
    for name, source in sources():
        account = succeed(*source, "-o", "json").json()
        lines = succeed(*source, "-o", "csv")
        if name != "live":
            must_match(account["rows"], lines)
        else:
            ids = [line[0] for line in csv.reader(io.StringIO(lines.text))][1:]
            assert ids == [row["id"] for row in account["rows"]], "other rows"


@test
def csv_of_every_command_is_a_table():
    with Folder() as folder:
        plant(folder, AWKWARD)
        for args in (("doctor",), ("help",), ("explain", "vmalloc"), ("-N",)):
            result = succeed("-s", folder, *args, "-o", "csv")
            lines = list(csv.reader(io.StringIO(result.out.decode("utf-8"), newline=""),
                                    strict=True))
            assert len(lines) > 1, f"{args}: nothing but {lines}"
            assert {len(line) for line in lines} == {len(lines[0])}, f"{args}: ragged"


def leaves(family, **labels):
    return sum(value for found, value in family.samples if found["leaf"] == "true"
               and all(found[name] == text for name, text in labels.items()))


@test
def openmetrics_is_to_the_letter_and_its_leaves_add_up():
    for name, source in sources():
        families = openmetrics.parse(succeed(*source, "-N", "-o", "openmetrics").out)
        total = families["ktally_installed_bytes"].samples[0][1]
        rows = families["ktally_account_bytes"]
        assert leaves(rows) == total, f"{name}: leaves are {leaves(rows)}, not {total}"
        bound = lib.row_of(succeed(*source, "-N", "-o", "json").json(), "unattributed")["error_bytes"]
        assert name != "live" or bound is not None, "the running machine has no error bound"
        # what is not known is left out
        error = families["ktally_account_error_bytes"].samples \
            if "ktally_account_error_bytes" in families else []
        assert [labels["row"] for labels, _ in error] == \
            ["unattributed"] * (bound is not None), f"{name}: {error}"
        if name != "live":
            report = lib.report_of(source[1])
            found = {labels["row"]: value for labels, value in rows.samples}
            known = {row: value for row, value in lib.row_bytes(report).items()
                     if value is not None}
            assert found == known, f"{name}: not the rows of the JSON"


@test
def openmetrics_of_every_command_is_to_the_letter():
    with Folder() as folder:
        plant(folder, AWKWARD)
        for args in (("doctor",), ("help",), ("version",), ("explain", "vmalloc"),
                     ("explain", "unattributed")):
            for source in ((), ("-s", folder)):
                openmetrics.parse(succeed(*source, *args, "-o", "openmetrics").out)


@test
def every_family_of_bytes_is_in_bytes():
    with Folder() as folder:
        plant(folder, trees.TWO_NODES)
        families = openmetrics.parse(succeed("-s", folder, "-N", "-o", "openmetrics").out)
    assert set(families) >= {"ktally_installed_bytes", "ktally_account_bytes",
                             "ktally_account_error_bytes", "ktally_annotation_bytes",
                             "ktally_node_account_bytes"}, sorted(families)
    for name, family in families.items():
        assert name.startswith("ktally_"), name
        unit = None if name.endswith("_quality") else "bytes"
        assert family.head.get("UNIT") == unit, f"{name} has no unit"
    nodes = families["ktally_node_account_bytes"]
    roots = {labels["node"]: value for labels, value in nodes.samples if labels["row"] == "ram"}
    for node, total in roots.items():
        assert leaves(nodes, node=node) == total, f"node {node}: leaves are not {total}"


@test
def hostile_names_stay_text_in_every_output():
    with Folder() as folder:
        plant(folder, AWKWARD)
        for output in ("text", "json", "csv", "openmetrics"):
            for args in ((), ("doctor",)):
                out = succeed("-s", folder, *args, "-o", output).out
                out.decode("utf-8")
                bad = [byte for byte in out if byte < 0x20 and byte not in b"\r\n"]
                assert not bad and b"\x7f" not in out, f"{output}: control codes {bad}"
