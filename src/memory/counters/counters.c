// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/vmstat.c: zoneinfo_show_print() and vmstat_start(). A counter of a zone or a node is an array
// element of its struct, and each CPU has a small difference to it. The names are in the kernel's
// own array: counters of zones, NUMA events, counters of nodes.

#include "memory/counters/counters.h"

#include "base/attr.h"

#include <stddef.h>
#include <stdlib.h>

#define ITEMS_MAX 256u
#define NAME_MAX  64u
#define PAGES_MAX (1ull << 52)
#define ZONES_MAX 16u

struct fields {
	struct kt_field node_zones, node_id, node_stat, node_cpus, node_diff;
	struct kt_field zone_name, first, spanned, present, managed, cma, zone_stat, zone_cpus;
	struct kt_field zone_diff, boost, marks, lists, count;
};

#define WANT(type, path, member, mandatory)                            \
	{                                                              \
		type, path, offsetof(struct fields, member), mandatory \
	}

static const struct kt_field_want wants[] = {
	WANT("pglist_data", "node_zones", node_zones, true),
	WANT("pglist_data", "node_id", node_id, true),
	WANT("pglist_data", "vm_stat", node_stat, true),
	WANT("pglist_data", "per_cpu_nodestats", node_cpus, false),
	WANT("per_cpu_nodestat", "vm_node_stat_diff", node_diff, false),
	WANT("zone", "name", zone_name, true),
	WANT("zone", "zone_start_pfn", first, true),
	WANT("zone", "spanned_pages", spanned, true),
	WANT("zone", "present_pages", present, true),
	WANT("zone", "managed_pages", managed, true),
	WANT("zone", "cma_pages", cma, false),
	WANT("zone", "vm_stat", zone_stat, true),
	WANT("zone", "watermark_boost", boost, false),
	WANT("zone", "_watermark", marks, false),
};

/* Members since 5.14 (28f836b6777b); before, lists and differences were in one struct. */
static const struct kt_field_want lists_of_cpus[] = {
	WANT("zone", "per_cpu_pageset", lists, true),
	WANT("per_cpu_pages", "count", count, true),
	WANT("zone", "per_cpu_zonestats", zone_cpus, true),
	WANT("per_cpu_zonestat", "vm_stat_diff", zone_diff, true),
};
static const struct kt_field_want older_lists_of_cpus[] = {
	WANT("zone", "pageset", lists, true),
	WANT("per_cpu_pageset", "pcp.count", count, true),
	WANT("zone", "pageset", zone_cpus, true),
	WANT("per_cpu_pageset", "vm_stat_diff", zone_diff, true),
};

/* Counters of one struct, and the differences that CPUs have to them. */
struct part {
	const struct kt_field *stat, *cpus, *diff;
	uint32_t first, count; /* of their names */
};

struct counting {
	struct kt_target *target;
	struct fields fields;
	struct part zone, node;
	char (*names)[NAME_MAX];
	char *copy; /* of a struct zone */
	struct kt_buf *text;
	bool writes; /* zones; else sums over the machine are made, by name */
	int64_t sums[ITEMS_MAX];
	/* A counter that cannot be read in one zone or node is unknown for all: a sum without it
	 * would only look right. */
	bool unread[ITEMS_MAX];
};

/* ---- names ---- */

static uint32_t items(const struct kt_types *types, const char *type, const char *name)
{
	int64_t value;

	return kt_types_enum(types, type, name, &value) && value > 0 && value < ITEMS_MAX
		       ? (uint32_t)value
		       : 0;
}

static struct kt_err *find_names(struct counting *counting)
{
	struct kt_target *target = counting->target;
	const struct kt_types *types = &target->types;
	uint32_t zone = items(types, "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS");
	uint32_t events = items(types, "numa_stat_item", "NR_VM_NUMA_EVENT_ITEMS");
	uint32_t node = items(types, "node_stat_item", "NR_VM_NODE_STAT_ITEMS"), count;
	uint64_t table, at;

