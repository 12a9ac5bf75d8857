// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_groups.h"

#include "root/root_ops.h"
#include "test.h"

#include <stdlib.h>

#define GROUPS 20000

/* What a reading did: how many files were put, how many were taken back. */
struct told {
	uint32_t nr_put, nr_gone;
	char last_gone[128];
};

static void gone(void *arg, const char *path)
{
	struct told *told = arg;

	told->nr_gone++;
	snprintf(told->last_gone, sizeof(told->last_gone), "%s", path);
}

static void count_put(void *arg, const char *path, struct kt_span text)
{
	((struct told *)arg)->nr_put += path[0] && text.n;
}

/* A reading of groups, each with two files. */
static struct told add_all(struct kt_groups *groups, int64_t (*size_of)(uint32_t i))
{
	struct told told = { 0 };

	for (size_t i = 0; i < groups->kept.groups.count; i++)
		kt_map_add(&groups->was_kept, kt_span_str(groups->kept.groups.items[i].directory),
			NULL, NULL);
	for (uint32_t i = 0; i < GROUPS; i++) {
		char path[64], text[32];

		snprintf(path, sizeof(path), "sys/fs/cgroup/g%u/memory.current", i);
		snprintf(text, sizeof(text), "%lld\n", (long long)size_of(i));
		kt_groups_add(groups, kt_span_str(path), kt_span_str(text));
		snprintf(path, sizeof(path), "sys/fs/cgroup/g%u/memory.max", i);
		kt_groups_add(groups, kt_span_str(path), KT_SPAN("max\n"));
	}
	kt_groups_choose(groups, 1000, gone, &told);
	kt_groups_each(groups, count_put, &told);
	CHECK(!kt_groups_failed(groups));
	return told;
}

static int64_t rising(uint32_t i)
{
	return 1000 + i;
}

static int64_t a_little_falling(uint32_t i)
{
	return 22000 - i / 100;
}

static int64_t empty(uint32_t i)
{
	(void)i;
	return 0;
}

static int64_t falling(uint32_t i)
{
	return 1000000 - 40 * (int64_t)i;
}

static int64_t least_kept(const struct kt_groups *groups)
{
	int64_t least = INT64_MAX;
	uint64_t cost = 0;

	for (size_t i = 0; i < groups->kept.groups.count; i++) {
		const struct kt_group *group = &groups->kept.groups.items[i];

		least = group->size_bytes < least ? group->size_bytes : least;
		cost += group->cost;
	}
	CHECK(cost <= KT_GROUPS_COST_MAX && cost > KT_GROUPS_COST_MAX / 2);
	return least;
}

TEST(the_largest_groups_are_kept_as_far_as_there_is_memory)
{
	struct kt_groups groups = { 0 };
	struct told told = add_all(&groups, rising);
	uint32_t nr_kept = (uint32_t)groups.kept.groups.count;

	CHECK_INT(told.nr_put, 2 * nr_kept);
	CHECK_INT(nr_kept + groups.kept.nr_folded, GROUPS);
	CHECK_INT(least_kept(&groups), rising(GROUPS - nr_kept));
	/* the same again: nothing is taken back */
	CHECK_INT(add_all(&groups, rising).nr_gone, 0);
	/* groups that were kept have an advantage of a quarter */
	told = add_all(&groups, a_little_falling);
	CHECK_INT(told.nr_gone, 0);
	CHECK_INT(groups.kept.groups.count, nr_kept);
	told = add_all(&groups, falling);
	CHECK_INT(told.nr_gone, 2 * nr_kept);
	CHECK_INT(least_kept(&groups), falling(nr_kept - 1));
	kt_groups_fini(&groups);
}

TEST(of_groups_of_the_same_size_the_same_are_kept_again)
{
	struct kt_groups groups = { 0 };

	CHECK(add_all(&groups, empty).nr_put > 0);
	CHECK_INT(add_all(&groups, empty).nr_gone, 0);
	CHECK(groups.kept.nr_folded > 0);
	kt_groups_fini(&groups);
}

TEST(few_groups_are_all_kept_with_their_texts)
{
	struct kt_groups groups = { 0 };
	struct told told = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_groups_add(&groups, KT_SPAN("sys/fs/cgroup/memory.current"), KT_SPAN("1\n"));
	kt_groups_add(&groups, KT_SPAN("sys/fs/cgroup/a/memory.current"), KT_SPAN("1\n"));
	kt_groups_add(&groups, KT_SPAN("sys/fs/cgroup/a/memory.max"), KT_SPAN("max\n"));
	groups.start_s = 900;
	kt_groups_choose(&groups, 907, gone, &told);
	kt_groups_each(&groups, count_put, &told);
	CHECK_INT(groups.kept.groups.count, 2);
	CHECK_INT(groups.kept.nr_folded, 0);
	CHECK(told.nr_put == 3 && told.nr_gone == 0);
	kt_groups_write(&groups, &text);
	kt_buf_add(&text, "", 1);
	CHECK_STR(text.data, "taken_s=900\nread_s=907\nfolded=0\n");
	/* a file and a group go */
	kt_groups_add(&groups, KT_SPAN("sys/fs/cgroup/memory.current"), KT_SPAN("1\n"));
	kt_groups_add(&groups, KT_SPAN("sys/fs/cgroup/memory.max"), KT_SPAN("max\n"));
	kt_groups_choose(&groups, 1507, gone, &told);
	CHECK_INT(told.nr_gone, 2);
	CHECK_STR(told.last_gone, "sys/fs/cgroup/a/memory.max");
	kt_groups_fini(&groups);
}

static void add(struct kt_root *root, const char *path, const char *text)
{
	kt_err_free(kt_root_memory_add(root, path, strdup(text), strlen(text)));
}

/* While a reading goes on, everything is as the last one had it. */
TEST(a_reading_in_steps_is_kept_when_it_is_complete)
{
	struct kt_groups groups = { 0 };
	struct kt_root *root = NULL;
	struct told told = { 0 };
	uint32_t nr_steps = 0;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	add(root, "sys/fs/cgroup/memory.stat", "kernel 9\n");
	add(root, "sys/fs/cgroup/cgroup.stat", "nr_descendants 2\n");
	for (int i = 0; i < 20; i++) {
		char path[64];

		snprintf(path, sizeof(path), "sys/fs/cgroup/g%d/memory.stat", i);
		add(root, path, "kernel 1\n");
	}
	CHECK(kt_groups_start(&groups, root, 500));
	while (kt_groups_step(&groups)) {
		nr_steps++;
		kt_groups_each(&groups, count_put, &told);
	}
	CHECK_INT(nr_steps, 21);
	CHECK_INT(told.nr_put, 0);
	kt_groups_choose(&groups, 503, gone, &told);
	kt_groups_each(&groups, count_put, &told);
	CHECK(told.nr_put == 21 && groups.taken_s == 500 && groups.read_s == 503);
	/* a second one may end in the middle */
	CHECK(kt_groups_start(&groups, root, 1100) && kt_groups_step(&groups));
	kt_groups_fini(&groups);
	kt_root_free(root);
}
