# SPDX-License-Identifier: GPL-2.0-or-later
"""One reader turns every form of a kernel log into the same records."""

import os

import disguises
import lib
import logs
from lib import Folder, ktally, plant, report_of, succeed, test
from test_schema import must_be_valid

TEXTS = int(os.environ.get("KTALLY_DISGUISES") or 140)

BOOT = """\
Linux version 6.1.1-made-up (builder@host) #1 SMP
Command line: root=/dev/vda1 ro
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x00000000027fffff] usable
percpu: Embedded 53 pages/cpu s185496 r8192 d23400 u262144
Dentry cache hash table entries: 8192 (order: 4, 65536 bytes, linear)
Inode-cache hash table entries: 4096 (order: 3, 32768 bytes, linear)
Memory: 35000K/40000K available (1000K kernel code, 200K rwdata, 100K rodata, 80K init, \
60K bss, 5000K reserved, 0K cma-reserved)
ftrace: allocating 1000 entries in 4 pages
TCP established hash table entries: 512 (order: 0, 4096 bytes, linear)
software IO TLB: mapped [mem 0x0000000001000000-0x0000000001100000] (1MB)
Freeing unused kernel image (initmem) memory: 80K
Run /init as init process
usb 1-1: new high-speed USB device number 2 using xhci_hcd
"""


def report_messages():
    """The counters below "Mem-Info:" are one message of several lines."""
    messages = []
    for line in logs.WHOLE.rstrip("\n").split("\n"):
        if line.startswith(" ") and messages and messages[-1].startswith("active_anon:"):
            messages[-1] += "\n" + line
        else:
            messages.append(line)
    return messages


def run_all(messages, start, judge):
    """Exact or refused: how many of each, and what was neither."""
    exact, refused, wrong = 0, [], []
    with Folder() as folder:
        for seed in range(TEXTS):
            text, how = disguises.disguise(disguises.records_of(messages, start), seed)
            path = folder / "log.txt"
            path.write_bytes(text.encode("latin-1"))
            verdict = judge(path)
            exact += verdict == "exact"
            if verdict == "refused":
                refused.append(f"{seed}: {how}")
            elif verdict != "exact":
                wrong.append(f"{seed}: {how}: {verdict}")
    return exact, refused, wrong


def must_be_exact(name, result):
    exact, refused, wrong = result
    print(f"{name}: {exact} of {TEXTS} exact, {len(refused)} refused, {len(wrong)} wrong")
    for line in refused[:12] + wrong[:12]:
        print("  ", line)
    assert not wrong, wrong[:5]
    assert exact >= 0.99 * TEXTS, refused[:10]


def judge_report(path):
    run = ktally("-s", path, "-o", "json")
    if run.status:
        return "refused"
    rows = lib.row_bytes(lib.json.loads(run.text))
    return str(lib.differences(
        {row: pages * 4096 for row, pages in logs.PAGES.items()}, rows) or "exact")


def boot_of(path):
    run = ktally("boot", "-s", path, "-o", "json")
    hashes = ktally("hash", "-s", path, "-o", "json")
    if run.status or hashes.status:
        return None
    boot, tables = lib.json.loads(run.text), lib.json.loads(hashes.text)

    def without_times(value):
        if isinstance(value, dict):
            return {key: without_times(one) for key, one in value.items()
                    if "seconds" not in key and key not in ("source", "host", "time", "notes")}
        return [without_times(one) for one in value] if isinstance(value, list) else value

    return without_times(boot), without_times(tables)


@test
def a_memory_report_has_the_same_numbers_in_every_disguise():
    must_be_exact("memory report", run_all(report_messages(), 159.0, judge_report))


@test
def a_boot_has_the_same_numbers_in_every_disguise():
    with Folder() as folder:
        plain = plant(folder, {"plain.txt": "".join(
            f"[    0.{n:06}] {line}\n" for n, line in enumerate(BOOT.splitlines()))})
        del plain
        right = boot_of(folder / "plain.txt")
    assert right

    def judge(path):
        found = boot_of(path)
        if not found:
            return "refused"
        return "exact" if found == right else "other rows"

    must_be_exact("boot", run_all(BOOT.splitlines(), 0.0, judge))


@test
def a_log_gives_its_boot_and_its_memory_reports():
    lines = BOOT.splitlines() + logs.WHOLE.splitlines()
    with Folder() as folder:
        text = "".join(f"[{n * 0.01:12.6f}] {line}\n" for n, line in enumerate(lines))
        plant(folder, {"log": text})
        report = report_of(folder / "log")
        assert lib.row_of(report, "kernel_image")["bytes"] == 1360 << 10, report
        assert lib.row_of(report, "page_tables")["bytes"] == logs.PAGES["page_tables"] * 4096
        boot = must_be_valid("boot", succeed("boot", "-s", folder / "log", "-o", "json"))
        assert boot
        tables = must_be_valid("hash", succeed("hash", "-s", folder / "log", "-o", "json"))
        assert len(tables["tables"] if "tables" in tables else tables["hashes"]) == 3
        listed = must_be_valid("memreports",
                               succeed("-s", folder / "log", "--list", "-o", "json"))
        assert len(listed["reports"]) == 1


