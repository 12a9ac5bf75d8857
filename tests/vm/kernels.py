# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels to boot: one entry each in KERNELS, or any that is given by its path. Packages are
unpacked in the user's cache, nothing is installed on the host."""

import dataclasses
import fcntl
import lzma
import pathlib
import re
import shutil
import subprocess
import zlib

import kmod
from archive import CACHE, Missing, Suite, gist, version_key

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Debian:
    """The newest package of a suite that matches."""
    suite: str
    package: str
    arch: str = "amd64"

    def about(self):
        return f"{self.package} of {self.suite}"


@dataclasses.dataclass(frozen=True)
class Built:
    """A bzImage at a path or in the cache, made by script/vm_instrumented.sh where there is none."""
    path: str = ""
    arch: str = "amd64"
    files: tuple = ()  # what it is made from, besides the source
    minutes: int = 40
    on_request: bool = False  # only where it is named; without the test module

    def about(self):
        return self.path or "built by script/vm_instrumented.sh, only where it is named"


KERNELS = {
    "5.10": Debian("bullseye", r"linux-image-5\.10\.0-[0-9]+-amd64"),
    "6.1": Debian("bookworm", r"linux-image-6\.1\.0-[0-9]+-amd64"),
    "6.12": Debian("bookworm", r"linux-image-6\.12\.[0-9]+\+deb12-amd64"),
    "6.12-instrumented": Built("../shared/kernels/6.12.117-instrumented/bzImage"),
    "6.12-classes": Built(files=("tests/vm/kmalloc_classes.defconfig",
                                 "tests/vm/kmalloc_classes.patch"), minutes=15, on_request=True),
    "6.18": Debian("trixie", r"linux-image-6\.18\.[0-9]+\+deb13-amd64"),
    "7.0": Debian("trixie", r"linux-image-7\.0\.[0-9]+\+deb13-amd64"),
    "7.2": Debian("trixie", r"linux-image-7\.2\.[0-9]+\+deb13-amd64"),
    "7.3": Debian("trixie", r"linux-image-7\.3\.[0-9]+\+deb13-amd64"),
    "6.12-arm64": Debian("bookworm", r"linux-image-6\.12\.[0-9]+\+deb12-arm64", "arm64"),
    "6.12-arm64-16k": Debian("bookworm", r"linux-image-6\.12\.[0-9]+\+deb12-arm64-16k", "arm64"),
}

ARM64_TOOLS = ["qemu-system-aarch64=qemu-system-arm", "aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu",
               "/usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross"]
# headers made out of upstream's source
SOURCE_TOOLS = ["flex=flex", "bison=bison", "bc=bc", "/usr/include/libelf.h=libelf-dev",
                "/usr/include/openssl/opensslv.h=libssl-dev", "xz=xz-utils", "make=make"]

# what the scenarios need beyond what is built in; their dependencies are added
MODULES = ["zram", "loop", "virtio_balloon", "virtio_pci", "virtio_blk", "virtio_net",
           "crc32c_generic", "ext4"]
# what single scenarios load: "offered NAME" inside
OFFERED = ["veth", "dm_mod"]
# newer suites have the image and its modules in packages of their own
PARTS = ("linux-binary", "linux-modules")
# of the image only: what its modules hold is not needed
DEBUGINFO = ["usr/lib/debug/boot/vmlinux-*", "usr/lib/debug/lib/modules/*/vmlinux"]
UNPACKED = ["boot/vmlinuz-*", "boot/config-*", "*lib/modules/*/vmlinuz", "*lib/modules/*/config",
            *(f"*lib/modules/*/kernel/{folder}" for folder in (
                "block/*", "crypto/*", "drivers/block/*", "drivers/dax/*", "drivers/md/dm-mod*",
                "drivers/net/net_failover*", "drivers/net/veth*", "drivers/net/virtio_net*",
                "drivers/scsi/*", "drivers/virtio/*", "fs/ext4/*", "fs/jbd2/*", "fs/mbcache*",
                "lib/*", "mm/*", "net/core/*", "net/packet/*"))]


