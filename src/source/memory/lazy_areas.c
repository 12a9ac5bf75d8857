// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the areas of vmalloc that were freed and are not purged yet, in kernel memory.
// /proc/vmallocinfo has them in lines without a caller; it is read right after them, because
// opening kernel memory frees areas too.

#include "memory/freed/lazy_areas.h"

#include "base/kernel_files.h"
#include "source/memory/open.h"

#define UNPURGED "unpurged vm_area"

/* Adds up the lines "0xSTART-0xEND SIZE unpurged vm_area". */
static void count_listed(struct kt_root *root, struct kt_lazy_areas *areas)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, KT_FILE_VMALLOCINFO, &text);
	struct kt_span rest = kt_text_span(&text), line, word;
	uint64_t bytes;

	if (err)
		return;
	areas->nr_listed = areas->listed_bytes = 0;
	while (kt_span_line(&rest, &line)) {
		if (!kt_span_ends(kt_span_trim(line), UNPURGED) || !kt_span_word(&line, &word) ||
			!kt_span_word(&line, &word) || !kt_span_u64(word, &bytes) ||
			bytes > (uint64_t)(KT_AMOUNT_MAX - areas->listed_bytes))
			continue;
		areas->nr_listed++;
		areas->listed_bytes += (int64_t)bytes;
	}
}

static struct kt_err *read_areas(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	struct kt_lazy_areas areas, *slot;
	struct kt_err *err;

	if (kt_root_kind(root) != KT_ROOT_LIVE)
		return kt_err_new(KT_ERR_ABSENT,
			"freed areas of vmalloc are read on the running machine only");
	err = kt_memory_open(root, snap, &memory);
	if (!err)
		err = kt_lazy_areas_walk(memory.target, &areas);
	if (err)
		return err;
	count_listed(root, &areas);
	slot = kt_list_push(&snap->arena, &snap->lazy_areas);
	if (slot)
		*slot = areas;
	return NULL;
}

const struct kt_source kt_source_lazy_areas = {
	.name = "lazy_areas",
	.summary = "freed areas of vmalloc that wait for their purge, in kernel memory",
	.paths = { "ktally/lazy_areas" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally vmalloc --exact' shows no freed areas",
	.gives = KT_MEMORY_GIVES ", and CONFIG_KALLSYMS_ALL",
	.read = read_areas,
};
