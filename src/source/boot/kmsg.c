// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the kernel log: names for the memory that was taken before the first process ran.
// /proc/zoneinfo has the total; a log that lost its beginning costs names, not the total. Each
// handler reads one kind of line, chosen by the beginning of the message. kmsg_line.c finds the
// kernel's own lines of the boot; no other lines are read.

#include "source/boot/kmsg.h"
#include "source/boot/firmware.h"
#include "source/host.h"
#include "source/mended.h"
#include "source/source.h"

#include <stdio.h>
#include <string.h>

#define HASHES_MAX 256u	 /* hash tables that are kept */
#define UNITS_MAX  65536 /* units of per-CPU memory that are counted */
#define EVENTS_MAX 4096u /* events of the boot that are kept */

struct log {
	struct kt_snapshot *snap;
	const char *path;
	bool complete;	  /* the first line of the boot was seen */
	bool fill_map;	  /* the firmware map is missing, so it is taken from the log */
	bool past_memory; /* the "Memory:" line was seen; only memory freed after it counts */
	bool past_boot;	  /* the line at the end of the boot was seen */
	int64_t nr_units, holes_kib;
	int64_t time_us; /* microseconds since the kernel started; time of the current line */
	bool map_seen;
};

static struct kt_entry entry_of(const struct log *log, enum kt_metric metric, enum kt_unit unit,
	int64_t raw, const char *field)
{
	return (struct kt_entry){ .metric = metric,
		.node = KT_NO_NODE,
		.unit = unit,
		.raw = raw,
		.rank = KT_RANK_FIRST,
		.path = log->path,
		.field = field };
}

static void put(
	struct log *log, enum kt_metric metric, enum kt_unit unit, int64_t raw, const char *field)
{
	kt_snapshot_put(log->snap, entry_of(log, metric, unit, raw, field));
}

static void add(
	struct log *log, enum kt_metric metric, enum kt_unit unit, int64_t raw, const char *field)
{
	kt_snapshot_add(log->snap, entry_of(log, metric, unit, raw, field));
}

/* Adds an event. `row` must outlive the snapshot; `name` is copied, n = 0: the row's title. */
static void event(
	struct log *log, enum kt_boot_what what, struct kt_span name, int64_t bytes, bool freed)
{
	struct kt_boot_event *slot;

	if (log->snap->boot_events.count >= EVENTS_MAX || bytes > KT_AMOUNT_MAX)
		return;
	slot = kt_list_push(&log->snap->arena, &log->snap->boot_events);
	if (slot)
		*slot = (struct kt_boot_event){ what,
			name.n ? kt_arena_name(&log->snap->arena, name) : NULL, log->time_us, bytes,
			freed };
}

static void took(struct log *log, enum kt_boot_what what, int64_t bytes)
{
	event(log, what, (struct kt_span){ 0 }, bytes, false);
}

/* Takes "1234K" or "1234k". */
static bool take_kib(struct kt_span *rest, int64_t *ret_kib)
{
	uint64_t value;

	if (!kt_span_take_u64(rest, &value) || value > INT64_MAX / 1024 ||
		!(kt_span_skip(rest, "K") || kt_span_skip(rest, "k")))
		return false;
	*ret_kib = (int64_t)value;
	return true;
}

/* Takes "[mem 0x…-0x…]", whose end is inclusive; `ret_end` is exclusive. */
static bool take_range(struct kt_span *rest, uint64_t *ret_start, uint64_t *ret_end)
{
	struct kt_span start, end;

	if (!kt_span_skip(rest, "[mem ") || !kt_span_until(rest, '-', &start) ||
		!kt_span_until(rest, ']', &end) || !kt_span_hex(start, ret_start) ||
		!kt_span_hex(end, ret_end) || *ret_end >= UINT64_MAX >> 1 || *ret_end < *ret_start)
		return false;
	*ret_end += 1;
	return true;
}

static void on_linux(struct log *log, struct kt_span rest)
{
	struct kt_span release;

	/* --scrub removes the release from the log */
	if (log->snap->host.release && kt_span_word(&rest, &release) &&
		!kt_span_eq(release, "(scrubbed)") && !kt_span_eq(release, log->snap->host.release))
		log->snap->log_foreign = true;
	log->complete = true;
	took(log, KT_BOOT_IS_IMAGE, KT_UNKNOWN);
}

