#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records kernel memory in virtual machines while known mechanisms leak it or take it honestly.

usage: record.py KTALLY KERNEL... [-- SCENE...]

Boots each kernel of tests/vm/kernels.py and plays scenes: shell scripts that run in the machine
next to 'ktally record -i 1'. Time is compressed: a scene leaks in two minutes what takes hours
elsewhere, and bench/verdicts stretches it again. Each label names the series that shows a
mechanism, the true verdict, and from when to when, by marks that the scene has made. A label is
kept only if its series moved as the label demands. Recordings and the index are in recorded/;
a scene that is there already is not recorded again.
"""

import csv
import dataclasses
import datetime
import io
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests/vm"))

import initramfs  # noqa: E402  pylint: disable=wrong-import-position
import kernels  # noqa: E402  pylint: disable=wrong-import-position
import layouts  # noqa: E402  pylint: disable=wrong-import-position
import machine  # noqa: E402  pylint: disable=wrong-import-position
import reboot  # noqa: E402  pylint: disable=wrong-import-position

RECORDED = HERE / "recorded"
INDEX = RECORDED / "index.txt"
LEAD_S = 25  # quiet seconds before a scene begins
LIFETIME_S = 3000
MIB = 1 << 20

PRELUDE = r"""
test_module() { echo "$@" >/sys/kernel/debug/ktally_test/command; }
mark() { echo "$1 $(date +%s)" >>/tmp/marks; }
# Runs a command so often, so many seconds apart.
often() { n=$1 pause=$2; shift 2; while [ "$n" -gt 0 ]; do "$@"; n=$((n - 1)); sleep "$pause"; done; }
stairs() { test_module kmalloc 64 65536; }
burst() { sleep $((RANDOM % 7)); test_module vmalloc 262144 24; }
faster() { step=$((${step:-0} + 2)); test_module percpu 4096 $step; }
walk() { find /sys /proc/sys >/dev/null 2>&1; }
log_rotated() { i=0; while [ $i -lt 8 ]; do dd if=/dev/zero bs=1M count=2 2>/dev/null >>/tmp/log; i=$((i + 1)); sleep 1; done; rm -f /tmp/log; }
storm() { hold sockets 6000 800; sleep 3; hold free; }
tables_up_down() { hold tables 1500; sleep 2; hold free; }
container() { c=/sys/fs/cgroup/c$((N = ${N:-0} + 1)); mkdir $c; (echo 0 >$c/cgroup.procs; busybox true); rmdir $c; }
pinned() { c=/sys/fs/cgroup/z$((Z = ${Z:-0} + 1)); mkdir $c; sh -c "echo \$\$ >$c/cgroup.procs; echo x >/tmp/pin$Z"; rmdir $c; }
build() { mkdir -p /tmp/build; hold create /tmp/build 6000; rm -rf /tmp/build; }
# A tree on ext4 whose inodes and dentries are not cached any more.
make_tree() {
    umount /e 2>/dev/null; mkdir -p /e; rm -f /tmp/disk; truncate -s 64M /tmp/disk
    mke2fs -F -b 1024 -i 1024 /tmp/disk >/dev/null 2>&1; mount -t ext4 -o loop /tmp/disk /e
    for i in $(seq 40); do mkdir /e/$i; hold create /e/$i 500; done
    sync; echo 2 >/proc/sys/vm/drop_caches; sleep 2
}
slow_walk() { for i in $(seq 40); do ls -l /e/$i >/dev/null; sleep 2; done; }
names() { hold look-up /sys/kernel 3000; }
drop() { echo 2 >/proc/sys/vm/drop_caches; }
"""


@dataclasses.dataclass(frozen=True)
class Label:
    """A series, by patterns of names; its true verdict, and the marks between which it is true."""
    mechanism: str
    truth: str
    series: str
    begins: str
    ends: str
    least_mib: float = 1  # movement between the marks without which the label is dropped
    most_mib: float = 0   # 0: no limit


@dataclasses.dataclass(frozen=True)
class Scene:
    about: str
    seconds: int
    script: str
    labels: tuple
    needs_module: bool = False
    prepare: str = ""


SCENES = {
    "fresh": Scene("after the boot: caches fill, then nothing", 120, """
        mark a; walk; walk; sleep 60; mark b; sleep 30""", (
        Label("after boot", "filling cache", r"slab:dentry", "a", "b", .5),
        Label("nothing", "normal", r"account:vmalloc", "b", "end", 0, 1),
        Label("nothing", "normal", r"account:percpu", "b", "end", 0, 1))),
    "steady": Scene("five mechanisms of the test module, steady", 150, """
        mark a; for leak in 'kmalloc 1048576' 'cache 700000' 'pages 900000' 'vmalloc 800000' 'percpu 500000'; do
            test_module leak $leak 115; done; sleep 117; mark b""", (
        Label("kmalloc", "leak", r"slab:kmalloc-(rnd-\d+-)?4k", "a", "b", 40),
        Label("cache", "leak", r"slab:ktally_test", "a", "b", 30),
        Label("pages", "leak", r"account:unattributed", "a", "b", 40),
        Label("vmalloc", "leak", r"account:vmalloc", "a", "b", 40),
        Label("percpu", "leak", r"account:percpu", "a", "b", 20)),
        True, "test_module cache 256 1"),
    "shapes": Scene("stairs, bursts, late, speeding up, kernel threads", 150, """
        mark a
        often 12 10 stairs & often 20 2 burst & often 90 1 faster & often 110 1 test_module threads 0 12 &
        sleep 60; mark c; test_module leak pages 2000000 55; sleep 57; mark b""", (
        Label("kmalloc, stairs", "leak", r"slab:kmalloc-(rnd-\d+-)?64", "a", "b", 20),
        Label("vmalloc, bursts", "leak", r"account:vmalloc", "a", "b", 40),
        Label("percpu, speeding up", "leak", r"account:percpu", "a", "b", 8),
        Label("kernel threads", "follows", r"account:kernel_stacks", "a", "b", 8),
        Label("kernel threads, task structs", "follows", r"slab:task_struct", "a", "b", 4),
        Label("pages, late", "leak", r"account:unattributed", "c", "b", 40)), True),
    "held": Scene("objects that programs never give back", 150, """
        mark a
        often 45 2 hold epoll 4 500 & often 45 2 hold sockets 300 0 & often 45 2 hold inodes 300 &
        often 45 2 hold bpf-array 65536 8 &
        sleep 115; mark b""", (
        Label("epoll items", "growing, not yet known", r"slab:(eventpoll_epi|pid)", "a", "b", 4),
        Label("sockets", "follows", r"slab:(sock_inode_cache|PING|UNIX)", "a", "b", 4),
        Label("open unlinked files", "follows", r"slab:shmem_inode_cache", "a", "b", 4),
        Label("BPF maps", "growing, not yet known", r"account:vmalloc", "a", "b", 10))),
    "growth": Scene("a walk of a tree, a thread pool, a huge page pool, log rotation, modules", 150, """
        mark a; slow_walk & often 10 2 log_rotated &
        sleep 20; mark c; hold threads 600; sleep 20; mark d; echo 24 >/proc/sys/vm/nr_hugepages
        sleep 20; mark e; offered veth; offered dm_mod; sleep 52; mark b""", (
        Label("walk of a tree, dentries", "filling cache", r"slab:dentry", "a", "b", 2),
        Label("walk of a tree, inodes", "filling cache", r"slab:ext4_inode_cache", "a", "b", 8),
        Label("log rotation", "saw-tooth", r"account:shmem", "a", "b", 8),
        Label("thread pool", "follows", r"account:kernel_stacks", "c", "b", 6),
        Label("huge page pool", "step", r"account:hugetlb", "d", "b", 40),
        Label("module loads", "normal", r"account:vmalloc", "e", "b", 0, 3),
        Label("nothing", "normal", r"slab:kmalloc-(rnd-\d+-)?8k", "a", "b", 0, 1)),
        False, "make_tree\n"),
    "churn": Scene("containers, connections, builds, backup", 150, """
        mark a; often 220 .3 container & often 14 4 storm & often 40 1 build &
        sleep 60; mark c; tar cf /dev/null /e; sleep 57; mark b""", (
        Label("connection storms", "saw-tooth", r"slab:(sock_inode_cache|PING|UNIX)", "a", "b", 6),
        Label("builds", "churn", r"slab:shmem_inode_cache", "a", "b", 3),
        Label("backup", "filling cache", r"slab:ext4_inode_cache", "c", "b", 8),
        Label("container churn", "normal", r"account:percpu", "a", "b", 0, 2),
        Label("nothing", "normal", r"slab:kmalloc-(rnd-\d+-)?8k", "a", "b", 0, 1)),
        False, "make_tree\n"),
    "tables": Scene("page tables that come and go, cgroups that stay dying", 130, """
        mark a; often 25 2 tables_up_down & often 300 .2 pinned & sleep 100; mark b""", (
        Label("page tables", "saw-tooth", r"account:page_tables", "a", "b", 2),
        Label("dying cgroups", "follows", r"account:percpu", "a", "b", .5))),
    "gap": Scene("a leak with a gap in the recording, reclaim that does not empty a cache", 150, """
        mark a; test_module leak kmalloc 1048576 115; test_module leak cache 700000 115; often 10 5 names &
        sleep 40; drop; sleep 10; kill -STOP $recorder; sleep 20; kill -CONT $recorder; sleep 20; drop; sleep 27; mark b""", (
        Label("kmalloc, gap", "leak", r"slab:kmalloc-(rnd-\d+-)?4k", "a", "b", 40),
        Label("reclaimable cache under pressure", "leak", r"slab:ktally_test", "a", "b", 30),
        Label("negative dentries, dropped", "saw-tooth", r"slab:dentry", "a", "b", .5)), True),
}


def play(vm, scene):
    """Plays a scene; gives its recording, and its marks in seconds since 1970."""
    vm.run("hold free; echo 0 >/proc/sys/vm/nr_hugepages; rm -f /tmp/r.rec* /tmp/marks /tmp/log /tmp/pin*; true")
    if scene.needs_module:
        vm.run("echo free >/sys/kernel/debug/ktally_test/command; sleep 3")
    script = PRELUDE + scene.prepare + f"""
