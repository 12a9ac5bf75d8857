// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes the table of the account's rows and the enum of their ids: gen_rows ROWS TABLE ENUM
// reads src/account/rows.txt, whose head describes the format, and writes a C source and a
// header. Any mistake in ROWS is reported with file and line, and then nothing is written.
// Runs while the program is built.

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX  256
#define TERMS_MAX 16
#define ID_MAX	  32

enum key {
	PARENT,
	TITLE,
	LEVEL,
	PLUS,
	MINUS,
	IS,
	PARTS,
	REST_TITLE,
	UNUSUAL,
	MEANS,
	GROWS,
	NEXT,
	NR_KEYS
};

static const char *const keys[NR_KEYS] = { "parent", "title", "level", "plus", "minus", "is",
	"parts", "rest_title", "unusual_permille", "means", "grows", "next" };

static const char *const levels[] = { "firmware", "reserved", "managed" };
enum { REST, ALWAYS, APART, NR_FLAGS };
static const char *const flags[NR_FLAGS] = { "rest", "always", "apart" };

static const char *const metrics[] = {
#define METRIC(id, doc) #id,
#include "model/metric.def"
#undef METRIC
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* A value and the line that it begins on; NULL: no value. */
struct field {
	char *text;
	int line;
};

struct term {
	struct field metric;
	bool minus, optional, overlaps;
	char *of; /* id of a row; NULL: none */
};

struct row {
	char id[ID_MAX];
	int line;
	struct field fields[NR_KEYS];
	struct term terms[TERMS_MAX];
	size_t nr_terms;
	bool flags[NR_FLAGS];
};

struct rows {
	const char *file;
	struct row items[ROWS_MAX];
	size_t count, nr_terms; /* most terms of a row */
	bool failed;
	struct field *open; /* the text that a line beginning with a tab continues */
};

static void __attribute__((format(printf, 3, 4)))
fail(struct rows *rows, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: error: ", rows->file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	rows->failed = true;
}

static size_t find(const char *const *list, size_t count, const char *word)
{
	size_t i = 0;

	while (i < count && strcmp(list[i], word) != 0)
		i++;
	return i;
}

/* Returns the index of the row with an id; rows->count: no row has it. */
static size_t find_row(const struct rows *rows, const char *id)
{
	size_t i = 0;

	while (i < rows->count && strcmp(rows->items[i].id, id) != 0)
		i++;
	return i;
}

/* ---- reading ---- */

static void begin_row(struct rows *rows, int number, const char *line)
{
	size_t n = strcspn(line + 1, "]");
	struct row *row = &rows->items[rows->count];

	if (strcmp(line + 1 + n, "]") != 0 || !n || n >= ID_MAX ||
		strspn(line + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
		fail(rows, number, "a row begins with [ID], up to %d of a-z, 0-9 and _",
			ID_MAX - 1);
	else if (rows->count == ROWS_MAX)
		fail(rows, number, "more than %d rows", ROWS_MAX);
	else {
		memcpy(row->id, line + 1, n);
		if (find_row(rows, row->id) < rows->count)
			fail(rows, number, "a second row '%s'", row->id);
		row->line = number;
		rows->count++;
	}
}

static bool starts(char **text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*text, word, n) != 0)
		return false;
	*text += n;
	return true;
}

/*
 * Parses "METRIC", "METRIC, optional", "METRIC, of ID", "METRIC, overlaps ID". Returns false if the
 * row does not keep the text of the field.
 */
static bool add_term(struct rows *rows, struct row *row, bool minus, struct field field)
{
	struct term *term = &row->terms[row->nr_terms];
	char *rest = strstr(field.text, ", ");

	if (row->nr_terms == TERMS_MAX) {
		fail(rows, field.line, "more than %d terms", TERMS_MAX);
		return false;
	}
	*term = (struct term){ .metric = field, .minus = minus, .optional = rest };
	if (rest) {
		*rest = '\0';
		rest += 2;
		term->overlaps = starts(&rest, "overlaps ");
		if (term->overlaps || starts(&rest, "of "))
			term->of = rest;
		else if (strcmp(rest, "optional") != 0)
			fail(rows, field.line, "'%s' is not 'optional', 'of ID' or 'overlaps ID'",
				rest);
	}
	if (find(metrics, LEN(metrics), field.text) == LEN(metrics))
		fail(rows, field.line, "model/metric.def has no metric '%s'", field.text);
	row->nr_terms++;
	if (row->nr_terms > rows->nr_terms)
		rows->nr_terms = row->nr_terms;
	return true;
}

static void add_flag(struct rows *rows, struct row *row, struct field field)
{
	size_t flag = find(flags, NR_FLAGS, field.text);

	if (flag == NR_FLAGS)
		fail(rows, field.line, "'%s' is not 'rest', 'always' or 'apart'", field.text);
	else
		row->flags[flag] = true;
}

static void add_field(struct rows *rows, int number, char *line)
{
	struct row *row = rows->count ? &rows->items[rows->count - 1] : NULL;
	char *colon = strstr(line, ": ");
	struct field field = { colon ? colon + 2 : NULL, number };
	bool kept = false;
	size_t key;

	if (!row || !colon) {
		fail(rows, number, "expected [ID], KEY: VALUE, a comment or a text that goes on");
		return;
	}
	*colon = '\0';
	key = find(keys, NR_KEYS, line);
	field.text = strdup(field.text);
	if (key == NR_KEYS)
		fail(rows, number, "a row has no '%s'", line);
	else if (!field.text)
		fail(rows, number, "out of memory");
	else if (key == PLUS || key == MINUS)
		kept = add_term(rows, row, key == MINUS, field);
	else if (key == IS)
		add_flag(rows, row, field);
	else if (row->fields[key].text)
		fail(rows, number, "a second '%s'", line);
	else {
		row->fields[key] = field;
		rows->open = key >= MEANS ? &row->fields[key] : NULL;
		kept = true;
	}
	if (!kept)
		free(field.text);
}

static void go_on(struct rows *rows, int number, const char *line)
{
	struct field *field = rows->open;
	char *text = field ? malloc(strlen(field->text) + strlen(line) + 2) : NULL;

	if (!text) {
		fail(rows, number, "no text is before this one that could go on");
		return;
	}
	sprintf(text, "%s %s", field->text, line);
	free(field->text);
	field->text = text;
}

static void read_line(struct rows *rows, int number, char *line)
{
	size_t n = strcspn(line, "\n");
	const char *text = line + (line[0] == '\t');

	line[n] = '\0';
	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~') {
			fail(rows, number, "a character that is not printable ASCII");
			return;
		}
	}
	if (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		fail(rows, number, "space at the end of the line");
	if (line[0] == '\t') {
		go_on(rows, number, text);
		return;
	}
	rows->open = NULL;
	if (line[0] == '[')
		begin_row(rows, number, line);
	else if (line[0] && line[0] != '#')
		add_field(rows, number, line);
}

