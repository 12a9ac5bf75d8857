// SPDX-License-Identifier: GPL-2.0-or-later
//
// JSON schemas of the reports, printed from the shapes that the commands state, one file for
// each, and common.schema.json with what all of them use.

#include "gen_docs.h"

#include "base/printable.h"
#include "commands.h"
#include "machine/machine.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMON "common.schema.json#/$defs/"

/* ---- JSON: compact, and indented when it is whole ---- */

/* The comma before the next member. */
static void next(struct kt_buf *buf)
{
	if (buf->size && !strchr("{[:,", buf->data[buf->size - 1]))
		kt_buf_puts(buf, ",");
}

static void put_key(struct kt_buf *buf, const char *key)
{
	next(buf);
	kt_buf_json(buf, key);
	kt_buf_puts(buf, ":");
}

static void put_open(struct kt_buf *buf, const char *key)
{
	put_key(buf, key);
	kt_buf_puts(buf, "{");
}

static void put_text(struct kt_buf *buf, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(buf, key);
	kt_buf_json(buf, text);
}

static void put_number(struct kt_buf *buf, const char *key, long long number)
{
	put_key(buf, key);
	kt_buf_printf(buf, "%lld", number);
}

static void put_string(struct kt_buf *buf, const char *text)
{
	next(buf);
	kt_buf_json(buf, text);
}

static void put_close(struct kt_buf *buf)
{
	kt_buf_puts(buf, "}");
}

static void new_line(struct kt_buf *to, int depth)
{
	kt_buf_puts(to, "\n");
	kt_buf_repeat(to, "  ", (size_t)depth);
}

static void indent(const struct kt_buf *from, struct kt_buf *to)
{
	bool in_text = false;
	int depth = 0;

	for (size_t i = 0; i < from->size; i++) {
		char c = from->data[i];
		bool escaped = in_text && c == '\\';

		if (c == '"')
			in_text = !in_text;
		if (!in_text && (c == '}' || c == ']'))
			new_line(to, --depth);
		kt_buf_add(to, &c, 1);
		if (escaped)
			kt_buf_add(to, &from->data[++i], 1);
		if (in_text || escaped)
			continue;
		if (c == '{' || c == '[')
			new_line(to, ++depth);
		else if (c == ',')
			new_line(to, depth);
		else if (c == ':')
			kt_buf_puts(to, " ");
	}
	kt_buf_puts(to, "\n");
}

/* ---- values ---- */

static bool may_be_null(const struct kt_column *column)
{
	return !(column->flags & KT_COL_SET);
}

static void put_words(struct kt_buf *buf, const struct kt_column *column)
{
	put_key(buf, "enum");
	kt_buf_puts(buf, "[");
	for (const char *word = column->words; word;) {
		const char *end = strchr(word, '|');
		char text[64];

		snprintf(text, sizeof(text), "%.*s", (int)(end ? end - word : (long)strlen(word)),
			word);
		put_string(buf, text);
		word = end ? end + 1 : NULL;
	}
	if (may_be_null(column)) {
		next(buf);
		kt_buf_puts(buf, "null");
	}
	kt_buf_puts(buf, "]");
}

static void put_type(struct kt_buf *buf, const char *type, bool null)
{
	put_key(buf, "type");
	kt_buf_printf(buf, null ? "[\"%s\",\"null\"]" : "\"%s\"", type);
}

/* A definition that all schemas share; NULL: what it may be is written out. */
static const char *common_of(const struct kt_column *column)
{
	bool is_signed = column->flags & KT_COL_SIGNED;

	if (column->flags & (KT_COL_NULL | KT_COL_EMPTY) || column->pattern || column->min ||
		column->max)
		return NULL;
	if (column->type == KT_CELL_TEXT)
		return column->flags & KT_COL_SET ? "name" : "text";
	if (column->flags & KT_COL_SET)
		return NULL;
	if (column->flags & KT_COL_GROWTH)
		return "growth";
	if (column->flags & KT_COL_RATE)
		return "rate";
	switch (column->type) {
	case KT_CELL_BYTES: return is_signed ? NULL : "bytes";
	case KT_CELL_COUNT: return is_signed ? NULL : "count";
	case KT_CELL_SHARE: return is_signed ? "real" : "share";
	case KT_CELL_REAL: return is_signed ? "real" : NULL;
	case KT_CELL_TEXT:
	case KT_CELL_BOOL: break;
	}
	return NULL;
}

static void put_limits(struct kt_buf *buf, const struct kt_column *column)
{
	if (column->min || !(column->flags & KT_COL_SIGNED))
		put_number(buf, "minimum", column->min);
	if (column->max)
		put_number(buf, "maximum", column->max);
}

