# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up machines, small enough to work their accounts out by hand.

A tree is {path: text}. What is expected stands beside it in test_golden.py, as arithmetic
on the numbers below: pages times the page size, kB times 1024.
"""

def process(pid, name, threads, *, state="S (sleeping)", ppid=1, kthread=None, **kb):
    """One proc/PID/status; without kb a kernel thread or a zombie. kthread=None: before 6.8."""
    lines = [f"Name:\t{name}", "Umask:\t0022", f"State:\t{state}", f"Tgid:\t{pid}",
             f"Pid:\t{pid}", f"PPid:\t{ppid}", "Uid:\t1000\t1000\t1000\t1000",
             "Groups:\t4 24 27 "]
    lines += [] if kthread is None else [f"Kthread:\t{kthread}"]
    lines += [f"{key}:\t{value:8} kB" for key, value in kb.items()]
    lines += [f"Threads:\t{threads}", "SigQ:\t0/7700", "Cpus_allowed_list:\t0-1"]
    return {f"proc/{pid}/status": "\n".join(lines) + "\n"}


def memory(tables, anon, file, shmem, swap=0):
    rss = anon + file + shmem
    return {"VmSize": rss * 3, "VmRSS": rss, "RssAnon": anon, "RssFile": file,
            "RssShmem": shmem, "VmPTE": tables, "VmSwap": swap, "HugetlbPages": 0}


def segment(pid):
    """Maps a shared segment of 8 MiB, aligned to 2 MiB, and most of a library of 300 KiB."""
    return {f"proc/{pid}/maps":
            "7e0000000000-7e0000800000 rw-s 00000000 00:01 99                 /SYSV0001 (deleted)\n"
            "7f0000000000-7f0000028000 r--p 00000000 fe:00 332835             /usr/lib/libc.so.6\n"
            "7f0000028000-7f000004b000 r-xp 00028000 fe:00 332835             /usr/lib/libc.so.6\n"
            "7f000004b000-7f0000050000 rw-p 00000000 00:00 0 \n"
            "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                  [stack]\n"}


# 99 threads and an idle one are 100 stacks of 16 KiB; 1760 of 2800 kB of page tables.
PROCESSES = {
    "proc/loadavg": "0.10 0.20 0.30 1/100 4242\n",
    **process(1, "init", 1, kthread=0, **memory(60, 4000, 2000, 0)),
    **process(2, "kthreadd", 1, ppid=0, kthread=1),
    **process(10, "kworker/0:1-events", 1, ppid=2, kthread=1),
    **process(11, "kworker/1:0H-kblockd", 1, ppid=2, kthread=1),
    **process(12, "kworker/R-xfsalloc", 1, ppid=2, kthread=1),
    **process(13, "kswapd0", 1, ppid=2, kthread=1),
    **process(14, "jbd2/vda1-8", 1, ppid=2, kthread=1),
    **process(300, "java", 80, kthread=0, **memory(800, 90000, 9000, 0)),
    **process(400, "postgres", 1, kthread=0, **memory(300, 2000, 3000, 8192)),
    **process(401, "postgres", 1, ppid=400, kthread=0, **memory(300, 2000, 3000, 8192)),
    **process(402, "postgres", 1, ppid=400, kthread=0, **memory(300, 2000, 3000, 8192)),
    **process(500, "half dead", 10, state="Z (zombie)", kthread=0),
    **process(501, "gone", 1, state="Z (zombie)", kthread=0),
    **segment(400), **segment(401), **segment(402),
}


cgroup_root = "sys/fs/cgroup"
_container = "cri-containerd-" + "0123456789abcdef" * 4 + ".scope"
_pod = "kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice"


def cgroup_v2(path, current, limit, dying, **kib):
    """A cgroup of the unified hierarchy; `current` is None in its root, sizes are KiB."""
    files = {"memory.stat": "".join(f"{key} {value * 1024}\n" for key, value in kib.items())}
    if current is not None:
        files["memory.current"] = f"{current * 1024}\n"
        files["memory.max"] = f"{limit * 1024 if limit else 'max'}\n"
    if dying is not None:
        files["cgroup.stat"] = f"nr_descendants 1\nnr_dying_descendants {dying}\n"
    return {f"{cgroup_root}/{path}/{name}".replace("//", "/"): text for name, text in files.items()}


def cgroup_v1(path, kernel, current, limit):
    folder = f"{cgroup_root}/memory/{path}".rstrip("/")
    return {f"{folder}/memory.kmem.usage_in_bytes": f"{kernel * 1024}\n",
            f"{folder}/memory.kmem.tcp.usage_in_bytes": "0\n",
            f"{folder}/memory.usage_in_bytes": f"{current * 1024}\n",
            f"{folder}/memory.limit_in_bytes":
                f"{limit * 1024 if limit else 9223372036854771712}\n"}


# A virtual machine of 1 GiB on a current kernel: firmware map and boot in the kernel log,
# stacks in vmalloc, memory not yet accepted, one pool of huge pages.
MODERN = {
    **PROCESSES,
    "proc/sys/kernel/hostname": "made-up\n",
    "proc/sys/kernel/osrelease": "6.12.0-made-up\n",
    "proc/uptime": "90061.00 170000.00\n",
    "sys/devices/system/cpu/online": "0-1\n",
    "sys/devices/system/cpu/possible": "0-1\n",
    "sys/devices/system/node/online": "0\n",
    "proc/meminfo": """\
