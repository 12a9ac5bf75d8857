# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs that were saved without ktally become recordings: the same growth, whatever their form."""

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import time
from datetime import datetime, timedelta, timezone

import lib
from lib import Folder, Skip, need_root, plant, refuse, succeed, test
from test_schema import must_be_valid

START = datetime(2026, 11, 28, 21, 5, 1, tzinfo=timezone.utc)
PAGE = 4096
SLABS = 100  # by which the cache grows from one sample to the next


def meminfo(i=0):
    return (f"MemTotal:        8012340 kB\nMemFree:         {4000000 - 400 * i} kB\n"
            "MemAvailable:    5000000 kB\nBuffers:           20480 kB\nCached:          2000000 kB\n"
            "Active:          1500000 kB\nInactive:        1000000 kB\nAnonPages:        900000 kB\n"
            "Mapped:           200000 kB\nShmem:             50000 kB\n"
            f"Slab:             {300000 + 400 * i} kB\nSReclaimable:     {200000 + 400 * i} kB\n"
            "SUnreclaim:       100000 kB\nKernelStack:        9000 kB\nPageTables:        12000 kB\n")


def slabinfo(i=0):
    slabs = 200 + SLABS * i
    return ("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> "
            "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
            "<active_slabs> <num_slabs> <sharedavail>\n"
            f"widget_cache  {slabs * 21} {slabs * 21} 192 21 1 : tunables 0 0 0 : slabdata "
            f"{slabs} {slabs} 0\n"
            "gadget_cache  40 44 8192 4 8 : tunables 0 0 0 : slabdata 11 11 0\n")


def both(i):
    return meminfo(i) + slabinfo(i)


def at(i, step=60):
    return START + timedelta(seconds=step * i)


def imported(folder, *inputs, options=()):
    """Imports into a recording; gives its path and the report."""
    rec = folder / "r.rec"
    result = succeed("import", *inputs, "-o", rec, "--force", "--output", "json", *options)
    return rec, must_be_valid("import", result)


def series(rec):
    rows = succeed("report", rec, "--series", "-o", "json").json()["series"]
    return {row["name"]: row for row in rows}


def must_grow(rec, nr_samples, name="slab:widget_cache", slabs=None):
    recording = succeed("report", rec, "--series", "-o", "json").json()["recording"]
    assert recording["samples"] == nr_samples, f"{recording['samples']} samples"
    expected = (SLABS * (nr_samples - 1) if slabs is None else slabs) * PAGE
    change = series(rec)[name]["change"]
    assert change == expected, f"{name} grew by {change}, not by {expected}"
    return recording


def must_span(recording, first, last):
    found = (recording["from"], recording["to"])
    wanted = tuple(when.strftime("%Y-%m-%dT%H:%M:%SZ") for when in (first, last))
    assert found == wanted, f"{found} instead of {wanted}"


def dated(form, nr=4, what=both, step=60, after=False):
    """A log with the time before or after each sample."""
    parts = []
    for i in range(nr):
        line = form(at(i, step)) if callable(form) else at(i, step).strftime(form)
        parts += [what(i), line + "\n"] if after else [line + "\n", what(i)]
    return "".join(parts)


FORMS = {
    "date": "%a %b %d %H:%M:%S UTC %Y",
    "date of another zone": lambda t: (t + timedelta(hours=1)).strftime("%a %b %d %H:%M:%S CET %Y"),
    "date -R": "%a, %d %b %Y %H:%M:%S +0000",
    "date -Is": "%Y-%m-%dT%H:%M:%S+00:00",
    "date +%s": lambda t: str(int(t.timestamp())),
    "date +%s.%N": lambda t: f"{int(t.timestamp())}.000000000",
    "a twelve-hour clock": "%a %d %b %Y %I:%M:%S %p UTC",
    "a frame": "===== %a %b %d %H:%M:%S UTC %Y =====",
    "oswatcher": "zzz ***%a %b %d %H:%M:%S UTC %Y",
    "German": lambda t: t.strftime("Sa %d. Nov %H:%M:%S UTC %Y"),
    "day first": "%d/%m/%Y %H:%M:%S",
    "month first": "%m/%d/%Y %H:%M:%S",
    "no year": "%b %d %H:%M:%S",
    "a label": "# sample 7 at %Y-%m-%d %H:%M:%S",
    "compact": "%Y%m%dT%H%M%SZ",
}


def with_time(path, when):
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


@test
def a_log_in_any_form_of_time_gives_the_growth():
    with Folder() as folder:
        for name, form in FORMS.items():
            for after in (False, True):
                plant(folder, {"a.log": dated(form, after=after)})
                with_time(folder / "a.log", at(4))
                rec, _ = imported(folder, folder / "a.log")
                try:
                    must_span(must_grow(rec, 4), at(0), at(3))
                except AssertionError as error:
                    raise AssertionError(f"{name}, after {after}: {error}") from error


@test
def a_time_on_each_line_gives_the_growth():
    with Folder() as folder:
        for form in ("%b %d %H:%M:%S ", "%Y-%m-%dT%H:%M:%SZ ", "[%Y-%m-%d %H:%M:%S] ",
                     "%b %d %H:%M:%S host mem[77]: "):
            for what in (both, slabinfo, lambda i: slabinfo(i) + meminfo(i)):
                plant(folder, {"a.log": "".join(at(i).strftime(form) + line for i in range(4)
                                                for line in what(i).splitlines(True))})
                with_time(folder / "a.log", at(4))
                rec, report = imported(folder, folder / "a.log")
                must_span(must_grow(rec, 4), at(0), at(3))
                assert report["inputs"][0]["kind"] == "stamped lines"


@test
def quotes_and_carriage_returns_do_not_matter():
    text = dated(FORMS["date"])
    with Folder() as folder:
        for name, changed in {"> ": "".join("> " + line for line in text.splitlines(True)),
                              "cr": text.replace("\n", "\r\n"),
                              "indent": "".join("    " + line for line in text.splitlines(True))}.items():
            plant(folder, {"a.log": changed})
            rec, _ = imported(folder, folder / "a.log")
            must_grow(rec, 4)


@test
def a_file_that_a_sample_lacks_is_missing_there():
    """The last sample has no slabinfo, and the first has none."""
    for slab_in, slabs in (((0, 1, 2), 200), ((1, 2, 3), 200), ((0, 2), 200)):
        with Folder() as folder:
            text = "".join(at(i).strftime(FORMS["date"]) + "\n" + meminfo(i) +
                           (slabinfo(i) if i in slab_in else "") for i in range(4))
            plant(folder, {"a.log": text})
            rec, _ = imported(folder, folder / "a.log")
            must_grow(rec, 4, slabs=slabs)
            for i in range(4):
                result = lib.ktally("slab", "-s", f"{rec}@{at(i):%Y-%m-%dT%H:%M:%SZ}")
                assert (result.status == 0) == (i in slab_in), \
                    f"slabs at sample {i}: status {result.status}"