static void put_values(struct kt_buf *buf, const struct kt_column *column)
{
	bool null = may_be_null(column);

	if (column->flags & KT_COL_NULL) {
		put_text(buf, "type", "null");
		return;
	}
	switch (column->type) {
	case KT_CELL_TEXT:
		put_type(buf, "string", null);
		if (!(column->flags & KT_COL_EMPTY))
			put_number(buf, "minLength", 1);
		put_text(buf, "pattern", column->pattern);
		break;
	case KT_CELL_BOOL: put_type(buf, "boolean", null); break;
	case KT_CELL_BYTES:
	case KT_CELL_COUNT:
		put_type(buf, "integer", null);
		put_limits(buf, column);
		break;
	case KT_CELL_SHARE:
	case KT_CELL_REAL:
		put_type(buf, "number", null);
		put_limits(buf, column);
		break;
	}
}

static void put_column(struct kt_buf *buf, const struct kt_column *column)
{
	const char *common = common_of(column);

	put_text(buf, "description", column->help);
	if (column->words)
		put_words(buf, column);
	else if (common) {
		put_key(buf, "$ref");
		kt_buf_printf(buf, "\"" COMMON "%s\"", common);
	} else
		put_values(buf, column);
}

/* ---- objects ---- */

static bool in_json(const struct kt_column *column)
{
	return !(column->flags & KT_COL_TEXT_ONLY);
}

static void put_properties(struct kt_buf *buf, const struct kt_part *part)
{
	for (size_t i = 0; i < part->nr_columns; i++) {
		if (!in_json(&part->columns[i]))
			continue;
		put_open(buf, part->columns[i].key);
		put_column(buf, &part->columns[i]);
		put_close(buf);
	}
}

static void put_required(struct kt_buf *buf, const struct kt_part *part)
{
	for (size_t i = 0; i < part->nr_columns; i++) {
		if (in_json(&part->columns[i]) && !(part->columns[i].flags & KT_COL_OPTIONAL))
			put_string(buf, part->columns[i].key);
	}
}

static const char *json_type(enum kt_cell_type type)
{
	switch (type) {
	case KT_CELL_TEXT: return "string";
	case KT_CELL_BOOL: return "boolean";
	case KT_CELL_BYTES:
	case KT_CELL_COUNT: return "integer";
	case KT_CELL_SHARE:
	case KT_CELL_REAL: break;
	}
	return "number";
}

/* Types of the columns if the state is "ok", or if it is not. */
static void put_branch(struct kt_buf *buf, const struct kt_part *part, const char *key,
	unsigned null_flags, unsigned set_flags)
{
	put_open(buf, key);
	put_open(buf, "properties");
	for (size_t i = 0; i < part->nr_columns; i++) {
		const struct kt_column *column = &part->columns[i];

		if (!(column->flags & (null_flags | set_flags)))
			continue;
		put_open(buf, column->key);
		put_text(
			buf, "type", column->flags & null_flags ? "null" : json_type(column->type));
		put_close(buf);
	}
	put_close(buf);
	put_close(buf);
}

static void put_state(struct kt_buf *buf, const struct kt_part *part)
{
	unsigned flags = 0;

	for (size_t i = 0; i < part->nr_columns; i++)
		flags |= part->columns[i].flags;
	if (!(flags & (KT_COL_SET_IF_OK | KT_COL_SET_UNLESS_OK | KT_COL_NULL_IF_OK)))
		return;
	put_key(buf, "if");
	kt_buf_puts(buf, "{\"properties\":{\"state\":{\"const\":\"ok\"}}}");
	put_branch(buf, part, "then", KT_COL_NULL_IF_OK | KT_COL_SET_UNLESS_OK, KT_COL_SET_IF_OK);
	put_branch(buf, part, "else", KT_COL_SET_IF_OK, KT_COL_SET_UNLESS_OK);
}

/* "node#_bytes" as a regular expression. */
static void put_more(struct kt_buf *buf, const struct kt_column *more)
{
	const char *number = strchr(more->key, '#');
	char pattern[128];

	snprintf(pattern, sizeof(pattern), "^%.*s[0-9]+%s$", (int)(number - more->key), more->key,
		number + 1);
	put_open(buf, "patternProperties");
	put_open(buf, pattern);
	put_column(buf, more);
	put_close(buf);
	put_close(buf);
}

static const char finding_arrays[] =
	",\"evidence\":{\"$ref\":\"" COMMON "notes\"},"
	"\"floors_bytes\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}";

