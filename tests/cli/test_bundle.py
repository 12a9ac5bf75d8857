# SPDX-License-Identifier: GPL-2.0-or-later
"""A bundle that is not packed is written without a library; other programs read it."""

import tarfile

import trees
from lib import Folder, plant, refuse, succeed, test

LONG = "a" * 60


def members_of(file):
    with tarfile.open(file) as archive:
        return {member.name: (member.size, member.linkname, member.mode, member.type,
                              archive.extractfile(member).read() if member.isfile() else b"")
                for member in archive.getmembers()}


@test
def a_plain_tar_has_the_members_of_a_packed_one():
    with Folder() as folder:
        group = f"sys/fs/cgroup/{LONG}/{LONG}/{LONG}"
        tree = plant(folder / "tree", {
            **trees.MODERN, "sys/fs/cgroup/cgroup.controllers": "memory\n",
            f"{group}/memory.current": "4096\n", f"{group}/memory.stat": "anon 4096\n"})
        for name in ("a.tar", "a.tar.gz"):
            succeed("-s", tree, "capture", folder / name)
        plain, packed = members_of(folder / "a.tar"), members_of(folder / "a.tar.gz")
        assert plain == packed, [name for name in plain if plain[name] != packed.get(name)]
        assert max(map(len, plain)) > 100, "no long name was tried"
        assert (folder / "a.tar").stat().st_size % 512 == 0
        accounts = [succeed("-s", folder / name, "-o", "json").json()["rows"]
                    for name in ("a.tar", "a.tar.gz")]
        assert accounts[0] == accounts[1]
        refuse("-s", tree, "capture", folder / "a.tar", says="--force")
