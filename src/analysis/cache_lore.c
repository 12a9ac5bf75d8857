// SPDX-License-Identifier: GPL-2.0-or-later
//
// What slab caches are used for, what makes them grow, what to do about it. To add one:
// an entry anywhere before a broader pattern that matches it too.

#include "analysis/cache_lore.h"

#include "base/attr.h"
#include "base/span.h"

#include <string.h>

#define DROP_INODES                                                                            \
	"It is a cache and shrinks by itself when memory is short. To see how much of it can " \
	"go: 'echo 2 >/proc/sys/vm/drop_caches'; to keep it smaller: a higher "                \
	"vm.vfs_cache_pressure. What stays is in use, or shares slabs with what is."
#define INODES(fs) "Inodes of " fs ": one for each file that was opened, listed or looked at."
#define INODES_GROW                                                                              \
	"Walks over many files: backup, find, updatedb, checkouts, containers' layers. A curve " \
	"that flattens is a cache at work; a straight line with few files open is a leak."
#define FIND_THE_CALLER                                                                            \
	"'ktally modules -i 10': with allocation profiling it shows which module grows; without, " \
	"modules from out of the kernel's tree are the first suspects. The call site, now: "       \
	"'perf record -g -e kmem:kmalloc sleep 10', then 'perf report'. After a reboot with "      \
	"slab_debug=U: /sys/kernel/debug/slab/NAME/alloc_traces."
#define SKB_REMEDY                                                                           \
	"'ss -tm' and 'nstat' show queued data and drops. If no socket holds it, a network " \
	"driver or a capture module does not free: unload or update it and watch the cache."
#define TASKS_REMEDY                                                                             \
	"'ktally stacks' counts threads by process. Fewer threads, or a limit: pids.max of the " \
	"cgroup, TasksMax= of the unit."

