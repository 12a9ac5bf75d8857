// SPDX-License-Identifier: GPL-2.0-or-later
//
// Takes the samples of the recorder. Every interval it reads the few files whose numbers move; data
// that seldom changes or costs more is read at the start of each block, every ten minutes, and when
// its counter has moved. It does not interpret the files: it stores them as they are, so a reader
// of the recording finds the same files as at the time of the sample.

#include "cmd/record/record_sample.h"

#include "base/kernel_files.h"
#include "base/memory.h"
#include "cmd/record/record_facts.h"
#include "cmd/record/record_marks.h"
#include "machine/machine.h"
#include "machine/pace.h"

#include <string.h>

#define MINUTE_S 60 /* between two readings of counts of events */

void kt_recorder_say(const struct kt_recorder *recorder, const char *text)
{
	kt_call_say(recorder->call, text);
}

/* ---- what is read ---- */

/* Says once that samples lack a file, until a sample lacks none. Of what takes root, doctor says.
 */
static void tell_lack(
	struct kt_recorder *recorder, const char *path, const struct kt_err *err, bool empty)
{
	bool expected =
		err && (kt_err_code(err) == KT_ERR_DENIED ||
			       (kt_err_code(err) == KT_ERR_ABSENT && !kt_record_is_core(path)));

	if ((!err && !(empty && kt_record_is_core(path))) || expected)
		return;
	if (!recorder->lack_told)
		kt_recorder_say(recorder,
			kt_arena_printf(&recorder->arena, "%s%s; samples are recorded without it",
				err ? kt_err_text(err) : path, err ? "" : ": empty"));
	recorder->lacking = recorder->lack_told = true;
}

/* True if an error is more than absence; it is recorded with its reason, which follows the path. */
static void put_unread(struct kt_recorder *recorder, struct kt_draft *draft, const char *path,
	const struct kt_err *err)
{
	struct kt_span why = kt_span_str(kt_err_text(err));
	bool denied = kt_err_code(err) == KT_ERR_DENIED;

	if (kt_err_code(err) == KT_ERR_ABSENT) {
		kt_sampler_gone(recorder->sampler, draft, path);
		return;
	}
	if (kt_span_skip(&why, path))
		kt_span_skip(&why, ": ");
	kt_sampler_unread(
		recorder->sampler, draft, path, denied ? KT_MARK_DENIED : KT_MARK_UNREAD, why.p);
}

/* Very long texts are kept shorter, with the same sums. */
static void put_text(
	struct kt_recorder *recorder, struct kt_draft *draft, const char *path, struct kt_span text)
{
	KT_CLEANUP(buf) struct kt_buf folded = { 0 };
	bool shorter = false;

	kt_record_moved_take(&recorder->moved, path, text);
	if (strcmp(path, KT_FILE_SLABINFO) == 0)
		shorter = kt_fold_slabinfo(&recorder->fold, text, &folded);
	else if (strcmp(path, KT_FILE_ZONEINFO) == 0)
		shorter = kt_fold_zoneinfo(&recorder->fold, text, &folded);
	draft->failed |= folded.failed;
	if (shorter)
		text = (struct kt_span){ folded.data, folded.size };
	kt_sampler_text(recorder->sampler, draft, path, text);
	kt_writer_spill(recorder->writer);
}

static bool read_one(struct kt_recorder *recorder, struct kt_draft *draft, const char *path)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(recorder->root, path, &text);

	tell_lack(recorder, path, err, !text.size);
	if (err) {
		put_unread(recorder, draft, path, err);
	} else {
		kt_record_users_take(&recorder->users, path, kt_text_span(&text));
		put_text(recorder, draft, path, kt_text_span(&text));
	}
	return strcmp(path, KT_FILE_MEMINFO) == 0 &&
	       (err || kt_record_tells_of_pools(kt_text_span(&text)));
}

