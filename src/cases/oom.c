// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/oom.h"

#include "analysis/buddy.h"
#include "analysis/dcache.h"
#include "report/memreport_text.h"
#include "verdict/verdict.h"

#include <string.h>

#define COSTLY_ORDER  3	  /* the kernel tries hard for requests up to this one */
#define PART_PERMILLE 100 /* of memory: a smaller part explains nothing */

/* The parts of a finding, while its cause is looked for. */
struct cause {
	const struct kt_snapshot *snap;
	const struct kt_memreport *of;
	struct kt_report *report;
	const char *title, *subject, *culprit, *remedy, *costs;
	int64_t bytes; /* KT_UNKNOWN */
};

static const char *size_of(struct cause *cause, int64_t bytes)
{
	return kt_report_bytes(cause->report, bytes);
}

static const char *requester(const struct cause *cause)
{
	return cause->of->process ? cause->of->process : "a process";
}

/* ---- who has most of a part ---- */

static int64_t cache_bytes(const struct kt_snapshot *snap, const struct kt_cache *cache)
{
	int64_t bytes = kt_cache_bytes(snap, cache);

	return kt_known_of(bytes, kt_known_times(cache->nr_objs, cache->slot_bytes));
}

static const struct kt_cache *largest_cache(const struct kt_snapshot *snap, int64_t *ret_bytes)
{
	const struct kt_cache *largest = NULL;

	*ret_bytes = 0;
	for (size_t i = 0; i < snap->caches.count; i++) {
		int64_t bytes = cache_bytes(snap, &snap->caches.items[i]);

		if (bytes <= *ret_bytes)
			continue;
		*ret_bytes = bytes;
		largest = &snap->caches.items[i];
	}
	return largest;
}

/* ", 8.8 GiB of it of doxygen (473206), which has 19.9 GiB in swap too" */
static const char *process_text(struct cause *cause)
{
	const struct kt_memreport *of = cause->of;
	struct kt_arena *arena = &cause->report->arena;
	const char *swap = "";

	if (!of->largest || of->largest_rss_bytes < 0)
		return "";
	cause->culprit = kt_arena_printf(
		arena, "process %s (%lld)", of->largest, (long long)of->largest_pid);
	if (of->largest_swap_bytes > 0)
		swap = kt_arena_printf(
			arena, " and %s in swap", size_of(cause, of->largest_swap_bytes));
	return kt_arena_printf(arena, "; the largest process, %s (%lld), has %s%s", of->largest,
		(long long)of->largest_pid, size_of(cause, of->largest_rss_bytes), swap);
}

static const char *cache_text(struct cause *cause)
{
	int64_t bytes;
	const struct kt_cache *cache = largest_cache(cause->snap, &bytes);

	if (!cache)
		return "";
	cause->culprit = kt_arena_printf(&cause->report->arena, "slab cache %s", cache->name);
	return kt_arena_printf(&cause->report->arena, "; the largest cache, %s, has %s",
		cache->name, size_of(cause, bytes));
}

static const char *detail_of(struct cause *cause, enum kt_row_id row)
{
	switch (row) {
	case KT_ROW_ANONYMOUS:
		cause->remedy = "Limit that process (MemoryMax= of its service), or give the "
				"machine more memory";
		cause->costs = "the process is killed at its limit instead of another one";
		return process_text(cause);
	case KT_ROW_SLAB_UNRECLAIMABLE:
	case KT_ROW_SLAB_UNSPLIT:
	case KT_ROW_SLAB_RECLAIMABLE: return cache_text(cause);
	case KT_ROW_SHMEM:
		cause->remedy = "Delete files in tmpfs (df -t tmpfs), or limit its size";
		return process_text(cause);
	case KT_ROW_HUGETLB:
		cause->remedy = "Make the pool of huge pages smaller (vm.nr_hugepages)";
		return "";
	default: return "";
	}
}

/* ---- the largest part ---- */

/* Free memory and page cache are given to a request before any process is killed. */
static bool may_be_cause(const struct kt_account *account, const struct kt_line *line)
{
	if (line->row == KT_ROW_NONE || !kt_ok(line->val) ||
		kt_rows[line->row].level != KT_LEVEL_MANAGED)
		return false;
	if (line->row == KT_ROW_UNATTRIBUTED)
		return account->rest_has_meaning;
	return line->row != KT_ROW_PAGE_CACHE && line->row != KT_ROW_BUFFERS &&
	       line->row != KT_ROW_SWAP_CACHE && !kt_row_is_below(line->row, KT_ROW_FREE);
}

