// SPDX-License-Identifier: GPL-2.0-or-later
//
// A root of texts: a single file, or a directory or bundle of them. One file of
// /proc alone, and a log, are read in place, because they may be large. Files inside a text are
// kept in memory.

#include "root/texts.h"

#include "base/buf.h"
#include "base/map.h"
#include "recognise/plain.h"
#include "root/look.h"
#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXTS_MAX 4096u		    /* texts that are looked through */
#define FOUND_MAX 4096u		    /* files that are found in them */
#define BYTES_MAX KT_ROOT_TOTAL_MAX /* of files that were found */

/* Where the text of a log is: in a file or in memory. Owns both. */
struct place {
	int fd;	    /* -1: in memory */
	char *data; /* NULL and no file: there is no such log */
	size_t size;
};

/* A log of the root. */
struct text_log {
	struct place own, *place; /* `own`, or of the other log, which is of the same text */
	const char *text;	  /* name of the text; NULL: the only one */
	uint64_t first, last;	  /* lines; 0: unknown */
	bool found;
};

struct found {
	struct kt_recognised file; /* its text may have been given away */
	const char *text;	   /* name of the text; NULL: the only one */
	size_t number;		   /* in the order in which they were found */
	size_t nr_others;	   /* other whole files of its path that differ from it */
};

struct kt_texts {
	kt_root_filter wanted;
	struct kt_root *root;
	struct kt_arena arena; /* of `found` */
	KT_LIST(struct found) found;
	size_t nr_texts, nr_bytes;
	struct text_log reports, boot;
	bool ended_early, full;
	struct kt_err *skipped; /* of the first text that could not be read; NULL: none */
	size_t nr_skipped;
};

static void place_fini(struct place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	free(place->data);
	*place = (struct place){ .fd = -1 };
}

struct kt_err *kt_texts_new(kt_root_filter wanted, struct kt_texts **ret_texts)
{
	struct kt_texts *texts = calloc(1, sizeof(*texts));
	struct kt_err *err;

	if (!texts)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_root_memory_new(KT_ROOT_SINGLE, &texts->root);
	if (err) {
		free(texts);
		return err;
	}
	texts->wanted = wanted;
	texts->reports.own.fd = texts->boot.own.fd = -1;
	*ret_texts = texts;
	return NULL;
}

void kt_texts_free(struct kt_texts *texts)
{
	if (!texts)
		return;
	for (size_t i = 0; i < texts->found.count; i++)
		kt_buf_cleanup(&texts->found.items[i].file.text);
	place_fini(&texts->reports.own);
	place_fini(&texts->boot.own);
	kt_arena_fini(&texts->arena);
	kt_err_free(texts->skipped);
	kt_root_free(texts->root);
	free(texts);
}

bool kt_texts_is_full(const struct kt_texts *texts)
{
	return texts->full;
}

struct kt_err *kt_texts_skip(struct kt_texts *texts, struct kt_err *err)
{
	if (kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	if (texts->nr_skipped++)
		kt_err_free(err);
	else
		texts->skipped = err;
	return NULL;
}

/* ---- a text ---- */

/* Moves a text to another place: texts in memory may be large, so there is one copy. */
static void move_place(struct place *from, struct place *ret_to)
{
	*ret_to = *from;
	*from = (struct place){ .fd = -1 };
}

/* Adds a whole text as a file of the root, which owns it from then on if it is in memory. */
static struct kt_err *add_place(struct kt_texts *texts, const char *path, struct place *place)
{
	struct place moved;