MemTotal:         975360 kB
MemFree:          215360 kB
MemAvailable:     560000 kB
Buffers:           12000 kB
Cached:           300000 kB
SwapCached:            0 kB
Unevictable:           8 kB
Mlocked:               8 kB
SwapTotal:             0 kB
SwapFree:              0 kB
Dirty:                40 kB
Writeback:             0 kB
AnonPages:        200000 kB
Mapped:            60000 kB
Shmem:              4000 kB
KReclaimable:      24012 kB
Slab:              44000 kB
SReclaimable:      24000 kB
SUnreclaim:        20000 kB
KernelStack:        1600 kB
PageTables:         2800 kB
SecPageTables:         0 kB
VmallocTotal:   34359738367 kB
VmallocUsed:       20000 kB
VmallocChunk:          0 kB
Percpu:             1400 kB
HardwareCorrupted:     4 kB
AnonHugePages:         0 kB
CmaTotal:              0 kB
CmaFree:               0 kB
Unaccepted:         4000 kB
HugePages_Total:       4
HugePages_Free:        3
HugePages_Rsvd:        0
HugePages_Surp:        0
Hugepagesize:       2048 kB
Hugetlb:            8192 kB
""",
    "proc/vmstat": """\
nr_free_pages 53840
nr_mlock 2
nr_bounce 0
nr_zspages 10
nr_free_cma 0
nr_unaccepted 1000
nr_inactive_anon 20000
nr_active_anon 31000
nr_inactive_file 40000
nr_active_file 37000
nr_unevictable 2
nr_slab_reclaimable 6000
nr_slab_unreclaimable 5000
nr_isolated_anon 0
nr_isolated_file 0
nr_anon_pages 50000
nr_mapped 15000
nr_file_pages 78000
nr_dirty 10
nr_writeback 0
nr_shmem 1000
nr_kernel_misc_reclaimable 3
nr_kernel_stack 1600
nr_page_table_pages 700
nr_sec_page_table_pages 0
nr_swapcached 0
nr_memmap_pages 32
nr_memmap_boot_pages 4094
pgpginodesteal 0
allocstall_dma32 4
allocstall_normal 0
compact_stall 21
compact_fail 16
compact_success 5
thp_fault_fallback 9
balloon_inflate 0
balloon_deflate 0
""",
    "proc/zoneinfo": """\
Node 0, zone      DMA
  per-node stats
      nr_anon_pages 50000
  pages free     3840
        min      67
        low      83
        high     99
        spanned  4095
        present  3998
        managed  3840
        cma      0
        protection: (0, 937, 937)
      nr_free_pages 3840
      nr_unaccepted 0
  pagesets
    cpu: 0
              count:    0
              high:     0
  vm stats threshold: 8
    cpu: 1
              count:    0
              high:     0
  vm stats threshold: 8
  start_pfn:           1
Node 0, zone    DMA32
  pages free     50000
        min      5000
        low      6250
        high     7500
        spanned  258012
        present  258012
        managed  240000
        cma      0
        protection: (0, 0, 0)
      nr_free_pages 50000
      nr_unaccepted 1000
  pagesets
    cpu: 0
              count:    100
              high:     500
  vm stats threshold: 16
    cpu: 1
              count:    23
              high:     500
  vm stats threshold: 16
  start_pfn:           4096