static bool read_rows(struct rows *rows)
{
	FILE *file = fopen(rows->file, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		perror(rows->file);
		return false;
	}
	for (int number = 1; getline(&line, &size, file) > 0; number++)
		read_line(rows, number, line);
	free(line);
	fclose(file);
	return true;
}

/* ---- checks ---- */

static void check_texts(struct rows *rows, const struct row *row)
{
	static const enum key needed[] = { TITLE, MEANS, GROWS, NEXT };

	for (size_t i = 0; i < LEN(needed); i++) {
		const struct field *field = &row->fields[needed[i]];

		if (!field->text)
			fail(rows, row->line, "row '%s' has no '%s'", row->id, keys[needed[i]]);
		else if (needed[i] != TITLE && field->text[strlen(field->text) - 1] != '.')
			fail(rows, field->line, "a text ends with '.'");
	}
}

static void check_parent(struct rows *rows, size_t index)
{
	const struct row *row = &rows->items[index];
	const struct field *parent = &row->fields[PARENT];

	if (!parent->text && index)
		fail(rows, row->line, "only the first row has no parent");
	else if (parent->text && find_row(rows, parent->text) >= index)
		fail(rows, parent->line, "no row '%s' comes before '%s'", parent->text, row->id);
}

static void check_terms(struct rows *rows, const struct row *row)
{
	for (size_t i = 0; i < row->nr_terms; i++) {
		const struct term *term = &row->terms[i];

		if (!i && (term->minus || term->optional))
			fail(rows, term->metric.line, "the first term is 'plus: METRIC'");
		if (term->minus && !term->optional)
			fail(rows, term->metric.line,
				"a 'minus' says 'optional', 'of' or "
				"'overlaps'");
		if (term->of && (!term->minus || find_row(rows, term->of) == rows->count ||
					strcmp(term->of, row->id) == 0))
			fail(rows, term->metric.line, "'%s' is no row to take off", term->of);
	}
}

