# SPDX-License-Identifier: GPL-2.0-or-later
"""The program as people meet it: options, terminals, users, bundles."""

import os
import json
import re
import shutil
import subprocess
import tarfile
import threading
import unicodedata

import bundles
import lib
import trees
from lib import (NOBODY, Folder, environment, figures, ktally, need_root, plant, refuse, report_of,
                 row_bytes, succeed, test)

COMMANDS = ("account", "explain", "capture", "doctor", "help", "version")
SUFFIXES = (".tar.zst", ".tar.gz", ".tar.xz", ".tar")


# ---- the command line ----

@test
def a_wrong_command_line_is_status_2_and_one_line():
    for args in (["nonsense"], ["--nonsense"], ["-x"], ["-o", "nonsense"], ["-o"], ["-d"],
                 ["-d", "0"], ["-d", "10"], ["-d", "-1"], ["-d", "two"], ["-d", ""],
                 ["-s"], ["capture"], ["account", "slab"], ["explain", "a", "b"],
                 ["version", "x"], ["doctor", "x"], ["help", "nonsense"], ["help", "a", "b"],
                 ["explain", "nonsense"], ["--bytes=3"], ["--sourc"], ["capture", "x.zip"],
                 ["capture", "x"], ["", "x"], [""], ["--", "-x"]):
        refuse(*args, status=2)


@test
def what_cannot_be_opened_is_status_1_and_named():
    with Folder() as folder:
        for source in (folder / "nothing", folder / "x" / "y", "/dev/null", "/dev/zero", ""):
            refuse("-s", source, says=str(source))
        refuse("-s", "/etc/passwd", says="/etc/passwd")


@test
def options_stand_before_and_after_the_command():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        one = succeed("-s", folder, "-o", "json", "account").out
        assert one == succeed("account", "-o", "json", "-s", folder).out
        assert one == succeed(f"--source={folder}", "--output=json").out
        assert one == succeed(f"-s{folder}", "-ojson").out


@test
def help_is_complete_and_fits_80_columns():
    top = succeed("--help").text
    assert top == succeed("help").text == succeed("-h").text
    assert len(top.splitlines()) <= 50, "the help is longer than a screen of 50 lines"
    options = set(re.findall(r"--[a-z]+", succeed("help", "-a").text))
    assert options >= {"--source", "--output", "--bytes", "--depth", "--all", "--cheap", "--help",
                       "--version"}, options
    for command in COMMANDS:
        text = succeed("help", command).text
        assert re.search(rf"^(?:[A-Z][a-z]+)? +{command}\b", top, re.M), f"{command} is not in the help"
        if command != "help":
            assert text == succeed("--help", command).text, f"--help {command} is another help"
        assert command in text.split("\n")[0], f"help {command} does not name it"
        must_fit(top + text, 80)
    must_fit(succeed("--help", env=environment(LC_ALL="C")).text, 80)
    must_fit(succeed("help", "-a").text, 80)


@test
def help_of_a_command_has_its_own_options_and_no_others():
    def options(*args):
        return {row["option"].split("--")[1].split()[0]
                for row in json.loads(succeed("help", *args, "-o", "json").text)["options"]}
    assert "scrub" in options("capture") and "scrub" not in options()
    assert options("slab") == {"by", "families", "details", "exact", "objects", "draw"}, options("slab")
    assert "all" in options() and not options("version")
    assert "name, family, process" in succeed("help", "stacks").text, "--by does not say what it takes"


@test
def help_of_a_command_may_stand_behind_it():
    for command in (name for name in COMMANDS if name != "help"):
        text = succeed("help", command).text
        assert succeed(command, "--help").text == text, f"{command} --help is something else"
        assert succeed(command, "-h").text == text, f"{command} -h is something else"


@test
def version_is_one_line():
    assert re.fullmatch(r"ktally \d+\.\d+\.\d+\n", succeed("--version").text)
    assert succeed("-V").text == succeed("version").text == succeed("--version").text


@test
def depth_and_all_show_what_they_say():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        rows = report_of(folder)["rows"]
        depth = {"ram": 0}
        for row in rows[1:]:
            depth[row["id"]] = depth[row["parent"]] + 1
        every = succeed("-s", folder, "--all").text
        for row in rows:
            assert row["title"] in every, f"--all leaves out {row['id']}"
        for levels in range(1, 4):
            text = succeed("-s", folder, "-a", "-d", levels).text
            lines = [line for line in text.split("\n\n")[1].splitlines()[1:] if line.strip()]
            wanted = sum(deep <= levels for deep in depth.values())
            assert len(lines) == wanted, f"-d {levels}: {len(lines)} lines, not {wanted}"
        plain = succeed("-s", folder).text
        assert "unattributed" in plain and "±" in plain, "no unattributed row"


