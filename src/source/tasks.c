// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/PID/status: every process and kernel thread. One file a process has nearly all of it
// and costs about 12 µs (stat 8, maps 40, smaps_rollup 70), so nothing else is read of a
// process. Unlike its name in stat, the name in status is escaped by the kernel: no name can
// look like another line.
//
// /proc/loadavg tells the number of threads of the whole machine, whatever PID namespace or
// hidepid= let this user see of them.

#include "source/source.h"
#include "source/task_list.h"

#include <stdio.h>
#include <string.h>

#define TASKS_MAX   100000u	 /* so many are read; a bundle can hold them */
#define BYTES_MAX   (160u << 20) /* of all files together */
#define STATUS_MAX  262144u	 /* "Groups:" may hold 65536 numbers, and stands before Vm… */
#define NAME_MAX_   64u		 /* what the kernel prints of a kworker's name */
#define THREADS_MAX (1u << 22)	 /* PID_MAX_LIMIT */
/* No process has more; sums over TASKS_MAX of them cannot overflow. */
#define AMOUNT_MAX (1ull << 46)
#define LOADAVG	   "proc/loadavg"

static const struct {
	const char *key;
	enum kt_task_amount amount;
} amounts[] = {
	{ "VmPTE", KT_TASK_TABLES },
	{ "VmPMD", KT_TASK_TABLES }, /* a line of its own from 4.0 to 4.14 */
	{ "VmPUD", KT_TASK_TABLES },
	{ "VmSize", KT_TASK_SIZE },
	{ "VmRSS", KT_TASK_RSS },
	{ "RssAnon", KT_TASK_ANON },
	{ "RssFile", KT_TASK_FILE },
	{ "RssShmem", KT_TASK_SHMEM },
	{ "VmSwap", KT_TASK_SWAP },
	{ "HugetlbPages", KT_TASK_HUGETLB },
};

static bool pid_of(const char *path, uint64_t *ret_pid)
{
	struct kt_span rest = kt_span_str(path);

	return kt_span_skip(&rest, "proc/") && kt_span_take_u64(&rest, ret_pid) &&
	       *ret_pid <= THREADS_MAX && kt_span_eq(rest, "/status");
}

/* "     144 kB" */
static void add_amount(struct kt_task *task, enum kt_task_amount amount, struct kt_span value)
{
	int64_t *bytes = &task->bytes[amount];
	struct kt_span word;
	uint64_t kib;

	if (!kt_span_word(&value, &word) || !kt_span_u64(word, &kib) || kib > AMOUNT_MAX / 1024 ||
		!kt_span_eq(kt_span_trim(value), "kB"))
		return;
	*bytes = (*bytes < 0 ? 0 : *bytes) + (int64_t)kib * 1024;
}

static int64_t first_number(struct kt_span value, uint64_t max)
{
	struct kt_span word;
	uint64_t number;

	return kt_span_word(&value, &word) && kt_span_u64(word, &number) && number <= max
		       ? (int64_t)number
		       : -1;
}

/* What one line says. `is_kernel`: -1 where no line tells, before 6.8. */
static void parse_line(struct kt_arena *arena, struct kt_task *task, int *is_kernel,
	struct kt_span key, struct kt_span value)
{
	if (kt_span_eq(key, "Name")) {
		value.n = value.n > NAME_MAX_ ? NAME_MAX_ : value.n;
		task->name = kt_arena_name(arena, value);
	} else if (kt_span_eq(key, "State"))
		task->zombie = kt_span_starts(value, "Z") || kt_span_starts(value, "X");
	else if (kt_span_eq(key, "PPid"))
		task->ppid = first_number(value, THREADS_MAX);
	else if (kt_span_eq(key, "Uid"))
		task->uid = first_number(value, UINT32_MAX);
	else if (kt_span_eq(key, "Threads"))
		task->nr_threads = first_number(value, THREADS_MAX);
	else if (kt_span_eq(key, "Kthread"))
		*is_kernel = kt_span_eq(value, "1");
	for (size_t i = 0; i < KT_LEN(amounts); i++) {
		if (kt_span_eq(key, amounts[i].key))
			add_amount(task, amounts[i].amount, value);
	}
}

