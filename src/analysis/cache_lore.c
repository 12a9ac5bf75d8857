// SPDX-License-Identifier: GPL-2.0-or-later
//
// Knowledge about slab caches: their use, reasons for growth, and remedies. To add a cache, insert
// an entry before any broader pattern that matches it too.

#include "analysis/cache_lore.h"

#include "base/attr.h"
#include "base/span.h"

#include <string.h>

#define DROP_INODES                                                                       \
	"The kernel reclaims it when memory is short. To see how much can be reclaimed: " \
	"'echo 2 >/proc/sys/vm/drop_caches'. To keep it smaller: raise "                  \
	"vm.vfs_cache_pressure. Objects that stay are in use, or share slabs with objects in use."
#define INODES(fs) "Inodes of " fs ": one for each file that was opened or examined."
#define INODES_GROW                                                                         \
	"Programs that walk over many files: backup, find, updatedb, checkouts, container " \
	"layers. A curve that flattens is normal caching; a straight line with few open "   \
	"files is a leak."
#define FIND_THE_CALLER                                                               \
	"'ktally users NAME --watch 60s' shows who allocates now and does not free, " \
	"'ktally users NAME' whose objects are there. 'ktally modules -i 10' shows "  \
	"which module grows if allocation profiling is on; otherwise suspect "        \
	"out-of-tree modules first. Or reboot with slab_debug=U and read "            \
	"/sys/kernel/debug/slab/NAME/alloc_traces."
#define SKB_REMEDY                                                                           \
	"'ss -tm' and 'nstat' show queued data and drops. If no socket holds it, a network " \
	"driver or a capture module leaks: unload or update it and watch the cache."
#define TASKS_REMEDY                                                                    \
	"'ktally stacks' counts threads by process. Use fewer threads, or limit them: " \
	"pids.max of the cgroup, TasksMax= of the unit."

