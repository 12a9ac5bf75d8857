# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel log is a source: what the OOM killer left behind gives the account of its moment."""

import bundles
import lib
import logs
import openmetrics
import trees
from lib import Folder, close_or_refuse, ktally, plant, refuse, report_of, succeed, test
from test_schema import must_be_valid


def write(folder, text, name="kern.log"):
    plant(folder, {name: text})
    return folder / name


def must_be_the_machine(report, who):
    rows = lib.row_bytes(report)
    wrong = lib.differences({row: pages * 4096 for row, pages in logs.PAGES.items()}, rows)
    assert not wrong, f"{who}: {wrong}"


@test
def a_memory_report_gives_the_account_of_its_machine():
    with Folder() as folder:
        report = report_of(write(folder, logs.WHOLE))
        must_be_the_machine(report, "bare")
        assert report["host"]["kernel"] == "6.1.1-made-up", report["host"]
        assert report["host"]["memory_report"].startswith("OOM killer"), report["host"]
        for row in ("vmalloc", "percpu", "zsmalloc", "buffers"):
            line = lib.row_of(report, row)
            assert line["bytes"] is None and "memory report" in line["reason"], line


@test
def any_kind_of_log_gives_the_same_account():
    with Folder() as folder:
        for kind, make in logs.KINDS.items():
            log = write(folder, make("Linux boots\n" + logs.WHOLE + "and goes on\n"))
            must_be_the_machine(report_of(log), kind)
            listed = must_be_valid("memreports", succeed("-s", log, "--list", "-o", "json"))
            assert len(listed["reports"]) == 1 and listed["reports"][0]["whole"], kind
            assert listed["reports"][0]["process"] == "eater", kind
            assert listed["reports"][0]["killed"] == "big one", kind


@test
def every_report_of_the_corpus_closes_or_says_what_is_missing():
    closed, missing = [], []
    for log in sorted(lib.corpus("oom").iterdir()):
        lib.note_corpus(log)
        listed = must_be_valid("memreports", succeed("-s", log, "--list", "-o", "json"))
        assert listed["reports"], f"{log.name}: no report"
        for one in listed["reports"]:
            pick = ("--pick", str(one["number"]))
            if one["whole"]:
                report = report_of(log, *pick)
                must_be_valid("account", succeed("-s", log, "-o", "json", *pick))
                culprit_is_on_top(log, report, pick)
                closed.append(one)
                continue
            refused = refuse("-s", log, *pick)
            assert one["reason"] in refused.complaint, refused.complaint
            missing.append(one)
    assert len(closed) >= 7 and len(missing) >= 1, f"{len(closed)} closed, {len(missing)} not"


@test
def the_tables_of_other_commands_work_from_a_report_and_add_up_to_its_account():
    shown = {"buddy": 0, "pagetables": 0}
    with Folder() as folder:
        sources = [*sorted(lib.corpus("oom").iterdir()), write(folder, logs.WHOLE)]
        for log in sources:
            for one in succeed("-s", log, "--list", "-o", "json").json()["reports"]:
                if not one["whole"]:
                    continue
                how = ("-s", log, "--pick", str(one["number"]))
                rows = lib.row_bytes(succeed(*how, "-o", "json").json())
                result = ktally(*how, "pagetables", "-o", "json")
                if result.status == 0:
                    shown["pagetables"] += 1
                    total = must_be_valid("pagetables", result)["processes_total"]["bytes"]
                    assert total == rows["page_tables"], f"{log.name}: {total}"
                else:
                    assert "lists no processes" in result.complaint, result.complaint
                report = must_be_valid("buddy", succeed(*how, "buddy", "-o", "json"))
                shown["buddy"] += 1
                assert report["orders_total"]["bytes"] == rows["free"], log.name
    assert shown["buddy"] >= 8 and shown["pagetables"] >= 4, shown


def culprit_is_on_top(log, report, pick):
    """The largest row of two levels is the first of the sentence "Most of it"."""
    text = " ".join(succeed("-s", log, *pick).text.split())
    parents = {row["id"]: row["parent"] for row in report["rows"]}
    rows = [row for row in report["rows"] if row["bytes"] and
            (row["parent"] == "direct" or
             (row["id"] != "direct" and parents.get(row["parent"]) == "ram"))]
    largest = max(rows, key=lambda row: row["bytes"])
    assert f"Most of it: {largest['title']} " in text, f"{log.name}: {largest['title']}"


