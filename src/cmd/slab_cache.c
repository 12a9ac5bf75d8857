// SPDX-License-Identifier: GPL-2.0-or-later
//
// One slab cache: its numbers and where they come from, a picture of one slab, what the
// cache is used for and what to do when it grows.

#include "analysis/cache_lore.h"
#include "cmd/slab.h"
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

#define NR_SUGGESTIONS 3
#define NAME_LONG      64

static const struct kt_column part_columns[] = {
	{ .key = "part", .title = "" },
	{ .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	{ .key = "how", .title = "HOW", .flags = KT_COL_WRAP },
};

static const struct kt_column fact_columns[] = {
	{ .key = "what", .title = "" },
	{ .key = "text", .title = "", .flags = KT_COL_WRAP },
};

/* ---- names that are close ---- */

/* Levenshtein's distance, of the beginnings of very long names. */
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

/* A name that contains what was typed is closer than any that was mistyped. */
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

static struct kt_err *unknown(
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses, const char *asked)
{
	struct suggestions s = { .asked = asked };

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

/* By its own name, or by one that was merged with it; of several the largest. */
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
		text = kt_arena_printf(&report->arena, "%s; up to %s of it lies ready with CPUs",
			text, kt_report_bytes(report, use->ready_bytes));
	return text;
}

static const char *product(struct kt_report *report, int64_t a, const char *what, int64_t b)
{
	return a < 0 || b < 0 ? NULL
			      : kt_arena_printf(&report->arena, "%lld %s × %lld bytes",
					(long long)a, what, (long long)b);
}

static const char *how_tail(struct kt_report *report, const struct kt_slab_use *use)
{
	const char *text = product(report, use->cache->nr_slabs, "slabs", use->tail_per_slab);

	if (use->uncertain_bytes <= 0)
		return text;
	return kt_arena_printf(&report->arena,
		"and objects that smaller slabs lack: up to %s of it is not there",
		kt_report_bytes(report, use->uncertain_bytes));
}

static void put_parts(struct kt_report *report, const struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;
	struct kt_table *table =
		kt_report_table(report, "parts", NULL, part_columns, KT_LEN(part_columns));
	bool counted = use->in_use_bytes >= 0 && use->tail_bytes >= 0;
	int64_t held = use->held_bytes;

	if (table && held < 0)
		table->data_only = true;
	put_part(report, table, "in use", use->in_use_bytes, held, how_in_use(report, use));
	put_part(report, table, "free", use->free_bytes, held,
		counted ? product(report, cache->nr_objs - cache->active_objs, "free slots",
				  use->slot_bytes)
			: NULL);
	put_part(report, table, "padding", use->padding_bytes, held,
		use->padding_bytes < 0 ? "only /sys/kernel/slab tells"
				       : product(report, cache->active_objs, "objects",
						 use->slot_bytes - use->object_bytes));
	put_part(report, table, "tail", use->tail_bytes, held, how_tail(report, use));
	put_part(report, table, "held", held, held,
		product(report, cache->nr_slabs, "slabs", use->slab_bytes));
}

/* ---- what else is known ---- */

static void put_fact(
	struct kt_report *report, struct kt_table *table, const char *what, const char *text)
{
	struct kt_report_row *row = text && *text && table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(what);
	row->cells[1] = kt_report_text(report, text);
}

static const char *flags_text(struct kt_report *report, const struct kt_slab_use *use)
{
	const struct kt_cache_folder *folder = use->folder;
	const struct {
		int64_t set;
		const char *text;
	} flags[] = {
		{ kt_slab_reclaimable(use), "reclaimable" },
		{ kt_slab_accounted(use), "charged to cgroups" },
		{ folder ? folder->hwcache_align : 0, "aligned to cache lines" },
		{ folder ? folder->rcu : 0, "freed after an RCU grace period" },
		{ folder ? folder->dma : 0, "for DMA" },
		{ folder ? folder->red_zone : 0, "debugging: red zones" },
		{ folder ? folder->poison : 0, "debugging: poison" },
		{ folder ? folder->store_user : 0, "debugging: who allocated" },
		{ folder ? folder->checks : 0, "debugging: checks" },
	};
	const char *text = "";

	for (size_t i = 0; i < KT_LEN(flags); i++) {
		if (flags[i].set > 0)
			text = kt_arena_printf(
				&report->arena, "%s%s%s", text, *text ? ", " : "", flags[i].text);
	}
	return text;
}

static const char *stock_text(struct kt_report *report, const struct kt_cache_folder *folder)
{
	const char *text = "";

	if (!folder)
		return text;
	if (folder->cpu_partial > 0)
		text = kt_arena_printf(&report->arena, "about %lld free objects in slabs",
			(long long)folder->cpu_partial);
	if (folder->sheaf_capacity > 0)
		text = kt_arena_printf(&report->arena, "%s%ssheaves of %lld objects", text,
			*text ? ", " : "", (long long)folder->sheaf_capacity);
	return text;
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
			"not known here: the name, its constructor and growth that follows a kind "
			"of work tell whose it is");
	put_fact(report, table, "merged with", aliases);
	put_fact(report, table, "made by", maker.state == KT_OK ? maker.text : NULL);
	put_fact(report, table, "constructor", use->folder ? use->folder->ctor : NULL);
	put_fact(report, table, "kind", flags_text(report, use));
	put_fact(report, table, "each CPU keeps", stock_text(report, use->folder));
}

