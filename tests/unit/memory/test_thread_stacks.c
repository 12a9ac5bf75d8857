// SPDX-License-Identifier: GPL-2.0-or-later
#include "random.h"
#include "test.h"
#include "threads_bytes.h"

/* Four processes with six threads, and two idle threads. */
static void fill(struct threads_bytes *threads)
{
	uint64_t shell;

	threads_process(threads, "init", 1, false, 3000);
	threads_process(threads, "kworker/0:1", 40, true, 1000);
	shell = threads_process(threads, "two words", 77, false, 4096);
	threads_add(threads, shell, 78, 4104);
	threads_add(threads, shell, 79, 0);
	threads_process(threads, "kworker/1:0", 41, true, STACK_BYTES - 8);
	threads_idle(threads, 512);
}

static const struct kt_stack_use *find(const struct kt_snapshot *snap, int64_t pid, size_t number)
{
	for (size_t i = 0; i < snap->stack_uses.count; i++) {
		if (snap->stack_uses.items[i].pid == pid && !number--)
			return &snap->stack_uses.items[i];
	}
	return NULL;
}

static void check(const struct kt_snapshot *snap, int64_t pid, size_t number, const char *name,
	bool kernel, int64_t used)
{
	const struct kt_stack_use *use = find(snap, pid, number);

	if (!CHECK(use != NULL))
		return;
	CHECK_STR(use->name, name);
	CHECK(use->kernel == kernel);
	CHECK_INT(use->used_bytes, used);
}

static void check_all(const struct kt_snapshot *snap)
{
	CHECK_INT(snap->stack_walk.each_bytes, STACK_BYTES);
	CHECK_INT(snap->stack_uses.count, 8);
	CHECK_INT(snap->stack_walk.nr_torn, 0);
	CHECK_INT(snap->stack_walk.nr_ended, 0);
	check(snap, 1, 0, "init", false, 3000);
	check(snap, 40, 0, "kworker/0:1", true, 1000);
	check(snap, 77, 0, "two words", false, 4096);
	/* threads have the name of their process */
	check(snap, 77, 1, "two words", false, 4104);
	check(snap, 77, 2, "two words", false, 0);
	check(snap, 41, 0, "kworker/1:0", true, STACK_BYTES - 8);
	check(snap, 0, 0, "swapper", true, 512);
	check(snap, 0, 1, "swapper", true, 512);
}

TEST(each_stack_has_its_deepest_use)
{
	for (unsigned areas = 0; areas < 2; areas++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		struct threads_bytes threads;

		threads_init(&threads, areas);
		fill(&threads);
		CHECK(!kt_stacks_walk(threads.target, snap));
		check_all(snap);
		kt_snapshot_free(snap);
		threads_fini(&threads);
	}
}

static bool current_task(struct kt_target *target, uint64_t *ret_address)
{
	return kt_symbols_find(&target->symbols, "__start_init_task", ret_address);
}

TEST(a_kernel_without_names_of_variables_begins_with_the_task_that_reads)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct threads_bytes threads;
	struct kt_target_ops ops;
	struct kt_err *err;

	threads_init(&threads, true);
	fill(&threads);
	kt_symbols_fini(&threads.target->symbols);
	err = kt_stacks_walk(threads.target, snap);
	if (CHECK(err != NULL))
		CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	/* a thread that is no leader, under a symbol that this walk does not use */
	for (uint64_t at = THREADS_BASE; at < THREADS_BASE + threads.used; at += 64) {
		if ((uint32_t)threads_get(&threads, at + TASK_PID) == 79)
			kt_symbols_add(&threads.target->symbols, KT_SPAN("__start_init_task"), at);
	}
	ops = *threads.target->ops;
	ops.current_task = current_task;
	threads.target->ops = &ops;
	CHECK(!kt_stacks_walk(threads.target, snap));
	check_all(snap);
	kt_snapshot_free(snap);
	threads_fini(&threads);
}

TEST(a_thread_that_has_ended_holds_no_stack)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct threads_bytes threads;
	uint64_t task, other;

	threads_init(&threads, true);
	fill(&threads);
	task = threads_process(&threads, "gone", 90, false, 100);
	threads_set(&threads, task + TASK_STACK, 0, 8);
	/* an overflow took the mark, or the stack has another owner now */
	other = threads_process(&threads, "deep", 91, false, 100);
	threads_set(&threads, threads_get(&threads, other + TASK_STACK), 1, 8);
	CHECK(!kt_stacks_walk(threads.target, snap));
	CHECK_INT(snap->stack_uses.count, 9);
	CHECK_INT(snap->stack_walk.nr_ended, 1);
	CHECK(!find(snap, 90, 0));
	check(snap, 91, 0, "deep", false, KT_UNKNOWN);
	kt_snapshot_free(snap);
	threads_fini(&threads);
}

