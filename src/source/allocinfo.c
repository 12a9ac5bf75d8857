// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/allocinfo (CONFIG_MEM_ALLOC_PROFILING): bytes and allocations for each place in the
// code that allocates. "BYTES COUNT FILE:LINE [MODULE] func:FUNCTION"; only places in
// modules are kept, added up. Slab objects, pages, vmalloc and per-CPU memory are in it.

#include "source/source.h"

#include <string.h>

#define ALLOCS_MAX 65536u

static bool parse_line(
	struct kt_span line, struct kt_module_alloc *ret_alloc, struct kt_span *ret_module)
{
	struct kt_span bytes, count, place, module;
	uint64_t nr_allocs;

	if (!kt_span_word(&line, &bytes) || !kt_span_word(&line, &count) ||
		!kt_span_word(&line, &place) || !kt_span_word(&line, &module) ||
		!kt_span_skip(&module, "[") || !kt_span_ends(module, "]") || module.n < 2)
		return false;
	/* negative where frees were counted whose allocations were not */
	if (!kt_span_i64(bytes, &ret_alloc->bytes) || !kt_span_u64(count, &nr_allocs) ||
		ret_alloc->bytes > KT_AMOUNT_MAX || ret_alloc->bytes < 0 ||
		nr_allocs > (uint64_t)KT_AMOUNT_MAX)
		return false;
	ret_alloc->nr_allocs = (int64_t)nr_allocs;
	*ret_module = (struct kt_span){ module.p, module.n - 1 };
	return true;
}

/* The places of one module stand together. */
static void add(
	struct kt_snapshot *snap, const struct kt_module_alloc *alloc, struct kt_span module)
{
	size_t count = snap->module_allocs.count;
	struct kt_module_alloc *last = count ? &snap->module_allocs.items[count - 1] : NULL;

	if (last && kt_span_eq(module, last->module) && last->bytes <= KT_AMOUNT_MAX &&
		last->nr_allocs <= KT_AMOUNT_MAX) {
		last->bytes += alloc->bytes;
		last->nr_allocs += alloc->nr_allocs;
		return;
	}
	last = count < ALLOCS_MAX ? kt_list_push(&snap->arena, &snap->module_allocs) : NULL;
	if (!last)
		return;
	*last = *alloc;
	last->module = kt_arena_name(&snap->arena, module);
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, module;
	struct kt_module_alloc alloc;

	if (!kt_span_line(&rest, &line) || !kt_span_starts(line, "allocinfo"))
		return kt_err_new(KT_ERR_PARSE, "%s: does not start like allocinfo", text->path);
	snap->has_allocinfo = true;
	while (kt_span_line(&rest, &line)) {
		if (parse_line(line, &alloc, &module))
			add(snap, &alloc, module);
	}
	return NULL;
}

const struct kt_source kt_source_allocinfo = {
	.name = "allocinfo",
	.summary = "allocations by place in the code, of modules",
	.paths = { "proc/allocinfo" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally modules' knows only the vmalloc memory of modules",
	.gives = "CONFIG_MEM_ALLOC_PROFILING, sysctl.vm.mem_profiling=1 at boot, and root",
	.parse = parse,
};
