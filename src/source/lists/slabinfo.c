// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/slabinfo: every slab cache. The account needs the pages of all caches, to separate
// large kmalloc (in Slab, in no cache) from the rest, and the pages of caches that hold task
// stacks. Each read() holds slab_mutex, and walks the partial lists of a cache with interrupts off,
// so the file must not be polled.

#include "source/source.h"

#include <string.h>

#define CACHES_MAX  65536u /* caches that are listed */
#define OLD_NUMBERS 11	   /* numbers; most that a line of version 1 has before a colon */

/* Numbers of a line of version 2 without statistics, in their order. */
enum {
	ACTIVE_OBJS,
	NUM_OBJS,
	OBJSIZE,
	OBJPERSLAB,
	PAGESPERSLAB,
	LIMIT,
	BATCHCOUNT,
	SHAREDFACTOR,
	ACTIVE_SLABS,
	NUM_SLABS,
	SHAREDAVAIL,
	NR_NUMBERS
};

/* Returns the number, or KT_UNKNOWN where no machine can have that many. */
static int64_t number_of(struct kt_span word)
{
	uint64_t value;

	return kt_span_u64(word, &value) && value <= (uint64_t)KT_AMOUNT_MAX ? (int64_t)value
									     : KT_UNKNOWN;
}

/* Takes the last word of `rest`; names may contain blanks, so numbers are taken from the end. */
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

/*
 * Returns the text from the last " : tunables" on, which comes after any colon of a name; empty:
 * none.
 */
static struct kt_span tunables_of(struct kt_span line)
{
	size_t n = line.n;
	const char *colon;

	while (n && (colon = memrchr(line.p, ':', n))) {
		n = (size_t)(colon - line.p);
		if (n && kt_span_starts(kt_span_from(line, n - 1), " : tunables"))
			return kt_span_from(line, n - 1);
	}
	return kt_span_from(line, line.n);
}

static bool pages_fit(const struct kt_cache *cache)
{
	int64_t pages;

	return cache->nr_slabs >= 0 && cache->pages_per_slab >= 0 &&
	       cache->pages_per_slab <= 1 << 20 &&
	       !__builtin_mul_overflow(cache->nr_slabs, cache->pages_per_slab, &pages) &&
	       pages < 1ll << 40;
}

/*
 * "name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata
 * <active_slabs> <num_slabs> <sharedavail>"; names may contain blanks and colons.
 */
static bool parse_line(struct kt_span line, struct kt_span *ret_name, struct kt_cache *ret_cache)
{
	int64_t *const fields[] = { [ACTIVE_OBJS] = &ret_cache->active_objs,
		[NUM_OBJS] = &ret_cache->nr_objs,
		[OBJSIZE] = &ret_cache->slot_bytes,
		[OBJPERSLAB] = &ret_cache->objs_per_slab,
		[PAGESPERSLAB] = &ret_cache->pages_per_slab };
	struct kt_span tunables = tunables_of(line), rest, word, data;

	data = kt_span_from(tunables, kt_span_find(tunables, ": slabdata"));
	if (!kt_span_skip(&data, ": slabdata") || !kt_span_word(&data, &word) ||
		!kt_span_word(&data, &word))
		return false;
	ret_cache->nr_slabs = number_of(word);
	rest = (struct kt_span){ line.p, line.n - tunables.n };
	for (size_t i = KT_LEN(fields); i-- > 0;) {
		if (!last_word(&rest, &word))
			return false;
		*fields[i] = number_of(word);
	}
	*ret_name = kt_span_trim(rest);
	return true;
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
	return true;
}

/*
 * Adds a cache. Numbers that its line does not have stay unknown; without slabs it adds nothing to
 * the sums.
 */
static void add_cache(struct kt_snapshot *snap, struct kt_span name, struct kt_cache cache,
	struct kt_entry *sum, struct kt_entry *stacks)
{
	int64_t pages = cache.nr_slabs < 0 ? 0 : cache.nr_slabs * cache.pages_per_slab;
	struct kt_cache *slot;

	sum->raw += pages;
	if (kt_span_eq(name, "thread_stack") || kt_span_eq(name, "thread_info"))
		stacks->raw += pages;
	if (snap->caches.count == CACHES_MAX)
		kt_snapshot_note(snap, "%s: more than %u caches; the rest is not listed",
			KT_FILE_SLABINFO, CACHES_MAX);
	slot = snap->caches.count > CACHES_MAX ? NULL : kt_list_push(&snap->arena, &snap->caches);
	if (!slot)
		return;
	*slot = cache;
	slot->name = kt_arena_name(&snap->arena, name);
}

