# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of share/cases: each is found first in a machine that has it, none in a healthy one."""

import re

import case_trees
import trees
from lib import (REPOSITORY, Folder, corpus, corpus_trees, field, ktally, plant, refuse, succeed,
                 test)

FILES = sorted((REPOSITORY / "share" / "cases").glob("*.case"))
OWN = """\
title: A test
finding: The test says {ram} of {$}
each: module:*
symptom: module:$ > 0 and ram > 1 GiB
subject: module:{$}
state: normal
severity: critical
evidence: {$} is loaded; {metric:ZFS_ARC} is not known
evidence: {ram / ram} of memory
reference: https://example.org/
"""


def findings(files, *options):
    with Folder() as folder:
        return succeed("-s", plant(folder, files), "diagnose", "-o", "json",
                       *options).json()["findings"]


@test
def each_case_has_a_machine_that_shows_it():
    assert {path.stem for path in FILES} == set(case_trees.CHANGES), \
        {path.stem for path in FILES} ^ set(case_trees.CHANGES)


@test
def each_case_is_found_first_in_the_machine_that_has_it():
    wrong = {}
    for name in case_trees.CHANGES:
        found = findings(case_trees.of_case(name))
        if not found or found[0]["id"] != name:
            wrong[name] = [one["id"] for one in found]
        elif not (found[0]["title"] and found[0]["reference"].startswith("https://")):
            wrong[name] = found[0]
        elif re.search(r"[{}$]", found[0]["title"]):
            wrong[name] = found[0]["title"]
    assert not wrong, wrong


@test
def a_healthy_machine_shows_no_case():
    found = findings(case_trees.HEALTHY)
    assert not found, [one["id"] for one in found]


@test
def no_captured_machine_is_said_to_leak():
    names = {path.stem for path in FILES}
    for tree in corpus_trees():
        result = ktally("-s", tree, "diagnose", "-o", "json")
        if result.status:
            continue
        for one in result.json()["findings"]:
            assert one["state"] != "leak", f"{tree.name}: {one}"
            assert one["id"] not in names or one["severity"] in ("info", "notice"), \
                f"{tree.name}: {one}"


@test
def what_no_file_says_makes_no_finding():
    files = case_trees.of_case("jool-joold-nodes")
    del files["proc/slabinfo"]
    assert "jool-joold-nodes" not in [one["id"] for one in findings(files)]


@test
def growth_between_two_times_is_not_claimed_of_one():
    found = findings(case_trees.of_case("nvidia-fence-leak"))[0]
    assert not any("older capture" in text for text in found["evidence"]), found


@test
def two_captures_show_growth_with_its_rate():
    before = {**case_trees.tree(modules=("nvidia",)), "proc/uptime": "900000.00 0.00\n"}
    after = {**case_trees.tree(modules=("nvidia",), caches={
        "kmalloc-64": (600000, 640000, 64, 64, 1)}), "proc/uptime": "907200.00 0.00\n"}
    with Folder() as old, Folder() as new:
        plant(old, before), plant(new, after)
        assert "nvidia-fence-leak" not in [one["id"] for one in findings(after)]
        first = succeed("-s", new, "diagnose", "--older", old, "-o", "json").json()["findings"][0]
        assert (first["id"], first["state"]) == ("nvidia-fence-leak", "growing, not yet known"), \
            first
        assert "it grew by 17.6 MiB/h since the older capture" in first["evidence"], first
        refuse("-s", old, "diagnose", "--older", new, status=2, says="is not older")


@test
def a_case_is_explained_by_its_name():
    for path in FILES:
        told = succeed("explain", path.stem, "-o", "json").json()["case"]
        assert told["id"] == path.stem and told["title"] and told["reference"], told
        assert told["symptom"] or told["grows"], told
    text = succeed("explain", "bpf-jit-limit").text
    assert all(label in text for label in ("Recognised at one time by: ", "What decides: ",
                                           "Remedy: ", "Source: https://")), text
    listed = [one["case"] for one in succeed("explain", "-o", "json").json()["cases"]]
    assert listed == [path.stem for path in FILES], listed


@test
def a_case_of_things_that_are_counted_names_who_has_most_of_them():
    files = case_trees.of_case("many-threads")
    assert findings(files)[0]["culprit"].startswith("a program with a thread"), findings(files)
    found = findings({**files, **trees.process(9000, "pooler", 59500)})[0]
    assert (found["id"], found["state"]) == ("many-threads", "out of proportion"), found
    assert found["culprit"].startswith("process pooler (PID 9000), "), found
    assert "% of all threads" in found["culprit"] and "kill 9000" in found["remedy"], found
    groups = {path: text for at in range(2500)
              for path, text in trees.cgroup_v2(f"left/g{at}", 4, None, None, kernel=4).items()}
    found = findings({**trees.cgroup_v2("", None, None, None, kernel=120), **groups,
                      **trees.cgroup_v2("left", 120, None, None, kernel=120),
                      **case_trees.of_case("cgroups-left-behind"),
                      "sys/fs/cgroup/cgroup.stat": "nr_descendants 4000\n"})[0]
    assert found["culprit"].startswith("2500 cgroups in /left, 62 % of all cgroups"), found
    assert "find /sys/fs/cgroup/left -mindepth 1" in found["remedy"], found


