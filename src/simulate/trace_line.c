// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines as tracefs and perf script print them:
//
//	  find-812     [001] .....   12.345678: kmalloc: call_site=f+0x1/0x20 ptr=00000000ab
// bytes_req=20 ... 	  find   812 [001]    12.345678: kmem:kmalloc: (f+0x1) call_site=...
//
// The name of a task may be any text, so the event is looked for after its place: the
// number of the CPU in brackets, then a time that ends with a colon.

#include "simulate/trace_line.h"

#include "base/attr.h"

#include "simulate/event.h"

static const struct {
	const char *name;
	enum kt_sim_line_kind kind;
	bool typed;
} events[] = {
	{ "kmalloc", KT_SIM_LINE_ALLOC, false },
	{ "kmalloc_node", KT_SIM_LINE_ALLOC, false },
	{ "kmem_cache_alloc", KT_SIM_LINE_ALLOC, true },
	{ "kmem_cache_alloc_node", KT_SIM_LINE_ALLOC, true },
	{ "kfree", KT_SIM_LINE_FREE, false },
	{ "kmem_cache_free", KT_SIM_LINE_FREE, true },
	{ "tracing_mark_write", KT_SIM_LINE_MARK, false },
};

/* Finds " [NUMBER] " and leaves the text after it. */
static bool take_cpu(struct kt_span *rest, uint32_t *ret_cpu)
{
	struct kt_span part;
	uint64_t cpu;

	while (kt_span_until(rest, '[', &part)) {
		struct kt_span after = *rest;

		if (!kt_span_take_u64(&after, &cpu) || !kt_span_skip(&after, "] ") ||
			cpu >= KT_SIM_CPUS_MAX)
			continue;
		*ret_cpu = (uint32_t)cpu;
		*rest = after;
		return true;
	}
	return false;
}

/* Leaves the text after the time: flags may be before it, and only it ends with a colon. */
static bool skip_time(struct kt_span *rest)
{
	struct kt_span word;

	for (int i = 0; i < 3 && kt_span_word(rest, &word); i++) {
		if (word.n > 1 && word.p[word.n - 1] == ':')
			return true;
	}
	return false;
}

/* Takes the name of an event without its colon and the name of its group. */
static bool take_event(struct kt_span *rest, struct kt_span *ret_name)
{
	struct kt_span group;

	if (!kt_span_word(rest, ret_name) || !kt_span_ends(*ret_name, ":"))
		return false;
	ret_name->n--;
	if (kt_span_find(*ret_name, ":") < ret_name->n)
		kt_span_until(ret_name, ':', &group);
	return true;
}

/* No memory: an allocation that failed, or kfree(NULL). */
static bool is_null(struct kt_span pointer)
{
	uint64_t address;

	return kt_span_eq(pointer, "(null)") || (kt_span_hex(pointer, &address) && !address);
}

static void read_bytes(struct kt_span word, struct kt_sim_line *line, uint64_t *ret_bytes)
{
	if (!kt_span_u64(word, ret_bytes))
		line->kind = KT_SIM_LINE_BAD;
}

static void read_fields(struct kt_span rest, struct kt_sim_line *line)
{
	struct kt_span word;

	while (kt_span_word(&rest, &word)) {
		if (kt_span_skip(&word, "call_site="))
			line->site = word;
		else if (kt_span_skip(&word, "ptr="))
			line->pointer = word;
		else if (kt_span_skip(&word, "name="))
			line->name = word;
		else if (kt_span_skip(&word, "bytes_req="))
			read_bytes(word, line, &line->requested_bytes);
		else if (kt_span_skip(&word, "bytes_alloc="))
			read_bytes(word, line, &line->allocated_bytes);
	}
	if (!line->pointer.n || !line->site.n)
		line->kind = KT_SIM_LINE_BAD;
	else if (is_null(line->pointer))
		line->kind = KT_SIM_LINE_OTHER;
	if (line->kind == KT_SIM_LINE_ALLOC &&
		(!line->allocated_bytes || line->allocated_bytes > KT_SIM_BYTES_MAX ||
			line->requested_bytes > line->allocated_bytes))
		line->kind = KT_SIM_LINE_BAD;
}

/* "CPU:1 [LOST 123 EVENTS]" */
static bool read_lost(struct kt_span text, struct kt_sim_line *line)
{
	struct kt_span rest = kt_span_trim(text), part;

	if (!kt_span_skip(&rest, "CPU:") || !kt_span_until(&rest, '[', &part) ||
		!kt_span_skip(&rest, "LOST "))
		return false;
	line->kind = KT_SIM_LINE_LOST;
	if (!kt_span_take_u64(&rest, &line->nr_lost))
		line->nr_lost = 1;
	return true;
}

struct kt_sim_line kt_sim_line_read(struct kt_span text)
{
	struct kt_sim_line line = { .kind = KT_SIM_LINE_OTHER };
	struct kt_span rest = text, name;

	if (read_lost(text, &line) || !take_cpu(&rest, &line.cpu) || !skip_time(&rest) ||
		!take_event(&rest, &name))
		return line;
	for (size_t i = 0; i < KT_LEN(events); i++) {
		if (!kt_span_eq(name, events[i].name))
			continue;
		line.kind = events[i].kind;
		line.typed = events[i].typed;
	}
	if (line.kind == KT_SIM_LINE_MARK)
		line.name = kt_span_trim(rest);
	else if (line.kind != KT_SIM_LINE_OTHER)
		read_fields(rest, &line);
	return line;
}
