# SPDX-License-Identifier: GPL-2.0-or-later
"""A census: every page counted once, held against the counters, listed and drawn."""

import array
import base64
import os
import struct
import zlib
from xml.etree import ElementTree

import lib
import openmetrics
import trees
from lib import Folder, Skip, ktally, plant, refuse, succeed, test
from test_schema import must_be_valid

PAGE = 4096
# words of 6.12 for each kind of page, and how many of it trees.MODERN has by its counters
KINDS = [
    (1 << 32, 18170),           # reserved: present less managed
    (1 << 10, 52840),           # free, without what is not yet accepted
    (0x400005828, 50000),       # anonymous
    (0x40000006c, 77000),       # page cache and buffers
    (0x2044038, 1000),          # shared memory
    (0x28 | 1 << 12 | 1 << 14, 2),  # on an LRU list, mapped by nobody
    (1 << 17 | 1 << 15, 1), (1 << 17 | 1 << 16, 2047),  # huge page pools
    (1 << 7, 10500),            # slab caches, by slabinfo
    (1 << 26, 700),             # page tables
    (1 << 15, 100), (1 << 16, 400),  # large kmalloc: in Slab, in no cache
    (1 << 3, 10),               # zsmalloc
    (0, 49240),                 # all that has no flag
]
NR_PAGES = 262010
RANGES = ((1, 0x9f), (0x100, 0x3ffdc))  # of its proc/iomem, in pages


def words_of(kinds):
    """Bytes of a file of words: `kinds` laid over System RAM, 0 in the holes."""
    words = array.array("Q")
    for word, count in kinds:
        words.extend([word] * count)
    assert len(words) == NR_PAGES, f"{len(words)} pages"
    file, at = array.array("Q"), 0
    for start, end in RANGES:
        file.extend([0] * (start - len(file)))
        file.extend(words[at:at + end - start])
        at += end - start
    return file.tobytes()


FLAGS = words_of(KINDS)
TREE = {**trees.MODERN, "proc/kpageflags": FLAGS}


def census(folder, *args, **how):
    return must_be_valid("census", succeed("-s", folder, "census", "-o", "json", *args, **how))


def must_close(report):
    """Rows add up to their parents in both columns, and classes to the pages."""
    rows = report["rows"]
    for index, row in enumerate(rows):
        below = []
        for other in rows[index + 1:]:
            if other["depth"] <= row["depth"]:
                break
            if other["depth"] == row["depth"] + 1:
                below.append(other)
        for column in ("counters_bytes", "pages_bytes"):
            known = [other[column] for other in below if other[column] is not None]
            if not known or (column == "pages_bytes" and row["id"] == "no_flag"):
                continue
            assert row[column] == sum(known), f"{row['id']}: {column}"
    counted = sum(one["pages"] for one in report["classes"])
    assert counted == report["pages"], f"classes hold {counted} pages"


def row(report, row_id):
    return next(one for one in report["rows"] if one["id"] == row_id)


@test
def the_pages_of_a_machine_are_what_its_counters_say():
    with Folder() as folder:
        plant(folder, TREE)
        report = census(folder)
        must_close(report)
        account = lib.report_of(folder)
        wrong = [one["id"] for one in report["rows"] if one["difference_bytes"]]
        assert not wrong, f"differ: {wrong}"
        assert report["pages"] == NR_PAGES and report["left_out_pages"] == 0
        assert row(report, "present")["pages_bytes"] == NR_PAGES * PAGE
        assert row(report, "kmalloc_large")["counters_bytes"] == 500 * PAGE
        assert row(report, "direct")["counters_bytes"] == lib.row_of(account, "direct")["bytes"]
        assert report["lru"] == {"counters_bytes": 128002 * PAGE, "pages_bytes": 128002 * PAGE}
        assert row(report, "free")["moved_bytes"] is None, "a capture has one reading"


@test
def every_output_of_a_census_says_the_same():
    with Folder() as folder:
        plant(folder, TREE)
        rows = census(folder)["rows"]
        families = openmetrics.parse(succeed("-s", folder, "census", "-o", "openmetrics").out)
        told = {labels["row"]: value
                for labels, value in families["ktally_census_pages_bytes"].samples}
        assert told == {one["id"]: one["pages_bytes"] for one in rows
                        if one["pages_bytes"] is not None}
        lines = succeed("-s", folder, "census", "-o", "csv").text.splitlines()
        assert len(lines) == len(rows) + 1
        text = succeed("-s", folder, "census").text
        assert max(map(len, text.splitlines())) <= 80, "wider than 80 columns"
        assert "1023.5 MiB" in text and "DIFFERENCE" in text


@test
def zones_and_nodes_add_up_to_the_machine():
    with Folder() as folder:
        plant(folder, TREE)
        for by, key, names in (("zone", "zones", {"0 DMA", "0 DMA32"}), ("node", "nodes", {"0"})):
            report = census(folder, "--by", by)
            assert {one[by] for one in report[key]} == names
            assert report[key + "_total"]["bytes"] == NR_PAGES * PAGE
            assert all(one["bytes"] == one["present_bytes"] for one in report[key])
            for column, total in report[key + "_total"].items():
                if column.endswith("_bytes"):
                    assert sum(one[column] for one in report[key]) == total, column
        dma = next(one for one in census(folder, "--by", "zone")["zones"]
                   if one["zone"] == "0 DMA")
        assert dma["bytes"] == dma["boot_bytes"] == 3998 * PAGE


