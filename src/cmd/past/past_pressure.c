// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/past_pressure.h"

#include "base/buf.h"
#include "base/human.h"
#include "cmd/account/account_pressure.h"

#define US_PER_SEC 1e6

static const struct kt_column columns[] = {
	{ .key = "available_least_bytes",
		.type = KT_CELL_BYTES,
		.help = "The least available memory of the lines." },
	{ .key = "some_seconds",
		.type = KT_CELL_REAL,
		.help = "Time in which some task waited for memory." },
	{ .key = "full_seconds",
		.type = KT_CELL_REAL,
		.help = "Time in which all tasks waited for memory." },
	{ .key = "oom_kills", .type = KT_CELL_COUNT },
	{ .key = "allocation_stalls",
		.type = KT_CELL_COUNT,
		.help = "Allocations that had to free memory first." },
};

const struct kt_part kt_past_pressure_part = {
	.key = KT_PRESSURE_GROUP,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Whether memory was short, from the first to the last line; null: not known. "
		"Missing with --series and --pools.",
};

static int64_t metric(const struct kt_snapshot *snap, enum kt_metric id)
{
	struct kt_val val = kt_snapshot_get(snap, id, KT_NO_NODE);

	return kt_ok(val) ? val.value : KT_UNKNOWN;
}

/* A counter begins at 0 with each boot; only before the first line it may have any value. */
static void add_counter(struct kt_past_pressure *pressure, size_t i, int64_t now, bool rebooted)
{
	int64_t last = rebooted ? 0 : pressure->last[i];

	if (pressure->nr_samples && kt_known(now) && kt_known(last) && now >= last)
		pressure->by[i] = (kt_known(pressure->by[i]) ? pressure->by[i] : 0) + (now - last);
	pressure->last[i] = now;
}

void kt_past_pressure_add(
	struct kt_past_pressure *pressure, const struct kt_snapshot *snap, uint32_t boot)
{
	const int64_t now[KT_PAST_COUNTERS] = {
		[KT_PAST_KILLS] = kt_pressure_oom_kills(snap),
		[KT_PAST_STALLS] = kt_pressure_stalls(snap),
		[KT_PAST_SOME_US] = metric(snap, KT_PRESSURE_SOME_US),
		[KT_PAST_FULL_US] = metric(snap, KT_PRESSURE_FULL_US),
	};
	int64_t available = metric(snap, KT_MEM_AVAILABLE);

	if (!pressure->nr_samples) {
		for (size_t i = 0; i < KT_PAST_COUNTERS; i++)
			pressure->last[i] = pressure->by[i] = KT_UNKNOWN;
		pressure->available_bytes = KT_UNKNOWN;
	}
	for (size_t i = 0; i < KT_PAST_COUNTERS; i++)
		add_counter(pressure, i, now[i], pressure->nr_samples && boot != pressure->boot);
	if (kt_known(available) &&
		(!kt_known(pressure->available_bytes) || available < pressure->available_bytes))
		pressure->available_bytes = available;
	pressure->boot = boot;
	pressure->nr_samples++;
}

static struct kt_cell seconds(int64_t us)
{
	return kt_known(us) ? kt_cell_real((double)us / US_PER_SEC)
			    : kt_cell_missing(KT_ABSENT, NULL);
}

static void put_text(const struct kt_past_pressure *pressure, struct kt_report *report)
{
	const int64_t *by = pressure->by;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char human[24];

	if (kt_known(pressure->available_bytes)) {
		kt_human_bytes(pressure->available_bytes, human);
		kt_buf_join(&text, ", ", "least available %s", human);
	}
	if (kt_known(by[KT_PAST_SOME_US]))
		kt_buf_join(&text, ", ", "waited for memory %.1f s",
			(double)by[KT_PAST_SOME_US] / US_PER_SEC);
	else if (pressure->nr_samples > 1)
		kt_buf_join(&text, ", ", "waiting for memory not known");
	if (kt_known(by[KT_PAST_KILLS]))
		kt_buf_join(&text, ", ", "%lld OOM kill%s", (long long)by[KT_PAST_KILLS],
			by[KT_PAST_KILLS] == 1 ? "" : "s");
	if (kt_known(by[KT_PAST_STALLS]))
		kt_buf_join(&text, ", ", "%lld stall%s", (long long)by[KT_PAST_STALLS],
			by[KT_PAST_STALLS] == 1 ? "" : "s");
	report->arena.failed |= text.failed;
	if (text.size)
		kt_report_headline(report, "%s", kt_arena_text(&report->arena, &text));
}

void kt_past_pressure_put(const struct kt_past_pressure *pressure, struct kt_report *report)
{
	if (!pressure->nr_samples)
		return;
	kt_report_field(report, KT_PRESSURE_GROUP, "available_least_bytes", KT_CELL_BYTES,
		kt_cell_known(pressure->available_bytes));
	kt_report_field(report, KT_PRESSURE_GROUP, "some_seconds", KT_CELL_REAL,
		seconds(pressure->by[KT_PAST_SOME_US]));
	kt_report_field(report, KT_PRESSURE_GROUP, "full_seconds", KT_CELL_REAL,
		seconds(pressure->by[KT_PAST_FULL_US]));
	kt_report_field(report, KT_PRESSURE_GROUP, "oom_kills", KT_CELL_COUNT,
		kt_cell_known(pressure->by[KT_PAST_KILLS]));
	kt_report_field(report, KT_PRESSURE_GROUP, "allocation_stalls", KT_CELL_COUNT,
		kt_cell_known(pressure->by[KT_PAST_STALLS]));
	put_text(pressure, report);
}
