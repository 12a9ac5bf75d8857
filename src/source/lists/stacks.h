// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_LISTS_STACKS_H
#define KT_SOURCE_LISTS_STACKS_H

#include "base/map.h"
#include "source/source.h"

/**
 * Adds up the records of a file by their stacks while the file is read. Memory is bounded, however
 * long the file is: stacks beyond KT_STACKS_MAX, or with more text than KT_STACKS_TEXT, become one
 * user without a name, whose amounts are exact.
 *
 *	kt_stacks_begin(&stacks, snap, KT_USERS_PAGES, path);
 *	err = kt_stacks_take(&stacks, stream, take_line, kt_stacks_finish);
 *
 * take_line() sets `open` where a record begins, fills `amounts`, and passes frames to
 * kt_stacks_frame().
 */
#define KT_STACKS_MAX	32768u
#define KT_STACKS_TEXT	(16u << 20) /* bytes of all different frames */
#define KT_STACKS_SIZES 131072u	    /* requested sizes of all users */

struct kt_stacks {
	struct kt_snapshot *snap;
	struct kt_user_list list;
	const char *cache;    /* of the objects; NULL: none */
	size_t first_user;    /* index of the first user of this file */
	size_t other;	      /* index of the user for the rest, plus one; 0: none */
	struct kt_map names;  /* text of a frame: index in `frames` */
	struct kt_map groups; /* frames of a stack: index of its user */
	KT_LIST(const char *) frames;
	size_t nr_text, nr_sizes;
	/* the record that is read */
	struct kt_user amounts;
	bool open;     /* it has begun; frames before it are of no record */
	bool broken;   /* a line in its stack was no frame */
	bool doubtful; /* frames of another record may be among its own */
	struct {
		int64_t handle; /* has no unused bytes: the record is a key */
		const char *frames[KT_USER_FRAMES];
	} stack;
	uint32_t nr_frames;
	bool too_many; /* a frame did not fit */
};

void kt_stacks_begin(struct kt_stacks *stacks, struct kt_snapshot *snap, enum kt_user_file file,
	const char *path);
/**
 * True if the line is a frame: "foo+0x1/0x20 [module]", perhaps after "[<address>]", or an address
 * without a symbol. It is added to the stack of the record.
 */
bool kt_stacks_frame(struct kt_stacks *stacks, struct kt_span line);
/**
 * Counts a line that cannot be read. If frames follow, the line may have been the beginning of
 * another record, so that nothing shows which frames are of this record.
 */
void kt_stacks_unread(struct kt_stacks *stacks);
/**
 * Adds the record, if it is open, to the user of its stack, and begins another record. The amounts
 * of a doubtful record count for the user without a stack, and its process and ages do not count.
 */
void kt_stacks_finish(struct kt_stacks *stacks);
/**
 * Reads a file: take_line() gets each line, without blanks around it, and finish() is called at the
 * end. Frees the maps. Keeps the users unless there is an error; PARSE: the file has no record.
 */
struct kt_err *kt_stacks_take(struct kt_stacks *stacks, struct kt_stream *stream,
	void (*take_line)(struct kt_stacks *stacks, struct kt_span line),
	void (*finish)(struct kt_stacks *stacks)) KT_MUST_CHECK;

#endif
