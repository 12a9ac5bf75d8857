// SPDX-License-Identifier: GPL-2.0-or-later
//
// Collects the lines of one report. Nothing is trusted: the limits below bound the memory of one
// report, and a line that contradicts an earlier one marks the report as damaged. A damaged report
// is still listed, but gives no numbers.

#include "source/memreport/slot.h"

#include "source/alloc_site.h"
#include "source/memreport/trace.h"

#include "base/attr.h"

#include <string.h>

#define NODES_MAX   1024u
#define ZONES_MAX   1024u
#define POOLS_MAX   4096u
#define TASKS_MAX   65536u
#define CACHES_MAX  4096u
#define STATS_MAX   64u
#define UNKNOWN_MAX 32u
#define NO_NODE	    (-1)

static void fill_unknown(int64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = KT_UNKNOWN;
}

/* Every number starts as unknown: 0 would be a measurement. */
void kt_memreport_slot_start(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_memreport_detail *detail = &slot->detail;

	*slot = (struct kt_memreport_slot){
		.used = true, .caller = line->caller, .heard = line->number, .node = NO_NODE
	};
	slot->arena = &slot->own;
	slot->request.order = KT_NO_ORDER;
	slot->request.asked_bytes = KT_UNKNOWN;
	fill_unknown(detail->head, KT_MEMLINE_HEADS);
	fill_unknown(detail->sums, KT_SUM_COUNT);
	detail->kmem_kb = KT_UNKNOWN;
	detail->about = (struct kt_memreport){ .order = KT_NO_ORDER,
		.asked_bytes = KT_UNKNOWN,
		.total_bytes = KT_UNKNOWN,
		.free_bytes = KT_UNKNOWN,
		.beyond_bytes = KT_UNKNOWN,
		.reach_free_bytes = KT_UNKNOWN,
		.reach_cma_bytes = KT_UNKNOWN,
		.usage_bytes = KT_UNKNOWN,
		.limit_bytes = KT_UNKNOWN,
		.killed_pid = KT_UNKNOWN,
		.killed_bytes = KT_UNKNOWN,
		.largest_pid = KT_UNKNOWN,
		.largest_rss_bytes = KT_UNKNOWN,
		.largest_swap_bytes = KT_UNKNOWN };
}

static const char *name_or_null(struct kt_arena *arena, struct kt_span text)
{
	return text.n ? kt_arena_name(arena, text) : NULL;
}

/* The number of a line as the file has it. */
static size_t in_file(const struct kt_memreport_slot *slot, size_t number)
{
	return number <= slot->reversed_lines ? slot->reversed_lines + 1 - number : number;
}

/* With doubt about its request a report loses only the request: its numbers are right. */
void kt_memreport_slot_name(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_memreport *about = &slot->detail.about;

	about->line = (int64_t)in_file(slot, slot->asked ? slot->asked_line : line->number);
	about->time = name_or_null(&slot->own, line->time);
	if (!slot->asked || slot->doubt)
		return;
	about->kind = slot->request.kind;
	if (slot->request.process.n)
		about->process = name_or_null(&slot->own, slot->request.process);
	about->gfp = name_or_null(&slot->own, slot->request.gfp);
	about->order = slot->request.order;
	about->asked_bytes = slot->request.asked_bytes;
}

/* The first reason stays, because later ones usually follow from it. */
void kt_memreport_slot_damage(struct kt_memreport_slot *slot, size_t line, const char *why)
{
	if (!slot->detail.about.damage)
		slot->detail.about.damage =
			kt_arena_printf(&slot->own, "line %zu: %s", in_file(slot, line), why);
}

/*
 * Sets a number; if the number is set already, it must be the same, otherwise two reports are
 * mixed.
 */
static void set(struct kt_memreport_slot *slot, size_t line, int64_t *value, int64_t read)
{
	if (read < 0)
		kt_memreport_slot_damage(slot, line, "an impossible number");
	else if (*value >= 0 && *value != read)
		kt_memreport_slot_damage(slot, line,
			"a number that appears twice with different values: two reports are mixed");
	else
		*value = read;
}

/* ---- counters ---- */

/*
 * Counters of kernels that are newer than ktally are kept by name and shown, up to UNKNOWN_MAX.
 * They do not damage the report.
 */