""",
    "proc/buddyinfo": """\
Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3
Node 0, zone    DMA32    120    200    200      0      0     50      0      0      0     10     40
""",
    "proc/pagetypeinfo": """\
Page block order: 9
Pages per block:  512

Free pages count per migrate type at order     0    1    2    3    4    5    6    7    8    9   10
Node    0, zone      DMA, type    Unmovable    0    0    0    0    0    0    0    0    1    0    0
Node    0, zone      DMA, type      Movable    0    0    0    0    0    0    0    0    0    1    3
Node    0, zone      DMA, type   HighAtomic    0    0    0    0    0    0    0    0    0    0    0
Node    0, zone    DMA32, type    Unmovable  100  200  200    0    0   50    0    0    0    0    0
Node    0, zone    DMA32, type      Movable   20    0    0    0    0    0    0    0    0    9   40
Node    0, zone    DMA32, type   HighAtomic    0    0    0    0    0    0    0    0    0    1    0

Number of blocks type     Unmovable      Movable   HighAtomic
Node 0, zone      DMA            1            7            0
Node 0, zone    DMA32           60          443            1
""",
    "proc/sys/vm/min_free_kbytes": "20268\n",
    "proc/sys/vm/extfrag_threshold": "500\n",
    "proc/sys/vm/vfs_cache_pressure": "100\n",
    "proc/sys/fs/dentry-state": "105000\t103000\t45\t0\t90000\t0\n",
    "proc/sys/fs/inode-state": "10500\t300\t0\t0\t0\t0\t0\n",
    "proc/1/mountinfo": """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 27 0:25 / /run rw - tmpfs tmpfs rw,size=10%
""",
    "proc/net/sockstat": "sockets: used 180\nTCP: inuse 27 orphan 0 tw 3 alloc 30 mem 2\n"
                         "UDP: inuse 4 mem 1\n",
    "proc/pressure/memory": "some avg10=1.25 avg60=0.50 avg300=0.10 total=3500000\n"
                            "full avg10=0.75 avg60=0.25 avg300=0.00 total=1250000\n",
    "proc/stat": "cpu  9 0 8 700 6 0 1 0 0 0\nintr 123456 1 0 7\nctxt 345678\nbtime 1600000000\n"
                 "processes 4567\nprocs_running 2\nprocs_blocked 0\n",
    "proc/net/snmp": "Ip: Forwarding DefaultTTL InReceives OutRequests\nIp: 1 64 9327 8250\n"
                     "Icmp: InMsgs OutMsgs\nIcmp: 3 4\n"
                     "Tcp: ActiveOpens PassiveOpens CurrEstab\nTcp: 610 27 3\n",
    "proc/sys/fs/file-nr": "2208\t0\t100000\n",
    "proc/iomem": """\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-0009ffff : Reserved
000a0000-000bffff : PCI Bus 0000:00
000f0000-000fffff : Reserved
  000f0000-000fffff : System ROM
00100000-3ffdbfff : System RAM
  01000000-01dfffff : Kernel code
  01e00000-0273ffff : Kernel rodata
  02800000-02a57fff : Kernel data
  02d00000-031fffff : Kernel bss
3ffdc000-3fffffff : Reserved
feffc000-feffffff : Reserved
""",
    "proc/slabinfo": """\
slabinfo - version: 2.1
# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables : slabdata
dentry 90000 105000 192 21 1 : tunables 0 0 0 : slabdata 5000 5000 0
inode_cache 10000 10500 600 27 4 : tunables 0 0 0 : slabdata 375 375 0
kmalloc-1k 16000 16000 1024 32 8 : tunables 0 0 0 : slabdata 500 500 0
""",
    "proc/vmallocinfo": """\
