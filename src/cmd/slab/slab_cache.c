// SPDX-License-Identifier: GPL-2.0-or-later
//
// One slab cache: its numbers with their files, a picture of one slab, the use of the cache, and
// what to do when it grows.
//
// In use, cached, free, padding and tail add up to held. Each part has the product that it comes
// from, so that a user can check it with slabinfo. A name may be merged with others: the kernel
// uses one cache where size and flags are alike, and the numbers are then for all of them.

#include "analysis/cache_lore.h"
#include "base/buf.h"
#include "cmd/charges.h"
#include "cmd/object_lists.h"
#include "cmd/slab/slab.h"

#include <stdlib.h>
#include <string.h>

#define NR_SUGGESTIONS 3
#define NAME_LONG      64

/* Bytes, and the share of what the cache holds. "held" is the sum of the rows above it. */
static const struct kt_column part_columns[] = {
	{ .key = "part",
		.title = "",
		.flags = KT_COL_SET,
		.words = "in use|cached|free|padding|tail|held" },
	{ .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	{ .key = "how", .title = "HOW", .flags = KT_COL_WRAP },
};

static const struct kt_column fact_columns[] = {
	{ .key = "what", .title = "" },
	{ .key = "text", .title = "", .flags = KT_COL_WRAP },
};

/* ---- similar names ---- */

/* Levenshtein's distance; very long names are cut. */
static size_t distance(const char *a, const char *b)
{
	size_t above[NAME_LONG + 1], n = strnlen(a, NAME_LONG), m = strnlen(b, NAME_LONG);

	for (size_t k = 0; k <= m; k++)
		above[k] = k;
	for (size_t i = 1; i <= n; i++) {
		size_t corner = above[0];

		above[0] = i;
		for (size_t k = 1; k <= m; k++) {
			size_t best = corner + (a[i - 1] != b[k - 1]);

			corner = above[k];
			best = above[k] + 1 < best ? above[k] + 1 : best;
			above[k] = above[k - 1] + 1 < best ? above[k - 1] + 1 : best;
		}
	}
	return above[m];
}

struct suggestions {
	const char *asked;
	const char *names[NR_SUGGESTIONS];
	size_t distances[NR_SUGGESTIONS];
};

/* A name that contains the typed one is closer than any mistyped name. */
static void suggest(struct suggestions *s, const char *name)
{
	size_t far = strstr(name, s->asked) ? 1 : distance(name, s->asked);

	if (name[0] == ':' || far > strlen(s->asked) / 2 + 1)
		return;
	for (size_t i = 0; i < NR_SUGGESTIONS; i++) {
		if (s->names[i] && strcmp(s->names[i], name) == 0)
			return;
		if (s->names[i] && s->distances[i] <= far)
			continue;
		for (size_t k = NR_SUGGESTIONS - 1; k > i; k--) {
			s->names[k] = s->names[k - 1];
			s->distances[k] = s->distances[k - 1];
		}
		s->names[i] = name;
		s->distances[i] = far;
		return;
	}
}

/*
 * Looks at the names that are merged too, because slabinfo does not show them and users know them.
 */
static struct kt_err *unknown(
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses, const char *asked)
{
	struct suggestions s = { .asked = asked };

	if (strpbrk(asked, "*?["))
		return kt_err_new(KT_ERR_USAGE,
			"'%.64s' is a pattern, and CACHE is one cache; for the caches that match: "
			"ktally "
			"slab --filter '%.64s'",
			asked, asked);
	for (size_t i = 0; i < uses->items.count; i++)
		suggest(&s, uses->items.items[i].cache->name);
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		suggest(&s, folder->name);
		for (size_t k = 0; k < folder->names.count; k++)
			suggest(&s, folder->names.items[k]);
	}
	if (!s.names[0])
		return kt_err_new(KT_ERR_USAGE,
			"there is no slab cache '%.64s' here; 'ktally slab' lists them", asked);
	return kt_err_new(KT_ERR_USAGE,
		"there is no slab cache '%.64s' here; did you mean %s%s%s%s%s?", asked, s.names[0],
		s.names[1] ? ", " : "", s.names[1] ? s.names[1] : "", s.names[2] ? ", " : "",
		s.names[2] ? s.names[2] : "");
}

/* ---- the cache ---- */

