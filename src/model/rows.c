// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rows of the account. A parent stands before its children.

#include "model/row.h"
#include "model/row_expand.h"

#include <string.h>

#define PLUS(m)                             \
	{                                   \
		.sign = 1, .metric = KT_##m \
	}
#define MINUS(m)                             \
	{                                    \
		.sign = -1, .metric = KT_##m \
	}
#define MINUS_OPT(m)                                           \
	{                                                      \
		.sign = -1, .metric = KT_##m, .optional = true \
	}
#define PLUS_OPT(m)                                           \
	{                                                     \
		.sign = 1, .metric = KT_##m, .optional = true \
	}

const struct kt_row kt_rows[] = {
	{ .id = "ram",
		.title = "installed memory",
		.means = "All physical memory that ktally can find: what the firmware keeps, what "
			 "was reserved at boot, and what the page allocator has.",
		.grows = "Only when memory is added.",
		.next = "'ktally doctor' says which part of it could not be read." },

	/* ---- firmware and hardware ---- */
	{ .id = "firmware",
		.parent = "ram",
		.title = "kept by firmware and hardware",
		.means = "Memory that is installed and that the kernel never sees.",
		.grows = "A firmware update, a changed setting, another graphics or memory module.",
		.next = "Firmware setup: graphics memory, memory remapping above 4 GiB, "
			"mirroring." },
	{ .id = "fw_reserved",
		.parent = "firmware",
		.title = "reserved by firmware",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_RESERVED) },
		.means =
			"Ranges of type reserved that have memory behind them: runtime code of the "
			"firmware, management engines, the first megabyte. An estimate, because "
			"the map "
			"calls device registers reserved too.",
		.grows = "A firmware update.",
		.next = "Compare the firmware's memory map before and after." },
	{ .id = "fw_acpi",
		.parent = "firmware",
		.title = "ACPI tables",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_ACPI) },
		.means = "Tables that describe the hardware.",
		.grows = "A firmware update.",
		.next = "Nothing to gain here." },
	{ .id = "fw_nvs",
		.parent = "firmware",
		.title = "ACPI non-volatile storage",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_NVS) },
		.means = "Memory that the firmware needs across suspend and hibernation.",
		.grows = "A firmware update.",
		.next = "Nothing to gain here." },
	{ .id = "fw_persistent",
		.parent = "firmware",
		.title = "persistent memory",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_PERSISTENT) },
		.means = "Non-volatile memory, used as a device and not as memory.",
		.grows = "A namespace configured with ndctl.",
		.next = "'ndctl list'; 'daxctl reconfigure-device' turns it into memory." },
	{ .id = "fw_soft_reserved",
		.parent = "firmware",
		.title = "soft reserved",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_SOFT) },
		.means = "Special-purpose memory (high-bandwidth, CXL) that waits for a driver.",
		.grows = "A device handed to device-dax instead of the page allocator.",
		.next = "'daxctl list'; boot with efi=nosoftreserve to use it as memory." },
	{ .id = "fw_unusable",
		.parent = "firmware",
		.title = "unusable",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_UNUSABLE) },
		.means = "Memory that the firmware found to be bad.",
		.grows = "A module that is failing.",
		.next = "Test and replace the memory module." },
	{ .id = "fw_graphics",
		.parent = "firmware",
		.title = "integrated graphics",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_GRAPHICS) },
		.means = "Memory that integrated graphics took before the kernel started.",
		.grows = "The setting for graphics memory in firmware setup.",
		.next = "Lower the graphics memory in firmware setup." },
	{ .id = "fw_hole",
		.parent = "firmware",
		.title = "holes below 1 MiB",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(FW_HOLE) },
		.means = "The window for video memory and option ROMs; memory lies hidden behind "
			 "it.",
		.grows = "Never.",
		.next = "Nothing to gain here." },
	{ .id = "fw_hidden",
		.parent = "firmware",
		.title = "hidden (MMIO hole, stolen)",
		.level = KT_LEVEL_FIRMWARE,
		.rest = true,
		.means = "Memory in the modules that no map shows: behind device registers below 4 "
			 "GiB "
			 "and not remapped, mirrored, or stolen. Known where SMBIOS has the sizes "
			 "of the "
			 "modules.",
		.grows = "Memory remapping switched off, mirroring or sparing switched on.",
		.next = "Firmware setup: memory remapping, mirroring, sparing." },
	{ .id = "left_out",
		.parent = "firmware",
		.title = "left out by the kernel",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(LEFT_OUT) },
		.means = "Usable to the firmware, not used by the kernel: cut off by mem= or "
			 "memmap=, page "
			 "0, and parts of pages at the ends of ranges.",
		.grows = "mem=, memmap= or a limit of the kernel.",
		.next = "Look at the kernel command line." },

	/* ---- reserved at boot ---- */
	{ .id = "boot",
		.parent = "ram",
		.title = "reserved at boot",
		.means = "Present to the kernel and never given to the page allocator: present "
			 "minus "
			 "managed pages of the zones.",
		.grows = "Fixed after boot, except that hot-plugged memory adds to it and HugeTLB "
			 "can give memory map back.",
		.next = "'ktally explain' of the rows below.",
		.unusual_permille = 100 },
	{ .id = "kernel_image",
		.parent = "boot",
		.title = "kernel image",
		.means = "Code and data of the kernel itself. Its init part was given back after "
			 "boot.",
		.grows = "Another kernel.",
		.next = "Compare kernel configurations." },
	{ .id = "kernel_code",
		.parent = "kernel_image",
		.title = "kernel code",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(BOOT_CODE) },
		.means = "Machine code of the kernel, without modules.",
		.grows = "Another kernel.",
		.next = "Compare kernel configurations." },
	{ .id = "kernel_rodata",
		.parent = "kernel_image",
		.title = "kernel read-only data",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(BOOT_RODATA) },
		.means = "Constants of the kernel, its symbol table and type data included.",
		.grows = "Another kernel; CONFIG_KALLSYMS_ALL and CONFIG_DEBUG_INFO_BTF are large.",
		.next = "Compare kernel configurations." },
	{ .id = "kernel_data",
		.parent = "kernel_image",
		.title = "kernel data",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(BOOT_DATA) },
		.means = "Initialised variables; before Linux 3.15, and where only proc/iomem "
			 "tells, "
			 "read-only data too.",
		.grows = "Another kernel.",
		.next = "Compare kernel configurations." },
	{ .id = "kernel_bss",
		.parent = "kernel_image",
		.title = "kernel bss",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(BOOT_BSS), MINUS_OPT(BOOT_FREED_BSS) },
		.means = "Variables that start as zero.",
		.grows = "Another kernel; NR_CPUS and lock debugging are large.",
		.next = "Compare kernel configurations." },
	{ .id = "memmap",
		.parent = "boot",
		.title = "struct page (memory map)",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(MEMMAP) },
		.means = "One struct page, 64 bytes as a rule, for every page of memory: 1.6 % of "
			 "it with pages of 4 KiB.",
		.grows = "Only with memory.",
		.next = "hugetlb_free_vmemmap=on gives 7/8 of the map of 2 MiB HugeTLB pages back, "
			"nearly all of that of 1 GiB pages, nothing for transparent ones." },
	{ .id = "hash_early",
		.parent = "boot",
		.title = "early hash tables",
		.level = KT_LEVEL_RESERVED,
		.expand = kt_expand_hashes_early,
		.means = "Hash tables sized at boot from the amount of memory and taken before the "
			 "page "
			 "allocator exists: directory entries, inodes.",
		.grows = "Only with memory.",
		.next = "dhash_entries= and ihash_entries= on the kernel command line make them "
			"smaller." },
	{ .id = "percpu_first",
		.parent = "boot",
		.title = "first per-CPU chunk",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(PERCPU_FIRST) },
		.means = "Static per-CPU variables and a first reserve for each possible CPU.",
		.grows = "With the number of possible CPUs.",
		.next = "nr_cpus= or possible_cpus= where firmware announces CPUs that never "
			"come." },
	{ .id = "crashkernel",
		.parent = "boot",
		.title = "crash kernel",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(CRASHKERNEL) },
		.means = "Kept free for a second kernel that saves a dump after a crash.",
		.grows = "crashkernel= on the kernel command line.",
		.next = "Lower crashkernel=, or shrink it now by writing to "
			"/sys/kernel/kexec_crash_size." },
	{ .id = "swiotlb",
		.parent = "boot",
		.title = "DMA bounce buffers (swiotlb)",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(SWIOTLB) },
		.means = "Buffers for devices that cannot reach all memory, and for encrypted "
			 "guests.",
		.grows = "swiotlb= on the kernel command line; memory encryption.",
		.next = "swiotlb=SLABS makes it smaller where an IOMMU does the work." },
	{ .id = "initrd",
		.parent = "boot",
		.title = "initial RAM disk",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(INITRD_KEPT) },
		.means = "The part of the initial RAM disk that was not given back after boot.",
		.grows = "retain_initrd on the kernel command line.",
		.next = "Remove retain_initrd." },
	{ .id = "boot_other",
		.parent = "boot",
		.title = "other boot memory",
		.level = KT_LEVEL_RESERVED,
		.rest = true,
		.means = "Everything else taken at boot: node data, the log buffer, early page "
			 "tables, the "
			 "firmware's run-time memory, what drivers reserved, gaps of the kernel "
			 "image.",
		.grows = "memmap=, reserve_mem=, device tree reservations, kernel debugging "
			 "options.",
		.next = "/sys/kernel/debug/memblock/reserved, where the kernel keeps it; the "
			"kernel log." },

	/* ---- the kernel, dynamic ---- */
	{ .id = "kernel",
		.parent = "ram",
		.title = "kernel",
		.means = "What the kernel allocated since boot.",
		.grows = "See the rows below.",
		.next = "'ktally explain' of the row that grows." },
	{ .id = "slab",
		.parent = "kernel",
		.title = "slab",
		.means = "Kernel objects in caches of objects of one size each, and kmalloc.",
		.grows = "See its two rows.",
		.next = "'ktally slab' shows the largest caches." },
	{ .id = "slab_reclaimable",
		.parent = "slab",
		.title = "reclaimable slab",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SLAB_R) },
		.means = "Caches that the kernel shrinks when memory is short: directory entries, "
			 "inodes, "
			 "file system data.",
		.grows =
			"A walk over many files; names that are looked up once (negative directory "
			"entries). A curve that flattens is a cache; a straight line is a leak.",
		.next = "'ktally dcache': names and files, unused ones too; 'ktally slab -i 10': "
			"what grows. 'echo 2 >/proc/sys/vm/drop_caches' frees what is unused.",
		.unusual_permille = 250 },
	{ .id = "slab_unreclaimable",
		.parent = "slab",
		.title = "unreclaimable slab",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SLAB_U), MINUS_OPT(STACKS_IN_SLAB) },
		.expand = kt_expand_slab_unreclaimable,
		.rest_title = "in slab caches",
		.means = "Objects in use that only their owner can free.",
		.grows = "A leak, or cgroups, namespaces or connections that are created "
			 "faster "
			 "than they die.",
		.next = "'ktally slab -i 10': a kmalloc size near 100 % used that grows in a "
			"straight line is a leak; 'ktally cgroups' tells whose it is and counts "
			"dying cgroups.",
		.unusual_permille = 100 },
	{ .id = "slab_unsplit",
		.parent = "slab",
		.title = "slab, not told apart",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SLAB_UNSPLIT) },
		.means = "All of slab, on kernels before 2.6.19, which do not tell what of it is "
			 "reclaimable.",
		.grows = "A walk over many files, or a leak.",
		.next = "'ktally slab' shows the largest caches." },
	{ .id = "vmalloc",
		.parent = "kernel",
		.title = "vmalloc, without stacks",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(VMALLOC), MINUS_OPT(STACKS_IN_VMALLOC) },
		.means = "Memory mapped page by page: modules, BPF programs and maps, large tables "
			 "and "
			 "buffers.",
		.grows = "BPF programs or maps that are loaded and not released; a driver that "
			 "allocates "
			 "for each event.",
		.next = "'ktally vmalloc -i 10' shows who holds it and what grows; 'bpftool prog', "
			"'bpftool map'.",
		.unusual_permille = 50 },
	{ .id = "kernel_stacks",
		.parent = "kernel",
		.title = "kernel stacks",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(KERNEL_STACK) },
		.means = "One stack for each thread, 16 KiB on most machines.",
		.grows = "Threads: a pool without a limit, or work items that block.",
		.next = "'ktally stacks' shows which programs and kernel threads have them.",
		.unusual_permille = 20 },
	{ .id = "page_tables",
		.parent = "kernel",
		.title = "page tables",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(PAGE_TABLES) },
		.means = "Tables that map the memory of processes. Before Linux 6.8 upper levels, "
			 "and before 6.17 those of the kernel itself, are not counted here.",
		.grows = "Many processes that map the same large shared memory with small pages.",
		.next = "'ktally pagetables' shows whose they are and what huge pages would spare, "
			"with --shared which files many processes map.",
		.unusual_permille = 20 },
	{ .id = "sec_page_tables",
		.parent = "kernel",
		.title = "secondary page tables",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SEC_PAGE_TABLES) },
		.means = "Page tables of virtual machines (KVM) and, on newer kernels, of IOMMUs.",
		.grows = "Virtual machines; devices that map much memory.",
		.next = "Huge pages for guests." },
	{ .id = "percpu",
		.parent = "kernel",
		.title = "per-CPU memory",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(PERCPU_DYNAMIC) },
		.means = "Counters and lists that exist once for each CPU, without the chunk made "
			 "at boot.",
		.grows = "cgroups, network devices, namespaces, BPF maps, each times the number of "
			 "CPUs. If it grows in step with unreclaimable slab: dying cgroups.",
		.next = "'ktally percpu': what is used of it, and how many memory cgroups there "
			"are.",
		.unusual_permille = 20 },
	{ .id = "zsmalloc",
		.parent = "kernel",
		.title = "compressed memory (zsmalloc)",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(ZSPAGES) },
		.means = "Compressed pages of zram and zswap.",
		.grows = "Swapping into memory.",
		.next = "'zramctl'; /sys/kernel/debug/zswap." },
	{ .id = "direct",
		.parent = "kernel",
		.title = "direct page allocations",
		.means = "Pages that somebody in the kernel took from the page allocator and that "
			 "no "
			 "counter of it names. Below are the parts that other files name.",
		.grows = "See unattributed.",
		.next = "'ktally explain unattributed'; 'ktally census' finds their sum a second "
			"time, by counting pages." },
	{ .id = "hash_late",
		.parent = "direct",
		.title = "late hash tables",
		.level = KT_LEVEL_MANAGED,
		.expand = kt_expand_hashes_late,
		.means = "Hash tables sized at boot and taken from the page allocator: TCP, UDP, "
			 "mounts, "
			 "futexes.",
		.grows = "Only with memory.",
		.next = "thash_entries=, uhash_entries=, mhash_entries= on the kernel command "
			"line." },
	{ .id = "memmap_late",
		.parent = "direct",
		.title = "memory map added later",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(MEMMAP_LATE) },
		.means = "struct pages of hot-added memory, and page_ext (page owner, allocation "
			 "profiling).",
		.grows = "Memory added; page_owner=on, page_table_check=on on the kernel command "
			 "line.",
		.next = "Look at the kernel command line." },
	{ .id = "ftrace",
		.parent = "direct",
		.title = "function tracer records",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(BOOT_FTRACE) },
		.means = "One record for each kernel function that can be traced, made at boot.",
		.grows = "Another kernel.",
		.next = "Nothing to gain here." },
	{ .id = "balloon_inside",
		.parent = "direct",
		.title = "balloon inside MemTotal",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(BALLOON_IN) },
		.means = "Memory given back to the hypervisor that MemTotal still counts.",
		.grows = "The hypervisor is short of memory.",
		.next = "Ask on the host: the balloon target of this guest.",
		.unusual_permille = 50 },
	{ .id = "gpu",
		.parent = "direct",
		.title = "graphics buffers",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(GPU_ACTIVE), PLUS_OPT(GPU_RECLAIM) },
		.means = "System memory of graphics drivers, in use and kept for reuse (counted "
			 "since Linux 7.0).",
		.grows = "Graphics or compute work; a driver that does not release buffers.",
		.next = "debugfs dri/*/gem and dma_buf/bufinfo.",
		.unusual_permille = 100 },
	{ .id = "poison",
		.parent = "direct",
		.title = "hardware poison",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(HW_CORRUPTED) },
		.means = "Pages taken out of use after a memory error.",
		.grows = "A memory module that is failing.",
		.next = "Machine check log; replace the module." },
	{ .id = "misc_reclaimable",
		.parent = "direct",
		.title = "declared reclaimable by drivers",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(MISC_RECLAIMABLE) },
		.means = "Pages outside slab that a driver frees when memory is short.",
		.grows = "Activity of that driver (ION, graphics).",
		.next = "Memory pressure frees it." },
	{ .id = "bounce",
		.parent = "direct",
		.title = "block bounce buffers",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(BOUNCE) },
		.means =
			"Copies for block devices that cannot reach high memory; 0 on new kernels.",
		.grows = "Transfers to such a device.",
		.next = "A driver that can address all memory." },
	{ .id = "writeback_tmp",
		.parent = "direct",
		.title = "FUSE write-back buffers",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(WRITEBACK_TMP) },
		.means = "Copies of pages that a FUSE file system is writing; 0 on new kernels.",
		.grows = "A FUSE server that is slow to write.",
		.next = "Look at the FUSE server." },
	{ .id = "zswap",
		.parent = "direct",
		.title = "zswap outside zsmalloc",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(ZSWAP_OUTSIDE) },
		.means = "Compressed pages of zswap in another allocator (zbud, z3fold), or where "
			 "the "
			 "pages of zsmalloc are not known.",
		.grows = "Swapping into memory.",
		.next = "/sys/module/zswap/parameters." },
	{ .id = "unattributed",
		.parent = "direct",
		.title = "unattributed",
		.level = KT_LEVEL_MANAGED,
		.rest = true,
		.means = "What is left of the managed pages when every row that can be named is "
			 "taken off. "
			 "Signed: below zero, something was counted twice or moved while it was "
			 "read.",
		.grows = "Drivers and network stacks that take pages directly: receive buffers, "
			 "DMA memory, "
			 "graphics, pipes, ring buffers. Steady growth is a leak of one of them.",
		.next = "'ktally modules -i 10': with allocation profiling it shows which module "
			"grows; without, modules from out of the kernel's tree are the first "
			"suspects. The call site: 'perf record -g -e kmem:mm_page_alloc sleep 10', "
			"or boot with page_owner=on. As a last test, unload the suspected module.",
		.unusual_permille = 30 },

	/* ---- user and cache ---- */
	{ .id = "user",
		.parent = "ram",
		.title = "processes and cache",
		.means = "Memory of processes and copies of files.",
		.grows = "Normal: free memory is used as cache.",
		.next = "'ps -eo rss,comm --sort -rss' for processes." },
	{ .id = "anonymous",
		.parent = "user",
		.title = "anonymous",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(ANON) },
		.means = "Heaps and stacks of processes, huge pages and swap cache that is mapped "
			 "included.",
		.grows = "Processes.",
		.next = "RssAnon in /proc/PID/status; roughly, 'ps -eo rss,comm --sort -rss'." },
	{ .id = "page_cache",
		.parent = "user",
		.title = "page cache",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(PAGE_CACHE) },
		.means = "Copies of files; freed when memory is needed, unless dirty, mapped and "
			 "busy, or "
			 "locked.",
		.grows = "Reading and writing files. Normal.",
		.next = "Nothing, unless it is locked or dirty." },
	{ .id = "buffers",
		.parent = "user",
		.title = "buffers",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(BUFFERS) },
		.means = "Copies of blocks of devices: metadata of file systems.",
		.grows = "Reading devices directly; large file systems.",
		.next = "Nothing: freed when memory is needed." },
	{ .id = "shmem",
		.parent = "user",
		.title = "shared memory and tmpfs",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SHMEM) },
		.means = "tmpfs files, System V and POSIX shared memory, memfd, buffers of some "
			 "graphics drivers. Without swap it cannot be reclaimed.",
		.grows = "Files in /dev/shm, /run, /tmp; databases; memfd, shared anonymous "
			 "mappings or graphics drivers if neither.",
		.next = "'df -t tmpfs'; 'ipcs -m'; what neither shows is memfd, shared anonymous "
			"mappings or graphics.",
		.unusual_permille = 250 },
	{ .id = "swap_cache",
		.parent = "user",
		.title = "swap cache, not mapped",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(SWAP_CACHE_ONLY) },
		.means = "Pages with a copy in swap that no process maps; the mapped ones are "
			 "anonymous.",
		.grows = "Swapping.",
		.next = "Nothing: freed when memory is needed." },
	{ .id = "lru_only",
		.parent = "user",
		.title = "unmapped, not yet freed",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(LRU_ONLY) },
		.means = "Pages on the LRU lists that no process maps and no file owns: parts of "
			 "transparent huge pages that were unmapped and wait to be split, and "
			 "pages on "
			 "their way out. In no counter of user memory.",
		.grows = "Processes that give back parts of huge pages (allocators that call "
			 "madvise).",
		.next = "Memory pressure frees it; transparent_hugepage=madvise avoids it." },
	{ .id = "hugetlb",
		.parent = "user",
		.title = "huge page pools",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(HUGETLB_POOLS) },
		.expand = kt_expand_hugepools,
		.rest_title = "not told apart",
		.means = "Huge pages set aside by size, used and free. Free ones help nobody else.",
		.grows = "vm.nr_hugepages, hugepages= on the kernel command line.",
		.next = "Lower vm.nr_hugepages where the free part stays large.",
		.unusual_permille = 500 },

	/* ---- given away ---- */
	{ .id = "given_away",
		.parent = "ram",
		.title = "given away",
		.means = "Memory that this machine had or could have and does not use.",
		.grows = "See the rows below.",
		.next = "See the rows below." },
	{ .id = "balloon",
		.parent = "given_away",
		.title = "balloon",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(BALLOON_OUT) },
		.means = "Memory given back to the hypervisor and taken out of MemTotal.",
		.grows = "The hypervisor is short of memory.",
		.next = "Ask on the host: the balloon target of this guest.",
		.unusual_permille = 50 },
	{ .id = "offline",
		.parent = "given_away",
		.title = "offline",
		.level = KT_LEVEL_FIRMWARE,
		.terms = { PLUS(OFFLINE) },
		.means = "Memory blocks that are present but switched off.",
		.grows = "Memory taken offline, or added and never brought online.",
		.next = "'lsmem'; 'chmem --enable'." },
	{ .id = "unaccepted",
		.parent = "given_away",
		.title = "not yet accepted",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(UNACCEPTED) },
		.means = "Memory of a confidential guest that it has not accepted yet; free in "
			 "effect.",
		.grows = "It only falls, as memory is used.",
		.next = "Nothing." },
	{ .id = "managed_gap",
		.parent = "given_away",
		.title = "MemTotal without a zone",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(MANAGED_GAP) },
		.means = "MemTotal should equal the managed pages of the zones. Where it does not, "
			 "this is "
			 "the difference, signed: a container's view of /proc/meminfo, an old "
			 "kernel, files "
			 "of different machines.",
		.grows = "Never by itself; anything but 0 is odd.",
		.next = "Compare proc/meminfo with proc/zoneinfo." },

	/* ---- free ---- */
	{ .id = "free",
		.parent = "ram",
		.title = "free",
		.means = "Memory that nobody uses.",
		.grows = "Good, up to a point: cache would be better.",
		.next = "Nothing." },
	{ .id = "free_buddy",
		.parent = "free",
		.title = "free pages",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(FREE_BUDDY) },
		.expand = kt_expand_zones,
		.rest_title = "not told apart",
		.means = "Free in the page allocator, by zone, without CMA and unaccepted memory.",
		.grows = "Memory is being freed.",
		.next = "'ktally buddy': in pieces of which size, what can be allocated now." },
	{ .id = "free_pcp",
		.parent = "free",
		.title = "per-CPU free lists",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(PCP) },
		.means = "Free pages that each CPU keeps for itself; no summary of the kernel "
			 "counts them. Up to an eighth of each zone since 6.7.",
		.grows = "Much allocating and freeing; it goes back by itself.",
		.next = "vm.percpu_pagelist_high_fraction bounds it." },
	{ .id = "free_cma",
		.parent = "free",
		.title = "free in contiguous areas (CMA)",
		.level = KT_LEVEL_MANAGED,
		.terms = { PLUS(CMA_FREE) },
		.means = "Free memory set aside for devices that need it in one piece; only "
			 "movable pages "
			 "may use it meanwhile.",
		.grows = "cma= on the kernel command line, hugetlb_cma=.",
		.next = "Lower cma=." },
	{ .id = "free_deferred",
		.parent = "free",
		.title = "free, not yet initialised",
		.level = KT_LEVEL_RESERVED,
		.terms = { PLUS(FREE_DEFERRED) },
		.means = "Free memory that the kernel has not put into a zone yet, because it "
			 "initialises "
			 "memory when it is needed. In MemTotal and MemFree, in no zone.",
		.grows = "It only falls, as memory is used.",
		.next = "Nothing." },
};