@test
def a_log_without_a_report_is_refused_in_one_line():
    with Folder() as folder:
        refuse("-s", write(folder, "Jan  1 host kernel: all is well\n"), says="memory report")
        refuse("-s", write(folder, "somebody wrote Mem-Info: into a letter\n"), says="report")


@test
def the_last_whole_report_is_taken_and_any_can_be_picked():
    other = logs.WHOLE.replace("10000 pages RAM", "20000 pages RAM")
    cut = logs.REQUEST + logs.MACHINE.split("10000 pages RAM")[0]
    with Folder() as folder:
        log = write(folder, logs.WHOLE + other + logs.CGROUP + cut)
        rows = [lib.row_bytes(report_of(log, *pick))["ram"] // 4096
                for pick in ((), ("--pick", "1"), ("--pick", "2"))]
        assert rows == [20000, 10000, 20000], rows
        # a report that is cut is no account: its counters are shown
        picked = succeed("-s", log, "--pick", "4", "-o", "json").json()
        assert "rows" not in picked and "pages RAM" in picked["reports"][0]["reason"], picked
        counted = {row["name"]: row["pages"] for row in picked["counted"]}
        assert counted["unreclaimable slab"] == 700 and counted["free"] == 1133, counted
        refuse("-s", log, "--pick", "5", says="4 memory reports")
        text = succeed("-s", log).text
        assert "memory report 2 of 4" in text and "cannot be believed" in text, text
        listed = succeed("-s", log, "--list", "-o", "json").json()["reports"]
        assert [one["number"] for one in listed] == [4, 3, 2, 1], listed
        assert [one["kind"] for one in listed] == \
            ["OOM killer", "cgroup OOM", "OOM killer", "OOM killer"]
        assert [one["whole"] for one in listed] == [False, True, True, True]


@test
def a_number_outside_of_the_log_is_refused_and_no_other_report_is_shown():
    cut = logs.REQUEST + logs.MACHINE.split("10000 pages RAM")[0]
    with Folder() as folder:
        log = write(folder, logs.WHOLE + cut)
        for number in ("3", "-3", "-9", "99"):
            for command in ((), ("explain", "ram"), ("buddy",)):
                refuse("-s", f"{log}@{number}", *command,
                       says=f"there are 2 memory reports, no number {number}")
        refuse("-s", log, "--pick", "3", says="there are 2 memory reports, no number 3")
        refuse("-s", f"{log}@0", status=2, says="numbered from 1")
        refuse("diff", f"{log}@9", f"{log}@1", says="there are 2 memory reports, no number 9")
        for number in ("2", "-1"):
            shown = succeed("-s", f"{log}@{number}", "-o", "json").json()
            assert [one["number"] for one in shown["reports"]] == [2], shown["reports"]
            assert shown["counted"], shown
        # a report without counters is not mistaken for another report that has some
        log = write(folder, "Mem-Info:\n" + logs.WHOLE + cut, "three.log")
        refuse("-s", f"{log}@1", says="memory report 1 is not reliable")


@test
def a_report_of_a_cgroup_shows_what_the_cgroup_holds_and_no_account():
    with Folder() as folder:
        log = write(folder, logs.CGROUP)
        for args in (("-s", log), ("-s", log, "--pick", "1"),
                     ("-s", log, "--list", "--pick", "1")):
            report = must_be_valid("memreports", succeed(*args, "-o", "json"))
            parts = {part["name"]: part["bytes"] for part in report["cgroup"]}
            assert sum(parts.values()) == 204800 * 1024, parts
            assert parts["anonymous"] == 167772160 and parts["page cache"] == 4194304, parts
            assert "/pods/one" in report["host"]["memory_report"], report["host"]
        assert "does not contain the rest of the machine" in \
            " ".join(succeed("-s", log).text.split())


@test
def a_picked_report_goes_with_a_log_only():
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, "var/log/messages": logs.WHOLE,
                                       "ktally/memory.log": logs.WHOLE})
        assert report_of(tree)["rows"] == \
            report_of(plant(folder / "same", trees.MODERN))["rows"], "a log was mixed in"
        refuse("-s", tree, "--pick", "1", says="--pick")
        refuse("-s", tree, "--list", says="memory report")
    refuse("--pick", "1", status=2, says="-s")
    refuse("--pick", "0", status=2)
    refuse("--list", says="memory report")


CHECKED = ("free_buddy", "slab_unreclaimable", "kernel_stacks", "page_tables")


