// SPDX-License-Identifier: GPL-2.0-or-later
//
// Theory: the account knows what is held now and adds up, the log knows when it was taken
// and what was given back. So each row starts as a leaf of the account, and the log adds
// times; what was given back is in no row of the account any more and gets one of its own,
// with nothing held; what the log names of "other boot memory" is split off that.

#include "analysis/boot.h"

#include "model/derive.h"

#include <stdlib.h>
#include <string.h>

/* Before everything, after everything that has a line, and last of all. */
#define ORDER_FIRST 0
#define ORDER_LATE  ((size_t)1 << 20)
#define ORDER_REST  ((size_t)1 << 21)
#define ORDER_STEP  10 /* room between two events for the parts of one */

#define GET(metric) kt_snapshot_get(snap, KT_##metric, KT_NO_NODE)

struct building {
	const struct kt_snapshot *snap;
	struct kt_arena *arena;
	struct kt_boot *boot;
	const struct kt_boot_event *image; /* the kernel's first line; NULL: lost */
	size_t image_order;
};

bool kt_boot_settle(struct kt_snapshot *snap)
{
	struct kt_val present = GET(BOOT_PRESENT), reserved = GET(BOOT_RESERVED);
	struct kt_val freed = GET(BOOT_FREED), unit = GET(PERCPU_FIRST_UNIT);
	struct kt_val units = GET(PERCPU_UNITS);
	int64_t held, first;

	if (kt_ok(GET(MANAGED)))
		return true;
	if (!kt_ok(present) || !kt_ok(reserved))
		return false;
	held = reserved.value - (kt_ok(freed) ? freed.value : 0);
	if (held < 0 || held > present.value)
		return false;
	if (!kt_ok(GET(PRESENT)))
		kt_snapshot_derive(snap, KT_PRESENT, KT_NO_NODE, present.value, KT_ESTIMATE,
			"present memory at boot, by the kernel log");
	kt_snapshot_derive(snap, KT_MANAGED, KT_NO_NODE, present.value - held, KT_ESTIMATE,
		"present - reserved + given back, by the kernel log");
	if (kt_ok(unit) && kt_ok(units) && !__builtin_mul_overflow(unit.value, units.value, &first))
		kt_snapshot_derive(snap, KT_PERCPU_FIRST, KT_NO_NODE, first, KT_ESTIMATE,
			"pages of a unit x units, by the kernel log");
	kt_derive_boot(snap, KT_NO_NODE); /* what follows from it */
	return true;
}

static struct kt_boot_row *add(
	struct building *b, const char *id, const char *name, enum kt_boot_from from)
{
	struct kt_boot_row *row = kt_list_push(b->arena, &b->boot->rows);

	if (row)
		*row = (struct kt_boot_row){ .id = id,
			.name = name,
			.from = from,
			.time_us = -1,
			.back_us = -1,
			.order = ORDER_LATE };
	return row;
}

/* ---- the account's leaves ---- */

static bool is_below(const struct kt_account *account, const struct kt_line *line, const char *id)
{
	while (line->parent_index != SIZE_MAX) {
		line = &account->lines.items[line->parent_index];
		if (strcmp(line->id, id) == 0)
			return true;
	}
	return false;
}

static bool from_of(
	const struct kt_account *account, const struct kt_line *line, enum kt_boot_from *ret_from)
{
	static const char *const late[] = { "memmap_late", "ftrace" };

	if (is_below(account, line, "firmware"))
		*ret_from = KT_FROM_FIRMWARE;
	else if (is_below(account, line, "boot"))
		*ret_from = KT_FROM_RESERVED;
	else if (is_below(account, line, "hash_late"))
		*ret_from = KT_FROM_ALLOCATOR;
	else {
		for (size_t i = 0; i < KT_LEN(late); i++) {
			*ret_from = KT_FROM_ALLOCATOR;
			if (strcmp(line->id, late[i]) == 0)
				return true;
		}
		return false;
	}
	return true;
}