static const struct kt_line *largest_line(const struct kt_account *account)
{
	const struct kt_line *largest = NULL;

	for (size_t i = 0; account && i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];

		if (may_be_cause(account, line) &&
			(!largest || line->val.value > largest->val.value))
			largest = line;
	}
	return largest;
}

static const char *title_of(const struct kt_line *line)
{
	return line->row == KT_ROW_ANONYMOUS ? "anonymous memory of processes" : line->title;
}

/* "11.1 GiB of 15.3 GiB are anonymous memory; ..."; "": no part of it is large */
static const char *part_text(struct cause *cause, const struct kt_account *account)
{
	const struct kt_line *line = largest_line(account);
	int64_t all = cause->of->total_bytes;

	if (!line || !kt_known(all) || line->val.value < all / 1000 * PART_PERMILLE)
		return "";
	cause->subject = line->id;
	cause->bytes = line->val.value;
	return kt_arena_printf(&cause->report->arena, "%s of %s are %s%s",
		size_of(cause, line->val.value), size_of(cause, all), title_of(line),
		detail_of(cause, line->row));
}

/* ---- kinds of reports ---- */

static void say_too_large(struct cause *cause)
{
	cause->title = kt_arena_printf(&cause->report->arena,
		"%s asked for %s at once%s%s, which is more than the machine's %s",
		requester(cause),
		kt_known(cause->of->asked_bytes) ? size_of(cause, cause->of->asked_bytes)
						 : "a block",
		cause->of->caller ? " in " : "", cause->of->caller ? cause->of->caller : "",
		kt_known(cause->of->total_bytes) ? size_of(cause, cause->of->total_bytes)
						 : "memory");
	cause->culprit = cause->of->caller;
	cause->subject = "machine";
	cause->remedy = "Nothing is wrong with the memory; the request is a bug, or hostile";
}

/* Who asked by hand knows why; memory need not be short. */
static void say_asked(struct cause *cause, const char *what)
{
	cause->title = kt_arena_printf(&cause->report->arena,
		"%s, not by a lack of memory: %s of %s were free", what,
		kt_known(cause->of->free_bytes) ? size_of(cause, cause->of->free_bytes) : "?",
		kt_known(cause->of->total_bytes) ? size_of(cause, cause->of->total_bytes) : "?");
}

static const struct kt_memreport_stat *largest_stat(const struct kt_snapshot *snap)
{
	static const char *const kinds[] = { "anon", "rss", "file", "cache", "shmem", "slab",
		"slab_unreclaimable", "kernel_stack", "pagetables", "percpu", "sock", "vmalloc",
		"kernel" };
	const struct kt_memreport_stat *largest = NULL;

	for (size_t i = 0; i < snap->memreport_stats.count; i++) {
		const struct kt_memreport_stat *one = &snap->memreport_stats.items[i];
		bool known = false;

		for (size_t j = 0; j < KT_LEN(kinds) && !known; j++)
			known = strcmp(one->name, kinds[j]) == 0;
		if (known && (!largest || one->bytes > largest->bytes))
			largest = one;
	}
	return largest;
}

static void say_group(struct cause *cause)
{
	const struct kt_memreport_stat *stat = largest_stat(cause->snap);
	struct kt_arena *arena = &cause->report->arena;
	const char *name = cause->of->cgroup ? cause->of->cgroup : "a memory cgroup";
	const char *part = stat ? kt_arena_printf(arena, ", %s of it %s",
					  size_of(cause, stat->bytes), stat->name)
				: "";

	cause->bytes = cause->of->usage_bytes;
	cause->title = kt_arena_printf(arena, "The cgroup %s reached its limit%s%s%s%s", name,
		kt_known(cause->of->limit_bytes) ? " of " : "",
		kt_known(cause->of->limit_bytes) ? size_of(cause, cause->of->limit_bytes) : "",
		part, process_text(cause));
	cause->subject = kt_arena_printf(arena, "cgroup:%s", name);
	cause->remedy = "Raise the limit of the cgroup (MemoryMax= of its service), or have the "
			"process use less";
	cause->costs = "other groups have less memory";
}

/* The largest block that a zone for the kernel could give at once; KT_ORDER_NONE: none, or not
 * known.
 */
