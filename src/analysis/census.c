// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/census.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX     6
#define WORTH_SAYING (1ll << 20) /* bytes */

#define CLASS(name) (1u << KT_PAGE_##name)
#define NO_FLAG                                                                       \
	(CLASS(NONE) | CLASS(COMPOUND) | CLASS(OTHER) | CLASS(MAPPED) | CLASS(ZERO) | \
		CLASS(POISONED))

/* One line as data: the account's rows it is made of, "-" before those taken off. */
struct template
{
	const char *id, *title;
	int depth;
	unsigned classes; /* 0: pages do not tell */
	const char *rows[ROWS_MAX];
	const char *why;
	bool rest;
};

#define IN_BATCHES                                                                   \
	"pages on their way to an LRU list or taken off it have no flag that tells " \
	"whose they are: they count as without a flag of their own"

static const struct template lines[] = {
	{ "present", "memory present", 0, 0, { NULL }, NULL, false },
	{ "free", "free pages", 1, CLASS(FREE), { "free_buddy", "free_cma" },
		"pages of isolated blocks are in the free lists and not in the counter", false },
	{ "user", "processes and cache", 1, 0, { NULL }, NULL, false },
	{ "anonymous", "anonymous", 2, CLASS(ANON), { "anonymous" },
		"a huge page of which a part was given back is flagged as mapped as a whole; "
		"that part is in the counters of the unmapped. And " IN_BATCHES,
		false },
	{ "page_cache", "page cache and buffers", 2, CLASS(FILE), { "page_cache", "buffers" },
		IN_BATCHES, false },
	{ "shmem", "shared memory and tmpfs", 2, CLASS(SHMEM), { "shmem" }, IN_BATCHES, false },
	{ "unmapped", "swap cache, unmapped", 2, CLASS(UNMAPPED), { "swap_cache", "lru_only" },
		"the counters' side is an estimate; of the pages, those that were given back of a "
		"huge page still mapped in part are flagged as mapped, and so anonymous",
		false },
	{ "hugetlb", "huge page pools", 2, CLASS(HUGETLB), { "hugetlb" }, NULL, false },
	{ "slab", "slab caches", 1, CLASS(SLAB),
		{ "slab", "stacks_in_slab", "-slab_unreclaimable.kmalloc_large" },
		"slabinfo counts every slab at the size that its cache prefers; one made while "
		"memory was short is smaller. Where slabinfo is not read, large kmalloc is in "
		"the counter and not in the pages",
		false },
	{ "page_tables", "page tables", 1, CLASS(TABLE), { "page_tables" }, NULL, false },
	{ "no_flag", "without a flag of their own", 1, NO_FLAG, { NULL }, NULL, false },
	{ "free_pcp", "per-CPU free lists", 2, 0, { "free_pcp" }, NULL, false },
	{ "free_deferred", "free, not yet initialised", 2, 0, { "free_deferred" }, NULL, false },
	{ "vmalloc", "vmalloc and stacks", 2, 0, { "vmalloc", "kernel_stacks", "-stacks_in_slab" },
		NULL, false },
	{ "percpu", "per-CPU memory", 2, 0, { "percpu" }, NULL, false },
	{ "kmalloc_large", "large kmalloc", 2, 0, { "slab_unreclaimable.kmalloc_large" }, NULL,
		false },
	{ "zsmalloc", "compressed memory (zsmalloc)", 2, 0, { "zsmalloc" }, NULL, false },
	{ "sec_page_tables", "secondary page tables", 2, 0, { "sec_page_tables" }, NULL, false },
	{ "unaccepted", "not yet accepted", 2, 0, { "unaccepted" }, NULL, false },
	{ "managed_gap", "MemTotal without a zone", 2, 0, { "managed_gap" }, NULL, false },
	{ "direct", "direct page allocations", 2, 0, { "direct", "-balloon_inside" },
		"it takes what the rows above leave, so every other difference is in it, with "
		"the opposite sign",
		true },
	{ "boot", "reserved at boot", 1, CLASS(RESERVED), { "boot" },
		"this kernel does not flag all that it reserved at boot; the rest is among the "
		"pages without a flag",
		false },
	{ "offline", "balloon", 1, CLASS(OFFLINE), { "balloon", "balloon_inside" },
		"a driver may keep pages that it does not count, or count pages that it does not "
		"flag",
		false },
	{ "unread", "not in the file", 1, CLASS(UNREAD), { NULL }, "the file of flags is too short",
		false },
};

/* A row of the account; one that is a derived value of the snapshot only. */
static struct kt_val row_value(const struct kt_census_counters *counters, const char *id)
{
	const struct kt_line *line = kt_account_line(counters->account, id);

	if (line)
		return line->val;
	if (strcmp(id, "stacks_in_slab") == 0)
		return kt_snapshot_get(counters->snap, KT_STACKS_IN_SLAB, KT_NO_NODE);
	return (struct kt_val){ .state = KT_ABSENT, .reason = "no such row" };
}

