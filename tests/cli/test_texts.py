# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts as people keep them: directories and archives of them, logs next to files, titles."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import lib
import logs
from lib import Folder, REPOSITORY, plant, refuse, report_of, row_bytes, succeed, test
from test_log import BOOT

MEMINFO = """\
MemTotal:        6012344 kB
MemFree:          734560 kB
Buffers:           30480 kB
Cached:          1600000 kB
AnonPages:        800000 kB
Slab:             250000 kB
SReclaimable:     150000 kB
SUnreclaim:       100000 kB
KernelStack:        8000 kB
PageTables:        11000 kB
"""
TREE = REPOSITORY / "tests" / "fixtures" / "6.12" / "proc"
NAMES = ("meminfo", "vmstat", "zoneinfo", "buddyinfo", "slabinfo", "vmallocinfo", "modules")


def tree_files():
    return {name: (TREE / name).read_text() for name in NAMES if (TREE / name).is_file()}


def as_texts(files):
    """The same files as people keep them: under other names, quoted, packed, in a mail."""
    names = {"meminfo": "mail.eml", "vmstat": "out/cat_proc_vmstat", "zoneinfo": "z.txt",
             "slabinfo": "out/old/slab.out"}
    texts = {names.get(name, f"out/{name}.log"): text for name, text in files.items()}
    texts["mail.eml"] = "Hello,\n\n" + "".join(
        f"> {line}\n" for line in files["meminfo"].splitlines()) + "\nbye\n"
    return texts


def words(result):
    return " ".join(result.text.split())


def log(text, start=100.0):
    return logs.stamped(text, lambda n: f"[{start + n / 1e4:12.6f}] ")


BOOT_LOG = logs.stamped(BOOT, lambda n: f"[    0.{n:06}] ")


# ---- directories and archives ----

@test
def a_directory_of_texts_gives_what_its_tree_gives():
    files = tree_files()
    assert len(files) >= 3, files.keys()
    packers = {"": lambda text: text, ".gz": gzip.compress, ".xz": lzma.compress,
               ".bz2": bz2.compress}
    with Folder() as tree, Folder() as folder:
        plant(tree, {f"proc/{name}": text for name, text in files.items()})
        for i, (name, text) in enumerate(sorted(as_texts(files).items())):
            end = list(packers)[i % len(packers)]
            path = folder / (name + end)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packers[end](text.encode()))
        bundle = folder.parent / (folder.name + ".tar.gz")
        with tarfile.open(bundle, "w:gz") as tar:
            for name, text in as_texts(files).items():
                member = tarfile.TarInfo("ticket/" + name)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        try:
            for command, key in (((), "rows"), (("slab",), "caches"), (("vmalloc",), "rows")):
                right = succeed(*command, "-s", tree, "-o", "json").json()[key]
                for source in (folder, bundle):
                    found = succeed(*command, "-s", source, "-o", "json").json()[key]
                    assert found == right, (command, source)
            shown = succeed("doctor", "-s", folder, "-o", "json").json()["found"]
        finally:
            bundle.unlink()
    where = {row["name"]: row for row in shown}
    assert where["meminfo"]["text"].startswith("mail.eml"), where
    assert where["meminfo"]["undone"] == "quotes" and where["meminfo"]["first_line"] == 3, where
    assert where["slabinfo"]["text"].startswith("out/old/slab.out"), where


@test
def the_read_line_names_texts_and_lines():
    with Folder() as folder:
        plant(folder, {"a.txt": "Hi\n" + MEMINFO, "deep/er/l.txt": log(logs.WHOLE)})
        shown = words(succeed("-s", folder))
        assert "read: meminfo (a.txt, lines 2-11), 1 memory report (deep/er/l.txt)" in shown, shown
        assert "5.7 GiB" in shown