const size_t kt_nr_rows = KT_LEN(kt_rows);

const struct kt_annotation kt_annotations[] = {
	{ "unevictable", "user", "unevictable", KT_UNEVICTABLE },
	{ "mlocked", "user", "locked by mlock, unevictable too", KT_MLOCKED },
	{ "mapped", "page_cache", "page cache mapped by processes", KT_MAPPED },
	{ "dirty", "page_cache", "page cache waiting to be written", KT_DIRTY },
	{ "writeback", "page_cache", "page cache being written", KT_WRITEBACK },
	{ "anon_huge", "anonymous", "anonymous in huge pages", KT_ANON_HUGE },
	{ "shmem_huge", "shmem", "shared memory in huge pages", KT_SHMEM_HUGE },
	{ "file_huge", "page_cache", "page cache in huge pages", KT_FILE_HUGE },
	{ "swap_cached", "anonymous", "swap cache, mapped or not", KT_SWAP_CACHED },
	{ "iommu_pages", "sec_page_tables", "IOMMU page tables", KT_IOMMU_PAGES },
	{ "zswap", "zsmalloc", "compressed pool of zswap", KT_ZSWAP },
	{ "cma_total", "free_cma", "CMA in all, used part elsewhere", KT_CMA_TOTAL },
	{ "kreclaimable", "slab_reclaimable", "reclaimable, with drivers", KT_KRECLAIMABLE },
	{ "boot_init", "boot", "kernel init code and data, given back", KT_BOOT_INIT },
	{ "boot_freed", "boot", "given back after boot in all", KT_BOOT_FREED },
	{ "boot_freed_initrd", "boot", "initial RAM disk, given back", KT_BOOT_FREED_INITRD },
};

const size_t kt_nr_annotations = KT_LEN(kt_annotations);

const struct kt_row *kt_row_find(const char *id)
{
	for (size_t i = 0; i < kt_nr_rows; i++) {
		if (strcmp(kt_rows[i].id, id) == 0)
			return &kt_rows[i];
	}
	return NULL;
}
