// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns a report into the text protocol of Netdata: CHART and DIMENSION announce, BEGIN, SET and
// END give values. Values stay bytes; the divisor of the dimension makes MiB of them, so no digit
// is lost.
//
// A stacked chart must add up. A dimension is therefore a leaf of the chosen level and never a row
// together with its parts, and a list has the sum of its other rows as a dimension.

#include "cmd/monitor/netdata_charts.h"

#include "account/row.h"
#include "cmd/monitor/finding_tables.h"
#include "cmd/monitor/metrics.h"
#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

#define MIB    (1 << 20)
#define ID_MAX 128 /* bytes; Netdata keeps no more of a name */

/* Origin of the dimensions of a chart. Decides which rows become dimensions; see find_dims(). */
enum content {
	TOP_ROWS,    /* of the account */
	KERNEL_ROWS, /* the account: parts of the kernel row */
	UNATTRIBUTED,
	WASTE,
	LIST,	    /* a list, with the sum of its other rows */
	SEVERITIES, /* numbers of findings; the only chart whose unit is not MiB */
};

/* Memory in MiB, next to Netdata's own charts of memory; mem.kernel has priority 1101. */
static const struct chart {
	const char *id, *title, *family, *type;
	int priority;
	enum content content;
	const char *table;
} charts[] = {
	{ "ktally_memory", "All installed memory", "overview", "stacked", 1040, TOP_ROWS,
		KT_METRICS_ROWS },
	{ "ktally_kernel", "Memory of the kernel, every byte once", "kernel", "stacked", 1102,
		KERNEL_ROWS, KT_METRICS_ROWS },
	{ "ktally_unattributed", "Memory of the kernel that no counter explains, with its bounds",
		"kernel", "line", 1103, UNATTRIBUTED, KT_METRICS_ROWS },
	{ "ktally_slab_caches", "Slab caches, all of slab", "slab", "stacked", 1201, LIST,
		KT_METRICS_CACHES },
	{ "ktally_slab_waste", "Slab memory that no object uses", "slab", "stacked", 1202, WASTE,
		NULL },
	{ "ktally_vmalloc", "Memory from vmalloc by caller", "kernel", "stacked", 1104, LIST,
		KT_METRICS_CALLERS },
	{ "ktally_cgroups", "Memory of the kernel by cgroup", "kernel", "stacked", 1105, LIST,
		KT_METRICS_CGROUPS },
	{ "ktally_findings", "Findings of ktally diagnose", "overview", "stacked", 1041, SEVERITIES,
		KT_METRICS_SEVERITY },
};

/*
 * A dimension with its current value in bytes. The id never changes while the dimension exists:
 * Netdata stores the history by it.
 */
struct dim {
	const char *key;       /* identity, in the kernel's own words */
	const char *id, *name; /* as Netdata shows it */
	int64_t bytes;
};

typedef KT_LIST(struct dim) dim_list;

/*
 * Keeps for one chart what Netdata was sent: the dimensions of the last values, and whether the
 * chart was announced. It owns its texts, since the report that they came from is gone.
 */
struct told {
	struct kt_arena arena;
	dim_list dims;
	bool announced;
};

struct kt_netdata {
	int64_t update_every_s;
	struct told told[KT_LEN(charts)];
};

struct kt_netdata *kt_netdata_new(int64_t update_every_s)
{
	struct kt_netdata *netdata = calloc(1, sizeof(*netdata));

	if (netdata)
		netdata->update_every_s = update_every_s;
	return netdata;
}

void kt_netdata_free(struct kt_netdata *netdata)
{
	for (size_t i = 0; netdata && i < KT_LEN(charts); i++)
		kt_arena_fini(&netdata->told[i].arena);
	free(netdata);
}

/* ---- words ---- */

/*
 * Replaces what would end a word of the protocol or is no ASCII. The names come from files, and a
 * quote or a newline in a name could otherwise add lines to the protocol.
 */
static const char *clean(struct kt_arena *arena, const char *text, const char *bad)
{
	const char *copy = kt_arena_printf(arena, "%.*s", ID_MAX, text);
	char *p = (char *)copy; /* owned */

	for (; p && *p; p++) {
		/* a name that was cut may end within a character */
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f || strchr(bad, *p))
			*p = '_';
	}
	return copy;
}