@test
def exact_bytes_are_those_of_the_json():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        text = succeed("-s", folder, "-b", "-a").text
        for row in report_of(folder)["rows"]:
            if row["bytes"] is not None:
                assert re.search(rf"{re.escape(row['title'])} +{row['bytes']}\b", text), row["id"]


@test
def an_error_that_is_not_known_is_not_zero():
    with Folder() as folder:
        plant(folder, {"proc/meminfo": "MemTotal: 1000 kB\nMemFree: 400 kB\n"})
        assert lib.row_of(report_of(folder), "unattributed")["error_bytes"] is None
        assert "error not known" in succeed("-s", folder).text
        assert "error_bytes{" not in succeed("-s", folder, "-o", "openmetrics").text


@test
def the_error_bound_is_in_exact_bytes_too():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        bound = lib.row_of(report_of(folder), "unattributed")["error_bytes"]
        line = next(line for line in succeed("-s", folder, "-b").text.splitlines()
                    if "unattributed" in line and "±" in line)
        assert str(bound) in line, f"--bytes shows '{line.strip()}' for {bound}"


# ---- terminals ----

def width(line):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def must_fit(text, columns):
    for line in text.splitlines():
        assert width(line) <= columns, f"{width(line)} columns instead of {columns}: {line}"


def every_text(source, **how):
    """What each command prints for people."""
    for args in ((), ("-a",), ("-N",), ("-b",), ("doctor",), ("help",), ("explain", "vmalloc"),
                 ("explain", "unattributed"), ("explain", "kernel")):
        yield args, succeed("-s", source, *args, **how).out


@test
def text_fits_80_columns():
    for tree in trees.ALL.values():
        with Folder() as folder:
            plant(folder, tree)
            for locale in ("C", "C.UTF-8"):
                for args, out in every_text(folder, env=environment(COLUMNS="80",
                                                                    LC_ALL=locale)):
                    try:
                        must_fit(out.decode(), 80)
                    except AssertionError as error:
                        raise AssertionError(f"{' '.join(args)}: {error}") from error


@test
def text_fits_wider_terminals_and_no_other_makes_it_wider():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for columns in ("100", "132", "200"):
            for _, out in every_text(folder, env=environment(COLUMNS=columns)):
                must_fit(out.decode(), int(columns))
        # a table has the width of its words: on a narrow terminal it keeps that
        for columns in ("40", "60", "0", "-5", "nonsense", "99999", ""):
            for _, out in every_text(folder, env=environment(COLUMNS=columns)):
                must_fit(out.decode(), 200 if columns == "99999" else 80)


@test
def the_c_locale_gets_plain_ascii():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for env in ({"LC_ALL": "C"}, {"LC_ALL": None, "LANG": "C"},
                    {"LC_ALL": None, "LANG": None}, {"LC_ALL": "POSIX", "LANG": "C.UTF-8"}):
            for args, out in every_text(folder, env=environment(**env)):
                bad = sorted({c for c in out.decode() if ord(c) > 126})
                assert not bad, f"{' '.join(args) or 'account'} with {env}: {bad}"


