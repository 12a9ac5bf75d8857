# SPDX-License-Identifier: GPL-2.0-or-later
"""Input from somebody who means harm, or from a disk that is failing.

Whatever it is: an account that closes or one line of complaint, in bounded time and
memory, and not a byte of this machine in it.
"""

import ctypes
import gzip
import os
import random
import re
import shutil
import socket
import stat
import struct
import tarfile
import zipfile

import bundles
import lib
import trees
from bundles import MIB, header, link, member, members, pack, pack_zeros
from lib import (Folder, Skip, close_or_refuse, figures, ktally, need_root, plant, refuse,
                 report_of, row_bytes, strace, test)

GOOD = trees.MODERN
MEMINFO = GOOD["proc/meminfo"]
TEXTS = ("proc/meminfo", "proc/zoneinfo", "proc/vmstat", "proc/slabinfo", "proc/iomem",
         "proc/vmallocinfo", "dmesg")
SMALL = {"proc/meminfo": MEMINFO}
# without meminfo nothing else tells the page size
NO_MEMINFO = {"ktally/meta": "page_bytes=4096\n",
              **{path: text for path, text in GOOD.items() if path != "proc/meminfo"}}
SECRET_KB = 123456789
SECRET = MEMINFO.replace("975360", str(SECRET_KB))


def in_folder(tree, *args):
    with Folder() as folder:
        return close_or_refuse(plant(folder, tree), *args)


def with_bundle(name, parts, judge):
    with Folder() as folder:
        return judge(pack(folder / name, parts))


# ---- folders ----

@test
def an_empty_folder_is_no_machine():
    with Folder() as folder:
        refuse("-s", folder)
        (folder / "proc").mkdir()
        (folder / "sys").mkdir()
        refuse("-s", folder)
        for command in ("doctor", "account"):
            result = ktally("-s", folder, command)
            assert result.status in (0, 1), f"{command}: status {result.status}"


@test
def garbage_is_refused_or_left_out():
    dice = random.Random(1)
    in_folder({path: dice.randbytes(5000) for path in TEXTS})
    for path in TEXTS:
        for junk in (dice.randbytes(5000), b"", b"\n" * 5000, b"\0" * 5000, b" " * 5000,
                     b"9" * 5000, b"-" * 5000, b"\xff\xfe" * 2500,
                     ("é€😀: 1 kB\n" * 500).encode(), b"Node 0, zone " * 500):
            in_folder({**GOOD, path: junk}, "-N")


