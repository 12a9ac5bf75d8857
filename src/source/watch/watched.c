// SPDX-License-Identifier: GPL-2.0-or-later
//
// Watches of a recording. Amounts are kept so that bounds and lifetimes follow from them as from
// the samples themselves: sums, their errors, and the ages.

#include "source/watch/watched.h"

#include "base/attr.h"
#include "base/printable.h"
#include "source/source.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define WATCHES_MAX 64u
#define STACKS_MAX  8192u /* of all watches */
#define FRAMES_MAX  128u
#define AMOUNT_MAX  1e17 /* a recording has numbers of 18 digits */
#define MILLI	    1000.0

/* ---- fields of a watch ---- */

#define AT(member) offsetof(struct kt_watched_whole, member)

static const struct {
	const char *key;
	size_t at;
} numbers[] = {
	{ "begun_s", AT(begun_s) },
	{ "alloc_ms", AT(alloc_ms) },
	{ "watch_ms", AT(watch_ms) },
	{ "before", AT(objs_before) },
	{ "middle", AT(objs_middle) },
	{ "after", AT(objs_after) },
	{ "bytes_before", AT(bytes_before) },
	{ "bytes_middle", AT(bytes_middle) },
	{ "bytes_allocated", AT(bytes_allocated) },
	{ "bytes_freed", AT(bytes_freed) },
	{ "allocs", AT(nr_allocs) },
	{ "frees", AT(nr_frees) },
	{ "samples", AT(nr_samples) },
	{ "freed", AT(nr_freed) },
	{ "unseen", AT(nr_unseen) },
	{ "lost", AT(nr_lost) },
	{ "no_stack", AT(nr_no_stack) },
	{ "nested", AT(nr_nested) },
	{ "cpu_ns", AT(cpu_ns) },
	{ "kernel_bytes", AT(kernel_bytes) },
	{ "unlisted", AT(unlisted_bytes) },
};

static const struct {
	const char *key;
	size_t at;
} marks[] = {
	{ "is_cache", AT(is_cache) },
	{ "verified", AT(verified) },
	{ "removed", AT(removed) },
	{ "over_budget", AT(over_budget) },
};

/* ---- writing ---- */

static int64_t whole(double value)
{
	return value > AMOUNT_MAX ? (int64_t)AMOUNT_MAX : value > 0 ? llround(value) : 0;
}

static void put_text(struct kt_buf *to, const char *key, const char *value)
{
	if (!value)
		return;
	kt_buf_printf(to, "\t%s=", key);
	kt_buf_printable(to, kt_span_str(value), 0);
}

static void put_sum(struct kt_buf *to, const char *key, const struct kt_sampled_sum *sum)
{
	if (!sum->nr)
		return;
	kt_buf_printf(to, "\t%s=%lld,%lld,%lld,%lld,%lld,%lld", key, (long long)sum->nr,
		(long long)whole(sum->seen_bytes), (long long)whole(sum->objects * MILLI),
		(long long)whole(sqrt(sum->objects_variance) * MILLI), (long long)whole(sum->bytes),
		(long long)whole(sqrt(sum->bytes_variance)));
}

/* Ages that have weight, with it. */
static void put_ages(struct kt_buf *to, const char *key, const double ages[KT_WATCHED_AGES])
{
	bool any = false;

	for (unsigned i = 0; i < KT_WATCHED_AGES; i++) {
		int64_t weight = whole(ages[i] * MILLI);

		if (!weight)
			continue;
		if (!any)
			kt_buf_printf(to, "\t%s=", key);
		kt_buf_printf(to, "%s%u:%lld", any ? "," : "", i, (long long)weight);
		any = true;
	}
}

static void put_stack(struct kt_buf *to, const struct kt_watched *watched)
{
	kt_buf_puts(to, "stack");
	put_sum(to, "held", &watched->held);
	put_sum(to, "all", &watched->all);
	put_sum(to, "asked", &watched->requested);
	put_ages(to, "ended", watched->ended);
	put_ages(to, "lasting", watched->lasting);
	kt_buf_printf(to, "\tother=%lld\tpid=%lld\tothers=%d", (long long)watched->nr_other,
		(long long)watched->pid, watched->others);
	put_text(to, "comm", watched->comm);
	put_text(to, "cgroup", watched->path);
	kt_buf_puts(to, "\tframes=");
	for (uint32_t i = 0; i < watched->nr_frames; i++) {
		kt_buf_puts(to, i ? " < " : "");
		kt_buf_printable(to, kt_span_str(watched->frames[i]), 0);
	}
	kt_buf_puts(to, "\n");
}

