# SPDX-License-Identifier: GPL-2.0-or-later
"""The web server about earlier times: every command at any sample, and the past of single rows."""

import json
import subprocess
import time
from datetime import datetime, timezone

import trees
from lib import Folder, Skip, must_close, need_root, plant, succeed, test
from test_diagnose import SAMPLES, Machine, at, logged
from test_schema import must_be_valid
from test_serve import Server, Text


SLABINFO = "slabinfo - version: 2.1\n{}"
CACHE = "{} {} {} 64 64 1 : tunables 0 0 0 : slabdata {} {} 0\n"
VMALLOC = "0xffffc90000000000-0xffffc900000{:02x}000 {} hungry+0x1/0x2 pages={} vmalloc N0={}\n"


def grown(folder, sizes):
    """A recording of a machine with a cache and a caller that grow; one sample for each size."""
    tree, file = plant(folder / "t", trees.MODERN), folder / "x.rec"
    for pages in sizes:
        plant(tree, {
            "proc/slabinfo": SLABINFO.format(
                CACHE.format("leaky", pages * 64, pages * 64, pages, pages)
                + CACHE.format("twin", 64, 64, 1, 1) + CACHE.format("twin", 32, 32, 1, 1)
                .replace(" 64 64 1 ", " 128 32 1 ")),
            "proc/vmallocinfo": VMALLOC.format(pages + 1, (pages + 1) * 4096, pages, pages)})
        succeed("-s", tree, "record", "-i", "0.1", "-n", "1", file)
        time.sleep(0.05)
    return file


def held(report, name):
    return next(row["bytes"] for row in report["caches"] if row["name"] == name)


@test
def every_command_shows_the_sample_of_any_time():
    with Folder() as folder:
        file = grown(folder, (1, 5, 9))
        with Server("-s", file) as server:
            times = server.json("/api/v1/history")["times_ms"]
            for ms, pages in zip(times, (1, 5, 9)):
                slab = server.json(f"/api/v1/slab?at={ms}")
                assert held(slab, "leaky") == pages * 4096, (ms, slab["caches"])
                account = server.json(f"/api/v1/account?at={ms}")
                must_be_valid("account", Text(account))
                must_close(account)
                row = server.json(f"/api/v1/explain?row=slab&at={ms}")
                assert row["bytes"] == next(
                    one["bytes"] for one in account["rows"] if one["id"] == "slab")
            assert held(server.json("/api/v1/slab"), "leaky") == 9 * 4096
            # a time between two samples shows the one before
            between = server.json(f"/api/v1/slab?at={times[1] - 1}&filter=leaky")
            assert held(between, "leaky") == 4096
            assert server.json(f"/api/v1/slab?cache=leaky&at={times[1]}")["slabs"] == 5


@test
def a_time_without_a_sample_is_refused():
    with Folder() as folder:
        file = grown(folder, (1, 2))
        with Server("-s", file) as server:
            past = server.json("/api/v1/history")
            for at, status, says in ((past["last_ms"] + 3600000, 404, "ends at"),
                                     (past["first_ms"] - 3600000, 404, "no sample as early"),
                                     ("x", 400, "takes a time"), ("", 400, "takes a time"),
                                     (f"{past['last_ms']}&at=1", 400, "twice")):
                answer = server.get(f"/api/v1/slab?at={at}")
                assert answer.status == status, f"{at}: {answer.status} {answer.text}"
                assert says in json.loads(answer.text)["error"], answer.text
        with Server("-s", folder / "t") as server:
            answer = server.get("/api/v1/account?at=-1m")
            assert answer.status == 404 and "needs a recording" in answer.text, answer.text


def patient(server, path):
    """JSON of an answer that is put off while another one is judged."""
    for _ in range(60):
        answer = server.get(path)
        if answer.status != 503:
            break
        time.sleep(0.5)
    assert answer.status == 200, (answer.status, answer.text)
    return json.loads(answer.text)


@test
def findings_of_a_time_know_nothing_of_later_growth():
    with Folder() as folder:
        log, file = folder / "leak.log", folder / "leak.rec"
        log.write_text(logged("%Y-%m-%dT%H:%M:%SZ", Machine(leaks=True).both))
        succeed("import", log, "-o", file)
        with Server("-s", file) as server:
            past = server.json("/api/v1/history")
            middle = (past["first_ms"] + past["last_ms"]) // 2
            whole = patient(server, "/api/v1/diagnose")
            must_be_valid("diagnose", Text(whole))
            assert any("widget_cache" in one["title"] for one in whole["findings"]), whole
            for at, found in ((past["last_ms"], True), (past["first_ms"] + 3600000, False)):
                report = patient(server, f"/api/v1/diagnose?at={at}")
                must_be_valid("diagnose", Text(report))
                assert found == any(
                    "widget_cache" in one["title"] for one in report["findings"]), (at, report)
            # other requests are answered meanwhile, and not charged for the judgement
            assert server.get(f"/api/v1/account?at={middle}").status == 200


