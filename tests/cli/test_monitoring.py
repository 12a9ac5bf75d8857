# SPDX-License-Identifier: GPL-2.0-or-later
"""What monitoring systems are told: few series that add up to the account."""

import json
import re
import subprocess
import time

import lib
import openmetrics
import trees
from lib import Folder, corpus_trees, ktally, plant, report_of, row_bytes, succeed, test
from test_schema import AWKWARD, must_be_valid

# a family of a list, and the row of the account that it adds up to
SUMS = {
    "ktally_slab_cache_bytes": ("slab",),
    "ktally_vmalloc_bytes": ("vmalloc", "kernel_stacks"),
    "ktally_cgroup_kernel_bytes": ("kernel",),
}


def metrics(*args):
    return openmetrics.parse(succeed(*args, "metrics").out)


def account_of(families):
    return {labels["row"]: value for labels, value in families["ktally_account_bytes"].samples}


def must_add_up(families, place):
    rows = account_of(families)
    leaves = sum(value for labels, value in families["ktally_account_bytes"].samples
                 if labels["leaf"] == "true")
    assert leaves == families["ktally_installed_bytes"].samples[0][1], f"{place}: leaves"
    for family in ("ktally_slab_cache_bytes", "ktally_cgroup_kernel_bytes"):
        row = SUMS[family][0]
        if family in families and row in rows:
            total = sum(value for _, value in families[family].samples)
            # where stacks are slab, the account has them in their own row
            right = (rows[row], rows[row] + rows.get("kernel_stacks", 0))
            assert total in right, f"{place}: {family} is {total}, {row} {rows[row]}"


def machines():
    for name, tree in {**trees.ALL, "AWKWARD": AWKWARD}.items():
        with Folder() as folder:
            yield name, plant(folder, tree)


@test
def metrics_are_openmetrics_and_each_family_adds_up_to_its_row_however_it_is_cut():
    for options in ((), ("--top", "1"), ("--all",), ("--cheap",)):
        must_add_up(metrics(*options), f"live {options}")
        for name, folder in machines():
            result = ktally("-s", folder, "metrics", *options)
            if result.status == 0:
                must_add_up(openmetrics.parse(result.out), f"{name} {options}")


@test
def metrics_are_the_rows_of_the_account():
    for name, folder in machines():
        if ktally("-s", folder).status == 0:
            known = {row: value for row, value in row_bytes(report_of(folder)).items()
                     if value is not None}
            assert account_of(metrics("-s", folder)) == known, name


@test
def metrics_of_every_tree_of_the_corpus_add_up():
    for tree in corpus_trees():
        result = ktally("-s", tree, "metrics")
        assert result.status in (0, 1), f"{tree}: {result.complaint}"
        if result.status == 0:
            must_add_up(openmetrics.parse(result.out), tree.name)


@test
def metrics_follow_their_schema():
    must_be_valid("metrics", succeed("metrics", "-o", "json"))
    for name, folder in machines():
        result = ktally("-s", folder, "metrics", "-o", "json")
        if result.status == 0:
            must_be_valid("metrics", result)


@test
def metrics_leave_out_what_is_missing():
    tree = {path: text for path, text in trees.MODERN.items()
            if path not in ("proc/slabinfo", "proc/vmallocinfo")
            and not path.startswith("sys/fs/cgroup")}
    with Folder() as folder:
        families = metrics("-s", plant(folder, tree))
        assert not set(SUMS) & set(families), sorted(families)
        read = {labels["source"]: value for labels, value in
                families["ktally_source_read"].samples}
        assert read["slabinfo"] == 0 and read["meminfo"] == 1, read


@test
def the_number_of_series_is_bounded_where_nobody_asks_for_all():
    slabinfo = trees.MODERN["proc/slabinfo"] + "".join(
        f"cache-{i} 10 10 128 32 1 : tunables 0 0 0 : slabdata {i} {i} 0\n" for i in range(1, 500))
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "proc/slabinfo": slabinfo})
        few = metrics("-s", folder)["ktally_slab_cache_bytes"].samples
        every = metrics("-s", folder, "--all")["ktally_slab_cache_bytes"].samples
        assert len(few) == 21 and len(every) > 499, (len(few), len(every))
        assert sum(value for _, value in few) == sum(value for _, value in every)
        assert few[-1][0]["name"] == "(others)", few[-1]


@test
def the_older_format_has_full_names_of_counters_and_nothing_it_does_not_know():
    text = succeed("metrics", "-o", "prometheus").text
    assert "# TYPE ktally_events_total counter\n" in text, "no counter"
    assert "# UNIT" not in text and "# EOF" not in text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    new = [line for line in succeed("metrics").text.splitlines() if not line.startswith("#")]
    assert {line.split("{")[0] for line in samples} >= {"ktally_account_bytes",
                                                         "ktally_events_total"}
    assert abs(len(samples) - len(new)) < 20, (len(samples), len(new))


