// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/account/account_pressure.h"

#include "base/human.h"

#include <string.h>

#define PER_SHARE  10000.0 /* hundredths of a percent */
#define US_PER_SEC 1e6

enum {
	AVAILABLE,
	SWAP,
	SWAP_FREE,
	SOME_10S,
	SOME_60S,
	SOME_300S,
	SOME_SECONDS,
	FULL_10S,
	FULL_60S,
	FULL_300S,
	FULL_SECONDS,
	OOM_KILLS,
	STALLS,
	NR_COLUMNS
};

static const struct kt_column columns[] = {
	[AVAILABLE] = { .key = KT_PRESSURE_AVAILABLE,
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(PRESSURE_AVAILABLE_BYTES),
		.help = "The kernel's estimate of memory for new programs without swapping." },
	[SWAP] = { .key = "swap_bytes",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(PRESSURE_SWAP_BYTES),
		.help = "Swap space; 0: the machine has none." },
	[SWAP_FREE] = { .key = "swap_free_bytes",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(PRESSURE_SWAP_FREE_BYTES) },
	[SOME_10S] = { .key = "some_10s",
		.type = KT_CELL_SHARE,
		.help = "Fraction of the last 10 s in which some task waited for memory (PSI)." },
	[SOME_60S] = { .key = "some_60s",
		.type = KT_CELL_SHARE,
		.metric = KT_FAMILY(PRESSURE_SOME_RATIO) },
	[SOME_300S] = { .key = "some_300s", .type = KT_CELL_SHARE },
	[SOME_SECONDS] = { .key = "some_seconds",
		.type = KT_CELL_REAL,
		.metric = KT_FAMILY(PRESSURE_SOME_SECONDS),
		.help = "Since the boot." },
	[FULL_10S] = { .key = "full_10s",
		.type = KT_CELL_SHARE,
		.help = "Fraction of the last 10 s in which all tasks waited for memory." },
	[FULL_60S] = { .key = "full_60s",
		.type = KT_CELL_SHARE,
		.metric = KT_FAMILY(PRESSURE_FULL_RATIO) },
	[FULL_300S] = { .key = "full_300s", .type = KT_CELL_SHARE },
	[FULL_SECONDS] = { .key = "full_seconds",
		.type = KT_CELL_REAL,
		.metric = KT_FAMILY(PRESSURE_FULL_SECONDS),
		.help = "Since the boot." },
	[OOM_KILLS] = { .key = "oom_kills",
		.type = KT_CELL_COUNT,
		.metric = KT_FAMILY(PRESSURE_OOM_KILLS),
		.help = "Processes killed for lack of memory since the boot." },
	[STALLS] = { .key = "allocation_stalls",
		.type = KT_CELL_COUNT,
		.metric = KT_FAMILY(PRESSURE_ALLOCATION_STALLS),
		.help = "Allocations since the boot that had to free memory first." },
};

const struct kt_part kt_pressure_part = {
	.key = KT_PRESSURE_GROUP,
	KT_COLUMNS_OF(columns),
	.help = "Whether memory is short; null: not known.",
};

/* The metric of a column; events have none. */
static const enum kt_metric metrics[NR_COLUMNS] = {
	[AVAILABLE] = KT_MEM_AVAILABLE,
	[SWAP] = KT_SWAP_TOTAL,
	[SWAP_FREE] = KT_SWAP_FREE,
	[SOME_10S] = KT_PRESSURE_SOME_10S,
	[SOME_60S] = KT_PRESSURE_SOME_60S,
	[SOME_300S] = KT_PRESSURE_SOME_300S,
	[SOME_SECONDS] = KT_PRESSURE_SOME_US,
	[FULL_10S] = KT_PRESSURE_FULL_10S,
	[FULL_60S] = KT_PRESSURE_FULL_60S,
	[FULL_300S] = KT_PRESSURE_FULL_300S,
	[FULL_SECONDS] = KT_PRESSURE_FULL_US,
	[OOM_KILLS] = KT_METRIC_NONE,
	[STALLS] = KT_METRIC_NONE,
};

/* ---- events ---- */

int64_t kt_pressure_oom_kills(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->events.count; i++) {
		if (strcmp(snap->events.items[i].name, "oom_kill") == 0)
			return snap->events.items[i].count;
	}
	return KT_UNKNOWN;
}