static void put_object(struct kt_buf *buf, const struct kt_part *part)
{
	bool arrays = part->kind == KT_PART_FINDINGS;

	put_text(buf, "type", "object");
	put_open(buf, "properties");
	put_properties(buf, part);
	kt_buf_puts(buf, arrays ? finding_arrays : "");
	put_close(buf);
	if (part->more)
		put_more(buf, part->more);
	put_key(buf, "required");
	kt_buf_puts(buf, "[");
	put_required(buf, part);
	kt_buf_puts(buf, arrays ? ",\"evidence\",\"floors_bytes\"]" : "]");
	put_key(buf, "additionalProperties");
	kt_buf_puts(buf, "false");
	put_state(buf, part);
}

/* ---- tables and charts ---- */

static void put_row_ref(struct kt_buf *buf, const struct kt_part *part)
{
	put_key(buf, "$ref");
	kt_buf_printf(buf, "\"#/$defs/%s\"", part->key);
}

static void put_items(struct kt_buf *buf, const struct kt_part *part)
{
	put_text(buf, "type", "array");
	put_open(buf, "items");
	put_row_ref(buf, part);
	put_close(buf);
	if (part->min_rows)
		put_number(buf, "minItems", part->min_rows);
	if (part->max_rows)
		put_number(buf, "maxItems", part->max_rows);
}

static void put_sums(struct kt_buf *buf, const struct kt_part *part)
{
	char key[128];

	snprintf(key, sizeof(key), "%s_others", part->key);
	put_open(buf, key);
	put_text(buf, "description", "The sum of the rows that were cut.");
	put_key(buf, "anyOf");
	kt_buf_puts(buf, "[{");
	put_row_ref(buf, part);
	kt_buf_puts(buf, "},{\"type\":\"null\"}]");
	put_close(buf);
	snprintf(key, sizeof(key), "%s_total", part->key);
	put_open(buf, key);
	put_row_ref(buf, part);
	put_close(buf);
}

static void put_part(struct kt_buf *buf, const struct kt_part *part)
{
	if (part->kind == KT_PART_FIELDS && !part->key) {
		put_properties(buf, part);
		return;
	}
	put_open(buf, part->key);
	if (part == &kt_host_part)
		put_text(buf, "$ref", COMMON "host");
	else {
		put_text(buf, "description", part->help);
		if (part->kind == KT_PART_FIELDS)
			put_object(buf, part);
		else
			put_items(buf, part);
	}
	if (part->json) {
		next(buf);
		kt_buf_puts(buf, part->json);
	}
	put_close(buf);
	if (part->kind == KT_PART_LIST)
		put_sums(buf, part);
}

static const char chart_def[] =
	"{\"type\":\"object\",\"properties\":{"
	"\"key\":{\"$ref\":\"" COMMON "name\"},\"title\":{\"$ref\":\"" COMMON "name\"},"
	"\"stacked\":{\"description\":\"Bands are stacked and add up; otherwise they are lines.\","
	"\"type\":\"boolean\"},"
	"\"times_ms\":{\"description\":\"Milliseconds since 1970.\",\"type\":\"array\","
	"\"items\":{\"type\":\"integer\",\"minimum\":0},\"minItems\":1},"
	"\"bands\":{\"description\":\"From the bottom.\",\"type\":\"array\",\"items\":{"
	"\"type\":\"object\",\"properties\":{\"name\":{\"$ref\":\"" COMMON "name\"},"
	"\"bytes\":{\"type\":\"array\",\"items\":{\"type\":[\"integer\",\"null\"]}}},"
	"\"required\":[\"name\",\"bytes\"],\"additionalProperties\":false},\"minItems\":1},"
	"\"events\":{\"description\":\"What happened, at times of the chart.\","
	"\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
	"\"time_ms\":{\"type\":\"integer\",\"minimum\":0},\"text\":{\"type\":\"string\"}},"
	"\"required\":[\"time_ms\",\"text\"],\"additionalProperties\":false}}},"
	"\"required\":[\"key\",\"title\",\"stacked\",\"times_ms\",\"bands\",\"events\"],"
	"\"additionalProperties\":false}";

static void put_defs(struct kt_buf *buf, const struct kt_shape *shape)
{
	put_open(buf, "$defs");
	for (const struct kt_part *const *part = shape->parts; *part; part++) {
		if ((*part)->kind == KT_PART_FIELDS)
			continue;
		put_key(buf, (*part)->key);
		if ((*part)->kind == KT_PART_CHARTS) {
			kt_buf_puts(buf, chart_def);
			continue;
		}
		kt_buf_puts(buf, "{");
		put_object(buf, *part);
		put_close(buf);
	}
	put_close(buf);
}

