# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally vmalloc' and 'ktally modules': held against the account, the files and arithmetic."""

import re
import resource
import shutil

import lib
import trees
from lib import Folder, corpus_trees, ktally, plant, refuse, succeed, test

PAGE = 4096
VIEWS = ("caller", "site", "module", "kind")


def vmalloc(source, *args):
    return succeed(*source, "vmalloc", "-o", "json", *args).json()


def fixtures():
    return sorted((lib.REPOSITORY / "tests" / "fixtures").iterdir())


def machines():
    """(name, folder) of every made-up and captured machine whose vmalloc areas are listed."""
    for name, tree in trees.ALL.items():
        if "proc/vmallocinfo" in tree:
            with Folder() as folder:
                yield name, plant(folder, tree)
    for tree in [*fixtures(), *corpus_trees()]:
        if (tree / "proc" / "vmallocinfo").is_file():
            yield tree.name, tree


def pages_of(lines):
    return sum(int(match[1]) for match in (re.search(r" pages=(\d+)", line) for line in lines)
               if match)


def terms_of_vmalloc(tree):
    """The account's vmalloc row and the stacks that it subtracts."""
    told = succeed("-s", tree, "explain", "vmalloc", "-o", "json").json()
    return told["bytes"], sum(term["value"] or 0 for term in told["terms"] if term["sign"] == "-")


@test
def the_rows_of_vmalloc_are_the_accounts_vmalloc_and_stacks_to_the_byte():
    seen = 0
    for name, tree in machines():
        row, stacks = terms_of_vmalloc(tree)
        for view in VIEWS:
            report = vmalloc(("-s", tree), "--by", view)
            assert report["rows_total"]["bytes"] == report["vmalloc_bytes"], f"{name} {view}"
            assert report["vmalloc_bytes"] == row + stacks, \
                f"{name}: {report['vmalloc_bytes']}, the account has {row} + {stacks}"
        seen += 1
    assert seen >= 6, f"only {seen} machines"


@test
def every_area_of_the_file_is_in_a_row():
    for name, tree in machines():
        lines = (tree / "proc" / "vmallocinfo").read_text().splitlines()
        own = [line for line in lines if re.search(r" vmalloc\b", line)]
        for view in VIEWS:
            report = vmalloc(("-s", tree), "--by", view)
            total = report["rows_total"]
            assert total["areas"] == len(lines), f"{name} {view}: {total['areas']} areas"
            assert total["size_bytes"] == sum(int(line.split()[1]) for line in lines), name
            assert report["areas_bytes"] == pages_of(own) * PAGE, f"{name} {view}"
            assert total["mapped_bytes"] == \
                (pages_of(lines) - pages_of(own)) * PAGE, f"{name} {view}"


@test
def nodes_have_the_pages_that_the_file_gives_them():
    with Folder() as folder:
        report = vmalloc(("-s", plant(folder, trees.TWO_NODES)), "-N")
    by_name = {row["name"]: row for row in report["rows"]}
    assert by_name["load_module"]["node0_bytes"] == 1000 * PAGE
    assert by_name["load_module"]["node1_bytes"] == 900 * PAGE
    assert report["rows_total"]["node1_bytes"] == (900 + 400) * PAGE