/* "BIOS-e820: [mem a-b] usable", before 3.5 "BIOS-e820: a - b (usable)" with b exclusive. */
static void on_e820(struct log *log, struct kt_span rest)
{
	struct kt_span start, end;
	uint64_t from, to;

	if (!log->map_seen)
		took(log, KT_BOOT_IS_FIRMWARE, KT_UNKNOWN);
	log->map_seen = true;
	/* only x86 has such a map, and its pages are of one size */
	if (!kt_known(log->snap->host.page_bytes))
		log->snap->host.page_bytes = 4096;
	if (!log->fill_map)
		return;
	rest = kt_span_trim(rest);
	if (take_range(&rest, &from, &to)) {
		kt_firmware_add(log->snap, from, to, kt_span_trim(rest));
		return;
	}
	if (!kt_span_word(&rest, &start) || !kt_span_word(&rest, &end) || !kt_span_eq(end, "-") ||
		!kt_span_word(&rest, &end) || !kt_span_hex(start, &from) || !kt_span_hex(end, &to))
		return;
	rest = kt_span_trim(rest);
	kt_span_skip(&rest, "(");
	if (kt_span_ends(rest, ")"))
		rest.n--;
	kt_firmware_add(log->snap, from, to, rest);
}

static const struct {
	const char *label;
	enum kt_metric metric;
} memory_parts[] = {
	{ "kernel code", KT_BOOT_CODE },
	{ "rwdata", KT_BOOT_DATA },
	{ "data", KT_BOOT_DATA }, /* before 3.15, read-only data included */
	{ "rodata", KT_BOOT_RODATA },
	{ "init", KT_BOOT_INIT },
	{ "bss", KT_BOOT_BSS },
	{ "reserved", KT_BOOT_RESERVED },
};

/* Takes the next of several parts separated by commas, without blanks at its ends. */
static bool next_part(struct kt_span *rest, struct kt_span *ret_part)
{
	if (!rest->n)
		return false;
	if (!kt_span_until(rest, ',', ret_part)) {
		*ret_part = *rest;
		rest->n = 0;
	}
	*ret_part = kt_span_trim(*ret_part);
	return true;
}

static void memory_part(struct log *log, struct kt_span part)
{
	int64_t kib;

	if (!take_kib(&part, &kib))
		return;
	part = kt_span_trim(part);
	/*
	 * Until Linux 3.10 (commit 7ee3d4e8cd56 replaces the line) the second number counts
	 * holes too, and names them here.
	 */
	if (kt_span_eq(part, "reserved") && log->holes_kib)
		add(log, KT_BOOT_PRESENT, KT_KB, kib, "Memory:");
	if (kt_span_eq(part, "absent"))
		add(log, KT_BOOT_PRESENT, KT_KB, -kib, "Memory:");
	for (size_t i = 0; i < KT_LEN(memory_parts); i++) {
		if (kt_span_eq(part, memory_parts[i].label))
			put(log, memory_parts[i].metric, KT_KB, kib, "Memory:");
	}
}

/* "Memory: 3212572K/25165432K available (18457K kernel code, …, 0K cma-reserved)" */
static void on_memory(struct log *log, struct kt_span rest)
{
	struct kt_span part, inside;
	int64_t available, present;
	bool old;

	rest = kt_span_trim(rest);
	old = kt_span_find(rest, "k/") < kt_span_find(rest, "K/");
	if (!take_kib(&rest, &available) || !kt_span_skip(&rest, "/") || !take_kib(&rest, &present))
		return;
	put(log, KT_BOOT_PRESENT, KT_KB, present, "Memory:");
	log->past_memory = true;
	if (!kt_span_until(&rest, '(', &part) || !kt_span_until(&rest, ')', &inside))
		return;
	/* 2.6 without "absent": the second number is the end of memory, holes included */
	if (old && kt_span_find(inside, "absent") == inside.n) {
		log->holes_kib = present - available;
		add(log, KT_BOOT_PRESENT, KT_KB, -log->holes_kib, "Memory:");
	}
	while (next_part(&inside, &part))
		memory_part(log, part);
}

