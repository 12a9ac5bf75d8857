// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cuts a text into runs of lines of one form each. At any time one run is open. A line that is
// foreign to it may begin another one; a few foreign lines, such as a page break, may be inside.
// A title decides where the form cannot: lines of no form after it are the file that it names, and
// a run right after it is of the node or cgroup that it names.

#include "recognise/recognise.h"

#include "recognise/form.h"
#include "recognise/plain.h"
#include "recognise/title.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define TITLES_MAX 8192u /* titles of one text that are looked up */

/* A run of lines, with the file that it may become. */
struct candidate {
	const struct kt_form *form; /* NULL: no run is open */
	struct kt_recognised file;
	struct kt_form_run run;
	uint64_t nr_inside;  /* foreign lines since its last line */
	uint64_t nr_dropped; /* foreign lines before its last line */
	const char *title;   /* path that a title right before it names; NULL: none */
};

/* The lines after a title, as far as they have no form. */
struct titled {
	const char *path; /* NULL: no title holds */
	bool wanted;	  /* lines of no form are such a file */
	bool whole;	  /* the title is the name of the text, and holds to its end */
	bool value;	  /* each line has the title */
	struct kt_recognised file;
};

struct kt_recogniser {
	kt_recognise_wanted wanted; /* NULL: titles do not matter */
	struct titled titled;
	size_t nr_titles;
	struct kt_arena arena;
	KT_LIST(struct kt_recognised) files;
	struct candidate candidates[2], *open, *next; /* the open run; room for the one after it */
	struct kt_buf scratch;
	uint64_t line;	     /* number of the line that is taken */
	uint64_t nr_foreign; /* lines with text that belong to no file */
	size_t nr_bytes;     /* of the texts of the files */
	bool full, failed, open_end;
};

struct kt_err *kt_recogniser_new(struct kt_recogniser **ret_recogniser)
{
	struct kt_recogniser *recogniser = calloc(1, sizeof(*recogniser));

	if (!recogniser)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	recogniser->open = &recogniser->candidates[0];
	recogniser->next = &recogniser->candidates[1];
	*ret_recogniser = recogniser;
	return NULL;
}

/* Does a title name a file of this form's name? */
static bool is_namesake(const char *title, const char *name)
{
	const char *slash = strrchr(title, '/');

	return strcmp(slash ? slash + 1 : title, name) == 0;
}

static const char *path_of(struct kt_recogniser *recogniser, const struct candidate *open)
{
	const char *own =
		open->form->path_of ? open->form->path_of(&open->run, &recogniser->arena) : NULL;

	if (own)
		return own;
	/* the vmstat of a node, the memory.stat of a cgroup */
	if (open->title && is_namesake(open->title, open->form->name) &&
		(!open->form->path || strcmp(open->title, open->form->path) != 0))
		return recogniser->wanted(open->title) == open->title ? open->title : NULL;
	return open->form->path;
}

/* ---- files that only a title names ---- */

static bool has_form(const char *path)
{
	for (size_t i = 0; i < kt_nr_forms; i++) {
		if (kt_forms[i].path && strcmp(kt_forms[i].path, path) == 0)
			return true;
	}
	return is_namesake(path, "meminfo");
}

static void end_titled(struct kt_recogniser *recogniser)
{
	struct titled *titled = &recogniser->titled;
	struct kt_recognised *file = NULL;

	if (titled->file.first && recogniser->files.count < KT_RECOGNISED_MAX)
		file = kt_list_push(&recogniser->arena, &recogniser->files);
	if (file) {
		*file = titled->file;
		file->name = file->path = titled->path;
		file->whole = true;
		recogniser->nr_bytes += file->text.size;
		recogniser->failed |= file->text.failed;
	} else
		kt_buf_cleanup(&titled->file.text);
	recogniser->full |= recogniser->files.count >= KT_RECOGNISED_MAX;
	*titled = (struct titled){ 0 };
}

static void begin_titled(struct kt_recogniser *recogniser, const char *path, bool whole)
{
	struct titled *titled = &recogniser->titled;
	const char *kept;

	if (titled->value && strcmp(titled->path, path) == 0)
		return; /* grep names the file on each line */
	end_titled(recogniser);
	kept = recogniser->nr_titles++ < TITLES_MAX
		       ? kt_arena_printf(&recogniser->arena, "%s", path)
		       : NULL;
	if (!kept)
		return;
	*titled = (struct titled){ .path = kept,
		.whole = whole,
		.wanted = !has_form(kept) && recogniser->wanted(kept) == kept };
}

static void add_titled(struct kt_recogniser *recogniser, struct kt_span line, unsigned mends)
{
	struct kt_recognised *file = &recogniser->titled.file;

	file->first = file->first ? file->first : recogniser->line;
	file->last = recogniser->line;
	file->mends |= mends;
	kt_buf_add(&file->text, line.p, line.n);
	kt_buf_puts(&file->text, "\n");
	recogniser->full |= recogniser->nr_bytes + file->text.size > KT_RECOGNISED_BYTES;
}

