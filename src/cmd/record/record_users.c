// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_users.h"

#include "base/kernel_files.h"
#include "cmd/users/users_watch.h"
#include "machine/pace.h"
#include "source/watch/watched.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCH_S	  60.0
#define CPU_SHARE 0.001 /* of one CPU, over ten minutes: what the programs of a watch may take */
#define REST	  1000	/* the next watch waits so many times as long as the last one took CPU */
#define REST_MS	  600000
#define AGAIN_MS  3600000 /* a row that was watched is left alone for so long */
#define STEP_NS	  100000000
#define STACKS	  32u /* of a watch */

/* ---- rows of a sample ---- */

/* name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables ... : slabdata
 * <active_slabs> <num_slabs> */
static void take_cache(struct kt_record_users *users, struct kt_span line)
{
	struct kt_span name, word;
	uint64_t pages = 0, slabs = 0;
	char text[128];

	if (!kt_span_word(&line, &name) || name.n >= sizeof(text) || name.p[0] == '#')
		return;
	for (int i = 0; i < 5 && kt_span_word(&line, &word); i++) {
		if (i == 4 && !kt_span_u64(word, &pages))
			return;
	}
	line = kt_span_from(line, kt_span_find(line, "slabdata"));
	for (int i = 0; i < 3; i++) { /* slabdata <active_slabs> <num_slabs> */
		if (!kt_span_word(&line, &word))
			return;
	}
	if (!kt_span_u64(word, &slabs) || slabs > UINT32_MAX || pages > 1024)
		return;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	kt_row_growth_add(users->growth, text, (int64_t)(slabs * pages * users->page_bytes));
}

/* Memory that no counter has is what is left of all: direct pages are most of it. */
static void take_meminfo(struct kt_record_users *users, struct kt_span text)
{
	static const struct {
		const char *key;
		int sign;
		const char *row;
	} keys[] = { { "MemTotal:", 1, NULL }, { "MemFree:", -1, NULL }, { "Active:", -1, NULL },
		{ "Inactive:", -1, NULL }, { "Unevictable:", -1, NULL }, { "Slab:", -1, NULL },
		{ "PageTables:", -1, NULL }, { "SecPageTables:", -1, NULL },
		{ "KernelStack:", -1, NULL }, { "Hugetlb:", -1, NULL }, { "Zswap:", -1, NULL },
		{ "Percpu:", -1, "percpu" }, { "VmallocUsed:", -1, "vmalloc" } };
	struct kt_span line;
	int64_t pages = 0;

	while (kt_span_line(&text, &line)) {
		struct kt_span key, word;
		int64_t kib;

		if (!kt_span_word(&line, &key) || !kt_span_word(&line, &word) ||
			!kt_span_i64(word, &kib) || kib < 0 || kib > INT64_MAX / 2048)
			continue;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (!kt_span_eq(key, keys[i].key))
				continue;
			pages += keys[i].sign * kib;
			if (keys[i].row)
				kt_row_growth_add(users->growth, keys[i].row, kib * 1024);
		}
	}
	kt_row_growth_add(users->growth, "pages", pages * 1024);
}

void kt_record_users_take(struct kt_record_users *users, const char *path, struct kt_span text)
{
	struct kt_span line;

	if (!users->growth)
		return;
	if (strcmp(path, KT_FILE_MEMINFO) == 0)
		take_meminfo(users, text);
	if (strcmp(path, KT_FILE_SLABINFO) != 0)
		return;
	while (kt_span_line(&text, &line))
		take_cache(users, line);
}

/* ---- a watch, in a process of its own ---- */

static uint64_t now_ns(void)
{
	return (uint64_t)kt_pace_clock_ms() * 1000000;
}

/* `row` NULL: only opens and closes it, which says whether that is allowed. */
static struct kt_err *watch(struct kt_machine *machine, const char *row, int64_t begun_s)
{
	struct kt_alloc_watch_opts opts = { .pool = KT_TRACE_SLAB,
		.topic = "slab caches",
		.seconds = WATCH_S,
		.cpu_share = CPU_SHARE };
	KT_CLEANUP(alloc_watch) struct kt_alloc_watch *watch = NULL;
	const struct timespec step = { .tv_nsec = STEP_NS };
	struct kt_watched_whole *whole;
	struct kt_err *err = row ? kt_users_watch_find(row, machine->root, &opts) : NULL;