0xffff8000-0xffffa000 8192 irq_init+0x1/0x2 phys=0x00000000feffc000 ioremap
0xffffa000-0xfffff000 16384 copy_process+0x1/0x2 pages=400 vmalloc N0=400
0xfffff000-0xffffff00 16384 bpf_prog_alloc+0x1/0x2 pages=4300 vmalloc vpages N0=4300
0x(____ptrval____)-0x(____ptrval____) 409600 load_module+0x1/0x2 pages=99 vmalloc N0=99
0x(____ptrval____)-0x(____ptrval____) 8192 load_module+0x1/0x2 pages=1 vmalloc N0=1
0xffffff00-0xffffff10 401408 leak_one.part.0+0x1/0x9 [made_up] pages=97 vmalloc N0=97
0xffffff10-0xffffff20 401408 leak_one.part.0+0x5/0x9 [made_up] pages=97 vmalloc N0=97
0xffffff20-0xffffff30 28672 leak_two+0x1/0x2 [made_up] pages=6 vmalloc user N0=6
0xffffff30-0xffffff40 2097152 pcpu_get_vm_areas+0x0/0x9 vmalloc
0xffffff40-0xffffff50 36864 shmem_pin_map+0x1/0x2 [i915] pages=8
0xffffff50-0xffffff60 20480 irq_init_percpu_irqstack+0x1/0x2 vmap
0xffffff60-0xffffff70 20480 unpurged vm_area
0xffffff70-0xffffff80 20480 unpurged vm_area
""",
    "proc/modules": """\
made_up 409600 2 other,another, Live 0xffffffffc0f21000 (OE)
other 5000 0 - Live 0x0000000000000000
another 16384 - - Loading 0x0000000000000000
""",
    "proc/allocinfo": """\
allocinfo - version: 1.0
#     <size>  <calls> <tag info>
      131072       32 mm/slub.c:1826 func:alloc_slab_page
     1638400       12 drivers/made_up.c:7 [made_up] func:leak_three
        4096        1 drivers/made_up.c:9 [made_up] func:leak_two
""",
    "sys/kernel/kexec_crash_size": "0\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "4\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "3\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages": "0\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
    "sys/kernel/debug/percpu_stats": """\
Percpu Memory Statistics
Allocation Info:
----------------------------------------
  unit_size           :      1048576
  static_size         :       178200
  reserved_size       :         8192
  dyn_size            :        30696
  atom_size           :      2097152
  alloc_size          :      2097152

Global Stats:
----------------------------------------
  nr_alloc            :       566776
  nr_dealloc          :       565251
  nr_cur_alloc        :         1525
  nr_chunks           :            2
  empty_pop_pages     :            4

Per Chunk Stats:
----------------------------------------
Chunk: <- Reserved Chunk
  nr_alloc            :            3
  max_alloc_size      :         4096
  free_bytes          :         8000
  contig_bytes        :         8000
  sum_frag            :            0

Chunk: <- First Chunk
  nr_alloc            :          529
  max_alloc_size      :         4096
  free_bytes          :           20
  contig_bytes        :            4
  sum_frag            :           20

Chunk:
  nr_alloc            :          996
  max_alloc_size      :         2288
  free_bytes          :       650000
  contig_bytes        :       600000
  sum_frag            :        50000
""",
    **cgroup_v2("", None, None, 153, anon=150000, file=200000, kernel=31000, kernel_stack=1000,
                pagetables=2500, sec_pagetables=0, percpu=300, sock=8, vmalloc=500, shmem=100,
                slab_reclaimable=16000, slab_unreclaimable=9000, slab=25000),
    **cgroup_v2("system.slice", 90000, None, 150, anon=40000, file=30000, kernel=18000,
                kernel_stack=500, pagetables=1200, sec_pagetables=0, percpu=280, sock=8,
                vmalloc=400, slab_reclaimable=9000, slab_unreclaimable=5500, slab=14500),
    **cgroup_v2("system.slice/made-up.service", 50000, 65536, 0, anon=20000, file=25000,
                kernel=5000, kernel_stack=300, pagetables=900, sec_pagetables=0, percpu=10,
                sock=8, vmalloc=400, slab_reclaimable=2000, slab_unreclaimable=1000, slab=3000),
    **cgroup_v2("kubepods.slice", 60100, None, 3, anon=50000, file=1000, kernel=10000,
                kernel_stack=300, pagetables=700, sec_pagetables=0, percpu=12, sock=0, vmalloc=0,
                slab_reclaimable=6000, slab_unreclaimable=2000, slab=8000),
    **cgroup_v2(_pod, 60000, 16384, 3, anon=50000, file=1000, kernel=10000, kernel_stack=300,
                pagetables=700, sec_pagetables=0, percpu=12, sock=0, vmalloc=0,
                slab_reclaimable=6000, slab_unreclaimable=2000, slab=8000),
    **cgroup_v2(_pod + "/" + _container, 60000, None, 0, anon=50000, file=1000, kernel=9500,
                kernel_stack=300, pagetables=700, sec_pagetables=0, percpu=10, sock=0, vmalloc=0,
                slab_reclaimable=5800, slab_unreclaimable=1900, slab=7700),
    "dmesg": """\
