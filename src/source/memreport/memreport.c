// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads a memory report of a kernel log as the only source of a machine's numbers. The OOM killer,
// a failed allocation or SysRq-m prints it. The report has the counters of /proc/vmstat under its
// own names; each metric that it does not have gets a reason.

#include "source/host.h"
#include "source/memreport/scan.h"
#include "source/mended.h"
#include "source/source.h"

#include <string.h>

struct putting {
	struct kt_snapshot *snap;
	const struct kt_memreport_detail *detail;
	const char *path;
	struct kt_memreport_total total;
};

static void put(const struct putting *p, enum kt_metric metric, int node, enum kt_unit unit,
	int64_t raw, enum kt_quality quality, const char *field)
{
	if (raw >= 0)
		kt_snapshot_put(p->snap, (struct kt_entry){ .metric = metric,
						 .node = node,
						 .unit = unit,
						 .raw = raw,
						 .quality = quality,
						 .rank = KT_RANK_VMSTAT,
						 .path = p->path,
						 .field = field });
}

static bool has_head(const struct kt_memreport_detail *detail, enum kt_metric metric)
{
	for (int i = 0; i < KT_MEMLINE_HEADS && kt_memline_heads[i].name; i++) {
		if (kt_memline_heads[i].metric == metric && detail->head[i] >= 0)
			return true;
	}
	return false;
}

/*
 * Stores the head counters. Free pages in per-CPU lists, and counters printed with zones and nodes,
 * are summed over the zones and nodes that the report shows.
 */
static void put_heads(const struct putting *p)
{
	for (int i = 0; i < KT_MEMLINE_HEADS && kt_memline_heads[i].name; i++) {
		enum kt_metric metric = kt_memline_heads[i].metric;
		bool part = metric == KT_PCP && !p->total.all_zones;

		if (metric != KT_METRIC_NONE)
			put(p, metric, KT_NO_NODE, KT_PAGES, p->detail->head[i],
				part ? KT_LOWER_BOUND : KT_EXACT, kt_memline_heads[i].name);
	}
}

static void put_sums(const struct putting *p)
{
	static const struct {
		enum kt_memline_sum sum;
		enum kt_metric metric;
	} sums[] = {
		{ KT_SUM_CACHE, KT_FILE_PAGES },
		{ KT_SUM_SWAP, KT_SWAP_CACHED },
		{ KT_SUM_CMA, KT_CMA_TOTAL },
		{ KT_SUM_POISON, KT_HW_CORRUPTED },
	};

	for (size_t i = 0; i < KT_LEN(sums); i++)
		put(p, sums[i].metric, KT_NO_NODE, KT_PAGES, p->detail->sums[sums[i].sum], KT_EXACT,
			kt_memline_sum_name(sums[i].sum));
}

/* ---- zones and nodes ---- */

static const struct kt_memreport_node *node_of(const struct kt_memreport_detail *detail, int node)
{
	for (size_t i = 0; i < detail->nodes.count; i++) {
		if (detail->nodes.items[i].node == node)
			return &detail->nodes.items[i];
	}
	return NULL;
}

static int64_t add(int64_t sum, int64_t value)
{
	if (value < 0 || sum > KT_AMOUNT_MAX)
		return sum;
	return (sum < 0 ? 0 : sum) + value;
}

/*
 * From Linux 4.8 (commit 599d0c954f91) on the LRU lists belong to the node; its zones print the
 * same pages again. -1: no line has the number, or the line was cut off.
 */
static int64_t node_kb(const struct kt_memreport_detail *detail, int node, int key)
{
	const struct kt_memreport_node *own = node_of(detail, node);
	int64_t sum = -1;

	if (own && own->kb[key] >= 0)
		return own->kb[key];
	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];

		if (zone->node != node || !zone->shown)
			continue;
		if (zone->kb[key] < 0)
			return -1;
		sum = add(sum, zone->kb[key]);
	}
	return sum;
}

static bool is_first_of_node(const struct kt_memreport_detail *detail, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (detail->zones.items[i].node == detail->zones.items[index].node)
			return false;
	}
	return true;
}

static bool any_has(const struct kt_memreport_detail *detail, int node, int key)
{
	for (size_t i = 0; i < detail->zones.count; i++) {
		if (detail->zones.items[i].node == node && detail->zones.items[i].kb[key] >= 0)
			return true;
	}
	return false;
}