@test
def meminfos_that_differ_are_a_conflict_and_equal_ones_are_none():
    other = MEMINFO.replace("734560", "934560")
    with Folder() as folder:
        plant(folder, {"1.txt": MEMINFO, "2.txt": other, "3.txt": MEMINFO})
        shown = words(succeed("-s", folder))
        assert "meminfo of 1.txt is used, because it is the first whole one; 1 other differs" \
            in shown, shown
        assert "ktally import" in shown
        (folder / "2.txt").write_text("x\n" + MEMINFO)
        assert "differ" not in succeed("-s", folder).text
        (folder / "2.txt").write_text(MEMINFO + "\nlater\n\n" + other)
        shown = words(succeed("-s", folder / "2.txt"))
        assert "meminfo of lines 1-10 is used" in shown and "1 other differs" in shown, shown


@test
def files_that_are_no_texts_and_directories_that_are_too_deep_are_left_out():
    with Folder() as folder:
        deep = "/".join(["d"] * 9)
        plant(folder, {"a.txt": MEMINFO, ".hidden/b.txt": MEMINFO.replace("734560", "1"),
                       deep + "/c.txt": MEMINFO.replace("734560", "2"), "empty": ""})
        (folder / "binary").write_bytes(b"\x7fELF\0\0" + MEMINFO.encode())
        (folder / "bad.gz").write_bytes(b"\x1f\x8b\x08" + b"x" * 100)
        (folder / "out").symlink_to("/proc/meminfo")
        shown = words(succeed("-s", folder))
        assert "read: meminfo (a.txt, lines 1-10)" in shown and "differ" not in shown, shown
        assert "5.7 GiB" in shown


@test
def an_odd_byte_makes_a_text_no_other_file():
    text = ("console\x01 log \x7f\n" + MEMINFO).encode()
    with Folder() as folder:
        plant(folder, {"in/a.txt": "", "in/b.txt": "words\n"})
        (folder / "in/a.txt").write_bytes(text)
        with tarfile.open(folder / "a.tar", "w") as tar:
            tar.add(folder / "in/a.txt", "a.txt")
        for source in (folder / "in", folder / "a.tar"):
            assert "read: meminfo (a.txt, lines 2-11)" in words(succeed("-s", source)), source


@test
def a_text_that_cannot_be_read_is_named_and_hides_no_other():
    with Folder() as folder:
        plant(folder, {"in/m.txt": MEMINFO})
        (folder / "in/a.gz").write_bytes(gzip.compress(MEMINFO.encode())[:40])
        (folder / "in/b.txt").write_bytes(b"\xff\xfe" + b"x\0\n\0" * (17 << 20))
        shown = words(succeed("-s", folder / "in"))
        assert "read: meminfo (m.txt, lines 1-10)" in shown, shown
        assert "2 texts are not read; the first of them: a.gz: " in shown, shown
        (folder / "in/a.gz").unlink()
        shown = words(succeed("-s", folder / "in"))
        assert "not read: b.txt: UTF-16 text of more than 64 MiB" in shown, shown
        (folder / "in/m.txt").unlink()
        refuse("-s", folder / "in", says="b.txt: UTF-16 text of more than 64 MiB")
        refuse("-s", folder / "in/b.txt", says="b.txt: UTF-16 text of more than 64 MiB")


@test
def trees_of_several_machines_are_not_mixed():
    with Folder() as folder:
        plant(folder, {"one/proc/meminfo": MEMINFO, "two/proc/slabinfo": "slabinfo - version: 2.1\n"})
        refuse("-s", folder)


@test
def nodes_without_a_total_of_the_machine_are_noted_once():
    node = "".join(f"Node 0 {line}\n" for line in MEMINFO.splitlines())
    with Folder() as folder:
        plant(folder, {"x.txt": node})
        notes = report_of(folder / "x.txt")["notes"]
        assert sum("no total of the machine" in note for note in notes) == 1, notes
        (folder / "x.txt").write_text(node + "\n" + MEMINFO)
        notes = report_of(folder / "x.txt")["notes"]
        assert not any("no total of the machine" in note for note in notes), notes


# ---- logs next to files ----