@test
def meminfo_in_every_second_sample_is_not_kept():
    with Folder() as folder:
        plant(folder, {"a.log": dated("%Y-%m-%d %H:%M:%S", 6,
                                      lambda i: slabinfo(i) + (meminfo(i) if i % 2 else ""))})
        rec, _ = imported(folder, folder / "a.log")
        must_grow(rec, 6)
        for i in range(6):
            report = json.loads(lib.ktally("-s", f"{rec}@{at(i):%Y-%m-%dT%H:%M:%SZ}", "-o",
                                           "json").text or "{}")
            free = lib.row_bytes(report).get("free_buddy") if report else None
            assert (free is not None) == bool(i % 2), f"free memory at sample {i}: {free}"
            if i % 2:
                assert free == (4000000 - 400 * i) * 1024


@test
def diff_plot_and_export_work_on_an_import():
    with Folder() as folder:
        plant(folder, {"a.log": dated(FORMS["date -Is"])})
        rec, _ = imported(folder, folder / "a.log")
        first, last = (f"{rec}@{at(i):%Y-%m-%dT%H:%M:%SZ}" for i in (0, 3))
        text = succeed("diff", first, last, "-o", "json").text
        assert str(SLABS * 3 * PAGE) in text, "diff does not show the growth"
        assert "slab:widget_cache" in succeed("plot", rec, "slab:*").text
        assert "slab:widget_cache" in succeed("export", rec, "--filter", "slab:*").text
        assert succeed("report", rec).text.count("\n") > 4


@test
def names_of_files_have_times():
    with Folder() as folder:
        for i in range(3):
            plant(folder, {f"d/meminfo.{at(i):%Y-%m-%d_%H%M}": meminfo(i),
                           f"d/slabinfo.{at(i):%Y-%m-%d_%H%M}": slabinfo(i),
                           f"e/mem-{int(at(i).timestamp())}.txt": both(i),
                           f"f/{at(i):%Y%m%d}/all.{at(i):%H%M%S}": both(i)})
        for part in "def":
            rec, report = imported(folder, folder / part)
            must_grow(rec, 3)
            assert {row["times"] for row in report["inputs"]} == {"name of the file"}


@test
def many_files_of_a_directory_are_one_row():
    with Folder() as folder:
        for i in range(40):
            plant(folder, {f"d/all.{at(i):%Y%m%d-%H%M%S}": both(i)})
        rec, report = imported(folder, folder / "d")
        must_span(must_grow(rec, 40), at(0), at(39))
        row, = report["inputs"]
        assert row["samples"] == 40 and row["input"].endswith("/d (40 files)"), row


@test
def times_of_files_are_the_last_resort_and_said():
    with Folder() as folder:
        for i in range(3):
            plant(folder, {f"d/m{i}": both(i)})
            with_time(folder / f"d/m{i}", at(i))
        rec, report = imported(folder, folder / "d")
        must_span(must_grow(rec, 3), at(0), at(2))
        assert {row["times"] for row in report["inputs"]} == {"time of the file"}


@test
def files_of_one_time_are_one_sample():
    with Folder() as folder:
        plant(folder, {"m.log": dated(FORMS["date"], what=meminfo),
                       "s.log": dated(FORMS["date +%s"], what=slabinfo)})
        rec, _ = imported(folder, folder / "m.log", folder / "s.log")
        must_grow(rec, 4)


@test
def a_sample_without_a_time_is_counted_and_left_out():
    with Folder() as folder:
        text = dated(FORMS["date"], 2) + meminfo(7) + "Sat Nov 28 21:09:01 UTC 2026\n" + both(2)
        plant(folder, {"a.log": text})
        rec, report = imported(folder, folder / "a.log")
        must_grow(rec, 3)
        assert report["inputs"][0]["undated"] == 1
        assert series(rec)["meminfo:MemFree"]["min"] == (4000000 - 800) * 1024


@test
def the_line_of_a_sample_without_a_time_is_noted():
    bad = "2026-02-30T10:00:00Z "
    with Folder() as folder:
        lines = [at(i).strftime("%Y-%m-%dT%H:%M:%SZ ") + line for i in range(3)
                 for line in both(i).splitlines(True)]
        plant(folder, {"stamped": "".join(lines) + bad + "MemTotal: 1 kB\n"})
        data = sadf()
        del data["sysstat"]["hosts"][0]["statistics"][1]["timestamp"]["date"]
        plant(folder, {"sadf": json.dumps(data)})
        for name, line in (("stamped", f"the first at line {len(lines) + 1}"), ("sadf", "left out")):
            _, report = imported(folder, folder / name)
            assert report["inputs"][0]["undated"] == 1, report["inputs"]
            assert any(note.endswith(line) for note in report["notes"]), report["notes"]


@test
def a_list_that_ends_with_a_cut_log_is_left_out():
    with Folder() as folder:
        for cut in (30, 75, 110):
            plant(folder, {"a.log": dated(FORMS["date"])[:-cut]})
            rec, report = imported(folder, folder / "a.log")
            must_grow(rec, 4, slabs=200)
            assert any("ends inside of slabinfo" in note for note in report["notes"]), report["notes"]
            assert series(rec)["meminfo:MemFree"]["change"] == -1200 * 1024


@test
def lines_that_no_file_has_are_counted_and_shown():
    with Folder() as folder:
        plant(folder, {"a.log": dated(FORMS["date"], what=lambda i: "bogus line\n" + both(i))})
        rec, report = imported(folder, folder / "a.log")
        must_grow(rec, 4)
        assert report["inputs"][0]["unread_lines"] == 4
        assert any("line 2 " in note and "bogus line" in note for note in report["notes"])


@test
def a_date_with_two_readings_is_refused_unless_it_is_chosen():
    with Folder() as folder:
        plant(folder, {"a.log": "03/04/2026 10:00:00\n" + both(0) + "03/04/2026 10:01:00\n" + both(1)})
        refuse("import", folder / "a.log", "-o", folder / "r.rec", says="--dates dmy")
        assert not (folder / "r.rec").exists()
        for order, month in (("dmy", 4), ("mdy", 3)):
            rec, _ = imported(folder, folder / "a.log", options=("--dates", order))
            first = datetime(2026, month, 3 if order == "dmy" else 4, 10, tzinfo=timezone.utc)
            must_span(must_grow(rec, 2), first, first + timedelta(minutes=1))
        plant(folder, {"a.log": "13/04/2026 10:00:00\n" + both(0) + "04/13/2026 10:01:00\n" + both(1)})
        refuse("import", folder / "a.log", "-o", folder / "new.rec", says="day first")