static void put_nodes(const struct putting *p, int key)
{
	const struct kt_memline_key *name = &kt_memline_keys[key];
	int64_t all = -1;
	bool some = false, lost = false;

	for (size_t i = 0; i < p->detail->zones.count; i++) {
		int node = p->detail->zones.items[i].node;
		int64_t kb;

		if (!is_first_of_node(p->detail, i))
			continue;
		kb = node_kb(p->detail, node, key);
		lost = lost || kb < 0;
		some = some || kb >= 0 || any_has(p->detail, node, key);
		all = add(all, kb);
		put(p, name->metric, node, KT_KB, kb, KT_EXACT, name->name);
	}
	if (has_head(p->detail, name->metric))
		return;
	if (some && lost)
		kt_snapshot_lack(p->snap, name->metric, KT_NO_NODE, KT_BAD,
			"lines of this memory report were cut off");
	else
		put(p, name->metric, KT_NO_NODE, KT_KB, all,
			p->total.all_zones ? KT_EXACT : KT_LOWER_BOUND, name->name);
}

static int64_t pages_of(const struct putting *p, int64_t kb)
{
	int64_t page_kb = p->snap->host.page_bytes / 1024;

	return kb < 0 || page_kb <= 0 ? KT_UNKNOWN : kb / page_kb;
}

static int64_t zone_pcp(const struct putting *p, const struct kt_memreport_zone *zone)
{
	int64_t pages = pages_of(p, zone->kb[KT_ZKEY_PCP]);

	return pages < 0 ? zone->pcp_pages : pages;
}

static void put_marks(
	const struct putting *p, const struct kt_memreport_zone *from, struct kt_zone *zone)
{
	zone->min = pages_of(p, from->kb[KT_ZKEY_MIN]);
	zone->low = pages_of(p, from->kb[KT_ZKEY_LOW]);
	zone->high = pages_of(p, from->kb[KT_ZKEY_HIGH]);
	zone->boost = pages_of(p, from->kb[KT_ZKEY_BOOST]);
	zone->high_atomic = pages_of(p, kt_memreport_high_atomic_kb(from));
	zone->nr_reserve = (int)from->nr_reserves;
	memcpy(zone->reserve, from->reserve_pages, sizeof(zone->reserve));
}

static void put_zone(const struct putting *p, const struct kt_memreport_zone *from)
{
	struct kt_zone *zone = from->shown ? kt_list_push(&p->snap->arena, &p->snap->zones) : NULL;

	if (!zone)
		return;
	*zone = kt_zone_unknown(from->node, from->name);
	zone->present = pages_of(p, from->kb[KT_ZKEY_PRESENT]);
	zone->managed = pages_of(p, from->kb[KT_ZKEY_MANAGED]);
	zone->free = pages_of(p, from->kb[KT_ZKEY_FREE]);
	zone->pcp = zone_pcp(p, from);
	zone->cma_free = pages_of(p, from->kb[KT_ZKEY_CMA]);
	put_marks(p, from, zone);
}

/*
 * Stores the free lists. The letters after a number of blocks show which mobilities are among them,
 * not how many of each.
 */
static void put_lists(const struct putting *p, const struct kt_memreport_zone *from)
{
	struct kt_free_area *area =
		from->listed ? kt_list_push(&p->snap->arena, &p->snap->free_areas) : NULL;

	if (!area)
		return;
	*area = (struct kt_free_area){
		.node = from->node,
		.zone = from->name,
		.nr_orders = (int)from->nr_orders,
		.nr_pageblocks = KT_UNKNOWN,
	};
	memcpy(area->nr_blocks, from->blocks, sizeof(area->nr_blocks));
	for (unsigned i = 0; i < from->nr_orders && i < KT_LEN(from->usable); i++)
		area->closed |= (uint32_t)!from->usable[i] << i;
}

/* Stores "managed" and "present" of a node; both only where the kernel has "managed". */
static void put_node_totals(const struct putting *p)
{
	for (size_t i = 0; i < p->detail->zones.count; i++) {
		int node = p->detail->zones.items[i].node;

		if (!is_first_of_node(p->detail, i) || !p->total.exact)
			continue;
		put(p, KT_ZONE_MANAGED, node, KT_KB, node_kb(p->detail, node, KT_ZKEY_MANAGED),
			KT_EXACT, "managed");
		put(p, KT_PRESENT, node, KT_KB, node_kb(p->detail, node, KT_ZKEY_PRESENT), KT_EXACT,
			"present");
	}
}

