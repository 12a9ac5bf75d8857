// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists memory that no counter of the kernel has but that another file gives away: rings of
// io_uring and packet sockets, pipes, trace buffers, BPF ring maps, pools of drivers. Each source
// that searches records a result for its kind, also when it finds nothing. So this table can say "0
// found", "not allowed to look" and "no file has it", which are three different answers to the
// question where unattributed comes from.
//
// Each kind has two bounds. The lower bound is certain: it leaves unattributed and is a row of the
// account. The upper bound is the largest amount that the same evidence allows. The part between
// the two bounds stays in unattributed.

#include "cmd/account/explain_held.h"

#include "model/holdings.h"

#include <stdlib.h>
#include <string.h>

/* A machine may have thousands of pipes or sockets; the largest ones show the cause. */
#define HOLDERS_SHOWN 8

/*
 * A row is a kind, or below it one holder of that kind. In bytes; the holders of a kind add up to
 * its two bounds, except for parts without a holder. "row" is the account's row that has the
 * certain bytes.
 */
enum {
	COL_KIND,
	COL_WHAT,
	COL_LOW,
	COL_HIGH,
	COL_ROW,
	COL_HOLDER,
	COL_PID,
	COL_ID,
	COL_STATE,
	COL_PARTIAL,
	COL_NOTE,
	COL_FROM
};

static const struct kt_column columns[] = {
	[COL_KIND] = { .key = "kind", .title = "KIND", .flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[COL_WHAT] = { .key = "what", .title = "LOOKED FOR", .flags = KT_COL_TREE | KT_COL_SET },
	[COL_LOW] = { .key = "least_bytes",
		.title = "AT LEAST",
		.type = KT_CELL_BYTES,
		.help = "Certain; null where it is not known." },
	[COL_HIGH] = { .key = "most_bytes",
		.title = "AT MOST",
		.type = KT_CELL_BYTES,
		.help = "null: not known." },
	[COL_ROW] = { .key = "row",
		.title = "ROW",
		.flags = KT_COL_DATA_ONLY,
		.help = "The row of the account that has the certain bytes; null: unattributed "
			"keeps them." },
	[COL_HOLDER] = { .key = "holder",
		.title = "HOLDER",
		.flags = KT_COL_DATA_ONLY,
		.help = "A program, an instance, a pool; null in the row of a kind." },
	[COL_PID] = { .key = "pid",
		.title = "PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_ID] = { .key = "object",
		.title = "OBJECT",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "The number of a BPF map." },
	[COL_STATE] = { .key = "state",
		.title = "STATE",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.words = KT_STATE_WORDS },
	[COL_PARTIAL] = { .key = "partial",
		.title = "PARTIAL",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.help = "Some processes could not be read: there may be more than both bounds." },
	[COL_NOTE] = { .key = "note",
		.title = "NOTE",
		.flags = KT_COL_DATA_ONLY,
		.help = "The evidence for the bounds; null for holders." },
	[COL_FROM] = { .key = "from",
		.title = "WHERE",
		.flags = KT_COL_WRAP,
		.help = "Where it was found or why not; null for holders." },
};

const struct kt_part kt_held_part = {
	.key = "looked_for",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.forms = 1,
	.optional = 1,
	.help = "Pages that no counter has and another file names: a row for each kind, then rows "
		"for its holders.",
};

#define HELD                                                                              \
	&kt_source_held, &kt_source_sockstat, &kt_source_blk_pools, &kt_source_btf_sizes, \
		&kt_source_device_pools, &kt_source_vmallocinfo, &kt_source_modules

const struct kt_needs kt_held_needs = { .also = KT_SOURCES(HELD) };
const struct kt_needs kt_exact_needs = { .also = KT_SOURCES(
						 HELD, &kt_source_slub, &kt_source_direct_pages) };

/* Row that certain pages of a kind belong to; KT_ROW_NONE: they stay in unattributed. */
static enum kt_row_id row_of(enum kt_holding_kind kind)
{
	return kt_row_with(kt_holdings_about[kind].certain);
}

/* Direct page allocations are included: the held kinds are rows below it. */
bool kt_is_held_row(enum kt_row_id row)
{
	for (int kind = 0; kind < KT_HELD_KINDS; kind++) {
		if (row != KT_ROW_NONE && row_of(kind) == row)
			return true;
	}
	return row == KT_ROW_UNATTRIBUTED || row == KT_ROW_DIRECT;
}

static struct kt_cell number_or_none(int64_t number)
{
	return number ? kt_cell_number(number) : kt_cell_missing(KT_ABSENT, NULL);
}

/* "nginx, process 4711, map 12" */
static const char *holder_text(struct kt_arena *arena, const struct kt_holding *one)
{
	const char *text = one->holder			? one->holder
			   : one->kind == KT_HELD_TRACE ? "the main buffer"
							: "no visible process holds it";

	if (one->pid)
		text = kt_arena_printf(arena, "%s, process %lld", text, (long long)one->pid);
	if (one->id)
		text = kt_arena_printf(arena, "%s, map %lld", text, (long long)one->id);
	return text;
}

/*
 * Minor holders are shown with --all. A holder is always ok: what could not be read is in the row
 * of its kind.
 */
static void put_holder(
	struct kt_report *report, struct kt_table *table, const struct kt_holding *one, bool minor)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->depth = 1;
	row->minor = minor;
	row->cells[COL_KIND] = kt_cell_text(kt_holdings_about[one->kind].id);
	row->cells[COL_WHAT] = kt_report_text(report, holder_text(&report->arena, one));
	row->cells[COL_LOW] = kt_cell_number(one->low_bytes);
	row->cells[COL_HIGH] = kt_cell_number(one->high_bytes);
	row->cells[COL_ROW] = kt_cell_text(kt_row_id_name(row_of(one->kind)));
	row->cells[COL_HOLDER] = kt_report_text(report, one->holder);
	row->cells[COL_PID] = number_or_none(one->pid);
	row->cells[COL_ID] = number_or_none(one->id);
	row->cells[COL_STATE] = kt_cell_text(kt_state_name(KT_OK));
	row->cells[COL_PARTIAL] = kt_cell_number(false);
}