[    0.000000] Linux version 6.12.0-made-up (builder@farm) (gcc) #1 SMP
[    0.000000] Command line: root=/dev/vda quiet
[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
[    0.000000] BIOS-e820: [mem 0x00000000000f0000-0x00000000000fffff] reserved
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000003ffdbfff] usable
[    0.000000] BIOS-e820: [mem 0x000000003ffdc000-0x000000003fffffff] reserved
[    0.000000] BIOS-e820: [mem 0x00000000feffc000-0x00000000feffffff] reserved
[    0.000000] Hypervisor detected: KVM
[    0.004000] RAMDISK: [mem 0x36000000-0x36ffffff]
[    0.010000] percpu: Embedded 53 pages/cpu s178200 r8192 d30696 u1048576
[    0.010001] pcpu-alloc: s178200 r8192 d30696 u1048576 alloc=1*2097152
[    0.010002] pcpu-alloc: [0] 0 1
[    0.020000] Dentry cache hash table entries: 131072 (order: 8, 1048576 bytes, linear)
[    0.020001] Inode-cache hash table entries: 65536 (order: 7, 524288 bytes, linear)
[    0.030000] software IO TLB: area num 2.
[    0.040000] Memory: 900000K/1048040K available (14336K kernel code, 2400K rwdata, 9472K rodata, 2660K init, 5120K bss, 148040K reserved, 0K cma-reserved)
[    0.050000] ftrace: allocating 55000 entries in 215 pages
[    0.050001] ftrace: allocated 217 pages with 6 groups
[    0.060000] Mount-cache hash table entries: 2048 (order: 2, 16384 bytes, linear)
[    0.060001] futex hash table entries: 512 (order: 3, 32768 bytes, linear)
[    0.070000] TCP established hash table entries: 8192 (order: 4, 65536 bytes, linear)
[    0.070001] UDP hash table entries: 512 (order: 3, 32768 bytes, vmalloc)
[    0.080000] Freeing initrd memory: 16380K
[    0.090000] software IO TLB: mapped [mem 0x000000003b000000-0x000000003c000000] (16MB)
[    0.100000] Freeing unused kernel image (initmem) memory: 2660K
[    5.000000] systemd[1]: Started something.
""",
}

# arm64 with pages of 64 KiB: 14 orders, one zone, memory in pieces.
ARM64_64K = {
    "ktally/meta": "page_bytes=65536\n",
    "proc/meminfo": "MemTotal: 4194304 kB\nMemFree: 64000 kB\nBuffers: 0 kB\n"
                    "Cached: 100000 kB\nSwapCached: 0 kB\nAnonPages: 80000 kB\nShmem: 0 kB\n"
                    "SReclaimable: 20032 kB\nSUnreclaim: 20032 kB\nPageTables: 1024 kB\n",
    "proc/vmstat": "nr_free_pages 1000\ncompact_stall 0\n",
    "proc/zoneinfo": """\
Node 0, zone      DMA
  pages free     1000
        min      100
        low      125
        high     150
        spanned  65536
        present  65536
        managed  65536
        protection: (0, 0, 0, 0)
  pagesets
    cpu: 0
              count: 8
  vm stats threshold: 10
Node 0, zone    DMA32
  pages free     0
        min      0
        present  0
        managed  0
        protection: (0, 0, 0, 0)
Node 0, zone   Normal
  pages free     0
        min      0
        present  0
        managed  0
        protection: (0, 0, 0, 0)
Node 0, zone  Movable
  pages free     0
        min      0
        present  0
        managed  0
        protection: (0, 0, 0, 0)
""",
    "proc/buddyinfo": "Node 0, zone DMA 600 100 50 0 0 0 0 0 0 0 0 0 0 0\n",
    "proc/sys/fs/dentry-state": "5000\t4000\t45\t0\t0\t0\n",
}

# 2.6.32: no managed pages, all counters per zone, VmallocUsed is address space, no log.
OLD = {
    **process(1, "init", 1, ppid=0, VmSize=20000, VmRSS=1500, VmPTE=40),
    **process(2, "kthreadd", 1, ppid=0),
    **process(3, "migration/0", 1, ppid=2),
    **process(4, "httpd", 140, VmSize=900000, VmRSS=400000, VmPTE=7900, VmSwap=100),
    "proc/meminfo": """\
