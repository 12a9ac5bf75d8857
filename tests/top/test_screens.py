# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on the screen, compared with screens that a person has looked at."""

import json
import subprocess
import time

import lib
from lib import Terminal, fixture, must_be_golden, test


@test
def the_first_screen_of_80x24_is_as_it_was_looked_at():
    with fixture() as terminal:
        terminal.wait_for_golden("80x24", "F10Quit", "total")


@test
def a_large_terminal_has_more_of_everything():
    with fixture(width=120, height=40) as terminal:
        terminal.wait_for_golden("120x40", "F10Quit", "total")


@test
def a_terminal_of_40x10_shows_what_matters():
    with fixture(width=40, height=10) as terminal:
        terminal.wait_for_golden("40x10", "F1Help", "kernel")


@test
def any_size_is_drawn_without_a_fault():
    with fixture() as terminal:
        for width, height in [(1, 1), (2, 2), (10, 3), (20, 5), (39, 9), (81, 7), (200, 60)]:
            terminal.resize(width, height)
            if width >= 10 and height >= 3:
                terminal.wait("CACHE"[:width])
        terminal.resize(80, 24)
        terminal.wait_for_golden("80x24", "F10Quit", "total")


@test
def without_utf8_there_is_only_ascii():
    for env in ({"LC_ALL": "C"}, {"LC_ALL": None, "LANG": None}):
        with fixture(env=env) as terminal:
            screen = terminal.wait_for_golden("ascii-80x24", "F10Quit", "total")
            assert screen.isascii(), f"{set(c for c in screen if not c.isascii())}"


@test
def a_locale_that_is_not_installed_is_taken_for_utf8():
    with fixture(env={"LC_ALL": "xx_XX.UTF-8"}) as terminal:
        terminal.wait_for_golden("80x24", "F10Quit", "total")


@test
def each_tab_shows_its_list():
    heads = ["WHERE THE MEMORY IS", "CACHE", "CALLER", "STACKS", "TABLES", "CGROUP"]
    names = ["account", "slab", "vmalloc", "stacks", "pagetables", "cgroups"]
    for number, (head, name) in enumerate(zip(heads, names), 1):
        with fixture(name) as terminal:
            first = terminal.wait("F10Quit")
            terminal.send("2" if number != 2 else "1")
            terminal.wait(heads[1] if number != 2 else heads[0])
            terminal.send(str(number))
            terminal.wait(*first.split("\n"))
    with fixture("account") as terminal:
        terminal.wait_for_golden("account-80x24", "F10Quit")
    with fixture("vmalloc") as terminal:
        terminal.wait_for_golden("vmalloc-80x24", "F10Quit", "total")


@test
def tab_goes_round_both_ways():
    with fixture("account") as terminal:
        terminal.wait("F10Quit")
        for head in ["CACHE", "CALLER"]:
            terminal.send("Tab")
            terminal.wait(head)
        for head in ["CACHE", "├ kernel rodata"[:5]]:
            terminal.send("BTab")
            terminal.wait(head)


@test
def enter_draws_a_cache_and_explains_it():
    with fixture("--sort", "name", "--filter", "dentry") as terminal:
        terminal.wait("filter: dentry")
        terminal.send("Enter")
        terminal.wait_for_golden("cache-80x24", "used for", "Esc q: back")
        terminal.send("NPage")
        terminal.wait("One slab")
        terminal.send("q")
        terminal.wait("F10Quit")


@test
def enter_explains_rows_of_the_account_and_of_other_lists():
    with fixture("account") as terminal:
        terminal.wait("F10Quit")
        for _ in range(8):
            terminal.send("Down")
        terminal.send("Enter")
        terminal.wait("What it is:", "What to do next:")
        terminal.send("Escape")
        terminal.wait("F10Quit")
        terminal.send("3")
        terminal.wait("CALLER")
        terminal.send("Enter")
        terminal.wait("AREAS", "What it is:")


@test
def help_has_every_key():
    with fixture() as terminal:
        terminal.wait("F10Quit")
        for key in ("F1", "h", "?"):
            terminal.send(key)
            terminal.wait_for_golden("help-80x24", "ktally top: keys", "this help")
            terminal.send("Escape")
            terminal.wait("F10Quit")


def first_row(terminal):
    return terminal.screen().split("\n")[terminal_head(terminal) + 1]


def terminal_head(terminal):
    return next(i for i, line in enumerate(terminal.screen().split("\n"))
                if line.startswith("CACHE"))


