// SPDX-License-Identifier: GPL-2.0-or-later
//
// Derives the memory that was taken before the page allocator existed: present pages, the memory
// map, the initial RAM disk, hash tables.

#include "account/derive.h"
#include "account/step.h"

#include <string.h>

#define STRUCT_PAGE_BYTES 64 /* bytes, on every 64-bit kernel whose struct page is packed well */
#define ADDED_MIN	  (1 << 20) /* bytes; less may be rounding, as the log rounds to KiB */

static void derive_present(struct kt_step *step)
{
	struct kt_val log = kt_step_get(step, KT_BOOT_PRESENT);
	struct kt_val managed = kt_step_get(step, KT_MANAGED);
	struct kt_val blocks = kt_step_get(step, KT_BLOCKS_ONLINE);

	if (kt_step_has(step, KT_PRESENT) || !kt_ok(managed))
		return;
	if (kt_ok(log) && log.value >= managed.value)
		kt_step_put_bytes(step, KT_PRESENT, log.value, KT_ESTIMATE,
			"present memory at boot, by the kernel log");
	else if (kt_ok(blocks) && blocks.value >= managed.value)
		kt_step_put_bytes(step, KT_PRESENT, blocks.value, KT_UPPER_BOUND,
			"online memory blocks, holes included");
}

/*
 * Whether pointers of the kernel have 32 bits: only such kernels have HighMem, lines of it in
 * meminfo, or less than 4 GiB of addresses for vmalloc.
 */
static bool is_32_bit(struct kt_step *step)
{
	const struct kt_snapshot *snap = step->snap;
	struct kt_val space = kt_step_get_machine(step, KT_VMALLOC_SPACE);
	struct kt_val high = kt_step_get_machine(step, KT_FREE_HIGH);

	for (size_t i = 0; i < snap->zones.count; i++) {
		if (strcmp(snap->zones.items[i].name, "HighMem") == 0)
			return true;
	}
	return kt_ok(kt_step_get_machine(step, KT_HIGH_TOTAL)) || kt_ok(high) ||
	       (kt_ok(space) && space.value > 0 && space.value < 1ll << 32);
}

/*
 * Estimates the memory map: one struct page for each page present at boot. Memory added later
 * brings its own map from the page allocator; memory taken offline leaves its map in place. The
 * estimate cannot be more than was reserved, and huge pages may have given part of it back. A
 * struct page of a 32-bit kernel has half the size or a little more, by its configuration.
 */
static void estimate_memmap(struct kt_step *step, struct kt_val present)
{
	struct kt_val log = kt_step_get(step, KT_BOOT_PRESENT);
	struct kt_val reserved = kt_val_sub(present, kt_step_get(step, KT_MANAGED));
	const struct kt_snapshot *snap = step->snap;
	int64_t struct_page = STRUCT_PAGE_BYTES, bytes;

	if (is_32_bit(step))
		struct_page = STRUCT_PAGE_BYTES / 2;
	bytes = (kt_ok(log) && log.value > 0 ? log.value : present.value) / snap->host.page_bytes *
		struct_page;
	if (kt_ok(reserved) && reserved.quality == KT_EXACT && reserved.value > 0 &&
		bytes > reserved.value)
		kt_step_put_bytes(step, KT_MEMMAP, reserved.value, KT_UPPER_BOUND,
			"everything that is reserved; less than a struct page for each page");
	else
		kt_step_put_bytes(step, KT_MEMMAP, bytes, KT_ESTIMATE,
			"a struct page for each page present at boot");
}

static void derive_memmap(struct kt_step *step)
{
	struct kt_val boot = kt_step_get(step, KT_MEMMAP_BOOT);
	struct kt_val lines = kt_step_get(step, KT_BOOT_MEMMAP_LINES);
	struct kt_val present = kt_step_get(step, KT_PRESENT);

	if (kt_ok(boot))
		kt_step_put(step, KT_MEMMAP, boot, "nr_memmap_boot_pages");
	else if (kt_ok(lines))
		kt_step_put_bytes(step, KT_MEMMAP, lines.value, KT_ESTIMATE,
			"pages used for memmap, by the kernel log");
	else if (kt_ok(present) && kt_known(step->snap->host.page_bytes))
		estimate_memmap(step, present);
}

/* Whether the log names an initial RAM disk and no line says that it was given back. */
static bool has_initrd_left(const struct kt_snapshot *snap)
{
	return snap->log_initrd && !kt_ok(kt_snapshot_get(snap, KT_BOOT_FREED_INITRD, KT_NO_NODE));
}

