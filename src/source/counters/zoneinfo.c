// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/zoneinfo: the pages of each zone, and, in no other file, the free pages in per-CPU
// lists. Source: mm/vmstat.c, zoneinfo_show_print(). Before Linux 4.8 (commit 599d0c954f91) all
// counters are kept by zone; newer kernels print node counters below the node's first zone. Adding
// up by node reads both forms.

#include "source/counters/keyed.h"
#include "source/source.h"

#define ZONES_MAX 1024u /* zones of a machine */
#define NODE_MAX  1024u

/* State of the zone whose lines are being read. */
struct reading {
	struct kt_zone *zone;
	bool pcp_bad; /* a CPU's count could not be read */
};

static struct kt_zone *new_zone(
	struct kt_snapshot *snap, size_t first, struct kt_span line, struct kt_err **ret_err)
{
	struct kt_span number, name;
	struct kt_zone *zone;
	uint64_t node;

	if (!kt_span_skip(&line, "Node ") || !kt_span_take_u64(&line, &node) || node > NODE_MAX ||
		!kt_span_skip(&line, ",") || !kt_span_word(&line, &number) ||
		!kt_span_eq(number, "zone") || !kt_span_word(&line, &name)) {
		*ret_err = kt_err_new(KT_ERR_PARSE, "the first line of a zone is malformed");
		return NULL;
	}
	if (snap->zones.count >= ZONES_MAX) {
		*ret_err = kt_err_new(KT_ERR_LIMIT, "more than %u zones", ZONES_MAX);
		return NULL;
	}
	for (size_t i = first; i < snap->zones.count; i++) {
		if (snap->zones.items[i].node == (int)node &&
			kt_span_eq(name, snap->zones.items[i].name)) {
			*ret_err = kt_err_new(KT_ERR_PARSE, "a zone appears twice");
			return NULL;
		}
	}
	zone = kt_list_push(&snap->arena, &snap->zones);
	if (zone)
		*zone = kt_zone_unknown((int)node, kt_arena_name(&snap->arena, name));
	else
		*ret_err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return zone;
}

/* Reads a number of pages; a counter that is not one keeps its earlier value. */
static bool number_behind(struct kt_span line, int64_t *ret_value)
{
	struct kt_span word;
	int64_t value;

	if (!kt_span_word(&line, &word) || !kt_span_i64(word, &value) || value < 0 ||
		value > KT_AMOUNT_MAX / 4096)
		return false;
	*ret_value = value;
	return true;
}

/* Adds pages. Saturates above the size of any machine; the account rejects such a number. */
static int64_t add_pages(int64_t sum, int64_t pages)
{
	return sum > KT_AMOUNT_MAX ? sum : kt_known_of(sum, 0) + pages;
}

/* Adds "count: 12" of one CPU's lists; an unreadable count makes the sum unknown. */
static void count_line(struct reading *reading, struct kt_span rest)
{
	struct kt_zone *zone = reading->zone;
	int64_t value;

	if (!number_behind(rest, &value))
		reading->pcp_bad = true;
	zone->nr_lists++;
	zone->pcp = reading->pcp_bad ? KT_UNKNOWN : add_pages(zone->pcp, value);
}

/* Reads "vm stats threshold: 42" of one CPU. */
static void threshold_line(struct kt_zone *zone, struct kt_span rest)
{
	struct kt_span word;
	int64_t value;

	if (!kt_span_word(&rest, &word) || !kt_span_eq(word, "stats") ||
		!kt_span_word(&rest, &word) || !kt_span_eq(word, "threshold:") ||
		!number_behind(rest, &value))
		return;
	zone->nr_cpus = kt_known_of(zone->nr_cpus, 0) + 1;
	zone->threshold = value > zone->threshold ? value : zone->threshold;
}

/* Reads "cpus: 8": the following lines sum that many CPUs (source/fold.h). */
static void cpus_line(struct kt_zone *zone, struct kt_span rest)
{
	int64_t value;

	if (number_behind(rest, &value) && value > 0)
		zone->nr_cpus = kt_known_of(zone->nr_cpus, 0) + value - 1;
}

/* Reads "protection: (0, 3017, 7497)": one number for each kind of zone of the kernel. */
static void protection_line(struct kt_zone *zone, struct kt_span rest)
{
	struct kt_span part;
	int64_t value;

	zone->nr_reserve = 0;
	rest = kt_span_trim(rest);
	if (!kt_span_skip(&rest, "(") || !kt_span_ends(rest, ")"))
		return;
	rest.n--;
	while (rest.n && zone->nr_reserve < KT_ZONES_MAX) {
		if (!kt_span_until(&rest, ',', &part)) {
			part = rest;
			rest.n = 0;
		}
		if (!number_behind(part, &value)) {
			zone->nr_reserve = 0;
			return;
		}
		zone->reserve[zone->nr_reserve++] = value;
	}
}

static bool watermark_line(struct kt_zone *zone, struct kt_span name, struct kt_span rest)
{
	const struct {
		const char *name;
		int64_t *value;
	} marks[] = { { "min", &zone->min }, { "low", &zone->low }, { "high", &zone->high },
		{ "promo", &zone->promo }, { "boost", &zone->boost } };

	for (size_t i = 0; i < KT_LEN(marks); i++) {
		if (!kt_span_eq(name, marks[i].name))
			continue;
		number_behind(rest, marks[i].value);
		return true;
	}
	return false;
}

