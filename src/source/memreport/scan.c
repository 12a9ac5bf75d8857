// SPDX-License-Identifier: GPL-2.0-or-later
//
// A log may have gigabytes and thousands of reports, and reports of several CPUs may be mixed line
// by line. Memory is bounded by SLOTS open reports, KT_MEMREPORTS_MAX listed ones, and the one
// report that is wanted; the log is streamed. Time is bounded by one search over the text, since
// most of a log is no report.

#include "source/memreport/scan.h"

#include "base/searcher.h"
#include "source/memreport/slot.h"

#include <stdlib.h>
#include <string.h>

#define HALF	     (KT_MEMREPORTS_MAX / 2)
#define ROOM_FIRST   16	  /* reports that the list has room for at first */
#define SLOTS	     16	  /* CPUs or tasks that may write reports at the same time */
#define MIXED	     40	  /* lines; another request this near: the first has no call trace yet */
#define QUIET_ASKED  200  /* lines between a request and its report: registers, call trace */
#define QUIET_INSIDE 5000 /* unrelated lines inside a report */
#define QUIET_BEHIND 40	  /* unrelated lines before the last lines of a report */

/* Every line that begins a report contains one of these texts: see on_line(). */
static const char *const triggers[] = { " invoked oom-killer: ", ": page allocation failure",
	": page allocation stalls for ", "Show Memory",
	"oom-killer: gfp_mask=", "vmalloc: allocation failure: ", "vmalloc error: size ",
	"vmalloc size ", "Mem-Info:", "Mem-info:", " killed as a result of limit of ",
	"memory: usage " };

struct scan {
	struct kt_arena *arena; /* arena of the report that is kept */
	size_t wanted;		/* number of that report; 0: the reports are listed */
	struct kt_memreport_detail *ret_detail;
	/* the list has two halves; the older half is dropped to make room */
	bool lists;
	struct kt_memreport *reports;
	struct kt_memreport_place *places;
	size_t room;		       /* elements of both arrays; KT_MEMREPORTS_MAX at most */
	struct kt_arena names[2];      /* names in the halves */
	size_t nr_dropped, nr_reports; /* reports dropped before the list; all reports */
	struct kt_memreport_slot slots[SLOTS];
	size_t nr_used;
	struct kt_err *err;
	bool done;
	uint64_t last_hash;    /* of the line before */
	bool doubled;	       /* the log has lines twice */
	size_t reversed_lines; /* 0: the oldest line is first */
	struct kt_log_reader lines;
	struct kt_searcher search;
	struct kt_memreport_place idle; /* last place where no report was open */
	const char *fed_to;		/* lines before it were found by searching */
	bool cut;			/* the piece before ended inside a line */
};

/* ---- the list ---- */

static void keep_text(struct kt_arena *arena, const char **text)
{
	if (*text)
		*text = kt_arena_printf(arena, "%s", *text);
}

static void keep_texts(struct kt_arena *arena, struct kt_memreport *report)
{
	keep_text(arena, &report->time);
	keep_text(arena, &report->process);
	keep_text(arena, &report->caller);
	keep_text(arena, &report->gfp);
	keep_text(arena, &report->cgroup);
	keep_text(arena, &report->killed);
	keep_text(arena, &report->largest);
	keep_text(arena, &report->damage);
	keep_text(arena, &report->counted);
}

/*
 * Lists a report, unless it was open for so long that its place has been dropped. Texts are copied
 * into the names of the list's half, because the slot's arena ends with the report.
 */
static void list_report(struct scan *scan, const struct kt_memreport_slot *slot)
{
	size_t index = slot->number - 1 - scan->nr_dropped;

	if (!scan->lists || slot->number <= scan->nr_dropped || index >= scan->room)
		return;
	scan->places[index].caller = slot->caller;
	scan->places[index].last_line = slot->heard;
	scan->reports[index] = slot->detail.about;
	keep_texts(&scan->names[index / HALF], &scan->reports[index]);
}

/*
 * The last reports are kept, because the last complete one is chosen by default. Dropping half at a
 * time keeps the cost per report constant.
 */
static void drop_half(struct scan *scan)
{
	kt_arena_fini(&scan->names[0]);
	scan->names[0] = scan->names[1];
	scan->names[1] = (struct kt_arena){ 0 };
	memmove(scan->reports, scan->reports + HALF, HALF * sizeof(*scan->reports));
	memmove(scan->places, scan->places + HALF, HALF * sizeof(*scan->places));
	scan->nr_dropped += HALF;
}