static int largest_order(const struct kt_snapshot *snap)
{
	int largest = KT_ORDER_NONE;

	for (size_t i = 0; i < snap->free_areas.count; i++) {
		bool known;
		int order = kt_zone_serves_kernel(snap->free_areas.items[i].zone)
				    ? kt_largest_order(snap, &snap->free_areas.items[i], &known)
				    : KT_ORDER_NONE;

		largest = order > largest ? order : largest;
	}
	return largest;
}

static bool say_fragmented(struct cause *cause)
{
	int64_t page = cause->snap->host.page_bytes;
	int order = cause->of->order, largest = largest_order(cause->snap);

	if (order <= 0 || order >= 32 || page <= 0 || !cause->snap->free_areas.count ||
		(cause->of->verdict != KT_VERDICT_FRAGMENTED && largest >= order))
		return false;
	cause->title = kt_arena_printf(&cause->report->arena,
		"Memory was fragmented: %s were free, but no zone could give a block of %s (order "
		"%d) to %s; the largest had %s",
		size_of(cause, cause->of->free_bytes), size_of(cause, page << order), order,
		requester(cause),
		largest == KT_ORDER_NONE ? "no" : size_of(cause, page << largest));
	cause->subject = "free_buddy";
	cause->bytes = cause->of->free_bytes;
	cause->culprit = order > COSTLY_ORDER ? "the request, which is large, and unmovable memory "
						"between free blocks"
					      : "unmovable memory between free blocks";
	cause->remedy = "Raise vm.min_free_kbytes or vm.watermark_scale_factor, so that blocks are "
			"joined before they are needed";
	cause->costs = "more memory stays free";
	return true;
}

/* Lowmem of 32-bit kernels, DMA zones, CMA: free memory was out of reach. */
static void say_zone(struct cause *cause, const struct kt_account *account)
{
	int64_t usable = cause->of->reach_free_bytes, cma = cause->of->reach_cma_bytes;
	struct kt_arena *arena = &cause->report->arena;
	const char *part = part_text(cause, account), *elsewhere = "", *only = "";

	if (cause->of->beyond_bytes > 0)
		elsewhere = kt_arena_printf(arena, "; %s are free in zones that it cannot use",
			size_of(cause, cause->of->beyond_bytes));
	if (cma > 0)
		only = kt_arena_printf(arena, " and %s that only CMA may use", size_of(cause, cma));
	cause->title = kt_arena_printf(arena,
		"The zones that %s could use were full: %s free there%s%s%s%s", requester(cause),
		size_of(cause, usable - (cma > 0 ? cma : 0)), only, elsewhere, *part ? "; " : "",
		part);
	cause->culprit = "the limit of low memory of a 32-bit kernel, or of a small zone";
	cause->remedy =
		cma > 0 ? "Make the area of CMA smaller (cma= on the kernel command line), or "
			  "use a 64-bit kernel"
			: "Use a 64-bit kernel";
	cause->costs = "a reboot";
}

static void say_full(struct cause *cause, const struct kt_account *account)
{
	const char *part = part_text(cause, account);

	cause->title = kt_arena_printf(&cause->report->arena, "Memory was full: %s",
		*part ? part : "the report does not say which part");
}

/* A request that may not wait fails although reclaim would have found memory. */
static void say_atomic(struct cause *cause)
{
	cause->title = kt_arena_printf(&cause->report->arena,
		"%s could not wait for memory (%s), and no page above the reserve was free at that "
		"time, with %s free in all",
		requester(cause), cause->of->gfp, size_of(cause, cause->of->free_bytes));
	cause->subject = "free_buddy";
	cause->remedy =
		"One such failure does no harm; if there are many, raise vm.min_free_kbytes";
	cause->costs = "more memory stays free";
}

/* Counters of a report that was cut. */
static void say_counted(struct cause *cause)
{
	const struct kt_memreport_counted *largest = NULL;
	int64_t page = cause->of->counted_page_bytes;

	for (size_t i = 0; i < cause->of->nr_parts; i++) {
		const struct kt_memreport_counted *part = &cause->of->parts[i];

		if (kt_known(part->pages) && (!largest || part->pages > largest->pages))
			largest = part;
	}
	if (!largest || cause->of->counted_pages <= 0)
		return;
	cause->title = kt_arena_printf(&cause->report->arena,
		"Memory was full of %s: %.0f %% of the %lld pages that the counters of the cut "
		"report "
		"list",
		largest->name, (double)largest->pages * 100 / (double)cause->of->counted_pages,
		(long long)cause->of->counted_pages);
	cause->subject =
		strcmp(largest->name, "unreclaimable slab") == 0 ? "slab_unreclaimable" : "machine";
	cause->bytes = kt_known(page) ? kt_known_times(largest->pages, page) : KT_UNKNOWN;
}