MemTotal:        1000000 kB
MemFree:          400000 kB
Buffers:           40000 kB
Cached:           200000 kB
SwapCached:            0 kB
Active:           200000 kB
Inactive:         190000 kB
Active(anon):     100000 kB
Inactive(anon):    50400 kB
Active(file):     100000 kB
Inactive(file):   139600 kB
Unevictable:           0 kB
Mlocked:               0 kB
SwapTotal:       2000000 kB
SwapFree:        2000000 kB
Dirty:                 8 kB
Writeback:             0 kB
AnonPages:        150000 kB
Mapped:            30000 kB
Shmem:               400 kB
Slab:              60000 kB
SReclaimable:      40000 kB
SUnreclaim:        20000 kB
KernelStack:        1200 kB
PageTables:         8000 kB
NFS_Unstable:          0 kB
Bounce:                0 kB
WritebackTmp:          0 kB
CommitLimit:     2500000 kB
Committed_AS:     500000 kB
VmallocTotal:   34359738367 kB
VmallocUsed:      280000 kB
VmallocChunk:   34359450000 kB
HugePages_Total:       0
HugePages_Free:        0
HugePages_Rsvd:        0
HugePages_Surp:        0
Hugepagesize:       2048 kB
DirectMap4k:       10240 kB
DirectMap2M:     1034240 kB
""",
    "proc/vmstat": """\
nr_free_pages 100000
nr_inactive_anon 12600
nr_active_anon 25000
nr_inactive_file 34900
nr_active_file 25000
nr_unevictable 0
nr_mlock 0
nr_anon_pages 37500
nr_mapped 7500
nr_file_pages 60000
nr_dirty 2
nr_writeback 0
nr_slab_reclaimable 10000
nr_slab_unreclaimable 5000
nr_page_table_pages 2000
nr_kernel_stack 150
nr_unstable 0
nr_bounce 0
nr_vmscan_write 0
nr_writeback_temp 0
nr_isolated_anon 0
nr_isolated_file 0
nr_shmem 100
pgpgin 1000
""",
    "proc/zoneinfo": """\
Node 0, zone      DMA
  pages free     3000
        min      11
        scanned  0
        spanned  4095
        present  3841
    nr_free_pages 3000
    nr_anon_pages 0
  pagesets
    cpu: 0
              count: 0
              high:  0
  vm stats threshold: 4
  all_unreclaimable: 1
  start_pfn:         0
Node 0, zone    DMA32
  pages free     97000
        min      702
        scanned  0
        spanned  258046
        present  254518
    nr_free_pages 97000
    nr_anon_pages 37500
  pagesets
    cpu: 0
              count: 77
              high:  186
  vm stats threshold: 16
  all_unreclaimable: 0
  start_pfn:         4096
""",
    "proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t503\t1\n",
    **cgroup_v1("", 30000, 400000, None),
    **cgroup_v1("docker", 28000, 150000, None),
    **cgroup_v1("docker/" + "f0" * 32, 3000, 100000, 131072),
    f"{cgroup_root}/memory/docker/{'f0' * 32}/memory.kmem.slabinfo": """\
slabinfo - version: 2.1
# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables : slabdata
dentry 1000 2100 192 21 1 : tunables 0 0 0 : slabdata 100 100 0
kmalloc-1k 320 320 1024 32 8 : tunables 0 0 0 : slabdata 10 10 0
""",

}

# ppc64 with pages of 64 KiB: a stack of 16 KiB is an object of a slab cache.
BIG_PAGES = {
    "proc/meminfo": """\
MemTotal:        8388608 kB
MemFree:         6400000 kB
Buffers:           64000 kB
Cached:           640000 kB
SwapCached:            0 kB
Active(anon):     256000 kB
Inactive(anon):   128000 kB
Active(file):     384000 kB
Inactive(file):   192000 kB
AnonPages:        256000 kB
Mapped:            64000 kB
Shmem:            128000 kB
Slab:             320000 kB
SReclaimable:     192000 kB
SUnreclaim:       128000 kB
KernelStack:       16000 kB
PageTables:         6400 kB
VmallocUsed:           0 kB
VmallocChunk:          0 kB
HardwareCorrupted:     0 kB
HugePages_Total:       2
HugePages_Free:        2
Hugepagesize:      16384 kB
""",
    "proc/vmstat": """\
