// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_moved.h"

#include "base/human.h"
#include "base/kernel_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS    60000
#define COST_FACTOR  1000
#define IN_A_ROW     3 /* readings that may follow each other */
#define APART_MS     5000
#define AMOUNTS_KEPT 256u	       /* names of a reading that are kept for the next one */
#define STACKS_NAME  "(kernel stacks)" /* areas of all stacks */
/* A name is in the mark if it has at least this part of the move. */
#define NAMED_PART 4

static const struct counter {
	enum kt_moved_list list;
	const char *field; /* of /proc/meminfo; NULL: it is not from there */
	const char *title;
	bool bytes;
} counters[] = {
	[KT_MOVED_STACKS] = { KT_MOVED_TASKS, "KernelStack:", "kernel stacks", true },
	[KT_MOVED_TABLES] = { KT_MOVED_TASKS, "PageTables:", "page tables", true },
	[KT_MOVED_VMALLOC] = { KT_MOVED_AREAS, "VmallocUsed:", "vmalloc", true },
	[KT_MOVED_PERCPU] = { KT_MOVED_GROUPS, "Percpu:", "per-CPU memory", true },
	[KT_MOVED_NR_GROUPS] = { KT_MOVED_GROUPS, NULL, "cgroups", false },
};

void kt_record_moved_init(struct kt_record_moved *moved)
{
	kt_record_moved_begin(moved);
	for (size_t i = 0; i < KT_MOVED_COUNTERS; i++)
		moved->then[i] = KT_UNKNOWN;
}

void kt_record_moved_begin(struct kt_record_moved *moved)
{
	for (size_t i = 0; i < KT_MOVED_COUNTERS; i++)
		moved->now[i] = KT_UNKNOWN;
}

/* ---- counters ---- */

static void take_meminfo(struct kt_record_moved *moved, struct kt_span text)
{
	struct kt_span line, word;
	int64_t kib;

	while (kt_span_line(&text, &line)) {
		if (!kt_span_word(&line, &word))
			continue;
		for (size_t i = 0; i < KT_LEN(counters); i++) {
			if (!counters[i].field || !kt_span_eq(word, counters[i].field))
				continue;
			if (kt_span_word(&line, &word) && kt_span_i64(word, &kib) && kib >= 0 &&
				kib < KT_AMOUNT_MAX / 1024)
				moved->now[i] = kib * 1024;
			break;
		}
	}
}

static void take_count(struct kt_record_moved *moved, struct kt_span word)
{
	int64_t *now = &moved->now[KT_MOVED_NR_GROUPS], count;

	if (kt_span_i64(word, &count) && count >= 0 && count < KT_AMOUNT_MAX &&
		(!kt_known(*now) || count > *now))
		*now = count;
}

/* "memory	5	118	1": the name, the hierarchy, the number of cgroups, 1 if enabled. */
static void take_cgroups(struct kt_record_moved *moved, struct kt_span text)
{
	struct kt_span line, word, hierarchy;

	while (kt_span_line(&text, &line)) {
		if (kt_span_word(&line, &word) && kt_span_eq(word, "memory") &&
			kt_span_word(&line, &hierarchy) && kt_span_word(&line, &word))
			take_count(moved, word);
	}
}

/* "nr_descendants 118": of version 2, whose controllers need not be in /proc/cgroups. */
static void take_descendants(struct kt_record_moved *moved, struct kt_span text)
{
	struct kt_span line, word;

	while (kt_span_line(&text, &line)) {
		if (kt_span_word(&line, &word) && kt_span_eq(word, "nr_descendants") &&
			kt_span_word(&line, &word))
			take_count(moved, word);
	}
}

void kt_record_moved_take(struct kt_record_moved *moved, const char *path, struct kt_span text)
{
	if (strcmp(path, KT_FILE_MEMINFO) == 0)
		take_meminfo(moved, text);
	else if (strcmp(path, KT_FILE_CGROUPS) == 0)
		take_cgroups(moved, text);
	else if (strcmp(path, KT_FILE_CGROUP_STAT) == 0)
		take_descendants(moved, text);
}

