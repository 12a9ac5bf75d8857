# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the test module against a kernel's headers: those of its package, or what upstream's
source gives where a suite has no headers of it any more."""

import os
import pathlib
import re
import shutil
import subprocess

from archive import Missing, Suite, gist, run

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "tests/vm/kmod"
COMPILER = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
KERNEL_ARCH = {"amd64": "x86", "arm64": "arm64"}
# what tools of a newer suite are run with
LIBRARIES = ["libc6", "libelf1t64", "zlib1g", "libzstd1"]
TOOLS_S = 60


def for_package(suite, package, folder, arch):
    """The module for an image of Debian's, built where that was not done before."""
    version = package.removeprefix("linux-image-")
    try:
        source = headers(suite, version, folder, arch)
    except (Missing, OSError, subprocess.SubprocessError) as no_headers:
        try:
            source = upstream(suite, package, folder, arch)
        except (Missing, OSError, ValueError, subprocess.SubprocessError) as no_source:
            raise Missing(f"{gist(no_headers)}; {gist(no_source)}") from no_source
    return build(source, folder, arch)


def headers(suite, version, folder, arch):
    """Headers of VERSION, unpacked, with the absolute paths in them turned to FOLDER."""
    package = f"linux-headers-{version}"
    source = folder / "usr/src" / package
    fixed = folder / ".headers-fixed"
    if fixed.exists():
        return source
    if not suite.names(re.escape(package)):
        raise Missing(f"no {package} in {suite.name}")
    common = suite.depends(package, r"linux-headers-[\w.+-]+-common")
    tools = suite.depends(package, r"linux-kbuild-[\w.+-]+")
    if not common or not tools:
        raise Missing(f"no {package} in {suite.name}")
    for part in (package, common):
        suite.unpack(part, ["*"], folder)
    # these run here, whatever the kernel is for
    (suite if arch == "amd64" else Suite(suite.name)).unpack(tools, ["*"], folder)
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
    make_runnable(folder)
    fixed.touch()
    return source