/* A log with a missing part may lack the line with the freed size. */
static void derive_initrd(struct kt_step *step)
{
	struct kt_val size = kt_step_get(step, KT_INITRD);
	struct kt_val freed = kt_step_get(step, KT_BOOT_FREED_INITRD), kept;

	if (!kt_ok(size)) {
		if (has_initrd_left(step->snap))
			kt_step_lack(step, KT_INITRD_KEPT, KT_ABSENT,
				"there is an initial RAM disk, and no file contains its size");
		return;
	}
	if (!kt_ok(freed) && step->snap->log_whole)
		freed = kt_val_bytes(0, KT_EXACT);
	kept = kt_val_sub(size, kt_val_or_some(freed));
	kept.value = kept.value < 0 ? 0 : kept.value;
	kt_step_put(step, KT_INITRD_KEPT, kept, "its size minus the part given back");
}

/* A row that a complete kernel log does not name is absent. */
static void derive_unnamed(struct kt_step *step)
{
	for (const enum kt_metric *of = step->makes; *of != KT_METRIC_NONE; of++) {
		if (step->snap->log_whole && !kt_step_has(step, *of) &&
			!(*of == KT_INITRD_KEPT && has_initrd_left(step->snap)))
			kt_step_none(step, *of, "the kernel log does not name it");
	}
}

/*
 * Whether struct pages that the counter contains may be on the memory that they describe, outside
 * the page allocator. A capture may lack the file that says so; there, added memory is enough.
 */
static bool memmap_may_be_elsewhere(struct kt_step *step)
{
	struct kt_val settings = kt_step_get(step, KT_MEMMAP_ELSEWHERE);
	struct kt_val added =
		kt_val_sub(kt_step_get(step, KT_PRESENT), kt_step_get(step, KT_BOOT_PRESENT));

	if (kt_ok(settings))
		return settings.value > 0;
	return !step->snap->host.live && kt_ok(added) && added.value > ADDED_MIN;
}

/*
 * page_ext comes from the page allocator, late. Kernels that count nr_memmap_pages, Linux 6.12
 * (commit 15995a352474), include page_ext there; on older kernels only the kernel log has its size.
 */
static void derive_memmap_late(struct kt_step *step)
{
	struct kt_val page_ext = kt_step_get(step, KT_BOOT_PAGE_EXT);

	struct kt_val late = kt_step_get(step, KT_MEMMAP_LATE);

	if (!kt_ok(late) && kt_ok(page_ext))
		kt_step_put(step, KT_MEMMAP_LATE, page_ext, "bytes of page_ext, by the kernel log");
	if (kt_ok(late) && late.value && memmap_may_be_elsewhere(step))
		kt_step_put(step, KT_MEMMAP_LATE, kt_val_add(late, kt_val_bytes(0, KT_UPPER_BOUND)),
			"nr_memmap_pages, which also counts struct pages on the added memory "
			"itself");
}

/* Tables that are never spread over the nodes: made with HASH_EARLY whatever hashdist is. */
static bool is_always_early(const struct kt_hash *hash)
{
	return strcmp(hash->name, "PID") == 0 || strcmp(hash->name, "PV qspinlock") == 0;
}

/*
 * Decides how each table was made. Before 5.5 the log did not say. Several nodes, a large order, or
 * dentry and inode tables made late (before 5.2 on NUMA kernels) decide it.
 */
static void settle_hashes(struct kt_snapshot *snap)
{
	bool spread = snap->hashdist || snap->host.nr_nodes > 1;

	for (size_t i = 0; i < snap->hashes.count; i++) {
		struct kt_hash *hash = &snap->hashes.items[i];

		if (hash->has_kind || is_always_early(hash))
			continue;
		if (spread || (hash->place == KT_HASH_DIRECT && hash->order > 10))
			hash->place = KT_HASH_VMALLOC;
	}
}

/*
 * Present pages come first, because a memory map is estimated from them. The rule for unnamed rows
 * comes last: it settles what is still missing.
 */
static const struct kt_rule rules[] = {
	{ derive_present, KT_MAKES(KT_PRESENT) },
	{ derive_memmap, KT_MAKES(KT_MEMMAP) },
	{ derive_initrd, KT_MAKES(KT_INITRD_KEPT), .machine = true },
	{ derive_unnamed, KT_MAKES(KT_BOOT_FREED_BSS, KT_INITRD_KEPT, KT_SWIOTLB, KT_CRASHKERNEL),
		.machine = true },
	{ derive_memmap_late, KT_MAKES(KT_MEMMAP_LATE), .machine = true },
};

void kt_derive_boot(struct kt_snapshot *snap, int node)
{
	kt_step_run(snap, node, rules, KT_LEN(rules));
	if (node != KT_NO_NODE)
		return;
	settle_hashes(snap);
	/* a log with a memory report and no line of the boot never had its beginning */
	if (snap->log_cut && (snap->boot_events.count || !snap->memreport))
		kt_snapshot_note(snap, "the beginning of the kernel log is lost: some memory "
				       "reserved at boot has no name");
}
