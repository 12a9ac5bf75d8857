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
from archive import CACHE, Missing, Suite, run

HERE = pathlib.Path(__file__).resolve().parent
HELPERS = ("hold", "churn")
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


class Here:
    """Programs and libraries of this machine, for guests of its own architecture."""
    compiler = "gcc"

    def __init__(self, ktally):
        self.ktally = pathlib.Path(ktally)

    def busybox(self):
        for path in BUSYBOX:
            if os.path.exists(path):
                return pathlib.Path(path)
        found = shutil.which("busybox")
        if not found:
            raise Missing("no busybox")
        return pathlib.Path(found)

    def libraries(self):
        """(path inside, path here) of what ktally and busybox are linked with, unless that is
        nothing, and of what ktally opens when it needs it."""
        listed = subprocess.run(["ldd", self.ktally, self.busybox()], capture_output=True,
                                text=True, timeout=30, check=False).stdout
        paths = re.findall(r"(/\S+) \(0x", listed)
        listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True,
                                timeout=30, check=False).stdout
        paths += re.findall(r"libzstd\.so\.1 \(libc6,x86-64\) => (/\S+)", listed)
        return [(path.lstrip("/"), pathlib.Path(path)) for path in dict.fromkeys(paths)]


class Arm64:
    """The same for arm64: built by script/cross, the rest out of Debian's packages."""
    compiler = "aarch64-linux-gnu-gcc"
    cross = pathlib.Path("/usr/aarch64-linux-gnu/lib")
    linked = ("ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6")

    def __init__(self, ktally):
        self.ktally = pathlib.Path(ktally)
        self.folder = CACHE / "arm64"
        suite = Suite("bookworm", "arm64")
        for package, wanted in (("busybox-static", "*bin/busybox"), ("libzstd1", "*.so*")):
            suite.unpack(package, [wanted], self.folder)

    def busybox(self):
        return next(self.folder.glob("**/busybox"))

    def libraries(self):
        for name in self.linked:
            yield f"lib/{name}", self.cross / name
        yield "lib/libzstd.so.1", next(self.folder.glob("**/libzstd.so.1")).resolve()


class Static:
    """The program of script/static, and no library at all."""

    def __init__(self, arch, usual):
        self.compiler, self.busybox = usual.compiler, usual.busybox
        machine = "x86_64" if arch == "amd64" else "aarch64"
        run([kernels.REPOSITORY / "script/static", machine], timeout=3600)
        self.ktally = kernels.REPOSITORY / f"build-static/ktally-{machine}"

    def libraries(self):
        return []


class Programs:
    """What goes into the initial RAM disks of one architecture, made once."""

    def __init__(self, arch, ktally, folder, static=False):
        if static:
            self.of = Static(arch, Here(ktally) if arch == "amd64" else Arm64(ktally))
        else:
            self.of = Here(ktally) if arch == "amd64" else Arm64(cross_built())
        self.helpers = {name: build_helper(self.of.compiler, name, folder / f"{name}-{arch}")
                        for name in HELPERS}


def cross_built():
    if not shutil.which("qemu-system-aarch64"):
        raise Missing("no qemu-system-aarch64 (qemu-system-arm)")
    run([kernels.REPOSITORY / "script/cross", "ktally"], timeout=1800)
    return kernels.REPOSITORY / "build-arm64/ktally"


def build_helper(compiler, name, helper):
    """Builds a source of guest/ without shared libraries; gives the path of the program."""
    source = HERE / f"guest/{name}.c"
    run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
         "-static", "-pthread", "-o", helper, source], timeout=120)
    return helper


def make(kernel, programs, path):
    """Writes the initial RAM disk of KERNEL to PATH."""
    archive = Archive()
    archive.console()
    for name in ("proc", "sys", "tmp"):
        archive.folder(name)
    archive.file("init", (HERE / "guest/init").read_bytes(), 0o755)
    archive.file("bin/busybox", programs.of.busybox().read_bytes(), 0o755)
    archive.file("bin/ktally", programs.of.ktally.read_bytes(), 0o755)
    archive.file("bin/ktally-kdump",
                 (kernels.REPOSITORY / "share/kdump/ktally-kdump").read_bytes(), 0o755)
    for name, helper in programs.helpers.items():
        archive.file(f"bin/{name}", helper.read_bytes(), 0o755)
    for inside, library in programs.of.libraries():
        archive.file(inside, library.read_bytes(), 0o755)
    modules = list(kernel.modules)
    if kernel.test_module:
        modules.append(("ktally_test", kernel.test_module))
    for name, data in modules:
        archive.file(f"modules/{name}.ko", data)
    archive.file("modules/order", "".join(f"{name}\n" for name, _ in modules).encode())
    there = dict(modules)
    for name, data in dict(item for needed in kernel.offered.values() for item in needed).items():
        if name not in there:
            archive.file(f"modules/{name}.ko", data)
    archive.file("modules/offered", "".join(
        f"{name}: {' '.join(needed for needed, _ in items)}\n"
        for name, items in kernel.offered.items()).encode())
    path.write_bytes(archive.bytes())
    return path
