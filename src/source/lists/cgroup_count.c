// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the memory cgroups of the kernel, removed groups that are still charged included. Reads
// cgroup.stat of the root of v2, or proc/cgroups, whose one number for v1 includes removed groups.

#include "source/source.h"

static int64_t number_of(struct kt_span text)
{
	int64_t value;

	return kt_span_i64(kt_span_trim(text), &value) && value >= 0 && value <= KT_AMOUNT_MAX
		       ? value
		       : KT_UNKNOWN;
}

/* "memory 4 43 1": hierarchy 4, 43 groups; hierarchy 0 is v2. */
static void parse_counted(struct kt_cgroups *cgroups, struct kt_span rest)
{
	struct kt_span line, word, hierarchy, number;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_word(&line, &word) && kt_span_eq(word, "memory") &&
			kt_span_word(&line, &hierarchy) && kt_span_word(&line, &number) &&
			!kt_span_eq(hierarchy, "0") && number_of(number) > 0)
			cgroups->nr_counted = number_of(number);
	}
}

/*
 * Prefers the memory controller's own counts, which newer kernels have and which include the root.
 * The counts of all groups include groups without memory controller.
 */
static void parse_stat(struct kt_cgroups *cgroups, struct kt_span rest)
{
	struct kt_span line, name;
	int64_t all = KT_UNKNOWN, all_dying = KT_UNKNOWN, memory = KT_UNKNOWN,
		memory_dying = KT_UNKNOWN;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name))
			continue;
		if (kt_span_eq(name, "nr_descendants"))
			all = number_of(line);
		else if (kt_span_eq(name, "nr_dying_descendants"))
			all_dying = number_of(line);
		else if (kt_span_eq(name, "nr_subsys_memory"))
			memory = number_of(line);
		else if (kt_span_eq(name, "nr_dying_subsys_memory"))
			memory_dying = number_of(line);
	}
	cgroups->counted_all = memory < 0;
	cgroups->nr_live = memory >= 0 ? memory : all >= 0 ? all + 1 : KT_UNKNOWN;
	cgroups->nr_dying = memory_dying >= 0 ? memory_dying : all_dying;
}

/* Reads the recorder's note about its reading: see docs/RECORDING.md. */
static void parse_times(struct kt_cgroups *cgroups, struct kt_span rest)
{
	struct kt_span line, name;

	while (kt_span_line(&rest, &line)) {
		int64_t number;

		if (!kt_span_until(&line, '=', &name))
			continue;
		number = number_of(line);
		if (number < 0)
			continue;
		if (kt_span_eq(name, "taken_s"))
			cgroups->taken_s = number;
		else if (kt_span_eq(name, "read_s"))
			cgroups->read_s = number;
		else if (kt_span_eq(name, "folded"))
			cgroups->nr_unrecorded = number;
		else if (kt_span_eq(name, "reading"))
			cgroups->reading = number > 0;
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	if (kt_span_eq(kt_span_str(text->path), KT_CGROUP_TIMES)) {
		if (!snap->host.live)
			parse_times(&snap->cgroups, kt_text_span(text));
	} else if (kt_span_eq(kt_span_str(text->path), "proc/cgroups"))
		parse_counted(&snap->cgroups, kt_text_span(text));
	else
		parse_stat(&snap->cgroups, kt_text_span(text));
	return NULL;
}

const struct kt_source kt_source_cgroup_count = {
	.name = "cgroup_count",
	.summary = "number of memory cgroups, removed groups included",
	.paths = { "proc/cgroups", "sys/fs/cgroup/cgroup.stat", KT_CGROUP_TIMES },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "removed cgroups that still hold memory are not counted",
	.gives = "a mounted /proc and /sys/fs/cgroup, and CONFIG_MEMCG",
	.parse = parse,
};
