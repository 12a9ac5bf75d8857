// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/snapshot.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kt_host host_unknown = { .nr_cpus = KT_UNKNOWN,
	.nr_nodes = KT_UNKNOWN,
	.nr_cpus_possible = KT_UNKNOWN,
	.nr_cpus_present = KT_UNKNOWN,
	.page_bytes = KT_UNKNOWN,
	.uptime_s = KT_UNKNOWN,
	.taken_s = KT_UNKNOWN,
	.crash = { .cpu = KT_UNKNOWN, .pid = KT_UNKNOWN } };

struct kt_snapshot *kt_snapshot_new(void)
{
	struct kt_snapshot *snap = calloc(1, sizeof(*snap));

	if (snap) {
		snap->host = host_unknown;
		snap->drift_bytes = snap->skew_bytes = KT_UNKNOWN;
		snap->tasks_taken_s = snap->stack_bytes = KT_UNKNOWN;
		snap->memory_taken_s = KT_UNKNOWN;
#define RECORD(type, member) snap->member = type##_unknown();
		KT_SNAPSHOT_RECORDS(RECORD)
#undef RECORD
	}
	return snap;
}

void kt_snapshot_free(struct kt_snapshot *snap)
{
	if (snap)
		kt_arena_fini(&snap->arena);
	free(snap);
}

void kt_snapshot_cleanup(struct kt_snapshot **snap)
{
	kt_snapshot_free(*snap);
}

/* Puts an entry at the end of the chain of its metric. */
static void link_entry(struct kt_snapshot *snap, size_t index)
{
	struct kt_entry *entry = &snap->entries.items[index];
	uint32_t *last = &snap->last[entry->metric];

	entry->next = 0;
	if (*last)
		snap->entries.items[*last - 1].next = (uint32_t)index + 1;
	else
		snap->first[entry->metric] = (uint32_t)index + 1;
	*last = (uint32_t)index + 1;
}

void kt_snapshot_put(struct kt_snapshot *snap, struct kt_entry entry)
{
	struct kt_entry *slot;

	if (entry.metric >= KT_METRIC_COUNT)
		return;
	slot = kt_list_push(&snap->arena, &snap->entries);
	if (!slot)
		return;
	*slot = entry;
	link_entry(snap, snap->entries.count - 1);
}

/* Walks the entries of one metric in the order in which they were read. */
static struct kt_entry *next_entry(
	const struct kt_snapshot *snap, enum kt_metric metric, const struct kt_entry *entry)
{
	uint32_t next = entry ? entry->next : snap->first[metric];

	return next ? &snap->entries.items[next - 1] : NULL;
}

void kt_snapshot_derive(struct kt_snapshot *snap, enum kt_metric metric, int node, int64_t bytes,
	enum kt_quality quality, const char *how)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .unit = KT_BYTES,
				      .quality = quality,
				      .raw = bytes,
				      .field = how });
}

void kt_snapshot_lack(struct kt_snapshot *snap, enum kt_metric metric, int node,
	enum kt_state state, const char *why)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .state = state,
				      .rank = UINT8_MAX,
				      .field = why });
}

void kt_snapshot_derive_val(struct kt_snapshot *snap, enum kt_metric metric, int node,
	struct kt_val val, const char *how)
{
	if (kt_ok(val))
		kt_snapshot_derive(snap, metric, node, val.value, val.quality, how);
	else
		kt_snapshot_lack(snap, metric, node, val.state, val.reason);
}

/* Ranks before an ordinary missing value, so that its reason is the reported reason. */
void kt_snapshot_none(struct kt_snapshot *snap, enum kt_metric metric, int node, const char *why)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .state = KT_ABSENT,
				      .rank = UINT8_MAX - 1,
				      .none = true,
				      .field = why });
}

void kt_snapshot_add(struct kt_snapshot *snap, struct kt_entry entry)
{
	struct kt_entry *have = NULL;

	while ((have = next_entry(snap, entry.metric, have))) {
		if (have->node != entry.node || have->path != entry.path)
			continue;
		if (have->state != KT_OK)
			return;
		if (entry.state != KT_OK) {
			have->state = entry.state;
			have->field = entry.field;
			return;
		}
		have->quality = kt_quality_join(have->quality, entry.quality);
		if (__builtin_add_overflow(have->raw, entry.raw, &have->raw))
			have->state = KT_BAD;
		return;
	}
	kt_snapshot_put(snap, entry);
}

void kt_snapshot_forget(struct kt_snapshot *snap, const char *path, const char *why)
{
	for (size_t i = 0; i < snap->entries.count; i++) {
		struct kt_entry *entry = &snap->entries.items[i];

		if (!entry->path || strcmp(entry->path, path) != 0)
			continue;
		entry->state = KT_UNSUPPORTED;
		entry->field = why;
	}
}

void kt_snapshot_note(struct kt_snapshot *snap, const char *fmt, ...)
{
	const char **slot = kt_list_push(&snap->arena, &snap->notes);
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (slot)
		*slot = kt_arena_name(&snap->arena, kt_span_str(text));
}

static struct kt_val lacking(const struct kt_entry *entry, enum kt_state state, const char *why)
{
	return (struct kt_val){ .state = state,
		.reason = why ? why : "no file of this kernel or capture contains it",
		.none = entry && entry->none,
		.entry = entry };
}

static struct kt_val value_of(const struct kt_snapshot *snap, const struct kt_entry *entry)
{
	int64_t scale = 1, value;

