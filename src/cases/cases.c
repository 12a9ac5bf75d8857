// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/cases.h"

#include "base/open.h"
#include "cases/builtin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define CASES_MAX 1024 /* files of a directory */

static int compare_ids(const void *left, const void *right)
{
	return strcmp(((const struct kt_case *)left)->id, ((const struct kt_case *)right)->id);
}

static struct kt_err *add(struct kt_cases *cases, struct kt_case *one)
{
	struct kt_case *slot = NULL;

	for (size_t i = 0; i < cases->items.count && !slot; i++) {
		if (strcmp(cases->items.items[i].id, one->id) == 0)
			slot = &cases->items.items[i];
	}
	if (!slot)
		slot = kt_list_push(&cases->arena, &cases->items);
	if (!slot)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*slot = *one;
	return NULL;
}

static struct kt_err *add_text(
	struct kt_cases *cases, const char *id, const char *file, struct kt_span text)
{
	struct kt_case one;
	struct kt_err *err = kt_case_parse(&cases->arena, id, file, text, &one);

	return err ? err : add(cases, &one);
}

/* Returns the id of a file name, or NULL for files that are no cases. */
static const char *id_of(struct kt_arena *arena, const char *name)
{
	struct kt_span id = kt_span_str(name);

	if (!kt_span_ends(id, ".case"))
		return NULL;
	id.n -= strlen(".case");
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return NULL;
	}
	return id.n ? kt_arena_name(arena, id) : NULL;
}

static struct kt_err *add_file(
	struct kt_cases *cases, int directory, const char *path, const char *name)
{
	const char *id = id_of(&cases->arena, name);
	const char *file = kt_arena_printf(&cases->arena, "%s/%s", path, name);
	struct kt_err *err = NULL;
	char *text;
	ssize_t size;
	int fd;

	if (!id || !file)
		return NULL;
	fd = kt_open_kind(directory, name, KT_OPEN_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kt_err_os(errno, "cannot read the case %s", file);
	text = malloc(KT_CASE_FILE_MAX + 1);
	size = text ? read(fd, text, KT_CASE_FILE_MAX + 1) : 0;
	if (!text)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else if (size < 0)
		err = kt_err_os(errno, "cannot read the case %s", file);
	else
		err = add_text(cases, id, file, (struct kt_span){ text, (size_t)size });
	free(text);
	close(fd);
	return err;
}

static struct kt_err *add_directory(struct kt_cases *cases, const char *path)
{
	int fd =
		kt_open_kind(AT_FDCWD, path, KT_OPEN_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct kt_err *err = NULL;
	struct dirent *entry;
	int count = 0;

	if (!directory) {
		err = kt_err_os(errno, "cannot read the cases in %s", path);
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (entry = readdir(directory))) {
		if (++count > CASES_MAX)
			err = kt_err_new(KT_ERR_LIMIT, "%s: more than %d files", path, CASES_MAX);
		else
			err = add_file(cases, fd, path, entry->d_name);
	}
	closedir(directory);
	return err;
}

struct kt_err *kt_cases_open(
	const char *const *directories, size_t count, struct kt_cases *ret_cases)
{
	struct kt_err *err = NULL;

	*ret_cases = (struct kt_cases){ 0 };
	for (size_t i = 0; i < kt_nr_case_texts && !err; i++) {
		const struct kt_case_text *text = &kt_case_texts[i];

		err = add_text(
			ret_cases, text->id, text->id, (struct kt_span){ text->text, text->size });
	}
	for (size_t i = 0; i < count && !err; i++) {
		err = add_directory(ret_cases, directories[i]);
		if (err && strcmp(directories[i], KT_CASES_DIRECTORY) == 0 &&
			(kt_err_code(err) == KT_ERR_ABSENT || kt_err_code(err) == KT_ERR_DENIED)) {
			kt_err_free(err);
			err = NULL;
		}
	}
	/* a text without memory looks like a text without a value */
	if (ret_cases->arena.failed) {
		kt_err_free(err);
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (!err && ret_cases->items.count)
		qsort(ret_cases->items.items, ret_cases->items.count,
			sizeof(*ret_cases->items.items), compare_ids);
	return err;
}

void kt_cases_cleanup(struct kt_cases *cases)
{
	kt_arena_fini(&cases->arena);
	*cases = (struct kt_cases){ 0 };
}

const struct kt_case *kt_cases_find(const struct kt_cases *cases, const char *id)
{
	for (size_t i = 0; i < cases->items.count; i++) {
		if (strcmp(cases->items.items[i].id, id) == 0)
			return &cases->items.items[i];
	}
	return NULL;
}

bool kt_case_patterns_match(const char *patterns, const char *name)
{
	struct kt_span rest = kt_span_str(patterns ? patterns : ""), pattern;

	while (kt_span_word(&rest, &pattern)) {
		if (kt_fact_matches(pattern, name))
			return true;
	}
	return false;
}

const struct kt_case *kt_cases_of_series(
	const struct kt_cases *cases, const struct kt_facts *facts, const char *series)
{
	for (size_t i = 0; i < cases->items.count; i++) {
		const struct kt_case *one = &cases->items.items[i];

		if (one->where.nodes && !kt_expr_holds(&one->where, facts, NULL))
			continue;
		if (kt_case_patterns_match(one->series, series))
			return one;
	}
	return NULL;
}
