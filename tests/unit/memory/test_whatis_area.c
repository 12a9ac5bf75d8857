// SPDX-License-Identifier: GPL-2.0-or-later
//
// Addresses of vmalloc, looked up in memory that was made by hand.

#include "direct_bytes.h"
#include "test.h"

#include "memory/whatis.h"

#define FIRST 200u /* a page that nothing else uses */

TEST(an_address_of_vmalloc_is_of_the_function_that_made_the_area)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample sample = { .address = DIRECT_MAP };
	const uint64_t asked[] = { DIRECT_AREA + 4096 + 24, DIRECT_AREA + 0x300000 + 8 };
	struct kt_snapshot *snap = kt_snapshot_new();
	const struct kt_kernel_address *found;
	struct kt_memmap memmap;
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_map_all(&direct);
	direct_area(&direct, DIRECT_AREA, 3, 2, DIRECT_TEXT + 0x210);
	direct_map(&direct, DIRECT_AREA + 4096, FIRST);
	direct_map(&direct, DIRECT_AREA + 0x300000, FIRST + 1); /* in no area */
	CHECK(!kt_memmap_open(direct.slub.target, &sample, &direct.range, 1, &memmap));
	CHECK(!kt_whatis(&memmap, &opts, &direct.symbols, asked, 2, snap));
	CHECK_INT(snap->addresses.count, 2);
	found = snap->addresses.items;
	CHECK_INT(found[0].kind, KT_PLACE_MAPPED);
	CHECK_INT(found[0].pfn, FIRST);
	CHECK_STR(found[0].area_caller, "area_function");
	CHECK_INT(found[0].area_offset, 4096 + 24);
	CHECK_INT(found[0].area_bytes, 4 * 4096);
	CHECK_INT(found[1].kind, KT_PLACE_MAPPED);
	CHECK_INT(found[1].pfn, FIRST + 1);
	CHECK(!found[1].area_caller);
	CHECK_INT(found[1].area_offset, KT_UNKNOWN);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}