	machine->snap->asked_cache = opts.cache;
	if (!err)
		err = kt_machine_collect(machine, 0, &kt_users_watch_needs);
	if (!err)
		err = kt_alloc_watch_open(machine->root, machine->snap, &opts, &watch);
	if (err || !row)
		return err;
	err = kt_alloc_watch_start(watch, now_ns());
	while (!err && kt_alloc_watch_step(watch, now_ns()))
		nanosleep(&step, NULL);
	if (!err)
		err = kt_alloc_watch_end(watch, now_ns());
	if (err)
		return err;
	whole = &machine->snap->watches.items[0];
	whole->begun_s = begun_s;
	whole->says = kt_users_watch_says(&machine->snap->arena, machine->snap, 0);
	return NULL;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/*
 * In front of the text, or of the reason why there is none. The process does not have the CPU time
 * that its programs take.
 */
struct head {
	int64_t programs_ns;
	int32_t failed;
	uint32_t size; /* bytes that follow */
};

static bool run_child(struct kt_root *root, const struct kt_machine_opts *opts, const char *row,
	int64_t begun_s, int fd)
{
	struct kt_machine machine = { .root = root, .snap = kt_snapshot_new(), .opts = *opts };
	struct kt_err *err;
	struct kt_buf text = { 0 };
	struct head head = { 0 };

	if (!machine.snap)
		return false;
	err = watch(&machine, row, begun_s);
	head.failed = err != NULL;
	if (err)
		kt_buf_puts(&text, kt_err_text(err));
	else if (row)
		kt_watched_write(machine.snap, 0, STACKS, &text);
	if (!err && row)
		head.programs_ns = machine.snap->watches.items[0].cpu_ns;
	head.size = (uint32_t)text.size;
	return !text.failed && !machine.snap->arena.failed &&
	       write_all(fd, (const char *)&head, sizeof(head)) &&
	       write_all(fd, text.data, text.size);
}

/* The process must not outlive the recorder, whose end would not end the watch otherwise. */
static bool start(struct kt_record_users *users, const struct kt_machine_opts *opts,
	struct kt_root *root, const char *row, int64_t real_ms, int64_t boot_ms)
{
	pid_t parent = getpid();

	users->now = (struct kt_record_users_row){ .begun_ms = boot_ms };
	snprintf(users->now.name, sizeof(users->now.name), "%s", row ? row : "");
	users->fd = memfd_create("ktally", MFD_CLOEXEC);
	if (users->fd < 0)
		return false;
	users->child = fork();
	if (users->child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		_exit(!run_child(root, opts, row, real_ms / 1000, users->fd));
	}
	if (users->child > 0)
		return true;
	users->child = 0;
	close(users->fd);
	return false;
}

/* The file is this program's own, and was written whole: the process ended well. */
static bool read_result(int fd, struct head *ret_head, struct kt_buf *ret_text)
{
	char *to;

	if (lseek(fd, 0, SEEK_SET) != 0 ||
		read(fd, ret_head, sizeof(*ret_head)) != (ssize_t)sizeof(*ret_head))
		return false;
	to = kt_buf_reserve(ret_text, ret_head->size + 1);
	if (!to || read(fd, to, ret_head->size) != (ssize_t)ret_head->size)
		return false;
	to[ret_head->size] = '\0';
	ret_text->size = ret_head->size;
	return true;
}

/* ---- results ---- */

static struct kt_record_users_row *find_row(struct kt_record_users *users, const char *name)
{
	for (uint32_t i = 0; i < users->nr_rows; i++) {
		if (strcmp(users->rows[i].name, name) == 0)
			return &users->rows[i];
	}
	return NULL;
}

/* The newest is last; of one row there is one, and the oldest goes when there are too many. */
static void keep(struct kt_record_users *users, struct kt_record_users_row *row)
{
	struct kt_record_users_row *old = find_row(users, row->name);

	if (!old && users->nr_rows == KT_RECORD_USERS_ROWS)
		old = &users->rows[0];
	if (old) {
		kt_buf_cleanup(&old->text);
		memmove(old, old + 1,
			(size_t)(users->rows + users->nr_rows - (old + 1)) * sizeof(*old));
		users->nr_rows--;
	}
	users->rows[users->nr_rows++] = *row;
	*row = (struct kt_record_users_row){ 0 };
}

static void take_result(
	struct kt_record_users *users, bool good, const struct rusage *usage, int64_t boot_ms)
{
	struct head head = { 0 };
	struct kt_buf text = { 0 };
	int64_t cpu_ms = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 +
			 (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
	bool probe = !users->now.name[0];

	if (!good || !read_result(users->fd, &head, &text)) {
		head.failed = true;
		text.size = 0;
		kt_buf_puts(
			&text, "the process that watches did not end well; memory may be short");
	}
	cpu_ms += head.programs_ns / 1000000;
	users->cpu_ms += cpu_ms;
	if (!probe || head.failed)
		users->next_ms = boot_ms + (cpu_ms * REST > REST_MS ? cpu_ms * REST : REST_MS);
	users->checked |= probe;
	snprintf(users->why, sizeof(users->why), "%.*s", head.failed ? (int)text.size : 0,
		text.failed ? "out of memory"
		: text.data ? text.data
			    : "");
	/* a cache may have gone meanwhile; it is not asked for again soon */
	if (head.failed)
		kt_buf_cleanup(&text);
	else
		users->now.text = text;
	if (!probe)
		keep(users, &users->now);
	else
		kt_buf_cleanup(&users->now.text);
}

static void end(struct kt_record_users *users, int64_t boot_ms)
{
	struct rusage usage = { 0 };
	int status = 0;
	pid_t pid;

	do
		pid = wait4(users->child, &status, WNOHANG, &usage);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return;
	users->child = 0;
	take_result(
		users, pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0, &usage, boot_ms);
	close(users->fd);
}

/* ---- samples ---- */

struct choice {
	struct kt_record_users *users;
	int64_t boot_ms;
};

static bool may_watch(void *arg, const char *name)
{
	const struct choice *choice = arg;
	const struct kt_record_users_row *row = find_row(choice->users, name);

	return !row || choice->boot_ms - row->begun_ms >= AGAIN_MS;
}

static struct kt_err *step(struct kt_record_users *users, const struct kt_machine_opts *opts,
	struct kt_root *root, int64_t real_ms, int64_t boot_ms)
{
	struct choice choice = { users, boot_ms };
	const char *row = NULL;
	int64_t bytes;

