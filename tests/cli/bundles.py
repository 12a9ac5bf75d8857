# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles that no well-meaning program would write, made small and fast."""

import bz2
import gzip
import lzma
import shutil
import subprocess
import tarfile

from lib import Skip

BLOCK = 512
MIB = 1 << 20


def header(name, size=0, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def member(name, data):
    data = data if isinstance(data, bytes) else data.encode()
    return header(name, len(data)) + data + bytes(-len(data) % BLOCK)


def link(name, target, kind=tarfile.SYMTYPE):
    return header(name, kind=kind, link=target)


def members(tree, prefix=""):
    return [member(prefix + path, data) for path, data in tree.items()]


END = bytes(2 * BLOCK)


def zstd(data):
    tool = shutil.which("zstd")
    if not tool:
        raise Skip("needs the program zstd")
    return subprocess.run([tool, "-q", "-c"], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


PACKERS = {".tar": bytes, ".tar.gz": gzip.compress, ".tar.xz": lzma.compress,
           ".tar.bz2": bz2.compress, ".tar.zst": zstd}


def pack(path, parts):
    """A bundle of these headers and data, in the compression that its name tells."""
    suffix = path.name[path.name.index(".tar"):]
    path.write_bytes(PACKERS[suffix](b"".join(parts) + END))
    return path


def pack_zeros(path, before, size, after):
    """`size` zeros between other parts: compressed streams may follow one another."""
    packer = PACKERS[path.name[path.name.index(".tar"):]]
    zeros = packer(bytes(16 * MIB))
    with path.open("wb") as file:
        file.write(packer(before))
        for _ in range(size // (16 * MIB)):
            file.write(zeros)
        file.write(packer(bytes(size % (16 * MIB) + -size % BLOCK) + after + END))
    return path