/* The line with its indentation, which matters in files such as iomem, and without quotes. */
static struct kt_span without_quotes(struct kt_span line)
{
	while (line.n && (line.p[0] == '>' || line.p[0] == '|')) {
		line = kt_span_from(line, 1);
		kt_span_skip(&line, " ");
	}
	return line;
}

void kt_recogniser_titles(
	struct kt_recogniser *recogniser, kt_recognise_wanted wanted, const char *name)
{
	char path[KT_TITLE_PATH];
	const char *slash = name ? strrchr(name, '/') : NULL;

	recogniser->wanted = wanted;
	if (!name)
		return;
	if (kt_title_of_name(kt_span_str(slash ? slash + 1 : name), path))
		begin_titled(recogniser, path, true);
	else if (wanted(name) &&
		 (strncmp(wanted(name), "proc/", 5) == 0 || strncmp(wanted(name), "sys/", 4) == 0))
		begin_titled(recogniser, wanted(name), true);
}

/* ---- runs ---- */

/* Closes the open run; keeps it if it is a file. `at_end`: its last line has no newline. */
static void close_run(struct kt_recogniser *recogniser, bool at_end)
{
	struct candidate *open = recogniser->open;
	struct kt_recognised *file = NULL;

	if (!open->form)
		return;
	open->run.open_end = at_end;
	if (recogniser->files.count < KT_RECOGNISED_MAX &&
		(!open->form->end || open->form->end(&open->run)))
		file = kt_list_push(&recogniser->arena, &recogniser->files);
	else
		recogniser->nr_foreign += open->run.nr_lines;
	if (file) {
		if (at_end && open->file.text.size)
			open->file.text.size--;
		*file = open->file;
		file->name = open->form->name;
		file->path = path_of(recogniser, open);
		file->whole = !open->form->whole || open->form->whole(&open->run);
		file->mends |= open->run.mends;
		file->plain = !open->nr_dropped;
		recogniser->nr_bytes += file->text.size;
		recogniser->failed |= file->text.failed;
	} else
		kt_buf_cleanup(&open->file.text);
	open->file = (struct kt_recognised){ 0 };
	open->form = NULL;
	recogniser->full |= recogniser->files.count >= KT_RECOGNISED_MAX;
}

static void take_step(struct kt_recogniser *recogniser, struct candidate *open, unsigned mends)
{
	open->run.nr_lines++;
	open->nr_dropped += open->nr_inside;
	open->nr_inside = 0;
	open->file.last = recogniser->line;
	open->file.mends |= mends;
	recogniser->full |= recogniser->nr_bytes + open->file.text.size > KT_RECOGNISED_BYTES;
}

/* Asked for each form and line, so that a call of strchr() would cost more than the rest. */
static bool may_begin(const char *starts, char c)
{
	if (!starts)
		return true;
	while (*starts && *starts != c)
		starts++;
	return *starts;
}

/*
 * Begins a run with a line; false: no file begins so. The first part of a broken line does not end
 * a run that is open, because it may be prose.
 */
static bool begin_run(struct kt_recogniser *recogniser, struct kt_span line, unsigned mends)
{
	struct candidate *next = recogniser->next;

	for (size_t i = 0; i < kt_nr_forms; i++) {
		enum kt_form_step step;

		if (!may_begin(kt_forms[i].starts, line.p[0]))
			continue;
		kt_form_begin(&next->run, &next->file.text);
		step = kt_forms[i].step(&next->run, line);
		if ((step != KT_STEP_LINE && step != KT_STEP_HEAD && step != KT_STEP_PART) ||
			((recogniser->open->form || recogniser->titled.wanted) &&
				step == KT_STEP_PART))
			continue;
		close_run(recogniser, false);
		next->title = recogniser->titled.path;
		end_titled(recogniser);
		recogniser->next = recogniser->open;
		recogniser->open = next;
		next->form = &kt_forms[i];
		next->file.first = recogniser->line;
		next->nr_dropped = next->nr_inside = 0;
		take_step(recogniser, next, mends);
		return true;
	}
	return false;
}

/* Titles between files: what comes after one is of another file. */
static bool is_title(struct kt_span line)
{
	return kt_span_starts(line, "==> ") || kt_span_starts(line, "-----") ||
	       kt_span_starts(line, "=====") || kt_span_starts(line, "$ ") ||
	       kt_span_find(line, "/proc/") < line.n || kt_span_find(line, "/sys/") < line.n;
}

/* Takes a line of no form: a title, a value with its path, or a line of a file with a title. */
static bool take_titled(struct kt_recogniser *recogniser, struct kt_span raw, unsigned mends)
{
	struct kt_span value = { 0 }, line = without_quotes(raw);
	char path[KT_TITLE_PATH];
	enum kt_title title;

	if (!recogniser->wanted)
		return false;
	title = kt_title_of(kt_span_trim(line), path, &value);
	if (title != KT_TITLE_NONE)
		begin_titled(recogniser, path, false);
	else if (recogniser->titled.value)
		end_titled(recogniser);
	if (title == KT_TITLE_FILE || !recogniser->titled.wanted)
		return false;
	recogniser->titled.value = title == KT_TITLE_VALUE;
	add_titled(recogniser, title == KT_TITLE_VALUE ? value : line, mends);
	return true;
}

