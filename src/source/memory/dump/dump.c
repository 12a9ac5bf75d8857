// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opens the memory of a dump for its root.

#include "memory/kernel/last_moment.h"
#include "memory/kernel/modules.h"

#include "source/memory/dump/dump_filter.h"
#include "source/memory/open.h"

#define NODES_MAX 1024u

uint32_t kt_memory_dump_nodes(struct kt_target *target)
{
	uint64_t at, count;

	if (!kt_symbols_find(&target->symbols, "nr_node_ids", &at))
		count = kt_target_dump_nodes(target);
	else if (!kt_target_number(target, at, sizeof(uint32_t), &count))
		count = 0;
	return count && count <= NODES_MAX ? (uint32_t)count : 1;
}

/* A module whose symbols cannot be read leaves its functions without names, and no more. */
static struct kt_err *read_symbols(struct kt_target *target, struct kt_symbol_table *table)
{
	struct kt_err *err = kt_target_dump_symbol_table(target, table);

	if (err)
		return err;
	kt_err_free(kt_module_symbols(target, table));
	return kt_symbol_table_end(table);
}

struct kt_err *kt_memory_dump_symbols(
	struct kt_target *target, const struct kt_symbol_table **ret_table)
{
	struct kt_symbol_table *table = &target->all_symbols;
	struct kt_err *err = table->symbols.count ? NULL : read_symbols(target, table);

	if (err)
		kt_symbol_table_fini(table);
	*ret_table = table;
	return err;
}

static void close_memory(void *arg)
{
	kt_target_close(arg);
}

struct kt_err *kt_source_open_dump(struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_target *target = kt_root_dump_memory(root);
	KT_CLEANUP(buf) struct kt_buf note = { 0 };
	struct kt_last_moment moment;
	struct kt_err *err;
	const int *files;
	size_t nr_files;

	if (!target) {
		files = kt_root_dump_files(root, &nr_files);
		err = kt_target_dump(files, nr_files,
			&(struct kt_target_given){ snap->btf_path, snap->vmlinux_path }, &target);
		if (err)
			return err;
		kt_root_dump_give(root, target, close_memory);
		err = kt_memory_dump_texts(root, target);
		if (err)
			return err;
		if (kt_target_dump_is_filtered(target) && kt_dump_filter_is_mistaken(target))
			kt_target_dump_blame_filter(target);
		kt_target_dump_note(target, &note);
		kt_buf_add(&note, "", 1);
		if (note.size > 1 && !note.failed)
			kt_root_dump_note(root, note.data);
	}
	snap->host.page_bytes = target->page_bytes;
	kt_last_moment_read(target, &moment);
	snap->host.taken_s = moment.taken_s;
	if (*moment.machine)
		snap->host.machine = kt_arena_name(&snap->arena, kt_span_str(moment.machine));
	/* the differences of CPUs are in the texts, and nothing moves */
	snap->host.at_rest = snap->folded = true;
	snap->drift_bytes = 0;
	return NULL;
}
