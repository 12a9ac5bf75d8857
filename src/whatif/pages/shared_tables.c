// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables that processes could share: each process that maps a file has tables of its own with
// the same entries. hugetlbfs shares them; for other files it was proposed as mshare.

#include "analysis/mappings.h"
#include "whatif/whatif.h"

/* False: the numbers are more than memory can have. */
static bool add_files(struct kt_arena *arena, const kt_file_tables *files,
	struct kt_whatif_result *ret, int64_t *ret_saves, int64_t *ret_aligned)
{
	int64_t now = 0;

	*ret_saves = *ret_aligned = 0;
	for (size_t i = 0; i < files->count; i++) {
		const struct kt_file_tables *file = &files->items[i];

		if (file->aligned_saves_bytes <= 0 && file->shared_saves_bytes <= 0)
			continue;
		if (file->entry_bytes > KT_AMOUNT_MAX - now ||
			file->shared_saves_bytes > KT_AMOUNT_MAX - *ret_saves ||
			file->aligned_saves_bytes > KT_AMOUNT_MAX - *ret_aligned)
			return false;
		now += file->entry_bytes;
		*ret_saves += file->shared_saves_bytes;
		*ret_aligned += file->aligned_saves_bytes;
		if (file->shared_saves_bytes > 0)
			kt_whatif_part(arena, ret,
				(struct kt_whatif_part){ .name = file->file->path,
					.count = file->nr_processes,
					.now_bytes = file->entry_bytes,
					.then_bytes = KT_UNKNOWN,
					.saves_bytes = file->shared_saves_bytes });
	}
	ret->now_bytes = now;
	return true;
}

static void put_point(
	struct kt_arena *arena, struct kt_whatif_result *ret, const char *choice, int64_t saves)
{
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = choice,
			.count = KT_UNKNOWN,
			.bytes = KT_UNKNOWN,
			.saves_bytes = saves });
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	kt_file_tables files = { 0 };
	int64_t saves, aligned;

	if (!snap->mappings.count) {
		kt_whatif_lacks(ret, &kt_source_mappings);
		return;
	}
	if (!kt_file_tables_make(arena, snap, snap->host.page_bytes, &files))
		return;
	if (!add_files(arena, &files, ret, &saves, &aligned)) {
		kt_whatif_unknown(ret, "the mappings are larger than any memory");
		return;
	}
	kt_whatif_input_count(
		arena, ret, "mapped files", (int64_t)files.count, "maps of each process");
	kt_whatif_input_count(
		arena, ret, "mappings", (int64_t)snap->mappings.count, "maps of each process");
	put_point(arena, ret, "at today's addresses", saves);
	put_point(arena, ret, "if all processes map at aligned addresses", aligned);
	kt_whatif_saves(ret, saves, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_cut(arena, ret, "files");
}

const struct kt_whatif kt_whatif_shared_tables = {
	.name = "shared-tables",
	.title = "page tables shared by processes that map the same file",
	.needs = KT_WHATIF_KERNEL,
	.how = "hugetlbfs shares them already; no kernel does for other files",
	.algorithm =
		"For each part of a file that fills a page of entries, and that several processes "
		"map with the same rights at fitting addresses: these processes minus 1, times "
		"the size of a page. A process counts with its page tables at most. It is an upper "
		"bound, because tables exist only for pages that were touched.",
	.parts_counted = "processes",
	.sources = KT_SOURCES(
		&kt_source_vmstat, &kt_source_meminfo, &kt_source_tasks, &kt_source_mappings),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
