// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_files.h"

#include "base/kernel_files.h"
#include "cmd/record/record_groups.h"

#include <string.h>

/*
 * Read in every sample, close together, because the account subtracts them. Modules are
 * short, and the time when a module was loaded is the first question about a leak. Sockets, open
 * files and cgroups are counted as often: growth within minutes is compared with their numbers.
 */
static const struct kt_source *const fast_sources[] = { &kt_source_vmstat, &kt_source_zoneinfo,
	&kt_source_meminfo, &kt_source_pressure, &kt_source_slabinfo, &kt_source_buddyinfo,
	&kt_source_modules, &kt_source_sockstat, &kt_source_cgroup_count };
static const struct kt_source *const pool_sources[] = { &kt_source_hugepages };
/* Counts of events: /proc/stat costs a line for each interrupt. */
static const struct kt_source *const minute_sources[] = { &kt_source_activity };

const struct kt_needs kt_record_slow_sources = {
	.also = KT_SOURCES(&kt_source_dcache, &kt_source_settings, &kt_source_sockstat,
		&kt_source_activity, &kt_source_modules, &kt_source_percpu_stats,
		&kt_source_cgroup_count, &kt_source_tasks)
};

static const char *const core_files[] = { KT_FILE_MEMINFO, KT_FILE_VMSTAT, KT_FILE_ZONEINFO };

static struct kt_err *list(struct kt_arena *arena, struct kt_root *root,
	const struct kt_source *const *sources, size_t nr_sources, kt_names *ret_files)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; i < nr_sources && !err; i++)
		err = kt_source_files(root, sources[i], arena, ret_files);
	return err;
}

/* Takes a file out of a list; NULL: it is not there. */
static const char *take_out(kt_names *files, const char *path)
{
	const char *found = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->items[i], path) == 0)
			found = files->items[i];
		else
			files->items[kept++] = files->items[i];
	}
	files->count = kept;
	return found;
}

/*
 * The number of open files is one short line, and belongs to the counts of every sample. When
 * cgroups were read the recorder says itself: to read it would be to find that it is absent.
 */
static void keep_counted(struct kt_record_files *files)
{
	const char *open_files = take_out(&files->minute, KT_FILE_FILE_NR), **slot;

	take_out(&files->fast, KT_GROUPS_FILE);
	slot = open_files ? kt_list_push(&files->arena, &files->fast) : NULL;
	if (slot)
		*slot = open_files;
}

struct kt_err *kt_record_files_list(struct kt_record_files *files, struct kt_root *root)
{
	struct kt_err *err;

	kt_record_files_fini(files);
	err = list(&files->arena, root, fast_sources, KT_LEN(fast_sources), &files->fast);
	if (!err)
		err = list(&files->arena, root, pool_sources, KT_LEN(pool_sources), &files->pools);
	if (!err)
		err = list(&files->arena, root, minute_sources, KT_LEN(minute_sources),
			&files->minute);
	if (!err)
		keep_counted(files);
	return files->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : err;
}

void kt_record_files_fini(struct kt_record_files *files)
{
	kt_arena_fini(&files->arena);
	*files = (struct kt_record_files){ 0 };
}

bool kt_record_is_core(const char *path)
{
	for (size_t i = 0; i < KT_LEN(core_files); i++) {
		if (strcmp(path, core_files[i]) == 0)
			return true;
	}
	return false;
}

/*
 * "Hugetlb: 0 kB" (4.15 and newer) is the sum of all pools of all sizes: then each number in
 * the files of the pools is 0 as well, and they are ten files or more.
 */
bool kt_record_tells_of_pools(struct kt_span meminfo)
{
	struct kt_span rest = kt_span_from(meminfo, kt_span_find(meminfo, "\nHugetlb:")), word;

	return !kt_span_skip(&rest, "\nHugetlb:") || !kt_span_word(&rest, &word) ||
	       !kt_span_eq(word, "0");
}
