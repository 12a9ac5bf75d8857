// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writes a recording as OpenMetrics, which requires all points of a series together. Each pass over
// the recording keeps the points of as many series as there is room for, as steps from one value to
// the next; the next pass begins with the first series that had no room.

#include "account/account.h"
#include "base/map.h"
#include "cmd/past/export.h"
#include "report/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNT, QUALITY, SLAB, MEMINFO, VMSTAT, NR_FAMILIES };

/* Families, and the source whose amounts are in them; NULL: rows of the account. */
static const struct {
	const struct kt_source *source;
	const struct kt_family *family;
} families[NR_FAMILIES] = {
	[ACCOUNT] = { NULL, KT_FAMILY(ACCOUNT_BYTES) },
	[QUALITY] = { NULL, KT_FAMILY(ACCOUNT_QUALITY) },
	[SLAB] = { &kt_source_slabinfo, KT_FAMILY(SLAB_CACHE_BYTES) },
	[MEMINFO] = { &kt_source_meminfo, KT_FAMILY(MEMINFO_BYTES) },
	[VMSTAT] = { &kt_source_vmstat, KT_FAMILY(VMSTAT_BYTES) },
};

/*
 * A series, and its points if the pass keeps them. The labels stay in memory for all passes, the
 * points only for one: labels give the order of series, which every pass must agree on.
 */
struct series {
	const char *labels;
	struct kt_series points; /* over the samples of the pass */
	uint32_t next;		 /* sample after the last that has a point */
};

/* Series of a family by their labels, in the order of their first points. */
struct family {
	struct kt_arena arena;
	struct kt_map map;
	KT_LIST(struct series) series;
};

/*
 * A place in the order of all series. Families come first, then the order of first points. A pass
 * keeps all places from `first` up to `end`.
 */
struct place {
	size_t family, index;
};

/* A track of the block, and the series that its points belong to. */
struct column {
	uint32_t from, to; /* samples of the block */
	struct place series;
	const struct kt_track *track;
};