@test
def the_log_of_a_bundle_has_its_reports():
    log = "".join(f"4,{i},{i}000,-;{line}\n" for i, line in enumerate(logs.WHOLE.splitlines()))
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, "ktally/dmesg": log})
        packed = bundles.pack(folder / "b.tar.gz", bundles.members(
            {**trees.MODERN, "ktally/dmesg": log}))
        bare = lib.row_bytes(report_of(plant(folder / "bare", trees.MODERN)))
        for source in (tree, packed):
            shown = succeed("memreports", "-s", source, "-o", "json").json()
            assert [row["number"] for row in shown["reports"]] == [1], shown["reports"]
            rows = lib.row_bytes(report_of(source))
            assert {row: rows[row] for row in CHECKED} == {row: bare[row] for row in CHECKED}
            must_be_the_machine(report_of(f"{source}@1"), source)
        again = folder / "again.tar.gz"
        succeed("capture", again, "-s", packed)
        assert len(succeed("memreports", "-s", again, "-o", "json").json()["reports"]) == 1
        succeed("capture", folder / "s.tar.gz", "--scrub", "-s", packed)
        refuse("memreports", "-s", folder / "s.tar.gz", says="no memory report")


@test
def two_reports_in_one_another_are_not_believed():
    a, b = logs.MACHINE, logs.MACHINE.replace("free:1100", "free:1200")
    both = "".join(x + "\n" + y + "\n" for x, y in zip(a.splitlines(), b.splitlines()))
    with Folder() as folder:
        refuse("-s", write(folder, both), says="complete")
        callers = "".join(f"[1.5][ T{1 + n % 2}] {line}\n"
                          for n, line in enumerate(both.splitlines()))
        log = write(folder, callers)
        free = [lib.row_bytes(report_of(log, "--pick", pick))["free_buddy"] for pick in "12"]
        assert free == [1100 * 4096, 1200 * 4096], free


@test
def a_damaged_report_gives_an_account_that_closes_or_one_line():
    with Folder() as folder:
        text = logs.WHOLE
        step = len(text) // 60
        for n in range(0, len(text), step):
            close_or_refuse(write(folder, text[:n]))
            close_or_refuse(write(folder, text[:n] + text[n + step:]))
        for bad in ("99999999999999999999999", "-1", "", "18446744073709551615", "1e9", "\xff"):
            for good in ("1100", "10000 ", "1000 ", "3600", "2048", "800*", "6000"):
                log = write(folder, text.replace(good, bad + good[4:], 1).encode("latin-1"))
                close_or_refuse(log)
                ktally("-s", log, "--list")


@test
def many_reports_are_listed_in_bounded_time_and_memory():
    with Folder() as folder:
        log = write(folder, logs.WHOLE * 2000 + "Mem-Info:\n" * 8000)
        listed = succeed("-s", log, "--list", "-o", "json").json()["reports"]
        assert len(listed) == 10000, len(listed)
        must_be_the_machine(report_of(log), "the last whole one")
        refuse("-s", write(folder, "Mem-Info:\n" * 30000), says="none of 30000")
        report = succeed("-s", write(folder, "Mem-Info:\n" * 30000 + logs.WHOLE), "--list",
                         "-o", "json").json()
        assert len(report["reports"]) <= 20000 and report["reports"][0]["number"] == 30001, report
        assert any("30001 memory reports" in note for note in report["notes"]), report["notes"]
        callers = "".join(f"[1.5][ T{n}] Mem-Info:\n" for n in range(15000))
        refuse("-s", write(folder, callers), says="none of 15000")


@test
def foreign_names_of_a_log_reach_no_output_raw():
    odd = logs.WHOLE.replace("eater", 'e"\x07\\t{1}').replace("big one", 'b\x1b]0;x\x07"\xe9')
    with Folder() as folder:
        for text in (odd, logs.CGROUP.replace("/pods/one", '/p\x1b[31m"\x07\xe9')):
            log = write(folder, text.encode("latin-1"))
            for command in ((), ("--list",), ("--list", "--pick", "1")):
                for output in ("text", "json", "csv", "openmetrics"):
                    out = succeed("-s", log, *command, "-a", "-o", output).out
                    bad = set(out) & (set(range(32)) - {10, 13} | {127})
                    assert not bad, f"{command} -o {output}: {bad}"
                    out.decode("utf-8")
                    if output == "openmetrics":
                        openmetrics.parse(out)


@test
def a_log_is_not_captured():
    with Folder() as folder:
        refuse("-s", write(folder, logs.WHOLE), "capture", folder / "b.tar.gz", says="a single file")
        assert not (folder / "b.tar.gz").exists()
