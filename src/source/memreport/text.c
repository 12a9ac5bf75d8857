// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parses lines of a memory report about processes, caches and cgroups.

#include "source/memreport/line.h"

#include <string.h>

#define PAGES_MAX   (KT_AMOUNT_MAX / 4096)
#define KB_MAX	    (KT_AMOUNT_MAX / 1024)
#define COLUMNS_MAX 16
#define PID_MAX	    (1u << 22) /* PID_MAX_LIMIT */

/* ---- the list of tasks ---- */

static const char *const column_names[KT_TCOL_COUNT] = {
	[KT_TCOL_UID] = "uid",
	[KT_TCOL_SIZE] = "total_vm",
	[KT_TCOL_RSS] = "rss",
	[KT_TCOL_ANON] = "rss_anon",
	[KT_TCOL_FILE] = "rss_file",
	[KT_TCOL_SHMEM] = "rss_shmem",
	[KT_TCOL_SWAP] = "swapents",
	[KT_TCOL_TABLES] = "pgtables_bytes",
	[KT_TCOL_PTES] = "nr_ptes",
	[KT_TCOL_PMDS] = "nr_pmds",
};

/*
 * "[ pid ] uid tgid total_vm rss nr_ptes swapents oom_score_adj name" The heading must end with
 * "name" and contain "rss": otherwise the line was cut or is another list.
 */
bool kt_memline_columns(struct kt_span line, struct kt_memline_columns *ret_columns)
{
	struct kt_memline_columns columns = { 0 };
	struct kt_span head, word;

	if (!kt_span_skip(&line, "[") || !kt_span_until(&line, ']', &head) ||
		!kt_span_eq(kt_span_trim(head), "pid"))
		return false;
	for (int i = 0; i < KT_TCOL_COUNT; i++)
		columns.at[i] = -1;
	while (kt_span_word(&line, &word) && columns.count < COLUMNS_MAX) {
		if (kt_span_eq(word, "name")) {
			*ret_columns = columns;
			return columns.at[KT_TCOL_RSS] >= 0;
		}
		for (int i = 0; i < KT_TCOL_COUNT; i++) {
			if (kt_span_eq(word, column_names[i]))
				columns.at[i] = columns.count;
		}
		columns.count++;
	}
	return false;
}

/*
 * A process chooses its name, also one with blanks or digits. So the numbers are taken from the
 * left, and all that follows is the name.
 */
bool kt_memline_task(struct kt_span line, const struct kt_memline_columns *columns,
	struct kt_memline_task *ret_task)
{
	struct kt_memline_task task = { 0 };
	int64_t values[COLUMNS_MAX];
	struct kt_span pid, word;

	if (!kt_span_skip(&line, "[") || !kt_span_until(&line, ']', &pid) ||
		!kt_span_u64(kt_span_trim(pid), &task.pid) || task.pid > PID_MAX)
		return false;
	for (int i = 0; i < columns->count; i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, &values[i]))
			return false;
	}
	for (int i = 0; i < KT_TCOL_COUNT; i++) {
		task.values[i] = columns->at[i] < 0 ? -1 : values[columns->at[i]];
		if (i != KT_TCOL_TABLES && i != KT_TCOL_UID && task.values[i] > PAGES_MAX)
			return false;
	}
	task.name = kt_span_trim(line);
	if (!task.name.n || task.values[KT_TCOL_RSS] < 0 ||
		task.values[KT_TCOL_TABLES] > KT_AMOUNT_MAX)
		return false;
	*ret_task = task;
	return true;
}

/* ---- the list of caches ---- */

/* Takes from the right, because names of caches may contain blanks. */
static bool take_last_kb(struct kt_span *line, int64_t *ret_kb)
{
	size_t n = line->n;
	struct kt_span word;
	uint64_t kb;

	while (n && line->p[n - 1] != ' ')
		n--;
	word = kt_span_from(*line, n);
	if (!n || !kt_span_take_u64(&word, &kb) || kb > (uint64_t)KB_MAX || !kt_span_eq(word, "KB"))
		return false;
	*ret_kb = (int64_t)kb;
	*line = kt_span_trim((struct kt_span){ line->p, n });
	return true;
}

/* More used than total cannot be: such a line is not of this list. */
bool kt_memline_cache(struct kt_span line, struct kt_memline_cache *ret_cache)
{
	struct kt_memline_cache cache;

	if (!take_last_kb(&line, &cache.total_kb) || !take_last_kb(&line, &cache.used_kb) ||
		!line.n || cache.used_kb > cache.total_kb)
		return false;
	cache.name = line;
	*ret_cache = cache;
	return true;
}

/* ---- the request ---- */

/* Returns the text after `key` in the line, or nothing. */
static struct kt_span behind(struct kt_span line, const char *key)
{
	size_t at = kt_span_find(line, key);

	return at == line.n ? (struct kt_span){ line.p, 0 } : kt_span_from(line, at + strlen(key));
}

bool kt_memline_value(struct kt_span line, const char *key, struct kt_span *ret_value)
{
	struct kt_span rest = behind(line, key);

	if (!rest.n)
		return false;
	*ret_value = (struct kt_span){ rest.p, kt_span_find(rest, ",") };
	return true;
}

/* "0xcc0(GFP_KERNEL)" gives "GFP_KERNEL", "0x201da" stays. */
static struct kt_span gfp_of(struct kt_span line, const char *key)
{
	struct kt_span rest = behind(line, key), number, names;

	number = (struct kt_span){ rest.p, kt_span_find(rest, ",") };
	if (kt_span_until(&number, '(', &names) && kt_span_until(&number, ')', &names))
		return names;
	return (struct kt_span){ rest.p, kt_span_find(rest, ",") };
}

