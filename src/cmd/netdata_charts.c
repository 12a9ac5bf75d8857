// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/netdata_charts.h"

#include "cmd/metrics.h"

#include <stdlib.h>
#include <string.h>

#define MIB    (1 << 20)
#define ID_MAX 128 /* bytes; Netdata keeps no more of a name */

/* How the dimensions of a chart are found. */
enum content {
	TOP_ROWS,    /* of the account */
	KERNEL_ROWS, /* of the account: the parts of the kernel's */
	UNATTRIBUTED,
	WASTE,
	LIST, /* a list, the sum of its other rows included */
};

/* Memory in MiB; they stand beside Netdata's own charts of memory, mem.kernel being 1101. */
static const struct chart {
	const char *id, *title, *family, *type;
	int priority;
	enum content content;
	const char *table;
} charts[] = {
	{ "ktally_memory", "Installed memory, all of it", "overview", "stacked", 1040, TOP_ROWS,
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
};

struct dim {
	const char *key;       /* what makes it one, as the kernel has it */
	const char *id, *name; /* as Netdata has it */
	int64_t bytes;
};

typedef KT_LIST(struct dim) dim_list;

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

static const char *clean(struct kt_arena *arena, const char *text, const char *bad)
{
	const char *copy = kt_arena_printf(arena, "%.*s", ID_MAX, text);
	char *p = (char *)copy; /* our own copy */

	for (; p && *p; p++) {
		/* a name that was cut may end within a character */
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f || strchr(bad, *p))
			*p = '_';
	}
	return copy;
}

const char *kt_netdata_text(struct kt_arena *arena, const char *text)
{
	return clean(arena, text, "'\"\\");
}

const char *kt_netdata_id(struct kt_arena *arena, const char *name)
{
	const char *id = clean(arena, name, "'\"\\ =,.()");

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

/* Two names may become one when they are cleaned; a dimension keeps the id that it has. */
static void add(const struct told *before, struct told *now, const char *key, const char *name,
	int64_t bytes)
{
	const struct dim *old = dim_of(&before->dims, key);
	struct dim dim = { .key = kt_arena_printf(&now->arena, "%s", key), .bytes = bytes };
	struct dim *slot;

	if (dim_of(&now->dims, key))
		return;
	dim.id =
		old ? kt_arena_printf(&now->arena, "%s", old->id) : kt_netdata_id(&now->arena, key);
	dim.name = kt_netdata_text(&now->arena, name);
	if (!dim.key || !dim.id || !dim.name)
		return;
	if (!old && (has_id(&before->dims, dim.id) || has_id(&now->dims, dim.id)))
		dim.id = kt_arena_printf(&now->arena, "%s_%08x", dim.id,
			(unsigned)kt_span_hash(KT_HASH_START, kt_span_str(key)));
	slot = dim.id ? kt_list_push(&now->arena, &now->dims) : NULL;
	if (slot)
		*slot = dim;
}

/* ---- what a report says ---- */

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

/* Two levels below it: with all leaves there are as many dimensions as hash tables. */
static bool is_of_kernel(int depth, int kernel, bool leaf)
{
	return kernel >= 0 && (depth == kernel + 2 || (leaf && depth == kernel + 1));
}

/* What a machine has nothing of has no dimension before it has. */
static void add_account(const struct kt_table *table, enum content content,
	const struct told *before, struct told *now)
{
	int kernel = -1; /* depth of the row whose parts these are; -1: parts of another */

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
			add(before, now, id, text_of(table, row, "title"), bytes->number);
		if (strcmp(id, "kernel") == 0)
			kernel = row->depth;
	}
}

static void add_unattributed(
	const struct kt_table *table, const struct told *before, struct told *now)
{
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		const struct kt_cell *bytes = cell_of(table, row, "bytes"),
				     *error = cell_of(table, row, "error_bytes");

		if (strcmp(text_of(table, row, "id"), "unattributed") != 0 || bytes->state != KT_OK)
			continue;
		add(before, now, "unattributed", "unattributed", bytes->number);
		if (error->state != KT_OK)
			continue;
		add(before, now, "at_least", "at least", bytes->number - error->number);
		add(before, now, "at_most", "at most", bytes->number + error->number);
	}
}

static void add_waste(const struct kt_report *report, const struct told *before, struct told *now)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (!field->group || strcmp(field->group, "slab") != 0 ||
			field->cell.state != KT_OK)
			continue;
		if (strcmp(field->key, "free_bytes") == 0)
			add(before, now, "free_objects", "free objects", field->cell.number);
		if (strcmp(field->key, "tail_bytes") == 0)
			add(before, now, "tails", "tails of slabs", field->cell.number);
	}
}

/* A row is known by its labels: caches may have one name, and cgroups in different places. */
static const char *key_of(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *name = text_of(table, row, "name"), *path = text_of(table, row, "path");
	const struct kt_cell *copy = cell_of(table, row, "copy");

	if (*path)
		return path;
	if (copy->state == KT_OK)
		return kt_arena_printf(arena, "%s_%lld", name, (long long)copy->number);
	return name;
}

static void add_row(const struct kt_table *table, const struct kt_report_row *row,
	const struct told *before, struct told *now)
{
	const struct kt_cell *bytes = cell_of(table, row, "bytes");
	const char *key = bytes->state == KT_OK ? key_of(&now->arena, table, row) : NULL;

	if (key && *key)
		add(before, now, key, text_of(table, row, "name"), bytes->number);
}

static void add_list(const struct kt_table *table, const struct told *before, struct told *now)
{
	/* first, so that no row of that name is taken for it */
	if (table->rest)
		add_row(table, table->rest, before, now);
	for (size_t i = 0; i < table->rows.count; i++)
		add_row(table, &table->rows.items[i], before, now);
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
	else if (chart->content == LIST)
		add_list(table, before, now);
	else
		add_account(table, chart->content, before, now);
}

/* ---- the protocol ---- */

static void put_dim(struct kt_buf *buf, const struct dim *dim, const char *option)
{
	kt_buf_printf(
		buf, "DIMENSION '%s' '%s' absolute 1 %d %s\n", dim->id, dim->name, MIB, option);
}

static void announce(const struct kt_netdata *netdata, const struct chart *chart,
	const struct told *before, const struct told *now, struct kt_buf *buf)
{
	bool changed = !before->announced;

	for (size_t i = 0; i < now->dims.count; i++)
		changed |= !dim_of(&before->dims, now->dims.items[i].key);
	for (size_t i = 0; i < before->dims.count; i++)
		changed |= !dim_of(&now->dims, before->dims.items[i].key);
	if (!changed)
		return;
	kt_buf_printf(buf,
		"CHART mem.%s '' '%s' MiB %s mem.%s %s %d %lld '' ktally.plugin ktally\n",
		chart->id, chart->title, chart->family, chart->id, chart->type, chart->priority,
		(long long)netdata->update_every_s);
	for (size_t i = 0; i < before->dims.count; i++) {
		if (!dim_of(&now->dims, before->dims.items[i].key))
			put_dim(buf, &before->dims.items[i], "obsolete");
	}
	for (size_t i = 0; i < now->dims.count; i++) {
		if (!dim_of(&before->dims, now->dims.items[i].key))
			put_dim(buf, &now->dims.items[i], "''");
	}
}

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