@test
def pages_are_charged_to_cgroups_by_inode():
    groups = words_of([(0, 18170 + 52840), (77, 50000), (1, 77000 + 1000), (0, 63000)])
    with Folder() as folder:
        plant(folder, {**TREE, "proc/kpagecgroup": groups})
        report = census(folder, "--by", "cgroup")
        sizes = {one["cgroup"]: one["bytes"] // PAGE for one in report["cgroups"]}
        assert sizes == {"(charged to none)": 134010, "(inode 77)": 50000, "(inode 1)": 78000}
        cut = census(folder, "--by", "cgroup", "--top", "1")
        assert cut["cgroups_total"] == report["cgroups_total"]
        assert cut["cgroups_others"]["bytes"] == 128000 * PAGE
    with Folder() as folder:
        plant(folder, TREE)
        refuse("-s", folder, "census", "--by", "cgroup", says="proc/kpagecgroup")


@test
def offline_blocks_are_not_counted():
    memory = "sys/devices/system/memory"
    less = trees.MODERN["proc/zoneinfo"].replace("present  258012", "present  225244")
    with Folder() as folder:
        plant(folder, {**TREE, "proc/zoneinfo": less, f"{memory}/block_size_bytes": "8000000\n",
                       **{f"{memory}/memory{i}/state": "online\n" for i in range(8)},
                       f"{memory}/memory5/state": "offline\n"})
        report = census(folder)
        must_close(report)
        assert (report["pages"], report["left_out_pages"]) == (NR_PAGES - 32768, 32768)


@test
def a_file_that_ends_early_leaves_pages_that_are_not_known():
    with Folder() as folder:
        for size in (8 * 200001, 8 * 200000 + 5):
            plant(folder, {**TREE, "proc/kpageflags": FLAGS[:size]})
            report = census(folder, "--map", folder / f"{size}.png")
            must_close(report)
            missing = 0x3ffdc - size // 8
            assert row(report, "unread")["pages_bytes"] == missing * PAGE
            assert report["pages"] == NR_PAGES
            assert any("ends before the last page" in note for note in report["notes"])
        for end in (b"", FLAGS[:8], FLAGS[:3]):
            plant(folder, {**TREE, "proc/kpageflags": end})
            refuse("-s", folder, "census", says="ends before the first page")


@test
def what_is_no_file_of_flags_is_refused_with_a_reason():
    noise = bytes(range(256)) * (len(FLAGS) // 256)
    swapped = array.array("Q", FLAGS)
    swapped.byteswap()
    cases = (
        ({"proc/kpageflags": noise}, "not page flags"),
        ({"proc/kpageflags": swapped.tobytes()}, "byte order"),
        ({"proc/iomem": ""}, "System RAM"),
        ({"proc/iomem": "00000000-00000000 : System RAM\n"}, "System RAM"),
        ({"proc/iomem": "00001000-fffffffffffff : System RAM\n",
          "proc/zoneinfo": trees.MODERN["proc/zoneinfo"].replace(
              "spanned  258012", "spanned  1099511627776")}, "more than ktally reads"),
        ({"proc/iomem": "00001000-7ffffffffffffffe : System RAM\n", "proc/zoneinfo": ""},
         "more than ktally reads"),
    )
    for files, says in cases:
        with Folder() as folder:
            plant(folder, {**TREE, **files})
            refuse("-s", folder, "census", says=says)
    with Folder() as folder:
        plant(folder, trees.MODERN)
        refuse("-s", folder, "census", says="proc/kpageflags")
        (folder / "proc/kpageflags").mkdir()
        refuse("-s", folder, "census", says="not a regular file")
        (folder / "proc/kpageflags").rmdir()
        os.mkfifo(folder / "proc/kpageflags")
        refuse("-s", folder, "census", says="not a regular file")
        refuse("-s", folder, "census", "--cheap", says="--cheap", status=2)
        refuse("-s", folder, "census", "--by", "colour", says="zone, node, cgroup", status=2)


@test
def absurd_ranges_take_neither_time_nor_memory():
    lines = "".join(f"{i << 20:x}-{(i << 20) + 0xfffff:x} : System RAM\n" for i in range(20000))
    with Folder() as folder:
        plant(folder, {**TREE, "proc/iomem": lines + "0-ffffffffff : System RAM\n"})
        lib.close_or_refuse(folder)
        result = ktally("-s", folder, "census", "-o", "json")
        assert result.status in (0, 1), result.complaint
        if result.status == 0:
            must_close(result.json())
    with Folder() as folder:
        plant(folder, {**trees.MODERN, "proc/iomem": "0-1fffffffff : System RAM\n",
                       "proc/zoneinfo": ""})
        with open(folder / "proc/kpageflags", "wb") as file:
            file.truncate(1 << 40)
        report = census(folder, "--map", folder / "map.png")
        must_close(report)
        assert report["pages"] == 1 << 25


@test
def a_census_in_a_capture_is_not_packed():
    lib.need_root()
    with Folder() as folder:
        succeed("capture", folder / "b.tar")
        assert b"kpageflags" not in (folder / "b.tar").read_bytes()[:512 * 2000]
        refuse("-s", folder / "b.tar", "census", says="kpageflags")


# ---- the picture ----

def parts_of(png):
    """(type, data) of the parts of a PNG file, each with its sum checked."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), "no PNG file"
    at, parts = 8, []
    while at < len(png):
        size, = struct.unpack_from(">I", png, at)
        data = png[at + 4:at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(data), data[:4]
        parts.append((data[:4], data[4:]))
        at += size + 12
    return parts


def picture(png):
    """(width, height, lines as they are packed)."""
    parts = parts_of(png)
    assert parts[0][0] == b"IHDR" and parts[-1] == (b"IEND", b"")
    width, height, depth, kind = struct.unpack_from(">IIBB", parts[0][1])
    assert (depth, kind) == (8, 2), "not three bytes a dot"
    data = zlib.decompress(b"".join(data for name, data in parts if name == b"IDAT"))
    assert len(data) == height * (1 + 3 * width), "lines are missing"
    assert all(data[line * (1 + 3 * width)] <= 4 for line in range(height)), "no such filter"
    return width, height, data


@test
def the_map_is_a_picture():
    with Folder() as folder:
        plant(folder, TREE)
        file = folder / "map.png"
        report = census(folder, "--map", file)
        assert report["map"] == str(file)
        width, height, _ = picture(file.read_bytes())
        assert 1000 < width < 2000 and 500 < height < 1500
        assert file.stat().st_mode & 0o777 == 0o600, "more than its owner may read it"
        assert sorted(os.listdir(folder)) == sorted([*{path.split("/")[0] for path in TREE},
                                                     "map.png"]), "something was left"


@test
def the_map_as_svg_has_letters_and_the_same_cells():
    with Folder() as folder:
        plant(folder, TREE)
        census(folder, "--map", folder / "map.svg")
        root = ElementTree.fromstring((folder / "map.svg").read_bytes())
        space = "{http://www.w3.org/2000/svg}"
        words = [node.text for node in root.iter(space + "text")]
        assert any(word.startswith("Physical memory") for word in words) and "slab" in words, words
        image = root.find(space + "image")
        head, data = image.get("href").split(",")
        assert head == "data:image/png;base64"
        width, height, _ = picture(base64.b64decode(data, validate=True))
        assert int(image.get("width")) % width == int(image.get("height")) % height == 0
        slab = words.index("slab")
        legend = [node.get("fill") for node in root.iter(space + "rect")]
        assert "#0072b2" in legend, f"{legend[slab]}: slab has another colour elsewhere"


@test
def a_picture_that_is_there_is_kept_unless_forced():
    with Folder() as folder:
        plant(folder, {**TREE, "map.png": "precious"})
        file = folder / "map.png"
        refuse("-s", folder, "census", "--map", file, says="--force")
        assert file.read_text() == "precious"
        (folder / "link.png").symlink_to(file)
        refuse("-s", folder, "census", "--map", folder / "link.png", says="--force")
        succeed("-s", folder, "census", "--map", folder / "link.png", "--force")
        assert file.read_text() == "precious" and not (folder / "link.png").is_symlink()
        succeed("-s", folder, "census", "--map", file, "--force")
        picture(file.read_bytes())
        refuse("-s", folder, "census", "--map", folder / "none" / "map.png", says="none")


@test
def a_picture_that_does_not_fit_leaves_nothing_behind():
    with Folder() as folder:
        plant(folder, TREE)
        refuse("-s", folder, "census", "--map", folder / "map.png",
               setup=lib.limit_file_size(1024))
        assert not list(folder.glob("map.png*"))


# ---- the running machine ----

def live():
    lib.need_root()
    if not os.access("/proc/kpageflags", os.R_OK):
        raise Skip("no /proc/kpageflags")


@test
def every_page_of_this_machine_is_counted_once():
    live()
    report = must_be_valid("census", succeed("census", "-o", "json"))
    must_close(report)
    present = row(report, "present")
    assert present["pages_bytes"] == present["counters_bytes"]
    for name in ("slab", "shmem", "page_tables"):
        one = row(report, name)
        slack = abs(one["moved_bytes"]) + present["pages_bytes"] // 50
        assert abs(one["difference_bytes"]) <= slack, f"{name}: {one['difference_bytes']}"
    for by in ("zone", "node", "cgroup"):
        result = ktally("census", "--by", by, "-o", "json")
        if by == "cgroup" and result.status == 1:
            continue  # a kernel without cgroups of memory
        listed = must_be_valid("census", result)
        assert listed[by + "s_total"]["bytes"] == present["pages_bytes"], by


@test
def without_root_a_census_says_what_it_needs():
    lib.need_root()
    refuse("census", user=lib.NOBODY, says="root")
