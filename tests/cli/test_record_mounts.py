# SPDX-License-Identifier: GPL-2.0-or-later
"""File systems that are mounted and unmounted are events of a recording."""

import subprocess
from pathlib import Path

import lib
from lib import Folder, Skip, test
from test_record_moved import events_of, record_during


def mounts_of_machine():
    try:
        return Path("/proc/1/mountinfo").read_text(encoding="utf-8")
    except PermissionError:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8")


@test
def mounts_are_events():
    lib.need_root()
    with Folder() as folder:
        place = folder / "mounted here"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "/none", str(place)]

        def begin():
            if subprocess.run(mount, check=False, capture_output=True).returncode:
                raise Skip("nothing can be mounted here")
            if "mounted\\040here" not in mounts_of_machine():
                raise Skip("the first process has other mounts")

        def end(_):
            subprocess.run(["umount", str(place)], check=True)

        try:
            record_during(folder / "x.rec", begin, end)
        finally:
            subprocess.run(["umount", str(place)], check=False, capture_output=True)
        events = events_of(folder / "x.rec").splitlines()
        name = f"{place} (tmpfs)".replace(" ", "\\040", 1)
        came = [line for line in events if f"mounted: {name}" in line and "unmounted" not in line]
        gone = [line for line in events if f"unmounted: {name}" in line]
        assert len(came) == 1 and len(gone) == 1, events
        assert events.index(came[0]) < events.index(gone[0]), events
