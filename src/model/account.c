// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/account.h"

#include "model/derive.h"

#include <string.h>

/* A row while the account is computed. */
struct cell {
	struct kt_val val;
	kt_children children;
};

struct computing {
	struct kt_snapshot *snap;
	struct kt_account *account;
	int node;
	struct cell *cells; /* one for each of kt_rows */
};

static bool add_value(int64_t *sum, int64_t value)
{
	return !__builtin_add_overflow(*sum, value, sum);
}

static struct kt_val impossible(void)
{
	return (struct kt_val){ .state = KT_BAD, .reason = "the number is impossibly large" };
}

/* The signed sum of a row's terms. A missing term makes the row missing, with its reason. */
static struct kt_val sum_terms(const struct kt_snapshot *snap, const struct kt_row *row, int node)
{
	struct kt_val sum = { 0 };

	for (size_t i = 0; i < KT_ROW_TERMS && row->terms[i].sign; i++) {
		const struct kt_term *term = &row->terms[i];
		struct kt_val val = kt_snapshot_get(snap, term->metric, node);

		if (!kt_ok(val) && !term->optional)
			return val;
		if (!kt_ok(val))
			continue;
		if (!add_value(&sum.value, term->sign * val.value))
			return impossible();
		if (val.quality != KT_EXACT)
			sum.quality = val.quality;
		if (!sum.entry)
			sum.entry = val.entry;
	}
	return sum;
}

/* A row that has children of its own and no terms is their sum. */
static struct kt_val sum_children(const kt_children *children)
{
	struct kt_val sum = { 0 };

	if (!children->count)
		return (struct kt_val){ .state = KT_ABSENT, .reason = "nothing names it here" };
	for (size_t i = 0; i < children->count; i++) {
		if (!add_value(&sum.value, children->items[i].val.value))
			return impossible();
	}
	return sum;
}

static struct kt_val level_total(const struct kt_snapshot *snap, enum kt_level level, int node)
{
	struct kt_val managed = kt_snapshot_get(snap, KT_MANAGED, node);
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, node);
	struct kt_val dimms = kt_snapshot_get(snap, KT_DIMMS, node);

	if (level == KT_LEVEL_MANAGED || !kt_ok(managed))
		return managed;
	if (level == KT_LEVEL_RESERVED) {
		if (kt_ok(present))
			present.value -= managed.value;
		return present;
	}
	if (kt_ok(dimms) && kt_ok(present))
		dimms.value -= present.value;
	return kt_ok(present) ? dimms : present;
}

/* What the other rows of a level leave of its total. */
static struct kt_val rest_of_level(struct computing *c, enum kt_level level)
{
	struct kt_val rest = level_total(c->snap, level, c->node);

	if (!kt_ok(rest))
		return rest;
	rest.entry = NULL;
	for (size_t i = 0; i < kt_nr_rows; i++) {
		if (kt_rows[i].level != level || kt_rows[i].rest || !kt_ok(c->cells[i].val))
			continue;
		/* the modules' sizes do not count persistent memory: see source/dmi.c */
		if (kt_rows[i].terms[0].metric == KT_FW_PERSISTENT && kt_rows[i].terms[0].sign)
			continue;
		if (!add_value(&rest.value, -c->cells[i].val.value))
			return impossible();
	}
	return rest;
}

/*
 * Modules smaller than what the kernel sees (a hypervisor's table, memory added later) say
 * nothing about hidden memory.
 */
static struct kt_val check_hidden(struct kt_val hidden)
{
	if (kt_ok(hidden) && hidden.value < 0)
		return (struct kt_val){ .state = KT_UNSUPPORTED,
			.reason =
				"the memory modules of SMBIOS are smaller than the memory in use" };
	return hidden;
}