@test
def only_terminals_that_want_it_get_colour():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for args, out in every_text(folder, env=environment(TERM="xterm")):
            assert b"\x1b" not in out, "escape codes in a file"
        for changes, wanted in (({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False),
                                ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                                ({"TERM": "xterm", "NO_COLOR": ""}, True)):
            out = on_terminal("-s", str(folder), env=environment(**changes))
            assert (b"\x1b" in out) == wanted, f"{changes}: escape codes {not wanted}"
            plain = re.sub(rb"\x1b\[[0-9;]*m", b"", out).replace(b"\r\n", b"\n")
            assert b"\x1b" not in plain, "other escape codes than colours"
        assert b"\x1b" not in on_terminal("-s", str(folder), "-o", "json",
                                          env=environment(TERM="xterm")), "coloured JSON"


def on_terminal(*args, env):
    """Output as a terminal of 80 columns gets it."""
    ours, theirs = os.openpty()
    chunks = []

    def read():
        try:
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
        except OSError:  # how Linux says that nobody writes any more
            pass
    reader = threading.Thread(target=read)
    reader.start()
    result = lib.execute([lib.program, *args], env={**env, "COLUMNS": "80"}, stdout=theirs)
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert result.status == 0, result.complaint
    return b"".join(chunks)


@test
def a_reader_that_leaves_early_is_no_error_of_ours():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for output in ("text", "json"):
            reader, writer = os.pipe()
            os.close(reader)
            result = ktally("-s", folder, "-o", output, stdout=writer)
            os.close(writer)
            assert not result.err, f"complained: {result.complaint}"


@test
def output_that_cannot_be_written_is_status_1():
    with open("/dev/full", "wb") as full:
        for args in ((), ("-o", "json"), ("help",), ("version",)):
            result = ktally(*args, stdout=full)
            assert result.status == 1, f"{args}: status {result.status}"
            assert lib.one_complaint(result), f"{args}: {result.complaint!r}"
    for args in ((), ("version",)):
        result = ktally(*args, setup=lambda: os.close(1))
        assert result.status == 1, f"{args} without stdout: status {result.status}"
        assert lib.one_complaint(result), f"{args} without stdout: {result.complaint!r}"


@test
def closed_standard_streams_do_not_end_up_in_a_bundle():
    def close_all():
        for number in range(3):
            os.close(number)

    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        ktally("-s", tree, "capture", folder / "a.tar", setup=close_all)
        succeed("-s", tree, "capture", folder / "b.tar")
        files = [{file.relative_to(folder / name): file.read_bytes()
                  for file in unpack(folder / f"{name}.tar", folder / name)} for name in "ab"]
        assert files[0] == files[1], "another bundle"


@test
def a_name_with_a_line_break_gives_one_line_of_complaint():
    for name in ("no\nsuch", "no\x1b[31msuch"):
        for args in (("-s", name), ("explain", name), (name,), ("-o", name),
                     ("capture", name), (f"--{name}",)):
            result = ktally(*args)
            assert result.status in (1, 2), result.status
            assert lib.one_complaint(result), f"{args}: {result.complaint!r}"
            assert b"\x1b" not in result.err, f"{args}: an escape code in the complaint"


# ---- users ----

def for_nobody(folder):
    """The program where everybody can start it."""
    program = folder / "ktally"
    shutil.copy(lib.program, program)
    program.chmod(0o755)
    return str(program)


def says_what_root_adds(notes):
    return any("root would add" in note.lower() for note in notes)


@test
def an_unprivileged_user_gets_an_account_that_closes_and_hears_what_root_adds():
    need_root()
    with Folder() as folder:
        program = for_nobody(folder)
        result = lib.execute([program, "-o", "json"], user=NOBODY, cwd="/")
        assert result.status == 0 and not result.err, result.complaint
        report = result.json()
        lib.must_close(report)
        assert says_what_root_adds(report["notes"]), report["notes"]
        doctor = lib.execute([program, "doctor", "-o", "json"], user=NOBODY, cwd="/").json()
        states = {source["name"]: source["state"] for source in doctor["sources"]}
        assert states["slabinfo"] == "denied" or not os.path.exists("/proc/slabinfo"), states
        for name in ("vmstat", "meminfo", "zoneinfo"):
            assert states[name] == "ok", f"{name} is {states[name]}"
        text = lib.execute([program], user=NOBODY, cwd="/")
        assert text.status == 0 and says_what_root_adds([" ".join(text.text.split())])


@test
def a_capture_of_an_unprivileged_user_says_what_was_denied():
    need_root()
    with Folder() as folder:
        program = for_nobody(folder)
        mine = folder / "mine"
        mine.mkdir()
        os.chown(mine, NOBODY, NOBODY)
        bundle = mine / "b.tar.gz"
        result = lib.execute([program, "capture", str(bundle)], user=NOBODY, cwd="/")
        assert result.status == 0 and not result.err, result.complaint
        report = report_of(bundle)
        assert says_what_root_adds(report["notes"]), report["notes"]
        vmalloc = succeed("-s", bundle, "doctor", "-o", "json").json()["sources"]
        state = next(one["state"] for one in vmalloc if one["name"] == "vmallocinfo")
        assert state == "denied", f"vmallocinfo is {state} in the capture"


# ---- bundles ----

# what no two readings of a running machine agree on to the byte
MOVING = re.compile(r"(anonymous|page_cache|buffers|shmem|swap_cache|lru_only|slab.*|vmalloc|percpu|zsmalloc"
                    r"|kernel_stacks|page_tables|sec_page_tables|direct|unattributed|free.*|user"
                    r"|kernel|misc_reclaimable|hugetlb.*|boot|boot_other|memmap.*|balloon.*"
                    r"|unaccepted|given_away|gpu)")


HELD = ("bpf_rings", "io_uring", "perf_buffers", "packet_rings")  # of processes


def live_rows():
    """Of what a capture reads: without it, only --expensive does."""
    return row_bytes(lib.succeed("--expensive", "-o", "json").json())


def capture_beside(bundle):
    """What capture told, and rows of the machine then: what processes hold was the same before and after."""
    for _ in range(10):
        before = live_rows()
        told = succeed("capture", "--force", bundle, "-o", "json").json()
        after = live_rows()
        if all(before.get(row) == after.get(row) for row in HELD):
            return told, after
    raise lib.Skip("other programs begin and end all the time")


@test
def a_bundle_shows_the_machine_it_was_made_on():
    with Folder() as folder:
        for suffix in SUFFIXES:
            bundle = folder / f"b{suffix}"
            told, live = capture_beside(bundle)
            report = report_of(bundle)
            rows = row_bytes(report)
            assert not report["host"]["live"] and report["host"]["time"], report["host"]
            assert rows["ram"] == live["ram"], f"{suffix}: {rows['ram']}, not {live['ram']}"
            for row, value in live.items():
                # a process that ended in between may have been the one that could not be read
                if row in HELD and None in (rows.get(row), value):
                    continue
                if not MOVING.fullmatch(row):
                    assert rows.get(row) == value, f"{suffix}: {row} {rows.get(row)}, not {value}"
            files = unpack(bundle, folder / f"out{suffix}")
            assert len(files) == told["files"], f"{suffix}: {len(files)} files, told {told}"
            assert sum(file.stat().st_size for file in files) == told["bytes"], suffix


def unpack(bundle, folder):
    """With tar itself, which knows nothing of ktally; gives the files."""
    folder.mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", folder, "--no-same-owner"], check=True,
                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=lib.TIMEOUT_S)
    return [file for file in folder.rglob("*") if file.is_file()]