/*
 * The upper bound ranks, because the lower bound is 0 for kinds whose use cannot be proved. Equal
 * sizes go by process id, so that two runs print the same sequence.
 */
static int by_size(const void *a, const void *b)
{
	const struct kt_holding *x = *(const struct kt_holding *const *)a;
	const struct kt_holding *y = *(const struct kt_holding *const *)b;

	if (x->high_bytes != y->high_bytes)
		return x->high_bytes < y->high_bytes ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/*
 * Holdings without a name and process are part of the sum of the kind but no row, except where the
 * object itself is worth a row.
 */
static void put_holders(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, enum kt_holding_kind kind, bool all)
{
	KT_LIST(const struct kt_holding *) list = { 0 };

	for (size_t i = 0; i < snap->holdings.count; i++) {
		const struct kt_holding *one = &snap->holdings.items[i];
		const struct kt_holding **slot = NULL;

		if (one->kind == kind && (one->holder || one->pid || kind == KT_HELD_TRACE ||
						 kind == KT_HELD_BPF_RING))
			slot = kt_list_push(&report->arena, &list);
		if (slot)
			*slot = one;
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(const struct kt_holding *), by_size);
	for (size_t i = 0; i < list.count; i++)
		put_holder(report, table, list.items[i], i >= HOLDERS_SHOWN && !all);
}

/*
 * Describes where it was found, or why not. A kind that no file has and a kind that was not
 * searched are different: only the second one can be helped, by rights or by an option.
 */
static const char *from_text(struct kt_arena *arena, const struct kt_holding_about *about,
	const struct kt_search *search, enum kt_state state)
{
	if (!about->files)
		return kt_arena_printf(
			arena, "not known: no file of the kernel has it; %s", about->note);
	if (!search->done)
		return kt_arena_printf(arena, "not found: %s", about->files);
	if (state != KT_OK)
		return kt_arena_printf(arena, "not known: %s", search->why);
	return search->why;
}

/*
 * If the sum of a kind is impossibly large the input is damaged, and the state is bad instead of a
 * wrapped number.
 */
static void put_kind(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, enum kt_holding_kind kind)
{
	const struct kt_holding_about *about = &kt_holdings_about[kind];
	const struct kt_search *search = &snap->searches[kind];
	enum kt_state state = search->done ? search->state : KT_ABSENT;
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t low, high;

	if (state == KT_OK && !kt_holding_sum(snap, kind, &low, &high))
		state = KT_BAD;
	if (!row)
		return;
	row->cells[COL_KIND] = kt_cell_text(about->id);
	row->cells[COL_WHAT] = kt_cell_text(about->title);
	row->cells[COL_LOW] = state == KT_OK ? kt_cell_number(low)
					     : kt_report_missing(report, state, search->why);
	row->cells[COL_HIGH] = state == KT_OK ? kt_cell_number(high)
					      : kt_report_missing(report, KT_ABSENT, search->why);
	row->cells[COL_PARTIAL] = kt_cell_number(search->partial);
	row->cells[COL_ROW] = kt_cell_text(kt_row_id_name(row_of(kind)));
	row->cells[COL_PID] = row->cells[COL_ID] = kt_cell_missing(KT_ABSENT, NULL);
	row->cells[COL_STATE] = kt_cell_text(kt_state_name(state));
	row->cells[COL_NOTE] = kt_cell_text(about->note);
	row->cells[COL_FROM] =
		kt_report_text(report, from_text(&report->arena, about, search, state));
}

/*
 * Drivers whose balloon stays in MemTotal on some kernels, and whose size no file has. A size that
 * a driver's own file has, or an inflate counter above 0, makes the note needless.
 */
static void note_balloons(struct kt_report *report, const struct kt_snapshot *snap)
{
	static const char *const drivers[] = { "hv_balloon", "vmw_balloon", "xen_balloon", "cmm" };
	struct kt_val driver = kt_snapshot_get(snap, KT_BALLOON_DRIVER, KT_NO_NODE);
	struct kt_val in = kt_snapshot_get(snap, KT_BALLOON_INFLATE, KT_NO_NODE);

	for (size_t i = 0; i < snap->modules.count; i++) {
		for (size_t k = 0; k < KT_LEN(drivers); k++) {
			if (strcmp(snap->modules.items[i].name, drivers[k]) != 0 || kt_ok(driver) ||
				(kt_ok(in) && in.value))
				continue;
			kt_report_note(report,
				"%s is loaded, and no readable file says how much "
				"memory it gave to the hypervisor: unattributed may be "
				"that balloon",
				drivers[k]);
		}
	}
}

void kt_explain_held(struct kt_report *report, const struct kt_snapshot *snap, bool all)
{
	struct kt_table *table = kt_report_table(report, "looked_for",
		"Known users of direct pages; AT LEAST is in a row of its own", columns,
		KT_LEN(columns));

	for (int kind = 0; table && kind < KT_HELD_KINDS; kind++) {
		put_kind(report, table, snap, kind);
		put_holders(report, table, snap, kind, all);
	}
	note_balloons(report, snap);
}