static void remember_unknown(struct kt_memreport_slot *slot, const struct kt_memline_pair *pair)
{
	struct kt_memline_pair *place;

	if (slot->detail.unknown.count >= UNKNOWN_MAX || pair->value < 0)
		return;
	place = kt_list_push(slot->arena, &slot->detail.unknown);
	if (!place)
		return;
	*place = *pair;
	place->name = kt_span_str(kt_arena_name(slot->arena, pair->name));
}

/* A line counts as such a line only if its first name is known: other messages have colons too. */
static bool feed_head(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_span rest = line->message;
	struct kt_memline_pair pair;
	int key;

	if (!kt_memline_pair(&rest, &pair) || pair.kb || kt_memline_head(pair.name) < 0)
		return false;
	do {
		key = kt_memline_head(pair.name);
		slot->last_head = key >= 0 ? (unsigned)key + 1 : 0;
		if (key >= 0)
			set(slot, line->number, &slot->detail.head[key], pair.value);
		else
			remember_unknown(slot, &pair);
	} while (kt_memline_pair(&rest, &pair));
	return true;
}

/*
 * Whether a pager cut the line; such lines end in '>'. The last word of a cut line is not a
 * reliable number, because its unit or more digits may be missing.
 */
static bool is_cut(struct kt_span message)
{
	return !kt_span_ends(message, "kB") && !kt_span_ends(message, "KB") &&
	       !kt_span_ends(message, "yes") && !kt_span_ends(message, "no");
}

/*
 * A number without kB within a line is a damage. At the end of a line it is more likely a cut,
 * whose last number may lack digits, so it is left out.
 */
static void feed_keys(struct kt_memreport_slot *slot, const struct kt_log_record *line,
	struct kt_span rest, int64_t *values)
{
	struct kt_memline_pair pair;

	while (kt_memline_pair(&rest, &pair)) {
		int key = kt_memline_key(pair.name);
		bool ignored = key > KT_ZKEY_CMA && kt_memline_keys[key].metric == KT_METRIC_NONE;

		if (key < 0 && kt_span_trim(rest).n)
			remember_unknown(slot, &pair);
		else if (key < 0 || ignored)
			continue;
		else if (pair.kb)
			set(slot, line->number, &values[key], pair.value);
		else if (kt_span_trim(rest).n)
			kt_memreport_slot_damage(slot, line->number, "a number without its unit");
	}
	slot->detail.cut = slot->detail.cut || is_cut(line->message);
}

static struct kt_memreport_node *node_of(struct kt_memreport_slot *slot, int number)
{
	struct kt_memreport_node *node;

	for (size_t i = 0; i < slot->detail.nodes.count; i++) {
		if (slot->detail.nodes.items[i].node == number)
			return &slot->detail.nodes.items[i];
	}
	if (slot->detail.nodes.count >= NODES_MAX)
		return NULL;
	node = kt_list_push(slot->arena, &slot->detail.nodes);
	if (node) {
		node->node = number;
		fill_unknown(node->kb, KT_MEMLINE_KEYS);
	}
	return node;
}

/* Returns the index of a zone plus one; 0: too many zones. */
static size_t zone_of(struct kt_memreport_slot *slot, int node, const char *name)
{
	struct kt_memreport_zone *zone;

	for (size_t i = 0; i < slot->detail.zones.count; i++) {
		zone = &slot->detail.zones.items[i];
		if (zone->node == node && strcmp(zone->name, name) == 0)
			return i + 1;
	}
	if (slot->detail.zones.count >= ZONES_MAX)
		return 0;
	zone = kt_list_push(slot->arena, &slot->detail.zones);
	if (!zone)
		return 0;
	*zone = (struct kt_memreport_zone){ .node = node, .name = name, .pcp_pages = KT_UNKNOWN };
	fill_unknown(zone->kb, KT_MEMLINE_KEYS);
	return slot->detail.zones.count;
}

static struct kt_memreport_zone *zone_at(struct kt_memreport_slot *slot, size_t index)
{
	return index ? &slot->detail.zones.items[index - 1] : NULL;
}

/* ---- free lists ---- */

