// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who allocates from one pool of memory while it is watched, and what of it is not freed.

#include "cmd/users/users_watch.h"
#include "cmd/users/users_profile.h"

#include "account/row.h"
#include "analysis/users/watched_rows.h"
#include "base/human.h"
#include "base/when.h"
#include "cmd/users/users_stacks.h"
#include "machine/pace.h"
#include "source/lists/slabs.h"
#include "source/watch/alloc_watch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP_S	     0.1
#define STACKS_SHOWN 20u
#define TELL_MS	     1000

/* ---- the subject ---- */

static const struct {
	const char *word;
	enum kt_trace_pool pool;
	const char *topic;
} topics[] = {
	{ "slab", KT_TRACE_SLAB, "slab caches" },
	{ "slab_unreclaimable", KT_TRACE_SLAB, "slab caches" },
	{ "slab_reclaimable", KT_TRACE_SLAB, "slab caches" },
	{ "pages", KT_TRACE_PAGES, "pages" },
	{ "unattributed", KT_TRACE_PAGES, "pages" },
	{ "percpu", KT_TRACE_PERCPU, "per-CPU memory" },
	{ "vmalloc", KT_TRACE_VMALLOC, "vmalloc" },
	{ "kernel_stacks", KT_TRACE_VMALLOC, "vmalloc" },
};