/* ---- which parts a report has ---- */

static bool is_in(const struct kt_part *part, unsigned form)
{
	return !part->forms || (part->forms & form);
}

/* Keys at the top level that the part demands. */
static void put_keys(struct kt_buf *buf, const struct kt_part *part)
{
	char key[128];

	if (part->kind == KT_PART_FIELDS && !part->key) {
		put_required(buf, part);
		return;
	}
	put_string(buf, part->key);
	if (part->kind != KT_PART_LIST)
		return;
	snprintf(key, sizeof(key), "%s_others", part->key);
	put_string(buf, key);
	snprintf(key, sizeof(key), "%s_total", part->key);
	put_string(buf, key);
}

static void put_forbidden(struct kt_buf *buf, const struct kt_part *part)
{
	size_t nr_keys = part->kind == KT_PART_FIELDS && !part->key ? part->nr_columns : 1;

	for (size_t i = 0; i < nr_keys; i++) {
		next(buf);
		kt_buf_puts(buf, "{\"required\":[");
		kt_buf_json(buf, part->key ? part->key : part->columns[i].key);
		kt_buf_puts(buf, "]}");
	}
}

static void put_form(struct kt_buf *buf, const struct kt_shape *shape, unsigned form)
{
	bool any = false;

	next(buf);
	kt_buf_puts(buf, "{\"required\":[");
	for (const struct kt_part *const *part = shape->parts; *part; part++) {
		if (is_in(*part, form) && !((*part)->optional & form))
			put_keys(buf, *part);
		any |= !is_in(*part, form);
	}
	kt_buf_puts(buf, "]");
	if (any) {
		kt_buf_puts(buf, ",\"not\":{\"anyOf\":[");
		for (const struct kt_part *const *part = shape->parts; *part; part++) {
			if (!is_in(*part, form))
				put_forbidden(buf, *part);
		}
		kt_buf_puts(buf, "]}");
	}
	put_close(buf);
}

static void put_forms(struct kt_buf *buf, const struct kt_shape *shape)
{
	unsigned forms = 0;

	for (const struct kt_part *const *part = shape->parts; *part; part++)
		forms |= (*part)->forms;
	if (!forms)
		return;
	put_key(buf, "oneOf");
	kt_buf_puts(buf, "[");
	for (unsigned form = 1; form && form <= forms; form <<= 1) {
		if (forms & form)
			put_form(buf, shape, form);
	}
	kt_buf_puts(buf, "]");
}

static void put_always(struct kt_buf *buf, const struct kt_shape *shape)
{
	put_key(buf, "required");
	kt_buf_puts(buf, "[\"schema\"");
	for (const struct kt_part *const *part = shape->parts; *part; part++) {
		if (!(*part)->forms && !(*part)->optional)
			put_keys(buf, *part);
	}
	kt_buf_puts(buf, ",\"notes\"]");
}

/* If a list is missing, its sums are missing too. */
static void put_together(struct kt_buf *buf, const struct kt_shape *shape)
{
	static const char *const ends[] = { "", "_others", "_total" };
	bool any = false;

	for (const struct kt_part *const *part = shape->parts; *part; part++) {
		if ((*part)->kind != KT_PART_LIST || (!(*part)->forms && !(*part)->optional))
			continue;
		if (!any)
			put_open(buf, "dependentRequired");
		any = true;
		for (size_t i = 0; i < KT_LEN(ends); i++) {
			char key[128];

			snprintf(key, sizeof(key), "%s%s", (*part)->key, ends[i]);
			put_key(buf, key);
			kt_buf_puts(buf, "[");
			put_keys(buf, *part);
			kt_buf_puts(buf, "]");
		}
	}
	if (any)
		put_close(buf);
}

/* ---- files ---- */

