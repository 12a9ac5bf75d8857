// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/sysstat.h"

#include "base/attr.h"
#include "base/kernel_files.h"

#include <stdlib.h>
#include <string.h>

enum { FREE, AVAIL, BUFFERS, CACHED, SLAB, SWAP_FREE, SWAP_USED };

/*
 * Names of sar, of sadf -j, and of meminfo: print_memory_stats() and read_meminfo() of sysstat.
 * SwapTotal is not among them, so SWAP_USED is only added to SWAP_FREE.
 */
static const struct {
	const char *sar, *sadf, *meminfo;
} names[] = {
	[FREE] = { "kbmemfree", "memfree", "MemFree" },
	[AVAIL] = { "kbavail", "avail", "MemAvailable" },
	[BUFFERS] = { "kbbuffers", "buffers", "Buffers" },
	[CACHED] = { "kbcached", "cached", "Cached" },
	[SLAB] = { "kbslab", "slab", "Slab" },
	[SWAP_FREE] = { "kbswpfree", "swpfree", "SwapFree" },
	[SWAP_USED] = { "kbswpused", "swpused", NULL },
	{ "kbswpcad", "swpcad", "SwapCached" },
	{ "kbcommit", "commit", "Committed_AS" },
	{ "kbactive", "active", "Active" },
	{ "kbinact", "inactive", "Inactive" },
	{ "kbdirty", "dirty", "Dirty" },
	{ "kbshmem", "shmem", "Shmem" },
	{ "kbanonpg", "anonpg", "AnonPages" },
	{ "kbkstack", "kstack", "KernelStack" },
	{ "kbpgtbl", "pgtbl", "PageTables" },
	{ "kbvmused", "vmused", "VmallocUsed" },
};

void kt_sysstat_init(struct kt_sysstat *values)
{
	memset(values->kb, -1, sizeof(values->kb));
	values->used_kb = values->used_permyr = -1;
}

/* Parses "12.34" or "12,34" to 1234; "12.3" to 1230. */
static bool take_percent(struct kt_span text, int64_t *ret_permyr)
{
	uint64_t whole, part = 0;
	size_t n;

	if (!kt_span_take_u64(&text, &whole) || whole > 1000)
		return false;
	if (text.n && (text.p[0] == '.' || text.p[0] == ',')) {
		text = kt_span_from(text, 1);
		n = text.n;
		if (n > 2 || !kt_span_u64(text, &part))
			return false;
		part *= n == 1 ? 10 : 1;
		text = (struct kt_span){ 0 };
	}
	*ret_permyr = (int64_t)(whole * 100 + part);
	return !text.n;
}

bool kt_sysstat_take(struct kt_sysstat *values, struct kt_span name, struct kt_span number)
{
	int64_t value;

	if (kt_span_eq(name, "%memused") || kt_span_eq(name, "memused-percent"))
		return take_percent(number, &values->used_permyr);
	if (!kt_span_i64(number, &value) || value < 0 || value > INT64_MAX / 4096)
		return false;
	if (kt_span_eq(name, "kbmemused") || kt_span_eq(name, "memused")) {
		values->used_kb = value;
		return true;
	}
	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (kt_span_eq(name, names[i].sar) || kt_span_eq(name, names[i].sadf)) {
			values->kb[i] = value;
			return true;
		}
	}
	return false;
}

/* Whether `used_kb` of a total is the percentage, as it is printed with two digits. */
static bool agrees(const struct kt_sysstat *values, int64_t total_kb)
{
	double permyr = (double)values->used_kb * 10000 / (double)total_kb;

	return permyr >= (double)values->used_permyr - 0.51 &&
	       permyr <= (double)values->used_permyr + 0.51;
}

/*
 * Returns MemTotal in kB, or -1. Used memory is the total less the free memory, or less the
 * available memory, or less buffers, cache and slabs too, as versions have it.
 */
static int64_t total_of(const struct kt_sysstat *values)
{
	const int64_t *kb = values->kb;
	int64_t totals[4] = { -1, -1, -1, -1 }, found = -1;

	if (values->used_kb <= 0 || values->used_permyr < 0 || kb[FREE] < 0)
		return -1;
	totals[0] = kb[FREE] + values->used_kb;
	if (kb[AVAIL] >= 0)
		totals[1] = kb[AVAIL] + values->used_kb;
	if (kb[BUFFERS] >= 0 && kb[CACHED] >= 0)
		totals[2] = totals[0] + kb[BUFFERS] + kb[CACHED];
	if (totals[2] >= 0 && kb[SLAB] >= 0)
		totals[3] = totals[2] + kb[SLAB];
	for (size_t i = 0; i < KT_LEN(totals); i++) {
		if (totals[i] <= 0 || !agrees(values, totals[i]) || totals[i] == found)
			continue;
		if (found >= 0) /* several meanings agree */
			return -1;
		found = totals[i];
	}
	return found;
}

/* MemTotal is not among the numbers: it is missing unless total_of() finds it. */
static void write_meminfo(const struct kt_sysstat *values, struct kt_buf *ret_meminfo)
{
	int64_t total = total_of(values);
	int64_t swap = values->kb[SWAP_FREE] + values->kb[SWAP_USED];

	if (total > 0)
		kt_buf_printf(ret_meminfo, "MemTotal: %lld kB\n", (long long)total);
	if (values->kb[SWAP_FREE] >= 0 && values->kb[SWAP_USED] >= 0)
		kt_buf_printf(ret_meminfo, "SwapTotal: %lld kB\n", (long long)swap);
	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (values->kb[i] >= 0 && names[i].meminfo)
			kt_buf_printf(ret_meminfo, "%s: %lld kB\n", names[i].meminfo,
				(long long)values->kb[i]);
	}
}

struct kt_err *kt_sysstat_put(const struct kt_sysstat *values, struct kt_import *import,
	const struct kt_import_sample *sample, struct kt_sink *sink)
{
	KT_CLEANUP(buf) struct kt_buf meminfo = { 0 };

	write_meminfo(values, &meminfo);
	if (meminfo.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (meminfo.size)
		kt_sink_file(sink, KT_FILE_MEMINFO, (struct kt_span){ meminfo.data, meminfo.size });
	else
		import->inputs.items[sample->input].nr_empty++;
	return NULL;
}