static bool is_oom(const struct kt_memreport *of)
{
	return of->kind == KT_MEMREPORT_OOM || of->kind == KT_MEMREPORT_OOM_GROUP;
}

static void choose(struct cause *cause, const struct kt_account *account)
{
	const struct kt_memreport *of = cause->of;

	if (!account)
		say_counted(cause);
	else if (of->kind == KT_MEMREPORT_OOM_GROUP)
		say_group(cause);
	else if (of->verdict == KT_VERDICT_TOO_LARGE)
		say_too_large(cause);
	else if (of->order == -1)
		say_asked(cause, "The OOM killer was started by SysRq-f");
	else if (of->kind == KT_MEMREPORT_SYSRQ)
		say_asked(cause, "The report was asked for by SysRq-m");
	else if (of->verdict == KT_VERDICT_SHORT &&
		 (of->beyond_bytes > 0 || of->reach_cma_bytes > 0))
		say_zone(cause, account);
	else if (say_fragmented(cause))
		return;
	else if (is_oom(of) || of->verdict == KT_VERDICT_SHORT)
		say_full(cause, account);
	else if (of->gfp && (strstr(of->gfp, "NOWAIT") || strstr(of->gfp, "ATOMIC")))
		say_atomic(cause);
	else
		say_asked(cause, "The report was written by another cause");
}

static const struct kt_memreport *report_of(
	const struct kt_snapshot *snap, const struct kt_account *account)
{
	const struct kt_memreport *of = kt_memreport_of(snap);

	if (of || account)
		return of;
	for (size_t i = snap->memreports.count; i; i--) {
		if (snap->memreports.items[i - 1].counted)
			return &snap->memreports.items[i - 1];
	}
	return NULL;
}

/* Findings have no full stop at their end. */
static void put_evidence(
	struct cause *cause, const struct kt_account *account, struct kt_finding *finding)
{
	const char *sentence = kt_memreport_sentence(
		&cause->report->arena, cause->of, cause->snap->host.page_bytes);
	size_t n = sentence ? strlen(sentence) : 0;
	int64_t bytes;

	if (n && sentence[n - 1] == '.')
		n--;
	kt_finding_evidence(cause->report, finding, "%.*s", (int)n, sentence ? sentence : "");
	if (cause->of->killed)
		kt_finding_evidence(cause->report, finding, "%s (%lld) was killed",
			cause->of->killed, (long long)cause->of->killed_pid);
	for (size_t i = 0; account && i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];

		bytes = may_be_cause(account, line) ? line->val.value : 0;
		if (strcmp(line->id, cause->subject) != 0 && kt_known(cause->of->total_bytes) &&
			bytes > cause->of->total_bytes / 1000 * PART_PERMILLE)
			kt_finding_evidence(cause->report, finding, "%s are %s",
				size_of(cause, bytes), title_of(line));
	}
}

bool kt_oom_put(
	const struct kt_snapshot *snap, const struct kt_account *account, struct kt_report *report)
{
	struct cause cause = {
		.snap = snap, .report = report, .subject = "machine", .bytes = KT_UNKNOWN
	};
	struct kt_finding *finding;

	cause.of = report_of(snap, account);
	if (!cause.of)
		return false;
	choose(&cause, account);
	if (!cause.title)
		return false;
	finding = kt_report_finding(report,
		is_oom(cause.of) ? "out-of-memory" : "allocation-failed",
		cause.of->order == -1 || cause.of->kind == KT_MEMREPORT_SYSRQ ? KT_SEVERITY_INFO
		: is_oom(cause.of)					      ? KT_SEVERITY_CRITICAL
									      : KT_SEVERITY_WARNING,
		kt_verdict_name(KT_VERDICT_OUT_OF_PROPORTION),
		kt_report_text(report, cause.subject).text);
	if (!finding)
		return false;
	finding->title = cause.title;
	finding->bytes = cause.bytes;
	/* names of the snapshot do not live as long as the report, and nor do ids of the account */
	finding->culprit = kt_report_text(report, cause.culprit).text;
	finding->remedy = cause.remedy;
	finding->costs = cause.costs;
	put_evidence(&cause, account, finding);
	return true;
}