ktally record -i 1 -n {scene.seconds} /tmp/r.rec >/tmp/said 2>&1 &
recorder=$!
sleep {LEAD_S}
{scene.script}
wait $recorder
mark end
kill $(jobs -p) 2>/dev/null
"""
    reboot.put(vm, "/tmp/scene.sh", script.encode())
    vm.run("( . /tmp/scene.sh ) >/tmp/scene.out 2>&1; hold free; true", scene.seconds * 4)
    marks = {name: int(when) for name, when in
             (line.split() for line in vm.run("cat /tmp/marks").splitlines())}
    return vm.read("cat /tmp/r.rec"), marks


def series_of(path, ktally):
    """Name: [(seconds since 1970, bytes)] of every series of a recording."""
    text = subprocess.run([ktally, "export", path], capture_output=True, text=True, timeout=300,
                          check=True).stdout
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        when = int(datetime.datetime.fromisoformat(row["time"]).timestamp())
        found.setdefault(row["name"], []).append((when, int(row["bytes"])))
    return found


def amounts(points, begin, end):
    return [amount for when, amount in points if begin <= when <= end]


def movement(label, points, marks):
    """Bytes between the least and the largest amount of a series while a label is true."""
    found = amounts(points, marks[label.begins], marks[label.ends])
    return max(found) - min(found) if found else 0


def settle(label, series, marks):
    """The series of a label that moved most, or None if none moved as it should."""
    moved = {name: movement(label, points, marks) for name, points in series.items()
             if re.fullmatch(label.series, name)}
    if not moved:
        print(f"    {label.mechanism}: no series matches {label.series}", flush=True)
        return None
    name = max(moved, key=moved.get)
    mib = moved[name] / MIB
    if mib < label.least_mib or label.most_mib and mib > label.most_mib:
        print(f"    {label.mechanism}: {name} moved by {mib:.2f} MiB, dropped", flush=True)
        return None
    print(f"    {label.mechanism}: {name} moved by {mib:.2f} MiB", flush=True)
    return name


def index_lines(kernel, name, marks, series):
    for label in SCENES[name].labels:
        if label.begins not in marks or label.ends not in marks:
            print(f"    {label.mechanism}: the scene did not reach its marks", flush=True)
            continue
        found = settle(label, series, marks)
        if found:
            yield "\t".join((f"{kernel}-{name}.rec", found, label.truth, str(marks[label.begins]),
                             str(marks[label.ends]), label.mechanism))


def add_to_index(lines):
    """Labels of a kernel stay together, whenever its scenes were recorded."""
    head, *others = INDEX.read_text(encoding="ascii").splitlines()
    INDEX.write_text("\n".join([head, *sorted(others + lines, key=lambda line: line.split("\t")[0]
                                              .partition("-")[0])]) + "\n", encoding="ascii")


def record_kernel(kernel, names, folder, ktally):
    programs = initramfs.Programs("amd64", ktally, folder)
    initrd = initramfs.make(kernel, programs, folder / f"{kernel.name}.cpio")
    vm = machine.Machine(kernel, layouts.LAYOUTS["plain"], initrd, folder, LIFETIME_S)
    try:
        print(f"{kernel.name}: booted in {vm.wait_ready():.0f} s", flush=True)
        for name in names:
            if SCENES[name].needs_module and not kernel.test_module:
                print(f"{kernel.name} {name}: no test module: {kernel.why_no_module}", flush=True)
                continue
            data, marks = play(vm, SCENES[name])
            path = RECORDED / f"{kernel.name}-{name}.rec"
            path.write_bytes(data)
            print(f"{kernel.name} {name}: {len(data)} bytes", flush=True)
            lines = list(index_lines(kernel.name, name, marks, series_of(path, ktally)))
            add_to_index(lines)
    finally:
        vm.stop()


def main():
    words = sys.argv[1:]
    names = list(SCENES)
    if "--" in words:
        names = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    if len(words) < 2 or any(name not in SCENES for name in names):
        sys.exit(__doc__)
    RECORDED.mkdir(exist_ok=True)
    if not INDEX.exists():
        INDEX.write_text("# file\tseries\ttruth\tfrom\tto\tmechanism\n", encoding="ascii")
    for kernel_name in words[1:]:
        wanted = [name for name in names
                  if not (RECORDED / f"{kernel_name}-{name}.rec").exists()]
        if not wanted:
            continue
        kernel = kernels.get(kernel_name)
        with tempfile.TemporaryDirectory(prefix="ktally-verdicts-") as folder:
            try:
                record_kernel(kernel, wanted, pathlib.Path(folder), words[0])
            except machine.Broken as why:
                print(f"{kernel_name}: {why}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