static void read_fast(struct kt_recorder *recorder, struct kt_draft *draft)
{
	recorder->lacking = false;
	kt_record_moved_begin(&recorder->moved);
	for (size_t i = 0; i < recorder->files.fast.count; i++) {
		bool had_pools = recorder->has_pools;

		if (strcmp(recorder->files.fast.items[i], KT_FILE_MEMINFO) != 0) {
			read_one(recorder, draft, recorder->files.fast.items[i]);
			continue;
		}
		recorder->has_pools = read_one(recorder, draft, recorder->files.fast.items[i]);
		/* once more when the last one has gone; a block begins with all files */
		if (!recorder->has_pools && !had_pools)
			continue;
		for (size_t k = 0; k < recorder->files.pools.count; k++)
			read_one(recorder, draft, recorder->files.pools.items[k]);
	}
	recorder->lack_told = recorder->lacking;
}

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct kt_recorder *recorder = arg;
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	const struct kt_source *source = kt_source_of(path);
	KT_CLEANUP(buf) struct kt_buf short_text = { 0 };
	struct kt_span kept = { 0 };

	path = kt_source_bundle_name(path);
	/*
	 * The second reading belongs to this sample only, and would be taken for any later one's.
	 * Of the processes a list is kept. When cgroups were read the recorder says itself.
	 */
	if (source == &kt_source_bracket || source == &kt_source_tasks ||
		strcmp(path, KT_GROUPS_FILE) == 0)
		return;
	if (kt_record_is_core(path))
		tell_lack(recorder, path, err, !err && !text->size);
	if (err) {
		put_unread(recorder, draft, path, err);
		return;
	}
	kept = kt_text_span(text);
	if (source && source->condense) {
		source->condense(text, &short_text);
		draft->failed |= short_text.failed;
		kept = (struct kt_span){ short_text.data, short_text.size };
	}
	put_text(recorder, draft, path, kept);
}

/* Absent files are not in the list, so what is read here goes the way of what is read seldom. */
static void read_minute(struct kt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->files.minute.count; i++) {
		const char *path = recorder->files.minute.items[i];
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err) struct kt_err *err = kt_root_read(recorder->root, path, &text);

		on_read(recorder, path, &text, err);
	}
}

/* ---- cgroups ---- */

static void group_gone(void *arg, const char *path)
{
	struct kt_recorder *recorder = arg;

	kt_sampler_gone(recorder->sampler, kt_writer_draft(recorder->writer), path);
}

static void put_group_file(void *arg, const char *path, struct kt_span text)
{
	struct kt_recorder *recorder = arg;

	put_text(recorder, kt_writer_draft(recorder->writer), path, text);
}

/* The groups of the last complete reading; another block begins with them. */
static void put_groups(struct kt_recorder *recorder, struct kt_draft *draft)
{
	KT_CLEANUP(buf) struct kt_buf times = { 0 };

	kt_groups_each(&recorder->groups, put_group_file, recorder);
	kt_groups_write(&recorder->groups, &times);
	draft->failed |= times.failed;
	if (times.size)
		kt_sampler_text(recorder->sampler, draft, KT_GROUPS_FILE,
			(struct kt_span){ times.data, times.size });
}

/* Not with every block: it begins with the texts that there are. */
static bool start_groups(struct kt_recorder *recorder, int64_t now_s, int64_t boot_ms)
{
	bool due =
		!recorder->groups_ms || boot_ms - recorder->groups_ms >= KT_RECORD_SLOW_S * 1000ll;
	bool moved = !due && kt_record_moved_is_due(&recorder->moved, KT_MOVED_GROUPS, boot_ms);

	if (!(due || moved) || recorder->groups.walk || recorder->call->machine.cheap)
		return true;
	recorder->groups_ms = boot_ms;
	recorder->groups_cost_ms = 0;
	recorder->groups_moved = moved;
	return kt_groups_start(&recorder->groups, recorder->root, now_s);
}

/*
 * Goes on reading cgroups for a part of the interval, so that no sample is missed: 50,000 take
 * seconds. A recording of -n samples does not end without any.
 */
