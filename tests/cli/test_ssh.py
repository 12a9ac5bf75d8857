# SPDX-License-Identifier: GPL-2.0-or-later
"""Another machine through ssh: the same account without anything installed there, and a far side
that lies, floods, hangs or breaks off does no harm."""

import os
import time

import lib
from lib import Folder, environment, must_close, refuse, row_bytes, succeed, test

HERE = """#!/bin/sh
printf '%s\\n' "$@" >"$0.args"
shift 3
exec sh -c "$1"
"""


def fake(folder, text):
    """An ssh that is first in PATH."""
    ssh = folder / "bin" / "ssh"
    ssh.parent.mkdir(exist_ok=True)
    ssh.write_text(text)
    ssh.chmod(0o755)
    return environment(PATH=f"{ssh.parent}:/usr/bin:/bin", ASAN_OPTIONS="exitcode=99:detect_leaks=0")


def answer(folder, body):
    """An ssh whose far side knows the token, and says BODY, in which @ is a marker."""
    return fake(folder, "#!/bin/sh\ntoken=$(sed -n 's/^token=//p')\n"
                "mark() { printf '\\n%s %s\\n' \"$token\" \"$1\"; }\n" + body)


@test
def a_machine_is_read_through_ssh():
    with Folder() as folder:
        env = fake(folder, HERE)
        report = succeed("-s", "ssh:root@box", "-o", "json", env=env).json()
        assert (folder / "bin/ssh.args").read_text().splitlines() == \
            ["-T", "--", "root@box", "exec /bin/sh -s"]
        must_close(report)
        here = succeed("-o", "json").json()
        assert not report["host"]["live"]
        for key in ("name", "kernel", "machine", "cpus", "nodes", "page_bytes"):
            assert report["host"][key] == here["host"][key], key
        there, here = row_bytes(report), row_bytes(here)
        for row in ("ram", "firmware", "kernel_image"):
            assert there[row] == here[row], row
        assert abs(there["slab"] - here["slab"]) < 256 << 20, (there["slab"], here["slab"])
        assert not any("another machine or byte order" in note for note in report["notes"])


@test
def commands_and_bundles_take_a_machine_through_ssh():
    with Folder() as folder:
        env = fake(folder, HERE)
        slab = succeed("-s", "ssh:box", "slab", "-o", "json", env=env).json()
        assert slab["slab"]["bytes"] > 0
        tar = folder / "x.tar"
        succeed("-s", "ssh:box", "--cheap", "capture", tar, env=env)
        must_close(succeed("-s", tar, "-o", "json").json())


@test
def a_host_is_no_option_and_no_command():
    with Folder() as folder:
        env = fake(folder, f"#!/bin/sh\ntouch {folder}/ran\n")
        for host in ("", "-oProxyCommand=touch x", "-x", "a b", "a\nb", "a\tb", "h" * 300):
            refuse("-s", f"ssh:{host}", status=2, says="not ssh:HOST", env=env)
        assert not (folder / "ran").exists()
        # a shell here would run it
        lib.ktally("-s", f"ssh:;touch${{IFS}}{folder}/shell", env=env)
        assert (folder / "ran").exists() and not (folder / "shell").exists()


@test
def a_failed_connection_has_its_reason():
    with Folder() as folder:
        result = lib.ktally("-s", "ssh:box", env=fake(folder, "#!/bin/sh\necho no route >&2\nexit 255\n"))
        assert result.status == 1 and "ssh ended with status 255" in result.complaint
        assert "no route" in result.complaint
        refuse("-s", "ssh:box", says="there is no program 'ssh'",
               env=environment(PATH=str(folder)))
        refuse("-s", "ssh:box", says="sent no file", env=fake(folder, "#!/bin/sh\necho hello\n"))


@test
def a_hostile_far_side_does_no_harm():
    meminfo = "printf 'MemTotal: 1024 kB\\nMemFree: 512 kB\\n'\n"
    with Folder() as folder:
        # cut off, and a marker without the token
        refuse("-s", "ssh:box", says="cut off",
               env=answer(folder, "mark proc/meminfo\n" + meminfo))
        refuse("-s", "ssh:box", says="sent no file",
               env=answer(folder, "printf '\\n%s proc/meminfo\\n' 0123456789abcdef\n"))
        # paths that lead out, absurd ones, and files that were not asked for
        env = answer(folder, "for path in ../../etc/passwd /etc/passwd proc/../etc/x proc//meminfo '' "
                     "\"$(printf 'proc/%05000d' 0)\" etc/shadow; do mark \"$path\"; echo evil; done\n"
                     "mark proc/meminfo\n" + meminfo + "mark .\n")
        result = lib.ktally("-s", "ssh:box", "-o", "json", env=env)
        assert result.status in (0, 1) and b"evil" not in result.out, result.out[:300]
        # control characters in a name
        env = answer(folder, "mark proc/sys/kernel/hostname\nprintf 'a\\033[31mb'\nmark proc/meminfo\n" +
                     meminfo + "mark .\n")
        assert b"\x1b" not in lib.ktally("-s", "ssh:box", env=env).out
        # a flood
        start = time.monotonic()
        refuse("-s", "ssh:box", says="longer than 64 MiB",
               env=answer(folder, "mark proc/meminfo\nexec yes\n"))
        # silence after the beginning
        refuse("-s", "ssh:box", says="in time", env=answer(folder, "mark proc/meminfo\nexec sleep 300\n"))
        assert time.monotonic() - start < 60


@test
def the_script_runs_in_a_small_shell():
    """busybox has the smallest that is in use."""
    busybox = next((path for path in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(path)), None)
    if not busybox:
        raise lib.Skip("no busybox")
    with Folder() as folder:
        env = fake(folder, f"#!/bin/sh\nexec {busybox} env -i PATH=/nonexistent {busybox} sh -s\n")
        report = succeed("-s", "ssh:box", "--cheap", "-o", "json", env=env).json()
        must_close(report)
        assert report["host"]["page_bytes"] and report["host"]["time"], report["host"]