/* The list is read into `reading` first: only a complete list replaces the list of the zone. */
static void start_list(struct kt_memreport_slot *slot, size_t zone)
{
	slot->list = zone;
	slot->reading = (struct kt_memreport_zone){ 0 };
}

/*
 * The printed total is a checksum of the line: a line of another CPU in between would change the
 * sum.
 */
static void end_list(struct kt_memreport_slot *slot, size_t line, int64_t total_kb)
{
	struct kt_memreport_zone *zone = zone_at(slot, slot->list), *reading = &slot->reading;

	slot->list = 0;
	if (reading->list_kb != total_kb) {
		kt_memreport_slot_damage(
			slot, line, "free blocks that do not add up to their total");
		return;
	}
	if (zone->listed && (zone->list_kb != total_kb || memcmp(zone->blocks, reading->blocks,
								  sizeof(zone->blocks)) != 0)) {
		kt_memreport_slot_damage(slot, line,
			"free lists that appear twice with different values: two reports are "
			"mixed");
		return;
	}
	zone->listed = true;
	zone->nr_orders = reading->nr_orders;
	memcpy(zone->blocks, reading->blocks, sizeof(zone->blocks));
	memcpy(zone->usable, reading->usable, sizeof(zone->usable));
	zone->typed = reading->typed;
	zone->page_kb = reading->page_kb;
	zone->list_kb = total_kb;
}

/*
 * Block sizes must double from order to order. Anything else is not a free list, or two lists are
 * mixed.
 */
static bool add_blocks(struct kt_memreport_zone *list, const struct kt_memline_list *token)
{
	int64_t bytes;

	if (list->nr_orders >= KT_ORDERS_MAX)
		return false;
	if (!list->nr_orders)
		list->page_kb = token->kb;
	if (token->kb != list->page_kb << list->nr_orders || token->kb <= 0 ||
		__builtin_mul_overflow(token->blocks, token->kb, &bytes) ||
		__builtin_add_overflow(list->list_kb, bytes, &list->list_kb) ||
		list->list_kb > KT_AMOUNT_MAX / 1024)
		return false;
	list->blocks[list->nr_orders] = token->blocks;
	list->usable[list->nr_orders++] =
		true; /* true unless letters after the number say otherwise */
	return true;
}

/*
 * Linux 4.9 (commit 4bcc595ccd80) to 4.14 print each part on a line of its own, with lines of
 * other CPUs between.
 */
static bool feed_list(struct kt_memreport_slot *slot, size_t line, struct kt_span rest)
{
	struct kt_memline_list token;
	struct kt_span test = rest;

	while (kt_memline_list(&test, &token) != KT_TOKEN_NONE)
		;
	if (kt_span_trim(test).n)
		return false;
	while (slot->list) {
		switch (kt_memline_list(&rest, &token)) {
		case KT_TOKEN_NONE: return true;
		case KT_TOKEN_BLOCKS:
			if (add_blocks(&slot->reading, &token))
				break;
			kt_memreport_slot_damage(slot, line, "free lists out of order");
			slot->list = 0;
			break;
		case KT_TOKEN_TYPES:
			slot->reading.typed = true;
			if (slot->reading.nr_orders)
				slot->reading.usable[slot->reading.nr_orders - 1] = token.usable;
			break;
		case KT_TOKEN_TOTAL: end_list(slot, line, token.kb); break;
		}
	}
	return true;
}

/* ---- zones and nodes ---- */

/* "lowmem_reserve[]: 0 3191 15659": pages, one for each zone that a request could prefer. */
static void feed_reserve(struct kt_memreport_slot *slot, struct kt_span rest)
{
	struct kt_memreport_zone *zone = zone_at(slot, slot->zone);
	struct kt_span word;
	int64_t pages;

	while (zone && kt_span_word(&rest, &word)) {
		if (!kt_span_i64(word, &pages) || pages < 0 || pages > KT_AMOUNT_MAX / 4096)
			return;
		if (zone->nr_reserves < KT_ZONES_MAX)
			zone->reserve_pages[zone->nr_reserves++] = pages;
	}
}

