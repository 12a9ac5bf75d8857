// SPDX-License-Identifier: GPL-2.0-or-later
//
// The recorder. Every interval it reads the few files whose numbers move; what seldom
// changes or costs more is read at the start of each block and every ten minutes. It does
// not look at what it reads: the files are kept as they are, and whoever reads the
// recording finds in it what he would have found then.

#include "analysis/tasks.h"
#include "cmd/cmd.h"
#include "cmd/pace.h"
#include "cmd/session.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "source/meta.h"
#include "source/task_list.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_INTERVAL_S 10
#define FLUSH_S		   10  /* what a crash may cost */
#define SLOW_S		   600 /* between two readings of what seldom changes */
#define LARGEST_TASKS	   32  /* with most page tables, and as many with most threads */
#define BLOCK_SAMPLES	   3600
#define BLOCK_BYTES	   (288u << 10) /* of memory, that is: a block is written when full */

/*
 * Read in every sample, close together, because the account subtracts them. Modules are
 * short, and when one came is the first thing asked of a leak.
 */
static const char *const fast_sources[] = { "vmstat", "zoneinfo", "meminfo", "slabinfo",
	"buddyinfo", "modules" };
/* Read with them as long as there is a pool. */
static const char *const pool_sources[] = { "hugepages" };

/* Read seldom, and at the beginning of each block: beside the sources of the account. */
static const char slow_sources[] = "+ dcache settings sockstat modules percpu_stats cgroup_count "
				   "cgroups tasks";

struct recorder {
	const struct kt_options *options;
	const char *path;
	struct kt_root *root;
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	struct kt_arena arena; /* of the list of files */
	kt_names files, pool_files;
	bool has_pools;		   /* of huge pages, in the last sample */
	bool stalled;		   /* the disk is full */
	int64_t slow_ms, flush_ms; /* when last; 0: never, in this block */
	int64_t interval_ms;
	int64_t nr_samples;
};

static void say(const struct recorder *recorder, const char *text)
{
	if (recorder->options->say)
		recorder->options->say(text);
}

/* ---- what is read ---- */

static struct kt_err *list_files(struct recorder *recorder, const char *const *sources,
	size_t nr_sources, kt_names *ret_files)
{
	struct kt_err *err = NULL;

	*ret_files = (kt_names){ 0 };
	for (size_t i = 0; i < nr_sources && !err; i++) {
		const struct kt_source *source = kt_source_find(sources[i]);

		if (source)
			err = kt_source_files(recorder->root, source, &recorder->arena, ret_files);
	}
	return err;
}

static struct kt_err *list_all_files(struct recorder *recorder)
{
	struct kt_err *err;

	kt_arena_fini(&recorder->arena);
	recorder->arena = (struct kt_arena){ 0 };
	err = list_files(recorder, fast_sources, KT_LEN(fast_sources), &recorder->files);
	if (!err)
		err = list_files(
			recorder, pool_sources, KT_LEN(pool_sources), &recorder->pool_files);
	return err;
}

/*
 * "Hugetlb: 0 kB" (4.15 and newer) is the sum of all pools of all sizes: then each number in
 * the files of the pools is 0 as well, and they are ten files or more.
 */
static bool tells_of_pools(struct kt_span meminfo)
{
	struct kt_span rest = kt_span_from(meminfo, kt_span_find(meminfo, "\nHugetlb:")), word;

	return !kt_span_skip(&rest, "\nHugetlb:") || !kt_span_word(&rest, &word) ||
	       !kt_span_eq(word, "0");
}

static bool read_one(struct recorder *recorder, struct kt_draft *draft, const char *path)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(recorder->root, path, &text);

	if (err)
		kt_sampler_gone(recorder->sampler, draft, path);
	else
		kt_sampler_text(recorder->sampler, draft, path, kt_text_span(&text));
	return strcmp(path, "proc/meminfo") == 0 && (err || tells_of_pools(kt_text_span(&text)));
}

static void read_fast(struct recorder *recorder, struct kt_draft *draft)
{
	for (size_t i = 0; i < recorder->files.count; i++) {
		bool had_pools = recorder->has_pools;

		if (strcmp(recorder->files.items[i], "proc/meminfo") != 0) {
			read_one(recorder, draft, recorder->files.items[i]);
			continue;
		}
		recorder->has_pools = read_one(recorder, draft, recorder->files.items[i]);
		/* once more when the last one has gone; a block begins with all files */
		if (!recorder->has_pools && !had_pools)
			continue;
		for (size_t k = 0; k < recorder->pool_files.count; k++)
			read_one(recorder, draft, recorder->pool_files.items[k]);
	}
}

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct recorder *recorder = arg;
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	const struct kt_source *source = kt_source_of(path);
	KT_CLEANUP(buf) struct kt_buf short_text = { 0 };
	struct kt_span kept = { 0 };

	path = kt_source_bundle_name(path);
	/*
	 * The second reading belongs to this sample only, and would be taken for any later one's.
	 * Of the processes a list is kept.
	 */
	if (source == &kt_source_bracket || source == &kt_source_tasks)
		return;
	if (err) {
		kt_sampler_gone(recorder->sampler, draft, path);
		return;
	}
	kept = kt_text_span(text);
	if (source && source->condense) {
		source->condense(text, &short_text);
		kept = (struct kt_span){ short_text.data, short_text.size };
	}
	kt_sampler_text(recorder->sampler, draft, path, kept);
}

