// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/slabinfo: every slab cache. The account takes the pages of all caches, to tell
// large kmalloc (in Slab, in no cache) from the rest, and those of caches that hold task
// stacks. Each read() of it holds slab_mutex, and walks the partial lists of a cache with
// interrupts off: not a file to poll.

#include "source/source.h"

#define CACHES_MAX  65536u
#define OLD_NUMBERS 11 /* the most that a line of version 1 has before a colon */

/* A number that no machine can have is not known. */
static int64_t number_of(struct kt_span word)
{
	uint64_t value;

	return kt_span_u64(word, &value) && value <= (uint64_t)KT_AMOUNT_MAX ? (int64_t)value : -1;
}

/* Takes the last word of `rest`; names may hold blanks, so numbers are taken from the end. */
static bool last_word(struct kt_span *rest, struct kt_span *ret_word)
{
	size_t n;

	*rest = kt_span_trim(*rest);
	n = rest->n;
	while (n && rest->p[n - 1] != ' ' && rest->p[n - 1] != '\t')
		n--;
	*ret_word = kt_span_from(*rest, n);
	rest->n = n;
	return n > 0;
}

static struct kt_span last_of(struct kt_span line, const char *text)
{
	size_t at = kt_span_find(line, text), next;

	if (at == line.n)
		return (struct kt_span){ line.p + line.n, 0 };
	while ((next = kt_span_find(kt_span_from(line, at + 1), text)) + at + 1 < line.n)
		at += next + 1;
	return kt_span_from(line, at);
}

static bool pages_fit(const struct kt_cache *cache)
{
	int64_t pages;

	return cache->nr_slabs >= 0 && cache->pages_per_slab >= 0 &&
	       cache->pages_per_slab <= 1 << 20 &&
	       !__builtin_mul_overflow(cache->nr_slabs, cache->pages_per_slab, &pages) &&
	       pages < 1ll << 40;
}

/* "name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … :
 * slabdata <active_slabs> <num_slabs> <sharedavail>"; names may hold blanks and colons. */
static bool parse_line(struct kt_span line, struct kt_span *ret_name, struct kt_cache *ret_cache)
{
	int64_t *const fields[] = { &ret_cache->pages_per_slab, &ret_cache->objs_per_slab,
		&ret_cache->slot_bytes, &ret_cache->nr_objs, &ret_cache->active_objs };
	struct kt_span tunables = last_of(line, " : tunables"), rest, word, data;

	data = kt_span_from(tunables, kt_span_find(tunables, ": slabdata"));
	if (!kt_span_skip(&data, ": slabdata") || !kt_span_word(&data, &word) ||
		!kt_span_word(&data, &word))
		return false;
	ret_cache->nr_slabs = number_of(word);
	rest = (struct kt_span){ line.p, line.n - tunables.n };
	for (size_t i = 0; i < KT_LEN(fields); i++) {
		if (!last_word(&rest, &word))
			return false;
		*fields[i] = number_of(word);
	}
	*ret_name = kt_span_trim(rest);
	return pages_fit(ret_cache);
}

/*
 * Kernels before 2.6: "name <active_objs> <num_objs>", from 2.4 on followed by "<objsize>
 * <active_slabs> <num_slabs> <pagesperslab>", and in 2.2 with statistics by five more.
 */
static bool parse_old_line(
	struct kt_span line, struct kt_span *ret_name, struct kt_cache *ret_cache)
{
	struct kt_span rest = { line.p, kt_span_find(line, " : ") }, word;
	int64_t numbers[OLD_NUMBERS]; /* from the last to the first */
	size_t n = 0, first;

	*ret_name = kt_span_trim(rest);
	while (n < OLD_NUMBERS && last_word(&rest, &word) && (numbers[n] = number_of(word)) >= 0) {
		*ret_name = kt_span_trim(rest);
		n++;
	}
	if (n != 2 && n != 6 && n != OLD_NUMBERS)
		return false;
	first = n - 1;
	ret_cache->active_objs = numbers[first];
	ret_cache->nr_objs = numbers[first - 1];
	if (n == 2)
		return true;
	ret_cache->slot_bytes = numbers[first - 2];
	ret_cache->nr_slabs = numbers[first - 4];
	ret_cache->pages_per_slab = numbers[first - 5];
	if (ret_cache->nr_slabs && ret_cache->nr_objs % ret_cache->nr_slabs == 0)
		ret_cache->objs_per_slab = ret_cache->nr_objs / ret_cache->nr_slabs;
	return pages_fit(ret_cache);
}

/* What a line is missing stays unknown; without slabs it has no part in the sums. */
static void add_cache(struct kt_snapshot *snap, struct kt_span name, struct kt_cache cache,
	struct kt_entry *sum, struct kt_entry *stacks)
{
	int64_t pages = cache.nr_slabs < 0 ? 0 : cache.nr_slabs * cache.pages_per_slab;
	struct kt_cache *slot;

	sum->raw += pages;
	if (kt_span_eq(name, "thread_stack") || kt_span_eq(name, "thread_info"))
		stacks->raw += pages;
	if (snap->caches.count == CACHES_MAX)
		kt_snapshot_note(snap, "%s: more than %u caches; the others are not listed",
			"proc/slabinfo", CACHES_MAX);
	slot = snap->caches.count > CACHES_MAX ? NULL : kt_list_push(&snap->arena, &snap->caches);
	if (!slot)
		return;
	*slot = cache;
	slot->name = kt_arena_name(&snap->arena, name);
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
	struct kt_span rest = kt_text_span(text), line, name = { 0 };
	bool old = kt_span_starts(rest, "slabinfo - version: 1."), any = false;

	while (kt_span_line(&rest, &line)) {
		struct kt_cache cache = kt_cache_unknown(NULL);

		if (kt_span_starts(line, "#") ||
			!(old ? parse_old_line : parse_line)(line, &name, &cache))
			continue;
		if (sum.raw > INT64_MAX / 4)
			return kt_err_new(KT_ERR_PARSE, "%s: impossible numbers", text->path);
		add_cache(snap, name, cache, &sum, &stacks);
		any = true;
	}
	if (!any)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no cache", text->path);
	if (old && snap->caches.items[0].nr_slabs < 0)
		return NULL; /* a kernel that does not tell of slabs */
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
