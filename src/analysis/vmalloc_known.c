// SPDX-License-Identifier: GPL-2.0-or-later
//
// Purposes of vmalloc callers. The kernel names the function that allocated an area, but a reader
// wants its purpose. Functions change with kernels and with the compiler's inlining, so one purpose
// has several functions.

#include "analysis/vmalloc.h"

#include <fnmatch.h>
#include <string.h>

static const char module_images[] = "module images";

/*
 * Shell patterns of function and module ("": the kernel itself; NULL: any). The first match is
 * used.
 */
static const struct {
	const char *function, *module, *what;
} known[] = {
	{ "load_module", "", module_images },
	{ "move_module", "", module_images },
	{ "layout_and_allocate", "", module_images },
	{ "module_alloc*", "", module_images },
	{ "module_memory_alloc", "", module_images },
	/* one cache for all since Linux 6.13 (commit 2e45474ab14f) */
	{ "execmem_*", "", "code of modules and BPF" },
	{ "copy_module_from_user", "", "module being loaded" },
	{ "init_module_from_file", "", "module being loaded" },
	{ "kernel_read_file*", "", "file read by the kernel" },
	{ "bpf_prog_*", "", "BPF programs" },
	{ "bpf_jit_*", "", "BPF programs" },
	{ "bpf_int_jit_compile", "", "BPF programs" },
	{ "alloc_new_pack", "", "BPF programs" },
	{ "__bpf_map_area_alloc", "", "BPF maps" },
	{ "bpf_map_*", "", "BPF maps" },
	{ "bpf_ringbuf_*", "", "BPF maps" },
	{ "*_map_alloc", "", "BPF maps" },
	{ "arena_map_*", "", "BPF maps" },
	{ "prealloc_init", "", "BPF maps" },
	{ "pcpu_*", "", "per-CPU bookkeeping" },
	{ "alloc_large_system_hash", "", "boot hash tables" },
	{ "bucket_table_alloc*", "", "growing hash tables" },
	{ "inet_*hash*", "", "socket hash tables" },
	{ "udp_*table*", "", "socket hash tables" },
	{ "nf_ct_*", NULL, "connection tracking" },
	{ "nf_conntrack_*", NULL, "connection tracking" },
	{ "xt_*", NULL, "firewall rules" },
	{ "*_register_table", NULL, "firewall rules" },
	{ "nft_*", NULL, "firewall rules" },
	{ "nf_tables_*", NULL, "firewall rules" },
	{ "ip_set_*", NULL, "firewall address sets" },
	{ "ip_vs_*", NULL, "load balancer (ipvs)" },
	{ "*netdev_mqs", "", "network devices" },
	{ "netif_alloc_*", "", "network devices" },
	{ "alloc_fdmem", "", "file descriptor tables" },
	{ "alloc_fdtable", "", "file descriptor tables" },
	{ "n_tty_open", "", "terminal buffers" },
	{ "gen_pool_add_owner", "", "address pools" },
	{ "*_swapon*", "", "swap maps" },
	{ "swap_cgroup_*", "", "swap maps" },
	{ "zram_*", NULL, "zram tables" },
	{ "disksize_store", NULL, "zram tables" },
	{ "crypto_scomp_*", NULL, "compression buffers" },
	{ "crypto_acomp_*", NULL, "compression buffers" },
	{ "xz_dec_*", NULL, "decompression buffers" },
	{ "squashfs_*", NULL, "file systems" },
	{ "ext4_*", NULL, "file systems" },
	{ "jbd2_*", NULL, "file systems" },
	{ "xfs_*", NULL, "file systems" },
	{ "xlog_*", NULL, "file systems" },
	{ "btrfs_*", NULL, "file systems" },
	{ "f2fs_*", NULL, "file systems" },
	{ "fuse_*", NULL, "file systems" },
	{ "*", "spl", "ZFS" },
	{ "*", "zfs", "ZFS" },
	{ "*", "kvm*", "virtual machines (KVM)" },
	{ "kvm_*", "", "virtual machines (KVM)" },
	{ "vhost_*", NULL, "virtual machines (vhost)" },
	{ "xen*_*", "", "Xen" },
	{ "gnttab_*", "", "Xen" },
	{ "drm_*", NULL, "graphics" },
	{ "ttm_*", NULL, "graphics" },
	{ "vb2_*", NULL, "video buffers" },
	{ "snd_*", NULL, "sound buffers" },
	{ "*ftrace*", "", "tracing" },
	{ "create_trampoline", "", "tracing" },
	{ "trac*_*", "", "tracing" },
	{ "relay_*", "", "tracing" },
	{ "*page_ext*", "", "page_ext tables" },
	{ "stack_depot_*", "", "stack depot (debugging)" },
	{ "kasan_*", "", "KASAN" },
	{ "mem_cgroup_*", "", "memory cgroups" },
	{ "*shrinker_info*", "", "memory cgroups" },
	{ "seq_*", "", "open /proc or sysfs file" },
	{ "init_irq_stacks", "", "interrupt stacks" },
	{ "arch_alloc_vmap_stack", "", "interrupt stacks" },
	{ "start_kernel", "", "interrupt stacks" }, /* arm64, where all are inlined */
	{ "*kvmalloc_node*", "", "large kmalloc" },
};

const char *kt_area_kind_word(enum kt_area_kind kind)
{
	static const char *const words[KT_AREA_KINDS] = {
		[KT_AREA_VMALLOC] = "vmalloc",
		[KT_AREA_PERCPU] = "percpu",
		[KT_AREA_IOREMAP] = "ioremap",
		[KT_AREA_VMAP] = "vmap",
		[KT_AREA_DMA] = "dma-coherent",
		[KT_AREA_SPARSE] = "sparse",
		[KT_AREA_MAP_RAM] = "vm_map_ram",
		[KT_AREA_UNPURGED] = "unpurged",
		[KT_AREA_OTHER] = "other",
	};

	return words[kind];
}

/* Returns kv_alloc for "kv_alloc.isra.0+0x5f/0x70" and "kv_alloc_noprof+0x5f/0x70". */
static const char *function_of(const struct kt_area *area, char ret[128])
{
	size_t n = strcspn(area->caller, "+.");

	n = n < 127 ? n : 127;
	memcpy(ret, area->caller, n);
	ret[n] = '\0';
	if (n > 7 && strcmp(ret + n - 7, "_noprof") == 0)
		ret[n - 7] = '\0';
	return ret;
}

static bool module_matches(const char *pattern, const char *module)
{
	return !pattern || (module ? fnmatch(pattern, module, 0) == 0 : !*pattern);
}

const char *kt_area_what(const struct kt_area *area)
{
	char function[128];

	if (area->is_stack)
		return "thread stacks";
	if (!area->caller)
		return NULL;
	function_of(area, function);
	for (size_t i = 0; i < KT_LEN(known); i++) {
		if (module_matches(known[i].module, area->module) &&
			fnmatch(known[i].function, function, 0) == 0)
			return known[i].what;
	}
	return NULL;
}

bool kt_area_is_module_image(const struct kt_area *area)
{
	return area->kind == KT_AREA_VMALLOC && kt_area_what(area) == module_images;
}