	if (place->fd >= 0)
		return kt_root_memory_file(texts->root, path, place->fd);
	move_place(place, &moved);
	return kt_root_memory_add(texts->root, path, moved.data, moved.size);
}

/* A log is known by its lines, or by its name. */
static bool is_boot(const struct kt_texts *texts, const char *name, const struct kt_look *look)
{
	const char *inside = name ? texts->wanted(name) : NULL;

	return kt_look_has_boot(look) ||
	       (inside && strncmp(inside, "proc/", 5) != 0 && strncmp(inside, "sys/", 4) != 0);
}

static void take_log(
	struct kt_texts *texts, const char *name, const struct kt_look *look, struct place *place)
{
	struct text_log *reports = &texts->reports, *boot = &texts->boot;
	bool has_reports = look->report_line && !reports->found;
	bool has_boot = !boot->found && is_boot(texts, name, look);

	if (has_reports) {
		*reports = (struct text_log){
			.text = name, .first = look->report_line, .found = true
		};
		reports->place = &reports->own;
		move_place(place, &reports->own);
	}
	if (!has_boot)
		return;
	*boot = (struct text_log){ .own.fd = -1,
		.text = name,
		.first = look->boot_first,
		.last = look->boot_last,
		.found = true };
	boot->place = has_reports ? &reports->own : &boot->own;
	if (!has_reports)
		move_place(place, &boot->own);
}

static void take_files(struct kt_texts *texts, const char *name, struct kt_look *look)
{
	size_t count;
	struct kt_recognised *files = kt_recogniser_files(look->recogniser, &count);

	for (size_t i = 0; i < count && texts->found.count < FOUND_MAX; i++) {
		struct found *found = kt_list_push(&texts->arena, &texts->found);

		if (!found)
			return;
		*found = (struct found){
			.file = files[i], .text = name, .number = texts->found.count
		};
		files[i].text = (struct kt_buf){ 0 };
		found->file.mends |= look->mends;
		found->file.name = kt_arena_printf(&texts->root->arena, "%s", files[i].name);
		if (files[i].path)
			found->file.path =
				kt_arena_printf(&texts->root->arena, "%s", files[i].path);
		texts->nr_bytes += found->file.text.size;
	}
}

static struct kt_err *take(
	struct kt_texts *texts, const char *name, struct kt_look *look, struct place *place)
{
	const char *whole = name ? NULL : kt_look_whole(look);

	if (look->decoded.size) {
		place_fini(place);
		place->size = look->decoded.size;
		place->data = kt_buf_take(&look->decoded);
		if (!place->data)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (whole)
		return add_place(texts, whole, place);
	take_log(texts, name, look, place);
	if (kt_look_has_files(look)) {
		take_files(texts, name, look);
		texts->ended_early |= look->ended_early;
	}
	return NULL;
}

static struct kt_err *look_at(
	struct kt_texts *texts, const char *name, const struct place *place, struct kt_look *look)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	const char *what = name ? "reading" : "the text";
	int again = place->fd < 0 ? -1 : fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
	struct kt_err *err;

	if (place->fd >= 0 && again < 0)
		return kt_err_os(errno, "%s", what);
	err = again < 0
		      ? kt_stream_of_span((struct kt_span){ place->data, place->size }, "", &stream)
		      : kt_stream_of_fd(again, KT_STREAM_AT, what, &stream);
	return err ? err : kt_look(stream, texts->wanted, name, look);
}

static struct kt_err *add(struct kt_texts *texts, const char *name, struct place *place)
{
	struct kt_look look = { 0 };
	struct kt_err *err;

