// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output of "sadf -j": hosts, each with statistics, each with a timestamp and the objects that were
// asked for. Only the memory is read.

#include "base/kernel_files.h"
#include "import/json.h"
#include "import/kind.h"
#include "import/sysstat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pieces of a part of a file. */
struct pieces {
	struct kt_buf text;
	const struct kt_import_input *input;
	uint64_t offset, end; /* bytes of the file */
	struct kt_err *err;
};

#define PIECE_BYTES  (256u << 10)
#define RESTARTS_MAX 65536u

static struct kt_span more(void *arg)
{
	struct pieces *pieces = arg;
	uint64_t left = pieces->end - pieces->offset;

	pieces->text.size = 0;
	if (!pieces->err)
		pieces->err = kt_lines_bytes(pieces->input, pieces->offset,
			left < PIECE_BYTES ? left : PIECE_BYTES, &pieces->text);
	if (pieces->err)
		return (struct kt_span){ 0 };
	pieces->offset += pieces->text.size;
	return (struct kt_span){ pieces->text.data, pieces->text.size };
}

static struct kt_json json_of(struct pieces *pieces)
{
	return (struct kt_json){ .more = more, .arg = pieces };
}

static bool is(struct kt_span head)
{
	struct kt_span rest = kt_span_trim(head);

	return kt_span_starts(rest, "{") && kt_span_find(rest, "\"sysstat\"") < rest.n;
}

/* ---- finding ---- */

/* State of a walk over the statistics. */
struct walk {
	struct kt_import *import;
	uint32_t index;
	unsigned depth; /* of a sample; 0: none is open */
	uint64_t from;
	char date[32], time[32], zone[16];
	bool has_memory;
	struct kt_arena arena;
	struct kt_dates dates; /* of samples: `from` and `to` are the bytes of the object */
	KT_LIST(struct kt_stamp) restarts;
};

static void copy(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);

	n = n < room ? n : room - 1;
	memcpy(to, text, n);
	to[n] = '\0';
}

static struct kt_err *take_value(struct walk *walk, const struct kt_json *json)
{
	struct kt_import_input *input = &walk->import->inputs.items[walk->index];
	const char *key = json->keys[json->depth];

	if (strcmp(key, "nodename") == 0)
		return kt_import_host(
			walk->import, input, walk->dates.count + 1, kt_span_str(json->text));
	if (!walk->depth)
		return NULL;
	if (strcmp(key, "date") == 0)
		copy(walk->date, sizeof(walk->date), json->text);
	else if (strcmp(key, "time") == 0)
		copy(walk->time, sizeof(walk->time), json->text);
	else if (strcmp(key, "utc") == 0 && strcmp(json->text, "1") == 0)
		copy(walk->zone, sizeof(walk->zone), "Z");
	else if (strcmp(key, "tz") == 0)
		copy(walk->zone, sizeof(walk->zone), json->text);
	return NULL;
}

/* The time of a sample or a restart; false: there is none. */
static bool stamp_of(const struct walk *walk, struct kt_stamp *ret_stamp)
{
	char text[sizeof(walk->date) + sizeof(walk->time) + sizeof(walk->zone)];

	snprintf(text, sizeof(text), "%s %s %s", walk->date, walk->time, walk->zone);
	return kt_stamp_find(kt_span_str(text), ret_stamp) && ret_stamp->form == KT_STAMP_FULL;
}

static struct kt_err *end_sample(struct walk *walk, const struct kt_json *json)
{
	struct kt_import_input *input = &walk->import->inputs.items[walk->index];
	struct kt_dated dated = {
		.from = walk->from, .to = json->offset, .line = walk->dates.count + 1
	};

	walk->depth = 0;
	if (!walk->has_memory)
		return NULL;
	if (!stamp_of(walk, &dated.stamp)) {
		kt_import_undated(input, 0);
		return NULL;
	}
	return kt_dates_add(&walk->dates, input->path, &dated);
}

static void end_restart(struct walk *walk)
{
	struct kt_stamp stamp, *slot;

	walk->depth = 0;
	if (!stamp_of(walk, &stamp) || walk->restarts.count == RESTARTS_MAX)
		return;
	slot = kt_list_push(&walk->arena, &walk->restarts);
	if (slot)
		*slot = stamp;
}

static bool in_list(const struct kt_json *json, unsigned depth, const char *name)
{
	return depth >= 2 && strcmp(json->keys[depth - 1], name) == 0;
}