def usual():
    """Names of the kernels that are booted where none is named."""
    return [name for name, kernel in KERNELS.items() if not getattr(kernel, "on_request", False)]


@dataclasses.dataclass
class Kernel:
    """A kernel image, modules to load in their order, and the test module where there is one."""
    name: str
    image: pathlib.Path
    arch: str = "amd64"
    modules: list = dataclasses.field(default_factory=list)
    offered: dict = dataclasses.field(default_factory=dict)  # name: what it takes, in order
    test_module: bytes = None
    why_no_module: str = ""
    debuginfo: pathlib.Path = None  # the image with it, where --debuginfo fetched one

    def add_test_module(self, build):
        """BUILD gives a path; what keeps it from that is remembered, for what is skipped."""
        try:
            self.test_module = build().read_bytes()
        except (Missing, OSError, subprocess.SubprocessError) as error:
            self.why_no_module = gist(error)
        return self


def get(name):
    """The kernel, fetched and with its module built where that was not done before."""
    wanted = KERNELS[name]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock", "w", encoding="ascii") as lock:  # two runs share the cache
        fcntl.flock(lock, fcntl.LOCK_EX)
        return debian(name, wanted) if isinstance(wanted, Debian) else built(name, wanted)


def candidates(suite, pattern):
    """The newest package of the suite, then those that are in the cache."""
    names, why = [], Missing(f"no package matches {pattern}")
    try:
        names = suite.names(pattern)
    except (Missing, OSError, subprocess.SubprocessError) as error:
        why = error
    cached = [path.name for path in CACHE.iterdir() if re.fullmatch(pattern, path.name)
              and (path / f".{path.name}").exists()]
    found = names[:1] + sorted(cached, key=version_key, reverse=True)
    if not found:
        raise why
    return list(dict.fromkeys(found))


def debian(name, wanted):
    suite, whys = Suite(wanted.suite, wanted.arch), []
    for package in candidates(suite, wanted.package):
        try:
            return debian_image(name, wanted, suite, package)
        except (Missing, OSError, subprocess.SubprocessError) as why:
            whys.append(why)
    raise whys[0]


def forget_parts(package, folder):
    """Packages that are to be unpacked anew, because an earlier list of files left some out."""
    mark, wanted = folder / ".unpacked", "\n".join(UNPACKED)
    if mark.exists() and mark.read_text() == wanted:
        return []
    version = package.removeprefix("linux-image-")
    again = [name for name in (package, *(f"{part}-{version}" for part in PARTS))
             if (folder / f".{name}").exists()]
    for name in again:
        (folder / f".{name}").unlink()
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(wanted)
    return again


def unpack_parts(suite, package, folder):
    """The image's package, and those that it depends on where it is empty."""
    again = forget_parts(package, folder)
    suite.unpack(package, UNPACKED, folder)
    version = package.removeprefix("linux-image-")
    for part in PARTS:
        name = f"{part}-{version}"
        if name not in again and image_of(folder) and any(folder.glob("**/*.ko*")):
            continue
        if (folder / f".{name}").exists() or suite.depends(package, re.escape(name)):
            try:
                suite.unpack(name, UNPACKED, folder)
            except Missing as why:
                print(f"        {name}: {gist(why)}", flush=True)


def image_of(folder):
    images = [*folder.glob("boot/vmlinuz-*"), *folder.glob("usr/lib/modules/*/vmlinuz")]
    return images[0] if images else None


def debian_image(name, wanted, suite, package):
    folder = CACHE / package
    unpack_parts(suite, package, folder)
    image = image_of(folder)
    if not image:
        raise Missing(f"no image in {package} and what it depends on")
    kernel = Kernel(name, image, wanted.arch, *resolve_modules(folder))
    kernel.debuginfo = next((path for pattern in DEBUGINFO for path in folder.glob(pattern)
                             if path.is_file()), None)
    return kernel.add_test_module(lambda: kmod.for_package(suite, package, folder, wanted.arch))