struct pass {
	struct kt_export *export;
	struct family *families;
	struct place first, end; /* kept series; `end` itself has no room */
	struct kt_series times;	 /* milliseconds */
	uint32_t nr_samples;
	size_t bytes; /* of all kept points */
	int64_t last_ms;
	struct kt_buf labels;  /* scratch */
	struct kt_arena arena; /* holds the columns */
	KT_LIST(struct column) columns;
	uint64_t turn; /* block holds the columns */
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static bool is_before(struct place a, struct place b)
{
	return a.family < b.family || (a.family == b.family && a.index < b.index);
}

/* ---- labels ---- */

static void put_label(struct kt_buf *buf, const char *key, const char *value)
{
	kt_buf_puts(buf, buf->size ? "," : "");
	kt_buf_puts(buf, key);
	kt_buf_puts(buf, "=\"");
	kt_export_quoted(buf, value);
	kt_buf_puts(buf, "\"");
}

static void row_labels(struct kt_buf *buf, const struct kt_line *line)
{
	put_label(buf, "row", line->id);
	put_label(buf, "parent", line->parent == KT_ROW_NONE ? "" : kt_row_id_name(line->parent));
	put_label(buf, "leaf", line->leaf ? "true" : "false");
}

static void track_labels(struct kt_buf *buf, size_t family, const struct kt_track *track)
{
	const char *name = track->name + strlen(track->source->series) + 1;
	char copy[16] = "";

	if (family != SLAB) {
		put_label(buf, "field", name);
		return;
	}
	if (track->copy > 1)
		snprintf(copy, sizeof(copy), "%u", track->copy);
	put_label(buf, "name", name);
	put_label(buf, "copy", copy);
}

/*
 * Finds the series with the labels in the scratch buffer, or adds it. Series are only added and
 * never removed, so an index stays the same through all passes.
 */
static bool index_of(struct pass *pass, size_t index, size_t *ret_series)
{
	struct kt_span labels = { pass->labels.data, pass->labels.size };
	struct family *family = &pass->families[index];
	uint32_t *found = kt_map_find(&family->map, labels);
	struct series *slot;
	const char *copy;

	if (found) {
		*ret_series = *found;
		return !pass->labels.failed;
	}
	copy = kt_arena_printf(&family->arena, "%.*s", (int)labels.n, labels.p);
	slot = kt_list_push(&family->arena, &family->series);
	found = slot ? kt_map_add(&family->map, kt_span_str(copy), NULL, NULL) : NULL;
	if (!found || family->arena.failed)
		return false;
	*slot = (struct series){ .labels = copy };
	kt_series_init(&slot->points);
	*found = (uint32_t)family->series.count - 1;
	*ret_series = *found;
	return !pass->labels.failed;
}

/* ---- points ---- */

static void drop_points(struct pass *pass, struct series *series)
{
	pass->bytes -= series->points.room;
	kt_series_fini(&series->points);
	series->next = 0;
}

/*
 * Leaves the last kept series to the next pass; the first one always stays. The first series of a
 * pass stays, whatever its size: each pass must write at least one series, or the export would
 * never end.
 */
static bool shrink(struct pass *pass)
{
	struct place last = pass->end;

	do {
		if (last.index)
			last.index--;
		else if (last.family)
			last = (struct place){ last.family - 1,
				pass->families[last.family - 1].series.count };
		else
			return false;
		if (!is_before(pass->first, last))
			return false;
	} while (last.index >= pass->families[last.family].series.count ||
		 !pass->families[last.family].series.items[last.index].points.room);
	drop_points(pass, &pass->families[last.family].series.items[last.index]);
	pass->end = last;
	return true;
}

/*
 * Marks the samples since the last point as absent. Absent samples are only noted when a point
 * follows, so a series that ended costs nothing per sample.
 */
static void end_run(struct series *series, uint32_t sample)
{
	if (series->next < sample)
		kt_series_set_absent(&series->points, series->next);
}

/*
 * Adds a point of the current sample. Series outside the pass are skipped early: they are written
 * by another pass.
 */
static bool add_point(struct pass *pass, struct place place, int64_t bytes)
{
	struct series *series = &pass->families[place.family].series.items[place.index];

	if (is_before(place, pass->first) || !is_before(place, pass->end))
		return true;
	pass->bytes -= series->points.room;
	end_run(series, pass->nr_samples);
	kt_series_set(&series->points, pass->nr_samples, bytes);
	series->next = pass->nr_samples + 1;
	pass->bytes += series->points.room;
	while (pass->bytes > pass->export->store_bytes && shrink(pass))
		;
	return !series->points.failed;
}

/*
 * Backfilled data has no marker for the end of a series. So a quality that a row had before is 0
 * afterwards, and one quality is 1 at any time.
 */
static bool add_qualities(struct pass *pass, const struct kt_line *line)
{
	struct family *family = &pass->families[QUALITY];

	for (int quality = 0; quality < KT_NR_QUALITIES; quality++) {
		bool is = (int)line->val.quality == quality;
		struct place place = { QUALITY, 0 };
		uint32_t *known;

		pass->labels.size = 0;
		put_label(&pass->labels, "row", line->id);
		put_label(&pass->labels, "quality", kt_quality_name((enum kt_quality)quality));
		known = kt_map_find(
			&family->map, (struct kt_span){ pass->labels.data, pass->labels.size });
		if (!is && !(known && family->series.items[*known].next))
			continue;
		if (!index_of(pass, QUALITY, &place.index) || !add_point(pass, place, is))
			return false;
	}
	return true;
}

static struct kt_err *add_rows(struct pass *pass, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		struct place place = { ACCOUNT, 0 };

		if (!kt_ok(line->val) ||
			!kt_export_wants(pass->export, kt_export_row_name(pass->export, line)))
			continue;
		pass->labels.size = 0;
		row_labels(&pass->labels, line);
		if (!index_of(pass, ACCOUNT, &place.index) ||
			!add_point(pass, place, line->val.value) || !add_qualities(pass, line))
			return no_memory();
	}
	return NULL;
}