/* "Freeing unused kernel image (initmem) memory: 3728K", older "…: 984k freed" */
static void on_freeing(struct log *log, struct kt_span rest)
{
	bool initrd = kt_span_starts(rest, "initrd");
	/* x86 keeps variables shared with a hypervisor in a part of bss (BSS_DECRYPTED) */
	bool bss = kt_span_starts(rest, "unused decrypted");
	struct kt_span what;
	int64_t kib;

	/* the last step before the first process: init/main.c, kernel_init() */
	log->past_boot |= kt_span_starts(rest, "unused kernel");
	if (!kt_span_until(&rest, ':', &what))
		return;
	rest = kt_span_trim(rest);
	if (!take_kib(&rest, &kib))
		return;
	if (kt_span_ends(what, " memory"))
		what.n -= strlen(" memory");
	event(log,
		initrd ? KT_BOOT_IS_INITRD
		: bss  ? KT_BOOT_IS_BSS
		       : KT_BOOT_IS_GAP,
		what, kib * 1024, true);
	if (!log->past_memory)
		return;
	add(log, KT_BOOT_FREED, KT_KB, kib, "Freeing … memory:");
	if (bss)
		add(log, KT_BOOT_FREED_BSS, KT_KB, kib, "Freeing unused decrypted memory:");
	if (initrd)
		add(log, KT_BOOT_FREED_INITRD, KT_KB, kib, "Freeing initrd memory:");
}

/* "percpu: Embedded 53 pages/cpu s185496 …" or "percpu: 60 4K pages/cpu …" */
static void on_percpu(struct log *log, struct kt_span rest)
{
	struct kt_span word;
	uint64_t pages;

	rest = kt_span_trim(rest);
	kt_span_skip(&rest, "Embedded ");
	if (!kt_span_take_u64(&rest, &pages) || pages > 1u << 24)
		return;
	while (kt_span_word(&rest, &word)) {
		if (!kt_span_eq(word, "pages/cpu"))
			continue;
		put(log, KT_PERCPU_FIRST_UNIT, KT_PAGES, (int64_t)pages, "pages/cpu");
		took(log, KT_BOOT_IS_PERCPU, KT_UNKNOWN);
		return;
	}
}

/* "pcpu-alloc: [0] 0 1 -- [1] 2 3": the units of each group; "-" is a unit without a CPU. */
static void on_pcpu_alloc(struct log *log, struct kt_span rest)
{
	struct kt_span word;

	rest = kt_span_trim(rest);
	if (!kt_span_starts(rest, "["))
		return;
	while (kt_span_word(&rest, &word)) {
		if (!kt_span_starts(word, "[") && log->nr_units < UNITS_MAX)
			log->nr_units++;
	}
}

/* "RAMDISK: [mem a-b]", before 3.5 "RAMDISK: a - b" with b exclusive */
static void on_ramdisk(struct log *log, struct kt_span rest)
{
	struct kt_span from;
	uint64_t start, end;

	rest = kt_span_trim(rest);
	if (!take_range(&rest, &start, &end) &&
		(!kt_span_word(&rest, &from) || !kt_span_skip(&rest, " - ") ||
			!kt_span_hex(from, &start) || !kt_span_hex(kt_span_trim(rest), &end) ||
			end < start || end > KT_AMOUNT_MAX))
		return;
	put(log, KT_INITRD, KT_BYTES, (int64_t)(end - start), "RAMDISK:");
	took(log, KT_BOOT_IS_INITRD, (int64_t)(end - start));
}

/* "software IO TLB: mapped [mem a-b] (64MB)"; unlike in all other lines, b is exclusive. */
static void on_swiotlb(struct log *log, struct kt_span rest)
{
	uint64_t start, end;

	rest = kt_span_trim(rest);
	if (!kt_span_skip(&rest, "mapped ") || !take_range(&rest, &start, &end))
		return;
	end -= (end - 1) % 4096 == 0;
	put(log, KT_SWIOTLB, KT_BYTES, (int64_t)(end - start), "software IO TLB: mapped");
	took(log, KT_BOOT_IS_SWIOTLB, (int64_t)(end - start));
}

