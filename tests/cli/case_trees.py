# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees of machines for tests of the cases: a healthy one of 16 GiB, and one change for each case.

CHANGES names what differs from the healthy machine. A case of share/cases without an entry fails a
test, and so does an entry whose case is gone.
"""

KIB, MIB, GIB = 1, 1 << 10, 1 << 20  # in kB, as /proc/meminfo has them

# name: (objects in use, objects, bytes of an object, objects of a slab, pages of a slab)
CACHES = {
    "dentry": (90000, 100000, 192, 21, 1),
    "inode_cache": (10000, 11000, 600, 27, 4),
    "kmalloc-64": (60000, 64000, 64, 64, 1),
    "kmalloc-1k": (8000, 8000, 1024, 32, 8),
    "task_struct": (400, 400, 8192, 4, 8),
}
AMOUNTS = {
    "Buffers": 100 * MIB, "Cached": 3 * GIB, "SwapCached": 0, "AnonPages": 4 * GIB,
    "Shmem": 200 * MIB, "SReclaimable": 300 * MIB, "SUnreclaim": 200 * MIB,
    "KernelStack": 8 * MIB, "PageTables": 40 * MIB, "SecPageTables": 0, "VmallocUsed": 60 * MIB,
    "Percpu": 10 * MIB, "HardwareCorrupted": 0,
}
COUNTED = ("Buffers", "Cached", "AnonPages", "SReclaimable", "SUnreclaim", "KernelStack",
           "PageTables", "SecPageTables", "VmallocUsed", "Percpu", "HardwareCorrupted", "Zswap",
           "Balloon", "GPUActive", "GPUReclaim", "Hugetlb")
EVENTS = {"pgscan_kswapd": 1000, "pgscan_direct": 0, "slabs_scanned": 5000, "compact_stall": 20,
          "compact_fail": 5, "compact_success": 15}
SETTINGS = {
    "vm/min_free_kbytes": 67584, "vm/extfrag_threshold": 500, "vm/vfs_cache_pressure": 100,
    "vm/watermark_scale_factor": 10, "vm/zone_reclaim_mode": 0, "kernel/threads-max": 120000,
    "net/core/bpf_jit_limit": 264241152, "net/netfilter/nf_conntrack_count": 1200,
    "net/netfilter/nf_conntrack_max": 262144, "net/netfilter/nf_conntrack_buckets": 65536,
}
BLOCKS = [4000, 3000, 2000, 1500, 800, 400, 200, 100, 60, 40, 1900]


def _meminfo(total, amounts, hidden, extra):
    free = total - hidden - sum(amounts.get(name, 0) for name in COUNTED)
    assert free > 0, f"the amounts leave {free} kB free"
    amounts = {"MemTotal": total, "MemFree": free,
               "MemAvailable": free + amounts["Cached"] * 3 // 4 + amounts["SReclaimable"] // 2,
               **amounts, "Slab": amounts["SReclaimable"] + amounts["SUnreclaim"]}
    return "".join(f"{name}: {kib} kB\n" for name, kib in amounts.items()) + extra, free


def _zone(node, name, managed, free, low, reserve, boot=40000):
    return (f"Node {node}, zone {name:>8}\n  pages free     {free}\n        min      {low}\n"
            f"        low      {low * 5 // 4}\n        high     {low * 3 // 2}\n"
            f"        spanned  {managed + boot}\n        present  {managed + boot}\n"
            f"        managed  {managed}\n        cma      0\n"
            f"        protection: ({', '.join(map(str, reserve))})\n"
            f"      nr_free_pages {free}\n  pagesets\n    cpu: 0\n              count:    0\n"
            f"              high:     0\n  vm stats threshold: 8\n  start_pfn:           4096\n")


def _slabinfo(caches):
    lines = ["slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> <objperslab> "
             "<pagesperslab> : tunables : slabdata\n"]
    for name, (used, count, size, each, pages) in caches.items():
        slabs = -(-count // each)
        lines.append(f"{name} {used} {count} {size} {each} {pages} : tunables 0 0 0 : "
                     f"slabdata {slabs} {slabs} 0\n")
    return "".join(lines)


def _areas(areas):
    """(caller, module, MiB)"""
    lines = []
    for at, (caller, module, mib) in enumerate(areas):
        where = f"{caller}+0x1/0x20" + (f" [{module}]" if module else "")
        lines.append(f"0x{at:08x}000-0x{at + 1:08x}000 {mib << 20} {where} "
                     f"pages={mib * 256} vmalloc N0={mib * 256}\n")
    return "".join(lines)


def _processes(tasks, workers):
    files = {}
    for pid in range(1, tasks + 1):
        files[f"proc/{pid}/status"] = (f"Name:\tprogram\nState:\tS (sleeping)\nTgid:\t{pid}\n"
                                       f"Pid:\t{pid}\nPPid:\t{min(pid - 1, 1)}\nUid:\t0\t0\t0\t0\n"
                                       "VmSize:\t100000 kB\nVmRSS:\t20000 kB\nRssAnon:\t10000 kB\n"
                                       "VmPTE:\t100 kB\nVmSwap:\t0 kB\nThreads:\t2\n")
    for pid in range(tasks + 1, tasks + workers + 1):
        files[f"proc/{pid}/status"] = (f"Name:\tkworker/0:{pid}\nState:\tI (idle)\nTgid:\t{pid}\n"
                                       f"Pid:\t{pid}\nPPid:\t2\nUid:\t0\t0\t0\t0\nThreads:\t1\n"
                                       "Kthread:\t1\n")
    return files


def _cgroups(live, dying, counted):
    files = {"proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
                             f"memory\t0\t{counted}\t1\n"}
    if live is not None:
        files["sys/fs/cgroup/cgroup.stat"] = f"nr_descendants {live}\nnr_dying_descendants " \
                                             f"{dying}\n"
    return files


def tree(*, total=16 * GIB, amounts=(), caches=(), areas=(), modules=(), settings=(), events=(),
         hidden=20 * MIB, extra="", dentries=(100000, 60000, 9000), threads=400, tasks=60,
         workers=20, cgroups=(80, 10, 90), sockets=(30, 5, 4), mounts=("ext4",), cpus="0-7",
         possible="0-7", files=(), blocks=None, zones=None, nodes="0", free_pages=None,
         boot=40000):
    """The files of a machine; what is not given is healthy."""
    meminfo, free = _meminfo(total, {**AMOUNTS, **dict(amounts)}, hidden, extra)
    if free_pages:
        meminfo, free = _meminfo(total, {**AMOUNTS, **dict(amounts)},
                                 hidden + free - free_pages * 4, extra)
    free_pages = free // 4
    blocks = list(BLOCKS) if blocks is None else blocks
    lines = "".join(f"{22 + at} 1 254:{at} / /m{at} rw - {kind} /dev/vd{at} rw\n"
                    for at, kind in enumerate(mounts))
    made = {
        **_processes(tasks, workers), **_cgroups(*cgroups),
        "proc/loadavg": f"0.1 0.1 0.1 1/{threads} 999\n",
        "proc/sys/kernel/osrelease": "6.12.0-made-up\n",
        "proc/uptime": "900610.00 1700000.00\n",
        "sys/devices/system/cpu/online": cpus + "\n",
        "sys/devices/system/cpu/possible": possible + "\n",
        "sys/devices/system/node/online": nodes + "\n",
        "proc/meminfo": meminfo,
        "proc/vmstat": "".join(f"{name} {count}\n" for name, count in {
            "nr_free_pages": free_pages, **EVENTS, **dict(events)}.items()),
        "proc/zoneinfo": zones or _zone(0, "Normal", total // 4, free_pages, 16896,
                                         (0, 0), boot),
        "proc/buddyinfo": "Node 0, zone   Normal " + " ".join(map(str, blocks)) + "\n",
        "proc/slabinfo": _slabinfo({**CACHES, **dict(caches)}),
        "proc/vmallocinfo": _areas([("load_module", None, 4), *areas]),
        "proc/modules": "".join(f"{name} 16384 0 - Live 0x0\n" for name in ("ext4", *modules)),
        "proc/sys/fs/dentry-state": "{} {} 45 0 {} 0\n".format(*dentries),
        "proc/sys/fs/dentry-negative": "0\n",
        "proc/1/mountinfo": lines,
        "proc/net/sockstat": "sockets: used 180\nTCP: inuse {} orphan 0 tw {} alloc 30 mem 2\n"
                             "UDP: inuse {} mem 1\n".format(*sockets),
        **{f"proc/sys/{name}": f"{value}\n" for name, value in {**SETTINGS,
                                                                **dict(settings)}.items()},
        **dict(files),
    }
    return {name: text for name, text in made.items() if text is not None}


def _cache(mib, size, used=1.0, pages=1):
    """A cache of so many MiB whose objects have this size."""
    each = pages * 4096 // size
    slabs = mib * 256 // pages
    return (int(slabs * each * used), slabs * each, size, each, pages)


def _tmpfs(mib):
    """The file systems of a bundle that was written with kernel memory."""
    return {"ktally/superblocks": "# made up\n"
            f"0:25 900 100 10 0 900 {mib * 256} 0 0 0 -1 -1 tmpfs tmpfs /run\n"
            f"0:4 9 1 0 0 9 {1 << 18} 0 0 0 -1 -1 tmpfs tmpfs -\n"}


def _pool(total, free, reserved=0, surplus=0, kib=2048):
    folder = f"sys/kernel/mm/hugepages/hugepages-{kib}kB/"
    return {folder + "nr_hugepages": f"{total}\n", folder + "free_hugepages": f"{free}\n",
            folder + "resv_hugepages": f"{reserved}\n",
            folder + "surplus_hugepages": f"{surplus}\n"}


SHM = """\
       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      \
