// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/account.h"

#include "account/derive.h"
#include "base/buf.h"

#include <string.h>

#define HOLDERS_MAX 8 /* rows that may hold the bytes of one missing row */

/* A row while the account is computed. */
struct cell {
	struct kt_val val;   /* value that the row shows */
	struct kt_val alone; /* the same, without the bytes of missing rows */
	kt_children children;
};

/* A row that no file counts, and the rows that may hold its bytes. */
struct missing {
	enum kt_row_id row, holders[HOLDERS_MAX];
	size_t nr_holders;
};

struct computing {
	struct kt_snapshot *snap;
	struct kt_account *account;
	int node;
	struct cell cells[KT_ROW_COUNT];
	struct missing *missing; /* in the account's arena: lines refer to the holders */
	size_t nr_missing;
	bool rest_has_meaning;
	enum kt_row_id rests[KT_LEVEL_COUNT];
	struct kt_val totals[KT_LEVEL_COUNT];
};

/* ---- values ---- */

/*
 * Value of a term as a summand. Where `of` is missing, its bytes stay in this row; find_holders()
 * finds that out for all rows at once.
 */
static struct kt_val summand(const struct computing *c, const struct kt_term *term)
{
	struct kt_val val = kt_snapshot_get(c->snap, term->metric, c->node);

	if (kt_ok(val) || !term->optional)
		return val;
	if (val.none || (term->of != KT_ROW_NONE && !term->overlaps &&
				!kt_ok(kt_snapshot_get(
					c->snap, kt_rows[term->of].terms[0].metric, c->node))))
		return kt_val_bytes(0, KT_EXACT);
	return kt_val_or_some(val);
}

/* The signed sum of a row's terms. A missing term makes the row missing, with its reason. */
static struct kt_val sum_terms(const struct computing *c, enum kt_row_id row)
{
	const struct kt_term *terms = kt_rows[row].terms;
	struct kt_val sum = summand(c, &terms[0]);

	for (size_t i = 1; i < KT_ROW_TERMS && terms[i].sign; i++) {
		struct kt_val val = summand(c, &terms[i]);

		sum = terms[i].sign > 0 ? kt_val_add(sum, val) : kt_val_sub(sum, val);
	}
	return sum;
}

/*
 * Sum of a row's own children, for a row without terms: hash tables, which only the kernel log
 * names. A lower bound where part of the log is missing, because that part may name more tables.
 */
static struct kt_val sum_children(const struct computing *c, const kt_children *children)
{
	struct kt_val sum = kt_val_bytes(0, KT_EXACT);

	if (!children->count)
		return kt_val_lack(KT_ABSENT, "nothing names it here");
	for (size_t i = 0; i < children->count; i++)
		sum = kt_val_add(sum, children->items[i].val);
	return c->snap->log_whole ? sum : kt_val_add(sum, kt_val_bytes(0, KT_LOWER_BOUND));
}

static struct kt_val level_total(const struct computing *c, enum kt_level level)
{
	struct kt_val managed = kt_snapshot_get(c->snap, KT_MANAGED, c->node);
	struct kt_val present = kt_snapshot_get(c->snap, KT_PRESENT, c->node);

	if (level == KT_LEVEL_MANAGED || !kt_ok(managed))
		return managed;
	if (level == KT_LEVEL_RESERVED || !kt_ok(present))
		return kt_ok(present) ? kt_val_sub(present, managed) : present;
	return kt_val_sub(kt_snapshot_get(c->snap, KT_DIMMS, c->node), present);
}

