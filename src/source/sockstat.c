// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/net/sockstat{,6}: sockets in use, of the network namespace of who reads it.
// "TCP: inuse 27 orphan 0 tw 3 alloc 30 mem 2"; version 6 sockets have lines of their own.

#include "source/source.h"

#define SOCKETS_MAX (1ll << 40)

/* The number behind a word, or -1. */
static int64_t number_of(struct kt_span line, const char *name)
{
	struct kt_span word, number;
	int64_t value;

	while (kt_span_word(&line, &word) && kt_span_word(&line, &number)) {
		if (kt_span_eq(word, name))
			return kt_span_i64(number, &value) && value >= 0 && value < SOCKETS_MAX
				       ? value
				       : -1;
	}
	return -1;
}

static void add(int64_t *sum, int64_t value)
{
	if (value >= 0)
		*sum = (*sum < 0 ? 0 : *sum) + value;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	bool any = false;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name))
			continue;
		if (kt_span_eq(name, "TCP:") || kt_span_eq(name, "TCP6:")) {
			add(&snap->sockets.tcp, number_of(line, "inuse"));
			add(&snap->sockets.tcp_time_wait, number_of(line, "tw"));
			any = true;
		} else if (kt_span_eq(name, "UDP:") || kt_span_eq(name, "UDP6:"))
			add(&snap->sockets.udp, number_of(line, "inuse"));
	}
	return any ? NULL : kt_err_new(KT_ERR_PARSE, "%s: holds no TCP sockets", text->path);
}

const struct kt_source kt_source_sockstat = {
	.name = "sockstat",
	.summary = "sockets in use",
	.paths = { "proc/net/sockstat", "proc/net/sockstat6" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally hash' does not say how full the tables of sockets are",
	.gives = "a mounted /proc",
	.parse = parse,
};