/* One event for each zone since Linux 4.10 (commit 7cc30fcfd2a8); before, one for all. */
int64_t kt_pressure_stalls(const struct kt_snapshot *snap)
{
	static const char prefix[] = "allocstall";
	int64_t sum = KT_UNKNOWN;

	for (size_t i = 0; i < snap->events.count; i++) {
		const struct kt_vm_event *event = &snap->events.items[i];

		if (strncmp(event->name, prefix, sizeof(prefix) - 1) == 0)
			sum = (kt_known(sum) ? sum : 0) +
			      (event->count < KT_AMOUNT_MAX ? event->count : KT_AMOUNT_MAX);
	}
	return sum;
}

/* ---- fields ---- */

static struct kt_cell event_cell(int64_t count)
{
	return kt_known(count) ? kt_cell_number(count)
			       : kt_cell_missing(KT_ABSENT, "this kernel does not count it");
}

static struct kt_cell cell_of(
	struct kt_report *report, const struct kt_snapshot *snap, size_t column)
{
	struct kt_val val;

	if (column == OOM_KILLS)
		return event_cell(kt_pressure_oom_kills(snap));
	if (column == STALLS)
		return event_cell(kt_pressure_stalls(snap));
	val = kt_snapshot_get(snap, metrics[column], KT_NO_NODE);
	if (!kt_ok(val))
		return kt_report_missing(report, val.state, val.reason);
	if (columns[column].type == KT_CELL_SHARE)
		return kt_cell_real((double)val.value / PER_SHARE);
	if (columns[column].type == KT_CELL_REAL)
		return kt_cell_real((double)val.value / US_PER_SEC);
	return kt_cell_number(val.value);
}

void kt_pressure_put(struct kt_report *report, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		struct kt_field *field = kt_report_field(report, KT_PRESSURE_GROUP, columns[i].key,
			columns[i].type, cell_of(report, snap, i));

		if (field)
			field->metric = columns[i].metric;
	}
}

/* ---- text ---- */

static const struct kt_cell *value(const struct kt_report *report, size_t column)
{
	return kt_report_value(report, KT_PRESSURE_GROUP, columns[column].key);
}

static void put_swap(const struct kt_report *report, struct kt_buf *text, struct kt_buf *unknown)
{
	const struct kt_cell *total = value(report, SWAP), *left = value(report, SWAP_FREE);
	char used_text[24], total_text[24];

	if (!total || (total->number && (!left || left->number > total->number))) {
		kt_buf_join(unknown, ", ", "swap");
		return;
	}
	if (!total->number) {
		kt_buf_join(text, ", ", "no swap");
		return;
	}
	kt_human_bytes(total->number - left->number, used_text);
	kt_human_bytes(total->number, total_text);
	kt_buf_join(text, ", ", "swap %s of %s used", used_text, total_text);
}

static void put_shares(const struct kt_report *report, struct kt_buf *text, struct kt_buf *unknown)
{
	const struct kt_cell *some = value(report, SOME_10S), *full = value(report, FULL_10S);

	if (!some) {
		kt_buf_join(unknown, ", ", "pressure");
		return;
	}
	kt_buf_join(text, ", ", "pressure %.1f %%", some->real * 100);
	if (full)
		kt_buf_printf(text, ", full %.1f %%", full->real * 100);
}

static void put_events(const struct kt_report *report, struct kt_buf *text, struct kt_buf *unknown)
{
	const struct kt_cell *kills = value(report, OOM_KILLS), *stalls = value(report, STALLS);

	if (kills)
		kt_buf_join(text, ", ", "%lld OOM kill%s", (long long)kills->number,
			kills->number == 1 ? "" : "s");
	else
		kt_buf_join(unknown, ", ", "OOM kills");
	if (stalls)
		kt_buf_join(text, ", ", "%lld stall%s", (long long)stalls->number,
			stalls->number == 1 ? "" : "s");
	else
		kt_buf_join(unknown, ", ", "stalls");
}

void kt_pressure_write(const struct kt_report *report, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf unknown = { 0 };
	const struct kt_cell *available = value(report, AVAILABLE);
	size_t begin = ret_text->size;
	char human[24];

	if (available) {
		kt_human_bytes(available->number, human);
		kt_buf_join(ret_text, ", ", "available %s", human);
	} else {
		kt_buf_join(&unknown, ", ", "available memory");
	}
	put_swap(report, ret_text, &unknown);
	put_shares(report, ret_text, &unknown);
	put_events(report, ret_text, &unknown);
	if (ret_text->size > begin && unknown.size)
		kt_buf_printf(ret_text, "; not known: %.*s", (int)unknown.size, unknown.data);
	ret_text->failed |= unknown.failed;
}

void kt_pressure_put_head(struct kt_report *report, const struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_pressure_put(report, snap);
	kt_pressure_write(report, &text);
	report->arena.failed |= text.failed;
	if (text.size)
		kt_report_headline(report, "%.*s", (int)text.size, text.data);
}