static size_t family_of(const struct kt_track *track)
{
	size_t family = SLAB;

	while (family < NR_FAMILIES && families[family].source != track->source)
		family++;
	return family;
}

/*
 * A series has its place with its first point, which may be in a later block than its track's.
 * Tracks are looked up once per block, because their set changes only between blocks.
 */
static bool enter_block(struct pass *pass, const struct kt_cursor *cursor)
{
	const kt_tracks *tracks = kt_tracks_reader_at(&pass->export->tracks, cursor->block);

	kt_arena_fini(&pass->arena);
	pass->arena = (struct kt_arena){ 0 };
	pass->columns.items = NULL;
	pass->columns.count = pass->columns.room = 0;
	pass->turn = cursor->turn;
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		struct place place = { family_of(track), SIZE_MAX };
		struct column *column =
			place.family < NR_FAMILIES && kt_export_wants_track(pass->export, track)
				? kt_list_push(&pass->arena, &pass->columns)
				: NULL;

		if (column)
			*column = (struct column){ track->from, track->to, place, track };
	}
	return !pass->arena.failed && !pass->export->tracks.failed;
}

static struct kt_err *add_tracks(struct pass *pass, const struct kt_cursor *cursor)
{
	if (pass->turn != cursor->turn && !enter_block(pass, cursor))
		return no_memory();
	for (size_t i = 0; i < pass->columns.count; i++) {
		struct column *column = &pass->columns.items[i];
		int64_t bytes;

		if (cursor->sample < column->from || cursor->sample >= column->to ||
			!kt_track_value(cursor, column->track, &bytes))
			continue;
		if (column->series.index == SIZE_MAX) {
			pass->labels.size = 0;
			track_labels(&pass->labels, column->series.family, column->track);
			if (!index_of(pass, column->series.family, &column->series.index))
				return no_memory();
		}
		if (!add_point(pass, column->series, bytes))
			return no_memory();
	}
	return NULL;
}

/*
 * Adds a sample; one whose time went backwards is skipped, because a series has each time once.
 * Passes that are past the rows of the account do not compute it: this is the expensive part of a
 * pass.
 */
static struct kt_err *add_points(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct pass *pass = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = NULL;

	if (real_ms <= pass->last_ms)
		return NULL;
	pass->last_ms = real_ms;
	kt_series_set(&pass->times, pass->nr_samples, real_ms);
	if (pass->first.family <= QUALITY)
		err = kt_follower_account(&pass->export->follower, cursor, &account);
	if (!err && pass->first.family <= QUALITY)
		err = add_rows(pass, &account);
	if (!err)
		err = add_tracks(pass, cursor);
	pass->nr_samples++;
	return err;
}

/* ---- text ---- */

static void put_head(struct kt_buf *buf, const struct kt_family *family)
{
	const char *unit = kt_family_unit_name(family);

	kt_buf_printf(buf, "# TYPE %s gauge\n", family->name);
	if (unit)
		kt_buf_printf(buf, "# UNIT %s %s\n", family->name, unit);
	kt_buf_printf(buf, "# HELP %s %s\n", family->name, family->help);
}

/*
 * Writes digits by hand, because a recording can have millions of points. Times are in seconds with
 * milliseconds, as OpenMetrics requires.
 */
static void put_point(struct kt_buf *buf, struct kt_span name, int64_t bytes, int64_t real_ms)
{
	char *to = kt_buf_reserve(buf, name.n + (size_t)KT_NUMBER_MAX * 2 + 6), *start = to;
	int64_t thousandths = real_ms % 1000;

	if (!to)
		return;
	memcpy(to, name.p, name.n);
	to += name.n;
	to += kt_number_text(bytes, to);
	*to++ = ' ';
	to += kt_number_text(real_ms / 1000, to);
	*to++ = '.';
	*to++ = (char)('0' + thousandths / 100);
	*to++ = (char)('0' + thousandths / 10 % 10);
	*to++ = (char)('0' + thousandths % 10);
	*to++ = '\n';
	buf->size += (size_t)(to - start);
}

