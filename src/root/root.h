// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ROOT_H
#define KT_ROOT_ROOT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/**
 * Where the text files of a machine are: its own / while it runs, a captured tree, a bundle, a
 * recording, or a single file. Sources name files relative to it ("proc/meminfo") and never open
 * anything themselves. A root gives text by path; kernel memory (crash dumps, /proc/kcore) has a
 * second interface next to it, which gives bytes by address (kernel/target.h).
 *
 * No file outside the root is ever opened. In a captured tree, symbolic links are resolved inside
 * it, and only regular files are read.
 */
struct kt_root;

/** The content of a file. `path` is the path that was asked for. */
struct kt_text {
	char *data;
	size_t size;
	const char *path;
	bool link; /* the text is the target of a symbolic link */
};

static inline struct kt_span kt_text_span(const struct kt_text *text)
{
	return (struct kt_span){ text->data, text->size };
}

void kt_text_cleanup(struct kt_text *text);

#define KT_ROOT_FILE_MAX  (64u << 20)  /* bytes; the largest file that is read whole */
#define KT_ROOT_LIST_MAX  262144u      /* names taken from one directory */
#define KT_ROOT_TOTAL_MAX (256u << 20) /* bytes kept of one bundle */

/** Kinds of roots. Files of KT_ROOT_LIVE are trusted, files of KT_ROOT_DIR are not. */
enum kt_root_kind { KT_ROOT_LIVE, KT_ROOT_DIR, KT_ROOT_BUNDLE, KT_ROOT_SINGLE, KT_ROOT_DUMP };

/** Path of a text that is a kernel log with memory reports. */
#define KT_ROOT_MEMORY_LOG "ktally/memory.log"
/** Path of a kernel log with boot messages, next to files or next to another log. */
#define KT_ROOT_BOOT_LOG "dmesg"

/**
 * Decides whether a member of a bundle is kept. Returns where in `path` the machine's own path
 * begins, or NULL if no source reads such a file. A path that is the machine's own begins at its
 * start.
 */
typedef const char *(*kt_root_filter)(const char *path);

struct kt_err *kt_root_open_live(struct kt_root **ret_root) KT_MUST_CHECK;
/**
 * Opens `path`: a directory with proc/ or sys/ in it (or in its only subdirectory), a bundle that
 * libarchive can unpack, a dump of memory, or texts whose content shows what they are: a single
 * file, a directory or a bundle of them. A dump has no texts before its memory is opened.
 */
