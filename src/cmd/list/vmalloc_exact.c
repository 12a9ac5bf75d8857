// SPDX-License-Identifier: GPL-2.0-or-later
//
// "vmalloc --exact": freed areas that the kernel has not purged yet, from three sides: its own
// lists, its counter, and the lines of /proc/vmallocinfo. And the sizes that callers asked for,
// which are rounded up to pages.

#include "cmd/list/vmalloc_exact.h"

#include "base/human.h"
#include "source/source.h"

static const struct kt_column lazy_columns[] = {
	{ .key = "areas", .type = KT_CELL_COUNT, .help = "Freed areas in the kernel's lists." },
	{ .key = "address_bytes",
		.type = KT_CELL_BYTES,
		.help = "Their addresses, guard pages included; no memory." },
	{ .key = "counter_bytes",
		.type = KT_CELL_BYTES,
		.help = "By the kernel's counter vmap_lazy_nr; null where it has no name." },
	{ .key = "difference_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Addresses in the lists minus counter." },
	{ .key = "listed_areas",
		.type = KT_CELL_COUNT,
		.help = "Lines 'unpurged vm_area' of /proc/vmallocinfo." },
	{ .key = "listed_bytes", .type = KT_CELL_BYTES, .help = "Addresses of these lines." },
	{ .key = "pooled_areas",
		.type = KT_CELL_COUNT,
		.help = "Purged areas that are kept for the next caller; null where the kernel "
			"keeps none." },
	{ .key = "pooled_bytes", .type = KT_CELL_BYTES },
	{ .key = "torn_lists",
		.type = KT_CELL_COUNT,
		.help = "Lists that changed each time they were read: their areas are missing." },
};

static const struct kt_column requested_columns[] = {
	{ .key = "requested_areas",
		.type = KT_CELL_COUNT,
		.help = "Areas whose requested size the kernel keeps." },
	{ .key = "requested_bytes", .type = KT_CELL_BYTES, .help = "As their callers asked." },
	{ .key = "taken_bytes", .type = KT_CELL_BYTES, .help = "Memory of the same areas." },
};

const struct kt_part kt_vmalloc_lazy_part = {
	.key = "lazy",
	KT_COLUMNS_OF(lazy_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --exact: areas that were freed and not purged yet, in kernel memory.",
};

const struct kt_part kt_vmalloc_requested_part = {
	.key = "requested",
	KT_COLUMNS_OF(requested_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --exact, where the kernel keeps it.",
};

static void put(struct kt_report *report, const char *object, const char *key,
	enum kt_cell_type type, int64_t number)
{
	kt_report_field(report, object, key, type, kt_cell_known(number));
}

static void put_lazy(struct kt_report *report, const struct kt_lazy_areas *areas)
{
	int64_t off = areas->lazy_bytes - areas->counter_bytes;

	put(report, "lazy", "areas", KT_CELL_COUNT, areas->nr_lazy);
	put(report, "lazy", "address_bytes", KT_CELL_BYTES, areas->lazy_bytes);
	put(report, "lazy", "counter_bytes", KT_CELL_BYTES, areas->counter_bytes);
	kt_report_field(report, "lazy", "difference_bytes", KT_CELL_BYTES,
		kt_known(areas->counter_bytes) ? kt_cell_number(off)
					       : kt_cell_missing(KT_ABSENT, NULL));
	put(report, "lazy", "listed_areas", KT_CELL_COUNT, areas->nr_listed);
	put(report, "lazy", "listed_bytes", KT_CELL_BYTES, areas->listed_bytes);
	put(report, "lazy", "pooled_areas", KT_CELL_COUNT, areas->nr_pooled);
	put(report, "lazy", "pooled_bytes", KT_CELL_BYTES, areas->pooled_bytes);
	put(report, "lazy", "torn_lists", KT_CELL_COUNT, areas->nr_torn);
}

static void note_lazy(struct kt_report *report, const struct kt_lazy_areas *areas)
{
	char here[24], counter[24] = "not known", listed[24] = "not known";

	kt_human_bytes(areas->lazy_bytes, here);
	if (kt_known(areas->counter_bytes))
		kt_human_bytes(areas->counter_bytes, counter);
	if (kt_known(areas->listed_bytes))
		kt_human_bytes(areas->listed_bytes, listed);
	kt_report_note(report,
		"freed and not yet purged: %lld areas with %s of addresses in the kernel's lists; "
		"%s by its counter, %s in /proc/vmallocinfo. They hold no memory of vmalloc",
		(long long)areas->nr_lazy, here, counter, listed);
	if (areas->nr_torn)
		kt_report_note(report,
			"%lld lists of areas changed each time they were read: their areas are "
			"missing here",
			(long long)areas->nr_torn);
}

static void put_requested(struct kt_report *report, const struct kt_lazy_areas *areas)
{
	char asked[24], taken[24], rest[24];

	put(report, "requested", "requested_areas", KT_CELL_COUNT, areas->nr_asked);
	put(report, "requested", "requested_bytes", KT_CELL_BYTES, areas->asked_bytes);
	put(report, "requested", "taken_bytes", KT_CELL_BYTES, areas->taken_bytes);
	kt_human_bytes(areas->asked_bytes, asked);
	kt_human_bytes(areas->taken_bytes, taken);
	kt_human_bytes(areas->taken_bytes - areas->asked_bytes, rest);
	kt_report_note(report,
		"callers asked for %s in %lld areas that hold %s: %s are the rounding to pages",
		asked, (long long)areas->nr_asked, taken, rest);
}

void kt_vmalloc_put_exact(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_lazy_areas *areas =
		snap->lazy_areas.count ? &snap->lazy_areas.items[0] : NULL;

	if (!areas)
		return;
	put_lazy(report, areas);
	note_lazy(report, areas);
	if (kt_known(areas->asked_bytes))
		put_requested(report, areas);
	else
		kt_report_note(report,
			"this kernel does not keep the sizes that callers asked for, only pages");
}