const struct kt_lore kt_lore[] = {
	/* ---- file names and inodes ---- */
	{ "dentry", NULL,
		"Directory entries: names that were looked up, also names that do not exist "
		"(negative dentries).",
		"Programs that walk over many files or probe for names that are never used "
		"again: temporary files, health checks, per-connection services. Growth of "
		"kmalloc-rcl-* at the same time means long names.",
		"'ktally dcache' counts negative dentries. If there are many, find the program "
		"that probes (strace -f -e trace=%file) and make it reuse names. " DROP_INODES },
	{ "inode_cache", NULL,
		"Inodes of file systems without their own cache: sysfs, cgroup, devtmpfs, "
		"pipes.",
		"Programs that examine many cgroups, devices or files in sysfs.", DROP_INODES },
	{ "ext4_inode_cache", "ext4", INODES("ext4"), INODES_GROW, DROP_INODES },
	{ "ext3_inode_cache", "ext3", INODES("ext3"), INODES_GROW, DROP_INODES },
	{ "xfs_inode", "xfs", INODES("XFS"),
		INODES_GROW " XFS keeps inodes for a while after their last use.", DROP_INODES },
	{ "xfs_ili", "xfs", "Log items: one for each cached XFS inode that was changed.",
		"Changes to many files.", DROP_INODES },
	{ "btrfs_inode", "btrfs", INODES("btrfs"), INODES_GROW, DROP_INODES },
	{ "btrfs_extent_map", "btrfs", "Positions of btrfs file data on disk.",
		"Large or fragmented files, direct I/O to such files.", DROP_INODES },
	{ "btrfs_extent_buffer", "btrfs", "Headers of btrfs metadata blocks in memory.",
		"Metadata work: snapshots, many small files, balance.", DROP_INODES },
	{ "btrfs_*", "btrfs", "Working records of btrfs.", "Writes and metadata work.",
		"Shrinks when the writes are done; 'sync' speeds it up. Otherwise look for a "
		"balance, scrub or send that hangs." },
	{ "nfs_inode_cache", "nfs", INODES("NFS mounts"), INODES_GROW, DROP_INODES },
	{ "cifs_inode_cache", "cifs", INODES("SMB mounts"), INODES_GROW, DROP_INODES },
	{ "ceph_inode_info", "ceph", INODES("CephFS"), INODES_GROW, DROP_INODES },
	{ "fuse_inode", "fuse", INODES("FUSE mounts (the daemon has its own inodes in addition)"),
		INODES_GROW " A daemon may hold as many nodes as the kernel caches entries.",
		"A higher vm.vfs_cache_pressure makes the kernel and then the daemon drop entries. "
		"Keep indexers away from the mount." },
	{ "fuse_request", "fuse", "Pending requests to FUSE daemons.",
		"A daemon that is slow or hangs.",
		"Check the daemon; /sys/fs/fuse/connections/*/waiting counts its pending "
		"requests." },
	{ "ovl_inode", "overlay",
		INODES("overlay mounts, in addition to the inodes of the lower layers"),
		"Containers: each has its own inodes for its files.", DROP_INODES },
	{ "proc_inode_cache", NULL, INODES("/proc"),
		"Monitoring that repeatedly reads /proc of every process.",
		DROP_INODES " Make the monitoring read less often." },
	{ "shmem_inode_cache", NULL, INODES("tmpfs, memfd and shared memory"),
		"Many small files in /tmp, /run or /dev/shm; GPU objects. They exist only in "
		"memory, so only removing the files shrinks it.",
		"'df -i -t tmpfs' counts files by mount; remove them." },
	{ "sock_inode_cache", NULL, "Sockets of all families: one for each open socket.",
		"Connections, or a program that leaks descriptors.",
		"'ss -s' counts them, 'ss -anp' shows their processes." },
	{ "hugetlbfs_inode_cache", NULL, "Files on hugetlbfs.", "Programs that map huge pages.",
		"Close or remove the files." },
	{ "*inode_cache", NULL, INODES("one file system"), INODES_GROW, DROP_INODES },
	{ "*_inode", NULL, INODES("one file system"), INODES_GROW, DROP_INODES },
	{ "kernfs_node_cache", NULL,
		"Files and directories of sysfs and cgroups: they exist as long as their "
		"device or cgroup.",
		"Cgroups: each has dozens. Containers and services that start and end faster than "
		"their cgroups are freed; dying cgroups keep their files.",
		"'ktally cgroups' counts dying cgroups. Use fewer short-lived containers, timers "
		"and health checks." },
	{ "kernfs_iattrs_cache", NULL, "Owners and labels of sysfs and cgroup files.",
		"Delegated cgroups, security labels.", "See kernfs_node_cache." },
	{ "fsnotify_mark*", NULL,
		"Watches: inotify, fanotify, audit. Each keeps its inode in memory.",
		"Editors, indexers and sync clients that watch whole trees.",
		"fs.inotify.max_user_watches limits it; 'grep -c inotify /proc/*/fdinfo/*' finds "
		"the processes." },
	{ "inotify_inode_mark", NULL, "Inotify watches. Each keeps its inode in memory.",
		"Editors, indexers and sync clients that watch whole trees.",
		"fs.inotify.max_user_watches limits it; 'grep -c inotify /proc/*/fdinfo/*' finds "
		"the processes." },
	{ "dnotify_*", NULL, "Watches of the old dnotify interface.",
		"Old programs that watch directories.", "Stop the watcher." },
	{ "names_cache", NULL, "Buffers of 4 KiB for path names during a system call.",
		"Should be almost empty: one for each running system call. More means a leak, or "
		"many tasks stuck in file system calls.",
		"'ps -eo pid,stat,wchan:32,comm | grep D' shows stuck tasks." },
	{ "filp", NULL, "Open files of processes and of the kernel.",
		"Descriptors that are not closed, many connections.",
		"'cat /proc/sys/fs/file-nr' counts them; 'ls /proc/PID/fd | wc -l' counts one "
		"process's descriptors." },
	{ "file_lock_cache", NULL, "Locks on files.",
		"Programs or NFS clients that take many locks.",
		"'wc -l /proc/locks' counts them, 'lslocks' shows their processes." },
	{ "mnt_cache", NULL, "Mounts, in all namespaces.",
		"Containers and per-service namespaces: each has a copy of every mount.",
		"'wc -l /proc/*/mountinfo | sort -n' finds namespaces with many mounts." },

	/* ---- page cache, block layer ---- */
	{ "buffer_head", NULL,
		"Blocks of cached pages: written pages and metadata of ext2/3/4, block devices.",
		"Writing and reading with file systems that use buffers; the page cache grows with "
		"it.",
		"Shrinks with the page cache: 'echo 1 >/proc/sys/vm/drop_caches' shows how much "
		"can." },
	{ "radix_tree_node", NULL,
		"Nodes that index the pages of a file, and other numbered objects (XArray).",
		"Large files in the page cache, above all files with holes; entries for evicted "
		"pages (shadow entries).",
		"Shrinks when memory is short; 'echo 1 >/proc/sys/vm/drop_caches' drops cached "
		"files." },
	{ "xarray_node", NULL, "Nodes that index the pages of a file (XArray).",
		"Large files in the page cache.", "Shrinks when memory is short." },
	{ "biovec-*", NULL, "Page lists of large disk requests.", "Much or stuck I/O.",
		"'iostat -x 1'." },
	{ "bio*", NULL, "Pending disk requests, as submitted by file systems.",
		"Much or stuck I/O; stacked devices (dm, md).",
		"'iostat -x 1'; look for a device that hangs." },
	{ "blkdev_*", NULL, "Queues and requests of block devices.", "Many devices, stuck I/O.",
		"'lsblk'; 'iostat -x 1'." },
	{ "scsi_*", "scsi_mod", "Commands and sense data of SCSI devices.",
		"Many disks, commands that hang.", "Search dmesg for timeouts." },
	{ "jbd2_journal_head", "jbd2", "Blocks of pending ext4 journal transactions.",
		"Metadata changes not yet written.",
		"'sync'; shrinks when the journal is written." },
	{ "jbd2_*", "jbd2", "Working records of the ext4 journal.",
		"Metadata changes not yet written.", "'sync'." },
	{ "ext4_groupinfo_*", "ext4",
		"Free-space maps: one for each group of blocks of mounted file systems.",
		"Large file systems; constant while they are mounted.", "None needed." },
	{ "ext4_extent_status", "ext4", "Cached positions of ext4 file data on disk.",
		"Large or fragmented files.", "Shrinks when memory is short." },
	{ "ext4_*", "ext4", "Working records of ext4.", "Pending writes.",
		"'sync'; shrinks by itself." },
	{ "xfs_buf*", "xfs", "XFS metadata blocks in memory.",
		"Programs that walk over many files.", DROP_INODES },
	{ "xfs_*", "xfs", "Working records of XFS.", "Pending metadata work.",
		"'sync'; shrinks by itself." },
	{ "nfsd_*", "nfsd", "State of the clients of this NFS server.",
		"Many clients or open files.", "See /proc/fs/nfsd/clients." },
	{ "nfs_*", "nfs", "Pending reads and writes to NFS servers.",
		"A server that is slow or unreachable.", "'nfsstat -c', 'mount | grep nfs'." },
	{ "zfs_znode*", "zfs", "Inodes of ZFS.", INODES_GROW,
		"Limit the ARC: zfs_arc_max, zfs_arc_meta_limit." },
	{ "spl_*", "spl",
		"ZFS's own allocator. A part is not in slabinfo but in vmalloc: see "
		"/proc/spl/kmem/slab.",
		"ARC metadata of many small files.",
		"Lower zfs_arc_max; see /proc/spl/kstat/zfs/arcstats." },
	{ "zio_*", "zfs", "I/O buffers of ZFS.", "Reads and writes, ARC.",
		"Lower zfs_arc_max; see arcstats." },
	{ "arc_*", "zfs", "Headers of ZFS's cache.",
		"A large ARC, or a large L2ARC (each block on it has a header).",
		"Lower zfs_arc_max; use a smaller L2ARC." },
	{ "dmu_*", "zfs", "Objects and buffers of ZFS's cache.", "Metadata of many files.",
		"Lower zfs_arc_max." },
	{ "dm_*", "dm_mod", "Requests and state of device-mapper targets.",
		"Many targets, pending I/O.", "'dmsetup ls'." },
	{ "dm-*", "dm_mod", "Requests and state of device-mapper targets.",
		"Many targets, pending I/O.", "'dmsetup ls'." },
	{ "zspage", "zsmalloc", "Descriptors of compressed pages (zram, zswap).",
		"Swapping to zram or zswap.", "'zramctl'; /sys/kernel/debug/zswap." },
	{ "zs_handle*", "zsmalloc", "One for each compressed object (zram, zswap).",
		"Swapping to zram or zswap.",
		"'zramctl'; use a smaller zram or a lower zswap.max_pool_percent." },

	/* ---- processes and their memory ---- */
	{ "task_struct", NULL, "Threads: one object of some kB for each.",
		"Threads of programs, and of the kernel.", TASKS_REMEDY },
	{ "thread_stack", NULL, "Kernel stacks of threads, if a stack is smaller than a page.",
		"Threads.", TASKS_REMEDY },
	{ "thread_info", NULL, "Kernel stacks of threads on old kernels.", "Threads.",
		TASKS_REMEDY },
	{ "signal_cache", NULL,
		"Processes: signals and limits that the threads of a process share.",
		"Processes, zombies too.",
		"'ps -eo stat,ppid | grep ^Z' shows zombies and the parents that do not wait for "
		"them." },
	{ "sighand_cache", NULL, "Processes: their signal handlers.", "Processes, zombies too.",
		"'ps -eo stat,ppid | grep ^Z' shows zombies and the parents that do not wait for "
		"them." },
	{ "mm_struct", NULL, "Address spaces: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "files_cache", NULL, "Tables of open files: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "fs_cache", NULL, "Root and working directory: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "pid", NULL, "Process ids; they stay while anything refers to them.",
		"Processes, or handles that outlive their processes.",
		"Compare with 'ps -e | wc -l': far more objects than processes is a leak." },
	{ "pid_*", NULL, "Process ids inside containers.", "Processes in containers.", "See pid." },
	{ "cred_jar", NULL, "Credentials: user and rights of a task or an open file.",
		"Threads and open files; RCU that falls behind when logins or short "
		"programs are frequent. Many more objects than threads and files is a leak.",
		"Compare with task_struct and filp. One case was a socket-activated sshd with "
		"many login attempts: a running sshd and a newer kernel helped." },
	{ "key_jar", NULL, "Keys of the kernel's keyrings.",
		"Logins, containers and services with their own keyrings.",
		"See /proc/keys and /proc/key-users; kernel.keys.maxkeys limits it." },
	{ "vm_area_struct", NULL, "Mappings: one for each line of /proc/PID/maps.",
		"Processes with many mappings or libraries, mmap() of small pieces, memory "
		"protection that splits mappings.",
		"'wc -l /proc/[0-9]*/maps | sort -n | tail' finds the processes; "
		"vm.max_map_count limits a process." },
	{ "vma_lock", NULL, "Locks of mappings, one each.", "Same as vm_area_struct.",
		"See vm_area_struct." },
	{ "maple_node", NULL, "Nodes that find mappings by address.", "Same as vm_area_struct.",
		"See vm_area_struct." },
	{ "anon_vma*", NULL, "Links from anonymous memory to its mappings.",
		"Programs that fork repeatedly without exec: each generation adds links to "
		"all earlier generations.",
		"Start workers from one parent instead of from each other." },
	{ "rmap_item", NULL, "Pages that KSM tracks.", "KSM with many mergeable pages.",
		"'echo 2 >/sys/kernel/mm/ksm/run'." },
	{ "ksm_*", NULL, "Pages that KSM tracks.", "KSM with many mergeable pages.",
		"'echo 2 >/sys/kernel/mm/ksm/run'." },
	{ "numa_policy", NULL, "Memory policies.", "mbind() on many ranges.",
		"'grep -c bind /proc/PID/numa_maps'." },
	{ "page->ptl", NULL, "Locks of page-table pages, if they do not fit in struct page.",
		"Page tables.", "'ktally pagetables'." },
	{ "pgtable*", NULL, "Page tables that are smaller than a page.", "Address spaces.",
		"'ktally pagetables'." },
	{ "nsproxy", NULL, "Sets of namespaces.", "Containers, sandboxes.", "'lsns'." },
	{ "net_namespace", NULL,
		"Network namespaces: some kB each, and much other memory for each.",
		"Containers; references that outlive the containers.",
		"Compare with 'lsns -t net': more objects than lines is a leak." },
	{ "*_namespace", NULL, "Namespaces.",
		"Containers, sandboxes; references that outlive the containers.", "'lsns'." },
	{ "eventpoll_*", NULL, "Descriptors that epoll watches.", "Servers with many connections.",
		"fs.epoll.max_user_watches limits it." },
	{ "ep_head", NULL, "Files that several epoll sets watch.", "Servers with many connections.",
		"None needed." },
	{ "posix_timers_cache", NULL, "Timers created by timer_create().",
		"Programs that do not delete their timers.", "'wc -l /proc/PID/timers'." },
	{ "*mqueue*", NULL, "POSIX message queues.", "Programs that use them.",
		"'ls /dev/mqueue'." },
	{ "seq_file", NULL, "Open files of /proc and sysfs.", "Monitoring.",
		"Should be almost empty." },
	{ "iommu_iova", NULL, "Address ranges that devices see.",
		"Network and storage drivers that map many buffers, or never unmap.",
		"If it only grows, a driver does not unmap: compare it with the traffic, update "
		"the driver." },
	{ "dma-buf*", NULL, "Buffers shared between GPU and other drivers.", "GPU clients.",
		"/sys/kernel/debug/dma_buf/bufinfo." },
	{ "i915_*", "i915", "Requests and objects of the Intel GPU driver.", "GPU clients.",
		"/sys/kernel/debug/dri/0/i915_gem_objects." },
	{ "amdgpu_*", "amdgpu", "Fences and jobs of the AMD GPU driver.", "GPU work.",
		"Try a newer kernel and firmware; see 'kmalloc-*'." },
	{ "nvidia_*", "nvidia", "Records of the NVIDIA driver.", "GPU clients and mapped memory.",
		"'nvidia-smi'; update the driver." },
	{ "drm_*", "drm", "Buffers and schedules of GPU drivers.", "GPU clients.",
		"'cat /sys/kernel/debug/dri/*/clients'." },
	{ "kvm_*", "kvm", "Virtual machines: virtual CPUs, shadow page tables.",
		"Running virtual machines.", "Shrinks when they end." },
	{ "x86_emulator", "kvm", "Instruction emulation, one for each virtual CPU.",
		"Running virtual machines.", "Shrinks when they end." },
	{ "pte_list_desc", "kvm", "Reverse mappings of shadow page tables.",
		"Virtual machines, above all nested virtual machines.", "Shrinks when they end." },

	/* ---- network ---- */
	{ "skbuff_small_head", NULL, "Data of small packets.",
		"Queued packets: sockets that no process reads, devices that do not send, "
		"captures.",
		SKB_REMEDY },
	{ "skbuff_*", NULL, "Packet descriptors: one for each queued packet.",
		"Queued packets: sockets that no process reads, devices that do not send, "
		"captures. The data is in skbuff_small_head, kmalloc-* or separate pages.",
		SKB_REMEDY },
	{ "nf_conntrack_expect", "nf_conntrack", "Connections that helpers (FTP, SIP) expect.",
		"Helpers on busy routers.", "Enable helpers only by explicit rules." },
	{ "nf_conntrack*", "nf_conntrack", "Connections that the firewall tracks.",
		"Many short connections, scans, long timeouts; a limit that depends on the number "
		"of CPUs.",
		"'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max'; use "
		"shorter timeouts, a lower limit, or NOTRACK for traffic that needs no state. "
		"More objects than connections: a module leaks them." },
	{ "TCP*", NULL, "TCP sockets.",
		"Connections, also in CLOSE_WAIT, which the program forgot to close.",
		"'ss -s'; 'ss -tanp state close-wait'." },
	{ "tw_sock_TCP*", NULL, "TCP connections in TIME_WAIT.", "Many short connections.",
		"Reuse connections; net.ipv4.tcp_max_tw_buckets limits it." },
	{ "request_sock_TCP*", NULL, "TCP connections being opened.", "Connection floods.",
		"Set net.ipv4.tcp_syncookies, check the backlog." },
	{ "UDP*", NULL, "UDP sockets.", "Programs with many sockets.", "'ss -uanp'." },
	{ "UNIX*", NULL, "Local sockets.", "Programs that communicate; leaked descriptors.",
		"'ss -xanp'." },
	{ "RAW*", NULL, "Raw sockets.", "Ping and routing programs.", "'ss -wanp'." },
	{ "PING*", NULL, "Sockets for ping.", "Ping.", "'ss -wanp'." },
	{ "*NETLINK*", NULL, "Sockets between programs and the kernel.",
		"Network managers, monitors, audit.", "'ss -f netlink -p'." },
	{ "ip_dst_cache", NULL, "Routes in use.", "Many peers; leaked references.",
		"Old kernels: net.ipv4.route.max_size limits it. unregister_netdevice messages "
		"in dmesg mean a leak." },
	{ "ip6_dst_cache", NULL, "IPv6 routes in use.", "Many peers.", "net.ipv6.route.max_size." },
	{ "ip_fib_*", NULL, "Routing table.", "Many routes: BGP, containers.",
		"'ip route | wc -l', for each namespace." },
	{ "fib6_*", NULL, "IPv6 routing table.", "Many routes.",
		"'ip -6 route | wc -l', for each namespace." },
	{ "inet_peer_cache", NULL, "Cached data about peers.", "Many peers.",
		"Shrinks by itself." },
	{ "neigh*", NULL, "Neighbours (ARP).", "Large flat networks, scans.",
		"net.ipv4.neigh.default.gc_thresh3 limits it." },
	{ "bridge_fdb_cache", "bridge", "Addresses that bridges have learned.",
		"Large flat networks.", "'bridge fdb | wc -l'." },
	{ "sw_flow*", "openvswitch", "Flows of Open vSwitch.", "Many connections.",
		"'ovs-dpctl show'; flow-limit." },
	{ "audit_*", NULL, "Audit records that wait for the daemon.",
		"Rules that match too much, an agent that falls behind. The records are in "
		"kmalloc-* and skbuff_*.",
		"'auditctl -s' shows the backlog; use fewer rules, a lower backlog_limit." },

	/* ---- security, tracing, bookkeeping ---- */
	{ "avtab_node", "selinux", "Rules of the SELinux policy.",
		"The policy; constant while it is loaded.", "None needed." },
	{ "ebitmap_node", "selinux", "Sets in the SELinux policy.",
		"The policy; a kernel that leaks them grew to 46 GB in weeks.",
		"Steady growth: use a newer kernel; only a reboot frees it." },
	{ "avc_*", "selinux", "Cached decisions of SELinux.", "Many labels.",
		"Limited by cache_threshold." },
	{ "lsm_*", NULL, "Security labels of files and inodes.", "Same as inodes and open files.",
		"See the inode caches and filp." },
	{ "selinux_*", "selinux", "Security labels.", "Same as inodes and open files.",
		"See the inode caches and filp." },
	{ "security_*", NULL, "Security labels.", "Same as inodes and open files.",
		"See the inode caches and filp." },
	{ "trace_event_file", NULL, "Tracepoints in tracefs: one for each tracepoint and instance.",
		"Trace instances.", "Remove instances in /sys/kernel/tracing/instances." },
	{ "ftrace_event_field", NULL, "Fields of tracepoints.",
		"Constant after boot; modules add their fields.", "None needed." },
	{ "Acpi-*", NULL, "Objects of the ACPI interpreter.",
		"Constant after boot; firmware that leaks on events.",
		"Steady growth: /sys/firmware/acpi/interrupts shows the event; try a firmware "
		"update." },
	{ "acpi_*", NULL, "Objects of the ACPI interpreter.", "Constant after boot.",
		"None needed." },
	{ "vmap_area", NULL, "Areas of vmalloc.", "Thread stacks, modules, BPF programs, drivers.",
		"'ktally vmalloc' shows their callers." },
	{ "kmem_cache", NULL, "Descriptors of slab caches, one for each.",
		"Kernels before 5.9 copy every cache for every memory cgroup that uses it, dying "
		"cgroups included.",
		"'ktally cgroups' counts dying cgroups; newer kernels share caches." },
	{ "kmem_cache_node", NULL, "Per-node parts of slab caches.", "Same as kmem_cache.",
		"See kmem_cache." },
	{ "pool_workqueue", NULL, "Work queues.", "Drivers and file systems that create queues.",
		"Shrinks when they are unloaded." },
	{ "percpu*", NULL, "Records of the per-CPU allocator.", "Cgroups, BPF maps.",
		"'ktally percpu'." },
	{ "ip_vs_conn", "ip_vs", "Connections that the load balancer tracks.", "Many connections.",
		"'ipvsadm -Lnc | wc -l' counts them; use shorter timeouts." },
	{ "bpf_*", NULL, "Elements of BPF maps and records of BPF programs.",
		"Tracing and network agents.", "See 'bpftool map' and 'bpftool prog'." },
	{ "io_kiocb", NULL, "Requests of io_uring.", "Programs with deep queues.",
		"Shrinks when the requests are done." },
	{ "kioctx", NULL, "Queues of asynchronous I/O.", "Databases.",
		"Compare fs.aio-nr with fs.aio-max-nr." },
	{ "kiocb", NULL, "Requests of asynchronous I/O.", "Databases.",
		"Compare fs.aio-nr with fs.aio-max-nr." },
	{ "aio_*", NULL, "Requests of asynchronous I/O.", "Databases.",
		"Compare fs.aio-nr with fs.aio-max-nr." },
	{ "userfaultfd_*", NULL, "Contexts of userfaultfd.",
		"Virtual machines being migrated, runtimes.", "None needed." },
	{ "uid_cache", NULL, "Users with processes.", "Users.", "None needed." },
	{ "task_delay_info", NULL, "Delay accounting, one for each thread.", "Threads.",
		TASKS_REMEDY },
	{ "taskstats", NULL, "Statistics of ending processes.", "Processes that end.",
		"None needed." },

	/* ---- caches without a name of their own ---- */
	{ "kmalloc-rcl-*", NULL,
		"Memory of one size that the kernel can reclaim: long file names above all.",
		"Growth together with dentry: lookups of unique long names.", "See dentry." },
	{ "kmalloc-cg-*", NULL,
		"Memory of one size that is charged to a cgroup: pipes, message queues, BPF maps, "
		"tables of descriptors.",
		"Work of the processes of a cgroup; 'ktally cgroups' shows which.",
		FIND_THE_CALLER },
	{ "dma-kmalloc-*", NULL, "Memory of one size that old devices can address.",
		"Drivers of old devices.", FIND_THE_CALLER },
	{ "kmalloc-rnd-*", NULL,
		"Memory of one size in sixteen copies: each call site has one copy, chosen at "
		"random, so add them up (--families).",
		"A straight line near 100 % used is a leak. All objects of a call site are in "
		"one copy, which separates leaks of one size.",
		FIND_THE_CALLER },
	{ "kmalloc-*", NULL, "Memory of one size, from anywhere in the kernel and its modules.",
		"A straight line near 100 % used is a leak; the same count in several sizes is "
		"one object made of several pieces. Out-of-tree drivers of GPUs, network cards, "
		"storage and file systems are the usual callers.",
		FIND_THE_CALLER },
	{ "size-*", NULL,
		"Memory of one size, from anywhere in the kernel and its modules (kmalloc of "
		"SLAB).",
		"A straight line near 100 % used is a leak.", FIND_THE_CALLER },
};

const size_t kt_nr_lore = KT_LEN(kt_lore);

static bool matches(const char *pattern, struct kt_span name)
{
	struct kt_span left = kt_span_str(pattern);
	size_t star = kt_span_find(left, "*");

	if (star == left.n)
		return kt_span_eq(name, pattern);
	return name.n >= left.n - 1 && memcmp(name.p, pattern, star) == 0 &&
	       kt_span_ends(name, pattern + star + 1);
}

const struct kt_lore *kt_lore_find(const char *name)
{
	struct kt_span span = kt_span_str(name);

	for (size_t i = 0; i < kt_nr_lore; i++) {
		if ((kt_lore[i].pattern[0] == name[0] || kt_lore[i].pattern[0] == '*') &&
			matches(kt_lore[i].pattern, span))
			return &kt_lore[i];
	}
	return NULL;
}