	/* the enumerator until 5.13 (f19298b9516c) */
	if (!events)
		events = items(types, "numa_stat_item", "NR_VM_NUMA_STAT_ITEMS");
	count = zone + events + node;
	if (!zone || !node || count > ITEMS_MAX ||
		!kt_symbols_find(&target->symbols, "vmstat_text", &table))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel does not name its counters (CONFIG_KALLSYMS_ALL)");
	counting->zone.first = 0;
	counting->zone.count = zone;
	counting->node.first = zone + events;
	counting->node.count = node;
	counting->names = calloc(count, sizeof(*counting->names));
	if (!counting->names)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		if (!kt_target_pointer(
			    target, table + (uint64_t)i * target->types.pointer_bytes, &at) ||
			!kt_target_text(target, at, counting->names[i], NAME_MAX))
			return kt_err_new(
				KT_ERR_PARSE, "the names of the kernel's counters cannot be read");
	}
	return NULL;
}

/* Counters of huge pages are in pages or in huge pages. */
static bool is_huge(const char *name)
{
	struct kt_span span = kt_span_str(name);

	return kt_span_ends(span, "_hugepages") || kt_span_ends(span, "_pmdmapped");
}

/* ---- counters ---- */

static bool number_at(struct kt_target *target, uint64_t object, const struct kt_field *field,
	uint32_t index, uint64_t *ret_value)
{
	return field->exists && index < field->count &&
	       kt_target_number(target, object + field->offset + (uint64_t)index * field->size,
		       field->size, ret_value);
}

/* A number of pages, which may be below 0 for a short time. */
static bool read_counter(struct counting *counting, const struct part *part, uint64_t object,
	uint32_t index, int64_t *ret_pages)
{
	struct kt_target *target = counting->target;
	uint64_t value, cpus, offset, diff;

	if (!number_at(target, object, part->stat, index, &value))
		return false;
	*ret_pages = (int64_t)value;
	if (!part->cpus->exists)
		cpus = 0;
	else if (!number_at(target, object, part->cpus, 0, &cpus))
		return false;
	for (uint32_t cpu = 0; cpus && cpu < target->nr_cpus; cpu++) {
		if (!kt_target_cpu_offset(target, cpu, &offset) ||
			!number_at(target, cpus + offset, part->diff, index, &diff))
			return false;
		*ret_pages += (int8_t)diff;
	}
	if (*ret_pages < 0)
		*ret_pages = 0;
	return *ret_pages < (int64_t)PAGES_MAX;
}

static void put_counters(struct counting *counting, const struct part *part, uint64_t object)
{
	for (uint32_t i = 0; i < part->count; i++) {
		const char *name = counting->names[part->first + i];
		bool *unread = &counting->unread[part->first + i];
		int64_t pages;

		if (is_huge(name) || *unread)
			continue;
		*unread = !read_counter(counting, part, object, i, &pages);
		if (*unread)
			continue;
		if (!counting->writes)
			counting->sums[part->first + i] += pages;
		else
			kt_buf_printf(counting->text, "\n      %-12s %lld", name, (long long)pages);
	}
}

/* ---- zones ---- */

static void put_lists(struct counting *counting, uint64_t zone)
{
	struct kt_target *target = counting->target;
	uint64_t lists, offset, count;

	if (!number_at(target, zone, &counting->fields.lists, 0, &lists))
		return;
	kt_buf_puts(counting->text, "\n  pagesets");
	for (uint32_t cpu = 0; cpu < target->nr_cpus; cpu++) {
		kt_buf_printf(counting->text, "\n    cpu: %u", cpu);
		/* a CPU with a threshold and no list makes the sum a lower bound */
		if (kt_target_cpu_offset(target, cpu, &offset) &&
			number_at(target, lists + offset, &counting->fields.count, 0, &count) &&
			count < PAGES_MAX)
			kt_buf_printf(counting->text, "\n              count:    %llu",
				(unsigned long long)count);
		kt_buf_puts(counting->text, "\n  vm stats threshold: 0");
	}
}

