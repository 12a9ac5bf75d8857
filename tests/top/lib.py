# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal to try the terminal view in: tmux, driven and looked at.

Nothing sleeps for a fixed time: a test waits until the screen shows what it must, and fails
where that does not come.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from suite import Skip, test  # noqa: F401

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "tests" / "golden"
FIXTURE = "tests/fixtures/6.12"
PATIENCE_S = 60

program = None  # path of ktally, set by run.py
rewrite = False  # write golden files instead of comparing, set by run.py


def need_tmux():
    if not shutil.which("tmux"):
        raise Skip("no tmux")


def environment(**changes):
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
           "TZ": "UTC0",
           "ASAN_OPTIONS": "exitcode=99:detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1"}
    env.update(changes)
    return {name: value for name, value in env.items() if value is not None}


class Terminal:
    """A tmux server of its own with one window, in which a shell runs ktally top."""

    def __init__(self, *args, width=80, height=24, env=None, term="tmux-256color", shell=None):
        need_tmux()
        self.folder = tempfile.mkdtemp(prefix="ktally-top-")
        self.socket = os.path.join(self.folder, "tmux")
        variables = {**environment(), "TERM": term,
                     "LSAN_OPTIONS": "print_suppressions=0:suppressions=" + self.suppressions(),
                     **(env or {})}
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items()
                         if value is not None)
        command = shell or " ".join(map(shlex.quote, [program, *map(str, args)]))
        # the shell stays, so that what is left on the terminal can be looked at
        script = (f"trap : INT QUIT; env -i {words} {command}; echo \"ended with $?\"; "
                  "stty -a | grep -o -- ' -*echo '; exec cat")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                  "-s", "t", "sh", "-c", script)

    def suppressions(self):
        """ncurses keeps what it knows of a terminal until the end."""
        path = os.path.join(self.folder, "lsan")
        Path(path).write_text("leak:libtinfo\nleak:libncursesw\n", encoding="ascii")
        return path

    def tmux(self, *args, check=True):
        result = subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True,
                                text=True, env=environment(TERM="dumb"), cwd=REPOSITORY,
                                timeout=PATIENCE_S)
        assert not check or result.returncode == 0, f"tmux {args[0]}: {result.stderr.strip()}"
        return result.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def screen(self, colors=False):
        return self.tmux("capture-pane", "-p", "-t", "t", *(["-e"] if colors else []))

    def lines(self):
        return self.screen().split("\n")[:-1]

    def send(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def type(self, text):
        self.tmux("send-keys", "-t", "t", "-l", "--", text)

    def wait(self, *wanted, gone=()):
        """Until all of `wanted` is on the screen and nothing of `gone`; gives the screen."""
        end = time.monotonic() + PATIENCE_S
        while True:
            screen = self.screen()
            missing = [text for text in wanted if text not in screen]
            left = [text for text in ([gone] if isinstance(gone, str) else gone) if text in screen]
            if not missing and not left:
                return screen
            assert time.monotonic() < end, f"missing {missing}, still there {left}:\n{screen}"
            time.sleep(0.05)

    def wait_for_golden(self, name, *wanted):
        """Until the screen is the golden one: what is drawn over, by parts, is not looked at."""
        screen = self.wait(*wanted)
        path = golden(name)
        if not rewrite and path.exists():
            end = time.monotonic() + PATIENCE_S
            while plain(screen) != path.read_text(encoding="utf-8") and time.monotonic() < end:
                time.sleep(0.05)
                screen = self.screen()
        must_be_golden(name, screen)
        return screen

    def resize(self, width, height):
        self.tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def process(self):
        """The id of ktally."""
        end = time.monotonic() + PATIENCE_S
        pane = int(self.tmux("display-message", "-p", "-t", "t", "#{pane_pid}"))
        while time.monotonic() < end:
            for child in children(pane):
                if Path(f"/proc/{child}/comm").read_text().strip() == Path(program).name:
                    return child
            time.sleep(0.05)
        raise AssertionError("ktally does not run")


def children(pid):
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found += [int(child)] + children(int(child))
    return found


def fixture(*args, **how):
    """The view of a captured machine: the same screen each time."""
    return Terminal("-s", FIXTURE, "top", *args, **how)


def plain(screen):
    """Without blanks at the ends of lines, which terminals do not tell apart from nothing."""
    return "\n".join(line.rstrip() for line in screen.rstrip("\n").split("\n")) + "\n"


def golden(name):
    return GOLDEN / f"top-{name}.txt"


def must_be_golden(name, screen):
    path = golden(name)
    if rewrite:
        path.write_text(plain(screen), encoding="utf-8")
        return
    assert path.exists(), f"there is no {path.name}; run.py --rewrite makes it"
    wanted = path.read_text(encoding="utf-8")
    assert plain(screen) == wanted, f"not as in {path.name}:\n{first_difference(wanted, plain(screen))}"


def first_difference(wanted, got):
    for number, (a, b) in enumerate(zip(wanted.split("\n"), got.split("\n")), 1):
        if a != b:
            return f"line {number}: wanted {a!r}\n         got {b!r}"
    return "one is longer"