/*
 * Without the line "Kthread:" a kernel thread is what has no memory and is a child of
 * kthreadd or of nobody. A process that is about to end has no memory either.
 */
static bool looks_kernel(const struct kt_task *task)
{
	return task->bytes[KT_TASK_SIZE] < 0 && !task->zombie &&
	       (task->pid == 2 || task->ppid == 2 || task->ppid == 0);
}

/* False where the text has no name of a process in it. */
static bool parse_task(
	struct kt_arena *arena, struct kt_span text, uint64_t pid, struct kt_task *ret_task)
{
	struct kt_span line, key;
	int is_kernel = -1;

	*ret_task =
		(struct kt_task){ .pid = (int64_t)pid, .ppid = -1, .uid = -1, .nr_threads = -1 };
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		ret_task->bytes[i] = -1;
	/* "Threads:" stands behind all that is wanted, before masks and signals */
	while (ret_task->nr_threads < 0 && kt_span_line(&text, &line)) {
		if (kt_span_until(&line, ':', &key))
			parse_line(arena, ret_task, &is_kernel, key, kt_span_trim(line));
	}
	ret_task->kernel = is_kernel < 0 ? looks_kernel(ret_task) : is_kernel;
	return ret_task->name != NULL;
}

static struct kt_err *parse_status(
	struct kt_snapshot *snap, const struct kt_text *text, uint64_t pid)
{
	struct kt_task task, *slot;

	if (!parse_task(&snap->arena, kt_text_span(text), pid, &task))
		return kt_err_new(KT_ERR_PARSE, "%s: not the state of a process", text->path);
	slot = kt_list_push(&snap->arena, &snap->tasks);
	if (slot)
		*slot = task;
	return NULL;
}

/* "0.52 0.60 0.65 1/116 32497": running and all threads, and the last PID */
static struct kt_err *parse_loadavg(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), word;
	uint64_t threads;

	if (!kt_span_until(&rest, '/', &word) || !kt_span_take_u64(&rest, &threads) ||
		threads > THREADS_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: tells no number of threads", text->path);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_NR_THREADS,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = (int64_t)threads,
				      .path = LOADAVG,
				      .field = "running/threads" });
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	uint64_t pid;

	if (strcmp(text->path, LOADAVG) == 0)
		return parse_loadavg(snap, text);
	if (strcmp(text->path, KT_TASK_LIST) == 0)
		return kt_task_list_parse(snap, text);
	if (!pid_of(text->path, &pid))
		return kt_err_new(KT_ERR_PARSE, "%s: not a process", text->path);
	return parse_status(snap, text, pid);
}

static struct kt_err *read_loadavg(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_head(root, LOADAVG, 4096, &text);

	return err ? err : parse(snap, &text);
}

static struct kt_err *read_status(
	struct kt_root *root, struct kt_snapshot *snap, const char *path, size_t *nr_bytes)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_head(root, path, STATUS_MAX, &text);

	if (err)
		return err;
	*nr_bytes += text.size;
	return parse(snap, &text);
}

static struct kt_err *read_list(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read(root, KT_TASK_LIST, &text);

	return err ? err : parse(snap, &text);
}