	if (texts->nr_texts++ >= TEXTS_MAX || texts->nr_bytes > BYTES_MAX ||
		texts->found.count >= FOUND_MAX) {
		texts->full = true;
		return NULL;
	}
	if (name)
		name = kt_arena_printf(&texts->root->arena, "%s", name);
	err = look_at(texts, name, place, &look);
	if (!err)
		err = take(texts, name, &look, place);
	kt_look_fini(&look);
	if (err && name)
		err = kt_texts_skip(texts, kt_err_prepend(err, "%s", name));
	if (!err && (texts->arena.failed || texts->root->arena.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *kt_texts_add_file(struct kt_texts *texts, const char *name, int fd)
{
	struct place place = { .fd = fd };
	struct kt_err *err = add(texts, name, &place);

	place_fini(&place);
	return err;
}

struct kt_err *kt_texts_add_data(struct kt_texts *texts, const char *name, char *data, size_t size)
{
	struct place place = { .fd = -1, .data = data, .size = size };
	struct kt_err *err = add(texts, name, &place);

	place_fini(&place);
	return err;
}

/* ---- the root ---- */

static bool is_same(const struct found *a, const struct found *b)
{
	return a->file.text.size == b->file.text.size &&
	       (!a->file.text.size ||
		       memcmp(a->file.text.data, b->file.text.data, a->file.text.size) == 0);
}

static int depth_of(const char *path)
{
	int depth = 0;

	for (; (path = strchr(path, '/')); path++)
		depth++;
	return depth;
}

/* Names in the order of a directory, since an archive has them in any order. */
static int by_name(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = 0;

	if (x->text && y->text)
		order = depth_of(x->text) - depth_of(y->text);
	if (!order && x->text && y->text)
		order = strverscmp(x->text, y->text);
	return order ? order : (x->number > y->number) - (x->number < y->number);
}

/*
 * Chooses the first whole file of each path, or the first file if none is whole. Counts the other
 * whole files of the path that differ from it.
 */
static bool choose(struct kt_texts *texts)
{
	struct kt_map paths = { 0 }; /* path: index of the file that is used */
	struct found *found = texts->found.items;
	bool added = false, failed;

	for (size_t i = 0; i < texts->found.count; i++) {
		const char *path = found[i].file.path;
		uint32_t *best = path ? kt_map_add(&paths, kt_span_str(path), NULL, &added) : NULL;

		if (best && (added || (found[i].file.whole && !found[*best].file.whole)))
			*best = (uint32_t)i;
	}
	for (size_t i = 0; i < texts->found.count; i++) {
		const char *path = found[i].file.path;
		uint32_t *best = path ? kt_map_find(&paths, kt_span_str(path)) : NULL;

		found[i].file.used = best && *best == i;
		if (best && *best != i && found[i].file.whole && !is_same(&found[i], &found[*best]))
			found[*best].nr_others++;
	}
	failed = paths.failed;
	kt_map_fini(&paths);
	return !failed;
}

static void add_where(struct kt_buf *text, const struct found *found)
{
	if (found->text)
		kt_buf_printf(text, "%s", found->text);
	else
		kt_buf_printf(text, "lines %llu-%llu", (unsigned long long)found->file.first,
			(unsigned long long)found->file.last);
}

/* Appends a sentence to the note of the root. */
static void KT_PRINTF(2, 3) add_note(struct kt_root *root, const char *fmt, ...)
{
	size_t size = strlen(root->note);
	va_list args;

	if (size && size + 2 < sizeof(root->note)) {
		memcpy(root->note + size, ". ", sizeof(". "));
		size += 2;
	}
	va_start(args, fmt);
	vsnprintf(root->note + size, sizeof(root->note) - size, fmt, args);
	va_end(args);
}

/* Says once that files of one kind differ. */
static void note_conflict(struct kt_texts *texts, const struct found *best)
{
	size_t nr_others = best->nr_others;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	if (*texts->root->note)
		return;
	add_where(&text, best);
	add_note(texts->root,
		"%s of %.100s is used, because it is the first whole one; %zu other%s differ%s "
		"from "
		"it. 'ktally import' makes a recording of texts of several times",
		best->file.name, text.data ? text.data : "the text", nr_others,
		nr_others == 1 ? "" : "s", nr_others == 1 ? "s" : "");
}

static void put_part(struct kt_texts *texts, const struct found *found)
{
	struct kt_root *root = texts->root;
	struct kt_root_part *part = kt_list_push(&root->arena, &root->parts);
	struct kt_buf words = { 0 };

	if (!part)
		return;
	kt_plain_words(found->file.mends, &words);
	*part = (struct kt_root_part){ .name = found->file.name,
		.path = found->file.path,
		.text = found->text,
		.first = found->file.first,
		.last = found->file.last,
		.used = found->file.used,
		.mended = kt_arena_text(&root->arena, &words) };
}

static struct kt_err *put_files(struct kt_texts *texts, bool *ret_any)
{
	struct kt_err *err = NULL;

	if (texts->found.count)
		qsort(texts->found.items, texts->found.count, sizeof(*texts->found.items), by_name);
	if (!choose(texts))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < texts->found.count; i++) {
		struct found *found = &texts->found.items[i];

		put_part(texts, found);
		if (found->nr_others)
			note_conflict(texts, found);
	}
	for (size_t i = 0; !err && i < texts->found.count; i++) {
		struct found *found = &texts->found.items[i];
		size_t size = found->file.text.size;
		char *text;

		if (!found->file.used)
			continue;
		*ret_any = true;
		text = kt_buf_take(&found->file.text);
		err = text ? kt_root_memory_add(texts->root, found->file.path, text, size)
			   : kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	return err;
}

static void put_log_part(struct kt_texts *texts, const char *name, const struct text_log *log)
{
	struct kt_root *root = texts->root;
	struct kt_root_part *part =
		log->found && log->first ? kt_list_push(&root->arena, &root->parts) : NULL;

	if (part)
		*part = (struct kt_root_part){ .name = name,
			.text = log->text,
			.first = log->first,
			.last = log->last,
			.used = true,
			.mended = "" };
}

/* A log alone is one file, whose boot and reports are read from there. */
static struct kt_err *put_logs(struct kt_texts *texts, bool files)
{
	struct text_log *reports = &texts->reports, *boot = &texts->boot;
	bool both = reports->found && boot->found, one = both && reports->place == boot->place;
	struct kt_err *err = NULL;

	if (files || both) {
		put_log_part(texts, "boot messages", boot);
		put_log_part(texts, "memory reports", reports);
	}
	if (reports->found)
		err = add_place(texts, KT_ROOT_MEMORY_LOG, reports->place);
	if (err || !boot->found || (!files && one))
		return err;
	if (one && reports->place->fd < 0)
		return kt_root_memory_again(texts->root, KT_ROOT_BOOT_LOG, KT_ROOT_MEMORY_LOG);
	return add_place(texts, files || reports->found ? KT_ROOT_BOOT_LOG : KT_ROOT_MEMORY_LOG,
		boot->place);
}

/* Names the first text that could not be read. */
static void note_skipped(struct kt_texts *texts)
{
	if (texts->nr_skipped == 1)
		add_note(texts->root, "not read: %s", kt_err_text(texts->skipped));
	else if (texts->nr_skipped)
		add_note(texts->root, "%zu texts are not read; the first of them: %s",
			texts->nr_skipped, kt_err_text(texts->skipped));
}

static void note_limit(struct kt_texts *texts)
{
	if (texts->full)
		add_note(texts->root,
			"%u texts, and %u MiB of files in them, are read; the others were not",
			TEXTS_MAX, BYTES_MAX >> 20);
	else if (texts->ended_early)
		add_note(texts->root,
			"files are looked for in the first %u MiB of a text, up to %u of them; the "
			"rest of it was not read",
			KT_LOOK_MAX >> 20, KT_RECOGNISED_MAX);
}

struct kt_err *kt_texts_end(struct kt_texts *texts, struct kt_root **ret_root)
{
	bool whole = kt_root_has(texts->root, ""), files = false;
	struct kt_err *err = put_files(texts, &files);

	*ret_root = NULL;
	if (!err)
		err = put_logs(texts, files);
	note_skipped(texts);
	note_limit(texts);
	if (!err && texts->root->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err && (whole || files || texts->reports.found || texts->boot.found)) {
		*ret_root = texts->root;
		texts->root = NULL;
	} else if (!err) {
		err = texts->skipped;
		texts->skipped = NULL;
	}
	kt_texts_free(texts);
	return err;
}
