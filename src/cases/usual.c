// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/usual.h"

#include <math.h>

static const struct {
	struct kt_span name; /* with a `*` at the end: a prefix */
	int nr_machines;
	double most[KT_NR_USUAL]; /* for one of each dimension; 0: not learned */
} learned[] = {
#define USUAL(name, nr, ...) { { name, sizeof(name) - 1 }, nr, { __VA_ARGS__ } },
#include "cases/usual.def"
#undef USUAL
};

static const struct {
	const char *fact;
	double unit;
} dimensions[KT_NR_USUAL] = {
	[KT_USUAL_CPUS] = { "cpus", 1 },
	[KT_USUAL_GIB] = { "ram", 1 << 30 },
	[KT_USUAL_TASKS] = { "tasks", 1 },
	[KT_USUAL_MOUNTS] = { "mounts", 1 },
	[KT_USUAL_SOCKETS] = { "sockets_tcp", 1 },
	[KT_USUAL_CGROUPS] = { "cgroups", 1 },
};

/* The last entry of a kind, "slab:*", is for all names without an entry. */
static bool is_of(struct kt_span entry, struct kt_span name)
{
	if (entry.p[entry.n - 1] != '*')
		return name.n == entry.n && memcmp(name.p, entry.p, entry.n) == 0;
	return name.n >= entry.n - 1 && memcmp(name.p, entry.p, entry.n - 1) == 0;
}

struct kt_usual kt_usual_most(const struct kt_facts *facts, struct kt_span name)
{
	struct kt_usual usual = { .most = NAN };
	size_t i = 0;

	while (i < KT_LEN(learned) && !is_of(learned[i].name, name))
		i++;
	for (enum kt_usual_by by = 0; i < KT_LEN(learned) && by < KT_NR_USUAL; by++) {
		double have = kt_facts_value(facts, kt_span_str(dimensions[by].fact));
		double most = learned[i].most[by] * have / dimensions[by].unit;

		usual.nr_machines = learned[i].nr_machines;
		if (isnan(most) || (!isnan(usual.most) && most <= usual.most))
			continue;
		usual.most = most;
		usual.by = by;
		usual.each = learned[i].most[by];
	}
	return usual;
}