static struct kt_err *read_groups(
	struct kt_recorder *recorder, struct kt_draft *draft, int64_t now_s, int64_t boot_ms)
{
	struct kt_groups *groups = &recorder->groups;
	bool whole = !groups->taken_s && recorder->call->count &&
		     recorder->nr_samples + 1 >= recorder->call->count;
	int64_t begin_ms = kt_pace_clock_ms(), end_ms = begin_ms + recorder->interval_ms / 4;
	bool more;

	if (!start_groups(recorder, now_s, boot_ms))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!groups->walk)
		return NULL;
	do
		more = kt_groups_step(groups);
	while (more && (whole || kt_pace_clock_ms() < end_ms));
	recorder->groups_cost_ms += kt_pace_clock_ms() - begin_ms;
	if (!more && !kt_groups_failed(groups)) {
		kt_groups_choose(groups, now_s, group_gone, recorder);
		put_groups(recorder, draft);
		kt_record_moved_groups(&recorder->moved, draft, groups, boot_ms,
			recorder->groups_moved ? recorder->groups_cost_ms : -1);
	}
	return kt_groups_failed(groups)
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory while reading cgroups")
		       : NULL;
}

/* ---- kernel memory ---- */

/*
 * In each sample: a block begins with all files, and the sampler compares a text that is the same.
 * A recording of -n samples does not end without any.
 */
static struct kt_err *put_memory(
	struct kt_recorder *recorder, struct kt_draft *draft, int64_t real_ms, int64_t boot_ms)
{
	bool last = recorder->call->count && recorder->nr_samples + 1 >= recorder->call->count;
	struct kt_err *err = kt_record_memory_step(&recorder->memory, &recorder->call->machine,
		recorder->root, real_ms, boot_ms, last);
	const char *why = err ? NULL : kt_record_memory_why(&recorder->memory);

	if (err)
		return err;
	kt_record_memory_put(&recorder->memory, recorder->sampler, draft);
	kt_writer_spill(recorder->writer);
	if (why && !recorder->memory_told)
		kt_recorder_say(
			recorder, kt_arena_printf(&recorder->arena,
					  "--exact: %s; samples are recorded without it", why));
	recorder->memory_told = why != NULL;
	return NULL;
}

/* ---- everything else ---- */

/* Files of the sample may be read once more: of several texts, the first counts. */
static struct kt_err *collect(
	struct kt_recorder *recorder, struct kt_machine *machine, const struct kt_needs *needs)
{
	struct kt_err *err;

	*machine = (struct kt_machine){
		.root = recorder->root, .snap = kt_snapshot_new(), .opts = recorder->call->machine
	};
	if (!machine->snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_root_set_short_watch(recorder->root, on_read, recorder);
	err = kt_machine_collect(machine, KT_WANT_AREAS, needs);
	kt_root_set_watch(recorder->root, NULL, NULL);
	return err;
}

static void done(struct kt_recorder *recorder, struct kt_machine *machine)
{
	kt_snapshot_free(machine->snap);
	/* the snapshot's memory is between blocks of the draft, which stays for an hour */
	kt_memory_give_back();
	kt_arena_fini(&recorder->arena);
	recorder->arena = (struct kt_arena){ 0 };
}

/* Everything else that the account and the lists can use. */
static struct kt_err *read_slow(
	struct kt_recorder *recorder, struct kt_draft *draft, int64_t boot_ms)
{
	struct kt_machine machine;
	struct kt_err *err = collect(recorder, &machine, &kt_record_slow_sources);

