// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects of one cache, and how full its slabs are, in memory that was made by hand.

#include "files_bytes.h"
#include "memory/slab_objects.h"
#include "test.h"

#define SLOTS (4096 / DENTRY_BYTES)

static struct kt_err *occupancy_of(struct files_bytes *files, const char *const *names,
	struct kt_slab_occupancy *ret_occupancy)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample sample = { .address = FILES_MAP };
	const struct kt_pfn_range range = { 0, FILES_PAGES };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memmap_open(files->slub.target, &sample, &range, 1, &memmap);

	return err ? err : kt_slab_occupancy(&memmap, &opts, names, ret_occupancy);
}

TEST(slabs_are_counted_by_the_share_of_their_slots_in_use)
{
	static const char *const names[] = { "another name", "dentry", NULL };
	struct kt_slab_occupancy occupancy;
	struct files_bytes files;
	uint64_t object;
	uint32_t counters = 3 | 32 << 16, small;

	files_init(&files);
	files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS); /* full, on no list */
	files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS * 3 / 4);
	files_slab(&files, files.dentries, DENTRY_BYTES, 1);
	files_slab(&files, files.dentries, DENTRY_BYTES, 0);
	files_slab(&files, files.inodes, INODE_BYTES, 5); /* of another cache */
	/* one object of a full slab is ready for a CPU */
	object = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	slub_set64(&files.slub, slub_cpu(&files.slub, files.dentries, 0), object);
	slub_set64(&files.slub, object,
		slub_get64(&files.slub, files.dentries + CACHE_RANDOM) ^ __builtin_bswap64(object));
	/* made with half of the slots when memory was short: 3 objects, of which 29 are free */
	small = files.next_pfn;
	files_slab(&files, files.dentries, DENTRY_BYTES, 3);
	memcpy(files.map + (size_t)small * PAGE_BYTES + SLAB_COUNTERS, &counters, 4);
	slub_set64(&files.slub, SLUB_BASE + (uint64_t)small * 4096 + 31 * DENTRY_BYTES,
		slub_get64(&files.slub, files.dentries + CACHE_RANDOM) ^
			__builtin_bswap64(SLUB_BASE + (uint64_t)small * 4096 + 31 * DENTRY_BYTES));

	CHECK(!occupancy_of(&files, names, &occupancy));
	CHECK_INT(occupancy.classes[0].nr_slabs, 1);
	CHECK_INT(occupancy.classes[0].nr_slots, SLOTS);
	CHECK_INT(occupancy.classes[1].nr_slabs, 2); /* 1 of 64, 3 of 32 */
	CHECK_INT(occupancy.classes[1].used_objs, 4);
	CHECK_INT(occupancy.classes[1].nr_pages, 2 + 1);
	CHECK_INT(occupancy.classes[8].nr_slabs, 1);
	CHECK_INT(occupancy.classes[8].used_objs, SLOTS * 3 / 4);
	CHECK_INT(occupancy.classes[10].nr_slabs, 1);
	CHECK_INT(occupancy.classes[10].used_objs, SLOTS - 1);
	CHECK_INT(occupancy.classes[11].nr_slabs, 1);
	CHECK_INT(occupancy.classes[11].nr_pages, 2);
	CHECK_INT(occupancy.nr_single, 1);
	/* 64 + 48 + 1 + 63 + 3 objects: three slabs */
	CHECK_INT(occupancy.packed_pages, 3 * 2);
	CHECK_INT(occupancy.nr_torn, 0);
	CHECK_INT(occupancy.nr_unread, 0);
	files_fini(&files);
}

TEST(a_pointer_at_the_end_of_the_last_object_is_not_read)
{
	static const char *const names[] = { "dentry", NULL };
	struct kt_slab_occupancy occupancy;
	struct files_bytes files;
	uint64_t last;

	files_init(&files);
	last = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS) + (SLOTS - 1) * DENTRY_BYTES;
	memcpy(files.map + (size_t)FILES_FIRST * PAGE_BYTES + 32, &last, sizeof(last));
	slub_set(&files.slub, files.dentries + CACHE_OFFSET, DENTRY_BYTES - 1, 4);
	CHECK(!occupancy_of(&files, names, &occupancy));
	CHECK_INT(occupancy.nr_torn, 1);
	CHECK_INT(occupancy.nr_unread, 0);
	files_fini(&files);
}

TEST(the_slabs_of_no_cache_are_an_error)
{
	static const char *const names[] = { "nosuch", NULL };
	struct kt_slab_occupancy occupancy;
	struct files_bytes files;
	struct kt_err *err;

	files_init(&files);
	err = occupancy_of(&files, names, &occupancy);
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	kt_err_free(err);
	files_fini(&files);
}
