// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/census.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX    6
#define WORTH_SAYING (1ll << 20) /* bytes; smaller differences get no sentence */

#define CLASS(name) (1u << KT_PAGE_##name)
#define NO_FLAG                                                                          \
	(CLASS(NONE) | CLASS(COMPOUND) | CLASS(OTHER) | CLASS(MAPPED) | CLASS(ZERO) |    \
		CLASS(POISONED) | CLASS(KMALLOC) | CLASS(ZSMALLOC) | CLASS(UNACCEPTED) | \
		CLASS(UNREFERENCED) | CLASS(UNINITIALISED))

/* One summand of a line: an account row or a metric, added or subtracted. */
struct part {
	int sign; /* 0: no more parts */
	enum kt_row_id row;
	enum kt_metric metric; /* where row is KT_ROW_NONE */
};

#define ROW(id)                                \
	{                                      \
		1, KT_ROW_##id, KT_METRIC_NONE \
	}
#define LESS_ROW(id)                            \
	{                                       \
		-1, KT_ROW_##id, KT_METRIC_NONE \
	}
#define METRIC(id)                      \
	{                               \
		1, KT_ROW_NONE, KT_##id \
	}
#define LESS_METRIC(id)                  \
	{                                \
		-1, KT_ROW_NONE, KT_##id \
	}
#define NO_PARTS                                       \
	{                                              \
		{                                      \
			0, KT_ROW_NONE, KT_METRIC_NONE \
		}                                      \
	}

struct template
{
	const char *id, *title;
	int depth;
	unsigned classes; /* 0: page flags do not show it */
	struct part parts[PARTS_MAX];
	const char *why;
	bool rest;
};

#define IN_BATCHES                                                                         \
	"pages on their way to an LRU list, or isolated from it, have no flag that shows " \
	"their use: they count as pages without a flag"

static const struct template lines[] = {
	{ "present", "memory present", 0, 0, NO_PARTS, NULL, false },
	{ "free", "free pages", 1, CLASS(FREE), { ROW(FREE_BUDDY), ROW(FREE_CMA) },
		"pages of isolated blocks are in the free lists but not in the counter", false },
	{ "user", "processes and cache", 1, 0, NO_PARTS, NULL, false },
	{ "anonymous", "anonymous", 2, CLASS(ANON), { ROW(ANONYMOUS) },
		"a partly freed huge page is flagged as mapped as a whole; the counters have the "
		"freed part as unmapped. And " IN_BATCHES,
		false },
	{ "page_cache", "page cache and buffers", 2, CLASS(FILE), { ROW(PAGE_CACHE), ROW(BUFFERS) },
		IN_BATCHES, false },
	{ "shmem", "shared memory and tmpfs", 2, CLASS(SHMEM), { ROW(SHMEM) }, IN_BATCHES, false },
	{ "unmapped", "unmapped, swap cache too", 2, CLASS(UNMAPPED),
		{ ROW(SWAP_CACHE), ROW(LRU_ONLY) },
		"the counters' value is an estimate; the freed pages of a partly mapped huge "
		"page are flagged as mapped, and so anonymous",
		false },
	{ "hugetlb", "huge page pools", 2, CLASS(HUGETLB), { ROW(HUGETLB) }, NULL, false },
	{ "slab", "slab caches", 1, CLASS(SLAB),
		{ ROW(SLAB), METRIC(STACKS_IN_SLAB), LESS_METRIC(KMALLOC_LARGE) },
		"slabinfo counts every slab at the size that its cache prefers; slabs made while "
		"memory was short are smaller. If slabinfo is not read, large kmalloc is in "
		"the counter but not in the pages",
		false },
	{ "page_tables", "page tables", 1, CLASS(TABLE), { ROW(PAGE_TABLES) }, NULL, false },
	{ "no_flag", "pages without a flag", 1, NO_FLAG, NO_PARTS, NULL, false },
	{ "free_pcp", "per-CPU free lists", 2, 0, { ROW(FREE_PCP) }, NULL, false },
	{ "free_deferred", "free, not yet initialised", 2, CLASS(UNINITIALISED),
		{ ROW(FREE_DEFERRED) }, NULL, false },
	{ "vmalloc", "vmalloc and stacks", 2, 0,
		{ ROW(VMALLOC), ROW(KERNEL_STACKS), LESS_METRIC(STACKS_IN_SLAB) }, NULL, false },
	{ "percpu", "per-CPU memory", 2, 0, { ROW(PERCPU) }, NULL, false },
	{ "kmalloc_large", "large kmalloc", 2, CLASS(KMALLOC), { METRIC(KMALLOC_LARGE) }, NULL,
		false },
	{ "zsmalloc", "compressed memory (zsmalloc)", 2, CLASS(ZSMALLOC), { ROW(ZSMALLOC) }, NULL,
		false },
	{ "sec_page_tables", "secondary page tables", 2, 0, { ROW(SEC_PAGE_TABLES) }, NULL, false },
	{ "unaccepted", "not yet accepted", 2, CLASS(UNACCEPTED), { ROW(UNACCEPTED) }, NULL,
		false },
	{ "managed_gap", "MemTotal without a zone", 2, 0, { ROW(MANAGED_GAP) }, NULL, false },
	{ "direct", "direct page allocations", 2, 0, { ROW(DIRECT), LESS_ROW(BALLOON_INSIDE) },
		"it is the remainder of the rows above, so it has every other difference with "
		"the opposite sign",
		true },
	{ "boot", "reserved at boot", 1, CLASS(RESERVED), { ROW(BOOT) },
		"this kernel does not flag all memory reserved at boot; the rest is among the "
		"pages without a flag",
		false },
	{ "offline", "balloon", 1, CLASS(OFFLINE), { ROW(BALLOON), ROW(BALLOON_INSIDE) },
		"a driver may flag pages that it does not count, or count pages that it does not "
		"flag",
		false },
	{ "unread", "not read", 1, CLASS(UNREAD), NO_PARTS,
		"the file of flags is too short, or the memory map has a hole", false },
};

