// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/held/task_list.h"

#define PATH "proc/77/status"

static const struct kt_task *only(const struct kt_snapshot *snap)
{
	static const struct kt_task none = { .name = "(none)" };

	return CHECK_INT(snap->tasks.count, 1) ? &snap->tasks.items[0] : &none;
}

TEST(a_process_has_its_memory_in_bytes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_task *task;

	CHECK_INT(FEED(snap, tasks, PATH,
			  "Name:\tpostgres\nUmask:\t0077\nState:\tS (sleeping)\nTgid:\t77\n"
			  "Pid:\t77\nPPid:\t3\nUid:\t26\t27\t28\t29\nGroups:\t26 \nKthread:\t0\n"
			  "VmPeak:\t 999 kB\nVmSize:\t   54732 kB\nVmRSS:\t   22512 kB\n"
			  "RssAnon:\t   13648 kB\nRssFile:\t       8 kB\nRssShmem:\t    8856 kB\n"
			  "VmPTE:\t     144 kB\nVmSwap:\t       0 kB\nHugetlbPages:\t   4096 kB\n"
			  "Threads:\t13\nSigQ:\t1/96343\n"),
		NO_ERROR);
	task = only(snap);
	CHECK_STR(task->name, "postgres");
	CHECK_INT(task->pid, 77);
	CHECK_INT(task->ppid, 3);
	CHECK_INT(task->uid, 26);
	CHECK_INT(task->nr_threads, 13);
	CHECK(!task->kernel && !task->zombie);
	CHECK_INT(task->bytes[KT_TASK_TABLES], 144 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SIZE], 54732 * KIB);
	CHECK_INT(task->bytes[KT_TASK_RSS], 22512 * KIB);
	CHECK_INT(task->bytes[KT_TASK_ANON], 13648 * KIB);
	CHECK_INT(task->bytes[KT_TASK_FILE], 8 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SHMEM], 8856 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SWAP], 0);
	CHECK_INT(task->bytes[KT_TASK_HUGETLB], 4096 * KIB);
}

TEST(what_no_line_tells_is_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_task *task;

	FEED(snap, tasks, PATH, "Name:\told\nVmSize:\t8 kB\nThreads:\t1\n");
	task = only(snap);
	CHECK_INT(task->ppid, -1);
	CHECK_INT(task->uid, -1);
	CHECK_INT(task->bytes[KT_TASK_TABLES], -1);
	CHECK_INT(task->bytes[KT_TASK_ANON], -1);
}

TEST(tables_of_all_levels_are_added_where_they_have_lines_of_their_own)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, tasks, PATH, "Name:\tx\nVmPTE:\t 100 kB\nVmPMD:\t 12 kB\nThreads:\t1\n");
	CHECK_INT(only(snap)->bytes[KT_TASK_TABLES], 112 * KIB);
}

TEST(names_may_look_like_anything)
{
	static const struct {
		const char *in, *out;
	} names[] = {
		{ "((sd-pam))", "((sd-pam))" },
		{ "a b) S 1 (c", "a b) S 1 (c" },
		{ "x\\nThreads:\\t9", "x\\nThreads:\\t9" }, /* as the kernel escapes it */
		{ "Web: Content", "Web: Content" },
		{ "\x1b[31m\xff\xc3", "?[31m??" },
		{ "Threads:", "Threads:" },
		{ "", "" },
	};

	for (size_t i = 0; i < KT_LEN(names); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text), "Name:\t%s\nState:\tR (running)\nThreads:\t2\n",
			names[i].in);
		CHECK_INT(FEED(snap, tasks, PATH, text), NO_ERROR);
		CHECK_STR(only(snap)->name, names[i].out);
		CHECK_INT(only(snap)->nr_threads, 2);
	}
}

static bool is_kernel(const char *path, const char *rest)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	char text[256];

	snprintf(text, sizeof(text), "Name:\tx\n%s", rest);
	FEED(snap, tasks, path, text);
	return only(snap)->kernel;
}

TEST(a_kernel_thread_is_what_the_kernel_calls_one)
{
	CHECK(is_kernel(PATH, "PPid:\t1\nKthread:\t1\nThreads:\t1\n"));
	CHECK(!is_kernel(PATH, "PPid:\t2\nKthread:\t0\nThreads:\t1\n"));
}

TEST(before_that_line_a_kernel_thread_is_a_child_of_kthreadd_without_memory)
{
	CHECK(is_kernel(PATH, "PPid:\t2\nThreads:\t1\n"));
	CHECK(is_kernel("proc/2/status", "PPid:\t0\nThreads:\t1\n"));
	CHECK(!is_kernel(PATH, "PPid:\t2\nVmSize:\t1 kB\nThreads:\t1\n"));
	CHECK(!is_kernel(PATH, "PPid:\t900\nThreads:\t1\n"));
	CHECK(!is_kernel(PATH, "State:\tZ (zombie)\nPPid:\t2\nThreads:\t1\n"));
}

TEST(impossible_numbers_are_unknown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_task *task;

	FEED(snap, tasks, PATH,
		"Name:\tx\nPPid:\t-1\nUid:\tme\nVmSize:\t99999999999999999999 kB\n"
		"VmRSS:\t18446744073709551615 kB\nVmPTE:\t-4 kB\nVmSwap:\t4 MB\nRssAnon:\tkB\n"
		"RssFile:\nThreads:\t99999999\n");
	task = only(snap);
	CHECK_INT(task->ppid, -1);
	CHECK_INT(task->uid, -1);
	CHECK_INT(task->nr_threads, -1);
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		CHECK_INT(task->bytes[i], -1);
}

