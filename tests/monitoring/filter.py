#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: filter.py UNIT COMMAND...: COMMAND with the system calls that a unit leaves it.

What systemd does for SystemCallFilter=, SystemCallErrorNumber=EPERM,
RestrictAddressFamilies= (none, AF_UNIX), RestrictNamespaces=, MemoryDenyWriteExecute= and UMask=, by
libseccomp. Privileges have to be given up before.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

ALLOW, DENY = 0x7fff0000, 0x00050000  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(0)
NOT_EQUAL, MASKED_EQ = 1, 7  # SCMP_CMP_NE, SCMP_CMP_MASKED_EQ
PROT_WRITE, PROT_EXEC = 2, 4
# CLONE_NEW: of time, mounts, cgroups, host names, IPC, users, processes, network
NAMESPACES = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64),
                ("value", ctypes.c_uint64)]


def group(name):
    """The system calls of a group of systemd's."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True,
                          check=True).stdout.decode()
    words = re.findall(r"^ {4}([@a-z_0-9]\S*)$", text, re.M)
    assert words, f"{name}: systemd-analyze lists no system call"
    return set().union(*map(group, words))


def allowed(unit):
    calls = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        named = set().union(*map(group, words.removeprefix("~").split()))
        calls = calls - named if words.startswith("~") else calls | named
    return calls | group("@default")


class Filter:
    def __init__(self, action):
        self.lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.lib.seccomp_init.argtypes = [ctypes.c_uint32]
        self.lib.seccomp_load.argtypes = [ctypes.c_void_p]
        self.lib.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
            ctypes.POINTER(Comparison)]
        self.filter = self.lib.seccomp_init(action)
        assert self.filter, "libseccomp: no filter"

    def add(self, action, call, *comparisons):
        number = self.lib.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # this architecture has it
            array = (Comparison * max(len(comparisons), 1))(*comparisons)
            status = self.lib.seccomp_rule_add_array(
                self.filter, action, number, len(comparisons), array)
            assert status == 0, f"{call}: {os.strerror(-status)}"

    def load(self):
        status = self.lib.seccomp_load(self.filter)
        assert status == 0, f"the filter is refused: {os.strerror(-status)}"


def confine(unit):
    denied, left = Filter(ALLOW), Filter(DENY | errno.EPERM)
    if "RestrictAddressFamilies=none" in unit:
        denied.add(DENY | errno.EAFNOSUPPORT, "socket")
        denied.add(DENY | errno.EAFNOSUPPORT, "socketpair")
    elif "RestrictAddressFamilies=AF_UNIX\n" in unit:
        denied.add(DENY | errno.EAFNOSUPPORT, "socket", Comparison(0, NOT_EQUAL, 1, 0))
    if "MemoryDenyWriteExecute=yes" in unit:
        both = PROT_WRITE | PROT_EXEC
        denied.add(DENY | errno.EPERM, "mmap", Comparison(2, MASKED_EQ, both, both))
        denied.add(DENY | errno.EPERM, "mprotect", Comparison(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    if "RestrictNamespaces=yes" in unit:
        for flag in NAMESPACES:
            for call in ("unshare", "clone"):
                denied.add(DENY | errno.EPERM, call, Comparison(0, MASKED_EQ, flag, flag))
        denied.add(DENY | errno.EPERM, "setns")
        denied.add(DENY | errno.ENOSYS, "clone3")  # its flags are in memory
    for call in allowed(unit):
        left.add(ALLOW, call)
    os.umask(int(re.search(r"^UMask=(\d+)$", unit, re.M)[1], 8))
    denied.load()
    left.load()


if __name__ == "__main__":
    confine(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.execvp(sys.argv[2], sys.argv[2:])