static void on_graphics(struct log *log, struct kt_span rest)
{
	size_t at = kt_span_find(rest, "[mem ");
	uint64_t start, end;

	rest = kt_span_from(rest, at);
	if (!take_range(&rest, &start, &end))
		return;
	log->snap->graphics = (struct kt_region){ start, end, "graphics" };
	put(log, KT_FW_GRAPHICS, KT_BYTES, (int64_t)(end - start),
		"Reserving Intel graphics memory");
	took(log, KT_BOOT_IS_GRAPHICS, (int64_t)(end - start));
}

/* The memory map is made directly before this line: mm/sparse.c, sparse_init(). */
static void on_zone_ranges(struct log *log, struct kt_span rest)
{
	(void)rest;
	took(log, KT_BOOT_IS_MEMMAP, KT_UNKNOWN);
}

/* "NODE_DATA(0) allocated [mem a-b]", before 3.15 "NODE_DATA [a - b]" below its node */
static void on_node_data(struct log *log, struct kt_span rest)
{
	struct kt_span from, to;
	uint64_t start, end;

	if (kt_span_starts(rest, "(")) {
		rest = kt_span_from(rest, kt_span_find(rest, "[mem "));
		if (!take_range(&rest, &start, &end))
			return;
	} else if (!kt_span_skip(&rest, " [") || !kt_span_word(&rest, &from) ||
		   !kt_span_skip(&rest, " - ") || !kt_span_until(&rest, ']', &to) ||
		   !kt_span_hex(from, &start) || !kt_span_hex(to, &end) || end++ < start)
		return;
	if (end - start <= KT_AMOUNT_MAX)
		event(log, KT_BOOT_IS_NODE_DATA, KT_SPAN("node data"), (int64_t)(end - start),
			false);
}

static void crashkernel(struct log *log, uint64_t bytes)
{
	struct kt_entry entry =
		entry_of(log, KT_CRASHKERNEL, KT_BYTES, (int64_t)bytes, "crashkernel reserved:");

	if (bytes > KT_AMOUNT_MAX)
		return;
	/* it may have shrunk since; /sys/kernel/kexec_crash_size has the current size */
	entry.rank = KT_RANK_MEMINFO;
	kt_snapshot_add(log->snap, entry);
	took(log, KT_BOOT_IS_CRASHKERNEL, (int64_t)bytes);
}

/*
 * x86 before Linux 6.7 (commit 9c08a2a139fe): "Reserving 128MB of [low ]memory at 720MB for
 * crashkernel (…)"
 */
static void on_reserving(struct log *log, struct kt_span rest)
{
	uint64_t mib;

	if (kt_span_take_u64(&rest, &mib) && mib < 1u << 30 && kt_span_skip(&rest, "MB of ") &&
		kt_span_find(rest, " for crashkernel") < rest.n)
		crashkernel(log, mib << 20);
}

/*
 * "crashkernel reserved: 0x… - 0x… (128 MB)", "crashkernel low memory reserved: …". The line
 * "crashkernel CMA reserved:" names a contiguous area, which movable pages may use.
 */
static void on_crashkernel(struct log *log, struct kt_span rest)
{
	struct kt_span what, from, to;
	uint64_t start, end;

	if (!kt_span_until(&rest, ':', &what) || kt_span_starts(what, "CMA") ||
		!kt_span_ends(what, "reserved") || !kt_span_word(&rest, &from) ||
		!kt_span_skip(&rest, " - ") || !kt_span_word(&rest, &to) ||
		!kt_span_hex(from, &start) || !kt_span_hex(to, &end) || end < start)
		return;
	crashkernel(log, end - start);
}

/* "cma: Reserved 64 MiB at 0x…": movable pages may use it, so it is not lost to the system. */
static void on_cma(struct log *log, struct kt_span rest)
{
	uint64_t mib;

	rest = kt_span_trim(rest);
	if (kt_span_skip(&rest, "Reserved ") && kt_span_take_u64(&rest, &mib) && mib < 1u << 30 &&
		kt_span_starts(rest, " MiB"))
		took(log, KT_BOOT_IS_CMA, (int64_t)mib << 20);
}

/* "log_buf_len: 1048576[ bytes]"; printed if the buffer in the kernel image is too small. */
static void on_log_buf(struct log *log, struct kt_span rest)
{
	uint64_t bytes;

	rest = kt_span_trim(rest);
	if (kt_span_take_u64(&rest, &bytes) && bytes <= 1u << 31 &&
		(!rest.n || kt_span_eq(rest, " bytes")))
		event(log, KT_BOOT_IS_LOG_BUFFER, KT_SPAN("kernel log buffer"), (int64_t)bytes,
			false);
}