/* Before Linux 4.1 (commit d1bfcdb8ce0e) each CPU has a line for each zone. */
static void put_pcp(const struct putting *p)
{
	int64_t all = -1;

	for (size_t i = 0; i < p->detail->zones.count; i++)
		all = add(all, p->detail->zones.items[i].pcp_pages);
	if (!has_head(p->detail, KT_PCP))
		put(p, KT_PCP, KT_NO_NODE, KT_PAGES, all,
			p->total.all_zones ? KT_EXACT : KT_LOWER_BOUND, "usd");
}

static void put_zones(const struct putting *p)
{
	for (size_t i = 0; i < p->detail->zones.count; i++)
		put_zone(p, &p->detail->zones.items[i]);
	for (size_t i = 0; i < p->detail->zones.count; i++)
		put_lists(p, &p->detail->zones.items[i]);
	for (int key = 0; key < KT_MEMLINE_KEYS && kt_memline_keys[key].name; key++) {
		if (kt_memline_keys[key].metric != KT_METRIC_NONE)
			put_nodes(p, key);
	}
	put_node_totals(p);
	put_pcp(p);
}

/* ---- totals ---- */

static void put_totals(const struct putting *p)
{
	if (!p->total.exact) {
		put(p, KT_MEM_TOTAL, KT_NO_NODE, KT_PAGES, p->total.managed, KT_ESTIMATE,
			"pages RAM - pages reserved");
		kt_snapshot_lack(p->snap, KT_PRESENT, KT_NO_NODE, KT_UNSUPPORTED,
			"'pages RAM' of this kernel includes holes");
		kt_snapshot_lack(p->snap, KT_ZONE_MANAGED, KT_NO_NODE, KT_UNSUPPORTED,
			"this kernel prints no managed pages of zones");
		return;
	}
	put(p, KT_ZONE_MANAGED, KT_NO_NODE, KT_PAGES, p->total.managed, KT_EXACT,
		p->detail->sums[KT_SUM_MOVABLE] < 0 ? "managed" : "pages RAM - pages reserved");
	put(p, KT_PRESENT, KT_NO_NODE, KT_PAGES, p->total.present, KT_EXACT,
		p->detail->sums[KT_SUM_MOVABLE] < 0 ? "present" : "pages RAM");
}

/*
 * Computes anonymous pages, which no line counts. Every page of a process or file is on one LRU
 * list or isolated. "total pagecache pages" counts the pages of files, swap cache included, so the
 * rest is anonymous. Swap cache counts as anonymous, mapped or not.
 */
static void put_anon(const struct putting *p)
{
	static const enum kt_metric lists[] = { KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ACTIVE_FILE,
		KT_INACTIVE_FILE, KT_UNEVICTABLE, KT_ISOLATED_ANON, KT_ISOLATED_FILE };
	int64_t swap = p->detail->sums[KT_SUM_SWAP], pages = -p->detail->sums[KT_SUM_CACHE];

	for (size_t i = 0; i < KT_LEN(lists); i++) {
		const struct kt_entry *entry =
			kt_snapshot_get_rank(p->snap, lists[i], KT_NO_NODE, KT_RANK_VMSTAT).entry;

		pages += entry && entry->unit == KT_PAGES ? entry->raw : 0;
	}
	pages += swap > 0 ? swap : 0;
	put(p, KT_ANON, KT_NO_NODE, KT_PAGES, pages < 0 ? 0 : pages, KT_ESTIMATE,
		"LRU lists + isolated - total pagecache pages + pages in swap cache");
}

static void put_pool(const struct putting *p, int node, const struct kt_memline_pool *from)
{
	struct kt_hugepool *pool;

	for (size_t i = 0; i < p->snap->hugepools.count; i++) {
		pool = &p->snap->hugepools.items[i];
		if (pool->node != node || pool->page_bytes != from->size_kb * 1024)
			continue;
		pool->total = add(pool->total, from->total);
		pool->free = add(pool->free, from->free);
		pool->surplus = add(pool->surplus, from->surplus);
		return;
	}
	pool = kt_list_push(&p->snap->arena, &p->snap->hugepools);
	if (!pool)
		return;
	*pool = kt_hugepool_unknown(node, from->size_kb * 1024);
	pool->total = from->total;
	pool->free = from->free;
	pool->surplus = from->surplus;
}