static void compute_rows(struct computing *c)
{
	for (size_t i = 0; i < kt_nr_rows; i++) {
		const struct kt_row *row = &kt_rows[i];
		struct cell *cell = &c->cells[i];

		if (row->expand)
			row->expand(c->snap, c->node, &c->account->arena, &cell->children);
		if (row->terms[0].sign)
			cell->val = sum_terms(c->snap, row, c->node);
		else if (row->expand)
			cell->val = sum_children(&cell->children);
	}
	for (size_t i = 0; i < kt_nr_rows; i++) {
		if (!kt_rows[i].rest)
			continue;
		c->cells[i].val = rest_of_level(c, kt_rows[i].level);
		if (kt_rows[i].level == KT_LEVEL_FIRMWARE)
			c->cells[i].val = check_hidden(c->cells[i].val);
	}
}

static size_t index_of(const char *id)
{
	const struct kt_row *row = id ? kt_row_find(id) : NULL;

	return row ? (size_t)(row - kt_rows) : SIZE_MAX;
}

/* Groups are the sums of what is known below them; the rows stand parents first. */
static void sum_groups(struct computing *c)
{
	for (size_t i = 0; i < kt_nr_rows; i++) {
		if (kt_rows[i].level == KT_LEVEL_NONE)
			c->cells[i].val = (struct kt_val){ .state = KT_ABSENT,
				.reason = "nothing below it is known here" };
	}
	for (size_t i = kt_nr_rows; i-- > 0;) {
		size_t parent = index_of(kt_rows[i].parent);
		struct kt_val *sum, *val = &c->cells[i].val;

		if (parent == SIZE_MAX || !kt_ok(*val))
			continue;
		sum = &c->cells[parent].val;
		if (!kt_ok(*sum))
			*sum = (struct kt_val){ 0 };
		if (!add_value(&sum->value, val->value))
			*sum = impossible();
	}
}

static struct kt_line *new_line(struct computing *c, struct kt_line line)
{
	struct kt_line *slot = kt_list_push(&c->account->arena, &c->account->lines);

	if (slot)
		*slot = line;
	return slot;
}

/* The row's run-time children, and one for the part of the row that they leave. */
static void emit_children(struct computing *c, const struct kt_row *row, struct kt_val val,
	const kt_children *children, int depth, size_t parent_index)
{
	struct kt_arena *arena = &c->account->arena;
	int64_t rest = val.value;

	for (size_t i = 0; i < children->count; i++) {
		const struct kt_child *child = &children->items[i];

		rest -= child->val.value;
		new_line(c, (struct kt_line){
				    .id = kt_arena_printf(arena, "%s.%s", row->id, child->id),
				    .parent = row->id,
				    .title = child->title,
				    .val = child->val,
				    .depth = depth,
				    .leaf = true,
				    .parent_index = parent_index,
			    });
	}
	if (rest)
		new_line(c, (struct kt_line){
				    .id = kt_arena_printf(arena, "%s.rest", row->id),
				    .parent = row->id,
				    .title = row->rest_title ? row->rest_title : "not told apart",
				    .val = { .value = rest, .quality = val.quality },
				    .depth = depth,
				    .leaf = true,
				    .parent_index = parent_index,
			    });
}

static void emit(struct computing *c, size_t index, int depth, size_t parent_index)
{
	const struct kt_row *row = &kt_rows[index];
	const struct cell *cell = &c->cells[index];
	bool expanded = cell->children.count && kt_ok(cell->val), leaf = !expanded;
	size_t at = c->account->lines.count;

	for (size_t i = 0; i < kt_nr_rows && leaf; i++)
		leaf = index_of(kt_rows[i].parent) != index;
	new_line(c, (struct kt_line){ row->id, row->parent, row->title, row, cell->val, depth, leaf,
			    parent_index });
	if (expanded)
		emit_children(c, row, cell->val, &cell->children, depth + 1, at);
	for (size_t i = index + 1; i < kt_nr_rows; i++) {
		if (index_of(kt_rows[i].parent) == index)
			emit(c, i, depth + 1, at);
	}
}

/*
 * How far unattributed may be off: what the counters moved while they were read, what each
 * CPU may still keep to itself where nobody folded the counters, and overlaps that could
 * not be settled.
 */
