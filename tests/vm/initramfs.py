# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the initial RAM disk of a kernel: busybox, ktally, the helpers, modules. Written
as a cpio archive here, so that no tool and no device node of the host is needed."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import kernels

HERE = pathlib.Path(__file__).resolve().parent
BUSYBOX = ("/usr/bin/busybox", "/bin/busybox")


class Archive:
    """A cpio archive in the format of initial RAM disks ("newc")."""

    def __init__(self):
        self.parts, self.folders, self.count = [], set(), 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        raw = name.encode() + b"\0"
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        for part in (header + raw, data):
            self.parts.append(part + b"\0" * (-len(part) % 4))

    def folder(self, name):
        parent = os.path.dirname(name)
        if name and name not in self.folders:
            self.folder(parent)
            self.folders.add(name)
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def console(self):
        self.folder("dev")
        self._entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def build_helper(folder):
    """Builds guest/hold.c without shared libraries; gives the path of the program."""
    helper = folder / "hold"
    source = HERE / "guest/hold.c"
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-static", "-pthread", "-o", helper, source], check=True, timeout=120)
    return helper


def shared_libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=30,
                            check=False).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def loaded_libraries():
    """What ktally opens when it needs it, where this machine has it."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=30,
                            check=False).stdout
    return re.findall(r"libzstd\.so\.1 \(libc6,x86-64\) => (/\S+)", listed)


def busybox():
    for path in BUSYBOX:
        if os.path.exists(path):
            return path
    found = shutil.which("busybox")
    if not found:
        raise kernels.Missing("no busybox")
    return found


def make(kernel, ktally, helper, path):
    """Writes the initial RAM disk of KERNEL to PATH."""
    archive = Archive()
    archive.console()
    for name in ("proc", "sys", "tmp"):
        archive.folder(name)
    archive.file("init", (HERE / "guest/init").read_bytes(), 0o755)
    archive.file("bin/busybox", pathlib.Path(busybox()).read_bytes(), 0o755)
    archive.file("bin/ktally", pathlib.Path(ktally).read_bytes(), 0o755)
    archive.file("bin/hold", pathlib.Path(helper).read_bytes(), 0o755)
    for library in shared_libraries(ktally) + loaded_libraries():
        archive.file(library.lstrip("/"), pathlib.Path(library).read_bytes(), 0o755)
    modules = list(kernel.modules)
    if kernel.test_module:
        modules.append(("ktally_test", kernel.test_module))
    for name, data in modules:
        archive.file(f"modules/{name}.ko", data)
    archive.file("modules/order", "".join(f"{name}\n" for name, _ in modules).encode())
    path.write_bytes(archive.bytes())
    return path