nr_free_pages 100000
nr_inactive_anon 2000
nr_active_anon 4000
nr_inactive_file 3000
nr_active_file 6000
nr_unevictable 0
nr_anon_pages 4000
nr_mapped 1000
nr_file_pages 11000
nr_slab_reclaimable 3000
nr_slab_unreclaimable 2000
nr_page_table_pages 100
nr_shmem 2000
nr_bounce 0
""",
    "proc/slabinfo": """\
slabinfo - version: 2.1
# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables : slabdata
dentry 90000 100000 192 341 1 : tunables 0 0 0 : slabdata 3000 3000 0
thread_stack 1000 1040 16384 4 1 : tunables 0 0 0 : slabdata 260 260 0
task_struct 1000 1000 9000 7 1 : tunables 0 0 0 : slabdata 1600 1600 0
""",
}


def _node_zone(node, zone, free, present, managed, pcp, extra=""):
    return f"""\
Node {node}, zone   {zone}
{extra}  pages free     {free}
        min      67
        spanned  {present}
        present  {present}
        managed  {managed}
  pagesets
    cpu: 0
              count: {pcp}
  vm stats threshold: 10
  start_pfn:           4096
"""


def _node_stats(anon, file, shmem, slab_r, slab_u, tables):
    return f"""\
  per-node stats
      nr_slab_reclaimable {slab_r}
      nr_slab_unreclaimable {slab_u}
      nr_anon_pages {anon}
      nr_file_pages {file}
      nr_shmem     {shmem}
      nr_page_table_pages {tables}
"""


def _node_meminfo(node, **kb):
    return "".join(f"Node {node} {name + ':':<16}{value:>10} kB\n" for name, value in kb.items())


# Two nodes of 4 KiB pages, node 1 with twice the memory of node 0.
TWO_NODES = {
    "sys/devices/system/node/online": "0-1\n",
    "sys/devices/system/cpu/online": "0-1\n",
    "proc/meminfo": """\
MemTotal:        1200000 kB
MemFree:          600000 kB
Buffers:               0 kB
Cached:           160000 kB
SwapCached:            0 kB
AnonPages:        240000 kB
Shmem:             24000 kB
Slab:              72000 kB
SReclaimable:      48000 kB
SUnreclaim:        24000 kB
KernelStack:        2400 kB
PageTables:         4800 kB
VmallocUsed:       10000 kB
VmallocChunk:          0 kB
Percpu:             4000 kB
""",
    "proc/vmstat": """\
nr_free_pages 150000
nr_anon_pages 60000
nr_file_pages 40000
nr_shmem 6000
nr_slab_reclaimable 12000
nr_slab_unreclaimable 6000
nr_page_table_pages 1200
""",
    "proc/zoneinfo": _node_zone(0, "Normal", 70000, 110000, 100000, 11,
                                _node_stats(20000, 10000, 2000, 4000, 2000, 400)) +
                     _node_zone(1, "Normal", 80000, 215000, 200000, 22,
                                _node_stats(40000, 30000, 4000, 8000, 4000, 800)),
    "proc/vmallocinfo": "0x1000-0x2000 4096 load_module+0x1/0x2 pages=1900 vmalloc "
                        "N0=1000 N1=900\n"
                        "0x3000-0x4000 4096 dup_task_struct+0x1/0x2 pages=600 vmalloc "
                        "N0=200 N1=400\n",
    "sys/devices/system/node/node0/meminfo": _node_meminfo(
        0, MemTotal=400000, MemFree=280000, MemUsed=120000, AnonPages=80000, FilePages=40000,
        Shmem=8000, KernelStack=800, PageTables=1600, SReclaimable=16000, SUnreclaim=8000),
    "sys/devices/system/node/node1/meminfo": _node_meminfo(
        1, MemTotal=800000, MemFree=320000, MemUsed=480000, AnonPages=160000, FilePages=120000,
        Shmem=16000, KernelStack=1600, PageTables=3200, SReclaimable=32000, SUnreclaim=16000),
}

# A kernel of the future: fields that nobody knows yet.
UNKNOWN_FIELD = {
    "proc/meminfo": """\