/* ---- the same for programs ---- */

static void put_count(struct kt_report *report, const char *key, enum kt_cell_type type, int64_t n)
{
	kt_report_field(report, NULL, key, type, kt_cell_known(n));
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
	put_count(report, "align_bytes", KT_CELL_BYTES, folder ? folder->align_bytes : -1);
	put_count(report, "usercopy_bytes", KT_CELL_BYTES, folder ? folder->user_bytes : -1);
	put_count(report, "ready_bytes", KT_CELL_BYTES, use->ready_bytes);
	put_count(report, "uncertain_bytes", KT_CELL_BYTES, use->uncertain_bytes);
	put_count(report, "partial_slabs", KT_CELL_COUNT, folder ? folder->nr_partial : -1);
	put_count(report, "cpu_slabs", KT_CELL_COUNT, folder ? folder->nr_cpu_slabs : -1);
	put_count(report, "cpu_partial", KT_CELL_COUNT, folder ? folder->cpu_partial : -1);
	put_count(report, "sheaf_capacity", KT_CELL_COUNT, folder ? folder->sheaf_capacity : -1);
	put_count(report, "reclaimable", KT_CELL_BOOL, kt_slab_reclaimable(use));
	put_count(report, "accounted", KT_CELL_BOOL, kt_slab_accounted(use));
	put_count(report, "red_zone", KT_CELL_BOOL, folder ? folder->red_zone : -1);
	put_count(report, "poison", KT_CELL_BOOL, folder ? folder->poison : -1);
	put_count(report, "store_user", KT_CELL_BOOL, folder ? folder->store_user : -1);
	put_count(report, "rcu", KT_CELL_BOOL, folder ? folder->rcu : -1);
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
		kt_report_headline(report, "%s: how much it holds is not known", name);
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

struct kt_err *kt_slab_cache_report(const struct kt_options *options,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses, const char *name,
	struct kt_report *report)
{
	size_t nr_same;
	const struct kt_slab_use *use = find_use(snap, uses, name, &nr_same);
	const struct kt_lore *lore;

	(void)options;
	if (!use)
		return unknown(snap, uses, name);
	lore = kt_lore_find(name);
	put_headline(report, snap, use, name);
	put_fields(report, use, lore, name);
	put_facts(report, use, lore, name);
	put_parts(report, use);
	kt_slab_picture(report, use);
	if (use->held_bytes < 0)
		kt_report_note(report, "the numbers take root to read, or the files are not there");
	else if (strcmp(use->cache->name, name) != 0)
		kt_report_note(report,
			"%s is merged into one cache with others, which slabinfo calls %s: the "
			"numbers are of all of them",
			name, use->cache->name);
	else if (*kt_slab_aliases(use, name, &report->arena))
		kt_report_note(report, "the numbers are of all merged caches together");
	if (nr_same > 1)
		kt_report_note(report, "%zu caches have this name; this is the largest", nr_same);
	return NULL;
}
