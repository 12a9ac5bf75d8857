// SPDX-License-Identifier: GPL-2.0-or-later
//
// It is read with the caches: kernel memory is opened once, and the counts belong together.

#include "source/memory/slab_beyond.h"

#include "memory/freed/rcu_waiting.h"
#include "memory/pages/large_kmalloc.h"

/* NULL is success; an error becomes its text. */
static const char *reason(struct kt_snapshot *snap, struct kt_err *err)
{
	KT_CLEANUP(err) struct kt_err *own = err;

	return own ? kt_arena_printf(&snap->arena, "%s", kt_err_text(own)) : NULL;
}

struct kt_err *kt_slab_beyond_read(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_large_kmalloc large = { 0 }, *large_slot;
	struct kt_rcu_waiting waiting = { 0 }, *waiting_slot;
	const char *why_large, *why_waiting;
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_large_kmalloc_walk(&memmap, &large);
	why_large = reason(snap, err);
	why_waiting = reason(snap, kt_rcu_waiting_walk(memory->target, &waiting));
	large.why = why_large;
	waiting.why = why_waiting;
	large_slot = kt_list_push(&snap->arena, &snap->large_kmallocs);
	waiting_slot = kt_list_push(&snap->arena, &snap->rcu_waitings);
	if (!large_slot || !waiting_slot)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*large_slot = large;
	*waiting_slot = waiting;
	return NULL;
}