@test
def later_dates_decide_the_order_of_earlier_ones():
    with Folder() as folder:
        days = [START.replace(day=day) for day in (9, 10, 11, 12, 13)]
        plant(folder, {"a.log": "".join(when.strftime("%d/%m/%Y %H:%M:%S\n") + both(i)
                                        for i, when in enumerate(days))})
        with_time(folder / "a.log", days[-1])
        rec, _ = imported(folder, folder / "a.log")
        must_span(must_grow(rec, 5), days[0], days[-1])


@test
def a_year_ends_between_times_without_a_year():
    with Folder() as folder:
        times = [datetime(2025, 12, 31, 23, 59, tzinfo=timezone.utc) + timedelta(minutes=i)
                 for i in range(3)]
        plant(folder, {"a.log": "".join(when.strftime("%b %d %H:%M:%S\n") + both(i)
                                        for i, when in enumerate(times))})
        with_time(folder / "a.log", times[-1] + timedelta(days=40))
        rec, report = imported(folder, folder / "a.log")
        must_span(must_grow(rec, 3), times[0], times[-1])
        assert any("no year" in note for note in report["notes"])


@test
def a_day_ends_between_times_without_a_date():
    with Folder() as folder:
        times = [datetime(2026, 11, 28, 23, 59, tzinfo=timezone.utc) + timedelta(minutes=i)
                 for i in range(3)]
        plant(folder, {"a.log": "".join(when.strftime("%H:%M:%S\n") + both(i)
                                        for i, when in enumerate(times))})
        with_time(folder / "a.log", times[-1] + timedelta(seconds=5))
        rec, _ = imported(folder, folder / "a.log")
        must_span(must_grow(rec, 3), times[0], times[-1])


@test
def a_zone_by_name_and_a_missing_zone_are_said():
    with Folder() as folder:
        plant(folder, {"a.log": dated("%a %b %d %H:%M:%S IST %Y"),
                       "b.log": dated("%Y-%m-%d %H:%M:%S")})
        rec, report = imported(folder, folder / "a.log")
        assert any("IST is taken as UTC+05:30" in note for note in report["notes"])
        rec, report = imported(folder, folder / "b.log")
        assert any("without a zone" in note for note in report["notes"])
        rec, report = imported(folder, folder / "b.log", options=("--zone", "+01:00"))
        must_span(must_grow(rec, 4), at(0) - timedelta(hours=1), at(3) - timedelta(hours=1))
        refuse("import", folder / "b.log", "-o", folder / "n.rec", "--zone", "Mars", status=2,
               says="not a zone")


@test
def a_clock_that_was_set_back_keeps_the_order_of_the_file():
    with Folder() as folder:
        times = [at(0), at(1), at(0) - timedelta(seconds=30), at(2)]
        plant(folder, {"a.log": "".join(when.strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i)
                                        for i, when in enumerate(times))})
        rec, report = imported(folder, folder / "a.log")
        assert any("goes back 1 time" in note for note in report["notes"])
        must_grow(rec, 4)


@test
def a_log_with_the_newest_sample_first_is_turned():
    with Folder() as folder:
        plant(folder, {"a.log": "".join(at(i).strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i)
                                        for i in reversed(range(4)))})
        rec, _ = imported(folder, folder / "a.log")
        must_span(must_grow(rec, 4), at(0), at(3))


# ---- other tools ----

SAR_HEAD = "Linux 6.1.0-13-amd64 (host1) \t{date} \t_x86_64_\t(2 CPU)\n\n"
SAR_NAMES = ("kbmemfree", "kbavail", "kbmemused", "%memused", "kbbuffers", "kbcached", "kbslab")


def sar_row(i, total=8000000, used_of="avail"):
    free, avail = 4000000 - 400 * i, 5000000 - 100 * i
    used = total - (avail if used_of == "avail" else free)
    return free, avail, used, f"{used * 100 / total:.2f}", 20480, 2000000, 300000 + 400 * i


def sar(date="2026-11-28", clock="%H:%M:%S", used_of="avail", restart=None):
    lines = [SAR_HEAD.format(date=date)]
    for i in range(6):
        if i % 3 == 0:
            lines.append(at(i).strftime(clock) + "    " + " ".join(SAR_NAMES) + "\n")
        if i == restart:
            lines.append(at(i).strftime(clock) + "     LINUX RESTART\t(2 CPU)\n")
        row = " ".join(map(str, sar_row(i, used_of=used_of)))
        lines.append(at(i).strftime(clock) + f"   {row}\n")
    return "".join(lines) + "Average:  1 2 3 4 5 6 7\n"


@test
def sar_gives_the_counters_and_the_total_that_the_percentage_proves():
    with Folder() as folder:
        for date, clock in (("2026-11-28", "%H:%M:%S"), ("11/28/2026", "%I:%M:%S %p"),
                            ("11/28/26", "%H:%M:%S")):
            for used_of in ("avail", "free"):
                plant(folder, {"sar.txt": sar(date, clock, used_of)})
                rec, _ = imported(folder, folder / "sar.txt")
                must_span(must_grow(rec, 6, "meminfo:Slab", slabs=500), at(0), at(5))
                found = series(rec)
                assert found["meminfo:MemTotal"]["last"] == 8000000 * 1024
                assert found["meminfo:MemFree"]["change"] == -2000 * 1024


@test
def a_total_that_two_meanings_give_stays_unknown():
    with Folder() as folder:
        text = SAR_HEAD.format(date="2026-11-28") + \
            "21:05:01    kbmemfree kbavail kbmemused %memused\n" \
            "21:06:01    10000000 10000001 1000 0.01\n"
        plant(folder, {"sar.txt": text})
        rec, _ = imported(folder, folder / "sar.txt")
        assert "meminfo:MemTotal" not in series(rec)


@test
def a_restart_in_sar_is_another_boot():
    with Folder() as folder:
        plant(folder, {"sar.txt": sar(restart=3)})
        rec, _ = imported(folder, folder / "sar.txt")
        assert "boot" in succeed("report", rec, "-i", "60").text


def sadf(nr=4, restart=None):
    stats = []
    for i in range(nr):
        free, avail, used, percent, buffers, cached, slab = sar_row(i)
        stats.append({"timestamp": {"date": f"{at(i):%Y-%m-%d}", "time": f"{at(i):%H:%M:%S}",
                                    "utc": 1, "interval": 60},
                      "queue": {"runq-sz": 1},
                      "memory": {"memfree": free, "avail": avail, "memused": used,
                                 "memused-percent": float(percent), "buffers": buffers,
                                 "cached": cached, "slab": slab}})
    host = {"nodename": "host1", "sysname": "Linux", "statistics": stats, "restarts": []}
    if restart is not None:
        when = at(restart) - timedelta(seconds=5)
        host["restarts"] = [{"boot": {"date": f"{when:%Y-%m-%d}", "time": f"{when:%H:%M:%S}",
                                      "utc": 1}}]
    return {"sysstat": {"hosts": [host]}}


