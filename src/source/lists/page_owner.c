// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads what page_owner keeps of each page (mm/page_owner.c), added up by stack.
//
// page_owner has a record for each allocation, and is gigabytes long on a large machine. To print
// a record the kernel empties the per-CPU lists of all CPUs (print_page_owner(), drain_all_pages()
// in read_page_owner()). The list of stacks has the same sums and costs little.
//
//	Page allocated via order 0, mask 0x...(GFP_...)[, pid 1[, tgid 1 (comm)], ts 1 ns[, ...]]
//	PFN 0x1 type ... Block 1 type ... Flags ...
//	 foo+0x1/0x20                              or handle: N, or both
//	[Page has been migrated, last migrate reason: ...]
//	[Slab cache page] [Charged [(via objcg) ]to [offline ]memcg NAME]
//
// tools/mm/page_owner_sort.c puts "N times, M pages[, ...]:" before a record or before its stack
// alone. The list of stacks has frames, "nr_base_pages: N" and perhaps "handle: N".

#include "source/lists/stacks.h"

#define ORDER_MAX 30u
#define PAGES_MAX (1ull << 40)

struct reader {
	struct kt_stacks stacks;
	bool by_stack; /* the file has stacks, and no record of a page */
	/* of the open record */
	bool sorted; /* it began with "N times" */
	bool ended;  /* its handle came after its frames: another frame is of the next record */
};

static void finish(struct reader *reader)
{
	kt_stacks_finish(&reader->stacks);
	reader->sorted = reader->ended = false;
}

/* "Page allocated via order 2, mask ..." */
static bool take_head(struct reader *reader, struct kt_span line)
{
	struct kt_user *amounts = &reader->stacks.amounts;
	uint64_t order;

	if (!kt_span_skip(&line, "Page allocated via order "))
		return false;
	if (!reader->sorted || reader->stacks.nr_frames)
		finish(reader);
	if (!kt_span_take_u64(&line, &order) || order > ORDER_MAX) {
		reader->stacks.list.nr_unread++;
		return true;
	}
	reader->stacks.open = true;
	if (!kt_known(amounts->nr))
		amounts->nr = 1;
	if (!kt_known(amounts->nr_pages) && amounts->nr <= (int64_t)(PAGES_MAX >> order))
		amounts->nr_pages = amounts->nr << order;
	return true;
}

/* "12 times, 24 pages:", and "12 times:" of older tools, where the order follows. */
static bool take_sorted(struct reader *reader, struct kt_span line)
{
	uint64_t times, pages;

	if (!kt_span_take_u64(&line, &times) || !kt_span_skip(&line, " times") ||
		times > PAGES_MAX || (!kt_span_starts(line, ",") && !kt_span_starts(line, ":")))
		return false;
	finish(reader);
	reader->stacks.open = reader->sorted = true;
	reader->stacks.amounts.nr = (int64_t)times;
	if (kt_span_skip(&line, ", ") && kt_span_take_u64(&line, &pages) &&
		kt_span_starts(line, " pages") && pages <= PAGES_MAX)
		reader->stacks.amounts.nr_pages = (int64_t)pages;
	return true;
}

/*
 * "nr_base_pages: 12". The first kernels with the file print "stack_count: 12", allocations of any
 * order, so that the number of pages is not known.
 */
static bool take_pages(struct reader *reader, struct kt_span line)
{
	bool pages = kt_span_skip(&line, "nr_base_pages: ");
	uint64_t number;

	if (!pages && !kt_span_skip(&line, "stack_count: "))
		return false;
	reader->stacks.open = true;
	if (!kt_span_take_u64(&line, &number) || number > PAGES_MAX)
		reader->stacks.list.nr_unread++;
	else if (pages)
		reader->stacks.amounts.nr_pages = (int64_t)number;
	else
		reader->stacks.amounts.nr = (int64_t)number;
	if (kt_span_skip(&line, " curr_nr_base_pages: ") && kt_span_take_u64(&line, &number) &&
		number <= PAGES_MAX)
		reader->stacks.amounts.nr_pages = (int64_t)number;
	finish(reader);
	return true;
}

