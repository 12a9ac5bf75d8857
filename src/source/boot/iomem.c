// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/iomem: the physical address map that the kernel uses. Without CAP_SYS_ADMIN the
// kernel prints zeros for every address; that means "denied", not "empty".

#include "source/source.h"

#define REGIONS_MAX 16384u /* ranges of a map */

/* Named parts of reserved memory inside System RAM. */
static const struct {
	const char *name;
	enum kt_metric metric;
} pieces[] = {
	{ "Kernel code", KT_BOOT_CODE },
	{ "Kernel rodata", KT_BOOT_RODATA },
	{ "Kernel data", KT_BOOT_DATA },
	{ "Kernel bss", KT_BOOT_BSS },
};

static bool parse_line(struct kt_span line, struct kt_region *ret_region, struct kt_span *ret_name)
{
	struct kt_span start, end, rest = kt_span_trim(line);

	if (!kt_span_until(&rest, '-', &start) || !kt_span_word(&rest, &end) ||
		!kt_span_skip(&rest, " : ") || !kt_span_hex(start, &ret_region->start) ||
		!kt_span_hex(end, &ret_region->end))
		return false;
	*ret_name = rest;
	return ret_region->end >= ret_region->start && ret_region->end < UINT64_MAX >> 1;
}

/*
 * memmap=SIZE!START makes RAM a range of this name (ec776ef6bbe1, arch/x86/kernel/e820.c:
 * parse_memmap_one, e820_type_to_string); the firmware's map still calls it usable.
 */
#define LEGACY_PERSISTENT "Persistent Memory (legacy)"

static void put_region(struct kt_snapshot *snap, const struct kt_text *text,
	struct kt_region region, struct kt_span name)
{
	struct kt_region *slot;

	if (kt_span_eq(name, LEGACY_PERSISTENT) && snap->legacy_persistent.count < REGIONS_MAX) {
		slot = kt_list_push(&snap->arena, &snap->legacy_persistent);
		if (slot)
			*slot = (struct kt_region){ region.start, region.end, LEGACY_PERSISTENT };
		return;
	}
	for (size_t i = 0; i < KT_LEN(pieces); i++) {
		if (!kt_span_eq(name, pieces[i].name))
			continue;
		kt_snapshot_add(snap, (struct kt_entry){ .metric = pieces[i].metric,
					      .node = KT_NO_NODE,
					      .unit = KT_BYTES,
					      .rank = KT_RANK_MEMINFO,
					      .raw = (int64_t)(region.end - region.start),
					      .path = text->path,
					      .field = pieces[i].name });
	}
	if (!kt_span_starts(name, "System RAM") || snap->iomem.count >= REGIONS_MAX)
		return;
	slot = kt_list_push(&snap->arena, &snap->iomem);
	if (!slot)
		return;
	*slot = region;
	slot->type = kt_arena_name(&snap->arena, name);
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	struct kt_region region;
	bool any = false, hidden = true;

	while (kt_span_line(&rest, &line)) {
		if (!parse_line(line, &region, &name))
			continue;
		any = true;
		if (region.end == 0)
			continue;
		hidden = false;
		region.end++;
		put_region(snap, text, region, name);
	}
	if (any && hidden)
		return kt_err_new(
			KT_ERR_DENIED, "%s: the kernel shows addresses only to root", text->path);
	if (!any)
		return kt_err_new(KT_ERR_PARSE, "%s: contains no address range", text->path);
	return NULL;
}

/*
 * Keeps the layout of memory, but moves the kernel's own ranges to 0, because their address helps
 * attackers.
 */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	struct kt_region region;

	while (kt_span_line(&rest, &line)) {
		if (!parse_line(line, &region, &name))
			continue;
		if (kt_span_starts(name, "Kernel ")) {
			region.end -= region.start;
			region.start = 0;
		} else if (!kt_span_starts(name, "System RAM") &&
			   !kt_span_starts(name, "Reserved") &&
			   !kt_span_eq(name, LEGACY_PERSISTENT))
			continue;
		kt_buf_printf(ret_text, "%08llx-%08llx : %.*s\n", (unsigned long long)region.start,
			(unsigned long long)region.end, (int)name.n, name.p);
	}
}

const struct kt_source kt_source_iomem = {
	.name = "iomem",
	.summary = "the physical address map that the kernel uses",
	.paths = { "proc/iomem" },
	.cost = KT_COST_CHEAP,
	.lack = "offline memory is not separated from memory that the kernel leaves out",
	.gives = "root",
	.provides = { KT_SYSTEM_RAM },
	.nr_provides = 1,
	.parse = parse,
	.scrub = scrub,
};
