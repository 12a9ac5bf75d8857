// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs that are drawn, in damaged memory: a list of changes to memory that was made by hand, of a
// place and eight bytes each.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/sample_bytes.h"

#include <string.h>

#define READS_MAX 200000u /* more is no bounded walk */
#define SLOTS	  (4096 / DENTRY_BYTES)

/* Slabs of each kind: full, partial, empty, a CPU's, one that waits for a CPU. */
static void fill(struct files_bytes *files)
{
	uint64_t slab = 0, cpu;

	for (uint32_t i = 0; i < 8; i++)
		slab = files_slab(files, files->dentries, DENTRY_BYTES, SLOTS * i / 7);
	cpu = slub_cpu(&files->slub, files->dentries, 1);
	slub_set64(&files->slub, cpu + 16, descriptor_of(slab));
	slub_set64(&files->slub, cpu + 24, descriptor_of(slab) - PAGE_BYTES);
}

/* Changes to caches and slabs, or to the memory map of the slabs. */
static void damage(struct files_bytes *files, const uint8_t *data, size_t size)
{
	const size_t slabs = (size_t)FILES_FIRST * 4096, map = (size_t)FILES_FIRST * PAGE_BYTES;

	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at >> 2;

		switch (change.at & 3) {
		case 0:
			memcpy(files->slub.memory + at % (files->slub.used - 8), &change.value, 8);
			break;
		case 1:
			memcpy(files->slub.memory + slabs + at % (8 * 4096), &change.value, 8);
			break;
		case 2: memcpy(files->map + map + at % (8 * PAGE_BYTES), &change.value, 8); break;
		case 3:
			change.value = SLUB_BASE + change.value % SLUB_BYTES;
			memcpy(files->slub.memory + slabs + at % (8 * 4096), &change.value, 8);
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_slab_drawing drawing = { 0 };
	struct kt_arena arena = { 0 };
	struct files_bytes files;
	struct kt_err *err;

	files_init(&files);
	fill(&files);
	damage(&files, data, size);
	err = sample_of(&files, &arena, &drawing);
	for (size_t i = 0; !err && i < drawing.slabs.count; i++) {
		const struct kt_drawn_slab *slab = &drawing.slabs.items[i];

		if (slab->used_objs > slab->nr_objs || strlen(slab->map) != (size_t)slab->nr_objs ||
			strspn(slab->map, "UFCSNR") != (size_t)slab->nr_objs)
			abort();
	}
	if (files.slub.target->nr_reads > READS_MAX)
		abort();
	kt_err_free(err);
	kt_arena_fini(&arena);
	files_fini(&files);
	return 0;
}