@test
def what_programs_write_into_a_log_changes_nothing():
    lines = [f"Feb  3 13:50:{n % 60:02} h kernel: [{n * 0.01:12.6f}] {line}"
             for n, line in enumerate(BOOT.splitlines() + logs.WHOLE.splitlines())]
    evil = ["Feb  3 13:51:00 h evil[7]: Linux version 9.9-evil",
            "Feb  3 13:51:00 h evil: Memory: 1K/2K available (1K kernel code)",
            "Feb  3 13:51:00 h evil: x invoked oom-killer: order=0",
            "Feb  3 13:51:00 h evil[7]: Mem-Info:"]
    with Folder() as folder:
        plant(folder, {"clean": "\n".join(lines) + "\n",
                       "mixed": "\n".join(lines[:9] + evil + lines[9:] + evil) + "\n"})
        assert boot_of(folder / "clean") == boot_of(folder / "mixed")
        clean, mixed = report_of(folder / "clean"), report_of(folder / "mixed")
        assert lib.row_bytes(clean) == lib.row_bytes(mixed)


@test
def what_was_mended_is_said_once():
    with Folder() as folder:
        text, _ = disguises.disguise(disguises.records_of(report_messages(), 159.0), 0)
        del text
        wrapped = disguises.soft(disguises.FORMS["dmesg"](
            disguises.records_of(report_messages(), 159.0)), 72)
        plant(folder, {"log": wrapped})
        notes = [one for one in report_of(folder / "log")["notes"] if "wrapped" in one]
        assert len(notes) == 1 and "72" in notes[0], notes


@test
def a_report_that_a_mailer_wrapped_loses_nothing():
    report = report_of(lib.field("wrapped-log/log.txt"))
    assert lib.row_of(report, "kernel_stacks")["bytes"] == 3968 << 10
    assert lib.row_of(report, "unattributed")["bytes"] == 130619 * 4096
    pcp = lib.row_of(report, "free_pcp")
    assert pcp["bytes"] == 1239 * 4096 and pcp["quality"] == "exact", pcp
    assert "GFP_NOWAIT" in report["host"]["memory_report"], report["host"]
    assert not [one for one in report["notes"] if "leaves out zones" in one], report["notes"]


@test
def a_report_with_deltas_for_times_is_read():
    for name in ("dmesg-delta/dmesg.txt", "failed-order-7/syslog"):
        report = report_of(lib.field(name))
        slab = sum(lib.row_of(report, row)["bytes"]
                   for row in ("slab_reclaimable", "slab_unreclaimable"))
        assert slab == (199976 + 334116) * 4096, slab
        assert f"{lib.row_of(report, 'unattributed')['bytes'] / 2**30:.1f}" == "1.4"


@test
def an_order_succeeds_by_the_kernels_own_rule():
    buddy = must_be_valid("buddy", succeed("buddy", "-s", lib.field("failed-order-7/syslog"),
                                           "-o", "json"))
    assert buddy["largest_order"] == 6, buddy["largest_order"]


@test
def free_memory_out_of_a_requests_reach_is_named():
    text = succeed("-s", lib.field("highmem-free/dmesg.txt")).text.replace("\n", " ")
    assert "3.0 GiB are free in zones HighMem/MovableOnly, out of the request's reach" in text
    buddy = must_be_valid("buddy", succeed("buddy", "-s", lib.field("highmem-free/dmesg.txt"),
                                           "-o", "json"))
    assert buddy["largest_order"] is None, buddy["largest_order"]


@test
def a_cut_report_says_what_its_counters_prove():
    log = lib.field("cut-after-counters/log.txt")
    for command in ("account", "memreports"):
        text = " ".join(succeed(command, "-s", log).text.split())
        for words in ("unreclaimable slab 279,862 89.88 % 1.1 GiB", "total 311,384",
                      "the lines of the zones are missing"):
            assert words in text, text
    said = lib.refuse("slab", "-s", log).err.decode()
    assert "311384 pages" in said and "unreclaimable slab 279862 (90 %" in said, said


@test
def a_log_of_another_machine_brings_no_commands_for_this_one():
    with Folder() as folder:
        plant(folder, {"log": logs.WHOLE})
        for row in ("unattributed", "slab_unreclaimable"):
            assert "What to do next" not in succeed("explain", row, "-s", folder / "log").text
        assert "Next:" not in succeed("-s", folder / "log").text
