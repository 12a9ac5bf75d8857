// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where all slabs of all caches are, in memory that was made by hand.

#include "sample_bytes.h"
#include "test.h"

#include "memory/state/slab_places.h"

#define SLOTS (4096 / DENTRY_BYTES)

static struct kt_err *places_of(struct files_bytes *files, struct kt_slab_places *ret_places)
{
	static const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample page = { .address = FILES_MAP };
	const struct kt_pfn_range range = { 0, FILES_PAGES };
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_memmap memmap;
	struct kt_err *err = kt_memmap_open(files->slub.target, &page, &range, 1, &memmap);

	if (!err)
		err = kt_memmap_find_direct(&memmap);
	if (!err)
		err = kt_slub_new(files->slub.target, &opts, &slub);
	return err ? err : kt_slab_places(slub, &memmap, ret_places);
}

static const struct kt_slab_at *at_page(const struct kt_slab_places *places, uint64_t slab)
{
	for (size_t i = 0; i < places->slabs.count; i++) {
		if (places->slabs.items[i].pfn == (slab - SLUB_BASE) / 4096)
			return &places->slabs.items[i];
	}
	return NULL;
}

TEST(each_slab_is_where_its_cpu_or_list_has_it)
{
	struct files_bytes files;
	struct kt_slab_places places;
	uint64_t full, own, waiting, partial, random, second, cpu;
	const struct kt_slab_at *slab;

	files_init(&files);
	random = slub_get64(&files.slub, files.dentries + CACHE_RANDOM);
	full = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	partial = files_slab(&files, files.dentries, DENTRY_BYTES, 7);
	/* CPU 1 has the last two objects of a slab whose own list is empty */
	own = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	second = own + (SLOTS - 1) * DENTRY_BYTES;
	slub_set64(&files.slub, second, random ^ __builtin_bswap64(second));
	slub_set64(&files.slub, second - DENTRY_BYTES,
		second ^ random ^ __builtin_bswap64(second - DENTRY_BYTES));
	waiting = files_slab(&files, files.dentries, DENTRY_BYTES, 1);
	cpu = slub_cpu(&files.slub, files.dentries, 1);
	slub_set64(&files.slub, cpu, second - DENTRY_BYTES);
	slub_set64(&files.slub, cpu + 16, descriptor_of(own));
	slub_set64(&files.slub, cpu + 24, descriptor_of(waiting));
	CHECK(!places_of(&files, &places));
	slab = at_page(&places, full);
	CHECK(slab && slab->where == KT_AT_NO_LIST);
	CHECK_INT(slab ? slab->nr_objs : 0, SLOTS);
	slab = at_page(&places, own);
	CHECK(slab && slab->where == KT_AT_CPU);
	CHECK_INT(slab ? slab->of : 9, 1);
	CHECK_INT(slab ? slab->nr_ready : 9, 2);
	CHECK_INT(slab ? slab->nr_free : 9, 0);
	slab = at_page(&places, waiting);
	CHECK(slab && slab->where == KT_AT_CPU_PARTIAL);
	CHECK_INT(slab ? slab->nr_free : 9, SLOTS - 1);
	/* it has free objects and is on no list: it moved, and counts as one of the node's */
	slab = at_page(&places, partial);
	CHECK(slab && slab->where == KT_AT_NODE);
	CHECK_INT(slab ? slab->nr_free : 9, SLOTS - 7);
	CHECK(places.nr_unread > 0);
	kt_slab_places_fini(&places);
	files_fini(&files);
}

TEST(a_slab_of_no_known_cache_is_counted)
{
	struct files_bytes files;
	struct kt_slab_places places = { 0 };
	const uint64_t stranger = SLUB_BASE + 64;
	uint64_t full;

	files_init(&files);
	full = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	files_slab(&files, files.dentries, DENTRY_BYTES, 7); /* on no list, which counts too */
	CHECK(!places_of(&files, &places));
	CHECK_INT(places.nr_unread, 1);
	CHECK_INT(places.slabs.count, 2);
	kt_slab_places_fini(&places);
	memcpy(files.map + (full - SLUB_BASE) / 4096 * PAGE_BYTES + SLAB_CACHE, &stranger, 8);
	CHECK(!places_of(&files, &places));
	CHECK_INT(places.slabs.count, 1);
	CHECK_INT(places.nr_unread, 2);
	kt_slab_places_fini(&places);
	files_fini(&files);
}