@test
def letters_sort_as_those_of_slabtop():
    columns = {"c": "HELD", "n": "CACHE", "a": "OBJECTS", "o": "SLOTS", "u": "USED", "s": "OBJECT",
               "b": "PER SLAB", "p": "PAGES", "l": "SLABS", "v": "SLABS", "M": "HELD"}
    with fixture() as terminal:
        terminal.wait("F10Quit")
        for key, title in columns.items():
            terminal.send(key)
            terminal.wait(title + "▼")
        terminal.send("I")
        terminal.wait("▲")
        terminal.send("I", "c")
        terminal.wait("HELD▼")


@test
def the_column_to_sort_by_can_be_chosen():
    with fixture() as terminal:
        terminal.wait("HELD▼")
        terminal.send("F6")
        terminal.wait_for_golden("sort-80x24", "Enter: sort by it")
        terminal.send("Down", "Enter")
        terminal.wait("F10Quit", gone="HELD▼")
        terminal.send("c")
        terminal.wait("HELD▼")
        terminal.send(">")
        terminal.wait("▼", gone="HELD▼")
        terminal.send("<")
        terminal.wait("HELD▼")
        terminal.send(".")
        terminal.wait("Enter: sort by it")
        terminal.send("Escape")
        terminal.wait("HELD▼", "F10Quit")


@test
def search_goes_to_a_row_and_filter_hides_the_others():
    with fixture() as terminal:
        terminal.wait("F10Quit")
        for key in ("/", "F3"):
            terminal.send(key)
            terminal.wait("Search:")
            terminal.type("zzzz")
            terminal.wait("name contains this text")
            terminal.send("Escape")
            terminal.wait("F10Quit")
        terminal.send("/")
        terminal.type("task_struct")
        terminal.wait("task_struct  ", "Search: task_struct")
        terminal.send("Enter", "\\")
        terminal.wait("Filter:")
        terminal.type("dentr")
        terminal.send("BSpace", "BSpace", "Enter")
        screen = terminal.wait("filter: den", "(others)")
        assert "dentry" in screen and "kmalloc-1k" not in screen
        terminal.send("Escape")
        terminal.wait("total", gone="filter:")
        terminal.send("F4")
        terminal.wait("Filter:")
        terminal.type("no such")
        terminal.wait("name contains the filter")
        terminal.send("Escape")
        terminal.wait("total", gone="filter:")


@test
def the_cursor_moves_by_row_and_page_and_to_the_ends():
    with fixture() as terminal:
        terminal.wait("F10Quit")
        top = first_row(terminal)
        terminal.send("End")
        terminal.wait("F10Quit", gone=top)
        terminal.send("PPage", "Up", "Home")
        terminal.wait(top)
        terminal.send("NPage", "Down", "NPage")
        terminal.wait("F10Quit", gone=top)
        terminal.send("g")
        terminal.wait(top)
        terminal.send("G")
        terminal.wait("F10Quit", gone=top)


@test
def rows_of_the_account_are_folded_and_unfolded():
    with fixture("account") as terminal:
        terminal.wait("kernel image", "left out by the kernel")
        for _ in range(5):
            terminal.send("Down")
        terminal.send("z")
        terminal.wait("[+] reserved at boot", gone="kernel image")
        terminal.send("Down", "Left")  # the next row is the kernel, and not one that is folded away
        terminal.wait_for_golden("folded-80x24", "[+] kernel ")
        terminal.send("Right")
        terminal.wait("├ slab ", "[+] reserved at boot", gone="[+] kernel ")
        terminal.send("Up", "z")
        terminal.wait("kernel image", gone="[+]")
        terminal.send("Down", "Left", "Left")  # of a leaf, or of a folded row: to the row above
        terminal.wait("[+] kernel image", gone="kernel code")
        terminal.send("Home", "Left")
        terminal.wait("[+] installed memory", gone="reserved at boot")
        terminal.send("2")
        terminal.wait("CACHE", "unattributed")  # the rows above a list are not folded
        terminal.send("1")
        terminal.wait("[+] installed memory")
        terminal.send("/")
        terminal.type("kernel code")
        terminal.wait("kernel code", gone="[+]")
        terminal.send("Escape", "F4")
        terminal.type("bss")
        terminal.wait("kernel bss", gone="kernel code")
        terminal.send("Enter", "z")
        terminal.wait("rows cannot be folded while a filter is set")
        terminal.send("Escape")
        terminal.wait("kernel code")
        terminal.send("2")
        terminal.wait("CACHE")
        terminal.send("z")
        terminal.wait("only rows of the account can be folded")


