# SPDX-License-Identifier: GPL-2.0-or-later
"""What experiments may leave behind: cgroups, named after the process that made them."""

from pathlib import Path

GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))


def is_running(name):
    """Whether the experiment goes on: other tests make some at the same time."""
    try:
        return "ktally" in Path("/proc", name.rsplit("-", 1)[1], "comm").read_text(encoding="utf-8")
    except OSError:
        return False


def left_over(*folders):
    """Cgroups and files of experiments that have ended."""
    return [str(path) for above in (*GROUPS, *folders) if above.is_dir()
            for path in above.glob("ktally-experiment-*") if not is_running(path.name)]