/* Total of the level minus its other rows. */
static struct kt_val rest_of_level(const struct computing *c, enum kt_level level)
{
	struct kt_val rest = c->totals[level];

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT && kt_ok(rest); i++) {
		if (kt_rows[i].level == level && !kt_rows[i].rest && !kt_rows[i].apart &&
			kt_ok(c->cells[i].alone))
			rest = kt_val_sub(rest, c->cells[i].alone);
	}
	rest.entry = NULL;
	/*
	 * Modules smaller than what the kernel sees (a hypervisor's table, memory added later)
	 * say nothing about hidden memory.
	 */
	if (level == KT_LEVEL_FIRMWARE && kt_ok(rest) && rest.value < 0)
		return kt_val_lack(KT_UNSUPPORTED, "the sizes of the memory modules (SMBIOS) add "
						   "up to less than the memory in use");
	return rest;
}

static void compute_rows(struct computing *c)
{
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		const struct kt_row *row = &kt_rows[i];
		struct cell *cell = &c->cells[i];

		if (row->rest)
			c->rests[row->level] = i;
		if (row->expand)
			row->expand(c->snap, c->node, &c->account->arena, &cell->children);
		if (row->terms[0].sign)
			cell->alone = sum_terms(c, i);
		else if (row->expand)
			cell->alone = sum_children(c, &cell->children);
	}
	for (int level = KT_LEVEL_FIRMWARE; level < KT_LEVEL_COUNT; level++) {
		c->totals[level] = level_total(c, (enum kt_level)level);
		c->cells[c->rests[level]].alone = rest_of_level(c, (enum kt_level)level);
	}
}

/* Sums each group from the known values below it. Runs backwards, because parents come first. */
static void sum_groups(struct computing *c)
{
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].level == KT_LEVEL_NONE)
			c->cells[i].alone =
				kt_val_lack(KT_ABSENT, "none of the rows below it is known");
	}
	for (enum kt_row_id i = KT_ROW_COUNT; i-- > 1;) {
		struct kt_val *sum = &c->cells[kt_rows[i].parent].alone;

		if (!kt_ok(c->cells[i].alone))
			continue;
		*sum = kt_ok(*sum) || sum->state == KT_BAD ? kt_val_add(*sum, c->cells[i].alone)
							   : c->cells[i].alone;
		sum->entry = NULL;
	}
}

/* ---- quality ---- */

/*
 * Whether `row` may hold bytes of the row `missing`, because the term that `row` subtracts for it
 * is missing.
 */
static bool takes_off(const struct computing *c, enum kt_row_id row, enum kt_row_id missing)
{
	if (!kt_ok(c->cells[row].alone))
		return false;
	for (size_t i = 0; i < KT_ROW_TERMS && kt_rows[row].terms[i].sign; i++) {
		struct kt_val val;

		if (kt_rows[row].terms[i].of != missing)
			continue;
		val = kt_snapshot_get(c->snap, kt_rows[row].terms[i].metric, c->node);
		if (!kt_ok(val) && !val.none)
			return true;
	}
	return false;
}

/*
 * Finds the rows that may hold the bytes of a missing row: the rows that subtract it, and, unless
 * exactly one row is known to hold them, the rest of the level.
 */
static void find_holders(const struct computing *c, struct missing *missing)
{
	enum kt_row_id rest = c->rests[kt_rows[missing->row].level];

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT && missing->nr_holders + 1 < HOLDERS_MAX; i++) {
		if (takes_off(c, i, missing->row))
			missing->holders[missing->nr_holders++] = i;
	}
	if (missing->nr_holders != 1 && rest != missing->row && !kt_rows[missing->row].apart &&
		kt_ok(c->cells[rest].alone))
		missing->holders[missing->nr_holders++] = rest;
}

static void find_missing(struct computing *c)
{
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].level == KT_LEVEL_NONE || kt_ok(c->cells[i].alone) ||
			c->cells[i].alone.none)
			continue;
		c->missing[c->nr_missing].row = i;
		find_holders(c, &c->missing[c->nr_missing++]);
	}
}

/* Quality of the sum of the known rows below `top`: never better than the quality of each row. */
static enum kt_quality join_known(const struct computing *c, enum kt_row_id top)
{
	enum kt_quality quality = KT_EXACT;

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].level != KT_LEVEL_NONE && kt_ok(c->cells[i].alone) &&
			kt_row_is_below(i, top))
			quality = kt_quality_join(quality, c->cells[i].alone.quality);
	}
	return quality;
}

