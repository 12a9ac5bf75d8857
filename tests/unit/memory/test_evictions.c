// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unused objects of one cache, and the slabs that evicting them frees, in memory that was made by
// hand.

#include "files_bytes.h"
#include "memory/objects/evictions.h"
#include "test.h"

#define SLOTS 64u /* of a slab of dentries */

struct evicting {
	struct files_bytes files;
	struct kt_snapshot *snap;
	uint64_t super, list;
};

static void begin(struct evicting *evicting)
{
	files_init(&evicting->files);
	evicting->snap = kt_snapshot_new();
	if (!evicting->snap)
		abort();
	evicting->super = files_super(&evicting->files, "ext4", "sda1", 8, 1);
	evicting->list = slub_take(&evicting->files.slub, 16);
	slub_list(&evicting->files.slub, evicting->list);
}

static void end(struct evicting *evicting)
{
	kt_snapshot_free(evicting->snap);
	files_fini(&evicting->files);
}

static struct kt_err *walk(struct evicting *evicting, const char *cache)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const char *names[] = { cache, NULL };
	struct kt_memmap memmap;
	struct kt_err *err = files_open(&evicting->files, &memmap);

	return err ? err : kt_slab_evictions(&memmap, &opts, names, evicting->snap);
}

/* A dentry in the directory; without references it is the last one in the list. */
static void put_dentry(struct evicting *evicting, uint64_t at, uint64_t parent, int32_t count)
{
	files_dentry(&evicting->files, at, evicting->super, 0, count, false);
	slub_set64(&evicting->files.slub, at + DENTRY_PARENT, parent);
	slub_list(&evicting->files.slub, at + DENTRY_LRU);
	if (!count)
		slub_link(&evicting->files.slub, evicting->list, at + DENTRY_LRU);
}

/*
 * One slab has 63 unused names and one in use, and its names come first in the list. Another has 64
 * unused ones. The third has the top, and a directory with one name: it goes with the name.
 */
static void put_dentries(struct evicting *evicting)
{
	struct files_bytes *files = &evicting->files;
	uint64_t first = files_slab(files, files->dentries, DENTRY_BYTES, SLOTS);
	uint64_t second = files_slab(files, files->dentries, DENTRY_BYTES, SLOTS);
	uint64_t top = files_slab(files, files->dentries, DENTRY_BYTES, 2);

	for (uint32_t i = 0; i < SLOTS; i++)
		put_dentry(evicting, first + i * DENTRY_BYTES, top, i + 1 == SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++)
		put_dentry(evicting, second + i * DENTRY_BYTES, i ? top : top + DENTRY_BYTES, 0);
	put_dentry(evicting, top, top, 1000);
	put_dentry(evicting, top + DENTRY_BYTES, top, 1);
}

TEST(unused_names_go_in_the_order_of_their_list)
{
	const struct kt_slab_eviction *eviction;
	struct evicting evicting;

	begin(&evicting);
	put_dentries(&evicting);
	CHECK(!walk(&evicting, "dentry"));
	CHECK_INT(evicting.snap->slab_evictions.count, 1);
	eviction = evicting.snap->slab_evictions.items;
	CHECK_INT(eviction->nr_slabs, 3);
	CHECK_INT(eviction->nr_objs, 130);
	CHECK_INT(eviction->nr_unused, 63 + 64 + 1);
	CHECK_INT(eviction->nr_freed, 1);
	CHECK_INT(eviction->nr_loose, 0);
	/* the last name of the list is in the only slab that comes free */
	CHECK_INT(eviction->steps[8].nr_freed, 0);
	CHECK_INT(eviction->steps[9].nr_evicted, 128);
	CHECK_INT(eviction->steps[9].nr_freed, 1);
	CHECK_INT(eviction->steps[3].nr_freed_emptiest, 0);
	CHECK_INT(eviction->steps[4].nr_evicted, 64);
	CHECK_INT(eviction->steps[4].nr_freed_emptiest, 1);
	end(&evicting);
}

TEST(one_name_in_use_keeps_its_slab)
{
	const struct kt_slab_pin *pin;
	struct evicting evicting;

	begin(&evicting);
	put_dentries(&evicting);
	CHECK(!walk(&evicting, "dentry"));
	CHECK_INT(evicting.snap->slab_pins.count, 1);
	pin = evicting.snap->slab_pins.items;
	CHECK_STR(pin->owner, "ext4 (sda1)");
	CHECK_INT(pin->reason, KT_PIN_USED);
	CHECK_INT(pin->nr_objs, 2); /* the name and the top */
	CHECK_INT(pin->nr_slabs, 2);
	CHECK_INT(pin->nr_alone, 2);
	end(&evicting);
}