/* True if the counter is not where it was at the last reading of its list. */
static bool has_moved(const struct kt_record_moved *moved, size_t counter)
{
	int64_t now = moved->now[counter], then = moved->then[counter], by;

	if (!kt_known(now) || !kt_known(then))
		return false;
	by = llabs(now - then);
	if (!counters[counter].bytes)
		return by >= KT_MOVED_FLOOR_COUNT && by > then / KT_MOVED_SHARE;
	return by > KT_MOVED_LEAST_BYTES ||
	       (by >= KT_MOVED_FLOOR_BYTES && by > then / KT_MOVED_SHARE);
}

bool kt_record_moved_is_due(
	const struct kt_record_moved *moved, enum kt_moved_list list, int64_t boot_ms)
{
	bool any = false;

	for (size_t i = 0; i < KT_LEN(counters); i++)
		any |= counters[i].list == list && has_moved(moved, i);
	return any && (!moved->last_ms[list] || boot_ms - moved->last_ms[list] >= APART_MS) &&
	       moved->paid_ms[list] - boot_ms <= moved->wait_ms[list] * (IN_A_ROW - 1);
}

/* ---- amounts by name ---- */

/* A reading's sums by name, while they are made. */
struct sums {
	struct kt_moved_amounts amounts;
	struct kt_map index; /* of a name in the list, plus one */
};

static void add(struct sums *sums, struct kt_span name, int64_t value)
{
	uint32_t *slot = kt_map_add(&sums->index, name, &sums->amounts.arena, NULL);
	struct kt_moved_amount *item;

	if (!slot || value <= 0)
		return;
	if (!*slot) {
		item = kt_list_push(&sums->amounts.arena, &sums->amounts.items);
		if (!item)
			return;
		*item = (struct kt_moved_amount){ kt_arena_name(&sums->amounts.arena, name), 0 };
		*slot = (uint32_t)sums->amounts.items.count;
	}
	item = &sums->amounts.items.items[*slot - 1];
	item->value += value < KT_AMOUNT_MAX ? value : KT_AMOUNT_MAX;
}

