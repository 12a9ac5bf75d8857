// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the pages of memory are is known from /proc/iomem and /proc/zoneinfo; which cgroup a page
// is charged to says /proc/kpagecgroup, at 33 ns a page in the kernel.

#include "source/page_scan.h"

#include "source/cgroup_folders.h"

#include <string.h>

#define CHUNK	    8192u	 /* pages read at once */
#define LIVE_MAX    (1ull << 36) /* pages of 4 KiB: 256 TiB */
#define CAPTURE_MAX (1ull << 30) /* a sparse file may claim any size */
#define BLOCKS_MAX  65536u	 /* memory blocks whose state is read */

struct scan {
	struct kt_root *root;
	const struct kt_collect_opts *opts;
	const struct kt_page_words_of *words;
	struct kt_census *census;
	int64_t nr_done, nr_all;
};

static const char *const groups_path = "proc/kpagecgroup";

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
 * Leaves out offline blocks. They stay in proc/iomem and may be inside a zone; new kernels show
 * their pages without a flag. There is a state file for each block, so the states are read only if
 * some pages do not fit the account.
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

/* Reads the cgroups of `*count` pages; fewer where the file ends. */
static struct kt_err *read_groups(
	struct scan *scan, uint64_t pfn, size_t *count, struct kt_text *ret_text)
{
	struct kt_err *err =
		kt_root_read_at(scan->root, groups_path, pfn * 8, *count * 8, ret_text);

	if (!err && ret_text->size / 8 < *count) /* a file may end inside a word */
		*count = ret_text->size / 8;
	return err;
}

/* Scans a chunk and returns how many pages were read: none where the words end. */
static struct kt_err *scan_chunk(struct scan *scan, uint64_t pfn, size_t count, size_t *ret_count)
{
	KT_CLEANUP(text) struct kt_text groups = { 0 };
	const uint64_t *words = NULL;
	struct kt_err *err = scan->words->read(scan->words->arg, pfn, count, &words, ret_count);

	if (!err && *ret_count && scan->census->group_index)
		err = read_groups(scan, pfn, ret_count, &groups);
	if (!err && *ret_count)
		kt_census_add(scan->census, words, (const uint64_t *)(const void *)groups.data,
			*ret_count);
	return err; /* cppcheck-suppress returnDanglingLifetime */
}

static struct kt_err *scan_range(struct scan *scan, const struct kt_census_range *range)
{
	const struct kt_collect_opts *opts = scan->opts;

	kt_census_begin(scan->census, range);
	if (scan->words->begin)
		scan->words->begin(scan->words->arg);
	for (uint64_t pfn = range->start; pfn < range->end;) {
		size_t count = range->end - pfn < CHUNK ? (size_t)(range->end - pfn) : CHUNK;
		size_t nr_read = 0;
		struct kt_err *err = scan_chunk(scan, pfn, count, &nr_read);

		if (err)
			return err; /* cppcheck-suppress returnDanglingLifetime */
		if (!nr_read) {
			kt_census_add_unread(scan->census, (int64_t)(range->end - pfn));
			break;
		}
		pfn += nr_read;
		scan->nr_done += (int64_t)nr_read;
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

struct naming {
	struct kt_census *census;
	size_t left; /* groups that have no name yet */
};

static bool name_group(void *arg, uint64_t inode, const char *path)
{
	struct naming *naming = arg;
	struct kt_census_group *group = group_with(naming->census, inode);

	if (group && !group->path) {
		group->path = path;
		naming->left--;
	}
	return naming->left > 0;
}

static void name_all_groups(struct scan *scan, struct kt_snapshot *snap)
{
	struct naming naming = { .census = scan->census };
	const char *top = "sys/fs/cgroup/memory"; /* cgroup v1 */

	for (size_t i = 0; i < scan->census->groups.count; i++)
		naming.left += scan->census->groups.items[i].inode - 1 < KT_CENSUS_OTHERS - 1;
	if (!kt_root_has(scan->root, top))
		top = "sys/fs/cgroup";
	if (naming.left)
		kt_cgroup_folders(scan->root, &snap->arena, top, name_group, &naming);
}

struct kt_err *kt_page_scan(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_collect_opts *opts, const struct kt_page_words_of *words)
{
	struct scan scan = { .root = root, .opts = opts, .words = words };
	struct kt_err *err;

	scan.census = kt_census_new(&snap->arena, opts->want & KT_WANT_CGROUPS);
	if (!scan.census)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (words->classes)
		scan.census->classes = words->classes;
	err = kt_census_plan(scan.census, snap, kt_root_has_memory(root) ? LIVE_MAX : CAPTURE_MAX);
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