@test
def sadf_gives_the_counters():
    with Folder() as folder:
        for indent in (None, 1):
            plant(folder, {"s.json": json.dumps(sadf(), indent=indent)})
            rec, _ = imported(folder, folder / "s.json")
            must_span(must_grow(rec, 4, "meminfo:Slab", slabs=300), at(0), at(3))
            assert series(rec)["meminfo:MemTotal"]["last"] == 8000000 * 1024
        plant(folder, {"s.json": json.dumps(sadf(restart=2))})
        rec, _ = imported(folder, folder / "s.json")
        assert "boot" in succeed("report", rec, "-i", "60").text


@test
def sadf_has_the_rules_for_times_and_hosts_of_all_inputs():
    with Folder() as folder:
        data = sadf()
        host, = data["sysstat"]["hosts"]
        for one in host["statistics"]:
            one["timestamp"]["utc"] = 0
        plant(folder, {"s.json": json.dumps(data)})
        rec, report = imported(folder, folder / "s.json")
        assert any("without a zone are taken as UTC" in note for note in report["notes"]), report["notes"]
        rec, _ = imported(folder, folder / "s.json", options=("--zone", "+01:00"))
        hour = timedelta(hours=1)
        must_span(must_grow(rec, 4, "meminfo:Slab", slabs=300), at(0) - hour, at(3) - hour)
        for one in host["statistics"]:
            year, month, day = one["timestamp"]["date"].split("-")
            one["timestamp"]["date"] = f"{day}/{month}/{year}"
        plant(folder, {"s.json": json.dumps(data)})
        rec, _ = imported(folder, folder / "s.json")
        must_span(must_grow(rec, 4, "meminfo:Slab", slabs=300), at(0), at(3))
        data["sysstat"]["hosts"].append({**host, "nodename": "host2"})
        plant(folder, {"s.json": json.dumps(data)})
        refuse("import", folder / "s.json", "-o", folder / "n.rec", says="host2")


@test
def a_sample_of_sadf_costs_only_its_own_bytes():
    if not shutil.which("strace"):
        raise Skip("needs strace")
    with Folder() as folder:
        plant(folder, {"s.json": json.dumps(sadf(500), indent=1)})
        size = (folder / "s.json").stat().st_size
        trace = folder / "trace"
        result = subprocess.run(["strace", "-f", "-e", "trace=pread64", "-o", trace, lib.program, "import",
                                 folder / "s.json", "-o", folder / "r.rec"], env=lib.environment(ASAN_OPTIONS="detect_leaks=0"),
                                capture_output=True, check=False)
        if result.returncode:
            raise Skip("strace does not run here")
        read = sum(int(line.rsplit("=", 1)[1]) for line in trace.read_text().splitlines() if "pread64(" in line
                   and line.rsplit("=", 1)[1].strip().isdigit())
        assert read < 4 * size, f"{read} bytes read of a file of {size}"


@test
def json_that_is_cut_gives_the_samples_before_the_cut():
    with Folder() as folder:
        text = json.dumps(sadf())
        plant(folder, {"s.json": text[:text.rindex('"timestamp"')]})
        rec, report = imported(folder, folder / "s.json")
        must_grow(rec, 3, "meminfo:Slab", slabs=200)
        assert any("cut" in note for note in report["notes"])
        plant(folder, {"s.json": '{"sysstat": {"hosts": [' + "[" * 100})
        refuse("import", folder / "s.json", "-o", folder / "n.rec", says="not JSON")


@test
def a_table_of_sadf_for_databases_is_read():
    with Folder() as folder:
        lines = ["# hostname;interval;timestamp;" + ";".join(SAR_NAMES)]
        lines += [f"host1;60;{at(i):%Y-%m-%d %H:%M:%S} UTC;" + ";".join(map(str, sar_row(i)))
                  for i in range(4)]
        plant(folder, {"s.csv": "\n".join(lines) + "\n"})
        rec, _ = imported(folder, folder / "s.csv")
        must_span(must_grow(rec, 4, "meminfo:Slab", slabs=300), at(0), at(3))


def metrics(i):
    slabs = 200 + SLABS * i
    lines = ["# HELP node_memory_MemTotal_bytes Memory information field MemTotal_bytes.",
             "# TYPE node_memory_MemTotal_bytes gauge"]
    for line in meminfo(i).splitlines():
        name, kb = line.split(":")
        lines.append(f"node_memory_{name}_bytes {float(int(kb.split()[0]) * 1024)!r}")
    for key, value in (("active_objects", slabs * 21), ("objects", slabs * 21),
                       ("object_size_bytes", 192), ("objects_per_slab", 21),
                       ("pages_per_slab", 1)):
        lines.append(f'node_slabinfo_{key}{{slab="widget_cache"}} {value}')
    return "\n".join(lines + ["node_vmstat_oom_kill 0", ""])


@test
def metrics_of_node_exporter_give_the_counters():
    with Folder() as folder:
        plant(folder, {"n.txt": dated(FORMS["date -R"], what=metrics)})
        rec, report = imported(folder, folder / "n.txt")
        must_grow(rec, 4)
        assert series(rec)["meminfo:MemFree"]["change"] == -1200 * 1024
        assert report["inputs"][0]["unread_lines"] == 0


# ---- boots ----

def reboots(rec):
    """Times of the samples before which the machine was booted."""
    rows = succeed("report", rec, "-i", "1", "-o", "json").json()["lines"]
    return [row["time"] for row in rows if "rebooted" in (row["event"] or "")]


def times(*numbers):
    return [f"{at(i):%Y-%m-%dT%H:%M:%SZ}" for i in numbers]


@test
def each_restart_of_several_inputs_is_a_reboot():
    with Folder() as folder:
        day = timedelta(days=1)
        for i in range(3):
            text = sar(restart=3)
            plant(folder, {f"sar{i}": text.replace("2026-11-28", f"2026-11-{28 + i}" if i < 2 else
                                                   "2026-11-30")})
        rec, _ = imported(folder, *(folder / f"sar{i}" for i in range(3)))
        wanted = [f"{at(3) + day * i:%Y-%m-%dT%H:%M:%SZ}" for i in range(3)]
        assert reboots(rec) == wanted, f"{reboots(rec)} instead of {wanted}"


@test
def a_restart_that_two_inputs_have_is_one_reboot():
    with Folder() as folder:
        late = sar(restart=3)
        for i in range(6):  # the other file has its samples half a minute later
            late = late.replace(f"{at(i):%H:%M:%S}", f"{at(i) + timedelta(seconds=30):%H:%M:%S}")
        plant(folder, {"a": sar(restart=3), "b": late})
        rec, report = imported(folder, folder / "a", folder / "b")
        assert report["samples"] == 12, report
        assert reboots(rec) == times(3), reboots(rec)


