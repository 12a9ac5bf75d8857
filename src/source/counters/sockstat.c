// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/net/sockstat{,6}: sockets in use, in the network namespace of the reader. "TCP: inuse
// 27 orphan 0 tw 3 alloc 30 mem 2"; version 6 sockets have lines of their own.

#include "model/holdings.h"
#include "source/source.h"

#define SOCKETS_MAX (1ll << 40) /* sockets; larger numbers are impossible */

/* Returns the number after a word; KT_UNKNOWN: none. */
static int64_t number_of(struct kt_span line, const char *name)
{
	struct kt_span word, number;
	int64_t value;

	while (kt_span_word(&line, &word) && kt_span_word(&line, &number)) {
		if (kt_span_eq(word, name))
			return kt_span_i64(number, &value) && value >= 0 && value < SOCKETS_MAX
				       ? value
				       : KT_UNKNOWN;
	}
	return KT_UNKNOWN;
}

static void add(int64_t *sum, int64_t value)
{
	if (value >= 0)
		*sum = (*sum < 0 ? 0 : *sum) + value;
}

/*
 * Stores the memory in the queues of a protocol, in all network namespaces. The file counts pages
 * by the true sizes of packets, slab objects included (net/ipv4/proc.c: sockstat_seq_show;
 * include/net/sock.h: sk_mem_charge). Each CPU may hold back up to 1 MiB (3cd3399dd7a8,
 * SK_MEMORY_PCPU_RESERVE).
 */
static void put_queues(struct kt_snapshot *snap, enum kt_holding_kind kind, struct kt_span line)
{
	int64_t nr_cpus =
		snap->host.nr_cpus > 0 && snap->host.nr_cpus < 1 << 16 ? snap->host.nr_cpus : 1;
	int64_t pages = number_of(line, "mem"), bytes;

	if (pages < 0 || !kt_known(snap->host.page_bytes) ||
		__builtin_mul_overflow(pages, snap->host.page_bytes, &bytes) ||
		bytes > KT_AMOUNT_MAX / 2)
		return;
	kt_holding_put(
		snap, (struct kt_holding){ .kind = kind, .high_bytes = bytes + (nr_cpus << 20) });
	kt_holding_searched(snap, kind, (struct kt_search){ .why = "proc/net/sockstat: mem" });
}

/* Stores the bytes of this network namespace (net/ipv4/inet_fragment.c: frag_mem_limit). */
static void put_fragments(struct kt_snapshot *snap, struct kt_span line)
{
	kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_FRAGMENT,
				     .high_bytes = number_of(line, "memory") });
	kt_holding_searched(
		snap, KT_HELD_FRAGMENT, (struct kt_search){ .why = "proc/net/sockstat: memory" });
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
		/* the counters of version 4 include the sockets of version 6 */
		if (kt_span_eq(name, "TCP:"))
			put_queues(snap, KT_HELD_TCP, line);
		else if (kt_span_eq(name, "UDP:"))
			put_queues(snap, KT_HELD_UDP, line);
		else if (kt_span_eq(name, "FRAG:") || kt_span_eq(name, "FRAG6:"))
			put_fragments(snap, line);
	}
	return any ? NULL : kt_err_new(KT_ERR_PARSE, "%s: holds no TCP sockets", text->path);
}

const struct kt_source kt_source_sockstat = {
	.name = "sockstat",
	.summary = "sockets in use, and the memory of their queues",
	.paths = { "proc/net/sockstat", "proc/net/sockstat6" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally hash' does not show how full the tables of sockets are, and 'ktally "
		"explain unattributed' does not show the memory in their queues",
	.gives = "a mounted /proc",
	.parse = parse,
};