def fetch_debuginfo(name):
    """The image with debuginfo of a kernel that get() has fetched: 1 GB to download, half of it kept."""
    wanted = KERNELS[name]
    if not isinstance(wanted, Debian):
        raise Missing(f"{name} is no package of Debian's, so it has no debuginfo there")
    with open(CACHE / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        suite = Suite(wanted.suite, wanted.arch)
        package = candidates(suite, wanted.package)[0]
        suite.unpack(f"{package}-dbg", DEBUGINFO, CACHE / package)


def built(name, wanted):
    folder = CACHE / name
    image = (REPOSITORY / wanted.path).resolve() if wanted.path else folder / "bzImage"
    if not image.exists():
        image = folder / "bzImage"
    if not image.exists():
        raise Missing(f"no {wanted.path or name} and no {image}; script/vm_instrumented.sh build "
                      f"{' '.join([str(folder), *wanted.files])} makes it in about "
                      f"{wanted.minutes} minutes")
    kernel = Kernel(name, image)
    if wanted.on_request:
        kernel.why_no_module = "none is built for this kernel"
        return kernel
    return kernel.add_test_module(lambda: kmod.for_built(image, folder))


def given(image, modules=None, headers=None):
    """A kernel by its path; headers, prepared for modules, where there are any."""
    image = pathlib.Path(image).resolve()
    arch = arch_of(image)
    kernel = Kernel(image.name, image, arch, *(resolve_modules(pathlib.Path(modules))
                                               if modules else ()))
    if not headers:
        kernel.why_no_module = "no headers of this kernel were given"
        return kernel
    folder = CACHE / f"given-{image.name}"
    shutil.rmtree(folder, ignore_errors=True)  # the headers may be others
    return kernel.add_test_module(
        lambda: kmod.build(pathlib.Path(headers).resolve(), folder, arch))


def arch_of(image):
    """Documentation/arch/x86/boot.rst, Documentation/arch/arm64/booting.rst; the latter is
    often compressed as a whole."""
    try:
        with open(image, "rb") as file:
            head = file.read(1 << 16)
        if head[:2] == b"\x1f\x8b":
            head = zlib.decompressobj(31).decompress(head, 1 << 12)
    except (OSError, zlib.error) as error:
        raise Missing(f"{image}: {error}") from error
    if head[0x202:0x206] == b"HdrS":
        return "amd64"
    if head[56:60] == b"ARM\x64":
        return "arm64"
    raise Missing(f"{image} is neither a bzImage of x86-64 nor an Image of arm64")


def tools(given_kernel, names):
    """COMMAND=PACKAGE of what these kernels take beyond what every kernel does; what is not
    there skips what needs it."""
    wanted = [KERNELS[name] for name in names] if not given_kernel else []
    pairs = []
    if "arm64" in [kernel.arch for kernel in wanted] or \
            given_kernel and arch_of(pathlib.Path(given_kernel[0])) == "arm64":
        pairs += ARM64_TOOLS
    if any(isinstance(kernel, Debian) and kernel.suite == "trixie" for kernel in wanted):
        pairs += SOURCE_TOOLS
    return pairs


def depends_of(data):
    found = re.search(rb"\0depends=([^\0]*)\0", data)
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def read_module(path):
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".gz":
        return zlib.decompress(data, 31)
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], capture_output=True, timeout=60,
                              check=True).stdout
    return data


def resolve_modules(folder):
    """(name, content) of MODULES and what they depend on, in the order of loading; the same of
    each of OFFERED that is there."""
    files = {}
    for path in sorted(folder.glob("**/*.ko*")):
        name = path.name.split(".ko")[0].replace("-", "_")
        if path.is_file() and name != "ktally_test":
            files[name] = path
    ordered, offered = {}, {}

    def add(name, to):
        if name in to or name not in files:
            return  # built in
        data = read_module(files[name])
        for other in depends_of(data):
            add(other.replace("-", "_"), to)
        to[name] = data
    for name in MODULES:
        add(name, ordered)
    for name in OFFERED:
        add(name, offered.setdefault(name, {}))
    return list(ordered.items()), {name: list(needed.items()) for name, needed in offered.items()}
