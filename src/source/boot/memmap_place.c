// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads whether struct pages made while the machine runs may be on the memory that they describe.
// nr_memmap_pages counts them wherever they are (__populate_section_memmap(), 15995a352474 in
// v6.12). With memory_hotplug.memmap_on_memory a hot-added block has them in its own first pages,
// which are present and never managed (a08a2ae34613, v5.14). A persistent memory device of mode
// pmem has them on the device. A DAX device shares pages of struct pages, which the counter counts
// each time. No file has the size; the files only show that there may be some.

#include "source/source.h"

#include <string.h>

#define PARAMETER "sys/module/memory_hotplug/parameters/memmap_on_memory"

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span word = kt_span_trim(kt_text_span(text));
	bool parameter = strcmp(text->path, PARAMETER) == 0;
	bool pages = strstr(text->path, "/pfn") != NULL;
	bool yes = parameter ? kt_span_eq(word, "Y") || kt_span_eq(word, "force")
			     : kt_span_eq(word, "pmem") || (!pages && kt_span_eq(word, "ram"));
	bool no = parameter ? kt_span_eq(word, "N")
			    : kt_span_eq(word, "none") || (pages && kt_span_eq(word, "ram"));

	if (!yes && !no)
		return kt_err_new(KT_ERR_PARSE, "%s: not a known value", text->path);
	/* one yes decides, so it ranks before every no */
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_MEMMAP_ELSEWHERE,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .rank = yes ? KT_RANK_FIRST : KT_RANK_NODE,
				      .raw = yes,
				      .path = parameter ? PARAMETER : "sys/bus/nd/devices",
				      .field = parameter ? "memmap_on_memory" : "mode" });
	return NULL;
}

/* Only where struct pages were made late their place is in doubt. */
static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val late = kt_snapshot_get(snap, KT_MEMMAP_LATE, KT_NO_NODE);

	return (want & KT_WANT_ALL) || (kt_ok(late) && late.value);
}

const struct kt_source kt_source_memmap_place = {
	.name = "memmap_place",
	.summary = "whether struct pages may be on the memory that they describe",
	.paths = { PARAMETER, "sys/bus/nd/devices/pfn*/mode", "sys/bus/nd/devices/dax*/mode" },
	.cost = KT_COST_CHEAP,
	.lack = "the memory map of hot-added memory is assumed to be in pages of the page "
		"allocator",
	.gives = "a mounted /sys and CONFIG_MHP_MEMMAP_ON_MEMORY",
	.provides = { KT_MEMMAP_ELSEWHERE },
	.nr_provides = 1,
	.unwanted = "no memory map was made while the machine runs",
	.wanted = wanted,
	.parse = parse,
};