/*
 * "ftrace: allocating 44643 entries in 175 pages" is the number of pages that are needed. "ftrace:
 * allocated 200 pages with 3 groups" is the number taken, from commit da537f0aef13 (in Linux 5.8,
 * and in stable kernels before).
 */
static void on_ftrace(struct log *log, struct kt_span rest)
{
	uint64_t pages;

	rest = kt_span_trim(rest);
	if (kt_span_skip(&rest, "allocating ")) {
		rest = kt_span_from(rest, kt_span_find(rest, " entries in "));
		if (kt_span_skip(&rest, " entries in ") && kt_span_take_u64(&rest, &pages) &&
			pages < 1u << 24)
			kt_snapshot_put(log->snap, (struct kt_entry){ .metric = KT_BOOT_FTRACE,
							   .node = KT_NO_NODE,
							   .unit = KT_PAGES,
							   .quality = KT_ESTIMATE,
							   .rank = KT_RANK_MEMINFO,
							   .raw = (int64_t)pages,
							   .path = log->path,
							   .field = "ftrace: allocating" });
		return;
	}
	if (kt_span_skip(&rest, "allocated ") && kt_span_take_u64(&rest, &pages) &&
		pages < 1u << 24 && kt_span_starts(rest, " pages"))
		put(log, KT_BOOT_FTRACE, KT_PAGES, (int64_t)pages, "ftrace: allocated");
	took(log, KT_BOOT_IS_FTRACE, KT_UNKNOWN);
}

/*
 * "allocated 6291456 bytes of page_ext", before Linux 3.19 (commits 1306a85aed3e,
 * eefa864b701d) "… of page_cgroup"
 */
static void on_allocated(struct log *log, struct kt_span rest)
{
	uint64_t bytes;

	rest = kt_span_trim(rest);
	if (!kt_span_take_u64(&rest, &bytes) || bytes > KT_AMOUNT_MAX ||
		!(kt_span_starts(rest, " bytes of page_ext") ||
			kt_span_starts(rest, " bytes of page_cgroup")))
		return;
	add(log, KT_BOOT_PAGE_EXT, KT_BYTES, (int64_t)bytes, "bytes of page_ext");
	took(log, KT_BOOT_IS_MEMMAP_LATE, (int64_t)bytes);
}

/* Matches any initial RAM disk (init/initramfs.c: do_populate_rootfs); only x86 prints its size. */
static void on_unpacking(struct log *log, struct kt_span rest)
{
	log->snap->log_initrd |=
		kt_span_starts(rest, "rootfs image") || kt_span_starts(rest, "initramfs");
}

static void on_hypervisor(struct log *log, struct kt_span rest)
{
	struct kt_host *host = &log->snap->host;

	if (host->hypervisor)
		return;
	kt_host_hypervisor(log->snap, rest);
	host->hypervisor_by_log = host->hypervisor != NULL;
}

/* "DMA: preallocated 4096 KiB GFP_KERNEL pool for atomic allocations" */
static void on_dma(struct log *log, struct kt_span rest)
{
	uint64_t kib;

	if (kt_span_skip(&rest, " preallocated ") && kt_span_take_u64(&rest, &kib) &&
		kib < 1u << 30 && kt_span_ends(rest, " pool for atomic allocations"))
		add(log, KT_BOOT_DMA_POOLS, KT_KB, (int64_t)kib, "DMA: preallocated");
}

static const struct {
	const char *starts;
	void (*handle)(struct log *log, struct kt_span rest);
} handlers[] = {
	{ "Linux version ", on_linux },
	{ "BIOS-e820:", on_e820 },
	{ "Memory:", on_memory },
	{ "Freeing ", on_freeing },
	{ "percpu:", on_percpu },
	{ "PERCPU:", on_percpu },
	{ "pcpu-alloc:", on_pcpu_alloc },
	{ "RAMDISK:", on_ramdisk },
	{ "Trying to unpack ", on_unpacking },
	{ "Unpacking ", on_unpacking },
	{ "software IO TLB:", on_swiotlb },
	{ "Reserving Intel graphics ", on_graphics },
	{ "Reserving ", on_reserving },
	{ "crashkernel ", on_crashkernel },
	{ "cma:", on_cma },
	{ "NODE_DATA", on_node_data },
	{ "Zone ranges:", on_zone_ranges },
	{ "Zone PFN ranges:", on_zone_ranges },
	{ "printk: log_buf_len:", on_log_buf },
	{ "log_buf_len:", on_log_buf },
	{ "ftrace:", on_ftrace },
	{ "DMA:", on_dma },
	{ "allocated ", on_allocated },
	{ "Hypervisor detected:", on_hypervisor },
};