void kt_watched_write(
	const struct kt_snapshot *snap, uint32_t watch, size_t nr_stacks, struct kt_buf *ret_text)
{
	const struct kt_watched_whole *is = &snap->watches.items[watch];
	size_t count = 0;

	kt_buf_puts(ret_text, "watch");
	put_text(ret_text, "topic", is->topic);
	for (size_t i = 0; i < KT_LEN(numbers); i++)
		kt_buf_printf(ret_text, "\t%s=%lld", numbers[i].key,
			(long long)*(const int64_t *)((const char *)is + numbers[i].at));
	for (size_t i = 0; i < KT_LEN(marks); i++)
		kt_buf_printf(ret_text, "\t%s=%d", marks[i].key,
			*(const bool *)((const char *)is + marks[i].at));
	put_text(ret_text, "closed", is->closed);
	put_text(ret_text, "says", is->says);
	kt_buf_puts(ret_text, "\n");
	for (uint32_t i = 0; i < is->nr_gaps; i++) {
		kt_buf_puts(ret_text, "gap");
		put_text(ret_text, "what", is->gaps[i].what);
		put_text(ret_text, "why", is->gaps[i].why);
		kt_buf_puts(ret_text, "\n");
	}
	for (size_t i = 0; i < snap->watched.count && count < nr_stacks; i++) {
		if (snap->watched.items[i].watch != watch)
			continue;
		put_stack(ret_text, &snap->watched.items[i]);
		count++;
	}
}

/* ---- reading ---- */

/* Takes a "key=value"; false: the line has no more. */
static bool take_field(struct kt_span *rest, struct kt_span *ret_key, struct kt_span *ret_value)
{
	struct kt_span field;

	if (!rest->n)
		return false;
	if (!kt_span_until(rest, '\t', &field)) {
		field = *rest;
		*rest = kt_span_from(*rest, rest->n);
	}
	if (!kt_span_until(&field, '=', ret_key))
		*ret_key = kt_span_from(field, field.n);
	*ret_value = field;
	return true;
}

/* The next number of a list. */
static bool take_number(struct kt_span *rest, char stop, int64_t *ret_value)
{
	struct kt_span word;

	if (!kt_span_until(rest, stop, &word)) {
		word = *rest;
		*rest = kt_span_from(*rest, rest->n);
	}
	return kt_span_i64(word, ret_value);
}

static bool read_sum(struct kt_span value, struct kt_sampled_sum *ret_sum)
{
	int64_t parts[6];

	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (!take_number(&value, ',', &parts[i]) || parts[i] < 0)
			return false;
	}
	*ret_sum = (struct kt_sampled_sum){ .nr = parts[0],
		.seen_bytes = (double)parts[1],
		.objects = (double)parts[2] / MILLI,
		.objects_variance = (double)parts[3] / MILLI * ((double)parts[3] / MILLI),
		.bytes = (double)parts[4],
		.bytes_variance = (double)parts[5] * (double)parts[5] };
	return true;
}

static bool read_ages(struct kt_span value, double ret_ages[KT_WATCHED_AGES])
{
	while (value.n) {
		int64_t age, weight;

		if (!take_number(&value, ':', &age) || !take_number(&value, ',', &weight) ||
			age < 0 || age >= (int64_t)KT_WATCHED_AGES || weight < 0)
			return false;
		ret_ages[age] = (double)weight / MILLI;
	}
	return true;
}

static void read_frames(struct kt_arena *arena, struct kt_span value, struct kt_watched *watched)
{
	const char **frames = kt_arena_alloc(arena, FRAMES_MAX * sizeof(*frames));

	watched->frames = frames;
	while (frames && value.n && watched->nr_frames < FRAMES_MAX) {
		size_t end = kt_span_find(value, " < ");

		frames[watched->nr_frames++] =
			kt_arena_name(arena, (struct kt_span){ value.p, end });
		value = kt_span_from(value, end < value.n ? end + 3 : value.n);
	}
}

/* Keys that it does not know belong to a newer ktally. */
static bool read_stack(struct kt_snapshot *snap, struct kt_span rest, struct kt_watched *watched)
{
	struct kt_span key, value;
	int64_t others = 0;
	bool good = true;

	while (good && take_field(&rest, &key, &value)) {
		if (kt_span_eq(key, "held"))
			good = read_sum(value, &watched->held);
		else if (kt_span_eq(key, "all"))
			good = read_sum(value, &watched->all);
		else if (kt_span_eq(key, "asked"))
			good = read_sum(value, &watched->requested);
		else if (kt_span_eq(key, "ended"))
			good = read_ages(value, watched->ended);
		else if (kt_span_eq(key, "lasting"))
			good = read_ages(value, watched->lasting);
		else if (kt_span_eq(key, "other"))
			good = kt_span_i64(value, &watched->nr_other) && watched->nr_other >= 0;
		else if (kt_span_eq(key, "pid"))
			good = kt_span_i64(value, &watched->pid) && watched->pid >= KT_UNKNOWN;
		else if (kt_span_eq(key, "others"))
			good = kt_span_i64(value, &others);
		else if (kt_span_eq(key, "comm"))
			watched->comm = kt_arena_name(&snap->arena, value);
		else if (kt_span_eq(key, "cgroup"))
			watched->path = kt_arena_name(&snap->arena, value);
		else if (kt_span_eq(key, "frames"))
			read_frames(&snap->arena, value, watched);
	}
	watched->others = others != 0;
	return good;
}