/* "CPU    0: hi:  186, btch:  31 usd: 180" */
static bool feed_cpu(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_memreport_zone *zone = zone_at(slot, slot->pcp_zone);
	struct kt_span rest = line->message;
	size_t at = kt_span_find(rest, " usd:");
	uint64_t cpu, pages;

	if (!zone || !kt_span_skip(&rest, "CPU ") || at == line->message.n)
		return false;
	rest = kt_span_trim(rest);
	if (!kt_span_take_u64(&rest, &cpu) || cpu > 1u << 16)
		return false;
	rest = kt_span_trim(kt_span_from(line->message, at + strlen(" usd:")));
	if (!kt_span_u64(rest, &pages) || pages > 1u << 24)
		kt_memreport_slot_damage(slot, line->number, "an impossible number");
	else if ((int64_t)cpu <= slot->last_cpu)
		kt_memreport_slot_damage(slot, line->number, "a CPU that appears twice");
	else
		zone->pcp_pages = (zone->pcp_pages < 0 ? 0 : zone->pcp_pages) + (int64_t)pages;
	slot->last_cpu = (int64_t)cpu;
	return true;
}

/*
 * Also accepts the heads of two other parts, which begin with the same words: free lists end with
 * ":", lists of CPUs with "per-cpu:".
 */
static bool feed_zone(struct kt_memreport_slot *slot, const struct kt_log_record *line, int node,
	struct kt_span rest)
{
	const char *name = kt_memline_zone(&rest);
	size_t index;

	if (!name)
		return false;
	if (kt_span_skip(&rest, ":")) {
		index = zone_of(slot, node, name);
		if (!index || (kt_span_trim(rest).n && kt_span_find(rest, "kB") == rest.n))
			return false;
		start_list(slot, index);
		return feed_list(slot, line->number, rest);
	}
	rest = kt_span_trim(rest);
	if (kt_span_eq(rest, "per-cpu:")) {
		slot->pcp_zone = zone_of(slot, node, name);
		slot->last_cpu = -1;
		return true;
	}
	if (!kt_span_starts(rest, "free:"))
		return false;
	index = zone_of(slot, node, name);
	if (!index)
		return false;
	slot->zone = index;
	zone_at(slot, index)->shown = true;
	feed_keys(slot, line, rest, zone_at(slot, index)->kb);
	return true;
}

static bool feed_pool(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_memline_pool pool, *place;

	if (!kt_memline_pool(line->message, &pool))
		return false;
	for (size_t i = 0; i < slot->detail.pools.count; i++) {
		place = &slot->detail.pools.items[i];
		if (place->node != pool.node || place->size_kb != pool.size_kb)
			continue;
		if (place->total != pool.total || place->free != pool.free)
			kt_memreport_slot_damage(slot, line->number,
				"huge pages that appear twice with different values");
		return true;
	}
	if (slot->detail.pools.count >= POOLS_MAX)
		return false;
	place = kt_list_push(slot->arena, &slot->detail.pools);
	if (place)
		*place = pool;
	return true;
}

static bool feed_sum(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	int64_t pages;
	enum kt_memline_sum sum = kt_memline_sum(line->message, &pages);

	if (sum == KT_SUM_COUNT)
		return false;
	set(slot, line->number, &slot->detail.sums[sum], pages);
	if (sum == KT_SUM_RESERVED) {
		slot->inside = false;
		slot->behind = true;
	}
	return true;
}

/*
 * The order matters: forms with fixed words come first, and free lists, which have nothing but
 * numbers, last.
 */
static bool feed_machine(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	struct kt_span rest = line->message, test;
	int node = slot->node == NO_NODE ? 0 : slot->node;
	bool named = kt_memline_node(&rest, &node);
	struct kt_memline_pair pair;

	test = rest;
	if (feed_head(slot, line) || feed_pool(slot, line) || feed_sum(slot, line) ||
		feed_cpu(slot, line))
		return true;
	if (kt_span_skip(&test, "lowmem_reserve[]:")) {
		feed_reserve(slot, test);
		slot->in_reserve = !kt_span_trim(test).n;
		return true;
	}
	if (feed_zone(slot, line, node, rest)) {
		slot->in_reserve = false;
		slot->node = NO_NODE;
		return true;
	}
	if (named && !rest.n) {
		slot->node = node; /* the zone follows on a line of its own */
		return true;
	}
	test = rest;
	if (named && kt_memline_pair(&test, &pair) && kt_memline_key(pair.name) >= 0) {
		struct kt_memreport_node *place = node_of(slot, node);

		if (place)
			feed_keys(slot, line, rest, place->kb);
		return true;
	}
	if (slot->in_reserve && rest.n && rest.p[0] >= '0' && rest.p[0] <= '9' &&
		kt_span_find(rest, " ") == rest.n && kt_span_find(rest, "*") == rest.n) {
		feed_reserve(slot, rest);
		return true;
	}
	return slot->list && feed_list(slot, line->number, rest);
}