def runs_here(program):
    """Whether this machine has the libraries that PROGRAM was linked with."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=TOOLS_S,
                            check=False)
    return "not found" not in listed.stdout + listed.stderr


def make_runnable(folder):
    """Tools that were linked with newer libraries are run with those of their own suite."""
    libraries = folder / "libraries"
    for program in sorted((folder / "usr/lib").glob("linux-kbuild-*/**/*")):
        if not program.is_file() or program.is_symlink() or not os.access(program, os.X_OK):
            continue
        with open(program, "rb") as file:
            if file.read(4) != b"\x7fELF" or runs_here(program):
                continue
        if not libraries.exists():
            for package in LIBRARIES:
                Suite("trixie").unpack(package, ["*.so*"], libraries)
        real = program.with_name(f"{program.name}.elf")
        program.rename(real)
        paths = [libraries / "usr/lib/x86_64-linux-gnu", libraries / "lib/x86_64-linux-gnu"]
        loader = next(path / "ld-linux-x86-64.so.2" for path in paths
                      if (path / "ld-linux-x86-64.so.2").exists())
        program.write_text(f'#!/bin/sh\nexec "{loader}" --library-path '
                           f'"{paths[0]}:{paths[1]}" "{real}" "$@"\n')
        program.chmod(0o755)


def upstream(suite, package, folder, arch):
    """Upstream's source of the same version with the package's configuration, as far prepared
    as modules need it. No versions of symbols and no signatures are asked for by these kernels,
    so layout and version are what counts."""
    source = folder / "source"
    if (source / ".prepared").exists():
        return source
    version = package.removeprefix("linux-image-")
    configs = [*folder.glob("boot/config-*"), *folder.glob("usr/lib/modules/*/config")]
    if not configs:
        raise Missing(f"no configuration of {package} to prepare its source with")
    shown = suite.cache("show", "--no-all-versions", package)
    release = re.search(r"^Version: (\S+)", shown, re.MULTILINE).group(1)
    print(f"        preparing the source of {version}, once", flush=True)
    tarball = suite.source("linux", release, folder / "download")
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    run(["tar", "-x", "-f", tarball, "-C", source, "--strip-components=1",
         "--exclude=*/drivers/*/*.c", "--exclude=*/Documentation/*/*", "--exclude=*/sound/*/*.c"])
    shutil.rmtree(folder / "download")
    text = configs[0].read_text()
    text = re.sub(r'^(CONFIG_SYSTEM_(TRUSTED|REVOCATION)_KEYS)=.*', r'\1=""', text,
                  flags=re.MULTILINE)
    (source / ".config").write_text(text)
    # Without pahole options that need type data drop out, and with them members of structures.
    pahole = folder / "pahole"
    pahole.write_text("#!/bin/sh\necho v1.30\n")
    pahole.chmod(0o755)
    make = ["make", "-s", "-C", source, *variables(arch), f"PAHOLE={pahole}"]
    local = version[re.match(r"[\d.]+", version).end():]
    run([*make, "olddefconfig"], timeout=300)
    run([*make, f"LOCALVERSION={local}", "modules_prepare"], timeout=1200)
    made = (source / "include/config/kernel.release").read_text().strip()
    if made != version:
        raise Missing(f"the source is {made}, the kernel {version}")
    for part in ("Documentation", "block", "crypto", "drivers", "fs", "mm", "net", "sound"):
        shutil.rmtree(source / part)  # modules need headers, make files and tools
    (source / ".prepared").touch()
    return source


def variables(arch):
    compiler = COMPILER[arch]
    given = [f"ARCH={KERNEL_ARCH[arch]}", f"CC={compiler}"]
    if arch == "arm64":
        given.append("CROSS_COMPILE=aarch64-linux-gnu-")
    return given


def lacks(compiler, option):
    """Whether the compiler is older than the one that configured the kernel."""
    return subprocess.run([compiler, option, "-x", "c", "-c", "-o", "/dev/null", "/dev/null"],
                          capture_output=True, timeout=TOOLS_S, check=False).returncode != 0


def build(source, folder, arch):
    """Builds tests/vm/kmod out of the tree against the headers in SOURCE; gives its path."""
    work = folder / "kmod"
    module = work / "ktally_test.ko"
    newest_source = max(path.stat().st_mtime for path in SOURCE.iterdir())
    if module.exists() and module.stat().st_mtime > newest_source:
        return module
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(SOURCE, work)
    # type data of modules needs vmlinux, and a tool that nothing else here needs
    extra = ["CONFIG_DEBUG_INFO_BTF_MODULES="]
    if not (source / "Module.symvers").exists():
        extra.append("KBUILD_MODPOST_WARN=1")
    if lacks(COMPILER[arch], "-fmin-function-alignment=16"):
        extra.append("CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=")
    run(["make", "-C", source, f"M={work}", *variables(arch), *extra, "modules"])
    return module


def release_of(image):
    """The version that a bzImage states in its header (Documentation/arch/x86/boot.rst)."""
    data = image.read_bytes()
    at = int.from_bytes(data[0x20e:0x210], "little") + 0x200
    return data[at:at + 128].split(b" ")[0].decode("ascii", "replace")


def for_built(image, folder):
    """The module for a kernel of our own, from the source that it was built from."""
    source = folder / "source"
    script = REPOSITORY / "script/vm_instrumented.sh"
    if not (source / ".prepared").exists():
        beside = image.parent / "defconfig"
        defconfig = [beside] if beside.exists() and beside.parent != folder else []
        print(f"        unpacking and preparing the source of {folder.name}, once", flush=True)
        run([script, "prepare", folder, *defconfig], timeout=1200)
    release = (source / "include/config/kernel.release").read_text().strip()
    if release != release_of(image):
        raise Missing(f"the kernel is {release_of(image)}, linux-source-6.12 is {release}")
    return build(source, folder, "amd64")