/* A blank line ends a file with a title, unless the title is the name of the text. */
static void take_blank(struct kt_recogniser *recogniser)
{
	if (recogniser->titled.file.first && !recogniser->titled.whole)
		end_titled(recogniser);
}

static void take_line(struct kt_recogniser *recogniser, struct kt_span raw, unsigned mends)
{
	struct candidate *open = recogniser->open;
	struct kt_span line = kt_plain_unquote(raw, &mends);

	if (!line.n)
		take_blank(recogniser);
	if (!line.n || recogniser->full)
		return;
	if (open->form) {
		enum kt_form_step step = open->form->step(&open->run, line);

		if (step != KT_STEP_FOREIGN && step != KT_STEP_AGAIN) {
			take_step(recogniser, open, mends);
			return;
		}
		if (step == KT_STEP_AGAIN)
			close_run(recogniser, false);
	}
	if (begin_run(recogniser, line, mends))
		return;
	if (take_titled(recogniser, raw, mends)) {
		close_run(recogniser, false);
		return;
	}
	recogniser->nr_foreign++;
	if (open->form && (++open->nr_inside > open->form->gap || is_title(line)))
		close_run(recogniser, false);
}

void kt_recogniser_take(struct kt_recogniser *recogniser, struct kt_span piece)
{
	struct kt_span line, part;

	if (piece.n)
		recogniser->open_end = piece.p[piece.n - 1] != '\n';
	while (kt_span_line(&piece, &line)) {
		unsigned mends = 0;

		recogniser->line++;
		if (line.n > KT_RECOGNISED_LINE) {
			recogniser->nr_foreign++;
			continue;
		}
		line = kt_plain_line(line, &recogniser->scratch, &mends);
		if (!line.n) {
			take_blank(recogniser);
			continue;
		}
		while (kt_span_line(&line, &part))
			take_line(recogniser, part, mends);
	}
	recogniser->failed |= recogniser->scratch.failed || recogniser->arena.failed;
}

/* Chooses the first whole file of each path, or the first file if none is whole. */
static void choose(struct kt_recogniser *recogniser)
{
	struct kt_recognised *files = recogniser->files.items;
	struct kt_map paths = { 0 }; /* path: index of the file that is used */

	for (size_t i = 0; i < recogniser->files.count; i++) {
		bool added = false;
		uint32_t *best =
			files[i].path ? kt_map_add(&paths, kt_span_str(files[i].path), NULL, &added)
				      : NULL;

		if (!best || (!added && (files[*best].whole || !files[i].whole)))
			continue;
		if (!added)
			files[*best].used = false;
		files[i].used = true;
		*best = (uint32_t)i;
	}
	recogniser->failed |= paths.failed;
	kt_map_fini(&paths);
}

struct kt_err *kt_recogniser_end(struct kt_recogniser *recogniser)
{
	close_run(recogniser,
		recogniser->open_end && recogniser->open->file.last == recogniser->line);
	end_titled(recogniser);
	choose(recogniser);
	return recogniser->failed || recogniser->arena.failed
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory")
		       : NULL;
}

struct kt_recognised *kt_recogniser_files(struct kt_recogniser *recogniser, size_t *ret_count)
{
	*ret_count = recogniser->files.count;
	return recogniser->files.items;
}

bool kt_recogniser_has_begun(const struct kt_recogniser *recogniser)
{
	return recogniser->files.count || recogniser->open->form || recogniser->titled.file.first;
}

const char *kt_recogniser_endless(const struct kt_recogniser *recogniser)
{
	const struct candidate *open = recogniser->open;
	bool alone = !recogniser->files.count && !recogniser->nr_foreign && !open->nr_dropped;

	if (!open->form || !open->form->endless || !alone || open->file.first != 1 ||
		((open->file.mends | open->run.mends) & ~(unsigned)KT_MEND_INDENT) ||
		open->file.text.size < KT_RECOGNISED_ENDLESS)
		return NULL;
	return open->form->path;
}

uint64_t kt_recogniser_lines(const struct kt_recogniser *recogniser)
{
	return recogniser->line;
}

uint64_t kt_recogniser_foreign(const struct kt_recogniser *recogniser)
{
	return recogniser->nr_foreign;
}

bool kt_recogniser_is_full(const struct kt_recogniser *recogniser)
{
	return recogniser->full;
}

void kt_recogniser_free(struct kt_recogniser *recogniser)
{
	if (!recogniser)
		return;
	for (size_t i = 0; i < recogniser->files.count; i++)
		kt_buf_cleanup(&recogniser->files.items[i].text);
	for (size_t i = 0; i < KT_LEN(recogniser->candidates); i++)
		kt_buf_cleanup(&recogniser->candidates[i].file.text);
	kt_buf_cleanup(&recogniser->titled.file.text);
	kt_buf_cleanup(&recogniser->scratch);
	kt_arena_fini(&recogniser->arena);
	free(recogniser);
}

void kt_recogniser_cleanup(struct kt_recogniser **recogniser)
{
	kt_recogniser_free(*recogniser);
}
