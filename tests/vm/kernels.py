# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels to boot: one line each in KERNELS. Fetched with apt-get download, unpacked in the
user's cache, never installed on the host."""

import fcntl
import fnmatch
import io
import lzma
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") \
    / "ktally" / "kernels"

# name: (how, what). "debian": the newest package that matches. "file": a bzImage, and the
# package and script that it is made with where it is missing.
KERNELS = {
    "6.1": ("debian", r"linux-image-6\.1\.0-[0-9]+-amd64"),
    "6.12": ("debian", r"linux-image-6\.12\.[0-9]+\+deb12-amd64"),
    "6.12-instrumented": ("file", "../shared/kernels/6.12.117-instrumented/bzImage"),
}

# what the scenarios need beyond what is built in; their dependencies are added
MODULES = ["zram", "loop", "virtio_balloon", "virtio_pci"]


class Missing(Exception):
    """A kernel that cannot be had here, and why."""


class Kernel:
    """A kernel image, modules to load in their order, and headers where there are any."""

    def __init__(self, name, image, modules=(), test_module=None, why_no_module=""):
        self.name, self.image = name, image
        self.modules = list(modules)
        self.test_module = test_module and test_module.read_bytes()
        self.why_no_module = why_no_module


def get(name):
    """The kernel, fetched and with its module built where that was not done before."""
    how, what = KERNELS[name]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock", "w", encoding="ascii") as lock:  # two runs share the cache
        fcntl.flock(lock, fcntl.LOCK_EX)
        return debian(name, what) if how == "debian" else from_file(name, what)


def run(args, timeout=600, **options):
    with subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True,
                          **options) as process:
        try:
            text = process.communicate(timeout=timeout)[0]
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # make's compilers too
            raise
    if process.returncode != 0:
        raise Missing(f"{' '.join(map(str, args))[:200]}: {text[-2000:]}")
    return text


def version_key(name):
    return [int(part) for part in re.findall(r"\d+", name)]


def packages(pattern):
    """Names of packages in the lists of apt, which root may have to fetch first."""
    for _ in range(2):
        lines = run(["apt-cache", "pkgnames", "linux-image-6."]).split()
        names = [name for name in lines if re.fullmatch(pattern, name)]
        if names or os.geteuid() != 0:
            break
        run(["apt-get", "update", "-qq"])
    return names


def candidates(pattern):
    """The newest package in the lists of apt, then those that are in the cache."""
    names, why = [], Missing(f"no package matches {pattern}")
    try:
        names = packages(pattern)
    except (Missing, OSError, subprocess.SubprocessError) as error:
        why = error
    cached = [path.name for path in CACHE.iterdir() if re.fullmatch(pattern, path.name)
              and (path / f".{path.name}").exists()]
    found = sorted(names, key=version_key)[-1:] + sorted(cached, key=version_key, reverse=True)
    if not found:
        raise why
    return list(dict.fromkeys(found))


def dependency(package, pattern):
    shown = run(["apt-cache", "depends", "--important", package])
    found = re.search(r"Depends: (" + pattern + r")\s", shown)
    if not found:
        raise Missing(f"{package} depends on nothing like {pattern}")
    return found.group(1)


def unpack(package, wanted, folder):
    """Downloads PACKAGE and unpacks the files that match WANTED into FOLDER, once."""
    done = folder / f".{package}"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with_apt = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package]
    run(with_apt, cwd=folder)
    deb, = folder.glob(f"{package}_*.deb")
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, timeout=300,
                         check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if any(fnmatch.fnmatch(name, pattern) for pattern in wanted):
                archive.extract(member, folder)
    deb.unlink()
    done.touch()