/*
 * Adds the missing rows to that quality. A missing row that a row of the group holds is in the sum.
 * A missing row held outside makes the sum too low; a row from outside that is held here makes the
 * sum too high.
 */
static enum kt_quality join_missing(
	const struct computing *c, enum kt_row_id top, enum kt_quality quality)
{
	for (size_t i = 0; i < c->nr_missing && quality != KT_ESTIMATE; i++) {
		const struct missing *missing = &c->missing[i];
		bool inside = kt_row_is_below(missing->row, top);
		size_t nr_inside = 0;

		for (size_t k = 0; k < missing->nr_holders; k++)
			nr_inside += kt_row_is_below(missing->holders[k], top);
		if (inside && (!missing->nr_holders || nr_inside < missing->nr_holders))
			quality = kt_quality_join(quality, KT_LOWER_BOUND);
		else if (!inside && nr_inside)
			quality = kt_quality_join(quality, KT_UPPER_BOUND);
	}
	return quality;
}

static void conclude(struct computing *c)
{
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		struct cell *cell = &c->cells[i];

		cell->val = cell->alone;
		if (!kt_ok(cell->val))
			continue;
		if (kt_rows[i].level == KT_LEVEL_NONE)
			cell->val.quality = join_known(c, i);
		cell->val.quality = join_missing(c, i, cell->val.quality);
	}
}

/* ---- lines ---- */

static void name_holders(const struct computing *c, struct kt_line *line)
{
	for (size_t i = 0; i < c->nr_missing; i++) {
		if (c->missing[i].row != line->row)
			continue;
		line->holders = c->missing[i].holders;
		line->nr_holders = c->missing[i].nr_holders;
	}
}

static struct kt_line *new_line(struct computing *c, struct kt_line line)
{
	struct kt_line *slot = kt_list_push(&c->account->arena, &c->account->lines);

	if (slot)
		*slot = line;
	return slot;
}

/* Emits a row's run-time children, and one line for the rest of the row. */
static void emit_children(struct computing *c, enum kt_row_id id, int depth, size_t parent_index)
{
	const struct kt_row *row = &kt_rows[id];
	const kt_children *children = &c->cells[id].children;
	struct kt_arena *arena = &c->account->arena;
	struct kt_val rest = c->cells[id].val;
	const char *rest_title = children->rest_title ? children->rest_title : row->rest_title;

	for (size_t i = 0; i < children->count; i++) {
		const struct kt_child *child = &children->items[i];

		rest = kt_val_sub(rest, child->val);
		new_line(c, (struct kt_line){
				    .id = kt_arena_printf(arena, "%s.%s", row->id, child->id),
				    .row = KT_ROW_NONE,
				    .parent = id,
				    .title = child->title,
				    .val = child->val,
				    .depth = depth,
				    .leaf = true,
				    .parent_index = parent_index,
			    });
	}
	rest.entry = NULL;
	if (rest.value || !kt_ok(rest))
		new_line(c, (struct kt_line){
				    .id = kt_arena_printf(arena, "%s.rest", row->id),
				    .row = KT_ROW_NONE,
				    .parent = id,
				    .title = rest_title ? rest_title : "not split",
				    .val = rest,
				    .depth = depth,
				    .leaf = true,
				    .parent_index = parent_index,
			    });
}

/* Whether a file counts this row, or says that the machine has none of it. */
static bool is_counted(const struct computing *c, enum kt_row_id id)
{
	for (size_t i = 0; i < c->nr_missing; i++) {
		if (c->missing[i].row == id)
			return false;
	}
	return true;
}

/*
 * Whether the rest of managed memory is what no counter names. Free memory, user pages, slab and
 * page tables may be most of a machine, and every kernel counts them: where one of them was not
 * counted, the rest says nothing about the kernel.
 */
