// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/slabinfo: every slab cache. The account takes the pages of all caches, to tell
// large kmalloc (in Slab, in no cache) from the rest, and those of caches that hold task
// stacks. Each read() of it holds slab_mutex, and walks the partial lists of a cache with
// interrupts off: not a file to poll.

#include "source/source.h"

/* "name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … :
 * slabdata <active_slabs> <num_slabs> <sharedavail>"; names may hold blanks and colons. */
static bool parse_line(struct kt_span line, struct kt_span *ret_name, uint64_t *ret_pages)
{
	struct kt_span rest, word, data;
	size_t at = kt_span_find(line, " : tunables");
	uint64_t pages_per_slab, nr_slabs;

	data = kt_span_from(line, kt_span_find(line, ": slabdata"));
	if (at == line.n || !kt_span_skip(&data, ": slabdata") || !kt_span_word(&data, &word) ||
		!kt_span_word(&data, &word) || !kt_span_u64(word, &nr_slabs))
		return false;
	rest = kt_span_trim((struct kt_span){ line.p, at });
	for (int i = 0; i < 5; i++) {
		size_t n = rest.n;

		while (n && rest.p[n - 1] != ' ')
			n--;
		if (!n)
			return false;
		word = (struct kt_span){ rest.p + n, rest.n - n };
		if (i == 0 && (!kt_span_u64(word, &pages_per_slab) || pages_per_slab > 1u << 20))
			return false;
		rest = kt_span_trim((struct kt_span){ rest.p, n });
	}
	*ret_name = rest;
	return !__builtin_mul_overflow(nr_slabs, pages_per_slab, ret_pages) &&
	       *ret_pages < 1ull << 40;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_entry sum = { .metric = KT_SLABINFO,
		.node = KT_NO_NODE,
		.unit = KT_PAGES,
		.quality = KT_UPPER_BOUND,
		.path = text->path,
		.field = "num_slabs x pagesperslab" };
	struct kt_entry stacks = { .metric = KT_SLAB_STACKS,
		.node = KT_NO_NODE,
		.unit = KT_PAGES,
		.path = text->path,
		.field = "thread_stack, thread_info" };
	struct kt_span rest = kt_text_span(text), line, name;
	size_t nr_caches = 0;
	uint64_t pages;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "#") || !parse_line(line, &name, &pages))
			continue;
		nr_caches++;
		if (sum.raw > INT64_MAX / 4)
			return kt_err_new(KT_ERR_PARSE, "%s: impossible numbers", text->path);
		sum.raw += (int64_t)pages;
		if (kt_span_eq(name, "thread_stack") || kt_span_eq(name, "thread_info"))
			stacks.raw += (int64_t)pages;
	}
	if (!nr_caches)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no cache", text->path);
	kt_snapshot_put(snap, sum);
	kt_snapshot_put(snap, stacks);
	return NULL;
}

/* Caches of a cgroup or a service carry its name in parentheses. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), part;

	while (kt_span_until(&rest, '(', &part)) {
		kt_buf_add(ret_text, part.p, part.n);
		kt_buf_puts(ret_text, "(");
		while (rest.n && rest.p[0] != ')' && rest.p[0] != '\n')
			rest = kt_span_from(rest, 1);
	}
	kt_buf_add(ret_text, rest.p, rest.n);
}

const struct kt_source kt_source_slabinfo = {
	.name = "slabinfo",
	.summary = "every slab cache",
	.paths = { "proc/slabinfo" },
	.cost = KT_COST_STOPS,
	.lack = "large kmalloc is not told apart from slab caches",
	.gives = "root and CONFIG_SLUB_DEBUG",
	.provides = { KT_SLABINFO, KT_SLAB_STACKS },
	.nr_provides = 2,
	.parse = parse,
	.scrub = scrub,
};