MemTotal:        1000000 kB
MemFree:          500000 kB
Buffers:           10000 kB
Cached:           100000 kB
SwapCached:            0 kB
AnonPages:        200000 kB
Shmem:             20000 kB
SReclaimable:      30000 kB
SUnreclaim:        15000 kB
KernelStack:        3000 kB
PageTables:         5000 kB
QuantumFoam:       12345 kB
VmallocUsed:        8000 kB
VmallocChunk:          0 kB
Percpu:             1000 kB
""",
    "proc/vmstat": "nr_free_pages 125000\nnr_quantum_foam 77\npgquantum 5\n",
}

# vfree() subtracted pages that were never added: VmallocUsed is below zero, unsigned.
WRAPPED_VMALLOC = {
    **{"proc/meminfo": UNKNOWN_FIELD["proc/meminfo"]
       .replace("QuantumFoam:       12345 kB\n", "")
       .replace("VmallocUsed:        8000 kB", "VmallocUsed:  18446744073709551216 kB")},
    "sys/devices/system/cpu/online": "0\n",
    "ktally/meta": "page_bytes=4096\n",
    "proc/vmallocinfo": "0x1000-0x2000 4096 load_module+0x1/0x2 pages=1500 vmalloc N0=1500\n"
                        "0x3000-0x4000 4096 dup_task_struct+0x1/0x2 pages=750 vmalloc N0=750\n"
                        "0x5000-0x6000 4096 ioremap+0x1/0x2 phys=0x1000 ioremap\n",
}

# Part of the swap cache is mapped (and so anonymous), part is not; some CMA is free.
SWAPPING = {
    "proc/meminfo": """\
MemTotal:         500000 kB
MemFree:           50000 kB
Buffers:            2000 kB
Cached:            90000 kB
SwapCached:         6000 kB
Active(anon):     100000 kB
Inactive(anon):   102000 kB
Active(file):      40000 kB
Inactive(file):    48000 kB
Unevictable:        2800 kB
Mlocked:            2800 kB
AnonPages:        200000 kB
Shmem:              2000 kB
SReclaimable:      10000 kB
SUnreclaim:        12000 kB
KernelStack:        2000 kB
PageTables:         4000 kB
VmallocUsed:       12000 kB
VmallocChunk:          0 kB
CmaTotal:          64000 kB
CmaFree:           16000 kB
""",
    "proc/vmallocinfo": "0x1000-0x2000 4096 load_module+0x1/0x2 pages=3000 vmalloc N0=3000\n",
    "ktally/meta": "page_bytes=4096\ntaken_s=1700000000\nstack_vmapped=0\n",
}

# A container's meminfo (2 GiB) over the zones of its machine (16 GiB).
CONTAINER = {
    "ktally/meta": "page_bytes=4096\n",
    "proc/meminfo": "MemTotal: 2097152 kB\nMemFree: 1000000 kB\nBuffers: 0 kB\n"
                    "Cached: 300000 kB\nAnonPages: 500000 kB\nShmem: 0 kB\n"
                    "SReclaimable: 1 kB\nSUnreclaim: 1 kB\n",
    "proc/vmstat": "nr_free_pages 1000000\nnr_anon_pages 900000\nnr_file_pages 1500000\n"
                   "nr_shmem 100000\nnr_slab_reclaimable 50000\nnr_slab_unreclaimable 40000\n"
                   "nr_page_table_pages 9000\n",
    "proc/zoneinfo": _node_zone(0, "Normal", 1000000, 4194304, 4100000, 50),
}

# A kernel that initialises memory lazily: 1000 MiB are in MemTotal and MemFree, in no zone.
LAZY = {
    "ktally/meta": "page_bytes=4096\n",
    "proc/meminfo": "MemTotal: 4096000 kB\nMemFree: 1424000 kB\nBuffers: 0 kB\n"
                    "Cached: 100000 kB\nSwapCached: 0 kB\nAnonPages: 80000 kB\nShmem: 0 kB\n"
                    "SReclaimable: 20000 kB\nSUnreclaim: 20000 kB\nPageTables: 1000 kB\n",
    "proc/vmstat": "nr_free_pages 100000\nnr_slab_reclaimable 5000\n"
                   "nr_slab_unreclaimable 5000\nnr_page_table_pages 250\n",
    "proc/zoneinfo": _node_zone(0, "Normal", 100000, 1040000, 768000, 9),
}

ALL = {name: tree for name, tree in globals().items() if name.isupper()
       and name != "PROCESSES"}
