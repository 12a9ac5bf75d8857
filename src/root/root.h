// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ROOT_H
#define KT_ROOT_ROOT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/**
 * Where the text files of a machine are: its own / while it runs, a captured tree, a
 * bundle, or one file on its own. Sources name files relative to it ("proc/meminfo")
 * and never open anything themselves. This is one of two borders of its kind: a root
 * hands out text by path; a reader of kernel memory (crash dumps, /proc/kcore) will
 * hand out bytes by address and stand beside it.
 *
 * Nothing outside the root is ever opened. In a captured tree, symbolic links are
 * resolved inside it, and only regular files are read.
 */
struct kt_root;

/** A file's content. `path` is the path asked for. */
struct kt_text {
	char *data;
	size_t size;
	const char *path;
	bool link; /* the target of a symbolic link */
};

static inline struct kt_span kt_text_span(const struct kt_text *text)
{
	return (struct kt_span){ text->data, text->size };
}

void kt_text_cleanup(struct kt_text *text);

#define KT_ROOT_FILE_MAX  (64u << 20)  /* the largest file that is read whole */
#define KT_ROOT_LIST_MAX  262144u      /* names taken from one directory */
#define KT_ROOT_TOTAL_MAX (256u << 20) /* what is kept of one bundle */

/** What kind of root it is; the first two differ in how much they are trusted. */
enum kt_root_kind { KT_ROOT_LIVE, KT_ROOT_DIR, KT_ROOT_BUNDLE, KT_ROOT_SINGLE };

/** Where a kernel log that holds reports of memory is, when it is a single file. */
#define KT_ROOT_MEMORY_LOG "ktally/memory.log"

/** Decides whether a bundle's member is kept; `path` is relative to the root. */
typedef bool (*kt_root_filter)(const char *path);

struct kt_err *kt_root_open_live(struct kt_root **ret_root) KT_MUST_CHECK;
/**
 * `path` names a folder with proc/ or sys/ in it (or in its only subfolder), a bundle
 * that libarchive can unpack, or a single file whose kind its content tells.
 */
struct kt_err *kt_root_open(
	const char *path, kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
struct kt_cursor;
/** The files of a recording as they are where the cursor stands. */
struct kt_err *kt_root_moment(const struct kt_cursor *cursor, kt_root_filter wanted,
	struct kt_root **ret_root) KT_MUST_CHECK;
void kt_root_free(struct kt_root *root);
void kt_root_cleanup(struct kt_root **root);

enum kt_root_kind kt_root_kind(const struct kt_root *root);
#define KT_NOTE_DAMAGED "damaged: "
/** What whoever reads it has to know, such as damage; "": nothing. */
const char *kt_root_note(const struct kt_root *root);

/** The whole file; `path` must outlive the text. LIMIT where it is larger than the maximum. */
struct kt_err *kt_root_read(
	struct kt_root *root, const char *path, struct kt_text *ret_text) KT_MUST_CHECK;
/** The first `size` bytes, or all where there are fewer. */
struct kt_err *kt_root_read_head(struct kt_root *root, const char *path, size_t size,
	struct kt_text *ret_text) KT_MUST_CHECK;
/** At most `size` bytes from `offset`; short at the end of the file. */
struct kt_err *kt_root_read_at(struct kt_root *root, const char *path, uint64_t offset, size_t size,
	struct kt_text *ret_text) KT_MUST_CHECK;

/** Where a symbolic link leads, as it stands there; nothing is followed. ABSENT: there is none. */
struct kt_err *kt_root_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target) KT_MUST_CHECK;

typedef KT_LIST(const char *) kt_names;
/** Names in a folder, sorted as numbers where they end in numbers. */
struct kt_err *kt_root_list(struct kt_root *root, const char *path, struct kt_arena *arena,
	kt_names *ret_names) KT_MUST_CHECK;
/** Only the folders in a folder; a link to one is none, so that a walk ends. */
struct kt_err *kt_root_list_folders(struct kt_root *root, const char *path, struct kt_arena *arena,
	kt_names *ret_names) KT_MUST_CHECK;
bool kt_root_folder_inode(struct kt_root *root, const char *path, uint64_t *ret_inode);
/** Is there anything at this path? */
bool kt_root_has(struct kt_root *root, const char *path);

/** Called after each read, for "capture" and "doctor"; `err` is NULL where it succeeded. */
typedef void (*kt_root_watch)(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err);
/** Tells the watch of a text that was not read by kt_root_read(). */
void kt_root_tell(struct kt_root *root, const struct kt_text *text);
void kt_root_set_watch(struct kt_root *root, kt_root_watch watch, void *arg);

#endif