static void put_pools(const struct putting *p)
{
	for (size_t i = 0; i < p->detail->pools.count; i++) {
		const struct kt_memline_pool *pool = &p->detail->pools.items[i];

		if (pool->size_kb <= 0 || pool->size_kb > KT_AMOUNT_MAX / 1024)
			continue;
		put_pool(p, pool->node, pool);
		put_pool(p, KT_NO_NODE, pool);
	}
	if (!p->detail->pools.count)
		kt_snapshot_lack(p->snap, KT_HUGETLB, KT_NO_NODE, KT_ABSENT,
			"this memory report has no line about huge pages");
}

/* ---- numbers that a report cannot have ---- */

static void put_lacks(struct kt_snapshot *snap)
{
	static const struct {
		enum kt_metric metric;
		const char *why;
	} lacks[] = {
		{ KT_VMALLOC_USED, "a memory report does not count vmalloc" },
		{ KT_PERCPU, "a memory report does not count per-CPU memory" },
		{ KT_ZSPAGES, "a memory report does not count zsmalloc" },
		{ KT_BUFFERS, "a memory report counts buffers as page cache" },
		{ KT_SEC_PAGE_TABLES, "this kernel's memory reports do not count them" },
		{ KT_KERNEL_STACK, "this kernel's memory reports do not count them" },
		{ KT_MISC_RECLAIMABLE, "this kernel's memory reports do not count it" },
		{ KT_WRITEBACK_TMP, "this kernel's memory reports do not count it" },
		{ KT_HW_CORRUPTED, "this kernel's memory reports do not count it" },
		{ KT_PCP, "this kernel's memory reports do not count it" },
		{ KT_CMA_FREE, "this kernel's memory reports do not count it" },
		{ KT_BALLOON, "a memory report does not contain the size of a balloon" },
		{ KT_ZSWAP, "a memory report does not count zswap" },
		{ KT_BOOT_CODE, "only the log of the boot has it" },
	};

	for (size_t i = 0; i < KT_LEN(lacks); i++) {
		struct kt_val val = kt_snapshot_get(snap, lacks[i].metric, KT_NO_NODE);

		if (!kt_ok(val) && val.state != KT_BAD)
			kt_snapshot_lack(
				snap, lacks[i].metric, KT_NO_NODE, KT_ABSENT, lacks[i].why);
	}
}

static void put_unknown(const struct putting *p)
{
	for (size_t i = 0; i < p->detail->unknown.count; i++) {
		const struct kt_memline_pair *pair = &p->detail->unknown.items[i];
		struct kt_unknown *slot = kt_list_push(&p->snap->arena, &p->snap->unknown);

		if (slot)
			*slot = (struct kt_unknown){ p->path, pair->name.p,
				kt_arena_printf(&p->snap->arena, "%lld%s", (long long)pair->value,
					pair->kb ? " kB" : "") };
	}
}

static void put_machine(struct putting *p)
{
	struct kt_snapshot *snap = p->snap;

	int64_t page_bytes = kt_memreport_page_bytes(p->detail);

	snap->host.page_bytes = page_bytes > 0 ? page_bytes : KT_UNKNOWN;
	p->total = kt_memreport_total(p->detail);
	put_totals(p);
	put_heads(p);
	put_sums(p);
	put_anon(p);
	put_zones(p);
	put_pools(p);
	put_lacks(snap);
	put_unknown(p);
	if (p->detail->cut)
		kt_snapshot_note(snap, "lines of the report were cut off, as a pager does: the "
				       "numbers after the cut are missing");
	else if (!p->total.all_zones)
		kt_snapshot_note(snap, "the report leaves out zones that the request could not "
				       "use: rows that it counts by zone or node are lower bounds");
	if (!p->total.exact)
		kt_snapshot_note(snap, "this kernel does not print how much memory it manages; the "
				       "total is 'pages RAM' minus 'pages reserved'");
}

/* ---- processes and caches ---- */

#define TASK_BYTES_MAX (1ll << 46) /* bytes; no process has more; see source/held/tasks.c */

static int64_t task_bytes(const struct putting *p, int64_t pages)
{
	int64_t bytes;

	if (pages < 0 || p->snap->host.page_bytes <= 0 ||
		__builtin_mul_overflow(pages, p->snap->host.page_bytes, &bytes) ||
		bytes > TASK_BYTES_MAX)
		return KT_UNKNOWN;
	return bytes;
}

/*
 * Page tables in bytes (Linux 4.15, commit af5b0f6a09e4); before that in pages, with a separate
 * column for the second level.
 */
