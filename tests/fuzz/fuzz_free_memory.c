// SPDX-License-Identifier: GPL-2.0-or-later
//
// Free pages that CPUs keep, in damaged memory. The first byte chooses the form of the lists and
// whether symbols lead to them, then the input is a list of changes to memory that was made by
// hand: a place in memory or in the memory map, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/free_bytes.h"

#define READS_MAX 200000u /* more is no bounded walk */

static void fill(struct free_bytes *bytes)
{
	free_block(bytes, FREE_DMA, 3, 1, 8);
	free_block(bytes, FREE_NORMAL, 10, 1, 2048);
	free_block(bytes, FREE_NORMAL_1, 0, 0, 3100);
	for (unsigned i = 0; i < 4; i++) {
		free_keep(bytes, FREE_DMA, i % 2, i % 3, 40 + i, 1);
		free_keep(bytes, FREE_NORMAL, i % 2, i % 3, 1028 + i, 1);
		free_keep(bytes, FREE_NORMAL_1, i % 2, i % 3, 3200 - i, 1);
	}
	if (bytes->form == FREE_NEW) {
		free_keep(bytes, FREE_NORMAL, 0, 7, 1040, 4);
		free_keep(bytes, FREE_NORMAL, 1, 12, 1536, 512);
	}
}

static void damage(struct free_bytes *bytes, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = change.value;

		if (at >> 31)
			value = at >> 30 & 1 ? free_page(value % FREE_PAGES) + FPAGE_LIST
					     : FREE_BASE + value % FREE_BYTES;
		at &= 0x3fffffff;
		if (at % 2 == 0)
			free_set(bytes, FREE_MAP + at / 2 % (FREE_PAGES * FPAGE_BYTES - 8), value,
				8);
		else
			free_set(bytes, FREE_BASE + at / 2 % (FREE_BYTES - 8), value, 8);
	}
}

struct given {
	uint64_t nr_pages, end;
};

static void give(void *arg, uint64_t pfn, uint64_t nr_pages)
{
	struct given *given = arg;

	if (pfn < given->end || !nr_pages || pfn % nr_pages)
		abort();
	given->end = pfn + nr_pages;
	given->nr_pages += nr_pages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_free_lists_sum sum;
	struct given given = { 0 };
	struct free_bytes bytes;
	struct kt_err *err;

	if (!size)
		return 0;
	free_init(&bytes, data[0] & 2 ? FREE_NEW : FREE_OLD, data[0] & 1);
	fill(&bytes);
	damage(&bytes, data + 1, size - 1);
	err = kt_free_lists_walk(&bytes.memmap, give, &given, &sum);
	if (err ? given.nr_pages != 0 : given.nr_pages != sum.nr_cpu_free)
		abort();
	if (!err && !sum.nr_torn && sum.nr_cpu_free > sum.nr_cpu_counted)
		abort();
	if (bytes.target->nr_reads > READS_MAX)
		abort();
	kt_err_free(err);
	free_fini(&bytes);
	return 0;
}