atime      dtime      ctime                   rss                  swap
         0          1  1600               1048576   900   901      2  1000  1000  1000  1000 \
1700000000          0 1700000000               1048576                     0
"""
ARCSTATS = """\
13 1 0x01 99 26928 5243250 1234567
name                            type data
hits                            4    4242
c_min                           4    536870912
c_max                           4    8589934592
size                            4    {}
"""
SPL = """\
--------------------- cache -------------------------------------------------------  ----- slab --
name                                    flags      size     alloc slabsize  objsize  total alloc
zio_buf_131072                        0x00042 {:>9} 1073741824  2097152   131072   800   800   800
zfs_znode_cache                       0x00100         -   1234567     4096     1100     -     -
"""
LOW = (_zone(0, "DMA", 4000, 3000, 60, (0, 800, 4000))
       + _zone(0, "Normal", 180000, 5000, 2700, (0, 0, 9000))
       + _zone(0, "HighMem", 3800000, 900000, 128, (0, 0, 0)))

HEALTHY = tree()

CHANGES = {
    "amdgpu-kmalloc-1024": dict(modules=("amdgpu",), caches={"kmalloc-1k": _cache(
        1500, 1024, pages=8)}, amounts={"SUnreclaim": 1700 * MIB}),
    "balloon-inflated": dict(amounts={"Balloon": 3 * GIB}, modules=("virtio_balloon",)),
    "bounce-buffers-large": dict(boot=600000, files={
        "sys/kernel/debug/swiotlb/io_tlb_nslabs": "1048576\n"}),
    "bpf-jit-limit": dict(areas=[("bpf_jit_binary_alloc", None, 8)] * 29,
                          amounts={"VmallocUsed": 300 * MIB}),
    "bpf-maps": dict(areas=[("htab_map_alloc", None, 400)] * 2,
                     amounts={"VmallocUsed": 900 * MIB}),
    "cache-of-caches": dict(caches={"kmem_cache": _cache(440, 384)},
                            amounts={"SUnreclaim": 700 * MIB}, cgroups=(60, 900, 960)),
    "cache-pressure-zero": dict(settings={"vm/vfs_cache_pressure": 0},
                                amounts={"SReclaimable": 3 * GIB},
                                caches={"dentry": _cache(2900, 192)}, dentries=(15 << 20, 9, 9)),
    "cgroup-ids-used-up": dict(cgroups=(61, 61000, 61100), amounts={"Percpu": 700 * MIB}),
    "cgroups-left-behind": dict(cgroups=(9000, 20, 9020)),
    "compressed-swap-large": dict(amounts={"Zswap": 3 * GIB, "Zswapped": 9 * GIB}),
    "connection-data-left": dict(caches={"ndpi_flows": _cache(512, 128)},
                                 amounts={"SUnreclaim": 700 * MIB}, modules=("xt_ndpi",)),
    "conntrack-full": dict(settings={"net/netfilter/nf_conntrack_count": 260000},
                           caches={"nf_conntrack": _cache(80, 256)}),
    "conntrack-table-large": dict(settings={"net/netfilter/nf_conntrack_max": 16777216,
                                            "net/netfilter/nf_conntrack_buckets": 4194304}),
    "drbd-unattributed": dict(hidden=4 * GIB, modules=("drbd",)),
    "dying-cgroups": dict(cgroups=(61, 22000, 22100), amounts={"Percpu": 600 * MIB,
                                                               "SUnreclaim": 650 * MIB}),
    "free-memory-fragmented": dict(blocks=[900000, 300000, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    "fuse-inodes": dict(caches={"fuse_inode": _cache(656, 832, pages=8)}, mounts=("ext4", "fuse"),
                        amounts={"SReclaimable": 900 * MIB}),
    "gpu-pool-idle": dict(amounts={"GPUActive": 80 * MIB, "GPUReclaim": 3 * GIB}),
    "gpu-shmem": dict(amounts={"Shmem": 3 * GIB, "Cached": 5 * GIB}, files={
        **_tmpfs(50), "proc/sysvipc/shm": SHM}),
    "healthy-file-caches": dict(amounts={"SReclaimable": 2 * GIB}, dentries=(4 << 20, 3 << 20, 9),
                                caches={"dentry": _cache(800, 192)}),
    "idle-huge-pages": dict(amounts={"Hugetlb": 6 * GIB}, files=_pool(3072, 3000, 20)),
    "jool-joold-nodes": dict(caches={"jool_joold_nodes": (3804464, 3804464, 120, 34, 1),
                                     "session_nodes": (14106, 60294, 104, 39, 1)},
                             amounts={"SUnreclaim": 700 * MIB}, modules=("jool",)),
    "kernfs-nodes": dict(caches={"kernfs_node_cache": _cache(2000, 128)},
                         amounts={"SUnreclaim": 2200 * MIB}),
    "kmalloc-out-of-proportion": dict(caches={"kmalloc-rnd-07-256": _cache(900, 256),
                                              "kmalloc-cg-256": _cache(700, 256)},
                                      amounts={"SUnreclaim": 1800 * MIB}),
    "low-memory-short": dict(total=3984000 * 4, zones=LOW, free_pages=908000, amounts={"HighTotal": 3800000 * 4,
                                                                    "HighFree": 900000 * 4}),
    "many-kworkers": dict(workers=4500, threads=5000, amounts={"KernelStack": 80 * MIB}),
    "many-threads": dict(threads=60000, amounts={"KernelStack": 960 * MIB}),
    "memory-errors": dict(amounts={"HardwareCorrupted": 8}),
    "memory-left-out": dict(files={"sys/firmware/memmap/0/start": "0x0\n",
                                   "sys/firmware/memmap/0/end": "0x6ffffffff\n",
                                   "sys/firmware/memmap/0/type": "System RAM\n"}),
    "min-free-large": dict(settings={"vm/min_free_kbytes": 3 * GIB}),
    "negative-dentries": dict(dentries=(5 << 20, 5 << 20, 4 << 20),
                              caches={"dentry": _cache(1000, 192)},
                              amounts={"SReclaimable": 1100 * MIB}),
    "nuc-led-vmalloc": dict(areas=[("nuc_led_acpi_proc_write", "nuc_led", 1)] * 9,
                            modules=("nuc_led",)),
    "nvidia-fence-leak": dict(modules=("nvidia", "nvidia_drm"), caches={
        "kmalloc-64": _cache(2000, 64), "kmalloc-rnd-03-64": _cache(200, 64)},
        amounts={"SUnreclaim": 2400 * MIB}),
    "one-event-many-sizes": dict(caches={
        "kmalloc-64": (1070000, 1070016, 64, 64, 1), "kmalloc-128": (1070500, 1070512, 128, 32, 1),
        "kmalloc-256": (1070100, 1070112, 256, 16, 1)}, amounts={"SUnreclaim": 700 * MIB}),
    "onic-rx-pages": dict(hidden=2 * GIB, modules=("onic",)),
    "opencas-metadata": dict(areas=[("cas_metadata_init", "cas_cache", 800)],
                             amounts={"VmallocUsed": 900 * MIB}, modules=("cas_cache",)),
    "oversized-file-caches": dict(dentries=(30 << 20, 29 << 20, 9), amounts={
        "SReclaimable": 7 * GIB, "Cached": 1 * GIB, "AnonPages": 2 * GIB},
        caches={"dentry": _cache(5852, 192)}),
    "packets-held": dict(caches={"skbuff_head_cache": _cache(1200, 256),
                                 "kmalloc-2k": _cache(3000, 2048, pages=8)},
                         amounts={"SUnreclaim": 5 * GIB}),
    "page-extensions": dict(events={"nr_memmap_pages": 128 * 256}),
    "page-tables-of-shared-memory": dict(amounts={"PageTables": 2 * GIB, "Shmem": 2 * GIB}),
    "percpu-bpf-maps": dict(areas=[("htab_map_alloc", None, 1)] * 30,
                            amounts={"Percpu": 900 * MIB, "VmallocUsed": 100 * MIB}),
    "possible-cpus": dict(possible="0-127", amounts={"Percpu": 400 * MIB}),
    "reserved-at-boot": dict(boot=900000),
    "secondary-page-tables": dict(amounts={"SecPageTables": 500 * MIB}),
    "slab-half-empty": dict(caches={"inode_cache": _cache(2000, 600, 0.1, 4)},
                            amounts={"SReclaimable": 2200 * MIB}),
    "slab-out-of-proportion": dict(caches={"ext4_extent_status": _cache(2500, 40)},
                                   amounts={"SUnreclaim": 2700 * MIB}),
    "slab-reclaim-skipped": dict(events={"pgscan_kswapd": 40000000, "slabs_scanned": 0},
                                 amounts={"SReclaimable": 5 * GIB},
                                 caches={"dentry": _cache(2000, 192)}, dentries=(9 << 20, 9, 9)),
    "sockets-time-wait": dict(sockets=(900, 300000, 9),
                              caches={"tw_sock_TCP": _cache(200, 256)},
                              amounts={"SUnreclaim": 400 * MIB}),
    "surplus-huge-pages": dict(amounts={"Hugetlb": 1 * GIB}, files=_pool(512, 0, 0, 512)),
    "tmpfs-large": dict(amounts={"Shmem": 5 * GIB, "Cached": 7 * GIB},
                        files={**_tmpfs(5000), "proc/sysvipc/shm": SHM}),
    "trace-buffers-left": dict(hidden=560 * MIB, files={
        "sys/kernel/tracing/buffer_size_kb": "65536\n"}),
    "unattributed-drivers": dict(hidden=3 * GIB),
    "unattributed-in-guest": dict(hidden=3 * GIB, files={"sys/hypervisor/type": "xen\n"}),
    "unique-names": dict(dentries=(5 << 20, 5 << 20, 4 << 20), caches={
        "dentry": _cache(1000, 192), "kmalloc-rcl-96": _cache(200, 96)},
        amounts={"SReclaimable": 1300 * MIB}),
    "memory-offline": dict(files={
        "proc/zoneinfo": None,  # it has what is present
        "sys/devices/system/memory/block_size_bytes": "8000000\n",
        **{f"sys/devices/system/memory/memory{at}/state":
           "offline\n" if at >= 130 else "online\n" for at in range(146)}}),
    "vmalloc-of-a-module": dict(areas=[("leak_one", "made_up", 900)], modules=("made_up",),
                                amounts={"VmallocUsed": 960 * MIB}),
    "vmware-balloon": dict(hidden=4 * GIB, modules=("vmw_balloon",)),
    "wifi-driver-pages": dict(hidden=3 * GIB, modules=("ath11k", "ath11k_ahb")),
    "zfs-arc": dict(hidden=4 * GIB, modules=("zfs", "spl"),
                    files={"proc/spl/kstat/zfs/arcstats": ARCSTATS.format(4 << 30)}),
    "zfs-kmalloc-512": dict(modules=("zfs", "spl"), caches={"kmalloc-512": _cache(3000, 512)},
                            amounts={"SUnreclaim": 3300 * MIB},
                            files={"proc/spl/kstat/zfs/arcstats": ARCSTATS.format(100 << 20)}),
    "zfs-spl-caches": dict(modules=("zfs", "spl"), areas=[("spl_kmem_cache_alloc", "spl", 300)],
                           amounts={"VmallocUsed": 2 * GIB},
                           files={"proc/spl/kmem/slab": SPL.format(1500 << 20)}),
    "zone-reclaim": dict(settings={"vm/zone_reclaim_mode": 1}, nodes="0-1"),
    "zram-poor-ratio": dict(files={"sys/block/zram0/mm_stat": "{0} {0} {0} 0 {0} 0 0 0\n".format(
        2 << 30)}),
}


def of_case(name):
    return tree(**CHANGES[name])