@test
def pinned_rows_stay_at_the_top_of_their_list():
    with fixture() as terminal:
        terminal.wait("HELD▼", "dentry  ")
        terminal.send("/")
        terminal.type("dentry")
        terminal.send("Escape", "x")
        terminal.wait("\n* dentry ")
        assert first_row(terminal).startswith("* dentry ")
        terminal.send("Home", "n")
        terminal.wait("CACHE▼")
        assert first_row(terminal).startswith("* dentry ")
        terminal.send("I", "c", "I")
        terminal.wait_for_golden("pinned-80x24", "HELD▼", "* dentry")
        terminal.send("3")
        terminal.wait("CALLER", gone="* ")
        terminal.send("2")
        terminal.wait("* dentry")
        terminal.send("x")  # the cursor is on it: unpinned
        terminal.wait("dentry  ", gone="* dentry")
        terminal.send("1")
        terminal.wait("installed memory")
        terminal.send("x")
        terminal.wait("cannot pin a row of the account")


@test
def other_columns_come_in_from_the_right():
    with fixture() as terminal:
        terminal.wait("HELD▼")
        terminal.send("Right")
        terminal.wait("IN USE", gone="HELD")
        terminal.send("Left")
        terminal.wait("HELD▼")


@test
def amounts_can_be_exact_and_empty_rows_shown():
    with fixture() as terminal:
        terminal.wait("MiB")
        terminal.send("e")
        terminal.wait("CACHE", gone="MiB")
        terminal.send("e")
        terminal.wait("MiB")
        terminal.send("A")
        terminal.wait("empty rows are shown")
        terminal.send("A")
        terminal.wait("empty rows are hidden")


def batch(*args, **changes):
    return subprocess.run([lib.program, *args], env=lib.environment(**changes), cwd=lib.REPOSITORY,
                          capture_output=True, timeout=lib.PATIENCE_S, check=False)


@test
def batch_mode_is_plain_text():
    for flags in (["-b"], ["--batch"], ["-b", "-n", "1"]):
        result = batch("-s", lib.FIXTURE, "top", *flags)
        assert result.returncode == 0 and not result.stderr, result.stderr
        assert b"\x1b" not in result.stdout
        must_be_golden("batch", result.stdout.decode())
    result = batch("-s", lib.FIXTURE, "top", "-b", LC_ALL="C")
    assert result.stdout.isascii()


@test
def batch_mode_repeats_and_follows_the_machine():
    result = batch("top", "-b", "-n", "2", "-i", "0.2", "--top", "3")
    assert result.returncode == 0, result.stderr
    text = result.stdout.decode()
    assert text.count("WHERE THE MEMORY IS") == 2, text
    assert text.count("(others)") == 2, text


@test
def a_large_part_of_what_is_free_has_its_row():
    """Memory that is not initialised yet, of CMA or of HighMem is most of it on some machines."""
    account = json.loads(subprocess.run(
        [lib.program, "-o", "json"], capture_output=True, check=True, timeout=60).stdout)
    text = batch("top", "-b", "-n", "1", COLUMNS="120").stdout.decode()
    parts = [row for row in account["rows"] if row["parent"] == "free" and row["bytes"]]
    whole = sum(row["bytes"] for row in parts)
    for row in parts:
        assert row["bytes"] < whole / 4 or row["title"] in text, (row, text)


@test
def batch_totals_are_those_of_the_list():
    text = batch("-s", lib.FIXTURE, "top", "-b", "--top", "2").stdout.decode()
    total = next(line for line in text.split("\n") if line.startswith("total"))
    whole = batch("-s", lib.FIXTURE, "slab").stdout.decode()
    wanted = next(line for line in whole.split("\n") if line.startswith("total"))
    assert total.split()[1:3] == wanted.split()[1:3], f"{total!r} is not {wanted!r}"


@test
def options_of_lists_are_no_errors_at_the_end():
    for options in (["--sort", "name"], ["--filter", "dentry"], ["--top", "3"]):
        result = batch("-s", lib.FIXTURE, "top", "-b", *options)
        assert result.returncode == 0 and not result.stderr, f"{options}: {result.stderr}"


