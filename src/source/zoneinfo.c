// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/zoneinfo: what each zone has, and the only file that counts the free pages in
// per-CPU lists. Source: mm/vmstat.c, zoneinfo_show_print(). Kernels before 4.8 keep all
// counters per zone, newer ones print node counters below the node's first zone; adding
// up by node reads both.

#include "source/keyed.h"
#include "source/source.h"

#define ZONES_MAX 1024u
#define NODE_MAX  1024u

static struct kt_zone *new_zone(
	struct kt_snapshot *snap, size_t first, struct kt_span line, struct kt_err **ret_err)
{
	struct kt_span number, name;
	struct kt_zone *zone;
	uint64_t node;

	if (!kt_span_skip(&line, "Node ") || !kt_span_take_u64(&line, &node) || node > NODE_MAX ||
		!kt_span_skip(&line, ",") || !kt_span_word(&line, &number) ||
		!kt_span_eq(number, "zone") || !kt_span_word(&line, &name)) {
		*ret_err = kt_err_new(KT_ERR_PARSE, "a zone's first line is not as it should be");
		return NULL;
	}
	if (snap->zones.count >= ZONES_MAX) {
		*ret_err = kt_err_new(KT_ERR_LIMIT, "more than %u zones", ZONES_MAX);
		return NULL;
	}
	for (size_t i = first; i < snap->zones.count; i++) {
		if (snap->zones.items[i].node == (int)node &&
			kt_span_eq(name, snap->zones.items[i].name)) {
			*ret_err = kt_err_new(KT_ERR_PARSE, "a zone stands twice");
			return NULL;
		}
	}
	zone = kt_list_push(&snap->arena, &snap->zones);
	if (zone)
		*zone = (struct kt_zone){ .node = (int)node,
			.name = kt_arena_name(&snap->arena, name),
			.min = -1,
			.low = -1,
			.high = -1,
			.promo = -1,
			.boost = -1,
			.start_pfn = -1,
			.spanned = -1 };
	else
		*ret_err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return zone;
}

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

/* Sticks above what any machine has, where the account refuses it. */
static int64_t add_pages(int64_t sum, int64_t pages)
{
	return sum > KT_AMOUNT_MAX ? sum : sum + pages;
}

/* "protection: (0, 3017, 7497)": one number for each kind of zone that the kernel has */
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

/* The zone's own lines. Returns false where `name` is none of them. */
static bool zone_line(struct kt_zone *zone, struct kt_span name, struct kt_span rest)
{
	struct kt_span word;
	int64_t value = 0;

	if (kt_span_eq(name, "pages")) {
		if (kt_span_word(&rest, &word) && kt_span_eq(word, "free"))
			number_behind(rest, &zone->free);
	} else if (kt_span_eq(name, "present"))
		number_behind(rest, &zone->present);
	else if (kt_span_eq(name, "managed"))
		zone->has_managed = number_behind(rest, &zone->managed);
	else if (kt_span_eq(name, "spanned"))
		number_behind(rest, &zone->spanned);
	else if (kt_span_eq(name, "start_pfn:"))
		number_behind(rest, &zone->start_pfn);
	else if (kt_span_eq(name, "count:"))
		zone->pcp = add_pages(zone->pcp, number_behind(rest, &value) ? value : 0);
	else if (kt_span_eq(name, "vm")) {
		if (kt_span_word(&rest, &word) && kt_span_eq(word, "stats") &&
			kt_span_word(&rest, &word) && kt_span_eq(word, "threshold:") &&
			number_behind(rest, &value)) {
			zone->nr_cpus++;
			zone->threshold = value > zone->threshold ? value : zone->threshold;
		}
	} else if (kt_span_eq(name, "protection:"))
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
	int node, int64_t pages, const char *field)
{
	struct kt_entry entry = { .metric = metric,
		.node = node,
		.unit = KT_PAGES,
		.raw = pages,
		.rank = KT_RANK_FIRST,
		.path = text->path,
		.field = field };

	kt_snapshot_add(snap, entry);
	entry.node = KT_NO_NODE;
	kt_snapshot_add(snap, entry);
}

/*
 * Before 3.9 a zone had no "managed" and "present" meant something else: pages without
 * the memory map. So "present" is believed only beside "managed".
 */
static void put_zones(struct kt_snapshot *snap, const struct kt_text *text, size_t first)
{
	for (size_t i = first; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		put_pages(snap, text, KT_NR_FREE, zone->node, zone->free, "pages free");
		put_pages(snap, text, KT_PCP, zone->node, zone->pcp, "pagesets count");
		if (!zone->has_managed)
			continue;
		put_pages(snap, text, KT_PRESENT, zone->node, zone->present, "present");
		put_pages(snap, text, KT_ZONE_MANAGED, zone->node, zone->managed, "managed");
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	size_t first = snap->zones.count, hint = 0;
	struct kt_zone *zone = NULL;
	struct kt_err *err = NULL;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "Node ")) {
			zone = new_zone(snap, first, line, &err);
			continue;
		}
		if (!zone || !kt_span_word(&line, &name) || zone_line(zone, name, line))
			continue;
		if (kt_span_starts(name, "nr_"))
			counter_line(snap, text, zone, name, line, &hint);
	}
	if (err) {
		snap->zones.count = first;
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
	.paths = { "proc/zoneinfo" },
	.cost = KT_COST_CHEAP,
	.lack = "the memory reserved at boot and the per-CPU free lists are unknown; the latter "
		"are then part of the unattributed row",
	.gives = "a mounted /proc",
	.provides = { KT_PRESENT, KT_ZONE_MANAGED, KT_PCP },
	.nr_provides = 3,
	.parse = parse,
};