/* A process that ends while it is read is normal; other errors are told once. */
static struct kt_err *read_processes(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(err) struct kt_err *first = NULL;
	struct kt_err *err;
	kt_names names = { 0 };
	size_t nr_bytes = 0;
	uint64_t pid;

	/* older captures lack it, and it is only needed where processes are hidden */
	kt_err_free(read_loadavg(root, snap));
	err = kt_root_list(root, "proc", &snap->arena, &names);
	for (size_t i = 0; i < names.count && !err; i++) {
		char path[64];

		if (!kt_span_u64(kt_span_str(names.items[i]), &pid))
			continue;
		if (snap->tasks.count >= TASKS_MAX || nr_bytes > BYTES_MAX) {
			snap->nr_tasks_left_out++;
			continue;
		}
		snprintf(path, sizeof(path), "proc/%.20s/status", names.items[i]);
		err = read_status(root, snap, path, &nr_bytes);
		if (err && kt_err_code(err) != KT_ERR_NOMEM) {
			if (first || kt_err_code(err) == KT_ERR_ABSENT)
				kt_err_free(err);
			else
				first = err;
			err = NULL;
		}
	}
	if (err || snap->tasks.count)
		return err;
	err = first ? first : kt_err_new(KT_ERR_ABSENT, "proc/PID/status: no process is there");
	first = NULL;
	return err;
}

/* A recording has a list in place of the files. */
static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_err *err = snap->host.live ? read_processes(root, snap) : read_list(root, snap);

	if (!err || snap->host.live || kt_err_code(err) != KT_ERR_ABSENT)
		return err;
	kt_err_free(err);
	return read_processes(root, snap);
}

static bool is_kept(struct kt_span key)
{
	static const char *const kept[] = { "State", "Pid", "PPid", "Kthread", "Threads" };

	for (size_t i = 0; i < KT_LEN(kept); i++) {
		if (kt_span_eq(key, kept[i]))
			return true;
	}
	for (size_t i = 0; i < KT_LEN(amounts); i++) {
		if (kt_span_eq(key, amounts[i].key))
			return true;
	}
	return false;
}

/*
 * A process may be named after a person or a customer, a kernel thread after a host or a
 * volume, behind its first letters.
 */
static const char *scrubbed_name(struct kt_arena *arena, const struct kt_task *task)
{
	size_t n = task->kernel ? strspn(task->name, "abcdefghijklmnopqrstuvwxyz_") : 0;
	const char *name = n ? kt_arena_printf(arena, "%.*s", (int)n, task->name) : NULL;

	return name ? name : "(scrubbed)";
}

static void scrub_list(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err = snap ? kt_task_list_parse(snap, text) : NULL;

	if (snap && !err) {
		for (size_t i = 0; i < snap->tasks.count; i++)
			snap->tasks.items[i].name =
				scrubbed_name(&snap->arena, &snap->tasks.items[i]);
		snap->host.taken_s = snap->tasks_taken_s;
		kt_task_list_write(snap, snap->tasks.items, snap->tasks.count, ret_text);
	}
	kt_err_free(err);
}

/* Only the lines that are read, without the user. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, key;
	struct kt_arena arena = { 0 };
	struct kt_task task;

	if (strcmp(text->path, KT_TASK_LIST) == 0) {
		scrub_list(text, ret_text);
		return;
	}
	if (strcmp(text->path, LOADAVG) == 0) {
		kt_buf_add(ret_text, text->data, text->size);
		return;
	}
	if (!parse_task(&arena, rest, 0, &task))
		task = (struct kt_task){ .name = "" };
	kt_buf_printf(ret_text, "Name:\t%s\n", scrubbed_name(&arena, &task));
	while (kt_span_line(&rest, &line)) {
		struct kt_span value = line;

		if (kt_span_until(&value, ':', &key) && is_kept(key))
			kt_buf_printf(ret_text, "%.*s\n", (int)line.n, line.p);
	}
	kt_arena_fini(&arena);
}

const struct kt_source kt_source_tasks = {
	.name = "tasks",
	.summary = "every process: threads, page tables, mapped memory",
	.paths = { "proc/*/status", LOADAVG, KT_TASK_LIST },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "kernel stacks and page tables have no owners",
	.gives = "a /proc that shows all processes: root, in no container",
	.parse = parse,
	.read = read_it,
	.scrub = scrub,
};
