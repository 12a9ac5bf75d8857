// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memreport_scan.h"

#include "source/memreport_slot.h"

#include <string.h>

#define REPORTS_MAX  20000u
#define SLOTS	     16	  /* CPUs or tasks that write a report at one time */
#define MIXED	     40	  /* lines; a request that is followed sooner by one has no trace yet */
#define QUIET_ASKED  200  /* lines between a request and its report: registers, call trace */
#define QUIET_INSIDE 5000 /* lines of others inside a report */
#define QUIET_BEHIND 40	  /* lines of others before the last lines of a report */

struct scan {
	struct kt_arena *arena;
	size_t wanted; /* number of the report that is kept */
	kt_memreports *reports;
	struct kt_memreport_detail *ret_detail;
	struct kt_memreport_slot slots[SLOTS];
	struct kt_err *err;
	bool done;
	uint64_t last_hash; /* of the line before */
	bool doubled;	    /* the log has lines twice */
};

static void keep_text(struct kt_arena *arena, const char **text)
{
	if (*text)
		*text = kt_arena_name(arena, kt_span_str(*text));
}

static void close_slot(struct scan *scan, struct kt_memreport_slot *slot)
{
	if (slot->number) {
		kt_memreport_conclude(&slot->detail, scan->arena);
		scan->reports->items[slot->number - 1] = slot->detail.about;
		if (slot->number == scan->wanted && scan->ret_detail) {
			*scan->ret_detail = slot->detail;
			keep_text(scan->arena, &scan->ret_detail->release);
			keep_text(scan->arena, &scan->ret_detail->hardware);
			scan->done = true;
		}
	}
	kt_arena_fini(&slot->own);
	*slot = (struct kt_memreport_slot){ 0 };
}

static struct kt_memreport_slot *slot_of(struct scan *scan, uint64_t caller)
{
	for (int i = 0; i < SLOTS; i++) {
		if (scan->slots[i].used && scan->slots[i].caller == caller)
			return &scan->slots[i];
	}
	return NULL;
}

/* Where all are in use, the one that has been silent for longest is over. */
static struct kt_memreport_slot *new_slot(struct scan *scan, const struct kt_logline *line)
{
	struct kt_memreport_slot *slot = &scan->slots[0];

	for (int i = 0; i < SLOTS && slot->used; i++) {
		if (!scan->slots[i].used || scan->slots[i].heard < slot->heard)
			slot = &scan->slots[i];
	}
	close_slot(scan, slot);
	kt_memreport_slot_start(slot, scan->arena, line);
	return slot;
}

/* From here on the report has a number. */
static void enlist(struct scan *scan, struct kt_memreport_slot *slot, const struct kt_logline *line)
{
	struct kt_memreport *place;

	if (slot->number || scan->err)
		return;
	place = scan->reports->count < REPORTS_MAX ? kt_list_push(scan->arena, scan->reports)
						   : NULL;
	if (!place) {
		scan->err = scan->arena->failed
				    ? kt_err_new(KT_ERR_NOMEM, "out of memory")
				    : kt_err_new(KT_ERR_LIMIT,
					      "more than %u memory reports in one log: split it",
					      REPORTS_MAX);
		return;
	}
	slot->number = scan->reports->count;
	slot->arena = slot->number == scan->wanted && scan->ret_detail ? scan->arena : &slot->own;
	kt_memreport_slot_name(slot, line);
	*place = slot->detail.about;
}

static void on_request(struct scan *scan, struct kt_memreport_slot *slot,
	const struct kt_logline *line, const struct kt_memline_request *request)
{
	/* 4.4 tells of a vmalloc() that failed in two lines; the second has no size */
	bool second = slot && !slot->number && slot->asked && slot->request.asked_bytes >= 0 &&
		      request->asked_bytes < 0 && line->number - slot->asked_line < 4;
	/* two requests and one report: whose it is cannot be told */
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

static void on_machine(
	struct scan *scan, struct kt_memreport_slot *slot, const struct kt_logline *line)
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
 * Two log daemons that write into one file have each line twice. Two caches of one name and
 * size are two, unless the log has shown that it doubles lines.
 */
static bool is_double(
	struct scan *scan, const struct kt_memreport_slot *slot, const struct kt_logline *line)
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

static void on_line(struct scan *scan, const struct kt_logline *line)
{
	struct kt_memreport_slot *slot = slot_of(scan, line->caller);
	struct kt_memline_request request;

	if (is_double(scan, slot, line))
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

struct kt_err *kt_memreport_scan(struct kt_span log, struct kt_arena *arena, size_t detail,
	kt_memreports *ret_reports, struct kt_memreport_detail *ret_detail)
{
	struct scan scan = { .arena = arena,
		.wanted = detail,
		.reports = ret_reports,
		.ret_detail = detail ? ret_detail : NULL };
	struct kt_loglines lines = { .rest = log };
	struct kt_logline line;

	while (!scan.err && !scan.done && kt_logline_next(&lines, &line))
		on_line(&scan, &line);
	for (int i = 0; i < SLOTS; i++)
		close_slot(&scan, &scan.slots[i]);
	if (!scan.err && arena->failed)
		scan.err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return scan.err;
}