def depends_of(data):
    found = re.search(rb"\0depends=([^\0]*)\0", data)
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def read_module(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def resolve_modules(folder):
    """(name, content) of MODULES and what they depend on, in the order of loading."""
    files = {}
    for path in folder.glob("lib/modules/*/kernel/**/*.ko*"):
        files[path.name.split(".ko")[0].replace("-", "_")] = path
    ordered = {}

    def add(name):
        if name in ordered or name not in files:
            return  # built in
        data = read_module(files[name])
        for other in depends_of(data):
            add(other)
        ordered[name] = data
    for name in MODULES:
        add(name)
    return list(ordered.items())


def debian(name, pattern):
    whys = []
    for image in candidates(pattern):
        try:
            return debian_image(name, image)
        except (Missing, OSError, subprocess.SubprocessError) as why:
            whys.append(why)
    raise whys[0]


def debian_image(name, image):
    folder = CACHE / image
    version = image.removeprefix("linux-image-")
    unpack(image, ["boot/vmlinuz-*", "boot/config-*", "lib/modules/*/kernel/drivers/block/*",
                   "lib/modules/*/kernel/drivers/virtio/*", "lib/modules/*/kernel/lib/*",
                   "lib/modules/*/kernel/crypto/*", "lib/modules/*/kernel/mm/*"], folder)
    vmlinuz, = folder.glob("boot/vmlinuz-*")
    try:
        module, why = build_module(headers(version, folder), folder), ""
    except (Missing, OSError, subprocess.SubprocessError) as error:
        module, why = None, str(error)
    return Kernel(name, vmlinuz, resolve_modules(folder), module, why)


def headers(version, folder):
    """Headers of VERSION, unpacked, with the absolute paths in them turned to FOLDER."""
    package = f"linux-headers-{version}"
    fixed = folder / ".headers-fixed"
    source = folder / "usr/src" / package
    if fixed.exists():
        return source
    for part in (package, dependency(package, r"linux-headers-\S+-common"),
                 dependency(package, r"linux-kbuild-\S+")):
        unpack(part, ["*"], folder)
    for path in [source / "Makefile", source / ".kernelvariables",
                 *(folder / "usr/src").glob("*-common/Makefile")]:
        if path.exists():
            text = path.read_text()
            path.write_text(re.sub(r"(?<![\w/])/usr/(src|lib)/linux-",
                                   rf"{folder}/usr/\1/linux-", text))
    for link in (folder / "usr/src").glob("*/*"):
        target = os.readlink(link) if link.is_symlink() else ""
        if target.startswith("/usr/"):
            link.unlink()
            link.symlink_to(folder / target.lstrip("/"))
    fixed.touch()
    return source


def build_module(source, folder):
    """Builds tests/vm/kmod out of the tree against the headers in SOURCE; gives its path."""
    kmod = REPOSITORY / "tests/vm/kmod"
    work = folder / "kmod"
    module = work / "ktally_test.ko"
    newest_source = max(path.stat().st_mtime for path in kmod.iterdir())
    if module.exists() and module.stat().st_mtime > newest_source:
        return module
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(kmod, work)
    # type data of modules needs vmlinux, and a tool that nothing else here needs
    extra = [] if (source / "Module.symvers").exists() else ["KBUILD_MODPOST_WARN=1"]
    run(["make", "-C", source, f"M={work}", "CONFIG_DEBUG_INFO_BTF_MODULES=", *extra, "modules"])
    return module


def release_of(image):
    """The version that a bzImage states in its header (Documentation/arch/x86/boot.rst)."""
    data = image.read_bytes()
    at = int.from_bytes(data[0x20e:0x210], "little") + 0x200
    return data[at:at + 128].split(b" ")[0].decode("ascii", "replace")


def prepared_source(image, folder):
    """Headers for a kernel of our own, from the source that it was built from."""
    source = folder / "source"
    script = REPOSITORY / "script/vm_instrumented.sh"
    if not (source / ".prepared").exists():
        beside = image.parent / "defconfig"
        defconfig = [beside] if beside.exists() else []
        print(f"        unpacking and preparing the source of {folder.name}, once", flush=True)
        run([script, "prepare", folder, *defconfig], timeout=1200)
    release = (source / "include/config/kernel.release").read_text().strip()
    if release != release_of(image):
        raise Missing(f"the kernel is {release_of(image)}, linux-source-6.12 is {release}")
    return source


def from_file(name, what):
    built = CACHE / name
    image = (REPOSITORY / what).resolve()
    if not image.exists():
        image = built / "bzImage"
    if not image.exists():
        raise Missing(f"no {what} and no {image}; script/vm_instrumented.sh build {built} "
                      "makes it in about 40 minutes")
    try:
        module, why = build_module(prepared_source(image, built), built), ""
    except (Missing, OSError, subprocess.SubprocessError) as error:
        module, why = None, str(error)
    return Kernel(name, image, [], module, why)