TEST(what_is_no_process_is_an_error)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, tasks, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, tasks, PATH, "MemTotal: 1 kB\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, tasks, "proc/self/status", "Name:\tx\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, tasks, "proc/99999999/status", "Name:\tx\n"), KT_ERR_PARSE);
	CHECK_INT(snap->tasks.count, 0);
}

TEST(loadavg_tells_the_threads_of_the_whole_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, tasks, "proc/loadavg", "0.5 0.6 0.7 4/116 32497\n"), NO_ERROR);
	CHECK_VALUE(snap, NR_THREADS, 116);
	CHECK_INT(FEED(snap, tasks, "proc/loadavg", "0.5 0.6 0.7 4 32497\n"), KT_ERR_PARSE);
}

static const char *scrubbed(const char *path, const char *data, struct kt_buf *buf)
{
	struct kt_text text = { strdup(data), strlen(data), path };

	kt_source_tasks.scrub(&text, buf);
	kt_buf_add(buf, "", 1);
	kt_text_cleanup(&text);
	return buf->data;
}

TEST(a_scrubbed_process_has_no_name_and_no_user)
{
	KT_CLEANUP(buf) struct kt_buf user = { 0 }, kernel = { 0 }, load = { 0 };

	CHECK_STR(scrubbed(PATH,
			  "Name:\tjohns-secret\nPid:\t77\nUid:\t1000\nGroups:\t1 2\nKthread:\t0\n"
			  "VmPTE:\t4 kB\nThreads:\t3\n",
			  &user),
		"Name:\t(scrubbed)\nPid:\t77\nKthread:\t0\nVmPTE:\t4 kB\nThreads:\t3\n");
	CHECK_STR(scrubbed(PATH, "Name:\tjbd2/johns-disk\nKthread:\t1\nThreads:\t1\n", &kernel),
		"Name:\tjbd\nKthread:\t1\nThreads:\t1\n");
	CHECK_STR(scrubbed("proc/loadavg", "0 0 0 1/2 3\n", &load), "0 0 0 1/2 3\n");
}

/* ---- the list of a recording ---- */

#define HEAD                                                   \
	"taken_s 1790000000 threads 512 stack 16 left_out 0\n" \
	"pid more kernel zombie threads tables size rss anon file shmem swap hugetlb name\n"
#define POSTGRES "77 0 0 0 13 144 54732 22512 13648 8 8856 0 4096 post gres 1\n"
#define KWORKERS "- 41 1 0 42 - - - - - - - - kworker\n"

TEST(a_list_is_read_as_it_was_written)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf again = { 0 };
	const struct kt_task *task;

	CHECK_INT(FEED(snap, tasks, KT_TASK_LIST, HEAD POSTGRES KWORKERS), NO_ERROR);
	CHECK_VALUE(snap, NR_THREADS, 512);
	CHECK_INT(snap->tasks_taken_s, 1790000000);
	CHECK_INT(snap->stack_bytes, 16 * KIB);
	if (!CHECK_INT(snap->tasks.count, 2))
		return;
	task = &snap->tasks.items[0];
	CHECK_STR(task->name, "post gres 1");
	CHECK_INT(task->pid, 77);
	CHECK_INT(task->nr_more, 0);
	CHECK_INT(task->nr_threads, 13);
	CHECK(!task->kernel && !task->zombie);
	CHECK_INT(task->bytes[KT_TASK_TABLES], 144 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SIZE], 54732 * KIB);
	CHECK_INT(task->bytes[KT_TASK_RSS], 22512 * KIB);
	CHECK_INT(task->bytes[KT_TASK_ANON], 13648 * KIB);
	CHECK_INT(task->bytes[KT_TASK_FILE], 8 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SHMEM], 8856 * KIB);
	CHECK_INT(task->bytes[KT_TASK_SWAP], 0);
	CHECK_INT(task->bytes[KT_TASK_HUGETLB], 4096 * KIB);
	task = &snap->tasks.items[1];
	CHECK_INT(task->pid, -1);
	CHECK_INT(task->nr_more, 41);
	CHECK(task->kernel);
	CHECK_INT(task->bytes[KT_TASK_TABLES], -1);
	snap->host.taken_s = snap->tasks_taken_s;
	kt_task_list_write(snap, snap->tasks.items, snap->tasks.count, &again);
	kt_buf_add(&again, "", 1);
	CHECK_STR(again.data, HEAD POSTGRES KWORKERS);
}

TEST(what_is_no_list_is_an_error)
{
	static const char *const texts[] = { "", "taken_s 1 threads 2\n", HEAD "77 0 0 0\n",
		HEAD "77 - 0 0 13 - - - - - - - - a\n", HEAD "77 0 2 0 13 - - - - - - - - a\n",
		HEAD "77 0 0 0 99999999 - - - - - - - - a\n",
		HEAD "77 0 0 0 13 9999999999999999 - - - - - - - a\n",
		"taken_s 1 threads 2 stack 8 left_out 0\nanother kernel's columns\n" };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, tasks, KT_TASK_LIST, texts[i]), KT_ERR_PARSE);
		CHECK_INT(snap->tasks.count, 0);
	}
}

TEST(a_scrubbed_list_has_its_numbers_and_no_names)
{
	KT_CLEANUP(buf) struct kt_buf list = { 0 };

	CHECK_STR(scrubbed(KT_TASK_LIST, HEAD POSTGRES KWORKERS, &list),
		HEAD "77 0 0 0 13 144 54732 22512 13648 8 8856 0 4096 (scrubbed)\n" KWORKERS);
}