def uptime_file(seconds):
    return f"{seconds}.25 9.50\n"


def uptime_line(seconds):
    days, rest = divmod(seconds // 60, 24 * 60)
    return (f" 10:00:00 up {days} days, {rest // 60:2}:{rest % 60:02},  1 user,  "
            "load average: 0.05, 0.03, 0.01\n")


# what a sample has in addition to its files, by the seconds since the boot and the sample's number
SIGNS = {
    "uptime": lambda up, i: uptime_file(up),
    "title": lambda up, i: "==> /proc/uptime <==\n" + uptime_file(up),
    "uptime(1)": lambda up, i: uptime_line(up),
    "btime": lambda up, i: f"cpu  1 2 3\nctxt {900 + i}\nbtime {int(at(i, 600).timestamp()) - up}\n",
    "boot id": lambda up, i: "==> /proc/sys/kernel/random/boot_id <==\n"
                             f"{'a' if up > 5000 else 'b'}81bc81e-0123-4567-89ab-0123456789ab\n",
    "stat": lambda up, i: f"ctxt {up * 100}\nprocesses {up}\n",
    "vmstat": lambda up, i: f"nr_free_pages 1000\nnr_alloc_batch 3\npgpgin {up * 9}\npgpgout {up * 8}\n"
                            f"pgalloc_normal {up * 7}\npgfree {up * 6}\npgfault {up * 5}\npgmajfault 3\n"
                            f"allocstall 0\n",
}


@test
def a_reboot_inside_a_log_is_marked_by_any_sign_of_it():
    ups = (90000, 90600, 91200, 300, 900, 1500)
    with Folder() as folder:
        for name, sign in SIGNS.items():
            for first, wanted in ((0, [3]), (3, [])):
                text = "".join(at(i, 600).strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i) + sign(ups[i], i)
                               for i in range(first, 6))
                plant(folder, {"a.log": text})
                rec, report = imported(folder, folder / "a.log")
                assert report["samples"] == 6 - first, report
                found = [f"{at(i, 600):%Y-%m-%dT%H:%M:%SZ}" for i in wanted]
                assert reboots(rec) == found, f"{name}: {reboots(rec)} instead of {found}"


@test
def a_machine_that_was_up_longer_after_a_reboot_than_before_it_rebooted():
    with Folder() as folder:
        plant(folder, {"a.log": "".join(at(i, 86400).strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i) +
                                        uptime_file(up) for i, up in enumerate((3600, 80000)))})
        rec, _ = imported(folder, folder / "a.log")
        assert len(reboots(rec)) == 1, reboots(rec)


@test
def a_clock_that_is_set_is_no_reboot():
    """The clock goes forward by 50 minutes, and the time of the boot with it."""
    with Folder() as folder:
        text = ""
        for i in range(4):
            when = at(i) + timedelta(minutes=50 if i > 1 else 0)
            text += when.strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i)
            text += f"btime {int(at(0).timestamp()) - 9000 + (3000 if i > 1 else 0)}\n"
            text += uptime_file(9000 + 60 * i)
        plant(folder, {"a.log": text})
        rec, _ = imported(folder, folder / "a.log")
        assert reboots(rec) == [], reboots(rec)


@test
def samples_with_and_without_an_uptime_have_one_clock():
    """The growth per hour is by the clock since the boot, whichever sample has an uptime."""
    with Folder() as folder:
        for with_uptime in ((0, 1, 2, 3), (), (2,), (0, 3), (1, 2, 3)):
            plant(folder, {"a.log": "".join(
                at(i, 600).strftime("%Y-%m-%dT%H:%M:%SZ\n") + both(i) +
                (uptime_file(360000 + 600 * i) if i in with_uptime else "") for i in range(4))})
            rec, _ = imported(folder, folder / "a.log")
            per_hour = series(rec)["slab:widget_cache"]["hourly"]
            assert per_hour == SLABS * PAGE * 6, f"{with_uptime}: {per_hour} per hour"
        plant(folder, {"a.log": dated(FORMS["date"], step=600)})
        plant(folder / "cap", {"proc/meminfo": meminfo(), "proc/uptime": "360900.00 1.0\n",
                               "date": at(1, 900).strftime(FORMS["date"]) + "\n"})
        rec, _ = imported(folder, folder / "a.log", folder / "cap")
        per_hour = series(rec)["slab:widget_cache"]["hourly"]
        assert per_hour == SLABS * PAGE * 6, f"with a capture: {per_hour} per hour"


# ---- captures and logs ----

def tree(i, host="host1", boot="b1", total=None):
    text = meminfo(i) if total is None else meminfo(i).replace("8012340", str(total))
    return {"proc/meminfo": text, "proc/slabinfo": slabinfo(i), "proc/uptime": f"{1000 + 60 * i}.00 1.0\n",
            "proc/sys/kernel/hostname": host + "\n",
            "proc/sys/kernel/random/boot_id": boot + "\n",
            "date": at(i).strftime(FORMS["date"]) + "\n"}


@test
def captures_of_one_host_are_samples():
    with Folder() as folder:
        for i in range(3):
            plant(folder / "all" / f"c{i}", tree(i))
        rec, _ = imported(folder, folder / "all")
        must_span(must_grow(rec, 3), at(0), at(2))
        plant(folder / "all" / "c2", tree(2, boot="b2"))
        rec, _ = imported(folder, folder / "all")
        assert "boot" in succeed("report", rec, "-i", "60").text


@test
def captures_of_two_hosts_are_refused():
    with Folder() as folder:
        plant(folder / "all" / "c0", tree(0))
        plant(folder / "all" / "c1", tree(1, host="host2"))
        refuse("import", folder / "all", "-o", folder / "r.rec", says="host2")
        for i in range(2):
            files = tree(i, total=8012340 + i * 1000)
            del files["proc/sys/kernel/hostname"]
            plant(folder / "two" / f"c{i}", files)
            (folder / "two" / f"c{i}" / "proc/sys/kernel/hostname").unlink(missing_ok=True)
        refuse("import", folder / "two", "-o", folder / "r.rec", says="kB of memory")