static int by_value(const void *a, const void *b)
{
	const struct kt_moved_amount *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int64_t value_of(const struct kt_moved_amounts *amounts, const char *name)
{
	for (size_t i = 0; i < amounts->items.count; i++) {
		if (strcmp(amounts->items.items[i].name, name) == 0)
			return amounts->items.items[i].value;
	}
	return 0;
}

/*
 * The name that moved most in the direction of `by`; NULL: none did. A name that was not among the
 * largest before counts from 0, which is at most as much too low as the smallest of those.
 */
static const char *most_of(const struct kt_moved_amounts *before,
	const struct kt_moved_amounts *after, int64_t by, int64_t *ret_by)
{
	const struct kt_moved_amounts *from = by > 0 ? after : before;
	const struct kt_moved_amounts *other = by > 0 ? before : after;
	const char *name = NULL;

	*ret_by = 0;
	for (size_t i = 0; i < from->items.count; i++) {
		const struct kt_moved_amount *item = &from->items.items[i];
		int64_t diff = item->value - value_of(other, item->name);

		if (diff <= *ret_by)
			continue;
		name = item->name;
		*ret_by = diff;
	}
	*ret_by = by > 0 ? *ret_by : -*ret_by;
	return name;
}

/* Keeps the largest of a reading for the next one; `to` had the reading before. */
static void keep(struct kt_record_moved *moved, struct sums *sums, struct kt_moved_amounts *to)
{
	struct kt_moved_amounts kept = { 0 };
	size_t count = sums->amounts.items.count;

	for (size_t i = 0; i < count && i < AMOUNTS_KEPT; i++) {
		struct kt_moved_amount *item = kt_list_push(&kept.arena, &kept.items);

		if (item)
			*item = (struct kt_moved_amount){
				kt_arena_printf(
					&kept.arena, "%s", sums->amounts.items.items[i].name),
				sums->amounts.items.items[i].value
			};
	}
	moved->failed |= kept.arena.failed || sums->amounts.arena.failed || sums->index.failed;
	kt_arena_fini(&to->arena);
	*to = kept;
	kt_arena_fini(&sums->amounts.arena);
	kt_map_fini(&sums->index);
}

static void sort(struct sums *sums)
{
	if (sums->amounts.items.count)
		qsort(sums->amounts.items.items, sums->amounts.items.count,
			sizeof(*sums->amounts.items.items), by_value);
}

/* ---- marks ---- */

static void signed_text(int64_t value, bool bytes, char ret[32])
{
	char human[24];

	if (!bytes) {
		snprintf(ret, 32, "%+lld", (long long)value);
		return;
	}
	kt_human_bytes(llabs(value), human);
	snprintf(ret, 32, "%c%s", value < 0 ? '-' : '+', human);
}

/* How a mark shows the amounts of a counter: each is `unit` bytes of the counter. */
struct shown {
	enum kt_moved_counter counter;
	const char *prefix; /* before the name: "below " */
	const char *suffix; /* after the amount: " threads" */
	bool bytes;	    /* the amounts are bytes */
	int64_t unit_bytes; /* bytes of the counter for 1 of an amount; KT_UNKNOWN: not known */
};

/*
 * "kernel stacks +31.2 MiB: python3 (+2000 threads)". Stacks that vmalloc allocated make no mark of
 * vmalloc: theirs names the process.
 */
static void mark(const struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_moved_amounts *before, const struct kt_moved_amounts *after,
	const struct shown *shown)
{
	int64_t by = moved->now[shown->counter] - moved->then[shown->counter], who_by;
	const char *who = most_of(before, after, by, &who_by);
	int64_t unit = kt_known(shown->unit_bytes) && shown->unit_bytes > 0 ? shown->unit_bytes : 1;
	char by_text[32], who_text[32], text[512];
	int64_t share;

	signed_text(by, counters[shown->counter].bytes, by_text);
	signed_text(who_by, shown->bytes, who_text);
	if (__builtin_mul_overflow(who_by, unit, &share) || llabs(share) < llabs(by) / NAMED_PART)
		who = NULL;
	if (who && strcmp(who, STACKS_NAME) == 0)
		return;
	if (who)
		snprintf(text, sizeof(text), "%s %s: %s%s (%s%s)", counters[shown->counter].title,
			by_text, shown->prefix, who, who_text, shown->suffix);
	else
		snprintf(text, sizeof(text), "%s %s", counters[shown->counter].title, by_text);
	kt_draft_mark(draft, KT_MARK_MOVED, text);
}

/* Ends the reading of a list. */
static void ended(
	struct kt_record_moved *moved, enum kt_moved_list list, int64_t boot_ms, int64_t cost_ms)
{
	int64_t wait_ms = cost_ms * COST_FACTOR > MINUTE_MS ? cost_ms * COST_FACTOR : MINUTE_MS;
	int64_t from_ms = moved->paid_ms[list] > boot_ms ? moved->paid_ms[list] : boot_ms;

	if (cost_ms >= 0) {
		moved->last_ms[list] = boot_ms;
		moved->wait_ms[list] = wait_ms;
		moved->paid_ms[list] = from_ms + wait_ms;
	}
	moved->has_amounts[list] = true;
	for (size_t i = 0; i < KT_LEN(counters); i++) {
		if (counters[i].list == list)
			moved->then[i] = moved->now[i];
	}
}

void kt_record_moved_tasks(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_snapshot *snap, int64_t boot_ms, int64_t cost_ms)
{
	struct sums stacks = { 0 }, tables = { 0 };

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];
		const char *name = task->kernel
					   ? kt_thread_family(&stacks.amounts.arena, task->name)
					   : task->name;

		if (!name)
			continue;
		add(&stacks, kt_span_str(name), task->nr_threads - task->zombie);
		add(&tables, kt_span_str(name), task->bytes[KT_TASK_TABLES]);
	}
	sort(&stacks);
	sort(&tables);
	if (moved->has_amounts[KT_MOVED_TASKS] && has_moved(moved, KT_MOVED_STACKS))
		mark(moved, draft, &moved->stacks, &stacks.amounts,
			&(struct shown){
				KT_MOVED_STACKS, "", " threads", false, snap->stack_bytes });
	if (moved->has_amounts[KT_MOVED_TASKS] && has_moved(moved, KT_MOVED_TABLES))
		mark(moved, draft, &moved->tables, &tables.amounts,
			&(struct shown){ KT_MOVED_TABLES, "", "", true, 1 });
	keep(moved, &stacks, &moved->stacks);
	keep(moved, &tables, &moved->tables);
	ended(moved, KT_MOVED_TASKS, boot_ms, cost_ms);
}