static bool take_handle(struct reader *reader, struct kt_span line)
{
	uint64_t handle;

	if (!kt_span_skip(&line, "handle: ") || !kt_span_u64(kt_span_trim(line), &handle) ||
		handle > INT64_MAX)
		return false;
	if (reader->ended)
		finish(reader);
	reader->stacks.stack.handle = (int64_t)handle;
	reader->stacks.open |= reader->by_stack;
	reader->ended = true;
	return true;
}

/* Ends the record at a blank line, or at the second line of another record. */
static void end_record(struct reader *reader)
{
	struct kt_stacks *stacks = &reader->stacks;

	if ((!stacks->nr_frames && !reader->ended) || (reader->by_stack && reader->ended))
		return;
	if (reader->by_stack) { /* its amount is missing */
		kt_stacks_unread(stacks);
		stacks->open = false;
	}
	finish(reader);
}

static void take_line(struct kt_stacks *stacks, struct kt_span line)
{
	struct reader *reader = (struct reader *)stacks;

	if (take_head(reader, line) || take_sorted(reader, line) || take_pages(reader, line) ||
		take_handle(reader, line))
		return;
	if (!line.n || kt_span_starts(line, "PFN ")) {
		end_record(reader);
		return;
	}
	if (kt_span_starts(line, "Page has been migrated") || kt_span_starts(line, "Charged ") ||
		kt_span_starts(line, "Slab cache page"))
		return;
	if (reader->ended)
		finish(reader);
	if (kt_stacks_frame(stacks, line))
		stacks->open |= reader->by_stack;
	else
		kt_stacks_unread(stacks);
}

static void finish_last(struct kt_stacks *stacks)
{
	finish((struct reader *)stacks);
}

static struct kt_err *take_as(struct kt_snapshot *snap, enum kt_user_file file, const char *path,
	struct kt_stream *stream)
{
	struct reader reader = { .by_stack = file != KT_USERS_PAGES };

	kt_stacks_begin(&reader.stacks, snap, file, path);
	return kt_stacks_take(&reader.stacks, stream, take_line, finish_last);
}

static struct kt_err *take(struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	return take_as(snap, KT_USERS_PAGES, path, stream);
}

static struct kt_err *take_stacks(
	struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	return take_as(snap, KT_USERS_PAGE_STACKS, path, stream);
}

static struct kt_err *take_handles(
	struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	return take_as(snap, KT_USERS_HANDLES, path, stream);
}

/* The running machine pays for each record. */
static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return !snap->host.live || (want & KT_WANT_EXPENSIVE) ||
	       !kt_snapshot_users(snap, KT_USERS_PAGE_STACKS);
}

#define GIVES "CONFIG_PAGE_OWNER, page_owner=on at boot, debugfs mounted, and root"

const struct kt_source kt_source_page_stacks = {
	.name = "page_owner_stacks",
	.summary = "pages of each stack that allocated them",
	/* the second one has numbers in place of stacks, and the same amounts */
	.paths = { "sys/kernel/debug/page_owner_stacks/show_stacks",
		"sys/kernel/debug/page_owner_stacks/show_handles" },
	.alternatives = true,
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally users' does not know who allocated pages",
	.gives = GIVES,
	.take = take_stacks,
};

const struct kt_source kt_source_page_handles = {
	.name = "page_owner_handles",
	.summary = "the stack of each number that page_owner prints",
	.paths = { "sys/kernel/debug/page_owner_stacks/show_stacks_handles" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "stacks that page_owner prints as numbers have no name",
	.gives = GIVES,
	.take = take_handles,
};

const struct kt_source kt_source_page_owner = {
	.name = "page_owner",
	.summary = "the stack that allocated each page",
	.paths = { "sys/kernel/debug/page_owner" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally users' does not know who allocated pages",
	.gives = GIVES,
	.unwanted = "page_owner_stacks has the same sums; --expensive reads it",
	.wanted = wanted,
	.take = take,
};