/* "  DMA zone: 64 pages used for memmap", on kernels that still print it */
static void zone_line(struct log *log, struct kt_span text)
{
	size_t at = kt_span_find(text, " zone: ");
	struct kt_span rest = kt_span_from(text, at);
	uint64_t pages;

	if (kt_span_skip(&rest, " zone: ") && kt_span_take_u64(&rest, &pages) && pages < 1u << 30 &&
		kt_span_eq(rest, " pages used for memmap"))
		add(log, KT_BOOT_MEMMAP_LINES, KT_PAGES, (int64_t)pages, "pages used for memmap");
}

/*
 * Tables from the boot allocator, made with HASH_EARLY before the page allocator exists
 * (fs/dcache.c, fs/inode.c, kernel/locking/qspinlock_paravirt.h; until Linux 4.14, commit
 * e8cfbc245e24, kernel/pid.c). "linear" alone does not prove it.
 */
static const char *const early_hashes[] = { "Dentry cache", "Inode-cache", "PV qspinlock", "PID" };

static enum kt_hash_place hash_place(struct kt_span name, struct kt_span kind)
{
	if (kt_span_starts(kt_span_trim(kind), "vmalloc"))
		return KT_HASH_VMALLOC;
	for (size_t i = 0; i < KT_LEN(early_hashes); i++) {
		if (kt_span_eq(name, early_hashes[i]))
			return KT_HASH_RESERVED;
	}
	return KT_HASH_DIRECT;
}

/* Returns a new table, or the table of that name from an earlier boot in the same log. */
static struct kt_hash *hash_named(struct kt_snapshot *snap, struct kt_span name)
{
	for (size_t i = 0; i < snap->hashes.count; i++) {
		if (kt_span_eq(name, snap->hashes.items[i].name))
			return &snap->hashes.items[i];
	}
	return kt_list_push(&snap->arena, &snap->hashes);
}

/*
 * Reads "NAME hash table entries: N (order: O, B bytes, KIND)". quota leaves the colon of the order
 * out; futex from Linux 6.16 (commit cec199c5e39b) prints "(B bytes on 1 NUMA nodes, total T KiB,
 * KIND)". Before 5.5 there is no KIND: with several nodes such a table is spread over them by
 * vmalloc.
 */
static void hash_line(struct log *log, struct kt_span text)
{
	size_t at = kt_span_find(text, " hash table entries: ");
	struct kt_span name = { text.p, at }, rest = kt_span_from(text, at), part, kind = { 0 };
	uint64_t entries, bytes = 0, order = 0, total_kib;
	struct kt_hash *hash;

	if (!kt_span_skip(&rest, " hash table entries: ") || !kt_span_take_u64(&rest, &entries) ||
		!kt_span_skip(&rest, " (") || log->snap->hashes.count >= HASHES_MAX)
		return;
	kt_span_skip(&name, "VFS: ");
	if (rest.n && kt_span_ends(rest, "."))
		rest.n--;
	if (kt_span_ends(rest, ")"))
		rest.n--;
	while (next_part(&rest, &part)) {
		if (kt_span_skip(&part, "order")) {
			kt_span_skip(&part, ":");
			part = kt_span_trim(part);
			kt_span_take_u64(&part, &order);
		} else if (kt_span_skip(&part, "total ") && kt_span_take_u64(&part, &total_kib))
			bytes = total_kib << 10;
		else if (part.n && part.p[0] >= '0' && part.p[0] <= '9')
			kt_span_take_u64(&part, &bytes);
		else
			kind = part;
	}
	if (!bytes || bytes > 1ull << 50)
		return;
	hash = hash_named(log->snap, name);
	if (!hash)
		return;
	*hash = (struct kt_hash){ kt_arena_name(&log->snap->arena, name), (int64_t)entries,
		(int64_t)bytes, hash_place(name, kind) };
	/* early tables are printed before "Memory:"; tables after it were spread by vmalloc */
	if (!kind.n && log->past_memory && hash->place == KT_HASH_RESERVED &&
		!kt_span_eq(name, "PV qspinlock"))
		log->snap->hashdist = true;
	hash->has_kind = kind.n > 0;
	hash->order = order > 63 ? 63 : (int)order;
	event(log, KT_BOOT_IS_HASH, name, (int64_t)bytes, false);
}

