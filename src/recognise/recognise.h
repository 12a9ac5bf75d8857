// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECOGNISE_RECOGNISE_H
#define KT_RECOGNISE_RECOGNISE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/**
 * Finds the files of /proc and /sys in a text of any kind: a mail, a ticket, a log, the output of
 * several commands. A file is a run of lines whose form belongs to one file only. Names of files
 * and titles between them are not needed.
 *
 * Memory is bounded by KT_RECOGNISED_BYTES and KT_RECOGNISED_MAX, time is linear.
 */
#define KT_RECOGNISED_BYTES (64u << 20) /* of the texts of all files */
#define KT_RECOGNISED_MAX   1024u	/* files in one text */
#define KT_RECOGNISED_LINE  16384u	/* bytes; a longer line belongs to no file */

/** A file that was found. */
struct kt_recognised {
	const char *name;     /* "meminfo"; of a file that only a title names, its path */
	const char *path;     /* path in a root; NULL: the text does not tell the path */
	uint64_t first, last; /* lines, from 1 */
	bool whole;	      /* has what every such file has */
	bool used;	      /* the first whole file of its path, or else the first */
	/* the bytes between `first` and `last` are the file as it stands, no line is foreign */
	bool plain;
	unsigned mends; /* enum kt_mend */
	struct kt_buf text;
};

/** Returns `path` if it is a file that ktally reads, else NULL or another place in `path`. */
typedef const char *(*kt_recognise_wanted)(const char *path);

struct kt_recogniser;
struct kt_err *kt_recogniser_new(struct kt_recogniser **ret_recogniser) KT_MUST_CHECK;
/**
 * Finds also wanted files that only a title names: "==> /proc/sys/vm/nr_hugepages <==". `name` is
 * the path of the text, which may be the path of a file itself; NULL: it has none.
 */
void kt_recogniser_titles(
	struct kt_recogniser *recogniser, kt_recognise_wanted wanted, const char *name);
/** Takes the next piece of the text, which ends with a whole line except at the end. */
void kt_recogniser_take(struct kt_recogniser *recogniser, struct kt_span piece);
/** Ends the text and chooses the files that are used. */
struct kt_err *kt_recogniser_end(struct kt_recogniser *recogniser) KT_MUST_CHECK;
/** Files in the order of the text; valid after kt_recogniser_end(). */
struct kt_recognised *kt_recogniser_files(struct kt_recogniser *recogniser, size_t *ret_count);
/** True if a file was found, or may have begun. */
bool kt_recogniser_has_begun(const struct kt_recogniser *recogniser);
uint64_t kt_recogniser_lines(const struct kt_recogniser *recogniser); /* taken so far */
/** Lines with text in them that belong to no file. */
uint64_t kt_recogniser_foreign(const struct kt_recogniser *recogniser);
#define KT_RECOGNISED_ENDLESS (16u << 20) /* bytes */
/**
 * Path of the file that the text so far is, without a foreign line in it; NULL: it is another text,
 * a file that is never long, or shorter than KT_RECOGNISED_ENDLESS. The rest of the text need not
 * be looked at: no program appends other files to so long a file.
 */
const char *kt_recogniser_endless(const struct kt_recogniser *recogniser);
/** True if a limit ended the search; the files before it are complete. */
bool kt_recogniser_is_full(const struct kt_recogniser *recogniser);
void kt_recogniser_free(struct kt_recogniser *recogniser);
void kt_recogniser_cleanup(struct kt_recogniser **recogniser);

#endif
