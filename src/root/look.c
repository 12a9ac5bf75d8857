// SPDX-License-Identifier: GPL-2.0-or-later
//
// Looks through a text once: for files of /proc and /sys, and for the lines by which a kernel log
// is known. Lines that programs wrote into the log do not count.

#include "root/look.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/searcher.h"
#include "log/record.h"
#include "recognise/plain.h"

#include <stdlib.h>
#include <string.h>

/* The first words begin a memory report, the others are of a boot. */
static const char *const signs[] = { "Mem-Info:", "Mem-info:", "memory: usage ", "Linux version ",
	"hash table", "BIOS-e820: ", "Freeing unused", "rodata" };
#define NR_REPORT_SIGNS 3u

struct looking {
	struct kt_look *look;
	struct kt_searcher search;
	bool early;    /* words of a boot are searched for too */
	uint64_t line; /* number of the first line of the piece */
};

static uint64_t count_lines(struct kt_span text)
{
	uint64_t count = 0;

	for (const char *p = text.p, *end = text.p + text.n; (p = memchr(p, '\n', end - p)); p++)
		count++;
	return count;
}

/* ---- lines by which a log is known ---- */

/* "app[12]: " or "app: " before the sign. Mailers and terminals may break "kernel: ". */
static bool is_tagged(struct kt_span head, const struct kt_log_record *record)
{
	static const char kernel[] = "kernel:";
	struct kt_span word = { 0 }, next, rest = head;

	if (!kt_span_ends(head, ": ") || record->message.p == head.p + head.n)
		return false;
	while (kt_span_word(&rest, &next))
		word = next;
	if (!word.n)
		return false;
	return word.n >= sizeof(kernel) ||
	       memcmp(word.p, kernel + sizeof(kernel) - 1 - word.n, word.n) != 0;
}

/* An entry of the journal in JSON that a program wrote. */
static bool is_entry_of_program(struct kt_span line)
{
	static const char key[] = "\"_TRANSPORT\"";
	struct kt_span rest = kt_span_from(line, kt_span_find(line, key));

	if (!kt_span_starts(line, "{") || !kt_span_skip(&rest, key))
		return false;
	while (rest.n && (rest.p[0] == ' ' || rest.p[0] == ':'))
		rest = kt_span_from(rest, 1);
	return !kt_span_starts(rest, "\"kernel\"");
}

/* Whether the kernel wrote the line with the sign, as far as the line shows. */
static bool is_kernel(struct kt_span line, size_t at)
{
	struct kt_log_record record;

	kt_log_parse(line, &record);
	return record.facility <= 0 && !record.program && !is_entry_of_program(line) &&
	       !is_tagged((struct kt_span){ line.p, at }, &record);
}

static size_t sign_at(struct kt_span rest)
{
	for (size_t i = 0; i < KT_LEN(signs); i++) {
		if (kt_span_starts(rest, signs[i]))
			return i;
	}
	return KT_LEN(signs);
}

static void note_sign(struct kt_look *look, size_t sign, uint64_t line)
{
	if (sign < NR_REPORT_SIGNS) {
		look->report_line = look->report_line ? look->report_line : line;
		return;
	}
	look->boot_signs |= 1u << sign;
	look->boot_first = look->boot_first ? look->boot_first : line;
	look->boot_last = line;
}

static void find_signs(struct looking *looking, struct kt_span piece)
{
	for (size_t at; (at = kt_searcher_find(&looking->search, piece)) < piece.n;) {
		const char *start = memrchr(piece.p, '\n', at), *end;
		size_t sign = sign_at(kt_span_from(piece, at));

		start = start ? start + 1 : piece.p;
		end = memchr(piece.p + at, '\n', piece.n - at);
		end = end ? end : piece.p + piece.n;
		looking->line += count_lines((struct kt_span){ piece.p, at });
		if (is_kernel((struct kt_span){ start, (size_t)(end - start) },
			    (size_t)(piece.p + at - start)))
			note_sign(looking->look, sign, looking->line);
		piece = kt_span_from(piece, (size_t)(end - piece.p));
	}
	looking->line += count_lines(piece);
}

/* ---- the text ---- */

/* Whether the rest of the text can change nothing any more. */
static bool is_decided(const struct kt_look *look, uint64_t offset)
{
	return (offset >= KT_LOOK_MAX || kt_recogniser_is_full(look->recogniser)) &&
	       (look->report_line || kt_recogniser_has_begun(look->recogniser));
}

