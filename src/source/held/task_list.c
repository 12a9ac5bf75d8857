// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parses and writes the list of processes. Two lines describe the rest:
//
//   taken_s 1790000000 threads 512 stack 16 left_out 0
//   pid more kernel zombie threads tables size rss anon file shmem swap hugetlb name
//   77 0 0 0 13 144 54732 22512 13648 8 8856 0 4096 postgres
//   - 41 1 0 42 - - - - - - - - kworker
//
// "stack" is the size of one stack, computed from counters of the same time. Amounts are in KiB,
// "-" is unknown. The name comes last because it may contain blanks.

#include "source/held/task_list.h"

#include "source/source.h"

#include <string.h>

#define COLUMNS	   "pid more kernel zombie threads tables size rss anon file shmem swap hugetlb name"
#define TASKS_MAX  4096u	      /* processes of a list */
#define COUNT_MAX  (1 << 22)	      /* PID_MAX_LIMIT: processes, threads */
#define STACK_MAX  1024		      /* KiB */
#define AMOUNT_MAX (INT64_MAX / 1024) /* KiB; also bounds sums over many processes */

static void put(struct kt_buf *text, int64_t number)
{
	if (number < 0)
		kt_buf_puts(text, "- ");
	else
		kt_buf_printf(text, "%lld ", (long long)number);
}

void kt_task_list_write(const struct kt_snapshot *snap, const struct kt_task *tasks,
	size_t nr_tasks, struct kt_buf *ret_text)
{
	struct kt_val threads = kt_snapshot_get(snap, KT_NR_THREADS, KT_NO_NODE);

	kt_buf_puts(ret_text, "taken_s ");
	put(ret_text, snap->host.taken_s);
	kt_buf_puts(ret_text, "threads ");
	put(ret_text, kt_ok(threads) ? threads.value : KT_UNKNOWN);
	kt_buf_puts(ret_text, "stack ");
	put(ret_text, snap->stack_bytes > 0 ? snap->stack_bytes / 1024 : KT_UNKNOWN);
	kt_buf_printf(ret_text, "left_out %lld\n%s\n", (long long)snap->nr_tasks_left_out, COLUMNS);
	for (size_t i = 0; i < nr_tasks; i++) {
		const struct kt_task *task = &tasks[i];

		put(ret_text, task->pid);
		put(ret_text, task->nr_more);
		put(ret_text, task->kernel);
		put(ret_text, task->zombie);
		put(ret_text, task->nr_threads);
		for (size_t k = 0; k < KT_TASK_AMOUNTS; k++)
			put(ret_text, task->bytes[k] < 0 ? KT_UNKNOWN : task->bytes[k] / 1024);
		kt_buf_printf(ret_text, "%s\n", task->name);
	}
}

/* ---- reading ---- */

/* Takes a number up to `max`, or "-", which becomes KT_UNKNOWN. */
static bool take(struct kt_span *line, int64_t max, int64_t *ret_number)
{
	struct kt_span word;
	uint64_t number;

	*ret_number = KT_UNKNOWN;
	if (!kt_span_word(line, &word))
		return false;
	if (kt_span_eq(word, "-"))
		return true;
	*ret_number = kt_span_u64(word, &number) && number <= (uint64_t)max ? (int64_t)number
									    : KT_UNKNOWN;
	return *ret_number >= 0;
}

static bool take_task(struct kt_span line, struct kt_arena *arena, struct kt_task *ret_task)
{
	int64_t kernel, zombie;

	*ret_task = (struct kt_task){ .ppid = KT_UNKNOWN, .uid = KT_UNKNOWN };
	if (!take(&line, COUNT_MAX, &ret_task->pid) ||
		!take(&line, COUNT_MAX, &ret_task->nr_more) || ret_task->nr_more < 0 ||
		!take(&line, 1, &kernel) || !take(&line, 1, &zombie) ||
		!take(&line, COUNT_MAX, &ret_task->nr_threads))
		return false;
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++) {
		int64_t *bytes = &ret_task->bytes[i];

		if (!take(&line, AMOUNT_MAX, bytes))
			return false;
		*bytes = *bytes < 0 ? KT_UNKNOWN : *bytes * 1024;
	}
	ret_task->kernel = kernel > 0;
	ret_task->zombie = zombie > 0;
	ret_task->name = kt_arena_name(arena, kt_span_trim(line));
	return true;
}

/* Takes the next pair of the head, such as "key 12"; KT_UNKNOWN for "-". */
static bool take_named(struct kt_span *line, const char *key, int64_t max, int64_t *ret_number)
{
	struct kt_span word;

	return kt_span_word(line, &word) && kt_span_eq(word, key) && take(line, max, ret_number);
}

static bool take_head(struct kt_snapshot *snap, struct kt_span line)
{
	int64_t taken_s, threads, stack, left_out;

	if (!take_named(&line, "taken_s", INT64_MAX / 1000, &taken_s) ||
		!take_named(&line, "threads", COUNT_MAX, &threads) ||
		!take_named(&line, "stack", STACK_MAX, &stack) ||
		!take_named(&line, "left_out", COUNT_MAX, &left_out))
		return false;
	snap->stack_bytes = stack > 0 ? stack * 1024 : KT_UNKNOWN;
	snap->tasks_taken_s = taken_s;
	snap->nr_tasks_left_out = left_out < 0 ? 0 : left_out;
	if (threads >= 0)
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_NR_THREADS,
					      .node = KT_NO_NODE,
					      .unit = KT_COUNT,
					      .raw = threads,
					      .path = KT_TASK_LIST,
					      .field = "threads" });
	return true;
}

struct kt_err *kt_task_list_parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;

	if (!kt_span_line(&rest, &line) || !take_head(snap, line) || !kt_span_line(&rest, &line) ||
		!kt_span_eq(line, COLUMNS))
		return kt_err_new(KT_ERR_PARSE, "%s: not a list of processes", text->path);
	while (kt_span_line(&rest, &line) && snap->tasks.count < TASKS_MAX) {
		struct kt_task task, *slot;

		if (!take_task(line, &snap->arena, &task))
			return kt_err_new(KT_ERR_PARSE, "%s: a line is no process", text->path);
		slot = kt_list_push(&snap->arena, &snap->tasks);
		if (slot)
			*slot = task;
	}
	return NULL;
}
