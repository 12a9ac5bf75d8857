// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/counters/keyed.h"

#define UNKNOWN_MAX 256u /* unknown fields of a file that are kept */

const struct kt_key *kt_keyed_find(const struct kt_keys *keys, struct kt_span name, size_t *hint)
{
	for (size_t i = 0; i < keys->count; i++) {
		size_t at = (*hint + i) % keys->count;

		if (kt_span_eq(name, keys->keys[at].name)) {
			*hint = at + 1;
			return &keys->keys[at];
		}
	}
	return NULL;
}

static void remember_unknown(struct kt_snapshot *snap, const struct kt_text *text,
	struct kt_span name, struct kt_span value)
{
	struct kt_unknown *slot;

	if (snap->unknown.count >= UNKNOWN_MAX)
		return;
	slot = kt_list_push(&snap->arena, &snap->unknown);
	if (slot)
		*slot = (struct kt_unknown){ text->path, kt_arena_name(&snap->arena, name),
			kt_arena_name(&snap->arena, kt_span_trim(value)) };
}

/* Stores the number after a key. Verifies the unit, so that a changed unit is never misread. */
static void put_value(struct kt_snapshot *snap, const struct kt_text *text,
	const struct kt_keys *keys, const struct kt_key *key, struct kt_span rest, bool cut)
{
	struct kt_entry entry = {
		.metric = key->metric,
		.node = keys->node,
		.unit = key->unit,
		.rank = (uint8_t)keys->rank,
		.path = text->path,
		.field = key->name,
	};
	struct kt_span number, unit = { 0 };

	if (cut) {
		entry.state = KT_BAD;
		entry.field = "the file is cut off in this line";
	} else if (!kt_span_word(&rest, &number) || !kt_span_i64(number, &entry.raw) ||
		   entry.raw < 0) {
		entry.state = KT_BAD;
		entry.field = "not a number, or a number that wrapped below zero";
	} else if (kt_span_word(&rest, &unit) != (key->unit == KT_KB) ||
		   (key->unit == KT_KB && !kt_span_eq(unit, "kB"))) {
		entry.state = KT_BAD;
		entry.field = "not in the unit that the kernel always used";
	}
	kt_snapshot_put(snap, entry);
}

struct kt_err *kt_keyed_parse(
	struct kt_snapshot *snap, const struct kt_text *text, const struct kt_keys *keys)
{
	struct kt_span rest = kt_text_span(text), line, name;
	uint64_t seen[4] = { 0 }; /* enough for the longest table */
	size_t hint = 0, nr_known = 0;
	/* a unit proves that the number is complete; without a unit, only the end of line does */
	bool open_end = rest.n && rest.p[rest.n - 1] != '\n';

	while (kt_span_line(&rest, &line)) {
		const struct kt_key *key;
		size_t at;

		if (keys->skip)
			kt_span_skip(&line, keys->skip);
		if (!kt_span_word(&line, &name))
			continue;
		if (kt_span_ends(name, ":"))
			name.n--;
		if (keys->unknown_prefix && !kt_span_starts(name, keys->unknown_prefix))
			continue;
		key = kt_keyed_find(keys, name, &hint);
		/* may be new in this kernel: shown as unknown, not lost */
		if (!key) {
			remember_unknown(snap, text, name, line);
			continue;
		}
		nr_known++;
		at = (size_t)(key - keys->keys);
		if (at < 256 && (seen[at / 64] & 1ull << at % 64)) {
			kt_snapshot_note(
				snap, "%s has %s twice; the first is used", text->path, key->name);
			continue;
		}
		if (at < 256)
			seen[at / 64] |= 1ull << at % 64;
		if (key->metric != KT_METRIC_NONE)
			put_value(snap, text, keys, key, line,
				!rest.n && open_end && key->unit != KT_KB);
	}
	/* another file under this path, or a format that is not known */
	if (!nr_known)
		return kt_err_new(
			KT_ERR_PARSE, "%s: contains none of the expected fields", text->path);
	return NULL;
}
