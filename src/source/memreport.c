// SPDX-License-Identifier: GPL-2.0-or-later
//
// A memory report of a kernel log as the only source of a machine's numbers: what the OOM
// killer, a failed allocation or SysRq-m left behind. The report has the counters of
// /proc/vmstat under its own names; what it has not is said, metric by metric.

#include "source/host.h"
#include "source/memreport_scan.h"
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
 * The free pages in per-CPU lists and whatever stands with the zones and nodes are counted
 * over those that the report shows.
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
 * From 4.8 on the LRU lists are the node's; what its zones print beside is the same again.
 * -1 where nothing has it, or a line that was cut has lost it.
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
			"lines of this memory report have lost their end");
	else
		put(p, name->metric, KT_NO_NODE, KT_KB, all,
			p->total.all_zones ? KT_EXACT : KT_LOWER_BOUND, name->name);
}

static int64_t pages_of(const struct putting *p, int64_t kb)
{
	return kb < 0 ? -1 : kb / (p->snap->host.page_bytes / 1024);
}

static int64_t zone_pcp(const struct putting *p, const struct kt_memreport_zone *zone)
{
	int64_t pages = pages_of(p, zone->kb[KT_ZKEY_PCP]);

	return pages < 0 ? zone->pcp_pages : pages;
}

/* A zone's record has no "not known"; metrics that are added up from the zones have. */
static int64_t or_zero(int64_t pages)
{
	return pages < 0 ? 0 : pages;
}

static void put_marks(
	const struct putting *p, const struct kt_memreport_zone *from, struct kt_zone *zone)
{
	zone->min = pages_of(p, from->kb[KT_ZKEY_MIN]);
	zone->low = pages_of(p, from->kb[KT_ZKEY_LOW]);
	zone->high = pages_of(p, from->kb[KT_ZKEY_HIGH]);
	zone->boost = pages_of(p, from->kb[KT_ZKEY_BOOST]);
	zone->promo = -1;
	zone->nr_reserve = (int)from->nr_reserves;
	memcpy(zone->reserve, from->reserve_pages, sizeof(zone->reserve));
}

static void put_zone(const struct putting *p, const struct kt_memreport_zone *from)
{
	struct kt_zone *zone = from->shown ? kt_list_push(&p->snap->arena, &p->snap->zones) : NULL;

	if (!zone)
		return;
	*zone = (struct kt_zone){
		.node = from->node,
		.name = from->name,
		.present = or_zero(pages_of(p, from->kb[KT_ZKEY_PRESENT])),
		.managed = or_zero(pages_of(p, from->kb[KT_ZKEY_MANAGED])),
		.free = or_zero(pages_of(p, from->kb[KT_ZKEY_FREE])),
		.pcp = or_zero(zone_pcp(p, from)),
		.cma_free = or_zero(pages_of(p, from->kb[KT_ZKEY_CMA])),
		.has_managed = from->kb[KT_ZKEY_MANAGED] >= 0,
	};
	put_marks(p, from, zone);
}

/* The letters behind a number of blocks tell which mobilities are among them, not how many. */
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
		.nr_pageblocks = -1,
	};
	memcpy(area->nr_blocks, from->blocks, sizeof(area->nr_blocks));
}

/* "managed" and "present" of a node; both only where the kernel has "managed". */
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

/* Before 4.2 each CPU has a line for each zone. */
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
			"'pages RAM' of this kernel counts holes too");
		kt_snapshot_lack(p->snap, KT_ZONE_MANAGED, KT_NO_NODE, KT_UNSUPPORTED,
			"zones of this kernel do not tell what they manage");
		return;
	}
	put(p, KT_ZONE_MANAGED, KT_NO_NODE, KT_PAGES, p->total.managed, KT_EXACT,
		p->detail->sums[KT_SUM_MOVABLE] < 0 ? "managed" : "pages RAM - pages reserved");
	put(p, KT_PRESENT, KT_NO_NODE, KT_PAGES, p->total.present, KT_EXACT,
		p->detail->sums[KT_SUM_MOVABLE] < 0 ? "present" : "pages RAM");
}

/*
 * No line counts anonymous pages. Every page of a process or file is on one LRU list or
 * isolated, and "total pagecache pages" has those of files, swap cache included: the rest is
 * anonymous. Swap cache counts as anonymous, mapped or not.
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
	if (pool)
		*pool = (struct kt_hugepool){ node, from->size_kb * 1024, from->total, from->free,
			-1, from->surplus };
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

/* ---- what it cannot know ---- */

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
		{ KT_BALLOON, "a memory report does not tell of balloons" },
		{ KT_ZSWAP, "a memory report does not count zswap" },
		{ KT_BOOT_CODE, "only the log of the boot tells" },
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

	snap->host.page_bytes = kt_memreport_page_bytes(p->detail);
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
		kt_snapshot_note(snap,
			"lines of the report have lost their end, as a pager cuts them: "
			"what stood there is missing");
	else if (!p->total.all_zones)
		kt_snapshot_note(snap,
			"the report leaves out zones that the request could not use: "
			"rows that it counts by zone or node are at least what they "
			"say");
	if (!p->total.exact)
		kt_snapshot_note(snap, "this kernel does not tell how much memory it manages; the "
				       "total is 'pages RAM' without 'pages reserved'");
}

/* ---- processes and caches ---- */

#define TASK_BYTES_MAX (1ll << 46) /* no process has more; see source/tasks.c */