	if (!err) {
		kt_record_facts_put(recorder->root, &recorder->arena, draft, machine.snap);
		put_groups(recorder, draft);
		kt_record_meta_put(recorder->sampler, &recorder->fold, draft, machine.snap);
		kt_record_tasks_put(recorder->sampler, draft, machine.snap);
		kt_record_moved_tasks(&recorder->moved, draft, machine.snap, boot_ms, -1);
		kt_record_moved_areas(&recorder->moved, draft, machine.snap, boot_ms, -1);
		/* files that are no longer there are not named */
		kt_sampler_drop_untold(recorder->sampler, draft);
		err = kt_alert_read(recorder->alert, machine.snap);
	}
	done(recorder, &machine);
	return err ? err : kt_record_files_list(&recorder->files, recorder->root);
}

/* With the counters: the size of a stack comes from counter and list. */
static const struct kt_needs tasks_needs = { .only = KT_SOURCES(
						     &kt_source_meminfo, &kt_source_tasks) };
static const struct kt_needs areas_needs = { .only = KT_SOURCES(
						     &kt_source_meminfo, &kt_source_vmallocinfo) };

/* A list whose counter has moved since it was read last; cgroups are read over several samples. */
static struct kt_err *read_moved(struct kt_recorder *recorder, struct kt_draft *draft,
	enum kt_moved_list list, int64_t boot_ms)
{
	bool tasks = list == KT_MOVED_TASKS;
	struct kt_machine machine;
	int64_t begin_ms = kt_pace_clock_ms();
	struct kt_err *err;

	if (recorder->call->machine.cheap ||
		!kt_record_moved_is_due(&recorder->moved, list, boot_ms))
		return NULL;
	err = collect(recorder, &machine, tasks ? &tasks_needs : &areas_needs);
	if (!err && tasks) {
		kt_record_tasks_put(recorder->sampler, draft, machine.snap);
		kt_record_moved_tasks(&recorder->moved, draft, machine.snap, boot_ms,
			kt_pace_clock_ms() - begin_ms);
	} else if (!err) {
		kt_record_moved_areas(&recorder->moved, draft, machine.snap, boot_ms,
			kt_pace_clock_ms() - begin_ms);
	}
	done(recorder, &machine);
	return err;
}

struct kt_err *kt_recorder_sample(struct kt_recorder *recorder, int64_t real_ms, int64_t boot_ms)
{
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	struct kt_err *err = NULL;
	bool slow;

	read_fast(recorder, draft);
	slow = !draft->block.nr_samples || boot_ms - recorder->slow_ms >= KT_RECORD_SLOW_S * 1000ll;
	err = read_groups(recorder, draft, real_ms / 1000, boot_ms);
	if (!err)
		err = put_memory(recorder, draft, real_ms, boot_ms);
	if (!err)
		err = kt_record_users_sample(&recorder->users, recorder->call, recorder->root,
			recorder->sampler, draft, real_ms, boot_ms);
	if (!err && slow) {
		err = read_slow(recorder, draft, boot_ms);
		recorder->slow_ms = recorder->minute_ms = boot_ms;
	}
	if (!err)
		err = read_moved(recorder, draft, KT_MOVED_TASKS, boot_ms);
	if (!err)
		err = read_moved(recorder, draft, KT_MOVED_AREAS, boot_ms);
	if (!err && boot_ms - recorder->minute_ms >= MINUTE_S * 1000ll) {
		read_minute(recorder);
		recorder->minute_ms = boot_ms;
	}
	if (err)
		return err;
	kt_record_mounts_read(&recorder->mounts, recorder->root, draft);
	/* a sample that is not whole is none */
	if (kt_draft_failed(draft) || recorder->arena.failed || recorder->moved.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory while taking a sample");
	kt_alert_mark(recorder->alert, draft);
	kt_record_marks_take(recorder->path, !recorder->nr_samples, draft);
	kt_draft_end_sample(draft, real_ms, boot_ms);
	/* the judge reads lines and series of the draft, which have to be of one length */
	if (kt_draft_failed(draft))
		return kt_err_new(KT_ERR_NOMEM, "out of memory while a sample ended");
	recorder->nr_samples++;
	return kt_alert_sample(recorder->alert, draft, real_ms, boot_ms);
}