struct kt_err *kt_users_watch_find(
	const char *word, struct kt_root *root, struct kt_alloc_watch_opts *ret_opts)
{
	enum kt_row_id row = kt_row_find(word);
	const char *name = row == KT_ROW_NONE ? word : kt_row_id_name(row);

	if (root && kt_slabs_has(root, word)) {
		ret_opts->cache = ret_opts->topic = word;
		return NULL;
	}
	for (size_t i = 0; i < KT_LEN(topics); i++) {
		if (strcmp(topics[i].word, name) == 0) {
			ret_opts->pool = topics[i].pool;
			ret_opts->topic = topics[i].topic;
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_USAGE,
		"'%.100s' cannot be watched: --watch takes the name of a slab cache, or slab, "
		"pages, "
		"percpu, vmalloc, kernel_stacks",
		word);
}

/* ---- the report ---- */

enum {
	W_NAME,
	W_MODULE,
	W_CALLERS,
	W_HELD,
	W_HELD_LOW,
	W_HELD_HIGH,
	W_ERROR,
	W_SHARE,
	W_SHARE_LOW,
	W_SHARE_HIGH,
	W_OBJECTS,
	W_REQUESTED,
	W_KEPT,
	W_HALF_LIFE,
	W_ALLOCATED,
	W_SAMPLES,
	W_WHO,
	W_CONTEXT,
	W_PID,
	W_CGROUP,
	W_STACK,
	W_WHERE,
};

static const struct kt_column watched_columns[] = {
	[W_NAME] = { .key = "name",
		.title = "FUNCTION",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "Function that wanted the memory." },
	[W_MODULE] = { .key = "module",
		.title = "MODULE",
		.flags = KT_COL_DATA_ONLY,
		.help = "null: the kernel itself." },
	[W_CALLERS] = { .key = "callers",
		.title = "CALLERS",
		.flags = KT_COL_KEY | KT_COL_DATA_ONLY,
		.help = "The next functions of the stack, innermost first." },
	[W_HELD] = { .key = "held_bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.help = "Allocated while it was watched, and not freed. An estimate." },
	[W_HELD_LOW] = { .key = "held_low_bytes",
		.title = "AT LEAST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.help = "The amount is between both bounds in 99 of 100 cases." },
	[W_HELD_HIGH] = { .key = "held_high_bytes",
		.title = "AT MOST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY },
	[W_ERROR] = { .key = "error",
		.title = "±",
		.type = KT_CELL_SHARE,
		.help = "The larger distance of a bound from the estimate, as a part of it." },
	[W_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM,
		.help = "Of everything held." },
	[W_SHARE_LOW] = { .key = "share_low",
		.title = "SHARE AT LEAST",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_DATA_ONLY },
	[W_SHARE_HIGH] = { .key = "share_high",
		.title = "SHARE AT MOST",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_DATA_ONLY },
	[W_OBJECTS] = { .key = "held_objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "An estimate, as HELD." },
	[W_REQUESTED] = { .key = "held_requested_bytes",
		.title = "REQUESTED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.help = "Bytes that were asked for; null: events do not have them." },
	[W_KEPT] = { .key = "kept",
		.title = "KEPT",
		.type = KT_CELL_SHARE,
		.help = "Objects that were not freed as long as they could be seen: 100 % is a "
			"holder, 0 % is turnover." },
	[W_HALF_LIFE] = { .key = "half_life_ms",
		.title = "HALF LIFE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "ms after which half of the objects were freed; null: longer than "
			"watched." },
	[W_ALLOCATED] = { .key = "allocated_bytes",
		.title = "ALLOCATED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "While it was watched, freed or not. An estimate." },
	[W_SAMPLES] = { .key = "samples",
		.title = "SAMPLES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[W_WHO] = { .key = "who",
		.title = "FOR",
		.flags = KT_COL_LABEL,
		.help = "Process, or function of the kernel's own work. In an interrupt, the "
			"process "
			"that ran has nothing to do with it." },
	[W_CONTEXT] = { .key = "context",
		.title = "CONTEXT",
		.flags = KT_COL_DATA_ONLY,
		.help = "null: of the sums.",
		.words = KT_USERS_CONTEXTS },
	[W_PID] = { .key = "pid",
		.title = "PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "Of most samples; null: in an interrupt." },
	[W_CGROUP] = { .key = "cgroup",
		.title = "CGROUP",
		.flags = KT_COL_WIDE,
		.help = "Path of the process's cgroup; null: unknown, or not of a process." },
	[W_STACK] = { .key = "stack",
		.title = "STACK",
		.flags = KT_COL_DATA_ONLY,
		.help = "Frames of the largest stack, innermost first, with ' < ' between." },
	[W_WHERE] = { .key = "where",
		.title = "CALLED BY",
		.flags = KT_COL_TEXT_ONLY | KT_COL_WRAP },
};

const struct kt_part kt_users_part_watched = {
	.key = "watched",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(watched_columns),
	.optional = KT_ANY_FORM,
	.help = "With --watch: who allocated while it was watched, and what was not freed.",
};

/* For flame graphs and other viewers: every stack, with the amount that is drawn first. */
static const struct kt_column watch_columns[] = {
	{ .key = "topic", .help = "What was watched." },
	{ .key = "watch_ms", .type = KT_CELL_COUNT, .help = "How long." },
	{ .key = "alloc_ms", .type = KT_CELL_COUNT, .help = "How long allocations were seen." },
	{ .key = "objects_before", .type = KT_CELL_COUNT, .help = "Exact count, at the start." },
	{ .key = "objects_middle",
		.type = KT_CELL_COUNT,
		.help = "When allocations were no longer seen." },
	{ .key = "objects_after", .type = KT_CELL_COUNT, .help = "At the end." },
	{ .key = "traced_allocs", .type = KT_CELL_COUNT, .help = "Events until the middle." },
	{ .key = "traced_frees", .type = KT_CELL_COUNT },
	{ .key = "coverage",
		.type = KT_CELL_SHARE,
		.help = "How much of what happened the events show; below 0.95 they are no "
			"evidence. null: not known." },
	{ .key = "verified",
		.type = KT_CELL_BOOL,
		.help = "What was left at the end was looked up in memory." },
	{ .key = "coverage_text", .help = "The same as a sentence." },
	{ .key = "held_bytes", .type = KT_CELL_BYTES, .help = "Not freed, by all stacks." },
	{ .key = "held_low_bytes", .type = KT_CELL_BYTES },
	{ .key = "held_high_bytes", .type = KT_CELL_BYTES },
	{ .key = "unseen_bytes",
		.type = KT_CELL_BYTES,
		.help = "Of vmalloc and per-CPU memory: allocated without an event, at least, by "
			"an exact count; null: there is none." },
	{ .key = "samples", .type = KT_CELL_COUNT },
	{ .key = "freed", .type = KT_CELL_COUNT, .help = "Samples that were seen to be freed." },
	{ .key = "unseen_frees",
		.type = KT_CELL_COUNT,
		.help = "Samples that are free in memory, although no free was seen." },
	{ .key = "lost", .type = KT_CELL_COUNT, .help = "Samples without room." },
	{ .key = "without_stack", .type = KT_CELL_COUNT },
	{ .key = "nested", .type = KT_CELL_COUNT, .help = "Events that a program missed." },
	{ .key = "unlisted_bytes",
		.type = KT_CELL_BYTES,
		.help = "A stack with less may have no sample, and be missing: in one of 100 "
			"cases." },
	{ .key = "cpu_ns", .type = KT_CELL_COUNT, .help = "CPU time that the watch took." },
	{ .key = "kernel_bytes", .type = KT_CELL_BYTES, .help = "Kernel memory that it took." },
};

const struct kt_part kt_users_part_watch = {
	.key = "watch",
	KT_COLUMNS_OF(watch_columns),
	.optional = KT_ANY_FORM,
	.help = "With --watch: how it was watched, and how much of it was seen.",
};

static struct kt_cell share_cell(double share)
{
	return share >= 0 ? kt_cell_real(share) : kt_cell_missing(KT_ABSENT, NULL);
}

static double error_of(const struct kt_estimate *estimate)
{
	double below = estimate->value - estimate->low, above = estimate->high - estimate->value;

	return estimate->value > 0 ? (below > above ? below : above) / estimate->value : 0;
}

static void put_amounts(struct kt_report_row *to, const struct kt_watched_row *row,
	const struct kt_watched_rows *rows)
{
	struct kt_estimate held = kt_watched_held(&row->sum.held, rows);
	struct kt_estimate share = kt_watched_held_share(&row->sum.held, rows);

	to->cells[W_HELD] = kt_cell_number(llround(held.value));
	to->cells[W_HELD_LOW] = kt_cell_number(llround(held.low));
	to->cells[W_HELD_HIGH] = kt_cell_number(llround(held.high));
	if (held.value > 0)
		to->cells[W_ERROR] = kt_cell_real(error_of(&held));
	if (rows->held.bytes > 0) {
		to->cells[W_SHARE] = kt_cell_real(share.value);
		to->cells[W_SHARE_LOW] = kt_cell_real(share.low);
		to->cells[W_SHARE_HIGH] = kt_cell_real(share.high);
	}
	to->cells[W_OBJECTS] = kt_cell_number(llround(row->sum.held.objects));
	if (row->sum.requested.nr && row->sum.requested.nr == row->sum.held.nr)
		to->cells[W_REQUESTED] = kt_cell_number(llround(row->sum.requested.bytes));
	to->cells[W_KEPT] = share_cell(row->kept);
	to->cells[W_HALF_LIFE] = kt_cell_known(row->half_life_ms);
	to->cells[W_ALLOCATED] = kt_cell_number(llround(row->sum.all.bytes));
	to->cells[W_SAMPLES] = kt_cell_number(row->sum.all.nr);
}

/* The caller, without its own. */
static const char *first_of(struct kt_report *report, const char *callers)
{
	const char *end = callers ? strstr(callers, " < ") : NULL;

	return end ? kt_arena_printf(&report->arena, "%.*s", (int)(end - callers), callers)
		   : callers;
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_watched_row *row, const struct kt_watched_rows *rows)
{
	struct kt_report_row *to = kt_table_row(report, table);

	if (!to)
		return;
	to->cells[W_NAME] = kt_report_text(report,
		row->module ? kt_arena_printf(&report->arena, "%s [%s]", row->function, row->module)
			    : row->function);
	to->cells[W_MODULE] = kt_report_text(report, row->module);
	to->cells[W_CALLERS] = kt_report_text(report, row->callers);
	put_amounts(to, row, rows);
	to->cells[W_WHO] = kt_report_text(
		report, row->who && row->sum.others && row->sum.by == KT_BY_TASK
				? kt_arena_printf(&report->arena, "%s and others", row->sum.comm)
				: row->who);
	to->cells[W_CONTEXT] = kt_cell_text(kt_users_context(row->sum.by));
	if (row->sum.by == KT_BY_TASK) {
		to->cells[W_PID] = kt_cell_known(row->sum.pid);
		to->cells[W_CGROUP] = kt_report_text(report, row->sum.path);
	}
	to->cells[W_STACK] = kt_report_text(
		report, kt_users_stack_text(report, row->sum.frames, row->sum.nr_frames));
	to->cells[W_WHERE] = kt_report_text(report, first_of(report, row->callers));
}

/* ---- what it means ---- */

static const char *seconds_text(int64_t ms, char text[32])
{
	int64_t seconds = (ms + 500) / 1000;

	if (seconds < 120 || seconds % 60)
		snprintf(text, 32, "%lld s", (long long)seconds);
	else
		snprintf(text, 32, "%lld min", (long long)seconds / 60);
	return text;
}

/* Whether what is shown as held is: by memory, or because events show all that happens. */
static bool is_evidence(const struct kt_watched_whole *watch, const struct kt_coverage *coverage)
{
	return watch->verified || coverage->least >= KT_COVERAGE_ENOUGH;
}

static void put_headline(struct kt_report *report, const struct kt_watched_whole *watch,
	const struct kt_coverage *coverage, const struct kt_watched_rows *rows)
{
	struct kt_estimate held = kt_watched_held(&rows->held, rows);
	char lasted[32], begun[KT_WHEN_ROOM], bytes[24], low[24], high[24], all[24];

	kt_human_bytes(llround(held.value), bytes);
	kt_human_bytes(llround(held.low), low);
	kt_human_bytes(llround(held.high), high);
	kt_human_bytes(llround(rows->all.bytes), all);
	if (kt_known(watch->begun_s))
		kt_when_local(watch->begun_s * 1000, begun);
	kt_report_headline(report, "%s, watched for %s%s%s: %s allocated, %s of it %s (%s to %s)",
		watch->topic, seconds_text(watch->watch_ms, lasted),
		kt_known(watch->begun_s) ? " from " : "", kt_known(watch->begun_s) ? begun : "",
		all, bytes, is_evidence(watch, coverage) ? "not freed" : "not seen to be freed",
		low, high);
}

/* Places that the kernel did not let a program be attached to, by its reason. */
static void put_gaps(struct kt_report *report, const struct kt_watched_whole *watch)
{
	if (watch->closed)
		kt_report_note(report, "watched beyond the tracepoints: %s", watch->closed);
	for (uint32_t i = 0; i < watch->nr_gaps; i++) {
		const char *why = watch->gaps[i].why;
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		bool told = false;

		for (uint32_t k = 0; k < watch->nr_gaps; k++) {
			if (strcmp(watch->gaps[k].why, why) != 0)
				continue;
			told |= k < i;
			kt_buf_join(&text, ", ", "%s", watch->gaps[k].what);
		}
		if (!told)
			kt_report_note(report, "not seen by events on this kernel (%s): %s", why,
				kt_arena_text(&report->arena, &text));
	}
}

/* Frees of this memory have no size, so an exact count says only that no allocation is missing. */
static const char *bound_text(struct kt_report *report, const struct kt_watched_whole *watch)
{
	int64_t change = watch->bytes_middle - watch->bytes_before;
	char grown[24], allocated[24], freed[24];

	kt_human_bytes(change < 0 ? -change : change, grown);
	kt_human_bytes(watch->bytes_allocated, allocated);
	kt_human_bytes(watch->bytes_freed, freed);
	return kt_arena_printf(&report->arena,
		"no allocation is missing by the exact count: it %s by %s, events showed %s "
		"allocated and %s of it freed; frees of older memory have no size",
		change < 0 ? "fell" : "rose", grown, allocated, freed);
}

static const char *coverage_text(struct kt_report *report, const struct kt_watched_whole *watch,
	const struct kt_coverage *coverage)
{
	if (coverage->unseen_bytes == 0)
		return bound_text(report, watch);
	if (coverage->least < 0)
		return "how much of it events showed is not known: no exact count to compare with";
	if (coverage->least < KT_COVERAGE_ENOUGH)
		return kt_arena_printf(&report->arena,
			"events showed only %.1f %% of what happened, so they are no evidence for "
			"a holder: not observable by events on this kernel%s",
			100 * coverage->least,
			watch->verified ? "; HELD is what memory still has" : "");
	return kt_arena_printf(
		&report->arena, "events showed %.1f %% of what happened", 100 * coverage->least);
}

static void put_watch(struct kt_report *report, const struct kt_watched_whole *watch,
	const struct kt_coverage *coverage, const struct kt_watched_rows *rows)
{
	struct kt_estimate held = kt_watched_held(&rows->held, rows);
	const struct kt_cell cells[KT_LEN(watch_columns)] = { kt_report_text(report, watch->topic),
		kt_cell_number(watch->watch_ms), kt_cell_number(watch->alloc_ms),
		kt_cell_known(watch->objs_before), kt_cell_known(watch->objs_middle),
		kt_cell_known(watch->objs_after), kt_cell_known(watch->nr_allocs),
		kt_cell_known(watch->nr_frees), share_cell(coverage->least),
		kt_cell_number(watch->verified),
		kt_report_text(report, coverage_text(report, watch, coverage)),
		kt_cell_number(llround(held.value)), kt_cell_number(llround(held.low)),
		kt_cell_number(llround(held.high)), kt_cell_known(coverage->unseen_bytes),
		kt_cell_number(watch->nr_samples), kt_cell_number(watch->nr_freed),
		kt_cell_number(watch->nr_unseen), kt_cell_number(watch->nr_lost),
		kt_cell_number(watch->nr_no_stack), kt_cell_number(watch->nr_nested),
		kt_cell_number(watch->unlisted_bytes), kt_cell_number(watch->cpu_ns),
		kt_cell_number(watch->kernel_bytes) };

	for (size_t i = 0; i < KT_LEN(watch_columns); i++)
		kt_report_field(
			report, "watch", watch_columns[i].key, watch_columns[i].type, cells[i]);
}

static void put_coverage(struct kt_report *report, const struct kt_watched_whole *watch,
	const struct kt_coverage *coverage)
{
	kt_report_note(report, "%s", coverage_text(report, watch, coverage));
	if (coverage->unseen_bytes > 0) {
		char bytes[24];

		kt_human_bytes(coverage->unseen_bytes, bytes);
		kt_report_note(report,
			"by the exact count %s and more were allocated that no event showed",
			bytes);
	}
	if (coverage->has_counted && coverage->has_traced)
		kt_report_note(report,
			"objects in use: %+lld by exact counts, %+lld by events (%lld allocated, "
			"%lld freed)",
			(long long)coverage->counted, (long long)coverage->traced,
			(long long)watch->nr_allocs, (long long)watch->nr_frees);
	if (watch->nr_unseen)
		kt_report_note(report,
			"samples that are free in memory although no free was seen: %lld of %lld; "
			"they are not in HELD",
			(long long)watch->nr_unseen, (long long)watch->nr_samples);
}

static void put_unlisted(struct kt_report *report, const struct kt_watched_whole *watch)
{
	char bytes[24];

	if (!watch->unlisted_bytes)
		return;
	kt_human_bytes(watch->unlisted_bytes, bytes);
	kt_report_note(report, "a stack that allocated less than %s may be missing here", bytes);
}

static void put_removed(struct kt_report *report, const struct kt_watched_whole *watch)
{
	if (watch->removed)
		kt_report_note(report,
			"%s was removed while it was watched: its objects are free, or it has "
			"another "
			"place now",
			watch->topic);
}

static void put_cost(struct kt_report *report, const struct kt_watched_whole *watch)
{
	double share = watch->watch_ms ? (double)watch->cpu_ns / 1e6 / (double)watch->watch_ms : 0;
	char bytes[24];

	kt_human_bytes(watch->kernel_bytes, bytes);
	kt_report_note(report,
		"the watch took %.2f %% of a CPU and %s of kernel memory, which is free again",
		100 * share, bytes);
	if (watch->over_budget)
		kt_report_note(report,
			"it ended early, because it took as much CPU time as it may (--cpu)");
	if (watch->nr_lost || watch->nr_nested || watch->nr_no_stack)
		kt_report_note(report,
			"dropped: %lld samples without room, %lld events in the middle of another; "
			"%lld samples have no stack",
			(long long)watch->nr_lost, (long long)watch->nr_nested,
			(long long)watch->nr_no_stack);
}

/* The paragraph for a report of a fault. */
static void put_paragraph(struct kt_report *report, const struct kt_watched_whole *watch,
	const struct kt_coverage *coverage, const struct kt_watched_rows *rows)
{
	const struct kt_watched_row *row = rows->rows.count ? &rows->rows.items[0] : NULL;
	struct kt_estimate held, share;
	char bytes[24], low[24], high[24], lasted[32];

	if (!row || row->sum.held.bytes <= 0 || !is_evidence(watch, coverage))
		return;
	held = kt_watched_held(&row->sum.held, rows);
	share = kt_watched_held_share(&row->sum.held, rows);
	kt_human_bytes(llround(held.value), bytes);
	kt_human_bytes(llround(held.low), low);
	kt_human_bytes(llround(held.high), high);
	kt_report_note(report,
		"most is held by %s%s%s%s%s%s: in %s it allocated and did not free %s (%s to %s), "
		"%.0f %% (%.0f to %.0f %%) of all that was not freed; of its objects, %.0f %% "
		"outlived the watch",
		row->function, row->module ? " of module " : "", row->module ? row->module : "",
		row->callers ? ", called by " : "", row->callers ? row->callers : "",
		row->sum.by == KT_BY_INTERRUPT ? ", in an interrupt" : "",
		seconds_text(watch->alloc_ms, lasted), bytes, low, high, 100 * share.value,
		100 * share.low, 100 * share.high, row->kept < 0 ? 0 : 100 * row->kept);
}

static void put_report(struct kt_report *report, const struct kt_snapshot *snap, uint32_t number,
	struct kt_watched_rows *rows)
{
	const struct kt_watched_whole *watch = &snap->watches.items[number];
	struct kt_coverage coverage = kt_watched_coverage(watch);
	struct kt_table *table;

	kt_watched_group(&report->arena, snap, number, rows);
	put_headline(report, watch, &coverage, rows);
	put_watch(report, watch, &coverage, rows);
	kt_users_put_profile(report, snap, number, rows);
	table = kt_report_list(report, "watched", "Who allocated, and what was not freed",
		watched_columns, KT_LEN(watched_columns));
	for (size_t i = 0; table && i < rows->rows.count; i++)
		put_row(report, table, &rows->rows.items[i], rows);
	put_paragraph(report, watch, &coverage, rows);
	put_removed(report, watch);
	put_coverage(report, watch, &coverage);
	put_unlisted(report, watch);
	put_gaps(report, watch);
	if (rows->nr_other)
		kt_report_note(report,
			"samples that became memory with a counter of its own, such as slabs or "
			"page "
			"tables, and are in no row: %lld",
			(long long)rows->nr_other);
	put_cost(report, watch);
}

static void put_stacks(struct kt_report *report, const struct kt_watched_rows *rows)
{
	struct kt_table *table = NULL;

	for (size_t i = 0; i < rows->rows.count && i < STACKS_SHOWN; i++) {
		const struct kt_watched_row *row = &rows->rows.items[i];

		kt_users_put_frames(report, &table, row->function,
			kt_cell_number(llround(row->sum.held.bytes)), row->sum.frames,
			row->sum.nr_frames);
	}
}

void kt_users_watch_put(
	struct kt_report *report, const struct kt_snapshot *snap, uint32_t number, bool stacks)
{
	struct kt_watched_rows rows;

	put_report(report, snap, number, &rows);
	if (stacks)
		put_stacks(report, &rows);
}

const char *kt_users_watch_says(
	struct kt_arena *arena, const struct kt_snapshot *snap, uint32_t number)
{
	const struct kt_watched_whole *watch = &snap->watches.items[number];
	struct kt_coverage coverage = kt_watched_coverage(watch);
	struct kt_watched_rows rows;
	char bytes[24];

	kt_watched_group(arena, snap, number, &rows);
	if (!rows.rows.count || rows.rows.items[0].sum.held.bytes <= 0)
		return kt_arena_printf(arena, "nothing that was allocated stayed");
	if (!is_evidence(watch, &coverage))
		return kt_arena_printf(arena, "not observable by events on this kernel");
	kt_human_bytes(llround(rows.rows.items[0].sum.held.bytes), bytes);
	return kt_arena_printf(arena, "%s held by %s%s%s%s%s%s", bytes, rows.rows.items[0].function,
		rows.rows.items[0].module ? " [" : "",
		rows.rows.items[0].module ? rows.rows.items[0].module : "",
		rows.rows.items[0].module ? "]" : "", rows.rows.items[0].who ? ", for " : "",
		rows.rows.items[0].who ? rows.rows.items[0].who : "");
}

/* ---- the watch ---- */

const struct kt_needs kt_users_watch_needs = { .only = KT_SOURCES(&kt_source_host, &kt_source_meta,
						       &kt_source_vmstat, &kt_source_meminfo,
						       &kt_source_iomem, &kt_source_slabs) };

static uint64_t now_ns(void)
{
	return (uint64_t)kt_pace_clock_ms() * 1000000;
}

static void tell(const struct kt_users_watch_opts *opts, struct kt_alloc_watch *watch, bool ends)
{
	struct kt_alloc_progress now;

	if (!opts->tell)
		return;
	now = kt_alloc_watch_progress(watch, now_ns());
	opts->tell(&(struct kt_users_progress){ .stage = ends		  ? KT_USERS_ENDS
							 : now.frees_only ? KT_USERS_FREES
									  : KT_USERS_ALLOCATIONS,
		.elapsed_ms = (int64_t)(now.elapsed_ns / 1000000),
		.nr_samples = now.nr_samples,
		.cpu_ns = (int64_t)now.cpu_ns });
}

static struct kt_err *watch_for(
	struct kt_alloc_watch *watch, const struct kt_users_watch_opts *opts)
{
	struct kt_pace *pace = NULL;
	struct kt_err *err = kt_pace_start(STEP_S, &pace);
	struct kt_moment now;
	int64_t told_ms = 0;

	while (!err && kt_pace_next(pace, &now, &err) && kt_alloc_watch_step(watch, now_ns())) {
		if (now.boot_ms - told_ms < TELL_MS)
			continue;
		tell(opts, watch, false);
		told_ms = now.boot_ms;
	}
	/* before signals are let in again: the result must not be lost to a second one */
	if (!err)
		tell(opts, watch, true);
	kt_pace_stop(pace);
	return err;
}

struct kt_err *kt_users_watch(const struct kt_call *call, const struct kt_users_watch_opts *opts,
	bool stacks, struct kt_machine *machine, struct kt_report *report)
{
	struct kt_alloc_watch_opts watch_opts = { .pool = KT_TRACE_SLAB,
		.seconds = opts->seconds,
		.cpu_share = (double)(opts->cpu_percent ? opts->cpu_percent : 1) / 100 };
	KT_CLEANUP(alloc_watch) struct kt_alloc_watch *watch = NULL;
	const char *word = call->nr_operands ? call->operands[0] : "slab";
	struct kt_err *err;

	if (kt_root_kind(machine->root) != KT_ROOT_LIVE)
		return kt_err_new(KT_ERR_USAGE, "--watch takes the running machine, without -s");
	err = kt_users_watch_find(word, machine->root, &watch_opts);
	if (err)
		return err;
	machine->snap->asked_cache = watch_opts.cache;
	err = kt_machine_collect(machine, 0, &kt_users_watch_needs);
	if (!err)
		err = kt_alloc_watch_open(machine->root, machine->snap, &watch_opts, &watch);
	if (!err)
		err = kt_alloc_watch_start(watch, now_ns());
	if (!err)
		err = watch_for(watch, opts);
	if (!err)
		err = kt_alloc_watch_end(watch, now_ns());
	if (err)
		return kt_machine_blame(&call->machine, err);
	kt_machine_describe(machine, report);
	kt_report_field(report, NULL, "what", KT_CELL_TEXT,
		kt_report_text(report, call->nr_operands ? call->operands[0] : NULL));
	kt_users_watch_put(report, machine->snap, 0, stacks);
	return NULL;
}
