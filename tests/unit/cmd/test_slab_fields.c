// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every field of model/cache.def is read from its file and arrives where its entry says:
// on the page of one cache, in the list, in the text. The tests know no field by name.

#include "cmd/slab/slab.h"
#include "feed.h"
#include "report/shape.h"
#include "root/root_ops.h"
#include "test.h"

#define FOLDER "sys/kernel/slab/pid/"

static bool is_flag(const struct kt_cache_field *field)
{
	return field->kind == KT_CACHE_FLAG || field->kind == KT_CACHE_DEBUG;
}

static bool is_in_list(const struct kt_cache_field *field)
{
	return field->shown == KT_CACHE_SHOWN_LIST || field->shown == KT_CACHE_SHOWN_BOTH;
}

static bool is_on_page(const struct kt_cache_field *field)
{
	return field->shown == KT_CACHE_SHOWN_PAGE || field->shown == KT_CACHE_SHOWN_BOTH;
}

/* A number that only this field has; flags have 1. */
static int64_t number_of(size_t i)
{
	return is_flag(&kt_cache_fields[i]) ? 1 : 1000 + (int64_t)i;
}

/* One cache with every file; `zero`: each contains 0. */
static struct kt_root *root_of_all(bool zero)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		char path[128], text[32];

		snprintf(path, sizeof(path), FOLDER "%s", kt_cache_fields[i].file);
		snprintf(text, sizeof(text), "%lld\n", (long long)(zero ? 0 : number_of(i)));
		kt_err_free(kt_root_memory_add(root, path, strdup(text), strlen(text)));
	}
	return root;
}

static struct kt_snapshot *snapshot_of(struct kt_root *root, const char *asked)
{
	struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, "proc/slabinfo",
			  "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> "
			  "<objperslab> <pagesperslab>\n"
			  "pid 10 20 8192 4 8 : tunables 0 0 0 : slabdata 5 5 0\n"),
		NO_ERROR);
	snap->asked_cache = asked;
	CHECK(!kt_source_slabs.read(root, snap));
	if (asked)
		CHECK(!kt_source_slab_details.read(root, snap));
	return snap;
}

TEST(every_field_is_read_from_its_file)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_all(false);
	KT_CLEANUP(snapshot) struct kt_snapshot *page = snapshot_of(root, "pid");
	KT_CLEANUP(snapshot) struct kt_snapshot *list = snapshot_of(root, NULL);

	if (!CHECK_INT(page->cache_folders.count, 1) || !CHECK_INT(list->cache_folders.count, 1))
		return;
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		bool read = field->read == KT_CACHE_READ_LIST;

		if (!CHECK_INT(kt_cache_field_of(page->cache_folders.items, field), number_of(i)) ||
			!CHECK_INT(kt_cache_field_of(list->cache_folders.items, field),
				read ? number_of(i) : KT_UNKNOWN))
			printf("  %s\n", field->file);
	}
}

static size_t count_path(const struct kt_source *source, const char *file)
{
	size_t count = 0;

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++)
		count += strcmp(strrchr(source->paths[i], '/') + 1, file) == 0;
	return count;
}

TEST(every_field_is_a_path_of_the_source_that_reads_it)
{
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		bool page = field->read == KT_CACHE_READ_PAGE;

		CHECK_INT(count_path(&kt_source_slabs, field->file), !page);
		CHECK_INT(count_path(&kt_source_slab_details, field->file), page);
	}
}

TEST(entries_of_the_table_are_complete)
{
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		const char *mark = field->phrase ? strchr(field->phrase, '#') : NULL;
		bool ok = true;

		ok &= CHECK((field->shown != KT_CACHE_SHOWN_NOWHERE) == (field->key != NULL));
		ok &= CHECK(is_in_list(field) == (field->title != NULL));
		ok &= CHECK(!is_in_list(field) || field->read == KT_CACHE_READ_LIST);
		if (is_flag(field)) {
			ok &= CHECK(!field->line && !mark);
		} else {
			ok &= CHECK(!field->line == !field->phrase);
			ok &= CHECK(!field->phrase || (mark && !strchr(mark + 1, '#')));
		}
		if (!ok)
			printf("  %s\n", field->file);
	}
}

/* ---- output ---- */

static const struct kt_table *table_of(const struct kt_report *report, const char *key)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (strcmp(report->tables.items[i]->key, key) == 0)
			return report->tables.items[i];
	}
	return NULL;
}

/* How often a text is on a line of the facts; `line` NULL: on any. */
static size_t count_facts(const struct kt_report *report, const char *line, const char *text)
{
	const struct kt_table *facts = table_of(report, "facts");
	size_t count = 0;

	for (size_t i = 0; facts && i < facts->rows.count; i++) {
		const struct kt_cell *cells = facts->rows.items[i].cells;

		count += (!line || strcmp(cells[0].text, line) == 0) && strstr(cells[1].text, text);
	}
	return count;
}