/* Reads one of the zone's own lines; false: `name` is another line. */
static bool zone_line(struct reading *reading, struct kt_span name, struct kt_span rest)
{
	struct kt_zone *zone = reading->zone;
	struct kt_span word;

	if (kt_span_eq(name, "pages")) {
		if (kt_span_word(&rest, &word) && kt_span_eq(word, "free"))
			number_behind(rest, &zone->free);
	} else if (kt_span_eq(name, "present"))
		number_behind(rest, &zone->present);
	else if (kt_span_eq(name, "managed"))
		number_behind(rest, &zone->managed);
	else if (kt_span_eq(name, "spanned"))
		number_behind(rest, &zone->spanned);
	else if (kt_span_eq(name, "start_pfn:"))
		number_behind(rest, &zone->start_pfn);
	else if (kt_span_eq(name, "count:"))
		count_line(reading, rest);
	else if (kt_span_eq(name, "cpus:"))
		cpus_line(zone, rest);
	else if (kt_span_eq(name, "vm"))
		threshold_line(zone, rest);
	else if (kt_span_eq(name, "protection:"))
		protection_line(zone, rest);
	else
		return watermark_line(zone, name, rest);
	return true;
}

static void counter_line(struct kt_snapshot *snap, const struct kt_text *text, struct kt_zone *zone,
	struct kt_span name, struct kt_span rest, size_t *hint)
{
	const struct kt_key *key = kt_keyed_find(&kt_vmstat_keys, name, hint);
	int64_t value;

	if (!key || key->metric == KT_METRIC_NONE || key->metric == KT_NR_FREE ||
		!number_behind(rest, &value))
		return;
	if (key->metric == KT_CMA_FREE)
		zone->cma_free = value;
	if (key->metric == KT_UNACCEPTED)
		zone->unaccepted = value;
	kt_snapshot_add(snap, (struct kt_entry){ .metric = key->metric,
				      .node = zone->node,
				      .unit = KT_PAGES,
				      .rank = KT_RANK_ZONEINFO,
				      .raw = value,
				      .path = text->path,
				      .field = key->name });
}

static void put_pages(struct kt_snapshot *snap, const struct kt_text *text, enum kt_metric metric,
	int node, int64_t pages, enum kt_quality quality, const char *field)
{
	struct kt_entry entry = { .metric = metric,
		.quality = quality,
		.node = node,
		.unit = KT_PAGES,
		.state = kt_known(pages) ? KT_OK : KT_BAD,
		.raw = pages,
		.rank = KT_RANK_FIRST,
		.path = text->path,
		.field = kt_known(pages) ? field : "a zone of proc/zoneinfo has no such line" };

	kt_snapshot_add(snap, entry);
	entry.node = KT_NO_NODE;
	kt_snapshot_add(snap, entry);
}

/*
 * Before 3.9 a zone had no "managed", and "present" excluded the memory map. So "present" is used
 * only together with "managed".
 */
static void put_zones(struct kt_snapshot *snap, const struct kt_text *text, size_t first)
{
	for (size_t i = first; i < snap->zones.count; i++) {
		struct kt_zone *zone = &snap->zones.items[i];

		/* a zone without pages has no lists of CPUs (mm/vmstat.c, populated_zone()) */
		if (zone->present == 0)
			zone->pcp = 0;
		put_pages(snap, text, KT_NR_FREE, zone->node, zone->free, KT_EXACT, "pages free");
		/* each CPU has a list and a threshold; a CPU without a list is a lost line */
		put_pages(snap, text, KT_PCP, zone->node, zone->pcp,
			zone->nr_lists < zone->nr_cpus ? KT_LOWER_BOUND : KT_EXACT,
			"pagesets count");
		if (!kt_known(zone->managed))
			continue;
		put_pages(snap, text, KT_PRESENT, zone->node, zone->present, KT_EXACT, "present");
		put_pages(snap, text, KT_ZONE_MANAGED, zone->node, zone->managed, KT_EXACT,
			"managed");
	}
}

/* The last line of a zone with pages is start_pfn, in every kernel that prints it. */
static bool is_cut(const struct kt_snapshot *snap, size_t first, const struct kt_text *text)
{
	const struct kt_zone *zones = snap->zones.items;
	bool any = false, last = true;

	for (size_t i = first; i < snap->zones.count; i++) {
		if (zones[i].present <= 0)
			continue;
		last = kt_known(zones[i].start_pfn);
		any |= last;
	}
	return !last && (any || text->data[text->size - 1] != '\n');
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	size_t first = snap->zones.count, hint = 0;
	struct reading reading = { 0 };
	struct kt_err *err = NULL;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "Node ")) {
			reading = (struct reading){ new_zone(snap, first, line, &err), false };
			continue;
		}
		if (!reading.zone || !kt_span_word(&line, &name) || zone_line(&reading, name, line))
			continue;
		if (kt_span_starts(name, "nr_"))
			counter_line(snap, text, reading.zone, name, line, &hint);
	}
	if (!err && is_cut(snap, first, text))
		err = kt_err_new(
			KT_ERR_PARSE, "is cut off: the sums over its zones would be wrong");
	if (err) {
		snap->zones.count = first;
		kt_snapshot_forget(snap, text->path, "proc/zoneinfo is damaged");
		return kt_err_prepend(err, "%s", text->path);
	}
	if (snap->zones.count == first)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no zone", text->path);
	put_zones(snap, text, first);
	return NULL;
}

const struct kt_source kt_source_zoneinfo = {
	.name = "zoneinfo",
	.summary = "zones: present, managed and free pages, per-CPU free lists",
	.paths = { KT_FILE_ZONEINFO },
	.core = true,
	.cost = KT_COST_CHEAP,
	.lack = "the memory reserved at boot and the per-CPU free lists are unknown; the lists are "
		"then part of the unattributed row",
	.gives = "a mounted /proc",
	.provides = { KT_PRESENT, KT_ZONE_MANAGED, KT_PCP },
	.nr_provides = 3,
	.parse = parse,
};