static struct kt_val from_rows(
	const struct kt_census_counters *counters, const struct template *template)
{
	struct kt_val sum = { .state = KT_ABSENT, .reason = "no counter tells" };

	for (size_t i = 0; i < ROWS_MAX && template->rows[i]; i++) {
		bool minus = template->rows[i][0] == '-';
		struct kt_val val = row_value(counters, template->rows[i] + minus);

		if (val.state != KT_OK)
			continue;
		sum.state = KT_OK;
		sum.value += minus ? -val.value : val.value;
	}
	return sum;
}

static struct kt_val from_classes(
	const struct kt_census *census, int64_t page_bytes, unsigned classes)
{
	struct kt_val val = { .state = classes ? KT_OK : KT_ABSENT,
		.reason = "page flags do not tell these apart" };

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		if (classes & 1u << i)
			val.value += census->pages.nr[i] * page_bytes;
	}
	return val;
}

static void add(struct kt_val *sum, const struct kt_val *val)
{
	if (val->state != KT_OK)
		return;
	sum->state = KT_OK;
	sum->value += val->value;
}

/* Sums of the rows below, where a line has nothing of its own. From the end, so that rows
 * below are whole. */
static void add_up(kt_census_lines *all)
{
	for (size_t i = all->count; i-- > 0;) {
		struct kt_census_line *line = &all->items[i], sum = { 0 };

		sum.counters.state = sum.pages.state = sum.moved.state = KT_ABSENT;
		for (size_t k = i + 1; k < all->count && all->items[k].depth > line->depth; k++) {
			if (all->items[k].depth != line->depth + 1)
				continue;
			add(&sum.counters, &all->items[k].counters);
			add(&sum.pages, &all->items[k].pages);
			add(&sum.moved, &all->items[k].moved);
		}
		if (line->counters.state != KT_OK && sum.counters.state == KT_OK)
			line->counters = sum.counters;
		if (line->pages.state != KT_OK && sum.pages.state == KT_OK)
			line->pages = sum.pages;
		if (line->moved.state != KT_OK && sum.moved.state == KT_OK)
			line->moved = sum.moved;
	}
}

/* What the pages leave to the row that takes the rest, when the counters of the rows beside
 * it are taken off. */
static void give_rest(kt_census_lines *all)
{
	struct kt_census_line *parent = NULL, *rest = NULL;
	int64_t named = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct kt_census_line *line = &all->items[i];

		if (strcmp(line->id, "no_flag") == 0)
			parent = line;
		else if (line->rest)
			rest = line;
		else if (parent && !rest && line->depth > parent->depth &&
			 line->counters.state == KT_OK)
			named += line->counters.value;
	}
	if (!parent || !rest || parent->pages.state != KT_OK)
		return;
	rest->pages =
		(struct kt_val){ .value = parent->pages.value - named, .quality = KT_ESTIMATE };
}

void kt_census_compare(const struct kt_census *census, const struct kt_census_counters *before,
	const struct kt_census_counters *after, struct kt_arena *arena, kt_census_lines *ret_lines)
{
	for (size_t i = 0; i < KT_LEN(lines); i++) {
		const struct template *template = &lines[i];
		struct kt_census_line *line = kt_list_push(arena, ret_lines);

		if (!line)
			return;
		*line = (struct kt_census_line){ .id = template->id,
			.title = template->title,
			.depth = template->depth,
			.counters = from_rows(after ? after : before, template),
			.pages = from_classes(
				census, before->snap->host.page_bytes, template->classes),
			.moved = { .state = KT_ABSENT, .reason = "the counters were read once" },
			.rest = template->rest,
			.why = template->why };
		if (!after || line->counters.state != KT_OK)
			continue;
		line->moved = from_rows(before, template);
		line->moved.value = line->counters.value - line->moved.value;
	}
	add_up(ret_lines);
	give_rest(ret_lines);
}

/* A row that grew and shrank again has not moved, but others beside it have. */
int64_t kt_census_unrest(const kt_census_lines *all)
{
	int64_t sum = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct kt_census_line *line = &all->items[i];
		bool leaf = i + 1 == all->count || all->items[i + 1].depth <= line->depth;

		if (leaf && line->moved.state == KT_OK)
			sum += llabs(line->moved.value);
	}
	return sum;
}

bool kt_census_differs(const struct kt_census_line *line, int64_t unrest)
{
	if (line->counters.state != KT_OK || line->pages.state != KT_OK)
		return false;
	return llabs(line->pages.value - line->counters.value) > unrest + WORTH_SAYING;
}

struct kt_val kt_census_lru(const struct kt_snapshot *snap)
{
	static const enum kt_metric lists[] = { KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ACTIVE_FILE,
		KT_INACTIVE_FILE, KT_UNEVICTABLE };
	struct kt_val sum = { 0 };

	for (size_t i = 0; i < KT_LEN(lists); i++) {
		struct kt_val list = kt_snapshot_get(snap, lists[i], KT_NO_NODE);

		if (!kt_ok(list))
			return list;
		sum.value += list.value;
	}
	return sum;
}