static bool has_field(
	const struct kt_report *report, const struct kt_cache_field *field, int64_t number)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *at = &report->fields.items[i];

		if (strcmp(at->key, field->key) == 0)
			return at->cell.state == KT_OK && at->cell.number == number &&
			       (at->type == KT_CELL_BYTES) == (field->kind == KT_CACHE_BYTES) &&
			       (at->type == KT_CELL_BOOL) == is_flag(field);
	}
	return false;
}

/* "about 1004 free objects": the phrase with its number. */
static void fill_phrase(const struct kt_cache_field *field, int64_t number, char text[128])
{
	int at = (int)strcspn(field->phrase, "#");

	if (field->phrase[at])
		snprintf(text, 128, "%.*s%lld%s", at, field->phrase, (long long)number,
			field->phrase + at + 1);
	else
		snprintf(text, 128, "%s%s", field->kind == KT_CACHE_DEBUG ? "debugging: " : "",
			field->phrase);
}

static void make_page(const struct kt_snapshot *snap, struct kt_report *report)
{
	/* kt_machine_describe() puts the first part, from the root */
	static struct kt_shape without_host;
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

	without_host = kt_slab_cache_shape;
	without_host.parts++;
	kt_report_begin(report, &without_host);
	CHECK(!kt_slab_analyse(snap, &uses));
	CHECK(!kt_slab_cache_report(snap, &uses, "pid", &(struct kt_slab_args){ 0 }, report));
	CHECK(!kt_shape_check(report));
}

TEST(the_page_of_a_cache_has_every_field_that_its_entry_puts_there)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_all(false);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = snapshot_of(root, "pid");
	KT_CLEANUP(report) struct kt_report report = { 0 };
	size_t nr_keys = 0, nr_phrases = 0;

	make_page(snap, &report);
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		const char *line = field->line ? field->line : "kind";
		char text[128];

		if (is_on_page(field) && !CHECK(has_field(&report, field, number_of(i))))
			printf("  %s\n", field->file);
		nr_keys += is_on_page(field);
		if (!field->phrase)
			continue;
		fill_phrase(field, number_of(i), text);
		if (!CHECK_INT(count_facts(&report, line, text), 1))
			printf("  %s: %s\n", field->file, text);
		nr_phrases++;
	}
	CHECK(nr_keys > 0 && nr_phrases > 0);
}

TEST(a_field_of_zero_or_without_a_file_has_no_phrase)
{
	KT_CLEANUP(root) struct kt_root *zeros = root_of_all(true);
	KT_CLEANUP(snapshot) struct kt_snapshot *zero = snapshot_of(zeros, "pid");
	KT_CLEANUP(report) struct kt_report of_zero = { 0 };
	KT_CLEANUP(report) struct kt_report of_none = { 0 };
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(4096);

	CHECK_INT(FEED(none, slabinfo, "proc/slabinfo",
			  "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> "
			  "<objperslab> <pagesperslab>\n"
			  "pid 10 20 8192 4 8 : tunables 0 0 0 : slabdata 5 5 0\n"),
		NO_ERROR);
	make_page(zero, &of_zero);
	make_page(none, &of_none);
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		char text[128];

		if (is_on_page(field)) {
			CHECK(has_field(&of_zero, field, 0));
			CHECK(!has_field(&of_none, field, 0));
		}
		if (!field->phrase)
			continue;
		fill_phrase(field, 0, text);
		CHECK_INT(count_facts(&of_zero, NULL, text), 0);
		CHECK_INT(count_facts(&of_none, NULL, text), 0);
	}
}

TEST(the_list_has_a_column_for_every_field_that_its_entry_puts_there)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_all(false);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = snapshot_of(root, NULL);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const struct kt_table *table;
	size_t nr_columns = 0;

	kt_report_init(&report, "ktally/slab/1");
	CHECK(!kt_slab_analyse(snap, &uses));
	kt_slab_put_caches(&(struct kt_call){ 0 }, &(struct kt_slab_args){ .details = true },
		&report, snap, &uses);
	table = table_of(&report, "caches");
	if (!CHECK(table && table->rows.count > 0))
		return;
	for (size_t i = 0; i < KT_CACHE_FIELDS; i++) {
		const struct kt_cache_field *field = &kt_cache_fields[i];
		size_t at =
			is_in_list(field) ? kt_table_column_named(table, field->key) : KT_NO_COLUMN;

		if (!is_in_list(field) || !CHECK(at != KT_NO_COLUMN))
			continue;
		CHECK_STR(table->columns[at].title, field->title);
		CHECK_INT(table->rows.items[0].cells[at].number, number_of(i));
		nr_columns++;
	}
	CHECK(nr_columns > 0);
}