static struct kt_err *take_event(struct walk *walk, struct kt_json *json, enum kt_json_event event)
{
	if (event == KT_JSON_VALUE)
		return take_value(walk, json);
	if (event == KT_JSON_OPEN && !walk->depth && !json->keys[json->depth - 1][0] &&
		json->depth >= 2 &&
		(in_list(json, json->depth - 1, "statistics") ||
			in_list(json, json->depth - 1, "restarts"))) {
		walk->depth = json->depth;
		walk->from = json->from;
		walk->has_memory = false;
		walk->date[0] = walk->time[0] = walk->zone[0] = '\0';
	}
	if (event == KT_JSON_OPEN && walk->depth &&
		strcmp(json->keys[json->depth - 1], "memory") == 0)
		walk->has_memory = true;
	if (event != KT_JSON_CLOSE || !walk->depth || json->depth + 1 != walk->depth)
		return NULL;
	if (in_list(json, walk->depth - 1, "restarts")) {
		end_restart(walk);
		return NULL;
	}
	return end_sample(walk, json);
}

static int by_time(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Adds the samples; one after a restart is of another boot. */
static struct kt_err *add_samples(struct walk *walk)
{
	struct kt_import_input *input = &walk->import->inputs.items[walk->index];
	int64_t *restarts = calloc(walk->restarts.count + 1, sizeof(*restarts));
	size_t nr_restarts = 0;
	struct kt_err *err;

	if (!restarts)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_import_settle(walk->import, input, walk->dates.items, walk->dates.count);
	for (size_t i = 0; !err && i < walk->restarts.count; i++)
		nr_restarts +=
			kt_stamp_ms(&walk->restarts.items[i], &input->gaps, &restarts[nr_restarts]);
	qsort(restarts, nr_restarts, sizeof(*restarts), by_time);
	for (size_t i = 0; !err && i < walk->dates.count; i++) {
		const struct kt_dated *one = &walk->dates.items[i];
		struct kt_import_sample sample = { .uptime_ms = -1,
			.input = walk->index,
			.offset = one->from,
			.size = one->to - one->from,
			.line = one->line };

		if (!kt_stamp_ms(&one->stamp, &input->gaps, &sample.ms)) {
			kt_import_undated(input, 0);
			continue;
		}
		while (sample.boot < nr_restarts && restarts[sample.boot] <= sample.ms)
			sample.boot++;
		err = kt_import_add(walk->import, &sample);
	}
	free(restarts);
	return err;
}

static struct kt_err *walk_json(struct walk *walk, struct pieces *pieces, struct kt_json *json)
{
	enum kt_json_event event;
	struct kt_err *err = NULL;

	while (!err && (event = kt_json_next(json)) != KT_JSON_END)
		err = take_event(walk, json, event);
	if (err) {
		kt_err_free(pieces->err);
		return err;
	}
	if (!pieces->err && walk->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return pieces->err;
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_import_input *input = &import->inputs.items[index];
	struct pieces pieces = { .input = input, .end = UINT64_MAX };
	struct walk walk = { .import = import, .index = index };
	struct kt_json json = json_of(&pieces);
	struct kt_err *err = walk_json(&walk, &pieces, &json);

	input->times = "timestamps";
	kt_buf_cleanup(&pieces.text);
	if (!err && !walk.dates.count && json.bad)
		err = kt_err_new(KT_ERR_PARSE, "%s: not JSON after %llu bytes", input->path,
			(unsigned long long)json.offset);
	else if (!err && !walk.dates.count)
		err = kt_err_new(KT_ERR_PARSE, "%s: no memory in it; 'sadf -j -- -r ALL' writes it",
			input->path);
	else if (!err && json.bad)
		kt_import_note(import,
			"%s: cut or damaged after %llu bytes; the samples before "
			"are read",
			input->path, (unsigned long long)json.offset);
	if (!err)
		err = add_samples(&walk);
	free(walk.dates.items);
	kt_arena_fini(&walk.arena);
	return err;
}

/* ---- reading ---- */

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	struct pieces pieces = { .input = &import->inputs.items[sample->input],
		.offset = sample->offset,
		.end = sample->offset + sample->size };
	struct kt_json json = json_of(&pieces);
	struct kt_sysstat values;
	enum kt_json_event event;

	kt_sysstat_init(&values);
	while ((event = kt_json_next(&json)) != KT_JSON_END && json.depth) {
		if (event == KT_JSON_VALUE && json.depth == 2 &&
			strcmp(json.keys[1], "memory") == 0)
			kt_sysstat_take(&values, kt_span_str(json.keys[2]), kt_span_str(json.text));
	}
	kt_buf_cleanup(&pieces.text);
	if (pieces.err)
		return pieces.err;
	return kt_sysstat_put(&values, import, sample, sink);
}

const struct kt_import_kind kt_import_sadf = {
	.name = "sadf -j",
	.is = is,
	.find = find,
	.read = read,
};
