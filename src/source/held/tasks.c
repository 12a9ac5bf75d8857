// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/PID/status of every process and kernel thread. This one file has nearly everything
// and costs about 12 µs (stat 8, maps 40, smaps_rollup 70), so no other file of a process is read.
// Unlike stat, status has a name that the kernel escapes, so no name can look like another line.
//
// /proc/loadavg has the number of threads of the whole machine, even where the PID namespace or
// hidepid= hides some from this user.

#include "source/held/task_list.h"
#include "source/source.h"

#include <stdio.h>
#include <string.h>

#define TASKS_MAX   100000u	 /* processes that are read; a bundle can hold this many */
#define BYTES_MAX   (160u << 20) /* bytes of all files together */
#define STATUS_MAX  262144u    /* bytes; "Groups:" may have 65536 numbers, and comes before Vm… */
#define NAME_MAX_   64u	       /* bytes; the kernel prints no longer name of a kworker */
#define THREADS_MAX (1u << 22) /* PID_MAX_LIMIT */
/* Bytes; no process has more, so sums over TASKS_MAX processes cannot overflow. */
#define AMOUNT_MAX (1ull << 46)
#define LOADAVG	   KT_FILE_LOADAVG

static const struct {
	const char *key;
	enum kt_task_amount amount;
} amounts[] = {
	{ "VmPTE", KT_TASK_TABLES },
	/* from Linux 4.0 (commit dc6c9a35b66b) to 4.14 (commit af5b0f6a09e4) */
	{ "VmPMD", KT_TASK_TABLES },
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
		       : KT_UNKNOWN;
}

/* Parses one line. `is_kernel`: -1 if no line says it, as before 6.8. */
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
 * Without the line "Kthread:", a task is a kernel thread if it has no memory and is a child of
 * kthreadd or of no process. A process that is about to end has no memory either, so memory alone
 * does not decide.
 */
static bool looks_kernel(const struct kt_task *task)
{
	return task->bytes[KT_TASK_SIZE] < 0 && !task->zombie &&
	       (task->pid == 2 || task->ppid == 2 || task->ppid == 0);
}

/* Parses a status file; false if the text has no name of a process. */
static bool parse_task(
	struct kt_arena *arena, struct kt_span text, uint64_t pid, struct kt_task *ret_task)
{
	struct kt_span line, key;
	int is_kernel = -1;

	*ret_task = (struct kt_task){
		.pid = (int64_t)pid, .ppid = KT_UNKNOWN, .uid = KT_UNKNOWN, .nr_threads = KT_UNKNOWN
	};
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		ret_task->bytes[i] = KT_UNKNOWN;
	/* "Threads:" comes after all lines that are used, before masks and signals */
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
		return kt_err_new(KT_ERR_PARSE, "%s: contains no number of threads", text->path);
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

/* A process that ends while it is read is normal; other errors are noted once. */
static struct kt_err *read_processes(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(err) struct kt_err *first = NULL;
	struct kt_err *err;
	kt_names names = { 0 };
	size_t nr_bytes = 0;
	uint64_t pid;

	/* older captures have no such file, and only hidden processes make it necessary */
	kt_arena_ignore(&snap->arena, read_loadavg(root, snap));
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
				kt_arena_ignore(&snap->arena, err);
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

/* Reads the list instead of the files where a recording has one. */
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
 * Shortens a name. A process may be named after a user or a customer. A kernel thread may be named
 * after a host or a volume, but only after its first letters, which are kept.
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
	ret_text->failed |= !snap || snap->arena.failed;
	kt_err_free(err);
}

/* Keeps only the lines that are read, without the user. */
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
	ret_text->failed |= arena.failed;
	kt_arena_fini(&arena);
}

const struct kt_source kt_source_tasks = {
	.name = "tasks",
	.summary = "every process: threads, page tables, mapped memory",
	.paths = { "proc/*/status", LOADAVG, KT_TASK_LIST },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "kernel stacks and page tables are not split by process",
	.gives = "a /proc that shows all processes: root, outside a container",
	.parse = parse,
	.read = read_it,
	.scrub = scrub,
};