	if (!users->growth)
		users->growth = kt_row_growth_new();
	if (!users->growth || !kt_row_growth_end(users->growth))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (users->child)
		end(users, boot_ms);
	if (users->child || boot_ms < users->next_ms)
		return NULL;
	if (users->checked)
		row = kt_row_growth_most(users->growth, may_watch, &choice, &bytes);
	if (users->checked && !row)
		return NULL;
	if (!start(users, opts, root, row, real_ms, boot_ms)) {
		users->next_ms = boot_ms + REST_MS;
		snprintf(users->why, sizeof(users->why), "no process can be made: %s",
			strerror(errno));
	}
	return NULL;
}

static void put(
	const struct kt_record_users *users, struct kt_sampler *sampler, struct kt_draft *draft)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (uint32_t i = 0; i < users->nr_rows; i++)
		kt_buf_add(&text, users->rows[i].text.data, users->rows[i].text.size);
	draft->failed |= text.failed;
	if (text.size)
		kt_sampler_text(
			sampler, draft, KT_WATCHED_FILE, (struct kt_span){ text.data, text.size });
	else if (users->why[0])
		kt_sampler_unread(sampler, draft, KT_WATCHED_FILE, KT_MARK_UNREAD, users->why);
}

struct kt_err *kt_record_users_sample(struct kt_record_users *users, const struct kt_call *call,
	struct kt_root *root, struct kt_sampler *sampler, struct kt_draft *draft, int64_t real_ms,
	int64_t boot_ms)
{
	struct kt_err *err =
		users->wanted ? step(users, &call->machine, root, real_ms, boot_ms) : NULL;
	char text[sizeof(users->why) + 64];

	if (err || !users->wanted)
		return err;
	put(users, sampler, draft);
	if (users->why[0] && !users->told) {
		snprintf(text, sizeof(text), "--users: %s; samples are recorded without it",
			users->why);
		kt_call_say(call, text);
	}
	users->told = users->why[0] != '\0';
	return NULL;
}

void kt_record_users_fini(struct kt_record_users *users)
{
	if (users->child) {
		kill(users->child, SIGKILL);
		waitpid(users->child, NULL, 0);
		close(users->fd);
	}
	for (uint32_t i = 0; i < users->nr_rows; i++)
		kt_buf_cleanup(&users->rows[i].text);
	kt_row_growth_free(users->growth);
	*users = (struct kt_record_users){ 0 };
}