/* Finds a cache by its own name, or by a name merged with it; if several match, the largest. */
static const struct kt_slab_use *find_use(const struct kt_snapshot *snap,
	const struct kt_slab_uses *uses, const char *name, size_t *ret_count)
{
	const struct kt_cache_folder *folder = kt_slab_folder(snap, name);
	const struct kt_slab_use *best = NULL;
	bool exact = false;

	*ret_count = 0;
	for (size_t i = 0; i < uses->items.count; i++) {
		const struct kt_slab_use *use = &uses->items.items[i];
		bool same = strcmp(use->cache->name, name) == 0;

		if (!same && (exact || !folder || use->folder != folder))
			continue;
		*ret_count = same == exact ? *ret_count + 1 : 1;
		if (!best || same != exact || use->held_bytes > best->held_bytes)
			best = use;
		exact |= same;
	}
	return best;
}

/* A part that is not known keeps its row, without a number. */
static void put_part(struct kt_report *report, struct kt_table *table, const char *part,
	int64_t bytes, int64_t held, const char *how)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(part);
	row->cells[1] = kt_cell_known(bytes);
	if (bytes >= 0 && held > 0)
		row->cells[2] = kt_cell_real((double)bytes / (double)held);
	row->cells[3] = kt_cell_text(how);
}

/*
 * Without /sys/kernel/slab the size of an object is not known, and the slot with its padding stands
 * for it. Free objects in lists of CPUs count as used in slabinfo.
 */
static const char *how_in_use(struct kt_report *report, const struct kt_slab_use *use)
{
	int64_t size = use->object_bytes >= 0 ? use->object_bytes : use->slot_bytes;
	const char *text;

	if (use->cache->active_objs < 0 || size < 0)
		return NULL;
	text = kt_arena_printf(&report->arena, "%lld objects × %lld bytes%s",
		(long long)use->cache->active_objs, (long long)size,
		use->object_bytes >= 0 ? "" : ", padding in it");
	if (use->ready_bytes > 0)
		text = kt_arena_printf(&report->arena,
			use->memory ? "%s; %s of it moved while it was counted"
				    : "%s; up to %s of it is free in lists of CPUs",
			text, kt_report_bytes(report, use->ready_bytes));
	return text;
}

static const char *product(struct kt_report *report, int64_t a, const char *what, int64_t b)
{
	return a < 0 || b < 0 ? NULL
			      : kt_arena_printf(&report->arena, "%lld %s × %lld bytes",
					(long long)a, what, (long long)b);
}

/*
 * A slab that was made smaller when memory was short has fewer slots; slabinfo does not show which
 * ones.
 */
static const char *how_tail(struct kt_report *report, const struct kt_slab_use *use)
{
	const char *text = product(report, use->cache->nr_slabs, "slabs", use->tail_per_slab);

	if (use->uncertain_bytes <= 0)
		return text;
	return kt_arena_printf(&report->arena,
		"and slots missing in smaller slabs: up to %s of it does not exist",
		kt_report_bytes(report, use->uncertain_bytes));
}

/* Free objects that the next allocation on a CPU takes, and objects that wait for RCU. */
static const char *how_cached(struct kt_report *report, const struct kt_slab_use *use)
{
	const struct kt_cache_memory *memory = use->memory;

	return kt_arena_printf(&report->arena,
		"%lld objects ready for CPUs, %lld that wait for RCU, × %lld bytes",
		(long long)memory->cached_objs, (long long)memory->rcu_objs,
		(long long)use->slot_bytes);
}

static void put_parts(struct kt_report *report, const struct kt_slab_use *use, bool data_only)
{
	const struct kt_cache *cache = use->cache;
	struct kt_table *table =
		kt_report_table(report, "parts", NULL, part_columns, KT_LEN(part_columns));
	bool counted = use->in_use_bytes >= 0 && use->tail_bytes >= 0;
	int64_t held = use->held_bytes;
	int64_t free_objs = use->cached_bytes >= 0 ? use->memory->free_objs
						   : cache->nr_objs - cache->active_objs;

	if (table && (held < 0 || data_only))
		table->data_only = true;
	put_part(report, table, "in use", use->in_use_bytes, held, how_in_use(report, use));
	if (use->cached_bytes >= 0)
		put_part(report, table, "cached", use->cached_bytes, held, how_cached(report, use));
	put_part(report, table, "free", use->free_bytes, held,
		counted ? product(report, free_objs, "free slots", use->slot_bytes) : NULL);
	put_part(report, table, "padding", use->padding_bytes, held,
		use->padding_bytes < 0 ? "only /sys/kernel/slab has it"
				       : product(report, cache->active_objs, "objects",
						 use->slot_bytes - use->object_bytes));
	put_part(report, table, "tail", use->tail_bytes, held, how_tail(report, use));
	put_part(report, table, "held", held, held,
		product(report, cache->nr_slabs, "slabs", use->slab_bytes));
}