@test
def a_made_up_machine_has_the_rows_worked_out_by_hand():
    with Folder() as folder:
        tree = ("-s", plant(folder, trees.MODERN))
        callers = {row["name"]: row for row in vmalloc(tree)["rows"]}
        kinds = {row["name"]: row for row in vmalloc(tree, "--by", "kind")["rows"]}
        modules = {row["name"]: row for row in vmalloc(tree, "--by", "module")["rows"]}
    for name, areas, pages, what in (("bpf_prog_alloc", 1, 4300, "BPF programs"),
                                     ("copy_process", 1, 400, "thread stacks"),
                                     ("load_module", 2, 100, "module images"),
                                     ("leak_one [made_up]", 2, 194, None),
                                     ("leak_two [made_up]", 1, 6, None),
                                     ("pcpu_get_vm_areas", 1, 0, "per-CPU chunks"),
                                     ("(freed areas)", 2, 0, "freed areas")):
        row = callers[name]
        assert (row["areas"], row["bytes"], row["what"]) == (areas, pages * PAGE, what), row
    assert callers["shmem_pin_map [i915]"]["mapped_bytes"] == 8 * PAGE
    assert kinds["other vmalloc"]["bytes"] == 200 * PAGE
    assert kinds["per-CPU chunks"]["size_bytes"] == 2 << 20
    assert modules["made_up"]["bytes"] == 200 * PAGE


@test
def a_counter_that_differs_from_the_areas_is_a_row_with_its_sign():
    meminfo = trees.MODERN["proc/meminfo"]
    for used, sign in ((20040, 1), (19960, -1)):
        with Folder() as folder:
            tree = plant(folder, {**trees.MODERN, "proc/meminfo": meminfo.replace(
                "VmallocUsed:       20000 kB", f"VmallocUsed:       {used} kB")})
            report = vmalloc(("-s", tree))
            text = succeed("-s", tree, "vmalloc").text
        row = next(row for row in report["rows"] if row["name"] == "(VmallocUsed - areas)")
        assert row["bytes"] == report["difference_bytes"] == sign * 40960
        assert report["rows_total"]["bytes"] == used * 1024
        assert "(VmallocUsed - areas)" in text


@test
def a_counter_that_is_not_believed_is_named():
    meminfo = trees.MODERN["proc/meminfo"]
    with Folder() as folder:
        tree = plant(folder, {**trees.MODERN, "proc/meminfo": meminfo.replace(
            "VmallocUsed:       20000 kB", "VmallocUsed:        8000 kB")})
        report = vmalloc(("-s", tree))
    assert report["vmalloc_bytes"] == report["areas_bytes"] == 5000 * PAGE
    assert report["difference_bytes"] == 0
    assert any("7.8 MiB and is ignored" in note for note in report["notes"]), report["notes"]


@test
def kinds_without_memory_are_rows_in_text_too():
    with Folder() as folder:
        text = succeed("-s", plant(folder, trees.MODERN), "vmalloc", "--by", "kind").text
    for kind in ("device memory", "freed areas", "per-CPU chunks", "vmap"):
        assert re.search(rf"^{kind} .* 0 B ", text, re.M), f"{kind} is not shown"


@test
def both_lists_fit_80_columns():
    for _, tree in machines():
        for args in (("vmalloc",), ("vmalloc", "--by", "kind"), ("vmalloc", "--by", "module")):
            for line in succeed("-s", tree, *args).text.splitlines():
                assert len(line.rstrip()) <= 80, f"{args}: {line}"
    for line in modules_text(trees.MODERN).splitlines():
        assert len(line.rstrip()) <= 80, line


def modules_text(tree):
    with Folder() as folder:
        return succeed("-s", plant(folder, tree), "modules").text


@test
def what_cannot_be_grouped_or_read_is_said():
    refuse("vmalloc", "--by", "colour", status=2, says="colour")
    refuse("hash", "--by", "kind", status=2)
    with Folder() as folder:
        tree = plant(folder, trees.OLD)
        refuse("-s", tree, "vmalloc", says="proc/vmallocinfo: No such file")
        refuse("-s", tree, "modules", says="no loadable")
        (tree / "proc" / "vmallocinfo").write_text("nothing here\n")
        result = refuse("-s", tree, "vmalloc", says="holds no area")
        assert b"root" not in result.err, result.err
        (tree / "proc" / "modules").write_text("nothing here\n")
        refuse("-s", tree, "modules", says="holds no module")
    with Folder() as folder:
        refuse("-s", plant(folder, trees.MODERN), "vmalloc", "--cheap", says="--cheap")