static struct kt_err *put_points(
	struct pass *pass, const struct kt_family *family, struct series *series)
{
	struct kt_buf *buf = &pass->export->buf;
	KT_CLEANUP(buf) struct kt_buf name = { 0 };
	struct kt_series_reader values, times;
	struct kt_series_run value = { 0 }, time = { 0 };
	struct kt_err *err = NULL;

	kt_buf_printf(&name, "%s{%s} ", family->name, series->labels);
	end_run(series, pass->nr_samples);
	kt_series_read(&values, kt_series_ops(&series->points, pass->nr_samples), pass->nr_samples);
	kt_series_read(&times, kt_series_ops(&pass->times, pass->nr_samples), pass->nr_samples);
	if (name.failed || series->points.failed || pass->times.failed)
		return no_memory();
	for (uint32_t i = 0; i < pass->nr_samples && !err; i++) {
		if ((!value.count && !kt_series_next(&values, &value)) ||
			(!time.count && !kt_series_next(&times, &time)))
			break;
		if (!value.absent)
			put_point(buf, (struct kt_span){ name.data, name.size }, value.value,
				time.value);
		value.count--;
		time.count--;
		err = kt_export_flush(pass->export, KT_EXPORT_FLUSH_BYTES);
	}
	return err;
}

/*
 * Writes and frees the points that the pass kept. A head is written when a family begins, also for
 * a family without series, and only by the pass that begins it.
 */
static struct kt_err *put_kept(struct pass *pass)
{
	struct kt_err *err = NULL;

	for (struct place at = pass->first; is_before(at, pass->end) && !err; at.index++) {
		struct family *family = &pass->families[at.family];

		if (!at.index)
			put_head(&pass->export->buf, families[at.family].family);
		if (at.index < family->series.count) {
			struct series *series = &family->series.items[at.index];

			err = put_points(pass, families[at.family].family, series);
			drop_points(pass, series);
		} else {
			at = (struct place){ at.family + 1, SIZE_MAX };
		}
	}
	return err;
}

/*
 * Everything that counts samples starts anew, because samples are addressed by their number in a
 * pass.
 */
static struct kt_err *read_once(struct pass *pass)
{
	struct kt_err *err;

	pass->last_ms = INT64_MIN;
	pass->nr_samples = 0;
	pass->end = (struct place){ NR_FAMILIES, 0 };
	kt_series_clear(&pass->times);
	/* a pass counts the same samples as the pass before */
	pass->export->history->nr_left_out = pass->export->history->nr_samples_seen = 0;
	err = kt_history_walk(pass->export->history, pass->export->step_ms, add_points, pass);
	return err ? err : put_kept(pass);
}

/*
 * The number of passes is the size of all points divided by `store_bytes`: time is paid for a fixed
 * amount of memory.
 */
struct kt_err *kt_export_openmetrics(struct kt_export *export)
{
	struct family found[NR_FAMILIES] = { 0 };
	struct pass pass = { .export = export, .families = found };
	struct kt_err *err = NULL;

	kt_series_init(&pass.times);
	export->history->in_order = true;
	for (; pass.first.family < NR_FAMILIES && !err; pass.first = pass.end)
		err = read_once(&pass);
	kt_buf_puts(&export->buf, "# EOF\n");
	kt_series_fini(&pass.times);
	kt_arena_fini(&pass.arena);
	kt_buf_cleanup(&pass.labels);
	for (size_t i = 0; i < NR_FAMILIES; i++) {
		for (size_t k = 0; k < found[i].series.count; k++)
			kt_series_fini(&found[i].series.items[k].points);
		kt_map_fini(&found[i].map);
		kt_arena_fini(&found[i].arena);
	}
	return err;
}
