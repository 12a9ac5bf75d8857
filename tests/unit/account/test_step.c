// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rules of the derivation: their order, and that each names what it makes.

#include "random.h"
#include "test.h"

/* Place of the rule that makes a metric in the order of reading; SIZE_MAX: no rule does. */
static size_t made_at(const struct kt_snapshot *snap, enum kt_metric metric)
{
	for (size_t i = 0; i < snap->inputs.count; i++) {
		if (snap->inputs.items[i].of == metric)
			return i;
	}
	return SIZE_MAX;
}

/* A balloon is compared with the PRESENT of the zones, on purpose: see kt_derive(). */
static bool may_be_read_early(struct kt_input input)
{
	return input.input == KT_PRESENT &&
	       (input.of == KT_BALLOON_OUT || input.of == KT_BALLOON_IN);
}

TEST(a_rule_reads_only_what_files_state_and_rules_before_it_made)
{
	size_t nr_read = 0, nr_made = 0;

	for (uint64_t seed = 1; seed <= 50 && !tests.nr_failures; seed++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = random_machine(seed);

		kt_derive(snap);
		for (size_t i = 0; i < snap->inputs.count; i++) {
			struct kt_input input = snap->inputs.items[i];
			size_t at = made_at(snap, input.input);

			if (input.input == KT_METRIC_NONE || may_be_read_early(input))
				continue;
			nr_read++;
			nr_made += at != SIZE_MAX;
			if (!CHECK(at == SIZE_MAX || at < i))
				printf("  %s reads %s before it is made\n",
					kt_metric_name(input.of), kt_metric_name(input.input));
		}
	}
	CHECK(nr_read > 50 * 60 && nr_made > 50 * 10);
}

TEST(every_value_that_is_computed_has_its_inputs_noted)
{
	size_t nr_computed = 0;

	for (uint64_t seed = 1; seed <= 50 && !tests.nr_failures; seed++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = random_machine(seed);
		size_t nr_before = snap->entries.count;

		kt_derive(snap);
		for (size_t i = nr_before; i < snap->entries.count; i++) {
			enum kt_metric metric = snap->entries.items[i].metric;

			nr_computed++;
			if (!CHECK(made_at(snap, metric) != SIZE_MAX))
				printf("  no rule says that it makes %s\n", kt_metric_name(metric));
		}
	}
	CHECK(nr_computed > 50 * 20);
}