/* Returns text for single quotes, where blanks stay blanks. */
static const char *text_word(struct kt_arena *arena, const char *text)
{
	return clean(arena, text, "'\"\\");
}

/* Returns a word of the protocol: without quotes, blanks, or characters that end a word. */
static const char *id_word(struct kt_arena *arena, const char *name)
{
	const char *id = clean(arena, name, "'\"\\ =,.()#");

	return id && !*id ? "_" : id;
}

bool kt_netdata_request(
	struct kt_span line, struct kt_span *ret_transaction, struct kt_span *ret_function)
{
	struct kt_span timeout;
	size_t n = 0;

	if (!kt_span_skip(&line, "FUNCTION ") || !kt_span_word(&line, ret_transaction) ||
		!kt_span_word(&line, &timeout))
		return false;
	line = kt_span_trim(line);
	if (!kt_span_skip(&line, "\""))
		kt_span_skip(&line, "'");
	while (n < line.n && !strchr("\"' \t", line.p[n]))
		n++;
	*ret_function = (struct kt_span){ line.p, n };
	return n > 0;
}

/* ---- dimensions ---- */

static const struct dim *dim_of(const dim_list *dims, const char *key)
{
	for (size_t i = 0; i < dims->count; i++) {
		if (strcmp(dims->items[i].key, key) == 0)
			return &dims->items[i];
	}
	return NULL;
}

static bool has_id(const dim_list *dims, const char *id)
{
	for (size_t i = 0; i < dims->count; i++) {
		if (strcmp(dims->items[i].id, id) == 0)
			return true;
	}
	return false;
}

/*
 * Two names may become equal when they are cleaned; a dimension keeps its id. A new dimension whose
 * id is taken gets a hash of its key as a suffix, which is the same after a restart. A second row
 * with the same key is dropped, because two values for one id would overwrite each other.
 */
static void add(const struct told *before, struct told *now, const char *key, const char *id,
	const char *name, int64_t bytes)
{
	const struct dim *old = dim_of(&before->dims, key);
	struct dim dim = { .key = kt_arena_printf(&now->arena, "%s", key), .bytes = bytes };
	struct dim *slot;

	if (dim_of(&now->dims, key))
		return;
	dim.id = old ? kt_arena_printf(&now->arena, "%s", old->id) : id_word(&now->arena, id);
	dim.name = text_word(&now->arena, name);
	if (!dim.key || !dim.id || !dim.name)
		return;
	if (!old && (has_id(&before->dims, dim.id) || has_id(&now->dims, dim.id)))
		dim.id = kt_arena_printf(&now->arena, "%s_%08x", dim.id,
			(unsigned)kt_span_hash(KT_HASH_START, kt_span_str(key)));
	slot = dim.id ? kt_list_push(&now->arena, &now->dims) : NULL;
	if (slot)
		*slot = dim;
}

/* ---- from report to dimensions ---- */

static const struct kt_table *table_of(const struct kt_report *report, const char *key)
{
	for (size_t i = 0; key && i < report->tables.count; i++) {
		if (strcmp(report->tables.items[i]->key, key) == 0)
			return report->tables.items[i];
	}
	return NULL;
}

static const struct kt_cell *cell_of(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	static const struct kt_cell none = { .state = KT_ABSENT };
	size_t column = kt_table_column_named(table, key);

	return column == KT_NO_COLUMN ? &none : &row->cells[column];
}

static const char *text_of(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	const struct kt_cell *cell = cell_of(table, row, key);

	return cell->state == KT_OK && cell->text ? cell->text : "";
}

/*
 * Two levels below it: with all leaves, each hash table would be a dimension. A leaf directly below
 * the kernel row is taken as well; without it the chart would not add up to the kernel row.
 */
static bool is_of_kernel(int depth, int kernel, bool leaf)
{
	return kernel >= 0 && (depth == kernel + 2 || (leaf && depth == kernel + 1));
}

