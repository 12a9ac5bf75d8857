# SPDX-License-Identifier: GPL-2.0-or-later
"""One clock: people read and type local times with their zone, data is in UTC."""

import csv
import io
import re

import trees
from lib import Folder, environment, plant, refuse, succeed, test

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"  # clocks go from 03:00 CEST to 02:00 CET on 2026-10-25
ZONES = {  # what its clock shows at 2026-10-25T00:30Z and at 01:30Z
    "UTC0": ("2026-10-25 00:30:00 UTC", "2026-10-25 01:30:00 UTC"),
    BERLIN: ("2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET"),
    "JST-9": ("2026-10-25 09:30:00 JST", "2026-10-25 10:30:00 JST"),
    "EST5EDT,M3.2.0,M11.1.0": ("2026-10-24 20:30:00 EDT", "2026-10-24 21:30:00 EDT"),
    "<+0545>-5:45": ("2026-10-25 06:15:00 +0545", "2026-10-25 07:15:00 +0545"),
}
TIMES = [f"2026-10-25T{minutes // 60:02}:{minutes % 60:02}:00Z" for minutes in range(0, 181, 30)]


def recording(folder):
    """Samples each half hour around the change; free memory is another one in each."""
    text = ""
    for number, time in enumerate(TIMES):
        text += time + "\n" + re.sub(r"(MemFree: +)\d+", rf"\g<1>{(number + 100) * 1024}",
                                     trees.MODERN["proc/meminfo"])
    plant(folder, {"a.log": text})
    succeed("import", folder / "a.log", "-o", folder / "a.rec")
    return folder / "a.rec"


def there(zone):
    return environment(TZ=zone)


def free_mib(source, zone, *more):
    """MemFree of the sample that a source means in a zone, in MiB."""
    report = succeed("-s", source, "-o", "json", *more, env=there(zone)).json()
    return next(row["bytes"] for row in report["rows"] if row["id"] == "free") / 2**20, \
        report["host"]["time"]


@test
def people_get_local_times_with_their_zone():
    with Folder() as folder:
        rec = recording(folder)
        for zone, (first, second) in ZONES.items():
            for given, shown in (("00:30", first), ("01:30", second)):
                source = f"{rec}@2026-10-25T{given}Z"
                account = succeed("-s", source, env=there(zone)).text
                assert f"{shown}, from" in account, (zone, account.splitlines()[:3])
            period = ("--from", "2026-10-25T00:30Z", "--to", "2026-10-25T01:30Z")
            report = succeed("report", rec, *period, env=there(zone)).text
            assert " ".join(report.split()).startswith(f"{rec}: {first} to {second} least available "), \
                (zone, report[:200])
            clocks = re.findall(r"^(\d\d:\d\d:\d\d) ", report, re.MULTILINE)
            assert clocks[0] == first[11:19] and clocks[-1] == second[11:19], (zone, clocks)
            diff = succeed("diff", f"{rec}@2026-10-25T00:30Z", f"{rec}@2026-10-25T01:30Z",
                           env=there(zone)).text
            assert f": {first}\n" in diff and f": {second}\n" in diff, (zone, diff[:300])
            plot = succeed("plot", rec, *period, env=there(zone)).text
            axis = next(line for line in plot.splitlines() if line.startswith("     ") and first in line)
            assert axis.endswith(second), (zone, axis)
            picture = succeed("plot", rec, *period, "-o", "svg", env=there(zone)).text
            assert f"{first} to {second}" in picture, (zone, picture[:800])
            assert f">{first[11:19]}<" in picture and f">{second[11:19]}<" in picture, picture


@test
def data_is_in_utc_in_every_zone():
    with Folder() as folder:
        rec = recording(folder)
        commands = (("-s", rec, "-o", "json"), ("report", rec, "-o", "json"),
                    ("report", rec, "-o", "csv"), ("export", rec, "-o", "json"),
                    ("export", rec, "-o", "csv"), ("export", rec, "-o", "openmetrics"),
                    ("plot", rec, "-o", "csv"), ("plot", rec, "-o", "json"))
        for command in commands:
            outputs = {succeed(*command, env=there(zone)).text for zone in ZONES}
            assert len(outputs) == 1, f"{command} depends on the zone"
        rows = list(csv.DictReader(io.StringIO(succeed(*commands[-2], env=there(BERLIN)).text)))
        assert [row["time"] for row in rows] == TIMES, rows


@test
def typed_times_are_local():
    with Folder() as folder:
        rec = recording(folder)
        first = free_mib(f"{rec}@{TIMES[0]}", "UTC0")[0]
        for zone, typed, wanted in (
                ("UTC0", "2026-10-25T00:30", "2026-10-25T00:30:00Z"),
                ("JST-9", "2026-10-25T09:30", "2026-10-25T00:30:00Z"),
                ("JST-9", "09:30", "2026-10-25T00:30:00Z"),
                ("JST-9", "00:30Z", "2026-10-25T00:30:00Z"),
                ("JST-9", "2026-10-25T00:30Z", "2026-10-25T00:30:00Z"),
                (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
                (BERLIN, "2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z"),
                (BERLIN, "2026-10-25 03:00", "2026-10-25T02:00:00Z"),
                (BERLIN, "-30m", "2026-10-25T02:30:00Z"),
                ("EST5EDT,M3.2.0,M11.1.0", "2026-10-24T21:00", "2026-10-25T01:00:00Z")):
            free, time = free_mib(f"{rec}@{typed}", zone)
            assert time == wanted and free - first == TIMES.index(wanted), (zone, typed, time)
        lines = succeed("report", rec, "-o", "json", "--from", "09:30", "--to", "10:30",
                        env=there("JST-9")).json()["lines"]
        assert [line["time"] for line in lines] == TIMES[1:4], lines
        for what in (("report", rec, "--from", "2027-01-01"), ("-s", f"{rec}@2020-01-01")):
            refuse(*what, says="2026-10-25 09:00:00 JST", env=there("JST-9"))


@test
def utc_is_an_option():
    with Folder() as folder:
        rec = recording(folder)
        for zone in ZONES:
            text = " ".join(succeed("--utc", "report", rec, env=there(zone)).text.split())
            assert f": {TIMES[0][:10]} 00:00:00 UTC to {TIMES[0][:10]} 03:00:00 UTC least available" in text, text
            assert free_mib(f"{rec}@01:00", zone, "--utc")[1] == "2026-10-25T01:00:00Z", zone


@test
def a_capture_shows_the_clock_of_its_machine():
    meta = "page_bytes=4096\ntaken_s=1792888200\nzone={}\n"  # 2026-10-25T00:30:00Z
    for zone, shown in (("CEST +120", "2026-10-25 02:30:00 CEST"), ("NST -210", "2026-10-24 21:00:00 NST"),
                        ("CEST 2 hours", "2026-10-25 09:30:00 JST")):
        with Folder() as folder:
            tree = plant(folder, {**trees.MODERN, "ktally/meta": meta.format(zone)})
            assert f", {shown}" in succeed("-s", tree, env=there("JST-9")).text, zone
            assert ", 2026-10-25 00:30:00 UTC" in succeed("--utc", "-s", tree, env=there("JST-9")).text, zone
            assert succeed("-s", tree, "-o", "json").json()["host"]["time"] == "2026-10-25T00:30:00Z"
    with Folder() as folder:
        succeed("capture", folder / "a.tar", env=there(BERLIN))
        text = succeed("-s", folder / "a.tar", env=there("JST-9")).text
        assert re.search(r" \d\d:\d\d:\d\d CES?T, from", text), text[:300]