@test
def an_unpacked_bundle_has_the_account_of_the_bundle():
    with Folder() as folder:
        succeed("capture", folder / "b.tar.gz")
        unpack(folder / "b.tar.gz", folder / "out")
        packed, unpacked = report_of(folder / "b.tar.gz"), report_of(folder / "out")
        assert figures(packed) == figures(unpacked), "another account"
        assert packed["host"] == unpacked["host"], "another host"


@test
def a_capture_of_a_tree_or_bundle_keeps_its_account():
    for name, tree in trees.ALL.items():
        with Folder() as folder:
            direct = report_of(plant(folder / "tree", tree), "-N")
            source = folder / "tree"
            for turn, suffix in enumerate((*SUFFIXES, ".tgz")):
                bundle = folder / f"b{turn}{suffix}"
                succeed("-s", source, "capture", bundle)
                again = report_of(bundle, "-N")
                assert figures(again) == figures(direct), f"{name}: {suffix}: other rows"
                for part in ("annotations", "host"):
                    assert again[part] == direct[part], f"{name}: {suffix}: other {part}"
                source = bundle


@test
def a_tar_of_proc_and_sys_by_hand_is_a_bundle():
    with Folder() as folder:
        plant(folder / "tree" / "host", trees.MODERN)
        rows = figures(report_of(folder / "tree"))
        assert rows == figures(report_of(folder / "tree" / "host"))
        for name, what in (("b.tar", "host"), ("c.tar.gz", "."), ("d.tar.bz2", "./host")):
            with tarfile.open(folder / name, "w:" + name[name.rindex(".") + 1:].replace(
                    "tar", "")) as tar:
                tar.add(folder / "tree" / what, what)
            assert figures(report_of(folder / name)) == rows, name


@test
def a_bundle_is_known_by_its_content():
    with Folder() as folder:
        bundle = bundles.pack(folder / "b.tar", bundles.members(trees.MODERN))
        rows = figures(report_of(bundle))
        for name in ("bundle", "bundle.txt"):
            shutil.copy(bundle, folder / name)
            assert figures(report_of(folder / name)) == rows, name


