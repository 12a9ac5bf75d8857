// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recorded series, judged. Scenes last two minutes, so a second becomes a minute; and more than a
// day of the quiet that they begin with comes before them, because a judge wants history. The
// amounts come from 'ktally export', the numbers that memory may follow from the recording itself.

#include "exam.h"
#include "history/activity.h"
#include "history/history.h"
#include "sitting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STRETCH	    60	/* a second is as long as a minute */
#define HISTORY_H   30	/* of quiet, before the recording */
#define QUIET_S	    18	/* of a recording, at its beginning */
#define SAMPLES_MAX 600 /* of a recording */
#define LABELS_MAX  256
#define OF_FILE_MAX 24
#define DAY_MS	    86400000
#define EPOCH_MS    1700000000000
#define RAM	    ((int64_t)2 << 30)

struct label {
	struct recorded *recorded;
	long long from, to; /* seconds since 1970 */
	int64_t bytes[SAMPLES_MAX];
	bool known[SAMPLES_MAX];
};

/* All labels of one recording. */
struct scene {
	const char *file;
	long long first; /* second of the first sample */
	size_t nr_samples;
	struct label labels[OF_FILE_MAX];
	size_t nr_labels;
	/* while it is judged */
	struct kt_judge *judge;
	struct kt_activity activity;
	const struct kt_block *block;
	size_t minute;
	struct paper papers[OF_FILE_MAX];
	double now_h;
};

struct index {
	struct recorded *items;
	long long from[LABELS_MAX], to[LABELS_MAX];
	size_t count;
};

static enum kt_verdict verdict_named(const char *name)
{
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		if (strcmp(kt_verdict_name((enum kt_verdict)v), name) == 0)
			return (enum kt_verdict)v;
	}
	return KT_NR_VERDICTS;
}