static void bound_error(struct computing *c)
{
	const struct kt_snapshot *snap = c->snap;
	int64_t drift = snap->drift_bytes, lag_pages = 0, largest = 0;
	const int nr_zone_counters = 2, nr_node_counters = 8;

	for (size_t i = 0; i < snap->zones.count && !snap->folded; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		if (zone->threshold > 1 << 10 || zone->nr_cpus > 1 << 14)
			continue; /* no kernel has that; the bound must not overflow */
		lag_pages += zone->threshold * zone->nr_cpus * nr_zone_counters;
		/* node counters lag by the threshold of the node's largest zone */
		if (i && zone->node != snap->zones.items[i - 1].node) {
			lag_pages += largest * nr_node_counters;
			largest = 0;
		}
		if (zone->threshold * zone->nr_cpus > largest)
			largest = zone->threshold * zone->nr_cpus;
	}
	lag_pages += largest * nr_node_counters;
	/* pages already unmapped that a CPU's LRU batch still holds (PAGEVEC_SIZE) */
	lag_pages += 31 * snap->host.nr_cpus;
	drift = drift < 0 ? snap->skew_bytes : drift;
	c->account->drift_known = drift >= 0;
	c->account->error_bytes = (drift > 0 ? drift : 0) + lag_pages * snap->host.page_bytes +
				  kt_derive_doubt(snap, c->node);
	c->account->error_how =
		drift < 0 ? "per-CPU counters and overlaps; drift while reading is unknown"
		: snap->drift_bytes < 0 ? "how far the files disagree, what each CPU may keep to "
					  "itself, and overlaps"
		: snap->folded ? "change of the counters while they were read, and overlaps"
			       : "change of the counters while they were read, what each CPU "
				 "may keep to itself, and overlaps";
}

/* Which files are lacking, and why, so that the reader knows what to get. */
static struct kt_err *no_total(const struct kt_snapshot *snap, const char *reason)
{
	struct kt_err *err = kt_err_new(KT_ERR_ABSENT, "%s", reason);
	const char *whys[2] = { "", "" };

	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *source = &snap->sources.items[i];

		if (!source->why)
			continue;
		if (strcmp(source->name, "zoneinfo") == 0)
			whys[0] = source->why;
		else if (strcmp(source->name, "meminfo") == 0)
			whys[1] = source->why;
	}
	if (*whys[0] || *whys[1]) {
		kt_err_free(err);
		err = kt_err_new(KT_ERR_ABSENT, "%s (%s%s%s)", reason, whys[0],
			*whys[0] && *whys[1] ? "; " : "", whys[1]);
	}
	return kt_err_prepend(err, "account");
}

struct kt_err *kt_account_compute(
	struct kt_snapshot *snap, int node, struct kt_account *ret_account)
{
	struct kt_val managed = kt_snapshot_get(snap, KT_MANAGED, node);
	struct computing c = { .snap = snap, .account = ret_account, .node = node };

	*ret_account = (struct kt_account){ .node = node };
	if (!kt_ok(managed))
		return no_total(snap, managed.reason);
	c.cells = kt_arena_alloc(&ret_account->arena, kt_nr_rows * sizeof(*c.cells));
	if (!c.cells)
		return kt_err_new(KT_ERR_NOMEM, "account: out of memory");
	compute_rows(&c);
	sum_groups(&c);
	emit(&c, 0, 0, SIZE_MAX);
	bound_error(&c);
	ret_account->installed_bytes = c.cells[0].val.value;
	if (ret_account->arena.failed) {
		kt_account_fini(ret_account);
		return kt_err_new(KT_ERR_NOMEM, "account: out of memory");
	}
	return NULL;
}

void kt_account_fini(struct kt_account *account)
{
	kt_arena_fini(&account->arena);
	*account = (struct kt_account){ 0 };
}

void kt_account_cleanup(struct kt_account *account)
{
	kt_account_fini(account);
}

const struct kt_line *kt_account_line(const struct kt_account *account, const char *id)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		if (strcmp(account->lines.items[i].id, id) == 0)
			return &account->lines.items[i];
	}
	return NULL;
}

double kt_account_share(const struct kt_account *account, const struct kt_line *line)
{
	if (!kt_ok(line->val) || account->installed_bytes <= 0)
		return 0;
	return (double)line->val.value / (double)account->installed_bytes;
}