static struct kt_err *look_through(
	struct looking *looking, struct kt_stream *stream, struct kt_span piece)
{
	struct kt_look *look = looking->look;
	struct kt_err *err;

	do {
		uint64_t offset = kt_stream_offset(stream);

		if (looking->early && offset >= KT_LOOK_MAX) {
			looking->early = false;
			kt_searcher_init(&looking->search, signs, NR_REPORT_SIGNS);
		}
		find_signs(looking, piece);
		if (looking->early)
			kt_recogniser_take(look->recogniser, piece);
		look->endless = kt_recogniser_endless(look->recogniser);
		look->ended_early = look->endless || is_decided(look, offset);
	} while (!look->ended_early && kt_stream_next(stream, &piece));
	err = kt_stream_err(stream);
	return err ? err : kt_recogniser_end(look->recogniser);
}

/* Reads the rest of a UTF-16 text after its first piece, and decodes all of it. */
static struct kt_err *decode(
	struct kt_stream *stream, struct kt_span piece, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf raw = { 0 };

	do
		kt_buf_add(&raw, piece.p, piece.n);
	while (raw.size <= KT_LOOK_MAX && kt_stream_next(stream, &piece));
	if (raw.size > KT_LOOK_MAX)
		return kt_err_new(KT_ERR_LIMIT,
			"UTF-16 text of more than %u MiB; convert it with "
			"'iconv -f UTF-16 -t UTF-8'",
			KT_LOOK_MAX >> 20);
	kt_plain_utf16((struct kt_span){ raw.data, raw.size }, ret_text);
	return raw.failed || ret_text->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *look_decoded(
	struct looking *looking, struct kt_stream *stream, struct kt_span piece)
{
	struct kt_buf *text = &looking->look->decoded;
	KT_CLEANUP(stream) struct kt_stream *decoded = NULL;
	struct kt_err *err = decode(stream, piece, text);

	looking->look->mends |= KT_MEND_UTF16;
	if (!err)
		err = kt_stream_of_span((struct kt_span){ text->data, text->size }, "", &decoded);
	if (err || !kt_stream_next(decoded, &piece))
		return err;
	return look_through(looking, decoded, piece);
}

struct kt_err *kt_look(
	struct kt_stream *stream, kt_root_filter wanted, const char *name, struct kt_look *ret_look)
{
	struct looking *looking = calloc(1, sizeof(*looking));
	struct kt_span piece;
	struct kt_err *err;

	*ret_look = (struct kt_look){ 0 };
	if (!looking)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	looking->look = ret_look;
	looking->line = 1;
	looking->early = true;
	kt_searcher_init(&looking->search, signs, KT_LEN(signs));
	err = kt_recogniser_new(&ret_look->recogniser);
	if (!err) {
		kt_recogniser_titles(ret_look->recogniser, wanted, name);
		if (!kt_stream_next(stream, &piece)) {
			err = kt_stream_err(stream);
			err = err ? err : kt_recogniser_end(ret_look->recogniser);
		} else if (kt_plain_is_utf16(piece))
			err = look_decoded(looking, stream, piece);
		else
			err = look_through(looking, stream, piece);
	}
	free(looking);
	return err;
}

void kt_look_fini(struct kt_look *look)
{
	kt_recogniser_free(look->recogniser);
	kt_buf_cleanup(&look->decoded);
	*look = (struct kt_look){ 0 };
}

/* ---- conclusions ---- */

bool kt_look_has_boot(const struct kt_look *look)
{
	return __builtin_popcount(look->boot_signs) > 1;
}

bool kt_look_has_files(const struct kt_look *look)
{
	size_t count;
	const struct kt_recognised *files = kt_recogniser_files(look->recogniser, &count);

	for (size_t i = 0; i < count; i++) {
		if (files[i].used &&
			(!look->report_line || files[i].first < look->report_line ||
				(files[i].whole && strcmp(files[i].path, KT_FILE_MEMINFO) == 0)))
			return true;
	}
	return false;
}

const char *kt_look_whole(const struct kt_look *look)
{
	size_t count;
	const struct kt_recognised *file = kt_recogniser_files(look->recogniser, &count);

	if (look->endless)
		return look->endless;
	return count == 1 && file->used && file->plain && !look->ended_early &&
			       !look->report_line && !kt_recogniser_foreign(look->recogniser) &&
			       !((file->mends | look->mends) & ~(unsigned)KT_MEND_INDENT) &&
			       kt_span_starts(kt_span_str(file->path), "proc/")
		       ? file->path
		       : NULL;
}
