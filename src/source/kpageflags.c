// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/kpageflags: a word of flags for every page of memory, and /proc/kpagecgroup: the
// cgroup that it is charged to. 60 and 33 ns a page in the kernel, nothing is locked; what
// changes while it is read is seen twice or not at all.

#include "model/derive.h"
#include "source/source.h"

#include <string.h>

#define CHUNK	     8192u	  /* pages read at once */
#define LIVE_MAX     (1ull << 36) /* pages of 4 KiB: 256 TiB */
#define CAPTURE_MAX  (1ull << 30) /* a sparse file may claim any size */
#define BLOCKS_MAX   65536u
#define GROUPS_DEPTH 16u

struct scan {
	struct kt_root *root;
	const struct kt_collect_opts *opts;
	struct kt_census *census;
	int64_t nr_done, nr_all;
};

static const char *const flags_path = "proc/kpageflags", *const groups_path = "proc/kpagecgroup";

/* ---- offline memory ---- */

static bool read_word(
	struct kt_root *root, const char *path, struct kt_text *ret_text, struct kt_span *ret_word)
{
	struct kt_err *err = kt_root_read_at(root, path, 0, 64, ret_text);

	kt_err_free(err);
	if (err)
		return false;
	*ret_word = kt_span_trim(kt_text_span(ret_text));
	return true;
}

static bool block_pages(struct kt_root *root, int64_t page_bytes, uint64_t *ret_pages)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_span word;
	uint64_t size;

	if (!read_word(root, "sys/devices/system/memory/block_size_bytes", &text, &word) ||
		!kt_span_hex(word, &size) || size > 1ull << 40)
		return false;
	*ret_pages = size / (uint64_t)page_bytes;
	return *ret_pages > 0;
}

/*
 * Blocks taken offline stay in proc/iomem, and may lie inside a zone; new kernels show
 * their pages without a flag. The states are read only where pages are left over, because
 * there is a file for each block.
 */
static void leave_out_offline(struct scan *scan, struct kt_snapshot *snap)
{
	uint64_t nr_pages, number;
	kt_names names = { 0 };
	struct kt_err *err;

	if (!block_pages(scan->root, snap->host.page_bytes, &nr_pages))
		return;
	err = kt_root_list(scan->root, "sys/devices/system/memory", &snap->arena, &names);
	kt_err_free(err);
	for (size_t i = 0; !err && i < names.count && i < BLOCKS_MAX; i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		struct kt_span name = kt_span_str(names.items[i]), state;

		if (!kt_span_skip(&name, "memory") || !kt_span_u64(name, &number) ||
			number > UINT64_MAX / 2 / nr_pages)
			continue;
		if (read_word(scan->root,
			    kt_arena_printf(&snap->arena, "sys/devices/system/memory/%s/state",
				    names.items[i]),
			    &text, &state) &&
			kt_span_eq(state, "offline"))
			kt_census_leave_out(
				scan->census, number * nr_pages, (number + 1) * nr_pages);
	}
}

static int64_t pages_planned(const struct kt_census *census)
{
	int64_t nr_pages = 0;

	for (size_t i = 0; i < census->ranges.count; i++)
		nr_pages += (int64_t)(census->ranges.items[i].end - census->ranges.items[i].start);
	return nr_pages;
}

static int64_t pages_present(const struct kt_census *census)
{
	int64_t nr_pages = 0;

	for (size_t i = 0; i < census->zones.count; i++) {
		if (census->zones.items[i].present < 0)
			return INT64_MAX;
		nr_pages += census->zones.items[i].present;
	}
	return nr_pages;
}

/* ---- the scan ---- */

static struct kt_err *read_words(struct kt_root *root, const char *path, uint64_t pfn, size_t count,
	struct kt_text *ret_text)
{
	struct kt_err *err = kt_root_read_at(root, path, pfn * 8, count * 8, ret_text);

	ret_text->size /= 8; /* a file may end anywhere */
	return err;
}

/* Gives how many pages were read: fewer than `count` where the file ends. */
static struct kt_err *scan_chunk(struct scan *scan, uint64_t pfn, size_t count, size_t *ret_count)
{
	KT_CLEANUP(text) struct kt_text flags = { 0 };
	KT_CLEANUP(text) struct kt_text groups = { 0 };
	bool with_groups = scan->census->group_index;
	struct kt_err *err = read_words(scan->root, flags_path, pfn, count, &flags);

	if (!err && with_groups)
		err = read_words(scan->root, groups_path, pfn, count, &groups);
	if (err)
		return err;
	*ret_count = flags.size;
	if (with_groups && groups.size < flags.size)
		*ret_count = groups.size;
	if (*ret_count)
		kt_census_add(scan->census, (const uint64_t *)(const void *)flags.data,
			(const uint64_t *)(const void *)groups.data, *ret_count);
	if (scan->census->bits & KT_PAGE_FLAGS_IMPOSSIBLE)
		return kt_err_new(KT_ERR_PARSE,
			"%s: not page flags, or those of a machine of another byte order",
			flags_path);
	return NULL;
}