/* Grows the list. Most logs have few reports, and room for the longest list would take 6 MiB. */
static bool make_room(struct scan *scan, size_t index)
{
	size_t room = scan->room ? scan->room * 2 : ROOM_FIRST;
	void *reports, *places;

	if (index < scan->room)
		return true;
	room = room < KT_MEMREPORTS_MAX ? room : KT_MEMREPORTS_MAX;
	reports = reallocarray(scan->reports, room, sizeof(*scan->reports));
	if (reports)
		scan->reports = reports;
	places = reallocarray(scan->places, room, sizeof(*scan->places));
	if (places)
		scan->places = places;
	if (reports && places)
		scan->room = room;
	else if (!scan->err)
		scan->err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return reports && places;
}

static void add_report(struct scan *scan, const struct kt_memreport_slot *slot)
{
	size_t index;

	if (!scan->lists)
		return;
	if (scan->nr_reports - scan->nr_dropped > KT_MEMREPORTS_MAX)
		drop_half(scan);
	index = scan->nr_reports - 1 - scan->nr_dropped;
	if (!make_room(scan, index))
		return;
	scan->places[index] = scan->idle;
	scan->reports[index] = (struct kt_memreport){ .line = slot->detail.about.line };
}

/* ---- slots ---- */

/* The only way out of a slot, complete or not: the report is judged here and listed or kept. */
static void close_slot(struct scan *scan, struct kt_memreport_slot *slot)
{
	if (slot->number) {
		/* the end of the log may have cut the last number */
		if (slot->last_head)
			slot->detail.head[slot->last_head - 1] = KT_MEMREPORT_CUT;
		kt_memreport_conclude(&slot->detail, slot->arena);
		list_report(scan, slot);
		if (slot->number == scan->wanted) {
			*scan->ret_detail = slot->detail;
			keep_texts(scan->arena, &scan->ret_detail->about);
			keep_text(scan->arena, &scan->ret_detail->release);
			keep_text(scan->arena, &scan->ret_detail->hardware);
			scan->done = true;
		}
	}
	scan->nr_used -= slot->used;
	if (slot->own.failed && !scan->err)
		scan->err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_arena_fini(&slot->own);
	*slot = (struct kt_memreport_slot){ 0 };
}

/*
 * Without callers in the log all lines have caller 0 and share one slot; a mixture is then noticed
 * by contradictions.
 */
static struct kt_memreport_slot *slot_of(struct scan *scan, uint64_t caller)
{
	for (int i = 0; i < SLOTS; i++) {
		if (scan->slots[i].used && scan->slots[i].caller == caller)
			return &scan->slots[i];
	}
	return NULL;
}

/* Where all are in use, the one that has been silent for longest is over. */
static struct kt_memreport_slot *new_slot(struct scan *scan, const struct kt_log_record *line)
{
	struct kt_memreport_slot *slot = &scan->slots[0];

	for (int i = 0; i < SLOTS && slot->used; i++) {
		if (!scan->slots[i].used || scan->slots[i].heard < slot->heard)
			slot = &scan->slots[i];
	}
	close_slot(scan, slot);
	kt_memreport_slot_start(slot, line);
	slot->reversed_lines = scan->reversed_lines;
	scan->nr_used++;
	return slot;
}

/*
 * Gives the report its number. Numbers are given in the order in which reports begin, so that both
 * passes count the same way.
 */
static void enlist(
	struct scan *scan, struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	if (slot->number || scan->err)
		return;
	slot->number = ++scan->nr_reports;
	slot->arena = slot->number == scan->wanted ? scan->arena : &slot->own;
	kt_memreport_slot_name(slot, line);
	add_report(scan, slot);
}

static void on_request(struct scan *scan, struct kt_memreport_slot *slot,
	const struct kt_log_record *line, const struct kt_memline_request *request)
{
	/* 4.4 reports a failed vmalloc() in two lines; the second has no size */
	bool second = slot && !slot->number && slot->asked && slot->request.asked_bytes >= 0 &&
		      request->asked_bytes < 0 && line->number - slot->asked_line < 4;
	/* two requests and one report: it is unknown which request the report belongs to */
	bool doubt = slot && !slot->number && slot->asked && !second &&
		     line->number - slot->asked_line < MIXED;
	int64_t asked_bytes = second ? slot->request.asked_bytes : request->asked_bytes;

	if (slot)
		close_slot(scan, slot);
	slot = new_slot(scan, line);
	slot->request = *request;
	slot->request.asked_bytes = asked_bytes;
	slot->request.process = kt_span_str(kt_arena_name(&slot->own, request->process));
	slot->request.gfp = kt_span_str(kt_arena_name(&slot->own, request->gfp));
	slot->asked = true;
	slot->doubt = doubt;
	slot->asked_line = line->number;
}

