// SPDX-License-Identifier: GPL-2.0-or-later
//
// What was there before the page allocator: present pages, the memory map, the initial
// RAM disk, hash tables.

#include "model/derive.h"

#include <string.h>

#define GET(metric) kt_snapshot_get(snap, KT_##metric, node)

#define STRUCT_PAGE_BYTES 64 /* of every 64-bit kernel that packs its struct page well */

static void derive_present(struct kt_snapshot *snap, int node)
{
	struct kt_val present = GET(PRESENT), log = GET(BOOT_PRESENT), managed = GET(MANAGED);
	struct kt_val blocks = GET(BLOCKS_ONLINE);

	if (kt_ok(present) || !kt_ok(managed))
		return;
	if (kt_ok(log) && log.value >= managed.value)
		kt_snapshot_derive(snap, KT_PRESENT, node, log.value, KT_ESTIMATE,
			"present memory at boot, by the kernel log");
	else if (kt_ok(blocks) && blocks.value >= managed.value)
		kt_snapshot_derive(snap, KT_PRESENT, node, blocks.value, KT_UPPER_BOUND,
			"online memory blocks, holes included");
}

/*
 * One struct page for each page present at boot: memory added later brings its own, from
 * the page allocator, and memory taken offline leaves its own behind. It cannot be more
 * than was reserved; huge pages may have given part of it back. 32-bit kernels, known by their
 * HighMem zone, have struct pages of half size.
 */
static void estimate_memmap(struct kt_snapshot *snap, int node, int64_t present)
{
	struct kt_val log = GET(BOOT_PRESENT), managed = GET(MANAGED);
	int64_t struct_page = STRUCT_PAGE_BYTES, bytes;

	for (size_t i = 0; i < snap->zones.count; i++) {
		if (strcmp(snap->zones.items[i].name, "HighMem") == 0)
			struct_page = STRUCT_PAGE_BYTES / 2;
	}
	bytes = (kt_ok(log) && log.value > 0 ? log.value : present) / snap->host.page_bytes *
		struct_page;
	if (kt_ok(managed) && managed.value < present && bytes > present - managed.value)
		kt_snapshot_derive(snap, KT_MEMMAP, node, present - managed.value, KT_UPPER_BOUND,
			"all that is reserved; less than a struct page for each page");
	else
		kt_snapshot_derive(snap, KT_MEMMAP, node, bytes, KT_ESTIMATE,
			"a struct page for each page present at boot");
}

static void derive_memmap(struct kt_snapshot *snap, int node)
{
	struct kt_val boot = GET(MEMMAP_BOOT), lines = GET(BOOT_MEMMAP_LINES);
	struct kt_val present = GET(PRESENT);

	if (kt_ok(boot))
		kt_snapshot_derive(
			snap, KT_MEMMAP, node, boot.value, KT_EXACT, "nr_memmap_boot_pages");
	else if (kt_ok(lines))
		kt_snapshot_derive(snap, KT_MEMMAP, node, lines.value, KT_ESTIMATE,
			"pages used for memmap, by the kernel log");
	else if (kt_ok(present) && snap->host.page_bytes)
		estimate_memmap(snap, node, present.value);
}

static void derive_initrd(struct kt_snapshot *snap, int node)
{
	struct kt_val size = GET(INITRD), freed = GET(BOOT_FREED_INITRD);
	int64_t kept;

	if (!kt_ok(size))
		return;
	kept = kt_ok(freed) ? size.value - freed.value : size.value;
	kt_snapshot_derive(snap, KT_INITRD_KEPT, node, kept < 0 ? 0 : kept, KT_EXACT,
		"RAMDISK - what was freed of it");
}

/*
 * page_ext comes from the page allocator, late. Kernels that count nr_memmap_pages have
 * it in there (Linux 6.12); on others only the kernel log tells.
 */
static void derive_memmap_late(struct kt_snapshot *snap, int node)
{
	struct kt_val late = GET(MEMMAP_LATE), page_ext = GET(BOOT_PAGE_EXT);

	if (!kt_ok(late) && kt_ok(page_ext))
		kt_snapshot_derive(snap, KT_MEMMAP_LATE, node, page_ext.value, KT_EXACT,
			"bytes of page_ext, by the kernel log");
}

/* Never spread over the nodes: made with HASH_EARLY whatever hashdist is. */
static bool is_always_early(const struct kt_hash *hash)
{
	return strcmp(hash->name, "PID") == 0 || strcmp(hash->name, "PV qspinlock") == 0;
}

/*
 * Before 5.5 the log did not say how a table was made. Several nodes, a large order, or the
 * tables of the dentry and inode caches made late (before 5.2 on NUMA kernels) tell.
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

void kt_derive_boot(struct kt_snapshot *snap, int node)
{
	derive_present(snap, node);
	derive_memmap(snap, node);
	if (node != KT_NO_NODE)
		return;
	derive_initrd(snap, node);
	derive_memmap_late(snap, node);
	settle_hashes(snap);
	if (snap->log_cut)
		kt_snapshot_note(snap,
			"the kernel log has lost its beginning: some of what was reserved at boot "
			"has no name");
}
