// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/vmstat again, after zoneinfo and meminfo. The change of the counters meanwhile bounds
// the error of all differences between them.

#include "source/counters/keyed.h"
#include "source/source.h"

/* Counters that the unattributed row is made of. */
static const enum kt_metric used[] = {
	KT_NR_FREE,
	KT_ANON_BASE,
	KT_FILE_PAGES,
	KT_SLAB_R,
	KT_SLAB_U,
	KT_PAGE_TABLES,
	KT_SEC_PAGE_TABLES,
	KT_ZSPAGES,
	KT_VMALLOC_USED,
	KT_MISC_RECLAIMABLE,
};

static bool is_used(enum kt_metric metric)
{
	for (size_t i = 0; i < KT_LEN(used); i++) {
		if (used[i] == metric)
			return true;
	}
	return false;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name, number;
	int64_t moved_pages = 0, after;
	size_t hint = 0, nr_seen = 0;

	while (kt_span_line(&rest, &line)) {
		const struct kt_key *key;
		struct kt_val before;

		if (!kt_span_word(&line, &name) || !kt_span_starts(name, "nr_"))
			continue;
		key = kt_keyed_find(&kt_vmstat_keys, name, &hint);
		if (!key || !is_used(key->metric) || !kt_span_word(&line, &number) ||
			!kt_span_i64(number, &after))
			continue;
		before = kt_snapshot_get_rank(snap, key->metric, KT_NO_NODE, KT_RANK_VMSTAT);
		if (!before.entry || before.entry->state != KT_OK || after < 0 ||
			after > KT_AMOUNT_MAX || before.entry->raw > KT_AMOUNT_MAX)
			continue;
		nr_seen++;
		after -= before.entry->raw;
		if (__builtin_add_overflow(moved_pages, after < 0 ? -after : after, &moved_pages))
			return kt_err_new(KT_ERR_PARSE, "%s: impossible numbers", text->path);
	}
	if (nr_seen && kt_known(snap->host.page_bytes) &&
		!__builtin_mul_overflow(moved_pages, snap->host.page_bytes, &moved_pages) &&
		moved_pages <= KT_AMOUNT_MAX)
		snap->drift_bytes = moved_pages;
	return NULL;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	const char *path = kt_source_bracket.paths[0];
	struct kt_err *err;

	if (snap->host.live) {
		/* not through kt_root_read(): a capture keeps this one under its own name */
		err = kt_root_read_at(root, KT_FILE_VMSTAT, 0, 65536, &text);
		text.path = path;
		if (!err)
			kt_root_tell(root, &text);
	} else
		err = kt_root_read(root, path, &text);
	return err ? err : parse(snap, &text);
}

const struct kt_source kt_source_bracket = {
	.name = "bracket",
	.summary = "proc/vmstat again, to bound how much moved while reading",
	.paths = { "ktally/vmstat.after" },
	.cost = KT_COST_CHEAP,
	.lack = "the error bound does not cover changes while the files were read",
	.gives = "a live machine, or a bundle written by 'ktally capture'",
	.parse = parse,
	.read = read_it,
};