struct kt_err *kt_root_open(
	const char *path, kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
/**
 * Splits "FILE@TIME" into a path, which has room for PATH_MAX, and TIME; false: the text is not of
 * that form, or a file of the whole name exists.
 */
bool kt_root_cut_time(const char *path, char *ret_path, const char **ret_when);
/** Splits "LOG@N", where N is any whole number and LOG is no recording, in the same way. */
bool kt_root_cut_number(const char *path, char *ret_path, int64_t *ret_number);
/** Opens a recording at its last sample up to that time, in milliseconds since 1970. */
struct kt_err *kt_root_open_time(const char *path, int64_t time_ms, kt_root_filter wanted,
	struct kt_root **ret_root) KT_MUST_CHECK;
/** Loads the libraries that reading `path` needs, for a process that cannot load any later. */
struct kt_err *kt_root_prepare(const char *path) KT_MUST_CHECK;
/** Same for writing a bundle. */
struct kt_err *kt_root_prepare_bundle(void) KT_MUST_CHECK;

struct kt_buf;
/**
 * Reads a text that is packed with gzip, bzip2, xz or zstd, or in UTF-16, as UTF-8 text of up to
 * KT_ROOT_FILE_MAX bytes. `ret_text` stays empty if the file is another one, such as a packed
 * archive. LIMIT: the text is larger.
 */
struct kt_err *kt_root_plain_text(int fd, const char *path, struct kt_buf *ret_text) KT_MUST_CHECK;
/** Makes a root of files in memory: bundles and single files. */
struct kt_err *kt_root_memory_new(enum kt_root_kind kind, struct kt_root **ret_root) KT_MUST_CHECK;
/** Adds a file; takes `data` over. Of several files with one name the first counts. */
struct kt_err *kt_root_memory_add(struct kt_root *root, const char *path, char *data, size_t size);
/** Whether kernel memory can be read: of the running machine, or of a dump. */
bool kt_root_has_memory(const struct kt_root *root);
/**
 * A root of kind KT_ROOT_DUMP is a dump of a machine's memory. The root knows its files only;
 * kt_source_open_dump() opens its memory and gives it to the root, with functions that make texts
 * of it, in the form of the kernel's own files.
 */
const int *kt_root_dump_files(const struct kt_root *root, size_t *ret_count);
/** Gives the memory to the root, which closes it in the end. */
void kt_root_dump_give(struct kt_root *root, void *memory, void (*close)(void *memory));
/** Returns the memory of a root; NULL: the root is no dump, or has not been given its memory. */
void *kt_root_dump_memory(const struct kt_root *root);
/** Makes a text of the memory; called when the text is first read. */
typedef struct kt_err *(*kt_root_make)(void *memory, const char *path, struct kt_buf *ret_text);
struct kt_err *kt_root_dump_add(
	struct kt_root *root, const char *path, kt_root_make maker) KT_MUST_CHECK;
/** Adds the texts of a directory. */
typedef struct kt_err *(*kt_root_fill)(struct kt_root *root, void *memory);
/** Has a directory filled when it is first asked for; a root has one of this kind at most. */
void kt_root_dump_later(struct kt_root *root, const char *folder, kt_root_fill fill);
/** Sets the note of the root: see kt_root_note(). */
void kt_root_dump_note(struct kt_root *root, const char *note);
struct kt_cursor;
/** Copies the files of a recording at the cursor's sample. */
struct kt_err *kt_root_moment(const struct kt_cursor *cursor, kt_root_filter wanted,
	struct kt_root **ret_root) KT_MUST_CHECK;
/**
 * Same files, decoded from the cursor when they are read: at the sample that it has then. The
 * cursor and its block must outlive the root.
 */
struct kt_err *kt_root_follow(const struct kt_cursor *cursor, kt_root_filter wanted,
	struct kt_root **ret_root) KT_MUST_CHECK;
void kt_root_free(struct kt_root *root);
void kt_root_cleanup(struct kt_root **root);

enum kt_root_kind kt_root_kind(const struct kt_root *root);
/**
 * True if all numbers of the root come from kernel logs: texts without a file of /proc or /sys, or
 * a sample of a recording that was made of a log.
 */
bool kt_root_is_log(struct kt_root *root);
/**
 * Path of the kernel log whose memory reports can be read; NULL: the root has none. In a bundle
 * that ktally made it is the whole log, next to the files.
 */
const char *kt_root_log(struct kt_root *root);
#define KT_NOTE_DAMAGED "damaged: "
/** Returns a note for the user, such as damage; "": none. */
const char *kt_root_note(const struct kt_root *root);

/** A file that was found inside a text. */
struct kt_root_part {
	const char *name;     /* "meminfo", "boot messages", "memory reports" */
	const char *path;     /* path in the root; NULL: it has none there */
	const char *text;     /* name of the text, of a directory of texts; NULL: the only one */
	uint64_t first, last; /* lines, from 1; last 0: unknown */
	bool used;	      /* the root has it; false: another one of its kind is used */
	const char *mended;   /* disguise that was undone, such as "quotes"; "": none */
};
/** Files found inside the texts that the root was made of; none for other roots. */
const struct kt_root_part *kt_root_parts(const struct kt_root *root, size_t *ret_count);

/**
 * True once a read, link or listing has failed for lack of memory since kt_root_feed(), even if the
 * caller took it for a missing file. The files that were read are incomplete then.
 */
bool kt_root_starved(const struct kt_root *root);
/** Forgets earlier failures; call it before a new collection. */
void kt_root_feed(struct kt_root *root);

/** Reads a whole file; `path` must outlive the text. LIMIT: larger than the maximum. */
struct kt_err *kt_root_read(
	struct kt_root *root, const char *path, struct kt_text *ret_text) KT_MUST_CHECK;
/** Called with each record of /dev/kmsg, from the oldest; true: stops before this record. */
typedef bool (*kt_root_is_behind)(void *arg, struct kt_span record);
/** A file that is read in pieces; see root/stream.h. */
struct kt_stream;
/**
 * Opens a file at a byte offset, usually 0. Returns the errors of kt_root_read(), without the limit
 * on the size. If the root has a watch, the file is read whole and passed to the watch. So a
 * capture contains what was streamed, and the limit holds. A short watch gets no text here: see
 * kt_root_tell().
 */
struct kt_err *kt_root_stream(struct kt_root *root, const char *path, uint64_t offset,
	struct kt_stream **ret_stream) KT_MUST_CHECK;
/** Like kt_root_read(), but of the live /dev/kmsg only the records before the one that stops it. */
struct kt_err *kt_root_read_records(struct kt_root *root, const char *path,
	kt_root_is_behind is_behind, void *arg, struct kt_text *ret_text) KT_MUST_CHECK;
/** Reads the first `size` bytes, or all if there are fewer. */
struct kt_err *kt_root_read_head(struct kt_root *root, const char *path, size_t size,
	struct kt_text *ret_text) KT_MUST_CHECK;
/** Reads at most `size` bytes from `offset`; fewer at the end of the file. */
struct kt_err *kt_root_read_at(struct kt_root *root, const char *path, uint64_t offset, size_t size,
	struct kt_text *ret_text) KT_MUST_CHECK;

/** Reads the target of a symbolic link as it is stored; follows nothing. ABSENT: no link. */
struct kt_err *kt_root_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target) KT_MUST_CHECK;