@test
def a_single_file_is_a_machine_with_little_to_tell():
    with Folder() as folder:
        for name in ("meminfo", "from-a-bug-report.txt"):
            plant(folder, {name: trees.OLD["proc/meminfo"]})
            rows = row_bytes(report_of(folder / name))
            assert rows["anonymous"] == 150000 * 1024 and rows["ram"] == 1000000 * 1024, name


@test
def a_single_file_is_known_by_its_content():
    with Folder() as folder:
        for name in ("a.tar.gz.d/meminfo", "meminfo.tar.txt"):
            plant(folder, {name: trees.OLD["proc/meminfo"]})
            assert row_bytes(report_of(folder / name))["ram"] == 1000000 * 1024, name


@test
def capture_keeps_an_existing_file_unless_forced():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        bundle = folder / "b.tar.gz"
        bundle.write_text("precious")
        refuse("-s", tree, "capture", bundle, says=str(bundle))
        assert bundle.read_text() == "precious", "overwritten"
        refuse("-s", folder / "nothing", "capture", "--force", bundle)
        assert bundle.read_text() == "precious", "overwritten for a source that is not there"
        succeed("-s", tree, "capture", "--force", bundle)
        report_of(bundle)


@test
def a_capture_that_fails_leaves_no_file():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        refuse("-s", tree, "capture", folder / "no" / "b.tar", says="b.tar")
        refuse("-s", folder / "nothing", "capture", folder / "b.tar")
        assert not (folder / "b.tar").exists(), "a bundle of nothing"
        for suffix in SUFFIXES:
            refuse("-s", tree, "capture", folder / f"b{suffix}", setup=lib.limit_file_size(1024))
            assert not (folder / f"b{suffix}").exists(), f"half a bundle b{suffix} is left"


@test
def a_capture_into_a_folder_of_somebody_else_fails_cleanly():
    need_root()
    with Folder() as folder:
        program = for_nobody(folder)
        result = lib.execute([program, "capture", str(folder / "b.tar.gz")], user=NOBODY, cwd="/")
        assert result.status == 1 and lib.one_complaint(result), result.complaint
        assert not (folder / "b.tar.gz").exists()


@test
def only_its_owner_may_read_a_capture():
    with Folder() as folder:
        tree = plant(folder / "tree", trees.MODERN)
        succeed("-s", tree, "capture", folder / "new.tar")
        (folder / "old.tar").write_text("x")
        (folder / "old.tar").chmod(0o644)
        succeed("-s", tree, "capture", "--force", folder / "old.tar")
        for name in ("new.tar", "old.tar"):
            mode = (folder / name).stat().st_mode & 0o777
            assert mode == 0o600, f"{name} has mode {mode:o}"


# ---- scrubbed bundles ----

SECRETS = ("secret-host", "192.0.2.77", "2001:db8::77", "02:00:5e:77:77:77", "secretd",
           "secret-user", "secret-root", "secret-vendor", "secret-model", "fffface700000000",
           "secret-container")
PRIVATE = {
    **trees.MODERN,
    "proc/sys/kernel/hostname": "secret-host\n",
    "proc/1/cgroup": "0::/docker/secret-container\n",
    "sys/class/dmi/id/sys_vendor": "secret-vendor\n",
    "sys/class/dmi/id/product_name": "secret-model\n",
    "proc/vmallocinfo": trees.MODERN["proc/vmallocinfo"].replace("0xffffa000",
                                                                "0xfffface700000000"),
    "dmesg": trees.MODERN["dmesg"].replace("root=/dev/vda", "root=secret-root ip=192.0.2.77")
    .replace("(builder@farm)", "(secret-user@secret-host)") + """\
[    6.000000] secretd[77]: segfault at 77 ip 0000000000000077
[    6.100000] eth0: link becomes ready 02:00:5e:77:77:77
[    6.200000] DROP IN=eth0 SRC=192.0.2.77 DST=2001:db8::77
[    6.300000] Out of memory: Killed process 77 (secretd) total-vm:77kB
""",
}
# what any program may write to the kernel log, shaped like the kernel's own lines
LOOKALIKES = """[    7.000000] secret-host: IP hash table entries: 5 secret-user
[    7.100000] Freeing the room of secret-user
[    7.200000] Memory: of secret-user
[    7.300000] ftrace: secretd
[    7.400000] allocated to secret-user
[    7.500000] percpu: secretd
[    7.600000] secret-user has 3 pages used for memmap
"""