def mixed():
    return ("$ cat /proc/meminfo\n" + MEMINFO + "\n$ dmesg\n" + BOOT_LOG
            + log(logs.WHOLE) + log("usb 1-1: new device\n" * 50, 150.0)
            + log(logs.WHOLE.replace("slab_unreclaimable:700", "slab_unreclaimable:600"), 200.0))


@test
def a_text_with_files_and_a_log_gives_all_of_them():
    with Folder() as folder:
        plant(folder, {"x.txt": mixed(), "log.txt": mixed().split("$ dmesg\n")[1]})
        both, alone = folder / "x.txt", folder / "log.txt"
        result = succeed("-s", both)
        assert ("read: meminfo (lines 2-11), boot messages (14-26), 2 memory reports"
                in words(result)), result.text
        assert "read: boot messages (lines 1-13), 2 memory reports" in words(
            succeed("-s", alone))
        assert report_of(both)["host"]["memory_report"] is None
        assert row_bytes(report_of(both))["page_cache"] > 2**30
        for command in ("boot", "hash"):
            right = succeed(command, "-s", alone, "-o", "json").json()
            found = succeed(command, "-s", both, "-o", "json").json()
            key = lib.LISTS[command]
            named = {"boot": ("step", "bytes"), "hash": ("name", "entries")}[command]
            assert [[row.get(one) for one in named] for row in found[key]
                    if row.get(named[1])], found
            if command == "hash":
                assert found[key] == right[key]
        listed = succeed("memreports", "-s", both, "-o", "json").json()["reports"]
        assert [row["number"] for row in listed] == [2, 1] or \
            [row["number"] for row in listed] == [1, 2], listed
        for number in (1, 2):
            assert report_of(f"{both}@{number}")["rows"] == report_of(f"{alone}@{number}")["rows"]


@test
def a_report_before_the_files_changes_nothing_about_them():
    with Folder() as folder:
        plant(folder, {"x.txt": log(logs.WHOLE) + "\n$ cat /proc/meminfo\n" + MEMINFO})
        shown = words(succeed("-s", folder / "x.txt"))
        assert "1 memory report" in shown and "5.7 GiB" in shown, shown
        assert "x.txt@N shows the Nth memory report" in shown, shown
        assert not lib.differences(
            {row: pages * 4096 for row, pages in logs.PAGES.items()},
            row_bytes(report_of(f"{folder}/x.txt@1")))


@test
def two_logs_of_a_directory_give_boot_and_reports():
    with Folder() as folder:
        plant(folder, {"kern.log": log(logs.WHOLE), "old/boot.txt": BOOT_LOG})
        assert succeed("memreports", "-s", folder, "-o", "json").json()["reports"]
        tables = succeed("hash", "-s", folder, "-o", "json").json()["tables"]
        assert any(row.get("entries") == 8192 for row in tables), tables
        with_boot = row_bytes(report_of(folder))
        (folder / "old/boot.txt").unlink()
        assert with_boot["anonymous"] == row_bytes(report_of(folder))["anonymous"]


@test
def programs_that_write_kernel_words_into_the_log_change_nothing():
    words_of_kernel = ("Linux version 9.9.9 (evil)", "Mem-Info:", "Dentry cache hash table entries: 1 (order: 0, 8 bytes)",
             "eater invoked oom-killer: gfp_mask=0x1(GFP_X), order=1", "Freeing unused kernel memory: 9K")
    kinds = {
        "syslog": ("Feb  3 13:50:55 some-host kernel: ", "Feb  3 13:50:55 some-host app[12]: "),
        "dmesg": ("[    9.000000] ", "[    9.000000] app[12]: "),
        "dmesg -x": ("kern  :warn  : [    9.000000] ", "user  :warn  : [    9.000000] "),
        "level": ("<4>[    9.000000] ", "<12>[    9.000000] "),
        "kmsg": ("4,1,9000000,-;", "12,1,9000000,-;"),
    }
    for kind, (kernel, program) in kinds.items():
        def lines(text, prefix):
            return "".join(prefix + line + "\n" for line in text.splitlines())
        strange = lines("\n".join(words_of_kernel), program)
        right = lines(BOOT, kernel) + lines(logs.WHOLE, kernel)
        with Folder() as folder:
            plant(folder, {"a": right, "b": strange + lines(BOOT, kernel) + strange
                           + lines(logs.WHOLE, kernel) + strange, "c": MEMINFO + strange})
            assert report_of(folder / "a")["rows"] == report_of(folder / "b")["rows"], kind
            reports = [succeed("memreports", "-s", folder / name, "-o", "json").json()["reports"]
                       for name in "ab"]
            assert len(reports[0]) == len(reports[1]) == 1, kind
            tables = [succeed("hash", "-s", folder / name, "-o", "json").json()["tables"]
                      for name in "ab"]
            assert tables[0] == tables[1], kind
            assert "memory report" not in succeed("-s", folder / "c").text, kind


