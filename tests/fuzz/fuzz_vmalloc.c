// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who holds vmalloc memory, and what modules hold: the data is split at NUL bytes into the
// texts of the table. However areas are grouped, none is lost and the rows are the total.

#include "analysis/modules.h"
#include "analysis/vmalloc.h"
#include "fuzz.h"

static const struct {
	const struct kt_source *source;
	const char *path;
} files[] = {
	{ &kt_source_vmallocinfo, "proc/vmallocinfo" },
	{ &kt_source_modules, "proc/modules" },
	{ &kt_source_allocinfo, "proc/allocinfo" },
	{ &kt_source_meminfo, "proc/meminfo" },
};

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_grouping(const struct kt_snapshot *snap, enum kt_vmalloc_by by)
{
	struct kt_arena arena = { 0 };
	struct kt_vmalloc vmalloc;
	int64_t bytes = 0, nr_areas = 0, all_areas = 0;

	kt_vmalloc_group(&arena, snap, by, &vmalloc);
	for (size_t i = 0; i < vmalloc.rows.count; i++) {
		bytes += vmalloc.rows.items[i].bytes > 0 ? vmalloc.rows.items[i].bytes : 0;
		nr_areas += vmalloc.rows.items[i].nr_areas;
		must(vmalloc.rows.items[i].name != NULL, "a row has no name");
	}
	for (size_t i = 0; i < snap->areas.count; i++)
		all_areas += snap->areas.items[i].nr_areas;
	must(nr_areas == all_areas, "areas were lost");
	must(!vmalloc.has_difference || bytes + vmalloc.difference_bytes == vmalloc.total.value,
		"the rows are not the total");
	must(vmalloc.bytes < 0 || vmalloc.bytes == bytes, "the areas are not the rows");
	kt_arena_fini(&arena);
}

static void check_modules(const struct kt_snapshot *snap)
{
	struct kt_arena arena = { 0 };
	struct kt_modules modules;

	kt_modules_join(&arena, snap, &modules);
	must(modules.uses.count >= snap->modules.count, "modules were lost");
	for (size_t i = 0; i < modules.uses.count; i++)
		must(modules.uses.items[i].bytes >= -1 &&
				modules.uses.items[i].bytes <= KT_AMOUNT_MAX,
			"an impossible amount");
	kt_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	if (!size)
		return 0;
	snap = fuzz_machine(data[0] & 1);
	data++;
	size--;
	for (size_t i = 0; i < KT_LEN(files) && size; i++) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		fuzz_parse(snap, files[i].source, files[i].path, data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	kt_derive(snap);
	for (int by = KT_VMALLOC_BY_CALLER; by <= KT_VMALLOC_BY_KIND; by++)
		check_grouping(snap, (enum kt_vmalloc_by)by);
	check_modules(snap);
	return 0;
}