# ---- modules ----

def modules(tree, *args):
    with Folder() as folder:
        return succeed("-s", plant(folder, tree), "modules", "-o", "json", *args).json()


@test
def a_module_has_its_image_and_what_its_code_allocated():
    rows = {row["name"]: row for row in modules(trees.MODERN)["modules"]}
    made_up = rows["made_up"]
    assert made_up["image_bytes"] == 409600
    assert made_up["vmalloc_bytes"] == 200 * PAGE
    assert made_up["allocated_bytes"] == 1638400 + 4096
    assert made_up["bytes"] == 409600 + 1638400 + 4096, "vmalloc is part of what is allocated"
    assert (made_up["references"], made_up["used_by"]) == (2, "other,another")
    assert (made_up["taints"], made_up["flags"]) == ("OE", "out of tree, unsigned")
    assert rows["other"]["image_bytes"] == 2 * PAGE, "an image takes whole pages"
    assert rows["another"]["references"] is None and rows["another"]["flags"] == "loading"


@test
def without_allocinfo_a_module_is_image_and_vmalloc_and_that_is_said():
    tree = {path: text for path, text in trees.MODERN.items() if path != "proc/allocinfo"}
    report = modules(tree)
    row = next(row for row in report["modules"] if row["name"] == "made_up")
    assert row["allocated_bytes"] is None and row["bytes"] == 409600 + 200 * PAGE
    assert any("slab" in note for note in report["notes"])
    assert "ALLOCATED" not in modules_text(tree)
    del tree["proc/vmallocinfo"]
    report = modules(tree)
    assert all(row["vmalloc_bytes"] is None for row in report["modules"])
    assert any("vmalloc" in note for note in report["notes"])


@test
def a_kernel_that_has_loaded_no_module_has_an_empty_list():
    report = modules({**trees.OLD, "proc/modules": ""})
    assert report["loadable"] and report["modules"] == []
    assert "no module is loaded" in modules_text({**trees.OLD, "proc/modules": ""})


@test
def the_running_kernel_has_modules_or_says_that_it_has_none():
    result = ktally("modules", "-o", "json")
    assert result.status == 0, result.complaint
    try:
        with open("/proc/modules", encoding="ascii") as file:
            names = {line.split()[0] for line in file}
    except FileNotFoundError:
        assert not result.json()["loadable"]
        names = set()
    assert names <= {row["name"] for row in result.json()["modules"]}


@test
def images_are_what_proc_modules_says_on_every_captured_machine():
    for tree in [*fixtures(), *corpus_trees()]:
        file = tree / "proc" / "modules"
        if not file.is_file():
            continue
        report = succeed("-s", tree, "modules", "-o", "json").json()
        sizes = {line.split()[0]: int(line.split()[1]) for line in file.read_text().splitlines()}
        for row in report["modules"]:
            if row["name"] in sizes:
                assert 0 <= row["image_bytes"] - sizes[row["name"]] < PAGE, row["name"]
        assert set(sizes) <= {row["name"] for row in report["modules"]}


@test
def a_bundle_has_what_both_commands_read_and_scrubbed_no_addresses():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        bundle = folder / "scrubbed.tar"
        succeed("-s", tree, "capture", "--scrub", bundle)
        for command in ("vmalloc", "modules"):
            before = succeed("-s", tree, command, "-o", "json").json()
            after = succeed("-s", bundle, command, "-o", "json").json()
            before.pop("host"), after.pop("host")
            assert before == after, f"{command} is another after scrubbing"
        assert b"ffffffffc0f21000" not in bundle.read_bytes()


def kernel_rows(report):
    return {row["id"]: row for row in report["rows"]
            if row["id"] in ("vmalloc", "kernel_stacks", "unattributed")}