/* What was used since it came into its list is passed over once: the first slab goes last. */
TEST(names_that_were_used_again_go_later)
{
	struct evicting evicting;
	uint64_t slab;

	begin(&evicting);
	slab = files_slab(&evicting.files, evicting.files.dentries, DENTRY_BYTES, SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		put_dentry(&evicting, slab + i * DENTRY_BYTES, slab + i * DENTRY_BYTES, 0);
		slub_set(&evicting.files.slub, slab + i * DENTRY_BYTES + DENTRY_FLAGS, 1 << 6, 4);
	}
	slab = files_slab(&evicting.files, evicting.files.dentries, DENTRY_BYTES, SLOTS / 2);
	for (uint32_t i = 0; i < SLOTS / 2; i++)
		put_dentry(&evicting, slab + i * DENTRY_BYTES, slab + i * DENTRY_BYTES, 0);
	CHECK(!walk(&evicting, "dentry"));
	/* 38 of 96: the 32 that come later in the list, and six */
	CHECK_INT(evicting.snap->slab_evictions.items[0].steps[3].nr_evicted, 38);
	CHECK_INT(evicting.snap->slab_evictions.items[0].steps[3].nr_freed, 1);
	CHECK_INT(evicting.snap->slab_evictions.items[0].steps[9].nr_freed, 2);
	end(&evicting);
}

/* ---- inodes ---- */

static void put_inode(
	struct evicting *evicting, uint64_t at, int32_t count, uint64_t nr_pages, uint32_t state)
{
	files_inode(&evicting->files, at, evicting->super, nr_pages);
	slub_set(&evicting->files.slub, at + INODE_COUNT, (uint32_t)count, 4);
	slub_set(&evicting->files.slub, at + INODE_STATE, state, 4);
	slub_list(&evicting->files.slub, at + INODE_LRU);
	if (!count && !nr_pages)
		slub_link(&evicting->files.slub, evicting->list, at + INODE_LRU);
}

/* The inodes of one slab: unused; held by an unused name; the same with page cache; the same and
 * open; the same and changed. Unused names alone hold the two of another slab. */
TEST(an_inode_goes_with_its_names_unless_something_else_keeps_it)
{
	static const int32_t counts[] = { 0, 1, 1, 2, 1 };
	const struct kt_slab_eviction *eviction;
	struct evicting evicting;
	uint64_t slab, other, names;

	begin(&evicting);
	slab = files_slab(&evicting.files, evicting.files.inodes, INODE_BYTES, 5);
	other = files_slab(&evicting.files, evicting.files.inodes, INODE_BYTES, 2);
	names = files_slab(&evicting.files, evicting.files.dentries, DENTRY_BYTES, 6);
	for (uint32_t i = 0; i < 5; i++)
		put_inode(&evicting, slab + i * INODE_BYTES, counts[i], i == 2, i == 4);
	for (uint32_t i = 0; i < 2; i++)
		put_inode(&evicting, other + i * INODE_BYTES, 1, 0, 0);
	for (uint32_t i = 0; i < 6; i++) {
		uint64_t at = names + i * DENTRY_BYTES;

		put_dentry(&evicting, at, at, 0);
		slub_set64(&evicting.files.slub, at + DENTRY_INODE,
			i < 4 ? slab + (i + 1) * INODE_BYTES : other + (i - 4) * INODE_BYTES);
	}
	CHECK(!walk(&evicting, "inode_cache"));
	eviction = evicting.snap->slab_evictions.items;
	CHECK_INT(eviction->nr_objs, 7);
	CHECK_INT(eviction->nr_unused, 4);
	CHECK_INT(eviction->nr_named, 3);
	CHECK_INT(eviction->nr_slabs, 2);
	CHECK_INT(eviction->nr_freed, 1);
	CHECK_INT(evicting.snap->slab_pins.count, KT_PIN_REASONS);
	for (size_t i = 0; i < evicting.snap->slab_pins.count; i++)
		CHECK_INT(evicting.snap->slab_pins.items[i].nr_objs, 1);
	end(&evicting);
}

TEST(a_cache_of_other_objects_has_no_unused_ones)
{
	struct evicting evicting;
	struct kt_err *err;

	begin(&evicting);
	err = walk(&evicting, "filp");
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	CHECK_INT(evicting.snap->slab_evictions.count, 0);
	kt_err_free(err);
	end(&evicting);
}