static void put_facts(
	struct recorder *recorder, struct kt_draft *draft, const struct kt_snapshot *snap)
{
	static const struct {
		const char *key, *path;
	} files[] = { { "boot_id", "proc/sys/kernel/random/boot_id" } };

	if (draft->block.facts.count)
		return;
	for (size_t i = 0; i < KT_LEN(files); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err)
		struct kt_err *err = kt_root_read_head(recorder->root, files[i].path, 256, &text);
		struct kt_span value = kt_span_trim(kt_text_span(&text));

		if (!err)
			kt_draft_fact(draft, files[i].key, kt_arena_name(&recorder->arena, value));
	}
	kt_draft_fact(draft, "ktally", KTALLY_VERSION);
	kt_draft_fact(draft, "page_bytes",
		kt_arena_printf(&recorder->arena, "%lld", (long long)snap->host.page_bytes));
	kt_draft_fact(draft, "host", snap->host.name ? snap->host.name : "");
	kt_draft_fact(draft, "release", snap->host.release ? snap->host.release : "");
}

/* The files of a sample are read before the counters of each CPU are folded, if at all. */
static void put_meta(struct recorder *recorder, struct kt_draft *draft, struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf meta = { 0 };

	snap->folded = false;
	kt_meta_write(snap, &meta);
	if (!meta.failed)
		kt_sampler_text(recorder->sampler, draft, "ktally/meta",
			(struct kt_span){ meta.data, meta.size });
}

static void put_tasks(struct recorder *recorder, struct kt_draft *draft, struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	kt_tasks tasks = { 0 };

	snap->stack_bytes = kt_stacks_of(snap).each_bytes;
	if (snap->tasks.count && kt_tasks_largest(&snap->arena, snap, LARGEST_TASKS, &tasks))
		kt_task_list_write(snap, tasks.items, tasks.count, &text);
	if (text.size && !text.failed)
		kt_sampler_text(recorder->sampler, draft, KT_TASK_LIST,
			(struct kt_span){ text.data, text.size });
	else
		kt_sampler_gone(recorder->sampler, draft, KT_TASK_LIST);
}

/* Everything else that the account and the lists can use. */
static struct kt_err *read_slow(struct recorder *recorder, struct kt_draft *draft)
{
	struct kt_session session = { .root = recorder->root, .snap = kt_snapshot_new() };
	struct kt_err *err;

	if (!session.snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_root_set_watch(recorder->root, on_read, recorder);
	err = kt_session_collect(&session, recorder->options, 0, slow_sources);
	kt_root_set_watch(recorder->root, NULL, NULL);
	if (!err) {
		put_facts(recorder, draft, session.snap);
		put_meta(recorder, draft, session.snap);
		put_tasks(recorder, draft, session.snap);
		/* of a cgroup that was removed nobody says so */
		kt_sampler_drop_untold(recorder->sampler, draft);
	}
	kt_snapshot_free(session.snap);
	return err ? err : list_all_files(recorder);
}

static struct kt_err *take_sample(struct recorder *recorder, int64_t real_ms, int64_t boot_ms)
{
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	struct kt_err *err = NULL;

	read_fast(recorder, draft);
	if (!draft->block.nr_samples || boot_ms - recorder->slow_ms >= SLOW_S * 1000ll) {
		err = read_slow(recorder, draft);
		recorder->slow_ms = boot_ms;
	}
	if (err)
		return err;
	kt_draft_end_sample(draft, real_ms, boot_ms);
	recorder->nr_samples++;
	return NULL;
}

/* ---- what is written ---- */

/* A disk that is full is waited for; anything else that goes wrong ends the recording. */
static struct kt_err *stall(struct recorder *recorder, struct kt_err *err)
{
	if (!recorder->stalled)
		say(recorder,
			kt_arena_printf(&recorder->arena,
				"%s; nothing is recorded until there is room", kt_err_text(err)));
	recorder->stalled = true;
	kt_err_free(err);
	return NULL;
}

static struct kt_err *write_out(struct recorder *recorder, int64_t boot_ms)
{
	bool full = kt_writer_is_full(recorder->writer);
	struct kt_err *err = NULL;