/* SysRq-f requests the OOM killer with order -1; any other negative number is damage. */
static int order_of(struct kt_span line, const char *key)
{
	struct kt_span rest = behind(line, key);
	bool negative = kt_span_skip(&rest, "-");
	uint64_t order;

	if (!kt_span_take_u64(&rest, &order) || order > 63 || (negative && order != 1))
		return KT_NO_ORDER;
	return negative ? -1 : (int)order;
}

/* "NAME: vmalloc: allocation failure: 8192 bytes", "NAME: vmalloc error: size 8192, …" */
static bool vmalloc_request(struct kt_span line, struct kt_memline_request *request)
{
	size_t at = kt_span_find(line, "vmalloc");
	struct kt_span rest = kt_span_from(line, at);
	uint64_t bytes;

	if (at == line.n || (at && !kt_span_ends((struct kt_span){ line.p, at }, ": ")))
		return false;
	if (kt_span_skip(&rest, "vmalloc: allocation failure: "))
		;
	else if (!kt_span_skip(&rest, "vmalloc error: size ") &&
		 !kt_span_skip(&rest, "vmalloc size "))
		return false;
	if (!kt_span_take_u64(&rest, &bytes))
		return false;
	request->kind = KT_MEMREPORT_FAILURE;
	request->process = (struct kt_span){ line.p, at > 2 ? at - 2 : 0 };
	request->asked_bytes = bytes > KT_AMOUNT_MAX ? KT_AMOUNT_MAX : (int64_t)bytes;
	request->gfp = gfp_of(line, "mode:");
	return true;
}

/* Recognized by the fixed words, not by the process name before them, which may be anything. */
bool kt_memline_request(struct kt_span line, struct kt_memline_request *ret_request)
{
	struct kt_memline_request request = { .order = KT_NO_ORDER, .asked_bytes = -1 };
	size_t oom = kt_span_find(line, " invoked oom-killer: ");
	size_t failure = kt_span_find(line, ": page allocation failure");
	size_t stall = kt_span_find(line, ": page allocation stalls for ");

	if (oom < line.n) {
		request.kind = KT_MEMREPORT_OOM;
		request.process = (struct kt_span){ line.p, oom };
		request.gfp = gfp_of(line, "gfp_mask=");
		request.order = order_of(line, "order=");
	} else if (kt_span_starts(line, "oom-killer: gfp_mask=")) { /* names no process */
		request.kind = KT_MEMREPORT_OOM;
		request.gfp = gfp_of(line, "gfp_mask=");
		request.order = order_of(line, "order=");
	} else if (failure < line.n || stall < line.n) {
		request.kind = failure < line.n ? KT_MEMREPORT_FAILURE : KT_MEMREPORT_STALL;
		request.process = (struct kt_span){ line.p, failure < stall ? failure : stall };
		request.gfp = gfp_of(line, "mode:");
		request.order = order_of(line, "order:");
	} else if (kt_span_ends(line, "Show Memory") &&
		   (kt_span_starts(line, "sysrq") || kt_span_starts(line, "SysRq")))
		request.kind = KT_MEMREPORT_SYSRQ;
	else if (!vmalloc_request(line, &request))
		return false;
	*ret_request = request;
	return true;
}

/* ---- the result ---- */

/*
 * Kernels have several forms of this line. The name ends before ") total-vm:", if the line has
 * that, and otherwise at the first parenthesis.
 */
bool kt_memline_killed(struct kt_span line, struct kt_memline_killed *ret_killed)
{
	struct kt_memline_killed killed = { .anon_kb = -1 };
	struct kt_span rest = line, name, number;
	size_t at = kt_span_find(line, "Killed process ");
	uint64_t kb;

	killed.group = kt_span_starts(line, "Memory cgroup out of memory:");
	if (!killed.group && !kt_span_starts(line, "Out of memory") &&
		!kt_span_starts(line, "Out of Memory") && at != 0)
		return false;
	if (at == line.n)
		at = kt_span_find(line, "Kill process ");
	rest = kt_span_from(line, at);
	if (!kt_span_skip(&rest, "Killed process ") && !kt_span_skip(&rest, "Kill process "))
		return false;
	if (!kt_span_take_u64(&rest, &killed.pid) || killed.pid > PID_MAX ||
		!kt_span_until(&rest, '(', &number))
		return false;
	/* a name may hold parentheses: "((sd-pam))" */
	at = kt_span_find(rest, ") total-vm:");
	name = (struct kt_span){ rest.p, at };
	if (at == rest.n && !kt_span_until(&rest, ')', &name))
		return false;
	killed.name = name;
	rest = behind(rest, "anon-rss:");
	if (kt_span_take_u64(&rest, &kb) && kb <= (uint64_t)KB_MAX && kt_span_starts(rest, "kB"))
		killed.anon_kb = (int64_t)kb;
	*ret_killed = killed;
	return true;
}

bool kt_memline_usage(
	struct kt_span line, const char *what, int64_t *ret_usage_kb, int64_t *ret_limit_kb)
{
	uint64_t usage, limit;

	if (!kt_span_skip(&line, what) || !kt_span_skip(&line, ": usage ") ||
		!kt_span_take_u64(&line, &usage) || usage > (uint64_t)KB_MAX ||
		!kt_span_skip(&line, "kB, limit ") || !kt_span_take_u64(&line, &limit) ||
		!kt_span_starts(line, "kB"))
		return false;
	*ret_usage_kb = (int64_t)usage;
	*ret_limit_kb = limit > (uint64_t)KB_MAX ? -1 : (int64_t)limit;
	return true;
}