static bool rest_has_meaning(const struct computing *c)
{
	static const enum kt_row_id large[] = { KT_ROW_FREE_BUDDY, KT_ROW_ANONYMOUS,
		KT_ROW_PAGE_CACHE, KT_ROW_SLAB_RECLAIMABLE, KT_ROW_SLAB_UNRECLAIMABLE,
		KT_ROW_PAGE_TABLES };

	for (size_t i = 0; i < KT_LEN(large); i++) {
		if (!is_counted(c, large[i]))
			return false;
	}
	return true;
}

/* The rows that contain the rest claim no more than the rest does. */
static const char *title_of(const struct computing *c, enum kt_row_id id)
{
	enum kt_row_id rest = c->rests[KT_LEVEL_MANAGED];

	if (c->rest_has_meaning || id == KT_ROW_RAM || !kt_ok(c->cells[rest].val))
		return kt_rows[id].title;
	if (id == rest)
		return "not known: not counted here";
	return kt_row_is_below(rest, id)
		       ? kt_arena_printf(&c->account->arena, "%s, or not known", kt_rows[id].title)
		       : kt_rows[id].title;
}

static void emit(struct computing *c, enum kt_row_id id, int depth, size_t parent_index)
{
	const struct kt_row *row = &kt_rows[id];
	const struct cell *cell = &c->cells[id];
	struct kt_line line = { row->id, title_of(c, id), id, row->parent, cell->val,
		.depth = depth };
	bool expanded = cell->children.count && kt_ok(cell->val), leaf = !expanded;
	size_t at = c->account->lines.count;

	for (enum kt_row_id i = id + 1; i < KT_ROW_COUNT && leaf; i++)
		leaf = kt_rows[i].parent != id;
	name_holders(c, &line);
	line.leaf = leaf;
	line.parent_index = parent_index;
	new_line(c, line);
	c->account->line_of[id] = at;
	if (expanded)
		emit_children(c, id, depth + 1, at);
	for (enum kt_row_id i = id + 1; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].parent == id)
			emit(c, i, depth + 1, at);
	}
}

/* ---- the error bound ---- */

/*
 * Most that the CPUs may hold back from the counters if the counters were not folded. KT_UNKNOWN:
 * no zone has a threshold.
 */
static int64_t lag_bytes(const struct kt_snapshot *snap)
{
	/* on one CPU a kernel without CONFIG_SMP prints no threshold and holds nothing back */
	bool any = snap->folded || snap->host.nr_cpus == 1;
	const int nr_zone_counters = 2, nr_node_counters = 8;
	int64_t pages = 0, largest = 0;

	for (size_t i = 0; i < snap->zones.count && !snap->folded; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		if (!kt_known(zone->threshold) || zone->threshold > 1 << 10 ||
			zone->nr_cpus > 1 << 14)
			continue; /* no kernel has such a threshold; the bound must not overflow */
		any = true;
		pages += zone->threshold * zone->nr_cpus * nr_zone_counters;
		/* node counters lag by the threshold of the node's largest zone */
		if (i && zone->node != snap->zones.items[i - 1].node) {
			pages += largest * nr_node_counters;
			largest = 0;
		}
		if (zone->threshold * zone->nr_cpus > largest)
			largest = zone->threshold * zone->nr_cpus;
	}
	/* pages already unmapped that a CPU's LRU batch still holds (PAGEVEC_SIZE) */
	pages += largest * nr_node_counters + 31 * kt_known_of(snap->host.nr_cpus, 0);
	return any && kt_known(snap->host.page_bytes) ? pages * snap->host.page_bytes : KT_UNKNOWN;
}

/*
 * Most that rows with inexact values may add to or take from unattributed. KT_UNKNOWN: no bound.
 * All late hash tables are exact if the kernel log names them all.
 */