def qualities_of(families, family="ktally_account_quality"):
    """What each row's number is, by row and node; one thing at a time."""
    found = {}
    for labels, value in families[family].samples:
        assert value == 1, labels
        key = labels.get("node"), labels["row"]
        assert key not in found, f"{key} is two things"
        found[key] = labels["quality"]
    return found


@test
def a_scrape_tells_bounds_and_guesses_from_exact_numbers():
    seen = set()
    for name, folder in machines():
        for options in ((), ("-N",)):
            result = ktally("-s", folder, "account", *options, "-o", "openmetrics")
            if result.status:
                continue
            report = report_of(folder, *options)
            found = qualities_of(openmetrics.parse(result.out))
            right = {(None, row["id"]): row["quality"] for row in report["rows"] if row["quality"]}
            assert found == right, f"{name}: {set(found.items()) ^ set(right.items())}"
            seen |= set(found.values())
            if options:
                found = qualities_of(openmetrics.parse(result.out), "ktally_node_account_quality")
                assert found == {(str(row["node"]), row["id"]): row["quality"]
                                 for row in report["node_rows"] if row["quality"]}, name
        result = ktally("-s", folder, "metrics")
        if result.status == 0:
            families = openmetrics.parse(result.out)
            assert {row for _, row in qualities_of(families)} == set(account_of(families)), name
    assert seen == {"exact", "estimate", "upper_bound", "lower_bound"}, seen


@test
def what_is_filled_in_has_one_quality_of_a_row_at_a_time():
    with Folder() as folder:
        file, meminfo = folder / "x.rec", trees.MODERN["proc/meminfo"]
        tree = plant(folder / "tree", trees.MODERN)
        succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        plant(tree, {"proc/meminfo": "".join(
            line for line in meminfo.splitlines(True) if not line.startswith("KernelStack"))})
        succeed("-s", tree, "record", "-i", "0.1", "-n", "2", file)
        found = {}
        for labels, value, _ in openmetrics.parse(
                succeed("export", file, "-o", "openmetrics").out, times=True)[
                    "ktally_account_quality"].samples:
            found.setdefault(labels["row"], {}).setdefault(labels["quality"], []).append(value)
        assert found["slab"] == {"exact": [1, 1, 1, 1]}, found["slab"]
        assert found["vmalloc"] == {"exact": [1, 1, 0, 0], "upper_bound": [1, 1]}, \
            found["vmalloc"]


# ---- Netdata ----

LINE = re.compile(r"""
    CHART\ mem\.(?P<chart>[a-z_]+)\ ''\ '[^']+'\ (?:MiB|findings)\ [a-z]+\ mem\.(?P=chart)
        \ (?:line|stacked)\ [0-9]+\ (?P<every>[0-9]+)\ ''\ ktally\.plugin\ ktally
  | DIMENSION\ '(?P<dim>[^' ,.="\\]+)'\ '(?P<name>[^'"\\]+)'\ absolute\ 1\ (?:1048576|1)
        \ (?P<option>''|obsolete)
  | BEGIN\ mem\.(?P<begin>[a-z_]+)(?:\ (?P<passed>[0-9]+))?
  | SET\ '(?P<set>[^' ]+)'\ =\ (?P<value>-?[0-9]+)
  | (?P<end>END)
  | FUNCTION\ GLOBAL\ '[a-z-]+'\ [0-9]+\ '[^']+'\ 'top'\ 'members'\ 100""", re.X)


class Netdata:
    """What Netdata makes of the plugin's lines; refuses what it would not understand."""

    def __init__(self):
        self.dims, self.values, self.retired, self.rounds = {}, {}, [], 0
        self.chart = self.open = None

    def take(self, line):
        match = LINE.fullmatch(line)
        assert match and line.isprintable() and line.isascii(), f"not of the protocol: {line!r}"
        part = match.groupdict()
        if part["chart"]:
            self.chart = part["chart"]
        elif part["dim"]:
            dims = self.dims.setdefault(self.chart, {})
            if part["option"] == "obsolete":
                assert dims.pop(part["dim"], None), f"never announced: {line}"
                self.retired.append(part["dim"])
            else:
                assert dims.get(part["dim"]) != part["name"], f"announced twice: {line}"
                dims[part["dim"]] = part["name"]
        elif part["begin"]:
            assert self.open is None
            self.open, self.values[part["begin"]] = part["begin"], {}
            self.rounds += part["begin"] == "ktally_memory"
        elif part["set"]:
            values = self.values[self.open]
            assert part["set"] in self.dims[self.open], f"not announced: {line}"
            assert part["set"] not in values, f"twice: {line}"
            values[part["set"]] = int(part["value"])
        elif part["end"]:
            assert set(self.values[self.open]) == set(self.dims[self.open]), self.open
            self.open = None

    def feed(self, text):
        for line in text.splitlines():
            self.take(line)
        return self