static void put_marks(struct counting *counting, uint64_t zone)
{
	static const char *const names[] = { "min", "low", "high" };
	uint64_t boost, mark;

	if (!number_at(counting->target, zone, &counting->fields.boost, 0, &boost))
		boost = 0;
	for (uint32_t i = 0; i < KT_LEN(names); i++) {
		if (number_at(counting->target, zone, &counting->fields.marks, i, &mark) &&
			mark < PAGES_MAX) {
			mark += boost;
			kt_buf_printf(counting->text, "\n        %-8s %llu", names[i],
				(unsigned long long)mark);
		}
	}
}

static struct kt_err *put_zone(
	struct counting *counting, uint64_t zone, uint64_t node_id, uint64_t node, bool *ret_first)
{
	const struct fields *fields = &counting->fields;
	uint32_t bytes = fields->node_zones.size;
	uint64_t spanned, present, managed;
	char name[NAME_MAX];
	int64_t free;

	if (!kt_target_read(counting->target, zone, counting->copy, bytes))
		return kt_err_new(KT_ERR_PARSE, "a zone of memory cannot be read");
	spanned = kt_field_get(&fields->spanned, counting->copy, bytes);
	present = kt_field_get(&fields->present, counting->copy, bytes);
	managed = kt_field_get(&fields->managed, counting->copy, bytes);
	if (!kt_target_text(counting->target,
		    kt_field_get(&fields->zone_name, counting->copy, bytes), name, sizeof(name)) ||
		spanned > PAGES_MAX || present > spanned || managed > present ||
		!read_counter(counting, &counting->zone, zone, 0, &free))
		return kt_err_new(KT_ERR_PARSE, "a zone of memory is damaged");
	if (!counting->writes) {
		put_counters(counting, &counting->zone, zone);
		return NULL;
	}
	kt_buf_printf(counting->text, "Node %llu, zone %8s", (unsigned long long)node_id, name);
	if (present && *ret_first) {
		kt_buf_puts(counting->text, "\n  per-node stats");
		put_counters(counting, &counting->node, node);
		*ret_first = false;
	}
	kt_buf_printf(counting->text, "\n  pages free     %lld", (long long)free);
	put_marks(counting, zone);
	kt_buf_printf(counting->text,
		"\n        spanned  %llu\n        present  %llu\n        managed  %llu\n        "
		"cma "
		"     %llu",
		(unsigned long long)spanned, (unsigned long long)present,
		(unsigned long long)managed,
		(unsigned long long)kt_field_get(&fields->cma, counting->copy, bytes));
	if (present) {
		put_counters(counting, &counting->zone, zone);
		put_lists(counting, zone);
		kt_buf_printf(counting->text, "\n  start_pfn:           %llu",
			(unsigned long long)kt_field_get(&fields->first, counting->copy, bytes));
	}
	kt_buf_puts(counting->text, "\n");
	return NULL;
}

static struct kt_err *put_node(struct counting *counting, uint64_t node)
{
	const struct kt_field *zones = &counting->fields.node_zones;
	struct kt_err *err = NULL;
	bool first = true;
	uint64_t id;

	if (!number_at(counting->target, node, &counting->fields.node_id, 0, &id))
		return kt_err_new(KT_ERR_PARSE, "a node of memory cannot be read");
	if (!counting->writes)
		put_counters(counting, &counting->node, node);
	for (uint32_t i = 0; !err && i < zones->count; i++)
		err = put_zone(counting, node + zones->offset + (uint64_t)i * zones->size, id, node,
			&first);
	return err;
}

/* ---- all ---- */

static struct kt_err *put_nodes(struct counting *counting, uint32_t nr_nodes)
{
	struct kt_target *target = counting->target;
	struct kt_err *err = NULL;
	uint64_t table, node;