static bool has_children(const struct rows *rows, const struct row *row)
{
	for (size_t i = 0; i < rows->count; i++) {
		const char *parent = rows->items[i].fields[PARENT].text;

		if (parent && strcmp(parent, row->id) == 0)
			return true;
	}
	return false;
}

/* A row is a group of rows, or it has one thing that gives its value. The rest may have parts. */
static void check_value(struct rows *rows, const struct row *row)
{
	const struct field *level = &row->fields[LEVEL];
	bool has_rows = row->fields[PARTS].text && !row->flags[REST];
	int nr_values = (row->nr_terms || has_rows) + row->flags[REST];

	if (level->text && find(levels, LEN(levels), level->text) == LEN(levels))
		fail(rows, level->line, "'%s' is not 'firmware', 'reserved' or 'managed'",
			level->text);
	if (level->text && nr_values != 1)
		fail(rows, row->line, "row '%s' has a level, so it has terms, parts or 'is: rest'",
			row->id);
	if (!level->text && (nr_values || !has_children(rows, row)))
		fail(rows, row->line, "row '%s' has no level, so it has rows below it and no value",
			row->id);
}

static void check_unusual(struct rows *rows, const struct row *row)
{
	const struct field *unusual = &row->fields[UNUSUAL];
	size_t n = unusual->text ? strspn(unusual->text, "0123456789") : 0;

	if (unusual->text && (unusual->text[n] || !n || n > 3))
		fail(rows, unusual->line, "'unusual_permille' is a number below 1000");
}

/* Each level closes by exactly one row. */
static void check_rests(struct rows *rows)
{
	for (size_t i = 0; i < LEN(levels); i++) {
		size_t count = 0;

		for (size_t k = 0; k < rows->count; k++) {
			const char *level = rows->items[k].fields[LEVEL].text;

			count += rows->items[k].flags[REST] && level &&
				 strcmp(level, levels[i]) == 0;
		}
		if (count != 1)
			fail(rows, 1, "level '%s' has %zu rows with 'is: rest', not one", levels[i],
				count);
	}
}

static void check(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];

		check_texts(rows, row);
		check_parent(rows, i);
		check_terms(rows, row);
		check_value(rows, row);
		check_unusual(rows, row);
	}
	check_rests(rows);
}

/* ---- writing ---- */

static void put_enum(FILE *out, const char *prefix, const char *id)
{
	fputs(prefix, out);
	for (const char *p = id; *p; p++)
		fputc(toupper((unsigned char)*p), out);
}

static void put_string(FILE *out, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(out, "\t\t.%s = \"", name);
	for (const char *p = text; *p; p++)
		fprintf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	fputs("\",\n", out);
}

static void put_terms(FILE *out, const struct row *row)
{
	for (size_t i = 0; i < row->nr_terms; i++) {
		const struct term *term = &row->terms[i];

		fprintf(out, "\t\t.terms[%zu] = { .sign = %d, .metric = KT_%s, .optional = %d, ", i,
			term->minus ? -1 : 1, term->metric.text, term->optional);
		fprintf(out, ".overlaps = %d, ", term->overlaps);
		put_enum(out, ".of = KT_ROW_", term->of ? term->of : "none");
		fputs(" },\n", out);
	}
}