/* ---- cgroup, caches, tasks, and the result ---- */

static void add_stat(
	struct kt_memreport_slot *slot, struct kt_span name, int64_t value, int64_t scale)
{
	/* sizes in memory.stat; counters of events, such as scanned pages, are left out */
	static const char *const sizes[] = { "anon", "file", "kernel", "kernel_stack", "pagetables",
		"sec_pagetables", "percpu", "sock", "vmalloc", "shmem", "zswap", "slab_reclaimable",
		"slab_unreclaimable", "slab", "cache", "rss", "swap" };
	struct kt_memreport_stat *stat;
	int64_t bytes;

	if (value < 0 || __builtin_mul_overflow(value, scale, &bytes) || bytes > KT_AMOUNT_MAX)
		return;
	for (size_t i = 0; i < slot->detail.stats.count; i++) {
		stat = &slot->detail.stats.items[i];
		if (!kt_span_eq(name, stat->name))
			continue;
		/*
		 * before commit c8713d0b2312 each group has a line of its own, and no line includes
		 * the groups below
		 */
		if (scale == 1024 && stat->bytes <= KT_AMOUNT_MAX - bytes)
			stat->bytes += bytes;
		return;
	}
	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		if (!kt_span_eq(name, sizes[i]) || slot->detail.stats.count >= STATS_MAX)
			continue;
		stat = kt_list_push(slot->arena, &slot->detail.stats);
		if (stat)
			*stat = (struct kt_memreport_stat){ sizes[i], bytes };
	}
}

static bool feed_stats(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_span rest = message, word, name;
	struct kt_memline_pair pair;
	int64_t number;

	if (kt_span_skip(&rest, "Memory cgroup stats")) {
		size_t at = kt_span_find(rest, ": ");

		name = kt_span_trim((struct kt_span){ rest.p, at });
		if (kt_span_ends(name, ":"))
			name.n--;
		if (kt_span_skip(&name, "for ") && !slot->detail.about.cgroup)
			slot->detail.about.cgroup = kt_arena_name(&slot->own, kt_span_trim(name));
		rest = kt_span_from(rest, at + (at < rest.n));
		while (kt_memline_pair(&rest, &pair))
			add_stat(slot, pair.name, pair.value, pair.kb ? 1024 : 1);
		slot->in_stats = true;
		return true;
	}
	if (!slot->in_stats || !kt_span_word(&rest, &name) || !kt_span_word(&rest, &word) ||
		kt_span_trim(rest).n || !kt_span_i64(word, &number))
		return false;
	add_stat(slot, name, number, 1);
	return true;
}

/*
 * Usage and limit are in kB. A limit that was never set is printed as a number beyond any amount,
 * and becomes unknown here.
 */
static bool feed_group(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_memreport *about = &slot->detail.about;
	int64_t usage_kb, limit_kb;
	size_t at = kt_span_find(message, " killed as a result of limit of ");

	if (kt_span_starts(message, "Task in ") && at < message.n) {
		at += strlen(" killed as a result of limit of ");
		about->cgroup = kt_arena_name(&slot->own, kt_span_from(message, at));
		return true;
	}
	if (kt_memline_usage(message, "memory", &usage_kb, &limit_kb)) {
		about->usage_bytes = usage_kb * 1024;
		about->limit_bytes = limit_kb < 0 ? KT_UNKNOWN : limit_kb * 1024;
		return true;
	}
	if (kt_memline_usage(message, "kmem", &usage_kb, &limit_kb)) {
		slot->detail.kmem_kb = usage_kb;
		return true;
	}
	return kt_memline_usage(message, "swap", &usage_kb, &limit_kb) ||
	       kt_memline_usage(message, "memory+swap", &usage_kb, &limit_kb);
}