void kt_record_moved_areas(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_snapshot *snap, int64_t boot_ms, int64_t cost_ms)
{
	int64_t page_bytes = kt_known(snap->host.page_bytes) ? snap->host.page_bytes : 4096;
	struct sums callers = { 0 };

	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		const char *name = area->is_stack ? STACKS_NAME : area->caller;

		if (area->kind != KT_AREA_VMALLOC || !name || !kt_known(area->nr_pages) ||
			area->nr_pages > KT_AMOUNT_MAX / page_bytes)
			continue;
		if (area->module)
			name = kt_arena_printf(
				&callers.amounts.arena, "%s [%s]", name, area->module);
		if (name)
			add(&callers, kt_span_str(name), area->nr_pages * page_bytes);
	}
	sort(&callers);
	if (moved->has_amounts[KT_MOVED_AREAS] && has_moved(moved, KT_MOVED_VMALLOC))
		mark(moved, draft, &moved->callers, &callers.amounts,
			&(struct shown){ KT_MOVED_VMALLOC, "", "", true, 1 });
	keep(moved, &callers, &moved->callers);
	ended(moved, KT_MOVED_AREAS, boot_ms, cost_ms);
}

/* The directory above a cgroup, without the place where cgroups are mounted. */
static struct kt_span above(const char *directory)
{
	struct kt_span path = kt_span_str(directory);
	const char *slash;

	if (kt_span_skip(&path, KT_DIR_CGROUP))
		kt_span_skip(&path, "memory/");
	slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	path.n = slash ? (size_t)(slash - path.p) : 0;
	return path.n ? path : kt_span_str("/");
}

void kt_record_moved_groups(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_groups *groups, int64_t boot_ms, int64_t cost_ms)
{
	struct sums parents = { 0 };

	for (size_t i = 0; i < groups->kept.groups.count; i++)
		add(&parents, above(groups->kept.groups.items[i].directory), 1);
	sort(&parents);
	if (moved->has_amounts[KT_MOVED_GROUPS] && has_moved(moved, KT_MOVED_NR_GROUPS))
		mark(moved, draft, &moved->groups, &parents.amounts,
			&(struct shown){ KT_MOVED_NR_GROUPS, "below ", "", false, 1 });
	keep(moved, &parents, &moved->groups);
	ended(moved, KT_MOVED_GROUPS, boot_ms, cost_ms);
}

void kt_record_moved_fini(struct kt_record_moved *moved)
{
	kt_arena_fini(&moved->stacks.arena);
	kt_arena_fini(&moved->tables.arena);
	kt_arena_fini(&moved->callers.arena);
	kt_arena_fini(&moved->groups.arena);
	*moved = (struct kt_record_moved){ 0 };
}