/* Returns the title of a row, with the quality of its number if it is not exact. */
static const char *title_of(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row)
{
	static const char *const claims[][2] = { { "upper_bound", "at most" },
		{ "lower_bound", "at least" }, { "estimate", "estimate" } };
	const char *title = text_of(table, row, "title"), *quality = text_of(table, row, "quality");

	for (size_t i = 0; i < KT_LEN(claims); i++) {
		if (strcmp(quality, claims[i][0]) == 0)
			return kt_arena_printf(arena, "%s (%s)", title, claims[i][1]);
	}
	return title;
}

/*
 * Memory that the machine has none of gets no dimension until it has some. Once it has a dimension
 * it keeps it at 0: a dimension that vanishes at 0 would look like a gap.
 */
static void add_account(const struct kt_table *table, enum content content,
	const struct told *before, struct told *now)
{
	int kernel = -1; /* depth of the row whose parts follow; -1: not in that row */

	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		const struct kt_cell *bytes = cell_of(table, row, "bytes");
		const char *id = text_of(table, row, "id");
		bool leaf = cell_of(table, row, "leaf")->number;

		if (row->depth <= kernel)
			kernel = -1;
		if (bytes->state == KT_OK && (bytes->number || dim_of(&before->dims, id)) &&
			(content == TOP_ROWS ? row->depth == 1
					     : is_of_kernel(row->depth, kernel, leaf)))
			add(before, now, id, id, title_of(&now->arena, table, row), bytes->number);
		if (kt_row_is(KT_ROW_KERNEL, id))
			kernel = row->depth;
	}
}

/*
 * The two bounds are lines of their own, number minus and plus error. Where no bound is known only
 * the number is drawn.
 */
static void add_unattributed(
	const struct kt_table *table, const struct told *before, struct told *now)
{
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		const struct kt_cell *bytes = cell_of(table, row, "bytes"),
				     *error = cell_of(table, row, "error_bytes");

		if (!kt_row_is(KT_ROW_UNATTRIBUTED, text_of(table, row, "id")) ||
			bytes->state != KT_OK)
			continue;
		add(before, now, KT_ROW_NAME_UNATTRIBUTED, KT_ROW_NAME_UNATTRIBUTED, "unattributed",
			bytes->number);
		if (error->state != KT_OK)
			continue;
		add(before, now, "at_least", "at_least", "at least", bytes->number - error->number);
		add(before, now, "at_most", "at_most", "at most", bytes->number + error->number);
	}
}

/* From the fields of the report, which are sums over all caches, shown or not. */
static void add_waste(const struct kt_report *report, const struct told *before, struct told *now)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (!field->group || strcmp(field->group, "slab") != 0 ||
			field->cell.state != KT_OK)
			continue;
		if (strcmp(field->key, "free_bytes") == 0)
			add(before, now, "free_objects", "free_objects", "free objects",
				field->cell.number);
		if (strcmp(field->key, "tail_bytes") == 0)
			add(before, now, "tails", "tails", "tails of slabs", field->cell.number);
	}
}

/* A row is identified by its key, and shown by its path, or its name and number. */
static void add_row(const struct kt_table *table, const struct kt_report_row *row,
	const struct told *before, struct told *now)
{
	const struct kt_cell *bytes = cell_of(table, row, "bytes");
	const char *path = text_of(table, row, "path"), *id = kt_row_id(&now->arena, table, row);

	if (bytes->state == KT_OK && id && *id)
		add(before, now, row->key ? row->key : id, *path ? path : id,
			strchr(id, '#') ? id : text_of(table, row, "name"), bytes->number);
}

static void add_list(const struct kt_table *table, const struct told *before, struct told *now)
{
	/* first, so that it is not mistaken for a row of that name */
	if (table->rest)
		add_row(table, table->rest, before, now);
	for (size_t i = 0; i < table->rows.count; i++)
		add_row(table, &table->rows.items[i], before, now);
}

/* Infos need no action; the others are always there, so that an alarm has its dimension. */
static void add_severities(
	const struct kt_table *table, const struct told *before, struct told *now)
{
	for (size_t i = table->rows.count; i > 1; i--) {
		const struct kt_report_row *row = &table->rows.items[i - 1];
		const char *name = text_of(table, row, "severity");

		add(before, now, name, name, name, cell_of(table, row, "count")->number);
	}
}