static void add_leaves(struct building *b, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		struct kt_boot_row *row;
		enum kt_boot_from from;

		if (!line->leaf || !kt_ok(line->val) || !from_of(account, line, &from))
			continue;
		if (!line->val.value && strcmp(line->id, "initrd") != 0)
			continue;
		row = add(b, line->id, line->title, from);
		if (!row)
			return;
		row->taken = row->held = line->val.value;
		row->rest = line->row && line->row->rest;
		if (from == KT_FROM_FIRMWARE && !row->rest)
			row->order = ORDER_FIRST;
		if (row->rest)
			row->order = ORDER_REST;
		if (strncmp(line->id, "hash_", 5) == 0)
			row->name = kt_arena_printf(b->arena, "hash %s", line->title);
	}
}

/* Large hash tables in vmalloc are no leaf of their own in the account. */
static void add_vmalloc_hashes(struct building *b)
{
	for (size_t i = 0; i < b->snap->hashes.count; i++) {
		const struct kt_hash *hash = &b->snap->hashes.items[i];
		struct kt_boot_row *row;

		if (hash->place != KT_HASH_VMALLOC)
			continue;
		row = add(b, "hash_vmalloc", kt_arena_printf(b->arena, "hash %s", hash->name),
			KT_FROM_ALLOCATOR);
		if (row)
			row->taken = row->held = hash->size_bytes;
	}
}

/* ---- what the log adds ---- */

static struct kt_boot_row *row_with(struct building *b, const char *id)
{
	for (size_t i = 0; i < b->boot->rows.count; i++) {
		if (strcmp(b->boot->rows.items[i].id, id) == 0)
			return &b->boot->rows.items[i];
	}
	return NULL;
}

static struct kt_boot_row *hash_row(struct building *b, const char *name)
{
	for (size_t i = 0; name && i < b->boot->rows.count; i++) {
		struct kt_boot_row *row = &b->boot->rows.items[i];
		struct kt_span title = kt_span_str(row->name);

		if (strncmp(row->id, "hash_", 5) == 0 && kt_span_skip(&title, "hash ") &&
			kt_span_eq(title, name))
			return row;
	}
	return NULL;
}

static void set_time(struct kt_boot_row *row, const struct kt_boot_event *event, size_t order)
{
	if (!row || row->order != ORDER_LATE)
		return;
	row->time_us = event->time_us;
	row->order = order;
}

/* A group in the log stands for rows that the account has apart. */
static void set_group_time(struct building *b, const struct kt_boot_event *event, size_t order)
{
	static const char *const image[] = { "kernel_code", "kernel_rodata", "kernel_data",
		"kernel_bss" };

	for (size_t i = 0; i < b->boot->rows.count; i++) {
		if (strcmp(event->row, "firmware") == 0 &&
			b->boot->rows.items[i].order == ORDER_FIRST)
			b->boot->rows.items[i].time_us = event->time_us;
	}
	for (size_t i = 0; strcmp(event->row, "kernel_image") == 0 && i < KT_LEN(image); i++)
		set_time(row_with(b, image[i]), event, order + 1 + i);
}

/* Named by the log, and in the account a part of what nobody names. */
static void split_rest(struct building *b, const struct kt_boot_event *event, size_t order)
{
	struct kt_boot_row *rest = row_with(b, "boot_other"), *row;

	if (!rest || event->bytes < 0)
		return;
	rest->taken -= event->bytes;
	rest->held -= event->bytes;
	row = add(b, event->row, event->name, KT_FROM_RESERVED);
	if (!row)
		return;
	row->taken = row->held = event->bytes;
	row->time_us = event->time_us;
	row->order = order;
}