REPORT = """\
{p}app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
{p}CPU: 0 PID: 77 Comm: app Not tainted 5.10.0 #1
{p}Call Trace:
{p}Mem-Info:
{p}active_anon:1000 inactive_anon:200000 isolated_anon:0
{p} active_file:300 inactive_file:200 isolated_file:0
{p} unevictable:0 dirty:0 writeback:0
{p} slab_reclaimable:2000 slab_unreclaimable:{slab}
{p} mapped:300 shmem:400 pagetables:1500 bounce:0
{p} free:{free} free_pcp:0 free_cma:0
{p}Node 0 active_anon:4000kB inactive_anon:800000kB active_file:1200kB inactive_file:800kB unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:1200kB dirty:0kB writeback:0kB shmem:1600kB writeback_tmp:0kB kernel_stack:2000kB all_unreclaimable? no
{p}Node 0 DMA32 free:{free_kb}kB min:20000kB low:25000kB high:30000kB reserved_highatomic:0KB active_anon:4000kB inactive_anon:800000kB active_file:1200kB inactive_file:800kB unevictable:0kB writepending:0kB present:2097152kB managed:2000000kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:0kB
{p}lowmem_reserve[]: 0 0 0 0
{p}Node 0 DMA32: {free}*4kB (UM) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = {free_kb}kB
{p}700 total pagecache pages
{p}0 pages in swap cache
{p}Free swap  = 0kB
{p}Total swap = 0kB
{p}524288 pages RAM
{p}0 pages HighMem/MovableOnly
{p}24288 pages reserved
{p}Out of memory: Killed process 77 (app) total-vm:9000kB, anon-rss:8000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:100kB oom_score_adj:0
"""


def report_text(prefix, i):
    free = 5000
    return REPORT.format(p=prefix, slab=20000 + 1000 * i, free=free, free_kb=free * 4)


@test
def memory_reports_of_a_log_are_samples():
    with Folder() as folder:
        logs = {
            "dated": ("".join(report_text(at(i).strftime("[%a %b %d %H:%M:%S %Y] "), i)
                              for i in range(3)), at(0), at(2)),
            "syslog": ("".join(report_text(at(i).strftime("%b %d %H:%M:%S h kernel: "), i)
                               for i in range(3)), at(0), at(2)),
            "wall clock of the boot": (
                "[    2.000000] rtc_cmos 00:01: setting system clock to 2026-11-28T21:05:01 UTC\n" +
                "".join(report_text(f"[  {62 + 60 * i}.000000] ", i) for i in range(3)),
                at(1), at(3)),
            "seconds": ("".join(report_text(f"[  {60 * i + 60}.000000] ", i) for i in range(3)),
                        datetime(1970, 1, 1, 0, 1, tzinfo=timezone.utc),
                        datetime(1970, 1, 1, 0, 3, tzinfo=timezone.utc)),
        }
        logs["as old kernels write it"] = (logs["syslog"][0].replace("Mem-Info:", "Mem-info:"), at(0), at(2))
        for name, (text, first, last) in logs.items():
            plant(folder, {"log": text})
            with_time(folder / "log", at(4))
            rec, _ = imported(folder, folder / "log")
            rows = succeed("report", rec, "-i", "60", "-o", "json").json()
            must_span(rows["recording"], first, last)
            slabs = [row["slab"] for row in rows["lines"]]
            wanted = [(22000 + 1000 * i) * PAGE for i in range(3)]
            assert slabs == wanted, f"{name}: {slabs} instead of {wanted}"


def slabs_of(rec):
    return [row["slab"] // PAGE - 2000 for row in
            succeed("report", rec, "-i", "1", "-o", "json").json()["lines"]]


BANNER = "[    0.000000] Linux version 5.10.0 (x@y) #1 SMP\n"


@test
def each_boot_of_a_console_log_has_its_own_samples():
    """The second boot's uptimes are below those of the first, and stay after them."""
    clock = "[    2.000000] rtc_cmos 00:01: setting system clock to {} UTC\n"
    first, second = (report_text("[  {}.000000] ".format(seconds), i)
                     for i, seconds in enumerate((7200, 60)))
    third = report_text("[  120.000000] ", 2)
    with Folder() as folder:
        for name, text, start in (
                ("no clock", BANNER + first + BANNER + second + third, "1970-01-01T02:00:00Z"),
                ("no banner", first + second + third, "1970-01-01T02:00:00Z"),
                ("clocks", BANNER + clock.format("2026-11-28T00:00:02") + first + BANNER +
                 clock.format("2026-11-28T08:00:02") + second + third, "2026-11-28T02:00:00Z"),
                ("second clock", BANNER + first + BANNER + clock.format("2026-11-28T08:00:02") +
                 second + third, "2026-11-28T07:59:59Z"),
                ("first clock", BANNER + clock.format("2026-11-28T00:00:02") + first + BANNER +
                 second + third, "2026-11-28T02:00:00Z")):
            plant(folder, {"log": text})
            rec, report = imported(folder, folder / "log")
            assert report["inputs"][0]["first"] == start, f"{name}: {report['inputs']}"
            assert slabs_of(rec) == [20000, 21000, 22000], f"{name}: {slabs_of(rec)}"
            assert len(reboots(rec)) == 1, f"{name}: {reboots(rec)}"


@test
def logs_of_two_boots_without_a_clock_are_not_mixed():
    with Folder() as folder:
        plant(folder, {"dmesg.0": report_text("[ 7200.000000] ", 0) + report_text("[ 7300.000000] ", 1),
                       "dmesg.1": report_text("[ 7250.000000] ", 2)})
        rec, _ = imported(folder, folder / "dmesg.0", folder / "dmesg.1")
        assert slabs_of(rec) == [20000, 21000, 22000], slabs_of(rec)
        assert len(reboots(rec)) == 1, reboots(rec)


@test
def a_boot_that_is_in_a_log_twice_is_one_boot():
    text = (BANNER + "[    2.000000] rtc_cmos 00:01: setting system clock to 2026-11-28T00:00:02 UTC\n" +
            report_text("[ 7200.000000] ", 0))
    with Folder() as folder:
        plant(folder, {"log": text + text + report_text("[ 7300.000000] ", 1)})
        rec, _ = imported(folder, folder / "log")
        assert reboots(rec) == [], reboots(rec)


@test
def reports_with_and_without_a_date_have_one_clock():
    dated = report_text("Nov 28 02:00:00 h kernel: [ 7200.000000] ", 0)
    with Folder() as folder:
        plant(folder, {"log": dated + report_text("[ 7260.000000] ", 1) +
                       report_text("Nov 28 02:02:00 h kernel: [ 7320.000000] ", 2)})
        with_time(folder / "log", at(4))
        rec, report = imported(folder, folder / "log")
        rows = succeed("report", rec, "-i", "1", "-o", "json").json()["lines"]
        assert [row["time"][11:19] for row in rows] == ["02:00:00", "02:01:00", "02:02:00"], rows
        assert reboots(rec) == []