static void find_dims(const struct chart *chart, const struct kt_report *report,
	const struct told *before, struct told *now)
{
	const struct kt_table *table = table_of(report, chart->table);

	if (chart->content == WASTE)
		add_waste(report, before, now);
	else if (!table)
		return;
	else if (chart->content == UNATTRIBUTED)
		add_unattributed(table, before, now);
	else if (chart->content == SEVERITIES)
		add_severities(table, before, now);
	else if (chart->content == LIST)
		add_list(table, before, now);
	else
		add_account(table, chart->content, before, now);
}

/* ---- the protocol ---- */

static void put_dim(
	struct kt_buf *buf, const struct chart *chart, const struct dim *dim, const char *option)
{
	kt_buf_printf(buf, "DIMENSION '%s' '%s' absolute 1 %d %s\n", dim->id, dim->name,
		chart->content == SEVERITIES ? 1 : MIB, option);
}

/* A dimension whose name changes is announced again with its id; that renames it. */
static bool is_announced(const struct told *before, const struct dim *dim)
{
	const struct dim *old = dim_of(&before->dims, dim->key);

	return old && strcmp(old->name, dim->name) == 0;
}

/*
 * A chart is repeated only if a dimension is new, renamed or gone. Dimensions that are gone are
 * marked obsolete, so that Netdata removes them instead of drawing their last value.
 */
static void announce(const struct kt_netdata *netdata, const struct chart *chart,
	const struct told *before, const struct told *now, struct kt_buf *buf)
{
	bool changed = !before->announced;

	for (size_t i = 0; i < now->dims.count; i++)
		changed |= !is_announced(before, &now->dims.items[i]);
	for (size_t i = 0; i < before->dims.count; i++)
		changed |= !dim_of(&now->dims, before->dims.items[i].key);
	if (!changed)
		return;
	kt_buf_printf(buf, "CHART mem.%s '' '%s' %s %s mem.%s %s %d %lld '' ktally.plugin ktally\n",
		chart->id, chart->title, chart->content == SEVERITIES ? "findings" : "MiB",
		chart->family, chart->id, chart->type, chart->priority,
		(long long)netdata->update_every_s);
	for (size_t i = 0; i < before->dims.count; i++) {
		if (!dim_of(&now->dims, before->dims.items[i].key))
			put_dim(buf, chart, &before->dims.items[i], "obsolete");
	}
	for (size_t i = 0; i < now->dims.count; i++) {
		if (!is_announced(before, &now->dims.items[i]))
			put_dim(buf, chart, &now->dims.items[i], "''");
	}
}

/* The first values have no time before them, so no microseconds are given. */
static void put_values(
	const struct chart *chart, const struct told *now, int64_t passed_us, struct kt_buf *buf)
{
	kt_buf_printf(buf, "BEGIN mem.%s", chart->id);
	if (passed_us > 0)
		kt_buf_printf(buf, " %lld", (long long)passed_us);
	kt_buf_puts(buf, "\n");
	for (size_t i = 0; i < now->dims.count; i++)
		kt_buf_printf(buf, "SET '%s' = %lld\n", now->dims.items[i].id,
			(long long)now->dims.items[i].bytes);
	kt_buf_puts(buf, "END\n");
}

/*
 * A chart without rows is never announced: a machine without cgroups shows no empty chart. The last
 * rows that vanish are still retired.
 */
void kt_netdata_put(struct kt_netdata *netdata, const struct kt_report *report, int64_t passed_us,
	struct kt_buf *ret_text)
{
	for (size_t i = 0; i < KT_LEN(charts); i++) {
		struct told *before = &netdata->told[i], now = { 0 };

		find_dims(&charts[i], report, before, &now);
		if (now.dims.count || before->dims.count)
			announce(netdata, &charts[i], before, &now, ret_text);
		if (now.dims.count)
			put_values(&charts[i], &now, before->announced ? passed_us : 0, ret_text);
		now.announced = before->announced || now.dims.count;
		kt_arena_fini(&before->arena);
		*before = now;
	}
}
