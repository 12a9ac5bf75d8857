// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/activity.h"

#include "base/kernel_files.h"
#include "model/metric.h"

#include <string.h>

enum purpose { IS_DRIVER, IS_EVENT, IS_PRESSURE };

/* Where a number stands: a line of a file begins with the word. Numbers of one purpose add up. */
static const struct place {
	const char *path, *word;
	uint32_t number;
	enum purpose purpose;
	int of;	     /* the driver or event */
	int64_t per; /* divisor, for a unit that the purpose has */
} places[] = {
	/* stacks of 16 KiB: the number of threads, without reading every process */
	{ KT_FILE_MEMINFO, "KernelStack:", 0, IS_DRIVER, KT_DRIVER_TASKS, 16 },
	{ KT_FILE_MEMINFO, "AnonPages:", 0, IS_DRIVER, KT_DRIVER_HELD_PAGES, 4 },
	{ KT_FILE_MEMINFO, "Mapped:", 0, IS_DRIVER, KT_DRIVER_HELD_PAGES, 4 },
	{ KT_FILE_MEMINFO, "Dirty:", 0, IS_DRIVER, KT_DRIVER_HELD_PAGES, 4 },
	{ KT_FILE_MEMINFO, "Writeback:", 0, IS_DRIVER, KT_DRIVER_HELD_PAGES, 4 },
	{ KT_FILE_MEMINFO, "SReclaimable:", 0, IS_DRIVER, KT_DRIVER_INODES_KIB, 1 },
	{ KT_FILE_SOCKSTAT, "sockets:", 0, IS_DRIVER, KT_DRIVER_SOCKETS, 1 },
	{ KT_FILE_FILE_NR, "", 0, IS_DRIVER, KT_DRIVER_FILES, 1 },
	{ KT_FILE_CGROUPS, "memory", 1, IS_DRIVER, KT_DRIVER_CGROUPS, 1 },
	{ KT_FILE_CGROUP_STAT, "nr_descendants", 0, IS_DRIVER, KT_DRIVER_CGROUPS, 1 },
	{ KT_FILE_CGROUP_STAT, "nr_dying_descendants", 0, IS_DRIVER, KT_DRIVER_DYING_CGROUPS, 1 },
	{ KT_FILE_VMSTAT, "pgfault", 0, IS_EVENT, KT_EVENT_FAULTS, 1 },
	{ KT_FILE_VMSTAT, "pgpgin", 0, IS_EVENT, KT_EVENT_READS, 1 },
	{ KT_FILE_VMSTAT, "pgpgout", 0, IS_EVENT, KT_EVENT_WRITES, 1 },
	{ KT_FILE_STAT, "processes", 0, IS_EVENT, KT_EVENT_FORKS, 1 },
	{ KT_FILE_STAT, "ctxt", 0, IS_EVENT, KT_EVENT_CONTEXT_SWITCHES, 1 },
	{ KT_FILE_STAT, "intr", 0, IS_EVENT, KT_EVENT_INTERRUPTS, 1 },
	{ KT_FILE_SNMP, "InReceives", 0, IS_EVENT, KT_EVENT_PACKETS_IN, 1 },
	{ KT_FILE_SNMP, "OutRequests", 0, IS_EVENT, KT_EVENT_PACKETS_OUT, 1 },
	{ KT_FILE_SNMP, "ActiveOpens", 0, IS_EVENT, KT_EVENT_CONNECTIONS, 1 },
	{ KT_FILE_SNMP, "PassiveOpens", 0, IS_EVENT, KT_EVENT_CONNECTIONS, 1 },
	{ KT_FILE_VMSTAT, "drop_slab", 0, IS_PRESSURE, 0, 1 },
	{ KT_FILE_VMSTAT, "pgscan_direct", 0, IS_PRESSURE, 0, 1 },
	/* kswapd scans a little on every machine; 4,096 pages are a burst */
	{ KT_FILE_VMSTAT, "pgscan_kswapd", 0, IS_PRESSURE, 0, 4096 },
};

_Static_assert(KT_LEN(places) <= KT_ACTIVITY_LINES, "room for the line of each place");

static bool begins(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 && (!n || text[n] == ' ' || text[n] == '\t' || !text[n]);
}

void kt_activity_find(struct kt_activity *activity, const struct kt_block *block)
{
	for (size_t k = 0; k < KT_ACTIVITY_LINES; k++)
		activity->lines[k] = -1;
	for (uint32_t i = 0; i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];
		const char *path = block->files.items[line->file].path;

		for (size_t k = 0; k < KT_LEN(places); k++) {
			if (activity->lines[k] < 0 && strcmp(path, places[k].path) == 0 &&
				begins(line->text, places[k].word))
				activity->lines[k] = i;
		}
	}
}

/* The numbers of a sample, wherever they are. */
struct numbers {
	const int64_t *found; /* line of each place; -1: none */
	const struct kt_block_line *lines;
	const void *from;
	kt_activity_number number;
};

/* Sum of the numbers of one purpose; false: the block has none of them. */
static bool sum_of(const struct numbers *numbers, enum purpose purpose, int of, int64_t *ret_sum)
{
	bool any = false;

	*ret_sum = 0;
	for (size_t k = 0; k < KT_LEN(places); k++) {
		int64_t value;

		if (places[k].purpose != purpose || places[k].of != of || numbers->found[k] < 0 ||
			!numbers->number(numbers->from, &numbers->lines[numbers->found[k]],
				places[k].number, &value) ||
			value < 0 || value > KT_AMOUNT_MAX)
			continue;
		*ret_sum += value / places[k].per;
		any = true;
	}
	return any;
}

void kt_activity_put_numbers(struct kt_activity *activity, const void *from,
	const struct kt_block_line *lines, kt_activity_number number, struct kt_judge *judge)
{
	const struct numbers numbers = { activity->lines, lines, from, number };
	int64_t sum;

	for (int of = 0; of < KT_NR_DRIVERS; of++) {
		if (sum_of(&numbers, IS_DRIVER, of, &sum))
			kt_judge_driver(judge, (enum kt_driver)of, sum);
	}
	for (int of = 0; of < KT_NR_EVENTS; of++) {
		if (sum_of(&numbers, IS_EVENT, of, &sum))
			kt_judge_event(judge, (enum kt_event)of, sum);
	}
	if (!sum_of(&numbers, IS_PRESSURE, 0, &sum))
		return;
	if (activity->pressure >= 0 && sum > activity->pressure)
		kt_judge_pressure(judge);
	activity->pressure = sum;
}

static bool number_at(
	const void *cursor, const struct kt_block_line *line, uint32_t number, int64_t *ret_value)
{
	return kt_cursor_value(cursor, line, number, KT_VALUE_LAST, ret_value);
}

void kt_activity_put(
	struct kt_activity *activity, const struct kt_cursor *cursor, struct kt_judge *judge)
{
	kt_activity_put_numbers(activity, cursor, cursor->block->lines.items, number_at, judge);
}