/*
 * A second "Mem-Info:" inside a report means that the end of the first was lost, or that two are
 * mixed.
 */
static void on_machine(
	struct scan *scan, struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	if (slot && slot->inside) {
		kt_memreport_slot_damage(
			slot, line->number, "another report begins before its end");
		close_slot(scan, slot);
		slot = NULL;
	} else if (slot && slot->behind) {
		close_slot(scan, slot);
		slot = NULL;
	}
	if (!slot)
		slot = new_slot(scan, line);
	enlist(scan, slot, line);
	slot->inside = true;
	slot->detail.about.machine = true;
}

/* A report about a cgroup can lack "Mem-Info:", so one of these lines begins it. */
static bool is_group_line(struct kt_span message)
{
	int64_t usage, limit;

	return (kt_span_starts(message, "Task in ") &&
		       kt_span_find(message, " killed as a result of limit of ") < message.n) ||
	       kt_memline_usage(message, "memory", &usage, &limit);
}

static uint64_t hash_of(uint64_t hash, struct kt_span text)
{
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * 1099511628211u; /* FNV-1a */
	return hash;
}

/*
 * Whether a line repeats the line before. Two log daemons that write into one file produce each
 * line twice. Two equal lines may also be two caches of one name and size, unless the log has shown
 * that it repeats lines.
 */
static bool is_double(
	struct scan *scan, const struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	uint64_t hash = hash_of(14695981039346656037u + line->caller, line->time);
	bool same;

	hash = hash_of(hash, line->message);
	same = hash == scan->last_hash && line->time.n && line->message.n;
	scan->last_hash = hash;
	if (same && slot && slot->inside)
		scan->doubled = true;
	return same && (scan->doubled || !(slot && slot->in_caches));
}

/*
 * A report has no line that marks its end. It ends at the next report, or after a number of lines
 * that do not belong to it; the number depends on the part, because a call trace is long.
 */
static void on_line(struct scan *scan, const struct kt_log_record *line)
{
	struct kt_memreport_slot *slot = slot_of(scan, line->caller);
	struct kt_memline_request request;

	if (line->facility > 0 || is_double(scan, slot, line))
		return;
	if (kt_memline_request(line->message, &request)) {
		on_request(scan, slot, line, &request);
		return;
	}
	if (kt_span_eq(line->message, "Mem-Info:") || kt_span_eq(line->message, "Mem-info:")) {
		on_machine(scan, slot, line);
		return;
	}
	if (is_group_line(line->message) && !(slot && slot->inside)) {
		if (slot && slot->behind) {
			close_slot(scan, slot);
			slot = NULL;
		}
		if (!slot)
			slot = new_slot(scan, line);
		enlist(scan, slot, line);
		if (slot->number)
			slot->detail.about.kind = KT_MEMREPORT_OOM_GROUP;
	}
	if (!slot)
		return;
	if (kt_memreport_slot_feed(slot, line)) {
		slot->heard = line->number;
		slot->quiet = 0;
	} else if (++slot->quiet > (slot->inside	  ? QUIET_INSIDE
					   : slot->number ? QUIET_BEHIND
							  : QUIET_ASKED))
		close_slot(scan, slot);
}

/* ---- the walk ---- */

static uint32_t nr_newlines(const char *from, const char *to)
{
	uint32_t count = 0;

	for (; from < to; from++)
		count += *from == '\n';
	return count;
}

/* Returns the beginning of the line before `at`. */
static const char *line_before(const char *start, const char *at)
{
	const char *newline =
		at > start + 1 ? memrchr(start, '\n', (size_t)(at - 1 - start)) : NULL;

	return newline ? newline + 1 : start;
}

/*
 * Skips lines while no report is open. Lines that begin no report matter in two ways only: later
 * lines without time and caller take theirs, and a repeated line is compared with the line before.
 * So the walk continues at the line before a line that may begin a report, or further up at a line
 * with a time. The result is the same as without skipping.
 */
static void skip_idle(struct scan *scan)
{
	struct kt_span rest = scan->lines.rest;
	const char *at = rest.p + kt_searcher_find(&scan->search, rest), *from, *line;
	const char *end = memchr(at, '\n', (size_t)(rest.p + rest.n - at));
	bool timed = false;

	scan->fed_to = end ? end : rest.p + rest.n;
	from = line_before(rest.p, line_before(rest.p, at == rest.p + rest.n ? at : at + 1));
	for (size_t i = 0; i <= KT_LOG_REACH && from > rest.p && !timed; i++) {
		line = line_before(rest.p, from);
		timed = kt_log_is_timed((struct kt_span){ line, (size_t)(from - 1 - line) });
		from = line;
	}
	scan->lines.state.number += nr_newlines(rest.p, from);
	scan->lines.rest = kt_span_from(rest, (size_t)(from - rest.p));
}

