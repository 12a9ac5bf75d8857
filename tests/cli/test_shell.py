# SPDX-License-Identifier: GPL-2.0-or-later
"""A session: commands one a line, about one source that is opened once."""

import subprocess

import lib
import trees
from lib import Folder, plant, succeed, test
from test_twins import recorded


def session(text, *options):
    """(status, output, errors) of a session that reads TEXT."""
    done = subprocess.run([lib.program, *map(str, options), "shell"], input=text.encode(),
                          capture_output=True, timeout=lib.TIMEOUT_S, env=lib.environment(),
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@test
def a_session_prints_what_single_commands_print():
    commands = ("slab --top 3", "account -o json", "vmalloc", "-b")
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        succeed("-s", tree, "capture", folder / "a.tar")
        for source in (tree, folder / "a.tar"):
            wanted = "".join(succeed("-s", source, *line.split()).text for line in commands)
            assert session("\n".join(commands), "-s", source) == (0, wanted, "")


@test
def names_of_other_debuggers_are_commands():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        for other, own in (("kmastat", "slab"), ("kmausers", "users")):
            wanted = succeed("-s", tree, own)
            assert succeed("-s", tree, other).text == wanted.text
            assert session(other, "-s", tree) == (0, wanted.text, "")


@test
def sar_is_a_name_of_the_report():
    with Folder() as folder:
        recording = recorded(folder, trees.MODERN["proc/slabinfo"], trees.MODERN["proc/slabinfo"])
        wanted = succeed("report", "-k", recording)
        assert "SML_MEM" in wanted.text, wanted.text
        assert succeed("sar", "-k", recording).text == wanted.text
        assert session("sar -k", "-s", recording) == (0, wanted.text, "")


@test
def blanks_comments_and_quotes_are_as_in_a_shell():
    with Folder() as folder:
        tree = plant(folder / "a tree", trees.MODERN)
        wanted = succeed("-s", tree, "slab").text
        text = f"\n  # nothing\n\t slab # all of it\r\nslab -s '{tree}'\nsl\"ab\"\nquit\nnonsense\n"
        assert session(text, "-s", tree) == (0, wanted * 3, "")
        # the last line has no end, and a line may name another source
        assert session(f'slab -s "{tree}"') == (0, wanted, "")


@test
def a_line_that_fails_is_said_and_the_next_one_runs():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        wanted = succeed("-s", tree, "slab").text
        for line, says in (("nonsense", "there is no command"), ("slab --nonsense", "nonsense"),
                           ("slab 'a", "a quote is not closed"), ("shell", "session already"),
                           ("slab nothing", "nothing"), ("a " * 65, "more than 64 words"),
                           ("slab -i 1", "a single sample"), ("'' ''", "there is no command")):
            status, out, err = session(f"{line}\nslab\n", "-s", tree)
            assert (status, out) == (1, wanted), line
            assert says in err and err.count("\n") == 1, err


@test
def a_session_about_other_files_writes_none():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        status, out, _ = session(f"capture {folder / 'a.tar'}\n", "-s", tree)
        if lib.is_sanitized():
            return
        assert status == 1 and not out and not (folder / "a.tar").exists()


@test
def a_session_without_a_source_is_about_this_machine():
    status, out, err = session("version\naccount -o json\n")
    assert status == 0 and '"live": true' in out and not err


@test
def a_session_that_cannot_begin_fails():
    with Folder() as folder:
        status, out, err = session("slab\n", "-s", folder / "none")
        assert status == 1 and not out and "none" in err