@test
def reports_of_two_callers_are_untangled():
    with Folder() as folder:
        lines = [report_text(f"[ {60 + i}.000000][ {caller}] ", 10 * i).splitlines(True)
                 for i, caller in enumerate(("T77", "C1"))]
        mixed = "".join(one for pair in zip(*lines) for one in pair)
        plant(folder, {"log": mixed + report_text("[  120.000000][   T9] ", 3)})
        rec, report = imported(folder, folder / "log")
        assert report["samples"] == 3, report
        assert slabs_of(rec) == [20000, 30000, 23000], slabs_of(rec)
        for number, free in ((1, True), (2, True), (3, True)):
            when = f"{rec}@1970-01-01T00:0{2 if number == 3 else 1}:0{number - 1 if number < 3 else 0}Z"
            one = succeed("-s", when, "-o", "json").json()
            log = succeed("-s", f"{folder / 'log'}@{number}", "-o", "json").json()
            assert lib.row_bytes(one) == lib.row_bytes(log), number
        plant(folder, {"log": mixed.replace("[ T77]", "").replace("[ C1]", "")})
        refuse("import", folder / "log", "-o", folder / "n.rec")


@test
def samples_of_two_hosts_in_one_log_are_refused():
    forms = {
        "uname -a": "Linux {} 6.1.0-13-amd64 #1 SMP PREEMPT_DYNAMIC Debian x86_64 GNU/Linux\n",
        "prompt": "root@{}:~# cat /proc/meminfo\n",
        "red prompt": "[root@{} ~]# cat /proc/meminfo\n",
    }
    with Folder() as folder:
        for name, form in forms.items():
            for hosts, good in ((("a", "a", "a.example.com"), True), (("a", "b", "a"), False)):
                plant(folder, {"a.log": "".join(
                    at(i).strftime("%Y-%m-%dT%H:%M:%SZ\n") + form.format(host) + both(i)
                    for i, host in enumerate(hosts))})
                if good:
                    must_grow(imported(folder, folder / "a.log")[0], 3)
                else:
                    refuse("import", folder / "a.log", "-o", folder / "n.rec", says="host b")
        stamped = "".join(at(i).strftime("%b %d %H:%M:%S ") + f"{'ab'[i % 2]} mem[77]: {line}" for i in range(4)
                          for line in both(i).splitlines(True))
        plant(folder, {"s.log": stamped})
        refuse("import", folder / "s.log", "-o", folder / "n.rec", says="host b")
        plant(folder, {"k.log": "".join(report_text(at(i).strftime("%b %d %H:%M:%S ") + f"{'ab'[i]} kernel: ", i)
                                        for i in range(2))})
        refuse("import", folder / "k.log", "-o", folder / "n.rec", says="host b")
        plant(folder, {"b.log": dated("%Y-%m-%dT%H:%M:%SZ", 2, lambda i: forms["prompt"].format("b") + both(i))})
        plant(folder / "cap", tree(0, host="a"))
        refuse("import", folder / "b.log", folder / "cap", "-o", folder / "n.rec", says="host b")


@test
def a_word_alone_that_may_be_the_host_is_noted_when_it_changes():
    with Folder() as folder:
        for words, noted in ((("a1", "a1", "a1"), False), (("a1", "a1", "b1"), True),
                             (("a1", "b1", "a1"), True), (("s1", "s2", "s3"), False)):
            plant(folder, {"a.log": "".join(at(i).strftime("%Y-%m-%dT%H:%M:%SZ\n") + word + "\n" + both(i)
                                            for i, word in enumerate(words))})
            _, report = imported(folder, folder / "a.log")
            assert any("if these are hosts" in note for note in report["notes"]) == noted, report["notes"]


def zst(data):
    return subprocess.run(["zstd", "-q"], input=data, stdout=subprocess.PIPE, check=True).stdout


FORMS_OF_FILES = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress,
                  "utf16": lambda data: data.decode().encode("utf-16"),
                  "utf16be": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
                  "utf16.gz": lambda data: gzip.compress(data.decode().encode("utf-16"))}


@test
def packed_and_wide_texts_are_read():
    forms = dict(FORMS_OF_FILES, **({"zst": zst} if shutil.which("zstd") else {}))
    texts = {"text": dated(FORMS["date"]), "json": json.dumps(sadf()), "sar": sar(),
             "stamped": "".join(at(i).strftime("%b %d %H:%M:%S ") + line for i in range(4)
                                for line in both(i).splitlines(True)),
             "log": "".join(report_text(at(i).strftime("%b %d %H:%M:%S h kernel: "), i) for i in range(3))}
    with Folder() as folder:
        for kind, text in texts.items():
            plant(folder, {"plain": text})
            with_time(folder / "plain", at(9))
            wanted = series(imported(folder, folder / "plain")[0])
            for name, pack in forms.items():
                plant(folder, {"packed." + name: pack(text.encode())})
                with_time(folder / ("packed." + name), at(9))
                found = series(imported(folder, folder / ("packed." + name))[0])
                assert found == wanted, f"{kind}, {name}"


@test
def a_packed_file_that_cannot_be_read_does_not_hide_the_others():
    with Folder() as folder:
        plant(folder, {"d/a.log.gz": gzip.compress(dated(FORMS["date"]).encode()),
                       "d/b.log.gz": gzip.compress(os.urandom(99999))[:60000],
                       "d/c.log.gz": gzip.compress(b"2026-11-28T21:05:01Z\n" * (4 << 20))})
        rec, report = imported(folder, folder / "d")
        must_grow(rec, 4)
        assert any("b.log.gz" in note for note in report["notes"]) or \
            any("b.log.gz" in row["input"] and row["reason"] for row in report["inputs"]), report
        assert any("c.log.gz" in note and "64 MiB" in note for note in report["notes"]), report["notes"]
        refuse("import", folder / "d" / "c.log.gz", "-o", folder / "n.rec", says="64 MiB")


@test
def a_headline_has_the_size_of_a_small_file():
    with Folder() as folder:
        plant(folder, {"a.log": dated(FORMS["date"], 1)})
        for command in (("import", folder / "a.log", "-o", folder / "r.rec"),
                        ("record", folder / "s.rec", "-n", "1", "-i", "0.1")):
            text = succeed(*command).text
            files = [file for file in folder.iterdir() if str(file) in text and file.name != "a.log"]
            size, = (file.stat().st_size for file in files)
            shown = f"{size} B" if size < 1024 else f"{size / 1024:.1f} KiB"
            assert shown in text, f"{size} bytes: {text}"
            assert "1 samples" not in text, text


# ---- refused ----

@test
def inputs_without_a_sample_are_refused_and_leave_no_file():
    with Folder() as folder:
        plant(folder, {"prose": "nothing here\n", "empty/x": "", "dates": "Sat Nov 28 21:05:01 UTC 2026\n",
                       "zip": gzip.compress(b"x" * 1000),
                       "sar": "kbmemfree kbavail\n"})
        for name in ("prose", "empty", "dates", "zip", "sar", "nosuch"):
            refuse("import", folder / name, "-o", folder / "r.rec")
            assert sorted(file.name for file in folder.iterdir() if "r.rec" in file.name) == []
        refuse("import", folder / "prose", status=2, says="-o REC")