@test
def what_cannot_be_is_said_in_one_sentence():
    cases = [(["top"], "needs a terminal"), (["top", "nonsense", "-b"], "is not a list of top"),
             (["top", "nonsense"], "is not a list of top"),
             (["top", "-b", "-o", "json"], "top has no such output"),
             (["-s", lib.FIXTURE, "top", "-b", "--sort", "nonsense"], "no such column"),
             (["-s", "/nonexistent", "top", "-b"], "No such file")]
    for args, says in cases:
        result = batch(*args)
        assert result.returncode in (1, 2), f"{args}: {result.returncode}"
        assert result.stderr.startswith(b"ktally: ") and result.stderr.count(b"\n") == 1, result.stderr
        assert says in result.stderr.decode(), f"{args}: {result.stderr}"
        assert not result.stdout


@test
def b_means_bytes_everywhere_else():
    result = batch("-s", lib.FIXTURE, "-b", "slab", "--top", "1")
    assert b"MiB" not in result.stdout.split(b"CACHE")[1], result.stdout


@test
def foreign_names_cannot_control_the_terminal():
    import tempfile
    from pathlib import Path
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "proc"
        tree.mkdir()
        for name in ("meminfo", "zoneinfo", "vmstat", "slabinfo"):
            source = Path(lib.FIXTURE) / "proc" / name
            if source.exists():
                (tree / name).write_bytes(source.read_bytes())
        slabinfo = (tree / "slabinfo").read_bytes().replace(b"dentry ", b"\x1b[2Jd\x07\xff ", 1)
        (tree / "slabinfo").write_bytes(slabinfo)
        result = batch("-s", folder, "top", "-b", "-a")
        assert result.returncode == 0, result.stderr
        assert b"\x1b" not in result.stdout and b"\x07" not in result.stdout
        assert b"?[2Jd??" in result.stdout, result.stdout.decode("utf-8", "replace")


@test
def without_root_the_account_is_shown_and_lists_say_what_they_lack():
    import os
    if os.geteuid() != 0:
        raise lib.Skip("needs root, to be somebody else")
    who = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        result = subprocess.run([lib.program, "top", "-b", "-n", "1"], env=lib.environment(), cwd="/",
                                capture_output=True, timeout=lib.PATIENCE_S, check=False, **who)
    except PermissionError:
        raise lib.Skip("the program's folder is not for others") from None
    assert result.returncode == 0, result.stderr
    assert b"installed memory" in result.stdout
    result = subprocess.run([lib.program, "top", "-b", "-n", "1", "slab"], env=lib.environment(),
                            cwd="/", capture_output=True, timeout=lib.PATIENCE_S, check=False, **who)
    assert b"root can" in result.stdout.replace(b"\n", b" "), result.stdout.decode()


@test
def every_machine_of_the_corpus_is_drawn_within_its_width():
    import os
    from pathlib import Path
    corpus = Path(os.environ.get("KTALLY_CORPUS") or lib.REPOSITORY / ".." / "shared" / "corpus")
    if not corpus.is_dir():
        raise lib.Skip("the corpus is not there (KTALLY_CORPUS)")
    for tree in sorted(tree for part in ("procfs", "numa") for tree in (corpus / part).iterdir()):
        result = batch("-s", str(tree), "top", "-b")
        assert result.returncode in (0, 1), f"{tree.name}: {result.stderr}"
        assert b"\x1b" not in result.stdout and result.stderr.count(b"\n") <= 1
        for line in result.stdout.decode().split("\n"):
            assert len(line) <= 80, f"{tree.name}: {line!r}"


@test
def the_first_line_is_the_gravest_finding_and_f_shows_all():
    now_ms = int(time.time() * 1000)
    lines = [f"ktally findings 1\t{now_ms}\t{now_ms - 900000000}\t254",
             "critical\tgrowing\tgrowing\tslab:kmalloc-512\t5\t1\t1\t7\t9\tkmalloc-512 grows\t\tx",
             "warning\tmemory-errors\tstep\trow:poison\t4\t-\t-\t-\t-\tbad memory\t\t"]
    text = "".join(line + "\\n" for line in lines)
    command = ("sh -c 'mount -t tmpfs none /var/lib && mkdir /var/lib/ktally && "
               f"printf \"{text}\" >/var/lib/ktally/ktally.rec.findings && exec {lib.program} top'")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
                      capture_output=True, check=False).returncode:
        raise lib.Skip("no mount namespace can be made")
    with Terminal(shell="unshare -m " + command) as terminal:
        first = terminal.wait("F10Quit", "kmalloc-512 grows").splitlines()[0]
        assert first.startswith("critical: kmalloc-512 grows") and first.endswith("1 more, f: all"), first
        terminal.send("f")
        terminal.wait("ktally diagnose: findings", gone=("F10Quit",))
        terminal.send("Down", "q")
        terminal.wait("F10Quit", "critical: kmalloc-512")