	/* before the next sample it would be too late */
	if (!full && !recorder->stalled &&
		boot_ms - recorder->flush_ms + recorder->interval_ms <= FLUSH_S * 1000ll)
		return NULL;
	err = kt_writer_flush(recorder->writer);
	if (!err && full) {
		err = kt_writer_turn(recorder->writer);
		if (!err) {
			kt_sampler_restart(recorder->sampler);
			err = kt_writer_keep(recorder->writer, &kt_keep_default);
		}
	}
	if (err)
		return kt_err_code(err) == KT_ERR_FULL ? stall(recorder, err) : err;
	if (recorder->stalled)
		say(recorder, "there is room again; recording goes on");
	recorder->stalled = false;
	recorder->flush_ms = boot_ms;
	return NULL;
}

static struct kt_err *record(struct recorder *recorder, struct kt_pace *pace)
{
	struct kt_err *err = NULL;
	struct kt_moment now;

	while (!err && kt_pace_next(pace, &now, &err)) {
		if (!recorder->stalled)
			err = take_sample(recorder, now.real_ms, now.boot_ms);
		if (!err)
			err = write_out(recorder, now.boot_ms);
		if (recorder->options->count && recorder->nr_samples >= recorder->options->count)
			break;
	}
	return err;
}

/* ---- the command ---- */

static struct kt_err *open_files(struct recorder *recorder, struct kt_session *session)
{
	static const struct kt_writer_opts opts = {
		.samples_max = BLOCK_SAMPLES, .bytes_max = BLOCK_BYTES, .sync = true
	};
	struct kt_err *err = kt_session_open(recorder->options, session);

	if (err)
		return err;
	recorder->root = session->root;
	if (kt_root_kind(session->root) != KT_ROOT_LIVE &&
		kt_root_kind(session->root) != KT_ROOT_DIR)
		return kt_err_new(KT_ERR_USAGE,
			"%s is one moment of a machine, and recording it would date it with now; "
			"-s takes the folder of a running one",
			recorder->options->source);
	recorder->sampler = kt_sampler_new();
	if (!recorder->sampler)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!recorder->options->nr_operands && mkdir(KT_STATE_DIR, 0700) < 0 && errno != EEXIST)
		return kt_err_os(errno, "%s", KT_STATE_DIR);
	return kt_writer_open(recorder->path, &opts, &recorder->writer);
}

static void put_report(const struct recorder *recorder, struct kt_report *report)
{
	int64_t nr_bytes = (int64_t)kt_writer_size(recorder->writer);

	kt_report_init(report, "ktally/record/1");
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, recorder->path));
	kt_report_field(
		report, NULL, "samples", KT_CELL_COUNT, kt_cell_number(recorder->nr_samples));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number(nr_bytes));
	kt_report_headline(report, "%s: %lld samples, %lld KiB. Look at it with: ktally -s %s",
		recorder->path, (long long)recorder->nr_samples, (long long)(nr_bytes / 1024),
		recorder->path);
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	struct recorder recorder = { .options = options,
		.path = options->nr_operands ? options->operands[0] : KT_RECORDING_DEFAULT };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	double interval_s = options->interval_s ? options->interval_s : DEFAULT_INTERVAL_S;
	struct kt_pace *pace = NULL;
	struct kt_err *err = open_files(&recorder, &session);

	recorder.interval_ms = (int64_t)(interval_s * 1000);
	if (!err)
		err = kt_pace_start(interval_s, &pace);
	if (!err)
		err = record(&recorder, pace);
	if (recorder.writer) {
		struct kt_err *last = kt_writer_turn(recorder.writer);

		put_report(&recorder, report);
		if (!last)
			last = kt_writer_close(recorder.writer);
		else
			kt_err_free(kt_writer_close(recorder.writer));
		if (!err)
			err = last;
		else
			kt_err_free(last);
	}
	kt_pace_stop(pace);
	kt_sampler_free(recorder.sampler);
	kt_arena_fini(&recorder.arena);
	return err;
}

const struct kt_cmd kt_cmd_record = {
	.name = "record",
	.summary = "keep all of it over time, in a small file",
	.operands = "[FILE]",
	.nr_operands_max = 1,
	.help = "Reads the kernel's memory files every 10 seconds, or every -i SECONDS, and "
		"appends them to FILE, by default " KT_RECORDING_DEFAULT ", until it is ended by "
		"SIGINT or SIGTERM, or after -n samples. Numbers that do not change cost next to "
		"nothing. What seldom moves or costs more is read every ten minutes: vmalloc "
		"areas, cgroups, and the processes with most page tables and threads.\n\n"
		"Every other command shows any moment of it: 'ktally -s FILE', 'ktally slab -s "
		"FILE@TIME', where TIME is 2026-01-31T23:59, 23:59, or -2h: two hours before the "
		"last sample. What the machine did since the last flush, at most 10 seconds, is "
		"all that a crash can cost. A full disk stops the recording until there is room; "
		"what there is stays.",
	.paced = true,
	.run = run,
};
