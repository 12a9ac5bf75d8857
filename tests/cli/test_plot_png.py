# SPDX-License-Identifier: GPL-2.0-or-later
"""`plot -o png`: the picture, taken apart by hand, has the values of the chart."""

import struct
import zlib

from lib import Folder, refuse, succeed, test
from test_diagnose import Machine, logged

LEFT, RIGHT, TOP, BOTTOM = 150, 480, 84, 60  # of src/output/picture/chart_png.c
SLAB = (0x00, 0x72, 0xb2)


def pixels(png):
    """(width, height, function of x and y) of an RGB picture."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), png[:20]
    at, data, head = 8, b"", None
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + size]
        head = struct.unpack(">IIBBBBB", body) if kind == b"IHDR" else head
        data += body if kind == b"IDAT" else b""
        at += size + 12
    width, height, depth, colour = head[:4]
    assert (depth, colour) == (8, 2), head
    raw, step, rows = zlib.decompress(data), 3 * width, []
    for y in range(height):
        method, line = raw[y * (step + 1)], bytearray(raw[y * (step + 1) + 1:(y + 1) * (step + 1)])
        above = rows[-1] if rows else bytes(step)
        for i in range(step):
            left, corner = (line[i - 3], above[i - 3]) if i > 2 else (0, 0)
            line[i] = line[i] + (0, left, above[i], (left + above[i]) // 2,
                                 nearest(left, above[i], corner))[method] & 255
        rows.append(bytes(line))
    return width, height, lambda x, y: tuple(rows[y][3 * x:3 * x + 3])


def nearest(left, above, corner):
    guess = left + above - corner
    return min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))[2]


def is_grey(colour):
    return max(colour) - min(colour) < 12


@test
def a_png_of_a_chart_has_its_heights():
    with Folder() as folder:
        log, file = folder / "leak.log", folder / "leak.rec"
        log.write_text(logged("%Y-%m-%dT%H:%M:%SZ", Machine(leaks=True).both))
        succeed("import", log, "-o", file)
        chart = succeed("plot", file, "-o", "json").json()["charts"][0]
        width, height, pixel = pixels(succeed("plot", file, "-o", "png").out)
        assert (width, height) == (1640, 720)
        times, ratios = chart["times_ms"], []
        for i in range(0, len(times), 7):
            x = LEFT + int((times[i] - times[0]) / (times[-1] - times[0]) * (width - LEFT - RIGHT - 1))
            y = next(y for y in range(TOP, height) if not is_grey(pixel(x, y)))
            total = sum(band["bytes"][i] or 0 for band in chart["bands"])
            ratios.append((total, height - BOTTOM - y))
        # one scale for all: heights are in proportion to sums, but for a pixel
        assert len(ratios) > 5 and max(ratios)[0] > 1.1 * min(ratios)[0], ratios
        scale = max(ratios)[1] / max(ratios)[0]
        assert all(abs(total * scale - tall) < 2.5 for total, tall in ratios), ratios
        assert pixel(LEFT + 3, height - BOTTOM - 2) == SLAB, pixel(LEFT + 3, height - BOTTOM - 2)
        lines = pixels(succeed("plot", file, "slab:widget_cache", "-o", "png").out)[2]
        assert any(not is_grey(lines(width - RIGHT - 1, y)) for y in range(TOP, height - BOTTOM))
        refuse("slab", "-s", file, "-o", "png", status=2, says="shows charts")