static bool feed_cache(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_memline_cache cache;
	struct kt_cache *place;

	if (kt_span_eq(message, "Unreclaimable slab info:")) {
		slot->in_caches = true;
		return true;
	}
	if (!slot->in_caches || !kt_memline_cache(message, &cache))
		return false;
	place = slot->detail.caches.count < CACHES_MAX
			? kt_list_push(slot->arena, &slot->detail.caches)
			: NULL;
	if (place) {
		*place = kt_cache_unknown(kt_arena_name(slot->arena, cache.name));
		place->used_bytes = cache.used_kb * 1024;
		place->total_bytes = cache.total_kb * 1024;
		place->reclaimable = 0;
	}
	return true;
}

/*
 * Reads an allocation site; allocation profiling (Linux 6.10, commit 1438d349d16b) prints the ten
 * largest sites first.
 */
static bool feed_site(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_alloc_site site;
	struct kt_memreport_site *place;

	if (!kt_alloc_site(message, &site) || slot->detail.sites.count >= KT_MEMREPORT_SITES)
		return false;
	place = kt_list_push(slot->arena, &slot->detail.sites);
	if (!place)
		return true;
	place->size = kt_arena_name(slot->arena, site.size);
	place->user = kt_alloc_site_user(slot->arena, KT_USERS_REPORT, &site);
	return true;
}

/* The columns come from the heading of the same report, because kernels add and remove columns. */
static bool feed_task(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_memline_task task;
	struct kt_memreport_task *place;

	if (!kt_span_starts(message, "["))
		return false;
	if (kt_memline_columns(message, &slot->columns)) {
		slot->in_tasks = slot->detail.tasks_listed = true;
		slot->in_stats = slot->in_caches = false;
		return true;
	}
	if (!slot->in_tasks || !kt_memline_task(message, &slot->columns, &task))
		return false;
	if (slot->detail.tasks.count >= TASKS_MAX) {
		slot->detail.tasks_cut = true;
		return true;
	}
	place = kt_list_push(slot->arena, &slot->detail.tasks);
	if (place) {
		place->name = kt_arena_name(slot->arena, task.name);
		place->pid = (int64_t)task.pid;
		memcpy(place->values, task.values, sizeof(place->values));
	}
	return true;
}

/*
 * The line with "constraint" names the cgroup whose limit was reached, if there is one; the line
 * about the kill does not.
 */
static bool feed_outcome(struct kt_memreport_slot *slot, struct kt_span message)
{
	struct kt_memreport *about = &slot->detail.about;
	struct kt_memline_killed killed;
	struct kt_span group;

	if (kt_span_starts(message, "oom-kill:constraint=")) {
		if (kt_memline_value(message, ",oom_memcg=", &group)) {
			about->kind = KT_MEMREPORT_OOM_GROUP;
			about->cgroup = kt_arena_name(&slot->own, group);
		}
		return true;
	}
	if (!kt_memline_killed(message, &killed))
		return false;
	if (killed.group)
		about->kind = KT_MEMREPORT_OOM_GROUP;
	about->killed = kt_arena_name(&slot->own, killed.name);
	about->killed_pid = (int64_t)killed.pid;
	if (killed.anon_kb >= 0)
		about->killed_bytes = killed.anon_kb * 1024;
	return true;
}

/*
 * Inside the counters only their lines and the kill are looked for: a process name may look like
 * any other line. Before the report has a number, only the release of the kernel is of use.
 */
bool kt_memreport_slot_feed(struct kt_memreport_slot *slot, const struct kt_log_record *line)
{
	slot->last_head = 0;
	if (slot->inside)
		return feed_machine(slot, line) || feed_outcome(slot, line->message);
	if (!slot->number)
		return kt_memreport_trace(&slot->detail, &slot->own, line->message,
			       slot->request.asked_bytes >= 0) &&
		       false;
	return feed_sum(slot, line) || feed_group(slot, line->message) ||
	       feed_outcome(slot, line->message) || feed_cache(slot, line->message) ||
	       feed_site(slot, line->message) || feed_task(slot, line->message) ||
	       feed_stats(slot, line->message);
}
