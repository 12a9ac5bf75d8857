// SPDX-License-Identifier: GPL-2.0-or-later
#include "whatif/pages/page_struct.h"

/*
 * 64-bit kernels align struct pages to 16 bytes, and those with memory cgroups, which nearly all
 * are, have 64 (struct page in include/linux/mm_types.h). Debug options make it 80 or more.
 */
#define USUAL_BYTES 64
#define NEXT_BYTES  80

/*
 * The map also covers holes, so it has at least the size of a struct page for each page present at
 * boot. At 64 to 80 bytes a page, the size is 64: a smaller one would need many holes. A pool of
 * huge pages gives pages of the map back, and takes others when it shrinks (mm/hugetlb_vmemmap.c),
 * which the counter of later ones has.
 */
struct kt_page_struct kt_page_struct_of(const struct kt_snapshot *snap)
{
	struct kt_val boot = kt_snapshot_get(snap, KT_MEMMAP_BOOT, KT_NO_NODE);
	struct kt_val late = kt_snapshot_get(snap, KT_MEMMAP_LATE, KT_NO_NODE);
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	struct kt_page_struct page = { .bytes = KT_UNKNOWN, .from = "nr_memmap_boot_pages" };
	int64_t nr_present, nr_all;

	if (!kt_ok(boot) || !kt_ok(present) || snap->host.page_bytes <= 0) {
		page.why = "this kernel does not count its struct pages (nr_memmap_boot_pages)";
		return page;
	}
	nr_present = present.value / snap->host.page_bytes;
	nr_all = (boot.value + (kt_ok(late) ? late.value : 0)) / USUAL_BYTES;
	page.map_bytes = boot.value;
	if (nr_all < nr_present || boot.value / NEXT_BYTES >= nr_present) {
		page.why = "the size of a struct page is not known: the map does not have 64 to 80 "
			   "bytes for each page";
		return page;
	}
	page.bytes = USUAL_BYTES;
	page.nr_pages = boot.value / USUAL_BYTES;
	return page;
}
