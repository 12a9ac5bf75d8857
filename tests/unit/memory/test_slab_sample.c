// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs that are drawn, in memory that was made by hand.

#include "sample_bytes.h"
#include "test.h"

#include <string.h>

#define SLOTS (4096 / DENTRY_BYTES)

static unsigned count_of(const struct kt_drawn_slab *slab, char letter)
{
	unsigned n = 0;

	for (int64_t i = 0; i < slab->nr_objs; i++)
		n += slab->map[i] == letter;
	return n;
}

TEST(slabs_are_chosen_from_the_fullest_to_the_emptiest)
{
	/* 50 slabs: 40, 39, ... 0 objects in use, and nine more with 40 */
	static const int64_t used[] = { 40, 32, 25, 12, 0 }, alike[] = { 10, 1, 1, 1, 1 };
	static const enum kt_drawn_role roles[] = { KT_DRAWN_FULLEST, KT_DRAWN_FULLER,
		KT_DRAWN_MEDIAN, KT_DRAWN_EMPTIER, KT_DRAWN_EMPTIEST };
	struct kt_slab_drawing drawing;
	struct kt_arena arena = { 0 };
	struct files_bytes files;

	files_init(&files);
	for (uint32_t i = 0; i <= 40; i++)
		files_slab(&files, files.dentries, DENTRY_BYTES, 40 - i);
	for (uint32_t i = 0; i < 9; i++)
		files_slab(&files, files.dentries, DENTRY_BYTES, 40);
	files_slab(&files, files.inodes, INODE_BYTES, 5);
	CHECK(!sample_of(&files, &arena, &drawing));
	CHECK_INT(drawing.nr_slabs, 50);
	CHECK_INT(drawing.slot_bytes, DENTRY_BYTES);
	CHECK_INT(drawing.nr_torn, 0);
	CHECK_INT(drawing.nr_unread, 0);
	CHECK_INT(drawing.slabs.count, 5);
	for (size_t i = 0; i < drawing.slabs.count; i++) {
		const struct kt_drawn_slab *slab = &drawing.slabs.items[i];

		CHECK_INT(slab->used_objs, used[i]);
		CHECK_INT(slab->nr_alike, alike[i]);
		CHECK_INT(slab->role, roles[i]);
		CHECK_INT(slab->nr_objs, SLOTS);
		CHECK_INT(count_of(slab, KT_SLOT_USED), used[i]);
		CHECK_INT(count_of(slab, KT_SLOT_FREE), SLOTS - used[i]);
		CHECK_INT(slab->state, used[i] ? KT_SLAB_PARTIAL : KT_SLAB_EMPTY);
		CHECK_INT(slab->address, (int64_t)(SLUB_BASE + (uint64_t)slab->pfn * 4096));
	}
	/* the list leads from the first free slot to the last one */
	CHECK_INT(drawing.slabs.items[1].rank[32], 1);
	CHECK_INT(drawing.slabs.items[1].rank[SLOTS - 1], SLOTS - 32);
	CHECK_INT(drawing.slabs.items[1].rank[31], 0);
	kt_arena_fini(&arena);
	files_fini(&files);
}

TEST(few_slabs_are_all_drawn_and_no_slab_twice)
{
	struct kt_slab_drawing drawing;
	struct kt_arena arena = { 0 };
	struct files_bytes files;

	files_init(&files);
	for (unsigned i = 0; i < 3; i++)
		files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	files_slab(&files, files.dentries, DENTRY_BYTES, 7);
	CHECK(!sample_of(&files, &arena, &drawing));
	CHECK_INT(drawing.slabs.count, 4);
	for (size_t i = 0; i + 1 < drawing.slabs.count; i++)
		CHECK(drawing.slabs.items[i].address != drawing.slabs.items[i + 1].address);
	CHECK_INT(drawing.slabs.items[0].role, KT_DRAWN_ALL);
	CHECK_INT(drawing.slabs.items[0].state, KT_SLAB_FULL);
	CHECK_INT(drawing.slabs.items[3].used_objs, 7);
	kt_arena_fini(&arena);
	files_fini(&files);
}

TEST(a_cpu_has_its_slab_and_free_objects_of_its_own)
{
	struct kt_slab_drawing drawing;
	struct kt_arena arena = { 0 };
	struct files_bytes files;
	const struct kt_drawn_slab *own = NULL, *waits = NULL;
	uint64_t slab, cpu, random, waiting, second;

	files_init(&files);
	for (unsigned i = 0; i < 9; i++)
		files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	random = slub_get64(&files.slub, files.dentries + CACHE_RANDOM);
	files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS - 2);
	/* CPU 1 has the last two objects of a slab whose own list is empty */
	slab = files_slab(&files, files.dentries, DENTRY_BYTES, SLOTS);
	second = slab + (SLOTS - 1) * DENTRY_BYTES;
	slub_set64(&files.slub, second, random ^ __builtin_bswap64(second));
	slub_set64(&files.slub, second - DENTRY_BYTES,
		second ^ random ^ __builtin_bswap64(second - DENTRY_BYTES));
	waiting = files_slab(&files, files.dentries, DENTRY_BYTES, 1);
	cpu = slub_cpu(&files.slub, files.dentries, 1);
	slub_set64(&files.slub, cpu, second - DENTRY_BYTES);
	slub_set64(&files.slub, cpu + 16, descriptor_of(slab));
	slub_set64(&files.slub, cpu + 24, descriptor_of(waiting));
	CHECK(!sample_of(&files, &arena, &drawing));
	CHECK_INT(drawing.nr_slabs, 12);
	CHECK_INT(drawing.slabs.count, 4); /* three by their use, and the slab of CPU 1 */
	for (size_t i = 0; i < drawing.slabs.count; i++) {
		own = drawing.slabs.items[i].state == KT_SLAB_CPU ? &drawing.slabs.items[i] : own;
		waits = drawing.slabs.items[i].state == KT_SLAB_WAITING ? &drawing.slabs.items[i]
									: waits;
	}
	CHECK(own && waits);
	CHECK_INT(own->cpu, 1);
	CHECK_INT(own->role, KT_DRAWN_OF_CPU);
	CHECK_INT(own->nr_alike, KT_UNKNOWN);
	CHECK_INT(own->used_objs, SLOTS - 2);
	CHECK_INT(own->map[SLOTS - 1], KT_SLOT_CPU);
	CHECK_INT(own->rank[SLOTS - 2], 1);
	CHECK_INT(own->rank[SLOTS - 1], 2);
	CHECK_INT(waits->cpu, 1);
	CHECK_INT(waits->used_objs, 1);
	kt_arena_fini(&arena);
	files_fini(&files);
}

TEST(a_list_that_leads_elsewhere_is_said)
{
	struct kt_slab_drawing drawing;
	struct kt_arena arena = { 0 };
	struct files_bytes files;
	uint64_t slab;

	files_init(&files);
	files_slab(&files, files.dentries, DENTRY_BYTES, 3);
	slab = files_slab(&files, files.dentries, DENTRY_BYTES, 10);
	slub_set64(&files.slub, slab + 20 * DENTRY_BYTES, 0x1234567);
	CHECK(!sample_of(&files, &arena, &drawing));
	CHECK_INT(drawing.nr_torn, 1);
	CHECK(drawing.slabs.items[0].torn != drawing.slabs.items[1].torn);
	kt_arena_fini(&arena);
	files_fini(&files);
}