@test
def findings_of_a_running_machine_are_judged_by_its_recording():
    need_root()
    script = ("mount -t tmpfs none /var/lib && mkdir /var/lib/ktally && "
              "cp \"$0\" /var/lib/ktally/ktally.rec && exec \"$@\"")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/var/lib"],
                      capture_output=True, check=False).returncode:
        raise Skip("no mount namespace can be made")
    with Folder() as folder:
        log, file = folder / "leak.log", folder / "leak.rec"
        late = datetime.now(timezone.utc) - at(SAMPLES)
        machine = Machine(leaks=True)
        log.write_text("".join(f"{at(i) + late:%Y-%m-%dT%H:%M:%SZ}\n{machine.both(i)}"
                               for i in range(SAMPLES)))
        succeed("import", log, "-o", file)
        with Server(wrapper=["unshare", "-m", "sh", "-c", script, file]) as server:
            found = patient(server, "/api/v1/diagnose")
            must_be_valid("diagnose", Text(found))
            assert any("widget_cache" in one["title"] for one in found["findings"]), found
            # it is the machine that runs, with its own memory
            assert found["host"]["live"] is True, found["host"]
            past = patient(server, "/api/v1/diagnose?at=-20h")
            assert past["host"]["live"] is False, past["host"]


@test
def one_row_of_a_list_has_a_past_in_a_recording():
    with Folder() as folder:
        file = grown(folder, (1, 5, 9))
        with Server("-s", file) as server:
            past = server.json("/api/v1/history?of=slab&row=leaky&from=-1h")
            must_be_valid("history", Text(past))
            assert past["rows"] == {"leaky": [4096, 5 * 4096, 9 * 4096]}, past
            assert past["low"] == past["high"] == past["rows"]
            # one step for all: the smallest and the largest are kept
            whole = server.json("/api/v1/history?of=slab&row=leaky&from=-1h&step=30d")
            assert (whole["rows"], whole["low"], whole["high"]) == (
                {"leaky": 9 * 4096}, {"leaky": 4096}, {"leaky": 9 * 4096}), whole
            twins = server.json("/api/v1/history?of=slab&from=-1h")
            must_be_valid("history", Text(twins))
            assert twins["rows"]["twin"] == twins["rows"]["twin#2"] == 4096, twins
            assert twins["rows"]["leaky"] == past["rows"]["leaky"]
            assert server.json("/api/v1/history?of=slab&row=twin%232&from=-1h")["rows"] == {
                "twin#2": 4096}
            areas = server.json("/api/v1/history?of=vmalloc&row=hungry%20vmalloc&from=-1h")
            assert areas["rows"] == {"hungry vmalloc": [4096, 5 * 4096, 9 * 4096]}, areas
            assert server.json("/api/v1/history?of=slab&row=none&from=-1h")["rows"] == {}
            assert server.get("/api/v1/history?of=modules").status == 404


@test
def rows_of_lists_have_keys_without_control_characters():
    need_root()
    with Server() as server:
        for of in ("vmalloc", "cgroups"):
            server.json(f"/api/v1/{of}")
            past = server.json(f"/api/v1/history?of={of}")
            must_be_valid("history", Text(past))
            assert past["rows"] and not [key for key in past["rows"] if min(key) < " "], past
        areas = server.json("/api/v1/vmalloc")["rows"]
        rows = server.json("/api/v1/history?of=vmalloc")["rows"]
        assert {f"{row['name']} {row['kind']}" for row in areas if row["kind"]} & set(rows)


@test
def without_a_recording_the_first_time_is_that_of_memory():
    """Where the recorder has left a file, that begins earlier."""
    with Server("-i", "0.1") as server:
        time.sleep(0.3)
        past = server.json("/api/v1/history")
        assert 0 < past["first_ms"] <= past["times_ms"][0], past
        assert past["first_ms"] <= past["last_ms"]
        if past["recorded"] is None:
            assert past["first_ms"] == past["times_ms"][0], past