static int64_t table_bytes(const struct putting *p, const int64_t *values)
{
	int64_t pages = values[KT_TCOL_PTES];

	if (values[KT_TCOL_TABLES] >= 0)
		return values[KT_TCOL_TABLES] > TASK_BYTES_MAX ? KT_UNKNOWN
							       : values[KT_TCOL_TABLES];
	return task_bytes(
		p, pages >= 0 && values[KT_TCOL_PMDS] > 0 ? pages + values[KT_TCOL_PMDS] : pages);
}

static void put_tasks(const struct putting *p)
{
	for (size_t i = 0; i < p->detail->tasks.count; i++) {
		const struct kt_memreport_task *from = &p->detail->tasks.items[i];
		struct kt_task *task = kt_list_push(&p->snap->arena, &p->snap->tasks);

		if (!task)
			return;
		*task = (struct kt_task){ .name = from->name,
			.pid = from->pid,
			.ppid = KT_UNKNOWN,
			.uid = from->values[KT_TCOL_UID],
			.nr_threads = KT_UNKNOWN };
		task->bytes[KT_TASK_TABLES] = table_bytes(p, from->values);
		task->bytes[KT_TASK_SIZE] = task_bytes(p, from->values[KT_TCOL_SIZE]);
		task->bytes[KT_TASK_RSS] = task_bytes(p, from->values[KT_TCOL_RSS]);
		task->bytes[KT_TASK_ANON] = task_bytes(p, from->values[KT_TCOL_ANON]);
		task->bytes[KT_TASK_FILE] = task_bytes(p, from->values[KT_TCOL_FILE]);
		task->bytes[KT_TASK_SHMEM] = task_bytes(p, from->values[KT_TCOL_SHMEM]);
		task->bytes[KT_TASK_SWAP] = task_bytes(p, from->values[KT_TCOL_SWAP]);
		task->bytes[KT_TASK_HUGETLB] = KT_UNKNOWN;
	}
	if (p->detail->tasks_cut)
		kt_snapshot_note(p->snap,
			"the report lists more processes than the first %zu, which were read",
			p->detail->tasks.count);
}

static void put_host(const struct putting *p)
{
	if (p->detail->release)
		p->snap->host.release = p->detail->release;
	if (p->detail->hardware)
		kt_host_hypervisor(p->snap, kt_span_str(p->detail->hardware));
	kt_memreport_put_sites(p->detail, p->path, p->snap);
	p->snap->caches_partial = p->detail->caches.count > 0;
	for (size_t i = 0; i < p->detail->caches.count; i++) {
		struct kt_cache *cache = kt_list_push(&p->snap->arena, &p->snap->caches);

		if (cache)
			*cache = p->detail->caches.items[i];
	}
	for (size_t i = 0; i < p->detail->stats.count; i++) {
		struct kt_memreport_stat *stat =
			kt_list_push(&p->snap->arena, &p->snap->memreport_stats);

		if (stat)
			*stat = p->detail->stats.items[i];
	}
}

/* ---- choosing a report ---- */

/*
 * Returns the number of the last complete report about the machine, otherwise of the last complete
 * report.
 */
static size_t choose(const struct kt_memreport_list *list)
{
	size_t number = 0;

	for (size_t i = list->reports.count; i-- > 0;) {
		const struct kt_memreport *report = &list->reports.items[i];

		if (!report->damage && (report->machine || !number))
			number = i + 1 + list->nr_dropped;
		if (!report->damage && report->machine)
			break;
	}
	return number;
}

static struct kt_err *check(const struct kt_memreport_list *list, int64_t asked, size_t number)
{
	size_t listed = list->reports.count, count = listed + list->nr_dropped;
	const struct kt_memreport *last = listed ? &list->reports.items[listed - 1] : NULL;

	if (!last)
		return kt_err_new(KT_ERR_ABSENT, "it contains no memory report");
	if (asked > (int64_t)count || asked < -(int64_t)count)
		return kt_err_new(KT_ERR_ABSENT, "there %s %zu memory report%s, no number %lld",
			count == 1 ? "is" : "are", count, count == 1 ? "" : "s", (long long)asked);
	if (!number)
		return kt_err_new(KT_ERR_PARSE,
			"none of %zu memory reports is complete; the last: %s%s%s; --list shows "
			"all",
			count, last->damage, last->counted ? "; " : "",
			last->counted ? last->counted : "");
	return NULL;
}