static struct kt_err *scan_range(struct scan *scan, const struct kt_census_range *range)
{
	const struct kt_collect_opts *opts = scan->opts;

	kt_census_begin(scan->census, range);
	for (uint64_t pfn = range->start; pfn < range->end;) {
		size_t count = range->end - pfn < CHUNK ? (size_t)(range->end - pfn) : CHUNK;
		size_t nr_read = 0;
		struct kt_err *err = scan_chunk(scan, pfn, count, &nr_read);

		if (err)
			return err;
		if (nr_read < count) {
			kt_census_add_unread(scan->census, (int64_t)(range->end - pfn - nr_read));
			break;
		}
		pfn += count;
		scan->nr_done += (int64_t)count;
		if (opts->progress)
			opts->progress(opts->progress_arg, scan->nr_done, scan->nr_all);
	}
	return NULL;
}

static struct kt_err *scan_all(struct scan *scan)
{
	struct kt_census *census = scan->census;
	struct kt_err *err = NULL;

	scan->nr_all = pages_planned(census);
	for (size_t i = 0; i < census->ranges.count && !err; i++)
		err = scan_range(scan, &census->ranges.items[i]);
	kt_census_end(census);
	if (!err && census->pages.nr[KT_PAGE_UNREAD] == census->nr_pages)
		err = kt_err_new(
			KT_ERR_PARSE, "%s: ends before the first page of System RAM", flags_path);
	return err;
}

/* ---- names of cgroups ---- */

static struct kt_census_group *group_with(struct kt_census *census, uint64_t inode)
{
	for (size_t i = 0; i < census->groups.count; i++) {
		if (census->groups.items[i].inode == inode)
			return &census->groups.items[i];
	}
	return NULL;
}

/* Names the cgroup of this folder and those below it. `left`: how many still have no name. */
static void name_groups(struct scan *scan, struct kt_snapshot *snap, const char *top,
	const char *below, unsigned depth, size_t *left)
{
	const char *folder = kt_arena_printf(&snap->arena, "%s%s", top, below);
	struct kt_census_group *group;
	kt_names names = { 0 };
	struct kt_err *err;
	uint64_t inode;

	if (!*left || !kt_root_folder_inode(scan->root, folder, &inode))
		return;
	group = group_with(scan->census, inode);
	if (group && !group->path) {
		group->path = *below ? kt_arena_name(&snap->arena, kt_span_str(below)) : "/";
		(*left)--;
	}
	if (depth == GROUPS_DEPTH)
		return;
	err = kt_root_list(scan->root, folder, &snap->arena, &names);
	kt_err_free(err);
	for (size_t i = 0; !err && i < names.count; i++)
		name_groups(scan, snap, top,
			kt_arena_printf(&snap->arena, "%s/%s", below, names.items[i]), depth + 1,
			left);
}

static void name_all_groups(struct scan *scan, struct kt_snapshot *snap)
{
	const char *top = "sys/fs/cgroup/memory"; /* of the first version */
	size_t left = 0;

	for (size_t i = 0; i < scan->census->groups.count; i++)
		left += scan->census->groups.items[i].inode - 1 < KT_CENSUS_OTHERS - 1;
	if (!kt_root_has(scan->root, top))
		top = "sys/fs/cgroup";
	name_groups(scan, snap, top, "", 0, &left);
}

static struct kt_err *scan_pages(
	struct kt_root *root, struct kt_snapshot *snap, const struct kt_collect_opts *opts)
{
	bool live = kt_root_kind(root) == KT_ROOT_LIVE;
	struct scan scan = { .root = root, .opts = opts };
	struct kt_err *err;

	if (!kt_root_has(root, flags_path))
		return kt_err_new(KT_ERR_ABSENT, "%s: not there", flags_path);
	scan.census = kt_census_new(&snap->arena, opts->want & KT_WANT_CGROUPS);
	if (!scan.census)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_derive_page_size(snap);
	err = kt_census_plan(scan.census, snap, live ? LIVE_MAX : CAPTURE_MAX);
	if (err)
		return err;
	if (pages_planned(scan.census) > pages_present(scan.census))
		leave_out_offline(&scan, snap);
	if (opts->want & KT_WANT_PAGE_MAP)
		kt_census_start_map(scan.census);
	err = scan_all(&scan);
	if (err)
		return err;
	if (scan.census->group_index)
		name_all_groups(&scan, snap);
	snap->census = scan.census;
	return NULL;
}

const struct kt_source kt_source_kpageflags = {
	.name = "kpageflags",
	.summary = "what every page of memory is used for",
	.paths = { "proc/kpageflags", "proc/kpagecgroup" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "the account cannot be held against the pages themselves",
	.gives = "root and CONFIG_PROC_PAGE_MONITOR",
	.scan = scan_pages,
};
