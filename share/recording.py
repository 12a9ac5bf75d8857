#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads recordings of ktally without ktally: usage: recording.py FILE [PATH]

Prints the files of each sample, or the text of one file (such as proc/meminfo) in each sample.
Written from docs/RECORDING.md; needs libzstd. A module too: samples(FILE) gives each sample as
(milliseconds since 1970, milliseconds since the boot, facts, {path: text}).
"""

import ctypes
import ctypes.util
import os
import struct
import sys

BLOCK, TAIL, BYTES_MAX = b"ktally\x1aR", b"ktally\x1aT", 32 << 20
CRC = [0] * 256
for i in range(256):
    value = i
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC[i] = value


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def unpack_zstd(data, size):
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(size)
    if zstd.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data))) != size:
        raise ValueError("not a zstd frame of that size")
    return out.raw


def unzigzag(number):
    return number >> 1 ^ -(number & 1)


def signed(number):
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


class Bytes:
    """Numbers and texts, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def text(self):
        return self.take(self.varint())

    def more(self):
        return self.at < len(self.data)


class Columns:
    """The series of a block, as lists of numbers; None: absent."""

    def __init__(self, rest, count, nr_samples):
        guesses, self.firsts, self.controls = Bytes(rest.text()), Bytes(rest.text()), Bytes(rest.text())
        self.low, self.low_at = int.from_bytes(rest.data[rest.at:], "little"), 0
        self.series, self.nr_samples = [], nr_samples
        following = guesses.varint() if guesses.more() else -1
        for index in range(count):
            row = self.row()
            if index == following:
                self.add_guess(row, index, guesses)
                following = index + 1 + guesses.varint() if guesses.more() else -1
            self.series.append(row)

    def number(self, bits):
        """A number of a class: the bits below the topmost one are in the stream of low bits."""
        if not bits:
            return 0
        low = self.low >> self.low_at & (1 << bits - 1) - 1
        self.low_at += bits - 1
        return 1 << bits - 1 | low

    def row(self):
        row, value = [], None
        while True:
            if value is None and not 222 <= self.controls.data[self.controls.at] <= 253:
                value = unzigzag(self.firsts.varint())
                row.append(value)
            control = self.controls.byte()
            if control < 130:
                step = self.number(control // 2)
                value = signed(value - step if control & 1 else value + step)
                row.append(value)
            elif control < 162:
                row += [value] * (control - 129)
            elif control < 189:
                row += [value] * (32 + self.number(control - 161))
            elif 194 <= control < 221:
                row += [None] * self.number(control - 193)
            elif 222 <= control < 249:
                row += [None] * self.number(control - 221)
            elif control >= 253:
                return row + [value if control == 255 else None] * (self.nr_samples - len(row))
            else:
                raise ValueError(f"control {control}")

    def add_guess(self, row, index, guesses):
        more = True
        while more:
            word, distance = guesses.varint(), guesses.varint()
            more, times, last = word & 1, unzigzag(word >> 2), 0
            for i, value in enumerate(self.series[index - distance]):
                last = last if value is None else value
                if row[i] is not None:
                    by = abs(last) // times * (-1 if last < 0 else 1) if word & 2 else last * times
                    row[i] = signed(row[i] + by)


class Files:
    """Files with layouts, and lines with numbers: of a block, or of a tail while it is replayed."""

    def __init__(self):
        self.paths, self.lines, self.facts = [], [], {}

    def line(self, file, text, first):
        self.lines.append((text.split(b"\x01"), first))
        return first + len(self.lines[-1][0]) - 1

    def text(self, layout, value):
        """The text of a file whose lines are listed; `value` gives the number of a series."""
        out = []
        for index in layout:
            parts, first = self.lines[index]
            numbers = [str(value(first + i)).encode() for i in range(len(parts) - 1)]
            out.append(b"".join(b for pair in zip(parts, numbers + [b""]) for b in pair))
        return b"".join(line + b"\n" for line in out)


def read_layout(rest, count):
    layout, before = [], None
    for _ in range(count):
        step = unzigzag(rest.varint())
        before = step if before is None else before + 1 + step
        layout.append(before)
    return layout


def block_samples(raw):
    rest, files = Bytes(raw), Files()
    nr_samples, values = rest.varint(), rest.varint()
    files.facts = {rest.text().decode(): rest.text().decode(errors="replace")
                   for _ in range(rest.varint())}
    for _ in range(rest.varint()):  # marks
        rest.varint(), rest.text(), rest.text()
    layouts = []
    for _ in range(rest.varint()):
        files.paths.append(rest.text().decode(errors="replace"))
        layouts.append([])
        for _ in range(rest.varint()):
            begin, count = rest.varint(), rest.varint()
            layouts[-1].append((begin, read_layout(rest, count - 1) if count else None))
    count = 0
    for _ in range(rest.varint()):
        count = files.line(rest.varint(), rest.text(), count)
    series = Columns(rest, 2 + count * values, nr_samples).series
    for sample in range(nr_samples):
        texts = {}
        for path, held in zip(files.paths, layouts):
            now = [layout for begin, layout in held if begin <= sample][-1:]
            if now and now[0] is not None:
                texts[path] = files.text(now[0], lambda i: series[2 + i * values][sample])
        yield series[0][sample], series[1][sample], files.facts, texts


def tail_samples(data):
    files, layouts, values, nr_series = Files(), {}, {}, 0
    at = 20
    while at + 8 <= len(data):
        size, crc = struct.unpack_from("<II", data, at)
        steps = Bytes(data[at + 8:at + 8 + size])
        if len(steps.data) < size or crc32c(steps.data) != crc:
            return
        at += 8 + size
        while steps.more():
            word = steps.varint()
            kind, argument = word & 7, word >> 3
            if kind == 0:
                values[argument] = signed(values.get(argument, 0) + unzigzag(steps.varint()))
            elif kind == 1:
                pass  # no line has it; its last value counts for the next step
            elif kind == 2:
                real_ms, boot_ms = struct.unpack("<qq", steps.take(16))
                texts = {files.paths[file]: files.text(layout, values.get)
                         for file, layout in layouts.items() if layout is not None}
                yield real_ms, boot_ms, files.facts, texts
            elif kind == 3:
                count = steps.varint()
                layouts[argument] = [steps.varint() for _ in range(count - 1)] if count else None
            elif kind == 4:
                nr_series = files.line(argument, steps.text(), nr_series)
            elif kind == 5:
                files.paths.append(steps.text().decode(errors="replace"))
            else:
                pair = steps.text().decode(), steps.text().decode(errors="replace")
                files.facts.update([pair] if kind == 6 else [])


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def samples(path):
    """The samples of a recording in their order. A damaged block is skipped, with a warning."""
    tail, data = read(path + ".tail"), read(path)  # the tail first: it may become a block meanwhile
    found, at = {}, data.find(BLOCK)
    while at >= 0:
        head = data[at:at + 64]
        good = len(head) == 64 and crc32c(head[:60]) == struct.unpack_from("<I", head, 60)[0]
        following = at + 8
        if good:
            sequence, = struct.unpack_from("<Q", head, 16)
            size, raw_size, crc = struct.unpack_from("<III", head, 44)
            stored = data[at + 64:at + 64 + size]
            if len(stored) == size and raw_size <= BYTES_MAX and crc32c(stored) == crc:
                found.setdefault(sequence, (stored, raw_size))
                following = at + 64 + size
            else:
                print(f"{path}: a damaged block at {at} is skipped", file=sys.stderr)
        at = data.find(BLOCK, following)
    for _, (stored, raw_size) in sorted(found.items()):
        yield from block_samples(unpack_zstd(stored, raw_size))
    if tail[:8] == TAIL and len(tail) >= 20 and \
            crc32c(tail[:16]) == struct.unpack_from("<I", tail, 16)[0] and \
            struct.unpack_from("<Q", tail, 8)[0] not in found:
        yield from tail_samples(tail)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    for real_ms, _, _, texts in samples(sys.argv[1]):
        if len(sys.argv) == 2:
            print(real_ms, " ".join(sorted(texts)))
        else:
            print(real_ms)
            print(texts.get(sys.argv[2], b"(none)\n").decode(errors="replace"), end="")


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)