/* A log: a file of a root, or a text. */
struct log {
	struct kt_root *root; /* NULL: `text` */
	const char *path;
	struct kt_span text;
	size_t reversed_lines; /* 0: the oldest line is first */
};

static struct kt_err *open_log(
	const struct log *log, uint64_t offset, struct kt_stream **ret_stream)
{
	if (log->root)
		return kt_root_stream(log->root, log->path, offset, ret_stream);
	return kt_stream_of_span(kt_span_from(log->text, (size_t)offset), log->path, ret_stream);
}

static struct kt_err *list_log(
	const struct log *log, struct kt_arena *arena, struct kt_memreport_list *ret_list)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = open_log(log, 0, &stream);

	return err ? err : kt_memreport_list(stream, log->reversed_lines, arena, ret_list);
}

static struct kt_err *read_report(const struct log *log, const struct kt_memreport_list *list,
	size_t number, struct kt_arena *arena, struct kt_memreport_detail *ret_detail)
{
	const struct kt_memreport_place start = { .reversed_lines = log->reversed_lines };
	const struct kt_memreport_place *place = &start;
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err;

	if (number > list->nr_dropped && list->places.items)
		place = &list->places.items[number - 1 - list->nr_dropped];
	err = open_log(log, place->offset, &stream);
	return err ? err : kt_memreport_read(stream, place, number, arena, ret_detail);
}

static void put_report(
	struct kt_snapshot *snap, const struct kt_memreport_detail *detail, const char *path)
{
	struct putting p = { .snap = snap, .detail = detail, .path = path };

	put_host(&p);
	if (detail->about.machine)
		put_machine(&p);
	put_tasks(&p);
}

static struct kt_err *read_mended(const struct log *log, struct kt_snapshot *snap)
{
	struct kt_memreport_detail *detail = kt_arena_alloc(&snap->arena, sizeof(*detail));
	struct kt_memreport_list list = { 0 };
	int64_t asked = snap->memreport_asked;
	struct kt_err *err;
	size_t number;

	if (!detail)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = list_log(log, &snap->arena, &list);
	if (err)
		return err;
	snap->memreports = list.reports;
	snap->nr_memreports_dropped = list.nr_dropped;
	if (snap->memreports_only_listed)
		return NULL;
	number = asked > 0   ? (size_t)asked
		 : asked < 0 ? list.reports.count + list.nr_dropped + 1 - (size_t)-asked
			     : choose(&list);
	err = check(&list, asked, number);
	if (!err)
		err = read_report(log, &list, number, &snap->arena, detail);
	if (!err && asked && detail->about.damage)
		err = kt_err_new(KT_ERR_PARSE, "memory report %zu is not reliable: %s", number,
			detail->about.damage);
	if (err)
		return err;
	snap->memreport = number;
	snap->memreport_chosen = &detail->about;
	put_report(snap, detail, log->path);
	return NULL;
}

static struct kt_err *mend(const struct log *log, struct kt_mended *ret_mended)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = open_log(log, 0, &stream);

	return err ? err : kt_mend_log(stream, ret_mended);
}

static struct kt_err *read_from(const struct log *log, struct kt_snapshot *snap)
{
	struct kt_mended mended = { 0 };
	struct kt_err *err = mend(log, &mended);
	struct log as_read = *log;

	if (mended.mender)
		as_read = (struct log){ .path = log->path,
			.text = mended.text,
			.reversed_lines = mended.reversed_lines };
	if (!err)
		err = read_mended(&as_read, snap);
	kt_mended_note(&mended, "the log", snap);
	kt_mended_cleanup(&mended);
	return err;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct log log = { .path = KT_ROOT_MEMORY_LOG, .text = kt_text_span(text) };

	return read_from(&log, snap);
}

static struct kt_err *read_log(struct kt_root *root, struct kt_snapshot *snap)
{
	struct log log = { .root = root, .path = kt_root_log(root) };

	if (!log.path)
		return kt_err_new(KT_ERR_ABSENT,
			"it is read only from a kernel log, a dump, or a bundle that ktally made");
	return read_from(&log, snap);
}

const struct kt_source kt_source_memreport = {
	.name = "memreport",
	.summary = "a memory report of a kernel log: OOM killer, failed allocation, SysRq-m",
	.paths = { KT_ROOT_MEMORY_LOG },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "nothing, where files of /proc exist",
	.gives = "a kernel log given with -s",
	.parse = parse,
	.read = read_log,
};