static int64_t sum_doubts(const struct computing *c)
{
	int64_t sum = 0;

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		enum kt_metric metric =
			kt_rows[i].terms[0].sign ? kt_rows[i].terms[0].metric : KT_METRIC_NONE;
		const struct kt_val *val = &c->cells[i].alone;
		bool managed = kt_rows[i].level == KT_LEVEL_MANAGED && !kt_rows[i].rest;
		int64_t doubt;

		/* a balloon assumed to be outside MemTotal may be inside */
		if (!managed && metric != KT_BALLOON_OUT)
			continue;
		if (kt_ok(*val) ? val->quality == KT_EXACT : metric != KT_SWAP_CACHE_ONLY)
			continue;
		/*
		 * a lower bound of pages that only optional files name: the rest of them is in
		 * unattributed anyway
		 */
		if (kt_ok(*val) && val->quality == KT_LOWER_BOUND && !kt_rows[i].always)
			continue;
		doubt = kt_derive_doubt(c->snap, c->node, metric);
		if (!kt_known(doubt) || __builtin_add_overflow(sum, doubt, &sum))
			return KT_UNKNOWN;
	}
	return sum;
}

/* Whether rows that every machine has are missing here: any part of unattributed may be theirs. */
static bool holds_uncounted(const struct computing *c)
{
	enum kt_row_id rest = c->rests[KT_LEVEL_MANAGED];

	for (size_t i = 0; i < c->nr_missing; i++) {
		const struct missing *missing = &c->missing[i];

		for (size_t k = 0; kt_rows[missing->row].always && k < missing->nr_holders; k++) {
			if (missing->holders[k] == rest)
				return true;
		}
	}
	return false;
}

static const char *why_unbounded(const struct computing *c, int64_t doubts)
{
	if (holds_uncounted(c))
		return "it contains rows that no file here counts";
	if (c->totals[KT_LEVEL_MANAGED].quality != KT_EXACT)
		return "the total of managed memory is not known exactly";
	return kt_known(doubts) ? NULL : "a row that is subtracted is an estimate without a bound";
}

#define NOT_COVERED "; not memory that no file names, which is what the row is for"

/*
 * Bounds the error of unattributed that comes from reading: counters that changed meanwhile, counts
 * that CPUs held back, and overlaps that are not settled.
 */
static void bound_error(struct computing *c)
{
	const struct kt_snapshot *snap = c->snap;
	int64_t drift = kt_known_of(snap->drift_bytes, snap->skew_bytes), lag = lag_bytes(snap);
	int64_t doubts = sum_doubts(c);
	struct kt_account *account = c->account;

	account->drift_known = kt_known(drift);
	account->error_bytes = kt_known_of(drift, 0) + kt_known_of(lag, 0) + kt_known_of(doubts, 0);
	account->totals_exact = true;
	for (int level = KT_LEVEL_RESERVED; level < KT_LEVEL_COUNT; level++)
		account->totals_exact &=
			kt_ok(c->totals[level]) && c->totals[level].quality == KT_EXACT;
	account->error_unknown = why_unbounded(c, doubts);
	account->error_how =
		account->error_unknown ? account->error_unknown
		: !kt_known(lag) && !kt_known(drift)
			? "unsettled overlaps; drift while reading, and counts that each CPU may "
			  "hold back, are unknown" NOT_COVERED
		: !kt_known(lag)
			? "change of the counters while they were read, and unsettled overlaps; "
			  "counts that each CPU may hold back are unknown" NOT_COVERED
		: !kt_known(drift) ? "counts that each CPU may hold back, and unsettled overlaps; "
				     "drift while reading is unknown" NOT_COVERED
		: !kt_known(snap->drift_bytes) ? "how far the files disagree, counts that each CPU "
						 "may hold back, and unsettled overlaps" NOT_COVERED
		: snap->folded ? "change of the counters while they were read, and unsettled "
				 "overlaps" NOT_COVERED
			       : "change of the counters while they were read, counts that each "
				 "CPU may hold back, and unsettled overlaps" NOT_COVERED;
}