	if (entry->state != KT_OK)
		return lacking(entry, entry->state, entry->field);
	if (entry->unit == KT_KB)
		scale = 1024;
	if (entry->unit == KT_PAGES)
		scale = snap->host.page_bytes;
	if (!kt_known(scale))
		return lacking(entry, KT_BAD, "the page size of this machine is unknown");
	if (__builtin_mul_overflow(entry->raw, scale, &value) || value > KT_AMOUNT_MAX ||
		value < -KT_AMOUNT_MAX)
		return lacking(entry, KT_BAD, "the number is impossibly large");
	return (struct kt_val){ .value = value,
		.quality = entry->quality,
		.unit = entry->unit == KT_COUNT ? KT_COUNT : KT_BYTES,
		.entry = entry };
}

static const struct kt_entry *best_entry(
	const struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	const struct kt_entry *best = NULL, *entry = NULL;

	while ((entry = next_entry(snap, metric, entry))) {
		if (entry->node != node)
			continue;
		if (!best || (entry->state == KT_OK) > (best->state == KT_OK) ||
			((entry->state == KT_OK) == (best->state == KT_OK) &&
				entry->rank < best->rank))
			best = entry;
	}
	return best;
}

static bool is_first_of_node(const struct kt_snapshot *snap, const struct kt_entry *entry)
{
	const struct kt_entry *before = NULL;

	while ((before = next_entry(snap, entry->metric, before)) != entry) {
		if (before->node == entry->node)
			return false;
	}
	return true;
}

/* Sum over the nodes of a metric that only nodes have. */
static struct kt_val sum_of_nodes(const struct kt_snapshot *snap, enum kt_metric metric)
{
	struct kt_val sum = lacking(NULL, KT_ABSENT, NULL);
	const struct kt_entry *entry = NULL;
	bool any = false;

	while ((entry = next_entry(snap, metric, entry))) {
		struct kt_val part;

		if (entry->node < 0 || !is_first_of_node(snap, entry))
			continue;
		part = value_of(snap, best_entry(snap, metric, entry->node));
		if (!kt_ok(part))
			return part;
		sum = any ? kt_val_add(sum, part) : part;
		if (!kt_ok(sum) || sum.value > KT_AMOUNT_MAX)
			return lacking(entry, KT_BAD, "the number is impossibly large");
		any = true;
	}
	return sum;
}

struct kt_val kt_snapshot_get(const struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	const struct kt_entry *best = best_entry(snap, metric, node);
	struct kt_val sum;

	if (node == KT_NO_NODE && (!best || best->state != KT_OK)) {
		sum = sum_of_nodes(snap, metric);
		if (kt_ok(sum) || !best)
			return sum;
	}
	return best ? value_of(snap, best) : lacking(NULL, KT_ABSENT, NULL);
}

int64_t kt_snapshot_memory_age_s(const struct kt_snapshot *snap)
{
	bool older = kt_known(snap->memory_taken_s) && kt_known(snap->host.taken_s) &&
		     snap->memory_taken_s < snap->host.taken_s;

	return older ? snap->host.taken_s - snap->memory_taken_s : 0;
}

int64_t kt_snapshot_memory(const struct kt_snapshot *snap)
{
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	struct kt_val total = kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE);

	if (kt_ok(present) && present.value > 0)
		return present.value;
	return kt_ok(total) && total.value > 0 ? total.value : KT_UNKNOWN;
}

struct kt_val kt_snapshot_get_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, int node, enum kt_rank rank)
{
	const struct kt_entry *entry = NULL;

	while ((entry = next_entry(snap, metric, entry))) {
		if (entry->node == node && entry->rank == rank)
			return value_of(snap, entry);
	}
	return lacking(NULL, KT_ABSENT, NULL);
}

struct kt_val kt_snapshot_sum_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, enum kt_rank rank)
{
	struct kt_val sum = lacking(NULL, KT_ABSENT, NULL);
	const struct kt_entry *entry = NULL;

	while ((entry = next_entry(snap, metric, entry))) {
		struct kt_val part = value_of(snap, entry);

		if (entry->node < 0 || entry->rank != rank)
			continue;
		if (!kt_ok(part))
			return part;
		sum = kt_ok(sum) ? kt_val_add(sum, part) : part;
		if (!kt_ok(sum) || sum.value > KT_AMOUNT_MAX)
			return lacking(entry, KT_BAD, "the number is impossibly large");
	}
	return sum;
}

const struct kt_user_list *kt_snapshot_users(const struct kt_snapshot *snap, enum kt_user_file file)
{
	for (size_t i = 0; i < snap->user_lists.count; i++) {
		if (snap->user_lists.items[i].file == file)
			return &snap->user_lists.items[i];
	}
	return NULL;
}

struct kt_snapshot_mark kt_snapshot_mark(const struct kt_snapshot *snap)
{
	return (struct kt_snapshot_mark){ *snap };
}

/* Arrays that have grown since the mark keep their old items; chains of entries are rebuilt. */
void kt_snapshot_rewind(struct kt_snapshot *snap, const struct kt_snapshot_mark *mark)
{
	struct kt_arena arena = snap->arena;

	*snap = mark->then;
	snap->arena = arena;
	for (size_t i = 0; i < KT_METRIC_COUNT; i++)
		snap->first[i] = snap->last[i] = 0;
	for (size_t i = 0; i < snap->entries.count; i++)
		link_entry(snap, i);
}