@test
def a_file_cut_off_anywhere_costs_rows_but_not_the_account():
    for path, text in GOOD.items():
        data = text.encode()
        for cut in sorted({len(data) * part // 20 for part in range(20)}):
            try:
                in_folder({**GOOD, path: data[:cut]}, "-N")
            except AssertionError as error:
                raise AssertionError(f"{path} cut at {cut}: {error}") from error


EXTREMES = ("0", "-1", "9223372036854775807", "-9223372036854775807", "9007199254740991",
            "-9007199254740991", "8796093022207", "2251799813685247", "18446744073709551615",
            "99999999999999999999999", "")
NUMBER = re.compile(r"(?<=[ :=\-x])-?(?:0x)?[0-9a-f]*[0-9][0-9a-f]*(?=[ \n),K\]])")


@test
def one_extreme_number_breaks_no_sum():
    for path in ("proc/meminfo", "proc/vmstat", "proc/zoneinfo"):
        text = GOOD[path]
        for match in NUMBER.finditer(text):
            for extreme in EXTREMES[1:7]:
                changed = text[:match.start()] + extreme + text[match.end():]
                line = text[text.rfind("\n", 0, match.start()) + 1:match.end()]
                try:
                    in_folder({**GOOD, path: changed}, "-N")
                except AssertionError as error:
                    raise AssertionError(f"{path}: {line} -> {extreme}: {error}") from error


@test
def files_full_of_extreme_numbers_break_no_sum():
    for path in (*TEXTS, "all of them"):
        for extreme in EXTREMES:
            tree = {name: NUMBER.sub(extreme, text) if path in (name, "all of them") else text
                    for name, text in GOOD.items()}
            try:
                in_folder(tree, "-N")
            except AssertionError as error:
                raise AssertionError(f"{path} full of {extreme}: {error}") from error


@test
def extreme_numbers_of_both_signs_break_no_sum():
    dice = random.Random(2)
    for round_ in range(150):
        tree = {path: NUMBER.sub(lambda match: dice.choice(EXTREMES[:7])
                                 if dice.random() < 0.3 else match.group(), text)
                if path in TEXTS[:3] else text for path, text in GOOD.items()}
        try:
            in_folder(tree, "-N")
        except AssertionError as error:
            raise AssertionError(f"round {round_}: {error}") from error


@test
def sums_beyond_64_bits_are_refused_and_do_not_start_again_at_zero():
    fields = ("MemFree", "Buffers", "Cached", "AnonPages", "PageTables", "KernelStack", "Percpu",
              "SReclaimable", "SUnreclaim", "HardwareCorrupted", "Bounce")
    for count in range(1, len(fields) + 1):
        in_folder({"proc/meminfo": "MemTotal: 1000000 kB\n" + "".join(
            f"{field}: 9007199254740991 kB\n" for field in fields[:count])})


def mutated(text, dice):
    lines = text.split("\n")
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(lines))
        what = dice.randrange(5)
        if what == 0:
            lines.insert(dice.randrange(len(lines)), lines[at])
        elif what == 1:
            del lines[at]
        elif what == 2 and lines[at]:
            cut = dice.randrange(len(lines[at]))
            lines[at] = lines[at][:cut] + chr(dice.randint(1, 255)) + lines[at][cut + 1:]
        elif what == 3:
            lines[at] = lines[at] * dice.randint(2, 4)
        else:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        lines = lines or [""]
    return "\n".join(lines)


@test
def changed_files_break_no_sum():
    dice = random.Random(3)
    for round_ in range(200):
        base = dice.choice(list(trees.ALL.values()))
        tree = {path: mutated(text, dice) if dice.random() < 0.5 else text
                for path, text in base.items()}
        try:
            in_folder(tree, "-N")
        except AssertionError as error:
            raise AssertionError(f"round {round_}: {error}") from error


@test
def the_same_zone_table_or_pool_twice_is_one_row_or_none():
    zones = GOOD["proc/zoneinfo"]
    in_folder({**GOOD, "proc/zoneinfo": zones + zones}, "-N")
    in_folder({**GOOD, "proc/zoneinfo": zones + zones.replace("DMA32", "dma32")}, "-N")
    in_folder({**GOOD, "dmesg": GOOD["dmesg"] + "".join(
        f"[ 1.0] {name} hash table entries: 4 (order: 0, 4096 bytes, linear)\n"
        for name in ("A B", "A-B", "a b", "", " ", "é", "è"))})
    pool = "sys/kernel/mm/hugepages/hugepages-{}kB/{}_hugepages"
    in_folder({**GOOD, **{pool.format(size, what): "1\n" for size in ("2048", "02048", "+2048")
                          for what in ("nr", "free")}})


@test
def millions_of_lines_overflow_no_sum():
    zone = "Node 0, zone Normal\n pages free 1\n present 1000\n managed 900\n"
    for path, start, line in (
            ("proc/zoneinfo", zone, "count: 8796093022206\n"),
            ("proc/zoneinfo", zone, "vm stats threshold: 1048576\n"),
            ("proc/vmallocinfo", "", "0x0 0 a vmalloc pages=1099511627775\n"),
            ("proc/slabinfo", "", "a 1 1 1 1 1048576 : tunables : slabdata 1 1048575 0\n"),
            ("dmesg", "", "[1.0] Freeing x: 9007199254740990K\n"),
            ("dmesg", "", "[1.0] pcpu-alloc: [0] 0 1 2 3 4 5 6 7\n")):
        if line.startswith("[1.0] Freeing"):
            start = "[0.0] Memory: 1K/2K available (1K bss)\n"
        with Folder() as folder:
            plant(folder, GOOD)
            with (folder / path).open("wb") as file:
                file.write(start.encode())
                for _ in range(40):
                    file.write(line.encode() * (MIB // len(line)))
            close_or_refuse(folder)


@test
def a_file_of_100_mib_is_refused_and_named():
    with Folder() as folder:
        plant(folder, {"sys/x": ""})
        (folder / "proc").mkdir()
        with (folder / "proc/meminfo").open("wb") as file:
            file.write(MEMINFO.encode())
            for _ in range(100):
                file.write(b"Filler: 1 kB\n" * (MIB // 13))
        refuse("-s", folder)
        doctor = lib.succeed("-s", folder, "doctor", "-o", "json").json()
        source = next(one for one in doctor["sources"] if one["name"] == "meminfo")
        assert source["state"] == "bad" and "MiB" in source["why"], source
        # alone it is a text with a file at its beginning
        result = lib.succeed("-s", folder / "proc/meminfo")
        assert "the rest of it was not read" in " ".join(result.text.split()), result.text


@test
def the_complaint_says_what_is_wrong_with_the_file_that_is_there():
    with Folder() as folder:
        (plant(folder, {"sys/x": ""}) / "proc/meminfo").mkdir(parents=True)
        refuse("-s", folder, says="not a regular file")


@test
def endless_files_are_not_read():
    with Folder() as folder:
        file = plant(folder, NO_MEMINFO) / "proc/meminfo"
        file.mkdir()
        assert row_bytes(report_of(folder))["buffers"] is None, "buffers of a folder"
        file.rmdir()
        os.mkfifo(file)
        assert row_bytes(report_of(folder))["buffers"] is None, "buffers of a fifo"
        refuse("-s", file)


@test
def devices_in_a_tree_are_not_opened():
    need_root()
    with Folder() as folder:
        plant(folder, GOOD)
        for path in ("proc/meminfo", "proc/zoneinfo"):
            (folder / path).unlink()
            try:
                os.mknod(folder / path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
            except OSError as error:
                raise Skip(f"no device can be made here: {error.strerror}") from error
        refuse("-s", folder)
        refuse("-s", folder / "proc/meminfo")


class Opens:
    """Names of a directory that are opened, as the kernel tells it (inotify)."""

    IN_OPEN = 0x20

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = self.libc.inotify_add_watch(self.fd, os.fsencode(folder), self.IN_OPEN)
        if self.fd < 0 or watch < 0:
            raise Skip("no inotify here")

    def names(self):
        """Takes what came since the last call."""
        found = set()
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return found
        while data:
            _, _, _, length = struct.unpack("iIII", data[:16])
            found.add(os.fsdecode(data[16:16 + length].rstrip(b"\0")))
            data = data[16 + length:]
        return found

    def close(self):
        os.close(self.fd)


def plant_node(path, kind):
    """Something that is no file: opening it would have an effect."""
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        try:  # an unused number: only who opens it learns that nothing is there
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(240, 77))
        except OSError:
            return False
    return True


@test
def nothing_but_a_file_is_ever_opened():
    with Folder() as folder:
        tree = plant(folder / "tree", GOOD)
        watch = Opens(tree / "proc")
        report_of(tree)
        assert "meminfo" in watch.names(), "the watch sees no open"
        for kind in ("fifo", "socket", "device"):
            if not plant_node(tree / "proc/zoneinfo", kind):
                continue
            report_of(tree)
            assert "zoneinfo" not in watch.names(), f"a {kind} in a tree was opened"
            for args in (["-s", tree / "proc/zoneinfo"],
                         ["-s", tree / "proc/zoneinfo", "report"],
                         ["-s", tree / "proc/zoneinfo", "memreports"],
                         ["-s", f"{tree}/proc/zoneinfo@-1h"],
                         ["diff", tree, tree / "proc/zoneinfo"],
                         ["serve", "--token-file", tree / "proc/zoneinfo"]):
                refuse(*args)
                assert "zoneinfo" not in watch.names(), f"{args}: a {kind} was opened"
        watch.close()


@test
def a_tail_that_is_no_file_is_not_opened():
    with Folder() as folder:
        recording = folder / "a.rec"
        lib.succeed("record", recording, "-n", "2", "-i", "0.1", "-o", "json")
        watch = Opens(folder)
        for kind in ("fifo", "socket", "device"):
            if not plant_node(folder / "a.rec.tail", kind):
                continue
            refuse("-s", recording, "report", says="a.rec.tail: not a file")
            assert "a.rec.tail" not in watch.names(), f"a {kind} was opened"
        watch.close()


@test
def a_tree_works_where_proc_is_not_mounted():
    need_root()
    if lib.is_sanitized():
        raise Skip("the sanitizers need /proc")
    tool = shutil.which("unshare")
    with Folder() as folder:
        tree = plant(folder / "tree", GOOD)
        wanted = figures(report_of(tree))
        command = [tool, "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh",
                   lib.program, "-s", str(tree), "-o", "json"]
        result = lib.execute(command, env=lib.environment(ASAN_OPTIONS="detect_leaks=0"))
        if b"mount" in result.err or b"unshare" in result.err:
            raise Skip("no mount namespace here")
        assert result.status == 0, result.complaint
        assert figures(result.json()) == wanted, "another account without /proc"


def host_links(folder):
    """Links that would lead out of a tree: (what is linked, to where)."""
    outside = plant(folder / "outside", {"meminfo": SECRET, "proc/meminfo": SECRET,
                                         "host/proc/meminfo": SECRET})
    tree = folder / "a" / "tree"
    yield tree, "proc/meminfo", str(outside / "meminfo")
    yield tree, "proc/meminfo", "../../../outside/meminfo"
    yield tree, "proc/meminfo", "../" * 40 + str(outside / "meminfo").lstrip("/")
    yield tree, "proc/meminfo", "/proc/meminfo"
    yield tree, "proc/meminfo", "/etc/passwd"
    yield tree, "proc/meminfo", "/proc/self/root/proc/meminfo"
    yield tree, "proc", str(outside / "proc")
    yield tree, "proc", "../../outside/proc"
    yield tree, "proc", "/proc"
    yield tree, "sub", str(outside / "host")
    yield tree, "sub", "/"
    yield tree, "sub/proc", "/proc"
    yield tree, "proc/meminfo", "meminfo"
    yield tree, "proc/meminfo", "nowhere"


def must_not_lead_out(prefix=()):
    with Folder() as folder:
        for tree, name, target in host_links(folder):
            shutil.rmtree(tree, ignore_errors=True)
            (tree / "sys").mkdir(parents=True)
            if name.startswith("sub"):
                (tree / "sys").rmdir()
            place = tree / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
            command = [*prefix, lib.program, "-s", str(tree), "-o", "json"]
            env = lib.environment(ASAN_OPTIONS="detect_leaks=0") if prefix else None
            result = lib.execute(command, env=env)
            assert result.status == 1 and not result.out, \
                f"{name} -> {target}: read: {result.text[:60]}"


@test
def no_link_leads_out_of_a_tree():
    must_not_lead_out()


@test
def no_link_leads_out_of_a_tree_on_kernels_without_openat2():
    must_not_lead_out(strace("-qq", "-o", os.devnull, "-e", "trace=openat2", "-e",
                             "inject=openat2:error=ENOSYS"))


@test
def links_inside_a_tree_are_followed_inside_it():
    with Folder() as folder:
        plant(folder, {"data/real": SECRET, "sys/x": ""})
        (folder / "proc").mkdir()
        for target in ("/data/real", "../data/real", "/../../data/real"):
            (folder / "proc/meminfo").unlink(missing_ok=True)
            (folder / "proc/meminfo").symlink_to(target)
            assert row_bytes(report_of(folder))["ram"] == SECRET_KB * 1024, target


@test
def a_tree_works_on_kernels_without_openat2():
    command = strace("-qq", "-o", os.devnull, "-e", "trace=openat2", "-e",
                     "inject=openat2:error=ENOSYS")
    with Folder() as folder:
        tree = plant(folder / "around", GOOD)
        direct = report_of(tree)
        for source in (tree, folder):
            result = lib.execute([*command, lib.program, "-s", str(source), "-o", "json"],
                                 env=lib.environment(ASAN_OPTIONS="detect_leaks=0"))
            assert result.status == 0, result.complaint
            assert result.json()["rows"] == direct["rows"], "another account"


@test
def thousands_of_nodes_and_pools_take_bounded_time():
    node = "Node {0} MemTotal: 1024 kB\nNode {0} MemFree: 1000 kB\nNode {0} AnonPages: 1 kB\n"
    in_folder({f"sys/devices/system/node/node{number}/meminfo": node.format(number)
               for number in range(8000)}, "-N")
    in_folder({**SMALL, **{f"sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages": "1\n"
                           for size in range(1, 8000)}})


# ---- bundles ----

@test
def an_absolute_path_in_a_bundle_is_refused():
    for name in ("/proc/meminfo", "//proc/meminfo", ".//proc/meminfo", "/etc/x"):
        with_bundle("b.tar.gz", [member(name, MEMINFO), *members(GOOD)],
                    lambda bundle: refuse("-s", bundle, says="absolute"))


@test
def a_path_that_leaves_the_bundle_is_refused():
    for name in ("../proc/meminfo", "a/../../proc/meminfo", "proc/../../x", "..", "x/.."):
        with_bundle("b.tar.gz", [*members(GOOD), member(name, MEMINFO)],
                    lambda bundle: refuse("-s", bundle, says="outside the bundle"))


@test
def links_in_a_bundle_are_not_followed():
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        for target in ("/etc/passwd", "/proc/meminfo", "../../etc/passwd", "proc/other"):
            parts = [member("proc/other", SECRET), link("proc/meminfo", target, kind)]
            with_bundle("b.tar", parts, lambda bundle: refuse("-s", bundle))
            with_bundle("b.tar", [*parts, *members(NO_MEMINFO)], must_name_the_link)


def must_name_the_link(bundle):
    assert row_bytes(report_of(bundle))["buffers"] is None, "a link was followed"
    doctor = lib.succeed("-s", bundle, "doctor", "-o", "json").json()
    source = next(one for one in doctor["sources"] if one["name"] == "meminfo")
    assert source["state"] == "bad" and "link" in source["why"], source["why"]


@test
def a_hard_link_that_brings_its_own_data_is_still_a_link():
    data = SECRET.encode()
    with_bundle("b.tar", [header("proc/meminfo", len(data), tarfile.LNKTYPE, "proc/other") + data
                          + bytes(-len(data) % bundles.BLOCK), *members(NO_MEMINFO)],
                must_name_the_link)


@test
def devices_and_folders_in_place_of_files_are_left_out():
    for kind in (tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE):
        with_bundle("b.tar", [header("proc/meminfo", kind=kind)],
                    lambda bundle: refuse("-s", bundle))


@test
def the_first_of_two_machines_in_a_bundle_is_shown():
    first = with_bundle("b.tar", members(GOOD), report_of)
    for order in ("in a row", "mixed"):
        one, two = members(GOOD, "one/"), members({**trees.OLD, "proc/sys/kernel/hostname":
                                                   "two\n"}, "two/")
        parts = one + two if order == "in a row" else \
            [part for pair in zip(one, two) for part in pair] + one[len(two):]
        report = with_bundle("b.tar", parts, report_of)
        assert report["rows"] == first["rows"], f"two machines {order} are mixed"
        assert report["host"]["name"] == "made-up", report["host"]["name"]


@test
def a_stray_file_named_like_a_log_does_not_hide_the_machine():
    first = with_bundle("b.tar", members(GOOD, "host/"), report_of)
    for stray in ("host/logs/dmesg", "host/var/log/installer/dmesg.txt", "other/dmesg"):
        report = with_bundle("b.tar", [member(stray, "nothing\n"), *members(GOOD, "host/")],
                             report_of)
        assert row_bytes(report)["ram"] == row_bytes(first)["ram"], stray


@test
def a_file_that_is_there_twice_is_read_once():
    report = with_bundle("b.tar", [*members(SMALL), member("proc/meminfo", SECRET)], report_of)
    assert row_bytes(report)["ram"] in (975360 * 1024, SECRET_KB * 1024), "both were added"


@test
def deep_folders_and_long_names_are_found_or_left_out():
    for depth in (1, 40, 200, 2000):
        parts = members(SMALL, "d/" * depth)
        if depth * 2 < 400:
            with_bundle("b.tar.gz", parts, report_of)
        else:
            with_bundle("b.tar.gz", parts, close_or_refuse)
    name = "n" * 100_000
    with_bundle("b.tar.gz", [member(name, "x"), *members(SMALL)], report_of)


def bombs(judge):
    """Runs `judge` on each compression that this machine can write."""
    for suffix in (".tar.gz", ".tar.xz", ".tar.zst"):
        with Folder() as folder:
            try:
                judge(folder / f"bomb{suffix}")
            except Skip:
                if suffix != ".tar.zst":
                    raise


@test
def ten_gigabytes_of_zeros_in_a_wanted_file_are_refused():
    def judge(path):
        size = 10 << 30
        pack_zeros(path, header("proc/meminfo", size), size, b"".join(members(GOOD, "x/")))
        assert path.stat().st_size < 16 * MIB, f"{path.name} is {path.stat().st_size} bytes"
        refuse("-s", path, says="1024 MiB")
    bombs(judge)


@test
def ten_gigabytes_of_zeros_before_a_good_file_are_refused():
    def judge(path):
        size = 10 << 30
        pack_zeros(path, header("var/core", size), size, b"".join(members(GOOD)))
        refuse("-s", path, says="1024 MiB")
    bombs(judge)


@test
def many_large_files_are_refused_before_they_fill_memory():
    with Folder() as folder:
        bundle = folder / "b.tar.gz"
        zeros = gzip.compress(bytes(60 * MIB))
        with bundle.open("wb") as file:
            for path in (*TEXTS, *(f"sys/devices/system/memory/memory{n}/state"
                                   for n in range(12))):
                file.write(gzip.compress(header(path, 60 * MIB)) + zeros)
            file.write(gzip.compress(bundles.END))
        # what is kept of one bundle is 256 MiB, and one file more is being read
        result = refuse("-s", bundle, maxrss_kib=450 * 1024)
        assert "MiB" in result.complaint, result.complaint


@test
def compression_in_compression_ends():
    with Folder() as folder:
        data = b"".join(members(GOOD)) + bundles.END
        for _ in range(40):
            data = gzip.compress(data)
        (folder / "b.tar.gz").write_bytes(data)
        close_or_refuse(folder / "b.tar.gz")


@test
def a_bundle_cut_off_or_changed_anywhere_is_refused_or_closes():
    dice = random.Random(4)
    with Folder() as folder:
        for suffix in (".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"):
            try:
                data = pack(folder / f"b{suffix}", members(GOOD)).read_bytes()
            except Skip:
                continue
            for part in range(20):
                cut = folder / f"cut{suffix}"
                cut.write_bytes(data[:len(data) * part // 20])
                close_or_refuse(cut)
                changed = bytearray(data)
                for _ in range(10):
                    changed[dice.randrange(len(data))] = dice.randrange(256)
                cut.write_bytes(changed)
                close_or_refuse(cut)


@test
def a_bundle_cut_off_in_the_compression_is_refused():
    with Folder() as folder:
        for suffix in (".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"):
            try:
                data = pack(folder / f"b{suffix}", members(GOOD)).read_bytes()
            except Skip:
                continue
            (folder / f"cut{suffix}").write_bytes(data[:len(data) // 2])
            refuse("-s", folder / f"cut{suffix}")


MAGICS = {
    "lrzip": b"LRZI\x00\x06" + bytes(60),
    "lzop": b"\x89LZO\x00\r\n\x1a\n" + bytes(60),
    "uuencoded": b"begin 644 proc/meminfo\n#0V%T\n`\nend\n",
    "base64": b"begin-base64 644 proc/meminfo\nTWVtVG90YWw6IDEga0IK\n====\n",
    "lz4": b"\x04\x22\x4d\x18" + bytes(60),
    "grzip": b"GRZipII\x00\x02\x04:)" + bytes(60),
    "compress": b"\x1f\x9d\x90" + bytes(60),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(60),
    "rar": b"Rar!\x1a\x07\x00" + bytes(60),
    "rpm": b"\xed\xab\xee\xdb\x03\x00" + bytes(200),
    "iso": bytes(32769) + b"CD001" + bytes(4096),
    "cpio": b"070701" + b"0" * 104,
    "random": random.Random(5).randbytes(100_000),
    "zeros": bytes(100_000),
    "nothing": b"",
    "one byte": b"\x1f",
}


@test
def what_is_no_bundle_is_refused_whatever_its_name():
    with Folder() as folder:
        for data in MAGICS.values():
            for name in ("b.tar.zst", "b.tar", "b"):
                (folder / name).write_bytes(data)
                refuse("-s", folder / name)


@test
def no_program_is_started_for_a_bundle():
    with Folder() as folder:
        trace = folder / "trace"
        command = strace("-qq", "-o", str(trace), "-e", "trace=execve,fork,vfork,clone")
        sources = [pack(folder / "good.tar.gz", members(GOOD))]
        for name, data in MAGICS.items():
            file = folder / f"{name}.tar.lrz"
            file.write_bytes(data)
            sources.append(file)
        for source in sources:
            lib.execute([*command, lib.program, "-s", str(source)],
                        env=lib.environment(ASAN_OPTIONS="detect_leaks=0"))
            started = [line for line in trace.read_text().splitlines() if "(" in line]
            assert len(started) == 1 and "execve" in started[0], f"{source.name}: {started}"


@test
def a_hundred_thousand_unwanted_files_are_passed_over():
    with Folder() as folder:
        bundle = folder / "b.tar.gz"
        template = bytearray(header("x" * 12))
        with gzip.open(bundle, "wb", compresslevel=1) as file:
            for number in range(100_000):
                name = b"unwanted%07d" % number
                template[:len(name)] = name
                template[148:156] = b" " * 8
                template[148:156] = b"%06o\0 " % sum(template)
                file.write(template)
            file.write(b"".join(members(GOOD)) + bundles.END)
        report_of(bundle)


def memory_blocks(count):
    return {"sys/devices/system/memory/block_size_bytes": "8000000\n",
            **{f"sys/devices/system/memory/memory{number}/state": "online\n"
               for number in range(count)}}


@test
def twenty_thousand_wanted_files_are_read_or_refused():
    parts = members({**SMALL, **memory_blocks(20_000)})
    with_bundle("b.tar.gz", parts, close_or_refuse)


@test
def a_capture_of_a_machine_with_many_memory_blocks_can_be_opened():
    """A machine of 2 TiB has 16384 blocks of 128 MiB; ktally must read what it writes."""
    with Folder() as folder:
        tree = plant(folder / "tree", {**SMALL, **memory_blocks(16384)})
        direct = report_of(tree)
        lib.succeed("-s", tree, "capture", folder / "b.tar.gz")
        assert figures(report_of(folder / "b.tar.gz")) == figures(direct), "another account"


@test
def zip_files_are_bundles_too_and_as_mistrusted():
    with Folder() as folder:
        bundle = folder / "b.zip"

        def write(files):
            with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as file:
                for name, data in files.items():
                    file.writestr(name, data)
        write({f"host/{path}": text for path, text in GOOD.items()})
        plain = with_bundle("b.tar", members(GOOD), report_of)
        assert figures(report_of(bundle)) == figures(plain), "another account"
        write({"/proc/meminfo": MEMINFO})
        refuse("-s", bundle)
        write({"../proc/meminfo": MEMINFO})
        refuse("-s", bundle)
        write({"proc/meminfo": bytes(100 * MIB)})
        refuse("-s", bundle)
        data = bytearray(bundle.read_bytes())
        bundle.write_bytes(data[:len(data) // 2])
        refuse("-s", bundle)


@test
def names_in_a_bundle_do_not_write_to_the_terminal():
    for name in ("/\x1b[31mred\x07", "../\x1b]0;title\x07", "/two\nlines", "/\x7f\x9b31m\r"):
        with Folder() as folder:
            bundle = pack(folder / "b.tar", [member(name, "x")])
            result = refuse("-s", bundle)
            bad = [byte for byte in result.err[:-1] if byte < 0x20 or byte == 0x7f]
            assert not bad, f"{name!r}: control codes {bad} in the complaint"