const struct kt_lore kt_lore[] = {
	/* ---- file names and inodes ---- */
	{ "dentry", NULL,
		"Directory entries: names that were looked up, those that do not exist "
		"(negative entries) too.",
		"Walks over many files, and programs that probe for names that are never used "
		"again: temporary files, health checks, per-connection services. Together with "
		"kmalloc-rcl-*: long names.",
		"'ktally dcache' tells negative entries. Many negative ones: find who probes "
		"(strace -f -e trace=%file) and let it reuse names. " DROP_INODES },
	{ "inode_cache", NULL,
		"Inodes of file systems without a cache of their own: sysfs, cgroup, devtmpfs, "
		"pipes.",
		"Many cgroups, devices or files in sysfs that were looked at.", DROP_INODES },
	{ "ext4_inode_cache", "ext4", INODES("ext4"), INODES_GROW, DROP_INODES },
	{ "ext3_inode_cache", "ext3", INODES("ext3"), INODES_GROW, DROP_INODES },
	{ "xfs_inode", "xfs", INODES("XFS"),
		INODES_GROW " XFS keeps inodes for a while after their last use.", DROP_INODES },
	{ "xfs_ili", "xfs", "Log items: one for each XFS inode that was ever changed in memory.",
		"Changes to many files.", DROP_INODES },
	{ "btrfs_inode", "btrfs", INODES("btrfs"), INODES_GROW, DROP_INODES },
	{ "btrfs_extent_map", "btrfs", "Where parts of btrfs files lie on disk.",
		"Large or fragmented files, direct I/O to them.", DROP_INODES },
	{ "btrfs_extent_buffer", "btrfs", "Headers of btrfs metadata blocks in memory.",
		"Metadata work: snapshots, many small files, balance.", DROP_INODES },
	{ "btrfs_*", "btrfs", "Working records of btrfs.", "Writes and metadata work.",
		"Falls when the writes are done; 'sync' hurries it. If not: look for a balance, "
		"scrub or send that hangs." },
	{ "nfs_inode_cache", "nfs", INODES("NFS mounts"), INODES_GROW, DROP_INODES },
	{ "cifs_inode_cache", "cifs", INODES("SMB mounts"), INODES_GROW, DROP_INODES },
	{ "ceph_inode_info", "ceph", INODES("CephFS"), INODES_GROW, DROP_INODES },
	{ "fuse_inode", "fuse", INODES("FUSE mounts (the daemon keeps its own beside them)"),
		INODES_GROW " A daemon may hold as many nodes as the kernel keeps entries.",
		"A higher vm.vfs_cache_pressure makes the kernel forget, and the daemon with it. "
		"Keep indexers away from the mount." },
	{ "fuse_request", "fuse", "Requests under way to FUSE daemons.",
		"A daemon that is slow or hangs.",
		"Look at the daemon; /sys/fs/fuse/connections/*/waiting counts." },
	{ "ovl_inode", "overlay", INODES("overlay mounts, beside those of the layers below"),
		"Containers: each sees its files as inodes of its own.", DROP_INODES },
	{ "proc_inode_cache", NULL, INODES("/proc"),
		"Monitors that read /proc of every process, again and again.",
		DROP_INODES " Let the monitor read less often." },
	{ "shmem_inode_cache", NULL, INODES("tmpfs, memfd and shared memory"),
		"Many small files in /tmp, /run or /dev/shm; GPU objects. They exist only in "
		"memory, so nothing but removing the files shrinks it.",
		"'df -i -t tmpfs' counts files by mount; remove them." },
	{ "sock_inode_cache", NULL, "Sockets, of every family: one for each that is open.",
		"Connections, or a program that leaks descriptors.",
		"'ss -s' for how many, 'ss -anp' for whose." },
	{ "hugetlbfs_inode_cache", NULL, "Files on hugetlbfs.", "Programs that map huge pages.",
		"Close or remove the files." },
	{ "*inode_cache", NULL, INODES("one file system"), INODES_GROW, DROP_INODES },
	{ "*_inode", NULL, INODES("one file system"), INODES_GROW, DROP_INODES },
	{ "kernfs_node_cache", NULL,
		"Files and folders of sysfs and of cgroups: they exist as long as their "
		"device or cgroup.",
		"Cgroups: each has dozens. Containers and services that come and go, faster than "
		"they die; dying cgroups keep theirs.",
		"'ktally cgroups' counts dying ones. Fewer short-lived containers, timers and "
		"health checks." },
	{ "kernfs_iattrs_cache", NULL, "Owners and labels of sysfs and cgroup files.",
		"Delegated cgroups, security labels.", "See kernfs_node_cache." },
	{ "fsnotify_mark*", NULL,
		"Watches: inotify, fanotify, audit. Each keeps its inode in memory.",
		"Editors, indexers and sync clients that watch whole trees.",
		"fs.inotify.max_user_watches limits it; 'grep -c inotify /proc/*/fdinfo/*' finds "
		"who." },
	{ "inotify_inode_mark", NULL, "Inotify watches. Each keeps its inode in memory.",
		"Editors, indexers and sync clients that watch whole trees.",
		"fs.inotify.max_user_watches limits it; 'grep -c inotify /proc/*/fdinfo/*' finds "
		"who." },
	{ "dnotify_*", NULL, "Watches of the old dnotify interface.",
		"Old programs that watch folders.", "Stop the watcher." },
	{ "names_cache", NULL, "Buffers of 4 KiB for path names while a system call works on them.",
		"Should be near nothing: one for each system call under way. More is a leak, or "
		"many "
		"tasks stuck in file system calls.",
		"'ps -eo pid,stat,wchan:32,comm | grep D' shows tasks that are stuck." },
	{ "filp", NULL, "Open files: one for each that any process or the kernel holds.",
		"Descriptors that are not closed, many connections.",
		"'cat /proc/sys/fs/file-nr'; the most descriptors: 'ls /proc/PID/fd | wc -l'." },
	{ "file_lock_cache", NULL, "Locks on files.",
		"Programs or NFS clients that take many locks.",
		"'wc -l /proc/locks', 'lslocks'." },
	{ "mnt_cache", NULL, "Mounts, in all namespaces.",
		"Containers and per-service namespaces: each has a copy of every mount.",
		"'wc -l /proc/*/mountinfo | sort -n' finds namespaces with very many." },

	/* ---- page cache, block layer ---- */
	{ "buffer_head", NULL,
		"Blocks of cached pages: written pages and metadata of ext2/3/4, block devices.",
		"Writing and reading with file systems that use buffers; the page cache grows with "
		"it.",
		"Goes with the page cache: 'echo 1 >/proc/sys/vm/drop_caches' shows how much of it "
		"can." },
	{ "radix_tree_node", NULL,
		"Nodes that find the pages of a file, and other numbered things (XArray).",
		"Large files in the page cache, most of all with holes; remains of evicted pages "
		"(shadow "
		"entries).",
		"Shrinks when memory is short; 'echo 1 >/proc/sys/vm/drop_caches' drops cached "
		"files." },
	{ "xarray_node", NULL, "Nodes that find the pages of a file (XArray).",
		"Large files in the page cache.", "Shrinks when memory is short." },
	{ "biovec-*", NULL, "Page lists of large disk requests.", "Much or stuck I/O.",
		"'iostat -x 1'." },
	{ "bio*", NULL, "Disk requests under way, as the file system made them.",
		"Much or stuck I/O; stacked devices (dm, md).",
		"'iostat -x 1'; a device that hangs keeps them." },
	{ "blkdev_*", NULL, "Queues and requests of block devices.",
		"Many devices, I/O that is stuck.", "'lsblk'; 'iostat -x 1'." },
	{ "scsi_*", "scsi_mod", "Commands and sense data of SCSI devices.",
		"Many disks, commands that hang.", "dmesg for timeouts." },
	{ "jbd2_journal_head", "jbd2", "Blocks that an ext4 journal is working on.",
		"Metadata changes not yet written.", "'sync'; falls when the journal is written." },
	{ "jbd2_*", "jbd2", "Work of the ext4 journal.", "Metadata changes not yet written.",
		"'sync'." },
	{ "ext4_groupinfo_*", "ext4",
		"Free-space maps: one for each group of blocks of mounted file systems.",
		"Large file systems; stays while they are mounted.", "None needed." },
	{ "ext4_extent_status", "ext4", "Where parts of ext4 files lie, remembered.",
		"Large or fragmented files.", "Shrinks when memory is short." },
	{ "ext4_*", "ext4", "Working records of ext4.", "Writes under way.",
		"'sync'; falls by itself." },
	{ "xfs_buf*", "xfs", "XFS metadata blocks in memory.", "Walks over many files.",
		DROP_INODES },
	{ "xfs_*", "xfs", "Working records of XFS.", "Metadata work under way.",
		"'sync'; falls by itself." },
	{ "nfsd_*", "nfsd", "State of clients of the NFS server here.",
		"Many clients or open files.", "/proc/fs/nfsd/clients." },
	{ "nfs_*", "nfs", "Reads and writes under way to NFS servers.",
		"A server that is slow or gone.", "'nfsstat -c', 'mount | grep nfs'." },
	{ "zfs_znode*", "zfs", "Inodes of ZFS.", INODES_GROW,
		"Limit the ARC: zfs_arc_max, zfs_arc_meta_limit." },
	{ "spl_*", "spl",
		"ZFS's own allocator. Part of it is not in slabinfo but in vmalloc: see "
		"/proc/spl/kmem/slab.",
		"ARC metadata of many small files.",
		"zfs_arc_max; see /proc/spl/kstat/zfs/arcstats." },
	{ "zio_*", "zfs", "I/O buffers of ZFS.", "Reads and writes, ARC.",
		"zfs_arc_max; see arcstats." },
	{ "arc_*", "zfs", "Headers of ZFS's cache.",
		"A large ARC, or a large L2ARC (each block on it has a header).",
		"zfs_arc_max; a smaller L2ARC." },
	{ "dmu_*", "zfs", "Objects and buffers of ZFS's cache.", "Metadata of many files.",
		"zfs_arc_max." },
	{ "dm_*", "dm_mod", "Requests and state of device-mapper targets.",
		"Many targets, I/O under way.", "'dmsetup ls'." },
	{ "dm-*", "dm_mod", "Requests and state of device-mapper targets.",
		"Many targets, I/O under way.", "'dmsetup ls'." },
	{ "zspage", "zsmalloc", "Descriptors of compressed pages (zram, zswap).",
		"Swapping to zram or zswap.", "'zramctl'; /sys/kernel/debug/zswap." },
	{ "zs_handle*", "zsmalloc", "One for each compressed object (zram, zswap).",
		"Swapping to zram or zswap.",
		"'zramctl'; a smaller zram or zswap.max_pool_percent." },

	/* ---- processes and their memory ---- */
	{ "task_struct", NULL, "Threads: one for each, some kB.",
		"Threads of programs, and of the kernel.", TASKS_REMEDY },
	{ "thread_stack", NULL, "Kernel stacks of threads, where one is smaller than a page.",
		"Threads.", TASKS_REMEDY },
	{ "thread_info", NULL, "Kernel stacks of threads on old kernels.", "Threads.",
		TASKS_REMEDY },
	{ "signal_cache", NULL,
		"Processes: what the threads of one share about signals and limits.",
		"Processes, zombies too.",
		"'ps -eo stat,ppid | grep ^Z' shows zombies and who does not wait for them." },
	{ "sighand_cache", NULL, "Processes: their signal handlers.", "Processes, zombies too.",
		"'ps -eo stat,ppid | grep ^Z' shows zombies and who does not wait for them." },
	{ "mm_struct", NULL, "Address spaces: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "files_cache", NULL, "Tables of open files: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "fs_cache", NULL, "Root and working folder: one for each process.", "Processes.",
		"'ps -e | wc -l'." },
	{ "pid", NULL, "Process ids, as long as anything refers to them.",
		"Processes, or handles that outlive them.",
		"'ps -e | wc -l' against the objects here: far more objects than processes is a "
		"leak." },
	{ "pid_*", NULL, "Process ids inside containers.", "Processes in containers.", "See pid." },
	{ "cred_jar", NULL, "Credentials: who a task or an open file acts as.",
		"Threads and open files; RCU that does not keep up with logins or with programs "
		"that start "
		"very often. Many more than threads and files is a leak.",
		"Compare with task_struct and filp. Seen with a socket-activated sshd that many "
		"tried to log in to: "
		"a running sshd and a newer kernel helped." },
	{ "key_jar", NULL, "Keys of the kernel's keyrings.",
		"Logins, containers and services with keyrings of their own.",
		"/proc/keys, /proc/key-users; kernel.keys.maxkeys limits it." },
	{ "vm_area_struct", NULL, "Mappings: one for each line of /proc/PID/maps.",
		"Processes with many mappings or libraries, mmap() of small pieces, memory "
		"protection that splits "
		"mappings.",
		"'wc -l /proc/[0-9]*/maps | sort -n | tail' finds who; vm.max_map_count limits a "
		"process." },
	{ "vma_lock", NULL, "Locks of mappings, one each.", "As vm_area_struct.",
		"See vm_area_struct." },
	{ "maple_node", NULL, "Nodes that find mappings by address.", "As vm_area_struct.",
		"See vm_area_struct." },
	{ "anon_vma*", NULL, "Links from anonymous memory to the mappings it is in.",
		"Programs that fork again and again without exec: each generation adds links to "
		"all before it.",
		"Let workers be started by one parent rather than by each other." },
	{ "rmap_item", NULL, "Pages that KSM looks after.", "KSM with many mergeable pages.",
		"'echo 2 >/sys/kernel/mm/ksm/run'." },
	{ "ksm_*", NULL, "Pages that KSM looks after.", "KSM with many mergeable pages.",
		"'echo 2 >/sys/kernel/mm/ksm/run'." },
	{ "numa_policy", NULL, "Memory policies.", "mbind() on many ranges.",
		"'grep -c bind /proc/PID/numa_maps'." },
	{ "page->ptl", NULL, "Locks of page-table pages, where they do not fit in struct page.",
		"Page tables.", "'ktally pagetables'." },
	{ "pgtable*", NULL, "Page tables that are smaller than a page.", "Address spaces.",
		"'ktally pagetables'." },
	{ "nsproxy", NULL, "Sets of namespaces.", "Containers, sandboxes.", "'lsns'." },
	{ "net_namespace", NULL,
		"Network namespaces, some kB each beside much else that each needs.",
		"Containers; references that outlive them.",
		"'lsns -t net'; more objects here than lines there: they leak." },
	{ "*_namespace", NULL, "Namespaces.",
		"Containers, sandboxes; references that outlive them.", "'lsns'." },
	{ "eventpoll_*", NULL, "Descriptors that epoll watches.", "Servers with many connections.",
		"fs.epoll.max_user_watches limits it." },
	{ "ep_head", NULL, "Files that several epoll sets watch.", "Servers with many connections.",
		"None needed." },
	{ "posix_timers_cache", NULL, "Timers made by timer_create().",
		"Programs that do not delete their timers.", "'wc -l /proc/PID/timers'." },
	{ "*mqueue*", NULL, "POSIX message queues.", "Programs that use them.",
		"'ls /dev/mqueue'." },
	{ "seq_file", NULL, "Files of /proc and sysfs that are open now.", "Monitors.",
		"Should be near nothing." },
	{ "iommu_iova", NULL, "Address ranges that devices see.",
		"Network and storage drivers that map much, or never unmap.",
		"If it only grows, a driver does not unmap: compare with its traffic, update it." },
	{ "dma-buf*", NULL, "Buffers shared between GPU and other drivers.", "GPU clients.",
		"/sys/kernel/debug/dma_buf/bufinfo." },
	{ "i915_*", "i915", "Requests and objects of the Intel GPU driver.", "GPU clients.",
		"/sys/kernel/debug/dri/0/i915_gem_objects." },
	{ "amdgpu_*", "amdgpu", "Fences and jobs of the AMD GPU driver.", "GPU work.",
		"Version of kernel and firmware; see 'kmalloc-*'." },
	{ "nvidia_*", "nvidia", "Records of the NVIDIA driver.", "GPU clients and mapped memory.",
		"'nvidia-smi'; update the driver." },
	{ "drm_*", "drm", "Buffers and schedules of GPU drivers.", "GPU clients.",
		"'cat /sys/kernel/debug/dri/*/clients'." },
	{ "kvm_*", "kvm", "Virtual machines: virtual CPUs, shadow page tables.",
		"Virtual machines running here.", "Falls when they end." },
	{ "x86_emulator", "kvm", "Instruction emulation, one for each virtual CPU.",
		"Virtual machines running here.", "Falls when they end." },
	{ "pte_list_desc", "kvm", "Reverse mappings of shadow page tables.",
		"Virtual machines, nested ones most.", "Falls when they end." },

	/* ---- network ---- */
	{ "skbuff_small_head", NULL, "Data of small packets.",
		"Packets queued: sockets nobody reads, devices that do not "
		"send, captures.",
		SKB_REMEDY },
	{ "skbuff_*", NULL, "Packet descriptors: one for each packet that is queued anywhere.",
		"Packets queued: sockets nobody reads, devices that do not send, captures. The "
		"data is in "
		"skbuff_small_head, kmalloc-* or pages beside it.",
		SKB_REMEDY },
	{ "nf_conntrack_expect", "nf_conntrack", "Connections that helpers (FTP, SIP) expect.",
		"Helpers on busy routers.", "Helpers only where rules ask for them." },
	{ "nf_conntrack*", "nf_conntrack", "Connections that the firewall tracks.",
		"Many short connections, scans, long timeouts; a limit set by the number of CPUs.",
		"'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max'; shorter "
		"timeouts, a lower limit, "
		"or NOTRACK for what needs no state. More objects than connections: a module does "
		"not let go." },
	{ "TCP*", NULL, "TCP sockets.",
		"Connections, those in CLOSE_WAIT too, which the program forgot to close.",
		"'ss -s'; 'ss -tanp state close-wait'." },
	{ "tw_sock_TCP*", NULL, "TCP connections in TIME_WAIT.", "Many short connections.",
		"Reuse connections; net.ipv4.tcp_max_tw_buckets limits it." },
	{ "request_sock_TCP*", NULL, "TCP connections being opened.", "Connection floods.",
		"net.ipv4.tcp_syncookies, backlog." },
	{ "UDP*", NULL, "UDP sockets.", "Programs with many sockets.", "'ss -uanp'." },
	{ "UNIX*", NULL, "Local sockets.", "Programs that talk to each other; leaked descriptors.",
		"'ss -xanp'." },
	{ "RAW*", NULL, "Raw sockets.", "Ping and routing programs.", "'ss -wanp'." },
	{ "PING*", NULL, "Sockets for ping.", "Ping.", "'ss -wanp'." },
	{ "*NETLINK*", NULL, "Sockets between programs and the kernel.",
		"Network managers, monitors, audit.", "'ss -f netlink -p'." },
	{ "ip_dst_cache", NULL, "Routes in use.", "Many peers; references that are not dropped.",
		"net.ipv4.route.max_size on old kernels; unregister_netdevice messages in dmesg "
		"mean a leak." },
	{ "ip6_dst_cache", NULL, "IPv6 routes in use.", "Many peers.", "net.ipv6.route.max_size." },
	{ "ip_fib_*", NULL, "Routing table.", "Many routes: BGP, containers.",
		"'ip route | wc -l', for each namespace." },
	{ "fib6_*", NULL, "IPv6 routing table.", "Many routes.",
		"'ip -6 route | wc -l', for each namespace." },
	{ "inet_peer_cache", NULL, "What is remembered of peers.", "Many peers.",
		"Shrinks by itself." },
	{ "neigh*", NULL, "Neighbours (ARP).", "Large flat networks, scans.",
		"net.ipv4.neigh.default.gc_thresh3." },
	{ "bridge_fdb_cache", "bridge", "Addresses that bridges have learned.",
		"Large flat networks.", "'bridge fdb | wc -l'." },
	{ "sw_flow*", "openvswitch", "Flows of Open vSwitch.", "Many connections.",
		"'ovs-dpctl show'; flow-limit." },
	{ "audit_*", NULL, "Audit records that wait for the daemon.",
		"Rules that match much, an agent that does not keep up. "
		"The records lie in kmalloc-* and skbuff_*.",
		"'auditctl -s': backlog; fewer rules, a lower backlog_limit." },

	/* ---- security, tracing, bookkeeping ---- */
	{ "avtab_node", "selinux", "Rules of the SELinux policy.",
		"The policy; fixed while it is loaded.", "None needed." },
	{ "ebitmap_node", "selinux", "Sets in the SELinux policy.",
		"The policy; a kernel that leaks them grew to 46 GB in weeks.",
		"Steady growth: a newer kernel; only a reboot frees it." },
	{ "avc_*", "selinux", "Decisions that SELinux remembers.", "Many labels.",
		"Limited by cache_threshold." },
	{ "lsm_*", NULL, "Security labels of files and inodes.", "As inodes and open files.",
		"See the inode caches and filp." },
	{ "selinux_*", "selinux", "Security labels.", "As inodes and open files.",
		"See the inode caches and filp." },
	{ "security_*", NULL, "Security labels.", "As inodes and open files.",
		"See the inode caches and filp." },
	{ "trace_event_file", NULL, "Tracepoints in tracefs, one for each and instance.",
		"Trace instances.", "Remove instances in /sys/kernel/tracing/instances." },
	{ "ftrace_event_field", NULL, "Fields of tracepoints.",
		"Fixed at boot; modules add theirs.", "None needed." },
	{ "Acpi-*", NULL, "Objects of the ACPI interpreter.",
		"Fixed after boot; firmware that leaks on events.",
		"Steady growth: /sys/firmware/acpi/interrupts shows which event; a firmware "
		"update." },
	{ "acpi_*", NULL, "Objects of the ACPI interpreter.", "Fixed after boot.", "None needed." },
	{ "vmap_area", NULL, "Areas of vmalloc.", "Thread stacks, modules, BPF programs, drivers.",
		"'ktally vmalloc' shows whose." },
	{ "kmem_cache", NULL, "The caches themselves, one object for each.",
		"Kernels before 5.9 copy every cache for every memory cgroup that uses it, dying "
		"ones included.",
		"Many: 'ktally cgroups' for dying cgroups; a newer kernel shares caches." },
	{ "kmem_cache_node", NULL, "The caches' per-node parts.", "As kmem_cache.",
		"See kmem_cache." },
	{ "pool_workqueue", NULL, "Work queues.",
		"Drivers and file systems that make queues of their own.", "Falls when they go." },
	{ "percpu*", NULL, "Records of the per-CPU allocator.", "Cgroups, BPF maps.",
		"'ktally percpu'." },
	{ "ip_vs_conn", "ip_vs", "Connections that the load balancer tracks.", "Many connections.",
		"'ipvsadm -Lnc | wc -l'; timeouts." },
	{ "bpf_*", NULL, "BPF maps' elements and programs' records.", "Tracing and network agents.",
		"'bpftool map', 'bpftool prog'." },
	{ "io_kiocb", NULL, "Requests of io_uring.", "Programs with deep queues.",
		"Falls when the requests are done." },
	{ "kioctx", NULL, "Queues of asynchronous I/O.", "Databases.",
		"fs.aio-nr against fs.aio-max-nr." },
	{ "kiocb", NULL, "Requests of asynchronous I/O.", "Databases.",
		"fs.aio-nr against fs.aio-max-nr." },
	{ "aio_*", NULL, "Requests of asynchronous I/O.", "Databases.",
		"fs.aio-nr against fs.aio-max-nr." },
	{ "userfaultfd_*", NULL, "Contexts of userfaultfd.",
		"Virtual machines being migrated, runtimes.", "None needed." },
	{ "uid_cache", NULL, "Users with processes.", "Users.", "None needed." },
	{ "task_delay_info", NULL, "Delay accounting, one for each thread.", "Threads.",
		TASKS_REMEDY },
	{ "taskstats", NULL, "Statistics of processes that end.", "Processes that end.",
		"None needed." },

	/* ---- what has no name of its own ---- */
	{ "kmalloc-rcl-*", NULL,
		"Memory of one size that the kernel gets back when it is short: long file names "
		"above all.",
		"With dentry: unique long names being looked up.", "See dentry." },
	{ "kmalloc-cg-*", NULL,
		"Memory of one size that is charged to a cgroup: pipes, message queues, BPF maps, "
		"tables of descriptors.",
		"What the processes of a cgroup do; 'ktally cgroups' shows whose.",
		FIND_THE_CALLER },
	{ "dma-kmalloc-*", NULL, "Memory of one size that old devices can reach.",
		"Drivers of old devices.", FIND_THE_CALLER },
	{ "kmalloc-rnd-*", NULL,
		"Memory of one size; which of the sixteen copies is random for each call site, so "
		"sum "
		"them up (--families).",
		"A straight line near 100 % used is a leak. All of one call site's is in one copy, "
		"which tells leaks of one "
		"size apart.",
		FIND_THE_CALLER },
	{ "kmalloc-*", NULL, "Memory of one size, from anywhere in the kernel and its modules.",
		"A straight line near 100 % used is a leak; the same count in several sizes is one "
		"thing made of several "
		"pieces. Drivers of GPUs, network cards, storage and file systems out of the tree "
		"are the usual makers.",
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
