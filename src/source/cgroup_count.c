// SPDX-License-Identifier: GPL-2.0-or-later
//
// How many memory cgroups the kernel has, those included that were removed and are still
// charged with something: by cgroup.stat of the root of v2, or by proc/cgroups, whose
// number of v1 has both in one.

#include "source/source.h"

static int64_t number_of(struct kt_span text)
{
	int64_t value;

	return kt_span_i64(kt_span_trim(text), &value) && value >= 0 && value <= KT_AMOUNT_MAX
		       ? value
		       : -1;
}

/* "memory 4 43 1": hierarchy 4, 43 groups; hierarchy 0 is that of v2. */
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
 * The memory controller's own numbers are newer, and have the root in them. Not every group
 * of all has a memory controller.
 */
static void parse_stat(struct kt_cgroups *cgroups, struct kt_span rest)
{
	struct kt_span line, name;
	int64_t all = -1, all_dying = -1, memory = -1, memory_dying = -1;

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
	cgroups->nr_live = memory >= 0 ? memory : all >= 0 ? all + 1 : -1;
	cgroups->nr_dying = memory_dying >= 0 ? memory_dying : all_dying;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	if (kt_span_eq(kt_span_str(text->path), "proc/cgroups"))
		parse_counted(&snap->cgroups, kt_text_span(text));
	else
		parse_stat(&snap->cgroups, kt_text_span(text));
	return NULL;
}

const struct kt_source kt_source_cgroup_count = {
	.name = "cgroup_count",
	.summary = "how many memory cgroups there are, removed ones included",
	.paths = { "proc/cgroups", "sys/fs/cgroup/cgroup.stat" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "removed cgroups that still hold memory are not counted",
	.gives = "a mounted /proc and /sys/fs/cgroup, and CONFIG_MEMCG",
	.parse = parse,
};