@test
def a_scrubbed_bundle_names_nobody():
    with Folder() as folder:
        tree = plant(folder / "tree", PRIVATE)
        open_bundle, scrubbed = folder / "a.tar.gz", folder / "b.tar.gz"
        succeed("-s", tree, "capture", open_bundle)
        succeed("-s", tree, "capture", "--scrub", scrubbed)
        found = b"".join(file.read_bytes() for file in unpack(open_bundle, folder / "a"))
        missing = [secret for secret in SECRETS if secret.encode() not in found]
        assert not missing, f"the test planted {missing} where nothing reads them"
        told = {}
        for file in unpack(scrubbed, folder / "b"):
            text = file.read_bytes()
            told.update({secret: file.relative_to(folder / "b") for secret in SECRETS
                         if secret.encode() in text})
        assert not told, ", ".join(f"{secret} in {file}" for secret, file in told.items())


@test
def a_scrubbed_log_has_only_lines_that_are_what_they_look_like():
    with Folder() as folder:
        log = trees.MODERN["dmesg"] + LOOKALIKES
        tree = plant(folder / "tree", {**trees.MODERN, "dmesg": log})
        succeed("-s", tree, "capture", "--scrub", folder / "b.tar")
        data = (folder / "b.tar").read_bytes()
        told = [line for line in LOOKALIKES.splitlines() if line[15:].encode() in data]
        assert not told, f"the bundle has {told}"


@test
def a_scrubbed_bundle_has_the_same_account():
    with Folder() as folder:
        tree = plant(folder / "tree", {**PRIVATE, "dmesg": trees.MODERN["dmesg"]})
        direct = report_of(tree)
        succeed("-s", tree, "capture", "--scrub", folder / "b.tar.gz")
        report = report_of(folder / "b.tar.gz")
        text = lib.differences(row_bytes(direct), row_bytes(report))
        assert not text and figures(report) == figures(direct), text or "other rows"
        assert report["annotations"] == direct["annotations"], "other annotations"


@test
def a_scrubbed_bundle_of_this_machine_does_not_name_it():
    name = os.uname().nodename
    with Folder() as folder:
        succeed("capture", "--scrub", folder / "b.tar.gz")
        report = report_of(folder / "b.tar.gz")
        assert report["host"]["name"] is None, report["host"]["name"]
        with open("/proc/cmdline", encoding="utf-8") as file:
            command_line = [word for word in file.read().split() if len(word) > 12]
        for file in unpack(folder / "b.tar.gz", folder / "out"):
            text = file.read_text(encoding="utf-8", errors="replace")
            where = file.relative_to(folder / "out")
            assert len(name) < 4 or name not in text, f"{where} names the host"
            assert not re.search(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", text), \
                f"{where} has a MAC address"
            assert not re.search(r"\b(?!0\.|127\.)\d{1,3}(?:\.\d{1,3}){3}\b", text), \
                f"{where} has an IP address"
            for word in command_line:
                assert word not in text, f"{where} has {word} of the kernel's command line"


@test
def a_scrubbed_bundle_has_no_serial_number():
    cpuinfo = "processor\t: 0\nflags\t\t: fpu hypervisor\nSerial\t\t: 10000000SECRET77\n"
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, "proc/cpuinfo": cpuinfo})
        succeed("-s", tree, "capture", "--scrub", folder / "b.tar")
        assert b"SECRET77" not in (folder / "b.tar").read_bytes(), "proc/cpuinfo has it"


@test
def a_scrubbed_log_leaves_out_who_wrote_it():
    log = "".join(f"Feb  3 13:50:55 secret-host kernel: {line}\n"
                  for line in trees.MODERN["dmesg"].splitlines())
    with Folder() as folder:
        tree = plant(folder / "tree", {**trees.MODERN, "proc/sys/kernel/hostname": "x\n",
                                       "dmesg": log})
        plain = report_of(plant(folder / "t", trees.MODERN))
        assert figures(report_of(tree)) == figures(plain), "the log of a daemon reads otherwise"
        succeed("-s", tree, "capture", "--scrub", folder / "b.tar")
        assert b"secret-host" not in (folder / "b.tar").read_bytes()
        text = lib.differences(row_bytes(report_of(tree)), row_bytes(report_of(folder / "b.tar")))
        assert not text, text
