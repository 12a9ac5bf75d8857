// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_facts.h"

#include "analysis/tasks.h"
#include "base/kernel_files.h"
#include "source/held/task_list.h"
#include "source/meta.h"

#define LARGEST_TASKS 32 /* with most page tables, and as many with most threads */

/* Bytes of MemTotal; 0: the text has none. */
static int64_t ram_of(struct kt_span meminfo)
{
	struct kt_span rest = kt_span_from(meminfo, kt_span_find(meminfo, "MemTotal:")), word;
	int64_t kib;

	return kt_span_skip(&rest, "MemTotal:") && kt_span_word(&rest, &word) &&
			       kt_span_i64(word, &kib) && kib > 0 && kib < KT_AMOUNT_MAX / 1024
		       ? kib * 1024
		       : 0;
}

struct kt_err *kt_record_check_core(struct kt_root *root, int64_t *ret_ram_bytes)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, KT_FILE_MEMINFO, &text);

	*ret_ram_bytes = err ? 0 : ram_of(kt_text_span(&text));
	if (!err && text.size)
		return NULL;
	return kt_err_new(err ? kt_err_code(err) : KT_ERR_ABSENT,
		"nothing can be recorded: %s%s; a /proc with all of its files is needed "
		"(ProcSubset=all in a service)",
		err ? kt_err_text(err) : KT_FILE_MEMINFO, err ? "" : ": empty");
}

void kt_record_facts_put(struct kt_root *root, struct kt_arena *arena, struct kt_draft *draft,
	const struct kt_snapshot *snap)
{
	static const struct {
		const char *key, *path;
	} files[] = { { "boot_id", KT_FILE_BOOT_ID } };

	if (draft->block.facts.count)
		return;
	for (size_t i = 0; i < KT_LEN(files); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err)
		struct kt_err *err = kt_root_read_head(root, files[i].path, 256, &text);
		struct kt_span value = kt_span_trim(kt_text_span(&text));

		if (!err)
			kt_draft_fact(draft, files[i].key, kt_arena_name(arena, value));
	}
	kt_draft_fact(draft, "ktally", KTALLY_VERSION);
	kt_draft_fact(draft, "page_bytes",
		kt_arena_printf(arena, "%lld", (long long)snap->host.page_bytes));
	kt_draft_fact(draft, "host", snap->host.name ? snap->host.name : "");
	kt_draft_fact(draft, "release", snap->host.release ? snap->host.release : "");
}

/* Says in the sample what is not recorded one by one. */
static void put_notes(
	const struct kt_sampler *sampler, const struct kt_fold *fold, struct kt_buf *meta)
{
	if (fold->nr_folded)
		kt_buf_printf(meta,
			"note=recorded with the %u smallest slab caches as one, " KT_FOLD_OTHERS
			", whose objects are counted in units of 8 bytes\n",
			fold->nr_folded);
	if (kt_sampler_nr_dropped(sampler))
		kt_buf_printf(meta,
			"note=recorded without %u files, for which a block has no room\n",
			kt_sampler_nr_dropped(sampler));
	if (fold->nr_cpus)
		kt_buf_printf(meta,
			"note=recorded with the free pages in the lists of %u CPUs as their sum\n",
			fold->nr_cpus);
}

/* The files of a sample are read before the counters of each CPU are folded, if at all. */
void kt_record_meta_put(struct kt_sampler *sampler, const struct kt_fold *fold,
	struct kt_draft *draft, struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf meta = { 0 };

	snap->folded = false;
	kt_meta_write(snap, &meta);
	put_notes(sampler, fold, &meta);
	draft->failed |= meta.failed;
	kt_sampler_text(sampler, draft, "ktally/meta", (struct kt_span){ meta.data, meta.size });
}

void kt_record_tasks_put(
	struct kt_sampler *sampler, struct kt_draft *draft, struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	kt_tasks tasks = { 0 };

	snap->stack_bytes = kt_stacks_of(snap).each_bytes;
	if (snap->tasks.count && kt_tasks_largest(&snap->arena, snap, LARGEST_TASKS, &tasks))
		kt_task_list_write(snap, tasks.items, tasks.count, &text);
	draft->failed |= text.failed || snap->arena.failed;
	if (text.size)
		kt_sampler_text(
			sampler, draft, KT_TASK_LIST, (struct kt_span){ text.data, text.size });
	else
		kt_sampler_gone(sampler, draft, KT_TASK_LIST);
}
