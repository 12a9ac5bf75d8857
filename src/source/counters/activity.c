// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads counters of the machine's work, which kernel memory may follow: forks, context switches,
// interrupts (/proc/stat), packets and connections of the reader's network namespace
// (/proc/net/snmp), open files (/proc/sys/fs/file-nr). No command shows them: recordings keep them
// in a short form, a line "NAME NUMBER" each, and judges of growth compare them with memory
// (history/activity.c).

#include "source/source.h"

#include <string.h>

/* Counters, by the protocol whose lines in /proc/net/snmp have them; NULL: /proc/stat has them. */
static const struct {
	const char *protocol, *name;
} counters[] = {
	{ NULL, "ctxt" },
	{ NULL, "intr" }, /* the first number is the sum */
	{ NULL, "processes" },
	{ "Ip:", "InReceives" },
	{ "Ip:", "OutRequests" },
	{ "Tcp:", "ActiveOpens" },
	{ "Tcp:", "PassiveOpens" },
};

/* Writes "NAME NUMBER" if the text is a number; returns the number of lines written. */
static size_t put(struct kt_buf *buf, struct kt_span name, struct kt_span number)
{
	uint64_t value;

	if (!kt_span_u64(number, &value))
		return 0;
	kt_buf_add(buf, name.p, name.n);
	kt_buf_puts(buf, " ");
	kt_buf_add(buf, number.p, number.n);
	kt_buf_puts(buf, "\n");
	return 1;
}

/* Lines that begin with the name: /proc/stat, and any text in the short form. */
static size_t condense_lines(struct kt_span rest, struct kt_buf *buf)
{
	struct kt_span line, name, number;
	size_t nr_lines = 0;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name) || !kt_span_word(&line, &number))
			continue;
		for (size_t i = 0; i < KT_LEN(counters); i++) {
			if (kt_span_eq(name, counters[i].name))
				nr_lines += put(buf, name, number);
		}
	}
	return nr_lines;
}

static bool is_counter(struct kt_span protocol, struct kt_span name)
{
	for (size_t i = 0; i < KT_LEN(counters); i++) {
		if (counters[i].protocol && kt_span_eq(protocol, counters[i].protocol) &&
			kt_span_eq(name, counters[i].name))
			return true;
	}
	return false;
}

/* "Ip: Forwarding DefaultTTL InReceives", "Ip: 1 64 9327": names, then numbers in their order. */
static size_t condense_pairs(struct kt_span rest, struct kt_buf *buf)
{
	struct kt_span names, numbers, protocol, again, name, number;
	size_t nr_lines = 0;

	while (kt_span_line(&rest, &names) && kt_span_line(&rest, &numbers)) {
		if (!kt_span_word(&names, &protocol) || !kt_span_word(&numbers, &again) ||
			!kt_span_same(protocol, again))
			break;
		while (kt_span_word(&names, &name) && kt_span_word(&numbers, &number)) {
			if (is_counter(protocol, name))
				nr_lines += put(buf, name, number);
		}
	}
	return nr_lines;
}

static size_t condense_any(const struct kt_text *text, struct kt_buf *buf)
{
	struct kt_span span = kt_text_span(text);
	size_t nr_lines;

	if (strcmp(text->path, KT_FILE_FILE_NR) != 0) {
		nr_lines = condense_pairs(span, buf);
		return nr_lines ? nr_lines : condense_lines(span, buf);
	}
	kt_buf_add(buf, span.p, span.n);
	return span.n > 0;
}

static void condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	condense_any(text, ret_text);
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	KT_CLEANUP(buf) struct kt_buf kept = { 0 };

	(void)snap;
	return condense_any(text, &kept)
		       ? NULL
		       : kt_err_new(KT_ERR_PARSE, "%s: has none of the counters", text->path);
}

const struct kt_source kt_source_activity = {
	.name = "activity",
	.summary = "forks, interrupts, packets, connections and open files",
	.paths = { KT_FILE_STAT, KT_FILE_SNMP, KT_FILE_FILE_NR },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally diagnose' cannot say whether memory grows with forks, packets or "
		"connections",
	.gives = "a mounted /proc",
	.condense = condense,
	.parse = parse,
};