static const char *name_of_freed(const char *name)
{
	static const struct {
		const char *log, *name;
	} known[] = {
		{ "unused kernel image (initmem)", "kernel init code and data" },
		{ "unused kernel image", "kernel init code and data" },
		{ "unused kernel", "kernel init code and data" },
		{ "unused kernel image (text/rodata gap)", "gap behind kernel code" },
		{ "unused kernel image (rodata/data gap)", "gap behind read-only data" },
		{ "unused decrypted", "bss shared with hypervisors" },
	};

	for (size_t i = 0; name && i < KT_LEN(known); i++) {
		if (strcmp(name, known[i].log) == 0)
			return known[i].name;
	}
	return name ? name : "given back";
}

static bool has_row_named(const struct building *b, const char *name)
{
	for (size_t i = 0; i < b->boot->rows.count; i++) {
		if (strcmp(b->boot->rows.items[i].name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The initial RAM disk has a row, which holds what was not given back. Everything else that
 * was given back came with the kernel image.
 */
static void give_back(struct building *b, const struct kt_boot_event *event, size_t order)
{
	struct kt_boot_row *row = NULL;
	const char *name = name_of_freed(event->name);

	if (strcmp(event->row, "initrd") == 0)
		row = row_with(b, "initrd");
	if (!row) {
		/* before 5.8 they all had one name; the first is that of the init sections */
		row = add(b, event->row, has_row_named(b, name) ? "gap in the kernel image" : name,
			KT_FROM_RESERVED);
		if (!row)
			return;
		row->time_us = b->image ? b->image->time_us : -1;
		row->order = b->image ? b->image_order + ORDER_STEP / 2 : order;
	}
	row->back += event->bytes;
	row->taken = row->held + row->back;
	row->back_us = event->time_us;
}

/* Contiguous areas are handed to the page allocator, for movable pages. */
static void lend(struct building *b, const struct kt_boot_event *event, size_t order)
{
	struct kt_boot_row *row = add(b, "cma", "contiguous area (CMA)", KT_FROM_RESERVED);

	if (!row || event->bytes < 0)
		return;
	row->taken = row->back = event->bytes;
	row->time_us = event->time_us;
	row->order = order;
}

static void apply(struct building *b, const struct kt_boot_event *event, size_t order)
{
	if (event->freed)
		give_back(b, event, order);
	else if (strcmp(event->row, "node_data") == 0 || strcmp(event->row, "log_buffer") == 0)
		split_rest(b, event, order);
	else if (strcmp(event->row, "cma") == 0)
		lend(b, event, order);
	else if (strcmp(event->row, "hash") == 0)
		set_time(hash_row(b, event->name), event, order);
	else
		set_time(row_with(b, event->row), event, order);
	set_group_time(b, event, order);
}

static int by_order(const void *left, const void *right)
{
	const struct kt_boot_row *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* In the order of time, numbered from 1. */
static bool finish(struct kt_boot *boot)
{
	if (boot->rows.count)
		qsort(boot->rows.items, boot->rows.count, sizeof(*boot->rows.items), by_order);
	for (size_t i = 0; i < boot->rows.count; i++)
		boot->rows.items[i].order = i + 1;
	for (size_t i = 0; i < boot->rows.count; i++) {
		const struct kt_boot_row *row = &boot->rows.items[i];

		if (__builtin_add_overflow(
			    boot->held[row->from], row->held, &boot->held[row->from]))
			return false;
	}
	return true;
}

struct kt_err *kt_boot_compute(struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_arena *arena, struct kt_boot *ret_boot)
{
	struct building b = { snap, arena, ret_boot, NULL, 0 };

	*ret_boot = (struct kt_boot){ 0 };
	add_leaves(&b, account);
	add_vmalloc_hashes(&b);
	for (size_t i = 0; i < snap->boot_events.count; i++) {
		const struct kt_boot_event *event = &snap->boot_events.items[i];
		size_t order = (i + 1) * ORDER_STEP;

		if (strcmp(event->row, "kernel_image") == 0) {
			b.image = event;
			b.image_order = order;
		}
		apply(&b, event, order);
	}
	if (arena->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return finish(ret_boot) ? NULL
				: kt_err_new(KT_ERR_PARSE, "the numbers are impossibly large");
}