static void put_head(struct kt_buf *buf, const char *file, const char *title)
{
	kt_buf_puts(buf, "{");
	put_text(buf, "$comment", "SPDX-License-Identifier: GPL-2.0-or-later");
	put_text(buf, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_text(buf, "$id", file);
	put_text(buf, "title", title);
}

static void put_schema(
	struct kt_buf *buf, const struct kt_shape *shape, const char *file, const char *title)
{
	put_head(buf, file, title);
	put_text(buf, "type", "object");
	put_open(buf, "properties");
	put_open(buf, "schema");
	put_text(buf, "const", shape->schema);
	put_close(buf);
	for (const struct kt_part *const *part = shape->parts; *part; part++)
		put_part(buf, *part);
	put_open(buf, "notes");
	put_text(buf, "$ref", COMMON "notes");
	put_close(buf);
	put_close(buf);
	put_always(buf, shape);
	put_key(buf, "additionalProperties");
	kt_buf_puts(buf, "false");
	put_forms(buf, shape);
	put_together(buf, shape);
	for (const struct kt_part *const *part = shape->parts; *part; part++) {
		if ((*part)->kind == KT_PART_FIELDS && !(*part)->key)
			put_state(buf, *part);
	}
	put_defs(buf, shape);
	put_close(buf);
}

static const struct {
	const char *name;
	struct kt_column column;
} common[] = {
	{ "name", { .flags = KT_COL_SET } },
	{ "text", { 0 } },
	{ "bytes", { .type = KT_CELL_BYTES,
			   .help = "Null where it is not known: missing is never zero." } },
	{ "count", { .type = KT_CELL_COUNT } },
	{ "share", { .type = KT_CELL_SHARE, .help = "A fraction of 1." } },
	{ "real", { .type = KT_CELL_REAL, .flags = KT_COL_SIGNED } },
	{ "growth", { .type = KT_CELL_BYTES,
			    .flags = KT_COL_SIGNED,
			    .help = "Since the first report of a repeated command; null in the "
				    "first report and where nothing is repeated." } },
	{ "rate", { .type = KT_CELL_BYTES,
			  .flags = KT_COL_SIGNED,
			  .help = "Per second, since the report before." } },
};

static void put_common(struct kt_buf *buf, const char *file)
{
	put_head(buf, file, "what all reports of ktally share");
	put_open(buf, "$defs");
	put_open(buf, "host");
	put_text(buf, "description", kt_host_part.help);
	put_object(buf, &kt_host_part);
	put_close(buf);
	put_open(buf, "notes");
	put_text(buf, "description", "Sentences for people; nothing a program should depend on.");
	put_text(buf, "type", "array");
	put_open(buf, "items");
	put_text(buf, "type", "string");
	put_number(buf, "minLength", 1);
	put_close(buf);
	put_close(buf);
	for (size_t i = 0; i < KT_LEN(common); i++) {
		put_open(buf, common[i].name);
		put_text(buf, "description", common[i].column.help);
		put_values(buf, &common[i].column);
		put_close(buf);
	}
	put_close(buf);
	put_close(buf);
}

static struct kt_err *write_file(
	const char *directory, const char *name, const struct kt_buf *compact)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char path[1024], whole[1024];
	FILE *file;
	bool ok;

	indent(compact, &text);
	if (compact->failed || text.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* renamed into place, so that the directory is as new as what is in it */
	snprintf(path, sizeof(path), "%s/%s.new", directory, name);
	snprintf(whole, sizeof(whole), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file)
		return kt_err_os(errno, "%s", path);
	ok = fwrite(text.data, 1, text.size, file) == text.size;
	ok = fclose(file) == 0 && ok && rename(path, whole) == 0;
	return ok ? NULL : kt_err_os(errno, "%s", whole);
}

static struct kt_err *write_shape(
	const char *directory, const struct kt_cmd *cmd, const struct kt_shape *shape)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };
	const char *name = strchr(shape->schema, '/');
	char file[128], title[256];

	if (!name || !strchr(name + 1, '/'))
		return kt_err_new(KT_ERR_PARSE, "%s: not as ktally/NAME/1", shape->schema);
	name++;
	snprintf(file, sizeof(file), "%.*s.schema.json", (int)strcspn(name, "/"), name);
	snprintf(title, sizeof(title), "ktally %s: %s", cmd->name,
		shape->title ? shape->title : cmd->summary);
	put_schema(&buf, shape, file, title);
	return write_file(directory, file, &buf);
}

/* Makes the directory; a schema from an earlier build may belong to a command that is gone. */
static struct kt_err *empty_directory(const char *directory)
{
	const struct dirent *entry;
	DIR *dir;

	if (mkdir(directory, 0755) && errno != EEXIST)
		return kt_err_os(errno, "%s", directory);
	dir = opendir(directory);
	if (!dir)
		return kt_err_os(errno, "%s", directory);
	while ((entry = readdir(dir))) {
		if (strstr(entry->d_name, ".schema.json"))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return NULL;
}

struct kt_err *gen_schemas(const char *directory)
{
	static const char file[] = "common.schema.json";
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };
	struct kt_err *err = empty_directory(directory);

	put_common(&buf, file);
	if (!err)
		err = write_file(directory, file, &buf);
	for (size_t i = 0; i < kt_commands.count && !err; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		if (cmd->shape)
			err = write_shape(directory, cmd, cmd->shape);
		if (!err && cmd->shape_of_one)
			err = write_shape(directory, cmd, cmd->shape_of_one);
	}
	return err;
}
