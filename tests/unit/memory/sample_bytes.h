// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TESTS_SAMPLE_BYTES_H
#define KT_TESTS_SAMPLE_BYTES_H

#include "files_bytes.h"

#include "memory/slab_sample.h"

/** Samples the slabs of the cache of dentries, in memory that was made by hand. */
static inline struct kt_err *sample_of(
	struct files_bytes *files, struct kt_arena *arena, struct kt_slab_drawing *ret_drawing)
{
	static const char *const names[] = { "dentry", NULL };
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample page = { .address = FILES_MAP };
	const struct kt_pfn_range range = { 0, FILES_PAGES };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memmap_open(files->slub.target, &page, &range, 1, &memmap);

	return err ? err : kt_slab_sample(&memmap, &opts, names, arena, ret_drawing);
}

/** The address of the struct page of a slab. */
static inline uint64_t descriptor_of(uint64_t slab)
{
	return FILES_MAP + (slab - SLUB_BASE) / 4096 * PAGE_BYTES;
}

#endif
