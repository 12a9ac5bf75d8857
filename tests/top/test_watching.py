# SPDX-License-Identifier: GPL-2.0-or-later
"""Who allocates from a row: asked for, watched while the view goes on, shown, ended."""

import os
import re
import signal
import time
from pathlib import Path

import lib
from lib import Skip, Terminal, children, fixture, test


def armed():
    """The view with a watch of its first slab cache; skipped where that is not possible."""
    if os.getuid() != 0:
        raise Skip("needs root")
    terminal = Terminal("top", "slab")
    terminal.__enter__()
    terminal.wait("F9Who")
    terminal.send("w")
    terminal.wait("Watch ", " for 30 s, at most 1 % CPU?", "Enter")
    terminal.send("Enter")
    end = time.monotonic() + lib.PATIENCE_S
    while " samples, Esc ends it" not in (screen := terminal.screen()):
        if "who allocates" in screen and "cannot" in screen:
            terminal.__exit__()
            raise Skip("this kernel cannot be watched")
        assert time.monotonic() < end, screen
        time.sleep(0.05)
    return terminal


def clock(screen):
    return re.findall(r"\d\d:\d\d:\d\d", screen.split("\n")[0])[-1]


@test
def a_watch_is_asked_for_and_refused_in_time():
    with Terminal("top", "slab") as terminal:
        terminal.wait("F9Who")
        terminal.send("F9")
        terminal.wait("for 30 s, at most 1 % CPU?")
        terminal.send("+")
        terminal.wait("for 1 min, at most 1 % CPU?")
        terminal.send("-", "-")
        terminal.wait("for 10 s, at most 1 % CPU?")
        terminal.send("Escape")
        terminal.wait("F9Who", gone="at most")
    with fixture() as terminal:
        terminal.wait("F10Quit", gone="F9Who")
        terminal.send("w")
        terminal.wait("only the running machine can be watched")


@test
def the_view_goes_on_during_a_watch_and_escape_shows_the_result():
    terminal = armed()
    try:
        before = clock(terminal.screen())
        end = time.monotonic() + lib.PATIENCE_S
        while clock(terminal.screen()) == before:
            assert time.monotonic() < end, "it stands still"
            time.sleep(0.05)
        terminal.send("3")
        terminal.wait("CALLER", "Esc ends it")
        terminal.send("Escape")
        terminal.wait("who allocates", "s: stacks", "watched for")
        terminal.send("s")
        terminal.send("q")
        terminal.wait("F9Who", gone="Esc ends it")
        terminal.send("W")
        terminal.wait("who allocates", "watched for")
    finally:
        terminal.__exit__()


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@test
def nothing_goes_on_when_the_view_ends():
    for signum in (signal.SIGKILL, signal.SIGTERM, None):
        terminal = armed()
        try:
            program = terminal.process()
            others = children(program)
            assert len(others) == 2, others
            if signum is None:
                terminal.send("q")
            else:
                os.kill(program, signum)
            terminal.wait("ended with")
            end = time.monotonic() + lib.PATIENCE_S
            while any(map(lives, others)):
                assert time.monotonic() < end, "a process is left"
                time.sleep(0.05)
        finally:
            terminal.__exit__()