/* ---- other facts ---- */

static void put_fact(
	struct kt_report *report, struct kt_table *table, const char *what, const char *text)
{
	struct kt_report_row *row = text && *text && table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(what);
	row->cells[1] = kt_report_text(report, text);
}

/* Joins the phrase of a field, with the number in place of '#', unless the number is 0. */
static void join_phrase(struct kt_buf *text, const struct kt_cache_field *field, int64_t number)
{
	size_t at = field->phrase ? strcspn(field->phrase, "#") : 0;

	if (!field->phrase || number <= 0)
		return;
	kt_buf_join(text, ", ", "%s%.*s", field->kind == KT_CACHE_DEBUG ? "debugging: " : "",
		(int)at, field->phrase);
	if (field->phrase[at])
		kt_buf_printf(text, "%lld%s", (long long)number, field->phrase + at + 1);
}

static void join_flags(
	struct kt_buf *text, const struct kt_cache_folder *folder, enum kt_cache_kind kind)
{
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];

		if (field->kind == kind)
			join_phrase(text, field, kt_cache_field_of(folder, field));
	}
}

static const char *flags_text(struct kt_report *report, const struct kt_slab_use *use)
{
	struct kt_buf text = { 0 };

	if (kt_slab_reclaimable(use) > 0)
		kt_buf_join(&text, ", ", "reclaimable");
	if (kt_slab_accounted(use) > 0)
		kt_buf_join(&text, ", ", "charged to cgroups");
	join_flags(&text, use->folder, KT_CACHE_FLAG);
	join_flags(&text, use->folder, KT_CACHE_DEBUG);
	return kt_arena_text(&report->arena, &text);
}

/* Finds the first field from `from` on that has the line; KT_CACHE_FIELDS: none. */
static size_t find_line(const char *line, size_t from)
{
	while (from < KT_CACHE_FIELDS &&
		(!kt_cache_fields[from].line || strcmp(kt_cache_fields[from].line, line) != 0))
		from++;
	return from;
}

/* Puts the lines of numbers, each where its first field stands in the table. */
static void put_lines(
	struct kt_report *report, struct kt_table *table, const struct kt_cache_folder *folder)
{
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const char *line = kt_cache_fields[i].line;
		struct kt_buf text = { 0 };

		if (!line || find_line(line, 0) != i)
			continue;
		for (size_t k = i; k < KT_CACHE_FIELDS; k = find_line(line, k + 1))
			join_phrase(&text, &kt_cache_fields[k],
				kt_cache_field_of(folder, &kt_cache_fields[k]));
		put_fact(report, table, line, kt_arena_text(&report->arena, &text));
	}
}

static void put_facts(struct kt_report *report, const struct kt_slab_use *use,
	const struct kt_lore *lore, const char *asked)
{
	struct kt_table *table =
		kt_report_table(report, "facts", NULL, fact_columns, KT_LEN(fact_columns));
	struct kt_cell maker = kt_slab_maker(report, use);
	const char *aliases = kt_slab_aliases(use, asked, &report->arena);

	if (!table)
		return;
	table->text_only = true;
	put_fact(report, table, "used for", lore ? lore->used_for : NULL);
	put_fact(report, table, "grows by", lore ? lore->grows : NULL);
	put_fact(report, table, "what to do", lore ? lore->remedy : NULL);
	if (!lore)
		put_fact(report, table, "used for",
			"not known: its name, its constructor and the work during which "
			"it grows show its owner");
	put_fact(report, table, "merged with", aliases);
	put_fact(report, table, "made by", maker.state == KT_OK ? maker.text : NULL);
	put_fact(report, table, "constructor", use->folder ? use->folder->ctor : NULL);
	put_fact(report, table, "kind", flags_text(report, use));
	put_lines(report, table, use->folder);
}

/* ---- JSON ---- */

static void put_count(struct kt_report *report, const char *key, enum kt_cell_type type, int64_t n)
{
	kt_report_field(report, NULL, key, type, kt_cell_known(n));
}

/* Puts the fields of a kind that the page has. */
static void put_kind(
	struct kt_report *report, const struct kt_cache_folder *folder, enum kt_cache_kind kind)
{
	static const enum kt_cell_type types[] = { [KT_CACHE_BYTES] = KT_CELL_BYTES,
		[KT_CACHE_COUNT] = KT_CELL_COUNT,
		[KT_CACHE_FLAG] = KT_CELL_BOOL,
		[KT_CACHE_DEBUG] = KT_CELL_BOOL };

	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];

		if (field->kind == kind && (field->shown == KT_CACHE_SHOWN_PAGE ||
						   field->shown == KT_CACHE_SHOWN_BOTH))
			put_count(
				report, field->key, types[kind], kt_cache_field_of(folder, field));
	}
}