static bool read_index(const char *directory, struct index *index)
{
	char path[4096], line[512], truth[32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/index.txt", directory);
	file = fopen(path, "re");
	if (!file) {
		perror(path);
		return false;
	}
	while (fgets(line, sizeof(line), file) && index->count < LABELS_MAX) {
		struct recorded *one = &index->items[index->count];
		long long *from = &index->from[index->count], *to = &index->to[index->count];

		if (line[0] == '#' ||
			sscanf(line, "%63[^\t]\t%63[^\t]\t%31[^\t]\t%lld\t%lld\t%47[^\n]",
				one->file, one->series, truth, from, to, one->mechanism) != 6)
			continue;
		one->delay_min = -1;
		one->truth = verdict_named(truth);
		if (one->truth == KT_NR_VERDICTS) {
			fprintf(stderr, "%s: no verdict is named '%s'\n", path, truth);
			continue;
		}
		index->count++;
	}
	fclose(file);
	return true;
}

static struct label *label_of(struct scene *scene, const char *series)
{
	for (size_t i = 0; i < scene->nr_labels; i++) {
		if (strcmp(scene->labels[i].recorded->series, series) == 0)
			return &scene->labels[i];
	}
	return NULL;
}

static void take_line(struct scene *scene, char *line)
{
	struct tm when = { 0 };
	char *name, *bytes;
	long long second;
	struct label *label;
	size_t at;

	name = strptime(line, "%Y-%m-%dT%H:%M:%SZ,", &when);
	bytes = name ? strrchr(name, ',') : NULL;
	if (!bytes)
		return;
	*bytes++ = '\0';
	second = timegm(&when);
	if (scene->first == 0)
		scene->first = second;
	at = second >= scene->first ? (size_t)(second - scene->first) : SAMPLES_MAX;
	if (at >= SAMPLES_MAX)
		return;
	if (at + 1 > scene->nr_samples)
		scene->nr_samples = at + 1;
	/* one series may have several labels */
	for (label = label_of(scene, name); label && label < scene->labels + scene->nr_labels;
		label++) {
		if (strcmp(label->recorded->series, name) == 0) {
			label->bytes[at] = strtoll(bytes, NULL, 10);
			label->known[at] = true;
		}
	}
}

static bool read_amounts(const struct exam_options *options, struct scene *scene)
{
	char command[8192], line[512];
	FILE *pipe;

	snprintf(command, sizeof(command), "'%s' export '%s/%s' 2>/dev/null", options->ktally,
		options->recorded, scene->file);
	pipe = popen(command, "re");
	if (!pipe)
		return false;
	while (fgets(line, sizeof(line), pipe))
		take_line(scene, line);
	return pclose(pipe) == 0 && scene->nr_samples > QUIET_S;
}

static void changed(void *arg, size_t series, const struct kt_judged *judged)
{
	struct scene *scene = arg;

	paper_add(&scene->papers[series], scene->now_h, judged);
}

/* A look finds the programs that hold objects, and nothing that holds lost or cached ones. */
static enum kt_look look(void *arg, size_t series)
{
	const struct scene *scene = arg;
	enum kt_verdict truth = scene->labels[series].recorded->truth;

	return truth == KT_VERDICT_GROWING || truth == KT_VERDICT_FOLLOWS ? KT_LOOK_HELD
									  : KT_LOOK_LOST;
}

static bool reclaimable(const struct recorded *one)
{
	/* inodes of sockets have the flag, but live as long as the socket */
	if (strstr(one->series, "sock_inode_cache"))
		return false;
	return strstr(one->series, "dentry") || strstr(one->series, "inode_cache") ||
	       strstr(one->mechanism, "reclaimable");
}

static void put_sample(
	struct scene *scene, size_t at, size_t minute, const struct kt_cursor *cursor)
{
	bool any = false;

	for (size_t i = 0; i < scene->nr_labels; i++)
		any |= scene->labels[i].known[at];
	if (!any)
		return;
	scene->now_h = (double)minute / 60;
	kt_judge_begin(scene->judge, EPOCH_MS + (int64_t)minute * STRETCH * 1000,
		(int64_t)minute * STRETCH * 1000 + DAY_MS);
	for (size_t i = 0; i < scene->nr_labels; i++) {
		if (scene->labels[i].known[at])
			kt_judge_amount(scene->judge, i, scene->labels[i].bytes[at]);
	}
	kt_activity_put(&scene->activity, cursor, scene->judge);
	kt_judge_end(scene->judge);
}

/* The quiet goes forth and back, so that it has no steps. */
static size_t quiet_sample(size_t minute)
{
	size_t at = minute % (2 * QUIET_S - 2);

	return at < QUIET_S ? at : 2 * QUIET_S - 2 - at;
}

/* Numbers that memory may follow stand still in the quiet before the recording. */
static struct kt_err *judge_sample(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct scene *scene = arg;
	size_t history = (size_t)HISTORY_H * 60, at = (size_t)(real_ms / 1000 - scene->first);

	if (cursor->block != scene->block) {
		kt_activity_find(&scene->activity, cursor->block);
		scene->block = cursor->block;
	}
	for (; scene->minute < history; scene->minute++)
		put_sample(scene, quiet_sample(scene->minute), scene->minute, cursor);
	if (at < scene->nr_samples)
		put_sample(scene, at, history + at, cursor);
	return NULL;
}

static bool judge_samples(const struct exam_options *options, struct scene *scene)
{
	char path[4096];
	struct kt_history history;
	struct kt_err *err;

	snprintf(path, sizeof(path), "%s/%s", options->recorded, scene->file);
	err = kt_history_open(path, &history);
	if (!err) {
		err = kt_history_walk(&history, 0, judge_sample, scene);
		kt_history_cleanup(&history);
	}
	if (!err)
		return true;
	fprintf(stderr, "%s: %s\n", path, kt_err_text(err));
	kt_err_free(err);
	return false;
}

static void conclude(struct scene *scene, size_t i)
{
	struct label *label = &scene->labels[i];
	struct recorded *one = label->recorded;
	const struct paper *paper = &scene->papers[i];
	double from_h = HISTORY_H + (double)(label->from - scene->first) / 60;
	double to_h = HISTORY_H + (double)(label->to - scene->first) / 60;
	const struct kt_judged *longest =
		paper_longest(paper, from_h, to_h, one->truth != KT_VERDICT_NORMAL);

	one->verdict = longest ? longest->verdict : KT_VERDICT_NORMAL;
	one->veto = longest ? longest->veto : KT_VETO_NONE;
	one->delay_min = -1;
	for (size_t c = 0; c < paper->count && one->delay_min < 0; c++) {
		const struct change *change = &paper->items[c];

		if (change->judged.verdict != KT_VERDICT_LEAK || change->at_h > to_h)
			continue;
		one->delay_min = fmax(0, (change->at_h - from_h) * 60);
		/* found, however long it took */
		if (one->truth == KT_VERDICT_LEAK)
			one->verdict = KT_VERDICT_LEAK;
	}
}

static bool judge_scene(const struct exam_options *options, struct scene *scene)
{
	struct kt_judge_options asked = { .ram_bytes = RAM,
		.look = options->look ? look : NULL,
		.look_arg = scene,
		.changed = changed,
		.changed_arg = scene };
	struct kt_judge *judge;
	bool ok;

	if (!read_amounts(options, scene)) {
		fprintf(stderr, "%s/%s cannot be read by '%s export'\n", options->recorded,
			scene->file, options->ktally);
		return false;
	}
	judge = kt_judge_new(&asked);
	for (size_t i = 0; judge && i < scene->nr_labels; i++) {
		struct kt_judge_series known = { .name = scene->labels[i].recorded->series,
			.grain_bytes = 4096,
			.reclaimable = reclaimable(scene->labels[i].recorded) };

		if (kt_judge_add(judge, &known) != i) {
			kt_judge_free(judge);
			return false;
		}
	}
	if (!judge)
		return false;
	scene->judge = judge;
	scene->activity.pressure = -1;
	ok = judge_samples(options, scene);
	kt_judge_free(judge);
	for (size_t i = 0; i < scene->nr_labels; i++) {
		conclude(scene, i);
		free(scene->papers[i].items);
	}
	return ok;
}

/* Labels of one file are next to each other in the index. */
static size_t gather(const struct index *index, size_t from, struct scene *scene)
{
	size_t i = from;

	scene->file = index->items[from].file;
	for (; i < index->count && strcmp(index->items[i].file, scene->file) == 0; i++) {
		if (scene->nr_labels < OF_FILE_MAX)
			scene->labels[scene->nr_labels++] = (struct label){ &index->items[i],
				index->from[i], index->to[i], { 0 }, { false } };
	}
	return i;
}

bool recorded_run(struct exam *exam)
{
	struct index index = { .items = calloc(LABELS_MAX, sizeof(*index.items)) };
	bool ok = index.items && read_index(exam->options.recorded, &index);

	for (size_t i = 0; ok && i < index.count;) {
		struct scene *scene = calloc(1, sizeof(*scene));

		if (!scene)
			ok = false;
		else
			i = gather(&index, i, scene);
		ok = ok && judge_scene(&exam->options, scene);
		free(scene);
	}
	exam->recorded = index.items;
	for (size_t i = 0; ok && i < index.count; i++) {
		exam->recorded[exam->nr_recorded++] = index.items[i];
	}
	return ok;
}