@test
def an_existing_recording_is_kept_unless_forced():
    with Folder() as folder:
        plant(folder, {"a.log": dated(FORMS["date"]), "r.rec": "mine"})
        refuse("import", folder / "a.log", "-o", folder / "r.rec", says="--force")
        assert (folder / "r.rec").read_text() == "mine"
        refuse("import", folder / "nosuch", "-o", folder / "r.rec", "--force")
        assert (folder / "r.rec").read_text() == "mine"
        rec, _ = imported(folder, folder / "a.log")
        refuse("import", rec, "-o", folder / "again.rec", says="a recording already")


# ---- the running machine ----

SCRIPT = r"""
d=$1; n=$2
for i in $(seq $n); do
  LC_ALL=C date >> $d/1.log; cat /proc/meminfo /proc/slabinfo /proc/vmstat >> $d/1.log
  date +%s >> $d/2.log; sed 's/^/> /' /proc/slabinfo >> $d/2.log
  cat /proc/slabinfo /proc/meminfo >> $d/3.log; date -Is >> $d/3.log
  s=$(date +%Y-%m-%d_%H%M%S); cat /proc/meminfo > $d/4/meminfo.$s; cat /proc/slabinfo > $d/4/slabinfo.$s
  { echo "===== $(LC_ALL=C date) ====="; head -n 200 /proc/meminfo /proc/slabinfo; } >> $d/5.log
  { echo "zzz ***$(LC_ALL=C date)"; sed 's/$/\r/' /proc/meminfo /proc/slabinfo; } >> $d/6.log
  { date -R; grep . /proc/meminfo /proc/slabinfo; } >> $d/7.log
  { date '+%d.%m.%Y %H:%M:%S'; cat /proc/buddyinfo /proc/slabinfo; } >> $d/8.log
  { LC_ALL=C date '+%a %d %b %Y %I:%M:%S %p UTC'; cat /proc/zoneinfo /proc/slabinfo; } >> $d/9.log
  awk -v q='"' 'NR > 2 { print "node_slabinfo_active_objects{slab=" q $1 q "} " $2;
      print "node_slabinfo_objects{slab=" q $1 q "} " $3; print "node_slabinfo_object_size_bytes{slab=" q $1 q "} " $4;
      print "node_slabinfo_objects_per_slab{slab=" q $1 q "} " $5; print "node_slabinfo_pages_per_slab{slab=" q $1 q "} " $6 }' /proc/slabinfo > $d/one
  { date '+%F %T'; cat $d/one; } >> $d/10.log
  sleep 1
done
"""

GROW = r"""
import os, sys
folder, end, shm = sys.argv[1:]
i = 0
with open(shm, "wb") as file:
    while not os.path.exists(end):
        i += 1
        if i % 5000 == 0 and i < 2000000: file.write(b"x" * 65536)
        try: os.stat(f"{folder}/{'x' * 60}{i}")
        except OSError: pass
os.unlink(shm)
"""


HABITS = [*(f"{i}.log" for i in (1, 2, 3)), "4", *(f"{i}.log" for i in range(5, 11))]


def live_logs(folder):
    """A recording with a sample every quarter second, and next to it logs of each habit, while
    dentries and a file in memory grow; gives the recording and the habits."""
    habits, rec = list(HABITS), folder / "live.rec"
    (folder / "4").mkdir()
    (folder / "names").mkdir()
    record = subprocess.Popen([lib.program, "record", rec, "-i", "0.25"], env=lib.environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    grow = subprocess.Popen(["python3", "-c", GROW, folder / "names", folder / "end",
                             f"/dev/shm/{folder.name}"])
    env = {"PATH": os.environ["PATH"], "TZ": "UTC", "S_TIME_FORMAT": "ISO"}
    try:
        time.sleep(0.5)
        if shutil.which("sar"):
            habits.append("11.log")
            with open(folder / "11.log", "w") as out:
                sar_run = subprocess.Popen(["sar", "-r", "ALL", "1", "4"], env=env, stdout=out)
        subprocess.run(["bash", "-c", SCRIPT, "loop", folder, "4"], check=True, env=env)
        if "11.log" in habits:
            sar_run.wait()
        time.sleep(0.5)
    finally:
        (folder / "end").touch()
        grow.wait()
        record.terminate()
        record.wait()
    return rec, habits


@test
def logs_of_ten_habits_give_the_growth_of_a_recording_next_to_them():
    """The amounts of the recording around the first and last sample of a log bound the log's."""
    need_root()
    if not os.access("/proc/slabinfo", os.R_OK) or not os.path.isdir("/dev/shm"):
        raise Skip("there is no /proc/slabinfo or no /dev/shm")
    with Folder() as folder:
        live, habits = live_logs(folder)
        for habit in habits:
            for name, one, *around in compared(folder, live, habit):
                for value, (least, most) in zip((one["first"], one["last"]), around):
                    assert least <= value <= most, \
                        f"{habit}: {name} {value} is not between {least} and {most}"


def seconds_around(text, before, after):
    when = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return tuple((when + timedelta(seconds=by)).strftime("%Y-%m-%dT%H:%M:%SZ")
                 for by in (-before, after))


def around(live, when):
    first, last = seconds_around(when, 1, 2)
    rows = succeed("report", live, "--series", "-o", "json", "--from", first, "--to", last).json()
    return {row["name"]: (row["min"], row["max"]) for row in rows["series"]}


def compared(folder, live, habit):
    """(name, series of the log, bounds of the first and of the last sample) of what grew most."""
    rec = folder / "habit.rec"
    report = succeed("import", folder / habit, "-o", rec, "--force", "--output", "json").json()
    assert report["samples"] == 4, f"{habit}: {report['samples']} samples of 4"
    ends = succeed("report", rec, "--series", "-o", "json").json()["recording"]
    log, first, last = series(rec), around(live, ends["from"]), around(live, ends["to"])
    grown = sorted((row for name, row in series(live).items() if name.startswith("slab:")),
                   key=lambda row: -row["moved"])[:8]
    # what moves by little, such as task_struct, comes and goes between two samples
    names = [row["name"] for row in grown if row["moved"] >= grown[0]["moved"] / 8]
    names += ["meminfo:Slab", "meminfo:Shmem"]
    found = [name for name in names if name in log and name in first and name in last]
    assert "slab:dentry" in found or "meminfo:Slab" in found, f"{habit} has only {found}"
    for name in found:
        if name in ("slab:dentry", "meminfo:Slab", "meminfo:Shmem"):
            assert log[name]["change"] > 0, f"{habit}: {name} did not grow"
    return [(name, log[name], first[name], last[name]) for name in found]