bool kt_kmsg_is_used(struct kt_span message)
{
	for (size_t i = 0; i < KT_LEN(handlers); i++) {
		if (kt_span_starts(message, handlers[i].starts))
			return true;
	}
	return kt_span_find(message, " hash table entries: ") < message.n ||
	       kt_span_ends(message, " pages used for memmap");
}

static void handle_line(struct log *log, struct kt_span message)
{
	for (size_t i = 0; i < KT_LEN(handlers); i++) {
		if (!kt_span_skip(&message, handlers[i].starts))
			continue;
		handlers[i].handle(log, message);
		return;
	}
	if (kt_span_find(message, " zone: ") < message.n)
		zone_line(log, message);
	else
		hash_line(log, message);
}

static struct kt_err *parse_lines(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct log log = { .snap = snap, .path = text->path, .fill_map = !snap->firmware.count };
	struct kt_kmsg_walk walk;
	struct kt_log_record line;

	kt_kmsg_walk_boot(kt_text_span(text), &walk);
	while (kt_kmsg_next(&walk, &line)) {
		log.time_us = line.time_us;
		handle_line(&log, line.message);
	}
	if (log.nr_units)
		put(&log, KT_PERCPU_UNITS, KT_COUNT, log.nr_units, "pcpu-alloc:");
	snap->log_path = text->path;
	snap->log_cut = !log.complete;
	snap->log_whole = log.complete && log.past_boot;
	return NULL;
}

/* The running kernel's log and what ktally itself wrote have their lines in order. */
static bool is_own(const char *path)
{
	return strcmp(path, "dev/kmsg") == 0 || strcmp(path, "ktally/dmesg") == 0 ||
	       strcmp(path, KT_ROOT_MEMORY_LOG) == 0;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_mended mended = { 0 };
	struct kt_text whole = *text;
	struct kt_err *err;

	if (is_own(text->path))
		return parse_lines(snap, text);
	err = kt_stream_of_span(kt_text_span(text), text->path, &stream);
	if (!err)
		err = kt_mend_log(stream, &mended);
	if (mended.mender) {
		whole.data = (char *)mended.text.p;
		whole.size = mended.text.n;
	}
	if (!err)
		err = parse_lines(snap, &whole);
	kt_mended_note(&mended, text->path, snap);
	kt_mended_cleanup(&mended);
	return err;
}

const struct kt_source kt_source_kmsg = {
	.name = "kmsg",
	.summary = "the kernel log of the boot",
	.paths = { "dev/kmsg", "ktally/dmesg", "sos_commands/kernel/dmesg",
		"sos_commands/general/dmesg", KT_ROOT_BOOT_LOG, "dmesg.txt", "var/log/dmesg" },
	.alternatives = true,
	.first_is_live = true,
	.cost = KT_COST_CHEAP,
	.lack = "memory reserved at boot has no names, and the first per-CPU chunk, which is "
		"outside MemTotal, cannot be subtracted from Percpu",
	.gives = "root, and a kernel log that still has the lines of the boot",
	.provides = { KT_BOOT_CODE, KT_BOOT_RODATA, KT_BOOT_DATA, KT_BOOT_BSS, KT_INITRD,
		KT_SWIOTLB, KT_PERCPU_FIRST_UNIT, KT_BOOT_FTRACE, KT_BOOT_PAGE_EXT,
		KT_FW_GRAPHICS },
	.nr_provides = 10,
	.parse = parse,
	.recall = parse,
	.is_behind = kt_kmsg_record_is_behind,
	.scrub = kt_kmsg_scrub,
	.condense = kt_kmsg_condense, /* removes lines that no command reads */
};