# ---- LOG@N ----

@test
def a_number_after_an_at_sign_chooses_a_memory_report():
    with Folder() as folder:
        plant(folder, {"l": mixed().split("$ dmesg\n")[1], "m": MEMINFO})
        path = f"{folder}/l"
        first, last = report_of(f"{path}@1"), report_of(f"{path}@-1")
        assert row_bytes(first)["slab_unreclaimable"] == 700 * 4096
        assert row_bytes(last)["slab_unreclaimable"] == 600 * 4096
        assert first["rows"] == report_of(path, "--pick", "1")["rows"]
        assert report_of(f"{path}@2")["rows"] == last["rows"] == report_of(path)["rows"]
        assert report_of(f"{path}@-2")["rows"] == first["rows"]
        assert succeed("buddy", "-s", f"{path}@1").text
        for number in ("3", "-3"):
            refuse("-s", f"{path}@{number}", says=f"there are 2 memory reports, no number {number}")
            refuse("memreports", "-s", f"{path}@{number}", says="only 2")
        refuse("-s", f"{path}@0", status=2, says="numbered from 1")
        refuse("-s", f"{path}@1", "--pick", "2", status=2, says="give one of them")
        refuse("-s", f"{folder}/m@1", says="only kernel logs")
        rows = succeed("memreports", "-s", f"{path}@-1", "-o", "json").json()["reports"]
        assert [row["number"] for row in rows] == [2], rows


@test
def two_reports_of_a_log_are_compared():
    with Folder() as folder:
        plant(folder, {"l": mixed().split("$ dmesg\n")[1]})
        shown = words(succeed("diff", f"{folder}/l@1", f"{folder}/l@2"))
        assert "400.0 KiB" in shown, shown


# ---- titles ----

@test
def a_title_decides_where_the_content_cannot():
    text = (MEMINFO + "\n==> /proc/sys/vm/min_free_kbytes <==\n11264\n\n"
            "$ cat /proc/net/sockstat\nsockets: used 290\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 9\n"
            "UDP: inuse 2 mem 3\n\n"
            "/sys/devices/system/node/node0/vmstat:\nnr_free_pages 5\nnr_slab_reclaimable 1\n"
            "nr_slab_unreclaimable 1\n")
    with Folder() as folder:
        plant(folder, {"x.txt": text})
        found = succeed("doctor", "-s", folder / "x.txt", "-o", "json").json()["found"]
        used = {row["name"]: row["used"] for row in found}
        assert used["proc/sys/vm/min_free_kbytes"] and used["sockstat"], used
        assert used["vmstat"] is False, used


@test
def values_with_their_paths_are_files():
    page = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
    text = MEMINFO + (f"\n{page}nr_hugepages:3\n{page}free_hugepages:1\n{page}resv_hugepages:0\n"
                      f"{page}surplus_hugepages:0\nvm.min_free_kbytes = 67584\nvm.odd_thing = 4\n")
    with Folder() as folder:
        plant(folder, {"x.txt": text})
        assert row_bytes(report_of(folder / "x.txt"))["hugetlb"] == 3 * 2**21
        found = succeed("doctor", "-s", folder / "x.txt", "-o", "json").json()["found"]
        assert {row["name"] for row in found} >= {"proc/sys/vm/min_free_kbytes"}, found
