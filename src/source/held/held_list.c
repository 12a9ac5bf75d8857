// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parses and writes the list of pages that processes hold:
//
//   searched io_uring ok
//   io_uring 151552 262144 4711 0 nginx
//   searched pipes denied pidfd_getfd: Operation not permitted
//
// A line of a kind has its lower and upper bound in bytes, the process, and the number of the
// object. The name of the program comes last, because it may contain blanks.

#include "source/held/held_list.h"
#include "model/holdings.h"

#include <string.h>

#define LINES_MAX (1u << 20) /* lines of a list */
#define PARTIAL	  "partial"
#define PID_MAX_  (1u << 22)

/* Kinds of pages that processes hold. */
static const enum kt_holding_kind kinds[] = { KT_HELD_BPF_RING, KT_HELD_IO_URING, KT_HELD_PERF,
	KT_HELD_PACKET, KT_HELD_PIPE };

void kt_held_list_write(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		const struct kt_search *search = &snap->searches[kinds[i]];
		const char *id = kt_holdings_about[kinds[i]].id;

		if (search->done)
			kt_buf_printf(ret_text, "searched %s %s %s\n", id,
				search->state == KT_OK && search->partial
					? PARTIAL
					: kt_state_name(search->state),
				search->why);
		for (size_t k = 0; k < snap->holdings.count; k++) {
			const struct kt_holding *one = &snap->holdings.items[k];

			if (one->kind == kinds[i])
				kt_buf_printf(ret_text, "%s %lld %lld %lld %lld %s\n", id,
					(long long)one->low_bytes, (long long)one->high_bytes,
					(long long)one->pid, (long long)one->id,
					one->holder ? one->holder : "");
		}
	}
}

static bool kind_of(struct kt_span id, enum kt_holding_kind *ret_kind)
{
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		*ret_kind = kinds[i];
		if (kt_span_eq(id, kt_holdings_about[kinds[i]].id))
			return true;
	}
	return false;
}

static bool take_search(struct kt_snapshot *snap, struct kt_span line)
{
	enum kt_state state = KT_OK;
	enum kt_holding_kind kind;
	struct kt_span id, name;
	bool partial;

	if (!kt_span_word(&line, &id) || !kind_of(id, &kind) || !kt_span_word(&line, &name))
		return false;
	partial = kt_span_eq(name, PARTIAL);
	while (!partial && state <= KT_BAD && !kt_span_eq(name, kt_state_name(state)))
		state++;
	if (state > KT_BAD)
		return false;
	kt_holding_searched(snap, kind,
		(struct kt_search){ .state = state,
			.partial = partial,
			.why = kt_arena_name(&snap->arena, kt_span_trim(line)) });
	return true;
}

static bool take_number(struct kt_span *line, uint64_t max, int64_t *ret_number)
{
	struct kt_span word;
	uint64_t number;

	if (!kt_span_word(line, &word) || !kt_span_u64(word, &number) || number > max)
		return false;
	*ret_number = (int64_t)number;
	return true;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_holding one = { 0 };
	struct kt_span id;

	if (!kt_span_word(&line, &id))
		return true;
	if (kt_span_eq(id, "searched"))
		return take_search(snap, line);
	if (!kind_of(id, &one.kind) ||
		!take_number(&line, (uint64_t)KT_AMOUNT_MAX, &one.low_bytes) ||
		!take_number(&line, (uint64_t)KT_AMOUNT_MAX, &one.high_bytes) ||
		!take_number(&line, PID_MAX_, &one.pid) || !take_number(&line, UINT32_MAX, &one.id))
		return false;
	line = kt_span_trim(line);
	one.holder = line.n ? kt_arena_name(&snap->arena, line) : NULL;
	kt_holding_put(snap, one);
	return true;
}

struct kt_err *kt_held_list_parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	unsigned nr_lines = 0;

	while (kt_span_line(&rest, &line) && nr_lines++ < LINES_MAX) {
		if (!take_line(snap, line))
			return kt_err_new(KT_ERR_PARSE, "%s: line %u is not a holder of pages",
				text->path, nr_lines);
	}
	return NULL;
}

void kt_held_list_scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	KT_CLEANUP(err) struct kt_err *err = snap ? kt_held_list_parse(snap, text) : NULL;

	if (!snap || err)
		return;
	for (size_t i = 0; i < snap->holdings.count; i++) {
		if (snap->holdings.items[i].holder)
			snap->holdings.items[i].holder = "(scrubbed)";
	}
	kt_held_list_write(snap, ret_text);
}
