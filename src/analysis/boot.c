// SPDX-License-Identifier: GPL-2.0-or-later
//
// Theory: the account has the amounts held now, and adds up; the kernel log has the times of
// allocations and the memory given back. So each row starts as a leaf of the account, and the log
// adds times. Memory given back is no longer in the account, so it gets a row of its own that holds
// nothing. Parts of "other boot memory" that the log names are split off it.

#include "analysis/boot.h"

#include "account/derive.h"

#include <stdlib.h>
#include <string.h>

/* Order of rows before all events, after all events with a log line, and last. */
#define ORDER_FIRST 0
#define ORDER_LATE  ((size_t)1 << 20)
#define ORDER_REST  ((size_t)1 << 21)
#define ORDER_STEP  10 /* leaves room between two events for parts of an event */

struct building {
	const struct kt_snapshot *snap;
	struct kt_arena *arena;
	struct kt_boot *boot;
	const struct kt_boot_event *image; /* first line of the kernel; NULL: lost */
	size_t image_order;
};

static struct kt_val of_machine(const struct kt_snapshot *snap, enum kt_metric metric)
{
	return kt_snapshot_get(snap, metric, KT_NO_NODE);
}

bool kt_boot_settle(struct kt_snapshot *snap)
{
	struct kt_val present = of_machine(snap, KT_BOOT_PRESENT),
		      reserved = of_machine(snap, KT_BOOT_RESERVED);
	struct kt_val freed = of_machine(snap, KT_BOOT_FREED),
		      unit = of_machine(snap, KT_PERCPU_FIRST_UNIT);
	struct kt_val units = of_machine(snap, KT_PERCPU_UNITS);
	int64_t held, first;

	if (kt_ok(of_machine(snap, KT_MANAGED)))
		return true;
	if (!kt_ok(present) || !kt_ok(reserved))
		return false;
	held = reserved.value - (kt_ok(freed) ? freed.value : 0);
	if (held < 0 || held > present.value)
		return false;
	if (!kt_ok(of_machine(snap, KT_PRESENT)))
		kt_snapshot_derive(snap, KT_PRESENT, KT_NO_NODE, present.value, KT_ESTIMATE,
			"present memory at boot, by the kernel log");
	kt_snapshot_derive(snap, KT_MANAGED, KT_NO_NODE, present.value - held, KT_ESTIMATE,
		"present - reserved + given back, by the kernel log");
	if (kt_ok(unit) && kt_ok(units) && !__builtin_mul_overflow(unit.value, units.value, &first))
		kt_snapshot_derive(snap, KT_PERCPU_FIRST, KT_NO_NODE, first, KT_ESTIMATE,
			"pages of a unit x units, by the kernel log");
	kt_derive_boot(snap, KT_NO_NODE); /* derives the amounts that depend on it */
	return true;
}

static struct kt_boot_row *add(struct building *b, enum kt_row_id of, const char *id,
	const char *name, enum kt_boot_from from)
{
	struct kt_boot_row *row = kt_list_push(b->arena, &b->boot->rows);

	if (row)
		*row = (struct kt_boot_row){ .row = of,
			.id = id,
			.name = name,
			.from = from,
			.time_us = -1,
			.back_us = -1,
			.order = ORDER_LATE };
	return row;
}

/* ---- leaves of the account ---- */

/* Where the bytes of a leaf came from; false: not taken at boot. */
static bool from_of(const struct kt_line *line, enum kt_boot_from *ret_from)
{
	if (kt_row_is_below(line->parent, KT_ROW_FIRMWARE))
		*ret_from = KT_FROM_FIRMWARE;
	else if (kt_row_is_below(line->parent, KT_ROW_BOOT))
		*ret_from = KT_FROM_RESERVED;
	else if (line->parent == KT_ROW_HASH_LATE || line->row == KT_ROW_MEMMAP_LATE ||
		 line->row == KT_ROW_FTRACE)
		*ret_from = KT_FROM_ALLOCATOR;
	else
		return false;
	return true;
}

static void add_leaves(struct building *b, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		struct kt_boot_row *row;
		enum kt_boot_from from;

		if (!line->leaf || !kt_ok(line->val) || !from_of(line, &from))
			continue;
		if (!line->val.value && line->row != KT_ROW_INITRD)
			continue;
		row = add(b, line->row, line->id, line->title, from);
		if (!row)
			return;
		row->taken = row->held = line->val.value;
		row->rest = line->row != KT_ROW_NONE && kt_rows[line->row].rest;
		if (from == KT_FROM_FIRMWARE && !row->rest)
			row->order = ORDER_FIRST;
		if (row->rest)
			row->order = ORDER_REST;
		row->hash = line->parent == KT_ROW_HASH_EARLY || line->parent == KT_ROW_HASH_LATE;
		if (row->hash)
			row->name = kt_arena_printf(b->arena, "hash %s", line->title);
	}
}

/* Adds large hash tables in vmalloc, which are not leaves of the account. */
static void add_vmalloc_hashes(struct building *b)
{
	for (size_t i = 0; i < b->snap->hashes.count; i++) {
		const struct kt_hash *hash = &b->snap->hashes.items[i];
		struct kt_boot_row *row;

		if (hash->place != KT_HASH_VMALLOC)
			continue;
		row = add(b, KT_ROW_NONE, "hash_vmalloc",
			kt_arena_printf(b->arena, "hash %s", hash->name), KT_FROM_ALLOCATOR);
		if (!row)
			return;
		row->taken = row->held = hash->size_bytes;
		row->hash = true;
	}
}