/*
 * The state of the line reader belongs to the place: a second pass that starts here must see the
 * same callers, doubles and numbers as the first.
 */
static void remember_idle(struct scan *scan, uint64_t offset)
{
	scan->idle = (struct kt_memreport_place){ .offset = offset,
		.lines = scan->lines.state,
		.last_hash = scan->last_hash,
		.doubled = scan->doubled,
		.reversed_lines = scan->reversed_lines,
		.nr_reports = scan->nr_reports };
}

/*
 * Escapes may be inside the words that are searched for, so a piece with escapes is not skipped. A
 * piece is a part of the log in memory, and may end inside a line. Then the line's number must not
 * be counted twice.
 */
static void on_piece(struct scan *scan, struct kt_span piece, uint64_t offset)
{
	bool searched = kt_span_find(piece, "\x1b") == piece.n;
	struct kt_log_record line;

	scan->lines.rest = piece;
	scan->fed_to = piece.p;
	scan->lines.state.number -= scan->cut;
	while (!scan->err && !scan->done) {
		const char *at = scan->lines.rest.p;

		if (!scan->nr_used && !scan->lines.pieces.n) {
			if (!scan->cut || at > piece.p)
				remember_idle(scan, offset + (uint64_t)(at - piece.p));
			if (searched && at >= scan->fed_to && scan->lines.rest.n)
				skip_idle(scan);
		}
		if (!kt_log_next(&scan->lines, &line))
			break;
		on_line(scan, &line);
	}
	scan->cut = piece.p[piece.n - 1] != '\n';
}

static struct kt_err *walk(struct scan *scan, struct kt_stream *stream)
{
	struct kt_span piece;

	kt_searcher_init(&scan->search, triggers, KT_LEN(triggers));
	while (!scan->err && !scan->done && kt_stream_next(stream, &piece))
		on_piece(scan, piece, kt_stream_offset(stream));
	for (int i = 0; i < SLOTS; i++)
		close_slot(scan, &scan->slots[i]);
	if (!scan->err)
		scan->err = kt_stream_err(stream);
	return scan->err;
}

static struct kt_err *give_list(
	struct scan *scan, struct kt_arena *arena, struct kt_memreport_list *ret_list)
{
	size_t count = scan->nr_reports - scan->nr_dropped;

	ret_list->nr_dropped = scan->nr_dropped;
	for (size_t i = 0; i < count; i++) {
		struct kt_memreport *report = kt_list_push(arena, &ret_list->reports);
		struct kt_memreport_place *place = kt_list_push(arena, &ret_list->places);

		if (!report || !place)
			break;
		*report = scan->reports[i];
		keep_texts(arena, report);
		*place = scan->places[i];
	}
	if (arena->failed || scan->names[0].failed || scan->names[1].failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return NULL;
}

static void scan_free(struct scan *scan)
{
	kt_arena_fini(&scan->names[0]);
	kt_arena_fini(&scan->names[1]);
	free(scan->reports);
	free(scan->places);
	free(scan);
}

struct kt_err *kt_memreport_list(struct kt_stream *stream, size_t reversed_lines,
	struct kt_arena *arena, struct kt_memreport_list *ret_list)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct kt_err *err;

	if (!scan)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	scan->lists = true;
	scan->reversed_lines = reversed_lines;
	err = walk(scan, stream);
	if (!err)
		err = give_list(scan, arena, ret_list);
	scan_free(scan);
	return err;
}

/*
 * Counts reports as the listing did. A number that does not come up again means that the file
 * changed in between.
 */
struct kt_err *kt_memreport_read(struct kt_stream *stream, const struct kt_memreport_place *place,
	size_t number, struct kt_arena *arena, struct kt_memreport_detail *ret_detail)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct kt_err *err;

	if (!scan)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	scan->arena = arena;
	scan->wanted = number;
	scan->ret_detail = ret_detail;
	scan->lines.state = place->lines;
	scan->last_hash = place->last_hash;
	scan->doubled = place->doubled;
	scan->reversed_lines = place->reversed_lines;
	scan->nr_reports = place->nr_reports;
	err = walk(scan, stream);
	if (!err && !scan->done)
		err = kt_err_new(KT_ERR_ABSENT, "the log has changed while it was read");
	if (!err && arena->failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	scan_free(scan);
	return err;
}