@test
def a_user_adds_cases_without_code():
    with Folder() as folder:
        (folder / "own-test.case").write_text(OWN)
        (folder / "notes.txt").write_text("no case")
        found = findings(case_trees.HEALTHY, "--cases", str(folder))
        assert [one["id"] for one in found] == ["own-test"], found
        assert found[0]["title"] == "The test says 16.2 GiB of ext4", found[0]
        assert found[0]["evidence"] == ["100 % of memory"], found[0]


@test
def a_damaged_case_is_refused_with_its_line():
    for text, says in [
            (OWN.replace("ram > 1 GiB", "ram > 1"), "own.case:4: symptom: an amount of memory"),
            (OWN.replace("module:$ > 0 and", "modul:$ > 0 and"), "not the name of a fact"),
            (OWN.replace("state: normal", "state: fine"), "'fine' is not a state"),
            (OWN + "counts: people\n", "'people' is not counted"),
            (OWN.replace("title: A test\n", ""), "'title' is missing"),
            (OWN + "title: again\n", "a second 'title'"),
            (OWN + "colour: red\n", "there is no key 'colour'"),
            (OWN.replace("of {$}", "of {$"), "'}' is missing"),
            (OWN.replace("ram > 1 GiB", "(" * 100 + "ram" + ")" * 100), "too many brackets"),
            (OWN + "evidence: x\n" * 20, "more than"),
            ("x" * 70000, "longer than")]:
        with Folder() as folder:
            (folder / "own.case").write_text(text)
            with Folder() as tree:
                refuse("-s", plant(tree, case_trees.HEALTHY), "diagnose", "--cases", str(folder),
                       says=says)
    with Folder() as tree:
        refuse("-s", plant(tree, case_trees.HEALTHY), "diagnose", "--cases", "/nonexistent",
               says="cannot read the cases in /nonexistent")


@test
def the_next_command_of_a_case_is_one():
    for path in FILES:
        match = re.search(r"^next: ktally (.*)$", path.read_text(), re.M)
        line = match.group(1).replace("{$}", "64") if match else "version"
        words = re.sub(r"--watch \S+", "", line).split()
        if words[0] != "explain":
            result = ktally(*words, "--help")
            assert result.status == 0, f"{path.stem}: {line}: {result.complaint}"


CAUSES = {  # the cause of each report, read in the report itself
    "CarstenGrohmann__OOMAnalyser__example-1-6.1.1-arch1-1.txt":
        ("critical", "anonymous", "Memory was full: 11.1 GiB of 15.3 GiB are anonymous memory of "
         "processes; the largest process, doxygen (473206), has 8.8 GiB and 19.9 GiB in swap"),
    "CarstenGrohmann__OOMAnalyser__example-3-3.10.0-514.6.1.el7.x86_64.txt":
        ("critical", "anonymous", "Memory was full: 30.3 GiB of 31.2 GiB are anonymous memory of "
         "processes; the largest process, mysqld (6576), has 19.7 GiB and 5.8 GiB in swap"),
    "canonical__hotsos__kernlog_oom_killer.log":
        ("info", "machine", "The OOM killer was started by SysRq-f, not by a lack of memory: "
         "887.6 MiB of 3.8 GiB were free"),
    "google__syzkaller__report-198.txt":
        ("warning", "machine", "syz-executor6 asked for 8.0 GiB at once in "
         "xt_alloc_entry_offsets, which is more than the machine's 6.2 GiB"),
    "google__syzkaller__report-199.txt":
        ("warning", "machine", "syz-executor7 asked for 16.0 GiB at once in "
         "__asan_report_load8_noabort, which is more than the machine's 6.3 GiB"),
    "intel__lkp-tests__dmesg-01.txt":
        ("critical", "shmem", "Memory was full: 160.1 MiB of 233.9 MiB are shared memory and "
         "tmpfs"),
}
OTHER_CAUSES = {
    "wrapped-log/log.txt": "smartctl could not wait for memory (GFP_NOWAIT)",
    "failed-order-7/syslog": "Memory was fragmented: 842.5 MiB were free, but no zone could give "
                             "a block of 512.0 KiB (order 7) to Web Content; the largest had "
                             "256.0 KiB",
    "highmem-free/dmesg.txt": "The zones that kworker/u8:1 could use were full: 6.1 MiB free "
                              "there and 501.6 MiB that only CMA may use; 3.0 GiB are free in "
                              "zones that it cannot use",
    "cut-after-counters/log.txt": "Memory was full of unreclaimable slab: 90 % of the 311384 pages",
}


@test
def each_memory_report_has_its_cause_in_the_first_sentence():
    for name, (severity, subject, title) in CAUSES.items():
        first = succeed("-s", corpus("oom") / name, "diagnose", "-o", "json").json()["findings"][0]
        assert (first["severity"], first["subject"], first["title"]) == (severity, subject, title), \
            f"{name}: {first}"
        assert not first["next"], f"{name}: a command here shows another machine: {first}"
    named = {path.name for path in corpus("oom").iterdir()}
    assert named - set(CAUSES) == {"intel__lkp-tests__dmesg-12.txt"}, "a report without a cause"


@test
def memory_reports_of_other_kinds_have_their_cause():
    for name, title in OTHER_CAUSES.items():
        first = succeed("-s", field(name), "diagnose", "-o", "json").json()["findings"][0]
        assert first["title"].startswith(title), f"{name}: {first}"