/** Same without passing it to the watch, for links that a capture does not keep. */
struct kt_err *kt_root_peek_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target) KT_MUST_CHECK;
/**
 * Returns how many bytes a pipe of a process has room for, and how many are in it. Neither opens
 * nor changes the pipe. Only on the running machine.
 */
struct kt_err *kt_root_pipe(struct kt_root *root, int pid, int fd, int64_t *ret_room_bytes,
	int64_t *ret_queued_bytes) KT_MUST_CHECK;

typedef KT_LIST(const char *) kt_names;
/** Lists the names in a directory, sorted as numbers where they end in numbers. */
struct kt_err *kt_root_list(struct kt_root *root, const char *path, struct kt_arena *arena,
	kt_names *ret_names) KT_MUST_CHECK;
/** Lists only the directories in a directory; skips links to directories, so that a walk ends. */
struct kt_err *kt_root_list_folders(struct kt_root *root, const char *path, struct kt_arena *arena,
	kt_names *ret_names) KT_MUST_CHECK;
bool kt_root_folder_inode(struct kt_root *root, const char *path, uint64_t *ret_inode);
/** Whether anything exists at this path. */
bool kt_root_has(struct kt_root *root, const char *path);

/** Called after each read, for "capture" and "doctor"; `err` is NULL on success. */
typedef void (*kt_root_watch)(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err);
/** Passes a text to the watch that kt_root_read() did not read. */
void kt_root_tell(struct kt_root *root, const struct kt_text *text);
/** Passes to a short watch the reason why a streamed file has no text. */
void kt_root_tell_error(struct kt_root *root, const char *path, const struct kt_err *err);
void kt_root_set_watch(struct kt_root *root, kt_root_watch watch, void *arg);
/**
 * Sets a watch that needs no whole text of streamed files: sources pass it a shorter text with the
 * same sums.
 */
void kt_root_set_short_watch(struct kt_root *root, kt_root_watch watch, void *arg);
bool kt_root_watch_is_short(const struct kt_root *root);
bool kt_root_watch_is_whole(const struct kt_root *root); /* there is a watch, and it is not short */
/** Makes the watch, if there is one, short or not. */
void kt_root_shorten_watch(struct kt_root *root, bool is_short);

#endif