def total(netdata, chart):
    return sum(netdata.values[chart].values())


@test
def netdata_is_told_charts_that_close_in_words_of_its_protocol():
    for name, folder in machines():
        result = ktally("-s", folder, "netdata", "1", "-n", "1")
        if result.status:
            assert result.out.endswith(b"DISABLE\n"), f"{name}: {result.text}"
            continue
        netdata = Netdata().feed(result.text)
        rows = row_bytes(report_of(folder))
        assert total(netdata, "ktally_memory") == rows["ram"], name
        if rows["kernel"]:
            assert total(netdata, "ktally_kernel") == rows["kernel"], name
        if "ktally_slab_caches" in netdata.values and name != "BIG_PAGES":
            assert total(netdata, "ktally_slab_caches") == rows["slab"], name


@test
def netdata_hears_of_a_chart_once_and_of_a_row_that_is_gone_or_new():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        process = subprocess.Popen([lib.program, "-s", folder, "netdata", "1", "-n", "4"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        time.sleep(1.5)
        text = trees.MODERN["proc/slabinfo"]
        plant(folder, {"proc/slabinfo": text.replace("inode_cache", "made_later")})
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        netdata = Netdata().feed(out.decode())
        assert netdata.rounds == 4 and out.count(b"CHART mem.ktally_memory") == 1
        assert netdata.retired == ["inode_cache"], netdata.retired
        assert netdata.values["ktally_slab_caches"]["made_later"] == 375 * 4 * 4096


@test
def netdata_sees_in_a_name_that_a_number_is_a_bound():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        process = subprocess.Popen([lib.program, "-s", folder, "netdata", "1", "-n", "4"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        time.sleep(1.5)
        meminfo = trees.MODERN["proc/meminfo"].splitlines(True)
        plant(folder, {"proc/meminfo": "".join(
            line for line in meminfo if not line.startswith("KernelStack"))})
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert lib.row_of(report_of(folder), "vmalloc")["quality"] == "upper_bound"
        assert Netdata().feed(out.decode()).dims["ktally_kernel"]["vmalloc"].endswith(
            " (at most)"), out


@test
def netdata_can_ask_for_the_table_of_caches_and_nothing_else_does_harm():
    requests = ["FUNCTION id1 10 \"ktally-slab-caches\"", "x" * 100000, "", "FUNCTION",
                "FUNCTION \x00\x01 'a", "FUNCTION id2 10 'no such thing' 0xFFFF",
                "FUNCTION_CANCEL id1", "FUNCTION id3 10 \"ktally-slab-caches info\" 'a' 'b'", "QUIT"]
    with Folder() as folder:
        plant(folder, AWKWARD)
        process = subprocess.Popen([lib.program, "-s", folder, "netdata", "1"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=lib.environment())
        time.sleep(0.5)
        out, err = process.communicate("\n".join(requests + [""]).encode(), timeout=20)
        assert process.returncode == 0 and not err, (process.returncode, err[-500:])
    answers = dict(re.findall(r"^FUNCTION_RESULT_BEGIN (\S+) 200 application/json [0-9]+\n"
                              r"(.*?)\nFUNCTION_RESULT_END$", out.decode(), re.S | re.M))
    assert sorted(answers) == ["id1", "id3"], sorted(answers)
    assert b"FUNCTION_RESULT_BEGIN id2 404 " in out
    table = json.loads(answers["id1"])
    columns = {name: column["index"] for name, column in table["columns"].items()}
    assert sorted(columns.values()) == list(range(len(columns))), columns
    held = {row[columns["CACHE"]]: row[columns["HELD"]] for row in table["data"]}
    assert held["dentry"] == 5000 * 4096 / 2**20, held
    assert all(len(row) == len(columns) for row in table["data"])


@test
def a_plugin_that_can_read_nothing_disables_itself():
    with Folder() as folder:
        result = ktally("-s", folder, "netdata", "1")
        assert result.status == 1 and result.out.endswith(b"DISABLE\n"), result.text
    for bad in ("0", "1.5", "3601", "x"):
        assert ktally("netdata", bad).status == 2, bad


@test
def what_is_called_ktally_plugin_is_the_plugin():
    with Folder() as folder:
        (folder / "ktally.plugin").symlink_to(lib.program)
        plant(folder / "tree", trees.MODERN)
        result = lib.execute([folder / "ktally.plugin", "1", "-s", folder / "tree", "-n", "1"])
        assert result.status == 0 and Netdata().feed(result.text).rounds == 1
