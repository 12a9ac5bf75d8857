# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal is as it was before, however the view ends; and it follows the machine."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import lib
from lib import Terminal, fixture, test


def must_end(terminal, status):
    """It says nothing, and echo is on again on the screen that was there before."""
    screen = terminal.wait(f"ended with {status}", " echo\n")
    assert "CACHE" not in screen, f"its screen is still there:\n{screen}"
    shown = [line for line in screen.split("\n") if line.strip()]
    assert len(shown) == 2, f"it left something:\n{screen}"


@test
def q_and_f10_quit():
    for key in ("q", "F10", "Q"):
        with fixture() as terminal:
            terminal.wait("F10Quit")
            terminal.send(key)
            must_end(terminal, 0)


@test
def ctrl_c_and_signals_end_it_cleanly():
    for how in ("C-c", signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        with Terminal("top") as terminal:
            terminal.wait("F10Quit")
            if how == "C-c":
                terminal.send(how)
            else:
                os.kill(terminal.process(), how)
            must_end(terminal, 0)


@test
def a_crash_gives_the_terminal_back():
    for crash in (signal.SIGSEGV, signal.SIGABRT):
        with fixture() as terminal:
            terminal.wait("F10Quit")
            os.kill(terminal.process(), crash)
            screen = terminal.wait("ended with", " echo\n")
            assert "ended with 0" not in screen


@test
def it_stops_and_goes_on():
    shell = "bash --norc -i -c 'set -m; " + lib.program + " -s " + lib.FIXTURE + \
        " top; echo stopped $?; fg; echo over $?'"
    with Terminal(shell=shell) as terminal:
        terminal.wait("F10Quit")
        os.kill(terminal.process(), signal.SIGTSTP)
        terminal.wait("F10Quit", "total")
        terminal.send("q")
        terminal.wait("over 0", gone="CACHE")


@test
def it_follows_the_size_of_the_terminal():
    with Terminal("top") as terminal:
        terminal.wait("F10Quit")
        terminal.resize(120, 40)
        terminal.wait("PER S", "EnterExplain")
        terminal.resize(40, 10)
        terminal.wait("F1Help", gone="F10Quit")
        terminal.resize(80, 24)
        terminal.wait("F10Quit")


# the sanitizer's search for leaks at the end stops for ever where SIGHUP comes into it
NO_LEAKS = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"}


@test
def a_lost_terminal_ends_it():
    with Terminal("top", env=NO_LEAKS) as terminal:
        terminal.wait("F10Quit")
        process = terminal.process()
    must_be_gone(process)


@test
def a_lost_terminal_ends_it_though_sighup_is_ignored():
    with Terminal(shell=f"sh -c 'trap \"\" HUP; exec {lib.program} top'",
                  env=NO_LEAKS) as terminal:
        terminal.wait("F10Quit")
        process = terminal.process()
    must_be_gone(process)


def must_be_gone(process):
    end = time.monotonic() + lib.PATIENCE_S
    while os.path.exists(f"/proc/{process}"):
        assert time.monotonic() < end, "it goes on without a terminal"
        time.sleep(0.05)


@test
def terminals_that_cannot_be_drawn_on_are_told_so():
    for term, says in (("dumb", "cannot move its cursor"), ("no-such-terminal", "is not known"),
                       ("", "needs a terminal")):
        with Terminal("top", term=term) as terminal:
            terminal.wait(says, "--batch", gone="CACHE")


@test
def plain_terminals_are_drawn_on_too():
    for term in ("vt100", "linux", "screen", "xterm", "ansi"):
        with fixture(term=term) as terminal:
            screen = terminal.wait("total")
            assert "kernel" in screen


@test
def no_color_is_respected():
    color = re.compile(r"\x1b\[[0-9;]*(3[0-7]|38;5;[0-9]+)m")
    with fixture() as terminal:
        terminal.wait("F10Quit")
        assert color.search(terminal.screen(colors=True))
    with fixture(env={"NO_COLOR": "1"}) as terminal:
        terminal.wait("F10Quit")
        assert not color.search(terminal.screen(colors=True))


@test
def freezing_stops_time():
    with Terminal("top", "-i", "0.2") as terminal:
        terminal.wait("every 0.2 s")
        terminal.send("Space")
        terminal.wait("FROZEN", "frozen: nothing is read")
        before = terminal.screen()
        time.sleep(0.6)
        assert terminal.screen() == before
        terminal.send("F5")
        terminal.wait("every 0.2 s")


@test
def the_interval_can_be_changed():
    with Terminal("top") as terminal:
        terminal.wait("every 1 s")
        for key, says in (("+", "every 2 s"), ("F8", "every 5 s"), ("-", "every 2 s"),
                          ("F7", "every 1 s"), ("-", "every 0.5 s")):
            terminal.send(key)
            terminal.wait(says)


@test
def growth_counts_from_the_mark():
    with Terminal("top", "-i", "0.2") as terminal:
        first = re.search(r"growth since (\S+)", terminal.wait("growth since")).group(1)
        time.sleep(1.1)
        terminal.send("m")
        terminal.wait("marked", gone=first)


@test
def memory_that_is_taken_shows_as_growth():
    with Terminal("top", "account", "-i", "0.2", height=60) as terminal:
        terminal.wait("anonymous")
        block = bytearray(os.urandom(1 << 20)) * 200
        end = time.monotonic() + lib.PATIENCE_S
        while True:
            line = next(line for line in terminal.lines() if "anonymous" in line)
            if re.search(r"\+(1[5-9]|2[0-9])\d\.\d MiB", line):
                break
            assert time.monotonic() < end, line
            time.sleep(0.1)
        del block


@test
def it_ends_after_n_samples():
    with Terminal("top", "-n", "2", "-i", "0.2") as terminal:
        terminal.wait("ended with 0")


@test
def a_recording_is_stepped_through():
    with lib.tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r.rec")
        done = subprocess.run([lib.program, "record", "-n", "3", "-i", "1", path], timeout=60,
                              capture_output=True, check=False)
        if done.returncode:
            raise lib.Skip("no recording can be made here: " + done.stderr.decode().strip())
        with Terminal("-s", path, "top") as terminal:
            terminal.wait("F10Quit", "from " + path[:5])
            when = clock(terminal)
            terminal.send("Right")
            terminal.wait("this is the last sample")
            terminal.send("Left")
            terminal.wait("F10Quit", gone=when)
            terminal.send("Left")
            terminal.send("Left")
            terminal.wait("this is the first sample")
            terminal.send("Right", "Right")
            terminal.wait(when)


def clock(terminal):
    return re.search(r"\d\d:\d\d:\d\d UTC", terminal.lines()[0]).group()


def recording_of_hours(folder):
    """A sample every ten minutes of 2026-10-25, 00:00 to 05:00 UTC; then a day later another one."""
    meminfo = Path(lib.REPOSITORY / "tests/fixtures/6.12/proc/meminfo").read_text(encoding="ascii")
    times = [f"2026-10-25T{minutes // 60:02}:{minutes % 60:02}:00Z" for minutes in range(0, 301, 10)]
    log = os.path.join(folder, "a.log")
    Path(log).write_text("".join(f"{time}\n{meminfo}" for time in [*times, "2026-10-26T05:00:00Z"]),
                         encoding="ascii")
    path = os.path.join(folder, "h.rec")
    done = subprocess.run([lib.program, "import", log, "-o", path], timeout=60,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


@test
def a_recording_is_travelled_by_typed_times_and_bigger_steps():
    with lib.tempfile.TemporaryDirectory() as folder:
        path = recording_of_hours(folder)
        with Terminal("-s", path, "top", "account", width=120) as terminal:
            terminal.wait("2026-10-26 05:00:00 UTC")
            for keys, shown in (("t", None), ("2026-10-25T02:30", "2026-10-25 02:30:00 UTC"),
                                ("]", "02:40:00"), ("[", "02:30:00"), ("}", "03:30:00"),
                                ("{", "02:30:00"), ("j", None), ("-1d", "2026-10-25 05:00:00 UTC"),
                                ("}", "2026-10-26 05:00:00 UTC")):
                terminal.type(keys)
                if shown is None:
                    terminal.wait("Time (23:59")
                elif len(keys) > 1:
                    terminal.wait(keys)
                    terminal.send("Enter")
                if shown:
                    terminal.wait(shown, gone="Time (")
            terminal.type("t")
            terminal.type("nonsense")
            terminal.send("Enter")
            terminal.wait("no sample at 'nonsense'")
            terminal.type("t")
            terminal.type("23:00")
            terminal.send("Escape")
            terminal.wait("2026-10-26 05:00:00 UTC", gone="Time (")
        with Terminal("-s", path, "top", "account", width=120, env={"TZ": "JST-9"}) as terminal:
            terminal.wait("2026-10-26 14:00:00 JST")
            terminal.type("t")
            terminal.type("2026-10-25T11:30")
            terminal.send("Enter")
            terminal.wait("2026-10-25 11:30:00 JST")


@test
def other_times_need_a_recording():
    with Terminal("top", "-i", "60") as terminal:
        terminal.wait("F10Quit")
        terminal.type("t")
        terminal.wait("only a recording has other times")


def click(terminal, y, x, button=0):
    """As a terminal sends it, in the form of X10."""
    for code in (button, 3) if button < 3 else (button,):
        terminal.type(f"\x1b[M{chr(32 + code)}{chr(33 + x)}{chr(33 + y)}")


@test
def the_mouse_selects_rows_opens_tabs_and_scrolls():
    tree = lib.REPOSITORY / "tests/fixtures/6.12"
    with Terminal("-s", tree, "top") as terminal:
        lines = terminal.wait("F10Quit", "CACHE").split("\n")
        tabs = next(y for y, line in enumerate(lines) if "3 vmalloc" in line)
        click(terminal, tabs, lines[tabs].index("3 vmalloc") + 3)
        terminal.wait("CALLER", gone="CACHE ")
        click(terminal, tabs, lines[tabs].index("2 slab") + 3)
        lines = terminal.wait("CACHE").split("\n")
        head = next(y for y, line in enumerate(lines) if line.startswith("CACHE"))
        name = lines[head + 3].split()[0]
        click(terminal, head + 3, 5)
        click(terminal, head + 3, 5)  # the selected row: explained
        terminal.wait(name, "Esc q: back")
        terminal.send("Escape")
        terminal.wait("CACHE", "F10Quit")
        click(terminal, 0, 0, 65)  # the wheel, downward
        terminal.send("Enter")
        terminal.wait(lines[head + 4].split()[0], "Esc q: back")


@test
def a_click_on_the_head_of_a_column_sorts_by_it():
    with Terminal("-s", lib.REPOSITORY / "tests/fixtures/6.12", "top") as terminal:
        lines = terminal.wait("F10Quit", "HELD▼").split("\n")
        head = next(y for y, line in enumerate(lines) if line.startswith("CACHE"))
        click(terminal, head, lines[head].index("OBJECTS") + 2)
        lines = terminal.wait("OBJECTS▼", gone="HELD▼").split("\n")
        first = lines[head + 1].split()[0]
        click(terminal, head, lines[head].index("OBJECTS") + 2)  # again: the other way round
        terminal.wait("OBJECTS▲", gone=f"\n{first} ")
        click(terminal, head, 1)  # the name
        terminal.wait("CACHE▼")
        click(terminal, 0, 0)  # no head: nothing is sorted
        terminal.send("1")
        # the list of caches has these rows above it, too, but in other lines
        lines = terminal.wait("WHERE THE MEMORY IS", gone="CACHE▼").split("\n")
        head = next(y for y, line in enumerate(lines) if "WHERE THE MEMORY IS" in line)
        click(terminal, head, lines[head].index("SIZE") + 1)
        terminal.wait("cannot sort the account")


@test
def the_columns_to_sort_by_have_a_title():
    with Terminal("-s", lib.REPOSITORY / "tests/fixtures/6.12", "top") as terminal:
        terminal.wait("F10Quit", "CACHE")
        terminal.send("F6")
        screen = terminal.wait("SORT BY COLUMN", "Enter: sort by it")
        lines = screen.split("\n")
        at = next(y for y, line in enumerate(lines) if "SORT BY COLUMN" in line)
        assert "│" in lines[at + 1] or "|" in lines[at + 1], lines[at + 1]


def settings_home():
    import tempfile
    from pathlib import Path
    home = Path(tempfile.mkdtemp(prefix="ktally-home-"))
    return home, home / ".config" / "ktally" / "top"


def leave(terminal):
    terminal.send("q")
    return terminal.wait("ended with 0")


@test
def settings_are_kept_for_the_next_start():
    import shutil
    home, file = settings_home()
    try:
        # confined, with a capture: another process writes
        for where in (["-s", lib.FIXTURE, "top"], ["top"]):
            shutil.rmtree(home / ".config", ignore_errors=True)
            env = {"HOME": str(home)}
            with Terminal(*where, env=env) as terminal:
                terminal.wait("F10Quit")
                terminal.send("Down", "Down", "e", "F1")
                terminal.wait("ktally top: keys")
                terminal.send("Escape")
                terminal.wait("F10Quit")
                leave(terminal)
            assert not list(home.iterdir()), "written though nothing was set"
            with Terminal(*where, "account", env=env) as terminal:
                terminal.wait("installed memory", "kernel image")
                terminal.send("/")
                terminal.type("kernel image")
                terminal.send("Escape", "Left", "F8")
                terminal.wait("[+] kernel image")
                terminal.send("3")
                terminal.wait("CALLER")
                terminal.send("Down", "x", "o")
                screen = terminal.wait("\n* ", "AREAS▼")
                pinned = next(line for line in screen.split("\n") if line.startswith("* ")).split()[1]
                leave(terminal)
            text = file.read_text()
            for line in ("list vmalloc", "interval_ms 2000", "fold kernel_image", "sort vmalloc areas"):
                assert line in text.split("\n"), f"no {line!r}: {text}"
            assert "pin vmalloc " + pinned[:8] in text, text
            assert file.stat().st_mode & 0o7777 == 0o600 and len(list(file.parent.iterdir())) == 1
            before = file.stat().st_mtime_ns, file.stat().st_ino
            with Terminal(*where, env=env) as terminal:
                screen = terminal.wait("CALLER", "AREAS▼", "\n* ")
                assert where != ["top"] or "every 2 s" in screen, screen
                terminal.send("1")
                terminal.wait("[+] kernel image", gone="kernel code")
                terminal.send("3")
                terminal.wait("AREAS▼")
                leave(terminal)
            assert before == (file.stat().st_mtime_ns, file.stat().st_ino), "written without a change"
            with Terminal("-i", "5", *where, "slab", "--sort", "name", env=env) as terminal:
                screen = terminal.wait("CACHE▼", "F10Quit")  # options come first, and are not kept
                assert where != ["top"] or "every 5 s" in screen, screen
                terminal.send("x")
                terminal.wait("\n* ")
                leave(terminal)
            text = file.read_text()
            assert "list vmalloc\ninterval_ms 2000\n" in text and "sort slab" not in text, text
            assert "\npin slab " in text and "\nfold kernel_image\n" in text, text
    finally:
        shutil.rmtree(home, ignore_errors=True)


@test
def settings_that_are_nonsense_do_no_harm():
    import shutil
    import subprocess
    home, file = settings_home()
    try:
        file.parent.mkdir(parents=True)
        file.write_bytes(b"pin slab \x1b[2J\nlist nonsense\nsort slab nonsense\n\xff\0\0\ninterval_ms 1\n")
        with fixture(env={"HOME": str(home)}) as terminal:
            terminal.wait_for_golden("80x24", "F10Quit", "total")
        file.write_text("list vmalloc\nsort slab name\npin slab dentry\n")
        with fixture(env={"HOME": "/nonexistent", "XDG_CONFIG_HOME": str(home / ".config")}) as terminal:
            terminal.wait("CALLER")
        plain = subprocess.run([lib.program, "-s", lib.FIXTURE, "top", "-b"], capture_output=True,
                               env=lib.environment(HOME=str(home)), cwd=lib.REPOSITORY, check=True)
        lib.must_be_golden("batch", plain.stdout.decode())  # files get no settings
    finally:
        shutil.rmtree(home, ignore_errors=True)


@test
def settings_that_cannot_be_written_are_said():
    import shutil
    home, file = settings_home()
    try:
        file.mkdir(parents=True)  # a directory in its place
        for where in (["-s", lib.FIXTURE, "top"], ["top"]):
            with Terminal(*where, env={"HOME": str(home)}) as terminal:
                terminal.wait("F10Quit")
                terminal.send("1")
                terminal.wait("installed memory")
                assert "cannot keep the settings of top" in leave(terminal)
    finally:
        shutil.rmtree(home, ignore_errors=True)