static int64_t task_bytes(const struct putting *p, int64_t pages)
{
	int64_t bytes;

	if (pages < 0 || p->snap->host.page_bytes <= 0 ||
		__builtin_mul_overflow(pages, p->snap->host.page_bytes, &bytes) ||
		bytes > TASK_BYTES_MAX)
		return -1;
	return bytes;
}

/* Page tables in bytes (4.15), before that in pages, those of the second level apart. */
static int64_t table_bytes(const struct putting *p, const int64_t *values)
{
	int64_t pages = values[KT_TCOL_PTES];

	if (values[KT_TCOL_TABLES] >= 0)
		return values[KT_TCOL_TABLES] > TASK_BYTES_MAX ? -1 : values[KT_TCOL_TABLES];
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
			.ppid = -1,
			.uid = from->values[KT_TCOL_UID],
			.nr_threads = -1 };
		task->bytes[KT_TASK_TABLES] = table_bytes(p, from->values);
		task->bytes[KT_TASK_SIZE] = task_bytes(p, from->values[KT_TCOL_SIZE]);
		task->bytes[KT_TASK_RSS] = task_bytes(p, from->values[KT_TCOL_RSS]);
		task->bytes[KT_TASK_ANON] = task_bytes(p, from->values[KT_TCOL_ANON]);
		task->bytes[KT_TASK_FILE] = task_bytes(p, from->values[KT_TCOL_FILE]);
		task->bytes[KT_TASK_SHMEM] = task_bytes(p, from->values[KT_TCOL_SHMEM]);
		task->bytes[KT_TASK_SWAP] = task_bytes(p, from->values[KT_TCOL_SWAP]);
		task->bytes[KT_TASK_HUGETLB] = -1;
	}
	if (p->detail->tasks_cut)
		kt_snapshot_note(p->snap,
			"the report lists more processes than the first %zu, "
			"which were read",
			p->detail->tasks.count);
}

static void put_host(const struct putting *p)
{
	if (p->detail->release)
		p->snap->host.release = p->detail->release;
	if (p->detail->hardware)
		kt_host_hypervisor(p->snap, kt_span_str(p->detail->hardware));
	if (p->detail->sites[0])
		kt_snapshot_note(p->snap,
			"allocation sites with the most memory, by the report: %s%s%s%s%s",
			p->detail->sites[0], p->detail->sites[1] ? ", " : "",
			p->detail->sites[1] ? p->detail->sites[1] : "",
			p->detail->sites[2] ? ", " : "",
			p->detail->sites[2] ? p->detail->sites[2] : "");
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

/* ---- the one of several ---- */

/* The last one that is whole and tells of the machine; else the last that is whole. */
static size_t choose(const kt_memreports *reports)
{
	for (size_t i = reports->count; i-- > 0;) {
		if (!reports->items[i].damage && reports->items[i].machine)
			return i + 1;
	}
	for (size_t i = reports->count; i-- > 0;) {
		if (!reports->items[i].damage)
			return i + 1;
	}
	return 0;
}

static struct kt_err *check(const kt_memreports *reports, size_t number, bool asked)
{
	if (!reports->count)
		return kt_err_new(KT_ERR_ABSENT, "there is no memory report in it");
	if (!number)
		return kt_err_new(KT_ERR_PARSE,
			"none of %zu memory reports is whole; the last: %s; 'ktally --list' "
			"shows all",
			reports->count, reports->items[reports->count - 1].damage);
	if (number > reports->count)
		return kt_err_new(KT_ERR_ABSENT, "there %s %zu memory report%s, no number %zu",
			reports->count == 1 ? "is" : "are", reports->count,
			reports->count == 1 ? "" : "s", number);
	if (asked && reports->items[number - 1].damage)
		return kt_err_new(KT_ERR_PARSE, "memory report %zu cannot be believed: %s", number,
			reports->items[number - 1].damage);
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_memreport_detail detail = { 0 };
	struct putting p = { .snap = snap, .detail = &detail, .path = text->path };
	size_t asked = snap->memreport, number;
	kt_memreports again = { 0 };
	struct kt_err *err;

	snap->memreport = 0;
	err = kt_memreport_scan(kt_text_span(text), &snap->arena, 0, &snap->memreports, NULL);
	if (err)
		return err;
	number = asked ? asked : choose(&snap->memreports);
	err = check(&snap->memreports, number, asked != 0);
	if (!err)
		err = kt_memreport_scan(kt_text_span(text), &snap->arena, number, &again, &detail);
	if (err)
		return err;
	snap->memreport = number;
	put_host(&p);
	if (detail.about.machine)
		put_machine(&p);
	put_tasks(&p);
	return NULL;
}

/* Beside files of /proc the numbers of another moment would be mixed into theirs. */
static struct kt_err *read_log(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err;

	if (kt_root_kind(root) != KT_ROOT_SINGLE)
		return kt_err_new(KT_ERR_ABSENT, "it is read from a kernel log alone");
	err = kt_root_read(root, KT_ROOT_MEMORY_LOG, &text);
	text.path = KT_ROOT_MEMORY_LOG;
	return err ? err : parse(snap, &text);
}

const struct kt_source kt_source_memreport = {
	.name = "memreport",
	.summary = "a memory report of a kernel log: OOM killer, failed allocation, SysRq-m",
	.paths = { KT_ROOT_MEMORY_LOG },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "nothing, where there are files of /proc",
	.gives = "a kernel log given with -s",
	.parse = parse,
	.read = read_log,
};