	if (kt_symbols_find(&target->symbols, "contig_page_data", &node))
		return put_node(counting, node);
	if (!kt_symbols_find(&target->symbols, "node_data", &table))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel does not name its nodes (CONFIG_KALLSYMS_ALL)");
	for (uint32_t i = 0; !err && i < nr_nodes; i++) {
		if (!kt_target_pointer(
			    target, table + (uint64_t)i * target->types.pointer_bytes, &node))
			return kt_err_new(KT_ERR_PARSE, "a node of memory cannot be read");
		if (node)
			err = put_node(counting, node);
	}
	return err;
}

static struct kt_err *count(struct counting *counting, uint32_t nr_nodes)
{
	const struct kt_types *types = &counting->target->types;
	struct fields *fields = &counting->fields;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), fields);

	if (!err && kt_types_field(types, "zone", "per_cpu_pageset", &fields->lists))
		err = kt_types_fields(types, lists_of_cpus, KT_LEN(lists_of_cpus), fields);
	else if (!err)
		err = kt_types_fields(
			types, older_lists_of_cpus, KT_LEN(older_lists_of_cpus), fields);
	if (!err && (!fields->node_zones.count || fields->node_zones.count > ZONES_MAX ||
			    !fields->node_zones.size || fields->node_zones.size > 1u << 16))
		err = kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct zone that is not understood");
	if (!err)
		err = find_names(counting);
	if (err)
		return err;
	counting->zone.stat = &fields->zone_stat;
	counting->zone.cpus = &fields->zone_cpus;
	counting->zone.diff = &fields->zone_diff;
	counting->node.stat = &fields->node_stat;
	counting->node.cpus = &fields->node_cpus;
	counting->node.diff = &fields->node_diff;
	counting->copy = malloc(fields->node_zones.size);
	return counting->copy ? put_nodes(counting, nr_nodes)
			      : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* Sums come first: they show which counters cannot be read everywhere. */
struct kt_err *kt_file_zoneinfo(
	struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text)
{
	struct counting counting = { .target = target, .text = ret_text };
	struct kt_err *err = count(&counting, nr_nodes);

	counting.writes = true;
	if (!err)
		err = put_nodes(&counting, nr_nodes);
	free(counting.names);
	free(counting.copy);
	return err;
}

static void tell_sums(
	const struct counting *counting, const struct part *part, kt_counter_fn fn, void *arg)
{
	for (uint32_t i = part->first; i < part->first + part->count; i++) {
		if (!is_huge(counting->names[i]) && !counting->unread[i])
			fn(arg, counting->names[i], counting->sums[i]);
	}
}

/* Counters of the machine that are in no zone and no node (since 6.11, ace0741a55e4). */
static void tell_others(struct kt_target *target, kt_counter_fn fn, void *arg)
{
	static const char *const names[] = { "nr_memmap_pages", "nr_memmap_boot_pages" };
	uint64_t at, pages;

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (kt_symbols_find(&target->symbols, names[i], &at) &&
			kt_target_number(target, at, target->types.pointer_bytes, &pages) &&
			pages < PAGES_MAX)
			fn(arg, names[i], (int64_t)pages);
	}
}

struct kt_err *kt_counters_each(
	struct kt_target *target, uint32_t nr_nodes, kt_counter_fn fn, void *arg)
{
	struct counting counting = { .target = target };
	struct kt_err *err = count(&counting, nr_nodes);

	if (!err && counting.names) {
		tell_sums(&counting, &counting.zone, fn, arg);
		tell_sums(&counting, &counting.node, fn, arg);
		tell_others(target, fn, arg);
		err = kt_events_each(target, counting.node.first + counting.node.count, fn, arg);
	}
	free(counting.names);
	free(counting.copy);
	return err;
}

static void put_line(void *arg, const char *name, int64_t pages)
{
	kt_buf_printf(arg, "%s %lld\n", name, (long long)pages);
}

struct kt_err *kt_file_vmstat(struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text)
{
	return kt_counters_each(target, nr_nodes, put_line, ret_text);
}