static bool set_number(struct kt_watched_whole *watch, struct kt_span key, struct kt_span value)
{
	int64_t number;

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (kt_span_eq(key, numbers[i].key))
			return kt_span_i64(value, (int64_t *)((char *)watch + numbers[i].at)) &&
			       *(int64_t *)((char *)watch + numbers[i].at) >= KT_UNKNOWN;
	}
	for (size_t i = 0; i < KT_LEN(marks); i++) {
		if (!kt_span_eq(key, marks[i].key))
			continue;
		*(bool *)((char *)watch + marks[i].at) = kt_span_i64(value, &number) && number;
	}
	return true;
}

static bool read_watch(
	struct kt_snapshot *snap, struct kt_span rest, struct kt_watched_whole *watch)
{
	struct kt_span key, value;
	bool good = true;

	*watch = (struct kt_watched_whole){ .begun_s = KT_UNKNOWN,
		.objs_before = KT_UNKNOWN,
		.objs_middle = KT_UNKNOWN,
		.objs_after = KT_UNKNOWN,
		.bytes_before = KT_UNKNOWN,
		.bytes_middle = KT_UNKNOWN,
		.nr_allocs = KT_UNKNOWN,
		.nr_frees = KT_UNKNOWN };
	while (good && take_field(&rest, &key, &value)) {
		if (kt_span_eq(key, "topic"))
			watch->topic = kt_arena_name(&snap->arena, value);
		else if (kt_span_eq(key, "closed"))
			watch->closed = kt_arena_name(&snap->arena, value);
		else if (kt_span_eq(key, "says"))
			watch->says = kt_arena_name(&snap->arena, value);
		else
			good = set_number(watch, key, value);
	}
	return good && watch->topic && watch->watch_ms >= 0 && watch->alloc_ms >= 0;
}

static void read_gap(struct kt_snapshot *snap, struct kt_span rest, struct kt_watched_whole *watch)
{
	struct kt_watched_gap gap = { 0 };
	struct kt_span key, value;

	while (take_field(&rest, &key, &value)) {
		if (kt_span_eq(key, "what"))
			gap.what = kt_arena_name(&snap->arena, value);
		else if (kt_span_eq(key, "why"))
			gap.why = kt_arena_name(&snap->arena, value);
	}
	if (gap.what && gap.why && watch->nr_gaps < KT_WATCH_GAPS)
		watch->gaps[watch->nr_gaps++] = gap;
}

static bool read_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_watched_whole *last =
		snap->watches.count ? &snap->watches.items[snap->watches.count - 1] : NULL;
	struct kt_watched watched = { .pid = KT_UNKNOWN, .cgroup = KT_UNKNOWN }, *slot;
	struct kt_watched_whole watch;

	if (kt_span_skip(&line, "watch\t")) {
		if (snap->watches.count >= WATCHES_MAX || !read_watch(snap, line, &watch))
			return false;
		last = kt_list_push(&snap->arena, &snap->watches);
		if (last)
			*last = watch;
		return true;
	}
	if (last && kt_span_skip(&line, "gap\t")) {
		read_gap(snap, line, last);
		return true;
	}
	if (!last || !kt_span_skip(&line, "stack\t"))
		return !line.n;
	watched.watch = (uint32_t)snap->watches.count - 1;
	if (snap->watched.count >= STACKS_MAX || !read_stack(snap, line, &watched))
		return false;
	slot = kt_list_push(&snap->arena, &snap->watched);
	if (slot)
		*slot = watched;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	unsigned number = 0;

	while (kt_span_line(&rest, &line)) {
		number++;
		if (!read_line(snap, line))
			return kt_err_new(
				KT_ERR_PARSE, "%s:%u: not a line of a watch", text->path, number);
	}
	return NULL;
}

const struct kt_source kt_source_watched = {
	.name = "watched",
	.summary = "allocations that were watched while a recording was made",
	.paths = { KT_WATCHED_FILE },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "it is not known who allocated what grew",
	.gives = "a recording with --users",
	.parse = parse,
};