/*
 * Says why the files that have a total could not be used. Of a captured source, a file that does
 * not exist needs no reason.
 */
static struct kt_err *no_total(const struct kt_snapshot *snap, const char *reason)
{
	KT_CLEANUP(buf) struct kt_buf whys = { 0 };
	struct kt_err *err;

	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *source = &snap->sources.items[i];

		if (source->why && source->state == KT_BAD && strcmp(source->name, "tools") == 0)
			return kt_err_new(
				KT_ERR_ABSENT, "account: no memory total: %s", source->why);
		if (source->why && (snap->host.live || source->state != KT_ABSENT) &&
			(strcmp(source->name, "zoneinfo") == 0 ||
				strcmp(source->name, "meminfo") == 0))
			kt_buf_join(&whys, "; ", "%s", source->why);
	}
	if (whys.failed)
		return kt_err_new(KT_ERR_NOMEM, "account: out of memory");
	err = whys.size ? kt_err_new(KT_ERR_ABSENT, "%s (%.*s)", reason, (int)whys.size, whys.data)
			: kt_err_new(KT_ERR_ABSENT, "%s", reason);
	return kt_err_prepend(err, "account");
}

/* Groups contain other rows, so they are no candidates; the rest of a level has no name. */
static enum kt_row_id find_largest(const struct computing *c)
{
	enum kt_row_id largest = KT_ROW_NONE;

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].level != KT_LEVEL_NONE && !kt_rows[i].rest &&
			kt_ok(c->cells[i].val) &&
			(largest == KT_ROW_NONE ||
				c->cells[i].val.value > c->cells[largest].val.value))
			largest = i;
	}
	return largest;
}

struct kt_err *kt_account_compute(
	struct kt_snapshot *snap, int node, struct kt_account *ret_account)
{
	struct kt_val managed = kt_snapshot_get(snap, KT_MANAGED, node);
	struct computing c = { .snap = snap, .account = ret_account, .node = node };

	*ret_account = (struct kt_account){ .node = node };
	if (snap->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "account: out of memory");
	if (!kt_ok(managed))
		return no_total(snap, managed.reason);
	c.missing = kt_arena_alloc(&ret_account->arena, KT_ROW_COUNT * sizeof(*c.missing));
	if (!c.missing) {
		kt_account_fini(ret_account);
		return kt_err_new(KT_ERR_NOMEM, "account: out of memory");
	}
	compute_rows(&c);
	sum_groups(&c);
	find_missing(&c);
	conclude(&c);
	c.rest_has_meaning = rest_has_meaning(&c);
	emit(&c, KT_ROW_RAM, 0, SIZE_MAX);
	bound_error(&c);
	ret_account->installed_bytes = c.cells[KT_ROW_RAM].val.value;
	ret_account->rest_has_meaning = c.rest_has_meaning;
	ret_account->largest = find_largest(&c);
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

const struct kt_line *kt_account_line(const struct kt_account *account, enum kt_row_id row)
{
	size_t index = account->line_of[row];

	return index < account->lines.count ? &account->lines.items[index] : NULL;
}

const struct kt_line *kt_account_find(const struct kt_account *account, const char *id)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		if (strcmp(account->lines.items[i].id, id) == 0)
			return &account->lines.items[i];
	}
	return NULL;
}

const char *kt_line_contained_in(const struct kt_line *line, struct kt_arena *arena)
{
	const char *text = NULL;

	for (size_t i = 0; i < line->nr_holders; i++)
		text = kt_arena_printf(arena, "%s%s%s", text ? text : "", text ? ", " : "",
			kt_row_id_name(line->holders[i]));
	return text;
}

double kt_account_share(const struct kt_account *account, const struct kt_line *line)
{
	if (!kt_ok(line->val) || account->installed_bytes <= 0)
		return 0;
	return (double)line->val.value / (double)account->installed_bytes;
}
