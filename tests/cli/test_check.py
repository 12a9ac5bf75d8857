# SPDX-License-Identifier: GPL-2.0-or-later
"""The check for monitoring systems: its line, its figures, its exit status."""

import re
import subprocess
import time

import lib
import openmetrics
import trees
from lib import Folder, Skip, ktally, need_root, plant, succeed, test
from test_schema import must_be_valid

OK, WARNING, CRITICAL, UNKNOWN = range(4)
# of the Monitoring Plugins: 'label'=value[unit];[warn];[crit];[min];[max]
FIGURE = re.compile(r"^[a-z_]+=-?\d+B?(;\d*;\d*;\d*)?$")

# without the page of it that a hardware error took
HEALTHY = {**trees.MODERN, "proc/meminfo": re.sub(r"(HardwareCorrupted: *)\d+", r"\g<1>0",
                                                  trees.MODERN["proc/meminfo"])}


def check(*args):
    """Exit status, text and figures of the one line."""
    result = ktally("check", *args)
    assert result.text.count("\n") == 1 and result.text.endswith("\n"), result.text
    text, _, figures = result.text.strip().partition(" | ")
    for figure in figures.split():
        assert FIGURE.match(figure), figure
    return result.status, text, dict(figure.split("=") for figure in figures.split())


@test
def a_machine_without_findings_is_ok():
    with Folder() as folder:
        status, text, figures = check("-s", plant(folder / "tree", HEALTHY))
        assert (status, text.split(" - ")[0]) == (OK, "KTALLY OK"), text
        assert "growth is not judged" in text, "one reading does not pass for a judgement"
        assert figures["critical"] == "0;;;0" and figures["kernel"].endswith("B;;;0"), figures


def own_case(folder, severity):
    """A directory with a case that every machine shows."""
    (folder / severity).mkdir()
    (folder / severity / "mine.case").write_text(
        "title: A test\nfinding: {ram} of memory are a test\nabout: It always holds.\n"
        "symptom: ram > 1MiB\nsubject: row:ram\nstate: step\n"
        f"severity: {severity}\nbytes: ram\nevidence: {{ram}}\nculprit: the test\n"
        "remedy: none\nnext: ktally diagnose\nreference: https://example.org/test\n")
    return folder / severity


@test
def the_gravest_finding_is_the_status():
    with Folder() as folder:
        tree = plant(folder / "tree", HEALTHY)
        for severity, wanted in ("notice", OK), ("warning", WARNING), ("critical", CRITICAL):
            status, text, figures = check("-s", tree, "--cases", own_case(folder, severity))
            assert status == wanted, text
            assert text.startswith(f"KTALLY {['OK', 'WARNING', 'CRITICAL'][wanted]} - "), text
            assert figures[severity] != "0;;;0", figures
        assert "of memory are a test" in text, text


@test
def ignored_findings_do_not_count_and_are_counted():
    with Folder() as folder:
        tree, cases = plant(folder / "tree", HEALTHY), own_case(folder, "warning")
        for pattern in ("mine", "growing, mi*", "*ram"):
            status, text, figures = check("-s", tree, "--cases", cases, "--ignore", pattern)
            assert status == OK and "1 ignored" in text, (pattern, text)
            assert figures["warning"] == "0;;;0", figures
        assert check("-s", tree, "--cases", cases, "--ignore", "min,ine,,")[0] == WARNING


@test
def what_cannot_be_checked_is_unknown():
    with Folder() as folder:
        status, text, _ = check("-s", folder / "nothing")
        assert status == UNKNOWN and text.startswith("KTALLY UNKNOWN - ") and "nothing" in text
        for wrong in (["--no-such"], ["x"], ["-n", "0"], ["-s"]):
            result = ktally("check", *wrong)
            assert result.status == UNKNOWN and result.complaint, (wrong, result.status)
        (folder / "x.rec").write_text("this is no recording")
        tree = plant(folder / "tree", HEALTHY)
        status, text, _ = check("-s", tree, "--recording", folder / "x.rec")
        assert status == UNKNOWN, text


@test
def the_check_as_json_has_the_findings():
    with Folder() as folder:
        result = ktally("check", "-s", plant(folder / "one", HEALTHY), "--cases",
                        own_case(folder, "warning"), "-o", "json")
        assert result.status == WARNING
        report = must_be_valid("check", result)
        assert report["status"] == "warning" and report["line"].startswith("KTALLY WARNING - ")
        assert report["findings"][0]["id"] == "mine", report["findings"]


@test
def a_recording_is_checked_for_growth():
    with Folder() as folder:
        file = folder / "x.rec"
        succeed("record", "-s", plant(folder / "tree", HEALTHY), "-n", "3", "-i", "0.1", file)
        status, text, _ = check("-s", file)
        assert status == OK and "not judged" not in text, text
        tree = folder / "tree"
        status, text, _ = check("-s", tree, "--recording", file)
        assert status == OK and "not judged" not in text, text


def with_recorder(findings, age_s, *args):
    """A run next to the findings of a recorder, in a mount namespace of its own."""
    need_root()
    now_ms = int((time.time() - age_s) * 1000)
    head = f"ktally findings 1\t{now_ms}\t{now_ms - 9 * 86400000}\t254\n"
    script = ("mount -t tmpfs none /var/lib && mkdir /var/lib/ktally && "
              "cat >/var/lib/ktally/ktally.rec.findings && exec \"$@\"")
    result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", lib.program, *args],
                            input=(head + findings).encode(), capture_output=True, check=False,
                            timeout=lib.TIMEOUT_S, env=lib.environment())
    if b"unshare" in result.stderr or b"mount:" in result.stderr:
        raise Skip("no mount namespace can be made")
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


GRAVE = ("critical\tgrowing\tgrowing\tslab:kmalloc-512\t5368709120\t104857600\t1\t7200\t14400\t"
         "slab cache kmalloc-512 grows\t\tktally users kmalloc-512\n"
         "warning\tmemory-errors\tstep\trow:poison\t4096\t-\t-\t-\t-\tbad memory\t\t\n")


@test
def the_first_line_is_what_the_recorder_found():
    first = with_recorder(GRAVE, 0).decode().splitlines()[0]
    assert first == "critical: slab cache kmalloc-512 grows; 1 more: ktally diagnose", first
    first = with_recorder("", 0).decode().splitlines()[0]
    assert first == "nothing is wrong: the recorder has judged 254 caches and rows over 9 days", first
    # a recorder that has ended says nothing of now
    assert "recorder" not in with_recorder(GRAVE, 7200).decode()
    assert "recorder" not in with_recorder("half a li", 0).decode()


@test
def what_the_recorder_found_is_in_the_metrics():
    found = openmetrics.parse(with_recorder(GRAVE, 0, "metrics"))
    assert found["ktally_findings_judged"].samples[0][1] == 1
    counts = {labels["severity"]: value for labels, value, *_ in found["ktally_findings"].samples}
    assert counts == {"info": 0, "notice": 0, "warning": 1, "critical": 1}, counts
    stake = {labels["subject"]: value for labels, value, *_ in found["ktally_finding_bytes"].samples}
    assert stake == {"slab:kmalloc-512": 5368709120, "row:poison": 4096}, stake
    many = "".join(f"warning\tx\t\ts{i}\t1\t-\t-\t-\t-\tt\t\t\n" for i in range(60))
    found = openmetrics.parse(with_recorder(many, 0, "metrics"))
    assert len(found["ktally_finding"].samples) == 20, "more series than are worth it"
    assert max(value for _, value, *_ in found["ktally_findings"].samples) == 60