def must_agree(name, areas, counter, slack):
    """Accounts with the list of areas and without it: the same, or marked as what it is."""
    rows = kernel_rows(counter)
    if rows["vmalloc"]["bytes"] is None:
        assert any("unattributed contains" in note for note in counter["notes"]), name
        del rows["unattributed"]
    for row_id, found in rows.items():
        right = kernel_rows(areas)[row_id]
        if found["bytes"] is None:
            assert found["reason"], f"{name}: {row_id} is missing without a reason"
        elif found["quality"] == "exact" and right["bytes"] is not None:
            gap = abs(found["bytes"] - right["bytes"])
            assert gap <= slack, f"{name}: {row_id} differs by {gap}, the bound is {slack}"
    return rows["vmalloc"]["bytes"] is not None


@test
def the_account_without_the_list_of_areas_is_that_with_it_within_its_bounds():
    agreed = 0
    for name, tree in machines():
        if ktally("-s", tree).status:
            continue
        with Folder() as folder:
            shutil.copytree(tree, folder / "less", symlinks=True,
                            ignore=shutil.ignore_patterns("vmallocinfo"))
            areas, counter = (lib.report_of(source) for source in (tree, folder / "less"))
        bound = lib.row_of(areas, "unattributed")["error_bytes"] or 0
        if any("areas are used instead" in note for note in areas["notes"]):
            continue  # the counter is wrong, and only the list tells
        agreed += must_agree(name, areas, counter, bound)
    assert agreed >= 3, f"only {agreed} machines"


@test
def the_account_of_the_running_machine_without_the_list_is_that_with_it():
    lib.need_root()
    sources = lib.succeed("--expensive", "doctor", "-o", "json").json()["sources"]
    if next(s for s in sources if s["name"] == "vmallocinfo")["state"] != "ok":
        raise lib.Skip("vmallocinfo cannot be read")
    gaps = []
    for _ in range(8):  # other programs start and end threads meanwhile
        areas, counter = (lib.succeed(*how, "-o", "json").json() for how in (("--expensive",), ()))
        bound = sum(lib.row_of(report, "unattributed")["error_bytes"] or 0
                    for report in (areas, counter))
        pairs = [(lib.row_of(areas, row)["bytes"], lib.row_of(counter, row)["bytes"])
                 for row in ("vmalloc", "kernel_stacks")]
        gaps.append(max(abs(a - b) - bound for a, b in pairs))
        if gaps[-1] <= 0:
            return
    raise AssertionError(f"beyond the bounds of both by {gaps}")


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20))


@test
def a_million_areas_are_counted_in_the_memory_of_a_few():
    """100 MB of text, more than any file that is read whole."""
    count = 1_000_000
    line = "0xffffc90000000000-0xffffc90000005000   20480 {} pages=4 vmalloc N0=4{}\n"
    most = line.format("kernel_clone+0x9c/0x3a0", " " * 20)
    few = line.format("htab_map_alloc+0x2e4/0x5a0", "")
    with Folder() as folder:
        plant(folder, next(iter(trees.ALL.values())))
        with open(folder / "proc" / "vmallocinfo", "w", encoding="ascii") as file:
            for _ in range(1000):
                file.write(most * (count // 1000 - 1) + few)
        assert (folder / "proc" / "vmallocinfo").stat().st_size > 64 << 20
        result = succeed("-s", folder, "vmalloc", "-o", "json",
                         setup=None if lib.is_sanitized() else limit_memory)
        rows = {row["name"]: row for row in result.json()["rows"]}
        assert rows["kernel_clone"]["areas"] == count - 1000, rows
        assert rows["htab_map_alloc"]["bytes"] == 1000 * 4 * PAGE, rows
        # a capture holds 64 MiB of a file at most: of a longer one the sums of each caller
        succeed("-s", folder, "capture", "--force", folder / "x.tar")
        packed = {row["name"]: row for row in vmalloc(("-s", folder / "x.tar"))["rows"]}
        assert all(packed[name] == row for name, row in rows.items() if row["kind"]), packed