static struct kt_val part_value(const struct kt_census_counters *counters, const struct part *part)
{
	if (part->row == KT_ROW_NONE)
		return kt_snapshot_get(counters->snap, part->metric, KT_NO_NODE);
	return kt_account_line(counters->account, part->row)->val;
}

static struct kt_val from_rows(
	const struct kt_census_counters *counters, const struct template *template)
{
	struct kt_val sum = kt_val_bytes(0, KT_EXACT);
	bool any = false;

	for (size_t i = 0; i < PARTS_MAX && template->parts[i].sign; i++) {
		struct kt_val val = part_value(counters, &template->parts[i]);

		any |= kt_ok(val);
		if (val.none)
			continue;
		val = kt_val_or_some(val);
		sum = template->parts[i].sign < 0 ? kt_val_sub(sum, val) : kt_val_add(sum, val);
	}
	return any ? sum : kt_val_lack(KT_ABSENT, "no counter has it");
}

static struct kt_val from_classes(
	const struct kt_census *census, int64_t page_bytes, unsigned classes)
{
	bool may_have_more = census->pages.nr[KT_PAGE_UNREAD] && !(classes & CLASS(UNREAD));
	struct kt_val val = { .state = classes & census->classes ? KT_OK : KT_ABSENT,
		.quality = may_have_more ? KT_LOWER_BOUND : KT_EXACT,
		.reason = "page flags do not distinguish these pages" };

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		if (classes & 1u << i)
			val.value += census->pages.nr[i] * page_bytes;
	}
	return val;
}

static void add(struct kt_val *sum, const struct kt_val *val)
{
	if (kt_ok(*val))
		*sum = kt_ok(*sum) ? kt_val_add(*sum, *val) : *val;
}

/*
 * Fills lines without their own value with the sum of the rows below. Goes from the end, so that
 * the rows below are already complete.
 */
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
		/* unread pages have a row of their own below it */
		if (!line->depth)
			line->pages.quality = KT_EXACT;
	}
}

/*
 * Gives the remaining row the pages that are left after subtracting its siblings: their pages where
 * they are known, else their counters.
 */
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
		else if (parent && !rest && line->depth > parent->depth)
			named += kt_ok(line->pages)	 ? line->pages.value
				 : kt_ok(line->counters) ? line->counters.value
							 : 0;
	}
	if (!parent || !rest || parent->pages.state != KT_OK)
		return;
	rest->pages =
		(struct kt_val){ .value = parent->pages.value - named, .quality = KT_ESTIMATE };
}

/* Large kmalloc that no counter divides from slab is in that row's counter instead. */
static void bound_no_flag(kt_census_lines *all)
{
	struct kt_census_line *parent = NULL;

	for (size_t i = 0; i < all->count; i++) {
		struct kt_census_line *line = &all->items[i];

		if (strcmp(line->id, "no_flag") == 0)
			parent = line;
		else if (parent && strcmp(line->id, "kmalloc_large") == 0 && !kt_ok(line->counters))
			parent->counters.quality =
				kt_quality_join(parent->counters.quality, KT_LOWER_BOUND);
	}
}

/*
 * Title of a line. Without swap cache the unmapped pages are pages that no process maps and that
 * wait to be freed: in per-CPU batches, or as parts of huge pages.
 */
static const char *title_of(
	const struct kt_census_counters *counters, const struct template *template)
{
	struct kt_val swap = kt_snapshot_get(counters->snap, KT_SWAP_CACHED, KT_NO_NODE);

	if (template->classes == CLASS(UNMAPPED) && kt_ok(swap) && !swap.value)
		return "unmapped, not yet freed";
	return template->title;
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
			.title = title_of(before, template),
			.depth = template->depth,
			.counters = from_rows(after ? after : before, template),
			.pages = from_classes(
				census, before->snap->host.page_bytes, template->classes),
			.moved = { .state = KT_ABSENT, .reason = "the counters were read once" },
			.rest = template->rest,
			.why = template->why };
		if (!after || line->counters.state != KT_OK)
			continue;
		line->moved = kt_val_sub(line->counters, from_rows(before, template));
	}
	add_up(ret_lines);
	bound_no_flag(ret_lines);
	give_rest(ret_lines);
}

/* Adds up the movements. A row that grew and shrank again has not moved, but its siblings have. */
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
	struct kt_val sum = kt_val_bytes(0, KT_EXACT);

	for (size_t i = 0; i < KT_LEN(lists); i++)
		sum = kt_val_add(sum, kt_snapshot_get(snap, lists[i], KT_NO_NODE));
	return sum;
}
