# SPDX-License-Identifier: GPL-2.0-or-later
"""An account closes, whatever it is made of: must_close() in lib.py says what that is."""

import json
import shutil
import tarfile

import lib
import trees
from lib import (Folder, Skip, close_or_refuse, corpus_trees, need_root, plant, report_of,
                 succeed, test)


@test
def the_account_of_the_running_machine_closes():
    for options in ((), ("--cheap",), ("-N",), ("-N", "--cheap")):
        report = lib.succeed("-o", "json", *options).json()
        lib.must_close(report)
        assert report["host"]["live"], "the running machine is not called live"
        assert lib.row_bytes(report)["ram"] > 16 << 20, "less than 16 MiB of memory"


@test
def the_running_machine_shows_its_own_meminfo():
    with open("/proc/meminfo", encoding="ascii") as file:
        kb = {line.split(":")[0]: int(line.split()[1]) for line in file}
    report = lib.succeed("-o", "json").json()
    rows = lib.row_bytes(report)
    if report["host"]["container"]:
        managed = rows["ram"] - sum(rows[row] or 0 for row in ("firmware", "boot", "balloon",
                                                               "offline"))
        if managed != kb["MemTotal"] * 1024:
            raise Skip("in a container, whose meminfo need not be the machine's")
    for row, value in (("kernel_stacks", kb.get("KernelStack")), ("buffers", kb["Buffers"])):
        if value:
            assert abs(rows[row] - value * 1024) < 64 << 20, f"{row}: {rows[row]}, not {value} kB"


@test
def the_head_says_whether_memory_is_short():
    with Folder() as folder:
        tree = plant(folder, trees.MODERN)
        pressure = report_of(tree)["pressure"]
        assert pressure == {
            "available_bytes": 560000 * 1024, "swap_bytes": 0, "swap_free_bytes": 0,
            "some_10s": 0.0125, "some_60s": 0.005, "some_300s": 0.001, "some_seconds": 3.5,
            "full_10s": 0.0075, "full_60s": 0.0025, "full_300s": 0, "full_seconds": 1.25,
            "oom_kills": None, "allocation_stalls": 4}, pressure
        head = succeed("-s", tree).text.split("\n\n")[0]
        assert "available 546.9 MiB, no swap, pressure 1.2 %, full 0.8 %, 4 stalls; " \
            "not known: OOM kills" in " ".join(head.split()), head
        metrics = succeed("-s", tree, "metrics").text
        assert "ktally_pressure_some_seconds_total 3.5" in metrics, metrics
        assert "ktally_pressure_oom_kills" not in metrics


@test
def pressure_that_no_file_has_is_not_known():
    with Folder() as folder:
        tree = plant(folder, trees.MODERN)
        (tree / "proc/pressure/memory").unlink()
        report = report_of(tree)
        shares = {key: value for key, value in report["pressure"].items()
                  if key.startswith(("some", "full"))}
        assert len(shares) == 8 and set(shares.values()) == {None}, shares
        head = " ".join(succeed("-s", tree).text.split("\n\n")[0].split())
        assert "not known: pressure, OOM kills" in head and "pressure 0" not in head, head
        assert "ktally_pressure_some" not in succeed("-s", tree, "metrics").text
    log = succeed("-s", lib.REPOSITORY / "tests/fixtures/6.1", "-o", "json").json()["pressure"]
    assert log["some_10s"] is None and log["oom_kills"] == 0, log


@test
def swap_in_use_is_in_the_head():
    with Folder() as folder:
        tree = plant(folder, {**trees.OLD, "proc/meminfo": trees.OLD["proc/meminfo"].replace(
            "SwapFree:        2000000 kB", "SwapFree:         500000 kB")})
        pressure = report_of(tree)["pressure"]
        assert pressure["swap_bytes"] == 2000000 * 1024, pressure
        assert pressure["swap_free_bytes"] == 500000 * 1024, pressure
        assert pressure["available_bytes"] is None, pressure
        head = " ".join(succeed("-s", tree).text.split("\n\n")[0].split())
        assert "swap 1.4 GiB of 1.9 GiB used" in head, head
        assert "not known: available memory, pressure" in head, head