/* ---- facts from the log ---- */

/* The leaf of the account that a line is about; KT_ROW_NONE: several leaves, or none. */
static enum kt_row_id row_of(enum kt_boot_what what)
{
	switch (what) {
	case KT_BOOT_IS_PERCPU: return KT_ROW_PERCPU_FIRST;
	case KT_BOOT_IS_INITRD: return KT_ROW_INITRD;
	case KT_BOOT_IS_SWIOTLB: return KT_ROW_SWIOTLB;
	case KT_BOOT_IS_GRAPHICS: return KT_ROW_FW_GRAPHICS;
	case KT_BOOT_IS_MEMMAP: return KT_ROW_MEMMAP;
	case KT_BOOT_IS_MEMMAP_LATE: return KT_ROW_MEMMAP_LATE;
	case KT_BOOT_IS_CRASHKERNEL: return KT_ROW_CRASHKERNEL;
	case KT_BOOT_IS_FTRACE: return KT_ROW_FTRACE;
	case KT_BOOT_IS_BSS: return KT_ROW_KERNEL_BSS;
	case KT_BOOT_IS_IMAGE:
	case KT_BOOT_IS_FIRMWARE:
	case KT_BOOT_IS_GAP:
	case KT_BOOT_IS_NODE_DATA:
	case KT_BOOT_IS_CMA:
	case KT_BOOT_IS_LOG_BUFFER:
	case KT_BOOT_IS_HASH: break;
	}
	return KT_ROW_NONE;
}

static struct kt_boot_row *row_with(struct building *b, enum kt_row_id row)
{
	for (size_t i = 0; i < b->boot->rows.count; i++) {
		if (row != KT_ROW_NONE && b->boot->rows.items[i].row == row)
			return &b->boot->rows.items[i];
	}
	return NULL;
}

static struct kt_boot_row *hash_row(struct building *b, const char *name)
{
	for (size_t i = 0; name && i < b->boot->rows.count; i++) {
		struct kt_boot_row *row = &b->boot->rows.items[i];
		struct kt_span title = kt_span_str(row->name);

		if (row->hash && kt_span_skip(&title, "hash ") && kt_span_eq(title, name))
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

/* Sets the time of the rows that the account shows for one event of the log. */
static void set_group_time(struct building *b, const struct kt_boot_event *event, size_t order)
{
	static const enum kt_row_id image[] = { KT_ROW_KERNEL_CODE, KT_ROW_KERNEL_RODATA,
		KT_ROW_KERNEL_DATA, KT_ROW_KERNEL_BSS };

	for (size_t i = 0; i < b->boot->rows.count; i++) {
		if (event->what == KT_BOOT_IS_FIRMWARE &&
			b->boot->rows.items[i].order == ORDER_FIRST)
			b->boot->rows.items[i].time_us = event->time_us;
	}
	for (size_t i = 0; event->what == KT_BOOT_IS_IMAGE && i < KT_LEN(image); i++)
		set_time(row_with(b, image[i]), event, order + 1 + i);
}

/* Splits memory named by the log off the account's row "boot_other". */
static void split_rest(struct building *b, const struct kt_boot_event *event, size_t order)
{
	struct kt_boot_row *rest = row_with(b, KT_ROW_BOOT_OTHER), *row;

	if (!rest || event->bytes < 0)
		return;
	rest->taken -= event->bytes;
	rest->held -= event->bytes;
	row = add(b, KT_ROW_NONE, event->what == KT_BOOT_IS_NODE_DATA ? "node_data" : "log_buffer",
		event->name, KT_FROM_RESERVED);
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
		{ "unused kernel image (text/rodata gap)", "gap after kernel code" },
		{ "unused kernel image (rodata/data gap)", "gap after read-only data" },
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
 * Adds memory given back. The initial RAM disk has a row, which holds the part not given back. All
 * other memory given back was part of the kernel image.
 */
static void give_back(struct building *b, const struct kt_boot_event *event, size_t order)
{
	enum kt_row_id of = row_of(event->what);
	struct kt_boot_row *row = NULL;
	const char *name = name_of_freed(event->name);

	if (of == KT_ROW_INITRD)
		row = row_with(b, of);
	if (!row) {
		/* before 5.8 all parts had the same name, and the init sections came first */
		const char *title = has_row_named(b, name) ? "gap in the kernel image" : name;

		row = add(b, of, of == KT_ROW_NONE ? "freed" : kt_row_id_name(of), title,
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

/* Adds a contiguous area, which is lent to the page allocator for movable pages. */
static void lend(struct building *b, const struct kt_boot_event *event, size_t order)
{
	struct kt_boot_row *row =
		add(b, KT_ROW_NONE, "cma", "contiguous area (CMA)", KT_FROM_RESERVED);

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
	else if (event->what == KT_BOOT_IS_NODE_DATA || event->what == KT_BOOT_IS_LOG_BUFFER)
		split_rest(b, event, order);
	else if (event->what == KT_BOOT_IS_CMA)
		lend(b, event, order);
	else if (event->what == KT_BOOT_IS_HASH)
		set_time(hash_row(b, event->name), event, order);
	else
		set_time(row_with(b, row_of(event->what)), event, order);
	set_group_time(b, event, order);
}

static int by_order(const void *left, const void *right)
{
	const struct kt_boot_row *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->id, b->id) ? strcmp(a->id, b->id) : strcmp(a->name, b->name);
}

/* Sorts the rows by time and numbers them from 1. */
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

		if (event->what == KT_BOOT_IS_IMAGE) {
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
