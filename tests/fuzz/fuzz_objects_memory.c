// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects of known types in damaged memory. The input is the number of a cache, then a list of
// changes to memory that was made by hand: a place in memory, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/objects/evictions.h"
#include "memory/objects_bytes.h"

#define READS_MAX 200000u /* more is no bounded walk */
#define OBJECTS	  8u	  /* of each cache */

static const char *const names[] = { "dentry", "inode_cache", "filp", "TCP", "skbuff_head_cache",
	"task_struct", "cred_jar", "kernfs_node_cache" };

/* Objects of all caches that point to each other in the places that rules read. */
static void fill(struct objects_bytes *objects)
{
	struct files_bytes *files = &objects->files;
	uint64_t dentries = files_slab(files, files->dentries, DENTRY_BYTES, OBJECTS);
	uint64_t inodes = files_slab(files, files->inodes, INODE_BYTES, OBJECTS);

	for (unsigned i = 0; i < OBJECTS; i++) {
		uint64_t at = dentries + i * DENTRY_BYTES, inode = inodes + i * INODE_BYTES;

		files_dentry(files, at, objects->super, 0, 1, false);
		files_name(files, at, dentries + (i ? i - 1 : 0) * DENTRY_BYTES, "a");
		files_inode(files, inode, objects->super, 0);
		files_alias(files, at, inode);
	}
	slub_set64(&files->slub, objects->super + SUPER_ROOT, dentries);
	for (size_t k = 2; k < KT_LEN(names); k++) {
		uint64_t first = objects_cache(objects, names[k], OBJECT_BYTES, OBJECTS);

		for (unsigned i = 0; i < OBJECTS; i++) {
			uint64_t at = first + i * OBJECT_BYTES;

			slub_set64(&files->slub, at, i ? at - OBJECT_BYTES : 0);
			slub_set64(&files->slub, at + 8, inodes + i * INODE_BYTES);
			slub_set64(&files->slub, at + 16, dentries + i * DENTRY_BYTES);
		}
	}
}

/* Most changes are to objects. */
static void damage(struct objects_bytes *objects, const uint8_t *data, size_t size)
{
	struct slub_bytes *slub = &objects->files.slub;

	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = change.value;

		if (at >> 31)
			value = SLUB_BASE + value % SLUB_BYTES;
		at &= 0x7fffffff;
		if (at % 4 == 0)
			memcpy(slub->memory + at / 4 % (slub->used - 8), &value, sizeof(value));
		else
			memcpy(slub->memory + FILES_FIRST * 4096 + at / 4 % (KT_LEN(names) * 4096),
				&value, sizeof(value));
	}
}

/* What evicting them would free. */
static void walk_evictions(struct objects_bytes *objects, const char *name)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const char *const of_one[] = { name, NULL };
	struct kt_memmap memmap;
	struct kt_err *err = files_open(&objects->files, &memmap);

	if (!err)
		err = kt_slab_evictions(&memmap, &opts, of_one, objects->snap);
	kt_err_free(err);
	for (size_t i = 0; i < objects->snap->slab_evictions.count; i++) {
		const struct kt_slab_eviction *eviction = &objects->snap->slab_evictions.items[i];

		if (eviction->nr_unused > eviction->nr_objs ||
			eviction->nr_freed > eviction->nr_slabs ||
			eviction->steps[KT_EVICTION_STEPS - 1].nr_freed > eviction->nr_freed)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct objects_bytes objects;

	if (!size)
		return 0;
	objects_init(&objects, objects_types);
	fill(&objects);
	damage(&objects, data + 1, size - 1);
	kt_err_free(objects_walk(&objects, names[data[0] % KT_LEN(names)]));
	for (size_t i = 0; i < objects.snap->object_groups.count; i++) {
		if (objects.snap->object_groups.items[i].nr_objs <= 0)
			abort();
	}
	for (size_t i = 0; i < objects.snap->object_holders.count; i++) {
		if (objects.snap->object_holders.items[i].nr_objs <= 0)
			abort();
	}
	walk_evictions(&objects, names[data[0] % KT_LEN(names)]);
	if (objects.files.slub.target->nr_reads > READS_MAX)
		abort();
	objects_fini(&objects);
	return 0;
}
