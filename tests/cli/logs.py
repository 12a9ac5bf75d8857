# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up kernel logs with memory reports, small enough to work their accounts out by hand."""

REQUEST = """\
eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0
CPU: 3 PID: 47 Comm: eater Tainted: G  OE  6.1.1-made-up #1 0123
Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.15.0-1 04/01/2014
Call Trace:
 dump_stack_lvl+0x48/0x60
"""

# 1000 reserved of 10000 pages; 3240 pages on the LRU lists, 240 of them cache
MACHINE = """\
Mem-Info:
active_anon:100 inactive_anon:3000 isolated_anon:10
 active_file:50 inactive_file:60 isolated_file:0
 unevictable:20 dirty:5 writeback:0
 slab_reclaimable:300 slab_unreclaimable:700
 mapped:40 shmem:90 pagetables:80
 sec_pagetables:7 bounce:0
 kernel_misc_reclaimable:0
 free:1100 free_pcp:33 free_cma:0
Node 0 active_anon:400kB inactive_anon:12000kB active_file:200kB inactive_file:240kB \
unevictable:80kB isolated(anon):40kB isolated(file):0kB mapped:160kB dirty:20kB writeback:0kB \
shmem:360kB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 4096kB writeback_tmp:0kB \
kernel_stack:640kB pagetables:320kB sec_pagetables:28kB all_unreclaimable? no
Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB reserved_highatomic:0KB \
active_anon:0kB inactive_anon:0kB active_file:0kB inactive_file:0kB unevictable:0kB \
writepending:0kB present:4000kB managed:3600kB mlocked:0kB bounce:0kB free_pcp:0kB \
local_pcp:0kB free_cma:0kB
lowmem_reserve[]: 0 6000 6000 6000
Node 0 Normal free:4000kB boost:0kB min:200kB low:250kB high:300kB reserved_highatomic:0KB \
active_anon:400kB inactive_anon:12000kB active_file:200kB inactive_file:240kB \
unevictable:80kB writepending:20kB present:36000kB managed:32400kB mlocked:0kB bounce:0kB \
free_pcp:132kB local_pcp:12kB free_cma:0kB
lowmem_reserve[]: 0 0 0 0
Node 0 DMA: 0*4kB 0*8kB 1*16kB (U) 0*32kB 0*64kB 1*128kB (U) 1*256kB (M) = 400kB
Node 0 Normal: 800*4kB (UME) 96*8kB (UE) 2*16kB (M) 0*32kB 0*64kB 0*128kB 0*256kB = 4000kB
Node 0 hugepages_total=2 hugepages_free=1 hugepages_surp=0 hugepages_size=2048kB
240 total pagecache pages
30 pages in swap cache
Free swap  = 84kB
Total swap = 2048kB
10000 pages RAM
0 pages HighMem/MovableOnly
1000 pages reserved
0 pages cma reserved
3 pages hwpoisoned
"""

CACHES = """\
Unreclaimable slab info:
Name                      Used          Total
kmalloc-2k              1024KB       2048KB
odd,name(1:x)              3KB          4KB
"""

TASKS = """\
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[    246]     0   246    16404       66   159744      303          -250 journal
[    777]   504   777   572670     2500   606863       54             0 big one
"""

OUTCOME = """\
oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,\
task_memcg=/user,task=big one,pid=777,uid=504
Out of memory: Killed process 777 (big one) total-vm:2290680kB, anon-rss:9000kB, \
file-rss:4kB, shmem-rss:0kB, UID:504 pgtables:592kB oom_score_adj:0
"""

CGROUP = """\
java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
CPU: 3 UID: 0 PID: 501 Comm: java Not tainted 6.1.1-made-up #1
memory: usage 204800kB, limit 204800kB, failcnt 8587
swap: usage 0kB, limit 9007199254740988kB, failcnt 0
Memory cgroup stats for /pods/one:
anon 167772160
file 8388608
kernel_stack 1638400
pagetables 4194304
sock 1048576
shmem 4194304
slab_unreclaimable 8000000
pgscan 30
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[    501]     0   501   116404    40960   159744      303          -250 java
oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
oom_memcg=/pods/one,task_memcg=/pods/one/c,task=java,pid=501,uid=0
Memory cgroup out of memory: Killed process 501 (java) total-vm:465616kB, \
anon-rss:160000kB, file-rss:3840kB, shmem-rss:0kB
"""

WHOLE = REQUEST + MACHINE + CACHES + TASKS + OUTCOME

# what the account of MACHINE has, in pages of 4 KiB
PAGES = {
    "ram": 10000,
    "slab_reclaimable": 300,
    "slab_unreclaimable": 700,
    "kernel_stacks": 160,
    "page_tables": 80,
    "sec_page_tables": 7,
    "anonymous": 3240 - 240 + 30,
    "page_cache": 240 - 30 - 90,
    "shmem": 90,
    "hugetlb": 1024,
    "free_buddy": 1100,
    "free_pcp": 33,
    "poison": 3,
    "unattributed": 9000 - 300 - 700 - 160 - 80 - 7 - 3030 - 120 - 90 - 1024 - 1100 - 33 - 3,
}


def stamped(text, stamp):
    """Each line with what `stamp` gives for its number before it."""
    return "".join(stamp(number) + line
                   for number, line in enumerate(text.splitlines(keepends=True)))


def joined(text):
    """As rsyslog has lines that the kernel printed at once."""
    head, tail = text.split("Mem-Info:\n")
    lines, rest = tail.split("\nNode 0 active", 1)
    return head + "Mem-Info:\n" + lines.replace("\n", "#012") + "\nNode 0 active" + rest


KINDS = {
    "bare": lambda text: text,
    "dmesg": lambda text: stamped(text, lambda n: f"[  159.{n:06}] "),
    "dmesg -T": lambda text: stamped(text, lambda n: "[Mon Jan  1 00:00:09 2024] "),
    "dmesg --time-format=iso": lambda text: stamped(
        text, lambda n: f"2024-01-01T00:00:09,{n:06}+00:00 "),
    "with a level": lambda text: stamped(text, lambda n: f"<4>[  159.{n:06}] "),
    "with a caller": lambda text: stamped(text, lambda n: f"[  159.{n:06}][ T1047] "),
    "/dev/kmsg": lambda text: stamped(text, lambda n: f"4,{n},{n}000,-;"),
    "syslog": lambda text: stamped(text, lambda n: "Feb  3 13:50:55 some-host kernel: "),
    "syslog with times": lambda text: stamped(
        text, lambda n: f"Feb  3 13:50:55 some-host kernel: [  159.{n:06}] "),
    "rsyslog": lambda text: joined(text),
    "journal": lambda text: stamped(
        text, lambda n: f"2024-01-31T23:59:59.{n:06}+01:00 some-host kernel: "),
    "serial console": lambda text: stamped(
        text, lambda n: f"[  159.{n:06}] ").replace("\n", "\r\n"),
    "colours": lambda text: stamped(
        text, lambda n: f"\x1b[32m[  159.{n:06}] \x1b[0m\x1b[33m").replace("\n", "\x1b[0m\n"),
    "mail": lambda text: stamped(text, lambda n: f"> [  159.{n:06}] "),
    "every line twice": lambda text: "".join(
        2 * f"[  159.{n:06}] {line}"
        for n, line in enumerate(text.splitlines(keepends=True))),
}