static void put_fields(struct kt_report *report, const struct kt_slab_use *use,
	const struct kt_lore *lore, const char *asked)
{
	const struct kt_cache *cache = use->cache;
	const struct kt_cache_folder *folder = use->folder;
	const char *aliases = kt_slab_aliases(use, asked, &report->arena);

	kt_report_field(report, NULL, "asked", KT_CELL_TEXT, kt_report_text(report, asked));
	kt_report_field(report, NULL, "name", KT_CELL_TEXT, kt_report_text(report, cache->name));
	kt_report_field(report, NULL, "folder", KT_CELL_TEXT,
		kt_report_text(report, folder ? folder->name : NULL));
	kt_report_field(
		report, NULL, "aliases", KT_CELL_TEXT, kt_cell_text(*aliases ? aliases : NULL));
	put_count(report, "objects", KT_CELL_COUNT, cache->active_objs);
	put_count(report, "slots", KT_CELL_COUNT, cache->nr_objs);
	put_count(report, "slabs", KT_CELL_COUNT, cache->nr_slabs);
	put_count(report, "objects_per_slab", KT_CELL_COUNT, cache->objs_per_slab);
	put_count(report, "pages_per_slab", KT_CELL_COUNT, cache->pages_per_slab);
	put_count(report, "object_bytes", KT_CELL_BYTES, use->object_bytes);
	put_count(report, "slot_bytes", KT_CELL_BYTES, use->slot_bytes);
	put_count(report, "slab_bytes", KT_CELL_BYTES, use->slab_bytes);
	put_count(report, "tail_per_slab_bytes", KT_CELL_BYTES, use->tail_per_slab);
	put_kind(report, folder, KT_CACHE_BYTES);
	put_count(report, "ready_bytes", KT_CELL_BYTES, use->ready_bytes);
	put_count(report, "uncertain_bytes", KT_CELL_BYTES, use->uncertain_bytes);
	put_kind(report, folder, KT_CACHE_COUNT);
	put_count(report, "reclaimable", KT_CELL_BOOL, kt_slab_reclaimable(use));
	put_count(report, "accounted", KT_CELL_BOOL, kt_slab_accounted(use));
	put_kind(report, folder, KT_CACHE_DEBUG);
	put_kind(report, folder, KT_CACHE_FLAG);
	kt_report_field(report, NULL, "maker", KT_CELL_TEXT, kt_slab_maker(report, use));
	kt_report_field(report, NULL, "constructor", KT_CELL_TEXT,
		kt_report_text(report, folder ? folder->ctor : NULL));
	kt_report_field(
		report, NULL, "used_for", KT_CELL_TEXT, kt_cell_text(lore ? lore->used_for : NULL));
	kt_report_field(
		report, NULL, "grows", KT_CELL_TEXT, kt_cell_text(lore ? lore->grows : NULL));
	kt_report_field(
		report, NULL, "remedy", KT_CELL_TEXT, kt_cell_text(lore ? lore->remedy : NULL));
}

static void put_headline(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_slab_use *use, const char *name)
{
	int64_t memory = kt_snapshot_memory(snap);
	const char *share = "", *slabs = "";

	if (use->held_bytes < 0) {
		kt_report_headline(report, "%s: its size is not known", name);
		return;
	}
	if (memory > 0)
		share = kt_arena_printf(&report->arena, ", %.2f %% of memory",
			(double)use->held_bytes / (double)memory * 100);
	if (use->cache->nr_slabs >= 0)
		slabs = kt_arena_printf(
			&report->arena, ", %lld slabs", (long long)use->cache->nr_slabs);
	kt_report_headline(
		report, "%s: %s%s%s", name, kt_report_bytes(report, use->held_bytes), share, slabs);
}

/* The fields of model/cache.def that the page has. */
#define IN_PAGE_NOWHERE(...)
#define IN_PAGE_LIST(...)
#define IN_PAGE_PAGE(...) __VA_ARGS__
#define IN_PAGE_BOTH(...) __VA_ARGS__
#define FIELD(member, file, read, of_kind, shown, name, heading, line, phrase) \
	IN_PAGE_##shown({ .key = (name), .type = KT_SLAB_CELL_##of_kind }, )

