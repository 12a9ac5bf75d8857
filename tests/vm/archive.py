# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of Debian's suites, whatever this machine runs itself: lists and packages live in
the cache, signatures are checked, nothing is installed and no source of the system touched."""

import fnmatch
import os
import pathlib
import re
import signal
import subprocess
import tarfile
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") \
    / "ktally" / "kernels"
KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FRESH_S = 12 * 3600  # lists are not asked for more often
LOG_MAX = 4000
UNPACK_S = 1200
DEBIAN, SECURITY = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
# what a suite's kernels come from: (kinds of packages, repository, suite)
SUITES = {
    "bullseye": [("deb", "Debian", "bullseye"), ("deb", "Debian-Security", "bullseye-security")],
    "bookworm": [("deb", "Debian", "bookworm"), ("deb", "Debian-Security", "bookworm-security")],
    "trixie": [("deb", "Debian", "trixie"), ("deb", "Debian", "trixie-backports"),
               ("deb-src", "Debian", "trixie-backports")],
}


class Missing(Exception):
    """What cannot be had here, and why."""


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
        raise Missing(f"{os.path.basename(args[0])}: {text[-LOG_MAX:].strip()}")
    return text


def gist(error):
    """One line of an error: what a tool calls one, else what it said last."""
    lines = str(error).strip().splitlines() or [repr(error)]
    return next((line for line in lines if re.search(r"\bE:|error:|\*\*\*", line)), lines[-1])


def version_key(name):
    return [int(part) for part in re.findall(r"\d+", name)]


def mirrors():
    """Where this machine itself takes Debian's repositories from; else the project's address."""
    found = {"Debian": DEBIAN, "Debian-Security": SECURITY}
    try:
        text = run(["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)"], timeout=60)
    except (Missing, OSError, subprocess.SubprocessError):
        return found
    for line in reversed(text.splitlines()):
        label, _, address = line.partition("|")
        if label in found and address:
            found[label] = address.rstrip("/")
    return found


class Suite:
    """One suite and architecture, with lists of its own."""

    def __init__(self, name, arch="amd64"):
        self.name, self.folder = name, CACHE / "apt" / f"{name}-{arch}"
        self.options = [
            "-o", f"Dir::Etc::sourcelist={self.folder}/sources.list",
            "-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State::lists={self.folder}/lists",
            "-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache={self.folder}/cache",
            "-o", "APT::Sandbox::User=root", "-o", f"APT::Architecture={arch}",
            "-o", f"APT::Architectures={arch}", "-o", "Acquire::Languages=none",
            "-o", "Acquire::Retries=2",
            # a suite that is not maintained any more states a day by which its lists are old
            "-o", "Acquire::Check-Valid-Until=false"]

    def refresh(self):
        """Fetches the lists where they are missing or old; old ones serve where none can be had."""
        stamp = self.folder / ".fresh"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < FRESH_S:
            return
        if not KEYRING.exists():
            raise Missing(f"no {KEYRING} (debian-archive-keyring): signatures cannot be checked")
        for part in ("lists/partial", "cache/archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        where = mirrors()
        lines = [f"{kind} [signed-by={KEYRING}] {where[label]} {suite} main\n"
                 for kind, label, suite in SUITES[self.name]]
        (self.folder / "sources.list").write_text("".join(lines))
        try:
            run(["apt-get", *self.options, "update", "-qq", "--error-on=any"], timeout=300)
        except (Missing, OSError, subprocess.SubprocessError):
            if not stamp.exists():
                raise
            print(f"        lists of {self.name} cannot be renewed; those of before serve",
                  flush=True)
        stamp.touch()

    def cache(self, *args):
        self.refresh()
        return run(["apt-cache", *self.options, *args], timeout=120)

    def names(self, pattern):
        """Packages whose whole name matches, the newest first."""
        prefix = re.match(r"[\w-]*", pattern).group(0)
        names = self.cache("pkgnames", prefix).split()
        return sorted((name for name in names if re.fullmatch(pattern, name)), key=version_key,
                      reverse=True)

    def depends(self, package, pattern):
        """What PACKAGE depends on that matches, or None."""
        shown = self.cache("show", "--no-all-versions", package)
        depends = re.search(r"^Depends: (.*)$", shown, re.MULTILINE)
        found = re.search(rf"(?<![\w.+-])({pattern})(?![\w.+-])", depends.group(1) if depends else "")
        return found and found.group(1)

    def download(self, package, folder):
        """The path of the package's archive, in FOLDER."""
        self.refresh()
        folder.mkdir(parents=True, exist_ok=True)
        run(["apt-get", *self.options, "download", "-qq", package], timeout=1200, cwd=folder)
        deb, = folder.glob(f"{package}_*.deb")
        return deb

    def unpack(self, package, wanted, folder):
        """Downloads PACKAGE and unpacks the files that match WANTED into FOLDER, once."""
        done = folder / f".{package}"
        if done.exists():
            return
        deb = self.download(package, folder)
        try:
            unpack(deb, wanted, folder)
        finally:
            deb.unlink()
        done.touch()

    def source(self, package, version, folder):
        """Downloads the source of PACKAGE; gives the path of what upstream made. An archive
        keeps that longer than what belongs to one version, so a part may be missing."""
        self.refresh()
        folder.mkdir(parents=True, exist_ok=True)
        why = Missing(f"the source of {package} {version} has no part that upstream made")
        try:
            run(["apt-get", *self.options, "source", "-qq", "--download-only",
                 f"{package}={version}"], timeout=1200, cwd=folder)
        except Missing as error:
            why = error
        tarballs = [path for path in folder.glob(f"{package}_*.orig.tar.*")
                    if path.suffix != ".asc"]
        if not tarballs:
            raise why
        return tarballs[0]


def unpack(deb, wanted, folder):
    """Never has the whole archive in memory: debuginfo is several GB."""
    with subprocess.Popen(["timeout", str(UNPACK_S), "dpkg-deb", "--fsys-tarfile", deb],
                          stdout=subprocess.PIPE) as tar:
        with tarfile.open(fileobj=tar.stdout, mode="r|") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if any(fnmatch.fnmatch(name, pattern) for pattern in wanted):
                    archive.extract(member, folder)
        while tar.stdout.read(1 << 20):
            pass  # padding after the end
    if tar.returncode != 0:
        raise Missing(f"dpkg-deb: {deb.name} cannot be unpacked")
