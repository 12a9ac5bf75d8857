// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/vmstat.c: sum_vm_events(). Each CPU counts for itself, and a CPU that goes offline gives its
// counts to another one. Between the counters and the events the array of names has thresholds of
// dirty pages, and later counters of the memory map; their enum was renamed.

#include "memory/counters/events.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 512u
#define OTHERS_MAX 16
#define NAME_MAX   64u

static bool name_at(struct kt_target *target, uint64_t table, uint32_t index, char name[NAME_MAX])
{
	uint64_t at;

	return kt_target_pointer(
		       target, table + (uint64_t)index * target->types.pointer_bytes, &at) &&
	       kt_target_text(target, at, name, NAME_MAX);
}

static int64_t others(const struct kt_types *types)
{
	int64_t count;

	return kt_types_enum(types, "vm_stat_item", "NR_VM_STAT_ITEMS", &count) ||
			       kt_types_enum(types, "writeback_stat_item",
				       "NR_VM_WRITEBACK_STAT_ITEMS", &count)
		       ? count
		       : -1;
}

static bool sum_events(struct kt_target *target, uint32_t count, uint64_t *sums, uint64_t *copy)
{
	uint64_t states, offset;

	if (!kt_symbols_find(&target->symbols, "vm_event_states", &states))
		return false;
	for (uint32_t cpu = 0; cpu < target->nr_cpus; cpu++) {
		if (!kt_target_cpu_offset(target, cpu, &offset) ||
			!kt_target_read(target, states + offset, copy, count * sizeof(*copy)))
			return false;
		for (uint32_t i = 0; i < count; i++)
			sums[i] += copy[i];
	}
	return true;
}

struct kt_err *kt_events_each(struct kt_target *target, uint32_t first, kt_counter_fn fn, void *arg)
{
	int64_t count, before = others(&target->types);
	uint64_t table, *sums, *copy;
	char name[NAME_MAX];

	if (before < 0 || before > OTHERS_MAX || target->types.pointer_bytes != sizeof(*sums) ||
		!kt_types_enum(&target->types, "vm_event_item", "NR_VM_EVENT_ITEMS", &count) ||
		count <= 0 || count > (int64_t)EVENTS_MAX ||
		!kt_symbols_find(&target->symbols, "vmstat_text", &table))
		return NULL;
	first += (uint32_t)before;
	if (!name_at(target, table, first, name) || strcmp(name, "pgpgin") != 0)
		return NULL;
	sums = calloc((size_t)count, sizeof(*sums));
	copy = calloc((size_t)count, sizeof(*copy));
	if (sums && copy && sum_events(target, (uint32_t)count, sums, copy)) {
		for (uint32_t i = 0; i < count; i++) {
			if (sums[i] <= INT64_MAX && name_at(target, table, first + i, name))
				fn(arg, name, (int64_t)sums[i]);
		}
	}
	free(sums);
	free(copy);
	return sums && copy ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}