@test
def the_account_of_every_made_up_machine_closes():
    for name, tree in trees.ALL.items():
        with Folder() as folder:
            report = report_of(plant(folder, tree), "-N")
            assert not report["host"]["live"], f"{name} is called live"


@test
def the_account_of_every_captured_machine_closes():
    closed = 0
    for tree in corpus_trees():
        try:
            closed += close_or_refuse(tree, "-N").status == 0
        except AssertionError as error:
            raise AssertionError(f"{tree.name}: {error}") from error
    assert closed >= 15, f"only {closed} trees of the corpus have an account"


@test
def packed_memory_blocks_of_other_machines_are_looked_at_or_refused():
    for bundle in sorted(lib.corpus("sysfs_memory").glob("*.tar.bz2")):
        lib.note_corpus(bundle)
        close_or_refuse(bundle)
        report = lib.succeed("-s", bundle, "doctor", "-o", "json").json()
        blocks = next(source for source in report["sources"] if source["name"] == "blocks")
        with tarfile.open(bundle) as tar:
            has_size = any(name.endswith("memory/block_size_bytes") for name in tar.getnames())
        assert (blocks["state"] == "ok") == has_size, f"{bundle.name}: blocks {blocks['why']}"


@test
def a_kernel_log_alone_is_no_machine_and_is_refused_in_one_line():
    for log in sorted(lib.corpus("bootlog").iterdir()):
        lib.note_corpus(log)
        lib.refuse("-s", log)


@test
def a_boot_log_of_another_machine_gives_its_rows_names():
    for log in sorted(lib.corpus("bootlog").iterdir()):
        lib.note_corpus(log)
        with Folder() as folder:
            plant(folder, {**trees.OLD, "dmesg": log.read_bytes()})
            rows = lib.row_bytes(report_of(folder))
            assert rows["kernel_code"], f"{log.name}: nothing of the log was read"


@test
def the_quiet_way_of_reading_gives_the_same_account_of_a_tree_but_for_its_details():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        full, cheap = (lib.row_bytes(report_of(folder, *how)) for how in ((), ("--cheap",)))
    assert cheap["ram"] == full["ram"], "--cheap sees other memory"
    assert "slab_unreclaimable.kmalloc_large" in full
    assert "slab_unreclaimable.kmalloc_large" not in cheap, "--cheap read slabinfo"


@test
def two_runs_on_a_tree_say_the_same_to_the_byte():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for output in ("text", "json", "csv", "openmetrics"):
            first, second = (lib.succeed("-s", folder, "-o", output, "-N").out for _ in "12")
            assert first == second, f"{output} differs"


@test
def the_running_machine_as_root_has_no_hidden_parts_above_its_error():
    need_root()
    report = json.loads(lib.succeed("-o", "json").text)
    if report["host"]["container"] and lib.row_bytes(report)["boot"] is None:
        raise Skip("in a container that hides the zones")
    rest = lib.row_of(report, "unattributed")
    assert rest["bytes"] >= -rest["error_bytes"], \
        f"unattributed is {rest['bytes']}, below its bound of {rest['error_bytes']}"


@test
def what_was_looked_for_and_what_no_file_has_is_said():
    with Folder() as folder:
        tree = folder / "tree"
        shutil.copytree(lib.REPOSITORY / "tests/fixtures/6.12", tree)
        device = tree / "sys/devices/pci0000:00/0000:00:04.0"
        plant(device, {"pools": "poolinfo - 0.1\nchain pool  5  6  128  12064\n"})
        (tree / "sys/bus/pci/devices").mkdir(parents=True)
        (tree / "sys/bus/pci/devices/0000:00:04.0").symlink_to(
            "../../../devices/pci0000:00/0000:00:04.0")
        report = succeed("-s", tree, "explain", "unattributed", "-o", "json").json()
    rows = {row["kind"]: row for row in report["looked_for"] if row["holder"] is None}
    assert rows["unix"]["most_bytes"] is None and "no file of the kernel" in rows["unix"]["from"]
    assert rows["device_pool"]["least_bytes"] == 0, rows["device_pool"]
    assert rows["device_pool"]["most_bytes"] == 12064 * 4096, rows["device_pool"]
    holders = [row["holder"] for row in report["looked_for"] if row["kind"] == "device_pool"]
    assert holders == [None, "0000:00:04.0"], holders
