// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the list of kmemleak: objects to which its last scan found no pointer, added up by stack.
// They are suspects: a pointer may be where kmemleak does not look (Documentation/dev-tools/
// kmemleak.rst, "Limitations and Drawbacks"). Format: mm/kmemleak.c, print_unreferenced().
//
//	unreferenced object [(percpu) ]0xffff888000000000 (size 128):
//	  comm "name", pid 1, jiffies 4294667296[ (age 12.345s)]
//	  hex dump (first 32 bytes):
//	    00 00 ...
//	  backtrace[ (crc 0)]:
//	    [<address>] foo+0x1/0x20

#include "source/lists/stacks.h"

#define SIZE_MAX_BYTES (1ull << 40) /* of an object */

struct reader {
	struct kt_stacks stacks;
	bool frames; /* the object's lines are frames; before, they may be bytes that look like some
		      */
};

/* A number that is too large leaves the size of the object unknown. */
static void take_object(struct reader *reader, struct kt_span line)
{
	size_t at = kt_span_find(line, " (size ");
	struct kt_user *amounts = &reader->stacks.amounts;
	uint64_t size;

	kt_stacks_finish(&reader->stacks);
	reader->stacks.open = true;
	reader->frames = false;
	amounts->nr = 1;
	line = kt_span_from(line, at);
	if (kt_span_skip(&line, " (size ") && kt_span_take_u64(&line, &size) &&
		size <= SIZE_MAX_BYTES) {
		amounts->bytes = (int64_t)size;
		amounts->has_bytes = true;
	} else
		reader->stacks.list.nr_unread++;
}

/* `comm "name", pid 12, jiffies 1`: the name may have any character. */
static int64_t pid_of(struct kt_span line)
{
	uint64_t pid;

	line = kt_span_from(line, kt_span_find(line, "\", pid "));
	return kt_span_skip(&line, "\", pid ") && kt_span_take_u64(&line, &pid) && pid <= INT32_MAX
		       ? (int64_t)pid
		       : KT_UNKNOWN;
}

/* The lines of an object before its stack. A second process is of another object. */
static void take_head(struct reader *reader, struct kt_span line)
{
	struct kt_user *amounts = &reader->stacks.amounts;

	if (kt_span_starts(line, "backtrace"))
		reader->frames = true;
	else if (kt_span_starts(line, "comm \"")) {
		reader->stacks.doubtful |= kt_known(amounts->pid_min);
		amounts->pid_min = amounts->pid_max = pid_of(line);
	}
}

static bool is_head(struct kt_span line)
{
	return kt_span_starts(line, "comm \"") || kt_span_starts(line, "hex dump ") ||
	       kt_span_starts(line, "backtrace");
}

static void take_line(struct kt_stacks *stacks, struct kt_span line)
{
	struct reader *reader = (struct reader *)stacks;

	kt_span_skip(&line, "kmemleak: ");
	if (kt_span_starts(line, "unreferenced object ")) {
		take_object(reader, line);
		return;
	}
	/* after a stack these lines are of an object whose first line is missing */
	if (reader->frames && is_head(line))
		kt_stacks_finish(stacks);
	if (stacks->open && !reader->frames)
		take_head(reader, line);
	else if (line.n && (!stacks->open || !kt_stacks_frame(stacks, line)))
		kt_stacks_unread(stacks);
}

static struct kt_err *take(struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	struct reader reader = { .frames = false };

	kt_stacks_begin(&reader.stacks, snap, KT_USERS_LEAKS, path);
	return kt_stacks_take(&reader.stacks, stream, take_line, kt_stacks_finish);
}

/* Bytes of objects may be keys or names of people, and a process may have the name of its user. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line;

	while (kt_span_line(&rest, &line)) {
		struct kt_span bare = kt_span_trim(line), word = bare, byte;

		if (kt_span_starts(bare, "comm \"")) {
			kt_buf_printf(ret_text, "  comm \"-\", pid %lld\n",
				(long long)kt_known_of(pid_of(bare), 0));
		} else if (!kt_span_starts(bare, "hex dump") &&
			   !(kt_span_word(&word, &byte) && byte.n == 2)) {
			kt_buf_add(ret_text, line.p, line.n);
			kt_buf_puts(ret_text, "\n");
		}
	}
}

/* A capture of the running machine must not contain what is in its memory. */
static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return !snap->host.live || !(want & KT_WANT_ALL);
}

const struct kt_source kt_source_kmemleak = {
	.name = "kmemleak",
	.summary = "objects to which the kernel found no pointer",
	.paths = { "sys/kernel/debug/kmemleak" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally users' does not know which objects are unreferenced",
	.gives = "CONFIG_DEBUG_KMEMLEAK, kmemleak=on at boot where it is off by default, debugfs "
		 "mounted, and root",
	.unwanted = "its text contains memory of the machine; 'ktally users' reads it",
	.wanted = wanted,
	.scrub = scrub,
	.take = take,
};