/* A text that is made of a dump has dashes where the dump lacks the memory of a cache. */
static bool is_unread(struct kt_span line)
{
	struct kt_span tunables = tunables_of(line), data, word;

	data = kt_span_from(tunables, kt_span_find(tunables, ": slabdata"));
	return kt_span_skip(&data, ": slabdata") && kt_span_word(&data, &word) &&
	       kt_span_word(&data, &word) && kt_span_eq(word, "-");
}

/* Reserves a cache for each line: unused elements cost less than growing by doubling. */
static void reserve(struct kt_snapshot *snap, struct kt_span text)
{
	size_t nr_lines = 0;

	for (const char *p = text.p; text.n && p; nr_lines++) {
		p = memchr(p, '\n', text.n - (size_t)(p - text.p));
		p = p && p + 1 < text.p + text.n ? p + 1 : NULL;
	}
	kt_list_reserve(&snap->arena, &snap->caches, nr_lines < CACHES_MAX ? nr_lines : CACHES_MAX);
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
	uint32_t nr_unread = 0;
	bool whole = false, newline = kt_span_ends(rest, "\n");

	reserve(snap, rest);
	while (kt_span_line(&rest, &line)) {
		struct kt_cache cache = kt_cache_unknown(NULL);

		if (kt_span_starts(line, "#") ||
			!(old ? parse_old_line : parse_line)(line, &name, &cache))
			continue;
		if (!old && is_unread(line)) {
			add_cache(snap, name, cache, &sum, &stacks);
			nr_unread++;
			continue;
		}
		/* only an old kernel has a list without slabs */
		if (!(old && !kt_known(cache.nr_slabs)) && !pages_fit(&cache))
			continue;
		if (sum.raw > INT64_MAX / 4)
			return kt_err_new(KT_ERR_PARSE, "%s: impossible numbers", text->path);
		add_cache(snap, name, cache, &sum, &stacks);
		/* the cache of caches is made first and listed last: mm/slab_common.c, s_next() */
		whole |= kt_span_eq(name, "kmem_cache") || kt_span_eq(name, "cache_cache");
		any = true;
	}
	if (!any)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no cache", text->path);
	if (old && snap->caches.items[0].nr_slabs < 0)
		return NULL; /* a kernel that does not count slabs */
	if (nr_unread) {
		/* the rest of Slab is not large kmalloc alone */
		snap->caches_partial = true;
		kt_snapshot_note(snap,
			"%s: the dump lacks the memory of %u of %zu slab caches, which have no "
			"numbers here",
			text->path, nr_unread, snap->caches.count);
		return NULL;
	}
	if (!whole || !newline)
		sum.quality = KT_ESTIMATE; /* the file may be cut off, so caches may be missing */
	kt_snapshot_put(snap, sum);
	kt_snapshot_put(snap, stacks);
	return NULL;
}

/* Removes names in parentheses, as a cache of a cgroup or a service has them. */
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

static bool amount(uint32_t index, struct kt_span name, uint32_t nr_numbers, struct kt_span rest,
	struct kt_line_amount *ret_amount)
{
	(void)name;
	(void)rest;
	*ret_amount = (struct kt_line_amount){
		.number = NUM_SLABS, .times = PAGESPERSLAB, .size = OBJSIZE, .unit = KT_PAGES
	};
	return !index && nr_numbers == NR_NUMBERS;
}

static bool object(struct kt_span line, struct kt_span *ret_name)
{
	struct kt_cache cache;

	return !kt_span_starts(line, "#") &&
	       (parse_line(line, ret_name, &cache) || parse_old_line(line, ret_name, &cache)) &&
	       ret_name->n;
}

const struct kt_source kt_source_slabinfo = {
	.name = "slabinfo",
	.summary = "every slab cache",
	.paths = { KT_FILE_SLABINFO },
	.cost = KT_COST_STOPS,
	.lack = "large kmalloc is not separated from slab caches",
	.gives = "root and CONFIG_SLUB_DEBUG",
	.provides = { KT_SLABINFO, KT_SLAB_STACKS },
	.nr_provides = 2,
	.parse = parse,
	.scrub = scrub,
	.series = "slab",
	.amount = amount,
	.object = object,
};