static void put_row(FILE *out, const struct rows *rows, const struct row *row)
{
	const struct field *fields = row->fields;

	put_enum(out, "\t[KT_ROW_", row->id);
	fprintf(out, "] = {\n\t\t.id = \"%s\",\n", row->id);
	put_enum(out, "\t\t.parent = KT_ROW_", fields[PARENT].text ? fields[PARENT].text : "none");
	put_enum(
		out, ",\n\t\t.level = KT_LEVEL_", fields[LEVEL].text ? fields[LEVEL].text : "none");
	fputs(",\n", out);
	for (size_t i = 0; i < NR_FLAGS; i++) {
		if (row->flags[i])
			fprintf(out, "\t\t.%s = true,\n", flags[i]);
	}
	put_terms(out, row);
	/* the compiler names this line if row_expand.h has no such function */
	if (fields[PARTS].text)
		fprintf(out, "#line %d \"%s\"\n\t\t.expand = kt_expand_%s,\n", fields[PARTS].line,
			rows->file, fields[PARTS].text);
	if (fields[UNUSUAL].text)
		fprintf(out, "\t\t.unusual_permille = %s,\n", fields[UNUSUAL].text);
	put_string(out, "title", fields[TITLE].text);
	put_string(out, "rest_title", fields[REST_TITLE].text);
	put_string(out, "means", fields[MEANS].text);
	put_string(out, "grows", fields[GROWS].text);
	put_string(out, "next", fields[NEXT].text);
	fputs("\t},\n", out);
}

static void put_table(FILE *out, const struct rows *rows)
{
	fputs("// SPDX-License-Identifier: GPL-2.0-or-later\n"
	      "// Made by tools/gen_rows.c from src/account/rows.txt.\n"
	      "#include \"account/row.h\"\n#include \"account/row_expand.h\"\n\n"
	      "const struct kt_row kt_rows[KT_ROW_COUNT] = {\n",
		out);
	for (size_t i = 0; i < rows->count; i++)
		put_row(out, rows, &rows->items[i]);
	fputs("};\n", out);
}

static void put_ids(FILE *out, const struct rows *rows)
{
	fputs("// SPDX-License-Identifier: GPL-2.0-or-later\n"
	      "// Made by tools/gen_rows.c from src/account/rows.txt.\n"
	      "#ifndef KT_ACCOUNT_ROW_ID_H\n#define KT_ACCOUNT_ROW_ID_H\n\n",
		out);
	fprintf(out, "#define KT_ROW_TERMS %zu\n\nenum kt_row_id {\n", rows->nr_terms);
	for (size_t i = 0; i < rows->count; i++) {
		put_enum(out, "\tKT_ROW_", rows->items[i].id);
		fputs(",\n", out);
	}
	fputs("\tKT_ROW_COUNT,\n\tKT_ROW_NONE = KT_ROW_COUNT\n};\n\n", out);
	fputs("/* Names in files and JSON, for constant tables. */\n", out);
	for (size_t i = 0; i < rows->count; i++) {
		put_enum(out, "#define KT_ROW_NAME_", rows->items[i].id);
		fprintf(out, " \"%s\"\n", rows->items[i].id);
	}
	fputs("\n#endif\n", out);
}

static bool write_file(
	const char *name, void (*put)(FILE *, const struct rows *), const struct rows *rows)
{
	FILE *out = fopen(name, "w");
	bool failed = !out;

	if (out) {
		put(out, rows);
		failed = ferror(out);
		failed |= fclose(out) != 0;
	}
	if (failed)
		perror(name);
	return !failed;
}

int main(int argc, char **argv)
{
	static struct rows rows;

	if (argc != 4) {
		fputs("usage: gen_rows ROWS TABLE ENUM\n", stderr);
		return 2;
	}
	rows.file = argv[1];
	if (!read_rows(&rows))
		return 1;
	check(&rows);
	return rows.failed || !write_file(argv[2], put_table, &rows) ||
	       !write_file(argv[3], put_ids, &rows);
}
