# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes the names of variables out of an ELF core of x86-64, so that it is as a dump of a kernel
without CONFIG_KALLSYMS_ALL: Debian's kernels all have it. Names of functions stay, and those that
such a kernel keeps for its own tables (scripts/kallsyms.c)."""

import mmap
import re
import struct

from archive import Missing
from peers import HEADER, vmcoreinfo

PT_LOAD = 1
IMAGE = 0xffffffff80000000


class Core:
    """Memory of the kernel's image in a file that is mapped."""

    def __init__(self, memory):
        self.memory, info = memory, vmcoreinfo(memory).decode()
        self.symbols = {name: int(value, 16) for name, value in
                        re.findall(r"^SYMBOL\((\w+)\)=([0-9a-f]+)$", info, re.MULTILINE)}
        base = re.search(r"^NUMBER\(phys_base\)=(-?\d+)$", info, re.MULTILINE)
        if not base or "kallsyms_names" not in self.symbols:
            raise Missing("VMCOREINFO does not say where the names are")
        self.base, self.loads = int(base[1]), []
        at, = struct.unpack_from("<Q", memory, 32)
        count, = struct.unpack_from("<H", memory, 56)
        for i in range(count):
            header = HEADER.unpack_from(memory, at + i * HEADER.size)
            if header[0] == PT_LOAD:
                self.loads.append((header[4], header[5], header[2]))

    def place(self, name):
        """Offset of a symbol in the file."""
        physical = self.symbols[name] - IMAGE + self.base
        for first, size, offset in self.loads:
            if first <= physical < first + size:
                return offset + physical - first
        raise Missing(f"the dump does not have {name}")


def tokens(core):
    at, index = core.place("kallsyms_token_table"), core.place("kallsyms_token_index")
    starts = struct.unpack_from("<256H", core.memory, index)
    return [core.memory[at + start:core.memory.find(b"\0", at + start)] for start in starts]


def names(core):
    """(offset of its bytes, number of them, name with its type) of each symbol"""
    texts, at = tokens(core), core.place("kallsyms_names")
    count, = struct.unpack_from("<I", core.memory, core.place("kallsyms_num_syms"))
    for _ in range(count):
        length = core.memory[at]
        at += 1
        if length & 128:
            length = length & 127 | core.memory[at] << 7
            at += 1
        yield at, length, b"".join(texts[token] for token in core.memory[at:at + length])
        at += length


def addresses(core, count):
    """Decoders of the table of addresses: from its place, from a base, from a base with variables
    of CPUs as they are."""
    start = core.symbols["kallsyms_offsets"]
    offsets = struct.unpack_from(f"<{count}i", core.memory, core.place("kallsyms_offsets"))
    yield [start + 4 * i + offset for i, offset in enumerate(offsets)]
    if "kallsyms_relative_base" in core.symbols:
        base, = struct.unpack_from("<Q", core.memory, core.place("kallsyms_relative_base"))
        yield [base + (offset & 0xffffffff) for offset in offsets]
        yield [base - 1 - offset if offset < 0 else offset for offset in offsets]


def find_addresses(core, found):
    """The addresses by which _stext is where VMCOREINFO has it."""
    stext = next(i for i, (_, _, name) in enumerate(found) if name[1:] == b"_stext")
    for each in addresses(core, len(found)):
        if each[stext] == core.symbols["_stext"]:
            return each
    raise Missing("the table of addresses has an unknown form")


def erase(file):
    """The number of names that are gone. The type of a symbol decides nothing: Linux 6.18 of Debian
    has variables with the type of functions."""
    with open(file, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        core, gone = Core(memory), 0
        filler, found = tokens(core).index(b"d"), list(names(core))
        places = dict(zip((name[1:] for _, _, name in found), find_addresses(core, found)))
        code = [(places[first], places[last]) for first, last in
                ((b"_stext", b"_etext"), (b"_sinittext", b"_einittext")) if first in places]
        for (at, length, name), address in zip(found, find_addresses(core, found)):
            if not any(first <= address <= last for first, last in code) and \
                    not name[1:].startswith((b"__start_", b"__stop_")):
                memory[at:at + length] = bytes([filler]) * length
                gone += 1
        return gone