static const struct kt_column field_columns[] = {
	{ .key = "asked", .flags = KT_COL_SET },
	{ .key = "name", .flags = KT_COL_SET },
	{ .key = "folder" },
	{ .key = "aliases" },
	{ .key = "objects", .type = KT_CELL_COUNT },
	{ .key = "slots", .type = KT_CELL_COUNT },
	{ .key = "slabs", .type = KT_CELL_COUNT },
	{ .key = "objects_per_slab", .type = KT_CELL_COUNT },
	{ .key = "pages_per_slab", .type = KT_CELL_COUNT },
	{ .key = "object_bytes", .type = KT_CELL_BYTES },
	{ .key = "slot_bytes", .type = KT_CELL_BYTES },
	{ .key = "slab_bytes", .type = KT_CELL_BYTES },
	{ .key = "tail_per_slab_bytes", .type = KT_CELL_BYTES },
	{ .key = "ready_bytes", .type = KT_CELL_BYTES },
	{ .key = "uncertain_bytes", .type = KT_CELL_BYTES },
	{ .key = "reclaimable", .type = KT_CELL_BOOL },
	{ .key = "accounted", .type = KT_CELL_BOOL },
	{ .key = "maker" },
	{ .key = "constructor" },
	{ .key = "used_for" },
	{ .key = "grows" },
	{ .key = "remedy" },
	{ .key = "slabs_of_one_object",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_OPTIONAL,
		.help = "Only with --exact." },
	{ .key = "packing_frees_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_OPTIONAL,
		.help = "Only with --exact: what would be free if all objects in use were packed "
			"into as "
			"few slabs as possible." },
#include "model/cache.def"
};
#undef FIELD

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part parts_part = {
	.key = "parts",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(part_columns),
};

const struct kt_shape kt_slab_cache_shape = {
	.schema = "ktally/slab-cache/1",
	.title = "one slab cache",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &parts_part, &kt_slab_slot_part,
		&kt_slab_occupancy_part, &kt_slab_drawn_part, &kt_object_kinds_part,
		&kt_object_groups_part, &kt_object_holders_part, &kt_charges_of_caches_part),
};

/* The counts of objects do not need it: where it cannot be read, a note says why. */
static void put_occupancy(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	const struct kt_source_state *source = kt_source_outcome(snap, &kt_source_occupancy);

	if (snap->occupancies.count)
		kt_slab_put_occupancy(report, &snap->occupancies.items[0], uses);
	else if (source && source->why)
		kt_report_note(report, "how full its slabs are is not known: %s", source->why);
}

struct kt_err *kt_slab_cache_report(const struct kt_snapshot *snap, const struct kt_slab_uses *uses,
	const char *name, const struct kt_slab_args *args, struct kt_report *report)
{
	size_t nr_same;
	const struct kt_slab_use *use = find_use(snap, uses, name, &nr_same);
	const struct kt_lore *lore;

	if (!use)
		return unknown(snap, uses, name);
	lore = kt_lore_find(name);
	put_headline(report, snap, use, name);
	put_fields(report, use, lore, name);
	if (!args->draw)
		put_facts(report, use, lore, name);
	put_parts(report, use, args->draw);
	if (args->draw) {
		kt_slab_put_slot(report, use, snap->slab_drawings.items[0].pointer_at);
		kt_slab_put_drawing(report, snap);
	} else
		kt_slab_picture(report, use);
	if (args->exact)
		put_occupancy(report, snap, uses);
	if (snap->object_groups.count) {
		kt_object_lists_put(report, snap, use->slot_bytes);
		kt_machine_put_notes(report, snap);
	}
	if (args->by == KT_SLAB_BY_CGROUP)
		kt_charges_put(report, snap, use->cache->name, false);
	if (use->held_bytes < 0)
		kt_report_note(report, "reading the numbers needs root, or the files are missing");
	else if (strcmp(use->cache->name, name) != 0)
		kt_report_note(report,
			"%s is merged with other caches, as %s in slabinfo: the numbers "
			"are for all of them",
			name, use->cache->name);
	else if (*kt_slab_aliases(use, name, &report->arena))
		kt_report_note(report, "the numbers are for all merged caches together");
	if (use->cache->slot_error)
		kt_report_note(report,
			"the size of an object is rounded in this list: %lld bytes, ± %lld",
			(long long)use->slot_bytes, (long long)use->cache->slot_error);
	if (kt_slab_is_least(use))
		kt_report_note(report, "the list counts objects but no slabs: the cache holds more "
				       "than its objects");
	if (nr_same > 1)
		kt_report_note(report, "%zu caches have this name; this is the largest", nr_same);
	return NULL;
}