TEST(a_list_that_leads_in_a_circle_or_elsewhere_is_torn)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		struct threads_bytes threads;
		uint64_t task, other, *node = kind < 2 ? &task : &other;
		uint32_t place = kind < 2 ? TASK_TASKS : TASK_NODE;

		threads_init(&threads, true);
		fill(&threads);
		task = threads_process(&threads, "last", 90, false, 100);
		other = threads_add(&threads, task, 91, 200);
		threads_set(&threads, *node + place,
			kind % 2 ? *node + place : THREADS_BASE + 3 * THREADS_BYTES, 8);
		CHECK(!kt_stacks_walk(threads.target, snap));
		CHECK_INT(snap->stack_walk.nr_torn, 1);
		/* each is taken once, however often the list was read */
		CHECK_INT(snap->stack_uses.count, 10);
		kt_snapshot_free(snap);
		threads_fini(&threads);
	}
}

/* When one task is read for the first time, another one leaves its list: it has ended. */
static struct {
	struct threads_bytes *threads;
	const struct kt_target_ops *ops;
	uint64_t trigger, leaves; /* tasks; 0: done */
	uint32_t list;		  /* place of the member */
} ending;

static bool read_and_end(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	struct threads_bytes *threads = ending.threads;
	uint64_t at = ending.leaves + ending.list;

	if (ending.trigger && address >= ending.trigger && address < ending.trigger + TASK_BYTES) {
		threads_set(threads, threads_get(threads, at + 8), threads_get(threads, at), 8);
		threads_set(threads, threads_get(threads, at) + 8, threads_get(threads, at + 8), 8);
		ending.trigger = 0;
	}
	return ending.ops->read(target, address, to, size);
}

static uint64_t task_of(const struct threads_bytes *threads, uint32_t pid)
{
	for (uint64_t at = THREADS_BASE; at < THREADS_BASE + threads->used; at += 64) {
		if ((uint32_t)threads_get(threads, at + TASK_PID) == pid)
			return at;
	}
	return 0;
}

TEST(a_thread_that_ends_after_it_was_read_is_not_counted_when_its_list_was_read_again)
{
	static const struct {
		uint32_t trigger, leaves, list;
	} kinds[] = { { 41, 77, TASK_TASKS }, { 79, 78, TASK_NODE } };

	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		for (unsigned ended = 0; ended < 2; ended++) {
			struct kt_snapshot *snap = kt_snapshot_new();
			struct threads_bytes threads;
			struct kt_target_ops ops;

			threads_init(&threads, true);
			fill(&threads);
			ending.threads = &threads;
			ending.ops = threads.target->ops;
			ending.trigger = task_of(&threads, kinds[i].trigger);
			ending.leaves = task_of(&threads, kinds[i].leaves);
			ending.list = kinds[i].list;
			if (ended)
				threads_set(&threads, ending.leaves + TASK_STACK, 0, 8);
			ops = *ending.ops;
			ops.read = read_and_end;
			threads.target->ops = &ops;
			CHECK(!kt_stacks_walk(threads.target, snap));
			CHECK_INT(ending.trigger, 0);
			CHECK_INT(snap->stack_walk.nr_torn, 0);
			CHECK_INT(snap->stack_walk.nr_ended, 0);
			CHECK_INT(snap->stack_uses.count, kinds[i].leaves == 77 ? 5 : 7);
			check(snap, 41, 0, "kworker/1:0", true, STACK_BYTES - 8);
			check(snap, 0, 1, "swapper", true, 512);
			if (kinds[i].leaves == 78)
				check(snap, 77, 1, "two words", false, 0);
			kt_snapshot_free(snap);
			threads_fini(&threads);
		}
	}
}

TEST(damaged_memory_ends_the_walk_over_threads)
{
	struct threads_bytes threads;

	threads_init(&threads, true);
	fill(&threads);
	for (unsigned i = 0; i < 10000; i++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		size_t at = 4096 + dice(threads.used - 4096);
		uint64_t before,
			value = dice(2) ? dice(UINT64_MAX) : THREADS_BASE + dice(threads.used);

		/* half of the changes are in what is no stack */
		if (dice(2))
			at = 4096 + dice(4096);
		memcpy(&before, threads.memory + at, sizeof(before));
		memcpy(threads.memory + at, &value, 1ull << dice(4));
		threads.target->nr_reads = 0;
		kt_err_free(kt_stacks_walk(threads.target, snap));
		for (size_t k = 0; k < snap->stack_uses.count; k++) {
			int64_t used = snap->stack_uses.items[k].used_bytes;

			CHECK(used >= KT_UNKNOWN && used <= snap->stack_walk.each_bytes);
		}
		CHECK(snap->stack_uses.count <=
			9); /* the first idle thread may have become a process */
		CHECK(threads.target->nr_reads < 2000);
		memcpy(threads.memory + at, &before, sizeof(before));
		kt_snapshot_free(snap);
	}
	threads_fini(&threads);
}
