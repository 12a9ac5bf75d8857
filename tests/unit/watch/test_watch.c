// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"
#include "watch/watch.h"

#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                  \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : " \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> " \
	"<sharedavail>\n"

/* A machine with caches of `nr` slabs, a page each. */
static void write_caches(
	const char *folder, const char *const names[], const int nr[], size_t count)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/slabinfo", folder);
	file = fopen(path, "w");
	if (!CHECK(file != NULL))
		return;
	fputs(HEAD, file);
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%s %d %d 4096 1 1 : tunables 0 0 0 : slabdata %d %d 0\n", names[i],
			nr[i], nr[i], nr[i], nr[i]);
	fclose(file);
}

static void make_folder(char folder[64])
{
	char path[128];

	snprintf(folder, 64, "/tmp/ktally-watch-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/proc", folder);
	CHECK_INT(mkdir(path, 0700), 0);
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = { "proc/slabinfo", "proc", "" };
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
}

static bool step(struct kt_watch *watch)
{
	struct kt_err *err = kt_watch_step(watch);
	bool good = err == NULL;

	if (err)
		printf("%s\n", kt_err_text(err));
	kt_err_free(err);
	return good;
}

static int64_t value(const struct kt_watch *watch, const char *key, size_t ago)
{
	int64_t ret = -1;

	return kt_watch_value(watch, key, ago, &ret) ? ret : -1;
}

static int64_t growth_of(const struct kt_watch *watch, const char *name)
{
	const struct kt_table *table = kt_watch_table(watch);
	size_t growth = table ? kt_table_column(table, KT_COL_GROWTH) : KT_NO_COLUMN;

	for (size_t i = 0; growth != KT_NO_COLUMN && i < table->rows.count; i++) {
		if (strcmp(table->rows.items[i].cells[0].text, name) == 0)
			return table->rows.items[i].cells[growth].number;
	}
	return -1;
}

static const char *const both[] = { "alpha", "beta" };

TEST(a_row_is_remembered_and_missing_is_not_zero)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	char folder[64];
	struct kt_call call = { .machine.source = folder, .show.output = &kt_output_text };
	struct kt_err *err;

	make_folder(folder);
	err = kt_watch_new(&kt_cmd_slab, &call, 3, &watch);
	CHECK(err == NULL);
	CHECK(kt_watch_report(watch) == NULL);
	write_caches(folder, both, (int[]){ 1, 10 }, 2);
	CHECK(step(watch));
	write_caches(folder, both, (int[]){ 2 }, 1);
	CHECK(step(watch));
	CHECK_INT(kt_watch_nr(watch), 2);
	CHECK_INT(value(watch, "alpha", 0), 2 * 4096);
	CHECK_INT(value(watch, "alpha", 1), 4096);
	CHECK_INT(value(watch, "alpha", 2), -1);
	CHECK_INT(value(watch, "beta", 0), -1);
	CHECK_INT(value(watch, "beta", 1), 10 * 4096);
	CHECK_INT(growth_of(watch, "alpha"), 4096);
	CHECK(kt_watch_time_ms(watch, 0) >= kt_watch_time_ms(watch, 1));
	for (int i = 0; i < 6; i++)
		CHECK(step(watch));
	CHECK_INT(kt_watch_nr(watch), 3);
	CHECK_INT(value(watch, "beta", 2), -1);
	remove_folder(folder);
}

TEST(rows_that_died_are_let_go)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	char folder[64], name[32];
	struct kt_call call = { .machine.source = folder, .show.output = &kt_output_text };
	struct kt_err *err;

	make_folder(folder);
	err = kt_watch_new(&kt_cmd_slab, &call, 4, &watch);
	CHECK(err == NULL);
	for (int i = 0; i < 40; i++) {
		const char *const names[] = { "alpha", name };

		snprintf(name, sizeof(name), "short-lived-%d", i);
		write_caches(folder, names, (int[]){ i, 1 }, 2);
		CHECK(step(watch));
	}
	CHECK(kt_watch_nr_rows(watch) <= 2 * 4 + 1);
	CHECK_INT(value(watch, "alpha", 3), 36 * 4096);
	CHECK_INT(growth_of(watch, "alpha"), 39 * 4096);
	remove_folder(folder);
}

static const char *const twins[] = { "twin", "twin" };

TEST(twins_are_rows_of_their_own)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	char folder[64];
	struct kt_call call = { .machine.source = folder, .show.output = &kt_output_text };

	make_folder(folder);
	CHECK(!kt_watch_new(&kt_cmd_slab, &call, 5, &watch));
	write_caches(folder, twins, (int[]){ 10, 100 }, 2);
	CHECK(step(watch));
	write_caches(folder, twins, (int[]){ 13, 101 }, 2);
	CHECK(step(watch));
	/* the last of the list is the oldest, and the first of its name */
	CHECK_INT(value(watch, "twin", 1), 100 * 4096);
	CHECK_INT(value(watch, "twin", 0), 101 * 4096);
	CHECK_INT(value(watch, "twin#2", 1), 10 * 4096);
	CHECK_INT(value(watch, "twin#2", 0), 13 * 4096);
	CHECK_INT(growth_of(watch, "twin") + 0, 3 * 4096);
	remove_folder(folder);
}

TEST(growth_counts_from_the_mark)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	char folder[64];
	struct kt_call call = { .machine.source = folder, .show.output = &kt_output_text };
	struct kt_err *err;

	make_folder(folder);
	err = kt_watch_new(&kt_cmd_slab, &call, 4, &watch);
	CHECK(err == NULL);
	write_caches(folder, both, (int[]){ 5 }, 1);
	CHECK(step(watch));
	CHECK_INT(growth_of(watch, "alpha"), 0);
	write_caches(folder, both, (int[]){ 7 }, 1);
	CHECK(step(watch));
	CHECK_INT(growth_of(watch, "alpha"), 2 * 4096);
	kt_watch_mark(watch);
	write_caches(folder, both, (int[]){ 8, 3 }, 2);
	CHECK(step(watch));
	CHECK_INT(growth_of(watch, "alpha"), 4096);
	CHECK_INT(growth_of(watch, "beta"), 3 * 4096);
	remove_folder(folder);
}

TEST(after_an_error_everything_is_as_it_was)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	KT_CLEANUP(err) struct kt_err *err = NULL;
	char folder[64];
	struct kt_call call = { .machine.source = folder, .show.output = &kt_output_text };

	make_folder(folder);
	err = kt_watch_new(&kt_cmd_slab, &call, 4, &watch);
	CHECK(err == NULL);
	write_caches(folder, both, (int[]){ 5, 6 }, 2);
	CHECK(step(watch));
	remove_folder(folder);
	err = kt_watch_step(watch);
	CHECK(err != NULL);
	CHECK_INT(kt_watch_nr(watch), 1);
	CHECK_INT(value(watch, "beta", 0), 6 * 4096);
	CHECK_INT(kt_watch_table(watch)->rows.count, 2);
}

TEST(what_is_not_repeated_is_not_watched)
{
	KT_CLEANUP(watch) struct kt_watch *watch = NULL;
	struct kt_call call = { .show.output = &kt_output_text };
	KT_CLEANUP(err) struct kt_err *err = kt_watch_new(&kt_cmd_capture, &call, 4, &watch);

	CHECK(err != NULL);
	CHECK(watch == NULL);
}
